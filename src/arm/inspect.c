/* SPDX-License-Identifier: MIT */
/* Which is which? Linked only if used. Locks: I. */
#include "arm/gic.h"

uint32_t ferry_gic_intid(struct ferry *f, uint32_t irq)
{
	uint32_t intid = FERRY_NONE;
	uintptr_t flags;
	struct ferry_irq *i = ferry_enter_number(f, irq, &flags);

	if (!i)
		return FERRY_NONE;
	if (i->state != FERRY_FREE)
		intid = gic_intid(i);
	ferry_leave(f, i, flags);
	return intid;
}

uint32_t ferry_gic_irq(struct ferry *f, uint32_t intid)
{
	ferry_atomic *cell = gic_cell(f->gic, intid);
	uint32_t irq = cell ? ferry_host_load(f->ctx, cell) - 1 : intid - FERRY_LPI_FIRST;

	return intid != FERRY_NONE && ferry_gic_intid(f, irq) == intid ? irq : FERRY_NONE;
}
