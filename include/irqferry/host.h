/* SPDX-License-Identifier: MIT */
/*
 * host.h: everything the embedding system must provide.
 *
 * Every function gets the `ctx` of struct ferry_config first. The library calls
 * them by name; link your definitions. With FERRY_INLINE defined, locks and
 * atomics come from <irqferry/platform/inline.h> (or a header of yours named by
 * FERRY_PLATFORM_HEADER) as inline functions instead.
 *
 * Unless said otherwise a function here is called with local interrupts off and
 * library locks held: it must not call back into the library, must not enable
 * interrupts, must not sleep.
 *
 * Tiers. MSI-X only: locks, atomics, wait and the eight functions of "x86, every
 * source". I/O APIC pins add nothing (they use ferry_host_read/write). Remapped
 * sources add ferry_host_irte_write and ferry_host_irte_sync.
 */
#ifndef IRQFERRY_HOST_H
#define IRQFERRY_HOST_H

#include <stdbool.h>
#include <stdint.h>

/* A lock: eight bytes that are the host's to use. All zero is "unlocked". */
typedef struct ferry_lock {
	uint32_t opaque[2];
} ferry_lock;

/* A 32-bit cell that several CPUs access without a common lock. */
typedef struct ferry_atomic {
	uint32_t value;
} ferry_atomic;

/* ---- locks ------------------------------------------------------------- */

#ifdef FERRY_INLINE
#ifdef FERRY_PLATFORM_HEADER
#include FERRY_PLATFORM_HEADER
#else
#include <irqferry/platform/inline.h>
#endif
#else

/* Take `lock`; interrupts are off already. Acquire order. Fair enough that a
 * waiter gets it in bounded time. Not recursive. The library's lock order is
 * interrupt > CPU (ascending index) > leaf. */
void ferry_host_lock(void *ctx, ferry_lock *lock);

/* Give it back. Release order. */
void ferry_host_unlock(void *ctx, ferry_lock *lock);

/* ---- atomics ----------------------------------------------------------- */

/* Load, acquire order. */
uint32_t ferry_host_load(void *ctx, const ferry_atomic *cell);
/* Store, release order. */
void ferry_host_store(void *ctx, ferry_atomic *cell, uint32_t value);
/* The following return the old value and are sequentially consistent: a full
 * barrier against memory accesses of this CPU on both sides. */
uint32_t ferry_host_xchg(void *ctx, ferry_atomic *cell, uint32_t value);
uint32_t ferry_host_add(void *ctx, ferry_atomic *cell, uint32_t value);
uint32_t ferry_host_or(void *ctx, ferry_atomic *cell, uint32_t bits);
uint32_t ferry_host_and(void *ctx, ferry_atomic *cell, uint32_t bits);
/* Compare and exchange; true if it stored. */
bool ferry_host_cas(void *ctx, ferry_atomic *cell, uint32_t expected, uint32_t value);

#endif /* FERRY_INLINE */

/* Turn local interrupts off and return what to give to ferry_host_irq_restore.
 * Nests. Called without library locks, in any context. */
uintptr_t ferry_host_irq_save(void *ctx);
void ferry_host_irq_restore(void *ctx, uintptr_t flags);

/* ---- waiting ----------------------------------------------------------- */

/* Return once done(arg) is true. `done` only reads (atomics, or the own IRR) and
 * may be called any number of times. Called by ferry_irq_disable without library
 * locks and with interrupts as its caller had them: may sleep if that caller
 * may; and by ferry_cpu_commit with interrupts off: must not sleep. */
void ferry_host_wait(void *ctx, bool (*done)(void *arg), void *arg);

/* ---- x86, every source: the eight of the smallest tier ----------------- */

/* Run the handler of `irq`. No library lock is held; interrupts are off and may
 * be turned on inside; they must be off again on return. An edge was ended before
 * its handler, so with interrupts on any other one can come in on top: the depth on
 * a CPU is bounded by its interrupts and one doorbell each. `cookie` is that of the
 * source. May call any library function allowed in interrupt context. Never
 * called for one interrupt on two CPUs at a time. */
void ferry_host_handle(void *ctx, uint32_t irq, uintptr_t cookie, uint32_t cpu);

/* Write the EOI register of the local APIC of `cpu`, which is this CPU
 * (SDM 3A 11.8.5). */
void ferry_host_eoi(void *ctx, uint32_t cpu);

/* Is `vector` set in the IRR of the local APIC of `cpu`, which is this CPU?
 * (SDM 3A 11.8.4) */
bool ferry_host_irr(void *ctx, uint32_t cpu, uint8_t vector);

/* Send the fixed, edge-triggered IPI `vector` to `cpu`, maybe this CPU. Memory
 * writes made before are visible to its handler. Does not wait for delivery; may
 * wait until the ICR is free. */
void ferry_host_ipi(void *ctx, uint32_t cpu, uint8_t vector);

/* A clock: nanoseconds since any fixed moment; never goes back; read on one CPU
 * and compared on another (a skew counts into drain_ns). */
uint64_t ferry_host_now(void *ctx);

/* Have ferry_poll() called `ns` from now or soon after, on any CPU. One request
 * may replace an earlier one only by an earlier moment. */
void ferry_host_poll_in(void *ctx, uint64_t ns);

/* Registers of an interrupt source: `device` and `index` are those of struct
 * ferry_source (index: MSI-X entry, or I/O APIC pin). One access each, 32 bits wide,
 * or 16 where the register is (message data and control of an MSI capability).
 * Writes of one CPU to one device stay in order, after all its earlier writes to
 * memory; a read returns after all earlier writes to that device have taken
 * effect there and after every message the device sent before has gone as far as
 * ferry_x86_config says (FERRY_FENCE_REACHES_IRR, drain_ns). Several interrupts
 * of one device may be accessed at once from several CPUs; a host whose device
 * needs an index/data register pair (I/O APIC) locks inside. */
enum ferry_reg {
	FERRY_REG_MSI_ADDR = 0,    /* message address, low 32 bits */
	FERRY_REG_MSI_ADDR_HI = 1, /* message address, high 32 bits */
	FERRY_REG_MSI_DATA = 2,    /* message data */
	FERRY_REG_MSI_MASK = 3,    /* bit 0: this message is masked */
	FERRY_REG_MSI_ENABLE = 4,  /* bit 0: the function's MSI enable bit */
	FERRY_REG_RTE_LOW = 5,     /* I/O APIC redirection entry, low 32 bits */
	FERRY_REG_RTE_HIGH = 6,    /* high 32 bits */
	FERRY_REG_IOAPIC_EOI = 7   /* write-only, offset 0x40: the vector to end */
};
uint32_t ferry_host_read(void *ctx, uint32_t device, uint32_t index, enum ferry_reg reg);
void ferry_host_write(void *ctx, uint32_t device, uint32_t index, enum ferry_reg reg,
		      uint32_t value);

/* ---- x86, remapped sources --------------------------------------------- */

/* What a remapping entry says. */
struct ferry_irte {
	uint32_t dest;  /* APIC id, or logical destination */
	uint8_t vector; /* 0: entry not present, messages are dropped */
	bool logical;   /* dest is logical, delivery mode lowest priority */
};

/* Replace entry `index` of remapping unit `unit` in one atomic step: hardware
 * sees the old or the new entry, never a mixture (VT-d 9.10; 128-bit write). */
void ferry_host_irte_write(void *ctx, uint32_t unit, uint32_t index,
			   const struct ferry_irte *entry);

/* Invalidate what the unit caches of entry `index` and wait until that is done
 * (VT-d 6.5: interrupt entry cache, wait descriptor). On return no message
 * accepted later uses an older entry; those accepted before are as far as
 * ferry_x86_config says (FERRY_REMAP_DRAINS). May spin as long as the unit
 * takes. */
void ferry_host_irte_sync(void *ctx, uint32_t unit, uint32_t index);

#endif
