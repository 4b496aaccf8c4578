/* SPDX-License-Identifier: MIT */
/*
 * Spreading, case by case: masks by hand, the mistakes of others, isolation, weights, sets, the
 * map, refusals. Random machines are test_spread_random.c's.
 */
#include "tests/spread_machine.h"

static struct ferry_topology_cpu ids[FERRY_CPUS_MAX];
static uint64_t masks[64 * WORDS];
static struct ferry_spread_result got;

/* ---- lists of CPUs, as "0-3,7" -------------------------------------------------------------- */

static void parse(const char *list, uint64_t *mask)
{
	char *end;

	memset(mask, 0, WORDS * sizeof(*mask));
	while (*list >= '0' && *list <= '9') {
		uint32_t from = (uint32_t)strtoul(list, &end, 10), to = from;

		if (*end == '-')
			to = (uint32_t)strtoul(end + 1, &end, 10);
		for (; from <= to; from++)
			put(mask, from);
		list = *end == ',' ? end + 1 : end;
	}
}

/* Groups as "0-1 / 2,5 / -": the first `groups` masks. */
static bool are(const char *want, uint32_t words, uint32_t groups)
{
	uint64_t mask[WORDS];
	bool same = true;

	for (uint32_t g = 0; g < groups; g++) {
		parse(want, mask);
		if (memcmp(mask, masks + (size_t)g * words, words * sizeof(*mask)) != 0) {
			diag("group %u: 0x%" PRIx64 ", not as in %s", g, masks[(size_t)g * words],
			     want);
			same = false;
		}
		want = strchr(want, '/');
		if (!want)
			return same && g + 1 == groups;
		want += 2;
	}
	return false;
}

/* ---- machines ------------------------------------------------------------------------------- */

/* All in node 0, nobody's sibling, no cluster. */
static void plain_machine(uint32_t cpus)
{
	for (uint32_t c = 0; c < cpus; c++)
		ids[c] = (struct ferry_topology_cpu){ 0, FERRY_NONE, FERRY_NONE };
}

/* Nodes of 2, 4 and 6 CPUs. */
static void three_nodes(void)
{
	plain_machine(12);
	for (uint32_t c = 0; c < 12; c++)
		ids[c].node = c < 2 ? 0 : c < 6 ? 1 : 2;
}

static bool spreads(uint32_t cpus, const struct ferry_spread *how, uint32_t groups,
		    const char *want)
{
	struct ferry_topology *t = machine(ids, cpus, 0xa5);

	memset(masks, 0x5a, sizeof(masks));
	return ferry_spread(t, how, groups, masks, &got) == FERRY_OK &&
	       are(want, (cpus + 63) / 64, groups);
}

static bool counts(uint32_t live, uint32_t absent, uint32_t empty)
{
	bool same = got.live == live && got.absent == absent && got.empty == empty;

	if (!same)
		diag("%u live, %u absent, %u empty", got.live, got.absent, got.empty);
	return same;
}

static uint64_t present_mask[WORDS], housekeeping_mask[WORDS];

/* Null: all. */
static struct ferry_spread with(const char *present, const char *housekeeping)
{
	struct ferry_spread how = { NULL, NULL, NULL };

	if (present) {
		parse(present, present_mask);
		how.present = present_mask;
	}
	if (housekeeping) {
		parse(housekeeping, housekeeping_mask);
		how.housekeeping = housekeeping_mask;
	}
	return how;
}

/* ---- known results -------------------------------------------------------------------------- */

static void known(void)
{
	struct ferry_spread how;

	plain_machine(8);
	ok(spreads(8, NULL, 2, "0-3 / 4-7") && counts(2, 0, 0), "8 CPUs, 2 groups");
	ok(spreads(8, NULL, 12, "0 / 1 / 2 / 3 / 4 / 5 / 6 / 7 / - / - / - / -") && counts(8, 0, 4),
	   "8 CPUs, 12 groups: four are empty, and said to be");

	for (uint32_t c = 0; c < 8; c++)
		ids[c].core = c / 2;
	ok(spreads(8, NULL, 3, "0-2 / 3-5 / 6-7"), "siblings (0,1) (2,3) ..");
	for (uint32_t c = 0; c < 8; c++)
		ids[c].core = c % 4;
	ok(spreads(8, NULL, 3, "0-1,4 / 2-3,6 / 5,7"), "siblings (0,4) (1,5) ..: split cores");

	three_nodes();
	ok(spreads(12, NULL, 5, "0-1 / 2-5 / 6-7 / 8-9 / 10-11"), "nodes of 2, 4, 6: 5 groups");
	ok(spreads(12, NULL, 2, "0-1,6-11 / 2-5"), "fewer groups than nodes");
	ok(spreads(12, NULL, 3, "0-1 / 2-5 / 6-11"), "as many groups as nodes");

	plain_machine(128);
	how = with("0", NULL);
	ok(spreads(128, &how, 2, "0,65-127 / 1-64") && counts(1, 1, 0),
	   "128 possible, 1 present: the second group is dead, and said to be");

	plain_machine(8);
	for (uint32_t c = 0; c < 8; c++)
		ids[c].node = c / 4;
	how = with("0-3", NULL);
	ok(spreads(8, &how, 3, "0-1,4-5 / 2,6 / 3,7") && counts(3, 0, 0),
	   "one node of two present");

	plain_machine(16);
	how = with("0-7", NULL);
	ok(spreads(16, &how, 4, "0-1,8-9 / 2-3,10-11 / 4-5,12-13 / 6-7,14-15"),
	   "half of 16 present");

	plain_machine(6);
	how = with("0-3", NULL);
	ok(spreads(6, &how, 4, "0,4 / 1,5 / 2 / 3"), "4 of 6 present");
}

static void known_clusters(void)
{
	plain_machine(40);
	ok(spreads(40, NULL, 11,
		   "0-3 / 4-7 / 8-11 / 12-15 / 16-19 / 20-23 / 24-27 / 28-30 / 31-33 / 34-36 / "
		   "37-39"),
	   "40 CPUs, 11 groups");
	for (uint32_t c = 0; c < 40; c++)
		ids[c].cluster = c / 4;
	/* Ten clusters, eleven groups: as they come each gets one, the last two. */
	ok(spreads(40, NULL, 11,
		   "0-3 / 4-7 / 8-11 / 12-15 / 16-19 / 20-23 / 24-27 / 28-31 / 32-35 / 36-37 / "
		   "38-39"),
	   "the same with clusters of 4: no group has CPUs of two");
	ok(spreads(40, NULL, 5, "0-7 / 8-15 / 16-23 / 24-31 / 32-39"),
	   "fewer groups than clusters: not looked at");
	ids[5].cluster = FERRY_NONE;
	ok(spreads(40, NULL, 11,
		   "0-3 / 4-7 / 8-11 / 12-15 / 16-19 / 20-23 / 24-27 / 28-30 / 31-33 / 34-36 / "
		   "37-39"),
	   "one CPU's cluster is not known: none is looked at");
	struct ferry_spread how = with(NULL, "0-4,6-39");
	ok(spreads(40, &how, 10,
		   "4,6-7 / 0-3 / 8-11 / 12-15 / 16-19 / 20-23 / 24-27 / 28-31 / 32-35 / 36-39"),
	   "... unless that CPU is not spread");
}

/* ---- mistakes of others --------------------------------------------------------------------- */

static void mistakes(void)
{
	struct ferry_topology *t;
	struct ferry_spread how;

	/* An equal share per node gives small ones more groups than CPUs, and large ones too few.
	 * */
	plain_machine(16);
	for (uint32_t c = 0; c < 16; c++)
		ids[c].node = c < 2 ? 0 : 1;
	ok(spreads(16, NULL, 8, "0-1 / 2-3 / 4-5 / 6-7 / 8-9 / 10-11 / 12-13 / 14-15") &&
		   counts(8, 0, 0),
	   "a small node gets no more groups than it has CPUs for");

	/* Nodes of one size: ties by id, whatever they are called. */
	for (uint32_t c = 0; c < 16; c++)
		ids[c].node = 100 - 7 * (c / 4);
	ok(spreads(16, NULL, 8, "12-13 / 14-15 / 8-9 / 10-11 / 4-5 / 6-7 / 0-1 / 2-3"),
	   "equal nodes: in the order of their ids");

	/* Poll queues: a set without vectors. */
	t = machine(ids, 16, 0);
	struct ferry_spread_vectors none = { .total = 3, .pre = 1, .sets = 2, .size = { 2, 0 } };
	uint8_t kinds[3];
	is_int(ferry_spread_vectors(t, NULL, &none, masks, kinds, &got), FERRY_OK, "an empty set");
	ok(are("0-15 / 4-7,12-15 / 0-3,8-11", 1, 3) && counts(2, 0, 0), "... has no vectors");
	none = (struct ferry_spread_vectors){ .total = 3, .pre = 3 };
	ok(ferry_spread_vectors(t, NULL, &none, masks, kinds, &got) == FERRY_OK &&
		   counts(0, 0, 0) && are("0-15 / 0-15 / 0-15", 1, 3),
	   "nothing between pre and post");

	/* There is no lock against a CPU that comes meanwhile: seen or not, it is in a mask. */
	plain_machine(8);
	how = with("0-3", NULL);
	ok(spreads(8, &how, 8, "0 / 1 / 2 / 3 / 4 / 5 / 6 / 7") && counts(4, 4, 0),
	   "more groups than CPUs present: the others are absent");
	how = with("0-4", NULL);
	ok(spreads(8, &how, 8, "0 / 1 / 2 / 3 / 4 / 5 / 6 / 7") && counts(5, 3, 0),
	   "... one more of them is there");
}

/* ---- isolation, weights ---------------------------------------------------------------------- */

static void isolated(void)
{
	struct ferry_spread how;

	three_nodes();
	how = with(NULL, "0,2-3,6-8");
	ok(spreads(12, &how, 3, "0 / 2-3 / 6-8"), "isolated CPUs are in no mask");
	ok(spreads(12, &how, 8, "0 / 2 / 3 / 6 / 7 / 8 / - / -") && counts(6, 0, 2),
	   "more groups than housekeeping CPUs");
	how = with("0-5", "0,2,9-11");
	ok(spreads(12, &how, 2, "0,9-10 / 2,11") && counts(2, 0, 0), "... and not all present");
	how = with("0-5", "6-11");
	ok(ferry_spread(machine(ids, 12, 1), &how, 2, masks, &got) == FERRY_E_NO_CPU,
	   "no housekeeping CPU is present");
}

static void weighted(void)
{
	struct ferry_spread how = { NULL, NULL, NULL };
	uint8_t weights[40];

	plain_machine(16);
	for (uint32_t c = 0; c < 16; c++)
		ids[c].node = c / 8;
	memset(weights, 1, sizeof(weights));
	how.weights = weights;
	ok(spreads(16, &how, 4, "0-3 / 4-7 / 8-11 / 12-15"), "weights that are the same");
	memset(weights, 3, 8);
	ok(spreads(16, &how, 4, "8-15 / 0-2 / 3-5 / 6-7"),
	   "a node that weighs three times as much");
	memset(weights, 255, 8);
	ok(spreads(16, &how, 12, "8-9 / 10-11 / 12-13 / 14-15 / 0 / 1 / 2 / 3 / 4 / 5 / 6 / 7") &&
		   counts(12, 0, 0),
	   "... no more groups than it has CPUs");
	weights[3] = 0;
	ok(ferry_spread(machine(ids, 16, 1), &how, 4, masks, &got) == FERRY_E_INVALID,
	   "a weight of 0");
	ids[3].node = FERRY_NONE;
	ok(spreads(16, &how, 3, "8-15 / 0-2,4 / 5-7"), "... of a CPU that there is not");

	/* A node of two clusters, of big and little CPUs. */
	plain_machine(8);
	for (uint32_t c = 0; c < 8; c++) {
		ids[c].cluster = 9 - c / 4;
		weights[c] = c < 4 ? 40 : 10;
	}
	ok(spreads(8, &how, 5, "4-7 / 0 / 1 / 2 / 3"), "a cluster of CPUs that weigh more");

	/* The largest product: all CPUs, all weights. */
	static uint8_t most[FERRY_CPUS_MAX];
	uint64_t *all = calloc(FERRY_CPUS_MAX, WORDS * sizeof(*all));
	uint32_t bad = 0;

	plain_machine(FERRY_CPUS_MAX);
	memset(most, 255, sizeof(most));
	how.weights = most;
	is_int(ferry_spread(machine(ids, FERRY_CPUS_MAX, 1), &how, FERRY_CPUS_MAX, all, &got), 0,
	       "4,096 groups of 4,096 CPUs that weigh 255");
	for (uint32_t c = 0; c < FERRY_CPUS_MAX; c++)
		bad += !has(all + (size_t)c * WORDS, c);
	ok(!bad && counts(FERRY_CPUS_MAX, 0, 0), "... one each");
	free(all);
}

/* ---- the map ---------------------------------------------------------------------------- */

static uint32_t map[FERRY_CPUS_MAX];

static bool maps(struct ferry_topology *t, const struct ferry_spread *how, uint32_t groups,
		 const uint32_t *want, uint32_t cpus)
{
	bool same = true;

	memset(map, 0x33, sizeof(map));
	if (ferry_spread_map(t, how, masks, groups, map) != FERRY_OK)
		return false;
	for (uint32_t c = 0; c < cpus; c++) {
		if (map[c] == want[c])
			continue;
		diag("CPU %u: group %u, not %u", c, map[c], want[c]);
		same = false;
	}
	return same;
}

#define NONE FERRY_NONE

static void mapped(void)
{
	struct ferry_topology *t;
	struct ferry_spread how = { NULL, NULL, NULL };

	three_nodes();
	ids[4].node = NONE;
	t = machine(ids, 12, 0xff);
	is_int(ferry_spread(t, NULL, 3, masks, &got), FERRY_OK, "three nodes, CPU 4 is none");
	ok(maps(t, NULL, 3, (uint32_t[]){ 0, 0, 1, 1, NONE, 1, 2, 2, 2, 2, 2, 2 }, 12),
	   "each CPU has its own group");

	/* Siblings (c, c+8); clusters of 0-3, 8-11 and 4-7, 12-15 in node 0; node 1: 16-19. */
	plain_machine(20);
	for (uint32_t c = 0; c < 16; c++)
		ids[c] = (struct ferry_topology_cpu){ 0, c % 8 / 4, c % 4 };
	for (uint32_t c = 16; c < 20; c++)
		ids[c].node = 1;
	t = machine(ids, 20, 0xff);
	how = with(NULL, "0,1,4");
	is_int(ferry_spread(t, &how, 3, masks, &got), FERRY_OK, "three housekeeping CPUs of 20");
	ok(are("4 / 0 / 1", 1, 3), "... a group each");
	ok(maps(t, &how, 3,
		(uint32_t[]){ 1, 2, 1, 1, 0, 0, 0, 0, 1, 2, 2, 2, 0, 0, 0, 0, 1, 2, 0, 1 }, 20),
	   "isolated ones: by core, cluster, node, then in turn");

	/* The same, but CPUs 0 and 8 are not there: a group that is absent serves only its own. */
	how = with("1-7,9-19", "0,1,4");
	is_int(ferry_spread(t, &how, 3, masks, &got), FERRY_OK, "one of them absent");
	ok(are("1 / 4 / 0", 1, 3) && counts(2, 1, 0), "... the last group's");
	ok(maps(t, &how, 3,
		(uint32_t[]){ 2, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1, 0, 1, 0, 1 }, 20),
	   "an absent group serves nobody but its own CPU");

	/* Masks that somebody else made: overlapping, one of them of CPUs that are none. */
	parse("0-1", masks);
	parse("1-2,40", masks + 1);
	masks[2] = 0;
	how = with(NULL, NULL);
	three_nodes();
	t = machine(ids, 12, 0xff);
	ok(maps(t, &how, 3, (uint32_t[]){ 0, 0, 1, 1, 1, 1, 0, 1, 0, 1, 0, 1 }, 12),
	   "a CPU in two masks has the first group");
	masks[0] = masks[1] = 1ull << 40;
	is_int(ferry_spread_map(t, &how, masks, 3, map), FERRY_E_NO_CPU, "no group is live");
	is_u64(map[0], 0, "... nothing written");
	is_int(ferry_spread_map(t, &how, masks, 0, map), FERRY_E_INVALID, "no groups");
	is_int(ferry_spread_map(t, &how, masks, FERRY_IRQS_MAX + 1, map), FERRY_E_INVALID,
	       "too many groups");
	ok(ferry_spread_map(NULL, &how, masks, 1, map) == FERRY_E_INVALID &&
		   ferry_spread_map(t, &how, NULL, 1, map) == FERRY_E_INVALID &&
		   ferry_spread_map(t, &how, masks, 1, NULL) == FERRY_E_INVALID,
	   "the map: null pointers");
}

/* CPUs whose cluster is not known are no cluster: they turn to their node. */
static void mapped_unknown(void)
{
	struct ferry_topology *t;
	struct ferry_spread how;

	plain_machine(6);
	ids[0].cluster = ids[1].cluster = 7;
	t = machine(ids, 6, 0);
	how = with(NULL, "0,2");
	is_int(ferry_spread(t, &how, 2, masks, &got), FERRY_OK, "two housekeeping CPUs of 6");
	ok(maps(t, &how, 2, (uint32_t[]){ 0, 0, 1, 0, 1, 0 }, 6), "clusters that are not known");
}

/* ---- vectors ---------------------------------------------------------------------------- */

static void vectors(void)
{
	struct ferry_topology *t;
	struct ferry_spread how = with("0-3", NULL);
	struct ferry_spread_vectors s = { 12, 1, 1, 2, { 6, 3 } };
	static const uint8_t want[] = { 0, 1, 1, 1, 1, 2, 2, 1, 1, 1, 3, 0 };
	uint8_t kinds[12];

	plain_machine(6);
	t = machine(ids, 6, 0x77);
	memset(masks, 0x99, sizeof(masks));
	is_int(ferry_spread_vectors(t, &how, &s, masks, kinds, &got), FERRY_OK,
	       "two sets, and a vector left over");
	ok(are("0-5 / 0 / 1 / 2 / 3 / 4 / 5 / 0-1,4 / 2,5 / 3 / - / 0-5", 1, 12), "masks");
	ok(!memcmp(kinds, want, sizeof(want)) && counts(7, 2, 1), "kinds");
	is_int(ferry_spread_vectors(t, &how, &s, masks, NULL, &got), FERRY_OK,
	       "kinds not asked for");
	ok(are("0-5 / 0 / 1 / 2 / 3 / 4 / 5 / 0-1,4 / 2,5 / 3 / - / 0-5", 1, 12), "the same masks");

	how = with(NULL, "2-5");
	s = (struct ferry_spread_vectors){ .total = 7, .pre = 1 };
	is_int(ferry_spread_vectors(t, &how, &s, masks, kinds, &got), FERRY_OK,
	       "one set of the rest");
	ok(are("2-5 / 2 / 3 / 4 / 5 / - / -", 1, 7) && counts(4, 0, 2),
	   "isolated CPUs are in no mask, more vectors than CPUs are said");
	ok(kinds[0] == FERRY_VECTOR_PLAIN && kinds[4] == FERRY_VECTOR_MANAGED &&
		   kinds[6] == FERRY_VECTOR_EMPTY,
	   "... in their kinds too");
}

static void vectors_refused(void)
{
	struct ferry_topology *t = (plain_machine(6), machine(ids, 6, 0x77));
	struct ferry_spread how = { NULL, NULL, NULL };
	static const struct ferry_spread_vectors bad[] = {
		{ 0, 0, 0, 0, { 0 } },
		{ FERRY_IRQS_MAX + 1, 0, 0, 0, { 0 } },
		{ 8, 9, 0, 0, { 0 } },
		{ 8, 4, 5, 0, { 0 } },
		{ 8, 0xffffffff, 2, 0, { 0 } },
		{ 8, 1, 1, 2, { 4, 3 } },
		{ 8, 1, 1, 2, { 0xffffffff, 2 } },
		{ 8, 0, 0, FERRY_SPREAD_SETS + 1, { 1, 1, 1, 1 } },
	};
	struct ferry_spread_vectors good = { 8, 1, 1, 4, { 1, 2, 2, 1 } };
	uint8_t weights[6] = { 1, 1, 0, 1, 1, 1 };

	memset(masks, 0x99, sizeof(masks));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		is_int(ferry_spread_vectors(t, NULL, &bad[i], masks, NULL, &got), FERRY_E_INVALID,
		       "vectors that do not fit: %zu", i);
	ok(ferry_spread_vectors(NULL, NULL, &good, masks, NULL, &got) == FERRY_E_INVALID &&
		   ferry_spread_vectors(t, NULL, NULL, masks, NULL, &got) == FERRY_E_INVALID &&
		   ferry_spread_vectors(t, NULL, &good, NULL, NULL, &got) == FERRY_E_INVALID &&
		   ferry_spread_vectors(t, NULL, &good, masks, NULL, NULL) == FERRY_E_INVALID,
	   "vectors: null pointers");
	how.weights = weights;
	is_int(ferry_spread_vectors(t, &how, &good, masks, NULL, &got), FERRY_E_INVALID,
	       "vectors: a weight of 0");
	how = with("", NULL);
	is_int(ferry_spread_vectors(t, &how, &good, masks, NULL, &got), FERRY_E_NO_CPU,
	       "vectors: no CPU is present");
	is_u64(masks[0], 0x9999999999999999, "... nothing written");
	is_int(ferry_spread_vectors(t, NULL, &good, masks, NULL, &got), FERRY_OK,
	       "four sets that fit");
	ok(are("0-5 / 0-5 / 0-2 / 3-5 / 0-2 / 3-5 / 0-5 / 0-5", 1, 8), "... their masks");
}

static uint32_t suggest(struct ferry_topology *t, uint32_t sets, uint32_t pre, uint32_t min,
			uint32_t max)
{
	struct ferry_spread how = with("0-2", "0-4");
	struct ferry_spread_vectors s = { .sets = sets, .pre = pre, .post = pre };

	return ferry_spread_suggest(t, &how, &s, min, max);
}

static void suggested(void)
{
	struct ferry_topology *t = (plain_machine(6), machine(ids, 6, 0x77));

	is_u64(suggest(t, 0, 1, 3, 64), 7, "a vector for each housekeeping CPU");
	is_u64(suggest(t, 1, 1, 3, 64), 7, "the same as one set");
	is_u64(suggest(t, 2, 1, 3, 64), 12, "... for each of two sets");
	is_u64(suggest(t, 0, 1, 3, 5), 5, "no more than there are");
	is_u64(suggest(t, 0, 1, 20, 64), 20, "no fewer than needed");
	is_u64(suggest(t, 0, 2, 3, 64), 0, "needed are fewer than pre and post");
	is_u64(suggest(t, 0, 0x80000000, 3, 64), 0, "... far fewer");
	is_u64(suggest(t, 0, 1, 9, 8), 0, "more are needed than there are");
	is_u64(suggest(t, 5, 1, 3, 64), 0, "too many sets");
	is_u64(suggest(t, 4, 0, 0, 0xffffffff), 20, "nothing is needed");
	struct ferry_spread_vectors s = { .total = 0 };
	is_u64(ferry_spread_suggest(t, NULL, &s, 1, 64), 6, "all are housekeeping CPUs");
	ok(!ferry_spread_suggest(NULL, NULL, &s, 1, 64) &&
		   !ferry_spread_suggest(t, NULL, NULL, 1, 64),
	   "suggestions: null pointers");
}

/* ---- refusals --------------------------------------------------------------------------- */

static void refused(void)
{
	static uint64_t memory[8192];
	struct ferry_topology *t = NULL;
	struct ferry_spread how;
	size_t size = ferry_topology_size(8);

	plain_machine(8);
	ok(!ferry_topology_size(0) && !ferry_topology_size(FERRY_CPUS_MAX + 1), "no size");
	is_int(ferry_topology_init(ids, 0, memory, sizeof(memory), &t), FERRY_E_INVALID, "no CPUs");
	is_int(ferry_topology_init(ids, FERRY_CPUS_MAX + 1, memory, sizeof(memory), &t),
	       FERRY_E_INVALID, "too many CPUs");
	is_int(ferry_topology_init(ids, 8, memory, size - 1, &t), FERRY_E_MEMORY, "a byte too few");
	ok(ferry_topology_init(NULL, 8, memory, size, &t) == FERRY_E_INVALID &&
		   ferry_topology_init(ids, 8, NULL, size, &t) == FERRY_E_INVALID &&
		   ferry_topology_init(ids, 8, memory, size, NULL) == FERRY_E_INVALID,
	   "the topology: null pointers");
	for (uint32_t c = 0; c < 8; c++)
		ids[c].node = FERRY_NONE;
	is_int(ferry_topology_init(ids, 8, memory, size, &t), FERRY_E_NO_CPU, "no CPU is possible");
	ids[5].node = 0xfffffffe;
	memset(memory, 0, sizeof(memory));
	is_int(ferry_topology_init(ids, 8, memory, size, &t), FERRY_OK, "one is");
	is_u64(((uint8_t *)memory)[size], 0, "nothing is written behind the topology");

	memset(masks, 0x99, sizeof(masks));
	is_int(ferry_spread(t, NULL, 0, masks, &got), FERRY_E_INVALID, "no groups");
	is_int(ferry_spread(t, NULL, FERRY_IRQS_MAX + 1, masks, &got), FERRY_E_INVALID,
	       "too many groups");
	ok(ferry_spread(NULL, NULL, 1, masks, &got) == FERRY_E_INVALID &&
		   ferry_spread(t, NULL, 1, NULL, &got) == FERRY_E_INVALID &&
		   ferry_spread(t, NULL, 1, masks, NULL) == FERRY_E_INVALID,
	   "groups: null pointers");
	how = with("0-4,6-7", NULL);
	is_int(ferry_spread(t, &how, 1, masks, &got), FERRY_E_NO_CPU, "no possible CPU is present");
	is_u64(masks[0], 0x9999999999999999, "... nothing written");
	is_int(ferry_spread(t, NULL, 1, masks, &got), FERRY_OK, "one group");
	ok(masks[0] == 1 << 5 && masks[1] == 0x9999999999999999, "... its mask and no more");
}

int main(void)
{
	known();
	known_clusters();
	mistakes();
	isolated();
	weighted();
	mapped();
	mapped_unknown();
	vectors();
	vectors_refused();
	suggested();
	refused();
	return tap_done();
}
