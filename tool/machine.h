/* SPDX-License-Identifier: MIT */
/* A machine to storm, and where it came from. */
#ifndef IRQFERRY_TOOL_MACHINE_H
#define IRQFERRY_TOOL_MACHINE_H

#include "storm.h"
#include "tool.h"

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
