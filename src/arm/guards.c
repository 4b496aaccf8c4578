/* SPDX-License-Identifier: MIT */
/* Which lock guards which memory? Linked only if used. Takes no lock. */
#include "core/guards.h"
#include "arm/its.h"

#define IN FERRY_GUARD_IN

/* Its name of its redistributor is constant; the rest is the CPU's own, which is what keeps
 * it from changing. `lpis` shares a word with constants. */
static struct ferry_guard of_cpu(const struct ferry *f, size_t cpu, size_t offset)
{
	if (IN(offset, gic_cpu, mpidr) || IN(offset, gic_cpu, rd))
		return ferry_guard_made(FERRY_GUARD_CONST, NULL);
	return ferry_guard_made(FERRY_GUARD_PUBLISHED, ferry_guard_cpu(f, cpu));
}

/* ferry_irq.rung is a count of the ITS's commands here. */
static bool is_count(const struct ferry *f, const void *address)
{
	size_t index, offset;

	return ferry_guard_find(f->irqs, f->nirqs, sizeof(*f->irqs), address, &index, &offset) &&
	       IN(offset, ferry_irq, rung);
}

struct ferry_guard ferry_gic_guard(const struct ferry *f, const void *address)
{
	const struct ferry_gic *gic = f->gic;
	struct ferry_guard guard;
	size_t index, offset;

	if (ferry_guard_find(gic->cpus, f->ncpus, sizeof(*gic->cpus), address, &index, &offset))
		return of_cpu(f, index, offset);
	/* Each bit, each cell is one interrupt's, a word of bits several's. */
	if (ferry_guard_find(gic->owned, (size_t)f->ncpus * gic->words, sizeof(*gic->owned),
			     address, &index, &offset) ||
	    ferry_guard_find(gic->shared, gic->spis + gic->espis, sizeof(*gic->shared), address,
			     &index, &offset) ||
	    ferry_guard_find(&gic->turn, 1, sizeof(gic->turn), address, &index, &offset))
		return ferry_guard_made(FERRY_GUARD_FREE, NULL);
	if (ferry_guard_find(&gic->registers, 1, sizeof(gic->registers), address, &index, &offset))
		return ferry_guard_made(FERRY_GUARD_LOCK, NULL);
	if (ferry_its_guard(f, address, &guard))
		return guard;
	guard = ferry_core_guard(f, address);
	if (is_count(f, address))
		guard.kind = FERRY_GUARD_COUNT;
	return guard;
}
