// SPDX-License-Identifier: MIT
/* Stopped and managed interrupts under real threads: everybody else goes on meanwhile. */
#include <irqferry/managed.h>
#include "world.h"

/* One that moves while others ask for it, its device drained or not: an MSI-X entry remembers. */
void managed_stop(struct world *w, struct cpu *c, struct device *d)
{
	uint32_t irq = atomic_load(&d->irq);
	int status;

	if (d->kind != FERRY_X86_MSIX)
		while (!device_stop(d))
			serve(w, c);
	while ((status = ferry_irq_stop(w->ferry, irq, 0, NULL)) == FERRY_E_AGAIN)
		serve(w, c);
	if (status)
		fail(w, "stop(device %u): %d", d->index, status);
	if (atomic_load(&d->running))
		fail(w, "device %u: its handler runs after stop", d->index);
	atomic_store(&d->forbidden, true);
	for (uint32_t i = below(4); i > 0; i--)
		serve(w, c);
}

/* Its CPUs, if they are away, come back. One without a promise waits for a vector, too. */
void managed_start(struct world *w, struct cpu *c, struct device *d, bool promised)
{
	uint32_t irq = atomic_load(&d->irq);
	int status;

	atomic_store(&d->forbidden, false);
	while ((status = ferry_irq_start(w->ferry, irq)) == FERRY_E_NO_CPU ||
	       status == FERRY_E_UNREACHABLE || (!promised && status == FERRY_E_NO_SPACE))
		serve(w, c);
	if (status)
		fail(w, "start(device %u, promised %d): %d", d->index, promised, status);
	if (ferry_irq_start(w->ferry, irq) != FERRY_E_STATE)
		fail(w, "device %u: started twice", d->index);
	device_start(d);
}

/* It never leaves its mask. */
static void stay(struct world *w, struct cpu *c, struct device *d, uint64_t mask)
{
	struct ferry_affinity a;
	uint64_t effective;

	for (uint32_t i = below(16); i > 0; i--) {
		serve(w, c);
		if (ferry_irq_affinity(w->ferry, atomic_load(&d->irq), &a, NULL, &effective, NULL))
			fail(w, "device %u: no affinity", d->index);
		if (effective & ~mask)
			fail(w, "device %u: managed in 0x%lx, and on 0x%lx", d->index, mask,
			     effective);
	}
}

static bool refused(struct world *w, struct device *d, const char *what, int status)
{
	if (status && status != FERRY_E_NO_SPACE && status != FERRY_E_NO_MASK)
		fail(w, "%s(device %u): %d", what, d->index, status);
	return status;
}

/* Another mask, or the old one again. Returns what it is. */
static uint64_t change_mask(struct world *w, struct cpu *c, struct device *d, uint64_t mask,
			    bool pooled)
{
	uint32_t irq = atomic_load(&d->irq);
	uint64_t other = random_mask(w) | 1;
	bool swap = below(2);
	struct ferry_spare spare;

	if (refused(w, d, "spare", ferry_spare_promise(w->ferry, irq, &other, &spare)))
		return mask;
	managed_stop(w, c, d);
	if (ferry_spare_swap(w->ferry, irq, &spare))
		fail(w, "device %u: swap", d->index);
	if (!swap && ferry_spare_swap(w->ferry, irq, &spare))
		fail(w, "device %u: swap back", d->index);
	managed_start(w, c, d, !pooled);
	if (ferry_spare_release(w->ferry, irq, &spare))
		fail(w, "device %u: release", d->index);
	return swap ? other : mask;
}

/* Stopped and started; made managed meanwhile, if its kind can be. It is the caller's. */
void manage_a_while(struct world *w, struct cpu *c, struct device *d)
{
	uint32_t irq = atomic_load(&d->irq), pool = below(3);
	/* CPU 0 is one that each kind can name. */
	uint64_t mask = random_mask(w) | 1;

	managed_stop(w, c, d);
	if (d->kind == FERRY_X86_MSI || !below(4) || ferry_irq_share(w->ferry, irq, pool) ||
	    refused(w, d, "manage", ferry_irq_manage(w->ferry, irq, &mask))) {
		managed_start(w, c, d, false);
		return;
	}
	managed_start(w, c, d, !pool);
	stay(w, c, d, mask);
	mask = change_mask(w, c, d, mask, pool);
	stay(w, c, d, mask);
	managed_stop(w, c, d);
	if (ferry_irq_unmanage(w->ferry, irq))
		fail(w, "unmanage(device %u)", d->index);
	managed_start(w, c, d, false);
	c->managed++;
}
