/* SPDX-License-Identifier: MIT */
/*
 * Interrupts are matched with places by augmenting paths of least cost: an interrupt without a
 * place takes one on a full CPU, whose interrupt takes one elsewhere, and so on to a CPU that has
 * room. The cost of a path is how many affinities it breaks, less those it mends. Each path
 * taken is one of least cost, so the matching is, at each size, one that breaks fewest (the
 * successive shortest path method; Ahuja, Magnanti, Orlin: Network Flows, 9.7). What has no
 * path at the end could not be placed by any other choice either, but at the cost of another.
 *
 * No lock is held while it thinks: room and masks are a snapshot. Linked only if used.
 */
#include "core/match.h"

#define FAR INT16_MAX

bool ferry_match_outside(const struct ferry_match *m, const struct ferry_leaver *r, uint32_t cpu)
{
	return cpu == m->f->ncpus || !ferry_set_has(m->f, r->set, cpu);
}

bool ferry_match_reaches(struct ferry_match *m, struct ferry_leaver *r, uint32_t cpu)
{
	struct ferry_want want = { .set = cpu, .exclude = m->cpu, .dry = true };
	struct ferry_irq *i = &m->f->irqs[r->irq];
	uint8_t bit = (uint8_t)(1u << (r->kind & 7));
	struct ferry_place place;
	uintptr_t flags;
	int rc = FERRY_E_STATE;

	if (m->known[cpu] & bit)
		return m->reach[cpu] & bit;
	flags = ferry_enter(m->f, i);
	/* It may be another one by now. */
	if (i->kind == r->kind && ferry_set_has(m->f, i->cur, m->cpu))
		rc = m->f->backend->plan(m->f, i, &want, &place);
	else
		r->flags |= FERRY_L_ABSENT;
	ferry_leave(m->f, i, flags);
	if (rc == FERRY_OK || rc == FERRY_E_NO_SPACE)
		m->reach[cpu] |= bit;
	if (rc == FERRY_E_UNREACHABLE || (m->reach[cpu] & bit))
		m->known[cpu] |= bit;
	return m->reach[cpu] & bit;
}

static bool is_searching(const struct ferry_match *m, const struct ferry_leaver *r)
{
	return (r->flags & FERRY_L_CHOOSY) == m->choosy;
}

/* ---- without a search: a CPU that has room ------------------------------------------ */

/* The emptiest CPU of the set, as the back end would choose. */
static void place(struct ferry_match *m, struct ferry_leaver *r, ferry_set set)
{
	uint32_t best = 0;

	FERRY_FOR_EACH_CPU(m->f, set, c)
		if (m->left[c] > best && ferry_match_reaches(m, r, c)) {
			best = m->left[c];
			r->cpu = (uint16_t)c;
		}
	if (best)
		m->left[r->cpu]--;
}

static void place_all(struct ferry_match *m, bool anywhere)
{
	for (uint32_t n = 0; n < m->count; n++) {
		struct ferry_leaver *r = &m->rows[n];

		if (!is_searching(m, r) || r->cpu != FERRY_NOWHERE)
			continue;
		if (!anywhere)
			place(m, r, r->set);
		else if (r->flags & FERRY_L_SHRINKS)
			r->cpu = (uint16_t)m->f->ncpus;
		else if (!(r->flags & FERRY_L_INSIDE))
			place(m, r, FERRY_SET_ALL);
	}
}

/* ---- a search ------------------------------------------------------------------------- */

struct search {
	struct ferry_match *m;
	bool anywhere;
	uint32_t head, length; /* of the queue */
	uint32_t end;          /* the best CPU with room so far, or FERRY_NONE */
};

static void reach_row(struct search *s, uint32_t n, int dist)
{
	struct ferry_leaver *r = &s->m->rows[n];

	r->dist = (int16_t)dist;
	if (r->flags & FERRY_L_QUEUED)
		return;
	r->flags |= FERRY_L_QUEUED;
	s->m->queue[(s->head + s->length++) % s->m->count] = (uint16_t)n;
}

/* Row n could have a place on this CPU, if there is one, or if another gives it up. */
static void reach_cpu(struct search *s, uint32_t n, uint32_t cpu)
{
	struct ferry_match *m = s->m;
	struct ferry_leaver *r = &m->rows[n];
	int dist = r->dist + ferry_match_outside(m, r, cpu);

	if (dist >= m->dist[cpu] || !m->room[cpu])
		return;
	if (cpu < m->f->ncpus && !ferry_match_reaches(m, r, cpu))
		return;
	m->dist[cpu] = (int16_t)dist;
	m->via[cpu] = (uint16_t)n;
	if (m->left[cpu]) {
		if (s->end == FERRY_NONE || dist < m->dist[s->end])
			s->end = cpu;
		return;
	}
	for (uint32_t o = 0; o < m->count; o++) {
		struct ferry_leaver *other = &m->rows[o];
		int back = dist - ferry_match_outside(m, other, cpu);

		if (other->cpu == cpu && is_searching(m, other) && back < other->dist)
			reach_row(s, o, back);
	}
}

static void begin(struct search *s)
{
	struct ferry_match *m = s->m;

	for (uint32_t c = 0; c <= m->f->ncpus; c++)
		m->dist[c] = FAR;
	for (uint32_t n = 0; n < m->count; n++) {
		struct ferry_leaver *r = &m->rows[n];

		r->dist = FAR;
		if (r->cpu == FERRY_NOWHERE && is_searching(m, r))
			reach_row(s, n, 0);
	}
}

/* Label correcting: a distance only falls, and stays between -count and count + 1, which bounds
 * the rounds. There is no cycle of negative cost, or the matching would not break fewest. */
static void spread(struct search *s)
{
	struct ferry_match *m = s->m;

	while (s->length) {
		uint32_t n = m->queue[s->head];
		struct ferry_leaver *r = &m->rows[n];
		bool all = s->anywhere && !(r->flags & FERRY_L_INSIDE);

		s->head = (s->head + 1) % m->count;
		s->length--;
		r->flags &= (uint8_t)~FERRY_L_QUEUED;
		FERRY_FOR_EACH_CPU(m->f, all ? FERRY_SET_ALL : r->set, c)
			reach_cpu(s, n, c);
		if (all && (r->flags & FERRY_L_SHRINKS))
			reach_cpu(s, n, m->f->ncpus);
		/* Nothing is cheaper than nothing. */
		if (!s->anywhere && s->end != FERRY_NONE)
			return;
	}
}

/* Each on the path goes on to the next CPU. At most one step for each row. */
static void take(struct search *s)
{
	struct ferry_match *m = s->m;
	uint32_t cpu = s->end;

	m->left[cpu]--;
	for (uint32_t n = 0; n < m->count && cpu != FERRY_NOWHERE; n++) {
		struct ferry_leaver *r = &m->rows[m->via[cpu]];
		uint16_t before = r->cpu;

		r->cpu = (uint16_t)cpu;
		cpu = before;
	}
}

/* One more gets a place. */
static bool augment(struct ferry_match *m, bool anywhere)
{
	struct search s = { .m = m, .anywhere = anywhere, .end = FERRY_NONE };

	begin(&s);
	spread(&s);
	for (uint32_t n = 0; n < m->count; n++)
		m->rows[n].flags &= (uint8_t)~FERRY_L_QUEUED;
	if (s.end == FERRY_NONE)
		return false;
	take(&s);
	return true;
}

void ferry_match(struct ferry_match *m)
{
	m->left[m->f->ncpus] = FERRY_NOWHERE;
	for (uint32_t c = 0; c <= m->f->ncpus; c++)
		m->room[c] = m->left[c];
	place_all(m, false);
	while (augment(m, false))
		;
	place_all(m, true);
	while (augment(m, true))
		;
}
