/* SPDX-License-Identifier: MIT */
/* common.c: the calls of the library that no architecture changes, and what is always true. */
#include "queues.h"

void library_trace(void *ctx, const struct ferry_trace *record)
{
	struct machine *m = ctx;

	oracle_trace(m, record);
	if (record->event == FERRY_TRACE_SETTLED)
		client_stir(m);
	machine_say_trace(m, record);
	if (has_queues(m) && record->irq < m->config.sources && m->irq_src[record->irq])
		queues_trace(m, record, m->irq_src[record->irq] - 1);
	library_plan_trace(m, record);
	if ((record->event == FERRY_TRACE_EVIDENCE || record->event == FERRY_TRACE_CLEAR) &&
	    record->irq < m->config.sources && m->irq_src[record->irq])
		state_of(m)->intent[m->irq_src[record->irq] - 1].debt = (uint8_t)record->a;
}

int library_online(struct machine *m, uint32_t cpu)
{
	return ferry_cpu_enter(ferry(m), cpu);
}

int library_free(struct machine *m, uint32_t src, bool quiet)
{
	return ferry_irq_free(ferry(m), m->source[src].irq, quiet ? FERRY_FREE_QUIET : 0, NULL);
}

bool library_affinity(struct machine *m, uint32_t src, struct ferry_affinity *a,
		      uint64_t *requested, uint64_t *effective)
{
	int rc;

	machine_look(m);
	rc = ferry_irq_affinity(ferry(m), m->source[src].irq, a, requested, effective, NULL);
	return machine_looked(m) && rc == FERRY_OK;
}

int library_move(struct machine *m, uint32_t src, uint64_t cpus)
{
	uint32_t ticket;
	int rc = ferry_irq_set_affinity(ferry(m), m->source[src].irq, &cpus, FERRY_NONE, &ticket);

	if (rc == FERRY_OK)
		state_of(m)->intent[src].ticket = (uint8_t)ticket;
	return rc;
}

int library_mask(struct machine *m, uint32_t src, bool masked)
{
	uint32_t irq = m->source[src].irq;

	return masked ? ferry_irq_mask(ferry(m), irq) : ferry_irq_unmask(ferry(m), irq);
}

int library_enable(struct machine *m, uint32_t src, bool enabled)
{
	uint32_t irq = m->source[src].irq;

	return enabled ? ferry_irq_enable(ferry(m), irq) : ferry_irq_disable(ferry(m), irq);
}

int library_settle(struct machine *m, uint32_t src)
{
	struct intent *k = &state_of(m)->intent[src];
	int rc = ferry_irq_settle(ferry(m), m->source[src].irq, NULL);

	sim_writes(m, RES_GHOST(src));
	k->settle = rc == FERRY_E_AGAIN && !k->requests;
	return rc;
}

int library_leave(struct machine *m, uint32_t cpu)
{
	return ferry_cpu_leave(ferry(m), cpu);
}

int library_step(struct machine *m, uint32_t cpu, uint32_t *left)
{
	library_plan_seen(m);
	return ferry_cpu_leave_step(ferry(m), cpu, left, NULL);
}

int library_commit(struct machine *m, uint32_t cpu)
{
	library_plan_seen(m);
	return ferry_cpu_commit(ferry(m), cpu);
}

int library_roll_back(struct machine *m, uint32_t cpu)
{
	return ferry_cpu_roll_back(ferry(m), cpu);
}

void library_poll(struct machine *m)
{
	ferry_poll(ferry(m));
}

/* ---- invariants ------------------------------------------------------------------ */

/* A ticket is told as satisfied once the affinity is what was asked for. CPUs that go
 * may change it afterwards. */
static bool hotplugs(const struct scenario *s)
{
	uint32_t cpu, i;

	for (cpu = 0; cpu < s->cpus; cpu++)
		for (i = 0; i < s->script[cpu].n; i++)
			if (s->script[cpu].op[i].kind == OP_OFFLINE ||
			    s->script[cpu].op[i].kind == OP_ROLLBACK)
				return true;
	return false;
}

void library_check_ticket(struct machine *m, uint32_t src)
{
	const struct intent *k = &state_of(m)->intent[src];
	uint64_t requested, effective;
	struct ferry_affinity a;

	if (!k->last || k->requests || k->gone || hotplugs(world_of(m)->s) ||
	    !library_affinity(m, src, &a, &requested, &effective))
		return;
	if ((int32_t)(a.generation - k->ticket) < 0)
		return;
	if (a.state != FERRY_SETTLED)
		violation(m, V_BROKEN, NONE, src, "ticket %u is said to be satisfied in a move",
			  k->ticket);
	if (effective & ~(uint64_t)k->last)
		violation(m, V_BROKEN, NONE, src,
			  "ticket %u is said to be satisfied, it lives on %#llx, not in %#x",
			  k->ticket, (unsigned long long)effective, k->last);
}

void library_check_last(struct machine *m, uint32_t src)
{
	const struct intent *k = &state_of(m)->intent[src];
	uint64_t requested;
	struct ferry_affinity a;

	if (k->last && library_affinity(m, src, &a, &requested, NULL) && requested != k->last)
		violation(m, V_BROKEN, NONE, src, "the last request was for CPUs %#x, it has %#llx",
			  k->last, (unsigned long long)requested);
}
