/* SPDX-License-Identifier: MIT */
/*
 * hooks.h: does the simulated machine see all that the library does?
 *
 * The explorer believes two things: CPUs meet only in what they do through host.h, or
 * in memory that a lock of guards.h guards; and what a label touches is in sim_out.reads
 * and writes. Here each load and store of the library is looked at. The compiler calls a
 * hook before each (-fsanitize=thread, without its run-time library; access.c), the
 * linker puts a wrapper around each call of the host (port.c).
 *
 *    accesses (access.c) ──► what may it touch? is it ordered? ──► mistakes (mistake.c)
 *    calls of the host (port.c) ──► who holds what, vector clocks
 *
 * main.c goes through random schedules of a sample of scenarios. One machine at a time.
 */
#ifndef IRQFERRY_CHECK_HOOKS_H
#define IRQFERRY_CHECK_HOOKS_H

#include "check/world.h"

enum mistake_kind {
	MISTAKE_CELL,      /* an atomic or a lock is touched, not through the port */
	MISTAKE_READ,      /* plain memory is read without its lock */
	MISTAKE_WRITE,     /* ... or written, or published memory */
	MISTAKE_CONST,     /* constant memory is written after init */
	MISTAKE_RACE,      /* two accesses, one a write, that nothing orders */
	MISTAKE_HISTORY,   /* published memory has changed since the history last told of it */
	MISTAKE_FOOTPRINT, /* the lock of what is touched is not among what the label touched */
	MISTAKE_LOOK,      /* ... of what the simulator looked at on behalf of a CPU */
	MISTAKE_ALONE,     /* what a lock guards that counts as nobody's (sim_out.alone) changes */
	MISTAKE_OUTSIDE,   /* memory that is neither the library's nor the CPU's own */
	MISTAKE_PORT,      /* a call of the host for what guards.h calls something else */
	MISTAKE_KINDS
};

/* Of each CPU, how far its past is known. */
struct hooks_clock {
	uint32_t at[SCENARIO_CPUS];
};

#define HOOKS_NO_LOCK 0xffffu

/* A 32-bit word of the library's memory. */
struct hooks_word {
	uint8_t kind;  /* enum ferry_guard_kind */
	uint16_t lock; /* the word of its lock, or HOOKS_NO_LOCK */
	/* locks and atomics */
	uint8_t owner;           /* CPU + 1 that holds the lock */
	uint32_t since;          /* step in which it was taken */
	struct hooks_clock sync; /* what who takes or loads it knows from then on */
	/* plain memory: last write, last read of each CPU, and where in the code */
	uint8_t writer;
	uint32_t wrote, read[SCENARIO_CPUS];
	uint64_t changed; /* hooks.sequence at the last write */
	const char *wrote_at, *read_at[SCENARIO_CPUS];
};

struct hooks_store {
	uint16_t word;
	struct hooks_clock clock;
};

struct hooks_cpu {
	struct hooks_clock clock;
	struct hooks_clock rung; /* of who rang its doorbell */
	/* What it has released and others don't see yet, in order: see sim_cpu.stores. */
	struct hooks_store store[STORES + 1];
	uint32_t stores;
	/* By depth: hooks.sequence when its history was last told what is published. */
	uint64_t told[SIM_DEPTH + 1];
};

struct hooks {
	struct machine *m; /* null: nobody looks */
	const char *memory;
	size_t size;
	const struct ferry_counters *counters;
	uint32_t ncpus;
	const char *base; /* the memory as it was when the guest's machine was built */
	struct hooks_word *word;
	struct hooks_cpu cpu[SCENARIO_CPUS];
	struct hooks_clock hotplug;              /* the host's lock around ferry_cpu_... */
	struct hooks_clock vcpu[SCENARIO_VCPUS]; /* of who ran it last */
	uint64_t sequence, began; /* writes and locks so far; at the start of the schedule */
	uint32_t step;            /* counts labels */
	bool in_step;
	bool looking; /* a look from outside is no access */
	bool inspect; /* interrupts also call what only inspects */
	uint64_t accesses;
	const char *scenario;
};

extern struct hooks hooks;

/* The library as a subject, each of its entries told to the hooks. */
struct subject hooks_subject(void);

/* ---- main.c tells ------------------------------------------------------------- */

/* Once. False: no memory. */
bool hooks_init(void);
/* The machine that one of the library's init functions met last is looked at until
 * hooks_off(). */
void hooks_off(void);
/* It is built: what counts as nobody's stays as it is now. */
void hooks_built(void);
/* What comes next follows all there was. */
void hooks_schedule_begins(void);
void hooks_step_begins(void);
void hooks_step_ends(void);

/* ---- between the parts ----------------------------------------------------------- */

/* The CPU whose code runs now; NONE: nobody's that counts. */
uint32_t hooks_running(void);
/* The word at the address, null if it is not the library's. */
struct hooks_word *hooks_word_at(const void *address);
bool hooks_holds(uint32_t cpu, const struct hooks_word *w);
/* A lock that the simulator takes to be in nobody's way. */
bool hooks_is_alone(const struct hooks_word *lock);
/* When the step has ended its footprint must have this lock. */
void hooks_owe(enum mistake_kind kind, uint32_t cpu, const struct hooks_word *lock,
	       const char *code);
/* Of the calls of the hooks that are in the code: how many have been met, and all. */
void hooks_sites(uint32_t *met, uint32_t *all);
/* Those never met, in words. */
void hooks_print_unmet(void);

/* ---- mistake.c ------------------------------------------------------------------- */

/* Each place in the code is told of once for each kind. `word` may be null. */
void mistake(enum mistake_kind kind, uint32_t cpu, const void *address, const char *code,
	     const char *other);
uint32_t mistakes(enum mistake_kind kind); /* places */
void mistakes_print(enum mistake_kind kind);
/* "function at file:line", or as much of it as is known. */
void mistake_place(const char *code, char *out, size_t size);

#endif
