/* SPDX-License-Identifier: MIT */
/*
 * timer.c: the EL1 virtual timer of a vCPU, saved and restored; while it is saved, a software
 * timer of the host stands in for it: that only has the vCPU run.
 *
 * Lock order: T of a vCPU > I of an interrupt; never two of a kind.
 */
#include "vgic/resident.h"

static uint32_t control(struct ferry_vgic *g)
{
	return (uint32_t)ferry_host_timer_read(g->ctx, FERRY_TIMER_CTL) & 7;
}

/* Its line follows at once, or soon; what is read after is not older. */
static void set_control(struct ferry_vgic *g, uint32_t value)
{
	ferry_host_timer_write(g->ctx, FERRY_TIMER_CTL, value);
	ferry_host_barrier(g->ctx, FERRY_BARRIER_CONTEXT);
}

bool ferry_timer_line(struct ferry_vgic *g)
{
	return control(g) == (TIMER_ENABLE | TIMER_STATUS);
}

void ferry_timer_mask(struct ferry_vgic *g)
{
	set_control(g, TIMER_ENABLE | TIMER_MASK);
}

void ferry_timer_off(struct ferry_vgic *g)
{
	set_control(g, 0);
}

void ferry_timer_save(struct ferry_vgic *g, struct ferry_vcpu *c)
{
	c->timer_ctl = control(g);
	c->timer_cval = ferry_host_timer_read(g->ctx, FERRY_TIMER_CVAL);
	ferry_timer_off(g);
}

/* Enabled last: with an old CVAL its line would be high for a moment. */
void ferry_timer_restore(struct ferry_vgic *g, const struct ferry_vcpu *c)
{
	ferry_host_timer_write(g->ctx, FERRY_TIMER_OFFSET, g->timer_offset);
	ferry_host_timer_write(g->ctx, FERRY_TIMER_CVAL, c->timer_cval);
	ferry_host_barrier(g->ctx, FERRY_BARRIER_CONTEXT);
	set_control(g, c->timer_ctl & (TIMER_ENABLE | TIMER_MASK));
}

/* When does the line of the saved timer rise? All is unsigned and of 64 bits, and the guest's
 * count wraps with the offset (DDI 0487 D11); what would be later than the last count is never. */
static uint64_t rises_at(struct ferry_vgic *g, const struct ferry_vcpu *c)
{
	uint64_t now, count, left;

	if ((c->timer_ctl & (TIMER_ENABLE | TIMER_MASK)) != TIMER_ENABLE)
		return TIMER_NEVER;
	/* A count that was read early is too small: nobody would look again. */
	ferry_host_barrier(g->ctx, FERRY_BARRIER_CONTEXT);
	now = ferry_host_timer_read(g->ctx, FERRY_TIMER_COUNT);
	count = now - g->timer_offset;
	if (count >= c->timer_cval)
		return 0;
	left = c->timer_cval - count;
	return left > TIMER_NEVER - now ? TIMER_NEVER : now + left;
}

uint64_t ferry_timer_look(struct ferry_vgic *g, struct ferry_vcpu *c, struct ferry_virq *i)
{
	uint64_t at = rises_at(g, c);

	if (at)
		return at;
	if (!virq_is(i, VIRQ_EDGE))
		virq_set(i, VIRQ_LINE);
	else if (!(c->timer_ctl & TIMER_STATUS))
		virq_set(i, VIRQ_LATCH);
	c->timer_ctl |= TIMER_STATUS;
	return 0;
}

/* Late, when the vCPU is loaded: then the timer itself tells. */
static vcpu_set look(struct ferry_vgic *g, const struct ferry_resident *r, uint32_t vcpu)
{
	struct ferry_vcpu *c = &g->vcpus[vcpu];
	struct ferry_virq *i = ferry_resident_begin(g, r, vcpu);

	if (!c->timer_armed) {
		unlock(g, &i->lock);
		unlock(g, &c->lock);
		return 0;
	}
	c->timer_armed = ferry_timer_look(g, c, i) != 0;
	return ferry_resident_end(g, i, VGIC_NOBODY);
}

void ferry_vcpu_timer(struct ferry_vgic *g, uint32_t vcpu)
{
	uintptr_t flags = vgic_off(g);
	vcpu_set set = 0;

	for (uint32_t n = 0; n < g->nresident && vcpu < g->nvcpus; n++)
		if (g->resident[n].timer)
			set = look(g, &g->resident[n], vcpu);
	vgic_restore(g, flags);
	ferry_vgic_kick(g, set);
}

void ferry_vgic_timer_offset(struct ferry_vgic *g, uint64_t offset)
{
	g->timer_offset = offset;
}
