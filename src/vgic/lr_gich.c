/* SPDX-License-Identifier: MIT */
/* lr_gich.c: list registers of a GICv2. */
#include "vgic/vgic.h"

/* GICH_LRn (IHI 0048B 5.3.6): HW 31, group 30, state 29:28, priority 27:23, physical INTID 19:10,
 * or EOI 19 and source 12:10, virtual INTID 9:0. */
static uint64_t make_gich(const struct ferry_lr *lr)
{
	uint32_t value = (uint32_t)lr->group1 << 30 | (uint32_t)lr->state << 28 |
			 (uint32_t)lr->priority >> 3 << 23 | lr->intid;

	if (lr->phys)
		return value | 1u << 31 | (lr->phys & 0x3ff) << 10;
	return value | (uint32_t)lr->eoi << 19 | (uint32_t)lr->source << 10;
}

static uint32_t state_gich(uint64_t value)
{
	return (uint32_t)(value >> 28) & 3;
}

const struct ferry_lr_format ferry_gich = { make_gich, state_gich, 0, 1019, false };
