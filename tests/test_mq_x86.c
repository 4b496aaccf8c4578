/* SPDX-License-Identifier: MIT */
/*
 * A set of queues (mq.h) on the simulated x86 machine, calls one host call at a time: a beginning
 * only, CPUs that go and come, the end; and that without promises nothing is managed.
 */
#include <irqferry/mq.h>
#include <string.h>
#include "tests/script.h"

#define QUEUES 2u

static bool takes[QUEUES];
static struct ferry_mq_queue queues[QUEUES];
static struct ferry_mq set;
static uint64_t masks[QUEUES];
static uint32_t asleep, its_cpu;

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

static const struct ferry_mq_ops ops = { .quiesce = quiesce, .resume = resume };

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
	masks[0] = m0;
	masks[1] = m1;
	for (uint32_t n = 0; n < QUEUES; n++) {
		S.m->source[n].flags |= FERRY_SOURCE_STOPPED;
		check_eq(make(n, ~0ull), 1, "create");
		queues[n].irq = S.m->source[n].irq;
	}
}

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
		beginning_only(k);
		no_promises(k);
	}
	return script_done();
}
