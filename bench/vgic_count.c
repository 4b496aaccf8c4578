// SPDX-License-Identifier: MIT
/* Linked with --wrap for what the host is not asked about: see vgic_count.h. */
#include "bench/vgic_count.h"
#include <string.h>

#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
#else
#define CALLGRIND_ZERO_STATS (void)0
#define CALLGRIND_DUMP_STATS_AT(name) (void)(name)
#endif

static struct cost now;
static uint32_t locks_before;
uint32_t count_traps = FERRY_NONE;

void __real_ferry_vcpu_exit(struct ferry_vgic *g, uint32_t vcpu);
void __real_ferry_host_ich_write(void *ctx, uint32_t reg, uint64_t value);
uint64_t __real_ferry_host_ich_read(void *ctx, uint32_t reg);
uint64_t __real_ferry_host_timer_read(void *ctx, enum ferry_timer reg);

void __wrap_ferry_vcpu_exit(struct ferry_vgic *g, uint32_t vcpu);
void __wrap_ferry_host_ich_write(void *ctx, uint32_t reg, uint64_t value);
uint64_t __wrap_ferry_host_ich_read(void *ctx, uint32_t reg);
uint64_t __wrap_ferry_host_timer_read(void *ctx, enum ferry_timer reg);

static enum why reason(uint32_t vcpu)
{
	if (vcpu == count_traps)
		return WHY_TRAP;
	if (fake_misr(fake.self))
		return WHY_MAINTENANCE;
	return fake.cpu[fake.self].ipi ? WHY_IPI : WHY_IRQ;
}

void __wrap_ferry_vcpu_exit(struct ferry_vgic *g, uint32_t vcpu)
{
	enum why why = reason(vcpu);

	now.exits[why]++;
	now.of[vcpu & 3] += why != WHY_TRAP;
	__real_ferry_vcpu_exit(g, vcpu);
}

void __wrap_ferry_host_ich_write(void *ctx, uint32_t reg, uint64_t value)
{
	if (reg >= FERRY_ICH_LR0)
		now.lrs++;
	else
		now.ich++;
	__real_ferry_host_ich_write(ctx, reg, value);
}

uint64_t __wrap_ferry_host_ich_read(void *ctx, uint32_t reg)
{
	now.ich++;
	return __real_ferry_host_ich_read(ctx, reg);
}

uint64_t __wrap_ferry_host_timer_read(void *ctx, enum ferry_timer reg)
{
	now.timer++;
	return __real_ferry_host_timer_read(ctx, reg);
}

void count_start(void)
{
	memset(&now, 0, sizeof(now));
	locks_before = fake.locks;
	fake_again();
	CALLGRIND_ZERO_STATS;
}

struct cost count_end(const char *name)
{
	uint32_t calls = fake_count(FAKE_PHYS_CALL, FERRY_NONE, FERRY_NONE);

	CALLGRIND_DUMP_STATS_AT(name);
	now.locks = fake.locks - locks_before;
	now.routes = fake_count(FAKE_ROUTE, FERRY_NONE, FERRY_NONE);
	now.deactivations = fake_count(FAKE_PHYS_CALL, FERRY_NONE, FERRY_PHYS_DEACTIVATE);
	now.others = calls - now.deactivations;
	now.wakes = fake_count(FAKE_KICK, FERRY_NONE, FERRY_NONE);
	for (uint32_t cpu = 0; cpu < FAKE_CPUS; cpu++)
		now.ipis += fake_count(FAKE_KICK, FERRY_NONE, cpu);
	now.wakes -= now.ipis;
	now.timer += fake_count((enum fake_event)NOTE_TIMER, FERRY_NONE, FERRY_NONE);
	return now;
}

double count_ns(const struct cost *c, const struct vgic_machine *machine)
{
	double events[VGIC_EVENTS] = {
		[EVENT_TRAP] = c->exits[WHY_TRAP],
		[EVENT_IRQ] = c->exits[WHY_IRQ] + c->exits[WHY_IPI],
		[EVENT_MAINTENANCE] = c->exits[WHY_MAINTENANCE],
		[EVENT_IPI] = c->ipis,
		[EVENT_WAKE] = c->wakes,
		[EVENT_REGISTER] = c->routes + c->others,
		[EVENT_DEACTIVATE] = c->deactivations,
		[EVENT_LOCK] = c->locks,
		[EVENT_LR] = c->lrs,
		[EVENT_ICH] = c->ich,
		[EVENT_TIMER] = c->timer,
	};

	events[EVENT_EXIT] = events[EVENT_TRAP] + events[EVENT_IRQ] + events[EVENT_MAINTENANCE];
	return vgic_cost(machine, events);
}
