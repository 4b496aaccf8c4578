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
 * All callbacks of a set are made by its claimer, so they never overlap. Callbacks are
 * made without locks, in thread context, and may sleep. Deadlock: an override waits only for
 * queues to drain and for handlers, which need the old CPUs to go on serving; they do, because a
 * CPU that leaves is told to come again. Hotplug waits for nobody.
 *
 * Lock order: none are taken here; calls of ferry.h and managed.h take theirs.
 */
#ifndef IRQFERRY_MQ_H
#define IRQFERRY_MQ_H

#include <irqferry/host.h>
#include <irqferry/managed.h>

/* What a driver does. `driver` is its own, `queue` an index into the set's queues. */
struct ferry_mq_ops {
	/* Let no request into the queue any more, and return when none is in flight: each has been
	 * completed through its interrupt, which still works. 0, or a negative value of the
	 * driver's own: it could not; then the queue takes requests as before. */
	int (*quiesce)(void *driver, uint32_t queue);
	/* The queue's interrupt works: let requests in again. */
	void (*resume)(void *driver, uint32_t queue);

	/* The override; all three or none. */

	/* Get what is needed to serve the queue from the CPUs of `mask` (memory on their node, a
	 * new mapping ...). Nothing takes effect yet. 0, or a negative value: veto. */
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
	 * that leaves breaks their affinity. */
	FERRY_MQ_INITIAL = 1
};

/* One queue. The caller's memory; `irq` is the caller's to set, the rest the library's. */
struct ferry_mq_queue {
	uint32_t irq;
	uint8_t blocked; /* why it takes no requests: FERRY_MQ_BY_* */
	uint8_t prepared, swapped, changing;
	int32_t reason; /* why its interrupt is stopped, while it is asleep: a status */
	struct ferry_spare spare;
};
#define FERRY_MQ_BY_OVERRIDE 1u
#define FERRY_MQ_BY_HOTPLUG 2u

struct ferry_mq {
	/* The caller's, before ferry_mq_start(); constant afterwards. */
	struct ferry *f;
	void *ctx; /* of host.h: the machine's */
	const struct ferry_mq_ops *ops;
	void *driver;
	struct ferry_mq_queue *queues;
	uint32_t nqueues; /* 1 .. 65535 */
	uint8_t mode;     /* enum ferry_mq_mode */
	/* The device sends nothing for a queue once that is quiesced, and what it sent has
	 * arrived: FERRY_FREE_QUIET, or 0. Needed where the machine has no drain bound. */
	uint8_t stop_flags;
	uint16_t pool; /* ferry_irq_share(), or 0 */

	/* The library's; zero before. */
	ferry_atomic claim;      /* who works on it, and a note for him */
	ferry_atomic allowed;    /* ferry_mq_allow() */
	ferry_atomic cancel;     /* ferry_mq_cancel() */
	ferry_atomic generation; /* overrides that took effect */
	uint8_t phase;           /* of the override; the claimer's */
	uint8_t started;
	uint16_t reserved;
	uint32_t at;      /* the queue it has come to */
	int32_t result;   /* why it is being undone */
	uint32_t culprit; /* FERRY_E_VETO, and others: the queue; FERRY_NONE */
	int32_t veto;     /* ... and what the driver returned */
};

/*
 * Begin: the interrupts (stopped, made with FERRY_SOURCE_STOPPED or FERRY_GIC_STOPPED) become
 * managed with masks[0 .. nqueues-1] (each null: all CPUs), each is started and its queue
 * resumed. One without an online CPU in its mask stays stopped ("asleep") until one comes;
 * *asleep, which may not be null, is how many: to be reported by the caller, for nobody may know
 * otherwise that such a queue has never worked.
 * Context: thread. FERRY_OK; FERRY_E_NO_SPACE and other errors of ferry_irq_manage() and
 * ferry_irq_start(), all undone; FERRY_E_STATE (has begun); FERRY_E_BUSY; FERRY_E_INVALID (no
 * quiesce or resume, some but not all of prepare, abort, commit).
 */
FERRY_MUST_USE int ferry_mq_start(struct ferry_mq *mq, const uint64_t *const *masks,
				  uint32_t *asleep);

/*
 * End: quiesce, stop, unmanage. Resumable. Afterwards the interrupts are stopped, to be freed
 * or started anew. Context: thread. FERRY_OK; FERRY_E_AGAIN (*wait_ns, may be null);
 * FERRY_E_BUSY; FERRY_E_VETO (quiesce failed: the set goes on); FERRY_E_NO_BOUND;
 * FERRY_E_STATE.
 */
FERRY_MUST_USE int ferry_mq_end(struct ferry_mq *mq, uint64_t *wait_ns);

/* The administrator's knob: may this set be overridden? Off at first. Context: any. */
void ferry_mq_allow(struct ferry_mq *mq, bool allowed);

/*
 * Override: masks[q] is what queue q shall have; a null entry: it keeps what it has. Claims,
 * promises, prepares and quiesces; then call ferry_mq_step() until it does not say FERRY_E_AGAIN.
 * Context: thread; the masks may go when this returns.
 * FERRY_OK: begun; FERRY_E_MANAGED: not allowed, or the driver takes no part (its affinity is
 * read-only), or FERRY_MQ_INITIAL (ferry_irq_set_affinity() does it); FERRY_E_BUSY;
 * FERRY_E_VETO: `culprit` and `veto` say who and what; FERRY_E_CANCELED; FERRY_E_NO_SPACE,
 * FERRY_E_NO_CPU (an empty mask), FERRY_E_NO_MASK; FERRY_E_STATE (not begun). On error all is as
 * before, and nothing is to be stepped.
 */
FERRY_MUST_USE int ferry_mq_override(struct ferry_mq *mq, const uint64_t *const *masks);

/*
 * Go on with the override. Context: thread, the one that began it or another, one at a time.
 * FERRY_OK: done, it has taken effect; FERRY_E_AGAIN: *wait_ns (may be null) says when;
 * FERRY_E_STATE: none is under way. Others: it was undone, everything is as before:
 * FERRY_E_CANCELED; FERRY_E_NO_BOUND; what ferry_irq_start() said on the new mask. With a pool
 * (ferry_irq_share) an interrupt may find its old place taken: its queue is asleep then,
 * ferry_mq_queue.reason says why.
 */
FERRY_MUST_USE int ferry_mq_step(struct ferry_mq *mq, uint64_t *wait_ns);

/* Undo the override under way at its next step, if it has not come to the swap. Context: any. */
void ferry_mq_cancel(struct ferry_mq *mq);

/*
 * CPU `cpu` is leaving (after ferry_cpu_leave(), before ferry_cpu_leave_step() can be done, under
 * the host's hotplug lock): each queue whose interrupt has no other CPU is quiesced, and its
 * interrupt stopped. Resumable. Context: thread.
 * FERRY_OK; FERRY_E_AGAIN (also: somebody has claimed the set); FERRY_E_VETO (quiesce failed:
 * roll back, or call again); FERRY_E_NO_BOUND; FERRY_E_INVALID.
 * If the host gives up (ferry_cpu_roll_back) it calls ferry_mq_enter().
 */
FERRY_MUST_USE int ferry_mq_leave(struct ferry_mq *mq, uint32_t cpu, uint64_t *wait_ns);

/*
 * A CPU came (after ferry_cpu_enter() or ferry_cpu_roll_back(), under the host's hotplug
 * lock): queues that are asleep and have an online CPU now are started and resumed, by this
 * call or by who has claimed the set, before he lets go. Context: thread.
 */
void ferry_mq_enter(struct ferry_mq *mq);

/* Is the queue's interrupt stopped by hotplug? For readers without a claim a hint. */
static inline bool ferry_mq_asleep(const struct ferry_mq *mq, uint32_t queue)
{
	return (mq->queues[queue].blocked & FERRY_MQ_BY_HOTPLUG) != 0;
}

#endif
