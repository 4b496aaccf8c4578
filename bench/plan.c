// SPDX-License-Identifier: MIT
/*
 * plan <cpus> <interrupts> room|outside|full: a plan of CPU 0's departure. So many interrupts live
 * there, each with a mask of CPU 0 and 8 neighbours among 68. Rooms elsewhere: plenty; none on
 * these 68; as many as there are interrupts, on the last CPUs of all and one by one.
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

/* How many places CPU c shall have left. */
static uint32_t room_of(const char *what, uint32_t c)
{
	uint32_t others = cpus - 1, each = (interrupts + others - 1) / others;

	if (!strcmp(what, "room"))
		return 170 + c % 7;
	if (!strcmp(what, "outside"))
		return c < 69 && c < others ? 0 : 170 + c % 7;
	return cpus - c <= interrupts ? each : 0;
}

static void fill(struct ferry *f, const char *what)
{
	for (uint32_t c = 1; c < cpus; c++) {
		uint64_t one[BENCH_CPUS / 64] = { 0 };
		uint32_t used, left;

		set(one, c);
		for (;;) {
			ferry_x86_vectors(f, c, &used, &left);
			if (left <= room_of(what, c))
				break;
			bench_create(f, one);
		}
	}
}

int main(int argc, char **argv)
{
	struct ferry_dry_run sum = { 0 };
	void *memory;
	struct ferry *f;

	cpus = argc > 2 ? (uint32_t)atoi(argv[1]) : 0;
	interrupts = argc > 2 ? (uint32_t)atoi(argv[2]) : 0;
	if (argc != 4 || cpus < 4 || cpus > BENCH_CPUS || interrupts > 176)
		return 2;
	f = bench_machine(cpus, FERRY_IRQS_MAX);
	live_here(f);
	fill(f, argv[3]);
	memory = malloc(ferry_plan_size(f));
	CALLGRIND_TOGGLE_COLLECT;
	if (ferry_cpu_dry_run(f, 0, memory, ferry_plan_size(f), &sum, NULL, 0))
		abort();
	CALLGRIND_TOGGLE_COLLECT;
	printf("%u leave, %u blocked, %u broken\n", sum.needed, sum.blocked, sum.broken);
	return 0;
}
