/* SPDX-License-Identifier: MIT */
/* What the commands share: numbers of the command line, files that are written whole. */
#ifndef IRQFERRY_TOOL_OUTPUT_H
#define IRQFERRY_TOOL_OUTPUT_H

#include <stdio.h>
#include <jansson.h>
#include "tool.h"

/* A decimal number of at least `min`. */
int number_arg(struct message *msg, const char *option, const char *text, uint64_t min,
	       uint64_t *value);

/* A file that replaces an older one at once and whole, when it is closed; what is no
 * ordinary file (/dev/stderr, a pipe) is written as it is. */
struct output {
	const char *path;
	FILE *file; /* null: not open */
	char *temp; /* renamed to path at the end */
};

int output_open(struct output *o, const char *path, struct message *msg);
int output_close(struct output *o, struct message *msg);
void output_drop(struct output *o); /* without a trace, if it is open */

/* One value and the end of its line; a null value is a failure. */
int output_json(FILE *out, const char *name, const json_t *value, struct message *msg);

/* A string of any bytes: file names need not be UTF-8, JSON must. */
json_t *string_json(const char *text);
void put(json_t *object, const char *key, uint64_t value);

/* Monotonic. */
double seconds(void);

#endif
