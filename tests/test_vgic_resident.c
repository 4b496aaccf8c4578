// SPDX-License-Identifier: MIT
/*
 * A PPI that is switched with its vCPU: while it is there, late ones, the software timer, a vCPU
 * that waits.
 */
#include "tests/resident_cases.h"

/* ---- switched: one CPU ------------------------------------------------------------- */

static void tick(void)
{
	struct fake_lr lr;

	guest_timer(0, 100, ON);
	timer_until(99);
	must(ppi_settle() == 0 && guest_sees(0) == FAKE_SPURIOUS);
	timer_until(100);
	must(ppi_settle() == 1);
	lr = fake_lr(0, fake_lr_of(0, V_TIMER));
	must(lr.hw && lr.phys == TIMER_PPI && lr.state == 1);
	one_tick(0);
	must(guest_timer_ctl(0) == ON);
	timer_until(FAR);
	must(ppi_settle() == 1);
	must(guest_ack(0) == V_TIMER);
	/* Not served: its line is still high when the guest ends it. */
	guest_eoi(0, V_TIMER);
	must(ppi_settle() == 1);
	must(guest_sees(0) == V_TIMER);
	must(ppi(0, TIMER_PPI)->taken == 3 && ppi(0, TIMER_PPI)->ended == 2);
}

/* R1: unmasked, and high again, before the EOI: the active state holds it off. */
static void unmask_in_handler(void)
{
	expire_and_take();
	guest_timer(0, 100, ON_MASKED);
	guest_timer(0, 100, ON);
	must(timers.cpu[0].line && !ppi_ready(0, TIMER_PPI));
	must(ppi_settle() == 0);
	must(fake_lr(0, fake_lr_of(0, V_TIMER)).state == 2);
	guest_eoi(0, V_TIMER);
	one_tick(0);
}

/* The line drops before the guest has ended it: still active, ended once (bug 32). */
static void line_drops_in_handler(void)
{
	expire_and_take();
	guest_timer(0, 100, 0);
	fake_leave(A);
	fake_enter(A);
	must(ppi(0, TIMER_PPI)->active);
	must(fake_lr(0, fake_lr_of(0, V_TIMER)).state == 2);
	guest_eoi(0, V_TIMER);
	must(ppi_settle() == 0 && ppi(0, TIMER_PPI)->ended == 1);
	must(guest_sees(0) == FAKE_SPURIOUS);
}

/* ... before the guest has taken it: it never was (bug 45). */
static void line_drops_before(void)
{
	expire();
	guest_timer(0, 100, 0);
	fake_leave(A);
	fake_enter(A);
	must(!ppi(0, TIMER_PPI)->active);
	must(guest_sees(0) == FAKE_SPURIOUS && !guest_get(A, REG_ISPENDR, V_TIMER));
	guest_timer(0, 100, ON);
	one_tick(0);
}

/* R5: disabled at the virtual GIC while its line is high: it comes once and stays active. */
static void disabled_with_line_high(void)
{
	guest_set(A, REG_ICENABLER, V_TIMER);
	expire();
	must(ppi(0, TIMER_PPI)->active && guest_sees(0) == FAKE_SPURIOUS);
	must(blocks(A));
	fake_enter(A);
	guest_set(A, REG_ISENABLER, V_TIMER);
	must(guest_sees(0) == V_TIMER);
	guest_set(A, REG_ICENABLER, V_TIMER);
	must(guest_sees(0) == FAKE_SPURIOUS && ppi(0, TIMER_PPI)->active && ppi_settle() == 0);
	fake_put(A);
	clean(0);
	load_and_enter(A, 1);
	must(ppi_settle() == 0 && guest_sees(1) == FAKE_SPURIOUS);
	guest_set(A, REG_ISENABLER, V_TIMER);
	one_tick(1);
}

/* R8: active until DIR. */
static void split_end(void)
{
	guest_interface(0, 0xff, true, 3);
	expire_and_take();
	guest_eoi(0, V_TIMER);
	must(ppi_settle() == 0 && ppi(0, TIMER_PPI)->active);
	guest_timer(0, FAR, ON);
	guest_dir(0, V_TIMER);
	must(ppi_settle() == 0 && !ppi(0, TIMER_PPI)->active);
	timer_until(FAR);
	must(ppi_settle() == 1 && guest_ack(0) == V_TIMER);
	guest_eoi(0, V_TIMER);
	guest_dir(0, V_TIMER);
	/* Its line was high. */
	must(ppi_settle() == 1 && guest_sees(0) == V_TIMER);
}

/* R11: put out of its list register while it pends. */
static void evicted(void)
{
	guest_edge(A, SPI, true);
	guest_priority(A, SPI, 0x40);
	guest_set(A, REG_ISENABLER, SPI);
	if (now.v2)
		guest_route(A, SPI, A);
	expire();
	must(ferry_vgic_inject(fake.g, A, SPI, true) == FERRY_OK);
	must(ppi_settle() == 0);
	must(guest_ack(0) == SPI && fake_lr_of(0, V_TIMER) == FERRY_NONE);
	must(ppi(0, TIMER_PPI)->active && fake_look(A, V_TIMER).physical);
	guest_eoi(0, SPI);
	one_tick(0);
	must(ppi(0, TIMER_PPI)->taken == 1);
}

/* ---- late ones --------------------------------------------------------------------- */

/* R2: signalled before it was disabled, acknowledged after: with nobody resident. */
static void late_for_nobody(void)
{
	uint64_t cval;

	guest_timer(0, 100, ON);
	timer_until(100);
	fake_put(A);
	cval = timers.cpu[0].cval;
	ppi_ack(0, TIMER_PPI);
	ppi_tell(0, TIMER_PPI, FERRY_NONE);
	must(!ppi(0, TIMER_PPI)->active);
	/* A host that does not know yet that it is put. */
	ppi_ack(0, TIMER_PPI);
	ppi_tell(0, TIMER_PPI, A);
	clean(0);
	must(!fake_look(A, V_TIMER).physical);
	must(timers.cpu[0].cval == cval && timers.cpu[0].ctl == 0);
	must(!blocks(A));
	load_and_enter(A, 1);
	must(timers.cpu[1].ctl == ON && timers.cpu[1].cval == 100);
	one_tick(1);
	/* A device of which nothing can be asked afterwards. */
	fake_put(A);
	ppi_ack(1, DEVICE_PPI);
	ppi_tell(1, DEVICE_PPI, A);
	clean(1);
	must(blocks(A));
}

static void late_for_another(void)
{
	boot(B, 1);
	guest_timer(1, 200, ON);
	fake_put(B);
	guest_timer(0, 100, ON);
	timer_until(100);
	fake_put(A);
	load_and_enter(B, 0);
	/* Its line is low: it was A's. */
	ppi_ack(0, TIMER_PPI);
	ppi_tell(0, TIMER_PPI, B);
	must(!ppi(0, TIMER_PPI)->active && !fake_look(B, V_TIMER).pending);
	fake_enter(B);
	guest_timer(0, 50, ON_MASKED);
	ppi_ack(0, TIMER_PPI);
	ppi_tell(0, TIMER_PPI, B);
	must(!ppi(0, TIMER_PPI)->active && !fake_look(B, V_TIMER).pending);
	fake_enter(B);
	guest_timer(0, 200, ON);
	timer_until(200);
	must(ppi_settle() == 1 && guest_ack(0) == V_TIMER);
	/* B's is active here: nothing that is late may end it. */
	fake_leave(B);
	ppi_tell(0, TIMER_PPI, B);
	must(ppi(0, TIMER_PPI)->active);
	fake_enter(B);
	guest_timer(0, FAR, ON);
	guest_eoi(0, V_TIMER);
	must(!ppi(0, TIMER_PPI)->active);
	load_and_enter(A, 1);
	one_tick(1);
}

/* A device's, whose line has dropped since. */
static void late_device(void)
{
	device_line(0, true);
	ppi_ack(0, DEVICE_PPI);
	device_line(0, false);
	ppi_tell(0, DEVICE_PPI, A);
	must(!ppi(0, DEVICE_PPI)->active && !fake_look(A, V_DEVICE).pending);
	fake_enter(A);
	must(guest_sees(0) == FAKE_SPURIOUS);
}

static void unknown(void)
{
	must(ferry_vgic_resident(fake.g, A, 19) == FERRY_E_INVALID);
	must(ferry_vgic_inject(fake.g, A, V_TIMER, true) == FERRY_E_STATE);
	ppi_ack(0, TIMER_PPI);
	ppi_tell(0, TIMER_PPI, 77); /* no such vCPU: nobody */
	must(!ppi(0, TIMER_PPI)->active);
	ferry_vcpu_timer(fake.g, 77);
}

/* ---- the software timer ------------------------------------------------------------ */

/* R3: it comes at any moment of a load, or of a put, on another CPU. */
static bool soft_meets_load(uint32_t moment)
{
	start();
	guest_timer(0, 100, ON);
	fake_put(A);
	must(timers.soft[A] == 100);
	timer_until(100);
	fake.hook = fire;
	fake.hook_in = moment;
	fake_load(A, 1);
	fake_enter(A);
	one_tick(1);
	/* An edge may have been seen while it was saved. */
	must(ppi(1, TIMER_PPI)->taken == 1 || (now.edge && !ppi(1, TIMER_PPI)->taken));
	fire();
	must(ppi_settle() == 0 && guest_sees(1) == FAKE_SPURIOUS);
	return !fake.hook;
}

static void soft_and_load(void)
{
	uint32_t moment = 0;

	while (soft_meets_load(moment) && moment < 200)
		moment++;
	must(moment > 5 && moment < 200);
}

/* It expires between any two calls of a put: the vCPU does not sleep on, and gets one. */
static bool expires_in_put(uint32_t moment)
{
	start();
	guest_timer(0, 100, ON);
	timers.pass_in = moment;
	timers.pass_to = 100;
	fake_put(A);
	if (timers.pass_in)
		timer_until(100);
	clean(0);
	if (fake_block(A)) {
		must(timers.soft[A] == 100);
		timer_softs(2);
		must(woken(A));
	}
	must(!blocks(A));
	load_and_enter(A, 1);
	one_tick(1);
	must(ppi(0, TIMER_PPI)->taken + ppi(1, TIMER_PPI)->taken <= 1);
	return !timers.pass_in;
}

static void expiry_and_put(void)
{
	uint32_t moment = 1;

	while (expires_in_put(moment) && moment < 200)
		moment++;
	must(moment > 4 && moment < 200);
}

/* R10: what is loaded depends on what was saved alone, whether it came, how often, how late. */
static void soft_changes_nothing(void)
{
	for (uint32_t times = 0; times < 3; times++) {
		start();
		guest_timer(0, 100, ON);
		timer_until(50);
		fake_put(A);
		fire(); /* too early: one that had been asked for before */
		must(blocks(A));
		timer_until(150);
		for (uint32_t n = 0; n < times; n++)
			fire();
		fake_load(A, 1);
		must(timers.cpu[1].ctl == ON && timers.cpu[1].cval == 100);
		must(times || timers.soft[A] == NEVER);
		/* An edge is there once: already seen, or here. */
		must(!now.edge || ppi(1, TIMER_PPI)->pending == !times);
		fake_enter(A);
		one_tick(1);
	}
}

/* Bug 30: no sum overflows, the guest's count wraps with its offset. */
static const struct {
	uint64_t count, offset, cval, at; /* at: 0: has risen */
} moments[] = {
	{ 1000, 0, 2000, 2000 },
	{ 1000, 0, 1000, 0 },
	{ 1000, 0, 0, 0 },
	{ 1000, 0, 1001, 1001 },
	{ 1000, 0, UINT64_MAX, NEVER },
	{ 1000, 0, UINT64_MAX - 1, UINT64_MAX - 1 },
	{ 1000, 400, 700, 1100 },
	{ 1000, 400, UINT64_MAX, NEVER },
	{ 1000, 2000, 5, 0 },
	{ 1000, 0 - 500ull, 2000, 1500 },
	{ 1000, 0 - 500ull, 1400, 0 },
	{ 1000, 0 - 500ull, UINT64_MAX, UINT64_MAX - 500 },
	{ UINT64_MAX - 10, UINT64_MAX - 20, 100, NEVER },
};

static void overflow(void)
{
	for (size_t n = 0; n < sizeof(moments) / sizeof(*moments); n++) {
		now.offset = moments[n].offset;
		start();
		timer_until(moments[n].count);
		guest_timer(0, moments[n].cval, ON);
		fake_put(A);
		if (timers.soft[A] != (moments[n].at ? moments[n].at : NEVER) ||
		    blocks(A) != (moments[n].at != 0))
			fake_wrong("moment %zu", n);
		must(noted(NOTE_SOFT, A, FERRY_NONE) == (moments[n].at && moments[n].at != NEVER));
	}
	now.offset = 0;
}

static void not_armed(void)
{
	guest_timer(0, 100, ON_MASKED);
	timer_until(200);
	fake_put(A);
	must(timers.soft[A] == NEVER && blocks(A));
	load_and_enter(A, 1);
	must(timers.cpu[1].ctl == ON_MASKED && ppi_settle() == 0);
	guest_timer(1, 100, 0);
	fake_put(A);
	must(timers.soft[A] == NEVER && blocks(A));
	fire();
	must(blocks(A));
}

/* ---- a vCPU waits ------------------------------------------------------------------ */

static void wakes(void)
{
	/* Loaded: the timer itself. */
	guest_timer(0, 100, ON);
	must(fake_block(A));
	timer_until(100);
	ppi_take(0, TIMER_PPI);
	must(woken(A));
	fake_enter(A);
	one_tick(0);
	/* Blocked, then put: expired between. */
	guest_timer(0, 200, ON);
	must(fake_block(A));
	timer_until(200);
	fake_put(A);
	must(woken(A));
	load_and_enter(A, 1);
	one_tick(1);
	/* Put, then blocked. */
	guest_timer(1, 300, ON);
	fake_put(A);
	must(fake_block(A));
	timer_until(300);
	must(!woken(A));
	must(fake_block(A));
	timer_softs(2);
	must(woken(A));
	load_and_enter(A, 0);
	one_tick(0);
}

/* It may not be delivered now: nobody is woken, but it pends; enabled by another it wakes. */
static void wakes_when_enabled(void)
{
	if (now.v2)
		return;
	boot(B, 1);
	guest_set(A, REG_ICENABLER, V_TIMER);
	guest_timer(0, 100, ON);
	fake_put(A);
	must(fake_block(A));
	timer_until(100);
	timer_softs(2);
	must(!fake.vcpu[A].woken);
	must(guest_read(B, FERRY_GICR, 0x10000 + REG_ISPENDR, 4) >> V_TIMER & 1);
	guest_write(B, FERRY_GICR, 0x10000 + REG_ISENABLER, 4, 1u << V_TIMER);
	must(woken(A));
	load_and_enter(A, 0);
	one_tick(0);
}

static const struct a_case cases[] = {
	{ tick, SWITCHED, LEVEL, 4, "a tick, linked; its line is looked at when it ends" },
	{ unmask_in_handler, SWITCHED, LEVEL, 4, "R1: unmasked in the handler" },
	{ late_for_nobody, SWITCHED, LEVEL, 4, "R2: late, nobody is resident" },
	{ late_for_nobody, SWITCHED, EDGE, 4, "R2: the same, edge" },
	{ late_for_another, SWITCHED, LEVEL, 4, "R2: late, another is resident" },
	{ late_device, SWITCHED, LEVEL, 4, "R2: late, a device" },
	{ unknown, SWITCHED, LEVEL, 4, "what is not known, or not a vCPU" },
	{ soft_and_load, SWITCHED, LEVEL, 4, "R3: the software timer meets a load" },
	{ soft_and_load, SWITCHED, EDGE, 4, "R3: the same, edge" },
	{ soft_and_load, INJECTED, LEVEL, 4, "R3: the same, injected" },
	{ expiry_and_put, SWITCHED, LEVEL, 4, "it expires during a put" },
	{ expiry_and_put, SWITCHED, EDGE, 4, "the same, edge" },
	{ expiry_and_put, INJECTED, LEVEL, 4, "the same, injected" },
	{ disabled_with_line_high, SWITCHED, LEVEL, 4, "R5: disabled with its line high" },
	{ split_end, SWITCHED, LEVEL, 4, "R8: EOIR, then DIR" },
	{ soft_changes_nothing, SWITCHED, LEVEL, 4, "R10: the software timer changes nothing" },
	{ soft_changes_nothing, SWITCHED, EDGE, 4, "R10: the same, edge" },
	{ evicted, SWITCHED, LEVEL, 1, "R11: out of its list register" },
	{ line_drops_in_handler, SWITCHED, LEVEL, 4, "its line drops in the handler" },
	{ line_drops_before, SWITCHED, LEVEL, 4, "its line drops before it is taken" },
	{ overflow, SWITCHED, LEVEL, 4, "moments near the end of time" },
	{ not_armed, SWITCHED, LEVEL, 4, "masked or off: no software timer" },
	{ wakes, SWITCHED, LEVEL, 4, "it wakes its vCPU" },
	{ wakes_when_enabled, SWITCHED, LEVEL, 4, "disabled it wakes nobody until it is enabled" },
};

int main(void)
{
	return run_cases(cases, sizeof(cases) / sizeof(*cases));
}
