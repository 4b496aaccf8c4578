// SPDX-License-Identifier: MIT
/*
 * The Linux side: its entry points under the interface of peers.h, and the variables its files
 * refer to. Compiled with shim.h, against the kernel's headers.
 */
#include <linux/irq.h>
#include <linux/interrupt.h>
#include "bench/peers/lock.h"
#include "bench/peers/peers.h"

#define PEERS_AREA 4096ul

/* What the kernel has elsewhere. */
unsigned int nr_cpu_ids, nr_node_ids;
struct cpumask __cpu_possible_mask, __cpu_present_mask, __cpu_online_mask;
nodemask_t node_states[NR_NODE_STATES];
unsigned long peers_offset[CONFIG_NR_CPUS];
unsigned int peers_this_cpu, peers_node[CONFIG_NR_CPUS];
struct cpumask peers_siblings[CONFIG_NR_CPUS];
cpumask_var_t irq_default_affinity;
const unsigned long cpu_bit_bitmap[BITS_PER_LONG + 1][BITS_TO_LONGS(NR_CPUS)];

void *mmap(void *where, size_t size, int access, int flags, int file, long offset);

static struct irq_matrix *matrix;
static unsigned int vector_lock;
static struct cpumask masks[PEERS_MASKS];
static struct {
	unsigned int cpu, vector;
} slots[PEERS_SLOTS];

/* Per-CPU areas lie PEERS_STRIDE apart, as the kernel's do by their first chunk's size. Made once,
 * handed out from the start again by each machine. */
void *peers_percpu(size_t size)
{
	static char *area;

	BUG_ON(size > PEERS_AREA);
	if (!area)
		area = mmap(NULL, PEERS_STRIDE * PEERS_CPUS, 3, 0x4022, -1, 0);
	BUG_ON(area == (void *)-1l);
	for (unsigned int cpu = 0; cpu < PEERS_CPUS; cpu++) {
		peers_offset[cpu] = cpu * PEERS_STRIDE;
		if (cpu < nr_cpu_ids)
			memset(area + peers_offset[cpu], 0, size);
	}
	return area;
}

static void set_cpus(unsigned int cpus)
{
	nr_cpu_ids = cpus;
	cpumask_clear(&__cpu_possible_mask);
	for (unsigned int cpu = 0; cpu < cpus; cpu++)
		cpumask_set_cpu(cpu, &__cpu_possible_mask);
	cpumask_copy(&__cpu_present_mask, &__cpu_possible_mask);
	cpumask_copy(&__cpu_online_mask, &__cpu_possible_mask);
	cpumask_copy(irq_default_affinity, &__cpu_possible_mask);
}

static void start(unsigned int cpus)
{
	set_cpus(cpus);
	free(matrix);
	matrix = irq_alloc_matrix(IRQ_MATRIX_BITS, PEERS_FIRST, PEERS_LAST + 1);
	for (peers_this_cpu = 0; peers_this_cpu < cpus; peers_this_cpu++)
		irq_matrix_online(matrix);
	peers_this_cpu = 0;
}

static void mask(unsigned int number, const unsigned long *words)
{
	memcpy(&masks[number], words, sizeof(masks[number]));
}

/* As the vector domain does before each allocation. */
static void prepare(unsigned int number)
{
	static struct cpumask search;

	cpumask_and(&search, &masks[number], cpu_online_mask);
}

static int alloc(unsigned int number, unsigned int slot)
{
	int vector;

	peers_lock(&vector_lock);
	vector = irq_matrix_alloc(matrix, &masks[number], false, &slots[slot].cpu);
	peers_unlock(&vector_lock);
	slots[slot].vector = vector;
	return vector < 0 ? -1 : (int)slots[slot].cpu;
}

static void release(unsigned int slot)
{
	peers_lock(&vector_lock);
	irq_matrix_free(matrix, slots[slot].cpu, slots[slot].vector, false);
	peers_unlock(&vector_lock);
}

static bool reserve(unsigned int number)
{
	int rc;

	peers_lock(&vector_lock);
	rc = irq_matrix_reserve_managed(matrix, &masks[number]);
	peers_unlock(&vector_lock);
	return rc == 0;
}

static int alloc_managed(unsigned int number, unsigned int slot)
{
	int vector;

	peers_lock(&vector_lock);
	vector = irq_matrix_alloc_managed(matrix, &masks[number], &slots[slot].cpu);
	peers_unlock(&vector_lock);
	slots[slot].vector = vector;
	return vector < 0 ? -1 : (int)slots[slot].cpu;
}

static void release_managed(unsigned int slot)
{
	peers_lock(&vector_lock);
	irq_matrix_free(matrix, slots[slot].cpu, slots[slot].vector, true);
	peers_unlock(&vector_lock);
}

static void unreserve(unsigned int number)
{
	peers_lock(&vector_lock);
	irq_matrix_remove_managed(matrix, &masks[number]);
	peers_unlock(&vector_lock);
}

/* Promised places count as taken: nobody else gets them. */
static unsigned int taken(unsigned int cpu)
{
	unsigned int free_;

	peers_this_cpu = cpu;
	free_ = irq_matrix_available(matrix, false) - irq_matrix_available(matrix, true);
	peers_this_cpu = 0;
	return PEERS_LAST + 1 - PEERS_FIRST - free_;
}

static struct irq_affinity_desc *spread_result;

static void topology(unsigned int cpus, unsigned int node)
{
	set_cpus(cpus);
	memset(node_states, 0, sizeof(node_states));
	memset(peers_siblings, 0, sizeof(peers_siblings));
	nr_node_ids = (cpus + node - 1) / node;
	for (unsigned int n = 0; n < nr_node_ids; n++)
		node_set(n, node_states[N_POSSIBLE]);
	for (unsigned int cpu = 0; cpu < cpus; cpu++) {
		peers_node[cpu] = cpu / node;
		cpumask_set_cpu(cpu, &peers_siblings[cpu]);
		cpumask_set_cpu(cpu ^ 1, &peers_siblings[cpu]);
	}
}

static void spread(unsigned int groups)
{
	struct irq_affinity how = { 0 };

	spread_result = irq_create_affinity_masks(groups, &how);
}

static const unsigned long *group(unsigned int g)
{
	return cpumask_bits(&spread_result[g].mask);
}

static void spread_end(void)
{
	free(spread_result);
}

const struct peers_side peers_linux = {
	.name = "Linux",
	.start = start,
	.mask = mask,
	.prepare = prepare,
	.alloc = alloc,
	.release = release,
	.reserve = reserve,
	.alloc_managed = alloc_managed,
	.release_managed = release_managed,
	.unreserve = unreserve,
	.taken = taken,
	.topology = topology,
	.spread = spread,
	.group = group,
	.spread_end = spread_end,
};
