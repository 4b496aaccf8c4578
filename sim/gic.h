/* SPDX-License-Identifier: MIT */
/*
 * gic.h: the Arm half of the simulated machine: a distributor, redistributors, CPU
 * interfaces and ITSs. Manuals: IHI 0048B (GICv2), IHI 0069H (GICv3).
 *
 * `n` names an interrupt that is not private: its place in the arrays here. SPIs come
 * first, then extended SPIs, then LPIs (arm_index, arm_intid).
 *
 * Presented: pending, enabled, not active, and the interface of a CPU of its route is on.
 * A presentation that route, enable or pending no longer justify lingers: its CPU may
 * still acknowledge it, once (then it is gone elsewhere), until the label L_RECALL takes
 * it back. Nothing says when that is, but GICD_CTLR.RWP for an interrupt that was
 * disabled, and a SYNC for one that was discarded.
 */
#ifndef IRQFERRY_SIM_GIC_H
#define IRQFERRY_SIM_GIC_H

#include <irqferry/gic.h>
#include "machine.h"

#define GIC_LOCALS 96u /* SGIs and PPIs 0 .. 31, extended PPIs 1056 .. 1119 */
#define GIC_LOCAL_WORDS 3u
#define GIC_PLACES 4u /* redistributors that have one LPI pending, at most */
#define GIC_ACTIVE 24u
#define GIC_SPURIOUS 1023u
#define GIC_IDLE 0x100u /* running priority when nothing is */
#define GIC_STRIDE 0x20000u
#define GIC_REGIONS 2u

/* An SPI or extended SPI. Its event is struct source.pending. */
struct gic_line {
	uint32_t src;       /* 1 + source that is wired to it */
	uint64_t route;     /* GICD_IROUTERn, or the byte of GICD_ITARGETSRn, as written */
	uint64_t routed;    /* what is in effect: later, with config.gic_slow */
	uint32_t at;        /* GICv3: 1 + CPU that it is presented to and should be */
	uint16_t active_on; /* 1 + CPU that acknowledged it */
	uint16_t lingers;   /* CPUs with a presentation that lingers */
	uint16_t routed_by; /* 1 + CPU that wrote the route */
	uint32_t fence;     /* ... and how many barriers it had made */
	uint8_t priority;
	bool enabled, edge, group, active;
	bool latch;     /* pending by an edge or by software */
	bool disabling; /* disabled, and lingers: counts for RWP */
};

/* A redistributor that has an LPI pending. */
struct gic_place {
	uint32_t cpu; /* 1 + CPU; 0: none */
	uint32_t src;
	struct mark event; /* none: pending by software alone */
	bool lingers;      /* presented, and moved, discarded or disabled since */
	bool ended;        /* ... discarded: a SYNC waits for it, it goes nowhere */
	uint32_t to;       /* 1 + CPU whose redistributor gets it, or would have; 0: stays */
};

struct gic_lpi {
	uint8_t visible; /* configuration byte that ferry_host_its_sync made visible */
	uint8_t config;  /* ... and that redistributors have cached */
	bool cached;
	bool mapped; /* some event has it */
	struct gic_place at[GIC_PLACES];
};

struct gic_active {
	uint32_t intid; /* GICv2: with the source CPU of an SGI */
	uint8_t priority;
	bool dropped;
};

/* A CPU: its private interrupts, redistributor and CPU interface. */
struct gic_cpu {
	uint64_t mpidr;
	uint32_t enabled[GIC_LOCAL_WORDS], pending[GIC_LOCAL_WORDS], active[GIC_LOCAL_WORDS];
	uint32_t edge[GIC_LOCAL_WORDS], group[GIC_LOCAL_WORDS], line[GIC_LOCAL_WORDS];
	uint8_t priority[GIC_LOCALS];
	uint8_t sgi_from[16]; /* GICv2: bit per sending CPU */
	/* redistributor */
	bool sleep;  /* GICR_WAKER.ProcessorSleep */
	bool asleep; /* ... ChildrenAsleep; differs until L_WAKE */
	bool lpis;   /* GICR_CTLR.EnableLPIs */
	uint64_t propbaser, pendbaser;
	/* CPU interface */
	bool sre, on, split;     /* split: EOImode 1 */
	bool unseen, unseen_sre; /* a system register was written, no ISB since */
	uint8_t pmr, bpr;
	uint8_t nactive;
	struct gic_active act[GIC_ACTIVE]; /* acknowledged and not ended, oldest first */
	uint32_t offers;                   /* bits in its row of sim_gic.offer */
	uint32_t ending; /* LPIs that were here, or on their way here, and are `ended` */
	uint32_t fence;  /* barriers so far */
};

/* ---- ITS ------------------------------------------------------------------ */

struct gic_event {
	uint32_t intid; /* 0: not mapped */
	uint32_t collection;
};

struct gic_device {
	bool valid;
	uint8_t bits; /* events below 1 << bits */
	uint64_t itt;
};

#define GIC_SYNCED 8u
struct gic_its {
	bool enabled, waiting; /* waiting: a label L_ITS is in the storm's queue */
	uint64_t cbaser, baser[8];
	uint32_t cwriter, creadr;
	uint32_t nsynced; /* ranges of the queue made visible since GITS_CWRITER was written */
	struct {
		uint32_t from, to;
	} synced[GIC_SYNCED];
	struct gic_device *device; /* 1 << config.its_device_bits */
	struct gic_event *event;   /* ... times 1 << config.its_event_bits */
	uint32_t *collection;      /* 1 + CPU whose redistributor; config.cpus of them */
};

/* ---- all of it -------------------------------------------------------------- */

struct sim_gic {
	uint32_t ctlr;      /* GICD_CTLR, without RWP */
	uint32_t lines;     /* SPIs and extended SPIs */
	uint32_t count;     /* ... and LPIs */
	uint32_t words;     /* 64-bit words of a row */
	uint32_t disabling; /* lines that are: RWP */
	struct gic_line *line;
	struct gic_lpi *lpi;
	struct gic_cpu *cpu;
	uint64_t *offer;  /* a row for each CPU: presented, lingering ones too */
	uint64_t *linger; /* ... of lines that linger */
	struct gic_its *its;
};

/* Bytes of the block at machine.gic; all of it is state. Zero unless config.gic. */
size_t arm_bytes(const struct sim_config *config);
void arm_init(struct machine *m);

/* ---- gic.c ------------------------------------------------------------------ */

/* The index of an INTID; NONE if it is private, reserved or there is none. */
uint32_t arm_index(const struct machine *m, uint32_t intid);
uint32_t arm_intid(const struct machine *m, uint32_t n);
/* Private: 0 .. 95, or NONE. */
uint32_t arm_local(uint32_t intid);

/* GICv2: the bit that the distributor calls a CPU by. On purpose not 1 << cpu. */
static inline uint32_t arm_bit(uint32_t cpu)
{
	return 7 - cpu;
}

/* Is the CPU's interface on and its redistributor awake? */
bool arm_listens(const struct machine *m, uint32_t cpu);
/* Something about the interrupt has changed: present it where it should be. */
void arm_update(struct machine *m, uint32_t n);
/* Something about the CPU has: its interface or redistributor went on or off. */
void arm_update_cpu(struct machine *m, uint32_t cpu);
/* Which interrupt its interface would acknowledge now: `n`, or 1 << 31 + a private one;
 * NONE. Keeps sim_cpu.signal. */
uint32_t arm_signal(struct machine *m, uint32_t cpu);
#define GIC_LOCAL_FLAG 0x80000000u

/* A device's line or edge. */
void arm_fire(struct machine *m, uint32_t src);
void arm_line_down(struct machine *m, uint32_t src);

/* The label L_TAKE: the IRQ exception. */
void arm_take(struct machine *m, uint32_t cpu);
/* Reads of IAR, writes of EOIR and DIR, on this CPU. */
uint32_t arm_acknowledge(struct machine *m, uint32_t cpu);
void arm_eoi(struct machine *m, uint32_t cpu, uint32_t value);
void arm_deactivate(struct machine *m, uint32_t cpu, uint32_t value);
/* It is deactivated otherwise: by a list register of this CPU, ICACTIVER, or the DIR of a host of
 * guests. False: it was not active. */
bool arm_end(struct machine *m, uint32_t cpu, uint32_t intid);
/* Software makes a line pending, or not. */
void arm_pend(struct machine *m, uint32_t n, bool pending);
void arm_sgi(struct machine *m, uint32_t from, uint32_t to, uint32_t id);

void arm_recall(struct machine *m, uint32_t n, uint32_t cpu);
void arm_wake(struct machine *m, uint32_t cpu);
void arm_route_lands(struct machine *m, uint32_t n);
/* Something that hardware still has to do, at once: for waits before there are CPUs.
 * False: there is nothing. */
bool arm_drain(struct machine *m);
void arm_perform(struct machine *m, label l);
/* Labels of the GIC that are enabled, through `add`. */
void arm_labels(struct machine *m, void (*add)(void *list, label l), void *list);
/* The CPU is switched off. */
void arm_park(struct machine *m, uint32_t cpu);
/* Nothing is presented to the CPU. */
bool arm_idle(const struct machine *m, uint32_t cpu);

/* ---- gic_regs.c: registers --------------------------------------------------- */

uint64_t arm_read(struct machine *m, enum ferry_gic_frame frame, uint32_t unit, uint32_t offset,
		  uint32_t bytes);
void arm_write(struct machine *m, enum ferry_gic_frame frame, uint32_t unit, uint32_t offset,
	       uint32_t bytes, uint64_t value);
uint64_t arm_icc_read(struct machine *m, enum ferry_icc reg);
void arm_icc_write(struct machine *m, enum ferry_icc reg, uint64_t value);
/* The CPU whose redistributor lies there; NONE. */
uint32_t arm_redistributor(const struct machine *m, uint32_t unit, uint32_t offset);
/* How many redistributors region `unit` has, and where it lies for an ITS. */
uint32_t arm_region_frames(const struct sim_config *config, uint32_t unit);
uint64_t arm_region_pa(uint32_t unit);
uint64_t arm_frame_pa(const struct machine *m, uint32_t cpu);
uint32_t arm_by_number(const struct machine *m, uint64_t number);
bool arm_is_last(const struct machine *m, uint32_t cpu);
uint32_t arm_processor_number(const struct machine *m, uint32_t cpu);

/* ---- its.c -------------------------------------------------------------------- */

uint64_t arm_its_read(struct machine *m, uint32_t its, uint32_t offset, uint32_t bytes);
void arm_its_write(struct machine *m, uint32_t its, uint32_t offset, uint32_t bytes,
		   uint64_t value);
/* The label L_ITS, and whether it can be: a SYNC waits. */
void arm_its_execute(struct machine *m, uint32_t its);
bool arm_its_may_execute(const struct machine *m, uint32_t its);
/* Does its ITS know the event of this source? */
bool arm_its_is_mapped(struct machine *m, uint32_t src);
/* A message of the source's device arrives. */
void arm_its_message(struct machine *m, const struct flight *f);
/* ferry_host_its_sync. */
void arm_its_sync(struct machine *m, const void *start, uint32_t bytes);
/* An LPI pends at a CPU's redistributor; `f` is null where software did it. */
void arm_its_pend(struct machine *m, uint32_t n, uint32_t cpu, const struct flight *f);

/* Where it pends at this CPU's redistributor, or null; to forget that; to bring it to
 * another one. */
struct gic_place *arm_its_place(struct machine *m, uint32_t n, uint32_t cpu);
void arm_its_drop(struct machine *m, struct gic_place *p);
void arm_its_forget(struct machine *m, struct gic_place *p);
void arm_its_move(struct machine *m, uint32_t n, struct gic_place *p, uint32_t to);

/* ---- gic_oracle.c --------------------------------------------------------------- */

/* A handler starts: on a CPU of its place? */
void arm_check_start(struct machine *m, uint32_t cpu, uint32_t src);
/* Follow the place, from trace records. */
void arm_trace(struct machine *m, const struct ferry_trace *record, uint32_t src);
/* The oldest event that the library gives back has come to the hardware; none: time is
 * NEVER. */
struct mark arm_unlatch(struct machine *m, uint32_t src);
/* What is still to be given back of it is forgotten. */
void arm_forget(struct machine *m, uint32_t src);
void arm_check_freed(struct machine *m, uint32_t src);
void arm_final(struct machine *m);
/* Note where it may start now; after it was made. */
void arm_place(struct machine *m, uint32_t src);
void arm_count_places(struct machine *m);
void arm_check_route(struct machine *m, uint32_t src, const uint64_t *effective);
/* The GIC's part of machine_image. */
size_t arm_image(const struct machine *m, uint8_t *out);

#endif
