/* SPDX-License-Identifier: MIT */
/* suite_int.h: between suite.c and mutant.c. */
#ifndef IRQFERRY_CHECK_SUITE_INT_H
#define IRQFERRY_CHECK_SUITE_INT_H

#include "suite.h"

void suite_search(const struct suite_how *how, struct pool *p, const struct scenario *s,
		  struct search_result *r);
void suite_record(const struct suite_how *how, struct pool *p, const struct search_result *r,
		  struct outcome *o);
/* A violation: its schedule becomes a counterexample. */
void suite_found(const struct suite_how *how, struct pool *p, const struct scenario *s,
		 const char *file, const struct search_result *r, struct outcome *o);

/* Does this scenario fail without the mutant too? Then it says nothing of it. */
bool suite_blind(const struct suite_how *how, struct pool *p, const struct scenario *s);

#endif
