// SPDX-License-Identifier: MIT
/*
 * alloc create|move|free <cpus> full|node|half|one: ALLOCS operations with such a
 * mask on a machine of so many CPUs, a third of its vectors in use.
 */
#include "bench/host.h"

static uint64_t mask[BENCH_CPUS / 64];

static uint64_t next_random(void)
{
	static uint64_t state = 1;
	uint64_t z = (state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

/* A node is min(64, cpus/4) neighbours. Null: all. */
static const uint64_t *make_mask(const char *name, uint32_t cpus)
{
	uint32_t node = cpus / 4 < 64 ? cpus / 4 : 64;

	if (!strcmp(name, "full"))
		return NULL;
	for (uint32_t c = 0; c < cpus; c++)
		if (!strcmp(name, "node") ? c / node == 1 :
		    !strcmp(name, "half") ? next_random() & 1 :
					    c == cpus / 2)
			mask[c / 64] |= 1ull << (c % 64);
	return mask;
}

/* Uneven on purpose: real machines are. */
static void fill(struct ferry *f, uint32_t cpus)
{
	uint64_t one[BENCH_CPUS / 64] = { 0 };

	for (uint32_t c = 0; c < cpus; c++) {
		one[c / 64] = 1ull << (c % 64);
		for (uint32_t n = next_random() % 16; n > 0; n--)
			bench_create(f, one);
		one[c / 64] = 0;
	}
}

static void creates(struct ferry *f, const uint64_t *where, bool collect_free)
{
	for (int n = 0; n < ALLOCS; n++) {
		uint32_t irq;
		int rc;

		if (!collect_free)
			CALLGRIND_TOGGLE_COLLECT;
		irq = bench_create(f, where);
		CALLGRIND_TOGGLE_COLLECT;
		while ((rc = ferry_irq_free(f, irq, FERRY_FREE_QUIET, NULL)) == FERRY_E_AGAIN)
			bench_doorbells(f);
		if (collect_free)
			CALLGRIND_TOGGLE_COLLECT;
		if (rc)
			abort();
	}
}

/* From a CPU that the mask does not have, if there is one, else to a preferred one. */
static void moves(struct ferry *f, const uint64_t *where, uint32_t cpus)
{
	uint32_t irq = bench_create(f, where);

	for (int n = 0; n < ALLOCS; n++) {
		uint64_t away[BENCH_CPUS / 64] = { 0 };
		uint32_t c = (uint32_t)next_random() % cpus;

		/* Somewhere outside, by a mask of one; then back inside. */
		while (where && (where[c / 64] >> (c % 64) & 1))
			c = (c + 1) % cpus;
		away[c / 64] = 1ull << (c % 64);
		if (ferry_irq_set_affinity(f, irq, away, FERRY_NONE, NULL))
			abort();
		bench_doorbells(f);
		c = (c + 1) % cpus;
		CALLGRIND_TOGGLE_COLLECT;
		if (ferry_irq_set_affinity(f, irq, where, where ? FERRY_NONE : c, NULL))
			abort();
		CALLGRIND_TOGGLE_COLLECT;
		bench_doorbells(f);
	}
}

int main(int argc, char **argv)
{
	uint32_t cpus = argc > 2 ? (uint32_t)atoi(argv[2]) : 0;
	struct ferry *f;
	const uint64_t *where;

	if (argc != 4 || cpus < 4 || cpus > BENCH_CPUS)
		return 2;
	where = make_mask(argv[3], cpus);
	f = bench_machine(cpus, cpus * 16 + 64 > FERRY_IRQS_MAX ? FERRY_IRQS_MAX : cpus * 16 + 64);
	fill(f, cpus);
	if (!strcmp(argv[1], "move"))
		moves(f, where, cpus);
	else
		creates(f, where, !strcmp(argv[1], "free"));
	return 0;
}
