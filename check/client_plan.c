/* SPDX-License-Identifier: MIT */
/*
 * client_plan.c: a CPU leaves by a plan (irqferry/plan.h): who asks for it and drops it, and
 * what it owes them. All under the hotplug lock.
 */
#include "client.h"

/* Traces of other CPUs look at it. */
static struct plan_state *plan_of(struct machine *m)
{
	if (world_of(m)->s->planned)
		sim_writes(m, RES_SCRIPT);
	return &state_of(m)->plan;
}

bool client_plan(struct machine *m, uint32_t cpu)
{
	struct plan_state *p = plan_of(m);
	uint32_t blocked = 0;
	int rc;

	if (!world_of(m)->s->planned)
		return true;
	*p = (struct plan_state){ .cpu = (uint8_t)(cpu + 1) };
	rc = client_returned(m, 50, world_of(m)->subject->plan(m, cpu, &blocked));
	sim_observe(m, blocked);
	if (rc != FERRY_OK)
		violation(m, V_BROKEN, cpu, NONE, "plan returned %d", rc);
	p->stands = rc == FERRY_OK && !blocked;
	if (!p->stands)
		*p = (struct plan_state){ 0 };
	return p->stands;
}

void client_plan_closed(struct machine *m)
{
	plan_of(m)->closed = plan_of(m)->stands;
}

/* What lived here when it was made has its place, and can be silenced. */
void client_plan_step(struct machine *m, uint32_t cpu, int rc)
{
	const struct plan_state *p = plan_of(m);

	if (p->stands && !p->came && (rc == FERRY_E_NO_SPACE || rc == FERRY_E_NO_BOUND))
		violation(m, V_BROKEN, cpu, NONE, "a plan stands, and a step returned %d", rc);
}

void client_drop(struct machine *m)
{
	if (!plan_of(m)->stands)
		return;
	world_of(m)->subject->drop(m);
	*plan_of(m) = (struct plan_state){ 0 };
}
