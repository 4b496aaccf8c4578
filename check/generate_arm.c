// SPDX-License-Identifier: MIT
/* generate_arm.c: the suite of Arm machines. */
#include <stdio.h>
#include <string.h>
#include "generate_int.h"

/* A kind of interrupt, on each GIC that has it, with both modes of EOI. */
static const struct {
	const char *text;
	bool pairs; /* also two operations */
} machines[] = {
	{ "spi cpus=3 events=2", true },        { "spi cpus=3 events=2 split", false },
	{ "spi cpus=3 events=2 gic=2", true },  { "spi cpus=3 events=2 gic=2 split", false },
	{ "line cpus=3 events=2", true },       { "line cpus=3 events=2 split", true },
	{ "line cpus=3 events=2 gic=2", true }, { "line cpus=3 events=2 gic=2 split", false },
	{ "espi cpus=3 events=2", false },      { "lpi cpus=3 events=2", true },
	{ "lpi cpus=3 events=2 split", false },
};

/* With commands in a queue what goes on at the same time multiplies: an LPI has one event
 * where there are two operations. */
static bool is_lpi(const char *machine)
{
	return machine[0] == 'l' && machine[1] == 'p';
}

static const char *with_one_event(const char *machine, char *text, size_t size)
{
	const char *events = strstr(machine, "events=2");

	snprintf(text, size, "%.*sevents=1%s", (int)(events - machine), machine,
		 events + strlen("events=2"));
	return text;
}

static void default_hardware(struct maker *k, const char *machine, bool pairs)
{
	char base[2 * SCENARIO_TEXT], text[SCENARIO_TEXT];

	suite_combine(k, machine, suite_single, 1, suite_sensible);
	if (is_lpi(machine))
		machine = with_one_event(machine, text, sizeof(text));
	if (pairs)
		suite_combine(k, machine, suite_single, 2, suite_sensible);
	suite_combine(k, machine, suite_natural, 1, suite_sensible);
	snprintf(base, sizeof(base), "%s away=1 | 1: online", machine);
	suite_combine(k, base, suite_single, 0, suite_sensible);
	suite_combine(k, base, suite_single, 1, suite_sensible);
}

/* An option, and the operations that it can matter to; 0: all. */
static const struct {
	const char *text;
	unsigned int ops;
} profiles[] = {
	{ "slow", MOVERS | BIT(OP_FREE) },
	{ "weak", 0 },
	{ "nested", 0 },
	{ "leave=off", LEAVING },
	{ "pinned", MOVERS },
	{ "pinned restore", BIT(OP_ONLINE) },
	{ "rd=kept", BIT(OP_ONLINE) },
	{ "poll=soon", MOVERS | BIT(OP_FREE) },
	{ "slow nested", MOVERS },
	{ "slow leave=off", LEAVING },
};

static void under_profile(struct maker *k, const char *machine, const char *text, unsigned int ops)
{
	char base[SCENARIO_TEXT], one[SCENARIO_TEXT];
	uint32_t from = k->out->n;
	size_t n;

	if (is_lpi(machine))
		machine = with_one_event(machine, one, sizeof(one));
	n = (size_t)snprintf(base, sizeof(base), "%s %s", machine, text);

	suite_combine(k, base, suite_whole, 1, suite_on_two_cpus);
	for (int cpu = 0; cpu < 2; cpu++) {
		snprintf(base + n, sizeof(base) - n, " | %d: move 0 1", cpu);
		suite_combine(k, base, suite_whole, 1, suite_on_two_cpus);
	}
	if (ops)
		suite_keep(k, from, ops);
}

static const char *const pairs[] = {
	"spi,spi cpus=3 events=1",       "spi,line cpus=3 events=1",
	"spi,lpi cpus=3 events=1",       "lpi,lpi cpus=3 events=1",
	"espi,lpi cpus=3 events=1 slow", "spi,line cpus=3 events=1 gic=2",
};

static const char both[] = "move 0 1, move 1 1, move 1 2, offline, free 0; create 0, mask 1";

/* GICv2's 1-N model: sets that grow, shrink, lose a CPU. */
static void several(struct maker *k, const char *kind)
{
	static const char sets[] = "move 0 1, move 0 1+2, move 0 0+1, offline, offline; online, "
				   "mask 0; unmask 0, free 0";
	char base[SCENARIO_TEXT];

	snprintf(base, sizeof(base), "%s cpus=3 events=2 gic=2 several", kind);
	suite_combine(k, base, sets, 1, suite_sensible);
	suite_combine(k, base, sets, 2, suite_sensible);
	strcat(base, " slow nested");
	suite_combine(k, base, sets, 1, suite_sensible);
}

/* An ITS goes through its queue while CPUs go on: what stirs there, two at a time, is
 * large. By what was measured: below 100,000 states. */
static bool small(const struct scenario *s)
{
	unsigned int moves = suite_count(s, BIT(OP_MOVE), -1),
		     frees = suite_count(s, BIT(OP_FREE), -1);
	unsigned int leaves = suite_count(s, BIT(OP_OFFLINE) | BIT(OP_ROLLBACK), -1);
	unsigned int lpis = 0, stirs = moves + frees + leaves;

	for (int i = 0; i < s->nirqs; i++)
		lpis += s->kind[i] == SCENARIO_LPI;
	if (!lpis)
		return s->nirqs == 1 || !leaves || !frees;
	if (s->nirqs > 1)
		return lpis == 1 ? !leaves && (!moves || !frees) : stirs < 2 && !leaves;
	/* An LPI has no route that could be slow, nor an active state. */
	if (s->hw.slow || (s->split && !s->hw.nested && stirs > 1))
		return false;
	if (s->hw.poll_soon || s->hw.weak || s->restore)
		return stirs < 2;
	return !moves || !leaves || (s->cpus < 3 && !s->pinned && !s->hw.nested);
}

static void keep_small(struct maker *k)
{
	struct suite *out = k->out;
	uint32_t kept = 0;

	for (uint32_t i = 0; i < out->n; i++)
		if (small(&out->scenario[i]))
			out->scenario[kept++] = out->scenario[i];
	out->n = kept;
}

void suite_make_arm(struct maker *k)
{
	for (size_t i = 0; i < sizeof(machines) / sizeof(*machines); i++) {
		default_hardware(k, machines[i].text, machines[i].pairs);
		for (size_t p = 0; p < sizeof(profiles) / sizeof(*profiles); p++)
			under_profile(k, machines[i].text, profiles[p].text, profiles[p].ops);
	}
	several(k, "spi");
	several(k, "line");
	for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++)
		suite_combine(k, pairs[i], both, 2, suite_about_both);
	keep_small(k);
}
