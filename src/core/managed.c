/* SPDX-License-Identifier: MIT */
/*
 * Stopped and managed interrupts. A stopped one is a dead one that can be revived: on its way
 * down it is freed, but for its number, and FERRY_F_STOPPED says that it may come back.
 *
 * Linked only if used. Locks: I, one at a time; V (promises), M below it.
 */
#include <irqferry/managed.h>
#include "core/core.h"

/* No place, and none that is drained; no handler. I held. */
static bool at_rest(struct ferry *f, const struct ferry_irq *i)
{
	return (i->flags & FERRY_F_STOPPED) && (i->cur & i->old) == FERRY_SET_NONE &&
	       !ferry_host_load(f->ctx, &i->runner);
}

/* Exists, and is not being freed. I held. */
static bool exists(const struct ferry_irq *i)
{
	return i->state != FERRY_FREE && !ferry_irq_ending(i);
}

/* Managed, and with a spare mask: just so? I held. */
static bool class_is(const struct ferry_irq *i, uint32_t flags)
{
	return (i->flags & (FERRY_F_MANAGED | FERRY_F_SPARE)) == flags;
}

/* ---- stop ------------------------------------------------------------------------ */

/* Tickets count as superseded. What is latched waits for the start. */
static void begin_stop(struct ferry *f, struct ferry_irq *i)
{
	i->flags |= FERRY_F_DEAD | FERRY_F_STOPPED;
	ferry_drop_queued(f, i);
	ferry_tell(f, i);
	ferry_note(f, FERRY_TRACE_STOP, 0xffff, i, 0);
	(void)ferry_kind_of(f, i)->silence(f, i);
}

static int stop(struct ferry *f, struct ferry_irq *i, uint32_t how, uint64_t *wait_ns)
{
	if (!exists(i))
		return FERRY_E_STATE;
	if (!(i->flags & FERRY_F_DEAD))
		begin_stop(f, i);
	if (!at_rest(f, i))
		return ferry_irq_down(f, i, how, wait_ns);
	ferry_say_wait(f, i, wait_ns);
	return FERRY_OK;
}

int ferry_irq_stop(struct ferry *f, uint32_t irq, uint32_t how, uint64_t *wait_ns)
{
	uintptr_t flags;
	struct ferry_irq *i = how & ~FERRY_FREE_QUIET ? NULL : ferry_enter_number(f, irq, &flags);
	int rc;

	if (!i)
		return FERRY_E_INVALID;
	rc = stop(f, i, how, wait_ns);
	ferry_leave(f, i, flags);
	return rc;
}

/* ---- start ----------------------------------------------------------------------- */

/* The ITS did not map it in time, and is given nothing more. It may map it some day, so what is
 * left is settled without a place: it can be stopped and started again, but to free it
 * never ends, because the ITS does not confirm it (its.c, awaits). */
static int let_down(struct ferry *f, struct ferry_irq *i)
{
	i->old = i->cur;
	i->cur = FERRY_SET_NONE;
	i->vector = 0;
	f->backend->vacated(f, i);
	ferry_set_put(f, i->old);
	i->old = FERRY_SET_NONE;
	return FERRY_E_TIMEOUT;
}

/* A source that is never masked once it was enabled stays so, also if it is disabled now: what it
 * sends is to be remembered. */
static void set_going(struct ferry *f, struct ferry_irq *i, bool was_live)
{
	uint32_t disabled = i->flags & FERRY_F_DISABLED;

	if (was_live)
		i->flags &= ~(uint32_t)FERRY_F_DISABLED;
	ferry_kind_of(f, i)->apply_mask(f, i);
	i->flags |= disabled;
	ferry_advance(f, i);
}

/* As a new one, but for what the driver wants and what is latched; not quite yet, which kinds
 * of source may look at. */
static void revive(struct ferry_irq *i)
{
	i->flags &= FERRY_F_POLICY | FERRY_F_MASKED | FERRY_F_DISABLED | FERRY_F_LATCHED |
		    FERRY_F_ORDERED | FERRY_F_MASKABLE | FERRY_F_SEVERAL | FERRY_F_LOW |
		    FERRY_F_LEVEL | FERRY_F_END | FERRY_F_GUEST | FERRY_F_MANAGED |
		    FERRY_F_STOPPED | FERRY_F_SPARE | FERRY_F_POOLED;
}

static int start(struct ferry *f, struct ferry_irq *i)
{
	uint32_t were = i->flags;
	int rc;

	if (!at_rest(f, i))
		return FERRY_E_STATE;
	revive(i);
	rc = ferry_irq_place(f, i, i->requested);
	if (rc != FERRY_OK)
		i->flags = were;
	else if (i->flags & FERRY_F_DEAD)
		return let_down(f, i);
	else
		i->flags &= ~(uint32_t)FERRY_F_STOPPED;
	if (rc == FERRY_E_NO_CPU)
		ferry_note(f, FERRY_TRACE_ASLEEP, 0xffff, i, 0);
	if (rc != FERRY_OK)
		return rc;
	ferry_note(f, FERRY_TRACE_START, 0xffff, i, 0);
	set_going(f, i, were & FERRY_F_LIVE);
	return FERRY_OK;
}

int ferry_irq_start(struct ferry *f, uint32_t irq)
{
	uintptr_t flags;
	struct ferry_irq *i = ferry_enter_number(f, irq, &flags);
	int rc;

	if (!i)
		return FERRY_E_INVALID;
	rc = start(f, i);
	ferry_leave(f, i, flags);
	return rc;
}

/* ---- promises, where there is something to promise --------------------------------- */

/* A GIC has room for all; x86 needs somebody who counts. */
static int promise(struct ferry *f, const struct ferry_irq *i, ferry_set set, ferry_set not )
{
	if (f->promises)
		return f->promises->promise(f, i, set, not );
	return f->x86 ? FERRY_E_INVALID : FERRY_OK;
}

static void give_up(struct ferry *f, const struct ferry_irq *i, ferry_set set, ferry_set not )
{
	if (f->promises)
		f->promises->give_up(f, i, set, not );
}

/* A pool is of the interrupt, not of its number: the next one begins without. */
static int put_in_pool(struct ferry *f, struct ferry_irq *i, uint32_t pool)
{
	int rc;

	if (!f->promises)
		return f->x86 ? FERRY_E_INVALID : FERRY_OK;
	rc = f->promises->share(f, i, pool);
	if (rc == FERRY_OK)
		i->flags = pool ? i->flags | FERRY_F_POOLED : i->flags & ~(uint32_t)FERRY_F_POOLED;
	return rc;
}

static int promise_first(struct ferry *f, struct ferry_irq *i, ferry_set set)
{
	if (!(i->flags & FERRY_F_POOLED))
		(void)put_in_pool(f, i, 0);
	return promise(f, i, set, FERRY_SET_NONE);
}

/* The set becomes what is requested. */
static void aim(struct ferry *f, struct ferry_irq *i, ferry_set set)
{
	ferry_set_put(f, i->requested);
	i->requested = set;
	i->prefer = 0xffff;
}

/* Another mask for one that is stopped and not managed; make it managed if `managed`. */
static int adopt(struct ferry *f, uint32_t irq, const uint64_t *mask, bool managed)
{
	uintptr_t flags;
	struct ferry_irq *i = ferry_enter_number(f, irq, &flags);
	int rc = FERRY_E_STATE;
	ferry_set set;

	if (!i)
		return FERRY_E_INVALID;
	if (at_rest(f, i) && !(i->flags & FERRY_F_MANAGED)) {
		rc = ferry_set_make(f, mask, &set);
		if (rc == FERRY_OK && managed) {
			rc = promise_first(f, i, set);
			if (rc == FERRY_OK)
				i->flags |= FERRY_F_MANAGED;
			else
				ferry_set_put(f, set);
		}
		if (rc == FERRY_OK)
			aim(f, i, set);
	}
	ferry_leave(f, i, flags);
	if (rc == FERRY_E_NO_SPACE)
		ferry_promises_ended(f); /* some may have been had, and given back */
	return rc;
}

int ferry_irq_manage(struct ferry *f, uint32_t irq, const uint64_t *mask)
{
	return adopt(f, irq, mask, true);
}

int ferry_irq_aim(struct ferry *f, uint32_t irq, const uint64_t *mask)
{
	return adopt(f, irq, mask, false);
}

int ferry_irq_unmanage(struct ferry *f, uint32_t irq)
{
	uintptr_t flags;
	struct ferry_irq *i = ferry_enter_number(f, irq, &flags);
	int rc = FERRY_E_STATE;

	if (!i)
		return FERRY_E_INVALID;
	if (at_rest(f, i) && class_is(i, FERRY_F_MANAGED)) {
		give_up(f, i, i->requested, FERRY_SET_NONE);
		i->flags &= ~(uint32_t)FERRY_F_MANAGED;
		rc = FERRY_OK;
	}
	ferry_leave(f, i, flags);
	if (rc == FERRY_OK)
		ferry_promises_ended(f);
	return rc;
}

int ferry_irq_share(struct ferry *f, uint32_t irq, uint32_t pool)
{
	uintptr_t flags;
	struct ferry_irq *i = ferry_enter_number(f, irq, &flags);
	int rc = FERRY_E_STATE;

	if (!i)
		return FERRY_E_INVALID;
	if (exists(i) && !(i->flags & FERRY_F_MANAGED))
		rc = put_in_pool(f, i, pool);
	ferry_leave(f, i, flags);
	return rc;
}

/* ---- another mask for a managed one -------------------------------------------------- */

int ferry_spare_promise(struct ferry *f, uint32_t irq, const uint64_t *mask,
			struct ferry_spare *spare)
{
	uintptr_t flags;
	struct ferry_irq *i = ferry_enter_number(f, irq, &flags);
	int rc = FERRY_E_STATE;
	ferry_set set;

	if (!i)
		return FERRY_E_INVALID;
	if (class_is(i, FERRY_F_MANAGED)) {
		rc = ferry_set_make(f, mask, &set);
		if (rc == FERRY_OK) {
			rc = promise(f, i, set, i->requested);
			if (rc == FERRY_OK) {
				spare->set = set;
				i->flags |= FERRY_F_SPARE;
			} else {
				ferry_set_put(f, set);
			}
		}
	}
	ferry_leave(f, i, flags);
	if (rc == FERRY_E_NO_SPACE)
		ferry_promises_ended(f); /* some may have been had, and given back */
	return rc;
}

int ferry_spare_swap(struct ferry *f, uint32_t irq, struct ferry_spare *spare)
{
	uintptr_t flags;
	struct ferry_irq *i = ferry_enter_number(f, irq, &flags);
	int rc = FERRY_E_STATE;

	if (!i)
		return FERRY_E_INVALID;
	if (at_rest(f, i) && class_is(i, FERRY_F_MANAGED | FERRY_F_SPARE)) {
		ferry_set set = i->requested;

		i->requested = spare->set;
		spare->set = set;
		i->prefer = 0xffff;
		rc = FERRY_OK;
	}
	ferry_leave(f, i, flags);
	return rc;
}

/* Has it a place, current or old, on a CPU of `set` that was not requested? */
static bool strays(const struct ferry *f, const struct ferry_irq *i, ferry_set set)
{
	FERRY_FOR_EACH_CPU(f, set, c)
		if (!ferry_set_has(f, i->requested, c) &&
		    (ferry_set_has(f, i->cur, c) || ferry_set_has(f, i->old, c)))
			return true;
	return false;
}

int ferry_spare_release(struct ferry *f, uint32_t irq, struct ferry_spare *spare)
{
	uintptr_t flags;
	struct ferry_irq *i = ferry_enter_number(f, irq, &flags);
	int rc = FERRY_E_STATE;

	if (!i)
		return FERRY_E_INVALID;
	if (class_is(i, FERRY_F_MANAGED | FERRY_F_SPARE) && !strays(f, i, spare->set)) {
		give_up(f, i, spare->set, i->requested);
		ferry_set_put(f, spare->set);
		spare->set = FERRY_SET_NONE;
		i->flags &= ~(uint32_t)FERRY_F_SPARE;
		rc = FERRY_OK;
	}
	ferry_leave(f, i, flags);
	if (rc == FERRY_OK)
		ferry_promises_ended(f);
	return rc;
}

/* ---- looking --------------------------------------------------------------------------- */

int ferry_irq_class(struct ferry *f, uint32_t irq, struct ferry_class *out)
{
	uintptr_t flags;
	struct ferry_irq *i = ferry_enter_number(f, irq, &flags);
	int rc = FERRY_E_STATE;

	if (!i)
		return FERRY_E_INVALID;
	if (i->state != FERRY_FREE) {
		out->managed = i->flags & FERRY_F_MANAGED;
		out->stopped = i->flags & FERRY_F_STOPPED;
		out->pool = i->flags & FERRY_F_POOLED ? f->promises->pool(f, i) : 0;
		rc = FERRY_OK;
	}
	ferry_leave(f, i, flags);
	return rc;
}

/* Stopped, and with no promise. */
static bool waits(struct ferry *f, uint32_t irq)
{
	struct ferry_irq *i = &f->irqs[irq];
	uintptr_t flags = ferry_enter(f, i);
	bool does = (i->flags & (FERRY_F_STOPPED | FERRY_F_MANAGED)) == FERRY_F_STOPPED;

	ferry_leave(f, i, flags);
	return does;
}

void ferry_capacity(struct ferry *f, struct ferry_capacity *out)
{
	uint32_t irq = 0;

	*out = (struct ferry_capacity){ 0 };
	for (uint32_t c = 0; c < f->ncpus; c++) {
		if (ferry_cpu_state(f, c) != FERRY_CPU_ONLINE)
			continue;
		out->free += f->backend->room(f, c);
		if (f->promises)
			out->promised += f->promises->count(f, c);
	}
	while ((irq = ferry_irqset_next(f, &f->used, irq)) != FERRY_NONE)
		out->waiting += waits(f, irq++);
}
