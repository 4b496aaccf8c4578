/* SPDX-License-Identifier: MIT */
/* dir.c: a guest that deactivates apart from dropping the priority. Linked only if used. */
#include "vgic/vgic.h"

int ferry_vgic_dir(struct ferry_vgic *g, uint32_t vcpu, uint32_t intid)
{
	uint32_t n;

	/* Of a GICv2's, bits 12:10 name the source of an SGI (IHI 0048B 4.4.5). */
	n = ferry_vgic_number(g, g->variant->version == 2 ? intid & 0x3ff : intid & 0xffffff);
	if (n == FERRY_NONE || vcpu >= g->nvcpus)
		return FERRY_E_INVALID;
	ferry_vgic_sync(g, ferry_virq_order(g, ferry_vgic_virq(g, vcpu, n), VIRQ_DEACTIVATE));
	return FERRY_OK;
}
