/* SPDX-License-Identifier: MIT */
/*
 * hotplug.c: a CPU leaves from under a guest.
 *
 * Takes I of one interrupt at a time.
 */
#include "vgic/vgic.h"

/* Homes first: who reroutes after that, under I, sees the new one. */
void ferry_vgic_leave(struct ferry_vgic *g, uint32_t cpu, uint32_t to)
{
	uintptr_t flags;

	for (uint32_t vcpu = 0; vcpu < g->nvcpus; vcpu++)
		(void)ferry_host_cas(g->ctx, &g->vcpus[vcpu].home, cpu + 1, to + 1);
	for (uint32_t n = VGIC_PRIVATE; n < g->numbers; n++) {
		struct ferry_virq *i = ferry_vgic_virq(g, 0, n);

		flags = ferry_virq_begin(g, i);
		/* One that we have never routed may go there, too. */
		if (i->phys && (i->routed == cpu || i->routed == VGIC_NOWHERE)) {
			i->routed = (uint16_t)to;
			ferry_host_phys_route(g->ctx, i->phys, to);
		}
		unlock(g, &i->lock);
		vgic_restore(g, flags);
	}
}
