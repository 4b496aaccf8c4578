// SPDX-License-Identifier: MIT
/*
 * test_counterexample.c: labels as text, counterexamples as files, and that what is
 * made smaller still shows the same.
 */
#include <stdlib.h>
#include <string.h>
#include "check/minimise.h"
#include "tests/tap.h"

#define COUNT(list) (sizeof(list) / sizeof(*(list)))

/* ---- labels ------------------------------------------------------------------------ */

static void good_labels(void)
{
	static const char *const texts[] = {
		"step.1",    "take.1.35",        "take.3.fe", "fire.0",
		"reach.0.0", "reach.2.65535",    "ipi.2",     "accept.0.0",
		"eoi.35",    "accept.1.1023.63", "poll",      "accept.0.0.2",
		"bound",     "start.1",          "land.0",    "flush.1",
	};
	char again[64];
	label l;

	for (size_t i = 0; i < COUNT(texts); i++) {
		ok(label_parse(texts[i], &l), "label %s", texts[i]);
		label_format(l, again, sizeof(again));
		ok(!strcmp(again, texts[i]), "label %s again: %s", texts[i], again);
	}
	ok(label_parse("accept.1.2.3", &l) && l == label_of(L_ACCEPT, 1, 2 * 64 + 3),
	   "a message, its rank, one CPU of its set");
	ok(label_parse("take.1.35", &l) && l == label_of(L_TAKE, 1, 0x35),
	   "vectors in hexadecimal");
}

static void bad_labels(void)
{
	static const char *const texts[] = {
		"",          "step",          "step.",         "step.01",         "step.-1",
		"step.+1",   "step. 1",       "step.1.2",      "step.1 ",         "take.1",
		"take.1.FE", "take.1.0x35",   "poll.1",        "accept.0.0.0",    "accept.0.0.64",
		"walk.1",    "accept.0.1024", "reach.0.65536", "step.4294967296", "bound.",
		"eoi.0035",  "Step.1",
	};
	label l;

	for (size_t i = 0; i < COUNT(texts); i++)
		ok(!label_parse(texts[i], &l), "no label: '%s'", texts[i]);
}

/* ---- files ------------------------------------------------------------------------- */

#define HEAD "irqferry counterexample 1\n"
#define SCENARIO "scenario msi cpus=2 events=2 | 0: move 0 1\n"

static char error[300];

static bool read_text(const char *text, struct counterexample *c)
{
	FILE *in = fmemopen((void *)text, strlen(text), "r");
	bool good = in && counterexample_read(in, "f", c, error, sizeof(error));

	if (in)
		fclose(in);
	return good;
}

static void good_files(void)
{
	struct counterexample c;
	label l;

	ok(read_text(HEAD "library 0123456789ab\n" SCENARIO "verdict lost\nwhy it: was, so\n"
			  "labels 2 of 41\nfire.0            # device 0 fires\n\nstep.0\n",
		     &c),
	   "a counterexample");
	label_parse("step.0", &l);
	ok(c.n == 2 && c.total == 41 && c.label[1] == l && c.verdict == CHECK_LOST && !c.cycle,
	   "its labels and verdict");
	ok(!strcmp(c.why, "it: was, so") && !strcmp(c.library, "0123456789ab") && !*c.mutant,
	   "its words");
	counterexample_free(&c);
	ok(read_text(HEAD "mutant W4-x\ncycle 1\nverdict livelock\n" SCENARIO
			  "library a\nlabels 1 of 1\nstep.0",
		     &c) &&
		   c.cycle == 1 && !strcmp(c.mutant, "W4-x"),
	   "fields in any order, a mutant, a cycle, no end of the last line");
	counterexample_free(&c);
	ok(read_text(HEAD "library a\n" SCENARIO "verdict broken\nlabels 0 of 9\n", &c),
	   "no labels");
	counterexample_free(&c);
}

static void bad_file(const char *text, const char *where, const char *what)
{
	struct counterexample c;
	bool good = read_text(text, &c);

	if (!ok(!good && strstr(error, where) == error && strstr(error, what), "refused: %s %s",
		where, what))
		diag("said: %s", good ? "nothing" : error);
}

static void bad_files(void)
{
	const char *const whole = "library a\n" SCENARIO "verdict lost\n";
	char text[500];

	bad_file("", "f:0: format: ", "no counterexample");
	bad_file("irqferry counterexample 2\n", "f:1: format: ", "of format 1");
	bad_file(HEAD "library a\n", "f:2: labels: ", "cut short");
	bad_file(HEAD "library a\nlibrary a\n", "f:3: library: ", "given twice");
	bad_file(HEAD "library 0123456789abcdefg\n", "f:2: library: ", "one short word");
	bad_file(HEAD "colour red\n", "f:2: field: ", "'colour': unknown");
	bad_file(HEAD "verdict sad\n", "f:2: verdict: ", "'sad': no verdict");
	bad_file(HEAD "verdict \033[31m\n", "f:2: verdict: ", "'?[31m'");
	bad_file(HEAD "scenario msi cpus=9\n", "f:2: scenario: ", "column 5, 'cpus=9'");
	bad_file(HEAD "labels 1\n", "f:2: labels: ", "'1': 'N of M'");
	bad_file(HEAD "labels -1 of 2\n", "f:2: labels: ", "'N of M'");
	bad_file(HEAD "labels 99999999 of 2\n", "f:2: labels: ", "'N of M'");
	bad_file(HEAD "cycle x\n", "f:2: cycle: ", "a number of labels");
	bad_file(HEAD "labels 0 of 0\n", "f:2: library: ", "missing");
	snprintf(text, sizeof(text), HEAD "%slabels 2 of 3\nstep.0\n", whole);
	bad_file(text, "f:6: labels: ", "fewer of them");
	snprintf(text, sizeof(text), HEAD "%slabels 1 of 3\nstep.0\nstep.0\n", whole);
	bad_file(text, "f:7: labels: ", "more of them");
	snprintf(text, sizeof(text), HEAD "%slabels 1 of 3\nhop.0\n", whole);
	bad_file(text, "f:6: label: ", "'hop.0': no label");
	snprintf(text, sizeof(text), HEAD "%slabels 2 of 3\nstep.0 x3\n", whole);
	bad_file(text, "f:6: labels: ", "more of them");
	snprintf(text, sizeof(text), HEAD "%slabels 2 of 3\nstep.0 y2\n", whole);
	bad_file(text, "f:6: label: ", "'LABEL xN' is expected");
	snprintf(text, sizeof(text), HEAD "%slabels 2 of 3\nstep.0 x0\n", whole);
	bad_file(text, "f:6: label: ", "'LABEL xN' is expected");
	snprintf(text, sizeof(text), HEAD "%scycle 2\nlabels 1 of 3\nstep.0\n", whole);
	bad_file(text, "f:7: cycle: ", "longer than");
}

/* ---- smaller ----------------------------------------------------------------------- */

/* The bound is not kept, which loses events: a violation that is always there. */
static const char broken[] = "msix cpus=3 events=2 fence=root bound=lies | "
			     "0: move 0 1; move 0 2; mask 0";

static void search(struct counterexample *c)
{
	struct search_options o = { .search = SEARCH_DEPTH, .max_states = 1000000 };
	struct search_result r;

	memset(c, 0, sizeof(*c));
	if (!scenario_parse(broken, &c->scenario, error, sizeof(error)))
		bail("%s", error);
	check_search(&c->scenario, &subject_library, &o, &r);
	if (!check_failed(r.verdict) || !r.path)
		bail("no violation: %s", check_verdict_name[r.verdict]);
	strcpy(c->library, library_id);
	c->verdict = r.verdict;
	memcpy(c->why, r.why, sizeof(c->why));
	c->label = r.path;
	c->n = c->total = r.npath;
}

static bool shows(const struct counterexample *c, bool strict)
{
	struct replay_options o = { .strict = strict };
	struct replay_result r;

	counterexample_replay(c, &subject_library, &o, &r);
	free(r.schedule);
	return r.verdict == c->verdict && !r.skipped;
}

static char *write_text(const struct counterexample *c)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	ok(counterexample_write(out, c, &subject_library), "it is written");
	fclose(out);
	return text;
}

static void smaller(void)
{
	struct counterexample c, again;
	char *text, *same;
	uint32_t n;

	search(&c);
	n = c.n;
	ok(shows(&c, true), "a schedule that was found shows its violation again");
	minimise(&c, &subject_library, 30);
	ok(c.n <= n && shows(&c, true), "and so does the minimised one: %u labels of %u", c.n, n);
	ok(scenario_ops(&c.scenario) < 3 && c.scenario.events == 1, "its scenario is smaller");
	text = write_text(&c);
	ok(read_text(text, &again) && again.n == c.n &&
		   !memcmp(again.label, c.label, c.n * sizeof(label)) && shows(&again, true),
	   "what was written is read and shows it");
	same = write_text(&again);
	ok(!strcmp(text, same), "and written again is the same");
	ok(strstr(text, "# device 0 fires") != NULL, "with words");
	free(text);
	free(same);
	counterexample_free(&again);
	search(&again);
	minimise(&again, &subject_library, 30);
	ok(again.n == c.n && !memcmp(again.label, c.label, c.n * sizeof(label)),
	   "minimised once more it is the same");
	counterexample_free(&again);
	counterexample_free(&c);
}

int main(void)
{
	good_labels();
	bad_labels();
	good_files();
	bad_files();
	smaller();
	return tap_done();
}
