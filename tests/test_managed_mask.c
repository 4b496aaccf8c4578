/* SPDX-License-Identifier: MIT */
/*
 * Managed interrupts (managed.h) on the simulated x86 machine: what is promised and given up, and
 * that they never leave their masks. Of promises test_promises.c has the random runs.
 */
#include <irqferry/balance.h>
#include <irqferry/managed.h>
#include <string.h>
#include "tests/script.h"

/* ---- calls ------------------------------------------------ */

static uint32_t number(uint32_t src)
{
	return S.m->source[src].irq;
}

#define LOOKED(expression) \
	({ \
		machine_look(S.m); \
		int rc_ = (expression); \
		check(machine_looked(S.m), "a lock is held"); \
		rc_; \
	})

static int manage(uint32_t src, uint64_t cpus)
{
	return LOOKED(ferry_irq_manage(S.f, number(src), &cpus));
}

static int unmanage(uint32_t src)
{
	return LOOKED(ferry_irq_unmanage(S.f, number(src)));
}

static int call_stop(struct call *c)
{
	return ferry_irq_stop(S.f, number(c->src), FERRY_FREE_QUIET, NULL);
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

static int halt(uint32_t src)
{
	return run_call((struct call){ .run = call_stop, .src = src });
}

static int wake(uint32_t src)
{
	return run_call((struct call){ .run = call_start, .src = src });
}

static struct ferry_class class_of(uint32_t src)
{
	struct ferry_class c = { .pool = 99 };

	check_eq(LOOKED(ferry_irq_class(S.f, number(src), &c)), FERRY_OK, "class");
	return c;
}

static void halt_all(uint32_t src)
{
	if (halt(src) == FERRY_E_AGAIN)
		run_quiet();
	check_eq(halt(src), FERRY_OK, "stop");
}

/* ---- promises that are seen ------------------------------------------------------ */

static uint32_t usable; /* vectors of each CPU */

/* Has it places of its own on `cpu`? Promised ones, in these tests. */
static bool is_managed_on(uint32_t src, uint32_t cpu)
{
	return number(src) != FERRY_NONE && state(src) != FERRY_FREE && class_of(src).managed &&
	       ((place(src) | old_place(src)) & BIT(cpu));
}

/* Promised on each CPU, in use or not: one digit for each, the highest first, as CPUs in masks. */
static uint32_t digits(void)
{
	uint32_t n = 0;

	for (uint32_t c = S.cpus; c--;) {
		n = n * 10 + usable - free_vectors(c) - used(c);
		for (uint32_t src = 0; src < S.sources; src++)
			n += is_managed_on(src, c);
	}
	return n;
}

/* Four CPUs; sources on CPU 0, enabled. */
static void machine_of(uint8_t k, uint32_t sources, uint64_t away, const char *what)
{
	begin(&(struct options){ .kind = k,
				 .cpus = 4,
				 .sources = sources,
				 .away = away,
				 .restore = true,
				 .promises = true },
	      "%s, %s", what, kind_name[k]);
	S.on = away & 1 ? 1 : 0;
	usable = free_vectors(S.on) + used(S.on);
}

static void machine(uint32_t sources, uint64_t away, const char *what)
{
	machine_of(FERRY_X86_MSIX, sources, away, what);
}

/* Source 0 stopped and managed, the machine as above. */
static void managed_of(uint8_t k, uint32_t sources, uint64_t away, uint64_t cpus, const char *what)
{
	machine_of(k, sources, away, what);
	halt_all(0);
	check_eq(manage(0, cpus), FERRY_OK, "manage");
}

static void managed(uint32_t sources, uint64_t away, uint64_t cpus, const char *what)
{
	managed_of(FERRY_X86_MSIX, sources, away, cpus, what);
}

#define ROOM 3u /* of each CPU of this machine: */

/* Others live on `cpu`; it has room for `left` more. */
static void fill(uint32_t cpu, uint32_t left)
{
	uint32_t src = 0;

	while (S.m->source[src].irq != FERRY_NONE)
		src++;
	for (; free_vectors(cpu) > left; src++)
		check_eq(make(src, BIT(cpu)), 1, "create");
}

/* `mine` on CPU 0, the first one stopped; a CPU is filled. */
static void crowded(uint32_t mine, uint32_t cpu, uint32_t left, uint32_t masks, const char *what)
{
	begin(&(struct options){ .cpus = 4,
				 .sources = mine + 2 * ROOM,
				 .masks = masks,
				 .first = 0x41,
				 .last = 0x40 + ROOM,
				 .bare = true,
				 .promises = true },
	      "%s", what);
	S.on = 0;
	usable = ROOM;
	for (uint32_t src = 0; src < mine; src++)
		check_eq(make(src, BIT(0)), 1, "create");
	halt_all(0);
	fill(cpu, left);
}

/* ---- promises ------------------------------------------------ */

static void one_each(uint8_t k)
{
	managed_of(k, 1, BIT(3), BIT(1) | BIT(3),
		   "manage: one place on each CPU of the mask, also one that is away; and back");
	check_eq(digits(), 1010, "promised");
	check_eq(requested(0), BIT(1) | BIT(3), "requested");
	check(class_of(0).managed && class_of(0).stopped, "its class");
	check_eq(manage(0, BIT(2)), FERRY_E_STATE, "manage twice");
	check_eq(LOOKED(ferry_irq_aim(S.f, number(0), NULL)), FERRY_E_STATE, "aim");
	check_eq(wake(0), FERRY_OK, "start");
	check_eq(place(0), BIT(1), "place");
	check_eq(digits(), 1010, "promised while it runs");
	check_eq(unmanage(0), FERRY_E_STATE, "unmanage while it runs");
	halt_all(0);
	check_eq(digits(), 1010, "promised while it is stopped");
	check_eq(unmanage(0), FERRY_OK, "unmanage");
	check_eq(digits(), 0, "promised");
	check_eq(requested(0), BIT(1) | BIT(3), "requested");
	check(!class_of(0).managed, "its class");
	check_eq(unmanage(0), FERRY_E_STATE, "unmanage twice");
	check_eq(wake(0), FERRY_OK, "start as an ordinary one");
	check_eq(move(0, BIT(2)), FERRY_OK, "move");
	end();
}

static void everywhere(void)
{
	machine(1, 0, "manage: without a mask, on all CPUs");
	halt_all(0);
	check_eq(LOOKED(ferry_irq_manage(S.f, number(0), NULL)), FERRY_OK, "manage");
	check_eq(digits(), 1111, "promised");
	check_eq(requested(0), 15, "requested");
	check_eq(unmanage(0), FERRY_OK, "unmanage");
	check_eq(digits(), 0, "promised");
	check_eq(wake(0), FERRY_OK, "start");
	end();
}

static void promise_refused(void)
{
	crowded(1, 2, 0, 0, "manage: a refusal keeps nothing");
	check_eq(wake(0), FERRY_OK, "start");
	check_eq(manage(0, BIT(1)), FERRY_E_STATE, "manage while it runs");
	halt_all(0);
	check_eq(manage(0, BIT(1) | BIT(2)), FERRY_E_NO_SPACE, "manage");
	check_eq(digits(), 0, "promised");
	check_eq(requested(0), BIT(0), "requested");
	check(!class_of(0).managed, "its class");
	check_eq(manage(0, 0), FERRY_E_NO_CPU, "an empty mask");
	check_eq(manage(0, BIT(4)), FERRY_E_NO_CPU, "no CPU of this machine");
	check(release_all(1), "free");
	check_eq(manage(0, BIT(1) | BIT(2)), FERRY_OK, "manage");
	check_eq(digits(), 110, "promised");
	check_eq(unmanage(0), FERRY_OK, "unmanage");
	check_eq(wake(0), FERRY_OK, "start");
	end();
}

static void pool_full(void)
{
	uint64_t one = BIT(0), two = BIT(0) | BIT(1);
	struct ferry_spare spare;

	crowded(2, 2, 0, 1, "manage: no entry for another mask");
	halt_all(1);
	check_eq(manage(0, BIT(0) | BIT(1)), FERRY_OK, "manage");
	check_eq(manage(1, BIT(1) | BIT(3)), FERRY_E_NO_MASK, "another mask");
	check_eq(digits(), 11, "promised");
	check_eq(manage(1, BIT(0) | BIT(1)), FERRY_OK, "the same mask");
	check_eq(unmanage(1), FERRY_OK, "unmanage");
	check_eq(unmanage(0), FERRY_OK, "unmanage");
	for (uint32_t src = 0; src < 2; src++)
		check_eq(LOOKED(ferry_irq_aim(S.f, number(src), &one)), FERRY_OK, "aim");
	check_eq(manage(1, BIT(1) | BIT(2)), FERRY_E_NO_SPACE, "no place: the entry is given back");
	check_eq(manage(0, BIT(0)), FERRY_OK, "manage");
	check_eq(LOOKED(ferry_spare_promise(S.f, number(0), &two, &spare)), FERRY_OK, "a spare");
	check_eq(LOOKED(ferry_spare_release(S.f, number(0), &spare)), FERRY_OK, "given back");
	check(release_all(2), "free");
	check_eq(manage(1, BIT(1) | BIT(2)), FERRY_OK, "its entry too");
	check_eq(wake(0), FERRY_OK, "start");
	check_eq(wake(1), FERRY_OK, "start");
	end();
}

static void not_this_kind(uint8_t k)
{
	machine_of(k, 1, 0, "manage: what needs more than a place, whichever, is refused");
	halt_all(0);
	check_eq(manage(0, BIT(1)), FERRY_E_INVALID, "manage");
	check(!class_of(0).managed, "its class");
	check_eq(wake(0), FERRY_OK, "start");
	end();
}

static void without_promises(uint8_t k)
{
	begin(&(struct options){ .kind = k }, "manage, %s: not without promises", kind_name[k]);
	halt_all(0);
	check_eq(manage(0, BIT(1)), FERRY_E_INVALID, "manage");
	check_eq(LOOKED(ferry_irq_share(S.f, number(0), 1)), FERRY_E_INVALID, "share");
	check_eq(class_of(0).pool, 0, "pool");
	check(!class_of(0).managed, "its class");
	check_eq(wake(0), FERRY_OK, "start");
	end();
}

static void shared(void)
{
	machine(1, 0, "share: before it is managed, with a pool that exists");
	check_eq(LOOKED(ferry_irq_share(S.f, number(0), 2)), FERRY_E_INVALID, "no such pool");
	check_eq(LOOKED(ferry_irq_share(S.f, number(0), 1)), FERRY_OK, "share");
	check_eq(class_of(0).pool, 1, "pool");
	halt_all(0);
	check_eq(manage(0, BIT(1)), FERRY_OK, "manage");
	check_eq(LOOKED(ferry_irq_share(S.f, number(0), 0)), FERRY_E_STATE, "share while managed");
	check_eq(class_of(0).pool, 1, "pool");
	check_eq(unmanage(0), FERRY_OK, "unmanage");
	check_eq(class_of(0).pool, 1, "pool");
	check_eq(wake(0), FERRY_OK, "start");
	end();
}

/* A number's next interrupt is in no pool but that it is put in. */
static void pool_forgotten(void)
{
	machine(1, 0, "share: a pool goes with its interrupt");
	check_eq(LOOKED(ferry_irq_share(S.f, number(0), 1)), FERRY_OK, "share");
	check_eq(class_of(0).pool, 1, "pool");
	check(release_all(0), "free");
	check_eq(make(0, BIT(0)), 1, "create");
	check_eq(class_of(0).pool, 0, "pool of the next one");
	halt_all(0);
	check_eq(manage(0, BIT(1)), FERRY_OK, "manage");
	check_eq(class_of(0).pool, 0, "its pool");
	check_eq(unmanage(0), FERRY_OK, "unmanage");
	check_eq(LOOKED(ferry_irq_share(S.f, number(0), 1)), FERRY_OK, "share");
	check_eq(manage(0, BIT(1)), FERRY_OK, "manage");
	check_eq(wake(0), FERRY_OK, "start");
	halt_all(0);
	check_eq(class_of(0).pool, 1, "its pool");
	check_eq(unmanage(0), FERRY_OK, "unmanage");
	check_eq(LOOKED(ferry_irq_share(S.f, number(0), 0)), FERRY_OK, "share no more");
	check_eq(class_of(0).pool, 0, "its pool");
	end();
}

static void bad_numbers(void)
{
	struct ferry_spare spare = { 0 };

	machine(1, 0, "managed: numbers that are none");
	check_eq(LOOKED(ferry_irq_manage(S.f, 1, NULL)), FERRY_E_INVALID, "manage");
	check_eq(LOOKED(ferry_irq_unmanage(S.f, 1)), FERRY_E_INVALID, "unmanage");
	check_eq(LOOKED(ferry_irq_share(S.f, 1, 0)), FERRY_E_INVALID, "share");
	check_eq(LOOKED(ferry_spare_promise(S.f, 1, NULL, &spare)), FERRY_E_INVALID, "promise");
	check_eq(LOOKED(ferry_spare_swap(S.f, 1, &spare)), FERRY_E_INVALID, "swap");
	check_eq(LOOKED(ferry_spare_release(S.f, 1, &spare)), FERRY_E_INVALID, "release");
	halt_all(0);
	check_eq(release(0, 0), FERRY_OK, "free");
	check_eq(LOOKED(ferry_irq_manage(S.f, 0, NULL)), FERRY_E_STATE, "manage");
	check_eq(LOOKED(ferry_irq_unmanage(S.f, 0)), FERRY_E_STATE, "unmanage");
	check_eq(LOOKED(ferry_irq_share(S.f, 0, 0)), FERRY_E_STATE, "share");
	check_eq(LOOKED(ferry_spare_promise(S.f, 0, NULL, &spare)), FERRY_E_STATE, "promise");
	end();
}

/* ---- who may change it ------------------------------------------------ */

static void not_yours(void)
{
	managed(1, 0, BIT(1) | BIT(2),
		"managed: its affinity is nobody's to ask for, and it is "
		"unmanaged before it is freed");
	check_eq(wake(0), FERRY_OK, "start");
	check_eq(move(0, BIT(2)), FERRY_E_MANAGED, "set_affinity");
	check_eq(LOOKED(ferry_irq_prefer(S.f, number(0), 2)), FERRY_E_MANAGED, "prefer");
	check_eq(LOOKED(ferry_irq_free(S.f, number(0), 0, NULL)), FERRY_E_MANAGED, "free");
	check_eq(state(0), FERRY_SETTLED, "state");
	halt_all(0);
	check_eq(move(0, BIT(2)), FERRY_E_MANAGED, "set_affinity of a stopped one");
	check_eq(LOOKED(ferry_irq_free(S.f, number(0), 0, NULL)), FERRY_E_MANAGED, "free");
	check_eq(unmanage(0), FERRY_OK, "unmanage");
	check_eq(LOOKED(ferry_irq_prefer(S.f, number(0), 2)), FERRY_E_STATE, "prefer");
	check_eq(release(0, 0), FERRY_OK, "free");
	end();
}

static uint32_t pick_last(struct ferry *f, void *arg, const struct ferry_candidates *candidates,
			  uint32_t irq, uint32_t now)
{
	uint32_t best = FERRY_NONE;

	(void)arg;
	(void)irq;
	(void)now;
	for (uint32_t c = ferry_candidate(f, candidates, 0); c != FERRY_NONE;
	     c = ferry_candidate(f, candidates, c + 1))
		best = c;
	return best;
}

/* A policy says where it starts, and is not asked again; also of what it skipped because it
 * was disabled then. */
static void no_policy(void)
{
	static const struct ferry_policy last = { .pick = pick_last };
	uint32_t cursor = 0, moved = 0;

	managed(2, BIT(3), BIT(1) | BIT(2) | BIT(3),
		"managed: a policy says where it starts, and does not move it");
	check_eq(disable(0), FERRY_OK, "disable");
	machine_look(S.m);
	ferry_balance_set(S.f, &last);
	machine_looked(S.m);
	check_eq(enable(0), FERRY_OK, "enable while it is stopped");
	check(!look(0).queued, "queued");
	check_eq(wake(0), FERRY_OK, "start");
	check_eq(place(0), BIT(2), "place");
	check_eq(online(3), FERRY_OK, "enter");
	check_eq(LOOKED(ferry_balance(S.f, &cursor, 9, &moved)), false, "a pass");
	check_eq(place(0), BIT(2), "place");
	check_eq(moved, 0, "moved: the other one is pinned");
	check_eq(disable(0), FERRY_OK, "disable");
	cursor = 0;
	check_eq(LOOKED(ferry_balance(S.f, &cursor, 9, &moved)), false, "a pass");
	check_eq(enable(0), FERRY_OK, "enable");
	check_eq(place(0), BIT(2), "place");
	end();
}

/* ---- CPUs leave ------------------------------------------------ */

/* Inside its mask it moves as any other. */
static void moves_inside(void)
{
	managed(1, 0, BIT(1) | BIT(2), "leave: a managed one goes to another CPU of its mask");
	check_eq(wake(0), FERRY_OK, "start");
	for (int n = 0; n < 2; n++) {
		uint32_t from = place(0) == BIT(1) ? 1 : 2;

		S.on = 0;
		check_eq(offline(from, EMPTY), FERRY_OK, "offline");
		check_eq(place(0), BIT(3 - from), "place");
		check(!look(0).broken, "broken");
		runs_on(0, 3 - from);
		check_eq(online(from), FERRY_OK, "enter");
	}
	check_eq(S.traced[FERRY_TRACE_BROKEN], 0, "broken, traced");
	end();
}

/* The last CPU of its mask: refused by name, others go, and once it is stopped the CPU can. */
static void last_cpu(void)
{
	managed(3, 0, BIT(1),
		"leave: the last CPU of a managed one waits until it is stopped, "
		"the others go");
	check_eq(wake(0), FERRY_OK, "start");
	for (uint32_t src = 1; src < 3; src++) {
		check_eq(move(src, BIT(1)), FERRY_OK, "move");
		rest_of_move();
	}
	check_eq(leave(1), FERRY_OK, "leave");
	for (int n = 0; n < 3; n++) {
		check_eq(leave_step(1, NULL), FERRY_E_NO_CPU, "step");
		check_eq(S.refused_irq, number(0), "irq");
		run_quiet();
		pass_bound();
		run_quiet();
	}
	check_eq(S.call[1].left, 1, "left");
	check_eq(place(0), BIT(1), "place");
	check(!(place(1) & BIT(1)) && !(place(2) & BIT(1)), "the others stayed");
	check_eq(commit(1), FERRY_E_AGAIN, "commit");
	runs_on(0, 1);
	check_eq(halt(0), FERRY_E_AGAIN, "stop");
	check_eq(leave_step(1, NULL), FERRY_OK, "step: it only drains");
	run_quiet();
	check_eq(halt(0), FERRY_OK, "stop");
	check_eq(leave_step(1, NULL), FERRY_OK, "step");
	check_eq(commit(1), FERRY_OK, "commit");
	S.on = 0;
	check_eq(wake(0), FERRY_E_NO_CPU, "start");
	check_eq(online(1), FERRY_OK, "enter");
	check_eq(look(0).state, FERRY_STOPPED, "a CPU that enters starts nothing");
	check_eq(wake(0), FERRY_OK, "start");
	runs_on(0, 1);
	end();
}

/* 15, 16. Nor does it leave its mask where there is room elsewhere and a step is repeated. */
static void rolled_back(void)
{
	managed(1, 0, BIT(1), "leave: 16. rolled back, a managed one is where it was");
	check_eq(wake(0), FERRY_OK, "start");
	check_eq(leave(1), FERRY_OK, "leave");
	check_eq(leave_step(1, NULL), FERRY_E_NO_CPU, "step");
	S.on = 0;
	check_eq(roll_back(1), FERRY_OK, "roll back");
	check_eq(place(0), BIT(1), "place");
	check(!look(0).broken && !look(0).queued && !look(0).starved, "marked");
	runs_on(0, 1);
	end();
}

/* 13. Only its old place is on the CPU that leaves, and it is being stopped. */
static void only_previous(void)
{
	managed(1, 0, BIT(1) | BIT(2), "leave: 13. a stop in the middle of its move off the CPU");
	check_eq(wake(0), FERRY_OK, "start");
	check_eq(leave(place(0) == BIT(1) ? 1 : 2), FERRY_OK, "leave");
	{
		uint32_t from = place(0) == BIT(1) ? 1 : 2;

		check_eq(leave_step(from, NULL), FERRY_E_AGAIN, "step");
		check_eq(place(0), BIT(3 - from), "place");
		check_eq(old_place(0), BIT(from), "old place");
		S.on = 0;
		check_eq(halt(0), FERRY_E_AGAIN, "stop");
		run_quiet();
		halt_all(0);
		check_eq(used(from), 0, "vectors in use");
		check_eq(leave_step(from, NULL), FERRY_OK, "step");
		check_eq(commit(from), FERRY_OK, "commit");
		check_eq(wake(0), FERRY_OK, "start");
		runs_on(0, 3 - from);
	}
	end();
}

/* 12. A CPU was refused because places were counted that nobody would need elsewhere. */
static void dry(void)
{
	struct ferry_blocker list[2] = { { 0, 0 } };
	struct ferry_dry_run sum;

	managed(2, 0, BIT(1) | BIT(2), "leave: 12. what a dry run says of managed ones");
	check_eq(wake(0), FERRY_OK, "start");
	if (place(0) != BIT(1)) {
		check_eq(offline(2, EMPTY), FERRY_OK, "offline");
		check_eq(online(2), FERRY_OK, "enter");
	}
	check_eq(place(0), BIT(1), "place");
	check_eq(LOOKED(dry_run(1, &sum, list, 2)), FERRY_OK, "dry run");
	check(!sum.needed && !sum.broken && !sum.blocked, "needed %u, broken %u, blocked %u",
	      sum.needed, sum.broken, sum.blocked);
	check_eq(offline(2, EMPTY), FERRY_OK, "offline");
	/* It is stopped, not moved: nothing that a plan is about. */
	check_eq(LOOKED(dry_run(1, &sum, list, 2)), FERRY_OK, "dry run");
	check(!sum.needed && !sum.broken && !sum.blocked, "needed %u, broken %u, blocked %u",
	      sum.needed, sum.broken, sum.blocked);
	check_eq(leave(1), FERRY_OK, "leave");
	check_eq(leave_step(1, NULL), FERRY_E_NO_CPU, "step");
	check_eq(S.refused_irq, number(0), "irq");
	check_eq(roll_back(1), FERRY_OK, "roll back");
	halt_all(0);
	check_eq(LOOKED(dry_run(1, &sum, list, 2)), FERRY_OK, "dry run");
	check_eq(sum.needed, 0, "needed");
	check_eq(wake(0), FERRY_OK, "start");
	check_eq(online(2), FERRY_OK, "enter");
	end();
}

/* Its device is quiet when it is stopped: whether a move could be proved does not matter. */
static void last_without_bound(void)
{
	struct ferry_blocker list[2] = { { 0, 0 } };
	struct ferry_dry_run sum;
	uint32_t cpu;

	begin(
		&(struct options){
			.sources = 2, .no_bound = true, .unordered = true, .promises = true },
		"leave: no drain bound, and a managed one that is to be stopped: no blocker");
	for (uint32_t src = 0; src < 2; src++) {
		halt_all(src);
		check_eq(manage(src, src ? BIT(0) | BIT(2) : BIT(1)), FERRY_OK, "manage");
		check_eq(wake(src), FERRY_OK, "start");
	}
	check_eq(LOOKED(dry_run(1, &sum, list, 2)), FERRY_OK, "dry run");
	check(!sum.blocked, "blocked %u, reason %d", sum.blocked, list[0].reason);
	check_eq(leave(1), FERRY_OK, "leave");
	halt_all(0);
	check_eq(leave_step(1, NULL), FERRY_OK, "step");
	check_eq(roll_back(1), FERRY_OK, "roll back");
	check_eq(wake(0), FERRY_OK, "start");
	cpu = place(1) == BIT(0) ? 0 : 2;
	check_eq(LOOKED(dry_run(cpu, &sum, list, 2)), FERRY_OK, "dry run");
	check_eq(sum.blocked, 1, "one that would have to move: blocked");
	check_eq(list[0].reason, FERRY_E_NO_BOUND, "reason");
	end();
}

/* ---- another mask ------------------------------------------------ */

static void spare_taken(void)
{
	uint64_t mask = BIT(2) | BIT(3);
	struct ferry_spare spare;

	managed(1, 0, BIT(1) | BIT(2), "spare: promised, swapped, released: its mask is another");
	check_eq(wake(0), FERRY_OK, "start");
	check_eq(LOOKED(ferry_spare_promise(S.f, number(0), &mask, &spare)), FERRY_OK, "promise");
	check_eq(digits(), 1110, "promised: what it had is not asked for twice");
	check_eq(requested(0), BIT(1) | BIT(2), "requested");
	check_eq(LOOKED(ferry_spare_swap(S.f, number(0), &spare)), FERRY_E_STATE, "swap: it runs");
	halt_all(0);
	check_eq(LOOKED(ferry_spare_swap(S.f, number(0), &spare)), FERRY_OK, "swap");
	check_eq(requested(0), mask, "requested");
	check_eq(digits(), 1110, "promised");
	check_eq(wake(0), FERRY_OK, "start");
	check(!(place(0) & ~mask), "place %#llx", (unsigned long long)place(0));
	check_eq(LOOKED(ferry_spare_release(S.f, number(0), &spare)), FERRY_OK, "release");
	check_eq(digits(), 1100, "promised");
	halt_all(0);
	check_eq(LOOKED(ferry_spare_swap(S.f, number(0), &spare)), FERRY_E_STATE, "it is void");
	check_eq(unmanage(0), FERRY_OK, "unmanage");
	check_eq(digits(), 0, "promised");
	check_eq(wake(0), FERRY_OK, "start");
	end();
}

static void spare_undone(void)
{
	uint64_t mask = BIT(3);
	struct ferry_spare spare;

	managed(1, 0, BIT(1) | BIT(2), "spare: swapped back and released: all as it was");
	check_eq(LOOKED(ferry_spare_promise(S.f, number(0), &mask, &spare)), FERRY_OK, "promise");
	check_eq(LOOKED(ferry_spare_swap(S.f, number(0), &spare)), FERRY_OK, "swap");
	check_eq(LOOKED(ferry_spare_swap(S.f, number(0), &spare)), FERRY_OK, "and back");
	check_eq(LOOKED(ferry_spare_release(S.f, number(0), &spare)), FERRY_OK, "release");
	check_eq(digits(), 110, "promised");
	check_eq(requested(0), BIT(1) | BIT(2), "requested");
	check_eq(wake(0), FERRY_OK, "start");
	end();
}

static void spare_refused(void)
{
	uint64_t mask = BIT(2) | BIT(3), none = 0, same = BIT(1);
	uint32_t void_set;
	struct ferry_spare spare = { 0 };

	crowded(1, 3, 0, 0, "spare: what is refused keeps nothing");
	check_eq(wake(0), FERRY_OK, "start");
	check_eq(LOOKED(ferry_spare_promise(S.f, number(0), &mask, &spare)), FERRY_E_STATE,
		 "promise: not managed");
	check_eq(LOOKED(ferry_spare_release(S.f, number(0), &spare)), FERRY_E_STATE,
		 "release: not managed");
	halt_all(0);
	check_eq(LOOKED(ferry_spare_swap(S.f, number(0), &spare)), FERRY_E_STATE,
		 "swap: not managed");
	check_eq(manage(0, BIT(1) | BIT(2)), FERRY_OK, "manage");
	check_eq(LOOKED(ferry_spare_promise(S.f, number(0), &same, &spare)), FERRY_OK, "promise");
	check_eq(digits(), 110, "promised: nothing new");
	check_eq(LOOKED(ferry_spare_release(S.f, number(0), &spare)), FERRY_OK, "release");
	check_eq(digits(), 110, "promised: it keeps what is its own");
	void_set = spare.set;
	check_eq(LOOKED(ferry_spare_swap(S.f, number(0), &spare)), FERRY_E_STATE, "swap: void");
	check_eq(LOOKED(ferry_spare_promise(S.f, number(0), &mask, &spare)), FERRY_E_NO_SPACE,
		 "promise");
	check_eq(LOOKED(ferry_spare_promise(S.f, number(0), &none, &spare)), FERRY_E_NO_CPU,
		 "promise of nothing");
	check_eq(spare.set, void_set, "the spare");
	check_eq(digits(), 110, "promised");
	check_eq(wake(0), FERRY_OK, "start");
	end();
}

/* Without the swap, while it runs. */
static void spare_unused(void)
{
	uint64_t mask = BIT(3);
	struct ferry_spare spare;

	managed(1, 0, BIT(1), "spare: released unused, and its interrupt runs");
	check_eq(wake(0), FERRY_OK, "start");
	check_eq(LOOKED(ferry_spare_promise(S.f, number(0), &mask, &spare)), FERRY_OK, "promise");
	check_eq(digits(), 1010, "promised");
	check_eq(LOOKED(ferry_spare_release(S.f, number(0), &spare)), FERRY_OK, "release");
	check_eq(digits(), 10, "promised");
	check_eq(place(0), BIT(1), "place");
	end();
}

/* What would give back too much, or lose what was promised, is refused. */
static void spare_misused(void)
{
	struct ferry_spare spare = { 0 }, second = { 0 };
	uint64_t mask = BIT(2), other = BIT(3);

	managed(2, 0, BIT(1), "spare: one at a time, and none that was not promised");
	halt_all(1);
	check_eq(manage(1, BIT(0)), FERRY_OK, "manage");
	check_eq(LOOKED(ferry_spare_release(S.f, number(0), &spare)), FERRY_E_STATE,
		 "release of one that was not promised");
	check_eq(LOOKED(ferry_spare_swap(S.f, number(0), &spare)), FERRY_E_STATE,
		 "swap of one that was not promised");
	check_eq(digits(), 11, "promised");
	check_eq(LOOKED(ferry_spare_promise(S.f, number(0), &mask, &spare)), FERRY_OK, "promise");
	check_eq(LOOKED(ferry_spare_promise(S.f, number(0), &other, &second)), FERRY_E_STATE,
		 "a second one");
	check_eq(unmanage(0), FERRY_E_STATE, "unmanage with a spare");
	check_eq(wake(0), FERRY_OK, "start");
	halt_all(0);
	check_eq(unmanage(0), FERRY_E_STATE, "unmanage with a spare, after another life");
	check_eq(digits(), 111, "promised");
	check_eq(LOOKED(ferry_spare_release(S.f, number(0), &spare)), FERRY_OK, "release");
	check_eq(LOOKED(ferry_spare_release(S.f, number(0), &spare)), FERRY_E_STATE, "twice");
	check_eq(digits(), 11, "promised");
	check_eq(unmanage(0), FERRY_OK, "unmanage");
	check_eq(digits(), 1, "promised");
	end();
}

/* ---- what is given back goes to who waits for it ------------------------------------ */

/* Source 1 moves to CPU 2, has been asked for CPU 3, which is full, and starves. */
static void starve(void)
{
	check_eq(move(1, BIT(2)), FERRY_OK, "move");
	check_eq(move(1, BIT(3)), FERRY_OK, "another one, that waits");
	rest_of_move();
	check(look(1).starved, "it does not starve");
	check_eq(place(1), BIT(2), "place");
}

static int call_unmanage(struct call *c)
{
	return ferry_irq_unmanage(S.f, number(c->src));
}

static int call_manage(struct call *c)
{
	return ferry_irq_manage(S.f, number(c->src), &c->mask);
}

static struct ferry_spare spare_0;

static int call_promise(struct call *c)
{
	return ferry_spare_promise(S.f, number(c->src), &c->mask, &spare_0);
}

static int call_release(struct call *c)
{
	return ferry_spare_release(S.f, number(c->src), &spare_0);
}

static void fed(uint32_t cpu)
{
	check(!look(1).starved, "it starves though there is room");
	rest_of_move();
	check_eq(place(1), BIT(cpu), "place");
	check_eq(wake(0), FERRY_OK, "start");
	end();
}

static void fed_by_unmanage(void)
{
	crowded(3, 3, 1, 0, "unmanage: who starves has the place that was promised");
	check_eq(manage(0, BIT(1) | BIT(3)), FERRY_OK, "manage");
	starve();
	check_eq(run_call((struct call){ .run = call_unmanage }), FERRY_OK, "unmanage");
	fed(3);
}

static void fed_by_release(void)
{
	crowded(3, 3, 1, 0, "spare: who starves has the place that was promised");
	check_eq(manage(0, BIT(1)), FERRY_OK, "manage");
	check_eq(run_call((struct call){ .run = call_promise, .mask = BIT(3) }), FERRY_OK,
		 "promise");
	starve();
	check_eq(run_call((struct call){ .run = call_release }), FERRY_OK, "release");
	fed(3);
}

/* ... and nobody holds its lock. */
static bool two_is_full(void)
{
	uint32_t used_, free_;

	machine_look(S.m);
	ferry_x86_vectors(S.f, 2, &used_, &free_);
	return machine_looked(S.m) && !free_;
}

/* CPUs of one word's half are promised in one go: of what is refused there nobody sees a part. */
static void fed_by_refusal(bool spare)
{
	crowded(2, 3, 0, 0,
		spare ? "spare: one that is refused disturbed nobody" :
			"manage: one that is refused disturbed nobody");
	fill(2, 1);
	if (spare)
		check_eq(manage(0, BIT(1)), FERRY_OK, "manage");
	check_eq(move(1, BIT(1)), FERRY_OK, "move");
	check_eq(move(1, BIT(2)), FERRY_OK, "another one, that waits");
	start(3,
	      (struct call){ .run = spare ? call_promise : call_manage, .mask = BIT(2) | BIT(3) });
	check(!step_until(3, two_is_full), "CPU 2 was full for a moment");
	check(finish(3), "a call is blocked");
	check_eq(S.call[3].rc, FERRY_E_NO_SPACE, "promise");
	check_eq(digits(), spare ? 10 : 0, "promised");
	raise_irq(1);
	fed(2);
}

static uint64_t plan_memory[2048];
static struct ferry_plan *the_plan;

static int call_drop(struct call *c)
{
	(void)c;
	ferry_plan_drop(S.f, the_plan);
	return FERRY_OK;
}

static void fed_by_drop(void)
{
	struct ferry_dry_run sum;

	crowded(3, 3, 1, 0, "plan: who starves has the place that it did not need");
	check_eq(manage(0, BIT(1)), FERRY_OK, "manage");
	check_eq(move_prefer(2, BIT(1) | BIT(3), 1), FERRY_OK, "move");
	rest_of_move();
	check_eq(LOOKED(ferry_cpu_plan(S.f, 1, plan_memory, sizeof(plan_memory), &the_plan, &sum,
				       NULL, 0)),
		 FERRY_OK, "plan");
	check_eq(digits(), 1010, "promised");
	starve();
	run_call((struct call){ .run = call_drop });
	check_eq(digits(), 10, "promised");
	fed(3);
}

/* It has a place of its pool there; or what it needs not, if it has not. */
static void fed_by_pool(void)
{
	struct ferry_dry_run sum;

	crowded(3, 3, 2, 0, "plan: who starves has the place that was kept for one of a pool");
	check_eq(LOOKED(ferry_irq_share(S.f, number(0), 1)), FERRY_OK, "share");
	check_eq(manage(0, BIT(1) | BIT(3)), FERRY_OK, "manage");
	check_eq(wake(0), FERRY_OK, "start");
	check_eq(place(0), BIT(1), "place");
	check_eq(LOOKED(ferry_cpu_plan(S.f, 1, plan_memory, sizeof(plan_memory), &the_plan, &sum,
				       NULL, 0)),
		 FERRY_OK, "plan");
	check_eq(digits(), 2010, "promised");
	starve();
	check_eq(leave(1), FERRY_OK, "leave");
	check_eq(leave_step(1, NULL), FERRY_E_AGAIN, "step");
	check_eq(place(0), BIT(3), "place");
	check_eq(digits(), 1010, "promised");
	run_call((struct call){ .run = call_drop });
	check(!look(1).starved, "it starves though there is room");
	rest_of_move();
	check_eq(place(1), BIT(3), "place");
	check_eq(roll_back(1), FERRY_OK, "roll back");
	end();
}

/* ---- capacity ------------------------------------------------ */

static void capacity(void)
{
	struct ferry_capacity c;
	uint32_t all;

	managed(3, BIT(3), BIT(1) | BIT(3), "capacity: over what is online");
	machine_look(S.m);
	ferry_capacity(S.f, &c);
	machine_looked(S.m);
	all = c.free;
	check_eq(all, free_vectors(0) + free_vectors(1) + free_vectors(2), "free");
	check_eq(c.promised, 1, "promised");
	check_eq(c.waiting, 0, "waiting");
	halt_all(1);
	halt_all(2);
	machine_look(S.m);
	ferry_capacity(S.f, &c);
	machine_looked(S.m);
	check_eq(c.waiting, 2, "waiting");
	check_eq(c.free, all + 2, "free");
	for (uint32_t src = 0; src < 3; src++)
		check_eq(wake(src), FERRY_OK, "start");
	end();
}

int main(void)
{
	FOR_KINDS(k, MESSAGES & ~TWO_STEPS)
	one_each(k);
	everywhere();
	promise_refused();
	pool_full();
	FOR_KINDS(k, TWO_STEPS | LEVEL)
	not_this_kind(k);
	FOR_KINDS(k, ALL_KINDS)
	without_promises(k);
	shared();
	bad_numbers();
	not_yours();
	no_policy();
	moves_inside();
	last_cpu();
	rolled_back();
	only_previous();
	dry();
	last_without_bound();
	spare_taken();
	spare_undone();
	spare_refused();
	spare_unused();
	spare_misused();
	pool_forgotten();
	fed_by_unmanage();
	fed_by_release();
	fed_by_refusal(false);
	fed_by_refusal(true);
	fed_by_drop();
	fed_by_pool();
	capacity();
	return script_done();
}
