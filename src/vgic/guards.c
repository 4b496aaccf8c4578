/* SPDX-License-Identifier: MIT */
/* Which lock guards which memory of a virtual GIC? Linked only if used. Takes no lock. */
#include "vgic/vgic.h"

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

/* The word at `offset` is, or begins in, this field. Wraps for those below. */
#define IN(type, field) \
	(offset - offsetof(struct type, field) / 4 * 4 < sizeof(((struct type *)0)->field))

static struct ferry_guard made(enum ferry_guard_kind kind, const ferry_lock *lock)
{
	return (struct ferry_guard){ kind, lock };
}

static struct ferry_guard of_virq(const struct ferry_virq *i, size_t offset)
{
	if (IN(ferry_virq, lock))
		return made(FERRY_GUARD_LOCK, NULL);
	return made(IN(ferry_virq, key) ? FERRY_GUARD_CELL : FERRY_GUARD_PLAIN, &i->lock);
}

/* Between the lock and what its own thread has there are constants and atomics alone. */
static struct ferry_guard of_vcpu(const struct ferry_vcpu *v, size_t offset)
{
	if (IN(ferry_vcpu, lock))
		return made(FERRY_GUARD_LOCK, NULL);
	if (IN(ferry_vcpu, index))
		return made(FERRY_GUARD_CONST, NULL);
	if (offset < offsetof(struct ferry_vcpu, hinted))
		return made(FERRY_GUARD_FREE, NULL);
	if (offset < offsetof(struct ferry_vcpu, timer_cval))
		return made(FERRY_GUARD_OWN, NULL);
	return made(FERRY_GUARD_PLAIN, &v->lock);
}

struct ferry_guard ferry_vgic_guard(const struct ferry_vgic *g, const void *address)
{
	size_t count = (g->nvcpus - 1u) * VGIC_PRIVATE + (size_t)g->numbers;
	size_t hints = (size_t)g->nvcpus * g->words;
	size_t index, offset;

	if (find(g->virqs, count, sizeof(*g->virqs), address, &index, &offset))
		return of_virq(&g->virqs[index], offset);
	if (find(g->vcpus, g->nvcpus, sizeof(*g->vcpus), address, &index, &offset))
		return of_vcpu(&g->vcpus[index], offset);
	if (find(g->hints, hints, sizeof(*g->hints), address, &index, &offset))
		return made(FERRY_GUARD_FREE, NULL);
	/* A word of it has 32 interrupts. */
	if (find(g->live, (count + 31) / 32, sizeof(*g->live), address, &index, &offset))
		return made(FERRY_GUARD_FREE, NULL);
	return made(address == &g->ctlr ? FERRY_GUARD_FREE : FERRY_GUARD_CONST, NULL);
}
