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
 * I, V and Q: the hardware needs no CPU to go on.
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
	struct ferry_mpidr mpidr; /* Aff3 .. Aff0 alone: what GICD_IROUTERn wants */
	struct gic_rd rd;
	uint16_t rd_number;       /* GICR_TYPER.Processor_Number */
	uint8_t local_words;      /* of private interrupts that this CPU has; 0: no such CPU */
	uint8_t lpis;             /* its redistributor has our LPI tables */
	struct gic_target target; /* found out when it enters; V */
	/* What the host asked for and, while the CPU is offline, what was pending. This
	 * CPU's alone, interrupts off; written under V. */
	uint32_t enabled[GIC_LOCAL_WORDS], edge[GIC_LOCAL_WORDS], pending[GIC_LOCAL_WORDS];
	uint8_t priority[GIC_LOCALS]; /* 0: ferry_gic.priority */
};

struct gic_its; /* its.c */

struct ferry_gic {
	const struct ferry_gic_variant *variant;
	const struct ferry_gic_its *lpis; /* null: none */
	struct gic_cpu *cpus;
	ferry_atomic *owned;  /* `words` for each CPU, a bit per interrupt */
	ferry_atomic *shared; /* by SPI, then by extended SPI: irq + 1, or 0 */
	uint32_t words;
	uint32_t spis, espis;
	uint32_t flags;
	ferry_atomic turn;    /* where placing goes on if there is no policy */
	ferry_lock registers; /* G */

	struct gic_its *its;
	uint32_t nits;
	uint8_t *lpi_config;
	uint64_t lpi_config_pa, lpi_pending_pa, lpi_pending_stride;

	const struct ferry_kind *kinds[FERRY_GIC_KINDS];
	uint8_t priority;
	bool ranges; /* GICv3: SGIs have to name an Aff0 above 15 */
};

extern const struct ferry_backend ferry_gic_backend;
extern const struct ferry_kind ferry_gic_spi; /* edge and level */

/* How long hardware may take that is asked to do something, in nanoseconds. */
#define GIC_PATIENCE_NS 1000000000ull

/* Where the private interrupts of a CPU are: at the distributor's offsets from `base`. */
struct gic_frame {
	enum ferry_gic_frame frame;
	uint32_t unit, base;
};

/* What GICv2 and GICv3 do in their own ways. */
struct ferry_gic_variant {
	bool (*valid)(const struct ferry_gic_config *config);
	/* The distributor as ferry_gic_init promises; find the redistributors. */
	int (*init)(struct ferry *f, const struct ferry_gic_config *config);
	/* On `cpu`, interrupts off: wake its redistributor, restore its private interrupts,
	 * gic->lpis->enter, interface on. FERRY_OK, FERRY_E_TIMEOUT, FERRY_E_HARDWARE. */
	int (*enter)(struct ferry *f, uint32_t cpu);
	/* On `cpu`, interrupts off, in this order: private interrupts saved and disabled;
	 * gic_give_back; interface off; gic->lpis->leave; redistributor asleep. A refusal
	 * leaves it on. */
	int (*part)(struct ferry *f, uint32_t cpu);
	/* On this CPU. Acknowledge: the value that `drop` and `deactivate` want, with the INTID
	 * in the bits `intid`. */
	uint32_t (*ack)(struct ferry *f);
	void (*drop)(struct ferry *f, uint32_t ack);
	void (*deactivate)(struct ferry *f, uint32_t ack);
	/* GICv2: the CPU that sent the SGI acknowledged. Null: nobody says. */
	uint32_t (*sender)(struct ferry *f, uint32_t ack);
	/* Route a shared interrupt to the CPUs of the set (GICv3: one). */
	void (*route)(struct ferry *f, uint32_t intid, ferry_set cpus);
	/* Has the distributor done all it was told (RWP)? */
	bool (*done)(struct ferry *f);
	void (*sgi)(struct ferry *f, uint32_t id, const uint64_t *mask);
	struct gic_frame (*local)(const struct ferry *f, uint32_t cpu);
	/* GICv2: a place of all candidates, or FERRY_SET_NONE. Null: a route names one CPU. */
	ferry_set (*several)(struct ferry *f, const struct ferry_want *want);
	uint32_t intid;
	uint32_t group; /* of all interrupts, in each bit */
};

static inline uint32_t gic_intid(const struct ferry_irq *i)
{
	return i->kind == FERRY_GIC_LPI ? FERRY_LPI_FIRST + i->number : i->index;
}

/* ferry_irq.unit: the ITS of an LPI in bits 7:0, the priority above. */
static inline uint8_t gic_its_of(const struct ferry_irq *i)
{
	return (uint8_t)i->unit;
}

static inline uint8_t gic_priority(const struct ferry_irq *i)
{
	return (uint8_t)(i->unit >> 8);
}

static inline bool gic_split(const struct ferry *f)
{
	return f->gic->flags & FERRY_GIC_SPLIT_EOI;
}

/* Is the CPU in the mask (null: all), and not offline? */
static inline bool gic_named(struct ferry *f, const uint64_t *mask, uint32_t cpu)
{
	return (!mask || mask[cpu / 64] >> (cpu % 64) & 1) &&
	       ferry_cpu_state(f, cpu) != FERRY_CPU_OFFLINE;
}

/* ---- spi.c: distributor registers that both have in the same place ------------- */

/* The register of a shared interrupt in an array (gic_registers.h) of so many bits for
 * each; of several in one word, the word. */
uint32_t gic_register(uint32_t intid, uint32_t array, uint32_t bits);
/* Write 1 to the bit of this interrupt. */
void gic_write_bit(struct ferry *f, uint32_t intid, uint32_t array);
/* Has any CPU acknowledged it and not ended it? */
bool gic_is_active(struct ferry *f, uint32_t intid);
/* Registers from where `at` begins, and from where the distributor does. */
uint32_t gic_get(struct ferry *f, const struct gic_frame *at, uint32_t offset);
void gic_put(struct ferry *f, const struct gic_frame *at, uint32_t offset, uint32_t value);
void gic_put8(struct ferry *f, const struct gic_frame *at, uint32_t offset, uint8_t value);
extern const struct gic_frame gic_distributor;
/* Wait until these bits of a register have this value. FERRY_OK or FERRY_E_TIMEOUT. */
int gic_wait(struct ferry *f, const struct gic_frame *at, uint32_t offset, uint32_t bits,
	     uint32_t value);
/* Edge or level: field n of the array of two bits each that begins at `offset`. */
void gic_configure(struct ferry *f, const struct gic_frame *at, uint32_t offset, uint32_t n,
		   bool edge);
/* All shared interrupts disabled, inactive, not pending, of the variant's group: SPIs
 * below `lines`, and so many extended ones. */
void gic_reset(struct ferry *f, uint32_t lines, uint32_t extended);
/* The cell of `shared`, or null. */
ferry_atomic *gic_cell(const struct ferry_gic *gic, uint32_t intid);

/* ---- place.c --------------------------------------------------------------------- */

/* The lowest CPU >= from of the set that is online and not excluded, or FERRY_NONE. */
uint32_t gic_candidate(struct ferry *f, const struct ferry_want *want, uint32_t from);

/* ---- gic.c ----------------------------------------------------------------------- */

/* End the one that was acknowledged with this result. */
void gic_end(struct ferry *f, uint32_t ack);
/* On a CPU that leaves, its private interrupts disabled, its interface still on: give
 * back all that it is offered. No lock held. */
void gic_give_back(struct ferry *f, uint32_t cpu);

/* ---- local.c: private interrupts ------------------------------------------------- */

/* Its place in struct gic_cpu; GIC_LOCALS or more: not private. */
static inline uint32_t gic_local(uint32_t intid)
{
	return intid < 32                ? intid :
	       intid >= FERRY_EPPI_FIRST ? intid - FERRY_EPPI_FIRST + 32 :
					   GIC_LOCALS;
}

/* On `cpu`: all inactive, what was asked for, what was pending; then enabled. */
int gic_local_restore(struct ferry *f, uint32_t cpu);
/* Note what is pending, disable all. */
int gic_local_save(struct ferry *f, uint32_t cpu);
/* Enable what the host wants enabled. */
void gic_local_enable(struct ferry *f, uint32_t cpu);

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
	/* Asked before a place is reserved. Is the device known, and the queue able to take a
	 * move? FERRY_OK, FERRY_E_INVALID or FERRY_E_TIMEOUT. */
	int (*ready)(struct ferry *f, struct ferry_irq *i);
	/* 0: SYNC after its last command was done. */
	uint64_t (*awaits)(struct ferry *f, struct ferry_irq *i);
	/* Pending again, at its place: INT. */
	void (*replay)(struct ferry *f, struct ferry_irq *i);
};

#endif
