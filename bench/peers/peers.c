// SPDX-License-Identifier: MIT
/*
 * peers [ours]: the same work for Linux's allocator and ours; a line for each row and side on
 * standard output, a profile for each under callgrind, named as the line. "ours": our side
 * alone.
 *
 *     row;mask;CPUs;side;operations;best ns of one;same CPU chosen;levels differ on
 *
 * Both sides begin with the same interrupts, up to 15 on each CPU, and get the same masks in
 * the same order. Each row is a batch: done and undone to warm up, then counted. What a side says
 * is checked against what it says of its CPUs afterwards.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <valgrind/callgrind.h>
#include "bench/peers/cases.h"

#define BATCH 64u
#define VARIANTS 8u /* different masks of one kind, in turns */
#define FILLED 256u /* slots below are the batches' */

enum kind { FULL, NODE, HALF, ONE, SPARSE, KINDS };
static const char *const kinds[] = { "full", "node", "half", "one", "sparse" };

enum op { PREPARE, ALLOC, FREE, RESERVE, UNRESERVE, ALLOC_MANAGED, FREE_MANAGED };

static const struct peers_side *sides[] = { &peers_linux, &peers_ours };
static uint32_t first_side;
static uint32_t cpus;
static uint64_t best[2];
static int chosen[2][BATCH];

/* ---- what peers, spread and evacuate share ----------------------------------------------- */

uint64_t peers_random(void)
{
	static uint64_t state = 1;
	uint64_t z = (state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

uint64_t peers_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

uint32_t peers_rounds(void)
{
	return RUNNING_ON_VALGRIND ? 2 : 30;
}

void peers_dump(const char *row, const char *mask, uint32_t n, const char *side)
{
	char name[80];

	snprintf(name, sizeof(name), "%s %s %u %s", row, mask, n, side);
	CALLGRIND_DUMP_STATS_AT(name);
}

/* ---- masks --------------------------------------------------------------------------------- */

static bool wants(enum kind kind, uint32_t variant, uint32_t c, const uint32_t *picks)
{
	uint32_t node = cpus / 4 < 64 ? cpus / 4 : 64;

	switch (kind) {
	case FULL:
		return true;
	case NODE:
		return c / node == variant % (cpus / node);
	case HALF:
		return peers_random() & 1;
	case ONE:
		return c == picks[0] % cpus;
	default:
		return cpus < 64 ? c == 0 : c % 64 == picks[c / 64] % 64;
	}
}

static void set_mask(uint32_t number, const unsigned long *words)
{
	for (uint32_t s = first_side; s < 2; s++)
		sides[s]->mask(number, words);
}

static void make_masks(void)
{
	unsigned long words[PEERS_WORDS];
	uint32_t picks[PEERS_WORDS];

	for (uint32_t number = 0; number < KINDS * VARIANTS; number++) {
		memset(words, 0, sizeof(words));
		for (uint32_t w = 0; w < PEERS_WORDS; w++)
			picks[w] = (uint32_t)peers_random();
		for (uint32_t c = 0; c < cpus; c++)
			if (wants(number / VARIANTS, number % VARIANTS, c, picks))
				words[c / 64] |= 1ul << (c % 64);
		set_mask(number, words);
	}
}

/* ---- batches ------------------------------------------------------------------------------- */

static bool can(const struct peers_side *s, enum op op)
{
	return op <= FREE || s->reserve;
}

static void must(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "peers: %u CPUs: %s\n", cpus, what);
	exit(2);
}

/* Operation n of a batch: what is chosen goes to `to`. */
static void operate(const struct peers_side *s, enum op op, enum kind kind, uint32_t n, int *to)
{
	uint32_t mask = kind * VARIANTS + n % VARIANTS;

	switch (op) {
	case PREPARE:
		s->prepare(mask);
		break;
	case ALLOC:
		to[n] = s->alloc(mask, n);
		break;
	case FREE:
		s->release(n);
		break;
	case RESERVE:
		to[n] = s->reserve(mask) ? 0 : -1;
		break;
	case UNRESERVE:
		s->unreserve(mask);
		break;
	case ALLOC_MANAGED:
		to[n] = s->alloc_managed(mask, BATCH + n);
		break;
	case FREE_MANAGED:
		s->release_managed(BATCH + n);
		break;
	}
}

/* Nanoseconds of one batch. */
static uint64_t batch(uint32_t side, enum op op, enum kind kind, uint32_t n)
{
	const struct peers_side *s = sides[side];
	uint64_t from = peers_now();

	for (uint32_t k = 0; k < n; k++)
		operate(s, op, kind, k, chosen[side]);
	return peers_now() - from;
}

static void levels(uint32_t side, uint32_t *out)
{
	for (uint32_t c = 0; c < cpus; c++)
		out[c] = sides[side]->taken(c);
}

/* The CPUs that a batch of allocations named have that much more, and no other. A promise counts
 * as taken, so what comes to a promised place changes nothing. */
static void check(uint32_t side, const uint32_t *before, uint32_t n, enum op op)
{
	uint32_t after[PEERS_CPUS], more[PEERS_CPUS] = { 0 };

	levels(side, after);
	for (uint32_t k = 0; k < n; k++) {
		must(op == PREPARE || chosen[side][k] >= 0, "an operation was refused");
		if (op == ALLOC)
			more[chosen[side][k]]++;
	}
	for (uint32_t c = 0; c < cpus; c++)
		must(after[c] == before[c] + (op == RESERVE ? n : more[c]),
		     "a CPU's level is not what was said");
}

static void say(const char *row, enum kind kind, uint32_t side, uint32_t n, bool choice)
{
	uint32_t same = 0, differ = 0;

	choice = choice && first_side == 0;
	for (uint32_t k = 0; choice && k < n; k++)
		same += chosen[0][k] == chosen[1][k];
	for (uint32_t c = 0; choice && c < cpus; c++)
		differ += peers_linux.taken(c) != peers_ours.taken(c);
	printf("%s;%s;%u;%s;%u;%.1f;", row, kinds[kind], cpus, sides[side]->name, n,
	       (double)best[side] / n);
	if (choice)
		printf("%u;%u\n", same, differ);
	else
		printf(";\n");
}

/* Batches of `op`, each but the last undone by `undo`. */
static void forward(const char *row, uint32_t side, enum kind kind, uint32_t n, enum op op,
		    enum op undo)
{
	uint32_t before[PEERS_CPUS];

	best[side] = UINT64_MAX;
	for (uint32_t round = peers_rounds(); round > 0; round--) {
		uint64_t ns;

		levels(side, before);
		if (round == 1)
			CALLGRIND_TOGGLE_COLLECT;
		ns = batch(side, op, kind, n);
		if (round == 1)
			CALLGRIND_TOGGLE_COLLECT;
		if (ns < best[side])
			best[side] = ns;
		check(side, before, n, op);
		if (round > 1)
			batch(side, undo, kind, n);
	}
	peers_dump(row, kinds[kind], cpus, sides[side]->name);
}

/* What `forward` left: undone, as the row `row` if it has a name. */
static void back(const char *row, uint32_t side, enum kind kind, uint32_t n, enum op undo,
		 enum op op)
{
	best[side] = UINT64_MAX;
	for (uint32_t round = row ? peers_rounds() : 1; round > 0; round--) {
		uint64_t ns;

		if (round == 1 && row)
			CALLGRIND_TOGGLE_COLLECT;
		ns = batch(side, undo, kind, n);
		if (round == 1 && row)
			CALLGRIND_TOGGLE_COLLECT;
		if (ns < best[side])
			best[side] = ns;
		if (round > 1)
			batch(side, op, kind, n);
	}
	if (row)
		peers_dump(row, kinds[kind], cpus, sides[side]->name);
}

struct row {
	const char *name, *undo_name;
	enum op op, undo;
	uint32_t n;
};

static void begin(const struct row *row, enum kind kind)
{
	for (uint32_t s = first_side; s < 2; s++)
		if (can(sides[s], row->op))
			forward(row->name, s, kind, row->n, row->op, row->undo);
	for (uint32_t s = first_side; s < 2; s++)
		if (can(sides[s], row->op))
			say(row->name, kind, s, row->n,
			    (row->op == ALLOC || row->op == ALLOC_MANAGED) &&
				    can(&peers_ours, row->op));
}

static void end(const struct row *row, enum kind kind)
{
	for (uint32_t s = first_side; s < 2; s++)
		if (can(sides[s], row->op))
			back(row->undo_name, s, kind, row->n, row->undo, row->op);
	for (uint32_t s = first_side; row->undo_name && s < 2; s++)
		if (can(sides[s], row->op))
			say(row->undo_name, kind, s, row->n, false);
}

/* ---- rows --------------------------------------------------------------------------------- */

/* So many interrupts on CPU c, by masks of one: both sides alike. */
static uint32_t fill(uint32_t slot, uint32_t c, uint32_t n)
{
	unsigned long one[PEERS_WORDS] = { 0 };

	one[c / 64] = 1ul << (c % 64);
	set_mask(PEERS_MASKS - 1, one);
	for (; n > 0; n--, slot++)
		for (uint32_t s = first_side; s < 2; s++)
			must(sides[s]->alloc(PEERS_MASKS - 1, slot) == (int)c, "no room to begin");
	return slot;
}

static void start(void)
{
	for (uint32_t s = first_side; s < 2; s++)
		sides[s]->start(cpus);
	make_masks();
}

static void ordinary(void)
{
	struct row row = { "allocate", "free", ALLOC, FREE, BATCH };
	struct row before = { "prepare", NULL, PREPARE, PREPARE, BATCH };

	for (enum kind kind = FULL; kind < KINDS; kind++) {
		if (kind == SPARSE && cpus < 128)
			continue;
		row.undo_name = kind == FULL ? "free" : NULL;
		begin(&row, kind);
		end(&row, kind);
		begin(&before, kind);
	}
}

static void managed(void)
{
	struct row promises = { "reserve", "unreserve", RESERVE, UNRESERVE, 16 };
	struct row places = { "managed", "managed free", ALLOC_MANAGED, FREE_MANAGED, 16 };

	begin(&promises, FULL);
	begin(&places, FULL);
	end(&places, FULL);
	places.undo_name = NULL;
	begin(&places, ONE);
	end(&places, ONE);
	end(&promises, FULL);
}

/* A long run of allocations in one half: its CPUs all have 12, the others nothing, so no group
 * of CPUs can be passed over for being full. */
static void adverse(void)
{
	struct row row = { "adverse", NULL, ALLOC, FREE, BATCH };
	unsigned long half[PEERS_WORDS] = { 0 };
	uint32_t slot = FILLED;

	start();
	for (uint32_t c = 0; c < cpus; c++) {
		bool in = peers_random() & 1;

		half[c / 64] |= (unsigned long)in << (c % 64);
		slot = fill(slot, c, in ? 12 : 0);
	}
	for (uint32_t v = 0; v < VARIANTS; v++)
		set_mask(HALF * VARIANTS + v, half);
	begin(&row, HALF);
	end(&row, HALF);
}

static void allocators(uint32_t n)
{
	uint32_t slot = FILLED;

	cpus = n;
	start();
	for (uint32_t c = 0; c < cpus; c++)
		slot = fill(slot, c, (uint32_t)peers_random() % 16);
	ordinary();
	managed();
	adverse();
}

int main(int argc, char **argv)
{
	static const uint32_t sizes[] = { 16, 64, 256, 1024, 4096 };

	first_side = argc > 1 && !strcmp(argv[1], "ours");
	for (size_t k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++)
		allocators(sizes[k]);
	peers_spread(first_side);
	peers_evacuate();
	return 0;
}
