/* SPDX-License-Identifier: MIT */
/*
 * The policy that looks at load. Greedy, in the order in which it is asked: nothing is
 * sorted, so one pass may leave a little, which the next one takes. It does not
 * oscillate: a move makes the busier of two CPUs less busy by more than a margin.
 *
 * The sums are made anew when a pass begins, and changed with each choice. What moves
 * for other reasons meanwhile is not seen: they are hints.
 *
 * Locks: none when asked (I is held); I, one at a time, when a pass begins.
 */
#undef FERRY_NO_BALANCE /* the definitions, even if nobody calls them */
#include <irqferry/balance.h>
#include "core/core.h"

/* One more than its load: CPUs with equal loads are told apart by their counts. */
static uint32_t weight(struct ferry *f, const struct ferry_by_load *s, uint32_t irq)
{
	return ferry_host_load(f->ctx, &s->load[irq]) + 1;
}

/* ---- a pass begins ------------------------------------------------------------------ */

/* What it costs its CPUs is theirs in equal parts. Its weight, or 0. I held. */
static uint32_t add_up(struct ferry *f, const struct ferry_by_load *s, const struct ferry_irq *i)
{
	uint32_t n = 0, w = weight(f, s, i->number);

	if (i->cur == FERRY_SET_NONE || (i->flags & (FERRY_F_DISABLED | FERRY_F_DEAD)))
		return 0;
	FERRY_FOR_EACH_CPU(f, i->cur, c)
		n++;
	FERRY_FOR_EACH_CPU(f, i->cur, c)
		ferry_host_add(f->ctx, &s->sums[c], w / (n ? n : 1));
	return w;
}

static void begin(struct ferry *f, void *arg)
{
	struct ferry_by_load *s = arg;
	uint32_t total = 0, cpus = 0, count = 0, irq = 0, mean, margin;

	for (uint32_t c = 0; c < f->ncpus; c++) {
		ferry_host_store(f->ctx, &s->sums[c], 0);
		cpus += ferry_cpu_state(f, c) == FERRY_CPU_ONLINE;
	}
	while ((irq = ferry_irqset_next(f, &f->used, irq)) != FERRY_NONE) {
		struct ferry_irq *i = &f->irqs[irq++];
		uintptr_t flags = ferry_enter(f, i);
		uint32_t w = add_up(f, s, i);

		ferry_leave(f, i, flags);
		total += w;
		count += w != 0;
	}
	mean = total / (cpus ? cpus : 1);
	margin = mean / 100 * s->slack + mean % 100 * s->slack / 100;
	ferry_host_store(f->ctx, &s->margin, margin);
	ferry_host_store(f->ctx, &s->limit, mean + margin);
	ferry_host_store(f->ctx, &s->least, total / 4 / (count ? count : 1));
}

/* ---- a choice ------------------------------------------------------------------------- */

/* The candidate that has least; its sum in *sum. */
static uint32_t idlest(struct ferry *f, const struct ferry_by_load *s,
		       const struct ferry_candidates *among, uint32_t *sum)
{
	uint32_t best = FERRY_NONE;

	*sum = UINT32_MAX;
	for (uint32_t c = ferry_candidate(f, among, 0); c != FERRY_NONE;
	     c = ferry_candidate(f, among, c + 1)) {
		uint32_t has = ferry_host_load(f->ctx, &s->sums[c]);

		if (best == FERRY_NONE || has < *sum) {
			best = c;
			*sum = has;
		}
	}
	return best;
}

/* Never below 0: a sum that is a little off until the next pass does no harm. */
static void take_off(struct ferry *f, ferry_atomic *sum, uint32_t w)
{
	uint32_t has = ferry_host_load(f->ctx, sum);

	(void)ferry_host_cas(f->ctx, sum, has, has > w ? has - w : 0);
}

static uint32_t pick(struct ferry *f, void *arg, const struct ferry_candidates *among, uint32_t irq,
		     uint32_t now)
{
	const struct ferry_by_load *s = arg;
	uint32_t w = weight(f, s, irq), has = 0, least, cpu;
	bool stays = now != FERRY_NONE && ferry_candidate(f, among, now) == now;

	if (now != FERRY_NONE)
		has = ferry_host_load(f->ctx, &s->sums[now]);
	if (stays &&
	    (has <= ferry_host_load(f->ctx, &s->limit) || w < ferry_host_load(f->ctx, &s->least)))
		return FERRY_NONE;
	cpu = idlest(f, s, among, &least);
	if (cpu == FERRY_NONE || (stays && least + w + ferry_host_load(f->ctx, &s->margin) >= has))
		return FERRY_NONE;
	ferry_host_add(f->ctx, &s->sums[cpu], w);
	if (now != FERRY_NONE)
		take_off(f, &s->sums[now], w);
	return cpu;
}

void ferry_by_load(struct ferry_policy *policy, struct ferry_by_load *state)
{
	*policy = (struct ferry_policy){ .begin = begin, .pick = pick, .arg = state };
}
