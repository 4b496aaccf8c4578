/* SPDX-License-Identifier: MIT */
/*
 * SPIs and extended SPIs: the registers of the distributor that GICv2 and GICv3 have in
 * the same places (IHI 0048B 4.3, IHI 0069H 12.9), and the kind of source. An SPI is
 * pending or active in the distributor, whatever its route; a route may be changed at
 * any time (IHI 0048B 4.3.12, IHI 0069H 12.9, GICD_IROUTERn).
 *
 * Locks: I held; G below it.
 */
#include "arm/gic.h"
#include "arm/gic_registers.h"

uint32_t gic_register(uint32_t intid, uint32_t array, uint32_t bits)
{
	uint32_t offset = array & 0xffff;

	if (intid >= FERRY_ESPI_FIRST) {
		intid -= FERRY_ESPI_FIRST;
		offset = array >> 16;
	}
	offset += intid * bits / 8;
	return bits < 8 ? offset & ~3u : offset;
}

const struct gic_frame gic_distributor = { FERRY_GICD, 0, 0 };

uint32_t gic_get(struct ferry *f, const struct gic_frame *at, uint32_t offset)
{
	return ferry_host_gic_read(f->ctx, at->frame, at->unit, at->base + offset);
}

void gic_put(struct ferry *f, const struct gic_frame *at, uint32_t offset, uint32_t value)
{
	ferry_host_gic_write(f->ctx, at->frame, at->unit, at->base + offset, value);
}

void gic_put8(struct ferry *f, const struct gic_frame *at, uint32_t offset, uint8_t value)
{
	ferry_host_gic_write8(f->ctx, at->frame, at->unit, at->base + offset, value);
}

static void write_word(struct ferry *f, uint32_t intid, uint32_t array, uint32_t value)
{
	gic_put(f, &gic_distributor, gic_register(intid, array, 1), value);
}

void gic_write_bit(struct ferry *f, uint32_t intid, uint32_t array)
{
	write_word(f, intid, array, 1u << (intid % 32));
}

bool gic_is_active(struct ferry *f, uint32_t intid)
{
	uint32_t active = gic_get(f, &gic_distributor, gic_register(intid, GICD_ISACTIVER, 1));

	return active >> (intid % 32) & 1;
}

struct wait {
	struct ferry *f;
	const struct gic_frame *at;
	uint32_t offset, bits, value;
};

static bool have_value(void *arg)
{
	const struct wait *w = arg;

	return (gic_get(w->f, w->at, w->offset) & w->bits) == w->value;
}

int gic_wait(struct ferry *f, const struct gic_frame *at, uint32_t offset, uint32_t bits,
	     uint32_t value)
{
	struct wait w = { f, at, offset, bits, value };

	return ferry_host_wait_ns(f->ctx, have_value, &w, GIC_PATIENCE_NS) ? FERRY_OK :
									     FERRY_E_TIMEOUT;
}

/* The upper of the two bits is "edge" (IHI 0048B 4.3.13, IHI 0069H 12.9, GICD_ICFGRn). */
void gic_configure(struct ferry *f, const struct gic_frame *at, uint32_t offset, uint32_t n,
		   bool edge)
{
	uint32_t shift = n % 16 * 2 + 1, word;

	offset += n / 16 * 4;
	word = gic_get(f, at, offset) & ~(1u << shift);
	gic_put(f, at, offset, word | (uint32_t)edge << shift);
}

/* 32 interrupts from this one on. */
static void reset_word(struct ferry *f, uint32_t intid)
{
	write_word(f, intid, GICD_ICENABLER, ~0u);
	write_word(f, intid, GICD_ICPENDR, ~0u);
	write_word(f, intid, GICD_ICACTIVER, ~0u);
	write_word(f, intid, GICD_IGROUPR, f->gic->variant->group);
}

void gic_reset(struct ferry *f, uint32_t lines, uint32_t extended)
{
	for (uint32_t intid = FERRY_SPI_FIRST; intid < lines; intid += 32)
		reset_word(f, intid);
	for (uint32_t n = 0; n < extended; n += 32)
		reset_word(f, FERRY_ESPI_FIRST + n);
}

ferry_atomic *gic_cell(const struct ferry_gic *gic, uint32_t intid)
{
	/* What is below the first one wraps around. */
	if (intid - FERRY_SPI_FIRST < gic->spis)
		return &gic->shared[intid - FERRY_SPI_FIRST];
	if (intid - FERRY_ESPI_FIRST < gic->espis)
		return &gic->shared[gic->spis + intid - FERRY_ESPI_FIRST];
	return NULL;
}

/* ---- the kind ------------------------------------------------------------------------ */

/* A word has sixteen interrupts, of which each has its own I: G. */
static void configure(struct ferry *f, const struct ferry_irq *i)
{
	uint32_t base = gic_register(i->index & ~15u, GICD_ICFGR, 2);

	ferry_host_lock(f->ctx, &f->gic->registers);
	gic_configure(f, &gic_distributor, base, i->index % 16, i->kind == FERRY_GIC_EDGE);
	ferry_host_unlock(f->ctx, &f->gic->registers);
}

/* The route is in place before anything that comes after, an enable by any CPU. No
 * register says so: GICD_CTLR.RWP does not cover it (IHI 0069H 12.9). */
static enum ferry_owed program(struct ferry *f, struct ferry_irq *i)
{
	f->gic->variant->route(f, i->index, i->cur);
	ferry_host_barrier(f->ctx, FERRY_BARRIER_DEVICE);
	return FERRY_OWED_NOTHING;
}

/* It is disabled, since ferry_gic_init or since its last owner was freed: only then may
 * its configuration change. What came for one that was stopped it still gets. */
static void setup(struct ferry *f, struct ferry_irq *i)
{
	configure(f, i);
	if (!(i->flags & FERRY_F_STOPPED))
		gic_write_bit(f, i->index, GICD_ICPENDR);
	gic_write_bit(f, i->index, GICD_ICACTIVER);
	gic_put8(f, &gic_distributor, gic_register(i->index, GICD_IPRIORITYR, 8), gic_priority(i));
	(void)program(f, i);
}

static void apply_mask(struct ferry *f, struct ferry_irq *i)
{
	gic_write_bit(f, i->index, i->flags & FERRY_F_NO_START ? GICD_ICENABLER : GICD_ISENABLER);
}

/* It is dead: disabled, which takes effect at some time (ferry_gic_variant.done). */
static enum ferry_owed silence(struct ferry *f, struct ferry_irq *i)
{
	apply_mask(f, i);
	return FERRY_OWED_EVIDENCE;
}

const struct ferry_kind ferry_gic_spi = {
	.program = program,
	.setup = setup,
	.apply_mask = apply_mask,
	.silence = silence,
};
