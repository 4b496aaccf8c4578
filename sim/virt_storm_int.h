/* SPDX-License-Identifier: MIT */
/*
 * virt_storm_int.h: shared by virt_storm.c (the run), virt_storm_build.c, virt_storm_host.c
 * (threads of CPUs), virt_storm_guest.c (what vCPUs do), virt_storm_access.c (their accesses).
 */
#ifndef IRQFERRY_SIM_VIRT_STORM_INT_H
#define IRQFERRY_SIM_VIRT_STORM_INT_H

#include "virt_storm.h"

#define VSTORM_CPUS 8u
#define VSTORM_OPS 16u   /* that wait for one vCPU */
#define VSTORM_JOBS 256u /* that wait for one CPU's host thread */

/* What a vCPU is to do: enum virt_storm_op, or what makes up for one. */
enum {
	GUEST_ENABLE = VIRT_OPS, /* after VIRT_OP_DISABLE */
	GUEST_SWITCH_ON,         /* after VIRT_OP_SWITCH */
	GUEST_ON,                /* CPU_ON of vCPU `arg` */
	GUEST_BOOT,              /* of the vCPU that does it */
	GUEST_REPAIR             /* everything on, unmasked, ended: nothing may be left after it */
};

/* What a host thread is to do. */
enum {
	HOST_SETUP = 1,
	HOST_INJECT, /* arg: source */
	HOST_FALL,
	HOST_UNBIND,
	HOST_BIND
};

/* b of L_OP; a: */
enum {
	AT_SLICE = 1, /* CPU whose slice is over */
	AT_GUEST,     /* a guest's operation, packed, that has waited */
	AT_HOST,      /* the same of a host's */
	AT_IDLE,      /* vCPU that has nothing to do */
	AT_ONLINE,    /* CPU */
	AT_DRAIN      /* look */
};

struct vop {
	uint8_t kind;
	uint32_t arg; /* source, or vCPU */
};

struct storm_vcpu {
	struct vop op[VSTORM_OPS], now; /* now: the one that trapped */
	uint32_t head, n;
	uint32_t cpu;     /* whose turn it is to run it */
	bool idle_queued; /* a label AT_IDLE is under way */
	bool reset;       /* the host is to power it off */
	bool booting;     /* since it was powered on */
	bool armed;       /* its timer is programmed, and its handler has not run since */
	uint64_t idle_at, expiry;
};

struct storm_cpu {
	struct vop job[VSTORM_JOBS];
	uint32_t head, n;
	uint64_t queue;    /* vCPUs whose turn it is here */
	uint32_t resident; /* 1 + vCPU that is loaded */
	uint32_t last;     /* vCPU that was loaded last */
	uint64_t slice_end;
	bool booted, online, leaving, slice_over;
	bool running;   /* enters its guest, or is there */
	bool asked;     /* ... and is to leave it */
	bool direct;    /* it is out for a moment: what comes is told to the vCPU */
	bool told;      /* ... which has happened */
	uint32_t turns; /* of its thread */
};

struct storm_virq {
	bool busy;       /* being unlinked, or linked */
	bool lining;     /* its emulated line is being changed */
	bool claimed;    /* no route may be written now */
	uint32_t ending; /* handlers that have dropped the priority, and not yet written DIR */
	uint32_t left;   /* of a burst */
	bool silent;     /* waits for the drain's end */
};

enum { DRAIN_NOT, DRAIN_EMPTY, DRAIN_REPAIR, DRAIN_QUIET };

struct vstorm {
	const struct virt_storm_options *o;
	struct virt_storm_report *report;
	struct machine *m;
	struct ferry_vgic *g;
	struct storm_cpu cpu[VSTORM_CPUS];
	struct storm_vcpu vcpu[VIRT_VCPUS];
	struct storm_virq *virq; /* of each shared source */
	uint32_t shared, linked; /* sources: linked ones first, then virtual, SGIs, timers */
	uint32_t spis, espis;    /* of the guest */
	uint32_t phys_spis, phys_espis;
	/* vCPUs; held: its thread still has something to do for it, loaded or not. */
	uint64_t on, blocked, resident, held;
	uint64_t mpidrs[VSTORM_CPUS];
	struct ferry_mpidr affinity[VIRT_VCPUS];
	struct ferry_resident timer;
	uint32_t hotplug; /* 1 + CPU that is leaving */
	uint32_t busy;    /* operations that wait or are under way */
	uint32_t switching;
	bool switch_crossed, off; /* off: GICD_CTLR has both groups off, for certain */
	bool running, finished;
	uint8_t drain;
	bool drain_done; /* the step's */
	uint64_t drain_since, next_drain;
	int status;
	char *error;
	size_t error_size;
};

static inline struct vstorm *vstorm_of(struct machine *m)
{
	return m->out->user;
}

static inline uint32_t vstorm_pick(struct vstorm *st, uint64_t n)
{
	return (uint32_t)machine_below(st->m, n);
}

static inline uint64_t vstorm_bit(uint32_t vcpu)
{
	return 1ull << vcpu;
}

/* Is it one with a line? */
static inline bool vstorm_level(const struct vstorm *st, uint32_t src)
{
	return st->m->source[src].kind == FERRY_GIC_LEVEL;
}

/* virt_storm_build.c. Null: the options are good; else why not. */
const char *vstorm_check(const struct virt_storm_options *options);
bool vstorm_build(struct vstorm *st, struct sim_out *out);

/* virt_storm.c */
extern const struct sim_client vstorm_client;
void vstorm_fail(struct vstorm *st, int status, const char *why);
/* Devices start again, after a drain too. */
void vstorm_start_events(struct vstorm *st);
/* An operation for some vCPU: at once, or some time later. One that makes up for another is
 * never dropped. */
void vstorm_guest_op(struct vstorm *st, uint32_t vcpu, uint8_t kind, uint32_t arg);
void vstorm_guest_later(struct vstorm *st, uint8_t kind, uint32_t arg);
uint32_t vstorm_some_vcpu(struct vstorm *st);
/* ... for the host thread of some CPU. */
void vstorm_host_op(struct vstorm *st, uint8_t kind, uint32_t arg);
void vstorm_host_later(struct vstorm *st, uint8_t kind, uint32_t arg);
void vstorm_drain(struct vstorm *st);

/* virt_storm_host.c */
bool vstorm_has_work(struct machine *m, uint32_t cpu);
void vstorm_work(struct machine *m, uint32_t cpu);
/* Have the CPU look around: out of the guest, if it is there. */
void vstorm_preempt(struct vstorm *st, uint32_t cpu);
void vstorm_slice(struct vstorm *st, uint32_t cpu);
/* A CPU that is online and stays. */
uint32_t vstorm_some_cpu(struct vstorm *st);
/* It is `cpu`'s turn to run the vCPU. */
void vstorm_assign(struct vstorm *st, uint32_t vcpu, uint32_t cpu);
void vstorm_wake(struct machine *m, uint32_t vcpu);
/* virt_client.arrive */
int vstorm_arrive(struct machine *m, uint32_t intid);
/* On any CPU's fibre. */
void vstorm_power_on(struct vstorm *st, uint32_t vcpu);
/* On the fibre of the CPU that has it, or had it last, or none. */
void vstorm_power_off(struct vstorm *st, uint32_t vcpu);
void vstorm_wait(struct vstorm *st, uint32_t vcpu);

/* virt_storm_guest.c: struct virt_client; what traps. */
extern const struct virt_client vstorm_guest;
void vstorm_trapped(struct vstorm *st, uint32_t vcpu);
/* It is about to enter the guest. */
void vstorm_entering(struct vstorm *st, uint32_t vcpu);
void vstorm_idle(struct vstorm *st, uint32_t vcpu);
/* Set the guest up, by the hand of vCPU 0; on a fibre. */
void vstorm_firmware(struct vstorm *st);

/* virt_storm_access.c: one access each, and the oracle is told; on the vCPU's thread. */
void vstorm_route(struct vstorm *st, uint32_t vcpu, uint32_t src, uint32_t target);
void vstorm_routes(struct vstorm *st, uint32_t vcpu, uint32_t src); /* to chance */
void vstorm_enable(struct vstorm *st, uint32_t vcpu, uint32_t src, bool on);
void vstorm_pend(struct vstorm *st, uint32_t vcpu, uint32_t src);
void vstorm_unpend(struct vstorm *st, uint32_t vcpu, uint32_t src);
void vstorm_clear(struct vstorm *st, uint32_t vcpu, uint32_t intid);
void vstorm_priority(struct vstorm *st, uint32_t vcpu, uint32_t intid, uint8_t priority);
void vstorm_group(struct vstorm *st, uint32_t vcpu, uint32_t intid);
void vstorm_groups(struct vstorm *st, uint32_t vcpu, uint32_t intid, uint32_t word);
void vstorm_edge(struct vstorm *st, uint32_t vcpu, uint32_t src);
void vstorm_switch(struct vstorm *st, uint32_t vcpu, uint32_t groups);
void vstorm_read(struct vstorm *st, uint32_t vcpu, uint32_t src);
void vstorm_send(struct vstorm *st, uint32_t vcpu);

#endif
