/* SPDX-License-Identifier: MIT */
/* What the parts of `irqferry check` share. */
#ifndef IRQFERRY_TOOL_CHECK_H
#define IRQFERRY_TOOL_CHECK_H

#include "check/generate.h"
#include "check/suite.h"
#include "output.h"

/* One scenario of the suite and what became of it. */
struct item {
	struct scenario s;
	char *name;
	double weight;     /* how much of all the work, roughly */
	bool mine;         /* of this shard */
	struct outcome *o; /* null: not of this shard */
	const char *file;  /* of its counterexample, or null */
};

struct totals {
	uint32_t scenarios, exhausted, passed, failed;
	uint32_t violations, refused, unfinished; /* kinds of failed */
	uint32_t not_run, resumed, random, unwritten;
	uint32_t limit[LIMITS];
	uint64_t states, transitions, terminal, runs;
	uint32_t depth;
	const struct item *largest;
	double seconds; /* of all searches */
};

/* A table: a line `STATES TRANSITIONS VERDICT SCENARIO` for each scenario. */
struct row {
	char *name;
	const char *verdict; /* a word of the tables, the same pointer for each */
	bool counted;
	uint64_t states, transitions;
};

struct rows {
	struct arena arena;
	char *title; /* the first line, if it is a comment, or null */
	struct row *row;
	uint32_t n;
	const struct row **by_name;
};

struct progress {
	bool on, dirty;
	double began, shown;
};

struct check {
	/* the command line */
	const char *suite, *search_name;
	const char **scenario; /* of --scenario */
	uint32_t nscenarios;
	const char *json_path, *table_path, *compare_path;
	const char *keep, *checkpoint, *resume, *mutant, *only;
	uint64_t shard, shards; /* 1 .. N, N */
	uint64_t processes;     /* -j, then those there really are */
	uint64_t max_memory;    /* of all of them; 0: not said */
	bool list, quiet, mutants, merge, no_minimise;
	const char **file; /* of --merge */
	uint32_t nfiles;

	struct suite_how how;
	struct item *item; /* of the whole suite, in its order */
	uint32_t n;
	uint32_t *job;         /* of the pool: index of its item */
	struct outcome *known; /* of items that no pool ran */
	struct pool pool;

	struct output json, table;
	FILE *checkpoint_file;
	struct progress progress;
	uint32_t told; /* items reported so far */
	struct totals sum;
	uint32_t differences; /* to the table of --compare */
	double began;
	struct arena arena;
	struct message msg;
};

/* ---- check_args.c ---------------------------------------------------------------- */

/* *done: nothing is left to do, --help was asked. */
int check_args(struct check *c, int argc, char **argv, bool *done);

/* ---- check_report.c -------------------------------------------------------------- */

void totals_add(struct totals *t, const struct item *item);
/* passed, a violation, refused, unfinished */
const char *item_verdict(const struct item *item);
void report_item(const struct check *c, const struct item *item);
void report_totals(const struct check *c);

void progress_start(struct progress *p, bool on);
/* `done` of `n` jobs, `share` of all the work. */
void progress_show(struct progress *p, const struct pool *pool, uint32_t done, double share);
void progress_hide(struct progress *p); /* before something else is written */

/* Text in single quotes, if a shell would read it as something else. */
void print_quoted(FILE *out, const char *text);

/* ---- check_json.c ---------------------------------------------------------------- */

json_t *check_json(const struct check *c); /* or null without memory */
/* Items and outcomes from the JSON files of all shards. */
int merge_read(struct check *c);

/* ---- rows.c ---------------------------------------------------------------------- */

int rows_read(struct rows *t, const char *path, struct message *msg);
const struct row *rows_find(const struct rows *t, const char *name);
void rows_free(struct rows *t);
void row_put(FILE *out, const struct item *item);
/* Prints each difference; returns how many there are. */
uint32_t rows_compare(const struct rows *t, const struct check *c);

/* ---- check_mutants.c ------------------------------------------------------------- */

/* Become irqferry-mutants, in the directory of this program, with the same arguments;
 * returns only if that can't be. */
int mutants_exec(int argc, char **argv, struct message *msg);
/* --mutants */
int check_mutants(struct check *c);
/* The name of --mutant made whole, and chosen. */
int choose_mutant(const char **name, struct message *msg);

/* ---- check.c --------------------------------------------------------------------- */

/* Open --json and --table, make the directory of --keep. */
int check_open(struct check *c);
/* How many processes run so many jobs, and what memory each may take. */
void share_machine(struct check *c, uint32_t jobs);
/* keep/NAME, or null where nothing is kept. */
int keep_name(struct check *c, const char *name, const char **file);

#endif
