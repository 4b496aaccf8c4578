/* SPDX-License-Identifier: MIT */
/*
 * inject.c: interrupts of devices that no physical one stands behind. Linked only if used.
 *
 * Takes I of one interrupt at a time.
 */
#include "vgic/arrive.h"

/* An edge from a device without a physical interrupt, or its line. A line that drops asks
 * nobody: that the guest sees an interrupt that is over is allowed for a while. */
int ferry_vgic_inject(struct ferry_vgic *g, uint32_t vcpu, uint32_t intid, bool level)
{
	uint32_t n = ferry_vgic_number(g, intid);
	struct ferry_virq *i;
	uintptr_t flags;
	bool linked;

	if (n == FERRY_NONE || n < 16 || (n < VGIC_PRIVATE && vcpu >= g->nvcpus))
		return FERRY_E_INVALID;
	i = ferry_vgic_virq(g, vcpu, n);
	flags = ferry_virq_begin(g, i);
	linked = i->phys != 0;
	if (!linked && !level)
		virq_clear(i, VIRQ_LINE); /* also if the guest calls it an edge meanwhile */
	else if (!linked)
		arrive_virtual(i);
	ferry_vgic_kick(g, ferry_virq_end(g, i, flags, 0, level && !linked));
	return linked ? FERRY_E_STATE : FERRY_OK;
}
