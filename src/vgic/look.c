/* SPDX-License-Identifier: MIT */
/* look.c: a snapshot of one interrupt. Takes I alone. */
#include "vgic/vgic.h"

static uint32_t whom(uint32_t vcpu)
{
	return vcpu == VGIC_NOBODY ? FERRY_NONE : vcpu;
}

int ferry_vgic_look(struct ferry_vgic *g, uint32_t vcpu, uint32_t intid,
		    struct ferry_virq_info *info)
{
	uint32_t n = ferry_vgic_number(g, intid);
	struct ferry_virq *i;
	uintptr_t flags;
	uint32_t owner;

	if (n == FERRY_NONE || (n < VGIC_PRIVATE && vcpu >= g->nvcpus))
		return FERRY_E_INVALID;
	i = ferry_vgic_virq(g, vcpu, n);
	flags = vgic_off(g);
	lock(g, &i->lock);
	/* What pends is with nobody, but on its way. */
	owner = i->at == AT_NONE ? ferry_virq_where(g, i) : i->owner;
	*info = (struct ferry_virq_info){
		.phys = i->phys ? i->phys : FERRY_NONE,
		.routed = i->routed == VGIC_NOWHERE ? FERRY_NONE : i->routed,
		.target = whom(i->target),
		.owner = whom(owner),
		.in_lr = i->at == AT_LR,
		.enabled = virq_is(i, VIRQ_ENABLED),
		.pending = ferry_virq_pending(i) || virq_is(i, VIRQ_LOADED),
		.active = virq_is(i, VIRQ_ACTIVE),
		.physical = virq_is(i, VIRQ_PHYS),
		.owed = virq_is(i, VIRQ_OWED),
		.asked = i->asked,
	};
	info->arrived =
		(uint8_t)(info->asked - (info->owner != FERRY_NONE && info->owner != info->target));
	unlock(g, &i->lock);
	vgic_restore(g, flags);
	return FERRY_OK;
}
