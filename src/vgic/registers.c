// SPDX-License-Identifier: MIT
/*
 * Accesses of a guest to its registers: from an offset to fields of a table's row, and the
 * fields that both versions have.
 *
 * At most 32 interrupts are concerned by an access, and each vCPU that must be told is told
 * once: at its end. Takes I of one interrupt at a time.
 */
#include "vgic/registers.h"

#define GROUPS 0x3u /* GICD_CTLR.EnableGrp0, EnableGrp1 */
#define SGIS 16u

/* What a list register holds counts for these. */
#define VOLATILE (VIRQ_LATCH | VIRQ_ACTIVE)

/* ---- fields -------------------------------------------------------------------------- */

/* An interrupt's under I. */
static uint64_t get(struct vgic_at *at)
{
	const struct vgic_register *row = at->row;
	struct ferry_vgic *g = at->g;

	switch (row->field) {
	case VGIC_NONE:
	case VGIC_SGIR:
		return 0;
	case VGIC_CTLR:
		return g->variant->ctlr | load(g, &g->ctlr);
	case VGIC_PIDR2: /* ArchRev */
		return (uint32_t)g->variant->version << 4;
	case VGIC_FLAG:
		/* Of GICD_ICFGRn the upper bit; the lower one is RAZ/WI. */
		return (uint64_t)ferry_virq_shows(g, at->i, row->reads) << (row->bits - 1);
	case VGIC_PRIORITY:
		return at->i->priority;
	default:
		return g->variant->get(at);
	}
}

/* Waits only where a group was switched off: nothing of it comes from then on. */
static vcpu_set set_ctlr(struct vgic_at *at)
{
	uint32_t new = (uint32_t)(at->value & GROUPS);
	uint32_t old = ferry_host_xchg(at->g->ctx, &at->g->ctlr, new);
	vcpu_set set = 0;

	at->sync = (old & ~new) != 0;
	if (old == new)
		return 0;
	for (uint32_t vcpu = 0; vcpu < at->g->nvcpus; vcpu++)
		set |= ferry_vcpu_request(at->g, vcpu, REQUEST_SCAN);
	return set;
}

/* A register of no interrupt. Returns who is to be told. */
static vcpu_set set_alone(struct vgic_at *at)
{
	if (at->row->field == VGIC_CTLR)
		return set_ctlr(at);
	if (at->row->field == VGIC_SGIR)
		return at->g->variant->send(at->g, at->vcpu, (uint32_t)at->value);
	return 0;
}

/* SGIs are edge-triggered from the beginning, whatever is written, but can be disabled: both
 * versions leave that to the implementation (IHI 0048B 4.3.5). What is linked is as the
 * physical one is. */
static bool is_fixed(const struct vgic_at *at)
{
	return (at->intid < SGIS && at->row->reads & at->g->variant->sgi) ||
	       (at->row->reads == VIRQ_EDGE && at->i->phys);
}

static enum vgic_change set_flag(struct vgic_at *at)
{
	const struct vgic_register *row = at->row;

	if (is_fixed(at))
		return VGIC_IGNORED;
	if (at->value >> (row->bits - 1) && !(row->how & VGIC_OFF))
		virq_set(at->i, row->writes);
	else
		virq_clear(at->i, row->writes);
	return VGIC_NOW;
}

/* An interrupt's. I held. */
static enum vgic_change set(struct vgic_at *at)
{
	switch (at->row->field) {
	case VGIC_FLAG:
		return set_flag(at);
	case VGIC_PRIORITY:
		/* One in a list register keeps its own until it comes by (IHI 0069H 4.8). */
		at->i->priority = at->value & 0xf8;
		return VGIC_LATER;
	default:
		return at->g->variant->set(at);
	}
}

/* ---- what is covered ----------------------------------------------------------------- */

/* FETCH: what is in list registers counts: vCPUs that have to fold it before it is read. */
enum pass { FETCH, READ, WRITE };

/* The field is read, or else who is to be told is returned. */
static uint64_t of_interrupt(struct vgic_at *at, enum pass pass)
{
	uint32_t number = ferry_vgic_number(at->g, at->intid);
	enum vgic_change change;
	uint64_t result = 0;
	uintptr_t flags;

	if (number == FERRY_NONE)
		return 0;
	at->i = ferry_vgic_virq(at->g, at->vcpu, number);
	flags = ferry_virq_begin(at->g, at->i);
	if (pass == WRITE) {
		change = set(at);
		if (change != VGIC_IGNORED)
			return ferry_virq_end(at->g, at->i, flags, 0, change == VGIC_NOW);
	} else if (pass == READ) {
		result = get(at);
	} else if (at->i->at == AT_LR) {
		result = ferry_vcpu_request(at->g, at->i->owner, REQUEST_LOOK);
	}
	unlock(at->g, &at->i->lock);
	vgic_restore(at->g, flags);
	return result;
}

/* Each field of the row from `bit` on that is covered, all together; what is read, each where
 * its field is. */
static uint64_t each(struct vgic_at *at, enum pass pass, uint32_t bit, uint64_t value)
{
	const struct vgic_register *row = at->row;
	uint64_t mask = ~0ull >> (64 - row->bits), all = 0;

	at->intid = row->intid + bit / row->bits;
	at->shift = bit % row->bits;
	for (bit = 0; bit < at->bits; bit += row->bits, at->intid++) {
		at->value = value >> bit & mask;
		if (pass == WRITE && row->how & VGIC_ONES && !at->value)
			continue;
		if (!(row->how & VGIC_ALONE))
			all |= of_interrupt(at, pass) << (pass == READ ? bit : 0);
		else
			all |= pass == READ ? get(at) : set_alone(at);
	}
	return all;
}

/* What list registers hold is folded before it is read. */
static void carry_out(struct vgic_at *at, uint32_t bit, struct ferry_vgic_access *access)
{
	bool write = access->write;
	vcpu_set told;
	uint64_t all;

	at->sync = !write || at->row->how & VGIC_SYNC;
	if (write || at->row->reads & VOLATILE) {
		told = each(at, write ? WRITE : FETCH, bit, access->value);
		if (at->sync)
			ferry_vgic_sync(at->g, told);
		else
			ferry_vgic_kick(at->g, told);
	}
	if (write)
		return;
	all = each(at, READ, bit, 0); /* before at->shift is read */
	access->value = all >> at->shift & ~0ull >> (-at->bits & 63);
}

/* ---- decode -------------------------------------------------------------------------- */

/* The last row has what the others leave. Beyond the frame there is nothing, as at its end. */
static const struct vgic_register *find(const struct vgic_register *row, uint32_t offset)
{
	if (offset >= VGIC_FRAME_SIZE)
		offset = VGIC_FRAME_SIZE - 1;
	while (offset - row->offset > row->last)
		row++;
	return row;
}

/* A power of two that the row allows, and aligned. */
static bool is_allowed(const struct vgic_register *row, uint32_t offset, uint32_t bytes)
{
	return !((offset | bytes) & (bytes - 1)) && row->how & VGIC_WIDTHS & bytes;
}

/* A vCPU that there is not has no registers: RAZ/WI, as what is in no row. */
int ferry_vgic_access(struct ferry_vgic *g, uint32_t vcpu, struct ferry_vgic_access *access)
{
	struct vgic_at at; /* what is of one field: see each() */
	uint32_t offset = access->offset;
	const struct vgic_register *rows;

	at.g = g;
	at.vcpu = vcpu;
	at.bits = access->bytes * 8u;
	rows = g->variant->frame(&at, access->frame, &offset);
	if (rows)
		at.row = find(rows, offset);
	if (!rows || vcpu >= g->nvcpus || !is_allowed(at.row, offset, access->bytes)) {
		access->value = 0;
		return FERRY_E_INVALID;
	}
	if (at.vcpu < g->nvcpus)
		carry_out(&at, (offset - at.row->offset) * 8, access);
	else if (!access->write)
		access->value = 0;
	return FERRY_OK;
}
