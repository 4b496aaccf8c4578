/* SPDX-License-Identifier: MIT */
/*
 * More of host.h for one thread, where locks are looked after and no interrupt ever comes.
 * Include it once, after one_thread.h.
 */
#ifndef TESTS_STILL_HOST_H
#define TESTS_STILL_HOST_H

#include <irqferry/host.h>
#include "tests/tap.h"

void ferry_host_lock(void *ctx, ferry_lock *lock)
{
	(void)ctx;
	if (lock->opaque[0]++)
		bail("a lock was taken twice");
}

void ferry_host_unlock(void *ctx, ferry_lock *lock)
{
	(void)ctx;
	if (--lock->opaque[0])
		bail("a lock was given back that was not held");
}

void ferry_host_wait(void *ctx, bool (*done)(void *arg), void *arg)
{
	(void)ctx;
	if (!done(arg))
		bail("waiting, and nobody else is there");
}

void ferry_host_handle(void *ctx, uint32_t irq, uintptr_t cookie, uint32_t cpu)
{
	(void)ctx;
	bail("handler of %u (%lu) on CPU %u, and nothing fires", irq, (unsigned long)cookie, cpu);
}

#endif
