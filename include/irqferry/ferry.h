/* SPDX-License-Identifier: MIT */
/*
 * irqferry: interrupts that move between CPUs without losing one.
 *
 * This header is the part that knows no architecture: interrupts, affinity,
 * CPUs going and coming. Start a machine with the header of its architecture
 * (x86.h). All state lives in memory the caller gives; there are no globals, any
 * number of machines can live in one program.
 *
 * Words. An interrupt is named by a number, 0 .. irqs-1, which the library hands
 * out. A CPU is named by an index, 0 .. cpus-1, which the host chooses. A mask
 * is an array of (cpus + 63) / 64 64-bit words, bit n of word n/64 for CPU n;
 * bits past the last CPU are ignored; a null pointer means "all CPUs".
 *
 * Context. "any" is thread, interrupt (handlers included) and with interrupts
 * off; never an NMI, never while the host holds a lock that one of its own
 * functions from host.h takes.
 */
#ifndef IRQFERRY_FERRY_H
#define IRQFERRY_FERRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <irqferry/status.h>

#define FERRY_VERSION_MAJOR 0
#define FERRY_VERSION_MINOR 1

#define FERRY_CPUS_MAX 4096u
#define FERRY_IRQS_MAX 65536u

struct ferry;
struct ferry_trace;

/* Counters of one CPU. Kept only if the host gives the memory; the library never
 * reads them back. Each is written by its CPU alone. */
struct ferry_counters {
	uint64_t arrivals;   /* interrupts taken at a live slot */
	uint64_t starts;     /* handlers started */
	uint64_t latched;    /* arrivals remembered in memory: running or masked */
	uint64_t replays;    /* handlers started from memory by the doorbell */
	uint64_t dead;       /* arrivals of interrupts being freed */
	uint64_t unexpected; /* vectors nobody owns here */
	uint64_t doorbells;  /* doorbell interrupts taken */
	uint64_t retries;    /* cleanups put off because the IRR bit was set */
};

/* What ferry_init and the architecture's init share. */
struct ferry_config {
	void *ctx;      /* first argument of every host function */
	uint32_t cpus;  /* 1 .. FERRY_CPUS_MAX: the highest index + 1 */
	uint32_t irqs;  /* 1 .. FERRY_IRQS_MAX */
	uint32_t masks; /* different masks of several CPUs alive at a time, 0 .. 65535 */

	/* After a message or pin was reprogrammed and the device read back, every
	 * earlier message is in its target's IRR at the latest after so many
	 * nanoseconds. 0: the host knows no such bound; then interrupts whose
	 * messages are not ordered cannot be moved (FERRY_E_NO_BOUND). A bound that
	 * is too small loses interrupts. */
	uint64_t drain_ns;

	/* An affinity that a departing CPU broke is restored when a CPU of the
	 * requested mask returns. */
	bool restore;

	/* Per-CPU counters, `cpus` of them, zeroed; or null. */
	struct ferry_counters *counters;

	/* Called when a request has been satisfied or superseded up to
	 * `generation`, or null. Interrupts off, the interrupt's lock held: may
	 * only wake somebody; may not call the library. */
	void (*done)(void *ctx, uint32_t irq, uint32_t generation);

	/* Called with a record at each change of state, or null (then it costs one
	 * branch). Same context as `done`; records about a CPU come without an
	 * interrupt's lock. See trace.h. */
	void (*trace)(void *ctx, const struct ferry_trace *record);
};

/* ---- affinity ---------------------------------------------------------- */

/*
 * Ask that `irq` be delivered to one of the CPUs of `mask`, to `prefer` if
 * that is in it and has room (FERRY_NONE: wherever there is most room).
 *
 * Context: any. Takes the interrupt's and CPU locks.
 * After: `requested` is the mask. The move was started, or, if one is under way
 * or the source can only move at the end of its handler, it is queued: it will
 * be done without another call, unless a later request supersedes it. If the
 * interrupt already is inside the mask, nothing moves.
 *
 * Returns the ticket, > 0, in *ticket (may be null), and
 *   FERRY_OK          accepted; it is satisfied once ferry_irq_affinity() shows
 *                     a generation that has reached the ticket
 *   FERRY_E_NO_CPU    no CPU of the mask is online and staying
 *   FERRY_E_NO_SPACE  no vector on any of them; only when nothing is under way
 *                     (else the request is queued, and waits for space)
 *   FERRY_E_NO_BOUND  the move could never end, see ferry_config.drain_ns
 *   FERRY_E_MANAGED   see managed.h
 *   FERRY_E_UNREACHABLE, FERRY_E_NO_MASK, FERRY_E_STATE (free, dead or stopped),
 *   FERRY_E_INVALID (no such irq, or prefer is neither a CPU nor FERRY_NONE)
 * On error nothing has changed, an earlier queued request included.
 */
FERRY_MUST_USE int ferry_irq_set_affinity(struct ferry *f, uint32_t irq, const uint64_t *mask,
					  uint32_t prefer, uint32_t *ticket);

/* Where an interrupt is in its journey. */
enum ferry_state {
	FERRY_FREE = 0,     /* no such interrupt now */
	FERRY_SETTLED = 1,  /* one place */
	FERRY_MOVING = 2,   /* the new place is programmed, the old one still alive:
			     * waiting for evidence that nothing comes there any more */
	FERRY_DRAINING = 3, /* the evidence is there; old CPUs still clear their slots */
	FERRY_DRAINED = 4,  /* dead and empty: ferry_irq_free() will return FERRY_OK */
	FERRY_STOPPED = 5   /* it has no place and can be started again (managed.h) */
};

struct ferry_affinity {
	enum ferry_state state;
	bool queued;         /* a request waits for the move under way */
	bool starved;        /* ... or for a free vector */
	bool broken;         /* delivered outside `requested`: its CPUs are gone or full */
	bool dead;           /* ferry_irq_free() was called; its state goes on to DRAINED */
	uint32_t asked;      /* the last ticket given out; tickets wrap: t has ended once
			       * (int32_t)(generation - t) >= 0 */
	uint32_t generation; /* the newest ticket satisfied or superseded */
	uint32_t old_cpus;   /* CPUs that still owe the clearing of the old place */
	uint32_t vector;     /* x86: the current place's; 0 if none. GIC: means nothing */
	uint32_t first_cpu;  /* the lowest CPU of the current place, or FERRY_NONE */
};

/*
 * Read the affinity of `irq`. `requested`, `effective` and `old` receive masks
 * where not null. One consistent snapshot. Context: any.
 * Returns FERRY_OK or FERRY_E_INVALID.
 */
int ferry_irq_affinity(struct ferry *f, uint32_t irq, struct ferry_affinity *out,
		       uint64_t *requested, uint64_t *effective, uint64_t *old);

/*
 * Bring the move of `irq` to its end even if the interrupt never fires again:
 * once the drain bound has passed since the source was reprogrammed, its old
 * place is cleared; and so for what is queued behind it. Asks once; ferry_poll()
 * does the rest.
 *
 * Context: any. Returns
 *   FERRY_OK          nothing is under way
 *   FERRY_E_AGAIN     not yet; *wait_ns (may be null) is when to look again
 *   FERRY_E_NO_BOUND  only an arrival can end it
 *   FERRY_E_INVALID, FERRY_E_STATE
 */
FERRY_MUST_USE int ferry_irq_settle(struct ferry *f, uint32_t irq, uint64_t *wait_ns);

/*
 * The time given to ferry_host_poll_in() has come. Context: any.
 * Its cost grows with the interrupts under way, plus one load per 32 interrupts.
 */
void ferry_poll(struct ferry *f);

/* ---- mask, disable, free ----------------------------------------------- */

/*
 * Stop handler starts of `irq`; what fires meanwhile is remembered and runs
 * once after unmask. Idempotent, not counted. Mask does not wait for a handler
 * that runs now. Context: any, the own handler included.
 * Returns FERRY_OK, FERRY_E_INVALID, FERRY_E_STATE (free or dead).
 */
int ferry_irq_mask(struct ferry *f, uint32_t irq);
int ferry_irq_unmask(struct ferry *f, uint32_t irq);

/*
 * The same for the driver's intent, independent of mask: a handler starts only
 * if the interrupt is enabled *and* unmasked. A new interrupt is disabled.
 * Disable also waits until a running handler has returned: not from that
 * handler, and not with a lock held that the handler takes.
 */
int ferry_irq_disable(struct ferry *f, uint32_t irq);
int ferry_irq_enable(struct ferry *f, uint32_t irq);

/* The device of this interrupt is known to send nothing any more, and what it
 * sent has arrived. */
#define FERRY_FREE_QUIET 1u

/*
 * Take `irq` down: the source is silenced, its place drained, its vectors
 * given back. No handler start is decided once this was called the first time
 * (one decided just before may still begin: FERRY_E_AGAIN waits for it). What was
 * requested or latched is forgotten.
 *
 * A remapped source without a mask bit goes on sending; its entry is absent and
 * the messages are blocked. Before the entry is used for another interrupt the
 * device must be quiet, or what it sent earlier meets the new owner.
 *
 * Context: any but its own handler's. flags: 0 or FERRY_FREE_QUIET.
 * Returns
 *   FERRY_OK          done; the number may be handed out again, and may have been
 *                     already when this call returns: forget it before
 *   FERRY_E_AGAIN     not drained yet, or its handler still runs; call again
 *                     (*wait_ns, may be null, says when). It stays dead.
 *   FERRY_E_NO_BOUND  dead and silent, but its drain can't be proved: call again
 *                     with FERRY_FREE_QUIET once the device is quiet
 *   FERRY_E_MANAGED   ferry_irq_unmanage() first
 *   FERRY_E_INVALID, FERRY_E_STATE (is free)
 */
FERRY_MUST_USE int ferry_irq_free(struct ferry *f, uint32_t irq, uint32_t flags, uint64_t *wait_ns);

/* ---- CPUs --------------------------------------------------------------- */

/*
 * Only one of the calls in this group may run at a time, for whatever CPU: the
 * host holds its hotplug lock around each (it may be dropped between steps).
 *
 * The way down, on the CPU that leaves:
 *
 *    ferry_cpu_dry_run(), or     what would block? (optional, plan.h)
 *    ferry_cpu_plan()            and may it leave for sure?
 *    ferry_cpu_leave()           no new interrupt is aimed here from now on
 *    ferry_cpu_leave_step() ...  until it returns FERRY_OK, with interrupts on
 *                                between the calls
 *    interrupts off; ferry_cpu_commit(); park
 *
 * A host that wants nothing to be forwarded repeats the step until *left is 0.
 * One that leaves with interrupts off calls step and commit in one such section:
 * what pends here then cannot run, and commit replays it at its new place. It
 * has to let interrupts in after FERRY_E_AGAIN at times, for a level line that is
 * pending here can only be moved once its handler has run.
 */

enum ferry_cpu_state { FERRY_CPU_OFFLINE = 0, FERRY_CPU_ONLINE = 1, FERRY_CPU_LEAVING = 2 };

/* The CPU's state; FERRY_CPU_OFFLINE for an index out of range. Context: any. */
enum ferry_cpu_state ferry_cpu_state(struct ferry *f, uint32_t cpu);

/* Why an interrupt would keep its CPU from leaving. */
struct ferry_blocker {
	uint32_t irq;
	int reason; /* FERRY_E_NO_SPACE, _NO_BOUND, _UNREACHABLE or _NO_CPU */
};

/* See plan.h. */
struct ferry_dry_run {
	uint32_t needed;  /* interrupts that live here and need a place elsewhere */
	uint32_t free;    /* vectors free on the other online CPUs */
	uint32_t broken;  /* would leave their requested mask */
	uint32_t blocked; /* would block; the first `n` are listed */
};

/*
 * online -> leaving. Context: thread, on any CPU.
 * Returns FERRY_OK; FERRY_E_STATE if it is not online; FERRY_E_NO_CPU if it is
 * the last online one; FERRY_E_INVALID.
 */
FERRY_MUST_USE int ferry_cpu_leave(struct ferry *f, uint32_t cpu);

/*
 * Move away what can be moved. Context: thread, on `cpu`, interrupts on or off
 * (left as they were). Costs what is on this CPU.
 * Returns
 *   FERRY_OK        ready to commit; *left slots would be forwarded (0: none)
 *   FERRY_E_AGAIN   *left slots need interrupts, their handlers or time first
 *   FERRY_E_NO_SPACE, FERRY_E_NO_BOUND, FERRY_E_UNREACHABLE
 *                   *irq can't leave; the others were tried. Free something and
 *                   call again, or roll back. Until then a level pin that was
 *                   held still to be moved stays masked
 *   FERRY_E_NO_CPU  *irq is managed, and has no other CPU: ferry_mq_leave() or
 *                   ferry_irq_stop(), then call again
 *   FERRY_E_STATE, FERRY_E_INVALID
 * `left` and `irq` may be null.
 */
FERRY_MUST_USE int ferry_cpu_leave_step(struct ferry *f, uint32_t cpu, uint32_t *left,
					uint32_t *irq);

/*
 * leaving -> offline. Context: on `cpu`, interrupts off, and they stay off until
 * the CPU is parked. What is pending here is replayed elsewhere.
 * After FERRY_OK: no slot names this CPU, no doorbell of the library is under
 * way to it. Park it so that its IRR ends at 0 (INIT does).
 * Returns FERRY_OK; FERRY_E_AGAIN (nothing changed: interrupts on, step again);
 * FERRY_E_TIMEOUT (GIC: its hardware does not let go; roll back, or commit again);
 * FERRY_E_STATE, FERRY_E_INVALID.
 */
FERRY_MUST_USE int ferry_cpu_commit(struct ferry *f, uint32_t cpu);

/*
 * leaving -> online: give up before commit. Moves made stay made; affinities
 * they broke are asked for again. Context: thread, any CPU.
 * Returns FERRY_OK, FERRY_E_STATE, FERRY_E_INVALID.
 */
FERRY_MUST_USE int ferry_cpu_roll_back(struct ferry *f, uint32_t cpu);

/*
 * offline -> online. Context: on `cpu`, interrupts off, its local APIC enabled; the GIC's
 * interface and redistributor are switched on here.
 * Broken affinities that this CPU can mend are asked for again (if
 * ferry_config.restore), starved ones retried.
 * Returns FERRY_OK; FERRY_E_PENDING if a movable vector is in the IRR;
 * FERRY_E_TIMEOUT, FERRY_E_HARDWARE (GIC); FERRY_E_STATE, FERRY_E_INVALID.
 */
FERRY_MUST_USE int ferry_cpu_enter(struct ferry *f, uint32_t cpu);

/* ---- in words (src/core/text.c, linked only if used) -------------------- */

/* A status or state in English; never null. */
const char *ferry_status_text(int status);
const char *ferry_state_text(enum ferry_state state);

/* Describe an interrupt in one line without a newline, like snprintf: at most
 * size-1 characters and a 0; returns the length it wanted. Context: any. */
size_t ferry_irq_describe(struct ferry *f, uint32_t irq, char *buffer, size_t size);

/* The same for a CPU. */
size_t ferry_cpu_describe(struct ferry *f, uint32_t cpu, char *buffer, size_t size);

#endif
