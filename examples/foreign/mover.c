/* SPDX-License-Identifier: MIT */
/*
 * mover.c: see mover.h. With MOVER_BUG it has a bug; nothing but one test tells the two
 * apart, in may_release().
 */
#include "mover.h"

/* A vector of this CPU that was nobody's, now this interrupt's; 0: there is none. */
static uint8_t take_vector(struct mover_state *m, uint32_t cpu, uint32_t irq)
{
	uint32_t n;

	for (n = 0; n < m->vectors; n++)
		if (port_cas(m->kernel, &m->slot[cpu][n], 0, irq + 1))
			return (uint8_t)(MOVER_FIRST + n);
	return 0;
}

/* The first CPU of a mask. */
static uint32_t first_of(const struct mover_state *m, uint32_t cpus)
{
	uint32_t cpu = 0;

	while (cpu + 1 < m->cpus && !(cpus >> cpu & 1))
		cpu++;
	return cpu;
}

static uint32_t *slot(struct mover_state *m, uint32_t cpu, uint8_t vector)
{
	return &m->slot[cpu][vector - MOVER_FIRST];
}

/* Masked, the device can't send with the new address and the old data. */
static void point(struct mover_state *m, uint32_t irq)
{
	struct mover_irq *d = &m->irq[irq];

	port_write_msi(m->kernel, irq, MSI_MASK, 1);
	port_write_msi(m->kernel, irq, MSI_ADDRESS, 0xfee00000 | (uint32_t)d->cpu << 12);
	port_write_msi(m->kernel, irq, MSI_DATA, d->vector);
	port_write_msi(m->kernel, irq, MSI_MASK, 0);
}

/* ---- from threads -------------------------------------------------------------------- */

void mover_init(struct mover_state *m, void *kernel, uint32_t cpus, uint32_t vectors)
{
	m->kernel = kernel;
	m->cpus = cpus;
	m->vectors = vectors;
}

enum mover_status mover_create(struct mover_state *m, uint32_t irq, uint32_t cpus)
{
	struct mover_irq *d = &m->irq[irq];
	uintptr_t flags = port_irq_save(m->kernel);
	bool good;

	port_lock(m->kernel, &d->lock);
	d->cpu = (uint8_t)first_of(m, cpus);
	d->vector = take_vector(m, d->cpu, irq);
	good = d->vector != 0;
	if (good)
		point(m, irq);
	port_unlock(m->kernel, &d->lock);
	port_irq_restore(m->kernel, flags);
	return good ? MOVER_OK : MOVER_FULL;
}

/* The interrupt's lock is held. */
static enum mover_status start_move(struct mover_state *m, uint32_t irq, uint32_t cpus)
{
	struct mover_irq *d = &m->irq[irq];
	uint32_t cpu = first_of(m, cpus);
	uint8_t vector;

	if (cpus >> d->cpu & 1)
		return MOVER_OK;
	if (d->old_vector)
		return MOVER_BUSY;
	vector = take_vector(m, cpu, irq);
	if (!vector)
		return MOVER_FULL;
	d->old_cpu = d->cpu;
	d->old_vector = d->vector;
	d->cpu = (uint8_t)cpu;
	d->vector = vector;
	point(m, irq);
	return MOVER_OK;
}

enum mover_status mover_move(struct mover_state *m, uint32_t irq, uint32_t cpus)
{
	uintptr_t flags = port_irq_save(m->kernel);
	enum mover_status status;

	port_lock(m->kernel, &m->irq[irq].lock);
	status = start_move(m, irq, cpus);
	port_unlock(m->kernel, &m->irq[irq].lock);
	port_irq_restore(m->kernel, flags);
	return status;
}

/* ---- interrupts ------------------------------------------------------------------------ */

/* It came with this vector. Messages keep their order: if this is the new place, none is
 * on its way to the old one any more. It may still be in the IRR there. */
static void note_arrival(struct mover_state *m, struct mover_irq *d, uint32_t cpu, uint8_t vector)
{
	if (!d->old_vector || d->arrived || d->cpu != cpu || d->vector != vector)
		return;
	d->arrived = true;
	port_send_ipi(m->kernel, d->old_cpu);
}

/* May the handler start here? If it runs elsewhere it runs once more there. */
static bool begin(struct mover_state *m, uint32_t irq, uint32_t cpu, uint8_t vector)
{
	struct mover_irq *d = &m->irq[irq];
	bool mine;

	port_lock(m->kernel, &d->lock);
	note_arrival(m, d, cpu, vector);
	mine = !d->running;
	d->running = true;
	if (!mine) {
		d->latched = true;
		port_trace(m->kernel, PORT_LATCHED, irq, cpu);
	}
	port_unlock(m->kernel, &d->lock);
	return mine;
}

/* The handler has returned: once more? */
static bool again(struct mover_state *m, uint32_t irq, uint32_t cpu)
{
	struct mover_irq *d = &m->irq[irq];
	bool latched;

	port_lock(m->kernel, &d->lock);
	latched = d->latched;
	d->latched = false;
	d->running = latched;
	if (latched)
		port_trace(m->kernel, PORT_REPLAYED, irq, cpu);
	port_unlock(m->kernel, &d->lock);
	return latched;
}

bool mover_interrupt(struct mover_state *m, uint32_t cpu, uint8_t vector)
{
	uint32_t owner = port_load(m->kernel, slot(m, cpu, vector));
	bool run = owner && begin(m, owner - 1, cpu, vector);

	port_eoi(m->kernel, cpu); /* it may come again from here on */
	if (!run)
		return owner != 0;
	do
		port_handler(m->kernel, owner - 1, cpu);
	while (again(m, owner - 1, cpu));
	return true;
}

/* ---- the IPI: old places on this CPU ----------------------------------------------------- */

static bool may_release(const struct mover_irq *d, uint32_t cpu)
{
	if (!d->old_vector || d->old_cpu != cpu)
		return false;
#ifdef MOVER_BUG
	return true; /* the IPI says that the old place is empty */
#else
	return d->arrived; /* the IPI may have come for another interrupt */
#endif
}

static void release(struct mover_state *m, uint32_t irq)
{
	struct mover_irq *d = &m->irq[irq];

	port_store(m->kernel, slot(m, d->old_cpu, d->old_vector), 0);
	d->old_vector = 0;
	d->arrived = false;
	port_trace(m->kernel, PORT_RELEASED, irq, d->old_cpu);
}

/* What is in the IRR is taken before the next IPI, which ranks below it. */
static void look_at(struct mover_state *m, uint32_t irq, uint32_t cpu)
{
	struct mover_irq *d = &m->irq[irq];

	port_lock(m->kernel, &d->lock);
	if (may_release(d, cpu)) {
		if (port_irr(m->kernel, cpu, d->old_vector))
			port_send_ipi(m->kernel, cpu);
		else
			release(m, irq);
	}
	port_unlock(m->kernel, &d->lock);
}

void mover_ipi(struct mover_state *m, uint32_t cpu)
{
	uint32_t irq;

	port_eoi(m->kernel, cpu);
	for (irq = 0; irq < MOVER_IRQS; irq++)
		look_at(m, irq, cpu);
}
