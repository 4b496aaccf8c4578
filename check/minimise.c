// SPDX-License-Identifier: MIT
/*
 * minimise.c: shorter counterexamples.
 *
 * Labels: delta debugging. A replay skips what is not enabled and lets the default
 * policy finish, so any part of the list is a schedule; what is left of it is kept
 * if the verdict is the same. The scenario: one thing is taken away at a time, and
 * a new search must find the same verdict. Everything is tried in a fixed order:
 * the result depends on the clock only where the time runs out.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "minimise.h"

#define SEARCH_STATES 200000
#define SEARCH_MEMORY (1ull << 30)
#define PAIRS_MOST 48 /* labels of which every two are tried together */

struct work {
	struct counterexample *c;
	const struct subject *subject;
	double until;
	label *spare, *list; /* room for as many labels as c has */
	uint32_t performed;  /* of the list that is being tried */
	bool shows;          /* performed again, c shows its verdict: that must stay so */
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- labels ------------------------------------------------------------------- */

static void keep_own(void *arg, uint32_t n, label l, const char *words, bool own)
{
	struct work *w = arg;

	(void)n;
	(void)words;
	if (own)
		w->spare[w->performed++] = l;
}

/* Does this list show the same? Then it is the new one, without what was skipped. */
static bool try_labels(struct work *w, const label *list, uint32_t n)
{
	struct counterexample *c = w->c;
	struct replay_options o = { .step = keep_own, .arg = w };
	struct replay_result r;
	bool same;

	w->performed = 0;
	check_replay(&c->scenario, w->subject, list, n, &o, &r);
	free(r.schedule);
	same = r.verdict == c->verdict;
	if (same) {
		memcpy(c->label, w->spare, w->performed * sizeof(label));
		memcpy(c->why, r.why, sizeof(c->why));
		c->n = w->performed;
		c->total = r.total;
	}
	return same;
}

/* The list without n labels at `from`. */
static bool try_without(struct work *w, uint32_t from, uint32_t n)
{
	struct counterexample *c = w->c;
	uint32_t rest = c->n - from - n;

	memcpy(w->list, c->label, from * sizeof(label));
	memcpy(w->list + from, c->label + from + n, rest * sizeof(label));
	return try_labels(w, w->list, from + rest);
}

/* One pass with pieces of `size`, from the end: what is late is most often idle. */
static bool pass(struct work *w, uint32_t size)
{
	uint32_t end = w->c->n, n;
	bool any = false;

	while (end && now() < w->until) {
		n = end < size ? end : size;
		any |= try_without(w, end - n, n);
		end -= n;
		end = end < w->c->n ? end : w->c->n;
	}
	return any;
}

static bool try_pair(struct work *w, uint32_t i, uint32_t j)
{
	struct counterexample *c = w->c;
	uint32_t n = 0;

	for (uint32_t k = 0; k < c->n; k++)
		if (k != i && k != j)
			w->list[n++] = c->label[k];
	return try_labels(w, w->list, n);
}

/* An event and its use may only be left out together. */
static bool pairs(struct work *w)
{
	if (w->c->n > PAIRS_MOST)
		return false;
	for (uint32_t i = 0; i < w->c->n; i++)
		for (uint32_t j = i + 1; j < w->c->n && now() < w->until; j++)
			if (try_pair(w, i, j))
				return true;
	return false;
}

static bool make_room(struct work *w)
{
	size_t bytes = (w->c->n + 1) * sizeof(label);

	free(w->spare);
	free(w->list);
	w->spare = malloc(bytes);
	w->list = malloc(bytes);
	return w->spare && w->list;
}

static void shrink_labels(struct work *w)
{
	struct counterexample *c = w->c;
	bool again = true;

	if (c->cycle || !make_room(w) || !try_without(w, 0, 0))
		return;
	for (uint32_t size = c->n / 2; size > 1; size /= 2)
		pass(w, size);
	while (again && now() < w->until)
		again = pass(w, 1) || pairs(w);
}

/* ---- the scenario --------------------------------------------------------------- */

/* A livelock must go round as it is; of other schedules what can't happen is skipped. */
static bool shows(const struct counterexample *c, const struct subject *subject)
{
	struct replay_options o = { .strict = c->cycle != 0 };
	struct replay_result r;

	counterexample_replay(c, subject, &o, &r);
	free(r.schedule);
	return r.verdict == c->verdict;
}

/* The schedule that a search found, if it is good for the same verdict. */
static bool take_over(struct work *w, const struct scenario *s, const struct search_result *r)
{
	struct counterexample *c = w->c, new = *c;

	if (r->verdict != c->verdict || !r->path)
		return false;
	new.scenario = *s;
	new.label = r->path;
	new.n = new.total = r->npath;
	new.cycle = r->verdict == CHECK_LIVELOCK ? r->cycle : 0;
	memcpy(new.why, r->why, sizeof(new.why));
	if (w->shows && !shows(&new, w->subject))
		return false;
	free(c->label);
	*c = new;
	return true;
}

/* Search the scenario for the same verdict; it and its schedule are taken over. */
static bool search(struct work *w, const struct scenario *s)
{
	double left = w->until - now();
	struct search_options o = { .search = SEARCH_BREADTH,
				    .max_states = SEARCH_STATES,
				    .max_memory = SEARCH_MEMORY };
	struct search_result r;

	if (left < 1)
		return false;
	o.max_seconds = (uint64_t)left;
	check_search(s, w->subject, &o, &r);
	if (take_over(w, s, &r))
		return true;
	free(r.path);
	return false;
}

static bool same_scenario(const struct scenario *a, const struct scenario *b)
{
	char one[SCENARIO_TEXT], two[SCENARIO_TEXT];

	scenario_format(a, one);
	scenario_format(b, two);
	return !strcmp(one, two);
}

/* A scenario made by hand may be none, or the same again. */
static bool try_scenario(struct work *w, const struct scenario *s)
{
	char text[SCENARIO_TEXT], error[200];
	struct scenario clean;

	scenario_format(s, text);
	return scenario_parse(text, &clean, error, sizeof(error)) &&
	       !same_scenario(&clean, &w->c->scenario) && search(w, &clean);
}

static bool fewer_events(struct work *w)
{
	struct scenario s = w->c->scenario;

	for (uint8_t events = 0; events < w->c->scenario.events; events++) {
		s.events = events;
		if (try_scenario(w, &s))
			return true;
	}
	return false;
}

static void cut_op(struct script *script, uint32_t i, uint32_t n)
{
	for (script->n = (uint8_t)(script->n - n); i < script->n; i++)
		script->op[i] = script->op[i + n];
}

static bool has_irq(const struct op *op)
{
	return scenario_form[op->kind].irq;
}

/* The scripts of CPUs, then of vCPUs. */
#define SCRIPTS (SCENARIO_CPUS + SCENARIO_VCPUS)

static struct script *script_of(struct scenario *s, uint32_t n)
{
	return n < SCENARIO_CPUS ? &s->script[n] : &s->vscript[n - SCENARIO_CPUS];
}

/* Runs of operations: offline goes with online, free with create. */
static bool fewer_ops(struct work *w)
{
	for (uint32_t n = SCENARIO_OPS; n; n--) {
		for (uint32_t at = 0; at < SCRIPTS * SCENARIO_OPS; at++) {
			struct scenario s = w->c->scenario;
			struct script *script = script_of(&s, at / SCENARIO_OPS);

			if (at % SCENARIO_OPS + n > script->n)
				continue;
			cut_op(script, at % SCENARIO_OPS, n);
			if (try_scenario(w, &s))
				return true;
		}
	}
	return false;
}

/* Without interrupt `irq`, and what is done to it. */
static void cut_irq(struct scenario *s, uint32_t irq)
{
	struct script *script;
	struct op *op;

	s->nirqs--;
	for (uint32_t i = irq; i < s->nirqs; i++) {
		s->kind[i] = s->kind[i + 1];
		s->queues.mask[i] = s->queues.mask[i + 1];
	}
	for (uint32_t n = 0; n < SCRIPTS; n++) {
		script = script_of(s, n);
		for (uint32_t i = script->n; i--;) {
			op = &script->op[i];
			if (has_irq(op) && op->irq == irq)
				cut_op(script, i, 1);
			else if (has_irq(op) && op->irq > irq)
				op->irq--;
		}
	}
}

static bool fewer_irqs(struct work *w)
{
	for (uint32_t irq = w->c->scenario.nirqs; irq-- && w->c->scenario.nirqs > 1;) {
		struct scenario s = w->c->scenario;

		cut_irq(&s, irq);
		if (try_scenario(w, &s))
			return true;
	}
	return false;
}

/* Bit `cpu` taken out of a mask of CPUs, those above it move down. */
static uint8_t cut_bit(uint8_t mask, uint32_t cpu)
{
	uint32_t below = mask & ((1u << cpu) - 1);

	return (uint8_t)(below | (mask >> (cpu + 1)) << cpu);
}

static void cut_cpu(struct scenario *s, uint32_t cpu)
{
	s->cpus--;
	s->away = cut_bit(s->away, cpu);
	for (uint32_t i = cpu; i < s->cpus; i++)
		s->script[i] = s->script[i + 1];
	s->script[s->cpus].n = 0;
	for (uint32_t i = 0; i < s->nirqs; i++)
		s->queues.mask[i] = cut_bit(s->queues.mask[i], cpu);
	for (uint32_t i = 0; i < s->cpus; i++)
		for (uint32_t k = 0; k < s->script[i].n; k++)
			if (scenario_form[s->script[i].op[k].kind].arg == ARG_CPUS)
				s->script[i].op[k].cpus = cut_bit(s->script[i].op[k].cpus, cpu);
}

/* CPU 0 is where interrupts start. */
static bool fewer_cpus(struct work *w)
{
	for (uint32_t cpu = w->c->scenario.cpus; cpu-- > 1;) {
		struct scenario s = w->c->scenario;

		cut_cpu(&s, cpu);
		if (try_scenario(w, &s))
			return true;
	}
	return false;
}

/* Each option as if it had not been said; false: there are no more. */
static bool clear_option(struct scenario *s, uint32_t i)
{
	bool *const flags[] = { &s->hw.overtaking, &s->hw.fence_root,   &s->hw.ipi_late,
				&s->hw.eoi_late,   &s->hw.cleanup_high, &s->hw.nested,
				&s->hw.posted,     &s->hw.leave_off,    &s->hw.irr_kept,
				&s->hw.tso,        &s->hw.undrained,    &s->hw.directed,
				&s->hw.slow,       &s->hw.poll_soon,    &s->hw.rd_kept,
				&s->hw.weak,       &s->hw.fail_on,      &s->pinned,
				&s->restore,       &s->shared,          &s->flat,
				&s->several,       &s->split,           &s->hw.gic2,
				&s->guest.gic2,    &s->guest.ask,       &s->guest.split,
				&s->guest.direct,  &s->queues.readonly, &s->queues.initial,
				&s->queues.pool,   &s->planned };
	const uint32_t n = sizeof(flags) / sizeof(*flags);

	if (i < n)
		*flags[i] = false;
	else if (i == n)
		s->hw.bound = BOUND_TRUE;
	else if (i == n + 1)
		s->hw.fail = s->hw.fail_on = 0;
	else if (i == n + 2)
		s->vectors = SCENARIO_VECTORS;
	else if (i == n + 3)
		s->away = 0;
	else if (i == n + 4)
		s->guest.strategy = s->guest.scheme = 0;
	else if (i == n + 5)
		s->guest.lrs = SCENARIO_GUEST;
	return i <= n + 5;
}

static bool fewer_options(struct work *w)
{
	struct scenario s = w->c->scenario;

	for (uint32_t i = 0; clear_option(&s, i); i++) {
		if (try_scenario(w, &s))
			return true;
		s = w->c->scenario;
	}
	return false;
}

static bool fewer_move_cpus(struct work *w, uint32_t cpu, uint32_t i)
{
	for (uint32_t bit = SCENARIO_CPUS; bit--;) {
		struct scenario s = w->c->scenario;

		s.script[cpu].op[i].cpus &= (uint8_t) ~(1u << bit);
		if (s.script[cpu].op[i].cpus && try_scenario(w, &s))
			return true;
	}
	return false;
}

/* Moves to fewer CPUs. */
static bool narrower_moves(struct work *w)
{
	for (uint32_t cpu = 0; cpu < w->c->scenario.cpus; cpu++)
		for (uint32_t i = 0; i < w->c->scenario.script[cpu].n; i++)
			if (scenario_form[w->c->scenario.script[cpu].op[i].kind].arg == ARG_CPUS &&
			    fewer_move_cpus(w, cpu, i))
				return true;
	return false;
}

/* Kinds of the same machine in the order of their numbers: the simplest first. */
static bool simpler_kinds(struct work *w)
{
	struct scenario s = w->c->scenario;
	uint8_t first = scenario_guest(&s) ? SCENARIO_HWEDGE : scenario_arm(&s) ? SCENARIO_SPI : 0;

	for (uint32_t i = 0; i < s.nirqs; i++) {
		for (uint8_t kind = first; kind < w->c->scenario.kind[i]; kind++) {
			s.kind[i] = kind;
			if (try_scenario(w, &s))
				return true;
		}
		s.kind[i] = w->c->scenario.kind[i];
	}
	return false;
}

static void shrink_scenario(struct work *w)
{
	static bool (*const steps[])(struct work *) = { fewer_events, fewer_ops,     fewer_irqs,
							fewer_cpus,   fewer_options, narrower_moves,
							simpler_kinds };
	bool any = true;

	while (any) {
		any = false;
		for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++)
			while (now() < w->until && steps[i](w))
				any = true;
	}
}

/* What was had of the same scenario already may be shorter. */
static void keep_shorter(struct counterexample *c, struct counterexample *first)
{
	struct counterexample swap = *c;

	if (first->n < c->n && same_scenario(&c->scenario, &first->scenario)) {
		*c = *first;
		*first = swap;
	}
	counterexample_free(first);
}

/* Labels first: should the searches take all the time, that much is won. Then they
 * are found anew in ever smaller scenarios, and shrunk again. */
static void shrink(struct work *w, double seconds)
{
	struct counterexample *c = w->c, first;
	double end = now() + seconds;

	w->shows = shows(c, w->subject);
	w->until = end - seconds / 2;
	shrink_labels(w);
	first = *c;
	first.label = malloc((c->n + 1) * sizeof(label));
	if (!first.label)
		return;
	memcpy(first.label, c->label, c->n * sizeof(label));
	w->until = end - seconds / 4;
	search(w, &first.scenario);
	shrink_scenario(w);
	w->until = end;
	shrink_labels(w);
	keep_shorter(c, &first);
}

void minimise(struct counterexample *c, const struct subject *subject, double seconds)
{
	struct work w = { .c = c, .subject = subject };

	shrink(&w, seconds);
	free(w.spare);
	free(w.list);
}
