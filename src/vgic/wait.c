/* SPDX-License-Identifier: MIT */
/* wait.c: a vCPU waits for an interrupt. Linked only if used. Takes I of one at a
 * time. */
#include "vgic/fold.h"

static uint32_t interface(struct ferry_vgic *g, const struct ferry_vcpu *c, uint32_t reg)
{
	return load(g, &c->cpu) ? (uint32_t)ferry_host_ich_read(g->ctx, reg) : c->kept[reg];
}

/* The highest active priority: one bit each, 32 in a register, of 5, 6 or 7 bits of priority
 * (IHI 0069H 12.4.1); 256: none. */
static uint32_t running(struct ferry_vgic *g, const struct ferry_vcpu *c)
{
	for (uint32_t n = 0; n < g->aprs; n++) {
		uint32_t bits = interface(g, c, FERRY_ICH_AP1R0 + n);

		if (g->hardware->ap0)
			bits |= interface(g, c, FERRY_ICH_AP0R0 + n);
		if (bits)
			return (n * 32 + (uint32_t)__builtin_ctz(bits)) * (8u / g->aprs);
	}
	return 256;
}

/* Is this hint's interrupt still to come here? If not it is forgotten. */
static bool is_here(struct ferry_vgic *g, const struct ferry_vcpu *c, uint32_t number)
{
	struct ferry_virq *i = ferry_vgic_virq(g, c->index, number);
	bool here;

	lock(g, &i->lock);
	here = i->at == AT_NONE && ferry_virq_where(g, i) == c->index;
	if (!here)
		ferry_vcpu_forget(g, c, number);
	unlock(g, &i->lock);
	return here;
}

/* Is there anything that would wake it? Priority mask and groups as the guest has set them:
 * VMCR bits 31:24, 1:0, in both formats (IHI 0069H 12.4.8, IHI 0048B 5.3.3). */
static bool has_something(struct ferry_vgic *g, uint32_t vcpu)
{
	struct ferry_vcpu *c = &g->vcpus[vcpu];
	uint32_t vmcr = interface(g, c, FERRY_ICH_VMCR), some[VGIC_LRS];
	uint32_t n = ferry_vcpu_pick(g, c, PICK_PENDING, vmcr & 3, VGIC_LRS, some);

	for (uint32_t k = 0; k < n; k++)
		if (is_here(g, c, some[k] & 0xffff))
			return some[k] >> 16 < vmcr >> 24 && some[k] >> 16 < running(g, c);
	return n == VGIC_LRS; /* all stale: an entry looks at more */
}

int ferry_vcpu_block(struct ferry_vgic *g, uint32_t vcpu)
{
	struct ferry_vcpu *c = &g->vcpus[vcpu];

	if (load(g, &c->request) || has_something(g, vcpu))
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
