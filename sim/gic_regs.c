/* SPDX-License-Identifier: MIT */
/*
 * gic_regs.c: registers of distributor, redistributors and CPU interfaces. What software
 * may not do is a violation, also where hardware would forgive it.
 * Sections: IHI 0048B 4.3 and 4.4 (GICv2), IHI 0069H 12.8 to 12.11 (GICv3).
 */
#include "gic.h"

#define RWP 0x80000000u
#define ARE 0x10u
#define DS 0x40u
#define IRM 0x80000000u
#define PRIORITY_MASK 0xf8u
#define FRAME_SGI 0x10000u

#define broken(m, ...) violation(m, V_BROKEN, (m)->current, NONE, __VA_ARGS__)

/* Who executes: a CPU, one whose condition is evaluated, or the boot code. */
static uint32_t me(const struct machine *m)
{
	if (m->current != NONE)
		return m->current;
	return m->asking ? (uint32_t)(m->asking - m->cpu) : 0;
}

/* ---- arrays with a bit for each interrupt --------------------------------------- */

enum array {
	GROUP,
	SET_ENABLE,
	CLEAR_ENABLE,
	SET_PENDING,
	CLEAR_PENDING,
	SET_ACTIVE,
	CLEAR_ACTIVE,
	MODIFIER,
	ARRAYS
};

/* Where they begin: for INTIDs from 0, and for extended SPIs. 128 bytes each. */
static const struct {
	uint16_t spi, espi;
} array_at[ARRAYS] = {
	[GROUP] = { 0x0080, 0x1000 },         [SET_ENABLE] = { 0x0100, 0x1200 },
	[CLEAR_ENABLE] = { 0x0180, 0x1400 },  [SET_PENDING] = { 0x0200, 0x1600 },
	[CLEAR_PENDING] = { 0x0280, 0x1800 }, [SET_ACTIVE] = { 0x0300, 0x1a00 },
	[CLEAR_ACTIVE] = { 0x0380, 0x1c00 },  [MODIFIER] = { 0x0d00, 0x3400 },
};

static enum array find_array(uint32_t offset, uint32_t *intid)
{
	enum array a;

	for (a = GROUP; a < ARRAYS; a++) {
		if (offset - array_at[a].spi < 128) {
			*intid = (offset - array_at[a].spi) * 8;
			break;
		}
		if (offset - array_at[a].espi < 128) {
			*intid = FERRY_ESPI_FIRST + (offset - array_at[a].espi) * 8;
			break;
		}
	}
	return a;
}

static bool read_bit(const struct machine *m, enum array a, uint32_t n)
{
	const struct gic_line *l = &m->gic->line[n];

	switch (a) {
	case GROUP:
		return l->group;
	case SET_ENABLE:
	case CLEAR_ENABLE:
		return l->enabled;
	case SET_PENDING:
	case CLEAR_PENDING:
		return l->latch || (!l->edge && l->src && m->source[l->src - 1].line);
	case SET_ACTIVE:
	case CLEAR_ACTIVE:
		return l->active;
	default:
		return false;
	}
}

/* The route is written first, complete, and then it is enabled. */
static void enable(struct machine *m, uint32_t n)
{
	struct gic_line *l = &m->gic->line[n];
	uint32_t cpu = me(m);

	if (!l->enabled && l->routed_by == cpu + 1 && l->fence == m->gic->cpu[cpu].fence)
		broken(m, "interrupt %u is enabled without a barrier after its route was written",
		       arm_intid(m, n));
	if (!l->enabled && !l->routed_by)
		broken(m, "interrupt %u is enabled before it was routed", arm_intid(m, n));
	if (!l->group)
		broken(m, "interrupt %u is enabled in group 0", arm_intid(m, n));
	l->enabled = true;
	l->routed = l->route;
}

static void write_bit(struct machine *m, enum array a, uint32_t n)
{
	struct gic_line *l = &m->gic->line[n];

	switch (a) {
	case SET_ENABLE:
		enable(m, n);
		break;
	case CLEAR_ENABLE:
		l->enabled = false;
		break;
	case SET_PENDING:
	case CLEAR_PENDING:
		arm_pend(m, n, a == SET_PENDING);
		return;
	case SET_ACTIVE:
	case CLEAR_ACTIVE:
		l->active = a == SET_ACTIVE;
		break;
	default:
		return;
	}
	arm_update(m, n);
}

static uint32_t read_lines(struct machine *m, enum array a, uint32_t intid)
{
	uint32_t i, n, word = 0;

	for (i = 0; i < 32; i++) {
		n = arm_index(m, intid + i);
		if (n < m->gic->lines)
			word |= (uint32_t)read_bit(m, a, n) << i;
	}
	return word;
}

static void write_lines(struct machine *m, enum array a, uint32_t intid, uint32_t word)
{
	uint32_t i, n;

	/* IHI 0048B 4.3.4: groups are not for the non-secure side. */
	for (i = 0; i < 32 && !(a == GROUP && m->config.gic == 2); i++) {
		n = arm_index(m, intid + i);
		if (n >= m->gic->lines)
			continue;
		if (a == GROUP)
			m->gic->line[n].group = word >> i & 1;
		else if (word >> i & 1)
			write_bit(m, a, n);
	}
}

/* ---- private interrupts ------------------------------------------------------------ */

static uint32_t *local_bits(struct gic_cpu *g, enum array a)
{
	switch (a) {
	case GROUP:
		return g->group;
	case SET_ENABLE:
	case CLEAR_ENABLE:
		return g->enabled;
	case SET_PENDING:
	case CLEAR_PENDING:
		return g->pending;
	case SET_ACTIVE:
	case CLEAR_ACTIVE:
		return g->active;
	default:
		return NULL;
	}
}

static uint32_t read_local(struct machine *m, uint32_t cpu, enum array a, uint32_t w)
{
	struct gic_cpu *g = &m->gic->cpu[cpu];
	uint32_t *bits = local_bits(g, a);
	uint32_t level = a == SET_PENDING || a == CLEAR_PENDING ? g->line[w] & ~g->edge[w] : 0;

	sim_reads(m, RES_IRR(cpu & 3));
	return bits ? bits[w] | level : 0;
}

static void write_local(struct machine *m, uint32_t cpu, enum array a, uint32_t w, uint32_t value)
{
	struct gic_cpu *g = &m->gic->cpu[cpu];
	uint32_t *bits = local_bits(g, a);

	if (!bits || (a == GROUP && m->config.gic == 2))
		return;
	/* IHI 0048B 4.3.7: GICv2's pending bits of SGIs are read-only here. */
	if (m->config.gic == 2 && !w && (a == SET_PENDING || a == CLEAR_PENDING))
		value &= ~0xffffu;
	if (a == GROUP)
		bits[w] = value;
	else if (a == SET_ENABLE || a == SET_PENDING || a == SET_ACTIVE)
		bits[w] |= value;
	else
		bits[w] &= ~value;
	if (a == SET_ENABLE && (value & ~g->group[w]))
		broken(m, "private interrupts %#x (word %u) are enabled in group 0",
		       value & ~g->group[w], w);
	arm_signal(m, cpu);
}

/* ---- priorities, configuration ------------------------------------------------------- */

/* The byte or field of an interrupt in an array: `spi` and `espi` begin it, `per` bits. */
static bool in_array(uint32_t offset, uint32_t spi, uint32_t espi, uint32_t per, uint32_t *intid)
{
	if (offset - spi < 1024 * per / 8) {
		*intid = (offset - spi) * 8 / per;
		return true;
	}
	*intid = FERRY_ESPI_FIRST + (offset - espi) * 8 / per;
	return espi && offset >= espi && offset - espi < 1024 * per / 8;
}

/* GICv2 banks the first 32; GICv3 has them in the redistributor. */
static uint8_t *priority_at(struct machine *m, uint32_t intid)
{
	uint32_t n = arm_index(m, intid);

	if (m->config.gic == 2 && intid < 32)
		return &m->gic->cpu[me(m)].priority[intid];
	return n < m->gic->lines ? &m->gic->line[n].priority : NULL;
}

static void write_priority(struct machine *m, uint32_t intid, uint8_t value)
{
	uint8_t *p = priority_at(m, intid);
	uint32_t n = arm_index(m, intid);

	if (!p)
		return;
	*p = value & PRIORITY_MASK;
	if (n < m->gic->lines)
		arm_update(m, n);
	else
		arm_signal(m, me(m));
}

static uint32_t read_config(struct machine *m, uint32_t intid)
{
	uint32_t i, n, word = 0;

	for (i = 0; i < 16; i++) {
		n = arm_index(m, intid + i);
		if (m->config.gic == 2 && intid < 32)
			word |= (m->gic->cpu[me(m)].edge[0] >> (intid + i) & 1) << (2 * i + 1);
		else if (n < m->gic->lines)
			word |= (uint32_t)m->gic->line[n].edge << (2 * i + 1);
	}
	return word;
}

static void write_local_config(struct machine *m, uint32_t cpu, uint32_t l, uint32_t word)
{
	uint32_t *edge = &m->gic->cpu[cpu].edge[l / 32], i;

	/* SGIs are edges (IHI 0048B 4.3.13). */
	for (i = 0; l && i < 16; i++)
		*edge = (*edge & ~(1u << (l % 32 + i))) | (word >> (2 * i + 1) & 1) << (l % 32 + i);
	arm_signal(m, cpu);
}

static void write_config(struct machine *m, uint32_t intid, uint32_t word)
{
	uint32_t i, n;
	bool edge;

	if (m->config.gic == 2 && intid < 32) {
		write_local_config(m, me(m), intid, word);
		return;
	}
	for (i = 0; i < 16; i++) {
		n = arm_index(m, intid + i);
		edge = word >> (2 * i + 1) & 1;
		if (n >= m->gic->lines || m->gic->line[n].edge == edge)
			continue;
		if (m->gic->line[n].enabled)
			broken(m, "interrupt %u is made %s while it is enabled", intid + i,
			       edge ? "edge" : "level");
		m->gic->line[n].edge = edge;
		arm_update(m, n);
	}
}

/* ---- routes ---------------------------------------------------------------------------- */

static bool is_affinity(const struct machine *m, uint64_t value)
{
	uint32_t cpu;

	for (cpu = 0; cpu < m->config.cpus; cpu++)
		if (m->gic->cpu[cpu].mpidr == value)
			return true;
	return false;
}

static void set_route(struct machine *m, uint32_t n, uint64_t value)
{
	struct gic_line *l = &m->gic->line[n];
	bool waits = l->routed != l->route;

	sim_writes(m, l->src ? RES_DEVICE(m->source[l->src - 1].device & 3) : 0);
	l->route = value;
	l->routed_by = (uint16_t)(me(m) + 1);
	l->fence = m->gic->cpu[me(m)].fence;
	machine_say(m, "routes interrupt %u to %#llx", arm_intid(m, n), (unsigned long long)value);
	if (!m->config.gic_slow || !l->enabled) {
		l->routed = value;
		arm_update(m, n);
	} else if (!waits && m->config.storm) {
		machine_at(m, m->now + 1 + machine_below(m, m->config.recall_ns),
			   label_of(L_ROUTE, n, 0));
	}
}

static void write_router(struct machine *m, uint32_t intid, uint64_t value)
{
	uint32_t n = arm_index(m, intid);

	if (!(m->gic->ctlr & ARE))
		broken(m, "GICD_IROUTER is written without affinity routing");
	if ((value & IRM) || !is_affinity(m, value))
		broken(m, "interrupt %u is routed to affinity %#llx, which no CPU has", intid,
		       (unsigned long long)value);
	if (n < m->gic->lines)
		set_route(m, n, value);
}

static void write_target(struct machine *m, uint32_t intid, uint8_t value)
{
	uint32_t n = arm_index(m, intid), cpu, all = 0;

	for (cpu = 0; cpu < m->config.cpus; cpu++)
		all |= 1u << arm_bit(cpu);
	if (intid < 32 || (value & ~all))
		broken(m, "interrupt %u is routed to the target bits %#x: %s", intid, value,
		       intid < 32 ? "it is private" : "there are others");
	else if (n < m->gic->lines)
		set_route(m, n, value);
}

static uint32_t read_target(struct machine *m, uint32_t intid)
{
	uint32_t n = arm_index(m, intid);

	/* IHI 0048B 4.3.12: the first eight words tell who reads. */
	if (intid < 32)
		return 1u << arm_bit(me(m));
	return n < m->gic->lines ? (uint32_t)m->gic->line[n].route : 0;
}

/* ---- GICD ----------------------------------------------------------------------------------- */

static uint32_t typer(const struct machine *m)
{
	const struct sim_config *k = &m->config;
	uint32_t lines = (32 + k->spis + 31) / 32 - 1, cpu, value;

	if (k->gic == 2)
		return lines | (k->cpus - 1) << 5;
	/* IDbits 16, A3V, No1N; ESPI and its range; LPIs; RSS. */
	value = lines | 15u << 19 | 1u << 24 | 1u << 25;
	if (k->espis)
		value |= 1u << 8 | ((k->espis + 31) / 32 - 1) << 27;
	if (k->nits)
		value |= 1u << 17;
	for (cpu = 0; cpu < k->cpus; cpu++)
		if ((m->gic->cpu[cpu].mpidr & 0xff) > 15)
			value |= 1u << 26;
	return value;
}

static uint32_t read_gicd_word(struct machine *m, uint32_t offset)
{
	bool v2 = m->config.gic == 2;

	if (offset == 0x0000)
		return m->gic->ctlr | (v2 ? 0 : DS | (m->gic->disabling ? RWP : 0));
	if (offset == 0x0004)
		return typer(m);
	if (offset == 0x0008)
		return 0x43b;
	if (offset == (v2 ? 0x0fe8u : 0xffe8u))
		return v2 ? 0x20 : 0x30;
	broken(m, "read of a word at %#x of the distributor", offset);
	return 0;
}

static uint32_t read_bytes(struct machine *m, uint32_t intid, uint32_t bytes, bool target)
{
	uint32_t i, value = 0;
	uint8_t *p;

	for (i = 0; i < bytes; i++) {
		p = target ? NULL : priority_at(m, intid + i);
		value |= (target ? read_target(m, intid + i) : p ? *p : 0u) << (8 * i);
	}
	return value;
}

/* A GICv2 has no bit that says that a disabled interrupt is presented nowhere any more. A
 * read of the distributor comes after the writes before it, that much can be had. */
static void complete_disables(struct machine *m)
{
	uint32_t n, cpu;

	for (n = 0; m->gic->disabling && n < m->gic->lines; n++)
		for (cpu = 0; m->gic->line[n].disabling && cpu < m->config.cpus; cpu++)
			arm_recall(m, n, cpu);
}

static uint64_t read_gicd(struct machine *m, uint32_t offset, uint32_t bytes)
{
	bool v2 = m->config.gic == 2;
	uint32_t intid, n;
	enum array a = find_array(offset, &intid);

	sim_reads(m, RES_DEVICE(0) | RES_DEVICE(1) | RES_DEVICE(2) | RES_DEVICE(3));
	if (v2)
		complete_disables(m);
	if (bytes == 4 && a < ARRAYS && (v2 ? intid < 1024 : intid >= 32))
		return intid < 32 ? read_local(m, me(m), a, 0) : read_lines(m, a, intid);
	if (bytes < 8 && in_array(offset, 0x0400, v2 ? 0 : 0x2000, 8, &intid))
		return read_bytes(m, intid, bytes, false);
	if (bytes < 8 && v2 && in_array(offset, 0x0800, 0, 8, &intid))
		return read_bytes(m, intid, bytes, true);
	if (bytes == 4 && in_array(offset, 0x0c00, v2 ? 0 : 0x3000, 2, &intid))
		return read_config(m, intid);
	if (bytes == 8 && !v2 && in_array(offset, 0x6000, 0x8000, 64, &intid)) {
		n = arm_index(m, intid);
		return n < m->gic->lines ? m->gic->line[n].route : 0;
	}
	if (bytes == 4)
		return read_gicd_word(m, offset);
	broken(m, "read of %u bytes at %#x of the distributor", bytes, offset);
	return 0;
}

static void write_ctlr(struct machine *m, uint32_t value)
{
	uint32_t n;

	if (m->config.gic == 2)
		value = value & 3 ? 2 : 0;
	/* IHI 0069H 12.9.4: ARE may change only while no group is enabled. */
	else if (((value ^ m->gic->ctlr) & ARE) && (m->gic->ctlr & 3))
		broken(m, "GICD_CTLR.ARE changes with groups enabled");
	m->gic->ctlr = value & (3 | ARE);
	for (n = 0; n < m->gic->lines; n++)
		arm_update(m, n);
}

static void write_sgir(struct machine *m, uint32_t value)
{
	uint32_t cpu, list = value >> 16 & 0xff, filter = value >> 24 & 3;

	/* IHI 0048B 4.3.15 */
	for (cpu = 0; cpu < m->config.cpus; cpu++)
		if (filter == 0 ? list >> arm_bit(cpu) & 1 : (cpu == me(m)) == (filter == 2))
			arm_sgi(m, me(m), cpu, value & 15);
	if (filter == 3)
		broken(m, "GICD_SGIR with filter 3");
}

/* Pending SGIs by sender: a byte each (IHI 0048B 4.3.16). */
static void write_sgi_pending(struct machine *m, uint32_t sgi, uint32_t bytes, uint32_t value)
{
	struct gic_cpu *g = &m->gic->cpu[me(m)];
	uint32_t i;

	for (i = 0; i < bytes; i++) {
		g->sgi_from[sgi + i] &= (uint8_t) ~(value >> (8 * i));
		if (!g->sgi_from[sgi + i])
			g->pending[0] &= ~(1u << (sgi + i));
	}
	arm_signal(m, me(m));
}

static void write_bytes(struct machine *m, uint32_t intid, uint32_t bytes, uint32_t value,
			bool target)
{
	uint32_t i;

	for (i = 0; i < bytes; i++) {
		if (target)
			write_target(m, intid + i, (uint8_t)(value >> (8 * i)));
		else
			write_priority(m, intid + i, (uint8_t)(value >> (8 * i)));
	}
}

static void write_gicd(struct machine *m, uint32_t offset, uint32_t bytes, uint64_t value)
{
	bool v2 = m->config.gic == 2;
	uint32_t intid, word = (uint32_t)value;
	enum array a = find_array(offset, &intid);

	if (bytes == 4 && a < ARRAYS && (v2 ? intid < 1024 : intid >= 32)) {
		if (intid < 32)
			write_local(m, me(m), a, 0, word);
		else
			write_lines(m, a, intid, word);
	} else if (bytes < 8 && in_array(offset, 0x0400, v2 ? 0 : 0x2000, 8, &intid)) {
		write_bytes(m, intid, bytes, word, false);
	} else if (bytes < 8 && v2 && in_array(offset, 0x0800, 0, 8, &intid)) {
		write_bytes(m, intid, bytes, word, true);
	} else if (bytes == 4 && in_array(offset, 0x0c00, v2 ? 0 : 0x3000, 2, &intid)) {
		write_config(m, intid, word);
	} else if (bytes == 8 && !v2 && in_array(offset, 0x6000, 0x8000, 64, &intid)) {
		write_router(m, intid, value);
	} else if (bytes == 4 && offset == 0x0000) {
		write_ctlr(m, word);
	} else if (bytes == 4 && v2 && offset == 0x0f00) {
		write_sgir(m, word);
	} else if (bytes < 8 && v2 && offset - 0x0f10 < 16) {
		write_sgi_pending(m, offset - 0x0f10, bytes, word);
	} else {
		broken(m, "write of %u bytes at %#x of the distributor", bytes, offset);
	}
}

/* ---- GICR ---------------------------------------------------------------------------------- */

static uint64_t gicr_typer(const struct machine *m, uint32_t cpu)
{
	uint64_t a = m->gic->cpu[cpu].mpidr, number = arm_processor_number(m, cpu);

	/* Affinity 63:32, PPInum 31:27 (2: extended PPIs up to 1119), Processor_Number
	 * 23:8, Last 4, PLPIS 0. */
	return ((a >> 32 & 0xff) << 24 | (a & 0xffffff)) << 32 | 2ull << 27 | number << 8 |
	       (uint64_t)arm_is_last(m, cpu) << 4 | (m->config.nits != 0);
}

static uint64_t read_rd(struct machine *m, uint32_t cpu, uint32_t offset, uint32_t bytes)
{
	const struct gic_cpu *g = &m->gic->cpu[cpu];

	if (bytes == 4 && offset == 0x0000)
		return g->lpis;
	if (bytes == 8 && offset == 0x0008)
		return gicr_typer(m, cpu);
	if (bytes == 4 && offset == 0x0014)
		return (uint64_t)g->asleep << 2 | (uint64_t)g->sleep << 1;
	if (bytes == 8 && (offset == 0x0070 || offset == 0x0078))
		return offset == 0x0070 ? g->propbaser : g->pendbaser & ~(1ull << 62);
	if (bytes == 4 && offset == 0xffe8)
		return 0x30;
	broken(m, "read of %u bytes at %#x of a redistributor", bytes, offset);
	return 0;
}

/* 11.1: the CPU's interface is off, and what was written to it is in effect. */
static void write_waker(struct machine *m, uint32_t cpu, bool sleep)
{
	struct gic_cpu *g = &m->gic->cpu[cpu];

	if (cpu != me(m))
		broken(m, "GICR_WAKER of CPU %u is written", cpu);
	if (sleep && (g->on || g->unseen))
		broken(m, "a redistributor is sent to sleep with the interface %s",
		       g->on ? "on" : "perhaps still on");
	if (sleep && g->ending)
		broken(m, "a redistributor is sent to sleep with commands not done");
	g->sleep = sleep;
	if (sleep)
		arm_update_cpu(m, cpu);
	if (m->config.storm)
		machine_at(m, m->now + 50 + machine_below(m, 500), label_of(L_WAKE, cpu, 0));
}

static void write_lpis(struct machine *m, uint32_t cpu, uint32_t value)
{
	struct gic_cpu *g = &m->gic->cpu[cpu];

	if (value & ~0x0fu)
		broken(m, "GICR_CTLR is given %#x", value);
	if (g->lpis && !(value & 1))
		broken(m, "LPIs of CPU %u are switched off, which can't be", cpu);
	if ((value & 1) && !m->config.nits)
		broken(m, "LPIs of CPU %u are switched on, and there are none", cpu);
	if ((value & 1) &&
	    (!(g->propbaser & 0x000ffffffffff000ull) || !(g->pendbaser & 0x000fffffffff0000ull)))
		broken(m, "LPIs of CPU %u are switched on without tables", cpu);
	g->lpis = value & 1;
	arm_update_cpu(m, cpu);
}

/* Each redistributor has a pending table of its own, all the same configuration. */
static void write_table(struct machine *m, uint32_t cpu, bool pending, uint64_t value)
{
	struct gic_cpu *g = &m->gic->cpu[cpu], *o;
	uint32_t other;

	if (g->lpis)
		broken(m, "a table of CPU %u is changed with its LPIs on", cpu);
	for (other = 0; other < m->config.cpus; other++) {
		o = &m->gic->cpu[other];
		if (pending && other != cpu && !((o->pendbaser ^ value) & 0x000fffffffff0000ull))
			broken(m, "CPUs %u and %u share a pending table", cpu, other);
		if (!pending && o->propbaser && ((o->propbaser ^ value) & 0x000ffffffffff000ull))
			broken(m, "CPUs %u and %u have different configurations", cpu, other);
	}
	if (pending)
		g->pendbaser = value;
	else
		g->propbaser = value;
}

static void write_rd(struct machine *m, uint32_t cpu, uint32_t offset, uint32_t bytes,
		     uint64_t value)
{
	if (bytes == 4 && offset == 0x0014)
		write_waker(m, cpu, value >> 1 & 1);
	else if (bytes == 4 && offset == 0x0000)
		write_lpis(m, cpu, (uint32_t)value);
	else if (bytes == 8 && (offset == 0x0070 || offset == 0x0078))
		write_table(m, cpu, offset == 0x0078, value);
	else
		broken(m, "write of %u bytes at %#x of a redistributor", bytes, offset);
}

/* SGI_base: words 0 of SGIs and PPIs, 1 and 2 of extended PPIs. */
static uint64_t read_sgi_frame(struct machine *m, uint32_t cpu, uint32_t offset, uint32_t bytes)
{
	struct gic_cpu *g = &m->gic->cpu[cpu];
	uint32_t intid, i, value = 0;
	enum array a = find_array(offset, &intid);

	if (bytes == 4 && a < ARRAYS && intid < GIC_LOCALS)
		return read_local(m, cpu, a, intid / 32);
	if (bytes < 8 && offset - 0x0400 < GIC_LOCALS) {
		for (i = 0; i < bytes; i++)
			value |= (uint32_t)g->priority[offset - 0x0400 + i] << (8 * i);
		return value;
	}
	if (bytes == 4 && offset - 0x0c00 < GIC_LOCALS / 4) {
		for (i = 0; i < 16; i++)
			value |= (g->edge[(offset - 0xc00) / 8] >> ((offset & 4) * 4 + i) & 1)
				 << (2 * i + 1);
		return value;
	}
	broken(m, "read of %u bytes at %#x of an SGI frame", bytes, offset);
	return 0;
}

static void write_sgi_frame(struct machine *m, uint32_t cpu, uint32_t offset, uint32_t bytes,
			    uint64_t value)
{
	struct gic_cpu *g = &m->gic->cpu[cpu];
	uint32_t intid, i;
	enum array a = find_array(offset, &intid);

	if (bytes == 4 && a < ARRAYS && intid < GIC_LOCALS) {
		write_local(m, cpu, a, intid / 32, (uint32_t)value);
	} else if (bytes < 8 && offset - 0x0400 < GIC_LOCALS) {
		for (i = 0; i < bytes; i++)
			g->priority[offset - 0x0400 + i] = (uint8_t)(value >> (8 * i)) &
							   PRIORITY_MASK;
		arm_signal(m, cpu);
	} else if (bytes == 4 && offset - 0x0c00 < GIC_LOCALS / 4) {
		write_local_config(m, cpu, (offset - 0xc00) * 4, (uint32_t)value);
	} else {
		broken(m, "write of %u bytes at %#x of an SGI frame", bytes, offset);
	}
}

/* ---- GICv2's CPU interface ----------------------------------------------------------------- */

static void write_gicc_ctlr(struct machine *m, uint32_t value)
{
	struct gic_cpu *g = &m->gic->cpu[me(m)];

	g->on = value & 3;
	g->split = value >> 9 & 1;
	arm_update_cpu(m, me(m));
}

static uint64_t read_gicc(struct machine *m, uint32_t offset)
{
	const struct gic_cpu *g = &m->gic->cpu[me(m)];

	switch (offset) {
	case 0x0000:
		return (uint64_t)g->split << 9 | g->on;
	case 0x0004:
		return g->pmr;
	case 0x0008:
		return g->bpr;
	case 0x000c:
		return arm_acknowledge(m, me(m));
	case 0x00fc:
		return 0x0202043b;
	default:
		broken(m, "read at %#x of the CPU interface", offset);
		return 0;
	}
}

static void write_gicc(struct machine *m, uint32_t offset, uint32_t value)
{
	struct gic_cpu *g = &m->gic->cpu[me(m)];

	switch (offset) {
	case 0x0000:
		write_gicc_ctlr(m, value);
		break;
	case 0x0004:
		g->pmr = value & PRIORITY_MASK;
		arm_signal(m, me(m));
		break;
	case 0x0008:
		g->bpr = value & 7;
		break;
	case 0x0010:
		arm_eoi(m, me(m), value);
		break;
	case 0x1000:
		arm_deactivate(m, me(m), value);
		break;
	default:
		broken(m, "write at %#x of the CPU interface", offset);
	}
}

/* ---- frames -------------------------------------------------------------------------------- */

static uint32_t frame_cpu(struct machine *m, uint32_t unit, uint32_t offset, bool write)
{
	uint32_t cpu = m->config.gic == 3 ? arm_redistributor(m, unit, offset) : NONE;
	bool waker = offset % GIC_STRIDE == 0x14;

	if (cpu == NONE)
		broken(m, "access at %#x of region %u: no redistributor lies there", offset, unit);
	else if (write && !waker && (m->gic->cpu[cpu].sleep || m->gic->cpu[cpu].asleep))
		broken(m, "write at %#x of the redistributor of CPU %u, which is asleep",
		       offset % GIC_STRIDE, cpu);
	return cpu;
}

static bool exists(struct machine *m, enum ferry_gic_frame frame, uint32_t unit)
{
	if (frame == FERRY_GICD ? unit == 0 :
	    frame == FERRY_GICC ? unit == 0 && m->config.gic == 2 :
	    frame == FERRY_GICR ? m->config.gic == 3 && unit < GIC_REGIONS :
				  unit < m->config.nits)
		return true;
	broken(m, "access of frame %d, unit %u, which is not there", (int)frame, unit);
	return false;
}

uint64_t arm_read(struct machine *m, enum ferry_gic_frame frame, uint32_t unit, uint32_t offset,
		  uint32_t bytes)
{
	uint32_t cpu;

	if (!exists(m, frame, unit))
		return 0;
	if (frame == FERRY_GICD)
		return read_gicd(m, offset, bytes);
	if (frame == FERRY_GITS)
		return arm_its_read(m, unit, offset, bytes);
	if (frame == FERRY_GICC)
		return read_gicc(m, offset);
	cpu = frame_cpu(m, unit, offset, false);
	if (cpu == NONE)
		return 0;
	sim_reads(m, RES_IRR(cpu & 3));
	offset %= GIC_STRIDE;
	return offset < FRAME_SGI ? read_rd(m, cpu, offset, bytes) :
				    read_sgi_frame(m, cpu, offset - FRAME_SGI, bytes);
}

void arm_write(struct machine *m, enum ferry_gic_frame frame, uint32_t unit, uint32_t offset,
	       uint32_t bytes, uint64_t value)
{
	uint32_t cpu;

	if (!exists(m, frame, unit))
		return;
	if (frame == FERRY_GICD) {
		write_gicd(m, offset, bytes, value);
	} else if (frame == FERRY_GITS) {
		arm_its_write(m, unit, offset, bytes, value);
	} else if (frame == FERRY_GICC) {
		write_gicc(m, offset, (uint32_t)value);
	} else if ((cpu = frame_cpu(m, unit, offset, true)) != NONE) {
		sim_writes(m, RES_IRR(cpu & 3));
		offset %= GIC_STRIDE;
		if (offset < FRAME_SGI)
			write_rd(m, cpu, offset, bytes, value);
		else
			write_sgi_frame(m, cpu, offset - FRAME_SGI, bytes, value);
	}
}

/* ---- GICv3's CPU interface: 12.2 ----------------------------------------------------------- */

static bool may_icc(struct machine *m, enum ferry_icc reg)
{
	const struct gic_cpu *g = &m->gic->cpu[me(m)];

	if (m->config.gic != 3)
		broken(m, "a system register of a GIC that has none");
	else if (reg != FERRY_ICC_SRE && (!g->sre || g->unseen_sre))
		broken(m, "ICC register %d before ICC_SRE.SRE is set and seen", (int)reg);
	else
		return true;
	return reg == FERRY_ICC_SRE;
}

static uint64_t icc_ctlr(const struct machine *m, const struct gic_cpu *g)
{
	bool range = false;
	uint32_t cpu;

	for (cpu = 0; cpu < m->config.cpus; cpu++)
		range = range || (m->gic->cpu[cpu].mpidr & 0xff) > 15;
	/* ExtRange 19, RSS 18, A3V 15, PRIbits 10:8, EOImode 1 */
	return 1u << 19 | (uint64_t)range << 18 | 1u << 15 | 4u << 8 | (uint64_t)g->split << 1;
}

uint64_t arm_icc_read(struct machine *m, enum ferry_icc reg)
{
	const struct gic_cpu *g = &m->gic->cpu[me(m)];

	if (!may_icc(m, reg))
		return 0;
	switch (reg) {
	case FERRY_ICC_SRE:
		return g->sre;
	case FERRY_ICC_PMR:
		return g->pmr;
	case FERRY_ICC_BPR1:
		return g->bpr;
	case FERRY_ICC_CTLR:
		return icc_ctlr(m, g);
	case FERRY_ICC_IGRPEN1:
		return g->on;
	case FERRY_ICC_IAR1:
		return arm_acknowledge(m, me(m));
	default:
		broken(m, "read of ICC register %d, which is write-only", (int)reg);
		return 0;
	}
}

/* 12.2.19 (ICC_SGI1R_EL1): Aff3 55:48, RS 47:44, IRM 40, Aff2 39:32, INTID 27:24, Aff1
 * 23:16, a list of 16 CPUs. */
static void write_sgi1r(struct machine *m, uint64_t value)
{
	uint64_t first = (value >> 48 & 0xff) << 32 | (value >> 32 & 0xff) << 16 |
			 (value >> 16 & 0xff) << 8 | (value >> 44 & 15) << 4;
	uint32_t cpu, list = value & 0xffff, id = value >> 24 & 15;

	if (m->cpu[me(m)].unfenced)
		broken(m, "SGI %u is sent before what was stored is visible", id);
	for (cpu = 0; cpu < m->config.cpus; cpu++) {
		uint64_t at = m->gic->cpu[cpu].mpidr - first;

		if (value >> 40 & 1 ? cpu != me(m) : at < 16 && (list >> at & 1))
			arm_sgi(m, me(m), cpu, id);
		if (!(value >> 40 & 1) && at < 16)
			list &= ~(1u << at);
	}
	if (list && !(value >> 40 & 1))
		broken(m, "SGI %u is sent to a CPU that there is not (%#llx, list %#x)", id,
		       (unsigned long long)first, list);
}

static void write_interface(struct machine *m, enum ferry_icc reg, uint64_t value)
{
	struct gic_cpu *g = &m->gic->cpu[me(m)];

	g->unseen = true;
	if (reg == FERRY_ICC_SRE) {
		g->unseen_sre = !g->sre;
		g->sre = value & 1;
	} else if (reg == FERRY_ICC_PMR) {
		g->pmr = value & PRIORITY_MASK;
	} else if (reg == FERRY_ICC_BPR1) {
		g->bpr = value & 7;
	} else if (reg == FERRY_ICC_CTLR) {
		g->split = value >> 1 & 1;
	} else {
		g->on = value & 1;
	}
	arm_update_cpu(m, me(m));
}

void arm_icc_write(struct machine *m, enum ferry_icc reg, uint64_t value)
{
	if (!may_icc(m, reg))
		return;
	switch (reg) {
	case FERRY_ICC_EOIR1:
		arm_eoi(m, me(m), (uint32_t)value);
		break;
	case FERRY_ICC_DIR:
		arm_deactivate(m, me(m), (uint32_t)value);
		break;
	case FERRY_ICC_SGI1R:
		write_sgi1r(m, value);
		break;
	case FERRY_ICC_IAR1:
		broken(m, "ICC_IAR1 is written");
		break;
	default:
		write_interface(m, reg, value);
	}
}
