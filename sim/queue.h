/* SPDX-License-Identifier: MIT */
/*
 * queue.h: labels by virtual time. Nearly all lie a few nanoseconds to a few
 * microseconds ahead: those go into a wheel with a slot per nanosecond, found
 * again through a bitmap; the rest into a heap. Equal times: first in, first out
 * within the wheel, the heap's before the wheel's.
 */
#ifndef IRQFERRY_SIM_QUEUE_H
#define IRQFERRY_SIM_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#define QUEUE_SLOTS 16384u /* nanoseconds that the wheel covers */

struct queue_entry {
	uint64_t t, label;
};

struct queue_node {
	uint64_t label;
	uint32_t next; /* index + 1 */
};

struct queue {
	uint64_t now;  /* nothing is earlier */
	uint64_t next; /* the earliest, UINT64_MAX if there is none */
	uint32_t in_wheel;
	uint64_t summary[QUEUE_SLOTS / 4096], bits[QUEUE_SLOTS / 64];
	struct {
		uint32_t head, tail;
	} slot[QUEUE_SLOTS];
	struct queue_node *nodes;
	uint32_t nnodes, nodes_size, free;
	struct queue_entry *heap;
	uint32_t heap_n, heap_size;
};

/* False: out of memory. A time in the past counts as now. */
bool queue_put(struct queue *q, uint64_t t, uint64_t label);
/* The earliest; false if there is none. */
bool queue_take(struct queue *q, struct queue_entry *e);
/* Time goes on without the queue, to at most q->next. */
static inline void queue_advance(struct queue *q, uint64_t now)
{
	q->now = now;
}
void queue_free(struct queue *q);
/* Call `visit` on every entry until it returns false; returns whether none did. */
bool queue_all(const struct queue *q, bool (*visit)(const void *arg, const struct queue_entry *e),
	       const void *arg);

#endif
