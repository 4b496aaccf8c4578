// SPDX-License-Identifier: MIT
#include "bench/vgic_cost.h"

const char *const vgic_event_names[VGIC_EVENTS] = {
	[EVENT_EXIT] = "exit",
	[EVENT_TRAP] = "... a trap",
	[EVENT_IRQ] = "... an interrupt",
	[EVENT_MAINTENANCE] = "... for maintenance",
	[EVENT_IPI] = "IPI sent",
	[EVENT_WAKE] = "wake-up of a vCPU",
	[EVENT_REGISTER] = "GICD, GICR register",
	[EVENT_DEACTIVATE] = "deactivation by DIR",
	[EVENT_LOCK] = "lock",
	[EVENT_LR] = "list register",
	[EVENT_ICH] = "other ICH register",
	[EVENT_TIMER] = "timer register",
};

/* docs/vgic.md says why. */
const struct vgic_machine vgic_machines[VGIC_MACHINES] = {
	{ "light", { 300, 150, 100, 100, 150, 1000, 150, 20, 20, 10, 10, 10 } },
	{ "heavy", { 2500, 500, 300, 300, 300, 4000, 150, 20, 20, 10, 10, 10 } },
	{ "GICv2", { 600, 200, 300, 300, 200, 2000, 350, 175, 30, 100, 100, 10 } },
};

static double sum(const uint64_t *of, uint32_t n)
{
	uint64_t all = 0;

	while (n)
		all += of[--n];
	return (double)all;
}

void vgic_events_of(const struct virt_counts *c, double out[VGIC_EVENTS])
{
	uint64_t deactivations = c->phys[FERRY_PHYS_DEACTIVATE];

	out[EVENT_EXIT] = sum(c->leaves, 4);
	out[EVENT_TRAP] = (double)c->leaves[VIRT_TRAP];
	out[EVENT_IRQ] = (double)c->leaves[VIRT_IRQ];
	out[EVENT_MAINTENANCE] = (double)c->leaves[VIRT_MAINTENANCE];
	out[EVENT_IPI] = (double)c->kicks;
	out[EVENT_WAKE] = (double)c->wakes;
	out[EVENT_DEACTIVATE] = (double)deactivations;
	/* A question is a read, and as dear. */
	out[EVENT_REGISTER] = sum(c->phys, 7) - (double)deactivations + (double)c->routes;
	out[EVENT_LOCK] = (double)c->locks;
	out[EVENT_LR] = (double)c->lr_writes;
	out[EVENT_ICH] = (double)c->ich;
	out[EVENT_TIMER] = (double)c->timer;
}

double vgic_cost(const struct vgic_machine *machine, const double events[VGIC_EVENTS])
{
	double ns = 0;

	for (int n = 0; n < VGIC_EVENTS; n++)
		ns += machine->ns[n] * events[n];
	return ns;
}
