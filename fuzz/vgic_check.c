// SPDX-License-Identifier: MIT
/* What must be so of a virtual GIC, whatever its guest does: see vgic_fuzz.h. */
#include "fuzz/vgic_fuzz.h"

struct world world;

/* ---- numbers and registers ---------------------------- */

bool exists(uint32_t intid)
{
	return intid < 32 + world.config.spis ||
	       (intid >= 4096 && intid - 4096 < world.config.espis);
}

struct known *known_of(uint32_t vcpu, uint32_t intid)
{
	return &world.known[intid < 32 ? vcpu * 32 + intid : FAKE_VCPUS * 32 + intid];
}

struct slot *slot_of(uint32_t intid)
{
	for (uint32_t n = 0; n < SLOTS; n++)
		if (world.slot[n].intid == intid && intid != FERRY_NONE)
			return &world.slot[n];
	return NULL;
}

bool follows(uint32_t vcpu, uint32_t intid)
{
	for (uint32_t n = 0; n < world.config.nresident; n++) {
		const struct ferry_resident *r = &world.resident[n];

		if (r->intid == intid && (r->scheme != FERRY_RESIDENT_FIXED || r->vcpu == vcpu))
			return true;
	}
	return false;
}

bool is_fixed(uint32_t vcpu)
{
	for (uint32_t n = 0; n < world.config.nresident; n++)
		if (world.resident[n].scheme == FERRY_RESIDENT_FIXED &&
		    world.resident[n].vcpu == vcpu)
			return true;
	return false;
}

/* Extended SPIs have registers of their own (IHI 0069H 12.8). */
static uint32_t array_at(enum fake_reg reg, uint32_t *intid)
{
	if (*intid < 4096 || fake.version == 2)
		return reg;
	*intid -= 4096;
	if (reg == REG_IROUTER)
		return 0x8000;
	if (reg == REG_ICFGR)
		return 0x3000;
	if (reg == REG_IPRIORITYR)
		return 0x2000;
	return 0x1000 + ((uint32_t)reg - REG_IGROUPR) * 4;
}

uint32_t reg_at(uint32_t vcpu, enum fake_reg reg, uint32_t intid, uint32_t bits, uint8_t *frame)
{
	bool own = intid < 32 && fake.version == 3;
	uint32_t at = array_at(reg, &intid);

	*frame = own ? FERRY_GICR : FERRY_GICD;
	at += intid * bits / 8;
	if (bits < 8)
		at &= ~3u;
	return own ? at + vcpu * 0x20000 + 0x10000 : at;
}

uint32_t peek(uint32_t vcpu, enum fake_reg reg, uint32_t intid, uint32_t bits)
{
	struct ferry_vgic_access access = { .bytes = bits < 8 ? 4 : (uint8_t)(bits / 8) };
	uint32_t width = bits < 32 ? bits : 32;

	access.offset = reg_at(vcpu, reg, intid, bits, &access.frame);
	fake.self = OUTSIDE;
	must(ferry_vgic_access(fake.g, vcpu, &access) == FERRY_OK);
	if (bits >= 8)
		return (uint32_t)access.value;
	return (uint32_t)access.value >> intid * bits % 32 & ((1u << width) - 1);
}

/* ---- after each operation ---------------------------- */

/* A list register of a vCPU in the guest has it: that is its owner. */
static void check_place(uint32_t vcpu, uint32_t intid, const struct ferry_virq_info *info)
{
	uint32_t owner = info->owner;

	must(owner == FERRY_NONE || owner < world.config.vcpus);
	must(owner == FERRY_NONE || world.on[owner]);
	must(intid >= 32 || owner == FERRY_NONE || owner == vcpu);
	must(!info->in_lr || (owner != FERRY_NONE && fake.vcpu[owner].cpu != FERRY_NONE &&
			      fake.cpu[fake.vcpu[owner].cpu].guest));
	for (uint32_t cpu = 0; cpu < CPUS; cpu++) {
		uint32_t who = fake.cpu[cpu].vcpu;

		if (!fake.cpu[cpu].guest || (intid < 32 && who != vcpu) ||
		    fake_lr_of(cpu, intid) == FERRY_NONE)
			continue;
		must(info->in_lr && owner == who);
	}
}

/* What is active, somebody owes; a list register that has ended it was not folded yet. */
static void check_active(uint32_t intid, const struct fake_phys *p,
			 const struct ferry_virq_info *info)
{
	must(!p->active || info->physical);
	must(p->active || !info->physical || info->in_lr);
	if (!p->active && info->physical)
		must(fake_lr_of(fake.vcpu[info->owner].cpu, intid) == FERRY_NONE ||
		     !fake_lr(fake.vcpu[info->owner].cpu,
			      fake_lr_of(fake.vcpu[info->owner].cpu, intid))
			      .hw);
}

static void check_physical(uint32_t vcpu, uint32_t intid, const struct ferry_virq_info *info)
{
	const struct slot *slot = slot_of(intid);
	uint32_t cpu = fake.vcpu[vcpu].cpu;

	must(!info->owed || info->physical);
	if (slot) {
		must(info->phys == slot->phys);
		must(info->routed == FERRY_NONE || !(world.gone >> info->routed & 1));
		must(info->routed == FERRY_NONE || fake.phys[slot->phys].route == info->routed);
		if (!slot->untold)
			check_active(intid, &fake.phys[slot->phys], info);
	} else if (intid < 32 && info->phys != FERRY_NONE) {
		must(follows(vcpu, intid));
		if (cpu != FERRY_NONE)
			check_active(intid, &fake.cpu[cpu].ppi[info->phys], info);
	} else {
		must(info->phys == FERRY_NONE && !info->physical);
	}
}

static void check_one(uint32_t vcpu, uint32_t intid)
{
	struct ferry_virq_info info;
	int status = ferry_vgic_look(fake.g, vcpu, intid, &info);

	must(status == (exists(intid) ? FERRY_OK : FERRY_E_INVALID));
	if (status)
		return;
	must(info.target == FERRY_NONE || info.target < world.config.vcpus);
	must(intid >= 32 || info.target == vcpu);
	must((uint8_t)(info.asked - info.arrived) <= 1);
	check_place(vcpu, intid, &info);
	check_physical(vcpu, intid, &info);
}

/* A PPI is only enabled where somebody is that it follows. */
static void check_cpu(uint32_t cpu)
{
	static const uint32_t ppis[] = { TIMER_PPI, DEVICE_PPI };

	for (uint32_t n = 0; n < 2 && fake.cpu[cpu].vcpu == FERRY_NONE; n++)
		must(!fake.cpu[cpu].ppi[ppis[n]].enabled);
	must(!fake.cpu[cpu].off || fake.cpu[cpu].guest);
}

void check(uint32_t vcpu)
{
	uint32_t cpu;

	must(!fake.wrongs);
	must(!fake.held);
	fake.self = OUTSIDE;
	for (uint32_t n = 0; n < FAVOURITES; n++)
		check_one(vcpu, world.favourite[n]);
	for (uint32_t n = 0; n < SLOTS; n++)
		if (world.slot[n].intid != FERRY_NONE)
			check_one(vcpu, world.slot[n].intid);
	for (cpu = 0; cpu < CPUS; cpu++)
		check_cpu(cpu);
	bystander_check();
	must(!fake.wrongs);
	fake_again();
}

/* ---- when all has been done that there is to do ---------------------------- */

static bool has_room(uint32_t cpu)
{
	for (uint32_t n = 0; n < fake.lrs; n++)
		if (!fake.cpu[cpu].lr[n])
			return true;
	return false;
}

/* Who is in the guest has looked at everything: what it should have is in a list register if
 * there is room; or in one of another vCPU, which need not be asked. */
static void settled_one(uint32_t vcpu, uint32_t intid, uint32_t groups)
{
	struct ferry_virq_info info;
	uint32_t cpu;

	if (!exists(intid))
		return;
	must(ferry_vgic_look(fake.g, vcpu, intid, &info) == FERRY_OK);
	if (!info.enabled || !info.pending || info.active || info.target == FERRY_NONE ||
	    info.in_lr || (slot_of(intid) && slot_of(intid)->dying))
		return;
	cpu = fake.vcpu[info.target].cpu;
	if (cpu == FERRY_NONE || !fake.cpu[cpu].guest)
		return;
	/* Where there are too many those wait whose group the guest does not let in. */
	groups &= (uint32_t)fake.cpu[cpu].vmcr;
	if (!(groups >> peek(vcpu, REG_IGROUPR, intid, 1) & 1))
		return;
	must(!has_room(cpu));
}

void check_settled(void)
{
	struct ferry_vgic_access ctlr = { FERRY_GICD, 4, false, 0, 0 };

	fake.self = OUTSIDE;
	must(ferry_vgic_access(fake.g, 0, &ctlr) == FERRY_OK);
	for (uint32_t vcpu = 0; vcpu < world.config.vcpus && vcpu < 8; vcpu++)
		for (uint32_t n = 0; n < FAVOURITES; n++)
			settled_one(vcpu, world.favourite[n], (uint32_t)ctlr.value & 3);
	must(!fake.wrongs);
}
