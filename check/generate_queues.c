// SPDX-License-Identifier: MIT
/*
 * generate_queues.c: the suites of sets of queues. A family is kinds of interrupts, options
 * of the machine, and tales: what the set is, and scripts.
 */
#include <stdio.h>
#include <string.h>
#include "generate_int.h"

#define COUNT(list) (sizeof(list) / sizeof(*(list)))

/* ---- one queue ------------------------------------------------------------------------------ */

static const char *const alone[] = {
	/* a CPU goes and comes, the last of the mask and not */
	"masks=0 | 0: offline; online",
	"masks=0+1 | 0: offline; online",
	"masks=0 | 0: rollback",
	"masks=0+1 | 0: rollback; offline",
	"masks=1 away=1 | 1: online; offline",
	"masks=0+1 away=1 | 0: offline | 1: online",
	/* an override: there, back, to what is not online, by either side */
	"masks=0 allow | 0: override 0 1",
	"masks=0 allow | 1: override 0 1",
	"masks=0 allow | 0: override 0 0+1",
	"masks=0+1 allow | 1: override 0 1",
	"masks=0+1 allow | 0: override 0 1; override 0 0",
	"masks=0 away=1 allow | 0: override 0 1",
	"masks=1 away=1 allow | 0: override 0 0",
	"masks=1 away=1 allow | 0: override 0 0 | 1: online",
	"masks=0 away=1 allow | 0: override 0 1 | 1: online",
	/* it is refused, vetoed, canceled */
	"masks=0 | 0: override 0 1",
	"masks=0 allow readonly | 0: override 0 1",
	"masks=0 allow initial | 0: override 0 1; move 0 1",
	"masks=0 allow | 0: move 0 1",
	"masks=0 allow | 0: veto; override 0 1; override 0 1",
	"masks=0 allow | 0: override 0 1 | 1: cancel",
	"masks=1 away=1 allow | 0: override 0 0; veto; override 0 1",
	/* with another */
	"masks=0 allow | 0: override 0 1 | 1: override 0 0+1",
	/* with a CPU that goes */
	"masks=0 allow | 0: override 0 1 | 1: offline",
	"masks=0 allow | 0: offline | 1: override 0 1",
	"masks=0 allow | 0: rollback | 1: override 0 1",
	/* with its end */
	"masks=0+1 | 1: end",
	"masks=0 allow | 0: override 0 1 | 1: end",
	"masks=0 | 0: offline; online | 1: end",
	/* masked and disabled meanwhile */
	"masks=0 allow | 0: disable 0; override 0 1; enable 0",
	"masks=0 allow | 0: mask 0; unmask 0 | 1: override 0 1",
	"masks=0 | 0: disable 0; offline; online; enable 0",
	"masks=0 | 0: offline; online | 1: disable 0; enable 0",
	/* only where it begins */
	"masks=0 initial | 0: offline; online",
	"masks=1 away=1 initial | 1: online; offline",
	"masks=0+1 initial | 0: move 0 1; offline",
};

/* ... under each option that can matter. */
static const char *const touched[] = {
	"masks=0 allow | 0: override 0 1",
	"masks=0 allow | 1: override 0 1",
	"masks=0 | 0: offline; online",
	"masks=0+1 allow | 0: offline; online",
};

static const char *const options_x86[] = {
	"fence=root", "ipi=late",  "bound=none", "overtaking fence=root",
	"nested",     "posted",    "leave=off",  "irr=kept",
	"tso",        "undrained",
};

static const char *const options_arm[] = {
	"nested", "slow", "leave=off", "rd=kept", "poll=soon", "split", "weak",
};

/* ---- several -------------------------------------------------------------------------------- */

static const char *const together[] = {
	"masks=0,0 allow | 0: overall 1",        "masks=0,1 allow | 0: overall 0+1",
	"masks=0,1 allow | 0: override 1 0",     "masks=0,1 allow | 0: overall 1 | 1: cancel",
	"masks=0,1 allow | 0: veto; overall 1",  "masks=0,1 | 0: offline; online",
	"masks=0+1,1 | 1: offline; online",      "masks=0,1 away=1 | 1: online",
	"masks=0,1 away=1 allow | 0: overall 0", "masks=0,1 away=1 allow | 0: overall 1",
};

/* ---- ... by night --------------------------------------------------------------------------- */

static const char *const wide[] = {
	"masks=0,1 allow | 0: overall 2 | 1: offline; online",
	"masks=0,1+2 allow | 0: override 0 1 | 1: offline; online",
	"masks=0+1,1+2 allow | 0: override 0 2 | 2: rollback",
	"masks=0,1 away=2 allow | 0: override 0 2 | 2: online",
	"masks=2,0 away=2 allow | 0: override 0 1 | 2: online",
	"masks=2,1 away=2 allow | 0: override 0 0+1 | 1: offline",
	"masks=0,1 allow | 0: override 0 1 | 1: override 1 2",
	"masks=0,1 allow | 0: overall 2 | 1: cancel; offline",
	"masks=0,1 allow | 0: override 0 2; override 1 2 | 1: veto; offline",
	"masks=0,1 allow | 0: override 0 1 | 1: end",
	"masks=0+1,2 | 0: offline; online | 1: offline; online",
};

static const char *const deep[] = {
	"masks=0 allow | 0: override 0 1 | 1: offline; online",
	"masks=0 allow | 0: override 0 1 | 1: rollback",
	"masks=0 allow | 0: offline; online | 1: override 0 1",
	"masks=0 allow | 0: offline; online | 1: override 0 0+1; override 0 0",
	"masks=0 | 0: offline; online | 1: offline; online",
	"masks=0 allow | 0: override 0 1; override 0 0 | 1: cancel; cancel",
	"masks=0 allow | 0: override 0 1 | 1: override 0 0+1; cancel",
	"masks=0 allow | 0: override 0 1; veto; override 0 0 | 1: offline",
	"masks=0+1 allow | 0: override 0 1; disable 0; enable 0 | 1: offline; online",
};

/* ---- CPUs that leave by plans, with and without a set of queues ------------------------- */

static const char *const planned[] = {
	"planned | 0: offline; online",
	"planned | 0: rollback; offline",
	"planned pinned restore | 0: offline; online",
	"planned leave=off | 0: offline",
	/* what is not in the plan, what is no more */
	"planned | 0: offline | 1: move 0 0",
	"planned | 0: move 0 1 | 1: offline",
	"planned | 0: offline | 1: move 0 1",
	"planned | 0: offline | 1: free 0; create 0",
	"planned | 0: offline | 1: disable 0; enable 0",
};

static const char *const planned_set[] = {
	"planned masks=0 | 0: offline; online",
	"planned masks=0+1 | 0: rollback; offline",
	"planned masks=0+1 away=1 | 0: offline | 1: online",
	"planned masks=0+1 allow | 0: offline | 1: override 0 1",
	"planned masks=1 allow | 0: override 0 0+1 | 1: offline",
	"planned masks=0+1 | 0: offline | 1: end",
	"planned masks=0+1 initial | 0: offline | 1: move 0 0",
};

/* Places are few: each counts. */
static const char *const planned_x86[] = {
	"msix,msix cpus=2 events=1 planned vectors=2 | 0: offline; online",
	"msix,msix cpus=2 events=0 planned vectors=1 | 0: offline",
	"msix,msix cpus=3 events=1 planned vectors=1 | 0: offline",
	"msix,msix cpus=3 events=0 planned vectors=1 | 0: offline | 1: move 1 2",
	"msix,msix cpus=3 events=0 planned vectors=1 | 0: offline | 1: free 1; create 1",
	"msix,msix cpus=2 events=0 planned vectors=2 | 0: offline | 1: move 0 1; move 0 0",
	"msix,msi cpus=2 events=1 planned vectors=4 | 0: offline; online",
	"msix,level cpus=2 events=1 planned vectors=4 | 0: offline; online",
	"msi,msi cpus=2 events=0 planned vectors=6 | 0: offline",
	"msix,remapped cpus=2 events=1 planned vectors=2 | 0: offline; online",
	"msix cpus=2 events=1 fence=root planned | 0: offline; online",
	"msix cpus=2 events=1 fence=root bound=none planned | 0: offline; online",
	"remapped cpus=2 events=1 undrained planned | 0: offline; online",
	"msix,msix cpus=2 events=1 planned vectors=2 masks=0+1,0+1 pool | 0: offline; online",
	"msix,msix cpus=2 events=1 planned vectors=1 masks=0+1,1 pool | 0: offline; online",
	"msix,msix cpus=2 events=1 planned vectors=2 masks=0+1,0+1 pool | 0: rollback; offline",
	"msix,msix cpus=2 events=0 planned vectors=2 masks=0+1,0+1 allow pool"
	" | 0: offline | 1: override 0 1",
};

static const char *const planned_wide[] = {
	"msix,msix cpus=3 events=1 planned vectors=1 | 0: offline | 1: move 1 2",
	"msix,msix cpus=3 events=1 planned vectors=1 | 0: offline; online | 1: move 1 2",
	"msix,msix cpus=3 events=1 planned vectors=2 | 0: offline | 1: offline; online",
	"msix,msix cpus=3 events=1 planned pinned vectors=2 | 0: offline; online | 2: move 0 1",
	"msix,msi cpus=3 events=1 planned vectors=4 | 0: offline | 1: move 0 2; move 0 0",
	"level,level cpus=3 events=1 planned vectors=6 | 0: offline; online | 1: move 0 2",
	"msix,msix cpus=3 events=1 planned vectors=1 masks=0+1,2 | 0: offline; online | 1: offline",
	"msix,msix cpus=3 events=1 planned vectors=2 masks=0+1,0+2 pool | 0: offline; online"
	" | 1: offline",
	"msix,msix cpus=3 events=1 planned vectors=2 masks=0+1+2,0+1 allow pool"
	" | 0: offline; online | 1: override 0 1",
	"spi,lpi cpus=3 events=1 planned | 0: offline; online | 1: move 0 2; move 1 0",
	"spi,spi cpus=3 events=1 planned masks=0+1,0+2 allow | 0: offline; online"
	" | 1: override 0 0+2",
};

/* Without the CPUs that are in their scripts. */
static void add_tales(struct maker *k, const char *kinds, int cpus, int events, const char *options,
		      const char *const *tales, size_t n)
{
	char text[2 * SCENARIO_TEXT];
	const char *bar;

	for (size_t i = 0; i < n; i++) {
		bar = strchr(tales[i], '|');
		snprintf(text, sizeof(text), "%s cpus=%d events=%d %s %.*s%s", kinds, cpus, events,
			 options, (int)(bar - tales[i]), tales[i], bar);
		suite_add_text(k, text);
	}
}

static void add_options(struct maker *k, const char *kind, int events, const char *const *options,
			size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(options[i], "undrained") || !strcmp(kind, "remapped"))
			add_tales(k, kind, 2, events, options[i], touched, COUNT(touched));
}

static void add_texts(struct maker *k, const char *const *texts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		suite_add_text(k, texts[i]);
}

static const char *const x86[] = { "msix", "maskable", "remapped" };
static const char *const arm[] = { "spi", "lpi" };

/* Places that are promised are few, or shared. */
static const char *const x86_only[] = {
	"msix,msix cpus=2 events=1 vectors=2 masks=0,0 allow pool | 0: overall 1",
	"msix,msix cpus=2 events=1 vectors=2 masks=0,1 allow pool | 0: offline; online",
	"msix,msix cpus=2 events=1 vectors=1 masks=0,1 allow | 0: overall 1",
	"msix,msix cpus=2 events=1 vectors=1 masks=0,1 allow | 0: override 0 1; override 1 0",
	"msix,msix cpus=2 events=1 vectors=2 masks=0+1,0+1 allow | 0: offline; online",
};

static void make_x86(struct maker *k)
{
	for (size_t i = 0; i < COUNT(x86); i++) {
		add_tales(k, x86[i], 2, 2, "", alone, COUNT(alone));
		add_options(k, x86[i], 1, options_x86, COUNT(options_x86));
	}
	add_tales(k, "msix,msix", 2, 1, "", together, COUNT(together));
	add_tales(k, "msix,remapped", 2, 1, "", together, COUNT(together));
	add_texts(k, x86_only, COUNT(x86_only));
}

static void make_planned(struct maker *k)
{
	static const char *const kinds[] = { "msix",     "maskable", "msi",  "edge", "level",
					     "remapped", "spi",      "line", "lpi" };

	for (size_t i = 0; i < COUNT(kinds); i++)
		add_tales(k, kinds[i], 2, 1, "", planned, COUNT(planned));
	for (size_t i = 0; i < COUNT(arm); i++)
		add_tales(k, arm[i], 2, 1, "", planned_set, COUNT(planned_set));
	for (size_t i = 0; i < COUNT(x86); i++)
		add_tales(k, x86[i], 2, 1, "", planned_set, COUNT(planned_set));
	add_texts(k, planned_x86, COUNT(planned_x86));
}

void suite_make_queues(struct maker *k)
{
	for (size_t i = 0; i < COUNT(arm); i++) {
		add_tales(k, arm[i], 2, i ? 1 : 2, "", alone, COUNT(alone));
		add_options(k, arm[i], 1, options_arm, COUNT(options_arm));
	}
	add_tales(k, "spi", 2, 1, "gic=2", alone, COUNT(alone));
	add_tales(k, "spi,spi", 2, 1, "", together, COUNT(together));
	add_tales(k, "lpi,lpi", 2, 1, "", together, COUNT(together));
	make_x86(k);
	make_planned(k);
}

void suite_make_queues_nightly(struct maker *k)
{
	add_tales(k, "spi,spi", 3, 2, "", wide, COUNT(wide));
	add_tales(k, "lpi,spi", 3, 1, "", wide, COUNT(wide));
	add_tales(k, "msix,msix", 3, 2, "", wide, COUNT(wide));
	add_tales(k, "msix,remapped", 3, 1, "ipi=late", wide, COUNT(wide));
	add_tales(k, "lpi", 2, 2, "", alone, COUNT(alone));
	for (size_t i = 0; i < COUNT(arm); i++)
		add_tales(k, arm[i], 2, 2, "", deep, COUNT(deep));
	for (size_t i = 0; i < COUNT(x86); i++) {
		add_tales(k, x86[i], 2, 3, "", deep, COUNT(deep));
		add_tales(k, x86[i], 2, 2, "fence=root", deep, COUNT(deep));
	}
	add_texts(k, planned_wide, COUNT(planned_wide));
}

/* Roughly: what each operation multiplies by. */
double suite_queues_estimate(const struct scenario *s, double hardware)
{
	double n = 6 * hardware;

	for (int i = 0; i < s->nirqs; i++)
		for (int e = 0; e <= s->events; e++)
			n *= s->kind[i] == SCENARIO_LPI ? 2.5 : 2;
	for (int cpu = 0; cpu < s->cpus; cpu++)
		for (int i = 0; i < s->script[cpu].n; i++)
			switch (s->script[cpu].op[i].kind) {
			case OP_OVERRIDE:
			case OP_OVERALL:
			case OP_OFFLINE:
			case OP_ROLLBACK:
				n *= 8;
				break;
			default:
				n *= 3;
			}
	return n;
}
