// SPDX-License-Identifier: MIT
/*
 * The virtual GIC's numbers: INTIDs and indices that come from a guest, and the interrupts
 * that they stand for. No index comes from a guest otherwise.
 */
#include "vgic/vgic.h"

#define FIRST_ESPI 4096u /* IHI 0069H 2.2 */

/* Where extended SPIs begin. */
static uint32_t first_extended(const struct ferry_vgic *g)
{
	return VGIC_PRIVATE + g->spis;
}

uint32_t ferry_vgic_number(const struct ferry_vgic *g, uint32_t intid)
{
	if (intid < first_extended(g))
		return intid;
	if (intid - FIRST_ESPI < g->espis) /* wraps for those below */
		return first_extended(g) + intid - FIRST_ESPI;
	return FERRY_NONE;
}

uint32_t ferry_vgic_intid(const struct ferry_vgic *g, uint32_t number)
{
	if (number < first_extended(g))
		return number;
	return number - first_extended(g) + FIRST_ESPI;
}

struct ferry_virq *ferry_vgic_spi(const struct ferry_vgic *g, uint32_t intid)
{
	uint32_t n = ferry_vgic_number(g, intid);

	return n == FERRY_NONE || n < VGIC_PRIVATE ? NULL : ferry_vgic_virq(g, 0, n);
}
