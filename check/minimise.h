/* SPDX-License-Identifier: MIT */
/*
 * minimise.h: a shorter counterexample of the same kind; and its file.
 *
 * A counterexample file:
 *
 *    irqferry counterexample 1
 *    library 3f2a90b1c4d5
 *    mutant W4-no-transit-slot        (where one was run)
 *    scenario msi cpus=2 events=2 | 0: move 0 1
 *    verdict lost
 *    why lost at ..., label 12: ...
 *    cycle 4                          (of a livelock: the last 4 labels are the cycle)
 *    labels 9 of 41
 *    fire.0            # device 0 fires
 *    step.0 x4         # CPU 0 goes on: writes ...
 *    ...
 *
 * Labels are one a line, or so many times the same; what follows # is for people.
 */
#ifndef IRQFERRY_CHECK_MINIMISE_H
#define IRQFERRY_CHECK_MINIMISE_H

#include <stdio.h>
#include <string.h>
#include "explore.h"

struct counterexample {
	struct scenario scenario;
	char mutant[64];  /* "" for the library itself */
	char library[16]; /* hash of the sources it was found with */
	enum verdict_kind verdict;
	char why[240];
	label *label;
	uint32_t n, total; /* total: with the default policy's */
	uint32_t cycle;    /* livelock: the last so many labels are the cycle */
};

/*
 * Shrink: labels (delta debugging), then events, operations, CPUs and interrupts of the
 * scenario with a new breadth-first search each, keeping the same verdict; `seconds`
 * at most. `c` holds a failing schedule and gets the smallest one found.
 */
void minimise(struct counterexample *c, const struct subject *subject, double seconds);

bool counterexample_write(FILE *out, const struct counterexample *c, const struct subject *subject);
/* False: `error` names line and field. */
bool counterexample_read(FILE *in, const char *name, struct counterexample *c, char *error,
			 size_t size);
/* Its labels, where several steps of one CPU in a row count as one: it runs. */
uint32_t counterexample_runs(const struct counterexample *c);
void counterexample_free(struct counterexample *c);

/* May two steps with these words stand in one line, with those of the second? The
 * first then says only that it was made. */
static inline bool label_joins(const char *first, const char *second)
{
	return *first && !strstr(first, ": ") && !strncmp(first, second, strlen(first));
}

/*
 * Perform it. The cycle of a livelock is gone round three times more: it counts as one
 * if everything in it was possible each time. `first_skipped` is an index into c->label.
 */
void counterexample_replay(const struct counterexample *c, const struct subject *subject,
			   const struct replay_options *o, struct replay_result *r);

/* The hash of the library and simulator sources this program was built from. */
extern const char library_id[];

#endif
