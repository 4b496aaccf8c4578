/* SPDX-License-Identifier: MIT */
/*
 * What library calls return. Zero is success, negative is a refusal or "not
 * yet"; the numbers are fixed. On a negative value nothing has changed, except
 * for calls that are made again and again until they are done: what they have
 * done so far is kept (ferry_irq_free, ferry_cpu_leave_step; their contracts say
 * what).
 */
#ifndef IRQFERRY_STATUS_H
#define IRQFERRY_STATUS_H

enum ferry_status {
	FERRY_OK = 0,

	/* Not finished. Remedy: let interrupts in, wait what the call says, call again. */
	FERRY_E_AGAIN = -1,

	/* No vector (or no vector free on all CPUs that the source needs at once).
	 * Remedy: free interrupts, widen the mask, or settle moves under way. */
	FERRY_E_NO_SPACE = -2,

	/* The mask has no online CPU. Remedy: bring one up, or ask for another mask. */
	FERRY_E_NO_CPU = -3,

	/* A move's old place can be proved empty neither by an arrival nor by time.
	 * Remedy: give ferry_config.drain_ns, or declare the source's order. */
	FERRY_E_NO_BOUND = -4,

	/* Every online CPU of the mask has an APIC id the source cannot name.
	 * Remedy: interrupt remapping, the extended destination id, or other CPUs. */
	FERRY_E_UNREACHABLE = -5,

	/* An argument is outside its documented range. Remedy: the caller's. */
	FERRY_E_INVALID = -6,

	/* The interrupt or CPU is not in a state that allows this call (dead, free,
	 * already leaving, ...). Remedy: the order documented at the call. */
	FERRY_E_STATE = -7,

	/* The pool of interned CPU masks is full. Remedy: a larger
	 * ferry_config.masks, or single-CPU masks, which need no entry. */
	FERRY_E_NO_MASK = -8,

	/* All descriptors are in use. Remedy: a larger ferry_config.irqs. */
	FERRY_E_NO_IRQ = -9,

	/* A CPU came online with something in its IRR. Remedy: park CPUs so that
	 * the IRR is cleared (INIT), or take what is pending before entering. */
	FERRY_E_PENDING = -10,

	/* The memory given is smaller than the size function asked for. */
	FERRY_E_MEMORY = -11,

	/* The GIC or an ITS did not do in time what it was asked. Remedy: none here; its
	 * clock, its power or its tables are wrong. Nothing was changed in memory. */
	FERRY_E_TIMEOUT = -12,

	/* The hardware is not what the configuration says. Remedy: the configuration. */
	FERRY_E_HARDWARE = -13,

	/* The affinity of a managed interrupt is not the caller's to change. Remedy:
	 * ferry_mq_override(), if the driver takes part and it was allowed; to free it,
	 * ferry_irq_unmanage() first. */
	FERRY_E_MANAGED = -14,

	/* Somebody else works on this set of queues. Remedy: later, again. */
	FERRY_E_BUSY = -15,

	/* A driver refused. Remedy: the driver's (ferry_mq.culprit, .veto). */
	FERRY_E_VETO = -16,

	/* ferry_mq_cancel() was called. */
	FERRY_E_CANCELED = -17,

	/* A bug in the library or in the host's functions: an invariant is broken. */
	FERRY_E_BUG = -99
};

/* "no CPU in particular", "no interrupt" */
#define FERRY_NONE 0xffffffffu

#if defined(__GNUC__)
#define FERRY_MUST_USE __attribute__((warn_unused_result))
#else
#define FERRY_MUST_USE
#endif

#endif
