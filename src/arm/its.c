/* SPDX-License-Identifier: MIT */
/*
 * LPIs through an ITS. Every CPU has one collection, its index; an interrupt is an event
 * of a device, mapped to INTID 8192 + number and to the collection of its CPU.
 *
 * A move is MOVI and SYNC in the queue; its interrupt's `rung` is the count of commands
 * after which they are done (gic.h). `vector` is 1 while the event is mapped.
 *
 * Locks: I held by the engine where there is an interrupt; Q below it.
 */
#include "arm/gic_registers.h"
#include "arm/its.h"

#define ITS_MAX 256u     /* ferry_gic_source.its is 8 bits */
#define MOVE_COMMANDS 8u /* as many as one call of the engine gives, and some */
#define AWAIT_NS 1000u   /* between two looks at GITS_CREADR */
#define TABLE_PAGES 256u /* GITS_BASERn.Size */
#define COMMAND_BYTES 32u

/* Registers: IHI 0069H 12.9 (GICD), 12.11 (GICR), 12.19 (GITS). */
#define GICD_TYPER_LPIS (1u << 17)
#define GICR_CTLR_ENABLE_LPIS 1u
#define GICR_TYPER_PLPIS 1u
#define GICR_PROPBASER 0x0070
#define GICR_PENDBASER 0x0078
#define GICR_PENDBASER_PTZ (1ull << 62)
#define GITS_CTLR 0x0000
#define GITS_CTLR_ENABLED 1u
#define GITS_CTLR_QUIESCENT (1u << 31)
#define GITS_TYPER 0x0008
#define GITS_TYPER_PHYSICAL 1u
#define GITS_TYPER_CIL (1ull << 36)
#define GITS_CBASER 0x0080
#define GITS_BASER 0x0100
#define GITS_BASERS 8u
#define TYPE_DEVICES 1u
#define TYPE_COLLECTIONS 4u
#define VALID (1ull << 63) /* GITS_BASERn, GITS_CBASER, commands */

/* Attributes of tables. Both kinds of register have Shareability in 11:10; InnerCache
 * begins at different bits. */
#define SHAREABILITY (3ull << 10)
#define INNER_SHAREABLE (1ull << 10)
#define WRITE_BACK 7ull
#define NON_CACHEABLE 1ull
#define GITS_CACHE 59u
#define GICR_CACHE 7u

#define ADDRESS(top, low) ((2ull << (top)) - (1ull << (low))) /* bits top:low */

/* A byte of the LPI configuration table: 5.1.1. Bit 1 is reserved and 1. */
#define LPI_ENABLED 1u
#define LPI_RESERVED 2u
#define LPI_PRIORITY 0xfcu

static uint32_t field(uint64_t value, uint32_t low, uint32_t bits)
{
	return (uint32_t)(value >> low) & ((1u << bits) - 1);
}

/* ---- commands: 5.3 ----------------------------------------------------------------- */

enum its_op {
	ITS_MOVI = 0x01,
	ITS_INT = 0x03,
	ITS_SYNC = 0x05,
	ITS_MAPD = 0x08,
	ITS_MAPC = 0x09,
	ITS_MAPTI = 0x0a,
	ITS_INV = 0x0c,
	ITS_INVALL = 0x0d,
	ITS_MOVALL = 0x0e,
	ITS_DISCARD = 0x0f
};

static struct gic_its *its_of(struct ferry *f, const struct ferry_irq *i)
{
	return &f->gic->its[gic_its_of(i)];
}

static uint64_t rd_base(const struct gic_its *t, uint32_t cpu)
{
	return t->rds[cpu].base[t->pta];
}

/* About an event; `collection` where the command has one. */
static struct its_command of_event(enum its_op op, const struct ferry_irq *i, ferry_set collection)
{
	return (struct its_command){ { (uint64_t)i->device << 32 | op, i->index, collection, 0 } };
}

static struct its_command of_collection(enum its_op op, uint64_t target)
{
	return (struct its_command){ { op, 0, target, 0 } };
}

static struct its_command sync_with(const struct gic_its *t, uint32_t cpu)
{
	return of_collection(ITS_SYNC, rd_base(t, cpu));
}

/* One command about an event, and SYNC. */
static void tell(struct ferry *f, struct ferry_irq *i, enum its_op op, uint32_t *count)
{
	struct gic_its *t = its_of(f, i);
	struct its_command c[] = { of_event(op, i, 0), sync_with(t, i->cur) };

	(void)its_give(f, t, c, 2, count);
}

/* ---- LPIs --------------------------------------------------------------------------- */

/* The byte is in memory before INV can be: that command reads it. */
static void configure(struct ferry *f, const struct ferry_irq *i, uint8_t value)
{
	uint8_t *byte = &f->gic->lpi_config[i->number];

	*byte = value;
	ferry_host_its_sync(f->ctx, byte, 1);
}

static void apply_mask(struct ferry *f, struct ferry_irq *i)
{
	uint8_t was = f->gic->lpi_config[i->number];
	uint32_t is = (was & ~LPI_ENABLED) | (i->flags & FERRY_F_NO_START ? 0 : LPI_ENABLED);
	uint32_t count;

	if (is == was)
		return;
	configure(f, i, (uint8_t)is);
	tell(f, i, ITS_INV, &count);
}

static void setup(struct ferry *f, struct ferry_irq *i)
{
	struct gic_its *t = its_of(f, i);
	struct its_command c[] = { of_event(ITS_MAPTI, i, i->cur), sync_with(t, i->cur) };

	configure(f, i, (gic_priority(i) & LPI_PRIORITY) | LPI_RESERVED);
	c[0].word[1] |= (uint64_t)gic_intid(i) << 32;
	i->vector = 1;
	/* Waited for: the ITS drops what comes from a device before the event is mapped. One
	 * that may still map it some day keeps the number. */
	if (its_give(f, t, c, 2, NULL) != FERRY_OK)
		i->flags |= FERRY_F_DEAD;
}

/* MOVI takes the pending state out of the old redistributor and gives it to the new one.
 * A SYNC is about what concerns the redistributor that it names (5.3, SYNC): the move is
 * complete when both have seen it. */
static enum ferry_owed program(struct ferry *f, struct ferry_irq *i)
{
	struct gic_its *t = its_of(f, i);
	struct its_command c[] = { of_event(ITS_MOVI, i, i->cur), sync_with(t, i->old),
				   sync_with(t, i->cur) };

	(void)its_give(f, t, c, 3, &i->rung);
	i->vector = 1;
	i->flags |= FERRY_F_SETTLE;
	return FERRY_OWED_EVIDENCE;
}

/* DISCARD also takes the pending state away, and configurations read before (5.3, DISCARD):
 * once it and SYNC are done nothing of this INTID is left, and it can be another's. In the
 * middle of a move too, for it comes after MOVI and both SYNCs. This relies on MOVI and SYNC
 * having called back what the old CPU was offered: DISCARD looks at one place alone. */
static enum ferry_owed silence(struct ferry *f, struct ferry_irq *i)
{
	if (i->vector) {
		configure(f, i, LPI_RESERVED);
		i->vector = 0;
		tell(f, i, ITS_DISCARD, &i->rung);
	}
	i->flags |= FERRY_F_SETTLE;
	return FERRY_OWED_EVIDENCE;
}

static const struct ferry_kind lpi = {
	.program = program,
	.setup = setup,
	.apply_mask = apply_mask,
	.silence = silence,
};

static int ready(struct ferry *f, struct ferry_irq *i)
{
	struct gic_its *t;

	if (gic_its_of(i) >= f->gic->nits)
		return FERRY_E_INVALID;
	t = its_of(f, i);
	if ((uint64_t)i->device >> t->device_bits || (uint64_t)i->index >> t->event_bits)
		return FERRY_E_INVALID;
	return its_room(f, t, MOVE_COMMANDS);
}

/*
 * A move: the commands were done. After the end of an interrupt its number is somebody
 * else's, and an LPI has no active state that would tell: a CPU may have been offered it
 * before a MOVI that no longer found it, or may have acknowledged it and not yet looked
 * up whose it is. The host says how long that takes: the drain bound. An ITS that is dead is
 * not asked all the time for what will hardly come; and what it may map yet is not to be told
 * from what is mapped: without an old place it never ends.
 */
static uint64_t awaits(struct ferry *f, struct ferry_irq *i)
{
	uint64_t now, age;

	if (i->old == FERRY_SET_NONE || !its_reached(f, its_of(f, i), i->rung))
		return its_room(f, its_of(f, i), 0) == FERRY_OK ? AWAIT_NS : GIC_PATIENCE_NS;
	if ((i->flags & (FERRY_F_DEAD | FERRY_F_QUIET)) != FERRY_F_DEAD)
		return 0;
	if (!f->drain_ns)
		return UINT64_MAX;
	now = ferry_host_now(f->ctx);
	/* Not DRAINING, so no debt: here it says that the bound runs. */
	if (!i->debt) {
		i->debt = 1;
		i->fence_ns = now;
	}
	age = now > i->fence_ns ? now - i->fence_ns : 0;
	return age < f->drain_ns ? f->drain_ns - age : 0;
}

static void replay(struct ferry *f, struct ferry_irq *i)
{
	uint32_t count;

	tell(f, i, ITS_INT, &count);
}

/* ---- CPUs come and go -------------------------------------------------------------- */

/* INTIDs below 1 << this: 14 .. 17. */
static uint32_t intid_bits(uint32_t irqs)
{
	uint32_t bits = 14;

	while (1u << bits < FERRY_LPI_FIRST + irqs)
		bits++;
	return bits;
}

/* Write a register that says where a table is. Hardware that does not snoop reads back as
 * non-shareable; then it must not cache either (12.11, 12.19). What it is now. */
static uint64_t set_base(struct ferry *f, enum ferry_gic_frame frame, uint32_t unit,
			 uint32_t offset, uint64_t value)
{
	uint32_t cache = frame == FERRY_GITS ? GITS_CACHE : GICR_CACHE;
	uint64_t back;

	ferry_host_gic_write64(f->ctx, frame, unit, offset,
			       value | INNER_SHAREABLE | WRITE_BACK << cache);
	back = ferry_host_gic_read64(f->ctx, frame, unit, offset);
	if (back & SHAREABILITY)
		return back;
	ferry_host_gic_write64(f->ctx, frame, unit, offset, value | NON_CACHEABLE << cache);
	return ferry_host_gic_read64(f->ctx, frame, unit, offset);
}

static bool has_tables(struct ferry *f, struct gic_rd rd, uint64_t prop, uint64_t pend)
{
	uint64_t p =
		ferry_host_gic_read64(f->ctx, FERRY_GICR, rd.region, rd.offset + GICR_PROPBASER);
	uint64_t q =
		ferry_host_gic_read64(f->ctx, FERRY_GICR, rd.region, rd.offset + GICR_PENDBASER);

	return !((p ^ prop) & ADDRESS(51, 12)) && field(p, 0, 5) >= field(prop, 0, 5) &&
	       !((q ^ pend) & ADDRESS(51, 16));
}

/* LPIs may be impossible to switch off once they are on (12.11, GICR_CTLR.EnableLPIs):
 * a CPU that returns has them on, which is fine if its tables are ours. The pending table
 * is all zero at first alone; later it is what the redistributor left. */
static int enable_lpis(struct ferry *f, uint32_t cpu)
{
	struct ferry_gic *gic = f->gic;
	struct gic_rd rd = gic->cpus[cpu].rd;
	uint64_t prop = gic->lpi_config_pa | (intid_bits(f->nirqs) - 1);
	uint64_t pend = gic->lpi_pending_pa + cpu * gic->lpi_pending_stride;
	uint32_t ctlr = ferry_host_gic_read(f->ctx, FERRY_GICR, rd.region, rd.offset + GICR_CTLR);

	if (!(ctlr & GICR_CTLR_ENABLE_LPIS)) {
		(void)set_base(f, FERRY_GICR, rd.region, rd.offset + GICR_PROPBASER, prop);
		(void)set_base(f, FERRY_GICR, rd.region, rd.offset + GICR_PENDBASER,
			       pend | (gic->cpus[cpu].lpis ? 0 : GICR_PENDBASER_PTZ));
		ferry_host_gic_write(f->ctx, FERRY_GICR, rd.region, rd.offset + GICR_CTLR,
				     ctlr | GICR_CTLR_ENABLE_LPIS);
		ferry_host_barrier(f->ctx, FERRY_BARRIER_DEVICE);
	}
	if (!has_tables(f, rd, prop, pend))
		return FERRY_E_HARDWARE;
	ferry_lock_cpu(f, cpu);
	gic->cpus[cpu].lpis = 1;
	ferry_unlock_cpu(f, cpu);
	return FERRY_OK;
}

/* Only now the collection, for MAPC to a redistributor without LPIs is an error. INVALL:
 * what it may have cached of configurations before it went. */
static int enter(struct ferry *f, uint32_t cpu)
{
	int rc = enable_lpis(f, cpu);

	for (uint32_t n = 0; n < f->gic->nits && rc == FERRY_OK; n++) {
		struct gic_its *t = &f->gic->its[n];
		struct its_command c[] = {
			of_collection(ITS_MAPC, VALID | rd_base(t, cpu) | cpu),
			sync_with(t, cpu),
			of_collection(ITS_INVALL, cpu),
			sync_with(t, cpu),
		};

		rc = its_give(f, t, c, 4, NULL);
	}
	return rc;
}

/*
 * MOVALL names redistributors, not events, and moves what is pending in one to another
 * (5.3, MOVALL); events that still were mapped to the old one would become pending there again.
 * So first every event is mapped elsewhere: the engine's MOVIs are done before a CPU is
 * let go. What they found pending is moved already; what is left is what the redistributor
 * had offered to the CPU and could not take back, and it returns there when the interface
 * is off. So this comes after the interface, and before the redistributor sleeps: it could
 * not answer the SYNC then. At `to` such an interrupt is given back to its own place.
 *
 * The collection stays mapped: no event names it, nobody syncs with it, and to unmap it
 * would only be one more command that can fail. When the CPU returns it is mapped again.
 */
static int leave(struct ferry *f, uint32_t cpu, uint32_t to)
{
	int rc = FERRY_OK;

	for (uint32_t n = 0; n < f->gic->nits && rc == FERRY_OK; n++) {
		struct gic_its *t = &f->gic->its[n];
		struct its_command c[] = {
			of_collection(ITS_MOVALL, rd_base(t, cpu)),
			sync_with(t, cpu),
			sync_with(t, to),
		};

		c[0].word[3] = rd_base(t, to);
		rc = its_give(f, t, c, 3, NULL);
	}
	return rc;
}

/* ---- start -------------------------------------------------------------------------- */

static bool its_valid(const struct ferry_its_config *c)
{
	uint64_t aligned = c->queue_pa | c->device_table_pa | c->device_table_bytes |
			   c->collection_table_pa | c->collection_table_bytes;
	uint32_t bytes = c->queue_bytes;

	/* 4096 .. 1048576, a power of two */
	if (!(bytes & 0x1ff000) || (bytes & (bytes - 1)))
		return false;
	return c->queue && !(aligned & 0xffff) && !(aligned >> 52) && c->device_bits - 1 < 32 &&
	       c->device_table_bytes;
}

static bool valid(const struct ferry_gic_config *c)
{
	uint64_t stride = c->lpi_pending_stride;

	if (!c->lpi_config || (c->lpi_config_pa & 0xfff) ||
	    ((c->lpi_pending_pa | stride) & 0xffff) || !stride || c->nits - 1 >= ITS_MAX ||
	    !c->its_config)
		return false;
	for (uint32_t n = 0; n < c->nits; n++)
		if (!its_valid(&c->its_config[n]))
			return false;
	return true;
}

static void carve(struct ferry_gic *gic, const struct ferry_gic_config *c, struct ferry_carver *m)
{
	struct its_rd *rds;

	gic->its = ferry_carve(m, c->nits, sizeof(*gic->its));
	rds = ferry_carve(m, c->core.cpus, sizeof(*rds));
	for (uint32_t n = 0; gic->its && n < c->nits; n++)
		gic->its[n].rds = rds;
}

/* The names of the redistributors. False: one of them has no LPIs. */
static bool name_rds(struct ferry *f, const struct ferry_gic_config *c, struct its_rd *rds)
{
	for (uint32_t cpu = 0; cpu < f->ncpus; cpu++) {
		struct gic_rd rd = f->gic->cpus[cpu].rd;
		uint64_t typer = ferry_host_gic_read64(f->ctx, FERRY_GICR, rd.region,
						       rd.offset + GICR_TYPER);

		if (!(typer & GICR_TYPER_PLPIS))
			return false;
		rds[cpu].base[0] = (uint64_t)f->gic->cpus[cpu].rd_number << 16;
		rds[cpu].base[1] = (c->region[rd.region].pa + rd.offset) & ADDRESS(51, 16);
	}
	return true;
}

/* GITS_BASERn: in pages of 64 KB, or of what this register can. */
static bool set_table(struct ferry *f, const struct gic_its *t, uint32_t offset, uint64_t pa,
		      uint32_t bytes)
{
	for (uint32_t size = 2; size <= 2; size--) {
		uint32_t pages = bytes >> (12 + 2 * size);
		uint64_t value = VALID | (uint64_t)size << 8 | (pages - 1);

		if (pages > TABLE_PAGES || (size < 2 && pa >> 48))
			return false;
		/* 12.19, GITS_BASERn: with 64 KB pages, bits 51:48 of the address are in 15:12. */
		value |= (pa & ADDRESS(47, 12)) | pa >> 48 << 12;
		if (field(set_base(f, FERRY_GITS, t->unit, offset, value), 8, 2) == size)
			return true;
	}
	return false;
}

struct its_room {
	uint64_t devices, collections;
};

/* One of GITS_BASER0 .. 7: its table, if it is one that we use. */
static bool init_table(struct ferry *f, const struct gic_its *t, const struct ferry_its_config *c,
		       uint32_t offset, struct its_room *room)
{
	uint64_t base = ferry_host_gic_read64(f->ctx, FERRY_GITS, t->unit, offset);
	uint32_t entry = field(base, 48, 5) + 1;

	if (field(base, 56, 3) == TYPE_DEVICES) {
		room->devices = c->device_table_bytes / entry;
		return set_table(f, t, offset, c->device_table_pa, c->device_table_bytes);
	}
	if (field(base, 56, 3) == TYPE_COLLECTIONS && c->collection_table_bytes) {
		room->collections = c->collection_table_bytes / entry;
		return set_table(f, t, offset, c->collection_table_pa, c->collection_table_bytes);
	}
	return true;
}

/* Does the ITS have what is asked for? (12.19, GITS_TYPER) */
static bool fits(const struct ferry *f, const struct gic_its *t, uint64_t typer,
		 struct its_room room)
{
	if (!room.collections)
		room.collections = field(typer, 24, 8); /* those that it holds itself */
	return (typer & GITS_TYPER_PHYSICAL) && t->device_bits <= field(typer, 13, 5) + 1 &&
	       room.devices >> t->device_bits && room.collections >= f->ncpus &&
	       (!(typer & GITS_TYPER_CIL) || f->ncpus <= 2u << field(typer, 32, 4));
}

struct quiet {
	struct ferry *f;
	uint32_t unit;
};

static bool is_quiet(void *arg)
{
	const struct quiet *q = arg;

	return ferry_host_gic_read(q->f->ctx, FERRY_GITS, q->unit, GITS_CTLR) & GITS_CTLR_QUIESCENT;
}

/* Tables and queue can be changed once it is off and has come to rest (12.19,
 * GITS_CTLR.Quiescent). */
static bool switch_off(struct ferry *f, uint32_t unit)
{
	struct quiet q = { f, unit };

	ferry_host_gic_write(f->ctx, FERRY_GITS, unit, GITS_CTLR, 0);
	return ferry_host_wait_ns(f->ctx, is_quiet, &q, GIC_PATIENCE_NS);
}

static void remember(struct gic_its *t, const struct ferry_its_config *c, uint64_t typer)
{
	t->queue = c->queue;
	t->slots = c->queue_bytes / COMMAND_BYTES;
	/* So that the counts wrap around soon, and not only after years. */
	t->given = t->done = 0u - t->slots;
	t->device_bits = (uint8_t)c->device_bits;
	t->pta = (uint8_t)field(typer, 19, 1);
	t->event_bits = (uint8_t)(field(typer, 8, 5) + 1);
	t->entry_bytes = (uint8_t)(field(typer, 4, 4) + 1);
}

static int init_its(struct ferry *f, struct gic_its *t, const struct ferry_its_config *c)
{
	struct its_room room = { 0, 0 };
	uint64_t typer;

	if (!switch_off(f, t->unit))
		return FERRY_E_TIMEOUT;
	typer = ferry_host_gic_read64(f->ctx, FERRY_GITS, t->unit, GITS_TYPER);
	remember(t, c, typer);
	for (uint32_t n = 0; n < GITS_BASERS; n++)
		if (!init_table(f, t, c, GITS_BASER + 8 * n, &room))
			return FERRY_E_HARDWARE;
	if (!fits(f, t, typer, room))
		return FERRY_E_HARDWARE;
	(void)set_base(f, FERRY_GITS, t->unit, GITS_CBASER,
		       VALID | c->queue_pa | (c->queue_bytes / 4096 - 1));
	ferry_host_gic_write64(f->ctx, FERRY_GITS, t->unit, GITS_CWRITER, 0);
	ferry_host_gic_write(f->ctx, FERRY_GITS, t->unit, GITS_CTLR, GITS_CTLR_ENABLED);
	return FERRY_OK;
}

/* GICD_TYPER: are there INTIDs for so many LPIs? num_LPIs is 0 where IDbits says it all. */
static bool enough_lpis(struct ferry *f)
{
	uint32_t typer = ferry_host_gic_read(f->ctx, FERRY_GICD, 0, GICD_TYPER);
	uint32_t log = field(typer, 11, 5);

	return (typer & GICD_TYPER_LPIS) && field(typer, 19, 5) + 1 >= intid_bits(f->nirqs) &&
	       (!log || f->nirqs <= 2u << log);
}

static int init(struct ferry *f, const struct ferry_gic_config *c)
{
	struct ferry_gic *gic = f->gic;
	int rc = FERRY_OK;

	gic->nits = c->nits;
	gic->lpi_config = c->lpi_config;
	gic->lpi_config_pa = c->lpi_config_pa;
	gic->lpi_pending_pa = c->lpi_pending_pa;
	gic->lpi_pending_stride = c->lpi_pending_stride;
	if (!enough_lpis(f) || !name_rds(f, c, (struct its_rd *)gic->its->rds))
		return FERRY_E_HARDWARE;
	for (uint32_t n = 0; n < f->nirqs; n++)
		gic->lpi_config[n] = LPI_RESERVED;
	ferry_host_its_sync(f->ctx, gic->lpi_config, f->nirqs);
	for (uint32_t n = 0; n < c->nits && rc == FERRY_OK; n++) {
		gic->its[n].unit = n;
		rc = init_its(f, &gic->its[n], &c->its_config[n]);
	}
	return rc;
}

const struct ferry_gic_its ferry_its = {
	.kind = &lpi,
	.valid = valid,
	.carve = carve,
	.init = init,
	.enter = enter,
	.leave = leave,
	.ready = ready,
	.awaits = awaits,
	.replay = replay,
};

/* ---- devices ------------------------------------------------------------------------ */

int ferry_its_device(struct ferry *f, uint32_t its, uint32_t device, uint64_t itt_pa,
		     uint32_t event_bits)
{
	struct its_command c = { { (uint64_t)device << 32 | ITS_MAPD, 0, 0, 0 } };
	struct gic_its *t;
	uintptr_t flags;
	int rc;

	if (its >= f->gic->nits)
		return FERRY_E_INVALID;
	t = &f->gic->its[its];
	if ((uint64_t)device >> t->device_bits || event_bits > t->event_bits ||
	    !event_bits != !itt_pa || (itt_pa & 0xff) || itt_pa >> 52)
		return FERRY_E_INVALID;
	if (event_bits) {
		c.word[1] = event_bits - 1;
		c.word[2] = VALID | itt_pa;
	}
	/* No SYNC: the command is about no redistributor, those that follow it in the queue
	 * see its effect. */
	flags = ferry_host_irq_save(f->ctx);
	rc = its_give(f, t, &c, 1, NULL);
	ferry_host_irq_restore(f->ctx, flags);
	return rc;
}

uint32_t ferry_its_entry_bytes(struct ferry *f, uint32_t its)
{
	return its < f->gic->nits ? f->gic->its[its].entry_bytes : 0;
}
