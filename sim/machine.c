/* SPDX-License-Identifier: MIT */
/* machine.c: the arena, the simulated CPUs as fibres, labels and the storm's chooser. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "virt.h"

/* Below where Linux puts anything by itself, above the sanitizers' shadows. */
#define ARENA_ADDRESS ((void *)0x200000000000)

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0
#endif

#define RECHECK_NS 150 /* how often the storm evaluates a ferry_host_wait condition */

void machine_at(struct machine *m, uint64_t t, label l)
{
	if (!queue_put(&m->out->queue, t, l))
		m->fatal = true;
}

static void cpu_at(struct machine *m, uint32_t cpu, uint64_t t)
{
	struct sim_cpu *c = &m->cpu[cpu];

	/* An entry already queued for a later moment goes stale: due tells. */
	if (!m->config.storm || t >= c->due)
		return;
	c->due = t;
	machine_at(m, t, label_of(L_STEP, cpu, 0));
}

/* ---- simulated CPUs, on their fibres -------------------------------------- */

/* The interrupt that the label L_TAKE put into the newest frame. */
static void enter_interrupt(struct machine *m, uint32_t cpu)
{
	struct sim_cpu *c = &m->cpu[cpu];
	const struct sim_client *client = m->config.client;
	struct frame *frame = &c->frame[c->depth - 1];
	int status = FERRY_X86_TAKEN;
	bool unfenced = c->unfenced;

	c->take = 0;
	c->history[c->depth] = frame->vector;
	if (m->config.gic) {
		status = client->interrupt(m, cpu, 0);
	} else if (frame->doorbell && client->doorbell) {
		client->doorbell(m, cpu);
	} else if (frame->doorbell) {
		ferry_x86_doorbell(m->ferry, cpu);
	} else if (frame->vector == m->config.system_vector) {
		lapic_eoi(m, cpu);
		client->system(m, cpu);
	} else if (client->interrupt) {
		status = client->interrupt(m, cpu, frame->vector);
	} else {
		status = ferry_x86_interrupt(m->ferry, cpu, frame->vector);
	}
	oracle_taken(m, cpu, frame, status);
	if (c->iff || c->locks)
		violation(m, V_BROKEN, cpu, NONE, "interrupt %#x returned with %s", frame->vector,
			  c->locks ? "a lock held" : "interrupts on");
	c->depth--;
	c->iff = true;
	c->unfenced = unfenced;
}

void cpu_resume(struct machine *m, enum cpu_state state)
{
	uint32_t cpu = m->current;
	struct sim_cpu *c = &m->cpu[cpu];
	bool (*done)(void *arg) = c->done;
	uint64_t until = c->until;
	void *arg = c->arg;

	for (;;) {
		while (m->fatal)
			fibre_switch(&c->fibre, &m->scheduler);
		c->committed = false;
		if (!c->take)
			return;
		enter_interrupt(m, cpu);
		c->done = done;
		c->arg = arg;
		c->until = until;
		c->state = (uint8_t)state;
		m->out->stops++;
		fibre_switch(&c->fibre, &m->scheduler);
	}
}

void cpu_block(struct machine *m, enum cpu_state state)
{
	struct sim_cpu *c = &m->cpu[m->current];

	c->state = (uint8_t)state;
	m->out->stops++;
	fibre_switch(&c->fibre, &m->scheduler);
	cpu_resume(m, state);
}

void cpu_sleep(struct machine *m, uint64_t ns)
{
	m->cpu[m->current].until = m->config.explore ? 0 : m->now + ns;
	m->cpu[m->current].done = NULL;
	cpu_block(m, CPU_SLEEP);
}

void cpu_nap(struct machine *m, uint64_t ns)
{
	struct sim_cpu *c = &m->cpu[m->current];
	bool iff = c->iff;

	c->iff = false;
	cpu_sleep(m, ns);
	c->iff = iff;
}

static void cpu_main(void *arg)
{
	struct machine *m = (struct machine *)ARENA_ADDRESS;
	uint32_t cpu = (uint32_t)(uintptr_t)arg;

	for (;;) {
		if (m->config.client->has_work(m, cpu)) {
			m->config.client->work(m, cpu);
		} else {
			m->cpu[cpu].history[0] = 0;
			cpu_block(m, CPU_IDLE);
		}
	}
}

void cpu_park(struct machine *m)
{
	uint32_t cpu = m->current;

	if (m->config.gic)
		arm_park(m, cpu);
	else
		lapic_reset(m, cpu);
	m->cpu[cpu].parked = true;
	cpu_block(m, CPU_PARKED);
}

uint64_t machine_resource(struct machine *m, const void *word)
{
	struct sim_out *out = m->out;
	size_t n = (size_t)((const char *)word - (const char *)m->library) / 4;

	if (n >= m->config.library / 4)
		return ~0ull;
	/* Words that share a bit only look more dependent than they are. */
	if (!out->resource[n])
		out->resource[n] = (uint8_t)(RES_FIRST + out->resources++ % (64 - RES_FIRST));
	return 1ull << out->resource[n];
}

void machine_share(struct machine *m, const void *word, uint32_t held, bool changes)
{
	size_t n = (size_t)((const char *)word - (const char *)m->library) / 4;
	struct sharing *s, old;

	if (n >= m->config.library / 4)
		return;
	s = &m->out->sharing[n];
	old = *s;
	s->accesses = s->accessed ? s->accesses & held : held;
	s->accessed = true;
	if (changes) {
		s->changes = s->changed ? s->changes & held : held;
		s->changed = true;
	}
	m->out->grown += s->accesses != old.accesses || s->changes != old.changes ||
			 s->accessed != old.accessed || s->changed != old.changed;
}

void machine_dirty(struct machine *m, const void *word)
{
	size_t n = (size_t)((const char *)word - (const char *)m->library) / LINE;

	if (!m->config.explore || n >= m->config.library / LINE || m->out->is_hot[n])
		return;
	m->out->is_hot[n] = 1;
	m->out->hot[m->out->nhot++] = (uint32_t)n;
}

void cpu_flush_one(struct machine *m, uint32_t cpu)
{
	struct sim_cpu *c = &m->cpu[cpu];
	struct store first = c->stores[0];

	if (!c->nstores)
		return;
	if (m->config.explore) {
		sim_writes(m, machine_resource(m, first.at));
		machine_dirty(m, first.at);
		if (*first.at != first.value)
			machine_share(m, first.at, 0, true);
	}
	*first.at = first.value;
	c->nstores--;
	memmove(c->stores, c->stores + 1, c->nstores * sizeof(*c->stores));
	if (first.unlock && m->config.storm)
		cpu_unlocked(m, (ferry_lock *)(void *)first.at);
}

void cpu_flush(struct machine *m, uint32_t cpu)
{
	while (m->cpu[cpu].nstores)
		cpu_flush_one(m, cpu);
}

void cpu_unpark(struct machine *m, uint32_t cpu)
{
	m->cpu[cpu].parked = false;
	m->cpu[cpu].state = CPU_READY;
	cpu_wake(m, cpu);
}

void cpu_wake(struct machine *m, uint32_t cpu)
{
	if (m->config.storm)
		cpu_at(m, cpu, cpu_step_time(m));
}

static bool may_take(const struct machine *m, const struct sim_cpu *c)
{
	/* A CPU can't stop in the middle of a register access. */
	return c->iff && c->state != CPU_FENCE && c->state != CPU_LOCK && !c->parked &&
	       c->depth < SIM_DEPTH && cpu_signalled(m, c);
}

void cpu_kick(struct machine *m, uint32_t cpu)
{
	struct sim_cpu *c = &m->cpu[cpu];

	if (cpu == m->current)
		return;
	if (c->state == CPU_GUEST && m->config.storm)
		cpu_at(m, cpu, virt_next(m, cpu));
	if (may_take(m, c) || (c->state == CPU_IDLE && m->config.client->has_work(m, cpu)))
		cpu_wake(m, cpu);
}

/* ---- which labels are enabled --------------------------------------------- */

static bool condition(struct machine *m, uint32_t cpu)
{
	struct sim_cpu *c = &m->cpu[cpu];
	bool result;

	m->quiet = true;
	m->asking = c;
	result = c->done(c->arg);
	m->asking = NULL;
	m->quiet = false;
	return result;
}

static bool may_step(struct machine *m, uint32_t cpu)
{
	struct sim_cpu *c = &m->cpu[cpu];
	bool storm = m->config.storm;

	switch ((enum cpu_state)c->state) {
	case CPU_READY:
		return true;
	case CPU_SLEEP:
		if (m->config.explore)
			return m->now >= c->until || (c->done && condition(m, cpu));
		return !storm || m->now >= c->until;
	case CPU_FENCE:
		return storm ? m->now >= c->until : device_fenced(m, c);
	case CPU_LOCK:
		return c->lock->opaque[0] == 0;
	case CPU_WAIT:
		return condition(m, cpu) || m->now >= c->deadline;
	case CPU_IDLE:
		return m->config.client->has_work(m, cpu);
	case CPU_PARKED:
	case CPU_GUEST: /* its labels are L_GUEST */
		break;
	}
	return false;
}

struct label_list {
	label *out;
	uint32_t n, max;
};

static void add(struct label_list *list, label l)
{
	if (list->n < list->max)
		list->out[list->n] = l;
	list->n++;
}

static void add_label(void *list, label l)
{
	add(list, l);
}

static label take_label(const struct machine *m, uint32_t cpu)
{
	return label_of(L_TAKE, cpu, m->config.gic ? 0 : (uint32_t)lapic_ready(&m->cpu[cpu]));
}

static void flight_labels(struct machine *m, uint32_t i, struct label_list *list)
{
	const struct flight *f = &m->flight[i];
	uint32_t cpu, n;

	if (f->kind == FLIGHT_IPI) {
		add(list, label_of(L_IPI, i, 0));
	} else if (f->kind == FLIGHT_EOI) {
		add(list, label_of(L_EOI, i, 0));
	} else if (f->kind == FLIGHT_MESSAGE && f->stage == 1) {
		if (device_may_reach(m, i))
			add(list, label_of(L_REACH, i, 0));
	} else if (f->kind == FLIGHT_MESSAGE && device_may_accept(m, i)) {
		for (n = cpu = 0; cpu < m->config.cpus && f->logical && f->lowest; cpu++)
			if (lapic_in_set(m, f, cpu)) {
				add(list, label_of(L_ACCEPT, i, cpu + 1));
				n++;
			}
		if (!n)
			add(list, label_of(L_ACCEPT, i, 0));
	}
}

/* Does anyone wait for time, and would the bound be true? It speaks of messages
 * sent before a fence; those after it may still be under way. */
static bool may_pass(const struct machine *m)
{
	bool waits = m->poll_at != NEVER && m->now < m->poll_at;
	uint32_t i;

	for (i = 0; i < m->config.cpus; i++)
		waits = waits || (m->cpu[i].state == CPU_SLEEP && m->cpu[i].until > m->now &&
				  m->cpu[i].until != NEVER);
	for (i = 0; waits && !m->config.bound_lies && i < m->flights_used; i++)
		waits = m->flight[i].kind != FLIGHT_MESSAGE || !m->flight[i].fenced;
	return waits;
}

uint32_t machine_labels(struct machine *m, label *out, uint32_t max)
{
	struct label_list list = { out, 0, max };
	uint32_t i;

	for (i = 0; i < m->config.cpus; i++) {
		bool take = may_take(m, &m->cpu[i]);

		/* Explored, an interrupt that can be taken is: it could as well have
		 * entered the IRR later. A GIC has no label for that. */
		if (!(take && m->config.explore && !m->config.yield_all && !m->config.gic) &&
		    may_step(m, i))
			add(&list, label_of(L_STEP, i, 0));
		if (take)
			add(&list, take_label(m, i));
		if (m->cpu[i].nstores)
			add(&list, label_of(L_FLUSH, i, 0));
	}
	for (i = 0; i < m->flights_used; i++)
		flight_labels(m, i, &list);
	for (i = 0; i < m->config.devices; i++)
		if (m->device[i].write_head)
			add(&list, label_of(L_WRITE, i, 0));
	if (m->config.gic)
		arm_labels(m, add_label, &list);
	if (m->virt)
		virt_labels(m, add_label, &list);
	if (m->poll_at != NEVER && (!m->config.explore || m->now >= m->poll_at))
		add(&list, label_of(L_POLL, 0, 0));
	if (m->config.explore && may_pass(m))
		add(&list, label_of(L_BOUND, 0, 0));
	return list.n;
}

/* ---- performing a label ---------------------------------------------------- */

/* The CPU's fibre stopped again: when does the storm look at it next? */
static void reschedule(struct machine *m, uint32_t cpu)
{
	struct sim_cpu *c = &m->cpu[cpu];

	switch ((enum cpu_state)c->state) {
	case CPU_READY:
		cpu_at(m, cpu, c->until > m->now ? c->until : cpu_step_time(m));
		break;
	case CPU_SLEEP:
	case CPU_FENCE:
		cpu_at(m, cpu, c->until > m->now ? c->until : m->now);
		break;
	case CPU_WAIT:
		cpu_at(m, cpu, m->now + RECHECK_NS);
		break;
	case CPU_LOCK: /* the unlock wakes it */
	case CPU_IDLE:
	case CPU_PARKED:
	case CPU_GUEST: /* by cpu_kick */
		break;
	}
	cpu_kick(m, cpu);
}

static void run_fibre(struct machine *m, uint32_t cpu)
{
	m->current = cpu;
	m->cpu[cpu].committed = false;
	sim_writes(m, RES_CPU(cpu & 3));
	/* With an interrupt that can be taken it would not have come to this. */
	if (m->cpu[cpu].iff)
		sim_reads(m, RES_IRR(cpu & 3));
	fibre_switch(&m->scheduler, &m->cpu[cpu].fibre);
	m->current = NONE;
	if (m->config.storm)
		reschedule(m, cpu);
}

static void perform_ipi(struct machine *m, uint32_t i)
{
	struct flight f = m->flight[i];

	flight_free(m, i);
	lapic_accept(m, f.cpu, &f);
}

static void perform_eoi(struct machine *m, uint32_t i)
{
	uint8_t vector = m->flight[i].vector;

	flight_free(m, i);
	device_eoi_broadcast(m, vector);
}

static void perform_virt(struct machine *m, label l)
{
	if (virt_perform(m, l))
		run_fibre(m, label_a(l));
	else if (m->config.storm && label_kind(l) == L_GUEST)
		reschedule(m, label_a(l));
}

void machine_perform(struct machine *m, label l)
{
	uint32_t a = label_a(l);

	machine_note(m, l);
	switch (label_kind(l)) {
	case L_STEP:
		run_fibre(m, a);
		break;
	case L_TAKE:
		if (m->config.gic)
			arm_take(m, a);
		else
			lapic_take(m, a, (uint8_t)label_b(l));
		run_fibre(m, a);
		break;
	case L_FIRE:
		device_fire(m, a);
		break;
	case L_REACH:
		device_reach(m, a);
		break;
	case L_ACCEPT:
		device_accept(m, a, label_b(l));
		break;
	case L_IPI:
		perform_ipi(m, a);
		break;
	case L_EOI:
		perform_eoi(m, a);
		break;
	case L_POLL:
		m->poll_at = NEVER;
		m->config.client->poll(m);
		break;
	case L_WRITE:
		device_land(m, a);
		break;
	case L_OP:
		m->config.client->op(m, a, label_b(l));
		break;
	case L_BOUND:
		m->now += m->config.drain_ns;
		break;
	case L_FLUSH:
		sim_writes(m, RES_CPU(a & 3));
		cpu_flush_one(m, a);
		break;
	case L_RECALL:
	case L_ITS:
	case L_WAKE:
	case L_ROUTE:
		arm_perform(m, l);
		break;
	case L_GUEST:
	case L_TICK:
	case L_SOFT:
		perform_virt(m, l);
		break;
	}
}

/* ---- the storm's chooser --------------------------------------------------- */

/* Can this entry still become a label that changes something? Not if it is stale,
 * or only evaluates a condition that nothing else can change. */
static bool is_idle(const void *arg, const struct queue_entry *e)
{
	const struct machine *m = arg;
	const struct sim_cpu *c = &m->cpu[label_a(e->label)];

	if (label_kind(e->label) == L_POLL)
		return e->t != m->poll_at;
	return label_kind(e->label) == L_STEP && (c->due != e->t || c->state == CPU_WAIT);
}

bool machine_deadlocked(const struct machine *m)
{
	uint32_t i;

	if (!queue_all(&m->out->queue, is_idle, m))
		return false;
	for (i = 0; i < m->config.cpus; i++)
		if (m->cpu[i].state == CPU_LOCK || m->cpu[i].state == CPU_WAIT)
			return true;
	return false;
}

static void storm_guest(struct machine *m, uint32_t cpu)
{
	label l = virt_choose(m, cpu);

	if (l)
		machine_perform(m, l);
	else
		reschedule(m, cpu);
}

static bool storm_cpu(struct machine *m, uint32_t cpu, uint64_t t)
{
	struct sim_cpu *c = &m->cpu[cpu];

	if (c->due != t)
		return true;
	c->due = NEVER;
	if (c->state == CPU_GUEST) {
		storm_guest(m, cpu);
		return true;
	}
	/* Hardware takes it at the next instruction boundary, but which one is
	 * the next is a matter of nanoseconds. */
	if (may_take(m, c) && (c->state != CPU_READY || machine_random(m) & 3)) {
		machine_perform(m, take_label(m, cpu));
	} else if (may_step(m, cpu)) {
		machine_perform(m, label_of(L_STEP, cpu, 0));
	} else {
		if (c->state == CPU_LOCK)
			cpu_chain(m, cpu);
		reschedule(m, cpu);
		if (c->state == CPU_WAIT && ++m->rechecks % 4096 == 0 && machine_deadlocked(m))
			return false;
	}
	return true;
}

static bool storm_step(struct machine *m)
{
	struct queue_entry e;

	if (m->fatal || !queue_take(&m->out->queue, &e))
		return false;
	m->now = e.t;
	if (label_kind(e.label) == L_STEP)
		return storm_cpu(m, label_a(e.label), e.t);
	if (label_kind(e.label) == L_POLL && e.t != m->poll_at)
		return true;
	machine_perform(m, e.label);
	return !m->fatal;
}

/* Flat, for the sake of the returns: see fibre_switch. */
__attribute__((flatten)) bool machine_storm(struct machine *m, uint32_t steps)
{
	while (steps-- && !m->stop)
		if (!storm_step(m))
			return false;
	return true;
}

void machine_look(struct machine *m)
{
	m->quiet = true;
	m->torn = false;
}

bool machine_looked(struct machine *m)
{
	m->quiet = false;
	return !m->torn;
}

/* ---- life ------------------------------------------------------------------ */

static size_t carve(size_t *used, size_t bytes)
{
	size_t at = *used;

	*used += (bytes + 63) & ~(size_t)63;
	return at;
}

static int by_id(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* What messages or routes name a CPU by: affinities in 32 bits keep their order. */
static uint32_t id_of(const struct sim_config *k, uint32_t cpu)
{
	if (k->gic == 3)
		return (uint32_t)(k->mpidrs[cpu] >> 8 & 0xff000000) | (k->mpidrs[cpu] & 0xffffff);
	return k->gic ? cpu : k->apic_ids[cpu];
}

static void init_tables(struct machine *m)
{
	const struct sim_config *k = &m->config;
	uint32_t i;

	for (i = 0; i < k->cpus; i++) {
		struct sim_cpu *c = &m->cpu[i];

		c->due = c->deadline = NEVER;
		c->state = CPU_PARKED;
		c->parked = true;
		c->iff = true;
		c->top = k->doorbell_high ? k->doorbell : 0;
		fibre_init(&c->fibre, m->stacks + (size_t)i * k->stack, k->stack, cpu_main,
			   (void *)(uintptr_t)i);
		m->apic_map[2 * i] = id_of(k, i);
		m->apic_map[2 * i + 1] = i;
	}
	qsort(m->apic_map, k->cpus, 2 * sizeof(uint32_t), by_id);
	for (i = 0; i < k->sources; i++) {
		m->source[i].irq = NONE;
		m->source[i].pending.time = m->source[i].latched.time = NEVER;
	}
}

struct machine *machine_new(const struct sim_config *config, struct sim_out *out)
{
	struct machine *m;
	size_t used = 0, at[14];
	uint8_t *base;

	carve(&used, sizeof(*m));
	at[0] = carve(&used, config->cpus * sizeof(*m->cpu));
	at[1] = carve(&used, config->sources * sizeof(*m->source));
	at[2] = carve(&used, config->devices * sizeof(*m->device));
	at[3] = carve(&used, config->flights * sizeof(*m->flight));
	at[4] = carve(&used, config->flights * sizeof(*m->tokens));
	at[5] = carve(&used, config->sources * sizeof(*m->levels));
	at[6] = carve(&used, config->cpus * 2 * sizeof(*m->apic_map));
	at[9] = carve(&used, config->sources * sizeof(*m->irq_src));
	used = (used + 4095) & ~(size_t)4095;
	at[10] = carve(&used, config->client_bytes);
	at[11] = carve(&used, arm_bytes(config));
	at[13] = carve(&used, virt_bytes(config));
	at[7] = carve(&used, config->library);
	/* Tables for ITSs and redistributors are aligned to 64 KB. */
	used = config->gic ? (used + 65535) & ~(size_t)65535 : (used + 4095) & ~(size_t)4095;
	at[12] = carve(&used, config->table_bytes);
	used = (used + 4095) & ~(size_t)4095;
	at[8] = carve(&used, (size_t)config->cpus * config->stack);
	base = mmap(ARENA_ADDRESS, used, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
	if (base == MAP_FAILED)
		return NULL;
	if (base != ARENA_ADDRESS) {
		munmap(base, used);
		return NULL;
	}
	m = (struct machine *)base;
	m->config = *config;
	m->out = out;
	out->queue.next = UINT64_MAX;
	m->rng = config->seed;
	m->current = NONE;
	m->poll_at = NEVER;
	m->arena_size = used;
	m->cpu = (struct sim_cpu *)(base + at[0]);
	m->source = (struct source *)(base + at[1]);
	m->device = (struct sim_device *)(base + at[2]);
	m->flight = (struct flight *)(base + at[3]);
	m->tokens = (struct token *)(base + at[4]);
	m->levels = (uint32_t *)(base + at[5]);
	m->apic_map = (uint32_t *)(base + at[6]);
	m->irq_src = (uint32_t *)(base + at[9]);
	m->client = base + at[10];
	m->library = base + at[7];
	m->stacks = base + at[8];
	init_tables(m);
	if (config->gic) {
		m->gic = (struct sim_gic *)(base + at[11]);
		m->tables = base + at[12];
		arm_init(m);
	}
	if (config->virt) {
		m->virt = (struct sim_virt *)(base + at[13]);
		virt_init(m);
	}
	return m;
}

void machine_delete(struct machine *m)
{
	munmap(m, m->arena_size);
}
