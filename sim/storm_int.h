/* SPDX-License-Identifier: MIT */
/* storm_int.h: shared by storm.c (the run) and storm_ops.c (what its CPUs do). */
#ifndef IRQFERRY_SIM_STORM_INT_H
#define IRQFERRY_SIM_STORM_INT_H

#include "machine.h"

enum op_kind {
	OP_SETUP,    /* bring everything up */
	OP_MOVE,     /* arg: source or NONE; list: recorded op + 1 */
	OP_OFFLINE,  /* this CPU leaves; arg: 1 if it comes back by itself */
	OP_ONLINE,   /* arg: CPU */
	OP_RECREATE, /* arg: source or NONE */
	OP_FREE,
	OP_CREATE,
	OP_MASK,
	OP_POLL,
	OP_SUBMIT, /* arg: device with queues; list: requests */
	OP_OVERRIDE,
	OP_OVERRIDE_STEP, /* arg: the same */
	OP_CANCEL,
	OP_RESTART,
	OP_FINISH /* after the last event */
};

struct op {
	uint8_t kind;
	uint32_t arg, list;
	uint32_t next; /* index + 1 */
};

#define TICKETS 8

/* What the storm knows of a source besides the machine. */
struct generator {
	uint32_t left;     /* of a burst */
	bool busy;         /* being freed or made */
	uint32_t users;    /* threads that hold its number */
	uint32_t requests; /* calls of set_affinity under way */
	bool unknown;      /* two requests crossed: which was the last is open */
	uint32_t last;     /* index of the mask last accepted, + 1 */
	uint32_t done;     /* highest generation the done callback told */
	uint32_t ticket[TICKETS];
	uint64_t asked_at[TICKETS];
};

/* Operations of one sort, spread over the events of the run. */
struct series {
	uint64_t n, started, next; /* next: at this event */
};

enum {
	SERIES_MOVES,
	SERIES_CYCLES,
	SERIES_RECREATIONS,
	SERIES_MASKS,
	SERIES_LIST,
	SERIES_REQUESTS,
	SERIES_OVERRIDES,
	SERIES
};

struct work_queue {
	uint32_t head, tail; /* index + 1 */
};

struct storm {
	const struct storm_spec *spec; /* queues' interrupts are the last of its irqs */
	uint32_t ordinary;             /* the others */
	struct machine *m;
	struct generator *gen;
	struct work_queue *queue;
	struct op *ops;
	uint32_t nops, ops_size, free_op;
	uint32_t pending; /* operations queued or running */
	uint32_t calls;   /* of the hotplug group; 1: the lock is taken */
	uint32_t up;      /* CPUs online and staying */
	bool *staying, *booted, *entered, *coming;
	uint32_t rotor, list_at;
	struct series series[SERIES];
	uint64_t total, tick; /* what the series are spread over: events, or ticks */
	uint64_t idle_fires;
	uint64_t *masks; /* nirqs of them: last accepted */
	uint32_t words;
	uint32_t handler_moves;
	uint8_t first_vector, last_vector;
	bool running, finishing, finished;
	int status;
	char *error;
	size_t error_size;
	struct storm_policy *policy; /* null: none */
	struct storm_arm *arm;       /* null: x86 */
	struct mq_part *mq;          /* null: no devices with queues */
};

static inline struct storm *storm_of(struct machine *m)
{
	return m->out->user;
}

/* storm.c */
void storm_fail(struct storm *st, int status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
bool storm_queue(struct storm *st, uint32_t cpu, enum op_kind kind, uint32_t arg, uint32_t list);
/* A CPU that is online and staying. */
uint32_t storm_some_cpu(struct storm *st);
void storm_start_events(struct storm *st);
/* A gap between events of a Poisson process. */
uint64_t storm_exponential(struct machine *m, uint64_t mean);

/* storm_policy.c; all but the first do nothing where there is no policy. Under the
 * hotplug lock: start, stop, pass. */
struct storm_policy *storm_policy_new(const struct storm_spec *spec);
void storm_policy_free(struct storm_policy *p);
void storm_policy_start(struct storm *st);
void storm_policy_stop(struct storm *st);
void storm_policy_ran(struct storm *st, uint32_t src, uint64_t ns);
void storm_policy_pass(struct storm *st);

/* gic_storm.c: what is different on an Arm machine. */
const char *storm_arm_check(const struct storm_spec *spec);
/* Complete the machine's configuration. */
bool storm_arm_describe(struct storm *st, struct sim_config *config);
bool storm_arm_build(struct storm *st, struct sim_config *config, const struct ferry_config *core,
		     struct sim_out *out);
/* Devices made known to ITSs; this CPU's SGI switched on. */
bool storm_arm_devices(struct storm *st);
void storm_arm_enter(struct storm *st, uint32_t cpu);
int storm_arm_create(struct storm *st, uint32_t src, const uint64_t *mask, uint32_t *irq);
int storm_arm_interrupt(struct machine *m, uint32_t cpu, uint8_t vector);
/* An SGI to some CPUs, and who took it. Under the hotplug lock. */
void storm_arm_sgi(struct storm *st);
void storm_arm_local(struct machine *m, uint32_t cpu, uint32_t intid, uint32_t from);
void storm_arm_finish(struct storm *st);
void storm_arm_free(struct storm *st);

/* mq_storm.c, mq_override.c: devices with queues; nothing is done where there are none. */
const char *storm_mq_check(const struct storm_spec *spec);
/* The specification with their interrupts added. */
bool storm_mq_expand(struct storm *st, const struct storm_spec *spec, struct storm_spec *full);
/* Under the hotplug lock: at the beginning; a CPU leaves, false: it can't; one has come. */
void storm_mq_start(struct storm *st);
bool storm_mq_leave(struct storm *st, uint32_t cpu);
/* Some leave by a plan (plan.h): make it before ferry_cpu_leave(); drop it at the end. */
void storm_mq_plan(struct storm *st, uint32_t cpu);
void storm_mq_unplan(struct storm *st, uint32_t cpu);
void storm_mq_unplanned(struct storm *st, uint32_t cpu);
void storm_mq_enter(struct storm *st);
void storm_mq_submit(struct storm *st, bool last);
void storm_mq_op(struct storm *st, const struct op *op);
void storm_mq_label(struct storm *st, uint32_t a, uint32_t b);
bool storm_mq_handles(struct storm *st, uint32_t src, uint32_t cpu);
void storm_mq_trace(struct storm *st, const struct ferry_trace *record);
/* One that moves as others do, or NONE. */
uint32_t storm_mq_movable(struct storm *st);
/* One whose driver may mask it. */
uint32_t storm_mq_source(struct storm *st);
bool storm_mq_sleeps(const struct storm *st, uint32_t src);
/* All requests end. And with nothing else going on: each sort of refusal changes nothing. */
void storm_mq_finish(struct storm *st);
void storm_mq_refusals(struct storm *st);
void storm_mq_free(struct storm *st);

/* storm_ops.c */
void storm_nap(struct storm *st, uint64_t ns);
void storm_hotplug_lock(struct storm *st);
void storm_hotplug_unlock(struct storm *st);
/* What is queued to this CPU goes elsewhere: it waits for somebody. */
void storm_hand_over(struct storm *st);
bool storm_has_work(struct machine *m, uint32_t cpu);
void storm_work(struct machine *m, uint32_t cpu);
void storm_handler(struct machine *m, uint32_t src, uint32_t cpu);
void storm_done(void *ctx, uint32_t irq, uint32_t generation);

#endif
