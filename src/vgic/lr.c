/* SPDX-License-Identifier: MIT */
/* lr.c: what a list register looks like. */
#include "vgic/vgic.h"

#define HCR_TDIR 0x4000u /* a guest's DIR traps: it may name what another vCPU has active */

/* ICH_LR<n>_EL2 (IHI 0069H 12.4.6): state 63:62, HW 61, group 60, priority 55:48, physical
 * INTID 44:32 or EOI 41, virtual INTID 31:0; of an SGI of a GICv2 guest the source in 12:10. */
static uint64_t make_ich(const struct ferry_lr *lr)
{
	uint64_t value = (uint64_t)lr->state << 62 | (uint64_t)lr->group1 << 60 |
			 (uint64_t)lr->priority << 48 | (uint64_t)lr->source << 10 | lr->intid;

	if (lr->phys != FERRY_NONE)
		return value | 1ull << 61 | (uint64_t)(lr->phys & 0x1fff) << 32;
	return value | (uint64_t)lr->eoi << 41;
}

static uint32_t state_ich(uint64_t value)
{
	return (uint32_t)(value >> 62);
}

const struct ferry_lr_format ferry_ich = { make_ich, state_ich, HCR_TDIR, 1, 1 };

/* GICH_LRn (IHI 0048B 5.3.6): HW 31, group 30, state 29:28, priority 27:23, physical INTID 19:10,
 * or EOI 19 and source 12:10, virtual INTID 9:0. */
static uint64_t make_gich(const struct ferry_lr *lr)
{
	uint32_t value = (uint32_t)lr->group1 << 30 | (uint32_t)lr->state << 28 |
			 (uint32_t)lr->priority >> 3 << 23 | lr->intid;

	if (lr->phys != FERRY_NONE)
		return value | 1u << 31 | (lr->phys & 0x3ff) << 10;
	return value | (uint32_t)lr->eoi << 19 | (uint32_t)lr->source << 10;
}

static uint32_t state_gich(uint64_t value)
{
	return (uint32_t)(value >> 28) & 3;
}

const struct ferry_lr_format ferry_gich = { make_gich, state_gich, 0, 0, 1 };
