/* SPDX-License-Identifier: MIT */
/*
 * vgic.h: a virtual GIC. One struct ferry_vgic is one guest: its distributor and
 * redistributors (GICv2 or GICv3, as the guest sees them), its virtual interrupts, and the
 * list registers of whichever CPU runs one of its vCPUs. Usable without the rest of the
 * library; host.h says what the host provides.
 *
 * A host runs a vCPU like this:
 *
 *    ferry_vcpu_load(g, vcpu, cpu)               interrupts off
 *    for (;;) {
 *        interrupts off
 *        if (ferry_vcpu_enter(g, vcpu) == FERRY_OK) {
 *            ... the guest runs, until something traps or an interrupt comes ...
 *            ferry_vcpu_exit(g, vcpu)
 *        }
 *        interrupts on: what is pending comes in now, after the exit
 *        ferry_vgic_access(), _sgi(), _dir(), ferry_vcpu_block() ... for what trapped
 *    }
 *    ferry_vcpu_put(g, vcpu)                     interrupts off
 *
 * What comes between an exit and the next entry, with interrupts off all the time, may be told by
 * ferry_vcpu_physical() and ferry_vcpu_inject(), which are cheaper.
 *
 * Where should a virtual interrupt be now? One rule (src/vgic/place.c): active: with its
 * owner; enabled, pending, and its target is powered on: with its target; else nowhere.
 * The owner is the vCPU that has it in a list register, or active; there is at most one.
 * A guest that changes a route while the interrupt is in flight changes the target; the
 * owner follows when the architecture allows it (IHI 0048B 4.3.12): pending ones move,
 * active ones stay until they are ended. What becomes of the physical interrupt behind it
 * meanwhile is the strategy (enum ferry_vgic_strategy).
 *
 * Names: vCPUs by index; virtual interrupts by INTID (0 .. 31 of a vCPU, 32 .. 1019 SPIs,
 * 4096 .. 5119 extended SPIs), physical ones by theirs.
 *
 * The guest is hostile: whatever it does, a call here takes bounded time, and changes
 * nothing but this guest's interrupts. Bounds are given in interrupts and vCPUs.
 */
#ifndef IRQFERRY_VGIC_H
#define IRQFERRY_VGIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <irqferry/host.h>
#include <irqferry/mpidr.h>
#include <irqferry/status.h>

struct ferry_vgic;

/* What the guest sees. What is not named is not linked. */
struct ferry_vgic_variant;
extern const struct ferry_vgic_variant ferry_vgicv2, ferry_vgicv3;

/* What the machine has: list registers of a GICv2 (GICH_LRn), or of a GICv3
 * (ICH_LRn_EL2), which can serve a GICv2 guest, too. */
struct ferry_lr_format;
extern const struct ferry_lr_format ferry_gich, ferry_ich;

/* A physical interrupt whose virtual one is active on one vCPU, and the guest has routed
 * it to another. Alike in all three: what is queued and in no list register moves at once.
 * Seed 001. */
enum ferry_vgic_strategy {
	/* The physical route is changed when the old list register is folded. The default: it costs
	 * least (docs/vgic.md). */
	FERRY_LAZY_LATE = 0,
	/* The physical route is changed at once. A second interrupt may come to the new CPU
	 * while the first is in a list register of the old one, which then is asked. */
	FERRY_LAZY_EARLY = 1,
	/* As FERRY_LAZY_LATE; besides the old vCPU's list register is unlinked from the
	 * physical interrupt and asks for a maintenance interrupt at its end: fold, route,
	 * deactivate and deliver follow at once. */
	FERRY_MAINTENANCE = 2
};

/* ferry_vgic_config.flags */

/* A route write asks the old vCPU, if it has the interrupt in a list register and is in the
 * guest: one IPI. Without it a pending interrupt that the old vCPU has not taken may still
 * be taken there until it leaves the guest by itself. In all strategies. */
#define FERRY_VGIC_ASK 0x01u

/* ---- interrupts that follow the resident vCPU (seed 002) -------------------- */

/* How a physical PPI reaches whichever vCPU is resident on its CPU. */
enum ferry_resident_scheme {
	/* Its state is the vCPU's: saved and restored with it; a list register is linked to
	 * it, so that it can't come again before the guest has ended it. */
	FERRY_RESIDENT_SWITCHED = 0,
	/* It belongs to one vCPU, `vcpu`, which always runs on the same CPU: enabled only
	 * while that is loaded, nothing else is switched. */
	FERRY_RESIDENT_FIXED = 1,
	/* Mask and inject: the library masks the timer at its source and injects a plain
	 * virtual interrupt; the guest's own next write of CNTV_CTL unmasks it. Virtual timer
	 * alone. For comparison: the guest can see the mask (CAVEATS.md). */
	FERRY_RESIDENT_INJECTED = 2
};

struct ferry_resident {
	uint8_t intid; /* virtual, 16 .. 31 */
	uint8_t phys;  /* physical PPI, 16 .. 31: the same on all CPUs */
	uint8_t scheme;
	uint8_t timer; /* 1: the EL1 virtual timer, switched by the library; 0: another device,
			* by ferry_host_resident_save and _restore */
	uint8_t vcpu;  /* FERRY_RESIDENT_FIXED: whose it is */
	uint8_t edge;  /* the physical PPI is configured edge-triggered */
	uint8_t reserved[2];
};

#define FERRY_RESIDENTS 4u /* of one guest, at most */

/* Linked only if named in a configuration. */
struct ferry_resident_ops;
extern const struct ferry_resident_ops ferry_residents;

/* ---- life --------------------------------------------------------------------- */

struct ferry_vgic_config {
	void *ctx; /* for every function of host.h */
	const struct ferry_vgic_variant *variant;
	const struct ferry_lr_format *hardware;
	uint32_t lrs;   /* list registers, 1 .. 16, the same on all CPUs (GICH_VTR, ICH_VTR_EL2) */
	uint32_t vcpus; /* 1 .. 8 for a GICv2, 1 .. 64 for a GICv3 */
	/* GICv3: affinity of each vCPU, all different, Aff0 below 16, Aff3 0 (without range
	 * selector and A3V; copied); GICv2: not used, null: a vCPU is called by its index. */
	const struct ferry_mpidr *mpidrs;
	uint32_t spis;  /* SPIs 32 .. 32+spis-1: a multiple of 32, or 988 */
	uint32_t espis; /* GICv3: 4096 .. 4096+espis-1: a multiple of 32, at most 1024 */
	uint8_t strategy;
	uint8_t flags;     /* FERRY_VGIC_* */
	uint8_t nresident; /* at most FERRY_RESIDENTS */
	uint8_t aprs;      /* ICH_AP1R<n>_EL2, and as many ICH_AP0R<n>_EL2, that there are: 1, 2 or
			    * 4 (ICH_VTR_EL2.PREbits 5, 6, 7); 0: 1. GICH: 0 or 1 */
	const struct ferry_resident *resident; /* copied */
	const struct ferry_resident_ops
		*residents; /* &ferry_residents if there are any, else null */
};

/* Bytes needed for this guest; 0: the configuration is invalid. */
size_t ferry_vgic_size(const struct ferry_vgic_config *config);

/*
 * Build a guest in `memory`, aligned to 8 bytes: all interrupts disabled, nothing pending or
 * active, the distributor off, routes of SPIs to vCPU 0 (GICv2: none), all vCPUs powered
 * off. Touches no hardware. Context: any.
 * FERRY_OK with the guest in *g; FERRY_E_INVALID; FERRY_E_MEMORY.
 */
FERRY_MUST_USE int ferry_vgic_init(const struct ferry_vgic_config *config, void *memory,
				   size_t size, struct ferry_vgic **g);

/*
 * Link virtual SPI `intid` to physical SPI `phys`, which is edge-triggered or not (the
 * guest's ICFGR bit says so from now on, and can't be changed), routed anywhere, disabled. From
 * now on its physical route is this guest's; where it comes, the host acknowledges it, drops
 * its priority and calls ferry_vgic_physical(). The host enables it after this call. Whether
 * the guest has enabled the virtual one makes no difference to the physical one: it stays
 * active until the guest ends it. Context: thread; one call for an SPI at a time. FERRY_OK;
 * FERRY_E_INVALID (no such SPI, on either side: physical ones are 32 .. 1019, with ferry_ich
 * extended ones, too); FERRY_E_STATE (linked already).
 */
FERRY_MUST_USE int ferry_vgic_bind(struct ferry_vgic *g, uint32_t intid, uint32_t phys, bool edge);

/*
 * Undo that. The host has disabled the physical one before, and waited for that to take
 * effect; none of its arrivals is between acknowledge and ferry_vgic_physical(). What is in
 * flight is forgotten; a physical one that is active is deactivated.
 * Context: thread. FERRY_OK; FERRY_E_INVALID; FERRY_E_STATE (not linked);
 * FERRY_E_AGAIN: a vCPU in the guest has it in a list register; it has been asked, call again
 * soon. A further ferry_vgic_physical() meanwhile only deactivates.
 */
FERRY_MUST_USE int ferry_vgic_unbind(struct ferry_vgic *g, uint32_t intid);

/* ---- interrupts come ------------------------------------------------------------- */

/*
 * The physical SPI linked to virtual SPI `intid` was acknowledged, and its priority dropped,
 * on this CPU, whichever that is. Context: interrupt, no vCPU in the guest on this CPU
 * (ferry_vcpu_exit was called). FERRY_OK; FERRY_E_STATE: it is linked to nothing, still
 * active, and the host's to deactivate. FERRY_E_INVALID: no such SPI, the same.
 */
FERRY_MUST_USE int ferry_vgic_physical(struct ferry_vgic *g, uint32_t intid);

/*
 * A virtual interrupt that no physical one stands behind. Edge (as the guest has configured it in
 * ICFGR): level true is an event, false nothing. Level: the state of its line from now on.
 * `vcpu` counts for INTIDs below 32. Context: any, no library lock held.
 * FERRY_OK, FERRY_E_INVALID (no such vCPU or interrupt; an SGI), FERRY_E_STATE (it is linked
 * to a physical one, or follows the resident vCPU).
 */
FERRY_MUST_USE int ferry_vgic_inject(struct ferry_vgic *g, uint32_t vcpu, uint32_t intid,
				     bool level);

/*
 * The same as ferry_vgic_inject(g, vcpu, intid, true) and ferry_vgic_physical(g, intid), for a host
 * that has just left the guest of `vcpu`, and enters it again: cheaper when the interrupt is that
 * vCPU's and nothing else waits for it, because it goes into a free list register at once, and
 * ferry_vcpu_enter() has nothing to look for. Whatever else is true they do what those do.
 * Context: `vcpu` is loaded here, and not in the guest (ferry_vcpu_exit was called, or it was
 * just loaded); no library lock held; interrupts off from here until its next ferry_vcpu_enter() or
 * ferry_vcpu_exit(), and of this library nothing else about this vCPU before that but more
 * arrivals: no put, block, power off, trap. ferry_vcpu_exit() without an entry is for a host that
 * has changed its mind. FERRY_E_INVALID if there is no such vCPU, too.
 */
FERRY_MUST_USE int ferry_vcpu_inject(struct ferry_vgic *g, uint32_t vcpu, uint32_t intid);
FERRY_MUST_USE int ferry_vcpu_physical(struct ferry_vgic *g, uint32_t vcpu, uint32_t intid);

/*
 * Physical PPI `phys` was acknowledged, and its priority dropped, on this CPU, with vCPU `vcpu`
 * of this guest loaded here (FERRY_NONE: none of this guest is). It is deactivated by the
 * library or by the guest. Context: interrupt, no vCPU in the guest on this CPU. FERRY_OK;
 * FERRY_E_INVALID: this guest's configuration does not have it; it is the host's.
 */
FERRY_MUST_USE int ferry_vgic_resident(struct ferry_vgic *g, uint32_t vcpu, uint32_t phys);

/* The time of ferry_host_timer_at() has come for `vcpu`, on any CPU. Wakes it if it is
 * blocked; never changes its timer's registers. Context: any, no library lock held. */
void ferry_vcpu_timer(struct ferry_vgic *g, uint32_t vcpu);

/* CNTVOFF_EL2 of all vCPUs: the guest's CNTVCT_EL0 is CNTPCT_EL0 less this, modulo 2^64; 0 until
 * this is called. Context: thread, before a vCPU is loaded. */
void ferry_vgic_timer_offset(struct ferry_vgic *g, uint64_t offset);

/* ---- vCPUs ------------------------------------------------------------------------ */

/*
 * Power `vcpu` on or off (PSCI CPU_ON, CPU_OFF; reset is off and on). Off: what is pending
 * there waits, what is active there stays active and with nobody until somebody writes
 * ICACTIVER or DIR; its private interrupts are neither pending nor active any more.
 * Context: off: its own, loaded or not, not in the guest; on: any, once. Interrupts off.
 * Time: proportional to the interrupts that pend, are active or linked.
 * FERRY_OK; FERRY_E_INVALID; FERRY_E_STATE: it is so already (PSCI ALREADY_ON), is in the
 * guest, or is just being powered off. Of two that power one on at a time one gets FERRY_OK.
 */
FERRY_MUST_USE int ferry_vcpu_power(struct ferry_vgic *g, uint32_t vcpu, bool on);

/* `vcpu` is resident on `cpu`, this CPU, from now on: physical interrupts that aim at it
 * follow (soon: at the next entries), the virtual CPU interface is its. Context: interrupts
 * off; the vCPU powered on, loaded nowhere: handed on by who had it with a lock of the host's, or
 * with release and acquire; this CPU without a resident vCPU, its list registers zero (as
 * ferry_vcpu_put leaves them, or the host after a reset). */
void ferry_vcpu_load(struct ferry_vgic *g, uint32_t vcpu, uint32_t cpu);

/* It is not resident any more. Context: interrupts off, on the CPU of load, not in the
 * guest. List registers are empty afterwards, PPIs that follow the resident vCPU disabled. */
void ferry_vcpu_put(struct ferry_vgic *g, uint32_t vcpu);

/*
 * Fill the list registers. Context: interrupts off, loaded here. FERRY_OK: the guest must be
 * entered next, interrupts off until then. FERRY_E_AGAIN: there is more to do first: let
 * interrupts in, call again. A call does a bounded part of what there may be.
 */
FERRY_MUST_USE int ferry_vcpu_enter(struct ferry_vgic *g, uint32_t vcpu);

/* The guest was left: read the list registers. Interrupts still off, before anything else of
 * this library, before an interrupt is acknowledged. */
void ferry_vcpu_exit(struct ferry_vgic *g, uint32_t vcpu);

/* The guest waits for an interrupt (WFI). Context: interrupts off, not in the guest, loaded or
 * put. FERRY_OK: it is blocked: ferry_host_vcpu_kick() will tell, perhaps before this returns;
 * then, or when the host runs it for another reason, ferry_vcpu_unblock(). FERRY_E_AGAIN: there
 * is an interrupt for it, or something to do: enter. */
FERRY_MUST_USE int ferry_vcpu_block(struct ferry_vgic *g, uint32_t vcpu);
void ferry_vcpu_unblock(struct ferry_vgic *g, uint32_t vcpu);

/* CPU `cpu` is about to go offline; no vCPU is loaded there any more, nor will be. Physical
 * SPIs of this guest that are routed there go to `to` at once, active or not, in every
 * strategy, and no route will name `cpu` until a vCPU is loaded there again. Context: thread.
 * Time: proportional to the linked interrupts. */
void ferry_vgic_leave(struct ferry_vgic *g, uint32_t cpu, uint32_t to);

/* ---- what the guest does ------------------------------------------------------------ */

/* An access that trapped. */
struct ferry_vgic_access {
	uint8_t frame; /* FERRY_GICD, or FERRY_GICR: the redistributors of all vCPUs in
			* ascending order, 128 KB each */
	uint8_t bytes; /* 1, 2, 4, 8 */
	bool write;
	uint32_t offset; /* in that frame */
	uint64_t value;  /* what is written; what was read: zero-extended */
};

/*
 * Do it for `vcpu`. Registers that are not there are RAZ/WI. May wait, with
 * ferry_host_wait, for vCPUs that are in the guest to leave it once. Context: thread on
 * the vCPU's CPU, interrupts on, not in the guest, no lock held. FERRY_OK;
 * FERRY_E_INVALID: an access of this width, or not aligned to it, is not allowed there (IHI
 * 0048B 4.1.4, IHI 0069H 12.1.3): nothing was done, value is 0; the host ignores it, or gives
 * the guest an external abort.
 */
FERRY_MUST_USE int ferry_vgic_access(struct ferry_vgic *g, uint32_t vcpu,
				     struct ferry_vgic_access *access);

/* A write of ICC_SGI1R_EL1, ICC_ASGI1R_EL1 or ICC_SGI0R_EL1 that trapped. GICv3 guests.
 * Context as ferry_vgic_access. */
enum ferry_vgic_sgi { FERRY_SGI1R = 0, FERRY_ASGI1R = 1, FERRY_SGI0R = 2 };
FERRY_MUST_USE int ferry_vgic_sgi(struct ferry_vgic *g, uint32_t vcpu, enum ferry_vgic_sgi reg,
				  uint64_t value);

/* A write of ICC_DIR_EL1 or GICV_DIR that trapped: interrupt `intid` (bits 9:0, or 23:0) is
 * deactivated, wherever it is active. The library has the former trap always
 * (ICH_HCR_EL2.TDIR); of the latter the host must (its page, 0x1000). Context as
 * ferry_vgic_access. FERRY_E_INVALID: no such interrupt, nothing done. */
FERRY_MUST_USE int ferry_vgic_dir(struct ferry_vgic *g, uint32_t vcpu, uint32_t intid);

/* ---- looking ------------------------------------------------------------------------ */

struct ferry_virq_info {
	uint32_t phys;   /* FERRY_NONE: not linked */
	uint32_t routed; /* the CPU that its physical route names; FERRY_NONE: not ours yet */
	uint32_t target; /* vCPU, FERRY_NONE: nobody */
	uint32_t owner;  /* vCPU that has it, or that is about to look at it; FERRY_NONE: nobody */
	bool in_lr;      /* in a list register of a vCPU in the guest, or about to be */
	bool enabled, pending, active; /* as of its last fold */
	bool physical;                 /* the physical one is active for it */
	bool owed;                     /* ... and the library deactivates it */
	/* How often the route was written, and how often of that it has arrived: equal if
	 * the owner is nobody or the target. Then nobody else gets it any more. */
	uint8_t asked, arrived;
};

/* A snapshot. Context: any, no library lock held. FERRY_OK, FERRY_E_INVALID. */
FERRY_MUST_USE int ferry_vgic_look(struct ferry_vgic *g, uint32_t vcpu, uint32_t intid,
				   struct ferry_virq_info *info);

#endif
