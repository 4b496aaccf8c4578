/* SPDX-License-Identifier: MIT */
/* library_queues.c: what must be true of a set of queues. See queues.h. */
#include <irqferry/x86.h>
#include "queues.h"

/* ---- overrides ----------------------------------------------------------------------------- */

static bool is_override(const struct op *op)
{
	return op->kind == OP_OVERRIDE || op->kind == OP_OVERALL;
}

/* Another CPU that overrides masks some time. */
static bool others_override(const struct scenario *s, uint32_t cpu)
{
	for (uint32_t c = 0; c < s->cpus; c++)
		for (uint32_t i = 0; c != cpu && i < s->script[c].n; i++)
			if (is_override(&s->script[c].op[i]))
				return true;
	return false;
}

/* Each interrupt needs one place on each CPU, at most; and a plan may keep as many. */
static bool is_short(const struct scenario *s)
{
	return !scenario_arm(s) && s->vectors < s->nirqs * (s->planned ? 2 : 1);
}

/* May it have said so? */
static bool is_allowed(struct machine *m, uint32_t cpu, int rc)
{
	const struct scenario *s = world_of(m)->s;
	const struct set_state *set = &state_of(m)->set;

	sim_reads(m, RES_SCRIPT);
	switch (rc) {
	case FERRY_E_BUSY:
		return s->cpus > 1;
	case FERRY_E_VETO:
		return set->refused[cpu];
	case FERRY_E_CANCELED:
		return set->canceled[cpu];
	case FERRY_E_STATE:
		return set->ended;
	case FERRY_E_NO_SPACE:
		return is_short(s);
	default:
		return rc == FERRY_OK;
	}
}

/* What it says of itself. */
static void check_report(struct machine *m, uint32_t cpu, int rc)
{
	const struct ferry_mq *mq = &world_of(m)->queues->mq;
	const struct set_state *set = &state_of(m)->set;
	uint32_t culprit = rc == FERRY_E_VETO ? set->refused[cpu] - 1u : NONE;

	/* What is refused before it begins changes nothing. */
	if (rc == FERRY_E_MANAGED || rc == FERRY_E_BUSY || rc == FERRY_E_STATE)
		return;
	if (mq->result != rc || mq->veto != (rc == FERRY_E_VETO ? QUEUES_VETO : 0) ||
	    (rc != FERRY_E_NO_SPACE && mq->culprit != culprit && !set->ended))
		violation(m, V_BROKEN, cpu, NONE,
			  "the override returned %d; its set says %d, queue %d, veto %d", rc,
			  mq->result, (int)mq->culprit, mq->veto);
}

void queues_check_override(struct machine *m, uint32_t cpu, const struct op *op, int rc)
{
	const struct scenario *s = world_of(m)->s;
	const struct set_state *set = &state_of(m)->set;
	bool refuses = !s->queues.allow || s->queues.readonly || s->queues.initial;

	if (refuses ? rc != FERRY_E_MANAGED : !is_allowed(m, cpu, rc))
		violation(m, V_BROKEN, cpu, NONE, "the override returned %d", rc);
	if (set->refused[cpu] && rc != FERRY_E_VETO)
		violation(m, V_BROKEN, cpu, NONE, "vetoed, and the override returned %d", rc);
	if (set->done[cpu] != (rc == FERRY_OK ? set->asked[cpu] : 0))
		violation(m, V_BROKEN, cpu, NONE,
			  "the override returned %d, queues %#x were prepared, %#x committed", rc,
			  set->asked[cpu], set->done[cpu]);
	if (set->in_time[cpu] && rc != FERRY_E_CANCELED && rc != FERRY_E_VETO)
		violation(m, V_BROKEN, cpu, NONE, "canceled in time, and the override returned %d",
			  rc);
	state_of(m)->set.overrides = (uint8_t)(set->overrides + (rc == FERRY_OK));
	if (others_override(s, cpu))
		return;
	check_report(m, cpu, rc);
	if (rc != FERRY_OK)
		return;
	for (uint32_t i = 0; i < s->nirqs; i++)
		if ((op->kind == OP_OVERALL || op->irq == i) && set->queue[i].want != op->cpus)
			violation(m, V_BROKEN, cpu, i, "overridden, and its mask is %#x",
				  set->queue[i].want);
}

/* ---- states ----------------------------------------------------------------------------- */

bool queues_idle(const struct machine *m)
{
	const struct state *st = state_of(m);

	if (world_of(m)->queues->mq.claim.value || st->hotplug || st->set.ended == 1)
		return false;
	for (uint32_t cpu = 0; cpu < m->config.cpus; cpu++)
		if (st->actor[cpu].in_op || m->cpu[cpu].locks)
			return false;
	return true;
}

/* Does somebody override it with this mask now? */
static bool is_asked(const struct machine *m, uint32_t queue, uint64_t mask)
{
	const struct state *st = state_of(m);

	for (uint32_t cpu = 0; cpu < m->config.cpus; cpu++) {
		const struct script *script = &world_of(m)->s->script[cpu];
		const struct op *op = &script->op[st->actor[cpu].at];

		if (st->actor[cpu].in_op && st->actor[cpu].at < script->n && is_override(op) &&
		    (op->kind == OP_OVERALL || op->irq == queue) && op->cpus == mask)
			return true;
	}
	return false;
}

static uint64_t online(struct machine *m)
{
	uint64_t cpus = 0;

	for (uint32_t cpu = 0; cpu < m->config.cpus; cpu++)
		if (ferry_cpu_state(ferry(m), cpu) == FERRY_CPU_ONLINE)
			cpus |= 1u << cpu;
	return cpus;
}

/* Nobody works on the set. */
static void check_idle(struct machine *m, uint32_t queue, uint64_t requested, uint64_t cpus)
{
	const struct queue_state *q = queue_of(m, queue);
	const struct queues *set = world_of(m)->queues;
	bool should = requested & cpus, asleep;
	int reason = set->queue[queue].reason;
	struct ferry_class class;

	machine_look(m);
	(void)ferry_irq_class(ferry(m), m->source[queue].irq, &class);
	asleep = ferry_mq_asleep(&world_of(m)->queues->mq, queue);
	machine_looked(m);
	/* Started once they stay so. */
	if (world_of(m)->s->queues.initial && !should)
		should = q->started;
	/* The second one of a pool on a CPU is not sure of a place there. */
	if (set->mq.pool && is_short(world_of(m)->s) && should && asleep &&
	    reason == FERRY_E_NO_SPACE) {
		should = false;
		reason = FERRY_E_NO_CPU;
	}
	if (q->started != should)
		violation(m, V_BROKEN, NONE, queue,
			  should ? "stopped, and a CPU of its mask is online" :
				   "started, and no CPU of its mask is online");
	if (q->takes != q->started || asleep == q->started)
		violation(m, V_BROKEN, NONE, queue, "started: %d, takes requests: %d, asleep: %d",
			  q->started, q->takes, asleep);
	if (class.stopped == q->started || class.managed == world_of(m)->s->queues.initial)
		violation(m, V_BROKEN, NONE, queue,
			  "started: %d, said to be stopped: %d, managed: %d", q->started,
			  class.stopped, class.managed);
	if (asleep && reason != FERRY_E_NO_CPU)
		violation(m, V_BROKEN, NONE, queue, "asleep, because of %d", reason);
	if (set->mq.generation.value != state_of(m)->set.overrides)
		violation(m, V_BROKEN, NONE, queue, "generation %u after %u overrides",
			  set->mq.generation.value, state_of(m)->set.overrides);
	if (q->prepared)
		violation(m, V_BROKEN, NONE, queue, "prepared, and neither committed nor aborted");
	if (requested != q->want && !world_of(m)->s->queues.initial)
		violation(m, V_BROKEN, NONE, queue, "its mask is %#llx, not %#x",
			  (unsigned long long)requested, q->want);
}

static void check_queue(struct machine *m, uint32_t queue, bool idle, uint64_t cpus)
{
	uint64_t requested, effective, old;
	struct ferry_affinity a;

	machine_look(m);
	(void)ferry_irq_affinity(ferry(m), m->source[queue].irq, &a, &requested, &effective, &old);
	if (!machine_looked(m))
		return;
	if (idle)
		check_idle(m, queue, requested, cpus);
	if (world_of(m)->s->queues.initial)
		return;
	if ((effective | old) & ~requested)
		violation(m, V_BROKEN, NONE, queue, "managed, and outside its mask %#llx",
			  (unsigned long long)requested);
	if (requested != queue_of(m, queue)->want && !is_asked(m, queue, requested))
		violation(m, V_BROKEN, NONE, queue, "its mask is %#llx, which nobody asked for",
			  (unsigned long long)requested);
}

/* ---- where requests go ----------------------------------------------------------------------- */

static void check_map(struct machine *m, uint32_t cpu)
{
	const struct scenario *s = world_of(m)->s;
	const struct ferry_mq *mq = &world_of(m)->queues->mq;
	uint32_t any = 0, own = 0, queue;

	machine_look(m);
	queue = ferry_mq_queue_for(mq, cpu);
	machine_looked(m);
	for (uint32_t i = 0; i < s->nirqs; i++)
		if (queue_of(m, i)->takes) {
			any |= 1u << i;
			own |= (uint32_t)(queue_of(m, i)->want >> cpu & 1) << i;
		}
	if (s->queues.initial)
		own = 0;
	if (queue == FERRY_NONE ? any : !((own ? own : any) >> queue & 1))
		violation(m, V_BROKEN, cpu, NONE,
			  "its requests should go to queue %d, of %#x that take them, %#x its own",
			  (int)queue, any, own);
}

/* ---- promises, where there are any --------------------------------------------------------- */

struct places {
	uint32_t masks, places; /* queues that have the CPU in their mask; that live there */
	uint32_t kept;          /* ... in their mask, and do not live there */
	bool moving;
};

static struct places places_on(struct machine *m, uint32_t cpu)
{
	struct places p = { 0, 0, 0, false };
	uint64_t requested, effective, old;
	struct ferry_affinity a;

	for (uint32_t i = 0; i < m->config.sources; i++) {
		bool in, at;

		if (m->source[i].irq == NONE)
			continue;
		machine_look(m);
		(void)ferry_irq_affinity(ferry(m), m->source[i].irq, &a, &requested, &effective,
					 &old);
		if (!machine_looked(m) || (a.state != FERRY_SETTLED && a.state != FERRY_STOPPED))
			p.moving = true;
		in = requested >> cpu & 1 && !world_of(m)->s->queues.initial;
		at = (effective | old) >> cpu & 1;
		p.masks += in;
		p.places += at;
		p.kept += in && !at;
	}
	return p;
}

/* Vectors that are neither free nor in use are those promised and not used: of each queue
 * one on each CPU of its mask; of a pool one on each CPU of any. */
static void check_promises(struct machine *m, uint32_t cpu)
{
	const struct scenario *s = world_of(m)->s;
	struct places p = places_on(m, cpu);
	uint32_t used, free_, kept, least = p.kept, most = p.kept;

	machine_look(m);
	ferry_x86_vectors(ferry(m), cpu, &used, &free_);
	if (!machine_looked(m) || p.moving)
		return;
	if (s->queues.pool) {
		least = p.masks && !p.places;
		most = p.masks != 0;
	}
	kept = s->vectors - used - free_;
	if (used != p.places || kept < least || kept > most)
		violation(m, V_BROKEN, cpu, NONE,
			  "%u vectors used, %u free, for %u places and %u promises", used, free_,
			  p.places, most);
}

void queues_look(struct machine *m, enum look when)
{
	bool idle = when == LOOK_REST || queues_idle(m);
	uint64_t cpus = online(m);

	for (uint32_t cpu = 0; cpu < m->config.cpus && idle && !m->gic; cpu++)
		check_promises(m, cpu);
	if (state_of(m)->set.ended || when == LOOK_END)
		return;
	if (when == LOOK_REST && world_of(m)->queues->mq.claim.value)
		violation(m, V_BROKEN, NONE, NONE, "nobody works on the set, and it is claimed");
	for (uint32_t i = 0; i < world_of(m)->s->nirqs; i++)
		if (m->source[i].irq != NONE)
			check_queue(m, i, idle, cpus);
	for (uint32_t cpu = 0; cpu < m->config.cpus && when == LOOK_REST; cpu++)
		check_map(m, cpu);
}
