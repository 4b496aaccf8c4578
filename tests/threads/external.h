/* SPDX-License-Identifier: MIT */
/*
 * Locks and atomics of the external flavour, for many threads. Include it once, in the file that
 * defines the rest of the host, after these:
 *
 *   MAY_LOCK   whether the thread may take a lock: interrupts are off
 *   JITTER     one atomic in so many gives the core away before
 *
 * `self` is the CPU that the thread is, or null; it counts the locks that it holds.
 */
#ifndef TESTS_THREADS_EXTERNAL_H
#define TESTS_THREADS_EXTERNAL_H

#include <irqferry/host.h>
#include "threads.h"

#ifndef FERRY_INLINE

/* Test and set, unfair but polite: the inline flavour has the ticket lock. */
void ferry_host_lock(void *ctx, ferry_lock *lock)
{
	struct world *w = ctx;
	uint32_t tries = 0;

	CHECK(w, MAY_LOCK);
	jitter(JITTER);
	while (__atomic_exchange_n(&lock->opaque[0], 1, __ATOMIC_ACQUIRE))
		if (++tries % 64 == 0)
			sched_yield();
	if (self)
		self->locks++;
}

void ferry_host_unlock(void *ctx, ferry_lock *lock)
{
	struct world *w = ctx;

	CHECK(w, !self || self->locks > 0);
	if (self)
		self->locks--;
	jitter(2 * JITTER);
	__atomic_store_n(&lock->opaque[0], 0, __ATOMIC_RELEASE);
}

uint32_t ferry_host_load(void *ctx, const ferry_atomic *cell)
{
	(void)ctx;
	return __atomic_load_n(&cell->value, __ATOMIC_ACQUIRE);
}

void ferry_host_store(void *ctx, ferry_atomic *cell, uint32_t value)
{
	(void)ctx;
	__atomic_store_n(&cell->value, value, __ATOMIC_RELEASE);
}

uint32_t ferry_host_xchg(void *ctx, ferry_atomic *cell, uint32_t value)
{
	(void)ctx;
	jitter(JITTER);
	return __atomic_exchange_n(&cell->value, value, __ATOMIC_SEQ_CST);
}

uint32_t ferry_host_add(void *ctx, ferry_atomic *cell, uint32_t value)
{
	(void)ctx;
	jitter(JITTER);
	return __atomic_fetch_add(&cell->value, value, __ATOMIC_SEQ_CST);
}

uint32_t ferry_host_or(void *ctx, ferry_atomic *cell, uint32_t bits)
{
	(void)ctx;
	jitter(JITTER);
	return __atomic_fetch_or(&cell->value, bits, __ATOMIC_SEQ_CST);
}

uint32_t ferry_host_and(void *ctx, ferry_atomic *cell, uint32_t bits)
{
	(void)ctx;
	jitter(JITTER);
	return __atomic_fetch_and(&cell->value, bits, __ATOMIC_SEQ_CST);
}

bool ferry_host_cas(void *ctx, ferry_atomic *cell, uint32_t expected, uint32_t value)
{
	(void)ctx;
	jitter(JITTER);
	return __atomic_compare_exchange_n(&cell->value, &expected, value, false, __ATOMIC_SEQ_CST,
					   __ATOMIC_SEQ_CST);
}

#endif

#endif
