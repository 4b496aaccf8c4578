// SPDX-License-Identifier: MIT
/* What `irqferry check` says: scenarios that failed, totals, progress. */
#include <inttypes.h>
#include <string.h>
#include <unistd.h>
#include "check.h"

/* ---- totals ----------------------------------------------------------------------- */

const char *item_verdict(const struct item *item)
{
	return outcome_unfinished(item->o) ? "unfinished" : check_verdict_name[item->o->verdict];
}

static void add_sizes(struct totals *t, const struct item *item)
{
	const struct outcome *o = item->o;

	t->states += o->states;
	t->transitions += o->transitions;
	t->terminal += o->terminal;
	t->runs += o->runs;
	t->seconds += o->seconds;
	if (o->depth > t->depth)
		t->depth = o->depth;
	if (!t->largest || o->states > t->largest->o->states)
		t->largest = item;
}

void totals_add(struct totals *t, const struct item *item)
{
	const struct outcome *o = item->o;
	bool unfinished = outcome_unfinished(o);

	t->scenarios++;
	t->exhausted += o->exhausted;
	t->resumed += o->resumed;
	t->random += o->random;
	t->unwritten += o->unwritten;
	t->unfinished += unfinished;
	t->not_run += o->state == JOB_WAITING && !o->states;
	t->violations += !unfinished && check_failed(o->verdict);
	t->refused += !unfinished && o->verdict == CHECK_REFUSED;
	t->failed = t->unfinished + t->violations + t->refused;
	t->passed = t->scenarios - t->failed;
	if (unfinished)
		t->limit[o->limit]++;
	add_sizes(t, item);
}

static void print_limits(const struct totals *t)
{
	const char *before = ": ";

	printf("%-14s", "limits");
	if (!t->unfinished)
		fputs("none was reached", stdout);
	else
		printf("%" PRIu32 " unfinished", t->unfinished);
	for (int i = LIMIT_NONE + 1; i < LIMITS; i++) {
		if (!t->limit[i])
			continue;
		printf("%s%s %" PRIu32, before, limit_name[i], t->limit[i]);
		before = ", ";
	}
	if (t->not_run)
		printf("%snot run %" PRIu32, before, t->not_run);
	putchar('\n');
}

static void print_largest(const struct totals *t)
{
	if (t->largest)
		printf("%-14s%" PRIu64 " states, %" PRIu64 " transitions: %s\n", "largest",
		       t->largest->o->states, t->largest->o->transitions, t->largest->name);
}

/* The bounds of what was seen, and the last line. */
void report_totals(const struct check *c)
{
	const struct totals *t = &c->sum;

	if (!c->quiet) {
		printf("%-14s%" PRIu32 " of %" PRIu32 " scenarios exhausted; %" PRIu64
		       " states, %" PRIu64 " transitions, %" PRIu64
		       " ends; longest schedule %" PRIu32 "\n",
		       "bounds", t->exhausted, t->scenarios, t->states, t->transitions, t->terminal,
		       t->depth);
		print_largest(t);
		print_limits(t);
		if (t->random)
			printf("%-14s%" PRIu64 " random schedules of %" PRIu32 " scenarios\n",
			       "runs", t->runs, t->random);
		if (t->resumed)
			printf("%-14s%" PRIu32 " were finished before\n", "resumed", t->resumed);
		printf("%-14s%.1f s, searches alone %.1f s\n", "time", seconds() - c->began,
		       t->seconds);
	} else if (t->unfinished) {
		print_limits(t);
	}
	if (c->differences)
		printf("%-14s%" PRIu32 " to %s\n", "differences", c->differences, c->compare_path);
	printf("%" PRIu32 " passed, %" PRIu32 " failed\n", t->passed, t->failed);
}

/* ---- one scenario ------------------------------------------------------------------ */

void print_quoted(FILE *out, const char *text)
{
	bool plain = *text &&
		     !text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					"0123456789_-./+,:@%")];

	if (plain) {
		fputs(text, out);
		return;
	}
	fputc('\'', out);
	for (; *text; text++)
		*text == '\'' ? fputs("'\\''", out) : fputc(*text, out);
	fputc('\'', out);
}

static void print_option(const char *name, uint64_t value)
{
	if (value)
		printf(" --%s %" PRIu64, name, value);
}

/* What makes this search again, and writes what it finds. */
static void print_search(const struct check *c, const struct item *item)
{
	const struct search_options *o = &c->how.search;

	printf("irqferry check");
	if (c->mutant)
		printf(" --mutant %s", c->mutant);
	if (o->search != SEARCH_DEPTH)
		printf(" --search %s", c->search_name);
	print_option("runs", o->runs);
	print_option("seed", o->seed);
	printf("%s%s%s", o->no_sleep ? " --no-sleep-sets" : "", o->no_merge ? " --no-merge" : "",
	       o->no_cycles ? " --no-cycles" : "");
	fputs(" --keep . --scenario ", stdout);
	print_quoted(stdout, item->name);
	putchar('\n');
}

static void print_failed(const struct check *c, const struct item *item)
{
	const struct outcome *o = item->o;

	printf("FAILED %s\n  %-12s%s\n", item->name, check_verdict_name[o->verdict],
	       o->resumed ? "found before, by the run that this one goes on with" : o->why);
	if (o->total)
		printf("  %-12s%" PRIu32 " of %" PRIu32 ": %s\n", "labels", o->labels, o->total,
		       o->scenario);
	if (o->stray)
		printf("  %-12s%s\n", "but", "a replay of this schedule shows something else");
	if (o->unwritten)
		printf("  %-12s%s can't be written\n", "file", item->file);
	printf("  %-12s", "replay");
	if (item->file && o->total && !o->unwritten) {
		fputs("irqferry replay ", stdout);
		print_quoted(stdout, item->file);
		putchar('\n');
	} else {
		print_search(c, item);
	}
}

static void print_sizes(const struct item *item)
{
	const struct outcome *o = item->o;

	printf("  %-12s%" PRIu64 ", transitions %" PRIu64 ", ends %" PRIu64
	       ", longest schedule %" PRIu32,
	       "states", o->states, o->transitions, o->terminal, o->depth);
	if (o->random)
		printf(", schedules %" PRIu64, o->runs);
	puts(o->exhausted ? ", exhausted" : "");
}

/* Of a suite only what went wrong. */
void report_item(const struct check *c, const struct item *item)
{
	const struct outcome *o = item->o;

	if (o->state == JOB_WAITING && !o->states)
		return;
	if (outcome_unfinished(o)) {
		printf("UNFINISHED %s\n  %-12s%s\n", item->name, "limit", limit_name[o->limit]);
		print_sizes(item);
	} else if (check_failed(o->verdict)) {
		print_failed(c, item);
	} else if (o->verdict == CHECK_REFUSED) {
		printf("REFUSED %s\n  %-12s%s\n", item->name, "why", o->why);
	} else if (!c->quiet && !c->suite && !c->merge) {
		printf("PASSED %s\n", item->name);
		print_sizes(item);
	}
	fflush(stdout);
}

/* ---- progress ------------------------------------------------------------------------ */

void progress_start(struct progress *p, bool on)
{
	*p = (struct progress){ .on = on && isatty(STDERR_FILENO), .began = seconds() };
}

void progress_hide(struct progress *p)
{
	if (p->dirty)
		fputs("\r\033[K", stderr);
	p->dirty = false;
}

static void show_rates(const struct pool *pool, double spent)
{
	uint64_t states = 0, frontier = 0, memory = 0;
	const struct pool_slot *slot;

	for (unsigned int i = 0; i < pool->processes; i++) {
		slot = pool_slot(pool, i);
		states += slot->ended + slot->states;
		frontier += slot->frontier;
		memory += slot->memory;
	}
	fprintf(stderr, ", %.0f states/s, frontier %" PRIu64 ", %.0f MB", (double)states / spent,
		frontier, (double)memory / 1e6);
}

void progress_show(struct progress *p, const struct pool *pool, uint32_t done, double share)
{
	double now = seconds(), spent = now - p->began;

	if (!p->on || now - p->shown < 0.2 || spent <= 0)
		return;
	p->shown = now;
	p->dirty = true;
	fprintf(stderr, "\r%" PRIu32 "/%" PRIu32, done, pool->n);
	show_rates(pool, spent);
	if (share > 0.001)
		fprintf(stderr, ", %.0f s left", spent * (1 - share) / share);
	fputs("\033[K", stderr);
}
