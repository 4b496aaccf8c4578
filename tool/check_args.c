// SPDX-License-Identifier: MIT
/* The command line of `irqferry check`. */
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "check.h"

static const char help[] =
	"usage: irqferry check --suite NAME | --scenario TEXT [OPTIONS]\n"
	"       irqferry check --mutants [--only PREFIX] [OPTIONS]\n"
	"       irqferry check --merge FILE...\n"
	"\n"
	"Goes through every interleaving of small scenarios: what CPUs, devices and buses may\n"
	"do, in any order. In none may an event be lost, doubled, or handled where it must not\n"
	"be, and nothing may get stuck (docs/check.md).\n"
	"\n"
	"What is searched\n"
	"  --suite NAME        commit, nightly, arm, vgic, vgic-nightly, managed,\n"
	"                      managed-nightly, large, named\n"
	"  --scenario TEXT     one scenario; may be repeated\n"
	"  --list              print the scenarios, one per line, and search nothing\n"
	"  --shard K/N         only every Nth scenario, from the Kth; K is 1 to N\n"
	"  --mutant NAME       in a library with this mistake made on purpose; the part of its\n"
	"                      name before a dash is enough\n"
	"  --mutants           each mutant: which scenario shows it?\n"
	"  --only PREFIX       ... only mutants whose names begin so\n"
	"\n"
	"How\n"
	"  --search HOW        depth (default), breadth: every state; uniform, pct, starve:\n"
	"                      random schedules\n"
	"  --runs N            random schedules of each scenario (default 1000)\n"
	"  --seed N            other random schedules\n"
	"  --max-states N      of each scenario; a search that ends at a limit is unfinished\n"
	"  --max-seconds N     for each scenario\n"
	"  --max-memory BYTES  of all processes together; as 500M, 2G (default: 3/4 of what\n"
	"                      the machine has)\n"
	"  --no-sleep-sets     visit what is equal up to the order of independent steps\n"
	"  --no-merge          end a step before every call of the host\n"
	"  --no-cycles         don't look for livelocks\n"
	"  -j N                processes (default: one per online CPU)\n"
	"  --checkpoint FILE   note what is finished; of one scenario: its search\n"
	"  --resume FILE       go on from there\n"
	"\n"
	"What is written\n"
	"  --keep DIR          counterexamples, made small, for `irqferry replay`\n"
	"  --no-minimise       ... as they were found\n"
	"  --json FILE         all results\n"
	"  --table FILE        STATES TRANSITIONS VERDICT SCENARIO, without times\n"
	"  --compare FILE      print what is not as in this table\n"
	"  --quiet             only what failed, and the last line\n"
	"  --merge FILE...     the JSON files of all shards as one result\n"
	"  --help              this text\n"
	"\n"
	"Progress is shown where standard error is a terminal. The last line is\n"
	"`N passed, N failed`; what is unfinished has failed.\n"
	"\n"
	"exit codes: 0 clean, 1 a violation was found, a search is unfinished or a table\n"
	"differs, 2 bad command line, 3 bad scenario or file, 4 a scenario was refused or\n"
	"`make mutants` is lacking, 5 out of memory or the output can't be written\n"
	"\n"
	"example: irqferry check --scenario 'msi cpus=2 events=2 | 0: move 0 1' --keep .\n";

enum {
	OPT_SUITE = 256,
	OPT_SCENARIO,
	OPT_LIST,
	OPT_SHARD,
	OPT_MUTANT,
	OPT_MUTANTS,
	OPT_ONLY,
	OPT_SEARCH,
	OPT_RUNS,
	OPT_SEED,
	OPT_STATES,
	OPT_SECONDS,
	OPT_MEMORY,
	OPT_NO_SLEEP,
	OPT_NO_MERGE,
	OPT_NO_CYCLES,
	OPT_CHECKPOINT,
	OPT_RESUME,
	OPT_KEEP,
	OPT_NO_MINIMISE,
	OPT_JSON,
	OPT_TABLE,
	OPT_COMPARE,
	OPT_QUIET,
	OPT_MERGE,
	OPT_HELP
};

static const struct option options[] = {
	{ "suite", required_argument, NULL, OPT_SUITE },
	{ "scenario", required_argument, NULL, OPT_SCENARIO },
	{ "list", no_argument, NULL, OPT_LIST },
	{ "shard", required_argument, NULL, OPT_SHARD },
	{ "mutant", required_argument, NULL, OPT_MUTANT },
	{ "mutants", no_argument, NULL, OPT_MUTANTS },
	{ "only", required_argument, NULL, OPT_ONLY },
	{ "search", required_argument, NULL, OPT_SEARCH },
	{ "runs", required_argument, NULL, OPT_RUNS },
	{ "seed", required_argument, NULL, OPT_SEED },
	{ "max-states", required_argument, NULL, OPT_STATES },
	{ "max-seconds", required_argument, NULL, OPT_SECONDS },
	{ "max-memory", required_argument, NULL, OPT_MEMORY },
	{ "no-sleep-sets", no_argument, NULL, OPT_NO_SLEEP },
	{ "no-merge", no_argument, NULL, OPT_NO_MERGE },
	{ "no-cycles", no_argument, NULL, OPT_NO_CYCLES },
	{ "checkpoint", required_argument, NULL, OPT_CHECKPOINT },
	{ "resume", required_argument, NULL, OPT_RESUME },
	{ "keep", required_argument, NULL, OPT_KEEP },
	{ "no-minimise", no_argument, NULL, OPT_NO_MINIMISE },
	{ "json", required_argument, NULL, OPT_JSON },
	{ "table", required_argument, NULL, OPT_TABLE },
	{ "compare", required_argument, NULL, OPT_COMPARE },
	{ "quiet", no_argument, NULL, OPT_QUIET },
	{ "merge", no_argument, NULL, OPT_MERGE },
	{ "help", no_argument, NULL, OPT_HELP },
	{ NULL, 0, NULL, 0 },
};

/* ---- words and numbers ------------------------------------------------------------- */

static int search_arg(struct check *c, const char *text)
{
	static const char *const names[] = { "depth", "breadth", "uniform", "pct", "starve" };

	for (int i = 0; i < 5; i++) {
		if (strcmp(text, names[i]))
			continue;
		c->how.search.search = (enum search)i;
		c->search_name = names[i];
		return TOOL_OK;
	}
	return say(&c->msg, TOOL_USAGE,
		   "--search: '%.40s': one of depth, breadth, uniform, pct, starve is expected",
		   text);
}

static int shard_arg(struct check *c, const char *text)
{
	char *end;

	c->shards = 0;
	c->shard = strtoull(text, &end, 10);
	if (*end == '/')
		c->shards = strtoull(end + 1, &end, 10);
	if (!*end && strspn(text, "0123456789/") == strlen(text) && c->shards &&
	    c->shards <= 1000000 && c->shard && c->shard <= c->shards)
		return TOOL_OK;
	return say(&c->msg, TOOL_USAGE, "--shard: '%.40s': K/N is expected, K from 1 to N", text);
}

static int memory_arg(struct check *c, const char *text)
{
	static const char units[] = "kMG";
	const char *unit;
	char *end;
	uint64_t value = strtoull(text, &end, 10);

	unit = *end ? strchr(units, *end) : NULL;
	for (const char *u = units; unit && u <= unit && value < UINT64_MAX >> 10; u++)
		value <<= 10;
	c->max_memory = value;
	if (*text >= '0' && *text <= '9' && value && value < UINT64_MAX >> 10 &&
	    (!*end || (unit && !end[1])))
		return TOOL_OK;
	return say(&c->msg, TOOL_USAGE,
		   "--max-memory: '%.40s': a number is expected, or one with k, M or G after it",
		   text);
}

static int processes_arg(struct check *c, const char *text)
{
	int rc = number_arg(&c->msg, "-j", text, 1, &c->processes);

	if (!rc && c->processes > 4096)
		rc = say(&c->msg, TOOL_USAGE, "-j: '%.40s': at most 4096 processes", text);
	return rc;
}

static int list_arg(struct check *c, const char ***list, uint32_t *n, const char *text)
{
	const char **more = realloc(*list, (*n + 1) * sizeof(**list));

	if (!more)
		return say_no_memory(&c->msg);
	*list = more;
	more[(*n)++] = text;
	return TOOL_OK;
}

/* ---- options ------------------------------------------------------------------------- */

/* Those that are only a text or a flag: where it is kept. */
static const char **text_option(struct check *c, int option)
{
	switch (option) {
	case OPT_SUITE:
		return &c->suite;
	case OPT_MUTANT:
		return &c->mutant;
	case OPT_ONLY:
		return &c->only;
	case OPT_CHECKPOINT:
		return &c->checkpoint;
	case OPT_RESUME:
		return &c->resume;
	case OPT_KEEP:
		return &c->keep;
	case OPT_JSON:
		return &c->json_path;
	case OPT_TABLE:
		return &c->table_path;
	case OPT_COMPARE:
		return &c->compare_path;
	default:
		return NULL;
	}
}

static bool *flag_option(struct check *c, int option)
{
	switch (option) {
	case OPT_LIST:
		return &c->list;
	case OPT_MUTANTS:
		return &c->mutants;
	case OPT_NO_SLEEP:
		return &c->how.search.no_sleep;
	case OPT_NO_MERGE:
		return &c->how.search.no_merge;
	case OPT_NO_CYCLES:
		return &c->how.search.no_cycles;
	case OPT_NO_MINIMISE:
		return &c->no_minimise;
	case OPT_QUIET:
		return &c->quiet;
	case OPT_MERGE:
		return &c->merge;
	default:
		return NULL;
	}
}

static int take_value(struct check *c, int option, const char *arg)
{
	struct search_options *o = &c->how.search;

	switch (option) {
	case 'j':
		return processes_arg(c, arg);
	case OPT_SCENARIO:
		return list_arg(c, &c->scenario, &c->nscenarios, arg);
	case OPT_SHARD:
		return shard_arg(c, arg);
	case OPT_SEARCH:
		return search_arg(c, arg);
	case OPT_RUNS:
		return number_arg(&c->msg, "--runs", arg, 1, &o->runs);
	case OPT_SEED:
		return number_arg(&c->msg, "--seed", arg, 0, &o->seed);
	case OPT_STATES:
		return number_arg(&c->msg, "--max-states", arg, 1, &o->max_states);
	case OPT_SECONDS:
		return number_arg(&c->msg, "--max-seconds", arg, 1, &o->max_seconds);
	case OPT_MEMORY:
		return memory_arg(c, arg);
	case 1:
		return list_arg(c, &c->file, &c->nfiles, arg);
	default: /* getopt has complained */
		return say(&c->msg, TOOL_USAGE, "`irqferry check --help` lists the options");
	}
}

static const char *option_name(int option)
{
	for (size_t i = 0; options[i].name; i++)
		if (options[i].val == option)
			return options[i].name;
	return "";
}

static int take_option(struct check *c, int option, const char *arg)
{
	const char **text = text_option(c, option);
	bool *flag = flag_option(c, option);

	if (text && !*arg)
		return say(&c->msg, TOOL_USAGE, "--%s: an empty name", option_name(option));
	if (text)
		*text = arg;
	if (flag)
		*flag = true;
	return text || flag ? TOOL_OK : take_value(c, option, arg);
}

/* ---- what goes together ----------------------------------------------------------------- */

static int refuse(struct check *c, const char *what)
{
	return say(&c->msg, TOOL_USAGE, "%s", what);
}

/* Exactly one of them says what there is to do. */
static int check_task(struct check *c)
{
	int tasks = !!c->suite + !!c->nscenarios + c->mutants + c->merge;

	if (c->nfiles && !c->merge)
		return say(&c->msg, TOOL_USAGE, "'%.40s': a file is for --merge; scenarios need %s",
			   c->file[0], "--scenario");
	if (!tasks)
		return refuse(c, "nothing to check: give --suite NAME or --scenario TEXT "
				 "(see --help)");
	if (tasks > 1)
		return refuse(c, "only one of --suite, --scenario, --mutants, --merge is allowed");
	if (c->merge && !c->nfiles)
		return refuse(c, "--merge: no FILE");
	return TOOL_OK;
}

static int check_together(struct check *c)
{
	bool searches = !c->merge && !c->list;

	if (c->only && !c->mutants)
		return refuse(c, "--only is for --mutants");
	if (c->mutants && (c->mutant || c->table_path || c->compare_path || c->checkpoint ||
			   c->resume || c->shards > 1))
		return refuse(c, "--mutants goes with --only, -j, --keep, --json, limits and ways "
				 "to search alone");
	if (!searches && (c->keep || c->checkpoint || c->resume || c->mutant))
		return refuse(c, "--keep, --checkpoint, --resume and --mutant are for searches");
	if (c->list && (c->merge || c->json_path || c->table_path || c->compare_path))
		return refuse(c,
			      "--list goes with --suite, --scenario, --shard and --mutants alone");
	if (c->no_minimise && !c->keep && !c->mutants)
		return refuse(c, "--no-minimise is for --keep and --mutants");
	if (c->nscenarios == 1 && c->how.search.search != SEARCH_DEPTH &&
	    (c->checkpoint || c->resume))
		return refuse(c, "--checkpoint and --resume of one scenario: only with "
				 "--search depth");
	return TOOL_OK;
}

static int check_random(struct check *c)
{
	struct search_options *o = &c->how.search;

	if (o->search <= SEARCH_BREADTH && (o->runs || o->seed))
		return refuse(c, "--runs and --seed are for random searches");
	if (o->search > SEARCH_BREADTH && !o->runs)
		o->runs = 1000;
	return TOOL_OK;
}

static void set_defaults(struct check *c)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);

	c->search_name = "depth";
	c->shard = c->shards = 1;
	c->processes = cpus > 0 ? (uint64_t)cpus : 1;
}

int check_args(struct check *c, int argc, char **argv, bool *done)
{
	int option, rc = TOOL_OK;

	set_defaults(c);
	optind = 0; /* another command line than main's */
	while (!rc && (option = getopt_long(argc, argv, "-j:", options, NULL)) != -1) {
		*done = option == OPT_HELP;
		if (*done) {
			fputs(help, stdout);
			return TOOL_OK;
		}
		rc = take_option(c, option, optarg);
	}
	while (!rc && optind < argc) /* what comes after "--" */
		rc = list_arg(c, &c->file, &c->nfiles, argv[optind++]);
	if (!rc)
		rc = check_task(c);
	if (!rc)
		rc = check_together(c);
	return rc ? rc : check_random(c);
}
