/* SPDX-License-Identifier: MIT */
/*
 * vgic_cost.h: what events cost, as assumed: nanoseconds for each, for a machine and its host.
 * Never measured here; see docs/vgic.md for where the figures come from.
 */
#ifndef BENCH_VGIC_COST_H
#define BENCH_VGIC_COST_H

#include "sim/virt_storm.h"

enum vgic_event {
	EVENT_EXIT,        /* a guest is left and entered again, for whatever reason */
	EVENT_TRAP,        /* ... a trap, besides: decode, find the register */
	EVENT_IRQ,         /* ... a physical interrupt, besides: acknowledge, drop priority */
	EVENT_MAINTENANCE, /* ... a maintenance interrupt, besides: the same */
	EVENT_IPI,         /* one is sent */
	EVENT_WAKE,        /* a vCPU that waits is made to run */
	EVENT_REGISTER,    /* a write to the distributor or a redistributor */
	EVENT_DEACTIVATE,  /* by software: GICC_DIR, ICC_DIR_EL1 */
	EVENT_LOCK,        /* taken and given back, by one CPU at a time */
	EVENT_LR,          /* a list register is written */
	EVENT_ICH,         /* another access of the virtual interface control registers */
	EVENT_TIMER,       /* a register of the timer is read or written */
	VGIC_EVENTS
};

struct vgic_machine {
	const char *name;
	double ns[VGIC_EVENTS];
};

#define VGIC_MACHINES 3
extern const struct vgic_machine vgic_machines[VGIC_MACHINES];
extern const char *const vgic_event_names[VGIC_EVENTS];

/* How often each was. */
void vgic_events_of(const struct virt_counts *counts, double out[VGIC_EVENTS]);
double vgic_cost(const struct vgic_machine *machine, const double events[VGIC_EVENTS]);

#endif
