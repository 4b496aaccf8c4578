/* SPDX-License-Identifier: MIT */
/*
 * test_virt_sim.c: the simulated virtual CPU interface, rule by rule, without the library;
 * and that it says so when a vCPU is entered with what the architecture does not allow.
 */
#include "tests/virt_machine.h"

/* ---- formats ---------------------------------------------------------------------- */

static void test_formats(void)
{
	struct virt_lr lr = { .intid = 40, .state = 1, .priority = 0xa0, .group1 = true };
	struct virt_lr back;

	begin(3, 3);
	/* IHI 0069H 12.4.6: state 63:62, HW 61, Group 60, Priority 55:48, pINTID 44:32 */
	is_u64(virt_encode(m, &lr), 0x50a0000000000028, "ICH_LR: pending");
	lr.hw = true;
	lr.phys = 70;
	is_u64(virt_encode(m, &lr), 0x70a0004600000028, "ICH_LR: linked");
	back = virt_decode(m, 0x0000020000000028);
	ok(back.eoi && !back.state && !back.strange, "ICH_LR: bit 41 asks for an interrupt");
	back = virt_decode(m, 0x2000020000000028);
	ok(!back.eoi && back.phys == 512, "linked, it is one of the physical INTID");
	ok(virt_decode(m, 0x4100000000000028).strange, "bits that must be zero");
	finish("ICH_LR");
	begin(2, 2);
	/* IHI 0048B 5.3.4: HW 31, Grp1 30, State 29:28, Priority 27:23, PhysicalID 19:10 */
	is_u64(virt_encode(m, &lr), 0xda011828, "GICH_LR: linked");
	lr.hw = false;
	lr.intid = 3;
	lr.source = 5;
	is_u64(virt_encode(m, &lr), 0x5a001403, "GICH_LR: an SGI with its sender");
	back = virt_decode(m, 0x10080028);
	ok(back.eoi && !back.hw, "GICH_LR: bit 19 asks for an interrupt");
	ok(virt_decode(m, 0x10042028).strange, "bits that must be zero");
	finish("GICH_LR");
	begin(3, 2);
	back = virt_decode(m, virt_encode(m, &lr));
	ok(back.intid == 3 && back.source == 5, "a GICv2 guest on a GICv3: the sender in 12:10");
	finish("ICH_LR of a GICv2 guest");
}

/* ---- what is signalled ------------------------------------------------------------ */

static void test_signalled(uint8_t gic)
{
	struct virt_cpu *v;

	begin(gic, gic);
	v = &m->virt->cpu[0];
	v->vmcr = 0xf0000000 | VMCR_GROUP1;
	pend(0, 0, 60, 0xa0);
	pend(0, 2, 61, 0x40);
	is_u64(virt_signalled(m, 0), NONE, "nothing without HCR.En");
	v->hcr = HCR_EN;
	is_u64(virt_signalled(m, 0), 2, "the highest priority of what is pending");
	v->vmcr = 0x40000000 | VMCR_GROUP1;
	is_u64(virt_signalled(m, 0), NONE, "not what the priority mask keeps off");
	v->vmcr = 0xf0000000 | VMCR_GROUP0;
	is_u64(virt_signalled(m, 0), NONE, "nor of a group that is disabled");
	v->vmcr = 0xf0000000 | VMCR_GROUP1;
	is_u64(virt_acknowledge(m, 0), 61, "it is acknowledged");
	is_u64(state_of(0, 2), 2, "and active");
	is_u64(v->ap1, 1u << (0x40 >> 3), "its priority, too");
	is_u64(virt_signalled(m, 0), NONE, "it keeps lower ones off");
	pend(0, 1, 62, 0x40);
	is_u64(virt_signalled(m, 0), NONE, "and its own");
	pend(0, 1, 62, 0x38);
	is_u64(virt_signalled(m, 0), 1, "but not higher ones");
	v->vmcr |= 7u << 18;
	is_u64(virt_signalled(m, 0), NONE, "unless the binary point makes them one group");
	virt_eoi(m, 0, 61);
	is_u64(v->ap1, 0, "ended, it is inactive");
	is_u64(virt_acknowledge(m, 0), 62, "and the next one comes");
	finish(gic == 2 ? "GICv2: signalled" : "GICv3: signalled");
}

static void test_groups(void)
{
	struct virt_lr lr = { .intid = 60, .state = 1, .priority = 0x80 };
	struct virt_cpu *v;

	begin(3, 3);
	v = &m->virt->cpu[0];
	v->hcr = HCR_EN;
	v->vmcr = 0xf0000000 | VMCR_GROUP1 | VMCR_GROUP0;
	load(0, 0, &lr);
	(void)virt_acknowledge(m, 0);
	ok(v->ap0 == 1u << 16 && !v->ap1, "group 0 has an active-priority register of its own");
	pend(0, 1, 61, 0x80);
	is_u64(virt_signalled(m, 0), NONE, "which counts for group 1");
	pend(0, 1, 61, 0x78);
	(void)virt_acknowledge(m, 0);
	virt_eoi(m, 0, 61);
	ok(v->ap0 && !v->ap1, "an end drops the highest of both");
	finish("groups");
}

/* ---- ends ------------------------------------------------------------------------- */

static void test_end(void)
{
	struct virt_lr both = { .intid = INJECTED, .state = 3, .group1 = true, .eoi = true };
	struct virt_cpu *v;

	begin(3, 3);
	v = &m->virt->cpu[0];
	v->hcr = HCR_EN;
	v->vmcr = 0xf0000000 | VMCR_GROUP1;
	load(0, 0, &both);
	v->ap1 = 1;
	is_u64(virt_signalled(m, 0), NONE, "pending and active: not again until it is inactive");
	virt_eoi(m, 0, INJECTED);
	is_u64(state_of(0, 0), 1, "ended, it is pending");
	ok(!(virt_misr(m, 0) & MISR_EOI), "which asks for no maintenance interrupt");
	(void)virt_acknowledge(m, 0);
	virt_eoi(m, 0, INJECTED);
	ok(virt_misr(m, 0) & MISR_EOI, "but the end of the last instance does");
	v->ap1 = 1;
	virt_eoi(m, 0, 63);
	is_u64(v->hcr >> HCR_EOICOUNT, 1, "an end that no list register has is counted");
	finish("EOImode 0");
	begin(3, 3);
	v = &m->virt->cpu[0];
	v->hcr = HCR_EN;
	v->vmcr = 0xf0000000 | VMCR_GROUP1 | VMCR_EOIM;
	pend(0, 0, INJECTED, 0x80);
	(void)virt_acknowledge(m, 0);
	virt_eoi(m, 0, INJECTED);
	ok(!v->ap1 && state_of(0, 0) == 2, "EOImode 1: EOIR drops the priority alone");
	virt_dir(m, 0, INJECTED);
	is_u64(state_of(0, 0), 0, "DIR deactivates");
	virt_dir(m, 0, INJECTED);
	is_u64(v->hcr >> HCR_EOICOUNT, 1, "or is counted");
	finish("EOImode 1");
	begin(3, 3);
	virt_eoi(m, 0, INJECTED);
	wrong("no priority is active", "an end without an active priority is seen");
	begin(3, 3);
	virt_dir(m, 0, INJECTED);
	wrong("EOImode 0", "a DIR with EOImode 0 is seen");
}

/* L5: an SPI is ended from whichever CPU; a level that is still asserted comes again. */
static void test_linked(uint8_t gic)
{
	struct virt_cpu *v;

	begin(gic, gic);
	(void)device_raise(m, LEVEL_SOURCE);
	ok(m->cpu[0].signal, "a level is presented");
	arrive(0, PHYS_LEVEL);
	ok(!m->cpu[0].signal, "active, it is not");
	link_to(1, 0, LEVEL, PHYS_LEVEL);
	enter(1, 0);
	v = &m->virt->cpu[1];
	ok(!step(1, VIRT_ACKNOWLEDGE), "the guest acknowledges it on another CPU");
	is_u64(state_of(1, 0), 2, "it is active in the list register");
	virt_eoi(m, 1, LEVEL);
	is_u64(state_of(1, 0), 0, "its end empties that");
	ok(!m->gic->line[arm_index(m, PHYS_LEVEL)].active, "and ends the physical one");
	ok(m->cpu[0].signal, "which is presented again, still asserted");
	is_u64(counts.deactivations[0], 1, "counted");
	ok(!(virt_misr(m, 1)) && !v->ap1, "without a maintenance interrupt");
	finish("linked");
	begin(gic, gic);
	(void)device_raise(m, EDGE_SOURCE);
	arrive(0, PHYS_EDGE);
	link_to(0, 0, EDGE, PHYS_EDGE);
	enter(0, 0);
	step(0, VIRT_ACKNOWLEDGE);
	arm_end(m, 2, PHYS_EDGE);
	step(0, VIRT_HANDLER);
	wrong("is not active", "a physical interrupt that ends twice is seen");
}

/* ---- maintenance interrupts ------------------------------------------------------- */

static void test_misr(void)
{
	struct virt_cpu *v;

	begin(3, 3);
	v = &m->virt->cpu[0];
	v->hcr = HCR_EN | HCR_UIE;
	pend(0, 0, 60, 0);
	is_u64(virt_misr(m, 0), MISR_U, "underflow: one list register is valid");
	pend(0, 3, 61, 0);
	is_u64(virt_misr(m, 0), 0, "two are: none");
	v->hcr = HCR_EN | HCR_NPIE;
	is_u64(virt_misr(m, 0), 0, "one is pending");
	v->vmcr = 0xf0000000 | VMCR_GROUP1;
	(void)virt_acknowledge(m, 0);
	v->lr[3] = 0;
	is_u64(virt_misr(m, 0), MISR_NP, "none is");
	v->hcr = HCR_EN | HCR_LRENPIE | 1u << HCR_EOICOUNT;
	is_u64(virt_misr(m, 0), MISR_LRENP, "an end without a list register");
	v->hcr = HCR_EN | 0x40;
	is_u64(virt_misr(m, 0), 0x40, "group 1 is enabled");
	v->hcr = HCR_EN | 0x80;
	is_u64(virt_misr(m, 0), 0, "it is not disabled");
	v->hcr = HCR_EN | 0x20;
	is_u64(virt_misr(m, 0), 0x20, "group 0 is");
	v->hcr = HCR_UIE | HCR_NPIE;
	is_u64(virt_misr(m, 0), 0, "all of it with HCR.En alone");
	finish("MISR");
}

/* ---- rules ------------------------------------------------------------------------ */

static void test_single(void)
{
	struct virt_lr sgi = { .intid = 3, .state = 1, .group1 = true };

	begin(3, 3);
	pend(0, 0, INJECTED, 0);
	pend(0, 1, LEVEL, 0);
	enter(0, 0);
	pend(1, 0, 5, 0);
	pend(0, 2, 5, 0);
	enter(1, 1);
	finish("L1 kept");
	begin(3, 3);
	pend(0, 0, INJECTED, 0);
	pend(0, 3, INJECTED, 0);
	enter(0, 0);
	wrong("L1", "L1: one interrupt in two list registers is seen");
	begin(3, 3);
	pend(0, 0, INJECTED, 0);
	enter(0, 0);
	pend(1, 2, INJECTED, 0);
	enter(1, 1);
	wrong("of another CPU", "L1: an SPI in those of two CPUs, too");
	begin(2, 2);
	load(0, 0, &sgi);
	sgi.source = 1;
	load(0, 1, &sgi);
	enter(0, 0);
	wrong("L1", "L1: and SGIs of two senders");
}

static void test_physical(void)
{
	struct virt_lr lr = { .intid = EDGE, .state = 3, .hw = true, .phys = PHYS_EDGE };

	begin(3, 3);
	link_to(0, 0, EDGE, PHYS_EDGE);
	enter(0, 0);
	wrong("L2", "L2: linked to what is not active");
	begin(2, 2);
	(void)device_raise(m, EDGE_SOURCE);
	arrive(0, PHYS_EDGE);
	load(1, 0, &lr);
	enter(1, 0);
	wrong("L3", "L3: linked, pending and active");
	begin(3, 3);
	(void)device_raise(m, EDGE_SOURCE);
	arrive(0, PHYS_EDGE);
	link_to(0, 0, EDGE, PHYS_EDGE | 512);
	enter(0, 0);
	wrong("L4", "L4: linked, and asks for a maintenance interrupt");
	begin(3, 3);
	(void)device_raise(m, EDGE_SOURCE);
	arrive(0, PHYS_EDGE);
	link_to(0, 0, INJECTED, PHYS_EDGE);
	enter(0, 0);
	wrong("L4", "L4: linked to another's");
	begin(3, 3);
	m->virt->cpu[0].lr[0] = 0x4000000000000400;
	enter(0, 0);
	wrong("no interrupt has that", "an INTID that there is not");
}

/* L5: a PPI is active on its CPU alone. */
static void test_private(void)
{
	begin(3, 3);
	m->gic->cpu[1].active[0] |= 1u << PPI;
	link_to(1, 0, PPI, PPI);
	enter(1, 1);
	step(1, VIRT_ACKNOWLEDGE);
	ok(m->gic->cpu[1].active[0] >> PPI & 1, "a linked PPI is active");
	virt_eoi(m, 1, PPI);
	ok(!(m->gic->cpu[1].active[0] >> PPI & 1), "until the guest ends it");
	ok(out.report.duplicated, "(nobody had sent it)");
	machine_delete(m);
	begin(3, 3);
	m->gic->cpu[0].active[0] |= 1u << PPI;
	link_to(1, 0, PPI, PPI);
	enter(1, 1);
	wrong("L2", "L5: active on another CPU does not count");
}

static void leave(uint32_t cpu)
{
	m->cpu[cpu].signal = true;
	ok(step(cpu, VIRT_LEAVE), "it is left for a physical interrupt");
	m->cpu[cpu].signal = false;
}

static void test_own(void)
{
	struct virt_cpu *v;

	begin(3, 3);
	enter(0, 0);
	pend(0, 0, INJECTED, 0x80);
	virt_inject_event(m, INJECTED_SOURCE);
	step(0, VIRT_ACKNOWLEDGE);
	leave(0);
	v = &m->virt->cpu[1];
	v->vmcr = m->virt->cpu[0].vmcr;
	v->ap1 = m->virt->cpu[0].ap1;
	v->lr[2] = m->virt->cpu[0].lr[0];
	enter(1, 0);
	step(1, VIRT_HANDLER);
	finish("L6 kept, on another CPU");
	begin(3, 3);
	enter(0, 0);
	leave(0);
	m->virt->cpu[0].vmcr ^= VMCR_EOIM;
	enter(0, 0);
	wrong("L6", "L6: another VMCR");
	begin(3, 3);
	enter(0, 0);
	pend(0, 0, INJECTED, 0x80);
	virt_inject_event(m, INJECTED_SOURCE);
	step(0, VIRT_ACKNOWLEDGE);
	leave(0);
	m->virt->cpu[1].vmcr = m->virt->cpu[0].vmcr;
	enter(1, 0);
	wrong("L6", "L6: active priorities left behind");
	begin(3, 3);
	enter(0, 0);
	virt_timer_set(m, 0, FERRY_TIMER_CTL, 1);
	virt_timer_set(m, 0, FERRY_TIMER_CVAL, 90);
	leave(0);
	m->virt->cpu[0].cval = 80;
	enter(0, 0);
	wrong("CNTV_CVAL", "another's timer");
	begin(3, 3);
	enter(0, 0);
	virt_timer_set(m, 0, FERRY_TIMER_CVAL, 90);
	virt_timer_set(m, 0, FERRY_TIMER_CTL, 1);
	leave(0);
	m->virt->cpu[0].ctl = 0;
	enter(0, 0);
	wrong("CNTV_CTL", "its timer stopped");
}

static void test_entry(void)
{
	begin(3, 3);
	m->virt->cpu[0].hcr = HCR_UIE;
	enter(0, 0);
	wrong("L7", "L7: a maintenance interrupt that comes at once");
	begin(3, 3);
	m->virt->cpu[0].lr[1] = 0x0000020000000028;
	enter(0, 0);
	wrong("L7", "L7: an end that was not looked at");
	begin(3, 3);
	m->cpu[0].iff = true;
	enter(0, 0);
	wrong("interrupts on", "entered with interrupts on");
	begin(3, 3);
	enter(0, 0);
	enter(1, 0);
	wrong("runs already", "entered twice");
	begin(3, 3);
	virt_power(m, 0, false, 0);
	enter(0, 0);
	wrong("powered off", "entered while it is powered off");
	begin(3, 3);
	enter(0, 0);
	as(0);
	ferry_host_ich_write(m, FERRY_ICH_LR0, 0);
	wrong("in the guest", "a list register is written while the guest runs");
	begin(3, 3);
	as(0);
	ferry_host_ich_write(m, FERRY_ICH_LR0 + LRS, 0);
	wrong("list register 4", "one that there is not");
	begin(3, 3);
	as(0);
	ferry_host_ich_write(m, FERRY_ICH_AP1R0 + 1, 0);
	ok(!out.report.nviolations, "zero into an active-priority register that is not there");
	ferry_host_ich_write(m, FERRY_ICH_AP1R0 + 1, 1);
	wrong("not there", "but nothing else");
	begin(3, 3);
	pend(2, 1, INJECTED, 0);
	virt_check_put(m, 2);
	wrong("no vCPU is loaded", "put with an interrupt in a list register");
	begin(3, 3);
	m->gic->cpu[2].enabled[0] |= 1u << VIRT_TIMER_PPI;
	virt_check_put(m, 2);
	wrong("PPIs", "put with the timer's interrupt enabled");
}

int main(void)
{
	test_formats();
	test_signalled(2);
	test_signalled(3);
	test_groups();
	test_end();
	test_linked(2);
	test_linked(3);
	test_misr();
	test_single();
	test_physical();
	test_private();
	test_own();
	test_entry();
	return tap_done();
}
