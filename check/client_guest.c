/* SPDX-License-Identifier: MIT */
/*
 * client_guest.c: what runs on the CPUs of a machine with a guest: a hypervisor's main loop
 * around ferry_vcpu_load, _enter, _exit and _put, and the scripts. As in client.c what a
 * thread decides follows from what it knows (struct state, struct guest_state) and from what
 * the library returned.
 *
 * While a vCPU is assigned to a CPU, the next operation of the CPU's script waits for the
 * label L_OP with b 2, by which the guest is left: at any moment, as for a scheduler.
 */
#include "guest.h"

/* START: vCPUs are loaded with which scripts begin, and enter the guest; nothing else. */
enum { BOOT = 0, SETUP = 1, RUN = 2, START = 3 };

static const struct op *next_op(const struct machine *m, uint32_t cpu)
{
	const struct script *script = &world_of(m)->s->script[cpu];
	uint8_t at = state_of(m)->actor[cpu].at;

	return at < script->n ? &script->op[at] : NULL;
}

static bool may_start(const struct machine *m, uint32_t cpu)
{
	const struct op *op = next_op(m, cpu);

	return op && ((op->kind != OP_OFFLINE && op->kind != OP_ONLINE) || !state_of(m)->hotplug);
}

int guest_returned(struct machine *m, uint32_t where, int rc)
{
	sim_forget(m, (uint64_t)where << 32 | (uint32_t)rc);
	return rc;
}

int guest_returned_on(struct machine *m, uint32_t where, int rc)
{
	if (!m->cpu[m->current].iff)
		violation(m, V_BROKEN, m->current, NONE,
			  "a call that found interrupts on has left them off");
	return guest_returned(m, where, rc);
}

void guest_check_rc(struct machine *m, uint32_t src, const char *what, int rc)
{
	if (rc != FERRY_OK)
		violation(m, V_BROKEN, m->current, src, "%s returned %d", what, rc);
}

static void assign(struct machine *m, uint32_t cpu, uint32_t assigned)
{
	sim_writes(m, RES_SCRIPT);
	guest_of(m)->cpu[cpu].assigned = (uint8_t)assigned;
}

/* ---- what there is to do ------------------------------------------------------------- */

/* Its vCPU can be loaded, or goes on. */
static bool can_run(const struct machine *m, uint32_t cpu)
{
	const struct guest_state *g = guest_of(m);
	const struct vactor *v;

	if (!g->cpu[cpu].assigned)
		return false;
	v = &g->vcpu[g->cpu[cpu].assigned - 1u];
	if (!v->on)
		return false;
	return v->loaded ? v->loaded == cpu + 1 && (!v->blocked || v->woken) : true;
}

static bool at_end(const struct machine *m, uint32_t cpu)
{
	return state_of(m)->ending && guest_of(m)->cpu[cpu].round != guest_of(m)->round;
}

/* An operation is next, and no guest in its way. */
static bool op_is_next(const struct machine *m, uint32_t cpu)
{
	const struct hactor *h = &guest_of(m)->cpu[cpu];

	return state_of(m)->running == RUN && !state_of(m)->ending && may_start(m, cpu) &&
	       (!h->assigned || h->wanted);
}

static bool has_work(struct machine *m, uint32_t cpu)
{
	const struct state *st = state_of(m);

	if (!st->actor[cpu].booted)
		return true;
	if (st->running == SETUP)
		return cpu == 0;
	sim_reads(m, RES_SCRIPT);
	if (st->running == START)
		return can_run(m, cpu);
	return st->running == RUN && (at_end(m, cpu) || op_is_next(m, cpu) || can_run(m, cpu));
}

bool world_guest_may_leave(const struct machine *m, uint32_t cpu)
{
	const struct hactor *h = &guest_of(m)->cpu[cpu];
	const struct sim_cpu *c = &m->cpu[cpu];

	return state_of(m)->running == RUN && !state_of(m)->ending && h->assigned && !h->wanted &&
	       may_start(m, cpu) && (c->state == CPU_GUEST || c->state == CPU_IDLE);
}

/* A CPU in the guest leaves it at once: its next step is the host's. */
void world_guest_leave(struct machine *m, uint32_t cpu)
{
	struct sim_cpu *c = &m->cpu[cpu];

	sim_writes(m, RES_CPU(cpu) | RES_SCRIPT);
	guest_of(m)->cpu[cpu].wanted = 1;
	if (c->state != CPU_GUEST)
		return;
	/* As by an interrupt, of which nothing is left. */
	c->signal = true;
	(void)virt_perform(m, label_of(L_GUEST, cpu, VIRT_LEAVE));
	arm_signal(m, cpu);
}

/* ---- vCPUs on CPUs ---------------------------------------------------------------------- */

/* On this CPU, interrupts off. */
static void put(struct machine *m, uint32_t cpu)
{
	struct guest_state *g = guest_of(m);
	uint32_t vcpu = g->cpu[cpu].loaded - 1u;

	if (!g->cpu[cpu].loaded)
		return;
	virt_loaded(m, cpu, NONE);
	ferry_vcpu_put(vgic_of(m), vcpu);
	(void)guest_returned(m, 61, 0);
	virt_check_put(m, cpu);
	sim_writes(m, RES_SCRIPT);
	g->cpu[cpu].loaded = g->vcpu[vcpu].loaded = 0;
}

static void put_with_interrupts_off(struct machine *m, uint32_t cpu)
{
	uintptr_t flags = ferry_host_irq_save(m);

	put(m, cpu);
	ferry_host_irq_restore(m, flags);
}

/* A vCPU that waits runs for another reason. */
static void unblock(struct machine *m, uint32_t vcpu)
{
	struct vactor *v = &guest_of(m)->vcpu[vcpu];

	if (!v->blocked)
		return;
	ferry_vcpu_unblock(vgic_of(m), vcpu);
	(void)guest_returned(m, 62, 0);
	sim_writes(m, RES_SCRIPT);
	v->blocked = v->woken = 0;
}

/* Unless somebody else has it meanwhile. */
static void load(struct machine *m, uint32_t cpu, uint32_t vcpu)
{
	struct guest_state *g = guest_of(m);
	uintptr_t flags = ferry_host_irq_save(m);

	cpu_yield_for(m, MOVES_NOT);
	sim_writes(m, RES_SCRIPT);
	if (!g->vcpu[vcpu].loaded && g->vcpu[vcpu].on) {
		g->vcpu[vcpu].loaded = (uint8_t)(cpu + 1);
		g->cpu[cpu].loaded = (uint8_t)(vcpu + 1);
		ferry_vcpu_load(vgic_of(m), vcpu, cpu);
		(void)guest_returned(m, 63, 0);
		virt_loaded(m, cpu, vcpu);
		unblock(m, vcpu);
	}
	ferry_host_irq_restore(m, flags);
}

/* ---- what traps, and is about vCPUs --------------------------------------------------------- */

static void wait_for_interrupt(struct machine *m, uint32_t vcpu)
{
	struct vactor *v = &guest_of(m)->vcpu[vcpu];
	uintptr_t flags = ferry_host_irq_save(m);
	int rc;

	sim_writes(m, RES_SCRIPT);
	v->blocked = 1;
	v->woken = 0;
	rc = guest_returned(m, 64, ferry_vcpu_block(vgic_of(m), vcpu));
	sim_writes(m, RES_SCRIPT);
	if (rc != FERRY_OK)
		v->blocked = v->woken = 0;
	if (rc != FERRY_OK && rc != FERRY_E_AGAIN)
		guest_check_rc(m, NONE, "block", rc);
	ferry_host_irq_restore(m, flags);
}

/* CPU_OFF: off, then put. */
static void power_off(struct machine *m, uint32_t cpu, uint32_t vcpu)
{
	uintptr_t flags = ferry_host_irq_save(m);
	int rc = guest_returned(m, 65, ferry_vcpu_power(vgic_of(m), vcpu, false));

	guest_check_rc(m, NONE, "power off", rc);
	if (m->virt->cpu[cpu].ctl & 1 && !m->virt->vcpu[vcpu].untimed)
		violation(m, V_BROKEN, cpu, NONE, "vCPU %u is off, and its timer is on", vcpu);
	virt_power(m, vcpu, false, 0);
	put(m, cpu);
	/* From now on somebody may power it on. */
	cpu_yield_for(m, MOVES_NOT);
	sim_writes(m, RES_SCRIPT);
	guest_of(m)->vcpu[vcpu].on = 0;
	ferry_host_irq_restore(m, flags);
}

static uint32_t boot_vmcr(const struct machine *m)
{
	return world_of(m)->s->guest.split ?
		       VMCR_GROUP0 | VMCR_GROUP1 | VMCR_EOIM | 0xf0u << VMCR_PMR :
		       0;
}

/* CPU_ON. It may be on already; while it goes off it is, to the host. */
static void power_on(struct machine *m, uint32_t vcpu)
{
	struct vactor *v = &guest_of(m)->vcpu[vcpu];
	uintptr_t flags = ferry_host_irq_save(m);

	cpu_yield_for(m, MOVES_NOT);
	sim_writes(m, RES_SCRIPT);
	if (!v->on) {
		guest_check_rc(m, NONE, "power on",
			       guest_returned(m, 66, ferry_vcpu_power(vgic_of(m), vcpu, true)));
		virt_power(m, vcpu, true, boot_vmcr(m));
		cpu_yield_for(m, MOVES_NOT);
		sim_writes(m, RES_SCRIPT);
		v->on = 1;
		v->blocked = v->woken = 0;
	}
	ferry_host_irq_restore(m, flags);
}

static void trapped(struct machine *m, uint32_t cpu, uint32_t vcpu)
{
	const struct script *script = &world_of(m)->s->vscript[vcpu];
	uint8_t at = guest_of(m)->vcpu[vcpu].at;
	struct virt_trap t = *virt_trapped(m);

	if (t.kind == TRAP_WFI)
		wait_for_interrupt(m, vcpu);
	else if (t.kind == TRAP_OFF)
		power_off(m, cpu, vcpu);
	else if (t.kind == TRAP_ON)
		power_on(m, (uint32_t)t.value);
	else
		guest_trapped(m, cpu, vcpu, at ? &script->op[at - 1] : NULL, &t);
	virt_trap_done(m);
}

/* ---- the guest ------------------------------------------------------------------------------- */

/* Once, interrupts off. VIRT_STAY: there is more to do first. */
static enum virt_exit enter(struct machine *m, uint32_t cpu, uint32_t vcpu)
{
	int rc = guest_returned(m, 67, ferry_vcpu_enter(vgic_of(m), vcpu));
	enum virt_exit why;

	if (rc != FERRY_OK) {
		if (rc != FERRY_E_AGAIN)
			guest_check_rc(m, NONE, "enter", rc);
		return VIRT_STAY;
	}
	guest_entered(m, vcpu, true);
	why = virt_run(m, vcpu);
	sim_forget(m, 1000u + why);
	if (why != VIRT_TRAP)
		virt_trap_done(m);
	ferry_vcpu_exit(vgic_of(m), vcpu);
	sim_forget(m, 1100u + why);
	guest_of(m)->cpu[cpu].direct = world_of(m)->s->guest.direct;
	virt_window(m);
	sim_forget(m, 1200u + why);
	return why;
}

/* Has one arrived here that the library may have in a list register already? */
static bool has_arrived(struct machine *m, uint32_t cpu)
{
	struct hactor *h = &guest_of(m)->cpu[cpu];
	bool arrived = h->direct == 2;

	h->direct = 0;
	return arrived;
}

/* Interrupts off. What arrives for it has the vCPU entered again at once, unless there is
 * something else to do here: then what it has got is taken back. */
static enum virt_exit run_off(struct machine *m, uint32_t cpu, uint32_t vcpu)
{
	enum virt_exit why = enter(m, cpu, vcpu);

	while (has_arrived(m, cpu)) {
		sim_reads(m, RES_SCRIPT);
		if (why == VIRT_TRAP || guest_of(m)->cpu[cpu].wanted) {
			ferry_vcpu_exit(vgic_of(m), vcpu);
			(void)guest_returned(m, 76, 0);
			return why;
		}
		why = enter(m, cpu, vcpu);
	}
	return why;
}

static void run(struct machine *m, uint32_t cpu, uint32_t vcpu)
{
	uintptr_t flags = ferry_host_irq_save(m);
	enum virt_exit why = run_off(m, cpu, vcpu);

	ferry_host_irq_restore(m, flags);
	if (why == VIRT_TRAP)
		trapped(m, cpu, vcpu);
}

/* A linked one has come. */
static int arrive(struct machine *m, uint32_t intid)
{
	struct hactor *h = &guest_of(m)->cpu[m->current];

	if (!h->direct)
		return ferry_vgic_physical(vgic_of(m), intid);
	h->direct = 2;
	return ferry_vcpu_physical(vgic_of(m), h->loaded - 1u, intid);
}

/* One round of the main loop. */
static void turn(struct machine *m, uint32_t cpu)
{
	uint32_t vcpu = guest_of(m)->cpu[cpu].assigned - 1u;

	if (!guest_of(m)->cpu[cpu].loaded) {
		load(m, cpu, vcpu);
		return;
	}
	unblock(m, vcpu);
	run(m, cpu, vcpu);
}

/* ---- waiting -------------------------------------------------------------------------------- */

/* Wait until this holds, of which nobody else is told. */
static void wait_until(struct machine *m, bool (*done)(void *arg), void *arg)
{
	struct sim_cpu *c = &m->cpu[m->current];

	c->done = done;
	c->arg = arg;
	c->until = NEVER;
	cpu_block(m, CPU_SLEEP);
	sim_forget(m, 72);
}

/* The CPU whose condition is evaluated, or which runs. */
static uint32_t asking(const struct machine *m)
{
	return (uint32_t)((m->asking ? m->asking : &m->cpu[m->current]) - m->cpu);
}

static bool is_idle(void *arg)
{
	struct machine *m = arg;

	sim_reads(m, RES_SCRIPT);
	return !guest_of(m)->irq[guest_of(m)->cpu[asking(m)].device - 1u].busy;
}

void guest_device_lock(struct machine *m, uint32_t cpu, uint32_t irq)
{
	struct guest_state *g = guest_of(m);

	cpu_yield_for(m, MOVES_NOT);
	sim_writes(m, RES_SCRIPT);
	g->cpu[cpu].device = (uint8_t)(irq + 1);
	while (g->irq[irq].busy)
		wait_until(m, is_idle, m);
	g->irq[irq].busy = 1;
}

void guest_device_unlock(struct machine *m, uint32_t cpu)
{
	struct guest_state *g = guest_of(m);

	cpu_yield_for(m, MOVES_NOT);
	sim_writes(m, RES_SCRIPT);
	g->irq[g->cpu[cpu].device - 1u].busy = 0;
	g->cpu[cpu].device = 0;
}

/* ---- scripts ------------------------------------------------------------------------------- */

static void tell_device(struct machine *m, uint32_t irq, bool level)
{
	uint32_t intid = world_guest_intid(world_of(m)->s, irq);

	if (level)
		virt_inject_event(m, irq);
	else
		virt_line_fell(m, irq);
	guest_check_rc(m, irq, "inject",
		       guest_returned_on(m, 71, ferry_vgic_inject(vgic_of(m), 0, intid, level)));
}

/* `inject` where a vCPU is loaded that is entered next. The operation is done once the library has
 * been told. */
static bool is_direct(const struct machine *m, uint32_t cpu, const struct op *op)
{
	return world_of(m)->s->guest.direct && op->kind == OP_INJECT &&
	       guest_of(m)->cpu[cpu].loaded && can_run(m, cpu);
}

static void inject_here(struct machine *m, uint32_t cpu, const struct op *op)
{
	bool is_level = guest_is_level(world_of(m)->s->kind[op->irq]);
	uint32_t vcpu = guest_of(m)->cpu[cpu].loaded - 1u;
	struct actor *a = &state_of(m)->actor[cpu];
	enum virt_exit why;
	uintptr_t flags;

	unblock(m, vcpu);
	if (is_level)
		guest_device_lock(m, cpu, op->irq);
	flags = ferry_host_irq_save(m);
	cpu_yield_for(m, MOVES_NOT);
	sim_writes(m, RES_GHOST(op->irq) | RES_DEVICE(op->irq));
	if (!is_level || !m->source[op->irq].line) {
		virt_inject_event(m, op->irq);
		guest_check_rc(m, op->irq, "inject",
			       guest_returned(m, 77,
					      ferry_vcpu_inject(vgic_of(m), vcpu,
								world_guest_intid(world_of(m)->s,
										  op->irq))));
	}
	if (is_level)
		guest_device_unlock(m, cpu);
	a->in_op = 0;
	a->at++;
	why = run_off(m, cpu, vcpu);
	ferry_host_irq_restore(m, flags);
	if (why == VIRT_TRAP)
		trapped(m, cpu, vcpu);
}

/* Edges need no order. */
static void do_inject(struct machine *m, uint32_t cpu, const struct op *op, bool level)
{
	bool is_level = guest_is_level(world_of(m)->s->kind[op->irq]);

	if (is_level)
		guest_device_lock(m, cpu, op->irq);
	else
		cpu_yield_for(m, MOVES_NOT);
	sim_writes(m, RES_GHOST(op->irq) | RES_DEVICE(op->irq));
	if (!is_level || m->source[op->irq].line != level)
		tell_device(m, op->irq, level);
	if (is_level)
		guest_device_unlock(m, cpu);
}

static void do_drop(struct machine *m, const struct op *op)
{
	cpu_yield_for(m, MOVES_NOT);
	sim_writes(m, RES_GHOST(op->irq) | RES_DEVICE(op->irq));
	if (m->source[op->irq].line)
		virt_line_fell(m, op->irq);
}

/* Of what is waited for when one is torn down: the thread's arguments are its CPU's script. */
static uint32_t torn_down(const struct machine *m)
{
	uint32_t cpu = asking(m);

	return world_of(m)->s->script[cpu].op[state_of(m)->actor[cpu].at].irq;
}

/* Has everyone passed on what it has acknowledged of it? */
static bool nobody_has_it(void *arg)
{
	struct machine *m = arg;
	uint32_t cpu, d, intid = m->source[torn_down(m)].intid;

	for (cpu = 0; cpu < m->config.cpus; cpu++) {
		sim_reads(m, RES_CPU(cpu));
		for (d = 0; d < m->cpu[cpu].depth; d++)
			if (m->cpu[cpu].frame[d].intid == intid)
				return false;
	}
	return true;
}

static bool has_left(void *arg)
{
	struct machine *m = arg;
	struct ferry_virq_info info;

	return ferry_vgic_look(vgic_of(m), 0, world_guest_intid(world_of(m)->s, torn_down(m)),
			       &info) != FERRY_OK ||
	       !info.in_lr;
}

static void do_teardown(struct machine *m, const struct op *op)
{
	uint32_t intid = world_guest_intid(world_of(m)->s, op->irq);
	int rc;

	sim_writes(m, RES_SCRIPT | RES_DEVICE(op->irq));
	guest_of(m)->irq[op->irq].unbound = 1;
	virt_enable(m, op->irq, false);
	(void)guest_returned(m, 73, 0);
	wait_until(m, nobody_has_it, m);
	while ((rc = guest_returned_on(m, 74, ferry_vgic_unbind(vgic_of(m), intid))) ==
	       FERRY_E_AGAIN)
		wait_until(m, has_left, m);
	guest_check_rc(m, op->irq, "unbind", rc);
	sim_writes(m, RES_GHOST(op->irq));
	if (rc == FERRY_OK)
		virt_unbound(m, op->irq);
}

static void hotplug(struct machine *m, uint32_t holder)
{
	sim_writes(m, RES_SCRIPT);
	state_of(m)->hotplug = (uint8_t)holder;
}

/* Somebody who stays: one at a time leaves. */
static uint32_t other_cpu(const struct machine *m, uint32_t cpu)
{
	uint32_t to;

	for (to = 0; to < m->config.cpus; to++)
		if (to != cpu && !m->cpu[to].parked && state_of(m)->actor[to].booted)
			return to;
	return NONE;
}

/* False: it is the last. */
static bool go_offline(struct machine *m, uint32_t cpu)
{
	struct actor *a = &state_of(m)->actor[cpu];
	uint32_t to;

	hotplug(m, cpu + 1);
	to = other_cpu(m, cpu);
	if (to == NONE) {
		hotplug(m, 0);
		return false;
	}
	put_with_interrupts_off(m, cpu);
	assign(m, cpu, 0);
	ferry_vgic_leave(vgic_of(m), cpu, to);
	(void)guest_returned_on(m, 75, 0);
	virt_told_leave(m, cpu, to);
	(void)ferry_host_irq_save(m);
	virt_cpu_offline(m, cpu);
	cpu_yield_for(m, MOVES_NOT);
	hotplug(m, 0);
	a->at++;
	a->in_op = 0;
	m->cpu[cpu].parked = true;
	sim_forget(m, 0);
	cpu_park(m);
	a->in_op = 1;
	virt_cpu_online(m, cpu);
	hotplug(m, 0);
	ferry_host_irq_restore(m, 1);
	return true;
}

static void do_op(struct machine *m, uint32_t cpu, const struct op *op)
{
	switch (op->kind) {
	case OP_RUN:
	case OP_PUT:
		put_with_interrupts_off(m, cpu);
		assign(m, cpu, op->kind == OP_RUN ? op->cpus + 1u : 0);
		break;
	case OP_INJECT:
	case OP_LOWER:
		do_inject(m, cpu, op, op->kind == OP_INJECT);
		break;
	case OP_DROP:
		do_drop(m, op);
		break;
	case OP_TEARDOWN:
		do_teardown(m, op);
		break;
	case OP_OFFLINE:
		(void)go_offline(m, cpu);
		break;
	default: /* `online` of one that never went: nothing to do */
		break;
	}
}

/* ---- the beginning --------------------------------------------------------------------------- */

static void boot(struct machine *m, uint32_t cpu)
{
	struct state *st = state_of(m);
	uintptr_t flags;

	sim_forget(m, 30); /* it has begun */
	flags = ferry_host_irq_save(m);
	st->actor[cpu].booted = 1;
	virt_cpu_online(m, cpu);
	if (st->running == RUN) {
		st->actor[cpu].at++;
		hotplug(m, 0);
	}
	ferry_host_irq_restore(m, flags);
}

static void access_as(struct machine *m, uint32_t vcpu, uint8_t kind, uint32_t irq, uint8_t value)
{
	const struct op op = { .kind = kind, .irq = (uint8_t)irq, .cpus = value };
	struct virt_trap t;

	if (!guest_access(m, vcpu, &op, &t))
		return;
	guest_trapped(m, m->current, vcpu, &op, &t);
	if (kind == OP_DEACTIVATE)
		guest_tell(m, vcpu, &op, true);
	guest_of(m)->vcpu[vcpu].telling = 0;
}

/* ICFGR: two bits for each interrupt, of which the upper says "edge". */
static void configure(struct machine *m, uint32_t irq)
{
	uint32_t intid = world_guest_intid(world_of(m)->s, irq);
	const struct virt_trap read = { TRAP_ACCESS, FERRY_GICD, 4, 0, 0xc00 + intid / 16 * 4, 0 };
	struct ferry_vgic_access a = { .frame = read.frame, .bytes = 4, .offset = read.offset };

	guest_check_rc(m, irq, "access", ferry_vgic_access(vgic_of(m), 0, &a));
	a.write = true;
	a.value |= 2u << intid % 16 * 2;
	guest_check_rc(m, irq, "access", ferry_vgic_access(vgic_of(m), 0, &a));
}

static void set_up_irq(struct machine *m, uint32_t irq)
{
	const struct scenario *s = world_of(m)->s;
	bool own = guest_is_private(s->kind[irq]);
	uint32_t vcpu, src;

	if (guest_is_linked(s->kind[irq]))
		guest_check_rc(m, irq, "bind",
			       ferry_vgic_bind(vgic_of(m), world_guest_intid(s, irq),
					       m->source[irq].intid,
					       s->kind[irq] == SCENARIO_HWEDGE));
	if (s->kind[irq] == SCENARIO_VEDGE)
		configure(m, irq);
	for (vcpu = 0; vcpu < (own ? s->guest.vcpus : 1u); vcpu++) {
		access_as(m, vcpu, OP_GROUP, irq, 1);
		access_as(m, vcpu, OP_PRIO, irq, 0xa0);
		if (!own)
			access_as(m, vcpu, OP_ROUTE, irq, 0);
		access_as(m, vcpu, OP_ENABLE, irq, 0);
		src = world_guest_source(s, irq, vcpu);
		m->source[src].live = true;
	}
	if (guest_is_linked(s->kind[irq]))
		virt_enable(m, irq, true);
}

static void set_up(struct machine *m)
{
	const struct scenario *s = world_of(m)->s;
	uint32_t vcpu, irq;

	for (vcpu = 0; vcpu < s->guest.vcpus; vcpu++)
		power_on(m, vcpu);
	access_as(m, 0, OP_DISTON, 0, 0);
	for (irq = 0; irq < s->nirqs; irq++)
		set_up_irq(m, irq);
	state_of(m)->running = BOOT;
}

/* A script that begins with `run` has its vCPU in the guest from the beginning. */
void world_guest_start(struct machine *m)
{
	const struct scenario *s = world_of(m)->s;
	uint32_t cpu;

	state_of(m)->running = START;
	for (cpu = 0; cpu < s->cpus; cpu++)
		if (!(s->away >> cpu & 1) && next_op(m, cpu) && next_op(m, cpu)->kind == OP_RUN) {
			guest_of(m)->cpu[cpu].assigned = (uint8_t)(next_op(m, cpu)->cpus + 1);
			state_of(m)->actor[cpu].at = 1;
		}
}

/* ---- the end --------------------------------------------------------------------- */

/* Rounds: in the first nobody runs; in the second the guest takes back what keeps it from its
 * interrupts; then the vCPUs run in turn, each twice; in the last nobody runs. */
uint32_t world_guest_rounds(const struct scenario *s)
{
	return 2u * s->guest.vcpus + 4;
}

void world_guest_round(struct machine *m, uint32_t n)
{
	uint32_t cpu;

	state_of(m)->ending = 2;
	guest_of(m)->round = (uint8_t)n;
	for (cpu = 0; cpu < m->config.cpus; cpu++)
		if (m->cpu[cpu].state == CPU_GUEST)
			world_guest_leave(m, cpu);
}

/* The n-th of those that are online. */
static uint32_t rank_of(const struct machine *m, uint32_t cpu)
{
	uint32_t i, n = 0;

	for (i = 0; i < cpu; i++)
		n += !m->cpu[i].parked;
	return n;
}

static void take_back_irq(struct machine *m, uint32_t irq, uint32_t vcpu)
{
	uint32_t intid = world_guest_intid(world_of(m)->s, irq);
	struct ferry_virq_info info;
	int rc;

	machine_look(m);
	rc = ferry_vgic_look(vgic_of(m), vcpu, intid, &info);
	machine_looked(m);
	guest_check_rc(m, irq, "look", rc);
	if (info.target == FERRY_NONE)
		access_as(m, vcpu, OP_ROUTE, irq, 0);
	if (!info.enabled)
		access_as(m, vcpu, OP_ENABLE, irq, 0);
	/* Active with nobody who will end it: parked at a power off, or by ISACTIVER. */
	if (info.active && (info.owner == FERRY_NONE ||
			    !m->virt->source[world_guest_source(world_of(m)->s, irq, vcpu)].active))
		access_as(m, vcpu, OP_DEACTIVATE, irq, 0);
}

static void take_back(struct machine *m)
{
	const struct scenario *s = world_of(m)->s;
	uint32_t vcpu, irq;

	for (vcpu = 0; vcpu < s->guest.vcpus; vcpu++) {
		power_on(m, vcpu);
		if (!m->virt->vcpu[vcpu].nactive)
			virt_mask(m, vcpu, false);
	}
	access_as(m, 0, OP_DISTON, 0, 0);
	for (irq = 0; irq < s->nirqs; irq++)
		for (vcpu = 0; vcpu < (guest_is_private(s->kind[irq]) ? s->guest.vcpus : 1u);
		     vcpu++)
			take_back_irq(m, irq, vcpu);
}

static void end(struct machine *m, uint32_t cpu)
{
	struct guest_state *g = guest_of(m);
	uint32_t rank = rank_of(m, cpu);

	put_with_interrupts_off(m, cpu);
	assign(m, cpu, 0);
	if (g->round == 2 && !rank)
		take_back(m);
	else if (g->round > 2 && g->round < world_guest_rounds(world_of(m)->s) &&
		 rank < world_of(m)->s->guest.vcpus)
		assign(m, cpu, 1u + (g->round + rank) % world_of(m)->s->guest.vcpus);
	g->cpu[cpu].round = g->round;
	g->cpu[cpu].wanted = 0;
}

/* ---- threads, devices ------------------------------------------------------------ */

static void work(struct machine *m, uint32_t cpu)
{
	struct state *st = state_of(m);
	struct actor *a = &st->actor[cpu];

	sim_forget(m, 40);
	sim_reads(m, RES_SCRIPT);
	if (!a->booted) {
		boot(m, cpu);
	} else if (st->running == SETUP) {
		set_up(m);
	} else if (at_end(m, cpu)) {
		end(m, cpu);
	} else if (op_is_next(m, cpu)) {
		guest_of(m)->cpu[cpu].wanted = 0;
		a->in_op = 1;
		if (is_direct(m, cpu, next_op(m, cpu))) {
			inject_here(m, cpu, next_op(m, cpu));
			return;
		}
		do_op(m, cpu, next_op(m, cpu));
		a->in_op = 0;
		a->at++;
	} else {
		guest_of(m)->cpu[cpu].wanted = 0;
		turn(m, cpu);
	}
}

/* Handlers run in the guest. */
static void handler(struct machine *m, uint32_t src, uint32_t cpu)
{
	violation(m, V_BROKEN, cpu, src, "a handler of the host's for an interrupt of the guest's");
}

static void fired(struct machine *m, uint32_t src, bool raised)
{
	state_of(m)->intent[src].left--;
	(void)raised;
}

static void poll(struct machine *m)
{
	(void)m;
}

static void system_vector(struct machine *m, uint32_t cpu)
{
	(void)m;
	(void)cpu;
}

/* A CPU is switched on; or leaves its guest. */
static void op(struct machine *m, uint32_t cpu, uint32_t what)
{
	if (what == 2) {
		world_guest_leave(m, cpu);
		return;
	}
	hotplug(m, cpu + 1);
	sim_writes(m, RES_CPU(cpu) | RES_IRR(cpu));
	cpu_unpark(m, cpu);
}

static void wake(struct machine *m, uint32_t vcpu)
{
	struct vactor *v = &guest_of(m)->vcpu[vcpu];

	sim_writes(m, RES_SCRIPT);
	if (v->blocked)
		v->woken = 1;
}

static struct ferry_vgic *guest_object(struct machine *m)
{
	return vgic_of(m);
}

static const struct virt_client guest = {
	.may = guest_may,
	.instruction = guest_instruction,
	.wake = wake,
	.timer = guest_timer,
	.guest_of = guest_object,
	.arrive = arrive,
	.complete = virt_is_complete,
	.pending = virt_is_pending,
};

const struct sim_client client_guest = {
	.has_work = has_work,
	.work = work,
	.handler = handler,
	.fired = fired,
	.poll = poll,
	.op = op,
	.system = system_vector,
	.virt = &guest,
};
