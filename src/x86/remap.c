/* SPDX-License-Identifier: MIT */
/*
 * Sources behind interrupt remapping (VT-d 5.1): the device's message names an
 * entry, and a move is one atomic update of it. The message itself is the host's
 * and never changes. I held throughout.
 */
#include "x86/x86.h"

static void write_entry(struct ferry *f, const struct ferry_irq *i)
{
	struct ferry_x86_message m = ferry_x86_destination(f, i);
	struct ferry_irte entry = { .dest = m.dest, .vector = i->vector, .logical = m.logical };

	ferry_host_irte_write(f->ctx, i->unit, i->index, &entry);
}

/* Nothing accepted from now on uses an older entry (VT-d 6.5.2.7). */
static enum ferry_owed sync_entry(struct ferry *f, const struct ferry_irq *i)
{
	ferry_host_irte_sync(f->ctx, i->unit, i->index);
	return f->x86->flags & FERRY_X86_REMAP_DRAINS ? FERRY_OWED_DRAIN : FERRY_OWED_EVIDENCE;
}

static void apply_mask(struct ferry *f, struct ferry_irq *i)
{
	if (i->flags & FERRY_F_MASKABLE)
		ferry_x86_write(f, i, FERRY_REG_MSI_MASK, (i->flags & FERRY_F_NO_START) != 0);
}

static void setup(struct ferry *f, struct ferry_irq *i)
{
	apply_mask(f, i);
	write_entry(f, i);
	ferry_host_irte_sync(f->ctx, i->unit, i->index);
}

static enum ferry_owed program(struct ferry *f, struct ferry_irq *i)
{
	write_entry(f, i);
	return sync_entry(f, i);
}

/* An absent entry blocks what the device still sends (VT-d 5.1.4). */
static enum ferry_owed silence(struct ferry *f, struct ferry_irq *i)
{
	struct ferry_irte none = { .vector = 0 };

	apply_mask(f, i);
	/* Then what it sent before is past the unit when the entry goes. */
	if (i->flags & FERRY_F_MASKABLE)
		(void)ferry_x86_read(f, i, FERRY_REG_MSI_MASK);
	ferry_host_irte_write(f->ctx, i->unit, i->index, &none);
	return sync_entry(f, i);
}

const struct ferry_kind ferry_x86_remapping = {
	.program = program,
	.setup = setup,
	.apply_mask = apply_mask,
	.silence = silence,
};
