// SPDX-License-Identifier: MIT
/*
 * Our side: the x86 back end's own entry points, as the movement engine calls them, under the
 * interface of peers.h. The interrupt's lock is the engine's and not taken.
 */
#include <irqferry/managed.h>
#include <irqferry/spread.h>
#include "bench/host.h"
#include "bench/peers/ours.h"
#include "bench/peers/peers.h"
#include "x86/x86.h"

static struct ferry *f;
static ferry_set sets[PEERS_MASKS];

struct ferry *peers_machine(uint32_t cpus, uint32_t irqs)
{
	static uint32_t ids[PEERS_CPUS];
	static void *memory;
	struct ferry_x86_config config = {
		.core = { .cpus = cpus, .irqs = irqs, .masks = PEERS_MASKS },
		.flags = FERRY_X86_FENCE_REACHES_IRR | FERRY_X86_EXT_DEST,
		.apic_ids = ids,
		.rooms = &ferry_x86_rooms,
		.promises = &ferry_x86_promises,
		.first_vector = PEERS_FIRST,
		.last_vector = PEERS_LAST,
		.doorbell_vector = BENCH_DOORBELL,
	};
	struct ferry *machine;
	size_t size;

	for (uint32_t c = 0; c < cpus; c++)
		ids[c] = c;
	size = ferry_x86_size(&config);
	free(memory);
	memory = aligned_alloc(64, (size + 63) / 64 * 64);
	if (!size || !memory || ferry_x86_init(&config, memory, size, &machine))
		abort();
	for (uint32_t c = 0; c < cpus; c++)
		if (ferry_cpu_enter(machine, c))
			abort();
	return machine;
}

/* ---- the allocator ---------------------------------------------------------------- */

static void start(unsigned int cpus)
{
	f = peers_machine(cpus, PEERS_SLOTS);
	for (uint32_t n = 0; n < PEERS_SLOTS; n++) {
		f->irqs[n].kind = FERRY_X86_MSIX;
		f->irqs[n].cur = f->irqs[n].old = FERRY_SET_NONE;
	}
	for (uint32_t n = 0; n < PEERS_MASKS; n++)
		sets[n] = FERRY_SET_NONE;
}

static uint64_t copies[PEERS_MASKS][PEERS_WORDS];

static void mask(unsigned int number, const unsigned long *words)
{
	for (uint32_t w = 0; w < PEERS_WORDS; w++)
		copies[number][w] = words[w];
	ferry_set_put(f, sets[number]);
	if (ferry_set_make(f, copies[number], &sets[number]))
		abort();
}

/* A request names a mask that is stored already: it is found, and let go at the end. */
static void prepare(unsigned int number)
{
	ferry_set set;

	if (ferry_set_make(f, copies[number], &set))
		abort();
	ferry_set_put(f, set);
}

static int alloc(unsigned int number, unsigned int slot)
{
	struct ferry_want want = { .set = sets[number], .exclude = FERRY_NONE };
	struct ferry_irq *i = &f->irqs[slot];
	struct ferry_place p;

	if (f->backend->plan(f, i, &want, &p) != FERRY_OK)
		return -1;
	i->cur = p.cpus;
	i->vector = p.vector;
	return (int)p.cpus;
}

/* As the engine leaves a dead interrupt's descriptor. */
static void release(unsigned int slot)
{
	struct ferry_irq *i = &f->irqs[slot];

	i->old = i->cur;
	i->old_vector = i->vector;
	i->cur = FERRY_SET_NONE;
	i->debt = 1;
	if (f->backend->release(f, i, i->old, false) != FERRY_RELEASED)
		abort();
	i->old = FERRY_SET_NONE;
	i->debt = 0;
}

/* ---- promises ------------------------------------------------------------------------ */

/* Of MSI-X, as all here: the descriptor says no more to who counts promises. */
static bool reserve(unsigned int number)
{
	return f->promises->promise(f, &f->irqs[0], sets[number], FERRY_SET_NONE) == FERRY_OK;
}

static void unreserve(unsigned int number)
{
	f->promises->give_up(f, &f->irqs[0], sets[number], FERRY_SET_NONE);
}

static int alloc_managed(unsigned int number, unsigned int slot)
{
	struct ferry_irq *i = &f->irqs[slot];

	i->flags |= FERRY_F_MANAGED;
	i->requested = sets[number];
	return alloc(number, slot);
}

static void release_managed(unsigned int slot)
{
	release(slot);
	f->irqs[slot].flags &= ~(uint32_t)FERRY_F_MANAGED;
}

static unsigned int taken(unsigned int cpu)
{
	uint32_t used, free_;

	ferry_x86_vectors(f, cpu, &used, &free_);
	return PEERS_LAST + 1 - PEERS_FIRST - free_;
}

/* ---- spreading ------------------------------------------------------------------------- */

static struct {
	struct ferry_topology *topology;
	uint32_t words;
	uint64_t *masks;
	uint8_t *kinds;
} spreading;

static void topology(unsigned int cpus, unsigned int node)
{
	static struct ferry_topology_cpu ids[PEERS_CPUS];
	size_t size = ferry_topology_size(cpus);

	for (uint32_t c = 0; c < cpus; c++)
		ids[c] = (struct ferry_topology_cpu){ c / node, FERRY_NONE, c / 2 };
	free(spreading.topology);
	spreading.words = cpus / 64;
	if (ferry_topology_init(ids, cpus, aligned_alloc(64, (size + 63) / 64 * 64), size,
				&spreading.topology))
		abort();
}

/* As Linux: memory for the result, each vector's mask, and whether it is a queue's. */
static void spread(unsigned int groups)
{
	struct ferry_spread_vectors split = { .total = groups };
	struct ferry_spread_result result;

	spreading.masks = calloc(groups, spreading.words * sizeof(uint64_t));
	spreading.kinds = calloc(groups, 1);
	if (ferry_spread_vectors(spreading.topology, NULL, &split, spreading.masks, spreading.kinds,
				 &result))
		abort();
}

static const unsigned long *group(unsigned int g)
{
	return (const unsigned long *)&spreading.masks[g * spreading.words];
}

static void spread_end(void)
{
	free(spreading.masks);
	free(spreading.kinds);
}

const struct peers_side peers_ours = {
	.name = "irqferry",
	.start = start,
	.mask = mask,
	.prepare = prepare,
	.alloc = alloc,
	.release = release,
	.reserve = reserve,
	.unreserve = unreserve,
	.alloc_managed = alloc_managed,
	.release_managed = release_managed,
	.taken = taken,
	.topology = topology,
	.spread = spread,
	.group = group,
	.spread_end = spread_end,
};
