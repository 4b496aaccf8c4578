/* SPDX-License-Identifier: MIT */
/*
 * A machine is laid out in the caller's memory; interrupts are made; one arrives.
 *
 * Locks: I.
 */
#include "arm/gic.h"
#include "arm/gic_registers.h"

/* ---- configuration -------------------------------------------------------------- */

static bool valid(const struct ferry_gic_config *c)
{
	if (!ferry_core_valid(&c->core) || !c->variant || (c->flags & ~FERRY_GIC_SPLIT_EOI))
		return false;
	if (c->spis > FERRY_SPI_LAST + 1 - FERRY_SPI_FIRST ||
	    c->espis > FERRY_ESPI_LAST + 1 - FERRY_ESPI_FIRST)
		return false;
	return c->variant->valid(c) && (!c->its || c->its->valid(c));
}

/* The same pieces in the same order, whether they are counted or handed out. */
static void carve(struct ferry *f, struct ferry_gic *gic, const struct ferry_gic_config *c,
		  struct ferry_carver *m)
{
	ferry_core_carve(f, &c->core, m);
	gic->words = (c->core.irqs + 31) / 32;
	gic->cpus = ferry_carve(m, c->core.cpus, sizeof(*gic->cpus));
	gic->owned = ferry_carve(m, c->core.cpus, gic->words * sizeof(*gic->owned));
	gic->shared = ferry_carve(m, c->spis + c->espis, sizeof(*gic->shared));
	if (c->its)
		c->its->carve(gic, c, m);
}

size_t ferry_gic_size(const struct ferry_gic_config *c)
{
	struct ferry_carver m = { NULL, 0 };
	struct ferry f;
	struct ferry_gic gic;

	if (!valid(c))
		return 0;
	ferry_carve(&m, 1, sizeof(f));
	ferry_carve(&m, 1, sizeof(gic));
	carve(&f, &gic, c, &m);
	return m.used;
}

/* ---- layout ------------------------------------------------------------------------ */

/* Below it are values that hardware with few priorities takes for 0, the highest. */
#define DEFAULT_PRIORITY 0xa0

static void describe_gic(struct ferry_gic *gic, const struct ferry_gic_config *c)
{
	gic->variant = c->variant;
	gic->spis = c->spis;
	gic->espis = c->espis;
	gic->flags = c->flags;
	gic->priority = c->priority ? c->priority : DEFAULT_PRIORITY;
	gic->kinds[FERRY_GIC_EDGE] = &ferry_gic_spi;
	gic->kinds[FERRY_GIC_LEVEL] = &ferry_gic_spi;
	gic->lpis = c->its;
	if (c->its)
		gic->kinds[FERRY_GIC_LPI] = c->its->kind;
}

int ferry_gic_init(const struct ferry_gic_config *c, void *memory, size_t size, struct ferry **out)
{
	struct ferry_carver m = { memory, 0 };
	size_t need = ferry_gic_size(c);
	struct ferry *f;
	int rc;

	if (!need || !memory || ((uintptr_t)memory & 7))
		return FERRY_E_INVALID;
	if (size < need)
		return FERRY_E_MEMORY;
	for (size_t n = 0; n < need / 8; n++)
		((uint64_t *)memory)[n] = 0;
	*out = f = ferry_carve(&m, 1, sizeof(*f));
	f->gic = ferry_carve(&m, 1, sizeof(*f->gic));
	carve(f, f->gic, c, &m);
	ferry_core_init(f, &c->core);
	describe_gic(f->gic, c);
	f->backend = &ferry_gic_backend;
	f->kinds = f->gic->kinds;
	rc = c->variant->init(f, c);
	return rc == FERRY_OK && c->its ? c->its->init(f, c) : rc;
}

/* ---- creation ------------------------------------------------------------------------ */

static bool source_valid(const struct ferry_gic *gic, const struct ferry_gic_source *s)
{
	if (s->kind >= FERRY_GIC_KINDS || !gic->kinds[s->kind] ||
	    (s->flags & ~(FERRY_GIC_GUEST | FERRY_GIC_SEVERAL | FERRY_GIC_STOPPED)))
		return false;
	if ((s->flags & FERRY_GIC_SEVERAL) && !gic->variant->several)
		return false;
	return s->kind == FERRY_GIC_LPI ? s->its < gic->nits : gic_cell(gic, s->intid) != NULL;
}

static void describe(const struct ferry_gic *gic, struct ferry_irq *i,
		     const struct ferry_gic_source *s)
{
	uint32_t priority = s->priority ? s->priority : gic->priority;

	i->kind = s->kind;
	i->unit = (uint16_t)(s->its | priority << 8);
	i->device = s->device;
	i->index = s->intid;
	i->cookie = s->cookie;
	i->flags &= FERRY_F_POLICY;
	i->flags |= FERRY_F_DISABLED | FERRY_F_END;
	i->flags |= (uint32_t)(s->kind == FERRY_GIC_LEVEL) * FERRY_F_LEVEL;
	i->flags |= (s->flags & FERRY_GIC_GUEST) * (FERRY_F_GUEST / FERRY_GIC_GUEST);
	i->flags |= (s->flags & FERRY_GIC_SEVERAL) * (FERRY_F_SEVERAL / FERRY_GIC_SEVERAL);
	if (s->flags & FERRY_GIC_STOPPED)
		i->flags |= FERRY_F_STOPPED | FERRY_F_DEAD;
}

/* The SPI becomes ours, if it is nobody's. An LPI that the ITS did not map in time is dead, and
 * stays so. I held. */
static int claim(struct ferry *f, struct ferry_irq *i, const uint64_t *mask)
{
	ferry_atomic *cell = gic_cell(f->gic, gic_intid(i));
	int rc;

	if (cell && !ferry_host_cas(f->ctx, cell, 0, i->number + 1))
		return FERRY_E_STATE;
	rc = ferry_irq_begin(f, i, mask);
	if (rc != FERRY_OK && cell)
		ferry_host_store(f->ctx, cell, 0);
	return ferry_irq_ending(i) ? FERRY_E_TIMEOUT : rc;
}

int ferry_gic_create(struct ferry *f, const struct ferry_gic_source *s, const uint64_t *mask,
		     uint32_t *irq)
{
	struct ferry_irq *i;
	uintptr_t flags;
	int rc;

	if (!source_valid(f->gic, s))
		return FERRY_E_INVALID;
	*irq = ferry_irqset_claim(f, &f->used);
	i = ferry_enter_number(f, *irq, &flags);
	if (!i)
		return FERRY_E_NO_IRQ;
	describe(f->gic, i, s);
	rc = claim(f, i, mask);
	if (i->state == FERRY_FREE)
		ferry_irqset_put(f, &f->used, *irq, false);
	ferry_leave(f, i, flags);
	return rc;
}

/* ---- arrival -------------------------------------------------------------------------- */

/* LPIs are never active, and not to be deactivated (IHI 0069H 12.2, ICC_DIR_EL1). */
void gic_end(struct ferry *f, uint32_t ack)
{
	if (!gic_split(f))
		f->gic->variant->drop(f, ack);
	else if (ack < FERRY_LPI_FIRST)
		f->gic->variant->deactivate(f, ack);
}

/* Take I of the interrupt that has this INTID; null: none. */
static struct ferry_irq *enter_intid(struct ferry *f, uint32_t intid)
{
	ferry_atomic *cell = gic_cell(f->gic, intid);
	uint32_t irq = intid - FERRY_LPI_FIRST;
	struct ferry_irq *i;

	if (cell)
		irq = ferry_host_load(f->ctx, cell) - 1;
	if (irq >= f->nirqs)
		return NULL;
	i = &f->irqs[irq];
	ferry_lock_irq(f, i);
	if (FERRY_LIKELY(gic_intid(i) == intid && i->state != FERRY_FREE))
		return i;
	ferry_unlock_irq(f, i);
	return NULL;
}

static int take_local(struct ferry *f, uint32_t cpu, uint32_t ack, uint32_t intid)
{
	uint32_t from = FERRY_NONE;

	if (intid < 16 && f->gic->variant->sender)
		from = f->gic->variant->sender(f, ack);
	/* A timer's handler looks at its own state in system registers: not before. */
	ferry_host_barrier(f->ctx, FERRY_BARRIER_CONTEXT);
	ferry_host_local(f->ctx, cpu, intid, from);
	gic_end(f, ack);
	return FERRY_GIC_TAKEN;
}

/* Nobody's: end it, or this priority stays blocked for ever. */
static int unexpected(struct ferry *f, uint32_t cpu, uint32_t ack)
{
	gic_end(f, ack);
	FERRY_COUNT(f, cpu, unexpected);
	return FERRY_GIC_UNEXPECTED;
}

/* Its handler belongs on the CPUs of its place and, until the ITS has moved it, of the old
 * one. Elsewhere it was offered before its route was changed: given back, by being
 * deferred and replayed. */
static int take_shared(struct ferry *f, struct ferry_irq *i, uint32_t cpu)
{
	bool run;

	FERRY_COUNT(f, cpu, arrivals);
	run = ferry_owned_here(f, i, cpu) && ferry_begin(f, i, cpu);
	if (FERRY_UNLIKELY(!run))
		ferry_defer(f, i, cpu);
	ferry_unlock_irq(f, i);
	if (run)
		ferry_run(f, i, cpu);
	return FERRY_GIC_TAKEN;
}

/* 1020 .. 1023: nothing was acknowledged, nothing may be ended (IHI 0048B 3.2.5, IHI 0069H
 * 2.2.1). Else all that was written before the interrupt was made pending is visible to
 * its handler: the acknowledge has to be complete. */
int ferry_gic_interrupt(struct ferry *f, uint32_t cpu)
{
	const struct ferry_gic_variant *v = f->gic->variant;
	struct ferry_irq *i;
	uint32_t ack, intid;

	if (cpu >= f->ncpus)
		return FERRY_E_INVALID;
	ack = v->ack(f);
	intid = ack & v->intid;
	if (intid - 1020 < 4)
		return FERRY_GIC_SPURIOUS;
	ferry_host_barrier(f->ctx, FERRY_BARRIER_DEVICE);
	if (gic_split(f))
		v->drop(f, ack);
	if (gic_local(intid) < GIC_LOCALS)
		return take_local(f, cpu, ack, intid);
	i = enter_intid(f, intid);
	return FERRY_LIKELY(i) ? take_shared(f, i, cpu) : unexpected(f, cpu, ack);
}

/* Nothing is routed here any more: each is here once at most, outside its place. An LPI must
 * not be left to the redistributor: that would offer it at another CPU if it is enabled,
 * and keep it for ever if it is masked. */
void gic_give_back(struct ferry *f, uint32_t cpu)
{
	for (uint32_t n = 0; n <= f->nirqs; n++)
		if (ferry_gic_interrupt(f, cpu) == FERRY_GIC_SPURIOUS)
			return;
}

/* ---- SGIs ------------------------------------------------------------------------------- */

int ferry_gic_sgi(struct ferry *f, uint32_t id, const uint64_t *mask)
{
	if (id > 15)
		return FERRY_E_INVALID;
	/* What was stored before is visible to the handlers: the write that sends is no
	 * store to memory, and may overtake them (IHI 0069H 12.2, ICC_SGI1R_EL1). */
	ferry_host_barrier(f->ctx, FERRY_BARRIER_STORES);
	f->gic->variant->sgi(f, id, mask);
	return FERRY_OK;
}
