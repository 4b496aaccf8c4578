/* SPDX-License-Identifier: MIT */
/*
 * vgic_storms.h: the same storm with several seeds: what happened in all of them together, and how
 * far they differ.
 */
#ifndef BENCH_VGIC_STORMS_H
#define BENCH_VGIC_STORMS_H

#include "bench/vgic_cost.h"
#include "sim/machine.h"

#define VGIC_SEEDS 6u

struct vgic_runs {
	struct virt_counts counts; /* of all */
	uint64_t moves, ticks;     /* route writes; timers that were programmed */
	uint64_t loads;            /* vCPUs loaded */
	/* By seed. */
	double starts[VGIC_SEEDS], moved[VGIC_SEEDS], kicked[VGIC_SEEDS],
		events[VGIC_SEEDS][VGIC_EVENTS];
};

struct vgic_mean {
	double mean, error; /* error: the standard error of the mean */
};

/* Ends the program if one of them is not clean. */
void vgic_storms(const struct virt_storm_options *options, struct vgic_runs *out);
/* Of all starts. */
struct histogram vgic_latency(const struct virt_counts *counts);
/* What one move adds to the same storm without moves. */
struct vgic_mean vgic_extra(const struct vgic_runs *runs, const struct vgic_runs *still,
			    enum vgic_event event);
/* ... in nanoseconds, of what strategies can differ in: IPIs, each with the exit of a guest that it
 * met, maintenance interrupts with theirs, physical routes, deactivations. Interrupts of devices
 * are an exit whatever the strategy; how many of them come at a time is chance. */
struct vgic_mean vgic_caused(const struct vgic_runs *runs, const struct vgic_runs *still,
			     const struct vgic_machine *machine);

#endif
