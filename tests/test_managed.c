/* SPDX-License-Identifier: MIT */
/*
 * Stop and start (managed.h) on x86: in each state, with each kind of source, with CPUs that
 * come and go, and what the calls refuse. Promises are another program's.
 */
#include <irqferry/managed.h>
#include <string.h>
#include "tests/script.h"

#define QUIET FERRY_FREE_QUIET

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

/* ---- there and back -------------------------------------------------------------- */

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

int main(void)
{
	FOR_KINDS(k, ALL_KINDS)
	{
		round_trip(k, false);
		round_trip(k, true);
		twice(k);
		last_mask_wins(k);
	}
	return script_done();
}
