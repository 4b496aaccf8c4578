/* SPDX-License-Identifier: MIT */
/*
 * resident.c: physical PPIs that belong to whichever vCPU is loaded on their CPU.
 *
 * VIRQ_PHYS is the truth about a PPI's active state: set, it is active on the CPU
 * ferry_virq.routed, or nowhere while that is VGIC_NOWHERE. While nobody is loaded, the PPI of
 * a CPU is disabled and inactive. What its line would be while it is nowhere is VIRQ_LINE:
 * whether it has the vCPU run, or is only seen to pend, is decided as for all interrupts.
 *
 * Lock order: T of a vCPU > I of an interrupt; never two of a kind.
 */
#include "vgic/resident.h"

static bool ask(struct ferry_vgic *g, const struct ferry_resident *r, enum ferry_phys what)
{
	return ferry_host_phys(g->ctx, r->phys, what);
}

struct ferry_virq *ferry_resident_begin(struct ferry_vgic *g, const struct ferry_resident *r,
					uint32_t vcpu)
{
	struct ferry_virq *i = ferry_vgic_virq(g, vcpu, r->intid);

	lock(g, &g->vcpus[vcpu].lock);
	lock(g, &i->lock);
	return i;
}

vcpu_set ferry_resident_end(struct ferry_vgic *g, struct ferry_virq *i, uint32_t self)
{
	struct ferry_vcpu *c = &g->vcpus[i->target];
	vcpu_set set = ferry_virq_settle(g, i, true, self);

	unlock(g, &i->lock);
	unlock(g, &c->lock);
	return set;
}

static bool is_switched_device(const struct ferry_resident *r)
{
	return !r->timer && !resident_is_fixed(r);
}

/* I held, on its CPU: what others, or a fold, have found to be over is deactivated. */
static void obey(struct ferry_vgic *g, const struct ferry_resident *r, struct ferry_virq *i)
{
	if ((i->flags & (VIRQ_OWED | VIRQ_CARRIED)) != VIRQ_OWED)
		return;
	virq_clear(i, VIRQ_PHYS | VIRQ_OWED);
	ask(g, r, FERRY_PHYS_DEACTIVATE);
}

/* ---- leaving a CPU ----------------------------------------------------------------- */

/* T and I held. An edge that nobody has taken is in the PPI alone, and would be the next
 * vCPU's. */
static void leave(struct ferry_vgic *g, const struct ferry_resident *r, struct ferry_virq *i)
{
	obey(g, r, i);
	if (r->edge && ask(g, r, FERRY_PHYS_IS_PENDING)) {
		ask(g, r, FERRY_PHYS_UNPEND);
		virq_set(i, VIRQ_LATCH);
	}
	if (resident_is_fixed(r))
		return;
	if (virq_is(i, VIRQ_PHYS))
		ask(g, r, FERRY_PHYS_DEACTIVATE);
	i->routed = VGIC_NOWHERE;
}

/* The source first, then the PPI: a line that is still high when the active state goes would
 * have it come once more. */
static vcpu_set put_one(struct ferry_vgic *g, const struct ferry_resident *r, uint32_t vcpu)
{
	struct ferry_vcpu *c = &g->vcpus[vcpu];
	bool high = is_switched_device(r) && ferry_host_resident_save(g->ctx, vcpu, r->intid);
	struct ferry_virq *i = ferry_resident_begin(g, r, vcpu);
	uint64_t at = TIMER_NEVER;
	vcpu_set set;

	if (r->timer)
		ferry_timer_save(g, c);
	ask(g, r, FERRY_PHYS_DISABLE);
	leave(g, r, i);
	if (r->timer)
		at = ferry_timer_look(g, c, i);
	else if (high || (resident_is_fixed(r) && ask(g, r, FERRY_PHYS_IS_PENDING)))
		virq_set(i, VIRQ_LINE);
	if (r->timer)
		c->timer_armed = at && at != TIMER_NEVER;
	/* One that is blocked already has to be told. */
	set = ferry_resident_end(g, i, load(g, &c->mode) == VCPU_BLOCKED ? VGIC_NOBODY : vcpu);
	if (at && at != TIMER_NEVER)
		ferry_host_timer_at(g->ctx, vcpu, at);
	return set;
}

/* ---- coming to a CPU --------------------------------------------------------------- */

/* T held. The line that rises with the restored timer is no new edge if it was high before. */
static void restart(struct ferry_vgic *g, const struct ferry_resident *r, struct ferry_vcpu *c)
{
	c->timer_armed = 0;
	ferry_timer_restore(g, c);
	if (r->edge && c->timer_ctl & TIMER_STATUS)
		ask(g, r, FERRY_PHYS_UNPEND);
}

/* What the line is, the PPI tells from now on. Enabled last. */
static vcpu_set load_one(struct ferry_vgic *g, const struct ferry_resident *r, uint32_t vcpu)
{
	struct ferry_vcpu *c = &g->vcpus[vcpu];
	struct ferry_virq *i = ferry_resident_begin(g, r, vcpu);
	bool armed = r->timer && c->timer_armed;
	vcpu_set set;

	virq_clear(i, VIRQ_LINE);
	i->routed = (uint16_t)(load(g, &c->cpu) - 1);
	obey(g, r, i); /* a fixed one's, left while it was put */
	if (virq_is(i, VIRQ_PHYS) && !resident_is_fixed(r))
		ask(g, r, FERRY_PHYS_ACTIVATE);
	if (r->timer)
		restart(g, r, c);
	set = ferry_resident_end(g, i, vcpu);
	if (armed)
		ferry_host_timer_at(g->ctx, vcpu, TIMER_NEVER);
	if (is_switched_device(r))
		ferry_host_resident_restore(g->ctx, vcpu, r->intid);
	ask(g, r, FERRY_PHYS_ENABLE);
	return set;
}

/* ---- while it is there ------------------------------------------------------------- */

static vcpu_set obey_one(struct ferry_vgic *g, const struct ferry_resident *r, uint32_t vcpu)
{
	struct ferry_virq *i = ferry_vgic_virq(g, vcpu, r->intid);

	lock(g, &i->lock);
	obey(g, r, i);
	unlock(g, &i->lock);
	return 0;
}

/* Its timer is off after a reset (as in ARMv7; later architectures leave it open). */
static vcpu_set off_one(struct ferry_vgic *g, const struct ferry_resident *r, uint32_t vcpu)
{
	struct ferry_vcpu *c = &g->vcpus[vcpu];
	struct ferry_virq *i = ferry_resident_begin(g, r, vcpu);
	bool armed = r->timer && c->timer_armed;
	vcpu_set set;

	if (r->timer && load(g, &c->cpu))
		ferry_timer_off(g);
	if (r->timer)
		c->timer_ctl = c->timer_armed = 0;
	ferry_virq_obey(g, i, VIRQ_UNPEND | VIRQ_DEACTIVATE);
	if (load(g, &c->cpu))
		obey(g, r, i);
	virq_clear(i, VIRQ_LINE);
	set = ferry_resident_end(g, i, vcpu);
	if (armed)
		ferry_host_timer_at(g->ctx, vcpu, TIMER_NEVER);
	return set;
}

static void each(struct ferry_vgic *g, uint32_t vcpu,
		 vcpu_set (*one)(struct ferry_vgic *g, const struct ferry_resident *r,
				 uint32_t vcpu))
{
	vcpu_set set = 0;

	for (uint32_t n = 0; n < g->nresident; n++)
		if (resident_is_of(&g->resident[n], vcpu))
			set |= one(g, &g->resident[n], vcpu);
	ferry_vgic_kick(g, set);
}

static void load_all(struct ferry_vgic *g, uint32_t vcpu)
{
	each(g, vcpu, load_one);
}

static void put_all(struct ferry_vgic *g, uint32_t vcpu)
{
	each(g, vcpu, put_one);
}

static void obey_all(struct ferry_vgic *g, uint32_t vcpu)
{
	each(g, vcpu, obey_one);
}

static void off_all(struct ferry_vgic *g, uint32_t vcpu)
{
	each(g, vcpu, off_one);
}

/* ---- before all that --------------------------------------------------------------- */

static bool one_valid(const struct ferry_resident *r, uint32_t vcpus)
{
	return r->intid >= 16 && r->intid < VGIC_PRIVATE && r->phys >= 16 &&
	       r->phys < VGIC_PRIVATE && r->scheme <= FERRY_RESIDENT_INJECTED && r->timer <= 1 &&
	       r->edge <= 1 && (r->scheme != FERRY_RESIDENT_INJECTED || r->timer) &&
	       (r->scheme != FERRY_RESIDENT_FIXED || r->vcpu < vcpus);
}

/* All different, of at most one that is a timer. */
static bool valid(const struct ferry_vgic_config *k)
{
	uint32_t timers = 0;

	if (k->nresident > FERRY_RESIDENTS)
		return false;
	for (uint32_t n = 0; n < k->nresident; n++) {
		if (!k->resident || !one_valid(&k->resident[n], k->vcpus))
			return false;
		timers += k->resident[n].timer;
		for (uint32_t m = 0; m < n; m++)
			if (k->resident[m].intid == k->resident[n].intid ||
			    k->resident[m].phys == k->resident[n].phys)
				return false;
	}
	return timers <= 1;
}

static void init_one(struct ferry_vgic *g, uint32_t vcpu)
{
	for (uint32_t n = 0; n < g->nresident; n++) {
		const struct ferry_resident *r = &g->resident[n];
		struct ferry_virq *i = ferry_vgic_virq(g, vcpu, r->intid);

		if (!resident_is_of(r, vcpu))
			continue;
		i->phys = r->phys;
		virq_set(i, VIRQ_RESIDENT | (r->edge ? VIRQ_EDGE : 0));
	}
}

static void init(struct ferry_vgic *g, const struct ferry_vgic_config *k)
{
	g->nresident = k->nresident;
	for (uint32_t n = 0; n < k->nresident; n++)
		g->resident[n] = k->resident[n];
	for (uint32_t vcpu = 0; vcpu < g->nvcpus; vcpu++)
		init_one(g, vcpu);
}

const struct ferry_resident_ops ferry_residents = { valid,   init,     load_all,
						    put_all, obey_all, off_all };

/* ---- it comes ---------------------------------------------------------------------- */

static bool is_high(struct ferry_vgic *g, const struct ferry_resident *r)
{
	if (r->timer)
		return ferry_timer_line(g);
	return r->edge || ask(g, r, FERRY_PHYS_IS_PENDING);
}

/* I held. Late ones are nobody's: the vCPU was put or has no such PPI, or it is another's timer
 * that had been signalled. One that is active for this vCPU already does not come. */
static void accept(struct ferry_vgic *g, const struct ferry_resident *r, struct ferry_virq *i)
{
	if (virq_is(i, VIRQ_PHYS))
		return;
	if (i->routed == VGIC_NOWHERE || !is_high(g, r)) {
		ask(g, r, FERRY_PHYS_DEACTIVATE);
		return;
	}
	virq_set(i, VIRQ_LATCH);
	if (r->scheme != FERRY_RESIDENT_INJECTED) {
		virq_set(i, VIRQ_PHYS);
		return;
	}
	ferry_timer_mask(g);
	ask(g, r, FERRY_PHYS_DEACTIVATE);
}

static vcpu_set arrive(struct ferry_vgic *g, const struct ferry_resident *r, uint32_t vcpu)
{
	struct ferry_virq *i;
	uintptr_t flags;

	if (vcpu >= g->nvcpus) {
		ask(g, r, FERRY_PHYS_DEACTIVATE);
		return 0;
	}
	/* The timer is read after the acknowledge that brought us here. */
	ferry_host_barrier(g->ctx, FERRY_BARRIER_CONTEXT);
	i = ferry_vgic_virq(g, vcpu, r->intid);
	flags = ferry_virq_begin(g, i);
	accept(g, r, i);
	return ferry_virq_end(g, i, flags, 0, true);
}

int ferry_vgic_resident(struct ferry_vgic *g, uint32_t vcpu, uint32_t phys)
{
	uintptr_t flags;

	for (uint32_t n = 0; n < g->nresident; n++) {
		if (g->resident[n].phys != phys)
			continue;
		flags = vgic_off(g);
		ferry_vgic_kick(g, arrive(g, &g->resident[n], vcpu));
		vgic_restore(g, flags);
		return FERRY_OK;
	}
	return FERRY_E_INVALID;
}
