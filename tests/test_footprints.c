/* SPDX-License-Identifier: MIT */
/*
 * Are footprints right? Two labels whose footprints do not meet must lead to the same
 * state in either order, and neither may take the other away. Tried on every pair of
 * labels in states along random schedules: what sleep sets rest on.
 */
#include "check/generate.h"
#include "check/search.h"
#include "sim/virt.h"
#include "tests/tap.h"

#define SCHEDULES 12
#define LONGEST 200

static uint64_t rng = 1, pairs, together;
static uint8_t here[STATE_MOST];
static uint32_t kinds; /* of labels tried */

#define KIND(n) (1u << (n))
/* What a guest does is told apart. */
#define STEP(n) KIND(L_SOFT + 1 + (n))
#define GUEST_KINDS \
	(KIND(L_STEP) | KIND(L_TAKE) | KIND(L_FIRE) | KIND(L_OP) | KIND(L_RECALL) | \
	 KIND(L_ROUTE) | KIND(L_TICK) | KIND(L_SOFT) | STEP(VIRT_ACKNOWLEDGE) | \
	 STEP(VIRT_HANDLER) | STEP(VIRT_INSTRUCTION) | STEP(VIRT_LEAVE) | STEP(VIRT_MAINTAIN))

static uint32_t kind_of(label l)
{
	return label_kind(l) == L_GUEST ? STEP(label_b(l)) : KIND(label_kind(l));
}

static uint32_t below(uint32_t n)
{
	rng = rng * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(rng >> 33) % n;
}

static bool enabled(struct world *w, label l)
{
	label list[WORLD_LABELS];
	uint32_t n = world_labels(w, list), i;

	for (i = 0; i < n; i++)
		if (list[i] == l)
			return true;
	return false;
}

/* Perform both; false: the second can't be, or something is violated. */
static bool both(struct world *w, label a, label b, struct fingerprint *f)
{
	world_load(w, here);
	world_perform(w, a);
	if (w->verdict != CHECK_PASSED || !enabled(w, b))
		return false;
	world_perform(w, b);
	*f = world_hash(w);
	return w->verdict == CHECK_PASSED;
}

static bool meet(struct world *w, label a, label b)
{
	uint64_t reads, writes;

	world_load(w, here);
	world_perform(w, a);
	reads = world_reads(w);
	writes = world_writes(w);
	world_load(w, here);
	world_perform(w, b);
	return (writes & (world_reads(w) | world_writes(w))) || (reads & world_writes(w));
}

static bool try_pair(struct world *w, const char *text, label a, label b)
{
	struct fingerprint f = { 0, 0 }, g = { 0, 0 };
	char one[40], two[40];
	uint32_t grown = w->out.grown;
	bool good, same;

	pairs++;
	kinds |= kind_of(a) | kind_of(b);
	if (meet(w, a, b)) {
		together++;
		return true;
	}
	good = both(w, a, b, &f);
	same = both(w, b, a, &g) == good && f.low == g.low && f.high == g.high;
	/* A word turned out to be shared: steps end elsewhere now. */
	if ((same && good) || grown != w->out.grown)
		return true;
	label_format(a, one, sizeof(one));
	label_format(b, two, sizeof(two));
	diag("%s: %s and %s look independent, and are not", text, one, two);
	return false;
}

static bool try_state(struct world *w, const char *text)
{
	label list[WORLD_LABELS];
	uint32_t n = world_labels(w, list), i, k;
	bool good = true;

	world_save(w, here, sizeof(here));
	for (i = 0; i < n && good; i++)
		for (k = i + 1; k < n && good; k++)
			good = try_pair(w, text, list[i], list[k]);
	world_load(w, here);
	return good;
}

static bool walk(struct world *w, const char *text)
{
	label list[WORLD_LABELS];
	uint32_t n, steps;

	for (steps = 0; steps < LONGEST && (n = world_labels(w, list)) != 0; steps++) {
		if (!try_state(w, text))
			return false;
		world_perform(w, list[below(n)]);
		if (w->verdict != CHECK_PASSED)
			return true;
	}
	return true;
}

static bool try_scenario(const struct scenario *s)
{
	static struct world w;
	static uint8_t start[STATE_MOST];
	char text[SCENARIO_TEXT];
	bool good = true;
	int i;

	scenario_format(s, text);
	if (!world_build(&w, s, &subject_library, true))
		return true;
	world_save(&w, start, sizeof(start));
	for (i = 0; i < SCHEDULES && good; i++) {
		world_load(&w, start);
		good = walk(&w, text);
	}
	world_delete(&w);
	return good;
}

/* One in so many scenarios; labels of these kinds at least have to come. */
static void try_suite(const char *name, uint32_t every, uint32_t most)
{
	struct suite suite;
	uint32_t i, n = 0, bad = 0;

	pairs = together = kinds = 0;
	if (!suite_make(name, &suite))
		bail("no memory");
	for (i = 0; i < suite.n; i += every, n++)
		bad += !try_scenario(&suite.scenario[i]);
	diag("%s: %u scenarios, %llu pairs of labels, %llu of them dependent", name, n,
	     (unsigned long long)pairs, (unsigned long long)together);
	ok(!bad, "%s: labels whose footprints do not meet commute", name);
	ok(together < pairs, "%s: some do not meet", name);
	ok(!(most & ~kinds), "%s: labels of all kinds are tried (lacking: %#x)", name,
	   most & ~kinds);
	suite_free(&suite);
}

int main(void)
{
	try_suite("commit", 13, KIND(L_STEP));
	try_suite("arm", 13, KIND(L_STEP));
	try_suite("vgic", 1, GUEST_KINDS);
	try_suite("vgic-nightly", 5, STEP(VIRT_INSTRUCTION));
	return tap_done();
}
