/* SPDX-License-Identifier: MIT */
/* scenario_int.h: between scenario.c and scenario_guest.c: why a scenario can't be. */
#ifndef IRQFERRY_CHECK_SCENARIO_INT_H
#define IRQFERRY_CHECK_SCENARIO_INT_H

#include "scenario.h"

struct option;

/* Scripts of CPUs, then of vCPUs. */
#define FAULT_SCRIPTS (SCENARIO_CPUS + SCENARIO_VCPUS)

/* And where that is said: an option or an operation. */
struct fault {
	char why[120];
	const struct option *option;
	int cpu, op; /* -1: not one; `cpu`: a script */
};

/* False. */
bool scenario_wrong(struct fault *f, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The part about a set of queues. */
bool scenario_check_queues(const struct scenario *s, struct fault *f);

/* The part about guests and the CPUs they run on. */
bool scenario_check_guest(const struct scenario *s, struct fault *f);

#endif
