/* SPDX-License-Identifier: MIT */
/*
 * Policies: who is asked where an interrupt goes, and the pass that asks again for all.
 * Above the engine: a policy names a preferred CPU, move.c does the rest. Linked only if
 * used; without it an interrupt's flags cost one test where a place is chosen.
 *
 * Who may use the policy is told by a flag in each descriptor, read and changed under
 * its I. So after a look at all of them nobody uses the policy that was there before,
 * and whoever uses the new one sees all of it.
 *
 * Locks: the host's hotplug lock around ferry_balance_set and ferry_balance; I, one at a
 * time; what move.c takes below it.
 */
#undef FERRY_NO_BALANCE /* the definitions, even if nobody calls them */
#include <irqferry/balance.h>
#include "core/core.h"

/* ---- what there is to choose from ---------------------------------------------------- */

uint32_t ferry_candidate(struct ferry *f, const struct ferry_candidates *among, uint32_t from)
{
	const struct ferry_want *want = among->want;

	while ((from = ferry_set_next(f, want->set, from)) != FERRY_NONE) {
		if (from != want->exclude && ferry_cpu_state(f, from) == FERRY_CPU_ONLINE)
			break;
		from++;
	}
	return from;
}

/* Neither pinned, nor following a vCPU, nor on several CPUs at once. */
static bool is_free_to_choose(const struct ferry_irq *i, ferry_set set)
{
	return (set & FERRY_SET_MASK) && !(i->flags & (FERRY_F_GUEST | FERRY_F_SEVERAL));
}

/* A candidate of the policy's choice, or FERRY_NONE. */
static uint32_t pick(struct ferry *f, const struct ferry_irq *i, const struct ferry_want *want,
		     uint32_t now)
{
	const struct ferry_policy *p = f->policy;
	struct ferry_candidates among = { want };
	uint32_t cpu;

	if (want->dry || !is_free_to_choose(i, want->set))
		return FERRY_NONE;
	cpu = p->pick(f, p->arg, &among, i->number, now);
	return cpu < f->ncpus && ferry_candidate(f, &among, cpu) == cpu ? cpu : FERRY_NONE;
}

/* ferry_choose: a place is about to be reserved. */
static uint32_t choose(struct ferry *f, const struct ferry_irq *i, const struct ferry_want *want)
{
	return pick(f, i, want, ferry_set_next(f, i->cur, 0));
}

/* ---- moves --------------------------------------------------------------------------- */

/*
 * Queued, with a preferred CPU: done now if the interrupt is settled and may be moved,
 * else when it is. No ticket, for nobody has asked. A request that still waits is not
 * superseded: if it names no CPU, this one is as good as any.
 */
static bool send(struct ferry *f, struct ferry_irq *i, uint32_t cpu)
{
	bool asked = (i->flags & FERRY_F_QUEUED) && i->generation != i->asked;
	bool settled = i->state == FERRY_SETTLED && !(i->flags & FERRY_F_QUEUED);

	if (cpu == FERRY_NONE || (asked && i->prefer != 0xffff) || (settled && i->cur == cpu))
		return false;
	i->prefer = (uint16_t)cpu;
	i->flags |= FERRY_F_QUEUED;
	if (i->state != FERRY_SETTLED)
		ferry_ask_settle(f, i);
	ferry_advance(f, i);
	return true;
}

/* Has it no place that a policy may change? A managed one's is chosen when it is started, or
 * when its CPU leaves. */
static bool stays(const struct ferry_irq *i)
{
	return i->cur == FERRY_SET_NONE || (i->flags & (FERRY_F_DEAD | FERRY_F_MANAGED));
}

/* ferry_irq_enable: nobody has planned for it yet. Still disabled. */
static void started(struct ferry *f, struct ferry_irq *i)
{
	struct ferry_want want = { .set = i->requested, .exclude = FERRY_NONE };

	if (!stays(i))
		(void)send(f, i, pick(f, i, &want, FERRY_NONE));
}

/* True if a move was started or queued. */
static bool rebalance(struct ferry *f, struct ferry_irq *i)
{
	struct ferry_want want = { .set = i->requested, .exclude = FERRY_NONE };

	if (stays(i)) /* also: not created yet, or not any more */
		return false;
	if (i->flags & FERRY_F_DISABLED) {
		i->flags |= FERRY_F_SKIPPED;
		return false;
	}
	return send(f, i, pick(f, i, &want, ferry_set_next(f, i->cur, 0)));
}

bool ferry_balance(struct ferry *f, uint32_t *cursor, uint32_t budget, uint32_t *moved)
{
	uint32_t irq = *cursor;

	if (!f->policy || !ferry_set_online(f, FERRY_SET_ALL, FERRY_NONE))
		return false;
	if (!irq && f->policy->begin)
		f->policy->begin(f, f->policy->arg);
	while ((irq = ferry_irqset_next(f, &f->used, irq)) != FERRY_NONE && budget--) {
		struct ferry_irq *i = &f->irqs[irq++];
		uintptr_t flags = ferry_enter(f, i);
		bool moves = rebalance(f, i);

		ferry_leave(f, i, flags);
		if (moved)
			*moved += moves;
		*cursor = irq;
	}
	return irq != FERRY_NONE;
}

/* ---- on and off ------------------------------------------------------------------------ */

/* What is disabled now is placed by the policy when it is started. */
static void mark(struct ferry *f, bool on)
{
	for (uint32_t irq = 0; irq < f->nirqs; irq++) {
		struct ferry_irq *i = &f->irqs[irq];
		uintptr_t flags = ferry_enter(f, i);

		i->flags &= ~(uint32_t)(FERRY_F_POLICY | FERRY_F_SKIPPED);
		if (on)
			i->flags |= FERRY_F_POLICY;
		if (on && (i->flags & FERRY_F_DISABLED))
			i->flags |= FERRY_F_SKIPPED;
		ferry_leave(f, i, flags);
	}
}

void ferry_balance_set(struct ferry *f, const struct ferry_policy *policy)
{
	if (f->policy)
		mark(f, false);
	f->policy = policy;
	f->choose = choose;
	f->started = started;
	if (!policy)
		return;
	if (policy->begin)
		policy->begin(f, policy->arg);
	mark(f, true);
}

/* ---- round robin ------------------------------------------------------------------------- */

/* The next one after the last: one look, mostly. */
static uint32_t next_cpu(struct ferry *f, struct ferry_round_robin *s,
			 const struct ferry_candidates *among)
{
	uint32_t cpu = ferry_candidate(f, among, ferry_host_load(f->ctx, &s->cursor));

	if (cpu == FERRY_NONE)
		cpu = ferry_candidate(f, among, 0);
	ferry_host_store(f->ctx, &s->cursor, cpu + 1);
	return cpu;
}

/* With one cursor for different masks, each that is asked for after another would begin
 * at its first CPU. */
static uint32_t longest_ago(struct ferry *f, struct ferry_round_robin *s,
			    const struct ferry_candidates *among)
{
	uint32_t now = ferry_host_load(f->ctx, &s->clock), best = FERRY_NONE, oldest = 0;

	for (uint32_t c = ferry_candidate(f, among, 0); c != FERRY_NONE;
	     c = ferry_candidate(f, among, c + 1)) {
		uint32_t age = now - ferry_host_load(f->ctx, &s->last[c]);

		if (best == FERRY_NONE || age > oldest) {
			best = c;
			oldest = age;
		}
	}
	return best;
}

static uint32_t take_turns(struct ferry *f, void *arg, const struct ferry_candidates *among,
			   uint32_t irq, uint32_t now)
{
	struct ferry_round_robin *s = arg;
	uint32_t cpu = among->want->set == FERRY_SET_ALL ? next_cpu(f, s, among) :
							   longest_ago(f, s, among);

	(void)irq;
	(void)now;
	if (cpu != FERRY_NONE)
		ferry_host_store(f->ctx, &s->last[cpu], ferry_host_add(f->ctx, &s->clock, 1) + 1);
	return cpu;
}

void ferry_round_robin(struct ferry_policy *policy, struct ferry_round_robin *state)
{
	*policy = (struct ferry_policy){ .pick = take_turns, .arg = state };
}
