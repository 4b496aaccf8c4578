/* SPDX-License-Identifier: MIT */
/*
 * The movement engine: make before break, whatever the hardware.
 *
 *            request                    evidence                last slot cleared
 *  SETTLED ───────────► MOVING ───────────────────► DRAINING ──────────────────► SETTLED
 *     │  reserve, program   (owed: evidence)    ▲   doorbells;                    │
 *     └──────────────────────────────────────────┘  each old CPU looks at its     │ queued? again
 *              (owed: drain)                         own IRR, clears its own slot ▼
 *
 * Evidence that nothing more comes to the old place is a fence after programming
 * and one of: the fence reaches the IRR; the first arrival at the new place, where
 * the source's messages keep their order (flow.c); the drain bound has passed.
 *
 * An interrupt being freed takes the same road without a new place, to DRAINED.
 *
 * Locks: I held in every function here unless its contract says otherwise; V and
 * M are taken below it by the back end and the mask pool.
 */
#include "core/core.h"

/* ---- evidence by time -------------------------------------------------------- */

bool ferry_has_bound(const struct ferry *f, const struct ferry_irq *i)
{
	return f->drain_ns || f->backend->reaches(f, i);
}

uint64_t ferry_remaining(struct ferry *f, struct ferry_irq *i)
{
	uint64_t now, age;

	if (i->state != FERRY_MOVING)
		return UINT64_MAX;
	if (f->backend->awaits)
		return f->backend->awaits(f, i);
	if (i->flags & FERRY_F_QUIET)
		return 0;
	if (!f->drain_ns)
		return UINT64_MAX;
	/* This CPU's clock may be behind that of the CPU that fenced. */
	now = ferry_host_now(f->ctx);
	age = now > i->fence_ns ? now - i->fence_ns : 0;
	return age < f->drain_ns ? f->drain_ns - age : 0;
}

void ferry_say_wait(struct ferry *f, struct ferry_irq *i, uint64_t *wait_ns)
{
	uint64_t ns = ferry_remaining(f, i);

	if (wait_ns)
		*wait_ns = ns == UINT64_MAX ? 0 : ns;
}

void ferry_ask_settle(struct ferry *f, struct ferry_irq *i)
{
	uint64_t ns = ferry_remaining(f, i);

	i->flags |= FERRY_F_SETTLE;
	if (ns != UINT64_MAX)
		ferry_host_poll_in(f->ctx, ns);
}

/* ---- the three transitions ----------------------------------------------------- */

void ferry_tell(struct ferry *f, struct ferry_irq *i)
{
	if (i->generation == i->asked)
		return;
	i->generation = i->asked;
	if (f->done)
		f->done(f->ctx, i->number, i->generation);
}

/* Everything asked for up to now has been satisfied. */
static void satisfy(struct ferry *f, struct ferry_irq *i)
{
	ferry_tell(f, i);
	ferry_note(f, FERRY_TRACE_SETTLED, 0xffff, i, i->generation);
}

/* The old place is gone. */
static void settled(struct ferry *f, struct ferry_irq *i)
{
	ferry_set_put(f, i->old);
	i->old = FERRY_SET_NONE;
	i->flags &= ~(uint32_t)FERRY_F_TRANSIT;
	/* What is queued shall end by the bound too, if that was asked for. */
	if (!(i->flags & FERRY_F_QUEUED))
		i->flags &= ~(uint32_t)FERRY_F_SETTLE;
	if (i->cur == FERRY_SET_NONE) {
		i->state = FERRY_DRAINED;
		return;
	}
	i->state = FERRY_SETTLED;
	if (!(i->flags & (FERRY_F_QUEUED | FERRY_F_DEAD)))
		satisfy(f, i);
}

void ferry_drain_begin(struct ferry *f, struct ferry_irq *i)
{
	ferry_irqset_put(f, &f->moving, i->number, false);
	if (f->backend->vacated)
		f->backend->vacated(f, i);
	i->flags &= ~(uint32_t)FERRY_F_ARRIVAL;
	i->state = FERRY_DRAINING;
	i->debt = 0;
	FERRY_FOR_EACH_CPU(f, i->old, c)
		i->debt += f->backend->owes(f, i, c);
	ferry_note(f, FERRY_TRACE_EVIDENCE, 0xffff, i, i->debt);
	if (!i->debt) {
		settled(f, i);
		return;
	}
	FERRY_FOR_EACH_CPU(f, i->old, c)
		if (f->backend->owes(f, i, c))
			f->backend->ring_old(f, i, c);
}

/* May all CPUs of the set keep what is there? */
static bool staying(struct ferry *f, ferry_set set)
{
	FERRY_FOR_EACH_CPU(f, set, c)
		if (ferry_cpu_state(f, c) != FERRY_CPU_ONLINE)
			return false;
	return true;
}

/* The source names the new place (or none) from now on. */
static void leave_old(struct ferry *f, struct ferry_irq *i, enum ferry_owed owed)
{
	i->fence_ns = ferry_host_now(f->ctx);
	i->state = FERRY_MOVING;
	if (owed != FERRY_OWED_EVIDENCE) {
		ferry_drain_begin(f, i);
		return;
	}
	ferry_irqset_put(f, &f->moving, i->number, true);
	/* While anyone starves, or a CPU waits to leave, no old place may wait for an
	 * arrival that perhaps never comes. */
	if ((i->flags & FERRY_F_SETTLE) || ferry_host_load(f->ctx, &f->starved.count) ||
	    !staying(f, i->old))
		ferry_ask_settle(f, i);
}

void ferry_move_end(struct ferry *f, struct ferry_irq *i, enum ferry_owed owed)
{
	i->old = i->cur;
	i->old_vector = i->vector;
	i->cur = FERRY_SET_NONE;
	i->vector = 0;
	leave_old(f, i, owed);
}

int ferry_drain_here(struct ferry *f, struct ferry_irq *i, uint32_t cpu, bool force)
{
	int rc;

	if (i->state != FERRY_DRAINING || !f->backend->owes(f, i, cpu))
		return 0;
	rc = f->backend->release(f, i, cpu, force);
	if (!(rc & FERRY_RELEASED)) {
		FERRY_COUNT(f, cpu, retries);
		return rc;
	}
	i->debt--;
	ferry_note(f, FERRY_TRACE_CLEAR, cpu, i, i->debt);
	if (!i->debt)
		settled(f, i);
	return rc;
}

/* ---- starting a move ------------------------------------------------------------- */

void ferry_let_go(struct ferry *f, struct ferry_irq *i)
{
	if (!(i->flags & FERRY_F_HELD))
		return;
	i->flags &= ~(uint32_t)FERRY_F_HELD;
	ferry_kind_of(f, i)->apply_mask(f, i);
}

static int find_place(struct ferry *f, struct ferry_irq *i, const struct ferry_want *want,
		      struct ferry_place *place)
{
	if (!ferry_has_bound(f, i) && !(i->flags & FERRY_F_ORDERED))
		return FERRY_E_NO_BOUND;
	if (!ferry_set_online(f, want->set, want->exclude))
		return FERRY_E_NO_CPU;
	if ((i->flags & FERRY_F_LEVEL) && !f->backend->ready(f, i))
		return FERRY_LATER;
	return f->backend->plan(f, i, want, place);
}

int ferry_move_start(struct ferry *f, struct ferry_irq *i, const struct ferry_want *want)
{
	struct ferry_place place;
	enum ferry_owed owed;
	int rc = find_place(f, i, want, &place);

	/* On a CPU that leaves it stays still: the next step, or the roll-back,
	 * comes for it. */
	if (rc < 0 && staying(f, i->cur))
		ferry_let_go(f, i);
	if (rc != FERRY_OK)
		return rc;
	i->old = i->cur;
	i->old_vector = i->vector;
	i->cur = place.cpus;
	i->vector = place.vector;
	i->flags &= ~(uint32_t)(FERRY_F_TRANSIT | FERRY_F_ARRIVAL);
	if (place.transit)
		i->flags |= FERRY_F_TRANSIT;
	if (place.evidence && (i->flags & FERRY_F_ORDERED))
		i->flags |= FERRY_F_ARRIVAL;
	owed = ferry_kind_of(f, i)->program(f, i);
	ferry_note(f, FERRY_TRACE_PROGRAM, ferry_set_next(f, i->old, 0), i, i->old_vector);
	leave_old(f, i, owed);
	return FERRY_OK;
}

/* Is it in the set, and may it stay there? */
static bool inside(struct ferry *f, const struct ferry_irq *i, ferry_set set)
{
	FERRY_FOR_EACH_CPU(f, i->cur, c)
		if (!ferry_set_has(f, set, c))
			return false;
	return staying(f, i->cur);
}

/* Settled: to the preferred CPU, or stay, or anywhere in the set. FERRY_OK,
 * FERRY_LATER or an error. */
static int go(struct ferry *f, struct ferry_irq *i, ferry_set set, uint32_t prefer)
{
	struct ferry_want want = { .set = prefer, .exclude = FERRY_NONE };
	int rc = FERRY_E_NO_CPU;

	if (i->cur != prefer && prefer < f->ncpus && ferry_set_has(f, set, prefer))
		rc = ferry_move_start(f, i, &want);
	if (rc >= 0 || inside(f, i, set))
		return rc < 0 ? FERRY_OK : rc;
	want.set = set;
	return ferry_move_start(f, i, &want);
}

void ferry_drop_queued(struct ferry *f, struct ferry_irq *i)
{
	uint32_t irq = i->number;

	/* Rarely in them: spare all others the write to a shared word. */
	if (i->flags & FERRY_F_STARVED)
		ferry_irqset_put(f, &f->starved, irq, false);
	if (i->flags & FERRY_F_BROKEN)
		ferry_irqset_put(f, &f->broken, irq, false);
	i->flags &= ~(uint32_t)(FERRY_F_QUEUED | FERRY_F_STARVED | FERRY_F_BROKEN);
	ferry_let_go(f, i);
}

static void mark_starved(struct ferry *f, struct ferry_irq *i)
{
	i->flags |= FERRY_F_STARVED;
	ferry_irqset_put(f, &f->starved, i->number, true);
	ferry_note(f, FERRY_TRACE_STARVED, 0xffff, i, 0);
	/* Whoever moves sits on two slots: ferry_poll ends those moves. */
	if (f->drain_ns)
		ferry_host_poll_in(f->ctx, f->drain_ns);
}

static void start_queued(struct ferry *f, struct ferry_irq *i)
{
	int rc = go(f, i, i->requested, i->prefer);

	/* On a CPU that leaves, its steps or the roll-back see to it. */
	if (rc < 0 && !(i->flags & FERRY_F_STARVED) && staying(f, i->cur)) {
		/* Marked first, tried again after: a slot that is freed in
		 * between is seen by one of the two. */
		mark_starved(f, i);
		rc = go(f, i, i->requested, i->prefer);
	}
	if (rc != FERRY_OK)
		return;
	ferry_drop_queued(f, i);
	/* It stayed, or nothing was owed and it has settled while still queued. */
	if (i->state == FERRY_SETTLED)
		satisfy(f, i);
}

void ferry_advance(struct ferry *f, struct ferry_irq *i)
{
	if (i->flags & FERRY_F_DEAD)
		return;
	if ((i->flags & FERRY_F_QUEUED) && i->state == FERRY_SETTLED)
		start_queued(f, i);
	if ((i->flags & FERRY_F_LATCHED) && !(i->flags & FERRY_F_NO_START) &&
	    !ferry_host_load(f->ctx, &i->runner))
		f->backend->replay(f, i);
}

void ferry_visit(struct ferry *f, struct ferry_irqset *s,
		 void (*look)(struct ferry *f, struct ferry_irq *i, void *arg), void *arg)
{
	uint32_t irq = 0;

	if (!ferry_host_load(f->ctx, &s->count))
		return;
	while ((irq = ferry_irqset_next(f, s, irq)) != FERRY_NONE) {
		struct ferry_irq *i = &f->irqs[irq++];
		uintptr_t flags = ferry_enter(f, i);

		look(f, i, arg);
		ferry_leave(f, i, flags);
	}
}

/* A slot freed on its current CPU may be the transit slot it lacks; one freed
 * anywhere, the vector that a level pin can't share. */
static void wake_one(struct ferry *f, struct ferry_irq *i, void *arg)
{
	uint32_t cpu = *(const uint32_t *)arg;

	if ((i->flags & FERRY_F_STARVED) &&
	    ((i->flags & FERRY_F_LEVEL) || ferry_set_has(f, i->requested, cpu) ||
	     ferry_set_has(f, i->cur, cpu)))
		ferry_advance(f, i);
}

void ferry_wake_starved(struct ferry *f, uint32_t cpu)
{
	ferry_visit(f, &f->starved, wake_one, &cpu);
}

/* ---- requests --------------------------------------------------------------------- */

/* `set` becomes what is requested: the reference is the descriptor's from now on. */
static uint32_t adopt(struct ferry *f, struct ferry_irq *i, ferry_set set, uint32_t prefer)
{
	ferry_set_put(f, i->requested);
	i->requested = set;
	i->prefer = (uint16_t)prefer;
	/* Tickets are > 0; the ones before this are superseded. */
	ferry_tell(f, i);
	i->asked = i->asked + 1 ? i->asked + 1 : 1;
	return i->asked;
}

int ferry_request(struct ferry *f, struct ferry_irq *i, ferry_set set, uint32_t prefer,
		  uint32_t *ticket)
{
	struct ferry_want want = { .set = set, .exclude = FERRY_NONE, .dry = true };
	struct ferry_place place;
	int rc = FERRY_LATER;

	if (i->flags & FERRY_F_MANAGED)
		return FERRY_E_MANAGED;
	if (i->state == FERRY_FREE || (i->flags & FERRY_F_DEAD))
		return FERRY_E_STATE;
	if (!ferry_set_online(f, set, FERRY_NONE))
		return FERRY_E_NO_CPU;
	if (i->state == FERRY_SETTLED)
		rc = go(f, i, set, prefer);
	if (rc == FERRY_LATER && f->backend->plan(f, i, &want, &place) == FERRY_E_UNREACHABLE) {
		rc = FERRY_E_UNREACHABLE; /* and would be for ever */
		if (!(i->flags & FERRY_F_QUEUED))
			ferry_let_go(f, i);
	}
	if (rc < 0)
		return rc;
	*ticket = adopt(f, i, set, prefer);
	ferry_drop_queued(f, i);
	ferry_note(f, FERRY_TRACE_REQUEST, 0xffff, i, *ticket);
	if (rc == FERRY_LATER) {
		i->flags |= FERRY_F_QUEUED;
		ferry_ask_settle(f, i);
	}
	if (i->state == FERRY_SETTLED && rc == FERRY_OK)
		satisfy(f, i);
	ferry_advance(f, i);
	return FERRY_OK;
}

int ferry_irq_set_affinity(struct ferry *f, uint32_t irq, const uint64_t *mask, uint32_t prefer,
			   uint32_t *ticket)
{
	struct ferry_irq *i = NULL;
	uint32_t given = 0;
	uintptr_t flags;
	ferry_set set;
	int rc;

	if (prefer < f->ncpus || prefer == FERRY_NONE)
		i = ferry_enter_number(f, irq, &flags);
	if (!i)
		return FERRY_E_INVALID;
	rc = ferry_set_make(f, mask, &set);
	if (rc == FERRY_OK) {
		rc = ferry_request(f, i, set, prefer, &given);
		if (rc != FERRY_OK)
			ferry_set_put(f, set);
	}
	ferry_leave(f, i, flags);
	if (ticket && rc == FERRY_OK)
		*ticket = given;
	return rc;
}

/* ---- settle ------------------------------------------------------------------------- */

static int settle(struct ferry *f, struct ferry_irq *i)
{
	if (i->state == FERRY_FREE || i->state == FERRY_DRAINED)
		return FERRY_E_STATE;
	if (!ferry_remaining(f, i)) {
		ferry_drain_begin(f, i);
		ferry_advance(f, i);
	}
	if (i->state == FERRY_SETTLED && !(i->flags & FERRY_F_QUEUED))
		return FERRY_OK;
	if (i->state == FERRY_MOVING && !ferry_has_bound(f, i))
		return FERRY_E_NO_BOUND;
	ferry_ask_settle(f, i);
	return FERRY_E_AGAIN;
}

int ferry_irq_settle(struct ferry *f, uint32_t irq, uint64_t *wait_ns)
{
	uintptr_t flags;
	struct ferry_irq *i = ferry_enter_number(f, irq, &flags);
	int rc;

	if (!i)
		return FERRY_E_INVALID;
	rc = settle(f, i);
	ferry_say_wait(f, i, wait_ns);
	ferry_leave(f, i, flags);
	return rc;
}

/* One interrupt under way; *next is lowered to when it wants to be seen again. */
static void poll_one(struct ferry *f, struct ferry_irq *i, void *next)
{
	uint64_t ns;

	if (!(i->flags & FERRY_F_SETTLE) && !ferry_host_load(f->ctx, &f->starved.count))
		return;
	ns = ferry_remaining(f, i);
	if (!ns) {
		ferry_drain_begin(f, i);
		ferry_advance(f, i);
	} else if (ns < *(uint64_t *)next) {
		*(uint64_t *)next = ns;
	}
}

void ferry_poll(struct ferry *f)
{
	uint64_t next = UINT64_MAX;

	ferry_visit(f, &f->moving, poll_one, &next);
	if (next != UINT64_MAX)
		ferry_host_poll_in(f->ctx, next);
}
