/* SPDX-License-Identifier: MIT */
/*
 * suite.h: what a process of a pool does with one scenario, or with one mutant: search,
 * and where something is found, write a counterexample and make it smaller.
 */
#ifndef IRQFERRY_CHECK_SUITE_H
#define IRQFERRY_CHECK_SUITE_H

#include "minimise.h"
#include "mutants/mutants.h"
#include "pool.h"

/* They are there in irqferry-mutants alone. */
#pragma weak ferry_mutants
#pragma weak ferry_mutants_count
#pragma weak ferry_mutant

struct suite_how {
	const struct subject *subject;
	struct search_options search; /* max_memory: of one process */
	double minimise;              /* seconds; 0: counterexamples stay as they are */
	const char *mutant;           /* the one that runs, or null */
};

/* Search; `file`, or null, gets the counterexample. */
void suite_scenario(const struct suite_how *how, struct pool *p, const struct scenario *s,
		    const char *file, struct outcome *o);

/* Is this the library without an answer? A search that ended before its end. */
bool outcome_unfinished(const struct outcome *o);
/* states seconds memory signal other */
extern const char *const limit_name[LIMITS];

/* ---- mutants: in irqferry-mutants alone ------------------------------------------ */

bool mutants_linked(void);
/* Its index: the name, or the only one that begins with it and a dash. False: *index
 * tells how many do. */
bool mutant_find(const char *name, uint32_t *index);
void mutant_choose(uint32_t index); /* or NO_MUTANT; where there are none, nothing */
#define NO_MUTANT UINT32_MAX

/* Scenarios for whoever has no hint, the cheap ones first; null after the last. The second
 * ladder is for mutants of src/vgic, the third for those of sets of queues. */
extern const char *const suite_ladder[], *const suite_guest_ladder[], *const suite_queues_ladder[];

/* Search its hints, then the ladder, until one shows a violation: quickly, then with
 * the limits of `how` (its defaults, where there are none). */
void suite_mutant(const struct suite_how *how, struct pool *p, uint32_t index, const char *file,
		  struct outcome *o);
/* The process died in o->scenario: if it does so without the mutant too, that is no
 * evidence, and `o` becomes a survivor. From the parent. */
void suite_doubt_crash(const struct suite_how *how, struct pool *p, struct outcome *o);

#endif
