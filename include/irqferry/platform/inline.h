/* SPDX-License-Identifier: MIT */
/*
 * Locks and atomics of the inline flavour (FERRY_INLINE), with the compiler's
 * atomic builtins. Same contracts as in host.h. A host with its own names a
 * header of its own in FERRY_PLATFORM_HEADER. The lock is a ticket lock: fair,
 * and its only spin is here, on the host's side of the border.
 */
#ifndef IRQFERRY_PLATFORM_INLINE_H
#define IRQFERRY_PLATFORM_INLINE_H

static inline void ferry_cpu_relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#elif defined(__aarch64__)
	__asm__ volatile("yield");
#endif
}

/* opaque[0] is the next ticket, opaque[1] the one being served. */
static inline void ferry_host_lock(void *ctx, ferry_lock *lock)
{
	uint32_t mine = __atomic_fetch_add(&lock->opaque[0], 1u, __ATOMIC_RELAXED);

	(void)ctx;
	while (__atomic_load_n(&lock->opaque[1], __ATOMIC_ACQUIRE) != mine)
		ferry_cpu_relax();
}

static inline void ferry_host_unlock(void *ctx, ferry_lock *lock)
{
	(void)ctx;
	__atomic_store_n(&lock->opaque[1], lock->opaque[1] + 1u, __ATOMIC_RELEASE);
}

static inline uint32_t ferry_host_load(void *ctx, const ferry_atomic *cell)
{
	(void)ctx;
	return __atomic_load_n(&cell->value, __ATOMIC_ACQUIRE);
}

/* Two neighbours at once, the first in the low half, each as ferry_host_load has it; `cells` is
 * aligned to 8. A header of the host's own need not have it. */
#if defined(__x86_64__) || defined(__AARCH64EL__)
#define FERRY_HOST_LOAD_TWO
typedef uint64_t __attribute__((may_alias)) ferry_two;
static inline uint64_t ferry_host_load_two(void *ctx, const ferry_atomic *cells)
{
	(void)ctx;
	return __atomic_load_n((const ferry_two *)(const void *)cells, __ATOMIC_ACQUIRE);
}
#endif

static inline void ferry_host_store(void *ctx, ferry_atomic *cell, uint32_t value)
{
	(void)ctx;
	__atomic_store_n(&cell->value, value, __ATOMIC_RELEASE);
}

/* What a read-modify-write still lacks: where it is a pair of exclusives (Arm DDI 0487, B2.3),
 * a later access may pass its store, however ordered it is. On x86 nothing may. */
static inline void ferry_full_barrier(void)
{
#if !defined(__x86_64__) && !defined(__i386__)
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
#endif
}

static inline uint32_t ferry_host_xchg(void *ctx, ferry_atomic *cell, uint32_t value)
{
	uint32_t old = __atomic_exchange_n(&cell->value, value, __ATOMIC_SEQ_CST);

	(void)ctx;
	ferry_full_barrier();
	return old;
}

static inline uint32_t ferry_host_add(void *ctx, ferry_atomic *cell, uint32_t value)
{
	uint32_t old = __atomic_fetch_add(&cell->value, value, __ATOMIC_SEQ_CST);

	(void)ctx;
	ferry_full_barrier();
	return old;
}

static inline uint32_t ferry_host_or(void *ctx, ferry_atomic *cell, uint32_t bits)
{
	uint32_t old = __atomic_fetch_or(&cell->value, bits, __ATOMIC_SEQ_CST);

	(void)ctx;
	ferry_full_barrier();
	return old;
}

static inline uint32_t ferry_host_and(void *ctx, ferry_atomic *cell, uint32_t bits)
{
	uint32_t old = __atomic_fetch_and(&cell->value, bits, __ATOMIC_SEQ_CST);

	(void)ctx;
	ferry_full_barrier();
	return old;
}

static inline bool ferry_host_cas(void *ctx, ferry_atomic *cell, uint32_t expected, uint32_t value)
{
	bool stored = __atomic_compare_exchange_n(&cell->value, &expected, value, false,
						  __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);

	(void)ctx;
	ferry_full_barrier();
	return stored;
}

#endif
