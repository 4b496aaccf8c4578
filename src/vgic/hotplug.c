/* SPDX-License-Identifier: MIT */
/*
 * hotplug.c: a CPU leaves from under a guest.
 *
 * Lock order: L of a vCPU, or I of an interrupt; one at a time.
 */
#include "vgic/vgic.h"

static void move_home(struct ferry_vgic *g, struct ferry_vcpu *c, uint32_t cpu, uint32_t to)
{
	lock(g, &c->lock);
	if (load(g, &c->home) == cpu + 1)
		ferry_host_store(g->ctx, &c->home, to + 1);
	unlock(g, &c->lock);
}

/* Homes first: who reroutes after that, under I, sees the new one. */
void ferry_vgic_leave(struct ferry_vgic *g, uint32_t cpu, uint32_t to)
{
	uintptr_t flags = vgic_off(g);

	for (uint32_t vcpu = 0; vcpu < g->nvcpus; vcpu++)
		move_home(g, &g->vcpus[vcpu], cpu, to);
	for (uint32_t n = VGIC_PRIVATE; n < g->numbers; n++) {
		struct ferry_virq *i = ferry_vgic_virq(g, 0, n);

		lock(g, &i->lock);
		if (i->phys != FERRY_NONE && i->routed == cpu) {
			i->routed = (uint16_t)to;
			ferry_host_phys_route(g->ctx, i->phys, to);
		}
		unlock(g, &i->lock);
	}
	vgic_restore(g, flags);
}
