/* SPDX-License-Identifier: MIT */
/*
 * What Linux's matrix.c, affinity.c and group_cpus.c take from the rest of the kernel, as little
 * of it as they need in a program: memory from libc, per-CPU variables 64 KiB apart, a topology,
 * no trace points. The bitmap, cpumask, nodemask, bit and sort code is Linux's own. Included
 * before each of these files; headers of the kernel that would bring more stand empty
 * (mk/bench_peers.mk has the list).
 */
#ifndef BENCH_PEERS_SHIM_H
#define BENCH_PEERS_SHIM_H

/* The configuration. NR_CPUS bounds masks; loops run to nr_cpu_ids. */
#define __KERNEL__
#define CONFIG_64BIT 1
#define CONFIG_X86_64 1
#define CONFIG_SMP 1
#define CONFIG_NUMA 1
#define CONFIG_HOTPLUG_CPU 1
#define CONFIG_NR_CPUS 4096
#define CONFIG_NODES_SHIFT 6

#define __LITTLE_ENDIAN 1234

#include <linux/kconfig.h>
#include <asm-generic/errno.h>
#include <asm-generic/types.h>
#include <linux/types.h>
#include <linux/compiler.h>

/* What cpu.h, slab.h, string.h, bug.h, smp.h would say. */
#define NULL ((void *)0)
#define __init
#define EXPORT_SYMBOL(name)
#define EXPORT_SYMBOL_GPL(name)
#define READ_ONCE(x) (*(const volatile typeof(x) *)&(x))
#define WRITE_ONCE(x, value) (*(volatile typeof(x) *)&(x) = (value))
#define smp_load_acquire(p) READ_ONCE(*(p)) /* x86 */
#define pr_warn(...) ((void)0)

void abort(void) __attribute__((noreturn));
/* A warning here means that the benchmark went wrong. */
#define BUG() abort()
#define BUG_ON(condition) \
	do { \
		if (unlikely(condition)) \
			abort(); \
	} while (0)
#define WARN_ON(condition) \
	({ \
		bool shim_bad = !!(condition); \
		if (unlikely(shim_bad)) \
			abort(); \
		shim_bad; \
	})
#define WARN_ON_ONCE(condition) WARN_ON(condition)

void *memset(void *to, int byte, size_t size);
void *memcpy(void *to, const void *from, size_t size);
void *memmove(void *to, const void *from, size_t size);
int memcmp(const void *a, const void *b, size_t size);
size_t strlen(const char *text);

void *calloc(size_t count, size_t size);
void free(void *block);
#define kcalloc(count, size, how) calloc(count, size)
#define kzalloc(size, how) calloc(1, size)
#define kfree(block) free(block)

#include <asm/asm.h>
#include <linux/kcsan-checks.h>

/* What instrumented.h would do for sanitizers. */
#define instrument_atomic_write(address, size) ((void)0)
#define instrument_atomic_read(address, size) ((void)0)
#define instrument_atomic_read_write(address, size) ((void)0)
#define instrument_read(address, size) ((void)0)
#define instrument_write(address, size) ((void)0)
#define instrument_read_write(address, size) ((void)0)

#define atomic_read(cell) READ_ONCE((cell)->counter)
#define prandom_u32_max(limit) 0u
#define IRQ_MATRIX_BITS 256

/* What asm/alternative.h and asm/arch_hweight.h would say on a CPU with POPCNT. */
#define LOCK_PREFIX "lock; "
#define __arch_hweight64(w) ((unsigned int)__builtin_popcountll(w))
#define __arch_hweight32(w) ((unsigned int)__builtin_popcount(w))
#define __arch_hweight16(w) __arch_hweight32((w)&0xffffu)
#define __arch_hweight8(w) __arch_hweight32((w)&0xffu)

#include <linux/minmax.h>
#include <linux/bitmap.h>
#include <linux/atomic.h>
#include <linux/cpumask.h>
#include <linux/nodemask.h>

#undef swap /* sort.c has a member of that name */

/* What the parts of bitmap.c that read and print text would want; they are not linked. */
#define PAGE_SIZE 4096
#define offset_in_page(p) ((unsigned long)(p)&4095)

/* ---- per-CPU variables, topology ---------------------------------------------------- */

#define PEERS_STRIDE 0x10000ul

extern unsigned long peers_offset[CONFIG_NR_CPUS];
extern unsigned int peers_this_cpu, peers_node[CONFIG_NR_CPUS];
extern struct cpumask peers_siblings[CONFIG_NR_CPUS];
void *peers_percpu(size_t size);

#define per_cpu_ptr(pointer, cpu) ((typeof(pointer))((char *)(pointer) + peers_offset[cpu]))
#define this_cpu_ptr(pointer) per_cpu_ptr(pointer, peers_this_cpu)
#define alloc_percpu(type) ((typeof(type) *)peers_percpu(sizeof(type)))
#define smp_processor_id() peers_this_cpu
#define cpu_to_node(cpu) peers_node[cpu]
#define topology_sibling_cpumask(cpu) (&peers_siblings[cpu])
#define cpus_read_lock() ((void)0)
#define cpus_read_unlock() ((void)0)

/* ---- trace points: as if not compiled in ----------------------------------------------- */

#define trace_irq_matrix_online(...) ((void)0)
#define trace_irq_matrix_offline(...) ((void)0)
#define trace_irq_matrix_assign_system(...) ((void)0)
#define trace_irq_matrix_reserve_managed(...) ((void)0)
#define trace_irq_matrix_remove_managed(...) ((void)0)
#define trace_irq_matrix_alloc_managed(...) ((void)0)
#define trace_irq_matrix_assign(...) ((void)0)
#define trace_irq_matrix_reserve(...) ((void)0)
#define trace_irq_matrix_remove_reserved(...) ((void)0)
#define trace_irq_matrix_alloc(...) ((void)0)
#define trace_irq_matrix_free(...) ((void)0)

#endif
