/* SPDX-License-Identifier: MIT */
/*
 * scenario.h: what the checker explores, in one line of text.
 *
 *    KIND[,KIND...] cpus=N events=N [option ...] | CPU: op; op | CPU: op ...
 *
 *    msix,msi cpus=3 events=2 fence=root ipi=late | 0: move 0 1; mask 1 | 1: offline; online
 *
 * The text is the scenario's name: two scenarios are the same if and only if
 * scenario_format() gives the same text. Every interrupt starts on CPU 0 (where vectors=N
 * leaves no room there: see scenario_start(); with `flat` or `several`: on all CPUs
 * online), enabled, its requested affinity all CPUs; its device may fire up to `events`
 * times, at any moment. Each CPU's thread does its operations in order, starting at any
 * moment.
 * docs/check-language.md has the whole language.
 */
#ifndef IRQFERRY_CHECK_SCENARIO_H
#define IRQFERRY_CHECK_SCENARIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SCENARIO_CPUS 4 /* at most */
#define SCENARIO_IRQS 3
#define SCENARIO_VCPUS 3
#define SCENARIO_OPS 6 /* per CPU, per vCPU */
#define SCENARIO_EVENTS 9
#define SCENARIO_TEXT 400 /* longest text, with its 0 */

/* Kinds of interrupts: those of the library (irqferry/x86.h and gic.h), one more, and those
 * of a guest (irqferry/vgic.h). What a scenario is made of decides what machine it is, x86,
 * Arm, or Arm with a guest: kinds of two don't mix. */
enum scenario_kind {
	SCENARIO_SPI = 8,   /* FERRY_GIC_EDGE: an SPI */
	SCENARIO_LINE = 9,  /* FERRY_GIC_LEVEL */
	SCENARIO_LPI = 10,  /* FERRY_GIC_LPI */
	SCENARIO_ESPI = 11, /* FERRY_GIC_EDGE too: an extended SPI, the last there can be */
	/* of a guest: virtual SPIs, linked to a physical one or not; an SGI; the timer's PPI */
	SCENARIO_HWEDGE = 12,
	SCENARIO_HWLEVEL = 13,
	SCENARIO_VEDGE = 14,
	SCENARIO_VLEVEL = 15,
	SCENARIO_SGI = 16,
	SCENARIO_PPI = 17,
	SCENARIO_KINDS
};

enum op_kind {
	OP_MOVE,     /* move I CPUS: affinity of interrupt I becomes CPUS, as 1 or 1+2 */
	OP_OFFLINE,  /* offline: this CPU leaves */
	OP_ONLINE,   /* online: it comes back; only after offline, or first if it is away */
	OP_ROLLBACK, /* rollback: this CPU starts to leave, takes one step, and stays */
	OP_MASK,     /* mask I */
	OP_UNMASK,   /* unmask I */
	OP_DISABLE,  /* disable I */
	OP_ENABLE,   /* enable I */
	OP_FREE,     /* free I: until it is gone */
	OP_CREATE,   /* create I: again, only after free of the same CPU's script */
	OP_SETTLE,   /* settle I: asks once */
	/* of a set of queues */
	OP_OVERRIDE, /* override I CPUS: queue I gets another mask */
	OP_OVERALL,  /* overall CPUS: every queue does, at once */
	OP_CANCEL,   /* cancel: the override under way, if it can be */
	OP_VETO,     /* veto: the driver refuses the next one */
	OP_END,      /* end: of the set; its interrupts are freed */
	/* of a CPU that runs vCPUs */
	OP_RUN,      /* run V: vCPU V is resident from now on; who was is put before */
	OP_PUT,      /* put: nobody is */
	OP_INJECT,   /* inject I: an event, or the line rises */
	OP_LOWER,    /* lower I: the line of a `vlevel` falls */
	OP_DROP,     /* drop I: the device of a `hwlevel` lets its line fall by itself */
	OP_TEARDOWN, /* teardown I: it is unlinked from the physical one */
	/* of a guest; OP_DISABLE and OP_ENABLE too */
	OP_ROUTE,      /* route I V: or none */
	OP_PEND,       /* pend I: ISPENDR */
	OP_UNPEND,     /* unpend I: ICPENDR */
	OP_ACTIVATE,   /* activate I: ISACTIVER */
	OP_DEACTIVATE, /* deactivate I: ICACTIVER */
	OP_PRIO,       /* prio I N: IPRIORITYR */
	OP_GROUP,      /* group I N: IGROUPR */
	OP_DISTOFF,    /* distoff: GICD_CTLR */
	OP_DISTON,     /* diston */
	OP_OFF,        /* off: CPU_OFF of PSCI */
	OP_ON,         /* on V: CPU_ON */
	OP_SGI,        /* sgi I V: one is sent to vCPU V */
	OP_WFI,        /* wfi */
	OP_GMASK,      /* mask: no interrupts in this vCPU any more, for ever */
	OP_ARM,        /* arm I: the timer is set, it expires some time */
	OP_KINDS
};

/* `route I none` */
#define SCENARIO_NOBODY 0xff

/* What stands after the word of an operation, besides an interrupt; in op.cpus. */
enum op_arg { ARG_NONE, ARG_CPUS, ARG_VCPU, ARG_ROUTE, ARG_BYTE, ARG_BIT };

/* Whose script it may be in. */
enum { ON_CPU = 1, ON_HOST = 2, ON_VCPU = 4 };

struct op_form {
	uint8_t irq;    /* 1: it has one */
	uint8_t arg;    /* enum op_arg */
	uint8_t on;     /* ON_* */
	uint32_t kinds; /* bits of the interrupts that it may be done to; 0: all */
	bool queues;    /* only where there is a set of queues */
};

/* By enum op_kind. */
extern const struct op_form scenario_form[OP_KINDS];

struct op {
	uint8_t kind; /* enum op_kind */
	uint8_t irq;  /* where the operation has one */
	uint8_t cpus; /* move: bit per CPU, never 0; or a vCPU, or a number */
};

struct script {
	uint8_t n;
	struct op op[SCENARIO_OPS];
};

enum bound { BOUND_TRUE, BOUND_NONE, BOUND_LIES };

/* What the simulated machine guarantees. All zero: the strongest hardware. */
struct hardware {
	bool overtaking;   /* overtaking: messages of one device may overtake */
	bool fence_root;   /* fence=root: a read-back reaches only the root complex */
	uint8_t bound;     /* bound=none, bound=lies */
	bool ipi_late;     /* ipi=late: IPIs take any time */
	bool eoi_late;     /* eoi=late: EOI broadcasts take any time */
	bool cleanup_high; /* cleanup=high: the doorbell outranks device vectors */
	bool nested;       /* nested: handlers turn interrupts on */
	bool posted;       /* posted: register writes take effect some time later */
	bool leave_off;    /* leave=off: CPUs leave with interrupts off */
	bool irr_kept;     /* irr=kept: parking leaves the IRR as it is */
	bool tso;          /* tso: store buffers (x86) */
	bool undrained;    /* undrained: an invalidation does not drain into IRRs */
	bool directed;     /* directed: EOI broadcasts are suppressed */
	/* Arm */
	bool gic2;      /* gic=2: GICv2, else GICv3 */
	bool slow;      /* slow: a route takes effect some time after it was written */
	bool poll_soon; /* poll=soon: what waits for hardware is looked at again at any moment */
	bool rd_kept;   /* rd=kept: a redistributor keeps its state while its CPU is off */
	bool weak;      /* weak: stores become visible in any order that a release allows */
	uint8_t fail;   /* fail=N: register read N after setting up returns all ones */
	bool fail_on;   /* fail=N+: and every one after it */
};

enum guest_strategy { GUEST_EARLY, GUEST_LATE, GUEST_MAINTENANCE };

/* A guest, and how the library is configured for it. */
struct guest {
	bool gic2;        /* vgic=2: it sees a GICv2; else a GICv3 */
	uint8_t vcpus;    /* vcpus=N: 1 .. SCENARIO_VCPUS; 2 if not said */
	uint8_t lrs;      /* lrs=N: list registers; 2 if not said */
	uint8_t strategy; /* enum guest_strategy: strategy=late, strategy=maintenance */
	uint8_t scheme;   /* scheme=fixed, scheme=injected: enum ferry_resident_scheme */
	bool ask;         /* ask: FERRY_VGIC_ASK */
	bool split;       /* eoimode1: the guest deactivates by itself */
	bool direct;      /* direct: arrivals between two entries by ferry_vcpu_physical, _inject */
};

/* All interrupts are those of one set of queues (irqferry/mq.h). */
struct queue_set {
	/* masks=CPUS,CPUS: of each, bit per CPU; 0: they are no set */
	uint8_t mask[SCENARIO_IRQS];
	bool allow;    /* allow: the administrator allows overrides */
	bool readonly; /* readonly: the driver takes no part in them */
	bool initial;  /* initial: masks are only where the interrupts begin */
	bool pool;     /* pool: they share their promises */
};

struct scenario {
	uint8_t cpus;   /* 1 .. SCENARIO_CPUS */
	uint8_t nirqs;  /* 1 .. SCENARIO_IRQS */
	uint8_t events; /* per interrupt, 0 .. SCENARIO_EVENTS */
	uint8_t kind[SCENARIO_IRQS];
	struct hardware hw;
	/* configuration of the library */
	bool pinned;     /* pinned: requested affinity is the CPU of the start alone */
	bool restore;    /* restore: broken affinities are mended */
	bool shared;     /* shared: one vector namespace */
	bool flat;       /* flat: logical destinations, sources of several CPUs */
	bool several;    /* several: GICv2, interrupts of several CPUs, each taken by one */
	bool split;      /* split: EOImode 1 */
	bool planned;    /* planned: CPUs leave by a plan (irqferry/plan.h) */
	uint8_t vectors; /* vectors=N: movable vectors; 8 if not said */
	uint8_t away;    /* away=C+C: bit per CPU that starts offline */
	struct queue_set queues;
	struct guest guest;
	struct script script[SCENARIO_CPUS];
	struct script vscript[SCENARIO_VCPUS]; /* g0, g1, ...: what the guest does there */
};

#define SCENARIO_VECTORS 8
#define SCENARIO_GUEST 2 /* vcpus, lrs if not said */

/* Short names of the kinds, by number; null where there is none: msix maskable msi edge
 * level remapped, spi line lpi espi, hwedge hwlevel vedge vlevel sgi ppi. */
extern const char *const scenario_kind[SCENARIO_KINDS];

/* Is it an Arm machine? */
static inline bool scenario_arm(const struct scenario *s)
{
	return s->kind[0] >= SCENARIO_SPI;
}

/* Does it run a guest? */
static inline bool scenario_guest(const struct scenario *s)
{
	return s->kind[0] >= SCENARIO_HWEDGE;
}

/* Are its interrupts a set of queues? */
static inline bool scenario_queues(const struct scenario *s)
{
	return s->queues.mask[0] != 0;
}

/* By enum op_kind. */
extern const char *const scenario_op[OP_KINDS];

/* Read a scenario. False: it can't be read or can't be (an operation on a CPU that is
 * offline, ...); `error` (size bytes) says what is wrong and at which word, without a
 * newline. Blanks at the ends and runs of blanks don't matter, nor does the order of
 * options and scripts. */
bool scenario_parse(const char *text, struct scenario *s, char *error, size_t size);

/* The text of a valid scenario; options in the order of the structs above, nothing
 * that says only the default. At most SCENARIO_TEXT bytes with the 0. */
void scenario_format(const struct scenario *s, char *out);

/* Could scenario_parse() have made it? What lies in unused operations does not matter. */
bool scenario_valid(const struct scenario *s);

/* Operations of all scripts, those of vCPUs too. */
unsigned int scenario_ops(const struct scenario *s);

/* The CPU that interrupt `irq` starts on: the CPUs online fill up in turn, each with as
 * many interrupts as it has vectors. Where there are enough vectors, CPU 0. */
unsigned int scenario_start(const struct scenario *s, unsigned int irq);

/* Is it its own smallest renaming? Interrupts of one kind may be swapped, and CPUs
 * other than CPU 0 (where all interrupts start). Of scenarios that are equal up to
 * renaming exactly one is canonical; those with a guest are, each of them: who runs where
 * tells CPUs and vCPUs apart; and those with queues, whose masks do. */
bool scenario_canonical(const struct scenario *s);

/* Make it that. */
void scenario_smallest(struct scenario *s);

#endif
