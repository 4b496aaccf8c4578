/* SPDX-License-Identifier: MIT */
/*
 * GICv3 (IHI 0069H): affinity routing, a redistributor for each CPU, the CPU interface in
 * system registers.
 *
 * Locks: none of its own; callers hold I, or are the CPU concerned.
 */
#include "arm/gic.h"
#include "arm/gic_registers.h"

/* GICD_CTLR (12.9), as non-secure code sees it with two security states, or anyone with
 * one. */
#define CTLR_ENABLE (1u << 1) /* group 1, non-secure */
#define CTLR_ARE (1u << 4)
#define CTLR_RWP (1u << 31)

/* GICD_TYPER (12.9) */
#define TYPER_ESPI (1u << 8)
#define TYPER_RSS (1u << 26)

/* GICR_TYPER (12.11), a 64-bit register */
#define RD_VLPIS (1ull << 1)
#define RD_LAST (1ull << 4)
#define RD_FRAMES 0x20000u /* RD_base and SGI_base; with VLPIS twice as much */

/* GICR_WAKER (12.11) */
#define WAKER_SLEEP (1u << 1)
#define WAKER_ASLEEP (1u << 2)

static bool valid(const struct ferry_gic_config *c)
{
	return c->mpidrs && c->region && c->regions;
}

/* ---- redistributors --------------------------------------------------------------------- */

static uint8_t aff0(struct ferry_mpidr m)
{
	return (uint8_t)m.value;
}

/* As the upper half of GICR_TYPER has it. */
static uint32_t packed(struct ferry_mpidr m)
{
	return (uint32_t)m.value | (uint32_t)(m.value >> 32) << 24;
}

/* Extended PPIs: none, 32 or 64; values from 3 on are reserved. */
static uint8_t local_words(uint64_t typer)
{
	uint32_t n = (uint32_t)typer >> 27;

	return (uint8_t)(n < GIC_LOCAL_WORDS ? n + 1 : 1);
}

/* A redistributor: whose? */
static void found(struct ferry *f, struct gic_rd rd, uint64_t typer)
{
	for (uint32_t cpu = 0; cpu < f->ncpus; cpu++) {
		struct gic_cpu *c = &f->gic->cpus[cpu];

		if (c->local_words || packed(c->mpidr) != (uint32_t)(typer >> 32))
			continue;
		c->rd = rd;
		c->rd_number = (uint16_t)(typer >> 8);
		c->local_words = local_words(typer);
		return;
	}
}

/* One frame after the other, until one says that it is the last, or the region ends. */
static void walk(struct ferry *f, uint32_t region, uint32_t bytes)
{
	struct gic_rd rd = { region, 0 };
	uint64_t typer = 0;

	while (!(typer & RD_LAST) && bytes - rd.offset >= RD_FRAMES && rd.offset < bytes) {
		typer = ferry_host_gic_read64(f->ctx, FERRY_GICR, region, rd.offset + GICR_TYPER);
		found(f, rd, typer);
		rd.offset += typer & RD_VLPIS ? 2 * RD_FRAMES : RD_FRAMES;
	}
}

static int find_all(struct ferry *f, const struct ferry_gic_config *c, uint32_t typer)
{
	for (uint32_t cpu = 0; cpu < f->ncpus; cpu++) {
		struct ferry_mpidr m = { c->mpidrs[cpu].value & 0xff00ffffffull };

		f->gic->cpus[cpu].mpidr = m;
		f->gic->ranges = f->gic->ranges || aff0(m) > 15;
	}
	for (uint32_t r = 0; r < c->regions; r++)
		walk(f, r, c->region[r].bytes);
	for (uint32_t cpu = 0; cpu < f->ncpus; cpu++)
		if (!f->gic->cpus[cpu].local_words)
			return FERRY_E_HARDWARE;
	return f->gic->ranges && !(typer & TYPER_RSS) ? FERRY_E_HARDWARE : FERRY_OK;
}

/* ---- the distributor ---------------------------------------------------------------------- */

static int control(struct ferry *f, uint32_t value)
{
	gic_put(f, &gic_distributor, GICD_CTLR, value);
	return gic_wait(f, &gic_distributor, GICD_CTLR, CTLR_RWP, 0);
}

/* Affinity routing may be switched on only while nothing is enabled, and never off (12.9,
 * GICD_CTLR). The last wait is also that for all to be disabled. */
static int start(struct ferry *f, uint32_t lines, uint32_t extended)
{
	int rc = control(f, gic_get(f, &gic_distributor, GICD_CTLR) & CTLR_ARE);

	if (rc == FERRY_OK)
		rc = control(f, CTLR_ARE);
	if (rc != FERRY_OK)
		return rc;
	gic_reset(f, lines, extended);
	return control(f, CTLR_ARE | CTLR_ENABLE);
}

static int init(struct ferry *f, const struct ferry_gic_config *c)
{
	uint32_t typer = gic_get(f, &gic_distributor, GICD_TYPER);
	uint32_t lines = GICD_TYPER_LINES(typer);
	uint32_t extended = typer & TYPER_ESPI ? ((typer >> 27) + 1) * 32 : 0;
	int rc;

	if (FERRY_SPI_FIRST + c->spis > lines || c->espis > extended)
		return FERRY_E_HARDWARE;
	rc = find_all(f, c, typer);
	return rc == FERRY_OK ? start(f, lines, extended) : rc;
}

/* To one CPU, which the set is: IRM (bit 31) is 0 (12.9, GICD_IROUTERn). */
static void route(struct ferry *f, uint32_t intid, ferry_set cpus)
{
	ferry_host_gic_write64(f->ctx, FERRY_GICD, 0, gic_register(intid, GICD_IROUTER, 64),
			       f->gic->cpus[cpus].mpidr.value);
}

static bool done(struct ferry *f)
{
	return !(gic_get(f, &gic_distributor, GICD_CTLR) & CTLR_RWP);
}

/* ---- the CPU interface ------------------------------------------------------------------ */

static void write_icc(struct ferry *f, enum ferry_icc reg, uint64_t value)
{
	ferry_host_icc_write(f->ctx, reg, value);
}

/* After this what was written is in effect. */
static void synchronize(struct ferry *f)
{
	ferry_host_barrier(f->ctx, FERRY_BARRIER_CONTEXT);
}

#define SRE_ALL 7u /* SRE, and no bypass */
#define CTLR_EOIMODE (1u << 1)
#define CTLR_CBPR (1u << 0)
#define CTLR_RSS (1u << 18)
#define CTLR_EXTENDED (1u << 19) /* INTIDs from 1024 to 8191 */
#define PMR_ALL 0xffu

/* System registers first: the others are not there without (12.2, ICC_SRE_EL1). */
static int interface_on(struct ferry *f)
{
	uint64_t ctlr;

	write_icc(f, FERRY_ICC_SRE, ferry_host_icc_read(f->ctx, FERRY_ICC_SRE) | SRE_ALL);
	synchronize(f);
	if (!(ferry_host_icc_read(f->ctx, FERRY_ICC_SRE) & 1))
		return FERRY_E_HARDWARE;
	ctlr = ferry_host_icc_read(f->ctx, FERRY_ICC_CTLR);
	if ((f->gic->ranges && !(ctlr & CTLR_RSS)) || (f->gic->espis && !(ctlr & CTLR_EXTENDED)))
		return FERRY_E_HARDWARE;
	ctlr &= ~(uint64_t)(CTLR_EOIMODE | CTLR_CBPR);
	write_icc(f, FERRY_ICC_CTLR, gic_split(f) ? ctlr | CTLR_EOIMODE : ctlr);
	write_icc(f, FERRY_ICC_BPR1, 0);
	write_icc(f, FERRY_ICC_PMR, PMR_ALL);
	synchronize(f);
	write_icc(f, FERRY_ICC_IGRPEN1, 1);
	synchronize(f);
	return FERRY_OK;
}

/* What it was offered and has not acknowledged goes back (12.2,
 * ICC_IGRPEN1_EL1); complete when the barrier is. */
static void interface_off(struct ferry *f)
{
	write_icc(f, FERRY_ICC_IGRPEN1, 0);
	synchronize(f);
	ferry_host_barrier(f->ctx, FERRY_BARRIER_DEVICE);
}

static uint32_t ack(struct ferry *f)
{
	return (uint32_t)ferry_host_icc_read(f->ctx, FERRY_ICC_IAR1);
}

/* In effect before interrupts may be turned on again. */
static void drop(struct ferry *f, uint32_t value)
{
	write_icc(f, FERRY_ICC_EOIR1, value);
	synchronize(f);
}

static void deactivate(struct ferry *f, uint32_t value)
{
	write_icc(f, FERRY_ICC_DIR, value);
}

/* ---- SGIs --------------------------------------------------------------------------------- */

/* ICC_SGI1R_EL1 (12.2) but for the INTID and the target list: Aff3 55:48, range 47:44,
 * Aff2 39:32, Aff1 23:16. */
static uint64_t sgi_group(struct ferry_mpidr m)
{
	uint64_t v = m.value;

	return (v >> 32 & 0xff) << 48 | (v >> 4 & 0xf) << 44 | (v >> 16 & 0xff) << 32 |
	       (v >> 8 & 0xff) << 16;
}

/* One write for neighbours of one group. */
static void sgi(struct ferry *f, uint32_t id, const uint64_t *mask)
{
	uint64_t value = 0;

	for (uint32_t c = 0; c < f->ncpus; c++) {
		struct ferry_mpidr m = f->gic->cpus[c].mpidr;
		uint64_t group = sgi_group(m) | (uint64_t)id << 24;

		if (!gic_named(f, mask, c))
			continue;
		if (value && (value & ~0xffffull) != group) {
			write_icc(f, FERRY_ICC_SGI1R, value);
			value = 0;
		}
		value |= group | 1u << (aff0(m) & 15);
	}
	if (value)
		write_icc(f, FERRY_ICC_SGI1R, value);
	synchronize(f);
}

/* ---- CPUs --------------------------------------------------------------------------------- */

static struct gic_frame local(const struct ferry *f, uint32_t cpu)
{
	struct gic_rd rd = f->gic->cpus[cpu].rd;

	return (struct gic_frame){ FERRY_GICR, rd.region, rd.offset + GICR_SGI_BASE };
}

/* A redistributor that sleeps hands nothing to its CPU (11.1). With two security states the
 * register is firmware's, and reads as 0 (12.11, GICR_WAKER): then there is nothing to wait
 * for, so look at what the write has become. */
static int sleep(struct ferry *f, uint32_t cpu, bool on)
{
	struct gic_rd rd = f->gic->cpus[cpu].rd;
	struct gic_frame at = { FERRY_GICR, rd.region, rd.offset };
	uint32_t waker = gic_get(f, &at, GICR_WAKER) & ~WAKER_SLEEP;

	gic_put(f, &at, GICR_WAKER, on ? waker | WAKER_SLEEP : waker);
	waker = gic_get(f, &at, GICR_WAKER) & WAKER_SLEEP;
	return gic_wait(f, &at, GICR_WAKER, WAKER_ASLEEP, waker * (WAKER_ASLEEP / WAKER_SLEEP));
}

static int enter(struct ferry *f, uint32_t cpu)
{
	int rc = sleep(f, cpu, false);

	if (rc == FERRY_OK)
		rc = gic_local_restore(f, cpu);
	if (rc == FERRY_OK && f->gic->lpis)
		rc = f->gic->lpis->enter(f, cpu);
	return rc == FERRY_OK ? interface_on(f) : rc;
}

/* There always is another one online: the last may not leave. */
static int part(struct ferry *f, uint32_t cpu)
{
	const struct ferry_want other = { .set = FERRY_SET_ALL, .exclude = cpu };
	int rc = gic_local_save(f, cpu);

	if (rc == FERRY_OK) {
		gic_give_back(f, cpu);
		interface_off(f);
		if (f->gic->lpis)
			rc = f->gic->lpis->leave(f, cpu, gic_candidate(f, &other, 0));
	}
	if (rc == FERRY_OK)
		rc = sleep(f, cpu, true);
	if (rc == FERRY_OK)
		return FERRY_OK;
	(void)sleep(f, cpu, false);
	gic_local_enable(f, cpu);
	(void)interface_on(f);
	return rc;
}

const struct ferry_gic_variant ferry_gicv3 = {
	.valid = valid,
	.init = init,
	.enter = enter,
	.part = part,
	.ack = ack,
	.drop = drop,
	.deactivate = deactivate,
	.route = route,
	.done = done,
	.sgi = sgi,
	.local = local,
	.intid = 0xffffff,
	.group = ~0u,
};
