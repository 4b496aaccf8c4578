/* SPDX-License-Identifier: MIT */
/*
 * fake_vgic.h: a host for unit tests of the virtual GIC, and what a guest does. One thread:
 * a CPU does something when the test says so, "in the guest" is the time between
 * fake_enter() and fake_leave(). The list registers behave as the manuals say (IHI 0069H
 * 4.8, 11.3, 12.4; IHI 0048B 5.2, 5.3), physical interrupts are a table. Rules that the
 * library, or the test, breaks are told as a comment line and counted in fake.wrongs.
 *
 *     g = fake_guest(&config);
 *     fake_boot(v, cpu);                 powered on, loaded, in the guest
 *     guest_set(v, REG_ISENABLER, 40);   a register write: leaves the guest and comes back
 *     phys_raise(100); fake_settle();    arrives where it is routed; all IPIs are served
 *     guest_ack(cpu); guest_eoi(cpu, 40);
 *     calm("what this was about");
 *
 * Timer functions are not here (ferry_residents), and ferry_host_barrier is weak.
 */
#ifndef TESTS_FAKE_VGIC_H
#define TESTS_FAKE_VGIC_H

#include <irqferry/vgic.h>

#define FAKE_CPUS 8u
#define FAKE_VCPUS 64u
#define FAKE_PHYS 5120u
#define FAKE_LOG 8192u
#define FAKE_SPURIOUS 1023u

/* A physical interrupt. Pending is a latch; of a level one its line counts besides. */
struct fake_phys {
	bool enabled, pending, active, line, level;
	uint32_t route;
	uint32_t taken, ended; /* activations, deactivations: alike if it is not active */
	uint32_t virt;         /* SPI it is linked to, or FERRY_NONE */
};

struct fake_cpu {
	uint64_t hcr, vmcr, ap[8], lr[16]; /* ap: AP0R0 .. 3, AP1R0 .. 3 */
	uint32_t vcpu;                     /* loaded here, or FERRY_NONE */
	bool guest;                        /* in the guest */
	bool ipi;                          /* was asked to leave it */
	bool off;                          /* interrupts */
	struct fake_phys ppi[32];
};

struct fake_vcpu {
	uint32_t cpu;   /* loaded there, or FERRY_NONE */
	bool runs;      /* wants to be in the guest: fake_settle() enters it */
	bool blocked;   /* in WFI */
	bool woken;     /* kicked while it was */
	uint32_t kicks; /* of any kind */
};

enum fake_event {
	FAKE_PHYS_CALL = 1, /* a: INTID, b: enum ferry_phys; questions are not noted */
	FAKE_ROUTE,         /* a: INTID, b: CPU */
	FAKE_KICK,          /* a: vCPU, b: CPU or FERRY_NONE */
	FAKE_ENDED,         /* a: INTID: deactivated by a list register */
	FAKE_BARRIER        /* a: kind */
};

struct fake_note {
	enum fake_event event;
	uint32_t cpu, a, b;
};

struct fake {
	struct ferry_vgic *g;
	const struct ferry_vgic_config *config;
	uint32_t version; /* of the GIC that the guest sees */
	bool gich;        /* list registers of a GICv2 */
	uint32_t lrs, aprs;
	uint32_t self;   /* the CPU that runs now */
	uint32_t wrongs; /* rules broken */
	uint32_t held;   /* locks, now */
	uint32_t waits;  /* times that ferry_host_wait had to wait */
	uint32_t locks;  /* taken so far: a measure of work */
	struct fake_cpu cpu[FAKE_CPUS];
	struct fake_vcpu vcpu[FAKE_VCPUS];
	uint32_t phys_end; /* none from here on is linked */
	/* What another CPU does in the middle of a call: `hook` is called once, after
	 * `hook_in` more moments at which no lock is held. */
	void (*hook)(void);
	uint32_t hook_in;
	void (*on_wait)(void); /* in ferry_host_wait, if no IPI is left to serve */
	uint32_t notes;
	/* From here on what is set up anew only as far as it was used. */
	struct fake_phys phys[FAKE_PHYS];
	struct fake_note note[FAKE_LOG];
};

extern struct fake fake;

/* ---- the host ------------------------------------------------------------------------ */

/* Everything as after power-on, and a guest of this configuration. */
struct ferry_vgic *fake_guest(const struct ferry_vgic_config *config);
__attribute__((format(printf, 1, 2))) void fake_wrong(const char *format, ...);
/* Forget what was noted. */
void fake_again(void);
/* Notes like this; FERRY_NONE as `a` or `b`: any. */
uint32_t fake_count(enum fake_event event, uint32_t a, uint32_t b);
/* The first from number `from` on, or FERRY_NONE. */
uint32_t fake_find(uint32_t from, enum fake_event event, uint32_t a, uint32_t b);
/* A test case's end: nothing was broken in it. */
#define calm(...) \
	do { \
		ok(!fake.wrongs, __VA_ARGS__); \
		fake.wrongs = 0; \
	} while (0)

/* ---- vCPUs, from the host's side -------------------------------------------------------- */

void fake_power(uint32_t vcpu, bool on);
void fake_load(uint32_t vcpu, uint32_t cpu);
void fake_put(uint32_t vcpu); /* leaves the guest before */
/* ferry_vcpu_enter() until it is FERRY_OK, then the rules of list registers: L1 to L4, no
 * maintenance interrupt that would come at once (L7). */
void fake_enter(uint32_t vcpu);
/* One ferry_vcpu_enter(): true if the vCPU is in the guest now. */
bool fake_enter_once(uint32_t vcpu);
void fake_leave(uint32_t vcpu);
/* On, loaded, in the guest, whose CPU interface lets everything through. */
void fake_boot(uint32_t vcpu, uint32_t cpu);
bool fake_block(uint32_t vcpu); /* leaves the guest before; true: it is blocked */
/* Serve everything there is: IPIs, maintenance interrupts, physical interrupts, wake-ups;
 * vCPUs that run are in the guest at the end. */
void fake_settle(void);
/* The same without physical interrupts. */
void fake_serve(void);

/* ---- physical interrupts --------------------------------------------------------------- */

/* SPI `intid` of the guest is linked to `phys`, which is enabled. */
void phys_bind(uint32_t intid, uint32_t phys, bool edge);
void phys_raise(uint32_t phys); /* an edge, or the line goes up */
void phys_lower(uint32_t phys);
bool phys_ready(uint32_t phys); /* would be taken now */
/* Acknowledge it on `cpu`, whatever its route says, and tell the library. */
void phys_take(uint32_t phys, uint32_t cpu);
/* Acknowledge, no more; phys_tell() is the rest. */
void phys_ack(uint32_t phys, uint32_t cpu);
void phys_tell(uint32_t phys, uint32_t cpu);
bool phys_calm(uint32_t phys); /* not active, each activation ended once */

/* ---- the guest -------------------------------------------------------------------------- */

enum fake_reg { /* offsets of the first 32 interrupts, IHI 0069H 12.8, IHI 0048B 4.1.2 */
		REG_IGROUPR = 0x080,
		REG_ISENABLER = 0x100,
		REG_ICENABLER = 0x180,
		REG_ISPENDR = 0x200,
		REG_ICPENDR = 0x280,
		REG_ISACTIVER = 0x300,
		REG_ICACTIVER = 0x380,
		REG_IPRIORITYR = 0x400,
		REG_ITARGETSR = 0x800,
		REG_ICFGR = 0xc00,
		REG_SGIR = 0xf00,
		REG_CPENDSGIR = 0xf10,
		REG_SPENDSGIR = 0xf20,
		REG_IROUTER = 0x6000
};
/* A vCPU in the guest leaves it for an access, and is there again at the end. */
int guest_access(uint32_t vcpu, uint8_t frame, uint32_t offset, uint8_t bytes, bool write,
		 uint64_t *value);
void guest_write(uint32_t vcpu, uint8_t frame, uint32_t offset, uint8_t bytes, uint64_t value);
uint64_t guest_read(uint32_t vcpu, uint8_t frame, uint32_t offset, uint8_t bytes);
void guest_dist(uint32_t vcpu, bool on); /* both groups in GICD_CTLR */
/* One bit of a register with a bit for each interrupt; private ones: of `vcpu`. */
void guest_set(uint32_t vcpu, enum fake_reg reg, uint32_t intid);
bool guest_get(uint32_t vcpu, enum fake_reg reg, uint32_t intid);
void guest_group(uint32_t vcpu, uint32_t intid, bool group1);
void guest_edge(uint32_t vcpu, uint32_t intid, bool edge);
void guest_priority(uint32_t vcpu, uint32_t intid, uint8_t priority);
/* Route an SPI to one vCPU; FERRY_NONE: to nobody. */
void guest_route(uint32_t vcpu, uint32_t intid, uint32_t target);
/* SGI `intid` to the vCPUs of `targets`. */
void guest_sgi(uint32_t vcpu, uint32_t intid, uint32_t targets);

/* The CPU interface. PMR; GICC_CTLR's EOImode; groups. Native, no trap. */
void guest_interface(uint32_t cpu, uint8_t pmr, bool split, uint32_t groups);
/* The INTID that an acknowledge returns; of an SGI of a GICv2 guest with its source in bits
 * 12:10. FAKE_SPURIOUS: there is none. */
uint32_t guest_ack(uint32_t cpu);
uint32_t guest_sees(uint32_t cpu); /* the same, nothing changes */
void guest_eoi(uint32_t cpu, uint32_t intid);
/* DIR always traps: the vCPU leaves the guest and comes back. */
void guest_dir(uint32_t cpu, uint32_t intid);
/* ICH_MISR_EL2, GICH_MISR: what would raise a maintenance interrupt. */
uint32_t fake_misr(uint32_t cpu);

/* One list register, whatever its format. */
struct fake_lr {
	uint32_t state; /* bit 0 pending, bit 1 active */
	bool hw, group1, eoi;
	uint32_t priority, intid, source, phys;
};
struct fake_lr fake_lr(uint32_t cpu, uint32_t lr);
/* The list register of the loaded vCPU that has `intid`, or FERRY_NONE. */
uint32_t fake_lr_of(uint32_t cpu, uint32_t intid);
void fake_rules(uint32_t cpu);

struct ferry_virq_info fake_look(uint32_t vcpu, uint32_t intid);

#endif
