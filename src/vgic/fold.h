/* SPDX-License-Identifier: MIT */
/* fold.h: what fold.c, fill.c and direct.c share. Private to src/vgic. On the vCPU's own thread. */
#ifndef FERRY_VGIC_FOLD_H
#define FERRY_VGIC_FOLD_H

#include "vgic/vgic.h"

/* On the vCPU's CPU: no list register but those in use is other than zero. */
void ferry_vcpu_clear(struct ferry_vgic *g, struct ferry_vcpu *c);

/* Numbers that somebody has left hints of, `most` of them at most. How many. */
uint32_t ferry_vcpu_collect(struct ferry_vgic *g, struct ferry_vcpu *c, uint32_t most,
			    uint32_t *out);

/* What they were when the hints were left. */
enum ferry_pick { PICK_PENDING, PICK_ACTIVE };

/* The first `want` by priority, of equals the lowest number; those of `groups` (bit 0, bit 1)
 * alone. out: the priority in bits 23:16, the number below. How many. Time: hints, times `want`
 * at most. */
uint32_t ferry_vcpu_pick(struct ferry_vgic *g, struct ferry_vcpu *c, enum ferry_pick what,
			 uint32_t groups, uint32_t want, uint32_t *out);

/* I held, and it should be here, is in no list register, and one is free: into the next one.
 * Its key has been set. True: it pends there. */
bool ferry_vcpu_take(struct ferry_vgic *g, struct ferry_vcpu *c, struct ferry_virq *i);

/* I held: it is being looked at. */
void ferry_vcpu_forget(struct ferry_vgic *g, const struct ferry_vcpu *c, uint32_t number);

#endif
