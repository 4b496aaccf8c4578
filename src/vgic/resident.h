/* SPDX-License-Identifier: MIT */
/* resident.h: what resident.c and timer.c share. Private to src/vgic. */
#ifndef FERRY_VGIC_RESIDENT_H
#define FERRY_VGIC_RESIDENT_H

#include "vgic/vgic.h"

#define TIMER_NEVER UINT64_MAX
/* CNTV_CTL_EL0 (DDI 0487 D11). STATUS says nothing about MASK. */
#define TIMER_ENABLE 1u
#define TIMER_MASK 2u
#define TIMER_STATUS 4u

static inline bool resident_is_fixed(const struct ferry_resident *r)
{
	return r->scheme == FERRY_RESIDENT_FIXED;
}

/* Has this vCPU anything to do with it? */
static inline bool resident_is_of(const struct ferry_resident *r, uint32_t vcpu)
{
	return !resident_is_fixed(r) || r->vcpu == vcpu;
}

/* Take T and I. */
struct ferry_virq *ferry_resident_begin(struct ferry_vgic *g, const struct ferry_resident *r,
					uint32_t vcpu);
/* It is in no list register: settle it, let go of both. */
vcpu_set ferry_resident_end(struct ferry_vgic *g, struct ferry_virq *i, uint32_t self);

/* ---- timer.c: the EL1 virtual timer. On the CPU that has it, but for _look. -------- */

/* Is its line high now? */
bool ferry_timer_line(struct ferry_vgic *g);
/* Mask it at its source: its line is low then. */
void ferry_timer_mask(struct ferry_vgic *g);
/* Off: its line is low then. */
void ferry_timer_off(struct ferry_vgic *g);
/* T held: keep the vCPU's registers, and off; the other way round. */
void ferry_timer_save(struct ferry_vgic *g, struct ferry_vcpu *c);
void ferry_timer_restore(struct ferry_vgic *g, const struct ferry_vcpu *c);
/* T and I held; it is saved: `i` is told if its line is high now, or has risen. Depends on
 * nothing but the saved registers and the counter, so it may be called at any time. Returns
 * the count at which it will rise: 0: it has; TIMER_NEVER. */
uint64_t ferry_timer_look(struct ferry_vgic *g, struct ferry_vcpu *c, struct ferry_virq *i);

#endif
