/* SPDX-License-Identifier: MIT */
/*
 * Stop and start (managed.h) of LPIs, on a GIC that executes what it is told: the commands,
 * what is waited for, and an ITS that stops in between.
 */
#include <irqferry/managed.h>
#include <string.h>
#include "tests/its_machine.h"

static enum ferry_state state(uint32_t irq)
{
	struct ferry_affinity a;

	must(ferry_irq_affinity(f, irq, &a, NULL, NULL, NULL) == FERRY_OK, "affinity");
	return a.state;
}

static void clean(const char *what)
{
	ok(!fake.wrong && fake_at_rest(), "%s: nothing wrong, all synced", what);
}

/* The next commands of ITS 0: this one about event 5 of device 5, and SYNC with this CPU. */
static bool told(uint64_t op, uint64_t word1, uint64_t word2, uint32_t cpu)
{
	const uint64_t(*log)[4] = fake.its[0].log;
	bool is = fake.its[0].logged >= 2 && log[0][0] == (5ull << 32 | op) && log[0][1] == word1 &&
		  log[0][2] == word2 && log[1][0] == 5 && log[1][2] == rd_base[0][cpu];

	fake.its[0].logged = 0;
	return is;
}

static int aim(uint32_t irq, uint32_t cpu)
{
	uint64_t mask = 1ull << cpu;

	return ferry_irq_aim(f, irq, &mask);
}

static void round_trip(void)
{
	uint32_t irq;
	uint64_t ns;

	start(false, 3);
	irq = make(5, 1);
	fake.its[0].logged = 0;
	is_int(ferry_irq_stop(f, irq, 0, &ns), FERRY_E_AGAIN, "a CPU may have been offered it");
	ok(told(0x0f, 5, 0, 1), "stop: DISCARD, SYNC");
	is_u64(ns, DRAIN_NS, "... for the drain bound");
	fake.now += DRAIN_NS;
	is_int(ferry_irq_stop(f, irq, 0, NULL), FERRY_OK, "then it is stopped");
	is_u64(state(irq), FERRY_STOPPED, "... its state");
	is_int(leave(1), FERRY_OK, "its CPU leaves");
	is_int(ferry_irq_start(f, irq), FERRY_E_NO_CPU, "it can't start there");
	is_int(aim(irq, 2), FERRY_OK, "aimed at another");
	fake.its[0].logged = 0;
	is_int(ferry_irq_start(f, irq), FERRY_OK, "started");
	ok(told(0x0a, (uint64_t)LPI(irq) << 32 | 5, 2, 2), "start: MAPTI, SYNC");
	ok(settled_on(irq, 2), "... its state");
	fake_fire(0, 5, 5);
	ok(taken(2, irq), "it comes to CPU 2, under its number");
	is_int(ferry_irq_stop(f, irq, FERRY_FREE_QUIET, NULL), FERRY_OK, "a quiet one at once");
	is_int(ferry_irq_start(f, irq), FERRY_OK, "started");
	is_int(ferry_irq_stop(f, irq, 0, NULL), FERRY_E_AGAIN, "not quiet any more");
	clean("round trip");
}

/* It is masked or disabled in a table that hardware reads. */
static void masks(void)
{
	uint32_t irq;

	start(false, 2);
	irq = make(5, 0);
	is_int(ferry_irq_stop(f, irq, FERRY_FREE_QUIET, NULL), FERRY_OK, "stopped");
	fake.its[0].logged = 0;
	is_int(ferry_irq_mask(f, irq), FERRY_OK, "masked");
	is_int(ferry_irq_disable(f, irq), FERRY_OK, "... and disabled");
	is_int(ferry_irq_enable(f, irq), FERRY_OK, "... and enabled");
	is_u64(fake.its[0].logged, 0, "no command about what is not mapped");
	is_int(ferry_irq_start(f, irq), FERRY_OK, "started");
	fake_fire(0, 5, 5);
	ok(nothing(0), "masked: it does not come");
	is_int(ferry_irq_unmask(f, irq), FERRY_OK, "unmasked");
	ok(taken(0, irq), "it comes");
	clean("masks");
}

/* Taken where it is not any more, it is latched; stopped before it was given back. */
static void latched(void)
{
	uint32_t irq;

	start(false, 2);
	irq = make(5, 0);
	fake_fire(0, 5, 5);
	fake_offer(0, irq);
	is_int(ferry_irq_mask(f, irq), FERRY_OK, "masked");
	fake.cpu = 0;
	is_int(ferry_gic_interrupt(f, 0), FERRY_GIC_TAKEN, "offered before, taken while masked");
	is_int(ferry_irq_stop(f, irq, FERRY_FREE_QUIET, NULL), FERRY_OK, "stopped");
	is_int(ferry_irq_unmask(f, irq), FERRY_OK, "unmasked");
	ok(nothing(0) && nothing(1), "nothing while it is stopped");
	is_int(aim(irq, 1), FERRY_OK, "aimed at CPU 1");
	is_int(ferry_irq_start(f, irq), FERRY_OK, "started");
	ok(taken(1, irq), "what was latched comes");
	ok(nothing(1), "... once");
	clean("latched");
}

/* DISCARD comes after MOVI in the queue; both redistributors are synced before it ends. */
static void in_a_move(void)
{
	uint32_t irq;

	start(false, 2);
	irq = make(5, 0);
	fake.its[0].allowance = 0;
	must(move(irq, 1) == FERRY_OK, "move");
	is_u64(state(irq), FERRY_MOVING, "a move that the ITS has not done");
	is_int(ferry_irq_stop(f, irq, FERRY_FREE_QUIET, NULL), FERRY_E_AGAIN, "stop");
	is_int(ferry_irq_start(f, irq), FERRY_E_STATE, "start in between");
	fake_go(0, FERRY_NONE);
	for (uint32_t n = 0; n < 3 && state(irq) != FERRY_STOPPED; n++)
		(void)!ferry_irq_stop(f, irq, FERRY_FREE_QUIET, NULL);
	is_int(ferry_irq_stop(f, irq, FERRY_FREE_QUIET, NULL), FERRY_OK, "stopped");
	ok(!fake.its[0].events[5][5].valid, "the event is not mapped");
	is_int(ferry_irq_start(f, irq), FERRY_OK, "started");
	fake_fire(0, 5, 5);
	ok(taken(1, irq), "on the CPU that was asked for last");
	clean("in a move");
}

static void no_bound(void)
{
	uint32_t irq;

	fake_reset(false);
	configure(1, 4096);
	config.core.drain_ns = 0;
	must(machine() == FERRY_OK, "init");
	bring_up(2);
	must(ferry_its_device(f, 0, 5, 0x12345600, 6) == FERRY_OK, "device");
	irq = make(5, 0);
	is_int(ferry_irq_stop(f, irq, 0, NULL), FERRY_E_NO_BOUND, "no bound, and not quiet");
	is_int(ferry_irq_stop(f, irq, FERRY_FREE_QUIET, NULL), FERRY_OK, "quiet");
	is_int(ferry_irq_start(f, irq), FERRY_OK, "started");
	is_int(ferry_irq_stop(f, irq, 0, NULL), FERRY_E_NO_BOUND, "no bound in its second life");
	clean("no bound");
}

/* 43. LPIs were mapped to redistributors of CPUs that were not there. */
static void made_stopped(void)
{
	struct ferry_gic_source source = {
		.kind = FERRY_GIC_LPI, .flags = FERRY_GIC_STOPPED, .device = 5, .intid = 5
	};
	uint64_t mask = 1ull << 3;
	uint32_t irq;

	start(false, 2);
	fake.its[0].logged = 0;
	is_int(ferry_gic_create(f, &source, &mask, &irq), FERRY_OK, "made stopped, for CPU 3");
	is_u64(fake.its[0].logged, 0, "no command");
	is_int(ferry_irq_enable(f, irq), FERRY_OK, "enabled");
	is_int(ferry_irq_start(f, irq), FERRY_E_NO_CPU, "43. CPU 3 is not there");
	is_u64(fake.its[0].logged, 0, "no command");
	must(enter(3) == FERRY_OK, "enter 3");
	is_int(ferry_irq_start(f, irq), FERRY_OK, "started");
	fake_fire(0, 5, 5);
	ok(taken(3, irq), "it comes to CPU 3");
	source.device = 16;
	is_int(ferry_gic_create(f, &source, &mask, &irq), FERRY_OK, "of no device id");
	is_int(ferry_irq_start(f, irq), FERRY_E_INVALID, "... which the start says");
	is_u64(state(irq), FERRY_STOPPED, "... and it stays stopped");
	is_int(ferry_irq_free(f, irq, 0, NULL), FERRY_OK, "... and is freed");
	clean("made stopped");
}

/* The ITS stops before the event is mapped: as one that was made so, its number is used up. */
static void dies_at_start(void)
{
	char text[80];
	uint32_t irq;
	uint64_t ns;

	start(false, 2);
	irq = make(5, 1);
	is_int(ferry_irq_stop(f, irq, FERRY_FREE_QUIET, NULL), FERRY_OK, "stopped");
	is_int(ferry_irq_manage(f, irq, NULL), FERRY_OK, "managed");
	fake.its[0].allowance = 0;
	is_int(ferry_irq_start(f, irq), FERRY_E_TIMEOUT, "an event not mapped in time");
	is_u64(state(irq), FERRY_STOPPED, "... is stopped");
	is_int(ferry_irq_stop(f, irq, 0, NULL), FERRY_OK, "... which stop says too");
	for (uint32_t cpu = 0; cpu < 2; cpu++) {
		(void)ferry_cpu_describe(f, cpu, text, sizeof(text));
		ok(strstr(text, "in use: 0"), "... no CPU has it: %s", text);
	}
	is_int(ferry_irq_start(f, irq), FERRY_E_TIMEOUT, "... and starts no more");
	is_int(ferry_irq_unmanage(f, irq), FERRY_OK, "... can be unmanaged");
	fake_go(0, FERRY_NONE);
	is_int(ferry_irq_free(f, irq, FERRY_FREE_QUIET, &ns), FERRY_E_AGAIN, "... but not freed");
	is_u64(ns, 1000000000, "... nor soon");
	is_int(ferry_irq_free(f, irq, FERRY_FREE_QUIET, NULL), FERRY_E_AGAIN, "... nor later");
	is_int(ferry_irq_start(f, irq), FERRY_E_STATE, "... and then never started");
	ok(!fake.wrong, "nothing wrong");
}

/* An ITS that was dead before is not asked. */
static void dead_before(void)
{
	uint32_t irq, other;

	start(false, 2);
	irq = make(5, 0);
	is_int(ferry_irq_stop(f, irq, FERRY_FREE_QUIET, NULL), FERRY_OK, "stopped");
	fake.its[0].allowance = 0;
	is_int(create(0, 5, 6, NULL, &other), FERRY_E_TIMEOUT, "the ITS dies at another one");
	is_int(ferry_irq_start(f, irq), FERRY_E_TIMEOUT, "a start is refused");
	is_u64(state(irq), FERRY_STOPPED, "... and nothing has changed");
	is_int(ferry_irq_free(f, irq, 0, NULL), FERRY_OK, "... it can be freed");
}

static void managed(void)
{
	struct ferry_class c;
	uint64_t mask = 1u << 1;
	uint32_t irq, left, which;

	start(false, 3);
	irq = make(5, 0);
	is_int(ferry_irq_stop(f, irq, FERRY_FREE_QUIET, NULL), FERRY_OK, "stopped");
	is_int(ferry_irq_share(f, irq, 7), FERRY_OK, "a GIC has room: pools mean nothing");
	is_int(ferry_irq_manage(f, irq, &mask), FERRY_OK, "managed");
	must(ferry_irq_class(f, irq, &c) == FERRY_OK, "class");
	ok(c.managed && c.stopped && !c.pool, "its class");
	is_int(ferry_irq_start(f, irq), FERRY_OK, "started");
	must(ferry_cpu_leave(f, 1) == FERRY_OK, "leave");
	fake.cpu = 1;
	is_int(ferry_cpu_leave_step(f, 1, &left, &which), FERRY_E_NO_CPU, "its last CPU leaves");
	ok(which == irq && left == 1, "... and it is named");
	is_int(ferry_irq_stop(f, irq, 0, NULL), FERRY_E_AGAIN, "it is being stopped");
	is_int(ferry_cpu_leave_step(f, 1, NULL, &which), FERRY_E_AGAIN, "... which is waited for");
	is_int(ferry_cpu_commit(f, 1), FERRY_E_AGAIN, "... at commit too");
	fake.now += DRAIN_NS;
	is_int(ferry_cpu_leave_step(f, 1, NULL, NULL), FERRY_OK, "then the CPU is ready");
	is_int(commit(1), FERRY_OK, "... and gone");
	is_int(ferry_irq_stop(f, irq, 0, NULL), FERRY_OK, "it is stopped");
	is_int(ferry_irq_start(f, irq), FERRY_E_NO_CPU, "... and stays so");
	must(enter(1) == FERRY_OK, "enter 1");
	is_int(ferry_irq_start(f, irq), FERRY_OK, "the CPU returns");
	fake_fire(0, 5, 5);
	ok(taken(1, irq), "it comes");
	clean("managed");
}

int main(void)
{
	round_trip();
	masks();
	latched();
	in_a_move();
	no_bound();
	made_stopped();
	dies_at_start();
	dead_before();
	managed();
	return tap_done();
}
