// SPDX-License-Identifier: MIT
/*
 * main.c: random schedules of a sample of the suites, each access of the library
 * looked at (hooks.h). Prints TAP.
 *
 *    test_hooks [--runs N] [--every N] [--unmet] [--scenario TEXT]
 *
 * --unmet lists the accesses in the code that no schedule has come to.
 */
#include <string.h>
#include "check/generate.h"
#include "tests/tap.h"
#include "hooks.h"

#define LONGEST 1500u /* labels of a schedule */

struct options {
	uint32_t runs;  /* schedules of a scenario in each way of dividing steps */
	uint32_t every; /* scenarios: one in so many, and each that has something new */
	bool unmet;
	const char *scenario;
};

/* ---- the sample ---------------------------------------------------------- */

#define PAIRS 2000

/* "edge fence=root": what a scenario has, of one kind of source. */
struct pairs {
	char text[PAIRS][40];
	uint32_t n;
};

static bool fresh(struct pairs *p, const char *kind, const char *word)
{
	char text[40];
	uint32_t i;

	snprintf(text, sizeof(text), "%.12s %.20s", kind, word);
	for (i = 0; i < p->n; i++)
		if (!strcmp(p->text[i], text))
			return false;
	if (p->n == PAIRS)
		bail("more pairs than there is room for");
	memcpy(p->text[p->n++], text, sizeof(text));
	return true;
}

/* Its options and operations, without numbers but that of vectors. Has it one that no
 * scenario before had? */
static bool is_fresh(struct pairs *p, const struct scenario *s)
{
	char text[SCENARIO_TEXT], *kind, *word, *rest;
	bool any = false;

	scenario_format(s, text);
	kind = strtok_r(text, " ", &rest);
	while ((word = strtok_r(NULL, " |;:", &rest)) != NULL) {
		if (word[strspn(word, "0123456789+")] == 0)
			continue;
		if (strncmp(word, "vectors", 7))
			word[strcspn(word, "0123456789")] = 0;
		any |= fresh(p, kind, word);
	}
	return any;
}

/* Of the suite: one in so many, and each that is fresh. */
static void take(const char *name, uint32_t every, struct suite *sample)
{
	static struct pairs pairs;
	struct suite suite;
	uint32_t i, n = sample->n;

	if (!suite_make(name, &suite))
		bail("no suite %s", name);
	sample->scenario = realloc(sample->scenario, (n + suite.n) * sizeof(*sample->scenario));
	if (!sample->scenario)
		bail("no memory");
	for (i = 0; i < suite.n; i++)
		if (is_fresh(&pairs, &suite.scenario[i]) || i % every == 0)
			sample->scenario[sample->n++] = suite.scenario[i];
	diag("%u of %u scenarios of %s", sample->n - n, suite.n, name);
	suite_free(&suite);
}

static void take_sample(const struct options *o, struct suite *sample)
{
	char error[200];

	if (!o->scenario) {
		take("commit", o->every, sample);
		take("nightly", 8 * o->every, sample);
		take("arm", o->every, sample);
		take("vgic", o->every, sample);
		take("vgic-nightly", 8 * o->every, sample);
		return;
	}
	sample->scenario = calloc(1, sizeof(*sample->scenario));
	sample->n = 1;
	if (!sample->scenario ||
	    !scenario_parse(o->scenario, sample->scenario, error, sizeof(error)))
		bail("%s: %s", o->scenario, error);
}

/* ---- schedules ----------------------------------------------------------- */

struct player {
	struct world w;
	uint64_t rng;
	uint32_t victim, until; /* this label's actor waits until then */
	uint32_t locks;
	uint64_t schedules, labels, violations, refused;
};

static uint32_t below(struct player *p, uint32_t n)
{
	uint64_t x = p->rng += 0x9e3779b97f4a7c15;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return (uint32_t)((x ^ x >> 31) % n);
}

static uint32_t actor(label l)
{
	return (uint32_t)label_kind(l) << 16 | (label_a(l) & 0xffff);
}

/* Each label alike; or somebody waits for a while. */
static uint32_t choose(struct player *p, const label *list, uint32_t n, uint32_t at, bool starve)
{
	uint32_t i = below(p, n), tries;

	if (starve && at >= p->until) {
		p->victim = actor(list[i]);
		p->until = at + (1u << below(p, 8));
	}
	for (tries = 0; starve && tries < 8 && actor(list[i]) == p->victim; tries++)
		i = below(p, n);
	return i;
}

/* Bits of footprints are given to words in turn. Give those of the locks to nothing
 * else. */
static void keep_locks_apart(struct player *p)
{
	struct sim_out *out = &p->w.out;
	const uint32_t bits = 64 - RES_FIRST;

	if (out->resources % bits < p->locks || out->resources % bits > bits - 12)
		out->resources += bits - out->resources % bits + p->locks;
}

static void name_locks(struct player *p)
{
	struct sim_out *out = &p->w.out;
	uint32_t n;

	memset(out->resource, 0, hooks.size / 4);
	out->resources = 0;
	for (n = 0; n < hooks.size / 4; n++)
		if (hooks.word[n].kind == FERRY_GUARD_LOCK && n % 2 == 0 &&
		    !hooks_is_alone(&hooks.word[n]))
			(void)machine_resource(p->w.m, hooks.memory + 4 * n);
	p->locks = out->resources;
}

static void play(struct player *p, uint32_t run)
{
	label list[WORLD_LABELS];
	uint32_t n, at = 0;

	p->rng = run;
	p->until = 0;
	hooks.inspect = run % 8 == 7;
	hooks_schedule_begins();
	while ((n = world_labels(&p->w, list)) != 0 && at < LONGEST) {
		keep_locks_apart(p);
		hooks_step_begins();
		world_perform(&p->w, list[choose(p, list, n, at++, run % 2)]);
		hooks_step_ends();
		if (p->w.verdict != CHECK_PASSED)
			break;
	}
	p->labels += at;
	p->schedules++;
	if (!n && p->w.verdict == CHECK_PASSED)
		world_end(&p->w);
	hooks.inspect = false;
}

/* A violation ends a schedule; finding them is not what this is for. */
static void violated(struct player *p, uint32_t run)
{
	if (!p->violations++)
		diag("to be explored: %s: schedule %u: %s", hooks.scenario, run, p->w.why);
}

static void play_scenario(struct player *p, const struct scenario *s, bool merge, uint32_t runs)
{
	static uint8_t start[256 * 1024];
	static struct subject subject;
	uint32_t run;

	subject = hooks_subject();
	if (!world_build(&p->w, s, &subject, merge)) {
		hooks_off();
		p->refused++;
		return;
	}
	name_locks(p);
	hooks_built();
	if (!world_save(&p->w, start, sizeof(start)))
		bail("a state is too large");
	for (run = 0; run < runs; run++) {
		world_load(&p->w, start);
		play(p, run);
		if (p->w.verdict != CHECK_PASSED)
			violated(p, run);
	}
	hooks_off();
	world_delete(&p->w);
}

/* ---- results ------------------------------------------------------------- */

static const char *const promise[MISTAKE_KINDS] = {
	[MISTAKE_CELL] = "cell: atomics and locks are touched through the port only",
	[MISTAKE_READ] = "read: plain memory is read with its lock held",
	[MISTAKE_WRITE] = "write: plain and published memory is written with its lock held",
	[MISTAKE_CONST] = "const: what is constant is not written after init",
	[MISTAKE_RACE] = "race: conflicting accesses are ordered",
	[MISTAKE_HISTORY] = "history: it knows what is read without a lock",
	[MISTAKE_FOOTPRINT] = "footprint: it has the locks of what a step touches",
	[MISTAKE_LOOK] = "look: and of what the simulator looks at",
	[MISTAKE_ALONE] = "alone: what counts as nobody's stays as it is",
	[MISTAKE_OUTSIDE] = "outside: no memory is shared but the library's",
	[MISTAKE_PORT] = "port: calls of the host are for what guards.h says",
};

static void report(const struct options *o, const struct player *p)
{
	uint32_t kind, met, all;

	for (kind = 0; kind < MISTAKE_KINDS; kind++) {
		ok(!mistakes(kind), "%s", promise[kind]);
		mistakes_print(kind);
	}
	hooks_sites(&met, &all);
	diag("%llu schedules, %llu labels, %llu accesses, by %u of %u places in the code",
	     (unsigned long long)p->schedules, (unsigned long long)p->labels,
	     (unsigned long long)hooks.accesses, met, all);
	if (o->unmet)
		hooks_print_unmet();
}

static struct options read_options(int argc, char **argv)
{
	struct options o = { .runs = 40, .every = 20 };
	int i;

	for (i = 1; i < argc; i++)
		if (!strcmp(argv[i], "--runs") && i + 1 < argc)
			o.runs = (uint32_t)strtoul(argv[++i], NULL, 10);
		else if (!strcmp(argv[i], "--every") && i + 1 < argc)
			o.every = (uint32_t)strtoul(argv[++i], NULL, 10);
		else if (!strcmp(argv[i], "--scenario") && i + 1 < argc)
			o.scenario = argv[++i];
		else if (!strcmp(argv[i], "--unmet"))
			o.unmet = true;
		else
			bail("what is %s?", argv[i]);
	return o;
}

int main(int argc, char **argv)
{
	struct options o = read_options(argc, argv);
	static char text[SCENARIO_TEXT];
	static struct player p;
	struct suite suite = { 0 };
	uint32_t i;

	if (!o.every || !hooks_init())
		bail("no memory");
	take_sample(&o, &suite);
	hooks.scenario = text;
	for (i = 0; i < suite.n; i++) {
		scenario_format(&suite.scenario[i], text);
		play_scenario(&p, &suite.scenario[i], false, o.runs);
		play_scenario(&p, &suite.scenario[i], true, o.runs);
	}
	ok(!p.refused, "every scenario can be done");
	report(&o, &p);
	suite_free(&suite);
	return tap_done();
}
