/* SPDX-License-Identifier: MIT */
/*
 * virt_guest.c: vCPUs: how one is entered and left, what it does meanwhile, one label for
 * each step. Handlers are played here: IAR, the device, EOIR, DIR.
 */
#include <string.h>
#include "virt.h"

/* Both groups on, every priority but the lowest passes. */
#define BOOT_VMCR (0xf0u << VMCR_PMR | VMCR_GROUP0 | VMCR_GROUP1)

static const struct virt_client *client_of(const struct machine *m)
{
	return m->config.client->virt;
}

/* ---- entering and leaving --------------------------------------------------------- */

static void note_entry(struct machine *m, uint32_t cpu, uint32_t vcpu)
{
	struct virt_cpu *v = &m->virt->cpu[cpu];
	struct virt_vcpu *g = &m->virt->vcpu[vcpu];

	if (g->fresh) {
		v->vmcr = g->boot_vmcr;
		g->ctl = v->ctl;
		g->cval = v->cval;
	}
	g->offset = v->offset;
	g->fresh = 0;
	g->on = cpu + 1;
	v->vcpu = vcpu + 1;
	v->exit = VIRT_STAY;
	memset(&v->trap, 0, sizeof(v->trap));
	if (m->out->counts)
		m->out->counts->entries++;
	machine_say(m, "enters vCPU %u", vcpu);
	virt_timer_follow(m, vcpu, false);
}

enum virt_exit virt_run(struct machine *m, uint32_t vcpu)
{
	uint32_t cpu = m->current;
	struct virt_cpu *v = &m->virt->cpu[cpu];

	cpu_yield_for(m, MOVES_NOT);
	virt_check_entry(m, cpu, vcpu);
	note_entry(m, cpu, vcpu);
	cpu_block(m, CPU_GUEST);
	if (m->config.explore) {
		sim_observe(m, v->exit);
		sim_observe(m, v->trap.value ^ (uint64_t)v->trap.offset << 32 ^
				       (uint64_t)v->trap.kind << 56);
	}
	return (enum virt_exit)v->exit;
}

const struct virt_trap *virt_trapped(const struct machine *m)
{
	return &m->virt->cpu[m->current].trap;
}

void virt_trap_done(struct machine *m)
{
	struct virt_cpu *v = &m->virt->cpu[m->current];

	v->exit = VIRT_STAY;
	memset(&v->trap, 0, sizeof(v->trap));
}

/* What list registers say of sources, others may look at. */
static void touch_sources(struct machine *m, uint32_t cpu, uint32_t vcpu)
{
	uint32_t i, src;

	for (i = 0; i < m->config.lrs; i++) {
		struct virt_lr lr = virt_decode(m, m->virt->cpu[cpu].lr[i]);

		src = virt_source_of(m, vcpu, lr.intid);
		if (lr.state && src != NONE)
			sim_writes(m, RES_GHOST(src & 3));
	}
}

static bool leave(struct machine *m, uint32_t cpu, enum virt_exit why)
{
	struct virt_cpu *v = &m->virt->cpu[cpu];
	struct virt_vcpu *g = &m->virt->vcpu[v->vcpu - 1];

	touch_sources(m, cpu, v->vcpu - 1);
	g->vmcr = v->vmcr;
	g->ap0 = v->ap0;
	g->ap1 = v->ap1;
	g->on = 0;
	v->vcpu = 0;
	v->exit = why;
	m->cpu[cpu].state = CPU_READY;
	if (!m->out->counts)
		return true;
	m->out->counts->leaves[why]++;
	if (why == VIRT_TRAP)
		m->out->counts->traps[v->trap.kind <= TRAP_OTHER ? v->trap.kind : TRAP_OTHER]++;
	return true;
}

static bool leave_with(struct machine *m, uint32_t cpu, const struct virt_trap *trap)
{
	m->virt->cpu[cpu].trap = *trap;
	machine_say(m, "the guest traps: kind %u, offset %#x, value %#llx", trap->kind,
		    trap->offset, (unsigned long long)trap->value);
	return leave(m, cpu, VIRT_TRAP);
}

/* Nothing is signalled to the CPU that waits. */
static bool is_calm(void *arg)
{
	struct machine *m = arg;
	uint32_t cpu = m->asking ? (uint32_t)(m->asking - m->cpu) : m->current;

	sim_reads(m, RES_IRR(cpu & 3));
	return !m->cpu[cpu].signal;
}

void virt_window(struct machine *m)
{
	struct sim_cpu *c = &m->cpu[m->current];

	cpu_yield_for(m, MOVES_LEFT);
	c->iff = true;
	sim_reads(m, RES_IRR(m->current & 3));
	if (c->signal) {
		c->done = is_calm;
		c->arg = m;
		cpu_block(m, CPU_WAIT);
	}
	c->iff = false;
}

/* ---- what a vCPU does ------------------------------------------------------------- */

static uint32_t without_sender(const struct machine *m, uint32_t value)
{
	return m->config.guest_gic == 2 ? value & 0x3ff : value;
}

static bool is_level(const struct machine *m, uint32_t src)
{
	return src != NONE && m->source[src].kind == FERRY_GIC_LEVEL;
}

static bool acknowledge(struct machine *m, uint32_t cpu, uint32_t vcpu)
{
	struct virt_vcpu *g = &m->virt->vcpu[vcpu];
	uint32_t value = virt_acknowledge(m, cpu), intid = without_sender(m, value);
	bool level = is_level(m, virt_source_of(m, vcpu, intid));

	machine_say(m, "vCPU %u acknowledges %u", vcpu, intid);
	g->active[g->nactive++] =
		(struct virt_active){ .intid = value, .stage = !level, .masked = g->masked };
	g->masked = !g->nested;
	if (m->config.storm)
		g->busy = m->now + 1 + machine_below(m, 2ull * m->config.guest_ns);
	virt_started(m, cpu, vcpu, intid);
	if (client_of(m)->started)
		client_of(m)->started(m, vcpu, intid);
	return false;
}

/* The handler returns. */
static void pop(struct machine *m, uint32_t vcpu)
{
	struct virt_vcpu *g = &m->virt->vcpu[vcpu];
	struct virt_active *a = &g->active[--g->nactive];
	uint32_t intid = without_sender(m, a->intid);

	g->masked = a->masked;
	*a = (struct virt_active){ .intid = 0 };
	machine_say(m, "vCPU %u has ended %u", vcpu, intid);
	virt_ended(m, vcpu, intid);
	if (client_of(m)->ended)
		client_of(m)->ended(m, vcpu, intid);
}

/* Every access of it is the vCPU's own; its handler has seen what there was. */
static void touch_timer(struct machine *m, uint32_t vcpu, uint32_t src)
{
	bool again = m->config.timer_pulses && virt_timer_has_come(m, vcpu);

	if (client_of(m)->timer)
		client_of(m)->timer(m, vcpu);
	else
		virt_timer_set(m, vcpu, FERRY_TIMER_CTL, 0);
	m->virt->source[src].recent = again;
}

/* A device of the guest's own is behind a linked interrupt, one that the host plays behind
 * the others. */
static bool touch_device(struct machine *m, uint32_t cpu, uint32_t vcpu, uint32_t intid)
{
	uint32_t src = virt_source_of(m, vcpu, intid);
	struct virt_trap trap = { .kind = TRAP_DEVICE, .value = src };

	if (m->virt->source[src].timer) {
		touch_timer(m, vcpu, src);
		return false;
	}
	if (!m->virt->source[src].linked)
		return leave_with(m, cpu, &trap);
	virt_line_done(m, src);
	return false;
}

/* GICV_DIR lies in a page of its own, which no host maps (IHI 0048B 5.5). */
static bool dir_traps(const struct machine *m, uint32_t cpu)
{
	return m->config.gic == 2 || m->config.guest_gic == 2 || (m->virt->cpu[cpu].hcr & HCR_TDIR);
}

static bool handler(struct machine *m, uint32_t cpu, uint32_t vcpu)
{
	struct virt_vcpu *g = &m->virt->vcpu[vcpu];
	struct virt_active *a = &g->active[g->nactive - 1];
	struct virt_trap trap = { .kind = TRAP_DIR, .value = without_sender(m, a->intid) };

	switch (a->stage++) {
	case 0:
		return touch_device(m, cpu, vcpu, without_sender(m, a->intid));
	case 1:
		virt_eoi(m, cpu, a->intid);
		if (!(m->virt->cpu[cpu].vmcr & VMCR_EOIM))
			pop(m, vcpu);
		return false;
	default:
		if (!dir_traps(m, cpu))
			virt_dir(m, cpu, a->intid);
		pop(m, vcpu);
		return dir_traps(m, cpu) && leave_with(m, cpu, &trap);
	}
}

static bool instruction(struct machine *m, uint32_t cpu, uint32_t vcpu)
{
	struct virt_trap trap;

	memset(&trap, 0, sizeof(trap));
	sim_reads(m, RES_IRR(cpu & 3));
	return client_of(m)->instruction(m, vcpu, &trap) == VIRT_TRAP && leave_with(m, cpu, &trap);
}

enum virt_exit virt_wfi(struct machine *m, uint32_t vcpu, struct virt_trap *trap)
{
	uint32_t cpu = m->virt->vcpu[vcpu].on - 1;

	/* DDI 0487 D1: masked or not, what is signalled wakes it; it does not trap then. */
	if (virt_signalled(m, cpu) != NONE || m->cpu[cpu].signal)
		return VIRT_STAY;
	trap->kind = TRAP_WFI;
	return VIRT_TRAP;
}

void virt_mask(struct machine *m, uint32_t vcpu, bool masked)
{
	m->virt->vcpu[vcpu].masked = masked;
}

uint32_t virt_vmcr(const struct machine *m, uint32_t vcpu)
{
	return m->virt->cpu[m->virt->vcpu[vcpu].on - 1].vmcr;
}

void virt_set_vmcr(struct machine *m, uint32_t vcpu, uint32_t value)
{
	m->virt->cpu[m->virt->vcpu[vcpu].on - 1].vmcr = value;
}

/* ---- power ------------------------------------------------------------------------ */

static void power_off(struct machine *m, uint32_t vcpu)
{
	uint32_t i;

	for (i = 0; i < m->config.sources; i++)
		if (m->virt->source[i].active == vcpu + 1) {
			sim_writes(m, RES_GHOST(i & 3));
			m->virt->source[i].parked = 1;
		}
}

void virt_power(struct machine *m, uint32_t vcpu, bool on, uint32_t vmcr)
{
	struct virt_vcpu *g = &m->virt->vcpu[vcpu], old = *g;

	if (!on) {
		power_off(m, vcpu);
		virt_forget_private(m, vcpu);
	}
	memset(g, 0, sizeof(*g));
	g->soft_at = UINT64_MAX;
	g->homes = old.homes;
	g->home = old.home;
	g->nested = old.nested;
	g->untimed = old.untimed;
	g->powered = on;
	g->fresh = on;
	g->boot_vmcr = on ? vmcr ? vmcr : BOOT_VMCR : 0;
	virt_timer_follow(m, vcpu, false);
}

/* ---- labels ----------------------------------------------------------------------- */

static bool may_go_on(struct machine *m, uint32_t vcpu)
{
	return client_of(m)->may && client_of(m)->may(m, vcpu);
}

static bool may(struct machine *m, uint32_t cpu, enum virt_step step)
{
	uint32_t vcpu = m->virt->cpu[cpu].vcpu - 1;
	const struct virt_vcpu *g = &m->virt->vcpu[vcpu];

	switch (step) {
	case VIRT_ACKNOWLEDGE:
		return !g->masked && g->nactive < VIRT_DEPTH && virt_signalled(m, cpu) != NONE;
	case VIRT_HANDLER:
		return g->nactive && (!m->config.storm || m->now >= g->busy);
	case VIRT_INSTRUCTION:
		return may_go_on(m, vcpu);
	case VIRT_LEAVE:
		return m->cpu[cpu].signal;
	case VIRT_MAINTAIN:
		return virt_misr(m, cpu) != 0;
	}
	return false;
}

static bool perform_guest(struct machine *m, uint32_t cpu, enum virt_step step)
{
	uint32_t vcpu = m->virt->cpu[cpu].vcpu - 1;

	sim_writes(m, RES_CPU(cpu & 3));
	/* A schedule that was written down may name what is not enabled any more. */
	if (m->cpu[cpu].state != CPU_GUEST || !may(m, cpu, step))
		return false;
	switch (step) {
	case VIRT_ACKNOWLEDGE:
		return acknowledge(m, cpu, vcpu);
	case VIRT_HANDLER:
		return handler(m, cpu, vcpu);
	case VIRT_INSTRUCTION:
		return instruction(m, cpu, vcpu);
	case VIRT_LEAVE:
		sim_reads(m, RES_IRR(cpu & 3));
		return leave(m, cpu, VIRT_IRQ);
	case VIRT_MAINTAIN:
		return leave(m, cpu, VIRT_MAINTENANCE);
	}
	return false;
}

bool virt_perform(struct machine *m, label l)
{
	switch (label_kind(l)) {
	case L_GUEST:
		return perform_guest(m, label_a(l), (enum virt_step)label_b(l));
	case L_TICK:
		virt_tick(m, label_a(l));
		return false;
	case L_SOFT:
		virt_soft(m, label_a(l));
		return false;
	default:
		return false;
	}
}

void virt_labels(struct machine *m, void (*add)(void *list, label l), void *list)
{
	uint32_t cpu, step;

	for (cpu = 0; cpu < m->config.cpus; cpu++)
		for (step = 0; step <= VIRT_MAINTAIN && m->cpu[cpu].state == CPU_GUEST; step++)
			if (may(m, cpu, (enum virt_step)step))
				add(list, label_of(L_GUEST, cpu, step));
	virt_timer_labels(m, add, list);
}

/* ---- the storm's choice ----------------------------------------------------------- */

uint64_t virt_next(struct machine *m, uint32_t cpu)
{
	uint32_t vcpu = m->virt->cpu[cpu].vcpu - 1;
	const struct virt_vcpu *g = &m->virt->vcpu[vcpu];
	uint64_t soon = m->now + 20 + machine_below(m, 180);

	if (may(m, cpu, VIRT_LEAVE) || may(m, cpu, VIRT_MAINTAIN))
		return m->now + 1 + machine_below(m, 8);
	if (may(m, cpu, VIRT_ACKNOWLEDGE) || may_go_on(m, vcpu))
		return soon;
	if (g->nactive)
		return g->busy > soon ? g->busy : soon;
	return NEVER;
}

label virt_choose(struct machine *m, uint32_t cpu)
{
	bool leaves = may(m, cpu, VIRT_LEAVE), maintains = may(m, cpu, VIRT_MAINTAIN);
	bool prompt = machine_random(m) & 3;
	uint32_t step;

	/* Now and then the guest gets one more step before it is left. */
	for (step = VIRT_ACKNOWLEDGE; step <= VIRT_INSTRUCTION; step++)
		if (!((leaves || maintains) && prompt) && may(m, cpu, (enum virt_step)step))
			return label_of(L_GUEST, cpu, step);
	if (leaves || maintains)
		return label_of(L_GUEST, cpu, leaves ? VIRT_LEAVE : VIRT_MAINTAIN);
	return 0;
}
