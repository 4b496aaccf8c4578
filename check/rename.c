// SPDX-License-Identifier: MIT
/* rename.c: scenarios that are one up to the names of CPUs and interrupts. */
#include <string.h>
#include "scenario.h"

/* Of three; what acts on fewer leaves the others alone. */
static const uint8_t permutation[6][3] = {
	{ 0, 1, 2 }, { 1, 0, 2 }, { 0, 2, 1 }, { 2, 1, 0 }, { 1, 2, 0 }, { 2, 0, 1 },
};

struct renaming {
	uint8_t cpu[SCENARIO_CPUS], irq[SCENARIO_IRQS];
};

/* The k-th of 36. False: it renames what is not there, or kinds. */
static bool renaming(const struct scenario *s, int k, struct renaming *r)
{
	r->cpu[0] = 0;
	for (int i = 0; i < 3; i++) {
		r->cpu[1 + i] = (uint8_t)(1 + permutation[k % 6][i]);
		r->irq[i] = permutation[k / 6][i];
		if (1 + i >= s->cpus && r->cpu[1 + i] != 1 + i)
			return false;
		if (r->irq[i] == i)
			continue;
		if (i >= s->nirqs || r->irq[i] >= s->nirqs || s->kind[i] != s->kind[r->irq[i]])
			return false;
	}
	return true;
}

static uint8_t renamed_cpus(const struct renaming *r, unsigned int cpus)
{
	unsigned int to = 0;

	for (int cpu = 0; cpu < SCENARIO_CPUS; cpu++)
		to |= (cpus >> cpu & 1) << r->cpu[cpu];
	return (uint8_t)to;
}

static void rename_all(const struct scenario *s, const struct renaming *r, struct scenario *to)
{
	*to = *s;
	to->away = renamed_cpus(r, s->away);
	for (int cpu = 0; cpu < SCENARIO_CPUS; cpu++) {
		struct script *script = &to->script[r->cpu[cpu]];

		*script = s->script[cpu];
		for (int i = 0; i < script->n; i++) {
			struct op *op = &script->op[i];

			op->irq = scenario_form[op->kind].irq ? r->irq[op->irq] : 0;
			op->cpus = renamed_cpus(r, op->cpus);
		}
	}
}

/* Few vectors make interrupts start elsewhere than on CPU 0: nothing may change there. */
static bool same_starts(const struct scenario *s, const struct renaming *r,
			const struct scenario *to)
{
	for (unsigned int i = 0; i < s->nirqs; i++)
		if (scenario_start(to, r->irq[i]) != r->cpu[scenario_start(s, i)])
			return false;
	return true;
}

/* Low CPUs do more; then as bytes. */
static bool smaller(const struct scenario *a, const struct scenario *b)
{
	int order = a->away - b->away;

	for (int cpu = 0; cpu < SCENARIO_CPUS && !order; cpu++) {
		order = b->script[cpu].n - a->script[cpu].n;
		if (!order)
			order = memcmp(a->script[cpu].op, b->script[cpu].op,
				       a->script[cpu].n * sizeof(struct op));
	}
	return order < 0;
}

void scenario_smallest(struct scenario *s)
{
	const struct scenario from = *s;
	struct scenario to;
	struct renaming r;

	for (int k = 1; k < 36 && !scenario_guest(s) && !scenario_queues(s); k++) {
		if (!renaming(&from, k, &r))
			continue;
		rename_all(&from, &r, &to);
		if (smaller(&to, s) && same_starts(&from, &r, &to))
			*s = to;
	}
}

bool scenario_canonical(const struct scenario *s)
{
	struct scenario to = *s;

	scenario_smallest(&to);
	return !smaller(&to, s);
}
