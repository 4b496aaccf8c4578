// SPDX-License-Identifier: MIT
/*
 * The functions of host.h, with the contracts that a host can check: who calls,
 * with interrupts how, with how many locks.
 */
#include "world.h"

#define JITTER 512
#define MAY_LOCK (self && !self->on)
#include "external.h"

/* ---- interrupts on and off, waiting ---------------------------------------- */

uintptr_t ferry_host_irq_save(void *ctx)
{
	struct world *w = ctx;
	uintptr_t was = self->on;

	CHECK(w, !self->locks);
	self->on = false;
	return was;
}

/* What pends is taken at once, in the middle of the library's caller. */
void ferry_host_irq_restore(void *ctx, uintptr_t flags)
{
	struct world *w = ctx;

	CHECK(w, !self->locks);
	self->on = flags != 0;
	if (self->on && below(4) == 0)
		apic_take(self);
}

void ferry_host_wait(void *ctx, bool (*done)(void *arg), void *arg)
{
	struct world *w = ctx;

	CHECK(w, !self->locks);
	while (!done(arg)) {
		if (self->on) {
			apic_take(self);
			poll_if_due(w);
		}
		sched_yield();
	}
}

/* ---- handlers --------------------------------------------------------------- */

static void account(struct world *w, struct device *d)
{
	uint64_t raised = atomic_load(&d->raised);
	uint64_t seen = atomic_load(&d->seen);
	uint64_t starts = atomic_fetch_add(&d->starts, 1) + 1;

	if (starts > raised)
		fail(w, "device %u: %lu handler starts, %lu events", d->index, starts, raised);
	if (!d->bursty && seen == raised)
		fail(w, "device %u: started twice for event %lu", d->index, raised);
	/* From here on an exact device may raise its next event: the handler that
	 * still runs then is what the latch is for. */
	atomic_store(&d->seen, raised);
}

/* What drivers do inside handlers, at random. */
static void misbehave(struct world *w, struct device *d)
{
	uint32_t irq = atomic_load(&d->irq);

	switch (below(32)) {
	case 0:
	case 1:
		device_raise(w, d);
		break;
	case 2:
	case 7:
		random_affinity(w, d);
		break;
	case 3:
		/* The claim keeps this apart from those who mask on purpose. */
		if (!claim(d))
			break;
		if (ferry_irq_mask(w->ferry, irq) || ferry_irq_unmask(w->ferry, irq))
			fail(w, "device %u: mask in its handler failed", d->index);
		unclaim(d);
		break;
	case 4:
	case 5:
		if (self->depth > 3)
			break;
		self->on = true;
		apic_take(self);
		self->on = false;
		break;
	case 6:
		/* Long enough for the next event to arrive meanwhile. */
		sched_yield();
		sched_yield();
		break;
	}
}

void ferry_host_handle(void *ctx, uint32_t irq, uintptr_t cookie, uint32_t cpu)
{
	struct world *w = ctx;
	struct device *d = &w->device[cookie];

	CHECK(w, self && self->index == cpu);
	CHECK(w, !self->on && !self->locks);
	CHECK(w, cookie < w->devices);
	CHECK(w, atomic_load(&self->alive));
	if (atomic_exchange(&d->running, true))
		fail(w, "device %u: handler runs twice at a time", d->index);
	if (atomic_load(&d->forbidden))
		fail(w, "device %u: handler started after disable returned", d->index);
	if (atomic_load(&d->irq) != irq)
		fail(w, "device %u: handler for irq %u, its irq is %u", d->index, irq, d->irq);
	account(w, d);
	misbehave(w, d);
	atomic_store(&d->running, false);
}

/* ---- the local APIC ----------------------------------------------------------- */

void ferry_host_eoi(void *ctx, uint32_t cpu)
{
	struct world *w = ctx;

	CHECK(w, self && self->index == cpu && !self->on);
	apic_eoi(self);
}

bool ferry_host_irr(void *ctx, uint32_t cpu, uint8_t vector)
{
	struct world *w = ctx;

	CHECK(w, self && self->index == cpu && !self->on);
	return atomic_load(&self->irr[vector / 32]) >> (vector % 32) & 1;
}

void ferry_host_ipi(void *ctx, uint32_t cpu, uint8_t vector)
{
	struct world *w = ctx;

	CHECK(w, cpu < w->cpus && vector == DOORBELL);
	/* Sent is not delivered. One that flies already swallows this one: the
	 * library promises that there is at most one, or doesn't need two. */
	if (below(4) == 0)
		atomic_store(&w->cpu[cpu].ipi_flying, true);
	else
		apic_post_cpu(w, &w->cpu[cpu], vector, "doorbell");
}

/* ---- time ----------------------------------------------------------------------- */

uint64_t ferry_host_now(void *ctx)
{
	return clock_ns(ctx);
}

/* Only an earlier moment replaces one that stands. */
void ferry_host_poll_in(void *ctx, uint64_t ns)
{
	struct world *w = ctx;
	uint64_t at = clock_ns(w) + ns;
	uint64_t old = atomic_load(&w->poll_at);

	while (at < old && !atomic_compare_exchange_weak(&w->poll_at, &old, at))
		;
}

/* ---- sources -------------------------------------------------------------------- */

uint32_t ferry_host_read(void *ctx, uint32_t device, uint32_t index, enum ferry_reg reg)
{
	struct world *w = ctx;

	CHECK(w, device < w->devices && index == device && reg <= FERRY_REG_MSI_ENABLE);
	return device_read(&w->device[device], reg);
}

void ferry_host_write(void *ctx, uint32_t device, uint32_t index, enum ferry_reg reg,
		      uint32_t value)
{
	struct world *w = ctx;

	CHECK(w, device < w->devices && index == device && reg <= FERRY_REG_MSI_ENABLE);
	jitter(128);
	device_write(w, &w->device[device], reg, value);
}

void ferry_host_irte_write(void *ctx, uint32_t unit, uint32_t index, const struct ferry_irte *entry)
{
	struct world *w = ctx;

	CHECK(w, unit == 0 && index < w->devices && !entry->logical);
	jitter(128);
	atomic_store(&w->device[index].irte, (uint64_t)entry->vector << 32 | entry->dest);
}

void ferry_host_irte_sync(void *ctx, uint32_t unit, uint32_t index)
{
	struct world *w = ctx;

	CHECK(w, unit == 0 && index < w->devices);
	device_irte_sync(&w->device[index]);
}

/* ---- counting what happened ------------------------------------------------------ */

void host_trace(void *ctx, const struct ferry_trace *record)
{
	(void)ctx;
	if (record->event == FERRY_TRACE_PROGRAM)
		self->programs++;
	else if (record->event == FERRY_TRACE_STARVED)
		self->starved++;
	else if (record->event == FERRY_TRACE_FORWARD)
		self->forwards++;
	else if (record->event == FERRY_TRACE_LATCHED)
		self->latches++;
}
