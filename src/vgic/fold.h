/* SPDX-License-Identifier: MIT */
/* fold.h: what fold.c and fill.c share. Private to src/vgic. */
#ifndef FERRY_VGIC_FOLD_H
#define FERRY_VGIC_FOLD_H

#include "vgic/vgic.h"

/* Interrupts to place once L was let go: as many as list registers, and ends counted besides. */
#define VGIC_LATER (VGIC_LRS + 31u)
struct ferry_later {
	uint32_t n;
	uint8_t vcpu[VGIC_LATER];
	struct ferry_virq *virq[VGIC_LATER];
};

/* L held, on the vCPU's CPU: no list register but those in use is other than zero. */
void ferry_vcpu_clear(struct ferry_vgic *g, struct ferry_vcpu *c);

/* ferry_virq_sort(); where it should be besides is kept. */
void ferry_later_sort(struct ferry_vgic *g, struct ferry_later *later, struct ferry_virq *i,
		      uint32_t orders);
vcpu_set ferry_later_place(struct ferry_vgic *g, const struct ferry_later *later);

/* L held: the first `want` (0 .. VGIC_LRS) of one of the vCPU's lists by priority, of equals
 * the lowest number; those of `groups` (bit 0, bit 1) alone. Time: what is in it, times
 * `want` at most. */
uint32_t ferry_vcpu_pick(const struct ferry_vgic *g, const struct ferry_vcpu *c,
			 enum ferry_list list, uint32_t groups, uint32_t want,
			 struct ferry_virq **out);

#endif
