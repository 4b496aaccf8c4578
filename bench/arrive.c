// SPDX-License-Identifier: MIT
/*
 * arrive ack|entry|whole: one MSI-X interrupt, no move under way, nothing traced, is
 * delivered ARRIVALS times. Under callgrind what is collected is
 *   ack    from the call of ferry_x86_interrupt to the write of EOI, its last act
 *          under no lock any more before the handler
 *   entry  from the call of ferry_x86_interrupt to the call of the handler
 *   whole  from there to its return
 */
#include "bench/host.h"

static void stop_collecting(void)
{
	CALLGRIND_TOGGLE_COLLECT;
}

static void deliver(struct ferry *f, uint32_t cpu, uint8_t vector, bool whole)
{
	CALLGRIND_TOGGLE_COLLECT;
	if (ferry_x86_interrupt(f, cpu, vector) != FERRY_X86_TAKEN)
		abort();
	if (whole)
		CALLGRIND_TOGGLE_COLLECT;
}

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "whole";
	bool ack = !strcmp(mode, "ack"), entry = !strcmp(mode, "entry");
	struct ferry *f = bench_machine(4, 64);
	uint32_t irq = bench_create(f, NULL);
	struct ferry_affinity a;

	if (ferry_irq_enable(f, irq) || ferry_irq_affinity(f, irq, &a, NULL, NULL, NULL))
		abort();
	for (int n = 0; n < 10; n++)
		if (ferry_x86_interrupt(f, a.first_cpu, (uint8_t)a.vector) != FERRY_X86_TAKEN)
			abort();
	bench_handler = entry ? stop_collecting : NULL;
	bench_eoi = ack ? stop_collecting : NULL;
	for (int n = 0; n < ARRIVALS; n++)
		deliver(f, a.first_cpu, (uint8_t)a.vector, !ack && !entry);
	return 0;
}
