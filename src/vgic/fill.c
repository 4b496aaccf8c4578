/* SPDX-License-Identifier: MIT */
/*
 * fill.c: from interrupts into list registers.
 *
 * When there are more than registers: one is kept for what pends and can be taken first, the
 * others are for what is active, the highest priority first, and then for more of what pends.
 * What is active and outside is ended through EOIcount, an exit each; what pends and is outside
 * comes when what is inside has been taken, one exit for all. Rules L1 to L7 of list registers
 * (IHI 0069H 4.8, 12.4): one for each INTID; linked ones are either pending or active; who asks
 * to be told of the end is not linked; no maintenance interrupt is asked for whose cause is
 * there already.
 *
 * Takes I of one interrupt at a time. On the vCPU's own thread.
 */
#include "vgic/fold.h"

/* ICH_HCR_EL2 (12.4.4), GICH_HCR alike (IHI 0048B 5.3.2) */
#define HCR_EN 0x01u
#define HCR_LRENPIE 0x04u
#define HCR_NPIE 0x08u
#define HCR_VGRP0EIE 0x10u
#define HCR_VGRP1EIE 0x40u

/* I held. What pends: the list register takes the latch along. */
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

bool ferry_vcpu_take(struct ferry_vgic *g, struct ferry_vcpu *c, struct ferry_virq *i)
{
	uint32_t k = c->used++;
	struct ferry_lr lr = { .intid = ferry_vgic_intid(g, i->number),
			       .group1 = virq_is(i, VIRQ_GROUP1),
			       .priority = load(g, &i->key) & KEY_PRIORITY };

	i->owner = (uint8_t)c->index;
	i->at = AT_LR;
	if (virq_is(i, VIRQ_ACTIVE))
		take_active(g, i, c->index, &lr);
	else
		take_pending(i, &lr);
	/* The active instance of an SGI has a source, too. */
	lr.source = i->source == FERRY_NO_SOURCE ? 0 : i->source;
	c->loaded[k] = i->number;
	ferry_host_ich_write(g->ctx, FERRY_ICH_LR0 + k, g->hardware->make(&lr));
	return lr.state == LR_PENDING;
}

/* False: it should not be here. */
static bool load_one(struct ferry_vgic *g, struct ferry_vcpu *c, uint32_t number, vcpu_set *set,
		     bool *pending)
{
	struct ferry_virq *i = ferry_vgic_virq(g, c->index, number);
	bool here;

	lock(g, &i->lock);
	ferry_vcpu_forget(g, c, number);
	here = i->at != AT_LR && ferry_virq_where(g, i) == c->index;
	if (here)
		*pending = ferry_vcpu_take(g, c, i) || *pending;
	else if (i->at != AT_LR)
		*set |= ferry_virq_settle(g, i, true, c->index);
	unlock(g, &i->lock);
	return here;
}

/* More than list registers: what can be taken first, and what is active. */
static uint32_t choose(struct ferry_vgic *g, struct ferry_vcpu *c, uint32_t groups, uint32_t *out)
{
	uint32_t reserved = ferry_vcpu_pick(g, c, PICK_PENDING, groups, 1, out), n;

	n = ferry_vcpu_pick(g, c, PICK_ACTIVE, 3, g->lrs - reserved, out);
	return n + ferry_vcpu_pick(g, c, PICK_PENDING, groups, g->lrs - n, out + n);
}

/* What must be told when not everything is in a list register. */
static uint32_t overflow(struct ferry_vgic *g, struct ferry_vcpu *c, uint32_t groups, bool pending)
{
	uint32_t hcr, any;

	c->outside = (uint16_t)ferry_vcpu_pick(g, c, PICK_ACTIVE, 3, 1, &any);
	hcr = c->outside ? HCR_LRENPIE : 0;
	if (!ferry_vcpu_pick(g, c, PICK_PENDING, 3, 1, &any))
		return hcr;
	hcr |= pending ? HCR_NPIE : 0;
	groups ^= 3;
	return hcr | (groups & 1) * HCR_VGRP0EIE | (groups >> 1) * HCR_VGRP1EIE;
}

void ferry_vcpu_clear(struct ferry_vgic *g, struct ferry_vcpu *c)
{
	for (uint32_t k = c->used; k < c->dirty; k++)
		ferry_host_ich_write(g->ctx, FERRY_ICH_LR0 + k, 0);
	c->dirty = c->used;
}

bool ferry_vcpu_fill(struct ferry_vgic *g, struct ferry_vcpu *c, vcpu_set *set)
{
	uint32_t chosen[VGIC_LRS + 1], groups = 3, hcr = g->hardware->hcr | HCR_EN;
	uint32_t n = ferry_vcpu_collect(g, c, g->lrs + 1u, chosen);
	bool crowded = n > g->lrs, pending = false, all = true;

	if (!crowded) { /* then all are looked at now */
		c->hinted = 0;
	} else {
		groups = (uint32_t)ferry_host_ich_read(g->ctx, FERRY_ICH_VMCR) & 3;
		n = choose(g, c, groups, chosen);
	}
	for (uint32_t k = 0; k < n; k++)
		all = load_one(g, c, chosen[k] & 0xffff, set, &pending) && all;
	ferry_vcpu_clear(g, c);
	if (crowded)
		hcr |= overflow(g, c, groups, pending);
	ferry_host_ich_write(g->ctx, FERRY_ICH_HCR, hcr);
	return crowded && !all;
}
