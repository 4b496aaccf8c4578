/* SPDX-License-Identifier: MIT */
/*
 * Stop and start (managed.h) on x86: in each state, with each kind of source, with CPUs that
 * come and go, and what the calls refuse. Promises are another program's.
 */
#include <irqferry/managed.h>
#include <string.h>
#include "tests/script.h"

#define QUIET FERRY_FREE_QUIET
#define MASK_BIT FERRY_SOURCE_MASKABLE

/* ---- more calls, run to their end on S.on ---------------------------------- */

static uint32_t number(uint32_t src)
{
	return S.m->source[src].irq;
}

static int call_stop(struct call *c)
{
	return ferry_irq_stop(S.f, number(c->src), c->how, &c->wait);
}

static int call_start(struct call *c)
{
	return ferry_irq_start(S.f, number(c->src));
}

static int run_call(struct call call)
{
	struct call *c = start(S.on, call);

	if (!finish(S.on))
		check(false, "a call is blocked");
	return c->rc;
}

static int halt(uint32_t src, uint32_t how)
{
	return run_call((struct call){ .run = call_stop, .src = src, .how = how });
}

static int wake(uint32_t src)
{
	return run_call((struct call){ .run = call_start, .src = src });
}

/* Until it is stopped, with all that it needs. */
static void halt_all(uint32_t src)
{
	int rc = halt(src, 0);

	for (int n = 0; n < 4 && rc == FERRY_E_AGAIN; n++) {
		run_quiet();
		pass_bound();
		run_quiet();
		rc = halt(src, 0);
	}
	check_eq(rc, FERRY_OK, "stop");
}

static struct ferry_class class_of(uint32_t src)
{
	struct ferry_class c = { .pool = 99 };

	machine_look(S.m);
	check_eq(ferry_irq_class(S.f, number(src), &c), FERRY_OK, "class");
	check(machine_looked(S.m), "torn");
	return c;
}

static void is_stopped(uint32_t src)
{
	check_eq(state(src), FERRY_STOPPED, "state");
	check(!look(src).dead, "it is said to be dead");
	check_eq(place(src), 0, "place");
	check_eq(old_place(src), 0, "old place");
	check_eq(vector_of(src), 0, "vector");
	check(class_of(src).stopped, "its class is not stopped");
}

static int aim(uint32_t src, uint64_t mask)
{
	int rc;

	machine_look(S.m);
	rc = ferry_irq_aim(S.f, number(src), &mask);
	check(machine_looked(S.m), "torn");
	return rc;
}

static uint32_t all_vectors(void)
{
	uint32_t n = 0;

	for (uint32_t cpu = 0; cpu < S.cpus; cpu++)
		n += used(cpu);
	return n;
}

/* ---- there and back ------------------------------------------------ */

static void round_trip(uint8_t k, bool shared)
{
	begin(&(struct options){ .kind = k, .shared = shared },
	      "stop, %s%s: its place is given back, its mask kept, and it starts again",
	      kind_name[k], shared ? ", shared namespace" : "");
	runs_on(0, 0);
	check_eq(move(0, BIT(1) | BIT(2)), FERRY_OK, "move");
	rest_of_move();
	halt_all(0);
	is_stopped(0);
	check_eq(all_vectors(), 0, "vectors in use");
	check_eq(requested(0), BIT(1) | BIT(2), "requested");
	check_eq(halt(0, 0), FERRY_OK, "stop of a stopped one");
	check_eq(S.traced[FERRY_TRACE_STOP], 1, "stops traced");
	check_eq(wake(0), FERRY_OK, "start");
	check_eq(state(0), FERRY_SETTLED, "state");
	check(!class_of(0).stopped, "its class is stopped");
	check(!(place(0) & ~(BIT(1) | BIT(2))), "place %#llx", (unsigned long long)place(0));
	check_eq(S.traced[FERRY_TRACE_START], 1, "starts traced");
	check_eq(wake(0), FERRY_E_STATE, "start of a started one");
	runs_on(0, place(0) == BIT(1) ? 1 : 2);
	end();
}

/* What it was when it was stopped must not make the next life another one: it moves, stops,
 * starts again. */
static void twice(uint8_t k)
{
	begin(&(struct options){ .kind = k }, "stop, %s: a second life is like the first",
	      kind_name[k]);
	for (int n = 0; n < 3; n++) {
		halt_all(0);
		check_eq(wake(0), FERRY_OK, "start");
		runs_on(0, place(0) == BIT(0) ? 0 : 1);
		check_eq(move(0, place(0) == BIT(0) ? BIT(1) : BIT(0)), FERRY_OK, "move");
		rest_of_move();
	}
	end();
}

/* 7. An affinity set while it was not active was stored, and an old one used. */
static void last_mask_wins(uint8_t k)
{
	begin(&(struct options){ .kind = k, .away = BIT(2) },
	      "stop, %s: 7. the last mask asked for is the one it starts with", kind_name[k]);
	check_eq(aim(0, BIT(1)), FERRY_E_STATE, "aim of one that runs");
	halt_all(0);
	check_eq(aim(0, BIT(2)), FERRY_OK, "aim at a CPU that is away");
	check_eq(aim(0, 0), FERRY_E_NO_CPU, "aim at none");
	check_eq(aim(0, BIT(1)), FERRY_OK, "aim");
	check_eq(wake(0), FERRY_OK, "start");
	check_eq(place(0), BIT(1), "place");
	runs_on(0, 1);
	end();
}

/* ---- what its driver wants ---------------------------------------------------------- */

/* 42. A start forgot how deep it was disabled, and enabled it behind its driver. */
static void disabled_stays(uint8_t k)
{
	begin(&(struct options){ .kind = k },
	      "stop, %s: 42. disabled before or while it is stopped, it starts disabled",
	      kind_name[k]);
	check_eq(disable(0), FERRY_OK, "disable");
	halt_all(0);
	check_eq(wake(0), FERRY_OK, "start");
	check_eq(state(0), FERRY_SETTLED, "state");
	check_eq(enable(0), FERRY_OK, "enable");
	runs_on(0, 0);
	halt_all(0);
	check_eq(disable(0), FERRY_OK, "disable while it is stopped");
	check_eq(wake(0), FERRY_OK, "start");
	/* What is disabled fires into memory, or is masked; an edge pin is never masked. */
	raise_irq(0);
	run_quiet();
	check_eq(S.starts[0], 1, "starts while it is disabled");
	check_eq(enable(0), FERRY_OK, "enable");
	run_quiet();
	check_eq(S.starts[0], 2, "starts after enable");
	end();
}

/* Also twice: 42's other half, a depth that two starts took down twice. */
static void masks_kept(uint8_t k)
{
	begin(&(struct options){ .kind = k },
	      "stop, %s: 42. mask and disable are two, across stop and start", kind_name[k]);
	check_eq(mask(0), FERRY_OK, "mask");
	check_eq(disable(0), FERRY_OK, "disable");
	for (int n = 0; n < 2; n++) {
		halt_all(0);
		check_eq(wake(0), FERRY_OK, "start");
	}
	raise_irq(0);
	run_quiet();
	check_eq(enable(0), FERRY_OK, "enable");
	run_quiet();
	check_eq(S.starts[0], 0, "starts while masked");
	check_eq(unmask(0), FERRY_OK, "unmask");
	run_quiet();
	check_eq(S.starts[0], 1, "starts");
	end();
}

/* The registers that say where a source sends, and whether it does. */
static bool same_registers(const struct source *a, const struct source *b)
{
	return a->msi_addr == b->msi_addr && a->msi_data == b->msi_data &&
	       a->msi_mask == b->msi_mask && a->msi_enable == b->msi_enable &&
	       a->rte_low == b->rte_low && a->rte_high == b->rte_high &&
	       !memcmp(&a->irte.now, &b->irte.now, sizeof(a->irte.now));
}

static void untouched(uint8_t k)
{
	struct source was;

	begin(&(struct options){ .kind = k },
	      "stop, %s: its device is left alone while it is stopped", kind_name[k]);
	halt_all(0);
	was = S.m->source[0];
	check_eq(disable(0), FERRY_OK, "disable");
	check_eq(mask(0), FERRY_OK, "mask");
	check_eq(enable(0), FERRY_OK, "enable");
	check_eq(unmask(0), FERRY_OK, "unmask");
	check_eq(halt(0, 0), FERRY_OK, "stop");
	check_eq(aim(0, BIT(1)), FERRY_OK, "aim");
	check(same_registers(&was, &S.m->source[0]), "its registers were written");
	check_eq(wake(0), FERRY_OK, "start");
	runs_on(0, 1);
	end();
}

/* ---- in each state ------------------------------------------------ */

/* Stopped in the middle of a move: both places are drained, the ticket has ended. */
static void in_a_move(uint8_t k, bool draining)
{
	bool level = k == FERRY_X86_IOAPIC_LEVEL;
	uint32_t t;

	begin(&(struct options){ .kind = k }, "stop, %s: in %s: both places are given back",
	      kind_name[k], draining || level ? "DRAINING" : "MOVING");
	check_eq(move(0, BIT(1)), FERRY_OK, "move");
	t = ticket();
	if (draining && !level) {
		raise_irq(0);
		take(1);
	}
	check_eq(state(0), draining || level ? FERRY_DRAINING : FERRY_MOVING, "state");
	check_eq(halt(0, 0), FERRY_E_AGAIN, "stop");
	check_eq(look(0).generation, t, "the ticket");
	check(class_of(0).stopped, "its class");
	check(look(0).state != FERRY_STOPPED && !look(0).dead, "stopped too early, or dead");
	halt_all(0);
	is_stopped(0);
	check_eq(all_vectors(), 0, "vectors in use");
	check_eq(requested(0), BIT(1), "requested");
	check_eq(wake(0), FERRY_OK, "start");
	runs_on(0, 1);
	end();
}

/* In a move nothing is asked of the source before the move has ended, but this. */
static void silent_at_once(uint8_t k)
{
	begin(&(struct options){ .kind = k },
	      "stop, %s: in the middle of a move its source is silent at once", kind_name[k]);
	check_eq(move(0, BIT(1)), FERRY_OK, "move");
	check_eq(halt(0, 0), FERRY_E_AGAIN, "stop");
	check_eq(state(0), FERRY_MOVING, "state");
	fire(0);
	check_eq(S.m->source[0].flights, 0, "messages under way");
	halt_all(0);
	check_eq(wake(0), FERRY_OK, "start");
	run_quiet();
	check_eq(S.starts[0], 1, "starts");
	end();
}

/* What its source is does not change with its life: the order of its messages, its level. */
static void second_nature(uint8_t k)
{
	begin(&(struct options){ .kind = k },
	      "start, %s: an arrival is evidence, as it was in its first life", kind_name[k]);
	halt_all(0);
	check_eq(wake(0), FERRY_OK, "start");
	check_eq(move(0, place(0) == BIT(1) ? BIT(2) : BIT(1)), FERRY_OK, "move");
	check_eq(state(0), FERRY_MOVING, "state");
	raise_irq(0);
	(void)take(1);
	(void)take(2);
	check_eq(state(0), FERRY_DRAINING, "state");
	end();
}

static void active_low(void)
{
	uint32_t low;

	begin(&(struct options){ .kind = FERRY_X86_IOAPIC_LEVEL, .flags = FERRY_SOURCE_LOW },
	      "start, level pin: active low, as it was");
	low = S.m->source[0].rte_low;
	check(low & 1u << 13, "not active low");
	halt_all(0);
	check_eq(aim(0, BIT(0)), FERRY_OK, "aim");
	check_eq(wake(0), FERRY_OK, "start");
	check_eq(S.m->source[0].rte_low & ~0xffu, low & ~0xffu, "the entry but its vector");
	end();
}

static void queued_is_dropped(uint8_t k)
{
	uint32_t t;

	begin(&(struct options){ .kind = k },
	      "stop, %s: a queued request ends, its mask is that of the start", kind_name[k]);
	check_eq(move(0, BIT(1)), FERRY_OK, "move");
	check_eq(move(0, BIT(2)), FERRY_OK, "another");
	t = ticket();
	check(look(0).queued, "not queued");
	check_eq(halt(0, 0), FERRY_E_AGAIN, "stop");
	check(!look(0).queued, "still queued");
	check_eq(S.done[number(0)], t, "told");
	halt_all(0);
	check_eq(wake(0), FERRY_OK, "start");
	check_eq(place(0), BIT(2), "place");
	check_eq(move(0, BIT(0)), FERRY_OK, "a new request");
	check(ticket() > t, "tickets begin anew");
	rest_of_move();
	check_eq(place(0), BIT(0), "place");
	end();
}

/* A level pin can't be touched while it is in service: the stop waits for its EOI. */
static void level_in_service(void)
{
	begin(&(struct options){ .kind = FERRY_X86_IOAPIC_LEVEL },
	      "stop, level pin: in service it is waited for, and it starts unmasked");
	raise_irq(0);
	check(take_into_handler(0), "no handler");
	S.on = 1;
	check_eq(halt(0, 0), FERRY_E_AGAIN, "stop");
	check_eq(state(0), FERRY_SETTLED, "state");
	check(finish_frame(0), "the handler does not end");
	halt_all(0);
	check_eq(wake(0), FERRY_OK, "start");
	runs_on(0, place(0) == BIT(0) ? 0 : place(0) == BIT(1) ? 1 : 2);
	end();
}

/* Its handler runs on another CPU: 41's end, what was in flight is waited for. */
static void while_it_runs(uint8_t k)
{
	begin(&(struct options){ .kind = k },
	      "stop, %s: 41. not over before its handler is, and not started before", kind_name[k]);
	S.nested = true;
	raise_irq(0);
	check(take_into_handler(0), "no handler");
	S.on = 1;
	check_eq(halt(0, QUIET), FERRY_E_AGAIN, "stop");
	check_eq(wake(0), FERRY_E_STATE, "start while it drains");
	ipi(0);
	(void)take(0); /* the doorbell, above the handler */
	check_eq(halt(0, QUIET), FERRY_E_AGAIN, "stop while it runs");
	check_eq(wake(0), FERRY_E_STATE, "start while it runs");
	check_eq(aim(0, BIT(2)), FERRY_E_STATE, "aim while it runs");
	check(finish_frame(0), "the handler does not end");
	S.nested = false;
	run_quiet();
	halt_all(0);
	check_eq(S.starts[0], 1, "starts");
	check_eq(wake(0), FERRY_OK, "start");
	end();
}

/* ---- events that come meanwhile ------------------------------------------------ */

/* What is in the IRR when it is stopped starts no handler then, and one later. */
static void pending_is_kept(uint8_t k)
{
	begin(&(struct options){ .kind = k },
	      "stop, %s: what had arrived is not handled, but kept for the start", kind_name[k]);
	raise_irq(0);
	S.on = 1;
	check_eq(halt(0, 0), FERRY_E_AGAIN, "stop");
	check_eq(place(0), 0, "place");
	check(state(0) != FERRY_STOPPED, "stopped, and its old place is not drained");
	run_quiet();
	check_eq(S.starts[0], 0, "starts after stop");
	halt_all(0);
	check_eq(S.starts[0], 0, "starts while it is stopped");
	check_eq(wake(0), FERRY_OK, "start");
	run_quiet();
	check_eq(S.starts[0], 1, "starts after start");
	runs_on(0, S.ran_on[0]);
	end();
}

static void latched_is_kept(uint8_t k)
{
	begin(&(struct options){ .kind = k },
	      "stop, %s: what was latched before is handled once, after the start", kind_name[k]);
	check_eq(mask(0), FERRY_OK, "mask");
	raise_irq(0);
	run_quiet();
	halt_all(0);
	check_eq(unmask(0), FERRY_OK, "unmask");
	run_quiet();
	check_eq(S.starts[0], 0, "starts while it is stopped");
	check_eq(aim(0, BIT(2)), FERRY_OK, "aim");
	check_eq(wake(0), FERRY_OK, "start");
	run_quiet();
	check_eq(S.starts[0], 1, "starts");
	check_eq(S.ran_on[0], 2, "CPU");
	end();
}

/* A message that is still on its way when the source is silenced. Without a mask bit that of a
 * remapped source meets an absent entry. */
static void in_flight_is_kept(uint8_t k)
{
	begin(&(struct options){ .kind = k, .flags = k == FERRY_X86_REMAPPED ? MASK_BIT : 0 },
	      "stop, %s: what is in flight is waited for, and kept", kind_name[k]);
	fire(0);
	S.on = 1;
	check_eq(halt(0, 0), FERRY_E_AGAIN, "stop");
	check_eq(S.call[S.on].wait, DRAIN_NS, "wait");
	arrive(0);
	run_quiet();
	halt_all(0);
	check_eq(wake(0), FERRY_OK, "start");
	run_quiet();
	check_eq(S.starts[0], 1, "starts");
	end();
}

/* A mask bit in the device remembers. */
static void device_remembers(uint8_t k)
{
	begin(&(struct options){ .kind = k, .flags = k == FERRY_X86_REMAPPED ? MASK_BIT : 0 },
	      "stop, %s: what fires while it is stopped is sent when it starts", kind_name[k]);
	halt_all(0);
	fire(0);
	run_quiet();
	check_eq(S.starts[0], 0, "starts while it is stopped");
	check_eq(wake(0), FERRY_OK, "start");
	run_quiet();
	check_eq(S.starts[0], 1, "starts");
	end();
}

/* ---- bounds ------------------------------------------------ */

static void no_bound(uint8_t k)
{
	begin(&(struct options){ .kind = k, .unordered = true, .no_bound = true },
	      "stop, %s: without a bound only the host's word ends it, each time", kind_name[k]);
	for (int n = 0; n < 2; n++) {
		check_eq(halt(0, 0), FERRY_E_NO_BOUND, "stop");
		check_eq(halt(0, 0), FERRY_E_NO_BOUND, "again");
		check_eq(all_vectors(), 1, "vectors in use");
		check_eq(wake(0), FERRY_E_STATE, "start");
		check_eq(halt(0, QUIET), FERRY_E_AGAIN, "quiet");
		run_quiet();
		check_eq(halt(0, QUIET), FERRY_OK, "stopped");
		is_stopped(0);
		check_eq(wake(0), FERRY_OK, "start");
	}
	end();
}

/* ---- freed ------------------------------------------------ */

static void freed_stopped(uint8_t k, bool shared)
{
	uint32_t irq;

	begin(&(struct options){ .kind = k, .sources = 2, .irqs = 2, .shared = shared },
	      "stop, %s%s: a stopped one is freed at once, and its number used again", kind_name[k],
	      shared ? ", shared namespace" : "");
	irq = number(1);
	halt_all(1);
	check_eq(release(1, 0), FERRY_OK, "free");
	check_eq(all_vectors(), 1, "vectors in use");
	machine_look(S.m);
	check_eq(ferry_irq_stop(S.f, irq, 0, NULL), FERRY_E_STATE, "stop of a free one");
	check_eq(ferry_irq_start(S.f, irq), FERRY_E_STATE, "start of a free one");
	machine_looked(S.m);
	check_eq(make(1, BIT(2)), 1, "create");
	check_eq(number(1), irq, "number");
	check(!class_of(1).stopped, "a new one is stopped");
	runs_on(1, 2);
	end();
}

static void freed_while_stopping(uint8_t k)
{
	begin(&(struct options){ .kind = k, .sources = 2 },
	      "stop, %s: freed in the middle of a stop it goes to its end, and stop ends",
	      kind_name[k]);
	raise_irq(1);
	S.on = 1;
	check_eq(halt(1, 0), FERRY_E_AGAIN, "stop");
	check_eq(release(1, 0), FERRY_E_AGAIN, "free");
	check(look(1).dead, "not dead");
	check_eq(halt(1, 0), FERRY_E_STATE, "stop of one that is freed");
	check_eq(wake(1), FERRY_E_STATE, "start of one that is freed");
	machine_look(S.m);
	check_eq(ferry_irq_enable(S.f, number(1)), FERRY_E_STATE, "enable");
	machine_looked(S.m);
	check(release_all(1), "free");
	check_eq(S.starts[1], 0, "starts");
	check_eq(all_vectors(), 1, "vectors in use");
	end();
}

/* ---- two at once ------------------------------------------------ */

static void two_starts(uint8_t k)
{
	struct call *a, *b;
	bool more = true;

	begin(&(struct options){ .kind = k },
	      "start, %s: of two at once one is refused, and there is one place", kind_name[k]);
	halt_all(0);
	a = start(1, (struct call){ .run = call_start, .src = 0 });
	b = start(2, (struct call){ .run = call_start, .src = 0 });
	while (more) {
		more = step(1);
		more = step(2) || more;
	}
	check(!a->busy && !b->busy, "a call does not end");
	check_eq(a->rc + b->rc, FERRY_OK + FERRY_E_STATE, "both results");
	check_eq(all_vectors(), 1, "vectors in use");
	check_eq(S.traced[FERRY_TRACE_START], 1, "starts traced");
	run_quiet();
	runs_on(0, place(0) == BIT(0) ? 0 : place(0) == BIT(1) ? 1 : 2);
	end();
}

/* ---- CPUs that come and go ------------------------------------------------ */

/* 36. Nobody was told that no CPU of the mask was there, and it was never started. */
static void asleep(uint8_t k)
{
	struct source was;

	begin(&(struct options){ .kind = k, .away = BIT(2) },
	      "start, %s: 36. with no CPU of its mask online it says so, and stays stopped",
	      kind_name[k]);
	halt_all(0);
	check_eq(aim(0, BIT(2)), FERRY_OK, "aim");
	check_eq(wake(0), FERRY_E_NO_CPU, "start");
	check_eq(S.traced[FERRY_TRACE_ASLEEP], 1, "traced");
	is_stopped(0);
	was = S.m->source[0];
	check_eq(disable(0), FERRY_OK, "disable");
	check_eq(enable(0), FERRY_OK, "enable");
	check(same_registers(&was, &S.m->source[0]), "its registers were written");
	check_eq(move(0, BIT(1)), FERRY_E_STATE, "set_affinity");
	check_eq(requested(0), BIT(2), "requested");
	check_eq(online(2), FERRY_OK, "enter");
	is_stopped(0);
	check_eq(wake(0), FERRY_OK, "start");
	runs_on(0, 2);
	end();
}

/* 46. What looked for a new CPU took the one that was going. 43: or one that was not there. */
static void not_the_leaving(uint8_t k)
{
	begin(&(struct options){ .kind = k, .away = BIT(2) },
	      "start, %s: 43, 46. never on a CPU that leaves, or is not there", kind_name[k]);
	halt_all(0);
	check_eq(aim(0, BIT(1) | BIT(2)), FERRY_OK, "aim");
	check_eq(leave(1), FERRY_OK, "leave");
	check_eq(wake(0), FERRY_E_NO_CPU, "start");
	check_eq(leave_step(1, NULL), FERRY_OK, "step");
	S.on = 0;
	check_eq(roll_back(1), FERRY_OK, "roll back");
	check_eq(wake(0), FERRY_OK, "start");
	check_eq(place(0), BIT(1), "place");
	end();
}

/* In the middle of a stop its CPU leaves: it is waited for, and what pends is kept. */
static void leave_while_stopping(uint8_t k, enum style style)
{
	begin(&(struct options){ .kind = k },
	      "stop, %s: its CPU leaves meanwhile, %s: waited for, nothing lost", kind_name[k],
	      style == AT_ONCE ? "at once" : "empty");
	raise_irq(0);
	S.on = 1;
	check_eq(halt(0, 0), FERRY_E_AGAIN, "stop");
	check_eq(offline(0, style), FERRY_OK, "offline");
	halt_all(0);
	is_stopped(0);
	check_eq(S.starts[0], 0, "starts");
	check_eq(wake(0), FERRY_E_NO_CPU, "start");
	check_eq(aim(0, BIT(1)), FERRY_OK, "aim");
	check_eq(wake(0), FERRY_OK, "start");
	run_quiet();
	check_eq(S.starts[0], 1, "starts");
	check_eq(online(0), FERRY_OK, "enter");
	end();
}

/* 3. What was dormant while its CPU was away was counted wrongly ever after. */
static void cpu_comes_back(uint8_t k)
{
	uint32_t before;

	begin(&(struct options){ .kind = k, .sources = 2 },
	      "stop, %s: 3. a CPU that goes and comes has as many vectors as before", kind_name[k]);
	before = free_vectors(0);
	halt_all(0);
	S.on = 1;
	check_eq(move(1, BIT(1)), FERRY_OK, "move");
	rest_of_move();
	check_eq(free_vectors(0), before + 2, "free vectors");
	check_eq(offline(0, EMPTY), FERRY_OK, "offline");
	check_eq(wake(0), FERRY_E_NO_CPU, "start");
	check_eq(online(0), FERRY_OK, "enter");
	check_eq(free_vectors(0), before + 2, "free vectors");
	check_eq(wake(0), FERRY_OK, "start");
	check_eq(free_vectors(0), before + 1, "free vectors");
	end();
}

/* ---- made stopped ------------------------------------------------ */

static void made_stopped(uint8_t k)
{
	struct source was;

	begin(&(struct options){ .kind = k, .bare = true, .away = BIT(2) },
	      "made stopped, %s: no place, no CPU needed, nothing written", kind_name[k]);
	S.m->source[0].flags |= FERRY_SOURCE_STOPPED;
	device_reset(S.m, 0);
	was = S.m->source[0];
	check_eq(create(0, BIT(2)), 1, "create");
	check(same_registers(&was, &S.m->source[0]), "its registers were written");
	is_stopped(0);
	check_eq(all_vectors(), 0, "vectors in use");
	check_eq(S.traced[FERRY_TRACE_CREATE], 1, "traced");
	check_eq(wake(0), FERRY_E_NO_CPU, "start");
	check_eq(online(2), FERRY_OK, "enter");
	check_eq(wake(0), FERRY_OK, "start");
	check_eq(place(0), BIT(2), "place");
	check_eq(enable(0), FERRY_OK, "enable: it was made disabled");
	runs_on(0, 2);
	end();
}

static void made_stopped_freed(uint8_t k)
{
	begin(&(struct options){ .kind = k, .bare = true, .irqs = 1 },
	      "made stopped, %s: freed without ever having been started", kind_name[k]);
	S.m->source[0].flags |= FERRY_SOURCE_STOPPED;
	for (int n = 0; n < 2; n++) {
		check_eq(create(0, ~0ull), 1, "create");
		check_eq(requested(0), 7, "requested");
		check_eq(enable(0), FERRY_OK, "enable");
		check_eq(release(0, 0), FERRY_OK, "free");
	}
	S.m->source[0].flags &= (uint8_t)~FERRY_SOURCE_STOPPED;
	check_eq(make(0, BIT(1)), 1, "create");
	runs_on(0, 1);
	end();
}

static void made_for_nobody(void)
{
	begin(&(struct options){ .bare = true, .masks = 1 },
	      "made stopped: an empty mask and a full pool are refused, and nothing is kept");
	S.m->source[0].flags |= FERRY_SOURCE_STOPPED;
	check_eq(create(0, BIT(5)), FERRY_E_NO_CPU, "no such CPU");
	check_eq(create(0, BIT(0) | BIT(1)), 1, "create");
	check_eq(aim(0, BIT(1) | BIT(2)), FERRY_E_NO_MASK, "aim");
	check_eq(requested(0), BIT(0) | BIT(1), "requested");
	check_eq(aim(0, BIT(2)), FERRY_OK, "aim at one");
	check_eq(aim(0, BIT(1) | BIT(2)), FERRY_OK, "the pool's entry is free again");
	check_eq(release(0, 0), FERRY_OK, "free");
	end();
}

/* ---- refusals ------------------------------------------------ */

static void no_space(uint8_t k)
{
	begin(
		&(struct options){
			.kind = k, .sources = 3, .bare = true, .first = 0x40, .last = 0x41 },
		"start, %s: refused while there is no vector", kind_name[k]);
	check_eq(make(0, BIT(0)), 1, "create");
	check_eq(make(1, BIT(0)), 1, "create");
	halt_all(1);
	check_eq(make(2, BIT(0)), 1, "create with its vector");
	check_eq(wake(1), FERRY_E_NO_SPACE, "start");
	is_stopped(1);
	check(release_all(2), "free");
	check_eq(wake(1), FERRY_OK, "start");
	runs_on(1, 0);
	end();
}

static void unreachable(void)
{
	static const uint32_t ids[] = { 0, 1, 300 };

	begin(&(struct options){ .apic_ids = ids },
	      "start: a CPU that the source can't name is refused");
	halt_all(0);
	check_eq(aim(0, BIT(2)), FERRY_OK, "aim");
	check_eq(wake(0), FERRY_E_UNREACHABLE, "start");
	check_eq(S.traced[FERRY_TRACE_ASLEEP], 0, "said to be asleep");
	is_stopped(0);
	check_eq(aim(0, BIT(1) | BIT(2)), FERRY_OK, "aim");
	check_eq(wake(0), FERRY_OK, "start");
	check_eq(place(0), BIT(1), "place");
	end();
}

static void refused(void)
{
	uint64_t mask = 1;

	begin(&(struct options){ .sources = 1 }, "stop and start: what is refused");
	machine_look(S.m);
	check_eq(ferry_irq_stop(S.f, 1, 0, NULL), FERRY_E_INVALID, "stop: no such number");
	check_eq(ferry_irq_stop(S.f, 0, 2, NULL), FERRY_E_INVALID, "stop: flags");
	check_eq(ferry_irq_start(S.f, 1), FERRY_E_INVALID, "start: no such number");
	check_eq(ferry_irq_start(S.f, 0), FERRY_E_STATE, "start: it runs");
	check_eq(ferry_irq_aim(S.f, 1, &mask), FERRY_E_INVALID, "aim: no such number");
	check_eq(ferry_irq_class(S.f, 1, &(struct ferry_class){ 0 }), FERRY_E_INVALID, "class");
	machine_looked(S.m);
	halt_all(0);
	check_eq(move(0, BIT(1)), FERRY_E_STATE, "set_affinity of a stopped one");
	check_eq(settle(0), FERRY_E_STATE, "settle of a stopped one");
	check_eq(release(0, 0), FERRY_OK, "free");
	machine_look(S.m);
	check_eq(ferry_irq_class(S.f, 0, &(struct ferry_class){ 0 }), FERRY_E_STATE, "class");
	check_eq(ferry_irq_aim(S.f, 0, &mask), FERRY_E_STATE, "aim: free");
	machine_looked(S.m);
	end();
}

int main(void)
{
	FOR_KINDS(k, ALL_KINDS)
	{
		round_trip(k, false);
		round_trip(k, true);
		twice(k);
		last_mask_wins(k);
		disabled_stays(k);
		masks_kept(k);
		untouched(k);
		in_a_move(k, false);
		in_a_move(k, true);
		while_it_runs(k);
		freed_stopped(k, false);
		freed_stopped(k, true);
		freed_while_stopping(k);
		two_starts(k);
		asleep(k);
		not_the_leaving(k);
		cpu_comes_back(k);
		made_stopped(k);
		made_stopped_freed(k);
		no_space(k);
	}
	FOR_KINDS(k, MESSAGES)
	{
		queued_is_dropped(k);
		pending_is_kept(k);
		latched_is_kept(k);
		in_flight_is_kept(k);
		no_bound(k);
		leave_while_stopping(k, EMPTY);
		leave_while_stopping(k, AT_ONCE);
	}
	FOR_KINDS(k, MASKABLE)
	silent_at_once(k);
	FOR_KINDS(k, MESSAGES)
	second_nature(k);
	active_low();
	FOR_KINDS(k, MASKABLE | REMAPPED)
	device_remembers(k);
	level_in_service();
	made_for_nobody();
	unreachable();
	refused();
	return script_done();
}
