// SPDX-License-Identifier: MIT
/*
 * Between library and host: each call of the host is for this guest, and there are not more of
 * them in a call of the library than its bound. The linker has `--wrap` for each function.
 */
#include "fuzz/vgic_fuzz.h"
#include <irqferry/guards.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void fuzz_fail(const char *format, ...)
{
	va_list args;

	fputs("Bail out! ", stdout);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
	abort();
}

/* ---- the bystander ---------------------------- */

static struct {
	struct ferry_vgic *g;
	uint64_t memory[2048], copy[2048];
	bool settling;
} other;

/* The host's answers to it are the simplest there are. */
static bool is_other(void *ctx)
{
	if (ctx == &fake)
		return false;
	if (ctx != &other || !other.settling)
		fuzz_fail("a call of the host for another guest");
	return true;
}

void bystander_check(void)
{
	if (memcmp(other.memory, other.copy, sizeof(other.memory)))
		fuzz_fail("another guest's memory has changed");
}

static void other_write(uint32_t offset, uint8_t bytes, uint64_t value)
{
	struct ferry_vgic_access access = { FERRY_GICD, bytes, true, offset, value };

	must(ferry_vgic_access(other.g, 0, &access) == FERRY_OK);
}

/* SPIs 40 and 41 pend and are linked, 42 is in a list register. */
void bystander_init(void)
{
	static const struct ferry_mpidr mpidrs[] = { { 0 }, { 1 } };
	struct ferry_vgic_config config = { .ctx = &other,
					    .variant = &ferry_vgicv3,
					    .hardware = &ferry_ich,
					    .lrs = 2,
					    .vcpus = 2,
					    .mpidrs = mpidrs,
					    .spis = 32 };

	if (other.g)
		return;
	other.settling = true;
	must(ferry_vgic_init(&config, other.memory, sizeof(other.memory), &other.g) == FERRY_OK);
	other_write(0, 4, 3);
	other_write(0x104, 4, ~0u);
	for (uint32_t vcpu = 0; vcpu < 2; vcpu++) {
		must(ferry_vcpu_power(other.g, vcpu, true) == FERRY_OK);
		ferry_vcpu_load(other.g, vcpu, vcpu);
	}
	must(ferry_vgic_inject(other.g, 0, 42, true) == FERRY_OK);
	must(ferry_vcpu_enter(other.g, 0) == FERRY_OK);
	must(ferry_vgic_bind(other.g, 40, 100, true) == FERRY_OK);
	must(ferry_vgic_bind(other.g, 41, 101, false) == FERRY_OK);
	must(ferry_vgic_physical(other.g, 40) == FERRY_OK);
	must(ferry_vgic_physical(other.g, 41) == FERRY_OK);
	memcpy(other.copy, other.memory, sizeof(other.memory));
	other.settling = false;
}

/* ---- calls of the library ---------------------------- */

static uint32_t calls;           /* of the host, in the innermost call of the library */
static uint32_t busy[FAKE_CPUS]; /* calls of the library under way there */

struct api {
	const char *name;
	uint32_t most, bound;
};

uint32_t busy_cpus(void)
{
	uint32_t set = 0;

	for (uint32_t cpu = 0; cpu < FAKE_CPUS; cpu++)
		set |= (uint32_t)(busy[cpu] != 0) << cpu;
	return set;
}

void wrap_reset(void)
{
	memset(busy, 0, sizeof(busy));
	calls = 0;
}

struct under_way {
	uint32_t calls, cpu;
};

static struct under_way begin(void)
{
	struct under_way before = { calls, fake.self };

	calls = 0;
	busy[fake.self]++;
	return before;
}

static void end(struct under_way before, struct api *api, uint32_t bound)
{
	if (calls > api->most) {
		api->most = calls;
		api->bound = bound;
	}
	if (calls > bound)
		fuzz_fail("%s: %u calls of the host, more than %u", api->name, calls, bound);
	calls = before.calls;
	busy[before.cpu]--;
}

/*
 * Bounds, in calls of the host: by vCPUs and interrupts of the guest and by nothing that it
 * does. ONE: an interrupt is changed and placed anew. TOLD: a vCPU is kicked and waited for.
 */
#define ONE 32u
#define TOLD 5u
#define VCPUS (world.config.vcpus)
#define NUMBERS (32 + world.config.spis + world.config.espis)
#define KICKS (VCPUS * TOLD)
/* An access covers up to 32 interrupts; GICD_SGIR and CPENDSGIR up to 8 and 32 instances. */
#define ACCESS (16 + 33 * ONE + KICKS)
/* List registers; those that move on, and ends counted: hints are looked at two times. */
#define LATER (31 + world.config.lrs)
#define FOLD (8 + LATER * ONE + 2 * (NUMBERS + 64) + KICKS)
/* 64 and the rest of a word are scanned; hints are looked at two times; list registers filled, and
 * folded if that was for nothing. */
#define ENTER (400 + 96 * 12 + 4 * NUMBERS + world.config.lrs * ONE + KICKS)
#define RESIDENTS (4 * (ONE + TOLD))

#define LIBRARY(name, type, parameters, arguments, bound) \
	type __real_##name parameters; \
	type __wrap_##name parameters; \
	static struct api api_##name = { #name, 0, 0 }; \
	type __wrap_##name parameters \
	{ \
		struct under_way before; \
		type result; \
\
		if (g == other.g) \
			return __real_##name arguments; \
		before = begin(); \
		result = __real_##name arguments; \
		end(before, &api_##name, bound); \
		return result; \
	}

#define LIBRARY_VOID(name, parameters, arguments, bound) \
	void __real_##name parameters; \
	void __wrap_##name parameters; \
	static struct api api_##name = { #name, 0, 0 }; \
	void __wrap_##name parameters \
	{ \
		struct under_way before; \
\
		if (g == other.g) { \
			__real_##name arguments; \
			return; \
		} \
		before = begin(); \
		__real_##name arguments; \
		end(before, &api_##name, bound); \
	}

LIBRARY(ferry_vgic_bind, int, (struct ferry_vgic * g, uint32_t intid, uint32_t phys, bool edge),
	(g, intid, phys, edge), ONE)
LIBRARY(ferry_vgic_unbind, int, (struct ferry_vgic * g, uint32_t intid), (g, intid), 2 * ONE + TOLD)
LIBRARY(ferry_vgic_physical, int, (struct ferry_vgic * g, uint32_t intid), (g, intid), ONE + TOLD)
LIBRARY(ferry_vgic_inject, int, (struct ferry_vgic * g, uint32_t vcpu, uint32_t intid, bool level),
	(g, vcpu, intid, level), ONE + TOLD)
LIBRARY(ferry_vcpu_inject, int, (struct ferry_vgic * g, uint32_t vcpu, uint32_t intid),
	(g, vcpu, intid), ONE + TOLD)
LIBRARY(ferry_vcpu_physical, int, (struct ferry_vgic * g, uint32_t vcpu, uint32_t intid),
	(g, vcpu, intid), ONE + TOLD)
LIBRARY(ferry_vgic_resident, int, (struct ferry_vgic * g, uint32_t vcpu, uint32_t phys),
	(g, vcpu, phys), ONE + TOLD)
LIBRARY_VOID(ferry_vcpu_timer, (struct ferry_vgic * g, uint32_t vcpu), (g, vcpu), ONE + TOLD)
LIBRARY(ferry_vcpu_power, int, (struct ferry_vgic * g, uint32_t vcpu, bool on), (g, vcpu, on),
	16 + (32 + NUMBERS) * ONE + KICKS + RESIDENTS)
LIBRARY_VOID(ferry_vcpu_load, (struct ferry_vgic * g, uint32_t vcpu, uint32_t cpu), (g, vcpu, cpu),
	     24 + RESIDENTS)
LIBRARY_VOID(ferry_vcpu_put, (struct ferry_vgic * g, uint32_t vcpu), (g, vcpu), 40 + RESIDENTS)
LIBRARY(ferry_vcpu_enter, int, (struct ferry_vgic * g, uint32_t vcpu), (g, vcpu), ENTER)
LIBRARY_VOID(ferry_vcpu_exit, (struct ferry_vgic * g, uint32_t vcpu), (g, vcpu), FOLD)
LIBRARY(ferry_vcpu_block, int, (struct ferry_vgic * g, uint32_t vcpu), (g, vcpu),
	16 + 2 * NUMBERS + 16 * ONE)
LIBRARY_VOID(ferry_vcpu_unblock, (struct ferry_vgic * g, uint32_t vcpu), (g, vcpu), 4)
LIBRARY_VOID(ferry_vgic_leave, (struct ferry_vgic * g, uint32_t cpu, uint32_t to), (g, cpu, to),
	     8 + 4 * VCPUS + 4 * NUMBERS)
LIBRARY(ferry_vgic_access, int,
	(struct ferry_vgic * g, uint32_t vcpu, struct ferry_vgic_access *access), (g, vcpu, access),
	ACCESS)
LIBRARY(ferry_vgic_sgi, int,
	(struct ferry_vgic * g, uint32_t vcpu, enum ferry_vgic_sgi reg, uint64_t value),
	(g, vcpu, reg, value), 8 + VCPUS * (ONE + TOLD))
LIBRARY(ferry_vgic_dir, int, (struct ferry_vgic * g, uint32_t vcpu, uint32_t intid),
	(g, vcpu, intid), ONE + TOLD)
LIBRARY(ferry_vgic_look, int,
	(struct ferry_vgic * g, uint32_t vcpu, uint32_t intid, struct ferry_virq_info *info),
	(g, vcpu, intid, info), 8)

static struct api *const apis[] = {
	&api_ferry_vgic_bind,     &api_ferry_vgic_unbind, &api_ferry_vgic_physical,
	&api_ferry_vgic_inject,   &api_ferry_vcpu_inject, &api_ferry_vcpu_physical,
	&api_ferry_vgic_resident, &api_ferry_vcpu_timer,  &api_ferry_vcpu_power,
	&api_ferry_vcpu_load,     &api_ferry_vcpu_put,    &api_ferry_vcpu_enter,
	&api_ferry_vcpu_exit,     &api_ferry_vcpu_block,  &api_ferry_vcpu_unblock,
	&api_ferry_vgic_leave,    &api_ferry_vgic_access, &api_ferry_vgic_sgi,
	&api_ferry_vgic_dir,      &api_ferry_vgic_look,
};

void fuzz_costs(void (*tell)(const char *name, uint32_t most, uint32_t bound))
{
	for (uint32_t n = 0; n < sizeof(apis) / sizeof(*apis); n++)
		tell(apis[n]->name, apis[n]->most, apis[n]->bound);
}

/* ---- calls of the host ---------------------------- */

#define HOST(name, type, parameters, arguments, simple) \
	type __real_##name parameters; \
	type __wrap_##name parameters; \
	type __wrap_##name parameters \
	{ \
		if (is_other(ctx)) \
			return simple; \
		calls++; \
		return __real_##name arguments; \
	}

#define HOST_VOID(name, parameters, arguments, simple) \
	void __real_##name parameters; \
	void __wrap_##name parameters; \
	void __wrap_##name parameters \
	{ \
		if (is_other(ctx)) { \
			simple; \
			return; \
		} \
		calls++; \
		__real_##name arguments; \
	}

static uint32_t put(ferry_atomic *cell, uint32_t value)
{
	uint32_t old = cell->value;

	cell->value = value;
	return old;
}

/* What is locked is a lock, and what is an atomic no plain word (guards.h). Not under a fuzzer,
 * which has less time than who replays. */
static ferry_lock *a_lock(ferry_lock *lock)
{
	must(!fuzz_replays || ferry_vgic_guard(fake.g, lock).kind == FERRY_GUARD_LOCK);
	return lock;
}

static ferry_atomic *a_cell(ferry_atomic *cell)
{
	enum ferry_guard_kind kind = FERRY_GUARD_FREE;

	if (fuzz_replays)
		kind = ferry_vgic_guard(fake.g, cell).kind;
	must(kind == FERRY_GUARD_FREE || kind == FERRY_GUARD_CELL);
	return cell;
}

HOST_VOID(ferry_host_lock, (void *ctx, ferry_lock *lock), (ctx, a_lock(lock)), (void)0)
HOST_VOID(ferry_host_unlock, (void *ctx, ferry_lock *lock), (ctx, a_lock(lock)), (void)0)
HOST(ferry_host_load, uint32_t, (void *ctx, const ferry_atomic *cell), (ctx, cell), cell->value)
HOST_VOID(ferry_host_store, (void *ctx, ferry_atomic *cell, uint32_t value),
	  (ctx, a_cell(cell), value), put(cell, value))
HOST(ferry_host_xchg, uint32_t, (void *ctx, ferry_atomic *cell, uint32_t value),
     (ctx, a_cell(cell), value), put(cell, value))
HOST(ferry_host_or, uint32_t, (void *ctx, ferry_atomic *cell, uint32_t bits),
     (ctx, a_cell(cell), bits), put(cell, cell->value | bits))
HOST(ferry_host_and, uint32_t, (void *ctx, ferry_atomic *cell, uint32_t bits),
     (ctx, a_cell(cell), bits), put(cell, cell->value &bits))
HOST(ferry_host_cas, bool, (void *ctx, ferry_atomic *cell, uint32_t expected, uint32_t value),
     (ctx, a_cell(cell), expected, value), (put(cell, value), true))
HOST(ferry_host_irq_save, uintptr_t, (void *ctx), (ctx), 0)
HOST_VOID(ferry_host_irq_restore, (void *ctx, uintptr_t flags), (ctx, flags), (void)0)
HOST(ferry_host_ich_read, uint64_t, (void *ctx, uint32_t reg), (ctx, reg), 0)
HOST_VOID(ferry_host_ich_write, (void *ctx, uint32_t reg, uint64_t value), (ctx, reg, value),
	  (void)0)
HOST(ferry_host_phys, bool, (void *ctx, uint32_t intid, enum ferry_phys what), (ctx, intid, what),
     false)
HOST_VOID(ferry_host_phys_route, (void *ctx, uint32_t intid, uint32_t cpu), (ctx, intid, cpu),
	  (void)0)
HOST_VOID(ferry_host_vcpu_kick, (void *ctx, uint32_t vcpu, uint32_t cpu), (ctx, vcpu, cpu), (void)0)
HOST_VOID(ferry_host_barrier, (void *ctx, enum ferry_barrier barrier), (ctx, barrier), (void)0)
HOST(ferry_host_timer_read, uint64_t, (void *ctx, enum ferry_timer reg), (ctx, reg), 0)
HOST_VOID(ferry_host_timer_write, (void *ctx, enum ferry_timer reg, uint64_t value),
	  (ctx, reg, value), (void)0)
HOST_VOID(ferry_host_timer_at, (void *ctx, uint32_t vcpu, uint64_t count), (ctx, vcpu, count),
	  (void)0)
HOST(ferry_host_resident_save, bool, (void *ctx, uint32_t vcpu, uint32_t intid), (ctx, vcpu, intid),
     false)
HOST_VOID(ferry_host_resident_restore, (void *ctx, uint32_t vcpu, uint32_t intid),
	  (ctx, vcpu, intid), (void)0)

/* What is looked at while it waits, and what others do meanwhile, is not its work. */
void __real_ferry_host_wait(void *ctx, bool (*done)(void *arg), void *arg);
void __wrap_ferry_host_wait(void *ctx, bool (*done)(void *arg), void *arg);
void __wrap_ferry_host_wait(void *ctx, bool (*done)(void *arg), void *arg)
{
	uint32_t before = calls;

	if (is_other(ctx))
		return;
	__real_ferry_host_wait(ctx, done, arg);
	calls = before + 1;
}
