/* SPDX-License-Identifier: MIT */
/* storm_ops.c: what runs on the simulated CPUs of a storm: threads and handlers. */
#include <irqferry/plan.h>
#include <stdlib.h>
#include <string.h>
#include "gic.h"
#include "storm_int.h"

#define PATIENCE_NS 200000000ull /* virtual; longer than anything may take */

static uint64_t pick(struct storm *st, uint64_t n)
{
	return machine_below(st->m, n);
}

void storm_nap(struct storm *st, uint64_t ns)
{
	cpu_sleep(st->m, ns / 2 + 1 + pick(st, ns));
}

/* ---- affinity ------------------------------------------------------------------- */

static void add_cpu(uint64_t *mask, uint64_t cpu)
{
	mask[cpu / 64] |= 1ull << (cpu % 64);
}

/* One CPU, a few, a half, or all: what people write into affinity files. */
static void random_mask(struct storm *st, uint64_t *mask)
{
	uint32_t cpus = st->spec->cpus, i, n = 1;
	uint64_t kind = pick(st, 16);

	memset(mask, 0, st->words * sizeof(*mask));
	if (kind >= 14) {
		for (i = 0; i < cpus; i++)
			if (kind == 14 || pick(st, 2))
				add_cpu(mask, i);
	} else if (kind >= 9) {
		n = 2 + (uint32_t)pick(st, 3);
	}
	for (i = 0; i < n; i++)
		add_cpu(mask, pick(st, cpus));
}

static uint32_t random_prefer(struct storm *st, const uint64_t *mask)
{
	uint32_t cpu = (uint32_t)pick(st, st->spec->cpus), i;

	if (pick(st, 4))
		return NONE;
	for (i = 0; i < st->spec->cpus; i++, cpu = (cpu + 1) % st->spec->cpus)
		if (mask[cpu / 64] >> (cpu % 64) & 1)
			return cpu;
	return NONE;
}

static void remember_ticket(struct storm *st, uint32_t src, uint32_t ticket, uint64_t since)
{
	struct generator *g = &st->gen[src];
	uint32_t i;

	if (ticket <= g->done) {
		st->m->out->report.moves_done++;
		histogram_add(&st->m->out->move_time, st->m->now - since);
		return;
	}
	for (i = 0; i < TICKETS; i++)
		if (!g->ticket[i]) {
			g->ticket[i] = ticket;
			g->asked_at[i] = since;
			return;
		}
}

/* Interrupts off, the interrupt's lock held: no yield. */
void storm_done(void *ctx, uint32_t irq, uint32_t generation)
{
	struct machine *m = ctx;
	struct storm *st = storm_of(m);
	uint32_t src = m->irq_src[irq], i;
	struct generator *g;

	if (!src)
		return;
	g = &st->gen[src - 1];
	g->done = generation;
	for (i = 0; i < TICKETS; i++)
		if (g->ticket[i] && g->ticket[i] <= generation) {
			g->ticket[i] = 0;
			m->out->report.moves_done++;
			histogram_add(&m->out->move_time, m->now - g->asked_at[i]);
		}
}

static void note_request(struct storm *st, uint32_t src, const uint64_t *mask, int rc)
{
	struct storm_report *r = &st->m->out->report;
	struct generator *g = &st->gen[src];

	if (rc == FERRY_OK) {
		memcpy(&st->masks[(size_t)src * st->words], mask, st->words * sizeof(*mask));
		g->last = 1;
		return;
	}
	r->moves_refused++;
	if (rc == FERRY_E_INVALID || rc == FERRY_E_BUG ||
	    (rc == FERRY_E_STATE && !g->busy && !storm_mq_sleeps(st, src)))
		violation(st->m, V_BROKEN, st->m->current, src, "set_affinity returned %d", rc);
}

static void ask(struct storm *st, uint32_t src, const uint64_t *mask, uint32_t prefer)
{
	struct generator *g = &st->gen[src];
	uint64_t since = st->m->now;
	uint32_t irq = st->m->source[src].irq, ticket = 0;
	int rc;

	if (irq == NONE || g->busy)
		return;
	g->users++;
	if (g->requests++)
		g->unknown = true;
	st->m->out->report.moves_asked++;
	rc = ferry_irq_set_affinity(st->m->ferry, irq, mask, prefer, &ticket);
	if (--g->requests == 0 && !g->unknown)
		note_request(st, src, mask, rc);
	else if (rc != FERRY_OK)
		st->m->out->report.moves_refused++;
	if (g->requests == 0 && g->unknown) {
		g->last = 0;
		g->unknown = false;
	}
	if (rc == FERRY_OK)
		remember_ticket(st, src, ticket, since);
	g->users--;
}

static uint32_t some_source(struct storm *st)
{
	return st->ordinary ? (uint32_t)pick(st, st->ordinary) : NONE;
}

static void move(struct storm *st, uint32_t src, uint32_t list)
{
	uint64_t mask[FERRY_CPUS_MAX / 64];

	if (src == NONE && st->mq && !pick(st, 8))
		src = storm_mq_movable(st);
	if (src == NONE)
		src = some_source(st);
	if (src == NONE)
		return;
	if (list && st->spec->ops[list - 1].mask) {
		memcpy(mask, st->spec->ops[list - 1].mask, st->words * sizeof(*mask));
		ask(st, src, mask, NONE);
	} else {
		random_mask(st, mask);
		ask(st, src, mask, random_prefer(st, mask));
		if (!pick(st, 10)) {
			random_mask(st, mask);
			ask(st, src, mask, NONE);
		}
	}
	oracle_source(st->m, src);
}

/* ---- handlers --------------------------------------------------------------------- */

void storm_handler(struct machine *m, uint32_t src, uint32_t cpu)
{
	struct storm *st = storm_of(m);
	struct sim_cpu *c = &m->cpu[cpu];
	bool level = m->source[src].kind == FERRY_X86_IOAPIC_LEVEL ||
		     m->source[src].kind == FERRY_GIC_LEVEL;
	uint64_t ns = 1 + pick(st, 2ull * st->spec->handler_ns);

	storm_policy_ran(st, src, ns);
	storm_mq_handles(st, src, cpu);
	/* With the EOI written before the handler nothing but the handlers' own
	 * restraint bounds the depth of the stack. */
	if (st->spec->nested && c->depth < 4 && pick(st, 2))
		c->iff = true;
	if (level) {
		cpu_sleep(m, ns / 2);
		oracle_line_done(m, src);
	}
	if (st->handler_moves) {
		st->handler_moves--;
		move(st, pick(st, 2) ? src : NONE, 0);
	}
	cpu_sleep(m, level ? ns - ns / 2 : ns);
	c->iff = false;
}

/* ---- interrupts come and go ---------------------------------------------------------- */

/* What the device still has is gone with its reset. */
static void freed(struct storm *st, uint32_t src)
{
	struct generator *g = &st->gen[src];

	oracle_gone(st->m, src);
	g->done = g->last = 0;
	memset(g->ticket, 0, sizeof(g->ticket));
}

static bool free_source(struct storm *st, uint32_t src)
{
	struct source *s = &st->m->source[src];
	uint64_t deadline = st->m->now + PATIENCE_NS, wait = 0;
	uint32_t how = 0;
	int rc;

	/* Its number may be handed out again: nobody may still be using it. */
	st->gen[src].busy = true;
	while (st->gen[src].users)
		storm_nap(st, 300);
	s->dead = true;
	while ((rc = ferry_irq_free(st->m->ferry, s->irq, how, &wait)) != FERRY_OK) {
		if (rc == FERRY_E_NO_BOUND && !s->flights && !s->in_irr)
			how = FERRY_FREE_QUIET;
		if ((rc != FERRY_E_AGAIN && rc != FERRY_E_NO_BOUND) || st->m->now > deadline) {
			violation(st->m, V_BROKEN, st->m->current, src, "free ends with %d", rc);
			return false;
		}
		storm_nap(st, wait ? wait : 300);
	}
	freed(st, src);
	return true;
}

static struct ferry_source source_of(struct storm *st, uint32_t src)
{
	const struct storm_irq *q = &st->spec->irqs[src];

	return (struct ferry_source){
		.kind = q->kind,
		.flags = st->m->source[src].flags,
		.unit = (uint16_t)(q->device & 1),
		.device = q->device,
		.index = src,
		.cookie = src,
	};
}

static bool is_pin(const struct source *s)
{
	return s->kind == FERRY_X86_IOAPIC_EDGE || s->kind == FERRY_X86_IOAPIC_LEVEL;
}

static int create(struct storm *st, uint32_t src, const uint64_t *mask, uint32_t *irq)
{
	struct ferry_source source;
	int rc;

	if (st->arm)
		return storm_arm_create(st, src, mask, irq);
	source = source_of(st, src);
	rc = ferry_x86_create(st->m->ferry, &source, mask, 1, irq);
	return rc == 1 ? FERRY_OK : rc ? rc : FERRY_E_BUG;
}

static int create_source(struct storm *st, uint32_t src, const uint64_t *mask)
{
	struct machine *m = st->m;
	struct source *s = &m->source[src];
	uint32_t irq = NONE;
	int rc;

	device_reset(m, src);
	rc = create(st, src, mask, &irq);
	if (rc != FERRY_OK)
		return rc;
	if (irq >= m->config.sources || (m->irq_src[irq] && !m->source[m->irq_src[irq] - 1].dead)) {
		violation(m, V_BROKEN, m->current, src, "create hands out irq %u, which is in use",
			  irq);
		return FERRY_E_BUG;
	}
	m->irq_src[irq] = src + 1;
	s->irq = irq;
	if (st->arm)
		arm_place(m, src);
	rc = ferry_irq_enable(m->ferry, irq);
	if (rc != FERRY_OK)
		violation(m, V_BROKEN, m->current, src, "enable returned %d", rc);
	/* A driver starts its device later: what was written has arrived. */
	if (!st->arm)
		(void)ferry_host_read(m, s->device, src,
				      is_pin(s) ? FERRY_REG_RTE_LOW : FERRY_REG_MSI_ADDR);
	s->live = true;
	st->gen[src].busy = false;
	return FERRY_OK;
}

/* Some CPU takes over what was queued here; to leave is meaningless elsewhere. */
static void hand_over(struct storm *st, uint32_t cpu, bool leaves)
{
	uint32_t i = st->queue[cpu].head;

	st->queue[cpu] = (struct work_queue){ 0, 0 };
	while (i) {
		struct op op = st->ops[i - 1];

		st->ops[i - 1].next = st->free_op;
		st->free_op = i;
		st->pending--;
		i = op.next;
		if (op.kind != OP_OFFLINE)
			storm_queue(st, storm_some_cpu(st), (enum op_kind)op.kind, op.arg, op.list);
		else if (!leaves)
			storm_queue(st, cpu, OP_OFFLINE, op.arg, op.list);
	}
}

void storm_hand_over(struct storm *st)
{
	hand_over(st, st->m->current, false);
}

/* FERRY_E_NO_SPACE's remedy: moves under way sit on two slots. Nor may a thread
 * that waits hold up what was queued behind it: a CPU's return, perhaps. */
static void make_room(struct storm *st)
{
	uint32_t i;

	hand_over(st, st->m->current, false);
	for (i = 0; i < st->spec->nirqs; i++)
		if (!st->gen[i].busy && st->m->source[i].irq != NONE)
			(void)!ferry_irq_settle(st->m->ferry, st->m->source[i].irq, NULL);
}

static void create_again(struct storm *st, uint32_t src)
{
	uint64_t mask[FERRY_CPUS_MAX / 64];
	uint64_t deadline = st->m->now + PATIENCE_NS;
	bool any = pick(st, 2);
	int rc;

	const struct sim_device *d = &st->m->device[st->m->source[src].device];

	/* A remapping entry outlives its interrupt: its device must be quiet. */
	while (st->m->source[src].flights || d->write_head)
		storm_nap(st, 300);
	random_mask(st, mask);
	while ((rc = create_source(st, src, any ? NULL : mask)) != FERRY_OK) {
		if (rc == FERRY_E_BUG || rc == FERRY_E_INVALID || st->m->now > deadline) {
			violation(st->m, V_BROKEN, st->m->current, src, "create ends with %d", rc);
			return;
		}
		any = true;
		make_room(st);
		storm_nap(st, 2000);
	}
	st->m->out->report.recreated++;
	oracle_source(st->m, src);
}

static void recreate(struct storm *st, uint32_t src, enum op_kind kind)
{
	struct generator *g;

	if (src == NONE)
		src = some_source(st);
	if (src == NONE)
		return;
	g = &st->gen[src];
	if (kind != OP_CREATE) {
		if (g->busy || !st->m->source[src].live || !free_source(st, src))
			return;
		g->users++;
		if (kind == OP_RECREATE) {
			storm_nap(st, 1000);
			create_again(st, src);
		}
		g->users--;
	} else if (kind == OP_CREATE && st->m->source[src].irq == NONE && !g->users) {
		g->users++;
		create_again(st, src);
		g->users--;
	}
}

static void mask_pair(struct storm *st)
{
	uint32_t src = st->mq && !pick(st, 4) ? storm_mq_source(st) : some_source(st), irq;
	bool disable = pick(st, 2);

	if (src == NONE || st->gen[src].busy)
		return;
	st->gen[src].users++;
	irq = st->m->source[src].irq;
	if (disable)
		ferry_irq_disable(st->m->ferry, irq);
	else
		ferry_irq_mask(st->m->ferry, irq);
	storm_nap(st, 2000);
	if (disable)
		ferry_irq_enable(st->m->ferry, irq);
	else
		ferry_irq_unmask(st->m->ferry, irq);
	st->m->out->report.masked++;
	st->gen[src].users--;
}

/* ---- CPUs go and come ------------------------------------------------------------------ */

void storm_hotplug_lock(struct storm *st)
{
	while (st->calls)
		storm_nap(st, 400);
	st->calls = 1;
}

/* A lock: what was stored under it is seen by who takes it next. */
void storm_hotplug_unlock(struct storm *st)
{
	cpu_flush(st->m, st->m->current);
	st->calls = 0;
}

static void back_online(struct storm *st, uint32_t cpu)
{
	st->staying[cpu] = true;
	st->up++;
}

/* A look, or with `plan` more: null if it is not to be had. */
static void *ask_plan(struct storm *st, uint32_t cpu, struct ferry_plan **plan)
{
	struct ferry_blocker list[8];
	struct ferry_dry_run sum;
	size_t size = ferry_plan_size(st->m->ferry);
	void *memory = malloc(size);
	int rc = FERRY_E_MEMORY;

	if (plan)
		*plan = NULL;
	if (memory)
		rc = ferry_cpu_plan(st->m->ferry, cpu, memory, size, plan, &sum, list, 8);
	/* Another CPU that leaves may have one. */
	if (rc != FERRY_OK && (!plan || rc != FERRY_E_STATE))
		violation(st->m, V_BROKEN, cpu, NONE, "plan returned %d", rc);
	return memory;
}

struct leaving {
	struct ferry_plan *plan;
	uint64_t changes; /* when the plan was made */
	uint32_t cpu, refusals, spins;
	bool closed; /* leaves in one section with interrupts off */
	uintptr_t flags;
	uint64_t deadline, give_up;
};

static bool try_commit(struct storm *st, struct leaving *l)
{
	uintptr_t flags = ferry_host_irq_save(st->m);
	int rc = ferry_cpu_commit(st->m->ferry, l->cpu);

	if (rc == FERRY_OK)
		return true;
	if (rc != FERRY_E_AGAIN)
		violation(st->m, V_BROKEN, l->cpu, NONE, "commit returned %d", rc);
	ferry_host_irq_restore(st->m, flags);
	return false;
}

/* Another number when a CPU has gone or come, or begun to. */
static uint64_t changes(const struct storm *st)
{
	const struct storm_report *r = &st->m->out->report;

	return st->up + 65536 * (r->offlines + r->onlines + r->roll_backs);
}

/* Whether to go on after a step that has not led to a commit. */
static bool patient(struct storm *st, struct leaving *l, int rc, uint32_t left)
{
	bool refusal = rc == FERRY_E_NO_SPACE || rc == FERRY_E_NO_BOUND ||
		       rc == FERRY_E_UNREACHABLE;

	if (!refusal && rc != FERRY_OK && rc != FERRY_E_AGAIN) {
		violation(st->m, V_BROKEN, l->cpu, NONE, "leave step returned %d", rc);
		return false;
	}
	if (rc == FERRY_E_NO_SPACE)
		storm_mq_unplanned(st, l->cpu);
	/* Made when nothing came here any more; but another CPU may leave, and a further level
	 * pin be made. */
	if (rc == FERRY_E_NO_SPACE && l->plan && !st->m->nlevels && l->changes == changes(st))
		violation(st->m, V_BROKEN, l->cpu, NONE, "no space, and it was promised");
	if (refusal && ++l->refusals > 6) {
		st->m->out->report.offline_refused++;
		return false;
	}
	if (st->m->now > l->deadline) {
		violation(st->m, V_BROKEN, l->cpu, NONE, "leaving does not end: %d, %u left", rc,
			  left);
		return false;
	}
	return l->give_up--;
}

static void between_steps(struct storm *st, struct leaving *l)
{
	/* What needs a handler to run here needs interrupts, now and then. */
	if (l->closed && ++l->spins % 80) {
		cpu_nap(st->m, 100 + pick(st, 400));
		return;
	}
	if (l->closed)
		ferry_host_irq_restore(st->m, l->flags);
	storm_hotplug_unlock(st);
	storm_nap(st, 500);
	storm_hotplug_lock(st);
	if (l->closed)
		l->flags = ferry_host_irq_save(st->m);
}

/* The last but this CPU of a managed interrupt has begun to leave after this one's own sets were
 * looked at. */
static bool leave_again(struct storm *st, struct leaving *l)
{
	bool stopped;

	if (st->m->now > l->deadline) {
		violation(st->m, V_BROKEN, l->cpu, NONE, "leaving does not end: %d",
			  FERRY_E_NO_CPU);
		return false;
	}
	if (l->closed)
		ferry_host_irq_restore(st->m, l->flags);
	stopped = storm_mq_leave(st, l->cpu);
	if (l->closed)
		l->flags = ferry_host_irq_save(st->m);
	return stopped;
}

/* Steps until committed (interrupts then stay off) or given up. */
static bool walk_off(struct storm *st, uint32_t cpu, struct ferry_plan *plan)
{
	uint8_t style = st->spec->commit ? st->spec->commit : (uint8_t)(1 + pick(st, 2));
	struct leaving l = { .plan = plan,
			     .changes = changes(st),
			     .cpu = cpu,
			     .deadline = st->m->now + PATIENCE_NS,
			     .give_up = NEVER };
	uint32_t left = 0, irq;
	int rc;

	if (!pick(st, 16))
		l.give_up = pick(st, 6);
	l.closed = style == 2 && pick(st, 4);
	if (l.closed)
		l.flags = ferry_host_irq_save(st->m);
	for (;;) {
		rc = ferry_cpu_leave_step(st->m->ferry, cpu, &left, &irq);
		if (rc == FERRY_OK && (style == 2 || !left) && try_commit(st, &l))
			return true;
		if (rc == FERRY_E_NO_CPU && st->mq ? !leave_again(st, &l) :
						     !patient(st, &l, rc, left))
			break;
		between_steps(st, &l);
	}
	if (l.closed)
		ferry_host_irq_restore(st->m, l.flags);
	return false;
}

static void enter(struct storm *st, uint32_t cpu)
{
	int rc = ferry_cpu_enter(st->m->ferry, cpu);

	if (rc != FERRY_OK)
		violation(st->m, V_BROKEN, cpu, NONE, "enter returned %d", rc);
	back_online(st, cpu);
	if (st->arm)
		storm_arm_enter(st, cpu);
	/* Who waits for this holds the lock. */
	cpu_flush(st->m, cpu);
	st->entered[cpu] = true;
}

static void come_back_later(struct storm *st, uint32_t cpu)
{
	st->coming[cpu] = true;
	machine_at(st->m, st->m->now + 5000 + pick(st, 80000), label_of(L_OP, cpu, 1));
}

static void offline(struct storm *st, uint32_t cpu, bool back)
{
	struct storm_report *r = &st->m->out->report;
	struct ferry_plan *plan = NULL;
	void *memory = NULL;
	uint64_t since;
	bool left;
	int rc;

	storm_hotplug_lock(st);
	if (st->up <= 1 || !st->staying[cpu] || st->finishing) {
		storm_hotplug_unlock(st);
		return;
	}
	if (!pick(st, 4))
		free(ask_plan(st, cpu, NULL));
	if (st->arm)
		storm_arm_sgi(st);
	st->staying[cpu] = false;
	st->up--;
	since = st->m->now;
	storm_mq_plan(st, cpu);
	rc = ferry_cpu_leave(st->m->ferry, cpu);
	if (rc != FERRY_OK)
		violation(st->m, V_BROKEN, cpu, NONE, "leave returned %d", rc);
	left = rc == FERRY_OK && storm_mq_leave(st, cpu);
	if (left && pick(st, 2))
		memory = ask_plan(st, cpu, &plan);
	left = left && walk_off(st, cpu, plan);
	if (!left && rc == FERRY_OK)
		rc = ferry_cpu_roll_back(st->m->ferry, cpu);
	ferry_plan_drop(st->m->ferry, plan);
	free(memory);
	if (!left) {
		if (rc != FERRY_OK)
			violation(st->m, V_BROKEN, cpu, NONE, "roll back returned %d", rc);
		r->roll_backs++;
		storm_mq_unplan(st, cpu);
		back_online(st, cpu);
		storm_mq_enter(st);
		storm_hotplug_unlock(st);
		return;
	}
	/* Whatever still comes before the INIT is the library's fault. */
	cpu_yield(st->m);
	r->offlines++;
	histogram_add(&st->m->out->offline_time, st->m->now - since);
	hand_over(st, cpu, true);
	storm_mq_unplan(st, cpu);
	storm_hotplug_unlock(st);
	if (back)
		come_back_later(st, cpu);
	st->entered[cpu] = false;
	st->pending--; /* parked is not busy */
	cpu_park(st->m);
	st->pending++;
	enter(st, cpu);
	r->onlines++;
	st->m->cpu[cpu].iff = true;
}

static void online(struct storm *st, uint32_t cpu)
{
	storm_hotplug_lock(st);
	if (st->m->cpu[cpu].parked) {
		cpu_unpark(st->m, cpu);
		while (!st->entered[cpu])
			storm_nap(st, 200);
		storm_mq_enter(st);
	}
	st->coming[cpu] = false;
	storm_policy_pass(st);
	storm_hotplug_unlock(st);
}

/* ---- the beginning and the end ------------------------------------------------------------ */

static void setup(struct storm *st)
{
	const struct storm_spec *spec = st->spec;
	uint32_t i;
	int rc;

	for (i = 1; i < spec->cpus; i++)
		online(st, i);
	if (st->arm && !storm_arm_devices(st))
		return;
	for (i = 0; i < spec->nirqs; i++) {
		rc = create_source(st, i, spec->irqs[i].mask);
		if (rc != FERRY_OK) {
			storm_fail(st, rc, "interrupt %u (%.32s) can't be made: %s", i,
				   spec->irqs[i].name, ferry_status_text(rc));
			return;
		}
	}
	storm_hotplug_lock(st);
	storm_mq_start(st);
	storm_hotplug_unlock(st);
	if (st->status)
		return;
	storm_policy_start(st);
	storm_start_events(st);
}

static bool settle_one(struct storm *st, uint32_t src)
{
	struct source *s = &st->m->source[src];
	struct ferry_affinity a;
	uint64_t wait = 0;
	int rc;

	if (!s->live || s->dead || storm_mq_sleeps(st, src))
		return true;
	rc = ferry_irq_settle(st->m->ferry, s->irq, &wait);
	if (rc == FERRY_OK)
		return true;
	/* Only an arrival can end it. */
	if (rc == FERRY_E_NO_BOUND && !s->flights)
		device_raise(st->m, src);
	ferry_irq_affinity(st->m->ferry, s->irq, &a, NULL, NULL, NULL);
	if (a.state == FERRY_SETTLED && a.starved)
		return true;
	storm_nap(st, wait > 100 && wait < 100000 ? wait : 400);
	return false;
}

static bool quiet(struct storm *st)
{
	struct machine *m = st->m;
	uint32_t i;

	if (m->flying || st->pending > 1)
		return false;
	for (i = 0; i < m->config.cpus; i++)
		if ((st->arm ? !arm_idle(m, i) : lapic_any(&m->cpu[i])) ||
		    (i != m->current && !m->cpu[i].parked && m->cpu[i].state != CPU_IDLE))
			return false;
	return true;
}

static bool await_operations(struct storm *st)
{
	uint64_t deadline = st->m->now + 4 * PATIENCE_NS;

	while (st->pending > 1) {
		if (st->m->now > deadline)
			return false;
		/* What was queued behind this one on the same CPU. */
		if (st->queue[st->m->current].head)
			storm_work(st->m, st->m->current);
		else
			cpu_sleep(st->m, 1000);
	}
	return true;
}

static bool await_quiet(struct storm *st)
{
	uint64_t deadline = st->m->now + PATIENCE_NS;

	while (!quiet(st)) {
		if (st->m->now > deadline)
			return false;
		if (!await_operations(st))
			return false;
		cpu_sleep(st->m, 1000);
	}
	return true;
}

static void settle_all(struct storm *st)
{
	uint64_t deadline = st->m->now + PATIENCE_NS;
	uint32_t i;

	for (i = 0; i < st->spec->nirqs; i++)
		while (!settle_one(st, i))
			if (st->m->now > deadline)
				return; /* the final look will say what is stuck */
}

/* The last request is the one that counts. */
static void check_requested(struct storm *st)
{
	uint64_t requested[FERRY_CPUS_MAX / 64];
	struct ferry_affinity a;
	uint32_t i;

	for (i = 0; i < st->spec->nirqs; i++) {
		if (st->m->source[i].irq == NONE || !st->gen[i].last)
			continue;
		ferry_irq_affinity(st->m->ferry, st->m->source[i].irq, &a, requested, NULL, NULL);
		if (memcmp(requested, &st->masks[(size_t)i * st->words], st->words * 8))
			violation(st->m, V_BROKEN, NONE, i,
				  "not the last request is what is requested");
	}
}

static void finish(struct storm *st)
{
	uint32_t i;

	if (!await_operations(st))
		violation(st->m, V_BROKEN, NONE, NONE, "stuck: %u operations never end",
			  st->pending - 1);
	st->finishing = true;
	if (st->policy) {
		storm_hotplug_lock(st);
		storm_policy_stop(st);
		storm_hotplug_unlock(st);
	}
	for (i = 0; i < st->spec->cpus; i++)
		online(st, i);
	for (i = 0; i < st->spec->nirqs; i++)
		if (st->m->source[i].live && !st->m->source[i].dead) {
			ferry_irq_enable(st->m->ferry, st->m->source[i].irq);
			ferry_irq_unmask(st->m->ferry, st->m->source[i].irq);
		}
	storm_mq_finish(st);
	/* Queued requests are carried out when the settled ones free their slots:
	 * once more after all were asked. */
	settle_all(st);
	settle_all(st);
	if (!await_quiet(st))
		violation(st->m, V_BROKEN, NONE, NONE, "stuck: no quiet after the last event");
	settle_all(st);
	if (!await_quiet(st))
		violation(st->m, V_BROKEN, NONE, NONE, "stuck: no quiet after settling");
	storm_mq_refusals(st);
	if (st->mq && !await_quiet(st))
		violation(st->m, V_BROKEN, NONE, NONE, "stuck: no quiet after refusals");
	check_requested(st);
	if (st->arm)
		storm_arm_finish(st);
	st->finished = true;
	st->m->stop = true;
}

/* ---- the thread of a CPU -------------------------------------------------------------------- */

bool storm_has_work(struct machine *m, uint32_t cpu)
{
	struct storm *st = storm_of(m);

	return st->queue[cpu].head || !st->booted[cpu];
}

static void run_op(struct storm *st, uint32_t cpu, const struct op *op)
{
	switch ((enum op_kind)op->kind) {
	case OP_SETUP:
		setup(st);
		break;
	case OP_MOVE:
		move(st, op->arg, op->list);
		break;
	case OP_OFFLINE:
		offline(st, cpu, op->arg);
		break;
	case OP_ONLINE:
		online(st, op->arg);
		break;
	case OP_RECREATE:
	case OP_FREE:
	case OP_CREATE:
		recreate(st, op->arg, (enum op_kind)op->kind);
		break;
	case OP_MASK:
		mask_pair(st);
		break;
	case OP_POLL:
		ferry_poll(st->m->ferry);
		break;
	case OP_FINISH:
		finish(st);
		break;
	default:
		storm_mq_op(st, op);
		break;
	}
}

void storm_work(struct machine *m, uint32_t cpu)
{
	struct storm *st = storm_of(m);
	struct work_queue *q = &st->queue[cpu];
	uint32_t i = q->head;
	struct op op;

	if (!st->booted[cpu]) {
		uintptr_t flags = ferry_host_irq_save(m);

		st->booted[cpu] = true;
		enter(st, cpu);
		ferry_host_irq_restore(m, flags);
		return;
	}
	op = st->ops[i - 1];
	q->head = op.next;
	if (!q->head)
		q->tail = 0;
	st->ops[i - 1].next = st->free_op;
	st->free_op = i;
	run_op(st, cpu, &op);
	st->pending--;
}
