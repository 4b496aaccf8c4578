// SPDX-License-Identifier: MIT
/* Scenario files: the sort of machine, and what its CPUs are called. */
#include <stdlib.h>
#include <string.h>
#include "fields.h"

/* Aff3 in bits 39:32, Aff2 to Aff0 in 23:0 */
#define MPIDR_BITS UINT64_C(0xff00ffffff)
#define CLUSTER 16

int scenario_gic(struct reader *r, const yaml_node_t *node)
{
	static const struct field fields[] = {
		FIELD("version", storm_spec, gic, NUMBER, .min = 2, .max = 3),
		F_BOOL(storm_spec, its),
		F_NUMBER(storm_spec, espis, 0, FERRY_ESPI_LAST + 1 - FERRY_ESPI_FIRST),
		F_BOOL(storm_spec, split_eoi),
	};
	struct storm_spec *spec = &r->m->spec;
	struct at at = { NULL, "gic", 0 };
	int rc = read_map(r, node, &at, fields, N(fields), spec);

	if (rc)
		return rc;
	if (!spec->gic)
		return fail_key(r, node, &at, "version", "missing");
	if (spec->gic == 2 && (spec->its || spec->espis))
		return fail_key(r, node, &at, spec->its ? "its" : "espis",
				"only with gic.version: 3");
	r->machine = spec->gic == 2 ? ON_GICV2 : ON_GICV3;
	return TOOL_OK;
}

/* ---- cpus ---------------------------------------------------------------- */

struct cpu_group {
	uint32_t count, stride;
	uint64_t start; /* UINT64_MAX: not said */
};

/* What the hardware calls a CPU. */
struct cpu_id {
	const char *key, *outside, *twice;
	uint64_t bits, last;
};

static const struct cpu_id apic_id = {
	.key = "apic_id_start",
	.outside = "APIC ids end at 4294967294",
	.twice = "two CPUs have APIC id %llu",
	.bits = 0xffffffff,
	.last = 0xfffffffe,
};
static const struct cpu_id mpidr = {
	.key = "mpidr_start",
	.outside = "Aff3 is in bits 39 to 32 of an MPIDR, Aff2 to Aff0 in 23 to 0",
	.twice = "two CPUs have MPIDR 0x%llx",
	.bits = MPIDR_BITS,
	.last = MPIDR_BITS,
};

static const struct cpu_id *cpu_id(const struct reader *r)
{
	return r->machine == ON_X86 ? &apic_id : &mpidr;
}

/* A group of CPUs without a number is the next numbers on x86, a cluster on Arm. */
static int read_cpu_group(struct reader *r, const yaml_node_t *node, const struct at *at)
{
	static const struct field fields[] = {
		F_NUMBER(cpu_group, count, 1, FERRY_CPUS_MAX),
		FIELD("apic_id_start", cpu_group, start, NUMBER, .max = 0xfffffffe, .only = ON_X86),
		FIELD("mpidr_start", cpu_group, start, NUMBER, .max = MPIDR_BITS, .only = ON_GICV3),
		F_NUMBER(cpu_group, stride, 1, 0x10000, .only = ON_X86 | ON_GICV3),
	};
	struct storm_spec *spec = &r->m->spec;
	const struct cpu_id *of = cpu_id(r);
	struct cpu_group g = { 0, 1, UINT64_MAX };
	uint64_t id;
	int rc = read_map(r, node, at, fields, N(fields), &g);

	if (rc)
		return rc;
	if (!g.count)
		return fail_key(r, node, at, "count", "missing");
	if (spec->cpus + g.count > FERRY_CPUS_MAX)
		return fail_key(r, node, at, "count", "more than 4096 CPUs together");
	if (g.start == UINT64_MAX)
		g.start = r->machine == ON_X86 ? spec->cpus : (uint64_t)at->index << 8;
	for (uint32_t i = 0; i < g.count; i++) {
		id = g.start + i * (uint64_t)g.stride;
		if (id > of->last || id & ~of->bits)
			return fail_key(r, node, at, of->key, of->outside);
		r->ids[spec->cpus++] = id;
	}
	return TOOL_OK;
}

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static int check_ids(struct reader *r, const yaml_node_t *node, const struct at *at)
{
	uint32_t cpus = r->m->spec.cpus;
	uint64_t *sorted = arena_alloc(&r->m->arena, cpus, sizeof(uint64_t));

	if (!sorted)
		return say_no_memory(r->msg);
	memcpy(sorted, r->ids, cpus * sizeof(uint64_t));
	qsort(sorted, cpus, sizeof(uint64_t), by_number);
	for (uint32_t i = 1; i < cpus; i++)
		if (sorted[i] == sorted[i - 1])
			return fail(r, node, at, cpu_id(r)->twice, (unsigned long long)sorted[i]);
	return TOOL_OK;
}

/* GICv2 has no names for CPUs: each finds out its bit. */
static int take_ids(struct reader *r)
{
	struct storm_spec *spec = &r->m->spec;

	if (r->machine == ON_GICV3)
		spec->mpidrs = r->ids;
	if (r->machine != ON_X86)
		return TOOL_OK;
	spec->apic_ids = arena_alloc(&r->m->arena, spec->cpus, sizeof(uint32_t));
	if (!spec->apic_ids)
		return say_no_memory(r->msg);
	for (uint32_t i = 0; i < spec->cpus; i++)
		spec->apic_ids[i] = (uint32_t)r->ids[i];
	return TOOL_OK;
}

static int read_cpu_groups(struct reader *r, const yaml_node_t *node, const struct at *at)
{
	int rc = read_list(r, node, at, "CPU groups", read_cpu_group);

	if (!rc && !r->m->spec.cpus)
		return fail(r, node, at, "an empty list; 1 to 4096 CPUs are expected");
	return rc ? rc : check_ids(r, node, at);
}

/* Without groups they are numbered through; clusters have 16, as SGIs like it. */
static int count_cpus(struct reader *r, const yaml_node_t *node, const struct at *at)
{
	uint64_t count = 0;
	int rc = read_number(r, node, at, 1, FERRY_CPUS_MAX, &count);

	for (uint64_t i = 0; i < count && !rc; i++)
		r->ids[i] = r->machine == ON_X86 ? i : i / CLUSTER << 8 | i % CLUSTER;
	r->m->spec.cpus = rc ? 0 : (uint32_t)count;
	return rc;
}

int scenario_cpus(struct reader *r, const yaml_node_t *node)
{
	struct at at = { NULL, "cpus", 0 };
	int rc;

	r->ids = arena_alloc(&r->m->arena, FERRY_CPUS_MAX, sizeof(uint64_t));
	if (!r->ids)
		return say_no_memory(r->msg);
	rc = node->type == YAML_SEQUENCE_NODE ? read_cpu_groups(r, node, &at) :
						count_cpus(r, node, &at);
	if (!rc && r->machine == ON_GICV2 && r->m->spec.cpus > 8)
		return fail(r, node, &at, "a GICv2 has at most 8 CPUs");
	return rc ? rc : take_ids(r);
}
