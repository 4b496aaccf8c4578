/* SPDX-License-Identifier: MIT */
/*
 * random.c: schedules drawn at random, for scenarios too large to exhaust. Each run
 * is a function of (seed, its number): a violation is replayed from its path.
 *
 * uniform: each enabled label alike. pct: actors have random priorities, the highest
 * one goes, and at a few random moments the one that goes becomes the lowest
 * (Burckhardt et al. 2010). starve: a random actor is left waiting for a random span
 * (spans spread over powers of two), else uniform.
 */
#include <stdlib.h>
#include <string.h>
#include "search.h"

#define LONGEST 4096u

struct draw {
	struct run *run;
	uint64_t rng;
	label path[LONGEST];
	uint32_t n;
	uint32_t change[3]; /* pct: at these steps */
	uint64_t demoted[3];
	uint32_t ndemoted;
	uint64_t victim; /* starve */
	uint32_t until;
};

static uint64_t next(struct draw *d)
{
	uint64_t x = d->rng += 0x9e3779b97f4a7c15;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

static uint32_t below(struct draw *d, uint32_t n)
{
	return (uint32_t)(next(d) % n);
}

/* Who acts: a CPU, a device's messages, ... */
static uint64_t actor(label l)
{
	enum label_kind kind = label_kind(l) == L_TAKE ? L_STEP : label_kind(l);

	return (uint64_t)kind << 32 | label_a(l);
}

static uint64_t priority(const struct draw *d, label l)
{
	uint32_t i;

	for (i = 0; i < d->ndemoted; i++)
		if (d->demoted[i] == actor(l))
			return i;
	return 8 + sim_mix(d->run->o->seed + d->run->r->runs, actor(l) * 0x9e3779b97f4a7c15) / 16;
}

static uint32_t choose_pct(struct draw *d, const label *list, uint32_t n)
{
	uint32_t i, best = 0;

	for (i = 1; i < n; i++)
		if (priority(d, list[i]) > priority(d, list[best]))
			best = i;
	for (i = 0; i < 3; i++)
		if (d->change[i] == d->n && d->ndemoted < 3)
			d->demoted[d->ndemoted++] = actor(list[best]);
	return best;
}

static uint32_t choose_starve(struct draw *d, const label *list, uint32_t n)
{
	uint32_t i, left = 0, k;

	if (d->n >= d->until) {
		d->victim = actor(list[below(d, n)]);
		d->until = d->n + (1u << below(d, 8));
	}
	for (i = 0; i < n; i++)
		left += actor(list[i]) != d->victim;
	if (!left)
		return below(d, n);
	k = below(d, left);
	for (i = 0;; i++)
		if (actor(list[i]) != d->victim && !k--)
			return i;
}

static uint32_t choose(struct draw *d, const label *list, uint32_t n)
{
	if (d->run->o->search == SEARCH_PCT)
		return choose_pct(d, list, n);
	if (d->run->o->search == SEARCH_STARVE)
		return choose_starve(d, list, n);
	return below(d, n);
}

/* One schedule. False: a violation. */
static bool schedule(struct draw *d)
{
	struct world *w = &d->run->w;
	label list[WORLD_LABELS];
	uint32_t n, i;

	while ((n = world_labels(w, list)) != 0 && d->n < LONGEST) {
		i = choose(d, list, n);
		d->path[d->n++] = list[i];
		world_perform(w, list[i]);
		d->run->r->transitions++;
		if (w->verdict == CHECK_PASSED)
			world_look(w);
		if (w->verdict != CHECK_PASSED)
			return false;
	}
	if (d->n > d->run->r->depth)
		d->run->r->depth = d->n;
	if (n)
		return true; /* an unfair schedule may go on for ever */
	d->run->r->terminal++;
	world_end(w);
	return w->verdict == CHECK_PASSED;
}

static void begin(struct draw *d, struct run *run, uint64_t seed)
{
	uint32_t i;

	memset(d, 0, sizeof(*d));
	d->run = run;
	d->rng = seed;
	for (i = 0; i < 3; i++)
		d->change[i] = below(d, 128);
	world_load(&run->w, run->start);
}

void random_look(struct run *run)
{
	struct draw *d = malloc(sizeof(*d));
	label list[WORLD_LABELS];
	uint32_t i, n;

	for (i = 0; d && i < 60; i++) {
		begin(d, run, i);
		while (d->n++ < 400 && run->w.verdict == CHECK_PASSED &&
		       (n = world_labels(&run->w, list)) != 0)
			world_perform(&run->w,
				      list[i % 3 ? below(d, n) : choose_starve(d, list, n)]);
	}
	free(d);
}

void search_random(struct run *run)
{
	struct draw *d = malloc(sizeof(*d));
	uint64_t runs = run->o->runs ? run->o->runs : 1000;

	while (d && run->r->runs < runs && !run_should_stop(run)) {
		begin(d, run, sim_mix(run->o->seed, run->r->runs + 1));
		if (!schedule(d)) {
			run_found(run, d->path, d->n);
			break;
		}
		run->r->runs++;
	}
	free(d);
}
