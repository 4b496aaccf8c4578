/* SPDX-License-Identifier: MIT */
/* Another CPU of those that were requested. Linked only if used. Lock: I; M below it. */
#include <irqferry/balance.h>
#include "core/core.h"

/* One more reference to the set that is requested. */
static int same_again(struct ferry *f, const struct ferry_irq *i, ferry_set *set)
{
	uint64_t mask[FERRY_CPUS_MAX / 64];

	if (i->requested == FERRY_SET_NONE)
		return FERRY_E_STATE;
	for (uint32_t w = 0; w < f->nwords; w++)
		mask[w] = ferry_set_word(f, i->requested, w);
	return ferry_set_make(f, mask, set);
}

int ferry_irq_prefer(struct ferry *f, uint32_t irq, uint32_t cpu)
{
	struct ferry_irq *i = NULL;
	uint32_t ticket;
	uintptr_t flags;
	ferry_set set;
	int rc;

	if (cpu < f->ncpus)
		i = ferry_enter_number(f, irq, &flags);
	if (!i)
		return FERRY_E_INVALID;
	rc = same_again(f, i, &set);
	if (rc == FERRY_OK) {
		rc = ferry_request(f, i, set, cpu, &ticket);
		if (rc != FERRY_OK)
			ferry_set_put(f, set);
	}
	ferry_leave(f, i, flags);
	return rc;
}
