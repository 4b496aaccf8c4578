/* SPDX-License-Identifier: MIT */
/*
 * A set of queues on the fake of tests/fake_managed.h, with a driver that looks after its
 * contract, and actors: an override, a host's hotplug, somebody who cancels, somebody who tries
 * what must be refused. One of them runs; at points of its way (before each call into the
 * library below, inside each callback, between its calls) another one makes its next call, as
 * another thread would.
 */
#ifndef TESTS_MQ_WORLD_H
#define TESTS_MQ_WORLD_H

#include <irqferry/mq.h>
#include "tests/fake_managed.h"

#define QUEUES 3u
#define POINTS 3u /* schedules have up to so many */

/* What a run begins with. Masks of one byte: bit n is CPU n, bit 7 is CPU 65. 0: null. */
struct layout {
	const char *name;
	uint32_t queues;
	uint8_t online;
	uint8_t before[QUEUES], after[QUEUES];
};

enum who { NOBODY, OVERRIDE, HOTPLUG, CANCEL, INTRUDER, BEGIN, END, WHO_COUNT };

struct actor {
	bool taking_part, begun, done;
	int result;
};

struct driver_queue {
	bool takes, prepared;
	uint64_t resources; /* the mask (its bits up to 7) that it can serve */
	uint64_t prepared_for;
};

struct world {
	struct ferry_mq mq;
	struct ferry_mq_queue queues[QUEUES];
	const struct layout *layout;
	struct driver_queue driver[QUEUES];
	struct actor actors[WHO_COUNT];

	/* Hotplug's program: b: begin to leave, f: finish that or give up, r: roll back, E: enter;
	 * each followed by a CPU. */
	const char *program;
	bool entering; /* ferry_mq_enter() is to be called again */
	bool once;     /* the leave has been called at this place of the program */

	/* The schedule. */
	uint32_t at[POINTS];
	enum who then[POINTS];
	uint32_t points; /* met so far */
	enum who running;
	bool nested;

	/* The driver. */
	bool inside;         /* a callback */
	uint32_t callbacks;  /* that may refuse, so far */
	uint32_t refuse[2];  /* these do */
	uint32_t prepared;   /* how many queues are */
	bool override_ended; /* `commit` or `abort` has been called */
	uint32_t resumes, quiesces, prepares, aborts, commits;
	char log[400]; /* what was called, for people and for the order */
	size_t logged;
};

extern struct world W;

/* A stopped set, CPUs as the layout says. */
void world_begin(const struct layout *layout);
/* The set has begun, with the layout's masks. */
void world_start(void);
/* `who` makes its calls to the end, then the others theirs, as the schedule says. */
void world_run(enum who first);
/* Nobody is at work: everything is as the contracts say. */
void world_check_rest(void);
/* The faults are over: sleeping queues are looked at once more. */
void world_heal(void);
/* All that an undone override must leave as it was. */
struct snapshot {
	struct fake_mask masks[QUEUES];
	uint32_t state[QUEUES], managed[QUEUES], blocked[QUEUES];
	bool takes[QUEUES];
	uint64_t resources[QUEUES];
	uint32_t generation;
};
void world_look(struct snapshot *s);

uint64_t const *world_mask(uint8_t bits, struct fake_mask *memory);

#endif
