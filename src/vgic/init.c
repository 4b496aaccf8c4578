/* SPDX-License-Identifier: MIT */
/* init.c: memory of a guest. */
#include "vgic/vgic.h"

/* A GICv2 has no ICH_AP0R<n>_EL2, one GICH_APR, and INTIDs of ten bits: not for a GICv3 guest. */
static bool hardware_ok(const struct ferry_vgic_config *k)
{
	if (!k->hardware->ap0)
		return k->variant->version == 2 && k->aprs <= 1;
	return k->aprs <= 2 || k->aprs == 4;
}

static bool config_ok(const struct ferry_vgic_config *k)
{
	if (!k->variant || !k->hardware || !k->lrs || k->lrs > VGIC_LRS || !k->vcpus ||
	    k->vcpus > k->variant->vcpus)
		return false;
	if (k->spis > 988 || (k->spis % 32 && k->spis != 988) || k->espis > 1024 || k->espis % 32)
		return false;
	return k->strategy <= FERRY_MAINTENANCE && !(k->flags & ~FERRY_VGIC_ASK) &&
	       hardware_ok(k) && k->variant->valid(k) &&
	       (!k->nresident || (k->residents && k->residents->valid(k)));
}

/* Takes `bytes` of the block; `base` null: only counts. */
static void *carve(uint8_t *base, size_t *used, size_t bytes)
{
	size_t at = *used;

	*used += (bytes + 7) & ~(size_t)7;
	return base ? base + at : NULL;
}

/* Lays out everything; returns the bytes. `g` null: only counts. */
static size_t lay_out(const struct ferry_vgic_config *k, struct ferry_vgic *g)
{
	struct ferry_vgic none = { .numbers = VGIC_PRIVATE + k->spis + k->espis };
	struct ferry_vgic *to = g ? g : &none;
	uint8_t *base = (uint8_t *)g;
	size_t used = 0, map, n = (size_t)VGIC_PRIVATE * k->vcpus + k->spis + k->espis;

	to->numbers = none.numbers;
	to->words = (to->numbers + 63) / 64 * 2;
	map = (size_t)to->words * sizeof(*g->hints) * k->vcpus;
	(void)carve(base, &used, sizeof(*g));
	to->virqs = carve(base, &used, sizeof(*g->virqs) * n);
	to->vcpus = carve(base, &used, sizeof(*g->vcpus) * k->vcpus);
	to->hints = carve(base, &used, map);
	to->live = carve(base, &used, sizeof(*g->live) * (n + 63) / 32);
	to->mpidrs = carve(base, &used, sizeof(*g->mpidrs) * k->vcpus);
	return used;
}

size_t ferry_vgic_size(const struct ferry_vgic_config *k)
{
	return config_ok(k) ? lay_out(k, NULL) : 0;
}

static void clear(void *memory, size_t size)
{
	uint8_t *at = memory;

	while (size--)
		*at++ = 0;
}

/* SPIs: to vCPU 0 on a GICv3, to nobody on a GICv2. Priority 0 (IHI 0048B 4.1.2). */
static void init_virq(struct ferry_virq *i, uint32_t number, uint32_t target)
{
	i->number = (uint16_t)number;
	i->routed = VGIC_NOWHERE;
	i->target = (uint8_t)target;
	i->source = FERRY_NO_SOURCE;
	i->owner = VGIC_NOBODY;
	i->flags = number < 16 ? VIRQ_EDGE : 0;
}

static void init_guest(struct ferry_vgic *g, const struct ferry_vgic_config *k)
{
	uint32_t shared = VGIC_PRIVATE * k->vcpus, target = k->variant->target(k);

	g->ctx = k->ctx;
	g->variant = k->variant;
	g->hardware = k->hardware;
	g->aprs = k->aprs ? k->aprs : 1;
	g->residents = k->nresident ? k->residents : NULL;
	g->nvcpus = (uint8_t)k->vcpus;
	g->lrs = (uint8_t)k->lrs;
	g->spis = (uint16_t)k->spis;
	g->espis = (uint16_t)k->espis;
	g->strategy = k->strategy;
	g->flags = k->flags;
	for (uint32_t n = 0; n < shared + k->spis + k->espis; n++)
		init_virq(&g->virqs[n], n < shared ? n % VGIC_PRIVATE : n - shared + VGIC_PRIVATE,
			  n < shared ? n / VGIC_PRIVATE : target);
	for (uint32_t n = 0; n < k->vcpus; n++)
		g->vcpus[n].index = n;
	if (g->residents)
		g->residents->init(g, k);
	if (k->variant->init)
		k->variant->init(g, k);
}

int ferry_vgic_init(const struct ferry_vgic_config *config, void *memory, size_t size,
		    struct ferry_vgic **guest)
{
	size_t needed = ferry_vgic_size(config);
	struct ferry_vgic *g = memory;

	if (!needed)
		return FERRY_E_INVALID;
	if (size < needed || !memory)
		return FERRY_E_MEMORY;
	clear(memory, needed);
	lay_out(config, g);
	init_guest(g, config);
	*guest = g;
	return FERRY_OK;
}
