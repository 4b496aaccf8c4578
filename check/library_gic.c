/* SPDX-License-Identifier: MIT */
/* library_gic.c: the library as the subject of the checker: Arm. */
#include <stdlib.h>
#include <string.h>
#include "queues.h"
#include "sim/gic.h"

_Static_assert(sizeof(struct ferry_mpidr) == sizeof(uint64_t), "one word");

/* What a configuration points to. */
struct places {
	struct ferry_gic_region region[GIC_REGIONS];
	struct ferry_its_config its;
};

static uint64_t address(const struct machine *m, enum world_table table)
{
	return (uintptr_t)world_table(m, table);
}

static void describe_its(const struct machine *m, struct places *p, struct ferry_gic_config *c)
{
	p->its = (struct ferry_its_config){
		.queue = (uint64_t *)(void *)world_table(m, WORLD_QUEUE),
		.queue_pa = address(m, WORLD_QUEUE),
		.queue_bytes = WORLD_QUEUE_BYTES,
		.device_table_pa = address(m, WORLD_DEVICES),
		.device_table_bytes = WORLD_TABLE,
		.collection_table_pa = address(m, WORLD_COLLECTIONS),
		.collection_table_bytes = WORLD_TABLE,
		.device_bits = 2,
	};
	c->its = &ferry_its;
	c->its_config = &p->its;
	c->nits = 1;
	c->lpi_config = world_table(m, WORLD_CONFIG);
	c->lpi_config_pa = address(m, WORLD_CONFIG);
	c->lpi_pending_pa = 0x40000000; /* nobody reads them */
	c->lpi_pending_stride = WORLD_TABLE;
}

static struct ferry_gic_config config_of(const struct scenario *s, const struct machine *m,
					 struct places *p)
{
	struct ferry_gic_config c = {
		.core.cpus = s->cpus,
		.core.irqs = s->nirqs,
		.core.masks = scenario_queues(s) ? 16 : 4,
		.core.drain_ns = WORLD_DRAIN_NS,
		.core.restore = s->restore,
		.core.trace = library_trace,
		.flags = s->split ? FERRY_GIC_SPLIT_EOI : 0,
		.variant = s->hw.gic2 ? &ferry_gicv2 : &ferry_gicv3,
		.spis = WORLD_SPIS,
		.espis = world_espis(s),
	};
	uint32_t i;

	for (i = 0; i < GIC_REGIONS; i++) {
		p->region[i].bytes = arm_region_frames(&m->config, i) * GIC_STRIDE;
		p->region[i].pa = arm_region_pa(i);
	}
	c.mpidrs = (const struct ferry_mpidr *)(const void *)world_mpidrs;
	c.region = p->region;
	c.regions = GIC_REGIONS;
	if (world_has_kind(s, SCENARIO_LPI))
		describe_its(m, p, &c);
	return c;
}

/* Before there is a machine: of addresses only that they are aligned matters. */
static size_t size(const struct scenario *s)
{
	const struct machine m = { .config.cpus = s->cpus,
				   .tables = (uint8_t *)(uintptr_t)WORLD_TABLE };
	struct places p;
	struct ferry_gic_config c = config_of(s, &m, &p);

	return library_plan_size(s, queues_size(s, ferry_gic_size(&c)));
}

/* Devices of LPIs are made known to the ITS before anything moves. */
static bool init(struct machine *m, const struct scenario *s)
{
	struct places p;
	struct ferry_gic_config c = config_of(s, m, &p);
	uint32_t i;
	int rc;

	c.core.ctx = m;
	queues_init(m, s, ferry_gic_size(&c));
	rc = ferry_gic_init(&c, m->library, m->config.library, &m->ferry);
	for (i = 0; i < s->nirqs && rc == FERRY_OK; i++)
		if (s->kind[i] == SCENARIO_LPI)
			rc = ferry_its_device(ferry(m), 0, i, address(m, WORLD_ITTS) + i * 256, 2);
	if (has_queues(m))
		world_of(m)->queues->mq.f = ferry(m);
	return rc == FERRY_OK && library_plan_init(m, s, queues_size(s, ferry_gic_size(&c)));
}

static int interrupt(struct machine *m, uint32_t cpu, uint8_t vector)
{
	(void)vector;
	return ferry_gic_interrupt(ferry(m), cpu);
}

static int create(struct machine *m, uint32_t src, uint64_t cpus, uint32_t *irq)
{
	const struct source *s = &m->source[src];
	struct ferry_gic_source source = {
		.kind = s->kind,
		.flags = s->flags,
		.intid = s->kind == FERRY_GIC_LPI ? s->event : s->intid,
		.device = s->device,
		.cookie = src,
	};

	return ferry_gic_create(ferry(m), &source, &cpus, irq);
}

/* A dead interrupt whose move has ended stays SETTLED until it is freed once more. */
static bool drained(struct machine *m, uint32_t src)
{
	struct ferry_affinity a;

	return library_affinity(m, src, &a, NULL, NULL) &&
	       (a.state == FERRY_DRAINED || a.state == FERRY_SETTLED);
}

static struct ferry_guard guard(struct machine *m, const void *address)
{
	struct ferry_guard g;

	return queues_guard(m, address, &g) || library_plan_guard(m, address, &g) ?
		       g :
		       ferry_gic_guard(ferry(m), address);
}

/* ---- invariants ------------------------------------------------------------------ */

/* Charter: no route of a started interrupt names a CPU that is offline. */
static void check_lines(struct machine *m, uint32_t src)
{
	const struct source *s = &m->source[src];
	const struct gic_line *l = &m->gic->line[arm_index(m, s->intid)];
	uint32_t cpu;

	for (cpu = 0; cpu < m->config.cpus; cpu++)
		if (m->cpu[cpu].parked && l->enabled &&
		    (m->config.gic == 2 ? (l->route >> arm_bit(cpu) & 1) :
					  l->route == m->gic->cpu[cpu].mpidr))
			violation(m, V_OFFLINE, cpu, src, "its route names a CPU that is offline");
}

/* The CPU that its event is mapped to, + 1. */
static uint32_t mapped_to(const struct machine *m, uint32_t src)
{
	const struct source *s = &m->source[src];
	const struct gic_its *t = &m->gic->its[s->its];
	const struct gic_event *e = &t->event[(s->device << m->config.its_event_bits) + s->event];

	return e->intid && e->collection < m->config.cpus ? t->collection[e->collection] : 0;
}

static void check_event(struct machine *m, uint32_t src)
{
	uint32_t cpu = mapped_to(m, src);

	if (cpu && m->cpu[cpu - 1].parked)
		violation(m, V_OFFLINE, cpu - 1, src,
			  "its event is mapped to a CPU that is offline");
}

static void check_source(struct machine *m, uint32_t src)
{
	const struct source *s = &m->source[src];

	if (!s->live || s->dead || s->stopping)
		return;
	if (s->kind == FERRY_GIC_LPI)
		check_event(m, src);
	else
		check_lines(m, src);
}

/* A CPU that is off: its interface is, and its redistributor sleeps. */
static void check_cpu(struct machine *m, uint32_t cpu)
{
	const struct gic_cpu *g = &m->gic->cpu[cpu];

	if (!m->cpu[cpu].parked)
		return;
	if (g->on)
		violation(m, V_OFFLINE, cpu, NONE, "it is offline, and its interface is on");
	if (m->config.gic == 3 && !(g->sleep && g->asleep))
		violation(m, V_OFFLINE, cpu, NONE, "it is offline, and its redistributor is awake");
}

/* Each interrupt is known to the CPUs of its place, and to no other. */
static void check_places(struct machine *m, uint32_t cpu)
{
	uint32_t src, n = 0, slots;
	uint64_t effective;
	struct ferry_affinity a;
	char text[100];

	for (src = 0; src < m->config.sources; src++)
		n += m->source[src].irq != NONE && library_affinity(m, src, &a, NULL, &effective) &&
		     (effective >> cpu & 1);
	machine_look(m);
	ferry_cpu_describe(ferry(m), cpu, text, sizeof(text));
	machine_looked(m);
	slots = (uint32_t)strtoul(strrchr(text, ' '), NULL, 10);
	if (slots != n)
		violation(m, V_BROKEN, cpu, NONE, "%u interrupts live on it, it has %u", n, slots);
}

/* Nothing but an event can happen: then nothing moves, and nobody waits. (Of lines the
 * oracle knows in each state that the route is what the library tells.) */
static void check_rest(struct machine *m, uint32_t src)
{
	struct ferry_affinity a;
	uint64_t effective;

	if (!library_affinity(m, src, &a, NULL, &effective) || a.dead)
		return;
	if (m->source[src].kind == FERRY_GIC_LPI && effective << 1 != 1ull << mapped_to(m, src))
		violation(m, V_BROKEN, NONE, src, "it lives on CPUs %#llx, its event on CPU %d",
			  (unsigned long long)effective, (int)mapped_to(m, src) - 1);
	if (a.state != FERRY_SETTLED)
		violation(m, V_BROKEN, NONE, src, "it moves, and nobody asks whether that is done");
	else if (a.queued)
		violation(m, V_BROKEN, NONE, src, "settled, and nobody starts what is queued");
}

static void look_at(struct machine *m, uint32_t src, enum look when)
{
	const struct source *s = &m->source[src];

	if (when == LOOK_STATE) {
		oracle_source(m, src);
		library_check_ticket(m, src);
		check_source(m, src);
	} else if (s->live && !s->dead && !s->stopping && when == LOOK_REST) {
		check_rest(m, src);
	} else if (s->live && !s->dead) {
		library_check_last(m, src);
	}
}

static void look(struct machine *m, enum look when)
{
	uint32_t i;

	if (when == LOOK_END)
		oracle_final(m);
	if (has_queues(m))
		queues_look(m, when);
	library_plan_look(m, when);
	for (i = 0; i < m->config.sources; i++)
		if (m->source[i].irq != NONE)
			look_at(m, i, when);
	for (i = 0; i < m->config.cpus; i++) {
		check_cpu(m, i);
		if (when == LOOK_REST)
			check_places(m, i);
	}
}

const struct subject subject_gic = {
	.name = "library, Arm",
	.size = size,
	.init = init,
	.interrupt = interrupt,
	.queues = true,
	LIBRARY_CALLS,
	.create = create,
	.drained = drained,
	.guard = guard,
	.look = look,
};
