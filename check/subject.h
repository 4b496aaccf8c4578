/* SPDX-License-Identifier: MIT */
/*
 * subject.h: what is checked. The library is one subject (library.c); a mover of
 * another project is another: examples/foreign/glue.c has one in under 100 lines.
 *
 * A subject runs on the simulated machine and touches hardware, locks and atomics
 * through irqferry/host.h alone, the machine as `ctx`. It calls
 * ferry_host_handle(m, irq, cookie, cpu) with the source's index as cookie to start a
 * handler. Its vectors are WORLD_DOORBELL + 1 .. WORLD_DOORBELL + scenario.vectors
 * (world.h). Where it remembers an arrival to start the handler later, it says so by
 * oracle_trace() with FERRY_TRACE_LATCHED, and FERRY_TRACE_REPLAY when it decides the start.
 */
#ifndef IRQFERRY_CHECK_SUBJECT_H
#define IRQFERRY_CHECK_SUBJECT_H

#include <irqferry/guards.h>
#include "sim/machine.h"
#include "scenario.h"

enum look {
	LOOK_STATE, /* in every state */
	LOOK_REST,  /* nothing can happen any more but events: is anything still owed? */
	LOOK_END    /* everything was let go and asked to end: nothing is under way */
};

struct subject {
	const char *name;

	/* Bytes of its state for this scenario; 0: it can't do it. */
	size_t (*size)(const struct scenario *s);
	/* Make its state in m->library, zeroed. False: it refuses. No host calls. */
	bool (*init)(struct machine *m, const struct scenario *s);

	/* Its interrupt entries: a device's vector; the doorbell (config.doorbell).
	 * enum ferry_x86_taken of irqferry/x86.h, or 0 for "mine". */
	int (*interrupt)(struct machine *m, uint32_t cpu, uint8_t vector);
	void (*doorbell)(struct machine *m, uint32_t cpu);

	/* Threads. What a leaving CPU waits for may have come when it has taken an
	 * interrupt; of anything else client_stir() must tell. Each returns a status of
	 * irqferry/status.h; null: a scenario that needs it is refused. `online` and
	 * `create` are always needed. Source `src` exists from create to free;
	 * m->source[src] has its kind, flags, device and, after create, its number. */
	int (*online)(struct machine *m, uint32_t cpu); /* on it, interrupts off */
	int (*create)(struct machine *m, uint32_t src, uint64_t cpus, uint32_t *irq);
	/* FERRY_E_AGAIN: call again; FERRY_E_NO_BOUND: with `quiet`, once it is. */
	int (*free_)(struct machine *m, uint32_t src, bool quiet);
	int (*move)(struct machine *m, uint32_t src, uint64_t cpus);
	int (*mask)(struct machine *m, uint32_t src, bool masked);
	int (*enable)(struct machine *m, uint32_t src, bool enabled);
	int (*settle)(struct machine *m, uint32_t src);
	int (*leave)(struct machine *m, uint32_t cpu);
	int (*step)(struct machine *m, uint32_t cpu, uint32_t *left);
	int (*commit)(struct machine *m, uint32_t cpu);
	int (*roll_back)(struct machine *m, uint32_t cpu);
	/* Before `leave`: may the CPU? If so (*blocked is 0) a plan stands until `drop`. */
	int (*plan)(struct machine *m, uint32_t cpu, uint32_t *blocked);
	void (*drop)(struct machine *m);
	/* The time it asked for has come. May be null. */
	void (*poll)(struct machine *m);

	/* What guards the 32-bit word at `address` of its memory (irqferry/guards.h)?
	 * Null: each plain word is touched only under one and the same lock. */
	struct ferry_guard (*guard)(struct machine *m, const void *address);

	/* Would free_ get further now, but for a handler that still runs? A look from
	 * outside. Needed with free_. */
	bool (*drained)(struct machine *m, uint32_t src);

	/* Invariants of this subject's own (violation() reports). May be null; else it
	 * calls oracle_final_events() at LOOK_END. */
	void (*look)(struct machine *m, enum look when);

	/* Interrupts can be a set of queues (irqferry/mq.h), which client_queues.c calls. */
	bool queues;

	/* What does scenarios of Arm machines; null: they are refused. */
	const struct subject *arm;
	/* ... those with a guest; null: the same. */
	const struct subject *guest;
};

extern const struct subject subject_library;

#endif
