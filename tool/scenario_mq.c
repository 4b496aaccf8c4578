// SPDX-License-Identifier: MIT
/* Scenario files: devices with queues, whose interrupts are managed. */
#include <stdio.h>
#include <string.h>
#include "fields.h"

#define SETS_MAX 1024
#define QUEUES_MAX 2048
#define SERVICE_MAX 1000000

struct set {
	const yaml_node_t *name, *kind, *maskable, *pool;
	uint8_t mode;
	uint32_t count, queues, depth;
	uint64_t service_ns;

	/* from the nodes */
	char base[16];
	struct storm_mq mq;
};

/* The other kinds can't be managed (managed.h). */
static int read_kind(struct reader *r, const yaml_node_t *map, const struct at *at, struct set *s)
{
	static const char *const x86[] = { "msix", "remapped", NULL };
	static const char *const arm[] = { "lpi", "spi-edge", NULL };
	static const uint8_t kinds[2][2] = { { FERRY_X86_MSIX, FERRY_X86_REMAPPED },
					     { FERRY_GIC_LPI, FERRY_GIC_EDGE } };
	struct at here = { at, "kind", 0 };
	const struct storm_spec *spec = &r->m->spec;
	uint64_t n = 0;
	int rc;

	if (!s->kind)
		return fail_key(r, map, at, "kind", "missing");
	rc = read_word(r, s->kind, &here, spec->gic ? arm : x86, &n);
	if (rc)
		return rc;
	s->mq.kind = kinds[spec->gic != 0][n];
	if (s->mq.kind == FERRY_GIC_LPI && spec->gic == 2)
		return fail_machine(r, s->kind, &here, ON_GICV3);
	if (s->mq.kind == FERRY_GIC_LPI && !spec->its)
		return fail(r, s->kind, &here, "lpi needs gic.its: true");
	return TOOL_OK;
}

static int read_flags(struct reader *r, const yaml_node_t *map, const struct at *at, struct set *s)
{
	struct at maskable = { at, "maskable", 0 }, pool = { at, "pool", 0 };
	uint64_t on = 0;
	int rc = s->maskable ? read_bool(r, s->maskable, &maskable, &on) : TOOL_OK;

	if (rc)
		return rc;
	if (on && s->mq.kind != FERRY_X86_REMAPPED)
		return fail_key(r, map, at, "maskable", "only for kind remapped; others imply it");
	if (r->machine == ON_X86 && !r->m->spec.overtaking)
		s->mq.flags = FERRY_SOURCE_ORDERED;
	s->mq.flags |= on ? FERRY_SOURCE_MASKABLE : 0;
	on = 0;
	rc = s->pool ? read_bool(r, s->pool, &pool, &on) : TOOL_OK;
	if (!rc && on && s->mq.mode == STORM_INITIAL)
		return fail_key(r, map, at, "pool", "not with mode: initial");
	s->mq.pool = on;
	return rc;
}

static int check_set(struct reader *r, const yaml_node_t *map, const struct at *at, struct set *s)
{
	struct at name = { at, "name", 0 };
	int rc;

	if (!s->name)
		return fail_key(r, map, at, "name", "missing");
	if (!s->queues)
		return fail_key(r, map, at, "queues", "missing");
	s->mq.mode = s->mode;
	s->mq.queues = s->queues;
	s->mq.depth = s->depth;
	s->mq.service_ns = s->service_ns;
	rc = read_name(r, s->name, &name, false, sizeof(s->base), s->base);
	if (!rc)
		rc = read_kind(r, map, at, s);
	return rc ? rc : read_flags(r, map, at, s);
}

static int add_sets(struct reader *r, const yaml_node_t *map, const struct at *at,
		    const struct set *s)
{
	struct storm_spec *spec = &r->m->spec;
	uint64_t queues = spec->nirqs;

	for (uint32_t i = 0; i < spec->nmqs; i++)
		queues += spec->mqs[i].queues;
	if (queues + (uint64_t)s->count * s->queues > FERRY_IRQS_MAX)
		return fail_key(r, map, at, "count", "more than 65536 interrupts together");
	if (spec->nmqs + s->count > SETS_MAX)
		return fail_key(r, map, at, "count", "more than 1024 devices with queues");
	for (uint32_t i = 0; i < s->count; i++) {
		struct storm_mq *mq = &spec->mqs[spec->nmqs++];

		*mq = s->mq;
		if (s->count > 1)
			snprintf(mq->name, sizeof(mq->name), "%s%u", s->base, i & 1023);
		else
			snprintf(mq->name, sizeof(mq->name), "%s", s->base);
	}
	return TOOL_OK;
}

static int read_set(struct reader *r, const yaml_node_t *node, const struct at *at)
{
	static const char *const mode[] = { "managed", "read-only", "initial", NULL };
	static const struct field fields[] = {
		F_NODE(set, name),
		F_NODE(set, kind),
		F_NUMBER(set, count, 1, SETS_MAX),
		F_NUMBER(set, queues, 1, QUEUES_MAX),
		F_NUMBER(set, depth, 1, STORM_DEPTH_MAX),
		F_NUMBER(set, service_ns, 1, SERVICE_MAX),
		F_WORD(set, mode, mode),
		F_NODE(set, maskable, .only = ON_X86),
		F_NODE(set, pool, .only = ON_X86),
	};
	struct set s = { .count = 1, .depth = 32, .service_ns = 5000 };
	int rc = read_map(r, node, at, fields, N(fields), &s);

	if (!rc)
		rc = check_set(r, node, at, &s);
	return rc ? rc : add_sets(r, node, at, &s);
}

int scenario_multiqueue(struct reader *r, const yaml_node_t *node)
{
	struct storm_spec *spec = &r->m->spec;
	struct at at = { NULL, "multiqueue", 0 };

	spec->mqs = arena_alloc(&r->m->arena, SETS_MAX, sizeof(*spec->mqs));
	if (!spec->mqs)
		return say_no_memory(r->msg);
	return read_list(r, node, &at, "devices with queues", read_set);
}
