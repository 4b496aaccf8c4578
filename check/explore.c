/* SPDX-License-Identifier: MIT */
/* explore.c: what the searches have in common; and replay. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "search.h"

static volatile sig_atomic_t interrupted;

static void on_signal(int signal)
{
	(void)signal;
	interrupted = 1;
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static bool over(uint64_t value, uint64_t limit)
{
	return limit && value >= limit;
}

bool run_should_stop(struct run *run)
{
	struct search_result *r = run->r;
	const struct search_options *o = run->o;
	double now;

	if (run->w.out.grown != run->grown && o->search <= SEARCH_BREADTH) {
		if (!run->grown_at)
			run->grown_at = run->table.used + 1;
		/* Go on for a while: where there is one there may be more. */
		if (run->table.used >= 2 * run->grown_at + 2000) {
			run->again = true;
			return true;
		}
	}
	r->states = run->table.used ? run->table.used : r->states;
	r->memory = table_bytes(&run->table) + run->other;
	if (over(r->states, o->max_states) || over(r->memory, o->max_memory) || interrupted)
		r->stopped = true;
	if (++run->ticks % 4096 == 0) {
		now = seconds();
		r->seconds = now - run->began;
		if (o->max_seconds && r->seconds >= (double)o->max_seconds)
			r->stopped = true;
		if (o->progress && now - run->looked > 0.2) {
			run->looked = now;
			r->stopped |= o->progress(o->arg, r);
		}
	}
	return r->stopped;
}

static bool append(struct search_result *r, label l, uint32_t times)
{
	label *bigger = realloc(r->path, (r->npath + times + 1) * sizeof(*bigger));

	if (!bigger)
		return false;
	r->path = bigger;
	while (times--)
		r->path[r->npath++] = l;
	return true;
}

/* What is shared, and so where a step ends, is this search's own. For others each
 * step becomes as many as it would be if it ended before every call. */
static void refine(struct run *run, const label *path, uint32_t n)
{
	struct search_result *r = run->r;
	uint32_t i, first, cycle = 0;
	bool good = true;

	world_load(&run->w, run->start);
	for (i = 0; i < n && good; i++) {
		if (r->cycle && i == n - r->cycle)
			cycle = r->npath;
		run->w.out.stops = 0;
		first = label_kind(path[i]) != L_STEP;
		world_perform(&run->w, path[i]);
		good = !first || append(r, path[i], 1);
		if (run->w.out.stops > first && !run->o->no_merge)
			good = good && append(r, label_of(L_STEP, label_a(path[i]), 0),
					      run->w.out.stops - first);
		else if (!first)
			good = good && append(r, path[i], 1);
	}
	r->cycle = r->cycle ? r->npath - cycle : 0;
}

void run_found(struct run *run, const label *path, uint32_t n)
{
	struct search_result *r = run->r;

	r->verdict = run->w.verdict;
	snprintf(r->why, sizeof(r->why), "%s", run->w.why);
	refine(run, path, n);
}

bool run_judge_end(struct run *run, const label *list, uint32_t n, const uint8_t *saved)
{
	uint32_t i;

	for (i = 0; i < n; i++)
		if (label_kind(list[i]) != L_FIRE)
			return true;
	run->r->terminal++;
	world_end(&run->w);
	if (run->w.verdict != CHECK_PASSED)
		return false;
	world_load(&run->w, saved);
	return true;
}

static void one_pass(struct run *run)
{
	switch (run->o->search) {
	case SEARCH_DEPTH:
		search_depth(run);
		break;
	case SEARCH_BREADTH:
		search_breadth(run);
		break;
	case SEARCH_UNIFORM:
	case SEARCH_PCT:
	case SEARCH_STARVE:
		search_random(run);
		break;
	}
}

static void search(struct run *run)
{
	struct search_result *r = run->r;

	if (run->o->search > SEARCH_BREADTH) {
		one_pass(run);
		return;
	}
	if (!run->o->resume && !run->o->no_merge)
		random_look(run);
	do {
		run->again = false;
		run->grown = run->w.out.grown;
		run->grown_at = 0;
		run->other = 0;
		r->transitions = r->terminal = 0;
		r->depth = 0;
		table_free(&run->table);
		if (!table_init(&run->table))
			break;
		world_load(&run->w, run->start);
		one_pass(run);
		run->resumed = true;
		run->again |= run->w.out.grown != run->grown;
	} while (run->again && !r->stopped && r->verdict == CHECK_PASSED);
}

static bool prepare(struct run *run, const struct scenario *s, const struct subject *subject)
{
	if (!world_build(&run->w, s, subject, !run->o->no_merge)) {
		run->r->verdict = run->w.verdict;
		snprintf(run->r->why, sizeof(run->r->why), "%s", run->w.why);
		return false;
	}
	run->start = malloc(STATE_MOST);
	if (run->start && world_save(&run->w, run->start, STATE_MOST) && table_init(&run->table))
		return true;
	run->r->verdict = CHECK_REFUSED;
	snprintf(run->r->why, sizeof(run->r->why), "no memory");
	return false;
}

void check_search(const struct scenario *s, const struct subject *subject,
		  const struct search_options *o, struct search_result *r)
{
	struct run run = { .o = o, .r = r };
	struct sigaction old[2], act = { .sa_handler = on_signal };

	memset(r, 0, sizeof(*r));
	run.began = run.looked = seconds();
	interrupted = 0;
	if (o->checkpoint) {
		sigaction(SIGINT, &act, &old[0]);
		sigaction(SIGTERM, &act, &old[1]);
	}
	if (prepare(&run, s, subject))
		search(&run);
	if (o->checkpoint) {
		sigaction(SIGINT, &old[0], NULL);
		sigaction(SIGTERM, &old[1], NULL);
	}
	r->seconds = seconds() - run.began;
	r->states = run.table.used;
	r->memory = table_bytes(&run.table) + run.other;
	r->exhausted = r->verdict == CHECK_PASSED && !r->stopped && o->search <= SEARCH_BREADTH;
	table_free(&run.table);
	free(run.start);
	world_delete(&run.w);
}

/* ---- replay ------------------------------------------------------------------------ */

struct replay {
	struct world w;
	const struct replay_options *o;
	struct replay_result *r;
	char said[512];
};

static bool perform(struct replay *p, label l, bool own)
{
	char words[768];
	label *bigger = realloc(p->r->schedule, (p->r->total + 1) * sizeof(label));
	size_t n;

	if (!bigger)
		return false;
	p->r->schedule = bigger;
	bigger[p->r->total++] = l;
	if (!p->o->step) {
		world_perform(&p->w, l);
	} else {
		world_describe(&p->w, l, words, sizeof(words));
		p->said[0] = 0;
		p->w.out.say = p->said;
		world_perform(&p->w, l);
		p->w.out.say = NULL;
		n = strlen(words);
		if (p->said[0])
			snprintf(words + n, sizeof(words) - n, ": %s", p->said);
		p->o->step(p->o->arg, p->r->total, l, words, own);
	}
	if (p->w.verdict == CHECK_PASSED)
		world_look(&p->w);
	return p->w.verdict == CHECK_PASSED;
}

static bool enabled(const label *list, uint32_t n, label l)
{
	uint32_t i;

	for (i = 0; i < n; i++)
		if (list[i] == l)
			return true;
	return false;
}

static bool perform_list(struct replay *p, const label *list, uint32_t n)
{
	label now[WORLD_LABELS];
	uint32_t i;

	for (i = 0; i < n; i++) {
		if (!enabled(now, world_labels(&p->w, now), list[i])) {
			if (!p->r->skipped++)
				p->r->first_skipped = i;
			if (p->o->strict)
				return false;
			continue;
		}
		p->r->performed++;
		if (!perform(p, list[i], true))
			return false;
	}
	return true;
}

static void perform_rest(struct replay *p)
{
	label now[WORLD_LABELS];
	uint32_t n, i, turn = 0, n0 = p->r->total;

	for (;;) {
		n = world_labels(&p->w, now);
		i = world_default(&p->w, now, n, &turn);
		if (i == NONE)
			break;
		if (!perform(p, now[i], false))
			return;
		if (p->r->total > n0 + PATH_MOST) {
			p->w.verdict = CHECK_LIVELOCK;
			snprintf(p->w.why, sizeof(p->w.why), "no end after %u labels", p->r->total);
			return;
		}
	}
	world_end(&p->w);
}

void check_replay(const struct scenario *s, const struct subject *subject, const label *list,
		  uint32_t n, const struct replay_options *o, struct replay_result *r)
{
	struct replay p = { .o = o, .r = r };
	struct fingerprint f;

	memset(r, 0, sizeof(*r));
	if (world_build(&p.w, s, subject, false)) {
		f = world_hash(&p.w);
		r->start = f.low;
		if (perform_list(&p, list, n))
			perform_rest(&p);
	}
	r->verdict = p.w.verdict;
	snprintf(r->why, sizeof(r->why), "%s", p.w.why);
	world_delete(&p.w);
}
