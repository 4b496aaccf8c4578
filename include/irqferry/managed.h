/* SPDX-License-Identifier: MIT */
/*
 * managed.h: interrupts that can be stopped and started again, and places promised to them.
 *
 * Two classes of reservation. A *managed* interrupt has a promise of one place on each CPU of
 * its mask, online or not: once ferry_irq_manage() has said yes, starting it on any online CPU
 * of the mask never fails for want of a vector. All others are best effort: they find a place
 * when they are made or started, or FERRY_E_NO_SPACE. A promised place that nobody uses is
 * lent to nobody.
 *
 * A *stopped* interrupt exists, and has no place: its source is silent, nothing of it is in
 * flight. Made so with FERRY_SOURCE_STOPPED or FERRY_GIC_STOPPED, or by ferry_irq_stop(). What
 * its device sends meanwhile may be lost: whoever stops it has drained what it serves. (Kept
 * is what reached a CPU before the place was drained, and what a device or a distributor
 * remembers: MSI-X and MSI with a mask bit, SPIs. Its handler starts after the next start.)
 * Mask, disable and their opposites work as ever and take effect at the next start.
 *
 * A managed interrupt never leaves its mask. Where the last CPU of the mask leaves, it is
 * stopped first, and started when the first one returns: mq.h does that for a device with
 * several queues. ferry_irq_set_affinity() refuses it: FERRY_E_MANAGED. Seed 003.
 *
 * Not for sources that change in two steps (FERRY_X86_MSI, I/O APIC pins), which need a second
 * slot while they move: FERRY_E_INVALID.
 */
#ifndef IRQFERRY_MANAGED_H
#define IRQFERRY_MANAGED_H

#include <irqferry/ferry.h>

/* How places are promised on x86: name it in ferry_x86_config.promises. A GIC has room for all
 * and needs none. */
struct ferry_promises;
extern const struct ferry_promises ferry_x86_promises;

/* ---- promises -------------------------------------------------------------- */

/*
 * Make stopped `irq` managed, with this mask (null: all CPUs): promise a place on each of its
 * CPUs. Context: thread. Takes the interrupt's and, one at a time, the CPUs' locks; interrupts
 * are off meanwhile, so for longer the more CPUs the mask has. What the source can't name
 * (FERRY_E_UNREACHABLE of ferry_irq_start()) is best left out: such a CPU, if it is online, keeps
 * the interrupt from being stopped when the others leave, and they can't.
 * FERRY_OK; FERRY_E_NO_SPACE (a CPU of the mask has no place left to promise; nothing was
 * kept); FERRY_E_STATE (not stopped, or managed already); FERRY_E_NO_CPU (empty mask),
 * FERRY_E_NO_MASK, FERRY_E_INVALID (the kind of source; on x86 without
 * ferry_x86_config.promises).
 */
FERRY_MUST_USE int ferry_irq_manage(struct ferry *f, uint32_t irq, const uint64_t *mask);

/* Give the promises back: stopped `irq` is an ordinary one with the same mask. Before it is
 * freed (else FERRY_E_MANAGED). Context: thread. FERRY_OK, FERRY_E_STATE (not managed, not stopped,
 * or it has a spare mask), FERRY_E_INVALID. */
FERRY_MUST_USE int ferry_irq_unmanage(struct ferry *f, uint32_t irq);

/* Ask for another mask of a stopped interrupt that is not managed. Nothing is reserved. Errors
 * as ferry_irq_manage. */
FERRY_MUST_USE int ferry_irq_aim(struct ferry *f, uint32_t irq, const uint64_t *mask);

/*
 * Share promises: the interrupts of one `pool` (1 .. ferry_x86_config.pools; 0: none) have one
 * promise together on each CPU that is in any of their masks. The plain scheme burns a place
 * for each queue on each CPU of its mask; this burns one for each device.
 * The weaker guarantee: on each CPU one of the pool can always be started; a second one there
 * takes what is free, like an ordinary interrupt, and may be refused with FERRY_E_NO_SPACE
 * where its mask has no other CPU online.
 * Context: thread, before ferry_irq_manage(); until the interrupt is freed. FERRY_OK (a GIC has
 * room for all: nothing is shared, and ferry_class.pool is 0), FERRY_E_STATE (free, dead,
 * managed), FERRY_E_INVALID.
 */
FERRY_MUST_USE int ferry_irq_share(struct ferry *f, uint32_t irq, uint32_t pool);

/*
 * Another mask for a managed interrupt, in three steps, so that a refusal changes nothing:
 * promise the places of `mask` that it has not got; swap the two masks while it is stopped;
 * give up what belongs to the spare one alone. A swap again, before that, undoes it.
 */
struct ferry_spare {
	uint32_t set; /* the library's */
};

/* Context: thread. Errors as ferry_irq_manage, nothing kept; FERRY_E_STATE: not managed, or it has
 * a spare mask already. */
FERRY_MUST_USE int ferry_spare_promise(struct ferry *f, uint32_t irq, const uint64_t *mask,
				       struct ferry_spare *spare);
/* FERRY_OK; FERRY_E_STATE: not stopped, not managed, no spare mask; FERRY_E_INVALID. */
FERRY_MUST_USE int ferry_spare_swap(struct ferry *f, uint32_t irq, struct ferry_spare *spare);
/* The spare is void afterwards. FERRY_OK; FERRY_E_STATE: no spare mask, or the interrupt is on a
 * CPU that only the spare has, which can't be unless a step was left out; FERRY_E_INVALID. */
FERRY_MUST_USE int ferry_spare_release(struct ferry *f, uint32_t irq, struct ferry_spare *spare);

/* ---- stop and start ---------------------------------------------------------- */

/*
 * Stop `irq`: no handler start is decided once this was called the first time; its source is
 * silenced, a move under way and its place are drained, what is owed to the hardware is
 * waited for. Resumable: call again until it does not say FERRY_E_AGAIN. Its place is given
 * back (a promised one stays promised), its mask, its mask bits and its class are kept;
 * requests that waited count as superseded, the mask they asked for is that of the start.
 * Context: any but its own handler's. flags: 0 or FERRY_FREE_QUIET.
 * FERRY_OK: stopped, also if it was; FERRY_E_AGAIN (*wait_ns, may be null, says when);
 * FERRY_E_NO_BOUND: silent, but its drain can't be proved: again, with FERRY_FREE_QUIET, once
 * the device is quiet; FERRY_E_INVALID; FERRY_E_STATE (free or dead).
 */
FERRY_MUST_USE int ferry_irq_stop(struct ferry *f, uint32_t irq, uint32_t flags, uint64_t *wait_ns);

/*
 * Start a stopped interrupt on an online CPU of its mask, exactly once: of two callers one gets
 * FERRY_E_STATE. It is as enabled and masked as its driver last wanted it.
 * Context: thread. FERRY_OK; FERRY_E_NO_CPU: no CPU of its mask is online: it stays stopped,
 * which is for the caller to report; FERRY_E_NO_SPACE (never for a managed one without a
 * pool); FERRY_E_STATE (not stopped, or its stop has not come to its end); FERRY_E_UNREACHABLE;
 * FERRY_E_INVALID (no such number; a DeviceID or EventID that the ITS can't have);
 * FERRY_E_TIMEOUT (GIC: the ITS takes no commands, or stopped at this one: then the
 * interrupt is stopped as before, but freeing it never ends, because the ITS may map it yet).
 */
FERRY_MUST_USE int ferry_irq_start(struct ferry *f, uint32_t irq);

/* ---- looking ------------------------------------------------------------------- */

struct ferry_class {
	bool managed;
	bool stopped; /* ferry_irq_stop() has begun; ferry_affinity.state is FERRY_STOPPED once
		       * its place is given back */
	uint32_t pool;
};

/* FERRY_OK, FERRY_E_INVALID, FERRY_E_STATE (no such interrupt). Context: any. */
int ferry_irq_class(struct ferry *f, uint32_t irq, struct ferry_class *out);

/* What could be had, over all online CPUs. Hints: others allocate meanwhile; in the shared
 * namespace a vector counts once for each CPU. Context: any. Its cost grows with the CPUs and
 * the interrupts that exist. */
struct ferry_capacity {
	uint32_t free;     /* places for ordinary interrupts */
	uint32_t promised; /* places kept for managed ones that do not use them now */
	uint32_t waiting;  /* stopped (or being stopped) interrupts that are not managed: if this is
			    * more than `free`, not all of them could be started */
};
void ferry_capacity(struct ferry *f, struct ferry_capacity *out);

#endif
