/* SPDX-License-Identifier: MIT */
/*
 * What both programs of real threads have: random numbers of each thread's own, the core given
 * away at random, a lock, and how a broken contract is told. Each has a struct world of its own.
 */
#ifndef TESTS_THREADS_THREADS_H
#define TESTS_THREADS_THREADS_H

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#ifdef FERRY_INLINE
#define FLAVOUR "inline"
#else
#define FLAVOUR "external"
#endif

struct world;

struct spin {
	_Atomic uint32_t held;
};

/* The random state of a thread, which sets it first. */
extern _Thread_local uint64_t thread_random;

/* Say what is wrong, how to see it again, and end. */
__attribute__((format(printf, 2, 3), noreturn)) void fail(const struct world *w, const char *format,
							  ...);

#define CHECK(w, what) \
	do { \
		if (!(what)) \
			fail(w, "contract broken in %s: " #what, __func__); \
	} while (0)

static inline uint64_t next_random(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static inline uint32_t below(uint32_t n)
{
	return (uint32_t)(next_random(&thread_random) >> 33) % n;
}

/* Give the core away now and then in the middle of things: two cores see far too
 * few interleavings of eight threads otherwise. */
static inline void jitter(uint32_t one_in)
{
	if (below(one_in) == 0)
		sched_yield();
}

static inline bool spin_try(struct spin *s)
{
	return !atomic_exchange_explicit(&s->held, 1, memory_order_acquire);
}

static inline void spin_lock(struct spin *s)
{
	uint32_t tries = 0;

	while (!spin_try(s))
		if (++tries % 64 == 0)
			sched_yield();
}

static inline void spin_unlock(struct spin *s)
{
	atomic_store_explicit(&s->held, 0, memory_order_release);
}

#endif
