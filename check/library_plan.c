/* SPDX-License-Identifier: MIT */
/*
 * library_plan.c: plans by which CPUs leave. A plan is in the machine's arena, so it is part of a
 * state; between two plans that memory is zeroed, for what an old one has left tells nobody
 * anything.
 */
#include <irqferry/plan.h>
#include <irqferry/x86.h>
#include <string.h>
#include "library.h"

/* Enough for SCENARIO_CPUS; library_plan_init() looks. */
#define X86_BYTES 5120u
#define GIC_BYTES 512u

struct planned {
	struct ferry_plan *plan;
	uint64_t memory[];
};

/* ---- memory ---------------------------------------------------------------------------------- */

static size_t bytes_of(const struct scenario *s)
{
	return scenario_arm(s) ? GIC_BYTES : X86_BYTES;
}

static size_t offset_of(size_t used)
{
	return (used + LINE - 1) / LINE * LINE;
}

size_t library_plan_size(const struct scenario *s, size_t used)
{
	return s->planned && used ? offset_of(used) + sizeof(struct planned) + bytes_of(s) : used;
}

bool library_plan_init(struct machine *m, const struct scenario *s, size_t used)
{
	if (!s->planned)
		return true;
	world_of(m)->planned = (struct planned *)(void *)((char *)m->library + offset_of(used));
	return ferry_plan_size(ferry(m)) <= bytes_of(s);
}

/* Whoever holds the hotplug lock. */
bool library_plan_guard(const struct machine *m, const void *address, struct ferry_guard *g)
{
	const struct planned *p = world_of(m)->planned;
	const char *at = address;

	if (!p || at < (const char *)p || at >= (const char *)(p + 1) + bytes_of(world_of(m)->s))
		return false;
	*g = (struct ferry_guard){ FERRY_GUARD_OWN, NULL };
	return true;
}

/* ---- calls ----------------------------------------------------------------------------------- */

/* May it say so? */
static bool is_reason(struct machine *m, uint32_t cpu, int reason)
{
	const struct scenario *s = world_of(m)->s;
	bool alone = true, picky = false;

	for (uint32_t c = 0; c < s->cpus; c++)
		alone = alone && (c == cpu || ferry_cpu_state(ferry(m), c) != FERRY_CPU_ONLINE);
	for (uint32_t i = 0; i < s->nirqs; i++)
		picky = picky || s->kind[i] == FERRY_X86_MSI ||
			s->kind[i] == FERRY_X86_IOAPIC_EDGE || s->kind[i] == FERRY_X86_IOAPIC_LEVEL;
	switch (reason) {
	case FERRY_E_NO_CPU:
		return alone;
	case FERRY_E_NO_BOUND:
		return s->hw.bound == BOUND_NONE;
	case FERRY_E_NO_SPACE:
		/* Of what needs a vector of its own in the machine, or two while it moves, a no may
		 * be wrong. */
		return !client_plenty(m) || (picky && !scenario_arm(s));
	default:
		return false;
	}
}

static void check_answer(struct machine *m, uint32_t cpu, const struct ferry_dry_run *sum,
			 const struct ferry_blocker *list)
{
	const struct planned *p = world_of(m)->planned;

	if (!p->plan != (sum->blocked != 0) || sum->blocked > SCENARIO_IRQS)
		violation(m, V_BROKEN, cpu, NONE, "%u interrupts block, and a plan %s",
			  sum->blocked, p->plan ? "stands" : "does not stand");
	if (sum->needed > SCENARIO_IRQS || sum->broken > sum->needed)
		violation(m, V_BROKEN, cpu, NONE, "%u interrupts need places, %u outside",
			  sum->needed, sum->broken);
	for (uint32_t n = 0; n < sum->blocked && n < SCENARIO_IRQS; n++)
		if (!is_reason(m, cpu, list[n].reason))
			violation(m, V_BROKEN, cpu, NONE, "irq %u blocks, because of %d",
				  list[n].irq, list[n].reason);
}

static void clear(struct machine *m)
{
	memset(world_of(m)->planned, 0, sizeof(struct planned) + bytes_of(world_of(m)->s));
}

int library_plan(struct machine *m, uint32_t cpu, uint32_t *blocked)
{
	struct planned *p = world_of(m)->planned;
	struct ferry_blocker list[SCENARIO_IRQS];
	struct ferry_dry_run sum;
	int rc = ferry_cpu_plan(ferry(m), cpu, p->memory, bytes_of(world_of(m)->s), &p->plan, &sum,
				list, SCENARIO_IRQS);

	if (rc == FERRY_OK)
		check_answer(m, cpu, &sum, list);
	if (!p->plan)
		clear(m);
	*blocked = sum.blocked;
	return rc;
}

void library_drop(struct machine *m)
{
	library_plan_seen(m);
	ferry_plan_drop(ferry(m), world_of(m)->planned->plan);
	clear(m);
}

void library_plan_seen(struct machine *m)
{
	const struct planned *p = world_of(m)->planned;
	uint64_t h = 1;

	if (!p || !p->plan)
		return;
	for (size_t n = 0; n < bytes_of(world_of(m)->s) / sizeof(*p->memory); n++)
		h = sim_mix(h, p->memory[n]);
	sim_observe(m, h);
}

/* A source names another place; where it comes from is known. One that is made or started has
 * one; what a plan for pins can't foresee is another pin. */
void library_plan_trace(struct machine *m, const struct ferry_trace *record)
{
	struct plan_state *p = &state_of(m)->plan;
	bool is_new = record->event == FERRY_TRACE_CREATE || record->event == FERRY_TRACE_START;

	if (!world_of(m)->s->planned || (!is_new && record->event != FERRY_TRACE_PROGRAM))
		return;
	sim_writes(m, RES_SCRIPT);
	if (p->cpu && (is_new || (!p->closed && record->cpu + 1 != p->cpu)))
		p->came = 1;
}

/* ---- what must be true ------------------------------------------------------------------- */

/* Where nobody leaves, nobody but a set of queues has promises. */
static void check_promises(struct machine *m, uint32_t cpu)
{
	uint32_t used, free_;

	machine_look(m);
	ferry_x86_vectors(ferry(m), cpu, &used, &free_);
	if (machine_looked(m) && used + free_ != world_of(m)->s->vectors)
		violation(m, V_BROKEN, cpu, NONE, "%u vectors used, %u free, of %u", used, free_,
			  world_of(m)->s->vectors);
}

void library_plan_look(struct machine *m, enum look when)
{
	const struct scenario *s = world_of(m)->s;
	const struct state *st = state_of(m);

	if (!s->planned || when == LOOK_END || m->gic || s->shared)
		return;
	if (st->hotplug || scenario_queues(s)) /* queues_look() */
		return;
	for (uint32_t cpu = 0; cpu < s->cpus; cpu++)
		check_promises(m, cpu);
}
