/* SPDX-License-Identifier: MIT */
/*
 * vgic.h: what the files of the virtual GIC share. Private to src/.
 *
 * Locks: T, of a vCPU's saved timer > I, of a virtual interrupt. Never two of a kind. Interrupts
 * are off while one is held. Host functions are called with I held where the contract says so
 * (ferry_host_phys, ferry_host_phys_route), never a kick. What else a vCPU has is its own
 * thread's, or atomic.
 *
 * What pends has no owner. Who changes what ferry_virq_where() depends on ends with
 * ferry_virq_end(), still under I: that leaves a hint with the vCPU that should have it. A hint
 * says "look at this one"; the vCPU looks, under I, when it fills its list registers, takes it
 * if it is still its, and forgets the hint. So a stale hint does no harm, a change never has to
 * take one back, and there is nothing to retry.
 *
 * What must look, and who must be told: functions that change an interrupt set request bits
 * of vCPUs and return these vCPUs as a set. The caller, when it has let go of all locks, hands
 * the union to ferry_vgic_kick(), or ferry_vgic_sync() to wait until they have looked.
 */
#ifndef FERRY_VGIC_H
#define FERRY_VGIC_H

#include <irqferry/guards.h>
#include <irqferry/vgic.h>

#define VGIC_LRS 16u
#define VGIC_VCPUS 64u
#define VGIC_PRIVATE 32u
#define VGIC_NOBODY 0xffu    /* owner, target */
#define VGIC_NOWHERE 0xffffu /* ferry_virq.routed */

typedef uint64_t vcpu_set;

static inline vcpu_set vcpu_bit(uint32_t vcpu)
{
	return (vcpu_set)1 << vcpu % VGIC_VCPUS;
}

/* ---- a virtual interrupt --------------------------------------------------------- */

/* ferry_virq.at */
enum ferry_virq_at {
	AT_NONE = 0, /* owner nobody; active: parked */
	AT_LR,       /* in a list register of the owner, between enter and exit */
	AT_SPILLED   /* active, the owner's, in no list register */
};

/* ferry_virq.flags, under I */
#define VIRQ_ENABLED 0x0001u
#define VIRQ_GROUP1 0x0002u
#define VIRQ_EDGE 0x0004u
#define VIRQ_LINE 0x0008u    /* level: its line; what a list register takes does not clear it */
#define VIRQ_LATCH 0x0010u   /* an edge, or ISPENDR; a list register takes it along */
#define VIRQ_ACTIVE 0x0020u  /* as of the last fold */
#define VIRQ_LOADED 0x0040u  /* the list register took the latch: comes back if not taken */
#define VIRQ_PHYS 0x0080u    /* the physical one is active, and ours to deactivate */
#define VIRQ_CARRIED 0x0100u /* ... the instance in the list register, or active, is its */
#define VIRQ_OWED \
	0x0200u               /* ... but the list register is not linked: software deactivates.
			      * Without CARRIED, of a resident: its vCPU, on its CPU, soon */
#define VIRQ_OVER 0x0400u     /* it came again: the instance in the list register has ended */
#define VIRQ_DEAD 0x0800u     /* being unlinked from the physical one */
#define VIRQ_RESIDENT 0x1000u /* a PPI that follows the resident vCPU */
/* Orders that another vCPU has left for the fold of who has it in a list register. */
#define VIRQ_UNPEND 0x2000u
#define VIRQ_DEACTIVATE 0x4000u
#define VIRQ_ACTIVATE 0x8000u
#define VIRQ_ORDERS (VIRQ_UNPEND | VIRQ_DEACTIVATE | VIRQ_ACTIVATE)

#define FERRY_NO_SOURCE 0xffu /* ferry_virq.source: none, it is no SGI of a GICv2 guest */

struct ferry_virq {
	ferry_lock lock;  /* I: guards everything here but `key`, which it guards writes of */
	ferry_atomic key; /* for who has a hint: KEY_*; active ones keep priority and group */
	uint32_t route;   /* as written: GICv2: the byte; GICv3: Aff3 in 31:24, Aff2 .. Aff0 in
			   * 23:0 */
	uint16_t flags;
	uint16_t routed; /* CPU that the physical route names, or VGIC_NOWHERE; VIRQ_RESIDENT: whose
			  * PPI it has, and may have active, now */
	uint16_t number; /* below numbers of struct ferry_vgic */
	uint16_t phys;   /* physical INTID, or 0 */
	uint8_t target;  /* vCPU, or VGIC_NOBODY. Private ones: theirs, always */
	uint8_t priority;
	uint8_t asked;   /* route writes */
	uint8_t sources; /* SGI of a GICv2 guest: vCPUs that have sent it: pending if not 0 */
	uint8_t source;  /* ... the one in the list register, or active */
	uint8_t noted;   /* its bit of ferry_vgic.live is set */
	uint8_t owner;   /* vCPU, or VGIC_NOBODY: exactly if at is AT_NONE */
	uint8_t at;      /* enum ferry_virq_at */
};

#define KEY_GROUP1 0x001u
#define KEY_PRIORITY 0x0f8u
#define KEY_WHAT 0xffu
#define KEY_ACTIVE 8u /* from this bit on: 1 + the vCPU it is active with, or 0 */

/* Of one that is not active. */
static inline uint32_t virq_key(const struct ferry_virq *i)
{
	return i->priority | (i->flags & VIRQ_GROUP1 ? KEY_GROUP1 : 0);
}

/* ---- a vCPU ------------------------------------------------------------------------ */

/* ferry_vcpu.mode; greater values: in the guest on CPU mode - VCPU_GUEST */
enum {
	VCPU_OUT = 0,     /* its list registers are folded */
	VCPU_BLOCKED = 1, /* ... and it waits for a kick */
	VCPU_FILLING = 2, /* between OUT and the guest: it will look at its requests again */
	VCPU_GUEST = 3,
	VCPU_KICKED = 0x10000 /* besides: it has been kicked there */
};

/* ferry_vcpu.on, but for off: */
#define VCPU_ON 1u
#define VCPU_GOING 2u /* it is being powered off: nothing comes, and nobody powers it on yet */

/* ferry_vcpu.request */
#define REQUEST_LOOK 0x01u  /* fold, and fill anew */
#define REQUEST_QUIET 0x02u /* the same, but nobody is kicked for it */
#define REQUEST_ALL 0x04u   /* look at all interrupts: something about many has changed */
#define REQUEST_SCAN (REQUEST_ALL | REQUEST_LOOK)
#define REQUEST_SCANNING 0x08u /* the rest of a scan */
/* A hint was left, of a number in this group: of four words of hints, so there are 16 at most. */
#define REQUEST_HINT(number) (0x100u << (number) / 128)
#define REQUEST_HINTS 0xffff00u

struct ferry_vcpu {
	ferry_lock lock;   /* T: guards timer_* */
	uint32_t index;    /* of ferry_vgic.vcpus: constant */
	ferry_atomic mode; /* written by its own thread alone, but for BLOCKED -> OUT, and KICKED */
	ferry_atomic request;
	ferry_atomic home; /* 1 + CPU where it was loaded last; 0: nowhere yet */
	ferry_atomic cpu;  /* 1 + CPU where it is loaded, or 0. Written by its own thread */
	ferry_atomic on;   /* VCPU_ON, VCPU_GOING or 0. Set by anyone, cleared by its own thread */
	ferry_atomic scanned; /* REQUEST_SCANNING: where. Its own thread alone */
	/* Its own thread's. */
	uint32_t hinted;   /* REQUEST_HINT: groups that may have hints */
	uint32_t kept[12]; /* ICH_*, by enum ferry_ich: VMCR, AP0R, AP1R, while it is not loaded */
	uint16_t used;     /* so many list registers, the first ones, hold one of `loaded` */
	uint16_t outside;  /* something active is in no list register */
	uint16_t dirty;    /* all but so many are zero */
	uint16_t loaded[VGIC_LRS]; /* number of the interrupt in each */
	uint16_t reserved;
	/* The virtual timer, while it is not loaded (ferry_residents). Under T. */
	uint64_t timer_cval;
	uint32_t timer_ctl;   /* bit 2: its line was high, and that has been taken note of */
	uint32_t timer_armed; /* a software timer was asked for, and it is not loaded */
};

/* ---- a guest ------------------------------------------------------------------------- */

/* One list register, in words. */
struct ferry_lr {
	uint32_t intid;
	uint32_t phys; /* linked: the physical INTID; 0: not linked */
	uint8_t state; /* LR_* */
	uint8_t priority;
	uint8_t source; /* SGI of a GICv2 guest */
	bool group1;
	bool eoi; /* asks for a maintenance interrupt at its end; not linked then */
};
#define LR_PENDING 1u
#define LR_ACTIVE 2u

struct ferry_lr_format {
	uint64_t (*make)(const struct ferry_lr *lr);
	uint32_t (*state)(uint64_t value); /* LR_* */
	uint32_t hcr;                      /* ICH_HCR bits that are always set */
	uint16_t last;                     /* the last physical INTID that can be linked */
	bool ap0;                          /* is there ICH_AP0R? */
};

struct ferry_vgic;

/* What a guest's write makes of an interrupt: nothing; what who has it in a list register finds
 * out in time; what that is asked to look at now. */
enum vgic_change { VGIC_IGNORED, VGIC_LATER, VGIC_NOW };

/* The guest's view: what registers there are. See registers.h. */
struct vgic_at;
struct vgic_register;
struct ferry_vgic_variant {
	uint8_t version; /* 2, 3 */
	uint8_t vcpus;   /* at most */
	uint8_t target;  /* whom SPIs are routed to at first, if there are several vCPUs */
	uint8_t sgi;     /* VIRQ_* of SGIs that the guest can't write */
	uint8_t ctlr;    /* GICD_CTLR: bits that are always set */
	uint16_t espis;  /* at most */
	/* The rest of the configuration; may be null. */
	bool (*valid)(const struct ferry_vgic_config *config);
	/* Affinities, and routes as they read; may be null. */
	void (*init)(struct ferry_vgic *g, const struct ferry_vgic_config *config);
	/* Rows of the frame (FERRY_GICD, FERRY_GICR) that an access at `offset` is of, or null:
	 * `at`->vcpu and `offset` are that frame's then. */
	const struct vgic_register *(*frame)(struct vgic_at *at, uint32_t which, uint32_t *offset);
	/* Fields of its own. */
	uint64_t (*get)(struct vgic_at *at);
	enum vgic_change (*set)(struct vgic_at *at);
	/* A write of GICD_SGIR, if there is one. Takes I of each; returns who is to be told. */
	vcpu_set (*send)(struct ferry_vgic *g, uint32_t vcpu, uint32_t value);
};

/* On the vCPU's CPU, interrupts off, no lock held. Whether a vCPU that is not loaded has a
 * reason to run is in its interrupts (VIRQ_LINE, VIRQ_LATCH), as always. */
struct ferry_resident_ops {
	bool (*valid)(const struct ferry_vgic_config *config);
	void (*init)(struct ferry_vgic *g, const struct ferry_vgic_config *config);
	/* ferry_vcpu.cpu says where; before list registers are filled. */
	void (*load)(struct ferry_vgic *g, uint32_t vcpu);
	/* After the last fold; orders are carried out, too. */
	void (*put)(struct ferry_vgic *g, uint32_t vcpu);
	/* Before a fill: orders that others have left for those in no list register. */
	void (*obey)(struct ferry_vgic *g, uint32_t vcpu);
	/* It is being powered off, loaded (ferry_vcpu.cpu) or not, and its list registers are
	 * folded: nothing pends any more, no physical one is active for it, its timer is off. */
	void (*off)(struct ferry_vgic *g, uint32_t vcpu);
};

struct ferry_vgic {
	void *ctx;
	const struct ferry_vgic_variant *variant;
	const struct ferry_lr_format *hardware;
	const struct ferry_resident_ops *residents;
	struct ferry_virq *virqs; /* VGIC_PRIVATE for each vCPU, SPIs, then extended SPIs */
	struct ferry_vcpu *vcpus;
	ferry_atomic
		*hints; /* bitmaps of numbers: `words` for each vCPU. Set and cleared under I */
	/* Those of `virqs` that may pend, be active or linked: what a scan looks at, which takes
	 * bits away. Set under I. */
	ferry_atomic *live;
	uint64_t *mpidrs;  /* by vCPU; GICv3 */
	ferry_atomic ctlr; /* GICD_CTLR bits 1:0: groups enabled */
	uint32_t words;    /* of a bitmap of numbers */
	uint32_t numbers;  /* of interrupts that one vCPU can have: private and shared */
	uint16_t spis, espis;
	uint8_t nvcpus, lrs, strategy, flags;
	uint8_t nresident, aprs; /* aprs: how many of ICH_AP0R and ICH_AP1R, each */
	struct ferry_resident resident[FERRY_RESIDENTS];
	uint64_t timer_offset; /* ferry_vgic_timer_offset */
};

/* The word of a vCPU's hints that a number is in. */
static inline ferry_atomic *vgic_hint(const struct ferry_vgic *g, const struct ferry_vcpu *c,
				      uint32_t number)
{
	return &g->hints[(size_t)c->index * g->words + number / 32];
}

/* Where it is in `virqs`. */
static inline uint32_t virq_index(const struct ferry_vgic *g, const struct ferry_virq *i)
{
	return (uint32_t)(i - g->virqs);
}

static inline bool virq_is(const struct ferry_virq *i, uint32_t flags)
{
	return (i->flags & flags) != 0;
}

static inline void virq_set(struct ferry_virq *i, uint32_t flags)
{
	i->flags = (uint16_t)(i->flags | flags);
}

static inline void virq_clear(struct ferry_virq *i, uint32_t flags)
{
	i->flags = (uint16_t)(i->flags & ~flags);
}

/* ---- numbers (number.c): every index that comes from a guest goes through here ------ */

/* The number of an INTID, below g->numbers: private ones as they are, then SPIs, then
 * extended SPIs; FERRY_NONE: this guest has none such. */
uint32_t ferry_vgic_number(const struct ferry_vgic *g, uint32_t intid);
uint32_t ferry_vgic_intid(const struct ferry_vgic *g, uint32_t number);
/* `vcpu` < nvcpus counts for private ones; number < g->numbers. The shared ones are as if they were
 * the last vCPU's. */
static inline struct ferry_virq *ferry_vgic_virq(const struct ferry_vgic *g, uint32_t vcpu,
						 uint32_t number)
{
	return &g->virqs[(number < VGIC_PRIVATE ? vcpu : g->nvcpus - 1u) * VGIC_PRIVATE + number];
}

/* The SPI of this INTID, or null. */
struct ferry_virq *ferry_vgic_spi(const struct ferry_vgic *g, uint32_t intid);
/* Its affinity, as in ferry_virq.route. GICv3. */
static inline uint32_t vgic_affinity(const struct ferry_vgic *g, uint32_t vcpu)
{
	uint64_t mpidr = g->mpidrs[vcpu];

	return (uint32_t)(mpidr >> 32 & 0xff) << 24 | (uint32_t)(mpidr & 0xffffff);
}

/* ---- placement (place.c) --------------------------------------------------------------- */

/* Is there an instance that nobody has taken? Under I. */
bool ferry_virq_pending(const struct ferry_virq *i);
/* ... that the guest has enabled, and its group. The same. */
bool ferry_virq_signalled(const struct ferry_vgic *g, const struct ferry_virq *i);
/* The one rule: where should it be? A vCPU or VGIC_NOBODY. Under I; reads the atomics of
 * groups and power, whose changers have a scan made after. */
uint32_t ferry_virq_where(const struct ferry_vgic *g, const struct ferry_virq *i);
/* Every change of one interrupt stands between these two: interrupts off and I held. */
uintptr_t ferry_virq_begin(struct ferry_vgic *g, struct ferry_virq *i);
/* What the change means is carried out (ferry_virq_settle), and I let go. `orders` (see
 * ferry_virq_obey; 0: none) are carried out, too, at once or by its owner. */
vcpu_set ferry_virq_end(struct ferry_vgic *g, struct ferry_virq *i, uintptr_t flags,
			uint32_t orders, bool ask);
/* I held. One in a list register: its owner finds a request, and with `ask` is to be kicked. Else
 * orders are carried out, and it is where it should be, or a hint of it is. `self`: the vCPU
 * whose thread this is, on its CPU, if it is about to look anyway; else VGIC_NOBODY. Returns who
 * is to be told. */
vcpu_set ferry_virq_settle(struct ferry_vgic *g, struct ferry_virq *i, bool ask, uint32_t self);
/* Have vCPUs of the set look: kick those in the guest and those blocked. No lock held. */
void ferry_vgic_kick(struct ferry_vgic *g, vcpu_set set);
/* The same, and wait until each has folded since, or is not in the guest: what was changed
 * before holds everywhere, what is read after is as new as this call. No lock, interrupts on. */
void ferry_vgic_sync(struct ferry_vgic *g, vcpu_set set);
/* The vCPU has something to look at: one of REQUEST_*. Any locks. Returns its bit if it is to be
 * kicked. */
vcpu_set ferry_vcpu_request(struct ferry_vgic *g, uint32_t vcpu, uint32_t request);

/* I held: it pends, is active or linked. */
bool ferry_virq_matters(const struct ferry_virq *i);
/* I held: a scan has to look at it from now on, if it matters. */
void ferry_virq_note(struct ferry_vgic *g, struct ferry_virq *i);
/* I held: the physical route to where it should be by the strategy, if it is linked. */
void ferry_virq_reroute(struct ferry_vgic *g, struct ferry_virq *i);
/* I held: the physical one is deactivated now, if it is active for us. Route first. A PPI's
 * only on the CPU where its vCPU is loaded; while it is loaded nowhere that is not active. */
void ferry_virq_release(struct ferry_vgic *g, struct ferry_virq *i);
/* I held, and it is in no list register: carry out orders among `flags` (VIRQ_UNPEND,
 * VIRQ_DEACTIVATE, VIRQ_ACTIVATE). */
void ferry_virq_obey(struct ferry_vgic *g, struct ferry_virq *i, uint32_t flags);

/* ---- what the guest sees and changes of one interrupt (facts.c) --------------------------- */

/* VIRQ_UNPEND (ICPENDR), VIRQ_ACTIVATE (ISACTIVER), VIRQ_DEACTIVATE (ICACTIVER, DIR). Takes I.
 * Returns who is to be told, with ferry_vgic_sync(): the guest may rely on it once its access
 * has ended. */
vcpu_set ferry_virq_order(struct ferry_vgic *g, struct ferry_virq *i, uint32_t orders);
/* I held: the guest wrote a route (kept raw) that stands for `target` (VGIC_NOBODY: nobody). Who
 * has it in a list register is asked only with FERRY_VGIC_ASK. */
enum vgic_change ferry_virq_route(struct ferry_vgic *g, struct ferry_virq *i, uint32_t raw,
				  uint32_t target);
/* I held: what the guest reads of VIRQ_ENABLED, _GROUP1, _EDGE, _ACTIVE; _LATCH: it is pending, in
 * the distributor of a linked one, too. What is in a list register has been folded. */
bool ferry_virq_shows(struct ferry_vgic *g, const struct ferry_virq *i, uint32_t flag);

/* ---- list registers (fold.c, fill.c) ------------------------------------------------------- */

/* From the list registers of this CPU into the interrupts. Returns who is to be told. */
vcpu_set ferry_vcpu_fold(struct ferry_vgic *g, struct ferry_vcpu *c);
/* The other way round. True: there is more to do before the guest can be entered. */
bool ferry_vcpu_fill(struct ferry_vgic *g, struct ferry_vcpu *c, vcpu_set *set);

static inline uintptr_t vgic_off(struct ferry_vgic *g)
{
	return ferry_host_irq_save(g->ctx);
}

static inline void vgic_restore(struct ferry_vgic *g, uintptr_t flags)
{
	ferry_host_irq_restore(g->ctx, flags);
}

static inline void lock(struct ferry_vgic *g, ferry_lock *lock)
{
	ferry_host_lock(g->ctx, lock);
}

static inline void unlock(struct ferry_vgic *g, ferry_lock *lock)
{
	ferry_host_unlock(g->ctx, lock);
}

static inline uint32_t load(struct ferry_vgic *g, const ferry_atomic *cell)
{
	return ferry_host_load(g->ctx, cell);
}

#endif
