/* SPDX-License-Identifier: MIT */
/*
 * A machine is laid out in the caller's memory; interrupts are made; destinations
 * are composed. No locks but those of ferry_irq_begin.
 */
#include "x86/x86.h"

/* Remapping is the host's to name: what is not named is not linked. */
static void init_kinds(struct ferry_x86 *x, const struct ferry_x86_config *c)
{
	x->kinds[FERRY_X86_MSIX] = &ferry_x86_msix;
	x->kinds[FERRY_X86_MSI_MASKABLE] = &ferry_x86_msix;
	x->kinds[FERRY_X86_MSI] = &ferry_x86_msi;
	x->kinds[FERRY_X86_IOAPIC_EDGE] = &ferry_x86_edge;
	x->kinds[FERRY_X86_IOAPIC_LEVEL] = &ferry_x86_level;
	x->kinds[FERRY_X86_REMAPPED] = c->remapping;
}

/* ---- configuration -------------------------------------------------------------- */

/* SDM 3A 11.5.2: vectors below 16 are no interrupts. */
#define VECTOR_MIN 16

static bool valid(const struct ferry_x86_config *c)
{
	uint32_t all = FERRY_X86_SHARED | FERRY_X86_FENCE_REACHES_IRR | FERRY_X86_REMAP_DRAINS |
		       FERRY_X86_DIRECTED_EOI | FERRY_X86_EXT_DEST | FERRY_X86_LOGICAL_FLAT |
		       FERRY_X86_LOGICAL_CLUSTER;
	bool flat = c->flags & FERRY_X86_LOGICAL_FLAT,
	     cluster = c->flags & FERRY_X86_LOGICAL_CLUSTER;

	if (!ferry_core_valid(&c->core) || !c->apic_ids || (c->flags & ~all))
		return false;
	if ((flat || cluster) != (c->logical_ids != NULL) || (flat && cluster) ||
	    ((flat || cluster) && !c->several))
		return false;
	if (flat && c->core.cpus > 8)
		return false;
	/* The doorbell ranks below everything it cleans up after. */
	return c->doorbell_vector >= VECTOR_MIN && c->doorbell_vector < c->first_vector &&
	       c->first_vector <= c->last_vector;
}

/* The same pieces in the same order, whether they are counted or handed out. */
static void carve(struct ferry *f, struct ferry_x86 *x, const struct ferry_x86_config *c,
		  struct ferry_carver *m)
{
	ferry_core_carve(f, &c->core, m);
	x->stride = c->flags & FERRY_X86_SHARED ? 0 : 256;
	x->reach = ferry_carve(m, (c->core.cpus + 31) / 32, sizeof(*x->reach));
	x->cpus = ferry_carve(m, c->core.cpus, sizeof(*x->cpus));
	x->slots = ferry_carve(m, x->stride ? c->core.cpus : 1, 256 * sizeof(*x->slots));
	if (c->rooms && x->stride)
		c->rooms->carve(x, c, m);
	if (c->promises)
		c->promises->carve(x, c, m);
}

size_t ferry_x86_size(const struct ferry_x86_config *c)
{
	struct ferry_carver m = { NULL, 0 };
	struct ferry f;
	struct ferry_x86 x;

	if (!valid(c))
		return 0;
	ferry_carve(&m, 1, sizeof(f));
	ferry_carve(&m, 1, sizeof(x));
	carve(&f, &x, c, &m);
	return m.used;
}

/* ---- layout ------------------------------------------------------------------------ */

static void init_usable(struct ferry_x86 *x, const struct ferry_x86_config *c)
{
	for (uint32_t v = c->first_vector; v <= c->last_vector; v++) {
		if (c->reserved && c->reserved[v / 32] >> (v % 32) & 1)
			continue;
		x->usable[v / 32] |= 1u << (v % 32);
		x->nusable++;
	}
}

/* Which CPUs a message without remapping can name: 8 bits of destination, where
 * 0xff is "all"; with the extended id 15. */
static void init_cpus(struct ferry *f, const struct ferry_x86_config *c)
{
	struct ferry_x86 *x = f->x86;
	uint32_t broadcast = c->flags & FERRY_X86_EXT_DEST ? 0x7fff : 0xff;

	for (uint32_t cpu = 0; cpu < f->ncpus; cpu++) {
		x->cpus[cpu].apic_id = c->apic_ids[cpu];
		x->cpus[cpu].logical_id = c->logical_ids ? c->logical_ids[cpu] : 0;
		x->cpus[cpu].room.value = x->nusable; /* nobody else is there yet */
		x->cpus[cpu].slots = &x->slots[(size_t)cpu * x->stride];
		x->reach[cpu / 32] |= (uint32_t)(c->apic_ids[cpu] < broadcast) << (cpu % 32);
	}
}

int ferry_x86_init(const struct ferry_x86_config *c, void *memory, size_t size, struct ferry **f)
{
	struct ferry_carver m = { memory, 0 };
	size_t need = ferry_x86_size(c);
	struct ferry_x86 *x;

	if (!need || !memory || ((uintptr_t)memory & 7))
		return FERRY_E_INVALID;
	if (size < need)
		return FERRY_E_MEMORY;
	for (size_t n = 0; n < need / 8; n++)
		((uint64_t *)memory)[n] = 0;
	*f = ferry_carve(&m, 1, sizeof(**f));
	x = ferry_carve(&m, 1, sizeof(*x));
	carve(*f, x, c, &m);
	ferry_core_init(*f, &c->core);
	x->flags = c->flags;
	x->doorbell = c->doorbell_vector;
	(*f)->x86 = x;
	(*f)->one_lock = !x->stride;
	(*f)->backend = &x->backend;
	(*f)->kinds = x->kinds;
	(*f)->promises = x->promises = c->promises;
	x->several = c->several;
	x->rooms = x->stride ? c->rooms : NULL; /* of use where CPUs have vectors of their own */
	x->backend = ferry_x86_backend;
	if (x->rooms) {
		x->backend.plan = x->rooms->plan;
		x->backend.release = x->rooms->release;
	}
	init_kinds(x, c);
	init_usable(x, c);
	init_cpus(*f, c);
	if (x->rooms)
		x->rooms->fill(*f);
	return FERRY_OK;
}

/* ---- creation ------------------------------------------------------------------------ */

static void describe(struct ferry_irq *i, const struct ferry_source *s, uint32_t n)
{
	i->kind = s->kind;
	i->unit = s->unit;
	i->device = s->device;
	i->index = s->index + n;
	i->cookie = s->cookie;
	i->flags &= FERRY_F_POLICY;
	i->flags |= FERRY_F_DISABLED | (s->flags & 0xfu) * FERRY_F_ORDERED;
	if (s->flags & FERRY_SOURCE_STOPPED)
		i->flags |= FERRY_F_STOPPED | FERRY_F_DEAD;
	if (s->kind == FERRY_X86_IOAPIC_LEVEL)
		i->flags |= FERRY_F_LEVEL | FERRY_F_END;
}

_Static_assert(FERRY_F_MASKABLE == FERRY_F_ORDERED * FERRY_SOURCE_MASKABLE &&
		       FERRY_F_SEVERAL == FERRY_F_ORDERED * FERRY_SOURCE_SEVERAL &&
		       FERRY_F_LOW == FERRY_F_ORDERED * FERRY_SOURCE_LOW,
	       "the source's flags keep their order");

static int create_one(struct ferry *f, const struct ferry_source *s, const uint64_t *mask,
		      uint32_t n, uint32_t *irq)
{
	struct ferry_irq *i;
	uintptr_t flags;
	int rc;

	*irq = ferry_irqset_claim(f, &f->used);
	i = ferry_enter_number(f, *irq, &flags);
	if (!i)
		return FERRY_E_NO_IRQ;
	describe(i, s, n);
	rc = ferry_irq_begin(f, i, mask);
	ferry_leave(f, i, flags);
	if (rc != FERRY_OK)
		ferry_irqset_put(f, &f->used, *irq, false);
	return rc;
}

int ferry_x86_create(struct ferry *f, const struct ferry_source *s, const uint64_t *mask,
		     uint32_t n, uint32_t *irqs)
{
	uint32_t made;
	int rc = FERRY_E_INVALID;

	if (s->kind >= FERRY_X86_KINDS || !f->kinds[s->kind] || s->flags > 0x1f ||
	    n > FERRY_IRQS_MAX)
		return rc;
	for (made = 0; made < n; made++) {
		rc = create_one(f, s, mask, made, &irqs[made]);
		if (rc != FERRY_OK)
			break;
	}
	return made ? (int)made : rc;
}

/* ---- messages -------------------------------------------------------------------------- */

bool ferry_x86_logical(const struct ferry *f, const struct ferry_irq *i)
{
	return (i->flags & FERRY_F_SEVERAL) &&
	       ((f->x86->flags & FERRY_X86_LOGICAL_FLAT) ||
		((f->x86->flags & FERRY_X86_LOGICAL_CLUSTER) && i->kind == FERRY_X86_REMAPPED));
}

struct ferry_x86_message ferry_x86_destination(const struct ferry *f, const struct ferry_irq *i)
{
	struct ferry_x86_message m = { .logical = ferry_x86_logical(f, i) };

	/* Ids of one cluster differ in one bit each: the set is their sum. */
	FERRY_FOR_EACH_CPU(f, i->cur, c)
		m.dest |= m.logical ? f->x86->cpus[c].logical_id : f->x86->cpus[c].apic_id;
	return m;
}

enum ferry_owed ferry_x86_fenced(const struct ferry *f)
{
	return f->x86->flags & FERRY_X86_FENCE_REACHES_IRR ? FERRY_OWED_DRAIN : FERRY_OWED_EVIDENCE;
}
