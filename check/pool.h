/* SPDX-License-Identifier: MIT */
/*
 * pool.h: jobs in several processes. Each takes the next job from a counter they
 * share and writes its outcome into memory they share. One that dies costs its own
 * job; another takes its place.
 */
#ifndef IRQFERRY_CHECK_POOL_H
#define IRQFERRY_CHECK_POOL_H

#include <stdatomic.h>
#include <sys/types.h>
#include "explore.h"

enum job_state {
	JOB_WAITING, /* or interrupted */
	JOB_RUNNING,
	JOB_FOUND, /* a violation is known and being minimised */
	JOB_DONE
};

/* What ended a search before it was through. */
enum limit {
	LIMIT_NONE,
	LIMIT_STATES,
	LIMIT_SECONDS,
	LIMIT_MEMORY,
	LIMIT_SIGNAL,
	LIMIT_OTHER, /* schedules that grow too long */
	LIMITS
};

struct outcome {
	_Atomic uint32_t state; /* enum job_state */
	uint8_t verdict;        /* enum verdict_kind */
	uint8_t limit;          /* enum limit */
	bool exhausted;
	bool random;    /* the search has no end of its own */
	bool resumed;   /* known from an earlier run: states, transitions, verdict */
	bool crashed;   /* its process died */
	bool unwritten; /* its counterexample couldn't be */
	bool stray;     /* ... and doesn't show what was found, when it is performed again */
	uint64_t states, transitions, terminal, runs, memory;
	uint32_t depth;
	uint32_t tried; /* mutants: scenarios searched */
	uint32_t blind; /* ... of which so many fail without the mutant as well */
	/* Of the counterexample, minimised if that was asked; total 0: there is none. */
	uint32_t labels, total;
	double seconds;
	char why[240];
	char scenario[SCENARIO_TEXT]; /* of the counterexample */
};

/* What a process is at, for whoever watches. */
struct pool_slot {
	pid_t pid;
	_Atomic uint32_t job; /* + 1; 0: none */
	double began;
	_Atomic uint64_t ended;                    /* states of its jobs before */
	_Atomic uint64_t states, frontier, memory; /* of this one */
};

struct pool_shared;

struct pool {
	uint32_t n; /* jobs */
	unsigned int processes;
	/* In a process of its own. Ends with the state JOB_DONE, or is interrupted. */
	void (*work)(struct pool *p, uint32_t job, struct outcome *o);
	/* Here: a job ended; some time has passed. */
	void (*ended)(struct pool *p, uint32_t job);
	void (*tick)(struct pool *p);
	void *arg;
	struct pool_shared *shared;
	bool *told; /* jobs that `ended` heard of */
};

/* False: no memory. */
bool pool_open(struct pool *p);
/* Until all jobs have ended or a signal comes (INT, TERM, HUP): then what is under
 * way ends soon, and the rest stays as it is. False: no process can be made. */
bool pool_run(struct pool *p);
void pool_close(struct pool *p);

struct outcome *pool_outcome(const struct pool *p, uint32_t job);
const struct pool_slot *pool_slot(const struct pool *p, unsigned int i);
bool pool_stopped(const struct pool *p);

/* From work: for search_options.progress, with the pool as its argument. */
bool pool_progress(void *arg, const struct search_result *sofar);
/* From work, where a signal may end the process at once: what it found is kept. */
void pool_expendable(bool yes);

#endif
