/* SPDX-License-Identifier: MIT */
/*
 * virt_machine.h: a simulated machine with guests for the tests of its model, without the
 * library's virtual GIC: list registers are filled by hand. Accesses are made in the name
 * of a CPU; or by a job that a CPU's thread runs once (struct job), label by label.
 */
#ifndef TESTS_VIRT_MACHINE_H
#define TESTS_VIRT_MACHINE_H

#include <string.h>
#include "sim/virt.h"
#include "tests/tap.h"

enum { CPUS = 3, VCPUS = 3, LRS = 4 };
enum { EDGE = 40, LEVEL = 41, INJECTED = 50, PPI = 20 }; /* virtual ones */
enum { PHYS_EDGE = 70, PHYS_LEVEL = 71 };
enum { EDGE_SOURCE, LEVEL_SOURCE, INJECTED_SOURCE, PPI_SOURCE, SOURCES };

static const uint64_t mpidrs[CPUS] = { 0, 0x101, 0x10013 };
static struct sim_out out;
static struct virt_counts counts;
static struct machine *m;

/* ---- a client --------------------------------------------------------------------- */

struct job {
	void (*run)(void);
	bool done;
};
static struct job job[CPUS];
static uint32_t woken;          /* bit per vCPU */
static uint32_t scripted;       /* instructions that there are */
static struct virt_trap script; /* what each does; kind 0: nothing */
static bool says_complete;
static uint32_t complete_at = NONE, taken;

static bool has_work(struct machine *machine, uint32_t cpu)
{
	(void)machine;
	return job[cpu].run && !job[cpu].done;
}

static void work(struct machine *machine, uint32_t cpu)
{
	(void)machine;
	job[cpu].run();
	job[cpu].done = true;
}

static bool may(struct machine *machine, uint32_t vcpu)
{
	(void)machine, (void)vcpu;
	return scripted > 0;
}

static enum virt_exit instruction(struct machine *machine, uint32_t vcpu, struct virt_trap *trap)
{
	scripted--;
	*trap = script;
	if (script.kind == TRAP_WFI)
		return virt_wfi(machine, vcpu, trap);
	return script.kind ? VIRT_TRAP : VIRT_STAY;
}

static void wake(struct machine *machine, uint32_t vcpu)
{
	(void)machine;
	woken |= 1u << vcpu;
}

static bool is_complete(struct machine *machine, uint32_t src, uint32_t *target)
{
	(void)machine, (void)src;
	*target = complete_at;
	return says_complete;
}

static int interrupt(struct machine *machine, uint32_t cpu, uint8_t vector)
{
	uint32_t value = arm_acknowledge(machine, cpu);

	(void)vector;
	taken++;
	arm_eoi(machine, cpu, value);
	arm_deactivate(machine, cpu, value);
	return 0;
}

static const struct virt_client virt_client = {
	.may = may, .instruction = instruction, .wake = wake, .complete = is_complete
};
static const struct sim_client client = {
	.has_work = has_work, .work = work, .interrupt = interrupt, .virt = &virt_client
};

/* ---- a machine -------------------------------------------------------------------- */

static void as(uint32_t cpu)
{
	m->current = cpu;
}

static void wire(uint32_t src, uint8_t kind, uint32_t intid, uint32_t vcpu, uint32_t phys)
{
	struct source *s = &m->source[src];

	s->kind = kind;
	s->intid = phys;
	s->device = src;
	s->live = true;
	if (phys)
		m->gic->line[arm_index(m, phys)].src = src + 1;
	virt_wire(m, src, intid, vcpu, phys != 0);
	virt_told_enable(m, src, true, false);
	virt_told_enable(m, src, true, true);
}

static void begin(uint8_t gic, uint8_t guest)
{
	struct sim_config config = { .cpus = CPUS,
				     .sources = SOURCES,
				     .devices = SOURCES,
				     .stack = 65536,
				     .flights = 64,
				     .library = 64,
				     .client = &client,
				     .gic = gic,
				     .mpidrs = mpidrs,
				     .spis = 64,
				     .virt = true,
				     .vcpus = VCPUS,
				     .lrs = LRS,
				     .guest_gic = guest,
				     .virt_timer = true,
				     .ticks = 100 };
	uint32_t i;

	memset(&out, 0, sizeof(out));
	memset(&counts, 0, sizeof(counts));
	memset(job, 0, sizeof(job));
	memset(&script, 0, sizeof(script));
	woken = scripted = taken = 0;
	says_complete = false;
	complete_at = NONE;
	out.counts = &counts;
	m = machine_new(&config, &out);
	if (!m)
		bail("no memory for the simulated machine");
	for (i = 0; i < VCPUS; i++)
		virt_power(m, i, true, 0);
	wire(EDGE_SOURCE, FERRY_GIC_EDGE, EDGE, 0, PHYS_EDGE);
	wire(LEVEL_SOURCE, FERRY_GIC_LEVEL, LEVEL, 0, PHYS_LEVEL);
	wire(INJECTED_SOURCE, FERRY_GIC_EDGE, INJECTED, 0, 0);
	wire(PPI_SOURCE, FERRY_GIC_EDGE, PPI, 1, 0);
	m->quiet = true;
	virt_setup(m);
	for (i = 0; i < CPUS; i++) {
		m->cpu[i].parked = false;
		virt_cpu_online(m, i);
	}
	as(0);
	virt_enable(m, EDGE_SOURCE, true);
	virt_enable(m, LEVEL_SOURCE, true);
	m->quiet = false;
	m->current = NONE;
	for (i = 0; i < CPUS; i++)
		m->cpu[i].iff = false;
}

static void finish(const char *name)
{
	ok(!out.report.nviolations, "%s: nothing that was wrong", name);
	for (uint32_t i = 0; i < out.report.nviolations; i++)
		diag("%s", out.report.violation[i]);
	machine_delete(m);
}

/* The last thing that was done is a violation whose text has these words. */
static void wrong(const char *words, const char *name)
{
	const struct storm_report *r = &out.report;
	bool said = r->nviolations == 1 && strstr(r->violation[0], words);

	ok(said, "%s", name);
	for (uint32_t i = 0; !said && i < r->nviolations; i++)
		diag("%s", r->violation[i]);
	machine_delete(m);
}

/* ---- list registers --------------------------------------------------------------- */

static void load(uint32_t cpu, uint32_t i, const struct virt_lr *lr)
{
	m->virt->cpu[cpu].lr[i] = virt_encode(m, lr);
}

static void pend(uint32_t cpu, uint32_t i, uint32_t intid, uint8_t priority)
{
	struct virt_lr lr = { .intid = intid, .state = 1, .priority = priority, .group1 = true };

	load(cpu, i, &lr);
}

static uint32_t state_of(uint32_t cpu, uint32_t i)
{
	return virt_decode(m, m->virt->cpu[cpu].lr[i]).state;
}

/* In the guest, as far as the rules let it be. */
static void enter(uint32_t cpu, uint32_t vcpu)
{
	struct virt_vcpu *g = &m->virt->vcpu[vcpu];

	as(cpu);
	m->virt->cpu[cpu].hcr |= HCR_EN;
	virt_check_entry(m, cpu, vcpu);
	if (g->fresh)
		m->virt->cpu[cpu].vmcr = g->boot_vmcr;
	g->fresh = 0;
	g->on = cpu + 1;
	m->virt->cpu[cpu].vcpu = vcpu + 1;
	m->cpu[cpu].state = CPU_GUEST;
	m->current = NONE;
}

static bool step(uint32_t cpu, enum virt_step what)
{
	return virt_perform(m, label_of(L_GUEST, cpu, what));
}

/* The physical interrupt has come to this CPU, and is the guest's now. */
static void arrive(uint32_t cpu, uint32_t phys)
{
	as(cpu);
	m->cpu[cpu].iff = true;
	arm_take(m, cpu);
	is_u64(arm_acknowledge(m, cpu), phys, "physical interrupt %u is acknowledged", phys);
	virt_arrived(m, cpu_frame(&m->cpu[cpu]), phys);
	arm_eoi(m, cpu, phys);
	m->cpu[cpu].depth--;
	m->cpu[cpu].iff = false;
	m->current = NONE;
}

static void link_to(uint32_t cpu, uint32_t i, uint32_t intid, uint32_t phys)
{
	struct virt_lr lr = { .intid = intid, .state = 1, .group1 = true, .hw = true };

	lr.phys = phys;
	load(cpu, i, &lr);
}

#endif
