// SPDX-License-Identifier: MIT
/*
 * A GICv3 as its guest sees it: the distributor (IHI 0069H 12.9) and the redistributors
 * (12.11), each with its RD and its SGI frame. One Security state, affinity routing always
 * on, no LPIs, no range selector, Aff3 0, no 1 of N. System registers are hardware, ICV_*; but
 * for those that send SGIs (sgi.c) and ICC_DIR_EL1.
 */
#include "vgic/registers.h"

/* A write has taken effect when it ends: RWP is 0. */
#define CTLR_ARE (1u << 4)
#define CTLR_DS (1u << 6)

#define TYPER_ESPI (1u << 8)
#define TYPER_IDBITS(n) (((n)-1) << 19)
#define TYPER_NO1N (1u << 25)
#define TYPER_ESPI_RANGE(n) ((n) << 27) /* up to 32 * (n + 1) - 1 of them */

#define RD_LAST (1u << 4)
#define RD_NUMBER(n) ((n) << 8)

#define IROUTER_BITS 0x00ffffffu /* Aff2.Aff1.Aff0 */

enum { TYPER = VGIC_OWN, RD_TYPER, ROUTE };

static uint32_t get_typer(const struct ferry_vgic *g)
{
	uint32_t typer = vgic_lines(g) | TYPER_NO1N;

	if (!g->espis)
		return typer | TYPER_IDBITS(10u);
	return typer | TYPER_IDBITS(13u) | TYPER_ESPI | TYPER_ESPI_RANGE(g->espis / 32u - 1);
}

/* PPIs 16 .. 31, no LPIs. */
static uint64_t get_rd_typer(const struct ferry_vgic *g, uint32_t vcpu)
{
	uint64_t affinity = vgic_affinity(g, vcpu);

	return affinity << 32 | RD_NUMBER(vcpu) | (vcpu == g->nvcpus - 1u ? RD_LAST : 0);
}

/*
 * GICD_IROUTERn: the affinity as it was written, whether a vCPU has it or not. IRM is RAZ/WI
 * since No1N is 1; so is Aff3, which is 0 everywhere (A3V is 0). Nothing is left of the
 * upper half: who writes one half never writes back what the other was.
 */
static uint64_t get(struct vgic_at *at)
{
	switch (at->row->field) {
	case TYPER:
		return get_typer(at->g);
	case RD_TYPER:
		return get_rd_typer(at->g, at->vcpu);
	default:
		return at->i->route;
	}
}

/* The vCPU of this affinity, or VGIC_NOBODY. At most g->nvcpus comparisons. */
static uint32_t by_affinity(const struct ferry_vgic *g, uint32_t affinity)
{
	for (uint32_t vcpu = 0; vcpu < g->nvcpus; vcpu++)
		if (vgic_affinity(g, vcpu) == affinity)
			return vcpu;
	return VGIC_NOBODY;
}

/* GICD_IROUTERn: no other register of a version 3 alone can be written. */
static enum vgic_change set(struct vgic_at *at)
{
	uint32_t route = (uint32_t)at->value & IROUTER_BITS;

	if (at->shift)
		return VGIC_IGNORED;
	return ferry_virq_route(at->g, at->i, route, by_affinity(at->g, route));
}

/*
 * RAZ/WI, so in no row: GICD_IIDR and GICR_IIDR (implementer and product 0), TYPER2, STATUSR,
 * SETSPI and CLRSPI (MBIS is 0), IGRPMODR and NSACR (DS is 1), SGIR. GICR_CTLR: RWP is 0.
 * GICR_WAKER: a redistributor without power management: ChildrenAsleep and ProcessorSleep
 * read 0, nothing that comes for its vCPU is lost. Rows of VGIC_NONE are there for their
 * widths.
 */
/* Private interrupts are RAZ/WI here: their registers are the redistributors'. */
static const struct vgic_register gicd_rows[] = {
	VGIC_ONE(0x0000, 32, VGIC_32, VGIC_CTLR),
	VGIC_ONE(0x0004, 32, VGIC_32, TYPER),
	VGIC_ARRAYS(32, 992, 0x0084, 0x0104, 0x0080, 0x0420, 0x0c08),
	VGIC_ROW(0x0400, 32, 0, 8, VGIC_8_32 | VGIC_ALONE, VGIC_NONE),   /* IPRIORITYR0 .. 7 */
	VGIC_ROW(0x0800, 1024, 0, 8, VGIC_8_32 | VGIC_ALONE, VGIC_NONE), /* ITARGETSR */
	VGIC_ARRAYS(4096, 1024, 0x1000, 0x1200, 0x0200, 0x2000, 0x3000),
	VGIC_ROW(0x6000, 256, 0, 64, VGIC_32_64 | VGIC_ALONE, VGIC_NONE), /* IROUTER0 .. 31 */
	VGIC_ROW(0x6100, 7936, 32, 64, VGIC_32_64, ROUTE),
	VGIC_ROW(0x8000, 8192, 4096, 64, VGIC_32_64, ROUTE),
	VGIC_ONE(0xffe8, 32, VGIC_32, VGIC_PIDR2),
	VGIC_REST,
};
static const struct vgic_register rd_rows[] = {
	VGIC_ONE(0x0008, 64, VGIC_32_64, RD_TYPER),
	VGIC_ONE(0x0070, 64, VGIC_32_64, VGIC_NONE), /* PROPBASER */
	VGIC_ONE(0x0078, 64, VGIC_32_64, VGIC_NONE), /* PENDBASER */
	VGIC_ONE(0xffe8, 32, VGIC_32, VGIC_PIDR2),
	VGIC_REST,
};
static const struct vgic_register sgi_rows[] = {
	VGIC_ARRAYS(0, 32, 0x0080, 0x0100, 0x0080, 0x0400, 0x0c00),
	VGIC_REST,
};

/* A redistributor: the RD frame, and the SGI frame that follows. */
/* A redistributor is an RD frame and the SGI frame that follows. */
static const struct vgic_register *frame(struct vgic_at *at, uint32_t which, uint32_t *offset)
{
	uint32_t number = *offset / VGIC_FRAME_SIZE;

	if (which == FERRY_GICD)
		return gicd_rows;
	if (which != FERRY_GICR)
		return 0;
	at->vcpu = number / 2;
	*offset %= VGIC_FRAME_SIZE;
	return number % 2 ? sgi_rows : rd_rows;
}

/* Without A3V and range selector. */
#define ABSENT (0xffull << 32 | 0xf0)

static bool valid(const struct ferry_vgic_config *k)
{
	if (!k->mpidrs)
		return false;
	for (uint32_t n = 0; n < k->vcpus; n++) {
		if (k->mpidrs[n].value & ABSENT)
			return false;
		for (uint32_t m = 0; m < n; m++)
			if (!((k->mpidrs[m].value ^ k->mpidrs[n].value) & IROUTER_BITS))
				return false;
	}
	return true;
}

static void init(struct ferry_vgic *g, const struct ferry_vgic_config *k)
{
	for (uint32_t n = 0; n < k->vcpus; n++)
		g->mpidrs[n] = k->mpidrs[n].value & IROUTER_BITS;
	for (uint32_t n = VGIC_PRIVATE; n < g->numbers; n++)
		ferry_vgic_virq(g, 0, n)->route = vgic_affinity(g, 0);
}

const struct ferry_vgic_variant ferry_vgicv3 = { .version = 3,
						 .vcpus = VGIC_VCPUS,
						 .espis = 1024,
						 .sgi = VIRQ_EDGE,
						 .ctlr = CTLR_ARE | CTLR_DS,
						 .valid = valid,
						 .init = init,
						 .frame = frame,
						 .get = get,
						 .set = set };
