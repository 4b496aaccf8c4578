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
 * sources add ferry_host_irte_write and ferry_host_irte_sync. A GIC needs locks,
 * atomics, ferry_host_handle, _now, _poll_in and the functions of "GIC"; GICv3 those
 * of "GICv3 CPU interface" besides; an ITS ferry_host_its_sync. A virtual GIC (vgic.h), by
 * itself: locks, atomics, wait and the functions of "virtual GIC"; interrupts that follow
 * the resident vCPU those of the part after it and ferry_host_barrier.
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
 * interrupt > CPU (ascending index) > leaf; of the virtual GIC: a vCPU's timer > interrupt. */
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
 * may; by ferry_vgic_access, too; and by ferry_cpu_commit with interrupts off: must not
 * sleep. */
void ferry_host_wait(void *ctx, bool (*done)(void *arg), void *arg);

/* ---- x86, every source: the eight of the smallest tier ----------------- */

/* Run the handler of `irq`. No library lock is held; interrupts are off and may
 * be turned on inside; they must be off again on return. On x86 an edge was ended before
 * its handler, so with interrupts on any other one can come in on top: the depth on
 * a CPU is bounded by its interrupts and one doorbell each. On a GIC it is ended after
 * (FERRY_GIC_SPLIT_EOI). `cookie` is that of the source. May call any library function
 * allowed in interrupt context. Never called for one interrupt on two CPUs at a time. */
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

/* ---- GIC ---------------------------------------------------------------- */

/* Which frame of registers. */
enum ferry_gic_frame {
	FERRY_GICD = 0, /* the distributor; unit 0 */
	FERRY_GICC = 1, /* GICv2: the CPU interface of this CPU; unit 0 */
	FERRY_GICR = 2, /* GICv3: a region of redistributors, unit as in ferry_gic_config */
	FERRY_GITS = 3  /* an ITS, unit as in ferry_its_config */
};

/* One access of the GIC's registers at `offset` of a frame: device memory, of exactly
 * this width (8 bits: GICD_IPRIORITYRn, GICR_IPRIORITYRn, GICD_ITARGETSRn). Accesses of
 * one CPU to one frame stay in order (Device-nGnRE), each after what ferry_host_barrier has ordered
 * before it. Banked registers and GICC are those of the CPU that calls. On a 32-bit
 * CPU the 64-bit accesses may be two halves, low first. */
uint32_t ferry_host_gic_read(void *ctx, enum ferry_gic_frame frame, uint32_t unit, uint32_t offset);
uint64_t ferry_host_gic_read64(void *ctx, enum ferry_gic_frame frame, uint32_t unit,
			       uint32_t offset);
void ferry_host_gic_write(void *ctx, enum ferry_gic_frame frame, uint32_t unit, uint32_t offset,
			  uint32_t value);
void ferry_host_gic_write64(void *ctx, enum ferry_gic_frame frame, uint32_t unit, uint32_t offset,
			    uint64_t value);
void ferry_host_gic_write8(void *ctx, enum ferry_gic_frame frame, uint32_t unit, uint32_t offset,
			   uint8_t value);

enum ferry_barrier {
	FERRY_BARRIER_STORES = 0, /* stores to memory made before are visible to every CPU and
				   * device before any later access (DSB ISHST) */
	FERRY_BARRIER_DEVICE = 1, /* memory and device accesses made before are complete before
				   * any later access (DSB SY) */
	FERRY_BARRIER_CONTEXT = 2 /* what system registers were written, later instructions
				   * see (ISB) */
};

void ferry_host_barrier(void *ctx, enum ferry_barrier barrier);

/* Evaluate `done` until it is true, or until `ns` nanoseconds have passed; false: they
 * have. `done` only reads registers. Waits for hardware alone, some microseconds as a
 * rule: library locks may be held, interrupts may be off, it must not sleep. */
bool ferry_host_wait_ns(void *ctx, bool (*done)(void *arg), void *arg, uint64_t ns);

/* Run the handler of SGI or PPI `intid` (extended PPIs: 1056 .. 1119) on `cpu`, which is
 * this CPU. `from`: the CPU that sent a GICv2 SGI, else 0xffffffff. Interrupts off, no
 * lock held. */
void ferry_host_local(void *ctx, uint32_t cpu, uint32_t intid, uint32_t from);

/* ---- GICv3 CPU interface: system registers of this CPU ------------------- */

enum ferry_icc {
	FERRY_ICC_SRE = 0,     /* ICC_SRE_EL1, or _EL2 for a host that runs there */
	FERRY_ICC_PMR = 1,     /* ICC_PMR_EL1 */
	FERRY_ICC_BPR1 = 2,    /* ICC_BPR1_EL1 */
	FERRY_ICC_CTLR = 3,    /* ICC_CTLR_EL1 */
	FERRY_ICC_IGRPEN1 = 4, /* ICC_IGRPEN1_EL1 */
	FERRY_ICC_IAR1 = 5,    /* ICC_IAR1_EL1: a read acknowledges */
	FERRY_ICC_EOIR1 = 6,   /* ICC_EOIR1_EL1 */
	FERRY_ICC_DIR = 7,     /* ICC_DIR_EL1 */
	FERRY_ICC_SGI1R = 8    /* ICC_SGI1R_EL1 */
};

/* One access. The library calls ferry_host_barrier where the order of its effects
 * matters. */
uint64_t ferry_host_icc_read(void *ctx, enum ferry_icc reg);
void ferry_host_icc_write(void *ctx, enum ferry_icc reg, uint64_t value);

/* ---- ITS ----------------------------------------------------------------- */

/* The `bytes` at `start` (commands, or the configuration of LPIs), which the library
 * has just written, are visible to the ITS and the redistributors when this returns: a
 * DSB ISHST, and cleaning the cache where they are not coherent. */
void ferry_host_its_sync(void *ctx, const void *start, uint32_t bytes);

/* ---- virtual GIC ---------------------------------------------------------- */

/* The virtual CPU interface's control registers of this CPU: ICH_*_EL2 (IHI 0069H 12.4),
 * or the GICH_* registers of the same name (IHI 0048B 5.3), 32 bits wide. GICH_ELRSR0 and
 * 1 are one value here, GICH_APR is FERRY_ICH_AP1R0. Numbers from FERRY_ICH_LR on are list
 * registers. */
enum ferry_ich {
	FERRY_ICH_HCR = 0,
	FERRY_ICH_VMCR = 1,
	FERRY_ICH_AP0R0 = 4, /* .. 7 */
	FERRY_ICH_AP1R0 = 8, /* .. 11 */
	FERRY_ICH_LR0 = 16   /* .. 31 */
};

/* One access, on the CPU that calls; interrupts off, locks may be held. What is written
 * is in effect at the next entry into the guest. */
uint64_t ferry_host_ich_read(void *ctx, uint32_t reg);
void ferry_host_ich_write(void *ctx, uint32_t reg, uint64_t value);

/* What a physical interrupt is asked or told. */
enum ferry_phys {
	FERRY_PHYS_DEACTIVATE = 0, /* it is active, its priority dropped: GICC_DIR, ICC_DIR_EL1
				    * or GICD_ICACTIVERn, from any CPU for an SPI */
	FERRY_PHYS_ACTIVATE = 1,   /* ISACTIVER */
	FERRY_PHYS_UNPEND = 2,     /* ICPENDR */
	FERRY_PHYS_PEND = 3,       /* ISPENDR */
	FERRY_PHYS_ENABLE = 4,     /* ISENABLER */
	FERRY_PHYS_DISABLE = 5,    /* ICENABLER, and return once that is in effect (RWP) */
	FERRY_PHYS_IS_PENDING = 6  /* returns the bit of ISPENDR: of a level one its line */
};

/* SPI `intid`, or PPI `intid` of this CPU. What was stored and written to devices before,
 * FERRY_PHYS_ROUTE too, is complete before the interrupt can come again. Library locks
 * may be held: it takes none of the library's and does not wait for another CPU. False but
 * for questions. */
bool ferry_host_phys(void *ctx, uint32_t intid, enum ferry_phys what);

/* Physical SPI `intid` goes to `cpu` from soon on; active or not. If it can't now, or not yet,
 * nothing is lost: where it lands is a matter of speed alone. On a host that moves its interrupts
 * with this library: ferry_irq_prefer(), which takes locks of the engine: the order is virtual
 * interrupt > interrupt. As ferry_host_phys otherwise. */
void ferry_host_phys_route(void *ctx, uint32_t intid, uint32_t cpu);

/* Virtual CPU `vcpu` has something to look at. `cpu`: it was in the guest there; have that
 * CPU leave the guest, soon (an IPI; what was stored before is visible to it); it may have gone
 * offline since, then there is nothing to do. FERRY_NONE:
 * it is blocked (ferry_vcpu_block); make it run. Interrupts as the
 * caller had them, no library lock held; must not call back. */
void ferry_host_vcpu_kick(void *ctx, uint32_t vcpu, uint32_t cpu);

/* ---- virtual GIC: interrupts that follow the resident vCPU ------------------ */

/* The EL1 virtual timer of this CPU (DDI 0487 D11). */
enum ferry_timer {
	FERRY_TIMER_CTL = 0,    /* CNTV_CTL_EL0: bit 0 enable, 1 imask, 2 istatus (read-only) */
	FERRY_TIMER_CVAL = 1,   /* CNTV_CVAL_EL0 */
	FERRY_TIMER_OFFSET = 2, /* CNTVOFF_EL2 */
	FERRY_TIMER_COUNT = 3   /* CNTPCT_EL0, read-only */
};

/* One access; the library calls ferry_host_barrier(FERRY_BARRIER_CONTEXT) where later ones
 * depend on its effect. */
uint64_t ferry_host_timer_read(void *ctx, enum ferry_timer reg);
void ferry_host_timer_write(void *ctx, enum ferry_timer reg, uint64_t value);

/* Call ferry_vcpu_timer() for `vcpu` when CNTPCT_EL0 has reached `count` or soon after, on
 * any CPU that is online then; UINT64_MAX: not any more (a call under way may still come). */
void ferry_host_timer_at(void *ctx, uint32_t vcpu, uint64_t count);

/* Another device whose PPI follows the resident vCPU (a PMU, the guest's physical timer):
 * save: stop it, keep its registers for `vcpu`, have that take effect, and say if its line was
 * high when it stopped (of an edge: anything); restore: the other way round, running last.
 * `intid`: its virtual interrupt. Interrupts off. Where something happens while it is saved
 * that the vCPU should get, the host runs the vCPU. */
bool ferry_host_resident_save(void *ctx, uint32_t vcpu, uint32_t intid);
void ferry_host_resident_restore(void *ctx, uint32_t vcpu, uint32_t intid);

#endif
