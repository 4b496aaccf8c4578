// SPDX-License-Identifier: MIT
/* irqferry replay: a counterexample again, step by step, in words. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "check.h"
#include "command.h"

struct replaying {
	bool tolerant, all, json;
	const char *json_path; /* null: standard output */
	const char **file;
	uint32_t nfiles;
	struct counterexample *found; /* of each file */

	json_t *list, *steps;
	label waits; /* `many` of this step are not printed yet */
	uint32_t many, last;
	char words[400];
	struct output out;
	struct message msg;
};

static const char help[] =
	"usage: irqferry replay [OPTIONS] FILE...\n"
	"\n"
	"Performs the schedule of each counterexample (irqferry check --keep), prints its steps\n"
	"in words, lets everything that is still under way end, and judges the end.\n"
	"\n"
	"  --tolerant     skip what can't happen; without it that, or another library than the\n"
	"                 one that was checked, is an error\n"
	"  --all          print each step, and those after the file's own too\n"
	"  --json[=FILE]  a JSON report to FILE, or to standard output instead of text\n"
	"  --help         this text\n"
	"\n"
	"exit codes: 0 nothing is violated, 1 a violation shows, 2 bad command line, 3 bad or\n"
	"stale file, 4 the scenario is refused or `make mutants` is lacking, 5 out of memory or\n"
	"the output can't be written\n"
	"\n"
	"example: irqferry replay --tolerant fixed-in-0.2.txt\n";

enum { OPT_TOLERANT = 256, OPT_ALL, OPT_JSON, OPT_HELP };

/* ---- the command line --------------------------------------------------------------- */

static int add_file(struct replaying *r, const char *path)
{
	if (!*path)
		return say(&r->msg, TOOL_USAGE, "FILE: an empty name");
	r->file[r->nfiles++] = path;
	return TOOL_OK;
}

static int take_option(struct replaying *r, int option, const char *arg)
{
	switch (option) {
	case 1:
		return add_file(r, arg);
	case OPT_TOLERANT:
		r->tolerant = true;
		return TOOL_OK;
	case OPT_ALL:
		r->all = true;
		return TOOL_OK;
	case OPT_JSON:
		r->json = true;
		r->json_path = arg;
		return TOOL_OK;
	default: /* getopt has complained */
		return say(&r->msg, TOOL_USAGE, "`irqferry replay --help` lists the options");
	}
}

static int parse_args(struct replaying *r, int argc, char **argv, bool *done)
{
	static const struct option options[] = {
		{ "tolerant", no_argument, NULL, OPT_TOLERANT },
		{ "all", no_argument, NULL, OPT_ALL },
		{ "json", optional_argument, NULL, OPT_JSON },
		{ "help", no_argument, NULL, OPT_HELP },
		{ NULL, 0, NULL, 0 },
	};
	int option, rc = TOOL_OK;

	optind = 0; /* another command line than main's */
	while (!rc && (option = getopt_long(argc, argv, "-", options, NULL)) != -1) {
		*done = option == OPT_HELP;
		if (*done) {
			fputs(help, stdout);
			return TOOL_OK;
		}
		rc = take_option(r, option, optarg);
	}
	while (!rc && optind < argc) /* what comes after "--" */
		rc = add_file(r, argv[optind++]);
	if (!rc && !r->nfiles)
		rc = say(&r->msg, TOOL_USAGE, "no FILE: give a counterexample (see --help)");
	return rc;
}

/* ---- input ---------------------------------------------------------------------------- */

static int load(struct replaying *r, const char *path, struct counterexample *c)
{
	FILE *in = fopen(path, "r");
	bool good;

	if (!in)
		return say(&r->msg, TOOL_INPUT, "%s: can't be opened: %s", path, strerror(errno));
	good = counterexample_read(in, path, c, r->msg.text, sizeof(r->msg.text));
	fclose(in);
	if (!good)
		return TOOL_INPUT;
	if (!r->tolerant && strcmp(c->library, library_id))
		return say(&r->msg, TOOL_INPUT,
			   "%s: found in library %s, this is %s; --tolerant runs it anyway, and "
			   "skips what can't happen",
			   path, c->library, library_id);
	return TOOL_OK;
}

static int load_all(struct replaying *r, bool *mutants)
{
	int rc = TOOL_OK;

	for (uint32_t i = 0; !rc && i < r->nfiles; i++) {
		rc = load(r, r->file[i], &r->found[i]);
		*mutants |= *r->found[i].mutant != '\0';
	}
	return rc;
}

/* ---- one file --------------------------------------------------------------------------- */

static json_t *step_json(uint32_t n, const char *text, const char *words, bool own)
{
	json_t *object = json_object();

	put(object, "n", n);
	json_object_set_new(object, "label", json_string(text));
	json_object_set_new(object, "words", string_json(words));
	json_object_set_new(object, "own", json_boolean(own));
	return object;
}

static void print_step(uint32_t n, bool own, label l, uint32_t many, const char *words)
{
	char text[64], line[80];

	label_format(l, text, sizeof(text));
	snprintf(line, sizeof(line), many > 1 ? "%s x%" PRIu32 : "%s", text, many);
	printf("%5" PRIu32 " %c %-16s %s\n", n, own ? ' ' : '+', line, words);
}

static void flush_steps(struct replaying *r)
{
	if (r->many)
		print_step(r->last, true, r->waits, r->many, r->words);
	r->many = 0;
}

/* Steps that show nothing stand in one line with the next that does. */
static void gather_step(struct replaying *r, uint32_t n, label l, const char *words)
{
	if (r->waits != l || !label_joins(r->words, words))
		flush_steps(r);
	r->waits = l;
	r->last = n;
	r->many++;
	snprintf(r->words, sizeof(r->words), "%s", words);
}

static void show_step(void *arg, uint32_t n, label l, const char *words, bool own)
{
	struct replaying *r = arg;
	char text[64];

	if (!own && !r->all)
		return;
	label_format(l, text, sizeof(text));
	if (r->json)
		json_array_append_new(r->steps, step_json(n, text, words, own));
	if (r->json && !r->json_path)
		return;
	if (r->all)
		print_step(n, own, l, 1, words);
	else
		gather_step(r, n, l, words);
}

static int stale(struct replaying *r, const char *path, const struct counterexample *c,
		 const struct replay_result *got)
{
	char text[64];

	label_format(c->label[got->first_skipped], text, sizeof(text));
	return say(&r->msg, TOOL_INPUT,
		   "%s: label %" PRIu32 " (%s) can't happen here: the file is "
		   "stale",
		   path, got->first_skipped + 1, text);
}

static void print_head(const char *path, const struct counterexample *c)
{
	char text[SCENARIO_TEXT];

	scenario_format(&c->scenario, text);
	printf("%s: %s\n", path, text);
	if (*c->mutant)
		printf("in a library with the mistake %s\n", c->mutant);
}

static void print_end(const struct counterexample *c, const struct replay_result *got)
{
	printf("%s%s%s\n", check_verdict_name[got->verdict], *got->why ? ": " : "", got->why);
	printf("%" PRIu32 " labels of the file, %" PRIu32 " skipped, %" PRIu32
	       " of the default policy\n",
	       got->performed, got->skipped, got->total - got->performed);
	if (got->verdict != c->verdict)
		printf("the file says: %s: %s\n", check_verdict_name[c->verdict], c->why);
}

static json_t *end_json(struct replaying *r, const char *path, const struct counterexample *c,
			const struct replay_result *got)
{
	json_t *object = json_object();
	char text[SCENARIO_TEXT];

	scenario_format(&c->scenario, text);
	json_object_set_new(object, "file", string_json(path));
	json_object_set_new(object, "scenario", json_string(text));
	json_object_set_new(object, "mutant", *c->mutant ? string_json(c->mutant) : json_null());
	json_object_set_new(object, "library", string_json(c->library));
	json_object_set_new(object, "expected", json_string(check_verdict_name[c->verdict]));
	json_object_set_new(object, "verdict", json_string(check_verdict_name[got->verdict]));
	json_object_set_new(object, "why", string_json(got->why));
	put(object, "performed", got->performed);
	put(object, "skipped", got->skipped);
	put(object, "total", got->total);
	json_object_set(object, "steps", r->steps);
	return object;
}

static int perform(struct replaying *r, const char *path, const struct counterexample *c,
		   struct replay_result *got)
{
	struct replay_options o = { .strict = !r->tolerant, .step = show_step, .arg = r };

	counterexample_replay(c, &subject_library, &o, got);
	flush_steps(r);
	if (got->verdict == CHECK_REFUSED)
		return say(&r->msg, TOOL_MACHINE, "%s: refused: %s", path, got->why);
	return !r->tolerant && got->skipped ? stale(r, path, c, got) : TOOL_OK;
}

static int replay(struct replaying *r, const char *path, const struct counterexample *c)
{
	const char *mutant = c->mutant;
	struct replay_result got;
	bool text = !r->json || r->json_path;
	int rc = TOOL_OK;

	if (*mutant)
		rc = choose_mutant(&mutant, &r->msg);
	else
		mutant_choose(NO_MUTANT);
	if (rc)
		return TOOL_INPUT;
	if (text)
		print_head(path, c);
	r->steps = json_array();
	memset(&got, 0, sizeof(got));
	rc = perform(r, path, c, &got);
	if (!rc && text)
		print_end(c, &got);
	if (!rc && r->json)
		json_array_append_new(r->list, end_json(r, path, c, &got));
	free(got.schedule);
	json_decref(r->steps);
	return rc ? rc : check_failed(got.verdict) ? TOOL_VIOLATION : TOOL_OK;
}

/* ---- all files ----------------------------------------------------------------------------- */

static int write_json(struct replaying *r)
{
	json_t *top = json_object();
	FILE *out = r->json_path ? r->out.file : stdout;
	int rc;

	json_object_set_new(top, "version", json_string(TOOL_VERSION));
	json_object_set_new(top, "library", json_string(library_id));
	json_object_set(top, "replays", r->list);
	rc = output_json(out, r->json_path ? r->json_path : "standard output", top, &r->msg);
	json_decref(top);
	return rc || !r->json_path ? rc : output_close(&r->out, &r->msg);
}

static int replay_all(struct replaying *r)
{
	int rc = TOOL_OK, one;

	if (r->json_path)
		rc = output_open(&r->out, r->json_path, &r->msg);
	for (uint32_t i = 0; rc <= TOOL_VIOLATION && i < r->nfiles; i++) {
		one = replay(r, r->file[i], &r->found[i]);
		rc = one > rc ? one : rc;
	}
	if (rc <= TOOL_VIOLATION && r->json) {
		one = write_json(r);
		rc = one ? one : rc;
	}
	return rc;
}

static int run(struct replaying *r, int argc, char **argv)
{
	bool done = false, mutants = false;
	int rc = parse_args(r, argc, argv, &done);

	if (rc || done)
		return rc;
	rc = load_all(r, &mutants);
	if (!rc && mutants && !mutants_linked())
		rc = mutants_exec(argc, argv, &r->msg);
	return rc ? rc : replay_all(r);
}

static void clean_up(struct replaying *r)
{
	for (uint32_t i = 0; r->found && i < r->nfiles; i++)
		counterexample_free(&r->found[i]);
	output_drop(&r->out);
	json_decref(r->list);
	free(r->found);
	free(r->file);
}

int command_replay(int argc, char **argv)
{
	struct replaying r = { .tolerant = false };
	int rc = TOOL_IO;

	r.file = calloc((size_t)argc, sizeof(*r.file));
	r.found = calloc((size_t)argc, sizeof(*r.found));
	r.list = json_array();
	if (r.file && r.found && r.list)
		rc = run(&r, argc, argv);
	else
		say_no_memory(&r.msg);
	if (rc && *r.msg.text)
		fprintf(stderr, "irqferry replay: %s\n", r.msg.text);
	clean_up(&r);
	return rc;
}
