/* SPDX-License-Identifier: MIT */
/*
 * virt_storm_host.c: the host of a storm's guest: one thread on each CPU, which does what is
 * queued for it and then runs one of the vCPUs whose turn it is there.
 */
#include "virt_storm_int.h"

#define LOOK_NS 60u /* how often a thread that waits for others looks */
#define AWAY_NS 60000u

static struct ferry_vgic *lib(const struct vstorm *st)
{
	return st->g;
}

static void check(struct vstorm *st, uint32_t src, const char *what, int rc)
{
	if (rc != FERRY_OK)
		violation(st->m, V_BROKEN, st->m->current, src, "%s returned %d", what, rc);
}

/* ---- whose turn it is ------------------------------------------------------------------------ */

/* vCPUs that could be loaded here. */
static uint64_t ready(const struct vstorm *st, uint32_t cpu)
{
	return st->cpu[cpu].queue & st->on & ~st->blocked & ~st->resident & ~st->held;
}

void vstorm_preempt(struct vstorm *st, uint32_t cpu)
{
	struct storm_cpu *c = &st->cpu[cpu];

	cpu_kick(st->m, cpu);
	if (!c->running || c->asked)
		return;
	c->asked = true;
	st->report->preempted++;
	arm_sgi(st->m, cpu, cpu, VIRT_KICK);
}

uint32_t vstorm_some_cpu(struct vstorm *st)
{
	uint32_t cpu = vstorm_pick(st, st->o->cpus), i;

	for (i = 0; i < st->o->cpus; i++, cpu = (cpu + 1) % st->o->cpus)
		if (st->cpu[cpu].online && !st->cpu[cpu].leaving)
			return cpu;
	return 0;
}

void vstorm_assign(struct vstorm *st, uint32_t vcpu, uint32_t cpu)
{
	uint32_t old = st->vcpu[vcpu].cpu;

	st->cpu[old].queue &= ~vstorm_bit(vcpu);
	st->cpu[cpu].queue |= vstorm_bit(vcpu);
	st->vcpu[vcpu].cpu = cpu;
	if (st->resident >> vcpu & 1)
		vstorm_preempt(st, old);
	else
		cpu_kick(st->m, cpu);
}

void vstorm_wake(struct machine *m, uint32_t vcpu)
{
	struct vstorm *st = vstorm_of(m);

	st->blocked &= ~vstorm_bit(vcpu);
	cpu_kick(m, st->vcpu[vcpu].cpu);
}

void vstorm_slice(struct vstorm *st, uint32_t cpu)
{
	struct storm_cpu *c = &st->cpu[cpu];

	if (!c->resident || st->m->now < c->slice_end)
		return;
	if (ready(st, cpu)) {
		c->slice_over = true;
		vstorm_preempt(st, cpu);
	}
	c->slice_end = st->m->now + 1 + vstorm_pick(st, 2ull * st->o->slice_ns);
	machine_at(st->m, c->slice_end, label_of(L_OP, cpu, AT_SLICE));
}

/* Must the vCPU that is loaded make way? */
static bool must_put(const struct vstorm *st, uint32_t cpu)
{
	const struct storm_cpu *c = &st->cpu[cpu];
	uint32_t vcpu = c->resident - 1;

	return c->leaving || st->vcpu[vcpu].cpu != cpu || !(st->on >> vcpu & 1) ||
	       ((c->slice_over || (st->blocked >> vcpu & 1)) && ready(st, cpu));
}

bool vstorm_has_work(struct machine *m, uint32_t cpu)
{
	const struct vstorm *st = vstorm_of(m);
	const struct storm_cpu *c = &st->cpu[cpu];

	if (!c->booted || c->n || c->leaving)
		return true;
	if (c->resident)
		return must_put(st, cpu) || !(st->blocked >> (c->resident - 1) & 1);
	return ready(st, cpu) != 0;
}

/* ---- vCPUs on this CPU ----------------------------------------------------------- */

/* Interrupts off. */
static void put(struct vstorm *st, uint32_t cpu)
{
	uint32_t vcpu = st->cpu[cpu].resident - 1;

	ferry_vcpu_put(lib(st), vcpu);
	virt_loaded(st->m, cpu, NONE);
	virt_check_put(st->m, cpu);
	/* Whoever takes it next does so under a lock of the host's. */
	cpu_flush(st->m, cpu);
	st->cpu[cpu].resident = 0;
	st->cpu[cpu].slice_over = false;
	st->resident &= ~vstorm_bit(vcpu);
	if (st->vcpu[vcpu].cpu != cpu)
		cpu_kick(st->m, st->vcpu[vcpu].cpu);
}

static void put_it(struct vstorm *st, uint32_t cpu)
{
	uintptr_t flags = ferry_host_irq_save(st->m);

	if (st->cpu[cpu].resident)
		put(st, cpu);
	ferry_host_irq_restore(st->m, flags);
}

static void load(struct vstorm *st, uint32_t cpu)
{
	struct storm_cpu *c = &st->cpu[cpu];
	uintptr_t flags = ferry_host_irq_save(st->m);
	uint64_t from = ready(st, cpu), after = from & ~(vstorm_bit(c->last) * 2 - 1);
	uint32_t vcpu;

	if (from) {
		vcpu = (uint32_t)__builtin_ctzll(after ? after : from);
		c->resident = vcpu + 1;
		c->last = vcpu;
		st->resident |= vstorm_bit(vcpu);
		st->report->loads++;
		st->report->homes += st->m->virt->vcpu[vcpu].home &&
				     st->m->virt->vcpu[vcpu].home != cpu + 1;
		/* From now on routes may name this CPU; if it is the first, from some moment on. */
		if (st->m->virt->vcpu[vcpu].homes)
			st->m->virt->vcpu[vcpu].homes |= 1ull << cpu;
		ferry_vcpu_load(lib(st), vcpu, cpu);
		cpu_flush(st->m, cpu);
		virt_loaded(st->m, cpu, vcpu);
		c->slice_end = st->m->now + 1 + vstorm_pick(st, 2ull * st->o->slice_ns);
		machine_at(st->m, c->slice_end, label_of(L_OP, cpu, AT_SLICE));
	}
	ferry_host_irq_restore(st->m, flags);
}

/* Interrupts are let in at its end: what comes is told to the vCPU, perhaps. */
static enum virt_exit enter(struct vstorm *st, uint32_t cpu, uint32_t vcpu)
{
	struct storm_cpu *c = &st->cpu[cpu];
	enum virt_exit why = VIRT_STAY;

	/* From now on who wants something of this CPU sends an SGI. */
	c->running = true;
	c->asked = c->n || must_put(st, cpu);
	if (!c->asked && ferry_vcpu_enter(lib(st), vcpu) == FERRY_OK) {
		vstorm_entering(st, vcpu);
		why = virt_run(st->m, vcpu);
		ferry_vcpu_exit(lib(st), vcpu);
		c->direct = st->o->direct && vstorm_pick(st, 100) < st->o->direct;
	} else {
		st->report->again++;
	}
	c->running = false;
	virt_window(st->m);
	c->direct = false;
	return why;
}

static void run(struct vstorm *st, uint32_t cpu)
{
	struct storm_cpu *c = &st->cpu[cpu];
	uint32_t vcpu = c->resident - 1;
	uintptr_t flags = ferry_host_irq_save(st->m);
	enum virt_exit why;

	ferry_vcpu_unblock(lib(st), vcpu);
	do {
		c->told = false;
		why = enter(st, cpu, vcpu);
	} while (c->told && why != VIRT_TRAP && !c->n && !must_put(st, cpu));
	if (c->told)
		ferry_vcpu_exit(lib(st), vcpu);
	ferry_host_irq_restore(st->m, flags);
	if (why == VIRT_TRAP)
		vstorm_trapped(st, vcpu);
}

int vstorm_arrive(struct machine *m, uint32_t intid)
{
	struct vstorm *st = vstorm_of(m);
	struct storm_cpu *c = &st->cpu[m->current];

	if (!c->direct)
		return ferry_vgic_physical(lib(st), intid);
	c->told = true;
	st->report->direct++;
	return ferry_vcpu_physical(lib(st), c->resident - 1, intid);
}

/* What its own thread had to do is done: it may run elsewhere. */
static void let_go(struct vstorm *st, uint32_t vcpu)
{
	cpu_flush(st->m, st->m->current);
	st->held &= ~vstorm_bit(vcpu);
	cpu_kick(st->m, st->vcpu[vcpu].cpu);
}

/* It blocks loaded, or put: both are allowed. */
void vstorm_wait(struct vstorm *st, uint32_t vcpu)
{
	const struct storm_vcpu *v = &st->vcpu[vcpu];
	uint32_t cpu = st->m->current;
	uintptr_t flags;

	flags = ferry_host_irq_save(st->m);
	st->held |= vstorm_bit(vcpu);
	if (vstorm_pick(st, 2))
		put(st, cpu);
	/* From now on who has something for it to do wakes it. */
	st->blocked |= vstorm_bit(vcpu);
	if (v->n || v->reset || ferry_vcpu_block(lib(st), vcpu) != FERRY_OK)
		st->blocked &= ~vstorm_bit(vcpu);
	let_go(st, vcpu);
	ferry_host_irq_restore(st->m, flags);
}

/* ---- power ----------------------------------------------------------------------- */

static uint32_t vmcr_of(const struct vstorm *st, uint32_t vcpu)
{
	bool split = st->o->eoi == VIRT_STORM_EOI1 ||
		     (st->o->eoi == VIRT_STORM_EOI_MIXED && (vcpu & 1));

	return VMCR_GROUP0 | VMCR_GROUP1 | 0xf0u << VMCR_PMR | (split ? VMCR_EOIM : 0);
}

void vstorm_power_on(struct vstorm *st, uint32_t vcpu)
{
	struct storm_vcpu *v = &st->vcpu[vcpu];

	if (st->on >> vcpu & 1 || v->booting)
		return;
	v->booting = true;
	check(st, NONE, "power on", ferry_vcpu_power(lib(st), vcpu, true));
	virt_power(st->m, vcpu, true, vmcr_of(st, vcpu));
	virt_mask(st->m, vcpu, true);
	st->m->virt->vcpu[vcpu].nested = st->o->nested;
	st->blocked &= ~vstorm_bit(vcpu);
	vstorm_guest_op(st, vcpu, GUEST_BOOT, vcpu);
	st->on |= vstorm_bit(vcpu);
	cpu_kick(st->m, v->cpu);
}

/* What it was to do others do, if somebody has to. */
static void give_away(struct vstorm *st, uint32_t vcpu)
{
	struct storm_vcpu *v = &st->vcpu[vcpu];

	for (; v->n; v->n--, v->head = (v->head + 1) % VSTORM_OPS) {
		struct vop op = v->op[v->head];

		st->busy--;
		if (op.kind >= VIRT_OPS && op.kind != GUEST_BOOT)
			vstorm_guest_later(st, op.kind, op.arg);
	}
}

void vstorm_power_off(struct vstorm *st, uint32_t vcpu)
{
	uintptr_t flags = ferry_host_irq_save(st->m);
	uint32_t cpu = st->m->current;
	bool loaded = st->cpu[cpu].resident == vcpu + 1;

	st->held |= vstorm_bit(vcpu);
	if (loaded && vstorm_pick(st, 2)) {
		put(st, cpu);
		loaded = false;
	}
	check(st, NONE, "power off", ferry_vcpu_power(lib(st), vcpu, false));
	virt_power(st->m, vcpu, false, 0);
	if (loaded)
		put(st, cpu);
	st->busy -= st->vcpu[vcpu].reset;
	st->vcpu[vcpu].reset = st->vcpu[vcpu].armed = st->vcpu[vcpu].booting = false;
	give_away(st, vcpu);
	st->on &= ~vstorm_bit(vcpu);
	let_go(st, vcpu);
	ferry_host_irq_restore(st->m, flags);
}

static void reset(struct vstorm *st, uint32_t vcpu)
{
	if (st->drain || 2 * (uint32_t)__builtin_popcountll(st->on) <= st->o->vcpus) {
		st->vcpu[vcpu].reset = false;
		st->busy--;
		return;
	}
	vstorm_power_off(st, vcpu);
	st->report->ops[VIRT_OP_RESET]++;
	vstorm_guest_later(st, GUEST_ON, vcpu);
}

/* ---- host threads: injecting, lines ---------------------------------------------- */

static void set_line(struct vstorm *st, uint32_t src, bool on)
{
	struct storm_virq *q = &st->virq[src];

	while (vstorm_level(st, src) && q->lining)
		cpu_sleep(st->m, LOOK_NS);
	q->lining = true;
	if (on)
		virt_inject_event(st->m, src);
	else
		virt_line_fell(st->m, src);
	check(st, src, "inject", ferry_vgic_inject(lib(st), 0, st->m->virt->source[src].intid, on));
	q->lining = false;
}

static void fall(struct vstorm *st, uint32_t src)
{
	if (!st->m->source[src].line)
		return;
	st->report->ops[VIRT_OP_FALL]++;
	if (src < st->linked)
		virt_line_fell(st->m, src);
	else
		set_line(st, src, false);
}

/* ---- host threads: linked interrupts come and go --------------------------------- */

/* Wait until no CPU is in the middle of what it was doing: neither between an acknowledge and
 * ferry_vgic_physical(), nor about to kick somebody. */
static void grace(struct vstorm *st)
{
	uint32_t turns[VSTORM_CPUS], cpu, waits = 0;

	for (cpu = 0; cpu < st->o->cpus; cpu++) {
		turns[cpu] = st->cpu[cpu].turns;
		waits |= cpu != st->m->current ? 1u << cpu : 0;
	}
	while (waits) {
		cpu_sleep(st->m, LOOK_NS);
		for (cpu = 0; cpu < st->o->cpus; cpu++) {
			const struct sim_cpu *c = &st->m->cpu[cpu];

			if (st->cpu[cpu].turns != turns[cpu] ||
			    (!c->depth && c->state != CPU_READY && c->state != CPU_LOCK &&
			     c->state != CPU_FENCE))
				waits &= ~(1u << cpu);
		}
	}
}

static void unbind(struct vstorm *st, uint32_t src)
{
	struct storm_virq *q = &st->virq[src];
	int rc;

	if (q->busy)
		return;
	q->busy = true;
	virt_enable(st->m, src, false);
	grace(st);
	while ((rc = ferry_vgic_unbind(lib(st), st->m->virt->source[src].intid)) == FERRY_E_AGAIN)
		cpu_sleep(st->m, LOOK_NS);
	check(st, src, "unbind", rc);
	virt_unbound(st->m, src);
	st->report->ops[VIRT_OP_UNBIND]++;
	vstorm_host_later(st, HOST_BIND, src);
}

/* A handler of it that began before it was unlinked would end the next one. */
static bool has_handler(struct vstorm *st, uint32_t src)
{
	const struct virt_source *s = &st->m->virt->source[src];
	const struct virt_vcpu *g;
	uint32_t i;

	if (st->virq[src].ending || !s->active)
		return st->virq[src].ending;
	g = &st->m->virt->vcpu[s->active - 1];
	for (i = 0; i < g->nactive; i++)
		if (g->active[i].intid == s->intid)
			return true;
	return false;
}

static void bind(struct vstorm *st, uint32_t src)
{
	if (has_handler(st, src)) {
		vstorm_host_later(st, HOST_BIND, src);
		return;
	}
	virt_told_inactive(st->m, src);
	check(st, src, "bind",
	      ferry_vgic_bind(lib(st), st->m->virt->source[src].intid, st->m->source[src].intid,
			      !vstorm_level(st, src)));
	virt_enable(st->m, src, true);
	st->virq[src].busy = false;
}

/* ---- CPUs go and come ------------------------------------------------------------ */

static void hand_over(struct vstorm *st, uint32_t cpu)
{
	struct storm_cpu *c = &st->cpu[cpu];
	uint64_t vcpus = c->queue;

	for (; vcpus; vcpus &= vcpus - 1)
		vstorm_assign(st, (uint32_t)__builtin_ctzll(vcpus), vstorm_some_cpu(st));
	for (; c->n; c->n--, c->head = (c->head + 1) % VSTORM_JOBS) {
		st->busy--;
		vstorm_host_op(st, c->job[c->head].kind, c->job[c->head].arg);
	}
}

static void come_back(struct vstorm *st, uint32_t cpu)
{
	uint32_t i;

	virt_cpu_online(st->m, cpu);
	st->cpu[cpu].booted = st->cpu[cpu].online = true;
	for (i = 0; i < st->o->vcpus; i++)
		if (!vstorm_pick(st, st->o->cpus))
			vstorm_assign(st, i, cpu);
}

/* No physical route of the guest's names a CPU that has left. */
static void check_routes(struct vstorm *st, uint32_t cpu)
{
	const struct sim_gic *gic = st->m->gic;
	struct ferry_virq_info info;
	uint32_t i;

	for (i = 0; i < st->linked; i++) {
		uint64_t route = gic->line[arm_index(st->m, st->m->source[i].intid)].route;

		machine_look(st->m);
		if (ferry_vgic_look(st->g, 0, st->m->virt->source[i].intid, &info) != FERRY_OK)
			info.routed = FERRY_NONE;
		if (!machine_looked(st->m) || info.routed == FERRY_NONE)
			continue;
		if (st->o->gic == 2 ? route >> arm_bit(cpu) & 1 : route == gic->cpu[cpu].mpidr)
			violation(st->m, V_OFFLINE, cpu, i,
				  "it is routed to a CPU that is offline");
	}
}

static void leave(struct vstorm *st, uint32_t cpu)
{
	uint32_t to;

	put_it(st, cpu);
	hand_over(st, cpu);
	to = vstorm_some_cpu(st);
	virt_told_leave(st->m, cpu, to);
	ferry_vgic_leave(lib(st), cpu, to);
	grace(st);
	(void)ferry_host_irq_save(st->m);
	virt_window(st->m);
	st->cpu[cpu].online = false;
	hand_over(st, cpu);
	virt_cpu_offline(st->m, cpu);
	st->cpu[cpu].leaving = false;
	st->report->ops[VIRT_OP_LEAVE]++;
	machine_at(st->m, st->m->now + 1000 + vstorm_pick(st, AWAY_NS),
		   label_of(L_OP, cpu, AT_ONLINE));
	st->busy--;
	check_routes(st, cpu);
	cpu_park(st->m);
	check_routes(st, cpu);
	st->hotplug = 0;
	come_back(st, cpu);
	ferry_host_irq_restore(st->m, 1);
}

/* ---- the beginning --------------------------------------------------------------- */

static void setup(struct vstorm *st)
{
	uint32_t i, n;

	for (i = 1; i < st->o->cpus; i++)
		cpu_unpark(st->m, i);
	for (n = 1; n < st->o->cpus;) {
		cpu_sleep(st->m, LOOK_NS);
		for (n = i = 0; i < st->o->cpus; i++)
			n += st->cpu[i].booted;
	}
	for (i = 0; i < st->linked; i++)
		check(st, i, "bind",
		      ferry_vgic_bind(lib(st), st->m->virt->source[i].intid, st->m->source[i].intid,
				      !vstorm_level(st, i)));
	vstorm_firmware(st);
	for (i = 0; i < st->o->vcpus; i++) {
		st->vcpu[i].cpu = i % st->o->cpus;
		st->cpu[i % st->o->cpus].queue |= vstorm_bit(i);
		vstorm_power_on(st, i);
	}
	for (i = 0; i < st->linked; i++) {
		st->m->source[i].live = true;
		virt_enable(st->m, i, true);
	}
	vstorm_start_events(st);
}

/* ---- the thread of a CPU --------------------------------------------------------- */

static void job(struct vstorm *st, uint32_t cpu)
{
	struct storm_cpu *c = &st->cpu[cpu];
	struct vop op = c->job[c->head];

	c->head = (c->head + 1) % VSTORM_JOBS;
	c->n--;
	switch (op.kind) {
	case HOST_SETUP:
		setup(st);
		break;
	case HOST_INJECT:
		set_line(st, op.arg, true);
		break;
	case HOST_FALL:
		fall(st, op.arg);
		break;
	case HOST_UNBIND:
		unbind(st, op.arg);
		break;
	case HOST_BIND:
		bind(st, op.arg);
		break;
	}
	st->busy--;
}

static void boot(struct vstorm *st, uint32_t cpu)
{
	uintptr_t flags = ferry_host_irq_save(st->m);

	virt_cpu_online(st->m, cpu);
	st->cpu[cpu].booted = st->cpu[cpu].online = true;
	ferry_host_irq_restore(st->m, flags);
}

void vstorm_work(struct machine *m, uint32_t cpu)
{
	struct vstorm *st = vstorm_of(m);
	struct storm_cpu *c = &st->cpu[cpu];

	c->turns++;
	if (!c->booted)
		boot(st, cpu);
	else if (c->n)
		job(st, cpu);
	else if (c->leaving)
		leave(st, cpu);
	else if (!c->resident)
		load(st, cpu);
	else if (must_put(st, cpu))
		put_it(st, cpu);
	else if (st->vcpu[c->resident - 1].reset)
		reset(st, c->resident - 1);
	else
		run(st, cpu);
}
