/* SPDX-License-Identifier: MIT */
/* wait.c: a vCPU waits for an interrupt. Linked only if used. No lock. */
#include "vgic/fold.h"

/* Is there anything that would wake it? Priority mask and groups as the guest has set them:
 * VMCR bits 31:24, 1:0, in both formats (IHI 0069H 12.4.8, IHI 0048B 5.3.3). */
static bool has_something(struct ferry_vgic *g, uint32_t vcpu)
{
	struct ferry_vcpu *c = &g->vcpus[vcpu];
	uint32_t vmcr, top;

	vmcr = load(g, &c->cpu) ? (uint32_t)ferry_host_ich_read(g->ctx, FERRY_ICH_VMCR) :
				  c->kept[FERRY_ICH_VMCR];
	if (ferry_vcpu_pick(g, c, PICK_PENDING, vmcr & 3, 1, &top) && top >> 16 < vmcr >> 24)
		return true; /* or was: an entry will tell */
	return load(g, &c->request);
}

int ferry_vcpu_block(struct ferry_vgic *g, uint32_t vcpu)
{
	struct ferry_vcpu *c = &g->vcpus[vcpu];

	if (has_something(g, vcpu))
		return FERRY_E_AGAIN;
	ferry_host_xchg(g->ctx, &c->mode, VCPU_BLOCKED);
	if (!load(g, &c->request))
		return FERRY_OK;
	ferry_vcpu_unblock(g, vcpu);
	return FERRY_E_AGAIN;
}

void ferry_vcpu_unblock(struct ferry_vgic *g, uint32_t vcpu)
{
	(void)ferry_host_cas(g->ctx, &g->vcpus[vcpu].mode, VCPU_BLOCKED, VCPU_OUT);
}
