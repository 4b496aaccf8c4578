/* SPDX-License-Identifier: MIT */
/*
 * registers.h: registers a guest sees, as tables: one for each frame. Private to src/vgic.
 * GICv2: IHI 0048B 4.3; GICv3: IHI 0069H 12.9 (GICD), 12.11 (GICR).
 *
 * A register, or an array of registers, is a run of fields of one width: one for each
 * interrupt, or a single one that is of no interrupt. An access covers some of them whole
 * (or a half of one of 64 bits), and each is read or written by itself. So a byte never
 * reaches its neighbours, a field of an interrupt that is not there is RAZ/WI, and which
 * field belongs to which interrupt is worked out in one place.
 */
#ifndef FERRY_VGIC_REGISTERS_H
#define FERRY_VGIC_REGISTERS_H

#include "vgic/vgic.h"

/* vgic_register.how: widths allowed, in bytes, and flags. 16 bits never are. */
#define VGIC_32 0x04u
#define VGIC_8_32 0x05u
#define VGIC_32_64 0x0cu
#define VGIC_WIDTHS 0x0fu
#define VGIC_ONES 0x10u  /* fields written as 0 stay as they are */
#define VGIC_OFF 0x20u   /* ... and 1 switches off */
#define VGIC_SYNC 0x40u  /* writes hold everywhere when the access ends */
#define VGIC_ALONE 0x80u /* of no interrupt */

/* vgic_register.field: those that both versions have, then each version's own. */
enum { VGIC_NONE, VGIC_CTLR, VGIC_PIDR2, VGIC_SGIR, VGIC_FLAG, VGIC_PRIORITY, VGIC_OWN };

struct vgic_register {
	uint16_t offset, last; /* bytes of the frame: that one, and so many more */
	uint16_t intid;        /* of the first field */
	uint16_t writes;       /* VIRQ_* that a write sets or clears: the same, or an order */
	uint8_t reads;         /* VIRQ_* that the field is; see ferry_virq_shows() */
	uint8_t bits;          /* of a field: a power of two */
	uint8_t how;
	uint8_t field;
};
#define VGIC_FRAME_SIZE 0x10000u

/* One access, and the field that is read or written. */
struct vgic_at {
	struct ferry_vgic *g;
	uint32_t vcpu;        /* whose banked interrupts and registers these are */
	struct ferry_virq *i; /* under I; not for VGIC_ALONE */
	uint32_t intid;
	const struct vgic_register *row;
	uint32_t bits;  /* of the access */
	uint32_t shift; /* of a field of 64 bits: from which bit on */
	uint64_t value; /* the field, or that half of it, when it is written */
	bool sync;
};

/* GICD_TYPER.ITLinesNumber */
static inline uint32_t vgic_lines(const struct ferry_vgic *g)
{
	return (g->spis + 31u) / 32u;
}

/* ---- rows -------------------------------------------------------------------------------- */

#define VGIC_ROW(offset, size, intid, bits, how, field) \
	{ \
		(offset), (size)-1, (intid), 0, 0, (bits), (how), (field) \
	}
/* A register of no interrupt. */
#define VGIC_ONE(offset, bits, how, field) \
	VGIC_ROW(offset, (bits) / 8, 0, bits, (how) | VGIC_ALONE, field)

/* Each frame's last row: what is in none of those before is RAZ/WI, 32 bits wide. */
#define VGIC_REST VGIC_ROW(0, VGIC_FRAME_SIZE, 0, 32, VGIC_32 | VGIC_ALONE, VGIC_NONE)

/*
 * The arrays that every frame with interrupts has, for `n` of them from `intid` on: IGROUPR;
 * from ISENABLER to ICACTIVER, `step` apart; IPRIORITYR; ICFGR.
 */
#define VGIC_BITS(offset, intid, n, how, reads, writes) \
	{ \
		(offset), (n) / 8 - 1, (intid), (writes), (reads), 1, VGIC_32 | (how), VGIC_FLAG \
	}
#define VGIC_ARRAYS(intid, n, group, enable, step, priority, config) \
	VGIC_BITS(group, intid, n, VGIC_SYNC, VIRQ_GROUP1, VIRQ_GROUP1), \
		VGIC_BITS(enable, intid, n, VGIC_ONES, VIRQ_ENABLED, VIRQ_ENABLED), \
		VGIC_BITS((enable) + (step), intid, n, VGIC_ONES | VGIC_OFF | VGIC_SYNC, \
			  VIRQ_ENABLED, VIRQ_ENABLED), \
		VGIC_BITS((enable) + 2 * (step), intid, n, VGIC_ONES, VIRQ_LATCH, VIRQ_LATCH), \
		VGIC_BITS((enable) + 3 * (step), intid, n, VGIC_ONES | VGIC_SYNC, VIRQ_LATCH, \
			  VIRQ_UNPEND), \
		VGIC_BITS((enable) + 4 * (step), intid, n, VGIC_ONES | VGIC_SYNC, VIRQ_ACTIVE, \
			  VIRQ_ACTIVATE), \
		VGIC_BITS((enable) + 5 * (step), intid, n, VGIC_ONES | VGIC_SYNC, VIRQ_ACTIVE, \
			  VIRQ_DEACTIVATE), \
		VGIC_ROW(priority, n, intid, 8, VGIC_8_32, VGIC_PRIORITY), \
	{ \
		(config), (n) / 4 - 1, (intid), VIRQ_EDGE, VIRQ_EDGE, 2, VGIC_32, VGIC_FLAG \
	}

#endif
