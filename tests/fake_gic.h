/* SPDX-License-Identifier: MIT */
/*
 * fake_gic.h: a GIC made of a few arrays, for the unit test of the back end. One thread. It
 * does what it is told at once, delivers nothing by itself, and notes every access: what
 * a CPU acknowledges next is what the test says.
 */
#ifndef TESTS_FAKE_GIC_H
#define TESTS_FAKE_GIC_H

#include <irqferry/gic.h>
#include <irqferry/host.h>

#define FAKE_CPUS 8u
#define FAKE_INTIDS 5120u
#define FAKE_FRAMES 16u /* redistributors, all regions together */
#define FAKE_LOG 4096u

enum fake_event {
	FAKE_WRITE = 1, /* where: frame; unit, offset, value */
	FAKE_ICC,       /* where: register; value */
	FAKE_BARRIER,   /* where: kind */
	FAKE_HANDLE,    /* unit: CPU; value: irq */
	FAKE_LOCAL      /* unit: CPU; offset: INTID; value: from */
};

struct fake_note {
	enum fake_event event;
	uint32_t where, unit, offset;
	uint64_t value;
};

/* SPIs, extended SPIs at their INTIDs, and private ones in frames of their own. */
struct fake_line {
	bool enabled, pending, active, edge, group;
	uint8_t priority;
	uint64_t route;
};

struct fake_rd {
	uint32_t region, offset, vlpis; /* a frame of twice the size */
	uint64_t typer;
	bool asleep;
	uint32_t waker;
	struct fake_line line[96]; /* 0 .. 31, then extended PPIs */
};

struct fake {
	uint32_t cpu; /* who calls */
	uint32_t d_ctlr, d_typer;
	uint32_t d_rwp, rd_rwp; /* so many reads more say that it is not done */
	bool stuck;             /* GICR_WAKER does not answer */
	bool secure;            /* it is firmware's: reads 0, writes are ignored */
	bool no_sre, no_range, no_extended;
	uint32_t waits; /* times that ferry_host_wait_ns gave up */
	uint64_t icc[9];
	uint32_t gicc_ctlr;
	uint32_t ack; /* the next acknowledge; then 1023 */
	uint32_t cpendsgir;
	uint8_t target[FAKE_CPUS]; /* GICv2: of each CPU */
	bool lost;                 /* an access that there is no register for */
	struct fake_line line[FAKE_INTIDS], banked[FAKE_CPUS][32];
	struct fake_rd rd[FAKE_FRAMES];
	uint32_t nrds;
	uint32_t notes;
	struct fake_note note[FAKE_LOG];
	void (*in_ack)(void);     /* called after the next acknowledge */
	void (*in_handler)(void); /* called in the next handler */
};

extern struct fake fake;

/* Forget what was noted. */
void fake_again(void);
/* The first note like this, from `from` on; FERRY_NONE: there is none. */
uint32_t fake_wrote(uint32_t from, enum ferry_gic_frame frame, uint32_t unit, uint32_t offset,
		    uint64_t value);
uint32_t fake_noted(uint32_t from, enum fake_event event, uint32_t where, uint64_t value);

#endif
