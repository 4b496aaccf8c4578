/* SPDX-License-Identifier: MIT */
/*
 * depth.c: depth-first search over states, with sleep sets.
 *
 * A label that was tried in a state sleeps in the states behind its siblings as long
 * as nothing it depends on was touched: the order of the two makes no difference
 * (Godefroid 1996). Sleep sets spare transitions, never states: each state keeps the
 * set it was expanded with, and where it is met again with a smaller one, the labels
 * that slept only then are tried too. What depends on what is measured, not declared:
 * each label performed leaves a footprint.
 *
 * A state met while it is on the path closes a cycle. It is a livelock if every label
 * that is enabled somewhere on it is also taken: nobody is starved, and yet nothing
 * ends. (Locks are fair: who waits for one gets it in the end.)
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "search.h"

/* No schedule of a scenario's few events and operations is so long, unless something in
 * it has no end. (The mark of an entry that is on the path has 16 bits.) */
#define DEPTH_MOST 3000u

static bool depends(const struct print *a, const struct print *b)
{
	return (a->writes & (b->writes | b->reads)) || (a->reads & b->writes);
}

static uint32_t index_of(const label *list, uint32_t n, label l)
{
	uint32_t i;

	for (i = 0; i < n; i++)
		if (list[i] == l)
			return i;
	return NONE;
}

/* What slept above, or was tried there before, and does not depend on the label
 * taken, sleeps here. */
static void inherit(const struct level *up, struct level *f)
{
	uint64_t asleep = (up->sleep | up->done) & ~(1ull << up->taken);
	uint32_t i, k;

	f->sleep = 0;
	for (; asleep; asleep &= asleep - 1) {
		i = (uint32_t)__builtin_ctzll(asleep);
		if (depends(&up->print[i], &up->print[up->taken]))
			continue;
		k = index_of(f->label, f->n, up->label[i]);
		if (k == NONE)
			continue;
		f->sleep |= 1ull << k;
		f->print[k] = up->print[i];
	}
}

bool depth_room(struct depth_search *s)
{
	uint32_t size = s->size ? 2 * s->size : 256;
	struct level *frame;
	uint8_t *saves;

	if (s->depth + 1 >= s->size) {
		frame = realloc(s->frame, size * sizeof(*frame));
		if (!frame)
			return false;
		s->frame = frame;
		s->size = size;
	}
	if (s->saves_used + STATE_MOST > s->saves_size) {
		saves = realloc(s->saves, 2 * s->saves_size + 4 * STATE_MOST);
		if (!saves)
			return false;
		s->saves = saves;
		s->saves_size = 2 * s->saves_size + 4 * STATE_MOST;
	}
	s->run->other = s->saves_size + s->size * sizeof(*frame);
	return true;
}

static struct level *top(struct depth_search *s)
{
	return &s->frame[s->depth - 1];
}

/* ---- cycles ------------------------------------------------------------------------ */

static bool need_not_happen(label l)
{
	return label_kind(l) == L_FIRE || (label_kind(l) == L_OP && !label_b(l));
}

/* Is this label taken by one of the frames from `first` to the top? */
static bool taken_in(const struct depth_search *s, uint32_t first, label l)
{
	uint32_t d;

	for (d = first; d < s->depth; d++)
		if (s->frame[d].label[s->frame[d].taken] == l)
			return true;
	return false;
}

/* Frames from `first` to the top, and back to `first`: is anyone left out? */
static bool is_fair(const struct depth_search *s, uint32_t first)
{
	uint32_t d, i;

	for (d = first; d < s->depth; d++)
		for (i = 0; i < s->frame[d].n; i++)
			if (!need_not_happen(s->frame[d].label[i]) &&
			    !taken_in(s, first, s->frame[d].label[i]))
				return false;
	return true;
}

void depth_push(struct depth_search *s, struct level *f)
{
	f->saved = s->saves_used;
	s->saves_used += world_save(&s->run->w, s->saves + f->saved, STATE_MOST);
	s->current = true;
	s->depth++;
	if (s->depth > s->run->r->depth)
		s->run->r->depth = s->depth;
}

/* ---- one state ---------------------------------------------------------------------- */

static void report(struct depth_search *s)
{
	label *path = malloc((s->depth + 1) * sizeof(*path));
	uint32_t d;

	for (d = 0; path && d < s->depth; d++)
		path[d] = s->frame[d].label[s->frame[d].taken];
	run_found(s->run, path, path ? s->depth : 0);
	free(path);
}

static bool livelock(struct depth_search *s, uint32_t first)
{
	struct world *w = &s->run->w;

	if (s->run->o->no_cycles || !is_fair(s, first))
		return false;
	w->verdict = CHECK_LIVELOCK;
	snprintf(w->why, sizeof(w->why), "the last %u labels lead back to where they began",
		 s->depth - first);
	s->run->r->cycle = s->depth - first;
	report(s);
	return true;
}

static bool endless(struct depth_search *s)
{
	struct world *w = &s->run->w;

	w->verdict = CHECK_LIVELOCK;
	snprintf(w->why, sizeof(w->why), "a schedule without end: %u labels", s->depth);
	report(s);
	return false;
}

/* The world has just come to a state. Push a frame if there is something to try in
 * it. False: the search is over. */
static bool arrive(struct depth_search *s)
{
	struct run *run = s->run;
	struct level *f;
	struct entry *e;
	bool fresh;

	if (s->depth >= DEPTH_MOST)
		return endless(s);
	if (!depth_room(s)) {
		s->run->r->stopped = true;
		return false;
	}
	f = &s->frame[s->depth];
	f->state = world_hash(&run->w);
	f->n = world_labels(&run->w, f->label);
	f->sleep = 0;
	if (s->depth)
		inherit(top(s), f);
	e = table_find(&run->table, f->state, &fresh);
	if (!e) {
		run->r->stopped = true;
		return false;
	}
	f->done = 0;
	f->tried = false;
	f->marked = true;
	f->todo = ((1ull << f->n) - 1) & ~f->sleep;
	if (!fresh) {
		uint64_t slept = e->value & ENTRY_SLEEP, depth = e->value >> ENTRY_DEPTH_SHIFT;

		if (depth && livelock(s, (uint32_t)depth - 1))
			return false;
		f->todo = slept & ~f->sleep;
		e->value = (e->value & ~ENTRY_SLEEP) | (slept & f->sleep);
		s->current = false;
		if (!f->todo)
			return true;
		f->marked = !depth; /* a frame below may have the mark already */
	} else {
		e->value = f->sleep;
	}
	if (f->marked)
		e->value |= (uint64_t)(s->depth + 1) << ENTRY_DEPTH_SHIFT;
	depth_push(s, f);
	if (fresh) {
		world_look(&run->w);
		if (run->w.verdict != CHECK_PASSED ||
		    !run_judge_end(run, f->label, f->n, s->saves + f->saved)) {
			s->depth--;
			report(s);
			return false;
		}
	}
	return true;
}

static void leave(struct depth_search *s)
{
	struct level *f = top(s);
	struct entry *e;
	bool fresh;

	if (f->marked) {
		e = table_find(&s->run->table, f->state, &fresh);
		if (e)
			e->value &= ENTRY_SLEEP;
	}
	s->saves_used = f->saved;
	s->depth--;
	s->current = false;
}

/* Try one more label of the top frame. False: the search is over. */
static bool go_on(struct depth_search *s)
{
	struct run *run = s->run;
	struct level *f = top(s);

	if (f->tried && !run->o->no_sleep)
		f->done |= 1ull << f->taken;
	f->tried = true;
	f->taken = (uint32_t)__builtin_ctzll(f->todo);
	f->todo &= f->todo - 1;
	if (!s->current)
		world_load(&run->w, s->saves + f->saved);
	world_perform(&run->w, f->label[f->taken]);
	run->r->transitions++;
	f->print[f->taken] = (struct print){ world_reads(&run->w), world_writes(&run->w) };
	if (run->w.verdict != CHECK_PASSED) {
		report(s);
		return false;
	}
	return arrive(s);
}

void search_depth(struct run *run)
{
	struct depth_search s = { .run = run };
	bool more = run->o->resume && !run->resumed ? checkpoint_read(&s, run->o->resume) :
						      arrive(&s);

	while (more && s.depth) {
		struct level *f = top(&s);

		if (!f->todo) {
			leave(&s);
			continue;
		}
		run->r->frontier = s.depth;
		more = !run_should_stop(run) && go_on(&s);
	}
	if (run->r->stopped && run->o->checkpoint && s.depth)
		(void)checkpoint_write(&s, run->o->checkpoint);
	free(s.frame);
	free(s.saves);
}
