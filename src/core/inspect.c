/* SPDX-License-Identifier: MIT */
/* Where is it? Linked only if used. Locks: I. */
#include "core/core.h"

static void copy_set(const struct ferry *f, ferry_set set, uint64_t *mask)
{
	for (uint32_t w = 0; mask && w < f->nwords; w++)
		mask[w] = ferry_set_word(f, set, w);
}

int ferry_irq_affinity(struct ferry *f, uint32_t irq, struct ferry_affinity *out,
		       uint64_t *requested, uint64_t *effective, uint64_t *old)
{
	uintptr_t flags;
	struct ferry_irq *i = ferry_enter_number(f, irq, &flags);

	if (!i)
		return FERRY_E_INVALID;
	out->state = (enum ferry_state)i->state;
	/* No place, and none that is drained: also after a start that an ITS let down. */
	if ((i->flags & FERRY_F_STOPPED) && (i->cur & i->old) == FERRY_SET_NONE)
		out->state = FERRY_STOPPED;
	out->queued = i->flags & FERRY_F_QUEUED;
	out->starved = i->flags & FERRY_F_STARVED;
	out->broken = i->flags & FERRY_F_BROKEN;
	out->dead = ferry_irq_ending(i);
	out->asked = i->asked;
	out->generation = i->generation;
	out->old_cpus = 0;
	FERRY_FOR_EACH_CPU(f, i->old, c)
		out->old_cpus += f->backend->owes(f, i, c);
	out->first_cpu = ferry_set_next(f, i->cur, 0);
	out->vector = out->first_cpu == FERRY_NONE ? 0 : i->vector;
	copy_set(f, i->requested, requested);
	copy_set(f, i->cur, effective);
	copy_set(f, i->old, old);
	ferry_leave(f, i, flags);
	return FERRY_OK;
}
