/* SPDX-License-Identifier: MIT */
/*
 * test_vgic_storms.c: storms of guests on Arm machines. With an even seed stores wait in
 * buffers, and physical routes take effect late.
 *
 *    test_vgic_storms                      the standard list, seeds 1 .. 2
 *    test_vgic_storms SEED EVENTS [NAME]   one seed; NAME picks one line of the list
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "sim/virt_storm.h"
#include "tests/tap.h"

#define EDGES(physical, virtual) .linked_edge = (physical), .virtual_edge = (virtual)
#define LEVELS(physical, virtual) .linked_level = (physical), .virtual_level = (virtual)

/* What a guest and its host may do, so many for 1000 events. */
#define GUEST_OPS \
	.routes = 250, .disables = 30, .pends = 20, .unpends = 20, .clears = 30, .priorities = 20, \
	.groups = 20, .switches = 3, .reads = 30, .offs = 5
/* Few interrupts, much ado about each. */
#define HOT_OPS \
	.routes = 2000, .disables = 200, .pends = 100, .unpends = 150, .clears = 150, \
	.priorities = 50, .groups = 50, .switches = 5, .reads = 200, .offs = 5, .moves = 100, \
	.leaves = 3, .falls = 60, .unbinds = 30, .resets = 5
#define HOST_OPS .moves = 40, .leaves = 3, .falls = 20
#define UNBINDS .unbinds = 10, .resets = 3
#define RESETS .resets = 3
#define SGIS .sgis = 2, .sends = 100
#define V2 .gic = 2, .guest_gic = 2, .cpus = 8, .vcpus = 8
#define V2_ON_V3 .gic = 3, .guest_gic = 2, .cpus = 4, .vcpus = 8
#define V3 .gic = 3, .guest_gic = 3, .cpus = 8, .vcpus = 16
#define EARLY(a) .strategy = FERRY_LAZY_EARLY, .ask = (a)
#define LATE(a) .strategy = FERRY_LAZY_LATE, .ask = (a)
#define MAINTAINED(a) .strategy = FERRY_MAINTENANCE, .ask = (a)
#define MIXED .eoi = VIRT_STORM_EOI_MIXED
#define SPLIT .eoi = VIRT_STORM_EOI1

static const struct virt_storm_options machines[] = {
	{ .name = "v3-early",
	  V3,
	  EARLY(false),
	  .lrs = 4,
	  EDGES(16, 16),
	  LEVELS(16, 16),
	  GUEST_OPS,
	  HOST_OPS,
	  UNBINDS },
	{ .name = "v3-early-ask",
	  V3,
	  EARLY(true),
	  .lrs = 2,
	  EDGES(16, 16),
	  LEVELS(16, 16),
	  SGIS,
	  MIXED,
	  GUEST_OPS,
	  HOST_OPS,
	  UNBINDS,
	  .busy_ns = 3000 },
	{ .name = "v3-late",
	  V3,
	  LATE(false),
	  .lrs = 1,
	  EDGES(16, 16),
	  LEVELS(16, 16),
	  GUEST_OPS,
	  HOST_OPS,
	  UNBINDS,
	  MIXED,
	  .extended = 40 },
	{ .name = "v3-late-ask",
	  V3,
	  LATE(true),
	  .lrs = 4,
	  EDGES(24, 8),
	  LEVELS(24, 8),
	  SGIS,
	  GUEST_OPS,
	  HOST_OPS,
	  UNBINDS,
	  .busy_ns = 3000,
	  .timer = VIRT_STORM_SWITCHED,
	  .timers = 200 },
	{ .name = "v3-maintenance",
	  V3,
	  MAINTAINED(false),
	  .lrs = 2,
	  EDGES(24, 8),
	  LEVELS(24, 8),
	  GUEST_OPS,
	  HOST_OPS,
	  UNBINDS,
	  .extended = 64,
	  MIXED },
	{ .name = "v3-maintenance-ask",
	  V3,
	  MAINTAINED(true),
	  .lrs = 16,
	  EDGES(16, 16),
	  LEVELS(16, 16),
	  SGIS,
	  GUEST_OPS,
	  HOST_OPS,
	  UNBINDS,
	  .busy_ns = 3000,
	  .timer = VIRT_STORM_INJECTED,
	  .timers = 200 },
	{ .name = "v3-nested",
	  V3,
	  EARLY(true),
	  .lrs = 2,
	  EDGES(16, 16),
	  LEVELS(16, 16),
	  SGIS,
	  GUEST_OPS,
	  HOST_OPS,
	  RESETS,
	  .nested = true },
	{ .name = "v3-nested-split",
	  V3,
	  MAINTAINED(true),
	  .lrs = 4,
	  EDGES(16, 16),
	  LEVELS(16, 16),
	  SGIS,
	  SPLIT,
	  GUEST_OPS,
	  HOST_OPS,
	  RESETS,
	  .nested = true,
	  .timer = VIRT_STORM_SWITCHED,
	  .timers = 200 },
	{ .name = "v3-bursts",
	  V3,
	  LATE(true),
	  .lrs = 1,
	  EDGES(32, 32),
	  LEVELS(32, 32),
	  SGIS,
	  MIXED,
	  GUEST_OPS,
	  HOST_OPS,
	  UNBINDS,
	  .burst = 8,
	  .extended = 32 },
	{ .name = "v3-timers",
	  V3,
	  EARLY(false),
	  .lrs = 4,
	  EDGES(4, 4),
	  LEVELS(4, 4),
	  SGIS,
	  .routes = 20,
	  .offs = 10,
	  HOST_OPS,
	  .resets = 5,
	  .busy_ns = 2000,
	  .timer = VIRT_STORM_SWITCHED,
	  .timers = 1500 },
	{ .name = "v3-64",
	  .gic = 3,
	  .guest_gic = 3,
	  .cpus = 8,
	  .vcpus = 64,
	  MAINTAINED(false),
	  .lrs = 4,
	  EDGES(64, 64),
	  LEVELS(64, 64),
	  SGIS,
	  MIXED,
	  GUEST_OPS,
	  HOST_OPS,
	  UNBINDS,
	  .extended = 96,
	  .slice_ns = 4000,
	  .timer = VIRT_STORM_SWITCHED,
	  .timers = 100 },
	{ .name = "v3-few",
	  V3,
	  EARLY(true),
	  .lrs = 4,
	  EDGES(2, 1),
	  LEVELS(2, 1),
	  SGIS,
	  MIXED,
	  HOT_OPS,
	  .busy_ns = 1000 },
	{ .name = "v3-few-late",
	  .gic = 3,
	  .guest_gic = 3,
	  LATE(false),
	  .lrs = 1,
	  EDGES(2, 1),
	  LEVELS(2, 1),
	  HOT_OPS,
	  .cpus = 4,
	  .vcpus = 6 },
	{ .name = "v3-few-maintenance",
	  V3,
	  MAINTAINED(true),
	  .lrs = 2,
	  EDGES(3, 0),
	  LEVELS(3, 0),
	  SGIS,
	  MIXED,
	  HOT_OPS,
	  .handler_ns = 100 },
	{ .name = "v2-few",
	  V2,
	  MAINTAINED(false),
	  .lrs = 2,
	  EDGES(2, 1),
	  LEVELS(2, 1),
	  HOT_OPS,
	  .handler_ns = 2000 },
	{ .name = "v2-early",
	  V2,
	  EARLY(false),
	  .lrs = 4,
	  EDGES(16, 16),
	  LEVELS(16, 16),
	  SGIS,
	  GUEST_OPS,
	  HOST_OPS,
	  UNBINDS,
	  .busy_ns = 3000 },
	{ .name = "v2-late",
	  V2,
	  LATE(true),
	  .lrs = 1,
	  EDGES(16, 16),
	  LEVELS(16, 16),
	  SGIS,
	  MIXED,
	  GUEST_OPS,
	  HOST_OPS,
	  UNBINDS,
	  .timer = VIRT_STORM_SWITCHED,
	  .timers = 200 },
	{ .name = "v2-maintenance",
	  V2,
	  MAINTAINED(false),
	  .lrs = 2,
	  EDGES(16, 16),
	  LEVELS(16, 16),
	  SGIS,
	  MIXED,
	  GUEST_OPS,
	  HOST_OPS,
	  UNBINDS,
	  .busy_ns = 3000,
	  .timer = VIRT_STORM_INJECTED,
	  .timers = 200 },
	{ .name = "v2-nested",
	  V2,
	  EARLY(true),
	  .lrs = 4,
	  EDGES(16, 16),
	  LEVELS(16, 16),
	  SGIS,
	  GUEST_OPS,
	  HOST_OPS,
	  RESETS,
	  .nested = true },
	{ .name = "v2-on-v3",
	  V2_ON_V3,
	  MAINTAINED(true),
	  .lrs = 2,
	  EDGES(16, 16),
	  LEVELS(16, 16),
	  SGIS,
	  MIXED,
	  GUEST_OPS,
	  HOST_OPS,
	  UNBINDS,
	  .busy_ns = 3000,
	  .timer = VIRT_STORM_SWITCHED,
	  .timers = 200 },
};

#define MACHINES (sizeof(machines) / sizeof(machines[0]))

static uint64_t starts, moved, loads;

/* A storm that did not do what it was asked for has shown nothing. */
static bool is_done(const struct virt_storm_options *o, const struct virt_storm_report *r)
{
	bool all = true;

	for (uint32_t i = 0; o->events >= 10000 && i < VIRT_OPS; i++)
		if (virt_storm_rate(o, (enum virt_storm_op)i) && !r->ops[i]) {
			diag("%s: operation %u was never done", o->name, i);
			all = false;
		}
	if (o->events >= 10000 && o->linked_edge + o->linked_level && !r->direct) {
		diag("%s: nothing came where its vCPU was loaded", o->name);
		all = false;
	}
	return all;
}

/* One line of TAP; what replays a failure is its name, seed and events. */
static void print(const struct virt_storm_options *o, const struct virt_storm_report *r)
{
	ok(virt_storm_clean(r) && is_done(o, r),
	   "%s, seed %" PRIu64 ": %" PRIu64 " starts, %" PRIu64
	   " on another vCPU than before, %" PRIu64 " late, %" PRIu64 " route writes, %" PRIu64
	   " times on another CPU, %" PRIu64 " CPUs off, %" PRIu64 " drains",
	   o->name, o->seed, r->counts.starts, r->counts.moved, r->counts.late,
	   r->ops[VIRT_OP_ROUTE], r->homes, r->ops[VIRT_OP_LEAVE], r->drains);
	starts += r->counts.starts;
	moved += r->counts.moved;
	loads += r->loads;
	for (uint32_t i = 0; i < r->base.nviolations; i++)
		diag("%s", r->base.violation[i]);
	if (!virt_storm_clean(r))
		diag("replay: test_vgic_storms %" PRIu64 " %" PRIu64 " %s", o->seed, o->events,
		     o->name);
}

static void one(const struct virt_storm_options *machine, uint64_t seed, uint64_t events)
{
	struct virt_storm_report *report = calloc(1, sizeof(*report));
	struct virt_storm_options o = *machine;
	char error[200];
	int rc;

	if (!report)
		bail("out of memory");
	o.seed = seed;
	o.events = events;
	o.weak = o.slow = !(seed & 1);
	o.direct = 50;
	if (!o.handler_ns)
		o.handler_ns = 500;
	if (!o.slice_ns)
		o.slice_ns = 20000;
	if (!o.drains)
		o.drains = (uint32_t)(events / 2000);
	/* A third of the CPUs' time. */
	if (!o.period_ns)
		o.period_ns = 6000ull *
			      (o.linked_edge + o.linked_level + o.virtual_edge + o.virtual_level) /
			      o.cpus;
	rc = virt_storm_run(&o, report, error, sizeof(error));
	if (rc) {
		ok(false, "%s: %d %s", o.name, rc, error);
	} else {
		print(&o, report);
	}
	free(report);
}

int main(int argc, char **argv)
{
	uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	uint64_t events = argc > 2 ? strtoull(argv[2], NULL, 0) : 20000;
	uint64_t last = argc > 1 ? first : 2;

	for (size_t i = 0; i < MACHINES; i++)
		for (uint64_t seed = first; seed <= last; seed++)
			if (argc < 4 || !strcmp(argv[3], machines[i].name))
				one(&machines[i], seed, events);
	diag("%" PRIu64 " starts, %" PRIu64 " on another vCPU than before, %" PRIu64
	     " times loaded",
	     starts, moved, loads);
	return tap_done();
}
