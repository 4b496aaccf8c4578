/* SPDX-License-Identifier: MIT */
/*
 * topology.h: which CPU is where, as spread.c wants it. Private to src/.
 *
 * A unit is a node, or a cluster of a node. Its CPUs are pieces: words of a mask that are not 0
 * there, so that nodes whose CPUs are far apart cost no more than what they have. An n-CPU
 * machine has at most n nodes, n clusters, and n pieces of each.
 */
#ifndef FERRY_TOPOLOGY_H
#define FERRY_TOPOLOGY_H

#include <irqferry/spread.h>

enum {
	/* Between a CPU of the unit and its next sibling there is no other one: to take cores in
	 * turn is to take the lowest CPUs. */
	FERRY_UNIT_ADJACENT = 1,
	FERRY_UNIT_UNKNOWN = 2, /* CPUs of a node whose cluster is not known */
};

struct ferry_unit {
	uint16_t piece;    /* its first one */
	uint16_t cluster;  /* a node's: the first one; in the order of their lowest CPUs */
	uint16_t clusters; /* a node's; 0: all of it is one */
	uint16_t cpus;
	uint8_t pieces;
	uint8_t flags;
};

/* Where the next CPU of the order is, compared with the one before. */
enum { FERRY_SAME_CORE, FERRY_NEW_CORE, FERRY_NEW_CLUSTER, FERRY_NEW_NODE };

struct ferry_topology {
	uint32_t cpus, words, nodes;
	uint32_t possible;       /* CPUs that have a node */
	uint64_t *mask;          /* them */
	struct ferry_unit *node; /* by id */
	struct ferry_unit *cluster;
	uint64_t *bits; /* of a piece */
	uint8_t *word;  /* and where they are in a mask */
	/* Possible CPUs by node, cluster, core, CPU; of clusters and cores the one with the lowest
	 * CPU is first. And what begins with each. */
	uint16_t *order;
	uint8_t *level;
	uint16_t *sibling; /* of a CPU: the next higher one, or FERRY_NO_CPU */
	/* What a call works with: the CPUs it is about, those of the unit at hand that no group has
	 * yet, both as masks; and possible CPUs + 1 words. */
	uint64_t *wanted, *left, *work;
	bool all_wanted; /* all possible ones */
};

#define FERRY_NO_CPU 0xffffu

/* In ascending order. Up to 4,097 keys; n to the power of 1.5, less if they are nearly so. */
void ferry_sort(uint64_t *keys, uint32_t n);

#endif
