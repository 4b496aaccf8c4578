// SPDX-License-Identifier: MIT
/*
 * A GICv2 as its guest sees it: the distributor (IHI 0048B 4.3). The CPU interface is
 * hardware, GICV. Without the Security Extensions; both groups are there.
 */
#include "vgic/registers.h"

#define TYPER_CPUS(n) ((n) << 5) /* CPUNumber */

enum { TYPER = VGIC_OWN, TARGETS, SOURCES };

/* GICD_ITARGETSRn: on a uniprocessor RAZ/WI; of private ones the reader's own bit, read-only;
 * else the mask as it was written, of vCPUs there are (IHI 0048B 4.3.12). */
static uint64_t get_targets(const struct vgic_at *at)
{
	if (at->intid >= VGIC_PRIVATE)
		return at->i->route;
	return at->g->nvcpus == 1 ? 0 : vcpu_bit(at->vcpu);
}

static uint64_t get(struct vgic_at *at)
{
	switch (at->row->field) {
	case TYPER:
		return vgic_lines(at->g) | TYPER_CPUS(at->g->nvcpus - 1u);
	case TARGETS:
		return get_targets(at);
	default:
		return at->i->sources;
	}
}

/* Of several it is the lowest: any one is right (1-N, IHI 0048B 3.2.3). */
static enum vgic_change set_targets(struct vgic_at *at, uint32_t mask)
{
	uint32_t target = mask ? (uint32_t)__builtin_ctz(mask) : VGIC_NOBODY;

	if (at->g->nvcpus == 1 || at->intid < VGIC_PRIVATE)
		return VGIC_IGNORED;
	return ferry_virq_route(at->g, at->i, mask, target);
}

/* GICD_SPENDSGIRn, GICD_CPENDSGIRn: a byte for each SGI, a bit for each source. They are the
 * writer's own, whose list registers are folded. */
static enum vgic_change set_sources(struct vgic_at *at, uint32_t sources)
{
	struct ferry_virq *i = at->i;

	if (at->row->how & VGIC_OFF)
		i->sources = (uint8_t)(i->sources & ~sources);
	else
		i->sources = (uint8_t)(i->sources | sources);
	return VGIC_NOW;
}

/* A bit for each vCPU there is. */
static enum vgic_change set(struct vgic_at *at)
{
	uint32_t mask = (uint32_t)at->value & ((1u << at->g->nvcpus) - 1);

	return at->row->field == TARGETS ? set_targets(at, mask) : set_sources(at, mask);
}

/* GICD_SGIR (IHI 0048B 4.3.15): as if it were written to GICD_SPENDSGIRn of each. It is sent
 * whether its group is enabled or not, and pends. */
static vcpu_set send(struct ferry_vgic *g, uint32_t vcpu, uint32_t value)
{
	uint32_t self = 1u << vcpu;
	/* TargetListFilter 0 .. 3: the list; all others; the sender; reserved: nobody. */
	const uint32_t lists[] = { value >> 16 & 0xff, ~self, self, 0 };
	uint32_t list = lists[value >> 24 & 3];
	vcpu_set set = 0;

	for (uint32_t to = 0; to < g->nvcpus; to++) {
		struct ferry_virq *i = ferry_vgic_virq(g, to, value & 0xf);
		uintptr_t flags;

		if (!(list >> to & 1))
			continue;
		flags = ferry_virq_begin(g, i);
		i->sources = (uint8_t)(i->sources | self);
		set |= ferry_virq_end(g, i, flags, 0, true);
	}
	return set;
}

/* NSACR, GICD_IIDR (implementer and product 0) are RAZ/WI, so they are in no row. Sources are
 * the reader's own, so no list register of another vCPU has them. */
static const struct vgic_register rows[] = {
	VGIC_ONE(0x000, 32, VGIC_32, VGIC_CTLR),
	VGIC_ONE(0x004, 32, VGIC_32, TYPER),
	VGIC_ARRAYS(0, 1024, 0x080, 0x100, 0x080, 0x400, 0xc00),
	VGIC_ROW(0x800, 1024, 0, 8, VGIC_8_32, TARGETS),
	VGIC_ONE(0xf00, 32, VGIC_32, VGIC_SGIR),
	VGIC_ROW(0xf10, 16, 0, 8, VGIC_8_32 | VGIC_ONES | VGIC_OFF | VGIC_SYNC, SOURCES),
	VGIC_ROW(0xf20, 16, 0, 8, VGIC_8_32 | VGIC_ONES, SOURCES),
	VGIC_ONE(0xfe8, 32, VGIC_32, VGIC_PIDR2),
	VGIC_REST,
};

static const struct vgic_register *frame(struct vgic_at *at, uint32_t which, uint32_t *offset)
{
	(void)at;
	(void)offset;
	return which == FERRY_GICD ? rows : 0;
}

/* A GICv2's pending SGIs have a source; GICD_SPENDSGIR and CPENDSGIR say which, ISPENDR and
 * ICPENDR are read-only (IHI 0048B 4.3.7). */
const struct ferry_vgic_variant ferry_vgicv2 = { .version = 2,
						 .vcpus = 8,
						 .target = VGIC_NOBODY,
						 .sgi = VIRQ_EDGE | VIRQ_LATCH,
						 .frame = frame,
						 .get = get,
						 .set = set,
						 .send = send };
