// SPDX-License-Identifier: MIT
/* Timers, another device, and their PPIs: see fake_timer.h. */
#include "tests/fake_timer.h"
#include <string.h>

#define ENABLE 1u
#define MASK 2u
#define STATUS 4u
#define ROUNDS 100u

struct fake_timers timers;

static void note(uint32_t event, uint32_t a, uint32_t b)
{
	if (fake.notes < FAKE_LOG)
		fake.note[fake.notes++] =
			(struct fake_note){ (enum fake_event)event, fake.self, a, b };
	else
		fake_wrong("the log is full");
}

static void drive(uint32_t cpu, uint32_t phys, bool was, bool high)
{
	struct fake_phys *p = ppi(cpu, phys);

	p->line = high;
	if (!p->level && high && !was)
		p->pending = true;
}

/* All is unsigned, of 64 bits. */
static bool status(const struct timer *t, uint64_t count)
{
	return (t->ctl_now & ENABLE) && count - t->offset_now >= t->cval_now;
}

static void update(uint32_t cpu)
{
	struct timer *t = &timers.cpu[cpu];
	bool was = t->line;

	t->line = !(t->ctl_now & MASK) && status(t, timers.count);
	drive(cpu, TIMER_PPI, was, t->line);
}

static void synchronise(uint32_t cpu)
{
	struct timer *t = &timers.cpu[cpu];

	t->cval_now = t->cval;
	t->offset_now = t->offset;
	t->ctl_now = t->ctl;
	t->seen = timers.count;
	update(cpu);
}

/* Time passes between any two calls. */
static void moment(void)
{
	if (timers.pass_in && !--timers.pass_in)
		timer_until(timers.pass_to);
}

void ferry_host_barrier(void *ctx, enum ferry_barrier barrier)
{
	(void)ctx;
	moment();
	note(FAKE_BARRIER, barrier, 0);
	if (barrier == FERRY_BARRIER_CONTEXT)
		synchronise(fake.self);
}

static void on_cpu(const char *what)
{
	if (!fake.cpu[fake.self].off)
		fake_wrong("%s with interrupts on", what);
}

uint64_t ferry_host_timer_read(void *ctx, enum ferry_timer reg)
{
	const struct timer *t = &timers.cpu[fake.self];

	(void)ctx;
	on_cpu("the timer");
	moment();
	switch (reg) {
	case FERRY_TIMER_CTL:
		return t->ctl | (status(t, t->seen) ? STATUS : 0);
	case FERRY_TIMER_CVAL:
		return t->cval;
	case FERRY_TIMER_OFFSET:
		return t->offset;
	case FERRY_TIMER_COUNT:
		return t->seen;
	}
	return 0;
}

void ferry_host_timer_write(void *ctx, enum ferry_timer reg, uint64_t value)
{
	struct timer *t = &timers.cpu[fake.self];

	(void)ctx;
	on_cpu("the timer");
	moment();
	note(NOTE_TIMER, reg, (uint32_t)value);
	if (reg == FERRY_TIMER_CTL)
		t->ctl = (uint32_t)value & (ENABLE | MASK);
	else if (reg == FERRY_TIMER_CVAL)
		t->cval = value;
	else if (reg == FERRY_TIMER_OFFSET)
		t->offset = value;
	else
		fake_wrong("the counter is written");
}

void ferry_host_timer_at(void *ctx, uint32_t vcpu, uint64_t count)
{
	(void)ctx;
	note(NOTE_SOFT, vcpu, count != NEVER);
	timers.soft[vcpu] = count;
}

bool ferry_host_resident_save(void *ctx, uint32_t vcpu, uint32_t intid)
{
	uint32_t cpu = fake.self;

	(void)ctx;
	on_cpu("a device");
	note(NOTE_SAVE, vcpu, intid);
	if (timers.late[vcpu])
		device_line(cpu, true);
	timers.saved[vcpu] = timers.device[cpu];
	device_line(cpu, false);
	return timers.saved[vcpu];
}

void ferry_host_resident_restore(void *ctx, uint32_t vcpu, uint32_t intid)
{
	(void)ctx;
	on_cpu("a device");
	note(NOTE_RESTORE, vcpu, intid);
	/* An edge that was seen is not made again. */
	if (ppi(fake.self, DEVICE_PPI)->level)
		device_line(fake.self, timers.saved[vcpu]);
}

/* ---- the test's side --------------------------------------------------------------- */

void timers_reset(bool edge)
{
	memset(&timers, 0, sizeof(timers));
	for (uint32_t n = 0; n < FAKE_VCPUS; n++)
		timers.soft[n] = NEVER;
	for (uint32_t n = 0; n < FAKE_CPUS; n++)
		ppi(n, TIMER_PPI)->level = ppi(n, DEVICE_PPI)->level = !edge;
}

void timer_until(uint64_t count)
{
	timers.count = count;
	for (uint32_t n = 0; n < FAKE_CPUS; n++)
		update(n);
}

void timer_soft(uint32_t vcpu, uint32_t cpu)
{
	uint32_t self = fake.self;
	bool off = fake.cpu[cpu].off;

	fake.self = cpu;
	fake.cpu[cpu].off = true;
	ferry_vcpu_timer(fake.g, vcpu);
	fake.cpu[cpu].off = off;
	fake.self = self;
}

void timer_softs(uint32_t cpu)
{
	for (uint32_t n = 0; n < FAKE_VCPUS; n++) {
		if (timers.soft[n] > timers.count)
			continue;
		timers.soft[n] = NEVER;
		timer_soft(n, cpu);
	}
}

void guest_timer(uint32_t cpu, uint64_t cval, uint32_t ctl)
{
	if (!fake.cpu[cpu].guest)
		fake_wrong("CPU %u is not in the guest", cpu);
	timers.cpu[cpu].cval = cval;
	synchronise(cpu);
	timers.cpu[cpu].ctl = ctl;
	synchronise(cpu);
}

uint32_t guest_timer_ctl(uint32_t cpu)
{
	return timers.cpu[cpu].ctl | (status(&timers.cpu[cpu], timers.count) ? STATUS : 0);
}

void device_line(uint32_t cpu, bool high)
{
	bool was = timers.device[cpu];

	timers.device[cpu] = high;
	drive(cpu, DEVICE_PPI, was, high);
}

struct fake_phys *ppi(uint32_t cpu, uint32_t phys)
{
	return &fake.cpu[cpu].ppi[phys];
}

bool ppi_ready(uint32_t cpu, uint32_t phys)
{
	const struct fake_phys *p = ppi(cpu, phys);

	return p->enabled && !p->active && (p->pending || (p->level && p->line));
}

void ppi_ack(uint32_t cpu, uint32_t phys)
{
	struct fake_phys *p = ppi(cpu, phys);

	if (p->active)
		fake_wrong("PPI %u of CPU %u is acknowledged and active", phys, cpu);
	if (fake.cpu[cpu].guest)
		fake_leave(fake.cpu[cpu].vcpu);
	p->pending = false;
	p->active = true;
	p->taken++;
}

void ppi_tell(uint32_t cpu, uint32_t phys, uint32_t vcpu)
{
	fake.self = cpu;
	fake.cpu[cpu].off = true;
	if (ferry_vgic_resident(fake.g, vcpu, phys) != FERRY_OK)
		fake_wrong("PPI %u is not known", phys);
	fake.cpu[cpu].off = false;
}

void ppi_take(uint32_t cpu, uint32_t phys)
{
	if (!ppi_ready(cpu, phys))
		fake_wrong("PPI %u of CPU %u can't be taken", phys, cpu);
	ppi_ack(cpu, phys);
	ppi_tell(cpu, phys, fake.cpu[cpu].vcpu);
}

static uint32_t take_all(void)
{
	uint32_t taken = 0;

	for (uint32_t cpu = 0; cpu < FAKE_CPUS; cpu++)
		for (uint32_t phys = 16; phys < 32; phys++) {
			if (!ppi_ready(cpu, phys))
				continue;
			ppi_take(cpu, phys);
			taken++;
		}
	return taken;
}

uint32_t ppi_settle(void)
{
	uint32_t all = 0, taken;

	for (uint32_t n = 0; n < ROUNDS; n++) {
		fake_settle();
		taken = take_all();
		all += taken;
		if (!taken)
			return all;
	}
	fake_wrong("PPIs come for ever");
	return all;
}
