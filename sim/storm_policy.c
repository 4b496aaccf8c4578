/* SPDX-License-Identifier: MIT */
/* storm_policy.c: rebalancing in a storm, and how even it makes things. */
#include <stdlib.h>
#include <irqferry/balance.h>
#include "storm_int.h"

#define BUDGET 64   /* interrupts looked at in one call */
#define SETTLE 1000 /* looks at whether what was queued has gone */

struct storm_policy {
	struct ferry_policy policy;
	struct ferry_round_robin round_robin;
	struct ferry_by_load by_load;
	ferry_atomic *load; /* by interrupt */
	ferry_atomic *sums; /* by CPU; or when it had its turn */
	uint64_t *busy;     /* virtual ns of handlers, by source */
	uint64_t *cost;     /* by CPU */
	uint32_t *count;
	uint64_t since;
};

struct storm_policy *storm_policy_new(const struct storm_spec *spec)
{
	struct storm_policy *p = calloc(1, sizeof(*p));
	size_t irqs = spec->nirqs ? spec->nirqs : 1;

	if (!p)
		return NULL;
	p->load = calloc(irqs, sizeof(*p->load));
	p->sums = calloc(spec->cpus, sizeof(*p->sums));
	p->busy = calloc(irqs, sizeof(*p->busy));
	p->cost = calloc(spec->cpus, sizeof(*p->cost));
	p->count = calloc(spec->cpus, sizeof(*p->count));
	p->by_load = (struct ferry_by_load){ .load = p->load, .sums = p->sums, .slack = 10 };
	p->round_robin.last = p->sums;
	if (spec->policy == STORM_BY_LOAD)
		ferry_by_load(&p->policy, &p->by_load);
	else
		ferry_round_robin(&p->policy, &p->round_robin);
	if (p->load && p->sums && p->busy && p->cost && p->count)
		return p;
	storm_policy_free(p);
	return NULL;
}

void storm_policy_free(struct storm_policy *p)
{
	if (!p)
		return;
	free(p->load);
	free(p->sums);
	free(p->busy);
	free(p->cost);
	free(p->count);
	free(p);
}

void storm_policy_start(struct storm *st)
{
	if (!st->policy)
		return;
	st->policy->since = st->m->now;
	ferry_balance_set(st->m->ferry, &st->policy->policy);
}

void storm_policy_stop(struct storm *st)
{
	if (st->policy)
		ferry_balance_set(st->m->ferry, NULL);
}

void storm_policy_ran(struct storm *st, uint32_t src, uint64_t ns)
{
	if (st->policy)
		st->policy->busy[src] += ns;
}

static bool alive(const struct storm *st, uint32_t src)
{
	const struct source *s = &st->m->source[src];

	return s->live && !s->dead && s->irq != NONE;
}

/* Handler time of each interrupt since the beginning, in us per second. */
static void weigh(struct storm *st)
{
	struct storm_policy *p = st->policy;
	uint64_t ns = st->m->now - p->since + 1;
	uint32_t i;

	for (i = 0; i < st->spec->nirqs; i++)
		p->load[i].value = 0;
	for (i = 0; i < st->spec->nirqs; i++)
		if (alive(st, i))
			p->load[st->m->source[i].irq].value =
				(uint32_t)((unsigned __int128)p->busy[i] * 1000000 / ns);
}

/* Where everything is, or will be at once. False: something still waits. */
static bool look(struct storm *st)
{
	struct storm_policy *p = st->policy;
	struct ferry_affinity a;
	bool all = true;
	uint32_t i;

	for (i = 0; i < st->spec->cpus; i++)
		p->cost[i] = p->count[i] = 0;
	for (i = 0; i < st->ordinary; i++) {
		uint32_t irq = st->m->source[i].irq;

		if (!alive(st, i) || ferry_irq_affinity(st->m->ferry, irq, &a, NULL, NULL, NULL) ||
		    a.first_cpu == NONE)
			continue;
		p->cost[a.first_cpu] += p->load[irq].value;
		p->count[a.first_cpu]++;
		all = all && !a.queued;
	}
	return all;
}

static uint64_t ratio(uint64_t most, uint64_t sum, uint64_t n)
{
	return sum ? most * n * 1000 / sum : 1000;
}

/* The busiest CPU against the mean of those online, in thousandths. Returns by how
 * much counts differ. */
static uint32_t measure(struct storm *st, uint64_t *load, uint64_t *counts)
{
	const struct storm_policy *p = st->policy;
	uint64_t cost = 0, count = 0, most_cost = 0;
	uint32_t most = 0, least = UINT32_MAX, n = 0, c;

	for (c = 0; c < st->spec->cpus; c++) {
		if (!st->staying[c])
			continue;
		n++;
		cost += p->cost[c];
		count += p->count[c];
		most_cost = p->cost[c] > most_cost ? p->cost[c] : most_cost;
		most = p->count[c] > most ? p->count[c] : most;
		least = p->count[c] < least ? p->count[c] : least;
	}
	*load += ratio(most_cost, cost, n);
	*counts += ratio(most, count, n);
	return most - least;
}

void storm_policy_pass(struct storm *st)
{
	struct storm_report *r = &st->m->out->report;
	uint32_t cursor = 0, moved = 0, spread, tries;

	if (!st->policy || !st->running)
		return;
	weigh(st);
	look(st);
	measure(st, &r->uneven_load[0], &r->uneven_count[0]);
	while (ferry_balance(st->m->ferry, &cursor, BUDGET, &moved))
		cpu_sleep(st->m, 100);
	for (tries = 0; !look(st) && tries < SETTLE; tries++) {
		cpu_sleep(st->m, 1000);
		/* The poll that was asked for may be this thread's to do, after this. */
		ferry_poll(st->m->ferry);
	}
	spread = measure(st, &r->uneven_load[1], &r->uneven_count[1]);
	r->spread = spread > r->spread ? spread : r->spread;
	r->passes++;
	r->policy_moves += moved;
}
