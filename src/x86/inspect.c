/* SPDX-License-Identifier: MIT */
/* Who owns what? Linked only if used. Locks: V. */
#include "x86/x86.h"

bool ferry_x86_owner(struct ferry *f, uint32_t cpu, uint8_t vector, uint32_t *irq)
{
	uint32_t slot = 0;

	if (cpu < f->ncpus)
		slot = ferry_host_load(f->ctx, ferry_x86_slot(f->x86, cpu, vector));
	*irq = slot & SLOT_USED ? slot & SLOT_IRQ : FERRY_NONE;
	return slot & SLOT_LIVE;
}

static uint32_t taken_once(struct ferry *f)
{
	uint32_t n = 0;

	for (uint32_t w = 0; w < 8; w++)
		for (uint32_t bits = ferry_host_load(f->ctx, &f->x86->once[w]); bits;
		     bits &= bits - 1)
			n++;
	return n;
}

static uint32_t owned(struct ferry *f, uint32_t cpu)
{
	uint32_t n = 0;

	for (uint32_t w = 0; w < 8; w++)
		for (uint32_t bits = ferry_host_load(f->ctx, &f->x86->cpus[cpu].owned[w]); bits;
		     bits &= bits - 1)
			n++;
	return n;
}

void ferry_x86_vectors(struct ferry *f, uint32_t cpu, uint32_t *used, uint32_t *free_)
{
	uintptr_t flags;

	*used = 0;
	*free_ = 0;
	if (cpu >= f->ncpus)
		return;
	flags = ferry_host_irq_save(f->ctx);
	ferry_lock_cpu(f, cpu);
	*free_ = ferry_host_load(f->ctx, &f->x86->cpus[cpu].room);
	/* What is neither used nor free is promised. */
	*used = f->x86->promises ? owned(f, cpu) : f->x86->nusable - *free_;
	/* In one namespace what is taken is free nowhere. */
	if (f->one_lock)
		*free_ = f->x86->nusable - taken_once(f);
	ferry_unlock_cpu(f, cpu);
	ferry_host_irq_restore(f->ctx, flags);
}
