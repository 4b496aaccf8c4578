/* SPDX-License-Identifier: MIT */
/* x86.h: the x86 back end's own state. Private to src/x86. */
#ifndef FERRY_X86_PRIVATE_H
#define FERRY_X86_PRIVATE_H

#include <irqferry/x86.h>
#include "core/core.h"

/* A slot of the vector table: the interrupt that owns it or, once cleared, the
 * one that owned it last. Zero: never used. */
#define SLOT_LIVE 0x80000000u
#define SLOT_USED 0x40000000u
#define SLOT_IRQ 0x0001ffffu

/* A place has at most so many CPUs: a flat logical set 8, an x2APIC cluster 16. A
 * move locks the old and the new place's CPUs at once. */
#define PLACE_CPUS 16

struct ferry_x86_cpu {
	uint32_t apic_id, logical_id;
	ferry_atomic owned[8]; /* vectors with a slot here; written under V */
	uint32_t nfree;        /* V */
	uint32_t next;         /* V: search from this vector on */
	ferry_atomic work[8];  /* vectors the doorbell shall look at */
	ferry_atomic rung;     /* a doorbell is under way, or not yet begun */
};

struct ferry_x86 {
	uint32_t flags;
	uint32_t stride; /* slots per CPU: 256, or 0 in the shared namespace */
	struct ferry_x86_cpu *cpus;
	ferry_atomic *slots;
	uint64_t *reach; /* CPUs that messages without remapping can name */

	/* Where is room? Free vectors of each CPU, 0 unless online; and for each
	 * 64 CPUs an upper bound of these in bits 7:0 with a version above it.
	 * Written under V, read by anyone as a hint. */
	ferry_atomic *room;
	ferry_atomic *bounds;

	const struct ferry_kind *kinds[FERRY_X86_KINDS];
	uint32_t nusable;
	uint32_t usable[8];
	ferry_atomic once[8]; /* vectors taken that may have one owner in the whole machine */
	uint8_t doorbell;
};

extern const struct ferry_backend ferry_x86_backend;
extern const struct ferry_kind ferry_x86_msix, ferry_x86_msi, ferry_x86_edge, ferry_x86_level;

static inline ferry_atomic *ferry_x86_slot(const struct ferry_x86 *x, uint32_t cpu, uint8_t vector)
{
	return &x->slots[(size_t)cpu * x->stride + vector];
}

/* vector.c */
int ferry_x86_plan(struct ferry *f, struct ferry_irq *i, const struct ferry_want *want,
		   struct ferry_place *place);
bool ferry_x86_owes(struct ferry *f, const struct ferry_irq *i, uint32_t cpu);
int ferry_x86_release(struct ferry *f, struct ferry_irq *i, uint32_t cpu, bool force);
void ferry_x86_publish(struct ferry *f, uint32_t cpu);
uint32_t ferry_x86_room(struct ferry *f, uint32_t cpu);

/* Must its vector be nobody else's on any CPU? All in the shared namespace; and
 * level pins, for an EOI broadcast names only the vector. */
static inline bool ferry_x86_once(const struct ferry *f, const struct ferry_irq *i)
{
	return f->one_lock || i->kind == FERRY_X86_IOAPIC_LEVEL;
}

/* msi.c: a register of its device. A read is also the fence: see ferry_host_read. */
void ferry_x86_write(struct ferry *f, const struct ferry_irq *i, enum ferry_reg reg,
		     uint32_t value);
uint32_t ferry_x86_read(struct ferry *f, const struct ferry_irq *i, enum ferry_reg reg);

/* lapic.c */
void ferry_x86_post(struct ferry *f, uint32_t cpu, uint8_t vector);

/* ioapic.c */
bool ferry_x86_level_ready(struct ferry *f, struct ferry_irq *i);
void ferry_x86_level_end(struct ferry *f, struct ferry_irq *i, uint32_t cpu);

/* Is the source's vector and destination changed in two separate writes that
 * nothing masks? Then the state in between needs a slot of its own. */
static inline bool ferry_x86_two_steps(const struct ferry_irq *i)
{
	return i->kind == FERRY_X86_MSI || i->kind == FERRY_X86_IOAPIC_EDGE;
}

/* Is this source addressed by logical destinations, lowest priority? Then always,
 * for one CPU too: a change of mode would be a third thing to change at once. */
bool ferry_x86_logical(const struct ferry *f, const struct ferry_irq *i);

/* init.c: what a message to the current place says. */
struct ferry_x86_message {
	uint32_t dest;
	bool logical;
};
struct ferry_x86_message ferry_x86_destination(const struct ferry *f, const struct ferry_irq *i);
/* What is owed after a source without remapping was fenced. */
enum ferry_owed ferry_x86_fenced(const struct ferry *f);

#endif
