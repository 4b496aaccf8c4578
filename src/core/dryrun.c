/* SPDX-License-Identifier: MIT */
/*
 * What would happen if a CPU left? Asked of the same planner that will do it, dry.
 * Linked only if used. Locks: I, V below it, one interrupt at a time.
 */
#include "core/core.h"

/* What would happen to an interrupt that lives on `cpu`? I held. */
static int foresee(struct ferry *f, struct ferry_irq *i, uint32_t cpu, struct ferry_dry_run *sum,
		   uint32_t *room)
{
	struct ferry_want want = { .set = i->requested, .exclude = cpu, .dry = true };
	struct ferry_place place;
	int rc = FERRY_E_NO_CPU;

	if (!ferry_has_bound(f, i))
		return FERRY_E_NO_BOUND;
	if (i->flags & FERRY_F_DEAD)
		return FERRY_OK;
	sum->needed++;
	if (ferry_set_online(f, want.set, cpu))
		rc = f->backend->plan(f, i, &want, &place);
	/* It never leaves its mask, and takes a place that is promised. */
	if (i->flags & FERRY_F_MANAGED)
		return rc;
	if (rc != FERRY_OK) {
		want.set = FERRY_SET_ALL;
		rc = f->backend->plan(f, i, &want, &place);
		sum->broken += rc == FERRY_OK;
	}
	if (rc == FERRY_OK && !*room)
		return FERRY_E_NO_SPACE;
	*room -= rc == FERRY_OK;
	return rc;
}

int ferry_cpu_dry_run(struct ferry *f, uint32_t cpu, struct ferry_dry_run *sum,
		      struct ferry_blocker *list, uint32_t n)
{
	uint32_t cursor = 0, irq, room;
	uintptr_t flags;
	int rc = ferry_expect_state(f, cpu, FERRY_CPU_ONLINE);

	*sum = (struct ferry_dry_run){ 0 };
	if (rc != FERRY_OK)
		return rc;
	flags = ferry_host_irq_save(f->ctx);
	for (uint32_t c = 0; c < f->ncpus; c++)
		sum->free += c == cpu ? 0 : f->backend->room(f, c);
	room = sum->free;
	while ((irq = f->backend->next_on(f, cpu, &cursor)) != FERRY_NONE) {
		struct ferry_irq *i = &f->irqs[irq];

		ferry_lock_irq(f, i);
		if (ferry_set_has(f, i->cur, cpu))
			rc = foresee(f, i, cpu, sum, &room);
		else if (ferry_owned_here(f, i, cpu) && !ferry_has_bound(f, i))
			rc = FERRY_E_NO_BOUND;
		else
			rc = FERRY_OK;
		ferry_unlock_irq(f, i);
		if (rc == FERRY_OK)
			continue;
		if (sum->blocked < n)
			list[sum->blocked] = (struct ferry_blocker){ irq, rc };
		sum->blocked++;
	}
	ferry_host_irq_restore(f->ctx, flags);
	return FERRY_OK;
}
