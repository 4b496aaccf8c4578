/* SPDX-License-Identifier: MIT */
/*
 * registers.h: registers a guest sees, as tables: one for each frame. Private to src/vgic.
 * GICv2: IHI 0048B 4.3; GICv3: IHI 0069H 12.9 (GICD), 12.11 (GICR).
 *
 * A register, or an array of registers, is a run of fields of one width: one for each
 * interrupt, or a single one that is of no interrupt. An access covers some of them whole
 * (or a half of one of 64 bits); a function reads or writes one. So a byte never reaches its
 * neighbours, a field of an interrupt that is not there is RAZ/WI, and which field belongs
 * to which interrupt is worked out in one place.
 */
#ifndef FERRY_VGIC_REGISTERS_H
#define FERRY_VGIC_REGISTERS_H

#include "vgic/vgic.h"

/* ferry_vgic_register.how: widths allowed, in bytes, and flags. 16 bits never are. */
#define VGIC_32 0x04u
#define VGIC_8_32 0x05u
#define VGIC_32_64 0x0cu
#define VGIC_ONES 0x10u  /* fields written as 0 stay as they are */
#define VGIC_EXACT 0x20u /* reads: what is in list registers counts, too */
#define VGIC_SYNC 0x40u  /* writes hold everywhere when the access ends */
#define VGIC_ALONE 0x80u /* of no interrupt */

/* One access, and the field that is read or written. */
struct vgic_at {
	struct ferry_vgic *g;
	uint32_t vcpu;  /* whose banked interrupts and registers these are */
	uint32_t first; /* INTIDs below are not in this frame */
	bool sync;
	uint64_t mask; /* which bits of the field are written */
	uint32_t intid;
	struct ferry_virq *i; /* null: VGIC_ALONE */
};

struct vgic_register {
	uint16_t offset, size; /* bytes of the frame */
	uint16_t intid;        /* of the first field */
	uint8_t bits;          /* of a field: a power of two */
	uint8_t how;
	uint64_t (*get)(struct vgic_at *at);                 /* null: RAZ */
	vcpu_set (*set)(struct vgic_at *at, uint64_t value); /* null: WI */
};

/* Everything that is in no row is RAZ/WI, 32 bits wide. */
struct vgic_frame {
	const struct vgic_register *rows;
	uint32_t n;
};
#define VGIC_FRAME(rows) \
	{ \
		(rows), sizeof(rows) / sizeof((rows)[0]) \
	}

/*
 * Do the access at `offset` of this frame. `at`: g, vcpu, first are filled in; a vcpu
 * that there is not has no registers. Context as ferry_vgic_access. FERRY_OK, FERRY_E_INVALID.
 */
int ferry_vgic_decode(struct vgic_at *at, const struct vgic_frame *frame, uint32_t offset,
		      struct ferry_vgic_access *access);

/* ---- fields that both versions have (registers.c) ------------------------------------ */

uint64_t ferry_vgic_get_ctlr(struct vgic_at *at);
vcpu_set ferry_vgic_set_ctlr(struct vgic_at *at, uint64_t value);
/* GICD_TYPER bits that both have: ITLinesNumber. */
uint32_t ferry_vgic_lines(const struct ferry_vgic *g);

uint64_t ferry_vgic_get_group(struct vgic_at *at);
vcpu_set ferry_vgic_set_group(struct vgic_at *at, uint64_t value);
uint64_t ferry_vgic_get_enabled(struct vgic_at *at);
vcpu_set ferry_vgic_enable(struct vgic_at *at, uint64_t value);
vcpu_set ferry_vgic_disable(struct vgic_at *at, uint64_t value);
uint64_t ferry_vgic_get_pending(struct vgic_at *at);
vcpu_set ferry_vgic_pend(struct vgic_at *at, uint64_t value);
vcpu_set ferry_vgic_unpend(struct vgic_at *at, uint64_t value);
uint64_t ferry_vgic_get_active(struct vgic_at *at);
vcpu_set ferry_vgic_activate(struct vgic_at *at, uint64_t value);
vcpu_set ferry_vgic_deactivate(struct vgic_at *at, uint64_t value);
uint64_t ferry_vgic_get_priority(struct vgic_at *at);
vcpu_set ferry_vgic_set_priority(struct vgic_at *at, uint64_t value);
uint64_t ferry_vgic_get_config(struct vgic_at *at);
vcpu_set ferry_vgic_set_config(struct vgic_at *at, uint64_t value);

/* ---- rows -------------------------------------------------------------------------------- */

#define VGIC_ROW(offset, size, intid, bits, how, get, set) \
	{ \
		(offset), (size), (intid), (bits), (how), (get), (set) \
	}
/* A register of no interrupt. */
#define VGIC_ONE(offset, bits, how, get, set) \
	VGIC_ROW(offset, (bits) / 8, 0, bits, (how) | VGIC_ALONE, get, set)

/*
 * The arrays that every frame with interrupts has, for `n` of them from `intid` on: those of
 * one bit at `base`, `step` apart; IPRIORITYR; ICFGR.
 */
#define VGIC_BITS(offset, intid, n, how, get, set) \
	VGIC_ROW(offset, (n) / 8, intid, 1, VGIC_32 | (how), get, set)
#define VGIC_ARRAYS(intid, n, base, enable, step, priority, config) \
	VGIC_BITS(base, intid, n, VGIC_SYNC, ferry_vgic_get_group, ferry_vgic_set_group), \
		VGIC_BITS(enable, intid, n, VGIC_ONES, ferry_vgic_get_enabled, ferry_vgic_enable), \
		VGIC_BITS((enable) + (step), intid, n, VGIC_ONES | VGIC_SYNC, \
			  ferry_vgic_get_enabled, ferry_vgic_disable), \
		VGIC_BITS((enable) + 2 * (step), intid, n, VGIC_ONES | VGIC_EXACT, \
			  ferry_vgic_get_pending, ferry_vgic_pend), \
		VGIC_BITS((enable) + 3 * (step), intid, n, VGIC_ONES | VGIC_EXACT | VGIC_SYNC, \
			  ferry_vgic_get_pending, ferry_vgic_unpend), \
		VGIC_BITS((enable) + 4 * (step), intid, n, VGIC_ONES | VGIC_EXACT | VGIC_SYNC, \
			  ferry_vgic_get_active, ferry_vgic_activate), \
		VGIC_BITS((enable) + 5 * (step), intid, n, VGIC_ONES | VGIC_EXACT | VGIC_SYNC, \
			  ferry_vgic_get_active, ferry_vgic_deactivate), \
		VGIC_ROW(priority, n, intid, 8, VGIC_8_32, ferry_vgic_get_priority, \
			 ferry_vgic_set_priority), \
		VGIC_ROW(config, (n) / 4, intid, 2, VGIC_32, ferry_vgic_get_config, \
			 ferry_vgic_set_config)

#endif
