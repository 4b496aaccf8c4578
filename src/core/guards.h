/* SPDX-License-Identifier: MIT */
/* guards.h: what the guards of all back ends have in common. Private to src/. */
#ifndef FERRY_CORE_GUARDS_H
#define FERRY_CORE_GUARDS_H

#include <irqferry/guards.h>
#include "core/core.h"

/* Where in an array does the address lie? False: elsewhere. */
bool ferry_guard_find(const void *array, size_t count, size_t size, const void *address,
		      size_t *index, size_t *offset);

static inline bool ferry_guard_within(size_t offset, size_t start, size_t size)
{
	return offset >= start && offset - start < size;
}

#define FERRY_GUARD_IN(offset, type, field) \
	ferry_guard_within(offset, offsetof(struct type, field), sizeof(((struct type *)0)->field))

static inline struct ferry_guard ferry_guard_made(enum ferry_guard_kind kind,
						  const ferry_lock *lock)
{
	return (struct ferry_guard){ kind, lock };
}

/* V of a CPU. */
static inline const ferry_lock *ferry_guard_cpu(const struct ferry *f, size_t cpu)
{
	return &f->cpus[f->one_lock ? 0 : cpu].lock;
}

/* Of what every machine has; CONST for what is not the core's. */
struct ferry_guard ferry_core_guard(const struct ferry *f, const void *address);

#endif
