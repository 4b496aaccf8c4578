/* SPDX-License-Identifier: MIT */
/*
 * test_gic_storms.c: short storms on Arm machines; with an even seed stores wait in
 * buffers, too.
 *
 *    test_gic_storms                      the standard list, seeds 1 .. 2
 *    test_gic_storms SEED EVENTS [NAME]   one seed; NAME picks one line of the list
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "sim/storm.h"
#include "tests/tap.h"

struct variant {
	const char *name;
	uint32_t irqs, cpus;
	uint8_t kinds[3];  /* one after the other; 0: no more */
	uint8_t flags;     /* of every other one */
	uint32_t extended; /* so many of them are extended SPIs */
	uint32_t per_move; /* events for each move asked for; 0: 50 */
	struct storm_spec spec;
};

#define ALL_KINDS \
	{ \
		FERRY_GIC_EDGE, FERRY_GIC_LEVEL, FERRY_GIC_LPI \
	}
#define SPIS \
	{ \
		FERRY_GIC_EDGE, FERRY_GIC_LEVEL \
	}

static const struct variant variants[] = {
	{ "gicv2-edge", 24, 8, { FERRY_GIC_EDGE }, 0, 0, 0, { .gic = 2 } },
	{ "gicv2-level", 24, 8, { FERRY_GIC_LEVEL }, 0, 0, 0, { .gic = 2 } },
	{ "gicv2", 40, 8, SPIS, 0, 0, 0, { .gic = 2, .restore = true } },
	{ "gicv2-split", 40, 8, SPIS, 0, 0, 0, { .gic = 2, .split_eoi = true } },
	{ "gicv2-several", 40, 8, SPIS, FERRY_GIC_SEVERAL, 0, 0, { .gic = 2, .restore = true } },
	{ "gicv2-nested", 40, 8, SPIS, 0, 0, 0, { .gic = 2, .split_eoi = true, .nested = true } },
	{ "gicv2-1", 8, 1, SPIS, 0, 0, 0, { .gic = 2 } },
	{ "gicv3", 48, 8, SPIS, 0, 16, 0, { .gic = 3, .restore = true } },
	{ "gicv3-lpi", 32, 8, { FERRY_GIC_LPI }, 0, 0, 0, { .gic = 3, .its = true } },
	{ "gicv3-lpi-overtaking",
	  32,
	  8,
	  { FERRY_GIC_LPI },
	  0,
	  0,
	  0,
	  { .gic = 3, .its = true, .overtaking = true } },
	{ "gicv3-all", 72, 16, ALL_KINDS, 0, 24, 0, { .gic = 3, .its = true, .restore = true } },
	{ "gicv3-all-split",
	  72,
	  16,
	  ALL_KINDS,
	  0,
	  24,
	  0,
	  { .gic = 3, .its = true, .split_eoi = true, .nested = true } },
	{ "gicv3-64", 256, 64, ALL_KINDS, 0, 64, 0, { .gic = 3, .its = true, .restore = true } },
	{ "gicv3-64-split",
	  256,
	  64,
	  ALL_KINDS,
	  0,
	  64,
	  0,
	  { .gic = 3, .its = true, .split_eoi = true } },
	{ "gicv3-1024", 2048, 1024, ALL_KINDS, 0, 512, 0, { .gic = 3, .its = true } },
};

#define VARIANTS (sizeof(variants) / sizeof(variants[0]))

static void describe_irqs(const struct variant *v, struct storm_irq *irqs, uint32_t devices)
{
	uint32_t i, kinds = 1, extended = v->extended;

	while (kinds < 3 && v->kinds[kinds])
		kinds++;
	for (i = 0; i < v->irqs; i++) {
		irqs[i].kind = v->kinds[i % kinds];
		irqs[i].flags = i & 1 ? v->flags : 0;
		irqs[i].pattern = (uint8_t)(i % 3);
		irqs[i].burst = 8;
		/* A third of the CPUs' time, with handlers of 500 ns. */
		irqs[i].period_ns = 4000ull * v->irqs / v->cpus;
		irqs[i].device = i % devices;
		irqs[i].ext_irq = i;
		if (irqs[i].kind != FERRY_GIC_LPI && extended)
			irqs[i].intid = FERRY_ESPI_FIRST + --extended;
	}
}

static uint64_t handled, moves, offlines;

/* One line of TAP; what replays a failure is its name, seed and events. */
static void print(const char *name, uint64_t events, const struct storm_report *r)
{
	ok(storm_clean(r),
	   "%s, seed %" PRIu64 ": %" PRIu64 " events, %" PRIu64 " moves, %" PRIu64
	   " offlines, %" PRIu64 " given back, %" PRIu64 " spurious",
	   name, r->seed, r->raised, r->moves_done, r->offlines, r->replays, r->spurious);
	handled += r->handled;
	moves += r->moves_done;
	offlines += r->offlines;
	if (r->unexpected)
		diag("%" PRIu64 " unexpected", r->unexpected);
	for (uint32_t i = 0; i < r->nviolations; i++)
		diag("%s", r->violation[i]);
	if (r->nviolations)
		diag("replay: test_gic_storms %" PRIu64 " %" PRIu64 " %s", r->seed, events, name);
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
	spec.espis = (v->extended + 31) / 32 * 32;
	spec.devices = 1 + v->irqs / 4;
	spec.irqs = irqs;
	spec.nirqs = v->irqs;
	spec.events = events;
	spec.moves = events / (v->per_move ? v->per_move : 50);
	spec.cycles = v->cpus > 1 ? events / 1000 : 0;
	spec.recreations = events / 500;
	spec.masks = events / 200;
	spec.handler_ns = 500;
	spec.drain_ns = 20000;
	spec.weak = !(seed & 1);
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

int main(int argc, char **argv)
{
	uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	uint64_t events = argc > 2 ? strtoull(argv[2], NULL, 0) : 20000;
	uint64_t last = argc > 1 ? first : 2;

	for (size_t i = 0; i < VARIANTS; i++)
		for (uint64_t seed = first; seed <= last; seed++)
			if (argc < 4 || !strcmp(argv[3], variants[i].name))
				one(&variants[i], seed, events);
	diag("%" PRIu64 " handled, %" PRIu64 " moves, %" PRIu64 " times a CPU left", handled, moves,
	     offlines);
	return tap_done();
}
