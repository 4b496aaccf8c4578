// SPDX-License-Identifier: MIT
/* port.c: what platform.h calls is the simulator's. */
#include <irqferry/host.h>
#include "platform.h"

void inline_port_lock(void *ctx, ferry_lock *lock)
{
	ferry_host_lock(ctx, lock);
}

void inline_port_unlock(void *ctx, ferry_lock *lock)
{
	ferry_host_unlock(ctx, lock);
}

uint32_t inline_port_load(void *ctx, const ferry_atomic *cell)
{
	return ferry_host_load(ctx, cell);
}

void inline_port_store(void *ctx, ferry_atomic *cell, uint32_t value)
{
	ferry_host_store(ctx, cell, value);
}

uint32_t inline_port_xchg(void *ctx, ferry_atomic *cell, uint32_t value)
{
	return ferry_host_xchg(ctx, cell, value);
}

uint32_t inline_port_add(void *ctx, ferry_atomic *cell, uint32_t value)
{
	return ferry_host_add(ctx, cell, value);
}

uint32_t inline_port_or(void *ctx, ferry_atomic *cell, uint32_t bits)
{
	return ferry_host_or(ctx, cell, bits);
}

uint32_t inline_port_and(void *ctx, ferry_atomic *cell, uint32_t bits)
{
	return ferry_host_and(ctx, cell, bits);
}

bool inline_port_cas(void *ctx, ferry_atomic *cell, uint32_t expected, uint32_t value)
{
	return ferry_host_cas(ctx, cell, expected, value);
}
