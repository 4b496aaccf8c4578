/* SPDX-License-Identifier: MIT */
/*
 * place.c: where a virtual interrupt should be, and how it gets there.
 *
 * Lock order: L of a vCPU > I of an interrupt; never two of a kind.
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
	uint32_t vcpu = VGIC_NOBODY;

	if (virq_is(i, VIRQ_DEAD))
		return VGIC_NOBODY;
	if (virq_is(i, VIRQ_ACTIVE))
		vcpu = i->place.owner;
	else if (ferry_virq_signalled(g, i))
		vcpu = i->target;
	if (vcpu == VGIC_NOBODY || !ferry_host_load(g->ctx, &g->vcpus[vcpu].on))
		return VGIC_NOBODY;
	return vcpu;
}

/* ---- physical side --------------------------------------------------------------- */

/* With two strategies the physical route waits until the old owner is done. */
static bool route_waits(const struct ferry_vgic *g, const struct ferry_virq *i)
{
	bool in_flight = i->place.at == AT_LR || virq_is(i, VIRQ_ACTIVE);

	return g->strategy != FERRY_LAZY_EARLY && in_flight && i->place.owner != VGIC_NOBODY &&
	       i->place.owner != i->target;
}

void ferry_virq_reroute(struct ferry_vgic *g, struct ferry_virq *i)
{
	uint32_t home;

	if (i->phys == FERRY_NONE || virq_is(i, VIRQ_RESIDENT) || i->target == VGIC_NOBODY ||
	    route_waits(g, i))
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
	if (!virq_is(i, VIRQ_RESIDENT) || i->routed != VGIC_NOWHERE)
		ferry_host_phys(g->ctx, i->phys, FERRY_PHYS_DEACTIVATE);
}

void ferry_virq_obey(struct ferry_vgic *g, struct ferry_virq *i, uint32_t flags)
{
	virq_clear(i, flags);
	if (flags & VIRQ_UNPEND) {
		virq_clear(i, VIRQ_LATCH);
		i->sources = 0;
		if (!virq_is(i, VIRQ_CARRIED))
			ferry_virq_release(g, i);
		if (i->phys != FERRY_NONE && !virq_is(i, VIRQ_RESIDENT))
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

/* ---- lists: L and I held ------------------------------------------------------------ */

/* One more (1), or one less (-1), on its owner's list. */
static void put(struct ferry_vgic *g, const struct ferry_virq *i, int change)
{
	enum ferry_list list = i->place.at == AT_SPILLED ? SPILLED : QUEUED;
	struct ferry_vcpu *c = &g->vcpus[i->place.owner];
	uint32_t n = i->number / 32;
	uint32_t *word = vgic_list(g, c, list) + n;

	*word ^= 1u << i->number % 32;
	if (*word)
		c->filled[list] |= 1ull << n;
	else
		c->filled[list] &= ~(1ull << n);
	c->count[list] = (uint16_t)(c->count[list] + change);
}

void ferry_virq_link(struct ferry_vgic *g, struct ferry_virq *i, uint32_t vcpu)
{
	bool active = virq_is(i, VIRQ_ACTIVE);

	i->place.owner = (uint8_t)vcpu;
	i->place.at = active ? AT_SPILLED : AT_QUEUED;
	/* An active one keeps the priority it was taken with: that is in the APRs. */
	if (!active)
		i->place.level = (uint8_t)(i->priority | (virq_is(i, VIRQ_GROUP1) ? 1 : 0));
	put(g, i, 1);
}

static void take_off_list(struct ferry_vgic *g, struct ferry_virq *i)
{
	if (i->place.at == AT_QUEUED || i->place.at == AT_SPILLED)
		put(g, i, -1);
}

void ferry_virq_lift(struct ferry_vgic *g, struct ferry_virq *i)
{
	take_off_list(g, i);
	i->place.at = AT_LR;
}

void ferry_virq_unlink(struct ferry_vgic *g, struct ferry_virq *i)
{
	take_off_list(g, i);
	i->place.owner = VGIC_NOBODY;
	i->place.at = AT_NONE;
	if (virq_is(i, VIRQ_DEAD))
		ferry_virq_release(g, i);
	else
		ferry_virq_reroute(g, i);
}

bool ferry_virq_matters(const struct ferry_virq *i)
{
	return virq_is(i, VIRQ_ACTIVE) || i->phys != FERRY_NONE || ferry_virq_pending(i);
}

void ferry_virq_note(struct ferry_vgic *g, struct ferry_virq *i)
{
	uint32_t n = virq_index(g, i);

	if (i->noted || !ferry_virq_matters(i))
		return;
	i->noted = 1;
	ferry_host_or(g->ctx, &g->live[n / 32], 1u << n % 32);
}

uint32_t ferry_virq_sort(struct ferry_vgic *g, struct ferry_virq *i, uint32_t orders)
{
	uint32_t owner = i->place.owner;

	if (orders)
		ferry_virq_obey(g, i, orders);
	ferry_virq_note(g, i);
	if (owner != VGIC_NOBODY && ferry_virq_where(g, i) == owner) {
		take_off_list(g, i);
		ferry_virq_link(g, i, owner);
		return VGIC_NOBODY;
	}
	if (owner != VGIC_NOBODY)
		ferry_virq_unlink(g, i);
	return ferry_virq_where(g, i);
}

/* ---- carrying out --------------------------------------------------------------------- */

vcpu_set ferry_virq_place_at(struct ferry_vgic *g, struct ferry_virq *i, uint32_t vcpu)
{
	struct ferry_vcpu *c;
	vcpu_set set = 0;

	if (vcpu == VGIC_NOBODY)
		return 0;
	c = &g->vcpus[vcpu];
	lock(g, &c->lock);
	lock(g, &i->lock);
	if (i->place.at == AT_NONE && ferry_virq_where(g, i) == vcpu) {
		ferry_virq_link(g, i, vcpu);
		set = ferry_vcpu_request(g, vcpu, REQUEST_LOOK);
	}
	unlock(g, &i->lock);
	unlock(g, &c->lock);
	return set;
}

/* Must its owner do it, at its next fold or fill? A PPI's physical side is on its CPU alone. */
static bool is_owners(const struct ferry_virq *i, uint32_t locked, uint32_t orders)
{
	return i->place.at == AT_LR ||
	       (i->place.owner != VGIC_NOBODY && i->place.owner != locked) ||
	       (orders && virq_is(i, VIRQ_RESIDENT) && i->routed != VGIC_NOWHERE);
}

uintptr_t ferry_virq_begin(struct ferry_vgic *g, struct ferry_virq *i)
{
	uintptr_t flags = vgic_off(g);

	lock(g, &i->lock);
	return flags;
}

/* On a list it can only be changed with L held, too: I is let go in between. Whoever comes there
 * sees what was changed already, and carries out orders. So none are left over but for the fold of
 * who has it in a list register: one that is not in the guest would obey who knows when. */
vcpu_set ferry_virq_end(struct ferry_vgic *g, struct ferry_virq *i, uintptr_t flags,
			uint32_t orders, bool told)
{
	struct ferry_virq_place was = i->place;
	ferry_lock *list = NULL;
	vcpu_set set = 0;
	uint32_t next = VGIC_NOBODY, looker;

	virq_set(i, orders);
	if (was.at == AT_QUEUED || was.at == AT_SPILLED) {
		unlock(g, &i->lock);
		list = &g->vcpus[was.owner].lock;
		lock(g, list);
		lock(g, &i->lock);
	}
	orders = i->flags & VIRQ_ORDERS;
	if (!is_owners(i, was.owner, orders))
		next = ferry_virq_sort(g, i, orders);
	looker = i->place.owner != VGIC_NOBODY ? i->place.owner : i->target;
	if (i->place.at == AT_LR)
		set = ferry_vcpu_request(g, looker, told ? REQUEST_LOOK : REQUEST_QUIET);
	else if (virq_is(i, VIRQ_ORDERS) ||
		 (i->place.at != AT_NONE && (i->place.at != was.at || i->place.level != was.level)))
		set = ferry_vcpu_request(g, looker, REQUEST_LOOK);
	unlock(g, &i->lock);
	if (list)
		unlock(g, list);
	set |= ferry_virq_place_at(g, i, next);
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
	struct ferry_vcpu *c = &g->vcpus[vcpu];
	uint32_t mode;

	if (ferry_host_or(g->ctx, &c->request, REQUEST_KICKED) & REQUEST_KICKED)
		return;
	mode = load(g, &c->mode);
	if (mode >= VCPU_GUEST)
		ferry_host_vcpu_kick(g->ctx, vcpu, mode - VCPU_GUEST);
	else if (mode == VCPU_BLOCKED && ferry_host_cas(g->ctx, &c->mode, VCPU_BLOCKED, VCPU_OUT))
		ferry_host_vcpu_kick(g->ctx, vcpu, FERRY_NONE);
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

	return !(load(l->g, &l->c->request) & REQUEST_KICKED) ||
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
