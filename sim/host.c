/* SPDX-License-Identifier: MIT */
/*
 * host.c: irqferry/host.h on the simulated machine.
 *
 * Before each access to something shared the CPU yields: whatever else can
 * happen may happen first. Calls that commute to the left of everything other
 * CPUs can do (unlock, irq_restore, now, EOI) yield only with config.yield_all.
 * Explored, a CPU yields only where a section ends (config.explore); and every
 * value that the code gets from here goes into its history.
 */
#include "virt.h"

#define FLUSH_NS 400       /* a storm lets a store wait so long */
#define LOOKER 0xffffffffu /* owner of a lock that a look from outside took */

static void commuting(struct machine *m)
{
	cpu_yield_for(m, MOVES_LEFT);
}

/* Which call this is, and what it was given: with the answer, all there is to know. */
enum {
	SAW_LOCK = 1,
	SAW_LOAD,
	SAW_RMW,
	SAW_CAS,
	SAW_SAVE,
	SAW_WAIT,
	SAW_NOW,
	SAW_IRR,
	SAW_READ,
	SAW_HANDLED
};

static void saw(struct machine *m, uint32_t what, uint64_t value)
{
	if (m->config.explore && !m->quiet && m->current != NONE)
		sim_observe(m, (uint64_t)what << 56 ^ value);
}

/* ---- locks ------------------------------------------------------------------ */

/* opaque[0]: owner + 1. opaque[1]: first and last waiter + 1, storm only. */

void cpu_chain(struct machine *m, uint32_t cpu)
{
	struct sim_cpu *c = &m->cpu[cpu];
	uint32_t chain = c->lock->opaque[1], last = chain >> 16;

	c->waiter = 0;
	if (last)
		m->cpu[last - 1].waiter = (uint16_t)(cpu + 1);
	c->lock->opaque[1] = (last ? chain & 0xffff : cpu + 1) | (cpu + 1) << 16;
}

void cpu_unlocked(struct machine *m, ferry_lock *lock)
{
	uint32_t first = lock->opaque[1] & 0xffff, next;

	if (!first)
		return;
	next = m->cpu[first - 1].waiter;
	lock->opaque[1] = next ? (lock->opaque[1] & 0xffff0000) | next : 0;
	cpu_wake(m, first - 1);
}

static void touch(struct machine *m, const void *word, bool write)
{
	if (!m->config.explore)
		return;
	if (write) {
		sim_writes(m, machine_resource(m, word));
		machine_dirty(m, word);
	} else {
		sim_reads(m, machine_resource(m, word));
	}
}

static void look_lock(struct machine *m, ferry_lock *lock)
{
	touch(m, lock, false);
	if (lock->opaque[0])
		m->torn = true;
	else
		lock->opaque[0] = LOOKER;
}

/* An unlock is a store: with store buffers it waits there with the others. */
static void put_store(struct machine *m, uint32_t *at, uint32_t value, bool unlock)
{
	struct sim_cpu *c = &m->cpu[m->current];

	if (c->nstores == STORES)
		cpu_flush_one(m, m->current);
	c->stores[c->nstores++] = (struct store){ at, value, unlock };
	if (m->config.storm)
		machine_at(m, m->now + 1 + machine_below(m, FLUSH_NS),
			   label_of(L_FLUSH, m->current, 0));
}

static bool buffers(const struct machine *m)
{
	return (m->config.tso || m->config.weak) && !m->quiet && m->current != NONE;
}

/* What this CPU sees: its own stores first (SDM 3A 9.2.3.4). */
static uint32_t visible(const struct machine *m, const uint32_t *at)
{
	const struct sim_cpu *c = &m->cpu[m->current == NONE ? 0 : m->current];
	uint32_t i;

	for (i = m->current == NONE ? 0 : c->nstores; i > 0; i--)
		if (c->stores[i - 1].at == at)
			return c->stores[i - 1].value;
	return *at;
}

static struct sharing *sharing_of(struct machine *m, const void *word)
{
	size_t n = (size_t)((const char *)word - (const char *)m->library) / 4;

	return n < m->config.library / 4 ? &m->out->sharing[n] : NULL;
}

static uint32_t held(const struct machine *m)
{
	const struct sim_cpu *c = &m->cpu[m->current];

	return c->held | (c->iff ? 0 : HELD_CPU(m->current)) |
	       (c->depth ? 0 : HELD_THREAD(m->current));
}

/* Can anyone tell when this access is made? See struct sharing. `changes` may come
 * later, from change(). */
static enum mover mover_of(struct machine *m, const void *word, bool load)
{
	const struct sharing *s;

	if (!m->config.explore || m->current == NONE || m->quiet)
		return MOVES_NOT;
	s = sharing_of(m, word);
	if (!s)
		return MOVES_NOT;
	machine_share(m, word, held(m), false);
	if (!s->changed || (s->accesses & held(m)) || (load && (s->changes & held(m))))
		return MOVES_BOTH;
	return MOVES_NOT;
}

/* Arm: a barrier has to come before an SGI that tells of it. */
static void stored(struct machine *m)
{
	if (m->current != NONE && !m->quiet)
		m->cpu[m->current].unfenced = true;
}

static void note_change(struct machine *m, const ferry_atomic *cell, uint32_t value)
{
	uint64_t seen = m->config.client->changed(m, cell, value);

	if (seen)
		saw(m, SAW_RMW, seen);
}

/* The cell is about to get this value. */
static void change(struct machine *m, ferry_atomic *cell, uint32_t value)
{
	if (m->config.explore && m->current != NONE && !m->quiet && cell->value != value)
		machine_share(m, cell, held(m), true);
	if (m->config.client->changed && m->current != NONE && !m->quiet && cell->value != value)
		note_change(m, cell, value);
	cell->value = value;
}

/* Locks are named in the order in which they are first taken; one that has no bit
 * of its own protects nothing. */
static uint32_t lock_bit(struct machine *m, const ferry_lock *lock)
{
	size_t n = (size_t)((const char *)lock - (const char *)m->library) / 4;

	if (!m->config.explore || n >= m->config.library / 4)
		return 0;
	if (!m->out->lock_name[n] && m->out->lock_names < 32 - HELD_LOCKS)
		m->out->lock_name[n] = 1u << (HELD_LOCKS + m->out->lock_names++);
	return m->out->lock_name[n];
}

/* The lock of this bit is taken after those held: in one order always, or some day
 * two CPUs wait for one another. `after` is kept transitive. */
static void check_order(struct machine *m, uint32_t bit)
{
	uint32_t *after = m->out->lock_after, held = m->cpu[m->current].held >> HELD_LOCKS, k, n;

	if (!bit)
		return;
	n = (uint32_t)__builtin_ctz(bit) - HELD_LOCKS;
	if (after[n] & held)
		violation(m, V_BROKEN, m->current, NONE,
			  "two locks are taken in one order here and in the other elsewhere");
	for (; held; held &= held - 1)
		after[__builtin_ctz(held)] |= after[n] | 1u << n;
	for (k = 0; k < 32; k++)
		if (after[k] >> n & 1)
			after[k] |= after[n];
}

static bool is_alone(const struct machine *m, const ferry_lock *lock)
{
	size_t n = (size_t)((const char *)lock - (const char *)m->library) / 4;

	return m->out->alone && n < m->config.library / 4 && m->out->alone[n];
}

/* A lock that is only ever taken by holders of another one is never waited for. */
static enum mover lock_mover(struct machine *m, const ferry_lock *lock)
{
	if (!m->config.explore || mover_of(m, lock, false) == MOVES_NOT)
		return MOVES_RIGHT;
	return MOVES_BOTH;
}

void ferry_host_lock(void *ctx, ferry_lock *lock)
{
	struct machine *m = ctx;
	struct sim_cpu *c;

	if (m->quiet) {
		look_lock(m, lock);
		return;
	}
	if (is_alone(m, lock) && !lock->opaque[0]) {
		lock->opaque[0] = m->current + 1;
		m->cpu[m->current].locks++;
		return;
	}
	cpu_yield_for(m, m->config.tso || m->config.weak ? MOVES_RIGHT : lock_mover(m, lock));
	c = &m->cpu[m->current];
	/* With `weak` an acquire lets earlier stores wait, but for one to the lock itself. */
	if (!m->config.weak || visible(m, &lock->opaque[0]) != lock->opaque[0])
		cpu_flush(m, m->current);
	if (c->iff)
		violation(m, V_BROKEN, m->current, NONE, "a lock is taken with interrupts on");
	while (lock->opaque[0]) {
		if (lock->opaque[0] == m->current + 1) {
			violation(m, V_BROKEN, m->current, NONE,
				  "a lock is taken twice by one CPU");
			m->fatal = true;
		}
		touch(m, lock, true);
		c->lock = lock;
		if (m->config.storm)
			cpu_chain(m, m->current);
		cpu_block(m, CPU_LOCK);
	}
	touch(m, lock, true);
	if (m->config.explore)
		machine_share(m, lock, held(m), true);
	lock->opaque[0] = m->current + 1;
	c->locks++;
	if (m->out->counts)
		m->out->counts->locks++;
	check_order(m, lock_bit(m, lock));
	c->held |= lock_bit(m, lock);
	c->locked_at = m->now;
	if (m->config.explore)
		saw(m, SAW_LOCK, m->config.client->seen(m, lock));
}

void ferry_host_unlock(void *ctx, ferry_lock *lock)
{
	struct machine *m = ctx;

	if (m->quiet) {
		if (lock->opaque[0] == LOOKER)
			lock->opaque[0] = 0;
		return;
	}
	if (is_alone(m, lock) && lock->opaque[0] == m->current + 1) {
		lock->opaque[0] = 0;
		m->cpu[m->current].locks--;
		return;
	}
	commuting(m);
	if (visible(m, &lock->opaque[0]) != m->current + 1) {
		violation(m, V_BROKEN, m->current, NONE, "a lock is given back that was not taken");
		return;
	}
	stored(m);
	m->cpu[m->current].locks--;
	m->cpu[m->current].held &= ~lock_bit(m, lock);
	if (buffers(m)) {
		put_store(m, &lock->opaque[0], 0, true);
		return;
	}
	touch(m, lock, true);
	lock->opaque[0] = 0;
	if (m->config.storm)
		cpu_unlocked(m, lock);
}

/* ---- atomics ------------------------------------------------------------------ */

uint32_t ferry_host_load(void *ctx, const ferry_atomic *cell)
{
	struct machine *m = ctx;
	uint32_t value;

	cpu_yield_for(m, mover_of(m, cell, true));
	value = visible(m, &cell->value);
	touch(m, cell, false);
	saw(m, SAW_LOAD, value);
	return value;
}

void ferry_host_store(void *ctx, ferry_atomic *cell, uint32_t value)
{
	struct machine *m = ctx;

	if (buffers(m)) {
		cpu_yield_for(m, m->cpu[m->current].nstores == STORES ? MOVES_NOT : MOVES_BOTH);
		put_store(m, &cell->value, value, false);
		stored(m);
		return;
	}
	cpu_yield_for(m, mover_of(m, cell, false));
	touch(m, cell, true);
	change(m, cell, value);
	stored(m);
}

/* Before a read-modify-write: a full barrier. */
static uint32_t begin_rmw(struct machine *m, ferry_atomic *cell)
{
	cpu_yield_for(m, m->config.tso || m->config.weak ? MOVES_NOT : mover_of(m, cell, false));
	if (m->current != NONE)
		cpu_flush(m, m->current);
	touch(m, cell, true);
	stored(m);
	saw(m, SAW_RMW, cell->value);
	return cell->value;
}

uint32_t ferry_host_xchg(void *ctx, ferry_atomic *cell, uint32_t value)
{
	uint32_t old = begin_rmw(ctx, cell);

	change(ctx, cell, value);
	return old;
}

uint32_t ferry_host_add(void *ctx, ferry_atomic *cell, uint32_t value)
{
	uint32_t old = begin_rmw(ctx, cell);

	change(ctx, cell, old + value);
	return old;
}

uint32_t ferry_host_or(void *ctx, ferry_atomic *cell, uint32_t bits)
{
	uint32_t old = begin_rmw(ctx, cell);

	change(ctx, cell, old | bits);
	return old;
}

uint32_t ferry_host_and(void *ctx, ferry_atomic *cell, uint32_t bits)
{
	uint32_t old = begin_rmw(ctx, cell);

	change(ctx, cell, old & bits);
	return old;
}

bool ferry_host_cas(void *ctx, ferry_atomic *cell, uint32_t expected, uint32_t value)
{
	if (begin_rmw(ctx, cell) != expected)
		return false;
	change(ctx, cell, value);
	return true;
}

/* ---- interrupt flag, waiting, time --------------------------------------------- */

uintptr_t ferry_host_irq_save(void *ctx)
{
	struct machine *m = ctx;
	bool old;

	if (m->quiet)
		return 0;
	/* Before the flag is cleared an interrupt may still come; after, nothing. */
	if (m->config.yield_all || m->cpu[m->current].iff)
		cpu_yield_for(m, MOVES_RIGHT);
	else
		m->out->stops++;
	old = m->cpu[m->current].iff;
	saw(m, SAW_SAVE, old);
	m->cpu[m->current].iff = false;
	return old;
}

void ferry_host_irq_restore(void *ctx, uintptr_t flags)
{
	struct machine *m = ctx;

	if (m->quiet)
		return;
	if (m->config.yield_all || flags)
		commuting(m);
	else
		m->out->stops++;
	if (m->cpu[m->current].locks)
		violation(m, V_BROKEN, m->current, NONE, "irq_restore with a lock held");
	m->cpu[m->current].iff = flags != 0;
}

void ferry_host_wait(void *ctx, bool (*done)(void *arg), void *arg)
{
	struct machine *m = ctx;
	struct sim_cpu *c = &m->cpu[m->current];
	bool now;

	if (c->locks)
		violation(m, V_BROKEN, m->current, NONE, "ferry_host_wait with a lock held");
	cpu_yield_for(m, MOVES_NOT);
	cpu_flush(m, m->current);
	m->quiet = true;
	now = done(arg);
	m->quiet = false;
	if (now)
		return;
	c->done = done;
	c->arg = arg;
	cpu_block(m, CPU_WAIT);
	m->quiet = true;
	(void)done(arg); /* what it reads belongs to this step */
	m->quiet = false;
	c->committed = true;
}

uint64_t ferry_host_now(void *ctx)
{
	struct machine *m = ctx;

	if (!m->quiet)
		cpu_yield_for(m, m->config.explore ? MOVES_NOT : MOVES_LEFT);
	sim_reads(m, RES_TIME);
	/* Not the moment itself: what was seen with the lock is told from then on. */
	if (m->current != NONE)
		saw(m, SAW_NOW, sim_held_for(m, &m->cpu[m->current]));
	return m->now;
}

void ferry_host_poll_in(void *ctx, uint64_t ns)
{
	struct machine *m = ctx;

	/* Only L_BOUND sees it, which waits for nobody. */
	cpu_yield_for(m, m->config.explore ? MOVES_LEFT : MOVES_NOT);
	sim_writes(m, RES_TIME);
	if (m->now + ns >= m->poll_at)
		return;
	m->poll_at = m->now + ns;
	if (m->config.storm)
		machine_at(m, m->poll_at, label_of(L_POLL, 0, 0));
}

/* ---- handlers and local APICs ---------------------------------------------------- */

static void check_cpu(struct machine *m, uint32_t cpu, const char *what)
{
	if (cpu != m->current)
		violation(m, V_BROKEN, m->current, NONE, "%s for CPU %u on another one", what, cpu);
}

void ferry_host_handle(void *ctx, uint32_t irq, uintptr_t cookie, uint32_t cpu)
{
	struct machine *m = ctx;
	struct sim_cpu *c = &m->cpu[cpu];
	uint32_t src = (uint32_t)cookie;

	check_cpu(m, cpu, "handler");
	commuting(m); /* that it was decided is what others can see */
	if (c->iff || c->locks || !c->depth)
		violation(m, V_BROKEN, cpu, src, "handler started with %s",
			  c->locks ? "a lock held" : "interrupts on or in a thread");
	if (m->source[src].irq != irq && m->source[src].live)
		violation(m, V_BROKEN, cpu, src, "handler called for irq %u, which it is not", irq);
	machine_say(m, "handler of source %u starts", src);
	oracle_start(m, cpu, src);
	m->source[src].running = cpu + 1;
	m->config.client->handler(m, src, cpu);
	saw(m, SAW_HANDLED, 0);
	machine_say(m, "handler of source %u ends", src);
	m->source[src].running = 0;
	if (c->iff || c->locks)
		violation(m, V_BROKEN, cpu, src, "the handler ended with interrupts on or a lock");
}

void ferry_host_eoi(void *ctx, uint32_t cpu)
{
	struct machine *m = ctx;

	check_cpu(m, cpu, "EOI");
	/* The own APIC, interrupts off; a broadcast takes time, but where it comes at once. */
	cpu_yield_for(m, m->config.eoi_now && m->nlevels ? MOVES_NOT : MOVES_LEFT);
	lapic_eoi(m, cpu);
}

bool ferry_host_irr(void *ctx, uint32_t cpu, uint8_t vector)
{
	struct machine *m = ctx;
	bool set;

	if (!m->quiet) {
		check_cpu(m, cpu, "IRR read");
		cpu_yield_for(m, MOVES_NOT);
	}
	sim_reads(m, RES_IRR(cpu & 3));
	set = m->cpu[cpu].irr[vector >> 6] >> (vector & 63) & 1;
	saw(m, SAW_IRR, set);
	return set;
}

void ferry_host_ipi(void *ctx, uint32_t cpu, uint8_t vector)
{
	struct machine *m = ctx;

	/* What was stored before must be visible to its handler. Sent late it can't be
	 * told from delivered late; arriving at once it can. */
	cpu_yield_for(m, m->config.ipi_now ? MOVES_NOT : MOVES_LEFT);
	cpu_flush(m, m->current);
	m->out->report.ipis++;
	machine_say(m, "rings CPU %u", cpu);
	if (vector != m->config.doorbell)
		violation(m, V_BROKEN, m->current, NONE, "IPI with vector %#x, not the doorbell",
			  vector);
	if (m->cpu[cpu].parked)
		violation(m, V_OFFLINE, cpu, NONE, "an IPI is sent to a CPU that is offline");
	else
		lapic_send_ipi(m, cpu, vector);
}

/* ---- sources --------------------------------------------------------------------- */

static const char *const reg_name[8] = { "address", "address high", "data",     "mask",
					 "enable",  "RTE low",      "RTE high", "EOI" };

static bool known(struct machine *m, uint32_t device, uint32_t index)
{
	if (index < m->config.sources && m->source[index].device == device)
		return true;
	violation(m, V_BROKEN, m->current, NONE, "register of device %u, index %u: there is none",
		  device, index);
	return false;
}

static void await_fence(struct machine *m, uint64_t least)
{
	struct sim_cpu *c = &m->cpu[m->current];
	uint64_t t;

	if (m->config.storm) {
		t = m->now + least + machine_below(m, least * 3);
		c->until = device_fence_time(m, c);
		if (c->until < t)
			c->until = t;
	}
	cpu_block(m, CPU_FENCE);
}

/* A read arrives behind the writes posted before, all CPUs' (PCI 3.0 3.2.5). */
static void fence_writes(struct machine *m, uint32_t src)
{
	struct sim_cpu *c = &m->cpu[m->current];
	struct sim_device *d = &m->device[m->source[src].device];

	sim_reads(m, RES_DEVICE(m->source[src].device & 3));
	if (!d->write_head)
		return;
	c->fence_src = src;
	c->fence_seq = d->posted;
	c->fence_writes = true;
	await_fence(m, 1);
	c->fence_writes = false;
}

/* And its answer behind the messages that the device sent before. Or: what an
 * invalidation of a remapping entry waits for. */
static void fence_messages(struct machine *m, uint32_t src, bool irr, bool irte, uint64_t least)
{
	struct sim_cpu *c = &m->cpu[m->current];

	sim_reads(m, RES_DEVICE(m->source[src].device & 3));
	c->fence_src = src;
	c->fence_seq = m->device[m->source[src].device].seq;
	c->fence_irr = irr;
	c->fence_irte = irte;
	await_fence(m, least);
}

uint32_t ferry_host_read(void *ctx, uint32_t device, uint32_t index, enum ferry_reg reg)
{
	struct machine *m = ctx;
	uint32_t value;

	cpu_yield_for(m, MOVES_NOT);
	if (!known(m, device, index))
		return 0;
	if (m->quiet)
		return device_read(m, index, reg);
	cpu_flush(m, m->current);
	fence_writes(m, index);
	value = device_read(m, index, reg);
	/* PCI 3.0 3.3.3.1: nobody answers. */
	if (m->config.fail && m->reads < m->config.fail && ++m->reads == m->config.fail) {
		value = 0xffffffff;
		if (m->config.fail_on)
			device_vanish(m);
	}
	if (m->gone)
		value = 0xffffffff;
	saw(m, SAW_READ, value);
	machine_say(m, "reads %s of source %u: %#x", reg_name[reg & 7], index, value);
	fence_messages(m, index, m->config.fence_irr, false, 40);
	device_mark_fenced(m, index, false);
	return value;
}

void ferry_host_write(void *ctx, uint32_t device, uint32_t index, enum ferry_reg reg,
		      uint32_t value)
{
	struct machine *m = ctx;

	cpu_yield_for(m, MOVES_NOT);
	if (m->current != NONE)
		cpu_flush(m, m->current);
	machine_say(m, "writes %s of source %u: %#x", reg_name[reg & 7], index, value);
	if (known(m, device, index))
		device_post(m, index, reg, value);
}

void ferry_host_irte_write(void *ctx, uint32_t unit, uint32_t index, const struct ferry_irte *entry)
{
	struct machine *m = ctx;

	(void)unit;
	cpu_yield_for(m, MOVES_NOT);
	cpu_flush(m, m->current);
	machine_say(m, "writes entry %u: vector %#x, destination %#x", index, entry->vector,
		    entry->dest);
	if (index < m->config.sources)
		sim_writes(m, RES_DEVICE(m->source[index].device & 3));
	/* VT-d 9.10: 128 bits at once. */
	if (index < m->config.sources && m->source[index].kind == FERRY_X86_REMAPPED)
		m->source[index].irte.now = *entry;
	else
		violation(m, V_BROKEN, m->current, NONE, "remapping entry %u is nobody's", index);
}

void ferry_host_irte_sync(void *ctx, uint32_t unit, uint32_t index)
{
	struct machine *m = ctx;

	(void)unit;
	if (index >= m->config.sources)
		return;
	/* VT-d 6.5.2: the invalidation happens some time after it was queued, its
	 * wait descriptor is written after that. */
	cpu_yield_for(m, MOVES_NOT);
	if (m->config.storm)
		cpu_nap(m, 30 + machine_below(m, 300));
	m->source[index].irte.valid = false;
	sim_writes(m, RES_DEVICE(m->source[index].device & 3));
	if (m->config.remap_drains)
		fence_messages(m, index, false, true, 10);
	else
		cpu_yield_for(m, MOVES_NOT);
	device_mark_fenced(m, index, true);
}
