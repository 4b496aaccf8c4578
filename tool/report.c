// SPDX-License-Identifier: MIT
/* How storms are shown: text, JSON, the summary over all of them. */
#include <inttypes.h>
#include <string.h>
#include "output.h"
#include "report.h"

#define CHART 64 /* columns */

static const char *const percentiles[5] = { "p50", "p90", "p99", "p99.9", "max" };

void summary_add(struct summary *sum, const struct storm_report *r)
{
	sum->raised += r->raised;
	sum->handled += r->handled;
	sum->merged += r->merged;
	sum->lost += r->lost;
	sum->duplicated += r->duplicated;
	sum->misdelivered += r->misdelivered;
	sum->offline += r->offline;
	sum->moves += r->moves_done;
	sum->requests += r->managed.requests;
	sum->completed += r->managed.completed;
	sum->overrides += r->managed.done;
	sum->stops += r->managed.stops;
	sum->clean = sum->clean && storm_clean(r);
}

void summary_print(FILE *out, const struct summary *sum)
{
	if (sum->requests)
		fprintf(out,
			"queues: requests=%" PRIu64 " completed=%" PRIu64 " overrides=%" PRIu64
			" stops=%" PRIu64 "\n",
			sum->requests, sum->completed, sum->overrides, sum->stops);
	fprintf(out,
		"summary: raised=%" PRIu64 " handled=%" PRIu64 " merged=%" PRIu64 " lost=%" PRIu64
		" duplicated=%" PRIu64 " misdelivered=%" PRIu64 " offline=%" PRIu64
		" moves=%" PRIu64 "\n",
		sum->raised, sum->handled, sum->merged, sum->lost, sum->duplicated,
		sum->misdelivered, sum->offline, sum->moves);
}

static double percent(uint64_t part, uint64_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0;
}

static void print_time(FILE *out, uint64_t ns)
{
	if (ns < 1000)
		fprintf(out, "%" PRIu64 " ns", ns);
	else if (ns < 1000000)
		fprintf(out, "%.2f us", (double)ns / 1e3);
	else if (ns < 1000000000)
		fprintf(out, "%.2f ms", (double)ns / 1e6);
	else
		fprintf(out, "%.2f s", (double)ns / 1e9);
}

static void print_times(FILE *out, const char *label, const uint64_t times[5])
{
	fprintf(out, "  %-14s", label);
	for (int i = 0; i < 5; i++) {
		fprintf(out, "%s%s ", i ? "  " : "", percentiles[i]);
		print_time(out, times[i]);
	}
	fputc('\n', out);
}

static void print_machine(FILE *out, const struct machine *m)
{
	uint32_t n[KINDS] = { 0 };
	const char *before = ": ";
	uint32_t extended = 0;

	for (uint32_t i = 0; i < m->spec.nirqs; i++) {
		n[m->spec.irqs[i].kind]++;
		extended += intid_extended(m->spec.irqs[i].intid);
	}
	fprintf(out, "  %-14s%" PRIu32 " CPU%s, ", "machine", m->spec.cpus,
		m->spec.cpus == 1 ? "" : "s");
	if (m->spec.gic)
		fprintf(out, "GICv%u%s, ", m->spec.gic, m->spec.its ? " with ITS" : "");
	fprintf(out, "%" PRIu32 " interrupts", m->spec.nirqs);
	for (int kind = 0; kind < KINDS; kind++) {
		if (!n[kind])
			continue;
		fprintf(out, "%s%s %" PRIu32, before, kind_names[kind], n[kind]);
		before = ", ";
	}
	if (extended)
		fprintf(out, "; extended %" PRIu32, extended);
	fputc('\n', out);
	if (m->left_out)
		fprintf(out, "  %-14s%" PRIu32 " of other controllers (%s)\n", "left out",
			m->left_out, m->left_out_chip);
}

static void print_events(FILE *out, const struct storm_report *r)
{
	fprintf(out,
		"  %-14sraised %" PRIu64 "  handled %" PRIu64 "  merged %" PRIu64
		" (%.1f %%)  shut down %" PRIu64 "  in ",
		"events", r->raised, r->handled, r->merged, percent(r->merged, r->raised),
		r->shut_down);
	print_time(out, r->virtual_ns);
	fprintf(out,
		" virtual\n  %-14slost %" PRIu64 "  duplicated %" PRIu64 "  misdelivered %" PRIu64
		"  offline %" PRIu64 "  broken %" PRIu64 "  unexpected %" PRIu64 "\n",
		"must be 0", r->lost, r->duplicated, r->misdelivered, r->offline, r->broken,
		r->unexpected);
	print_times(out, "latency", r->latency);
}

static void print_moves(FILE *out, const struct storm_report *r)
{
	fprintf(out, "  %-14sasked %" PRIu64 "  done %" PRIu64 "  refused %" PRIu64 "\n", "moves",
		r->moves_asked, r->moves_done, r->moves_refused);
	print_times(out, "move time", r->move_time);
	for (int kind = 0; kind < KINDS; kind++) {
		if (!r->kind_raised[kind] && !r->kind_moves[kind])
			continue;
		fprintf(out, "  %-14s%-13s raised %" PRIu64 " (%.1f %%)  moves %" PRIu64 "\n", "",
			kind_names[kind], r->kind_raised[kind],
			percent(r->kind_raised[kind], r->raised), r->kind_moves[kind]);
	}
}

static double mean(uint64_t thousandths, uint64_t n)
{
	return n ? (double)thousandths / 1000 / (double)n : 0;
}

/* How much busier the busiest CPU is than the mean, before and after. */
static void print_policy(FILE *out, const struct machine *m, const struct storm_report *r)
{
	if (!m->spec.policy)
		return;
	fprintf(out,
		"  %-14s%" PRIu64 " times  moves %" PRIu64 "  busiest/mean %.2f -> %.2f (load)"
		"  %.2f -> %.2f (count)  counts differ by %" PRIu32 "\n",
		"rebalanced", r->passes, r->policy_moves, mean(r->uneven_load[0], r->passes),
		mean(r->uneven_load[1], r->passes), mean(r->uneven_count[0], r->passes),
		mean(r->uneven_count[1], r->passes), r->spread);
}

static void print_cpus(FILE *out, const struct machine *m, const struct storm_report *r)
{
	fprintf(out,
		"  %-14soffline %" PRIu64 "  online %" PRIu64 "  refused %" PRIu64
		"  rolled back %" PRIu64 "  forwarded %" PRIu64 "\n",
		"CPUs", r->offlines, r->onlines, r->offline_refused, r->roll_backs, r->forwarded);
	print_times(out, "offline time", r->offline_time);
	fprintf(out,
		"  %-14srecreated %" PRIu64 "  masked %" PRIu64 "  replayed %" PRIu64
		"  %s %" PRIu64 "\n",
		"also", r->recreated, r->masked, r->replays,
		m->spec.gic ? "spurious" : "doorbell IPIs", m->spec.gic ? r->spurious : r->ipis);
}

static uint64_t canceled(const struct storm_managed *q)
{
	uint64_t n = 0;

	for (int phase = 0; phase < STORM_PHASES; phase++)
		n += q->canceled[phase];
	return n;
}

static void print_queues(FILE *out, const struct machine *m, const struct storm_report *r)
{
	const struct storm_managed *q = &r->managed;

	if (!m->spec.nmqs)
		return;
	fprintf(out,
		"  %-14srequests %" PRIu64 "  completed %" PRIu64 "  stops %" PRIu64
		"  starts %" PRIu64 "  put to sleep by CPUs %" PRIu64 "\n",
		"queues", q->requests, q->completed, q->stops, q->starts, q->sleeps);
	fprintf(out,
		"  %-14sasked %" PRIu64 "  done %" PRIu64 "  vetoed %" PRIu64 "  canceled %" PRIu64
		"  refused %" PRIu64 "\n",
		"overrides", q->overrides, q->done, q->vetoed, canceled(q),
		q->overrides - q->done - q->vetoed - canceled(q));
}

/* Vectors in use, or interrupts, over the CPUs, a column for one or a few of them (the highest). */
static void print_chart(FILE *out, const struct storm_report *r, uint32_t most)
{
	static const char levels[] = " .:-=+*%#";
	uint32_t columns = r->cpus < CHART ? r->cpus : CHART, high;
	char chart[CHART + 1] = "";

	for (uint32_t i = 0; i < columns; i++) {
		high = 0;
		for (uint64_t cpu = (uint64_t)i * r->cpus / columns;
		     cpu < (uint64_t)(i + 1) * r->cpus / columns; cpu++)
			high = r->vectors_used[cpu] > high ? r->vectors_used[cpu] : high;
		chart[i] = levels[most ? (high * (sizeof(levels) - 2) + most - 1) / most : 0];
	}
	fprintf(out, "  %-14s[%s]\n", "", chart);
}

/* Few CPUs and 8-bit values: counting is sorting. */
static void print_vectors(FILE *out, const struct machine *m, const struct storm_report *r)
{
	uint32_t n[257] = { 0 }, least = 0, median = 0, most = 256, below = 0;

	if (!r->vectors_used || !r->cpus)
		return;
	for (uint32_t i = 0; i < r->cpus; i++)
		n[r->vectors_used[i] > 256 ? 256 : r->vectors_used[i]]++;
	while (!n[least])
		least++;
	while (!n[most])
		most--;
	for (below = n[0]; below * 2 < r->cpus + 1 && median < 256; below += n[median])
		median++;
	fprintf(out,
		"  %-14sper CPU at most: min %" PRIu32 "  median %" PRIu32 "  max %" PRIu32 "\n",
		m->spec.gic ? "interrupts" : "vectors", least, median, most);
	print_chart(out, r, most);
}

void report_violations(FILE *out, const struct storm_report *r)
{
	for (uint32_t i = 0; i < r->nviolations && i < STORM_VIOLATIONS; i++)
		fprintf(out, "  %-14s%.*s\n", "VIOLATION", (int)sizeof(r->violation[i]),
			r->violation[i]);
}

void report_print(FILE *out, const struct machine *m, const struct storm_report *r,
		  const char *repeat)
{
	fprintf(out, "%s (%s), seed %" PRIu64 "\n", m->name, m->path, r->seed);
	print_machine(out, m);
	print_events(out, r);
	print_moves(out, r);
	print_cpus(out, m, r);
	print_policy(out, m, r);
	print_queues(out, m, r);
	print_vectors(out, m, r);
	report_violations(out, r);
	fprintf(out, "  %-14s%s\n\n", "repeat", repeat);
}

/* ---- JSON ---------------------------------------------------------------- */

static void put_times(json_t *object, const char *key, const uint64_t times[5])
{
	static const char *const keys[5] = { "p50", "p90", "p99", "p999", "max" };
	json_t *inner = json_object();

	for (int i = 0; i < 5; i++)
		put(inner, keys[i], times[i]);
	json_object_set_new(object, key, inner);
}

static void put_events(json_t *object, const struct storm_report *r)
{
	put(object, "raised", r->raised);
	put(object, "handled", r->handled);
	put(object, "merged", r->merged);
	put(object, "lost", r->lost);
	put(object, "duplicated", r->duplicated);
	put(object, "misdelivered", r->misdelivered);
	put(object, "offline", r->offline);
	put(object, "shut_down", r->shut_down);
	put(object, "broken", r->broken);
	put(object, "unexpected", r->unexpected);
	put_times(object, "latency_ns", r->latency);
}

static void put_moves(json_t *object, const struct machine *m, const struct storm_report *r)
{
	uint32_t n[KINDS] = { 0 };
	json_t *kinds = json_object(), *kind;

	put(object, "moves_asked", r->moves_asked);
	put(object, "moves_done", r->moves_done);
	put(object, "moves_refused", r->moves_refused);
	put_times(object, "move_ns", r->move_time);
	for (uint32_t i = 0; i < m->spec.nirqs; i++)
		n[m->spec.irqs[i].kind]++;
	for (int i = 0; i < KINDS; i++) {
		if (!kind_names[i] || (m->spec.gic != 0) != (i >= FERRY_GIC_EDGE))
			continue;
		kind = json_object();
		put(kind, "interrupts", n[i]);
		put(kind, "raised", r->kind_raised[i]);
		put(kind, "moves", r->kind_moves[i]);
		json_object_set_new(kinds, kind_names[i], kind);
	}
	json_object_set_new(object, "kinds", kinds);
}

static void put_cpus(json_t *object, const struct machine *m, const struct storm_report *r)
{
	json_t *vectors = json_array();

	put(object, "cpu_offlines", r->offlines);
	put(object, "cpu_onlines", r->onlines);
	put(object, "cpu_offlines_refused", r->offline_refused);
	put(object, "cpu_roll_backs", r->roll_backs);
	put(object, "forwarded", r->forwarded);
	put_times(object, "offline_ns", r->offline_time);
	put(object, "recreated", r->recreated);
	put(object, "masked", r->masked);
	put(object, "replays", r->replays);
	put(object, "doorbell_ipis", r->ipis);
	put(object, "spurious", r->spurious);
	for (uint32_t i = 0; r->vectors_used && i < r->cpus; i++)
		json_array_append_new(vectors, json_integer(r->vectors_used[i]));
	json_object_set_new(object, m->spec.gic ? "interrupts_held" : "vectors_used", vectors);
}

static void put_change(json_t *object, const char *key, const uint64_t sums[2], uint64_t n)
{
	json_t *pair = json_array();

	json_array_append_new(pair, json_real(mean(sums[0], n)));
	json_array_append_new(pair, json_real(mean(sums[1], n)));
	json_object_set_new(object, key, pair);
}

static void put_policy(json_t *object, const struct storm_report *r)
{
	json_t *inner = json_object();

	put(inner, "passes", r->passes);
	put(inner, "moves", r->policy_moves);
	put_change(inner, "uneven_load", r->uneven_load, r->passes);
	put_change(inner, "uneven_count", r->uneven_count, r->passes);
	put(inner, "counts_differ", r->spread);
	json_object_set_new(object, "rebalanced", inner);
}

static void put_queues(json_t *object, const struct storm_managed *q)
{
	json_t *inner = json_object();

	put(inner, "requests", q->requests);
	put(inner, "completed", q->completed);
	put(inner, "overrides_asked", q->overrides);
	put(inner, "overrides_done", q->done);
	put(inner, "vetoed", q->vetoed);
	put(inner, "canceled", canceled(q));
	put(inner, "stops", q->stops);
	put(inner, "starts", q->starts);
	put(inner, "put_to_sleep", q->sleeps);
	json_object_set_new(object, "queues", inner);
}

static void put_end(json_t *object, const struct storm_report *r, const char *repeat)
{
	json_t *list = json_array();
	char text[24];

	for (uint32_t i = 0; i < r->nviolations && i < STORM_VIOLATIONS; i++)
		json_array_append_new(list, string_json(r->violation[i]));
	json_object_set_new(object, "violations", list);
	json_object_set_new(object, "clean", json_boolean(storm_clean(r)));
	put(object, "virtual_ns", r->virtual_ns);
	put(object, "labels", r->labels);
	snprintf(text, sizeof(text), "%016" PRIx64, r->fingerprint);
	json_object_set_new(object, "fingerprint", json_string(text));
	json_object_set_new(object, "repeat", string_json(repeat));
}

json_t *report_json(const struct machine *m, const struct storm_report *r, const char *repeat)
{
	json_t *object = json_object();

	if (!object)
		return NULL;
	json_object_set_new(object, "name", string_json(m->name));
	json_object_set_new(object, "source", string_json(m->path));
	put(object, "seed", r->seed);
	put(object, "cpus", m->spec.cpus);
	put(object, "gic", m->spec.gic);
	put(object, "interrupts", m->spec.nirqs);
	put(object, "left_out", m->left_out);
	put_events(object, r);
	put_moves(object, m, r);
	put_cpus(object, m, r);
	if (m->spec.policy)
		put_policy(object, r);
	if (m->spec.nmqs)
		put_queues(object, &r->managed);
	put_end(object, r, repeat);
	return object;
}

json_t *summary_json(const struct summary *sum, json_t *storms)
{
	json_t *top = json_object(), *object = json_object();

	json_object_set_new(top, "version", json_string(TOOL_VERSION));
	json_object_set(top, "storms", storms);
	put(object, "raised", sum->raised);
	put(object, "handled", sum->handled);
	put(object, "merged", sum->merged);
	put(object, "lost", sum->lost);
	put(object, "duplicated", sum->duplicated);
	put(object, "misdelivered", sum->misdelivered);
	put(object, "offline", sum->offline);
	put(object, "moves", sum->moves);
	put(object, "requests", sum->requests);
	put(object, "completed", sum->completed);
	put(object, "overrides", sum->overrides);
	json_object_set_new(object, "clean", json_boolean(sum->clean));
	json_object_set_new(top, "summary", object);
	return top;
}
