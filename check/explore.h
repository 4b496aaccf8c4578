/* SPDX-License-Identifier: MIT */
/*
 * explore.h: go through the schedules of one scenario.
 *
 * A schedule is a list of labels (sim/machine.h), here in their canonical form: a
 * message is named by its device and its rank there, not by where the simulator
 * keeps it. Labels that need not happen are the firing of devices (L_FIRE).
 */
#ifndef IRQFERRY_CHECK_EXPLORE_H
#define IRQFERRY_CHECK_EXPLORE_H

#include "subject.h"

enum verdict_kind {
	CHECK_PASSED,
	/* a violation; in the order of enum verdict of sim/machine.h */
	CHECK_LOST,
	CHECK_DUPLICATED,
	CHECK_MISDELIVERED,
	CHECK_OFFLINE,
	CHECK_BROKEN,
	CHECK_DEADLOCK, /* nothing can happen and something still waits */
	CHECK_LIVELOCK, /* a cycle in which nobody who could go on is left out */
	CHECK_REFUSED,  /* the subject can't do this scenario, or the machine can't be built */
	CHECK_VERDICTS
};
/* passed lost duplicated misdelivered offline broken deadlock livelock refused */
extern const char *const check_verdict_name[CHECK_VERDICTS];

static inline bool check_failed(enum verdict_kind v)
{
	return v >= CHECK_LOST && v <= CHECK_LIVELOCK;
}

struct search_result;

enum search {
	SEARCH_DEPTH,   /* every state, depth first */
	SEARCH_BREADTH, /* every state, shortest schedules first; much memory */
	SEARCH_UNIFORM, /* random: each enabled label alike */
	SEARCH_PCT,     /* random: priorities with change points (Burckhardt 2010) */
	SEARCH_STARVE   /* random: one label's actor waits for a random span */
};

struct search_options {
	enum search search;
	bool no_sleep;  /* without sleep sets */
	bool no_merge;  /* a step ends before every host call */
	bool no_cycles; /* don't look for livelocks */
	uint64_t runs;  /* random searches: schedules */
	uint64_t seed;
	/* Limits; 0: none. What is reached first ends the search, cleanly. */
	uint64_t max_states, max_seconds, max_memory; /* memory: bytes */
	const char *checkpoint; /* depth first: written when a limit or a signal ends it */
	const char *resume;     /* ... and read at the start */
	/* Called a few times a second, or null. True: end now. */
	bool (*progress)(void *arg, const struct search_result *sofar);
	void *arg;
};

#define PATH_MOST 20000

struct search_result {
	enum verdict_kind verdict;
	bool exhausted; /* every state within the scenario's bounds was visited */
	bool stopped;   /* a limit, a signal or `progress` ended it */
	uint64_t states, transitions, terminal, runs;
	uint64_t frontier, memory; /* states waiting; bytes */
	uint32_t depth;            /* longest schedule */
	uint32_t state_bytes;      /* the longest description of one state */
	double seconds;
	char why[240]; /* of a violation or refusal, in words */
	label *path;   /* of a violation: the schedule that leads to it; malloc'ed */
	uint32_t npath;
	uint32_t cycle; /* livelock: the last so many labels are the cycle */
};

/* Search. The result is filled in any case; free() its path. */
void check_search(const struct scenario *s, const struct subject *subject,
		  const struct search_options *o, struct search_result *r);

/* ---- one schedule ---------------------------------------------------------- */

struct replay_options {
	bool strict; /* end at the first label that is not enabled */
	/* Called with each label before it is performed, in words, and what it led
	 * to; or null. `own`: from the list, not of the default policy. */
	void (*step)(void *arg, uint32_t n, label l, const char *words, bool own);
	void *arg;
};

struct replay_result {
	enum verdict_kind verdict;
	char why[240];
	uint32_t performed, skipped; /* labels of the list */
	uint32_t first_skipped;      /* its index in the list */
	uint32_t total;              /* with those of the default policy */
	uint64_t start;              /* fingerprint of the initial state */
	label *schedule;             /* all labels performed; malloc'ed */
};

/*
 * Perform the labels in order; one that is not enabled is skipped. Then the default
 * policy goes on until nothing can happen any more (it never fires a device), and
 * the end is judged.
 */
void check_replay(const struct scenario *s, const struct subject *subject, const label *list,
		  uint32_t n, const struct replay_options *o, struct replay_result *r);

/* A label as one word of text, and back. "step.1", "take.1.35", "fire.0", "reach.0.0",
 * "accept.0.0", "accept.0.0.2" (CPU 1 of a set), "ipi.2", "eoi.35", "poll", "bound",
 * "start.1" (CPU 1 is switched on),
 * "start.1.1" (its thread has waited for a while), "start.1.2" (it leaves its guest), "land.0",
 * "flush.1", "flush.1.2" (the third of its stores); Arm: "recall.38.0", "route.38" (interrupts
 * as sim/gic.h numbers them), "its.0", "wake.1"; guests: "guest.0.1" (what the guest on CPU 0
 * does, enum virt_step of sim/virt.h), "tick", "soft.1" (vCPU 1's software timer). Vectors in
 * hexadecimal. */
void label_format(label l, char *out, size_t size);
bool label_parse(const char *text, label *l);

#endif
