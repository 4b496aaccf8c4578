// SPDX-License-Identifier: MIT
/*
 * generate_guest.c: the suites of guests. A family is kinds of interrupts, options, and
 * scripts, in which @ stands where the host injects what no device of the machine fires.
 */
#include <stdio.h>
#include <string.h>
#include "generate_int.h"

enum { HWEDGE = 1, HWLEVEL = 2, VEDGE = 4, VLEVEL = 8, LINKED = 3, VIRTUAL = 12, SPIS = 15 };

static const char *const kind_name[] = { "hwedge", "hwlevel", "vedge", "vlevel" };
#define KINDS 4u

/* Scripts, and for which kinds. */
struct tale {
	uint8_t kinds;
	const char *text;
};

#define COUNT(list) (sizeof(list) / sizeof(*(list)))

/* @ becomes the events that the host injects. */
static void tell(char *out, size_t size, const char *text, bool is_virtual, unsigned int events)
{
	size_t n = 0;

	for (; *text && n + 20 < size; text++) {
		if (*text != '@') {
			out[n++] = *text;
			continue;
		}
		for (unsigned int i = 0; is_virtual && i < events; i++)
			n += (size_t)snprintf(out + n, size - n, "; inject 0");
	}
	out[n] = '\0';
}

static void add_tale(struct maker *k, unsigned int kind, unsigned int events, const char *options,
		     const char *text)
{
	bool is_virtual = VIRTUAL >> kind & 1;
	char scripts[SCENARIO_TEXT], whole[2 * SCENARIO_TEXT];

	tell(scripts, sizeof(scripts), text, is_virtual, events);
	snprintf(whole, sizeof(whole), "%s cpus=2 events=%u %s | %s", kind_name[kind],
		 is_virtual ? 0 : events, options, scripts);
	suite_add_text(k, whole);
}

static void add_tales(struct maker *k, unsigned int kinds, unsigned int events, const char *options,
		      const struct tale *tales, size_t n)
{
	for (unsigned int kind = 0; kind < KINDS; kind++)
		for (size_t i = 0; i < n && (kinds >> kind & 1); i++)
			if (tales[i].kinds >> kind & 1)
				add_tale(k, kind, events, options, tales[i].text);
}

/* ---- one interrupt, one deed ------------------------------------------------------------- */

#define BOTH "0: run 0 | 1: run 1@ | "

/* By vCPU 0, whose it is, perhaps in its handler; by vCPU 1. */
static const struct tale deeds[] = {
	{ SPIS, BOTH "g0: route 0 1" },
	{ SPIS, BOTH "g1: route 0 1" },
	{ SPIS, BOTH "g1: route 0 none" },
	{ SPIS, BOTH "g1: route 0 none; route 0 1" },
	{ SPIS, BOTH "g0: disable 0; enable 0" },
	{ SPIS, BOTH "g1: disable 0; enable 0" },
	{ SPIS, BOTH "g1: disable 0" },
	{ SPIS, BOTH "g0: unpend 0" },
	{ SPIS, BOTH "g1: unpend 0" },
	{ SPIS, BOTH "g0: deactivate 0" },
	{ SPIS, BOTH "g1: deactivate 0" },
	{ SPIS, BOTH "g0: activate 0; deactivate 0" },
	{ HWEDGE | VEDGE, BOTH "g0: pend 0" },
	{ HWEDGE | VEDGE, BOTH "g1: pend 0" },
	{ SPIS, BOTH "g1: prio 0 8" },
	{ SPIS, BOTH "g1: group 0 0" },
	{ VEDGE, BOTH "g1: distoff; diston" },
	{ SPIS, BOTH "g0: off" },
	{ SPIS, BOTH "g0: off | g1: on 0" },
	{ SPIS, BOTH "g0: wfi" },
	{ SPIS, BOTH "g0: mask" },
	{ SPIS, "0: run 0; put; run 0 | 1: run 1@" },
	{ SPIS, "0: run 0; run 1@; run 0" },
	{ SPIS, "0: run 0; put | 1: run 1@; run 0" },
	{ SPIS, "0: run 0@; offline | 1: run 1; run 0" },
	{ SPIS, "0: run 0@; offline; online; run 0 | 1: run 1" },
	{ HWLEVEL, "0: run 0; drop 0 | 1: run 1" },
	{ VLEVEL, "0: run 0; inject 0; lower 0 | 1: run 1" },
	{ LINKED, "0: run 0; teardown 0 | 1: run 1" },
	{ LINKED, "0: run 0 | 1: run 1; teardown 0" },
};

/* ---- a move, and something else ------------------------------------------------------------ */

static const struct tale beside_move[] = {
	{ SPIS, BOTH "g1: route 0 1" },
	{ SPIS, "0: run 0; put; run 0 | 1: run 1@ | g1: route 0 1" },
	{ SPIS, "0: run 0; put | 1: run 1@; run 0 | g1: route 0 1" },
	{ SPIS, BOTH "g0: mask | g1: route 0 1" },
	{ SPIS, BOTH "g0: off | g1: route 0 1" },
	{ LINKED, "0: run 0; teardown 0 | 1: run 1 | g1: route 0 1" },
};

static const char *const strategies[] = { "",
					  "ask",
					  "strategy=late",
					  "strategy=late ask",
					  "strategy=maintenance",
					  "strategy=maintenance ask" };

static const char *const versions[] = { "", "vgic=2", "gic=2 vgic=2" };

/* ---- where its vCPU is loaded, and entered next -------------------------------------------- */

#define HERE "0: run 0@ | 1: run 1 | "

/* Between the arrival and the entry, by another vCPU or by the vCPU's own trap. */
static const struct tale here[] = {
	{ SPIS, HERE "g1: route 0 1" },
	{ SPIS, HERE "g1: disable 0; enable 0" },
	{ SPIS, HERE "g1: unpend 0" },
	{ SPIS, HERE "g1: deactivate 0" },
	{ SPIS, HERE "g1: group 0 0" },
	{ HWEDGE | VEDGE, HERE "g1: pend 0" },
	{ SPIS, HERE "g0: off | g1: on 0" },
	{ SPIS, HERE "g0: wfi" },
	{ SPIS, "0: run 0@; put; run 0 | 1: run 1 | g1: route 0 1" },
	{ SPIS, "0: run 0@; put | 1: run 1; run 0 | g1: unpend 0" },
	{ LINKED, "0: run 0 | 1: run 1; teardown 0" },
	{ HWLEVEL, "0: run 0 | 1: run 1; drop 0" },
	{ VLEVEL, "0: run 0; inject 0 | 1: run 1; lower 0" },
	{ VIRTUAL, "0: run 0@ | 1: run 1@ | g1: route 0 1" },
	{ SPIS, "0: run 1@ | 1: run 0" },
};

static const char *const directs[] = { "direct", "direct strategy=late",
				       "direct strategy=maintenance" };

/* ---- private ones -------------------------------------------------------------------------- */

static const char *const private_ones[] = {
	"sgi cpus=2 events=0 | 0: run 0 | 1: run 1 | g0: sgi 0 1; sgi 0 1",
	"sgi cpus=2 events=0 | 0: run 0 | 1: run 1 | g0: sgi 0 1 | g1: wfi",
	"sgi cpus=2 events=0 | 0: run 0 | 1: run 1 | g0: sgi 0 0 | g1: sgi 0 0",
	"sgi cpus=2 events=0 | 0: run 0 | 1: run 1; put; run 1 | g0: sgi 0 1",
	"sgi cpus=2 events=0 vgic=2 | 0: run 0 | 1: run 1 | g0: sgi 0 0 | g1: sgi 0 0",
	"sgi cpus=2 events=0 gic=2 vgic=2 | 0: run 0 | 1: run 1 | g0: sgi 0 1 | g1: sgi 0 1",
	"sgi cpus=2 events=0 vgic=2 | 0: run 0 | 1: run 1 | g0: sgi 0 1 | g1: unpend 0",
	"ppi cpus=1 events=0 | 0: run 0; run 1; run 0 | g0: arm 0",
	"ppi cpus=1 events=0 | 0: run 0; run 1; run 0 | g0: arm 0; arm 0",
	"ppi cpus=1 events=0 | 0: run 0; run 1; run 0 | g0: arm 0 | g1: arm 0",
	"ppi cpus=2 events=0 | 0: run 0; put | 1: run 1; run 0 | g0: arm 0",
	"ppi cpus=2 events=0 | 0: run 0; put | 1: run 0 | g0: arm 0; disable 0; enable 0",
	"ppi cpus=2 events=0 | 0: run 0 | g0: arm 0; wfi",
	"ppi cpus=2 events=0 | 0: run 0; put; run 0 | g0: arm 0; wfi",
	"ppi cpus=2 events=0 | 0: run 0 | 1: run 1 | g0: arm 0; off | g1: on 0",
	"ppi cpus=2 events=0 eoimode1 | 0: run 0; put | 1: run 0 | g0: arm 0",
	"ppi cpus=2 events=0 gic=2 vgic=2 | 0: run 0; put | 1: run 0 | g0: arm 0",
	"ppi cpus=1 events=0 scheme=fixed | 0: run 0; run 1; run 0 | g0: arm 0; arm 0",
	("ppi cpus=1 events=0 scheme=fixed | 0: run 0; run 1; run 0 | "
	 "g0: disable 0; arm 0; enable 0"),
	"ppi cpus=1 events=0 scheme=injected | 0: run 0; run 1; run 0 | g0: arm 0; arm 0",
	"ppi cpus=2 events=0 scheme=injected | 0: run 0; put | 1: run 0 | g0: arm 0",
	"ppi cpus=2 events=0 scheme=injected | 0: run 0; put; run 0 | g0: arm 0; wfi",
};

/* ---- more interrupts than list registers ----------------------------------------- */

static const char *const crowds[] = {
	"hwedge,hwlevel cpus=1 events=1 vcpus=1 lrs=1 | 0: run 0",
	"hwedge,hwlevel cpus=1 events=1 vcpus=1 | 0: run 0 | g0: prio 1 8",
	"hwedge,vedge cpus=2 events=1 vcpus=1 lrs=1 | 0: run 0 | 1: inject 1 | g0: prio 1 8",
	"hwedge,sgi cpus=1 events=1 vcpus=1 lrs=1 | 0: run 0 | g0: prio 1 8; sgi 1 0",
	"hwedge,sgi cpus=1 events=1 vcpus=1 lrs=1 eoimode1 | 0: run 0 | g0: prio 1 8; sgi 1 0",
	"hwlevel,hwedge cpus=1 events=1 vcpus=1 lrs=1 eoimode1 | 0: run 0 | g0: prio 1 8",
	"hwedge,hwedge cpus=2 events=1 lrs=1 | 0: run 0 | 1: run 1 | g1: route 0 1",
	"hwedge,hwlevel cpus=1 events=1 vcpus=1 lrs=1 direct | 0: run 0",
	"hwedge,hwlevel cpus=1 events=1 vcpus=1 direct | 0: run 0 | g0: prio 1 8",
	"hwedge,vedge cpus=2 events=1 vcpus=1 lrs=1 direct | 0: run 0 | 1: inject 1 | g0: prio 1 8",
	"hwlevel,hwedge cpus=1 events=1 vcpus=1 lrs=1 eoimode1 direct | 0: run 0 | g0: prio 1 8",
	"hwedge,sgi cpus=1 events=1 vcpus=1 lrs=1 direct | 0: run 0 | g0: prio 1 8; sgi 1 0",
};

static void add_all(struct maker *k, const char *const *texts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		suite_add_text(k, texts[i]);
}

void suite_make_guest(struct maker *k)
{
	for (size_t i = 0; i < COUNT(versions); i++)
		add_tales(k, SPIS, 1, versions[i], deeds, COUNT(deeds));
	add_tales(k, SPIS, 1, "eoimode1", deeds, 4);
	for (size_t i = 0; i < COUNT(strategies); i++)
		add_tales(k, SPIS, 1, strategies[i], beside_move, COUNT(beside_move));
	add_tales(k, LINKED, 1, "slow", beside_move, 1);
	add_tales(k, LINKED, 1, "slow strategy=late", beside_move, 1);
	add_tales(k, LINKED, 1, "weak", beside_move, 1);
	for (size_t i = 0; i < COUNT(directs); i++)
		add_tales(k, SPIS, 1, directs[i], here, COUNT(here));
	add_tales(k, SPIS, 1, "direct ask", here, 1);
	add_tales(k, SPIS, 1, "gic=2 vgic=2 direct", here, 3);
	add_all(k, private_ones, COUNT(private_ones));
	add_all(k, crowds, COUNT(crowds));
}

/* ---- nightly --------------------------------------------------------------------- */

/* Two route writes, and what may be between. */
static const struct tale two_moves[] = {
	{ SPIS, BOTH "g1: route 0 1; route 0 0" },
	{ SPIS, BOTH "g0: route 0 1 | g1: route 0 0" },
	{ SPIS, "0: run 0; put; run 0 | 1: run 1@ | g1: route 0 1; route 0 0" },
	{ SPIS, "0: run 0; put | 1: run 1@; run 0 | g1: route 0 1; route 0 0" },
	{ SPIS, "0: run 0@; offline; online; run 0 | 1: run 1 | g1: route 0 1" },
	{ SPIS, "0: run 0@; offline | 1: run 1; run 0 | g1: route 0 1" },
	{ SPIS, BOTH "g0: disable 0; enable 0 | g1: route 0 1" },
	{ SPIS, BOTH "g0: off | g1: route 0 1; on 0" },
	{ SPIS, BOTH "g0: mask | g1: route 0 1; route 0 0" },
	{ SPIS, BOTH "g0: route 0 1 | g1: unpend 0" },
	{ SPIS, BOTH "g0: route 0 1 | g1: deactivate 0" },
};

static const struct tale two_here[] = {
	{ SPIS, HERE "g1: activate 0; deactivate 0" },
	{ SPIS, HERE "g0: disable 0; enable 0 | g1: route 0 1" },
	{ SPIS, HERE "g1: route 0 1; route 0 0" },
	{ SPIS, "0: run 0@; put | 1: run 1; run 0 | g1: route 0 1" },
	{ LINKED, "0: run 0 | 1: run 1; teardown 0 | g1: route 0 1" },
};

static const char *const wide[] = {
	"hwedge,vedge cpus=2 events=2 direct | 0: run 0; inject 1 | 1: run 1 | g1: route 0 1",
	"hwedge,hwlevel cpus=2 events=1 lrs=1 direct | 0: run 0 | 1: run 1 | g1: route 0 1; prio 1 "
	"8",
	"hwedge cpus=3 events=2 direct | 0: run 0; put | 1: run 1 | 2: run 0 | g1: route 0 1",
	"hwedge,hwedge cpus=2 events=1 | 0: run 0 | 1: run 1 | g1: route 0 1; route 1 1; route 0 0",
	"hwedge,hwlevel cpus=2 events=1 lrs=1 ask | 0: run 0 | 1: run 1 | "
	"g0: route 0 1; route 1 1 | g1: route 0 0",
	"vedge,vedge cpus=2 events=0 lrs=1 | 0: run 0; inject 0 | 1: run 1; inject 1 | "
	"g1: route 0 1; route 1 1; route 0 0",
	"hwedge,vedge cpus=2 events=1 strategy=maintenance ask | 0: run 0; inject 1 | 1: run 1 | "
	"g1: route 0 1; route 1 1; route 0 0",
	"hwedge,hwlevel cpus=2 events=1 lrs=1 strategy=late | 0: run 0 | 1: run 1 | "
	"g1: route 0 1; route 1 1; route 0 0",
	"hwedge cpus=3 events=2 vcpus=3 | 0: run 0 | 1: run 1 | 2: run 2 | "
	"g2: route 0 1; route 0 2",
	"hwlevel cpus=3 events=2 vcpus=3 ask | 0: run 0 | 1: run 1 | 2: run 2 | g2: route 0 1",
	"vedge cpus=3 events=0 | 0: run 0 | 1: run 1 | 2: inject 0; inject 0 | "
	"g1: route 0 1; route 0 0",
	"ppi cpus=2 events=0 | 0: run 0; put | 1: run 1; run 0 | g0: arm 0; arm 0 | g1: arm 0",
	"ppi cpus=2 events=0 | 0: run 0; offline | 1: run 1; run 0 | g0: arm 0; arm 0",
	"ppi cpus=2 events=0 eoimode1 gic=2 vgic=2 | 0: run 0; put | 1: run 1; run 0 | "
	"g0: arm 0; wfi | g1: arm 0",
	"ppi cpus=2 events=0 scheme=injected | 0: run 0; put | 1: run 1; run 0 | "
	"g0: arm 0; arm 0 | g1: arm 0",
	"ppi cpus=2 events=0 scheme=fixed | 0: run 0; run 1; run 0 | g0: arm 0; wfi; arm 0",
};

void suite_make_guest_nightly(struct maker *k)
{
	char options[60];

	for (size_t i = 0; i < COUNT(strategies); i++)
		add_tales(k, SPIS, 2, strategies[i], two_moves, COUNT(two_moves));
	for (size_t i = 1; i < COUNT(versions); i++) {
		add_tales(k, SPIS, 2, versions[i], two_moves, 4);
		snprintf(options, sizeof(options), "%s lrs=1 eoimode1", versions[i]);
		add_tales(k, SPIS, 2, options, two_moves, 1);
	}
	for (size_t i = 0; i < COUNT(directs); i++)
		add_tales(k, SPIS, 2, directs[i], two_here, COUNT(two_here));
	add_tales(k, SPIS, 2, "lrs=1", two_moves, 4);
	add_tales(k, LINKED, 2, "slow", two_moves, 3);
	add_tales(k, LINKED, 2, "slow strategy=late", two_moves, 3);
	add_tales(k, LINKED, 2, "slow strategy=maintenance", two_moves, 3);
	add_tales(k, LINKED, 1, "weak", two_moves, 2);
	add_all(k, wide, COUNT(wide));
}

/* ---- size ------------------------------------------------------------------------ */

/* Roughly: what each operation multiplies by. */
double suite_guest_estimate(const struct scenario *s)
{
	double n = s->hw.weak ? 120 : s->hw.slow ? 30 : 20;

	for (int i = 0; i < s->nirqs; i++)
		for (int e = 0; e < s->events; e++)
			n *= 2.5;
	for (int cpu = 0; cpu < s->cpus; cpu++)
		for (int i = 0; i < s->script[cpu].n; i++)
			n *= s->script[cpu].op[i].kind == OP_RUN ? 1.5 : 3;
	for (int vcpu = 0; vcpu < s->guest.vcpus; vcpu++)
		for (int i = 0; i < s->vscript[vcpu].n; i++)
			n *= s->vscript[vcpu].op[i].kind == OP_ROUTE ? 8 : 5;
	return n;
}
