// SPDX-License-Identifier: MIT
/*
 * A guest's timer that follows its vCPU, switched with it or masked and injected: the same
 * storms, with rare and frequent switches of vCPUs. Virtual time: the same numbers on any
 * computer. docs/vgic.md shows and explains them. The guest's handler programs its timer before
 * its EOI, as a rule for a moment that is still to come, now and then for one that comes before
 * that EOI.
 *
 *     vgic_timers
 */
#include <inttypes.h>
#include <stdio.h>
#include "bench/vgic_storms.h"

#define GUEST \
	.seed = 1, .cpus = 8, .gic = 3, .guest_gic = 3, .lrs = 4, .linked_edge = 8, \
	.events = 4000, .period_ns = 40000, .timers = 8000, .somewhere = true

static const struct virt_storm_options workloads[] = {
	{ GUEST, .name = "a vCPU on each of 8 CPUs", .vcpus = 8, .slice_ns = 20000,
	  .handler_ns = 1000 },
	{ GUEST, .name = "the same, handlers of 5 us", .vcpus = 8, .slice_ns = 20000,
	  .handler_ns = 5000 },
	{ GUEST, .name = "24 vCPUs on 8 CPUs, slices of 50 us", .vcpus = 24, .slice_ns = 50000,
	  .handler_ns = 1000 },
	{ GUEST, .name = "24 vCPUs on 8 CPUs, slices of 5 us", .vcpus = 24, .slice_ns = 5000,
	  .handler_ns = 1000 },
};
#define WORKLOADS (sizeof(workloads) / sizeof(workloads[0]))

/* idle: switched, but nobody programs a timer; none: the guest has none. */
static struct vgic_runs run, idle, none;

static uint64_t ppis(const struct virt_counts *c)
{
	uint64_t n = 0;
	uint32_t k;

	for (k = 0; k < FERRY_PHYS_IS_PENDING; k++)
		n += c->phys[k];
	return n;
}

static void row(const char *name)
{
	const struct virt_counts *a = &run.counts, *b = &idle.counts;
	double ticks = (double)a->starts - (double)b->starts, loads = (double)idle.loads;
	struct histogram all = vgic_latency(a);
	uint64_t ns[5];

	histogram_summary(&all, ns);
	printf("  %-10s %7.0f %7.2f  %6.3f %6.4f %6.2f %6.2f %6.2f  ", name, ticks,
	       (double)run.loads / ticks,
	       ((double)a->leaves[VIRT_IRQ] - (double)b->leaves[VIRT_IRQ]) / ticks,
	       ((double)a->leaves[VIRT_MAINTENANCE] - (double)b->leaves[VIRT_MAINTENANCE]) / ticks,
	       (double)ppis(a) / ticks, (double)a->timer / ticks, (double)a->locks / ticks);
	printf("%6.2f %6.2f  %7.2f %7.2f\n", ((double)ppis(b) - (double)ppis(&none.counts)) / loads,
	       ((double)b->timer - (double)none.counts.timer) / loads, (double)ns[0] / 1000,
	       (double)ns[2] / 1000);
}

static void compare(const struct virt_storm_options *workload, uint8_t timer, const char *name)
{
	struct virt_storm_options o = *workload;

	o.timer = timer;
	vgic_storms(&o, &run);
	o.timers = 0;
	vgic_storms(&o, &idle);
	o.timer = VIRT_STORM_NO_TIMER;
	vgic_storms(&o, &none);
	row(name);
}

int main(void)
{
	size_t n;

	printf("Timers: storms of guests that program theirs all the time\n");
	printf("%-20s %7s  %-35s   %-14s %s\n", "", "loads", "   for each tick", "for each load",
	       "us, event to start");
	printf("%-12s %7s %7s  %6s %6s %6s %6s %6s  %6s %6s  %7s %7s\n", "", "ticks", "a tick",
	       "IRQs", "maint", "PPI", "timer", "locks", "PPI", "timer", "p50", "p99");
	for (n = 0; n < WORKLOADS; n++) {
		printf("%s\n", workloads[n].name);
		compare(&workloads[n], VIRT_STORM_SWITCHED, "switched");
		compare(&workloads[n], VIRT_STORM_INJECTED, "injected");
	}
	return 0;
}
