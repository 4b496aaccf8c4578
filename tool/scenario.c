// SPDX-License-Identifier: MIT
/* Scenario files. docs/scenario.md is the user's side of the tables here. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "fields.h"

#define FILE_LIMIT (4u << 20)
#define OPS_MAX 65536
#define PERIOD_MAX UINT64_C(1000000000000)
/* Longer ones are no machine's, and the storm would take them for a deadlock. */
#define DELAY_MAX 1000000
#define DRAIN_MIN 1000 /* ordered messages queue up, a nanosecond each */
#define HANDLER_MAX 100000
#define COUNT_MAX UINT64_C(1000000000000)
#define SEED_MAX UINT64_C(0x7fffffffffffffff)
#define VECTOR_MIN 0x21 /* below are exceptions, and the doorbell needs one */
#define VECTOR_MAX 0xfe

static int read_cpulist(struct reader *r, const yaml_node_t *node, const struct at *at,
			uint64_t **mask)
{
	struct storm_spec *spec = &r->m->spec;
	size_t words = (spec->cpus + 63) / 64;
	const char *text = text_of(node), *wrong;
	uint64_t all[MASK_WORDS];
	uint32_t cpu = 0;

	wrong = text ? cpulist_parse(text, all) : "the list is empty";
	if (wrong)
		return fail(r, node, at, "%s: %s; a CPU list like 0-3,8 is expected",
			    show(node).text, wrong);
	while (cpu < spec->cpus && !mask_test(all, cpu))
		cpu++;
	if (cpu == spec->cpus)
		return fail(r, node, at, "%s: none of these CPUs exists; there are 0 to %u",
			    show(node).text, spec->cpus - 1);
	*mask = arena_alloc(&r->m->arena, words, sizeof(uint64_t));
	if (!*mask)
		return say_no_memory(r->msg);
	memcpy(*mask, all, words * sizeof(uint64_t));
	if (spec->cpus % 64)
		(*mask)[words - 1] &= (UINT64_C(1) << (spec->cpus % 64)) - 1;
	return TOOL_OK;
}

/* ---- vectors, options, load ----------------------------------------------- */

struct vectors {
	uint8_t first, last;
	const yaml_node_t *reserved;
};

static int read_reserved(struct reader *r, const yaml_node_t *node, const struct at *at)
{
	uint64_t vector;
	int rc = read_number(r, node, at, 0, 255, &vector);

	if (!rc)
		r->m->spec.reserved_vectors[vector / 32] |= 1u << (vector % 32);
	return rc;
}

static int read_vectors(struct reader *r, const yaml_node_t *node)
{
	static const struct field fields[] = {
		F_NUMBER(vectors, first, VECTOR_MIN, VECTOR_MAX),
		F_NUMBER(vectors, last, VECTOR_MIN, VECTOR_MAX),
		F_NODE(vectors, reserved),
	};
	struct at at = { NULL, "vectors", 0 }, list = { &at, "reserved", 0 };
	struct vectors v = { 0x31, 0xec, NULL };
	int rc = read_map(r, node, &at, fields, N(fields), &v);

	if (rc)
		return rc;
	if (v.last < v.first)
		return fail_key(r, node, &at, "last", "below vectors.first");
	r->m->spec.first_vector = v.first;
	r->m->spec.last_vector = v.last;
	return v.reserved ? read_list(r, v.reserved, &list, "vectors", read_reserved) : TOOL_OK;
}

struct options {
	bool overtaking, nested, restore, weak, shared, ext_dest, directed_eoi, remap_drains;
	uint8_t fence, commit, logical, policy;
	uint64_t drain_ns, flight_ns, ipi_ns, eoi_ns;
	uint32_t handler_ns;
};

enum { LOGICAL_NONE, LOGICAL_FLAT, LOGICAL_CLUSTER };

static void take_options(struct storm_spec *spec, const struct options *o)
{
	spec->overtaking = o->overtaking;
	spec->nested = o->nested;
	spec->restore = o->restore;
	spec->weak = o->weak;
	spec->shared = o->shared;
	spec->ext_dest = o->ext_dest;
	spec->directed_eoi = o->directed_eoi;
	spec->remap_drains = o->remap_drains;
	spec->fence_irr = o->fence;
	spec->commit = o->commit;
	spec->policy = o->policy;
	spec->logical_flat = o->logical == LOGICAL_FLAT;
	spec->logical_cluster = o->logical == LOGICAL_CLUSTER;
	spec->drain_ns = o->drain_ns;
	spec->flight_ns = o->flight_ns ? o->flight_ns : o->drain_ns - o->drain_ns / 4;
	spec->ipi_ns = o->ipi_ns;
	spec->eoi_ns = o->eoi_ns;
	spec->handler_ns = o->handler_ns;
}

/* Messages don't wait for handlers; an Arm CPU that is offered an interrupt does. */
static uint64_t usual_drain(const struct reader *r, const struct options *o)
{
	uint64_t handlers = 4 * (uint64_t)o->handler_ns;

	return r->machine == ON_X86 || handlers < 20000 ? 20000 : handlers;
}

static int read_options(struct reader *r, const yaml_node_t *node)
{
	static const char *const fence[] = { "root", "irr", NULL };
	static const char *const commit[] = { "random", "on", "off", NULL };
	static const char *const logical[] = { "none", "flat", "cluster", NULL };
	static const char *const policy[] = { "none", "round-robin", "by-load", NULL };
	static const struct field fields[] = {
		F_BOOL(options, overtaking),
		F_WORD(options, fence, fence, .only = ON_X86),
		F_NUMBER(options, drain_ns, 0, DELAY_MAX),
		F_NUMBER(options, flight_ns, 1, DELAY_MAX),
		F_NUMBER(options, ipi_ns, 1, DELAY_MAX, .only = ON_X86),
		F_NUMBER(options, eoi_ns, 1, DELAY_MAX, .only = ON_X86),
		F_NUMBER(options, handler_ns, 1, HANDLER_MAX),
		F_BOOL(options, nested),
		F_WORD(options, commit, commit),
		F_BOOL(options, restore),
		F_WORD(options, policy, policy),
		F_BOOL(options, weak, .only = ON_GIC),
		F_BOOL(options, shared, .only = ON_X86),
		F_WORD(options, logical, logical, .only = ON_X86),
		F_BOOL(options, ext_dest, .only = ON_X86),
		F_BOOL(options, directed_eoi, .only = ON_X86),
		F_BOOL(options, remap_drains, .only = ON_X86),
	};
	struct at at = { NULL, "options", 0 };
	struct options o = { .restore = true,
			     .drain_ns = UINT64_MAX, /* not said */
			     .ipi_ns = 2000,
			     .eoi_ns = 2000,
			     .handler_ns = 500 };
	int rc = node ? read_map(r, node, &at, fields, N(fields), &o) : TOOL_OK;

	if (rc)
		return rc;
	if (o.drain_ns == UINT64_MAX)
		o.drain_ns = usual_drain(r, &o);
	if (o.drain_ns && o.drain_ns < DRAIN_MIN)
		return fail_key(r, node, &at, "drain_ns",
				"0 (no bound) or 1000 to 1000000 is expected");
	if (o.drain_ns && o.flight_ns > o.drain_ns)
		return fail_key(r, node, &at, "flight_ns",
				"longer than options.drain_ns, which says how long it can be");
	if (!o.drain_ns && !o.flight_ns)
		o.flight_ns = 15000;
	if (o.logical == LOGICAL_FLAT && r->m->spec.cpus > 8)
		return fail_key(r, node, &at, "logical", "flat mode names at most 8 CPUs");
	r->logical = o.logical != LOGICAL_NONE;
	take_options(&r->m->spec, &o);
	return TOOL_OK;
}

static int read_load(struct reader *r, const yaml_node_t *node)
{
	static const struct field fields[] = {
		F_NUMBER(storm_spec, events, 1, COUNT_MAX),
		F_NUMBER(storm_spec, moves, 0, COUNT_MAX),
		F_NUMBER(storm_spec, cycles, 0, COUNT_MAX),
		F_NUMBER(storm_spec, recreations, 0, COUNT_MAX),
		F_NUMBER(storm_spec, masks, 0, COUNT_MAX),
		F_NUMBER(storm_spec, requests, 0, COUNT_MAX),
		F_NUMBER(storm_spec, overrides, 0, COUNT_MAX),
	};
	struct at at = { NULL, "load", 0 };

	r->m->spec.events = 100000;
	r->m->spec.moves = 5000;
	return node ? read_map(r, node, &at, fields, N(fields), &r->m->spec) : TOOL_OK;
}

/* ---- devices --------------------------------------------------------------- */

struct device {
	const yaml_node_t *name, *kind_word, *queues, *affinity;
	const yaml_node_t *ordered, *active_low, *maskable, *several;
	uint8_t pattern;
	uint32_t count, burst, irq, intid;
	uint64_t period_ns;

	/* from the nodes */
	char base[32];
	uint8_t kind, flags;
	uint32_t nqueues;
	bool spread, named, extended;
	uint64_t *mask;
};

static int read_flag(struct reader *r, const yaml_node_t *node, const struct at *at,
		     const char *key, uint8_t bit, struct device *d)
{
	struct at here = { at, key, 0 };
	uint64_t on = 0;
	int rc = node ? read_bool(r, node, &here, &on) : TOOL_OK;

	if (on)
		d->flags |= bit;
	else if (node)
		d->flags &= (uint8_t)~bit;
	return rc;
}

static int read_x86_flags(struct reader *r, const yaml_node_t *map, const struct at *at,
			  struct device *d)
{
	struct storm_spec *spec = &r->m->spec;
	bool pin = d->kind == FERRY_X86_IOAPIC_EDGE || d->kind == FERRY_X86_IOAPIC_LEVEL;
	int rc;

	d->flags = spec->overtaking ? 0 : FERRY_SOURCE_ORDERED;
	rc = read_flag(r, d->ordered, at, "ordered", FERRY_SOURCE_ORDERED, d);
	if (!rc)
		rc = read_flag(r, d->active_low, at, "active_low", FERRY_SOURCE_LOW, d);
	if (!rc)
		rc = read_flag(r, d->maskable, at, "maskable", FERRY_SOURCE_MASKABLE, d);
	if (!rc)
		rc = read_flag(r, d->several, at, "several", FERRY_SOURCE_SEVERAL, d);
	if (rc)
		return rc;
	if (spec->overtaking && d->flags & FERRY_SOURCE_ORDERED)
		return fail_key(r, map, at, "ordered",
				"can't be true with options.overtaking: true");
	if (d->flags & FERRY_SOURCE_LOW && !pin)
		return fail_key(r, map, at, "active_low", "only for kinds ioapic-edge and -level");
	if (d->flags & FERRY_SOURCE_MASKABLE && d->kind != FERRY_X86_REMAPPED)
		return fail_key(r, map, at, "maskable", "only for kind remapped; others imply it");
	if (d->flags & FERRY_SOURCE_SEVERAL && !r->logical)
		return fail_key(r, map, at, "several", "needs options.logical: flat or cluster");
	if (d->flags & FERRY_SOURCE_SEVERAL && spec->logical_cluster &&
	    d->kind != FERRY_X86_REMAPPED)
		return fail_key(r, map, at, "several", "in cluster mode only for kind remapped");
	return TOOL_OK;
}

static int read_flags(struct reader *r, const yaml_node_t *map, const struct at *at,
		      struct device *d)
{
	if (r->m->spec.gic)
		return read_flag(r, d->several, at, "several", FERRY_GIC_SEVERAL, d);
	return read_x86_flags(r, map, at, d);
}

static int read_queues(struct reader *r, const yaml_node_t *map, const struct at *at,
		       struct device *d)
{
	struct at here = { at, "queues", 0 };
	uint64_t n = 1;
	int rc = TOOL_OK;

	d->named = d->queues && d->queues->type == YAML_SEQUENCE_NODE;
	if (d->named)
		n = (uint64_t)(d->queues->data.sequence.items.top -
			       d->queues->data.sequence.items.start);
	else if (d->queues)
		rc = read_number(r, d->queues, &here, 1, 2048, &n);
	if (rc)
		return rc;
	if (!n || n > 2048)
		return fail(r, d->queues, &here, "1 to 2048 queues are expected");
	d->nqueues = (uint32_t)n;
	if (n > 1 && (d->kind == FERRY_X86_MSI || d->kind == FERRY_X86_MSI_MASKABLE))
		return fail_key(r, map, at, "queues",
				"an MSI device has one message: use count, or kind msix");
	if (r->m->spec.nirqs + n * d->count > FERRY_IRQS_MAX)
		return fail_key(r, map, at, "count", "more than 65536 interrupts together");
	return TOOL_OK;
}

static int read_affinity(struct reader *r, const struct at *at, struct device *d)
{
	struct at here = { at, "affinity", 0 };
	const char *text = d->affinity ? text_of(d->affinity) : "all";

	d->spread = text && !strcmp(text, "spread");
	if (d->spread || (text && !strcmp(text, "all")))
		return TOOL_OK;
	return read_cpulist(r, d->affinity, &here, &d->mask);
}

static const char *const gic_words[] = { "spi-edge",   "spi-level", "espi-edge",
					 "espi-level", "lpi",       NULL };

static const struct gic_kind {
	uint8_t kind;
	uint32_t intid; /* unless one is said */
} gic_kinds[] = {
	{ FERRY_GIC_EDGE, INTID_NEXT_SPI },
	{ FERRY_GIC_LEVEL, INTID_NEXT_SPI },
	{ FERRY_GIC_EDGE, INTID_NEXT_ESPI },
	{ FERRY_GIC_LEVEL, INTID_NEXT_ESPI },
	{ FERRY_GIC_LPI, 0 },
};

static bool has_word(const char *const *words, const char *text)
{
	while (text && *words && strcmp(*words, text))
		words++;
	return text && *words;
}

/* Which a machine of this sort can't have, though they are spelt right. */
static int check_kind(struct reader *r, const yaml_node_t *node, const struct at *at)
{
	const struct storm_spec *spec = &r->m->spec;
	const char *text = text_of(node);
	bool lpi = text && !strcmp(text, "lpi");

	if (!spec->gic)
		return has_word(gic_words, text) ? fail_machine(r, node, at, ON_GIC) : TOOL_OK;
	if (has_word(kind_names, text))
		return fail_machine(r, node, at, ON_X86);
	if (!lpi && (!text || strncmp(text, "espi-", 5)))
		return TOOL_OK;
	if (spec->gic == 2)
		return fail_machine(r, node, at, ON_GICV3);
	if (lpi)
		return spec->its ? TOOL_OK : fail(r, node, at, "lpi needs gic.its: true");
	return spec->espis ? TOOL_OK : fail(r, node, at, "%s needs gic.espis", text);
}

static int read_kind(struct reader *r, const struct at *at, struct device *d)
{
	struct at here = { at, "kind", 0 };
	bool gic = r->m->spec.gic;
	uint64_t n = 0;
	int rc = check_kind(r, d->kind_word, &here);

	if (!rc)
		rc = read_word(r, d->kind_word, &here, gic ? gic_words : kind_names, &n);
	if (rc)
		return rc;
	d->kind = gic ? gic_kinds[n].kind : (uint8_t)n;
	d->extended = gic && gic_kinds[n].intid == INTID_NEXT_ESPI;
	if (!d->intid && gic)
		d->intid = gic_kinds[n].intid;
	return TOOL_OK;
}

/* All INTIDs of the device, from the one that was said on. */
static int check_intid(struct reader *r, const yaml_node_t *map, const struct at *at,
		       const struct device *d)
{
	uint32_t first = d->extended ? FERRY_ESPI_FIRST : FERRY_SPI_FIRST;
	uint32_t end = d->extended ? FERRY_ESPI_FIRST + r->m->spec.espis : FERRY_SPI_LAST + 1;
	char what[80];

	if (d->kind == FERRY_GIC_LPI)
		return fail_key(r, map, at, "intid", "not for kind lpi: LPIs are numbered as made");
	if (d->intid >= first && d->intid + (uint64_t)d->count * d->nqueues <= end)
		return TOOL_OK;
	snprintf(what, sizeof(what), "INTIDs of this kind are %u to %u, for all its interrupts",
		 first, end - 1);
	return fail_key(r, map, at, "intid", what);
}

static int check_device(struct reader *r, const yaml_node_t *map, const struct at *at,
			struct device *d)
{
	struct at name = { at, "name", 0 };
	int rc;

	if (!d->name)
		return fail_key(r, map, at, "name", "missing");
	if (!d->kind_word)
		return fail_key(r, map, at, "kind", "missing");
	if (d->burst && d->pattern != STORM_BURST)
		return fail_key(r, map, at, "burst", "only with pattern: burst");
	if (!d->burst)
		d->burst = d->pattern == STORM_BURST ? 8 : 1;
	rc = read_name(r, d->name, &name, false, sizeof(d->base), d->base);
	if (!rc)
		rc = read_kind(r, at, d);
	if (!rc)
		rc = read_flags(r, map, at, d);
	if (!rc)
		rc = read_queues(r, map, at, d);
	if (!rc && d->intid >= FERRY_SPI_FIRST)
		rc = check_intid(r, map, at, d);
	return rc ? rc : read_affinity(r, at, d);
}

/* nvme, nvme3, nvme-17, nvme3-17, nvme3-admin */
static int name_irq(struct reader *r, const struct at *at, const struct device *d, uint32_t unit,
		    uint32_t queue, char name[32])
{
	struct at here = { at, "queues", 0 }, item = { &here, NULL, (int)queue };
	const yaml_node_t *node;
	char number[16] = "", inner[32] = "";
	int rc;

	if (d->count > 1)
		snprintf(number, sizeof(number), "%u", unit);
	if (d->named) {
		node = node_of(r, d->queues->data.sequence.items.start[queue]);
		rc = read_name(r, node, &item, true, sizeof(inner), inner);
		if (rc)
			return rc;
	} else if (d->nqueues > 1) {
		snprintf(inner, sizeof(inner), "%u", queue);
	}
	if (snprintf(name, 32, "%s%s%s%s", d->base, number, *inner ? "-" : "", inner) >= 32)
		return fail(r, d->name, at, "name '%s%s%s%s' is longer than 31 characters", d->base,
			    number, *inner ? "-" : "", inner);
	return TOOL_OK;
}

static int spread_mask(struct reader *r, uint32_t cpu, uint64_t **mask)
{
	*mask = arena_alloc(&r->m->arena, (r->m->spec.cpus + 63) / 64, sizeof(uint64_t));
	if (!*mask)
		return say_no_memory(r->msg);
	mask_set(*mask, cpu);
	return TOOL_OK;
}

static int add_irq(struct reader *r, const struct at *at, const struct device *d, uint32_t unit,
		   uint32_t queue)
{
	struct storm_spec *spec = &r->m->spec;
	struct storm_irq *irq = &spec->irqs[spec->nirqs];
	int rc = name_irq(r, at, d, unit, queue, irq->name);

	irq->kind = d->kind;
	irq->flags = d->flags;
	irq->pattern = d->pattern;
	irq->burst = d->burst;
	irq->period_ns = d->period_ns;
	irq->device = spec->devices;
	irq->mask = d->mask;
	irq->intid = d->intid < FERRY_SPI_FIRST ? d->intid : d->intid + unit * d->nqueues + queue;
	irq->ext_irq = d->irq == FERRY_NONE ? spec->nirqs : d->irq + unit * d->nqueues + queue;
	if (!rc && d->spread)
		rc = spread_mask(r, spec->nirqs % spec->cpus, &irq->mask);
	spec->nirqs++;
	return rc;
}

static int read_device(struct reader *r, const yaml_node_t *node, const struct at *at)
{
	static const char *const pattern[] = { "fixed", "poisson", "burst", NULL };
	static const struct field fields[] = {
		F_NODE(device, name),
		FIELD("kind", device, kind_word, NODE, .only = 0),
		F_NUMBER(device, count, 1, FERRY_IRQS_MAX),
		F_NODE(device, queues),
		F_NODE(device, ordered, .only = ON_X86),
		F_NODE(device, maskable, .only = ON_X86),
		F_NODE(device, several, .only = ON_X86 | ON_GICV2),
		F_NODE(device, active_low, .only = ON_X86),
		F_WORD(device, pattern, pattern),
		F_NUMBER(device, period_ns, 100, PERIOD_MAX),
		F_NUMBER(device, burst, 1, 65536),
		F_NODE(device, affinity),
		F_NUMBER(device, irq, 0, 0x7fffffff),
		F_NUMBER(device, intid, FERRY_SPI_FIRST, FERRY_ESPI_LAST, .only = ON_GIC),
	};
	struct device d = {
		.pattern = STORM_POISSON, .count = 1, .irq = FERRY_NONE, .period_ns = 50000
	};
	int rc = read_map(r, node, at, fields, N(fields), &d);

	if (!rc)
		rc = check_device(r, node, at, &d);
	for (uint32_t unit = 0; !rc && unit < d.count; unit++) {
		for (uint32_t queue = 0; !rc && queue < d.nqueues; queue++)
			rc = add_irq(r, at, &d, unit, queue);
		r->m->spec.devices++;
	}
	return rc;
}

static int read_devices(struct reader *r, const yaml_node_t *node)
{
	struct storm_spec *spec = &r->m->spec;
	struct at at = { NULL, "devices", 0 };
	struct message why;
	int rc;

	spec->irqs = arena_alloc(&r->m->arena, FERRY_IRQS_MAX, sizeof(*spec->irqs));
	if (!spec->irqs)
		return say_no_memory(r->msg);
	rc = read_list(r, node, &at, "devices", read_device);
	if (!rc && !spec->nirqs)
		return fail(r, node, &at, "an empty list; 1 to 65536 interrupts are expected");
	if (!rc && spec->gic && intids_assign(spec, &why))
		return fail(r, node, &at, "%s", why.text);
	return rc;
}

/* ---- interrupts by name or number -------------------------------------------- */

struct names {
	struct storm_irq **by_name, **by_number;
	uint32_t n;
};

static int compare_names(const void *a, const void *b)
{
	return strcmp((*(struct storm_irq *const *)a)->name, (*(struct storm_irq *const *)b)->name);
}

static int compare_numbers(const void *a, const void *b)
{
	uint32_t x = (*(struct storm_irq *const *)a)->ext_irq;
	uint32_t y = (*(struct storm_irq *const *)b)->ext_irq;

	return (x > y) - (x < y);
}

static int sort_irqs(struct reader *r, const yaml_node_t *devices)
{
	struct storm_spec *spec = &r->m->spec;
	struct names *names = arena_alloc(&r->m->arena, 1, sizeof(*names));
	struct at at = { NULL, "devices", 0 };

	if (!names)
		return say_no_memory(r->msg);
	names->n = spec->nirqs;
	names->by_name = arena_alloc(&r->m->arena, names->n, sizeof(*names->by_name));
	names->by_number = arena_alloc(&r->m->arena, names->n, sizeof(*names->by_number));
	if (!names->by_name || !names->by_number)
		return say_no_memory(r->msg);
	for (uint32_t i = 0; i < names->n; i++)
		names->by_name[i] = names->by_number[i] = &spec->irqs[i];
	qsort(names->by_name, names->n, sizeof(*names->by_name), compare_names);
	qsort(names->by_number, names->n, sizeof(*names->by_number), compare_numbers);
	for (uint32_t i = 1; i < names->n; i++) {
		if (!compare_names(&names->by_name[i - 1], &names->by_name[i]))
			return fail(r, devices, &at, "two interrupts are named '%s'",
				    names->by_name[i]->name);
		if (!compare_numbers(&names->by_number[i - 1], &names->by_number[i]))
			return fail(r, devices, &at, "two interrupts have the number %u",
				    names->by_number[i]->ext_irq);
	}
	r->names = names;
	return TOOL_OK;
}

static int read_irq(struct reader *r, const yaml_node_t *node, const struct at *at,
		    uint32_t *target)
{
	const char *text = text_of(node);
	struct storm_irq wanted = { 0 }, *key = &wanted, **found = NULL;
	uint64_t number;

	if (text && number_of(text, &number) && number <= UINT32_MAX) {
		wanted.ext_irq = (uint32_t)number;
		found = bsearch(&key, r->names->by_number, r->names->n, sizeof(key),
				compare_numbers);
	} else if (text && strlen(text) < sizeof(wanted.name)) {
		strcpy(wanted.name, text);
		found = bsearch(&key, r->names->by_name, r->names->n, sizeof(key), compare_names);
	}
	if (!found)
		return fail(r, node, at, "%s: no such interrupt; its name or number is expected",
			    show(node).text);
	*target = (uint32_t)(*found - r->m->spec.irqs);
	return TOOL_OK;
}

/* ---- operations ---------------------------------------------------------------- */

struct operation {
	const yaml_node_t *node[STORM_OP_CREATE + 1]; /* of each kind; one is set */
};

struct affinity {
	const yaml_node_t *irq, *cpus;
};

static int read_op_affinity(struct reader *r, const yaml_node_t *node, const struct at *at,
			    struct storm_op *op)
{
	static const struct field fields[] = { F_NODE(affinity, irq), F_NODE(affinity, cpus) };
	struct at irq = { at, "irq", 0 }, cpus = { at, "cpus", 0 };
	struct affinity a = { NULL, NULL };
	int rc = read_map(r, node, at, fields, N(fields), &a);

	if (rc)
		return rc;
	if (!a.irq || !a.cpus)
		return fail_key(r, node, at, a.irq ? "cpus" : "irq", "missing");
	rc = read_irq(r, a.irq, &irq, &op->target);
	return rc ? rc : read_cpulist(r, a.cpus, &cpus, &op->mask);
}

static int read_op(struct reader *r, const yaml_node_t *node, const struct at *at,
		   struct storm_op *op)
{
	uint64_t cpu;
	int rc;

	switch (op->kind) {
	case STORM_OP_AFFINITY:
		return read_op_affinity(r, node, at, op);
	case STORM_OP_OFFLINE:
	case STORM_OP_ONLINE:
		rc = read_number(r, node, at, 0, r->m->spec.cpus - 1, &cpu);
		op->target = rc ? 0 : (uint32_t)cpu;
		return rc;
	default:
		return read_irq(r, node, at, &op->target);
	}
}

static int read_operation(struct reader *r, const yaml_node_t *node, const struct at *at)
{
#define F_OP(name, kind) FIELD(name, operation, node[kind], NODE, .only = 0)
	static const struct field fields[] = {
		F_OP("affinity", STORM_OP_AFFINITY), F_OP("offline", STORM_OP_OFFLINE),
		F_OP("online", STORM_OP_ONLINE),     F_OP("free", STORM_OP_FREE),
		F_OP("create", STORM_OP_CREATE),
	};
	struct storm_spec *spec = &r->m->spec;
	struct operation found = { { NULL } };
	struct storm_op *op = &spec->ops[spec->nops];
	struct at here = { at, NULL, 0 };
	int kind = -1, given = 0, rc;

	rc = read_map(r, node, at, fields, N(fields), &found);
	if (rc)
		return rc;
	for (int i = 0; i <= STORM_OP_CREATE; i++) {
		if (!found.node[i])
			continue;
		kind = i;
		given++;
	}
	if (given != 1)
		return fail(r, node, at,
			    "one operation per list item is expected: affinity, "
			    "offline, online, free or create");
	if (spec->nops == OPS_MAX)
		return fail(r, node, at, "more than %d operations", OPS_MAX);
	op->kind = (uint8_t)kind;
	here.key = fields[kind].key;
	rc = read_op(r, found.node[kind], &here, op);
	spec->nops++;
	return rc;
}

static int read_operations(struct reader *r, const yaml_node_t *node)
{
	struct storm_spec *spec = &r->m->spec;
	struct at at = { NULL, "operations", 0 };

	spec->ops = arena_alloc(&r->m->arena, OPS_MAX + 1, sizeof(*spec->ops));
	if (!spec->ops)
		return say_no_memory(r->msg);
	return read_list(r, node, &at, "operations", read_operation);
}

/* ---- the file -------------------------------------------------------------------- */

struct top {
	const yaml_node_t *name, *gic, *cpus, *vectors, *options, *load, *devices, *operations;
	const yaml_node_t *multiqueue;
	uint64_t seed;
};

static int read_title(struct reader *r, const yaml_node_t *node)
{
	struct at at = { NULL, "name", 0 };

	if (node)
		return read_name(r, node, &at, true, sizeof(r->m->name), r->m->name);
	snprintf(r->m->name, sizeof(r->m->name), "scenario");
	return TOOL_OK;
}

static int read_sets(struct reader *r, const struct top *top)
{
	const struct storm_spec *spec = &r->m->spec;
	struct at at = { NULL, "load", 0 };

	if (top->multiqueue)
		return scenario_multiqueue(r, top->multiqueue);
	if (spec->requests || spec->overrides)
		return fail_key(r, top->load, &at, spec->requests ? "requests" : "overrides",
				"only with multiqueue");
	return TOOL_OK;
}

/* In the order in which one depends on the other, not that of the file. */
static int read_top(struct reader *r, const yaml_node_t *root)
{
	static const struct field fields[] = {
		F_NODE(top, name),       F_NUMBER(top, seed, 0, SEED_MAX),
		F_NODE(top, gic),        F_NODE(top, cpus),
		F_NODE(top, vectors),    F_NODE(top, options),
		F_NODE(top, load),       F_NODE(top, devices),
		F_NODE(top, operations), F_NODE(top, multiqueue),
	};
	struct at vectors = { NULL, "vectors", 0 };
	struct top top = { .seed = 1 };
	int rc = read_map(r, root, NULL, fields, N(fields), &top);

	if (rc)
		return rc;
	if (!top.cpus || !top.devices)
		return fail_key(r, root, NULL, top.cpus ? "devices" : "cpus", "missing");
	r->m->spec.seed = top.seed;
	rc = read_title(r, top.name);
	if (!rc && top.gic)
		rc = scenario_gic(r, top.gic);
	if (!rc && top.gic && top.vectors)
		rc = fail_machine(r, top.vectors, &vectors, ON_X86);
	if (!rc)
		rc = scenario_cpus(r, top.cpus);
	if (!rc && top.vectors)
		rc = read_vectors(r, top.vectors);
	if (!rc)
		rc = read_options(r, top.options);
	if (!rc)
		rc = read_load(r, top.load);
	if (!rc)
		rc = read_devices(r, top.devices);
	if (!rc)
		rc = sort_irqs(r, top.devices);
	if (!rc)
		rc = read_sets(r, &top);
	return rc || !top.operations ? rc : read_operations(r, top.operations);
}

static int yaml_wrong(struct reader *r, const yaml_parser_t *parser)
{
	size_t line = parser->problem_mark.line + 1;

	if (parser->error == YAML_MEMORY_ERROR)
		return say_no_memory(r->msg);
	if (parser->error == YAML_READER_ERROR)
		return say(r->msg, TOOL_INPUT, "%s: YAML: at byte %zu: %s", r->file,
			   parser->problem_offset, parser->problem);
	return say(r->msg, TOOL_INPUT, "%s:%zu: YAML: %s%s%s", r->file, line, parser->problem,
		   parser->context ? ", " : "", parser->context ? parser->context : "");
}

/* One document: a second would silently not be read. */
static int check_end(struct reader *r, yaml_parser_t *parser)
{
	const yaml_node_t *root;
	yaml_document_t doc;
	int rc = TOOL_OK;

	if (!yaml_parser_load(parser, &doc))
		return yaml_wrong(r, parser);
	root = yaml_document_get_root_node(&doc);
	if (root)
		rc = fail(r, root, NULL, "a second document; one per file is expected");
	yaml_document_delete(&doc);
	return rc;
}

static int read_document(struct reader *r, yaml_parser_t *parser)
{
	const yaml_node_t *root;
	int rc;

	if (!yaml_parser_load(parser, &r->doc))
		return yaml_wrong(r, parser);
	root = yaml_document_get_root_node(&r->doc);
	if (root)
		rc = read_top(r, root);
	else
		rc = say(r->msg, TOOL_INPUT, "%s:1: scenario: the file is empty", r->file);
	if (!rc)
		rc = check_end(r, parser);
	yaml_document_delete(&r->doc);
	return rc;
}

int scenario_load(const char *path, struct machine *m, struct message *msg)
{
	struct reader r = { .file = path, .m = m, .msg = msg, .machine = ON_X86 };
	yaml_parser_t parser;
	size_t size;
	char *text;
	int rc = file_read(path, FILE_LIMIT, &m->arena, &text, &size, msg);

	if (rc)
		return rc;
	if (!yaml_parser_initialize(&parser))
		return say_no_memory(msg);
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, size);
	m->spec.name = m->name;
	rc = read_document(&r, &parser);
	yaml_parser_delete(&parser);
	return rc;
}
