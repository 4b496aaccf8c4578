/* SPDX-License-Identifier: MIT */
/* breadth.c: breadth-first search: the first violation found is one of the shortest. */
#include <stdlib.h>
#include <string.h>
#include "search.h"

/* A state that was visited, in the order of visits. */
struct node {
	uint32_t parent;
	label label;    /* that led here */
	uint8_t *saved; /* until it is expanded */
};

struct breadth {
	struct run *run;
	struct node *node;
	uint32_t n, size, next; /* next to be expanded */
	uint8_t *buffer;
};

static void report(struct breadth *b, uint32_t node, label last)
{
	uint32_t depth = 0, i;
	label *path;

	for (i = node; i; i = b->node[i].parent)
		depth++;
	path = malloc((depth + 1) * sizeof(*path));
	if (!path)
		return;
	path[depth] = last;
	for (i = node; i; i = b->node[i].parent)
		path[--depth] = b->node[i].label;
	for (i = node; i; i = b->node[i].parent)
		depth++;
	run_found(b->run, path, depth + (last != 0));
	free(path);
}

static bool room(struct breadth *b)
{
	uint32_t size = b->size ? 2 * b->size : 4096;
	struct node *node;

	if (b->n < b->size)
		return true;
	node = realloc(b->node, size * sizeof(*node));
	if (!node)
		return false;
	b->run->other += (size - b->size) * sizeof(*node);
	b->node = node;
	b->size = size;
	return true;
}

/* Keep the world's state as a new node. False: no memory. */
static bool keep(struct breadth *b, uint32_t parent, label l)
{
	size_t n = world_save(&b->run->w, b->buffer, STATE_MOST);
	uint8_t *saved = malloc(n);

	if (!saved || !room(b)) {
		free(saved);
		return false;
	}
	memcpy(saved, b->buffer, n);
	b->run->other += n;
	b->node[b->n++] = (struct node){ parent, l, saved };
	return true;
}

/* The world has come from `parent` by `l`. False: the search is over. */
static bool arrive(struct breadth *b, uint32_t parent, label l)
{
	struct run *run = b->run;
	label list[WORLD_LABELS];
	uint32_t n;
	bool fresh;

	if (!table_find(&run->table, world_hash(&run->w), &fresh)) {
		run->r->stopped = true;
		return false;
	}
	if (!fresh)
		return true;
	if (!keep(b, parent, l)) {
		run->r->stopped = true;
		return false;
	}
	n = world_labels(&run->w, list);
	world_look(&run->w);
	if (run->w.verdict == CHECK_PASSED && run_judge_end(run, list, n, b->node[b->n - 1].saved))
		return true;
	report(b, parent, l);
	return false;
}

static bool expand(struct breadth *b, uint32_t i)
{
	struct run *run = b->run;
	label list[WORLD_LABELS];
	uint8_t *saved = b->node[i].saved;
	uint32_t n, k;
	bool more = true;

	world_load(&run->w, saved);
	n = world_labels(&run->w, list);
	for (k = 0; k < n && more; k++) {
		if (k)
			world_load(&run->w, saved);
		world_perform(&run->w, list[k]);
		run->r->transitions++;
		if (run->w.verdict != CHECK_PASSED) {
			report(b, i, list[k]);
			more = false;
		} else {
			more = arrive(b, i, list[k]) && !run_should_stop(run);
		}
	}
	run->other -= ((const uint32_t *)(const void *)saved)[0];
	free(saved);
	b->node[i].saved = NULL;
	return more;
}

void search_breadth(struct run *run)
{
	struct breadth b = { .run = run };
	bool more;

	b.buffer = malloc(STATE_MOST);
	more = b.buffer && arrive(&b, 0, 0);
	while (more && b.next < b.n) {
		run->r->frontier = b.n - b.next;
		more = expand(&b, b.next++);
	}
	while (b.next < b.n)
		free(b.node[b.next++].saved);
	free(b.node);
	free(b.buffer);
}
