// SPDX-License-Identifier: MIT
/*
 * irqferry check --mutants: the library with one mistake at a time, and whether the
 * checker sees it. And the program that has them: irqferry-mutants.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "check.h"

#define MINIMISE_SECONDS 60

/* ---- irqferry-mutants ------------------------------------------------------------- */

static bool beside(char *path, size_t size)
{
	ssize_t n = readlink("/proc/self/exe", path, size - 1);
	char *slash;

	if (n <= 0)
		return false;
	path[n] = '\0';
	slash = strrchr(path, '/');
	if (!slash || (size_t)(slash - path) + sizeof("/irqferry-mutants") > size)
		return false;
	strcpy(slash, "/irqferry-mutants");
	return true;
}

int mutants_exec(int argc, char **argv, struct message *msg)
{
	char path[4096], **args = calloc((size_t)argc + 2, sizeof(*args));

	if (!args)
		return say_no_memory(msg);
	args[0] = path;
	memcpy(args + 1, argv, (size_t)argc * sizeof(*args));
	if (beside(path, sizeof(path)) && !access(path, X_OK))
		execv(path, args);
	free(args);
	return say(msg, TOOL_MACHINE,
		   "mutants are in irqferry-mutants, which is not beside this program: "
		   "`make mutants` builds it");
}

int choose_mutant(const char **name, struct message *msg)
{
	uint32_t index;

	if (!mutant_find(*name, &index))
		return say(msg, TOOL_USAGE,
			   "'%.60s': %s; `irqferry check --mutants --list` has them", *name,
			   index ? "several mutants begin so" : "no such mutant");
	mutant_choose(index);
	*name = ferry_mutants[index].name;
	return TOOL_OK;
}

/* ---- the list ------------------------------------------------------------------------ */

struct sums {
	uint32_t killed, survived, equivalent;
	uint32_t wrong_killed; /* said to be equivalent */
	uint32_t unfinished, blind;
	uint32_t *labels, nlabels; /* of counterexamples, sorted */
};

static const struct ferry_mutant_entry *entry(const struct check *c, uint32_t job)
{
	return &ferry_mutants[c->job[job]];
}

/* A hint that is no scenario would silently not be tried. */
static int check_hints(struct check *c, const struct ferry_mutant_entry *m)
{
	struct scenario s;
	char what[400];

	for (int i = 0; i < FERRY_MUTANT_SCENARIOS && m->scenario[i]; i++)
		if (!scenario_parse(m->scenario[i], &s, what, sizeof(what)))
			return say(&c->msg, TOOL_INPUT, "mutant %s: '%s': %s", m->name,
				   m->scenario[i], what);
	return TOOL_OK;
}

static int make_jobs(struct check *c)
{
	const char *name;
	int rc = TOOL_OK;

	c->job = arena_alloc(&c->arena, ferry_mutants_count + 1, sizeof(*c->job));
	c->item = arena_alloc(&c->arena, ferry_mutants_count + 1, sizeof(*c->item));
	if (!c->job || !c->item)
		return say_no_memory(&c->msg);
	for (uint32_t i = 0; !rc && i < ferry_mutants_count; i++) {
		name = ferry_mutants[i].name;
		if (c->only && strncmp(name, c->only, strlen(c->only)))
			continue;
		c->job[c->pool.n++] = i;
		rc = check_hints(c, &ferry_mutants[i]);
	}
	if (!rc && !c->pool.n)
		rc = say(&c->msg, TOOL_USAGE, "--only: '%.60s': no mutant begins so",
			 c->only ? c->only : "");
	return rc;
}

static int name_files(struct check *c)
{
	char name[200];
	int rc = TOOL_OK;

	for (uint32_t job = 0; !rc && job < c->pool.n; job++) {
		snprintf(name, sizeof(name), "%s.txt", entry(c, job)->name);
		rc = keep_name(c, name, &c->item[job].file);
	}
	return rc;
}

/* ---- text --------------------------------------------------------------------------- */

static bool killed(const struct outcome *o)
{
	return o->state == JOB_DONE && check_failed(o->verdict);
}

static const char *fate(const struct ferry_mutant_entry *m, const struct outcome *o)
{
	if (o->state != JOB_DONE)
		return "unfinished";
	if (killed(o))
		return check_verdict_name[o->verdict];
	return m->equivalent ? "equivalent" : "survived";
}

/* name, verdict, labels, scenario, seconds */
static void print_mutant(const struct check *c, uint32_t job)
{
	const struct ferry_mutant_entry *m = entry(c, job);
	const struct outcome *o = pool_outcome(&c->pool, job);
	bool bad = killed(o) == !!m->equivalent;

	if (c->quiet && !bad)
		return;
	printf("%-44s %-12s ", m->name, fate(m, o));
	if (o->total)
		printf("%4" PRIu32 " labels", o->labels);
	else
		printf("%11s", o->crashed ? "crash" : "-");
	printf(" %8.1f s  ", o->seconds);
	if (killed(o))
		puts(o->scenario);
	else
		printf("%" PRIu32 " searches, %" PRIu64 " states\n", o->tried, o->states);
	if (bad && killed(o))
		printf("  it was said to be equivalent: %s\n  %s\n", m->equivalent, o->why);
	else if (bad)
		printf("  it should be seen: %s\n", m->why ? m->why : m->place);
	fflush(stdout);
}

static void tell(struct check *c, bool all)
{
	for (; c->told < c->pool.n; c->told++) {
		if (!all && pool_outcome(&c->pool, c->told)->state != JOB_DONE)
			break;
		progress_hide(&c->progress);
		print_mutant(c, c->told);
	}
}

static void ended(struct pool *p, uint32_t job)
{
	struct check *c = p->arg;
	struct outcome *o = pool_outcome(p, job);

	if (o->crashed)
		suite_doubt_crash(&c->how, p, o);
	tell(c, false);
}

static void tick(struct pool *p)
{
	struct check *c = p->arg;
	uint32_t n = 0;

	for (uint32_t job = 0; job < p->n; job++)
		n += p->told[job];
	progress_show(&c->progress, p, n, (double)n / p->n);
}

static int compare_numbers(const void *a, const void *b)
{
	const uint32_t one = *(const uint32_t *)a, two = *(const uint32_t *)b;

	return one < two ? -1 : one > two;
}

static void add(struct sums *sum, const struct ferry_mutant_entry *m, const struct outcome *o)
{
	bool dead = killed(o);

	sum->killed += dead;
	sum->wrong_killed += dead && m->equivalent;
	sum->equivalent += !dead && m->equivalent;
	sum->survived += !dead && !m->equivalent;
	sum->unfinished += o->state != JOB_DONE;
	sum->blind += o->blind != 0;
	if (dead && o->total)
		sum->labels[sum->nlabels++] = o->labels;
}

static uint32_t median(const struct sums *sum)
{
	return sum->nlabels ? sum->labels[(sum->nlabels - 1) / 2] : 0;
}

static uint32_t most(const struct sums *sum)
{
	return sum->nlabels ? sum->labels[sum->nlabels - 1] : 0;
}

static void print_sums(const struct check *c, const struct sums *sum)
{
	if (!c->quiet) {
		printf("%-14smedian %" PRIu32 ", most %" PRIu32 "\n", "labels", median(sum),
		       most(sum));
		printf("%-14s%.1f s\n", "time", seconds() - c->began);
	}
	if (sum->blind)
		printf("%-14s%" PRIu32 " mutants were tried in scenarios that fail without them\n",
		       "no evidence", sum->blind);
	if (sum->unfinished)
		printf("%-14s%" PRIu32 " unfinished\n", "limits", sum->unfinished);
	if (sum->wrong_killed)
		printf("%-14s%" PRIu32 " killed that were said to be equivalent\n", "wrong",
		       sum->wrong_killed);
	printf("%" PRIu32 " killed, %" PRIu32 " survived, %" PRIu32 " equivalent\n", sum->killed,
	       sum->survived, sum->equivalent);
}

/* ---- JSON ------------------------------------------------------------------------------- */

static void put_text(json_t *object, const char *key, const char *text)
{
	json_object_set_new(object, key, text ? string_json(text) : json_null());
}

static json_t *mutant_json(const struct check *c, uint32_t job)
{
	const struct ferry_mutant_entry *m = entry(c, job);
	const struct outcome *o = pool_outcome(&c->pool, job);
	json_t *object = json_object();

	put_text(object, "name", m->name);
	put_text(object, "family", m->family);
	put_text(object, "place", m->place);
	put_text(object, "mistake", m->why);
	put_text(object, "equivalent", m->equivalent);
	put_text(object, "verdict", fate(m, o));
	json_object_set_new(object, "killed", json_boolean(killed(o)));
	put_text(object, "why", *o->why ? o->why : NULL);
	put_text(object, "scenario", killed(o) ? o->scenario : NULL);
	put(object, "labels", o->labels);
	put(object, "total", o->total);
	put(object, "searches", o->tried);
	put(object, "no_evidence", o->blind);
	put(object, "states", o->states);
	put(object, "transitions", o->transitions);
	json_object_set_new(object, "exhausted", json_boolean(o->exhausted));
	json_object_set_new(object, "seconds", json_real(o->seconds));
	if (c->item[job].file && o->total && !o->unwritten)
		put_text(object, "file", c->item[job].file);
	return object;
}

static json_t *mutants_json(const struct check *c, const struct sums *sum)
{
	json_t *top = json_object(), *list = json_array();

	put_text(top, "version", TOOL_VERSION);
	put_text(top, "library", library_id);
	put_text(top, "only", c->only);
	for (uint32_t job = 0; job < c->pool.n; job++)
		json_array_append_new(list, mutant_json(c, job));
	json_object_set_new(top, "mutants", list);
	put(top, "killed", sum->killed);
	put(top, "survived", sum->survived);
	put(top, "equivalent", sum->equivalent);
	put(top, "unfinished", sum->unfinished);
	put(top, "median_labels", median(sum));
	put(top, "most_labels", most(sum));
	json_object_set_new(top, "seconds", json_real(seconds() - c->began));
	return top;
}

static int write_json(struct check *c, const struct sums *sum)
{
	json_t *top;
	int rc;

	if (!c->json_path)
		return TOOL_OK;
	top = mutants_json(c, sum);
	rc = output_json(c->json.file, c->json_path, top, &c->msg);
	json_decref(top);
	return rc ? rc : output_close(&c->json, &c->msg);
}

/* ---- all of them --------------------------------------------------------------------------- */

static void work(struct pool *p, uint32_t job, struct outcome *o)
{
	struct check *c = p->arg;

	suite_mutant(&c->how, p, c->job[job], c->item[job].file, o);
}

static int search_all(struct check *c)
{
	struct pool *p = &c->pool;
	int rc = TOOL_OK;

	share_machine(c, p->n);
	p->processes = (unsigned int)c->processes;
	p->work = work;
	p->ended = ended;
	p->tick = tick;
	p->arg = c;
	c->how.subject = &subject_library;
	c->how.minimise = c->no_minimise ? 0 : MINIMISE_SECONDS;
	if (!pool_open(p))
		return say_no_memory(&c->msg);
	progress_start(&c->progress, !c->quiet);
	if (!pool_run(p))
		rc = say(&c->msg, TOOL_IO, "no process can be made: %s", strerror(errno));
	progress_hide(&c->progress);
	return rc;
}

static int conclude(struct check *c)
{
	struct sums sum = { 0 };
	bool unwritten = false;
	int rc;

	sum.labels = arena_alloc(&c->arena, c->pool.n + 1, sizeof(*sum.labels));
	if (!sum.labels)
		return say_no_memory(&c->msg);
	tell(c, true);
	for (uint32_t job = 0; job < c->pool.n; job++) {
		add(&sum, entry(c, job), pool_outcome(&c->pool, job));
		unwritten |= pool_outcome(&c->pool, job)->unwritten;
	}
	qsort(sum.labels, sum.nlabels, sizeof(*sum.labels), compare_numbers);
	rc = write_json(c, &sum);
	if (!rc && unwritten)
		rc = say(&c->msg, TOOL_IO, "%s: counterexamples can't be written", c->keep);
	print_sums(c, &sum);
	if (rc)
		return rc;
	return sum.survived || sum.wrong_killed || sum.unfinished ? TOOL_VIOLATION : TOOL_OK;
}

int check_mutants(struct check *c)
{
	int rc = make_jobs(c);

	for (uint32_t job = 0; !rc && c->list && job < c->pool.n; job++)
		puts(entry(c, job)->name);
	if (rc || c->list)
		return rc;
	rc = name_files(c);
	if (!rc)
		rc = check_open(c);
	if (!rc)
		rc = search_all(c);
	return rc ? rc : conclude(c);
}
