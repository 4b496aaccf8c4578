/* SPDX-License-Identifier: MIT */
/*
 * guest.h: scenarios with a guest: what world_guest.c, client_guest.c (the host that runs
 * vCPUs), instruction.c (what the guest does) and library_guest.c share.
 *
 * Interrupt i of a scenario is source i; of those that each vCPU has for itself (SGIs, the
 * timer) that is vCPU 0's, those of the others come behind: world_guest_source().
 */
#ifndef IRQFERRY_CHECK_GUEST_H
#define IRQFERRY_CHECK_GUEST_H

#include "client.h"
#include "sim/virt.h"

#define GUEST_SPIS 32u
#define GUEST_SOURCES (SCENARIO_IRQS * SCENARIO_VCPUS)

/* What the host knows of a vCPU. No padding. */
struct vactor {
	uint8_t at;      /* next operation of its script */
	uint8_t on;      /* powered on */
	uint8_t loaded;  /* 1 + CPU */
	uint8_t blocked; /* it waits: ferry_vcpu_block() said FERRY_OK */
	uint8_t woken;   /* ... and was kicked since */
	uint8_t telling; /* this operation of its script is done once it is in the guest again */
};

/* ... of a CPU, besides struct actor. */
struct hactor {
	uint8_t assigned; /* 1 + vCPU that it is to run */
	uint8_t loaded;   /* 1 + vCPU */
	uint8_t wanted;   /* its next operation, or the end, waits for the guest to be left */
	uint8_t round;    /* of the end, that it has seen */
	uint8_t device;   /* 1 + interrupt whose device it works on, or wants to */
	uint8_t direct;   /* what arrives is its vCPU's, which it enters next: 1; one has: 2 */
};

/* ... of an interrupt. */
struct iactor {
	uint8_t group0;  /* the guest has put it into group 0 */
	uint8_t unbound; /* torn down, or about to be */
	uint8_t busy;    /* somebody works on the device that the host plays for it */
};

/* Behind struct state; in the arena, part of a state. */
struct guest_state {
	struct vactor vcpu[SCENARIO_VCPUS];
	struct hactor cpu[SCENARIO_CPUS];
	struct iactor irq[SCENARIO_IRQS];
	uint8_t round; /* of the end; 0: not yet */
};

static inline struct guest_state *guest_of(const struct machine *m)
{
	return (struct guest_state *)(void *)(state_of(m) + 1);
}

static inline struct ferry_vgic *vgic_of(const struct machine *m)
{
	return world_of(m)->vgic;
}

/* ---- world_guest.c ------------------------------------------------------------------ */

/* Is it one of those that each vCPU has for itself? */
static inline bool guest_is_private(uint8_t kind)
{
	return kind == SCENARIO_SGI || kind == SCENARIO_PPI;
}

static inline bool guest_is_linked(uint8_t kind)
{
	return kind == SCENARIO_HWEDGE || kind == SCENARIO_HWLEVEL;
}

static inline bool guest_is_level(uint8_t kind)
{
	return kind == SCENARIO_HWLEVEL || kind == SCENARIO_VLEVEL || kind == SCENARIO_PPI;
}

uint32_t world_guest_sources_of(const struct scenario *s);
/* The source of interrupt `irq`, of this vCPU where each has its own. */
uint32_t world_guest_source(const struct scenario *s, uint32_t irq, uint32_t vcpu);
/* The other way round. */
uint32_t world_guest_irq(const struct scenario *s, uint32_t src, uint32_t *vcpu);
/* Is it active now? What the library knows is as of the last fold: after that the list register
 * tells. */
bool world_guest_is_active(const struct machine *m, uint32_t src,
			   const struct ferry_virq_info *info);
/* Its INTID in the guest. */
uint32_t world_guest_intid(const struct scenario *s, uint32_t irq);
/* Affinities of vCPUs: no two are alike in any field, none is an index. */
extern const uint64_t world_guest_mpidrs[SCENARIO_VCPUS];

/* ---- instruction.c -------------------------------------------------------------------- */

bool guest_may(struct machine *m, uint32_t vcpu);
enum virt_exit guest_instruction(struct machine *m, uint32_t vcpu, struct virt_trap *trap);
/* The handler of the vCPU's timer. */
void guest_timer(struct machine *m, uint32_t vcpu);
/* What an operation is as an access. False: it is none. */
bool guest_access(const struct machine *m, uint32_t vcpu, const struct op *op,
		  struct virt_trap *trap);
/* On the CPU's thread: carry out what trapped. `op`: what made it, or null. */
void guest_trapped(struct machine *m, uint32_t cpu, uint32_t vcpu, const struct op *op,
		   const struct virt_trap *trap);

/* ---- client_guest.c ------------------------------------------------------------------- */

extern const struct sim_client client_guest;

/* The oracle hears of an operation before its access and after it. */
void guest_tell(struct machine *m, uint32_t vcpu, const struct op *op, bool done);
/* The vCPU is about to be in the guest again: what it has asked for is done; wait: if that can be
 * told now. */
void guest_entered(struct machine *m, uint32_t vcpu, bool wait);
/* A device that the host plays tells the library of one change of its line at a time. */
void guest_device_lock(struct machine *m, uint32_t cpu, uint32_t irq);
void guest_device_unlock(struct machine *m, uint32_t cpu);
/* A call of the library has returned this: of what it saw nothing else is left. */
int guest_returned(struct machine *m, uint32_t where, int rc);
/* ... that was made with interrupts on. */
int guest_returned_on(struct machine *m, uint32_t where, int rc);
void guest_check_rc(struct machine *m, uint32_t src, const char *what, int rc);

#endif
