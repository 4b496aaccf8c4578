// SPDX-License-Identifier: MIT
/*
 * spread groups|map|init <cpus> <groups> near|far|dealt: one such call, counted, on nodes of 64
 * CPUs (or four), cores of two. Siblings are next to each other (near), half a machine apart, as
 * on x86 (far), or that and CPUs dealt to the nodes in turn (dealt).
 */
#include <irqferry/spread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <valgrind/callgrind.h>

static struct ferry_topology_cpu ids[FERRY_CPUS_MAX];

static void place(uint32_t cpus, const char *layout)
{
	uint32_t size = cpus / 4 < 64 ? cpus / 4 : 64, half = cpus / 2, nodes = cpus / size;

	for (uint32_t c = 0; c < cpus; c++) {
		uint32_t core = !strcmp(layout, "near") ? c / 2 : c % half;

		ids[c].core = core;
		ids[c].cluster = FERRY_NONE;
		ids[c].node = !strcmp(layout, "dealt") ? core % nodes : core / (size / 2);
	}
}

int main(int argc, char **argv)
{
	uint32_t cpus = argc > 2 ? (uint32_t)atoi(argv[2]) : 0;
	uint32_t groups = argc > 3 ? (uint32_t)atoi(argv[3]) : 0;
	size_t size = ferry_topology_size(cpus);
	struct ferry_spread_result result;
	struct ferry_topology *t = NULL;
	bool init = argc > 1 && !strcmp(argv[1], "init"), map = argc > 1 && !strcmp(argv[1], "map");
	uint64_t *masks;
	int rc;

	if (argc != 5 || cpus < 16 || !size || !groups || groups > FERRY_IRQS_MAX)
		return 2;
	masks = calloc(groups, (cpus + 63) / 64 * sizeof(*masks));
	place(cpus, argv[4]);
	if (init)
		CALLGRIND_TOGGLE_COLLECT;
	rc = ferry_topology_init(ids, cpus, malloc(size), size, &t);
	if (!map)
		CALLGRIND_TOGGLE_COLLECT;
	if (!init && !rc)
		rc = ferry_spread(t, NULL, groups, masks, &result);
	CALLGRIND_TOGGLE_COLLECT;
	if (map && !rc)
		rc = ferry_spread_map(t, NULL, masks, groups, malloc(cpus * sizeof(uint32_t)));
	return rc != 0;
}
