/* SPDX-License-Identifier: MIT */
/*
 * The ITS's command queue: a ring in the caller's memory, shared by all CPUs.
 *
 * GITS_CWRITER is where the next command goes, GITS_CREADR the one that the ITS is at;
 * equal means empty, so one slot stays free (IHI 0069H 5.3, 12.19). Nobody waits here
 * for another CPU: who finds the queue full waits for the ITS, which needs none.
 *
 * Locks: Q, below I.
 */
#include "arm/its.h"

#define STALLED 1u /* GITS_CREADR */
#define RETRY 1u   /* GITS_CWRITER */
#define COMMAND_BYTES 32u
/* In so many parts of its time an ITS is looked at, and told to go on, before it is dead. */
#define RETRIES 16u

static uint32_t outstanding(const struct gic_its *t, uint32_t creadr)
{
	return (t->given - creadr / COMMAND_BYTES) & (t->slots - 1);
}

static uint32_t read_creadr(struct ferry *f, const struct gic_its *t)
{
	return (uint32_t)ferry_host_gic_read64(f->ctx, FERRY_GITS, t->unit, GITS_CREADR);
}

/* Tell the ITS how far it may go, which is all that was given. */
static void write_cwriter(struct ferry *f, const struct gic_its *t, uint32_t flags)
{
	uint64_t offset = (t->given & (t->slots - 1)) * COMMAND_BYTES;

	ferry_host_gic_write64(f->ctx, FERRY_GITS, t->unit, GITS_CWRITER, offset | flags);
}

/* GITS_CREADR was read. Stalled: the ITS stopped at a command with an error, and is asked to
 * go on (12.19, GITS_CWRITER.Retry). It may take that command again: if it could not be
 * read, all is well then; a wrong one it stops at until it is dead, which is better than an
 * LPI that is not where the library says. Once for each time it was seen. */
static void observe(struct ferry *f, struct gic_its *t, uint32_t creadr)
{
	t->done = t->given - outstanding(t, creadr);
	if (creadr & STALLED) {
		t->stalls++;
		write_cwriter(f, t, RETRY);
	}
}

struct wait {
	struct ferry *f;
	const struct gic_its *t;
	uint32_t most, seen, creadr;
};

/* A stall that was answered already may take a while to end. */
static bool passed(void *arg)
{
	struct wait *w = arg;

	w->creadr = read_creadr(w->f, w->t);
	return outstanding(w->t, w->creadr) <= w->most ||
	       ((w->creadr & STALLED) && w->creadr != w->seen);
}

/* Wait until at most so many commands are outstanding. Q held. */
static bool wait_for(struct ferry *f, struct gic_its *t, uint32_t most)
{
	struct wait w = { .f = f, .t = t, .most = most };

	for (uint32_t n = 0; n < RETRIES && !t->dead && t->given - t->done > most; n++) {
		(void)ferry_host_wait_ns(f->ctx, passed, &w, GIC_PATIENCE_NS / RETRIES);
		w.seen = w.creadr;
		observe(f, t, w.creadr);
	}
	if (t->given - t->done > most)
		t->dead = 1;
	return !t->dead;
}

static uint64_t little_endian(uint64_t value)
{
	return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? __builtin_bswap64(value) : value;
}

/* The commands are in memory for the ITS to see before it is told of them. */
static void append(struct ferry *f, struct gic_its *t, const struct its_command *c, uint32_t n)
{
	uint32_t first = t->given & (t->slots - 1);
	uint32_t head = n < t->slots - first ? n : t->slots - first;

	for (uint32_t k = 0; k < n * 4; k++)
		t->queue[(first * 4 + k) & (t->slots * 4 - 1)] =
			little_endian(c[k / 4].word[k % 4]);
	ferry_host_its_sync(f->ctx, &t->queue[first * 4], head * COMMAND_BYTES);
	if (head < n)
		ferry_host_its_sync(f->ctx, t->queue, (n - head) * COMMAND_BYTES);
	t->given += n;
	write_cwriter(f, t, 0);
}

int its_give(struct ferry *f, struct gic_its *t, const struct its_command *c, uint32_t n,
	     uint32_t *count)
{
	bool given;

	ferry_host_lock(f->ctx, &t->lock);
	given = wait_for(f, t, t->slots - 1 - n);
	if (given)
		append(f, t, c, n);
	/* A dead ITS is given nothing: one more is never done. */
	if (count)
		*count = t->given + !given;
	else
		given = given && wait_for(f, t, 0);
	ferry_host_unlock(f->ctx, &t->lock);
	return given ? FERRY_OK : FERRY_E_TIMEOUT;
}

bool its_reached(struct ferry *f, struct gic_its *t, uint32_t count)
{
	bool reached;

	ferry_host_lock(f->ctx, &t->lock);
	if ((int32_t)(t->done - count) < 0)
		observe(f, t, read_creadr(f, t));
	reached = (int32_t)(t->done - count) >= 0;
	ferry_host_unlock(f->ctx, &t->lock);
	return reached;
}

int its_room(struct ferry *f, struct gic_its *t, uint32_t n)
{
	bool room;

	ferry_host_lock(f->ctx, &t->lock);
	room = wait_for(f, t, t->slots - 1 - n);
	ferry_host_unlock(f->ctx, &t->lock);
	return room ? FERRY_OK : FERRY_E_TIMEOUT;
}
