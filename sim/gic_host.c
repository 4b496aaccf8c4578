/* SPDX-License-Identifier: MIT */
/*
 * gic_host.c: the GIC's part of irqferry/host.h on the simulated machine. As in host.c,
 * a CPU yields before each access that others could see.
 */
#include "gic.h"

#define SAW_GIC 16ull

static void saw(struct machine *m, uint64_t value)
{
	if (m->config.explore && !m->quiet && m->current != NONE)
		sim_observe(m, SAW_GIC << 56 ^ value);
}

static bool among(uint32_t offset, uint32_t first, uint32_t n)
{
	return offset - first < n;
}

/* Explored: can nobody else tell when this access is made? Private interrupts of this CPU,
 * which nobody sends it; what never changes. */
static bool is_own(const struct machine *m, enum ferry_gic_frame frame, uint32_t unit,
		   uint32_t offset)
{
	if (frame == FERRY_GICR)
		return arm_redistributor(m, unit, offset) == m->current &&
		       (offset % GIC_STRIDE >= 0x10000 || among(offset % GIC_STRIDE, 0, 0x10));
	if (frame == FERRY_GICC)
		return !m->gic->cpu[m->current].on && among(offset, 4, 8);
	/* GICv2's banked words: 128 bytes of bits, of which the first is. */
	return m->config.gic == 2 && frame == FERRY_GICD &&
	       ((among(offset, 0x080, 0x380) && offset % 128 < 4) || among(offset, 0x400, 32) ||
		among(offset, 0x800, 32) || among(offset, 0xc00, 8) || among(offset, 0xf10, 16));
}

static enum mover mover_of(const struct machine *m, enum ferry_gic_frame frame, uint32_t unit,
			   uint32_t offset)
{
	if (!m->config.explore || m->current == NONE)
		return MOVES_NOT;
	return is_own(m, frame, unit, offset) ? MOVES_BOTH : MOVES_NOT;
}

/* Where in its ring the ITS is tells nothing, but how much is left. */
static uint64_t left(const struct gic_its *t, uint64_t creadr)
{
	uint64_t size = ((t->cbaser & 0xff) + 1) * 4096;

	return (t->cwriter + size - (creadr & ~31ull)) % size | (creadr & 31);
}

static uint64_t read(struct machine *m, enum ferry_gic_frame frame, uint32_t unit, uint32_t offset,
		     uint32_t bytes)
{
	uint64_t value;

	cpu_yield_for(m, mover_of(m, frame, unit, offset));
	value = arm_read(m, frame, unit, offset, bytes);
	saw(m, frame == FERRY_GITS && offset == 0x90 ? left(&m->gic->its[unit], value) : value);
	return value;
}

static void write(struct machine *m, enum ferry_gic_frame frame, uint32_t unit, uint32_t offset,
		  uint32_t bytes, uint64_t value)
{
	cpu_yield_for(m, mover_of(m, frame, unit, offset));
	/* GICv2 sends SGIs through the distributor. */
	if (frame == FERRY_GICD && m->config.gic == 2 && offset == 0x0f00 && m->current != NONE &&
	    m->cpu[m->current].unfenced)
		violation(m, V_BROKEN, m->current, NONE,
			  "an SGI is sent before what was stored is visible");
	arm_write(m, frame, unit, offset, bytes, value);
}

uint32_t ferry_host_gic_read(void *ctx, enum ferry_gic_frame frame, uint32_t unit, uint32_t offset)
{
	return (uint32_t)read(ctx, frame, unit, offset, 4);
}

uint64_t ferry_host_gic_read64(void *ctx, enum ferry_gic_frame frame, uint32_t unit,
			       uint32_t offset)
{
	return read(ctx, frame, unit, offset, 8);
}

void ferry_host_gic_write(void *ctx, enum ferry_gic_frame frame, uint32_t unit, uint32_t offset,
			  uint32_t value)
{
	write(ctx, frame, unit, offset, 4, value);
}

void ferry_host_gic_write64(void *ctx, enum ferry_gic_frame frame, uint32_t unit, uint32_t offset,
			    uint64_t value)
{
	write(ctx, frame, unit, offset, 8, value);
}

void ferry_host_gic_write8(void *ctx, enum ferry_gic_frame frame, uint32_t unit, uint32_t offset,
			   uint8_t value)
{
	write(ctx, frame, unit, offset, 1, value);
}

void ferry_host_barrier(void *ctx, enum ferry_barrier barrier)
{
	struct machine *m = ctx;
	struct gic_cpu *g = m->current == NONE ? NULL : &m->gic->cpu[m->current];

	if (m->quiet || !g) {
		m->gic->cpu[0].fence += !g;
		return;
	}
	cpu_yield_for(m, m->config.weak ? MOVES_NOT : MOVES_BOTH);
	if (barrier == FERRY_BARRIER_CONTEXT) {
		g->unseen = g->unseen_sre = false;
		return;
	}
	cpu_flush(m, m->current);
	m->cpu[m->current].unfenced = false;
	if (barrier == FERRY_BARRIER_DEVICE)
		g->fence++;
}

/* Before there are CPUs nothing happens by itself. */
static bool wait_alone(struct machine *m, bool (*done)(void *arg), void *arg)
{
	while (!done(arg))
		if (!arm_drain(m))
			return false;
	return true;
}

/* Is it true, and has nobody else to do with it? */
static bool own_condition(struct machine *m, bool (*done)(void *arg), void *arg)
{
	uint64_t reads = m->out->reads, own = RES_CPU(m->current & 3) | RES_IRR(m->current & 3);
	bool now;

	m->out->reads = 0;
	m->quiet = true;
	now = done(arg);
	m->quiet = false;
	now = now && !(m->out->reads & ~own);
	m->out->reads = reads;
	if (now)
		cpu_yield_for(m, MOVES_BOTH);
	return now;
}

bool ferry_host_wait_ns(void *ctx, bool (*done)(void *arg), void *arg, uint64_t ns)
{
	struct machine *m = ctx;
	struct sim_cpu *c;
	bool now;

	if (m->current == NONE)
		return wait_alone(m, done, arg);
	c = &m->cpu[m->current];
	if (m->config.explore && own_condition(m, done, arg))
		return true;
	cpu_yield_for(m, MOVES_NOT);
	m->quiet = true;
	now = done(arg);
	m->quiet = false;
	if (now)
		return true;
	c->done = done;
	c->arg = arg;
	c->deadline = m->config.storm ? m->now + ns : NEVER;
	cpu_block(m, CPU_WAIT);
	c->deadline = NEVER;
	m->quiet = true;
	now = done(arg);
	m->quiet = false;
	c->committed = true;
	saw(m, now);
	return now;
}

void ferry_host_local(void *ctx, uint32_t cpu, uint32_t intid, uint32_t from)
{
	struct machine *m = ctx;

	if (cpu != m->current)
		violation(m, V_BROKEN, m->current, NONE, "interrupt %u of CPU %u on another one",
			  intid, cpu);
	if (m->config.client->local)
		m->config.client->local(m, cpu, intid, from);
}

uint64_t ferry_host_icc_read(void *ctx, enum ferry_icc reg)
{
	struct machine *m = ctx;
	uint64_t value;

	cpu_yield_for(m, reg == FERRY_ICC_IAR1 ? MOVES_NOT :
			 m->config.explore     ? MOVES_BOTH :
						 MOVES_LEFT);
	value = arm_icc_read(m, reg);
	if (reg == FERRY_ICC_IAR1)
		machine_say(m, "acknowledges interrupt %u", (unsigned)value);
	saw(m, value);
	return value;
}

/* The drop of a priority is this CPU's alone, a deactivation is not. */
void ferry_host_icc_write(void *ctx, enum ferry_icc reg, uint64_t value)
{
	struct machine *m = ctx;
	const struct gic_cpu *g = m->current == NONE ? NULL : &m->gic->cpu[m->current];
	bool own = reg == FERRY_ICC_EOIR1 && g && g->split;

	/* Nothing is presented to an interface that is off. */
	if (m->config.explore && reg < FERRY_ICC_IGRPEN1 && g && !g->on)
		cpu_yield_for(m, MOVES_BOTH);
	else
		cpu_yield_for(m, own ? MOVES_LEFT : MOVES_NOT);
	arm_icc_write(m, reg, value);
}

void ferry_host_its_sync(void *ctx, const void *start, uint32_t bytes)
{
	struct machine *m = ctx;

	/* A queue's memory is nobody's until GITS_CWRITER is written. */
	cpu_yield_for(m, m->config.explore && bytes >= 32 ? MOVES_BOTH : MOVES_NOT);
	if (m->current != NONE) {
		cpu_flush(m, m->current);
		m->cpu[m->current].unfenced = false;
	}
	arm_its_sync(m, start, bytes);
}
