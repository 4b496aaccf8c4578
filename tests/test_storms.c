/* SPDX-License-Identifier: MIT */
/*
 * test_storms.c: short storms over every kind of source and machine option.
 *
 *    test_storms                    the standard list, seeds 1 .. 3
 *    test_storms SEED EVENTS [NAME] one seed; NAME picks one line of the list
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "sim/storm.h"
#include "tests/tap.h"

struct variant {
	const char *name;
	uint32_t cpus, irqs;
	int kind; /* -1: all mixed */
	uint8_t flags;
	struct storm_spec spec;
};

static const struct variant variants[] = {
	{ "msix-8", 8, 32, FERRY_X86_MSIX, 0, { .drain_ns = 20000 } },
	{ "msix-64", 64, 256, FERRY_X86_MSIX, 0, { .drain_ns = 20000 } },
	/* Few operations: how fast interrupts are. */
	{ "msix-64-calm", 64, 256, FERRY_X86_MSIX, 0, { .drain_ns = 20000, .commit = 1 } },
	{ "msix-4096", 4096, 8192, FERRY_X86_MSIX, 0, { .drain_ns = 20000, .ext_dest = true } },
	{ "msix-1", 1, 4, FERRY_X86_MSIX, 0, { .drain_ns = 20000 } },
	{ "msix-ordered-nobound", 4, 16, FERRY_X86_MSIX, FERRY_SOURCE_ORDERED, { .drain_ns = 0 } },
	{ "msix-ordered", 8, 32, FERRY_X86_MSIX, FERRY_SOURCE_ORDERED, { .drain_ns = 20000 } },
	{ "msix-overtaking", 8, 32, FERRY_X86_MSIX, 0, { .drain_ns = 20000, .overtaking = true } },
	{ "msix-fence-irr", 8, 32, FERRY_X86_MSIX, 0, { .fence_irr = true } },
	{ "msix-nested", 8, 32, FERRY_X86_MSIX, 0, { .drain_ns = 20000, .nested = true } },
	{ "msi-maskable", 8, 32, FERRY_X86_MSI_MASKABLE, 0, { .drain_ns = 20000 } },
	{ "msi", 8, 32, FERRY_X86_MSI, 0, { .drain_ns = 20000 } },
	{ "msi-ordered", 8, 32, FERRY_X86_MSI, FERRY_SOURCE_ORDERED, { .drain_ns = 20000 } },
	{ "edge", 8, 24, FERRY_X86_IOAPIC_EDGE, 0, { .drain_ns = 20000 } },
	{ "edge-ordered",
	  8,
	  24,
	  FERRY_X86_IOAPIC_EDGE,
	  FERRY_SOURCE_ORDERED,
	  { .drain_ns = 20000 } },
	{ "level", 8, 24, FERRY_X86_IOAPIC_LEVEL, 0, { .drain_ns = 20000 } },
	{ "level-directed",
	  8,
	  24,
	  FERRY_X86_IOAPIC_LEVEL,
	  0,
	  { .drain_ns = 20000, .directed_eoi = true } },
	{ "remapped", 8, 32, FERRY_X86_REMAPPED, 0, { .drain_ns = 20000 } },
	{ "remapped-drains",
	  8,
	  32,
	  FERRY_X86_REMAPPED,
	  FERRY_SOURCE_MASKABLE,
	  { .drain_ns = 20000, .remap_drains = true } },
	{ "mixed", 16, 96, -1, 0, { .drain_ns = 20000, .restore = true } },
	{ "mixed-nested", 16, 96, -1, 0, { .drain_ns = 20000, .restore = true, .nested = true } },
	{ "mixed-tight",
	  4,
	  60,
	  -1,
	  0,
	  { .drain_ns = 20000, .restore = true, .first_vector = 0x31, .last_vector = 0x49 } },
	{ "shared", 8, 48, -1, 0, { .drain_ns = 20000, .shared = true } },
	{ "flat", 8, 48, -1, FERRY_SOURCE_SEVERAL, { .drain_ns = 20000, .logical_flat = true } },
	{ "cluster",
	  40,
	  96,
	  FERRY_X86_REMAPPED,
	  FERRY_SOURCE_SEVERAL,
	  { .drain_ns = 20000, .logical_cluster = true } },
	{ "ext-dest", 64, 96, -1, 0, { .drain_ns = 20000, .ext_dest = true } },
	{ "turns", 16, 96, -1, 0, { .drain_ns = 20000, .policy = STORM_ROUND_ROBIN } },
	{ "turns-tight",
	  4,
	  60,
	  -1,
	  0,
	  { .drain_ns = 20000, .last_vector = 0x49, .policy = STORM_ROUND_ROBIN } },
	{ "turns-ordered-nobound",
	  4,
	  16,
	  FERRY_X86_MSIX,
	  FERRY_SOURCE_ORDERED,
	  { .policy = STORM_ROUND_ROBIN } },
	{ "load", 16, 96, -1, 0, { .drain_ns = 20000, .restore = true, .policy = STORM_BY_LOAD } },
	{ "load-flat",
	  8,
	  48,
	  -1,
	  FERRY_SOURCE_SEVERAL,
	  { .drain_ns = 20000, .logical_flat = true, .policy = STORM_BY_LOAD } },
};

#define VARIANTS (sizeof(variants) / sizeof(variants[0]))

static void describe_irqs(const struct variant *v, struct storm_irq *irqs, uint32_t devices)
{
	uint32_t i;

	for (i = 0; i < v->irqs; i++) {
		irqs[i].kind = (uint8_t)(v->kind < 0 ? i % FERRY_X86_KINDS : (uint32_t)v->kind);
		irqs[i].flags = v->flags;
		irqs[i].pattern = (uint8_t)(i % 3);
		irqs[i].burst = 8;
		/* A third of the CPUs' time, with handlers of 500 ns. */
		irqs[i].period_ns = 4000ull * v->irqs / v->cpus;
		irqs[i].device = i % devices;
		irqs[i].ext_irq = i;
	}
}

/* One line of TAP; what replays a failure is its name, seed and events. */
static void print(const char *name, uint64_t events, const struct storm_report *r)
{
	ok(storm_clean(r) && !r->unexpected,
	   "%s, seed %" PRIu64 ": %" PRIu64 " events, %" PRIu64 " moves, %" PRIu64
	   " offlines, %" PRIu64 " forwarded",
	   name, r->seed, r->raised, r->moves_done, r->offlines, r->forwarded);
	for (uint32_t i = 0; i < r->nviolations; i++)
		diag("%s", r->violation[i]);
	if (r->nviolations)
		diag("replay: test_storms %" PRIu64 " %" PRIu64 " %s", r->seed, events, name);
}

static void one(const struct variant *v, uint64_t seed, uint64_t events)
{
	struct storm_irq *irqs = calloc(v->irqs, sizeof(*irqs));
	struct storm_spec spec = v->spec;
	struct storm_report report;
	char error[200];
	int rc;

	spec.name = v->name;
	spec.seed = seed;
	spec.cpus = v->cpus;
	spec.devices = 1 + v->irqs / 4;
	spec.irqs = irqs;
	spec.nirqs = v->irqs;
	spec.events = events;
	spec.moves = events / (v->spec.commit == 1 ? 2000 : 50);
	spec.cycles = v->cpus > 1 ? events / 1000 : 0;
	spec.recreations = events / 500;
	spec.masks = events / 200;
	spec.handler_ns = 500;
	describe_irqs(v, irqs, spec.devices);
	rc = storm_run(&spec, &report, NULL, NULL, error, sizeof(error));
	free(irqs);
	if (rc) {
		ok(false, "%s: %d %s", v->name, rc, error);
		return;
	}
	print(v->name, events, &report);
	storm_report_free(&report);
}

/* Nothing moves but what leaves and what is rebalanced: even after each CPU that comes.
 * GICv3: SPIs, extended ones (up to the last), LPIs. */
static void even(uint8_t gic, uint32_t cpus, uint32_t n)
{
	struct storm_irq *irqs = calloc(n, sizeof(*irqs));
	struct variant v = { "even", cpus, n, FERRY_X86_MSIX, FERRY_SOURCE_ORDERED, { 0 } };
	struct storm_spec spec = { .seed = n, .gic = gic, .cpus = cpus, .irqs = irqs };
	struct storm_report r;
	char error[200];

	spec.devices = n;
	spec.nirqs = n;
	describe_irqs(&v, irqs, n);
	for (uint32_t i = 0; gic && i < n; i++) {
		irqs[i].kind = (uint8_t)(FERRY_GIC_EDGE + i % (gic == 3 ? 3 : 2));
		irqs[i].flags = 0;
		if (gic == 3 && i % 4 == 0)
			irqs[i].kind = FERRY_GIC_EDGE;
		if (gic == 3 && i % 4 == 0)
			irqs[i].intid = FERRY_ESPI_LAST - i / 4;
	}
	spec.its = gic == 3;
	spec.espis = gic == 3 ? FERRY_ESPI_LAST - FERRY_ESPI_FIRST + 1 : 0;
	spec.events = 40000;
	spec.cycles = 2 * cpus;
	spec.handler_ns = 500;
	spec.drain_ns = 20000;
	spec.policy = STORM_ROUND_ROBIN;
	if (storm_run(&spec, &r, NULL, NULL, error, sizeof(error)))
		bail("%s", error);
	ok(storm_clean(&r) && r.passes > 4 && r.policy_moves && r.spread <= 1,
	   "even, gic %u, %u CPUs, %u interrupts: %" PRIu64 " passes, %" PRIu64
	   " moves, counts differ by %u",
	   gic, cpus, n, r.passes, r.policy_moves, r.spread);
	for (uint32_t i = 0; i < r.nviolations; i++)
		diag("%s", r.violation[i]);
	storm_report_free(&r);
	free(irqs);
}

int main(int argc, char **argv)
{
	uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	uint64_t events = argc > 2 ? strtoull(argv[2], NULL, 0) : 20000;
	uint64_t last = argc > 1 ? first : 3;

	for (size_t i = 0; i < VARIANTS; i++)
		for (uint64_t seed = first; seed <= last; seed++)
			if (argc < 4 || !strcmp(argv[3], variants[i].name))
				one(&variants[i], seed, events);
	if (argc == 1) {
		even(0, 4, 19);
		even(0, 24, 100);
		even(2, 8, 61);
		even(3, 24, 230);
		even(3, 64, 150);
	}
	return tap_done();
}
