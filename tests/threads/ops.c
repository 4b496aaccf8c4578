// SPDX-License-Identifier: MIT
/* What CPU threads ask of the library at random, and what must hold after each. */
#include <irqferry/plan.h>
#include "queues.h"

/* One at a time masks, disables or recycles a device; nobody waits for it. */
bool claim(struct device *d)
{
	return !atomic_exchange(&d->claimed, true);
}

void unclaim(struct device *d)
{
	atomic_store(&d->claimed, false);
}

/* What a CPU does while it waits for something in thread context. */
void serve(struct world *w, struct cpu *c)
{
	bool any = apic_take(c);

	any |= poll_if_due(w);
	atomic_fetch_add_explicit(&c->rounds, 1, memory_order_relaxed);
	if (any)
		atomic_fetch_add_explicit(&c->activity, 1, memory_order_relaxed);
	else
		sched_yield();
}

/* ---- affinity ------------------------------------------------------------- */

uint64_t random_mask(struct world *w)
{
	uint64_t all = (1ull << w->cpus) - 1;

	switch (below(4)) {
	case 0:
		return all;
	case 1:
		return (next_random(&thread_random) & all) | 1ull << below(w->cpus);
	default:
		return 1ull << below(w->cpus);
	}
}

void random_affinity(struct world *w, struct device *d)
{
	uint64_t mask = random_mask(w);
	uint32_t prefer = below(2) ? FERRY_NONE : below(w->cpus);
	uint32_t ticket = 0;
	int status = ferry_irq_set_affinity(w->ferry, atomic_load(&d->irq), &mask, prefer, &ticket);

	switch (status) {
	case FERRY_OK:
		if (!ticket)
			fail(w, "set_affinity: accepted without a ticket");
		break;
	case FERRY_E_NO_CPU:
	case FERRY_E_NO_SPACE:
	case FERRY_E_UNREACHABLE:
	case FERRY_E_NO_MASK:
	case FERRY_E_MANAGED:
		self->refused++;
		break;
	case FERRY_E_STATE:
		/* Somebody recycles it: only then is this an answer. */
		self->refused++;
		break;
	default:
		fail(w, "set_affinity(device %u, 0x%lx): %d", d->index, mask, status);
	}
}

/* The snapshot is one: settled and satisfied means inside what was requested.
 * Under the claim, for of one being freed all that is forgotten. */
static void look(struct world *w, struct device *d)
{
	struct ferry_affinity a;
	uint64_t requested = 0, effective = 0, old = 0;
	int status = ferry_irq_affinity(w->ferry, atomic_load(&d->irq), &a, &requested, &effective,
					&old);

	if (status)
		fail(w, "affinity(device %u): %d", d->index, status);
	if (a.state == FERRY_SETTLED && !a.queued && !a.starved && !a.broken &&
	    (effective & ~requested))
		fail(w, "device %u: settled on 0x%lx, requested 0x%lx", d->index, effective,
		     requested);
	if (a.state == FERRY_SETTLED && (old || a.old_cpus))
		fail(w, "device %u: settled, and %u CPUs owe", d->index, a.old_cpus);
	if ((int32_t)(a.asked - a.generation) < 0)
		fail(w, "device %u: generation %u ahead of ticket %u", d->index, a.generation,
		     a.asked);
}

static void settle(struct world *w, struct device *d)
{
	uint64_t wait_ns = 0;
	int status = ferry_irq_settle(w->ferry, atomic_load(&d->irq), &wait_ns);

	if (status && status != FERRY_E_AGAIN && status != FERRY_E_STATE)
		fail(w, "settle(device %u): %d", d->index, status);
}

/* ---- mask, disable, free ---------------------------------------------------- */

static void mask_a_while(struct world *w, struct cpu *c, struct device *d)
{
	uint32_t irq = atomic_load(&d->irq);

	if (ferry_irq_mask(w->ferry, irq))
		fail(w, "mask(device %u) failed", d->index);
	for (uint32_t i = below(8); i > 0; i--)
		serve(w, c);
	if (ferry_irq_unmask(w->ferry, irq))
		fail(w, "unmask(device %u) failed", d->index);
}

/* After disable has returned no handler runs and none starts. */
static void disable_a_while(struct world *w, struct cpu *c, struct device *d)
{
	uint32_t irq = atomic_load(&d->irq);

	if (ferry_irq_disable(w->ferry, irq))
		fail(w, "disable(device %u) failed", d->index);
	if (atomic_load(&d->running))
		fail(w, "device %u: its handler runs after disable", d->index);
	atomic_store(&d->forbidden, true);
	for (uint32_t i = below(8); i > 0; i--)
		serve(w, c);
	atomic_store(&d->forbidden, false);
	if (ferry_irq_enable(w->ferry, irq))
		fail(w, "enable(device %u) failed", d->index);
}

void device_create(struct world *w, struct device *d)
{
	struct ferry_source source = {
		.kind = d->kind,
		.flags = w->mode == MODE_ORDERED ? FERRY_SOURCE_ORDERED : 0,
		.device = d->index,
		.index = d->index,
		.cookie = d->index,
	};
	uint32_t irq = FERRY_NONE;
	int made;

	/* No room is an answer while CPUs are away: they come back. */
	while ((made = ferry_x86_create(w->ferry, &source, NULL, 1, &irq)) == FERRY_E_NO_SPACE ||
	       made == FERRY_E_UNREACHABLE || made == FERRY_E_NO_CPU)
		serve(w, self);
	if (made != 1)
		fail(w, "create(device %u): %d", d->index, made);
	atomic_store(&d->irq, irq);
	if (ferry_irq_enable(w->ferry, irq))
		fail(w, "enable(device %u) failed", d->index);
	device_start(d);
}

/* Take the interrupt down under everybody's eyes, and make it anew: its vector
 * and number go to others meanwhile. */
static void recycle(struct world *w, struct cpu *c, struct device *d)
{
	uint32_t irq = atomic_load(&d->irq);
	uint32_t flags = below(2) ? FERRY_FREE_QUIET : 0;
	uint32_t turns = 0;
	int status;

	/* Its last event takes some turns; one that is lost takes for ever, which the
	 * end of the run will say better. */
	while (!device_stop(d)) {
		if (++turns > 20000) {
			device_start(d);
			return;
		}
		serve(w, c);
	}
	while ((status = ferry_irq_free(w->ferry, irq, flags, NULL)) == FERRY_E_AGAIN)
		serve(w, c);
	if (status)
		fail(w, "free(device %u, flags %u): %d", d->index, flags, status);
	for (uint32_t i = below(8); i > 0; i--)
		serve(w, c);
	device_create(w, d);
	c->recycled++;
}

/* ---- CPUs ---------------------------------------------------------------------- */

static bool hotplug_try(struct world *w)
{
	return !atomic_exchange(&w->hotplug, true);
}

static void hotplug_end(struct world *w)
{
	atomic_store(&w->hotplug, false);
}

/* Interrupts off and commit; true once parked. */
static bool commit(struct world *w, struct cpu *c)
{
	int status;

	c->on = false;
	status = ferry_cpu_commit(w->ferry, c->index);
	if (!status) {
		apic_park(c);
		return true;
	}
	c->on = true;
	if (status != FERRY_E_AGAIN)
		fail(w, "commit(CPU %u): %d", c->index, status);
	return false;
}

/* Step until ready; some hosts commit at once, some wait until nothing is left to
 * be forwarded. False: something can't leave, or the host changed its mind. */
static bool leave(struct world *w, struct cpu *c)
{
	bool patient = below(2);

	for (;;) {
		uint32_t left = 0, irq = 0;
		int status = ferry_cpu_leave_step(w->ferry, c->index, &left, &irq);

		if (status == FERRY_E_NO_SPACE || status == FERRY_E_UNREACHABLE ||
		    status == FERRY_E_NO_CPU || below(64) == 0)
			return false;
		if (status && status != FERRY_E_AGAIN)
			fail(w, "leave_step(CPU %u): %d", c->index, status);
		if (!status && (!patient || !left) && commit(w, c))
			return true;
		serve(w, c);
	}
}

/* Another policy, or none. When the first call returns nobody uses the old one. */
static void switch_policy(struct world *w)
{
	struct balance *b = &w->balance;
	uint32_t which = below(4);

	ferry_balance_set(w->ferry, NULL);
	b->switched++;
	if (!which)
		return;
	b->turns.last = b->last;
	b->loads.load = b->load;
	b->loads.sums = b->sums;
	b->loads.slack = 10;
	if (which == 1)
		ferry_by_load(&b->policy, &b->loads);
	else
		ferry_round_robin(&b->policy, &b->turns);
	ferry_balance_set(w->ferry, &b->policy);
}

static void rebalance(struct world *w)
{
	uint32_t cursor = 0, moved = 0;

	for (uint32_t i = 0; i < w->devices; i++)
		ferry_host_store(w, &w->balance.load[i], below(1000));
	while (ferry_balance(w->ferry, &cursor, 1 + below(16), &moved))
		sched_yield();
	w->balance.moved += moved;
}

static void come_back(struct world *w, struct cpu *c)
{
	int status;

	for (uint32_t i = below(64); i > 0 && atomic_load(&w->phase) == PHASE_RUN; i--)
		sched_yield();
	while (!hotplug_try(w))
		sched_yield();
	if (apic_pending(c))
		fail(w, "CPU %u got something while it was offline", c->index);
	atomic_store(&c->alive, true);
	status = ferry_cpu_enter(w->ferry, c->index);
	if (status)
		fail(w, "enter(CPU %u): %d", c->index, status);
	c->on = true;
	queues_enter(w, c);
	if (below(2))
		switch_policy(w);
	rebalance(w);
	hotplug_end(w);
}

static void offline(struct world *w, struct cpu *c)
{
	struct ferry_dry_run sum;
	struct ferry_blocker list[4];
	static uint64_t memory[1024]; /* under the hotplug lock */
	struct ferry_plan *plan = NULL;
	int status;

	if (!hotplug_try(w))
		return;
	status = ferry_cpu_plan(w->ferry, c->index, memory, sizeof(memory), below(2) ? &plan : NULL,
				&sum, list, 4);
	if (status)
		fail(w, "plan(CPU %u): %d", c->index, status);
	status = ferry_cpu_leave(w->ferry, c->index);
	if (status && status != FERRY_E_NO_CPU)
		fail(w, "leave(CPU %u): %d", c->index, status);
	if (!status && queues_leave(w, c) && leave(w, c)) {
		c->offlines++;
		c->planned += plan != NULL;
		ferry_plan_drop(w->ferry, plan);
		hotplug_end(w);
		come_back(w, c);
		return;
	}
	if (!status && ferry_cpu_roll_back(w->ferry, c->index))
		fail(w, "roll_back(CPU %u) failed", c->index);
	if (!status)
		queues_enter(w, c);
	c->rollbacks += !status;
	ferry_plan_drop(w->ferry, plan);
	hotplug_end(w);
}

/* ---- the mixture ------------------------------------------------------------------ */

static void claimed_op(struct world *w, struct cpu *c, struct device *d)
{
	uint32_t which = below(36);

	if (!claim(d))
		return;
	if (which < 16)
		look(w, d);
	else if (which < 23)
		mask_a_while(w, c, d);
	else if (which < 30)
		disable_a_while(w, c, d);
	else if (which < 32)
		recycle(w, c, d);
	else
		manage_a_while(w, c, d);
	unclaim(d);
}

void random_op(struct world *w, struct cpu *c)
{
	struct device *d = &w->device[below(w->devices)];
	uint32_t which = below(1000);

	if (which < 3)
		offline(w, c);
	else if (which < 6)
		queues_op(w, c);
	else if (which < 60)
		claimed_op(w, c, d);
	else if (which < 100)
		settle(w, d);
	else if (which < 600)
		random_affinity(w, d);
	else
		device_raise(w, d);
}
