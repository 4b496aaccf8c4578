/* SPDX-License-Identifier: MIT */
/*
 * Places promised to managed interrupts. Vectors of a CPU are alike, so a promise names none: it
 * takes one off the CPU's room. What is free, less its room, is promised; no one else can have
 * it. A managed interrupt takes its place out of that, and gives it back there: the room is the
 * same all the time.
 *
 * Linked only if named in the configuration. Locks: V, one at a time.
 */
#include <irqferry/managed.h>
#include "x86/x86.h"

/* In shares: the one place that the pool is promised on this CPU is in use. Below: members. */
#define POOL_USED 0x80000000u

static void carve(struct ferry_x86 *x, const struct ferry_x86_config *c, struct ferry_carver *m)
{
	x->npools = c->pools;
	x->managed = ferry_carve(m, c->core.cpus, sizeof(*x->managed));
	x->shares = ferry_carve(m, (size_t)c->pools * c->core.cpus, sizeof(*x->shares));
	x->pool_of = ferry_carve(m, c->pools ? c->core.irqs : 0, sizeof(*x->pool_of));
}

/* ---- pools --------------------------------------------------------------------- */

static uint32_t pool(struct ferry *f, const struct ferry_irq *i)
{
	return f->x86->npools ? f->x86->pool_of[i->number] : 0;
}

static int share(struct ferry *f, const struct ferry_irq *i, uint32_t number)
{
	if (number > f->x86->npools)
		return FERRY_E_INVALID;
	if (f->x86->npools)
		f->x86->pool_of[i->number] = number;
	return FERRY_OK;
}

/* The interrupt's pool on a CPU; null: it has none. */
static ferry_atomic *share_of(struct ferry *f, const struct ferry_irq *i, uint32_t cpu)
{
	uint32_t number = pool(f, i);

	return number ? &f->x86->shares[(size_t)(number - 1) * f->ncpus + cpu] : NULL;
}

/* ---- promises -------------------------------------------------------------------- */

/* One more promised on `cpu`, or to a pool: its first member there brings the promise. Without
 * the shared namespace each CPU has a V of its own. */
static bool promise_one(struct ferry *f, ferry_atomic *members, uint32_t cpu)
{
	ferry_lock *v = &f->cpus[cpu].lock;
	bool good = true;

	ferry_host_lock(f->ctx, v);
	if (!members || !ferry_host_load(f->ctx, members)) {
		good = ferry_host_load(f->ctx, &f->x86->cpus[cpu].room);
		if (good)
			ferry_x86_change_room(f, cpu, false);
	}
	if (members && good)
		ferry_host_add(f->ctx, members, 1);
	ferry_host_unlock(f->ctx, v);
	return good;
}

/* The last member takes it along. */
static void give_up_one(struct ferry *f, ferry_atomic *members, uint32_t cpu)
{
	ferry_lock *v = &f->cpus[cpu].lock;

	ferry_host_lock(f->ctx, v);
	if (!members || ferry_host_add(f->ctx, members, 0u - 1u) == 1)
		ferry_x86_change_room(f, cpu, true);
	ferry_host_unlock(f->ctx, v);
}

/* Word w of `set` without `not`, and only what lies below `end`. */
static uint64_t rest(const struct ferry *f, ferry_set set, ferry_set not, uint32_t w, uint32_t end)
{
	uint64_t word = ferry_set_word(f, set, w) & ~ferry_set_word(f, not, w);

	return end - w * 64 < 64 ? word & ((1ull << (end % 64)) - 1) : word;
}

static void give_up_below(struct ferry *f, const struct ferry_irq *i, ferry_set set, ferry_set not,
			  uint32_t end)
{
	ferry_atomic *members = share_of(f, i, 0);

	for (uint32_t w = 0; w * 64 < end; w++)
		for (uint64_t word = rest(f, set, not, w, end); word; word &= word - 1) {
			uint32_t cpu = w * 64 + (uint32_t)__builtin_ctzll(word);

			give_up_one(f, members ? members + cpu : NULL, cpu);
		}
}

static void give_up(struct ferry *f, const struct ferry_irq *i, ferry_set set, ferry_set not )
{
	give_up_below(f, i, set, not, f->ncpus);
}

/* Which sources can have one: those that need one place, and any vector of the CPU. */
static bool simple(const struct ferry *f, const struct ferry_irq *i)
{
	return !ferry_x86_once(f, i) && !ferry_x86_two_steps(i) && !(i->flags & FERRY_F_SEVERAL);
}

static int promise(struct ferry *f, const struct ferry_irq *i, ferry_set set, ferry_set not )
{
	ferry_atomic *members = share_of(f, i, 0);

	if (!simple(f, i))
		return FERRY_E_INVALID;
	for (uint32_t w = 0; w < f->nwords; w++)
		for (uint64_t word = rest(f, set, not, w, f->ncpus); word; word &= word - 1) {
			uint32_t cpu = w * 64 + (uint32_t)__builtin_ctzll(word);

			if (promise_one(f, members ? members + cpu : NULL, cpu))
				continue;
			give_up_below(f, i, set, not, cpu);
			return FERRY_E_NO_SPACE;
		}
	return FERRY_OK;
}

/* ---- for plans of a departure ------------------------------------------------------ */

static bool keep(struct ferry *f, uint32_t cpu)
{
	bool room;

	ferry_lock_cpu(f, cpu);
	room = ferry_host_load(f->ctx, &f->x86->cpus[cpu].room);
	if (room)
		ferry_x86_change_room(f, cpu, false);
	ferry_unlock_cpu(f, cpu);
	return room;
}

static void unkeep(struct ferry *f, uint32_t cpu)
{
	ferry_lock_cpu(f, cpu);
	ferry_x86_change_room(f, cpu, true);
	ferry_unlock_cpu(f, cpu);
}

static uint32_t count(struct ferry *f, uint32_t cpu)
{
	struct ferry_x86_cpu *c = &f->x86->cpus[cpu];
	uint32_t n = f->x86->nusable, taken = ferry_host_load(f->ctx, &c->room);

	for (uint32_t w = 0; w < 8; w++)
		for (uint32_t bits = ferry_host_load(f->ctx, &c->owned[w]); bits; bits &= bits - 1)
			taken++;
	/* The two were not read in one moment. */
	return taken < n ? n - taken : 0;
}

/* ---- places of managed interrupts ---------------------------------------------------- */

/* Promised to this interrupt, or to its pool, and to be had? Else: why not. */
static int allowed(struct ferry *f, const struct ferry_irq *i, const struct ferry_want *want,
		   uint32_t cpu)
{
	ferry_atomic *members = share_of(f, i, cpu);

	if (cpu == want->exclude || ferry_cpu_state(f, cpu) != FERRY_CPU_ONLINE ||
	    !ferry_set_has(f, i->requested, cpu))
		return FERRY_E_NO_CPU;
	if (!ferry_x86_candidate(f, i, want, cpu))
		return ferry_set_has(f, i->cur, cpu) ? FERRY_E_NO_BOUND : FERRY_E_UNREACHABLE;
	if (members && (ferry_host_load(f->ctx, members) & POOL_USED))
		return FERRY_E_NO_SPACE;
	return FERRY_OK;
}

/* Fewest managed places in use; FERRY_NONE: nothing is allowed. */
static uint32_t least(struct ferry *f, const struct ferry_irq *i, const struct ferry_want *want)
{
	uint32_t best = FERRY_NONE, fewest = FERRY_NONE;

	FERRY_FOR_EACH_CPU(f, want->set, c) {
		uint32_t n = ferry_host_load(f->ctx, &f->x86->managed[c]);

		if (n < fewest && allowed(f, i, want, c) == FERRY_OK) {
			fewest = n;
			best = c;
		}
	}
	return best;
}

/* Take a promised place on `cpu`. Of a pool it is the one who sets POOL_USED. */
static int take(struct ferry *f, struct ferry_irq *i, const struct ferry_want *want, uint32_t cpu,
		struct ferry_place *p)
{
	int rc = allowed(f, i, want, cpu);
	ferry_atomic *members = share_of(f, i, cpu);

	if (rc != FERRY_OK)
		return rc;
	if (members && !want->dry && (ferry_host_or(f->ctx, members, POOL_USED) & POOL_USED))
		return FERRY_E_NO_SPACE;
	rc = ferry_x86_reserve(f, i, cpu, want->dry, PAID_BY_PROMISED, p);
	if (want->dry)
		return rc;
	if (rc == FERRY_OK)
		ferry_host_add(f->ctx, &f->x86->managed[cpu], 1);
	else if (members)
		ferry_host_and(f->ctx, members, ~POOL_USED);
	return rc;
}

static int plan(struct ferry *f, struct ferry_irq *i, const struct ferry_want *want,
		struct ferry_place *p)
{
	uint32_t cpu = want->set & FERRY_SET_MASK ? ferry_choose(f, i, want) : want->set;
	bool within = !(want->set & FERRY_SET_MASK) && ferry_set_has(f, i->requested, want->set);
	int rc = FERRY_E_NO_CPU;

	if (cpu == FERRY_NONE)
		cpu = least(f, i, want);
	if (cpu != FERRY_NONE && take(f, i, want, cpu, p) == FERRY_OK)
		return FERRY_OK;
	FERRY_FOR_EACH_CPU(f, want->set, c) {
		int why = take(f, i, want, c, p);

		if (why == FERRY_OK)
			return FERRY_OK;
		/* What is nearest to a yes. */
		if (why != FERRY_E_NO_CPU && rc != FERRY_E_NO_SPACE)
			rc = why;
	}
	if (!pool(f, i) || (want->set != i->requested && !within))
		return rc;
	/* A pool's second one on a CPU is like anybody, but for its mask. */
	return ferry_x86_plan_one(f, i, want, p);
}

static void back(struct ferry *f, const struct ferry_irq *i, uint32_t cpu)
{
	ferry_atomic *members = share_of(f, i, cpu);

	ferry_host_add(f->ctx, &f->x86->managed[cpu], 0u - 1u);
	if (members)
		ferry_host_and(f->ctx, members, ~POOL_USED);
}

const struct ferry_promises ferry_x86_promises = {
	.promise = promise,
	.give_up = give_up,
	.share = share,
	.pool = pool,
	.keep = keep,
	.unkeep = unkeep,
	.count = count,
	.carve = carve,
	.plan = plan,
	.back = back,
};
