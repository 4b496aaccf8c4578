// SPDX-License-Identifier: MIT
/*
 * GICv2 and GICv3 through the public API, against arrays of registers: what is written
 * where, and in which order. What a GIC makes of it is the simulator's part.
 */
#include "tests/fake_gic.h"
#include "tests/tap.h"
#include <irqferry/guards.h>
#include <string.h>

#define RD_LAST (1ull << 4)
#define RD_VLPIS (1ull << 1)
#define ALL_IN_RD 0x20000u

static uint64_t memory[16384];
static struct ferry *f;
static struct ferry_counters counters[FAKE_CPUS];

/* Sparse, out of order, with Aff3, two of one group, and a range of Aff0 above 15. */
static const struct ferry_mpidr mpidrs[] = {
	{ 0x0000000100ull | 1ull << 31 }, /* bit 31 is no part of an affinity */
	{ 0x0000000000 },
	{ 0x0000000101 },
	{ 0x2200334455 },
	{ 0x0000000013 },
};
#define CPUS 5u

static const struct ferry_gic_region regions[] = { { .bytes = 0x100000 }, { .bytes = 0x60000 } };

static struct ferry_gic_config v3 = {
	.core = { .cpus = CPUS, .irqs = 64, .masks = 8, .restore = true, .counters = counters },
	.variant = &ferry_gicv3,
	.mpidrs = mpidrs,
	.region = regions,
	.regions = 2,
	.spis = 988,
	.espis = 1024,
};

static struct ferry_gic_config v2 = {
	.core = { .cpus = 8, .irqs = 64, .masks = 8, .counters = counters },
	.variant = &ferry_gicv2,
	.spis = 988,
};

static void add_rd(uint32_t region, uint32_t offset, uint64_t affinity, uint64_t more)
{
	struct fake_rd *rd = &fake.rd[fake.nrds];

	rd->region = region;
	rd->offset = offset;
	rd->vlpis = (more & RD_VLPIS) != 0;
	rd->typer = affinity << 32 | (uint64_t)fake.nrds << 8 | more;
	rd->asleep = true;
	rd->waker = 2;
	fake.nrds++;
}

/* Region 0: two frames of 128 KB, one of 256 KB, one of 128 KB, and one that is nobody's;
 * region 1: one frame that is not the last, then the last one. */
static void power_on(void)
{
	memset(&fake, 0, sizeof(fake));
	memset(counters, 0, sizeof(counters));
	fake.ack = 1023;
	fake.d_typer = 31 | 1u << 8 | 1u << 26 | 31u << 27;
	for (uint32_t cpu = 0; cpu < FAKE_CPUS; cpu++)
		fake.target[cpu] = (uint8_t)(0x80 >> cpu);
	add_rd(0, 0x00000, 0x00000101, 2u << 27);
	add_rd(0, 0x20000, 0x00000100, 0);
	add_rd(0, 0x40000, 0x00000000, RD_VLPIS | 1u << 27);
	add_rd(0, 0x80000, 0x00000013, 0);
	add_rd(0, 0xa0000, 0x00000077, RD_LAST);
	add_rd(1, 0x00000, 0x00000078, 0);
	add_rd(1, 0x20000, 0x22334455, RD_LAST);
}

static uint32_t rd_of(uint32_t cpu)
{
	static const uint32_t rd[] = { 1, 2, 0, 6, 3 };

	return rd[cpu];
}

static int start(const struct ferry_gic_config *config)
{
	size_t size = ferry_gic_size(config);

	if (size > sizeof(memory))
		bail("%zu bytes of memory are wanted", size);
	memset(memory, 0xee, sizeof(memory));
	return ferry_gic_init(config, memory, size, &f);
}

static int enter(uint32_t cpu)
{
	fake.cpu = cpu;
	return ferry_cpu_enter(f, cpu);
}

static void start_all(const struct ferry_gic_config *config)
{
	power_on();
	if (start(config) != FERRY_OK)
		bail("it does not start");
	for (uint32_t cpu = 0; cpu < config->core.cpus; cpu++)
		if (enter(cpu) != FERRY_OK)
			bail("CPU %u does not enter", cpu);
	fake_again();
}

static uint32_t make(uint32_t intid, uint8_t kind, uint8_t flags, uint64_t mask)
{
	struct ferry_gic_source s = { .kind = kind, .flags = flags, .intid = intid };
	uint32_t irq = FERRY_NONE;
	int rc = ferry_gic_create(f, &s, mask ? &mask : NULL, &irq);

	if (rc != FERRY_OK)
		bail("INTID %u is not made: %d", intid, rc);
	return irq;
}

static uint32_t make_enabled(uint32_t intid, uint8_t kind, uint64_t mask)
{
	uint32_t irq = make(intid, kind, 0, mask);

	if (ferry_irq_enable(f, irq) != FERRY_OK)
		bail("INTID %u is not enabled", intid);
	return irq;
}

/* The interrupt is acknowledged on a CPU, as hardware would have it. */
static int take(uint32_t cpu, uint32_t ack)
{
	uint32_t intid = f && ack < 1020 ? ack : ack & (ack < 4096 ? 0x3ff : 0x1fff);

	if (intid >= 32 && intid < FAKE_INTIDS) {
		fake.line[intid].pending = false;
		fake.line[intid].active = true;
	}
	fake.cpu = cpu;
	fake.ack = ack;
	fake_again();
	return ferry_gic_interrupt(f, cpu);
}

static int move(uint32_t irq, uint32_t cpu)
{
	uint64_t mask = 1ull << cpu;

	return ferry_irq_set_affinity(f, irq, &mask, FERRY_NONE, NULL);
}

static bool ordered(uint32_t a, uint32_t b, uint32_t c)
{
	return a < b && b < c && c != FERRY_NONE;
}

/* ---- GICv3: the start --------------------------------------------------------------- */

static void test_size(void)
{
	struct ferry_gic_config c = v3;

	power_on();
	ok(ferry_gic_size(&v3) > 0 && !fake.lost && !fake.notes, "the size needs no hardware");
	is_int(ferry_gic_init(&v3, memory, ferry_gic_size(&v3) - 1, &f), FERRY_E_MEMORY,
	       "too little memory");
	c.espis = 1025;
	is_u64(ferry_gic_size(&c), 0, "more extended SPIs than there can be");
	c = v3;
	c.spis = 989;
	is_u64(ferry_gic_size(&c), 0, "more SPIs than there can be");
	c = v3;
	c.mpidrs = NULL;
	is_u64(ferry_gic_size(&c), 0, "no affinities");
	c = v2;
	c.core.cpus = 9;
	is_u64(ferry_gic_size(&c), 0, "GICv2 with nine CPUs");
	c.core.cpus = 8;
	c.espis = 32;
	is_u64(ferry_gic_size(&c), 0, "GICv2 with extended SPIs");
}

static void test_start(void)
{
	bool clean = true;

	power_on();
	fake.d_ctlr = 0x12;
	for (uint32_t n = 32; n < FAKE_INTIDS; n++)
		fake.line[n] =
			(struct fake_line){ .enabled = true, .active = true, .pending = true };
	fake.d_rwp = 5;
	is_int(start(&v3), FERRY_OK, "starts");
	for (uint32_t n = 32; n < FAKE_INTIDS; n++) {
		const struct fake_line *l = &fake.line[n];

		if (n < 1024 || n >= 4096)
			clean = clean && !l->enabled && !l->active && !l->pending && l->group;
	}
	ok(clean, "all is disabled, inactive, not pending, group 1; 5119 too");
	is_u64(fake.d_ctlr, 0x12, "affinity routing and group 1 on");
	ok(fake.d_rwp == 0 && !fake.lost, "waited for RWP; no access but to registers");
	is_u64(fake_wrote(0, FERRY_GICD, 0, 0, 0), FERRY_NONE, "affinity routing never off");
	ok(ordered(fake_wrote(0, FERRY_GICD, 0, 0, 0x10), fake_wrote(0, FERRY_GICD, 0, 0x184, ~0u),
		   fake_wrote(0, FERRY_GICD, 0, 0, 0x12)),
	   "groups off, then all disabled, then on");
	for (uint32_t cpu = 0; cpu < CPUS; cpu++)
		is_u64(ferry_cpu_state(f, cpu), FERRY_CPU_OFFLINE, "CPU %u is offline", cpu);
}

static void refused(const char *why, uint32_t typer_without, uint64_t affinity, uint64_t other)
{
	power_on();
	fake.d_typer &= ~typer_without;
	for (uint32_t n = 0; n < fake.nrds; n++)
		if (affinity != other && fake.rd[n].typer >> 32 == affinity)
			fake.rd[n].typer ^= (affinity ^ other) << 32;
	is_int(start(&v3), FERRY_E_HARDWARE, "%s", why);
}

static void test_hardware(void)
{
	struct ferry_gic_config c = v3;
	static const struct ferry_gic_region short_one[] = { { .bytes = 0x100000 },
							     { .bytes = 0x3ffff } };

	refused("fewer SPIs", 1, 0, 0);
	refused("no extended SPIs", 1u << 8, 0, 0);
	refused("fewer extended SPIs", 1u << 27, 0, 0);
	refused("no range selector, and an Aff0 above 15", 1u << 26, 0, 0);
	refused("a CPU without a redistributor", 0, 0x13, 0x14);
	refused("Aff3 counts", 0, 0x22334455, 0x00334455);
	power_on();
	c.region = short_one;
	is_int(start(&c), FERRY_E_HARDWARE, "a frame that the region does not hold");
	power_on();
	fake.rd[3].typer |= RD_LAST;
	is_int(start(&v3), FERRY_OK, "what comes after the last frame is not looked at");
	power_on();
	fake.rd[1].typer |= RD_LAST;
	is_int(start(&v3), FERRY_E_HARDWARE, "... also where somebody's is");
	power_on();
	fake.d_rwp = 1000;
	is_int(start(&v3), FERRY_E_TIMEOUT, "RWP stays");
}

/* ---- GICv3: CPUs ------------------------------------------------------------------------ */

static void test_enter(void)
{
	power_on();
	for (uint32_t n = 0; n < fake.nrds; n++)
		for (uint32_t k = 0; k < 96; k++)
			fake.rd[n].line[k] = (struct fake_line){ .enabled = true,
								 .active = true,
								 .pending = true };
	if (start(&v3) != FERRY_OK)
		bail("start");
	for (uint32_t cpu = 0; cpu < CPUS; cpu++) {
		const struct fake_rd *rd = &fake.rd[rd_of(cpu)];
		uint32_t locals = rd->typer >> 27 & 31 ? 32 + 32 * (rd->typer >> 27 & 31) : 32;
		bool clean = true;

		fake_again();
		fake.rd_rwp = 3;
		is_int(enter(cpu), FERRY_OK, "CPU %u enters", cpu);
		ok(!rd->asleep, "its redistributor is awake");
		for (uint32_t k = 0; k < 96; k++)
			clean = clean && rd->line[k].active == (k >= locals) &&
				rd->line[k].pending == (k >= locals) &&
				rd->line[k].enabled == (k >= locals) &&
				rd->line[k].group == (k < locals);
		ok(clean && rd->line[31].priority == 0xa0, "%u private interrupts are reset",
		   locals);
		is_u64(fake.rd_rwp, 0, "RWP is bit 3");
		ok(ordered(fake_noted(0, FAKE_ICC, FERRY_ICC_SRE, 7),
			   fake_noted(0, FAKE_ICC, FERRY_ICC_PMR, 0xff),
			   fake_noted(0, FAKE_ICC, FERRY_ICC_IGRPEN1, 1)) &&
			   fake.icc[FERRY_ICC_BPR1] == 0,
		   "system registers, then the rest, then the interface on");
	}
	ok(fake.rd[4].asleep && fake.rd[5].asleep && !fake.lost, "nobody else's is touched");
}

static void test_enter_fails(void)
{
	power_on();
	if (start(&v3) != FERRY_OK)
		bail("start");
	fake.stuck = true;
	is_int(enter(0), FERRY_E_TIMEOUT, "a redistributor that does not wake");
	is_u64(ferry_cpu_state(f, 0), FERRY_CPU_OFFLINE, "the CPU stays offline");
	fake.stuck = false;
	fake.rd_rwp = 1000;
	is_int(enter(0), FERRY_E_TIMEOUT, "RWP stays");
	fake.rd_rwp = 0;
	fake.no_sre = true;
	is_int(enter(0), FERRY_E_HARDWARE, "no system registers");
	fake.no_sre = false;
	fake.no_range = true;
	fake.icc[FERRY_ICC_SRE] = 8;
	is_int(enter(0), FERRY_E_HARDWARE, "a CPU interface without range selector");
	fake.no_range = false;
	fake.icc[FERRY_ICC_CTLR] = 0;
	fake.no_extended = true;
	is_int(enter(0), FERRY_E_HARDWARE, "one that does not know extended SPIs");
	fake.no_extended = false;
	is_int(enter(0), FERRY_OK, "then it enters");
	is_u64(fake.icc[FERRY_ICC_SRE], 15, "what else EL2 has in ICC_SRE stays");
}

static int leave(uint32_t cpu)
{
	int rc = ferry_cpu_leave(f, cpu);

	fake.cpu = cpu;
	for (uint32_t n = 0; rc == FERRY_OK && n < 8; n++) {
		rc = ferry_cpu_leave_step(f, cpu, NULL, NULL);
		if (rc == FERRY_OK)
			return ferry_cpu_commit(f, cpu);
		rc = rc == FERRY_E_AGAIN ? FERRY_OK : rc;
	}
	return rc;
}

static void test_leave(void)
{
	struct fake_rd *rd = &fake.rd[rd_of(2)];
	uint64_t effective;
	uint32_t a, b;

	start_all(&v3);
	a = make_enabled(40, FERRY_GIC_EDGE, 1u << 2 | 1u << 4);
	b = make_enabled(5119, FERRY_GIC_LEVEL, 1u << 2);
	(void)move(a, 2);
	is_u64(fake.line[40].route, 0x101, "an SPI on CPU 2");
	fake_again();
	is_int(leave(2), FERRY_OK, "CPU 2 leaves");
	ok(fake.line[40].route != 0x101 && fake.line[5119].route != 0x101,
	   "nothing is routed there");
	(void)ferry_irq_affinity(f, b, &(struct ferry_affinity){ 0 }, NULL, &effective, NULL);
	ok(effective && !(effective & 1u << 2), "5119 was taken along");
	ok(ordered(fake_wrote(0, FERRY_GICR, rd->region, rd->offset + 0x10180, ~0u),
		   fake_noted(0, FAKE_ICC, FERRY_ICC_IGRPEN1, 0),
		   fake_wrote(0, FERRY_GICR, rd->region, rd->offset + 0x14, 2)) &&
		   rd->asleep,
	   "the interface is off before the redistributor sleeps");
	is_int(enter(2), FERRY_OK, "and returns");
	is_u64(fake.line[5119].route, 0x101, "what was broken goes home");
	is_int(ferry_cpu_leave(f, 2), FERRY_OK, "leaves again");
	fake.stuck = true;
	is_int(ferry_cpu_leave_step(f, 2, NULL, NULL), FERRY_OK, "... nothing is left there");
	is_int(ferry_cpu_commit(f, 2), FERRY_E_TIMEOUT, "a redistributor that does not sleep");
	is_u64(fake.icc[FERRY_ICC_IGRPEN1], 1, "the interface is on again");
	fake.stuck = false;
	is_int(ferry_cpu_roll_back(f, 2), FERRY_OK, "and it stays");
	fake.secure = true;
	is_int(leave(2), FERRY_OK, "firmware puts it to sleep where it alone may");
	is_int(enter(2), FERRY_OK, "... and has woken it");
	ok(!fake.lost, "no access but to registers");
}

/* ---- GICv3: SPIs --------------------------------------------------------------------------- */

static void spi(uint32_t intid, uint32_t route, uint32_t enable, uint32_t bit, uint8_t kind)
{
	uint32_t irq, written, barrier;

	fake_again();
	fake.line[intid] = (struct fake_line){
		.pending = true, .active = true, .group = true, .edge = kind == FERRY_GIC_LEVEL
	};
	irq = make(intid, kind, 0, 1u << 3);
	ok(!fake.line[intid].enabled && !fake.line[intid].pending && !fake.line[intid].active,
	   "%u is made: disabled, clean", intid);
	is_u64(ferry_irq_enable(f, irq), FERRY_OK, "... enabled");
	written = fake_wrote(0, FERRY_GICD, 0, route, 0x2200334455);
	barrier = fake_noted(written, FAKE_BARRIER, FERRY_BARRIER_DEVICE, 0);
	ok(ordered(written, barrier, fake_wrote(0, FERRY_GICD, 0, enable, 1u << bit)),
	   "... its route, a barrier, then the enable");
	ok(fake.line[intid].enabled && fake.line[intid].priority == 0xa0 &&
		   fake.line[intid].edge == (kind == FERRY_GIC_EDGE) &&
		   fake.line[intid].route == mpidrs[3].value,
	   "... priority, trigger, route are its own");
	is_u64(ferry_gic_intid(f, irq), intid, "... its INTID");
	is_u64(ferry_gic_irq(f, intid), irq, "... and back");
}

static void test_spis(void)
{
	struct ferry_gic_source s = { .kind = FERRY_GIC_EDGE, .intid = 31 };
	uint32_t irq, made = 0;

	start_all(&v3);
	spi(32, 0x6100, 0x104, 0, FERRY_GIC_EDGE);
	spi(33, 0x6108, 0x104, 1, FERRY_GIC_LEVEL);
	spi(1019, 0x7fd8, 0x17c, 27, FERRY_GIC_LEVEL);
	spi(4096, 0x8000, 0x1200, 0, FERRY_GIC_EDGE);
	spi(5119, 0x9ff8, 0x127c, 31, FERRY_GIC_EDGE);
	ok(fake.line[32].edge && !fake.line[33].edge, "neighbours keep their trigger");
	for (uint32_t intid = 0; intid < 10000; intid++) {
		s.intid = intid;
		if (intid == 32 || (intid >= 34 && intid < 1019) || (intid > 4096 && intid < 5119))
			continue;
		made += ferry_gic_create(f, &s, NULL, &irq) == FERRY_OK;
	}
	is_u64(made, 0, "none below 32, above 1019, below 4096, above 5119; none twice");
	s.intid = 5119;
	is_int(ferry_gic_create(f, &s, NULL, &irq), FERRY_E_STATE, "5119 exists");
	s.kind = FERRY_GIC_LPI;
	is_int(ferry_gic_create(f, &s, NULL, &irq), FERRY_E_INVALID, "no ITS, no LPI");
	s = (struct ferry_gic_source){ .kind = FERRY_GIC_EDGE,
				       .flags = FERRY_GIC_SEVERAL,
				       .intid = 50 };
	is_int(ferry_gic_create(f, &s, NULL, &irq), FERRY_E_INVALID, "a route names one CPU");
	is_u64(ferry_gic_irq(f, 50), FERRY_NONE, "nobody's");
	is_u64(ferry_gic_irq(f, 8192), FERRY_NONE, "no LPI");
	is_u64(ferry_gic_intid(f, 63), FERRY_NONE, "a free number has no INTID");
	is_u64(ferry_gic_irq(f, FERRY_NONE), FERRY_NONE, "... and what is none, no number");
	ok(!fake.lost, "no access but to registers");
}

static void test_turns(void)
{
	uint32_t count[CPUS] = { 0 };
	bool even = true;

	start_all(&v3);
	for (uint32_t n = 0; n < 4 * CPUS; n++)
		make(32 + n, FERRY_GIC_EDGE, 0, 0);
	for (uint32_t n = 0; n < 4 * CPUS; n++)
		for (uint32_t c = 0; c < CPUS; c++)
			count[c] += fake.line[32 + n].route == (mpidrs[c].value & 0xff00ffffff);
	for (uint32_t c = 0; c < CPUS; c++)
		even = even && count[c] == 4;
	ok(even, "placed one after the other");
}

/* ---- arrivals ------------------------------------------------------------------------------- */

static void test_arrivals(void)
{
	uint32_t irq;

	start_all(&v3);
	irq = make_enabled(40, FERRY_GIC_EDGE, 1u << 1);
	is_int(take(1, 40), FERRY_GIC_TAKEN, "an SPI at its place");
	ok(ordered(fake_noted(0, FAKE_BARRIER, FERRY_BARRIER_DEVICE, 0),
		   fake_noted(0, FAKE_HANDLE, 0, irq),
		   fake_noted(0, FAKE_ICC, FERRY_ICC_EOIR1, 40)),
	   "a barrier, its handler, its end");
	is_u64(counters[1].arrivals + counters[1].starts, 2, "counted");
	is_int(take(1, 1023), FERRY_GIC_SPURIOUS, "spurious");
	is_u64(fake.notes, 0, "... nothing is ended");
	for (uint32_t ack = 1020; ack < 1023; ack++)
		is_int(take(1, ack), FERRY_GIC_SPURIOUS, "%u too", ack);
	is_int(take(1, 41), FERRY_GIC_UNEXPECTED, "nobody's");
	ok(fake_noted(0, FAKE_ICC, FERRY_ICC_EOIR1, 41) != FERRY_NONE &&
		   counters[1].unexpected == 1,
	   "... is ended and counted");
	is_int(take(1, 8192), FERRY_GIC_UNEXPECTED, "an LPI that is none");
	is_int(take(1, 8192 + irq), FERRY_GIC_UNEXPECTED, "... whose number is an SPI's");
	is_int(ferry_gic_interrupt(f, CPUS), FERRY_E_INVALID, "no such CPU");
}

/* It was offered to CPU 1, then moved to CPU 2, then acknowledged on CPU 1. */
static void test_given_back(void)
{
	uint32_t edge, level;

	start_all(&v3);
	edge = make_enabled(4100, FERRY_GIC_EDGE, 1u << 1);
	level = make_enabled(41, FERRY_GIC_LEVEL, 1u << 1);
	is_int(move(edge, 2), FERRY_OK, "an edge is moved");
	is_u64(fake.line[4100].route, 0x101, "... its route is written");
	is_int(ferry_irq_settle(f, edge, NULL), FERRY_OK, "... and it is settled");
	is_int(take(1, 4100), FERRY_GIC_TAKEN, "the old CPU takes it");
	ok(fake_noted(0, FAKE_HANDLE, 0, edge) == FERRY_NONE, "... no handler starts there");
	ok(fake_noted(0, FAKE_ICC, FERRY_ICC_EOIR1, 4100) <
		   fake_wrote(0, FERRY_GICD, 0, 0x1600, 1u << 4),
	   "... it is ended, and made pending again");
	is_int(take(2, 4100), FERRY_GIC_TAKEN, "the new CPU takes it");
	ok(fake_noted(0, FAKE_HANDLE, 0, edge) != FERRY_NONE, "... the handler starts");
	ok(!fake.line[4100].pending, "... once");
	is_int(move(level, 2), FERRY_OK, "a level is moved");
	is_int(take(1, 41), FERRY_GIC_TAKEN, "the old CPU takes it");
	ok(fake_noted(0, FAKE_HANDLE, 0, level) == FERRY_NONE &&
		   fake_noted(0, FAKE_ICC, FERRY_ICC_EOIR1, 41) != FERRY_NONE &&
		   !fake.line[41].pending,
	   "... ended, not made pending: the line is");
	is_u64(counters[1].starts, 0, "nothing ran on the old CPU");
}

/* Another CPU's request, between an acknowledge and what follows it. */
static void request(void)
{
	(void)move(ferry_gic_irq(f, 40), 2);
}

static void test_once(void)
{
	uint32_t irq;

	start_all(&v3);
	irq = make_enabled(40, FERRY_GIC_EDGE, 1u << 1);
	(void)move(irq, 2);
	(void)take(1, 40);
	ok(fake.line[40].pending, "given back");
	fake.in_ack = request;
	(void)take(2, 40);
	ok(fake_noted(0, FAKE_HANDLE, 0, irq) != FERRY_NONE && !fake.line[40].pending,
	   "once it is pending again, memory has forgotten it");
}

static void test_masked(void)
{
	uint32_t irq;

	start_all(&v3);
	irq = make_enabled(40, FERRY_GIC_EDGE, 1u << 1);
	(void)ferry_irq_mask(f, irq);
	ok(!fake.line[40].enabled, "masked at the distributor");
	(void)take(1, 40);
	ok(fake_noted(0, FAKE_HANDLE, 0, irq) == FERRY_NONE && !fake.line[40].pending,
	   "what was taken nevertheless is remembered");
	(void)move(irq, 3);
	(void)ferry_irq_unmask(f, irq);
	ok(fake.line[40].enabled && fake.line[40].pending, "... and pending again when unmasked");
	(void)take(3, 40);
	ok(fake_noted(0, FAKE_HANDLE, 0, irq) != FERRY_NONE && !fake.line[40].pending,
	   "... runs at its place, once");
}

static void test_split(void)
{
	struct ferry_gic_config c = v3;
	uint32_t irq;

	c.flags = FERRY_GIC_SPLIT_EOI;
	start_all(&c);
	is_u64(fake.icc[FERRY_ICC_CTLR] & 2, 2, "EOImode 1");
	irq = make_enabled(40, FERRY_GIC_EDGE, 1u << 1);
	(void)take(1, 40);
	ok(ordered(fake_noted(0, FAKE_ICC, FERRY_ICC_EOIR1, 40), fake_noted(0, FAKE_HANDLE, 0, irq),
		   fake_noted(0, FAKE_ICC, FERRY_ICC_DIR, 40)),
	   "dropped, handled, deactivated");
	(void)take(1, 27);
	ok(fake_noted(0, FAKE_ICC, FERRY_ICC_EOIR1, 27) <
			   fake_noted(0, FAKE_LOCAL, 0, FERRY_NONE) &&
		   fake_noted(0, FAKE_ICC, FERRY_ICC_DIR, 27) != FERRY_NONE,
	   "so is a PPI");
	(void)take(1, 50);
	ok(fake_noted(0, FAKE_ICC, FERRY_ICC_DIR, 50) != FERRY_NONE, "and what is nobody's");
	(void)take(1, 9000);
	ok(fake_noted(0, FAKE_ICC, FERRY_ICC_EOIR1, 9000) != FERRY_NONE &&
		   fake_noted(0, FAKE_ICC, FERRY_ICC_DIR, 9000) == FERRY_NONE,
	   "an LPI is dropped, never deactivated");
	irq = make(60, FERRY_GIC_EDGE, FERRY_GIC_GUEST, 1u << 1);
	ok(ferry_irq_enable(f, irq) == FERRY_OK, "one that is a guest's");
	(void)take(1, 60);
	ok(fake_noted(0, FAKE_ICC, FERRY_ICC_EOIR1, 60) < fake_noted(0, FAKE_HANDLE, 0, irq) &&
		   fake_noted(0, FAKE_HANDLE, 0, irq) != FERRY_NONE &&
		   fake_noted(0, FAKE_ICC, FERRY_ICC_DIR, 60) == FERRY_NONE,
	   "... is dropped and handled; the guest deactivates it");
}

/* ---- freeing ------------------------------------------------------------------------------- */

static int made_again, freed_inside;

static int make_another(void)
{
	struct ferry_gic_source s = { .kind = FERRY_GIC_EDGE, .intid = 40 };
	uint32_t other;

	return ferry_gic_create(f, &s, NULL, &other);
}

static void free_inside(void)
{
	freed_inside = ferry_irq_free(f, ferry_gic_irq(f, 40), 0, NULL);
	made_again = make_another();
}

static void test_free(void)
{
	uint32_t irq;
	uint64_t ns = 0;

	start_all(&v3);
	irq = make_enabled(40, FERRY_GIC_EDGE, 1u << 1);
	fake.d_rwp = 3;
	is_int(ferry_irq_free(f, irq, 0, &ns), FERRY_E_AGAIN, "it may not be off yet");
	ok(!fake.line[40].enabled && ns, "... and says when to ask");
	fake.line[40].pending = true;
	fake.d_rwp = 0;
	ferry_poll(f);
	is_int(ferry_irq_free(f, irq, 0, NULL), FERRY_OK, "then it is free");
	ok(!fake.line[40].pending, "... what was pending is forgotten");
	is_int(take(1, 40), FERRY_GIC_UNEXPECTED, "its INTID is nobody's");
	irq = make_enabled(5119, FERRY_GIC_EDGE, 1u << 1);
	fake.line[5119].active = true;
	is_int(ferry_irq_free(f, irq, 0, NULL), FERRY_E_AGAIN, "a CPU has acknowledged it");
	is_int(take(1, 5119), FERRY_GIC_TAKEN, "... and ends it");
	is_int(ferry_irq_free(f, irq, 0, NULL), FERRY_OK, "... then it is free");
	irq = make_enabled(40, FERRY_GIC_EDGE, 1u << 1);
	fake.in_handler = free_inside;
	(void)take(1, 40);
	is_int(freed_inside, FERRY_E_AGAIN, "freed while its handler runs");
	is_int(made_again, FERRY_E_STATE, "... the INTID is taken as long as it is active");
	is_int(ferry_irq_free(f, irq, 0, NULL), FERRY_OK, "... then free");
	irq = make_enabled(40, FERRY_GIC_EDGE, 1u << 1);
	fake.in_handler = free_inside;
	fake.d_rwp = 1000;
	(void)take(1, 40);
	is_int(make_another(), FERRY_E_STATE, "its handler has ended, but it may not be off yet");
	fake.d_rwp = 0;
	ferry_poll(f);
	is_int(ferry_irq_free(f, irq, 0, NULL), FERRY_OK, "... then it is free");
	make_enabled(40, FERRY_GIC_EDGE, 1u << 1);
	ok(true, "... and can be made again");
}

/* ---- private interrupts -------------------------------------------------------------------- */

static void test_sgis(void)
{
	uint64_t mask = 1u << 0 | 1u << 2, one = 1u << 3;

	start_all(&v3);
	is_int(ferry_gic_sgi(f, 16, NULL), FERRY_E_INVALID, "no SGI 16");
	is_int(ferry_gic_sgi(f, 5, &mask), FERRY_OK, "an SGI to two of one group");
	ok(ordered(fake_noted(0, FAKE_BARRIER, FERRY_BARRIER_STORES, 0),
		   fake_noted(0, FAKE_ICC, FERRY_ICC_SGI1R, 5u << 24 | 1u << 16 | 3),
		   fake_noted(0, FAKE_BARRIER, FERRY_BARRIER_CONTEXT, 0)),
	   "one write, after a barrier for stores");
	is_u64(fake.notes, 3, "... and no other");
	fake_again();
	(void)ferry_gic_sgi(f, 15, &one);
	ok(fake_noted(0, FAKE_ICC, FERRY_ICC_SGI1R,
		      0x22ull << 48 | 5ull << 44 | 0x33ull << 32 | 15u << 24 | 0x44u << 16 |
			      1u << 5) != FERRY_NONE,
	   "Aff3 .. Aff1, range 5, bit 5");
	fake_again();
	(void)leave(4);
	fake_again();
	(void)ferry_gic_sgi(f, 1, NULL);
	ok(fake_noted(0, FAKE_ICC, FERRY_ICC_SGI1R, 1u << 24 | 1u) != FERRY_NONE &&
		   fake_noted(0, FAKE_ICC, FERRY_ICC_SGI1R, 1ull << 44 | 1u << 24 | 8u) ==
			   FERRY_NONE,
	   "all: without those that are offline");
	(void)enter(4);
	fake_again();
	(void)ferry_gic_sgi(f, 1, NULL);
	ok(fake_noted(0, FAKE_ICC, FERRY_ICC_SGI1R, 1ull << 44 | 1u << 24 | 8u) != FERRY_NONE,
	   "range 1 of group 0");
}

static void test_locals(void)
{
	struct fake_rd *rd = &fake.rd[rd_of(2)], *none = &fake.rd[rd_of(0)];

	start_all(&v3);
	fake.cpu = 2;
	fake.rd_rwp = 3;
	is_int(ferry_gic_local(f, 2, 27, true, true, 0x40), FERRY_OK, "a PPI");
	ok(rd->line[27].enabled && rd->line[27].edge && rd->line[27].priority == 0x40,
	   "... enabled, edge, its priority");
	is_u64(fake.rd_rwp, 0, "... after it was known to be disabled");
	is_int(ferry_gic_local(f, 2, 30, true, false, 0), FERRY_OK, "a level PPI");
	is_int(ferry_gic_local(f, 2, 1119, true, true, 0), FERRY_OK, "the last extended PPI");
	ok(rd->line[95].enabled && rd->line[95].edge && rd->line[95].priority == 0xa0 &&
		   rd->line[27].enabled,
	   "... enabled; the others still are");
	is_int(ferry_gic_local(f, 0, 1056, true, true, 0), FERRY_E_INVALID, "a CPU without them");
	is_int(ferry_gic_local(f, 1, 1088, true, true, 0), FERRY_E_INVALID, "or with 32 alone");
	is_int(ferry_gic_local(f, 2, 1120, true, true, 0), FERRY_E_INVALID, "no 1120");
	is_int(ferry_gic_local(f, 2, 32, true, true, 0), FERRY_E_INVALID, "an SPI");
	is_int(ferry_gic_local(f, 2, 3, true, true, 0), FERRY_OK, "an SGI");
	fake.rd_rwp = 1000;
	is_int(ferry_gic_local(f, 2, 29, true, true, 0), FERRY_E_TIMEOUT, "RWP stays");
	fake.rd_rwp = 0;
	ok(rd->line[27].enabled && !rd->line[29].enabled, "... nothing has changed");
	is_int(take(2, 1119), FERRY_GIC_TAKEN, "an extended PPI is taken");
	ok(fake_noted(0, FAKE_BARRIER, FERRY_BARRIER_DEVICE, 0) == 0 &&
		   fake_noted(0, FAKE_BARRIER, FERRY_BARRIER_CONTEXT, 0) == 1,
	   "... acknowledged before anything else");
	ok(fake_noted(0, FAKE_LOCAL, 0, FERRY_NONE) <
		   fake_noted(0, FAKE_ICC, FERRY_ICC_EOIR1, 1119),
	   "... handled, ended");
	rd->line[27].pending = rd->line[30].pending = rd->line[3].pending = true;
	rd->line[95].active = true;
	is_int(leave(2), FERRY_OK, "the CPU leaves");
	ok(!rd->line[27].enabled && !rd->line[95].enabled, "... they are disabled");
	is_int(ferry_gic_local(f, 2, 27, true, true, 0), FERRY_E_STATE, "offline");
	memset(rd->line, 0, sizeof(rd->line));
	rd->line[95].active = true;
	is_int(enter(2), FERRY_OK, "it returns, its redistributor reset");
	ok(rd->line[27].enabled && rd->line[27].edge && rd->line[27].priority == 0x40 &&
		   rd->line[30].enabled && rd->line[3].enabled && rd->line[95].edge,
	   "... what was asked for is there");
	ok(rd->line[27].pending && !rd->line[30].pending && !rd->line[3].pending,
	   "... an edge is pending again, no level and no SGI");
	ok(!rd->line[95].active, "... none is active");
	ok(!none->line[27].enabled && !fake.lost, "no other CPU's registers were touched");
}

/* ---- GICv2 --------------------------------------------------------------------------------- */

static void test_v2_routes(void)
{
	struct ferry_affinity a;
	uint64_t effective;
	uint32_t irq;

	start_all(&v2);
	is_u64(fake.gicc_ctlr, 1, "the CPU interface is on");
	ok(!fake.line[40].group && fake.d_ctlr == 1, "the distributor is on");
	for (uint32_t n = 40; n < 44; n++) {
		fake_again();
		irq = make_enabled(n, FERRY_GIC_EDGE, 1u << (n - 40));
		ok(ordered(fake_wrote(0, FERRY_GICD, 0, 0x800 + n, 0x80u >> (n - 40)),
			   fake_noted(0, FAKE_BARRIER, FERRY_BARRIER_DEVICE, 0),
			   fake_wrote(0, FERRY_GICD, 0, 0x104, 1u << (n - 32))),
		   "%u: the byte of its own, with the bit that the CPU has read", n);
	}
	irq = make_enabled(1019, FERRY_GIC_LEVEL, 1);
	is_u64(fake.line[1019].route, 0x80, "the last one");
	is_int(move(irq, 7), FERRY_OK, "is moved");
	is_u64(fake.line[1019].route, 0x01, "... its byte");
	irq = make(50, FERRY_GIC_EDGE, FERRY_GIC_SEVERAL, 0x1c);
	(void)ferry_irq_enable(f, irq);
	is_u64(fake.line[50].route, 0x38, "several CPUs");
	is_int(take(3, 50), FERRY_GIC_TAKEN, "any of them takes it");
	ok(fake_noted(0, FAKE_HANDLE, 0, irq) != FERRY_NONE, "... and handles it");
	(void)take(5, 50);
	ok(fake_noted(0, FAKE_HANDLE, 0, irq) == FERRY_NONE && fake.line[50].pending,
	   "any other gives it back");
	is_int(leave(3), FERRY_OK, "one of them leaves");
	is_u64(fake.line[50].route, 0x28, "... its bit with it");
	(void)ferry_irq_affinity(f, irq, &a, NULL, &effective, NULL);
	ok(effective == 0x14 && a.state == FERRY_SETTLED && !a.broken, "... and it is at home");
	(void)leave(2);
	(void)leave(4);
	ok(fake.line[50].route && !(fake.line[50].route & 0x38), "all of them: elsewhere");
	is_u64(fake.gicc_ctlr, 0x1e0, "who leaves turns its interface and the bypass off");
	ok(!fake.lost, "no access but to registers");
}

static void test_v2_locals(void)
{
	struct ferry_gic_config c = v2;
	uint64_t mask = 0x81;

	c.flags = FERRY_GIC_SPLIT_EOI;
	start_all(&c);
	is_u64(fake.gicc_ctlr, 1u << 9 | 1, "EOImode 1");
	(void)ferry_gic_sgi(f, 6, &mask);
	ok(fake_noted(0, FAKE_BARRIER, FERRY_BARRIER_STORES, 0) <
		   fake_wrote(0, FERRY_GICD, 0, 0xf00, 0x81u << 16 | 6),
	   "an SGI to a list of targets");
	(void)take(2, 6 | 5u << 10);
	ok(fake.notes && fake_noted(0, FAKE_LOCAL, 0, 2) != FERRY_NONE,
	   "it comes from who has target bit 5");
	ok(ordered(fake_wrote(0, FERRY_GICC, 0, 0x10, 6 | 5u << 10),
		   fake_noted(0, FAKE_LOCAL, 0, 2),
		   fake_wrote(0, FERRY_GICC, 0, 0x1000, 6 | 5u << 10)),
	   "dropped and deactivated with its source");
	fake.cpu = 3;
	is_int(ferry_gic_local(f, 3, 27, true, true, 0), FERRY_OK, "a PPI");
	ok(fake.banked[3][27].enabled && !fake.banked[2][27].enabled, "... is banked");
	is_int(ferry_gic_local(f, 3, 1056, true, true, 0), FERRY_E_INVALID, "no extended ones");
	fake.cpendsgir = 0;
	(void)leave(3);
	(void)enter(3);
	is_u64(fake.cpendsgir, 4, "no SGI from before");
	ok(fake.banked[3][27].enabled && fake.banked[3][27].edge, "the PPI is there again");
	c.core.cpus = 1;
	power_on();
	memset(fake.target, 0, sizeof(fake.target));
	ok(start(&c) == FERRY_OK && enter(0) == FERRY_OK, "a uniprocessor");
	make(40, FERRY_GIC_EDGE, 0, 0);
	is_u64(fake.line[40].route, 1, "has no target bits; 1 is as good as any");
	fake.d_typer = 3;
	c.spis = 97;
	is_int(start(&c), FERRY_E_HARDWARE, "fewer SPIs");
	c.spis = 96;
	is_int(start(&c), FERRY_OK, "all that are there");
}

/* ---- guards -------------------------------------------------------------------------------- */

static void test_guards(void)
{
	uint32_t kinds[8] = { 0 };
	size_t size = ferry_gic_size(&v3);

	start_all(&v3);
	for (size_t at = 0; at < size; at += 4) {
		struct ferry_guard g = ferry_gic_guard(f, (char *)memory + at);

		kinds[g.kind]++;
		if (g.kind >= FERRY_GUARD_PLAIN && g.kind != FERRY_GUARD_FREE &&
		    g.kind != FERRY_GUARD_OWN && !g.lock)
			bail("the word at %zu has no lock", at);
	}
	/* Each interrupt's I, each CPU's V, M, G: eight bytes. */
	is_u64(kinds[FERRY_GUARD_LOCK], 2 * (64 + CPUS + 2), "the locks are known");
	is_u64(kinds[FERRY_GUARD_COUNT], 64, "the counts of ITS commands");
	is_u64(kinds[FERRY_GUARD_TIME], 2 * 64, "the moments");
	is_u64(kinds[FERRY_GUARD_CELL], 64 + CPUS, "runners and states of CPUs");
	/* Four sets of interrupts and their counts; bits of each CPU, a cell for each SPI and
	 * extended SPI, the turn. */
	is_u64(kinds[FERRY_GUARD_FREE], 4 * 3 + 2 * CPUS + 988 + 1024 + 1, "what anyone may write");
}

int main(void)
{
	test_size();
	test_start();
	test_hardware();
	test_enter();
	test_enter_fails();
	test_leave();
	test_spis();
	test_turns();
	test_arrivals();
	test_given_back();
	test_once();
	test_masked();
	test_split();
	test_free();
	test_sgis();
	test_locals();
	test_v2_routes();
	test_v2_locals();
	test_guards();
	return tap_done();
}
