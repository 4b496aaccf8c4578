/* SPDX-License-Identifier: MIT */
/* table.h: the states visited: 24 bytes each, by a 128-bit fingerprint. */
#ifndef IRQFERRY_CHECK_TABLE_H
#define IRQFERRY_CHECK_TABLE_H

#include <stdbool.h>
#include <stdint.h>
#include "world.h"

/* What is kept with a state: labels asleep when it was expanded (bit per enabled
 * label), and, while it is on the path, 1 + its depth. */
#define ENTRY_SLEEP ((1ull << WORLD_LABELS) - 1)
#define ENTRY_DEPTH_SHIFT WORLD_LABELS

struct entry {
	uint64_t low, high; /* both 0: unused */
	uint64_t value;
};

struct table {
	struct entry *entry;
	uint64_t size, used; /* size: a power of two */
};

bool table_init(struct table *t);
void table_free(struct table *t);
/* The entry of this state; *fresh says whether it was made now. Null: no memory. An
 * entry stays where it is until the next call. */
struct entry *table_find(struct table *t, struct fingerprint f, bool *fresh);

static inline uint64_t table_bytes(const struct table *t)
{
	return t->size * sizeof(struct entry);
}

#endif
