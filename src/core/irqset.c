/* SPDX-License-Identifier: MIT */
/* Sets of interrupts that want attention: a bit each, and how many there are. */
#include "core/core.h"

bool ferry_bit(struct ferry *f, ferry_atomic *words, uint32_t n, bool on)
{
	uint32_t bit = 1u << (n % 32), old;

	words += n / 32;
	if (on)
		old = ferry_host_or(f->ctx, words, bit);
	else
		old = ferry_host_and(f->ctx, words, ~bit);
	return old & bit;
}

bool ferry_irqset_put(struct ferry *f, struct ferry_irqset *s, uint32_t irq, bool member)
{
	if (ferry_bit(f, s->words, irq, member) == member)
		return false;
	ferry_host_add(f->ctx, &s->count, member ? 1 : 0u - 1u);
	return true;
}

/* One look at all numbers, from `start` on. */
static uint32_t claim_once(struct ferry *f, struct ferry_irqset *s, uint32_t start)
{
	for (uint32_t k = 0; k < f->nirqs; k++) {
		uint32_t irq = (start + k) % f->nirqs;

		if (!(ferry_host_load(f->ctx, &s->words[irq / 32]) >> (irq % 32) & 1) &&
		    ferry_irqset_put(f, s, irq, true))
			return irq;
	}
	return FERRY_NONE;
}

uint32_t ferry_irqset_claim(struct ferry *f, struct ferry_irqset *s)
{
	uint32_t irq = FERRY_NONE, count = 0;

	/* Where numbers were taken in turn the first free one is number `count`. A
	 * number may become free behind the look and another one be taken before it: a
	 * look finds nothing only for certain if none is free at its end either. */
	for (uint32_t n = 0; n <= f->nirqs && irq == FERRY_NONE; n++) {
		count = ferry_host_load(f->ctx, &s->count);
		if (n && count >= f->nirqs)
			break;
		irq = claim_once(f, s, count);
	}
	return irq;
}

uint32_t ferry_irqset_next(struct ferry *f, struct ferry_irqset *s, uint32_t from)
{
	for (; from < f->nirqs; from = (from | 31) + 1) {
		uint32_t value = ferry_host_load(f->ctx, &s->words[from / 32]) >> (from % 32);

		if (value)
			return from + (uint32_t)__builtin_ctz(value);
	}
	return FERRY_NONE;
}
