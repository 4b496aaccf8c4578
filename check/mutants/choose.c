/* SPDX-License-Identifier: MIT */
/*
 * choose.c: links into a test what it takes to run it with a mistake:
 *
 *    FERRY_MUTANT=W1-released-at-once build/mutants/test_storms 1 3000
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "mutants.h"

__attribute__((constructor)) static void choose(void)
{
	const char *name = getenv("FERRY_MUTANT");

	if (!name || !*name)
		return;
	for (uint32_t k = 0; k < ferry_mutants_count; k++)
		if (!strcmp(name, ferry_mutants[k].name))
			ferry_mutant = k + 1;
	if (!ferry_mutant) {
		fprintf(stderr, "FERRY_MUTANT: there is no %s\n", name);
		exit(2);
	}
}
