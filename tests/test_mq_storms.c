/* SPDX-License-Identifier: MIT */
/*
 * test_mq_storms.c: storms on devices with queues, whose managed interrupts are overridden under
 * load while CPUs leave and come, besides ordinary interrupts that move.
 *
 *    test_mq_storms                        the standard list, short, seeds 1 .. 2
 *    test_mq_storms SEED REQUESTS [NAME]   one seed; NAME picks one line of the list
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "sim/storm.h"
#include "tests/tap.h"

#define SETS 6
#define IRQS 16

struct variant {
	const char *name;
	uint32_t cpus;
	bool starve; /* so few vectors that ordinary interrupts find none */
	struct storm_spec spec;
	struct storm_mq mqs[SETS];
};

#define GICV3 .gic = 3, .its = true
#define SET(n, sort, how, q) \
	{ \
		.name = n, .kind = sort, .mode = how, .queues = q, .depth = 32, .service_ns = 3000 \
	}

static const struct variant variants[] = {
	{ "gicv3",
	  8,
	  false,
	  { GICV3, .restore = true },
	  { SET("nvme", FERRY_GIC_LPI, STORM_MANAGED, 8),
	    SET("nic", FERRY_GIC_LPI, STORM_MANAGED, 4),
	    SET("old", FERRY_GIC_LPI, STORM_READ_ONLY, 4),
	    SET("usb", FERRY_GIC_LPI, STORM_INITIAL, 4),
	    SET("spi", FERRY_GIC_EDGE, STORM_MANAGED, 3) } },
	{ "gicv3-split",
	  16,
	  false,
	  { GICV3, .split_eoi = true, .nested = true },
	  { SET("nvme", FERRY_GIC_LPI, STORM_MANAGED, 16),
	    SET("nic", FERRY_GIC_LPI, STORM_MANAGED, 5),
	    SET("usb", FERRY_GIC_LPI, STORM_INITIAL, 20) } },
	{ "gicv2",
	  8,
	  false,
	  { .gic = 2, .restore = true },
	  { SET("nvme", FERRY_GIC_EDGE, STORM_MANAGED, 8),
	    SET("old", FERRY_GIC_EDGE, STORM_READ_ONLY, 3),
	    SET("usb", FERRY_GIC_EDGE, STORM_INITIAL, 4) } },
	{ "x86",
	  8,
	  false,
	  { .restore = true },
	  { SET("nvme", FERRY_X86_MSIX, STORM_MANAGED, 8),
	    SET("vf", FERRY_X86_REMAPPED, STORM_MANAGED, 4),
	    SET("old", FERRY_X86_MSIX, STORM_READ_ONLY, 4),
	    SET("usb", FERRY_X86_MSIX, STORM_INITIAL, 4),
	    SET("pool", FERRY_X86_MSIX, STORM_MANAGED, 6) } },
	{ "x86-overtaking",
	  16,
	  false,
	  { .overtaking = true, .nested = true },
	  { SET("nvme", FERRY_X86_MSIX, STORM_MANAGED, 16),
	    SET("vf", FERRY_X86_REMAPPED, STORM_MANAGED, 5),
	    SET("usb", FERRY_X86_REMAPPED, STORM_INITIAL, 20) } },
	{ "x86-starved",
	  8,
	  true,
	  { .restore = true },
	  { SET("nvme", FERRY_X86_MSIX, STORM_MANAGED, 8),
	    SET("vf", FERRY_X86_REMAPPED, STORM_MANAGED, 4),
	    SET("pool", FERRY_X86_MSIX, STORM_MANAGED, 6) } },
	{ "x86-no-bound",
	  8,
	  false,
	  { .fence_irr = true, .remap_drains = true },
	  { SET("nvme", FERRY_X86_MSIX, STORM_MANAGED, 8),
	    SET("vf", FERRY_X86_REMAPPED, STORM_MANAGED, 4),
	    SET("usb", FERRY_X86_MSIX, STORM_INITIAL, 4) } },
};

#define VARIANTS (sizeof(variants) / sizeof(variants[0]))

static void describe_irqs(const struct variant *v, struct storm_irq *irqs)
{
	uint32_t i;

	for (i = 0; i < IRQS; i++) {
		irqs[i].kind = v->spec.gic == 0 ? FERRY_X86_MSIX :
			       v->spec.gic == 2 ? FERRY_GIC_EDGE :
						  FERRY_GIC_LPI;
		irqs[i].flags = v->spec.gic ? 0 : FERRY_SOURCE_ORDERED;
		irqs[i].pattern = (uint8_t)(i % 3);
		irqs[i].burst = 8;
		irqs[i].period_ns = 30000;
		irqs[i].ext_irq = i;
	}
}

/* A storm that did not do what it was asked for has shown nothing. */
static bool is_done(const struct storm_spec *spec, const struct storm_managed *r)
{
	bool all = r->completed == spec->requests && r->requests == r->completed && !r->lost;
	uint32_t phase;

	if (spec->overrides < 1000)
		return all;
	for (phase = STORM_PHASE_PREPARE; phase < STORM_PHASE_LATE; phase++)
		/* On a GICv2 few stops take more than one step. */
		all = all && (r->canceled[phase] || (spec->gic == 2 && phase == STORM_PHASE_STOP &&
						     spec->requests < 500000));
	return all && r->done >= spec->overrides * 2 / 5 && r->vetoed && r->read_only &&
	       r->no_cpu && r->offline && r->sleeps && r->wakings && r->waits && r->ends &&
	       r->plans;
}

static uint64_t requests, overrides, done;

static void print_managed(const struct storm_managed *r)
{
	diag("overrides %" PRIu64 ": done %" PRIu64 " (%" PRIu64 " queues, %" PRIu64
	     " times one sleeps), vetoed %" PRIu64 ", canceled in prepare %" PRIu64
	     ", quiesce %" PRIu64 ", drained %" PRIu64 ", stop %" PRIu64 ", earlier %" PRIu64,
	     r->overrides, r->done, r->moved, r->offline, r->vetoed,
	     r->canceled[STORM_PHASE_PREPARE], r->canceled[STORM_PHASE_QUIESCE],
	     r->canceled[STORM_PHASE_QUIET], r->canceled[STORM_PHASE_STOP],
	     r->canceled[STORM_PHASE_NONE]);
	diag("refused: read-only %" PRIu64 ", busy %" PRIu64 ", no space %" PRIu64
	     ", no CPU %" PRIu64 ", others %" PRIu64,
	     r->read_only, r->busy, r->no_space, r->no_cpu, r->failed);
	diag("stops %" PRIu64 ", starts %" PRIu64 ", asleep %" PRIu64 "; CPUs put %" PRIu64
	     " queues to sleep and woke %" PRIu64 ", waited %" PRIu64 "; %" PRIu64
	     " restarts, %" PRIu64 " retries; %" PRIu64 " plans, %" PRIu64 " steps without room",
	     r->stops, r->starts, r->asleep, r->sleeps, r->wakings, r->waits, r->ends, r->retried,
	     r->plans, r->unplanned);
}

/* One line of TAP; what replays a failure is its name, seed and requests. */
static void print(const struct storm_spec *spec, const struct storm_report *r)
{
	bool good = storm_clean(r) && is_done(spec, &r->managed);

	ok(good,
	   "%s, seed %" PRIu64 ": %" PRIu64 " requests, %" PRIu64 " completed, %" PRIu64
	   " lost, %" PRIu64 " overrides took effect, %" PRIu64 " CPUs off, %" PRIu64 " events",
	   spec->name, r->seed, r->managed.requests, r->managed.completed, r->managed.lost,
	   r->managed.done, r->offlines, r->raised);
	print_managed(&r->managed);
	requests += r->managed.completed;
	overrides += r->managed.overrides;
	done += r->managed.done;
	for (uint32_t i = 0; i < r->nviolations; i++)
		diag("%s", r->violation[i]);
	if (!good)
		diag("replay: test_mq_storms %" PRIu64 " %" PRIu64 " %s", r->seed, spec->requests,
		     spec->name);
}

static void one(const struct variant *v, uint64_t seed, uint64_t n)
{
	struct storm_irq irqs[IRQS] = { 0 };
	struct storm_mq mqs[SETS];
	struct storm_spec spec = v->spec;
	struct storm_report report;
	char error[200];
	uint32_t i;
	int rc;

	memcpy(mqs, v->mqs, sizeof(mqs));
	for (i = 0; i < SETS; i++)
		mqs[i].pool = !strcmp(mqs[i].name, "pool");
	spec.name = v->name;
	spec.seed = seed;
	spec.cpus = v->cpus;
	spec.devices = 1;
	spec.irqs = irqs;
	spec.nirqs = IRQS;
	spec.mqs = mqs;
	while (spec.nmqs < SETS && mqs[spec.nmqs].queues)
		spec.nmqs++;
	spec.requests = n;
	spec.overrides = n / 40;
	spec.events = n / 2;
	spec.moves = n / 100;
	spec.cycles = n / 400;
	spec.recreations = n / 400;
	spec.masks = n / 400;
	spec.handler_ns = 300;
	spec.drain_ns = strstr(v->name, "no-bound") ? 0 : 20000;
	spec.first_vector = v->starve ? 0x31 : 0;
	spec.last_vector = v->starve ? 0x37 : 0;
	spec.weak = v->spec.gic && !(seed & 1);
	describe_irqs(v, irqs);
	rc = storm_run(&spec, &report, NULL, NULL, error, sizeof(error));
	if (rc) {
		ok(false, "%s: %d %s", v->name, rc, error);
		return;
	}
	print(&spec, &report);
	storm_report_free(&report);
}

int main(int argc, char **argv)
{
	uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	uint64_t n = argc > 2 ? strtoull(argv[2], NULL, 0) : 50000;
	uint64_t last = argc > 1 ? first : 2;

	for (size_t i = 0; i < VARIANTS; i++)
		for (uint64_t seed = first; seed <= last; seed++)
			if (argc < 4 || !strcmp(argv[3], variants[i].name))
				one(&variants[i], seed, n);
	diag("%" PRIu64 " requests, %" PRIu64 " overrides, %" PRIu64 " took effect", requests,
	     overrides, done);
	return tap_done();
}
