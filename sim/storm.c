/* SPDX-License-Identifier: MIT */
/* storm.c: a storm from its specification to its report. */
#include <irqferry/managed.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "storm_int.h"

#define SOURCES_MAX FERRY_IRQS_MAX
#define STACK_BYTES 16384u
#define FLIGHTS (1u << 18)
#define TICK_NS 2000

enum { STORM_ONLINE = 1, STORM_TICK = 2 }; /* label L_OP's b */

void storm_fail(struct storm *st, int status, const char *format, ...)
{
	va_list args;

	if (st->status)
		return;
	st->status = status;
	if (st->m)
		st->m->stop = true;
	va_start(args, format);
	if (st->error)
		vsnprintf(st->error, st->error_size, format, args);
	va_end(args);
}

/* ---- operations: queued to CPUs ------------------------------------------------- */

uint32_t storm_some_cpu(struct storm *st)
{
	uint32_t cpus = st->spec->cpus, cpu = (uint32_t)machine_below(st->m, cpus), i;

	for (i = 0; i < cpus; i++, cpu = cpu + 1 == cpus ? 0 : cpu + 1)
		if (st->staying[cpu])
			return cpu;
	return 0;
}

bool storm_queue(struct storm *st, uint32_t cpu, enum op_kind kind, uint32_t arg, uint32_t list)
{
	struct work_queue *q = &st->queue[cpu];
	uint32_t i = st->free_op;

	if (!i && st->nops == st->ops_size) {
		uint32_t size = st->ops_size ? 2 * st->ops_size : 256;
		struct op *ops = realloc(st->ops, size * sizeof(*ops));

		if (!ops) {
			storm_fail(st, FERRY_E_MEMORY, "out of memory");
			return false;
		}
		st->ops = ops;
		st->ops_size = size;
	}
	if (i)
		st->free_op = st->ops[i - 1].next;
	else
		i = ++st->nops;
	st->ops[i - 1] = (struct op){ .kind = (uint8_t)kind, .arg = arg, .list = list };
	if (q->tail)
		st->ops[q->tail - 1].next = i;
	else
		q->head = i;
	q->tail = i;
	st->pending++;
	cpu_kick(st->m, cpu);
	return true;
}

/* ---- operations: spread over the run --------------------------------------------- */

static void schedule_next(struct storm *st, struct series *s)
{
	unsigned __int128 at = (unsigned __int128)s->started * 1024 + machine_below(st->m, 1024);

	s->next = s->started < s->n ? (uint64_t)(at * st->total / s->n / 1024) : NEVER;
}

static void start_cycle(struct storm *st)
{
	uint32_t cpus = st->spec->cpus, i;

	for (i = 0; i < cpus; i++) {
		uint32_t cpu = st->rotor;

		st->rotor = cpu + 1 == cpus ? 0 : cpu + 1;
		if (st->staying[cpu] && st->up > 1) {
			storm_queue(st, cpu, OP_OFFLINE, 1, 0);
			return;
		}
	}
	/* One CPU, or all but one are away: this cycle can't be. */
	st->m->out->report.offline_refused++;
}

static void start_recorded(struct storm *st)
{
	const struct storm_op *op = &st->spec->ops[st->list_at];
	uint32_t i = st->list_at, cpu = storm_some_cpu(st);

	st->list_at = i + 1 == st->spec->nops ? 0 : i + 1;
	switch ((enum storm_op_kind)op->kind) {
	case STORM_OP_AFFINITY:
		storm_queue(st, cpu, OP_MOVE, op->target, i + 1);
		break;
	case STORM_OP_OFFLINE:
		if (st->staying[op->target])
			storm_queue(st, op->target, OP_OFFLINE, 0, 0);
		break;
	case STORM_OP_ONLINE:
		storm_queue(st, cpu, OP_ONLINE, op->target, 0);
		break;
	case STORM_OP_FREE:
		storm_queue(st, cpu, OP_FREE, op->target, 0);
		break;
	case STORM_OP_CREATE:
		storm_queue(st, cpu, OP_CREATE, op->target, 0);
		break;
	}
}

static void start_one(struct storm *st, uint32_t which)
{
	uint32_t cpu = storm_some_cpu(st);

	if (which == SERIES_REQUESTS)
		storm_mq_submit(st, st->series[which].started + 1 == st->series[which].n);
	else if (which == SERIES_OVERRIDES)
		storm_queue(st, cpu, OP_OVERRIDE, NONE, 0);
	else if (which == SERIES_MOVES && !machine_below(st->m, 16))
		st->handler_moves++;
	else if (which == SERIES_MOVES)
		storm_queue(st, cpu, OP_MOVE, NONE, 0);
	else if (which == SERIES_CYCLES)
		start_cycle(st);
	else if (which == SERIES_RECREATIONS)
		storm_queue(st, cpu, st->mq && !machine_below(st->m, 16) ? OP_RESTART : OP_RECREATE,
			    NONE, 0);
	else if (which == SERIES_MASKS)
		storm_queue(st, cpu, OP_MASK, 0, 0);
	else
		start_recorded(st);
}

static void look_around(struct storm *st)
{
	uint32_t i;

	oracle_vectors(st->m);
	for (i = 0; i < st->spec->nirqs; i++)
		oracle_source(st->m, i);
}

/* One more event, or tick, has happened. */
static void progress(struct storm *st)
{
	uint64_t every = st->total / 32 + 1;
	uint32_t i;

	for (i = 0; i < SERIES; i++)
		while (st->series[i].next <= st->tick) {
			struct series *s = &st->series[i];

			start_one(st, i);
			s->started++;
			schedule_next(st, s);
		}
	if (st->tick % every == 0)
		look_around(st);
	if (++st->tick < st->total)
		return;
	st->running = false;
	st->m->silent = true;
	storm_queue(st, storm_some_cpu(st), OP_FINISH, 0, 0);
}

/* ---- events ------------------------------------------------------------------------ */

/*
 * Von Neumann's way: the length of a falling run of uniform numbers. Only
 * comparisons, so the same on every machine, which log() is not.
 */
uint64_t storm_exponential(struct machine *m, uint64_t mean)
{
	uint64_t whole = 0, first, last, next;
	bool odd;

	for (;; whole++) {
		first = last = machine_random(m);
		for (odd = true; (next = machine_random(m)) < last; odd = !odd)
			last = next;
		if (odd)
			return mean * whole + (uint64_t)(((unsigned __int128)mean * first) >> 64) +
			       1;
	}
}

static uint64_t next_gap(struct storm *st, uint32_t src)
{
	const struct storm_irq *q = &st->spec->irqs[src];
	struct generator *g = &st->gen[src];

	if (q->pattern == STORM_POISSON)
		return storm_exponential(st->m, q->period_ns);
	if (q->pattern == STORM_FIXED || q->burst < 2)
		return q->period_ns;
	if (g->left) {
		g->left--;
		return 1 + q->period_ns / 16;
	}
	g->left = q->burst - 1;
	/* The rest of the burst's share of time. */
	return q->period_ns * q->burst - (q->burst - 1) * (q->period_ns / 16);
}

static void fired(struct machine *m, uint32_t src, bool raised)
{
	struct storm *st = storm_of(m);

	if (!st->running)
		return;
	if (m->flying > FLIGHTS / 2) {
		storm_fail(st, FERRY_E_NO_SPACE,
			   "more messages under way than the simulator holds");
		return;
	}
	st->idle_fires = raised ? 0 : st->idle_fires + 1;
	if (st->idle_fires > 1000000 + 1000ull * st->spec->nirqs) {
		storm_fail(st, FERRY_E_STATE,
			   "no interrupt is alive any more, the events can't be raised");
		return;
	}
	machine_at(m, m->now + next_gap(st, src), label_of(L_FIRE, src, 0));
	if (raised)
		progress(st);
}

void storm_start_events(struct storm *st)
{
	const struct storm_spec *spec = st->spec;
	uint32_t i;

	st->running = true;
	for (i = 0; i < SERIES; i++)
		schedule_next(st, &st->series[i]);
	for (i = 0; spec->events && i < st->ordinary; i++)
		machine_at(st->m, st->m->now + 1 + machine_below(st->m, spec->irqs[i].period_ns),
			   label_of(L_FIRE, i, 0));
	if (!spec->events)
		machine_at(st->m, st->m->now + TICK_NS, label_of(L_OP, 0, STORM_TICK));
}

static void start_op(struct machine *m, uint32_t a, uint32_t b)
{
	struct storm *st = storm_of(m);

	if (b == STORM_ONLINE) {
		storm_queue(st, storm_some_cpu(st), OP_ONLINE, a, 0);
		return;
	}
	if (b != STORM_TICK) {
		storm_mq_label(st, a, b);
		return;
	}
	progress(st);
	if (st->running)
		machine_at(m, m->now + TICK_NS, label_of(L_OP, 0, STORM_TICK));
}

/* ferry_poll() is due: from a thread, or from an interrupt of the host's own. */
static void poll(struct machine *m)
{
	struct storm *st = storm_of(m);
	uint32_t cpu = storm_some_cpu(st);
	struct flight f = { .vector = m->config.system_vector, .time = NEVER };

	if (!m->config.system_vector || !machine_below(m, 4))
		storm_queue(st, cpu, OP_POLL, 0, 0);
	else
		lapic_accept(m, cpu, &f);
}

static void system_interrupt(struct machine *m, uint32_t cpu)
{
	(void)cpu;
	ferry_poll(m->ferry);
}

static const struct sim_client arm_client = {
	.has_work = storm_has_work,
	.work = storm_work,
	.handler = storm_handler,
	.fired = fired,
	.poll = poll,
	.op = start_op,
	.interrupt = storm_arm_interrupt,
	.local = storm_arm_local,
};

static const struct sim_client client = {
	.has_work = storm_has_work,
	.work = storm_work,
	.handler = storm_handler,
	.fired = fired,
	.poll = poll,
	.system = system_interrupt,
	.op = start_op,
};

/* ---- the specification ---------------------------------------------------------------- */

static const char *check_irq(const struct storm_spec *spec, const struct storm_irq *q)
{
	if (!spec->gic && q->kind >= FERRY_X86_KINDS)
		return "an interrupt of unknown kind";
	if (q->pattern > STORM_BURST)
		return "an interrupt with an unknown pattern of events";
	if (spec->events &&
	    (q->period_ns < 1 || q->period_ns > 1000000000000000ull || q->burst > 1000000))
		return "an interrupt whose period or burst is outside 1 ns .. 1e15 ns, 1e6 events";
	if (q->device >= spec->devices)
		return "an interrupt of a device that does not exist";
	if (spec->gic || q->kind == FERRY_X86_REMAPPED || !(q->flags & FERRY_SOURCE_MASKABLE))
		return NULL;
	return "maskable is said of an interrupt that is not remapped";
}

static const char *check_op(const struct storm_spec *spec, const struct storm_op *op)
{
	bool cpu = op->kind == STORM_OP_OFFLINE || op->kind == STORM_OP_ONLINE;

	if (op->kind > STORM_OP_CREATE)
		return "a recorded operation of unknown kind";
	if (op->target >= (cpu ? spec->cpus : spec->nirqs))
		return "a recorded operation on something that does not exist";
	return NULL;
}

static const char *check_machine(const struct storm_spec *spec)
{
	uint64_t limit = 1000000000000ull;

	if (spec->cpus < 1 || spec->cpus > FERRY_CPUS_MAX)
		return "the number of CPUs must be 1 .. 4096";
	if (spec->nirqs > SOURCES_MAX || (spec->nirqs && !spec->irqs) || (spec->nops && !spec->ops))
		return "too many interrupts, or lists that are missing";
	if (!spec->nirqs && (spec->events || spec->moves || spec->masks || spec->recreations))
		return "events or operations, but no interrupts";
	if (spec->logical_flat && spec->cpus > 8)
		return "flat logical destinations reach 8 CPUs at most";
	if (spec->logical_flat && spec->logical_cluster)
		return "logical destinations are flat or cluster, not both";
	if (spec->drain_ns > limit || spec->flight_ns > limit || spec->ipi_ns > limit ||
	    spec->eoi_ns > limit || spec->commit > 2 || spec->policy > STORM_BY_LOAD)
		return "a time of more than 1000 s, or an unknown way to commit, or policy";
	if (spec->first_vector && spec->first_vector < 0x11)
		return "the first vector must be 0x11 or more";
	return NULL;
}

static const char *check_spec(const struct storm_spec *spec)
{
	const char *why = check_machine(spec);
	uint32_t i;

	for (i = 0; !why && i < spec->nirqs; i++)
		why = check_irq(spec, &spec->irqs[i]);
	for (i = 0; !why && i < spec->nops; i++)
		why = check_op(spec, &spec->ops[i]);
	if (!why)
		why = storm_mq_check(spec);
	return why || !spec->gic ? why : storm_arm_check(spec);
}

/* ---- building ----------------------------------------------------------------------------- */

struct ids {
	uint32_t *apic, *logical;
};

static bool make_ids(const struct storm_spec *spec, struct ids *ids)
{
	uint32_t i;

	ids->apic = calloc(spec->cpus, sizeof(uint32_t));
	ids->logical = calloc(spec->cpus, sizeof(uint32_t));
	for (i = 0; ids->apic && ids->logical && i < spec->cpus; i++) {
		uint32_t id = spec->apic_ids ? spec->apic_ids[i] : i;

		ids->apic[i] = id;
		ids->logical[i] = spec->logical_flat ? 1u << (i & 7) :
						       id >> 4 << 16 | 1u << (id & 15);
	}
	return ids->apic && ids->logical;
}

static void trace(void *ctx, const struct ferry_trace *record)
{
	oracle_trace(ctx, record);
	storm_mq_trace(storm_of(ctx), record);
}

static struct ferry_x86_config library_config(const struct storm *st, const struct ids *ids)
{
	const struct storm_spec *spec = st->spec;
	bool logical = spec->logical_flat || spec->logical_cluster;

	return (struct ferry_x86_config){
		.core.cpus = spec->cpus,
		.core.irqs = spec->nirqs ? spec->nirqs : 1,
		.core.masks = 4 * spec->nirqs + 64 < 65535 ? 4 * spec->nirqs + 64 : 65535,
		.core.drain_ns = spec->drain_ns,
		.core.restore = spec->restore,
		.core.done = storm_done,
		.core.trace = trace,
		.flags = (spec->shared ? FERRY_X86_SHARED : 0) |
			 (spec->fence_irr ? FERRY_X86_FENCE_REACHES_IRR : 0) |
			 (spec->remap_drains ? FERRY_X86_REMAP_DRAINS : 0) |
			 (spec->directed_eoi ? FERRY_X86_DIRECTED_EOI : 0) |
			 (spec->ext_dest ? FERRY_X86_EXT_DEST : 0) |
			 (spec->logical_flat ? FERRY_X86_LOGICAL_FLAT : 0) |
			 (spec->logical_cluster ? FERRY_X86_LOGICAL_CLUSTER : 0),
		.remapping = &ferry_x86_remapping,
		.several = &ferry_x86_several,
		.rooms = &ferry_x86_rooms,
		.promises = &ferry_x86_promises,
		.pools = (uint16_t)spec->nmqs,
		.apic_ids = ids->apic,
		.logical_ids = logical ? ids->logical : NULL,
		.first_vector = st->first_vector,
		.last_vector = st->last_vector,
		.reserved = spec->reserved_vectors,
		.doorbell_vector = (uint8_t)(st->first_vector - 1),
	};
}

static uint64_t flight_limit(const struct storm_spec *spec)
{
	if (spec->flight_ns)
		return spec->flight_ns;
	return spec->drain_ns ? spec->drain_ns * 3 / 4 : 3000;
}

static struct sim_config machine_config(const struct storm *st, const struct ids *ids)
{
	const struct storm_spec *spec = st->spec;

	return (struct sim_config){
		.cpus = spec->cpus,
		.sources = spec->nirqs ? spec->nirqs : 1,
		.devices = spec->devices ? spec->devices : 1,
		.apic_ids = ids->apic,
		.logical_ids = ids->logical,
		.seed = spec->seed,
		.storm = true,
		.posted = true,
		.overtaking = spec->overtaking,
		.fence_irr = spec->fence_irr,
		.remap_drains = spec->remap_drains,
		.directed_eoi = spec->directed_eoi,
		.ext_dest = spec->ext_dest,
		.logical_flat = spec->logical_flat,
		.logical_cluster = spec->logical_cluster,
		.shared = spec->shared,
		.restore = spec->restore,
		.flight_ns = flight_limit(spec),
		.ipi_ns = spec->ipi_ns ? spec->ipi_ns : 1000,
		.eoi_ns = spec->eoi_ns ? spec->eoi_ns : 500,
		.doorbell = (uint8_t)(st->first_vector - 1),
		.system_vector = st->last_vector < 0xfe ? 0xfe : 0,
		.stack = STACK_BYTES,
		.flights = FLIGHTS,
		.client = spec->gic ? &arm_client : &client,
	};
}

static bool build(struct storm *st, struct sim_out *out, const struct ids *ids)
{
	struct ferry_x86_config library = library_config(st, ids);
	struct sim_config config = machine_config(st, ids);
	uint32_t i;
	int rc;

	if (st->spec->gic)
		return storm_arm_describe(st, &config) &&
		       storm_arm_build(st, &config, &library.core, out);
	config.library = ferry_x86_size(&library);
	if (!config.library) {
		storm_fail(st, FERRY_E_INVALID,
			   "the library refuses this machine (vectors, APIC ids)");
		return false;
	}
	st->m = machine_new(&config, out);
	if (!st->m) {
		storm_fail(st, FERRY_E_MEMORY, "no memory for the simulated machine");
		return false;
	}
	library.core.ctx = st->m;
	st->m->quiet = true;
	rc = ferry_x86_init(&library, st->m->library, config.library, &st->m->ferry);
	st->m->quiet = false;
	if (rc != FERRY_OK) {
		storm_fail(st, rc, "the library refuses this machine: %s", ferry_status_text(rc));
		return false;
	}
	for (i = 0; i < st->spec->nirqs; i++) {
		const struct storm_irq *q = &st->spec->irqs[i];
		struct source *s = &st->m->source[i];

		s->kind = q->kind;
		s->flags = st->spec->overtaking ? q->flags & ~FERRY_SOURCE_ORDERED : q->flags;
		s->device = q->device;
		if (q->kind == FERRY_X86_IOAPIC_LEVEL)
			st->m->levels[st->m->nlevels++] = i;
	}
	return true;
}

static bool allocate(struct storm *st, struct storm_report *report)
{
	const struct storm_spec *spec = st->spec;
	size_t n = spec->nirqs ? spec->nirqs : 1;

	st->gen = calloc(n, sizeof(*st->gen));
	st->masks = calloc(n * st->words, sizeof(*st->masks));
	st->queue = calloc(spec->cpus, sizeof(*st->queue));
	st->staying = calloc(spec->cpus, 4);
	report->vectors_used = calloc(spec->cpus, sizeof(uint32_t));
	report->cpus = spec->cpus;
	st->policy = spec->policy ? storm_policy_new(spec) : NULL;
	if (!st->gen || !st->masks || !st->queue || !st->staying || !report->vectors_used ||
	    (spec->policy && !st->policy)) {
		storm_fail(st, FERRY_E_MEMORY, "out of memory");
		return false;
	}
	st->booted = st->staying + spec->cpus;
	st->entered = st->booted + spec->cpus;
	st->coming = st->entered + spec->cpus;
	return true;
}

static void plan_series(struct storm *st)
{
	const struct storm_spec *spec = st->spec;
	uint64_t list = spec->nops;

	if (list && spec->events / 1000 > list)
		list = spec->events / 1000;
	st->series[SERIES_MOVES].n = spec->moves;
	st->series[SERIES_CYCLES].n = spec->cycles;
	st->series[SERIES_RECREATIONS].n = spec->recreations;
	st->series[SERIES_MASKS].n = spec->masks;
	st->series[SERIES_LIST].n = list;
	st->series[SERIES_REQUESTS].n = (spec->requests + 3) / 4;
	st->series[SERIES_OVERRIDES].n = spec->overrides;
	st->total = spec->events;
	if (!st->total)
		st->total = 1 + spec->moves + spec->cycles + spec->recreations + spec->masks +
			    list + spec->overrides + st->series[SERIES_REQUESTS].n;
}

/* ---- running --------------------------------------------------------------------------------- */

static void run(struct storm *st, storm_progress *tell, void *arg)
{
	struct machine *m = st->m;
	uint32_t i;

	storm_queue(st, 0, OP_SETUP, 0, 0);
	cpu_unpark(m, 0);
	while (machine_storm(m, 1u << 20) && !m->stop)
		if (tell)
			tell(arg, st->total ? (double)st->tick / (double)st->total : 0,
			     m->out->report.raised);
	if (st->status)
		return;
	for (i = 0; i < m->config.cpus; i++)
		cpu_flush(m, i);
	if (st->finished)
		oracle_final(m);
	else if (!m->fatal)
		violation(m, V_BROKEN, NONE, NONE, "deadlock: nothing can happen any more");
}

static void summarise(struct storm *st, struct sim_out *out, struct storm_report *report)
{
	histogram_summary(&out->latency, out->report.latency);
	histogram_summary(&out->move_time, out->report.move_time);
	histogram_summary(&out->offline_time, out->report.offline_time);
	out->report.virtual_ns = st->m ? st->m->now : 0;
	*report = out->report;
}

int storm_run(const struct storm_spec *spec, struct storm_report *report, storm_progress *tell,
	      void *arg, char *error, size_t size)
{
	struct storm_spec full;
	struct storm st = { .spec = spec, .error = error, .error_size = size };
	struct sim_out *out = calloc(1, sizeof(*out));
	struct ids ids = { NULL, NULL };
	const char *why = check_spec(spec);

	memset(report, 0, sizeof(*report));
	if (size)
		error[0] = 0;
	st.first_vector = spec->first_vector ? spec->first_vector : 0x31;
	st.last_vector = spec->last_vector ? spec->last_vector : 0xec;
	if (why || !out) {
		storm_fail(&st, why ? FERRY_E_INVALID : FERRY_E_MEMORY, "%s",
			   why ? why : "out of memory");
		free(out);
		return st.status;
	}
	out->user = &st;
	out->report.seed = spec->seed;
	if (!storm_mq_expand(&st, spec, &full))
		;
	else if (!make_ids(spec, &ids))
		storm_fail(&st, FERRY_E_MEMORY, "out of memory");
	else if (allocate(&st, &out->report) && build(&st, out, &ids)) {
		plan_series(&st);
		run(&st, tell, arg);
	}
	summarise(&st, out, report);
	if (st.m)
		machine_delete(st.m);
	if (st.status)
		storm_report_free(report);
	queue_free(&out->queue);
	free(out);
	free(ids.apic);
	free(ids.logical);
	free(st.gen);
	free(st.masks);
	free(st.queue);
	free(st.staying);
	free(st.ops);
	storm_mq_free(&st);
	storm_policy_free(st.policy);
	storm_arm_free(&st);
	return st.status;
}

void storm_report_free(struct storm_report *report)
{
	free(report->vectors_used);
	report->vectors_used = NULL;
}

bool storm_clean(const struct storm_report *r)
{
	return !(r->lost | r->duplicated | r->misdelivered | r->offline | r->broken);
}
