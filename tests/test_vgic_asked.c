/* SPDX-License-Identifier: MIT */
/*
 * What a review of the virtual GIC asked: each of these was wrong once. On the host of the
 * unit tests: fake_vgic.h, fake_timer.h.
 */
#include "tests/resident_cases.h"

static const struct ferry_mpidr both[] = { { 0 }, { 1 } };

static void two_vcpus(const struct ferry_vgic_variant *variant, const struct ferry_lr_format *lrs)
{
	static struct ferry_vgic_config k;

	k = (struct ferry_vgic_config){ .variant = variant,
					.hardware = lrs,
					.lrs = 4,
					.vcpus = 2,
					.mpidrs = both,
					.spis = 64 };

	fake_guest(&k);
	fake_boot(0, 0);
	fake_boot(1, 1);
	guest_dist(0, true);
}

/* ---- A's PPI, written by B while A is loaded and not in the guest ---------------------- */

static void write_of(uint32_t by, uint32_t of, uint32_t reg)
{
	guest_write(by, FERRY_GICR, of * 0x20000u + 0x10000u + reg, 4, 1u << V_DEVICE);
}

static uint32_t read_of(uint32_t by, uint32_t of, uint32_t reg)
{
	return (uint32_t)guest_read(by, FERRY_GICR, of * 0x20000u + 0x10000u + reg, 4) >> V_DEVICE &
	       1;
}

static void out_of_guest(bool edge)
{
	now.v2 = now.gich = false;
	now.edge = edge;
	now.scheme = FERRY_RESIDENT_SWITCHED;
	now.lrs = 4;
	start();
	boot(B, 1);
	fake_leave(A);
	fake.vcpu[A].runs = false;
}

static void cleared_then_set(void)
{
	out_of_guest(true);
	write_of(B, A, REG_ICPENDR);
	write_of(B, A, REG_ISPENDR);
	is_int(read_of(B, A, REG_ISPENDR), 1,
	       "ICPENDR, ISPENDR of another's PPI: it reads as pending");
	fake_enter(A);
	fake_settle();
	is_int(guest_sees(0), V_DEVICE, "... and comes");
}

static void cleared_then_an_edge(void)
{
	out_of_guest(true);
	write_of(B, A, REG_ICPENDR);
	ppi(0, DEVICE_PPI)->pending = true;
	ppi_take(0, DEVICE_PPI);
	fake_enter(A);
	fake_settle();
	is_int(guest_sees(0), V_DEVICE,
	       "ICPENDR of another's PPI, then an edge of the device: it comes");
}

static void activated_and_not(void)
{
	out_of_guest(false);
	write_of(B, A, REG_ISACTIVER);
	is_int(read_of(B, A, REG_ISACTIVER), 1, "ISACTIVER of another's PPI: it reads as active");
	write_of(B, A, REG_ICACTIVER);
	is_int(read_of(B, A, REG_ISACTIVER), 0, "ICACTIVER: it does not any more");
	fake_enter(A);
	device_line(0, true);
	ppi_settle();
	is_int(guest_sees(0), V_DEVICE, "... and comes when its line rises");
}

/* ---- power ---------------------------------------------------------------------------- */

static int again;

static void power_on(void)
{
	fake.self = 1;
	again = ferry_vcpu_power(fake.g, 0, true);
}

/* CPU_ON at each moment of CPU_OFF: refused; what was active is with nobody then. */
static void on_while_going(void)
{
	uint32_t when, wrong = 0, moments = 0;

	for (when = 0; when < 300; when++) {
		two_vcpus(&ferry_vgicv3, &ferry_ich);
		guest_edge(0, 40, true);
		guest_route(0, 40, 0);
		guest_set(0, REG_ISENABLER, 40);
		guest_set(0, REG_ISPENDR, 40);
		fake_settle();
		wrong += guest_ack(0) != 40;
		fake_leave(0);
		fake.self = 0;
		fake.cpu[0].off = true;
		again = 99;
		fake.hook = power_on;
		fake.hook_in = when;
		wrong += ferry_vcpu_power(fake.g, 0, false) != FERRY_OK;
		fake.cpu[0].off = false;
		if (fake.hook) {
			fake.hook = NULL;
			break;
		}
		moments++;
		wrong += again == FERRY_OK && fake_look(0, 40).owner != FERRY_NONE;
	}
	is_int(wrong, 0, "CPU_ON in the middle of CPU_OFF: the new life owns nothing of the old");
	is_int(moments > 10, true, "... at each of its moments");
}

/* ---- the rest ------------------------------------------------------------------------- */

static void line_of_an_edge(void)
{
	two_vcpus(&ferry_vgicv3, &ferry_ich);
	guest_route(0, 41, 0);
	guest_set(0, REG_ISENABLER, 41);
	is_int(ferry_vgic_inject(fake.g, 0, 41, true), FERRY_OK, "a line rises");
	guest_edge(0, 41, true);
	is_int(ferry_vgic_inject(fake.g, 0, 41, false), FERRY_OK,
	       "it drops while the guest calls it an edge");
	guest_edge(0, 41, false);
	fake_settle();
	is_int(guest_sees(0), FAKE_SPURIOUS, "... and is low when that calls it a level again");
}

static void numbers(void)
{
	two_vcpus(&ferry_vgicv3, &ferry_ich);
	is_int(ferry_vgic_bind(fake.g, 42, 1020, true), FERRY_E_INVALID, "bind: 1020 is no SPI");
	is_int(ferry_vgic_bind(fake.g, 42, 9000, true), FERRY_E_INVALID, "bind: nor is 9000");
	two_vcpus(&ferry_vgicv2, &ferry_gich);
	is_int(ferry_vgic_bind(fake.g, 42, 2124, true), FERRY_E_INVALID,
	       "bind: a GICH has ten bits for it");
}

static void leave_unrouted(void)
{
	two_vcpus(&ferry_vgicv2, &ferry_gich);
	fake.phys[100].route = 3;
	phys_bind(40, 100, true);
	ferry_vgic_leave(fake.g, 3, 0);
	is_int(fake.phys[100].route, 0, "leave: one that was never routed does not stay behind");
}

static void wait_in_a_handler(void)
{
	two_vcpus(&ferry_vgicv3, &ferry_ich);
	for (uint32_t n = 40; n < 42; n++) {
		guest_edge(0, n, true);
		guest_route(0, n, 0);
		guest_priority(0, n, n == 40 ? 0x40 : 0x80);
		guest_set(0, REG_ISENABLER, n);
	}
	guest_set(1, REG_ISPENDR, 40);
	fake_settle();
	is_int(guest_ack(0), 40, "in a handler");
	guest_set(1, REG_ISPENDR, 41);
	fake_settle();
	is_int(guest_sees(0), FAKE_SPURIOUS, "what comes is below its priority");
	is_int(fake_block(0), true, "WFI blocks");
}

int main(void)
{
	(void)run_cases; /* the other users of that header have tables */
	cleared_then_set();
	cleared_then_an_edge();
	activated_and_not();
	on_while_going();
	line_of_an_edge();
	numbers();
	leave_unrouted();
	wait_in_a_handler();
	is_int(fake.wrongs, 0, "no rule of the host's was broken");
	return tap_done();
}
