/* SPDX-License-Identifier: MIT */
/*
 * fold.c: from list registers into interrupts. Each one says what became of the instance it
 * was given: not taken, active, ended.
 *
 * Lock order: L of a vCPU > I of an interrupt; never two of a kind.
 */
#include "vgic/fold.h"

void ferry_later_sort(struct ferry_vgic *g, struct ferry_later *later, struct ferry_virq *i,
		      uint32_t orders)
{
	uint32_t vcpu = ferry_virq_sort(g, i, orders);

	if (vcpu == VGIC_NOBODY || later->n == VGIC_LATER)
		return;
	later->virq[later->n] = i;
	later->vcpu[later->n++] = (uint8_t)vcpu;
}

vcpu_set ferry_later_place(struct ferry_vgic *g, const struct ferry_later *later)
{
	vcpu_set set = 0;

	for (uint32_t k = 0; k < later->n; k++)
		set |= ferry_virq_place_at(g, later->virq[k], later->vcpu[k]);
	return set;
}

/* Sorted by priority, of equals the one that was there first; `want` at most. How many then. */
static uint32_t insert(struct ferry_virq **out, uint32_t got, uint32_t want, struct ferry_virq *i)
{
	uint32_t k = got;

	while (k && (i->place.level & 0xfe) < (out[k - 1]->place.level & 0xfe))
		k--;
	if (k == want)
		return got;
	got += got < want;
	for (uint32_t last = got - 1; last > k; last--)
		out[last] = out[last - 1];
	out[k] = i;
	return got;
}

uint32_t ferry_vcpu_pick(const struct ferry_vgic *g, const struct ferry_vcpu *c,
			 enum ferry_list list, uint32_t groups, uint32_t want,
			 struct ferry_virq **out)
{
	const uint32_t *map = vgic_list(g, c, list);
	uint32_t got = 0;

	for (uint64_t words = c->filled[list]; words; words &= words - 1) {
		uint32_t word = (uint32_t)__builtin_ctzll(words);

		for (uint32_t bits = map[word]; bits; bits &= bits - 1) {
			struct ferry_virq *i = ferry_vgic_virq(
				g, c->index, word * 32 + (uint32_t)__builtin_ctz(bits));

			if (groups >> (i->place.level & 1) & 1)
				got = insert(out, got, want, i);
		}
	}
	return got;
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
	if (virq_is(i, VIRQ_EDGE) || !virq_is(i, VIRQ_PHYS) ||
	    ferry_host_phys(g->ctx, i->phys, FERRY_PHYS_IS_PENDING))
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

/* L and I held. */
static void fold_one(struct ferry_vgic *g, struct ferry_virq *i, uint32_t state,
		     struct ferry_later *later)
{
	/* In no list register, and on no list yet. */
	i->place.at = AT_FOLDED;
	if (virq_is(i, VIRQ_OVER))
		fold_over(i);
	else
		fold_state(g, i, state);
	ferry_later_sort(g, later, i, i->flags & VIRQ_ORDERS);
}

/* Ends that the guest has made of interrupts in no list register (ICH_HCR_EL2.EOIcount, IHI
 * 0069H 12.4.4): of those with the highest priority, as it can only end in that order. */
static void fold_count(struct ferry_vgic *g, const struct ferry_vcpu *c, uint32_t count,
		       struct ferry_later *later)
{
	struct ferry_virq *i;

	while (count-- && ferry_vcpu_pick(g, c, SPILLED, 3, 1, &i)) {
		lock(g, &i->lock);
		ferry_later_sort(g, later, i, VIRQ_DEACTIVATE | (i->flags & VIRQ_ORDERS));
		unlock(g, &i->lock);
	}
}

vcpu_set ferry_vcpu_fold(struct ferry_vgic *g, struct ferry_vcpu *c)
{
	struct ferry_later later;

	later.n = 0;
	lock(g, &c->lock);
	if (c->count[SPILLED])
		fold_count(g, c, (uint32_t)ferry_host_ich_read(g->ctx, FERRY_ICH_HCR) >> 27,
			   &later);
	for (uint32_t k = 0; k < c->used; k++) {
		struct ferry_virq *i = ferry_vgic_virq(g, c->index, c->loaded[k]);
		uint32_t state = g->hardware->state(ferry_host_ich_read(g->ctx, FERRY_ICH_LR0 + k));

		lock(g, &i->lock);
		fold_one(g, i, state, &later);
		unlock(g, &i->lock);
	}
	c->used = 0;
	unlock(g, &c->lock);
	return ferry_later_place(g, &later);
}
