/* SPDX-License-Identifier: MIT */
/*
 * vcpu.c: a vCPU is loaded, enters and leaves the guest, is powered on and off.
 *
 * Takes I of one interrupt at a time. On the vCPU's own thread, but for power on.
 */
#include "vgic/fold.h"

#define SCAN_BATCH 64u /* interrupts that one entry looks at, and up to 31 more */

/* ---- scan ------------------------------------------------------------------------------ */

/* It has become as dull as all others: it is not looked at again. */
static bool is_dull(struct ferry_vgic *g, struct ferry_virq *i)
{
	uint32_t n = virq_index(g, i);

	if (i->at != AT_NONE || ferry_virq_matters(i))
		return false;
	i->noted = 0;
	ferry_host_and(g->ctx, &g->live[n / 32], ~(1u << n % 32));
	return true;
}

/* One that this vCPU has, or that is nobody's and aims at it. Others have their own scan. */
static vcpu_set scan_one(struct ferry_vgic *g, uint32_t vcpu, struct ferry_virq *i)
{
	vcpu_set set = 0;
	uint32_t whose;

	lock(g, &i->lock);
	whose = i->owner == VGIC_NOBODY ? i->target : i->owner;
	if (!is_dull(g, i)) {
		if (i->target == vcpu)
			ferry_virq_reroute(g, i);
		if (i->at != AT_LR && whose == vcpu)
			set = ferry_virq_settle(g, i, true, vcpu);
	}
	unlock(g, &i->lock);
	return set;
}

/* From `word` of the vCPU's bitmap on, until `n` or some more have been looked at. Where it goes
 * on; g->words: that was all. */
static uint32_t scan(struct ferry_vgic *g, uint32_t vcpu, uint32_t word, uint32_t n, vcpu_set *set)
{
	for (uint32_t done = 0; word < g->words && done < n; word++) {
		struct ferry_virq *first = ferry_vgic_virq(g, vcpu, word * 32);
		uint32_t bits = load(g, &g->live[virq_index(g, first) / 32]);

		for (; bits; bits &= bits - 1, done++)
			*set |= scan_one(g, vcpu, first + __builtin_ctz(bits));
	}
	return word;
}

/* The next batch. A request that comes in the middle means all of them again. */
static bool serve_scan(struct ferry_vgic *g, struct ferry_vcpu *c, uint32_t bits, vcpu_set *set)
{
	uint32_t word;

	if (!(bits & (REQUEST_ALL | REQUEST_SCANNING)))
		return false;
	word = bits & REQUEST_ALL ? 0 : load(g, &c->scanned);
	word = scan(g, c->index, word, SCAN_BATCH, set) % g->words;
	ferry_host_store(g->ctx, &c->scanned, word);
	return word != 0;
}

/* ---- into the guest and out of it ----------------------------------------------------------- */

static void set_mode(struct ferry_vgic *g, struct ferry_vcpu *c, uint32_t mode)
{
	ferry_host_store(g->ctx, &c->mode, mode);
}

static void leave_guest(struct ferry_vgic *g, struct ferry_vcpu *c, vcpu_set set)
{
	set |= ferry_vcpu_fold(g, c);
	set_mode(g, c, VCPU_OUT);
	ferry_vgic_kick(g, set);
}

/* Requests first, then what they are about: one that comes later is seen at the end. What
 * list registers hold already (direct.c) stays there if there is none, else it is folded before
 * the request is taken for seen. */
int ferry_vcpu_enter(struct ferry_vgic *g, uint32_t vcpu)
{
	struct ferry_vcpu *c = &g->vcpus[vcpu];
	vcpu_set set = 0;
	bool more = false;
	uint32_t bits;

	set_mode(g, c, VCPU_FILLING);
	if (c->used && load(g, &c->request))
		set = ferry_vcpu_fold(g, c);
	if (!c->used) {
		bits = ferry_host_xchg(g->ctx, &c->request, 0);
		c->hinted |= bits & REQUEST_HINTS;
		more = serve_scan(g, c, bits, &set);
		if (more)
			ferry_host_or(g->ctx, &c->request, REQUEST_SCANNING);
	}
	if (g->residents)
		g->residents->obey(g, vcpu);
	more = ferry_vcpu_fill(g, c, &set) || more;
	if (!more) {
		ferry_vgic_kick(g, set);
		set = 0;
		ferry_host_xchg(g->ctx, &c->mode, VCPU_GUEST + load(g, &c->cpu) - 1);
		if (!load(g, &c->request))
			return FERRY_OK;
	}
	leave_guest(g, c, set);
	return FERRY_E_AGAIN;
}

void ferry_vcpu_exit(struct ferry_vgic *g, uint32_t vcpu)
{
	leave_guest(g, &g->vcpus[vcpu], 0);
}

/* ---- on a CPU and off it --------------------------------------------------------- */

/* A GICH has no FERRY_ICH_AP0R. */
static bool is_kept(const struct ferry_vgic *g, uint32_t reg)
{
	if (reg < FERRY_ICH_AP0R0)
		return reg == FERRY_ICH_VMCR;
	return reg % 4 < g->aprs && (reg >= FERRY_ICH_AP1R0 || g->hardware->ap0);
}

static void move_interface(struct ferry_vgic *g, struct ferry_vcpu *c, bool in)
{
	for (uint32_t reg = 0; reg < sizeof(c->kept) / sizeof(c->kept[0]); reg++) {
		if (!is_kept(g, reg))
			continue;
		if (in)
			ferry_host_ich_write(g->ctx, reg, c->kept[reg]);
		else
			c->kept[reg] = (uint32_t)ferry_host_ich_read(g->ctx, reg);
	}
}

void ferry_vcpu_load(struct ferry_vgic *g, uint32_t vcpu, uint32_t cpu)
{
	struct ferry_vcpu *c = &g->vcpus[vcpu];

	move_interface(g, c, true);
	ferry_host_store(g->ctx, &c->cpu, cpu + 1);
	if (ferry_host_xchg(g->ctx, &c->home, cpu + 1) != cpu + 1)
		(void)ferry_vcpu_request(g, vcpu, REQUEST_SCAN);
	if (g->residents)
		g->residents->load(g, vcpu);
}

void ferry_vcpu_put(struct ferry_vgic *g, uint32_t vcpu)
{
	struct ferry_vcpu *c = &g->vcpus[vcpu];

	if (g->residents)
		g->residents->put(g, vcpu);
	move_interface(g, c, false);
	ferry_vcpu_clear(g, c);
	ferry_host_ich_write(g->ctx, FERRY_ICH_HCR, 0);
	ferry_host_store(g->ctx, &c->cpu, 0);
}

/* ---- power ----------------------------------------------------------------------- */

/* When it is powered on again no priority is active, groups are off, the mask is 0 (IHI 0069H
 * 12.2, 12.4): a handler that was under way never ends. */
static void reset_interface(struct ferry_vgic *g, struct ferry_vcpu *c)
{
	for (uint32_t reg = 0; reg < sizeof(c->kept) / sizeof(c->kept[0]); reg++)
		c->kept[reg] = 0;
	if (load(g, &c->cpu))
		move_interface(g, c, true);
}

/* From now on nothing should be there: that is looked after for all at once. */
static vcpu_set power_off(struct ferry_vgic *g, struct ferry_vcpu *c)
{
	uint32_t vcpu = c->index;
	vcpu_set set = 0;

	ferry_host_xchg(g->ctx, &c->on, VCPU_GOING);
	reset_interface(g, c);
	for (uint32_t n = 0; n < VGIC_PRIVATE; n++)
		set |= ferry_virq_order(g, ferry_vgic_virq(g, vcpu, n),
					VIRQ_DEACTIVATE | VIRQ_UNPEND);
	if (g->residents)
		g->residents->off(g, vcpu);
	(void)scan(g, vcpu, 0, g->numbers, &set);
	ferry_host_store(g->ctx, &c->on, 0);
	return set;
}

int ferry_vcpu_power(struct ferry_vgic *g, uint32_t vcpu, bool on)
{
	struct ferry_vcpu *c;

	if (vcpu >= g->nvcpus)
		return FERRY_E_INVALID;
	c = &g->vcpus[vcpu];
	if (on) {
		if (!ferry_host_cas(g->ctx, &c->on, 0, VCPU_ON))
			return FERRY_E_STATE;
		ferry_vgic_kick(g, ferry_vcpu_request(g, vcpu, REQUEST_SCAN));
		return FERRY_OK;
	}
	if (load(g, &c->on) != VCPU_ON || load(g, &c->mode) >= VCPU_FILLING)
		return FERRY_E_STATE;
	ferry_vgic_kick(g, power_off(g, c));
	return FERRY_OK;
}
