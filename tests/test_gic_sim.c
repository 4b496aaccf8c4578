/* SPDX-License-Identifier: MIT */
/*
 * test_gic_sim.c: the simulated GIC, rule by rule, without the library; and that it says
 * so when it is used wrongly. CPUs don't run: each access is made in the name of one.
 */
#include <string.h>
#include "sim/gic.h"
#include "tests/tap.h"

enum { CPUS = 4, SPI = 33, LEVEL = 34, ESPI = 4098, LPI = 8193, EVENT = 2 };
enum { EDGE_SOURCE, LEVEL_SOURCE, ESPI_SOURCE, LPI_SOURCE, SOURCES };

static const uint64_t mpidrs[CPUS] = { 0, 0x101, 0x10013, 0x200000100 };
static struct sim_out out;
static struct machine *m;

static bool no_work(struct machine *machine, uint32_t cpu)
{
	(void)machine, (void)cpu;
	return false;
}

static const struct sim_client client = { .has_work = no_work };

/* ---- in the name of a CPU ----------------------------------------------------------- */

static void as(uint32_t cpu)
{
	m->current = cpu;
}

/* What ferry_host_barrier does, all three. */
static void barrier(void)
{
	struct gic_cpu *g = &m->gic->cpu[m->current];

	g->unseen = g->unseen_sre = false;
	g->fence++;
	m->cpu[m->current].unfenced = false;
}

static void put(uint32_t offset, uint32_t value)
{
	arm_write(m, FERRY_GICD, 0, offset, 4, value);
}

static uint32_t get(uint32_t offset)
{
	return (uint32_t)arm_read(m, FERRY_GICD, 0, offset, 4);
}

static void icc(enum ferry_icc reg, uint64_t value)
{
	arm_icc_write(m, reg, value);
	barrier();
}

/* Unit and offset of a CPU's redistributor. */
static uint32_t frame_of(uint32_t cpu, uint32_t *unit)
{
	uint64_t pa = arm_frame_pa(m, cpu);

	*unit = pa >= arm_region_pa(1);
	return (uint32_t)(pa - arm_region_pa(*unit));
}

static void put_rd(uint32_t cpu, uint32_t offset, uint32_t bytes, uint64_t value)
{
	uint32_t unit, at = frame_of(cpu, &unit);

	arm_write(m, FERRY_GICR, unit, at + offset, bytes, value);
}

static uint64_t get_rd(uint32_t cpu, uint32_t offset, uint32_t bytes)
{
	uint32_t unit, at = frame_of(cpu, &unit);

	return arm_read(m, FERRY_GICR, unit, at + offset, bytes);
}

static void interface_on(uint32_t cpu)
{
	as(cpu);
	if (m->config.gic == 2) {
		arm_write(m, FERRY_GICC, 0, 0x0004, 4, 0xff);
		arm_write(m, FERRY_GICC, 0, 0x0000, 4, 1);
		return;
	}
	put_rd(cpu, 0x0014, 4, 0);
	arm_wake(m, cpu);
	put_rd(cpu, 0x10080, 4, ~0u);
	icc(FERRY_ICC_SRE, 7);
	icc(FERRY_ICC_PMR, 0xff);
	icc(FERRY_ICC_IGRPEN1, 1);
}

/* The exception, and what it acknowledges. */
static uint32_t take(uint32_t cpu)
{
	as(cpu);
	m->cpu[cpu].iff = true;
	arm_take(m, cpu);
	return arm_acknowledge(m, cpu);
}

static void end(uint32_t cpu, uint32_t intid)
{
	as(cpu);
	arm_eoi(m, cpu, intid);
	m->cpu[cpu].depth--;
}

static bool signalled(uint32_t cpu)
{
	return m->cpu[cpu].signal;
}

/* ---- a machine ------------------------------------------------------------------------ */

static void wire(uint32_t src, uint8_t kind, uint32_t intid)
{
	struct source *s = &m->source[src];

	s->kind = kind;
	s->intid = intid;
	s->event = EVENT;
	s->live = true;
	if (kind != FERRY_GIC_LPI && arm_index(m, intid) != NONE)
		m->gic->line[arm_index(m, intid)].src = src + 1;
}

static void spi(uint32_t intid, bool edge, uint32_t cpu)
{
	bool ext = intid >= FERRY_ESPI_FIRST;
	uint32_t n = ext ? intid - FERRY_ESPI_FIRST : intid;
	uint32_t config = (ext ? 0x3000 : 0x0c00) + n / 16 * 4, bit = 2u << n % 16 * 2;

	put(config, edge ? get(config) | bit : get(config) & ~bit);
	arm_write(m, FERRY_GICD, 0, (ext ? 0x2000 : 0x0400) + n, 1, 0xa0);
	if (m->config.gic == 2)
		arm_write(m, FERRY_GICD, 0, 0x0800 + n, 1, 1u << arm_bit(cpu));
	else
		arm_write(m, FERRY_GICD, 0, (ext ? 0x8000 : 0x6000) + n * 8, 8, mpidrs[cpu]);
	barrier();
	put((ext ? 0x1200 : 0x0100) + n / 32 * 4, 1u << n % 32);
}

static void begin(uint8_t gic)
{
	struct sim_config config = { .cpus = CPUS,
				     .sources = SOURCES,
				     .devices = SOURCES,
				     .stack = 65536,
				     .flights = 64,
				     .library = 64,
				     .client = &client,
				     .gic = gic,
				     .mpidrs = mpidrs,
				     .spis = 32,
				     .espis = gic == 3 ? 32 : 0,
				     .lpis = gic == 3 ? 4 : 0,
				     .nits = gic == 3,
				     .its_device_bits = 3,
				     .its_event_bits = 3,
				     .table_bytes = 4 * 65536 };
	uint32_t i;

	memset(&out, 0, sizeof(out));
	m = machine_new(&config, &out);
	if (!m)
		bail("no memory for the simulated machine");
	for (i = 0; i < CPUS; i++)
		m->cpu[i].parked = false;
	wire(EDGE_SOURCE, FERRY_GIC_EDGE, SPI);
	wire(LEVEL_SOURCE, FERRY_GIC_LEVEL, LEVEL);
	wire(ESPI_SOURCE, FERRY_GIC_EDGE, ESPI);
	wire(LPI_SOURCE, FERRY_GIC_LPI, 0);
	m->source[LPI_SOURCE].device = 1;
	as(0);
	if (gic == 3) {
		put(0x0000, 0x10);
		put(0x0080 + 4, ~0u);
		put(0x1000, ~0u);
	}
	put(0x0000, gic == 3 ? 0x12 : 1);
	for (i = 0; i < CPUS; i++)
		interface_on(i);
	as(0);
	spi(SPI, true, 1);
	spi(LEVEL, false, 1);
	if (gic == 3)
		spi(ESPI, true, 1);
}

static void finish(const char *name)
{
	ok(!out.report.broken, "%s: nothing that was wrong", name);
	for (uint32_t i = 0; i < out.report.nviolations; i++)
		diag("%s", out.report.violation[i]);
	machine_delete(m);
}

static void fire(uint32_t src)
{
	m->current = NONE;
	out.outstanding++;
	arm_fire(m, src);
}

/* ---- SPIs ------------------------------------------------------------------------------- */

static void test_edge(uint8_t gic, uint32_t intid, uint32_t src)
{
	begin(gic);
	fire(src);
	ok(signalled(1) && !signalled(0), "an edge is signalled where it is routed to");
	is_u64(take(1), intid, "it is acknowledged there");
	fire(src);
	ok(!signalled(1), "active, it is not presented again");
	end(1, intid);
	ok(signalled(1), "the second instance comes after the deactivation");
	is_u64(take(1), intid, "once");
	end(1, intid);
	is_u64(take(1), GIC_SPURIOUS, "then nothing");
	finish("edge");
}

static void test_level(void)
{
	begin(3);
	fire(LEVEL_SOURCE);
	is_u64(take(1), LEVEL, "a level is acknowledged");
	end(1, LEVEL);
	ok(signalled(1), "still asserted, it is presented again");
	is_u64(take(1), LEVEL, "and acknowledged");
	device_drop_line(m, LEVEL_SOURCE);
	end(1, LEVEL);
	ok(!signalled(1), "not any more when the line has dropped");
	finish("level");
}

static void reroute(uint32_t cpu)
{
	as(0);
	if (m->config.gic == 2)
		arm_write(m, FERRY_GICD, 0, 0x0800 + SPI, 1, 1u << arm_bit(cpu));
	else
		arm_write(m, FERRY_GICD, 0, 0x6000 + SPI * 8, 8, mpidrs[cpu]);
}

static void test_route(uint8_t gic)
{
	begin(gic);
	fire(EDGE_SOURCE);
	reroute(2);
	ok(signalled(1) && signalled(2), "pending and re-routed: the old CPU may still win");
	is_u64(take(1), SPI, "if it does");
	is_u64(take(2), GIC_SPURIOUS, "the new one has nothing");
	fire(EDGE_SOURCE);
	reroute(3);
	end(1, SPI);
	ok(signalled(3) && !signalled(2), "what came while it was active goes to the new route");
	reroute(0);
	arm_recall(m, arm_index(m, SPI), 3);
	is_u64(take(3), GIC_SPURIOUS, "recalled, the old one has nothing");
	is_u64(take(0), SPI, "and the new one has it");
	end(0, SPI);
	finish("route");
}

static void test_disable(void)
{
	begin(3);
	fire(EDGE_SOURCE);
	as(0);
	put(0x0180 + 4, 1u << (SPI - 32));
	ok(signalled(1), "disabled while it is presented: it may still be taken");
	ok(get(0x0000) >> 31, "GICD_CTLR.RWP says so");
	arm_recall(m, arm_index(m, SPI), 1);
	ok(!(get(0x0000) >> 31) && !signalled(1), "until it was taken back");
	put(0x0100 + 4, 1u << (SPI - 32));
	is_u64(take(1), SPI, "enabled again it still is pending");
	end(1, SPI);
	finish("disable");
}

static void test_interface_off(void)
{
	begin(3);
	fire(EDGE_SOURCE);
	as(1);
	icc(FERRY_ICC_IGRPEN1, 0);
	ok(!signalled(1), "an interface that is off signals nothing");
	reroute(2);
	is_u64(take(2), SPI, "what it was offered is the distributor's again");
	end(2, SPI);
	as(1);
	put_rd(1, 0x0014, 4, 2);
	is_u64((uint32_t)get_rd(1, 0x0014, 4), 2, "to go to sleep takes time");
	arm_wake(m, 1);
	is_u64((uint32_t)get_rd(1, 0x0014, 4), 6, "then it sleeps");
	finish("interface off");
}

static void test_several(void)
{
	begin(2);
	as(0);
	arm_write(m, FERRY_GICD, 0, 0x0800 + SPI, 1, 1u << arm_bit(1) | 1u << arm_bit(2));
	fire(EDGE_SOURCE);
	ok(signalled(1) && signalled(2), "several targets: all are offered it");
	is_u64(take(2), SPI, "one takes it");
	is_u64(take(1), GIC_SPURIOUS, "the other reads a spurious INTID");
	end(2, SPI);
	as(3);
	is_u64(get(0x0800), 0x01010101u << arm_bit(3), "GICD_ITARGETSR0 tells who reads");
	finish("several");
}

static void test_priorities(bool split)
{
	begin(3);
	as(1);
	icc(FERRY_ICC_CTLR, split ? 2 : 0);
	as(0);
	arm_write(m, FERRY_GICD, 0, 0x2000 + ESPI - 4096, 1, 0x40);
	fire(EDGE_SOURCE);
	is_u64(take(1), SPI, "the first is taken");
	fire(LEVEL_SOURCE);
	ok(!signalled(1), "one of the same priority waits");
	fire(ESPI_SOURCE);
	is_u64(take(1), ESPI, "one of a higher priority does not");
	end(1, ESPI);
	if (split)
		arm_deactivate(m, 1, ESPI);
	ok(!signalled(1), "it has ended, and the first still runs");
	end(1, SPI);
	ok(signalled(1), "ended, or its priority dropped, it lets the other in");
	is_u64(take(1), LEVEL, "which is taken");
	fire(EDGE_SOURCE);
	end(1, LEVEL);
	if (split) {
		arm_deactivate(m, 1, SPI);
		arm_deactivate(m, 1, LEVEL);
	}
	is_u64(take(1), SPI, "deactivated, the first comes again");
	finish(split ? "priorities, EOImode 1" : "priorities, EOImode 0");
}

/* ---- SGIs, redistributors ------------------------------------------------------------------ */

static void test_sgi(void)
{
	begin(3);
	as(2);
	put_rd(2, 0x10100, 4, 1u << 5);
	as(0);
	/* Affinity 0.1.0.0x13: range 1, bit 3. */
	arm_icc_write(m, FERRY_ICC_SGI1R, 1ull << 44 | 1ull << 32 | 5u << 24 | 1u << 3);
	is_u64(take(2), 5, "an SGI by affinity, with a range");
	end(2, 5);
	finish("SGI");
	begin(2);
	as(2);
	put(0x0100, 1u << 5);
	as(1);
	put(0x0f00, 1u << (16 + arm_bit(2)) | 5);
	is_u64(take(2), 5 | arm_bit(1) << 10, "GICv2 tells who sent it");
	end(2, 5 | arm_bit(1) << 10);
	finish("SGI of a GICv2");
}

static void test_redistributors(void)
{
	uint32_t unit, at, found = 0, last = 0;

	begin(3);
	for (unit = 0; unit < GIC_REGIONS; unit++)
		for (at = 0; at < arm_region_frames(&m->config, unit); at++) {
			uint64_t typer = arm_read(m, FERRY_GICR, unit, at * GIC_STRIDE + 8, 8);
			uint64_t aff = (typer >> 56) << 32 | (typer >> 32 & 0xffffff);
			uint32_t cpu = arm_redistributor(m, unit, at * GIC_STRIDE);

			found += aff == mpidrs[cpu];
			last += typer >> 4 & 1;
		}
	is_u64(found, CPUS, "each redistributor tells its affinity");
	is_u64(last, GIC_REGIONS, "one in each region is the last");
	finish("redistributors");
}

/* ---- LPIs ---------------------------------------------------------------------------------- */

static uint64_t pa(size_t offset)
{
	return (uint64_t)(uintptr_t)(m->tables + offset);
}

static uint32_t written;

/* A command, visible and told of; executed as far as it goes. */
static void command(uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
	uint64_t *at = (uint64_t *)(void *)m->tables + written * 4;

	at[0] = a;
	at[1] = b;
	at[2] = c;
	at[3] = d;
	arm_its_sync(m, at, 32);
	arm_write(m, FERRY_GITS, 0, 0x0088, 8, ++written * 32);
	while (arm_its_may_execute(m, 0))
		arm_its_execute(m, 0);
}

static uint64_t rd(uint32_t cpu)
{
	return (uint64_t)arm_processor_number(m, cpu) << 16;
}

static void configure(uint8_t value)
{
	uint8_t *byte = m->tables + 65536 + (LPI - FERRY_LPI_FIRST);

	*byte = value;
	arm_its_sync(m, byte, 1);
}

static void begin_lpis(void)
{
	uint32_t i;

	begin(3);
	written = 0;
	for (i = 0; i < CPUS; i++) {
		put_rd(i, 0x0070, 8, pa(65536) | 13);
		put_rd(i, 0x0078, 8, 0x7000000 + i * 65536);
		put_rd(i, 0x0000, 4, 1);
	}
	for (i = 0; i < 8; i++) {
		uint64_t type = arm_read(m, FERRY_GITS, 0, 0x0100 + 8 * i, 8) >> 56 & 7;

		if (type)
			arm_write(m, FERRY_GITS, 0, 0x0100 + 8 * i, 8,
				  1ull << 63 | pa((type == 1 ? 2 : 3) * 65536));
	}
	arm_write(m, FERRY_GITS, 0, 0x0080, 8, 1ull << 63 | pa(0));
	arm_write(m, FERRY_GITS, 0, 0x0000, 4, 1);
	for (i = 0; i < CPUS; i++)
		command(0x09, 0, 1ull << 63 | rd(i) | i, 0);
	command(1ull << 32 | 0x08, 2, 1ull << 63 | 0x10000, 0);
	configure(0xa1);
	command(1ull << 32 | 0x0a, (uint64_t)LPI << 32 | EVENT, 1, 0);
}

static void message(void)
{
	struct flight f = { .src = LPI_SOURCE, .time = 1 };

	out.outstanding++;
	arm_its_message(m, &f);
}

static void movi(uint32_t cpu)
{
	command(1ull << 32 | 0x01, EVENT, cpu, 0);
}

static void test_lpi(void)
{
	begin_lpis();
	message();
	is_u64(take(1), LPI, "a message becomes an LPI at its collection");
	message();
	ok(!signalled(1), "the same priority waits");
	end(1, LPI);
	is_u64(take(1), LPI, "an LPI is never active");
	end(1, LPI);
	configure(0xa0);
	message();
	is_u64(take(1), LPI, "its configuration is cached");
	end(1, LPI);
	command(1ull << 32 | 0x0c, EVENT, 0, 0);
	message();
	ok(!signalled(1), "until INV");
	configure(0xa1);
	command(1ull << 32 | 0x0c, EVENT, 0, 0);
	is_u64(take(1), LPI, "disabled it was pending");
	end(1, LPI);
	finish("LPI");
}

static void test_movi(void)
{
	begin_lpis();
	message();
	movi(2);
	ok(signalled(1) && !signalled(2), "MOVI of one that is presented: it stays there");
	arm_recall(m, arm_index(m, LPI), 1);
	ok(!signalled(1) && signalled(2), "or is taken back, and moved");
	movi(3);
	is_u64(take(2), LPI, "it may also be taken");
	end(2, LPI);
	as(3);
	icc(FERRY_ICC_IGRPEN1, 0);
	message();
	movi(2);
	ok(signalled(2), "one that is not presented is moved at once");
	movi(1);
	as(2);
	icc(FERRY_ICC_IGRPEN1, 0);
	ok(!signalled(1) && !signalled(2), "given back by an interface that is off");
	command(0x0e, 0, rd(2), rd(1));
	is_u64(take(1), LPI, "MOVALL takes it from there");
	end(1, LPI);
	finish("MOVI");
}

static void test_discard(void)
{
	begin_lpis();
	m->source[LPI_SOURCE].dead = true;
	message();
	command(1ull << 32 | 0x0f, EVENT, 0, 0);
	command(0x05, 0, rd(1), 0);
	ok(m->gic->its[0].creadr != m->gic->its[0].cwriter,
	   "SYNC waits for what was presented and discarded");
	arm_recall(m, arm_index(m, LPI), 1);
	arm_its_execute(m, 0);
	ok(m->gic->its[0].creadr == m->gic->its[0].cwriter, "until it was taken back");
	ok(!signalled(1), "which is not pending any more");
	finish("DISCARD");
}

/* ---- what is wrong ------------------------------------------------------------------------- */

static void wrong(uint8_t gic, const char *what, void (*mistake)(void))
{
	gic == 3 ? begin_lpis() : begin(2);
	as(1);
	mistake();
	ok(out.report.broken, "loud: %s", what);
	machine_delete(m);
}

static void bad_width(void)
{
	arm_write(m, FERRY_GICD, 0, 0x0184, 1, 1);
}
static void bad_offset(void)
{
	put(0x0058, 0);
}
static void bad_irm(void)
{
	arm_write(m, FERRY_GICD, 0, 0x6000 + SPI * 8, 8, 0x80000000u);
}
static void bad_affinity(void)
{
	arm_write(m, FERRY_GICD, 0, 0x6000 + SPI * 8, 8, 0x5);
}
static void bad_half_route(void)
{
	put(0x6000 + SPI * 8, 0);
}
static void bad_target(void)
{
	arm_write(m, FERRY_GICD, 0, 0x0800 + SPI, 1, 1);
}
static void bad_v2_route(void)
{
	arm_write(m, FERRY_GICD, 0, 0x0800 + SPI, 1, 1u << arm_bit(1));
}
static void bad_gicc(void)
{
	arm_write(m, FERRY_GICC, 0, 0x0004, 4, 0xff);
}
static void bad_no_redistributor(void)
{
	arm_read(m, FERRY_GICR, 0, 64 * GIC_STRIDE + 8, 8);
}
static void bad_unfenced_enable(void)
{
	put(0x0184, 1u << (SPI - 32));
	arm_recall(m, arm_index(m, SPI), 1);
	arm_write(m, FERRY_GICD, 0, 0x6000 + SPI * 8, 8, mpidrs[2]);
	put(0x0104, 1u << (SPI - 32));
}
static void bad_unfenced_sgi(void)
{
	m->cpu[1].unfenced = true;
	arm_icc_write(m, FERRY_ICC_SGI1R, 1);
}
static void bad_sgi_target(void)
{
	arm_icc_write(m, FERRY_ICC_SGI1R, 0x8000);
}
static void bad_sre(void)
{
	icc(FERRY_ICC_SRE, 0);
	arm_icc_read(m, FERRY_ICC_PMR);
}
static void bad_config(void)
{
	put(0x0c08, 0);
}
static void bad_sleep(void)
{
	put_rd(1, 0x0014, 4, 2);
}
static void bad_asleep(void)
{
	icc(FERRY_ICC_IGRPEN1, 0);
	put_rd(1, 0x0014, 4, 2);
	arm_wake(m, 1);
	put_rd(1, 0x10100, 4, 1);
}
static void bad_lpis_off(void)
{
	put_rd(1, 0x0000, 4, 0);
}
static void bad_eoi(void)
{
	arm_eoi(m, 1, SPI);
}
static void bad_spurious_eoi(void)
{
	arm_eoi(m, 1, take(1));
}
static void bad_order(void)
{
	as(0);
	arm_write(m, FERRY_GICD, 0, 0x2000 + ESPI - 4096, 1, 0x40);
	fire(EDGE_SOURCE);
	take(1);
	fire(ESPI_SOURCE);
	take(1);
	arm_eoi(m, 1, SPI);
}
static void bad_dir(void)
{
	fire(EDGE_SOURCE);
	arm_deactivate(m, 1, take(1));
}
static void bad_early_dir(void)
{
	icc(FERRY_ICC_CTLR, 2);
	fire(EDGE_SOURCE);
	arm_deactivate(m, 1, take(1));
}
static void bad_cwriter(void)
{
	arm_write(m, FERRY_GITS, 0, 0x0088, 8, ++written * 32);
}
static void bad_event(void)
{
	command(1ull << 32 | 0x01, EVENT + 1, 1, 0);
}
static void bad_collection(void)
{
	command(1ull << 32 | 0x01, EVENT, CPUS, 0);
}
static void bad_mapti(void)
{
	command(1ull << 32 | 0x0a, (uint64_t)LPI << 32 | (EVENT + 1), 1, 0);
}
static void bad_asleep_target(void)
{
	icc(FERRY_ICC_IGRPEN1, 0);
	put_rd(1, 0x0014, 4, 2);
	arm_wake(m, 1);
	command(1ull << 32 | 0x03, EVENT, 0, 0);
}
static void bad_command(void)
{
	command(0x77, 0, 0, 0);
}
static void bad_park(void)
{
	arm_park(m, 1);
}

static void test_wrong(void)
{
	wrong(3, "a byte where there are words", bad_width);
	wrong(3, "a register that is not there", bad_offset);
	wrong(3, "a route to any CPU", bad_irm);
	wrong(3, "a route to an affinity that no CPU has", bad_affinity);
	wrong(3, "half a route", bad_half_route);
	wrong(2, "a target bit that no CPU has", bad_target);
	wrong(3, "GICv2's routes on a GICv3", bad_v2_route);
	wrong(3, "GICv2's CPU interface on a GICv3", bad_gicc);
	wrong(3, "a redistributor that is not there", bad_no_redistributor);
	wrong(3, "a route and no barrier before the enable", bad_unfenced_enable);
	wrong(3, "a store and no barrier before an SGI", bad_unfenced_sgi);
	wrong(3, "an SGI to a CPU that is not there", bad_sgi_target);
	wrong(3, "system registers without SRE", bad_sre);
	wrong(3, "a configuration that changes while it is enabled", bad_config);
	wrong(3, "sleep with the interface on", bad_sleep);
	wrong(3, "a write to a redistributor that is asleep", bad_asleep);
	wrong(3, "LPIs switched off", bad_lpis_off);
	wrong(3, "an EOI of nothing", bad_eoi);
	wrong(3, "an EOI of a spurious INTID", bad_spurious_eoi);
	wrong(3, "EOIs in the wrong order", bad_order);
	wrong(3, "DIR with EOImode 0", bad_dir);
	wrong(3, "DIR before the priority drop", bad_early_dir);
	wrong(3, "a command that was not made visible", bad_cwriter);
	wrong(3, "a command for an event that is not mapped", bad_event);
	wrong(3, "a collection that is not mapped", bad_collection);
	wrong(3, "two events with one LPI", bad_mapti);
	wrong(3, "an LPI for a redistributor that is asleep", bad_asleep_target);
	wrong(3, "a command that there is none", bad_command);
	wrong(3, "a CPU parked with its interface on", bad_park);
}

int main(void)
{
	test_edge(2, SPI, EDGE_SOURCE);
	test_edge(3, SPI, EDGE_SOURCE);
	test_edge(3, ESPI, ESPI_SOURCE);
	test_level();
	test_route(2);
	test_route(3);
	test_disable();
	test_interface_off();
	test_several();
	test_priorities(false);
	test_priorities(true);
	test_sgi();
	test_redistributors();
	test_lpi();
	test_movi();
	test_discard();
	test_wrong();
	return tap_done();
}
