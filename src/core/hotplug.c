/* SPDX-License-Identifier: MIT */
/*
 * CPUs go and come, without stopping the others.
 *
 *    online ──leave──► leaving ──commit──► offline ──enter──► online
 *       ▲                 │
 *       └───roll back─────┘
 *
 * A leaving CPU is no target any more, but still takes interrupts and doorbells
 * and still owes the clearing of its slots. Only code on that CPU clears them:
 * its steps, its doorbell, its commit. Nothing is ever reduced to "the online
 * CPUs", because a CPU that owes is not offline yet.
 *
 * Locks: the host's hotplug lock around every call; I, then V. The state of a CPU
 * changes under its V, and a place is reserved under it: either the walk sees the
 * new slot, or the reservation sees the new state.
 */
#include "core/core.h"

void ferry_lock_cpu(struct ferry *f, uint32_t cpu)
{
	ferry_host_lock(f->ctx, &f->cpus[f->one_lock ? 0 : cpu].lock);
}

void ferry_unlock_cpu(struct ferry *f, uint32_t cpu)
{
	ferry_host_unlock(f->ctx, &f->cpus[f->one_lock ? 0 : cpu].lock);
}

enum ferry_cpu_state ferry_cpu_state(struct ferry *f, uint32_t cpu)
{
	if (cpu >= f->ncpus)
		return FERRY_CPU_OFFLINE;
	return (enum ferry_cpu_state)ferry_host_load(f->ctx, &f->cpus[cpu].state);
}

int ferry_expect_state(struct ferry *f, uint32_t cpu, enum ferry_cpu_state state)
{
	if (cpu >= f->ncpus)
		return FERRY_E_INVALID;
	return ferry_cpu_state(f, cpu) == state ? FERRY_OK : FERRY_E_STATE;
}

static void set_state(struct ferry *f, uint32_t cpu, enum ferry_cpu_state state)
{
	uintptr_t flags = ferry_host_irq_save(f->ctx);

	ferry_lock_cpu(f, cpu);
	ferry_host_store(f->ctx, &f->cpus[cpu].state, state);
	f->backend->publish(f, cpu);
	ferry_unlock_cpu(f, cpu);
	ferry_note(f, FERRY_TRACE_CPU, cpu, NULL, state);
	ferry_host_irq_restore(f->ctx, flags);
}

/* ---- leaving ------------------------------------------------------------------ */

int ferry_cpu_leave(struct ferry *f, uint32_t cpu)
{
	int rc = ferry_expect_state(f, cpu, FERRY_CPU_ONLINE);

	if (rc == FERRY_OK && !ferry_set_online(f, FERRY_SET_ALL, cpu))
		rc = FERRY_E_NO_CPU;
	if (rc == FERRY_OK)
		set_state(f, cpu, FERRY_CPU_LEAVING);
	return rc;
}

/* Find a place elsewhere for an interrupt that lives here: in what was requested
 * if possible, else, unless it is managed, anywhere, remembering that. I held. */
static int move_away(struct ferry *f, struct ferry_irq *i, uint32_t cpu)
{
	struct ferry_want want = { .set = i->requested, .exclude = cpu };
	int rc = FERRY_UNLIKELY(f->planned != NULL) ? f->planned(f, i, &want) :
						      ferry_move_start(f, i, &want);

	if (rc < 0 && rc != FERRY_E_NO_BOUND && i->requested != FERRY_SET_ALL &&
	    !(i->flags & FERRY_F_MANAGED)) {
		want.set = FERRY_SET_ALL;
		rc = ferry_move_start(f, i, &want);
	}
	if (rc == FERRY_LATER)
		i->flags |= FERRY_F_QUEUED; /* looked at when its handler ends, too */
	if (rc != FERRY_OK)
		return rc;
	/* Queued by ourselves above, not by a request that still waits? */
	if (want.set == i->requested || i->generation == i->asked)
		ferry_drop_queued(f, i);
	if (want.set != i->requested) {
		i->flags |= FERRY_F_BROKEN;
		ferry_irqset_put(f, &f->broken, i->number, true);
		ferry_note(f, FERRY_TRACE_BROKEN, cpu, i, 0);
	}
	return rc;
}

struct tally {
	uint32_t waiting; /* need interrupts, handlers or time */
	uint32_t pending; /* could be forwarded by commit */
	uint32_t blocked_irq;
	int blocked; /* why, or FERRY_OK */
};

bool ferry_owned_here(struct ferry *f, const struct ferry_irq *i, uint32_t cpu)
{
	return ferry_set_has(f, i->cur, cpu) ||
	       (i->old != FERRY_SET_NONE && f->backend->owes(f, i, cpu));
}

/* What still keeps this interrupt's slots here? I held. */
static void count_one(struct ferry *f, struct ferry_irq *i, uint32_t cpu, struct tally *t)
{
	if (i->state == FERRY_DRAINING && !ferry_set_has(f, i->cur, cpu) &&
	    ferry_host_load(f->ctx, &i->runner) != cpu + 1)
		t->pending++;
	else
		t->waiting++;
}

/* Push one interrupt as far off this CPU as it goes. I held. */
static void leave_one(struct ferry *f, struct ferry_irq *i, uint32_t cpu, struct tally *t)
{
	int rc = FERRY_LATER;

	if (i->state == FERRY_SETTLED && (i->flags & FERRY_F_DEAD))
		rc = ferry_irq_down(f, i, 0, NULL);
	else if (i->state == FERRY_SETTLED)
		rc = move_away(f, i, cpu);
	if (!ferry_remaining(f, i))
		ferry_drain_begin(f, i);
	else if (i->state == FERRY_MOVING)
		ferry_ask_settle(f, i);
	if (i->state == FERRY_MOVING && !ferry_has_bound(f, i))
		rc = FERRY_E_NO_BOUND;
	(void)ferry_drain_here(f, i, cpu, false);
	ferry_advance(f, i);
	if (!ferry_owned_here(f, i, cpu))
		return;
	count_one(f, i, cpu, t);
	if (rc < 0 && rc != FERRY_E_AGAIN && t->blocked == FERRY_OK) {
		t->blocked = rc;
		t->blocked_irq = i->number;
	}
}

/* Visit each interrupt that owns something on this CPU, interrupts off, under its I. */
static void walk(struct ferry *f, uint32_t cpu, struct tally *t,
		 void (*look)(struct ferry *f, struct ferry_irq *i, uint32_t cpu, struct tally *t))
{
	uintptr_t flags = ferry_host_irq_save(f->ctx);
	uint32_t cursor = 0, irq;

	while ((irq = f->backend->next_on(f, cpu, &cursor)) != FERRY_NONE) {
		struct ferry_irq *i = &f->irqs[irq];

		ferry_lock_irq(f, i);
		if (ferry_owned_here(f, i, cpu))
			look(f, i, cpu, t);
		ferry_unlock_irq(f, i);
	}
	ferry_host_irq_restore(f->ctx, flags);
}

int ferry_cpu_leave_step(struct ferry *f, uint32_t cpu, uint32_t *left, uint32_t *irq)
{
	struct tally t = { .blocked_irq = FERRY_NONE };
	int rc = ferry_expect_state(f, cpu, FERRY_CPU_LEAVING);

	if (rc != FERRY_OK)
		return rc;
	walk(f, cpu, &t, leave_one);
	ferry_wake_starved(f, cpu);
	if (left)
		*left = t.waiting + t.pending;
	if (irq)
		*irq = t.blocked_irq;
	if (t.blocked != FERRY_OK)
		return t.blocked;
	return t.waiting ? FERRY_E_AGAIN : FERRY_OK;
}

/* ---- commit --------------------------------------------------------------------- */

/* Clear one slot for good; what pends in it goes on at the current place. */
static void forward_one(struct ferry *f, struct ferry_irq *i, uint32_t cpu, struct tally *t)
{
	int rc = ferry_drain_here(f, i, cpu, true);

	(void)t;
	if ((rc & FERRY_WAS_PENDING) && !ferry_irq_ending(i) && !(i->flags & FERRY_F_LEVEL)) {
		i->flags |= FERRY_F_LATCHED;
		ferry_note(f, FERRY_TRACE_FORWARD, cpu, i, 0);
	}
	ferry_advance(f, i);
}

int ferry_cpu_commit(struct ferry *f, uint32_t cpu)
{
	struct tally t = { 0 };
	int rc = ferry_expect_state(f, cpu, FERRY_CPU_LEAVING);

	if (rc != FERRY_OK)
		return rc;
	/* Every slot left must be an old place whose evidence is complete. */
	walk(f, cpu, &t, count_one);
	if (t.waiting)
		return FERRY_E_AGAIN;
	walk(f, cpu, &t, forward_one);
	ferry_wake_starved(f, cpu);
	/* Only slots are rung, and none is left: after this wait no doorbell can
	 * be under way. Waiting before the clearing would lose that race. */
	rc = f->backend->part(f, cpu);
	if (rc == FERRY_OK)
		set_state(f, cpu, FERRY_CPU_OFFLINE);
	return rc;
}

/* ---- back again ------------------------------------------------------------------ */

/* Ask again for an affinity that was broken and that this CPU can mend. */
static void mend(struct ferry *f, struct ferry_irq *i, void *arg)
{
	if (!(i->flags & FERRY_F_BROKEN) || !ferry_set_has(f, i->requested, *(const uint32_t *)arg))
		return;
	i->flags |= FERRY_F_QUEUED;
	ferry_ask_settle(f, i);
	ferry_advance(f, i);
}

/* It stays after all: what the steps held still goes on. */
static void resume_one(struct ferry *f, struct ferry_irq *i, uint32_t cpu, struct tally *t)
{
	(void)cpu;
	(void)t;
	if (!(i->flags & FERRY_F_QUEUED))
		ferry_let_go(f, i);
	ferry_advance(f, i);
}

/* The CPU can be a target (again). */
static void welcome(struct ferry *f, uint32_t cpu, bool restore)
{
	set_state(f, cpu, FERRY_CPU_ONLINE);
	walk(f, cpu, NULL, resume_one);
	if (restore)
		ferry_visit(f, &f->broken, mend, &cpu);
	ferry_wake_starved(f, cpu);
}

int ferry_cpu_roll_back(struct ferry *f, uint32_t cpu)
{
	int rc = ferry_expect_state(f, cpu, FERRY_CPU_LEAVING);

	if (rc == FERRY_OK)
		welcome(f, cpu, true);
	return rc;
}

int ferry_cpu_enter(struct ferry *f, uint32_t cpu)
{
	int rc = ferry_expect_state(f, cpu, FERRY_CPU_OFFLINE);

	if (rc == FERRY_OK)
		rc = f->backend->enter(f, cpu);
	if (rc == FERRY_OK)
		welcome(f, cpu, f->restore);
	return rc;
}
