// SPDX-License-Identifier: MIT
/* The host of the virtual GIC's unit tests, and its vCPUs: see fake_vgic.h. */
#include "tests/fake_vgic.h"
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS 1000u /* more than anything here may take */

struct fake fake;
static uint64_t memory[1 << 17];
/* By place in `memory`: what a lock was seen as. */
#define OUTER 1u
#define INNER 2u
static uint8_t lock_class[sizeof(memory) / sizeof(*memory)];
static ferry_lock *held[2];

void fake_wrong(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("# WRONG: ", stdout);
	vprintf(format, args);
	putchar('\n');
	va_end(args);
	if (++fake.wrongs < 200)
		return;
	puts("Bail out! too much is wrong");
	fflush(stdout);
	exit(255);
}

static void note(enum fake_event event, uint32_t a, uint32_t b)
{
	if (fake.notes < FAKE_LOG)
		fake.note[fake.notes++] = (struct fake_note){ event, fake.self, a, b };
	else
		fake_wrong("the log is full");
}

void fake_again(void)
{
	fake.notes = 0;
}

static bool like(const struct fake_note *n, enum fake_event event, uint32_t a, uint32_t b)
{
	return n->event == event && (a == FERRY_NONE || n->a == a) &&
	       (b == FERRY_NONE || n->b == b);
}

uint32_t fake_count(enum fake_event event, uint32_t a, uint32_t b)
{
	uint32_t count = 0;

	for (uint32_t n = 0; n < fake.notes; n++)
		count += like(&fake.note[n], event, a, b);
	return count;
}

uint32_t fake_find(uint32_t from, enum fake_event event, uint32_t a, uint32_t b)
{
	for (uint32_t n = from; n < fake.notes; n++)
		if (like(&fake.note[n], event, a, b))
			return n;
	return FERRY_NONE;
}

/* ---- locks and atomics ------------------------------------------------------- */

/* A moment at which another CPU may do something: no lock is held. */
static void gap(void)
{
	void (*hook)(void) = fake.hook;
	uint32_t self = fake.self;

	if (!hook || fake.held || fake.hook_in--)
		return;
	fake.hook = NULL;
	hook();
	fake.self = self;
}

/* Which locks may be taken inside of others shows while the tests run: a lock that is once
 * the outer and once the inner one is out of order, or two of one kind. */
static void classify(const ferry_lock *lock, uint8_t class)
{
	size_t at = (size_t)((const uint64_t *)(const void *)lock - memory);

	if (at >= sizeof(lock_class)) {
		fake_wrong("a lock outside of the guest's memory");
		return;
	}
	lock_class[at] |= class;
	if (lock_class[at] == (OUTER | INNER))
		fake_wrong("lock %zu is outside of one lock and inside of another", at);
}

void ferry_host_lock(void *ctx, ferry_lock *lock)
{
	(void)ctx;
	gap();
	if (!fake.cpu[fake.self].off)
		fake_wrong("a lock with interrupts on");
	if (lock->opaque[0])
		fake_wrong("a lock taken twice");
	if (fake.held == 2) {
		fake_wrong("three locks");
		return;
	}
	fake.locks++;
	lock->opaque[0] = 1;
	held[fake.held++] = lock;
	if (fake.held == 2) {
		classify(held[0], OUTER);
		classify(held[1], INNER);
	}
}

void ferry_host_unlock(void *ctx, ferry_lock *lock)
{
	(void)ctx;
	if (!fake.held || !lock->opaque[0]) {
		fake_wrong("unlock of what is not locked");
		return;
	}
	lock->opaque[0] = 0;
	if (held[0] == lock)
		held[0] = held[1];
	fake.held--;
	gap();
}

uint32_t ferry_host_load(void *ctx, const ferry_atomic *cell)
{
	(void)ctx;
	gap();
	return cell->value;
}

void ferry_host_store(void *ctx, ferry_atomic *cell, uint32_t value)
{
	(void)ctx;
	gap();
	cell->value = value;
	gap();
}

static uint32_t swap(ferry_atomic *cell, uint32_t value)
{
	uint32_t old = cell->value;

	cell->value = value;
	gap();
	return old;
}

uint32_t ferry_host_xchg(void *ctx, ferry_atomic *cell, uint32_t value)
{
	(void)ctx;
	gap();
	return swap(cell, value);
}

uint32_t ferry_host_add(void *ctx, ferry_atomic *cell, uint32_t value)
{
	(void)ctx;
	gap();
	return swap(cell, cell->value + value);
}

uint32_t ferry_host_or(void *ctx, ferry_atomic *cell, uint32_t bits)
{
	(void)ctx;
	gap();
	return swap(cell, cell->value | bits);
}

uint32_t ferry_host_and(void *ctx, ferry_atomic *cell, uint32_t bits)
{
	(void)ctx;
	gap();
	return swap(cell, cell->value & bits);
}

bool ferry_host_cas(void *ctx, ferry_atomic *cell, uint32_t expected, uint32_t value)
{
	(void)ctx;
	gap();
	if (cell->value != expected)
		return false;
	swap(cell, value);
	return true;
}

uintptr_t ferry_host_irq_save(void *ctx)
{
	bool off = fake.cpu[fake.self].off;

	(void)ctx;
	if (fake.held)
		fake_wrong("irq_save with a lock held");
	fake.cpu[fake.self].off = true;
	return off;
}

void ferry_host_irq_restore(void *ctx, uintptr_t flags)
{
	(void)ctx;
	if (fake.held)
		fake_wrong("irq_restore with a lock held");
	fake.cpu[fake.self].off = flags != 0;
	gap();
}

/* ---- waiting ----------------------------------------------------------------- */

/* Only who was kicked leaves the guest. */
static bool someone_leaves(void)
{
	for (uint32_t cpu = 0; cpu < FAKE_CPUS; cpu++) {
		if (!fake.cpu[cpu].ipi || !fake.cpu[cpu].guest)
			continue;
		fake_leave(fake.cpu[cpu].vcpu);
		return true;
	}
	return false;
}

void ferry_host_wait(void *ctx, bool (*done)(void *arg), void *arg)
{
	uint32_t self = fake.self;

	(void)ctx;
	if (fake.held || fake.cpu[self].off || fake.cpu[self].guest)
		fake_wrong("waits with a lock, interrupts off, or in the guest");
	for (uint32_t n = 0; n < ROUNDS; n++) {
		bool is = done(arg);

		if (is && n)
			fake.waits++;
		if (is)
			return;
		if (!someone_leaves() && fake.on_wait)
			fake.on_wait();
		fake.self = self;
	}
	puts("Bail out! what is waited for never happens");
	fflush(stdout);
	exit(255);
}

void ferry_host_vcpu_kick(void *ctx, uint32_t vcpu, uint32_t cpu)
{
	(void)ctx;
	if (fake.held)
		fake_wrong("a kick with a lock held");
	if (vcpu >= FAKE_VCPUS || (cpu >= FAKE_CPUS && cpu != FERRY_NONE)) {
		fake_wrong("a kick of vCPU %u on CPU %u", vcpu, cpu);
		return;
	}
	note(FAKE_KICK, vcpu, cpu);
	fake.vcpu[vcpu].kicks++;
	if (cpu == FERRY_NONE)
		fake.vcpu[vcpu].woken = true;
	else
		fake.cpu[cpu].ipi = true;
	gap();
}

__attribute__((weak)) void ferry_host_barrier(void *ctx, enum ferry_barrier barrier)
{
	(void)ctx;
	note(FAKE_BARRIER, barrier, 0);
}

/* ---- physical interrupts ----------------------------------------------------- */

static struct fake_phys none;

static struct fake_phys *phys_of(uint32_t intid)
{
	if (intid >= 16 && intid < 32)
		return &fake.cpu[fake.self].ppi[intid];
	if (intid >= 32 && intid < FAKE_PHYS)
		return &fake.phys[intid];
	fake_wrong("physical interrupt %u", intid);
	return &none;
}

static void activate(struct fake_phys *p)
{
	p->taken += !p->active;
	p->active = true;
}

static void deactivate(struct fake_phys *p, uint32_t intid, const char *who)
{
	if (!p->active)
		fake_wrong("%s deactivates %u, which is not active", who, intid);
	p->ended += p->active;
	p->active = false;
}

void fake_ended(uint32_t intid)
{
	note(FAKE_ENDED, intid, 0);
	deactivate(phys_of(intid), intid, "a list register");
}

bool fake_phys_active(uint32_t intid)
{
	return phys_of(intid)->active;
}

bool ferry_host_phys(void *ctx, uint32_t intid, enum ferry_phys what)
{
	struct fake_phys *p = phys_of(intid);

	(void)ctx;
	if (!fake.cpu[fake.self].off && intid < 32)
		fake_wrong("a PPI with interrupts on");
	if (what == FERRY_PHYS_IS_PENDING)
		return p->pending || (p->level && p->line);
	note(FAKE_PHYS_CALL, intid, what);
	if (what == FERRY_PHYS_DEACTIVATE)
		deactivate(p, intid, "the library");
	else if (what == FERRY_PHYS_ACTIVATE)
		activate(p);
	else if (what == FERRY_PHYS_PEND || what == FERRY_PHYS_UNPEND)
		p->pending = what == FERRY_PHYS_PEND;
	else
		p->enabled = what == FERRY_PHYS_ENABLE;
	return false;
}

void ferry_host_phys_route(void *ctx, uint32_t intid, uint32_t cpu)
{
	(void)ctx;
	note(FAKE_ROUTE, intid, cpu);
	if (intid < 32 || cpu >= FAKE_CPUS)
		fake_wrong("route of %u to CPU %u", intid, cpu);
	phys_of(intid)->route = cpu;
}

void phys_bind(uint32_t intid, uint32_t phys, bool edge)
{
	struct fake_phys *p = &fake.phys[phys];

	p->level = !edge;
	if (ferry_vgic_bind(fake.g, intid, phys, edge) != FERRY_OK)
		fake_wrong("bind of %u", intid);
	p->virt = intid;
	fake.phys_end = phys < fake.phys_end ? fake.phys_end : phys + 1;
	p->enabled = true;
}

void phys_raise(uint32_t phys)
{
	fake.phys[phys].line = fake.phys[phys].level;
	fake.phys[phys].pending = fake.phys[phys].pending || !fake.phys[phys].level;
}

void phys_lower(uint32_t phys)
{
	fake.phys[phys].line = false;
}

bool phys_ready(uint32_t phys)
{
	const struct fake_phys *p = &fake.phys[phys];

	return p->enabled && !p->active && (p->pending || p->line);
}

void phys_ack(uint32_t phys, uint32_t cpu)
{
	if (!phys_ready(phys))
		fake_wrong("%u can't be taken", phys);
	if (fake.cpu[cpu].guest)
		fake_leave(fake.cpu[cpu].vcpu);
	fake.phys[phys].pending = false;
	activate(&fake.phys[phys]);
}

void phys_tell(uint32_t phys, uint32_t cpu)
{
	fake.self = cpu;
	fake.cpu[cpu].off = true;
	if (ferry_vgic_physical(fake.g, fake.phys[phys].virt) != FERRY_OK)
		deactivate(&fake.phys[phys], phys, "the host");
	fake.cpu[cpu].off = false;
}

void phys_take(uint32_t phys, uint32_t cpu)
{
	phys_ack(phys, cpu);
	phys_tell(phys, cpu);
}

bool phys_calm(uint32_t phys)
{
	return !fake.phys[phys].active && fake.phys[phys].taken == fake.phys[phys].ended;
}

/* ---- vCPUs ------------------------------------------------------------------- */

struct ferry_vgic *fake_guest(const struct ferry_vgic_config *config)
{
	uint32_t wrongs = fake.wrongs, used = fake.g ? fake.phys_end : FAKE_PHYS;

	memset(&fake, 0, offsetof(struct fake, phys));
	fake.wrongs = wrongs;
	memset(lock_class, 0, ferry_vgic_size(config) / sizeof(*memory));
	memset(memory, 0xa5, ferry_vgic_size(config));
	fake.config = config;
	fake.version = config->variant == &ferry_vgicv2 ? 2 : 3;
	fake.gich = config->hardware == &ferry_gich;
	fake.lrs = config->lrs;
	fake.aprs = config->aprs ? config->aprs : 1;
	for (uint32_t n = 0; n < FAKE_CPUS; n++)
		fake.cpu[n].vcpu = FERRY_NONE;
	for (uint32_t n = 0; n < FAKE_VCPUS; n++)
		fake.vcpu[n].cpu = FERRY_NONE;
	for (uint32_t n = 0; n < used; n++)
		fake.phys[n] = (struct fake_phys){ .virt = FERRY_NONE };
	if (ferry_vgic_init(config, memory, sizeof(memory), &fake.g) == FERRY_OK)
		return fake.g;
	puts("Bail out! no guest of this configuration");
	fflush(stdout);
	exit(255);
}

/* The CPU on which this vCPU's calls are made; interrupts are off from here. */
static struct fake_cpu *on(uint32_t vcpu)
{
	if (fake.vcpu[vcpu].cpu != FERRY_NONE)
		fake.self = fake.vcpu[vcpu].cpu;
	fake.cpu[fake.self].off = true;
	return &fake.cpu[fake.self];
}

void fake_power(uint32_t vcpu, bool power)
{
	if (!power && fake.vcpu[vcpu].cpu != FERRY_NONE)
		fake_leave(vcpu);
	on(vcpu);
	if (ferry_vcpu_power(fake.g, vcpu, power) != FERRY_OK)
		fake_wrong("power %d of vCPU %u", power, vcpu);
	/* Switched on where it was loaded, the guest's first instructions set up its interface. */
	fake.vcpu[vcpu].runs = power && fake.vcpu[vcpu].cpu != FERRY_NONE;
	if (fake.vcpu[vcpu].runs)
		guest_interface(fake.vcpu[vcpu].cpu, 0xff, false, 3);
	fake.cpu[fake.self].off = false;
}

void fake_load(uint32_t vcpu, uint32_t cpu)
{
	if (fake.vcpu[vcpu].cpu != FERRY_NONE || fake.cpu[cpu].vcpu != FERRY_NONE)
		fake_wrong("load of vCPU %u on CPU %u", vcpu, cpu);
	fake.vcpu[vcpu].cpu = cpu;
	fake.cpu[cpu].vcpu = vcpu;
	on(vcpu);
	ferry_vcpu_load(fake.g, vcpu, cpu);
	fake.cpu[cpu].off = false;
}

void fake_put(uint32_t vcpu)
{
	uint32_t cpu = fake.vcpu[vcpu].cpu;

	fake_leave(vcpu);
	on(vcpu);
	ferry_vcpu_put(fake.g, vcpu);
	for (uint32_t n = 0; n < fake.lrs; n++)
		if (fake_lr(cpu, n).state)
			fake_wrong("put leaves list register %u", n);
	fake.vcpu[vcpu].cpu = FERRY_NONE;
	fake.vcpu[vcpu].runs = false;
	fake.cpu[cpu].vcpu = FERRY_NONE;
	fake.cpu[cpu].off = false;
}

bool fake_enter_once(uint32_t vcpu)
{
	struct fake_cpu *cpu = on(vcpu);

	if (fake.vcpu[vcpu].cpu == FERRY_NONE || cpu->guest || fake.vcpu[vcpu].blocked)
		fake_wrong("enter of vCPU %u", vcpu);
	fake.vcpu[vcpu].runs = true;
	cpu->guest = ferry_vcpu_enter(fake.g, vcpu) == FERRY_OK;
	/* An IPI that came before is still pending then, and has it leave at once. */
	if (!cpu->guest) {
		cpu->off = false;
		cpu->ipi = false;
		return false;
	}
	fake_rules(fake.self);
	return true;
}

void fake_enter(uint32_t vcpu)
{
	for (uint32_t n = 0; n < ROUNDS; n++)
		if (fake_enter_once(vcpu))
			return;
	fake_wrong("vCPU %u never enters", vcpu);
}

void fake_leave(uint32_t vcpu)
{
	struct fake_cpu *cpu = on(vcpu);

	if (cpu->guest && fake.vcpu[vcpu].cpu != FERRY_NONE) {
		cpu->guest = false;
		ferry_vcpu_exit(fake.g, vcpu);
		cpu->ipi = false;
	}
	cpu->off = false;
}

void fake_boot(uint32_t vcpu, uint32_t cpu)
{
	fake_power(vcpu, true);
	fake_load(vcpu, cpu);
	fake_enter(vcpu);
	guest_interface(cpu, 0xff, false, 3);
}

bool fake_block(uint32_t vcpu)
{
	if (fake.vcpu[vcpu].cpu != FERRY_NONE)
		fake_leave(vcpu);
	on(vcpu);
	fake.vcpu[vcpu].woken = false;
	fake.vcpu[vcpu].blocked = ferry_vcpu_block(fake.g, vcpu) == FERRY_OK;
	fake.cpu[fake.self].off = false;
	return fake.vcpu[vcpu].blocked;
}

static void wake(uint32_t vcpu)
{
	on(vcpu);
	fake.vcpu[vcpu].blocked = fake.vcpu[vcpu].woken = false;
	ferry_vcpu_unblock(fake.g, vcpu);
	fake.cpu[fake.self].off = false;
}

/* What one CPU has to do now; false: nothing. */
static bool serve(uint32_t number)
{
	struct fake_cpu *cpu = &fake.cpu[number];
	struct fake_vcpu *vcpu = cpu->vcpu != FERRY_NONE ? &fake.vcpu[cpu->vcpu] : NULL;

	if (!vcpu)
		return false;
	if (cpu->guest && (cpu->ipi || fake_misr(number)))
		fake_leave(cpu->vcpu);
	else if (vcpu->blocked && vcpu->woken)
		wake(cpu->vcpu);
	else if (!cpu->guest && vcpu->runs && !vcpu->blocked)
		fake_enter_once(cpu->vcpu);
	else
		return false;
	return true;
}

static bool deliver(void)
{
	for (uint32_t n = 0; n < fake.phys_end; n++) {
		if (fake.phys[n].virt == FERRY_NONE || !phys_ready(n))
			continue;
		phys_take(n, fake.phys[n].route);
		return true;
	}
	return false;
}

static void settle(bool physical)
{
	for (uint32_t n = 0; n < ROUNDS; n++) {
		bool some = physical && deliver();

		for (uint32_t cpu = 0; cpu < FAKE_CPUS; cpu++)
			some = serve(cpu) || some;
		if (!some)
			return;
	}
	fake_wrong("it never settles");
}

void fake_settle(void)
{
	settle(true);
}

void fake_serve(void)
{
	settle(false);
}

struct ferry_virq_info fake_look(uint32_t vcpu, uint32_t intid)
{
	struct ferry_virq_info info;

	if (ferry_vgic_look(fake.g, vcpu, intid, &info) != FERRY_OK)
		fake_wrong("look at %u", intid);
	return info;
}
