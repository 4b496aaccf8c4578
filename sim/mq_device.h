/* SPDX-License-Identifier: MIT */
/*
 * mq_device.h: a device with queues, and its driver, in a storm (mq_storm.c).
 *
 * A queue has a ring of requests and one of completions. A CPU writes a request and rings; the
 * device fetches what there is, works on each for a time of its own, so in any order, writes its
 * completion and fires the queue's interrupt: for each one. The handler takes all completions that
 * are there. Nobody looks at a ring otherwise: where a completion's interrupt is lost, the
 * request never ends, unless another one's interrupt comes, and in a queue that drains none does.
 *
 * The rings and what the driver knows are plain memory of the simulator, seen by all CPUs at
 * once; what the library keeps of the set is not.
 */
#ifndef IRQFERRY_SIM_MQ_DEVICE_H
#define IRQFERRY_SIM_MQ_DEVICE_H

#include <irqferry/mq.h>
#include <irqferry/plan.h>
#include <irqferry/spread.h>
#include "storm_int.h"

#define MQ_PATIENCE_NS 200000000ull /* virtual; longer than anything may take */
#define MQ_BATCH 7                  /* requests of one submission, at most */

/* Label L_OP's b, besides storm.c's. a: what is given with each. */
enum {
	MQ_FETCH = 16, /* queue: its doorbell reaches the device */
	MQ_DONE,       /* queue and number of the request: the device has done it */
	MQ_AGAIN       /* device and requests that found no queue before */
};

enum mq_at { MQ_UNUSED, MQ_SUBMITTED, MQ_AT_WORK, MQ_POSTED };

struct mq_queue {
	uint32_t src;
	/* Heads and tails count up; a slot is what is left by the depth. */
	uint32_t sq_head, sq_tail, cq_head, cq_tail;
	uint16_t *sq, *cq; /* numbers of requests */
	uint16_t *unused;  /* numbers, a stack */
	uint8_t *at;       /* by number: enum mq_at */
	uint32_t nunused;
	bool ringing;   /* a doorbell is under way */
	bool open;      /* the driver lets requests in */
	bool prepared;  /* commit() or abort() is owed */
	uint64_t *mask; /* as the driver was told */
	uint64_t *next; /* prepared */
};

/* An override, as who asked for it drew it. */
struct mq_attempt {
	bool active;
	uint8_t phase;       /* enum storm_phase */
	uint8_t cancel_in;   /* somebody cancels it then */
	uint8_t canceled_in; /* the first who did; valid if */
	bool canceled;
	bool sure; /* by the thread that goes on with it, not too late */
	bool may_veto;
	int veto; /* what a callback returned, or 0 */
	uint32_t vetoer, committed;
	const uint64_t *const *masks; /* until ferry_mq_override() has returned */
	uint64_t deadline;
};

struct mq_device {
	struct storm *st;
	const struct storm_mq *spec;
	uint32_t index, first; /* first: source of queue 0 */
	struct ferry_mq set;
	struct ferry_mq_queue *states;
	struct mq_queue *queue;
	uint32_t changes;     /* queues that opened or closed */
	uint32_t *map, *made; /* by CPU: its queue; `changes` when that was found */
	bool inside;          /* a callback runs */
	bool restarting;
	bool *served;    /* by CPU: came, and ferry_mq_enter() has said so */
	uint32_t closed; /* threads that have turned the knob off */
	struct mq_attempt attempt;
};

struct mq_part {
	struct mq_device *device;
	struct storm_irq *irqs;
	struct mq_attempt **trying; /* by CPU: what it asks for */
	struct ferry_topology *topology;
	uint64_t *masks, *memory, *scratch;
	uint64_t asked, waiting; /* requests; those that found no queue yet */
	bool started;
	void *plan_memory;
	struct ferry_plan *plan; /* one at a time */
	uint32_t planned;        /* the CPU that leaves by it */
};

extern const struct ferry_mq_ops mq_ops, mq_read_only_ops;

static inline uint64_t mq_pick(struct storm *st, uint64_t n)
{
	return machine_below(st->m, n);
}

static inline bool mq_has(const uint64_t *mask, uint32_t cpu)
{
	return mask[cpu / 64] >> (cpu % 64) & 1;
}

static inline struct storm_managed *mq_report(struct storm *st)
{
	return &st->m->out->report.managed;
}

/* The queue whose interrupt this is, or null. */
struct mq_queue *mq_queue_of(struct storm *st, uint32_t src, struct mq_device **device);

/* ---- mq_device.c ---------------------------------------------------------------------------- */

/* Let a request in, if there is room. */
bool mq_enter_ring(struct mq_device *d, uint32_t queue);
void mq_ring(struct mq_device *d, uint32_t queue);
void mq_fetch(struct storm *st, uint32_t queue);
void mq_complete(struct storm *st, uint32_t queue, uint32_t number);
/* Take all completions. */
void mq_reap(struct mq_device *d, struct mq_queue *q);
uint32_t mq_in_flight(const struct mq_device *d, const struct mq_queue *q);

/* ---- mq_driver.c ---------------------------------------------------------------------------- */

void mq_submit(struct mq_device *d, uint32_t cpu, uint32_t requests);
/* Somebody cancels the override under way; `sure`: its own thread. */
void mq_cancel(struct mq_device *d, bool sure);
/* Has the interrupt this mask, and is it managed? Not looked at while somebody works on it. */
void mq_check_mask(struct mq_device *d, const struct mq_queue *q, const char *when);

/* Nobody works on the set: what sleeps has no CPU. */
void mq_check_awake(struct mq_device *d);

/* ---- mq_override.c -------------------------------------------------------------------------- */

void mq_override(struct storm *st, uint32_t device);
void mq_go_on(struct mq_device *d);

#endif
