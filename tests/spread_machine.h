/* SPDX-License-Identifier: MIT */
/* Machines for the tests of spreading: what they share. */
#ifndef TESTS_SPREAD_MACHINE_H
#define TESTS_SPREAD_MACHINE_H

#include <string.h>
#include <irqferry/spread.h>
#include "tests/tap.h"

#define WORDS (FERRY_CPUS_MAX / 64)

/* A topology in memory of its own, which was full of something else before. */
__attribute__((unused)) static struct ferry_topology *machine(const struct ferry_topology_cpu *ids,
							      uint32_t cpus, uint8_t dirt)
{
	static uint64_t memory[40000];
	struct ferry_topology *t = NULL;
	size_t size = ferry_topology_size(cpus);

	if (!size || size > sizeof(memory))
		bail("a topology of %u CPUs wants %zu bytes", cpus, size);
	memset(memory, dirt, sizeof(memory));
	if (ferry_topology_init(ids, cpus, memory, size, &t) != FERRY_OK)
		bail("no topology of %u CPUs", cpus);
	return t;
}

__attribute__((unused)) static bool has(const uint64_t *mask, uint32_t cpu)
{
	return mask[cpu / 64] >> cpu % 64 & 1;
}

__attribute__((unused)) static void put(uint64_t *mask, uint32_t cpu)
{
	mask[cpu / 64] |= 1ull << cpu % 64;
}

#endif
