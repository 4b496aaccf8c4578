/* SPDX-License-Identifier: MIT */
/*
 * facts.c: what the guest, or a device, changes about one virtual interrupt.
 *
 * Lock order: L of a vCPU > I of an interrupt; never two of a kind.
 */
#include "vgic/vgic.h"

vcpu_set ferry_virq_assign(struct ferry_vgic *g, struct ferry_virq *i, uint32_t flag, bool on)
{
	uintptr_t flags = ferry_virq_begin(g, i);

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

vcpu_set ferry_virq_sgi(struct ferry_vgic *g, struct ferry_virq *i, uint32_t from)
{
	uintptr_t flags = ferry_virq_begin(g, i);

	if (g->variant->version == 2)
		i->sources = (uint8_t)(i->sources | 1u << (from & 7));
	else
		virq_set(i, VIRQ_LATCH);
	return ferry_virq_end(g, i, flags, 0, true);
}

vcpu_set ferry_virq_sgi_clear(struct ferry_vgic *g, struct ferry_virq *i, uint32_t from)
{
	uintptr_t flags = ferry_virq_begin(g, i);

	i->sources = (uint8_t)(i->sources & ~(1u << (from & 7)));
	/* What a list register has taken along does not come back, unless it was taken. */
	if (i->place.at == AT_LR && i->source == from)
		virq_clear(i, VIRQ_LOADED);
	return ferry_virq_end(g, i, flags, 0, true);
}

vcpu_set ferry_virq_configure(struct ferry_vgic *g, struct ferry_virq *i, bool edge)
{
	uintptr_t flags = ferry_virq_begin(g, i);

	virq_clear(i, i->phys == FERRY_NONE ? VIRQ_EDGE : 0);
	virq_set(i, i->phys == FERRY_NONE && edge ? VIRQ_EDGE : 0);
	return ferry_virq_end(g, i, flags, 0, true);
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
	bool ask = g->flags & FERRY_VGIC_ASK && i->place.owner != target;

	i->route = raw;
	i->asked++;
	i->target = (uint8_t)target;
	ferry_virq_reroute(g, i);
	return ferry_virq_end(g, i, flags, 0, ask);
}

/* An edge from a device without a physical interrupt, or its line. A line that drops asks
 * nobody: that the guest sees an interrupt that is over is allowed for a while. */
int ferry_vgic_inject(struct ferry_vgic *g, uint32_t vcpu, uint32_t intid, bool level)
{
	uint32_t n = ferry_vgic_number(g, intid);
	struct ferry_virq *i;
	uintptr_t flags;
	bool linked;

	if (n == FERRY_NONE || n < 16 || (n < VGIC_PRIVATE && vcpu >= g->nvcpus))
		return FERRY_E_INVALID;
	i = ferry_vgic_virq(g, vcpu, n);
	flags = ferry_virq_begin(g, i);
	linked = i->phys != FERRY_NONE;
	if (!linked && virq_is(i, VIRQ_EDGE))
		virq_set(i, level ? VIRQ_LATCH : 0);
	else if (!linked)
		i->flags = (uint16_t)((i->flags & ~VIRQ_LINE) | (level ? VIRQ_LINE : 0));
	ferry_vgic_kick(g, ferry_virq_end(g, i, flags, 0, level && !linked));
	return linked ? FERRY_E_STATE : FERRY_OK;
}

/* ---- reading ----------------------------------------------------------------------------- */

vcpu_set ferry_virq_reader(struct ferry_vgic *g, struct ferry_virq *i)
{
	uintptr_t flags = ferry_virq_begin(g, i);
	vcpu_set set = i->place.at == AT_LR ? ferry_vcpu_request(g, i->place.owner, true) : 0;

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
	return i->phys != FERRY_NONE && !virq_is(i, VIRQ_RESIDENT) &&
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

int ferry_vgic_dir(struct ferry_vgic *g, uint32_t vcpu, uint32_t intid)
{
	uint32_t n;

	/* Of a GICv2's, bits 12:10 name the source of an SGI (IHI 0048B 4.4.5). */
	n = ferry_vgic_number(g, g->variant->version == 2 ? intid & 0x3ff : intid & 0xffffff);
	if (n == FERRY_NONE || vcpu >= g->nvcpus)
		return FERRY_E_INVALID;
	ferry_vgic_sync(g, ferry_virq_order(g, ferry_vgic_virq(g, vcpu, n), VIRQ_DEACTIVATE));
	return FERRY_OK;
}
