/* SPDX-License-Identifier: MIT */
/*
 * direct.c: an interrupt comes where its vCPU is loaded and about to enter the guest: into a list
 * register at once, without a hint. Linked only if used.
 *
 * What is in a list register of a vCPU in VCPU_FILLING is in flight as in the guest's: who
 * changes it leaves a request, and the entry folds before it takes that for seen. So an entry
 * without a request has nothing to look at again.
 *
 * Takes I of one interrupt at a time. On the vCPU's own thread, interrupts off.
 */
#include "vgic/arrive.h"
#include "vgic/fold.h"

/* I held. Not while something has a hint already: what is to be first is found when all are
 * looked at, and only then nothing active is outside, whose ends HCR would have counted.
 * One that is blocked is to be woken. */
static bool can_take(struct ferry_vgic *g, const struct ferry_vcpu *c, const struct ferry_virq *i)
{
	return !c->hinted && c->used < g->lrs && i->at == AT_NONE &&
	       ferry_virq_where(g, i) == c->index && load(g, &c->mode) != VCPU_BLOCKED;
}

/* The mode first: who is to see it folded waits from now on. */
static void take(struct ferry_vgic *g, struct ferry_vcpu *c, struct ferry_virq *i)
{
	ferry_host_store(g->ctx, &c->mode, VCPU_FILLING);
	ferry_host_store(g->ctx, &i->key, virq_key(i));
	(void)ferry_vcpu_take(g, c, i);
	if (c->dirty != c->used)
		ferry_vcpu_clear(g, c);
}

/* I held; it has come. Lets go of I. */
static void end(struct ferry_vgic *g, uint32_t vcpu, struct ferry_virq *i)
{
	struct ferry_vcpu *c = &g->vcpus[vcpu];
	vcpu_set set;

	if (can_take(g, c, i)) {
		take(g, c, i);
		unlock(g, &i->lock);
		return;
	}
	set = ferry_virq_settle(g, i, true, VGIC_NOBODY);
	unlock(g, &i->lock);
	ferry_vgic_kick(g, set);
}

int ferry_vcpu_inject(struct ferry_vgic *g, uint32_t vcpu, uint32_t intid)
{
	uint32_t n = ferry_vgic_number(g, intid);
	struct ferry_virq *i;

	if (n == FERRY_NONE || n < 16 || vcpu >= g->nvcpus)
		return FERRY_E_INVALID;
	i = ferry_vgic_virq(g, vcpu, n);
	lock(g, &i->lock);
	if (i->phys) {
		unlock(g, &i->lock);
		return FERRY_E_STATE;
	}
	arrive_virtual(i);
	end(g, vcpu, i);
	return FERRY_OK;
}

int ferry_vcpu_physical(struct ferry_vgic *g, uint32_t vcpu, uint32_t intid)
{
	struct ferry_virq *i = ferry_vgic_spi(g, intid);

	if (!i || vcpu >= g->nvcpus)
		return FERRY_E_INVALID;
	lock(g, &i->lock);
	if (!i->phys) {
		unlock(g, &i->lock);
		return FERRY_E_STATE;
	}
	arrive_physical(i);
	end(g, vcpu, i);
	return FERRY_OK;
}
