/* SPDX-License-Identifier: MIT */
/* Which lock guards which memory of the ITSs? Linked only if used. Takes no lock. */
#include "arm/its.h"

#define IN(offset, field) \
	((offset)-offsetof(struct gic_its, field) < sizeof(((struct gic_its *)0)->field))

static struct ferry_guard of_its(const struct gic_its *t, size_t offset)
{
	if (IN(offset, lock))
		return (struct ferry_guard){ FERRY_GUARD_LOCK, NULL };
	if (IN(offset, given) || IN(offset, done))
		return (struct ferry_guard){ FERRY_GUARD_COUNT, &t->lock };
	if (IN(offset, stalls) || IN(offset, dead))
		return (struct ferry_guard){ FERRY_GUARD_PLAIN, &t->lock };
	return (struct ferry_guard){ FERRY_GUARD_CONST, NULL };
}

bool ferry_its_guard(const struct ferry *f, const void *address, struct ferry_guard *out)
{
	const struct ferry_gic *gic = f->gic;
	uintptr_t at = (uintptr_t)address, start = (uintptr_t)gic->its;

	/* The names of redistributors lie right behind (its.c, carve): constant. */
	if (!gic->nits || at < start || at - start >= gic->nits * sizeof(*gic->its))
		return false;
	at -= start;
	*out = of_its(&gic->its[at / sizeof(*gic->its)], at % sizeof(*gic->its));
	return true;
}
