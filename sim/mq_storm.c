/* SPDX-License-Identifier: MIT */
/*
 * mq_storm.c: devices with queues in a storm: built, begun, torn down; CPUs leave them and come;
 * and what must be true at the end.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "mq_device.h"

/* ---- the specification ------------------------------------------------------------------ */

static const char *check_mq(const struct storm_spec *spec, const struct storm_mq *d)
{
	bool edge = spec->gic ? d->kind == FERRY_GIC_LPI || d->kind == FERRY_GIC_EDGE :
				d->kind == FERRY_X86_MSIX || d->kind == FERRY_X86_REMAPPED;

	if (!edge)
		return "a device with queues of a kind that can't be managed";
	if (d->kind == FERRY_GIC_LPI && spec->gic && !spec->its)
		return "an LPI, but no ITS";
	if (!d->queues || d->queues > 4096 || !d->depth || d->depth > STORM_DEPTH_MAX)
		return "queues or their depth outside 1 .. 4096";
	if (d->mode > STORM_INITIAL || !d->service_ns || d->service_ns > 1000000)
		return "an unknown mode of a device with queues, or a time outside 1 ns .. 1 ms";
	if (d->pool && (spec->gic || d->mode == STORM_INITIAL))
		return "only managed interrupts on x86 share promises";
	return NULL;
}

const char *storm_mq_check(const struct storm_spec *spec)
{
	uint64_t queues = 0;
	const char *why = NULL;
	uint32_t i;

	if (spec->nmqs && !spec->mqs)
		return "devices with queues that are missing";
	for (i = 0; !why && i < spec->nmqs; i++) {
		why = check_mq(spec, &spec->mqs[i]);
		queues += spec->mqs[i].queues;
	}
	if (!why && spec->nirqs + queues > FERRY_IRQS_MAX)
		return "more interrupts than there can be";
	if (!why && !spec->nmqs && (spec->requests || spec->overrides))
		return "requests or overrides, but no devices with queues";
	return why;
}

static uint32_t count_queues(const struct storm_spec *spec)
{
	uint32_t n = 0, i;

	for (i = 0; i < spec->nmqs; i++)
		n += spec->mqs[i].queues;
	return n;
}

static void name_queues(const struct storm_spec *spec, struct storm_irq *irqs)
{
	uint32_t n = spec->nirqs, i, q;

	for (i = 0; i < spec->nmqs; i++)
		for (q = 0; q < spec->mqs[i].queues; q++, n++) {
			const struct storm_mq *d = &spec->mqs[i];

			snprintf(irqs[n].name, sizeof(irqs[n].name), "%.20s-%u", d->name, q);
			irqs[n].kind = d->kind;
			irqs[n].flags = d->flags |
					(spec->gic ? FERRY_GIC_STOPPED : FERRY_SOURCE_STOPPED);
			irqs[n].period_ns = 1;
			irqs[n].device = spec->devices + i;
			irqs[n].ext_irq = n;
		}
}

static bool build_queue(struct mq_device *d, uint32_t n)
{
	struct mq_queue *q = &d->queue[n];
	uint32_t depth = d->spec->depth, words = d->st->words;

	q->src = d->first + n;
	q->sq = calloc(depth, 3 * sizeof(*q->sq) + 1);
	q->mask = calloc(words, 2 * sizeof(*q->mask));
	if (!q->sq || !q->mask)
		return false;
	q->cq = q->sq + depth;
	q->unused = q->cq + depth;
	q->at = (uint8_t *)(q->unused + depth);
	q->next = q->mask + words;
	for (q->nunused = 0; q->nunused < depth; q->nunused++)
		q->unused[q->nunused] = (uint16_t)q->nunused;
	return true;
}

static bool build_device(struct storm *st, uint32_t index, uint32_t first)
{
	struct mq_device *d = &st->mq->device[index];
	uint32_t i;

	*d = (struct mq_device){ .st = st, .spec = &st->spec->mqs[index], .index = index };
	d->first = first;
	d->changes = 1;
	d->queue = calloc(d->spec->queues, sizeof(*d->queue));
	d->states = calloc(d->spec->queues, sizeof(*d->states));
	d->map = calloc(st->spec->cpus, 2 * sizeof(*d->map));
	d->served = calloc(st->spec->cpus, sizeof(*d->served));
	if (!d->queue || !d->states || !d->map || !d->served)
		return false;
	d->made = d->map + st->spec->cpus;
	for (i = 0; i < d->spec->queues; i++)
		if (!build_queue(d, i))
			return false;
	return true;
}

/* Two nodes, cores of two threads. */
static bool build_topology(struct storm *st)
{
	uint32_t cpus = st->spec->cpus, i;
	struct ferry_topology_cpu *ids = calloc(cpus, sizeof(*ids));
	size_t size = ferry_topology_size(cpus);
	int rc = FERRY_E_MEMORY;

	st->mq->memory = malloc(size);
	for (i = 0; ids && i < cpus; i++)
		ids[i] = (struct ferry_topology_cpu){ i * 2 / cpus, FERRY_NONE, i / 2 };
	if (ids && st->mq->memory)
		rc = ferry_topology_init(ids, cpus, st->mq->memory, size, &st->mq->topology);
	free(ids);
	return rc == FERRY_OK;
}

static bool build(struct storm *st, const struct storm_spec *spec, uint32_t queues)
{
	struct mq_part *p = st->mq;
	uint32_t i, first = spec->nirqs;

	p->irqs = calloc(spec->nirqs + queues, sizeof(*p->irqs));
	p->device = calloc(spec->nmqs, sizeof(*p->device));
	p->trying = calloc(spec->cpus, sizeof(struct mq_attempt *));
	p->masks = calloc((size_t)queues * st->words, sizeof(*p->masks));
	if (!p->irqs || !p->device || !p->trying || !p->masks || !build_topology(st))
		return false;
	for (i = 0; i < spec->nmqs; i++, first += spec->mqs[i - 1].queues)
		if (!build_device(st, i, first))
			return false;
	return true;
}

bool storm_mq_expand(struct storm *st, const struct storm_spec *spec, struct storm_spec *full)
{
	uint32_t queues = count_queues(spec);

	*full = *spec;
	st->spec = full;
	st->ordinary = spec->nirqs;
	st->words = (spec->cpus + 63) / 64;
	if (!spec->nmqs)
		return true;
	st->mq = calloc(1, sizeof(*st->mq));
	if (!st->mq || !build(st, spec, queues)) {
		storm_fail(st, FERRY_E_MEMORY, "out of memory");
		return false;
	}
	if (spec->nirqs)
		memcpy(st->mq->irqs, spec->irqs, spec->nirqs * sizeof(*spec->irqs));
	name_queues(spec, st->mq->irqs);
	full->irqs = st->mq->irqs;
	full->nirqs += queues;
	full->devices += spec->nmqs;
	return true;
}

void storm_mq_free(struct storm *st)
{
	struct mq_part *p = st->mq;
	uint32_t i, q;

	if (!p)
		return;
	for (i = 0; p->device && i < st->spec->nmqs; i++) {
		struct mq_device *d = &p->device[i];

		for (q = 0; d->queue && q < d->spec->queues; q++) {
			free(d->queue[q].sq);
			free(d->queue[q].mask);
		}
		free(d->queue);
		free(d->states);
		free(d->map);
		free(d->served);
	}
	free(p->device);
	free(p->irqs);
	free(p->trying);
	free(p->masks);
	free(p->memory);
	free(p->plan_memory);
	free(p);
}

/* ---- which queue ------------------------------------------------------------------------ */

struct mq_queue *mq_queue_of(struct storm *st, uint32_t src, struct mq_device **device)
{
	uint32_t i;

	if (!st->mq || src < st->ordinary)
		return NULL;
	for (i = 0; i < st->spec->nmqs; i++) {
		struct mq_device *d = &st->mq->device[i];

		if (src - d->first < d->spec->queues) {
			*device = d;
			return &d->queue[src - d->first];
		}
	}
	return NULL;
}

bool storm_mq_sleeps(const struct storm *st, uint32_t src)
{
	return st->m->source[src].stopping;
}

uint32_t storm_mq_source(struct storm *st)
{
	uint32_t n = st->spec->nirqs - st->ordinary;

	return n && st->mq->started ? st->ordinary + (uint32_t)mq_pick(st, n) : NONE;
}

uint32_t storm_mq_movable(struct storm *st)
{
	uint32_t src = storm_mq_source(st);
	struct mq_device *d;

	if (src == NONE || !mq_queue_of(st, src, &d) || d->spec->mode != STORM_INITIAL)
		return NONE;
	return d->restarting || storm_mq_sleeps(st, src) ? NONE : src;
}

/* ---- begin, end, begin again ------------------------------------------------------------ */

static void aim(struct mq_device *d, uint64_t *first, const uint64_t **masks)
{
	uint32_t words = d->st->words, i;

	for (i = 0; i < d->spec->queues; i++) {
		masks[i] = first + (size_t)i * words;
		memcpy(d->queue[i].mask, masks[i], words * sizeof(*first));
	}
}

/* Spread over all CPUs, whether they are there or not; more queues than CPUs share some. */
static void spread(struct mq_device *d, uint64_t *first)
{
	struct storm *st = d->st;
	uint32_t cpus = st->spec->cpus, n = d->spec->queues, words = st->words, i;
	struct ferry_spread_result result;
	int rc;

	rc = ferry_spread(st->mq->topology, NULL, n, first, &result);
	if (rc != FERRY_OK)
		storm_fail(st, rc, "queues can't be spread");
	for (i = cpus; i < n; i++)
		memcpy(first + (size_t)i * words, first + (size_t)(i % cpus) * words,
		       words * sizeof(*first));
}

/* The set's masks are what the driver believes from now on. */
static int begin(struct mq_device *d, uint64_t *first)
{
	const uint64_t **masks = calloc(d->spec->queues, sizeof(uint64_t *));
	uint64_t deadline = d->st->m->now + MQ_PATIENCE_NS, wait = 0;
	uint32_t asleep = 0;
	int rc = FERRY_E_MEMORY;

	if (!masks)
		return rc;
	aim(d, first, masks);
	for (;;) {
		rc = ferry_mq_start(&d->set, masks, &asleep, &wait);
		if (rc == FERRY_OK ||
		    (rc != FERRY_E_AGAIN && rc != FERRY_E_BUSY && rc != FERRY_E_NO_SPACE) ||
		    d->st->m->now > deadline || (rc == FERRY_E_NO_SPACE && !d->st->mq->started))
			break;
		storm_hand_over(d->st);
		storm_nap(d->st, wait > 50 && wait < 20000 ? wait : 1000);
	}
	free(masks);
	return rc;
}

static void describe(struct mq_device *d)
{
	struct storm *st = d->st;
	uint32_t i;

	d->set = (struct ferry_mq){
		.f = st->m->ferry,
		.ctx = st->m,
		.ops = d->spec->mode == STORM_MANAGED ? &mq_ops : &mq_read_only_ops,
		.driver = d,
		.queues = d->states,
		.nqueues = d->spec->queues,
		.cpus = st->spec->cpus,
		.mode = d->spec->mode == STORM_INITIAL ? FERRY_MQ_INITIAL : FERRY_MQ_MANAGED,
		.stop_flags = st->spec->drain_ns ? 0 : FERRY_FREE_QUIET,
		.pool = d->spec->pool ? (uint16_t)(1 + d->index) : 0,
	};
	for (i = 0; i < d->spec->queues; i++)
		d->states[i].irq = st->m->source[d->first + i].irq;
	ferry_mq_allow(&d->set, true);
}

void storm_mq_start(struct storm *st)
{
	uint32_t i;
	int rc;

	for (i = 0; st->mq && i < st->spec->nmqs && !st->status; i++) {
		struct mq_device *d = &st->mq->device[i];
		uint64_t *first = &st->mq->masks[(size_t)(d->first - st->ordinary) * st->words];

		describe(d);
		spread(d, first);
		rc = begin(d, first);
		if (rc != FERRY_OK)
			storm_fail(st, rc, "device %.20s can't begin: %s", d->spec->name,
				   ferry_status_text(rc));
	}
	if (st->mq)
		st->mq->started = true;
}

/* False: it goes on. */
static bool end(struct mq_device *d)
{
	uint64_t deadline = d->st->m->now + MQ_PATIENCE_NS, wait = 0;
	uint32_t tries = 0;
	int rc;

	while ((rc = ferry_mq_end(&d->set, &wait)) != FERRY_OK) {
		if (rc == FERRY_E_VETO || (rc == FERRY_E_BUSY && tries++ > 8))
			return false;
		if ((rc != FERRY_E_AGAIN && rc != FERRY_E_BUSY) || d->st->m->now > deadline) {
			violation(d->st->m, V_BROKEN, d->st->m->current, d->first,
				  "the end of a set ends with %d", rc);
			return false;
		}
		storm_hand_over(d->st);
		storm_nap(d->st, wait > 50 && wait < 20000 ? wait : 300);
	}
	return true;
}

static void forget_requests(struct mq_device *d)
{
	uint32_t i;

	for (i = 0; i < d->spec->queues; i++)
		d->st->gen[d->first + i].last = 0;
}

static void restart(struct storm *st)
{
	struct mq_device *d = &st->mq->device[mq_pick(st, st->spec->nmqs)];
	int rc;

	if (d->restarting || st->finishing)
		return;
	d->restarting = true;
	if (end(d)) {
		forget_requests(d);
		storm_nap(st, 2000);
		rc = begin(d, &st->mq->masks[(size_t)(d->first - st->ordinary) * st->words]);
		if (rc != FERRY_OK)
			violation(st->m, V_BROKEN, st->m->current, d->first,
				  "a set begins anew with %d", rc);
		mq_report(st)->ends++;
	}
	d->restarting = false;
}

/* ---- plans ---------------------------------------------------------------------------- */

void storm_mq_plan(struct storm *st, uint32_t cpu)
{
	struct mq_part *p = st->mq;
	struct ferry_blocker list[8];
	struct ferry_dry_run sum;
	size_t size;
	int rc;

	if (!p || p->plan || mq_pick(st, 2))
		return;
	size = ferry_plan_size(st->m->ferry);
	if (!p->plan_memory)
		p->plan_memory = malloc(size);
	if (!p->plan_memory)
		return;
	rc = ferry_cpu_plan(st->m->ferry, cpu, p->plan_memory, size, &p->plan, &sum, list, 8);
	/* Another CPU that leaves may have one. */
	if (rc == FERRY_E_STATE)
		return;
	if (rc != FERRY_OK)
		violation(st->m, V_BROKEN, cpu, NONE, "a plan returned %d", rc);
	else if (!p->plan != (sum.blocked != 0))
		violation(st->m, V_BROKEN, cpu, NONE, "a plan stands, and %u interrupts block it",
			  sum.blocked);
	p->planned = cpu;
	mq_report(st)->plans += p->plan != NULL;
}

void storm_mq_unplan(struct storm *st, uint32_t cpu)
{
	if (!st->mq || !st->mq->plan || st->mq->planned != cpu)
		return;
	ferry_plan_drop(st->m->ferry, st->mq->plan);
	st->mq->plan = NULL;
}

/* What came to the CPU after the plan was made has no place in it. */
void storm_mq_unplanned(struct storm *st, uint32_t cpu)
{
	if (st->mq && st->mq->plan && st->mq->planned == cpu)
		mq_report(st)->unplanned++;
}

/* ---- CPUs leave and come ---------------------------------------------------------------- */

struct leave {
	uint64_t deadline, wait;
	uint32_t vetoes;
};

/* Whether to call again. */
static bool patient(struct storm *st, uint32_t cpu, const struct mq_device *d, struct leave *l,
		    int rc)
{
	bool later = rc == FERRY_E_AGAIN || rc == FERRY_E_VETO, unlock;

	mq_report(st)->waits += rc == FERRY_E_AGAIN;
	if (!later || st->m->now > l->deadline) {
		violation(st->m, V_BROKEN, cpu, d->first, "a CPU can't leave a set: %d", rc);
		return false;
	}
	if ((rc == FERRY_E_VETO && ++l->vetoes > 2) || !mq_pick(st, 256))
		return false;
	storm_hand_over(st);
	unlock = mq_pick(st, 8);
	if (unlock)
		storm_hotplug_unlock(st);
	storm_nap(st, l->wait > 50 && l->wait < 20000 ? l->wait : 300);
	if (unlock)
		storm_hotplug_lock(st);
	return true;
}

bool storm_mq_leave(struct storm *st, uint32_t cpu)
{
	struct leave l = { .deadline = st->m->now + MQ_PATIENCE_NS };
	uint32_t i;
	int rc;

	for (i = 0; st->mq && i < st->spec->nmqs; i++)
		st->mq->device[i].served[cpu] = false;

	for (i = 0; st->mq && i < st->spec->nmqs; i++) {
		struct mq_device *d = &st->mq->device[i];

		while ((rc = ferry_mq_leave(&d->set, cpu, &l.wait)) != FERRY_OK)
			if (!patient(st, cpu, d, &l, rc))
				return false;
	}
	/* Some give up with all queues asleep. */
	return !st->mq || mq_pick(st, 32);
}

static void enter(struct mq_device *d)
{
	struct storm *st = d->st;
	uint64_t deadline = st->m->now + MQ_PATIENCE_NS, wait = 0;
	int rc;

	while ((rc = ferry_mq_enter(&d->set, &wait)) == FERRY_E_AGAIN && st->m->now < deadline) {
		storm_hand_over(st);
		storm_nap(st, wait > 50 && wait < 20000 ? wait : 300);
	}
	if (rc != FERRY_OK)
		violation(st->m, V_BROKEN, st->m->current, d->first,
			  "a CPU came, and its queues are not woken: %d", rc);
	memcpy(d->served, st->staying, st->spec->cpus * sizeof(*d->served));
	/* Has somebody else the note, he will look. */
	if (!d->set.claim.value)
		mq_check_awake(d);
}

void storm_mq_enter(struct storm *st)
{
	uint32_t i;

	for (i = 0; st->mq && st->mq->started && i < st->spec->nmqs; i++)
		enter(&st->mq->device[i]);
}

/* ---- requests, events ------------------------------------------------------------------- */

/* Some requests for some device, from some CPU; at the end what is left. */
void storm_mq_submit(struct storm *st, bool last)
{
	struct mq_part *p = st->mq;
	uint64_t left = st->spec->requests - p->asked, n;

	do {
		uint32_t device = (uint32_t)mq_pick(st, st->spec->nmqs);

		n = 1 + mq_pick(st, MQ_BATCH);
		n = n < left ? n : left;
		if (!n)
			return;
		p->asked += n;
		p->waiting += n;
		left -= n;
		storm_queue(st, storm_some_cpu(st), OP_SUBMIT, device, (uint32_t)n);
	} while (last && left);
}

void storm_mq_label(struct storm *st, uint32_t a, uint32_t b)
{
	if (b == MQ_FETCH)
		mq_fetch(st, a);
	else if (b == MQ_DONE)
		mq_complete(st, a >> 12, a & 0xfff);
	else
		storm_queue(st, storm_some_cpu(st), OP_SUBMIT, a >> 8, a & 0xff);
}

static void check_cpu(struct mq_device *d, const struct mq_queue *q, uint32_t cpu)
{
	if (d->spec->mode != STORM_INITIAL && !mq_has(q->mask, cpu) &&
	    !(q->prepared && mq_has(q->next, cpu)))
		violation(d->st->m, V_MISDELIVERED, cpu, q->src,
			  "a managed interrupt is taken outside its mask");
}

bool storm_mq_handles(struct storm *st, uint32_t src, uint32_t cpu)
{
	struct mq_device *d;
	struct mq_queue *q = mq_queue_of(st, src, &d);

	if (!q)
		return false;
	check_cpu(d, q, cpu);
	mq_reap(d, q);
	return true;
}

static void stopped(struct mq_device *d, const struct mq_queue *q)
{
	struct storm_managed *r = mq_report(d->st);

	r->stops++;
	r->sleeps += !d->attempt.active && !d->restarting;
	if (d->attempt.active && d->attempt.phase != STORM_PHASE_LATE)
		d->attempt.phase = STORM_PHASE_STOP;
	if (q->open || mq_in_flight(d, q))
		violation(d->st->m, V_BROKEN, d->st->m->current, q->src,
			  "stopped with %u requests in flight, and %s", mq_in_flight(d, q),
			  q->open ? "it takes more" : "it takes no more");
}

void storm_mq_trace(struct storm *st, const struct ferry_trace *record)
{
	struct storm_managed *r = mq_report(st);
	struct mq_device *d;
	struct mq_queue *q;

	if (record->event < FERRY_TRACE_STOP || record->event > FERRY_TRACE_ASLEEP ||
	    record->irq >= st->m->config.sources)
		return;
	q = mq_queue_of(st, st->m->irq_src[record->irq] - 1, &d);
	if (!q)
		return;
	if (record->event == FERRY_TRACE_STOP) {
		stopped(d, q);
		return;
	}
	r->starts += record->event == FERRY_TRACE_START;
	r->asleep += record->event == FERRY_TRACE_ASLEEP;
	r->wakings += record->event == FERRY_TRACE_START && !d->attempt.active && !d->restarting &&
		      st->mq->started;
	if (d->attempt.active)
		d->attempt.phase = STORM_PHASE_LATE;
}

/* Mostly one that may be. */
static uint32_t some_device(struct storm *st)
{
	uint32_t n = st->spec->nmqs, i = (uint32_t)mq_pick(st, n), tries;

	for (tries = 0; tries < n && st->spec->mqs[i].mode != STORM_MANAGED; tries++)
		if (mq_pick(st, 8))
			i = (i + 1) % n;
	return i;
}

void storm_mq_op(struct storm *st, const struct op *op)
{
	switch ((enum op_kind)op->kind) {
	case OP_SUBMIT:
		mq_submit(&st->mq->device[op->arg], st->m->current, op->list);
		break;
	case OP_OVERRIDE:
		mq_override(st, some_device(st));
		break;
	case OP_OVERRIDE_STEP:
		mq_go_on(&st->mq->device[op->arg]);
		break;
	case OP_CANCEL:
		mq_cancel(&st->mq->device[op->arg], false);
		break;
	default:
		restart(st);
		break;
	}
}

/* ---- the end ---------------------------------------------------------------------------- */

static bool all_done(const struct storm *st)
{
	const struct storm_managed *r = &st->m->out->report.managed;

	return !st->mq->waiting && r->completed == r->requests;
}

static void check_device(struct mq_device *d)
{
	struct machine *m = d->st->m;
	uint32_t i;

	for (i = 0; i < d->spec->queues; i++) {
		const struct mq_queue *q = &d->queue[i];

		if (mq_in_flight(d, q))
			violation(m, V_LOST, NONE, q->src,
				  "%u requests never end, %u are completed", mq_in_flight(d, q),
				  q->cq_tail - q->cq_head);
		/* What a pool has not promised may be taken. */
		if (!q->open && !(d->spec->pool && d->states[i].reason == FERRY_E_NO_SPACE))
			violation(m, V_BROKEN, NONE, q->src,
				  "its CPUs are online, and it sleeps: %d", d->states[i].reason);
		mq_check_mask(d, q, "at the end");
	}
}

void storm_mq_finish(struct storm *st)
{
	uint64_t deadline = st->m->now + MQ_PATIENCE_NS;
	struct storm_managed *r = mq_report(st);
	uint32_t i;

	if (!st->mq)
		return;
	while (!all_done(st) && st->m->now < deadline) {
		storm_hand_over(st);
		cpu_sleep(st->m, 1000);
	}
	r->lost = r->requests - r->completed;
	if (st->mq->waiting)
		violation(st->m, V_BROKEN, NONE, NONE, "%u requests find no queue",
			  (unsigned)st->mq->waiting);
	for (i = 0; i < st->spec->nmqs; i++)
		check_device(&st->mq->device[i]);
}
