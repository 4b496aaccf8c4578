/* SPDX-License-Identifier: MIT */
/*
 * Sets of queues, all schedules of some small worlds: an override, CPUs that come and go,
 * somebody who cancels, each call and each callback of one of them a point where another makes its
 * next call; and each call below, or two, refused. What is looked at: mq_world.c.
 */
#include <string.h>
#include "tests/mq_world.h"
#include "tests/tap.h"

static const struct layout layouts[] = {
	{ "one queue, to another CPU", 1, 0x0f, { 0x02 }, { 0x04 } },
	{ "one queue, to a CPU that is offline", 1, 0x03, { 0x02 }, { 0x84 } },
	{ "one queue, from a CPU that is offline", 1, 0x05, { 0x02 }, { 0x04 } },
	{ "two queues, swapped", 2, 0x0f, { 0x02, 0x84 }, { 0x84, 0x02 } },
	{ "two queues, one asleep, both awake", 2, 0x07, { 0x02, 0x08 }, { 0x06, 0x04 } },
	{ "two queues, to CPUs that are offline", 2, 0x03, { 0x02, 0x01 }, { 0x84, 0x08 } },
	{ "three queues, one of them as it was", 3, 0x07, { 0x02, 0x04, 0x06 }, { 0x04, 0, 0x03 } },
};
#define LAYOUTS (sizeof(layouts) / sizeof(layouts[0]))

static const char *const programs[] = {
	"E7", "b1f1", "b1f1E1", "b1r1", "b1b2f1f2E1", "b1b2r1f2", "E3b1b3r1f3", "E3E7",
};
#define PROGRAMS (sizeof(programs) / sizeof(programs[0]))

static uint64_t runs;

static void begin(const struct layout *layout, const char *program, uint32_t again)
{
	world_begin(layout);
	world_start();
	fake.again = again;
	W.program = program;
	W.actors[OVERRIDE].taking_part = true;
	W.actors[HOTPLUG].taking_part = *program;
	W.actors[CANCEL].taking_part = W.actors[INTRUDER].taking_part = true;
	W.actors[CANCEL].done = true; /* unless a schedule has him */
	runs++;
}

static void set(uint32_t k, uint32_t at, enum who who)
{
	W.at[k] = at;
	W.then[k] = who;
	if (who == CANCEL)
		W.actors[CANCEL].done = false;
}

/* The masks are those of before, or of after, by what the override has said. */
static void check_masks(void)
{
	const struct actor *o = &W.actors[OVERRIDE];
	bool took = o->result == FERRY_OK || o->result == FERRY_E_BUG;

	for (uint32_t n = 0; n < W.mq.nqueues; n++) {
		uint8_t after = W.layout->after[n] ? W.layout->after[n] : W.layout->before[n];

		if (W.driver[n].resources != (took ? after : W.layout->before[n]))
			fake_wrong("the mask is not what the result says", n);
	}
	if (W.mq.generation.value != took)
		fake_wrong("generation", W.mq.generation.value);
}

static void check(void)
{
	int rc = W.actors[OVERRIDE].result;

	world_check_rest();
	check_masks();
	if (rc != FERRY_OK && rc != FERRY_E_BUSY && rc != FERRY_E_CANCELED)
		fake_wrong("the override's result", (uint32_t)-rc);
	if (rc == FERRY_E_CANCELED && !W.actors[CANCEL].done)
		fake_wrong("nobody has canceled", 0);
}

/* ---- schedules --------------------------------------------------------------------------- */

struct test {
	const struct layout *layout;
	const char *program;
	uint32_t again;
	enum who first;
};

static bool one_schedule(const struct test *t, const uint32_t *at, const enum who *who,
			 uint32_t depth)
{
	begin(t->layout, t->program, t->again);
	for (uint32_t k = 0; k < depth; k++)
		set(k, at[k], who[k]);
	world_run(t->first);
	check();
	if (!fake_wrongs)
		return true;
	diag("hotplug %s, again %u, first %d:", t->program, t->again, (int)t->first);
	for (uint32_t k = 0; k < depth; k++)
		diag("  at %u: %d", at[k], (int)who[k]);
	diag("  %s", W.log);
	return false;
}

/* All ways to place these actors, in this order, at the first `points` points. */
static bool all_places(const struct test *t, const enum who *who, uint32_t depth, uint32_t points)
{
	uint32_t at[POINTS] = { 1, 1, 1 }, k;

	do {
		if (!one_schedule(t, at, who, depth))
			return false;
		for (k = depth; k-- && at[k] == points;)
			;
		if (k < depth) {
			uint32_t from = ++at[k];

			while (++k < depth)
				at[k] = from;
			k = 0;
		}
	} while (k < depth);
	return true;
}

static bool all_schedules(const struct test *t, bool deep)
{
	enum who other = t->first == OVERRIDE ? HOTPLUG : OVERRIDE;
	const struct {
		uint32_t depth;
		enum who who[POINTS];
	} lists[] = {
		{ 1, { INTRUDER } },
		{ 2, { other, other } },
		{ 2, { other, CANCEL } },
		{ 2, { CANCEL, other } },
		{ 3, { other, other, other } }, /* the deep ones */
		{ 3, { other, CANCEL, other } },
	};
	uint32_t points;

	if (!one_schedule(t, NULL, NULL, 0))
		return false;
	points = W.points;
	for (uint32_t k = 0; k < (deep ? 6 : 4); k++)
		if (!all_places(t, lists[k].who, lists[k].depth, points))
			return false;
	return true;
}

static void schedules(void)
{
	for (uint32_t l = 0; l < LAYOUTS; l++) {
		bool good = true;
		uint64_t before = runs;

		for (uint32_t k = 0; k < PROGRAMS * 2 * 2 && good; k++) {
			struct test t = {
				.layout = &layouts[l],
				.program = programs[k / 4],
				.again = k / 2 % 2 * 2,
				.first = k % 2 ? OVERRIDE : HOTPLUG,
			};

			good = all_schedules(&t, l < 4);
		}
		ok(good, "schedules: %s", layouts[l].name);
		diag("%" PRIu64 " schedules", runs - before);
	}
}

/* ---- refusals ------------------------------------------------------------------------------ */

struct fault {
	uint32_t call[2], callback[2];
	bool for_ever;
	uint32_t again, cancel_at;
	const char *program; /* of hotplug, whose next calls are made at these points, or null */
	uint32_t at[2];
};

static struct snapshot before;

static void run_with(const struct layout *l, const struct fault *t)
{
	begin(l, t->program ? t->program : "", t->again);
	for (uint32_t k = 0; k < 2 && t->program; k++)
		set(k, t->at[k], HOTPLUG);
	memcpy(fake.fail_at, t->call, sizeof(fake.fail_at));
	memcpy(W.refuse, t->callback, sizeof(W.refuse));
	fake.for_ever = t->for_ever;
	if (t->cancel_at)
		set(0, t->cancel_at, CANCEL);
	world_look(&before);
	world_run(OVERRIDE);
}

/* As it was at once, if only one thing went wrong once; in any case once it works again. */
static bool check_undone(const struct layout *l, const struct fault *t)
{
	struct snapshot after;
	int rc = W.actors[OVERRIDE].result;

	world_look(&after);
	if (fake.leaked && rc == FERRY_OK && !t->program)
		fake_wrong("places are lost and it said nothing", 0);
	if (rc != FERRY_OK && rc != FERRY_E_BUG && !t->for_ever && !t->call[1] && !t->program &&
	    memcmp(&before, &after, sizeof(before)) != 0)
		fake_wrong("not as before", (uint32_t)-rc);
	if (fake.failed && rc == FERRY_OK && !t->program)
		fake_wrong("a refusal that nobody heard of", fake.failed);
	if (W.mq.claim.value)
		fake_wrong("still claimed", W.mq.claim.value);
	world_heal();
	world_check_rest();
	if (!t->for_ever && !t->call[1])
		check_masks();
	if (fake_wrongs)
		diag("%s: calls %u %u callbacks %u %u, for ever %d, again %u, %s at %u %u, result "
		     "%d: %s",
		     l->name, t->call[0], t->call[1], t->callback[0], t->callback[1], t->for_ever,
		     t->again, t->program ? t->program : "", t->at[0], t->at[1], rc, W.log);
	return !fake_wrongs;
}

static bool try(const struct layout *l, const struct fault *t)
{
	run_with(l, t);
	return check_undone(l, t);
}

/* Each call, once and from then on; each pair of calls; each callback and a call. */
static bool all_faults(const struct layout *l, uint32_t again)
{
	uint32_t calls, callbacks, points;

	if (!try(l, &(struct fault){ .again = again }))
		return false;
	calls = fake.calls;
	callbacks = W.callbacks;
	points = W.points;
	for (uint32_t a = 1; a <= calls; a++) {
		if (!try(l, &(struct fault){ .call = { a }, .for_ever = true, .again = again }))
			return false;
		for (uint32_t b = a; b <= 2 * calls; b++)
			if (!try(l,
				 &(struct fault){ .call = { a, b > a ? b : 0 }, .again = again }))
				return false;
	}
	for (uint32_t a = 1; a <= callbacks; a++)
		for (uint32_t b = 0; b <= calls; b++)
			if (!try(l, &(struct fault){
					    .callback = { a }, .call = { 0, b }, .again = again }))
				return false;
	for (uint32_t a = 1; a <= points; a++)
		if (!try(l, &(struct fault){ .cancel_at = a, .again = again }))
			return false;
	return true;
}

/* One call or callback refused, whoever makes it, and hotplug at up to two points. */
static bool all_mixed(const struct layout *l, const char *program, uint32_t again)
{
	struct fault t = { .program = program, .again = again };
	uint32_t calls, callbacks, points;

	if (!try(l, &t))
		return false;
	calls = fake.calls;
	callbacks = W.callbacks;
	points = W.points;
	for (uint32_t n = 1; n <= calls + callbacks; n++) {
		t.call[0] = n <= calls ? n : 0;
		t.callback[0] = n <= calls ? 0 : n - calls;
		for (t.at[0] = 1; t.at[0] <= points; t.at[0]++)
			for (t.at[1] = t.at[0]; t.at[1] <= points; t.at[1]++)
				if (!try(l, &t))
					return false;
	}
	return true;
}

static void faults(void)
{
	for (uint32_t l = 0; l < LAYOUTS; l++) {
		const char *name = layouts[l].name;
		bool good = true;

		ok(all_faults(&layouts[l], 0) && all_faults(&layouts[l], 2), "refusals: %s", name);
		for (uint32_t k = 0; k < PROGRAMS * 2 && good; k++)
			good = all_mixed(&layouts[l], programs[k / 2], k % 2);
		ok(good, "refusals while CPUs come and go: %s", name);
	}
}

int main(void)
{
	schedules();
	faults();
	diag("%" PRIu64 " runs", runs);
	return tap_done();
}
