/* SPDX-License-Identifier: MIT */
/* mq_override.c: masks of queues are overridden under load, by anyone, and refused. */
#include <stdlib.h>
#include <string.h>
#include "mq_device.h"

struct wish {
	uint64_t *bits;         /* a mask for each queue */
	const uint64_t **masks; /* what is asked for; null: the queue keeps its own */
	bool empty;             /* one of them is */
};

static uint64_t *bits_of(struct mq_device *d, struct wish *w, uint32_t queue)
{
	return &w->bits[(size_t)queue * d->st->words];
}

static bool make_wish(struct mq_device *d, struct wish *w)
{
	uint32_t n = d->spec->queues;

	*w = (struct wish){ calloc((size_t)n * d->st->words, sizeof(uint64_t)),
			    calloc(n, sizeof(uint64_t *)), false };
	if (w->bits && w->masks)
		return true;
	storm_fail(d->st, FERRY_E_MEMORY, "out of memory");
	return false;
}

/* The masks may go when the call has returned: nobody may look at them later. */
static void drop_wish(struct mq_device *d, struct wish *w)
{
	if (w->bits)
		memset(w->bits, 0xa5, (size_t)d->spec->queues * d->st->words * sizeof(*w->bits));
	free(w->bits);
	free(w->masks);
}

/* ---- which masks ------------------------------------------------------------------------ */

/* A CPU that is there, or one that is not. */
static uint32_t some_cpu(struct storm *st, bool offline)
{
	uint32_t cpus = st->spec->cpus, cpu = (uint32_t)mq_pick(st, cpus), i;

	for (i = 0; i < cpus; i++, cpu = (cpu + 1) % cpus)
		if (st->staying[cpu] != offline)
			return cpu;
	return cpu;
}

static void draw_mask(struct storm *st, uint64_t *mask)
{
	uint64_t kind = mq_pick(st, 8);
	uint32_t n = kind < 5 ? 1 : 2 + (uint32_t)mq_pick(st, 3), cpu;

	memset(mask, 0, st->words * sizeof(*mask));
	while (n--) {
		cpu = some_cpu(st, kind == 0 || kind == 7);
		mask[cpu / 64] |= 1ull << (cpu % 64);
	}
}

static void ask_for(struct mq_device *d, struct wish *w, uint32_t queue, const uint64_t *mask)
{
	uint64_t *bits = bits_of(d, w, queue);

	if (mask)
		memcpy(bits, mask, d->st->words * sizeof(*bits));
	else
		draw_mask(d->st, bits);
	w->masks[queue] = bits;
}

/* One queue; some; all of them in turn; all as they began; the same again; none at all. */
static void draw_wish(struct mq_device *d, struct wish *w)
{
	uint32_t n = d->spec->queues, one = (uint32_t)mq_pick(d->st, n), i;
	const uint64_t *first =
		&d->st->mq->masks[(size_t)(d->first - d->st->ordinary) * d->st->words];
	uint64_t kind = mq_pick(d->st, 16);

	if (kind < 7)
		ask_for(d, w, one, NULL);
	for (i = 0; i < n; i++) {
		if (kind == 7 || kind == 8 || (kind == 9 && mq_pick(d->st, 2)))
			ask_for(d, w, i, NULL);
		else if (kind == 10)
			ask_for(d, w, i, d->queue[(i + 1) % n].mask);
		else if (kind >= 11 && kind < 14)
			ask_for(d, w, i, first + (size_t)i * d->st->words);
		else if (kind == 14)
			ask_for(d, w, i, d->queue[i].mask);
	}
	if (mq_pick(d->st, 200) || kind == 15)
		return;
	w->empty = true;
	ask_for(d, w, one, NULL);
	memset(bits_of(d, w, one), 0, d->st->words * sizeof(uint64_t));
}

/* ---- how it ended ----------------------------------------------------------------------- */

static void wrong(struct mq_device *d, int rc, const char *what)
{
	violation(d->st->m, V_BROKEN, d->st->m->current, d->first, "an override returned %d%s", rc,
		  what);
}

static void count_end(struct mq_device *d, const struct mq_attempt *a, int rc, bool empty)
{
	struct storm_managed *r = mq_report(d->st);

	if (rc == FERRY_OK)
		r->done++;
	else if (rc == FERRY_E_VETO)
		r->vetoed++;
	else if (rc == FERRY_E_CANCELED)
		r->canceled[a->canceled ? a->canceled_in : STORM_PHASE_NONE]++;
	else if (rc == FERRY_E_NO_SPACE || rc == FERRY_E_NO_MASK)
		r->no_space++;
	else if (rc == FERRY_E_NO_CPU && empty)
		r->no_cpu++;
	else if (rc == FERRY_E_BUSY)
		r->busy++;
	else if (rc == FERRY_E_MANAGED)
		r->read_only++;
	else if (rc == FERRY_E_UNREACHABLE)
		r->failed++;
	else if (rc != FERRY_E_STATE || !d->restarting)
		wrong(d, rc, "");
	r->moved += a->committed;
}

static bool sleeps(const struct mq_device *d)
{
	bool any = false;
	uint32_t i;

	for (i = 0; i < d->spec->queues; i++)
		any = any || storm_mq_sleeps(d->st, d->first + i);
	return any;
}

/* As before, or as was asked for: commit() has told which. Nobody else has come to the set before
 * this thread's next call of the host's. */
static void check_end(struct mq_device *d, const struct mq_attempt *a, int rc)
{
	uint32_t i;

	if (a->sure && rc == FERRY_OK)
		wrong(d, rc, ", though it was canceled in time");
	if (rc == FERRY_E_VETO &&
	    (!a->veto || d->set.veto != a->veto || d->set.culprit != a->vetoer))
		wrong(d, rc, ": not who vetoed, or not what he said");
	if (rc == FERRY_OK && a->veto)
		wrong(d, rc, ", though it was vetoed");
	if (rc != FERRY_OK && a->committed)
		wrong(d, rc, ", and some queues were committed");
	for (i = 0; i < d->spec->queues; i++) {
		if (d->queue[i].prepared)
			violation(d->st->m, V_BROKEN, d->st->m->current, d->queue[i].src,
				  "neither commit() nor abort() after prepare()");
		mq_check_mask(d, &d->queue[i], "after an override");
	}
	mq_check_awake(d);
	mq_report(d->st)->offline += rc == FERRY_OK && a->committed && sleeps(d);
}

/* The call that let go of the set has just returned. */
static void ended(struct mq_device *d, int rc, bool empty)
{
	struct mq_attempt a = d->attempt;

	d->attempt = (struct mq_attempt){ .active = false };
	count_end(d, &a, rc, empty);
	check_end(d, &a, rc);
}

/* ---- going on --------------------------------------------------------------------------- */

void mq_go_on(struct mq_device *d)
{
	struct storm *st = d->st;
	uint64_t wait = 0;
	int rc;

	for (;;) {
		if (d->attempt.active && !d->attempt.canceled &&
		    d->attempt.cancel_in == d->attempt.phase)
			mq_cancel(d, true);
		rc = ferry_mq_step(&d->set, &wait);
		if (rc != FERRY_E_AGAIN)
			break;
		if (d->attempt.active && st->m->now > d->attempt.deadline) {
			wrong(d, rc, " for too long");
			return;
		}
		if (!st->finishing && !mq_pick(st, 8)) {
			storm_queue(st, storm_some_cpu(st), OP_OVERRIDE_STEP, d->index, 0);
			return;
		}
		storm_nap(st, wait > 50 && wait < 20000 ? wait : 300);
	}
	ended(d, rc, false);
}

/* ---- asking ----------------------------------------------------------------------------- */

static uint8_t draw_phase(struct storm *st)
{
	static const uint8_t phases[] = { STORM_PHASE_PREPARE, STORM_PHASE_QUIESCE,
					  STORM_PHASE_QUIET,   STORM_PHASE_STOP,
					  STORM_PHASE_STOP,    STORM_PHASE_LATE };

	return mq_pick(st, 4) ? STORM_PHASE_NONE : phases[mq_pick(st, sizeof(phases))];
}

/* Returns what the call did: what goes on with it is another's. */
static int try(struct mq_device *d, struct mq_attempt *mine)
{
	uint32_t cpu = d->st->m->current;
	int rc;

	d->st->mq->trying[cpu] = mine;
	mq_report(d->st)->overrides++;
	rc = ferry_mq_override(&d->set, mine->masks);
	d->st->mq->trying[cpu] = NULL;
	if (rc == FERRY_OK && d->attempt.active)
		d->attempt.phase = STORM_PHASE_QUIET;
	return rc;
}

static bool is_ours(int rc)
{
	return rc != FERRY_E_BUSY && rc != FERRY_E_MANAGED && rc != FERRY_E_STATE &&
	       rc != FERRY_E_INVALID;
}

/* Refused at the door: whatever goes on there is somebody else's. */
static void turned_away(struct mq_device *d, int rc)
{
	struct mq_attempt none = { .active = false };

	count_end(d, &none, rc, false);
	if (rc == FERRY_E_MANAGED && d->spec->mode == STORM_MANAGED && !d->closed)
		wrong(d, rc, ", though it is allowed");
}

/* The administrator's knob, which several may turn at a time. */
static void close_it(struct mq_device *d)
{
	d->closed++;
	ferry_mq_allow(&d->set, false);
}

static void open_it(struct mq_device *d)
{
	ferry_mq_allow(&d->set, true);
	cpu_flush(d->st->m, d->st->m->current);
	d->closed--;
}

/* Others may neither move a managed interrupt nor free it. */
static void lay_hands_on(struct mq_device *d)
{
	struct storm *st = d->st;
	uint32_t src = d->first + (uint32_t)mq_pick(st, d->spec->queues);
	uint32_t irq = st->m->source[src].irq, ticket;
	uint64_t mask[FERRY_CPUS_MAX / 64];
	int moved, freed;

	if (d->spec->mode == STORM_INITIAL || d->restarting)
		return;
	draw_mask(st, mask);
	moved = ferry_irq_set_affinity(st->m->ferry, irq, mask, FERRY_NONE, &ticket);
	/* Meanwhile the set may have ended. */
	if (d->restarting || moved == FERRY_E_NO_MASK)
		return;
	if (moved != FERRY_E_MANAGED)
		wrong(d, moved, ": set_affinity of a managed interrupt");
	freed = mq_pick(st, 4) || d->restarting ? FERRY_E_MANAGED :
						  ferry_irq_free(st->m->ferry, irq, 0, NULL);
	if (freed != FERRY_E_MANAGED)
		wrong(d, freed, ": free of a managed interrupt");
}

void mq_override(struct storm *st, uint32_t device)
{
	struct mq_device *d = &st->mq->device[device];
	bool closed = d->spec->mode == STORM_MANAGED && !mq_pick(st, 40);
	struct wish w;
	struct mq_attempt mine = { .cancel_in = draw_phase(st),
				   .may_veto = !mq_pick(st, 6),
				   .deadline = st->m->now + 4 * MQ_PATIENCE_NS };
	int rc;

	if (!st->mq->started || !make_wish(d, &w))
		return;
	if (!mq_pick(st, 16))
		lay_hands_on(d);
	draw_wish(d, &w);
	mine.masks = w.masks;
	if (closed)
		close_it(d);
	rc = try(d, &mine);
	if (rc != FERRY_OK && is_ours(rc))
		ended(d, rc, w.empty);
	else if (rc != FERRY_OK)
		turned_away(d, rc);
	drop_wish(d, &w);
	if (closed)
		open_it(d);
	if (rc == FERRY_OK)
		mq_go_on(d);
}

/* ---- refusals, with nothing else going on ----------------------------------------------- */

static uint32_t sleeping(const struct mq_device *d)
{
	uint32_t n = 0, i;

	for (i = 0; i < d->spec->queues; i++)
		n += storm_mq_sleeps(d->st, d->first + i);
	return n;
}

static void compare(struct mq_device *d, const struct ferry_capacity *before, uint32_t slept,
		    const char *what)
{
	uint32_t woke = slept - sleeping(d), i; /* modulo 2^32 */
	struct ferry_capacity after;
	bool same;

	ferry_capacity(d->st->m->ferry, &after);
	same = after.waiting == before->waiting &&
	       after.free + after.promised + woke == before->free + before->promised;
	/* Started anew, one of a pool may be on another CPU, and the pool's place here is kept; or
	 * it sleeps, where somebody who starved has had the place that it had. */
	if (!d->spec->pool)
		same = same && !woke && after.free == before->free;
	if (!same)
		violation(d->st->m, V_BROKEN, d->st->m->current, d->first,
			  "%s changed the room: free %u, was %u; promised %u, was %u", what,
			  after.free, before->free, after.promised, before->promised);
	for (i = 0; i < d->spec->queues; i++)
		mq_check_mask(d, &d->queue[i], what);
}

enum refusal { CLOSED, VETOED, CANCELED_THERE, CANCELED_LATER, EMPTY, REFUSALS };

static void refuse(struct mq_device *d, enum refusal how, const uint64_t *const *masks)
{
	struct mq_attempt mine = { .masks = masks,
				   .deadline = d->st->m->now + MQ_PATIENCE_NS,
				   .cancel_in = how == CANCELED_THERE ? STORM_PHASE_PREPARE :
						how == CANCELED_LATER ? STORM_PHASE_STOP :
									STORM_PHASE_NONE,
				   .may_veto = how == VETOED };
	int rc;

	if (how == CLOSED)
		close_it(d);
	rc = try(d, &mine);
	if (rc != FERRY_OK && is_ours(rc))
		ended(d, rc, how == EMPTY);
	else if (rc != FERRY_OK)
		turned_away(d, rc);
	else
		mq_go_on(d);
	if (how == CLOSED)
		open_it(d);
	if ((how == CLOSED && rc != FERRY_E_MANAGED) || (how == EMPTY && rc != FERRY_E_NO_CPU))
		wrong(d, rc, ", and should have been refused");
}

static void refuse_each(struct mq_device *d)
{
	static const char *const names[REFUSALS] = { "an override that is not allowed",
						     "one with a veto", "one that is canceled",
						     "one canceled after the stop",
						     "an empty mask" };
	struct ferry_capacity before;
	struct wish w;
	uint32_t how, slept, i;
	uint64_t done;

	for (how = 0; how < REFUSALS && make_wish(d, &w); how++) {
		for (i = 0; i < d->spec->queues; i++)
			ask_for(d, &w, i,
				how == VETOED ? NULL : d->queue[(i + 1) % d->spec->queues].mask);
		if (how == EMPTY)
			memset(bits_of(d, &w, 0), 0, d->st->words * sizeof(uint64_t));
		done = mq_report(d->st)->done;
		slept = sleeping(d);
		ferry_capacity(d->st->m->ferry, &before);
		refuse(d, (enum refusal)how, w.masks);
		drop_wish(d, &w);
		/* Not each is refused: whether somebody vetoes or cancels is drawn. */
		if (mq_report(d->st)->done == done)
			compare(d, &before, slept, names[how]);
	}
}

/* ---- promises --------------------------------------------------------------------------- */

/* On one CPU: does the queue have a promise there, and does it live there? */
static void look(struct mq_device *d, uint32_t queue, uint32_t cpu, uint32_t *has, uint32_t *lives)
{
	uint64_t effective[FERRY_CPUS_MAX / 64];
	const struct mq_queue *q = &d->queue[queue];
	struct ferry_affinity a;

	(void)ferry_irq_affinity(d->st->m->ferry, d->st->m->source[q->src].irq, &a, NULL, effective,
				 NULL);
	*has += mq_has(q->mask, cpu);
	*lives += mq_has(effective, cpu);
}

/* Promised there, and not used: one for each queue, or for all of a pool; *slack more where of a
 * pool one lives there that had come second, to a place of its own. */
static uint32_t expected_on(struct mq_device *d, uint32_t cpu, uint32_t *slack)
{
	uint32_t has = 0, lives = 0, i;

	for (i = 0; i < d->spec->queues; i++)
		look(d, i, cpu, &has, &lives);
	*slack += d->spec->pool && has && lives;
	return d->spec->pool ? has && !lives : has - lives;
}

/* With nothing else going on: promised is what the masks say, no more and no less. */
static void check_promised(struct storm *st)
{
	struct ferry_capacity c;
	uint32_t expected = 0, slack = 0, i, cpu;

	machine_look(st->m);
	ferry_capacity(st->m->ferry, &c);
	for (i = 0; i < st->spec->nmqs; i++)
		for (cpu = 0; cpu < st->spec->cpus && st->spec->mqs[i].mode != STORM_INITIAL; cpu++)
			expected += expected_on(&st->mq->device[i], cpu, &slack);
	/* A GIC has room for all. */
	if (machine_looked(st->m) && !st->spec->gic && c.promised - expected > slack)
		violation(st->m, V_BROKEN, NONE, NONE, "%u places are promised, masks say %u",
			  c.promised, expected);
}

void storm_mq_refusals(struct storm *st)
{
	uint32_t i;

	if (st->mq)
		check_promised(st);
	for (i = 0; st->mq && i < st->spec->nmqs; i++)
		if (st->spec->mqs[i].mode == STORM_MANAGED)
			refuse_each(&st->mq->device[i]);
	if (st->mq)
		check_promised(st);
}
