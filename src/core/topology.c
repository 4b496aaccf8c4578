/* SPDX-License-Identifier: MIT */
/*
 * The topology, sorted once. Linked only if used.
 *
 * The caller's ids are 32 bits each. They are replaced from the left: a node by its rank, a
 * cluster and a core by their lowest CPU, which is 12 bits. So every sort is one of 64-bit keys,
 * and what comes out does not depend on how clusters and cores are numbered.
 */
#include "core/topology.h"

#define CPU_BITS 12u
#define CPU_MASK ((1u << CPU_BITS) - 1)

_Static_assert(FERRY_CPUS_MAX == 1u << CPU_BITS, "a CPU's index in a key");

void ferry_sort(uint64_t *keys, uint32_t n)
{
	uint32_t gap = 1;

	while (gap < n / 3)
		gap = 3 * gap + 1;
	for (; gap; gap /= 3)
		for (uint32_t i = gap; i < n; i++) {
			uint64_t key = keys[i];
			uint32_t at = i;

			for (; at >= gap && keys[at - gap] > key; at -= gap)
				keys[at] = keys[at - gap];
			keys[at] = key;
		}
}

/* ---- memory --------------------------------------------------------------------------------- */

static void *carve(uintptr_t *at, size_t bytes)
{
	void *taken = (void *)*at; /* NOLINT(performance-no-int-to-ptr) */

	*at += bytes;
	return taken;
}

/* Lays out the block that begins with `t`; returns its bytes. What needs most alignment comes
 * first, so there are no gaps. */
static size_t lay_out(struct ferry_topology *t, uint32_t cpus)
{
	uintptr_t at = (uintptr_t)t + ((sizeof(*t) + 7) & ~(size_t)7);

	t->cpus = cpus;
	t->words = (cpus + 63) / 64;
	t->work = carve(&at, sizeof(*t->work) * (cpus + 1));
	t->mask = carve(&at, sizeof(*t->mask) * t->words);
	t->wanted = carve(&at, sizeof(*t->wanted) * t->words);
	t->left = carve(&at, sizeof(*t->left) * t->words);
	t->bits = carve(&at, sizeof(*t->bits) * 2 * cpus);
	t->node = carve(&at, sizeof(*t->node) * cpus);
	t->cluster = carve(&at, sizeof(*t->cluster) * cpus);
	t->order = carve(&at, sizeof(*t->order) * cpus);
	t->sibling = carve(&at, sizeof(*t->sibling) * cpus);
	t->word = carve(&at, sizeof(*t->word) * 2 * cpus);
	t->level = carve(&at, sizeof(*t->level) * cpus);
	return at - (uintptr_t)t;
}

size_t ferry_topology_size(uint32_t cpus)
{
	struct ferry_topology alone;

	return cpus && cpus <= FERRY_CPUS_MAX ? lay_out(&alone, cpus) : 0;
}

/* ---- order ---------------------------------------------------------------------------------- */

static uint32_t cpu_of(uint64_t key)
{
	return (uint32_t)key & CPU_MASK;
}

/* Nodes: t->order[cpu] is the rank of a CPU's, for now. */
static void rank_nodes(struct ferry_topology *t, const struct ferry_topology_cpu *ids)
{
	uint64_t *keys = t->work;
	uint32_t rank = 0;

	t->possible = 0;
	for (uint32_t w = 0; w < t->words; w++)
		t->mask[w] = 0;
	for (uint32_t c = 0; c < t->cpus; c++) {
		if (ids[c].node == FERRY_NONE)
			continue;
		keys[t->possible++] = (uint64_t)ids[c].node << CPU_BITS | c;
		t->mask[c / 64] |= 1ull << c % 64;
	}
	ferry_sort(keys, t->possible);
	for (uint32_t i = 0; i < t->possible; i++) {
		if (i && ids[cpu_of(keys[i])].node != ids[cpu_of(keys[i - 1])].node)
			rank++;
		t->order[cpu_of(keys[i])] = (uint16_t)rank;
	}
}

/* Keys of node rank and cluster id, sorted: t->sibling[cpu] is the lowest CPU of a CPU's
 * cluster, for now. */
static void lead_clusters(struct ferry_topology *t, const struct ferry_topology_cpu *ids)
{
	uint64_t *keys = t->work;
	uint32_t lead = 0;

	for (uint32_t i = 0; i < t->possible; i++) {
		uint32_t c = cpu_of(keys[i]);

		keys[i] = (uint64_t)t->order[c] << 44 | (uint64_t)ids[c].cluster << CPU_BITS | c;
	}
	ferry_sort(keys, t->possible);
	for (uint32_t i = 0; i < t->possible; i++) {
		uint32_t c = cpu_of(keys[i]);

		if (!i || keys[i] >> CPU_BITS != keys[i - 1] >> CPU_BITS)
			lead = c;
		t->sibling[c] = (uint16_t)lead;
	}
}

/* Keys of cluster and core id, sorted; then final ones, all of 12-bit parts. */
static void lead_cores(struct ferry_topology *t, const struct ferry_topology_cpu *ids)
{
	uint64_t *keys = t->work, before = ~0ull;
	uint32_t lead = 0;

	for (uint32_t i = 0; i < t->possible; i++) {
		uint32_t c = cpu_of(keys[i]);

		keys[i] = (uint64_t)t->sibling[c] << 44 | (uint64_t)ids[c].core << CPU_BITS | c;
	}
	ferry_sort(keys, t->possible);
	for (uint32_t i = 0; i < t->possible; i++) {
		uint64_t core = keys[i] >> CPU_BITS;
		uint32_t c = cpu_of(keys[i]);

		if (core != before || ids[c].core == FERRY_NONE)
			lead = c;
		before = core;
		keys[i] = (uint64_t)t->order[c] << 36 | (uint64_t)t->sibling[c] << 24 |
			  (uint64_t)lead << 12 | c;
	}
	ferry_sort(keys, t->possible);
}

/* How the CPU at position i begins. A CPU whose cluster is not known is in none with others than
 * its siblings. */
static uint8_t begins(const uint64_t *keys, uint32_t i, const struct ferry_topology_cpu *ids)
{
	uint64_t differs = i ? keys[i] ^ keys[i - 1] : ~0ull;

	if (differs >> 36)
		return FERRY_NEW_NODE;
	if (differs >> 24)
		return FERRY_NEW_CLUSTER;
	if (!(differs >> CPU_BITS))
		return FERRY_SAME_CORE;
	return ids[cpu_of(keys[i])].cluster == FERRY_NONE ? FERRY_NEW_CLUSTER : FERRY_NEW_CORE;
}

static void set_order(struct ferry_topology *t, const struct ferry_topology_cpu *ids)
{
	for (uint32_t i = 0; i < t->possible; i++) {
		uint32_t c = cpu_of(t->work[i]);

		t->order[i] = (uint16_t)c;
		t->level[i] = begins(t->work, i, ids);
		t->sibling[c] = FERRY_NO_CPU;
		if (t->level[i] == FERRY_SAME_CORE)
			t->sibling[t->order[i - 1]] = (uint16_t)c;
	}
}

/* ---- units ---------------------------------------------------------------------------------- */

/* Is `to`, a higher CPU of t->left than `from`, the next one there? */
static bool next_is(const struct ferry_topology *t, uint32_t from, uint32_t to)
{
	uint32_t w = ++from / 64;
	uint64_t word = t->left[w] & ~0ull << from % 64;

	while (!word)
		word = t->left[++w];
	return w * 64 + (uint32_t)__builtin_ctzll(word) == to;
}

/* The CPUs at positions from .. to-1, which are whole cores. t->left is all zeroes before and
 * after; *pieces is the next free piece. */
static void make_unit(struct ferry_topology *t, struct ferry_unit *u, uint32_t from, uint32_t to,
		      uint32_t *pieces)
{
	uint32_t low = t->words, high = 0;

	*u = (struct ferry_unit){ .piece = (uint16_t)*pieces,
				  .cpus = (uint16_t)(to - from),
				  .flags = FERRY_UNIT_ADJACENT };
	for (uint32_t i = from; i < to; i++) {
		uint32_t c = t->order[i], w = c / 64;

		t->left[w] |= 1ull << c % 64;
		low = w < low ? w : low;
		high = w > high ? w : high;
	}
	for (uint32_t i = from; i < to; i++) {
		uint32_t c = t->order[i];

		if (t->sibling[c] != FERRY_NO_CPU && !next_is(t, c, t->sibling[c]))
			u->flags = 0;
	}
	for (uint32_t w = low; w <= high; w++) {
		if (!t->left[w])
			continue;
		t->bits[*pieces] = t->left[w];
		t->word[(*pieces)++] = (uint8_t)w;
		t->left[w] = 0;
		u->pieces++;
	}
}

/* The cluster of position i, as in its key: work[] still has them. */
static uint64_t cluster_key(const struct ferry_topology *t, uint32_t i)
{
	return t->work[i] >> 24;
}

/* Clusters of the node at from .. to-1; none if it would be the only one. */
static void make_clusters(struct ferry_topology *t, const struct ferry_topology_cpu *ids,
			  struct ferry_unit *node, uint32_t from, uint32_t to, uint32_t *pieces)
{
	if (cluster_key(t, from) == cluster_key(t, to - 1))
		return;
	for (uint32_t end; from < to; from = end) {
		struct ferry_unit *u = &t->cluster[node->cluster + node->clusters++];

		for (end = from + 1; end < to && cluster_key(t, end) == cluster_key(t, from);)
			end++;
		make_unit(t, u, from, end, pieces);
		if (ids[t->order[from]].cluster == FERRY_NONE)
			u->flags |= FERRY_UNIT_UNKNOWN;
	}
}

static void make_units(struct ferry_topology *t, const struct ferry_topology_cpu *ids)
{
	uint32_t pieces = 0, clusters = 0;

	for (uint32_t w = 0; w < t->words; w++)
		t->left[w] = 0;
	t->nodes = 0;
	for (uint32_t from = 0, to; from < t->possible; from = to) {
		struct ferry_unit *node = &t->node[t->nodes++];

		for (to = from + 1; to < t->possible && t->level[to] != FERRY_NEW_NODE;)
			to++;
		make_unit(t, node, from, to, &pieces);
		node->cluster = (uint16_t)clusters;
		make_clusters(t, ids, node, from, to, &pieces);
		clusters += node->clusters;
	}
}

int ferry_topology_init(const struct ferry_topology_cpu *ids, uint32_t cpus, void *memory,
			size_t size, struct ferry_topology **t)
{
	size_t needed = ferry_topology_size(cpus);
	uint32_t possible = 0;

	if (!ids || !memory || !t || !needed)
		return FERRY_E_INVALID;
	if (size < needed)
		return FERRY_E_MEMORY;
	for (uint32_t c = 0; c < cpus; c++)
		possible += ids[c].node != FERRY_NONE;
	if (!possible)
		return FERRY_E_NO_CPU;
	*t = memory;
	lay_out(*t, cpus);
	rank_nodes(*t, ids);
	lead_clusters(*t, ids);
	lead_cores(*t, ids);
	set_order(*t, ids);
	make_units(*t, ids);
	return FERRY_OK;
}
