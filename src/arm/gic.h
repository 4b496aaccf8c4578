/* SPDX-License-Identifier: MIT */
/*
 * gic.h: the GIC back end's own state. Private to src/arm. Manuals: IHI 0048B (GICv2),
 * IHI 0069H (GICv3, GICv4).
 *
 * How the engine (core/move.c) fits. An SPI has no slot and nothing in flight: once its
 * route is written nothing is owed, for what the old CPU was offered and still takes is
 * given back there (gic.c, ferry_gic_interrupt). A move is settled at once. An LPI's
 * move is MOVI and SYNC in the ITS's queue: it is MOVING until the ITS has done them
 * (ferry_backend.awaits, asked by ferry_poll), and takes arrivals on both CPUs until
 * then. Freeing waits in the same way: for GICD_CTLR.RWP, or for DISCARD and SYNC.
 *
 * Which interrupts does a CPU have? A bit for each in its `owned`: set under V with the
 * CPU's state checked, when a place is reserved there; cleared when nothing can come
 * there any more (ferry_backend.vacated).
 *
 * Locks: I > V (ascending); I > G (one word of GICD_ICFGRn at a time), I > Q (an ITS's
 * queue). G, Q and V never together. Waits for hardware (ferry_host_wait_ns) may hold
 * I and Q: the hardware needs no CPU to go on.
 */
#ifndef FERRY_GIC_PRIVATE_H
#define FERRY_GIC_PRIVATE_H

#include <irqferry/gic.h>
#include "core/core.h"

/* What a GIC calls a CPU. Types of their own: to mix them up, or with an index or an
 * affinity, does not compile. */
struct gic_target { /* GICv2: one bit of GICD_ITARGETSRn */
	uint8_t bit;
};
struct gic_rd { /* GICv3: where its redistributor's RD_base frame lies */
	uint32_t region, offset;
};

/* Private interrupts 0 .. 31, then extended PPIs 1056 .. 1119. */
#define GIC_LOCALS 96u
#define GIC_LOCAL_WORDS 3u

struct gic_cpu {
	struct ferry_mpidr mpidr;
	struct gic_rd rd;
	struct gic_target target;
	uint8_t local_words; /* of private interrupts that this CPU has */
	uint8_t lpis;        /* its redistributor has our LPI tables */
	uint8_t rd_number;   /* unused by GICv2 */
	ferry_atomic places; /* interrupts that live here; a hint for policies */
	/* What the host asked for and, while the CPU is offline, what was pending. This
	 * CPU's alone, interrupts off. */
	uint32_t enabled[GIC_LOCAL_WORDS], edge[GIC_LOCAL_WORDS], pending[GIC_LOCAL_WORDS];
	uint8_t priority[GIC_LOCALS];
};

struct gic_its; /* its.c */

struct ferry_gic {
	const struct ferry_gic_variant *variant;
	const struct ferry_gic_its *lpis; /* null: none */
	struct gic_cpu *cpus;
	ferry_atomic *owned;  /* `words` for each CPU, a bit per interrupt */
	ferry_atomic *shared; /* by SPI, then by extended SPI: irq + 1, or 0 */
	uint32_t words;
	uint32_t spis, espis, regions;
	uint32_t flags;
	uint8_t priority;
	bool range_selector;  /* SGIs can name Aff0 above 15 */
	ferry_lock registers; /* G */
	struct ferry_round_robin_state {
		ferry_atomic cursor;
		uint32_t reserved;
	} turn; /* where placing goes on if there is no policy */

	struct gic_its *its;
	uint32_t nits;
	uint8_t *lpi_config;
	uint64_t lpi_config_pa, lpi_pending_pa, lpi_pending_stride;

	const struct ferry_kind *kinds[FERRY_GIC_KINDS];
};

extern const struct ferry_backend ferry_gic_backend;
extern const struct ferry_kind ferry_gic_spi; /* edge and level */

/* How long hardware may take that is asked to do something, in nanoseconds. */
#define GIC_PATIENCE_NS 1000000000ull

/* What GICv2 and GICv3 do in their own ways. */
struct ferry_gic_variant {
	bool (*valid)(const struct ferry_gic_config *config);
	/* The distributor as ferry_gic_init promises; find the redistributors. */
	int (*init)(struct ferry *f, const struct ferry_gic_config *config);
	/* On `cpu`, interrupts off: wake its redistributor, restore its private interrupts,
	 * interface on. FERRY_OK, FERRY_E_TIMEOUT, FERRY_E_HARDWARE. */
	int (*enter)(struct ferry *f, uint32_t cpu);
	/* On `cpu`, interrupts off, in this order: interface off (what it was offered goes
	 * back); gic->lpis->leave; private interrupts saved and disabled; redistributor
	 * asleep. A refusal leaves it on. */
	int (*part)(struct ferry *f, uint32_t cpu);
	/* Acknowledge; *from: the sending CPU of a GICv2 SGI. The result is the value that
	 * `drop` and `deactivate` want; its INTID is (v2) bits 9:0 or all of it. */
	uint32_t (*ack)(struct ferry *f, uint32_t cpu);
	void (*drop)(struct ferry *f, uint32_t cpu, uint32_t ack);
	void (*deactivate)(struct ferry *f, uint32_t cpu, uint32_t ack);
	/* Route a shared interrupt to the CPUs of the set (GICv3: one). Barrier after it. */
	void (*route)(struct ferry *f, uint32_t intid, ferry_set cpus);
	/* Has the distributor done all it was told (RWP)? */
	bool (*done)(struct ferry *f);
	void (*sgi)(struct ferry *f, uint32_t id, const uint64_t *mask);
};

/* ---- gic.c: distributor registers that both have in the same place ------------ */

/* Register of a shared interrupt: the byte, bit or field of `intid` in the array that
 * begins at `spi` (SPIs) or `espi` (extended ones: GICv3 only). */
uint32_t gic_register(uint32_t intid, uint32_t spi, uint32_t espi, uint32_t bits);
/* Write 1 to the bit of this interrupt: offsets of the two arrays. */
void gic_write_bit(struct ferry *f, uint32_t intid, uint32_t spi, uint32_t espi);
/* An interrupt is still acknowledged somewhere (GICD_ISACTIVERn)? */
bool gic_is_active(struct ferry *f, uint32_t intid);

static inline uint32_t gic_intid(const struct ferry_irq *i)
{
	return i->kind == FERRY_GIC_LPI ? FERRY_LPI_FIRST + i->number : i->index;
}

/* Shared by variants: private interrupts through a frame that has them at the
 * distributor's offsets (GICD banked, or GICR's SGI_base). local.c. */
void gic_local_restore(struct ferry *f, uint32_t cpu, enum ferry_gic_frame frame, uint32_t unit,
		       uint32_t base);
void gic_local_save(struct ferry *f, uint32_t cpu, enum ferry_gic_frame frame, uint32_t unit,
		    uint32_t base);

/* ---- its.c -------------------------------------------------------------------- */

/* I held in those with an interrupt. */
struct ferry_gic_its {
	const struct ferry_kind *kind; /* of LPIs: program, setup, apply_mask, silence */
	bool (*valid)(const struct ferry_gic_config *config);
	void (*carve)(struct ferry_gic *gic, const struct ferry_gic_config *config,
		      struct ferry_carver *m);
	/* ITSs on, queues and tables given to them; every LPI disabled. */
	int (*init)(struct ferry *f, const struct ferry_gic_config *config);
	/* On `cpu`, its redistributor awake: its tables (accepted if it has them already: LPIs
	 * can't always be switched off), then MAPC of collection `cpu`, INVALL, SYNC, waited
	 * for. */
	int (*enter)(struct ferry *f, uint32_t cpu);
	/* On `cpu`, its interface off, nothing mapped to it: MOVALL of what it gave back to the
	 * redistributor of `to`, an online CPU; SYNC, waited for. */
	int (*leave)(struct ferry *f, uint32_t cpu, uint32_t to);
	/* Is the queue able to take a move? FERRY_OK or FERRY_E_TIMEOUT. */
	int (*ready)(struct ferry *f, struct ferry_irq *i);
	/* 0: SYNC after its last command was done. */
	uint64_t (*awaits)(struct ferry *f, struct ferry_irq *i);
	/* Pending again, at its place: INT. */
	void (*replay)(struct ferry *f, struct ferry_irq *i);
};

#endif
