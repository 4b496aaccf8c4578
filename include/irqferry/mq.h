/* SPDX-License-Identifier: MIT */
/*
 * mq.h: devices with several queues, each with an interrupt of its own: the layer between
 * drivers and managed.h, which all drivers share. It knows no hardware.
 *
 * A *set* is the queues of one device. Their interrupts are managed: each is stopped when the
 * last CPU of its mask leaves, its queue drained before, and started exactly once when the
 * first returns. And they may be *overridden* (seed 003, option 3): another mask for each of some
 * queues, all of them or none, if the driver takes part (`prepare`, `abort`, `commit`) and
 * the administrator has allowed it (ferry_mq_allow; off at first).
 *
 *     claim → promise new∖old → prepare (may veto) → quiesce → stop → swap → start → commit →
 *     resume → give up old∖new → unclaim
 *
 * Where no CPU of the new mask is online the interrupt stays stopped, and hotplug starts it. A
 * refusal, a veto, ferry_mq_cancel() before the swap, a start that fails: everything is as
 * before, and the call says why.
 *
 * Concurrency. Who works on a set has *claimed* it: an override, a CPU that leaves, a start, a
 * teardown. Nobody waits for a claim: an override of a claimed set is FERRY_E_BUSY, a CPU's
 * leave is told FERRY_E_AGAIN, an enter leaves a note that the claimer acts on before it lets go.
 * A claim is kept between the calls of what says FERRY_E_AGAIN: so go on until it does not.
 * All callbacks of a set are made by its claimer, so they never overlap. Callbacks are
 * made without locks, in thread context, and may sleep. They may call this header (and are
 * told that the set is claimed). Deadlock: an override waits only for
 * queues to drain and for handlers, which need the old CPUs to go on serving; they do, because a
 * CPU that leaves is told to come again. Hotplug waits for nobody.
 *
 * Lock order: none are taken here; calls of ferry.h and managed.h take theirs.
 */
#ifndef IRQFERRY_MQ_H
#define IRQFERRY_MQ_H

#include <irqferry/host.h>
#include <irqferry/managed.h>

/* What a driver does. `driver` is its own, `queue` an index into the set's queues. A queue
 * begins quiesced; from then on resume and quiesce alternate. */
struct ferry_mq_ops {
	/* Let no request into the queue any more, and return when none is in flight: each has been
	 * completed through its interrupt, which still works. 0, or a negative value of the
	 * driver's own: it could not; then the queue takes requests as before, and who has made a
	 * map without it puts back the old one first. */
	int (*quiesce)(void *driver, uint32_t queue);
	/* The queue's interrupt works: let requests in (again). */
	void (*resume)(void *driver, uint32_t queue);

	/* The override; all three or none. */

	/* Get what is needed to serve the queue from the CPUs of `mask` (memory on their node, a
	 * new mapping ...), which is as ferry_mq_override() got it: bits past the last CPU mean
	 * nothing. Nothing takes effect yet. 0, or a negative value: veto. */
	int (*prepare)(void *driver, uint32_t queue, const uint64_t *mask);
	/* It will not be: free what prepare got. Only for queues whose prepare returned 0. */
	void (*abort)(void *driver, uint32_t queue);
	/* It has been done: what prepare got takes effect, what was there before is freed. Called
	 * also where the interrupt stays stopped. Before resume. */
	void (*commit)(void *driver, uint32_t queue);
};

enum ferry_mq_mode {
	FERRY_MQ_MANAGED = 0,
	/* For drivers that only want a good beginning (seed 003, option 1): the masks are where
	 * the interrupts start; then they are ordinary ones, anybody may move them, a CPU
	 * that leaves breaks their affinity. One without an online CPU at the beginning sleeps
	 * until one comes, like a managed one. */
	FERRY_MQ_INITIAL = 1
};

/* One queue. The caller's memory; `irq` is the caller's to set, the rest the library's. */
struct ferry_mq_queue {
	uint32_t irq;
	ferry_atomic blocked; /* why it takes no requests: FERRY_MQ_BY_*; 0: it does */
	int32_t reason;       /* why its interrupt is stopped, while it is asleep: a status */
	uint32_t did;         /* what the override has done with it; the claimer's */
	struct ferry_spare spare;
};
#define FERRY_MQ_BY_OVERRIDE 1u /* one is under way */
#define FERRY_MQ_BY_HOTPLUG 2u  /* asleep: its interrupt is stopped until a CPU comes */
#define FERRY_MQ_BY_END 4u      /* the set has not begun, or ends */

struct ferry_mq {
	/* The caller's, before ferry_mq_start(); constant afterwards. */
	struct ferry *f;
	void *ctx; /* ferry_config.ctx */
	const struct ferry_mq_ops *ops;
	void *driver;
	struct ferry_mq_queue *queues;
	uint32_t nqueues; /* 1 .. 65535 */
	uint32_t cpus;    /* ferry_config.cpus */
	uint8_t mode;     /* enum ferry_mq_mode */
	/* The device sends nothing for a queue once that is quiesced, and what it sent has
	 * arrived: FERRY_FREE_QUIET, or 0. Needed where the machine has no drain bound. May be
	 * set later, after FERRY_E_NO_BOUND. */
	uint8_t stop_flags;
	uint16_t pool; /* ferry_irq_share(), or 0 */

	/* The library's; zero before. */
	ferry_atomic claim;      /* whether somebody works on it, and a note for him */
	ferry_atomic allowed;    /* ferry_mq_allow() */
	ferry_atomic cancel;     /* ferry_mq_cancel() */
	ferry_atomic generation; /* overrides that took effect */
	uint32_t phase;          /* of the override; the claimer's */
	uint32_t started;
	/* Of the last call that had the set and failed, until the next one fails or begins; or an
	 * interrupt that was to be woken and could not be started: */
	int32_t result;   /* why */
	uint32_t culprit; /* the queue, or FERRY_NONE */
	int32_t veto;     /* FERRY_E_VETO: what the driver returned */
};

/*
 * Begin: the interrupts (stopped, made with FERRY_SOURCE_STOPPED or FERRY_GIC_STOPPED) become
 * managed with masks[0 .. nqueues-1] (each null: all CPUs), each is started, and when all are,
 * the queues are resumed. One without an online CPU in its mask stays stopped ("asleep") until
 * one comes; *asleep, which may not be null, is how many: to be reported by the caller, for
 * nobody may know otherwise that such a queue has never worked.
 * Context: thread. FERRY_OK; FERRY_E_NO_SPACE and other errors of ferry_irq_manage() and
 * ferry_irq_start(), all undone (FERRY_MQ_INITIAL: they stay aimed); FERRY_E_AGAIN: it is being
 * undone: call again, *wait_ns (may be null) says when; FERRY_E_NO_BOUND: that can't end: set
 * stop_flags once the device is quiet, and call again. FERRY_E_STATE (has begun), FERRY_E_BUSY,
 * FERRY_E_INVALID (no quiesce or resume, some but not all of prepare, abort, commit ...).
 */
FERRY_MUST_USE int ferry_mq_start(struct ferry_mq *mq, const uint64_t *const *masks,
				  uint32_t *asleep, uint64_t *wait_ns);

/*
 * End: quiesce, stop, unmanage. Afterwards the interrupts are stopped, to be freed or started
 * anew. Context: thread. FERRY_OK; FERRY_E_AGAIN (*wait_ns, may be null): call again;
 * FERRY_E_BUSY; FERRY_E_VETO (quiesce failed: the set goes on); FERRY_E_NO_BOUND: it can't
 * end: set stop_flags once the device is quiet, and call again; FERRY_E_STATE (not begun).
 */
FERRY_MUST_USE int ferry_mq_end(struct ferry_mq *mq, uint64_t *wait_ns);

/* The administrator's knob: may this set be overridden? Off at first. Context: any. */
void ferry_mq_allow(struct ferry_mq *mq, bool allowed);

/*
 * Override: masks[q] is what queue q shall have; a null entry: it keeps what it has, and is not
 * disturbed, as one whose mask is the same. Claims, promises, prepares and quiesces; then call
 * ferry_mq_step() until it does not say FERRY_E_AGAIN.
 * Context: thread; the masks may go when this returns.
 * FERRY_OK: begun; FERRY_E_MANAGED: not allowed, or the driver takes no part (its affinity is
 * read-only), or FERRY_MQ_INITIAL (ferry_irq_set_affinity() does it); FERRY_E_BUSY;
 * FERRY_E_VETO: `culprit` and `veto` say who and what; FERRY_E_CANCELED; FERRY_E_NO_SPACE,
 * FERRY_E_NO_CPU (an empty mask), FERRY_E_NO_MASK; FERRY_E_STATE (not begun), FERRY_E_INVALID
 * (no masks). On error all is as before, and nothing is to be stepped.
 */
FERRY_MUST_USE int ferry_mq_override(struct ferry_mq *mq, const uint64_t *const *masks);

/*
 * Go on with the override. Context: thread, the one that began it or another, one at a time.
 * FERRY_OK: done, it has taken effect; FERRY_E_AGAIN: *wait_ns (may be null) says when;
 * FERRY_E_STATE: none is under way. Others: it was undone, everything is as before:
 * FERRY_E_CANCELED; what ferry_irq_start() said on the new mask; FERRY_E_NO_BOUND: `culprit`
 * could not be stopped, is silent and can't be started either: it sleeps, `reason` says so,
 * until stop_flags is set and ferry_mq_enter() called; once more, if it sleeps afterwards, because
 * an override was under way. With a pool (ferry_irq_share) an interrupt may find its old place
 * taken: its queue is asleep then, too.
 */
FERRY_MUST_USE int ferry_mq_step(struct ferry_mq *mq, uint64_t *wait_ns);

/* Undo the override under way at its next step, if it has not come to the swap. Before its first
 * prepare() there is none. Context: any. */
void ferry_mq_cancel(struct ferry_mq *mq);

/*
 * CPU `cpu` is leaving (after ferry_cpu_leave(), before the first ferry_cpu_leave_step(), under
 * the host's hotplug lock, which may be dropped between calls): each queue whose interrupt has
 * no other CPU is quiesced, and its interrupt stopped. Context: thread.
 * FERRY_OK; FERRY_E_AGAIN: call again, *wait_ns (may be null) says when (somebody has claimed
 * the set: 0); FERRY_E_VETO (quiesce failed), FERRY_E_NO_BOUND: call again, or roll back;
 * FERRY_E_STATE (not leaving), FERRY_E_INVALID.
 * After anything but FERRY_OK the host calls it again, or gives up: ferry_cpu_roll_back(), then
 * ferry_mq_enter().
 */
FERRY_MUST_USE int ferry_mq_leave(struct ferry_mq *mq, uint32_t cpu, uint64_t *wait_ns);

/*
 * A CPU came (after ferry_cpu_enter() or ferry_cpu_roll_back(), under the host's hotplug lock), or
 * what a queue sleeps for is over (the driver's call, with that lock or without): queues that
 * are asleep and have an online CPU now are started and resumed, by this call or by who has
 * claimed the set, before he lets go. Context: thread.
 * FERRY_OK, also if one could not be started: `culprit`, `result` and its queue's `reason` say why,
 * and it sleeps until the next call; FERRY_E_AGAIN: a leave that was given up has not stopped an
 * interrupt yet that is to be started again: call again, *wait_ns (may be null) says when.
 */
FERRY_MUST_USE int ferry_mq_enter(struct ferry_mq *mq, uint64_t *wait_ns);

/* ---- looking: exact in callbacks and for who knows that nobody works on it; else hints ---- */

/* Is the queue's interrupt stopped by hotplug? Context: any. */
static inline bool ferry_mq_asleep(const struct ferry_mq *mq, uint32_t queue)
{
	return (ferry_host_load(mq->ctx, &mq->queues[queue].blocked) & FERRY_MQ_BY_HOTPLUG) != 0;
}

/*
 * Where requests of `cpu` should go: the first queue that takes them and has `cpu` in its mask;
 * if there is none, one of those that take them, the same as long as those are the same;
 * FERRY_NONE: none does. It looks at all queues. Context: any.
 */
uint32_t ferry_mq_queue_for(const struct ferry_mq *mq, uint32_t cpu);

/*
 * The same for all CPUs, map[0 .. cpus-1], at the cost of one look at each queue: for a driver,
 * which makes its map anew in quiesce (where the queue takes no more) and resume (where it does).
 * Context: any.
 */
void ferry_mq_map(const struct ferry_mq *mq, uint32_t *map);

#endif
