// SPDX-License-Identifier: MIT
/*
 * A PPI that is switched with its vCPU: from CPU to CPU, changed from outside, edges, two at a
 * time, in which order; and the other schemes.
 */
#include "tests/resident_cases.h"

/* ---- from CPU to CPU --------------------------------------------------------------- */

/* R4: active, then pending, from CPU 0 to 1; B uses CPU 0 meanwhile. */
static void hops(void)
{
	boot(B, 2);
	fake_put(B);
	for (uint32_t active = 0; active < 2; active++) {
		guest_timer(0, 100 + active, ON);
		timer_until(100 + active);
		must(ppi_settle() == 1);
		if (active)
			must(guest_ack(0) == V_TIMER);
		fake_put(A);
		clean(0);
		load_and_enter(B, 0);
		guest_timer(0, 100, ON);
		one_tick(0);
		fake_load(A, 1);
		must(ppi(1, TIMER_PPI)->active && ppi(1, TIMER_PPI)->enabled);
		fake_enter(A);
		must(ppi_settle() == 0);
		must(fake_lr(1, fake_lr_of(1, V_TIMER)).hw);
		if (!active)
			must(guest_ack(1) == V_TIMER);
		guest_timer(1, FAR, ON);
		guest_eoi(1, V_TIMER);
		must(!ppi(1, TIMER_PPI)->active && ppi_settle() == 0);
		fake_put(A);
		fake_put(B);
		clean(0);
		clean(1);
		load_and_enter(A, 0);
	}
}

/* R12: its CPU goes away; the software timer comes on another. */
static void cpu_leaves(void)
{
	expire_and_take();
	guest_timer(0, 200, ON);
	fake_put(A);
	clean(0);
	ferry_vgic_leave(fake.g, 0, 1);
	must(fake_block(A));
	timer_until(200);
	timer_softs(1);
	/* Its handler runs: no second one while the first is active. */
	must(!woken(A));
	load_and_enter(A, 1);
	must(ppi(1, TIMER_PPI)->active);
	guest_eoi(1, V_TIMER);
	one_tick(1);
	fake_put(A);
	clean(1);
}

/* ---- changed from outside ---------------------------------------------------------- */

enum { IN_GUEST, OUT_OF_GUEST, IS_PUT };

static void write_bit(uint32_t by, enum fake_reg reg)
{
	uint32_t frame = now.v2 ? FERRY_GICD : FERRY_GICR;

	guest_write(by, (uint8_t)frame, now.v2 ? reg : 0x10000 + (uint32_t)reg, 4, 1u << V_TIMER);
}

/* R6: cleared at the virtual GIC, by itself or by B on CPU 1, wherever A is meanwhile: the
 * physical one is inactive where it was active, and nowhere else touched. */
static void cleared(uint32_t by, uint32_t where, bool active)
{
	uint32_t cpu = where == IS_PUT ? 2 : 0;

	start();
	boot(B, 1);
	expire();
	if (active) {
		must(guest_ack(0) == V_TIMER);
		guest_timer(0, FAR, ON);
	}
	if (where != IN_GUEST)
		fake_leave(A);
	if (where == IS_PUT)
		fake_put(A);
	write_bit(by, active ? REG_ICACTIVER : REG_ICPENDR);
	if (where == IS_PUT)
		fake_load(A, cpu);
	must(where != IS_PUT || !ppi(cpu, TIMER_PPI)->active);
	if (!fake.cpu[cpu].guest)
		fake_enter(A);
	/* A pending one's line is still high: it comes again. */
	must(ppi_settle() == !active);
	must(ppi(cpu, TIMER_PPI)->active == !active);
	must(!(guest_sees(cpu) == V_TIMER) == active);
	must(!guest_get(A, REG_ISACTIVER, V_TIMER));
	must(ppi(1, TIMER_PPI)->taken == 0 && ppi(1, TIMER_PPI)->ended == 0);
	if (!active)
		one_tick(cpu);
}

static void cleared_from_outside(void)
{
	for (uint32_t where = IN_GUEST; where <= IS_PUT; where++)
		for (uint32_t n = 0; n < 4; n++) {
			/* A GICv2 guest reaches its own only, and only while it runs. */
			if (now.v2 && (n & 1 || where == IS_PUT))
				continue;
			if (where == IS_PUT && !(n & 1))
				continue;
			cleared(n & 1 ? B : A, where, n & 2);
		}
}

/* It is disabled, so in no list, and active for us: B clears it, A is in the guest. */
static void cleared_in_no_list(void)
{
	if (now.v2)
		return;
	boot(B, 1);
	guest_set(A, REG_ICENABLER, V_TIMER);
	expire();
	guest_timer(0, FAR, ON);
	must(ppi(0, TIMER_PPI)->active);
	write_bit(B, REG_ICPENDR);
	must(ppi_settle() == 0);
	must(!ppi(0, TIMER_PPI)->active && !ppi(0, TIMER_PPI)->line);
	must(!guest_get(A, REG_ISPENDR, V_TIMER));
}

/* B's order has not been carried out when A is put: the put does it. */
static void cleared_then_put(void)
{
	if (now.v2)
		return;
	boot(B, 1);
	expire_and_take();
	guest_timer(0, FAR, ON);
	fake_leave(A);
	write_bit(B, REG_ICACTIVER);
	fake_put(A);
	clean(0);
	must(!fake_look(A, V_TIMER).physical && !fake_look(A, V_TIMER).active);
	fake_load(A, 2);
	must(!ppi(2, TIMER_PPI)->active);
}

/* R7: power goes while it pends or is active, loaded or put; after the reset all works. */
static void power(bool active, bool put)
{
	start();
	expire();
	if (active) {
		must(guest_ack(0) == V_TIMER);
		guest_timer(0, FAR, ON);
	}
	fake_leave(A);
	if (put)
		fake_put(A);
	must(timers.soft[A] == (active && put ? FAR : NEVER));
	fake_power(A, false);
	must(timers.soft[A] == NEVER);
	must(!ppi(0, TIMER_PPI)->active && timers.cpu[0].ctl == 0);
	must(!fake_look(A, V_TIMER).physical && !fake_look(A, V_TIMER).active);
	must(!fake_look(A, V_TIMER).pending);
	must(put || ppi_settle() == 0);
	fire();
	fake_power(A, true);
	if (put)
		fake_load(A, 0);
	fake.cpu[0].ap[0] = fake.cpu[0].ap[4] = 0;
	fake_enter(A);
	guest_interface(0, 0xff, false, 3);
	guest_set(A, REG_ISENABLER, V_TIMER);
	must(ppi_settle() == 0 && guest_sees(0) == FAKE_SPURIOUS);
	must(guest_timer_ctl(0) == 0 && !guest_get(A, REG_ISACTIVER, V_TIMER));
	guest_timer(0, 100, ON);
	one_tick(0);
}

static void power_off_and_on(void)
{
	for (uint32_t n = 0; n < 4; n++)
		power(n & 1, n & 2);
}

/* ---- edge -------------------------------------------------------------------------- */

/* R9: an edge that nobody has taken moves with its vCPU, once. */
static void edge_moves(void)
{
	guest_timer(0, 100, ON);
	timer_until(100);
	must(ppi(0, TIMER_PPI)->pending);
	fake_put(A);
	clean(0);
	must(!blocks(A));
	load_and_enter(A, 1);
	one_tick(1);
}

/* It was taken, and its line is still high when the vCPU hops: no second edge. */
static void edge_is_not_doubled(void)
{
	expire_and_take();
	fake_put(A);
	load_and_enter(A, 1);
	must(ppi(1, TIMER_PPI)->active && timers.cpu[1].line);
	guest_eoi(1, V_TIMER);
	must(ppi_settle() == 0 && guest_sees(1) == FAKE_SPURIOUS);
	guest_timer(1, FAR, ON);
	fake_put(A);
	clean(1);
}

/* A second one while the first is active. */
static void edge_again(void)
{
	expire_and_take();
	guest_timer(0, 200, ON);
	timer_until(200);
	must(ppi(0, TIMER_PPI)->pending);
	fake_put(A);
	clean(0);
	load_and_enter(A, 1);
	must(guest_sees(1) == FAKE_SPURIOUS);
	guest_eoi(1, V_TIMER);
	one_tick(1);
	must(ppi(1, TIMER_PPI)->taken == ppi(1, TIMER_PPI)->ended);
}

static void edge_device(void)
{
	device_line(0, true);
	must(ppi(0, DEVICE_PPI)->pending);
	fake_put(A);
	clean(0);
	must(!blocks(A));
	load_and_enter(A, 1);
	ppi_settle();
	must(guest_ack(1) == V_DEVICE);
	guest_eoi(1, V_DEVICE);
	must(ppi_settle() == 0 && guest_sees(1) == FAKE_SPURIOUS);
}

/* ---- two at a time ----------------------------------------------------------------- */

static void two(void)
{
	guest_priority(A, V_DEVICE, 0x40);
	guest_timer(0, 100, ON);
	timer_until(100);
	device_line(0, true);
	must(ppi_settle() == 2);
	must(guest_ack(0) == V_DEVICE);
	fake_put(A);
	clean(0);
	must(noted(NOTE_SAVE, A, V_DEVICE) == 1);
	fake_again();
	load_and_enter(A, 1);
	must(noted(NOTE_RESTORE, A, V_DEVICE) == 1 && timers.device[1]);
	must(ppi(1, DEVICE_PPI)->active && ppi(1, TIMER_PPI)->active && ppi_settle() == 0);
	device_line(1, false);
	guest_eoi(1, V_DEVICE);
	must(!ppi(1, DEVICE_PPI)->active && ppi(1, TIMER_PPI)->active);
	one_tick(1);
}

/* The device's line was high when it was stopped, perhaps since a moment ago. */
static void device_keeps_awake(void)
{
	for (uint32_t late = 0; late < 2; late++) {
		start();
		if (late)
			timers.late[A] = true;
		else
			device_line(0, true);
		fake_put(A);
		clean(0);
		must(!blocks(A));
		load_and_enter(A, 1);
		must(ppi_settle() == 1 && guest_ack(1) == V_DEVICE);
		device_line(1, false);
		guest_eoi(1, V_DEVICE);
		must(ppi_settle() == 0 && guest_sees(1) == FAKE_SPURIOUS);
		timers.late[A] = false;
		fake_put(A);
		must(blocks(A));
	}
}

/* ---- the order of things ----------------------------------------------------------- */

static uint32_t next(uint32_t from, uint32_t event, uint32_t a, uint32_t b)
{
	uint32_t at = fake_find(from, (enum fake_event)event, a, b);

	if (at != FERRY_NONE)
		return at;
	fake_wrong("event %u %u %u does not follow", event, a, b);
	return from;
}

static void order(void)
{
	uint32_t at, cval, offset;

	expire_and_take();
	fake_leave(A);
	fake_again();
	fake_put(A);
	at = next(0, NOTE_TIMER, FERRY_TIMER_CTL, 0);
	at = next(at, FAKE_BARRIER, FERRY_BARRIER_CONTEXT, 0);
	at = next(at, FAKE_PHYS_CALL, TIMER_PPI, FERRY_PHYS_DISABLE);
	next(at, FAKE_PHYS_CALL, TIMER_PPI, FERRY_PHYS_DEACTIVATE);
	at = next(0, NOTE_SAVE, A, V_DEVICE);
	next(at, FAKE_PHYS_CALL, DEVICE_PPI, FERRY_PHYS_DISABLE);
	must(fake_count(FAKE_PHYS_CALL, DEVICE_PPI, FERRY_NONE) == 1);
	fake_again();
	fake_load(A, 1);
	cval = next(0, NOTE_TIMER, FERRY_TIMER_CVAL, 100);
	offset = next(0, NOTE_TIMER, FERRY_TIMER_OFFSET, 0);
	at = next(cval > offset ? cval : offset, FAKE_BARRIER, FERRY_BARRIER_CONTEXT, 0);
	at = next(at, NOTE_TIMER, FERRY_TIMER_CTL, ON);
	at = next(at, FAKE_BARRIER, FERRY_BARRIER_CONTEXT, 0);
	at = next(at, FAKE_PHYS_CALL, TIMER_PPI, FERRY_PHYS_ENABLE);
	must(next(0, FAKE_PHYS_CALL, TIMER_PPI, FERRY_PHYS_ACTIVATE) < at);
	at = next(0, NOTE_RESTORE, A, V_DEVICE);
	next(at, FAKE_PHYS_CALL, DEVICE_PPI, FERRY_PHYS_ENABLE);
	must(noted(NOTE_TIMER, FERRY_TIMER_CTL, FERRY_NONE) == 1);
}

/* ---- the other schemes ------------------------------------------------------------- */

/* A's alone: B gets nothing on the same CPU, and an active one stays active there. */
static void fixed(void)
{
	boot(B, 1);
	fake_put(B);
	expire_and_take();
	fake_again();
	fake_put(A);
	must(ppi(0, TIMER_PPI)->active && !ppi(0, TIMER_PPI)->enabled);
	must(!ppi(0, DEVICE_PPI)->enabled && noted(NOTE_SAVE, FERRY_NONE, FERRY_NONE) == 0);
	must(fake_count(FAKE_PHYS_CALL, FERRY_NONE, FERRY_NONE) == 2);
	must(timers.cpu[0].ctl == 0);
	load_and_enter(B, 0);
	must(!ppi(0, TIMER_PPI)->enabled && !ppi(0, DEVICE_PPI)->enabled);
	must(guest_sees(0) == FAKE_SPURIOUS);
	fake_put(B);
	fake_again();
	load_and_enter(A, 0);
	must(fake_count(FAKE_PHYS_CALL, FERRY_NONE, FERRY_NONE) == 2);
	must(ppi(0, TIMER_PPI)->enabled && ppi(0, DEVICE_PPI)->enabled);
	must(ppi_settle() == 0 && guest_sees(0) == FAKE_SPURIOUS);
	guest_eoi(0, V_TIMER);
	one_tick(0);
	must(ppi(0, TIMER_PPI)->taken == 2 && ppi(0, TIMER_PPI)->ended == 2);
}

static void fixed_and_others(void)
{
	boot(B, 1);
	device_line(0, true);
	fake_put(A);
	must(!blocks(A));
	device_line(0, false);
	load_and_enter(A, 0);
	must(guest_sees(0) == FAKE_SPURIOUS);
	guest_timer(0, 100, ON);
	timer_until(100);
	device_line(0, true);
	fake_put(A);
	must(!blocks(A) && blocks(B));
	ppi_ack(0, TIMER_PPI); /* late */
	ppi_tell(0, TIMER_PPI, B);
	must(!ppi(0, TIMER_PPI)->active);
	fake_enter(B);
	must(guest_sees(1) == FAKE_SPURIOUS);
	load_and_enter(A, 0);
	must(ppi_settle() == 2);
	device_line(0, false);
	fake_leave(A);
	fake_enter(A);
	one_tick(0);
}

/* B, on CPU 1, clears A's active one while that is put: nobody but CPU 0 can. */
static void fixed_from_outside(void)
{
	if (now.v2)
		return;
	boot(B, 1);
	expire_and_take();
	guest_timer(0, FAR, ON);
	fake_put(A);
	write_bit(B, REG_ICACTIVER);
	must(ppi(0, TIMER_PPI)->active && !ppi(1, TIMER_PPI)->ended);
	must(!guest_get(B, REG_ISACTIVER, V_TIMER));
	load_and_enter(A, 0);
	must(!ppi(0, TIMER_PPI)->active && !guest_get(A, REG_ISACTIVER, V_TIMER));
}

static void fixed_power(void)
{
	expire_and_take();
	fake_put(A);
	fake_power(A, false);
	fake_power(A, true);
	fake.vcpu[A].runs = false;
	fake_load(A, 0);
	must(!ppi(0, TIMER_PPI)->active && timers.cpu[0].ctl == 0);
}

/* Masked at its source until the guest writes CTL; nothing is linked, or active for long. */
static void injected(void)
{
	must(ferry_vgic_inject(fake.g, A, V_TIMER, true) == FERRY_E_STATE);
	expire();
	must(!ppi(0, TIMER_PPI)->active && guest_timer_ctl(0) == (ON_MASKED | 4));
	must(!fake_lr(0, fake_lr_of(0, V_TIMER)).hw && !fake_lr(0, fake_lr_of(0, V_TIMER)).eoi);
	must(guest_ack(0) == V_TIMER);
	fake_put(A);
	clean(0);
	load_and_enter(A, 1);
	must(guest_timer_ctl(1) == (ON_MASKED | 4) && ppi_settle() == 0);
	guest_timer(1, 200, ON);
	guest_eoi(1, V_TIMER);
	must(ppi_settle() == 0);
	timer_until(200);
	one_tick(1);
}

/* While it is put its registers are not touched: it comes at the next load. */
static void injected_later(void)
{
	guest_timer(0, 100, ON);
	fake_put(A);
	must(timers.soft[A] == 100 && fake_block(A));
	timer_until(100);
	timer_softs(2);
	must(woken(A));
	fake_load(A, 1);
	must(timers.cpu[1].ctl == ON);
	fake_enter(A);
	one_tick(1);
	must(ppi(1, TIMER_PPI)->taken == 1);
}

static const struct a_case cases[] = {
	{ hops, SWITCHED, LEVEL, 4, "R4: from CPU to CPU, pending and active" },
	{ cleared_from_outside, SWITCHED, LEVEL, 4, "R6: ICPENDR, ICACTIVER" },
	{ cleared_in_no_list, SWITCHED, LEVEL, 4, "R6: of one in no list" },
	{ cleared_then_put, SWITCHED, LEVEL, 4, "R6: and put before it has looked" },
	{ power_off_and_on, SWITCHED, LEVEL, 4, "R7: power off and on" },
	{ edge_moves, SWITCHED, EDGE, 4, "R9: an edge moves with its vCPU" },
	{ edge_is_not_doubled, SWITCHED, EDGE, 4, "R9: a restored line is no new edge" },
	{ edge_again, SWITCHED, EDGE, 4, "R9: a second edge while active" },
	{ edge_device, SWITCHED, EDGE, 4, "R9: a device's edge" },
	{ cpu_leaves, SWITCHED, LEVEL, 4, "R12: its CPU leaves" },
	{ two, SWITCHED, LEVEL, 4, "two at a time" },
	{ device_keeps_awake, SWITCHED, LEVEL, 4, "a device's line keeps its vCPU awake" },
	{ order, SWITCHED, LEVEL, 4, "the order of things" },
	{ fixed, FIXED, LEVEL, 4, "fixed: one vCPU's alone" },
	{ fixed_and_others, FIXED, LEVEL, 4, "fixed: others get nothing" },
	{ fixed_from_outside, FIXED, LEVEL, 4, "fixed: cleared by another while it is put" },
	{ fixed_power, FIXED, LEVEL, 4, "fixed: power" },
	{ injected, INJECTED, LEVEL, 4, "injected: masked until the guest writes CTL" },
	{ injected_later, INJECTED, LEVEL, 4, "injected: at the next load" },
};

int main(void)
{
	return run_cases(cases, sizeof(cases) / sizeof(*cases));
}
