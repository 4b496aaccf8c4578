/* SPDX-License-Identifier: MIT */
/*
 * mutants.h: the library with mistakes made on purpose, one of them chosen at run
 * time. The table is generated from check/mutants/ (*.mut) by generate.py; the
 * mutated library is $(B)/mutants/libirqferry.a.
 *
 *    ferry_mutant = k + 1;    the library makes the mistake of ferry_mutants[k]
 *    ferry_mutant = 0;        it is the library as it is
 *
 * Set it before the machine is made, and not while one runs.
 */
#ifndef IRQFERRY_CHECK_MUTANTS_H
#define IRQFERRY_CHECK_MUTANTS_H

#include <stdint.h>

#define FERRY_MUTANT_SCENARIOS 4

struct ferry_mutant_entry {
	const char *name;
	const char *family;     /* its .mut file: engine, found, xen, linux, mechanical */
	const char *place;      /* file:line of its first edit */
	const char *why;        /* what is wrong; null for some mechanical ones */
	const char *equivalent; /* why nothing can be seen of it; null: it must be found */
	/* The smallest scenarios that should show it, as check/scenario.h reads them;
	 * null after the last. */
	const char *scenario[FERRY_MUTANT_SCENARIOS];
};

extern const struct ferry_mutant_entry ferry_mutants[];
extern const uint32_t ferry_mutants_count;
extern uint32_t ferry_mutant;

#endif
