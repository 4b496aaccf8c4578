/* SPDX-License-Identifier: MIT */
/*
 * What happens between an arrival and the end of its handler. One handler of an
 * interrupt runs at a time; an edge that arrives meanwhile, or while masked, is
 * remembered in memory and started later by the doorbell of the CPU the
 * interrupt then lives on. A level line remembers by itself.
 *
 * Locks: I. Handlers run with none.
 */
#include "core/core.h"

void ferry_defer(struct ferry *f, struct ferry_irq *i, uint32_t cpu)
{
	if (ferry_irq_ending(i)) {
		FERRY_COUNT(f, cpu, dead);
	} else if (!(i->flags & FERRY_F_LEVEL)) {
		i->flags |= FERRY_F_LATCHED;
		FERRY_COUNT(f, cpu, latched);
		ferry_note(f, FERRY_TRACE_LATCHED, cpu, i, 0);
	}
	if (i->flags & FERRY_F_END)
		f->backend->end(f, i, cpu);
	ferry_advance(f, i);
}

void ferry_run(struct ferry *f, struct ferry_irq *i, uint32_t cpu)
{
	FERRY_COUNT(f, cpu, starts);
	ferry_host_handle(f->ctx, i->number, i->cookie, cpu);
	ferry_lock_irq(f, i);
	ferry_host_store(f->ctx, &i->runner, 0);
	if (i->flags & FERRY_F_END)
		f->backend->end(f, i, cpu);
	if (i->flags & (FERRY_F_QUEUED | FERRY_F_LATCHED))
		ferry_advance(f, i);
	ferry_unlock_irq(f, i);
}

void ferry_look(struct ferry *f, struct ferry_irq *i, uint32_t cpu)
{
	bool run = false;
	int drained;

	ferry_lock_irq(f, i);
	drained = ferry_drain_here(f, i, cpu, false);
	if (drained == FERRY_WAS_PENDING)
		/* What pends here ranks higher than the doorbell: it runs first. */
		f->backend->ring_old(f, i, cpu);
	if (i->state != FERRY_FREE && ferry_set_has(f, i->cur, cpu) && (i->flags & FERRY_F_LATCHED))
		run = ferry_begin(f, i, cpu);
	if (run)
		ferry_note(f, FERRY_TRACE_REPLAY, cpu, i, 0);
	else
		ferry_advance(f, i);
	ferry_unlock_irq(f, i);
	if (drained & FERRY_RELEASED)
		ferry_wake_starved(f, cpu);
	if (run) {
		FERRY_COUNT(f, cpu, replays);
		ferry_run(f, i, cpu);
	}
}
