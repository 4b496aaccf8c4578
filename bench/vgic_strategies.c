// SPDX-License-Identifier: MIT
/*
 * The three strategies for an interrupt whose route changes in flight, on the same guests: storms
 * of several workloads, each with every strategy, with and without asking the old vCPU. Virtual
 * time: the same numbers on any computer. docs/vgic.md shows and explains them.
 *
 *     vgic_strategies [--data] [WORKLOAD]...
 *
 * --data: the same for scripts: a line for each run, names and numbers.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "bench/vgic_storms.h"

#define STRATEGIES 3u
#define RUNS (2 * STRATEGIES) /* asking not, asking */

/* What all have in common: a GICv3, a guest like it, edges and levels half and half. */
#define GUEST \
	.seed = 1, .cpus = 8, .gic = 3, .guest_gic = 3, .lrs = 4, .slice_ns = 20000, \
	.events = 25000, .somewhere = true

static const struct virt_storm_options workloads[] = {
	{ GUEST, .name = "rare", .vcpus = 8, .linked_edge = 16, .linked_level = 16,
	  .period_ns = 40000, .handler_ns = 2000, .routes = 2 },
	{ GUEST, .name = "frequent", .vcpus = 8, .linked_edge = 16, .linked_level = 16,
	  .period_ns = 40000, .handler_ns = 2000, .routes = 300 },
	{ GUEST, .name = "rate", .vcpus = 8, .linked_edge = 8, .linked_level = 8, .period_ns = 6000,
	  .handler_ns = 2000, .routes = 100 },
	{ GUEST, .name = "many", .vcpus = 64, .linked_edge = 64, .linked_level = 64,
	  .period_ns = 150000, .handler_ns = 2000, .routes = 100 },
	{ GUEST, .name = "descheduled", .vcpus = 24, .linked_edge = 16, .linked_level = 16,
	  .period_ns = 40000, .handler_ns = 4000, .routes = 100, .busy_ns = 10000, .moves = 50 },
};
#define WORKLOADS (sizeof(workloads) / sizeof(workloads[0]))

static const char *const what[WORKLOADS] = {
	"8 vCPUs on 8 CPUs, 32 SPIs, a move every 500 events",
	"the same, 3 moves every 10 events",
	"8 vCPUs, 16 SPIs, often due again before their handler is done, a move every 10 events",
	"64 vCPUs on 8 CPUs, 128 SPIs, a move every 10 events",
	"24 vCPUs that wait and hop on 8 CPUs, 32 SPIs, a move every 10 events",
};

/* still: without moves, where strategies make no difference. */
static struct vgic_runs runs[RUNS], still;

static void storms(const struct virt_storm_options *workload)
{
	static const uint8_t order[] = { FERRY_LAZY_EARLY, FERRY_LAZY_LATE, FERRY_MAINTENANCE };
	struct virt_storm_options o = *workload;
	uint32_t n;

	for (n = 0; n < RUNS; n++) {
		o.strategy = order[n % STRATEGIES];
		o.ask = n >= STRATEGIES;
		vgic_storms(&o, &runs[n]);
	}
	o.routes = 0;
	o.strategy = FERRY_LAZY_EARLY;
	o.ask = false;
	vgic_storms(&o, &still);
}

static const char *name_of(uint32_t n)
{
	static const char *const names[RUNS] = { "lazy early",     "lazy late",
						 "maintenance",    "lazy early, ask",
						 "lazy late, ask", "maintenance, ask" };

	return names[n];
}

/* ---- tables ---------------------------------------------------------------------------- */

static void per_interrupt(void)
{
	uint32_t n, k;

	printf("  per 1,000 interrupts  %6s %6s %6s %6s %6s %6s %6s %6s %6s\n", "traps", "IRQs",
	       "maint", "IPIs", "wakes", "routes", "deact", "locks", "late");
	for (n = 0; n < RUNS; n++) {
		const struct virt_counts *c = &runs[n].counts;
		uint64_t all[] = { c->leaves[VIRT_TRAP],
				   c->leaves[VIRT_IRQ],
				   c->leaves[VIRT_MAINTENANCE],
				   c->kicks,
				   c->wakes,
				   c->routes,
				   c->phys[FERRY_PHYS_DEACTIVATE],
				   c->locks,
				   c->late };

		printf("    %-18s ", name_of(n));
		for (k = 0; k < sizeof(all) / sizeof(*all); k++)
			printf(" %6.1f", (double)all[k] * 1000 / (double)c->starts);
		printf("\n");
	}
}

static void print_us(const struct histogram *h)
{
	uint64_t ns[5];

	histogram_summary(h, ns);
	printf("  %6.2f %6.2f %7.2f", (double)ns[0] / 1000, (double)ns[2] / 1000,
	       (double)ns[4] / 1000);
}

static void latency(void)
{
	uint32_t n;

	printf("  us                    event to start: p50, p99, max   "
	       "old EOI to new start: the same, of\n");
	for (n = 0; n < RUNS; n++) {
		struct histogram all = vgic_latency(&runs[n].counts);

		printf("    %-18s       ", name_of(n));
		print_us(&all);
		printf("         ");
		print_us(&runs[n].counts.handed);
		printf(" %6" PRIu64 "\n", runs[n].counts.handed.count);
	}
}

static void per_move(void)
{
	struct vgic_mean m;
	uint32_t n, k;

	/* So few that nothing shows among everything else. */
	if (runs[0].moves * 50 < runs[0].counts.starts)
		return;
	printf("  more per 1,000 moves  %6s %6s %6s %6s %6s %6s      us in all: ", "exits", "IRQs",
	       "maint", "IPIs", "deact", "locks");
	for (k = 0; k < VGIC_MACHINES; k++)
		printf("%s%s", k ? ", " : "", vgic_machines[k].name);
	printf("\n");
	for (n = 0; n < RUNS; n++) {
		static const uint8_t shown[] = { EVENT_EXIT, EVENT_IRQ,        EVENT_MAINTENANCE,
						 EVENT_IPI,  EVENT_DEACTIVATE, EVENT_LOCK };

		printf("    %-18s ", name_of(n));
		for (k = 0; k < sizeof(shown); k++)
			printf(" %6.0f", vgic_extra(&runs[n], &still, shown[k]).mean * 1000);
		printf("   ");
		for (k = 0; k < VGIC_MACHINES; k++) {
			m = vgic_caused(&runs[n], &still, &vgic_machines[k]);
			printf(" %5.2f +-%.2f", m.mean / 1000, m.error / 1000);
		}
		printf("\n");
	}
}

/* What one move adds, by enum vgic_event; us on each machine, and the error. */
static void data_lines(const char *workload)
{
	uint32_t n, k;

	for (n = 0; n < RUNS; n++) {
		printf("%s;%s;%" PRIu64 ";%" PRIu64, workload, name_of(n), runs[n].counts.starts,
		       runs[n].moves);
		for (k = 0; k < VGIC_EVENTS; k++)
			printf(";%.4f", vgic_extra(&runs[n], &still, (enum vgic_event)k).mean);
		for (k = 0; k < VGIC_MACHINES; k++) {
			struct vgic_mean m = vgic_caused(&runs[n], &still, &vgic_machines[k]);

			printf(";%.1f;%.1f", m.mean, m.error);
		}
		printf("\n");
	}
}

/* ---- all of it ------------------------------------------------------------------------- */

static bool is_wanted(const char *name, int argc, char **argv)
{
	bool any = false;
	int n;

	for (n = 1; n < argc; n++) {
		any = any || argv[n][0] != '-';
		if (!strcmp(argv[n], name))
			return true;
	}
	return !any;
}

int main(int argc, char **argv)
{
	bool data = argc > 1 && !strcmp(argv[1], "--data");
	size_t n;

	for (n = 0; n < WORKLOADS; n++) {
		if (!is_wanted(workloads[n].name, argc, argv))
			continue;
		storms(&workloads[n]);
		if (data) {
			data_lines(workloads[n].name);
			continue;
		}
		printf("%s: %s\n", workloads[n].name, what[n]);
		per_interrupt();
		latency();
		per_move();
		printf("\n");
	}
	return 0;
}
