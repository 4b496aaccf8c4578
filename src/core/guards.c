/* SPDX-License-Identifier: MIT */
/* Which lock guards which memory? Linked only if used. Takes no lock. */
#include "core/guards.h"

#define IN FERRY_GUARD_IN

bool ferry_guard_find(const void *array, size_t count, size_t size, const void *address,
		      size_t *index, size_t *offset)
{
	uintptr_t a = (uintptr_t)array, p = (uintptr_t)address;

	if (p < a || p - a >= count * size)
		return false;
	*index = (p - a) / size;
	*offset = (p - a) % size;
	return true;
}

static bool one(const void *object, size_t size, const void *address)
{
	size_t index, offset;

	return ferry_guard_find(object, 1, size, address, &index, &offset);
}

static enum ferry_guard_kind kind_of(size_t offset)
{
	if (IN(offset, ferry_irq, runner))
		return FERRY_GUARD_CELL;
	if (IN(offset, ferry_irq, fence_ns))
		return FERRY_GUARD_TIME;
	if (IN(offset, ferry_irq, cookie))
		return FERRY_GUARD_PUBLISHED;
	return FERRY_GUARD_PLAIN;
}

static struct ferry_guard of_irq(const struct ferry_irq *i, size_t offset)
{
	if (IN(offset, ferry_irq, lock))
		return ferry_guard_made(FERRY_GUARD_LOCK, NULL);
	if (IN(offset, ferry_irq, number))
		return ferry_guard_made(FERRY_GUARD_CONST, NULL);
	return ferry_guard_made(kind_of(offset), &i->lock);
}

static struct ferry_guard of_masks(const struct ferry *f, const void *address)
{
	const struct ferry_mask_pool *p = &f->masks;
	size_t buckets = ((size_t)p->size + 1) * sizeof(*p->buckets), index, offset;

	if (one(p->words, (size_t)p->size * f->nwords * sizeof(*p->words), address))
		return ferry_guard_made(FERRY_GUARD_PUBLISHED, &p->lock);
	if (ferry_guard_find(p->entries, p->size, sizeof(*p->entries), address, &index, &offset))
		return ferry_guard_made(IN(offset, ferry_mask_entry, used) ? FERRY_GUARD_PUBLISHED :
									     FERRY_GUARD_PLAIN,
					&p->lock);
	if (one(p->buckets, buckets, address) || one(&p->free, sizeof(p->free), address))
		return ferry_guard_made(FERRY_GUARD_PLAIN, &p->lock);
	return ferry_guard_made(one(&p->lock, sizeof(p->lock), address) ? FERRY_GUARD_LOCK :
									  FERRY_GUARD_CONST,
				NULL);
}

static bool in_sets(const struct ferry *f, const void *address)
{
	const struct ferry_irqset *sets[] = { &f->used, &f->moving, &f->starved, &f->broken };

	for (unsigned int s = 0; s < 4; s++)
		if (one(&sets[s]->count, sizeof(ferry_atomic), address) ||
		    one(sets[s]->words, (f->nirqs + 31) / 32 * sizeof(ferry_atomic), address))
			return true;
	return false;
}

struct ferry_guard ferry_core_guard(const struct ferry *f, const void *address)
{
	size_t index, offset;

	if (ferry_guard_find(f->irqs, f->nirqs, sizeof(*f->irqs), address, &index, &offset))
		return of_irq(&f->irqs[index], offset);
	if (ferry_guard_find(f->cpus, f->ncpus, sizeof(*f->cpus), address, &index, &offset))
		return offset < sizeof(ferry_lock) ?
			       ferry_guard_made(FERRY_GUARD_LOCK, NULL) :
			       ferry_guard_made(FERRY_GUARD_CELL, ferry_guard_cpu(f, index));
	if (in_sets(f, address))
		return ferry_guard_made(FERRY_GUARD_FREE, NULL);
	/* Who leaves, under the host's hotplug lock. */
	if (one(&f->planned, sizeof(f->planned), address) || one(&f->plan, sizeof(void *), address))
		return ferry_guard_made(FERRY_GUARD_OWN, NULL);
	return of_masks(f, address);
}
