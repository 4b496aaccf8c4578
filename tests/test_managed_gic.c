/* SPDX-License-Identifier: MIT */
/*
 * Stop and start (managed.h) of SPIs on GICv2 and GICv3, against arrays of registers. LPIs are
 * in test_managed_its.c.
 */
#include <irqferry/managed.h>
#include <string.h>
#include "tests/fake_gic.h"
#include "tests/tap.h"

#define CPUS 3u

static uint64_t memory[2048];
static struct ferry *f;
static bool gicv3;

static const struct ferry_mpidr mpidrs[CPUS] = { { 0 }, { 1 }, { 2 } };
static const struct ferry_gic_region region = { .bytes = CPUS * 0x20000 };

static void machine(bool v3, uint32_t flags)
{
	struct ferry_gic_config c = {
		.core = { .cpus = CPUS, .irqs = 16, .masks = 8, .restore = true },
		.flags = flags,
		.variant = v3 ? &ferry_gicv3 : &ferry_gicv2,
		.mpidrs = v3 ? mpidrs : NULL,
		.region = v3 ? &region : NULL,
		.regions = v3,
		.spis = 64,
	};

	gicv3 = v3;
	memset(&fake, 0, sizeof(fake));
	fake.ack = 1023;
	fake.d_typer = 31;
	for (uint32_t cpu = 0; cpu < CPUS; cpu++) {
		fake.target[cpu] = (uint8_t)(1 << cpu);
		fake.rd[cpu] = (struct fake_rd){ .offset = cpu * 0x20000,
						 .typer = (uint64_t)cpu << 32 | cpu << 8 |
							  (cpu == CPUS - 1) << 4,
						 .asleep = true,
						 .waker = 2 };
	}
	fake.nrds = CPUS;
	if (ferry_gic_size(&c) > sizeof(memory) ||
	    ferry_gic_init(&c, memory, sizeof(memory), &f) != FERRY_OK)
		bail("it does not start");
}

static int enter(uint32_t cpu)
{
	fake.cpu = cpu;
	return ferry_cpu_enter(f, cpu);
}

static void start_cpus(bool v3, uint32_t cpus)
{
	machine(v3, 0);
	for (uint32_t cpu = 0; cpu < cpus; cpu++)
		if (enter(cpu) != FERRY_OK)
			bail("CPU %u does not enter", cpu);
}

static int create(uint32_t intid, uint8_t kind, uint8_t flags, uint64_t mask, uint32_t *irq)
{
	struct ferry_gic_source s = { .kind = kind, .flags = flags, .intid = intid };

	return ferry_gic_create(f, &s, mask ? &mask : NULL, irq);
}

/* INTID 40, on this CPU, enabled. */
static uint32_t make(uint8_t kind, uint32_t cpu)
{
	uint32_t irq;

	if (create(40, kind, 0, 1u << cpu, &irq) != FERRY_OK ||
	    ferry_irq_enable(f, irq) != FERRY_OK)
		bail("no interrupt");
	return irq;
}

static int aim(uint32_t irq, uint64_t mask)
{
	return ferry_irq_aim(f, irq, &mask);
}

static enum ferry_state state(uint32_t irq)
{
	struct ferry_affinity a;

	if (ferry_irq_affinity(f, irq, &a, NULL, NULL, NULL) != FERRY_OK)
		bail("affinity");
	return a.state;
}

/* Where INTID 40 goes: the CPU, as the hardware has it. */
static bool routed(uint32_t cpu)
{
	return fake.line[40].route == (gicv3 ? mpidrs[cpu].value : 1ull << cpu);
}

/* The hardware offers it, if it may. Taken, and was its handler started there? */
static bool taken(uint32_t cpu, uint32_t irq)
{
	if (!fake.line[40].pending || !fake.line[40].enabled || fake.line[40].active)
		return false;
	fake.line[40].pending = false;
	fake.line[40].active = true;
	fake.cpu = cpu;
	fake.ack = 40;
	fake_again();
	return ferry_gic_interrupt(f, cpu) == FERRY_GIC_TAKEN &&
	       fake_noted(0, FAKE_HANDLE, 0, irq) != FERRY_NONE && !fake.line[40].active;
}

static const char *name(bool v3)
{
	return v3 ? "GICv3" : "GICv2";
}

/* ---- there and back ------------------------------------------------ */

static void round_trip(bool v3, uint8_t kind)
{
	uint32_t irq, other;

	start_cpus(v3, 3);
	irq = make(kind, 1);
	is_int(ferry_irq_stop(f, irq, 0, NULL), FERRY_OK, "%s: stopped", name(v3));
	ok(!fake.line[40].enabled, "... disabled");
	is_u64(state(irq), FERRY_STOPPED, "... its state");
	is_u64(ferry_gic_irq(f, 40), irq, "... it keeps its INTID");
	is_int(create(40, kind, 0, 0, &other), FERRY_E_STATE, "... which nobody else gets");
	fake_again();
	is_int(ferry_irq_enable(f, irq), FERRY_OK, "enabled while it is stopped");
	is_int(ferry_irq_mask(f, irq), FERRY_OK, "... and masked");
	is_int(aim(irq, 1u << 2), FERRY_OK, "... and aimed");
	is_u64(fake.notes, 0, "... without a write");
	is_int(ferry_irq_start(f, irq), FERRY_OK, "started");
	ok(routed(2) && !fake.line[40].enabled, "on CPU 2, masked");
	is_int(ferry_irq_unmask(f, irq), FERRY_OK, "unmasked");
	fake.line[40].pending = true;
	ok(taken(2, irq), "it comes");
	is_int(ferry_irq_stop(f, irq, 0, NULL), FERRY_OK, "stopped again");
	is_int(ferry_irq_free(f, irq, 0, NULL), FERRY_OK, "and freed");
	is_u64(ferry_gic_irq(f, 40), FERRY_NONE, "its INTID is nobody's");
	is_u64(make(kind, 0), irq, "both are used again");
	ok(!fake.lost, "no access but to registers");
}

/* 42. The depth of disabling was lost. */
static void disabled(bool v3)
{
	uint32_t irq;

	start_cpus(v3, 1);
	irq = make(FERRY_GIC_EDGE, 0);
	is_int(ferry_irq_disable(f, irq), FERRY_OK, "%s: 42. disabled", name(v3));
	is_int(ferry_irq_stop(f, irq, 0, NULL), FERRY_OK, "stopped");
	is_int(ferry_irq_start(f, irq), FERRY_OK, "started");
	ok(!fake.line[40].enabled, "42. still disabled");
	fake.line[40].pending = true;
	is_int(ferry_irq_enable(f, irq), FERRY_OK, "enabled");
	ok(taken(0, irq), "what came while it was disabled comes");
}

/* ---- what is waited for ------------------------------------------------ */

/* GICD_CTLR.RWP; and somebody has acknowledged it. */
static void waits(void)
{
	uint32_t irq;
	uint64_t ns = 0;

	start_cpus(true, 2);
	irq = make(FERRY_GIC_EDGE, 0);
	fake.d_rwp = 3;
	is_int(ferry_irq_stop(f, irq, 0, &ns), FERRY_E_AGAIN, "it may not be off yet");
	ok(ns > 0, "... and says when to ask");
	is_int(ferry_irq_start(f, irq), FERRY_E_STATE, "... nor may it start");
	is_int(aim(irq, 1), FERRY_E_STATE, "... nor be aimed");
	fake.d_rwp = 0;
	ferry_poll(f);
	is_int(ferry_irq_stop(f, irq, 0, NULL), FERRY_OK, "then it is");
	is_int(ferry_irq_start(f, irq), FERRY_OK, "started");
	fake.line[40].active = true;
	is_int(ferry_irq_stop(f, irq, 0, NULL), FERRY_E_AGAIN, "a CPU has acknowledged it");
	is_int(ferry_irq_stop(f, irq, FERRY_FREE_QUIET, NULL), FERRY_E_AGAIN, "... quiet or not");
	fake.cpu = 0;
	fake.ack = 40;
	fake_again();
	is_int(ferry_gic_interrupt(f, 0), FERRY_GIC_TAKEN, "... and ends it");
	is_u64(fake_noted(0, FAKE_HANDLE, 0, irq), FERRY_NONE, "... no handler starts");
	is_int(ferry_irq_stop(f, irq, 0, NULL), FERRY_OK, "then it is stopped");
	is_int(ferry_irq_start(f, irq), FERRY_OK, "started");
	ok(taken(0, irq), "what had come is given back");
}

static int stopped_inside, started_inside;
static uint32_t inside;

static void stop_inside(void)
{
	stopped_inside = ferry_irq_stop(f, inside, 0, NULL);
	started_inside = ferry_irq_start(f, inside);
}

/* 41. Asked from elsewhere while its handler runs. */
static void while_it_runs(bool v3)
{
	start_cpus(v3, 2);
	inside = make(FERRY_GIC_LEVEL, 0);
	fake.in_handler = stop_inside;
	fake.line[40].pending = true;
	ok(taken(0, inside), "%s: its handler runs", name(v3));
	is_int(stopped_inside, FERRY_E_AGAIN, "41. ... and is waited for");
	is_int(started_inside, FERRY_E_STATE, "... not started in it");
	is_int(ferry_irq_stop(f, inside, 0, NULL), FERRY_OK, "then it is stopped");
}

/* What an edge leaves in the distributor while it is disabled stays there. */
static void pending_stays(bool v3)
{
	uint32_t irq;

	start_cpus(v3, 2);
	irq = make(FERRY_GIC_EDGE, 0);
	is_int(ferry_irq_stop(f, irq, 0, NULL), FERRY_OK, "%s: stopped", name(v3));
	fake.line[40].pending = true;
	is_int(aim(irq, 1u << 1), FERRY_OK, "aimed");
	is_int(ferry_irq_start(f, irq), FERRY_OK, "started");
	ok(taken(1, irq), "what came meanwhile comes");
	is_int(ferry_irq_stop(f, irq, 0, NULL), FERRY_OK, "stopped");
	fake.line[40].pending = true;
	is_int(ferry_irq_free(f, irq, 0, NULL), FERRY_OK, "freed");
	ok(!fake.line[40].pending, "... the next owner does not get it");
}

static void freed_while_stopping(void)
{
	uint32_t irq, other;

	start_cpus(true, 1);
	irq = make(FERRY_GIC_EDGE, 0);
	fake.d_rwp = 4;
	is_int(ferry_irq_stop(f, irq, 0, NULL), FERRY_E_AGAIN, "stopping");
	is_int(ferry_irq_free(f, irq, 0, NULL), FERRY_E_AGAIN, "freed meanwhile");
	is_int(ferry_irq_stop(f, irq, 0, NULL), FERRY_E_STATE, "it does not stop any more");
	is_int(ferry_irq_enable(f, irq), FERRY_E_STATE, "... nor is it to be enabled");
	fake.d_rwp = 0;
	is_int(create(40, FERRY_GIC_EDGE, 0, 0, &other), FERRY_E_STATE, "its INTID is taken");
	is_int(ferry_irq_free(f, irq, 0, NULL), FERRY_OK, "free");
	is_int(create(40, FERRY_GIC_EDGE, 0, 0, &other), FERRY_OK, "its INTID too");
}

/* ---- made stopped, managed ------------------------------------------------ */

static void made_stopped(bool v3)
{
	uint32_t irq, other;

	start_cpus(v3, 2);
	fake_again();
	is_int(create(40, FERRY_GIC_EDGE, FERRY_GIC_STOPPED, 1u << 2, &irq), FERRY_OK,
	       "%s: made stopped, for a CPU that is away", name(v3));
	is_u64(fake.notes, 0, "... without a write");
	is_u64(state(irq), FERRY_STOPPED, "... its state");
	is_int(create(40, FERRY_GIC_EDGE, 0, 0, &other), FERRY_E_STATE, "... its INTID is taken");
	is_int(create(41, FERRY_GIC_EDGE, FERRY_GIC_STOPPED, 1u << 3, &other), FERRY_E_NO_CPU,
	       "none for no CPU");
	is_int(create(41, FERRY_GIC_EDGE, 8, 0, &other), FERRY_E_INVALID, "nor with other flags");
	is_int(ferry_irq_enable(f, irq), FERRY_OK, "enabled");
	is_int(ferry_irq_start(f, irq), FERRY_E_NO_CPU, "43. not started while it is away");
	is_u64(fake.notes, 0, "... without a write");
	is_int(enter(2), FERRY_OK, "it enters");
	fake.line[40].active = true;
	is_int(ferry_irq_start(f, irq), FERRY_OK, "started");
	ok(routed(2) && fake.line[40].enabled && fake.line[40].edge && !fake.line[40].active,
	   "... routed, enabled, clean");
	is_int(create(41, FERRY_GIC_EDGE, FERRY_GIC_STOPPED, 0, &irq), FERRY_OK, "another");
	is_int(ferry_irq_free(f, irq, 0, NULL), FERRY_OK, "freed, never started");
	is_u64(ferry_gic_irq(f, 41), FERRY_NONE, "its INTID is nobody's");
}

static int leave(uint32_t cpu, uint32_t *irq)
{
	int rc = ferry_cpu_leave(f, cpu);

	fake.cpu = cpu;
	for (uint32_t n = 0; rc == FERRY_OK && n < 8; n++) {
		rc = ferry_cpu_leave_step(f, cpu, NULL, irq);
		if (rc == FERRY_OK)
			return ferry_cpu_commit(f, cpu);
		rc = rc == FERRY_E_AGAIN ? FERRY_OK : rc;
	}
	return rc;
}

static void managed(bool v3)
{
	uint64_t mask = 1u << 1 | 1u << 2, other = 1u << 0;
	struct ferry_spare spare;
	struct ferry_capacity capacity;
	uint32_t irq, which;

	start_cpus(v3, 3);
	irq = make(FERRY_GIC_EDGE, 0);
	is_int(ferry_irq_manage(f, irq, &mask), FERRY_E_STATE, "%s: not while it runs", name(v3));
	is_int(ferry_irq_stop(f, irq, 0, NULL), FERRY_OK, "stopped");
	is_int(ferry_irq_manage(f, irq, &mask), FERRY_OK, "managed");
	is_int(ferry_irq_start(f, irq), FERRY_OK, "started");
	which = routed(1) ? 1 : 2;
	ok(routed(which), "inside its mask");
	is_int(ferry_irq_set_affinity(f, irq, NULL, FERRY_NONE, NULL), FERRY_E_MANAGED,
	       "its affinity is not asked for");
	is_int(ferry_irq_free(f, irq, 0, NULL), FERRY_E_MANAGED, "... nor is it freed");
	is_int(leave(which, NULL), FERRY_OK, "its CPU leaves");
	ok(routed(3 - which), "it is on the other one");
	is_int(leave(3 - which, &which), FERRY_E_NO_CPU, "46. that can't");
	is_u64(which, irq, "... and says why");
	is_int(ferry_cpu_roll_back(f, routed(1) ? 1 : 2), FERRY_OK, "it stays");
	is_int(ferry_spare_promise(f, irq, &other, &spare), FERRY_OK, "another mask");
	is_int(ferry_spare_swap(f, irq, &spare), FERRY_E_STATE, "... not while it runs");
	is_int(ferry_irq_stop(f, irq, 0, NULL), FERRY_OK, "... stopped");
	is_int(ferry_spare_swap(f, irq, &spare), FERRY_OK, "... swapped");
	is_int(ferry_irq_start(f, irq), FERRY_OK, "... started");
	is_int(ferry_spare_release(f, irq, &spare), FERRY_OK, "... the old one given up");
	ok(routed(0), "it is on CPU 0");
	ferry_capacity(f, &capacity);
	ok(capacity.free && !capacity.promised && !capacity.waiting, "there is room");
	is_int(ferry_irq_stop(f, irq, 0, NULL), FERRY_OK, "stopped");
	is_int(ferry_irq_unmanage(f, irq), FERRY_OK, "unmanaged");
	ferry_capacity(f, &capacity);
	is_u64(capacity.waiting, 1, "it waits");
	is_int(ferry_irq_free(f, irq, 0, NULL), FERRY_OK, "freed");
}

/* GICv2: a place of several CPUs is all that are there when it starts. */
static void several(void)
{
	uint32_t irq;

	start_cpus(false, 2);
	is_int(create(40, FERRY_GIC_EDGE, FERRY_GIC_SEVERAL | FERRY_GIC_STOPPED, 6, &irq), FERRY_OK,
	       "several: made stopped");
	is_int(ferry_irq_start(f, irq), FERRY_OK, "started");
	is_u64(fake.line[40].route, 2, "on the one that is there");
	is_int(enter(2), FERRY_OK, "another enters");
	is_int(ferry_irq_stop(f, irq, 0, NULL), FERRY_OK, "stopped");
	is_int(ferry_irq_start(f, irq), FERRY_OK, "started");
	is_u64(fake.line[40].route, 6, "on both");
	ok(!fake.lost, "no access but to registers");
}

/* A guest's is dropped, and the guest deactivates it; also in its second life. */
static void guest(void)
{
	uint32_t irq;

	machine(true, FERRY_GIC_SPLIT_EOI);
	if (enter(0) != FERRY_OK)
		bail("CPU 0 does not enter");
	is_int(create(40, FERRY_GIC_EDGE, FERRY_GIC_GUEST | FERRY_GIC_STOPPED, 1, &irq), FERRY_OK,
	       "a guest's, made stopped");
	is_int(ferry_irq_enable(f, irq), FERRY_OK, "enabled");
	is_int(ferry_irq_start(f, irq), FERRY_OK, "started");
	is_int(ferry_irq_stop(f, irq, 0, NULL), FERRY_OK, "stopped");
	is_int(ferry_irq_start(f, irq), FERRY_OK, "started again");
	fake.line[40].pending = true;
	ok(!taken(0, irq) && fake.line[40].active, "taken, and left to the guest");
	is_u64(fake_noted(0, FAKE_ICC, FERRY_ICC_DIR, 40), FERRY_NONE, "... to deactivate");
	is_int(ferry_irq_stop(f, irq, 0, NULL), FERRY_E_AGAIN, "... for which a stop waits");
	fake.line[40].active = false;
	is_int(ferry_irq_stop(f, irq, 0, NULL), FERRY_OK, "then it is stopped");
}

int main(void)
{
	for (unsigned int v3 = 0; v3 < 2; v3++) {
		round_trip(v3, FERRY_GIC_EDGE);
		round_trip(v3, FERRY_GIC_LEVEL);
		disabled(v3);
		while_it_runs(v3);
		pending_stays(v3);
		made_stopped(v3);
		managed(v3);
	}
	waits();
	freed_while_stopping();
	several();
	guest();
	return tap_done();
}
