/* SPDX-License-Identifier: MIT */
/*
 * client.c: what runs on the CPUs of an explored machine: each CPU's thread plays its
 * script, and handlers. Everything a thread decides follows from struct state and from
 * what the subject returned, so the history of a CPU tells what it will do.
 */
#include "queues.h"
#include "sim/gic.h"

/* phases of struct state.running and .ending */
enum { BOOT = 0, SETUP = 1, RUN = 2 };

static const struct op *next_op(const struct machine *m, uint32_t cpu)
{
	const struct script *script = &world_of(m)->s->script[cpu];
	uint8_t at = state_of(m)->actor[cpu].at;

	return at < script->n ? &script->op[at] : NULL;
}

static bool is_hotplug(const struct op *op)
{
	return op->kind == OP_OFFLINE || op->kind == OP_ROLLBACK || op->kind == OP_ONLINE;
}

bool client_may_power(const struct machine *m, uint32_t cpu)
{
	const struct op *op = next_op(m, cpu);

	return state_of(m)->running == RUN && !state_of(m)->ending && m->cpu[cpu].parked && op &&
	       op->kind == OP_ONLINE && !state_of(m)->hotplug;
}

bool client_may_fire(const struct machine *m, uint32_t src)
{
	const struct source *s = &m->source[src];

	/* A line that is asserted can't be asserted again. */
	if (has_queues(m) && !queue_of((struct machine *)(uintptr_t)m, src)->takes)
		return false;
	return state_of(m)->running == RUN && !state_of(m)->ending &&
	       state_of(m)->intent[src].left && s->live && !s->dead && !s->line;
}

static bool is_ender(const struct machine *m, uint32_t cpu)
{
	uint32_t i;

	for (i = 0; i < cpu; i++)
		if (m->cpu[i].state == CPU_IDLE)
			return false;
	return true;
}

static bool has_work(struct machine *m, uint32_t cpu)
{
	const struct state *st = state_of(m);
	const struct op *op;

	if (!st->actor[cpu].booted || st->actor[cpu].polls)
		return true;
	if (st->running == SETUP)
		return cpu == 0;
	if (st->ending)
		return st->ending == 1 && is_ender(m, cpu);
	op = next_op(m, cpu);
	if (op && is_hotplug(op))
		sim_reads(m, RES_SCRIPT);
	return st->running == RUN && op && (!is_hotplug(op) || !st->hotplug);
}

/* ---- waiting inside an operation ---------------------------------------------- */

bool client_quiet(struct machine *m, uint32_t src)
{
	const struct source *s = &m->source[src];

	sim_reads(m, RES_DEVICE(s->device) | RES_IRR(0) | RES_IRR(1) | RES_IRR(2) | RES_IRR(3));
	return !s->flights && !s->in_irr && !m->device[s->device].write_head;
}

static bool may_try(void *arg)
{
	struct machine *m = arg;
	uint32_t cpu;

	for (cpu = 0; &m->cpu[cpu] != m->asking; cpu++)
		;
	return client_may_try(m, cpu);
}

static void stir(struct machine *m, uint32_t cpu)
{
	sim_writes(m, RES_CPU(cpu));
	if (state_of(m)->actor[cpu].in_op)
		state_of(m)->actor[cpu].stirred = 1;
}

void client_stir(struct machine *m)
{
	uint32_t holder = state_of(m)->hotplug;

	if (has_queues(m))
		client_stir_others(m, NONE);
	sim_reads(m, RES_SCRIPT);
	if (holder)
		stir(m, holder - 1);
}

/* Who works on a set of queues, or leaves. */
void client_stir_others(struct machine *m, uint32_t self)
{
	sim_reads(m, RES_SCRIPT);
	for (uint32_t cpu = 0; cpu < m->config.cpus; cpu++) {
		const struct op *op = next_op(m, cpu);

		if (cpu != self &&
		    ((op && scenario_form[op->kind].queues) || cpu + 1 == state_of(m)->hotplug))
			stir(m, cpu);
	}
}

bool client_may_try(struct machine *m, uint32_t cpu)
{
	const struct actor *a = &state_of(m)->actor[cpu];

	switch (a->waits) {
	case WAIT_INTERRUPT:
		return a->stirred || a->polls;
	case WAIT_DRAINED:
		return a->stirred || a->polls || world_of(m)->subject->drained(m, a->src);
	case WAIT_QUIET:
		return a->stirred || a->polls || client_quiet(m, a->src);
	case WAIT_SERVED:
		return a->polls || queues_served(m, a->src);
	default:
		return true;
	}
}

static void run_poll(struct machine *m, uint32_t cpu)
{
	state_of(m)->actor[cpu].polls = 0;
	if (world_of(m)->subject->poll)
		world_of(m)->subject->poll(m);
}

/* Wait for it. a->stirred was reset before what is to be tried again was tried. Of
 * what the thread has seen it keeps `remember`. */
void client_wait(struct machine *m, uint32_t cpu, uint8_t what, uint32_t src, uint64_t remember)
{
	struct actor *a = &state_of(m)->actor[cpu];
	struct sim_cpu *c = &m->cpu[cpu];

	a->waits = what;
	a->src = (uint8_t)src;
	while (!client_may_try(m, cpu)) {
		c->done = may_try;
		c->arg = m;
		c->until = NEVER;
		sim_forget(m, remember);
		cpu_block(m, CPU_SLEEP);
	}
	if (a->polls)
		run_poll(m, cpu);
	a->waits = WAIT_NOT;
	a->src = 0;
	a->stirred = 0;
	sim_forget(m, remember);
}

void client_serve(struct machine *m, uint32_t cpu, uint32_t queue)
{
	uint64_t history = m->cpu[cpu].history[0];

	while (!queues_served(m, queue))
		client_wait(m, cpu, WAIT_SERVED, queue, history);
	sim_forget(m, sim_mix(history, queue));
}

/* A call of the subject has returned this: of what it saw nothing else is left. */
int client_returned(struct machine *m, uint32_t where, int rc)
{
	sim_forget(m, (uint64_t)where << 32 | (uint32_t)rc);
	return rc;
}

void client_check_rc(struct machine *m, uint32_t src, const char *what, int rc)
{
	/* A queue's interrupt may be stopped. */
	bool gone = has_queues(m) || (src != NONE && state_of(m)->intent[src].gone);

	if (rc == FERRY_E_INVALID || rc == FERRY_E_BUG || (rc == FERRY_E_STATE && !gone))
		violation(m, V_BROKEN, m->current, src, "%s returned %d", what, rc);
}

/* ---- interrupts ----------------------------------------------------------------- */

static bool exists(struct machine *m, uint32_t src)
{
	sim_reads(m, RES_GHOST(src));
	return m->source[src].irq != NONE;
}

static void do_move(struct machine *m, const struct op *op)
{
	struct intent *k = &state_of(m)->intent[op->irq];
	int rc;

	if (!exists(m, op->irq))
		return;
	sim_writes(m, RES_GHOST(op->irq));
	k->crossed |= k->requests++ != 0;
	k->settle = 0;
	rc = client_returned(m, 17, world_of(m)->subject->move(m, op->irq, op->cpus));
	if (rc == FERRY_OK && has_queues(m) && !world_of(m)->s->queues.initial)
		violation(m, V_BROKEN, m->current, op->irq, "managed, and set_affinity returned 0");
	sim_writes(m, RES_GHOST(op->irq));
	k->requests--;
	if (rc == FERRY_OK)
		k->last = op->cpus;
	/* Which of two that crossed was the last is open. */
	if (k->crossed)
		k->last = 0;
	k->crossed &= k->requests != 0;
	client_check_rc(m, op->irq, "set_affinity", rc);
}

/* mask, unmask, disable, enable: `known` is what the client remembers of it. */
static void do_change(struct machine *m, const struct op *op)
{
	const struct subject *subject = world_of(m)->subject;
	struct intent *k = &state_of(m)->intent[op->irq];
	bool on = op->kind == OP_MASK || op->kind == OP_DISABLE;
	bool masks = op->kind == OP_MASK || op->kind == OP_UNMASK;
	uint8_t *known = masks ? &k->masked : &k->disabled;
	int rc;

	if (!exists(m, op->irq))
		return;
	sim_writes(m, RES_GHOST(op->irq));
	k->crossed_changes |= k->changes++ != 0;
	/* Until it is done it is not known. */
	if (*known != on)
		*known = UNKNOWN;
	rc = client_returned(
		m, 20, masks ? subject->mask(m, op->irq, on) : subject->enable(m, op->irq, !on));
	sim_writes(m, RES_GHOST(op->irq));
	client_check_rc(m, op->irq, scenario_op[op->kind], rc);
	if (--k->changes == 0 && !k->crossed_changes)
		*known = on;
	else
		k->masked = k->disabled = UNKNOWN;
	k->crossed_changes &= k->changes != 0;
	if (op->kind == OP_DISABLE && rc == FERRY_OK && k->disabled == 1 &&
	    m->source[op->irq].running)
		violation(m, V_BROKEN, m->current, op->irq,
			  "disable returned, and its handler runs");
}

static void do_settle(struct machine *m, const struct op *op)
{
	if (exists(m, op->irq))
		client_check_rc(m, op->irq, "settle",
				client_returned(m, 21, world_of(m)->subject->settle(m, op->irq)));
}

void client_free(struct machine *m, uint32_t cpu, uint32_t src)
{
	struct source *s = &m->source[src];
	bool is_quiet = false;
	int rc;

	if (!exists(m, src))
		return;
	sim_writes(m, RES_GHOST(src));
	state_of(m)->intent[src].gone = 1;
	s->dead = true;
	for (;;) {
		rc = client_returned(m, 15 + is_quiet,
				     world_of(m)->subject->free_(m, src, is_quiet));
		if (rc == FERRY_OK)
			break;
		if (rc != FERRY_E_AGAIN && rc != FERRY_E_NO_BOUND) {
			client_check_rc(m, NONE, "free", rc);
			return;
		}
		if (rc == FERRY_E_NO_BOUND && client_quiet(m, src))
			is_quiet = true;
		else
			client_wait(m, cpu, rc == FERRY_E_NO_BOUND ? WAIT_QUIET : WAIT_DRAINED, src,
				    1u + is_quiet);
	}
	oracle_gone(m, src);
}

static bool is_pin(const struct source *s)
{
	return s->kind == FERRY_X86_IOAPIC_EDGE || s->kind == FERRY_X86_IOAPIC_LEVEL;
}

/* A driver starts its device later: what was written has arrived. */
static void wait_for_writes(struct machine *m, uint32_t src)
{
	struct source *s = &m->source[src];

	if (m->gic)
		return;
	(void)ferry_host_read(m, s->device, src,
			      is_pin(s) ? FERRY_REG_RTE_LOW : FERRY_REG_MSI_ADDR);
}

/* Create, enable, start the device. */
int client_make(struct machine *m, uint32_t src, uint64_t cpus)
{
	struct source *s = &m->source[src];
	uint32_t irq = NONE;
	int rc;

	sim_writes(m, RES_GHOST(src) | RES_DEVICE(s->device));
	device_reset(m, src);
	rc = client_returned(m, 18, world_of(m)->subject->create(m, src, cpus, &irq));
	if (rc != FERRY_OK)
		return rc;
	/* It may be one whose ferry_irq_free has not returned yet. */
	if (irq >= m->config.sources || (m->irq_src[irq] && !m->source[m->irq_src[irq] - 1].dead)) {
		violation(m, V_BROKEN, m->current, src, "create hands out irq %u, which is in use",
			  irq);
		return FERRY_E_BUG;
	}
	sim_writes(m, RES_GHOST(src));
	m->irq_src[irq] = src + 1;
	s->irq = irq;
	if (m->gic)
		arm_place(m, src);
	if (world_of(m)->subject->enable)
		client_check_rc(m, src, "enable", world_of(m)->subject->enable(m, src, true));
	wait_for_writes(m, src);
	cpu_yield_for(m, MOVES_NOT);
	sim_writes(m, RES_GHOST(src) | RES_DEVICE(s->device));
	s->live = !m->gone;
	state_of(m)->intent[src].gone = 0;
	state_of(m)->intent[src].last = 0;
	return FERRY_OK;
}

/* So many vectors that nothing can run out of them: each interrupt has at most its
 * old place, its new one, a transit slot. */
bool client_plenty(const struct machine *m)
{
	const struct scenario *s = world_of(m)->s;

	if (scenario_arm(s))
		return true;
	return s->nirqs == 1 ? s->vectors >= 3 : s->vectors >= 3u * s->nirqs;
}

static void do_create(struct machine *m, uint32_t cpu, const struct op *op)
{
	int rc;

	/* A remapping entry outlives its interrupt: its device must be quiet. */
	while (!exists(m, op->irq) && !client_quiet(m, op->irq))
		client_wait(m, cpu, WAIT_QUIET, op->irq, 3);
	if (!exists(m, op->irq)) {
		rc = client_make(m, op->irq, ~0ull);
		if (rc != FERRY_OK &&
		    (rc != FERRY_E_NO_SPACE || client_plenty(m) || m->config.sources == 1))
			violation(m, V_BROKEN, cpu, op->irq, "create returned %d", rc);
	}
}

/* ---- CPUs ------------------------------------------------------------------------ */

static void hotplug(struct machine *m, uint32_t holder)
{
	struct sim_cpu *c = &m->cpu[m->current == NONE ? holder - 1 : m->current];

	sim_writes(m, RES_SCRIPT);
	state_of(m)->hotplug = (uint8_t)holder;
	c->held = holder ? c->held | HELD_CLIENT : c->held & ~HELD_CLIENT;
}

/* On the CPU itself, interrupts off. A host whose APIC kept its IRR lets in what
 * pends, which nobody owns any more. */
static void enter(struct machine *m, uint32_t cpu)
{
	struct sim_cpu *c = &m->cpu[cpu];
	int rc, tries;

	for (tries = 0; tries < 8; tries++) {
		rc = world_of(m)->subject->online(m, cpu);
		if (rc != FERRY_E_PENDING)
			break;
		c->iff = true;
		sim_forget(m, 5u + (uint32_t)tries);
		cpu_sleep(m, 1);
		c->iff = false;
	}
	if (rc != FERRY_OK)
		violation(m, V_BROKEN, cpu, NONE, "enter returned %d", rc);
}

/* One step and, if it may, the commit. FERRY_OK: interrupts are off, nothing is left. */
static int step_and_commit(struct machine *m, uint32_t cpu, bool off)
{
	const struct subject *subject = world_of(m)->subject;
	uintptr_t flags = off ? ferry_host_irq_save(m) : 0;
	uint32_t left = 0;
	int rc = client_returned(m, 10, subject->step(m, cpu, &left));

	sim_observe(m, left);
	client_plan_step(m, cpu, rc);
	if (rc == FERRY_OK && left && !off)
		return FERRY_E_AGAIN; /* it can still run here */
	if (rc == FERRY_OK && !off)
		flags = ferry_host_irq_save(m);
	else if (rc != FERRY_OK && !off)
		return rc;
	if (rc == FERRY_OK)
		rc = client_returned(m, 11 + 2 * off, subject->commit(m, cpu));
	if (rc != FERRY_OK)
		ferry_host_irq_restore(m, flags);
	return rc;
}

/* False: it can't. */
static bool begin_leaving(struct machine *m, uint32_t cpu)
{
	int rc;

	hotplug(m, cpu + 1);
	if (!client_plan(m, cpu)) {
		hotplug(m, 0);
		return false;
	}
	rc = client_returned(m, 12, world_of(m)->subject->leave(m, cpu));
	client_plan_closed(m);
	if (rc == FERRY_OK)
		return true;
	client_check_rc(m, NONE, "leave", rc);
	client_drop(m);
	hotplug(m, 0);
	return false;
}

static void give_up(struct machine *m, uint32_t cpu)
{
	client_check_rc(m, NONE, "roll_back", world_of(m)->subject->roll_back(m, cpu));
	client_drop(m);
	if (has_queues(m))
		queues_enter(m, cpu);
	hotplug(m, 0);
}

/* Somebody else looks after what it was told to poll. */
static void hand_over(struct machine *m, uint32_t cpu)
{
	struct state *st = state_of(m);

	if (!st->actor[cpu].polls)
		return;
	st->actor[cpu].polls = 0;
	m->config.client->poll(m);
}

/* Each interrupt has a place promised on each CPU of its mask. */
static bool is_managed(const struct machine *m)
{
	const struct queue_set *q = &world_of(m)->s->queues;

	return has_queues(m) && !q->initial && !q->pool;
}

static void do_offline(struct machine *m, uint32_t cpu)
{
	struct actor *a = &state_of(m)->actor[cpu];
	int rc;

	if (!begin_leaving(m, cpu))
		return;
	if (has_queues(m) && queues_leave(m, cpu, false) != FERRY_OK) {
		give_up(m, cpu);
		return;
	}
	for (;;) {
		a->stirred = 0; /* from here on */
		rc = step_and_commit(m, cpu, world_of(m)->s->hw.leave_off);
		if (rc != FERRY_E_AGAIN)
			break;
		client_wait(m, cpu, WAIT_INTERRUPT, 0, 4);
	}
	if (rc != FERRY_OK) {
		client_check_rc(m, NONE, "leave_step", rc);
		if ((client_plenty(m) || is_managed(m)) && rc != FERRY_E_NO_BOUND)
			violation(m, V_BROKEN, cpu, NONE, "it can't leave: %d", rc);
		give_up(m, cpu);
		return;
	}
	cpu_yield_for(m, MOVES_NOT);
	client_drop(m);
	hotplug(m, 0);
	a->at++;
	a->in_op = 0;
	m->cpu[cpu].parked = true;
	sim_forget(m, 0);
	hand_over(m, cpu);
	cpu_park(m);
	a->in_op = 1;
	enter(m, cpu);
	if (has_queues(m)) {
		ferry_host_irq_restore(m, 1);
		queues_enter(m, cpu);
		hotplug(m, 0);
		return;
	}
	hotplug(m, 0);
	ferry_host_irq_restore(m, 1);
}

static void do_rollback(struct machine *m, uint32_t cpu)
{
	int rc;

	if (!begin_leaving(m, cpu))
		return;
	if (!has_queues(m) || queues_leave(m, cpu, true) == FERRY_OK) {
		rc = client_returned(m, 14, world_of(m)->subject->step(m, cpu, NULL));
		client_plan_step(m, cpu, rc);
		client_check_rc(m, NONE, "leave_step", rc);
	}
	give_up(m, cpu);
}

/* ---- threads ------------------------------------------------------------------------ */

static void boot(struct machine *m, uint32_t cpu)
{
	struct state *st = state_of(m);
	uintptr_t flags;

	sim_forget(m, 30); /* it has begun */
	flags = ferry_host_irq_save(m);
	st->actor[cpu].booted = 1;
	enter(m, cpu);
	if (st->running == RUN && has_queues(m)) {
		ferry_host_irq_restore(m, flags);
		st->actor[cpu].in_op = 1;
		queues_enter(m, cpu);
		st->actor[cpu].in_op = 0;
		flags = ferry_host_irq_save(m);
	}
	if (st->running == RUN) {
		st->actor[cpu].at++;
		hotplug(m, 0);
	}
	ferry_host_irq_restore(m, flags);
}

static void set_up(struct machine *m)
{
	const struct scenario *s = world_of(m)->s;
	uint64_t online = (1u << s->cpus) - 1u - s->away;
	uint32_t src;
	int rc = FERRY_OK;

	for (src = 0; src < s->nirqs && rc == FERRY_OK; src++) {
		rc = client_make(m, src,
				 s->flat || s->several ? online : 1ull << scenario_start(s, src));
		if (rc == FERRY_OK && !s->pinned && !has_queues(m) && world_of(m)->subject->move)
			rc = world_of(m)->subject->move(m, src, (1u << s->cpus) - 1u);
	}
	if (rc == FERRY_OK && has_queues(m))
		rc = queues_start(m);
	if (rc != FERRY_OK)
		violation(m, V_BROKEN, 0, NONE, "setting up returned %d", rc);
	state_of(m)->running = BOOT;
}

/* Nothing can happen any more but events. What came before must have started its
 * handler, where nobody has forbidden it. */
void client_rest(struct machine *m)
{
	uint32_t src;

	for (src = 0; src < m->config.sources; src++) {
		const struct intent *k = &state_of(m)->intent[src];
		const struct source *s = &m->source[src];

		if (!s->live || s->dead || k->masked || k->disabled)
			continue;
		if (has_queues(m) && queue_of(m, src)->inflight)
			violation(m, V_LOST, NONE, src,
				  "a request is completed, and no handler comes");
		if (s->stopping)
			continue;
		if (s->latched.time != NEVER && !s->latched.maybe)
			violation(m, V_LOST, NONE, src,
				  "an event is latched, and nobody replays it");
		if (s->pending.time != NEVER)
			violation(m, V_LOST, NONE, src,
				  s->line ?
					  "its line is asserted, and no handler comes" :
					  "an event is pending in its device, which stays masked");
	}
}

/* The end of a schedule: everything is let go, and asked to end. */
static void ask_to_end(struct machine *m)
{
	const struct subject *subject = world_of(m)->subject;
	uint32_t src;

	state_of(m)->ending = 2;
	for (src = 0; src < m->config.sources; src++) {
		const struct source *s = &m->source[src];

		/* Whose device is gone still has moves that shall end. */
		if (m->gone && s->irq != NONE && !state_of(m)->intent[src].gone && subject->settle)
			(void)subject->settle(m, src);
		if (!s->live || s->dead)
			continue;
		state_of(m)->intent[src].disabled = state_of(m)->intent[src].masked = 0;
		if (subject->enable)
			(void)subject->enable(m, src, true);
		if (subject->mask)
			(void)subject->mask(m, src, false);
		/* Only an arrival can end it. */
		if (subject->settle && subject->settle(m, src) == FERRY_E_NO_BOUND)
			(void)device_raise(m, src);
	}
}

static void do_op(struct machine *m, uint32_t cpu, const struct op *op)
{
	switch (op->kind) {
	case OP_MOVE:
		do_move(m, op);
		break;
	case OP_OFFLINE:
		do_offline(m, cpu);
		break;
	case OP_ROLLBACK:
		do_rollback(m, cpu);
		break;
	case OP_MASK:
	case OP_UNMASK:
	case OP_DISABLE:
	case OP_ENABLE:
		do_change(m, op);
		break;
	case OP_FREE:
		client_free(m, cpu, op->irq);
		break;
	case OP_CREATE:
		do_create(m, cpu, op);
		break;
	case OP_SETTLE:
		do_settle(m, op);
		break;
	case OP_OVERRIDE:
	case OP_OVERALL:
		queues_override(m, cpu, op);
		break;
	case OP_CANCEL:
		queues_cancel(m);
		break;
	case OP_VETO:
		queues_veto(m);
		break;
	case OP_END:
		queues_end(m, cpu);
		break;
	case OP_ONLINE: /* it never went: nothing to do */
	default:
		break;
	}
}

static void work(struct machine *m, uint32_t cpu)
{
	struct state *st = state_of(m);
	struct actor *a = &st->actor[cpu];

	if (!a->booted) {
		boot(m, cpu);
	} else if (a->polls) {
		if (m->gic) /* it may be one after the other, without end */
			sim_forget(m, 31);
		run_poll(m, cpu);
	} else if (st->running == SETUP) {
		set_up(m);
	} else if (st->ending) {
		ask_to_end(m);
	} else {
		sim_forget(m, a->at);
		a->in_op = 1;
		do_op(m, cpu, next_op(m, cpu));
		if (has_queues(m))
			a->stirred = 0;
		a->in_op = 0;
		a->at++;
	}
}

/* ---- handlers, devices, time ---------------------------------------------------------- */

/* The handler of a queue sees what was completed before. */
static void begin_handler(struct machine *m, uint32_t src, uint32_t cpu)
{
	struct queue_state *q = queue_of(m, src);

	sim_writes(m, RES_GHOST(src));
	q->inflight = 0;
	if (!world_of(m)->s->queues.initial && !((q->want | q->prepared) >> cpu & 1))
		violation(m, V_MISDELIVERED, cpu, src, "a handler starts outside its mask");
}

static void handler(struct machine *m, uint32_t src, uint32_t cpu)
{
	struct sim_cpu *c = &m->cpu[cpu];

	sim_reads(m, RES_GHOST(src));
	if (has_queues(m))
		begin_handler(m, src, cpu);
	if (state_of(m)->intent[src].disabled == 1)
		violation(m, V_BROKEN, cpu, src, "a handler starts though it is disabled");
	c->iff = world_of(m)->s->hw.nested && c->depth < 4;
	cpu_sleep(m, 1);
	c->iff = false;
	if (has_queues(m) && m->source[src].stopping)
		client_stir(m); /* its stop waits for that */
	if (m->source[src].kind != FERRY_X86_IOAPIC_LEVEL && m->source[src].kind != FERRY_GIC_LEVEL)
		return;
	sim_writes(m, RES_GHOST(src));
	oracle_line_done(m, src);
	c->committed = true;
}

static void fired(struct machine *m, uint32_t src, bool raised)
{
	state_of(m)->intent[src].left--;
	if (has_queues(m))
		queue_of(m, src)->inflight = 1;
	(void)raised;
}

static bool idle_or_waits(const struct machine *m, uint32_t cpu)
{
	return m->cpu[cpu].state == CPU_IDLE || state_of(m)->actor[cpu].waits;
}

/* Any thread may poll: the first that can. */
static void poll(struct machine *m)
{
	struct state *st = state_of(m);
	uint32_t cpu, best = NONE;

	for (cpu = m->config.cpus; cpu-- > 0;) {
		if (m->cpu[cpu].parked || !st->actor[cpu].booted)
			continue;
		if (best == NONE || idle_or_waits(m, cpu) || !idle_or_waits(m, best))
			best = cpu;
	}
	if (best != NONE)
		st->actor[best].polls = 1;
	sim_writes(m, ~0ull);
}

/* The CPU is switched on again; or its thread has waited long enough. */
static void power(struct machine *m, uint32_t cpu, uint32_t again)
{
	if (again) {
		sim_writes(m, ~0ull);
		state_of(m)->actor[cpu].stirred = 1;
		return;
	}
	hotplug(m, cpu + 1);
	sim_writes(m, RES_CPU(cpu) | RES_IRR(cpu));
	cpu_unpark(m, cpu);
}

static void system_vector(struct machine *m, uint32_t cpu)
{
	(void)m;
	(void)cpu;
}

const struct sim_client client_threads = {
	.has_work = has_work,
	.work = work,
	.handler = handler,
	.fired = fired,
	.poll = poll,
	.op = power,
	.system = system_vector,
};
