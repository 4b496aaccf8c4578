/* SPDX-License-Identifier: MIT */
/*
 * fill.c: from interrupts into list registers.
 *
 * When there are more than registers: what pends goes first in its order, but for one
 * register nothing active is put out for it; what is active and outside is ended through
 * EOIcount. Rules L1 to L7 of list registers (IHI 0069H 4.8, 12.4): one for each INTID; linked
 * ones are either pending or active; who asks to be told of the end is not linked; no
 * maintenance interrupt is asked for whose cause is there already.
 *
 * Lock order: L of a vCPU > I of an interrupt; never two of a kind.
 */
#include "vgic/fold.h"

/* ICH_HCR_EL2 (12.4.4), GICH_HCR alike (IHI 0048B 5.3.2) */
#define HCR_EN 0x01u
#define HCR_LRENPIE 0x04u
#define HCR_NPIE 0x08u
#define HCR_VGRP0EIE 0x10u
#define HCR_VGRP1EIE 0x40u

/* L and I held. What pends: the list register takes the latch along. */
static void take_pending(struct ferry_virq *i, struct ferry_lr *lr)
{
	lr->state = LR_PENDING;
	i->source = FERRY_NO_SOURCE;
	if (i->sources) {
		i->source = (uint8_t)__builtin_ctz(i->sources);
		i->sources = (uint8_t)(i->sources & (i->sources - 1));
		virq_set(i, VIRQ_LOADED);
		lr->eoi = i->sources != 0;
	} else if (virq_is(i, VIRQ_LATCH)) {
		virq_clear(i, VIRQ_LATCH);
		virq_set(i, VIRQ_LOADED);
	}
	if (virq_is(i, VIRQ_PHYS)) {
		virq_set(i, VIRQ_CARRIED);
		lr->phys = i->phys;
		lr->eoi = false;
	} else if ((i->flags & (VIRQ_EDGE | VIRQ_LINE)) == VIRQ_LINE) {
		lr->eoi = true; /* is its line still high then? */
	}
}

/* What is active. A second instance can't be in a linked register (L3), nor with an owner that
 * is not the target; then its end must be told, and a register that tells is not linked (L4):
 * the physical one is deactivated by software. */
static void take_active(const struct ferry_vgic *g, struct ferry_virq *i, uint32_t vcpu,
			struct ferry_lr *lr)
{
	bool again = ferry_virq_signalled(g, i);
	bool moving = i->target != vcpu;
	bool told = again || (moving && g->strategy == FERRY_MAINTENANCE);

	lr->state = LR_ACTIVE;
	if (virq_is(i, VIRQ_CARRIED) && told)
		virq_set(i, VIRQ_OWED);
	if (virq_is(i, VIRQ_CARRIED) && !virq_is(i, VIRQ_OWED)) {
		lr->phys = i->phys;
	} else if (again && !moving && virq_is(i, VIRQ_EDGE) && !virq_is(i, VIRQ_PHYS) &&
		   !i->sources) {
		virq_clear(i, VIRQ_LATCH);
		virq_set(i, VIRQ_LOADED);
		i->source = FERRY_NO_SOURCE;
		lr->state = LR_PENDING | LR_ACTIVE;
	} else {
		lr->eoi = told || virq_is(i, VIRQ_OWED);
	}
}

static void take(struct ferry_vgic *g, struct ferry_virq *i, uint32_t vcpu, struct ferry_lr *lr)
{
	*lr = (struct ferry_lr){ .intid = ferry_vgic_intid(g, i->number),
				 .phys = FERRY_NONE,
				 .group1 = virq_is(i, VIRQ_GROUP1),
				 .priority = i->place.level & 0xf8 };
	if (virq_is(i, VIRQ_ACTIVE))
		take_active(g, i, vcpu, lr);
	else
		take_pending(i, lr);
	/* The active instance of an SGI has a source, too. */
	lr->source = i->source == FERRY_NO_SOURCE ? 0 : i->source;
}

/* L held. False: it should not be here. */
static bool load_one(struct ferry_vgic *g, struct ferry_vcpu *c, struct ferry_virq *i,
		     struct ferry_later *later, bool *pending)
{
	struct ferry_lr lr;
	bool here;

	lock(g, &i->lock);
	if (virq_is(i, VIRQ_ORDERS))
		ferry_virq_obey(g, i, i->flags & VIRQ_ORDERS);
	here = ferry_virq_where(g, i) == c->index &&
	       virq_is(i, VIRQ_ACTIVE) == (i->place.at == AT_SPILLED);
	if (here) {
		ferry_virq_lift(g, i);
		take(g, i, c->index, &lr);
		*pending = *pending || lr.state == LR_PENDING;
		c->loaded[c->used] = i->number;
		ferry_host_ich_write(g->ctx, FERRY_ICH_LR0 + c->used++, g->hardware->make(&lr));
	} else {
		ferry_later_sort(g, later, i, 0);
	}
	unlock(g, &i->lock);
	return here;
}

/* What must be told when not everything is in a list register. */
static uint32_t overflow(const struct ferry_vcpu *c, uint32_t groups, bool pending)
{
	uint32_t hcr = c->count[SPILLED] ? HCR_LRENPIE : 0;

	if (!c->count[QUEUED])
		return hcr;
	hcr |= pending ? HCR_NPIE : 0;
	hcr |= groups & 1 ? 0 : HCR_VGRP0EIE;
	return hcr | (groups & 2 ? 0 : HCR_VGRP1EIE);
}

/* More than list registers. */
static bool is_crowded(const struct ferry_vgic *g, const struct ferry_vcpu *c)
{
	return c->count[QUEUED] + c->count[SPILLED] > g->lrs;
}

/* Choose: all, if there is room; else what can be taken first, and what is active. */
static uint32_t choose(struct ferry_vgic *g, const struct ferry_vcpu *c, uint32_t groups,
		       struct ferry_virq **out)
{
	uint32_t reserved = 0, n;

	if (is_crowded(g, c))
		reserved = ferry_vcpu_pick(g, c, QUEUED, groups, 1, out);
	n = ferry_vcpu_pick(g, c, SPILLED, 3, g->lrs - reserved, out);
	return n + ferry_vcpu_pick(g, c, QUEUED, groups, g->lrs - n, out + n);
}

void ferry_vcpu_clear(struct ferry_vgic *g, struct ferry_vcpu *c)
{
	for (uint32_t k = c->used; k < c->dirty; k++)
		ferry_host_ich_write(g->ctx, FERRY_ICH_LR0 + k, 0);
	c->dirty = c->used;
}

bool ferry_vcpu_fill(struct ferry_vgic *g, struct ferry_vcpu *c, vcpu_set *set)
{
	struct ferry_later later;
	struct ferry_virq *chosen[VGIC_LRS];
	uint32_t groups = 3, n;
	bool pending = false, all = true;

	later.n = 0;
	lock(g, &c->lock);
	if (is_crowded(g, c))
		groups = ferry_host_ich_read(g->ctx, FERRY_ICH_VMCR) & 3;
	n = choose(g, c, groups, chosen);
	for (uint32_t k = 0; k < n; k++)
		all = load_one(g, c, chosen[k], &later, &pending) && all;
	ferry_vcpu_clear(g, c);
	ferry_host_ich_write(g->ctx, FERRY_ICH_HCR,
			     g->hardware->hcr | HCR_EN | overflow(c, groups, pending));
	unlock(g, &c->lock);
	*set |= ferry_later_place(g, &later);
	return !all;
}
