/* SPDX-License-Identifier: MIT */
/*
 * checkpoint.c: a depth-first search that ended early, in a file: the table and the path
 * with what is left to try at each state. Saved states are not in it: they hold stacks;
 * the path is performed again. A file is for the program that wrote it.
 */
#include <stdio.h>
#include <string.h>
#include "minimise.h"
#include "search.h"

struct head {
	char magic[24], library[16], scenario[SCENARIO_TEXT];
	uint8_t no_sleep, no_merge, no_cycles, zero;
	uint32_t depth, words;
	uint64_t size, used, transitions, terminal;
	uint32_t grown, pass_grown, lock_names, resources, nhot;
	uint32_t lock_after[32];
};

static struct head head_of(const struct depth_search *s)
{
	const struct run *run = s->run;
	struct head h;

	memset(&h, 0, sizeof(h));
	snprintf(h.magic, sizeof(h.magic), "irqferry checkpoint 1");
	snprintf(h.library, sizeof(h.library), "%s", library_id);
	scenario_format(run->w.s, h.scenario);
	h.no_sleep = run->o->no_sleep;
	h.no_merge = run->o->no_merge;
	h.no_cycles = run->o->no_cycles;
	h.depth = s->depth;
	h.words = (uint32_t)(run->w.m->config.library / 4);
	h.grown = run->w.out.grown;
	h.pass_grown = run->grown;
	h.lock_names = run->w.out.lock_names;
	h.resources = run->w.out.resources;
	h.nhot = run->w.out.nhot;
	memcpy(h.lock_after, run->w.out.lock_after, sizeof(h.lock_after));
	h.size = run->table.size;
	h.used = run->table.used;
	h.transitions = run->r->transitions;
	h.terminal = run->r->terminal;
	return h;
}

static bool refuse(struct depth_search *s, const char *name, const char *why)
{
	s->run->r->verdict = CHECK_REFUSED;
	snprintf(s->run->r->why, sizeof(s->run->r->why), "%s: %s", name, why);
	return false;
}

/* What was found to be shared, and which bit of a footprint is which word's. */
static bool words(struct sim_out *out, const struct head *h, FILE *f, bool write)
{
	struct {
		void *at;
		size_t size, n;
	} part[] = {
		{ out->sharing, sizeof(*out->sharing), h->words },
		{ out->lock_name, sizeof(*out->lock_name), h->words },
		{ out->resource, 1, h->words },
		{ out->hot, sizeof(*out->hot), h->nhot },
		{ out->is_hot, 1, h->words * 4 / LINE },
	};
	size_t i;

	for (i = 0; i < sizeof(part) / sizeof(*part); i++)
		if ((write ? fwrite(part[i].at, part[i].size, part[i].n, f) :
			     fread(part[i].at, part[i].size, part[i].n, f)) != part[i].n)
			return false;
	return true;
}

static bool read_words(struct sim_out *out, const struct head *h, FILE *f)
{
	out->grown = h->grown;
	out->lock_names = h->lock_names;
	out->resources = h->resources;
	out->nhot = h->nhot;
	memcpy(out->lock_after, h->lock_after, sizeof(h->lock_after));
	return h->nhot <= h->words * 4 / LINE && words(out, h, f, false);
}

bool checkpoint_write(const struct depth_search *s, const char *name)
{
	FILE *f = fopen(name, "wb");
	struct head h = head_of(s);
	bool good = f && fwrite(&h, sizeof(h), 1, f) == 1 && words(&s->run->w.out, &h, f, true) &&
		    fwrite(s->frame, sizeof(*s->frame), s->depth, f) == s->depth &&
		    fwrite(s->run->table.entry, sizeof(struct entry), h.size, f) == h.size;

	if (f && fclose(f))
		good = false;
	if (!good)
		snprintf(s->run->r->why, sizeof(s->run->r->why),
			 "the checkpoint %s can't be written", name);
	return good;
}

/* The world goes the path again, a copy of each state is kept. */
static bool walk(struct depth_search *s, uint32_t depth)
{
	struct level *f;

	while (s->depth < depth) {
		if (!depth_room(s))
			return false;
		f = &s->frame[s->depth];
		depth_push(s, f);
		if (s->depth == depth)
			break;
		world_perform(&s->run->w, f->label[f->taken]);
		if (s->run->w.verdict != CHECK_PASSED)
			return false;
	}
	return true;
}

static bool read_body(struct depth_search *s, const struct head *h, FILE *f)
{
	struct table *t = &s->run->table;
	bool fresh;

	while (s->size <= h->depth) {
		s->depth = s->size;
		if (!depth_room(s))
			return false;
	}
	s->depth = 0;
	if (fread(s->frame, sizeof(*s->frame), h->depth, f) != h->depth)
		return false;
	while (t->size < h->size) {
		/* grow by what it takes: no entry is in it yet */
		t->used = t->size;
		if (!table_find(t, (struct fingerprint){ 1, 0 }, &fresh))
			return false;
	}
	t->used = h->used;
	return t->size == h->size && fread(t->entry, sizeof(struct entry), h->size, f) == h->size;
}

bool checkpoint_read(struct depth_search *s, const char *name)
{
	FILE *f = fopen(name, "rb");
	struct head want = head_of(s), h;
	bool good;

	if (!f)
		return refuse(s, name, "can't be opened");
	if (fread(&h, sizeof(h), 1, f) != 1 || strncmp(h.magic, want.magic, sizeof(h.magic))) {
		fclose(f);
		return refuse(s, name, "is no checkpoint");
	}
	if (strncmp(h.library, want.library, sizeof(h.library)) ||
	    strncmp(h.scenario, want.scenario, sizeof(h.scenario)) || h.no_sleep != want.no_sleep ||
	    h.no_merge != want.no_merge || h.no_cycles != want.no_cycles) {
		fclose(f);
		return refuse(s, name, "is of another library, scenario or search");
	}
	s->run->r->transitions = h.transitions;
	s->run->r->terminal = h.terminal;
	good = h.words == want.words && h.depth < 60000 && read_words(&s->run->w.out, &h, f) &&
	       read_body(s, &h, f) && walk(s, h.depth);
	/* It goes on in the pass in which it was written. */
	s->run->grown = h.pass_grown;
	fclose(f);
	return good ? true : refuse(s, name, "is damaged");
}
