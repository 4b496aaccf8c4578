/* SPDX-License-Identifier: MIT */
/*
 * I/O APIC pins (82093AA 3.2.4). I held throughout; a host whose registers are
 * behind an index register locks inside ferry_host_read/write.
 */
#include "x86/x86.h"

#define RTE_LOWEST (1u << 8)
#define RTE_LOGICAL (1u << 11)
#define RTE_SEND_PENDING (1u << 12)
#define RTE_ACTIVE_LOW (1u << 13)
#define RTE_REMOTE_IRR (1u << 14)
#define RTE_LEVEL (1u << 15)
#define RTE_MASKED (1u << 16)
/* No entry reads so (bits 31:17 are 0): nobody answers any more. Nothing is in flight
 * then, and waiting for it would never end. */
#define GONE 0xffffffffu

static FERRY_NOINLINE uint32_t read_low(struct ferry *f, const struct ferry_irq *i)
{
	return ferry_x86_read(f, i, FERRY_REG_RTE_LOW);
}

static uint32_t low_of(const struct ferry *f, const struct ferry_irq *i, bool masked)
{
	uint32_t low = i->vector;

	if (ferry_x86_logical(f, i))
		low |= RTE_LOGICAL | RTE_LOWEST;
	if (i->flags & FERRY_F_LOW)
		low |= RTE_ACTIVE_LOW;
	if (i->flags & FERRY_F_LEVEL)
		low |= RTE_LEVEL;
	return masked ? low | RTE_MASKED : low;
}

/* Destination in bits 63:56; the extended id's further bits in 55:49. */
static void write_high(struct ferry *f, const struct ferry_irq *i)
{
	uint32_t dest = ferry_x86_destination(f, i).dest;

	ferry_x86_write(f, i, FERRY_REG_RTE_HIGH, (dest & 0xff) << 24 | (dest >> 8 & 0x7f) << 17);
}

static void write_low(struct ferry *f, const struct ferry_irq *i, bool masked)
{
	ferry_x86_write(f, i, FERRY_REG_RTE_LOW, low_of(f, i, masked));
}

static void setup(struct ferry *f, struct ferry_irq *i)
{
	write_low(f, i, true);
	write_high(f, i);
}

/* ---- edge: what arrives while masked is dropped, so it never is ----------------------- */

static void edge_apply_mask(struct ferry *f, struct ferry_irq *i)
{
	if ((i->flags & (FERRY_F_LIVE | FERRY_F_DISABLED)) == 0) {
		i->flags |= FERRY_F_LIVE;
		write_low(f, i, false);
	}
}

/* The low half first: (old CPU, new vector) is the slot the plan reserved. */
static enum ferry_owed edge_program(struct ferry *f, struct ferry_irq *i)
{
	if (i->vector != i->old_vector) {
		write_low(f, i, !(i->flags & FERRY_F_LIVE));
		(void)read_low(f, i);
	}
	write_high(f, i);
	(void)read_low(f, i);
	return ferry_x86_fenced(f);
}

static enum ferry_owed edge_silence(struct ferry *f, struct ferry_irq *i)
{
	write_low(f, i, true);
	(void)read_low(f, i);
	return ferry_x86_fenced(f);
}

const struct ferry_kind ferry_x86_edge = {
	.program = edge_program,
	.setup = setup,
	.apply_mask = edge_apply_mask,
	.silence = edge_silence,
};

/* ---- level: the line remembers, and remote IRR tells what is in service ---------------- */

static bool level_masked(const struct ferry_irq *i)
{
	return i->flags & (FERRY_F_NO_START | FERRY_F_HELD);
}

static void level_apply_mask(struct ferry *f, struct ferry_irq *i)
{
	write_low(f, i, level_masked(i));
}

/*
 * Vector or destination may change only while nothing of this pin is anywhere:
 * masked, delivery done, remote IRR clear. Changing the vector in service would
 * leave remote IRR set for ever (no EOI names the pin any more): a dead line.
 * Held masked until then, so that a busy line can't put the move off for ever;
 * the doorbell of its CPU, which ranks below it, looks again.
 */
bool ferry_x86_level_ready(struct ferry *f, struct ferry_irq *i)
{
	uint32_t low;

	if (ferry_host_load(f->ctx, &i->runner))
		return false; /* the end of its handler looks again */
	i->flags |= FERRY_F_HELD;
	write_low(f, i, true);
	low = read_low(f, i);
	if (low == GONE)
		low = read_low(f, i);
	if (low == GONE || !(low & (RTE_REMOTE_IRR | RTE_SEND_PENDING)))
		return true;
	/* Where it pends is not known: ask its CPUs in turn, or one would ring itself
	 * without end while another has interrupts off. */
	i->rung = ferry_set_next(f, i->cur, i->rung + 1);
	if (i->rung == FERRY_NONE)
		i->rung = ferry_set_next(f, i->cur, 0);
	ferry_x86_post(f, i->rung, i->vector);
	return false;
}

/* Held masked, see above: nothing can be in flight, so the fence is complete. */
static enum ferry_owed level_program(struct ferry *f, struct ferry_irq *i)
{
	i->flags &= ~(uint32_t)FERRY_F_HELD;
	write_high(f, i);
	write_low(f, i, level_masked(i));
	return FERRY_OWED_DRAIN;
}

static enum ferry_owed level_silence(struct ferry *f, struct ferry_irq *i)
{
	write_low(f, i, true); /* also while its handler runs */
	return ferry_x86_level_ready(f, i) ? FERRY_OWED_DRAIN : FERRY_OWED_LATER;
}

/*
 * EOI, at the end of the handler. Where a move is owed the pin is masked before,
 * or the line, still asserted, would be in service again at once. With broadcast
 * suppressed the pin is ended by hand (SDM 3A 11.8.5; 82093AA has no EOI register,
 * version 0x20 and later do).
 */
void ferry_x86_level_end(struct ferry *f, struct ferry_irq *i, uint32_t cpu)
{
	if ((i->flags & FERRY_F_QUEUED) && i->state == FERRY_SETTLED) {
		i->flags |= FERRY_F_HELD;
		write_low(f, i, true);
	}
	ferry_host_eoi(f->ctx, cpu);
	if (f->x86->flags & FERRY_X86_DIRECTED_EOI)
		ferry_x86_write(f, i, FERRY_REG_IOAPIC_EOI, i->vector);
}

const struct ferry_kind ferry_x86_level = {
	.program = level_program,
	.setup = setup,
	.apply_mask = level_apply_mask,
	.silence = level_silence,
};
