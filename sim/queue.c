/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include "queue.h"

#define MASK (QUEUE_SLOTS - 1)

/* ---- the heap, four children per node ---------------------------------------- */

static bool heap_put(struct queue *q, uint64_t t, uint64_t label)
{
	uint32_t i;

	if (q->heap_n == q->heap_size) {
		uint32_t size = q->heap_size ? 2 * q->heap_size : 1024;
		struct queue_entry *heap = realloc(q->heap, size * sizeof(*heap));

		if (!heap)
			return false;
		q->heap = heap;
		q->heap_size = size;
	}
	for (i = q->heap_n++; i && q->heap[(i - 1) / 4].t > t; i = (i - 1) / 4)
		q->heap[i] = q->heap[(i - 1) / 4];
	q->heap[i] = (struct queue_entry){ t, label };
	return true;
}

static struct queue_entry heap_take(struct queue *q)
{
	struct queue_entry top = q->heap[0], last = q->heap[--q->heap_n];
	uint32_t i = 0;

	for (;;) {
		uint32_t child = 4 * i + 1, best = child, end = child + 4;

		if (child >= q->heap_n)
			break;
		if (end > q->heap_n)
			end = q->heap_n;
		while (++child < end)
			if (q->heap[child].t < q->heap[best].t)
				best = child;
		if (q->heap[best].t >= last.t)
			break;
		q->heap[i] = q->heap[best];
		i = best;
	}
	q->heap[i] = last;
	return top;
}

/* ---- the wheel ------------------------------------------------------------------ */

static uint32_t new_node(struct queue *q)
{
	uint32_t i = q->free;

	if (i) {
		q->free = q->nodes[i - 1].next;
		return i;
	}
	if (q->nnodes == q->nodes_size) {
		uint32_t size = q->nodes_size ? 2 * q->nodes_size : 1024;
		struct queue_node *nodes = realloc(q->nodes, size * sizeof(*nodes));

		if (!nodes)
			return 0;
		q->nodes = nodes;
		q->nodes_size = size;
	}
	return ++q->nnodes;
}

static bool wheel_put(struct queue *q, uint64_t t, uint64_t label)
{
	uint32_t s = (uint32_t)t & MASK, i = new_node(q);

	if (!i)
		return false;
	q->nodes[i - 1] = (struct queue_node){ label, 0 };
	if (q->slot[s].head)
		q->nodes[q->slot[s].tail - 1].next = i;
	else
		q->slot[s].head = i;
	q->slot[s].tail = i;
	q->bits[s / 64] |= 1ull << (s % 64);
	q->summary[s / 4096] |= 1ull << (s / 64 % 64);
	q->in_wheel++;
	return true;
}

static uint64_t wheel_take(struct queue *q, uint64_t t)
{
	uint32_t s = (uint32_t)t & MASK, i = q->slot[s].head;
	uint64_t label = q->nodes[i - 1].label;

	q->slot[s].head = q->nodes[i - 1].next;
	if (!q->slot[s].head) {
		q->bits[s / 64] &= ~(1ull << (s % 64));
		if (!q->bits[s / 64])
			q->summary[s / 4096] &= ~(1ull << (s / 64 % 64));
	}
	q->nodes[i - 1].next = q->free;
	q->free = i;
	q->in_wheel--;
	return label;
}

/* The first slot in use at or after `from` and before the end of the table. */
static uint32_t first_slot(const struct queue *q, uint32_t from)
{
	uint64_t bits = q->bits[from / 64] & ~0ull << (from % 64);
	uint32_t w = from / 64 + 1, g;

	if (bits)
		return from / 64 * 64 + (uint32_t)__builtin_ctzll(bits);
	for (g = w / 64; g < QUEUE_SLOTS / 4096; g++) {
		bits = q->summary[g];
		if (g == w / 64)
			bits &= ~0ull << (w % 64);
		if (!bits)
			continue;
		w = g * 64 + (uint32_t)__builtin_ctzll(bits);
		return w * 64 + (uint32_t)__builtin_ctzll(q->bits[w]);
	}
	return QUEUE_SLOTS;
}

static uint64_t wheel_next(const struct queue *q)
{
	uint32_t from = (uint32_t)q->now & MASK, s;

	if (!q->in_wheel)
		return UINT64_MAX;
	s = first_slot(q, from);
	if (s == QUEUE_SLOTS)
		s = first_slot(q, 0);
	return q->now + ((s - from) & MASK);
}

/* ---- both -------------------------------------------------------------------------- */

bool queue_put(struct queue *q, uint64_t t, uint64_t label)
{
	if (t < q->now)
		t = q->now;
	/* Only moments less than a turn away, or a slot would mean two. */
	if (t - q->now < QUEUE_SLOTS ? !wheel_put(q, t, label) : !heap_put(q, t, label))
		return false;
	if (t < q->next)
		q->next = t;
	return true;
}

bool queue_take(struct queue *q, struct queue_entry *e)
{
	uint64_t near;

	if (!q->in_wheel && !q->heap_n)
		return false;
	q->now = q->next;
	if (q->heap_n && q->heap[0].t == q->now)
		*e = heap_take(q);
	else
		*e = (struct queue_entry){ q->now, wheel_take(q, q->now) };
	near = wheel_next(q);
	q->next = q->heap_n && q->heap[0].t < near ? q->heap[0].t : near;
	return true;
}

bool queue_all(const struct queue *q, bool (*visit)(const void *arg, const struct queue_entry *e),
	       const void *arg)
{
	uint32_t i, s;

	for (i = 0; i < q->heap_n; i++)
		if (!visit(arg, &q->heap[i]))
			return false;
	for (s = 0; s < QUEUE_SLOTS; s++)
		for (i = q->slot[s].head; i; i = q->nodes[i - 1].next) {
			struct queue_entry e = { q->now + ((s - (uint32_t)q->now) & MASK),
						 q->nodes[i - 1].label };

			if (!visit(arg, &e))
				return false;
		}
	return true;
}

void queue_free(struct queue *q)
{
	free(q->heap);
	free(q->nodes);
}
