/* SPDX-License-Identifier: MIT */
/*
 * Vectors: which slots a place gets, and who may clear them.
 *
 * A CPU's slots are its own: set under its V by anyone, cleared only by that CPU
 * with interrupts off, so nobody can clear a slot between a vector's delivery
 * and the look at the table. In the shared namespace the 256 slots belong to all:
 * a CPU then only gives up its bit in `owned`, and the last one clears the slot.
 *
 * Where is room? A count per CPU and an upper bound per 64 CPUs, both hints, lead
 * to the emptiest CPU without visiting the others; "no space" is only said after
 * V of every candidate was taken.
 *
 * Locks: I, then V of up to 2 * PLACE_CPUS CPUs in ascending order.
 */
#include "x86/x86.h"

#define BOUND_MASK 0xffu
#define BOUND_VERSION 0x100u

/* ---- room hints ----------------------------------------------------------------- */

/* Under V, after a count was raised to `now`. The version makes a scan that
 * began earlier fail to lower the bound, so it never ends up too low. */
static void raise_bound(struct ferry *f, uint32_t cpu, uint32_t now)
{
	ferry_atomic *bound = &f->x86->bounds[cpu / 64];

	if ((ferry_host_add(f->ctx, bound, BOUND_VERSION) & BOUND_MASK) < now)
		ferry_host_or(f->ctx, bound, BOUND_MASK);
}

uint32_t ferry_x86_room(struct ferry *f, uint32_t cpu)
{
	return ferry_host_load(f->ctx, &f->x86->room[cpu]);
}

FERRY_NOINLINE void ferry_x86_publish(struct ferry *f, uint32_t cpu)
{
	uint32_t n = ferry_cpu_state(f, cpu) == FERRY_CPU_ONLINE ? f->x86->cpus[cpu].nfree : 0;

	bool rose = n > ferry_x86_room(f, cpu);

	ferry_host_store(f->ctx, &f->x86->room[cpu], n);
	if (rose)
		raise_bound(f, cpu, n);
}

struct best {
	uint32_t cpu, room;
};

/* The highest count among the CPUs of `word`, a part of group g, goes to *best if
 * it is higher; stops at one that reaches `limit`. Returns the highest seen. */
static uint32_t scan_group(struct ferry *f, uint32_t g, uint64_t word, uint32_t limit,
			   struct best *best)
{
	uint32_t high = 0;

	for (; word && high < limit; word &= word - 1) {
		uint32_t cpu = g * 64 + (uint32_t)__builtin_ctzll(word), n = ferry_x86_room(f, cpu);

		if (n > high)
			high = n;
		if (n > best->room)
			*best = (struct best){ cpu, n };
	}
	return high;
}

/* Candidates of group g. */
static uint64_t candidates(const struct ferry *f, const struct ferry_irq *i,
			   const struct ferry_want *want, uint32_t g)
{
	uint64_t word = ferry_set_word(f, want->set, g);

	if (i->kind != FERRY_X86_REMAPPED)
		word &= f->x86->reach[g];
	/* Without a bound only an arrival at a new CPU ends the move. */
	if (i->cur != FERRY_SET_NONE && !ferry_has_bound(f, i))
		word &= ~ferry_set_word(f, i->cur, g);
	if (want->exclude / 64 == g)
		word &= ~(1ull << (want->exclude % 64));
	return word;
}

/* The emptiest candidate, probably; FERRY_NONE if all look full. */
static uint32_t emptiest(struct ferry *f, const struct ferry_irq *i, const struct ferry_want *want)
{
	struct best best = { FERRY_NONE, 0 };

	for (uint32_t g = 0; g < f->nwords; g++) {
		uint32_t bound = ferry_host_load(f->ctx, &f->x86->bounds[g]), high;
		uint64_t word;

		/* Most groups end here, once a good one was seen. */
		if ((bound & BOUND_MASK) <= best.room)
			continue;
		word = candidates(f, i, want, g);
		if (!word)
			continue;
		high = scan_group(f, g, word, bound & BOUND_MASK, &best);
		if (high < (bound & BOUND_MASK) && word == ferry_set_word(f, FERRY_SET_ALL, g))
			ferry_host_cas(f->ctx, &f->x86->bounds[g], bound,
				       (bound & ~BOUND_MASK) | high);
	}
	return best.cpu;
}

/* ---- slots, under V ---------------------------------------------------------------- */

static bool owns(struct ferry *f, uint32_t cpu, uint8_t vector)
{
	return ferry_host_load(f->ctx, &f->x86->cpus[cpu].owned[vector / 32]) >> (vector % 32) & 1;
}

/* The slot becomes, or stops to be, this CPU's: bitmap, counts, hints, table.
 * `value` is the table's new entry; 0 leaves it. */
static void own_slot(struct ferry *f, uint32_t cpu, uint8_t vector, bool own, uint32_t value)
{
	struct ferry_x86_cpu *c = &f->x86->cpus[cpu];

	ferry_bit(f, c->owned, vector, own);
	c->nfree += own ? 0u - 1u : 1;
	if (value)
		ferry_host_store(f->ctx, ferry_x86_slot(f->x86, cpu, vector), value);
	ferry_x86_publish(f, cpu);
}

/* ---- reserving a place --------------------------------------------------------------- */

/* A place about to be reserved on the CPUs `to`. A source moved in two steps
 * needs the new vector on the CPUs it leaves too, as a transit slot: `from`. */
struct attempt {
	ferry_set to, from;
	uint8_t vector;
	bool transit;
};

/* The lowest CPU >= c of both sets: the order in which V's are taken. */
static uint32_t next_cpu(const struct ferry *f, const struct attempt *a, uint32_t c)
{
	uint32_t to = ferry_set_next(f, a->to, c), from = ferry_set_next(f, a->from, c);

	return to < from ? to : from;
}

#define FOR_EACH_HELD(f, a, c) \
	for (uint32_t c = FERRY_NONE; (c = next_cpu(f, a, c + 1)) != FERRY_NONE;)

static void each_lock(struct ferry *f, const struct attempt *a,
		      void (*lock)(struct ferry *f, uint32_t cpu))
{
	FOR_EACH_HELD(f, a, c) {
		lock(f, c);
		if (f->one_lock)
			break;
	}
}

/* Is the current vector free, or ours already, on every CPU of the new place? */
static bool same_vector_free(struct ferry *f, const struct ferry_irq *i, ferry_set to)
{
	if (i->cur == FERRY_SET_NONE)
		return false;
	FERRY_FOR_EACH_CPU(f, to, c)
		if (!ferry_set_has(f, i->cur, c) && owns(f, c, i->vector))
			return false;
	return true;
}

/* Vectors of word w that the new place may have on all CPUs held. */
static uint32_t free_vectors(struct ferry *f, const struct ferry_irq *i, const struct attempt *a,
			     uint32_t w)
{
	struct ferry_x86 *x = f->x86;
	uint32_t bits = x->usable[w];

	if (ferry_x86_once(f, i))
		bits &= ~ferry_host_load(f->ctx, &x->once[w]);
	FOR_EACH_HELD(f, a, c)
		bits &= ~ferry_host_load(f->ctx, &x->cpus[c].owned[w]);
	return bits;
}

/* Free on the CPUs that are locked does not mean free on the others. */
static bool claim_once(struct ferry *f, const struct ferry_irq *i, uint8_t vector)
{
	return !ferry_x86_once(f, i) || !ferry_bit(f, f->x86->once, vector, true);
}

/* One free vector, each time from the next class of 16 (SDM 3A 11.8.3: equal
 * classes don't interrupt one another, so one full class would be one queue). */
static bool choose(struct ferry *f, const struct ferry_irq *i, struct attempt *a, bool dry)
{
	uint32_t *next = &f->x86->cpus[f->one_lock ? 0 : ferry_set_next(f, a->to, 0)].next;
	uint32_t from = *next;

	a->transit = false;
	a->vector = i->vector;
	if ((ferry_x86_two_steps(i) || ferry_x86_once(f, i)) && same_vector_free(f, i, a->to))
		return true;
	/* The first word once more at the end, for what lies before `from`. */
	for (uint32_t k = 0; k <= 8; k++) {
		uint32_t w = (from / 32 + k) % 8, bits = free_vectors(f, i, a, w);

		if (k == 0)
			bits &= ~0u << (from % 32);
		a->vector = (uint8_t)(w * 32 + (bits ? (uint32_t)__builtin_ctz(bits) : 0));
		if (!bits)
			continue;
		if (!dry && !claim_once(f, i, a->vector)) {
			k--; /* taken on another CPU meanwhile: look at the word again */
			continue;
		}
		if (!dry)
			*next = (a->vector + 16u) & 0xf0;
		a->transit = a->from != FERRY_SET_NONE && a->from != a->to;
		return true;
	}
	return false;
}

/* All V held: the slots become ours. */
static void install(struct ferry *f, const struct ferry_irq *i, const struct attempt *a)
{
	FOR_EACH_HELD(f, a, c) {
		if (owns(f, c, a->vector) || (!a->transit && !ferry_set_has(f, a->to, c)))
			continue;
		own_slot(f, c, a->vector, true, SLOT_LIVE | SLOT_USED | i->number);
	}
}

/* Reserve a vector on the CPUs `to`, if they all are online under their V. */
static int reserve(struct ferry *f, struct ferry_irq *i, ferry_set to, bool dry,
		   struct ferry_place *p)
{
	struct attempt a = { .to = to, .from = FERRY_SET_NONE };
	bool ok = true;

	if (ferry_x86_two_steps(i))
		a.from = i->cur;
	each_lock(f, &a, ferry_lock_cpu);
	FERRY_FOR_EACH_CPU(f, to, c)
		ok = ok && ferry_cpu_state(f, c) == FERRY_CPU_ONLINE;
	ok = ok && choose(f, i, &a, dry);
	if (ok && !dry)
		install(f, i, &a);
	each_lock(f, &a, ferry_unlock_cpu);
	p->cpus = to;
	p->vector = a.vector;
	p->transit = a.transit;
	return ok ? FERRY_OK : FERRY_E_NO_SPACE;
}

/* ---- places of several CPUs -------------------------------------------------------------- */

/* Intern the CPUs of `among`, less those of `not`, that are wanted and online, and,
 * where `base` is a CPU, that one message can address together with it (SDM 3A
 * 11.6.2.2, 11.12.10.2) and that have room. FERRY_SET_NONE if there is none. */
static ferry_set gather(struct ferry *f, ferry_set among, ferry_set not,
			const struct ferry_want *want, uint32_t base)
{
	const struct ferry_x86_cpu *cpus = f->x86->cpus;
	uint64_t mask[FERRY_CPUS_MAX / 64];
	uint32_t n = 0;
	ferry_set set;

	for (uint32_t w = 0; w < f->nwords; w++)
		mask[w] = 0;
	FERRY_FOR_EACH_CPU(f, among, c) {
		if (c == want->exclude || !ferry_set_has(f, want->set, c) ||
		    ferry_set_has(f, not, c) || ferry_cpu_state(f, c) != FERRY_CPU_ONLINE ||
		    n == PLACE_CPUS)
			continue;
		if (base != FERRY_NONE &&
		    (cpus[base].logical_id >> 16 != cpus[c].logical_id >> 16 ||
		     !ferry_x86_room(f, c)))
			continue;
		mask[c / 64] |= 1ull << (c % 64);
		n++;
	}
	return ferry_set_make(f, mask, &set) == FERRY_OK ? set : FERRY_SET_NONE;
}

static int reserve_several(struct ferry *f, struct ferry_irq *i, uint32_t base,
			   const struct ferry_want *want, struct ferry_place *p)
{
	/* Without a bound only an arrival at a new CPU ends the move. */
	ferry_set not = ferry_has_bound(f, i) ? FERRY_SET_NONE : i->cur;
	ferry_set set = gather(f, want->set, not, want, base);
	int rc = FERRY_E_NO_SPACE;

	if (set != FERRY_SET_NONE)
		rc = reserve(f, i, set, want->dry, p);
	if (rc != FERRY_OK || want->dry)
		ferry_set_put(f, set);
	return rc;
}

/* A set of several CPUs that loses some stays where it is otherwise: same
 * vector, one write of the destination, nothing to reserve. */
static int shrink(struct ferry *f, const struct ferry_irq *i, const struct ferry_want *want,
		  struct ferry_place *p)
{
	if (!(i->cur & FERRY_SET_MASK) || i->cur == FERRY_SET_NONE || !ferry_has_bound(f, i))
		return FERRY_E_NO_SPACE;
	p->cpus = gather(f, i->cur, FERRY_SET_NONE, want, FERRY_NONE);
	p->vector = i->vector;
	p->transit = false;
	p->evidence = false; /* an arrival at a CPU that stays proves nothing */
	if (p->cpus == FERRY_SET_NONE)
		return FERRY_E_NO_SPACE;
	if (want->dry)
		ferry_set_put(f, p->cpus);
	return FERRY_OK;
}

/* ---- plan -------------------------------------------------------------------------------- */

static bool candidate(const struct ferry *f, const struct ferry_irq *i,
		      const struct ferry_want *want, uint32_t cpu)
{
	return candidates(f, i, want, cpu / 64) >> (cpu % 64) & 1;
}

/* Take V of every candidate before saying no. */
static int exact_pass(struct ferry *f, struct ferry_irq *i, const struct ferry_want *want,
		      struct ferry_place *p)
{
	int rc = FERRY_E_NO_CPU;

	FERRY_FOR_EACH_CPU(f, want->set, c) {
		if (c == want->exclude || ferry_cpu_state(f, c) != FERRY_CPU_ONLINE)
			continue;
		if (candidate(f, i, want, c))
			rc = reserve(f, i, c, want->dry, p);
		else if (rc == FERRY_E_NO_CPU)
			rc = ferry_set_has(f, i->cur, c) ? FERRY_E_NO_BOUND : FERRY_E_UNREACHABLE;
		if (rc == FERRY_OK)
			return rc;
	}
	return rc;
}

int ferry_x86_plan(struct ferry *f, struct ferry_irq *i, const struct ferry_want *want,
		   struct ferry_place *p)
{
	uint32_t cpu = want->set;

	if (shrink(f, i, want, p) == FERRY_OK)
		return FERRY_OK;
	p->evidence = true;
	if (cpu & FERRY_SET_MASK)
		cpu = ferry_choose(f, i, want);
	if (cpu == FERRY_NONE)
		cpu = emptiest(f, i, want);
	if (cpu != FERRY_NONE && candidate(f, i, want, cpu) &&
	    ((ferry_x86_logical(f, i) && reserve_several(f, i, cpu, want, p) == FERRY_OK) ||
	     reserve(f, i, cpu, want->dry, p) == FERRY_OK))
		return FERRY_OK;
	return exact_pass(f, i, want, p);
}

/* ---- giving back ---------------------------------------------------------------------------- */

bool ferry_x86_owes(struct ferry *f, const struct ferry_irq *i, uint32_t cpu)
{
	if (!ferry_set_has(f, i->old, cpu) ||
	    (i->old_vector == i->vector && ferry_set_has(f, i->cur, cpu)))
		return false;
	/* "Still owes" and "its slot names me" are one fact, not two: of several
	 * old CPUs one may have cleared its slot and given it to somebody else. */
	return owns(f, cpu, i->old_vector) &&
	       ferry_host_load(f->ctx, ferry_x86_slot(f->x86, cpu, i->old_vector)) ==
		       (SLOT_LIVE | SLOT_USED | i->number);
}

int ferry_x86_release(struct ferry *f, struct ferry_irq *i, uint32_t cpu, bool force)
{
	bool transit = (i->flags & FERRY_F_TRANSIT) && !ferry_set_has(f, i->cur, cpu);
	/* With its last owner goes the vector. */
	bool last = i->debt == 1 && i->vector != i->old_vector;
	uint32_t irq = i->number;
	int rc = 0;

	if (ferry_host_irr(f->ctx, cpu, i->old_vector) ||
	    (transit && ferry_host_irr(f->ctx, cpu, i->vector)))
		rc = FERRY_WAS_PENDING;
	if (rc && !force)
		return rc;
	ferry_lock_cpu(f, cpu);
	own_slot(f, cpu, i->old_vector, false, f->x86->stride || last ? SLOT_USED | irq : 0);
	if (transit)
		own_slot(f, cpu, i->vector, false, SLOT_USED | irq);
	if (last && ferry_x86_once(f, i))
		ferry_bit(f, f->x86->once, i->old_vector, false);
	ferry_unlock_cpu(f, cpu);
	return rc | FERRY_RELEASED;
}
