// SPDX-License-Identifier: MIT
/* List registers and what a guest does with them: see fake_vgic.h. */
#include "tests/fake_vgic.h"

#define HCR_EN 1u
#define HCR_UIE 2u
#define HCR_LRENPIE 4u
#define HCR_NPIE 8u
#define HCR_TDIR (1u << 14)
#define HCR_COUNT 27u
#define VMCR_SPLIT (1u << 9)
#define PENDING 1u
#define ACTIVE 2u

void fake_ended(uint32_t intid);
bool fake_phys_active(uint32_t intid);

/* ---- formats: IHI 0069H 12.4.10 (ICH_LR<n>_EL2), IHI 0048B 5.3.9 (GICH_LRn) -- */

static uint32_t bits(uint64_t value, uint32_t high, uint32_t low)
{
	return (uint32_t)(value >> low & ((1ull << (high - low + 1)) - 1));
}

/* A GICv2 guest has the source of an SGI in the INTID, on a GICv3, too (11.3). */
static struct fake_lr decode_ich(uint64_t value)
{
	struct fake_lr lr = {
		.state = bits(value, 63, 62),
		.hw = bits(value, 61, 61),
		.group1 = bits(value, 60, 60),
		.priority = bits(value, 55, 48),
		.intid = bits(value, 31, 0),
		.phys = FERRY_NONE,
	};

	if (lr.hw)
		lr.phys = bits(value, 44, 32);
	else
		lr.eoi = bits(value, 41, 41);
	if (fake.version == 2) {
		lr.source = bits(lr.intid, 12, 10);
		lr.intid &= 0x3ff;
	}
	return lr;
}

static struct fake_lr decode_gich(uint64_t value)
{
	struct fake_lr lr = {
		.state = bits(value, 29, 28),
		.hw = bits(value, 31, 31),
		.group1 = bits(value, 30, 30),
		.priority = bits(value, 27, 23) << 3,
		.intid = bits(value, 9, 0),
		.phys = FERRY_NONE,
	};

	if (lr.hw) {
		lr.phys = bits(value, 19, 10);
	} else {
		lr.eoi = bits(value, 19, 19);
		lr.source = bits(value, 12, 10);
	}
	return lr;
}

struct fake_lr fake_lr(uint32_t cpu, uint32_t lr)
{
	uint64_t value = fake.cpu[cpu].lr[lr];

	return fake.gich ? decode_gich(value) : decode_ich(value);
}

static void set_state(uint32_t cpu, uint32_t lr, uint32_t state)
{
	uint32_t at = fake.gich ? 28 : 62;
	uint64_t *value = &fake.cpu[cpu].lr[lr];

	*value = (*value & ~(3ull << at)) | (uint64_t)state << at;
}

uint32_t fake_lr_of(uint32_t cpu, uint32_t intid)
{
	for (uint32_t n = 0; n < fake.lrs; n++)
		if (fake_lr(cpu, n).state && fake_lr(cpu, n).intid == intid)
			return n;
	return FERRY_NONE;
}

/* ---- registers --------------------------------------------------------------- */

/* A GICv2 has one register of active priorities; a list register beyond the last is not
 * there. */
static uint64_t *reg_of(uint32_t reg)
{
	struct fake_cpu *cpu = &fake.cpu[fake.self];

	if (!cpu->off || cpu->guest)
		fake_wrong("register %u with interrupts on, or in the guest", reg);
	if (reg == FERRY_ICH_HCR)
		return &cpu->hcr;
	if (reg == FERRY_ICH_VMCR)
		return &cpu->vmcr;
	if (reg == FERRY_ICH_AP1R0 ||
	    (!fake.gich && reg >= FERRY_ICH_AP0R0 && reg < 12 && reg % 4 < fake.aprs))
		return &cpu->ap[reg - FERRY_ICH_AP0R0];
	if (reg >= FERRY_ICH_LR0 && reg < FERRY_ICH_LR0 + fake.lrs)
		return &cpu->lr[reg - FERRY_ICH_LR0];
	fake_wrong("register %u is not there", reg);
	return NULL;
}

uint64_t ferry_host_ich_read(void *ctx, uint32_t reg)
{
	uint64_t *at = reg_of(reg);

	(void)ctx;
	return at ? *at : 0;
}

void ferry_host_ich_write(void *ctx, uint32_t reg, uint64_t value)
{
	uint64_t *at = reg_of(reg);

	(void)ctx;
	if ((fake.gich || reg < FERRY_ICH_LR0) && value >> 32)
		fake_wrong("register %u: more than 32 bits", reg);
	if (at)
		*at = value;
}

/* ---- rules ------------------------------------------------------------------- */

/* One list register: L2 (linked: the physical one is active), L3 (linked: never pending and
 * active); L4, that a linked one has no EOI request, is the format's. */
static void rule(uint32_t cpu, uint32_t n)
{
	struct fake_lr lr = fake_lr(cpu, n);

	if (lr.hw && !fake_phys_active(lr.phys))
		fake_wrong("L2: CPU %u, %u is linked to %u, which is not active", cpu, lr.intid,
			   lr.phys);
	if (lr.hw && lr.state == (PENDING | ACTIVE))
		fake_wrong("L3: CPU %u, %u is linked, pending and active", cpu, lr.intid);
	if (lr.intid >= 1020 && lr.intid < 4096)
		fake_wrong("CPU %u: INTID %u in a list register", cpu, lr.intid);
	if (lr.source && lr.intid >= 16)
		fake_wrong("CPU %u: %u is no SGI and has a source", cpu, lr.intid);
	for (uint32_t m = 0; m < n; m++)
		if (fake_lr(cpu, m).state && fake_lr(cpu, m).intid == lr.intid)
			fake_wrong("L1: CPU %u, %u is in two list registers", cpu, lr.intid);
	for (uint32_t c = 0; c < FAKE_CPUS && lr.intid >= 32; c++)
		if (c != cpu && fake.cpu[c].guest && fake_lr_of(c, lr.intid) != FERRY_NONE)
			fake_wrong("%u is in list registers of CPU %u and %u", lr.intid, cpu, c);
}

/* What must be so when the guest is entered. */
void fake_rules(uint32_t cpu)
{
	for (uint32_t n = 0; n < fake.lrs; n++)
		if (fake_lr(cpu, n).state)
			rule(cpu, n);
	if (!(fake.cpu[cpu].hcr & HCR_EN))
		fake_wrong("CPU %u: the interface is off", cpu);
	if (!fake.gich && !(fake.cpu[cpu].hcr & HCR_TDIR))
		fake_wrong("CPU %u: DIR does not trap", cpu);
	if (fake_misr(cpu))
		fake_wrong("L7: CPU %u, a maintenance interrupt at once: 0x%x", cpu,
			   fake_misr(cpu));
}

/* VGrp0E, VGrp0D, VGrp1E, VGrp1D: the group is enabled, or is not. */
static uint32_t group_misr(uint64_t hcr, uint32_t group, bool enabled)
{
	return (uint32_t)hcr & 1u << (4 + 2 * group + !enabled);
}

/* IHI 0069H 12.4.5, IHI 0048B 5.3.5. */
uint32_t fake_misr(uint32_t cpu)
{
	uint64_t hcr = fake.cpu[cpu].hcr;
	uint32_t valid = 0, pending = 0, misr = 0;

	for (uint32_t n = 0; n < fake.lrs; n++) {
		struct fake_lr lr = fake_lr(cpu, n);

		valid += lr.state != 0;
		pending += lr.state == PENDING;
		misr |= lr.eoi && !lr.hw && !lr.state;
	}
	if ((hcr & HCR_UIE) && valid <= 1)
		misr |= HCR_UIE;
	if ((hcr & HCR_LRENPIE) && hcr >> HCR_COUNT)
		misr |= HCR_LRENPIE;
	if ((hcr & HCR_NPIE) && !pending)
		misr |= HCR_NPIE;
	for (uint32_t group = 0; group < 2; group++)
		misr |= group_misr(hcr, group, fake.cpu[cpu].vmcr >> group & 1);
	return hcr & HCR_EN ? misr : 0;
}

/* ---- the CPU interface ------------------------------------------------------- */

/* Five bits of preemption, with more registers of active priorities six or seven. */
static uint32_t level_of(uint32_t priority)
{
	return priority >> (fake.aprs == 4 ? 1 : fake.aprs == 2 ? 2 : 3);
}

static uint32_t running(uint32_t cpu)
{
	for (uint32_t level = 0; level < 128; level++) {
		const uint64_t *ap = &fake.cpu[cpu].ap[level / 32];

		if ((ap[0] | ap[4]) >> level % 32 & 1)
			return level;
	}
	return 256;
}

void guest_interface(uint32_t cpu, uint8_t pmr, bool split, uint32_t groups)
{
	uint32_t mask = fake.gich ? (uint32_t)pmr >> 3 << 27 : (uint32_t)pmr << 24;

	fake.cpu[cpu].vmcr = mask | (split ? VMCR_SPLIT : 0) | groups;
}

static uint32_t mask_of(uint32_t cpu)
{
	uint32_t vmcr = (uint32_t)fake.cpu[cpu].vmcr;

	return fake.gich ? vmcr >> 27 << 3 : vmcr >> 24;
}

/* The list register that is signalled, or FERRY_NONE. Not those that are active, too. */
static uint32_t highest(uint32_t cpu)
{
	uint32_t best = FERRY_NONE;

	if (!fake.cpu[cpu].guest || !(fake.cpu[cpu].hcr & HCR_EN))
		return FERRY_NONE;
	for (uint32_t n = 0; n < fake.lrs; n++) {
		struct fake_lr lr = fake_lr(cpu, n);

		if (lr.state == PENDING && lr.priority < mask_of(cpu) &&
		    level_of(lr.priority) < running(cpu) && (fake.cpu[cpu].vmcr >> lr.group1 & 1) &&
		    (best == FERRY_NONE || lr.priority < fake_lr(cpu, best).priority))
			best = n;
	}
	return best;
}

static uint32_t name(struct fake_lr lr)
{
	return lr.intid | lr.source << 10;
}

uint32_t guest_sees(uint32_t cpu)
{
	uint32_t best = highest(cpu);

	return best == FERRY_NONE ? FAKE_SPURIOUS : name(fake_lr(cpu, best));
}

uint32_t guest_ack(uint32_t cpu)
{
	uint32_t best = highest(cpu), level;
	struct fake_lr lr;

	if (best == FERRY_NONE)
		return FAKE_SPURIOUS;
	lr = fake_lr(cpu, best);
	level = level_of(lr.priority);
	fake.cpu[cpu].ap[level / 32 + (fake.gich || lr.group1 ? 4 : 0)] |= 1ull << level % 32;
	set_state(cpu, best, ACTIVE);
	return name(lr);
}

/* The highest active priority is dropped; false: there is none. */
static bool drop(uint32_t cpu)
{
	uint32_t level = running(cpu);
	uint64_t *ap = &fake.cpu[cpu].ap[level % 256 / 32];

	if (level == 256)
		return false;
	if (ap[0] >> level % 32 & 1)
		ap[0] &= ~(1ull << level % 32);
	else
		ap[4] &= ~(1ull << level % 32);
	return true;
}

/* A linked one is deactivated in the distributor, too. One that is in no list register
 * counts (IHI 0069H 4.8.5, ICH_HCR_EL2.EOIcount). */
static void ends(uint32_t cpu, uint32_t intid)
{
	for (uint32_t n = 0; n < fake.lrs; n++) {
		struct fake_lr lr = fake_lr(cpu, n);

		if (!(lr.state & ACTIVE) || name(lr) != intid)
			continue;
		set_state(cpu, n, lr.state & PENDING);
		fake.self = cpu;
		if (lr.hw)
			fake_ended(lr.phys);
		return;
	}
	fake.cpu[cpu].hcr = (fake.cpu[cpu].hcr + (1u << HCR_COUNT)) & 0xffffffffu;
}

void guest_eoi(uint32_t cpu, uint32_t intid)
{
	if (!fake.cpu[cpu].guest)
		fake_wrong("CPU %u is not in the guest", cpu);
	if (drop(cpu) && !(fake.cpu[cpu].vmcr & VMCR_SPLIT))
		ends(cpu, intid);
}

void guest_dir(uint32_t cpu, uint32_t intid)
{
	uint32_t vcpu = fake.cpu[cpu].vcpu;

	fake_leave(vcpu);
	fake.self = cpu;
	if (ferry_vgic_dir(fake.g, vcpu, intid) != FERRY_OK)
		fake_wrong("DIR of %u", intid);
	fake_enter(vcpu);
}

/* ---- accesses ---------------------------------------------------------------- */

int guest_access(uint32_t vcpu, uint8_t frame, uint32_t offset, uint8_t bytes, bool write,
		 uint64_t *value)
{
	struct ferry_vgic_access access = { frame, bytes, write, offset, write ? *value : 0 };
	uint32_t cpu = fake.vcpu[vcpu].cpu;
	bool guest = cpu != FERRY_NONE && fake.cpu[cpu].guest;
	int status;

	if (guest)
		fake_leave(vcpu);
	if (cpu != FERRY_NONE)
		fake.self = cpu;
	status = ferry_vgic_access(fake.g, vcpu, &access);
	*value = access.value;
	if (guest)
		fake_enter(vcpu);
	return status;
}

void guest_write(uint32_t vcpu, uint8_t frame, uint32_t offset, uint8_t bytes, uint64_t value)
{
	if (guest_access(vcpu, frame, offset, bytes, true, &value) != FERRY_OK)
		fake_wrong("write of %u bytes at 0x%x", bytes, offset);
}

uint64_t guest_read(uint32_t vcpu, uint8_t frame, uint32_t offset, uint8_t bytes)
{
	uint64_t value = 0;

	if (guest_access(vcpu, frame, offset, bytes, false, &value) != FERRY_OK)
		fake_wrong("read of %u bytes at 0x%x", bytes, offset);
	return value;
}

void guest_dist(uint32_t vcpu, bool on)
{
	guest_write(vcpu, FERRY_GICD, 0, 4, on ? 3 : 0);
}

/* Where the register is that has this interrupt, `width` bits for each; *intid becomes the
 * number of the interrupt in this array. Extended SPIs: registers "nE" (IHI 0069H 12.8). */
static uint32_t offset_of(uint32_t vcpu, enum fake_reg reg, uint32_t *intid, uint8_t *frame)
{
	*frame = FERRY_GICD;
	if (*intid >= 4096) {
		*intid -= 4096;
		if (reg == REG_IROUTER)
			return 0x8000;
		if (reg == REG_ICFGR)
			return 0x3000;
		if (reg == REG_IPRIORITYR)
			return 0x2000;
		return 0x1000 + (reg - REG_IGROUPR) * 4;
	}
	if (*intid >= 32 || fake.version == 2)
		return reg;
	*frame = FERRY_GICR;
	return vcpu * 0x20000 + 0x10000 + reg;
}

void guest_set(uint32_t vcpu, enum fake_reg reg, uint32_t intid)
{
	uint8_t frame;
	uint32_t offset = offset_of(vcpu, reg, &intid, &frame);

	guest_write(vcpu, frame, offset + intid / 32 * 4, 4, 1u << intid % 32);
}

bool guest_get(uint32_t vcpu, enum fake_reg reg, uint32_t intid)
{
	uint8_t frame;
	uint32_t offset = offset_of(vcpu, reg, &intid, &frame);

	return guest_read(vcpu, frame, offset + intid / 32 * 4, 4) >> intid % 32 & 1;
}

/* Registers that keep what is written: the neighbours' bits are written as they are. */
static void put_bits(uint32_t vcpu, enum fake_reg reg, uint32_t intid, uint32_t width,
		     uint32_t mask, bool set)
{
	uint8_t frame;
	uint32_t offset = offset_of(vcpu, reg, &intid, &frame) + intid / (32 / width) * 4;
	uint64_t value = guest_read(vcpu, frame, offset, 4);

	mask <<= intid % (32 / width) * width;
	guest_write(vcpu, frame, offset, 4, set ? value | mask : value & ~(uint64_t)mask);
}

void guest_group(uint32_t vcpu, uint32_t intid, bool group1)
{
	put_bits(vcpu, REG_IGROUPR, intid, 1, 1, group1);
}

void guest_edge(uint32_t vcpu, uint32_t intid, bool edge)
{
	put_bits(vcpu, REG_ICFGR, intid, 2, 2, edge);
}

void guest_priority(uint32_t vcpu, uint32_t intid, uint8_t priority)
{
	uint8_t frame;
	uint32_t offset = offset_of(vcpu, REG_IPRIORITYR, &intid, &frame);

	guest_write(vcpu, frame, offset + intid, 1, priority);
}

void guest_route(uint32_t vcpu, uint32_t intid, uint32_t target)
{
	uint8_t frame;
	uint32_t offset;

	if (fake.version == 2) {
		guest_write(vcpu, FERRY_GICD, REG_ITARGETSR + intid, 1,
			    target == FERRY_NONE ? 0 : 1u << target);
		return;
	}
	offset = offset_of(vcpu, REG_IROUTER, &intid, &frame);
	guest_write(vcpu, frame, offset + 8 * intid, 8,
		    target == FERRY_NONE ? 0xfffefd : fake.config->mpidrs[target].value);
}

void guest_sgi(uint32_t vcpu, uint32_t intid, uint32_t targets)
{
	uint32_t cpu = fake.vcpu[vcpu].cpu;
	bool guest = cpu != FERRY_NONE && fake.cpu[cpu].guest;

	if (fake.version == 2) {
		guest_write(vcpu, FERRY_GICD, REG_SGIR, 4, targets << 16 | intid);
		return;
	}
	if (guest)
		fake_leave(vcpu);
	if (ferry_vgic_sgi(fake.g, vcpu, FERRY_SGI1R, (uint64_t)intid << 24 | targets) != FERRY_OK)
		fake_wrong("SGI %u", intid);
	if (guest)
		fake_enter(vcpu);
}
