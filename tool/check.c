// SPDX-License-Identifier: MIT
/*
 * irqferry check: every interleaving of small scenarios. The list is made and all
 * input read before the first search; processes then search one scenario each, and
 * what they find is told in the order of the list.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "check.h"
#include "command.h"

#define MINIMISE_SECONDS 60

/* ---- the list ---------------------------------------------------------------------- */

static int add_item(struct check *c, const struct scenario *s)
{
	struct item *item = &c->item[c->n];
	char name[SCENARIO_TEXT];

	scenario_format(s, name);
	item->s = *s;
	item->name = arena_alloc(&c->arena, strlen(name) + 1, 1);
	if (!item->name)
		return say_no_memory(&c->msg);
	strcpy(item->name, name);
	item->weight = scenario_estimate(s);
	item->mine = c->n % c->shards == c->shard - 1;
	c->n++;
	return TOOL_OK;
}

static int make_room(struct check *c, uint32_t n)
{
	c->item = arena_alloc(&c->arena, n + 1, sizeof(*c->item));
	c->job = arena_alloc(&c->arena, n + 1, sizeof(*c->job));
	c->known = arena_alloc(&c->arena, n + 1, sizeof(*c->known));
	return c->item && c->job && c->known ? TOOL_OK : say_no_memory(&c->msg);
}

static bool is_suite(const char *name)
{
	static const char *const names[] = { "commit", "nightly", "arm",
					     "large",  "vgic",    "vgic-nightly",
					     "named",  "managed", "managed-nightly" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

static int list_suite(struct check *c)
{
	struct suite suite = { NULL, 0 };
	int rc;

	if (!is_suite(c->suite))
		return say(&c->msg, TOOL_USAGE,
			   "--suite: '%.40s': one of commit, nightly, arm, vgic, vgic-nightly, "
			   "managed, managed-nightly, named, large is expected",
			   c->suite);
	if (!suite_make(c->suite, &suite))
		return say_no_memory(&c->msg);
	rc = make_room(c, suite.n);
	for (uint32_t i = 0; !rc && i < suite.n; i++)
		rc = add_item(c, &suite.scenario[i]);
	suite_free(&suite);
	return rc;
}

static int list_scenarios(struct check *c)
{
	struct scenario s;
	char what[400];
	int rc = make_room(c, c->nscenarios);

	for (uint32_t i = 0; !rc && i < c->nscenarios; i++) {
		if (!scenario_parse(c->scenario[i], &s, what, sizeof(what)))
			return say(&c->msg, TOOL_INPUT, "--scenario: '%.60s': %s", c->scenario[i],
				   what);
		rc = add_item(c, &s);
	}
	return rc;
}

static void print_list(const struct check *c)
{
	for (uint32_t i = 0; i < c->n; i++)
		if (c->item[i].mine)
			puts(c->item[i].name);
}

/* ---- checkpoints of suites ----------------------------------------------------------- */

/* One scenario's search has a checkpoint of its own. */
static bool of_one(const struct check *c)
{
	return c->nscenarios == 1;
}

/* What results depend on besides their scenario. */
static void title(const struct check *c, char *text, size_t size)
{
	const struct search_options *o = &c->how.search;

	snprintf(text, size,
		 "# irqferry check: library %s mutant %s search %s runs %" PRIu64 " seed %" PRIu64
		 "%s%s%s",
		 library_id, c->mutant ? c->mutant : "none", c->search_name, o->runs, o->seed,
		 o->no_sleep ? " no-sleep-sets" : "", o->no_merge ? " no-merge" : "",
		 o->no_cycles ? " no-cycles" : "");
}

static void know(struct check *c, struct item *item, const struct row *row)
{
	struct outcome *o = &c->known[item - c->item];

	for (int i = 0; i < CHECK_VERDICTS; i++)
		if (!strcmp(row->verdict, check_verdict_name[i]))
			o->verdict = (uint8_t)i;
	o->states = row->states;
	o->transitions = row->transitions;
	o->random = c->how.search.search > SEARCH_BREADTH;
	o->exhausted = o->verdict == CHECK_PASSED && !o->random;
	o->resumed = true;
	o->state = JOB_DONE;
	item->o = o;
}

static int resume(struct check *c)
{
	const struct row *row;
	struct rows t;
	char want[300];
	int rc;

	if (!c->resume || of_one(c))
		return TOOL_OK;
	title(c, want, sizeof(want));
	rc = rows_read(&t, c->resume, &c->msg);
	if (!rc && (!t.title || strcmp(t.title, want)))
		rc = say(&c->msg, TOOL_INPUT, "%s:1: '%s' is expected: %s", c->resume, want,
			 t.title ? "another library, or other options" : "this is no checkpoint");
	for (uint32_t i = 0; !rc && i < c->n; i++) {
		row = c->item[i].mine ? rows_find(&t, c->item[i].name) : NULL;
		if (row && row->counted)
			know(c, &c->item[i], row);
	}
	rows_free(&t);
	return rc;
}

/* A file of its own with what is known already, in the place of the old one; then a
 * line is added whenever a scenario is finished. */
static int open_checkpoint(struct check *c)
{
	struct output out = { NULL, NULL, NULL };
	char text[300];
	int rc;

	if (!c->checkpoint || of_one(c))
		return TOOL_OK;
	rc = output_open(&out, c->checkpoint, &c->msg);
	if (rc)
		return rc;
	title(c, text, sizeof(text));
	fprintf(out.file, "%s\n", text);
	for (uint32_t i = 0; i < c->n; i++)
		if (c->item[i].o)
			row_put(out.file, &c->item[i]);
	rc = output_close(&out, &c->msg);
	if (!rc)
		c->checkpoint_file = fopen(c->checkpoint, "a");
	if (rc || c->checkpoint_file)
		return rc;
	return say(&c->msg, TOOL_IO, "%s: can't be written: %s", c->checkpoint, strerror(errno));
}

static void note(struct check *c, const struct item *item)
{
	if (!c->checkpoint_file || outcome_unfinished(item->o))
		return;
	row_put(c->checkpoint_file, item);
	fflush(c->checkpoint_file);
	fsync(fileno(c->checkpoint_file));
}

static int close_checkpoint(struct check *c)
{
	FILE *file = c->checkpoint_file;
	bool bad;

	c->checkpoint_file = NULL;
	if (!file)
		return TOOL_OK;
	bad = ferror(file);
	bad = fclose(file) || bad;
	return bad ? say(&c->msg, TOOL_IO, "%s: can't be written", c->checkpoint) : TOOL_OK;
}

/* ---- output ---------------------------------------------------------------------------- */

int check_open(struct check *c)
{
	int rc = TOOL_OK;

	if (c->keep && mkdir(c->keep, 0777) && errno != EEXIST)
		return say(&c->msg, TOOL_IO, "%s: can't be made: %s", c->keep, strerror(errno));
	if (c->keep && access(c->keep, W_OK | X_OK))
		return say(&c->msg, TOOL_IO, "%s: can't be written: %s", c->keep, strerror(errno));
	if (c->json_path)
		rc = output_open(&c->json, c->json_path, &c->msg);
	if (!rc && c->table_path)
		rc = output_open(&c->table, c->table_path, &c->msg);
	return rc;
}

static int write_table(struct check *c)
{
	if (!c->table_path)
		return TOOL_OK;
	for (uint32_t i = 0; i < c->n; i++)
		if (c->item[i].o)
			row_put(c->table.file, &c->item[i]);
	return output_close(&c->table, &c->msg);
}

static int write_json(struct check *c)
{
	json_t *top;
	int rc;

	if (!c->json_path)
		return TOOL_OK;
	top = check_json(c);
	rc = output_json(c->json.file, c->json_path, top, &c->msg);
	json_decref(top);
	return rc ? rc : output_close(&c->json, &c->msg);
}

int keep_name(struct check *c, const char *name, const char **file)
{
	char *path;
	size_t size;

	if (!c->keep)
		return TOOL_OK;
	size = strlen(c->keep) + strlen(name) + 2;
	path = arena_alloc(&c->arena, size, 1);
	if (!path)
		return say_no_memory(&c->msg);
	snprintf(path, size, "%s/%s", c->keep, name);
	*file = path;
	return TOOL_OK;
}

/* ---- searches ---------------------------------------------------------------------------- */

static struct item *item_of(const struct pool *p, uint32_t job)
{
	struct check *c = p->arg;

	return &c->item[c->job[job]];
}

static void work(struct pool *p, uint32_t job, struct outcome *o)
{
	struct check *c = p->arg;
	struct item *item = item_of(p, job);

	suite_scenario(&c->how, p, &item->s, item->file, o);
}

/* Tell what is known, as far as it is known in order. */
static void tell(struct check *c, bool all)
{
	const struct item *item;

	for (; c->told < c->n; c->told++) {
		item = &c->item[c->told];
		if (!item->mine)
			continue;
		if (item->o->state != JOB_DONE && !all)
			break;
		progress_hide(&c->progress);
		report_item(c, item);
	}
}

static void ended(struct pool *p, uint32_t job)
{
	note(p->arg, item_of(p, job));
	tell(p->arg, false);
}

static void tick(struct pool *p)
{
	struct check *c = p->arg;
	double done = 0, all = 0;
	uint32_t n = 0;

	if (!c->progress.on)
		return;
	for (uint32_t job = 0; job < p->n; job++) {
		all += item_of(p, job)->weight;
		done += p->told[job] ? item_of(p, job)->weight : 0;
		n += p->told[job];
	}
	progress_show(&c->progress, p, n, all > 0 ? done / all : 0);
}

void share_machine(struct check *c, uint32_t jobs)
{
	uint64_t memory = c->max_memory;

	if (!memory)
		memory =
			(uint64_t)sysconf(_SC_PHYS_PAGES) / 4 * 3 * (uint64_t)sysconf(_SC_PAGESIZE);
	if (c->processes > jobs)
		c->processes = jobs ? jobs : 1;
	c->how.search.max_memory = memory / c->processes;
}

/* Jobs of the pool: what is mine and not known. */
static int make_jobs(struct check *c)
{
	struct pool *p = &c->pool;
	char name[32];
	int rc = TOOL_OK;

	for (uint32_t i = 0; !rc && i < c->n; i++) {
		if (!c->item[i].mine || c->item[i].o)
			continue;
		c->job[p->n++] = i;
		snprintf(name, sizeof(name), "%05" PRIu32 ".txt", i);
		rc = keep_name(c, name, &c->item[i].file);
	}
	if (rc)
		return rc;
	share_machine(c, p->n);
	p->processes = (unsigned int)c->processes;
	p->work = work;
	p->ended = ended;
	p->tick = tick;
	p->arg = c;
	if (!pool_open(p))
		return say_no_memory(&c->msg);
	for (uint32_t job = 0; job < p->n; job++)
		c->item[c->job[job]].o = pool_outcome(p, job);
	return TOOL_OK;
}

static int search_all(struct check *c)
{
	int rc = make_jobs(c);

	if (rc)
		return rc;
	c->how.subject = &subject_library;
	c->how.minimise = c->no_minimise || !c->keep ? 0 : MINIMISE_SECONDS;
	c->how.mutant = c->mutant;
	if (of_one(c)) {
		c->how.search.checkpoint = c->checkpoint;
		c->how.search.resume = c->resume;
	}
	progress_start(&c->progress, !c->quiet);
	if (!pool_run(&c->pool))
		rc = say(&c->msg, TOOL_IO, "no process can be made: %s", strerror(errno));
	progress_hide(&c->progress);
	return rc;
}

/* ---- the end ------------------------------------------------------------------------------- */

static int compare(struct check *c, const struct rows *old)
{
	if (!c->compare_path)
		return TOOL_OK;
	c->differences = rows_compare(old, c);
	return TOOL_OK;
}

static int result(const struct check *c)
{
	if (c->sum.violations || c->sum.unfinished || c->differences)
		return TOOL_VIOLATION;
	return c->sum.refused ? TOOL_MACHINE : TOOL_OK;
}

/* Everything that was learnt, in the order of the list. */
static int conclude(struct check *c, const struct rows *old)
{
	int rc;

	tell(c, true);
	for (uint32_t i = 0; i < c->n; i++)
		if (c->item[i].o)
			totals_add(&c->sum, &c->item[i]);
	rc = write_table(c);
	if (!rc)
		rc = compare(c, old);
	if (!rc)
		rc = write_json(c);
	if (!rc)
		rc = close_checkpoint(c);
	if (!rc && c->sum.unwritten)
		rc = say(&c->msg, TOOL_IO, "%s: counterexamples can't be written", c->keep);
	report_totals(c);
	return rc ? rc : result(c);
}

static int check_all(struct check *c)
{
	struct rows old = { .n = 0 };
	int rc = TOOL_OK;

	if (c->compare_path)
		rc = rows_read(&old, c->compare_path, &c->msg);
	if (!rc)
		rc = resume(c);
	if (!rc)
		rc = check_open(c);
	if (!rc && !c->merge)
		rc = open_checkpoint(c);
	if (!rc && !c->merge)
		rc = search_all(c);
	if (!rc)
		rc = conclude(c, &old);
	rows_free(&old);
	return rc;
}

static int make_list(struct check *c)
{
	if (c->merge)
		return merge_read(c);
	return c->suite ? list_suite(c) : list_scenarios(c);
}

static int run_check(struct check *c)
{
	int rc;

	if (c->mutants)
		return check_mutants(c);
	rc = make_list(c);
	if (!rc && c->mutant)
		rc = choose_mutant(&c->mutant, &c->msg);
	if (rc || !c->list)
		return rc ? rc : check_all(c);
	print_list(c);
	return TOOL_OK;
}

static void clean_up(struct check *c)
{
	pool_close(&c->pool);
	output_drop(&c->json);
	output_drop(&c->table);
	if (c->checkpoint_file)
		fclose(c->checkpoint_file);
	arena_free(&c->arena);
	free(c->scenario);
	free(c->file);
	free(c);
}

int command_check(int argc, char **argv)
{
	struct check *c = calloc(1, sizeof(*c));
	bool done = false;
	int rc;

	if (!c) {
		fputs("irqferry check: out of memory\n", stderr);
		return TOOL_IO;
	}
	c->began = seconds();
	rc = check_args(c, argc, argv, &done);
	if (!rc && !done && (c->mutant || c->mutants) && !mutants_linked())
		rc = mutants_exec(argc, argv, &c->msg);
	if (!rc && !done)
		rc = run_check(c);
	if (*c->msg.text && rc)
		fprintf(stderr, "irqferry check: %s\n", c->msg.text);
	clean_up(c);
	return rc;
}
