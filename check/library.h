/* SPDX-License-Identifier: MIT */
/* library.h: the library as a subject: what library.c (x86) and library_gic.c share. */
#ifndef IRQFERRY_CHECK_LIBRARY_H
#define IRQFERRY_CHECK_LIBRARY_H

#include "client.h"

static inline struct ferry *ferry(struct machine *m)
{
	return m->ferry;
}

/* For ferry_config. */
void library_trace(void *ctx, const struct ferry_trace *record);

int library_online(struct machine *m, uint32_t cpu);
int library_free(struct machine *m, uint32_t src, bool quiet);
int library_move(struct machine *m, uint32_t src, uint64_t cpus);
int library_mask(struct machine *m, uint32_t src, bool masked);
int library_enable(struct machine *m, uint32_t src, bool enabled);
int library_settle(struct machine *m, uint32_t src);
int library_leave(struct machine *m, uint32_t cpu);
int library_step(struct machine *m, uint32_t cpu, uint32_t *left);
int library_commit(struct machine *m, uint32_t cpu);
int library_roll_back(struct machine *m, uint32_t cpu);
void library_poll(struct machine *m);

/* Plans by which CPUs leave (library_plan.c), at the end of the subject's memory, of which
 * `used` bytes are others'. Bytes of all; after the library's init; what guards a word, false:
 * it is none; and what must be true. */
size_t library_plan_size(const struct scenario *s, size_t used);
bool library_plan_init(struct machine *m, const struct scenario *s, size_t used);
bool library_plan_guard(const struct machine *m, const void *address, struct ferry_guard *g);
int library_plan(struct machine *m, uint32_t cpu, uint32_t *blocked);
void library_drop(struct machine *m);
/* The thread is about to follow the plan, which it may have read at any time. */
void library_plan_seen(struct machine *m);
void library_plan_trace(struct machine *m, const struct ferry_trace *record);
void library_plan_look(struct machine *m, enum look when);

/* Of struct subject. */
#define LIBRARY_CALLS \
	.online = library_online, .free_ = library_free, .move = library_move, \
	.mask = library_mask, .enable = library_enable, .settle = library_settle, \
	.leave = library_leave, .step = library_step, .commit = library_commit, \
	.roll_back = library_roll_back, .plan = library_plan, .drop = library_drop, \
	.poll = library_poll

extern const struct subject subject_gic, subject_guest;

/* A look from outside. False: it met a lock that is held, or there is no such interrupt. */
bool library_affinity(struct machine *m, uint32_t src, struct ferry_affinity *a,
		      uint64_t *requested, uint64_t *effective);

/* A ticket that is said to be satisfied is. */
void library_check_ticket(struct machine *m, uint32_t src);
/* At the end what was requested last is what is requested. */
void library_check_last(struct machine *m, uint32_t src);

#endif
