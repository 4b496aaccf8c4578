// SPDX-License-Identifier: MIT
/*
 * What a CPU does: run a vCPU, and do for it what traps. The list registers behave as IHI
 * 0069H 4.8, 12.4 say, as far as this guest uses them: group 1, no EOImode, 32 priorities.
 */
#include "guest.h"

#define PENDING (1ull << 62)
#define ACTIVE (1ull << 63)
#define HW (1ull << 61)
#define EOI (1ull << 41)
#define HCR_EN 1u
#define HCR_LRENPIE 4u
#define HCR_NPIE 8u
#define HCR_COUNT 27
#define VMCR_GROUP1 2u
#define VMCR_PMR 24

/* ---- list registers -------------------------------------------------------------- */

static uint32_t level_of(uint64_t lr)
{
	return (uint32_t)(lr >> 48 & 0xff) >> 3;
}

static uint32_t running(void)
{
	return self->ap1 ? (uint32_t)__builtin_ctzll(self->ap1) : 32;
}

/* LRS: nothing. */
static uint32_t highest(void)
{
	uint32_t k, best = LRS;

	if (!(self->hcr & HCR_EN) || !(self->vmcr & VMCR_GROUP1))
		return LRS;
	for (k = 0; k < LRS; k++)
		if ((self->lr[k] & (PENDING | ACTIVE)) == PENDING &&
		    level_of(self->lr[k]) < (self->vmcr >> VMCR_PMR) >> 3 &&
		    level_of(self->lr[k]) < running() &&
		    (best == LRS || level_of(self->lr[k]) < level_of(self->lr[best])))
			best = k;
	return best;
}

/* ICH_MISR_EL2: is a maintenance interrupt asserted? */
static bool maintains(void)
{
	bool pending = false, ended = false;
	uint32_t k;

	for (k = 0; k < LRS; k++) {
		pending |= (self->lr[k] & (PENDING | ACTIVE)) == PENDING;
		ended |= !(self->lr[k] & (PENDING | ACTIVE | HW)) && self->lr[k] & EOI;
	}
	return ended || (self->hcr & HCR_NPIE && !pending) ||
	       (self->hcr & HCR_LRENPIE && self->hcr >> HCR_COUNT & 31);
}

static void end(struct world *w, uint32_t intid)
{
	uint32_t k;

	self->ap1 &= self->ap1 - 1;
	for (k = 0; k < LRS; k++) {
		if (!(self->lr[k] & ACTIVE) || (uint32_t)self->lr[k] != intid)
			continue;
		self->lr[k] &= ~ACTIVE;
		if (self->lr[k] & HW)
			line_deactivate(w, self->lr[k] >> 32 & 0x1fff, "a list register");
		return;
	}
	self->hcr = (self->hcr + (1ull << HCR_COUNT)) & 0xffffffff;
}

/* ---- handlers ---------------------------------------------------------------------- */

static void account(struct world *w, struct line *l)
{
	uint64_t raised, acks = atomic_fetch_add(&l->acks, 1) + 1;
	uint64_t seen = atomic_load(&l->seen);

	raised = atomic_load(&l->raised);
	if (l->index >= LINES - WILD)
		fail(w, "line %u: it was never enabled", l->index);
	if (atomic_load(&l->forbidden))
		fail(w, "line %u: acknowledged after ICENABLER has returned", l->index);
	if (acks > raised)
		fail(w, "line %u: %lu acknowledges, %lu events", l->index, acks, raised);
	if (!l->bursty && seen == raised)
		fail(w, "line %u: acknowledged twice for event %lu", l->index, raised);
	/* A line that is level may go up again when it has gone down, not before. */
	atomic_store(&l->seen, raised);
}

static void acknowledge(struct world *w, struct vcpu *v)
{
	uint32_t k = highest(), intid = (uint32_t)self->lr[k], n = intid & 0x3ff;

	self->ap1 |= 1ull << level_of(self->lr[k]);
	self->lr[k] ^= PENDING | ACTIVE;
	if (v->nactive == DEPTH)
		fail(w, "vCPU %u: more handlers than interrupts", self->vcpu);
	v->served[v->nactive] = n < 16;
	v->stack[v->nactive++] = intid;
	atomic_store(&v->busy, v->nactive);
	if (n >= SGIS && n < FIRST_SPI)
		fail(w, "vCPU %u: interrupt %u: nobody sends that", self->vcpu, n);
	if (n >= FIRST_SPI)
		account(w, &w->line[n - FIRST_SPI]);
	else if (atomic_fetch_add(&v->got[n], 1) + 1 > atomic_load(&v->sent[n]))
		fail(w, "vCPU %u: SGI %u: more came than were sent", self->vcpu, n);
}

/* The newest: its device is served, then it is ended. True: the device traps. */
static bool handle(struct world *w, struct vcpu *v)
{
	uint32_t intid = v->stack[v->nactive - 1];
	struct line *l;

	if (v->served[v->nactive - 1]) {
		end(w, intid);
		v->nactive--;
		atomic_store(&v->busy, v->nactive);
		return false;
	}
	v->served[v->nactive - 1] = true;
	l = &w->line[intid - FIRST_SPI];
	if (l->kind == LINKED_LEVEL)
		atomic_store(&l->level, false);
	return l->kind == VIRTUAL_LEVEL;
}

/* ---- registers ----------------------------------------------------------------------- */

static uint64_t do_access(struct world *w, uint8_t frame, uint32_t offset, uint8_t bytes,
			  bool write, uint64_t value)
{
	struct ferry_vgic_access a = { frame, bytes, write, offset, value };
	int rc = ferry_vgic_access(w->vgic, self->vcpu, &a);

	if (rc)
		fail(w, "access of %u bytes at %#x: %d", bytes, offset, rc);
	return a.value;
}

static void set_bit(struct world *w, uint32_t offset, uint32_t intid)
{
	bool own = intid < FIRST_SPI && w->version == 3;

	do_access(w, own ? FERRY_GICR : FERRY_GICD,
		  offset + intid / 32 * 4 + (own ? self->vcpu * 0x20000 + 0x10000 : 0), 4, true,
		  1u << intid % 32);
}

static void route(struct world *w, uint32_t n, uint32_t to)
{
	if (w->version == 2)
		do_access(w, FERRY_GICD, 0x800 + FIRST_SPI + n, 1, true, 1u << to);
	else
		do_access(w, FERRY_GICD, 0x6000 + 8 * (FIRST_SPI + n), 8, true, to);
	self->moves++;
}

/* Nobody acknowledges it between the two. */
static void toggle(struct world *w, struct line *l)
{
	uint32_t n;

	if (atomic_exchange(&l->claimed, true))
		return;
	set_bit(w, 0x180, FIRST_SPI + l->index);
	atomic_store(&l->forbidden, true);
	for (n = below(8); n; n--) {
		take_interrupts(w);
		sched_yield();
	}
	atomic_store(&l->forbidden, false);
	set_bit(w, 0x100, FIRST_SPI + l->index);
	self->disables++;
	atomic_store(&l->claimed, false);
}

static void send(struct world *w)
{
	uint32_t sgi = below(SGIS), to = below(w->vcpus);

	atomic_fetch_add(&w->vcpu[to].sent[sgi], 1);
	if (w->version == 2)
		do_access(w, FERRY_GICD, 0xf00, 4, true, 1u << (16 + to) | sgi);
	else if (ferry_vgic_sgi(w->vgic, self->vcpu, FERRY_SGI1R, (uint64_t)sgi << 24 | 1u << to))
		fail(w, "an SGI is refused");
}

/* An interrupt that nothing comes of. */
static void wild(struct world *w)
{
	static const uint16_t offset[] = { 0x200, 0x280, 0x300, 0x380 };
	uint32_t intid = FIRST_SPI + LINES - 1 - below(WILD);

	set_bit(w, offset[below(4)], intid);
}

static void read_some(struct world *w)
{
	static const uint16_t offset[] = { 0x104, 0x204, 0x304, 0x420, 0xc08, 0x204 };

	(void)do_access(w, FERRY_GICD, offset[below(6)], 4, false, 0);
}

static void random_access(struct world *w)
{
	uint32_t n = below(LINES - WILD);

	switch (below(8)) {
	case 0:
	case 1:
	case 2:
		route(w, n, below(w->vcpus));
		break;
	case 3:
		toggle(w, &w->line[n]);
		break;
	case 4:
		do_access(w, FERRY_GICD, 0x400 + FIRST_SPI + n, 1, true, below(16) << 3);
		break;
	case 5:
		wild(w);
		break;
	case 6:
		send(w);
		break;
	default:
		read_some(w);
	}
}

/* ---- the guest ------------------------------------------------------------------------- */

enum trap { NONE, DEVICE, ACCESS, WFI, OFF, POWER_ON };

/* In the end half of them wait for interrupts in WFI, half in a loop. */
static bool never_waits(struct world *w)
{
	return atomic_load(&w->phase) == PHASE_STILL && self->index & 1;
}

static enum trap instruction(struct world *w, const struct vcpu *v)
{
	bool run = atomic_load(&w->phase) == PHASE_RUN;

	switch (below(16)) {
	case 0:
		return v->nactive || highest() != LRS || never_waits(w) ? NONE : WFI;
	case 1:
		return run && !v->nactive && !below(4) ? OFF : NONE;
	case 2:
		return POWER_ON;
	case 3:
	case 4:
	case 5:
	case 6:
		return run ? ACCESS : NONE;
	default:
		return NONE;
	}
}

/* After a reset the guest sets up its CPU interface. */
static void set_up(struct vcpu *v)
{
	if (!v->fresh)
		return;
	v->fresh = false;
	self->vmcr = 0xf8ull << VMCR_PMR | VMCR_GROUP1;
}

static bool goes_on(struct world *w, uint32_t *steps)
{
	if (atomic_load(&w->phase) != PHASE_STILL)
		return (*steps)-- != 0;
	if (highest() == LRS)
		sched_yield();
	atomic_fetch_add_explicit(&self->rounds, 1, memory_order_relaxed);
	return true;
}

static enum trap guest(struct world *w, struct vcpu *v)
{
	uint32_t steps = 2 + below(30);
	enum trap trap = NONE;

	self->entries++;
	self->guest = true;
	set_up(v);
	while (goes_on(w, &steps) && trap == NONE && !is_interrupted(w) && !maintains()) {
		jitter(64);
		if (highest() != LRS && below(4))
			acknowledge(w, v);
		else if (v->nactive && below(4))
			trap = handle(w, v) ? DEVICE : NONE;
		else
			trap = instruction(w, v);
	}
	self->guest = false;
	return trap;
}

/* ---- vCPUs ----------------------------------------------------------------------------- */

void put(struct world *w)
{
	struct vcpu *v;
	uintptr_t flags;
	uint32_t k;

	if (self->vcpu == FERRY_NONE)
		return;
	v = &w->vcpu[self->vcpu];
	flags = ferry_host_irq_save(w);
	ferry_vcpu_put(w->vgic, self->vcpu);
	for (k = 0; k < LRS; k++)
		if (self->lr[k])
			fail(w, "vCPU %u: a list register is left", self->vcpu);
	self->vcpu = FERRY_NONE;
	spin_unlock(&v->claim);
	ferry_host_irq_restore(w, flags);
}

static void power_on(struct world *w, uint32_t vcpu)
{
	struct vcpu *v = &w->vcpu[vcpu];
	uintptr_t flags;

	if (!spin_try(&v->claim))
		return;
	flags = ferry_host_irq_save(w);
	if (!v->on) {
		v->on = v->fresh = true;
		if (ferry_vcpu_power(w->vgic, vcpu, true))
			fail(w, "vCPU %u: power on", vcpu);
	}
	ferry_host_irq_restore(w, flags);
	spin_unlock(&v->claim);
}

/* `anyway`: it has something to do besides interrupts. */
static void load(struct world *w, uint32_t vcpu, bool anyway)
{
	struct vcpu *v = &w->vcpu[vcpu];
	uintptr_t flags;

	/* Somebody from outside does, should all be off. */
	if (!below(32))
		power_on(w, vcpu);
	if (!spin_try(&v->claim))
		return;
	if (!v->on || (v->blocked && !anyway && !atomic_load(&v->woken))) {
		spin_unlock(&v->claim);
		return;
	}
	flags = ferry_host_irq_save(w);
	self->vcpu = vcpu;
	ferry_vcpu_load(w->vgic, vcpu, self->index);
	if (v->blocked)
		ferry_vcpu_unblock(w->vgic, vcpu);
	v->blocked = false;
	ferry_host_irq_restore(w, flags);
}

static void power_off(struct world *w, struct vcpu *v)
{
	uintptr_t flags = ferry_host_irq_save(w);
	int rc = ferry_vcpu_power(w->vgic, self->vcpu, false);

	if (rc)
		fail(w, "vCPU %u: power off: %d", self->vcpu, rc);
	v->on = false;
	self->offs++;
	ferry_host_irq_restore(w, flags);
	put(w);
}

/* Somebody may wake it before this returns. */
static void block(struct world *w, struct vcpu *v)
{
	uintptr_t flags = ferry_host_irq_save(w);
	int rc;

	atomic_store(&v->woken, false);
	rc = ferry_vcpu_block(w->vgic, self->vcpu);
	if (rc && rc != FERRY_E_AGAIN)
		fail(w, "vCPU %u: block: %d", self->vcpu, rc);
	v->blocked = !rc;
	self->blocks += !rc;
	ferry_host_irq_restore(w, flags);
}

/* The device lets go of its line: nobody raises it meanwhile. */
static void serve_device(struct world *w, const struct vcpu *v)
{
	uint32_t intid = v->stack[v->nactive - 1];
	struct line *l = &w->line[intid - FIRST_SPI];

	atomic_store(&l->injecting, true);
	atomic_store(&l->level, false);
	if (ferry_vgic_inject(w->vgic, self->vcpu, intid, false))
		fail(w, "line %u: lower", l->index);
	atomic_store(&l->injecting, false);
}

static void serve_trap(struct world *w, struct vcpu *v, enum trap trap)
{
	switch (trap) {
	case DEVICE:
		serve_device(w, v);
		break;
	case ACCESS:
		random_access(w);
		break;
	case WFI:
		block(w, v);
		break;
	case OFF:
		power_off(w, v);
		break;
	case POWER_ON:
		power_on(w, below(w->vcpus));
		break;
	case NONE:
		break;
	}
}

/* Once. True: something has come since that is told to the vCPU. */
static bool enter(struct world *w, struct vcpu *v, enum trap *trap)
{
	int rc = ferry_vcpu_enter(w->vgic, self->vcpu);
	bool told;

	*trap = NONE;
	if (rc == FERRY_OK) {
		*trap = guest(w, v);
		ferry_vcpu_exit(w->vgic, self->vcpu);
		self->direct = below(2);
	} else if (rc != FERRY_E_AGAIN) {
		fail(w, "vCPU %u: enter: %d", self->vcpu, rc);
	}
	told = self->direct && take_interrupts(w);
	self->direct = false;
	return told;
}

/* With what it is told it enters again, or has it taken back. */
static void run(struct world *w)
{
	struct vcpu *v = &w->vcpu[self->vcpu];
	uintptr_t flags = ferry_host_irq_save(w);
	enum trap trap;

	while (enter(w, v, &trap))
		if (trap != NONE || !below(4)) {
			ferry_vcpu_exit(w->vgic, self->vcpu);
			break;
		}
	ferry_host_irq_restore(w, flags);
	take_interrupts(w);
	serve_trap(w, v, trap);
}

void set_up_guest(struct world *w)
{
	uint32_t vcpu, n, edges[2] = { 0, 0 };

	for (vcpu = 0; vcpu < w->vcpus; vcpu++) {
		self->vcpu = vcpu;
		power_on(w, vcpu);
		for (n = 0; n < SGIS; n++) {
			set_bit(w, 0x080, n);
			set_bit(w, 0x100, n);
		}
	}
	self->vcpu = 0;
	(void)do_access(w, FERRY_GICD, 0x084, 4, true, ~0u);
	for (n = 0; n < LINES; n++) {
		(void)do_access(w, FERRY_GICD, 0x400 + FIRST_SPI + n, 1, true, 0xa0);
		route(w, n, n % w->vcpus);
		edges[n / 16] |= (w->line[n].kind == VIRTUAL_EDGE ? 2u : 0) << n % 16 * 2;
	}
	(void)do_access(w, FERRY_GICD, 0xc08, 4, true, edges[0]);
	(void)do_access(w, FERRY_GICD, 0xc0c, 4, true, edges[1]);
	(void)do_access(w, FERRY_GICD, 0x104, 4, true, (1u << (LINES - WILD)) - 1);
	(void)do_access(w, FERRY_GICD, 0, 4, true, 3);
	self->vcpu = FERRY_NONE;
}

void take_back(struct world *w)
{
	uint32_t i;

	put(w);
	while (self->vcpu == FERRY_NONE) {
		take_interrupts(w);
		load(w, 0, true);
	}
	for (i = 0; i < w->vcpus; i++)
		power_on(w, i);
	(void)do_access(w, FERRY_GICD, 0x384, 4, true, 3u << (LINES - WILD));
	(void)do_access(w, FERRY_GICD, 0x284, 4, true, 3u << (LINES - WILD));
	for (i = 0; i < LINES; i++)
		route(w, i, i % (w->cpus < w->vcpus ? w->cpus : w->vcpus));
}

/* ---- a CPU leaves ------------------------------------------------------------------------ */

static void leave(struct world *w)
{
	uint32_t to = (self->index + 1 + below(w->cpus - 1)) % w->cpus, n, cpu;

	if (atomic_exchange(&w->hotplug, true))
		return;
	put(w);
	ferry_vgic_leave(w->vgic, self->index, to);
	atomic_store(&self->offline, true);
	/* Those that the library has never routed. */
	for (n = 0; n < LINES; n++) {
		cpu = self->index;
		atomic_compare_exchange_strong(&w->line[n].route, &cpu, to);
	}
	self->leaves++;
	for (n = below(64); n; n--)
		sched_yield();
	atomic_store(&self->offline, false);
	atomic_store(&w->hotplug, false);
}

static bool is_blocked(struct world *w)
{
	return self->vcpu != FERRY_NONE && w->vcpu[self->vcpu].blocked;
}

static void wake(struct world *w)
{
	ferry_vcpu_unblock(w->vgic, self->vcpu);
	w->vcpu[self->vcpu].blocked = false;
}

void turn_still(struct world *w)
{
	if (self->vcpu != self->index)
		put(w);
	take_interrupts(w);
	atomic_fetch_add_explicit(&self->rounds, 1, memory_order_relaxed);
	if (self->index >= w->vcpus)
		sched_yield();
	else if (self->vcpu == FERRY_NONE)
		load(w, self->index, true);
	else if (is_blocked(w) && !atomic_load(&w->vcpu[self->vcpu].woken))
		sched_yield();
	else if (is_blocked(w))
		wake(w);
	else
		run(w);
}

void turn(struct world *w)
{
	bool blocked = is_blocked(w);
	bool any = take_interrupts(w);

	atomic_fetch_add_explicit(&self->rounds, 1, memory_order_relaxed);
	if (w->cpus > 1 && atomic_load(&w->phase) == PHASE_RUN && below(400) == 0) {
		leave(w);
	} else if (self->vcpu == FERRY_NONE) {
		load(w, below(w->vcpus), false);
	} else if (blocked && !atomic_load(&w->vcpu[self->vcpu].woken)) {
		if (below(2))
			put(w);
		else if (!any)
			sched_yield();
	} else if (blocked) {
		wake(w);
	} else if (below(12) == 0) {
		put(w);
	} else {
		run(w);
	}
}
