/* SPDX-License-Identifier: MIT */
/*
 * facts.c: what the guest, or a device, changes about one virtual interrupt.
 *
 * Lock order: L of a vCPU > I of an interrupt; never two of a kind.
 */
#include "vgic/vgic.h"

/* Begin and end a change: interrupts off and I held between. */
static uintptr_t begin(struct ferry_vgic *g, struct ferry_virq *i)
{
	uintptr_t flags = vgic_off(g);

	lock(g, &i->lock);
	return flags;
}

static vcpu_set end(struct ferry_vgic *g, struct ferry_virq *i, uintptr_t flags, bool ask)
{
	struct ferry_virq_view view = ferry_virq_view(g, i);
	vcpu_set set;

	unlock(g, &i->lock);
	set = ferry_virq_settle(g, i, view, ask);
	vgic_restore(g, flags);
	return set;
}

static void assign(struct ferry_virq *i, uint32_t flag, bool on)
{
	if (on)
		virq_set(i, flag);
	else
		virq_clear(i, flag);
}

vcpu_set ferry_virq_enable(struct ferry_vgic *g, struct ferry_virq *i, bool on)
{
	uintptr_t flags = begin(g, i);

	assign(i, VIRQ_ENABLED, on);
	return end(g, i, flags, true);
}

vcpu_set ferry_virq_pend(struct ferry_vgic *g, struct ferry_virq *i)
{
	uintptr_t flags = begin(g, i);

	virq_set(i, VIRQ_LATCH);
	return end(g, i, flags, true);
}

vcpu_set ferry_virq_sgi(struct ferry_vgic *g, struct ferry_virq *i, uint32_t from)
{
	uintptr_t flags = begin(g, i);

	if (g->variant->version == 2)
		i->sources = (uint8_t)(i->sources | 1u << (from & 7));
	else
		virq_set(i, VIRQ_LATCH);
	return end(g, i, flags, true);
}

vcpu_set ferry_virq_sgi_clear(struct ferry_vgic *g, struct ferry_virq *i, uint32_t from)
{
	uintptr_t flags = begin(g, i);

	i->sources = (uint8_t)(i->sources & ~(1u << (from & 7)));
	/* What a list register has taken along does not come back, unless it was taken. */
	if (i->place.at == AT_LR && i->source == from)
		virq_clear(i, VIRQ_LOADED);
	return end(g, i, flags, true);
}

void ferry_virq_configure(struct ferry_vgic *g, struct ferry_virq *i, bool edge)
{
	uintptr_t flags = begin(g, i);

	if (i->phys == FERRY_NONE)
		assign(i, VIRQ_EDGE, edge);
	ferry_vgic_kick(g, end(g, i, flags, true));
}

/* An edge from a device without a physical interrupt, or its line. A line that drops asks
 * nobody: that the guest sees an interrupt that is over is allowed for a while. */
static vcpu_set inject(struct ferry_vgic *g, struct ferry_virq *i, bool level)
{
	uintptr_t flags = begin(g, i);

	if (!virq_is(i, VIRQ_EDGE))
		assign(i, VIRQ_LINE, level);
	else if (level)
		virq_set(i, VIRQ_LATCH);
	return end(g, i, flags, level);
}

int ferry_vgic_inject(struct ferry_vgic *g, uint32_t vcpu, uint32_t intid, bool level)
{
	uint32_t n = ferry_vgic_number(g, intid);
	struct ferry_virq *i;
	uint32_t phys;
	uintptr_t flags;

	if (n == FERRY_NONE || n < 16 || (n < VGIC_PRIVATE && vcpu >= g->nvcpus))
		return FERRY_E_INVALID;
	i = ferry_vgic_virq(g, vcpu, n);
	flags = begin(g, i);
	phys = i->phys;
	unlock(g, &i->lock);
	vgic_restore(g, flags);
	if (phys != FERRY_NONE)
		return FERRY_E_STATE;
	ferry_vgic_kick(g, inject(g, i, level));
	return FERRY_OK;
}

/* ---- what its owner may have to do ------------------------------------------------------ */

static vcpu_set order(struct ferry_vgic *g, struct ferry_virq *i, uint32_t orders)
{
	uintptr_t flags = vgic_off(g);
	vcpu_set set = ferry_virq_order(g, i, orders);

	vgic_restore(g, flags);
	return set;
}

vcpu_set ferry_virq_unpend(struct ferry_vgic *g, struct ferry_virq *i)
{
	return order(g, i, VIRQ_UNPEND);
}

vcpu_set ferry_virq_activate(struct ferry_vgic *g, struct ferry_virq *i)
{
	return order(g, i, VIRQ_ACTIVATE);
}

vcpu_set ferry_virq_deactivate(struct ferry_vgic *g, struct ferry_virq *i)
{
	return order(g, i, VIRQ_DEACTIVATE);
}

/* Queued with another priority or group, it is queued anew. */
static vcpu_set requeue(struct ferry_vgic *g, struct ferry_virq *i, uintptr_t flags)
{
	unlock(g, &i->lock);
	vgic_restore(g, flags);
	return order(g, i, 0);
}

vcpu_set ferry_virq_group(struct ferry_vgic *g, struct ferry_virq *i, bool group1)
{
	uintptr_t flags = begin(g, i);

	assign(i, VIRQ_GROUP1, group1);
	return requeue(g, i, flags);
}

vcpu_set ferry_virq_prioritise(struct ferry_vgic *g, struct ferry_virq *i, uint8_t priority)
{
	uintptr_t flags = begin(g, i);

	i->priority = priority & 0xf8;
	return requeue(g, i, flags);
}

vcpu_set ferry_virq_route(struct ferry_vgic *g, struct ferry_virq *i, uint32_t raw, uint8_t irm,
			  uint32_t target)
{
	uintptr_t flags = begin(g, i);
	bool leaves;

	i->route = raw;
	i->irm = irm;
	i->asked++;
	i->target = (uint8_t)target;
	leaves = i->place.owner != target;
	ferry_virq_reroute(g, i);
	if (leaves)
		return end(g, i, flags, g->flags & FERRY_VGIC_ASK);
	unlock(g, &i->lock);
	vgic_restore(g, flags);
	return 0;
}

/* ---- reading ----------------------------------------------------------------------------- */

vcpu_set ferry_virq_reader(struct ferry_vgic *g, struct ferry_virq *i)
{
	uintptr_t flags = begin(g, i);
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

bool ferry_virq_read(struct ferry_vgic *g, struct ferry_virq *i, enum ferry_virq_fact fact)
{
	uintptr_t flags = begin(g, i);
	bool result = false;

	switch (fact) {
	case VIRQ_IS_ENABLED:
		result = virq_is(i, VIRQ_ENABLED);
		break;
	case VIRQ_IS_PENDING:
		result = looks_pending(g, i);
		break;
	case VIRQ_IS_ACTIVE:
		result = virq_is(i, VIRQ_ACTIVE) && !virq_is(i, VIRQ_DEACTIVATE);
		break;
	case VIRQ_IS_GROUP1:
		result = virq_is(i, VIRQ_GROUP1);
		break;
	case VIRQ_IS_EDGE:
		result = virq_is(i, VIRQ_EDGE);
		break;
	}
	unlock(g, &i->lock);
	vgic_restore(g, flags);
	return result;
}

struct ferry_virq_words ferry_virq_words(struct ferry_vgic *g, struct ferry_virq *i)
{
	uintptr_t flags = begin(g, i);
	struct ferry_virq_words words = { i->route, i->irm, i->priority, i->sources };

	unlock(g, &i->lock);
	vgic_restore(g, flags);
	return words;
}
