// SPDX-License-Identifier: MIT
/*
 * test_guest_scenarios.c: scenarios with a guest, explored: the holes that other virtual
 * GICs had (H1 to H6, check/named.inc), and the smallest ones.
 */
#include <stdlib.h>
#include <string.h>
#include "check/explore.h"
#include "check/generate.h"
#include "tests/tap.h"

static struct scenario must(const char *text)
{
	struct scenario s;
	char error[200];

	if (!scenario_parse(text, &s, error, sizeof(error)))
		bail("%s: %s", text, error);
	return s;
}

static struct search_result explored(const char *text)
{
	const struct scenario s = must(text);
	const struct search_options o = { .max_seconds = 250 };
	struct search_result r;

	check_search(&s, &subject_library, &o, &r);
	free(r.path);
	return r;
}

static void holes(void)
{
	bool seen[7] = { false };

	for (uint32_t i = 0; i < named_count; i++) {
		const struct named *n = &named_scenarios[i];
		struct search_result r;

		if (n->what[0] != 'H' || n->what[2] != ':' || strcmp(n->suites, "vgic"))
			continue;
		r = explored(n->text);
		if (!ok(r.verdict == CHECK_PASSED && r.exhausted, "%s", n->what))
			diag("%s: %s %s", n->text, check_verdict_name[r.verdict], r.why);
		if (n->what[1] >= '1' && n->what[1] <= '6')
			seen[n->what[1] - '0'] = true;
	}
	for (int h = 1; h <= 6; h++)
		ok(seen[h], "H%d is among them", h);
}

/* A guest without a device, a CPU without a guest: there is one state after the other, and an
 * end. */
static void small_ones(void)
{
	struct search_result r = explored("vedge cpus=1 events=0 vcpus=1 | 0: run 0");

	ok(r.verdict == CHECK_PASSED && r.exhausted && r.states == 1, "nothing can happen");
	r = explored("hwedge cpus=2 events=1 gic=2 vgic=2 lrs=1 | 1: run 0");
	ok(r.verdict == CHECK_PASSED && r.exhausted && r.terminal >= 2,
	   "it fires or it does not: two ends at least");
}

/* What a scenario says to the library must be something that it can be told. */
static void refused(void)
{
	const struct scenario s = must("vedge cpus=1 events=0 | 0: run 0");
	struct subject no_guests = subject_library;
	const struct search_options o = { .max_states = 10 };
	struct search_result r;

	no_guests.guest = NULL;
	check_search(&s, &no_guests, &o, &r);
	free(r.path);
	is_int(r.verdict, CHECK_REFUSED, "a subject that has no guests");
}

int main(void)
{
	small_ones();
	refused();
	holes();
	return tap_done();
}
