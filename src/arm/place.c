/* SPDX-License-Identifier: MIT */
/*
 * Places: which CPU an interrupt gets, who has which, and what the engine asks of the
 * back end.
 *
 * Locks: I, then V of one CPU at a time.
 */
#include "arm/gic.h"
#include "arm/gic_registers.h"

/* ---- which CPU -------------------------------------------------------------------- */

uint32_t gic_candidate(struct ferry *f, const struct ferry_want *want, uint32_t from)
{
	uint32_t cpu = ferry_set_next(f, want->set, from);

	while (cpu != FERRY_NONE &&
	       (cpu == want->exclude || ferry_cpu_state(f, cpu) != FERRY_CPU_ONLINE))
		cpu = ferry_set_next(f, want->set, cpu + 1);
	return cpu;
}

/* The policy's; else of several one after the other. */
static uint32_t choose(struct ferry *f, const struct ferry_irq *i, const struct ferry_want *want)
{
	ferry_atomic *turn = &f->gic->turn;
	uint32_t cpu = ferry_choose(f, i, want);

	if (cpu != FERRY_NONE)
		return cpu;
	cpu = gic_candidate(f, want, ferry_host_load(f->ctx, turn));
	if (cpu == FERRY_NONE)
		cpu = gic_candidate(f, want, 0);
	if (want->set & FERRY_SET_MASK)
		ferry_host_store(f->ctx, turn, cpu + 1);
	return cpu;
}

/* ---- who has which ------------------------------------------------------------------ */

static bool own(struct ferry *f, const struct ferry_irq *i, uint32_t cpu, bool on)
{
	return ferry_bit(f, &f->gic->owned[(size_t)cpu * f->gic->words], i->number, on);
}

/* Give up the CPUs of a set, but those of `keep`. */
static void give_up(struct ferry *f, const struct ferry_irq *i, ferry_set set, ferry_set keep)
{
	FERRY_FOR_EACH_CPU(f, set, c)
		if (!ferry_set_has(f, keep, c))
			own(f, i, c, false);
}

/* Either the CPU's walk sees the bit, or we see that it leaves. */
static bool reserve(struct ferry *f, const struct ferry_irq *i, ferry_set set)
{
	bool online = true;

	FERRY_FOR_EACH_CPU(f, set, c) {
		ferry_lock_cpu(f, c);
		online = online && ferry_cpu_state(f, c) == FERRY_CPU_ONLINE;
		if (online)
			own(f, i, c, true);
		ferry_unlock_cpu(f, c);
	}
	if (!online)
		give_up(f, i, set, i->cur);
	return online;
}

static int plan(struct ferry *f, struct ferry_irq *i, const struct ferry_want *want,
		struct ferry_place *place)
{
	int rc = FERRY_OK;

	if (want->dry)
		return gic_candidate(f, want, 0) == FERRY_NONE ? FERRY_E_NO_CPU : FERRY_OK;
	if (i->kind == FERRY_GIC_LPI)
		rc = f->gic->lpis->ready(f, i);
	/* Who was online a moment ago may be leaving: that makes one less each time. */
	for (uint32_t n = 0; n < f->ncpus && rc == FERRY_OK; n++) {
		ferry_set set = FERRY_SET_NONE;

		if (i->flags & FERRY_F_SEVERAL)
			set = f->gic->variant->several(f, want);
		if (set == FERRY_SET_NONE)
			set = choose(f, i, want);
		if (set == FERRY_SET_NONE)
			break;
		if (reserve(f, i, set)) {
			*place = (struct ferry_place){ .cpus = set };
			return FERRY_OK;
		}
		ferry_set_put(f, set);
	}
	return rc == FERRY_OK ? FERRY_E_NO_CPU : rc;
}

static uint32_t next_on(struct ferry *f, uint32_t cpu, uint32_t *cursor)
{
	struct ferry_irqset owned = { .words = &f->gic->owned[(size_t)cpu * f->gic->words] };
	uint32_t irq = ferry_irqset_next(f, &owned, *cursor);

	*cursor = irq + 1;
	return irq;
}

/* ---- moves ------------------------------------------------------------------------------ */

/* Only a move that the ITS has not done yet, or the end of an interrupt that may not have
 * reached the hardware. */
static bool owes(struct ferry *f, const struct ferry_irq *i, uint32_t cpu)
{
	return i->state == FERRY_MOVING && ferry_set_has(f, i->old, cpu);
}

/* The hardware is asked; only of a freed LPI it does not know all (its.c, awaits), and the
 * host may. */
static bool reaches(const struct ferry *f, const struct ferry_irq *i)
{
	(void)f;
	return i->kind != FERRY_GIC_LPI ||
	       (i->flags & (FERRY_F_DEAD | FERRY_F_QUIET)) != FERRY_F_DEAD;
}

/* Worth asking again after so many nanoseconds. */
#define DISTRIBUTOR_NS 1000

/* The end of an SPI: disabled, so that no CPU acknowledges it any more, and not active: who
 * has acknowledged it has found out whose it is, and has ended it. */
static uint64_t awaits(struct ferry *f, struct ferry_irq *i)
{
	if (i->kind == FERRY_GIC_LPI)
		return f->gic->lpis->awaits(f, i);
	return f->gic->variant->done(f) && !gic_is_active(f, i->index) ? 0 : DISTRIBUTOR_NS;
}

static void vacated(struct ferry *f, struct ferry_irq *i)
{
	give_up(f, i, i->old, i->cur);
}

/* The INTID of an SPI may be another's. */
static void ended(struct ferry *f, struct ferry_irq *i)
{
	if (i->kind == FERRY_GIC_LPI)
		return;
	gic_write_bit(f, i->index, GICD_ICPENDR);
	ferry_host_store(f->ctx, gic_cell(f->gic, i->index), 0);
}

/* A level line never waits in memory: nothing to look at before it is moved. */
static bool ready(struct ferry *f, struct ferry_irq *i)
{
	(void)f;
	(void)i;
	return true;
}

/* An SPI is ended with its INTID alone, also on GICv2 (IHI 0048B 4.4.5). A guest's was dropped
 * when it was acknowledged; the guest deactivates it. */
static void end(struct ferry *f, struct ferry_irq *i, uint32_t cpu)
{
	(void)cpu;
	if (!(i->flags & FERRY_F_GUEST) || !gic_split(f))
		gic_end(f, gic_intid(i));
}

/* From memory back into the hardware, which sends it to its place. From then on it is
 * the hardware's: a mark left in memory would make two of one. */
static void replay(struct ferry *f, struct ferry_irq *i)
{
	i->flags &= ~(uint32_t)FERRY_F_LATCHED;
	ferry_note(f, FERRY_TRACE_REPLAY, ferry_set_next(f, i->cur, 0), i, 0);
	if (i->kind == FERRY_GIC_LPI)
		f->gic->lpis->replay(f, i);
	else
		gic_write_bit(f, i->index, GICD_ISPENDR);
}

/* ---- CPUs ------------------------------------------------------------------------------- */

static void publish(struct ferry *f, uint32_t cpu)
{
	(void)f;
	(void)cpu;
}

static int enter(struct ferry *f, uint32_t cpu)
{
	return f->gic->variant->enter(f, cpu);
}

static int part(struct ferry *f, uint32_t cpu)
{
	return f->gic->variant->part(f, cpu);
}

static uint32_t room(struct ferry *f, uint32_t cpu)
{
	return ferry_cpu_state(f, cpu) == FERRY_CPU_ONLINE ? FERRY_IRQS_MAX : 0;
}

/* Nobody ever owes a slot while DRAINING: nothing is rung, nothing released. */
const struct ferry_backend ferry_gic_backend = {
	.plan = plan,
	.owes = owes,
	.replay = replay,
	.reaches = reaches,
	.ready = ready,
	.end = end,
	.awaits = awaits,
	.vacated = vacated,
	.ended = ended,
	.next_on = next_on,
	.publish = publish,
	.enter = enter,
	.part = part,
	.room = room,
};
