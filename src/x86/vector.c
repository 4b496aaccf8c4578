/* SPDX-License-Identifier: MIT */
/*
 * Vectors: which slots a place gets, and who may clear them.
 *
 * A CPU's slots are its own: set under its V by anyone, cleared only by that CPU
 * with interrupts off, so nobody can clear a slot between a vector's delivery
 * and the look at the table. In the shared namespace the 256 slots belong to all:
 * a CPU then only gives up its bit in `owned`, and the last one clears the slot.
 *
 * Hints lead to the emptiest CPU, quickly where room.c is linked; "no space" is only said
 * after V of every candidate was taken.
 *
 * Locks: I, then V of one or two CPUs in ascending order.
 */
#include "x86/x86.h"

/* ---- rooms ----------------------------------------------------------------------- */

uint32_t ferry_x86_room(struct ferry *f, uint32_t cpu)
{
	if (ferry_cpu_state(f, cpu) != FERRY_CPU_ONLINE)
		return 0;
	return ferry_host_load(f->ctx, &f->x86->cpus[cpu].room);
}

void ferry_x86_publish(struct ferry *f, uint32_t cpu)
{
	if (f->x86->rooms)
		f->x86->rooms->publish(f, cpu);
}

void ferry_x86_change_room(struct ferry *f, uint32_t cpu, bool more)
{
	ferry_atomic *room = &f->x86->cpus[cpu].room;
	uint32_t n = ferry_host_load(f->ctx, room) + more;

	ferry_host_store(f->ctx, room, n - !more);
	if (f->x86->rooms)
		f->x86->rooms->changed(f, cpu, n, more);
}

bool ferry_x86_candidate(const struct ferry *f, const struct ferry_irq *i,
			 const struct ferry_want *want, uint32_t cpu)
{
	return ferry_x86_may_have(f, i, want, cpu);
}

/* The emptiest candidate, probably; FERRY_NONE if all look full. */
static uint32_t emptiest(struct ferry *f, const struct ferry_irq *i, const struct ferry_want *want)
{
	uint32_t best = FERRY_NONE, most = 0;

	if (f->x86->rooms)
		return f->x86->rooms->emptiest(f, i, want);
	FERRY_FOR_EACH_CPU(f, want->set, c) {
		uint32_t room = ferry_x86_room(f, c);

		if (room > most && ferry_x86_candidate(f, i, want, c)) {
			most = room;
			best = c;
		}
	}
	return best;
}

/* ---- slots, under V ---------------------------------------------------------------- */

bool ferry_x86_owns(struct ferry *f, uint32_t cpu, uint8_t vector)
{
	return ferry_host_load(f->ctx, &f->x86->cpus[cpu].owned[vector / 32]) >> (vector % 32) & 1;
}

void ferry_x86_own_slot(struct ferry *f, uint32_t cpu, uint8_t vector, bool own, uint32_t value)
{
	ferry_atomic *slot = ferry_x86_slot(f->x86, cpu, vector);
	uint32_t was = ferry_host_load(f->ctx, slot);

	ferry_bit(f, f->x86->cpus[cpu].owned, vector, own);
	if (value)
		ferry_host_store(f->ctx, slot, value);
	/* Whose place has been promised takes it out of that, and gives it back there. */
	if (FERRY_LIKELY(!((own ? value : was) & SLOT_PROMISED)))
		ferry_x86_change_room(f, cpu, !own);
	else if (!own)
		f->x86->promises->back(f, &f->irqs[was & SLOT_IRQ], cpu);
}

/* ---- reserving a place --------------------------------------------------------------- */

/* In ascending order. */
static void both(struct ferry *f, uint32_t a, uint32_t b,
		 void (*lock)(struct ferry *f, uint32_t cpu))
{
	lock(f, a < b ? a : b);
	if (FERRY_UNLIKELY(a != b && !f->one_lock))
		lock(f, a < b ? b : a);
}

/* One free vector, each time from the next class of 16 (SDM 3A 11.8.3: equal
 * classes don't interrupt one another, so one full class would be one queue): which `to`
 * does not own, nor `from`, nor anybody if it is to be its only one. */
static bool choose(struct ferry *f, const struct ferry_irq *i, uint32_t to, uint32_t from, bool dry,
		   uint8_t *vector)
{
	struct ferry_x86 *x = f->x86;
	bool once = ferry_x86_once(f, i);
	const ferry_atomic *mine = x->cpus[to].owned, *old = x->cpus[from].owned,
			   *others = once ? x->once : mine;
	uint32_t *next = &x->cpus[f->one_lock ? 0 : to].next, w = *next / 32;
	uint32_t bits = ~0u << (*next % 32);

	/* The first word once more at the end, for what lies before `next`. */
	for (uint32_t k = 0; k <= 8;) {
		bits &= x->usable[w] &
			~(ferry_host_load(f->ctx, &mine[w]) | ferry_host_load(f->ctx, &old[w]) |
			  ferry_host_load(f->ctx, &others[w]));
		*vector = (uint8_t)(w * 32 + (bits ? (uint32_t)__builtin_ctz(bits) : 0));
		if (!bits) {
			w = (w + 1) % 8;
			k++;
		} else if (dry || !once || !ferry_bit(f, x->once, *vector, true)) {
			if (!dry)
				*next = (*vector + 16u) & 0xf0;
			return true;
		} /* else: taken on another CPU meanwhile: look at the word again */
		bits = ~0u;
	}
	return false;
}

/* A source moved in two steps needs the new vector on the CPU it leaves too, as a transit
 * slot. Where it, or who must be the only one, can keep its vector, nothing else changes. */
int ferry_x86_reserve(struct ferry *f, struct ferry_irq *i, uint32_t to, bool dry,
		      enum ferry_x86_payer payer, struct ferry_place *p)
{
	uint32_t value = SLOT_LIVE | SLOT_USED | SLOT_SLOW | i->number, from = to;
	const struct ferry_x86_cpu *cpus = f->x86->cpus;
	bool ok, moves = i->cur != FERRY_SET_NONE;

	if (moves && ferry_x86_two_steps(i))
		from = i->cur;
	both(f, to, from, ferry_lock_cpu);
	p->cpus = to;
	p->vector = i->vector;
	p->transit = false;
	ok = ferry_cpu_state(f, to) == FERRY_CPU_ONLINE &&
	     (payer != PAID_BY_ROOM || ferry_host_load(f->ctx, &cpus[to].room));
	if (ok &&
	    !(moves && (from != to || ferry_x86_once(f, i)) && !ferry_x86_owns(f, to, i->vector))) {
		p->transit = from != to;
		ok = (!p->transit || ferry_host_load(f->ctx, &cpus[from].room)) &&
		     choose(f, i, to, from, dry, &p->vector);
	}
	if (ok && !dry) {
		ferry_x86_own_slot(f, to, p->vector, true,
				   payer == PAID_BY_ROOM ? value : value | SLOT_PROMISED);
		if (payer == PAID_BY_KEPT)
			ferry_host_store(f->ctx, ferry_x86_slot(f->x86, to, p->vector), value);
		if (p->transit)
			ferry_x86_own_slot(f, from, p->vector, true, value);
	}
	both(f, to, from, ferry_unlock_cpu);
	return ok ? FERRY_OK : FERRY_E_NO_SPACE;
}

/* ---- plan -------------------------------------------------------------------------------- */

static int attempt(struct ferry *f, struct ferry_irq *i, const struct ferry_want *want,
		   uint32_t cpu, struct ferry_place *p)
{
	if (cpu == want->exclude || ferry_cpu_state(f, cpu) != FERRY_CPU_ONLINE)
		return FERRY_E_NO_CPU;
	if (!ferry_x86_candidate(f, i, want, cpu))
		return ferry_set_has(f, i->cur, cpu) ? FERRY_E_NO_BOUND : FERRY_E_UNREACHABLE;
	if (FERRY_UNLIKELY(ferry_x86_logical(f, i)))
		return f->x86->several->plan(f, i, cpu, want, p);
	return ferry_x86_reserve(f, i, cpu, want->dry, want->promised ? PAID_BY_KEPT : PAID_BY_ROOM,
				 p);
}

int ferry_x86_plan_one(struct ferry *f, struct ferry_irq *i, const struct ferry_want *want,
		       struct ferry_place *p)
{
	uint32_t cpu = FERRY_NONE;
	int rc = FERRY_E_NO_CPU;

	if (want->set & FERRY_SET_MASK) {
		cpu = ferry_choose(f, i, want);
		if (cpu == FERRY_NONE)
			cpu = emptiest(f, i, want);
	}
	if (cpu != FERRY_NONE && attempt(f, i, want, cpu, p) == FERRY_OK)
		return FERRY_OK;
	/* Take V of every candidate before saying no. */
	FERRY_FOR_EACH_CPU(f, want->set, c) {
		int why = attempt(f, i, want, c, p);

		if (why == FERRY_OK)
			return why;
		if (rc == FERRY_E_NO_CPU || why == FERRY_E_NO_SPACE)
			rc = why;
	}
	return rc;
}

int ferry_x86_plan(struct ferry *f, struct ferry_irq *i, const struct ferry_want *want,
		   struct ferry_place *p)
{
	if (FERRY_UNLIKELY(ferry_x86_logical(f, i)) &&
	    f->x86->several->shrink(f, i, want, p) == FERRY_OK)
		return FERRY_OK;
	p->evidence = true;
	if (FERRY_UNLIKELY(i->flags & FERRY_F_MANAGED) && f->x86->promises)
		return f->x86->promises->plan(f, i, want, p);
	return ferry_x86_plan_one(f, i, want, p);
}

/* ---- giving back ---------------------------------------------------------------------------- */

bool ferry_x86_owes(struct ferry *f, const struct ferry_irq *i, uint32_t cpu)
{
	if (!ferry_set_has(f, i->old, cpu) ||
	    (i->old_vector == i->vector && ferry_set_has(f, i->cur, cpu)))
		return false;
	/* "Still owes" and "its slot names me" are one fact, not two: of several
	 * old CPUs one may have cleared its slot and given it to somebody else. */
	return ferry_x86_owns(f, cpu, i->old_vector) &&
	       (ferry_host_load(f->ctx, ferry_x86_slot(f->x86, cpu, i->old_vector)) &
		~(SLOT_PROMISED | SLOT_SLOW)) == (SLOT_LIVE | SLOT_USED | i->number);
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
	ferry_x86_own_slot(f, cpu, i->old_vector, false,
			   f->x86->stride || last ? SLOT_USED | irq : 0);
	if (transit)
		ferry_x86_own_slot(f, cpu, i->vector, false, SLOT_USED | irq);
	if (last && ferry_x86_once(f, i))
		ferry_bit(f, f->x86->once, i->old_vector, false);
	ferry_unlock_cpu(f, cpu);
	return rc | FERRY_RELEASED;
}
