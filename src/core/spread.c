/* SPDX-License-Identifier: MIT */
/*
 * Spreading: groups of CPUs, one for each vector of a device; and the group of each CPU. Pure,
 * but for the topology's working memory. Linked only if used.
 */
#include "core/topology.h"

/* ---- what is to be spread ------------------------------------------------------------------- */

/* Four, for the bits of a nibble, then a byte, then all bytes: no compiler has to call a
 * function for it. */
static uint32_t count(uint64_t word)
{
	word -= word >> 1 & 0x5555555555555555ull;
	word = (word & 0x3333333333333333ull) + (word >> 2 & 0x3333333333333333ull);
	word = (word + (word >> 4)) & 0x0f0f0f0f0f0f0f0full;
	return (uint32_t)(word * 0x0101010101010101ull >> 56);
}

/* Possible housekeeping CPUs: a word of their mask. */
static uint64_t housekeeping(const struct ferry_topology *t, const struct ferry_spread *how,
			     uint32_t w)
{
	return t->mask[w] & (how->housekeeping ? how->housekeeping[w] : ~0ull);
}

/* Of these CPUs those present, or those not; true if there are any. */
static bool want(struct ferry_topology *t, const struct ferry_spread *how, bool present)
{
	uint64_t any = 0, less = 0;

	for (uint32_t w = 0; w < t->words; w++) {
		uint64_t there = how->present ? how->present[w] : ~0ull;

		t->wanted[w] = housekeeping(t, how, w) & (present ? there : ~there);
		any |= t->wanted[w];
		less |= t->wanted[w] ^ t->mask[w];
	}
	t->all_wanted = !less;
	return any;
}

static bool weights_ok(const struct ferry_topology *t, const uint8_t *weights)
{
	for (uint32_t i = 0; weights && i < t->possible; i++)
		if (!weights[t->order[i]])
			return false;
	return true;
}

/* ---- shares --------------------------------------------------------------------------------- */

/*
 * Units that are to have groups, sorted by what they weigh: weight, index and CPUs in a word,
 * 20, 12 and 13 bits. No weight is above 4,096 * 255, so a share's product stays in 32 bits.
 */
struct units {
	uint64_t *list;
	uint32_t n, cpus, weight;
	bool unknown;
};

_Static_assert((uint64_t)FERRY_CPUS_MAX *FERRY_CPUS_MAX * 255 <= UINT32_MAX, "groups * weight");

static uint32_t unit_index(uint64_t entry)
{
	return (uint32_t)(entry >> 13) & 0xfff;
}

static uint32_t unit_cpus(uint64_t entry)
{
	return (uint32_t)entry & 0x1fff;
}

static uint32_t count_cpus(const struct ferry_topology *t, const struct ferry_unit *u)
{
	uint32_t cpus = 0;

	if (t->all_wanted)
		return u->cpus;
	for (uint32_t p = u->piece; p < (uint32_t)u->piece + u->pieces; p++)
		cpus += count(t->bits[p] & t->wanted[t->word[p]]);
	return cpus;
}

static uint32_t sum_weights(const struct ferry_topology *t, const struct ferry_unit *u,
			    const uint8_t *weights)
{
	uint32_t sum = 0;

	for (uint32_t p = u->piece; p < (uint32_t)u->piece + u->pieces; p++)
		for (uint64_t b = t->bits[p] & t->wanted[t->word[p]]; b; b &= b - 1)
			sum += weights[t->word[p] * 64u + (uint32_t)__builtin_ctzll(b)];
	return sum;
}

/* Those of the units u[0 .. n-1] that have wanted CPUs, small ones first; ties: the first. */
static struct units weigh(const struct ferry_topology *t, const struct ferry_unit *u, uint32_t n,
			  const uint8_t *weights, uint64_t *list)
{
	struct units some = { .list = list };

	for (uint32_t i = 0; i < n; i++) {
		uint32_t cpus = count_cpus(t, &u[i]), weight = cpus;

		if (!cpus)
			continue;
		if (weights)
			weight = sum_weights(t, &u[i], weights);
		list[some.n++] = (uint64_t)weight << 25 | i << 13 | cpus;
		some.cpus += cpus;
		some.weight += weight;
		some.unknown |= (u[i].flags & FERRY_UNIT_UNKNOWN) != 0;
	}
	return some;
}

/*
 * The share of the first one of `some`, which it then leaves: of `groups` that are no fewer than
 * units and no more than CPUs. That stays so for those after it: what weighs least of n has no
 * more than an n-th. The bounds are needed where CPUs do not weigh the same; else it is within.
 */
static uint32_t take_share(struct units *some, uint32_t groups)
{
	uint64_t first = *some->list++;
	uint32_t weight = (uint32_t)(first >> 25), cpus = unit_cpus(first);
	uint32_t share = groups * weight / some->weight;

	some->n--;
	some->weight -= weight;
	some->cpus -= cpus;
	if (share > cpus)
		share = cpus;
	if (share + some->cpus < groups)
		share = groups - some->cpus;
	return share ? share : 1;
}

/* ---- groups --------------------------------------------------------------------------------- */

/* Where results go: `next` is the next group's mask, after the last one the first's. */
struct out {
	uint64_t *first, *next, *end;
	uint32_t words;
};

static uint64_t *next_group(struct out *o)
{
	uint64_t *mask = o->next;

	o->next += o->words;
	if (o->next == o->end)
		o->next = o->first;
	return mask;
}

/* How a unit's CPUs are divided: q groups of `size`, the first `larger` of them have one more. */
struct division {
	uint32_t size, larger, q;
};

static uint32_t next_size(struct division *d)
{
	d->q--;
	if (!d->larger)
		return d->size;
	d->larger--;
	return d->size + 1;
}

/* Groups of one: the lowest CPU left, whose sibling that may be. */
static void divide_singly(const struct ferry_topology *t, const struct ferry_unit *u, struct out *o)
{
	for (uint32_t p = u->piece; p < (uint32_t)u->piece + u->pieces; p++) {
		uint32_t w = t->word[p];

		for (uint64_t b = t->bits[p] & t->wanted[w]; b; b &= b - 1)
			next_group(o)[w] |= b & -b;
	}
}

/* Groups of the lowest CPUs left. `rest` is what is left of a piece. */
static void divide_ascending(const struct ferry_topology *t, const struct ferry_unit *u,
			     struct division d, struct out *o)
{
	uint32_t p = u->piece, end = p + u->pieces, w = t->word[p], here;
	uint64_t rest = t->bits[p] & t->wanted[w], before;

	here = count(rest);
	while (d.q) {
		uint32_t k = next_size(&d);
		uint64_t *mask = next_group(o);

		for (; k >= here; here = count(rest)) {
			mask[w] |= rest;
			k -= here;
			if (++p == end)
				return;
			w = t->word[p];
			rest = t->bits[p] & t->wanted[w];
		}
		here -= k;
		for (before = rest; k; k--)
			rest &= rest - 1;
		mask[w] |= before ^ rest;
	}
}

/* k CPUs: the lowest one left, its siblings that are left, and so on; from the word at *word on,
 * which is moved on past empty ones. */
static void take_cores(const uint16_t *sibling, uint64_t *left, const uint8_t **word, uint32_t k,
		       uint64_t *mask)
{
	while (k) {
		uint32_t w = **word, c;
		uint64_t some = left[w];

		if (!some) {
			++*word;
			continue;
		}
		left[w] = some & (some - 1);
		mask[w] |= some & -some;
		c = sibling[w * 64 + (uint32_t)__builtin_ctzll(some)];
		for (k--; c != FERRY_NO_CPU && k; c = sibling[c]) {
			uint64_t bit = left[c / 64] & 1ull << c % 64;

			left[c / 64] ^= bit;
			mask[c / 64] |= bit;
			k -= bit != 0;
		}
	}
}

static void divide_cores(struct ferry_topology *t, const struct ferry_unit *u, struct division d,
			 struct out *o)
{
	const uint8_t *word = t->word + u->piece;

	for (uint32_t p = u->piece; p < (uint32_t)u->piece + u->pieces; p++)
		t->left[t->word[p]] = t->bits[p] & t->wanted[t->word[p]];
	while (d.q) {
		uint32_t k = next_size(&d);

		take_cores(t->sibling, t->left, &word, k, next_group(o));
	}
}

/* The wanted CPUs of a unit, so many, go to q groups. */
static void divide(struct ferry_topology *t, const struct ferry_unit *u, uint32_t cpus, uint32_t q,
		   struct out *o)
{
	struct division d = { cpus / q, cpus % q, q };

	if (d.size == 1 && !d.larger)
		divide_singly(t, u, o);
	else if (u->flags & FERRY_UNIT_ADJACENT)
		divide_ascending(t, u, d, o);
	else
		divide_cores(t, u, d, o);
}

/* The same for a node: by its clusters, if they are to be looked at. */
static void divide_node(struct ferry_topology *t, const struct ferry_spread *how, uint64_t entry,
			uint32_t q, uint64_t *list, struct out *o)
{
	const struct ferry_unit *node = &t->node[unit_index(entry)];
	struct units some = { .n = 0 };

	if (node->clusters)
		some = weigh(t, &t->cluster[node->cluster], node->clusters, how->weights, list);
	if (some.n < 2 || some.n > q || some.unknown) {
		divide(t, node, unit_cpus(entry), q, o);
		return;
	}
	ferry_sort(some.list, some.n);
	while (some.n) {
		uint64_t first = *some.list;
		uint32_t share = take_share(&some, q);

		q -= share;
		divide(t, &t->cluster[node->cluster + unit_index(first)], unit_cpus(first), share,
		       o);
	}
}

/* No more groups than nodes: some get several. */
static void deal_nodes(struct ferry_topology *t, const struct units *nodes, struct out *o)
{
	for (uint32_t i = 0; i < nodes->n; i++) {
		const struct ferry_unit *u = &t->node[unit_index(nodes->list[i])];
		uint64_t *mask = next_group(o);

		for (uint32_t p = u->piece; p < (uint32_t)u->piece + u->pieces; p++)
			mask[t->word[p]] |= t->bits[p] & t->wanted[t->word[p]];
	}
}

/* The wanted CPUs, from o->next on; returns the number of groups that got some. */
static uint32_t stage(struct ferry_topology *t, const struct ferry_spread *how, uint32_t groups,
		      struct out *o)
{
	struct units nodes = weigh(t, t->node, t->nodes, how->weights, t->work);
	uint32_t left, all = groups < nodes.cpus ? groups : nodes.cpus;

	if (groups <= nodes.n) {
		deal_nodes(t, &nodes, o);
		return groups;
	}
	ferry_sort(nodes.list, nodes.n);
	for (left = all; nodes.n;) {
		uint64_t first = *nodes.list;
		uint32_t share = take_share(&nodes, left);

		left -= share;
		divide_node(t, how, first, share, nodes.list + nodes.n, o);
	}
	return all;
}

static const struct ferry_spread any_cpu;

/* False, and nothing written: no CPU is present. */
static bool spread(struct ferry_topology *t, const struct ferry_spread *how, uint32_t groups,
		   uint64_t *masks, struct ferry_spread_result *r)
{
	struct out o = { masks, masks, masks + (size_t)groups * t->words, t->words };

	if (!want(t, how, true))
		return false;
	__builtin_memset(masks, 0, (size_t)groups * t->words * sizeof(*masks));
	r->live = stage(t, how, groups, &o);
	r->absent = 0;
	if (r->live == groups)
		o.next = o.first;
	if (how->present && want(t, how, false))
		r->absent = stage(t, how, groups, &o);
	if (r->absent > groups - r->live)
		r->absent = groups - r->live;
	r->empty = groups - r->live - r->absent;
	return true;
}

int ferry_spread(struct ferry_topology *t, const struct ferry_spread *how, uint32_t groups,
		 uint64_t *masks, struct ferry_spread_result *result)
{
	if (!how)
		how = &any_cpu;
	if (!t || !masks || !result || !groups || groups > FERRY_IRQS_MAX ||
	    !weights_ok(t, how->weights))
		return FERRY_E_INVALID;
	return spread(t, how, groups, masks, result) ? FERRY_OK : FERRY_E_NO_CPU;
}

/* ---- all vectors of a device ---------------------------------------------------------------- */

/* Takes n from *left, if there are so many. */
static bool take(uint32_t *left, uint32_t n)
{
	if (n > *left)
		return false;
	*left -= n;
	return true;
}

/* *rest: what pre, post and the sets leave over. */
static bool split_ok(const struct ferry_spread_vectors *s, uint32_t *rest)
{
	*rest = s->total;
	if (!s->total || s->total > FERRY_IRQS_MAX || s->sets > FERRY_SPREAD_SETS ||
	    !take(rest, s->pre) || !take(rest, s->post))
		return false;
	for (uint32_t i = 0; i < s->sets; i++)
		if (!take(rest, s->size[i]))
			return false;
	return true;
}

/* The masks of vectors, one after another. */
struct vectors {
	uint64_t *mask;
	uint8_t *kind; /* or null */
};

static void say(struct vectors *v, uint32_t n, enum ferry_vector_kind kind)
{
	if (!v->kind)
		return;
	__builtin_memset(v->kind, (int)kind, n);
	v->kind += n;
}

/* They are for any housekeeping CPU. */
static void plain(const struct ferry_topology *t, const struct ferry_spread *how, struct vectors *v,
		  uint32_t n)
{
	say(v, n, FERRY_VECTOR_PLAIN);
	for (; n; n--)
		for (uint32_t w = 0; w < t->words; w++)
			*v->mask++ = housekeeping(t, how, w);
}

static void one_set(struct ferry_topology *t, const struct ferry_spread *how, struct vectors *v,
		    uint32_t n, struct ferry_spread_result *sum)
{
	struct ferry_spread_result r;

	if (!n || !spread(t, how, n, v->mask, &r))
		return;
	say(v, r.live, FERRY_VECTOR_MANAGED);
	say(v, r.absent, FERRY_VECTOR_ABSENT);
	say(v, r.empty, FERRY_VECTOR_EMPTY);
	v->mask += (size_t)n * t->words;
	sum->live += r.live;
	sum->absent += r.absent;
	sum->empty += r.empty;
}

int ferry_spread_vectors(struct ferry_topology *t, const struct ferry_spread *how,
			 const struct ferry_spread_vectors *split, uint64_t *masks, uint8_t *kinds,
			 struct ferry_spread_result *result)
{
	struct vectors v = { masks, kinds };
	uint32_t rest;

	if (!how)
		how = &any_cpu;
	if (!t || !split || !masks || !result || !weights_ok(t, how->weights) ||
	    !split_ok(split, &rest))
		return FERRY_E_INVALID;
	if (!want(t, how, true))
		return FERRY_E_NO_CPU;
	*result = (struct ferry_spread_result){ 0, 0, 0 };
	plain(t, how, &v, split->pre);
	for (uint32_t i = 0; i < split->sets; i++)
		one_set(t, how, &v, split->size[i], result);
	if (split->sets) {
		__builtin_memset(v.mask, 0, (size_t)rest * t->words * sizeof(*v.mask));
		say(&v, rest, FERRY_VECTOR_EMPTY);
		v.mask += (size_t)rest * t->words;
		result->empty += rest;
	} else {
		one_set(t, how, &v, rest, result);
	}
	plain(t, how, &v, split->post);
	return FERRY_OK;
}

uint32_t ferry_spread_suggest(const struct ferry_topology *t, const struct ferry_spread *how,
			      const struct ferry_spread_vectors *split, uint32_t min, uint32_t max)
{
	uint32_t cpus = 0, left = min, reserved, all;

	if (!t || !split || split->sets > FERRY_SPREAD_SETS || min > max ||
	    !take(&left, split->pre) || !take(&left, split->post))
		return 0;
	for (uint32_t w = 0; w < t->words; w++)
		cpus += count(housekeeping(t, how ? how : &any_cpu, w));
	cpus *= split->sets ? split->sets : 1;
	reserved = min - left;
	all = max - reserved < cpus ? max : reserved + cpus;
	return all > min ? all : min;
}
