/* SPDX-License-Identifier: MIT */
/*
 * vgic_fuzz.h: what the files of the virtual GIC's fuzz target share. The host is that of
 * tests/fake_vgic.h, which checks list registers, locks and waits. The linker's --wrap puts
 * vgic_wrap.c between it and the library: there calls are counted, and seen to be for the
 * right guest.
 */
#ifndef FUZZ_VGIC_FUZZ_H
#define FUZZ_VGIC_FUZZ_H

#include "tests/fake_timer.h"

#define CPUS 4u    /* that run vCPUs */
#define LATE 5u    /* a CPU that acknowledges, and tells later */
#define OUTSIDE 7u /* a CPU that runs none, from which devices call */
#define SLOTS 8u   /* physical SPIs */
#define V_TIMER 20u
#define V_DEVICE 21u
#define FAVOURITES 16u

/* What is known of a virtual interrupt, whatever the library says. */
struct known {
	uint32_t causes, acks; /* instances that there were, and that the guest took, at most */
	bool owed;             /* the guest has to get it once more */
	bool line;             /* ferry_vgic_inject: high */
	bool many;             /* one cause may be taken many times: a line */
};

struct slot {
	uint32_t intid, phys; /* intid: FERRY_NONE: not linked */
	bool edge, dying, untold;
};

struct stack { /* what a vCPU has acknowledged and not ended */
	uint32_t n, name[32];
};

struct world {
	struct ferry_vgic_config config;
	struct ferry_resident resident[2];
	bool flooded; /* more has come at once than one look at what waits goes through */
	bool wild;    /* a register was written that might make anything pend */
	bool rude;    /* the guest has ended other than what it took last, or changed it */
	struct known known[FAKE_VCPUS * 32 + 5120];
	struct slot slot[SLOTS];
	struct stack stack[FAKE_VCPUS];
	bool on[FAKE_VCPUS];
	uint32_t gone; /* CPUs that have left, and on which none was loaded since */
	uint32_t favourite[FAVOURITES];
};

extern struct world world;
/* Set by who replays: operations are told; more is checked. */
extern bool fuzz_says, fuzz_replays;

/* ---- vgic_wrap.c ------------------------------------------------------------------- */

__attribute__((format(printf, 1, 2), noreturn)) void fuzz_fail(const char *format, ...);
#define must(what) \
	do { \
		if (!(what)) \
			fuzz_fail("%s:%d: %s", __FILE__, __LINE__, #what); \
	} while (0)
/* Another guest, which nobody touches from here on; then: nobody has. */
void bystander_init(void);
void bystander_check(void);
/* CPUs in the middle of a call. */
uint32_t busy_cpus(void);
/* Host calls of each function of the library, the most that were seen, and the bound. */
void fuzz_costs(void (*tell)(const char *name, uint32_t most, uint32_t bound));
/* Nothing is under way: a run before may have been broken off. */
void wrap_reset(void);

/* ---- vgic_check.c ------------------------------------------------------------------- */

bool exists(uint32_t intid);
struct known *known_of(uint32_t vcpu, uint32_t intid);
struct slot *slot_of(uint32_t intid);
/* Its PPI is one of a physical PPI's, which it follows. */
bool follows(uint32_t vcpu, uint32_t intid);
/* It always runs on CPU `vcpu` % CPUS. */
bool is_fixed(uint32_t vcpu);
/* A register without side effects, of vCPU `vcpu`. */
uint32_t peek(uint32_t vcpu, enum fake_reg reg, uint32_t intid, uint32_t bits);
/* Where it is: frame and offset of the access that covers `intid`. */
uint32_t reg_at(uint32_t vcpu, enum fake_reg reg, uint32_t intid, uint32_t bits, uint8_t *frame);
/* What holds after each operation. */
void check(uint32_t vcpu);
/* What holds when everything there is to do now was done. */
void check_settled(void);

/* ---- vgic_guest.c: what keeps `known` ------------------------------------------------- */

/* vCPU `vcpu`, which is in the guest, acknowledges: FAKE_SPURIOUS or what it got. */
uint32_t take_one(uint32_t vcpu);
void end_one(uint32_t vcpu, uint32_t name);
void injects(uint32_t vcpu, uint32_t intid, bool level);
void sends(uint32_t vcpu, uint32_t sgi, uint32_t how, uint32_t targets);
/* A write of `value` to the 32-bit word (or a byte) that has `intid`. */
void writes(uint32_t vcpu, uint32_t of, enum fake_reg reg, uint32_t intid, uint32_t bits,
	    uint32_t value);
void arrives(struct slot *slot, uint32_t cpu);
/* The same where `vcpu` is loaded and not in the guest; interrupts are off there after it. */
void injects_here(uint32_t vcpu, uint32_t intid);
void arrives_here(struct slot *slot, uint32_t vcpu);
void tells(struct slot *slot);
void binds(struct slot *slot, uint32_t intid, bool edge);
void unbinds(struct slot *slot);
void wakes(uint32_t vcpu);
void powers(uint32_t vcpu, bool on);
/* The guest ends everything, takes everything, nothing is linked any more. */
void drain(void);

#endif
