/* SPDX-License-Identifier: MIT */
/* virt_storm.c: a storm of a guest, from its options to its report. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "storm_int.h"
#include "virt_storm_int.h"

#define STACK_BYTES 32768u
#define TOKENS 8192u
#define LATER_NS 8000u         /* "soon" */
#define LOOK_NS 2000u          /* how often a drain looks */
#define PATIENCE_NS 100000000u /* longer than anything may take */
#define RECALL_NS 2000u

void vstorm_fail(struct vstorm *st, int status, const char *why)
{
	if (st->status)
		return;
	st->status = status;
	if (st->m)
		st->m->stop = true;
	if (st->error_size)
		snprintf(st->error, st->error_size, "%s", why);
}

/* ---- operations --------------------------------------------------------------------------- */

static void later(struct vstorm *st, uint32_t what, uint8_t kind, uint32_t arg)
{
	st->busy++;
	machine_at(st->m, st->m->now + 1 + vstorm_pick(st, LATER_NS),
		   label_of(L_OP, (uint32_t)kind << 16 | arg, what));
}

void vstorm_guest_later(struct vstorm *st, uint8_t kind, uint32_t arg)
{
	later(st, AT_GUEST, kind, arg);
}

void vstorm_host_later(struct vstorm *st, uint8_t kind, uint32_t arg)
{
	later(st, AT_HOST, kind, arg);
}

/* One that is in the guest, as a rule. */
uint32_t vstorm_some_vcpu(struct vstorm *st)
{
	uint32_t cpu = vstorm_pick(st, st->o->cpus), vcpu = vstorm_pick(st, st->o->vcpus), i;

	for (i = 0; vstorm_pick(st, 8) && i < st->o->cpus; i++, cpu = (cpu + 1) % st->o->cpus)
		if (st->m->virt->cpu[cpu].vcpu)
			return st->m->virt->cpu[cpu].vcpu - 1;
	while (!(st->on >> vcpu & 1))
		vcpu = (vcpu + 1) % st->o->vcpus;
	return vcpu;
}

void vstorm_guest_op(struct vstorm *st, uint32_t vcpu, uint8_t kind, uint32_t arg)
{
	struct storm_vcpu *v = &st->vcpu[vcpu];

	if (v->n == VSTORM_OPS) {
		if (kind >= VIRT_OPS)
			vstorm_guest_later(st, kind, arg);
		return;
	}
	v->op[(v->head + v->n++) % VSTORM_OPS] = (struct vop){ kind, arg };
	st->busy++;
	if (st->m->virt->vcpu[vcpu].on)
		cpu_wake(st->m, st->m->virt->vcpu[vcpu].on - 1);
	else
		vstorm_wake(st->m, vcpu);
}

void vstorm_host_op(struct vstorm *st, uint8_t kind, uint32_t arg)
{
	uint32_t cpu = vstorm_some_cpu(st);
	struct storm_cpu *c = &st->cpu[cpu];

	if (c->n == VSTORM_JOBS) {
		vstorm_host_later(st, kind, arg);
		return;
	}
	c->job[(c->head + c->n++) % VSTORM_JOBS] = (struct vop){ kind, arg };
	st->busy++;
	vstorm_preempt(st, cpu);
}

static void move(struct vstorm *st)
{
	uint32_t vcpu = vstorm_pick(st, st->o->vcpus), cpu = vstorm_some_cpu(st);

	if (cpu == st->vcpu[vcpu].cpu)
		return;
	st->report->ops[VIRT_OP_MOVE]++;
	vstorm_assign(st, vcpu, cpu);
}

static void start_leave(struct vstorm *st)
{
	uint32_t cpu = vstorm_some_cpu(st), i, n = 0;

	for (i = 0; i < st->o->cpus; i++)
		n += st->cpu[i].online;
	if (st->hotplug || n < 2)
		return;
	st->hotplug = cpu + 1;
	st->busy++;
	st->cpu[cpu].leaving = true;
	vstorm_preempt(st, cpu);
}

static void start_reset(struct vstorm *st)
{
	uint32_t vcpu = vstorm_pick(st, st->o->vcpus);
	struct storm_vcpu *v = &st->vcpu[vcpu];

	if (!vcpu || !(st->on >> vcpu & 1) || v->reset)
		return;
	v->reset = true;
	st->busy++;
	if (st->resident >> vcpu & 1)
		vstorm_preempt(st, v->cpu);
	vstorm_wake(st->m, vcpu);
}

static void start_op(struct vstorm *st, uint8_t kind)
{
	uint32_t src = vstorm_pick(st, st->shared);

	switch (kind) {
	case VIRT_OP_MOVE:
		move(st);
		break;
	case VIRT_OP_LEAVE:
		start_leave(st);
		break;
	case VIRT_OP_UNBIND:
		if (st->linked)
			vstorm_host_op(st, HOST_UNBIND, src % st->linked);
		break;
	case VIRT_OP_FALL:
		if (vstorm_level(st, src))
			vstorm_host_op(st, HOST_FALL, src);
		break;
	case VIRT_OP_RESET:
		start_reset(st);
		break;
	default:
		vstorm_guest_op(st, vstorm_some_vcpu(st), kind, src);
	}
}

static void start_ops(struct vstorm *st)
{
	const struct virt_storm_options *o = st->o;
	const uint32_t rates[VIRT_OPS] = {
		o->routes,
		o->disables,
		o->pends,
		o->unpends,
		o->clears,
		o->priorities,
		o->groups,
		o->switches,
		o->reads,
		o->sgis ? o->sends : 0,
		o->timer ? o->timers : 0,
		o->offs,
		o->moves,
		o->leaves,
		o->unbinds,
		o->falls,
		o->resets,
	};
	uint32_t i, n;

	for (i = 0; i < VIRT_OPS; i++) {
		if (!rates[i])
			continue;
		for (n = rates[i] / 1000 + (vstorm_pick(st, 1000) < rates[i] % 1000); n; n--)
			start_op(st, (uint8_t)i);
	}
}

/* ---- events --------------------------------------------------------------------------------- */

static uint64_t next_gap(struct vstorm *st, uint32_t src)
{
	struct storm_virq *q = &st->virq[src];
	uint64_t mean = st->o->period_ns;

	if (st->o->burst < 2)
		return storm_exponential(st->m, mean);
	if (q->left) {
		q->left--;
		return 1 + vstorm_pick(st, mean / 8);
	}
	q->left = st->o->burst - 1;
	return storm_exponential(st->m, mean * st->o->burst);
}

static void next_event(struct vstorm *st, uint32_t src)
{
	machine_at(st->m, st->m->now + next_gap(st, src), label_of(L_FIRE, src, 0));
}

void vstorm_start_events(struct vstorm *st)
{
	uint32_t src;

	st->running = true;
	for (src = 0; src < st->shared; src++)
		next_event(st, src);
}

/* Linked ones have been raised by now; of others nobody but the host knows. */
static void fired(struct machine *m, uint32_t src, bool raised)
{
	struct vstorm *st = vstorm_of(m);

	if (st->drain)
		return;
	if (!raised)
		vstorm_host_op(st, HOST_INJECT, src);
	st->report->fires++;
	start_ops(st);
	if (st->report->fires >= st->next_drain)
		vstorm_drain(st);
	else
		next_event(st, src);
}

/* ---- drains: nothing new comes, and everything that has come must have arrived ----------------- */

static void look_soon(struct vstorm *st)
{
	machine_at(st->m, st->m->now + LOOK_NS, label_of(L_OP, 0, AT_DRAIN));
}

void vstorm_drain(struct vstorm *st)
{
	st->drain = DRAIN_EMPTY;
	st->drain_since = st->m->now;
	look_soon(st);
}

static bool is_quiet(const struct vstorm *st, uint32_t src)
{
	const struct machine *m = st->m;
	const struct virt_source *s = &m->virt->source[src];
	uint32_t n = arm_index(m, m->source[src].intid);

	return !s->owed && !s->active && m->source[src].pending.time == NEVER &&
	       !m->source[src].line && !(s->linked && m->gic->line[n].active) &&
	       (src >= st->shared || !st->virq[src].ending);
}

static bool all_quiet(const struct vstorm *st)
{
	uint32_t i;

	for (i = 0; i < st->m->config.sources; i++)
		if (!is_quiet(st, i))
			return false;
	for (i = 0; i < st->o->vcpus; i++)
		if (st->vcpu[i].armed || st->m->virt->vcpu[i].nactive)
			return false;
	/* A CPU that is taken from its guest may be in the middle of that interrupt. */
	for (i = 0; i < st->o->cpus; i++)
		if (st->m->gic->cpu[i].nactive)
			return false;
	return true;
}

static void give_up(struct vstorm *st)
{
	uint32_t i;

	violation(st->m, V_BROKEN, NONE, NONE,
		  "stuck: step %u of a drain does not end: %u operations, vCPUs on %#llx, blocked "
		  "%#llx, loaded %#llx",
		  st->drain, st->busy, (unsigned long long)st->on, (unsigned long long)st->blocked,
		  (unsigned long long)st->resident);
	for (i = 0; i < st->o->vcpus; i++)
		if (st->vcpu[i].armed && st->vcpu[i].expiry < st->m->now)
			violation(st->m, V_LOST, NONE, NONE,
				  "vCPU %u's timer came, and it was not told", i);
	oracle_final_events(st->m);
	st->m->stop = true;
}

static void drained(struct vstorm *st)
{
	const struct virt_storm_options *o = st->o;

	st->report->drains++;
	if (st->report->fires >= o->events) {
		oracle_final_events(st->m);
		st->finished = st->m->stop = true;
		return;
	}
	st->next_drain += o->events / (o->drains + 1) + 1;
	st->drain = DRAIN_NOT;
	vstorm_start_events(st);
}

static void drain_step(struct vstorm *st)
{
	if (st->m->now - st->drain_since > PATIENCE_NS) {
		give_up(st);
		return;
	}
	if (st->drain == DRAIN_EMPTY && !st->busy) {
		st->drain = DRAIN_REPAIR;
		st->drain_done = false;
		vstorm_guest_op(st, 0, GUEST_REPAIR, 0);
	} else if (st->drain == DRAIN_REPAIR && st->drain_done && !st->busy) {
		st->drain = DRAIN_QUIET;
	} else if (st->drain == DRAIN_QUIET && !st->busy && all_quiet(st)) {
		drained(st);
		return;
	}
	look_soon(st);
}

/* ---- the machine's client ------------------------------------------------------------------------ */

static void op(struct machine *m, uint32_t a, uint32_t what)
{
	struct vstorm *st = vstorm_of(m);
	uint8_t kind = (uint8_t)(a >> 16);

	switch (what) {
	case AT_SLICE:
		vstorm_slice(st, a);
		break;
	case AT_GUEST:
		st->busy--;
		vstorm_guest_op(st, vstorm_some_vcpu(st), kind, a & 0xffff);
		break;
	case AT_HOST:
		st->busy--;
		vstorm_host_op(st, kind, a & 0xffff);
		break;
	case AT_IDLE:
		vstorm_idle(st, a);
		break;
	case AT_ONLINE:
		cpu_unpark(m, a);
		break;
	case AT_DRAIN:
		drain_step(st);
		break;
	}
}

static void handler(struct machine *m, uint32_t src, uint32_t cpu)
{
	violation(m, V_BROKEN, cpu, src, "a handler of the host's for an interrupt of the guest's");
}

static const struct sim_client client = {
	.has_work = vstorm_has_work,
	.work = vstorm_work,
	.handler = handler,
	.fired = fired,
	.op = op,
	.interrupt = virt_irq,
	.virt = &vstorm_guest,
};

/* ---- options --------------------------------------------------------------------------------------- */

static uint32_t shared_of(const struct virt_storm_options *o)
{
	return o->linked_edge + o->linked_level + o->virtual_edge + o->virtual_level;
}

static const char *check_numbers(const struct virt_storm_options *o)
{
	uint32_t shared = shared_of(o);

	if (!shared || shared - o->extended > 988 || o->extended > shared || o->extended > 1024)
		return "no interrupts, or more than a GIC has";
	if (o->sgis > 16 || o->timer > VIRT_STORM_INJECTED || o->timer == 2)
		return "more than 16 SGIs, or a timer that can't be given to all vCPUs";
	if (!o->events || !o->period_ns || !o->handler_ns || !o->slice_ns)
		return "no events, or a time that is 0";
	if (o->nested && o->unbinds)
		return "a handler of what is unlinked would end another one that it has preempted";
	return NULL;
}

static const char *check_options(const struct virt_storm_options *o)
{
	if (o->cpus < 1 || o->cpus > VSTORM_CPUS || !o->vcpus || o->vcpus > VIRT_VCPUS)
		return "1 .. 8 CPUs, 1 .. 64 vCPUs";
	if (o->gic != 2 && o->gic != 3)
		return "the GIC must be version 2 or 3";
	if (o->guest_gic != 2 && (o->guest_gic != 3 || o->gic != 3))
		return "the guest's must be version 2, or 3 on a GICv3";
	if (o->guest_gic == 2 && (o->vcpus > 8 || o->extended))
		return "a GICv2 has at most 8 vCPUs, and no extended interrupts";
	if (!o->lrs || o->lrs > VIRT_LRS)
		return "1 .. 16 list registers";
	return check_numbers(o);
}

/* ---- building ---------------------------------------------------------------------------------------- */

static uint32_t words(uint32_t n)
{
	return (n + 31) / 32 * 32;
}

static uint32_t spis_of(uint32_t n)
{
	return words(n) > 988 ? 988 : words(n);
}

/* The last ones are extended. */
static uint32_t intid_of(const struct vstorm *st, uint32_t src)
{
	uint32_t plain = st->shared - st->o->extended, mixed = (src * 37u + 5) % st->shared;

	/* Neighbours are of different kinds where that is possible. */
	if (st->shared % 37 == 0)
		mixed = src;
	return mixed < plain ? 32 + mixed : FERRY_ESPI_FIRST + mixed - plain;
}

/* What is behind it has another number. */
static uint32_t phys_of(const struct vstorm *st, uint32_t src)
{
	uint32_t n = st->linked - 1 - src;

	if (n < st->phys_espis)
		return FERRY_ESPI_FIRST + n;
	return 32 + n - st->phys_espis;
}

static void size_up(struct vstorm *st)
{
	const struct virt_storm_options *o = st->o;

	st->shared = shared_of(o);
	st->linked = o->linked_edge + o->linked_level;
	st->spis = spis_of(st->shared - o->extended);
	st->espis = words(o->extended);
	st->phys_espis = o->gic == 3 && o->extended ? st->linked / 3 / 32 * 32 : 0;
	st->phys_spis = spis_of(st->linked - st->phys_espis + 1);
}

static struct ferry_vgic_config library_config(struct vstorm *st)
{
	const struct virt_storm_options *o = st->o;
	struct ferry_vgic_config c = { .variant = o->guest_gic == 2 ? &ferry_vgicv2 : &ferry_vgicv3,
				       .hardware = o->gic == 2 ? &ferry_gich : &ferry_ich,
				       .lrs = o->lrs,
				       .vcpus = o->vcpus,
				       .spis = st->spis,
				       .espis = st->espis,
				       .strategy = o->strategy,
				       .flags = o->ask ? FERRY_VGIC_ASK : 0 };

	if (o->guest_gic == 3)
		c.mpidrs = st->affinity;
	if (o->timer) {
		st->timer = (struct ferry_resident){ .intid = VIRT_TIMER_PPI,
						     .phys = VIRT_TIMER_PPI,
						     .scheme = (uint8_t)(o->timer - 1),
						     .timer = 1 };
		c.resident = &st->timer;
		c.nresident = 1;
		c.residents = &ferry_residents;
	}
	return c;
}

static struct sim_config machine_config(struct vstorm *st)
{
	const struct virt_storm_options *o = st->o;
	uint32_t own = o->sgis + (o->timer ? 1 : 0);

	return (struct sim_config){ .cpus = o->cpus,
				    .sources = st->shared + o->vcpus * own,
				    .devices = 1,
				    .seed = o->seed,
				    .storm = true,
				    .gic = o->gic,
				    .gic_slow = o->slow,
				    .weak = o->weak,
				    .mpidrs = st->mpidrs,
				    .spis = st->phys_spis,
				    .espis = st->phys_espis,
				    .recall_ns = RECALL_NS,
				    .ipi_ns = 1000,
				    .virt = true,
				    .vcpus = (uint8_t)o->vcpus,
				    .lrs = o->lrs,
				    .guest_gic = o->guest_gic,
				    .virt_timer = o->timer != 0,
				    .guest_ns = o->handler_ns,
				    .stack = STACK_BYTES,
				    .flights = TOKENS,
				    .client = &client };
}

static void wire_shared(struct vstorm *st, uint32_t src)
{
	const struct virt_storm_options *o = st->o;
	struct source *s = &st->m->source[src];
	uint32_t k = src < st->linked ? src : src - st->linked;
	bool level = k >= (src < st->linked ? o->linked_edge : o->virtual_edge);

	s->kind = level ? FERRY_GIC_LEVEL : FERRY_GIC_EDGE;
	s->intid = src < st->linked ? phys_of(st, src) : NONE;
	if (src < st->linked)
		st->m->gic->line[arm_index(st->m, s->intid)].src = src + 1;
	virt_wire(st->m, src, intid_of(st, src), NONE, src < st->linked);
}

static void wire_own(struct vstorm *st, uint32_t src, uint32_t vcpu, uint32_t intid, uint8_t kind)
{
	st->m->source[src].kind = kind;
	st->m->source[src].intid = NONE;
	virt_wire(st->m, src, intid, vcpu, false);
	if (intid == VIRT_TIMER_PPI)
		virt_wire_timer(st->m, src);
}

static void wire(struct vstorm *st)
{
	uint32_t i, n, src = st->shared;

	for (i = 0; i < st->shared; i++)
		wire_shared(st, i);
	for (i = 0; i < st->o->vcpus; i++) {
		for (n = 0; n < st->o->sgis; n++)
			wire_own(st, src++, i, n, FERRY_GIC_EDGE);
		if (st->o->timer)
			wire_own(st, src++, i, VIRT_TIMER_PPI, FERRY_GIC_LEVEL);
	}
	/* A GICv2's SPIs are nobody's until the guest has written their targets. */
	st->m->quiet = true;
	virt_setup(st->m);
	st->m->quiet = false;
}

static bool build(struct vstorm *st, struct sim_out *out)
{
	struct ferry_vgic_config library;
	struct sim_config config;
	uint32_t i;
	int rc;

	size_up(st);
	for (i = 0; i < st->o->cpus; i++)
		st->mpidrs[i] = i % 4 | (uint64_t)(i / 4) << 8;
	for (i = 0; i < st->o->vcpus; i++)
		st->affinity[i].value = i % 16 | (uint64_t)(i / 16) << 8 | 1u << 16;
	library = library_config(st);
	config = machine_config(st);
	config.library = ferry_vgic_size(&library);
	st->virq = calloc(st->shared, sizeof(*st->virq));
	st->m = st->virq && config.library ? machine_new(&config, out) : NULL;
	if (!st->m) {
		vstorm_fail(st, config.library ? FERRY_E_MEMORY : FERRY_E_INVALID,
			    config.library ? "out of memory" : "the library refuses this guest");
		return false;
	}
	wire(st);
	library.ctx = st->m;
	rc = ferry_vgic_init(&library, st->m->library, config.library, &st->g);
	if (rc != FERRY_OK)
		vstorm_fail(st, rc, "the library refuses this guest");
	return rc == FERRY_OK;
}

/* ---- running ------------------------------------------------------------------------------------------- */

static void run(struct vstorm *st)
{
	struct machine *m = st->m;
	uint64_t labels, since = 0, fires = 0;

	st->next_drain = st->o->events / (st->o->drains + 1) + 1;
	st->cpu[0].job[0] = (struct vop){ HOST_SETUP, 0 };
	st->cpu[0].n = st->busy = 1;
	cpu_unpark(m, 0);
	do {
		labels = m->out->report.labels;
		if (st->report->fires != fires || st->drain)
			since = m->now;
		fires = st->report->fires;
		if (m->now - since > PATIENCE_NS) {
			violation(m, V_BROKEN, NONE, NONE, "stuck: no event in a long time");
			return;
		}
	} while (machine_storm(m, 1u << 16) && !m->stop);
	(void)labels;
	if (!m->stop && !m->fatal)
		violation(m, V_BROKEN, NONE, NONE, "deadlock: nothing can happen any more");
}

static void summarise(struct vstorm *st, struct sim_out *out)
{
	struct virt_storm_report *r = st->report;

	histogram_summary(&out->latency, out->report.latency);
	histogram_summary(&r->counts.stayed, r->stayed);
	histogram_summary(&r->counts.switched, r->switched);
	out->report.virtual_ns = st->m ? st->m->now : 0;
	if (st->m && !st->finished && !st->status && !out->report.broken)
		out->report.broken++;
	r->base = out->report;
}

int virt_storm_run(const struct virt_storm_options *options, struct virt_storm_report *report,
		   char *error, size_t size)
{
	struct vstorm *st = calloc(1, sizeof(*st));
	struct sim_out *out = calloc(1, sizeof(*out));
	const char *why = check_options(options);
	int status = FERRY_E_MEMORY;

	memset(report, 0, sizeof(*report));
	if (size)
		snprintf(error, size, "%s", why ? why : st && out ? "" : "out of memory");
	if (st && out && !why) {
		*st = (struct vstorm){ .o = options, .report = report, .error = error };
		st->error_size = size;
		out->user = st;
		out->counts = &report->counts;
		out->report.seed = options->seed;
		if (build(st, out))
			run(st);
		summarise(st, out);
		if (st->m)
			machine_delete(st->m);
		status = st->status;
		free(st->virq);
		queue_free(&out->queue);
	}
	free(st);
	free(out);
	return why ? FERRY_E_INVALID : status;
}

bool virt_storm_clean(const struct virt_storm_report *report)
{
	return storm_clean(&report->base) && report->base.raised;
}
