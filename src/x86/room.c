/* SPDX-License-Identifier: MIT */
/*
 * Where is a free vector? Nobody visits the CPUs to find out.
 *
 * The room of 64 CPUs at a time, a *unit*, is held bit by bit: slice k has bit k of each, in
 * Gray's code, where n and n - 1 differ in one bit: so a change of one is one addition to one
 * word. The emptiest CPU of a mask is found in eight steps: the CPUs that have the highest bit
 * stay, if there are any, and so on down.
 *
 * Above the units are bounds: no CPU of a unit has more, no unit of a *top* (8 units). Most
 * units are passed by. A bound may be too high, and is lowered by who finds that, mostly who
 * takes the last place that is as good; who lowers one looks again afterwards, and who makes
 * room looks at the bound afterwards: one of the two sees the other. So no bound is too low but
 * for a moment. Who raises a unit's bound then raises its top: who makes room and finds the
 * unit's bound high enough need not look further.
 *
 * All these are hints, read without a lock. Whether there is room is said under V alone.
 * Linked only if named in the configuration.
 */
#include "x86/x86.h"

/* Does not fit into a vector's number: "look yourself". */
#define UNKNOWN 0xffu

/* A small machine needs no bounds; a test that has no bigger one wants them. */
#ifdef FERRY_TEST_BOUNDS
#define ALWAYS_BOUNDS true
#else
#define ALWAYS_BOUNDS false
#endif

static inline uint64_t load_two(void *ctx, const ferry_atomic *cells)
{
#ifdef FERRY_HOST_LOAD_TWO
	return ferry_host_load_two(ctx, cells);
#else
	uint32_t low = ferry_host_load(ctx, &cells[0]);

	return (uint64_t)ferry_host_load(ctx, &cells[1]) << HALF | low;
#endif
}

/* ---- bounds ------------------------------------------------------------------------ */

static void raise_one(struct ferry *f, ferry_atomic *bound, uint32_t room)
{
	uint32_t was = ferry_host_load(f->ctx, bound);

	if (was < room && !ferry_host_cas(f->ctx, bound, was, room))
		ferry_host_or(f->ctx, bound, UNKNOWN);
}

static QUICK void raise(struct ferry *f, struct ferry_x86_unit *u, uint32_t room)
{
	raise_one(f, &u->bound, room);
	raise_one(f, &u->first->top, room);
}

/* The most that a CPU of `*cpus` has, if that is more than `floor`: then these CPUs are left in
 * *cpus. Otherwise `floor`. */
static QUICK uint32_t highest(struct ferry *f, const struct ferry_x86_unit *u, uint64_t *cpus,
			      uint32_t floor)
{
	uint64_t left = *cpus;
	uint32_t value = 0;
	bool flip = false;

	UNROLLED
	for (uint32_t k = SLICES; k-- > 0;) {
		uint64_t slice = load_two(f->ctx, u->slices[k]), ones;

		ones = flip ? left & ~slice : left & slice;
		flip = ones;
		if (ones) {
			left = ones;
			value += 1u << k;
		}
	}
	if (value <= floor)
		return floor;
	*cpus = left;
	return value;
}

/* The highest bound below the top whose first unit this is. */
static uint32_t highest_bound(struct ferry *f, const struct ferry_x86_unit *top)
{
	const struct ferry_x86_unit *end = &f->x86->units[f->nwords];
	uint32_t high = 0;

	for (uint32_t n = 0; n < TOP_UNITS && &top[n] < end; n++) {
		uint32_t bound = ferry_host_load(f->ctx, &top[n].bound);

		high = bound > high ? bound : high;
	}
	return high;
}

/* Nobody of the unit had more than `room` when it was looked at. */
static FERRY_NOINLINE void lower(struct ferry *f, struct ferry_x86_unit *u, uint32_t bound,
				 uint32_t room)
{
	struct ferry_x86_unit *first = u->first;
	uint32_t was = bound, top, high;

	/* Each time to less; mostly once. */
	for (; room < was && ferry_host_cas(f->ctx, &u->bound, was, room); room = high) {
		uint64_t cpus = load_two(f->ctx, u->up);

		was = room;
		high = highest(f, u, &cpus, 0);
		if (high > was)
			raise(f, u, high);
	}
	top = ferry_host_load(f->ctx, &first->top);
	if (top > bound)
		return;
	high = highest_bound(f, first);
	if (high < top && ferry_host_cas(f->ctx, &first->top, top, high))
		raise_one(f, &first->top, highest_bound(f, first));
}

/* ---- changes, under V ------------------------------------------------------------------ */

/* The room was n - 1 and is n (more), or the other way round. In Gray's code these differ in the
 * bit that is the lowest of n; the other CPUs' bits stay as they are. */
static QUICK void flip(void *ctx, const struct ferry_x86_cpu *c, uint32_t n, bool more)
{
	uint32_t k = (uint32_t)__builtin_ctz(n);
	uint32_t up = n >> k & 2, bit = c->bit;

	/* 0 becomes 1, or 1 becomes 0. */
	ferry_host_add(ctx, &c->column[k][0], more == !up ? bit : 0u - bit);
}

static void changed(struct ferry *f, uint32_t cpu, uint32_t n, bool more)
{
	struct ferry_x86_cpu *c = &f->x86->cpus[cpu];

	flip(f->ctx, c, n, more);
	/* Afterwards: see lower(). Who is not up has no part in the bounds: see publish(). */
	if (more && ferry_host_load(f->ctx, &c->unit->bound) < n)
		raise(f, c->unit, ferry_x86_room(f, cpu));
}

/* Each column by itself, all at once: where a number has its lowest bit that is 1, its
 * predecessor has the other bit in Gray's code; where it has its lowest 0, its successor. */
static void all_changed(struct ferry *f, uint32_t first, uint32_t cpus, bool more)
{
	struct ferry_x86_unit *u = &f->x86->units[first / UNIT];
	uint32_t half = first / HALF % 2, left = cpus, ones = more ? ~0u : 0;
	uint64_t wide = (uint64_t)cpus << (first % UNIT);

	/* Bit k of a number is the sum of those from k on in Gray's code. */
	UNROLLED
	for (uint32_t k = 0; k < SLICES; k++)
		ones ^= ferry_host_load(f->ctx, &u->slices[k][half]);
	for (uint32_t k = 0; left; k++) {
		uint32_t gray = ferry_host_load(f->ctx, &u->slices[k][half]), at = left & ones;

		if (at)
			ferry_host_add(f->ctx, &u->slices[k][half], at - 2 * (at & gray));
		left ^= at;
		ones ^= gray;
	}
	if (more) {
		uint32_t bound = ferry_host_load(f->ctx, &u->bound), high;

		wide &= load_two(f->ctx, u->up);
		high = highest(f, u, &wide, bound);
		if (high > bound)
			raise(f, u, high);
	}
}

/* The room of a CPU that is not up is kept, and nobody looks at it. */
static void publish(struct ferry *f, uint32_t cpu)
{
	struct ferry_x86_unit *u = f->x86->cpus[cpu].unit;

	ferry_bit(f, u->up, cpu % UNIT, ferry_cpu_state(f, cpu) == FERRY_CPU_ONLINE);
	raise(f, u, ferry_x86_room(f, cpu));
}

/* ---- the search --------------------------------------------------------------------------- */

struct search {
	const struct ferry_irq *i;
	const struct ferry_want *want;
	bool reaches; /* all CPUs */
	bool leaves;  /* CPUs of the current place are no candidates */
	bool special; /* that, or one is excluded */
};

struct best {
	uint32_t cpu, room;
	struct ferry_x86_unit
		*last; /* the only one of this unit that has as much; null: who knows */
};

/* Of the CPUs `cpus` of a unit those that may be taken. */
static FERRY_NOINLINE uint64_t candidates(struct ferry *f, const struct ferry_irq *i,
					  uint32_t exclude, bool leaves, uint32_t unit,
					  uint64_t cpus)
{
	if (exclude / UNIT == unit)
		cpus &= ~(1ull << (exclude % UNIT));
	if (leaves)
		cpus &= ~ferry_set_word(f, i->cur, unit);
	return cpus;
}

static QUICK uint64_t filter(struct ferry *f, const struct search *s, uint32_t unit, uint64_t cpus,
			     uint64_t up)
{
	cpus &= s->reaches ? up : up & f->x86->units[unit].reach;
	if (FERRY_UNLIKELY(s->special))
		cpus = candidates(f, s->i, s->want->exclude, s->leaves, unit, cpus);
	return cpus;
}

static QUICK void look_at_unit(struct ferry *f, const struct search *s, uint32_t unit,
			       uint64_t cpus, struct best *best)
{
	struct ferry_x86_unit *u = &f->x86->units[unit];
	uint32_t bound = ferry_host_load(f->ctx, &u->bound), high;
	uint64_t up, all;

	if (bound <= best->room)
		return;
	up = load_two(f->ctx, u->up);
	all = cpus = filter(f, s, unit, cpus, up);
	high = highest(f, u, &cpus, best->room);
	if (high > best->room)
		*best = (struct best){ unit * UNIT + (uint32_t)__builtin_ctzll(cpus), high,
				       cpus & (cpus - 1) ? NULL : u };
	if (FERRY_UNLIKELY(high < bound) && all == up)
		lower(f, u, bound, high);
}

/* There is one unit: its bound would spare nothing, and stays as it is. */
static QUICK struct best look_at_all(struct ferry *f, const struct search *s, uint64_t cpus)
{
	const struct ferry_x86_unit *u = &f->x86->units[0];
	uint32_t high;

	cpus = filter(f, s, 0, cpus, load_two(f->ctx, u->up));
	high = highest(f, u, &cpus, 0);
	return (struct best){ high ? (uint32_t)__builtin_ctzll(cpus) : FERRY_NONE, high, NULL };
}

/* The only one of a word: its room is asked for as it is. */
static QUICK void look_at_cpu(struct ferry *f, const struct search *s, uint32_t cpu,
			      struct best *best)
{
	uint32_t room = ferry_host_load(f->ctx, &f->x86->cpus[cpu].room);

	if (room > best->room && ferry_host_load(f->ctx, &f->cpus[cpu].state) == FERRY_CPU_ONLINE &&
	    ferry_x86_candidate(f, s->i, s->want, cpu))
		*best = (struct best){ cpu, room, NULL };
}

/* The lowest of those that have most, if that is more than `floor`, and the first that has
 * `limit`. Of `words`, null: all; those that are `used`. */
static QUICK struct best look(struct ferry *f, const struct search *s, const uint64_t *words,
			      uint64_t used, uint32_t floor, uint32_t limit)
{
	struct best best = { FERRY_NONE, floor, NULL };

	while (used) {
		uint32_t first = (uint32_t)__builtin_ctzll(used) / TOP_UNITS * TOP_UNITS;
		uint64_t below = used & (uint64_t)((1u << TOP_UNITS) - 1) << first;

		used ^= below;
		if (ferry_host_load(f->ctx, &f->x86->units[first].top) <= best.room)
			continue;
		do {
			uint32_t w = (uint32_t)__builtin_ctzll(below);
			uint64_t word = words ? words[w] : ~0ull;

			if (word & (word - 1))
				look_at_unit(f, s, w, word, &best);
			else
				look_at_cpu(f, s, w * UNIT + (uint32_t)__builtin_ctzll(word),
					    &best);
			if (limit != UNKNOWN && best.room >= limit)
				return best;
			below &= below - 1;
		} while (below);
	}
	return best;
}

/* No top allows more. */
static inline uint32_t limit_of(struct ferry *f)
{
	uint32_t limit = 0;

	for (uint32_t u = 0; u < f->nwords; u += TOP_UNITS) {
		uint32_t top = ferry_host_load(f->ctx, &f->x86->units[u].top);

		limit = top > limit ? top : limit;
	}
	return limit;
}

/* Of all CPUs there mostly is one that has as much as the bounds allow: that is looked for
 * first. */
static QUICK struct best find(struct ferry *f, const struct ferry_irq *i,
			      const struct ferry_want *want)
{
	struct search s = { .i = i, .want = want, .reaches = i->kind == FERRY_X86_REMAPPED };
	const uint64_t *words;
	struct best best;
	uint32_t limit;
	uint64_t used;

	words = ferry_set_words(f, want->set, &used);
	s.leaves = FERRY_UNLIKELY(i->cur != FERRY_SET_NONE) && !ferry_has_bound(f, i);
	s.special = s.leaves || want->exclude != FERRY_NONE;
	if (f->nwords == 1 && !ALWAYS_BOUNDS)
		return look_at_all(f, &s, words ? words[0] : ~0ull);
	if (words)
		return look(f, &s, words, used, 0, UNKNOWN);
	limit = limit_of(f);
	best = look(f, &s, NULL, used, limit ? limit - 1 : 0, limit);
	if (FERRY_LIKELY(best.cpu != FERRY_NONE))
		return best;
	return look(f, &s, NULL, used, 0, UNKNOWN);
}

static uint32_t emptiest(struct ferry *f, const struct ferry_irq *i, const struct ferry_want *want)
{
	return find(f, i, want).cpu;
}

/* ---- quickly ------------------------------------------------------------------------- */

/* One CPU whose vectors are its own: ferry_x86_reserve without what others need. */
static QUICK bool take(struct ferry *f, const struct ferry_irq *i, uint32_t cpu, bool dry,
		       enum ferry_x86_payer payer, struct ferry_place *p)
{
	struct ferry_x86_cpu *c = &f->x86->cpus[cpu];
	struct ferry_cpu *v = c->v;
	uint32_t bits = 0, w = 0, n, owned = 0;

	ferry_host_lock(f->ctx, &v->lock);
	n = ferry_host_load(f->ctx, &c->room);
	if ((payer != PAID_BY_ROOM || n) &&
	    ferry_host_load(f->ctx, &v->state) == FERRY_CPU_ONLINE) {
		w = c->next / 32;
		owned = ferry_host_load(f->ctx, &c->owned[w]);
		bits = f->x86->usable[w] & ~owned & ~0u << (c->next % 32);
		for (uint32_t k = 0; FERRY_UNLIKELY(!bits) && k < 8; k++) {
			w = (w + 1) % 8;
			owned = ferry_host_load(f->ctx, &c->owned[w]);
			bits = f->x86->usable[w] & ~owned;
		}
	}
	if (bits) {
		p->vector = (uint8_t)(w * 32 + (uint32_t)__builtin_ctz(bits));
		p->cpus = cpu;
		p->transit = false;
	}
	if (bits && !dry) {
		c->next = (p->vector + 16u) & 0xf0;
		ferry_host_store(f->ctx, &c->owned[w], owned | (bits & (0u - bits)));
		ferry_host_store(f->ctx, &c->slots[p->vector],
				 SLOT_LIVE | SLOT_USED |
					 (payer == PAID_BY_PROMISED ? SLOT_PROMISED : 0) |
					 i->number);
		if (payer == PAID_BY_ROOM) {
			ferry_host_store(f->ctx, &c->room, n - 1);
			flip(f->ctx, c, n, false);
		}
	}
	ferry_host_unlock(f->ctx, &v->lock);
	return bits;
}

/* Was it the last that had as much as the unit's bound allows? */
static FERRY_NOINLINE int taken_last(struct ferry *f, struct ferry_x86_unit *u, uint32_t bound)
{
	uint64_t cpus = load_two(f->ctx, u->up);
	uint32_t high = highest(f, u, &cpus, 0);

	if (high < bound)
		lower(f, u, bound, high);
	return FERRY_OK;
}

static FERRY_NOINLINE int plan_among(struct ferry *f, struct ferry_irq *i,
				     const struct ferry_want *want, struct ferry_place *p)
{
	/* The search looks at candidates only. */
	struct best best = find(f, i, want);

	if (best.cpu == FERRY_NONE || !take(f, i, best.cpu, want->dry, PAID_BY_ROOM, p))
		return ferry_x86_plan_one(f, i, want, p);
	if (best.last && ferry_host_load(f->ctx, &best.last->bound) == best.room)
		return taken_last(f, best.last, best.room);
	return FERRY_OK;
}

/* What one needs who wants one place on one CPU, any of its vectors, in one step. */
static int plan(struct ferry *f, struct ferry_irq *i, const struct ferry_want *want,
		struct ferry_place *p)
{
	uint32_t cpu = want->set;

	/* Only such kinds can be promised a place. */
	if ((i->flags & FERRY_F_MANAGED) && f->x86->promises) {
		p->evidence = true;
		return f->x86->promises->plan(f, i, want, p);
	}
	if (FERRY_UNLIKELY(i->flags & (FERRY_F_MANAGED | FERRY_F_SEVERAL)) ||
	    FERRY_UNLIKELY(want->promised) ||
	    FERRY_UNLIKELY(1u << i->kind & (1u << FERRY_X86_MSI | 1u << FERRY_X86_IOAPIC_EDGE |
					    1u << FERRY_X86_IOAPIC_LEVEL)))
		return ferry_x86_plan(f, i, want, p);
	p->evidence = true;
	if (cpu & FERRY_SET_MASK)
		cpu = ferry_choose(f, i, want);
	if (cpu == FERRY_NONE)
		return plan_among(f, i, want, p);
	if (ferry_x86_may_have(f, i, want, cpu) && take(f, i, cpu, want->dry, PAID_BY_ROOM, p))
		return FERRY_OK;
	return ferry_x86_plan_one(f, i, want, p);
}

static int reserve(struct ferry *f, struct ferry_irq *i, uint32_t to, bool dry,
		   enum ferry_x86_payer payer, struct ferry_place *p)
{
	return take(f, i, to, dry, payer, p) ? FERRY_OK : FERRY_E_NO_SPACE;
}

/* Under V, which is given back: it has come to have `n`, more than its unit's bound. Who is not up
 * has no part in the bounds: see publish(). */
static FERRY_NOINLINE int released_more(struct ferry *f, const struct ferry_x86_cpu *c, uint32_t n,
					int rc)
{
	if (ferry_host_load(f->ctx, &c->unit->up[c->column != c->unit->slices]) & c->bit)
		raise(f, c->unit, n);
	ferry_host_unlock(f->ctx, &c->v->lock);
	return rc;
}

static QUICK void clear(struct ferry *f, const struct ferry_irq *i, struct ferry_x86_cpu *c,
			size_t vector)
{
	ferry_atomic *owned = &c->owned[vector / 32];

	ferry_host_store(f->ctx, &c->slots[vector], SLOT_USED | i->number);
	ferry_host_store(f->ctx, owned, ferry_host_load(f->ctx, owned) & ~(1u << (vector % 32)));
}

static FERRY_NOINLINE int release_promised(struct ferry *f, struct ferry_irq *i, uint32_t cpu,
					   bool force)
{
	struct ferry_x86_cpu *c = &f->x86->cpus[cpu];
	bool pending = ferry_host_irr(f->ctx, cpu, i->old_vector);

	if (pending && !force)
		return FERRY_WAS_PENDING;
	ferry_host_lock(f->ctx, &c->v->lock);
	clear(f, i, c, i->old_vector);
	f->x86->promises->back(f, i, cpu);
	ferry_host_unlock(f->ctx, &c->v->lock);
	return FERRY_RELEASED | (pending ? FERRY_WAS_PENDING : 0);
}

/* Of a slot of its own, no transit slot besides. */
static int release(struct ferry *f, struct ferry_irq *i, uint32_t cpu, bool force)
{
	struct ferry_x86_cpu *c = &f->x86->cpus[cpu];
	size_t vector = i->old_vector;
	uint32_t slot = ferry_host_load(f->ctx, &c->slots[vector]), n;
	int rc = FERRY_RELEASED;

	if (FERRY_UNLIKELY(slot & (SLOT_PROMISED | SLOT_SLOW)))
		return slot & SLOT_SLOW ? ferry_x86_release(f, i, cpu, force) :
					  release_promised(f, i, cpu, force);
	if (FERRY_UNLIKELY(ferry_host_irr(f->ctx, cpu, (uint8_t)vector))) {
		if (!force)
			return FERRY_WAS_PENDING;
		rc |= FERRY_WAS_PENDING;
	}
	ferry_host_lock(f->ctx, &c->v->lock);
	clear(f, i, c, vector);
	n = ferry_host_load(f->ctx, &c->room) + 1;
	ferry_host_store(f->ctx, &c->room, n);
	flip(f->ctx, c, n, true);
	/* Afterwards: see lower(). */
	if (FERRY_UNLIKELY(ferry_host_load(f->ctx, &c->unit->bound) < n))
		return released_more(f, c, n, rc);
	ferry_host_unlock(f->ctx, &c->v->lock);
	return rc;
}

/* Before anybody is up: every CPU has the same room, none of it known to the bounds. */
static void fill(struct ferry *f)
{
	struct ferry_x86 *x = f->x86;
	uint32_t gray = x->nusable ^ x->nusable >> 1;

	for (uint32_t cpu = 0; cpu < f->ncpus; cpu++) {
		struct ferry_x86_unit *u = &x->units[cpu / UNIT];
		struct ferry_x86_cpu *c = &x->cpus[cpu];
		uint32_t half = cpu / HALF % 2;

		c->v = &f->cpus[cpu];
		c->unit = u;
		u->first = &x->units[cpu / UNIT / TOP_UNITS * TOP_UNITS];
		c->column = (ferry_atomic(*)[2])(void *)&u->slices[0][half];
		c->bit = 1u << (cpu % HALF);
		u->reach |= (uint64_t)(x->reach[cpu / 32] >> (cpu % 32) & 1) << (cpu % UNIT);
		for (uint32_t k = 0; k < SLICES; k++)
			u->slices[k][half].value |= (gray >> k & 1) << (cpu % HALF);
	}
}

static void carve(struct ferry_x86 *x, const struct ferry_x86_config *c, struct ferry_carver *m)
{
	x->units = ferry_carve(m, (c->core.cpus + UNIT - 1) / UNIT, sizeof(*x->units));
}

const struct ferry_x86_rooms ferry_x86_rooms = {
	.carve = carve,
	.fill = fill,
	.changed = changed,
	.all_changed = all_changed,
	.publish = publish,
	.emptiest = emptiest,
	.plan = plan,
	.release = release,
	.reserve = reserve,
};
