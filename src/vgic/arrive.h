/* SPDX-License-Identifier: MIT */
/* arrive.h: an interrupt comes: what is noted of it. Private to src/vgic. I held. */
#ifndef FERRY_VGIC_ARRIVE_H
#define FERRY_VGIC_ARRIVE_H

#include "vgic/vgic.h"

/* An edge, or a line that is high: of one that is not linked. */
static inline void arrive_virtual(struct ferry_virq *i)
{
	virq_set(i, virq_is(i, VIRQ_EDGE) ? VIRQ_LATCH : VIRQ_LINE);
}

/* Linked: the guest's end deactivated the last one, and its register was not folded yet. */
static inline bool arrive_is_over(const struct ferry_virq *i)
{
	return i->at == AT_LR && virq_is(i, VIRQ_CARRIED) && !virq_is(i, VIRQ_OWED);
}

static inline void arrive_physical(struct ferry_virq *i)
{
	if (arrive_is_over(i))
		virq_set(i, VIRQ_OVER);
	virq_set(i, VIRQ_PHYS | VIRQ_LATCH);
}

#endif
