/* SPDX-License-Identifier: MIT */
/*
 * fold.c: from list registers into interrupts. Each one says what became of the instance it
 * was given: not taken, active, ended.
 *
 * Takes I of one interrupt at a time. On the vCPU's own thread.
 */
#include "vgic/fold.h"

/* The smallest, in order, `want` of them at most. */
static uint32_t insert(uint32_t *out, uint32_t got, uint32_t want, uint32_t entry)
{
	uint32_t k;

	if (got == want && entry > out[--got])
		return want;
	for (k = got; k && entry < out[k - 1]; k--)
		out[k] = out[k - 1];
	out[k] = entry;
	return got + 1;
}

/* All hints, one after the other: in groups that may have some. */
struct walk {
	uint32_t word, bits;
};

static bool next(struct ferry_vgic *g, struct ferry_vcpu *c, struct walk *w, uint32_t *n)
{
	for (; !w->bits; w->word++) {
		uint32_t groups = c->hinted / REQUEST_HINT(0) >> w->word / 4;

		if (!groups || w->word >= g->words)
			return false;
		if (!(groups & 1)) /* the next that may have some */
			w->word = (w->word / 4 + (uint32_t)__builtin_ctz(groups)) * 4;
		w->bits = load(g, vgic_hint(g, c, w->word * 32));
	}
	*n = w->word * 32 - 32 + (uint32_t)__builtin_ctz(w->bits);
	w->bits &= w->bits - 1;
	return true;
}

uint32_t ferry_vcpu_collect(struct ferry_vgic *g, struct ferry_vcpu *c, uint32_t most,
			    uint32_t *out)
{
	struct walk w = { 0, 0 };
	uint32_t got = 0;

	if (!c->hinted) /* as at most entries */
		return 0;
	while (got < most && next(g, c, &w, &out[got]))
		got++;
	return got;
}

uint32_t ferry_vcpu_pick(struct ferry_vgic *g, struct ferry_vcpu *c, enum ferry_pick what,
			 uint32_t groups, uint32_t want, uint32_t *out)
{
	struct walk w = { 0, 0 };
	uint32_t got = 0, n, key;

	while (want && next(g, c, &w, &n)) {
		key = load(g, &ferry_vgic_virq(g, c->index, n)->key);
		if (what == (key >> KEY_ACTIVE == c->index + 1 ? PICK_ACTIVE : PICK_PENDING) &&
		    groups >> (key & KEY_GROUP1) & 1)
			got = insert(out, got, want, (key & KEY_PRIORITY) << 16 | n);
	}
	return got;
}

void ferry_vcpu_forget(struct ferry_vgic *g, const struct ferry_vcpu *c, uint32_t number)
{
	ferry_host_and(g->ctx, vgic_hint(g, c, number), ~(1u << number % 32));
}

/* The physical interrupt behind it came again: what the list register had has ended, and the
 * hardware has deactivated it. The new one is latched. */
static void fold_over(struct ferry_virq *i)
{
	virq_clear(i, VIRQ_OVER | VIRQ_LOADED | VIRQ_CARRIED | VIRQ_ACTIVE);
}

/* A linked level interrupt that the guest has not taken, and its line is low: it never was. */
static void resample(struct ferry_vgic *g, struct ferry_virq *i)
{
	if (virq_is(i, VIRQ_EDGE) || ferry_host_phys(g->ctx, i->phys, FERRY_PHYS_IS_PENDING))
		return;
	virq_clear(i, VIRQ_LATCH);
	ferry_virq_release(g, i);
}

static void fold_state(struct ferry_vgic *g, struct ferry_virq *i, uint32_t state)
{
	bool linked = virq_is(i, VIRQ_CARRIED) && !virq_is(i, VIRQ_OWED);

	virq_clear(i, VIRQ_ACTIVE);
	if (state & LR_ACTIVE)
		virq_set(i, VIRQ_ACTIVE);
	if (state & LR_PENDING && virq_is(i, VIRQ_LOADED)) {
		if (i->source != FERRY_NO_SOURCE)
			i->sources = (uint8_t)(i->sources | 1u << i->source);
		else
			virq_set(i, VIRQ_LATCH);
	}
	virq_clear(i, VIRQ_LOADED);
	if (linked && !state)
		virq_clear(i, VIRQ_PHYS | VIRQ_CARRIED);
	if (linked && state == LR_PENDING) {
		virq_clear(i, VIRQ_CARRIED);
		resample(g, i);
	}
	if (virq_is(i, VIRQ_OWED) && !(state & LR_ACTIVE))
		ferry_virq_release(g, i);
}

/* I held. */
static vcpu_set fold_one(struct ferry_vgic *g, struct ferry_vcpu *c, struct ferry_virq *i,
			 uint32_t state)
{
	i->at = AT_SPILLED;
	if (virq_is(i, VIRQ_OVER))
		fold_over(i);
	else
		fold_state(g, i, state);
	return ferry_virq_settle(g, i, true, c->index);
}

/* Ends that the guest has made of interrupts in no list register (ICH_HCR_EL2.EOIcount, IHI
 * 0069H 12.4.4): of those with the highest priority, as it can only end in that order. */
static vcpu_set fold_count(struct ferry_vgic *g, struct ferry_vcpu *c)
{
	uint32_t count = (uint32_t)ferry_host_ich_read(g->ctx, FERRY_ICH_HCR) >> 27;
	uint32_t some[31], n = ferry_vcpu_pick(g, c, PICK_ACTIVE, 3, count, some);
	vcpu_set set = 0;

	while (n) {
		struct ferry_virq *i = ferry_vgic_virq(g, c->index, some[--n] & 0xffff);

		lock(g, &i->lock);
		ferry_vcpu_forget(g, c, i->number);
		/* Else another vCPU has ended it just now: that was this end. */
		if (i->owner == c->index)
			virq_set(i, VIRQ_DEACTIVATE);
		set |= ferry_virq_settle(g, i, true, c->index);
		unlock(g, &i->lock);
	}
	return set;
}

vcpu_set ferry_vcpu_fold(struct ferry_vgic *g, struct ferry_vcpu *c)
{
	vcpu_set set = c->outside ? fold_count(g, c) : 0;

	for (uint32_t k = 0; k < c->used; k++) {
		struct ferry_virq *i = ferry_vgic_virq(g, c->index, c->loaded[k]);
		uint32_t state = g->hardware->state(ferry_host_ich_read(g->ctx, FERRY_ICH_LR0 + k));

		lock(g, &i->lock);
		set |= fold_one(g, c, i, state);
		unlock(g, &i->lock);
	}
	c->used = 0;
	c->outside = 0;
	return set;
}
