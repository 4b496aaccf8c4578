/* SPDX-License-Identifier: MIT */
/*
 * Locks and atomics of an inline build that the simulated machine runs: inline as an
 * embedder's would be, and behind them the simulator's, under names that can be linked
 * with a library which has its own (port.c). In the place of irqferry/platform/inline.h.
 */
#ifndef IRQFERRY_CHECK_INLINE_PLATFORM_H
#define IRQFERRY_CHECK_INLINE_PLATFORM_H

void inline_port_lock(void *ctx, ferry_lock *lock);
void inline_port_unlock(void *ctx, ferry_lock *lock);
uint32_t inline_port_load(void *ctx, const ferry_atomic *cell);
void inline_port_store(void *ctx, ferry_atomic *cell, uint32_t value);
uint32_t inline_port_xchg(void *ctx, ferry_atomic *cell, uint32_t value);
uint32_t inline_port_add(void *ctx, ferry_atomic *cell, uint32_t value);
uint32_t inline_port_or(void *ctx, ferry_atomic *cell, uint32_t bits);
uint32_t inline_port_and(void *ctx, ferry_atomic *cell, uint32_t bits);
bool inline_port_cas(void *ctx, ferry_atomic *cell, uint32_t expected, uint32_t value);

/* port.c has the external flavour, where these names are the simulator's. */
#ifdef FERRY_INLINE

static inline void ferry_host_lock(void *ctx, ferry_lock *lock)
{
	inline_port_lock(ctx, lock);
}

static inline void ferry_host_unlock(void *ctx, ferry_lock *lock)
{
	inline_port_unlock(ctx, lock);
}

static inline uint32_t ferry_host_load(void *ctx, const ferry_atomic *cell)
{
	return inline_port_load(ctx, cell);
}

static inline void ferry_host_store(void *ctx, ferry_atomic *cell, uint32_t value)
{
	inline_port_store(ctx, cell, value);
}

static inline uint32_t ferry_host_xchg(void *ctx, ferry_atomic *cell, uint32_t value)
{
	return inline_port_xchg(ctx, cell, value);
}

static inline uint32_t ferry_host_add(void *ctx, ferry_atomic *cell, uint32_t value)
{
	return inline_port_add(ctx, cell, value);
}

static inline uint32_t ferry_host_or(void *ctx, ferry_atomic *cell, uint32_t bits)
{
	return inline_port_or(ctx, cell, bits);
}

static inline uint32_t ferry_host_and(void *ctx, ferry_atomic *cell, uint32_t bits)
{
	return inline_port_and(ctx, cell, bits);
}

static inline bool ferry_host_cas(void *ctx, ferry_atomic *cell, uint32_t expected, uint32_t value)
{
	return inline_port_cas(ctx, cell, expected, value);
}

#endif
#endif
