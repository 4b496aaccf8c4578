/* SPDX-License-Identifier: MIT */
/*
 * irqferry on Arm: GICv2 (IHI 0048B), GICv3 (IHI 0069H) with extended SPIs and PPIs, and
 * LPIs through an ITS.
 *
 * Three names for one processor, and they never mix: its index (uint32_t, the host's,
 * as everywhere), its affinity (struct ferry_mpidr), and what the GIC calls it (a target
 * bit, or a frame of redistributors), which the library finds out and keeps to itself.
 *
 * An interrupt starts on a CPU of its place alone. One that a CPU had been offered
 * before its route was changed, and acknowledges after, is given back: made pending
 * again, to be taken at the new place.
 */
#ifndef IRQFERRY_GIC_H
#define IRQFERRY_GIC_H

#include <irqferry/ferry.h>
#include <irqferry/mpidr.h>

#define FERRY_SPI_FIRST 32u
#define FERRY_SPI_LAST 1019u
#define FERRY_EPPI_FIRST 1056u
#define FERRY_EPPI_LAST 1119u
#define FERRY_ESPI_FIRST 4096u
#define FERRY_ESPI_LAST 5119u
#define FERRY_LPI_FIRST 8192u

/* A region of redistributor frames, contiguous; the last one says so itself
 * (GICR_TYPER.Last). `pa`: its physical address, for an ITS that names redistributors
 * so (GITS_TYPER.PTA); without an ITS not used. */
struct ferry_gic_region {
	uint32_t bytes;
	uint64_t pa;
};

struct ferry_gic_variant;
extern const struct ferry_gic_variant ferry_gicv2, ferry_gicv3;
struct ferry_gic_its;
extern const struct ferry_gic_its ferry_its; /* LPIs: only what names it links it */

/* ferry_gic_config.flags */

/* EOImode 1: the priority is dropped when an interrupt is acknowledged, so that others of
 * the same priority can come in on a handler that turns interrupts on; it is deactivated
 * after its handler. Else both come after the handler. */
#define FERRY_GIC_SPLIT_EOI 0x01u

struct ferry_its_config;

struct ferry_gic_config {
	/* drain_ns is for LPIs that are freed, nothing else: every CPU takes what it was
	 * offered, and has come as far as its handler, within so many nanoseconds; no CPU has
	 * interrupts off for longer. An LPI has no active state, and the ITS can't recall
	 * what a CPU was offered: only then can its number be used again. 0: unknown, then
	 * ferry_irq_free() says FERRY_E_NO_BOUND unless the device is quiet. */
	struct ferry_config core;
	uint32_t flags;

	/* &ferry_gicv2 or &ferry_gicv3: what is not named is not linked. */
	const struct ferry_gic_variant *variant;

	/* The affinity of each CPU, `core.cpus` of them; sparse. GICv2: not used, null
	 * (and core.cpus <= 8; each CPU's target bit is read from GICD_ITARGETSR0 when it
	 * enters). Copied. */
	const struct ferry_mpidr *mpidrs;

	/* GICv3: where to look for redistributors: `regions` regions, unit 0 .. */
	const struct ferry_gic_region *region;
	uint32_t regions;

	/* Shared interrupts that may be made: SPIs 32 .. 32+spis-1 and extended SPIs 4096
	 * .. 4096+espis-1. Not more than the distributor has (checked against GICD_TYPER). */
	uint32_t spis, espis;

	/* Priority of all interrupts that have no other: 1 .. 255, lower is higher. 0 stands
	 * for 0xa0. Hardware with few priorities ignores low bits. The lowest that it has
	 * (0xf0 .. 0xff with four bits, IHI 0048B 3.3) is never taken: it is not above the
	 * mask. */
	uint8_t priority;

	/* LPIs: &ferry_its, and what follows; else null. */
	const struct ferry_gic_its *its;
	const struct ferry_its_config *its_config; /* `nits` of them. Copied. */
	uint32_t nits;

	/* With n the power of two that 8192 + core.irqs fits in: the LPI configuration table,
	 * n - 8192 bytes (one per INTID from 8192 on), aligned to 4096; and the pending table
	 * of each CPU, n / 8 bytes, aligned to 65536, zeroed: CPU c's begins at
	 * lpi_pending_pa + c * lpi_pending_stride. Physical addresses are what the GIC is
	 * told; lpi_config is where the library writes. The library never touches the pending
	 * tables. */
	uint8_t *lpi_config;
	uint64_t lpi_config_pa;
	uint64_t lpi_pending_pa;
	uint64_t lpi_pending_stride;
};

/* One ITS. All tables are the caller's, zeroed, and stay. */
struct ferry_its_config {
	uint64_t *queue; /* commands of 32 bytes; aligned to 65536 */
	uint64_t queue_pa;
	uint32_t queue_bytes; /* 4096 .. 1048576, a power of two */
	uint32_t reserved;
	/* GITS_BASERn: physical addresses of what the ITS asks for (GITS_BASERn.Type), 64 KB
	 * aligned, in bytes a multiple of 64 KB; flat tables. Collections: one for each CPU;
	 * 0 bytes if the ITS holds so many itself. */
	uint64_t device_table_pa, collection_table_pa;
	uint32_t device_table_bytes, collection_table_bytes;
	uint32_t device_bits; /* ids below 1 << device_bits */
	uint32_t reserved2;
};

/*
 * Bytes needed for a machine with this configuration; 0 if it is invalid. Touches no
 * hardware.
 */
size_t ferry_gic_size(const struct ferry_gic_config *config);

/*
 * Build a machine in `memory` (aligned to 8 bytes; need not be zero), and set up the
 * distributor and the ITSs: everything disabled, inactive, not pending; GICv3: group 1;
 * GICv2: group 0, or whatever non-secure software can't change. All CPUs are offline:
 * bring each up with ferry_cpu_enter(), the first one too. Context: one CPU, interrupts
 * off.
 * Returns FERRY_OK with the machine in *f; FERRY_E_INVALID; FERRY_E_MEMORY;
 * FERRY_E_TIMEOUT (the GIC does not answer); FERRY_E_HARDWARE (it is not what the
 * configuration says: fewer SPIs, no redistributor for a CPU, table sizes).
 */
FERRY_MUST_USE int ferry_gic_init(const struct ferry_gic_config *config, void *memory, size_t size,
				  struct ferry **f);

/* ---- sources ------------------------------------------------------------ */

/* Numbers that no other back end uses. */
enum ferry_gic_kind {
	FERRY_GIC_EDGE = 8,  /* SPI or extended SPI, rising edge */
	FERRY_GIC_LEVEL = 9, /* ... level */
	FERRY_GIC_LPI = 10,  /* an event of a device behind an ITS */
	FERRY_GIC_KINDS = 11
};

/* ferry_gic_source.flags */

/* Bound to a guest: follows its vCPU by ferry_irq_prefer(); no policy moves it. With
 * FERRY_GIC_SPLIT_EOI, which such a host needs, an SPI is not deactivated after its handler: the
 * guest does that through its list register, or the virtual GIC (vgic.h). */
#define FERRY_GIC_GUEST 0x01u
/* GICv2 alone: the place is every requested CPU that was online when it was chosen, each
 * arrival is taken by one of them (1-N model). It shrinks when one leaves, and grows only by
 * a move. Needs an entry of ferry_config.masks; one CPU without. */
#define FERRY_GIC_SEVERAL 0x02u

/* Made stopped (managed.h): it has no place and the hardware is not touched before
 * ferry_irq_start(), which then says what ferry_gic_create() would have said of the ITS. An
 * SPI's INTID is taken. */
#define FERRY_GIC_STOPPED 0x04u

struct ferry_gic_source {
	uint8_t kind;     /* enum ferry_gic_kind */
	uint8_t flags;    /* FERRY_GIC_* */
	uint8_t priority; /* 0: ferry_gic_config.priority */
	uint8_t its;      /* LPI: which ITS */
	uint32_t intid;   /* EDGE, LEVEL: the SPI. LPI: the EventID */
	uint32_t device;  /* LPI: the DeviceID, which ferry_its_device() has made known */
	uintptr_t cookie; /* given back in ferry_host_handle */
};

/*
 * Make an interrupt, routed inside `mask` (null: anywhere), disabled: ferry_irq_enable()
 * starts it. Its INTID is `intid`; an LPI's is 8192 + *irq.
 * Context: any. Returns FERRY_OK, or FERRY_E_INVALID (kind, flags, no such SPI, a DeviceID or
 * EventID that the ITS can't have); FERRY_E_STATE (that SPI exists already);
 * FERRY_E_NO_IRQ, FERRY_E_NO_CPU, FERRY_E_NO_MASK; FERRY_E_TIMEOUT (the ITS takes no commands,
 * or stopped at this one: then a number is used up, which it may map yet).
 * Not seen: a device that ferry_its_device() did not make known, or has fewer EventIDs. For
 * the ITS that is a command error, which it may ignore, so that the LPI never comes, or stop
 * at for ever.
 */
FERRY_MUST_USE int ferry_gic_create(struct ferry *f, const struct ferry_gic_source *source,
				    const uint64_t *mask, uint32_t *irq);

/*
 * Make a device known to an ITS: MAPD, with an interrupt translation table of 1 <<
 * event_bits entries of ferry_its_entry_bytes() each at `itt_pa`, zeroed, aligned to 256
 * bytes. event_bits 0 with itt_pa 0 makes it unknown again (all its interrupts are
 * freed). Context: thread. FERRY_OK, FERRY_E_INVALID, FERRY_E_TIMEOUT.
 */
FERRY_MUST_USE int ferry_its_device(struct ferry *f, uint32_t its, uint32_t device, uint64_t itt_pa,
				    uint32_t event_bits);
uint32_t ferry_its_entry_bytes(struct ferry *f, uint32_t its);

/* ---- entry point -------------------------------------------------------- */

#define FERRY_GIC_TAKEN 0      /* an interrupt was acknowledged and ended */
#define FERRY_GIC_SPURIOUS 1   /* 1020 .. 1023: nothing was acknowledged */
#define FERRY_GIC_UNEXPECTED 2 /* nobody's; it was ended and counted */

/*
 * The IRQ exception on `cpu`, which is this CPU: acknowledges one interrupt, runs its
 * handler, ends it. A CPU that has taken one calls again until FERRY_GIC_SPURIOUS, or
 * simply returns from the exception. Context: interrupt entry, interrupts off.
 * FERRY_E_INVALID: no such CPU, nothing done.
 */
int ferry_gic_interrupt(struct ferry *f, uint32_t cpu);

/* ---- private interrupts: SGIs and PPIs of a CPU ------------------------- */

/*
 * Send SGI `id` (0 .. 15) to the CPUs of `mask` (null: all, this one too). What was
 * stored before is visible to its handlers. CPUs that are offline are left out.
 * Context: any. FERRY_OK, FERRY_E_INVALID.
 */
int ferry_gic_sgi(struct ferry *f, uint32_t id, const uint64_t *mask);

/*
 * Configure a PPI or SGI of `cpu`, which is this CPU, online: enabled or not, edge or level
 * (SGIs: edge), priority (0: ferry_gic_config.priority). Kept, and set again when the CPU
 * returns after it went offline; a PPI that was pending by an edge then is pending
 * again; an active one is not (its handler had ended, or never will), an SGI is not.
 * Context: thread on that CPU, interrupts off. FERRY_OK, FERRY_E_INVALID, FERRY_E_STATE,
 * FERRY_E_TIMEOUT (it can't be switched off).
 */
int ferry_gic_local(struct ferry *f, uint32_t cpu, uint32_t intid, bool enabled, bool edge,
		    uint8_t priority);

/* ---- looking ------------------------------------------------------------ */

/* The INTID of an interrupt, or FERRY_NONE. Context: any. */
uint32_t ferry_gic_intid(struct ferry *f, uint32_t irq);
/* The interrupt of an INTID, or FERRY_NONE. Context: any. */
uint32_t ferry_gic_irq(struct ferry *f, uint32_t intid);

#endif
