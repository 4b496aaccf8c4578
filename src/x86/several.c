/* SPDX-License-Identifier: MIT */
/*
 * Places of several CPUs: logical destinations. Linked only if named in the configuration.
 * Sources that can have them take all their places here, of one CPU too.
 *
 * Locks: I, then V of up to 2 * PLACE_CPUS CPUs in ascending order.
 */
#include "x86/x86.h"

/* ---- reserving a place --------------------------------------------------------------- */

/* A place about to be reserved on the CPUs `to`. A source moved in two steps
 * needs the new vector on the CPUs it leaves too, as a transit slot: `from`. */
struct attempt {
	ferry_set to, from;
	uint8_t vector;
	bool transit;
	bool kept; /* the place on `to` has been paid for */
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

/* Has each CPU of `set` that is not in `not` room for one more? */
static bool affords(struct ferry *f, ferry_set set, ferry_set not )
{
	FERRY_FOR_EACH_CPU(f, set, c)
		if (!ferry_set_has(f, not, c) && !ferry_host_load(f->ctx, &f->x86->cpus[c].room))
			return false;
	return true;
}

/* Is the current vector free, or ours already, on every CPU of the new place? */
static bool same_vector_free(struct ferry *f, const struct ferry_irq *i, ferry_set to)
{
	if (i->cur == FERRY_SET_NONE)
		return false;
	FERRY_FOR_EACH_CPU(f, to, c)
		if (!ferry_set_has(f, i->cur, c) && ferry_x86_owns(f, c, i->vector))
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
static bool claim(struct ferry *f, const struct ferry_irq *i, uint8_t vector)
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
		return a->kept || affords(f, a->to, i->cur);
	a->transit = a->from != FERRY_SET_NONE && a->from != a->to;
	if ((!a->kept && !affords(f, a->to, FERRY_SET_NONE)) ||
	    (a->transit && !affords(f, a->from, a->to)))
		return false;
	/* The first word once more at the end, for what lies before `from`. */
	for (uint32_t k = 0; k <= 8; k++) {
		uint32_t w = (from / 32 + k) % 8, bits = free_vectors(f, i, a, w);

		if (k == 0)
			bits &= ~0u << (from % 32);
		a->vector = (uint8_t)(w * 32 + (bits ? (uint32_t)__builtin_ctz(bits) : 0));
		if (!bits)
			continue;
		if (!dry && !claim(f, i, a->vector)) {
			k--; /* taken on another CPU meanwhile: look at the word again */
			continue;
		}
		if (!dry)
			*next = (a->vector + 16u) & 0xf0;
		return true;
	}
	return false;
}

/* All V held: the slots become ours. */
static void install(struct ferry *f, const struct ferry_irq *i, const struct attempt *a)
{
	FOR_EACH_HELD(f, a, c) {
		bool to = ferry_set_has(f, a->to, c);

		if (ferry_x86_owns(f, c, a->vector) || (!a->transit && !to))
			continue;
		if (to && a->kept)
			ferry_x86_change_room(f, c, true);
		ferry_x86_own_slot(f, c, a->vector, true,
				   SLOT_LIVE | SLOT_USED | SLOT_SLOW | i->number);
	}
}

/* Reserve a vector on the CPUs `to`, if they all are online under their V. */
static int reserve(struct ferry *f, struct ferry_irq *i, ferry_set to, bool dry, bool kept,
		   struct ferry_place *p)
{
	struct attempt a = { .to = to, .from = FERRY_SET_NONE, .kept = kept };
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

/* ---- which CPUs -------------------------------------------------------------------------- */

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

static int plan(struct ferry *f, struct ferry_irq *i, uint32_t base, const struct ferry_want *want,
		struct ferry_place *p)
{
	/* Without a bound only an arrival at a new CPU ends the move. */
	ferry_set not = ferry_has_bound(f, i) ? FERRY_SET_NONE : i->cur;
	ferry_set set = want->promised ? FERRY_SET_NONE : gather(f, want->set, not, want, base);

	if (set != FERRY_SET_NONE && reserve(f, i, set, want->dry, false, p) == FERRY_OK) {
		if (want->dry)
			ferry_set_put(f, set);
		return FERRY_OK;
	}
	ferry_set_put(f, set);
	return reserve(f, i, base, want->dry, want->promised, p);
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

const struct ferry_x86_several ferry_x86_several = {
	.plan = plan,
	.shrink = shrink,
};
