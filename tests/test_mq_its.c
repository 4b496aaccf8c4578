/* SPDX-License-Identifier: MIT */
/*
 * A set of queues (mq.h) with LPIs, on the library and a GIC that executes what it is told:
 * begin, override, CPUs that leave and come, the end. What mq.c does by itself: test_mq.c.
 */
#include <irqferry/mq.h>
#include <string.h>
#include "tests/its_machine.h"

#define QUEUES 2u

/* A driver that serves nothing, and knows who takes requests. */
static struct {
	bool takes[QUEUES];
	uint32_t prepared, aborted, committed;
	int refuse; /* what prepare says */
} driver;

static int quiesce(void *arg, uint32_t n)
{
	(void)arg;
	driver.takes[n] = false;
	return 0;
}

static void resume(void *arg, uint32_t n)
{
	(void)arg;
	driver.takes[n] = true;
}

static int prepare(void *arg, uint32_t n, const uint64_t *mask)
{
	(void)arg;
	(void)mask;
	driver.prepared += !driver.refuse || !n;
	return n ? driver.refuse : 0;
}

static void abort_one(void *arg, uint32_t n)
{
	(void)arg;
	(void)n;
	driver.aborted++;
}

static void commit_one(void *arg, uint32_t n)
{
	(void)arg;
	(void)n;
	driver.committed++;
}

static const struct ferry_mq_ops ops = { quiesce, resume, prepare, abort_one, commit_one };

static struct ferry_mq_queue queues[QUEUES];
static struct ferry_mq set;
static uint32_t ordinary; /* an interrupt that is none of the set's */

/* Events 1 and 2 of device 5, stopped. */
static void make_queues(uint8_t mode)
{
	struct ferry_gic_source source = {
		.kind = FERRY_GIC_LPI,
		.device = 5,
		.flags = FERRY_GIC_STOPPED,
	};

	memset(&driver, 0, sizeof(driver));
	set = (struct ferry_mq){
		.f = f, .ops = &ops, .queues = queues, .nqueues = QUEUES, .cpus = CPUS, .mode = mode
	};
	for (uint32_t n = 0; n < QUEUES; n++) {
		source.intid = n + 1;
		must(ferry_gic_create(f, &source, NULL, &queues[n].irq) == FERRY_OK, "create");
		must(ferry_irq_enable(f, queues[n].irq) == FERRY_OK, "enable");
	}
	ordinary = make(7, 0);
	ferry_mq_allow(&set, true);
}

static int begin(uint64_t m0, uint64_t m1, uint32_t *asleep)
{
	const uint64_t *masks[QUEUES] = { &m0, &m1 };

	return ferry_mq_start(&set, masks, asleep, NULL);
}

static int override(uint64_t m0, uint64_t m1)
{
	const uint64_t *masks[QUEUES] = { &m0, &m1 };

	return ferry_mq_override(&set, masks);
}

/* Steps, the clock going on as they say. */
static int finish(void)
{
	uint64_t ns;
	int rc;

	for (uint32_t n = 0; n < 10; n++) {
		rc = ferry_mq_step(&set, &ns);
		if (rc != FERRY_E_AGAIN)
			return rc;
		fake.now += ns;
	}
	return rc;
}

/* The queue's device fires, and its handler runs there. */
static bool served_on(uint32_t n, uint32_t cpu)
{
	fake_fire(0, 5, n + 1);
	return settled_on(queues[n].irq, cpu) && taken(cpu, queues[n].irq) && driver.takes[n];
}

static bool is_asleep(uint32_t n)
{
	struct ferry_affinity a;

	must(ferry_irq_affinity(f, queues[n].irq, &a, NULL, NULL, NULL) == FERRY_OK, "affinity");
	return a.state == FERRY_STOPPED && ferry_mq_asleep(&set, n) && !driver.takes[n];
}

/* The host's hotplug. */
static int down(uint32_t cpu)
{
	uint64_t ns;
	int rc = ferry_cpu_leave(f, cpu);

	for (uint32_t n = 0; n < 10 && rc == FERRY_OK; n++) {
		rc = ferry_mq_leave(&set, cpu, &ns);
		if (rc == FERRY_OK)
			break;
		if (rc == FERRY_E_AGAIN)
			rc = FERRY_OK;
		fake.now += ns;
	}
	must(rc == FERRY_OK && set.claim.value == 0, "the set lets the CPU go");
	fake.cpu = cpu;
	for (uint32_t n = 0; n < 10; n++) {
		rc = ferry_cpu_leave_step(f, cpu, NULL, NULL);
		if (rc == FERRY_OK)
			return commit(cpu);
	}
	return rc;
}

static void up(uint32_t cpu)
{
	must(enter(cpu) == FERRY_OK, "enter");
	is_int(ferry_mq_enter(&set, NULL), FERRY_OK, "CPU %u comes", cpu);
}

static void clean(const char *what)
{
	ok(!fake.wrong && fake_at_rest(), "%s: nothing wrong, all synced", what);
	ok(settled_on(ordinary, 0), "%s: others are where they were", what);
}

static void life(void)
{
	uint32_t asleep;

	start(false, 3);
	make_queues(FERRY_MQ_MANAGED);
	is_int(begin(1 << 1, 1 << 3, &asleep), FERRY_OK, "begun");
	is_u64(asleep, 1, "asleep");
	ok(served_on(0, 1) && is_asleep(1), "one works, the other one's CPU is not there");
	is_int(move(queues[0].irq, 2), FERRY_E_MANAGED, "its affinity is not to be written");
	up(3);
	ok(served_on(1, 3), "its CPU came");
	is_int(override(1 << 2, 1 << 2 | 1 << 3), FERRY_OK, "an override");
	ok(!driver.takes[0] && !driver.takes[1], "quiesced");
	is_int(finish(), FERRY_OK, "it takes effect");
	is_u64(driver.committed, 2, "commits");
	ok(served_on(0, 2), "on its new CPU");
	is_int(down(2), FERRY_OK, "that leaves");
	ok(is_asleep(0), "its queue sleeps");
	ok(served_on(1, 3), "the other one has another CPU");
	is_int(override(1 << 3, 1 << 2), FERRY_OK, "asleep to awake, awake to asleep");
	is_int(finish(), FERRY_OK, "it takes effect");
	ok(served_on(0, 3) && is_asleep(1), "one works, the other one sleeps");
	up(2);
	ok(served_on(1, 2), "until its CPU comes");
	clean("life");
	is_int(ferry_mq_end(&set, NULL), FERRY_E_AGAIN, "the end");
	fake.now += DRAIN_NS;
	is_int(ferry_mq_end(&set, NULL), FERRY_OK, "ended");
	for (uint32_t n = 0; n < QUEUES; n++)
		is_int(ferry_irq_free(f, queues[n].irq, 0, NULL), FERRY_OK, "freed");
	clean("ended");
}

/* Nothing is as it was not. */
static void undone(void)
{
	uint32_t asleep;

	start(false, 3);
	make_queues(FERRY_MQ_MANAGED);
	must(begin(1 << 1, 1 << 2, &asleep) == FERRY_OK, "begin");
	driver.refuse = -12;
	is_int(override(1 << 2, 1 << 1), FERRY_E_VETO, "a veto");
	is_int(set.veto, -12, "what it said");
	is_u64(driver.prepared, driver.aborted, "aborted");
	ok(served_on(0, 1) && served_on(1, 2), "as before");
	driver.refuse = 0;
	is_int(override(1 << 2, 1 << 1), FERRY_OK, "begun");
	is_int(ferry_mq_step(&set, NULL), FERRY_E_AGAIN, "stopping");
	ferry_mq_cancel(&set);
	is_int(finish(), FERRY_E_CANCELED, "canceled");
	is_u64(driver.prepared, driver.aborted, "aborted");
	ok(served_on(0, 1) && served_on(1, 2), "as before");
	clean("undone");
}

/* A leave while an override has the set; a leave that is given up. */
static void together(void)
{
	uint32_t asleep;
	uint64_t ns;

	start(false, 3);
	make_queues(FERRY_MQ_MANAGED);
	must(begin(1 << 1, 1 << 2, &asleep) == FERRY_OK, "begin");
	is_int(override(1 << 2, 1 << 1), FERRY_OK, "begun");
	is_int(ferry_cpu_leave(f, 2), FERRY_OK, "CPU 2 leaves");
	is_int(ferry_mq_leave(&set, 2, NULL), FERRY_E_AGAIN, "the set is claimed");
	is_int(finish(), FERRY_OK, "the override takes effect");
	ok(is_asleep(0) && served_on(1, 1), "nothing starts on a CPU that leaves");
	is_int(ferry_mq_leave(&set, 2, NULL), FERRY_OK, "nothing keeps it");
	is_int(ferry_cpu_roll_back(f, 2), FERRY_OK, "it stays");
	is_int(ferry_mq_enter(&set, NULL), FERRY_OK, "so");
	ok(served_on(0, 2), "its queue wakes");
	is_int(ferry_cpu_leave(f, 2), FERRY_OK, "CPU 2 leaves");
	is_int(ferry_mq_leave(&set, 2, &ns), FERRY_E_AGAIN, "stopping");
	is_int(ferry_cpu_roll_back(f, 2), FERRY_OK, "it stays");
	is_int(ferry_mq_enter(&set, &ns), FERRY_E_AGAIN, "it must stop to start again");
	fake.now += ns;
	is_int(ferry_mq_enter(&set, &ns), FERRY_OK, "so");
	ok(served_on(0, 2), "its queue works");
	clean("together");
}

static void beginning_only(void)
{
	uint32_t asleep;

	start(false, 3);
	make_queues(FERRY_MQ_INITIAL);
	is_int(begin(1 << 1, 1 << 2, &asleep), FERRY_OK, "a beginning only");
	is_int(override(1 << 2, 1 << 1), FERRY_E_MANAGED, "an override");
	is_int(move(queues[0].irq, 2), FERRY_OK, "its affinity may be written");
	fake.now += DRAIN_NS;
	is_int(ferry_irq_settle(f, queues[0].irq, NULL), FERRY_OK, "settled");
	ok(served_on(0, 2), "moved");
	is_int(leave(2), FERRY_OK, "its CPU leaves");
	ok(!ferry_mq_asleep(&set, 1) && driver.takes[1],
	   "a queue whose CPU left goes on elsewhere");
	ok(nothing(0) && nothing(1), "and nothing was sent");
	clean("a beginning only");
}

int main(void)
{
	life();
	undone();
	together();
	beginning_only();
	return tap_done();
}
