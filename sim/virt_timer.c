/* SPDX-License-Identifier: MIT */
/*
 * virt_timer.c: the EL1 virtual timer of each CPU (DDI 0487 D11.2), software timers of
 * vCPUs, and a device whose PPI follows the resident vCPU.
 *
 * The timer of a vCPU is a source like others, if one is wired to VIRT_TIMER_PPI of that vCPU:
 * its line is what the guest's registers say, whatever the host has made of the hardware's.
 *
 * In a storm the counter is the virtual time. Explored it goes on by one with each L_TICK,
 * as long as something waits for it, until config.ticks.
 */
#include "virt.h"

#define ENABLE 1u
#define IMASK 2u
#define ISTATUS 4u

uint64_t virt_count(const struct machine *m)
{
	return m->config.storm ? m->now : m->virt->count;
}

static bool has_come(const struct machine *m, const struct virt_cpu *v)
{
	return (v->ctl & ENABLE) && virt_count(m) - v->offset >= v->cval;
}

/* Of one that is on no CPU: as it was when it was last left. */
bool virt_timer_has_come(const struct machine *m, uint32_t vcpu)
{
	const struct virt_vcpu *g = &m->virt->vcpu[vcpu];
	uint32_t cpu;

	for (cpu = 0; cpu < m->config.cpus; cpu++)
		if (m->virt->cpu[cpu].loaded == vcpu + 1)
			return has_come(m, &m->virt->cpu[cpu]);
	return (g->ctl & ENABLE) && virt_count(m) - g->offset >= g->cval;
}

/* ---- the guest's view ------------------------------------------------------------- */

static bool output(const struct machine *m, uint32_t vcpu)
{
	const struct virt_vcpu *g = &m->virt->vcpu[vcpu];

	return g->powered && (g->ctl & (ENABLE | IMASK)) == ENABLE &&
	       virt_count(m) - g->offset >= g->cval;
}

void virt_timer_follow(struct machine *m, uint32_t vcpu, bool handled)
{
	uint32_t src = virt_source_of(m, vcpu, VIRT_TIMER_PPI);
	bool now = output(m, vcpu);

	if (src == NONE || !m->virt->source[src].timer || now == m->source[src].line)
		return;
	if (now)
		virt_inject_event(m, src);
	else if (handled)
		virt_line_done(m, src);
	else
		virt_line_fell(m, src);
}

/* ---- lines ------------------------------------------------------------------------ */

static void set_line(struct machine *m, uint32_t cpu, uint32_t ppi, bool on)
{
	struct gic_cpu *g = &m->gic->cpu[cpu];
	uint32_t bit = 1u << ppi, was = g->line[0] & bit;

	sim_writes(m, RES_IRR(cpu & 3));
	g->line[0] = (g->line[0] & ~bit) | (on ? bit : 0);
	if (on && !was && (g->edge[0] & bit))
		g->pending[0] |= bit;
	arm_signal(m, cpu);
}

void virt_device_line(struct machine *m, uint32_t cpu, bool asserted)
{
	set_line(m, cpu, VIRT_DEVICE_PPI, asserted);
}

void virt_timer_update(struct machine *m, uint32_t cpu)
{
	const struct virt_cpu *v = &m->virt->cpu[cpu];
	bool come = has_come(m, v);

	sim_writes(m, RES_TIME);
	set_line(m, cpu, VIRT_TIMER_PPI, come && !(v->ctl & IMASK));
	if (v->vcpu)
		virt_timer_follow(m, v->vcpu - 1, false);
	if (m->config.storm && (v->ctl & ENABLE) && !come && v->cval + v->offset > m->now)
		machine_at(m, v->cval + v->offset, label_of(L_TICK, cpu, 0));
}

/* ---- registers -------------------------------------------------------------------- */

static uint64_t read_timer(struct machine *m, uint32_t cpu, enum ferry_timer reg)
{
	const struct virt_cpu *v = &m->virt->cpu[cpu];

	switch (reg) {
	case FERRY_TIMER_CTL:
		sim_reads(m, RES_TIME);
		return v->ctl | (has_come(m, v) ? ISTATUS : 0);
	case FERRY_TIMER_CVAL:
		return v->cval;
	case FERRY_TIMER_OFFSET:
		return v->offset;
	case FERRY_TIMER_COUNT:
		sim_reads(m, RES_TIME);
		return virt_count(m);
	}
	return 0;
}

static void write_timer(struct machine *m, uint32_t cpu, enum ferry_timer reg, uint64_t value)
{
	struct virt_cpu *v = &m->virt->cpu[cpu];

	switch (reg) {
	case FERRY_TIMER_CTL:
		v->ctl = value & (ENABLE | IMASK);
		break;
	case FERRY_TIMER_CVAL:
		v->cval = value;
		break;
	case FERRY_TIMER_OFFSET:
		v->offset = value;
		break;
	case FERRY_TIMER_COUNT:
		violation(m, V_BROKEN, cpu, NONE, "the counter is written");
		return;
	}
	virt_timer_update(m, cpu);
}

/* What the guest sees of it: its counter is behind by CNTVOFF. */
uint64_t virt_timer_get(struct machine *m, uint32_t vcpu, enum ferry_timer reg)
{
	uint32_t cpu = m->virt->vcpu[vcpu].on - 1;
	uint64_t offset = m->virt->cpu[cpu].offset;

	return read_timer(m, cpu, reg) - (reg == FERRY_TIMER_COUNT ? offset : 0);
}

void virt_timer_set(struct machine *m, uint32_t vcpu, enum ferry_timer reg, uint64_t value)
{
	struct virt_vcpu *g = &m->virt->vcpu[vcpu];
	const struct virt_active *a = g->nactive ? &g->active[g->nactive - 1] : NULL;

	if (reg == FERRY_TIMER_CTL)
		g->ctl = value & (ENABLE | IMASK);
	else if (reg == FERRY_TIMER_CVAL)
		g->cval = value;
	virt_timer_follow(m, vcpu, a && a->intid == VIRT_TIMER_PPI);
	write_timer(m, g->on - 1, reg, value);
}

static void saw(struct machine *m, uint64_t value)
{
	if (m->config.explore && !m->quiet && m->current != NONE)
		sim_observe(m, value);
}

/* This CPU's own, but for the counter. */
static enum mover mover_of(const struct machine *m, enum ferry_timer reg)
{
	if (!m->config.explore)
		return MOVES_LEFT;
	return reg == FERRY_TIMER_CTL || reg == FERRY_TIMER_COUNT ? MOVES_NOT : MOVES_BOTH;
}

uint64_t ferry_host_timer_read(void *ctx, enum ferry_timer reg)
{
	struct machine *m = ctx;
	uint64_t value;

	cpu_yield_for(m, mover_of(m, reg));
	if (m->out->counts)
		m->out->counts->timer++;
	value = read_timer(m, m->current, reg);
	saw(m, value);
	return value;
}

void ferry_host_timer_write(void *ctx, enum ferry_timer reg, uint64_t value)
{
	struct machine *m = ctx;

	cpu_yield_for(m, m->config.explore ? MOVES_NOT : MOVES_LEFT);
	if (m->out->counts)
		m->out->counts->timer++;
	machine_say(m, "writes register %u of its timer: %llu", (unsigned)reg,
		    (unsigned long long)value);
	write_timer(m, m->current, reg, value);
}

/* ---- software timers -------------------------------------------------------------- */

void ferry_host_timer_at(void *ctx, uint32_t vcpu, uint64_t count)
{
	struct machine *m = ctx;
	struct virt_vcpu *g = &m->virt->vcpu[vcpu];

	cpu_yield_for(m, MOVES_NOT);
	sim_writes(m, RES_TIME);
	g->soft_at = count;
	if (m->config.storm && count != UINT64_MAX)
		machine_at(m, count > m->now ? count : m->now + 1, label_of(L_SOFT, vcpu, 0));
}

static uint32_t online_cpu(const struct machine *m, uint32_t first)
{
	uint32_t i, cpu;

	for (i = 0; i < m->config.cpus; i++) {
		cpu = (first + i) % m->config.cpus;
		if (!m->cpu[cpu].parked && m->gic->cpu[cpu].on)
			return cpu;
	}
	return NONE;
}

/* Have virt_irq on some CPU that is online tell the library of these vCPUs. */
void virt_soft_tell(struct machine *m, uint32_t first, uint64_t vcpus)
{
	uint32_t cpu = online_cpu(m, first);

	if (!vcpus || cpu == NONE)
		return;
	sim_writes(m, RES_CPU(cpu & 3) | RES_IRR(cpu & 3));
	m->virt->cpu[cpu].soft_due |= vcpus;
	m->gic->cpu[cpu].pending[0] |= 1u << VIRT_SOFT_PPI;
	arm_signal(m, cpu);
}

void virt_soft(struct machine *m, uint32_t vcpu)
{
	struct virt_vcpu *g = &m->virt->vcpu[vcpu];

	sim_writes(m, RES_TIME);
	virt_timer_follow(m, vcpu, false);
	/* Asked for anew since: that moment has a label of its own. */
	if (g->soft_at > virt_count(m))
		return;
	g->soft_at = UINT64_MAX;
	virt_soft_tell(m, g->home ? g->home - 1u : 0, 1ull << vcpu);
}

/* ---- labels ----------------------------------------------------------------------- */

void virt_tick(struct machine *m, uint32_t cpu)
{
	uint32_t i;

	if (m->config.storm) {
		virt_timer_update(m, cpu);
		return;
	}
	m->virt->count++;
	for (i = 0; i < m->config.cpus; i++)
		virt_timer_update(m, i);
	for (i = 0; i < m->config.vcpus; i++)
		virt_timer_follow(m, i, false);
}

/* Does anything depend on how late it is? */
static bool is_awaited(const struct machine *m)
{
	uint64_t now = virt_count(m);
	uint32_t i;

	for (i = 0; i < m->config.cpus; i++) {
		const struct virt_cpu *v = &m->virt->cpu[i];

		if ((v->ctl & ENABLE) && !has_come(m, v))
			return true;
	}
	for (i = 0; i < m->config.vcpus; i++)
		if (m->virt->vcpu[i].soft_at != UINT64_MAX && m->virt->vcpu[i].soft_at > now)
			return true;
	return false;
}

void virt_timer_labels(struct machine *m, void (*add)(void *list, label l), void *list)
{
	uint32_t i;

	if (!m->config.virt_timer)
		return;
	if (!m->config.storm && m->virt->count < m->config.ticks && is_awaited(m))
		add(list, label_of(L_TICK, 0, 0));
	for (i = 0; i < m->config.vcpus; i++)
		if (m->virt->vcpu[i].soft_at <= virt_count(m))
			add(list, label_of(L_SOFT, i, 0));
}
