/* SPDX-License-Identifier: MIT */
/*
 * storm.h: run the library on a simulated machine under a random storm.
 *
 * A storm is a function of (specification, seed): same spec, same seed, same
 * report, on any machine. Times are virtual nanoseconds.
 */
#ifndef IRQFERRY_SIM_STORM_H
#define IRQFERRY_SIM_STORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <irqferry/gic.h>
#include <irqferry/x86.h>

enum storm_pattern {
	STORM_FIXED,   /* every period_ns */
	STORM_POISSON, /* exponential gaps, mean period_ns */
	STORM_BURST    /* `burst` events close together, then a gap; mean period_ns per event */
};

/* One interrupt of the machine. Level pins: an "event" asserts the line, the
 * handler deasserts it. */
struct storm_irq {
	char name[32];
	uint8_t kind;  /* enum ferry_x86_kind, or ferry_gic_kind */
	uint8_t flags; /* FERRY_SOURCE_*, or FERRY_GIC_SEVERAL */
	uint8_t pattern;
	uint32_t burst;
	uint64_t period_ns;
	uint32_t device;  /* 0 .. devices-1: messages of one device share an ordered path */
	uint64_t *mask;   /* initial affinity; null: all CPUs */
	uint32_t ext_irq; /* number the user knows it by (/proc/interrupts), for messages */
	uint32_t intid;   /* FERRY_GIC_EDGE, _LEVEL; 0: the next one that is free */
};

enum storm_op_kind {
	STORM_OP_AFFINITY,
	STORM_OP_OFFLINE,
	STORM_OP_ONLINE,
	STORM_OP_FREE,
	STORM_OP_CREATE
};

/* A recorded operation. The list is played in order, spread evenly over the
 * events of the run, besides the random operations; at its end it starts over. */
struct storm_op {
	uint8_t kind;
	uint32_t target; /* index into irqs, or a CPU */
	uint64_t *mask;  /* AFFINITY */
};

/* What may be done to the masks of a device with queues (mq.h). */
enum storm_mode {
	STORM_MANAGED,   /* overridden, the driver takes part */
	STORM_READ_ONLY, /* the driver takes no part */
	STORM_INITIAL    /* FERRY_MQ_INITIAL */
};

/* A device with queues, besides the interrupts. Each queue has a ring of requests and one of
 * completions; each completion is an event. Masks begin as ferry_spread() makes them. */
struct storm_mq {
	char name[20];
	uint8_t kind;  /* FERRY_X86_MSIX, FERRY_X86_REMAPPED, FERRY_GIC_LPI, FERRY_GIC_EDGE */
	uint8_t flags; /* as storm_irq.flags */
	uint8_t mode;  /* enum storm_mode */
	bool pool;     /* its interrupts share promises (ferry_irq_share) */
	uint32_t queues;
	uint32_t depth;      /* of each ring, at most STORM_DEPTH_MAX */
	uint64_t service_ns; /* mean time that a request takes the device */
};
#define STORM_DEPTH_MAX 4096

/* Which CPU of those it may have an interrupt gets; all are asked for again when a CPU
 * has come back. None: the library decides, and nothing is rebalanced. */
enum storm_policy_kind { STORM_NO_POLICY, STORM_ROUND_ROBIN, STORM_BY_LOAD };

struct storm_spec {
	const char *name;
	uint64_t seed;
	uint32_t cpus;
	uint32_t *apic_ids; /* null: 0, 1, 2, ... */
	uint32_t devices;
	struct storm_irq *irqs;
	uint32_t nirqs;
	struct storm_op *ops;
	uint32_t nops;
	struct storm_mq *mqs;
	uint32_t nmqs;

	/* an Arm machine */
	uint8_t gic;      /* 2, 3; 0: x86 */
	uint64_t *mpidrs; /* null: derived */
	bool its;
	uint32_t espis;
	bool split_eoi; /* EOImode 1 */
	bool weak;      /* stores wait in a buffer until a barrier, or for a while */

	uint64_t events;      /* device events to raise; the storm then runs to quiescence */
	uint64_t moves;       /* random affinity requests, spread over the run */
	uint64_t cycles;      /* CPU offline/online cycles, spread over the run; round robin,
	                          at least one CPU always stays */
	uint64_t recreations; /* interrupts freed and made again */
	uint64_t masks;       /* mask/unmask and disable/enable pairs */
	uint64_t requests;    /* of devices with queues */
	uint64_t overrides;   /* asked for, also those that are refused */

	/* the machine */
	bool shared; /* FERRY_X86_SHARED */
	bool logical_flat, logical_cluster, ext_dest, directed_eoi;
	uint8_t first_vector, last_vector; /* 0: 0x31 .. 0xec */
	uint32_t reserved_vectors[8];

	/* hardware options: each weakens one guarantee */
	bool overtaking; /* messages of one device may overtake (sources are then not ORDERED) */
	bool fence_irr;  /* a device read-back reaches the IRR */
	bool remap_drains;
	uint64_t drain_ns;   /* the bound, kept by the simulated fabric; 0: none declared */
	uint64_t flight_ns;  /* longest flight of a message; default drain_ns * 3/4 */
	uint64_t ipi_ns;     /* longest delay of an IPI */
	uint64_t eoi_ns;     /* longest delay of an EOI broadcast */
	uint32_t handler_ns; /* mean run time of a handler */
	bool nested;         /* handlers turn interrupts on */
	uint8_t commit;      /* 0: each offline picks at random; 1: interrupts on until empty;
	                          2: commit as soon as allowed, interrupts off */
	bool restore;        /* ferry_config.restore */
	uint8_t policy;      /* enum storm_policy_kind */
};

#define STORM_VIOLATIONS 16

/* When an override was canceled. */
enum storm_phase {
	STORM_PHASE_NONE, /* before the first prepare() */
	STORM_PHASE_PREPARE,
	STORM_PHASE_QUIESCE,
	STORM_PHASE_QUIET, /* all is drained, nothing is stopped */
	STORM_PHASE_STOP,  /* the stops have begun */
	STORM_PHASE_LATE,  /* it has taken effect */
	STORM_PHASES
};

/* What devices with queues did. */
struct storm_managed {
	uint64_t requests, completed, lost; /* lost: submitted, and never completed */
	uint64_t retried;                   /* times that no queue took a request */
	uint64_t overrides;                 /* calls */
	uint64_t done;                      /* took effect */
	uint64_t offline;                   /* ... with a queue that sleeps afterwards */
	uint64_t moved;                     /* queues that got another mask */
	uint64_t vetoed, canceled[STORM_PHASES];
	uint64_t read_only, no_space, no_cpu, busy; /* refused */
	uint64_t failed;                            /* undone for another reason */
	uint64_t stops, starts, asleep;
	uint64_t sleeps;    /* queues that a leaving CPU put to sleep */
	uint64_t wakings;   /* ... that one that came woke */
	uint64_t waits;     /* leaves that found a set claimed */
	uint64_t ends;      /* devices torn down and begun anew */
	uint64_t plans;     /* that stood */
	uint64_t unplanned; /* steps of a CPU with one that found no place */
};

struct storm_report {
	/* what happened to device events */
	uint64_t raised, handled, merged;
	uint64_t lost, duplicated, misdelivered, offline; /* must be 0 */
	uint64_t shut_down;  /* events of interrupts that were freed first */
	uint64_t broken;     /* other invariants broken: charter 4 (5, 6, 7) */
	uint64_t unexpected; /* vectors without an owner */
	uint64_t spurious;   /* Arm: exceptions that acknowledged nothing */

	uint64_t kind_raised[FERRY_GIC_KINDS], kind_moves[FERRY_GIC_KINDS];

	uint64_t moves_asked, moves_done, moves_refused;
	uint64_t offlines, onlines, offline_refused, roll_backs, recreated, masked;
	uint64_t forwarded; /* pending at commit, replayed elsewhere */
	uint64_t ipis;      /* doorbells sent */
	uint64_t replays;   /* handlers started from memory */
	struct storm_managed managed;

	/* With a policy: passes over all interrupts, moves they made; the busiest CPU
	 * against the mean of those online, before and after, 1/1000, summed over the passes;
	 * by how much the numbers of interrupts on two CPUs differed, at most, after one. */
	uint64_t passes, policy_moves;
	uint64_t uneven_load[2], uneven_count[2];
	uint32_t spread;

	/* virtual ns: p50, p90, p99, p99.9, max */
	uint64_t latency[5];   /* device event to handler start */
	uint64_t move_time[5]; /* request to settled */
	uint64_t offline_time[5];

	uint32_t cpus;
	uint32_t *vectors_used; /* per CPU, highest during the run; storm_report_free */
	uint64_t virtual_ns;
	uint64_t labels;      /* nondeterministic steps taken */
	uint64_t fingerprint; /* of the label sequence: equal runs have equal ones */
	uint64_t seed;

	uint32_t nviolations; /* the first STORM_VIOLATIONS, in words */
	char violation[STORM_VIOLATIONS][200];
};

/* Called now and then with the share done (0..1); null for none. */
typedef void storm_progress(void *arg, double share, uint64_t raised);

/*
 * Run it. Returns 0 when the storm ran to its end (look at the report for
 * violations), or a negative enum ferry_status with the reason in `error`
 * (size bytes): invalid spec, or a machine that could not be built (vectors
 * exhausted at creation: FERRY_E_NO_SPACE).
 */
int storm_run(const struct storm_spec *spec, struct storm_report *report, storm_progress *progress,
	      void *arg, char *error, size_t size);
void storm_report_free(struct storm_report *report);

/* True if nothing that must be 0 is not. */
bool storm_clean(const struct storm_report *report);

#endif
