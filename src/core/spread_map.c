/* SPDX-License-Identifier: MIT */
/*
 * Which group serves a CPU: its own; for a CPU in no mask the nearest one. Linked only if used.
 */
#include "core/topology.h"

/* A group is named by the first CPU that it serves, its leader: so arrays of CPUs are enough. */
struct served {
	uint16_t *leader; /* of each CPU's own group; FERRY_NO_CPU: it has none */
	uint16_t *list;   /* leaders that serve others of the range at hand */
	uint16_t *at;     /* where a leader is in the list; only if it is there */
	uint64_t *live;   /* leaders of live groups */
};

/* Is one of the masks live? Those present are t->wanted from here on. */
static bool any_live(struct ferry_topology *t, const uint64_t *present, const uint64_t *masks,
		     uint32_t groups)
{
	for (uint32_t w = 0; w < t->words; w++)
		t->wanted[w] = t->mask[w] & (present ? present[w] : ~0ull);
	for (uint32_t g = 0; g < groups; g++)
		for (uint32_t w = 0; w < t->words; w++)
			if (masks[(size_t)g * t->words + w] & t->wanted[w])
				return true;
	return false;
}

/* Group g serves those of its CPUs that no group before it does; returns how many. */
static uint32_t serve_own(struct ferry_topology *t, struct served *s, const uint64_t *mask,
			  uint32_t g, uint32_t *map)
{
	uint32_t leader = FERRY_NO_CPU, n = 0;
	uint64_t live = 0;

	for (uint32_t w = 0; w < t->words; w++) {
		if (!mask[w])
			continue;
		live |= mask[w] & t->wanted[w];
		for (uint64_t b = mask[w] & t->mask[w]; b; b &= b - 1) {
			uint32_t c = w * 64 + (uint32_t)__builtin_ctzll(b);

			if (s->leader[c] != FERRY_NO_CPU)
				continue;
			leader = leader == FERRY_NO_CPU ? c : leader;
			s->leader[c] = (uint16_t)leader;
			map[c] = g;
			n++;
		}
	}
	if (live && n)
		s->live[leader / 64] |= 1ull << leader % 64;
	return n;
}

/* The live groups of the CPUs at positions from .. to-1 serve, in turn, those of them that
 * nobody serves. */
static void serve_others(const struct ferry_topology *t, struct served *s, uint32_t from,
			 uint32_t to, uint32_t *map)
{
	uint32_t n = 0, turn = 0;

	for (uint32_t i = from; i < to; i++) {
		uint32_t l = s->leader[t->order[i]];

		if (l == FERRY_NO_CPU || !(s->live[l / 64] >> l % 64 & 1))
			continue;
		if (s->at[l] < n && s->list[s->at[l]] == l)
			continue;
		s->at[l] = (uint16_t)n;
		s->list[n++] = (uint16_t)l;
	}
	for (uint32_t i = from; n && i < to; i++) {
		uint32_t *group = &map[t->order[i]];

		if (*group != FERRY_NONE)
			continue;
		*group = map[s->list[turn]];
		turn = turn + 1 < n ? turn + 1 : 0;
	}
}

int ferry_spread_map(struct ferry_topology *t, const struct ferry_spread *how,
		     const uint64_t *masks, uint32_t groups, uint32_t *map)
{
	struct served s;
	uint32_t missing;

	if (!t || !masks || !map || !groups || groups > FERRY_IRQS_MAX)
		return FERRY_E_INVALID;
	if (!any_live(t, how ? how->present : NULL, masks, groups))
		return FERRY_E_NO_CPU;
	s = (struct served){ (uint16_t *)t->work, (uint16_t *)t->work + t->cpus,
			     (uint16_t *)t->work + (size_t)2 * t->cpus, t->left };
	for (uint32_t w = 0; w < t->words; w++)
		s.live[w] = 0;
	for (uint32_t c = 0; c < t->cpus; c++) {
		s.leader[c] = FERRY_NO_CPU;
		s.at[c] = 0;
		map[c] = FERRY_NONE;
	}
	missing = t->possible;
	for (uint32_t g = 0; g < groups; g++)
		missing -= serve_own(t, &s, masks + (size_t)g * t->words, g, map);
	for (uint8_t level = FERRY_NEW_CORE; missing && level <= FERRY_NEW_NODE; level++)
		for (uint32_t from = 0, to; from < t->possible; from = to) {
			for (to = from + 1; to < t->possible && t->level[to] < level;)
				to++;
			serve_others(t, &s, from, to, map);
		}
	if (missing)
		serve_others(t, &s, 0, t->possible, map);
	return FERRY_OK;
}
