/* SPDX-License-Identifier: MIT */
/*
 * The contracts of ferry.h, one by one: tickets, settling, shortage, mask, disable,
 * free, CPUs that go and come, and what bad arguments get.
 */
#include <string.h>
#include "tests/script.h"

static const bool level_kind[FERRY_X86_KINDS] = { [FERRY_X86_IOAPIC_LEVEL] = true };

/* Settle source 0 with the help of the bound. */
static void settle_down(void)
{
	run_quiet();
	(void)settle(0);
	pass_bound();
	run_quiet();
}

/* ---- tickets ------------------------------------------------------------ */

static void no_op(uint8_t k)
{
	uint32_t programs;

	begin(&(struct options){ .kind = k },
	      "tickets, %s: a request it satisfies already moves nothing", kind_name[k]);
	programs = S.traced[FERRY_TRACE_PROGRAM];
	check_eq(move(0, BIT(0) | BIT(2)), FERRY_OK, "request");
	check(ticket() > 0, "no ticket");
	check_eq(look(0).generation, ticket(), "generation");
	check_eq(S.done[S.m->source[0].irq], ticket(), "generation told");
	check_eq(S.traced[FERRY_TRACE_PROGRAM], programs, "programmings");
	check_eq(requested(0), BIT(0) | BIT(2), "requested");
	check_eq(state(0), FERRY_SETTLED, "state");
	end();
}

static void latest_wins(uint8_t k, bool draining)
{
	uint32_t t[4];

	begin(&(struct options){ .kind = k, .cpus = 4 },
	      "tickets, %s: requests in %s: the latest wins, the others end", kind_name[k],
	      draining ? "DRAINING" : "MOVING");
	check_eq(move(0, BIT(1)), FERRY_OK, "1st");
	t[0] = ticket();
	if (draining && !level_kind[k]) {
		raise_irq(0);
		take(1);
	}
	check_eq(state(0), draining ? FERRY_DRAINING : FERRY_MOVING, "state");
	check_eq(look(0).generation < t[0], true, "satisfied before it settles");
	check_eq(move(0, BIT(2)), FERRY_OK, "2nd");
	t[1] = ticket();
	check_eq(look(0).generation, t[0], "generation after the 2nd");
	check_eq(move(0, BIT(3)), FERRY_OK, "3rd");
	t[2] = ticket();
	check(t[0] < t[1] && t[1] < t[2], "tickets don't grow");
	check_eq(look(0).generation, t[1], "generation after the 3rd");
	check_eq(look(0).asked, t[2], "asked");
	settle_down();
	check_eq(place(0), BIT(3), "place");
	settle_down();
	check_eq(look(0).generation, t[2], "generation at the end");
	check_eq(S.traced[FERRY_TRACE_PROGRAM], 2, "places programmed");
	end();
}

/* Asked back to where it is going: the queued request needs no second move. */
static void change_of_mind(uint8_t k)
{
	uint32_t last;

	begin(&(struct options){ .kind = k },
	      "tickets, %s: a queued request taken back is satisfied by the move under way",
	      kind_name[k]);
	move(0, BIT(1));
	move(0, BIT(2));
	check_eq(move(0, BIT(1)), FERRY_OK, "back");
	last = ticket();
	settle_down();
	check_eq(place(0), BIT(1), "place");
	check_eq(look(0).generation, last, "generation");
	check_eq(S.traced[FERRY_TRACE_PROGRAM], 1, "places programmed");
	end();
}

/* On an error nothing changes, an earlier queued request included. */
static void refusal(uint8_t k)
{
	uint32_t t;

	begin(&(struct options){ .kind = k, .cpus = 4, .away = BIT(3) },
	      "tickets, %s: a refused request leaves the queued one alone", kind_name[k]);
	move(0, BIT(1));
	move(0, BIT(2));
	t = ticket();
	check_eq(move(0, BIT(3)), FERRY_E_NO_CPU, "offline");
	check_eq(move(0, 0), FERRY_E_NO_CPU, "empty");
	check_eq(move_prefer(0, BIT(0), 4), FERRY_E_INVALID, "no such CPU");
	check(look(0).queued, "the queued one is gone");
	check_eq(look(0).asked, t, "asked");
	check_eq(requested(0), BIT(2), "requested");
	settle_down();
	check_eq(place(0), BIT(2), "place");
	end();
}

static void prefer(uint8_t k)
{
	begin(&(struct options){ .kind = k, .cpus = 4 },
	      "tickets, %s: the preferred CPU is taken if it is in the mask", kind_name[k]);
	check_eq(move_prefer(0, BIT(1) | BIT(2) | BIT(3), 2), FERRY_OK, "request");
	check_eq(place(0), BIT(2), "place");
	settle_down();
	check_eq(move_prefer(0, BIT(1) | BIT(3), 0), FERRY_OK, "preference outside the mask");
	check((place(0) & (BIT(1) | BIT(3))) != 0, "place %#llx", (unsigned long long)place(0));
	settle_down();
	end();
}

/* ---- settling ----------------------------------------------------------- */

static void settle_by_bound(uint8_t k)
{
	begin(&(struct options){ .kind = k },
	      "settle, %s: not before the bound, and then without a call", kind_name[k]);
	check_eq(settle(0), FERRY_OK, "nothing under way");
	move(0, BIT(1));
	check_eq(settle(0), FERRY_E_AGAIN, "at once");
	check_eq(S.call[S.on].wait, DRAIN_NS, "wait");
	pass(DRAIN_NS - 1);
	run_quiet();
	check_eq(settle(0), FERRY_E_AGAIN, "1 ns before the bound");
	check_eq(S.call[S.on].wait, 1, "wait");
	check_eq(state(0), FERRY_MOVING, "state");
	pass(1);
	run_quiet();
	check_eq(state(0), FERRY_SETTLED, "state after the bound");
	check_eq(settle(0), FERRY_OK, "after the bound");
	end();
}

/* Asked on a CPU whose clock is behind: that is no bound that has passed. */
static void settle_with_skew(uint8_t k)
{
	begin(&(struct options){ .kind = k },
	      "settle, %s: a clock behind the fence's is no age at all", kind_name[k]);
	pass(1000);
	move(0, BIT(1));
	S.m->now -= 100;
	check_eq(settle(0), FERRY_E_AGAIN, "100 ns before the fence");
	check_eq(state(0), FERRY_MOVING, "state");
	S.m->now += 100;
	pass_bound();
	run_quiet();
	check_eq(state(0), FERRY_SETTLED, "state after the bound");
	end();
}

static bool fenced(void)
{
	return S.m->cpu[2].state == CPU_FENCE;
}

/* The bound begins when the device has been read back, not when it was asked. */
static void bound_from_fence(uint8_t k)
{
	begin(&(struct options){ .kind = k, .unordered = true },
	      "settle, %s: the bound counts from the read-back", kind_name[k]);
	fire(0);
	start(2, (struct call){ .run = call_move, .src = 0, .mask = BIT(1), .prefer = NONE });
	check(step_until(2, fenced), "it reads nothing back");
	pass(2 * DRAIN_NS);
	check(finish(2), "blocked");
	check_eq(settle(0), FERRY_E_AGAIN, "settle");
	check_eq(state(0), FERRY_MOVING, "state");
	/* That slow message is still allowed to come. */
	accept(0);
	run_quiet();
	check_eq(S.starts[0], 1, "starts");
	pass_bound();
	run_quiet();
	check_eq(state(0), FERRY_SETTLED, "state after the bound");
	end();
}

static void no_bound(uint8_t k)
{
	begin(&(struct options){ .kind = k, .no_bound = true },
	      "settle, %s: without a bound only an arrival ends it", kind_name[k]);
	check_eq(move(0, BIT(1)), FERRY_OK, "ordered: it can be moved");
	check_eq(settle(0), FERRY_E_NO_BOUND, "settle");
	pass(1000 * DRAIN_NS);
	run_quiet();
	check_eq(state(0), FERRY_MOVING, "state");
	raise_irq(0);
	run_quiet();
	check_eq(state(0), FERRY_SETTLED, "state");
	check_eq(S.ran_on[0], 1, "CPU of the start");
	end();
}

/* ---- shortage ----------------------------------------------------------- */

/* Source 0 lives on CPU 0, two others fill CPU 2. */
static void fill(uint8_t k, bool no_bound_, const char *what)
{
	begin(&(struct options){ .kind = k,
				 .rest = 1 + FERRY_X86_MSIX,
				 .sources = 4,
				 .bare = true,
				 .first = 0x40,
				 .last = 0x41,
				 .no_bound = no_bound_ },
	      "shortage, %s: %s", kind_name[k], what);
	S.on = 1;
	make(0, BIT(0));
	make(1, BIT(2));
	make(2, BIT(2));
	check_eq(free_vectors(2), 0, "free vectors");
}

static void no_space(uint8_t k)
{
	struct ferry_affinity before, after;

	fill(k, false, "a direct request without room changes nothing");
	before = look(0);
	check_eq(move(0, BIT(2)), FERRY_E_NO_SPACE, "request");
	after = look(0);
	check(!memcmp(&before, &after, sizeof(before)), "something changed");
	check_eq(requested(0), BIT(0), "requested");
	check_eq(used(0) + used(1) + used(2), 3, "vectors in use");
	check_eq(move(0, BIT(1) | BIT(2)), FERRY_OK, "a mask with room");
	check_eq(place(0), BIT(1), "place");
	end();
}

static void starved(uint8_t k, bool by_free)
{
	fill(k, false,
	     by_free ? "starved, and served when one is freed" :
		       "starved, and served when one moves away");
	move(0, BIT(1));
	check_eq(move(0, BIT(2)), FERRY_OK, "a request behind a move waits for room");
	settle_down();
	check(look(0).starved && look(0).queued, "not starved");
	check_eq(look(0).generation < look(0).asked, true, "satisfied without a place");
	check_eq(place(0), BIT(1), "place");
	if (by_free)
		check(release_all(1), "free");
	else
		check_eq(move(1, BIT(0)), FERRY_OK, "move away");
	/* The move that gives the slot up is ended for the starved one's sake. */
	pass_bound();
	run_quiet();
	check_eq(place(0), BIT(2), "place when there is room");
	check(!look(0).starved, "still starved");
	raise_irq(0);
	run_quiet();
	check_eq(S.ran_on[0], 2, "CPU of the start");
	end();
}

/* Who moves sits on two places. One that moves in silence, and did so before anybody
 * starved, is made to end its move. */
static void starved_later(uint8_t k)
{
	fill(k, false, "a silent move that began before is ended for the starved one");
	move(0, BIT(1));
	check_eq(move(1, BIT(0)), FERRY_OK, "the other leaves, and nothing arrives");
	check_eq(move(0, BIT(2)), FERRY_OK, "request");
	run_quiet();
	if (!level_kind[k]) {
		raise_irq(0);
		run_quiet();
	}
	check(look(0).starved, "not starved");
	check_eq(state(1), FERRY_MOVING, "state of the other");
	pass_bound();
	run_quiet();
	check_eq(state(1), FERRY_SETTLED, "state of the other after the bound");
	check_eq(place(0), BIT(2), "place");
	end();
}

/* Freed at any moment of the starved one's attempt: never left behind. */
static bool starved_race(uint8_t k, int steps)
{
	bool more = true;

	fill(k, false, "starving and freeing at once, nobody is left behind");
	move(0, BIT(1));
	move(0, BIT(2));
	check_eq(release(1, 0), FERRY_E_AGAIN, "free");
	pass_bound();
	/* The bound has passed for both. CPU 2 gives its slot back while CPU 0,
	 * the old one, ends the move and looks for room. */
	for (uint32_t cpu = 0; cpu < 3; cpu++)
		ipi(cpu);
	take_begin(0);
	for (int n = 0; n < steps && more; n++)
		more = S.m->cpu[0].depth && step(0);
	take(2);
	run_quiet();
	check(release_all(1), "free");
	check_eq(place(0), BIT(2), "place");
	check(!look(0).starved, "starved though there is room");
	end();
	return more;
}

/* ---- mask, disable, free at every state --------------------------------- */

enum at { SETTLED, MOVING, DRAINING };
static const char *const at_name[] = { "SETTLED", "MOVING", "DRAINING" };

static void go(enum at at)
{
	if (at == SETTLED)
		return;
	move(0, BIT(1));
	if (at == DRAINING && S.m->source[0].kind != FERRY_X86_IOAPIC_LEVEL) {
		raise_irq(0);
		take(1);
	}
	check_eq(state(0), at == MOVING ? FERRY_MOVING : FERRY_DRAINING, "state");
}

/* What fires while it is stopped runs once after, and not before. */
static void stopped(uint8_t k, enum at at, bool by_mask)
{
	uint32_t before;

	begin(&(struct options){ .kind = k }, "%s, %s in %s: what fires runs once, after",
	      by_mask ? "mask" : "disable", kind_name[k], at_name[at]);
	go(at);
	before = S.starts[0];
	check_eq(by_mask ? mask(0) : disable(0), FERRY_OK, "stop");
	check_eq(by_mask ? mask(0) : disable(0), FERRY_OK, "again");
	fire(0);
	if (!level_kind[k])
		fire(0);
	run_quiet();
	pass_bound();
	run_quiet();
	check_eq(S.starts[0], before, "starts while stopped");
	/* The other intent does not lift this one. */
	check_eq(by_mask ? enable(0) : unmask(0), FERRY_OK, "the other");
	run_quiet();
	check_eq(S.starts[0], before, "starts while stopped");
	check_eq(by_mask ? unmask(0) : enable(0), FERRY_OK, "go on");
	run_quiet();
	check_eq(S.starts[0], before + 1, "starts");
	if (at != SETTLED)
		check_eq(S.ran_on[0], 1, "CPU of the start");
	end();
}

/* Remembered, then freed: forgotten. */
static void free_latched(uint8_t k)
{
	begin(&(struct options){ .kind = k }, "free, %s: what was remembered is forgotten",
	      kind_name[k]);
	mask(0);
	raise_irq(0);
	run_quiet();
	check(release_all(0), "free");
	run_quiet();
	check_eq(S.starts[0], 0, "starts");
	for (uint32_t cpu = 0; cpu < 3; cpu++)
		check_eq(used(cpu), 0, "vectors in use");
	end();
}

static void free_running(uint8_t k)
{
	begin(&(struct options){ .kind = k }, "free, %s: not done while its handler runs",
	      kind_name[k]);
	raise_irq(0);
	check(take_into_handler(0), "no handler");
	check_eq(release(0, FERRY_FREE_QUIET), FERRY_E_AGAIN, "free");
	check_eq(release(0, FERRY_FREE_QUIET), FERRY_E_AGAIN, "again");
	check(finish_frame(0), "blocked");
	run_quiet();
	check(release_all(0), "free after the handler");
	check(!S.m->source[0].remote_irr, "the line is left in service");
	check_eq(S.starts[0], 1, "starts");
	end();
}

/* The same where the slot is gone already: its CPU gave it back inside the handler. */
static void free_drained_running(uint8_t k)
{
	begin(&(struct options){ .kind = k },
	      "free, %s: drained, and still not done while its handler runs", kind_name[k]);
	S.nested = true;
	raise_irq(0);
	check(take_into_handler(0), "no handler");
	check_eq(release(0, FERRY_FREE_QUIET), FERRY_E_AGAIN, "free");
	ipi(0);
	check(take(0), "no doorbell");
	check_eq(state(0), FERRY_DRAINED, "state");
	check_eq(release(0, FERRY_FREE_QUIET), FERRY_E_AGAIN, "free while it runs");
	check(finish_frame(0), "blocked");
	check_eq(release(0, FERRY_FREE_QUIET), FERRY_OK, "free after it ran");
	end();
}

/* Every call on a dead or free interrupt says so and does nothing. */
static void dead_calls(uint8_t k)
{
	begin(&(struct options){ .kind = k },
	      "free, %s: calls on the dead and the free are refused", kind_name[k]);
	fire(0);
	check_eq(release(0, 0), FERRY_E_AGAIN, "free");
	for (int n = 0; n < 2; n++) {
		uint32_t irq = S.m->source[0].irq;
		uint64_t one = 1;

		machine_look(S.m);
		check_eq(ferry_irq_set_affinity(S.f, n ? 0 : irq, &one, NONE, NULL), FERRY_E_STATE,
			 "set_affinity");
		check_eq(ferry_irq_mask(S.f, n ? 0 : irq), FERRY_E_STATE, "mask");
		check_eq(ferry_irq_unmask(S.f, n ? 0 : irq), FERRY_E_STATE, "unmask");
		check_eq(ferry_irq_disable(S.f, n ? 0 : irq), FERRY_E_STATE, "disable");
		check_eq(ferry_irq_enable(S.f, n ? 0 : irq), FERRY_E_STATE, "enable");
		if (n)
			check_eq(ferry_irq_free(S.f, 0, 0, NULL), FERRY_E_STATE, "free");
		machine_looked(S.m);
		if (!n)
			check(release_all(0), "free");
	}
	end();
}

static void free_quiet(uint8_t k)
{
	begin(&(struct options){ .kind = k, .unordered = true, .no_bound = true },
	      "free, %s: without a bound only the host's word ends it", kind_name[k]);
	check_eq(release(0, 0), FERRY_E_NO_BOUND, "free");
	check_eq(release(0, 0), FERRY_E_NO_BOUND, "again");
	check(used(0) == 1, "the slot is gone without proof");
	check_eq(release(0, FERRY_FREE_QUIET), FERRY_E_AGAIN, "quiet");
	run_quiet();
	check_eq(release(0, FERRY_FREE_QUIET), FERRY_OK, "drained");
	check_eq(used(0), 0, "vectors in use");
	end();
}

/* ---- vectors and owners ------------------------------------------------- */

static bool owner(uint32_t cpu, uint8_t vector, uint32_t *irq)
{
	bool live;

	machine_look(S.m);
	live = ferry_x86_owner(S.f, cpu, vector, irq);
	machine_looked(S.m);
	return live;
}

static void unexpected(uint8_t k, bool shared)
{
	uint32_t irq, last;
	uint8_t vector;

	begin(&(struct options){ .kind = k, .sources = 2, .shared = shared },
	      "owner, %s%s: a stray vector is ended, counted, and its last owner named",
	      kind_name[k], shared ? ", shared namespace" : "");
	vector = vector_of(1);
	check(owner(0, vector, &irq) && irq == S.m->source[1].irq, "the owner is not named");
	check(!owner(2, 0xe0, &irq) && irq == FERRY_NONE, "a vector nobody ever had has an owner");
	check(!owner(3, vector, &irq) && irq == FERRY_NONE, "CPU 3 does not exist");
	irq = S.m->source[1].irq;
	check(release_all(1), "free");
	stray(0, vector);
	check(take(0), "not taken");
	check(!in_service(0), "not ended");
	check_eq(S.counters[0].unexpected, 1, "counted");
	check(!owner(0, vector, &last) && last == irq, "last owner %u", last);
	raise_irq(0);
	run_quiet();
	check_eq(S.starts[0], 1, "starts of the other");
	end();
}

/* ---- CPUs --------------------------------------------------------------- */

static void enter_pending(uint8_t k)
{
	begin(&(struct options){ .kind = k, .away = BIT(2) },
	      "enter, %s: refused with a movable vector in the IRR", kind_name[k]);
	S.on = 1;
	cpu_unpark(S.m, 2);
	stray(2, 0x55);
	check(finish(2), "blocked");
	check_eq(S.entered[2], FERRY_E_PENDING, "enter");
	machine_look(S.m);
	check_eq(ferry_cpu_state(S.f, 2), FERRY_CPU_OFFLINE, "state");
	machine_looked(S.m);
	check_eq(move(0, BIT(2)), FERRY_E_NO_CPU, "a request for it");
	check(take(2), "not taken");
	check_eq(enter_again(2), FERRY_OK, "enter");
	check_eq(move(0, BIT(2)), FERRY_OK, "a request for it");
	end();
}

static struct ferry_dry_run dry(uint32_t cpu, struct ferry_blocker *list, uint32_t n, int want)
{
	struct ferry_dry_run sum;

	machine_look(S.m);
	check_eq(dry_run(cpu, &sum, list, n), want, "dry run");
	check(machine_looked(S.m), "torn");
	return sum;
}

static void dry_no_bound(uint8_t k)
{
	struct ferry_blocker b[2] = { { 9, 0 }, { 9, 0 } };
	struct ferry_dry_run sum;
	bool level = level_kind[k];

	begin(&(struct options){ .kind = k, .unordered = true, .no_bound = true },
	      "dry run, %s: unordered and no bound %s", kind_name[k],
	      level ? "is no obstacle to a level pin" : "is named, and moves are refused");
	sum = dry(0, b, 2, FERRY_OK);
	check_eq(sum.blocked, !level, "blocked");
	if (!level) {
		check_eq(b[0].reason, FERRY_E_NO_BOUND, "reason");
		check_eq(b[0].irq, S.m->source[0].irq, "irq");
		check_eq(move(0, BIT(1)), FERRY_E_NO_BOUND, "move");
		check_eq(place(0), BIT(0), "place");
	}
	check_eq(leave(0), FERRY_OK, "leave");
	check_eq(leave_step(0, NULL), level ? FERRY_OK : FERRY_E_NO_BOUND, "step");
	if (!level)
		check_eq(S.refused_irq, S.m->source[0].irq, "irq of the step");
	check_eq(roll_back(0), FERRY_OK, "roll back");
	raise_irq(0);
	run_quiet();
	check_eq(S.starts[0], 1, "starts");
	end();
}

static void dry_counts(uint8_t k)
{
	struct ferry_dry_run sum;

	begin(&(struct options){ .kind = k,
				 .sources = 3,
				 .cpus = 3,
				 .bare = true,
				 .first = 0x40,
				 .last = 0x47 },
	      "dry run, %s: what it needs, what is free, what breaks", kind_name[k]);
	make(0, BIT(0));
	make(1, BIT(0));
	move_prefer(1, BIT(0) | BIT(1), 0);
	make(2, BIT(1));
	sum = dry(0, NULL, 0, FERRY_OK);
	check_eq(sum.needed, 2, "needed");
	check_eq(sum.free, 15, "free on the others");
	check_eq(sum.broken, 1, "broken");
	check_eq(sum.blocked, 0, "blocked");
	check_eq(used(0) + used(1) + used(2), 3, "vectors in use after");
	check_eq(offline(0, EMPTY), FERRY_OK, "it then does");
	check_eq(look(0).broken, true, "the one that broke");
	check_eq(look(1).broken, false, "the one that did not");
	dry(0, NULL, 0, FERRY_E_STATE);
	dry(99, NULL, 0, FERRY_E_INVALID);
	end();
}

static void last_cpu(uint8_t k)
{
	struct ferry_blocker b = { 9, 0 };
	struct ferry_dry_run sum;

	begin(&(struct options){ .kind = k, .cpus = 2, .away = BIT(1) },
	      "leave, %s: the last CPU stays, and the dry run says why", kind_name[k]);
	sum = dry(0, &b, 1, FERRY_OK);
	check_eq(sum.blocked, 1, "blocked");
	check_eq(b.reason, FERRY_E_NO_CPU, "reason");
	check_eq(leave(0), FERRY_E_NO_CPU, "leave");
	raise_irq(0);
	run_quiet();
	check_eq(S.starts[0], 1, "starts");
	end();
}

/* Rolled back: what the leave broke is asked for again, restore or not. */
static void rolled_back(uint8_t k)
{
	begin(&(struct options){ .kind = k, .sources = 2 },
	      "roll back, %s: affinities broken by the leave come back", kind_name[k]);
	check_eq(leave(0), FERRY_OK, "leave");
	leave_step(0, NULL);
	check(place(0) != BIT(0) && place(1) != BIT(0), "they did not leave");
	check(look(0).broken, "not broken");
	check_eq(move(1, BIT(0)), FERRY_E_NO_CPU, "a request for a leaving CPU");
	check_eq(roll_back(0), FERRY_OK, "roll back");
	for (int n = 0; n < 3; n++) {
		run_quiet();
		pass_bound();
	}
	run_quiet();
	check_eq(place(0), BIT(0), "place");
	check_eq(place(1), BIT(0), "place of the other");
	check(!look(0).broken && !look(1).broken, "still broken");
	raise_irq(0);
	run_quiet();
	check_eq(S.ran_on[0], 0, "CPU of the start");
	end();
}

static void order_of_calls(void)
{
	begin(&(struct options){ .cpus = 3 }, "CPUs: calls out of order are refused");
	check_eq(leave_step(0, NULL), FERRY_E_STATE, "step of one that is online");
	check_eq(commit(0), FERRY_E_STATE, "commit of one that is online");
	check_eq(roll_back(0), FERRY_E_STATE, "roll back of one that is online");
	check_eq(enter_again(0), FERRY_E_STATE, "enter of one that is online");
	check_eq(leave(0), FERRY_OK, "leave");
	check_eq(leave(0), FERRY_E_STATE, "leave twice");
	check_eq(enter_again(0), FERRY_E_STATE, "enter of one that leaves");
	check_eq(leave(77), FERRY_E_INVALID, "leave of none");
	check_eq(roll_back(77), FERRY_E_INVALID, "roll back of none");
	check_eq(roll_back(0), FERRY_OK, "roll back");
	check_eq(offline(1, EMPTY), FERRY_OK, "offline");
	check_eq(leave(1), FERRY_E_STATE, "leave of one that is offline");
	end();
}

/* ---- bad arguments ------------------------------------------------------ */

static void bad_irq(uint32_t irq)
{
	struct ferry_affinity a;
	uint64_t one = 1;

	check_eq(ferry_irq_set_affinity(S.f, irq, &one, NONE, NULL), FERRY_E_INVALID,
		 "set_affinity");
	check_eq(ferry_irq_affinity(S.f, irq, &a, NULL, NULL, NULL), FERRY_E_INVALID, "affinity");
	check_eq(ferry_irq_settle(S.f, irq, NULL), FERRY_E_INVALID, "settle");
	check_eq(ferry_irq_mask(S.f, irq), FERRY_E_INVALID, "mask");
	check_eq(ferry_irq_unmask(S.f, irq), FERRY_E_INVALID, "unmask");
	check_eq(ferry_irq_disable(S.f, irq), FERRY_E_INVALID, "disable");
	check_eq(ferry_irq_enable(S.f, irq), FERRY_E_INVALID, "enable");
	check_eq(ferry_irq_free(S.f, irq, 0, NULL), FERRY_E_INVALID, "free");
}

static void bad_arguments(void)
{
	struct ferry_source source = { .kind = FERRY_X86_KINDS };
	uint32_t used_, free_, irq;
	struct ferry_affinity a;

	begin(&(struct options){ .sources = 2, .irqs = 2 },
	      "arguments out of range change nothing");
	machine_look(S.m);
	bad_irq(2);
	bad_irq(FERRY_NONE);
	check_eq(ferry_irq_free(S.f, 0, 0x80, NULL), FERRY_E_INVALID, "flags of free");
	check_eq(ferry_x86_create(S.f, &source, NULL, 1, &irq), FERRY_E_INVALID, "kind");
	source.kind = FERRY_X86_MSIX;
	check_eq(ferry_x86_create(S.f, &source, NULL, 0, &irq), FERRY_E_INVALID, "none at all");
	source.flags = 0x20;
	check_eq(ferry_x86_create(S.f, &source, NULL, 1, &irq), FERRY_E_INVALID, "flags");
	check_eq(ferry_x86_interrupt(S.f, 3, 0x40), FERRY_E_INVALID, "CPU of an interrupt");
	ferry_x86_doorbell(S.f, 3);
	ferry_x86_vectors(S.f, 3, &used_, &free_);
	check(!used_ && !free_, "vectors of a CPU that does not exist");
	check_eq(ferry_cpu_state(S.f, 3), FERRY_CPU_OFFLINE, "state of a CPU that does not exist");
	check_eq(ferry_cpu_leave(S.f, 3), FERRY_E_INVALID, "leave");
	check_eq(ferry_cpu_leave_step(S.f, 3, NULL, NULL), FERRY_E_INVALID, "step");
	check_eq(ferry_cpu_commit(S.f, 3), FERRY_E_INVALID, "commit");
	check_eq(ferry_cpu_roll_back(S.f, 3), FERRY_E_INVALID, "roll back");
	check_eq(ferry_cpu_enter(S.f, 3), FERRY_E_INVALID, "enter");
	machine_looked(S.m);
	check_eq(used(0), 2, "vectors in use");
	check_eq(state(0), FERRY_SETTLED, "state");
	check_eq(look(0).asked, 0, "tickets given out");
	check_eq(create(0, BIT(0)), FERRY_E_NO_IRQ, "a third");
	check(release_all(1), "free");
	machine_look(S.m);
	check_eq(ferry_irq_affinity(S.f, 1, &a, NULL, NULL, NULL), FERRY_OK,
		 "affinity of a free one");
	check_eq(ferry_irq_settle(S.f, 1, NULL), FERRY_E_STATE, "settle of a free one");
	machine_looked(S.m);
	check_eq(a.state, FERRY_FREE, "state of a free one");
	check(a.first_cpu == FERRY_NONE && !a.vector, "a free one has a place");
	end();
}

static void masks(void)
{
	begin(&(struct options){ .sources = 3, .cpus = 6, .masks = 1 },
	      "masks: a full pool refuses, and heals");
	check_eq(move(0, BIT(0) | BIT(1)), FERRY_OK, "first mask");
	check_eq(move(1, BIT(0) | BIT(1)), FERRY_OK, "the same mask");
	check_eq(move(2, BIT(0) | BIT(2)), FERRY_E_NO_MASK, "another");
	check_eq(requested(2), BIT(0), "requested");
	check_eq(move(2, BIT(5)), FERRY_OK, "one CPU needs no entry");
	check_eq(move(2, 0x3f), FERRY_OK, "all CPUs need no entry");
	check_eq(move(0, BIT(0)), FERRY_OK, "one gives it up");
	check_eq(move(2, BIT(0) | BIT(2)), FERRY_E_NO_MASK, "it is still in use");
	check_eq(move(1, BIT(0)), FERRY_OK, "the other gives it up");
	check_eq(move(2, BIT(0) | BIT(2)), FERRY_OK, "another");
	check_eq(requested(2), BIT(0) | BIT(2), "requested");
	end();
}

/* ---- the list ----------------------------------------------------------- */

static void stop_tests(uint8_t k)
{
	for (int n = 0; n < 2; n++) {
		stopped(k, SETTLED, n);
		if (!level_kind[k])
			stopped(k, MOVING, n);
		stopped(k, DRAINING, n);
	}
	free_latched(k);
	free_running(k);
	dead_calls(k);
}

int main(void)
{
	FOR_KINDS(k, ALL_KINDS)
	{
		no_op(k);
		latest_wins(k, true);
		change_of_mind(k);
		refusal(k);
		prefer(k);
		no_space(k);
		starved(k, true);
		starved(k, false);
		starved_later(k);
		for (int steps = 0; starved_race(k, steps); steps++)
			;
		stop_tests(k);
		unexpected(k, false);
		unexpected(k, true);
		enter_pending(k);
		dry_no_bound(k);
		dry_counts(k);
		last_cpu(k);
		rolled_back(k);
	}
	FOR_KINDS(k, MESSAGES)
	{
		latest_wins(k, false);
		settle_by_bound(k);
		settle_with_skew(k);
		no_bound(k);
		free_quiet(k);
		free_drained_running(k);
	}
	FOR_KINDS(k, MESSAGES & ~REMAPPED)
	bound_from_fence(k);
	order_of_calls();
	bad_arguments();
	masks();
	return script_done();
}
