/* SPDX-License-Identifier: MIT */
/* generate.h: suites of scenarios, by name, smallest first. */
#ifndef IRQFERRY_CHECK_GENERATE_H
#define IRQFERRY_CHECK_GENERATE_H

#include <stdbool.h>
#include <stdint.h>
#include "scenario.h"

struct suite {
	struct scenario *scenario;
	uint32_t n;
};

/* A scenario that somebody chose: check/named.inc. */
struct named {
	const char *suites; /* with commas between: "commit,nightly", "vgic" */
	const char *what;   /* why, or its name elsewhere */
	const char *text;
};

extern const struct named named_scenarios[];
extern const uint32_t named_count;

/*
 * Make a suite. Names:
 *   commit   all scripts of up to 2 operations on one interrupt with 2 events, every
 *            source kind, default hardware; every single operation under each option
 *            of hardware and library that can matter to it; and the named scenarios
 *            of check/named.inc marked `commit`: 1,500 to 4,000
 *   nightly  two interrupts, 2 or 3 operations, pairs of options; one interrupt with 3
 *            operations and 3 events under each option; of these the small ones; and the
 *            named ones marked `nightly`: at least 10,000, 7,000 of two interrupts
 *   arm      of Arm machines, each kind with each version of the GIC and mode of EOI it
 *            has: all scripts of up to 2 operations on one interrupt with 2 events;
 *            every single operation under each option, with a move beside; two
 *            interrupts; and the named ones marked `arm`
 *   vgic     of guests: each kind, on each version, with every single deed; a move with
 *            something else under each strategy; SGIs, the timer under each scheme; more
 *            interrupts than list registers
 *   vgic-nightly  two moves, two events, with something else, under each strategy; two
 *            interrupts, three moves; three vCPUs
 *   managed  sets of queues, each kind: each operation, overrides with a CPU that goes, with
 *            another override, with the end; under each option; two queues
 *   managed-nightly  three CPUs, two queues, and three operations
 *   large    named ones too large to exhaust in a night: for random searches
 *   named    all others of check/named.inc
 * Every scenario is canonical, none comes twice, order is deterministic: by estimated
 * size, then by bytes. False: no such suite, out of memory, or a text of generate.c or
 * named.inc that can't be read (said on stderr).
 */
bool suite_make(const char *name, struct suite *suite);
void suite_free(struct suite *suite);

/* A rough number of states, to put small ones first and to balance shards. */
double scenario_estimate(const struct scenario *s);

#endif
