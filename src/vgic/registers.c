// SPDX-License-Identifier: MIT
/*
 * Accesses of a guest to its registers: from an offset to fields of a table's row, and the
 * fields that both versions have.
 *
 * At most 32 interrupts are concerned by an access, and each vCPU that must be told is told
 * once: at its end.
 */
#include "vgic/registers.h"

#define GROUPS 0x3u    /* GICD_CTLR.EnableGrp0, EnableGrp1 */
#define CONFIG_EDGE 2u /* GICD_ICFGR: the upper bit of a field; the lower one is RAZ/WI */
#define SGIS 16u

/* ---- decode ---------------------------------------------------------------------- */

/* What is covered of a row: `n` fields from `field` on, or of one field the bits from
 * `shift` on. */
struct span {
	const struct vgic_register *row;
	uint32_t field, n, shift;
};

static const struct vgic_register *find(const struct vgic_frame *frame, uint32_t offset)
{
	for (uint32_t n = 0; n < frame->n; n++)
		if (offset - frame->rows[n].offset < frame->rows[n].size)
			return &frame->rows[n];
	return 0;
}

static uint64_t ones(uint32_t bits)
{
	return ~0ull >> (64 - bits);
}

static struct span span(const struct vgic_register *row, uint32_t offset, uint32_t bytes)
{
	uint32_t bit = (offset - row->offset) * 8;
	struct span s = { .row = row, .field = bit / row->bits, .n = bytes * 8 / row->bits };

	s.shift = bit % row->bits;
	if (!s.n)
		s.n = 1;
	return s;
}

/* Go to a field. False: its interrupt is not there. */
static bool go(struct vgic_at *at, const struct span *s, uint32_t n)
{
	uint32_t number;

	if (s->row->how & VGIC_ALONE)
		return true;
	at->intid = s->row->intid + s->field + n;
	number = ferry_vgic_number(at->g, at->intid);
	if (at->intid < at->first || number == FERRY_NONE)
		return false;
	at->i = ferry_vgic_virq(at->g, at->vcpu, number);
	return true;
}

/* What is in list registers counts: have vCPUs in the guest fold those. */
static void collect(struct vgic_at *at, const struct span *s)
{
	vcpu_set set = 0;

	for (uint32_t n = 0; n < s->n; n++)
		if (go(at, s, n))
			set |= ferry_virq_reader(at->g, at->i);
	ferry_vgic_sync(at->g, set);
}

static uint64_t read(struct vgic_at *at, const struct span *s)
{
	uint64_t value = 0;

	if (!s->row->get)
		return 0;
	if (s->row->how & VGIC_EXACT)
		collect(at, s);
	for (uint32_t n = 0; n < s->n; n++)
		if (go(at, s, n))
			value |= s->row->get(at) << n * s->row->bits;
	return value >> s->shift;
}

static void write(struct vgic_at *at, const struct span *s, uint64_t value, uint64_t mask)
{
	uint32_t bits = s->row->bits;
	vcpu_set set = 0;

	if (!s->row->set)
		return;
	at->sync = (s->row->how & VGIC_SYNC) != 0;
	for (uint32_t n = 0; n < s->n; n++) {
		uint64_t field = (value & mask) << s->shift >> n * bits & ones(bits);

		at->mask = mask << s->shift >> n * bits & ones(bits);
		if (!field && s->row->how & VGIC_ONES)
			continue;
		if (go(at, s, n))
			set |= s->row->set(at, field);
	}
	if (at->sync)
		ferry_vgic_sync(at->g, set);
	else
		ferry_vgic_kick(at->g, set);
}

int ferry_vgic_decode(struct vgic_at *at, const struct vgic_frame *frame, uint32_t offset,
		      struct ferry_vgic_access *access)
{
	const struct vgic_register *row = find(frame, offset);
	uint64_t mask = ones(access->bytes * 8u);
	uint64_t value = 0;
	struct span s;

	if (!((row ? row->how : VGIC_32) & access->bytes))
		return FERRY_E_INVALID;
	if (row && at->vcpu < at->g->nvcpus) {
		s = span(row, offset, access->bytes);
		if (access->write)
			write(at, &s, access->value, mask);
		else
			value = read(at, &s) & mask;
	}
	if (!access->write)
		access->value = value;
	return FERRY_OK;
}

int ferry_vgic_access(struct ferry_vgic *g, uint32_t vcpu, struct ferry_vgic_access *access)
{
	uint32_t bytes = access->bytes;
	int status = FERRY_E_INVALID;

	/* Widths are flags in ferry_vgic_register.how, so what is no width must not get there. */
	if (vcpu < g->nvcpus && (bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8) &&
	    !(access->offset & (bytes - 1)))
		status = g->variant->access(g, vcpu, access);
	if (status)
		access->value = 0;
	return status;
}

/* ---- the distributor ---------------------------------------------------------------- */

uint64_t ferry_vgic_get_ctlr(struct vgic_at *at)
{
	return load(at->g, &at->g->ctlr);
}

/* Waits only where a group was switched off: nothing of it comes from then on. */
vcpu_set ferry_vgic_set_ctlr(struct vgic_at *at, uint64_t value)
{
	uint32_t new = (uint32_t)(value & GROUPS);
	uint32_t old = ferry_host_xchg(at->g->ctx, &at->g->ctlr, new);

	at->sync = (old & ~new) != 0;
	return old == new ? 0 : ferry_vgic_rescan(at->g);
}

uint32_t ferry_vgic_lines(const struct ferry_vgic *g)
{
	return (g->spis + 31u) / 32u;
}

/* ---- an interrupt -------------------------------------------------------------------- */

static bool is(struct vgic_at *at, uint32_t flag)
{
	return ferry_virq_see(at->g, at->i).flags & flag;
}

uint64_t ferry_vgic_get_group(struct vgic_at *at)
{
	return is(at, VIRQ_GROUP1);
}

vcpu_set ferry_vgic_set_group(struct vgic_at *at, uint64_t value)
{
	return ferry_virq_assign(at->g, at->i, VIRQ_GROUP1, value != 0);
}

/* SGIs can be disabled: both versions leave that to the implementation (IHI 0048B 4.3.5). */
uint64_t ferry_vgic_get_enabled(struct vgic_at *at)
{
	return is(at, VIRQ_ENABLED);
}

vcpu_set ferry_vgic_enable(struct vgic_at *at, uint64_t value)
{
	(void)value;
	return ferry_virq_assign(at->g, at->i, VIRQ_ENABLED, true);
}

vcpu_set ferry_vgic_disable(struct vgic_at *at, uint64_t value)
{
	(void)value;
	return ferry_virq_assign(at->g, at->i, VIRQ_ENABLED, false);
}

uint64_t ferry_vgic_get_pending(struct vgic_at *at)
{
	return is(at, VIRQ_LATCH);
}

/* A GICv2's pending SGIs have a source; GICD_SPENDSGIR and CPENDSGIR say which, here their
 * bits are read-only (IHI 0048B 4.3.7). */
static bool has_source(const struct vgic_at *at)
{
	return at->intid < SGIS && at->g->variant->version == 2;
}

vcpu_set ferry_vgic_pend(struct vgic_at *at, uint64_t value)
{
	(void)value;
	return has_source(at) ? 0 : ferry_virq_assign(at->g, at->i, VIRQ_LATCH, true);
}

vcpu_set ferry_vgic_unpend(struct vgic_at *at, uint64_t value)
{
	(void)value;
	return has_source(at) ? 0 : ferry_virq_order(at->g, at->i, VIRQ_UNPEND);
}

uint64_t ferry_vgic_get_active(struct vgic_at *at)
{
	return is(at, VIRQ_ACTIVE);
}

vcpu_set ferry_vgic_activate(struct vgic_at *at, uint64_t value)
{
	(void)value;
	return ferry_virq_order(at->g, at->i, VIRQ_ACTIVATE);
}

vcpu_set ferry_vgic_deactivate(struct vgic_at *at, uint64_t value)
{
	(void)value;
	return ferry_virq_order(at->g, at->i, VIRQ_DEACTIVATE);
}

uint64_t ferry_vgic_get_priority(struct vgic_at *at)
{
	return ferry_virq_see(at->g, at->i).priority;
}

vcpu_set ferry_vgic_set_priority(struct vgic_at *at, uint64_t value)
{
	return ferry_virq_prioritise(at->g, at->i, (uint8_t)value);
}

/* SGIs are edge-triggered from the beginning, whatever is written. */
uint64_t ferry_vgic_get_config(struct vgic_at *at)
{
	return is(at, VIRQ_EDGE) ? CONFIG_EDGE : 0;
}

vcpu_set ferry_vgic_set_config(struct vgic_at *at, uint64_t value)
{
	return at->intid < SGIS ? 0 :
				  ferry_virq_configure(at->g, at->i, (value & CONFIG_EDGE) != 0);
}
