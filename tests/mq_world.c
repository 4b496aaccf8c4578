/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "tests/mq_world.h"
#include "tests/tap.h"

struct world W;

/* " q0" and the like: a letter of a callback is small, of a call below great. */
static void log_event(char what, uint32_t n)
{
	if (W.logged + 4 > sizeof(W.log))
		return;
	W.log[W.logged++] = ' ';
	W.log[W.logged++] = what;
	W.log[W.logged++] = (char)('0' + n % 10);
}

/* ---- points ---------------------------------------------------------------------------- */

static void call(enum who who);

static void check_always(void)
{
	for (uint32_t n = 0; n < W.mq.nqueues; n++)
		if (W.driver[n].takes && !fake_running(n))
			fake_wrong("a queue takes requests, and its interrupt is stopped", n);
}

static void point(void)
{
	enum who was = W.running;

	check_always();
	if (W.nested)
		return;
	W.points++;
	for (uint32_t k = 0; k < POINTS; k++) {
		if (W.at[k] != W.points || W.then[k] == was)
			continue;
		W.nested = true;
		call(W.then[k]);
		W.nested = false;
		W.running = was;
	}
}

/* ---- the driver ------------------------------------------------------------------------- */

static void enter_callback(char what, uint32_t n)
{
	if (W.inside)
		fake_wrong("two callbacks at a time", n);
	if (n >= W.mq.nqueues)
		bail("no such queue");
	W.inside = true;
	log_event(what, n);
	point();
}

static void leave_callback(void)
{
	W.inside = false;
}

static int refuses(void)
{
	W.callbacks++;
	return W.callbacks == W.refuse[0] || W.callbacks == W.refuse[1] ? -5 : 0;
}

/* Bits 0 .. 6, and CPU 65 as bit 7. */
static uint64_t fold(const uint64_t *mask)
{
	return (mask[0] & 0x7f) | (mask[1] >> 1 & 1) << 7;
}

static int quiesce(void *driver, uint32_t n)
{
	struct driver_queue *q = &W.driver[n];
	int rc;

	if (driver != &W)
		bail("whose driver?");
	if (!q->takes)
		fake_wrong("quiesced twice", n);
	if (!fake_running(n))
		fake_wrong("quiesced after its interrupt was stopped", n);
	if (ferry_mq_queue_for(&W.mq, 0) == n)
		fake_wrong("a queue that is quiesced is said to take requests", n);
	enter_callback('q', n);
	rc = refuses();
	if (!rc)
		q->takes = false;
	W.quiesces += !rc;
	leave_callback();
	return rc;
}

static void resume(void *driver, uint32_t n)
{
	(void)driver;
	if (W.driver[n].takes)
		fake_wrong("resumed twice", n);
	if (!fake_running(n))
		fake_wrong("resumed, and its interrupt is stopped", n);
	if (W.queues[n].blocked.value)
		fake_wrong("resumed, and something blocks it", n);
	if (W.driver[n].resources != fold(fake.irq[n].mask.w))
		fake_wrong("resumed, and the driver serves another mask", n);
	enter_callback('r', n);
	W.driver[n].takes = true;
	W.resumes++;
	leave_callback();
}

static int prepare(void *driver, uint32_t n, const uint64_t *mask)
{
	int rc;

	(void)driver;
	if (W.driver[n].prepared || W.override_ended)
		fake_wrong("prepared twice, or too late", n);
	enter_callback('p', n);
	rc = refuses();
	if (!rc) {
		W.driver[n].prepared = true;
		W.driver[n].prepared_for = fold(mask);
		W.prepared++;
	}
	W.prepares += !rc;
	leave_callback();
	return rc;
}

static void end_prepared(char what, uint32_t n)
{
	if (!W.driver[n].prepared)
		fake_wrong("was never prepared", n);
	W.override_ended = true;
	enter_callback(what, n);
	W.driver[n].prepared = false;
	if (!--W.prepared)
		W.override_ended = false;
	leave_callback();
}

static void abort_one(void *driver, uint32_t n)
{
	(void)driver;
	for (uint32_t k = n + 1; k < W.mq.nqueues; k++)
		if (W.driver[k].prepared)
			fake_wrong("aborted before one that was prepared later", n);
	end_prepared('a', n);
	W.driver[n].prepared_for = W.driver[n].resources;
	W.aborts++;
}

static void commit(void *driver, uint32_t n)
{
	(void)driver;
	if (fold(fake.irq[n].mask.w) != W.driver[n].prepared_for)
		fake_wrong("committed, and it has not got the mask", n);
	if (W.driver[n].takes)
		fake_wrong("committed while it takes requests", n);
	end_prepared('c', n);
	W.driver[n].resources = W.driver[n].prepared_for;
	W.commits++;
}

static const struct ferry_mq_ops ops = {
	.quiesce = quiesce,
	.resume = resume,
	.prepare = prepare,
	.abort = abort_one,
	.commit = commit,
};

/* ---- actors ------------------------------------------------------------------------------ */

uint64_t const *world_mask(uint8_t bits, struct fake_mask *memory)
{
	memory->w[0] = bits & 0x7f;
	/* The last word has bits of no CPU, too. */
	memory->w[1] = (uint64_t)(bits >> 7) << 1 | 1ull << 40;
	return bits ? memory->w : NULL;
}

static void masks_of(const uint8_t *bits, struct fake_mask *memory, const uint64_t **masks)
{
	for (uint32_t n = 0; n < QUEUES; n++)
		masks[n] = world_mask(bits[n], &memory[n]);
}

static void end_actor(struct actor *a, int result)
{
	a->result = result;
	a->done = true;
}

static void call_override(struct actor *a)
{
	struct fake_mask memory[QUEUES];
	const uint64_t *masks[QUEUES];
	uint64_t ns = 77;
	int rc;

	if (!a->begun) {
		masks_of(W.layout->after, memory, masks);
		rc = ferry_mq_override(&W.mq, masks);
		memset(memory, 0x5a, sizeof(memory)); /* may go now */
		a->begun = rc == FERRY_OK;
		if (rc == FERRY_E_BUSY && W.nested)
			return; /* tries again */
		if (rc != FERRY_OK)
			end_actor(a, rc);
		return;
	}
	rc = ferry_mq_step(&W.mq, &ns);
	if (rc == FERRY_E_AGAIN && (ns < 100 || ns >= 100 + FAKE_IRQS))
		fake_wrong("no time to wait", (uint32_t)ns);
	if (rc != FERRY_E_AGAIN)
		end_actor(a, rc);
}

static uint32_t online_but(uint32_t cpu)
{
	uint32_t count = 0;

	for (uint32_t c = 0; c < FAKE_CPUS; c++)
		count += c != cpu && fake.cpu[c] == FERRY_CPU_ONLINE;
	return count;
}

static void next(struct actor *a)
{
	W.program += 2;
	W.once = W.entering = false;
	if (!*W.program)
		end_actor(a, FERRY_OK);
}

static void call_enter(struct actor *a)
{
	uint64_t ns;

	W.entering = true;
	if (ferry_mq_enter(&W.mq, &ns) == FERRY_OK)
		next(a);
}

static void begin_leave(struct actor *a, uint32_t cpu)
{
	if (fake.cpu[cpu] != FERRY_CPU_ONLINE || !online_but(cpu)) {
		next(a);
		return;
	}
	fake.cpu[cpu] = FERRY_CPU_LEAVING;
	(void)!ferry_mq_leave(&W.mq, cpu, NULL);
	next(a);
}

static void finish_leave(struct actor *a, uint32_t cpu)
{
	uint64_t ns;
	int rc;

	if (fake.cpu[cpu] != FERRY_CPU_LEAVING) {
		next(a);
		return;
	}
	rc = ferry_mq_leave(&W.mq, cpu, &ns);
	if (rc == FERRY_OK) {
		for (uint32_t n = 0; n < W.mq.nqueues; n++)
			if (!fake_online(&fake.irq[n].mask) &&
			    (fold(fake.irq[n].mask.w) & (cpu == 65 ? 0x80 : 1u << cpu)) &&
			    fake.irq[n].state != FERRY_STOPPED && W.mq.claim.value == 0)
				fake_wrong("left, and an interrupt has no other CPU", n);
		fake.cpu[cpu] = FERRY_CPU_OFFLINE;
		next(a);
	} else if (rc != FERRY_E_AGAIN) {
		fake.cpu[cpu] = FERRY_CPU_ONLINE;
		call_enter(a);
	}
}

static void call_hotplug(struct actor *a)
{
	uint32_t cpu = W.program[1] == '7' ? 65 : (uint32_t)W.program[1] - '0';

	if (W.entering) {
		call_enter(a);
		return;
	}
	switch (W.program[0]) {
	case 'b':
		begin_leave(a, cpu);
		break;
	case 'f':
		finish_leave(a, cpu);
		break;
	case 'r':
	case 'E':
		if (fake.cpu[cpu] !=
		    (W.program[0] == 'E' ? FERRY_CPU_OFFLINE : FERRY_CPU_LEAVING)) {
			next(a);
			return;
		}
		fake.cpu[cpu] = FERRY_CPU_ONLINE;
		call_enter(a);
		break;
	default:
		bail("no such instruction: %s", W.program);
	}
}

/* Everybody else's call while somebody works on the set. Not between the calls of a set that
 * nobody has claimed: there these would be done. */
static void call_intruder(struct actor *a)
{
	const uint64_t *masks[QUEUES] = { NULL };
	uint32_t asleep;

	end_actor(a, FERRY_OK);
	if (!W.mq.claim.value)
		return;
	if (ferry_mq_override(&W.mq, masks) != FERRY_E_BUSY)
		fake_wrong("an override of a claimed set", 0);
	if (W.inside && ferry_mq_step(&W.mq, NULL) != FERRY_E_STATE)
		fake_wrong("a step in a callback", 0);
	if (W.inside && ferry_mq_end(&W.mq, NULL) != FERRY_E_BUSY)
		fake_wrong("the end of a claimed set", 0);
	if (W.inside && ferry_mq_start(&W.mq, masks, &asleep, NULL) != FERRY_E_BUSY)
		fake_wrong("the beginning of a claimed set", 0);
}

static void call_begin(struct actor *a)
{
	struct fake_mask memory[QUEUES];
	const uint64_t *masks[QUEUES];
	uint32_t asleep;
	int rc;

	masks_of(W.layout->before, memory, masks);
	rc = ferry_mq_start(&W.mq, masks, &asleep, NULL);
	if (rc != FERRY_E_AGAIN)
		end_actor(a, rc);
}

static void call_end(struct actor *a)
{
	int rc = ferry_mq_end(&W.mq, NULL);

	if (rc != FERRY_E_AGAIN && rc != FERRY_E_BUSY)
		end_actor(a, rc);
}

static void call(enum who who)
{
	struct actor *a = &W.actors[who];

	if (!a->taking_part || a->done)
		return;
	W.running = who;
	if (who == OVERRIDE)
		call_override(a);
	else if (who == HOTPLUG)
		call_hotplug(a);
	else if (who == INTRUDER)
		call_intruder(a);
	else if (who == BEGIN)
		call_begin(a);
	else if (who == END)
		call_end(a);
	if (who == CANCEL) {
		ferry_mq_cancel(&W.mq);
		end_actor(a, FERRY_OK);
	}
}

/* ---- runs ---------------------------------------------------------------------------------- */

void world_begin(const struct layout *layout)
{
	fake_begin();
	memset(&W, 0, sizeof(W));
	W.layout = layout;
	W.mq = (struct ferry_mq){
		.f = &fake,
		.ops = &ops,
		.driver = &W,
		.queues = W.queues,
		.nqueues = layout->queues,
		.cpus = FAKE_CPUS,
	};
	for (uint32_t n = 0; n < layout->queues; n++) {
		struct fake_mask all;

		W.queues[n].irq = n;
		W.driver[n].resources = W.driver[n].prepared_for =
			world_mask(layout->before[n], &all) ? fold(all.w) : 0xff;
	}
	for (uint32_t c = 0; c < 7; c++)
		fake.cpu[c] = layout->online >> c & 1;
	fake.cpu[65] = layout->online >> 7;
	fake.point = point;
	fake.log = log_event;
	ferry_mq_allow(&W.mq, true);
}

void world_start(void)
{
	W.actors[BEGIN].taking_part = true;
	W.nested = true; /* no points */
	for (uint32_t n = 0; n < 10 && !W.actors[BEGIN].done; n++)
		call(BEGIN);
	if (!W.actors[BEGIN].done || W.actors[BEGIN].result != FERRY_OK)
		bail("the set does not begin: %d", W.actors[BEGIN].result);
	W.nested = false;
	W.points = 0;
	W.callbacks = 0;
	memset(W.log, 0, sizeof(W.log));
	W.logged = 0;
	fake.calls = 0;
	W.resumes = W.quiesces = 0;
}

/* One more call of each that is not done; is anybody? */
static bool one_round(enum who first)
{
	bool again = false;

	for (uint32_t k = 0; k < WHO_COUNT; k++) {
		enum who who = (enum who)((k + (uint32_t)first) % WHO_COUNT);

		call(who);
		again = again || (W.actors[who].taking_part && !W.actors[who].done);
	}
	return again;
}

void world_run(enum who first)
{
	uint32_t n;

	for (n = 0; n < 100 && W.actors[first].taking_part && !W.actors[first].done; n++) {
		call(first);
		point();
		/* A claim that another one keeps between its calls. */
		if (n > 50)
			(void)one_round(first);
	}
	for (n = 0; n < 100 && one_round(first); n++)
		;
	if (n == 100)
		fake_wrong("it never ends", 0);
}

void world_heal(void)
{
	fake.fail_at[0] = fake.fail_at[1] = 0;
	fake.failing = NULL;
	memset(W.refuse, 0, sizeof(W.refuse));
	memset(W.at, 0, sizeof(W.at));
	fake.again = 0;
	W.mq.stop_flags = FERRY_FREE_QUIET;
	for (uint32_t n = 0; n < 10; n++)
		if (ferry_mq_enter(&W.mq, NULL) == FERRY_OK)
			return;
	fake_wrong("an enter never ends", 0);
}

void world_look(struct snapshot *s)
{
	memset(s, 0, sizeof(*s));
	for (uint32_t n = 0; n < W.mq.nqueues; n++) {
		s->masks[n] = fake.irq[n].mask;
		s->state[n] = fake.irq[n].state;
		s->managed[n] = fake.irq[n].managed;
		s->blocked[n] = W.queues[n].blocked.value;
		s->takes[n] = W.driver[n].takes;
		s->resources[n] = W.driver[n].resources;
	}
	s->generation = W.mq.generation.value;
}

static void check_queue(uint32_t n)
{
	const struct fake_irq *i = &fake.irq[n];
	const struct driver_queue *q = &W.driver[n];
	uint32_t should = fake_online(&i->mask) ? FERRY_SETTLED : FERRY_STOPPED;

	if (i->state != should)
		fake_wrong(should == FERRY_SETTLED ? "asleep, and a CPU is there" :
						     "started without a CPU",
			   n);
	if (i->starts - i->stops != (i->state == FERRY_SETTLED))
		fake_wrong("starts and stops do not pair", n);
	if (q->takes != (i->state == FERRY_SETTLED))
		fake_wrong(q->takes ? "takes requests" : "takes no requests", n);
	if (W.queues[n].blocked.value != (q->takes ? 0 : FERRY_MQ_BY_HOTPLUG))
		fake_wrong("blocked", W.queues[n].blocked.value);
	if (i->managed != (W.mq.mode == FERRY_MQ_MANAGED))
		fake_wrong("not managed", n);
	if (i->spare && !fake.leaked)
		fake_wrong("places of a mask that it has not got are promised", n);
	if (q->prepared)
		fake_wrong("prepared, and neither aborted nor committed", n);
	if (q->resources != fold(i->mask.w))
		fake_wrong("the driver serves another mask", n);
	if (W.queues[n].did)
		fake_wrong("the override has left something", W.queues[n].did);
}

void world_check_rest(void)
{
	if (W.mq.claim.value)
		fake_wrong("still claimed", W.mq.claim.value);
	if (W.prepares != W.aborts + W.commits)
		fake_wrong("callbacks do not pair", W.prepares);
	for (uint32_t n = 0; n < W.mq.nqueues; n++)
		check_queue(n);
}
