/* SPDX-License-Identifier: MIT */
/*
 * The library under real threads: one thread per CPU with a software local
 * APIC, devices that send whenever they like, a fabric that holds messages back.
 *
 * No schedule is controlled here. What is exact is the accounting: an *exact*
 * device raises its next event only after a handler has seen the last one, so
 * nothing can merge, and events raised must equal handler starts; a *bursty* one
 * may merge, and the last event raised must have been seen.
 *
 * "Interrupts" are polled: a CPU thread takes what its IRR holds in its main
 * loop, when the library turns interrupts on again, and inside handlers that
 * allow it. The clock is the fabric's own tick, so the drain bound this host
 * declares holds exactly, however the threads are scheduled.
 */
#ifndef TESTS_THREADS_WORLD_H
#define TESTS_THREADS_WORLD_H

#include <irqferry/balance.h>
#include <irqferry/host.h>
#include <irqferry/mq.h>
#include <irqferry/trace.h>
#include <irqferry/x86.h>
#include "threads.h"

#define CPUS_MAX 16u
#define DEVICES_MAX 256u
#define QUEUE 8u

#define DOORBELL 0x30u
#define FIRST_VECTOR 0x40u
#define VECTORS 48u /* of each CPU, if nobody says another number */

#define TICK_NS 1000u
/* When the clock reads t, every message sent at t - DRAIN_TICKS or before has arrived. */
#define DRAIN_TICKS 3u

enum mode {
	MODE_FENCE,   /* a read-back reaches the IRR: nothing is ever in the fabric */
	MODE_ORDERED, /* messages are late but in order; first arrival is evidence */
	MODE_DRAIN,   /* messages overtake; only the bound is evidence */
	MODES
};

enum phase { PHASE_START, PHASE_RUN, PHASE_DRAIN, PHASE_STOP };

/* Own thread only, but for irr, alive, rounds and activity. */
struct cpu {
	_Alignas(64) _Atomic uint32_t irr[8];
	_Atomic bool alive;
	_Atomic bool ipi_flying;   /* a doorbell the fabric will deliver */
	_Atomic uint64_t rounds;   /* turns of the main loop */
	_Atomic uint64_t activity; /* turns that found something to do */

	_Alignas(64) struct world *world;
	pthread_t thread;
	uint32_t index, apic_id;
	uint32_t isr[8];
	bool on;        /* interrupts */
	uint32_t depth; /* handlers and doorbells on the stack */
	uint32_t locks; /* library locks held (external flavour) */

	uint64_t programs, starved, forwards, latches;
	uint64_t offlines, planned, rollbacks, recycled, managed, refused;
};

struct message {
	uint32_t apic_id;
	uint8_t vector;
	uint64_t sent; /* tick */
};

/* One source with one message. Registers are read by the device one at a time,
 * as hardware does; `lock` is a message being made: a register *read* waits for
 * it, a write does not (but the mask bit is the device's own business). */
struct device {
	_Alignas(64) struct spin lock;
	uint32_t index;
	uint8_t kind;
	bool bursty;
	_Atomic uint32_t regs[8];
	bool pending;          /* under lock: fired while masked */
	bool stopped;          /* under lock: raises nothing */
	_Atomic uint64_t irte; /* what the remapping entry says */
	uint64_t irte_cache;   /* under lock: what the unit still believes */
	struct message queue[QUEUE];
	uint32_t queued;         /* under lock */
	_Atomic uint32_t flying; /* the same, for the fabric */

	_Alignas(64) _Atomic uint64_t raised;
	_Atomic uint64_t seen; /* the last event a handler saw */
	_Atomic uint64_t starts;
	_Atomic bool running;   /* a handler is inside */
	_Atomic bool forbidden; /* disable has returned: no start may come */
	_Atomic bool claimed;   /* somebody masks, disables or recycles it */
	_Atomic uint32_t irq;
};

/* Under the hotplug lock; the library reads it while a policy is set. */
struct balance {
	struct ferry_policy policy;
	struct ferry_round_robin turns;
	struct ferry_by_load loads;
	ferry_atomic last[CPUS_MAX], sums[CPUS_MAX], load[DEVICES_MAX];
	uint64_t moved, switched;
};

#define SET_QUEUES 4u

/* A device with queues (queues.c). What is not atomic is its claimer's. */
struct set {
	struct world *world;
	struct ferry_mq mq;
	struct ferry_mq_queue queue[SET_QUEUES];
	uint32_t device[SET_QUEUES];
	bool takes[SET_QUEUES], prepared[SET_QUEUES];
	uint64_t quiesced;
	_Atomic bool begun, inside; /* inside: a callback */
	_Atomic uint64_t overridden;
};

struct world {
	struct ferry *ferry;
	struct balance balance;
	struct set set;
	enum mode mode;
	uint64_t seed, events;
	uint32_t cpus, devices, vectors, senders;
	struct cpu cpu[CPUS_MAX];
	struct device device[DEVICES_MAX];
	struct ferry_counters counters[CPUS_MAX];

	_Alignas(64) _Atomic int phase;
	_Atomic uint32_t ready;
	_Atomic bool hotplug; /* the host's hotplug lock */
	_Alignas(64) _Atomic uint64_t tick;
	_Alignas(64) _Atomic uint64_t poll_at; /* ns; UINT64_MAX: nobody asked */
	_Alignas(64) _Atomic uint64_t raised;
};

/* The CPU this thread is; null for devices and the fabric. */
extern _Thread_local struct cpu *self;

static inline uint64_t clock_ns(struct world *w)
{
	return atomic_load(&w->tick) * TICK_NS;
}

/* apic.c */
void apic_post(struct world *w, uint32_t apic_id, uint32_t vector, const char *who);
void apic_post_cpu(struct world *w, struct cpu *c, uint32_t vector, const char *who);
bool apic_pending(struct cpu *c);
bool apic_take(struct cpu *c);
void apic_eoi(struct cpu *c);
void apic_park(struct cpu *c);
bool poll_if_due(struct world *w);

/* device.c */
bool device_raise(struct world *w, struct device *d);
bool device_stop(struct device *d);
void device_start(struct device *d);
bool device_accounted(struct device *d);
uint32_t device_read(struct device *d, enum ferry_reg reg);
void device_write(struct world *w, struct device *d, enum ferry_reg reg, uint32_t value);
void device_irte_sync(struct device *d);
void *sender_main(void *arg);
void *fabric_main(void *arg);

/* host.c */
void host_trace(void *ctx, const struct ferry_trace *record);

/* ops.c: what CPUs do to the library at random */
void random_op(struct world *w, struct cpu *c);
void random_affinity(struct world *w, struct device *d);
void device_create(struct world *w, struct device *d);
bool claim(struct device *d);
void unclaim(struct device *d);
void serve(struct world *w, struct cpu *c);
uint64_t random_mask(struct world *w);

/* managed.c */
void manage_a_while(struct world *w, struct cpu *c, struct device *d);
void managed_stop(struct world *w, struct cpu *c, struct device *d);
void managed_start(struct world *w, struct cpu *c, struct device *d, bool promised);

#endif
