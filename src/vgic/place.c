/* SPDX-License-Identifier: MIT */
/*
 * place.c: where a virtual interrupt should be, and how it gets there.
 *
 * Takes I of one interrupt at a time.
 */
#include "vgic/vgic.h"

bool ferry_virq_pending(const struct ferry_virq *i)
{
	return virq_is(i, VIRQ_LATCH) || i->sources ||
	       (i->flags & (VIRQ_EDGE | VIRQ_LINE)) == VIRQ_LINE;
}

bool ferry_virq_signalled(const struct ferry_vgic *g, const struct ferry_virq *i)
{
	uint32_t group = virq_is(i, VIRQ_GROUP1) ? 2 : 1;

	return virq_is(i, VIRQ_ENABLED) && ferry_virq_pending(i) &&
	       ferry_host_load(g->ctx, &g->ctlr) & group;
}

/* The rule. Active ones stay with who has them; what pends is its target's; nothing is with one
 * that is off. */
uint32_t ferry_virq_where(const struct ferry_vgic *g, const struct ferry_virq *i)
{
	uint32_t vcpu = virq_is(i, VIRQ_ACTIVE) ? i->owner : i->target;

	if (vcpu == VGIC_NOBODY || virq_is(i, VIRQ_DEAD) ||
	    !(virq_is(i, VIRQ_ACTIVE) || ferry_virq_signalled(g, i)) ||
	    ferry_host_load(g->ctx, &g->vcpus[vcpu].on) != VCPU_ON)
		return VGIC_NOBODY;
	return vcpu;
}

/* ---- physical side --------------------------------------------------------------- */

/* With two strategies the physical route waits until the old owner is done. */
static bool route_waits(const struct ferry_vgic *g, const struct ferry_virq *i)
{
	bool in_flight = i->at == AT_LR || virq_is(i, VIRQ_ACTIVE);

	return g->strategy != FERRY_LAZY_EARLY && in_flight && i->owner != VGIC_NOBODY &&
	       i->owner != i->target;
}

void ferry_virq_reroute(struct ferry_vgic *g, struct ferry_virq *i)
{
	uint32_t home;

	if (!i->phys || virq_is(i, VIRQ_RESIDENT) || i->target == VGIC_NOBODY || route_waits(g, i))
		return;
	home = load(g, &g->vcpus[i->target].home);
	if (!home || home - 1 == i->routed)
		return;
	i->routed = (uint16_t)(home - 1);
	ferry_host_phys_route(g->ctx, i->phys, home - 1);
}

void ferry_virq_release(struct ferry_vgic *g, struct ferry_virq *i)
{
	if (!virq_is(i, VIRQ_PHYS))
		return;
	virq_clear(i, VIRQ_PHYS | VIRQ_CARRIED | VIRQ_OWED);
	ferry_virq_reroute(g, i);
	if (!virq_is(i, VIRQ_RESIDENT))
		ferry_host_phys(g->ctx, i->phys, FERRY_PHYS_DEACTIVATE);
	else if (i->routed != VGIC_NOWHERE)
		virq_set(i, VIRQ_PHYS | VIRQ_OWED); /* by who has it, on its CPU */
}

void ferry_virq_obey(struct ferry_vgic *g, struct ferry_virq *i, uint32_t flags)
{
	virq_clear(i, flags);
	if (flags & VIRQ_UNPEND) {
		virq_clear(i, VIRQ_LATCH);
		i->sources = 0;
		if (!virq_is(i, VIRQ_CARRIED))
			ferry_virq_release(g, i);
		if (i->phys && !virq_is(i, VIRQ_RESIDENT))
			ferry_host_phys(g->ctx, i->phys, FERRY_PHYS_UNPEND);
	}
	if (flags & VIRQ_DEACTIVATE && virq_is(i, VIRQ_ACTIVE)) {
		virq_clear(i, VIRQ_ACTIVE);
		if (virq_is(i, VIRQ_CARRIED))
			ferry_virq_release(g, i);
	}
	if (flags & VIRQ_ACTIVATE)
		virq_set(i, VIRQ_ACTIVE);
}

/* ---- hints ------------------------------------------------------------------------ */

bool ferry_virq_matters(const struct ferry_virq *i)
{
	return virq_is(i, VIRQ_ACTIVE) || i->phys || ferry_virq_pending(i);
}

void ferry_virq_note(struct ferry_vgic *g, struct ferry_virq *i)
{
	uint32_t n = virq_index(g, i);

	if (i->noted || !ferry_virq_matters(i))
		return;
	i->noted = 1;
	ferry_host_or(g->ctx, &g->live[n / 32], 1u << n % 32);
}

/* Have the vCPU look at it. */
static void hint(struct ferry_vgic *g, struct ferry_virq *i, uint32_t vcpu)
{
	struct ferry_vcpu *c = &g->vcpus[vcpu];
	uint32_t key = virq_key(i);

	if (virq_is(i, VIRQ_ACTIVE))
		key = (load(g, &i->key) & KEY_WHAT) | (vcpu + 1) << KEY_ACTIVE;
	ferry_host_store(g->ctx, &i->key, key);
	ferry_host_or(g->ctx, vgic_hint(g, c, i->number), 1u << i->number % 32);
}

/* ---- carrying out --------------------------------------------------------------------- */

vcpu_set ferry_virq_settle(struct ferry_vgic *g, struct ferry_virq *i, bool ask, uint32_t self)
{
	uint32_t orders = i->flags & VIRQ_ORDERS, vcpu;
	vcpu_set set = 0;

	if (i->at == AT_LR)
		return ferry_vcpu_request(g, i->owner, ask ? REQUEST_LOOK : REQUEST_QUIET);
	if (orders)
		ferry_virq_obey(g, i, orders);
	if (orders && virq_is(i, VIRQ_RESIDENT))
		set = ferry_vcpu_request(g, i->target, REQUEST_LOOK);
	ferry_virq_note(g, i);
	vcpu = ferry_virq_where(g, i);
	if (i->owner != VGIC_NOBODY && (vcpu == VGIC_NOBODY || !virq_is(i, VIRQ_ACTIVE))) {
		ferry_host_and(g->ctx, &i->key, KEY_WHAT);
		i->owner = VGIC_NOBODY;
		i->at = AT_NONE;
		ferry_virq_reroute(g, i);
	}
	if (virq_is(i, VIRQ_DEAD))
		ferry_virq_release(g, i);
	/* What is active has its owner's hint since it was folded. */
	if (vcpu == VGIC_NOBODY || (vcpu == i->owner && vcpu != self))
		return set;
	hint(g, i, vcpu);
	if (vcpu != self)
		return set | ferry_vcpu_request(g, vcpu, REQUEST_LOOK | REQUEST_HINT(i->number));
	g->vcpus[vcpu].hinted |= REQUEST_HINT(i->number);
	return set;
}

uintptr_t ferry_virq_begin(struct ferry_vgic *g, struct ferry_virq *i)
{
	uintptr_t flags = vgic_off(g);

	lock(g, &i->lock);
	return flags;
}

vcpu_set ferry_virq_end(struct ferry_vgic *g, struct ferry_virq *i, uintptr_t flags,
			uint32_t orders, bool ask)
{
	vcpu_set set;

	virq_set(i, orders);
	set = ferry_virq_settle(g, i, ask, VGIC_NOBODY);
	unlock(g, &i->lock);
	vgic_restore(g, flags);
	return set;
}

/* ---- requests and kicks ------------------------------------------------------------------ */

vcpu_set ferry_vcpu_request(struct ferry_vgic *g, uint32_t vcpu, uint32_t request)
{
	ferry_host_or(g->ctx, &g->vcpus[vcpu].request, request);
	return request == REQUEST_QUIET ? 0 : vcpu_bit(vcpu);
}

/* Who comes into the guest looks at its requests after it has said so, and who kicks looks at
 * the mode after it has set a bit: one of the two sees the other. One kick is enough until
 * the vCPU has come by. */
static void kick(struct ferry_vgic *g, uint32_t vcpu)
{
	ferry_atomic *cell = &g->vcpus[vcpu].mode;
	uint32_t mode = load(g, cell), next = VCPU_OUT, cpu = FERRY_NONE;

	if (mode >= VCPU_GUEST) {
		next = mode | VCPU_KICKED;
		cpu = mode - VCPU_GUEST;
	}
	if (mode != VCPU_OUT && mode != VCPU_FILLING && mode != next &&
	    ferry_host_cas(g->ctx, cell, mode, next))
		ferry_host_vcpu_kick(g->ctx, vcpu, cpu);
}

void ferry_vgic_kick(struct ferry_vgic *g, vcpu_set set)
{
	for (; set; set &= set - 1)
		kick(g, (uint32_t)__builtin_ctzll(set));
}

struct looker {
	struct ferry_vgic *g;
	struct ferry_vcpu *c;
};

static bool has_looked(void *arg)
{
	const struct looker *l = arg;

	return !(load(l->g, &l->c->request) & REQUEST_LOOK) ||
	       load(l->g, &l->c->mode) < VCPU_FILLING;
}

void ferry_vgic_sync(struct ferry_vgic *g, vcpu_set set)
{
	struct looker l = { g, g->vcpus };

	ferry_vgic_kick(g, set);
	for (; set; set >>= 1, l.c++)
		if (set & 1 && !has_looked(&l))
			ferry_host_wait(g->ctx, has_looked, &l);
}
