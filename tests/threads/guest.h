/* SPDX-License-Identifier: MIT */
/*
 * A virtual GIC under real threads: one thread per CPU that runs vCPUs, which hop between them;
 * list registers of each CPU; a table of physical SPIs; devices that send whenever they like.
 *
 * As in world.h no schedule is controlled, and what is exact is the accounting: an *exact*
 * line has its next event only when a vCPU has acknowledged the last one, so nothing can
 * merge, and there are as many acknowledges as events; of a *bursty* one the last event has
 * been seen in the end. And then nothing is active, in the guest or behind it.
 */
#ifndef TESTS_THREADS_GUEST_H
#define TESTS_THREADS_GUEST_H

#include <irqferry/host.h>
#include <irqferry/vgic.h>
#include <string.h>
#include "threads.h"

#define CPUS_MAX 16u
#define VCPUS_MAX 16u
#define LINES 30u
#define WILD 2u /* SPIs that are never enabled, and that the guest does anything to */
#define SGIS 4u
#define LRS 4u
#define DEPTH 34u /* of handlers */
#define FIRST_SPI 32u
#define FIRST_PHYS 100u /* line n is SPI FIRST_SPI + n, if linked to physical FIRST_PHYS + n */

/* PHASE_STILL: each CPU has a vCPU of its own, which does not leave the guest unless it is told:
 * who is not told has lost something. */
enum phase { PHASE_START, PHASE_RUN, PHASE_DRAIN, PHASE_STILL, PHASE_STOP };

enum kind { LINKED_EDGE, LINKED_LEVEL, VIRTUAL_EDGE, VIRTUAL_LEVEL, KINDS };

/* A shared interrupt of the guest, the device that sends it, and the physical one. */
struct line {
	_Alignas(64) struct spin lock; /* the distributor's, and the device's */
	uint32_t index;
	enum kind kind;
	bool bursty;
	/* Under the lock: the distributor's state of a linked one. */
	bool pending, active, enabled;
	_Atomic bool level;     /* the device's line */
	_Atomic bool attention; /* it may have to be taken */
	_Atomic uint32_t route; /* CPU */
	_Atomic bool forbidden; /* ICENABLER has returned: nobody may acknowledge it */
	_Atomic bool claimed;   /* somebody disables it */
	_Atomic bool injecting; /* the device's order of changes of a virtual line */
	_Alignas(64) _Atomic uint64_t raised;
	_Atomic uint64_t seen, acks;
};

struct vcpu {
	_Alignas(64) struct spin claim; /* by the thread that runs it, or powers it on */
	bool on, fresh, blocked;
	_Atomic bool woken;
	uint32_t stack[DEPTH]; /* what it has acknowledged, oldest first */
	bool served[DEPTH];
	uint32_t nactive;
	_Atomic uint32_t busy; /* the same, for who looks */
	_Atomic uint64_t sent[SGIS], got[SGIS];
};

struct cpu {
	_Alignas(64) _Atomic bool kick; /* an IPI that has come */
	_Atomic uint64_t rounds;
	_Atomic bool offline;

	_Alignas(64) struct world *world;
	pthread_t thread;
	uint32_t index;
	bool on;        /* interrupts */
	uint32_t locks; /* of the library (external flavour) */
	bool guest;     /* in the guest */
	bool direct;    /* what comes is told to the vCPU, which is entered next */
	uint32_t vcpu;  /* loaded, or FERRY_NONE */
	/* ICH_*_EL2 */
	uint64_t lr[LRS], hcr, vmcr, ap1;

	uint64_t moves, routes, entries, blocks, offs, leaves, disables;
};

struct world {
	struct ferry_vgic *vgic;
	uint32_t version, cpus, vcpus;
	const char *mode;
	uint64_t seed, events;
	struct cpu cpu[CPUS_MAX];
	struct vcpu vcpu[VCPUS_MAX];
	struct line line[LINES];
	_Alignas(64) _Atomic int phase;
	_Atomic uint32_t ready;
	_Atomic bool hotplug; /* the host's lock: one CPU leaves at a time */
	_Alignas(64) _Atomic uint64_t raised;
};

extern _Thread_local struct cpu *self; /* null for devices */

static inline bool line_is_linked(const struct line *l)
{
	return l->kind == LINKED_EDGE || l->kind == LINKED_LEVEL;
}

/* ---- guest_host.c ------------------------------------------------------------------- */

/* Physical interrupts that this CPU has to take, and what came by IPI. Interrupts on, or in a
 * thread that may take them. True: there was one. */
bool take_interrupts(struct world *w);
/* Would this CPU leave its guest? */
bool is_interrupted(struct world *w);
/* By the guest, or by the library: the physical one. */
void line_deactivate(struct world *w, uint32_t phys, const char *who);
bool line_raise(struct world *w, struct line *l);
void *sender_main(void *arg);

/* ---- guest_cpu.c -------------------------------------------------------------------- */

/* Before the threads. */
void set_up_guest(struct world *w);
/* A turn of the loop that runs vCPUs. */
void turn(struct world *w);
/* A turn of it in PHASE_STILL. */
void turn_still(struct world *w);
/* No vCPU runs here any more. */
void put(struct world *w);
/* All vCPUs are on, what is wild is quiet, lines are routed to the first vCPUs. */
void take_back(struct world *w);

#endif
