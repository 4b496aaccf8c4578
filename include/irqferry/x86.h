/* SPDX-License-Identifier: MIT */
/*
 * irqferry on x86: vectors, local APICs, I/O APIC pins, MSI, MSI-X, remapping.
 * Manual sections: Intel SDM volume 3A chapter 11 (APIC), 82093AA (I/O APIC),
 * PCI 3.0 section 6.8 (MSI, MSI-X), VT-d 3.x chapter 5 (remapping).
 */
#ifndef IRQFERRY_X86_H
#define IRQFERRY_X86_H

#include <irqferry/ferry.h>

/* ferry_x86_config.flags */

/* One vector namespace for all CPUs: a vector means the same interrupt
 * everywhere, a move changes only the destination. For small systems: at most
 * about 200 interrupts, 1 KB of slots instead of 1 KB per CPU. */
#define FERRY_X86_SHARED 0x01u
/* A read of a device's register returns only after every message it sent before
 * is in its target's IRR (not only at the root complex). */
#define FERRY_X86_FENCE_REACHES_IRR 0x02u
/* ferry_host_irte_sync returns only after every request that used the old entry
 * is in its target's IRR. */
#define FERRY_X86_REMAP_DRAINS 0x04u
/* The local APICs suppress EOI broadcasts (SDM 11.8.5, SVR bit 12): level pins
 * are ended through the I/O APIC's EOI register. */
#define FERRY_X86_DIRECTED_EOI 0x08u
/* The platform takes 15-bit destinations in messages without remapping
 * (extended destination id: address bits 11:5, RTE bits 55:49). */
#define FERRY_X86_EXT_DEST 0x10u
/* Logical destinations: flat (LDR bit per CPU, 8 CPUs) or, for remapped sources
 * only, x2APIC cluster. Needs logical_ids and several. */
#define FERRY_X86_LOGICAL_FLAT 0x20u
#define FERRY_X86_LOGICAL_CLUSTER 0x40u

struct ferry_kind;
extern const struct ferry_kind ferry_x86_remapping;
struct ferry_x86_several;
extern const struct ferry_x86_several ferry_x86_several;
struct ferry_x86_rooms;
extern const struct ferry_x86_rooms ferry_x86_rooms;
struct ferry_promises; /* managed.h */

struct ferry_x86_config {
	struct ferry_config core;
	uint32_t flags;

	/* The APIC id of each CPU, `core.cpus` of them; sparse, above 255 where the
	 * machine has x2APIC. Copied. */
	const uint32_t *apic_ids;

	/* The logical id of each CPU (flat: bits 7:0 of LDR bits 31:24; cluster: the
	 * 32-bit x2APIC LDR). Only with FERRY_X86_LOGICAL_*; else null. Copied. */
	const uint32_t *logical_ids;

	/* &ferry_x86_remapping where there are remapped sources, else null: then the
	 * two remapping functions of host.h are not needed. */
	const struct ferry_kind *remapping;

	/* &ferry_x86_several with FERRY_X86_LOGICAL_*, else it may be null. */
	const struct ferry_x86_several *several;

	/* &ferry_x86_rooms on a machine of more than a few CPUs: then a place is found without
	 * a visit to each of them. Null: they are visited, and the library is smaller. */
	const struct ferry_x86_rooms *rooms;

	/* &ferry_x86_promises where there are managed interrupts, or plans of CPUs that leave
	 * (managed.h, plan.h), else null; and how many pools interrupts may share promises
	 * in (ferry_irq_share): 4 bytes for each pool and CPU. */
	const struct ferry_promises *promises;
	uint32_t pools;

	/* Vectors first .. last may be given to interrupts, less those set in
	 * `reserved` (256 bits, bit n of word n/32; null: none). 0x10 <= first. */
	uint8_t first_vector, last_vector;
	const uint32_t *reserved;

	/* The library's own IPI. Must be below first_vector, so that everything
	 * pending on a CPU is taken before its slots are cleared. The host installs
	 * it on every CPU and calls ferry_x86_doorbell() from it. */
	uint8_t doorbell_vector;
};

/*
 * Bytes needed for a machine with this configuration; 0 if the configuration is
 * invalid (ferry_x86_init says the same as FERRY_E_INVALID).
 */
size_t ferry_x86_size(const struct ferry_x86_config *config);

/*
 * Build a machine in `memory` (aligned to 8 bytes; need not be zero). All CPUs
 * are offline: bring each up with ferry_cpu_enter().
 * Returns FERRY_OK with the machine in *f; FERRY_E_INVALID; FERRY_E_MEMORY.
 */
FERRY_MUST_USE int ferry_x86_init(const struct ferry_x86_config *config, void *memory, size_t size,
				  struct ferry **f);

/* ---- sources ------------------------------------------------------------ */

enum ferry_x86_kind {
	FERRY_X86_MSIX = 0,         /* MSI-X entry: own mask bit, latches while masked */
	FERRY_X86_MSI_MASKABLE = 1, /* MSI with per-vector masking, one message */
	FERRY_X86_MSI = 2,          /* MSI without masking: address and data in two writes */
	FERRY_X86_IOAPIC_EDGE = 3,  /* drops what arrives while masked: never masked */
	FERRY_X86_IOAPIC_LEVEL = 4,
	FERRY_X86_REMAPPED = 5, /* message through a remapping entry */
	FERRY_X86_KINDS = 6
};

/* ferry_source.flags */

/* Messages of this source reach IRRs in the order the device issued them: then
 * the first arrival at the new place proves the old one empty. */
#define FERRY_SOURCE_ORDERED 0x01u
/* Remapped: the device's message has a mask bit (FERRY_REG_MSI_MASK). */
#define FERRY_SOURCE_MASKABLE 0x02u
/* Deliver to several CPUs at a time where the machine has logical destinations:
 * each arrival goes to one CPU of the set, which the hardware picks. */
#define FERRY_SOURCE_SEVERAL 0x04u
/* I/O APIC pin: active low. */
#define FERRY_SOURCE_LOW 0x08u
/* Made stopped (managed.h): no vector is taken, no CPU of the mask need be online, and the
 * source is not touched before ferry_irq_start(). */
#define FERRY_SOURCE_STOPPED 0x10u

struct ferry_source {
	uint8_t kind;     /* enum ferry_x86_kind */
	uint8_t flags;    /* FERRY_SOURCE_* */
	uint16_t unit;    /* remapped: the remapping unit */
	uint32_t device;  /* the host's handle, given back in ferry_host_read/write */
	uint32_t index;   /* MSI-X entry, pin; remapped: the remapping entry, and what
			   * ferry_host_write gets for the mask bit: the host translates */
	uintptr_t cookie; /* given back in ferry_host_handle */
};

/*
 * Make up to `n` interrupts for sources `index`, index+1, ... of one device,
 * each with a vector inside `mask` (null: anywhere). Each is programmed, and
 * disabled: ferry_irq_enable() starts it. With FERRY_SOURCE_STOPPED only the last is so. The
 * numbers are stored in irqs[0..].
 *
 * Returns how many were made, 1 .. n (fewer without failing where vectors or
 * descriptors run out), or
 *   FERRY_E_NO_SPACE, FERRY_E_NO_IRQ, FERRY_E_NO_CPU, FERRY_E_UNREACHABLE,
 *   FERRY_E_NO_MASK  for the first already
 *   FERRY_E_INVALID  kind, flags or n are outside their range, or the source is
 *                    remapped and ferry_x86_config.remapping null
 * Context: any. The source is silent: MSI-X entry masked, MSI disabled, pin
 * masked, remapping entry absent.
 */
FERRY_MUST_USE int ferry_x86_create(struct ferry *f, const struct ferry_source *source,
				    const uint64_t *mask, uint32_t n, uint32_t *irqs);

/* ---- entry points ------------------------------------------------------- */

/* What ferry_x86_interrupt found; or FERRY_E_INVALID, nothing done, no EOI, if
 * there is no such CPU. */
#define FERRY_X86_TAKEN 0      /* the vector had an owner */
#define FERRY_X86_UNEXPECTED 1 /* it had none; EOI was written, it was counted */

/*
 * `vector` was delivered to `cpu`, which is this CPU. Context: its interrupt
 * entry, interrupts off. Does everything: ack, handler, EOI.
 * Not for the doorbell, system vectors and the spurious vector.
 */
int ferry_x86_interrupt(struct ferry *f, uint32_t cpu, uint8_t vector);

/* The doorbell vector was delivered to `cpu`, which is this CPU. Context: its
 * interrupt entry, interrupts off. Clears old places, runs replays. */
void ferry_x86_doorbell(struct ferry *f, uint32_t cpu);

/*
 * Who owns `vector` on `cpu`: *irq is the owner, or with a false return the
 * last owner, or FERRY_NONE. For reports on unexpected vectors. Context: any.
 */
bool ferry_x86_owner(struct ferry *f, uint32_t cpu, uint8_t vector, uint32_t *irq);

/* Places on `cpu`, and vectors that a new interrupt could have there now (in the
 * shared namespace: the same number everywhere). Context: any. */
void ferry_x86_vectors(struct ferry *f, uint32_t cpu, uint32_t *used, uint32_t *free_);

#endif
