/* SPDX-License-Identifier: MIT */
/* mq_device.c: queues of requests: the device's half. */
#include "mq_device.h"

uint32_t mq_in_flight(const struct mq_device *d, const struct mq_queue *q)
{
	return d->spec->depth - q->nunused;
}

static uint32_t number_of(const struct mq_device *d, uint32_t queue)
{
	return d->first + queue - d->st->ordinary;
}

static struct mq_queue *by_number(struct storm *st, uint32_t number, struct mq_device **device)
{
	return mq_queue_of(st, st->ordinary + number, device);
}

bool mq_enter_ring(struct mq_device *d, uint32_t queue)
{
	struct mq_queue *q = &d->queue[queue];
	struct machine *m = d->st->m;
	uint16_t number;

	if (!q->open || !q->nunused)
		return false;
	if (m->source[q->src].stopping)
		violation(m, V_BROKEN, m->current, q->src,
			  "a request enters while the interrupt is stopped");
	number = q->unused[--q->nunused];
	q->at[number] = MQ_SUBMITTED;
	q->sq[q->sq_tail++ % d->spec->depth] = number;
	mq_report(d->st)->requests++;
	return true;
}

void mq_ring(struct mq_device *d, uint32_t queue)
{
	struct mq_queue *q = &d->queue[queue];
	struct machine *m = d->st->m;

	if (q->ringing || q->sq_head == q->sq_tail)
		return;
	q->ringing = true;
	machine_at(m, m->now + 20 + mq_pick(d->st, 300),
		   label_of(L_OP, number_of(d, queue), MQ_FETCH));
}

void mq_fetch(struct storm *st, uint32_t queue)
{
	struct mq_device *d;
	struct mq_queue *q = by_number(st, queue, &d);

	q->ringing = false;
	while (q->sq_head != q->sq_tail) {
		uint16_t number = q->sq[q->sq_head++ % d->spec->depth];

		q->at[number] = MQ_AT_WORK;
		machine_at(st->m, st->m->now + 1 + storm_exponential(st->m, d->spec->service_ns),
			   label_of(L_OP, queue << 12 | number, MQ_DONE));
	}
}

void mq_complete(struct storm *st, uint32_t queue, uint32_t number)
{
	struct mq_device *d;
	struct mq_queue *q = by_number(st, queue, &d);

	if (q->at[number] != MQ_AT_WORK || q->cq_tail - q->cq_head >= d->spec->depth)
		violation(st->m, V_BROKEN, NONE, q->src, "request %u is completed twice", number);
	q->at[number] = MQ_POSTED;
	q->cq[q->cq_tail++ % d->spec->depth] = (uint16_t)number;
	if (!device_raise(st->m, q->src))
		violation(st->m, V_BROKEN, NONE, q->src, "a completion of a dead interrupt");
}

void mq_reap(struct mq_device *d, struct mq_queue *q)
{
	while (q->cq_head != q->cq_tail) {
		uint16_t number = q->cq[q->cq_head++ % d->spec->depth];

		q->at[number] = MQ_UNUSED;
		q->unused[q->nunused++] = number;
		mq_report(d->st)->completed++;
	}
}
