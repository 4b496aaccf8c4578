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

/* Under V. Counts of four CPUs share a word, so it is an addition, of a count
 * that stays within its byte. */
static void add_room(struct ferry *f, uint32_t cpu, uint32_t delta)
{
	ferry_host_add(f->ctx, &f->x86->room[cpu / 4], delta << (8 * (cpu % 4)));
}

/* Under V, after add_room raised a count to `now`. The version makes a scan that
 * began earlier fail to lower the bound, so it never ends up too low. */
static void raise_bound(struct ferry *f, uint32_t cpu, uint32_t now)
{
	ferry_atomic *bound = &f->x86->bounds[cpu / 64];

	if ((ferry_host_add(f->ctx, bound, BOUND_VERSION) & BOUND_MASK) < now)
		ferry_host_or(f->ctx, bound, BOUND_MASK);
}

static uint32_t room_of(struct ferry *f, uint32_t cpu)
{
	return ferry_host_load(f->ctx, &f->x86->room[cpu / 4]) >> (8 * (cpu % 4)) & 0xff;
}

void ferry_x86_publish(struct ferry *f, uint32_t cpu, bool online)
{
	uint32_t n = f->x86->cpus[cpu].nfree;

	add_room(f, cpu, online ? n : 0u - n);
	if (online)
		raise_bound(f, cpu, n);
}

uint32_t ferry_x86_room(struct ferry *f, uint32_t except)
{
	uint32_t sum = 0;

	for (uint32_t c = 0; c < f->ncpus; c++)
		if (c != except)
			sum += room_of(f, c);
	return sum;
}

struct best {
	uint32_t cpu, room;
};

/* The fullest count among the CPUs of `word`, a part of group g, goes to *best if
 * it is higher; stops at one that reaches `limit`. Returns the highest seen. */
static uint32_t scan_group(struct ferry *f, uint32_t g, uint64_t word, uint32_t limit,
			   struct best *best)
{
	uint32_t high = 0;

	while (word && high < limit) {
		uint32_t quad = (uint32_t)__builtin_ctzll(word) / 4;
		uint32_t four = (uint32_t)(word >> (4 * quad)) & 0xf;
		uint32_t counts = ferry_host_load(f->ctx, &f->x86->room[g * 16 + quad]);

		word &= ~(0xfull << (4 * quad));
		for (uint32_t k = 0; four; k++, four >>= 1) {
			uint32_t n = counts >> (8 * k) & 0xff;

			if (!(four & 1))
				continue;
			if (n > high)
				high = n;
			if (n > best->room)
				*best = (struct best){ g * 64 + quad * 4 + k, n };
		}
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
	if (want->exclude / 64 == g)
		word &= ~(1ull << (want->exclude % 64));
	return word;
}

/* The emptiest candidate, probably; FERRY_NONE if all look full. */
static uint32_t emptiest(struct ferry *f, const struct ferry_irq *i, const struct ferry_want *want)
{
	struct best best = { FERRY_NONE, 0 };

	for (uint32_t g = 0; g < f->nwords; g++) {
		uint64_t word = candidates(f, i, want, g);
		uint32_t bound, high;

		if (!word)
			continue;
		bound = ferry_host_load(f->ctx, &f->x86->bounds[g]);
		if ((bound & BOUND_MASK) <= best.room)
			continue;
		high = scan_group(f, g, word, bound & BOUND_MASK, &best);
		if (high < (bound & BOUND_MASK) && word == ferry_set_word(f, FERRY_SET_ALL, g))
			ferry_host_cas(f->ctx, &f->x86->bounds[g], bound,
				       (bound & ~BOUND_MASK) | high);
	}
	return best.cpu;
}

/* ---- slots, under V ---------------------------------------------------------------- */

static bool test_bit(const uint32_t *bits, uint32_t n)
{
	return bits[n / 32] >> (n % 32) & 1;
}

static void put_bit(uint32_t *bits, uint32_t n, bool on)
{
	bits[n / 32] = (bits[n / 32] & ~(1u << (n % 32))) | (uint32_t)on << (n % 32);
}

static void take_slot(struct ferry *f, uint32_t cpu, uint8_t vector, uint32_t irq)
{
	struct ferry_x86_cpu *c = &f->x86->cpus[cpu];

	put_bit(c->owned, vector, true);
	c->nfree--;
	if (ferry_cpu_state(f, cpu) == FERRY_CPU_ONLINE)
		add_room(f, cpu, 0u - 1u);
	ferry_host_store(f->ctx, ferry_x86_slot(f->x86, cpu, vector), SLOT_LIVE | SLOT_USED | irq);
}

static void give_slot(struct ferry *f, uint32_t cpu, uint8_t vector, uint32_t irq, bool clear)
{
	struct ferry_x86_cpu *c = &f->x86->cpus[cpu];

	put_bit(c->owned, vector, false);
	c->nfree++;
	if (clear)
		ferry_host_store(f->ctx, ferry_x86_slot(f->x86, cpu, vector), SLOT_USED | irq);
	if (ferry_cpu_state(f, cpu) == FERRY_CPU_ONLINE) {
		add_room(f, cpu, 1);
		raise_bound(f, cpu, c->nfree);
	}
}

/* ---- reserving a place --------------------------------------------------------------- */

/* A place about to be reserved: the CPUs it shall have, and all whose V is held
 * (these and, for sources moved in two steps, the CPUs being left). */
struct attempt {
	uint16_t to[PLACE_CPUS], held[2 * PLACE_CPUS];
	uint32_t nto, nheld;
	bool two_steps;
	uint8_t vector;
	bool transit;
};

static void hold(struct attempt *a, uint32_t cpu)
{
	uint32_t at = a->nheld;

	for (uint32_t k = 0; k < a->nheld; k++)
		if (a->held[k] == cpu)
			return;
	for (; at > 0 && a->held[at - 1] > cpu; at--)
		a->held[at] = a->held[at - 1];
	a->held[at] = (uint16_t)cpu;
	a->nheld++;
}

static void lock_held(struct ferry *f, const struct attempt *a)
{
	if (f->one_lock)
		ferry_host_lock(f->ctx, &f->cpus[0].lock);
	else
		for (uint32_t k = 0; k < a->nheld; k++)
			ferry_host_lock(f->ctx, &f->cpus[a->held[k]].lock);
}

static void unlock_held(struct ferry *f, const struct attempt *a)
{
	if (f->one_lock)
		ferry_host_unlock(f->ctx, &f->cpus[0].lock);
	else
		for (uint32_t k = a->nheld; k-- > 0;)
			ferry_host_unlock(f->ctx, &f->cpus[a->held[k]].lock);
}

/* Is the current vector free, or ours already, on every CPU of the attempt? */
static bool same_vector_free(const struct ferry *f, const struct ferry_irq *i,
			     const struct attempt *a)
{
	if (i->cur == FERRY_SET_NONE)
		return false;
	for (uint32_t k = 0; k < a->nto; k++)
		if (!ferry_set_has(f, i->cur, a->to[k]) &&
		    test_bit(f->x86->cpus[a->to[k]].owned, i->vector))
			return false;
	return true;
}

/* Vectors that a new place may have on all its CPUs (and as a transit slot). */
static void free_vectors(struct ferry *f, const struct ferry_irq *i, const struct attempt *a,
			 uint32_t *bits)
{
	struct ferry_x86 *x = f->x86;

	for (uint32_t w = 0; w < 8; w++) {
		bits[w] = x->usable[w];
		if (x->stride == 0)
			bits[w] &= ~x->shared[w];
		else if (i->kind == FERRY_X86_IOAPIC_LEVEL)
			bits[w] &= ~ferry_host_load(f->ctx, &x->level[w]);
		for (uint32_t k = 0; k < a->nto; k++)
			bits[w] &= ~x->cpus[a->to[k]].owned[w];
	}
	if (a->two_steps)
		FERRY_FOR_EACH_CPU(f, i->cur, c)
			for (uint32_t w = 0; w < 8; w++)
				bits[w] &= ~x->cpus[c].owned[w];
}

/* One of `bits`, classes of 16 in turn (SDM 3A 11.8.3: equal classes don't
 * interrupt one another, so one full class would be one queue). */
static bool pick_vector(struct ferry_x86_cpu *c, const uint32_t *bits, uint8_t *vector)
{
	for (uint32_t k = 0; k < 16; k++) {
		uint32_t class = (c->next_class + k) % 16;
		uint32_t sixteen = bits[class / 2] >> (16 * (class % 2)) & 0xffff;

		if (!sixteen)
			continue;
		*vector = (uint8_t)(class * 16 + (uint32_t)__builtin_ctz(sixteen));
		c->next_class = class + 1;
		return true;
	}
	return false;
}

/* All V held. */
static bool choose(struct ferry *f, const struct ferry_irq *i, struct attempt *a, bool dry)
{
	struct ferry_x86_cpu *first = &f->x86->cpus[f->one_lock ? 0 : a->to[0]];
	uint32_t bits[8], class = first->next_class;
	bool prefer_same = a->two_steps || i->kind == FERRY_X86_IOAPIC_LEVEL || f->one_lock;

	a->transit = false;
	if (prefer_same && same_vector_free(f, i, a)) {
		a->vector = i->vector;
		return true;
	}
	free_vectors(f, i, a, bits);
	if (!pick_vector(first, bits, &a->vector))
		return false;
	if (dry)
		first->next_class = class;
	a->transit = a->two_steps;
	return true;
}

/* All V held: the slots become ours. */
static void install(struct ferry *f, const struct ferry_irq *i, const struct attempt *a)
{
	struct ferry_x86 *x = f->x86;
	uint32_t irq = ferry_number(f, i);

	if (x->stride == 0)
		put_bit(x->shared, a->vector, true);
	else if (i->kind == FERRY_X86_IOAPIC_LEVEL)
		ferry_host_or(f->ctx, &x->level[a->vector / 32], 1u << (a->vector % 32));
	for (uint32_t k = 0; k < a->nto; k++)
		if (!test_bit(x->cpus[a->to[k]].owned, a->vector))
			take_slot(f, a->to[k], a->vector, irq);
	if (a->transit)
		FERRY_FOR_EACH_CPU(f, i->cur, c)
			if (!test_bit(x->cpus[c].owned, a->vector))
				take_slot(f, c, a->vector, irq);
}

/* Reserve a vector on the CPUs a->to, if they all are online under their V. */
static bool reserve(struct ferry *f, struct ferry_irq *i, struct attempt *a, bool dry)
{
	bool ok = true;

	a->nheld = 0;
	a->two_steps = ferry_x86_two_steps(i) && i->cur != FERRY_SET_NONE;
	for (uint32_t k = 0; k < a->nto; k++)
		hold(a, a->to[k]);
	if (a->two_steps)
		FERRY_FOR_EACH_CPU(f, i->cur, c)
			hold(a, c);
	lock_held(f, a);
	for (uint32_t k = 0; k < a->nto; k++)
		ok = ok && ferry_cpu_state(f, a->to[k]) == FERRY_CPU_ONLINE;
	ok = ok && choose(f, i, a, dry);
	if (ok && !dry)
		install(f, i, a);
	unlock_held(f, a);
	return ok;
}

static int reserve_one(struct ferry *f, struct ferry_irq *i, uint32_t cpu,
		       const struct ferry_want *want, struct ferry_place *p)
{
	struct attempt a = { .to = { (uint16_t)cpu }, .nto = 1 };

	if (!reserve(f, i, &a, want->dry))
		return FERRY_E_NO_SPACE;
	p->cpus = cpu;
	p->vector = a.vector;
	p->transit = a.transit;
	return FERRY_OK;
}

/* ---- places of several CPUs -------------------------------------------------------------- */

/* Can one message address both CPUs? (SDM 3A 11.6.2.2, 11.12.10.2) */
static bool same_cluster(const struct ferry *f, uint32_t a, uint32_t b)
{
	const struct ferry_x86_cpu *c = f->x86->cpus;

	if (f->x86->flags & FERRY_X86_LOGICAL_FLAT)
		return true;
	return c[a].logical_id >> 16 == c[b].logical_id >> 16;
}

/* An interned set of the CPUs of the attempt. */
static int intern(struct ferry *f, const struct attempt *a, ferry_set *set)
{
	uint64_t mask[FERRY_CPUS_MAX / 64];

	for (uint32_t w = 0; w < f->nwords; w++)
		mask[w] = 0;
	for (uint32_t k = 0; k < a->nto; k++)
		mask[a->to[k] / 64] |= 1ull << (a->to[k] % 64);
	return ferry_set_make(f, mask, set);
}

static int reserve_several(struct ferry *f, struct ferry_irq *i, uint32_t base,
			   const struct ferry_want *want, struct ferry_place *p)
{
	struct attempt a = { .nto = 0 };

	for (uint32_t c = ferry_set_next(f, want->set, 0); c != FERRY_NONE && a.nto < PLACE_CPUS;
	     c = ferry_set_next(f, want->set, c + 1))
		if (c != want->exclude && same_cluster(f, base, c) && room_of(f, c))
			a.to[a.nto++] = (uint16_t)c;
	if (a.nto < 2 || intern(f, &a, &p->cpus) != FERRY_OK)
		return FERRY_E_NO_SPACE;
	if (!reserve(f, i, &a, want->dry) || want->dry) {
		ferry_set_put(f, p->cpus);
		return want->dry ? FERRY_OK : FERRY_E_NO_SPACE;
	}
	p->vector = a.vector;
	p->transit = a.transit;
	return FERRY_OK;
}

/* A set of several CPUs that loses some stays where it is otherwise: same
 * vector, one write of the destination, nothing to reserve. */
static int shrink(struct ferry *f, const struct ferry_irq *i, const struct ferry_want *want,
		  struct ferry_place *p)
{
	struct attempt a = { .nto = 0 };

	if (i->cur == FERRY_SET_NONE || !(i->cur & FERRY_SET_MASK) || !ferry_has_bound(f, i))
		return FERRY_E_NO_SPACE;
	FERRY_FOR_EACH_CPU(f, i->cur, c)
		if (c != want->exclude && ferry_set_has(f, want->set, c) &&
		    (want->prefer == FERRY_NONE || want->prefer == c) &&
		    ferry_cpu_state(f, c) == FERRY_CPU_ONLINE)
			a.to[a.nto++] = (uint16_t)c;
	if (!a.nto || intern(f, &a, &p->cpus) != FERRY_OK)
		return FERRY_E_NO_SPACE;
	if (want->dry)
		ferry_set_put(f, p->cpus);
	p->vector = i->vector;
	p->transit = false;
	p->evidence = false; /* an arrival at a CPU that stays proves nothing */
	return FERRY_OK;
}

/* ---- plan -------------------------------------------------------------------------------- */

/* Take V of every candidate before saying no. */
static int exact_pass(struct ferry *f, struct ferry_irq *i, const struct ferry_want *want,
		      struct ferry_place *p)
{
	bool reachable = false;

	for (uint32_t g = 0; g < f->nwords; g++)
		for (uint64_t word = candidates(f, i, want, g); word; word &= word - 1) {
			uint32_t c = g * 64 + (uint32_t)__builtin_ctzll(word);

			if (ferry_cpu_state(f, c) != FERRY_CPU_ONLINE)
				continue;
			reachable = true;
			if (reserve_one(f, i, c, want, p) == FERRY_OK)
				return FERRY_OK;
		}
	return reachable ? FERRY_E_NO_SPACE : FERRY_E_UNREACHABLE;
}

static bool candidate(const struct ferry *f, const struct ferry_irq *i,
		      const struct ferry_want *want, uint32_t cpu)
{
	return cpu != FERRY_NONE && (candidates(f, i, want, cpu / 64) >> (cpu % 64) & 1);
}

int ferry_x86_plan(struct ferry *f, struct ferry_irq *i, const struct ferry_want *want,
		   struct ferry_place *p)
{
	uint32_t cpu = want->prefer;

	if (shrink(f, i, want, p) == FERRY_OK)
		return FERRY_OK;
	p->evidence = true;
	if (candidate(f, i, want, cpu) && reserve_one(f, i, cpu, want, p) == FERRY_OK)
		return FERRY_OK;
	cpu = emptiest(f, i, want);
	if (cpu != FERRY_NONE && ferry_x86_logical(f, i) && want->prefer == FERRY_NONE &&
	    reserve_several(f, i, cpu, want, p) == FERRY_OK)
		return FERRY_OK;
	if (cpu != FERRY_NONE && reserve_one(f, i, cpu, want, p) == FERRY_OK)
		return FERRY_OK;
	return exact_pass(f, i, want, p);
}

/* ---- giving back ---------------------------------------------------------------------------- */

bool ferry_x86_owes(struct ferry *f, const struct ferry_irq *i, uint32_t cpu)
{
	bool owned;

	if (!ferry_set_has(f, i->old, cpu) ||
	    (i->old_vector == i->vector && ferry_set_has(f, i->cur, cpu)))
		return false;
	/* "Still owes" and "its slot names me" are one fact, not two. */
	if (f->x86->stride)
		return ferry_host_load(f->ctx, ferry_x86_slot(f->x86, cpu, i->old_vector)) ==
		       (SLOT_LIVE | SLOT_USED | ferry_number(f, i));
	ferry_host_lock(f->ctx, ferry_cpu_lock(f, cpu));
	owned = test_bit(f->x86->cpus[cpu].owned, i->old_vector);
	ferry_host_unlock(f->ctx, ferry_cpu_lock(f, cpu));
	return owned;
}

/* The last owner of the old vector is about to go: so goes the vector. V held. */
static void last_of_vector(struct ferry *f, const struct ferry_irq *i)
{
	struct ferry_x86 *x = f->x86;

	if (x->stride == 0)
		put_bit(x->shared, i->old_vector, false);
	else if (i->kind == FERRY_X86_IOAPIC_LEVEL)
		ferry_host_and(f->ctx, &x->level[i->old_vector / 32], ~(1u << (i->old_vector % 32)));
}

int ferry_x86_release(struct ferry *f, struct ferry_irq *i, uint32_t cpu, bool force)
{
	bool transit = (i->flags & FERRY_F_TRANSIT) && !ferry_set_has(f, i->cur, cpu);
	bool last = i->debt == 1 && (i->cur == FERRY_SET_NONE || i->vector != i->old_vector);
	uint32_t irq = ferry_number(f, i);
	int rc = 0;

	if (ferry_host_irr(f->ctx, cpu, i->old_vector) ||
	    (transit && ferry_host_irr(f->ctx, cpu, i->vector)))
		rc = FERRY_WAS_PENDING;
	if (rc && !force)
		return rc;
	ferry_host_lock(f->ctx, ferry_cpu_lock(f, cpu));
	give_slot(f, cpu, i->old_vector, irq, f->x86->stride || last);
	if (transit)
		give_slot(f, cpu, i->vector, irq, true);
	if (last)
		last_of_vector(f, i);
	ferry_host_unlock(f->ctx, ferry_cpu_lock(f, cpu));
	return rc | FERRY_RELEASED;
}
