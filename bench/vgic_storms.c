// SPDX-License-Identifier: MIT
#include "bench/vgic_storms.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Counts are 64 bits each, and nothing else; of a histogram `max` is the larger one. */
static void add(struct virt_counts *to, const struct virt_counts *c)
{
	struct virt_counts old = *to;
	uint64_t a[sizeof(*c) / 8], b[sizeof(*c) / 8];
	size_t n;

	memcpy(a, to, sizeof(a));
	memcpy(b, c, sizeof(b));
	for (n = 0; n < sizeof(a) / sizeof(*a); n++)
		a[n] += b[n];
	memcpy(to, a, sizeof(a));
	to->stayed.max = old.stayed.max > c->stayed.max ? old.stayed.max : c->stayed.max;
	to->switched.max = old.switched.max > c->switched.max ? old.switched.max : c->switched.max;
	to->handed.max = old.handed.max > c->handed.max ? old.handed.max : c->handed.max;
}

static void storm(const struct virt_storm_options *o, struct virt_storm_report *r)
{
	char error[200];
	int rc = virt_storm_run(o, r, error, sizeof(error));

	if (!rc && virt_storm_clean(r))
		return;
	fprintf(stderr, "%s: %s\n", o->name,
		rc                  ? error :
		r->base.nviolations ? r->base.violation[0] :
				      "not clean");
	exit(1);
}

void vgic_storms(const struct virt_storm_options *options, struct vgic_runs *out)
{
	static struct virt_storm_report r;
	struct virt_storm_options o = *options;
	uint32_t n;

	memset(out, 0, sizeof(*out));
	for (n = 0; n < VGIC_SEEDS; n++) {
		o.seed = options->seed + n;
		storm(&o, &r);
		add(&out->counts, &r.counts);
		out->moves += r.ops[VIRT_OP_ROUTE];
		out->ticks += r.ops[VIRT_OP_TIMER];
		out->loads += r.loads;
		out->starts[n] = (double)r.counts.starts;
		out->moved[n] = (double)r.ops[VIRT_OP_ROUTE];
		out->kicked[n] = (double)r.counts.kicked;
		vgic_events_of(&r.counts, out->events[n]);
	}
}

struct histogram vgic_latency(const struct virt_counts *c)
{
	struct histogram all = c->stayed;
	size_t n;

	all.count += c->switched.count;
	all.max = c->switched.max > all.max ? c->switched.max : all.max;
	for (n = 0; n < HISTOGRAM_BUCKETS; n++)
		all.bucket[n] += c->switched.bucket[n];
	return all;
}

static struct vgic_mean mean_of(const double x[VGIC_SEEDS])
{
	struct vgic_mean m = { 0, 0 };
	uint32_t n;

	for (n = 0; n < VGIC_SEEDS; n++)
		m.mean += x[n] / VGIC_SEEDS;
	for (n = 0; n < VGIC_SEEDS; n++)
		m.error += (x[n] - m.mean) * (x[n] - m.mean);
	m.error = sqrt(m.error / (VGIC_SEEDS * (VGIC_SEEDS - 1)));
	return m;
}

/* Of one seed, for each move. */
static double extra(const struct vgic_runs *r, const struct vgic_runs *still, uint32_t seed,
		    uint32_t event)
{
	double scale = r->starts[seed] / still->starts[seed];

	if (!r->moved[seed])
		return 0;
	return (r->events[seed][event] - still->events[seed][event] * scale) / r->moved[seed];
}

struct vgic_mean vgic_extra(const struct vgic_runs *r, const struct vgic_runs *still,
			    enum vgic_event event)
{
	double x[VGIC_SEEDS];
	uint32_t n;

	for (n = 0; n < VGIC_SEEDS; n++)
		x[n] = extra(r, still, n, event);
	return mean_of(x);
}

/* IPIs interrupt whom they are for, and most of them are an exit. */
static double caused(const struct vgic_runs *r, const struct vgic_runs *still, uint32_t seed,
		     const struct vgic_machine *machine)
{
	static const uint8_t counted[] = { EVENT_MAINTENANCE, EVENT_IPI, EVENT_REGISTER,
					   EVENT_DEACTIVATE };
	double events[VGIC_EVENTS] = { 0 };
	uint32_t n;

	for (n = 0; n < sizeof(counted); n++)
		events[counted[n]] = extra(r, still, seed, counted[n]);
	events[EVENT_IRQ] = events[EVENT_IPI];
	events[EVENT_EXIT] =
		events[EVENT_MAINTENANCE] +
		(r->kicked[seed] - still->kicked[seed] * r->starts[seed] / still->starts[seed]) /
			r->moved[seed];
	return vgic_cost(machine, events);
}

struct vgic_mean vgic_caused(const struct vgic_runs *r, const struct vgic_runs *still,
			     const struct vgic_machine *machine)
{
	double x[VGIC_SEEDS];
	uint32_t n;

	for (n = 0; n < VGIC_SEEDS; n++)
		x[n] = caused(r, still, n, machine);
	return mean_of(x);
}
