/* SPDX-License-Identifier: MIT */
/*
 * Where is a free vector? Nobody visits the CPUs to find out.
 *
 * The room of 32 CPUs at a time, a *unit*, is held bit by bit: word k has bit k of each, in
 * Gray's code, where n and n - 1 differ in one bit: so a change of one is one addition to one
 * word. The emptiest CPU of a mask is found in eight steps: the CPUs that have the highest bit
 * stay, if there are any, and so on down.
 *
 * Above the units are bounds: no CPU of a unit has more, no unit of a *top* (8 units). Most
 * units are passed by. A bound may be too high, and is lowered by who finds that; who lowers one
 * looks again afterwards, and who makes room looks at the bounds afterwards: one of the two sees
 * the other. So no bound is too low but for a moment.
 *
 * All these are hints, read without a lock. Whether there is room is said under V alone.
 * Linked only if named in the configuration.
 */
#include "x86/x86.h"

/* Does not fit into a vector's number: "look yourself". */
#define UNKNOWN 0xffu

/* Unrolled but where size matters. */
#if defined(__OPTIMIZE__) && !defined(__OPTIMIZE_SIZE__)
#define UNROLLED _Pragma("GCC unroll 8")
#else
#define UNROLLED
#endif

/* In line in each of its two callers, where size does not matter. */
#if defined(__OPTIMIZE__) && !defined(__OPTIMIZE_SIZE__)
#define QUICK inline __attribute__((always_inline))
#else
#define QUICK
#endif

/* ---- bounds ------------------------------------------------------------------------ */

static inline void raise_one(struct ferry *f, ferry_atomic *bound, uint32_t room)
{
	uint32_t was = ferry_host_load(f->ctx, bound);

	if (FERRY_UNLIKELY(was < room) && !ferry_host_cas(f->ctx, bound, was, room))
		ferry_host_or(f->ctx, bound, UNKNOWN);
}

static inline void raise(struct ferry *f, uint32_t unit, uint32_t room)
{
	struct ferry_x86_unit *u = f->x86->units;

	raise_one(f, &u[unit].bound, room);
	raise_one(f, &u[unit / TOP_UNITS * TOP_UNITS].top, room);
}

/* The most that a CPU of `*cpus` has, if that is more than `floor`: then these CPUs are left in
 * *cpus. Otherwise `floor`. */
static inline uint32_t highest(struct ferry *f, const struct ferry_x86_unit *u, uint32_t *cpus,
			       uint32_t floor)
{
	uint32_t left = *cpus, value = 0, flip = 0;

	UNROLLED
	for (uint32_t k = SLICES; k-- > 0;) {
		uint32_t ones = left & (ferry_host_load(f->ctx, &u->slices[k]) ^ flip);

		flip = 0;
		if (ones) {
			left = ones;
			value += 1u << k;
			flip = ~0u;
		} else if (value + (1u << k) - 1 <= floor) {
			return floor;
		}
	}
	*cpus = left;
	return value;
}

/* The highest bound below the top that `unit` is below. */
static uint32_t highest_bound(struct ferry *f, uint32_t unit)
{
	uint32_t high = 0;

	unit = unit / TOP_UNITS * TOP_UNITS;
	for (uint32_t n = 0; n < TOP_UNITS && unit * UNIT < f->ncpus; n++, unit++) {
		uint32_t bound = ferry_host_load(f->ctx, &f->x86->units[unit].bound);

		high = bound > high ? bound : high;
	}
	return high;
}

/* Nobody of the unit had more than `room` when it was looked at. */
static FERRY_NOINLINE void lower(struct ferry *f, uint32_t unit, uint32_t bound, uint32_t room)
{
	struct ferry_x86_unit *u = &f->x86->units[unit];
	ferry_atomic *top = &f->x86->units[unit / TOP_UNITS * TOP_UNITS].top;
	uint32_t cpus;

	if (!ferry_host_cas(f->ctx, &u->bound, bound, room))
		return;
	cpus = ferry_host_load(f->ctx, &u->up);
	raise(f, unit, highest(f, u, &cpus, room));
	bound = ferry_host_load(f->ctx, top);
	room = highest_bound(f, unit);
	if (room < bound && ferry_host_cas(f->ctx, top, bound, room))
		raise_one(f, top, highest_bound(f, unit));
}

/* ---- changes, under V ------------------------------------------------------------------ */

static inline void changed(struct ferry *f, uint32_t cpu, uint32_t n, bool more)
{
	ferry_x86_flip(f->ctx, f->x86->units, cpu, n, more);
	if (more)
		raise(f, cpu / UNIT, n); /* afterwards: see lower() */
}

/* The room of a CPU that is not up is kept, and nobody looks at it. */
static void publish(struct ferry *f, uint32_t cpu)
{
	ferry_bit(f, &f->x86->units[cpu / UNIT].up, cpu % UNIT,
		  ferry_cpu_state(f, cpu) == FERRY_CPU_ONLINE);
	raise(f, cpu / UNIT, ferry_x86_room(f, cpu));
}

/* ---- the search --------------------------------------------------------------------------- */

struct search {
	const struct ferry_irq *i;
	const struct ferry_want *want;
	const uint64_t *words; /* of the mask; null: all */
	uint64_t used;         /* which of these are not 0 */
	bool reaches;          /* all CPUs */
	bool leaves;           /* CPUs of the current place are no candidates */
	bool special;          /* that, or one is excluded */
};

struct best {
	uint32_t cpu, room;
};

/* Of the CPUs `cpus` of a unit those that may be taken. */
static FERRY_NOINLINE uint32_t candidates(struct ferry *f, const struct search *s, uint32_t unit,
					  uint32_t cpus)
{
	if (s->want->exclude / UNIT == unit)
		cpus &= ~(1u << (s->want->exclude % UNIT));
	if (s->leaves)
		cpus &= ~(uint32_t)(ferry_set_word(f, s->i->cur, unit / 2) >> (unit % 2 * UNIT));
	return cpus;
}

static inline void look_at_unit(struct ferry *f, const struct search *s, uint32_t unit,
				uint32_t cpus, struct best *best)
{
	const struct ferry_x86_unit *u = &f->x86->units[unit];
	uint32_t bound = ferry_host_load(f->ctx, &u->bound), up, all, high;

	if (bound <= best->room || !cpus)
		return;
	up = ferry_host_load(f->ctx, &u->up);
	all = cpus &= s->reaches ? up : up & u->reach;
	if (FERRY_UNLIKELY(s->special))
		all = cpus = candidates(f, s, unit, cpus);
	high = highest(f, u, &cpus, best->room);
	if (high > best->room)
		*best = (struct best){ unit * UNIT + (uint32_t)__builtin_ctz(cpus), high };
	if (FERRY_UNLIKELY(high < bound) && all == up)
		lower(f, unit, bound, high);
}

/* The only one of a word: its room is asked for as it is. */
static inline void look_at_cpu(struct ferry *f, const struct search *s, uint32_t cpu,
			       struct best *best)
{
	uint32_t room = ferry_host_load(f->ctx, &f->x86->cpus[cpu].room);

	if (room > best->room && ferry_host_load(f->ctx, &f->cpus[cpu].state) == FERRY_CPU_ONLINE &&
	    ferry_x86_candidate(f, s->i, s->want, cpu))
		*best = (struct best){ cpu, room };
}

/* The lowest of those that have most, if that is more than `floor`; nobody has more than
 * `limit`. */
static inline uint32_t look(struct ferry *f, const struct search *s, uint32_t floor, uint32_t limit)
{
	struct best best = { FERRY_NONE, floor };
	uint64_t used = s->used;

	while (used && best.room < limit) {
		uint32_t w = (uint32_t)__builtin_ctzll(used), first = w / TOP_WORDS * TOP_WORDS;
		uint64_t word;

		used &= used - 1;
		if (ferry_host_load(f->ctx, &f->x86->units[first * 2].top) <= best.room) {
			used &= ~((uint64_t)TOP_MASK << first);
			continue;
		}
		word = s->words ? s->words[w] : ~0ull;
		if (!(word & (word - 1))) {
			look_at_cpu(f, s, w * 64 + (uint32_t)__builtin_ctzll(word), &best);
			continue;
		}
		look_at_unit(f, s, w * 2, (uint32_t)word, &best);
		look_at_unit(f, s, w * 2 + 1, (uint32_t)(word >> UNIT), &best);
	}
	return best.cpu;
}

/* No top allows more. */
static inline uint32_t limit_of(struct ferry *f)
{
	uint32_t limit = 0;

	for (uint32_t u = 0; u * UNIT < f->ncpus; u += TOP_UNITS) {
		uint32_t top = ferry_host_load(f->ctx, &f->x86->units[u].top);

		limit = top > limit ? top : limit;
	}
	return limit;
}

/* Of all CPUs there mostly is one that has as much as the bounds allow: that is looked for
 * first. */
static uint32_t emptiest(struct ferry *f, const struct ferry_irq *i, const struct ferry_want *want)
{
	struct search s = { .i = i, .want = want, .reaches = i->kind == FERRY_X86_REMAPPED };
	uint32_t limit, cpu;

	s.words = ferry_set_words(f, want->set, &s.used);
	s.leaves = FERRY_UNLIKELY(i->cur != FERRY_SET_NONE) && !ferry_has_bound(f, i);
	s.special = s.leaves || want->exclude != FERRY_NONE;
	if (!s.words) {
		limit = limit_of(f);
		cpu = limit ? look(f, &s, limit - 1, limit) : FERRY_NONE;
		if (FERRY_LIKELY(cpu != FERRY_NONE))
			return cpu;
	}
	return look(f, &s, 0, UNKNOWN);
}

/* ---- quickly ------------------------------------------------------------------------- */

/* One CPU whose vectors are its own: ferry_x86_reserve without what others need. */
static QUICK bool take(struct ferry *f, const struct ferry_irq *i, uint32_t cpu, bool dry,
		       enum ferry_x86_payer payer, struct ferry_place *p)
{
	struct ferry_x86_cpu *c = &f->x86->cpus[cpu];
	uint32_t bits = 0, w, n;

	ferry_lock_cpu(f, cpu);
	n = ferry_host_load(f->ctx, &c->room);
	if ((payer != PAID_BY_ROOM || n) &&
	    ferry_host_load(f->ctx, &f->cpus[cpu].state) == FERRY_CPU_ONLINE) {
		w = c->next / 32;
		bits = f->x86->usable[w] & ~ferry_host_load(f->ctx, &c->owned[w]) &
		       ~0u << (c->next % 32);
		for (uint32_t k = 0; FERRY_UNLIKELY(!bits) && k < 8; k++) {
			w = (w + 1) % 8;
			bits = f->x86->usable[w] & ~ferry_host_load(f->ctx, &c->owned[w]);
		}
	}
	if (bits) {
		p->vector = (uint8_t)(w * 32 + (uint32_t)__builtin_ctz(bits));
		p->cpus = cpu;
		p->transit = false;
	}
	if (bits && !dry) {
		c->next = (p->vector + 16u) & 0xf0;
		ferry_host_or(f->ctx, &c->owned[w], bits & (0u - bits));
		ferry_host_store(f->ctx, ferry_x86_slot(f->x86, cpu, p->vector),
				 SLOT_LIVE | SLOT_USED |
					 (payer == PAID_BY_PROMISED ? SLOT_PROMISED : 0) |
					 i->number);
		if (payer == PAID_BY_ROOM) {
			ferry_host_store(f->ctx, &c->room, n - 1);
			changed(f, cpu, n, false);
		}
	}
	ferry_unlock_cpu(f, cpu);
	return bits;
}

static int plan(struct ferry *f, struct ferry_irq *i, const struct ferry_want *want,
		struct ferry_place *p)
{
	uint32_t cpu = FERRY_NONE;

	p->evidence = true;
	if (!(want->set & FERRY_SET_MASK))
		cpu = want->set;
	else if (FERRY_UNLIKELY(i->flags & FERRY_F_POLICY))
		cpu = f->choose(f, i, want);
	/* The search looks at candidates only. */
	if (cpu == FERRY_NONE)
		cpu = emptiest(f, i, want);
	else if (!ferry_x86_candidate(f, i, want, cpu))
		cpu = FERRY_NONE;
	if (cpu != FERRY_NONE && take(f, i, cpu, want->dry, PAID_BY_ROOM, p))
		return FERRY_OK;
	return ferry_x86_plan_one(f, i, want, p);
}

static int reserve(struct ferry *f, struct ferry_irq *i, uint32_t to, bool dry,
		   enum ferry_x86_payer payer, struct ferry_place *p)
{
	return take(f, i, to, dry, payer, p) ? FERRY_OK : FERRY_E_NO_SPACE;
}

/* Of a slot of its own, no transit slot besides. */
static int release(struct ferry *f, struct ferry_irq *i, uint32_t cpu, bool force)
{
	struct ferry_x86_cpu *c = &f->x86->cpus[cpu];
	uint32_t vector = i->old_vector, was, n;
	int rc = FERRY_RELEASED;
	ferry_atomic *slot;

	if (FERRY_UNLIKELY(ferry_host_irr(f->ctx, cpu, (uint8_t)vector))) {
		if (!force)
			return FERRY_WAS_PENDING;
		rc |= FERRY_WAS_PENDING;
	}
	slot = ferry_x86_slot(f->x86, cpu, (uint8_t)vector);
	ferry_lock_cpu(f, cpu);
	was = ferry_host_load(f->ctx, slot);
	ferry_host_and(f->ctx, &c->owned[vector / 32], ~(1u << (vector % 32)));
	ferry_host_store(f->ctx, slot, SLOT_USED | i->number);
	if (FERRY_UNLIKELY(was & SLOT_PROMISED)) {
		f->x86->promises->back(f, i, cpu);
	} else {
		n = ferry_host_load(f->ctx, &c->room) + 1;
		ferry_host_store(f->ctx, &c->room, n);
		changed(f, cpu, n, true);
	}
	ferry_unlock_cpu(f, cpu);
	return rc;
}

/* Before anybody is up: every CPU has the same room, none of it known to the bounds. */
static void fill(struct ferry_x86 *x, uint32_t cpus)
{
	uint32_t gray = x->nusable ^ x->nusable >> 1;

	for (uint32_t cpu = 0; cpu < cpus; cpu++) {
		x->units[cpu / UNIT].reach = x->reach[cpu / UNIT];
		for (uint32_t k = 0; k < SLICES; k++)
			x->units[cpu / UNIT].slices[k].value |= (gray >> k & 1) << (cpu % UNIT);
	}
}

static void carve(struct ferry_x86 *x, const struct ferry_x86_config *c, struct ferry_carver *m)
{
	/* Two to a word of a mask. */
	x->units = ferry_carve(m, (c->core.cpus + 63) / 64 * 2, sizeof(*x->units));
}

const struct ferry_x86_rooms ferry_x86_rooms = {
	.carve = carve,
	.fill = fill,
	.changed = changed,
	.raise = raise,
	.publish = publish,
	.emptiest = emptiest,
	.plan = plan,
	.release = release,
	.reserve = reserve,
};
