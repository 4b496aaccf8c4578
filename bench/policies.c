// SPDX-License-Identifier: MIT
/*
 * The two policies on three machines: how even they make things when a CPU has come,
 * how many moves that costs, what it does to the latency of device events. And the
 * same machines without a policy, where nothing is rebalanced. A storm each; the same
 * numbers on any computer.
 *
 *     policies [EVENTS]
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "storm.h"

#define CYCLES 32 /* so few that as a rule one CPU is away */
#define WORDS (FERRY_CPUS_MAX / 64)

/* A share of the interrupts makes most of the work. */
static uint64_t period_of(uint32_t i, uint32_t skew, uint64_t period)
{
	if (!skew)
		return period;
	return i * 0x9e3779b1u >> 28 ? period * 2 : period / skew;
}

/* The CPUs of one node, and of every other interrupt one CPU less. */
static uint64_t *part_of(const struct storm_spec *s, uint32_t i, uint32_t nodes)
{
	uint64_t *mask = calloc(WORDS, sizeof(*mask));
	uint32_t size = s->cpus / nodes, first = i / 2 % nodes * size, c;

	if (!mask)
		exit(1);
	for (c = first + (i & 1); c < first + size; c++)
		mask[c / 64] |= 1ull << (c % 64);
	return mask;
}

struct shape {
	const char *name;
	uint32_t cpus, irqs;
	uint64_t period; /* ns, mean of an interrupt */
	uint32_t skew;   /* how much more often the busy sixteenth fires */
	uint32_t nodes;  /* 0: masks are full */
	uint8_t gic, kind, flags;
};

static const struct shape shapes[] = {
	{ "GICv2, 8 CPUs, 64 SPIs alike, full masks", 8, 64, 60000, 0, 0, 2, FERRY_GIC_EDGE, 0 },
	{ "GICv3, 64 CPUs, 960 SPIs, a sixteenth makes half of the work", 64, 960, 800000, 16, 0, 3,
	  FERRY_GIC_EDGE, 0 },
	{ "x86, 128 CPUs, 2048 remapped MSIs, the same, masks of one node of 8", 128, 2048, 800000,
	  16, 8, 0, FERRY_X86_REMAPPED, FERRY_SOURCE_ORDERED | FERRY_SOURCE_MASKABLE },
};

static void build(const struct shape *shape, struct storm_spec *s)
{
	uint32_t i;

	*s = (struct storm_spec){
		.name = shape->name,
		.seed = 1,
		.cpus = shape->cpus,
		.gic = shape->gic,
		.devices = shape->irqs,
		.nirqs = shape->irqs,
		.irqs = calloc(shape->irqs, sizeof(*s->irqs)),
		.cycles = CYCLES,
		.drain_ns = 2000,
		.handler_ns = 3000,
		.restore = true,
	};
	if (!s->irqs)
		exit(1);
	for (i = 0; i < s->nirqs; i++)
		s->irqs[i] = (struct storm_irq){
			.kind = shape->kind,
			.flags = shape->flags,
			.pattern = STORM_POISSON,
			.period_ns = period_of(i, shape->skew, shape->period),
			.device = i,
			.mask = shape->nodes ? part_of(s, i, shape->nodes) : NULL,
		};
}

static double mean(uint64_t sum, uint64_t n)
{
	return n ? (double)sum / (double)n / 1000 : 0;
}

static int run(struct storm_spec *s, uint8_t policy)
{
	static const char *const names[] = { "none", "round robin", "by load" };
	struct storm_report r;
	char error[200];
	bool clean;

	s->policy = policy;
	if (storm_run(s, &r, NULL, NULL, error, sizeof(error))) {
		fprintf(stderr, "policies: %s\n", error);
		return 1;
	}
	clean = storm_clean(&r);
	printf("  %-12s", names[policy]);
	if (policy)
		printf(" %5.2f -> %-5.2f  %5.2f -> %-5.2f  %3" PRIu32 "  %7.1f",
		       mean(r.uneven_load[0], r.passes), mean(r.uneven_load[1], r.passes),
		       mean(r.uneven_count[0], r.passes), mean(r.uneven_count[1], r.passes),
		       r.spread, r.passes ? (double)r.policy_moves / (double)r.passes : 0);
	else
		printf(" %14s  %14s  %3s  %7s", "", "", "", "");
	printf("  %6.2f  %6.2f  %6.2f%s\n", (double)r.latency[0] / 1000,
	       (double)r.latency[2] / 1000, (double)r.latency[3] / 1000,
	       clean ? "" : "  NOT CLEAN");
	if (!clean && r.nviolations)
		fprintf(stderr, "policies: %s\n", r.violation[0]);
	storm_report_free(&r);
	return !clean;
}

int main(int argc, char **argv)
{
	uint64_t events = argc > 1 ? strtoull(argv[1], NULL, 10) : 400000;
	int bad = 0;
	uint32_t n, i;

	printf("Busiest CPU / mean, before and after a CPU has come, by load and by count; by how\n"
	       "much counts differ then, at most; moves for each CPU that came; us from event to "
	       "handler.\n");
	for (n = 0; n < sizeof(shapes) / sizeof(shapes[0]); n++) {
		struct storm_spec s;

		build(&shapes[n], &s);
		s.events = events;
		printf("\n%s\n  %-12s %-14s  %-14s  %s  %s  %6s  %6s  %6s\n", s.name, "policy",
		       "    load", "    count", "+/-", "  moves", "p50", "p99", "p99.9");
		for (i = STORM_NO_POLICY; i <= STORM_BY_LOAD; i++)
			bad |= run(&s, (uint8_t)i);
		for (i = 0; i < s.nirqs; i++)
			free(s.irqs[i].mask);
		free(s.irqs);
	}
	return bad;
}
