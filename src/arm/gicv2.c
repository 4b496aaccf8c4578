/* SPDX-License-Identifier: MIT */
/*
 * GICv2 (IHI 0048B): up to eight CPUs, each a bit of GICD_ITARGETSRn; a banked CPU
 * interface. Non-secure software with Security Extensions sees the same registers as any
 * software without: one group that bit 0 enables.
 *
 * Locks: V.
 */
#include "arm/gic.h"
#include "arm/gic_registers.h"

#define GICD_ENABLE 1u

/* GICC_CTLR (4.4.1) */
#define GICC_ENABLE 1u
#define GICC_BYPASS_OFF (0xfu << 5) /* no legacy input where the interface is off (2.3) */
#define GICC_EOIMODE (1u << 9)

#define PMR_ALL 0xffu

static void write_gicc(struct ferry *f, uint32_t offset, uint32_t value)
{
	ferry_host_gic_write(f->ctx, FERRY_GICC, 0, offset, value);
}

/* ---- the distributor ---------------------------------------------------------------------- */

static bool valid(const struct ferry_gic_config *c)
{
	return c->core.cpus <= 8 && !c->espis && !c->its;
}

static int init(struct ferry *f, const struct ferry_gic_config *c)
{
	uint32_t typer = gic_get(f, &gic_distributor, GICD_TYPER);

	if (FERRY_SPI_FIRST + c->spis > GICD_TYPER_LINES(typer))
		return FERRY_E_HARDWARE;
	for (uint32_t cpu = 0; cpu < f->ncpus; cpu++)
		f->gic->cpus[cpu].local_words = 1;
	gic_put(f, &gic_distributor, GICD_CTLR, 0);
	gic_reset(f, GICD_TYPER_LINES(typer), 0);
	gic_put(f, &gic_distributor, GICD_CTLR, GICD_ENABLE);
	return FERRY_OK;
}

/* A byte for each interrupt (4.3.12). */
static void route(struct ferry *f, uint32_t intid, ferry_set cpus)
{
	uint8_t targets = 0;

	FERRY_FOR_EACH_CPU(f, cpus, c)
		targets |= f->gic->cpus[c].target.bit;
	gic_put8(f, &gic_distributor, gic_register(intid, GICD_ITARGETSR, 8), targets);
}

/* Eight CPUs are one word. */
static ferry_set several(struct ferry *f, const struct ferry_want *want)
{
	uint64_t mask = 0;
	ferry_set set;

	for (uint32_t c = 0; (c = gic_candidate(f, want, c)) != FERRY_NONE; c++)
		mask |= 1ull << c;
	return ferry_set_make(f, &mask, &set) == FERRY_OK ? set : FERRY_SET_NONE;
}

/* No register says so. A read of the distributor comes after the writes before it. */
static bool done(struct ferry *f)
{
	(void)gic_get(f, &gic_distributor, GICD_CTLR);
	return true;
}

/* ---- the CPU interface ------------------------------------------------------------------ */

static void interface_on(struct ferry *f)
{
	write_gicc(f, GICC_BPR, 0);
	write_gicc(f, GICC_PMR, PMR_ALL);
	write_gicc(f, GICC_CTLR, gic_split(f) ? GICC_ENABLE | GICC_EOIMODE : GICC_ENABLE);
}

static uint32_t ack(struct ferry *f)
{
	return ferry_host_gic_read(f->ctx, FERRY_GICC, 0, GICC_IAR);
}

static void drop(struct ferry *f, uint32_t value)
{
	write_gicc(f, GICC_EOIR, value);
}

static void deactivate(struct ferry *f, uint32_t value)
{
	write_gicc(f, GICC_DIR, value);
}

/* ---- SGIs --------------------------------------------------------------------------------- */

/* GICC_IAR.CPUID is a number, that of a target bit (4.4.4). */
static uint32_t sender(struct ferry *f, uint32_t value)
{
	for (uint32_t cpu = 0; cpu < f->ncpus; cpu++)
		if (f->gic->cpus[cpu].target.bit == 1u << (value >> 10 & 7))
			return cpu;
	return FERRY_NONE;
}

/* GICD_SGIR (4.3.15): to a list of targets. */
static void sgi(struct ferry *f, uint32_t id, const uint64_t *mask)
{
	uint32_t list = 0;

	for (uint32_t c = 0; c < f->ncpus; c++)
		if (gic_named(f, mask, c))
			list |= f->gic->cpus[c].target.bit;
	gic_put(f, &gic_distributor, GICD_SGIR, list << 16 | id);
}

/* ---- CPUs --------------------------------------------------------------------------------- */

static struct gic_frame local(const struct ferry *f, uint32_t cpu)
{
	(void)f;
	(void)cpu;
	return (struct gic_frame){ FERRY_GICD, 0, 0 };
}

/* The bytes of GICD_ITARGETSR0 .. 7 are the bit of who reads, where there is an interrupt;
 * on a uniprocessor all are 0, and what is written is ignored (4.3.12). */
static struct gic_target own_target(struct ferry *f)
{
	uint32_t all = gic_get(f, &gic_distributor, gic_register(0, GICD_ITARGETSR, 8));

	all |= all >> 16;
	all |= all >> 8;
	return (struct gic_target){ all & 0xff ? (uint8_t)all : 1 };
}

static int enter(struct ferry *f, uint32_t cpu)
{
	struct gic_target target = own_target(f);
	int rc = gic_local_restore(f, cpu);

	ferry_lock_cpu(f, cpu);
	f->gic->cpus[cpu].target = target;
	ferry_unlock_cpu(f, cpu);
	for (uint32_t n = 0; n < 4; n++) /* SGIs pend elsewhere than in GICD_ISPENDR0 (4.3.16) */
		gic_put(f, &gic_distributor, GICD_CPENDSGIR + n * 4, ~0u);
	interface_on(f);
	return rc;
}

/* What it was offered is the distributor's, as everything is that was not acknowledged. */
static int part(struct ferry *f, uint32_t cpu)
{
	int rc = gic_local_save(f, cpu);

	if (rc != FERRY_OK)
		return rc;
	gic_give_back(f, cpu);
	write_gicc(f, GICC_CTLR, GICC_BYPASS_OFF);
	ferry_host_barrier(f->ctx, FERRY_BARRIER_DEVICE);
	return FERRY_OK;
}

const struct ferry_gic_variant ferry_gicv2 = {
	.valid = valid,
	.init = init,
	.enter = enter,
	.part = part,
	.ack = ack,
	.drop = drop,
	.deactivate = deactivate,
	.sender = sender,
	.route = route,
	.done = done,
	.sgi = sgi,
	.local = local,
	.several = several,
	.intid = 0x3ff,
	.group = 0,
};
