/* SPDX-License-Identifier: MIT */
/*
 * mq_driver.c: the driver of a device with queues. What it is asked for and when is checked
 * here: callbacks of one set never overlap; quiesce and resume alternate, and so do prepare and its
 * end; a resumed queue has its interrupt.
 */
#include <string.h>
#include "mq_device.h"

/* ---- looking ---------------------------------------------------------------------------- */

static bool same(const struct storm *st, const uint64_t *a, const uint64_t *b)
{
	return !memcmp(a, b, st->words * sizeof(*a));
}

void mq_check_mask(struct mq_device *d, const struct mq_queue *q, const char *when)
{
	uint64_t requested[FERRY_CPUS_MAX / 64];
	struct machine *m = d->st->m;
	struct ferry_affinity a;
	struct ferry_class class;
	bool managed = d->spec->mode != STORM_INITIAL;

	/* What this CPU has given back is free. */
	cpu_flush(m, m->current);
	machine_look(m);
	(void)ferry_irq_affinity(m->ferry, m->source[q->src].irq, &a, requested, NULL, NULL);
	(void)ferry_irq_class(m->ferry, m->source[q->src].irq, &class);
	if (!machine_looked(m))
		return;
	if (managed && !same(d->st, requested, q->mask))
		violation(m, V_BROKEN, m->current, q->src, "%s it has another mask", when);
	if (class.managed != managed)
		violation(m, V_BROKEN, m->current, q->src, "%s it has changed its class", when);
}

static bool is_stopped(struct mq_device *d, const struct mq_queue *q)
{
	struct machine *m = d->st->m;
	struct ferry_class class = { .stopped = false };

	cpu_flush(m, m->current);
	machine_look(m);
	(void)ferry_irq_class(m->ferry, m->source[q->src].irq, &class);
	return machine_looked(m) && class.stopped;
}

void mq_check_awake(struct mq_device *d)
{
	struct storm *st = d->st;
	uint32_t i, cpu;

	for (i = 0; i < d->spec->queues; i++) {
		const struct mq_queue *q = &d->queue[i];

		/* What a pool has not promised may be taken. */
		if (!storm_mq_sleeps(st, q->src) || d->spec->pool || d->restarting)
			continue;
		for (cpu = 0; cpu < st->spec->cpus; cpu++)
			if (mq_has(q->mask, cpu) && st->staying[cpu] && d->served[cpu])
				violation(st->m, V_BROKEN, cpu, q->src,
					  "it sleeps, though this CPU is there: %d",
					  d->states[i].reason);
	}
}

/* ---- callbacks -------------------------------------------------------------------------- */

static struct mq_queue *begin(struct mq_device *d, uint32_t queue, const char *what)
{
	struct machine *m = d->st->m;

	if (d->inside)
		violation(m, V_BROKEN, m->current, d->first + queue, "%s() inside another callback",
			  what);
	if (!m->cpu[m->current].iff || m->cpu[m->current].locks || m->cpu[m->current].depth)
		violation(m, V_BROKEN, m->current, d->first + queue, "%s() not in a thread", what);
	d->inside = true;
	if (!mq_pick(d->st, 4))
		storm_nap(d->st, 300);
	return &d->queue[queue];
}

static void end(struct mq_device *d)
{
	if (!mq_pick(d->st, 8))
		storm_nap(d->st, 300);
	d->inside = false;
}

static void expect(struct mq_device *d, const struct mq_queue *q, bool holds, const char *what)
{
	if (!holds)
		violation(d->st->m, V_BROKEN, d->st->m->current, q->src, "%s", what);
}

void mq_cancel(struct mq_device *d, bool sure)
{
	struct mq_attempt *a = &d->attempt;

	if (a->active && !a->canceled) {
		a->canceled = true;
		a->canceled_in = a->phase;
		a->sure = sure && a->phase != STORM_PHASE_LATE;
	}
	ferry_mq_cancel(&d->set);
}

/* It is drawn that in this phase somebody cancels: this thread, or another one. */
static void maybe_cancel(struct mq_device *d, enum storm_phase phase)
{
	struct mq_attempt *a = &d->attempt;

	if (!a->active)
		return;
	a->phase = (uint8_t)phase;
	if (a->cancel_in != phase || mq_pick(d->st, 2))
		return;
	if (mq_pick(d->st, 4))
		mq_cancel(d, true);
	else
		storm_queue(d->st, storm_some_cpu(d->st), OP_CANCEL, d->index, 0);
}

struct drained {
	const struct mq_device *d;
	const struct mq_queue *q;
};

static bool is_drained(void *arg)
{
	const struct drained *w = arg;
	const struct storm *st = w->d->st;
	const struct source *s = &st->m->source[w->q->src];

	if (mq_in_flight(w->d, w->q))
		return false;
	/* Without a bound nobody but the device knows that nothing is under way. */
	return !(w->d->set.stop_flags & FERRY_FREE_QUIET) || (!s->flights && !s->in_irr);
}

static int veto(struct mq_device *d, uint32_t queue)
{
	int rc = -1 - (int)mq_pick(d->st, 100);

	if (d->attempt.active) {
		d->attempt.veto = rc;
		d->attempt.vetoer = queue;
	}
	return rc;
}

static int quiesce(void *driver, uint32_t queue)
{
	struct mq_device *d = driver;
	struct mq_queue *q = begin(d, queue, "quiesce");
	struct drained w = { d, q };
	int rc = 0;

	expect(d, q, q->open, "quiesce() of a queue that is quiesced");
	q->open = false;
	d->changes++;
	if (!d->st->finishing && !mq_pick(d->st, 256)) {
		rc = veto(d, queue);
	} else if (!ferry_host_wait_ns(d->st->m, is_drained, &w, MQ_PATIENCE_NS)) {
		violation(d->st->m, V_LOST, d->st->m->current, q->src,
			  "%u requests do not end, %u of them completed", mq_in_flight(d, q),
			  q->cq_tail - q->cq_head);
		rc = veto(d, queue);
	}
	q->open = rc != 0;
	d->changes += q->open;
	if (!rc)
		maybe_cancel(d, STORM_PHASE_QUIESCE);
	end(d);
	return rc;
}

static void resume(void *driver, uint32_t queue)
{
	struct mq_device *d = driver;
	struct mq_queue *q = begin(d, queue, "resume");

	expect(d, q, !q->open, "resume() of a queue that is not quiesced");
	expect(d, q, !mq_in_flight(d, q), "resume() of a queue with requests in flight");
	expect(d, q, !is_stopped(d, q), "resume() of a queue whose interrupt is stopped");
	if (d->attempt.active && d->attempt.committed && d->attempt.cancel_in == STORM_PHASE_LATE)
		mq_cancel(d, true);
	q->open = true;
	d->changes++;
	end(d);
}

static int prepare(void *driver, uint32_t queue, const uint64_t *mask)
{
	struct mq_device *d = driver;
	struct mq_queue *q = begin(d, queue, "prepare");
	struct mq_attempt *mine = d->st->mq->trying[d->st->m->current];
	int rc = 0;

	if (!mine) {
		expect(d, q, false, "prepare(), but nobody asked for an override here");
	} else {
		if (!d->attempt.active) {
			d->attempt = *mine;
			d->attempt.active = true;
		}
		expect(d, q, mine->masks[queue] && same(d->st, mask, mine->masks[queue]),
		       "prepare() for a mask that nobody asked for");
	}
	expect(d, q, !q->prepared, "prepare() twice");
	memcpy(q->next, mask, d->st->words * sizeof(*mask));
	if (d->attempt.may_veto && !mq_pick(d->st, 3))
		rc = veto(d, queue);
	q->prepared = !rc;
	if (!rc)
		maybe_cancel(d, STORM_PHASE_PREPARE);
	end(d);
	return rc;
}

static void give_up(void *driver, uint32_t queue)
{
	struct mq_device *d = driver;
	struct mq_queue *q = begin(d, queue, "abort");

	expect(d, q, q->prepared, "abort() without a prepare() that went well");
	q->prepared = false;
	mq_check_mask(d, q, "at abort()");
	end(d);
}

static void commit(void *driver, uint32_t queue)
{
	struct mq_device *d = driver;
	struct mq_queue *q = begin(d, queue, "commit");

	expect(d, q, q->prepared, "commit() without a prepare() that went well");
	expect(d, q, !q->open, "commit() of a queue that takes requests");
	q->prepared = false;
	memcpy(q->mask, q->next, d->st->words * sizeof(*q->mask));
	mq_check_mask(d, q, "at commit()");
	d->attempt.committed++;
	maybe_cancel(d, STORM_PHASE_LATE);
	end(d);
}

const struct ferry_mq_ops mq_ops = { quiesce, resume, prepare, give_up, commit };
const struct ferry_mq_ops mq_read_only_ops = { quiesce, resume, NULL, NULL, NULL };

/* ---- requests --------------------------------------------------------------------------- */

/* The CPU's own queue: found anew after one has opened or closed. */
static uint32_t queue_for(struct mq_device *d, uint32_t cpu)
{
	uint32_t changes = d->changes;

	if (d->made[cpu] != changes) {
		d->map[cpu] = ferry_mq_queue_for(&d->set, cpu);
		d->made[cpu] = changes;
	}
	return d->map[cpu];
}

void mq_submit(struct mq_device *d, uint32_t cpu, uint32_t requests)
{
	struct storm *st = d->st;
	uint32_t queue = queue_for(d, cpu);

	while (requests && queue != FERRY_NONE && mq_enter_ring(d, queue)) {
		requests--;
		st->mq->waiting--;
	}
	if (queue != FERRY_NONE)
		mq_ring(d, queue);
	if (!requests)
		return;
	mq_report(st)->retried++;
	machine_at(st->m, st->m->now + 500 + mq_pick(st, 2000),
		   label_of(L_OP, d->index << 8 | requests, MQ_AGAIN));
}
