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
	if ((k->spis != 988 && (k->spis > 960 || k->spis % 32)) || k->espis > k->variant->espis ||
	    k->espis % 32)
		return false;
	return k->strategy <= FERRY_MAINTENANCE && !(k->flags & ~FERRY_VGIC_ASK) &&
	       hardware_ok(k) && (!k->variant->valid || k->variant->valid(k)) &&
	       (!k->nresident || (k->residents && k->residents->valid(k)));
}

/* Takes `bytes` of a block that is free from `at` on. */
static void *carve(uintptr_t *at, size_t bytes)
{
	void *taken = (void *)*at; /* NOLINT(performance-no-int-to-ptr) */

	*at += bytes;
	return taken;
}

/* Lays out a block that begins with `g`, and touches nothing else of it; returns its bytes. The
 * arrays whose elements need most alignment come first, so there are no gaps. */
static size_t lay_out(const struct ferry_vgic_config *k, struct ferry_vgic *g)
{
	uintptr_t at = (uintptr_t)(g + 1);
	size_t before = k->vcpus - 1; /* vCPUs whose private interrupts precede the shared ones */

	g->numbers = VGIC_PRIVATE + k->spis + k->espis;
	g->words = (g->numbers + 31) / 32;
	g->vcpus = carve(&at, sizeof(*g->vcpus) * k->vcpus);
	g->mpidrs = carve(&at, sizeof(*g->mpidrs) * k->vcpus);
	g->virqs = carve(&at, sizeof(*g->virqs) * (before * VGIC_PRIVATE + g->numbers));
	g->hints = carve(&at, sizeof(*g->hints) * g->words * k->vcpus);
	g->live = carve(&at, sizeof(*g->live) * (before + g->words));
	return at - (uintptr_t)g;
}

size_t ferry_vgic_size(const struct ferry_vgic_config *config)
{
	struct ferry_vgic alone;

	return config_ok(config) ? lay_out(config, &alone) : 0;
}

static void clear(void *memory, size_t size)
{
	uint8_t *at = memory;

	while (size--)
		*at++ = 0;
}

/* Where ferry_vgic_virq() finds it: the shared ones follow the last vCPU's. Priority 0 (IHI 0048B
 * 4.1.2). */
static void init_virq(struct ferry_vgic *g, uint32_t index, uint32_t target)
{
	struct ferry_virq *i = &g->virqs[index];
	uint32_t last = g->nvcpus - 1u, vcpu = index / VGIC_PRIVATE;
	uint32_t number = index - (vcpu < last ? vcpu : last) * VGIC_PRIVATE;

	i->number = (uint16_t)number;
	i->routed = VGIC_NOWHERE;
	i->target = (uint8_t)(number < VGIC_PRIVATE ? vcpu : target);
	i->source = FERRY_NO_SOURCE;
	i->owner = VGIC_NOBODY;
	i->flags = number < 16 ? VIRQ_EDGE : 0;
}

static void init_guest(struct ferry_vgic *g, const struct ferry_vgic_config *k)
{
	const struct ferry_vgic_variant *v = k->variant;
	/* A uniprocessor has no targets to choose from (IHI 0048B 4.3.12). */
	uint32_t target = k->vcpus == 1 ? 0 : v->target;

	g->ctx = k->ctx;
	g->variant = v;
	g->hardware = k->hardware;
	g->aprs = k->aprs ? k->aprs : 1;
	g->nvcpus = (uint8_t)k->vcpus;
	g->lrs = (uint8_t)k->lrs;
	g->spis = (uint16_t)k->spis;
	g->espis = (uint16_t)k->espis;
	g->strategy = k->strategy;
	g->flags = k->flags;
	for (uint32_t n = 0; n < k->vcpus; n++)
		g->vcpus[n].index = n;
	for (uint32_t n = 0; n < (k->vcpus - 1) * VGIC_PRIVATE + g->numbers; n++)
		init_virq(g, n, target);
	if (k->nresident) {
		g->residents = k->residents;
		g->residents->init(g, k);
	}
	if (v->init)
		v->init(g, k);
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
