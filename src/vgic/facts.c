/* SPDX-License-Identifier: MIT */
/*
 * facts.c: what the guest sees and changes of one virtual interrupt.
 *
 * Takes I of one interrupt at a time, or is called with it.
 */
#include "vgic/vgic.h"

vcpu_set ferry_virq_order(struct ferry_vgic *g, struct ferry_virq *i, uint32_t orders)
{
	return ferry_virq_end(g, i, ferry_virq_begin(g, i), orders, true);
}

/* Whose it is stays if that is the target: nobody need be asked. */
enum vgic_change ferry_virq_route(struct ferry_vgic *g, struct ferry_virq *i, uint32_t raw,
				  uint32_t target)
{
	i->route = raw;
	i->asked++;
	i->target = (uint8_t)target;
	ferry_virq_reroute(g, i);
	return g->flags & FERRY_VGIC_ASK && i->owner != target ? VGIC_NOW : VGIC_LATER;
}

/* The latch may be in a list register, a second instance in the distributor: neither is
 * lost to the eye. */
static bool looks_pending(struct ferry_vgic *g, const struct ferry_virq *i)
{
	if (ferry_virq_pending(i) || virq_is(i, VIRQ_LOADED))
		return !virq_is(i, VIRQ_UNPEND);
	return i->phys && !virq_is(i, VIRQ_RESIDENT) &&
	       ferry_host_phys(g->ctx, i->phys, FERRY_PHYS_IS_PENDING);
}

bool ferry_virq_shows(struct ferry_vgic *g, const struct ferry_virq *i, uint32_t flag)
{
	if (flag == VIRQ_LATCH)
		return looks_pending(g, i);
	if (flag == VIRQ_ACTIVE && virq_is(i, VIRQ_DEACTIVATE))
		return false;
	return virq_is(i, flag);
}
