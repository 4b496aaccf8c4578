/* SPDX-License-Identifier: MIT */
/*
 * irqferry: the vectors of a multiqueue device, spread over nodes, clusters, cores and CPUs; and
 * which queue a CPU submits to.
 *
 * Needs nothing else of the library: no machine, no functions of the host, no locks. A vector is
 * one of a device's, an entry of its MSI-X table; a group is the CPUs that one of them serves.
 * What comes out are masks, for ferry_irq_set_affinity() or a driver.
 *
 * The same input gives the same masks, everywhere.
 *
 * Context of all calls: any. They cost their loops, up to 4,096 CPUs, so rather a thread. One
 * call at a time on a topology: it has their working memory.
 */
#ifndef IRQFERRY_SPREAD_H
#define IRQFERRY_SPREAD_H

#include <stddef.h>
#include <stdint.h>
#include <irqferry/ferry.h>

/* ---- the topology ------------------------------------------------------------------------- */

struct ferry_topology;

/*
 * Where a CPU is. Ids may be any numbers, with gaps. Clusters are those of a node, cores those of
 * a cluster: numbers may begin again in each. CPUs of the same core are SMT siblings. Only the
 * order of node ids has a meaning: ties.
 */
struct ferry_topology_cpu {
	uint32_t node;    /* FERRY_NONE: there will never be such a CPU. One node: all 0 */
	uint32_t cluster; /* CPUs that share a cache below the node's; FERRY_NONE: not known */
	uint32_t core;    /* FERRY_NONE: no siblings */
};

/* Bytes for a topology of so many CPUs, about 50 for each; 0: not 1 .. FERRY_CPUS_MAX. */
size_t ferry_topology_size(uint32_t cpus);

/*
 * Sort `cpus` CPUs for the calls below, once: `ids` has a CPU at its index, and is copied. Those
 * with a node are the *possible* ones. `memory` is aligned to 8 bytes and need not be zero.
 * Masks of this topology have (cpus + 63) / 64 words.
 * Returns FERRY_OK with the topology in *t, which is at `memory`; FERRY_E_NO_CPU if no CPU is
 * possible; FERRY_E_MEMORY; FERRY_E_INVALID (cpus, or something is null).
 */
FERRY_MUST_USE int ferry_topology_init(const struct ferry_topology_cpu *ids, uint32_t cpus,
				       void *memory, size_t size, struct ferry_topology **t);

/* ---- groups ------------------------------------------------------------------------------- */

/* How to spread. A null pointer instead of this: as if all were null. */
struct ferry_spread {
	/* CPUs that are there now, or null: all. The others may come later. */
	const uint64_t *present;

	/* CPUs that interrupts may disturb, or null: all. The others, the isolated ones, are in no
	 * mask; ferry_spread_map() says whose queue they use. */
	const uint64_t *housekeeping;

	/* What each CPU counts for, 1 .. 255, one for each CPU; or null: all the same. A node's
	 * share of the groups is by the sum of its CPUs', and so is a cluster's of its node's.
	 * Below that all CPUs count the same. */
	const uint8_t *weights;
};

/* Groups, or vectors, counted. To use others than the live ones at once is a mistake:
 * nothing is delivered there. */
struct ferry_spread_result {
	uint32_t live;   /* have a CPU that is present */
	uint32_t absent; /* have CPUs, none of them present: nothing runs until one has come */
	uint32_t empty;  /* have no CPU: more groups than CPUs. The mask is all zeroes */
};

/*
 * Divide the possible housekeeping CPUs into `groups` (1 .. FERRY_IRQS_MAX) masks, one after
 * another in `masks`, which need not be zero before. First the CPUs that are present, and then,
 * in the same way, the others, beginning with the first group that has none (or the first of all):
 *
 *   - Each CPU is in exactly one group.
 *   - No more groups than nodes that have such CPUs: nodes are dealt out whole, in turn.
 *   - Else no group has CPUs of two nodes (but the CPUs not present may be another's than those
 *     that are). Nodes get their share of the groups left, rounded down, at least 1, the lightest
 *     first; ties: the lower id. Where weights would give a node more groups than CPUs, it gets
 *     as many as CPUs, and the others what it leaves.
 *   - A node whose clusters are known, and no more than its groups: the same for its clusters;
 *     ties: the one with the lowest CPU. No group has CPUs of two clusters then.
 *   - In a node (cluster) sizes differ by 1 at most, larger groups first. A group takes the
 *     lowest CPU left, its siblings, the next lowest and so on. So it has whole cores where its
 *     size is a multiple of their threads.
 *
 * The live groups come first, then the absent ones, then the empty ones.
 *
 * Returns FERRY_OK and *result; FERRY_E_NO_CPU if no possible housekeeping CPU is present;
 * FERRY_E_INVALID (groups, a weight of 0, something is null that may not be). On an error nothing
 * was written.
 */
FERRY_MUST_USE int ferry_spread(struct ferry_topology *t, const struct ferry_spread *how,
				uint32_t groups, uint64_t *masks,
				struct ferry_spread_result *result);

/*
 * For each CPU the group that serves it, that is, the queue it submits to: map[cpu], for all
 * `cpus`; FERRY_NONE for one that is not possible. `masks` are those of ferry_spread(), of a set
 * of ferry_spread_vectors(), or the caller's own; only `present` of `how` is looked at.
 *
 * A CPU in a mask: that group (the first if several), even if it is absent: a CPU that comes
 * brings it to life. Others, as isolated ones: a live group that has a CPU of the same core; of
 * the same cluster; of the same node; any. Where there are several of these, CPUs take them in
 * turn, both by node, cluster, core and CPU.
 *
 * Returns FERRY_OK; FERRY_E_NO_CPU if no group is live; FERRY_E_INVALID (groups, null pointers).
 * On an error nothing was written.
 */
FERRY_MUST_USE int ferry_spread_map(struct ferry_topology *t, const struct ferry_spread *how,
				    const uint64_t *masks, uint32_t groups, uint32_t *map);

/* ---- all vectors of a device ---------------------------------------------------------------- */

#define FERRY_SPREAD_SETS 4u

/* How the vectors of a device are used: `pre` and `post` are for something else than queues
 * (administration, errors); between them sets of queues, each spread over all CPUs. */
struct ferry_spread_vectors {
	uint32_t total; /* 1 .. FERRY_IRQS_MAX */
	uint32_t pre, post;
	uint32_t sets; /* 0: one, of all that are between */
	/* Vectors of each set, in order; may be 0. What they leave over has an empty mask. */
	uint32_t size[FERRY_SPREAD_SETS];
};

enum ferry_vector_kind {
	FERRY_VECTOR_PLAIN = 0,   /* before or after: any housekeeping CPU */
	FERRY_VECTOR_MANAGED = 1, /* a queue's; as `live` above */
	FERRY_VECTOR_ABSENT = 2,  /* a queue's; as `absent` */
	FERRY_VECTOR_EMPTY = 3    /* as `empty`, or in no set: not to be used */
};

/*
 * The mask of each vector in `masks`, and its enum ferry_vector_kind in `kinds` (may be null).
 * *result counts those between pre and post. For the map of set s: ferry_spread_map() with the
 * masks from vector pre + size[0] + .. + size[s-1] on, and size[s].
 *
 * Returns FERRY_OK; FERRY_E_NO_CPU as ferry_spread(); FERRY_E_INVALID: also if pre, post and the
 * sets are more than the total, or too many sets. On an error nothing was written.
 */
FERRY_MUST_USE int ferry_spread_vectors(struct ferry_topology *t, const struct ferry_spread *how,
					const struct ferry_spread_vectors *split, uint64_t *masks,
					uint8_t *kinds, struct ferry_spread_result *result);

/*
 * How many vectors to ask for, of a device that needs `min` and has `max`: pre, post and one for
 * each possible housekeeping CPU and set, if there are so many; never less than `min`. Of `split`
 * only pre, post and sets are looked at. 0: what it needs can't be: pre and post are more than
 * `min`, `min` is more than `max`, too many sets.
 */
uint32_t ferry_spread_suggest(const struct ferry_topology *t, const struct ferry_spread *how,
			      const struct ferry_spread_vectors *split, uint32_t min, uint32_t max);

#endif
