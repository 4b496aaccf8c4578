// SPDX-License-Identifier: MIT
/*
 * The virtual GIC: one call, and in each of its moments at which no lock is held another CPU
 * makes one other call, for every pair and every state that the interrupt may be in. Whatever
 * happened: each time that the physical interrupt came the guest has one interrupt, on the
 * vCPU that it wants, and deactivates it once. What more than one other call can do is for a
 * search through all schedules.
 */
#include "tests/vgic_cases.h"

static uint32_t handled; /* times that the guest has taken it */
static bool forgets;     /* the call takes an instance away */
static bool moved;       /* a route was written */

static void route(uint32_t by, uint32_t target)
{
	moved = true;
	guest_route(by, SPI, target);
}

static void takes(uint32_t vcpu)
{
	handle(vcpu, SPI);
	phys_lower(PHYS);
	handled++;
}

/* ---- states: where it is at first -------------------------------------------- */

static void pending(void)
{
	start();
	handled = 0;
	fake_boot(D, D);
	fake_leave(D);
	fake.vcpu[D].runs = false; /* it makes the other call */
	linked_spi(SPI, PHYS, A);
	phys_raise(PHYS);
	fake_settle();
}

static void active(void)
{
	pending();
	takes(A);
}

static void moving(void)
{
	active();
	route(C, B);
	fake_serve();
}

/* As the strategy has it in its list register when it has moved. */
static void moving_passed(void)
{
	moving();
	pass(A);
}

static void ended(void)
{
	active();
	guest_eoi(A, SPI);
}

static void moved_ended(void)
{
	moving();
	guest_eoi(A, SPI);
}

static void queued(void)
{
	pending();
	fake_leave(A);
}

static void folded(void)
{
	moving();
	fake_leave(A);
}

static const struct named_case states[] = {
	CASE("pending", pending),     CASE("active", active),
	CASE("moving", moving),       CASE("moving, loaded anew", moving_passed),
	CASE("ended", ended),         CASE("moving, ended", moved_ended),
	CASE("out, pending", queued), CASE("out, moving", folded),
};

/* ---- calls ------------------------------------------------------------------- */

static void enters(void)
{
	if (!fake.cpu[A].guest)
		(void)fake_enter_once(A);
}

static void leaves(void)
{
	fake_leave(A);
}

static void is_put(void)
{
	fake_put(A);
}

static void hops(void)
{
	fake_put(A);
	fake_load(A, 5);
	fake.vcpu[A].runs = true;
}

static void blocks(void)
{
	(void)fake_block(A);
}

static void goes_off(void)
{
	fake_power(A, false);
}

static void moves(void)
{
	route(C, B);
}

static void moves_back(void)
{
	route(C, A);
}

static void to_nobody(void)
{
	route(C, FERRY_NONE);
}

static void disables(void)
{
	guest_set(C, REG_ICENABLER, SPI);
}

static void deactivates(void)
{
	guest_set(C, REG_ICACTIVER, SPI);
}

static void changes_group(void)
{
	guest_group(C, SPI, true);
}

static void dist_off(void)
{
	guest_dist(C, false);
}

static void unpends(void)
{
	forgets = true;
	guest_set(C, REG_ICPENDR, SPI);
}

static void cpu_leaves(void)
{
	fake_put(A);
	fake.self = 7;
	ferry_vgic_leave(fake.g, A, 2);
}

static void arrives(void)
{
	phys_raise(PHYS);
	if (phys_ready(PHYS))
		phys_take(PHYS, 7);
}

static const struct named_case calls[] = {
	CASE("enter", enters),
	CASE("exit", leaves),
	CASE("put", is_put),
	CASE("put and load", hops),
	CASE("block", blocks),
	CASE("power off", goes_off),
	CASE("route to another", moves),
	CASE("route back", moves_back),
	CASE("route to nobody", to_nobody),
	CASE("disable", disables),
	CASE("ICACTIVER", deactivates),
	CASE("IGROUPR", changes_group),
	CASE("GICD_CTLR", dist_off),
	CASE("ICPENDR", unpends),
	CASE("its CPU leaves", cpu_leaves),
	CASE("arrival", arrives),
};

/* ---- what another CPU does --------------------------------------------------- */

static void other_arrives(void)
{
	phys_raise(PHYS);
	if (phys_ready(PHYS))
		phys_take(PHYS, 6);
}

static void other_moves(void)
{
	route(D, B);
}

static void other_moves_back(void)
{
	route(D, A);
}

static void other_enables(void)
{
	guest_set(D, REG_ISENABLER, SPI);
}

static void other_prioritises(void)
{
	guest_priority(D, SPI, 0x20);
}

/* B may be what the call waits for: in the middle of its exit it does nothing else. */
static bool b_is_busy(void)
{
	uint32_t cpu = fake.vcpu[B].cpu;

	return cpu != FERRY_NONE && fake.cpu[cpu].off && !fake.cpu[cpu].guest;
}

static void other_leaves(void)
{
	if (!b_is_busy())
		fake_leave(B);
}

static void other_enters(void)
{
	if (b_is_busy())
		return;
	fake_leave(B);
	(void)fake_enter_once(B);
}

static void other_hops(void)
{
	if (b_is_busy())
		return;
	fake_put(B);
	fake_load(B, 4);
	fake.vcpu[B].runs = true;
}

static void other_goes_off(void)
{
	if (!b_is_busy())
		fake_power(B, false);
}

/* The guest on A's CPU goes on while the call is made elsewhere. */
static void guest_goes_on(void)
{
	if (!fake.cpu[A].guest)
		return;
	if (guest_sees(A) == SPI)
		takes(A);
	else if (fake.cpu[A].ap[0] | fake.cpu[A].ap[4])
		guest_eoi(A, SPI);
}

static const struct named_case others[] = {
	CASE("arrival", other_arrives),       CASE("route to another", other_moves),
	CASE("route back", other_moves_back), CASE("enable", other_enables),
	CASE("priority", other_prioritises),  CASE("B exits", other_leaves),
	CASE("B enters", other_enters),       CASE("B hops", other_hops),
	CASE("B goes off", other_goes_off),   CASE("the guest goes on", guest_goes_on),
};

/* ---- the end ----------------------------------------------------------------- */

/* Everybody is on, loaded and in the guest. */
static void all_run(void)
{
	for (uint32_t v = A; v <= B; v++) {
		bool off = ferry_vcpu_power(fake.g, v, true) == FERRY_OK;

		if (fake.vcpu[v].cpu == FERRY_NONE)
			fake_load(v, v);
		if (off)
			guest_interface(fake.vcpu[v].cpu, 0xff, false, 3);
		fake.vcpu[v].runs = true;
		fake.vcpu[v].woken = fake.vcpu[v].blocked;
	}
	fake_serve();
}

/* Handlers that are under way end; one whose vCPU went off is ended for it. */
static void handlers_end(void)
{
	uint32_t cpu = fake.vcpu[A].cpu;

	if (fake.cpu[cpu].ap[0] | fake.cpu[cpu].ap[4])
		guest_eoi(cpu, SPI);
	fake_serve();
	if (fake_look(A, SPI).active && fake_look(A, SPI).owner == FERRY_NONE)
		guest_set(C, REG_ICACTIVER, SPI);
	guest_set(C, REG_ISENABLER, SPI);
	guest_dist(C, true);
	if (fake_look(A, SPI).target == FERRY_NONE)
		route(C, B);
	/* Without FERRY_VGIC_ASK a pending one stays until its old vCPU comes by. Who has
	 * anything else to look at has been told. */
	if (moved && !now.ask) {
		fake_leave(A);
		fake_leave(B);
	}
	fake_settle();
}

static void at_rest(void)
{
	struct ferry_virq_info info;

	for (uint32_t v = A; v <= C; v++)
		fake_leave(v);
	info = fake_look(A, SPI);
	must(info.owner == FERRY_NONE && !info.active && !info.pending && !info.physical);
	must(!info.owed && info.asked == info.arrived && phys_calm(PHYS));
	must(info.routed == fake.vcpu[info.target].cpu && fake.phys[PHYS].route == info.routed);
	for (uint32_t v = A; v <= C; v++)
		fake_enter(v);
	fake_settle();
}

/* Its target gets what there is, and one more. */
static void finish(void)
{
	all_run();
	handlers_end();
	for (uint32_t n = 0; n < 3; n++) {
		uint32_t target = fake_look(A, SPI).target, cpu = fake.vcpu[target].cpu;

		if (guest_sees(cpu) != SPI)
			break;
		must(only(target, SPI));
		takes(target);
		guest_eoi(cpu, SPI);
		fake_settle();
	}
	at_rest();
	must(only(FERRY_NONE, SPI));
	must(forgets ? handled <= fake.phys[PHYS].taken : handled == fake.phys[PHYS].taken);
	phys_raise(PHYS);
	fake_settle();
	must(only(fake_look(A, SPI).target, SPI));
}

/* Every gap of one call. */
static void gaps(const struct named_case *state, const struct named_case *call,
		 const struct named_case *other)
{
	bool inside = true;

	for (uint32_t gap = 0; inside; gap++) {
		uint32_t wrongs = fake.wrongs;

		forgets = moved = false;
		state->run();
		fake.hook = other->run;
		fake.hook_in = gap;
		call->run();
		inside = !fake.hook;
		fake.hook = NULL;
		finish();
		if (fake.wrongs != wrongs)
			diag("%s; %s; %s in gap %u", state->name, call->name, other->name, gap);
	}
}

int main(void)
{
	now.lrs = 2;
	for (uint32_t c = 0; c < COUNT(calls); c++) {
		for (uint32_t o = 0; o < COUNT(others); o++) {
			for (uint32_t n = 0; n < COUNT(states) * 6; n++) {
				now.strategy = n % 3;
				now.machine = (n / 3 + o) % MACHINES;
				now.ask = (n / 3 + c) & 1;
				now.edge = (n / 3 + o + c / 2) & 1;
				gaps(&states[n / 6], &calls[c], &others[o]);
			}
			calm("%s; meanwhile: %s", calls[c].name, others[o].name);
		}
	}
	return tap_done();
}
