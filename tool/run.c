// SPDX-License-Identifier: MIT
/*
 * irqferry run: storms over described and real machines. Everything is read and
 * checked before the first storm, so that bad input leaves nothing half done.
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "command.h"
#include "output.h"
#include "report.h"

#define MACHINES_MAX 64

struct run {
	bool has_seed, quiet, json;
	uint64_t seed, events;
	const char *json_path; /* null: standard output */
	const char *fallback;
	char note[sizeof(struct message)]; /* why the fallback runs */

	struct {
		const char *path;
		bool is_dir;
	} asked[MACHINES_MAX];
	size_t nasked;
	struct machine machines[MACHINES_MAX];
	size_t nmachines;

	struct output report; /* to json_path */
	json_t *storms;
	struct summary sum;
	struct message msg;
};

static int complain(int code, const char *text)
{
	fprintf(stderr, "irqferry run: %s\n", text);
	return code;
}

/* ---- command line ---------------------------------------------------------- */

static const char help[] =
	"usage: irqferry run [OPTIONS] [--machine DIR] [FILE ...]\n"
	"\n"
	"Simulates each machine in the order given, and moves its interrupts from CPU to\n"
	"CPU while CPUs go offline and come back. Every event of a device must be handled\n"
	"once, or merge with an earlier one that is still pending: none may be lost.\n"
	"\n"
	"  FILE             a scenario (docs/scenario.md)\n"
	"  --machine DIR    CPUs and interrupts from DIR/proc/interrupts and\n"
	"                   DIR/sys/devices/system/cpu/online; / is this machine\n"
	"  --fallback FILE  run this scenario where a --machine can't be read, has one\n"
	"                   CPU, or no interrupts to move\n"
	"  --seed N         another storm (default: the scenario's seed, or 1)\n"
	"  --events N       device events of each storm; its other numbers are scaled\n"
	"  --json[=FILE]    a JSON report to FILE, or to standard output instead of text\n"
	"  --quiet          only violations and the summary\n"
	"  --help           this text\n"
	"\n"
	"Progress is shown where standard error is a terminal.\n"
	"\n"
	"exit codes: 0 clean, 1 a violation was found, 2 bad command line, 3 bad scenario\n"
	"or /proc text, 4 the machine can't be built (no vectors left, ...), 5 out of memory\n"
	"or the output can't be written\n"
	"\n"
	"example: irqferry run --machine / --seed 7 scenarios/recorded-8cpu.yaml\n";

enum { OPT_SEED = 256, OPT_EVENTS, OPT_JSON, OPT_MACHINE, OPT_FALLBACK, OPT_QUIET, OPT_HELP };

static int ask(struct run *run, const char *path, bool is_dir)
{
	if (!*path)
		return say(&run->msg, TOOL_USAGE, "%s: an empty name",
			   is_dir ? "--machine" : "FILE");
	if (run->nasked == MACHINES_MAX)
		return say(&run->msg, TOOL_USAGE, "FILE: more than %d machines", MACHINES_MAX);
	run->asked[run->nasked].path = path;
	run->asked[run->nasked++].is_dir = is_dir;
	return TOOL_OK;
}

static int take_option(struct run *run, int option, const char *arg)
{
	switch (option) {
	case 1:
		return ask(run, arg, false);
	case OPT_SEED:
		run->has_seed = true;
		return number_arg(&run->msg, "--seed", arg, 0, &run->seed);
	case OPT_EVENTS:
		return number_arg(&run->msg, "--events", arg, 1, &run->events);
	case OPT_JSON:
		run->json = true;
		run->json_path = arg;
		return TOOL_OK;
	case OPT_MACHINE:
		return ask(run, arg, true);
	case OPT_FALLBACK:
		run->fallback = arg;
		return TOOL_OK;
	case OPT_QUIET:
		run->quiet = true;
		return TOOL_OK;
	default: /* getopt has complained */
		return say(&run->msg, TOOL_USAGE, "`irqferry run --help` lists the options");
	}
}

/* *done: nothing is left to do. */
static int parse_args(struct run *run, int argc, char **argv, bool *done)
{
	static const struct option options[] = {
		{ "seed", required_argument, NULL, OPT_SEED },
		{ "events", required_argument, NULL, OPT_EVENTS },
		{ "json", optional_argument, NULL, OPT_JSON },
		{ "machine", required_argument, NULL, OPT_MACHINE },
		{ "fallback", required_argument, NULL, OPT_FALLBACK },
		{ "quiet", no_argument, NULL, OPT_QUIET },
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
		rc = take_option(run, option, optarg);
	}
	while (!rc && optind < argc) /* what comes after "--" */
		rc = ask(run, argv[optind++], false);
	if (!rc && !run->nasked)
		rc = say(&run->msg, TOOL_USAGE,
			 "no machine: give a scenario FILE or --machine DIR (see --help)");
	return rc;
}

/* ---- input ------------------------------------------------------------------- */

static uint64_t scale(uint64_t value, uint64_t to, uint64_t from)
{
	uint64_t scaled = (uint64_t)((double)value * (double)to / (double)from);

	return value && !scaled ? 1 : scaled;
}

static void apply_options(const struct run *run, struct storm_spec *spec)
{
	if (run->has_seed)
		spec->seed = run->seed;
	if (!run->events)
		return;
	spec->moves = scale(spec->moves, run->events, spec->events);
	spec->cycles = scale(spec->cycles, run->events, spec->events);
	spec->recreations = scale(spec->recreations, run->events, spec->events);
	spec->masks = scale(spec->masks, run->events, spec->events);
	spec->requests = scale(spec->requests, run->events, spec->events);
	spec->overrides = scale(spec->overrides, run->events, spec->events);
	spec->events = run->events;
}

static int load(struct run *run, const char *path, bool is_dir)
{
	struct machine *m = &run->machines[run->nmachines];
	int rc;

	machine_init(m, path, is_dir);
	rc = is_dir ? procfs_load(path, m, &run->msg) : scenario_load(path, m, &run->msg);
	if (rc) {
		machine_free(m);
		return rc;
	}
	apply_options(run, &m->spec);
	run->nmachines++;
	return TOOL_OK;
}

static int load_all(struct run *run)
{
	int rc = TOOL_OK;

	for (size_t i = 0; !rc && i < run->nasked; i++) {
		rc = load(run, run->asked[i].path, run->asked[i].is_dir);
		if (rc != TOOL_INPUT || !run->asked[i].is_dir || !run->fallback)
			continue;
		memcpy(run->note, run->msg.text, sizeof(run->note));
		rc = load(run, run->fallback, false);
	}
	return rc;
}

/* ---- output ------------------------------------------------------------------ */

static int open_json(struct run *run)
{
	return run->json_path ? output_open(&run->report, run->json_path, &run->msg) : TOOL_OK;
}

static int close_json(struct run *run)
{
	json_t *top = summary_json(&run->sum, run->storms);
	int rc;

	if (run->json_path)
		rc = output_json(run->report.file, run->json_path, top, &run->msg);
	else
		rc = output_json(stdout, "standard output", top, &run->msg);
	json_decref(top);
	return rc || !run->json_path ? rc : output_close(&run->report, &run->msg);
}

/* ---- progress ------------------------------------------------------------------ */

struct progress {
	const char *name;
	double began, shown;
	bool on, dirty;
};

static void show_progress(void *arg, double share, uint64_t raised)
{
	struct progress *p = arg;
	double now = seconds(), spent = now - p->began;

	if (!p->on || now - p->shown < 0.1 || spent <= 0)
		return;
	p->shown = now;
	p->dirty = true;
	fprintf(stderr, "\r%s: %.0f %%, %.2f M events/s", p->name, 100 * share,
		(double)raised / spent / 1e6);
	if (share > 0.02)
		fprintf(stderr, ", %.0f s left", spent * (1 - share) / share);
	fputs("\033[K", stderr);
}

static void end_progress(struct progress *p)
{
	if (p->dirty)
		fputs("\r\033[K", stderr);
}

/* ---- storms ------------------------------------------------------------------- */

/* The command that makes this storm again. The name in single quotes, if a shell
 * would read it as something else. */
static void repeat_command(const struct run *run, const struct machine *m, char *text, size_t size)
{
	bool plain = !m->path[strspn(m->path, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					      "0123456789_-./+,:@%")];
	char events[48] = "";

	if (run->events)
		snprintf(events, sizeof(events), " --events %" PRIu64, run->events);
	snprintf(text, size, "irqferry run --seed %" PRIu64 "%s %s%s%s%s", m->spec.seed, events,
		 m->from_proc ? "--machine " : "", plain ? "" : "'", m->path, plain ? "" : "'");
}

static int storm_failed(struct run *run, const struct machine *m, int status, const char *error)
{
	int code = TOOL_MACHINE;

	if (status == FERRY_E_BUG)
		code = TOOL_VIOLATION;
	else if (status == FERRY_E_INVALID)
		code = TOOL_INPUT;
	else if (status == FERRY_E_MEMORY)
		code = TOOL_IO;
	return say(&run->msg, code, "%s: the machine: %s%s", m->path,
		   *error ? error : "can't be built",
		   status == FERRY_E_NO_SPACE ?
			   " (no vectors left: fewer interrupts, or more CPUs)" :
			   "");
}

static int show_storm(struct run *run, const struct machine *m, const struct storm_report *r)
{
	char repeat[5000];

	repeat_command(run, m, repeat, sizeof(repeat));
	summary_add(&run->sum, r);
	if (run->json && json_array_append_new(run->storms, report_json(m, r, repeat)))
		return say_no_memory(&run->msg);
	if (run->json && !run->json_path)
		return TOOL_OK;
	if (!run->quiet)
		report_print(stdout, m, r, repeat);
	else if (!storm_clean(r)) {
		printf("%s (%s)\n", m->name, m->path);
		report_violations(stdout, r);
		printf("  %-14s%s\n", "repeat", repeat);
	}
	fflush(stdout);
	return TOOL_OK;
}

static int run_storm(struct run *run, struct machine *m)
{
	struct progress progress = { m->name, seconds(), 0, false, false };
	struct storm_report report;
	char error[300] = "";
	int status, rc;

	progress.on = !run->quiet && isatty(STDERR_FILENO);
	memset(&report, 0, sizeof(report));
	status = storm_run(&m->spec, &report, show_progress, &progress, error, sizeof(error));
	end_progress(&progress);
	rc = status < 0 ? storm_failed(run, m, status, error) : show_storm(run, m, &report);
	storm_report_free(&report);
	return rc;
}

static int run_all(struct run *run)
{
	int rc = TOOL_OK;

	run->sum.clean = true;
	run->storms = json_array();
	if (!run->storms)
		return say_no_memory(&run->msg);
	if (*run->note)
		fprintf(run->json && !run->json_path ? stderr : stdout, "%s; %s instead\n\n",
			run->note, run->fallback);
	for (size_t i = 0; !rc && i < run->nmachines; i++)
		rc = run_storm(run, &run->machines[i]);
	if (!rc && run->json)
		rc = close_json(run);
	if (!rc && !(run->json && !run->json_path))
		summary_print(stdout, &run->sum);
	if (rc)
		return rc;
	return run->sum.clean ? TOOL_OK : TOOL_VIOLATION;
}

static void clean_up(struct run *run)
{
	for (size_t i = 0; i < run->nmachines; i++)
		machine_free(&run->machines[i]);
	output_drop(&run->report);
	json_decref(run->storms);
	free(run);
}

int command_run(int argc, char **argv)
{
	struct run *run = calloc(1, sizeof(*run));
	bool done = false;
	int rc;

	if (!run)
		return complain(TOOL_IO, "out of memory");
	rc = parse_args(run, argc, argv, &done);
	if (!rc && !done)
		rc = load_all(run);
	if (!rc && !done)
		rc = open_json(run);
	if (!rc && !done)
		rc = run_all(run);
	if (*run->msg.text && rc)
		complain(rc, run->msg.text);
	clean_up(run);
	return rc;
}
