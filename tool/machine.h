/* SPDX-License-Identifier: MIT */
/* What the tool's parts share: a machine to storm, where it came from, exit codes. */
#ifndef IRQFERRY_TOOL_MACHINE_H
#define IRQFERRY_TOOL_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "storm.h"

enum tool_exit {
	TOOL_OK = 0,
	TOOL_VIOLATION = 1, /* the storm found something that must not be */
	TOOL_USAGE = 2,     /* the command line */
	TOOL_INPUT = 3,     /* a scenario file or /proc text */
	TOOL_MACHINE = 4,   /* the input is well formed, the machine can't be built */
	TOOL_IO = 5         /* memory, or writing the results */
};

/* Memory that is given back all at once. */
struct arena {
	struct arena_block *head;
};

void *arena_alloc(struct arena *arena, size_t n, size_t size); /* zeroed, or null */
void arena_free(struct arena *arena);

/* One message for the user: the functions that take it return an exit code and
 * fill it when that is not TOOL_OK. */
struct message {
	char text[600];
};

int say(struct message *msg, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
int say_no_memory(struct message *msg);

struct machine {
	struct storm_spec spec;
	struct arena arena;
	char name[64];
	const char *path;  /* as the user wrote it */
	bool from_proc;    /* path is the DIR of --machine */
	uint32_t left_out; /* interrupts of controllers the library does not drive */
	char left_out_chip[32];
};

void machine_init(struct machine *m, const char *path, bool from_proc);
void machine_free(struct machine *m);

/* Names of enum ferry_x86_kind, as in scenario files. */
extern const char *const kind_names[FERRY_X86_KINDS + 1];

/* scenario.c */
int scenario_load(const char *path, struct machine *m, struct message *msg);

/* procfs.c */
int procfs_load(const char *dir, struct machine *m, struct message *msg);

/* Read a whole file, zero-terminated, of at most `limit` bytes. */
int file_read(const char *path, size_t limit, struct arena *arena, char **text, size_t *size,
	      struct message *msg);

/*
 * A CPU list as Linux writes it, "0-3,8", into a mask of FERRY_CPUS_MAX bits.
 * Returns null, or what is wrong with it. An empty list is wrong.
 */
#define MASK_WORDS (FERRY_CPUS_MAX / 64)
const char *cpulist_parse(const char *text, uint64_t mask[MASK_WORDS]);

static inline bool mask_test(const uint64_t *mask, uint32_t cpu)
{
	return mask[cpu / 64] >> (cpu % 64) & 1;
}

static inline void mask_set(uint64_t *mask, uint32_t cpu)
{
	mask[cpu / 64] |= UINT64_C(1) << (cpu % 64);
}

#endif
