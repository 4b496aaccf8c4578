// SPDX-License-Identifier: MIT
/*
 * Bugs that other virtual GICs have had, each as a test: those of lists, locks, list registers
 * and races that one thread can show. Numbers are those of a catalogue of such bugs; here is
 * where the others are, or why they can't be:
 *
 *   7, 8, 10, 14 .. 18, 39 .. 41, 52, 53   registers: test_vgic_register_bugs.c
 *   13, 28 .. 32, 35, 45                   PPIs and the timer: test_vgic_resident.c
 *   12, 37, 38, 59                         also in test_vgic_lists.c, at each entry (L1, L7)
 *   H1 .. H6                               test_vgic_corners.c
 *   20                                     SRE is the host's, and so is its order with VMCR
 *   23, 26                                 the host acknowledges, with its barriers
 *   24, 25, 54 .. 56                       bring-up of the physical GIC: not this code
 *   27, 47, and the ITS half of 48         there are no virtual LPIs
 *   57, 58, 60                             a driver's registers, a takeover, a lookup in a list:
 *                                          nothing of the kind is here
 */
#include "tests/vgic_cases.h"

/* A purely virtual one, an edge: once, and not again. */
static void gets_once(uint32_t vcpu)
{
	fake_settle();
	must(only(vcpu, SPI));
	take(vcpu, SPI);
	fake_settle();
	must(only(FERRY_NONE, SPI));
	fake_leave(vcpu);
	must(fake_look(A, SPI).owner == FERRY_NONE && !fake_look(A, SPI).pending);
}

/* In every moment of `call` at which no lock is held, once, another CPU does `other`. */
static void in_each_gap(void (*before)(void), void (*call)(void), void (*other)(void),
			void (*after)(void))
{
	for (uint32_t gap = 0; gap < 1000; gap++) {
		before();
		fake.hook = other;
		fake.hook_in = gap;
		call();
		if (fake.hook) {
			fake.hook = NULL;
			must(gap > 0);
			return;
		}
		after();
	}
	must(!"gaps without end");
}

/* ---- lists, locks, races ----------------------------------------------------- */

static void inject_it(void)
{
	inject(SPI, true);
}

static void inject_there(void)
{
	fake.self = 6;
	must(ferry_vgic_inject(fake.g, A, SPI, true) == FERRY_OK);
}

static void edge_to_a(void)
{
	start();
	virtual_spi(SPI, A, true);
}

static void a_gets_once(void)
{
	gets_once(A);
}

static void bug_1(void)
{
	in_each_gap(edge_to_a, inject_it, inject_there, a_gets_once);
}

/* The device's interrupt comes on the CPU that is in the middle of an access, wherever
 * interrupts are on. */
static void arrives_here(void)
{
	if (fake.cpu[A].off) { /* not now: at the next moment */
		fake.hook = arrives_here;
		fake.hook_in = 0;
		return;
	}
	phys_raise(PHYS);
	phys_ack(PHYS, A);
	fake.self = A;
	must(ferry_vgic_physical(fake.g, SPI) == FERRY_OK);
	must(!fake.cpu[A].off);
}

static void linked_to_a(void)
{
	start();
	linked_spi(SPI, PHYS, A);
}

static void disable_enable(void)
{
	guest_set(A, REG_ICENABLER, SPI);
	guest_set(A, REG_ISENABLER, SPI);
	fake_serve();
}

static void a_gets(void)
{
	gets(A);
}

static void bug_2(void)
{
	for (uint32_t gap = 0; gap < 12; gap++) {
		linked_to_a();
		fake_leave(A);
		fake.vcpu[A].runs = false;
		fake.hook = arrives_here;
		fake.hook_in = gap;
		disable_enable();
		must(!fake.hook);
		fake.vcpu[A].runs = true;
		a_gets();
	}
}

static void route_to_b(void)
{
	guest_route(C, SPI, B);
}

static void moved_and_ended(void)
{
	in_handler();
	guest_route(C, SPI, B);
	fake_serve();
	guest_eoi(A, SPI);
}

static void ended(void)
{
	in_handler();
	guest_eoi(A, SPI);
}

static void leave_a(void)
{
	fake_leave(A);
}

static void b_gets(void)
{
	gets(B);
}

static void b_gets_next(void)
{
	phys_raise(PHYS);
	gets(B);
}

/* Two CPUs, one folds and one writes the route; the fake host watches the order of locks. */
static void bug_3(void)
{
	in_each_gap(ended, leave_a, route_to_b, b_gets_next);
	in_each_gap(in_register, leave_a, route_to_b, b_gets);
}

/* The next one comes to the new CPU at any moment of the fold on the old one. */
static void comes_to_b(void)
{
	phys_raise(PHYS);
	if (!phys_ready(PHYS))
		return;
	phys_ack(PHYS, 5);
	fake.self = 5;
	must(ferry_vgic_physical(fake.g, SPI) == FERRY_OK);
}

static void bug_4(void)
{
	in_each_gap(moved_and_ended, leave_a, comes_to_b, b_gets);
}

static void bug_5(void)
{
	in_handler();
	guest_route(C, SPI, B);
	guest_route(C, SPI, C);
	phys_raise(PHYS);
	fake_settle();
	guest_eoi(A, SPI);
	must(fake_look(A, SPI).target == C);
	gets(C);
	must(fake.phys[PHYS].route == C);
}

static void bug_6(void)
{
	edge_to_a();
	guest_set(A, REG_ICENABLER, SPI);
	inject_it();
	inject_it();
	fake_settle();
	inject_it();
	fake_settle();
	must(only(FERRY_NONE, SPI) && !fake_look(A, SPI).in_lr);
	must(fake_look(A, SPI).owner == FERRY_NONE);
	guest_set(A, REG_ISENABLER, SPI);
	gets_once(A);
}

static uint32_t work_of(uint32_t spis, uint32_t offset, uint32_t value)
{
	uint32_t before;

	configure();
	config.spis = spis;
	fake_guest(&config);
	fake_boot(A, A);
	fake_leave(A);
	before = fake.locks;
	guest_write(A, FERRY_GICD, offset, 4, value);
	return fake.locks - before;
}

/* Work for one access does not grow with the guest; and a register that is not there makes
 * none, however often. */
static void bug_9(void)
{
	static const uint32_t offsets[] = { 0, REG_ISENABLER + 4, REG_ICPENDR + 4,
					    REG_ICACTIVER + 4, REG_IPRIORITYR + 32 };

	for (uint32_t n = 0; n < sizeof(offsets) / sizeof(*offsets); n++)
		must(work_of(32, offsets[n], 3) == work_of(960, offsets[n], 3));
	must(work_of(32, 0x0d00, 3) == 0);
	fake_again();
	for (uint32_t n = 0; n < 100; n++)
		guest_write(A, FERRY_GICD, 0x0d00, 4, n);
	must(fake.notes == 0);
}

/* Interrupts are as they were after every call: off stays off. */
static void bug_11(void)
{
	edge_to_a();
	fake.self = 6;
	fake.cpu[6].off = true;
	must(ferry_vgic_inject(fake.g, A, SPI, true) == FERRY_OK && fake.cpu[6].off);
	(void)fake_look(A, SPI);
	must(fake.cpu[6].off);
	fake.cpu[6].off = false;
	(void)fake_look(A, SPI);
	must(!fake.cpu[6].off);
	gets_once(A);
}

/* ---- list registers ---------------------------------------------------------- */

static void edges(uint32_t n)
{
	start();
	for (uint32_t k = 0; k < n; k++) {
		virtual_spi(32 + k, A, true);
		guest_priority(C, 32 + k, (uint8_t)(0x80 - 8 * (k % 16)));
	}
}

/* More than registers, and many exits: each entry checks that no maintenance interrupt comes
 * at once. */
static void bug_12(void)
{
	edges(now.lrs + 2);
	for (uint32_t k = 0; k < now.lrs + 2; k++)
		inject(32 + k, true);
	for (uint32_t n = 0; n < 20; n++) {
		fake_leave(A);
		fake_enter(A);
		must(!fake_misr(A));
	}
}

/* Two vCPUs in turns on one CPU, each with its own mask, mode and active priority. */
static void bug_19(void)
{
	in_handler();
	guest_interface(A, 0xf0, true, 3);
	fake_put(A);
	fake_put(B);
	for (uint32_t n = 0; n < 3; n++) {
		fake_load(B, A);
		fake_enter(B);
		if (!n)
			guest_interface(A, 0x50, false, 1);
		must(fake.cpu[A].ap[0] == 0 && fake.cpu[A].ap[4] == 0);
		must(!(fake.cpu[A].vmcr >> 9 & 1) && (fake.cpu[A].vmcr & 3) == 1);
		fake_put(B);
		fake_load(A, A);
		fake_enter(A);
		must(fake.cpu[A].ap[0] | fake.cpu[A].ap[4]);
		must((fake.cpu[A].vmcr >> 9 & 1) && (fake.cpu[A].vmcr & 3) == 3);
		fake_put(A);
	}
}

/* All registers there may be are used, and all are folded. */
static void bug_21(void)
{
	now.lrs = 16;
	edges(16);
	for (uint32_t k = 0; k < 16; k++)
		inject(32 + k, true);
	fake_settle();
	for (uint32_t k = 0; k < 16; k++)
		must(fake_lr(A, k).state == 1);
	fake_put(A);
	for (uint32_t k = 0; k < 16; k++)
		must(fake_look(A, 32 + k).owner == A && !fake_look(A, 32 + k).in_lr);
}

/* Switched off in the handler of an SGI, and on again: it comes again. And memory in which
 * another guest was is as good as any. */
static void bug_22(void)
{
	uint32_t from = now.machine == V3_ON_ICH ? 0 : B << 10;

	start();
	guest_group(A, 4, true);
	guest_set(A, REG_ISENABLER, 4);
	guest_sgi(B, 4, 1u << A);
	fake_settle();
	must(guest_ack(A) == (from | 4));
	guest_sgi(B, 4, 1u << A);
	fake_serve();
	fake_power(A, false);
	fake_power(A, true);
	fake_settle();
	must(guest_sees(A) == FAKE_SPURIOUS);
	must(!fake_look(A, 4).active && !fake_look(A, 4).pending);
	guest_group(A, 4, true);
	guest_set(A, REG_ISENABLER, 4);
	guest_sgi(B, 4, 1u << A);
	fake_settle();
	must(guest_sees(A) == (from | 4));
	fake_guest(&config);
	must(!fake_look(A, 4).active && !fake_look(A, 4).pending && !fake_look(A, 4).in_lr);
}

/* ---- into the guest ---------------------------------------------------------- */

static void out_of_guest(void)
{
	edge_to_a();
	fake_settle();
	fake_leave(A);
	fake.cpu[A].ipi = false;
}

/* In every gap of an entry: it is in a list register, or the entry is refused, or an IPI is on
 * its way. Between fill and entry it is refused. */
static void bug_33(void)
{
	uint32_t refused = 0;

	for (uint32_t gap = 0;; gap++) {
		bool in;

		out_of_guest();
		fake.hook = inject_there;
		fake.hook_in = gap;
		in = fake_enter_once(A);
		if (fake.hook)
			break;
		must(!in || guest_sees(A) == SPI || fake.cpu[A].ipi);
		refused += !in;
		gets_once(A);
	}
	fake.hook = NULL;
	must(refused > 0);
}

/* What an entry that was refused had loaded is not lost, nor there twice. */
static void two_pend(void)
{
	edge_to_a();
	virtual_spi(SPI + 1, A, true);
	guest_priority(C, SPI + 1, 0x80);
	guest_priority(C, SPI, 0x40);
	fake_settle();
	fake_leave(A);
	inject(SPI + 1, true);
}

static void enter_a(void)
{
	(void)fake_enter_once(A);
}

static void both_come(void)
{
	fake_settle();
	take(A, SPI);
	fake_settle();
	take(A, SPI + 1);
	fake_settle();
	must(guest_sees(A) == FAKE_SPURIOUS);
}

static void bug_34(void)
{
	in_each_gap(two_pend, enter_a, inject_there, both_come);
}

/* ---- disabled, overflow ------------------------------------------------------ */

static void bug_36(void)
{
	in_handler();
	guest_set(A, REG_ICENABLER, SPI);
	guest_route(A, SPI, B);
	guest_eoi(A, SPI);
	fake_settle();
	must(phys_calm(PHYS));
	guest_set(A, REG_ISENABLER, SPI);
	phys_raise(PHYS);
	gets(B);
}

/* As many handlers as registers, one in another, and one more that waits below them. */
static void bug_37(void)
{
	edges(now.lrs + 1);
	guest_priority(C, 32, 0xd0);
	for (uint32_t k = 1; k <= now.lrs; k++) {
		inject(32 + k, true);
		fake_settle();
		handle(A, 32 + k);
	}
	inject(32, true);
	fake_settle();
	must(guest_sees(A) == FAKE_SPURIOUS);
	for (uint32_t k = now.lrs; k; k--)
		guest_eoi(A, 32 + k);
	fake_settle();
	must(guest_sees(A) == 32);
}

/* Full of an active one of low priority and pending ones; a newcomer outranks the active one,
 * but not the pending ones. It is the turn of each. */
static void bug_38(void)
{
	edges(now.lrs + 1);
	guest_priority(C, 32, 0xd0);
	inject(32, true);
	fake_settle();
	handle(A, 32);
	for (uint32_t k = now.lrs; k; k--)
		inject(32 + k, true);
	fake_settle();
	for (uint32_t k = now.lrs; k; k--) {
		must(guest_sees(A) == 32 + k);
		take(A, 32 + k);
		fake_settle();
	}
	guest_eoi(A, 32);
	fake_settle();
	fake_leave(A);
	must(!fake_look(A, 32).active && guest_sees(A) == FAKE_SPURIOUS);
}

/* Ends that are counted are of those outside of the registers: the guest takes one more after
 * they were filled, and ends several before it leaves. */
static void bug_43(void)
{
	now.lrs = 2;
	start();
	for (uint32_t k = 0; k < 4; k++) {
		linked_spi(SPI + k, PHYS + k, A);
		guest_priority(C, SPI + k, (uint8_t)(0x80 - 0x10 * k));
	}
	for (uint32_t k = 0; k < 4; k++) {
		phys_raise(PHYS + k);
		fake_settle();
		handle(A, SPI + k);
		phys_lower(PHYS + k);
	}
	guest_eoi(A, SPI + 3);
	guest_eoi(A, SPI + 2);
	guest_eoi(A, SPI + 1);
	fake_settle();
	fake_leave(A);
	must(fake_look(A, SPI).active && fake.phys[PHYS].active);
	for (uint32_t k = 1; k < 4; k++)
		must(!fake_look(A, SPI + k).active && phys_calm(PHYS + k));
	fake_enter(A);
	guest_eoi(A, SPI);
	fake_settle();
	must(phys_calm(PHYS));
}

/* ---- reading and clearing what is elsewhere ---------------------------------- */

static void b_clears(void)
{
	guest_set(B, REG_ICACTIVER, SPI);
}

static void bug_42(void)
{
	in_handler();
	must(guest_get(C, REG_ISACTIVER, SPI));
	fake_serve();
	guest_set(C, REG_ICACTIVER, SPI);
	must(!guest_get(C, REG_ISACTIVER, SPI) && phys_calm(PHYS));
	fake_serve();
	guest_eoi(A, SPI);
	/* Two writers: one while the other waits. */
	in_handler();
	fake.on_wait = NULL;
	fake.hook = b_clears;
	fake.hook_in = 6;
	fake_leave(B);
	fake.vcpu[B].runs = false;
	guest_set(C, REG_ICACTIVER, SPI);
	must(!fake.hook && phys_calm(PHYS));
	/* Two that clear what the other has active. */
	in_handler();
	linked_spi(SPI + 1, PHYS + 1, B);
	phys_raise(PHYS + 1);
	fake_settle();
	handle(B, SPI + 1);
	phys_lower(PHYS + 1);
	guest_set(A, REG_ICACTIVER, SPI + 1);
	guest_set(B, REG_ICACTIVER, SPI);
	fake_serve();
	must(phys_calm(PHYS) && phys_calm(PHYS + 1));
}

static void bug_44(void)
{
	in_register();
	must(guest_get(C, REG_ISPENDR, SPI));
	fake_serve();
	handle(A, SPI);
	phys_lower(PHYS);
	must(!guest_get(C, REG_ISPENDR, SPI));
	fake_serve();
	phys_raise(PHYS);
	must(guest_get(C, REG_ISPENDR, SPI));
	fake_serve();
	guest_eoi(A, SPI);
	gets(A);
	must(!guest_get(C, REG_ISPENDR, SPI));
}

static void bug_46(void)
{
	for (uint32_t n = 0; n < 3; n++) {
		in_handler();
		phys_raise(PHYS);
		if (n)
			guest_route(C, SPI, n == 1 ? B : A);
		fake_settle();
		guest_eoi(A, SPI);
		gets(n == 1 ? B : A);
		fake_leave(A);
		fake_leave(B);
		must(!fake_look(A, SPI).pending && !fake_look(A, SPI).physical);
		phys_raise(PHYS);
		gets(n == 1 ? B : A);
	}
}

static bool on_here, on_there;

static bool power_on_d(uint32_t cpu)
{
	int status;

	fake.self = cpu;
	fake.cpu[cpu].off = true;
	status = ferry_vcpu_power(fake.g, D, true);
	must(status == FERRY_OK || status == FERRY_E_STATE);
	fake.cpu[cpu].off = false;
	return status == FERRY_OK;
}

static void power_on_here(void)
{
	on_here = power_on_d(5);
}

static void power_on_there(void)
{
	on_there = power_on_d(6);
}

static void one_did(void)
{
	must(on_here != on_there);
}

static void bug_48(void)
{
	in_each_gap(start, power_on_here, power_on_there, one_did);
}

static void bug_49(void)
{
	in_handler();
	fake_put(A);
	fake_load(A, 3);
	fake_enter(A);
	guest_eoi(3, SPI);
	must(phys_calm(PHYS));
	phys_raise(PHYS);
	gets(A);
}

static void bug_50(void)
{
	start();
	virtual_spi(SPI, A, false);
	inject(SPI, true);
	fake_settle();
	handle(A, SPI);
	guest_set(A, REG_ICENABLER, SPI);
	guest_eoi(A, SPI);
	fake_settle();
	fake_leave(A);
	must(!fake_look(A, SPI).active && fake_look(A, SPI).pending);
	guest_set(B, REG_ISENABLER, SPI);
	fake_settle();
	must(only(A, SPI));
	/* The line is still high at the end of the handler: it comes again. */
	handle(A, SPI);
	guest_eoi(A, SPI);
	fake_settle();
	must(only(A, SPI));
}

static void bug_51(void)
{
	start();
	virtual_spi(SPI, A, now.edge);
	guest_set(A, REG_ICENABLER, SPI);
	inject_it();
	fake_settle();
	must(only(FERRY_NONE, SPI));
	guest_set(A, REG_ISENABLER, SPI);
	fake_settle();
	must(only(A, SPI));
	handle(A, SPI);
	inject(SPI, false);
	fake_leave(A);
	must(!fake_look(A, SPI).pending);
	fake_enter(A);
	guest_eoi(A, SPI);
	fake_settle();
	must(only(FERRY_NONE, SPI));
}

/* Moved to a vCPU that waits: it is woken, by the write or by the fold. */
static void bug_59(void)
{
	for (uint32_t in = 0; in < 2; in++) {
		in_register();
		for (uint32_t n = 0; n < 2 && !fake_block(B); n++)
			fake_enter(B);
		must(fake.vcpu[B].blocked);
		if (!in)
			fake_leave(A);
		guest_route(C, SPI, B);
		fake_leave(A);
		must(fake.vcpu[B].woken);
		gets(B);
	}
}

static const struct named_case cases[] = {
	CASE("bug 1: two CPUs inject one interrupt at once", bug_1),
	CASE("bug 2: the interrupt comes in the middle of an access", bug_2),
	CASE("bug 3: a route is written while its owner folds", bug_3),
	CASE("bug 4: the next comes to the new CPU during the fold on the old one", bug_4),
	CASE("bug 5: a second route write in flight", bug_5),
	CASE("bug 6: injected while disabled, twice", bug_6),
	CASE("bug 9: the work that an access makes", bug_9),
	CASE("bug 11: interrupts are as they were", bug_11),
	CASE("bug 12: a maintenance interrupt whose cause stays", bug_12),
	CASE("bug 19: the CPU interface is not switched", bug_19),
	CASE("bug 21: all list registers", bug_21),
	CASE("bug 22: active before a reset", bug_22),
	CASE("bug 33: a request between fill and entry", bug_33),
	CASE("bug 34: an entry that was refused", bug_34),
	CASE("bug 36: disabled while active, and moved", bug_36),
	CASE("bug 37: all registers active, one waits below", bug_37),
	CASE("bug 38: an active one of low priority is in the way", bug_38),
	CASE("bug 42: active on another vCPU: read and cleared", bug_42),
	CASE("bug 43: EOIcount counts what is outside", bug_43),
	CASE("bug 44: ISPENDR of a linked one", bug_44),
	CASE("bug 46: a second edge while active, and then no more", bug_46),
	CASE("bug 48: CPU_ON twice at once", bug_48),
	CASE("bug 49: an SPI is ended on another CPU", bug_49),
	CASE("bug 50: disabled in its handler; the line stays high", bug_50),
	CASE("bug 51: injected while disabled; taken once", bug_51),
	CASE("bug 59: the receiver is told", bug_59),
};

int main(void)
{
	run_cases(cases, COUNT(cases), 4);
	return tap_done();
}
