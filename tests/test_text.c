/* SPDX-License-Identifier: MIT */
/* test_text.c: states in words, cut where the buffer ends, and the counters. */
#include <string.h>
#include "tests/script.h"

static char text[200];

static const char *irq_text(uint32_t src)
{
	size_t n;

	machine_look(S.m);
	n = ferry_irq_describe(S.f, S.m->source[src].irq, text, sizeof(text));
	machine_looked(S.m);
	check_eq(n, strlen(text), "length told");
	return text;
}

static void says(uint32_t src, const char *what)
{
	const char *got = irq_text(src);

	check(strstr(got, what) != NULL, "\"%s\" does not say \"%s\"", got, what);
}

static void states(void)
{
	begin(&(struct options){ .cpus = 3 }, "words: each state of a move has its own");
	says(0, "settled");
	says(0, "on CPU 0");
	move(0, BIT(1));
	says(0, "moving");
	says(0, "on CPU 1");
	says(0, "still to clear the old place: 1");
	move(0, BIT(2));
	says(0, "queued");
	pass_bound();
	says(0, "draining");
	release(0, 0);
	says(0, "being freed");
	check(release_all(0), "free");
	end();
}

static void shortage(void)
{
	begin(&(struct options){ .sources = 3, .bare = true, .first = 0x40, .last = 0x41 },
	      "words: a request that starves says what it waits for");
	make(0, BIT(1));
	make(1, BIT(1));
	make(2, BIT(0));
	move(2, BIT(2));
	check_eq(move(2, BIT(1)), FERRY_OK, "queued for a full CPU");
	pass_bound();
	run_quiet();
	says(2, "waits for a free vector");
	check(release_all(0), "free");
	run_quiet();
	check(!strstr(irq_text(2), "waits"), "%s", text);
	check_eq(place(2), BIT(1), "place");
	end();
}

static void cut(void)
{
	char small[8];
	size_t whole, n;

	begin(&(struct options){ .cpus = 2 }, "words: cut at the end of the buffer, length told");
	whole = strlen(irq_text(0));
	machine_look(S.m);
	n = ferry_irq_describe(S.f, 0, small, sizeof(small));
	check_eq(n, whole, "length wanted");
	check_eq(strlen(small), sizeof(small) - 1, "length written");
	check(!strncmp(small, irq_text(0), sizeof(small) - 1), "another text: %s", small);
	machine_look(S.m);
	check_eq(ferry_irq_describe(S.f, 0, NULL, 0), whole, "length without a buffer");
	machine_looked(S.m);
	end();
}

static void cpus(void)
{
	begin(&(struct options){ .cpus = 2 }, "words: a CPU, an offline one, and none");
	machine_look(S.m);
	ferry_cpu_describe(S.f, 0, text, sizeof(text));
	check(strstr(text, "CPU 0: online") && strstr(text, "in use: 1"), "%s", text);
	ferry_cpu_describe(S.f, 7, text, sizeof(text));
	check(strstr(text, "no such CPU") != NULL, "%s", text);
	ferry_irq_describe(S.f, 99, text, sizeof(text));
	check(strstr(text, "no such interrupt") != NULL, "%s", text);
	machine_looked(S.m);
	check_eq(offline(1, EMPTY), FERRY_OK, "offline");
	machine_look(S.m);
	ferry_cpu_describe(S.f, 1, text, sizeof(text));
	machine_looked(S.m);
	check(strstr(text, "CPU 1: offline") != NULL, "%s", text);
	end();
}

/* Every code has a text of its own. */
static void codes(void)
{
	const int all[] = { FERRY_OK,         FERRY_E_AGAIN,       FERRY_E_NO_SPACE, FERRY_E_NO_CPU,
			    FERRY_E_NO_BOUND, FERRY_E_UNREACHABLE, FERRY_E_INVALID,  FERRY_E_STATE,
			    FERRY_E_NO_MASK,  FERRY_E_NO_IRQ,      FERRY_E_PENDING,  FERRY_E_MEMORY,
			    FERRY_E_BUG };

	begin(&(struct options){ 0 }, "words: each status has a text of its own");
	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
		for (size_t j = 0; j < i; j++)
			check(strcmp(ferry_status_text(all[i]), ferry_status_text(all[j])),
			      "%d and %d both say \"%s\"", all[i], all[j],
			      ferry_status_text(all[i]));
	check(!strcmp(ferry_status_text(-1234), "unknown status"), "an unknown code");
	end();
}

static void counted(void)
{
	const struct ferry_counters *c = S.counters;

	begin(&(struct options){ .cpus = 2 }, "counters: what arrived, started, waited, strayed");
	raise_irq(0);
	take(0);
	check_eq(c[0].arrivals, 1, "arrivals");
	check_eq(c[0].starts, 1, "starts");
	mask(0);
	fire(0);
	unmask(0);
	arrive(0);
	take(0);
	check_eq(c[0].starts, 2, "starts after unmask");
	stray(1, 0x55);
	take(1);
	check_eq(c[1].unexpected, 1, "unexpected");
	check_eq(c[1].arrivals, 0, "arrivals elsewhere");
	end();
}

int main(void)
{
	states();
	shortage();
	cut();
	cpus();
	codes();
	counted();
	return script_done();
}
