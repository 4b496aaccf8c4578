/* SPDX-License-Identifier: MIT */
/*
 * fake_its.h: a GIC with ITSs for unit tests, and the host functions that reach it. One
 * thread. Its ITS is as lazy as the architecture allows: it sees memory only as of the
 * last ferry_host_its_sync, and what a command does to a redistributor happens when a
 * SYNC names that one. What software must not do is counted in `wrong`, with a word about
 * it on the output.
 */
#ifndef TESTS_FAKE_ITS_H
#define TESTS_FAKE_ITS_H

#include <stdbool.h>
#include <stdint.h>

#define CPUS 4u
#define ITSS 2u
#define IRQS 64u
#define DEVICES 16u
#define EVENTS 64u
#define LOG 4096u
#define OPS 4096u
#define QUEUE_BYTES_MAX 65536u

extern const uint64_t fake_mpidrs[CPUS];

#define RD_STRIDE 0x20000u
#define RD_PA 0x0000080000100000ull /* of the first region */
#define CONFIG_PA 0x0000000812345000ull
#define PENDING_PA 0x0000000820000000ull
#define PENDING_STRIDE 0x20000ull
#define QUEUE_PA 0x0000000830010000ull
#define DEVICES_PA 0x0000000840020000ull
#define COLLECTIONS_PA 0x0000000850030000ull

struct fake_rd {
	uint64_t typer, propbaser, pendbaser;
	uint32_t ctlr;
	bool pending[IRQS];
	bool offered[IRQS];   /* at the CPU interface */
	uint8_t cached[IRQS]; /* configurations ... */
	bool loaded[IRQS];    /* ... that it has read */
	bool ptz;             /* what PENDBASER was written with last */
	uint32_t waker;
};

/* What a command wants of redistributors; done once a SYNC has named both. */
struct fake_op {
	uint8_t what; /* the command */
	bool seen[2];
	uint32_t rd[2], lpi;
};

struct fake_its {
	uint64_t typer, baser[8], cbaser, cwriter, creadr;
	uint32_t ctlr;
	uint32_t page;      /* GITS_BASERn.Page_Size that it has; 0xff: any */
	bool plain;         /* tables and queue can't be shareable */
	bool busy;          /* never comes to rest */
	uint32_t allowance; /* commands that it executes yet */
	uint32_t per_tick;  /* ... and more with each look of who waits */
	uint32_t stall_in;  /* so many commands before it stalls; 0: does not */
	bool again;         /* it stalls there again and again */
	uint32_t retries;   /* GITS_CWRITER.Retry written */
	uint32_t looks;     /* GITS_CREADR was read while it was stalled */
	uint32_t commands;  /* executed */

	struct {
		bool valid;
		uint64_t itt;
		uint32_t bits;
	} devices[DEVICES];
	struct {
		bool valid;
		uint32_t lpi, collection;
	} events[DEVICES][EVENTS];
	struct {
		bool valid;
		uint64_t rd;
	} collections[CPUS];
	struct fake_op ops[OPS];
	uint32_t nops;
	uint64_t log[LOG][4];
	uint32_t logged;
	uint64_t queue[QUEUE_BYTES_MAX / 8], seen[QUEUE_BYTES_MAX / 8];
};

struct fake {
	struct fake_its its[ITSS];
	struct fake_rd rd[CPUS];
	uint8_t config[IRQS], seen[IRQS];
	uint32_t gicd_typer;
	uint32_t cpu;     /* "this CPU" */
	uint32_t handled; /* INTID of the last handler, and the CPU it was on */
	uint32_t handled_on;
	bool plain_rd; /* LPI tables can't be shareable */
	uint32_t wrong, waits, polls;
	uint64_t now;
};

extern struct fake fake;

/* As it comes out of reset: PTA as given, all capabilities, ITSs that execute at once. */
void fake_reset(bool pta);
/* GITS_TRANSLATER is written: an event. */
void fake_fire(uint32_t its, uint32_t device, uint32_t event);
/* What the CPU acknowledges: the first LPI that is pending and enabled; 0: none. */
uint32_t fake_take(uint32_t cpu);
/* If it could be taken, it is offered to the CPU now: no MOVI gets it back. */
void fake_offer(uint32_t cpu, uint32_t lpi);
/* The ITS may execute so many commands more. */
void fake_go(uint32_t its, uint32_t commands);
/* Nothing that a command wanted is still under way. */
bool fake_at_rest(void);

#endif
