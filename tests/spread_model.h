/* SPDX-License-Identifier: MIT */
/*
 * Spreading as include/irqferry/spread.h tells it, step by step, with sets that are arrays of
 * bool: slow, and with nothing of how src/core/spread.c does it.
 */
#ifndef TESTS_SPREAD_MODEL_H
#define TESTS_SPREAD_MODEL_H

#include "tests/spread_machine.h"

struct model {
	const struct ferry_topology_cpu *ids;
	uint32_t cpus, groups;
	const uint8_t *weights; /* or null */
	bool *want;             /* CPUs of this stage */
	uint64_t *masks;
	uint32_t words, current;
};

/* A part of the wanted CPUs: of a node, or of a cluster. */
struct part {
	uint32_t node, cluster, cpus, weight, groups;
	bool by_cluster;
};

static bool in_part(const struct model *m, const struct part *p, uint32_t cpu)
{
	return m->want[cpu] && m->ids[cpu].node == p->node &&
	       (!p->by_cluster || m->ids[cpu].cluster == p->cluster);
}

static void measure(const struct model *m, struct part *p)
{
	p->cpus = p->weight = 0;
	for (uint32_t c = 0; c < m->cpus; c++)
		if (in_part(m, p, c)) {
			p->cpus++;
			p->weight += m->weights ? m->weights[c] : 1;
		}
}

/* The groups of parts that stand in the order of ties; then they stand in that of their turns. */
static void model_shares(struct part *parts, uint32_t n, uint32_t groups)
{
	for (uint32_t i = 0; i < n; i++) {
		uint32_t light = i, weight = 0, others = 0, share;
		struct part first;

		for (uint32_t k = i; k < n; k++) {
			weight += parts[k].weight;
			others += parts[k].cpus;
			if (parts[k].weight < parts[light].weight)
				light = k;
		}
		first = parts[light];
		memmove(&parts[i + 1], &parts[i], (light - i) * sizeof(*parts));
		others -= first.cpus;
		for (share = 0; (uint64_t)(share + 1) * weight <= (uint64_t)groups * first.weight;)
			share++;
		while (share < 1 || groups - share > others)
			share++;
		while (share > first.cpus)
			share--;
		first.groups = share;
		groups -= share;
		parts[i] = first;
	}
}

static void model_distribute(struct model *m, const struct part *p)
{
	bool *left = calloc(m->cpus, sizeof(*left));

	for (uint32_t c = 0; c < m->cpus; c++)
		left[c] = in_part(m, p, c);
	for (uint32_t g = 0; g < p->groups; g++) {
		uint32_t k = p->cpus / p->groups + (g < p->cpus % p->groups), c = 0;

		if (m->current >= m->groups)
			m->current = 0;
		while (k) {
			while (!left[c])
				c++;
			for (uint32_t s = c; s < m->cpus && k; s++) {
				bool sibling = m->ids[s].core != FERRY_NONE &&
					       m->ids[s].core == m->ids[c].core &&
					       m->ids[s].cluster == m->ids[c].cluster;

				if (!left[s] || (s != c && !sibling))
					continue;
				left[s] = false;
				put(m->masks + (size_t)m->current * m->words, s);
				k--;
			}
		}
		m->current++;
	}
	free(left);
}

/* The clusters of the node's wanted CPUs, by their lowest possible CPU; 0: not to be used. */
static uint32_t model_clusters(const struct model *m, const struct part *node, struct part *list)
{
	uint32_t n = 0;

	for (uint32_t c = 0; c < m->cpus; c++) {
		struct part p = { .node = node->node,
				  .cluster = m->ids[c].cluster,
				  .by_cluster = true };
		bool known = false;

		if (m->ids[c].node != node->node)
			continue;
		if (m->want[c] && p.cluster == FERRY_NONE)
			return 0;
		for (uint32_t k = 0; k < n; k++)
			known |= list[k].cluster == p.cluster;
		measure(m, &p);
		if (!known && p.cpus)
			list[n++] = p;
	}
	return n <= node->groups ? n : 0;
}

static void model_node(struct model *m, const struct part *node)
{
	struct part *clusters = calloc(m->cpus + 1, sizeof(*clusters));
	uint32_t n = model_clusters(m, node, clusters);

	if (!n)
		model_distribute(m, node);
	model_shares(clusters, n, node->groups);
	for (uint32_t i = 0; i < n; i++)
		model_distribute(m, &clusters[i]);
	free(clusters);
}

/* Nodes that have wanted CPUs, by id. */
static uint32_t model_nodes(const struct model *m, struct part *list)
{
	uint32_t n = 0;

	for (uint64_t from = 0;;) {
		struct part p = { .node = FERRY_NONE };

		for (uint32_t c = 0; c < m->cpus; c++)
			if (m->want[c] && m->ids[c].node >= from && m->ids[c].node < p.node)
				p.node = m->ids[c].node;
		if (p.node == FERRY_NONE)
			return n;
		from = (uint64_t)p.node + 1;
		measure(m, &p);
		list[n++] = p;
	}
}

/* Returns how many groups got CPUs. */
static uint32_t model_stage(struct model *m)
{
	struct part *nodes = calloc(m->cpus + 1, sizeof(*nodes));
	uint32_t n = model_nodes(m, nodes), all = 0;

	for (uint32_t i = 0; i < n; i++)
		all += nodes[i].cpus;
	if (all > m->groups)
		all = m->groups;
	if (n && m->groups <= n) {
		for (uint32_t i = 0; i < n; i++)
			for (uint32_t c = 0; c < m->cpus; c++)
				if (in_part(m, &nodes[i], c))
					put(m->masks + (size_t)((m->current + i) % m->groups) *
							       m->words,
					    c);
	} else {
		model_shares(nodes, n, all);
		for (uint32_t i = 0; i < n; i++)
			model_node(m, &nodes[i]);
	}
	free(nodes);
	return all;
}

/* Into zeroed masks. */
__attribute__((unused)) static void model_spread(const struct ferry_topology_cpu *ids,
						 uint32_t cpus, const struct ferry_spread *how,
						 uint32_t groups, uint64_t *masks)
{
	struct model m = { ids, cpus, groups, how->weights, NULL, masks, (cpus + 63) / 64, 0 };

	m.want = calloc(cpus, sizeof(*m.want));
	for (int stage = 0; stage < 2; stage++) {
		uint32_t given;

		for (uint32_t c = 0; c < cpus; c++) {
			bool present = !how->present || has(how->present, c);

			m.want[c] = ids[c].node != FERRY_NONE && present == !stage &&
				    (!how->housekeeping || has(how->housekeeping, c));
		}
		given = model_stage(&m);
		m.current = given >= groups ? 0 : given;
	}
	free(m.want);
}

#endif
