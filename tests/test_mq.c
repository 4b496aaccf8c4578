/* SPDX-License-Identifier: MIT */
/*
 * Sets of queues: what each call says and does, on a fake of what is below. All schedules and
 * refusals: test_mq_schedules.c.
 */
#include <string.h>
#include "tests/mq_world.h"
#include "tests/tap.h"

static const struct layout swapped = {
	"two queues, swapped", 2, 0x0f, { 0x02, 0x04 }, { 0x04, 0x02 }
};
static const struct layout half = { "one of two asleep", 2, 0x03, { 0x02, 0x84 }, { 0x84, 0x02 } };

static void begin(const struct layout *layout)
{
	world_begin(layout);
	world_start();
}

/* Nothing was wrong in between, and at the end. */
static void end(const char *what)
{
	world_check_rest();
	ok(!fake_wrongs, "%s", what);
}

/* The masks in one byte each, see struct layout. */
static int override(uint8_t m0, uint8_t m1)
{
	struct fake_mask memory[2];
	const uint64_t *masks[QUEUES] = { world_mask(m0, &memory[0]), world_mask(m1, &memory[1]) };

	return ferry_mq_override(&W.mq, masks);
}

static int run_override(uint8_t m0, uint8_t m1)
{
	int rc = override(m0, m1);

	if (rc != FERRY_OK)
		return rc;
	for (uint32_t n = 0; n < 10; n++)
		if ((rc = ferry_mq_step(&W.mq, NULL)) != FERRY_E_AGAIN)
			return rc;
	return rc;
}

/* Where it stands in an override, for each letter of the log (mq_world.c). */
static uint32_t stage(char letter)
{
	static const char stages[] = "PpqXWScrG";
	const char *at = strchr(stages, letter);

	return at ? (uint32_t)(at - stages) : 99;
}

static uint32_t count(char letter)
{
	uint32_t n = 0;

	for (size_t k = 1; k < W.logged; k += 3)
		n += W.log[k] == letter;
	return n;
}

/* ---- the override ---------------------------------------------------------------------- */

static void order(void)
{
	bool sorted = true;

	begin(&swapped);
	fake.again = 2;
	is_int(run_override(0x04, 0x02), FERRY_OK, "an override");
	for (size_t k = 4; k < W.logged; k += 3)
		sorted = sorted && stage(W.log[k - 3]) <= stage(W.log[k]);
	if (!ok(sorted, "all queues take a step before any takes the next"))
		diag("%s", W.log);
	is_u64(count('p'), 2, "prepared");
	is_u64(count('q'), 2, "quiesced");
	is_u64(count('W'), 2, "swapped");
	is_u64(count('S'), 2, "started");
	is_u64(count('c'), 2, "committed");
	is_u64(count('r'), 2, "resumed");
	is_u64(count('G'), 2, "given up");
	is_u64(count('a'), 0, "aborted");
	is_u64(W.mq.generation.value, 1, "generation");
	end("order");
}

static void undisturbed(void)
{
	begin(&swapped);
	is_int(run_override(0, 0x04), FERRY_OK, "an override to what is there already");
	is_u64(W.logged, 0, "calls and callbacks");
	is_int(run_override(0, 0x01), FERRY_OK, "one queue of two");
	ok(!strpbrk(W.log, "0"), "the other one is not disturbed: %s", W.log);
	is_u64(W.mq.generation.value, 2, "generation");
	end("undisturbed");
}

/* To offline CPUs and back. */
static void sleeping(void)
{
	begin(&half);
	ok(!ferry_mq_asleep(&W.mq, 0) && ferry_mq_asleep(&W.mq, 1), "one of two is asleep");
	is_int(W.queues[1].reason, FERRY_E_NO_CPU, "reason");
	is_int(run_override(0x84, 0x02), FERRY_OK, "swapped");
	ok(ferry_mq_asleep(&W.mq, 0) && !ferry_mq_asleep(&W.mq, 1), "the other one is asleep");
	is_u64(W.commits, 2, "commits, of the sleeping one too");
	is_u64(W.resumes, 1, "resumes");
	is_int(W.queues[0].reason, FERRY_E_NO_CPU, "reason");
	is_int(run_override(0x02, 0x84), FERRY_OK, "and back");
	ok(!ferry_mq_asleep(&W.mq, 0) && ferry_mq_asleep(&W.mq, 1), "as at the beginning");
	is_int(run_override(0x04, 0x08), FERRY_OK, "all to CPUs that are offline");
	ok(ferry_mq_asleep(&W.mq, 0) && ferry_mq_asleep(&W.mq, 1), "all asleep");
	end("asleep");
	fake.cpu[3] = FERRY_CPU_ONLINE;
	is_int(ferry_mq_enter(&W.mq, NULL), FERRY_OK, "a CPU comes");
	ok(ferry_mq_asleep(&W.mq, 0) && !ferry_mq_asleep(&W.mq, 1), "and its queue wakes");
	end("awake");
}

static void refused(void)
{
	struct ferry_mq_ops no_part;
	struct fake_mask none = { { 0, 1ull << 40 } };
	const uint64_t *masks[QUEUES] = { none.w };

	world_begin(&swapped);
	is_int(override(0x01, 0), FERRY_E_STATE, "an override before the beginning");
	is_int(override(0, 0), FERRY_E_STATE, "one that asks for nothing");
	world_start();
	ferry_mq_allow(&W.mq, false);
	is_int(override(0x01, 0), FERRY_E_MANAGED, "not allowed");
	ferry_mq_allow(&W.mq, true);
	is_int(ferry_mq_override(&W.mq, NULL), FERRY_E_INVALID, "no masks");
	is_int(ferry_mq_override(&W.mq, masks), FERRY_E_NO_CPU, "an empty mask");
	is_u64(W.mq.culprit, 0, "culprit");
	fake.fail_at[0] = fake.calls + 2;
	is_int(override(0x01, 0x01), FERRY_E_NO_SPACE, "no place to promise");
	is_u64(W.mq.culprit, 1, "culprit");
	W.refuse[0] = W.callbacks + 2;
	is_int(override(0x01, 0x01), FERRY_E_VETO, "a veto");
	is_u64(W.mq.culprit, 1, "culprit");
	is_int(W.mq.veto, -5, "what the driver said");
	W.refuse[0] = W.callbacks + 4;
	is_int(override(0x01, 0x01), FERRY_E_VETO, "a queue that is not quiesced");
	is_u64(W.mq.culprit, 1, "culprit");
	is_int(ferry_mq_step(&W.mq, NULL), FERRY_E_STATE, "nothing is to be stepped");
	is_int(override(0x01, 0x01), FERRY_OK, "begun");
	is_int(override(0x01, 0x01), FERRY_E_BUSY, "another one meanwhile");
	is_int(ferry_mq_end(&W.mq, NULL), FERRY_E_BUSY, "the end meanwhile");
	ferry_mq_cancel(&W.mq);
	is_int(ferry_mq_step(&W.mq, NULL), FERRY_E_CANCELED, "canceled");
	is_u64(W.mq.culprit, FERRY_NONE, "culprit");
	is_int(run_override(0x01, 0x01), FERRY_OK, "an old cancel does not count");
	no_part = *W.mq.ops;
	no_part.prepare = NULL;
	W.mq.ops = &no_part;
	is_int(override(0x02, 0), FERRY_E_MANAGED, "a driver that takes no part");
	end("refusals");
}

/* Canceled where this letter comes first, and what was called in all. */
static void cancel_at(char letter, const char *want)
{
	uint32_t points;

	begin(&swapped);
	(void)run_override(0x04, 0x02);
	points = (uint32_t)(strchr(W.log, letter) - W.log + 2) / 3;
	begin(&swapped);
	W.at[0] = points;
	W.then[0] = CANCEL;
	W.actors[CANCEL].taking_part = true;
	is_int(run_override(0x04, 0x02), FERRY_E_CANCELED, "canceled in %c", letter);
	ok(!want || !strcmp(W.log, want), "then only: %s", W.log);
	ok(!strpbrk(W.log, "Wc"), "no mask was swapped");
	end("canceled");
}

static void canceled(void)
{
	cancel_at('p', " P0 P1 p0 a0 G1 G0");
	cancel_at('q', " P0 P1 p0 p1 q0 r0 a1 a0 G1 G0");
	cancel_at('X', NULL);
	begin(&swapped);
	is_int(override(0x04, 0x02), FERRY_OK, "begun");
	ferry_mq_cancel(&W.mq);
	is_int(ferry_mq_step(&W.mq, NULL), FERRY_E_CANCELED, "canceled between calls");
	ok(!strchr(W.log, 'X'), "nothing was stopped: %s", W.log);
	is_int(run_override(0x01, 0x01), FERRY_OK, "another one");
	is_u64(fake.irq[0].mask.w[0], 0x01, "its mask");
	end("canceled between calls");
}

/* The new place can't be started: back. */
static void start_fails(void)
{
	uint64_t ns = 1;

	begin(&swapped);
	fake.again = 1;
	is_int(override(0x04, 0x02), FERRY_OK, "begun");
	is_int(ferry_mq_step(&W.mq, &ns), FERRY_E_AGAIN, "stopping");
	is_u64(ns, 100, "the earlier of two moments");
	fake.fail_at[0] = fake.calls + 6; /* stop, swap, start of two */
	is_int(ferry_mq_step(&W.mq, NULL), FERRY_E_AGAIN, "the one that was started is stopped");
	is_int(ferry_mq_step(&W.mq, NULL), FERRY_E_TIMEOUT, "undone");
	is_u64(W.mq.culprit, 1, "culprit");
	is_u64(fake.irq[0].mask.w[0], 0x02, "its mask");
	is_u64(W.aborts, 2, "aborts");
	is_u64(W.commits, 0, "commits");
	is_u64(W.mq.generation.value, 0, "generation");
	end("a start that fails");
}

/* No bound: the culprit stays as it is, the others go on. */
static void no_bound(void)
{
	begin(&swapped);
	is_int(override(0x04, 0x02), FERRY_OK, "begun");
	fake.fail_at[0] = fake.calls + 2;
	fake.for_ever = true;
	is_int(ferry_mq_step(&W.mq, NULL), FERRY_E_NO_BOUND, "a stop that can't end");
	is_u64(W.mq.culprit, 1, "culprit");
	is_int(W.queues[1].reason, FERRY_E_NO_BOUND, "reason");
	ok(W.driver[0].takes, "the other one takes requests");
	ok(!W.driver[1].takes, "it takes no requests");
	is_int(ferry_mq_enter(&W.mq, NULL), FERRY_OK, "looked at");
	ok(ferry_mq_asleep(&W.mq, 1), "still asleep");
	W.mq.stop_flags = FERRY_FREE_QUIET;
	is_int(ferry_mq_enter(&W.mq, NULL), FERRY_OK, "the device is quiet");
	ok(!ferry_mq_asleep(&W.mq, 0) && !ferry_mq_asleep(&W.mq, 1), "awake");
	end("no bound");
}

/* ---- hotplug ----------------------------------------------------------------------------- */

static void leaving(void)
{
	uint64_t ns = 1;

	begin(&swapped);
	is_int(ferry_mq_leave(&W.mq, FAKE_CPUS, &ns), FERRY_E_INVALID, "no such CPU");
	is_int(ferry_mq_leave(&W.mq, 1, &ns), FERRY_E_STATE, "it does not leave");
	fake.cpu[1] = FERRY_CPU_LEAVING;
	fake.again = 2;
	is_int(ferry_mq_leave(&W.mq, 1, &ns), FERRY_E_AGAIN, "stopping");
	is_u64(ns, 100, "when to come again");
	is_int(override(0x01, 0), FERRY_E_BUSY, "an override meanwhile");
	is_int(ferry_mq_end(&W.mq, NULL), FERRY_E_BUSY, "the end meanwhile");
	is_int(ferry_mq_leave(&W.mq, 1, &ns), FERRY_E_AGAIN, "stopping");
	is_int(ferry_mq_leave(&W.mq, 1, &ns), FERRY_OK, "stopped");
	ok(ferry_mq_asleep(&W.mq, 0) && !ferry_mq_asleep(&W.mq, 1), "its queue is asleep");
	fake.cpu[1] = FERRY_CPU_OFFLINE;
	end("left");
	fake.cpu[1] = FERRY_CPU_ONLINE;
	is_int(ferry_mq_enter(&W.mq, &ns), FERRY_OK, "and comes back");
	ok(!ferry_mq_asleep(&W.mq, 0), "its queue is awake");
	is_u64(fake.irq[0].starts, 2, "starts");
	is_int(ferry_mq_enter(&W.mq, &ns), FERRY_OK, "once more");
	is_u64(fake.irq[0].starts, 2, "starts");
	end("entered");
}

/* A leave that is given up while the interrupt is being stopped. */
static void rolled_back(void)
{
	uint64_t ns = 1;

	begin(&swapped);
	fake.cpu[1] = FERRY_CPU_LEAVING;
	fake.again = 2;
	is_int(ferry_mq_leave(&W.mq, 1, &ns), FERRY_E_AGAIN, "stopping");
	fake.cpu[1] = FERRY_CPU_ONLINE;
	is_int(ferry_mq_enter(&W.mq, &ns), FERRY_E_AGAIN, "given up, and it stops still");
	is_u64(ns, 100, "when to come again");
	is_int(override(0x01, 0), FERRY_E_BUSY, "an override meanwhile");
	is_int(ferry_mq_enter(&W.mq, &ns), FERRY_OK, "started");
	end("rolled back");
}

/* Two leave at once; one of them gives up. */
static void two_leave(void)
{
	begin(&swapped);
	fake.again = 3;
	fake.cpu[1] = fake.cpu[2] = FERRY_CPU_LEAVING;
	is_int(ferry_mq_leave(&W.mq, 1, NULL), FERRY_E_AGAIN, "the first");
	is_int(ferry_mq_leave(&W.mq, 2, NULL), FERRY_E_AGAIN, "the second");
	fake.irq[1].drain = 0;
	is_int(ferry_mq_leave(&W.mq, 2, NULL), FERRY_OK, "the second is ready");
	is_int(override(0x01, 0), FERRY_E_BUSY, "the first has the claim still");
	fake.cpu[2] = FERRY_CPU_OFFLINE;
	fake.cpu[65] = FERRY_CPU_ONLINE;
	is_int(ferry_mq_enter(&W.mq, NULL), FERRY_OK, "another one comes");
	is_int(override(0x01, 0), FERRY_E_BUSY, "the first has the claim still");
	fake.cpu[1] = FERRY_CPU_ONLINE;
	fake.irq[0].drain = 0;
	is_int(ferry_mq_enter(&W.mq, NULL), FERRY_OK, "the first gives up");
	ok(!ferry_mq_asleep(&W.mq, 0) && ferry_mq_asleep(&W.mq, 1), "one is asleep");
	end("two leave");
}

static void vetoed_leave(void)
{
	static const struct layout both = { "both on a CPU", 2, 0x03, { 0x02, 0x02 }, { 0 } };

	begin(&both);
	fake.cpu[1] = FERRY_CPU_LEAVING;
	W.refuse[0] = W.callbacks + 2;
	is_int(ferry_mq_leave(&W.mq, 1, NULL), FERRY_E_VETO, "the second queue can't");
	is_u64(W.mq.culprit, 1, "culprit");
	is_int(W.mq.veto, -5, "what the driver said");
	ok(ferry_mq_asleep(&W.mq, 0) && !ferry_mq_asleep(&W.mq, 1), "the first one could");
	fake.cpu[1] = FERRY_CPU_ONLINE;
	is_int(ferry_mq_enter(&W.mq, NULL), FERRY_OK, "rolled back");
	end("a veto, rolled back");
	fake.cpu[1] = FERRY_CPU_LEAVING;
	fake.fail_at[0] = fake.calls + 1;
	is_int(ferry_mq_leave(&W.mq, 1, NULL), FERRY_E_NO_BOUND, "no bound");
	is_int(W.queues[0].reason, FERRY_E_NO_BOUND, "reason");
	is_int(ferry_mq_leave(&W.mq, 1, NULL), FERRY_OK, "called again");
	fake.cpu[1] = FERRY_CPU_OFFLINE;
	end("no bound, called again");
}

static int second_enter;

uint32_t __real_ferry_host_or(void *ctx, ferry_atomic *cell, uint32_t bits);
uint32_t __wrap_ferry_host_or(void *ctx, ferry_atomic *cell, uint32_t bits);

uint32_t __wrap_ferry_host_or(void *ctx, ferry_atomic *cell, uint32_t bits)
{
	uint32_t was = __real_ferry_host_or(ctx, cell, bits);

	if (cell == &W.mq.claim && second_enter == 1) {
		second_enter = 2;
		is_int(ferry_mq_enter(&W.mq, NULL), FERRY_OK, "the second one");
	}
	return was;
}

/* A driver's enter, for what its queue was asleep for is over, in the middle of hotplug's. */
static void two_enter(void)
{
	static const struct layout one = { "one", 1, 0x03, { 0x02 }, { 0 } };

	begin(&one);
	fake.cpu[1] = FERRY_CPU_LEAVING;
	fake.again = 1;
	is_int(ferry_mq_leave(&W.mq, 1, NULL), FERRY_E_AGAIN, "a leave, given up");
	fake.cpu[1] = FERRY_CPU_ONLINE;
	second_enter = 1;
	is_int(ferry_mq_enter(&W.mq, NULL), FERRY_OK, "an enter, while another one comes");
	is_u64((uint64_t)second_enter, 2, "enters");
	ok(W.driver[0].takes, "the queue takes requests");
	is_u64(W.mq.claim.value, 0, "claim");
	end("two enters");
}

/* ---- begin and end -------------------------------------------------------------------------- */

static int start_set(uint32_t *asleep)
{
	struct fake_mask memory[QUEUES];
	const uint64_t *masks[QUEUES];

	for (uint32_t n = 0; n < QUEUES; n++)
		masks[n] = world_mask(W.layout->before[n], &memory[n]);
	return ferry_mq_start(&W.mq, masks, asleep, NULL);
}

static void beginning(void)
{
	static const struct layout all = { "all CPUs", 2, 0x03, { 0, 0x08 }, { 0 } };
	struct ferry_mq_ops few;
	uint32_t asleep = 7;

	world_begin(&all);
	few = *W.mq.ops;
	few.commit = NULL;
	W.mq.ops = &few;
	is_int(start_set(&asleep), FERRY_E_INVALID, "prepare without commit");
	few.prepare = NULL;
	few.abort = NULL;
	few.resume = NULL;
	is_int(start_set(&asleep), FERRY_E_INVALID, "no resume");
	world_begin(&all);
	is_int(ferry_mq_end(&W.mq, NULL), FERRY_E_STATE, "the end before the beginning");
	W.queues[0].blocked.value = FERRY_MQ_BY_HOTPLUG; /* not zeroed */
	is_int(ferry_mq_enter(&W.mq, NULL), FERRY_OK, "a CPU before the beginning");
	is_u64(fake.calls, 0, "nothing is stopped or started");
	W.mq.pool = 3;
	is_int(start_set(&asleep), FERRY_OK, "begun");
	is_u64(asleep, 1, "asleep");
	is_u64(fake.irq[1].pool, 3, "pool");
	is_int(start_set(&asleep), FERRY_E_STATE, "again");
	end("begun");
	is_int(ferry_mq_end(&W.mq, NULL), FERRY_OK, "ended");
	ok(!W.driver[0].takes && !fake.irq[0].managed && !fake.irq[1].managed &&
		   fake.irq[0].state == FERRY_STOPPED,
	   "stopped, and nothing is promised");
	ok(!ferry_mq_asleep(&W.mq, 1), "asleep no more");
	is_int(start_set(&asleep), FERRY_OK, "begun anew");
	end("begun anew");
}

static void initial(void)
{
	uint32_t asleep;

	world_begin(&half);
	W.mq.mode = FERRY_MQ_INITIAL;
	is_int(start_set(&asleep), FERRY_OK, "a beginning only");
	is_u64(asleep, 1, "asleep");
	is_int(override(0x01, 0), FERRY_E_MANAGED, "an override");
	fake.cpu[1] = FERRY_CPU_LEAVING;
	is_int(ferry_mq_leave(&W.mq, 1, NULL), FERRY_OK, "a CPU leaves");
	ok(W.driver[0].takes, "its queue goes on");
	fake.cpu[1] = FERRY_CPU_ONLINE;
	fake.cpu[2] = FERRY_CPU_ONLINE;
	is_int(ferry_mq_enter(&W.mq, NULL), FERRY_OK, "a CPU comes");
	ok(W.driver[1].takes, "the queue that slept takes requests");
	end("a beginning only");
	is_int(ferry_mq_end(&W.mq, NULL), FERRY_OK, "ended");
	is_u64(count('M') + count('U'), 0, "promises made or taken back");
}

/* In the list that hotplug walks before it begins: nothing is to be done. */
static void joined_first(void)
{
	uint32_t asleep;

	world_begin(&swapped);
	fake.cpu[1] = FERRY_CPU_LEAVING;
	is_int(ferry_mq_leave(&W.mq, 1, NULL), FERRY_OK, "a CPU leaves before it begins");
	is_u64(W.mq.claim.value, 0, "claim");
	is_int(start_set(&asleep), FERRY_OK, "begun while it leaves");
	is_u64(asleep, 1, "asleep");
	fake.cpu[1] = FERRY_CPU_OFFLINE;
	is_int(ferry_mq_end(&W.mq, NULL), FERRY_OK, "ended");
	fake.cpu[1] = FERRY_CPU_ONLINE;
	is_int(ferry_mq_enter(&W.mq, NULL), FERRY_OK, "a CPU comes after its end");
	is_u64(W.mq.claim.value + W.resumes, 1, "claim, resumes");
	ok(!fake_wrongs, "joined first");
}

/* What happens to a beginning or an end. */
struct mishap {
	uint32_t fail_at, refuse; /* a call, a callback */
	uint32_t again;
	const char *program; /* of hotplug, whose next calls are made at these points */
	uint32_t at[2];
	bool intruder; /* ... or somebody else's */
};

static int run_mishap(const struct layout *l, enum who who, const struct mishap *m)
{
	struct actor *a = &W.actors[who];

	world_begin(l);
	if (who == END)
		world_start();
	fake.again = m->again;
	fake.fail_at[0] = m->fail_at;
	W.refuse[0] = m->refuse;
	*a = (struct actor){ .taking_part = true };
	W.program = m->program;
	for (uint32_t k = 0; k < 2; k++) {
		W.at[k] = m->at[k];
		W.then[k] = m->intruder ? INTRUDER : HOTPLUG;
	}
	W.actors[HOTPLUG].taking_part = m->program;
	W.actors[INTRUDER].taking_part = m->intruder;
	do {
		a->done = false;
		world_run(who);
		W.mq.stop_flags = FERRY_FREE_QUIET;
	} while (a->result == FERRY_E_NO_BOUND);
	return a->result;
}

static bool begin_or_end(const struct layout *l, enum who who, const struct mishap *m)
{
	int rc = run_mishap(l, who, m);
	bool undone = rc == (who == BEGIN ? FERRY_OK : FERRY_E_VETO);

	if (fake.failed && rc == FERRY_OK && !strstr(W.log, "U"))
		fake_wrong("a refusal that nobody heard of", m->fail_at);
	if (rc != FERRY_OK && !fake.failed && !m->refuse)
		fake_wrong("an error without a refusal", (uint32_t)-rc);
	if (undone)
		world_check_rest();
	for (uint32_t n = 0; n < 2 && !undone; n++)
		if (fake.irq[n].state != FERRY_STOPPED || W.driver[n].takes)
			fake_wrong("not stopped", n);
		else if (fake.irq[n].managed && !(who == END && rc == FERRY_E_STATE))
			fake_wrong("still managed", n);
	if (W.mq.claim.value || W.mq.started != undone)
		fake_wrong("not ended", W.mq.claim.value);
	if (who == BEGIN && rc != FERRY_OK && W.resumes + W.quiesces)
		fake_wrong("a callback", 0);
	if (fake_wrongs)
		diag("%s: call %u, callback %u, again %u, hotplug %s at %u, %u: %d: %s", l->name,
		     m->fail_at, m->refuse, m->again, m->program ? m->program : "", m->at[0],
		     m->at[1], rc, W.log);
	return !fake_wrongs;
}

/* Each call refused, each callback. */
static bool refuse_each(const struct layout *l, enum who who, uint32_t again)
{
	bool good = begin_or_end(l, who, &(struct mishap){ .again = again });
	uint32_t calls = fake.calls, callbacks = W.callbacks;

	for (uint32_t n = 1; n <= calls && good; n++)
		good = begin_or_end(l, who, &(struct mishap){ .fail_at = n, .again = again });
	for (uint32_t n = 1; n <= callbacks && good; n++)
		good = begin_or_end(l, who, &(struct mishap){ .refuse = n, .again = again });
	return good;
}

/* A CPU comes or goes, or somebody tries what he may not, at each two points. */
static bool disturb_each(const struct layout *l, enum who who, uint32_t again)
{
	static const char *const programs[] = { "E2", "b1f1", "b1r1", NULL };
	bool good = begin_or_end(l, who, &(struct mishap){ .again = again });
	uint32_t points = W.points;

	for (uint32_t a = 1; a <= points && good; a++)
		for (uint32_t b = a; b <= points && good; b++)
			for (uint32_t k = 0; k < 4 && good; k++)
				good = begin_or_end(l, who,
						    &(struct mishap){ .again = again,
								      .program = programs[k],
								      .intruder = !programs[k],
								      .at = { a, b } });
	return good;
}

static void each(enum who who)
{
	const struct layout *layouts[] = { &half, &swapped };

	for (uint32_t k = 0; k < 6; k++) {
		const struct layout *l = layouts[k % 2];

		ok(refuse_each(l, who, k / 2), "%s refused, %s, again %u",
		   who == BEGIN ? "begin" : "end", l->name, k / 2);
		ok(disturb_each(l, who, k / 2), "%s disturbed, %s, again %u",
		   who == BEGIN ? "begin" : "end", l->name, k / 2);
	}
}

/* A set that begins anew is in the pool that it says now. */
static void pools(void)
{
	uint32_t asleep;

	world_begin(&swapped);
	W.mq.pool = 2;
	is_int(start_set(&asleep), FERRY_OK, "begun in a pool");
	is_u64(fake.irq[1].pool, 2, "its pool");
	is_int(ferry_mq_end(&W.mq, NULL), FERRY_OK, "ended");
	W.mq.pool = 0;
	is_int(start_set(&asleep), FERRY_OK, "begun in none");
	is_u64(fake.irq[0].pool + fake.irq[1].pool, 0, "its pool");
	end("pools");
}

static void says_why(int result, uint32_t culprit, const char *what)
{
	is_int(W.mq.result, result, "%s: result", what);
	is_u64(W.mq.culprit, culprit, "%s: culprit", what);
}

/* Whatever fails, the set says what and why, and nothing of what failed before. */
static void why(void)
{
	static const struct layout both = { "both on a CPU", 2, 0x03, { 0x02, 0x02 }, { 0 } };
	uint32_t asleep;

	world_begin(&both);
	fake.fail_at[0] = fake.calls + 4; /* share, manage, share, manage */
	is_int(start_set(&asleep), FERRY_E_NO_SPACE, "a begin that is refused");
	says_why(FERRY_E_NO_SPACE, 1, "begin");
	begin(&both);
	ferry_mq_cancel(&W.mq);
	W.refuse[0] = W.callbacks + 2;
	is_int(ferry_mq_end(&W.mq, NULL), FERRY_E_VETO, "an end that is vetoed");
	says_why(FERRY_E_VETO, 1, "end");
	is_int(W.mq.veto, -5, "what the driver said");
	fake.fail_at[0] = fake.calls + 1;
	is_int(override(0x01, 0), FERRY_E_NO_SPACE, "an override that is refused");
	says_why(FERRY_E_NO_SPACE, 0, "override");
	fake.cpu[1] = FERRY_CPU_LEAVING;
	W.refuse[0] = W.callbacks + 2;
	is_int(ferry_mq_leave(&W.mq, 1, NULL), FERRY_E_VETO, "a leave that is vetoed");
	says_why(FERRY_E_VETO, 1, "leave");
	fake.fail_at[0] = fake.calls + 2; /* the first queue's is stopped */
	is_int(ferry_mq_leave(&W.mq, 1, NULL), FERRY_E_NO_BOUND, "a leave without a bound");
	says_why(FERRY_E_NO_BOUND, 1, "leave");
	is_int(ferry_mq_leave(&W.mq, 1, NULL), FERRY_OK, "a leave");
	fake.cpu[1] = FERRY_CPU_ONLINE;
	fake.start_error = FERRY_E_NO_SPACE;
	fake.fail_at[0] = fake.calls + 4; /* stop, start, stop, start */
	is_int(ferry_mq_enter(&W.mq, NULL), FERRY_OK, "a CPU comes, an interrupt can't start");
	says_why(FERRY_E_NO_SPACE, 1, "enter");
	is_int(ferry_mq_enter(&W.mq, NULL), FERRY_OK, "called again");
	fake.fail_at[0] = fake.calls + 1;
	is_int(ferry_mq_end(&W.mq, NULL), FERRY_E_NO_BOUND, "an end without a bound");
	says_why(FERRY_E_NO_BOUND, 0, "end");
	is_int(ferry_mq_end(&W.mq, NULL), FERRY_OK, "called again");
	ok(!fake_wrongs, "why");
}

/* ---- who submits where ----------------------------------------------- */

/* The map is what is said of each CPU. */
static void mapped(const char *what)
{
	uint32_t map[FAKE_CPUS + 1], wrong = 0;

	map[FAKE_CPUS] = 12345;
	ferry_mq_map(&W.mq, map);
	for (uint32_t c = 0; c < FAKE_CPUS; c++)
		wrong += map[c] != ferry_mq_queue_for(&W.mq, c);
	is_u64(wrong, 0, "the map: %s", what);
	is_u64(map[FAKE_CPUS], 12345, "nothing behind it");
}

static void submitting(void)
{
	begin(&swapped);
	mapped("two queues");
	begin(&half); /* queue 0: CPU 1; queue 1: CPUs 2 and 65, asleep */
	mapped("one of two asleep");
	is_u64(ferry_mq_queue_for(&W.mq, 1), 0, "its own");
	is_u64(ferry_mq_queue_for(&W.mq, 2), 0, "another one, its own is asleep");
	fake.cpu[65] = FERRY_CPU_ONLINE;
	is_int(ferry_mq_enter(&W.mq, NULL), FERRY_OK, "CPU 65 comes");
	mapped("both awake");
	is_u64(ferry_mq_queue_for(&W.mq, 65), 1, "its own");
	is_u64(ferry_mq_queue_for(&W.mq, 2), 1, "its own");
	is_u64(ferry_mq_queue_for(&W.mq, 4), 0, "one without a queue of its own");
	is_u64(ferry_mq_queue_for(&W.mq, 5), 1, "another such");
	fake.cpu[1] = FERRY_CPU_LEAVING;
	is_int(ferry_mq_leave(&W.mq, 1, NULL), FERRY_OK, "CPU 1 leaves");
	is_u64(ferry_mq_queue_for(&W.mq, 1), 1, "the one that is left");
	fake.cpu[65] = FERRY_CPU_LEAVING;
	is_int(ferry_mq_leave(&W.mq, 65, NULL), FERRY_OK, "CPU 65 leaves");
	is_u64(ferry_mq_queue_for(&W.mq, 1), FERRY_NONE, "none is left");
	mapped("none is left");
	end("submitting");
}

int main(void)
{
	order();
	undisturbed();
	sleeping();
	refused();
	canceled();
	start_fails();
	no_bound();
	leaving();
	rolled_back();
	two_leave();
	vetoed_leave();
	two_enter();
	beginning();
	initial();
	each(BEGIN);
	each(END);
	joined_first();
	pools();
	why();
	submitting();
	return tap_done();
}
