// SPDX-License-Identifier: MIT
/*
 * The virtual GIC: what comes where its vCPU is loaded, between exit and entry
 * (ferry_vcpu_inject, ferry_vcpu_physical): straight into a list register, and everything that
 * may happen before the entry. Each case on each machine, edge and level.
 */
#include "tests/vgic_cases.h"

#define OTHER 50u

/* ---- how cases begin and end ------------------------------------------------- */

/* Between exit and entry, interrupts off: A's CPU is here. */
static void on_its_cpu(void)
{
	fake.self = fake.vcpu[A].cpu;
	fake.cpu[fake.self].off = true;
}

/* SPI is A's and enabled; A has looked at all that was said, and has just left the guest. */
static void left(void)
{
	start();
	virtual_spi(SPI, A, now.edge);
	guest_priority(C, SPI, 0xa0);
	fake_settle();
	fake_leave(A);
	on_its_cpu();
}

static void comes(uint32_t intid)
{
	on_its_cpu();
	must(ferry_vcpu_inject(fake.g, A, intid) == FERRY_OK);
}

static bool is_in_register(uint32_t intid)
{
	return fake_lr_of(fake.vcpu[A].cpu, intid) != FERRY_NONE;
}

/* It waits in a list register for the entry. */
static void waiting(void)
{
	left();
	comes(SPI);
	must(is_in_register(SPI));
}

static void exits(void)
{
	on_its_cpu();
	ferry_vcpu_exit(fake.g, A);
	fake.cpu[fake.self].off = false;
}

/* `vcpu` gets it, once. */
static void delivered(uint32_t vcpu)
{
	fake_settle();
	must(only(vcpu, SPI));
	handle(vcpu, SPI);
	if (!now.edge)
		inject(SPI, false);
	guest_eoi(fake.vcpu[vcpu].cpu, SPI);
	fake_settle();
	must(only(FERRY_NONE, SPI));
}

/* What others do must wait until A has looked: this is where it goes on. */
static void enters(void)
{
	fake_enter_once(A);
}

/* A physical one is acknowledged on A's CPU. */
static void physical(void)
{
	phys_ack(PHYS, fake.vcpu[A].cpu);
	on_its_cpu();
	must(ferry_vcpu_physical(fake.g, A, SPI) == FERRY_OK);
}

/* The same as left(), of a linked one. */
static void left_linked(void)
{
	start();
	linked_spi(SPI, PHYS, A);
	fake_settle();
	phys_raise(PHYS);
}

/* ---- straight in ------------------------------------------------------------- */

/* The entry looks at no interrupt again. */
static void straight(void)
{
	uint32_t locks;

	waiting();
	must(fake_lr(A, fake_lr_of(A, SPI)).state == 1);
	must(fake_lr(A, fake_lr_of(A, SPI)).priority == 0xa0);
	locks = fake.locks;
	must(fake_enter_once(A) && fake.locks == locks);
	delivered(A);
}

static void straight_physical(void)
{
	uint32_t locks;

	left_linked();
	physical();
	must(is_in_register(SPI) && fake_lr(A, fake_lr_of(A, SPI)).hw);
	locks = fake.locks;
	must(fake_enter_once(A) && fake.locks == locks);
	handle(A, SPI);
	phys_lower(PHYS);
	guest_eoi(A, SPI);
	fake_settle();
	must(only(FERRY_NONE, SPI) && phys_calm(PHYS) && fake.phys[PHYS].taken == 1);
}

static void private_one(void)
{
	left();
	guest_edge(A, 20, true);
	guest_set(A, REG_ISENABLER, 20);
	fake_settle();
	fake_leave(A);
	comes(20);
	must(is_in_register(20));
	fake_enter(A);
	must(only(A, 20));
	take(A, 20);
}

/* It was loaded a moment ago: nothing has ever been filled here. */
static void just_loaded(void)
{
	left();
	fake_put(A);
	fake_load(A, A);
	comes(SPI);
	must(is_in_register(SPI));
	must(fake_enter_once(A));
	delivered(A);
}

/* The priority is that of now, not that of its last time, when it was active. */
static void priority_of_now(void)
{
	left();
	fake_enter(A);
	inject(SPI, true);
	fake_settle();
	handle(A, SPI);
	fake_leave(A);
	fake_enter(A);
	if (!now.edge)
		inject(SPI, false);
	guest_eoi(A, SPI);
	guest_priority(C, SPI, 0x20);
	fake_settle();
	fake_leave(A);
	comes(SPI);
	must(is_in_register(SPI) && fake_lr(A, fake_lr_of(A, SPI)).priority == 0x20);
	fake_enter(A);
	delivered(A);
}

static void twice(void)
{
	waiting();
	comes(SPI);
	fake_enter(A);
	delivered(A);
}

/* ---- not straight -------------------------------------------------------------- */

/* One register: the second waits, and the entry has them in order. */
static void none_free(void)
{
	uint32_t lrs = now.lrs;

	now.lrs = 1;
	left();
	now.lrs = lrs;
	virtual_spi(OTHER, A, true);
	guest_priority(C, OTHER, 0x40);
	fake_settle();
	fake_leave(A);
	comes(SPI);
	comes(OTHER);
	must(is_in_register(SPI) && !is_in_register(OTHER));
	fake_enter(A);
	take(A, OTHER);
	delivered(A);
}

static void another_target(void)
{
	left();
	guest_route(C, SPI, B);
	fake_settle();
	fake_leave(A);
	comes(SPI);
	must(!is_in_register(SPI) && fake.cpu[B].ipi);
	fake_enter(A);
	delivered(B);
}

static void disabled(void)
{
	left();
	guest_set(C, REG_ICENABLER, SPI);
	fake_settle();
	fake_leave(A);
	comes(SPI);
	must(!is_in_register(SPI));
	fake_enter(A);
	must(only(FERRY_NONE, SPI));
	guest_set(C, REG_ISENABLER, SPI);
	delivered(A);
}

static void active(void)
{
	left();
	fake_enter(A);
	inject(SPI, true);
	fake_settle();
	handle(A, SPI);
	fake_leave(A);
	comes(SPI);
	fake_enter(A);
	must(only(FERRY_NONE, SPI));
	guest_eoi(A, SPI);
	delivered(A);
}

/* One is active already: then all are looked at, and the other comes along. */
static void beside_an_active_one(void)
{
	left();
	virtual_spi(OTHER, A, true);
	guest_priority(C, OTHER, 0xc0);
	fake_enter(A);
	inject(OTHER, true);
	fake_settle();
	handle(A, OTHER);
	fake_leave(A);
	comes(SPI);
	must(!is_in_register(SPI) || is_in_register(OTHER));
	fake_enter(A);
	must(fake_lr(A, fake_lr_of(A, OTHER)).state == 2);
	delivered(A);
	guest_eoi(A, OTHER);
}

/* Three nest in one register; ends of what is outside are counted once. */
static void crowded(void)
{
	static const uint32_t intid[] = { 60, 61, 62 };
	uint32_t lrs = now.lrs;

	now.lrs = 1;
	left();
	now.lrs = lrs;
	fake_enter(A);
	for (uint32_t n = 0; n < 3; n++) {
		virtual_spi(intid[n], A, true);
		guest_priority(C, intid[n], (uint8_t)(0x80 - n * 0x20));
		inject(intid[n], true);
		fake_settle();
		handle(A, intid[n]);
	}
	fake_settle();
	guest_eoi(A, 62);
	guest_eoi(A, 61);
	fake_leave(A);
	must(fake_look(A, 60).active && !fake_look(A, 61).active);
	comes(SPI);
	must(!is_in_register(SPI));
	exits();
	must(fake_look(A, 60).active);
	fake_enter(A);
	must(only(FERRY_NONE, SPI));
	guest_eoi(A, 60);
	delivered(A);
}

/* It is blocked, loaded: it is woken. */
static void blocked(void)
{
	left();
	must(fake_block(A));
	comes(SPI);
	must(!is_in_register(SPI) && fake.vcpu[A].woken);
	delivered(A);
}

/* ---- something else before the entry ----------------------------------------- */

/* ICPENDR of what is in a list register is an order. A line stays as it is. */
static void unpended(void)
{
	waiting();
	fake.on_wait = enters;
	guest_set(C, REG_ICPENDR, SPI);
	must(guest_get(C, REG_ISPENDR, SPI) == !now.edge);
	fake_settle();
	if (now.edge)
		must(only(FERRY_NONE, SPI));
	else
		delivered(A);
}

/* The guest reads what it has written. */
static void activated(void)
{
	waiting();
	fake.on_wait = enters;
	guest_set(C, REG_ISACTIVER, SPI);
	must(guest_get(C, REG_ISACTIVER, SPI));
	must(only(FERRY_NONE, SPI));
	guest_set(C, REG_ICACTIVER, SPI);
	must(!guest_get(C, REG_ISACTIVER, SPI));
	delivered(A);
}

static void disabled_between(void)
{
	waiting();
	fake.on_wait = enters;
	guest_set(C, REG_ICENABLER, SPI);
	must(!fake.cpu[A].guest || only(FERRY_NONE, SPI));
	fake_settle();
	must(only(FERRY_NONE, SPI));
	guest_set(C, REG_ISENABLER, SPI);
	delivered(A);
}

/* Without a question it may stay, as what is in the list register of a guest. */
static void routed_between(void)
{
	waiting();
	guest_route(C, SPI, B);
	must(fake_look(A, SPI).owner == A && fake_look(A, SPI).in_lr);
	fake_enter(A);
	delivered(B);
}

/* ... and with one it does not, whenever in the entry that comes. */
static void route_it(void)
{
	struct ferry_vgic_access a = { FERRY_GICD, 4, true, REG_ITARGETSR + SPI, 2 };

	if (now.machine == V3_ON_ICH) {
		a.bytes = 8;
		a.offset = REG_IROUTER + SPI * 8;
		a.value = mpidrs[B].value;
	} else {
		a.bytes = 1;
	}
	fake.self = C;
	must(ferry_vgic_access(fake.g, C, &a) == FERRY_OK);
}

static void at_any_moment(void)
{
	bool came = now.ask;
	uint32_t moment;

	for (moment = 0; came; moment++) {
		waiting();
		fake_leave(C);
		on_its_cpu();
		fake.hook_in = moment;
		fake.hook = route_it;
		fake_enter_once(A);
		came = !fake.hook;
		fake.hook = NULL;
		delivered(came ? B : A);
	}
	must(moment > 4 || !now.ask);
}

/* The host has changed its mind: it is as it was before, wherever that goes on. */
static void given_back(void)
{
	waiting();
	virtual_spi(OTHER, A, true);
	comes(OTHER);
	exits();
	must(!fake_look(A, SPI).in_lr && fake_look(A, SPI).pending);
	fake_put(A);
	fake_load(A, D);
	fake_enter(A);
	take(A, OTHER);
	delivered(A);
}

/* Two at once where only one was before: none is left behind in the registers. */
static void two_given_back(void)
{
	left();
	virtual_spi(OTHER, A, true);
	fake_settle();
	fake_leave(A);
	comes(SPI);
	comes(OTHER);
	must(is_in_register(SPI) && is_in_register(OTHER));
	exits();
	guest_set(C, REG_ICENABLER, SPI);
	guest_set(C, REG_ICENABLER, OTHER);
	fake_enter(A);
	must(!is_in_register(SPI) && !is_in_register(OTHER));
	fake_put(A); /* tells if one is left */
}

static void cannot_wait(void)
{
	waiting();
	exits();
	must(!fake_block(A));
	delivered(A);
}

/* Its line has dropped when it is given back: it never was. */
static void line_dropped(void)
{
	left_linked();
	physical();
	phys_lower(PHYS);
	exits();
	must(fake.phys[PHYS].active == now.edge);
	fake_enter(A);
	must(only(now.edge ? A : FERRY_NONE, SPI));
	if (now.edge)
		take(A, SPI);
	fake_settle();
	must(only(FERRY_NONE, SPI) && phys_calm(PHYS));
}

static void unbound(void)
{
	left_linked();
	physical();
	must(ferry_vgic_unbind(fake.g, SPI) == FERRY_E_AGAIN);
	phys_lower(PHYS);
	fake_enter(A);
	must(only(FERRY_NONE, SPI));
	must(ferry_vgic_unbind(fake.g, SPI) == FERRY_OK && phys_calm(PHYS));
}

/* ---- what is wrong ----------------------------------------------------------- */

static void refused(void)
{
	left();
	phys_bind(OTHER, PHYS, true);
	on_its_cpu();
	must(ferry_vcpu_inject(fake.g, A, 15) == FERRY_E_INVALID);
	must(ferry_vcpu_inject(fake.g, A, 32 + SPIS) == FERRY_E_INVALID);
	must(ferry_vcpu_inject(fake.g, 4, 20) == FERRY_E_INVALID);
	must(ferry_vcpu_inject(fake.g, 4, SPI) == FERRY_E_INVALID);
	must(ferry_vcpu_inject(fake.g, A, OTHER) == FERRY_E_STATE);
	must(ferry_vcpu_physical(fake.g, A, SPI) == FERRY_E_STATE);
	must(ferry_vcpu_physical(fake.g, A, 20) == FERRY_E_INVALID);
	must(ferry_vcpu_physical(fake.g, A, 32 + SPIS) == FERRY_E_INVALID);
	must(ferry_vcpu_physical(fake.g, 4, OTHER) == FERRY_E_INVALID);
	must(!is_in_register(SPI) && !is_in_register(OTHER) && !fake.held);
	fake_enter(A);
	must(guest_sees(A) == FAKE_SPURIOUS);
}

static const struct named_case cases[] = {
	CASE("into a free register, and the entry looks at nothing", straight),
	CASE("the same, of a physical one", straight_physical),
	CASE("a private one", private_one),
	CASE("where it was loaded a moment ago", just_loaded),
	CASE("with the priority that it has now", priority_of_now),
	CASE("twice: once", twice),
	CASE("no register is free", none_free),
	CASE("it is another's", another_target),
	CASE("disabled", disabled),
	CASE("active already", active),
	CASE("beside an active one", beside_an_active_one),
	CASE("after more than there are registers", crowded),
	CASE("to one that is blocked", blocked),
	CASE("unpended before the entry", unpended),
	CASE("activated before the entry", activated),
	CASE("disabled before the entry", disabled_between),
	CASE("routed to another at any moment of the entry", at_any_moment),
	CASE("routed to another before the entry", routed_between),
	CASE("given back, and taken elsewhere", given_back),
	CASE("two given back", two_given_back),
	CASE("given back: it can't wait", cannot_wait),
	CASE("a line that dropped before the entry", line_dropped),
	CASE("unlinked before the entry", unbound),
	CASE("refused", refused),
};

int main(void)
{
	for (uint32_t n = 0; n < sizeof(cases) / sizeof(*cases); n++)
		run_case(&cases[n], 4);
	return tap_done();
}
