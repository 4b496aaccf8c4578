/* SPDX-License-Identifier: MIT */
/* Which lock guards which memory? Linked only if used. Takes no lock. */
#include <irqferry/guards.h>
#include "x86/x86.h"

/* Where in an array does the address lie? False: elsewhere. */
static bool find(const void *array, size_t count, size_t size, const void *address, size_t *index,
		 size_t *offset)
{
	uintptr_t a = (uintptr_t)array, p = (uintptr_t)address;

	if (p < a || p - a >= count * size)
		return false;
	*index = (p - a) / size;
	*offset = (p - a) % size;
	return true;
}

static struct ferry_guard made(enum ferry_guard_kind kind, const ferry_lock *lock)
{
	return (struct ferry_guard){ kind, lock };
}

static bool within(size_t offset, size_t start, size_t size)
{
	return offset >= start && offset - start < size;
}

#define IN(offset, type, field) \
	within(offset, offsetof(struct type, field), sizeof(((struct type *)0)->field))

static struct ferry_guard of_irq(const struct ferry_irq *i, size_t offset)
{
	if (IN(offset, ferry_irq, lock))
		return made(FERRY_GUARD_LOCK, NULL);
	if (IN(offset, ferry_irq, number))
		return made(FERRY_GUARD_CONST, NULL);
	if (IN(offset, ferry_irq, runner))
		return made(FERRY_GUARD_CELL, &i->lock);
	if (IN(offset, ferry_irq, fence_ns))
		return made(FERRY_GUARD_TIME, &i->lock);
	if (IN(offset, ferry_irq, cookie))
		return made(FERRY_GUARD_PUBLISHED, &i->lock);
	return made(FERRY_GUARD_PLAIN, &i->lock);
}

static const ferry_lock *lock_of(const struct ferry *f, size_t cpu)
{
	return &f->cpus[f->one_lock ? 0 : cpu].lock;
}

static struct ferry_guard of_x86_cpu(const struct ferry *f, size_t cpu, size_t offset)
{
	if (IN(offset, ferry_x86_cpu, owned))
		return made(FERRY_GUARD_CELL, lock_of(f, cpu));
	if (IN(offset, ferry_x86_cpu, nfree) || IN(offset, ferry_x86_cpu, next))
		return made(FERRY_GUARD_PLAIN, lock_of(f, cpu));
	if (IN(offset, ferry_x86_cpu, work) || IN(offset, ferry_x86_cpu, rung))
		return made(FERRY_GUARD_FREE, NULL);
	return made(FERRY_GUARD_CONST, NULL);
}

static bool in_masks(const struct ferry *f, const void *address, struct ferry_guard *out)
{
	const struct ferry_mask_pool *p = &f->masks;
	size_t index, offset;

	if (find(p->words, (size_t)p->size * f->nwords, sizeof(*p->words), address, &index,
		 &offset))
		*out = made(FERRY_GUARD_PUBLISHED, &p->lock);
	else if (find(p->entries, p->size, sizeof(*p->entries), address, &index, &offset) ||
		 find(p->buckets, (size_t)p->size + 1, sizeof(*p->buckets), address, &index,
		      &offset) ||
		 find(&p->free, 1, sizeof(p->free), address, &index, &offset))
		*out = made(FERRY_GUARD_PLAIN, &p->lock);
	else if (find(&p->lock, 1, sizeof(p->lock), address, &index, &offset))
		*out = made(FERRY_GUARD_LOCK, NULL);
	else
		return false;
	return true;
}

static bool in_vectors(const struct ferry *f, const void *address, struct ferry_guard *out)
{
	const struct ferry_x86 *x = f->x86;
	size_t index, offset;

	if (find(x->slots, x->stride ? (size_t)f->ncpus * 256 : 256, sizeof(*x->slots), address,
		 &index, &offset))
		*out = made(FERRY_GUARD_CELL, lock_of(f, index / 256));
	else if (find(x->room, f->ncpus, sizeof(*x->room), address, &index, &offset))
		*out = made(FERRY_GUARD_CELL, lock_of(f, index));
	else if (find(x->bounds, f->nwords, sizeof(*x->bounds), address, &index, &offset) ||
		 find(x->once, 8, sizeof(*x->once), address, &index, &offset))
		*out = made(FERRY_GUARD_FREE, NULL);
	else
		return false;
	return true;
}

static bool in_sets(const struct ferry *f, const void *address)
{
	const struct ferry_irqset *sets[] = { &f->used, &f->moving, &f->starved, &f->broken };
	size_t index, offset;

	for (unsigned int s = 0; s < 4; s++)
		if (find(&sets[s]->count, 1, sizeof(ferry_atomic), address, &index, &offset) ||
		    find(sets[s]->words, (f->nirqs + 31) / 32, sizeof(ferry_atomic), address,
			 &index, &offset))
			return true;
	return false;
}

struct ferry_guard ferry_x86_guard(const struct ferry *f, const void *address)
{
	struct ferry_guard g = made(FERRY_GUARD_CONST, NULL);
	size_t index, offset;

	if (find(f->irqs, f->nirqs, sizeof(*f->irqs), address, &index, &offset))
		return of_irq(&f->irqs[index], offset);
	if (find(f->x86->cpus, f->ncpus, sizeof(*f->x86->cpus), address, &index, &offset))
		return of_x86_cpu(f, index, offset);
	if (find(f->cpus, f->ncpus, sizeof(*f->cpus), address, &index, &offset))
		return offset < sizeof(ferry_lock) ? made(FERRY_GUARD_LOCK, NULL) :
						     made(FERRY_GUARD_CELL, lock_of(f, index));
	if (in_sets(f, address))
		return made(FERRY_GUARD_FREE, NULL);
	if (!in_vectors(f, address, &g))
		(void)in_masks(f, address, &g);
	return g;
}
