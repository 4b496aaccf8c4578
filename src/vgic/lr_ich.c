/* SPDX-License-Identifier: MIT */
/* lr_ich.c: list registers of a GICv3. */
#include "vgic/vgic.h"

#define HCR_TDIR 0x4000u /* a guest's DIR traps: it may name what another vCPU has active */

/* ICH_LR<n>_EL2 (IHI 0069H 12.4.6): state 63:62, HW 61, group 60, priority 55:48, physical
 * INTID 44:32 or EOI 41, virtual INTID 31:0; of an SGI of a GICv2 guest the source in 12:10. */
static uint64_t make_ich(const struct ferry_lr *lr)
{
	uint64_t value = (uint64_t)lr->state << 62 | (uint64_t)lr->group1 << 60 |
			 (uint64_t)lr->priority << 48 | (uint64_t)lr->source << 10 | lr->intid;

	if (lr->phys)
		return value | 1ull << 61 | (uint64_t)(lr->phys & 0x1fff) << 32;
	return value | (uint64_t)lr->eoi << 41;
}

static uint32_t state_ich(uint64_t value)
{
	return (uint32_t)(value >> 62);
}

const struct ferry_lr_format ferry_ich = { make_ich, state_ich, HCR_TDIR, 5119, true };
