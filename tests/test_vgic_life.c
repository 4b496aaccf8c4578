// SPDX-License-Identifier: MIT
/*
 * The virtual GIC: unlinking an interrupt in every state it can be in; a CPU that goes
 * offline; vCPUs that wait for an interrupt; what a vCPU keeps of its CPU interface.
 */
#include "tests/vgic_cases.h"

/* ---- unlinking --------------------------------------------------------------- */

/* The host: disabled first, and what is in flight is asked for again. */
static void unlink_it(void)
{
	int status = FERRY_E_AGAIN;

	fake.phys[PHYS].enabled = false;
	for (uint32_t n = 0; n < 4 && status == FERRY_E_AGAIN; n++) {
		fake.self = 7;
		status = ferry_vgic_unbind(fake.g, SPI);
		fake_serve();
	}
	must(status == FERRY_OK);
}

/* Nothing is left of it, on either side; and it can be linked again. */
static void is_gone(void)
{
	struct ferry_virq_info info = fake_look(A, SPI);

	must(phys_calm(PHYS));
	must(info.phys == FERRY_NONE && info.routed == FERRY_NONE && info.owner == FERRY_NONE);
	must(!info.active && !info.pending && !info.physical && !info.owed && !info.in_lr);
	must(only(FERRY_NONE, SPI));
	fake_settle();
	fake.phys[PHYS].pending = fake.phys[PHYS].line = false;
	fake.self = 7;
	must(ferry_vgic_physical(fake.g, SPI) == FERRY_E_STATE);
	for (uint32_t v = A; v <= C; v++)
		if (fake.cpu[v].guest)
			guest_eoi(v, SPI); /* of a handler that was under way */
	fake_settle();
	must(phys_calm(PHYS));
	guest_route(C, SPI, B);
	phys_bind(SPI, PHYS, now.edge);
	guest_set(C, REG_ISENABLER, SPI);
	phys_raise(PHYS);
	gets(B);
}

static void unlink_idle(void)
{
	start();
	linked_spi(SPI, PHYS, A);
	unlink_it();
	is_gone();
}

static void unlink_queued(void)
{
	in_register();
	fake_put(A);
	unlink_it();
	is_gone();
}

static void unlink_pending(void)
{
	in_register();
	unlink_it();
	is_gone();
}

static void unlink_active(void)
{
	in_handler();
	unlink_it();
	is_gone();
}

/* Moving: in its old register, once as it was and once as the strategy has it. */
static void unlink_moving(void)
{
	for (uint32_t passes = 0; passes < 2; passes++) {
		in_handler();
		guest_route(C, SPI, B);
		if (passes) {
			pass(A);
		}
		unlink_it();
		is_gone();
	}
}

static void unlink_spilled(void)
{
	for (uint32_t moves = 0; moves < 2; moves++) {
		in_handler();
		if (moves)
			guest_route(C, SPI, B);
		fake_put(A);
		unlink_it();
		is_gone();
	}
}

static void unlink_parked(void)
{
	in_handler();
	fake_power(A, false);
	must(fake_look(A, SPI).active && fake_look(A, SPI).owner == FERRY_NONE);
	unlink_it();
	is_gone();
}

static void unlink_disabled(void)
{
	in_register();
	guest_set(C, REG_ICENABLER, SPI);
	fake_serve();
	must(fake.phys[PHYS].active);
	unlink_it();
	is_gone();
}

static void unlink_nobodys(void)
{
	in_register();
	guest_route(C, SPI, FERRY_NONE);
	pass(A);
	must(fake.phys[PHYS].active && fake_look(A, SPI).owner == FERRY_NONE);
	unlink_it();
	is_gone();
}

/* The guest has ended it, and its register was not folded. */
static void unlink_ended(void)
{
	in_handler();
	guest_eoi(A, SPI);
	unlink_it();
	is_gone();
}

/* ... and it has come again since. */
static void unlink_over(void)
{
	in_handler();
	guest_eoi(A, SPI);
	phys_raise(PHYS);
	phys_take(PHYS, 5);
	must(fake.cpu[A].guest);
	unlink_it();
	is_gone();
}

/* Unlinked while the guest has its end before it: ends between the two calls. */
static void unlink_ends_between(void)
{
	in_handler();
	fake.phys[PHYS].enabled = false;
	fake.self = 7;
	must(ferry_vgic_unbind(fake.g, SPI) == FERRY_E_AGAIN);
	guest_eoi(A, SPI);
	fake_serve();
	/* One more that the host had not waited for only deactivates. */
	fake.phys[PHYS].enabled = true;
	phys_raise(PHYS);
	phys_take(PHYS, 5);
	must(phys_calm(PHYS) && fake.phys[PHYS].taken == 2);
	phys_lower(PHYS);
	fake_serve();
	must(only(FERRY_NONE, SPI));
	unlink_it();
	is_gone();
}

/* ---- a CPU goes -------------------------------------------------------------- */

static void routes_name(uint32_t cpu, uint32_t from)
{
	must(fake.phys[PHYS].route == cpu && fake_look(A, SPI).routed == cpu);
	must(fake_count(FAKE_ROUTE, PHYS, from) == 0);
}

/* CPU 0 goes; A, which was there last, is on no CPU, and goes to 3. */
static void leave(bool active, bool moved)
{
	bool pending = !active;

	if (active)
		in_handler();
	else
		in_register();
	if (moved && active)
		guest_route(C, SPI, B);
	fake_put(A);
	fake_again();
	fake.self = 7;
	ferry_vgic_leave(fake.g, 0, 2);
	if (!moved || now.strategy != FERRY_LAZY_EARLY)
		routes_name(2, 0);
	must(fake.phys[PHYS].route != 0);
	/* No route names it until a vCPU is loaded there. */
	guest_route(C, SPI, C);
	guest_route(C, SPI, A);
	fake_serve();
	must(fake_count(FAKE_ROUTE, PHYS, 0) == 0 && fake.phys[PHYS].route != 0);
	fake_load(A, 3);
	fake_enter(A);
	fake_settle();
	if (active)
		guest_eoi(3, SPI);
	fake_settle();
	must(pending || fake.phys[PHYS].route == 3);
	if (active)
		phys_raise(PHYS);
	gets(A);
	routes_name(3, 0);
	fake_put(A);
	fake_load(A, 0);
	fake_enter(A);
	fake_settle();
	must(fake.phys[PHYS].route == 0);
	phys_raise(PHYS);
	gets(A);
}

static void leave_active(void)
{
	leave(true, false);
}

static void leave_moving(void)
{
	leave(true, true);
}

static void leave_pending(void)
{
	leave(false, false);
}

static void leave_idle(void)
{
	start();
	linked_spi(SPI, PHYS, A);
	linked_spi(SPI + 1, PHYS + 1, B);
	fake_put(A);
	fake_again();
	fake.self = 7;
	ferry_vgic_leave(fake.g, 0, 2);
	routes_name(2, 0);
	must(fake_count(FAKE_ROUTE, FERRY_NONE, FERRY_NONE) == 1); /* not that of B's */
	must(fake.phys[PHYS + 1].route == 1);
	fake_load(A, 3);
	fake_enter(A);
	fake_settle();
	routes_name(3, 0);
}

/* ---- waiting for an interrupt ------------------------------------------------ */

/* A waits, loaded or not. A request from before is served first: "enter". */
static bool waits(bool put)
{
	for (uint32_t n = 0; n < 2; n++) {
		if (put)
			fake_put(A);
		if (fake_block(A))
			return true;
		if (put)
			fake_load(A, A);
		fake_enter(A);
	}
	return false;
}

/* A waits, loaded or not; B does something; A is woken and gets it. */
static void wakes(bool put, void (*by)(void))
{
	must(waits(put));
	fake_again();
	by();
	must(fake.vcpu[A].woken && fake_count(FAKE_KICK, A, FERRY_NONE) == 1);
	if (put) {
		fake.vcpu[A].blocked = fake.vcpu[A].woken = false;
		fake.self = A;
		fake.cpu[A].off = true;
		ferry_vcpu_unblock(fake.g, A);
		fake.cpu[A].off = false;
		fake_load(A, A);
		fake_enter(A);
	}
	fake_settle();
	must(only(A, SPI));
}

static void by_arrival(void)
{
	phys_raise(PHYS);
	phys_take(PHYS, 4);
}

static void by_injection(void)
{
	inject(SPI, true);
}

static void by_enable(void)
{
	guest_set(B, REG_ISENABLER, SPI);
}

static void by_route(void)
{
	guest_route(B, SPI, A);
}

static void by_pend(void)
{
	guest_set(B, REG_ISPENDR, SPI);
}

static void wakes_up(void)
{
	for (uint32_t put = 0; put < 2; put++) {
		start();
		linked_spi(SPI, PHYS, A);
		wakes(put, by_arrival);
		start();
		virtual_spi(SPI, A, now.edge);
		wakes(put, by_injection);
		start();
		virtual_spi(SPI, A, now.edge);
		wakes(put, by_pend);
		start();
		virtual_spi(SPI, A, now.edge);
		guest_set(B, REG_ICENABLER, SPI);
		inject(SPI, true);
		wakes(put, by_enable);
		start();
		virtual_spi(SPI, FERRY_NONE, now.edge);
		inject(SPI, true);
		wakes(put, by_route);
	}
}

static void does_not_block(void)
{
	in_register();
	must(!waits(false));
	must(only(A, SPI));
}

/* An active one is no reason to run. */
static void blocks_active(void)
{
	in_handler();
	must(waits(false));
}

/* Neither is what pended there, and is in a list register of another vCPU now. */
static void blocks_moved(void)
{
	for (uint32_t linked = 0; linked < 2; linked++) {
		if (linked) {
			in_register();
		} else {
			start();
			virtual_spi(SPI, A, now.edge);
			inject(SPI, true);
			fake_settle();
		}
		fake_leave(A);
		fake.vcpu[A].runs = false;
		guest_route(C, SPI, B);
		fake_settle();
		must(only(B, SPI));
		must(fake_block(A));
		fake.vcpu[A].blocked = false;
		ferry_vcpu_unblock(fake.g, A);
		take(B, SPI);
	}
}

/* Neither is what its mask or its groups keep away. */
static void blocks_masked(void)
{
	for (uint32_t put = 0; put < 2; put++) {
		in_register();
		guest_priority(C, SPI, 0x80);
		pass(A);
		guest_interface(A, 0x80, false, 3);
		must(waits(put));
		in_register();
		guest_priority(C, SPI, 0x78);
		pass(A);
		guest_interface(A, 0x80, false, 3);
		must(!waits(put));
		in_register();
		guest_interface(A, 0xff, false, 2);
		must(waits(put));
	}
}

/* ---- what is a vCPU's -------------------------------------------------------- */

/* With one, two and four registers of active priorities. Another vCPU is on the CPU meanwhile. */
static void interface_kept(void)
{
	for (uint32_t aprs = 1; aprs <= 4; aprs *= 2) {
		uint64_t vmcr, ap[8];

		if (now.machine == V2_ON_GICH && aprs > 1)
			continue;
		configure();
		config.aprs = (uint8_t)aprs;
		fake_guest(&config);
		fake_boot(A, A);
		guest_dist(A, true);
		for (uint32_t n = 0; n < 3; n++) {
			guest_edge(A, SPI + n, true);
			guest_route(A, SPI + n, A);
			guest_priority(A, SPI + n, (uint8_t)(0xd8 - 0x40 * n));
			guest_group(A, SPI + n, n & 1);
			guest_set(A, REG_ISENABLER, SPI + n);
			inject(SPI + n, true);
			fake_settle();
			handle(A, SPI + n);
		}
		guest_interface(A, 0xe8, true, 3);
		vmcr = fake.cpu[A].vmcr;
		for (uint32_t n = 0; n < 8; n++)
			ap[n] = fake.cpu[A].ap[n];
		fake_put(A);
		fake_boot(B, A);
		must(guest_sees(A) == FAKE_SPURIOUS && fake.cpu[A].ap[0] == 0 &&
		     fake.cpu[A].ap[4] == 0);
		fake_load(A, 5);
		fake_enter(A);
		must(fake.cpu[5].vmcr == vmcr);
		for (uint32_t n = 0; n < 8; n++)
			must(fake.cpu[5].ap[n] == ap[n]);
	}
}

static const struct named_case cases[] = {
	CASE("unlinked: idle", unlink_idle),
	CASE("unlinked: queued", unlink_queued),
	CASE("unlinked: pending in a list register", unlink_pending),
	CASE("unlinked: active in a list register", unlink_active),
	CASE("unlinked: active and moving", unlink_moving),
	CASE("unlinked: active, its vCPU descheduled", unlink_spilled),
	CASE("unlinked: active, its vCPU off", unlink_parked),
	CASE("unlinked: pending and disabled", unlink_disabled),
	CASE("unlinked: pending, target nobody", unlink_nobodys),
	CASE("unlinked: ended, not folded", unlink_ended),
	CASE("unlinked: ended, not folded, and has come again", unlink_over),
	CASE("unlinked: ends between two calls", unlink_ends_between),
	CASE("a CPU leaves: active", leave_active),
	CASE("a CPU leaves: active and moving", leave_moving),
	CASE("a CPU leaves: pending", leave_pending),
	CASE("a CPU leaves: idle", leave_idle),
	CASE("what wakes a vCPU", wakes_up),
	CASE("what is pending keeps it from waiting", does_not_block),
	CASE("what is active does not", blocks_active),
	CASE("what went to another does not", blocks_moved),
	CASE("what is masked does not", blocks_masked),
	CASE("the CPU interface is the vCPU's", interface_kept),
};

int main(void)
{
	run_cases(cases, COUNT(cases), 4);
	return tap_done();
}
