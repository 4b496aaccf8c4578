/* SPDX-License-Identifier: MIT */
/* x86.h: the x86 back end's own state. Private to src/x86. */
#ifndef FERRY_X86_PRIVATE_H
#define FERRY_X86_PRIVATE_H

#include <irqferry/x86.h>
#include "core/core.h"

/* Where size does not matter: unrolled, and in line in each of their callers. */
#if defined(__OPTIMIZE__) && !defined(__OPTIMIZE_SIZE__)
#define UNROLLED _Pragma("GCC unroll 8")
#define QUICK inline __attribute__((always_inline))
#else
#define UNROLLED
#define QUICK
#endif

/* A slot of the vector table: the interrupt that owns it or, once cleared, the
 * one that owned it last. Zero: never used. */
#define SLOT_LIVE 0x80000000u
#define SLOT_USED 0x40000000u
#define SLOT_PROMISED 0x20000000u /* given back it is promised again (promises.c) */
#define SLOT_SLOW 0x10000000u     /* not one of room.c's: there may be more to give back */
#define SLOT_IRQ 0x0001ffffu

/* A place has at most so many CPUs: a flat logical set 8, an x2APIC cluster 16. A
 * move locks the old and the new place's CPUs at once. */
#define PLACE_CPUS 16

/* 128 bytes where a pointer has 8: found with a shift. */
struct ferry_x86_cpu {
	ferry_atomic owned[8]; /* vectors with a slot here; written under V */
	ferry_atomic room;     /* vectors free and not promised, online or not; written under V */
	uint32_t next;         /* V: search from this vector on */
	ferry_atomic *slots;   /* its own; the same for all in the shared namespace */
	/* With rooms: its V, its unit, and what in that is its column. */
	struct ferry_cpu *v;
	struct ferry_x86_unit *unit;
	ferry_atomic (*column)[2];
	uint32_t bit;

	uint32_t apic_id, logical_id;
	ferry_atomic rung;    /* a doorbell is under way, or not yet begun */
	ferry_atomic work[8]; /* vectors the doorbell shall look at */
	uint32_t unused[2];
};

struct ferry_x86 {
	uint32_t flags;
	uint32_t stride; /* slots per CPU: 256, or 0 in the shared namespace */
	struct ferry_x86_cpu *cpus;
	ferry_atomic *slots;
	uint32_t *reach;       /* CPUs that messages without remapping can name, a bit each */
	ferry_atomic *managed; /* promises.c: managed places of each CPU that are in use */
	struct ferry_x86_unit *units; /* room.c */

	struct ferry_backend backend; /* ferry_x86_backend; plan and release may be room.c's */

	const struct ferry_kind *kinds[FERRY_X86_KINDS];
	const struct ferry_x86_several *several; /* or null */
	const struct ferry_x86_rooms *rooms;     /* or null */
	const struct ferry_promises *promises;   /* or null */
	uint32_t nusable;
	uint32_t usable[8];
	ferry_atomic once[8]; /* vectors taken that may have one owner in the whole machine */
	uint8_t doorbell;

	/* Only with promises: of each pool on each CPU how many may come there, and
	 * POOL_USED; the pool of each interrupt. */
	ferry_atomic *shares;
	uint32_t *pool_of;
	uint32_t npools;
};

extern const struct ferry_backend ferry_x86_backend;
extern const struct ferry_kind ferry_x86_msix, ferry_x86_msi, ferry_x86_edge, ferry_x86_level;

static inline ferry_atomic *ferry_x86_slot(const struct ferry_x86 *x, uint32_t cpu, uint8_t vector)
{
	return &x->slots[(size_t)cpu * x->stride + vector];
}

/* Who pays for a place on its new CPUs. */
enum ferry_x86_payer {
	PAID_BY_ROOM,    /* what is free for all */
	PAID_BY_KEPT,    /* a promise, for good: the slot is an ordinary one afterwards */
	PAID_BY_PROMISED /* a promise, until the slot is given back */
};

/* ---- room.c ---------------------------------------------------------------- */

/* How rooms are held (room.c): CPUs of a unit, as many as a word of a mask has; bits of a room;
 * units below a top. */
#define UNIT 64u
#define SLICES 8u
#define TOP_UNITS 8u
#define HALF 32u /* as many as a ferry_atomic has */

/* 64 CPUs, a bit each. */
struct ferry_x86_unit {
	ferry_atomic slices[SLICES][2]; /* their rooms; a CPU's column is changed under its V */
	ferry_atomic up[2];             /* online; changed under V */
	ferry_atomic bound;             /* nobody online has more room */
	ferry_atomic top;               /* of the first of TOP_UNITS: nor in these */
	uint64_t reach;                 /* as in struct ferry_x86 */
	struct ferry_x86_unit *first;   /* of its TOP_UNITS */
};

/* Where is most room? Linked only if named in the configuration: without it each CPU is asked. */
struct ferry_x86_rooms {
	void (*carve)(struct ferry_x86 *x, const struct ferry_x86_config *c,
		      struct ferry_carver *m);
	/* Every CPU has room for x->nusable. */
	void (*fill)(struct ferry *f);
	/* Under V: the room of `cpu` was n - 1 and is n (more), or the other way round. */
	void (*changed)(struct ferry *f, uint32_t cpu, uint32_t n, bool more);
	/* Under V of all of them: the rooms of those of `cpus`, of the HALF from `first` on, are
	 * one more, or one less. */
	void (*all_changed)(struct ferry *f, uint32_t first, uint32_t cpus, bool more);
	/* ferry_backend.publish */
	void (*publish)(struct ferry *f, uint32_t cpu);
	/* The candidate that has most room, the lowest of these, by hints: FERRY_NONE if none
	 * seems to have any. want->set is a set of several CPUs. */
	uint32_t (*emptiest)(struct ferry *f, const struct ferry_irq *i,
			     const struct ferry_want *want);
	/* ferry_backend.plan, .release */
	int (*plan)(struct ferry *f, struct ferry_irq *i, const struct ferry_want *want,
		    struct ferry_place *place);
	int (*release)(struct ferry *f, struct ferry_irq *i, uint32_t cpu, bool force);
	/* The same as ferry_x86_reserve, of the common kinds. */
	int (*reserve)(struct ferry *f, struct ferry_irq *i, uint32_t to, bool dry,
		       enum ferry_x86_payer payer, struct ferry_place *p);
};

/* ---- vector.c --------------------------------------------------------------- */

/* Under V: one place more or less for those who have no promise. */
void ferry_x86_change_room(struct ferry *f, uint32_t cpu, bool more);
void ferry_x86_publish(struct ferry *f, uint32_t cpu);
uint32_t ferry_x86_room(struct ferry *f, uint32_t cpu);
/* May the interrupt be put there, if the CPU is wanted, online and has room? */
bool ferry_x86_candidate(const struct ferry *f, const struct ferry_irq *i,
			 const struct ferry_want *want, uint32_t cpu);
/* The same, in line. */
static inline bool ferry_x86_may_have(const struct ferry *f, const struct ferry_irq *i,
				      const struct ferry_want *want, uint32_t cpu)
{
	if (cpu == want->exclude)
		return false;
	if (i->kind != FERRY_X86_REMAPPED && !(f->x86->reach[cpu / 32] >> (cpu % 32) & 1))
		return false;
	/* Without a bound only an arrival at a new CPU ends the move. */
	return i->cur == FERRY_SET_NONE || ferry_has_bound(f, i) || !ferry_set_has(f, i->cur, cpu);
}

int ferry_x86_plan(struct ferry *f, struct ferry_irq *i, const struct ferry_want *want,
		   struct ferry_place *place);
bool ferry_x86_owes(struct ferry *f, const struct ferry_irq *i, uint32_t cpu);
int ferry_x86_release(struct ferry *f, struct ferry_irq *i, uint32_t cpu, bool force);

/* Reserve a vector on the CPU `to`, if it is online under its V. */
int ferry_x86_reserve(struct ferry *f, struct ferry_irq *i, uint32_t to, bool dry,
		      enum ferry_x86_payer payer, struct ferry_place *p);
/* Under V: the slot becomes, or stops to be, this CPU's. `value` is the table's new entry; 0
 * leaves it. */
void ferry_x86_own_slot(struct ferry *f, uint32_t cpu, uint8_t vector, bool own, uint32_t value);

bool ferry_x86_owns(struct ferry *f, uint32_t cpu, uint8_t vector);

/* Look for one place for all, where anyone may have one. */
int ferry_x86_plan_one(struct ferry *f, struct ferry_irq *i, const struct ferry_want *want,
		       struct ferry_place *p);

/* ---- several.c --------------------------------------------------------------- */

/* Places of several CPUs: linked only if named in the configuration. */
struct ferry_x86_several {
	/* A place on several CPUs, `base` among them; or on that one. */
	int (*plan)(struct ferry *f, struct ferry_irq *i, uint32_t base,
		    const struct ferry_want *want, struct ferry_place *p);
	/* The current place, less the CPUs that are not wanted or not online. */
	int (*shrink)(struct ferry *f, const struct ferry_irq *i, const struct ferry_want *want,
		      struct ferry_place *p);
};

/* ---- what is known of a source ------------------------------------------------- */

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
