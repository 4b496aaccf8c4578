/* SPDX-License-Identifier: MIT */
/*
 * test_virt_guest.c: vCPUs of the simulated machine, how their host runs them, its host
 * functions and timers, and that what a guest should not see is seen; without the library.
 */
#include "tests/virt_machine.h"

/* ---- what must be true ------------------------------------------------------------ */

/* vCPU `vcpu` takes what is in list register 0 of a CPU, and ends it. */
static void serve(uint32_t cpu)
{
	step(cpu, VIRT_ACKNOWLEDGE);
	while (m->virt->vcpu[m->virt->cpu[cpu].vcpu - 1].nactive)
		step(cpu, VIRT_HANDLER);
}

static void test_events(void)
{
	begin(3, 3);
	virt_inject_event(m, INJECTED_SOURCE);
	virt_inject_event(m, INJECTED_SOURCE);
	pend(0, 0, INJECTED, 0);
	enter(0, 0);
	serve(0);
	oracle_final_events(m);
	is_u64(out.report.handled, 1, "one start does for two events");
	is_u64(out.report.merged, 1, "of which one was merged");
	finish("merged");
	begin(3, 3);
	virt_inject_event(m, INJECTED_SOURCE);
	pend(0, 0, INJECTED, 0);
	enter(0, 0);
	serve(0);
	pend(0, 1, INJECTED, 0);
	step(0, VIRT_ACKNOWLEDGE);
	wrong("without an event", "a second start for one event");
	begin(3, 3);
	virt_inject_event(m, INJECTED_SOURCE);
	pend(0, 0, INJECTED, 0);
	enter(0, 0);
	serve(0);
	virt_inject_event(m, INJECTED_SOURCE);
	oracle_final_events(m);
	wrong("no vCPU gets it", "an event that is followed by no start");
	begin(2, 2);
	(void)device_raise(m, EDGE_SOURCE);
	oracle_final_events(m);
	wrong("no vCPU gets it", "nor acknowledged by the host");
}

static void test_level(void)
{
	begin(3, 3);
	(void)device_raise(m, LEVEL_SOURCE);
	arrive(0, PHYS_LEVEL);
	link_to(0, 0, LEVEL, PHYS_LEVEL);
	enter(0, 0);
	serve(0);
	ok(!m->source[LEVEL_SOURCE].line, "the handler makes the device drop its line");
	oracle_final_events(m);
	finish("level");
	begin(3, 3);
	(void)device_raise(m, LEVEL_SOURCE);
	arrive(0, PHYS_LEVEL);
	virt_line_fell(m, LEVEL_SOURCE);
	link_to(0, 0, LEVEL, PHYS_LEVEL);
	enter(0, 0);
	serve(0);
	oracle_final_events(m);
	finish("level that falls on its way");
	begin(3, 3);
	(void)device_raise(m, LEVEL_SOURCE);
	arrive(0, PHYS_LEVEL);
	link_to(0, 0, LEVEL, PHYS_LEVEL);
	enter(0, 0);
	serve(0);
	pend(0, 0, LEVEL, 0);
	step(0, VIRT_ACKNOWLEDGE);
	wrong("not asserted", "a second start for one assertion");
}

static void route_to(uint32_t vcpu)
{
	virt_told_route(m, INJECTED_SOURCE, vcpu, false);
	virt_told_route(m, INJECTED_SOURCE, vcpu, true);
}

static void test_target(void)
{
	begin(3, 3);
	virt_inject_event(m, INJECTED_SOURCE);
	route_to(1);
	pend(0, 0, INJECTED, 0);
	enter(0, 0);
	serve(0);
	is_u64(counts.late, 1, "the old target may still get it");
	virt_inject_event(m, INJECTED_SOURCE);
	pend(1, 0, INJECTED, 0);
	enter(1, 1);
	serve(1);
	is_u64(counts.moved, 1, "the new one, too");
	finish("routes");
	begin(3, 3);
	virt_inject_event(m, INJECTED_SOURCE);
	route_to(1);
	says_complete = true;
	complete_at = 1;
	pend(0, 0, INJECTED, 0);
	enter(0, 0);
	step(0, VIRT_ACKNOWLEDGE);
	wrong("reported complete", "but not after its move was reported complete");
	begin(3, 3);
	virt_inject_event(m, INJECTED_SOURCE);
	pend(2, 0, INJECTED, 0);
	enter(2, 2);
	step(2, VIRT_ACKNOWLEDGE);
	wrong("vCPU 2 gets it", "one that was never its target");
	begin(3, 3);
	virt_inject_event(m, PPI_SOURCE);
	pend(1, 0, PPI, 0);
	enter(1, 1);
	step(1, VIRT_ACKNOWLEDGE);
	finish("private");
}

static void test_wishes(void)
{
	begin(3, 3);
	virt_inject_event(m, INJECTED_SOURCE);
	virt_told_enable(m, INJECTED_SOURCE, false, false);
	pend(0, 0, INJECTED, 0);
	enter(0, 0);
	serve(0);
	ok(!out.report.nviolations, "while ICENABLER is under way it may come");
	virt_told_enable(m, INJECTED_SOURCE, false, true);
	virt_inject_event(m, INJECTED_SOURCE);
	pend(0, 0, INJECTED, 0);
	step(0, VIRT_ACKNOWLEDGE);
	wrong("disabled", "after it, not any more");
	begin(3, 3);
	virt_told_enable(m, INJECTED_SOURCE, false, false);
	virt_told_enable(m, INJECTED_SOURCE, true, false);
	virt_told_enable(m, INJECTED_SOURCE, true, true);
	virt_told_enable(m, INJECTED_SOURCE, false, true);
	virt_inject_event(m, INJECTED_SOURCE);
	pend(0, 0, INJECTED, 0);
	enter(0, 0);
	serve(0);
	finish("two writes that cross: nobody knows");
	begin(3, 3);
	virt_told_enable(m, INJECTED_SOURCE, false, false);
	virt_told_enable(m, INJECTED_SOURCE, false, true);
	virt_inject_event(m, INJECTED_SOURCE);
	oracle_final_events(m);
	finish("disabled, it is owed no start");
	begin(3, 3);
	virt_inject_event(m, INJECTED_SOURCE);
	virt_told_unpend(m, INJECTED_SOURCE, false);
	virt_told_unpend(m, INJECTED_SOURCE, true);
	oracle_final_events(m);
	finish("nor after ICPENDR");
}

static void test_one(void)
{
	begin(3, 3);
	virt_inject_event(m, INJECTED_SOURCE);
	virt_inject_event(m, INJECTED_SOURCE);
	pend(0, 0, INJECTED, 0);
	enter(0, 0);
	step(0, VIRT_ACKNOWLEDGE);
	m->virt->cpu[0].lr[0] = 0;
	route_to(1);
	pend(1, 0, INJECTED, 0);
	enter(1, 1);
	step(1, VIRT_ACKNOWLEDGE);
	wrong("has it active", "two vCPUs have one interrupt active");
	begin(3, 3);
	virt_inject_event(m, INJECTED_SOURCE);
	virt_inject_event(m, INJECTED_SOURCE);
	pend(0, 0, INJECTED, 0);
	enter(0, 0);
	step(0, VIRT_ACKNOWLEDGE);
	m->virt->cpu[0].lr[0] = 0;
	route_to(1);
	virt_told_inactive(m, INJECTED_SOURCE);
	pend(1, 0, INJECTED, 0);
	enter(1, 1);
	serve(1);
	finish("unless the guest has written ICACTIVER");
}

/* ---- the physical interrupt behind it --------------------------------------------- */

static void test_release(void)
{
	begin(3, 3);
	virt_loaded(m, 0, 0);
	virt_loaded(m, 1, 1);
	(void)device_raise(m, EDGE_SOURCE);
	arrive(0, PHYS_EDGE);
	virt_told_route(m, EDGE_SOURCE, 1, false);
	virt_told_route(m, EDGE_SOURCE, 1, true);
	m->quiet = true;
	as(0);
	ferry_host_phys_route(m, PHYS_EDGE, 1);
	(void)ferry_host_phys(m, PHYS_EDGE, FERRY_PHYS_DEACTIVATE);
	is_u64(counts.deactivations[1], 1, "routed, then deactivated");
	ok(!out.report.nviolations, "in this order");
	(void)ferry_host_phys(m, PHYS_EDGE, FERRY_PHYS_DEACTIVATE);
	wrong("is not active", "twice is seen");
	begin(2, 2);
	virt_loaded(m, 0, 0);
	virt_loaded(m, 1, 1);
	(void)device_raise(m, EDGE_SOURCE);
	arrive(0, PHYS_EDGE);
	virt_told_route(m, EDGE_SOURCE, 1, false);
	virt_told_route(m, EDGE_SOURCE, 1, true);
	m->quiet = true;
	as(0);
	(void)ferry_host_phys(m, PHYS_EDGE, FERRY_PHYS_DEACTIVATE);
	wrong("routed to CPU 0", "the other order is seen");
	begin(3, 3);
	(void)device_raise(m, EDGE_SOURCE);
	arrive(0, PHYS_EDGE);
	link_to(0, 0, EDGE, PHYS_EDGE);
	enter(0, 0);
	step(0, VIRT_ACKNOWLEDGE);
	m->virt->cpu[0].lr[0] = 0;
	step(0, VIRT_HANDLER);
	oracle_final_events(m);
	wrong("left active", "a physical interrupt that nobody ends is seen");
	begin(3, 3);
	(void)device_raise(m, EDGE_SOURCE);
	arrive(0, PHYS_EDGE);
	virt_unbound(m, EDGE_SOURCE);
	wrong("left active", "and when it is unlinked");
}

/* The host's functions, in the name of CPU 1. */
static void test_phys(uint8_t gic)
{
	uint32_t n;

	begin(gic, gic);
	n = arm_index(m, PHYS_EDGE);
	m->quiet = true;
	as(1);
	(void)ferry_host_phys(m, PHYS_EDGE, FERRY_PHYS_DISABLE);
	ok(!m->gic->line[n].enabled, "disabled");
	(void)device_raise(m, EDGE_SOURCE);
	ok(ferry_host_phys(m, PHYS_EDGE, FERRY_PHYS_IS_PENDING), "it pends all the same");
	ferry_host_phys_route(m, PHYS_EDGE, 2);
	(void)ferry_host_phys(m, PHYS_EDGE, FERRY_PHYS_ENABLE);
	ok(m->cpu[2].signal && !m->cpu[0].signal, "enabled, it comes to its new route");
	(void)ferry_host_phys(m, PHYS_EDGE, FERRY_PHYS_ACTIVATE);
	ok(!m->cpu[2].signal, "made active, it does not");
	(void)ferry_host_phys(m, PHYS_EDGE, FERRY_PHYS_DEACTIVATE);
	ok(m->cpu[2].signal, "deactivated, it does");
	virt_told_unpend(m, EDGE_SOURCE, false);
	(void)ferry_host_phys(m, PHYS_EDGE, FERRY_PHYS_UNPEND);
	virt_told_unpend(m, EDGE_SOURCE, true);
	ok(!m->cpu[2].signal, "cleared, it does not");
	(void)ferry_host_phys(m, VIRT_DEVICE_PPI, FERRY_PHYS_ENABLE);
	(void)ferry_host_phys(m, VIRT_DEVICE_PPI, FERRY_PHYS_PEND);
	ok(m->cpu[1].signal, "a PPI is this CPU's");
	(void)ferry_host_phys(m, VIRT_DEVICE_PPI, FERRY_PHYS_DISABLE);
	ok(!m->cpu[1].signal, "and is disabled at once");
	ferry_host_vcpu_kick(m, 0, 2);
	ok(m->cpu[2].signal && counts.kicks == 1, "a kick is an SGI");
	ferry_host_vcpu_kick(m, 2, FERRY_NONE);
	ok(woken == 4 && counts.wakes == 1, "or wakes who is blocked");
	oracle_final_events(m);
	finish(gic == 2 ? "GICv2: host functions" : "GICv3: host functions");
	begin(gic, gic);
	m->quiet = true;
	as(1);
	m->cpu[2].parked = true;
	ferry_host_phys_route(m, PHYS_EDGE, 2);
	wrong("offline", "a route to a CPU that is offline is seen");
}

/* ---- timers ----------------------------------------------------------------------- */

static label found[32];
static uint32_t nfound;

static void keep(void *list, label l)
{
	(void)list;
	found[nfound++ % 32] = l;
}

static bool offers(label l)
{
	uint32_t i;

	nfound = 0;
	virt_labels(m, keep, NULL);
	for (i = 0; i < nfound; i++)
		if (found[i] == l)
			return true;
	return false;
}

static void test_timer(void)
{
	label tick, soft;

	begin(3, 3);
	tick = label_of(L_TICK, 0, 0);
	soft = label_of(L_SOFT, 2, 0);
	m->quiet = true;
	as(1);
	ok(!offers(tick), "time stands still where nobody waits for it");
	(void)ferry_host_phys(m, VIRT_TIMER_PPI, FERRY_PHYS_ENABLE);
	m->virt->count = 10;
	ferry_host_timer_write(m, FERRY_TIMER_OFFSET, 10);
	ferry_host_timer_write(m, FERRY_TIMER_CVAL, 2);
	ferry_host_timer_write(m, FERRY_TIMER_CTL, 1);
	ok(offers(tick), "it goes on for an armed timer");
	while (virt_count(m) < 11)
		(void)virt_perform(m, tick);
	ok(!m->cpu[1].signal, "before its time it is silent");
	(void)virt_perform(m, tick);
	ok(m->cpu[1].signal && !m->cpu[0].signal, "then its CPU has the PPI");
	is_u64(ferry_host_timer_read(m, FERRY_TIMER_CTL), 5, "CNTV_CTL.ISTATUS says so");
	ferry_host_timer_write(m, FERRY_TIMER_CTL, 3);
	ok(!m->cpu[1].signal, "IMASK masks it");
	is_u64(ferry_host_timer_read(m, FERRY_TIMER_CTL), 7, "its condition stays");
	ferry_host_timer_write(m, FERRY_TIMER_CTL, 0);
	ferry_host_timer_at(m, 2, 14);
	ok(offers(tick) && !offers(soft), "a software timer is awaited");
	(void)virt_perform(m, tick);
	(void)virt_perform(m, tick);
	ok(offers(soft), "it comes");
	virt_loaded(m, 1, 2);
	(void)virt_perform(m, soft);
	is_u64(m->virt->cpu[1].soft_due, 4, "where its vCPU ran last");
	ok(m->cpu[1].signal && !offers(soft), "once");
	virt_cpu_offline(m, 1);
	is_u64(m->virt->cpu[2].soft_due, 4, "or on another CPU when that goes");
	ok(m->cpu[2].signal && !m->virt->cpu[1].soft_due, "which is told of it");
	finish("timers");
}

/* ---- on a CPU's fibre ------------------------------------------------------------- */

static enum virt_exit why[4];
static uint32_t nwhy;
static uint8_t trap_kind;

static void run_once(void)
{
	why[nwhy++] = virt_run(m, 0);
	trap_kind = virt_trapped(m)->kind;
}

static void run_twice(void)
{
	ferry_host_ich_write(m, FERRY_ICH_HCR, HCR_EN);
	run_once();
	virt_window(m);
	run_once();
}

/* Perform labels of a kind until a CPU is in this state; at most so many. */
static void until(uint32_t cpu, enum cpu_state state)
{
	uint32_t left = 200;

	while (m->cpu[cpu].state != state && left--)
		machine_perform(m, label_of(L_STEP, cpu, 0));
	is_u64(m->cpu[cpu].state, state, "the CPU comes there");
}

static void test_run(void)
{
	begin(3, 3);
	nwhy = 0;
	job[0].run = run_twice;
	m->cpu[0].state = CPU_READY;
	m->cpu[0].iff = false;
	until(0, CPU_GUEST);
	ok(!offers(label_of(L_GUEST, 0, VIRT_LEAVE)), "in the guest, and nothing calls it back");
	scripted = 2;
	machine_perform(m, label_of(L_GUEST, 0, VIRT_INSTRUCTION));
	ok(m->cpu[0].state == CPU_GUEST, "an instruction that does not trap");
	arm_sgi(m, 1, 0, VIRT_KICK);
	ok(offers(label_of(L_GUEST, 0, VIRT_LEAVE)), "a kick does");
	machine_perform(m, label_of(L_GUEST, 0, VIRT_LEAVE));
	ok(nwhy == 1 && why[0] == VIRT_IRQ, "virt_run returns");
	ok(!taken, "no handler has run");
	until(0, CPU_WAIT);
	machine_perform(m, label_of(L_TAKE, 0, 0));
	ok(taken == 1 && !m->cpu[0].signal, "the window lets it in");
	until(0, CPU_GUEST);
	script.kind = TRAP_WFI;
	pend(0, 0, INJECTED, 0);
	machine_perform(m, label_of(L_GUEST, 0, VIRT_INSTRUCTION));
	ok(m->cpu[0].state == CPU_GUEST, "WFI with something signalled goes on");
	m->virt->cpu[0].lr[0] = 0;
	scripted = 1;
	machine_perform(m, label_of(L_GUEST, 0, VIRT_INSTRUCTION));
	ok(nwhy == 2 && why[1] == VIRT_TRAP && trap_kind == TRAP_WFI, "without, it traps");
	is_u64(counts.leaves[VIRT_IRQ] + counts.leaves[VIRT_TRAP], 2, "both are counted");
	finish("virt_run");
}

static void test_maintenance(void)
{
	begin(3, 3);
	pend(0, 0, INJECTED, 0);
	pend(0, 1, 60, 0x40);
	m->virt->cpu[0].hcr = HCR_UIE;
	virt_inject_event(m, INJECTED_SOURCE);
	enter(0, 0);
	step(0, VIRT_ACKNOWLEDGE);
	ok(!offers(label_of(L_GUEST, 0, VIRT_MAINTAIN)), "two list registers are in use");
	step(0, VIRT_HANDLER);
	ok(offers(label_of(L_GUEST, 0, VIRT_MAINTAIN)), "one is: a maintenance interrupt");
	ok(step(0, VIRT_MAINTAIN), "it gets the CPU out of the guest");
	is_u64(m->virt->cpu[0].exit, VIRT_MAINTENANCE, "which says so");
	finish("maintenance");
}

static void test_masked(void)
{
	begin(3, 3);
	pend(0, 0, INJECTED, 0x40);
	pend(0, 1, 60, 0x20);
	virt_inject_event(m, INJECTED_SOURCE);
	enter(0, 0);
	virt_mask(m, 0, true);
	ok(!offers(label_of(L_GUEST, 0, VIRT_ACKNOWLEDGE)), "PSTATE.I keeps interrupts off");
	virt_mask(m, 0, false);
	ok(offers(label_of(L_GUEST, 0, VIRT_ACKNOWLEDGE)), "or lets them in");
	m->virt->cpu[0].lr[1] = 0;
	step(0, VIRT_ACKNOWLEDGE);
	pend(0, 1, 60, 0x20);
	ok(!offers(label_of(L_GUEST, 0, VIRT_ACKNOWLEDGE)), "a handler runs with it set");
	step(0, VIRT_HANDLER);
	ok(offers(label_of(L_GUEST, 0, VIRT_ACKNOWLEDGE)), "its end restores it");
	finish("PSTATE.I");
}

/* EOImode 1: a DIR traps where the host says so; of a GICv2 always. */
static void test_dir(uint8_t gic, uint32_t hcr)
{
	bool traps = gic == 2 || hcr;

	begin(gic, gic);
	virt_power(m, 0, true, 0xf0000000 | VMCR_GROUP1 | VMCR_EOIM);
	m->virt->cpu[0].hcr = hcr;
	pend(0, 0, INJECTED, 0);
	virt_inject_event(m, INJECTED_SOURCE);
	enter(0, 0);
	step(0, VIRT_ACKNOWLEDGE);
	step(0, VIRT_HANDLER);
	is_u64(state_of(0, 0), 2, "the priority is dropped, it is active");
	ok(step(0, VIRT_HANDLER) == traps, "DIR %s", traps ? "traps" : "does not trap");
	is_u64(state_of(0, 0), traps ? 2 : 0, "and so deactivates it, or does not");
	ok(!traps || m->virt->cpu[0].trap.value == INJECTED, "of which interrupt");
	finish("DIR");
}

/* ---- states ----------------------------------------------------------------------- */

static void test_image(void)
{
	static uint8_t before[IMAGE_MOST], after[IMAGE_MOST], copy[1 << 16];
	size_t n, size;
	void *at;

	begin(3, 3);
	enter(0, 0);
	n = virt_image(m, before);
	ok(virt_piece(m, 0, &at, &size) && size <= sizeof(copy) && !virt_piece(m, 1, &at, &size),
	   "one piece is all of it");
	(void)virt_piece(m, 0, &at, &size);
	memcpy(copy, at, size);
	virt_inject_event(m, INJECTED_SOURCE);
	pend(0, 0, INJECTED, 0);
	ok(virt_image(m, after) != n || memcmp(before, after, n) != 0, "another state looks so");
	memcpy(at, copy, size);
	ok(virt_image(m, after) == n && !memcmp(before, after, n), "and the same state alike");
	m->virt->source[INJECTED_SOURCE].since = 77;
	m->virt->vcpu[0].busy = 99;
	ok(virt_image(m, after) == n && !memcmp(before, after, n), "whatever was measured");
	out.outstanding = 0;
	finish("image");
}

int main(void)
{
	test_events();
	test_level();
	test_target();
	test_wishes();
	test_one();
	test_release();
	test_phys(2);
	test_phys(3);
	test_timer();
	test_run();
	test_maintenance();
	test_masked();
	test_dir(3, 0);
	test_dir(3, HCR_TDIR);
	test_dir(2, 0);
	test_image();
	return tap_done();
}
