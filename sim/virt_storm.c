/* SPDX-License-Identifier: MIT */
/* virt_storm.c: a storm of a guest: what happens when, drains, its report. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "storm_int.h"
#include "virt_storm_int.h"

#define LATER_NS 8000u         /* "soon" */
#define LOOK_NS 2000u          /* how often a drain looks */
#define PATIENCE_NS 100000000u /* longer than anything may take */

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

uint32_t virt_storm_rate(const struct virt_storm_options *o, enum virt_storm_op op)
{
	const uint32_t rates[VIRT_OPS] = {
		[VIRT_OP_ROUTE] = o->routes,
		[VIRT_OP_DISABLE] = o->disables,
		[VIRT_OP_PEND] = o->pends,
		[VIRT_OP_UNPEND] = o->unpends,
		[VIRT_OP_CLEAR] = o->clears,
		[VIRT_OP_PRIORITY] = o->priorities,
		[VIRT_OP_GROUP] = o->groups,
		[VIRT_OP_SWITCH] = o->switches,
		[VIRT_OP_READ] = o->reads,
		[VIRT_OP_SEND] = o->sgis ? o->sends : 0,
		[VIRT_OP_TIMER] = o->timer ? o->timers : 0,
		[VIRT_OP_OFF] = o->vcpus > 1 ? o->offs : 0,
		[VIRT_OP_MOVE] = o->cpus > 1 ? o->moves : 0,
		[VIRT_OP_LEAVE] = o->cpus > 1 ? o->leaves : 0,
		[VIRT_OP_UNBIND] = o->linked_edge + o->linked_level ? o->unbinds : 0,
		[VIRT_OP_FALL] = o->linked_level + o->virtual_level ? o->falls : 0,
		[VIRT_OP_RESET] = o->vcpus > 1 ? o->resets : 0,
	};

	return rates[op];
}

static void start_ops(struct vstorm *st)
{
	uint32_t i, n, rate;

	for (i = 0; i < VIRT_OPS; i++) {
		rate = virt_storm_rate(st->o, (enum virt_storm_op)i);
		if (!rate)
			continue;
		for (n = rate / 1000 + (vstorm_pick(st, 1000) < rate % 1000); n; n--)
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

/* ---- drains: nothing new comes, and everything that has come must have arrived ---- */

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

/* ---- the machine's client -------------------------------------------------------- */

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

const struct sim_client vstorm_client = {
	.has_work = vstorm_has_work,
	.work = vstorm_work,
	.handler = handler,
	.fired = fired,
	.op = op,
	.interrupt = virt_irq,
	.virt = &vstorm_guest,
};

/* ---- running --------------------------------------------------------------------- */

static void run(struct vstorm *st)
{
	struct machine *m = st->m;
	uint64_t since = 0, fires = 0;

	st->next_drain = st->o->events / (st->o->drains + 1) + 1;
	st->cpu[0].job[0] = (struct vop){ HOST_SETUP, 0 };
	st->cpu[0].n = st->busy = 1;
	cpu_unpark(m, 0);
	do {
		if (st->report->fires != fires || st->drain)
			since = m->now;
		fires = st->report->fires;
		if (m->now - since > PATIENCE_NS) {
			violation(m, V_BROKEN, NONE, NONE, "stuck: no event in a long time");
			return;
		}
	} while (machine_storm(m, 1u << 16) && !m->stop);
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
	const char *why = vstorm_check(options);
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
		if (vstorm_build(st, out))
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
