/* SPDX-License-Identifier: MIT */
/*
 * Spreading on random machines: against a slow model, and what must hold whatever the algorithm.
 *
 *     test_spread_random [<case>]    all, or one of them: a failure names its case
 */
#include "tests/spread_machine.h"
#include "tests/spread_model.h"

#define CASES 3000u

/* ---- a machine and a question, from a number ----------------------------------------------- */

static uint64_t random_state;

static uint64_t next_random(void)
{
	uint64_t z = (random_state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static uint32_t below(uint32_t n)
{
	return (uint32_t)(next_random() % n);
}

struct world {
	struct ferry_topology_cpu ids[FERRY_CPUS_MAX];
	uint32_t cpus, words, groups;
	uint64_t present[WORDS], housekeeping[WORDS];
	uint8_t weights[FERRY_CPUS_MAX];
	struct ferry_spread how;
	bool flat; /* no weights, or all the same */
};

static uint32_t some_cpus(void)
{
	switch (below(100)) {
	case 0:
		return 1 + below(1500);
	case 1 ... 10:
		return 1 + below(400);
	case 11 ... 40:
		return 1 + below(130);
	default:
		return 1 + below(32);
	}
}

/* Nodes with ids that have gaps; CPUs side by side, dealt in turn, or anywhere. */
static void place_nodes(struct world *w)
{
	uint32_t nodes = 1 + below(below(3) ? 4 : w->cpus), layout = below(4);
	uint32_t base = below(2) ? 0 : below(1000), gap = 1 + below(3);

	for (uint32_t c = 0; c < w->cpus; c++) {
		uint32_t n = layout == 0 ? c % nodes :
			     layout == 1 ? below(nodes) :
			     layout == 2 ? (uint32_t)((uint64_t)c * nodes / w->cpus) :
					   below(1 + below(nodes));

		w->ids[c].node = base + gap * (layout == 3 ? nodes - n : n);
	}
}

/* Cores of 1, 2 or 4 threads, numbered in their node: side by side, far apart, or anyhow;
 * clusters of some cores. */
static void place_cores(struct world *w)
{
	static uint32_t seen[FERRY_CPUS_MAX], size[FERRY_CPUS_MAX];
	uint32_t threads = 1u << below(3), layout = below(4);
	uint32_t cores = 1 + below(8), unknown = below(8) ? 0 : 1 + below(10);
	bool clusters = below(2);

	for (uint32_t c = 0; c < w->cpus; c++) {
		size[c] = 0;
		for (uint32_t k = 0; k < w->cpus; k++)
			size[c] += w->ids[k].node == w->ids[c].node;
		seen[c] = 0;
		for (uint32_t k = 0; k < c; k++)
			seen[c] += w->ids[k].node == w->ids[c].node;
	}
	for (uint32_t c = 0; c < w->cpus; c++) {
		uint32_t all = (size[c] + threads - 1) / threads;
		uint32_t core = layout == 0 ? seen[c] / threads :
				layout == 1 ? seen[c] % all :
					      below(all);
		uint32_t cluster = core / cores;

		if (!clusters || (unknown && core % 11 < unknown && below(2)))
			cluster = FERRY_NONE;
		w->ids[c].cluster = cluster;
		w->ids[c].core = layout == 3 && below(4) == 0 ? FERRY_NONE : core;
	}
}

/* All, the lower ones, or some. */
static const uint64_t *some_mask(struct world *w, uint64_t *mask, uint32_t all)
{
	uint32_t limit = 1 + below(w->cpus), part = 1 + below(9);
	bool lower = below(2);

	memset(mask, 0, WORDS * sizeof(*mask));
	for (uint32_t c = 0; c < w->cpus; c++)
		if (lower ? c < limit : below(10) < part)
			put(mask, c);
	return below(all) ? NULL : mask;
}

static void make_world(struct world *w, uint32_t number)
{
	random_state = number * 0x100000001ull;
	memset(w, 0, sizeof(*w));
	w->cpus = some_cpus();
	w->words = (w->cpus + 63) / 64;
	place_nodes(w);
	place_cores(w);
	for (uint32_t c = 1; c < w->cpus && number % 4 == 0; c++)
		if (below(6) == 0)
			w->ids[c].node = FERRY_NONE;
	w->how.present = some_mask(w, w->present, 2);
	w->how.housekeeping = some_mask(w, w->housekeeping, 3);
	w->flat = below(4);
	memset(w->weights, (int)(1 + below(255)), sizeof(w->weights));
	for (uint32_t c = 0; c < w->cpus && !w->flat; c++)
		w->weights[c] = (uint8_t)(1 + below(1 + below(255)));
	w->how.weights = w->flat && below(2) ? NULL : w->weights;
	switch (below(4)) {
	case 0:
		w->groups = 1 + below(4);
		break;
	case 1:
		w->groups = w->cpus;
		break;
	default:
		w->groups = 1 + below(w->cpus + w->cpus / 4 + 1);
	}
}

/* ---- what must hold --------------------------------------------------------------------- */

static uint64_t got[FERRY_CPUS_MAX * WORDS], other[FERRY_CPUS_MAX * WORDS];
static uint32_t map[FERRY_CPUS_MAX];
static struct ferry_spread_result result;

enum { MODEL, ONCE, COUNTED, PURE, EVEN, LABELS, ORDER, MEMORY, EQUAL, MAP, REFUSED, PROPERTIES };
static const char *const property[PROPERTIES] = {
	[MODEL] = "as the model says",
	[ONCE] = "each possible housekeeping CPU is in one group",
	[COUNTED] = "live, absent and empty groups are counted, and come in that order",
	[PURE] = "no group has CPUs of two nodes where there are no fewer groups",
	[EVEN] = "in a node or cluster sizes differ by 1 at most",
	[LABELS] = "what clusters and cores are called does not matter",
	[ORDER] = "nor the order of nodes that differ in size",
	[MEMORY] = "nor what was in memory before",
	[EQUAL] = "equal weights are none",
	[MAP] = "each CPU is served by its group, or by a live one as near as there is",
	[REFUSED] = "refused only if no possible housekeeping CPU is present",
};
static uint32_t failures[PROPERTIES];

static bool in(const struct world *w, uint32_t cpu, bool present)
{
	return w->ids[cpu].node != FERRY_NONE &&
	       (!w->how.housekeeping || has(w->how.housekeeping, cpu)) &&
	       present == (!w->how.present || has(w->how.present, cpu));
}

static const uint64_t *group(const struct world *w, uint32_t g)
{
	return got + (size_t)g * w->words;
}

static bool spread_again(const struct world *w, const struct ferry_topology_cpu *ids,
			 const struct ferry_spread *how, uint8_t dirt)
{
	struct ferry_spread_result r;
	size_t bytes = (size_t)w->groups * w->words * sizeof(*other);

	memset(other, dirt, bytes);
	return ferry_spread(machine(ids, w->cpus, dirt), how, w->groups, other, &r) == FERRY_OK &&
	       !memcmp(got, other, bytes) && !memcmp(&r, &result, sizeof(r));
}

static bool once(const struct world *w)
{
	for (uint32_t c = 0; c < w->words * 64; c++) {
		uint32_t n = 0, want = c < w->cpus && (in(w, c, true) || in(w, c, false));

		for (uint32_t g = 0; g < w->groups; g++)
			n += has(group(w, g), c);
		if (n != want)
			return false;
	}
	return true;
}

static bool counted(const struct world *w)
{
	for (uint32_t g = 0; g < w->groups; g++) {
		bool live = false, absent = false;

		for (uint32_t c = 0; c < w->cpus; c++) {
			live |= has(group(w, g), c) && in(w, c, true);
			absent |= has(group(w, g), c) && in(w, c, false);
		}
		if (live != (g < result.live) ||
		    (!live && absent != (g < result.live + result.absent)))
			return false;
	}
	return result.absent <= w->groups && result.empty <= w->groups &&
	       result.live + result.absent + result.empty == w->groups;
}

static uint32_t count_nodes(const struct world *w, bool present)
{
	uint32_t n = 0;

	for (uint32_t c = 0; c < w->cpus; c++) {
		bool first = in(w, c, present);

		for (uint32_t k = 0; k < c && first; k++)
			first = !in(w, k, present) || w->ids[k].node != w->ids[c].node;
		n += first;
	}
	return n;
}

static bool pure(const struct world *w, bool present)
{
	for (uint32_t g = 0; g < w->groups; g++) {
		uint32_t node = FERRY_NONE;

		for (uint32_t c = 0; c < w->cpus; c++) {
			if (!has(group(w, g), c) || !in(w, c, present))
				continue;
			if (node != FERRY_NONE && node != w->ids[c].node)
				return false;
			node = w->ids[c].node;
		}
	}
	return true;
}

static bool alike(const struct world *w, uint32_t a, uint32_t b, bool by_cluster)
{
	return w->ids[a].node == w->ids[b].node &&
	       (!by_cluster || w->ids[a].cluster == w->ids[b].cluster);
}

/* Sizes of the groups within the node (cluster) of a CPU. */
static bool is_even(const struct world *w, uint32_t cpu, bool present, bool by_cluster,
		    uint32_t *groups)
{
	uint32_t least = w->cpus, most = 0;

	*groups = 0;
	for (uint32_t g = 0; g < w->groups; g++) {
		uint32_t n = 0;

		for (uint32_t c = 0; c < w->cpus; c++)
			n += has(group(w, g), c) && in(w, c, present) &&
			     alike(w, c, cpu, by_cluster);
		if (!n)
			continue;
		++*groups;
		least = n < least ? n : least;
		most = n > most ? n : most;
	}
	return most - least <= 1;
}

/* How many clusters the CPU's node has; more than there can be if one is not known. */
static uint32_t count_clusters(const struct world *w, uint32_t cpu, bool present)
{
	uint32_t n = 0;

	for (uint32_t c = 0; c < w->cpus; c++) {
		bool first = true;

		if (!in(w, c, present) || !alike(w, c, cpu, false))
			continue;
		if (w->ids[c].cluster == FERRY_NONE)
			return FERRY_NONE;
		for (uint32_t k = 0; k < c; k++)
			first &= !in(w, k, present) || !alike(w, k, c, true);
		n += first;
	}
	return n;
}

/* Looked at from some CPUs: it takes long. */
static bool even(const struct world *w, bool present)
{
	for (uint32_t i = 0; i < 6; i++) {
		uint32_t cpu = below(w->cpus), groups, n;
		bool whole;

		if (!in(w, cpu, present))
			continue;
		whole = is_even(w, cpu, present, false, &groups);
		if (count_clusters(w, cpu, present) > groups ? !whole :
							       !is_even(w, cpu, present, true, &n))
			return false;
	}
	return true;
}

/* Other numbers for clusters and cores, the same ones for the same; nodes moved. */
static bool relabelled(const struct world *w)
{
	static struct ferry_topology_cpu ids[FERRY_CPUS_MAX];
	uint32_t x = (uint32_t)next_random(), up = 1 + below(5000);

	for (uint32_t c = 0; c < w->cpus; c++) {
		ids[c] = w->ids[c];
		if (ids[c].node != FERRY_NONE)
			ids[c].node = ids[c].node * 3 + up;
		if (ids[c].cluster != FERRY_NONE)
			ids[c].cluster = (ids[c].cluster ^ x) & 0x7fffffff;
		if (ids[c].core != FERRY_NONE)
			ids[c].core = (ids[c].core * 0x9e3779b1u) & 0x7fffffff;
	}
	return spread_again(w, ids, &w->how, 0x11);
}

static bool differ_in_weight(const struct world *w, bool present)
{
	static uint64_t sums[8000];
	uint32_t n = 0;

	memset(sums, 0, sizeof(sums));
	for (uint32_t c = 0; c < w->cpus; c++)
		if (in(w, c, present))
			sums[w->ids[c].node] += w->how.weights ? w->how.weights[c] : 1;
	for (uint32_t i = 0; i < 8000; i++)
		if (sums[i])
			sums[n++] = sums[i];
	for (uint32_t i = 0; i < n; i++)
		for (uint32_t k = 0; k < i; k++)
			if (sums[i] == sums[k])
				return false;
	return w->groups > n;
}

static bool reordered(const struct world *w)
{
	static struct ferry_topology_cpu ids[FERRY_CPUS_MAX];

	if (!differ_in_weight(w, true) || !differ_in_weight(w, false))
		return true;
	for (uint32_t c = 0; c < w->cpus; c++) {
		ids[c] = w->ids[c];
		if (ids[c].node != FERRY_NONE)
			ids[c].node = 100000 - ids[c].node;
	}
	return spread_again(w, ids, &w->how, 0x22);
}

static bool equal(const struct world *w)
{
	struct ferry_spread how = w->how;

	if (!w->flat)
		return true;
	how.weights = how.weights ? NULL : w->weights;
	return spread_again(w, w->ids, &how, 0x33);
}

/* ---- the map ---------------------------------------------------------------------------- */

/* 3: the same core; 2: cluster; 1: node; 0. */
static int nearness(const struct world *w, uint32_t a, uint32_t b)
{
	const struct ferry_topology_cpu *x = &w->ids[a], *y = &w->ids[b];

	if (a == b)
		return 3;
	if (x->node != y->node)
		return 0;
	if (x->cluster == y->cluster && x->core == y->core && x->core != FERRY_NONE)
		return 3;
	return x->cluster == y->cluster && x->cluster != FERRY_NONE ? 2 : 1;
}

static bool is_near(const struct world *w, uint32_t cpu)
{
	int best = -1, here = -1;

	for (uint32_t g = 0; g < w->groups; g++) {
		if (has(group(w, g), cpu))
			return map[cpu] == g;
		for (uint32_t c = 0; c < w->cpus && g < result.live; c++) {
			int near = has(group(w, g), c) ? nearness(w, cpu, c) : -1;

			best = near > best ? near : best;
			if (g == map[cpu] && near > here)
				here = near;
		}
	}
	return map[cpu] < result.live && here == best;
}

/* Of the CPUs that are served from outside their node, no group has two more than another. */
static bool in_turn(const struct world *w)
{
	static uint32_t served[2000];
	uint32_t least = w->cpus, most = 0;

	memset(served, 0, sizeof(served));
	for (uint32_t c = 0; c < w->cpus; c++) {
		bool outside = w->ids[c].node != FERRY_NONE;

		for (uint32_t k = 0; k < w->cpus && outside; k++)
			outside = w->ids[k].node != w->ids[c].node || !has(group(w, map[c]), k);
		if (outside)
			served[map[c]]++;
	}
	for (uint32_t g = 0; g < result.live; g++) {
		least = served[g] < least ? served[g] : least;
		most = served[g] > most ? served[g] : most;
	}
	return most - least <= 1;
}

static bool mapped(const struct world *w)
{
	struct ferry_topology *t = machine(w->ids, w->cpus, 0x44);

	memset(map, 0x55, sizeof(map));
	if (ferry_spread_map(t, &w->how, got, w->groups, map) != FERRY_OK)
		return false;
	for (uint32_t c = 0; c < w->cpus; c++) {
		if (w->ids[c].node == FERRY_NONE ? map[c] != FERRY_NONE : map[c] >= w->groups)
			return false;
		if (w->ids[c].node != FERRY_NONE && (w->cpus < 150 || below(20) == 0) &&
		    !is_near(w, c))
			return false;
	}
	return map[w->cpus] == 0x55555555 && in_turn(w);
}

/* ---- all of it -------------------------------------------------------------------------- */

static void check(uint32_t number, int what, bool good)
{
	if (good)
		return;
	if (failures[what]++ < 5)
		diag("case %u: not so: %s", number, property[what]);
}

static bool as_model(const struct world *w)
{
	size_t bytes = (size_t)w->groups * w->words * sizeof(*other);

	memset(other, 0, bytes);
	model_spread(w->ids, w->cpus, &w->how, w->groups, other);
	return !memcmp(got, other, bytes);
}

/* True if there was something to spread. */
static bool run(uint32_t number)
{
	static struct world w;
	uint32_t any = 0;
	int rc;

	make_world(&w, number);
	memset(got, 0xee, (size_t)w.groups * w.words * sizeof(*got));
	rc = ferry_spread(machine(w.ids, w.cpus, 0xee), &w.how, w.groups, got, &result);
	for (uint32_t c = 0; c < w.cpus; c++)
		any += in(&w, c, true);
	check(number, REFUSED, rc == (any ? FERRY_OK : FERRY_E_NO_CPU));
	if (rc)
		return false;
	check(number, MODEL, as_model(&w));
	check(number, ONCE, once(&w));
	check(number, COUNTED, counted(&w));
	check(number, LABELS, relabelled(&w));
	check(number, ORDER, reordered(&w));
	check(number, MEMORY, spread_again(&w, w.ids, &w.how, 0));
	check(number, EQUAL, equal(&w));
	for (int present = 0; present < 2; present++) {
		uint32_t nodes = count_nodes(&w, present);

		check(number, PURE, w.groups < nodes || pure(&w, present));
		check(number, EVEN, w.groups <= nodes || even(&w, present));
	}
	check(number, MAP, mapped(&w));
	return true;
}

/* Machines of 4,096 CPUs, against the model. */
static void large(const char *what, uint32_t nodes, bool dealt, uint32_t threads, uint32_t cores,
		  uint32_t groups)
{
	static struct world w;
	const uint32_t cpus = FERRY_CPUS_MAX, apart = cpus / threads;

	memset(&w, 0, sizeof(w));
	w.cpus = cpus;
	w.words = WORDS;
	w.groups = groups;
	for (uint32_t c = 0; c < cpus; c++) {
		uint32_t core = c % apart;

		w.ids[c].node = dealt ? core % nodes : core / (apart / nodes);
		w.ids[c].core = core;
		w.ids[c].cluster = cores ? core / cores : FERRY_NONE;
		if (c % 5)
			put(w.present, c);
	}
	memset(got, 0xee, (size_t)groups * WORDS * sizeof(*got));
	ok(!ferry_spread(machine(w.ids, cpus, 0xee), &w.how, groups, got, &result) &&
		   as_model(&w) && once(&w),
	   "4,096 CPUs, %s", what);
	w.how.present = w.present;
	ok(!ferry_spread(machine(w.ids, cpus, 0xee), &w.how, groups, got, &result) &&
		   as_model(&w) && once(&w),
	   "... some of them absent");
}

int main(int argc, char **argv)
{
	uint32_t from = 1, to = CASES, spread = 0;

	if (argc > 1)
		from = to = (uint32_t)strtoul(argv[1], NULL, 10);
	for (uint32_t n = from; n <= to; n++)
		spread += run(n);
	for (int p = 0; p < PROPERTIES; p++)
		is_u64(failures[p], 0, "%s", property[p]);
	diag("%u machines, %u with something to spread", to - from + 1, spread);
	ok(argc > 1 || spread > 2000, "more than 2,000 machines");
	if (argc == 1) {
		large("a node for each core, two siblings far apart", 2048, false, 2, 0, 4096);
		large("the same, few groups", 2048, false, 2, 0, 100);
		large("64 nodes dealt, four siblings", 64, true, 4, 0, 1000);
		large("one node of clusters", 1, false, 2, 8, 300);
		large("a node for each CPU", 4096, false, 1, 0, 4095);
		large("one node", 1, false, 1, 0, 1);
	}
	return tap_done();
}
