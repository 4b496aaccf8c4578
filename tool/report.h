/* SPDX-License-Identifier: MIT */
/* How storms are shown: text, JSON, the summary over all of them. */
#ifndef IRQFERRY_TOOL_REPORT_H
#define IRQFERRY_TOOL_REPORT_H

#include <stdio.h>
#include <jansson.h>
#include "machine.h"

struct summary {
	uint64_t raised, handled, merged;
	uint64_t lost, duplicated, misdelivered, offline;
	uint64_t moves;                                 /* done */
	uint64_t requests, completed, overrides, stops; /* of devices with queues */
	bool clean;
};

void summary_add(struct summary *sum, const struct storm_report *r);
void summary_print(FILE *out, const struct summary *sum);

void report_print(FILE *out, const struct machine *m, const struct storm_report *r,
		  const char *repeat);
void report_violations(FILE *out, const struct storm_report *r);

/* A new reference, or null without memory. */
json_t *report_json(const struct machine *m, const struct storm_report *r, const char *repeat);
json_t *summary_json(const struct summary *sum, json_t *storms);

#endif
