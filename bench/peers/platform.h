/* SPDX-License-Identifier: MIT */
/* The library's inline flavour with the lock of lock.h: for our side. */
#ifndef BENCH_PEERS_PLATFORM_H
#define BENCH_PEERS_PLATFORM_H

#include "bench/peers/lock.h"

#define ferry_host_lock peers_ticket_lock
#define ferry_host_unlock peers_ticket_unlock
#include <irqferry/platform/inline.h>
#undef ferry_host_lock
#undef ferry_host_unlock

static inline void ferry_host_lock(void *ctx, ferry_lock *lock)
{
	(void)ctx;
	peers_lock(&lock->opaque[0]);
}

static inline void ferry_host_unlock(void *ctx, ferry_lock *lock)
{
	(void)ctx;
	peers_unlock(&lock->opaque[0]);
}

#endif
