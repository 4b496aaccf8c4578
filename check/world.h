/* SPDX-License-Identifier: MIT */
/*
 * world.h: one scenario, built: the simulated machine, the subject in it, the threads
 * that play the scripts. What the explorer steps, saves and restores.
 *
 *    world_build ─► world_perform ... (any enabled label) ─► nothing enabled:
 *    world_end judges the end. world_save / world_load go back and forth.
 *
 * One world at a time (the arena has a fixed address).
 */
#ifndef IRQFERRY_CHECK_WORLD_H
#define IRQFERRY_CHECK_WORLD_H

#include "explore.h"

#define WORLD_LABELS 48 /* enabled at a time, at most */
#define WORLD_DRAIN_NS 1000
#define WORLD_DOORBELL 0x40
#define WORLD_DISTANCES 16
extern const uint32_t world_apic_ids[SCENARIO_CPUS], world_logical_ids[SCENARIO_CPUS];

#define UNKNOWN 2

/* What the threads know; in the arena, part of a state, no padding. */
struct actor {
	uint8_t at;      /* next operation of the script */
	uint8_t booted;  /* its first ferry_cpu_enter was done */
	uint8_t in_op;   /* an operation is under way */
	uint8_t waits;   /* what for, see client.c */
	uint8_t src;     /* ... of which source */
	uint8_t stirred; /* an interrupt was taken here since it last tried */
	uint8_t polls;   /* it has been told to run the subject's poll */
};

struct intent {
	uint8_t left;             /* events the device may still have */
	uint8_t last;             /* mask of the last request that was accepted; 0: unknown */
	uint8_t requests;         /* under way */
	uint8_t crossed;          /* two were under way at a time */
	uint8_t masked, disabled; /* UNKNOWN: two crossed */
	uint8_t changes;          /* calls of mask, enable ... under way */
	uint8_t crossed_changes;  /* two were under way at a time */
	uint8_t settle;           /* settle was asked for, and nothing after it */
	uint8_t ticket;           /* of `last` */
	uint8_t gone;             /* it is being freed, or was */
	uint8_t debt;             /* as the trace told it last */
};

/* What the driver of a set of queues knows of one, and what the trace told. */
struct queue_state {
	uint8_t takes;    /* requests */
	uint8_t inflight; /* one is completed, and no handler has started since */
	uint8_t prepared; /* the mask that it has prepared for; 0: none */
	uint8_t want;     /* the mask that was committed last, or the first */
	uint8_t started;  /* its interrupt is */
};

struct set_state {
	struct queue_state queue[SCENARIO_IRQS];
	uint8_t callback;                /* CPU + 1 that makes one */
	uint8_t veto;                    /* the next prepare says no */
	uint8_t ended;                   /* its end has begun; 2: come */
	uint8_t asked[SCENARIO_CPUS];    /* queues that its override has prepared, */
	uint8_t done[SCENARIO_CPUS];     /* ... committed, a bit each */
	uint8_t refused[SCENARIO_CPUS];  /* queue + 1 that it could not prepare */
	uint8_t canceled[SCENARIO_CPUS]; /* somebody has, since it began */
	uint8_t in_time[SCENARIO_CPUS];  /* ... before it was too late */
	uint8_t before;                  /* the callback is one before the swap: prepare, quiesce */
	uint8_t overrides;               /* that took effect */
};

/* What is known of the plan by which a CPU leaves. */
struct plan_state {
	uint8_t cpu;    /* + 1, from the moment when it is asked for until it is dropped */
	uint8_t stands; /* it has one */
	uint8_t closed; /* nothing comes here any more: ferry_cpu_leave() has returned */
	uint8_t came;   /* something may have come that is not in it */
};

struct state {
	struct actor actor[SCENARIO_CPUS];
	struct intent intent[SCENARIO_IRQS];
	struct set_state set;
	struct plan_state plan;
	uint8_t hotplug; /* CPU + 1 that holds the hotplug lock */
	uint8_t running; /* scripts and devices may start */
	uint8_t ending;  /* the end: only waiting operations go on */
};

struct world {
	const struct scenario *s;
	const struct subject *subject;
	struct machine *m;
	struct sim_out out;
	uint32_t vectors_used[SCENARIO_CPUS];
	enum verdict_kind verdict; /* of the state: CHECK_PASSED or what was violated */
	char why[240];

	/* What each lock lets its holder see: pieces of guarded memory. */
	struct piece *piece;
	uint32_t npieces;
	uint32_t lock_at[64], first_piece[65]; /* offsets of locks, their pieces */
	uint32_t nlocks;
	/* Moments and counts in the subject's memory, of which only the distance matters. */
	struct distance {
		uint32_t at;
		bool count;    /* else a moment: 8 bytes */
		uint32_t lock; /* count: under which lock */
	} distance[WORLD_DISTANCES];
	uint32_t ndistances;
	uint8_t *base;           /* the subject's memory at the start */
	struct ferry_vgic *vgic; /* with a guest: made by the subject's init */
	struct queues *queues;   /* with a set of queues: the same; in the subject's memory */
	struct planned *planned; /* with CPUs that leave by plans: the same */
};

/* ---- Arm: world_gic.c ------------------------------------------------------------ */

extern const uint64_t world_mpidrs[SCENARIO_CPUS];
#define WORLD_SPIS 64u
#define WORLD_QUEUE_BYTES 4096u
/* Memory for tables: 64 KB each, their addresses what hardware knows them by. */
#define WORLD_TABLE 65536u
enum world_table {
	WORLD_QUEUE,
	WORLD_CONFIG, /* a byte for each LPI */
	WORLD_DEVICES,
	WORLD_COLLECTIONS,
	WORLD_ITTS,
	WORLD_TABLES
};
uint8_t *world_table(const struct machine *m, enum world_table table);
bool world_has_kind(const struct scenario *s, uint8_t kind);
/* Extended SPIs that there are. */
uint32_t world_espis(const struct scenario *s);
/* The GIC's part of a configuration; what the sources are wired to. */
void world_gic_config(const struct scenario *s, struct sim_config *config);
void world_gic_sources(struct machine *m, const struct scenario *s);
void world_gic_stale(struct machine *m, const struct scenario *s);
/* The pieces of a machine's GIC that are state, the n-th; false: there are no more. */
bool world_gic_piece(struct machine *m, uint32_t n, void **at, size_t *size);

/* ---- with a guest: world_guest.c ----------------------------------------------------- */

extern const struct sim_client client_guest;
void world_guest_config(const struct scenario *s, struct sim_config *config);
void world_guest_describe(struct machine *m, const struct scenario *s);
/* After the subject's init: which locks are in nobody's way (sim_out.alone). False: no
 * memory. */
bool world_guest_alone(struct world *w);
/* Does a device of the machine's fire it? Those of a guest that are linked. */
bool world_guest_has_device(const struct scenario *s, uint32_t irq);
/* After set-up: vCPUs with which scripts begin are to be loaded. */
void world_guest_start(struct machine *m);
/* Can the CPU leave its guest for the next operation of its script? */
bool world_guest_may_leave(const struct machine *m, uint32_t cpu);
void world_guest_leave(struct machine *m, uint32_t cpu);
/* All scripts are done: see that every guest gets what it is owed; n: how often. */
void world_guest_round(struct machine *m, uint32_t n);
uint32_t world_guest_rounds(const struct scenario *s);
bool world_guest_at_rest(const struct machine *m, uint32_t cpu);

/* Build and boot: everything up to the moment when scripts may start. False: `why` says
 * what is refused; nothing to delete. */
bool world_build(struct world *w, const struct scenario *s, const struct subject *subject,
		 bool merge);
void world_delete(struct world *w);

/* The enabled labels in canonical form and order, those of devices and scripts
 * included. */
uint32_t world_labels(struct world *w, label *out);
/* Perform one of them. A violation goes into w->verdict. */
void world_perform(struct world *w, label l);
/* After world_perform: what the label touched, see sim_out. */
#define world_reads(w) ((w)->out.reads)
#define world_writes(w) ((w)->out.writes)

/* A fingerprint of the state: 128 bits, the same whatever compiled the subject. */
struct fingerprint {
	uint64_t low, high;
};
struct fingerprint world_hash(struct world *w);

/* Invariants of the state itself; call once per new state. */
void world_look(struct world *w);
/* No label is enabled: a deadlock, or the end. Judge it: everything is asked to settle,
 * and then must be where it was asked to be. Changes the state. */
void world_end(struct world *w);

/* Copies of a state. The size depends on the moment. */
size_t world_save(struct world *w, uint8_t *out, size_t size); /* bytes; 0: too small */
void world_load(struct world *w, const uint8_t *in);

/* The choice that the default policy makes among enabled labels: everything under way
 * goes on, in a fair order; devices never fire. Returns NONE if only events are left. */
uint32_t world_default(struct world *w, const label *list, uint32_t n, uint32_t *turn);
/* A label in words, for this state. */
void world_describe(struct world *w, label l, char *out, size_t size);

#endif
