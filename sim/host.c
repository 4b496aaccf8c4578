/* SPDX-License-Identifier: MIT */
/*
 * host.c: irqferry/host.h on the simulated machine.
 *
 * Before each access to something shared the CPU yields: whatever else can
 * happen may happen first. Calls that commute to the left of everything other
 * CPUs can do (unlock, irq_restore, now, EOI) yield only with config.yield_all.
 */
#include "machine.h"

#define LOOKER 0xffffffffu /* owner of a lock that a look from outside took */

static void commuting(struct machine *m)
{
	if (m->config.yield_all)
		cpu_yield(m);
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

static void wake_waiter(struct machine *m, ferry_lock *lock)
{
	uint32_t first = lock->opaque[1] & 0xffff, next;

	if (!first)
		return;
	next = m->cpu[first - 1].waiter;
	lock->opaque[1] = next ? (lock->opaque[1] & 0xffff0000) | next : 0;
	cpu_wake(m, first - 1);
}

static void look_lock(struct machine *m, ferry_lock *lock)
{
	if (lock->opaque[0])
		m->torn = true;
	else
		lock->opaque[0] = LOOKER;
}

void ferry_host_lock(void *ctx, ferry_lock *lock)
{
	struct machine *m = ctx;
	struct sim_cpu *c;

	if (m->quiet) {
		look_lock(m, lock);
		return;
	}
	cpu_yield(m);
	c = &m->cpu[m->current];
	if (c->iff)
		violation(m, V_BROKEN, m->current, NONE, "a lock is taken with interrupts on");
	while (lock->opaque[0]) {
		if (lock->opaque[0] == m->current + 1) {
			violation(m, V_BROKEN, m->current, NONE,
				  "a lock is taken twice by one CPU");
			m->fatal = true;
		}
		c->lock = lock;
		if (m->config.storm)
			cpu_chain(m, m->current);
		cpu_block(m, CPU_LOCK);
	}
	lock->opaque[0] = m->current + 1;
	c->locks++;
}

void ferry_host_unlock(void *ctx, ferry_lock *lock)
{
	struct machine *m = ctx;

	if (m->quiet) {
		if (lock->opaque[0] == LOOKER)
			lock->opaque[0] = 0;
		return;
	}
	commuting(m);
	if (lock->opaque[0] != m->current + 1) {
		violation(m, V_BROKEN, m->current, NONE, "a lock is given back that was not taken");
		return;
	}
	lock->opaque[0] = 0;
	m->cpu[m->current].locks--;
	if (m->config.storm)
		wake_waiter(m, lock);
}

/* ---- atomics ------------------------------------------------------------------ */

uint32_t ferry_host_load(void *ctx, const ferry_atomic *cell)
{
	cpu_yield(ctx);
	return cell->value;
}

void ferry_host_store(void *ctx, ferry_atomic *cell, uint32_t value)
{
	cpu_yield(ctx);
	cell->value = value;
}

uint32_t ferry_host_xchg(void *ctx, ferry_atomic *cell, uint32_t value)
{
	uint32_t old;

	cpu_yield(ctx);
	old = cell->value;
	cell->value = value;
	return old;
}

uint32_t ferry_host_add(void *ctx, ferry_atomic *cell, uint32_t value)
{
	uint32_t old;

	cpu_yield(ctx);
	old = cell->value;
	cell->value = old + value;
	return old;
}

uint32_t ferry_host_or(void *ctx, ferry_atomic *cell, uint32_t bits)
{
	uint32_t old;

	cpu_yield(ctx);
	old = cell->value;
	cell->value = old | bits;
	return old;
}

uint32_t ferry_host_and(void *ctx, ferry_atomic *cell, uint32_t bits)
{
	uint32_t old;

	cpu_yield(ctx);
	old = cell->value;
	cell->value = old & bits;
	return old;
}

bool ferry_host_cas(void *ctx, ferry_atomic *cell, uint32_t expected, uint32_t value)
{
	cpu_yield(ctx);
	if (cell->value != expected)
		return false;
	cell->value = value;
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
		cpu_yield(m);
	old = m->cpu[m->current].iff;
	m->cpu[m->current].iff = false;
	return old;
}

void ferry_host_irq_restore(void *ctx, uintptr_t flags)
{
	struct machine *m = ctx;

	if (m->quiet)
		return;
	commuting(m);
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
	cpu_yield(m);
	m->quiet = true;
	now = done(arg);
	m->quiet = false;
	if (now)
		return;
	c->done = done;
	c->arg = arg;
	cpu_block(m, CPU_WAIT);
}

uint64_t ferry_host_now(void *ctx)
{
	struct machine *m = ctx;

	if (!m->quiet)
		commuting(m);
	return m->now;
}

void ferry_host_poll_in(void *ctx, uint64_t ns)
{
	struct machine *m = ctx;

	cpu_yield(m);
	/* A chooser without time sees the timer as due at any moment: the host's
	 * "or soon after" starts at 0. */
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
	oracle_start(m, cpu, src);
	m->source[src].running = cpu + 1;
	m->config.client->handler(m, src, cpu);
	m->source[src].running = 0;
	if (c->iff || c->locks)
		violation(m, V_BROKEN, cpu, src, "the handler ended with interrupts on or a lock");
}

void ferry_host_eoi(void *ctx, uint32_t cpu)
{
	check_cpu(ctx, cpu, "EOI");
	commuting(ctx); /* the own APIC, interrupts off; a broadcast takes time anyway */
	lapic_eoi(ctx, cpu);
}

bool ferry_host_irr(void *ctx, uint32_t cpu, uint8_t vector)
{
	struct machine *m = ctx;

	if (!m->quiet) {
		check_cpu(m, cpu, "IRR read");
		cpu_yield(m);
	}
	return m->cpu[cpu].irr[vector >> 6] >> (vector & 63) & 1;
}

void ferry_host_ipi(void *ctx, uint32_t cpu, uint8_t vector)
{
	struct machine *m = ctx;

	cpu_yield(m);
	m->out->report.ipis++;
	if (vector != m->config.doorbell)
		violation(m, V_BROKEN, m->current, NONE, "IPI with vector %#x, not the doorbell",
			  vector);
	if (m->cpu[cpu].parked)
		violation(m, V_OFFLINE, cpu, NONE, "an IPI is sent to a CPU that is offline");
	else
		lapic_send_ipi(m, cpu, vector);
}

/* ---- sources --------------------------------------------------------------------- */

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

	cpu_yield(m);
	if (!known(m, device, index))
		return 0;
	if (m->quiet)
		return device_read(m, index, reg);
	fence_writes(m, index);
	value = device_read(m, index, reg);
	fence_messages(m, index, m->config.fence_irr, false, 40);
	return value;
}

void ferry_host_write(void *ctx, uint32_t device, uint32_t index, enum ferry_reg reg,
		      uint32_t value)
{
	struct machine *m = ctx;

	cpu_yield(m);
	if (known(m, device, index))
		device_post(m, index, reg, value);
}

void ferry_host_irte_write(void *ctx, uint32_t unit, uint32_t index, const struct ferry_irte *entry)
{
	struct machine *m = ctx;

	(void)unit;
	cpu_yield(m);
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
	cpu_yield(m);
	if (m->config.storm)
		cpu_nap(m, 30 + machine_below(m, 300));
	m->source[index].irte.valid = false;
	if (m->config.remap_drains)
		fence_messages(m, index, false, true, 10);
	else
		cpu_yield(m);
}
