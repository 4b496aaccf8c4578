/* SPDX-License-Identifier: MIT */
/*
 * physical.c: physical SPIs behind virtual ones.
 *
 * Takes I of one interrupt at a time.
 */
#include "vgic/arrive.h"

int ferry_vgic_physical(struct ferry_vgic *g, uint32_t intid)
{
	struct ferry_virq *i = ferry_vgic_spi(g, intid);
	uintptr_t flags;
	bool linked;

	if (!i)
		return FERRY_E_INVALID;
	flags = ferry_virq_begin(g, i);
	linked = i->phys != 0;
	if (linked)
		arrive_physical(i);
	ferry_vgic_kick(g, ferry_virq_end(g, i, flags, 0, linked));
	return linked ? FERRY_OK : FERRY_E_STATE;
}

int ferry_vgic_bind(struct ferry_vgic *g, uint32_t intid, uint32_t phys, bool edge)
{
	struct ferry_virq *i = ferry_vgic_spi(g, intid);
	int status = FERRY_E_STATE;
	uintptr_t flags;

	if (!i || phys < VGIC_PRIVATE || phys > g->hardware->last || phys - 1020 < 4096 - 1020)
		return FERRY_E_INVALID;
	flags = ferry_virq_begin(g, i);
	if (!i->phys) {
		i->phys = (uint16_t)phys;
		i->routed = VGIC_NOWHERE;
		virq_clear(i, VIRQ_EDGE | VIRQ_LINE);
		virq_set(i, edge ? VIRQ_EDGE : 0);
		ferry_virq_note(g, i);
		ferry_virq_reroute(g, i);
		status = FERRY_OK;
	}
	unlock(g, &i->lock);
	vgic_restore(g, flags);
	return status;
}
