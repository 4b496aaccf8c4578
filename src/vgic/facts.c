/* SPDX-License-Identifier: MIT */
/*
 * facts.c: what the guest, or a device, changes about one virtual interrupt.
 *
 * Takes I of one interrupt at a time.
 */
#include "vgic/vgic.h"

vcpu_set ferry_virq_assign(struct ferry_vgic *g, struct ferry_virq *i, uint32_t flag, bool on)
{
	uintptr_t flags = ferry_virq_begin(g, i);

	/* What is linked is as the physical one is. */
	if (flag == VIRQ_EDGE && i->phys)
		flag = 0;
	if (on)
		virq_set(i, flag);
	else
		virq_clear(i, flag);
	return ferry_virq_end(g, i, flags, 0, true);
}

vcpu_set ferry_virq_order(struct ferry_vgic *g, struct ferry_virq *i, uint32_t orders)
{
	return ferry_virq_end(g, i, ferry_virq_begin(g, i), orders, true);
}

/* One in a list register keeps its priority until it comes by: allowed (IHI 0069H 4.8). */
vcpu_set ferry_virq_prioritise(struct ferry_vgic *g, struct ferry_virq *i, uint8_t priority)
{
	uintptr_t flags = ferry_virq_begin(g, i);

	i->priority = priority & 0xf8;
	return ferry_virq_end(g, i, flags, 0, false);
}

/* Whose it is stays if that is the target: nobody need be asked. */
vcpu_set ferry_virq_route(struct ferry_vgic *g, struct ferry_virq *i, uint32_t raw, uint32_t target)
{
	uintptr_t flags = ferry_virq_begin(g, i);
	bool ask = g->flags & FERRY_VGIC_ASK && i->owner != target;

	i->route = raw;
	i->asked++;
	i->target = (uint8_t)target;
	ferry_virq_reroute(g, i);
	return ferry_virq_end(g, i, flags, 0, ask);
}

/* ---- reading ----------------------------------------------------------------------------- */

vcpu_set ferry_virq_reader(struct ferry_vgic *g, struct ferry_virq *i)
{
	uintptr_t flags = ferry_virq_begin(g, i);
	vcpu_set set = i->at == AT_LR ? ferry_vcpu_request(g, i->owner, REQUEST_LOOK) : 0;

	unlock(g, &i->lock);
	vgic_restore(g, flags);
	return set;
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

struct ferry_virq_seen ferry_virq_see(struct ferry_vgic *g, struct ferry_virq *i)
{
	uintptr_t flags = ferry_virq_begin(g, i);
	struct ferry_virq_seen seen = { i->route,
					i->flags & (VIRQ_ENABLED | VIRQ_GROUP1 | VIRQ_EDGE),
					i->priority, i->sources };

	if (looks_pending(g, i))
		seen.flags |= VIRQ_LATCH;
	if (virq_is(i, VIRQ_ACTIVE) && !virq_is(i, VIRQ_DEACTIVATE))
		seen.flags |= VIRQ_ACTIVE;
	unlock(g, &i->lock);
	vgic_restore(g, flags);
	return seen;
}
