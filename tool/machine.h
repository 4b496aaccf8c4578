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

/* Names of enum ferry_x86_kind, which a null ends, and of enum ferry_gic_kind. */
#define KINDS FERRY_GIC_KINDS
extern const char *const kind_names[KINDS];

/*
 * INTIDs of SPIs: those that are said, and for the others (storm_irq.intid is then one of
 * these) the next free ones. TOOL_INPUT: two are the same, or none is left.
 */
enum { INTID_NEXT_SPI = 1, INTID_NEXT_ESPI = 2 };
int intids_assign(struct storm_spec *spec, struct message *why);
bool intid_extended(uint32_t intid);

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
