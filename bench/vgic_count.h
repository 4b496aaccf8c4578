/* SPDX-License-Identifier: MIT */
/*
 * vgic_count.h: what a few scripted events cost the virtual GIC: counted between
 * count_start() and count_end() on the one-thread host of tests/fake_vgic.h. Exactly, and the
 * same on any computer, but for instructions: those callgrind counts, one dump for each name.
 */
#ifndef BENCH_VGIC_COUNT_H
#define BENCH_VGIC_COUNT_H

#include "bench/vgic_cost.h"
#include "tests/fake_timer.h"

enum why { WHY_TRAP, WHY_IRQ, WHY_IPI, WHY_MAINTENANCE, WHYS };

struct cost {
	uint32_t exits[WHYS];
	uint32_t of[4]; /* vCPUs: all of them but traps */
	uint32_t ipis, wakes;
	uint32_t routes, deactivations, others; /* of physical interrupts, by the library */
	uint32_t timer;                         /* accesses of the timer's registers */
	uint32_t locks;                         /* taken */
	uint32_t lrs, ich; /* writes of list registers; other accesses of ICH registers */
};

/* Exits of this vCPU are traps from now on; FERRY_NONE: nobody's. */
extern uint32_t count_traps;

void count_start(void);
struct cost count_end(const char *name);
/* What it costs on a machine, in nanoseconds. */
double count_ns(const struct cost *cost, const struct vgic_machine *machine);

#endif
