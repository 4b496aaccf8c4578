/* SPDX-License-Identifier: MIT */
/*
 * queues.h: a scenario whose interrupts are one set of queues (irqferry/mq.h): the driver and
 * who calls for it (client_queues.c), what must be true (library_queues.c).
 *
 * A request of a queue is submitted and completed in one label, an event of the device; the
 * handler that starts next sees it. A queue that was quiesced has none that no handler has
 * seen, and gets no other; its device may still have messages on their way.
 */
#ifndef IRQFERRY_CHECK_QUEUES_H
#define IRQFERRY_CHECK_QUEUES_H

#include <irqferry/mq.h>
#include "library.h"

/* What a driver returns that says no. */
#define QUEUES_VETO (-7)

/* At the end of the subject's memory. */
struct queues {
	struct ferry_mq mq;
	struct ferry_mq_queue queue[SCENARIO_IRQS];
};

static inline bool has_queues(const struct machine *m)
{
	return world_of(m)->queues != NULL;
}

static inline struct queue_state *queue_of(struct machine *m, uint32_t queue)
{
	return &state_of(m)->set.queue[queue];
}

/* Bytes of the library's part of its memory, and of all. */
size_t queues_offset(size_t library);
size_t queues_size(const struct scenario *s, size_t library);
/* After the library's init; library: bytes of its part. */
void queues_init(struct machine *m, const struct scenario *s, size_t library);
/* What guards a word of the set? False: it is none. */
bool queues_guard(const struct machine *m, const void *address, struct ferry_guard *g);

/* ---- who calls (client_queues.c) ------------------------------------------------------ */

/* Its interrupts exist. */
int queues_start(struct machine *m);
void queues_override(struct machine *m, uint32_t cpu, const struct op *op);
void queues_cancel(struct machine *m);
void queues_veto(struct machine *m);
void queues_end(struct machine *m, uint32_t cpu);
/* Of a CPU that leaves, once or until it is not told to come again; that came. */
int queues_leave(struct machine *m, uint32_t cpu, bool once);
void queues_enter(struct machine *m, uint32_t cpu);

/* Have all requests been seen by a handler, or will nobody but the driver see them? */
bool queues_served(struct machine *m, uint32_t queue);
void queues_trace(struct machine *m, const struct ferry_trace *record, uint32_t queue);
/* sim_client.changed */
uint64_t queues_changed(struct machine *m, const ferry_atomic *cell, uint32_t value);

/* ---- what must be true (library_queues.c) ------------------------------------------- */

/* An override of this CPU has returned `rc`. */
void queues_check_override(struct machine *m, uint32_t cpu, const struct op *op, int rc);
void queues_look(struct machine *m, enum look when);
/* No CPU calls for the set. */
bool queues_idle(const struct machine *m);

#endif
