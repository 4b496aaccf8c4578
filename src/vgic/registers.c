// SPDX-License-Identifier: MIT
/*
 * Accesses of a guest to its registers: from an offset to fields of a table's row, and the
 * fields that both versions have.
 *
 * At most 32 interrupts are concerned by an access, and each vCPU that must be told is told
 * once: at its end.
 */
#include "vgic/registers.h"

#define GROUPS 0x3u /* GICD_CTLR.EnableGrp0, EnableGrp1 */
#define SGIS 16u

/* What a list register holds counts for these. */
#define VOLATILE (VIRQ_LATCH | VIRQ_ACTIVE)

/* ---- decode ---------------------------------------------------------------------- */

static const struct vgic_register *find(const struct vgic_frame *frame, uint32_t offset)
{
	for (uint32_t n = 0; n < frame->n; n++)
		if (offset - frame->rows[n].offset < frame->rows[n].size)
			return &frame->rows[n];
	return 0;
}

static uint64_t ones(uint32_t bits)
{
	return bits < 64 ? (1ull << bits) - 1 : ~0ull;
}

/* Its interrupt, if it is of one. False: that is not there. */
static bool is_there(struct vgic_at *at)
{
	uint32_t number;

	if (at->row->how & VGIC_ALONE)
		return true;
	number = ferry_vgic_number(at->g, at->intid);
	if (at->intid < at->first || number == FERRY_NONE)
		return false;
	at->i = ferry_vgic_virq(at->g, at->vcpu, number);
	return true;
}

/* Each field that is covered: what `step` returns, all together; `apart`: each where its field
 * is. `value`: of all fields. */
static uint64_t each(struct vgic_at *at, uint64_t (*step)(struct vgic_at *at), uint64_t value,
		     bool apart)
{
	uint32_t bits = at->row->bits, bit;
	uint64_t all = 0;

	at->intid = at->row->intid + at->bit / bits;
	at->shift = at->bit % bits;
	for (bit = 0; bit < at->bits; bit += bits, at->intid++) {
		at->value = value << at->shift >> bit & ones(bits);
		if ((at->value || !(at->row->how & VGIC_ONES)) && is_there(at))
			all |= step(at) << (apart ? bit : 0);
	}
	return all;
}

/* What is in list registers counts: have vCPUs in the guest fold those. */
static uint64_t reader(struct vgic_at *at)
{
	return ferry_virq_reader(at->g, at->i);
}

static uint64_t read(struct vgic_at *at, uint64_t (*get)(struct vgic_at *at))
{
	uint64_t value;

	if (!get)
		return 0;
	if (at->row->flag & VOLATILE)
		ferry_vgic_sync(at->g, each(at, reader, ~0ull, false));
	value = each(at, get, ~0ull, true);
	return value >> at->shift & ones(at->bits);
}

static void write(struct vgic_at *at, vcpu_set (*set)(struct vgic_at *at), uint64_t value)
{
	vcpu_set told;

	if (!set)
		return;
	at->sync = (at->row->how & VGIC_SYNC) != 0;
	told = each(at, set, value & ones(at->bits), false);
	if (at->sync)
		ferry_vgic_sync(at->g, told);
	else
		ferry_vgic_kick(at->g, told);
}

/* Widths are flags in vgic_register.how, so what is no width must not get there. */
static bool is_aligned(const struct ferry_vgic_access *access)
{
	uint32_t bytes = access->bytes;

	return (bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8) &&
	       !(access->offset & (bytes - 1));
}

/* A vCPU that there is not has no registers: RAZ/WI, as what is in no row. */
int ferry_vgic_access(struct ferry_vgic *g, uint32_t vcpu, struct ferry_vgic_access *access)
{
	struct vgic_at at = { .g = g, .vcpu = vcpu, .bits = access->bytes * 8u };
	uint64_t value = access->value;
	uint32_t offset = access->offset;
	const struct vgic_frame *frame;

	if (!access->write)
		access->value = 0;
	frame = vcpu < g->nvcpus && is_aligned(access) ?
			g->variant->frame(&at, access->frame, &offset) :
			0;
	at.row = frame ? find(frame, offset) : 0;
	if (!frame || !((at.row ? at.row->how : VGIC_32) & access->bytes)) {
		access->value = 0;
		return FERRY_E_INVALID;
	}
	if (!at.row || at.vcpu >= g->nvcpus)
		return FERRY_OK;
	at.bit = (offset - at.row->offset) * 8;
	if (access->write)
		write(&at, frame->fields[at.row->field].set, value);
	else
		access->value = read(&at, frame->fields[at.row->field].get);
	return FERRY_OK;
}

/* ---- the distributor ---------------------------------------------------------------- */

uint64_t ferry_vgic_get_ctlr(struct vgic_at *at)
{
	return load(at->g, &at->g->ctlr);
}

/* Waits only where a group was switched off: nothing of it comes from then on. */
vcpu_set ferry_vgic_set_ctlr(struct vgic_at *at)
{
	uint32_t new = (uint32_t)(at->value & GROUPS);
	uint32_t old = ferry_host_xchg(at->g->ctx, &at->g->ctlr, new);
	vcpu_set set = 0;

	at->sync = (old & ~new) != 0;
	for (uint32_t vcpu = 0; old != new &&vcpu < at->g->nvcpus; vcpu++)
		set |= ferry_vcpu_request(at->g, vcpu, REQUEST_SCAN);
	return set;
}

uint32_t ferry_vgic_lines(const struct ferry_vgic *g)
{
	return (g->spis + 31u) / 32u;
}

/* ---- an interrupt -------------------------------------------------------------------- */

/* Of a field of several bits the upper one: GICD_ICFGRn; the lower one is RAZ/WI. */
uint64_t ferry_vgic_get_flag(struct vgic_at *at)
{
	bool is = ferry_virq_see(at->g, at->i).flags & at->row->flag;

	return (uint64_t)is << (at->row->bits - 1);
}

/*
 * SGIs can be disabled: both versions leave that to the implementation (IHI 0048B 4.3.5). A
 * GICv2's pending SGIs have a source; GICD_SPENDSGIR and CPENDSGIR say which, ISPENDR and
 * ICPENDR are read-only (4.3.7).
 */
vcpu_set ferry_vgic_set_flag(struct vgic_at *at)
{
	const struct vgic_register *row = at->row;
	bool on = at->value && !(row->how & VGIC_OFF);

	if (row->flag == VIRQ_LATCH && at->intid < SGIS && at->g->variant->version == 2)
		return 0;
	if (row->order)
		return ferry_virq_order(at->g, at->i, row->order);
	return ferry_virq_assign(at->g, at->i, row->flag, on);
}

/* SGIs are edge-triggered from the beginning, whatever is written. */
vcpu_set ferry_vgic_set_config(struct vgic_at *at)
{
	return at->intid < SGIS ? 0 : ferry_virq_assign(at->g, at->i, VIRQ_EDGE, at->value >> 1);
}

uint64_t ferry_vgic_get_priority(struct vgic_at *at)
{
	return ferry_virq_see(at->g, at->i).priority;
}

vcpu_set ferry_vgic_set_priority(struct vgic_at *at)
{
	return ferry_virq_prioritise(at->g, at->i, (uint8_t)at->value);
}
