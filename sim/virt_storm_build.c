/* SPDX-License-Identifier: MIT */
/* virt_storm_build.c: a storm's options, its machine and its guest. */
#include <stdlib.h>
#include "virt_storm_int.h"

#define STACK_BYTES 32768u
#define TOKENS 8192u
#define RECALL_NS 2000u

/* ---- options --------------------------------------------------------------------- */

static uint32_t shared_of(const struct virt_storm_options *o)
{
	return o->linked_edge + o->linked_level + o->virtual_edge + o->virtual_level;
}

static const char *check_numbers(const struct virt_storm_options *o)
{
	uint32_t shared = shared_of(o);

	if (!shared || shared - o->extended > 988 || o->extended > shared || o->extended > 1024)
		return "no interrupts, or more than a GIC has";
	if (o->sgis > 16 || o->timer > VIRT_STORM_INJECTED || o->timer == 2)
		return "more than 16 SGIs, or a timer that can't be given to all vCPUs";
	if (!o->events || !o->period_ns || !o->handler_ns || !o->slice_ns)
		return "no events, or a time that is 0";
	if (o->nested && o->unbinds)
		return "a handler of what is unlinked would end another one that it has preempted";
	return NULL;
}

const char *vstorm_check(const struct virt_storm_options *o)
{
	if (o->cpus < 1 || o->cpus > VSTORM_CPUS || !o->vcpus || o->vcpus > VIRT_VCPUS)
		return "1 .. 8 CPUs, 1 .. 64 vCPUs";
	if (o->gic != 2 && o->gic != 3)
		return "the GIC must be version 2 or 3";
	if (o->guest_gic != 2 && (o->guest_gic != 3 || o->gic != 3))
		return "the guest's must be version 2, or 3 on a GICv3";
	if (o->guest_gic == 2 && (o->vcpus > 8 || o->extended))
		return "a GICv2 has at most 8 vCPUs, and no extended interrupts";
	if (!o->lrs || o->lrs > VIRT_LRS)
		return "1 .. 16 list registers";
	return check_numbers(o);
}

/* ---- building -------------------------------------------------------------------- */

static uint32_t words(uint32_t n)
{
	return (n + 31) / 32 * 32;
}

static uint32_t spis_of(uint32_t n)
{
	return words(n) > 988 ? 988 : words(n);
}

/* The last ones are extended. */
static uint32_t intid_of(const struct vstorm *st, uint32_t src)
{
	uint32_t plain = st->shared - st->o->extended, mixed = (src * 37u + 5) % st->shared;

	/* Neighbours are of different kinds where that is possible. */
	if (st->shared % 37 == 0)
		mixed = src;
	return mixed < plain ? 32 + mixed : FERRY_ESPI_FIRST + mixed - plain;
}

/* What is behind it has another number. */
static uint32_t phys_of(const struct vstorm *st, uint32_t src)
{
	uint32_t n = st->linked - 1 - src;

	if (n < st->phys_espis)
		return FERRY_ESPI_FIRST + n;
	return 32 + n - st->phys_espis;
}

static void size_up(struct vstorm *st)
{
	const struct virt_storm_options *o = st->o;

	st->shared = shared_of(o);
	st->linked = o->linked_edge + o->linked_level;
	st->spis = spis_of(st->shared - o->extended);
	st->espis = words(o->extended);
	st->phys_espis = o->gic == 3 && o->extended ? st->linked / 3 / 32 * 32 : 0;
	st->phys_spis = spis_of(st->linked - st->phys_espis + 1);
}

static struct ferry_vgic_config library_config(struct vstorm *st)
{
	const struct virt_storm_options *o = st->o;
	struct ferry_vgic_config c = { .variant = o->guest_gic == 2 ? &ferry_vgicv2 : &ferry_vgicv3,
				       .hardware = o->gic == 2 ? &ferry_gich : &ferry_ich,
				       .lrs = o->lrs,
				       .vcpus = o->vcpus,
				       .spis = st->spis,
				       .espis = st->espis,
				       .strategy = o->strategy,
				       .flags = o->ask ? FERRY_VGIC_ASK : 0 };

	if (o->guest_gic == 3)
		c.mpidrs = st->affinity;
	if (o->timer) {
		st->timer = (struct ferry_resident){ .intid = VIRT_TIMER_PPI,
						     .phys = VIRT_TIMER_PPI,
						     .scheme = (uint8_t)(o->timer - 1),
						     .timer = 1 };
		c.resident = &st->timer;
		c.nresident = 1;
		c.residents = &ferry_residents;
	}
	return c;
}

static struct sim_config machine_config(struct vstorm *st)
{
	const struct virt_storm_options *o = st->o;
	uint32_t own = o->sgis + (o->timer ? 1 : 0);

	return (struct sim_config){ .cpus = o->cpus,
				    .sources = st->shared + o->vcpus * own,
				    .devices = 1,
				    .seed = o->seed,
				    .storm = true,
				    .gic = o->gic,
				    .gic_slow = o->slow,
				    .weak = o->weak,
				    .mpidrs = st->mpidrs,
				    .spis = st->phys_spis,
				    .espis = st->phys_espis,
				    .recall_ns = RECALL_NS,
				    .ipi_ns = 1000,
				    .virt = true,
				    .vcpus = (uint8_t)o->vcpus,
				    .lrs = o->lrs,
				    .guest_gic = o->guest_gic,
				    .virt_timer = o->timer != 0,
				    .guest_ns = o->handler_ns,
				    .stack = STACK_BYTES,
				    .flights = TOKENS,
				    .client = &vstorm_client };
}

static void wire_shared(struct vstorm *st, uint32_t src)
{
	const struct virt_storm_options *o = st->o;
	struct source *s = &st->m->source[src];
	uint32_t k = src < st->linked ? src : src - st->linked;
	bool level = k >= (src < st->linked ? o->linked_edge : o->virtual_edge);

	s->kind = level ? FERRY_GIC_LEVEL : FERRY_GIC_EDGE;
	s->intid = src < st->linked ? phys_of(st, src) : NONE;
	if (src < st->linked)
		st->m->gic->line[arm_index(st->m, s->intid)].src = src + 1;
	virt_wire(st->m, src, intid_of(st, src), NONE, src < st->linked);
}

static void wire_own(struct vstorm *st, uint32_t src, uint32_t vcpu, uint32_t intid, uint8_t kind)
{
	st->m->source[src].kind = kind;
	st->m->source[src].intid = NONE;
	virt_wire(st->m, src, intid, vcpu, false);
	if (intid == VIRT_TIMER_PPI)
		virt_wire_timer(st->m, src);
}

static void wire(struct vstorm *st)
{
	uint32_t i, n, src = st->shared;

	for (i = 0; i < st->shared; i++)
		wire_shared(st, i);
	for (i = 0; i < st->o->vcpus; i++) {
		for (n = 0; n < st->o->sgis; n++)
			wire_own(st, src++, i, n, FERRY_GIC_EDGE);
		if (st->o->timer)
			wire_own(st, src++, i, VIRT_TIMER_PPI, FERRY_GIC_LEVEL);
	}
	/* A GICv2's SPIs are nobody's until the guest has written their targets. */
	st->m->quiet = true;
	virt_setup(st->m);
	st->m->quiet = false;
}

bool vstorm_build(struct vstorm *st, struct sim_out *out)
{
	struct ferry_vgic_config library;
	struct sim_config config;
	uint32_t i;
	int rc;

	size_up(st);
	for (i = 0; i < st->o->cpus; i++)
		st->mpidrs[i] = i % 4 | (uint64_t)(i / 4) << 8;
	for (i = 0; i < st->o->vcpus; i++)
		st->affinity[i].value = i % 16 | (uint64_t)(i / 16) << 8 | 1u << 16;
	library = library_config(st);
	config = machine_config(st);
	config.library = ferry_vgic_size(&library);
	st->virq = calloc(st->shared, sizeof(*st->virq));
	st->m = st->virq && config.library ? machine_new(&config, out) : NULL;
	if (!st->m) {
		vstorm_fail(st, config.library ? FERRY_E_MEMORY : FERRY_E_INVALID,
			    config.library ? "out of memory" : "the library refuses this guest");
		return false;
	}
	wire(st);
	library.ctx = st->m;
	rc = ferry_vgic_init(&library, st->m->library, config.library, &st->g);
	if (rc != FERRY_OK)
		vstorm_fail(st, rc, "the library refuses this guest");
	return rc == FERRY_OK;
}
