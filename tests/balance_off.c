// SPDX-License-Identifier: MIT
/* What a host does about balancing, built with FERRY_NO_BALANCE: the same lines, no
 * #ifdef, and nothing to link with. */
#include <irqferry/balance.h>
#include "tests/tap.h"

static struct ferry_policy policy;
static struct ferry_round_robin turns;
static struct ferry_by_load loads;

/* After a CPU has come online. */
static uint32_t cpu_came(struct ferry *f)
{
	uint32_t cursor = 0, moved = 0;

	while (ferry_balance(f, &cursor, 64, &moved))
		;
	return moved;
}

int main(void)
{
	struct ferry *f = NULL;

	ferry_round_robin(&policy, &turns);
	ferry_by_load(&policy, &loads);
	ferry_balance_set(f, &policy);
	is_u64(cpu_came(f), 0, "built without balancing: nothing moves, nothing is needed");
	return tap_done();
}
