/* SPDX-License-Identifier: MIT */
/*
 * its.h: an ITS and its command queue. Private to src/arm. Manual: IHI 0069H, chapter 5
 * (commands: 5.3), 12.19 (GITS registers).
 *
 * Lock: Q, one for each ITS, a leaf: I > Q, nothing below it.
 */
#ifndef FERRY_ITS_PRIVATE_H
#define FERRY_ITS_PRIVATE_H

#include <irqferry/guards.h>
#include "arm/gic.h"

struct its_command {
	uint64_t word[4];
};

/* How commands name a redistributor, in bits 51:16: by number or by address
 * (GITS_TYPER.PTA is the index). */
struct its_rd {
	uint64_t base[2];
};

struct gic_its {
	ferry_lock lock; /* Q */
	/* Commands since the start, wrapping; all that was given up to `done` has been
	 * executed. The place in the queue is the count modulo its size. */
	uint32_t given, done;
	uint32_t stalls; /* how often it was told to go on after an error */
	uint32_t dead;   /* did not make room or finish in time: is given nothing more */

	/* Constant after init. */
	uint32_t unit;
	uint32_t slots; /* a power of two */
	uint64_t *queue;
	const struct its_rd *rds; /* by CPU; all ITSs share them */
	uint8_t pta, entry_bytes, device_bits, event_bits;
};

/* ---- its_queue.c: Q taken and dropped in all of them, interrupts off ------------ */

#define GITS_CWRITER 0x0088
#define GITS_CREADR 0x0090

/* Queue `n` commands (n < slots), in one piece. *count is what its_reached has to be
 * asked for; of commands that were not given it is never reached. A null `count` waits
 * until they are done. FERRY_OK or FERRY_E_TIMEOUT: no room, or not done, in time. */
int its_give(struct ferry *f, struct gic_its *t, const struct its_command *c, uint32_t n,
	     uint32_t *count);
/* Have all commands up to this count been executed? */
bool its_reached(struct ferry *f, struct gic_its *t, uint32_t count);
/* Wait until n commands have room. FERRY_OK or FERRY_E_TIMEOUT. n 0: is it alive? */
int its_room(struct ferry *f, struct gic_its *t, uint32_t n);

/* ---- its_guards.c --------------------------------------------------------------- */

/* True if the address lies in the ITSs' own state: then its guard is in *out. */
bool ferry_its_guard(const struct ferry *f, const void *address, struct ferry_guard *out);

#endif
