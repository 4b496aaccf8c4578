/* SPDX-License-Identifier: MIT */
/*
 * Interrupts come, are masked, and go. Locks: I, one at a time; V, M below it.
 */
#include "core/core.h"

uintptr_t ferry_enter(struct ferry *f, struct ferry_irq *i)
{
	uintptr_t flags = ferry_host_irq_save(f->ctx);

	ferry_lock_irq(f, i);
	return flags;
}

struct ferry_irq *ferry_enter_number(struct ferry *f, uint32_t irq, uintptr_t *flags)
{
	if (irq >= f->nirqs)
		return NULL;
	*flags = ferry_enter(f, &f->irqs[irq]);
	return &f->irqs[irq];
}

void ferry_leave(struct ferry *f, struct ferry_irq *i, uintptr_t flags)
{
	ferry_unlock_irq(f, i);
	ferry_host_irq_restore(f->ctx, flags);
}

void ferry_note(struct ferry *f, uint32_t event, uint32_t cpu, const struct ferry_irq *i,
		uint32_t a)
{
	struct ferry_trace record = {
		.event = (uint16_t)event,
		.cpu = (uint16_t)cpu,
		.irq = FERRY_NONE,
		.a = a,
	};

	if (!f->trace)
		return;
	if (i) {
		record.irq = i->number;
		record.state = i->state;
		record.vector = i->vector;
		record.home = (uint16_t)ferry_set_next(f, i->cur, 0);
	}
	f->trace(f->ctx, &record);
}

/* ---- memory ---------------------------------------------------------------- */

void *ferry_carve(struct ferry_carver *c, size_t count, size_t size)
{
	char *p = c->base ? c->base + c->used : NULL;

	c->used += (count * size + 7) & ~(size_t)7;
	return p;
}

bool ferry_core_valid(const struct ferry_config *c)
{
	return c->cpus - 1 < FERRY_CPUS_MAX && c->irqs - 1 < FERRY_IRQS_MAX && c->masks <= 65535;
}

void ferry_core_carve(struct ferry *f, const struct ferry_config *c, struct ferry_carver *m)
{
	struct ferry_irqset *sets[] = { &f->used, &f->moving, &f->starved, &f->broken };

	f->nwords = (c->cpus + 63) / 64;
	f->irqs = ferry_carve(m, c->irqs, sizeof(*f->irqs));
	f->cpus = ferry_carve(m, c->cpus, sizeof(*f->cpus));
	f->masks.words = ferry_carve(m, c->masks, f->nwords * sizeof(*f->masks.words));
	f->masks.entries = ferry_carve(m, c->masks, sizeof(*f->masks.entries));
	f->masks.buckets = ferry_carve(m, c->masks + 1, sizeof(*f->masks.buckets));
	for (unsigned int s = 0; s < 4; s++)
		sets[s]->words = ferry_carve(m, (c->irqs + 31) / 32, sizeof(ferry_atomic));
}

void ferry_core_init(struct ferry *f, const struct ferry_config *c)
{
	f->ctx = c->ctx;
	f->ncpus = c->cpus;
	f->nirqs = c->irqs;
	f->restore = c->restore;
	f->drain_ns = c->drain_ns;
	f->counters = c->counters;
	f->done = c->done;
	f->trace = c->trace;
	for (uint32_t irq = 0; irq < c->irqs; irq++) {
		struct ferry_irq *i = &f->irqs[irq];

		i->number = irq;
		i->cur = i->old = i->requested = FERRY_SET_NONE;
	}
	f->masks.size = c->masks;
	f->masks.free = c->masks;
	for (uint32_t e = 0; e < c->masks; e++)
		f->masks.entries[e].next = e;
}

/* ---- creation --------------------------------------------------------------- */

int ferry_irq_place(struct ferry *f, struct ferry_irq *i, ferry_set set)
{
	struct ferry_want want = { .set = set, .exclude = FERRY_NONE };
	struct ferry_place place;
	int rc = f->backend->plan(f, i, &want, &place);

	if (rc == FERRY_OK) {
		i->cur = place.cpus;
		i->vector = place.vector;
		i->state = FERRY_SETTLED;
		ferry_kind_of(f, i)->setup(f, i);
	}
	return rc;
}

int ferry_irq_begin(struct ferry *f, struct ferry_irq *i, const uint64_t *mask)
{
	ferry_set set;
	int rc = ferry_set_make(f, mask, &set);

	if (rc != FERRY_OK)
		return rc;
	if (i->flags & FERRY_F_STOPPED)
		i->state = FERRY_DRAINED;
	else
		rc = ferry_irq_place(f, i, set);
	if (rc != FERRY_OK) {
		ferry_set_put(f, set);
		return rc;
	}
	i->requested = set;
	i->prefer = 0xffff;
	i->asked = i->generation = 0;
	ferry_note(f, FERRY_TRACE_CREATE, 0xffff, i, 0);
	return FERRY_OK;
}

/* ---- mask and disable -------------------------------------------------------- */

/* Change what the user wants and carry it out. */
static int change(struct ferry *f, uint32_t irq, uint32_t set, uint32_t clear)
{
	uintptr_t flags;
	struct ferry_irq *i = ferry_enter_number(f, irq, &flags);
	int rc = FERRY_E_STATE;

	if (!i)
		return FERRY_E_INVALID;
	if (i->state != FERRY_FREE && !ferry_irq_ending(i)) {
		if (FERRY_UNLIKELY(i->flags & clear & FERRY_F_SKIPPED))
			f->started(f, i);
		i->flags = (i->flags | set) & ~clear;
		if (!(i->flags & FERRY_F_DEAD))
			ferry_kind_of(f, i)->apply_mask(f, i);
		ferry_advance(f, i);
		rc = FERRY_OK;
	}
	ferry_leave(f, i, flags);
	return rc;
}

int ferry_irq_mask(struct ferry *f, uint32_t irq)
{
	return change(f, irq, FERRY_F_MASKED, 0);
}

int ferry_irq_unmask(struct ferry *f, uint32_t irq)
{
	return change(f, irq, 0, FERRY_F_MASKED);
}

int ferry_irq_enable(struct ferry *f, uint32_t irq)
{
	return change(f, irq, 0, FERRY_F_DISABLED | FERRY_F_SKIPPED);
}

struct runner_wait {
	struct ferry *f;
	struct ferry_irq *i;
};

static bool not_running(void *arg)
{
	struct runner_wait *w = arg;

	return ferry_host_load(w->f->ctx, &w->i->runner) == 0;
}

int ferry_irq_disable(struct ferry *f, uint32_t irq)
{
	int rc = change(f, irq, FERRY_F_DISABLED, 0);

	if (rc == FERRY_OK) {
		struct runner_wait w = { f, &f->irqs[irq] };

		ferry_host_wait(f->ctx, not_running, &w);
	}
	return rc;
}

/* ---- teardown ------------------------------------------------------------------ */

/* What was wanted of it is forgotten; tickets count as superseded. */
static void begin_death(struct ferry *f, struct ferry_irq *i)
{
	i->flags = (i->flags | FERRY_F_DEAD) & ~(uint32_t)FERRY_F_LATCHED;
	ferry_drop_queued(f, i);
	ferry_tell(f, i);
	ferry_note(f, FERRY_TRACE_DEAD, 0xffff, i, 0);
}

static int free_step(struct ferry *f, struct ferry_irq *i)
{
	enum ferry_owed owed;

	if (i->state == FERRY_SETTLED) {
		owed = ferry_kind_of(f, i)->silence(f, i);
		if (owed == FERRY_OWED_LATER)
			return FERRY_E_AGAIN;
		ferry_move_end(f, i, owed);
	}
	if (i->state == FERRY_MOVING) {
		if (!ferry_remaining(f, i))
			ferry_drain_begin(f, i);
		else if (!ferry_has_bound(f, i))
			return FERRY_E_NO_BOUND;
		else
			ferry_ask_settle(f, i);
	}
	return i->state == FERRY_DRAINED ? FERRY_OK : FERRY_E_AGAIN;
}

/* The number can be handed out again. I held. */
static void end_death(struct ferry *f, struct ferry_irq *i)
{
	ferry_set_put(f, i->requested);
	i->requested = FERRY_SET_NONE;
	i->state = FERRY_FREE;
	i->flags &= FERRY_F_POLICY;
	if (f->backend->ended)
		f->backend->ended(f, i);
	ferry_note(f, FERRY_TRACE_FREE, 0xffff, i, 0);
}

/* One more call of a way down that has begun. I held. */
int ferry_irq_down(struct ferry *f, struct ferry_irq *i, uint32_t how, uint64_t *wait_ns)
{
	int rc;

	i->flags |= how * (FERRY_F_QUIET / FERRY_FREE_QUIET);
	rc = free_step(f, i);
	ferry_say_wait(f, i, wait_ns);
	if (rc == FERRY_OK && ferry_host_load(f->ctx, &i->runner))
		rc = FERRY_E_AGAIN;
	return rc;
}

/* A step to the end of `i`, whatever it is. I held. */
static FERRY_NOINLINE int end_it(struct ferry *f, struct ferry_irq *i, uint32_t how,
				 uint64_t *wait_ns)
{
	int rc;

	if (i->flags & FERRY_F_MANAGED)
		return FERRY_E_MANAGED;
	if (i->state == FERRY_FREE)
		return FERRY_E_STATE;
	if (!(i->flags & FERRY_F_DEAD)) {
		begin_death(f, i);
		/* In the middle of a move too: nothing new from now on. */
		(void)ferry_kind_of(f, i)->silence(f, i);
	}
	i->flags &= ~(uint32_t)FERRY_F_STOPPED; /* it does not come back */
	rc = ferry_irq_down(f, i, how, wait_ns);
	if (rc == FERRY_OK)
		end_death(f, i);
	return rc;
}

int ferry_irq_free(struct ferry *f, uint32_t irq, uint32_t how, uint64_t *wait_ns)
{
	uintptr_t flags;
	struct ferry_irq *i = how & ~FERRY_FREE_QUIET ? NULL : ferry_enter_number(f, irq, &flags);
	int rc;

	if (!i)
		return FERRY_E_INVALID;
	rc = end_it(f, i, how, wait_ns);
	ferry_leave(f, i, flags);
	if (rc == FERRY_OK)
		ferry_irqset_put(f, &f->used, irq, false);
	return rc;
}
