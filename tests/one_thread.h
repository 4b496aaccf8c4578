/* SPDX-License-Identifier: MIT */
/*
 * The part of host.h that is trivial for a host of one thread: an atomic is a
 * variable, interrupts come only when the host calls. Include it once, in the file
 * that defines the rest of the host.
 */
#ifndef TESTS_ONE_THREAD_H
#define TESTS_ONE_THREAD_H

#include <irqferry/host.h>

#ifndef FERRY_INLINE

uint32_t ferry_host_load(void *ctx, const ferry_atomic *cell)
{
	(void)ctx;
	return cell->value;
}

void ferry_host_store(void *ctx, ferry_atomic *cell, uint32_t value)
{
	(void)ctx;
	cell->value = value;
}

uint32_t ferry_host_xchg(void *ctx, ferry_atomic *cell, uint32_t value)
{
	uint32_t old = cell->value;

	(void)ctx;
	cell->value = value;
	return old;
}

uint32_t ferry_host_add(void *ctx, ferry_atomic *cell, uint32_t value)
{
	return ferry_host_xchg(ctx, cell, cell->value + value);
}

uint32_t ferry_host_or(void *ctx, ferry_atomic *cell, uint32_t bits)
{
	return ferry_host_xchg(ctx, cell, cell->value | bits);
}

uint32_t ferry_host_and(void *ctx, ferry_atomic *cell, uint32_t bits)
{
	return ferry_host_xchg(ctx, cell, cell->value & bits);
}

bool ferry_host_cas(void *ctx, ferry_atomic *cell, uint32_t expected, uint32_t value)
{
	bool same = cell->value == expected;

	(void)ctx;
	if (same)
		cell->value = value;
	return same;
}

#endif /* FERRY_INLINE */

uintptr_t ferry_host_irq_save(void *ctx)
{
	(void)ctx;
	return 0;
}

void ferry_host_irq_restore(void *ctx, uintptr_t flags)
{
	(void)ctx;
	(void)flags;
}

#endif
