// SPDX-License-Identifier: MIT
/*
 * A GICv2 as its guest sees it: the distributor (IHI 0048B 4.3). The CPU interface is
 * hardware, GICV. Without the Security Extensions; both groups are there.
 */
#include "vgic/registers.h"

#define TYPER_CPUS(n) ((n) << 5) /* CPUNumber */
#define PIDR2_V2 0x20u           /* ArchRev */

static uint64_t get_typer(struct vgic_at *at)
{
	return ferry_vgic_lines(at->g) | TYPER_CPUS(at->g->nvcpus - 1u);
}

static uint64_t get_pidr2(struct vgic_at *at)
{
	(void)at;
	return PIDR2_V2;
}

/* GICD_ITARGETSRn: on a uniprocessor RAZ/WI; of private ones the reader's own bit, read-only;
 * else the mask as it was written, of vCPUs there are (IHI 0048B 4.3.12). */
static uint64_t get_targets(struct vgic_at *at)
{
	if (at->g->nvcpus == 1)
		return 0;
	if (at->intid < VGIC_PRIVATE)
		return vcpu_bit(at->vcpu);
	return ferry_virq_see(at->g, at->i).route & 0xff;
}

/* Of several it is the lowest: any one is right (1-N, IHI 0048B 3.2.3). */
static vcpu_set set_targets(struct vgic_at *at)
{
	uint32_t mask = (uint32_t)at->value & ((1u << at->g->nvcpus) - 1);
	uint32_t target = mask ? (uint32_t)__builtin_ctz(mask) : VGIC_NOBODY;

	if (at->g->nvcpus == 1 || at->intid < VGIC_PRIVATE)
		return 0;
	return ferry_virq_route(at->g, at->i, mask, target);
}

/* GICD_SPENDSGIRn, GICD_CPENDSGIRn: a byte for each SGI, a bit for each source. */
static uint64_t get_sources(struct vgic_at *at)
{
	return ferry_virq_see(at->g, at->i).sources;
}

static vcpu_set set_sources(struct vgic_at *at)
{
	struct ferry_virq *i = at->i;
	uint32_t sources = (uint32_t)at->value & ((1u << at->g->nvcpus) - 1);
	uintptr_t flags = ferry_virq_begin(at->g, i);

	if (!(at->row->how & VGIC_OFF)) {
		i->sources = (uint8_t)(i->sources | sources);
	} else {
		i->sources = (uint8_t)(i->sources & ~sources);
		/* What a list register has taken along does not come back, unless it was taken. */
		if (i->at == AT_LR && i->source < 8 && sources >> i->source & 1)
			virq_clear(i, VIRQ_LOADED);
	}
	return ferry_virq_end(at->g, i, flags, 0, true);
}

/* GICD_SGIR (IHI 0048B 4.3.15): as if it were written to GICD_SPENDSGIRn of each. It is sent
 * whether its group is enabled or not, and pends. */
static vcpu_set set_sgir(struct vgic_at *at)
{
	uint32_t self = 1u << at->vcpu;
	/* TargetListFilter 0 .. 3: the list; all others; the sender; reserved: nobody. */
	const uint32_t lists[] = { (uint32_t)at->value >> 16 & 0xff, ~self, self, 0 };
	uint32_t list = lists[at->value >> 24 & 3];
	uint32_t number = at->value & 0xf;
	vcpu_set set = 0;

	at->value = self;
	for (uint32_t to = 0; to < at->g->nvcpus; to++) {
		at->i = ferry_vgic_virq(at->g, to, number);
		set |= list >> to & 1 ? set_sources(at) : 0;
	}
	return set;
}

enum { CTLR = VGIC_OWN, TYPER, TARGETS, SGIR, SOURCES, PIDR2 };
static const struct vgic_field fields[] = {
	VGIC_FIELDS,
	[CTLR] = { ferry_vgic_get_ctlr, ferry_vgic_set_ctlr },
	[TYPER] = { get_typer, 0 },
	[TARGETS] = { get_targets, set_targets },
	[SGIR] = { 0, set_sgir },
	[SOURCES] = { get_sources, set_sources },
	[PIDR2] = { get_pidr2, 0 },
};

/* NSACR, GICD_IIDR (implementer and product 0) are RAZ/WI, so they are in no row. Sources are
 * the reader's own, so no list register of another vCPU has them. */
static const struct vgic_register rows[] = {
	VGIC_ONE(0x000, 32, VGIC_32, CTLR),
	VGIC_ONE(0x004, 32, VGIC_32, TYPER),
	VGIC_ARRAYS(0, 1024, 0x080, 0x100, 0x080, 0x400, 0xc00),
	VGIC_ROW(0x800, 1024, 0, 8, VGIC_8_32, TARGETS),
	VGIC_ONE(0xf00, 32, VGIC_32, SGIR),
	VGIC_ROW(0xf10, 16, 0, 8, VGIC_8_32 | VGIC_ONES | VGIC_OFF | VGIC_SYNC, SOURCES),
	VGIC_ROW(0xf20, 16, 0, 8, VGIC_8_32 | VGIC_ONES, SOURCES),
	VGIC_ONE(0xfe8, 32, VGIC_32, PIDR2),
};
static const struct vgic_frame gicd = VGIC_FRAME(rows, fields);

static const struct vgic_frame *frame(struct vgic_at *at, uint32_t which, uint32_t *offset)
{
	(void)at;
	(void)offset;
	return which == FERRY_GICD ? &gicd : 0;
}

static bool valid(const struct ferry_vgic_config *config)
{
	return !config->espis;
}

/* A uniprocessor has no targets to choose from (IHI 0048B 4.3.12). */
static uint32_t target(const struct ferry_vgic_config *config)
{
	return config->vcpus == 1 ? 0 : VGIC_NOBODY;
}

const struct ferry_vgic_variant ferry_vgicv2 = {
	.version = 2, .vcpus = 8, .valid = valid, .target = target, .frame = frame
};
