/* SPDX-License-Identifier: MIT */
/*
 * A set of queues (mq.h) on the simulated x86 machine, calls one host call at a time: managed with
 * x86's promises, overrides, a pool, CPUs that go and come, the end; a beginning only; and that
 * without promises nothing is managed.
 */
#include <irqferry/mq.h>
#include <string.h>
#include "tests/script.h"

#define QUEUES 2u

static bool takes[QUEUES];
static struct ferry_mq_queue queues[QUEUES];
static struct ferry_mq set;
static uint64_t masks[QUEUES];
static uint32_t asleep, its_cpu, prepared, aborted, committed;
static int refuse; /* what prepare says */

/* A callback is made in thread context, without locks: the machine would say so. */
static int quiesce(void *driver, uint32_t n)
{
	(void)driver;
	check(takes[n], "quiesced twice");
	check_eq(state(n), FERRY_SETTLED, "its interrupt while it is quiesced");
	takes[n] = false;
	return 0;
}

static void resume(void *driver, uint32_t n)
{
	(void)driver;
	check(!takes[n], "resumed twice");
	check_eq(state(n), FERRY_SETTLED, "its interrupt when it is resumed");
	takes[n] = true;
}

static int prepare(void *driver, uint32_t n, const uint64_t *mask)
{
	(void)driver;
	(void)mask;
	prepared += !n || !refuse;
	return n ? refuse : 0;
}

static void abort_one(void *driver, uint32_t n)
{
	(void)driver;
	(void)n;
	aborted++;
}

static void commit_one(void *driver, uint32_t n)
{
	(void)driver;
	check(!takes[n], "committed while it takes requests");
	committed++;
}

static const struct ferry_mq_ops ops = { quiesce, resume, prepare, abort_one, commit_one };

static int call_set_start(struct call *c)
{
	const uint64_t *each[QUEUES] = { &masks[0], &masks[1] };

	return ferry_mq_start(&set, each, &asleep, &c->wait);
}

static int call_set_end(struct call *c)
{
	return ferry_mq_end(&set, &c->wait);
}

static int call_set_leave(struct call *c)
{
	return ferry_mq_leave(&set, its_cpu, &c->wait);
}

static int call_set_enter(struct call *c)
{
	return ferry_mq_enter(&set, &c->wait);
}

static int call_override(struct call *c)
{
	const uint64_t *each[QUEUES] = { &masks[0], &masks[1] };

	(void)c;
	return ferry_mq_override(&set, each);
}

static int call_set_step(struct call *c)
{
	return ferry_mq_step(&set, &c->wait);
}

static int run_call(int (*run)(struct call *c))
{
	struct call *c = start(S.on, (struct call){ .run = run });

	if (!finish(S.on))
		check(false, "a call is blocked");
	return c->rc;
}

/* Until it says something else than "again". */
static int run_all(int (*run)(struct call *c))
{
	int rc = run_call(run);

	for (int n = 0; n < 4 && rc == FERRY_E_AGAIN; n++) {
		run_quiet();
		pass_bound();
		run_quiet();
		rc = run_call(run);
	}
	return rc;
}

static void make_queues(uint8_t mode, uint64_t m0, uint64_t m1)
{
	set = (struct ferry_mq){
		.f = S.f,
		.ctx = S.m,
		.ops = &ops,
		.queues = queues,
		.nqueues = QUEUES,
		.cpus = S.cpus,
		.mode = mode,
	};
	memset(takes, 0, sizeof(takes));
	prepared = aborted = committed = 0;
	refuse = 0;
	masks[0] = m0;
	masks[1] = m1;
	for (uint32_t n = 0; n < QUEUES; n++) {
		S.m->source[n].flags |= FERRY_SOURCE_STOPPED;
		check_eq(make(n, ~0ull), 1, "create");
		queues[n].irq = S.m->source[n].irq;
	}
}

/* ---- managed --------------------------------------------------------------------------- */

#define ROOM 2u /* of each CPU of a small machine */

static void machine(uint8_t k, bool small, const char *what)
{
	begin(&(struct options){ .kind = k,
				 .cpus = 4,
				 .sources = QUEUES + ROOM,
				 .first = small ? 0x41 : 0,
				 .last = small ? 0x40 + ROOM : 0,
				 .away = BIT(3),
				 .bare = true,
				 .promises = true },
	      "a set, %s: %s", kind_name[k], what);
	S.on = 0;
}

static struct ferry_capacity capacity(void)
{
	struct ferry_capacity c;

	machine_look(S.m);
	ferry_capacity(S.f, &c);
	check(machine_looked(S.m), "a lock is held");
	return c;
}

static bool is_same(struct ferry_capacity a, struct ferry_capacity b)
{
	return a.free == b.free && a.promised == b.promised && a.waiting == b.waiting;
}

static int override(uint64_t m0, uint64_t m1)
{
	masks[0] = m0;
	masks[1] = m1;
	return run_call(call_override);
}

static bool is_asleep(uint32_t n)
{
	return !takes[n] && state(n) == FERRY_STOPPED && ferry_mq_asleep(&set, n);
}

/* The host's hotplug: the set, then the steps; what they say at last. */
static int down(uint32_t cpu)
{
	int rc;

	its_cpu = cpu;
	check_eq(leave(cpu), FERRY_OK, "leave");
	S.on = 0;
	check_eq(run_all(call_set_leave), FERRY_OK, "the set lets it go");
	rc = leave_step(cpu, NULL);
	for (uint32_t n = 0; n < 4 && rc == FERRY_E_AGAIN; n++) {
		run_quiet();
		pass_bound();
		run_quiet();
		rc = leave_step(cpu, NULL);
	}
	rc = rc == FERRY_OK ? commit(cpu) : rc;
	S.on = 0;
	return rc;
}

static void up(uint32_t cpu)
{
	check_eq(online(cpu), FERRY_OK, "enter");
	S.on = 0;
	check_eq(run_all(call_set_enter), FERRY_OK, "the set has it");
}

/* Its CPUs and all rooms are as before it began. */
static void end_set(struct ferry_capacity before)
{
	check_eq(run_all(call_set_end), FERRY_OK, "end");
	check(!takes[0] && !takes[1], "takes requests");
	check(is_same(before, capacity()), "a promise is left, or too many were given back");
	for (uint32_t n = 0; n < QUEUES; n++)
		check_eq(release(n, 0), FERRY_OK, "free");
	end();
}

static void managed_life(uint8_t k)
{
	struct ferry_capacity before;

	machine(k, false, "managed: begun, overridden, its CPUs go and come, the end");
	make_queues(FERRY_MQ_MANAGED, BIT(1), BIT(3));
	before = capacity();
	check_eq(run_call(call_set_start), FERRY_OK, "begin");
	check_eq(asleep, 1, "asleep");
	check_eq(used(3), 0, "used on the CPU that is away");
	check_eq(free_vectors(3), free_vectors(0) - 1, "free on the CPU that is away");
	check(is_asleep(1), "the one whose CPU is away");
	runs_on(0, 1);
	check_eq(move(0, BIT(2)), FERRY_E_MANAGED, "somebody moves it");
	up(3);
	before.free += free_vectors(3) + 1;
	runs_on(1, 3);
	check_eq(override(BIT(2), BIT(2) | BIT(3)), FERRY_E_MANAGED, "not allowed");
	ferry_mq_allow(&set, true);
	check_eq(override(BIT(2), BIT(2) | BIT(3)), FERRY_OK, "an override");
	check(!takes[0] && !takes[1], "not quiesced");
	check_eq(run_all(call_set_step), FERRY_OK, "its steps");
	check_eq(committed, 2, "commits");
	check_eq(requested(1), BIT(2) | BIT(3), "its mask");
	runs_on(0, 2);
	check_eq(down(2), FERRY_OK, "the first one's CPU goes");
	check(is_asleep(0), "it does not sleep");
	runs_on(1, 3);
	check_eq(override(BIT(3), BIT(2)), FERRY_OK, "asleep to awake, awake to asleep");
	check_eq(run_all(call_set_step), FERRY_OK, "its steps");
	check(is_asleep(1), "it does not sleep");
	runs_on(0, 3);
	up(2);
	runs_on(1, 2);
	end_set(before);
}

/* Nothing is disturbed by an override that is refused. */
static void override_refused(uint8_t k)
{
	struct ferry_capacity before, begun;

	machine(k, true, "managed: an override for which there is no room, with a veto, canceled");
	make_queues(FERRY_MQ_MANAGED, BIT(0), BIT(1));
	for (uint32_t src = QUEUES; src < QUEUES + ROOM; src++)
		check_eq(make(src, BIT(2)), 1, "create");
	before = capacity();
	check_eq(run_call(call_set_start), FERRY_OK, "begin");
	begun = capacity();
	ferry_mq_allow(&set, true);
	check_eq(override(BIT(1), BIT(2)), FERRY_E_NO_SPACE, "no room");
	check_eq(set.culprit, 1, "culprit");
	check_eq(prepared, 0, "prepared");
	check(is_same(begun, capacity()), "rooms changed");
	refuse = -12;
	check_eq(override(BIT(1), BIT(0)), FERRY_E_VETO, "a veto");
	refuse = 0;
	check_eq(prepared, 1, "prepared");
	check_eq(aborted, 1, "aborted");
	check(takes[0] && takes[1] && is_same(begun, capacity()), "disturbed");
	check_eq(override(BIT(1), BIT(0)), FERRY_OK, "an override");
	ferry_mq_cancel(&set);
	check_eq(run_all(call_set_step), FERRY_E_CANCELED, "its steps");
	check_eq(aborted, 3, "aborted");
	check_eq(committed, 0, "committed");
	check(takes[0] && takes[1] && is_same(begun, capacity()), "disturbed");
	runs_on(0, 0);
	runs_on(1, 1);
	end_set(before);
}

/* For each of the two a place on each CPU is too much where there is room for one. */
static void of_a_pool(uint8_t k)
{
	struct ferry_capacity before;

	machine(k, true,
		"managed: a pool needs one place on each CPU, and the second one may find none");
	make_queues(FERRY_MQ_MANAGED, BIT(1) | BIT(2), BIT(1) | BIT(2));
	for (uint32_t src = QUEUES; src < QUEUES + ROOM; src++)
		check_eq(make(src, BIT(src - 1)), 1, "create");
	before = capacity();
	check_eq(run_call(call_set_start), FERRY_E_NO_SPACE, "begin without a pool");
	check_eq(set.culprit, 1, "culprit");
	check(is_same(before, capacity()), "something is kept");
	set.pool = 1;
	check_eq(run_call(call_set_start), FERRY_OK, "begin");
	check_eq(asleep, 0, "asleep");
	check_eq(capacity().free, before.free - 2, "free");
	check_eq(place(0) | place(1), BIT(1) | BIT(2), "their places");
	check_eq(down(2), FERRY_E_NO_SPACE, "its interrupt finds no place");
	check_eq(S.refused_irq, S.m->source[place(0) == BIT(2) ? 0 : 1].irq, "irq");
	check_eq(roll_back(2), FERRY_OK, "roll back");
	S.on = 0;
	check_eq(run_all(call_set_enter), FERRY_OK, "it is there again");
	check(takes[0] && takes[1], "asleep");
	check(release_all(QUEUES), "free");
	before.free++;
	check_eq(down(2), FERRY_OK, "with room there: the second one is like anybody else");
	runs_on(0, 1);
	runs_on(1, 1);
	up(2);
	check(takes[0] && takes[1], "asleep");
	end_set(before);
}

/* ---- a beginning only --------------------------------------------------------------------- */

static void beginning_only(uint8_t k)
{
	begin(&(struct options){ .kind = k, .sources = QUEUES, .bare = true, .away = BIT(2) },
	      "a set, %s: a beginning only", kind_name[k]);
	make_queues(FERRY_MQ_INITIAL, BIT(1), BIT(2));
	check_eq(run_call(call_set_start), FERRY_OK, "begin");
	check_eq(asleep, 1, "asleep");
	check(takes[0] && !takes[1], "one takes requests");
	runs_on(0, 1);
	check_eq(state(1), FERRY_STOPPED, "the other one's interrupt");
	check_eq(online(2), FERRY_OK, "its CPU comes");
	check_eq(run_call(call_set_enter), FERRY_OK, "enter");
	check(takes[1], "it takes requests");
	runs_on(1, 2);
	check_eq(move(0, BIT(0)), FERRY_OK, "anybody moves it");
	rest_of_move();
	runs_on(0, 0);
	S.on = 0;
	its_cpu = 2;
	check_eq(leave(2), FERRY_OK, "leave");
	check_eq(run_call(call_set_leave), FERRY_OK, "the set does not mind");
	check_eq(roll_back(2), FERRY_OK, "roll back");
	check_eq(offline(2, EMPTY), FERRY_OK, "offline");
	check(takes[1], "it goes on elsewhere");
	check_eq(run_all(call_set_end), FERRY_OK, "end");
	check(!takes[0] && !takes[1], "none takes requests");
	for (uint32_t n = 0; n < QUEUES; n++) {
		check_eq(state(n), FERRY_STOPPED, "state");
		check_eq(release(n, 0), FERRY_OK, "free");
	}
	end();
}

/* On x86 a managed interrupt needs somebody who counts promises. */
static void no_promises(uint8_t k)
{
	begin(&(struct options){ .kind = k, .sources = QUEUES, .bare = true },
	      "a set, %s: without promises it does not begin, and nothing is kept", kind_name[k]);
	make_queues(FERRY_MQ_MANAGED, BIT(0), BIT(1));
	check_eq(run_call(call_set_start), FERRY_E_INVALID, "begin");
	check_eq(set.culprit, 0, "culprit");
	check_eq(set.claim.value, 0, "claim");
	check_eq(requested(0), 7, "requested");
	check(!takes[0] && !takes[1], "takes requests");
	for (uint32_t n = 0; n < QUEUES; n++)
		check_eq(release(n, 0), FERRY_OK, "free");
	end();
}

int main(void)
{
	FOR_KINDS(k, MESSAGES & ~TWO_STEPS)
	{
		managed_life(k);
		override_refused(k);
		of_a_pool(k);
		beginning_only(k);
		no_promises(k);
	}
	return script_done();
}
