/* SPDX-License-Identifier: MIT */
/*
 * client_queues.c: the driver of a set of queues, and who overrides masks, ends the set and
 * tells it of CPUs that come and go. See queues.h.
 */
#include <stddef.h>
#include "queues.h"

/* ---- memory ------------------------------------------------------------------------------- */

size_t queues_offset(size_t library)
{
	return (library + LINE - 1) / LINE * LINE;
}

size_t queues_size(const struct scenario *s, size_t library)
{
	return scenario_queues(s) && library ? queues_offset(library) + sizeof(struct queues) :
					       library;
}

static struct ferry_mq *set_of(struct machine *m)
{
	return &world_of(m)->queues->mq;
}

/* The claim, and what the administrator has said: anyone's. Of the rest only the claimer knows,
 * but for `blocked`. */
bool queues_guard(const struct machine *m, const void *address, struct ferry_guard *g)
{
	const struct queues *q = world_of(m)->queues;
	const char *at = address;
	bool atomic;

	if (!q || at < (const char *)q || at >= (const char *)(q + 1))
		return false;
	atomic = at >= (const char *)&q->mq.claim && at <= (const char *)&q->mq.generation;
	for (uint32_t i = 0; i < SCENARIO_IRQS; i++)
		atomic = atomic || at == (const char *)&q->queue[i].blocked;
	*g = (struct ferry_guard){ atomic ? FERRY_GUARD_FREE : FERRY_GUARD_OWN, NULL };
	return true;
}

/* ---- the claim, as the checker sees it -------------------------------------------------- */

/* What only the claimer reads. */
static uint64_t plain(const struct queues *q)
{
	const struct ferry_mq *mq = &q->mq;
	uint64_t h = sim_mix(mq->phase, mq->started);

	h = sim_mix(h, (uint64_t)mq->culprit << 32 | (uint32_t)mq->result);
	h = sim_mix(h, (uint32_t)mq->veto);
	for (uint32_t i = 0; i < mq->nqueues; i++) {
		h = sim_mix(h, (uint64_t)q->queue[i].did << 32 | (uint32_t)q->queue[i].reason);
		h = sim_mix(h, q->queue[i].spare.set);
	}
	return h | 1;
}

/* The word says CLAIMED and NOTE in its low bits; others are of who may go on. It was free, or
 * kept for the caller: now it is his. Or he lets go or keeps it, and others may try. */
uint64_t queues_changed(struct machine *m, const ferry_atomic *cell, uint32_t value)
{
	const struct queues *q = world_of(m)->queues;

	if (!q || cell != &q->mq.claim)
		return 0;
	if (!value || (value & ~cell->value & ~3u))
		client_stir_others(m, m->current);
	return !cell->value || (cell->value & ~value & ~3u) ? plain(q) : 0;
}

/* ---- the driver ----------------------------------------------------------------------- */

/* It takes time, and others go on meanwhile. */
/* before: it is one before a swap. */
static void begin_callback(struct machine *m, uint32_t queue, const char *what, bool before)
{
	struct set_state *set = &state_of(m)->set;
	const struct sim_cpu *c = &m->cpu[m->current];

	cpu_yield_for(m, MOVES_NOT);
	sim_writes(m, RES_SCRIPT | RES_GHOST(queue));
	if (c->depth || c->locks || !c->iff)
		violation(m, V_BROKEN, m->current, queue, "%s is called, not in a thread", what);
	if (set->callback)
		violation(m, V_BROKEN, m->current, queue,
			  "%s is called while CPU %u is in a callback", what, set->callback - 1);
	set->callback = (uint8_t)(m->current + 1);
	set->before = before;
	cpu_yield_for(m, MOVES_NOT);
	sim_writes(m, RES_SCRIPT | RES_GHOST(queue));
}

static void end_callback(struct machine *m)
{
	state_of(m)->set.callback = state_of(m)->set.before = 0;
}

static void expect(struct machine *m, bool good, uint32_t queue, const char *what)
{
	if (!good)
		violation(m, V_BROKEN, m->current, queue, "%s", what);
}

/* Masked or disabled: its driver polls. */
bool queues_served(struct machine *m, uint32_t queue)
{
	const struct intent *k = &state_of(m)->intent[queue];

	sim_reads(m, RES_GHOST(queue));
	if (world_of(m)->s->hw.bound == BOUND_NONE && !client_quiet(m, queue))
		return false;
	return !queue_of(m, queue)->inflight || k->masked || k->disabled;
}

static int quiesce(void *driver, uint32_t queue)
{
	struct machine *m = driver;
	struct queue_state *q = queue_of(m, queue);

	begin_callback(m, queue, "quiesce", true);
	expect(m, q->takes, queue, "quiesced, and took no requests");
	expect(m, q->started, queue, "quiesced, and its interrupt is stopped");
	sim_writes(m, RES_DEVICE(m->source[queue].device));
	q->takes = 0;
	client_serve(m, m->current, queue);
	sim_writes(m, RES_SCRIPT | RES_GHOST(queue) | RES_DEVICE(m->source[queue].device));
	q->inflight = 0;
	m->source[queue].served = true;
	end_callback(m);
	return 0;
}

static void resume(void *driver, uint32_t queue)
{
	struct machine *m = driver;
	struct queue_state *q = queue_of(m, queue);

	begin_callback(m, queue, "resume", false);
	expect(m, !q->takes, queue, "resumed, and takes requests already");
	expect(m, q->started, queue, "resumed, and its interrupt is stopped");
	sim_writes(m, RES_DEVICE(m->source[queue].device));
	q->takes = 1;
	m->source[queue].served = false;
	end_callback(m);
}

static int prepare(void *driver, uint32_t queue, const uint64_t *mask)
{
	struct machine *m = driver;
	struct set_state *set = &state_of(m)->set;
	struct queue_state *q = &set->queue[queue];
	bool no;

	begin_callback(m, queue, "prepare", true);
	expect(m, !q->prepared, queue, "prepared twice");
	no = set->veto;
	sim_observe(m, no);
	set->veto = 0;
	if (no)
		set->refused[m->current] = (uint8_t)(1 + queue);
	else
		q->prepared = (uint8_t)*mask;
	set->asked[m->current] |= (uint8_t)(!no << queue);
	end_callback(m);
	return no ? QUEUES_VETO : 0;
}

/* In reverse. */
static void abort_(void *driver, uint32_t queue)
{
	struct machine *m = driver;
	struct set_state *set = &state_of(m)->set;

	begin_callback(m, queue, "abort", false);
	expect(m, set->queue[queue].prepared, queue, "aborted, and was not prepared");
	for (uint32_t i = queue + 1; i < SCENARIO_IRQS; i++)
		expect(m, !set->queue[i].prepared, queue, "aborted before one prepared later");
	set->queue[queue].prepared = 0;
	end_callback(m);
}

static void commit(void *driver, uint32_t queue)
{
	struct machine *m = driver;
	struct set_state *set = &state_of(m)->set;
	struct queue_state *q = &set->queue[queue];

	begin_callback(m, queue, "commit", false);
	expect(m, q->prepared, queue, "committed, and was not prepared");
	expect(m, !q->takes, queue, "committed, and takes requests already");
	q->want = q->prepared;
	q->prepared = 0;
	set->done[m->current] |= (uint8_t)(1u << queue);
	end_callback(m);
}

static const struct ferry_mq_ops all_ops = { quiesce, resume, prepare, abort_, commit };
static const struct ferry_mq_ops two_ops = { quiesce, resume, NULL, NULL, NULL };

/* ---- traces --------------------------------------------------------------------------------- */

void queues_trace(struct machine *m, const struct ferry_trace *record, uint32_t queue)
{
	struct queue_state *q = queue_of(m, queue);

	switch (record->event) {
	case FERRY_TRACE_STOP:
		expect(m, q->started, queue, "stopped, and was");
		expect(m, !q->takes, queue, "stopped, and takes requests");
		q->started = 0;
		break;
	case FERRY_TRACE_START:
		expect(m, !q->started, queue, "started twice");
		expect(m, !state_of(m)->set.ended, queue, "started after the end of its set");
		q->started = 1;
		break;
	case FERRY_TRACE_EVIDENCE:
	case FERRY_TRACE_CLEAR:
		client_stir(m);
		break;
	default:
		break;
	}
}

/* ---- begin and end -------------------------------------------------------------------------- */

void queues_init(struct machine *m, const struct scenario *s, size_t library)
{
	struct queues *q;

	if (!scenario_queues(s))
		return;
	q = (struct queues *)(void *)((char *)m->library + queues_offset(library));
	q->mq = (struct ferry_mq){
		.f = m->ferry,
		.ctx = m,
		.ops = s->queues.readonly ? &two_ops : &all_ops,
		.driver = m,
		.queues = q->queue,
		.nqueues = s->nirqs,
		.cpus = s->cpus,
		.mode = s->queues.initial ? FERRY_MQ_INITIAL : FERRY_MQ_MANAGED,
		.stop_flags = s->hw.bound == BOUND_NONE ? FERRY_FREE_QUIET : 0,
		.pool = s->queues.pool,
	};
	world_of(m)->queues = q;
}

int queues_start(struct machine *m)
{
	const struct scenario *s = world_of(m)->s;
	uint64_t mask[SCENARIO_IRQS];
	const uint64_t *masks[SCENARIO_IRQS];
	uint32_t asleep, expected = 0;
	int rc;

	for (uint32_t i = 0; i < s->nirqs; i++) {
		mask[i] = s->queues.mask[i];
		masks[i] = &mask[i];
		world_of(m)->queues->queue[i].irq = m->source[i].irq;
		m->source[i].stopping = true;
		queue_of(m, i)->want = s->queues.mask[i];
		expected += !(s->queues.mask[i] & ~s->away);
	}
	rc = ferry_mq_start(set_of(m), masks, &asleep, NULL);
	if (rc == FERRY_OK && asleep != expected)
		violation(m, V_BROKEN, 0, NONE, "%u queues asleep, it should be %u", asleep,
			  expected);
	ferry_mq_allow(set_of(m), s->queues.allow);
	return rc;
}

/* Claimed by somebody else: he lets go some day. */
void queues_end(struct machine *m, uint32_t cpu)
{
	struct state *st = state_of(m);
	int rc;

	for (;;) {
		st->actor[cpu].stirred = 0;
		rc = client_returned(m, 43, ferry_mq_end(set_of(m), NULL));
		if (rc != FERRY_E_AGAIN && rc != FERRY_E_BUSY)
			break;
		client_wait(m, cpu, WAIT_INTERRUPT, 0, 45);
	}
	sim_writes(m, RES_SCRIPT);
	st->set.ended = 1;
	if (rc != FERRY_OK)
		violation(m, V_BROKEN, cpu, NONE, "the end returned %d", rc);
	for (uint32_t i = 0; i < world_of(m)->s->nirqs; i++) {
		client_free(m, cpu, i);
		expect(m, m->source[i].irq == NONE, i, "its set has ended, and it can't be freed");
	}
	st->set.ended = 2;
}

/* ---- overrides ------------------------------------------------------------------------------- */

static void forget(struct set_state *set, uint32_t cpu)
{
	set->asked[cpu] = set->done[cpu] = set->refused[cpu] = 0;
	set->canceled[cpu] = set->in_time[cpu] = 0;
}

void queues_override(struct machine *m, uint32_t cpu, const struct op *op)
{
	struct set_state *set = &state_of(m)->set;
	const uint64_t *masks[SCENARIO_IRQS] = { NULL };
	uint64_t mask = op->cpus;
	int rc;

	for (uint32_t i = 0; i < world_of(m)->s->nirqs; i++)
		masks[i] = op->kind == OP_OVERALL || op->irq == i ? &mask : NULL;
	sim_writes(m, RES_SCRIPT);
	forget(set, cpu);
	rc = client_returned(m, 40, ferry_mq_override(set_of(m), masks));
	while (rc == FERRY_OK) {
		state_of(m)->actor[cpu].stirred = 0;
		rc = client_returned(m, 41, ferry_mq_step(set_of(m), NULL));
		if (rc != FERRY_E_AGAIN)
			break;
		client_wait(m, cpu, WAIT_INTERRUPT, 0, 46);
		rc = FERRY_OK;
	}
	queues_check_override(m, cpu, op, rc);
	forget(set, cpu);
}

void queues_cancel(struct machine *m)
{
	struct state *st = state_of(m);

	ferry_mq_cancel(set_of(m));
	sim_writes(m, RES_SCRIPT);
	for (uint32_t cpu = 0; cpu < m->config.cpus; cpu++) {
		st->set.canceled[cpu] |= st->actor[cpu].in_op;
		st->set.in_time[cpu] |= st->set.before && st->set.callback == cpu + 1;
	}
}

void queues_veto(struct machine *m)
{
	cpu_yield_for(m, MOVES_NOT);
	sim_writes(m, RES_SCRIPT);
	state_of(m)->set.veto = 1;
}

/* ---- CPUs ------------------------------------------------------------------------------------ */

int queues_leave(struct machine *m, uint32_t cpu, bool once)
{
	int rc;

	for (;;) {
		state_of(m)->actor[cpu].stirred = 0;
		rc = client_returned(m, 42, ferry_mq_leave(set_of(m), cpu, NULL));
		if (rc != FERRY_E_AGAIN || once)
			break;
		client_wait(m, cpu, WAIT_INTERRUPT, 0, 47);
	}
	if (rc != FERRY_OK && rc != FERRY_E_AGAIN)
		violation(m, V_BROKEN, cpu, NONE, "the queues can't leave: %d", rc);
	return rc;
}

void queues_enter(struct machine *m, uint32_t cpu)
{
	int rc;

	for (;;) {
		state_of(m)->actor[cpu].stirred = 0;
		rc = client_returned(m, 44, ferry_mq_enter(set_of(m), NULL));
		if (rc != FERRY_E_AGAIN)
			break;
		client_wait(m, cpu, WAIT_INTERRUPT, 0, 48);
	}
	if (rc != FERRY_OK)
		violation(m, V_BROKEN, cpu, NONE, "the queues can't enter: %d", rc);
}
