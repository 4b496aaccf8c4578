/* SPDX-License-Identifier: MIT */
/*
 * virt_storm.h: a guest on a simulated Arm machine under a random storm: its devices send
 * interrupts, it routes them elsewhere, masks, clears and ends them, its vCPUs sleep, go off
 * and come back; the host moves vCPUs between CPUs, switches CPUs off and unlinks interrupts.
 *
 * A storm is a function of its options: same options, same report, on any machine. Times are
 * virtual nanoseconds. What must be true of the interrupts that a guest gets (virt.h) is
 * looked at all the time; at the end, and now and then on the way, the devices fall silent
 * and everything that has come must have arrived.
 *
 * For a benchmark: choose a workload by rates (all are 0 where not named), run it once with each
 * strategy, compare struct virt_counts of the reports. The storm's own choices depend on the
 * seed, but not what they meet: two strategies see different storms of the same kind.
 */
#ifndef IRQFERRY_SIM_VIRT_STORM_H
#define IRQFERRY_SIM_VIRT_STORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "storm.h"
#include "virt.h"

/* Which guests end interrupts in two steps (EOIR, DIR): EOImode. */
enum virt_storm_eoi { VIRT_STORM_EOI0 = 0, VIRT_STORM_EOI1 = 1, VIRT_STORM_EOI_MIXED = 2 };

/* How the guest's timer is given to it. */
enum virt_storm_timer {
	VIRT_STORM_NO_TIMER = 0,
	VIRT_STORM_SWITCHED = 1 + FERRY_RESIDENT_SWITCHED,
	VIRT_STORM_INJECTED = 1 + FERRY_RESIDENT_INJECTED
};

struct virt_storm_options {
	const char *name;
	uint64_t seed;

	/* ---- the machine */
	uint32_t cpus;     /* 1 .. 8 */
	uint8_t gic;       /* the machine's: 2, 3 */
	uint8_t guest_gic; /* the guest's: 2, or 3 on a GICv3 */
	uint8_t lrs;       /* list registers, 1 .. 16 */
	bool slow;         /* a physical route takes effect some time after it was written */
	bool weak;         /* stores wait in a buffer until a barrier, or for a while */

	/* ---- the guest */
	uint32_t vcpus;   /* 1 .. 8 (GICv2), 1 .. 64 (GICv3) */
	uint8_t strategy; /* enum ferry_vgic_strategy */
	bool ask;         /* FERRY_VGIC_ASK */
	uint8_t eoi;      /* enum virt_storm_eoi */
	uint8_t timer;    /* enum virt_storm_timer: of every vCPU */
	bool nested;      /* its handlers run with interrupts on */
	bool somewhere;   /* no route is to nobody */

	/* How many interrupts; all together at most 988 and, in a GICv3 guest, 1024 extended. */
	uint32_t linked_edge, linked_level;   /* a physical SPI behind each */
	uint32_t virtual_edge, virtual_level; /* injected by host threads on any CPU */
	uint32_t extended;                    /* so many of them have extended INTIDs */
	uint32_t sgis;                        /* SGIs 0 .. sgis-1 are sent and followed */

	/* ---- load */
	uint64_t events;     /* of devices; then all is drained, and the storm is over */
	uint64_t period_ns;  /* mean time between two events of one interrupt, exponential */
	uint32_t burst;      /* events that come close together, 0, 1: one */
	uint32_t handler_ns; /* mean run time of a handler */
	uint32_t slice_ns;   /* mean time after which another vCPU of the CPU gets its turn */
	uint32_t busy_ns;    /* a vCPU that has nothing to do waits (WFI) after so long, on
			      * average; 0: it never waits */
	uint32_t drains;     /* how often, on the way, all is drained and looked at */

	/* ---- what the guest does: so many for 1000 events, by vCPUs chosen at random */
	uint32_t routes;     /* IROUTER, or its halves; ITARGETSR */
	uint32_t disables;   /* ICENABLER, and soon ISENABLER */
	uint32_t pends;      /* ISPENDR, of edges */
	uint32_t unpends;    /* ICPENDR */
	uint32_t clears;     /* ICACTIVER of what nobody has active, or instead of DIR */
	uint32_t priorities; /* IPRIORITYR */
	uint32_t groups;     /* IGROUPR */
	uint32_t switches;   /* GICD_CTLR off, and soon on */
	uint32_t reads;      /* any register */
	uint32_t sends;      /* SGIs, to one or to many */
	uint32_t timers;     /* timers programmed */
	uint32_t offs;       /* PSCI CPU_OFF, and soon CPU_ON */

	/* ---- what the host does: so many for 1000 events */
	uint32_t moves;   /* a vCPU goes to another CPU */
	uint32_t leaves;  /* a CPU goes offline, and comes back */
	uint32_t unbinds; /* a physical interrupt is unlinked, and linked again */
	uint32_t falls;   /* a line falls by itself */
	uint32_t resets;  /* a vCPU is powered off wherever it is, and soon on */
	/* ... and after so many of 100 exits physical ones that come are told by
	 * ferry_vcpu_physical(), and the vCPU is entered again at once, or has it taken back. */
	uint32_t direct;
};

/* How often each was done, in the order of the rates. */
enum virt_storm_op {
	VIRT_OP_ROUTE,
	VIRT_OP_DISABLE,
	VIRT_OP_PEND,
	VIRT_OP_UNPEND,
	VIRT_OP_CLEAR,
	VIRT_OP_PRIORITY,
	VIRT_OP_GROUP,
	VIRT_OP_SWITCH,
	VIRT_OP_READ,
	VIRT_OP_SEND,
	VIRT_OP_TIMER,
	VIRT_OP_OFF,
	VIRT_OP_MOVE,
	VIRT_OP_LEAVE,
	VIRT_OP_UNBIND,
	VIRT_OP_FALL,
	VIRT_OP_RESET,
	VIRT_OPS
};

/* How often it is to be done for 1000 events; 0: never, or there is nothing to do it with. */
uint32_t virt_storm_rate(const struct virt_storm_options *options, enum virt_storm_op op);

struct virt_storm_report {
	/* Events: raised, merged, lost, ...; ipis: all SGIs of the host, of which counts.kicks
	 * are the library's; latency: device event (or end of the instance before) to start. */
	struct storm_report base;
	struct virt_counts counts;
	uint64_t ops[VIRT_OPS]; /* done, not those that made no sense when their turn came */
	uint64_t fires;         /* device events */
	uint64_t again;         /* ferry_vcpu_enter said FERRY_E_AGAIN */
	uint64_t direct;        /* ferry_vcpu_physical was called */
	uint64_t loads;         /* vCPUs loaded on a CPU */
	uint64_t homes;         /* ... on another one than before */
	uint64_t preempted;     /* SGIs by which the host takes a CPU from its guest */
	uint64_t drains;        /* all was found to be there */
	/* p50, p90, p99, p99.9, max of counts.stayed and counts.switched */
	uint64_t stayed[5], switched[5];
};

/*
 * Run it. 0 when the storm ran to its end, or until something was found stuck: look at the
 * report; or a negative enum ferry_status with the reason in `error` (size bytes). Not
 * reentrant: one machine at a time.
 */
int virt_storm_run(const struct virt_storm_options *options, struct virt_storm_report *report,
		   char *error, size_t size);

/* The numbers that must be 0 are, and it came to its end. */
bool virt_storm_clean(const struct virt_storm_report *report);

#endif
