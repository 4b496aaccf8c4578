/* SPDX-License-Identifier: MIT */
/* Which lock guards which memory? Linked only if used. Takes no lock. */
#include "core/guards.h"
#include "x86/x86.h"

#define IN FERRY_GUARD_IN

static struct ferry_guard of_cpu(const struct ferry *f, size_t cpu, size_t offset)
{
	if (IN(offset, ferry_x86_cpu, owned) || IN(offset, ferry_x86_cpu, room))
		return ferry_guard_made(FERRY_GUARD_CELL, ferry_guard_cpu(f, cpu));
	if (IN(offset, ferry_x86_cpu, next))
		return ferry_guard_made(FERRY_GUARD_PLAIN, ferry_guard_cpu(f, cpu));
	if (IN(offset, ferry_x86_cpu, work) || IN(offset, ferry_x86_cpu, rung))
		return ferry_guard_made(FERRY_GUARD_FREE, NULL);
	return ferry_guard_made(FERRY_GUARD_CONST, NULL);
}

struct ferry_guard ferry_x86_guard(const struct ferry *f, const void *address)
{
	const struct ferry_x86 *x = f->x86;
	size_t index, offset;

	if (ferry_guard_find(x->cpus, f->ncpus, sizeof(*x->cpus), address, &index, &offset))
		return of_cpu(f, index, offset);
	if (ferry_guard_find(x->slots, x->stride ? (size_t)f->ncpus * 256 : 256, sizeof(*x->slots),
			     address, &index, &offset))
		return ferry_guard_made(FERRY_GUARD_CELL, ferry_guard_cpu(f, index / 256));
	if (x->rooms && ferry_guard_find(x->units, (f->ncpus + UNIT - 1) / UNIT, sizeof(*x->units),
					 address, &index, &offset))
		/* `reach` and what follows it are constant. */
		return ferry_guard_made(offset >= offsetof(struct ferry_x86_unit, reach) ?
						FERRY_GUARD_CONST :
						FERRY_GUARD_FREE,
					NULL);
	if (ferry_guard_find(x->once, 8, sizeof(*x->once), address, &index, &offset))
		return ferry_guard_made(FERRY_GUARD_FREE, NULL);
	if (x->promises && (ferry_guard_find(x->managed, f->ncpus, sizeof(*x->managed), address,
					     &index, &offset) ||
			    ferry_guard_find(x->shares, (size_t)x->npools * f->ncpus,
					     sizeof(*x->shares), address, &index, &offset)))
		return ferry_guard_made(FERRY_GUARD_FREE, NULL);
	if (x->promises && ferry_guard_find(x->pool_of, x->npools ? f->nirqs : 0,
					    sizeof(*x->pool_of), address, &index, &offset))
		return ferry_guard_made(FERRY_GUARD_PLAIN, &f->irqs[index].lock);
	return ferry_core_guard(f, address);
}
