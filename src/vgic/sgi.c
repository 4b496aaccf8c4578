// SPDX-License-Identifier: MIT
/*
 * SGIs of a GICv3 guest: ICC_SGI1R_EL1, ICC_ASGI1R_EL1, ICC_SGI0R_EL1 (IHI 0069H 12.2).
 * Whatever the guest writes, each of its vCPUs is looked at once, and gets at most one.
 */
#include "vgic/vgic.h"

/* ICC_SGI1R_EL1 */
#define SGI_IRM (1ull << 40)
#define SGI_INTID(value) ((uint32_t)((value) >> 24) & 0xfu)
#define SGI_RS(value) ((uint32_t)((value) >> 44) & 0xfu)
/* Aff3.Aff2.Aff1 */
#define SGI_CLUSTER(value) \
	((uint32_t)((value) >> 48 & 0xff) << 16 | (uint32_t)((value) >> 32 & 0xff) << 8 | \
	 (uint32_t)((value) >> 16 & 0xff))

/* Which of a GICv3 guest's vCPUs `value` names. */
static bool names(const struct ferry_vgic *g, uint32_t from, uint32_t vcpu, uint64_t value)
{
	uint32_t affinity = vgic_affinity(g, vcpu);

	if (value & SGI_IRM)
		return vcpu != from;
	/* There is no range selector (GICD_TYPER.RSS is 0): no vCPU has an Aff0 above 15. */
	return !SGI_RS(value) && affinity >> 8 == SGI_CLUSTER(value) &&
	       (value >> (affinity & 0xf) & 1);
}

/* Pends if it is of that group. */
static vcpu_set send(struct ferry_vgic *g, struct ferry_virq *i, bool group1)
{
	uintptr_t flags = ferry_virq_begin(g, i);

	if (virq_is(i, VIRQ_GROUP1) == group1) {
		virq_set(i, VIRQ_LATCH);
		return ferry_virq_end(g, i, flags, 0, true);
	}
	unlock(g, &i->lock);
	vgic_restore(g, flags);
	return 0;
}

int ferry_vgic_sgi(struct ferry_vgic *g, uint32_t vcpu, enum ferry_vgic_sgi reg, uint64_t value)
{
	/*
	 * One Security state (GICD_CTLR.DS is 1): ICC_SGI1R_EL1 sends what is Group 1 where it
	 * arrives, ICC_SGI0R_EL1 what is Group 0. ICC_ASGI1R_EL1 is for Group 1 of the other
	 * Security state. There is none; "Forwarding an SGI to a target PE" (IHI 0069H 12.1)
	 * leaves it Group 0.
	 */
	bool group1 = reg == FERRY_SGI1R;
	vcpu_set set = 0;

	if (g->variant->version != 3 || vcpu >= g->nvcpus || reg > FERRY_SGI0R)
		return FERRY_E_INVALID;
	for (uint32_t to = 0; to < g->nvcpus; to++)
		if (names(g, vcpu, to, value))
			set |= send(g, ferry_vgic_virq(g, to, SGI_INTID(value)), group1);
	ferry_vgic_kick(g, set);
	return FERRY_OK;
}
