/* SPDX-License-Identifier: MIT */
/*
 * Sets of queues: managed interrupts that hotplug stops and starts, and the override of their
 * masks. Above the library: it uses the public headers alone, and takes no locks.
 *
 * The claim. One word: CLAIMED, NOTE and who may go on (FOR_*). Only the claimer touches the
 * set, apart from this word and the administrator's two. A call that says FERRY_E_AGAIN leaves
 * the word CLAIMED with a FOR bit, and its successor takes that bit away; of two that try one
 * finds it. So:
 *
 *   free 0 ──cas──► CLAIMED ──and the bit away/or it in──► CLAIMED|FOR_x
 *
 * An enter is the OR of CLAIMED and NOTE, and three things can happen. The word was 0: the enter
 * has claimed the set, with a note to itself. It has FOR_HOTPLUG: a leave was given up or waits;
 * who takes that bit away, of several enters one, goes on in its place. Otherwise
 * somebody is at work, or between two calls, and the note stays with him.
 * Letting go is a compare-and-exchange of CLAIMED with 0, so it fails while a note is there. Then
 * the note is taken and *after that* each sleeping queue that has an online CPU is started.
 * NOTE is never without CLAIMED. No wake-up is lost: the CPU was online before the OR, the OR
 * came before the last successful compare-and-exchange or found the word 0 and claimed, and a
 * note is only taken by who looks at the queues afterwards. The loop there ends: each turn has
 * taken a note, and each note is a CPU that came.
 *
 * A leave against a start. The CPU is *leaving* before the claim is asked for. A start by an
 * earlier claimer may have aimed there; then the leave, which has the claim later, finds the
 * interrupt started without an online CPU and stops it. A start by a later one does not aim there.
 *
 * An interrupt whose stop has begun and not ended belongs to a claim that is kept: the override's,
 * the teardown's, or hotplug's, which is let go only once no stop is under way. One exception:
 * FERRY_E_NO_BOUND, where nothing more can be done; that one sleeps, stopped half.
 *
 * Invariants when nobody has the claim and the set has begun: a queue is blocked by hotplug if and
 * only if its interrupt is stopped (or half, see above), and by nothing else; its promises are
 * those of its mask.
 */
#include <irqferry/mq.h>

#if defined(__GNUC__)
#define NOINLINE __attribute__((noinline))
#else
#define NOINLINE
#endif

enum { /* ferry_mq.claim */
       CLAIMED = 1u << 0,
       NOTE = 1u << 1,
       FOR_STEP = 1u << 2,
       FOR_HOTPLUG = 1u << 3,
       FOR_START = 1u << 4,
       FOR_END = 1u << 5
};

enum {                     /* ferry_mq_queue.did */
       CHANGING = 1u << 0, /* it gets another mask */
       PROMISED = 1u << 1, /* `spare` is to be released */
       PREPARED = 1u << 2, /* commit or abort is owed */
       STOPPED = 1u << 3,  /* its stop has begun, at least */
       SWAPPED = 1u << 4   /* it has the new mask */
};

enum { /* ferry_mq.phase */
       PHASE_STOP = 0,
       PHASE_UNDO = 1
};

/* ---- the claim --------------------------------------------------------------------------- */

static bool claim(struct ferry_mq *mq)
{
	return ferry_host_cas(mq->ctx, &mq->claim, 0, CLAIMED);
}

/* The claim was kept for this kind of call, and is the caller's now. */
static bool pick_up(struct ferry_mq *mq, uint32_t bit)
{
	return (ferry_host_and(mq->ctx, &mq->claim, ~bit) & bit) != 0;
}

static int keep(struct ferry_mq *mq, uint32_t bits, int rc)
{
	ferry_host_or(mq->ctx, &mq->claim, bits);
	return rc;
}

/* A new piece of work has begun. */
static void forget(struct ferry_mq *mq)
{
	mq->result = FERRY_OK;
	mq->culprit = FERRY_NONE;
	mq->veto = 0;
}

static int blame(struct ferry_mq *mq, uint32_t n, int rc)
{
	mq->culprit = n;
	return rc;
}

/* What a call says that has not done it all. */
static int fail(struct ferry_mq *mq, int rc)
{
	if (rc != FERRY_OK && rc != FERRY_E_AGAIN)
		mq->result = rc;
	return rc;
}

/* ---- masks ------------------------------------------------------------------------------- */

#define MASK_HAS 1u    /* the CPU that was asked for is in the queue's mask */
#define MASK_ONLINE 2u /* one of it is online and staying */
#define MASK_SAME 4u   /* it is the mask that was asked for */

/* Words past the last CPU's, and bits, count for nothing. */
static uint64_t valid_word(const struct ferry_mq *mq, uint32_t w)
{
	uint32_t left = mq->cpus - w * 64;

	return left >= 64 ? ~0ull : (1ull << left) - 1;
}

static bool any_online(const struct ferry_mq *mq, uint64_t word, uint32_t first)
{
	for (; word; word &= word - 1)
		if (ferry_cpu_state(mq->f, first + (uint32_t)__builtin_ctzll(word)) ==
		    FERRY_CPU_ONLINE)
			return true;
	return false;
}

/* The only large thing on the stack, and never under a callback: 512 bytes. */
static NOINLINE uint32_t look_at(const struct ferry_mq *mq, uint32_t n, uint32_t cpu,
				 const uint64_t *mask)
{
	uint64_t now[FERRY_CPUS_MAX / 64] = { 0 };
	struct ferry_affinity a;
	uint32_t seen = mask ? MASK_SAME : 0;

	(void)ferry_irq_affinity(mq->f, mq->queues[n].irq, &a, now, NULL, NULL);
	for (uint32_t w = 0; w < (mq->cpus + 63) / 64; w++) {
		if (mask && ((mask[w] ^ now[w]) & valid_word(mq, w)))
			seen &= ~MASK_SAME;
		if (cpu / 64 == w && (now[w] >> (cpu % 64) & 1))
			seen |= MASK_HAS;
		if (!(seen & MASK_ONLINE) && any_online(mq, now[w], w * 64))
			seen |= MASK_ONLINE;
	}
	return seen;
}

/* ---- one queue --------------------------------------------------------------------------- */

static uint32_t blocked(const struct ferry_mq *mq, uint32_t n)
{
	return ferry_host_load(mq->ctx, &mq->queues[n].blocked);
}

/* No requests any more. A driver that makes its map in the callback sees that already. */
static int block(struct ferry_mq *mq, uint32_t n, uint32_t why)
{
	uint32_t was = blocked(mq, n);
	int rc;

	ferry_host_store(mq->ctx, &mq->queues[n].blocked, was | why);
	rc = was ? 0 : mq->ops->quiesce(mq->driver, n);
	if (!rc)
		return FERRY_OK;
	ferry_host_store(mq->ctx, &mq->queues[n].blocked, was);
	mq->veto = rc;
	return blame(mq, n, FERRY_E_VETO);
}

/* One reason less. With the last one its interrupt works, and it takes requests. */
static void unblock(struct ferry_mq *mq, uint32_t n, uint32_t why)
{
	uint32_t was = blocked(mq, n);

	ferry_host_store(mq->ctx, &mq->queues[n].blocked, was & ~why);
	if (was && !(was & ~why))
		mq->ops->resume(mq->driver, n);
}

/* Something else blocks it already: that is not looked at here. */
static void fall_asleep(struct ferry_mq *mq, uint32_t n, int reason)
{
	mq->queues[n].reason = reason;
	ferry_host_store(mq->ctx, &mq->queues[n].blocked, blocked(mq, n) | FERRY_MQ_BY_HOTPLUG);
}

/* *least is lowered to when this one wants to be seen again. */
static int stop(struct ferry_mq *mq, uint32_t n, uint64_t *least)
{
	uint64_t ns = 0;
	int rc = ferry_irq_stop(mq->f, mq->queues[n].irq, mq->stop_flags, &ns);

	if (rc == FERRY_E_AGAIN && ns < *least)
		*least = ns;
	return rc;
}

/* Its interrupt, which is stopped, works; or it is asleep. */
static int start(struct ferry_mq *mq, uint32_t n)
{
	int rc = ferry_irq_start(mq->f, mq->queues[n].irq);

	if (rc == FERRY_OK)
		unblock(mq, n, FERRY_MQ_BY_HOTPLUG);
	else
		fall_asleep(mq, n, rc);
	return rc;
}

static int say_when(uint64_t *wait_ns, uint64_t least, int rc)
{
	if (wait_ns)
		*wait_ns = rc == FERRY_E_AGAIN && least != UINT64_MAX ? least : 0;
	return rc;
}

/* ---- letting go -------------------------------------------------------------------------- */

#define LEFT_TO_START 1u /* a stop is under way that a start is to follow */
#define LEFT_TO_STOP 2u  /* another one, of a CPU that is still leaving */

static uint32_t wake(struct ferry_mq *mq, uint32_t n, uint64_t *least)
{
	bool online = look_at(mq, n, FERRY_NONE, NULL) & MASK_ONLINE;
	uint64_t never = UINT64_MAX;
	int rc = stop(mq, n, online ? least : &never);

	if (rc == FERRY_E_AGAIN)
		return online ? LEFT_TO_START : LEFT_TO_STOP;
	if (rc == FERRY_OK)
		rc = start(mq, n);
	else
		fall_asleep(mq, n, rc);
	if (rc != FERRY_OK && rc != FERRY_E_NO_CPU)
		(void)fail(mq, blame(mq, n, rc));
	return 0;
}

static uint32_t wake_all(struct ferry_mq *mq, uint64_t *least)
{
	uint32_t left = 0;

	for (uint32_t n = 0; mq->started && n < mq->nqueues; n++)
		if (blocked(mq, n) == FERRY_MQ_BY_HOTPLUG)
			left |= wake(mq, n, least);
	return left;
}

/* See the top. `bit`: FOR_HOTPLUG, whose claim is kept while a stop is under way, or 0. */
static int let_go(struct ferry_mq *mq, uint32_t bit, uint64_t *wait_ns)
{
	uint64_t least = UINT64_MAX;
	uint32_t left;

	while (!ferry_host_cas(mq->ctx, &mq->claim, CLAIMED, 0)) {
		ferry_host_and(mq->ctx, &mq->claim, ~(uint32_t)NOTE);
		left = wake_all(mq, &least);
		if (!bit || !left)
			continue;
		if (!(left & LEFT_TO_START))
			return keep(mq, bit, say_when(wait_ns, 0, FERRY_OK));
		return keep(mq, bit, say_when(wait_ns, least, FERRY_E_AGAIN));
	}
	return say_when(wait_ns, 0, FERRY_OK);
}

/* ... after a piece of work of which there is only `rc` to say. */
static int give_back(struct ferry_mq *mq, int rc)
{
	(void)let_go(mq, 0, NULL);
	return rc;
}

/* ---- the end ----------------------------------------------------------------------------- */

/* Of queues that all are blocked. */
static int stop_all(struct ferry_mq *mq, uint64_t *least)
{
	int rc = FERRY_OK;

	for (uint32_t n = 0; n < mq->nqueues; n++) {
		int one = stop(mq, n, least);

		if (one != FERRY_OK && (rc == FERRY_OK || rc == FERRY_E_AGAIN))
			rc = one == FERRY_E_AGAIN ? one : blame(mq, n, one);
	}
	return rc;
}

static int unmanage(struct ferry_mq *mq, uint32_t count)
{
	int rc = FERRY_OK;

	for (uint32_t n = count; n-- && mq->mode == FERRY_MQ_MANAGED;) {
		int one = ferry_irq_unmanage(mq->f, mq->queues[n].irq);

		if (one != FERRY_OK)
			rc = blame(mq, n, one);
	}
	return rc;
}

/* What ferry_mq_start() has begun, or ferry_mq_end() ends; `bit` is who goes on. */
static int take_down(struct ferry_mq *mq, uint32_t bit, uint64_t *wait_ns)
{
	uint64_t least = UINT64_MAX;
	int rc = stop_all(mq, &least), why = bit == FOR_START ? mq->result : FERRY_OK;

	if (rc != FERRY_OK) {
		if (bit == FOR_END)
			(void)fail(mq, rc);
		return keep(mq, bit, say_when(wait_ns, least, rc));
	}
	for (uint32_t n = 0; n < mq->nqueues; n++)
		ferry_host_store(mq->ctx, &mq->queues[n].blocked, FERRY_MQ_BY_END);
	mq->started = 0;
	rc = unmanage(mq, mq->nqueues);
	return give_back(mq, why != FERRY_OK ? why : fail(mq, rc));
}

/* Take all queues out of service; on a veto they are in it again. */
static int block_all(struct ferry_mq *mq)
{
	int rc = FERRY_OK;
	uint32_t n;

	for (n = 0; n < mq->nqueues && rc == FERRY_OK; n++)
		rc = block(mq, n, FERRY_MQ_BY_END);
	if (rc != FERRY_OK)
		for (n = 0; n < mq->nqueues; n++)
			unblock(mq, n, FERRY_MQ_BY_END);
	return rc;
}

int ferry_mq_end(struct ferry_mq *mq, uint64_t *wait_ns)
{
	int rc;

	(void)say_when(wait_ns, 0, FERRY_OK);
	if (pick_up(mq, FOR_END))
		return take_down(mq, FOR_END, wait_ns);
	if (!claim(mq))
		return FERRY_E_BUSY;
	if (!mq->started)
		return give_back(mq, FERRY_E_STATE);
	forget(mq);
	rc = block_all(mq);
	return rc == FERRY_OK ? take_down(mq, FOR_END, wait_ns) : give_back(mq, fail(mq, rc));
}

/* ---- the beginning ----------------------------------------------------------------------- */

static bool is_valid(const struct ferry_mq *mq)
{
	const struct ferry_mq_ops *o = mq->ops;

	return o && o->quiesce && o->resume && !o->prepare == !o->abort &&
	       !o->prepare == !o->commit && mq->f && mq->queues && mq->nqueues - 1 < 65535 &&
	       mq->cpus - 1 < FERRY_CPUS_MAX && mq->mode <= FERRY_MQ_INITIAL &&
	       !(mq->stop_flags & ~FERRY_FREE_QUIET);
}

static int manage(struct ferry_mq *mq, uint32_t n, const uint64_t *mask)
{
	struct ferry_mq_queue *q = &mq->queues[n];
	int rc;

	q->did = 0;
	q->reason = FERRY_OK;
	ferry_host_store(mq->ctx, &q->blocked, FERRY_MQ_BY_END);
	if (mq->mode == FERRY_MQ_INITIAL)
		return ferry_irq_aim(mq->f, q->irq, mask);
	/* In none, too: it may have been in one before. */
	rc = ferry_irq_share(mq->f, q->irq, mq->pool);
	return rc == FERRY_OK ? ferry_irq_manage(mq->f, q->irq, mask) : rc;
}

static int manage_all(struct ferry_mq *mq, const uint64_t *const *masks)
{
	for (uint32_t n = 0; n < mq->nqueues; n++) {
		int rc = manage(mq, n, masks[n]);

		if (rc != FERRY_OK) {
			(void)unmanage(mq, n);
			return blame(mq, n, rc);
		}
	}
	return FERRY_OK;
}

/* All, or the first error. */
static int start_all(struct ferry_mq *mq, uint32_t *asleep)
{
	for (uint32_t n = 0; n < mq->nqueues; n++) {
		int rc = start(mq, n);

		if (rc != FERRY_OK && rc != FERRY_E_NO_CPU)
			return blame(mq, n, rc);
		*asleep += rc == FERRY_E_NO_CPU;
	}
	return FERRY_OK;
}

int ferry_mq_start(struct ferry_mq *mq, const uint64_t *const *masks, uint32_t *asleep,
		   uint64_t *wait_ns)
{
	int rc;

	(void)say_when(wait_ns, 0, FERRY_OK);
	if (!is_valid(mq) || !masks || !asleep)
		return FERRY_E_INVALID;
	*asleep = 0;
	if (pick_up(mq, FOR_START))
		return take_down(mq, FOR_START, wait_ns);
	if (!claim(mq))
		return FERRY_E_BUSY;
	if (mq->started)
		return give_back(mq, FERRY_E_STATE);
	forget(mq);
	rc = manage_all(mq, masks);
	if (rc != FERRY_OK)
		return give_back(mq, fail(mq, rc));
	mq->result = start_all(mq, asleep);
	if (mq->result != FERRY_OK) {
		*asleep = 0;
		return take_down(mq, FOR_START, wait_ns);
	}
	mq->started = 1;
	for (uint32_t n = 0; n < mq->nqueues; n++)
		unblock(mq, n, FERRY_MQ_BY_END);
	return give_back(mq, FERRY_OK);
}

/* ---- the override: there ----------------------------------------------------------------- */

static bool is_canceled(const struct ferry_mq *mq)
{
	return ferry_host_load(mq->ctx, &mq->cancel) != 0;
}

static int promise_all(struct ferry_mq *mq, const uint64_t *const *masks)
{
	for (uint32_t n = 0; n < mq->nqueues; n++) {
		struct ferry_mq_queue *q = &mq->queues[n];
		int rc;

		q->did = 0;
		if (!masks[n] || (look_at(mq, n, FERRY_NONE, masks[n]) & MASK_SAME))
			continue;
		rc = ferry_spare_promise(mq->f, q->irq, masks[n], &q->spare);
		if (rc != FERRY_OK)
			return blame(mq, n, rc);
		q->did = CHANGING | PROMISED;
	}
	return FERRY_OK;
}

static int prepare_all(struct ferry_mq *mq, const uint64_t *const *masks)
{
	for (uint32_t n = 0; n < mq->nqueues; n++) {
		if (!(mq->queues[n].did & CHANGING))
			continue;
		mq->veto = mq->ops->prepare(mq->driver, n, masks[n]);
		if (mq->veto)
			return blame(mq, n, FERRY_E_VETO);
		mq->queues[n].did |= PREPARED;
		if (is_canceled(mq))
			return FERRY_E_CANCELED;
	}
	return FERRY_OK;
}

/* What is asleep is quiesced already. */
static int quiesce_all(struct ferry_mq *mq)
{
	for (uint32_t n = 0; n < mq->nqueues; n++) {
		int rc;

		if (!(mq->queues[n].did & CHANGING))
			continue;
		rc = block(mq, n, FERRY_MQ_BY_OVERRIDE);
		if (rc != FERRY_OK)
			return rc;
		if (is_canceled(mq))
			return FERRY_E_CANCELED;
	}
	return FERRY_OK;
}

static int stop_changing(struct ferry_mq *mq, uint64_t *least)
{
	bool again = false;

	for (uint32_t n = 0; n < mq->nqueues; n++) {
		int rc;

		if (!(mq->queues[n].did & CHANGING))
			continue;
		mq->queues[n].did |= STOPPED;
		rc = stop(mq, n, least);
		again = again || rc == FERRY_E_AGAIN;
		if (rc != FERRY_OK && rc != FERRY_E_AGAIN)
			return blame(mq, n, rc);
	}
	return again ? FERRY_E_AGAIN : FERRY_OK;
}

static int swap(struct ferry_mq *mq, uint32_t n)
{
	struct ferry_mq_queue *q = &mq->queues[n];
	int rc = ferry_spare_swap(mq->f, q->irq, &q->spare);

	if (rc == FERRY_OK)
		q->did ^= SWAPPED;
	return rc;
}

static int swap_changing(struct ferry_mq *mq)
{
	for (uint32_t n = 0; n < mq->nqueues; n++) {
		int rc = mq->queues[n].did & CHANGING ? swap(mq, n) : FERRY_OK;

		if (rc != FERRY_OK)
			return blame(mq, n, rc);
	}
	return FERRY_OK;
}

static int start_changing(struct ferry_mq *mq)
{
	for (uint32_t n = 0; n < mq->nqueues; n++) {
		int rc = mq->queues[n].did & CHANGING ? start(mq, n) : FERRY_OK;

		if (rc != FERRY_OK && rc != FERRY_E_NO_CPU)
			return blame(mq, n, rc);
	}
	return FERRY_OK;
}

/* Cancelling is looked for once more where all is stopped: the last way out. */
static int go_forward(struct ferry_mq *mq, uint64_t *least)
{
	int rc = is_canceled(mq) ? FERRY_E_CANCELED : stop_changing(mq, least);

	if (rc == FERRY_OK && is_canceled(mq))
		rc = FERRY_E_CANCELED;
	if (rc == FERRY_OK)
		rc = swap_changing(mq);
	return rc == FERRY_OK ? start_changing(mq) : rc;
}

/* ---- the override: and back -------------------------------------------------------------- */

/* Its mask is the old one again, or it can't be stopped for that. */
static void swap_back(struct ferry_mq *mq, uint32_t n, uint64_t *least)
{
	int rc = stop(mq, n, least);

	if (rc == FERRY_OK && (mq->queues[n].did & SWAPPED))
		rc = swap(mq, n);
	if (rc == FERRY_OK)
		return;
	mq->queues[n].did &= ~(uint32_t)STOPPED;
	fall_asleep(mq, n, rc);
}

/* The interrupts whose stop has begun are stopped, get their old masks, and start. */
static int go_back(struct ferry_mq *mq, uint64_t *least)
{
	bool again = false;

	for (uint32_t n = 0; n < mq->nqueues; n++)
		if ((mq->queues[n].did & STOPPED) && stop(mq, n, least) == FERRY_E_AGAIN)
			again = true;
	if (again)
		return FERRY_E_AGAIN;
	for (uint32_t n = 0; n < mq->nqueues; n++)
		if (mq->queues[n].did & STOPPED)
			swap_back(mq, n, least);
	for (uint32_t n = 0; n < mq->nqueues; n++)
		if (mq->queues[n].did & STOPPED)
			(void)start(mq, n);
	return FERRY_OK;
}

/* Places of the masks that are not in use: all errors before have been dealt with. */
static int release_all(struct ferry_mq *mq)
{
	int rc = FERRY_OK;

	for (uint32_t n = mq->nqueues; n--;) {
		struct ferry_mq_queue *q = &mq->queues[n];

		if ((q->did & PROMISED) && ferry_spare_release(mq->f, q->irq, &q->spare))
			rc = blame(mq, n, FERRY_E_BUG);
		q->did = 0;
	}
	return rc;
}

/* Each queue as it is now: with its new mask, or with its old one. */
static int finish(struct ferry_mq *mq)
{
	int rc;

	for (uint32_t n = 0; n < mq->nqueues; n++) {
		if (!(mq->queues[n].did & SWAPPED))
			continue;
		mq->queues[n].did &= ~(uint32_t)PREPARED;
		mq->ops->commit(mq->driver, n);
	}
	for (uint32_t n = 0; n < mq->nqueues; n++)
		unblock(mq, n, FERRY_MQ_BY_OVERRIDE);
	for (uint32_t n = mq->nqueues; n--;)
		if (mq->queues[n].did & PREPARED)
			mq->ops->abort(mq->driver, n);
	rc = release_all(mq);
	if (mq->result == FERRY_OK) {
		ferry_host_add(mq->ctx, &mq->generation, 1);
		mq->result = rc;
	}
	return give_back(mq, mq->result);
}

/* ---- the override: calls ----------------------------------------------------------------- */

void ferry_mq_allow(struct ferry_mq *mq, bool allowed)
{
	ferry_host_store(mq->ctx, &mq->allowed, allowed);
}

void ferry_mq_cancel(struct ferry_mq *mq)
{
	ferry_host_store(mq->ctx, &mq->cancel, 1);
}

static int begin(struct ferry_mq *mq, const uint64_t *const *masks)
{
	int rc = promise_all(mq, masks);

	if (rc == FERRY_OK)
		rc = prepare_all(mq, masks);
	return rc == FERRY_OK ? quiesce_all(mq) : rc;
}

int ferry_mq_override(struct ferry_mq *mq, const uint64_t *const *masks)
{
	if (!mq->ops || !mq->ops->prepare || mq->mode != FERRY_MQ_MANAGED ||
	    !ferry_host_load(mq->ctx, &mq->allowed))
		return FERRY_E_MANAGED;
	if (!masks)
		return FERRY_E_INVALID;
	if (!claim(mq))
		return FERRY_E_BUSY;
	if (!mq->started)
		return give_back(mq, FERRY_E_STATE);
	forget(mq);
	ferry_host_store(mq->ctx, &mq->cancel, 0);
	mq->phase = PHASE_STOP;
	mq->result = begin(mq, masks);
	if (mq->result != FERRY_OK)
		return finish(mq);
	return keep(mq, FOR_STEP, FERRY_OK);
}

int ferry_mq_step(struct ferry_mq *mq, uint64_t *wait_ns)
{
	uint64_t least = UINT64_MAX;
	int rc = FERRY_OK;

	(void)say_when(wait_ns, 0, FERRY_OK);
	if (!pick_up(mq, FOR_STEP))
		return FERRY_E_STATE;
	if (mq->phase == PHASE_STOP) {
		rc = go_forward(mq, &least);
		if (rc != FERRY_OK && rc != FERRY_E_AGAIN) {
			mq->phase = PHASE_UNDO;
			mq->result = rc;
		}
	}
	if (mq->phase == PHASE_UNDO)
		rc = go_back(mq, &least);
	if (rc == FERRY_E_AGAIN)
		return keep(mq, FOR_STEP, say_when(wait_ns, least, rc));
	return finish(mq);
}

/* ---- hotplug ----------------------------------------------------------------------------- */

/* The queues that only `cpu` served. The first that can't is the end, for now. */
static int put_to_sleep(struct ferry_mq *mq, uint32_t cpu, uint64_t *least)
{
	bool again = false;

	for (uint32_t n = 0; mq->started && n < mq->nqueues; n++) {
		int rc;

		if ((look_at(mq, n, cpu, NULL) & (MASK_HAS | MASK_ONLINE)) != MASK_HAS)
			continue;
		rc = blocked(mq, n) ? FERRY_OK : block(mq, n, FERRY_MQ_BY_HOTPLUG);
		if (rc != FERRY_OK)
			return rc;
		mq->queues[n].reason = FERRY_E_NO_CPU;
		rc = stop(mq, n, least);
		again = again || rc == FERRY_E_AGAIN;
		if (rc != FERRY_OK && rc != FERRY_E_AGAIN) {
			mq->queues[n].reason = rc;
			return blame(mq, n, rc);
		}
	}
	return again ? FERRY_E_AGAIN : FERRY_OK;
}

int ferry_mq_leave(struct ferry_mq *mq, uint32_t cpu, uint64_t *wait_ns)
{
	uint64_t least = UINT64_MAX;
	int rc;

	(void)say_when(wait_ns, 0, FERRY_OK);
	if (cpu >= mq->cpus)
		return FERRY_E_INVALID;
	if (ferry_cpu_state(mq->f, cpu) != FERRY_CPU_LEAVING)
		return FERRY_E_STATE;
	if (mq->mode == FERRY_MQ_INITIAL)
		return FERRY_OK;
	if (!pick_up(mq, FOR_HOTPLUG) && !claim(mq))
		return FERRY_E_AGAIN;
	rc = put_to_sleep(mq, cpu, &least);
	if (fail(mq, rc) != FERRY_OK)
		return keep(mq, FOR_HOTPLUG, say_when(wait_ns, least, rc));
	/* Another CPU's leave may not be over: look at all once, as after an enter. */
	ferry_host_or(mq->ctx, &mq->claim, NOTE);
	return let_go(mq, FOR_HOTPLUG, wait_ns);
}

int ferry_mq_enter(struct ferry_mq *mq, uint64_t *wait_ns)
{
	uint32_t was = ferry_host_or(mq->ctx, &mq->claim, CLAIMED | NOTE);

	if (!was || pick_up(mq, FOR_HOTPLUG))
		return let_go(mq, FOR_HOTPLUG, wait_ns);
	return say_when(wait_ns, 0, FERRY_OK);
}

/* ---- looking ----------------------------------------------------------------------------- */

/* The queue that takes requests and has `place` such before it; FERRY_NONE if there are fewer. */
static uint32_t nth_running(const struct ferry_mq *mq, uint32_t place)
{
	for (uint32_t n = 0; n < mq->nqueues; n++)
		if (!blocked(mq, n) && !place--)
			return n;
	return FERRY_NONE;
}

uint32_t ferry_mq_queue_for(const struct ferry_mq *mq, uint32_t cpu)
{
	uint32_t running = 0;

	for (uint32_t n = 0; n < mq->nqueues; n++) {
		if (blocked(mq, n))
			continue;
		if (look_at(mq, n, cpu, NULL) & MASK_HAS)
			return n;
		running++;
	}
	return running ? nth_running(mq, cpu % running) : FERRY_NONE;
}

/* The CPUs of its mask that nobody serves yet. As look_at(): large. */
static NOINLINE void serve(const struct ferry_mq *mq, uint32_t n, uint32_t *map)
{
	uint64_t now[FERRY_CPUS_MAX / 64] = { 0 };
	struct ferry_affinity a;

	(void)ferry_irq_affinity(mq->f, mq->queues[n].irq, &a, now, NULL, NULL);
	for (uint32_t w = 0; w < (mq->cpus + 63) / 64; w++)
		for (uint64_t word = now[w] & valid_word(mq, w); word; word &= word - 1) {
			uint32_t cpu = w * 64 + (uint32_t)__builtin_ctzll(word);

			if (map[cpu] == FERRY_NONE)
				map[cpu] = n;
		}
}

void ferry_mq_map(const struct ferry_mq *mq, uint32_t *map)
{
	uint32_t running = 0, place = 0;

	for (uint32_t c = 0; c < mq->cpus; c++)
		map[c] = FERRY_NONE;
	for (uint32_t n = 0; n < mq->nqueues; n++) {
		if (blocked(mq, n))
			continue;
		serve(mq, n, map);
		running++;
	}
	for (uint32_t n = 0; n < mq->nqueues && place < running; n++) {
		if (blocked(mq, n))
			continue;
		for (uint32_t c = place++; c < mq->cpus; c += running)
			if (map[c] == FERRY_NONE)
				map[c] = n;
	}
}
