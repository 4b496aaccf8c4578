// SPDX-License-Identifier: MIT
/*
 * plan <cpus> <interrupts> room|short: ALLOCS plans of CPU 0's departure, on which so many
 * interrupts live, each with a mask of 8 neighbours and CPU 0. With room: on machines a third in
 * use. Short: its neighbours are full but for one place, so that others make way.
 */
#include <irqferry/plan.h>
#include "bench/host.h"

static uint32_t cpus, interrupts;

static void set(uint64_t *mask, uint32_t cpu)
{
	mask[cpu / 64] |= 1ull << (cpu % 64);
}

static void live_here(struct ferry *f)
{
	for (uint32_t n = 0; n < interrupts; n++) {
		uint64_t mask[BENCH_CPUS / 64] = { 1 };
		uint32_t irq = bench_create(f, mask);

		for (uint32_t k = 0; k < 8; k++)
			set(mask, 1 + (n % 61 + k) % (cpus - 1));
		if (ferry_irq_set_affinity(f, irq, mask, 0, NULL))
			abort();
	}
}

/* All other CPUs are left with `room` places, uneven ones if that is much. */
static void fill(struct ferry *f, uint32_t room)
{
	for (uint32_t c = 1; c < cpus; c++) {
		uint64_t one[BENCH_CPUS / 64] = { 0 };
		uint32_t used, left;

		set(one, c);
		do {
			bench_create(f, one);
			ferry_x86_vectors(f, c, &used, &left);
		} while (left > room + c % 7);
	}
}

int main(int argc, char **argv)
{
	bool is_short = argc == 4 && !strcmp(argv[3], "short");
	struct ferry_dry_run sum = { 0 };
	void *memory;
	struct ferry *f;

	cpus = argc > 2 ? (uint32_t)atoi(argv[1]) : 0;
	interrupts = argc > 2 ? (uint32_t)atoi(argv[2]) : 0;
	if (argc != 4 || cpus < 4 || cpus > BENCH_CPUS || interrupts > 176)
		return 2;
	f = bench_machine(cpus, FERRY_IRQS_MAX);
	live_here(f);
	fill(f, is_short ? interrupts / cpus : 170);
	memory = malloc(ferry_plan_size(f));
	CALLGRIND_TOGGLE_COLLECT;
	if (ferry_cpu_dry_run(f, 0, memory, ferry_plan_size(f), &sum, NULL, 0))
		abort();
	CALLGRIND_TOGGLE_COLLECT;
	fprintf(stderr, "%u leave, %u blocked, %u broken\n", sum.needed, sum.blocked, sum.broken);
	return 0;
}
