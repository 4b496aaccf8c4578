/* SPDX-License-Identifier: MIT */
/*
 * fake_timer.h: PPIs that follow the resident vCPU, for the host of fake_vgic.h: the EL1
 * virtual timer of each CPU (DDI 0487 D11), another device, software timers.
 *
 * What is written to the timer has no effect, and what is read of it or of the counter is as
 * old as the CPU's last barrier (ISB): who leaves one out, finds a wrong line or time.
 */
#ifndef TESTS_FAKE_TIMER_H
#define TESTS_FAKE_TIMER_H

#include "tests/fake_vgic.h"

#define TIMER_PPI 27u
#define DEVICE_PPI 23u
#define NEVER UINT64_MAX

/* More notes (enum fake_event) in the order of all others. */
enum {
	NOTE_TIMER = 100, /* a: enum ferry_timer, b: what was written, low 32 bits */
	NOTE_SOFT,        /* a: vCPU, b: 1: asked for, 0: not any more */
	NOTE_SAVE,        /* a: vCPU, b: INTID */
	NOTE_RESTORE
};

struct timer {
	uint64_t cval, offset; /* as written */
	uint32_t ctl;
	uint64_t cval_now, offset_now, seen; /* in effect since the last barrier; its time */
	uint32_t ctl_now;
	bool line;
};

struct fake_timers {
	uint64_t count; /* CNTPCT */
	struct timer cpu[FAKE_CPUS];
	uint64_t soft[FAKE_VCPUS]; /* NEVER: none */
	bool device[FAKE_CPUS];    /* the other device's line */
	bool saved[FAKE_VCPUS];
	bool late[FAKE_VCPUS]; /* a device that raises its line just before it is saved */
	/* The count is `pass_to` after this many more calls of the host; 0: it stays. */
	uint32_t pass_in;
	uint64_t pass_to;
};

extern struct fake_timers timers;

/* After fake_guest(): everything off. Both PPIs are level, or edge. */
void timers_reset(bool edge);
/* CNTPCT is `count` now. Software timers do not come by themselves. */
void timer_until(uint64_t count);
/* The software timer of `vcpu` comes on `cpu`, asked for or not. */
void timer_soft(uint32_t vcpu, uint32_t cpu);
/* Those whose time has come. */
void timer_softs(uint32_t cpu);

/* The guest in `cpu`: CVAL, then CTL, each with its barrier; they do not trap. */
void guest_timer(uint32_t cpu, uint64_t cval, uint32_t ctl);
uint32_t guest_timer_ctl(uint32_t cpu);
/* The other device's line on this CPU. */
void device_line(uint32_t cpu, bool high);

/* A PPI of a CPU. */
struct fake_phys *ppi(uint32_t cpu, uint32_t phys);
bool ppi_ready(uint32_t cpu, uint32_t phys);
/* Acknowledge; the guest is left. */
void ppi_ack(uint32_t cpu, uint32_t phys);
/* The library is told, with this vCPU (or FERRY_NONE). */
void ppi_tell(uint32_t cpu, uint32_t phys, uint32_t vcpu);
/* Both, with the vCPU that is loaded there. */
void ppi_take(uint32_t cpu, uint32_t phys);
/* fake_settle(), and PPIs; how many have come. */
uint32_t ppi_settle(void);

#endif
