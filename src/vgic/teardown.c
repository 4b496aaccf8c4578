/* SPDX-License-Identifier: MIT */
/*
 * teardown.c: a virtual SPI is linked to its physical one no more. Linked only if used.
 *
 * Takes I of one interrupt at a time.
 */
#include "vgic/vgic.h"

/* I held; nobody's. */
static void forget(struct ferry_vgic *g, struct ferry_virq *i)
{
	ferry_virq_release(g, i);
	virq_clear(i, VIRQ_DEAD | VIRQ_LATCH | VIRQ_ACTIVE | VIRQ_LOADED | VIRQ_ORDERS);
	i->phys = 0;
	i->routed = VGIC_NOWHERE;
}

/* The owner of a list register is asked; all others are nobody's at once. */
int ferry_vgic_unbind(struct ferry_vgic *g, uint32_t intid)
{
	struct ferry_virq *i = ferry_vgic_spi(g, intid);
	uintptr_t flags;
	bool linked, gone;

	if (!i)
		return FERRY_E_INVALID;
	flags = ferry_virq_begin(g, i);
	linked = i->phys != 0;
	virq_set(i, linked ? VIRQ_DEAD : 0);
	ferry_vgic_kick(g, ferry_virq_end(g, i, flags, 0, linked));
	if (!linked)
		return FERRY_E_STATE;
	flags = ferry_virq_begin(g, i);
	gone = i->at == AT_NONE;
	if (gone)
		forget(g, i);
	unlock(g, &i->lock);
	vgic_restore(g, flags);
	return gone ? FERRY_OK : FERRY_E_AGAIN;
}
