/* SPDX-License-Identifier: MIT */
/*
 * The local APIC's side: a vector arrives, a doorbell rings, a CPU parts and
 * returns.
 *
 * The doorbell is one IPI that says "look at your work bits" and nothing more.
 * At most one is outstanding per CPU: who sets `rung` sends it; its handler
 * resets `rung` before it collects the bits, so a bit is either collected or
 * rung for again.
 *
 * Locks: I.
 */
#include "x86/x86.h"

/* ---- the doorbell ------------------------------------------------------------ */

void ferry_x86_post(struct ferry *f, uint32_t cpu, uint8_t vector)
{
	struct ferry_x86_cpu *c = &f->x86->cpus[cpu];

	ferry_bit(f, c->work, vector, true);
	/* The own CPU too goes through the exchange: an IPI outside it could
	 * arrive when the CPU has gone. */
	if (!ferry_host_xchg(f->ctx, &c->rung, 1))
		ferry_host_ipi(f->ctx, cpu, f->x86->doorbell);
}

static void ring_old(struct ferry *f, struct ferry_irq *i, uint32_t cpu)
{
	ferry_x86_post(f, cpu, i->old_vector);
}

/* From memory, through the doorbell. The device's own vector would be a second
 * message the device never sent. */
static void replay(struct ferry *f, struct ferry_irq *i)
{
	ferry_x86_post(f, ferry_set_next(f, i->cur, 0), i->vector);
}

void ferry_x86_doorbell(struct ferry *f, uint32_t cpu)
{
	struct ferry_x86_cpu *c;

	if (cpu >= f->ncpus)
		return;
	c = &f->x86->cpus[cpu];
	/* First, so that what is above us in priority can come in while we work. */
	ferry_host_eoi(f->ctx, cpu);
	ferry_host_xchg(f->ctx, &c->rung, 0);
	FERRY_COUNT(f, cpu, doorbells);
	for (uint32_t w = 0; w < 8; w++) {
		uint32_t bits = ferry_host_xchg(f->ctx, &c->work[w], 0);

		for (; bits; bits &= bits - 1) {
			uint8_t vector = (uint8_t)(w * 32 + (uint32_t)__builtin_ctz(bits));
			uint32_t slot =
				ferry_host_load(f->ctx, ferry_x86_slot(f->x86, cpu, vector));

			if (slot & SLOT_LIVE)
				ferry_look(f, &f->irqs[slot & SLOT_IRQ], cpu);
		}
	}
}

/* ---- arrival -------------------------------------------------------------------- */

/* Still the interrupt that the slot named before I was taken? Only the shared
 * namespace can say no: elsewhere no one but this CPU clears its slots. A free
 * descriptor has vector 0. */
static bool names(const struct ferry_irq *i, uint8_t vector)
{
	return vector == i->vector || (vector == i->old_vector && i->old != FERRY_SET_NONE);
}

/* The message that brought us here was the first at the new place, and the
 * source's messages keep their order: all earlier ones are in their IRR. On a CPU
 * of the old set too, only a new vector tells new from old, and not if it was a
 * transit slot there. */
static FERRY_NOINLINE bool proves(const struct ferry *f, const struct ferry_irq *i, uint32_t cpu,
				  uint8_t vector)
{
	if (!(i->flags & FERRY_F_ARRIVAL) || vector != i->vector || !ferry_set_has(f, i->cur, cpu))
		return false;
	return !ferry_set_has(f, i->old, cpu) ||
	       (vector != i->old_vector && !(i->flags & FERRY_F_TRANSIT));
}

/* Nobody's: end it, or this priority stays blocked for ever. */
static FERRY_NOINLINE int unexpected(struct ferry *f, uint32_t cpu)
{
	ferry_host_eoi(f->ctx, cpu);
	FERRY_COUNT(f, cpu, unexpected);
	return FERRY_X86_UNEXPECTED;
}

int ferry_x86_interrupt(struct ferry *f, uint32_t cpu, uint8_t vector)
{
	struct ferry_irq *i;
	uint32_t slot;
	bool run, level;

	if (cpu >= f->ncpus)
		return FERRY_E_INVALID;
	slot = ferry_host_load(f->ctx, ferry_x86_slot(f->x86, cpu, vector));
	if (FERRY_UNLIKELY(!(slot & SLOT_LIVE)))
		return unexpected(f, cpu);
	i = &f->irqs[slot & SLOT_IRQ];
	ferry_lock_irq(f, i);
	if (FERRY_UNLIKELY(!names(i, vector))) {
		ferry_unlock_irq(f, i);
		return unexpected(f, cpu);
	}
	FERRY_COUNT(f, cpu, arrivals);
	/* Evidence first, whatever happens to the arrival itself. */
	if (FERRY_UNLIKELY(i->flags & FERRY_F_ARRIVAL) && proves(f, i, cpu, vector)) {
		ferry_drain_begin(f, i);
		ferry_advance(f, i);
	}
	level = i->flags & FERRY_F_LEVEL;
	run = ferry_begin(f, i, cpu);
	if (FERRY_UNLIKELY(!run))
		ferry_defer(f, i, cpu);
	ferry_unlock_irq(f, i);
	if (FERRY_LIKELY(!level))
		ferry_host_eoi(f->ctx, cpu);
	if (run)
		ferry_run(f, i, cpu);
	return FERRY_X86_TAKEN;
}

/* ---- CPUs ------------------------------------------------------------------------- */

/* The bitmap is the list: what a CPU owns is found without a walk of all
 * interrupts. */
static uint32_t next_on(struct ferry *f, uint32_t cpu, uint32_t *cursor)
{
	while (*cursor < 256) {
		uint32_t bits, vector, slot;

		bits = ferry_host_load(f->ctx, &f->x86->cpus[cpu].owned[*cursor / 32]) >>
		       (*cursor % 32);
		if (!bits) {
			*cursor = (*cursor | 31) + 1;
			continue;
		}
		vector = *cursor + (uint32_t)__builtin_ctz(bits);
		*cursor = vector + 1;
		slot = ferry_host_load(f->ctx, ferry_x86_slot(f->x86, cpu, (uint8_t)vector));
		if (slot & SLOT_LIVE)
			return slot & SLOT_IRQ;
	}
	return FERRY_NONE;
}

static int enter(struct ferry *f, uint32_t cpu)
{
	struct ferry_x86_cpu *c = &f->x86->cpus[cpu];

	for (uint32_t w = 0; w < 8; w++) {
		for (uint32_t bits = f->x86->usable[w]; bits; bits &= bits - 1)
			if (ferry_host_irr(f->ctx, cpu,
					   (uint8_t)(w * 32 + (uint32_t)__builtin_ctz(bits))))
				return FERRY_E_PENDING;
		if (ferry_host_load(f->ctx, &c->owned[w]))
			return FERRY_E_BUG;
		ferry_host_store(f->ctx, &c->work[w], 0);
	}
	ferry_host_store(f->ctx, &c->rung, 0);
	return FERRY_OK;
}

struct doorbell_wait {
	struct ferry *f;
	uint32_t cpu;
};

static bool doorbell_here(void *arg)
{
	struct doorbell_wait *w = arg;

	return ferry_host_irr(w->f->ctx, w->cpu, w->f->x86->doorbell);
}

/* Whoever set `rung` sends an IPI. It must have arrived before we are gone; being
 * discarded with the IRR then does no harm, for no slot is left to look at. */
static int part(struct ferry *f, uint32_t cpu)
{
	struct doorbell_wait w = { f, cpu };

	if (ferry_host_load(f->ctx, &f->x86->cpus[cpu].rung))
		ferry_host_wait(f->ctx, doorbell_here, &w);
	return FERRY_OK;
}

static bool reaches(const struct ferry *f, const struct ferry_irq *i)
{
	if (i->kind == FERRY_X86_IOAPIC_LEVEL)
		return true;
	if (i->kind == FERRY_X86_REMAPPED)
		return f->x86->flags & FERRY_X86_REMAP_DRAINS;
	return f->x86->flags & FERRY_X86_FENCE_REACHES_IRR;
}

/* Not where it must be free on two CPUs, or be no other pin's. */
static bool alike(const struct ferry *f, const struct ferry_irq *i)
{
	(void)f;
	return !ferry_x86_two_steps(i) && i->kind != FERRY_X86_IOAPIC_LEVEL;
}

const struct ferry_backend ferry_x86_backend = {
	.plan = ferry_x86_plan,
	.owes = ferry_x86_owes,
	.ring_old = ring_old,
	.release = ferry_x86_release,
	.replay = replay,
	.ready = ferry_x86_level_ready,
	.end = ferry_x86_level_end,
	.reaches = reaches,
	.next_on = next_on,
	.publish = ferry_x86_publish,
	.enter = enter,
	.part = part,
	.room = ferry_x86_room,
	.alike = alike,
};
