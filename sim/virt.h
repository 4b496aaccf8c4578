/* SPDX-License-Identifier: MIT */
/*
 * virt.h: the virtual half of a simulated Arm machine: virtual CPU interfaces with their
 * list registers, vCPUs that run on them, the generic timer; and what must be true of the
 * interrupts that a guest gets. Manuals: IHI 0069H chapter 6 and 12.4 (ICH_*), IHI 0048B
 * chapter 5 (GICH_*), DDI 0487 D11 (timer).
 *
 * How a guest runs. Host code on a CPU's fibre, interrupts off:
 *
 *    if (ferry_vcpu_enter(g, vcpu) == FERRY_OK) {
 *        why = virt_run(m, vcpu);            CPU_GUEST: the fibre stands still, L_GUEST labels
 *        ferry_vcpu_exit(g, vcpu);
 *        virt_window(m);                     interrupts on: what is signalled comes in
 *        if (why == VIRT_TRAP)
 *            ... virt_trapped(m) says what the guest wanted ...
 *    }
 *
 * While a CPU is in the guest, a physical interrupt starts no handler: it ends virt_run.
 * A guest is what its client makes of it (struct virt_client): the handler of an interrupt
 * is played here (acknowledge, touch the device if it is a level, EOIR, DIR if the guest
 * runs with EOImode 1), all else that a vCPU does is an instruction of the client's.
 *
 * Interrupts of guests are sources (struct source), like the machine's others: one with a
 * physical SPI behind it, which is wired as usual, or one without, which the host injects.
 * virt_wire() says which virtual interrupt of the guest each is. There is one guest.
 *
 * Everything in struct sim_virt is state of the machine, but for `map`.
 */
#ifndef IRQFERRY_SIM_VIRT_H
#define IRQFERRY_SIM_VIRT_H

#include <irqferry/vgic.h>
#include "gic.h"

#define VIRT_LRS 16u
#define VIRT_VCPUS 64u
#define VIRT_DEPTH 16u /* interrupts that one vCPU has acknowledged and not ended */

#define VIRT_KICK 1u        /* SGI by which ferry_host_vcpu_kick gets a CPU out of the guest */
#define VIRT_SOFT_PPI 26u   /* the host's own timer: ferry_host_timer_at */
#define VIRT_TIMER_PPI 27u  /* the EL1 virtual timer */
#define VIRT_DEVICE_PPI 23u /* another device that follows the resident vCPU */

/* ---- labels ----------------------------------------------------------------------- */

/* b of L_GUEST; a is the CPU. */
enum virt_step {
	VIRT_ACKNOWLEDGE = 0, /* the vCPU takes the virtual interrupt that is signalled */
	VIRT_HANDLER = 1,     /* it goes on in its newest handler: device, EOIR, DIR */
	VIRT_INSTRUCTION = 2, /* the next one of its script */
	VIRT_LEAVE = 3,       /* it is left for a physical interrupt */
	VIRT_MAINTAIN = 4     /* ... for a maintenance interrupt */
};

/* L_TICK, a: 0: explored, the counter goes on by one, until config.ticks; in a storm, a: CPU
 * whose timer is looked at. L_SOFT, a: vCPU whose software timer (ferry_host_timer_at) has come:
 * VIRT_SOFT_PPI pends on a CPU that is online, virt_irq() does the rest. */

/* ---- why a guest is left ---------------------------------------------------------- */

enum virt_exit {
	VIRT_STAY = 0,        /* (it is not) */
	VIRT_IRQ = 1,         /* a physical interrupt is signalled to this CPU */
	VIRT_MAINTENANCE = 2, /* ICH_MISR is not zero */
	VIRT_TRAP = 3         /* see virt_trapped() */
};

/* What a vCPU did that traps: everything that the host has to do for it. */
enum virt_trap_kind {
	TRAP_NONE = 0,
	TRAP_ACCESS = 1, /* access of distributor or redistributor: ferry_vgic_access */
	TRAP_SGI = 2,    /* write of `value` to ICC_SGI1R (.frame: enum ferry_vgic_sgi) */
	TRAP_DIR = 3,    /* of interrupt `value`: ferry_vgic_dir */
	TRAP_WFI = 4,    /* nothing is signalled: ferry_vcpu_block */
	TRAP_OFF = 5,    /* PSCI CPU_OFF */
	TRAP_ON = 6,     /* PSCI CPU_ON of vCPU `value` */
	TRAP_DEVICE = 7, /* the handler of source `value` makes a device that the host emulates drop
			  * its line: virt_line_done(), then ferry_vgic_inject(..., false) */
	TRAP_OTHER = 8   /* the client's */
};

struct virt_trap {
	uint8_t kind, frame, bytes, write;
	uint32_t offset;
	uint64_t value;
};

/* ---- what a client supplies ------------------------------------------------------- */

/* sim_client.virt. All are called in the scheduler's context (no fibre): no library calls but
 * looks (machine_look). Any may be null, but for guest_of where the library is used. */
struct virt_client {
	/* Is there an instruction for this vCPU, which is in the guest, perhaps in a handler
	 * (virt_vcpu.nactive)? Changes nothing. Who makes it true by something else in a storm
	 * calls cpu_wake(). */
	bool (*may)(struct machine *m, uint32_t vcpu);
	/* Execute it. VIRT_STAY; or VIRT_TRAP with *trap filled. WFI: return virt_wfi(). */
	enum virt_exit (*instruction)(struct machine *m, uint32_t vcpu, struct virt_trap *trap);
	/* It has acknowledged, or ended (EOIR, with EOImode 1 DIR) interrupt `intid`. */
	void (*started)(struct machine *m, uint32_t vcpu, uint32_t intid);
	void (*ended)(struct machine *m, uint32_t vcpu, uint32_t intid);
	/* ferry_host_vcpu_kick(FERRY_NONE): a vCPU that is blocked is to run. On the fibre of who
	 * kicks. */
	void (*wake)(struct machine *m, uint32_t vcpu);
	/* ferry_host_resident_save (its answer) and _restore, of a device other than the timer.
	 * Null: that of VIRT_DEVICE_PPI here is switched. */
	bool (*resident)(struct machine *m, uint32_t vcpu, uint32_t intid, bool restore);
	/* The handler of its timer: programs it anew. Null: disables it. */
	void (*timer)(struct machine *m, uint32_t vcpu);
	/* virt_is_complete and virt_is_pending, or null: then such questions are answered "no". */
	bool (*complete)(struct machine *m, uint32_t src, uint32_t *target);
	bool (*pending)(struct machine *m, uint32_t src);
	/* The library is told that the physical SPI behind virtual SPI `intid` has come; what it
	 * answers. Null: ferry_vgic_physical(). */
	int (*arrive)(struct machine *m, uint32_t intid);
	/* The library's object, for virt_drive.c. */
	struct ferry_vgic *(*guest_of)(struct machine *m);
};

/* ---- state ------------------------------------------------------------------------ */

/* The virtual CPU interface of a CPU, its timer. */
struct virt_cpu {
	uint64_t lr[VIRT_LRS]; /* as written: ICH_LRn_EL2 (config.gic 3), GICH_LRn (2) */
	uint32_t hcr, vmcr;
	uint32_t ap0, ap1;     /* five bits of priority: one word each; GICH_APR is ap1 */
	uint32_t vcpu;         /* 1 + vCPU in the guest here; 0: none */
	uint32_t exit;         /* enum virt_exit, until virt_run returns */
	struct virt_trap trap; /* of the last VIRT_TRAP */
	uint32_t loaded;       /* 1 + vCPU that is resident here (virt_loaded) */
	uint32_t ctl;          /* the EL1 virtual timer, without ISTATUS */
	uint64_t cval, offset;
	uint64_t soft_due; /* vCPUs whose software timer has come: virt_irq has to tell */
};

/* An interrupt that a vCPU has acknowledged and not ended. */
struct virt_active {
	uint32_t intid; /* GICv2 guest: an SGI with its sender in 12:10 */
	uint8_t stage;  /* what is next: 0: the device is touched; 1: EOIR; 2: DIR */
	uint8_t masked; /* PSTATE.I before */
	uint8_t reserved[2];
};

struct virt_vcpu {
	struct virt_active active[VIRT_DEPTH]; /* oldest first */
	uint32_t nactive;
	uint32_t on;    /* 1 + CPU where it is in the guest */
	uint64_t busy;  /* storm: its handler runs until then */
	uint64_t homes; /* a bit for each CPU where it was ever loaded */
	/* What its virtual CPU interface had when it was last left; what it has written into its
	 * timer. */
	uint32_t vmcr, ap0, ap1, ctl;
	uint64_t cval, offset;
	uint64_t soft_at;   /* ferry_host_timer_at; UINT64_MAX: not asked for */
	uint32_t boot_vmcr; /* what it writes when it boots: at its first entry */
	uint8_t home;       /* 1 + CPU where it was loaded last */
	uint8_t masked;     /* PSTATE.I */
	uint8_t fresh;      /* powered on, and not entered since */
	uint8_t powered;    /* as virt_power() told */
	uint8_t nested;     /* the client's choice: its handlers run with PSTATE.I clear */
	uint8_t device;     /* what a switched device had asserted */
	uint8_t untimed;    /* the client's: the virtual timer is another vCPU's, not switched */
	uint8_t reserved[5];
};

/* What is known of a source that a guest gets. The client writes none of it directly. */
struct virt_source {
	uint32_t intid;        /* virtual */
	uint32_t vcpu;         /* below 32: whose; else NONE */
	uint8_t wired, linked; /* linked: to the physical SPI source.intid */
	uint8_t enabled;       /* what the guest has been told: 0 no, 1 yes, 2 perhaps */
	uint8_t owed;          /* an event came after the last start */
	uint8_t recent;    /* level: after the last start it was asserted, though not any more */
	uint8_t active;    /* 1 + vCPU that has acknowledged it and not ended it */
	uint8_t ended_on;  /* 1 + vCPU that ended it last */
	uint8_t asking;    /* route writes under way; bit 7: of some, nobody knows the order */
	uint8_t changing;  /* the same of enables */
	uint8_t unpending; /* writes of ICPENDR under way */
	uint8_t ending;    /* of ICACTIVER */
	uint8_t timer;     /* the vCPU's virtual timer */
	uint8_t parked;    /* 1: active at a power off; 2: unbound: no more is asked of it */
	uint16_t spare;    /* edge: events that had no start of their own */
	uint32_t target;   /* vCPU, by the last route write; NONE: nobody */
	uint64_t may;      /* vCPUs that were its target since a move was last complete */
	uint64_t since;    /* when an event that is owed came, or when it last ended */
	uint64_t ended;    /* when it last ended, if that is counted */
};

struct sim_virt {
	uint64_t count; /* explored: CNTPCT */
	struct virt_cpu *cpu;
	struct virt_vcpu *vcpu;
	struct virt_source *source; /* config.sources */
	uint16_t *map;              /* 1 + source of a virtual interrupt; made by virt_wire */
};

/* What a run costs; only measures (sim_out.counts, may be null). */
struct virt_counts {
	uint64_t entries, leaves[4]; /* by enum virt_exit */
	uint64_t traps[9];           /* by enum virt_trap_kind */
	uint64_t kicks, wakes;       /* ferry_host_vcpu_kick with a CPU; with FERRY_NONE */
	uint64_t kicked;             /* of the former those that met a CPU in the guest */
	uint64_t locks;              /* ferry_host_lock */
	uint64_t phys[7];            /* ferry_host_phys by enum ferry_phys */
	uint64_t routes;             /* ferry_host_phys_route */
	uint64_t lr_writes, ich;   /* ferry_host_ich_write of list registers; all other accesses */
	uint64_t timer;            /* ferry_host_timer_read, _write */
	uint64_t deactivations[2]; /* by a list register that is linked; by software */
	uint64_t starts, moved;    /* in a guest; those on another vCPU than the last one */
	uint64_t late;             /* starts on a vCPU that the route no longer named */
	/* Virtual ns from event, or from the end of its last instance if that is later, to start:
	 * on the vCPU that had the last one; on another. */
	struct histogram stayed, switched;
	/* Of the latter those where an event had come before the end: from that end. */
	struct histogram handed;
};

/* Bytes of the block at machine.virt; 0 without config.virt. */
size_t virt_bytes(const struct sim_config *config);
void virt_init(struct machine *m);
/* The n-th piece of it that is state; false: there are no more (compare world_gic_piece). */
bool virt_piece(struct machine *m, uint32_t n, void **at, size_t *size);
/* Its part of machine_image. */
size_t virt_image(const struct machine *m, uint8_t *out);

/* ---- virt.c: list registers ------------------------------------------------------- */

/* A list register in words. */
struct virt_lr {
	uint32_t intid, phys; /* phys: with hw */
	uint8_t state;        /* 1 pending, 2 active, 3 both */
	uint8_t priority, source;
	bool hw, group1, eoi;
	bool strange; /* a bit is set that must be zero */
};
struct virt_lr virt_decode(const struct machine *m, uint64_t value);
uint64_t virt_encode(const struct machine *m, const struct virt_lr *lr);

/* ICH_HCR_EL2, GICH_HCR; ICH_MISR_EL2, GICH_MISR. */
#define HCR_EN 0x01u
#define HCR_UIE 0x02u
#define HCR_LRENPIE 0x04u
#define HCR_NPIE 0x08u
#define HCR_TDIR 0x4000u
#define HCR_EOICOUNT 27
#define MISR_EOI 0x01u
#define MISR_U 0x02u
#define MISR_LRENP 0x04u
#define MISR_NP 0x08u
/* ICH_VMCR_EL2, GICH_VMCR */
#define VMCR_GROUP0 0x001u
#define VMCR_GROUP1 0x002u
#define VMCR_ACKCTL 0x004u
#define VMCR_CBPR 0x010u
#define VMCR_EOIM 0x200u
#define VMCR_PMR 24

uint32_t virt_misr(const struct machine *m, uint32_t cpu);
/* The list register whose interrupt is signalled to the guest on this CPU; NONE. */
uint32_t virt_signalled(const struct machine *m, uint32_t cpu);
/* What the virtual CPU interface does, in the name of the guest on `cpu`. The INTID as IAR tells
 * it, or GIC_SPURIOUS. */
uint32_t virt_acknowledge(struct machine *m, uint32_t cpu);
void virt_eoi(struct machine *m, uint32_t cpu, uint32_t value);
void virt_dir(struct machine *m, uint32_t cpu, uint32_t value);
/* The rules that hold when a vCPU is entered (L1 to L7), each a violation. */
void virt_check_entry(struct machine *m, uint32_t cpu, uint32_t vcpu);
/* ... and after ferry_vcpu_put: nothing is left here. */
void virt_check_put(struct machine *m, uint32_t cpu);

/* ---- virt_guest.c: vCPUs ---------------------------------------------------------- */

/* From a CPU's fibre, interrupts off, no lock held: run the vCPU here until it is left. */
enum virt_exit virt_run(struct machine *m, uint32_t vcpu);
/* The trap that ended the last virt_run on this CPU. */
const struct virt_trap *virt_trapped(const struct machine *m);
/* It is dealt with: of no importance any more. */
void virt_trap_done(struct machine *m);
/* Interrupts on until nothing is signalled any more, then off again. On the fibre. */
void virt_window(struct machine *m);

/* For virt_client.instruction: */
enum virt_exit virt_wfi(struct machine *m, uint32_t vcpu, struct virt_trap *trap);
void virt_mask(struct machine *m, uint32_t vcpu, bool masked); /* PSTATE.I */
/* Its VMCR (priority mask, groups, EOImode), written as ICC_* or GICV_* registers. */
uint32_t virt_vmcr(const struct machine *m, uint32_t vcpu);
void virt_set_vmcr(struct machine *m, uint32_t vcpu, uint32_t value);
/* Its timer; reg: FERRY_TIMER_CTL, _CVAL, _COUNT (CNTVCT). */
uint64_t virt_timer_get(struct machine *m, uint32_t vcpu, enum ferry_timer reg);
void virt_timer_set(struct machine *m, uint32_t vcpu, enum ferry_timer reg, uint64_t value);

/* Power: on: registers as after a reset, the guest boots with `vmcr` (0: both groups on, priority
 * mask 0xf0, EOImode 0); off: what it had acknowledged is forgotten by it, not by the GIC.
 * After ferry_vcpu_power() said FERRY_OK. */
void virt_power(struct machine *m, uint32_t vcpu, bool on, uint32_t vmcr);

/* Labels: enabled ones through `add`; perform one: true: the CPU's fibre goes on now. */
void virt_labels(struct machine *m, void (*add)(void *list, label l), void *list);
bool virt_perform(struct machine *m, label l);
/* Storm: the moment at which the CPU, in the guest, does something next (NEVER: not by
 * itself), and what. 0: nothing. */
uint64_t virt_next(struct machine *m, uint32_t cpu);
label virt_choose(struct machine *m, uint32_t cpu);

/* ---- virt_host.c: the host under the guest ---------------------------------------- */

/* Through the model's registers: the distributor on, every wired SPI configured, routed to
 * CPU 0, disabled. Before there are CPUs. */
void virt_setup(struct machine *m);
/* On the CPU's fibre (or before there are any, in its name): its interface on, EOImode 1, kicks
 * and the host's timer enabled; off again, before cpu_park. */
void virt_cpu_online(struct machine *m, uint32_t cpu);
void virt_cpu_offline(struct machine *m, uint32_t cpu);
/* The host enables, or disables and waits for, the physical SPI of a linked source. */
void virt_enable(struct machine *m, uint32_t src, bool on);

/* virt_drive.c: sim_client.interrupt: acknowledges one, and passes it on: a kick ends, a linked
 * SPI goes to ferry_vgic_physical, a PPI that follows the resident vCPU to
 * ferry_vgic_resident, VIRT_SOFT_PPI to ferry_vcpu_timer. */
int virt_irq(struct machine *m, uint32_t cpu, uint8_t vector);
/* The vCPU that is loaded on this CPU; NONE. virt_irq needs it; the client tells after
 * ferry_vcpu_load, and before ferry_vcpu_put. */
void virt_loaded(struct machine *m, uint32_t cpu, uint32_t vcpu);

/* ---- virt_timer.c ----------------------------------------------------------------- */

uint64_t virt_count(const struct machine *m); /* CNTPCT_EL0 */
/* The output of a CPU's virtual timer has perhaps changed: its PPI, the storm's next look. */
void virt_timer_update(struct machine *m, uint32_t cpu);
/* Has the vCPU's virtual timer come? Masked or not. */
bool virt_timer_has_come(const struct machine *m, uint32_t vcpu);
/* The line of the source that is the vCPU's timer follows the guest's registers; handled: the guest
 * has just served it. */
void virt_timer_follow(struct machine *m, uint32_t vcpu, bool handled);
/* L_TICK and L_SOFT; those that are enabled. */
void virt_tick(struct machine *m, uint32_t cpu);
void virt_soft(struct machine *m, uint32_t vcpu);
void virt_timer_labels(struct machine *m, void (*add)(void *list, label l), void *list);
/* Software timers of these vCPUs have come: a CPU that is online is told, `first` if it is. */
void virt_soft_tell(struct machine *m, uint32_t first, uint64_t vcpus);
/* An input of VIRT_DEVICE_PPI of this CPU. */
void virt_device_line(struct machine *m, uint32_t cpu, bool asserted);

/* ---- virt_oracle.c: what must be true --------------------------------------------- */

/* Source `src` is virtual interrupt `intid` of the guest (below 32: of `vcpu`). linked: the
 * physical SPI source.intid, wired as gic.h says, stands behind it. Edge or level as
 * source.kind. Until told otherwise it is disabled, and its target is vCPU 0. */
void virt_wire(struct machine *m, uint32_t src, uint32_t intid, uint32_t vcpu, bool linked);
/* ... is the vCPU's virtual timer, VIRT_TIMER_PPI: a level, whose events are made here. */
void virt_wire_timer(struct machine *m, uint32_t src);
/* The source of a virtual interrupt of this vCPU; NONE. */
uint32_t virt_source_of(const struct machine *m, uint32_t vcpu, uint32_t intid);

/* An event of a source that is not linked, or of one whose guest writes ISPENDR: just before
 * the library is told (ferry_vgic_inject, _sgi, _access). Of linked ones: device_raise. */
void virt_inject_event(struct machine *m, uint32_t src);
/* Of a level the client tells the library what the line is, one at a time and in this order.
 * The handler has made the device drop its line (TRAP_DEVICE; linked ones do it by
 * themselves); the device drops it by itself. */
void virt_line_done(struct machine *m, uint32_t src);
void virt_line_fell(struct machine *m, uint32_t src);

/* What the guest has asked for. Two calls for one access: before ferry_vgic_access with `done`
 * false, after it with true. */
void virt_told_route(struct machine *m, uint32_t src, uint32_t target, bool done);
void virt_told_enable(struct machine *m, uint32_t src, bool on, bool done);
/* ICPENDR: what has come until it is done is forgotten, perhaps. */
void virt_told_unpend(struct machine *m, uint32_t src, bool done);
/* ICACTIVER, or DIR of what another vCPU has: before the access. It is not active from now on. */
void virt_told_inactive(struct machine *m, uint32_t src);
/* The same, where vCPUs may acknowledge it meanwhile: before the access and after it. */
void virt_told_deactivate(struct machine *m, uint32_t src, bool done);
/* ferry_vgic_unbind has returned FERRY_OK; ferry_vgic_leave(cpu, to) has been called. */
void virt_unbound(struct machine *m, uint32_t src);
void virt_told_leave(struct machine *m, uint32_t cpu, uint32_t to);

/* The vCPU has acknowledged this; it is over; a physical one was deactivated by software. */
void virt_started(struct machine *m, uint32_t cpu, uint32_t vcpu, uint32_t intid);
void virt_ended(struct machine *m, uint32_t vcpu, uint32_t intid);
void virt_released(struct machine *m, uint32_t n);
/* A vCPU was powered off: its private interrupts neither pend nor are active any more; whether they
 * are enabled is told when it has booted. */
void virt_forget_private(struct machine *m, uint32_t vcpu);
/* The physical interrupt of this frame was acknowledged: its event is the guest's now. */
void virt_arrived(struct machine *m, struct frame *frame, uint32_t intid);

/* virt_drive.c, through ferry_vgic_look: is every move of it complete, and where should it be?
 * False: not complete, or it can't be told now (a lock is held). */
bool virt_is_complete(struct machine *m, uint32_t src, uint32_t *target);
bool virt_is_pending(struct machine *m, uint32_t src);

/* The end, all is quiet, guests have their interrupts on: no event without its start, but of
 * what the guest has disabled or routed to nobody; nothing physical left active. */
void virt_final(struct machine *m);

#endif
