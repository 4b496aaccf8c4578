/* SPDX-License-Identifier: MIT */
/*
 * Places promised to managed interrupts. Vectors of a CPU are alike, so a promise names none: it
 * takes one off the CPU's room. What is free, less its room, is promised; no one else can have
 * it. A managed interrupt takes its place out of that, and gives it back there: the room is the
 * same all the time.
 *
 * Linked only if named in the configuration. Locks: V, of up to 32 CPUs in ascending order.
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

/* Thousands of CPUs may follow: so HALF of them at a time, all locked, and their rooms change in
 * one piece. Without the shared namespace each CPU has a V of its own. */
struct group {
	uint32_t first, cpus;
	ferry_atomic *members; /* of the pool on the first; or null */
};

static bool one_more(struct ferry *f, const struct group *g, uint32_t n, uint32_t *taken)
{
	ferry_atomic *room = &f->x86->cpus[g->first + n].room;
	uint32_t left = ferry_host_load(f->ctx, room);

	/* The first member of a pool brings the promise. */
	if (FERRY_UNLIKELY(g->members) && ferry_host_load(f->ctx, &g->members[n])) {
		ferry_host_add(f->ctx, &g->members[n], 1);
		return true;
	}
	if (FERRY_UNLIKELY(!left))
		return false;
	ferry_host_store(f->ctx, room, left - 1);
	if (FERRY_UNLIKELY(g->members))
		ferry_host_add(f->ctx, &g->members[n], 1);
	*taken |= 1u << n;
	return true;
}

static void one_less(struct ferry *f, const struct group *g, uint32_t n, uint32_t *given)
{
	ferry_atomic *room = &f->x86->cpus[g->first + n].room;

	/* The last member takes it along. */
	if (FERRY_UNLIKELY(g->members) && ferry_host_add(f->ctx, &g->members[n], 0u - 1u) != 1)
		return;
	ferry_host_store(f->ctx, room, ferry_host_load(f->ctx, room) + 1);
	*given |= 1u << n;
}

static void unlock(struct ferry *f, const struct group *g, uint32_t cpus)
{
	for (; cpus; cpus &= cpus - 1)
		ferry_host_unlock(f->ctx, &f->cpus[g->first + (uint32_t)__builtin_ctz(cpus)].lock);
}

/* V of all is held. */
static QUICK void tell(struct ferry *f, const struct group *g, uint32_t cpus, bool more)
{
	if (cpus && f->x86->rooms)
		f->x86->rooms->all_changed(f, g->first, cpus, more);
}

/* It is locked, and could not; nobody has been told of those before it. */
static FERRY_NOINLINE void undo(struct ferry *f, const struct group *g, uint32_t refused)
{
	uint32_t before = g->cpus & ((1u << refused) - 1), given = 0;

	for (uint32_t left = before; left; left &= left - 1)
		one_less(f, g, (uint32_t)__builtin_ctz(left), &given);
	unlock(f, g, before | 1u << refused);
}

/* The CPUs are the first 8, 16, 24 or all of the group: how many. 0: they are others, or there is a
 * pool. */
static uint32_t in_eights(const struct group *g)
{
	uint32_t n = g->cpus == ~0u ? HALF : (uint32_t)__builtin_ctz(~g->cpus);

	return n % 8 || g->members || (n < HALF && g->cpus >> n) ? 0 : n;
}

/* How many of 8 could: they are locked, and the next one, if it could not. */
static QUICK uint32_t take_eight(void *ctx, struct ferry_cpu *v, struct ferry_x86_cpu *c)
{
	UNROLLED
	for (uint32_t n = 0; n < 8; n++) {
		uint32_t left;

		ferry_host_lock(ctx, &v[n].lock);
		left = ferry_host_load(ctx, &c[n].room);
		if (FERRY_UNLIKELY(__builtin_sub_overflow(left, 1u, &left)))
			return n;
		ferry_host_store(ctx, &c[n].room, left);
	}
	return 8;
}

static QUICK void give_eight(void *ctx, struct ferry_cpu *v, struct ferry_x86_cpu *c)
{
	UNROLLED
	for (uint32_t n = 0; n < 8; n++) {
		ferry_host_lock(ctx, &v[n].lock);
		ferry_host_store(ctx, &c[n].room, ferry_host_load(ctx, &c[n].room) + 1);
	}
}

/* Apart: who remembers where the locks are has to keep that somewhere. */
static FERRY_NOINLINE void unlock_eights(struct ferry *f, uint32_t first, uint32_t count)
{
	struct ferry_cpu *v = &f->cpus[first], *end = v + count;
	void *ctx = f->ctx;

	for (; v < end; v += 8) {
		UNROLLED
		for (uint32_t n = 0; n < 8; n++)
			ferry_host_unlock(ctx, &v[n].lock);
	}
}

static QUICK bool promise_eights(struct ferry *f, const struct group *g, uint32_t count)
{
	struct ferry_x86_cpu *c = &f->x86->cpus[g->first], *end = c + count;
	struct ferry_cpu *v = &f->cpus[g->first];

	for (; c < end; c += 8, v += 8) {
		uint32_t n = take_eight(f->ctx, v, c);

		if (FERRY_UNLIKELY(n < 8)) {
			undo(f, g, count - (uint32_t)(end - c) + n);
			return false;
		}
	}
	tell(f, g, g->cpus, false);
	unlock_eights(f, g->first, count);
	return true;
}

static QUICK void give_up_eights(struct ferry *f, const struct group *g, uint32_t count)
{
	struct ferry_x86_cpu *c = &f->x86->cpus[g->first], *end = c + count;
	struct ferry_cpu *v = &f->cpus[g->first];

	for (; c < end; c += 8, v += 8)
		give_eight(f->ctx, v, c);
	tell(f, g, g->cpus, true);
	unlock_eights(f, g->first, count);
}

/* For all of the group, or for none. */
static QUICK bool promise_group(struct ferry *f, const struct group *g)
{
	uint32_t taken = 0, count = in_eights(g);

	if (count)
		return promise_eights(f, g, count);
	for (uint32_t left = g->cpus; left; left &= left - 1) {
		uint32_t n = (uint32_t)__builtin_ctz(left);

		ferry_host_lock(f->ctx, &f->cpus[g->first + n].lock);
		if (FERRY_UNLIKELY(!one_more(f, g, n, &taken))) {
			undo(f, g, n);
			return false;
		}
	}
	tell(f, g, taken, false);
	unlock(f, g, g->cpus);
	return true;
}

static QUICK void give_up_group(struct ferry *f, const struct group *g)
{
	uint32_t given = 0, count = in_eights(g);

	if (count) {
		give_up_eights(f, g, count);
		return;
	}
	for (uint32_t left = g->cpus; left; left &= left - 1) {
		uint32_t n = (uint32_t)__builtin_ctz(left);

		ferry_host_lock(f->ctx, &f->cpus[g->first + n].lock);
		one_less(f, g, n, &given);
	}
	tell(f, g, given, true);
	unlock(f, g, g->cpus);
}

/* The CPUs of `set` that are not in `not`, group by group: false at the end. */
struct walk {
	struct group g;
	ferry_atomic *members; /* of the pool on CPU 0; or null */
	uint32_t end;
	ferry_set set, not ;
};

static QUICK struct walk walk_of(struct ferry *f, const struct ferry_irq *i, ferry_set set,
				 ferry_set not, uint32_t end)
{
	struct walk w = { { 0u - HALF, 0, NULL }, share_of(f, i, 0), end, set, not };

	return w;
}

static QUICK bool next_group(struct ferry *f, struct walk *w)
{
	uint32_t first = w->g.first += HALF;
	uint64_t word;

	if (first >= w->end)
		return false;
	word = ferry_set_word(f, w->set, first / 64);
	if (w->not != FERRY_SET_NONE)
		word &= ~ferry_set_word(f, w->not, first / 64);
	w->g.cpus = (uint32_t)(word >> (first % 64));
	w->g.members = w->members ? &w->members[first] : NULL;
	return true;
}

static FERRY_NOINLINE void give_up_below(struct ferry *f, const struct ferry_irq *i, ferry_set set,
					 ferry_set not, uint32_t end)
{
	struct walk w = walk_of(f, i, set, not, end);

	while (next_group(f, &w))
		give_up_group(f, &w.g);
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
	struct walk w = walk_of(f, i, set, not, f->ncpus);

	if (!simple(f, i))
		return FERRY_E_INVALID;
	while (next_group(f, &w))
		if (FERRY_UNLIKELY(!promise_group(f, &w.g))) {
			give_up_below(f, i, set, not, w.g.first);
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
