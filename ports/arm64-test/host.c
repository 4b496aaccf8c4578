/* SPDX-License-Identifier: MIT */
/*
 * host.h on a bare AArch64 machine with a GIC. One view of memory for CPUs and devices
 * alike, Normal write-back, inner shareable; registers Device-nGnRE. Manuals: DDI 0487
 * (B2.3 memory order), IHI 0048B, IHI 0069H.
 */
#include <irqferry/ferry.h>
#include <irqferry/host.h>
#include "test.h"

/* ---- locks: tickets ------------------------------------------------------------ */

/* opaque[0] is the next ticket, opaque[1] the one being served. */
void ferry_host_lock(void *ctx, ferry_lock *lock)
{
	uint32_t mine = __atomic_fetch_add(&lock->opaque[0], 1, __ATOMIC_RELAXED);

	(void)ctx;
	while (__atomic_load_n(&lock->opaque[1], __ATOMIC_ACQUIRE) != mine)
		relax();
}

void ferry_host_unlock(void *ctx, ferry_lock *lock)
{
	(void)ctx;
	__atomic_store_n(&lock->opaque[1], lock->opaque[1] + 1, __ATOMIC_RELEASE);
}

/* ---- atomics ------------------------------------------------------------------- */

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

/* LDAXR and STLXR order what came before the store and what comes after the load: a later
 * access may still pass the store. The DMB makes it the full barrier that is asked for. */
static uint32_t fully(uint32_t old)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST); /* DMB ISH */
	return old;
}

uint32_t ferry_host_xchg(void *ctx, ferry_atomic *cell, uint32_t value)
{
	(void)ctx;
	return fully(__atomic_exchange_n(&cell->value, value, __ATOMIC_SEQ_CST));
}

uint32_t ferry_host_add(void *ctx, ferry_atomic *cell, uint32_t value)
{
	(void)ctx;
	return fully(__atomic_fetch_add(&cell->value, value, __ATOMIC_SEQ_CST));
}

uint32_t ferry_host_or(void *ctx, ferry_atomic *cell, uint32_t bits)
{
	(void)ctx;
	return fully(__atomic_fetch_or(&cell->value, bits, __ATOMIC_SEQ_CST));
}

uint32_t ferry_host_and(void *ctx, ferry_atomic *cell, uint32_t bits)
{
	(void)ctx;
	return fully(__atomic_fetch_and(&cell->value, bits, __ATOMIC_SEQ_CST));
}

bool ferry_host_cas(void *ctx, ferry_atomic *cell, uint32_t expected, uint32_t value)
{
	(void)ctx;
	return fully(__atomic_compare_exchange_n(&cell->value, &expected, value, false,
						 __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST));
}

/* ---- this CPU ------------------------------------------------------------------ */

uintptr_t ferry_host_irq_save(void *ctx)
{
	uintptr_t flags = read_sysreg(daif);

	(void)ctx;
	interrupts_off();
	return flags;
}

void ferry_host_irq_restore(void *ctx, uintptr_t flags)
{
	(void)ctx;
	write_sysreg(daif, flags);
}

void ferry_host_wait(void *ctx, bool (*done)(void *arg), void *arg)
{
	(void)ctx;
	while (!done(arg))
		relax();
}

bool ferry_host_wait_ns(void *ctx, bool (*done)(void *arg), void *arg, uint64_t ns)
{
	uint64_t until = now_ns() + ns;

	(void)ctx;
	while (!done(arg)) {
		if (now_ns() >= until)
			return done(arg);
		relax();
	}
	return true;
}

uint64_t ferry_host_now(void *ctx)
{
	(void)ctx;
	return now_ns();
}

/* When ferry_poll() is wanted; every CPU's tick looks (poll_if_due). Locks are held here,
 * so nothing is called. */
static uint64_t poll_at = UINT64_MAX;

void ferry_host_poll_in(void *ctx, uint64_t ns)
{
	uint64_t at = now_ns() + ns, old = __atomic_load_n(&poll_at, __ATOMIC_RELAXED);

	(void)ctx;
	while (at < old && !__atomic_compare_exchange_n(&poll_at, &old, at, false, __ATOMIC_SEQ_CST,
							__ATOMIC_SEQ_CST))
		;
}

void poll_if_due(struct ferry *f)
{
	uint64_t at = __atomic_load_n(&poll_at, __ATOMIC_RELAXED);

	if (at <= now_ns() && __atomic_compare_exchange_n(&poll_at, &at, UINT64_MAX, false,
							  __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		ferry_poll(f);
}

void ferry_host_handle(void *ctx, uint32_t irq, uintptr_t cookie, uint32_t cpu)
{
	(void)ctx;
	source_handler((struct source *)cookie, irq, cpu);
}

void ferry_host_local(void *ctx, uint32_t cpu, uint32_t intid, uint32_t from)
{
	(void)ctx;
	(void)from;
	local_handler(cpu, intid);
}

/* ---- the GIC's registers ------------------------------------------------------- */

static volatile void *gic(enum ferry_gic_frame frame, uint32_t offset)
{
	static const uint32_t base[] = { GICD_BASE, GICC_BASE, GICR_BASE, GITS_BASE };

	return (volatile void *)(uintptr_t)(base[frame] + offset);
}

uint32_t ferry_host_gic_read(void *ctx, enum ferry_gic_frame frame, uint32_t unit, uint32_t offset)
{
	uint32_t value = *(volatile uint32_t *)gic(frame, offset);

	(void)ctx;
	(void)unit;
	if (frame == FERRY_GICC && offset == GICC_IAR) {
		value = erratum_acknowledged(value);
		acknowledged(value);
	}
	return value;
}

uint64_t ferry_host_gic_read64(void *ctx, enum ferry_gic_frame frame, uint32_t unit,
			       uint32_t offset)
{
	(void)ctx;
	(void)unit;
	return *(volatile uint64_t *)gic(frame, offset);
}

void ferry_host_gic_write(void *ctx, enum ferry_gic_frame frame, uint32_t unit, uint32_t offset,
			  uint32_t value)
{
	(void)ctx;
	(void)unit;
	if (frame == FERRY_GICC)
		erratum_ended(offset, value);
	*(volatile uint32_t *)gic(frame, offset) = value;
	if (frame == FERRY_GICD)
		erratum_enabled(offset, value);
}

void ferry_host_gic_write64(void *ctx, enum ferry_gic_frame frame, uint32_t unit, uint32_t offset,
			    uint64_t value)
{
	(void)ctx;
	(void)unit;
	*(volatile uint64_t *)gic(frame, offset) = value;
}

void ferry_host_gic_write8(void *ctx, enum ferry_gic_frame frame, uint32_t unit, uint32_t offset,
			   uint8_t value)
{
	(void)ctx;
	(void)unit;
	if (frame != FERRY_GICD || !erratum_target(offset, value))
		*(volatile uint8_t *)gic(frame, offset) = value;
}

void ferry_host_barrier(void *ctx, enum ferry_barrier barrier)
{
	(void)ctx;
	if (barrier == FERRY_BARRIER_STORES)
		__asm__ volatile("dsb ishst" ::: "memory");
	else if (barrier == FERRY_BARRIER_DEVICE)
		__asm__ volatile("dsb sy" ::: "memory");
	else
		__asm__ volatile("isb" ::: "memory");
}

/* Nothing to clean: the ITS and the redistributors see the CPUs' caches. */
void ferry_host_its_sync(void *ctx, const void *start, uint32_t bytes)
{
	(void)ctx;
	(void)start;
	(void)bytes;
	__asm__ volatile("dsb ishst" ::: "memory");
}

/* ---- GICv3 CPU interface (IHI 0069H 12.2): by encoding, for assemblers that know no names */

static uint64_t acknowledge(void)
{
	uint64_t intid = read_sysreg(S3_0_C12_C12_0);

	acknowledged((uint32_t)intid);
	return intid;
}

uint64_t ferry_host_icc_read(void *ctx, enum ferry_icc reg)
{
	(void)ctx;
	switch (reg) {
	case FERRY_ICC_SRE:
		return read_sysreg(S3_0_C12_C12_5);
	case FERRY_ICC_PMR:
		return read_sysreg(S3_0_C4_C6_0);
	case FERRY_ICC_BPR1:
		return read_sysreg(S3_0_C12_C12_3);
	case FERRY_ICC_CTLR:
		return read_sysreg(S3_0_C12_C12_4);
	case FERRY_ICC_IGRPEN1:
		return read_sysreg(S3_0_C12_C12_7);
	case FERRY_ICC_IAR1:
		return acknowledge();
	default:
		return 0; /* write-only */
	}
}

void ferry_host_icc_write(void *ctx, enum ferry_icc reg, uint64_t value)
{
	(void)ctx;
	switch (reg) {
	case FERRY_ICC_SRE:
		write_sysreg(S3_0_C12_C12_5, value);
		break;
	case FERRY_ICC_PMR:
		write_sysreg(S3_0_C4_C6_0, value);
		break;
	case FERRY_ICC_BPR1:
		write_sysreg(S3_0_C12_C12_3, value);
		break;
	case FERRY_ICC_CTLR:
		write_sysreg(S3_0_C12_C12_4, value);
		break;
	case FERRY_ICC_IGRPEN1:
		write_sysreg(S3_0_C12_C12_7, value);
		break;
	case FERRY_ICC_EOIR1:
		write_sysreg(S3_0_C12_C12_1, value);
		break;
	case FERRY_ICC_DIR:
		write_sysreg(S3_0_C12_C11_1, value);
		break;
	case FERRY_ICC_SGI1R:
		write_sysreg(S3_0_C12_C11_5, value);
		break;
	default:
		break; /* read-only */
	}
}
