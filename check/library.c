/* SPDX-License-Identifier: MIT */
/* library.c: the library as the subject of the checker: x86. */
#include "queues.h"

/* Movable vectors start here; the doorbell is the one below. */
#define FIRST_VECTOR 0x41

static struct ferry_x86_config config_of(const struct scenario *s)
{
	const struct hardware *hw = &s->hw;

	return (struct ferry_x86_config){
		.core.cpus = s->cpus,
		.core.irqs = s->nirqs,
		.core.masks = scenario_queues(s) ? 16 : 4,
		.core.drain_ns = hw->bound == BOUND_NONE ? 0 : WORLD_DRAIN_NS,
		.core.restore = s->restore,
		.core.trace = library_trace,
		.flags = (s->shared ? FERRY_X86_SHARED : 0) |
			 (hw->fence_root ? 0 : FERRY_X86_FENCE_REACHES_IRR) |
			 (hw->undrained ? 0 : FERRY_X86_REMAP_DRAINS) |
			 (hw->directed ? FERRY_X86_DIRECTED_EOI : 0) |
			 (s->flat ? FERRY_X86_LOGICAL_FLAT : 0),
		.remapping = &ferry_x86_remapping,
		.several = &ferry_x86_several,
		.rooms = &ferry_x86_rooms,
		.promises = scenario_queues(s) || s->planned ? &ferry_x86_promises : NULL,
		.pools = s->queues.pool,
		.apic_ids = world_apic_ids,
		.logical_ids = s->flat ? world_logical_ids : NULL,
		.first_vector = FIRST_VECTOR,
		.last_vector = (uint8_t)(FIRST_VECTOR + s->vectors - 1),
		.doorbell_vector = WORLD_DOORBELL,
	};
}

static size_t size(const struct scenario *s)
{
	struct ferry_x86_config c = config_of(s);

	return library_plan_size(s, queues_size(s, ferry_x86_size(&c)));
}

static bool init(struct machine *m, const struct scenario *s)
{
	struct ferry_x86_config c = config_of(s);

	c.core.ctx = m;
	if (ferry_x86_init(&c, m->library, m->config.library, &m->ferry) != FERRY_OK)
		return false;
	queues_init(m, s, ferry_x86_size(&c));
	return library_plan_init(m, s, queues_size(s, ferry_x86_size(&c)));
}

static int interrupt(struct machine *m, uint32_t cpu, uint8_t vector)
{
	return ferry_x86_interrupt(ferry(m), cpu, vector);
}

static void doorbell(struct machine *m, uint32_t cpu)
{
	ferry_x86_doorbell(ferry(m), cpu);
}

static int create(struct machine *m, uint32_t src, uint64_t cpus, uint32_t *irq)
{
	struct ferry_source source = {
		.kind = m->source[src].kind,
		.flags = m->source[src].flags,
		.device = m->source[src].device,
		.index = src,
		.cookie = src,
	};
	int rc = ferry_x86_create(ferry(m), &source, &cpus, 1, irq);

	return rc == 1 ? FERRY_OK : rc ? rc : FERRY_E_BUG;
}

/* A dead interrupt whose move has ended stays SETTLED until it is freed once more; a
 * level pin also until its last interrupt has ended. */
static bool drained(struct machine *m, uint32_t src)
{
	const struct source *s = &m->source[src];
	struct ferry_affinity a;

	sim_reads(m, RES_DEVICE(s->device));
	if (!library_affinity(m, src, &a, NULL, NULL))
		return false;
	return a.state == FERRY_DRAINED ||
	       (a.state == FERRY_SETTLED && !s->remote_irr && !s->flights);
}

static struct ferry_guard guard(struct machine *m, const void *address)
{
	struct ferry_guard g;

	return queues_guard(m, address, &g) || library_plan_guard(m, address, &g) ?
		       g :
		       ferry_x86_guard(ferry(m), address);
}

/* ---- invariants ------------------------------------------------------------------ */

/* Slots on all CPUs that are this interrupt's. */
static uint32_t slots_of(struct machine *m, uint32_t irq)
{
	const struct scenario *s = world_of(m)->s;
	const uint32_t end = FIRST_VECTOR + (uint32_t)s->vectors;
	uint32_t cpu, v, owner, n = 0;

	for (cpu = 0; cpu < s->cpus; cpu++)
		for (v = FIRST_VECTOR; v < end; v++)
			n += ferry_x86_owner(ferry(m), cpu, (uint8_t)v, &owner) && owner == irq;
	return n;
}

/* Charter: the debt is the number of old CPUs that still own a slot of it, and
 * nothing else owns one. Each of them may have a transit slot besides. */
static void check_slots(struct machine *m, uint32_t src)
{
	uint64_t effective, old;
	struct ferry_affinity a;
	uint32_t n, places;

	machine_look(m);
	if (ferry_irq_affinity(ferry(m), m->source[src].irq, &a, NULL, &effective, &old) != 0 ||
	    m->torn) {
		machine_looked(m);
		return;
	}
	n = slots_of(m, m->source[src].irq);
	places = (uint32_t)__builtin_popcountll(effective);
	machine_looked(m);
	if (a.state == FERRY_SETTLED && n != places)
		violation(m, V_BROKEN, NONE, src, "settled on %u CPUs, and owns %u slots", places,
			  n);
	if (a.state == FERRY_DRAINING &&
	    (!a.old_cpus || (n != places + a.old_cpus && n != places + 2 * a.old_cpus)))
		violation(m, V_BROKEN, NONE, src, "%u CPUs owe, it lives on %u and owns %u slots",
			  a.old_cpus, places, n);
	if (a.state == FERRY_DRAINING && a.old_cpus != state_of(m)->intent[src].debt)
		violation(m, V_BROKEN, NONE, src, "the debt is %u, %u CPUs owe",
			  state_of(m)->intent[src].debt, a.old_cpus);
	if ((a.state == FERRY_DRAINED || a.state == FERRY_STOPPED) && n)
		violation(m, V_BROKEN, NONE, src, "drained, and owns %u slots", n);
}

/* Is there a free vector that this interrupt could use? */
static bool room(struct machine *m, uint64_t cpus)
{
	uint32_t cpu, used, free_;

	for (cpu = 0; cpu < m->config.cpus; cpu++) {
		if (!(cpus >> cpu & 1) || ferry_cpu_state(ferry(m), cpu) != FERRY_CPU_ONLINE)
			continue;
		ferry_x86_vectors(ferry(m), cpu, &used, &free_);
		if (free_)
			return true;
	}
	return false;
}

/* Does a move of anyone wait for an arrival, that the bound could end? */
static bool anyone_moves(struct machine *m)
{
	struct ferry_affinity a;
	uint32_t src;

	for (src = 0; src < m->config.sources; src++)
		if (m->source[src].irq != NONE && library_affinity(m, src, &a, NULL, NULL) &&
		    a.state == FERRY_MOVING)
			return true;
	return false;
}

/* Nothing but an event can happen. Who waits must wait for one. */
static void check_rest(struct machine *m, uint32_t src)
{
	const struct scenario *s = world_of(m)->s;
	bool two_steps = s->kind[src] == FERRY_X86_MSI || s->kind[src] == FERRY_X86_IOAPIC_EDGE;
	bool bound = s->hw.bound != BOUND_NONE, has_room;
	uint64_t requested, effective;
	struct ferry_affinity a;

	if (!library_affinity(m, src, &a, &requested, &effective) || a.dead)
		return;
	machine_look(m);
	has_room = room(m, requested & ~effective);
	machine_looked(m);
	if (a.state == FERRY_DRAINING)
		violation(m, V_BROKEN, NONE, src, "its old place is cleared by nobody");
	if (a.state == FERRY_SETTLED && a.queued && !a.starved)
		violation(m, V_BROKEN, NONE, src, "settled, and nobody starts what is queued");
	if (a.state == FERRY_SETTLED && a.starved && has_room && !two_steps)
		violation(m, V_BROKEN, NONE, src, "it starves, and there is room");
	if (a.starved && bound && anyone_moves(m))
		violation(m, V_BROKEN, NONE, src,
			  "it starves, and nobody ends a move that sits on two places");
	if (a.state == FERRY_MOVING && bound && (a.queued || state_of(m)->intent[src].settle))
		violation(m, V_BROKEN, NONE, src, "somebody waits for a move that nobody ends");
}

static void look(struct machine *m, enum look when)
{
	uint32_t src;

	if (when == LOOK_END)
		oracle_final(m);
	if (has_queues(m))
		queues_look(m, when);
	library_plan_look(m, when);
	for (src = 0; src < m->config.sources; src++) {
		const struct source *s = &m->source[src];

		if (s->irq == NONE)
			continue;
		if (when == LOOK_STATE) {
			oracle_source(m, src);
			library_check_ticket(m, src);
			/* In one namespace a slot is everybody's: nothing to count. */
			if (!world_of(m)->s->shared)
				check_slots(m, src);
		} else if (s->live && !s->dead && !s->stopping && when == LOOK_REST) {
			check_rest(m, src);
		} else if (s->live && !s->dead) {
			library_check_last(m, src);
		}
	}
}

const struct subject subject_library = {
	.name = "library",
	.size = size,
	.init = init,
	.interrupt = interrupt,
	.doorbell = doorbell,
	.queues = true,
	LIBRARY_CALLS,
	.create = create,
	.drained = drained,
	.guard = guard,
	.look = look,
	.arm = &subject_gic,
	.guest = &subject_guest,
};
