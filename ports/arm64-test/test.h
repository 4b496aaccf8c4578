/* SPDX-License-Identifier: MIT */
/*
 * test.h: sources of interrupts that count, and CPUs that move them about.
 *
 * A source is raised only when the last interrupt has been handled. So each raise must be
 * followed by exactly one start of its handler, which finds the device asking.
 */
#ifndef TEST_H
#define TEST_H

#include <irqferry/gic.h>
#include "machine.h"

/* ---- atomics, all sequentially consistent -------------------------------------- */

#define get(p) __atomic_load_n(p, __ATOMIC_SEQ_CST)
#define put(p, v) __atomic_store_n(p, v, __ATOMIC_SEQ_CST)
#define add(p, v) __atomic_fetch_add(p, v, __ATOMIC_SEQ_CST)
#define swap(p, v) __atomic_exchange_n(p, v, __ATOMIC_SEQ_CST)
#define replace(p, old, new) \
	({ \
		__typeof__(*(p)) replace_old = (old); \
		__atomic_compare_exchange_n(p, &replace_old, new, false, __ATOMIC_SEQ_CST, \
					    __ATOMIC_SEQ_CST); \
	})

/* ---- sources ------------------------------------------------------------------- */

#define SOURCES_MAX 48u
#define EVERY_CPU ((1u << CPUS) - 1)

struct source;

struct device {
	const char *name;
	uint8_t kind;  /* enum ferry_gic_kind */
	bool software; /* there is no device: the test wrote the GIC's pending bit */
	/* Make it raise its interrupt, now or soon. */
	void (*raise)(struct source *s);
	/* In the handler: was it asking? Acknowledge it. */
	bool (*acknowledge)(struct source *s);
};

/* What one interrupt went through. The slot lock serialises who asks for moves. */
struct source {
	const struct device *device;
	uint64_t base;      /* its registers */
	uint32_t intid;     /* SPI, or event of an ITS */
	uint32_t device_id; /* at the ITS */
	uint32_t irq;
	void *queue; /* virtio.c */

	/* atomic */
	uint32_t busy;    /* raised and not yet handled */
	uint32_t running; /* its handler */
	uint32_t last_cpu;
	uint32_t raised, handled, doubled, overlaps, outside, strict;
	/* CPUs where its handler may start now; above them, how often the library had to
	 * leave what was requested. */
	uint64_t allowed;

	uint32_t slot; /* a lock, by `replace` */
	uint32_t step; /* storm.c */
	uint32_t mask, ticket;
	uint32_t quiet[CPUS];
	uint64_t seen; /* `allowed` when it was looked at */
};

extern struct source sources[SOURCES_MAX];
extern uint32_t nsources;
extern struct ferry *ferry;

/* One more; its interrupt is made later. */
struct source *source_add(const struct device *device, uint64_t base, uint32_t intid);
/* Make its interrupt, anywhere, enabled. A status of the library's. */
int source_create(struct source *s);
void sources_create(void);
/* False if it is still busy. */
bool source_raise(struct source *s);
void source_handler(struct source *s, uint32_t irq, uint32_t cpu);
/* Handlers raise again by themselves while this is set. */
extern uint32_t keep_going;
/* The kinds of this machine: devices.c, virtio.c, pci.c. */
void devices_find(void);
void virtio_find(void);
void pci_find(void);

/* ---- CPUs ---------------------------------------------------------------------- */

struct cpu {
	uint64_t random;
	uint32_t online;     /* entered, and takes part */
	uint32_t quiet;      /* its thread goes round: no handler of before runs */
	uint32_t ticks;      /* of its own timer, since it entered */
	uint32_t mail[CPUS]; /* somebody sent an SGI that has not been taken */
	uint32_t taken;      /* mail */
	uint32_t off_wanted;
	uint32_t unexpected, spurious;
	uint32_t spi_moves, lpi_moves;
} __attribute__((aligned(64)));

extern struct cpu cpus[CPUS];

/* A number below n. */
uint32_t random_below(uint32_t cpu, uint32_t n);
void local_handler(uint32_t cpu, uint32_t intid);
void poll_if_due(struct ferry *f);
/* This CPU has acknowledged it; the library has not seen it yet. */
void acknowledged(uint32_t intid);
void mail(uint32_t from, uint32_t to);

/* ---- errata.c: what the emulator does not do as the GICv2 does ----------------- */

void errata_are(bool are);
bool erratum_target(uint32_t offset, uint8_t value);
void erratum_enabled(uint32_t offset, uint32_t value);
uint32_t erratum_acknowledged(uint32_t intid);
void erratum_ended(uint32_t offset, uint32_t value);

/* ---- storm.c ------------------------------------------------------------------- */

void storm_trace(void *ctx, const struct ferry_trace *record);
/* One round of this CPU's thread; may turn the CPU off. */
void storm_round(uint32_t cpu);
void storm_begin(void);
bool storm_over(void); /* and every CPU is back */
bool storm_stuck(void);
void storm_judge(void);
/* Say what is known, for who gives up. */
void storm_describe(void);

#endif
