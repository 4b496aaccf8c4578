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

/* What the loops below need, once: thousands of CPUs may follow. Without the shared namespace
 * each CPU has a V of its own. */
struct bases {
	struct ferry_cpu *cpus;
	struct ferry_x86_cpu *x86;
	struct ferry_x86_unit *units; /* or null */
	ferry_atomic *members;        /* or null */
};

static struct bases bases_of(struct ferry *f, const struct ferry_irq *i)
{
	return (struct bases){ f->cpus, f->x86->cpus, f->x86->rooms ? f->x86->units : NULL,
			       share_of(f, i, 0) };
}

/* One more promised on `cpu`, or to a pool: its first member there brings the promise. */
static inline bool promise_one(void *ctx, const struct bases *b, uint32_t cpu)
{
	ferry_atomic *room = &b->x86[cpu].room;
	uint32_t n;

	ferry_host_lock(ctx, &b->cpus[cpu].lock);
	n = ferry_host_load(ctx, room);
	if (FERRY_UNLIKELY(b->members) && ferry_host_load(ctx, &b->members[cpu])) {
		n = 1;
	} else if (n) {
		ferry_host_store(ctx, room, n - 1);
		if (b->units)
			ferry_x86_flip(ctx, b->units, cpu, n, false);
	}
	if (FERRY_UNLIKELY(b->members) && n)
		ferry_host_add(ctx, &b->members[cpu], 1);
	ferry_host_unlock(ctx, &b->cpus[cpu].lock);
	return n;
}

/* The last member takes it along. */
static inline void give_up_one(struct ferry *f, void *ctx, const struct bases *b, uint32_t cpu)
{
	ferry_atomic *room = &b->x86[cpu].room;
	uint32_t n;

	ferry_host_lock(ctx, &b->cpus[cpu].lock);
	if (!b->members || ferry_host_add(ctx, &b->members[cpu], 0u - 1u) == 1) {
		n = ferry_host_load(ctx, room) + 1;
		ferry_host_store(ctx, room, n);
		if (b->units) {
			uint32_t unit = cpu / UNIT;

			ferry_x86_flip(ctx, b->units, cpu, n, true);
			if (ferry_host_load(ctx, &b->units[unit].bound) < n ||
			    ferry_host_load(ctx, &b->units[unit / TOP_UNITS * TOP_UNITS].top) < n)
				f->x86->rooms->raise(f, unit, n);
		}
	}
	ferry_host_unlock(ctx, &b->cpus[cpu].lock);
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
	const struct bases b = bases_of(f, i);
	void *ctx = f->ctx;

	for (uint32_t w = 0; w * 64 < end; w++)
		for (uint64_t word = rest(f, set, not, w, end); word; word &= word - 1)
			give_up_one(f, ctx, &b, w * 64 + (uint32_t)__builtin_ctzll(word));
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
	const struct bases b = bases_of(f, i);
	void *ctx = f->ctx;

	if (!simple(f, i))
		return FERRY_E_INVALID;
	for (uint32_t w = 0; w < f->nwords; w++)
		for (uint64_t word = rest(f, set, not, w, f->ncpus); word; word &= word - 1) {
			uint32_t cpu = w * 64 + (uint32_t)__builtin_ctzll(word);

			if (FERRY_LIKELY(promise_one(ctx, &b, cpu)))
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

	for (uint32_t w = 0; w < f->nwords && fewest; w++)
		for (uint64_t word = ferry_set_word(f, want->set, w); word && fewest;
		     word &= word - 1) {
			uint32_t c = w * 64 + (uint32_t)__builtin_ctzll(word);
			uint32_t n = ferry_host_load(f->ctx, &f->x86->managed[c]);

			if (n < fewest && allowed(f, i, want, c) == FERRY_OK) {
				fewest = n;
				best = c;
			}
		}
	return best;
}

/* Take a promised place on `cpu`, where it is allowed. Of a pool it is the one who sets
 * POOL_USED. */
static int take(struct ferry *f, struct ferry_irq *i, const struct ferry_want *want, uint32_t cpu,
		struct ferry_place *p)
{
	ferry_atomic *members = share_of(f, i, cpu);
	int rc;

	if (members && !want->dry && (ferry_host_or(f->ctx, members, POOL_USED) & POOL_USED))
		return FERRY_E_NO_SPACE;
	rc = (f->x86->rooms ? f->x86->rooms->reserve : ferry_x86_reserve)(f, i, cpu, want->dry,
									  PAID_BY_PROMISED, p);
	if (want->dry)
		return rc;
	if (rc == FERRY_OK)
		ferry_host_add(f->ctx, &f->x86->managed[cpu], 1);
	else if (members)
		ferry_host_and(f->ctx, members, ~POOL_USED);
	return rc;
}

/* Each CPU of the mask, as long as none has a place. */
static int exact_pass(struct ferry *f, struct ferry_irq *i, const struct ferry_want *want,
		      struct ferry_place *p)
{
	int rc = FERRY_E_NO_CPU;

	FERRY_FOR_EACH_CPU(f, want->set, c) {
		int why = allowed(f, i, want, c);

		if (why == FERRY_OK)
			why = take(f, i, want, c, p);
		if (why == FERRY_OK)
			return why;
		/* What is nearest to a yes. */
		if (why != FERRY_E_NO_CPU && rc != FERRY_E_NO_SPACE)
			rc = why;
	}
	return rc;
}

static int plan(struct ferry *f, struct ferry_irq *i, const struct ferry_want *want,
		struct ferry_place *p)
{
	bool one = !(want->set & FERRY_SET_MASK);
	uint32_t cpu = one ? want->set : ferry_choose(f, i, want);
	int rc;

	if (cpu == FERRY_NONE)
		cpu = least(f, i, want);
	else if (allowed(f, i, want, cpu) != FERRY_OK)
		cpu = FERRY_NONE;
	if (cpu != FERRY_NONE && take(f, i, want, cpu, p) == FERRY_OK)
		return FERRY_OK;
	rc = exact_pass(f, i, want, p);
	/* A pool's second one on a CPU is like anybody, but for its mask. */
	if (rc != FERRY_OK && pool(f, i) &&
	    (want->set == i->requested || (one && ferry_set_has(f, i->requested, want->set))))
		rc = ferry_x86_plan_one(f, i, want, p);
	return rc;
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
