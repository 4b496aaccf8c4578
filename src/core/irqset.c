/* SPDX-License-Identifier: MIT */
/* Sets of interrupts that want attention: a bit each, and how many there are. */
#include "core/core.h"

void ferry_irqset_put(struct ferry *f, struct ferry_irqset *s, uint32_t irq, bool member)
{
	uint32_t bit = 1u << (irq % 32), old;

	if (member)
		old = ferry_host_or(f->ctx, &s->words[irq / 32], bit);
	else
		old = ferry_host_and(f->ctx, &s->words[irq / 32], ~bit);
	if (!(old & bit) == member)
		ferry_host_add(f->ctx, &s->count, member ? 1 : 0u - 1u);
}

uint32_t ferry_irqset_claim(struct ferry *f, struct ferry_irqset *s)
{
	uint32_t words = (f->nirqs + 31) / 32, start = ferry_host_load(f->ctx, &s->count) / 32;

	/* Where numbers were taken in turn the first free one is number `count`. */
	for (uint32_t k = 0; k < words; k++) {
		uint32_t w = (start + k) % words, value = ferry_host_load(f->ctx, &s->words[w]);

		/* Each turn finds one bit more set: at most 32. */
		while (~value) {
			uint32_t irq = w * 32 + (uint32_t)__builtin_ctz(~value);
			uint32_t bit = 1u << (irq % 32);

			if (irq >= f->nirqs)
				break;
			value = ferry_host_or(f->ctx, &s->words[w], bit);
			if (!(value & bit)) {
				ferry_host_add(f->ctx, &s->count, 1);
				return irq;
			}
		}
	}
	return FERRY_NONE;
}

uint32_t ferry_irqset_next(struct ferry *f, struct ferry_irqset *s, uint32_t from)
{
	for (uint32_t w = from / 32; w < (f->nirqs + 31) / 32; w++) {
		uint32_t value = ferry_host_load(f->ctx, &s->words[w]);

		if (w == from / 32)
			value &= ~0u << (from % 32);
		if (value)
			return w * 32 + (uint32_t)__builtin_ctz(value);
	}
	return FERRY_NONE;
}
