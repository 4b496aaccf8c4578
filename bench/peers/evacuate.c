// SPDX-License-Identifier: MIT
/*
 * A CPU leaves: ferry_cpu_leave(), steps, commit, and what the doorbells do meanwhile. 16
 * interrupts on each CPU, whatever the machine; they may go anywhere, or inside their node of 64
 * CPUs.
 */
#include "bench/host.h"
#include "bench/peers/cases.h"
#include "bench/peers/ours.h"

#define LOAD 16u
#define LEAVES 5u

static uint64_t leave(struct ferry *f, uint32_t cpu)
{
	uint64_t ns = peers_now();
	int rc;

	CALLGRIND_TOGGLE_COLLECT;
	if (ferry_cpu_leave(f, cpu))
		abort();
	for (uint32_t steps = 0; steps == 0 || (rc == FERRY_E_AGAIN && steps < 1000); steps++) {
		rc = ferry_cpu_leave_step(f, cpu, NULL, NULL);
		bench_doorbells(f);
	}
	if (rc || ferry_cpu_commit(f, cpu))
		abort();
	CALLGRIND_TOGGLE_COLLECT;
	return peers_now() - ns;
}

/* Where interrupt n of a CPU may go: anywhere, or among its neighbours. Which must be online. */
static void populate(struct ferry *f, uint32_t cpus, bool node)
{
	uint64_t mask[BENCH_CPUS / 64] = { 0 };

	for (uint32_t n = 0; n < cpus * LOAD; n++) {
		uint32_t c = n % cpus;

		if (node)
			mask[c / 64] = ~0ull;
		bench_create(f, node ? mask : NULL);
		mask[c / 64] = 0;
	}
}

static void row(uint32_t cpus, bool node)
{
	struct ferry *f = peers_machine(cpus, cpus * LOAD);
	uint64_t ns = 0;

	populate(f, cpus, node);
	for (uint32_t n = 0; n < LEAVES; n++)
		ns += leave(f, (uint32_t)peers_random() % (cpus / LEAVES) * LEAVES + n);
	peers_dump("evacuate", node ? "node" : "full", cpus * LOAD, "irqferry");
	printf("evacuate;%s;%u;irqferry;%u;%.1f;;\n", node ? "node" : "full", cpus * LOAD, LEAVES,
	       (double)ns / LEAVES);
}

void peers_evacuate(void)
{
	for (uint32_t cpus = 64; cpus <= PEERS_CPUS; cpus *= 4) {
		row(cpus, false);
		row(cpus, true);
	}
}
