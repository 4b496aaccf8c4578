// SPDX-License-Identifier: MIT
/*
 * The three strategies of the virtual GIC: what happens to an interrupt that the guest moves
 * while it is in flight. Each case on each machine, edge and level, with and without
 * FERRY_VGIC_ASK; each physical activation is deactivated exactly once.
 */
#include "tests/vgic_cases.h"

/* ---- how cases end ----------------------------------------------------------- */

/* `vcpu` alone gets it, `count` came since the beginning, and nothing is left. */
static void gets_last(uint32_t vcpu, uint32_t count)
{
	struct ferry_virq_info info;

	gets(vcpu);
	must(fake.phys[PHYS].taken == count);
	fake_leave(vcpu);
	info = fake_look(A, SPI);
	must(info.owner == FERRY_NONE && !info.active && !info.pending && !info.physical);
	must(!info.owed && info.asked == info.arrived);
	must(info.routed == fake.vcpu[info.target].cpu && info.routed == fake.phys[PHYS].route);
}

/* Nobody gets it, and nothing is left. */
static void nobody_gets(void)
{
	fake_settle();
	must(only(FERRY_NONE, SPI));
	must(phys_calm(PHYS));
}

/* ---- active, and moved ------------------------------------------------------- */

static void never_again(void)
{
	for (uint32_t passes = 0; passes < 2; passes++) {
		in_handler();
		guest_route(C, SPI, B);
		fake_settle();
		if (passes) {
			pass(A);
			must(fake_look(A, SPI).active);
		}
		must(fake_look(A, SPI).owner == A);
		guest_eoi(A, SPI);
		nobody_gets();
		phys_raise(PHYS);
		gets_last(B, 2);
	}
}

static void second_instance(void)
{
	in_handler();
	guest_route(C, SPI, B);
	phys_raise(PHYS);
	fake_settle();
	must(only(FERRY_NONE, SPI));
	must(fake.phys[PHYS].taken == 1);
	guest_eoi(A, SPI);
	gets_last(B, 2);
}

/* It may have been on its way to any CPU when the route changed. */
static void lands_anywhere(void)
{
	for (uint32_t cpu = 0; cpu < FAKE_CPUS; cpu++) {
		in_handler();
		guest_route(C, SPI, B);
		fake_settle();
		guest_eoi(A, SPI);
		phys_raise(PHYS);
		if (!phys_ready(PHYS))
			fake_serve();
		phys_take(PHYS, cpu);
		gets_last(B, 2);
	}
}

/* Twice, the old list register not folded in between: it has ended both times. */
static void lands_twice(void)
{
	in_handler();
	guest_route(C, SPI, B);
	guest_eoi(A, SPI);
	phys_raise(PHYS);
	if (!phys_ready(PHYS))
		fake_serve();
	phys_take(PHYS, 5);
	fake_serve();
	must(only(B, SPI));
	handle(B, SPI);
	phys_lower(PHYS);
	guest_route(C, SPI, A);
	guest_eoi(B, SPI);
	phys_raise(PHYS);
	if (!phys_ready(PHYS))
		fake_serve();
	phys_take(PHYS, 5);
	gets_last(A, 3);
}

static void there_and_back(void)
{
	for (uint32_t passes = 0; passes < 4; passes++) {
		in_handler();
		guest_route(C, SPI, B);
		fake_serve();
		if (passes & 1)
			pass(A);
		guest_route(C, SPI, A);
		fake_serve();
		if (passes & 2)
			pass(A);
		phys_raise(PHYS);
		guest_eoi(A, SPI);
		gets_last(A, 2);
	}
}

static void several_moves(void)
{
	static const uint32_t way[] = { B, C, A, C, FERRY_NONE, B };

	for (uint32_t passes = 0; passes < 2; passes++) {
		in_handler();
		for (uint32_t n = 0; n < sizeof(way) / sizeof(*way); n++) {
			uint8_t asked = fake_look(A, SPI).asked;

			guest_route(C, SPI, way[n]);
			must(fake_look(A, SPI).asked == (uint8_t)(asked + 1));
			must(fake_look(A, SPI).target == way[n]);
			if (passes)
				pass(A);
		}
		must(fake_look(A, SPI).asked != fake_look(A, SPI).arrived);
		phys_raise(PHYS);
		fake_settle();
		guest_eoi(A, SPI);
		gets_last(B, 2);
	}
}

static void descheduled_active(void)
{
	for (uint32_t cpu = 0; cpu <= 3; cpu += 3) {
		in_handler();
		fake_put(A);
		guest_route(C, SPI, B);
		phys_raise(PHYS);
		fake_settle();
		must(only(FERRY_NONE, SPI) && fake_look(A, SPI).owner == A);
		fake_load(A, cpu);
		fake_enter(A);
		fake_settle();
		guest_eoi(cpu, SPI);
		gets_last(B, 2);
	}
}

static void descheduled_pending(void)
{
	in_register();
	fake_put(A);
	must(fake_look(A, SPI).owner == A);
	fake_again();
	guest_route(C, SPI, B);
	must(fake_look(A, SPI).owner == B);
	must(fake_count(FAKE_KICK, B, B) == 1 && fake_count(FAKE_KICK, A, FERRY_NONE) == 0);
	gets_last(B, 1);
}

/* H2: the old owner goes to another CPU, and another vCPU is where it was. */
static void hop(void)
{
	for (uint32_t early = 0; early < 2; early++) {
		in_handler();
		if (early)
			guest_route(C, SPI, B);
		fake_put(A);
		fake_boot(D, 0);
		if (!early)
			guest_route(C, SPI, B);
		fake_load(A, 3);
		fake_enter(A);
		fake_settle();
		phys_raise(PHYS);
		fake_settle();
		guest_eoi(3, SPI);
		gets_last(B, 2);
	}
}

/* The same, and the second one comes to the CPU where the first was taken. */
static void hop_late(void)
{
	in_handler();
	guest_route(C, SPI, B);
	fake_put(A);
	fake_boot(D, 0);
	fake_load(A, 3);
	fake_enter(A);
	guest_eoi(3, SPI);
	phys_raise(PHYS);
	if (!phys_ready(PHYS))
		fake_serve();
	phys_take(PHYS, 0);
	gets_last(B, 2);
}

/* Not moved by the guest: the physical route follows the vCPU. */
static void follows(void)
{
	in_handler();
	fake_put(A);
	fake_load(A, 3);
	fake_enter(A);
	guest_eoi(3, SPI);
	fake_settle();
	must(fake.phys[PHYS].route == 3);
	phys_raise(PHYS);
	gets_last(A, 2);
}

/* ---- power ------------------------------------------------------------------- */

enum { BEFORE, AFTER, NOT_MOVED };

/* H4: what is active on a vCPU that goes off is nobody's until ICACTIVER or DIR. */
static void off_active(void)
{
	for (uint32_t n = 0; n < 6; n++) {
		uint32_t moved = n % 3;

		in_handler();
		if (moved == BEFORE)
			guest_route(C, SPI, B);
		fake_power(A, false);
		if (moved == AFTER)
			guest_route(C, SPI, B);
		must(fake_look(A, SPI).owner == FERRY_NONE && fake_look(A, SPI).active);
		phys_raise(PHYS);
		fake_settle();
		must(only(FERRY_NONE, SPI) && fake.phys[PHYS].active);
		if (n < 3)
			guest_set(B, REG_ICACTIVER, SPI);
		else
			guest_dir(B, SPI);
		must(fake.phys[PHYS].ended == 1);
		fake_settle();
		if (moved == NOT_MOVED) {
			must(only(FERRY_NONE, SPI));
			fake_power(A, true);
			gets_last(A, 2);
		} else {
			gets_last(B, 2);
		}
	}
}

static void off_pending(void)
{
	for (uint32_t moves = 0; moves < 2; moves++) {
		in_register();
		fake_power(A, false);
		fake_settle();
		must(only(FERRY_NONE, SPI) && fake_look(A, SPI).pending);
		must(fake_look(A, SPI).owner == FERRY_NONE && fake.phys[PHYS].active);
		if (moves)
			guest_route(C, SPI, B);
		fake_power(A, true);
		gets_last(moves ? B : A, 1);
	}
}

/* To a vCPU that is off: it waits, physically active, and goes where the guest says then. */
static void to_one_that_is_off(void)
{
	in_register();
	fake_power(B, false);
	guest_route(C, SPI, B);
	pass(A);
	fake_settle();
	must(only(FERRY_NONE, SPI) && fake.phys[PHYS].active);
	fake_power(B, true);
	gets_last(B, 1);
}

/* ---- disabled in flight ------------------------------------------------------ */

/* H1: disable, move, enable. When the access is over, nobody can take it any more. */
static void disabled_pending(void)
{
	in_register();
	guest_set(C, REG_ICENABLER, SPI);
	must(only(FERRY_NONE, SPI));
	fake_settle();
	must(only(FERRY_NONE, SPI) && fake_look(A, SPI).owner == FERRY_NONE);
	must(fake.phys[PHYS].active && fake_look(A, SPI).pending);
	guest_route(C, SPI, B);
	fake_settle();
	must(only(FERRY_NONE, SPI));
	guest_set(C, REG_ISENABLER, SPI);
	gets_last(B, 1);
}

static void arrives_disabled(void)
{
	start();
	linked_spi(SPI, PHYS, A);
	guest_set(C, REG_ICENABLER, SPI);
	phys_raise(PHYS);
	fake_settle();
	must(only(FERRY_NONE, SPI) && fake.phys[PHYS].taken == 1);
	guest_route(C, SPI, B);
	guest_set(A, REG_ISENABLER, SPI);
	gets_last(B, 1);
}

/* E12: disabled while it is active: it is ended as always. */
static void disabled_active(void)
{
	for (uint32_t moves = 0; moves < 2; moves++) {
		in_handler();
		guest_set(A, REG_ICENABLER, SPI);
		if (moves)
			guest_route(C, SPI, B);
		must(fake_look(A, SPI).owner == A && fake_look(A, SPI).active);
		guest_eoi(A, SPI);
		nobody_gets();
		phys_raise(PHYS);
		fake_settle();
		must(only(FERRY_NONE, SPI));
		guest_set(B, REG_ISENABLER, SPI);
		gets_last(moves ? B : A, 2);
	}
}

/* ---- registers full, levels, priorities, nobody ------------------------------ */

/* One of higher priority comes on top; with one register the first is put out of it. */
static void nested(void)
{
	in_handler();
	virtual_spi(SPI + 1, A, true);
	guest_priority(C, SPI, 0xa0);
	guest_set(A, REG_ICACTIVER, SPI); /* begin again, with that priority */
	guest_eoi(A, SPI);
	phys_raise(PHYS);
	fake_settle();
	handle(A, SPI);
	phys_lower(PHYS);
	inject(SPI + 1, true);
	fake_settle();
	handle(A, SPI + 1);
	guest_route(C, SPI, B);
	fake_serve();
	phys_raise(PHYS);
	fake_settle();
	guest_eoi(A, SPI + 1);
	fake_serve();
	guest_eoi(A, SPI);
	gets_last(B, 3);
}

static void line_drops(void)
{
	if (now.edge)
		return;
	in_handler();
	guest_route(C, SPI, B);
	phys_raise(PHYS);
	fake_settle();
	phys_lower(PHYS);
	guest_eoi(A, SPI);
	nobody_gets();
	phys_raise(PHYS);
	fake_settle();
	must(only(B, SPI));
	/* Not taken yet: when B next leaves, it was never there. */
	phys_lower(PHYS);
	pass(B);
	nobody_gets();
	phys_raise(PHYS);
	gets_last(B, 3);
}

static void priority_written(void)
{
	in_handler();
	guest_route(C, SPI, B);
	guest_priority(C, SPI, 0x10);
	phys_raise(PHYS);
	fake_settle();
	must(only(FERRY_NONE, SPI));
	guest_eoi(A, SPI);
	fake_settle();
	must(only(B, SPI) && fake_lr(B, fake_lr_of(B, SPI) % now.lrs).priority == 0x10);
	gets_last(B, 2);
}

static void to_nobody(void)
{
	in_handler();
	guest_route(C, SPI, FERRY_NONE);
	fake_serve();
	guest_eoi(A, SPI);
	phys_raise(PHYS);
	fake_settle();
	must(only(FERRY_NONE, SPI) && fake_look(A, SPI).owner == FERRY_NONE);
	guest_route(C, SPI, B);
	gets_last(B, 2);
}

static void pending_to_nobody(void)
{
	in_register();
	guest_route(C, SPI, FERRY_NONE);
	fake_serve();
	pass(A);
	fake_settle();
	must(only(FERRY_NONE, SPI) && fake_look(A, SPI).pending);
	guest_route(C, SPI, C);
	gets_last(C, 1);
}

/* ---- pending, and moved ------------------------------------------------------ */

/* Queued behind one that outranks it, or descheduled: it moves without its old owner. */
static void queued(void)
{
	start();
	if (now.lrs > 1) {
		linked_spi(SPI, PHYS, A);
		phys_raise(PHYS);
		fake_settle();
		fake_put(A);
	} else {
		guest_priority(C, SPI, 0xa0);
		virtual_spi(SPI + 1, A, true);
		inject(SPI + 1, true);
		linked_spi(SPI, PHYS, A);
		phys_raise(PHYS);
		fake_settle();
		must(guest_sees(A) == SPI + 1);
	}
	must(fake_look(A, SPI).owner == A && !fake_look(A, SPI).in_lr);
	fake_again();
	guest_route(C, SPI, B);
	must(fake_look(A, SPI).owner == B && fake.phys[PHYS].route == B);
	must(fake_count(FAKE_KICK, A, FERRY_NONE) == 0 && fake_count(FAKE_KICK, B, B) == 1);
	gets_last(B, 1);
}

/* H3: in a list register, not taken. FERRY_VGIC_ASK is one kick of the old owner. */
static void pending_in_register(void)
{
	in_register();
	fake_again();
	guest_route(C, SPI, B);
	must(fake_count(FAKE_KICK, A, A) == now.ask);
	if (!now.ask) {
		fake_serve();
		must(only(A, SPI));
		pass(A);
	}
	fake_serve();
	must(only(B, SPI));
	gets_last(B, 1);
}

/* The old owner takes it after the route was written, as it may; the next is the new one's. */
static void taken_by_the_old(void)
{
	in_register();
	guest_route(C, SPI, B);
	handle(A, SPI);
	phys_lower(PHYS);
	fake_settle();
	must(only(FERRY_NONE, SPI));
	guest_eoi(A, SPI);
	phys_raise(PHYS);
	gets_last(B, 2);
}

/* H5: a second write is not refused, and the register says what was written last. */
static void reads_back(void)
{
	in_handler();
	for (uint32_t n = 0; n < 8; n++) {
		uint32_t target = n % 3;

		guest_route(C, SPI, target);
		if (now.machine == V3_ON_ICH)
			must(guest_read(C, FERRY_GICD, REG_IROUTER + 8 * SPI, 8) ==
			     mpidrs[target].value);
		else
			must(guest_read(C, FERRY_GICD, REG_ITARGETSR + SPI, 1) == 1u << target);
		must(fake_look(A, SPI).target == target && fake_look(A, SPI).owner == A);
	}
	guest_eoi(A, SPI);
	fake_settle();
	phys_raise(PHYS);
	gets_last(7 % 3, 2);
}

/* ---- purely virtual (H6) ----------------------------------------------------- */

static void virtual_in_handler(void)
{
	start();
	virtual_spi(SPI, A, now.edge);
	inject(SPI, true);
	fake_settle();
	handle(A, SPI);
	inject(SPI, false);
}

static void virtual_gets(uint32_t vcpu)
{
	fake_settle();
	must(only(vcpu, SPI));
	handle(vcpu, SPI);
	inject(SPI, false);
	guest_eoi(fake.vcpu[vcpu].cpu, SPI);
	fake_settle();
	must(only(FERRY_NONE, SPI));
	fake_leave(vcpu);
	must(fake_look(A, SPI).owner == FERRY_NONE && !fake_look(A, SPI).pending);
}

static void virtual_moved(void)
{
	for (uint32_t first = 0; first < 2; first++) {
		virtual_in_handler();
		if (first)
			guest_route(C, SPI, B);
		inject(SPI, true);
		fake_settle();
		if (!first)
			guest_route(C, SPI, B);
		fake_settle();
		if (!first && !now.ask) /* as it may: its end is not told to anybody */
			pass(A);
		must(only(FERRY_NONE, SPI) && fake_look(A, SPI).owner == A);
		guest_eoi(A, SPI);
		virtual_gets(B);
	}
}

static void virtual_line_drops(void)
{
	virtual_in_handler();
	guest_route(C, SPI, B);
	if (!now.edge) {
		inject(SPI, true);
		fake_settle();
		inject(SPI, false);
		fake_settle();
	}
	guest_eoi(A, SPI);
	fake_settle();
	must(only(FERRY_NONE, SPI));
	inject(SPI, true);
	virtual_gets(B);
}

static void virtual_pending_moved(void)
{
	start();
	virtual_spi(SPI, A, now.edge);
	inject(SPI, true);
	fake_settle();
	guest_route(C, SPI, B);
	fake_serve();
	pass(A);
	virtual_gets(B);
}

/* ---- physical side ----------------------------------------------------------- */

/* When is the physical route changed? */
static void when_routed(void)
{
	in_handler();
	must(fake.phys[PHYS].route == A);
	fake_again();
	guest_route(C, SPI, B);
	must(fake.phys[PHYS].route == (now.strategy == FERRY_LAZY_EARLY ? B : A));
	must(fake_count(FAKE_KICK, A, A) == now.ask);
	fake_serve();
	pass(A);
	must(fake.phys[PHYS].route == (now.strategy == FERRY_LAZY_EARLY ? B : A));
	guest_eoi(A, SPI);
	fake_serve();
	if (now.strategy != FERRY_MAINTENANCE) {
		must(fake_count(FAKE_ENDED, PHYS, FERRY_NONE) == 1);
		fake_leave(A);
	}
	must(fake.phys[PHYS].route == B && phys_calm(PHYS));
}

/* FERRY_MAINTENANCE: unlinked, with an EOI request; deactivated once, after the route. */
static void unlinked(void)
{
	struct fake_lr lr;
	bool is = now.strategy == FERRY_MAINTENANCE;

	in_handler();
	guest_route(C, SPI, B);
	fake_serve();
	pass(A);
	lr = fake_lr(A, fake_lr_of(A, SPI) % now.lrs);
	must(lr.state == 2 && lr.hw == !is && lr.eoi == is);
	must(fake_look(A, SPI).owed == is && fake.phys[PHYS].active);
	fake_again();
	guest_eoi(A, SPI);
	fake_serve();
	if (is) {
		uint32_t route = fake_find(0, FAKE_ROUTE, PHYS, B);
		uint32_t end = fake_find(0, FAKE_PHYS_CALL, PHYS, FERRY_PHYS_DEACTIVATE);

		must(fake_count(FAKE_PHYS_CALL, PHYS, FERRY_PHYS_DEACTIVATE) == 1);
		must(route != FERRY_NONE && end != FERRY_NONE && route < end);
	} else {
		must(fake_count(FAKE_PHYS_CALL, PHYS, FERRY_PHYS_DEACTIVATE) == 0);
	}
	must(phys_calm(PHYS));
}

/* The debt outlives the route's way back. */
static void debt(void)
{
	bool is = now.strategy == FERRY_MAINTENANCE;

	in_handler();
	guest_route(C, SPI, B);
	fake_serve();
	pass(A);
	guest_route(C, SPI, A);
	fake_serve();
	pass(A);
	must(fake_look(A, SPI).owed == is);
	must(fake_lr(A, fake_lr_of(A, SPI) % now.lrs).hw == !is);
	phys_raise(PHYS);
	guest_eoi(A, SPI);
	gets_last(A, 2);
}

/* ICACTIVER and DIR of one that is moving: route first here, too. */
static void deactivated_moving(void)
{
	for (uint32_t dir = 0; dir < 2; dir++) {
		uint32_t route, end;

		in_handler();
		fake_again();
		guest_route(C, SPI, B);
		if (dir)
			guest_dir(B, SPI);
		else
			guest_set(B, REG_ICACTIVER, SPI);
		route = fake_find(0, FAKE_ROUTE, PHYS, B);
		end = fake_find(0, FAKE_PHYS_CALL, PHYS, FERRY_PHYS_DEACTIVATE);
		must(route != FERRY_NONE && end != FERRY_NONE && route < end);
		must(phys_calm(PHYS));
		fake_serve();
		guest_eoi(A, SPI); /* late: drops the priority */
		phys_raise(PHYS);
		gets_last(B, 2);
	}
}

/* E9: ICPENDR of one that pends: it is gone, and the physical one is deactivated; a line that
 * is high brings it again. */
static void withdrawn_pending(void)
{
	in_register();
	guest_set(B, REG_ICPENDR, SPI);
	must(only(FERRY_NONE, SPI) && phys_calm(PHYS));
	fake_settle();
	must(fake.phys[PHYS].taken == (now.edge ? 1 : 2));
	if (now.edge)
		must(only(FERRY_NONE, SPI));
	else
		gets_last(A, 2);
}

/* ICPENDR of one that is active, and has come again: the second is gone, the first is ended by
 * the guest and by nobody else. */
static void withdrawn_active(void)
{
	for (uint32_t moves = 0; moves < 2; moves++) {
		in_handler();
		if (moves)
			guest_route(C, SPI, B);
		phys_raise(PHYS);
		guest_set(B, REG_ICPENDR, SPI);
		must(fake.phys[PHYS].active && fake.phys[PHYS].ended == 0);
		fake_settle();
		must(only(FERRY_NONE, SPI) && fake.phys[PHYS].active);
		guest_eoi(A, SPI);
		if (now.edge)
			nobody_gets();
		else
			gets_last(moves ? B : A, 2);
	}
}

static const struct named_case cases[] = {
	CASE("moved while active, no second instance", never_again),
	CASE("second instance while active", second_instance),
	CASE("the second instance lands on any CPU", lands_anywhere),
	CASE("instance over, twice", lands_twice),
	CASE("A, B, A", there_and_back),
	CASE("several moves before the end", several_moves),
	CASE("moved while descheduled, active", descheduled_active),
	CASE("moved while descheduled, pending", descheduled_pending),
	CASE("H2: the owner changes its CPU", hop),
	CASE("H2: ... and the next one comes to the old CPU", hop_late),
	CASE("the physical route follows the vCPU", follows),
	CASE("H4: the owner powers off, active", off_active),
	CASE("H4: the owner powers off, pending", off_pending),
	CASE("to a vCPU that is off", to_one_that_is_off),
	CASE("H1: disabled while it pends", disabled_pending),
	CASE("H1: arrives while disabled", arrives_disabled),
	CASE("E12: disabled while active", disabled_active),
	CASE("registers full", nested),
	CASE("the line drops", line_drops),
	CASE("the priority changes", priority_written),
	CASE("target nobody, active", to_nobody),
	CASE("target nobody, pending", pending_to_nobody),
	CASE("a queued one moves at once", queued),
	CASE("H3: pending in a list register", pending_in_register),
	CASE("H3: ... taken by the old owner", taken_by_the_old),
	CASE("H5: routes written again and again", reads_back),
	CASE("H6: purely virtual, second instance", virtual_moved),
	CASE("H6: purely virtual, the line drops", virtual_line_drops),
	CASE("H6: purely virtual, pending", virtual_pending_moved),
	CASE("when the physical route changes", when_routed),
	CASE("unlinked, with an EOI request", unlinked),
	CASE("the debt outlives A, B, A", debt),
	CASE("deactivated by another vCPU while moving", deactivated_moving),
	CASE("E9: withdrawn while it pends", withdrawn_pending),
	CASE("E9: withdrawn while active", withdrawn_active),
};

int main(void)
{
	for (uint32_t lrs = 1; lrs <= 4; lrs += 3) {
		run_cases(cases, COUNT(cases), lrs);
		diag("these were %u list registers", lrs);
	}
	return tap_done();
}
