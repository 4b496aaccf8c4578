// SPDX-License-Identifier: MIT
/* scenario_queues.c: what sets of queues can't be. */
#include <irqferry/x86.h>
#include "scenario_int.h"

/* Sources that need one slot, as irqferry/managed.h has it. */
#define KINDS \
	(1u << FERRY_X86_MSIX | 1u << FERRY_X86_MSI_MASKABLE | 1u << FERRY_X86_REMAPPED | \
	 1u << SCENARIO_SPI | 1u << SCENARIO_LINE | 1u << SCENARIO_LPI | 1u << SCENARIO_ESPI)

static bool says_of_queues(const struct scenario *s)
{
	const struct queue_set *q = &s->queues;

	return q->allow || q->readonly || q->initial || q->pool;
}

/* A place is promised on each CPU of each mask; a pool has one on each. */
static bool check_room(const struct scenario *s, struct fault *f)
{
	for (int cpu = 0; cpu < s->cpus; cpu++) {
		unsigned int n = 0;

		for (int i = 0; i < s->nirqs; i++)
			n += s->queues.mask[i] >> cpu & 1;
		if (n > s->vectors && !s->queues.pool)
			return scenario_wrong(f, "%u places are promised on CPU %d, which has %d",
					      n, cpu, s->vectors);
	}
	return true;
}

static bool check_ops(const struct scenario *s, struct fault *f)
{
	unsigned int ends = 0;

	for (f->cpu = 0; f->cpu < s->cpus; f->cpu++)
		for (f->op = 0; f->op < s->script[f->cpu].n; f->op++) {
			uint8_t kind = s->script[f->cpu].op[f->op].kind;

			if (kind == OP_FREE || kind == OP_CREATE)
				return scenario_wrong(f, "a queue's interrupt goes with the set: "
							 "`end`");
			ends += kind == OP_END;
			if (ends > 1)
				return scenario_wrong(f, "a set ends once");
		}
	f->cpu = f->op = -1;
	return true;
}

bool scenario_check_queues(const struct scenario *s, struct fault *f)
{
	f->option = NULL;
	f->cpu = f->op = -1;
	if (!scenario_queues(s)) {
		if (says_of_queues(s))
			return scenario_wrong(f, "options of a set of queues, and no masks=");
		return true;
	}
	for (int i = 0; i < s->nirqs; i++) {
		if (!(KINDS >> s->kind[i] & 1))
			return scenario_wrong(f, "%s can't be managed", scenario_kind[s->kind[i]]);
		if (!s->queues.mask[i] || s->queues.mask[i] >> s->cpus)
			return scenario_wrong(f, "a mask of CPUs that are not there");
	}
	if (s->flat || s->several || s->shared || s->pinned)
		return scenario_wrong(f, "with masks= there is no flat, several, shared or pinned");
	return check_room(s, f) && check_ops(s, f);
}
