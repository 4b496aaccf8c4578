/* SPDX-License-Identifier: MIT */
/* table.c: open addressing in anonymous memory, which comes zeroed and in large pages. */

#include <sys/mman.h>
#include "table.h"

#define FIRST (1ull << 12)

static struct entry *get(uint64_t size)
{
	void *p = mmap(0, size * sizeof(struct entry), PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED)
		return 0;
	(void)madvise(p, size * sizeof(struct entry), MADV_HUGEPAGE);
	return p;
}

bool table_init(struct table *t)
{
	t->size = FIRST;
	t->used = 0;
	t->entry = get(t->size);
	return t->entry != 0;
}

void table_free(struct table *t)
{
	if (t->entry)
		munmap(t->entry, t->size * sizeof(struct entry));
	t->entry = 0;
	t->used = 0;
}

static struct entry *slot(struct entry *entry, uint64_t size, uint64_t low, uint64_t high)
{
	uint64_t i = low & (size - 1);

	while ((entry[i].low || entry[i].high) && (entry[i].low != low || entry[i].high != high))
		i = (i + 1) & (size - 1);
	return &entry[i];
}

static bool grow(struct table *t)
{
	struct table old = *t;
	uint64_t i;

	t->size *= 4;
	t->entry = get(t->size);
	if (!t->entry) {
		*t = old;
		return false;
	}
	for (i = 0; i < old.size; i++)
		if (old.entry[i].low || old.entry[i].high)
			*slot(t->entry, t->size, old.entry[i].low, old.entry[i].high) =
				old.entry[i];
	munmap(old.entry, old.size * sizeof(struct entry));
	return true;
}

struct entry *table_find(struct table *t, struct fingerprint f, bool *fresh)
{
	struct entry *e;

	f.low += !f.low && !f.high;
	if (2 * t->used >= t->size && !grow(t))
		return 0;
	e = slot(t->entry, t->size, f.low, f.high);
	*fresh = !e->low && !e->high;
	if (*fresh) {
		t->used++;
		e->low = f.low;
		e->high = f.high;
	}
	return e;
}
