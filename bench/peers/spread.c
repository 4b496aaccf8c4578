// SPDX-License-Identifier: MIT
/*
 * Spreading: rows as in peers.c, the number of groups in the place of the mask. Nodes of 64 CPUs,
 * or four, two siblings each next to each other.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <valgrind/callgrind.h>
#include "bench/peers/cases.h"

static uint64_t one_row(const struct peers_side *s, uint32_t cpus, uint32_t groups)
{
	uint64_t best = UINT64_MAX, ns;
	char text[12];

	for (uint32_t round = peers_rounds(); round > 0; round--) {
		if (round == 1)
			CALLGRIND_TOGGLE_COLLECT;
		ns = peers_now();
		s->spread(groups);
		ns = peers_now() - ns;
		if (round == 1)
			CALLGRIND_TOGGLE_COLLECT;
		if (ns < best)
			best = ns;
		if (round > 1)
			s->spread_end();
	}
	snprintf(text, sizeof(text), "%u", groups);
	peers_dump("spread", text, cpus, s->name);
	return best;
}

/* Every CPU is in one group. */
static void check(const struct peers_side *s, uint32_t cpus, uint32_t groups)
{
	unsigned long all[PEERS_WORDS] = { 0 };

	for (uint32_t g = 0; g < groups; g++)
		for (uint32_t w = 0; w < cpus / 64; w++) {
			if (all[w] & s->group(g)[w])
				abort();
			all[w] |= s->group(g)[w];
		}
	for (uint32_t w = 0; w < cpus / 64; w++)
		if (all[w] != ~0ul)
			abort();
}

static uint32_t first_of(const unsigned long *group)
{
	uint32_t w = 0;

	while (!group[w])
		w++;
	return w * 64 + (uint32_t)__builtin_ctzl(group[w]);
}

/* Groups of both sides, whatever their number: which of equal nodes comes first is left open by
 * Linux's sort. */
static uint32_t same_groups(uint32_t cpus, uint32_t groups)
{
	const unsigned long *of_cpu[PEERS_CPUS] = { 0 };
	uint32_t same = 0;

	for (uint32_t g = 0; g < groups; g++)
		of_cpu[first_of(peers_ours.group(g))] = peers_ours.group(g);
	for (uint32_t g = 0; g < groups; g++) {
		const unsigned long *theirs = peers_linux.group(g);
		const unsigned long *ours = of_cpu[first_of(theirs)];

		same += ours && !memcmp(ours, theirs, cpus / 8);
	}
	return same;
}

static void rows(uint32_t first_side, uint32_t cpus, uint32_t groups)
{
	const struct peers_side *sides[] = { &peers_linux, &peers_ours };
	uint64_t ns[2];

	for (uint32_t s = first_side; s < 2; s++) {
		if (!sides[s]->spread)
			continue;
		ns[s] = one_row(sides[s], cpus, groups);
		check(sides[s], cpus, groups);
	}
	for (uint32_t s = first_side; s < 2; s++) {
		if (!sides[s]->spread)
			continue;
		printf("spread;%u;%u;%s;1;%.1f;", groups, cpus, sides[s]->name, (double)ns[s]);
		if (first_side == 0 && peers_ours.spread)
			printf("%u;\n", same_groups(cpus, groups));
		else
			printf(";\n");
	}
	for (uint32_t s = first_side; s < 2; s++)
		if (sides[s]->spread)
			sides[s]->spread_end();
}

void peers_spread(uint32_t first_side)
{
	for (uint32_t cpus = 64; cpus <= PEERS_CPUS; cpus *= 4) {
		uint32_t node = cpus / 4 < 64 ? cpus / 4 : 64;

		for (uint32_t s = first_side; s < 2; s++)
			if ((s ? peers_ours : peers_linux).topology)
				(s ? peers_ours : peers_linux).topology(cpus, node);
		for (uint32_t groups = 8; groups <= 1024 && groups <= cpus;
		     groups = groups == 8 ? 64 : groups * 4)
			rows(first_side, cpus, groups);
	}
}
