/* SPDX-License-Identifier: MIT */
/*
 * mover.h: interrupts that move, as a small kernel might have them. MSI-X entries whose
 * messages keep their order, each on one CPU at a time; CPUs don't come and go.
 *
 * A move takes a vector on the new CPU and points the entry at it. Messages may still
 * be on their way to the old place, so its vector stays taken until the first interrupt
 * has come to the new one: behind it nothing can follow. That interrupt sends the old
 * CPU an IPI, and the old CPU gives the vector back. Until then there is no other move.
 */
#ifndef MOVER_H
#define MOVER_H

#include <stdbool.h>
#include <stdint.h>

#define MOVER_CPUS 4
#define MOVER_IRQS 3
#define MOVER_FIRST 0x41 /* the first vector; the IPI's ranks below all of them */
#define MOVER_VECTORS 8  /* on each CPU */

struct spinlock {
	uint32_t word[2];
};

struct mover_irq {
	struct spinlock lock; /* of what follows */
	uint8_t cpu, vector;  /* where the MSI-X entry points */
	uint8_t old_cpu;
	uint8_t old_vector; /* 0: no move is under way */
	bool arrived;       /* an interrupt has come to the new place: the old one is empty */
	bool running;       /* its handler; one CPU at a time */
	bool latched;       /* it came again meanwhile */
};

struct mover_state {
	void *kernel; /* for the functions below */
	uint32_t cpus, vectors;
	/* Whose vector is it? 1 + interrupt; 0: nobody's. Read without a lock; taken by
	 * anyone, given back by the CPU itself. */
	uint32_t slot[MOVER_CPUS][MOVER_VECTORS];
	struct mover_irq irq[MOVER_IRQS];
};

enum mover_status { MOVER_OK, MOVER_BUSY, MOVER_FULL };

/* The memory is zeroed. `vectors`: at most MOVER_VECTORS. */
void mover_init(struct mover_state *m, void *kernel, uint32_t cpus, uint32_t vectors);

/* Interrupt `irq` begins on the first of these CPUs, a bit each. */
enum mover_status mover_create(struct mover_state *m, uint32_t irq, uint32_t cpus);

/* It shall live on one of them. MOVER_BUSY: it moves already, ask
 * again later. */
enum mover_status mover_move(struct mover_state *m, uint32_t irq, uint32_t cpus);

/* Interrupt entries, on this CPU with interrupts off. False: the vector is nobody's. */
bool mover_interrupt(struct mover_state *m, uint32_t cpu, uint8_t vector);
void mover_ipi(struct mover_state *m, uint32_t cpu);

/* ---- the port: what the kernel has for it ------------------------------------------- */

uintptr_t port_irq_save(void *kernel);
void port_irq_restore(void *kernel, uintptr_t flags);
void port_lock(void *kernel, struct spinlock *lock);
void port_unlock(void *kernel, struct spinlock *lock);
uint32_t port_load(void *kernel, const uint32_t *word);
void port_store(void *kernel, uint32_t *word, uint32_t value);
bool port_cas(void *kernel, uint32_t *word, uint32_t expected, uint32_t value);

/* Write to the MSI-X table entry of an interrupt, at this offset. */
enum port_msi { MSI_ADDRESS = 0, MSI_DATA = 8, MSI_MASK = 12 };
void port_write_msi(void *kernel, uint32_t irq, enum port_msi offset, uint32_t value);

/* The local APIC of this CPU; port_send_ipi: of any, it calls mover_ipi() there. */
void port_eoi(void *kernel, uint32_t cpu);
bool port_irr(void *kernel, uint32_t cpu, uint8_t vector);
void port_send_ipi(void *kernel, uint32_t cpu);

/* The driver's handler. */
void port_handler(void *kernel, uint32_t irq, uint32_t cpu);

/* A tracepoint, with the interrupt's lock held: an arrival is remembered; its handler is
 * about to run for what was remembered; the old vector was given back. */
enum port_event { PORT_LATCHED, PORT_REPLAYED, PORT_RELEASED };
void port_trace(void *kernel, enum port_event event, uint32_t irq, uint32_t cpu);

#endif
