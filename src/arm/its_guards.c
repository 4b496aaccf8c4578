/* SPDX-License-Identifier: MIT */
/* Which lock guards which memory of the ITSs? Linked only if used. Takes no lock. */
#include "arm/its.h"
#include "core/guards.h"

#define IN(offset, field) FERRY_GUARD_IN(offset, gic_its, field)

static struct ferry_guard of_its(const struct gic_its *t, size_t offset)
{
	if (IN(offset, lock))
		return ferry_guard_made(FERRY_GUARD_LOCK, NULL);
	if (IN(offset, given) || IN(offset, done))
		return ferry_guard_made(FERRY_GUARD_COUNT, &t->lock);
	if (IN(offset, stalls) || IN(offset, dead))
		return ferry_guard_made(FERRY_GUARD_PLAIN, &t->lock);
	return ferry_guard_made(FERRY_GUARD_CONST, NULL);
}

/* The names of the redistributors are constant, and not looked for. */
bool ferry_its_guard(const struct ferry *f, const void *address, struct ferry_guard *out)
{
	const struct ferry_gic *gic = f->gic;
	size_t index, offset;

	if (!ferry_guard_find(gic->its, gic->nits, sizeof(*gic->its), address, &index, &offset))
		return false;
	*out = of_its(&gic->its[index], offset);
	return true;
}
