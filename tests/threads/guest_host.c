// SPDX-License-Identifier: MIT
/* The functions of host.h for a virtual GIC, the table of physical SPIs, devices. */
#include "guest.h"

#define JITTER 64
#define MAY_LOCK (!self || !self->on)
#include "external.h"

/* ---- interrupts on and off, waiting ---------------------------------------- */

uintptr_t ferry_host_irq_save(void *ctx)
{
	struct world *w = ctx;
	uintptr_t was = self && self->on;

	CHECK(w, !self || !self->locks);
	if (self)
		self->on = false;
	return was;
}

void ferry_host_irq_restore(void *ctx, uintptr_t flags)
{
	struct world *w = ctx;

	if (!self)
		return;
	CHECK(w, !self->locks);
	self->on = flags != 0;
	if (self->on && below(4) == 0)
		take_interrupts(w);
}

void ferry_host_wait(void *ctx, bool (*done)(void *arg), void *arg)
{
	struct world *w = ctx;

	CHECK(w, self && !self->locks && self->on && !self->guest);
	while (!done(arg)) {
		take_interrupts(w);
		sched_yield();
	}
}

/* ---- the virtual CPU interface ---------------------------------------------- */

static uint64_t *ich(struct world *w, uint32_t reg)
{
	static _Thread_local uint64_t none;

	CHECK(w, self && !self->on && !self->guest);
	if (reg >= FERRY_ICH_LR0) {
		CHECK(w, reg < FERRY_ICH_LR0 + LRS);
		return &self->lr[reg - FERRY_ICH_LR0];
	}
	if (reg == FERRY_ICH_HCR)
		return &self->hcr;
	if (reg == FERRY_ICH_VMCR)
		return &self->vmcr;
	none = 0;
	return reg == FERRY_ICH_AP1R0 ? &self->ap1 : &none;
}

uint64_t ferry_host_ich_read(void *ctx, uint32_t reg)
{
	return *ich(ctx, reg);
}

void ferry_host_ich_write(void *ctx, uint32_t reg, uint64_t value)
{
	*ich(ctx, reg) = value;
}

void ferry_host_vcpu_kick(void *ctx, uint32_t vcpu, uint32_t cpu)
{
	struct world *w = ctx;

	CHECK(w, vcpu < w->vcpus && (!self || !self->locks));
	if (cpu == FERRY_NONE) {
		atomic_store(&w->vcpu[vcpu].woken, true);
		return;
	}
	CHECK(w, cpu < w->cpus);
	atomic_store(&w->cpu[cpu].kick, true);
}

/* ---- physical interrupts ---------------------------------------------------- */

static struct line *line_of(struct world *w, uint32_t phys)
{
	struct line *l = &w->line[phys - FIRST_PHYS];

	CHECK(w, phys - FIRST_PHYS < LINES && line_is_linked(l));
	return l;
}

/* With the lock held. */
static bool line_pends(const struct line *l)
{
	return l->pending || (l->kind == LINKED_LEVEL && atomic_load(&l->level));
}

/* Says who looks that there may be something. The same. */
static void line_tell(struct line *l)
{
	if (l->enabled && !l->active && line_pends(l))
		atomic_store(&l->attention, true);
}

void line_deactivate(struct world *w, uint32_t phys, const char *who)
{
	struct line *l = line_of(w, phys);

	spin_lock(&l->lock);
	if (!l->active)
		fail(w, "line %u: %s deactivates what is not active", l->index, who);
	l->active = false;
	line_tell(l);
	spin_unlock(&l->lock);
}

bool ferry_host_phys(void *ctx, uint32_t intid, enum ferry_phys what)
{
	struct world *w = ctx;
	struct line *l = line_of(w, intid);
	bool answer;

	jitter(256);
	if (what == FERRY_PHYS_DEACTIVATE) {
		line_deactivate(w, intid, "the library");
		return false;
	}
	CHECK(w, what == FERRY_PHYS_IS_PENDING);
	spin_lock(&l->lock);
	answer = line_pends(l);
	spin_unlock(&l->lock);
	return answer;
}

void ferry_host_phys_route(void *ctx, uint32_t intid, uint32_t cpu)
{
	struct world *w = ctx;
	struct line *l = line_of(w, intid);

	CHECK(w, cpu < w->cpus);
	CHECK(w, !atomic_load(&w->cpu[cpu].offline));
	atomic_store(&l->route, cpu);
	if (self)
		self->routes++;
}

static bool is_mine(struct line *l)
{
	return atomic_load_explicit(&l->attention, memory_order_relaxed) &&
	       atomic_load_explicit(&l->route, memory_order_relaxed) == self->index;
}

/* Acknowledge, drop its priority. */
static bool line_take(struct line *l)
{
	bool taken;

	if (!is_mine(l))
		return false;
	spin_lock(&l->lock);
	taken = l->enabled && !l->active && line_pends(l);
	atomic_store(&l->attention, false);
	if (taken) {
		l->active = true;
		l->pending = false;
	}
	spin_unlock(&l->lock);
	return taken;
}

bool is_interrupted(struct world *w)
{
	uint32_t i;

	if (atomic_load_explicit(&self->kick, memory_order_relaxed))
		return true;
	for (i = 0; i < LINES; i++)
		if (is_mine(&w->line[i]))
			return true;
	return false;
}

bool take_interrupts(struct world *w)
{
	bool was = self->on, any = atomic_exchange(&self->kick, false);
	uint32_t i;
	int rc;

	self->on = false;
	for (i = 0; i < LINES; i++) {
		if (!line_take(&w->line[i]))
			continue;
		any = true;
		jitter(8);
		if (self->direct)
			rc = ferry_vcpu_physical(w->vgic, self->vcpu, FIRST_SPI + i);
		else
			rc = ferry_vgic_physical(w->vgic, FIRST_SPI + i);
		if (rc)
			fail(w, "line %u: %s_physical: %d", i, self->direct ? "vcpu" : "vgic", rc);
	}
	self->on = was;
	return any;
}

/* ---- devices ------------------------------------------------------------------ */

static void raise_linked(struct line *l)
{
	spin_lock(&l->lock);
	if (l->kind == LINKED_EDGE)
		l->pending = true;
	else
		atomic_store(&l->level, true);
	line_tell(l);
	spin_unlock(&l->lock);
}

static void raise_virtual(struct world *w, struct line *l)
{
	int rc;

	if (l->kind == VIRTUAL_LEVEL)
		atomic_store(&l->level, true);
	rc = ferry_vgic_inject(w->vgic, 0, FIRST_SPI + l->index, true);
	if (rc)
		fail(w, "line %u: ferry_vgic_inject: %d", l->index, rc);
}

/* A level line goes down before it goes up again, and so is exact. */
bool line_raise(struct world *w, struct line *l)
{
	if (!l->bursty && (atomic_load(&l->seen) != atomic_load(&l->raised) ||
			   atomic_load(&l->level) || atomic_load(&l->injecting)))
		return false;
	if (l->bursty && below(16))
		return false;
	atomic_fetch_add(&l->raised, 1);
	atomic_fetch_add(&w->raised, 1);
	if (line_is_linked(l))
		raise_linked(l);
	else
		raise_virtual(w, l);
	return true;
}

void *sender_main(void *arg)
{
	static _Atomic uint32_t next;
	struct world *w = arg;
	uint32_t me = atomic_fetch_add(&next, 1) % 2, i;
	bool any;

	thread_random = w->seed * 1000003u + 500 + me;
	while (atomic_load(&w->phase) == PHASE_START)
		sched_yield();
	while (atomic_load(&w->phase) == PHASE_RUN) {
		any = false;
		for (i = me; i < LINES - WILD; i += 2)
			any |= line_raise(w, &w->line[i]);
		if (!any || !below(4))
			sched_yield();
	}
	atomic_fetch_sub(&w->ready, 1);
	return NULL;
}
