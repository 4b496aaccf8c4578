/* SPDX-License-Identifier: MIT */
/* A GIC with ITSs: fake_its.h says how it is. Registers and commands: IHI 0069H. */
#include "tests/fake_its.h"
#include <irqferry/ferry.h>
#include <irqferry/gic.h>
#include <irqferry/host.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "tests/one_thread.h"

struct fake fake;
const uint64_t fake_mpidrs[CPUS] = { 0x0, 0x100, 0x10003, 0x200000001 };

static uint32_t locks; /* held */

__attribute__((format(printf, 1, 2))) static void wrong(const char *format, ...)
{
	va_list args;

	fake.wrong++;
	va_start(args, format);
	fputs("# wrong: ", stdout);
	vprintf(format, args);
	putchar('\n');
	va_end(args);
}

/* ---- redistributors ----------------------------------------------------------------- */

static uint32_t rd_of(const struct fake_its *t, uint64_t word)
{
	uint64_t base = word & 0x000fffffffff0000ull;

	for (uint32_t cpu = 0; cpu < CPUS; cpu++)
		if (base == (t->typer >> 19 & 1 ? RD_PA + cpu * RD_STRIDE :
						  (fake.rd[cpu].typer >> 8 & 0xffff) << 16))
			return cpu;
	wrong("no redistributor 0x%llx", (unsigned long long)base);
	return 0;
}

static void carry(uint32_t lpi, uint32_t from, uint32_t to)
{
	if (from == to || !fake.rd[from].pending[lpi])
		return;
	fake.rd[from].pending[lpi] = false;
	fake.rd[to].pending[lpi] = true;
}

/* No redistributor goes on with an older configuration (5.3, INV): those that had it read
 * it again at once. */
static void read_again(uint32_t lpi)
{
	for (uint32_t cpu = 0; cpu < CPUS; cpu++)
		if (fake.rd[cpu].loaded[lpi])
			fake.rd[cpu].cached[lpi] = fake.seen[lpi];
}

static void apply(const struct fake_op *op)
{
	uint32_t first = op->lpi == FERRY_NONE ? 0 : op->lpi;
	uint32_t last = op->lpi == FERRY_NONE ? IRQS - 1 : op->lpi;

	for (uint32_t lpi = first; lpi <= last; lpi++) {
		if (op->what == 0x01 || op->what == 0x0e)
			carry(lpi, op->rd[0], op->rd[1]);
		else if (op->what == 0x03)
			fake.rd[op->rd[0]].pending[lpi] = true;
		else
			read_again(lpi);
		if (op->what == 0x0f)
			fake.rd[op->rd[0]].pending[lpi] = false;
	}
}

static void sync(struct fake_its *t, uint32_t rd)
{
	uint32_t left = 0;

	if (fake.rd[rd].waker & 2)
		wrong("SYNC with redistributor %u, which sleeps", rd);
	for (uint32_t n = 0; n < t->nops; n++) {
		struct fake_op *op = &t->ops[n];

		for (uint32_t k = 0; k < 2; k++)
			op->seen[k] |= op->rd[k] == rd;
		if (op->seen[0] && op->seen[1])
			apply(op);
		else
			t->ops[left++] = *op;
	}
	t->nops = left;
}

static void later(struct fake_its *t, uint8_t what, uint32_t lpi, uint32_t from, uint32_t to)
{
	t->ops[t->nops++] = (struct fake_op){ .what = what, .rd = { from, to }, .lpi = lpi };
}

/* ---- commands: 5.3 -------------------------------------------------------------------- */

static uint32_t target(const struct fake_its *t, uint32_t collection)
{
	if (collection >= CPUS || !t->collections[collection].valid) {
		wrong("collection %u is not mapped", collection);
		return 0;
	}
	return rd_of(t, t->collections[collection].rd);
}

static void mapc(struct fake_its *t, uint64_t word)
{
	uint32_t collection = word & 0xffff, rd = rd_of(t, word);

	if (collection >= CPUS) {
		wrong("MAPC of %u", collection);
		return;
	}
	t->collections[collection].valid = word >> 63;
	t->collections[collection].rd = word & 0x000fffffffff0000ull;
	if (!(fake.rd[rd].ctlr & 1))
		wrong("MAPC to redistributor %u, which has no LPIs", rd);
}

static void movall(struct fake_its *t, const uint64_t *c)
{
	uint32_t from = rd_of(t, c[2]), to = rd_of(t, c[3]);

	for (uint32_t d = 0; d < DEVICES; d++)
		for (uint32_t e = 0; e < EVENTS; e++)
			if (t->events[d][e].valid && target(t, t->events[d][e].collection) == from)
				wrong("MOVALL, and device %u event %u still goes there", d, e);
	for (uint32_t lpi = 0; lpi < IRQS; lpi++)
		if (fake.rd[from].offered[lpi])
			wrong("MOVALL, and %u is still offered to the CPU", lpi);
	later(t, 0x0e, FERRY_NONE, from, to);
}

static void mapti(struct fake_its *t, const uint64_t *c, uint32_t device, uint32_t event)
{
	uint32_t lpi = (uint32_t)(c[1] >> 32) - FERRY_LPI_FIRST;

	if (t->events[device][event].valid)
		wrong("MAPTI of device %u event %u, which is mapped", device, event);
	if (lpi >= IRQS)
		wrong("MAPTI to INTID %u", lpi + FERRY_LPI_FIRST);
	(void)target(t, c[2] & 0xffff);
	t->events[device][event].valid = true;
	t->events[device][event].lpi = lpi;
	t->events[device][event].collection = c[2] & 0xffff;
	/* Asks nothing of a redistributor, but is not seen by events before SYNC. */
}

/* The commands that name a mapped event. */
static void event_command(struct fake_its *t, const uint64_t *c, uint32_t device, uint32_t event)
{
	uint32_t lpi = t->events[device][event].lpi;
	uint32_t old = t->events[device][event].collection, rd;

	if (!t->events[device][event].valid) {
		wrong("command 0x%x for device %u event %u, which is not mapped",
		      (uint32_t)c[0] & 0xff, device, event);
		return;
	}
	rd = target(t, old);
	if ((c[0] & 0xff) == 0x01) {
		t->events[device][event].collection = c[2] & 0xffff;
		later(t, 0x01, lpi, rd, target(t, c[2] & 0xffff));
		return;
	}
	if ((c[0] & 0xff) == 0x0f)
		t->events[device][event].valid = false;
	later(t, c[0] & 0xff, lpi, rd, rd);
}

static void about_event(struct fake_its *t, const uint64_t *c)
{
	uint32_t device = (uint32_t)(c[0] >> 32), event = (uint32_t)c[1];

	if (device >= DEVICES || !t->devices[device].valid || event >= EVENTS ||
	    event >> t->devices[device].bits)
		wrong("command 0x%x for device %u event %u", (uint32_t)c[0] & 0xff, device, event);
	else if ((c[0] & 0xff) == 0x0a)
		mapti(t, c, device, event);
	else
		event_command(t, c, device, event);
}

static void mapd(struct fake_its *t, const uint64_t *c)
{
	uint32_t device = (uint32_t)(c[0] >> 32);

	if (device >= DEVICES) {
		wrong("MAPD of %u", device);
		return;
	}
	t->devices[device].valid = c[2] >> 63;
	t->devices[device].itt = c[2] & 0x000fffffffffff00ull;
	t->devices[device].bits = (c[1] & 31) + 1;
}

static void execute(struct fake_its *t, const uint64_t *c)
{
	memcpy(t->log[t->logged++ % LOG], c, 32);
	t->commands++;
	switch (c[0] & 0xff) {
	case 0x05:
		sync(t, rd_of(t, c[2]));
		break;
	case 0x08:
		mapd(t, c);
		break;
	case 0x09:
		mapc(t, c[2]);
		break;
	case 0x0d:
		later(t, 0x0d, FERRY_NONE, target(t, c[2] & 0xffff), target(t, c[2] & 0xffff));
		break;
	case 0x0e:
		movall(t, c);
		break;
	case 0x01:
	case 0x03:
	case 0x0a:
	case 0x0c:
	case 0x0f:
		about_event(t, c);
		break;
	default:
		wrong("command 0x%x", (uint32_t)c[0] & 0xff);
	}
}

/* As far as it may, and is told to. */
static void run(struct fake_its *t)
{
	uint64_t bytes = ((t->cbaser & 0xff) + 1) * 4096;

	while ((t->ctlr & 1) && t->creadr != t->cwriter && t->allowance) {
		if (t->creadr & 1)
			return;
		if (t->stall_in && !--t->stall_in) {
			t->creadr |= 1;
			return;
		}
		if (t->allowance != FERRY_NONE)
			t->allowance--;
		execute(t, &t->seen[t->creadr / 8]);
		memset(&t->seen[t->creadr / 8], 0, 32);
		t->creadr = (t->creadr + 32) % bytes;
	}
}

/* ---- registers ------------------------------------------------------------------------- */

static uint64_t shareable(uint64_t value, bool plain)
{
	return plain ? value & ~(3ull << 10) : value;
}

static void write_baser(struct fake_its *t, uint64_t *reg, uint64_t value)
{
	uint64_t fixed = (7ull << 56) | (31ull << 48);

	if ((t->ctlr & 1) || !(t->ctlr & 1u << 31))
		wrong("GITS_BASERn written while the ITS is on");
	*reg = (shareable(value, t->plain) & ~fixed) | (*reg & fixed);
	if (t->page != 0xff)
		*reg = (*reg & ~(3ull << 8)) | (uint64_t)t->page << 8;
}

static void write_cbaser(struct fake_its *t, uint64_t value)
{
	if ((t->ctlr & 1) || !(t->ctlr & 1u << 31))
		wrong("GITS_CBASER written while the ITS is on");
	t->cbaser = shareable(value, t->plain);
	t->creadr = 0;
}

static void write_cwriter(struct fake_its *t, uint64_t value)
{
	if ((value & 1) && (t->creadr & 1)) {
		t->creadr &= ~1ull;
		if (t->again)
			t->stall_in = 1;
	}
	t->retries += value & 1;
	t->cwriter = value & ~31ull;
	run(t);
}

static void write_its_ctlr(struct fake_its *t, uint32_t value)
{
	t->ctlr = (value & 1) | (value & 1 || t->busy ? 0 : 1u << 31);
}

void ferry_host_gic_write64(void *ctx, enum ferry_gic_frame frame, uint32_t unit, uint32_t offset,
			    uint64_t value)
{
	(void)ctx;
	if (frame == FERRY_GITS && offset == 0x80)
		write_cbaser(&fake.its[unit], value);
	else if (frame == FERRY_GITS && offset == 0x88)
		write_cwriter(&fake.its[unit], value);
	else if (frame == FERRY_GITS && offset >= 0x100 && offset < 0x140)
		write_baser(&fake.its[unit], &fake.its[unit].baser[(offset - 0x100) / 8], value);
	else if (frame == FERRY_GICR && offset % RD_STRIDE == 0x70)
		fake.rd[offset / RD_STRIDE].propbaser = shareable(value, fake.plain_rd);
	else if (frame == FERRY_GICR && offset % RD_STRIDE == 0x78) {
		fake.rd[offset / RD_STRIDE].pendbaser =
			shareable(value & ~(1ull << 62), fake.plain_rd);
		fake.rd[offset / RD_STRIDE].ptz = value >> 62 & 1;
	} else
		wrong("write of frame %u, 0x%x, 64 bits", frame, offset);
}

uint64_t ferry_host_gic_read64(void *ctx, enum ferry_gic_frame frame, uint32_t unit,
			       uint32_t offset)
{
	struct fake_its *t = &fake.its[unit];

	(void)ctx;
	if (frame == FERRY_GITS && offset == 0x08)
		return t->typer;
	if (frame == FERRY_GITS && offset == 0x80)
		return t->cbaser;
	if (frame == FERRY_GITS && offset == 0x90) {
		t->looks += t->creadr & 1;
		return t->creadr;
	}
	if (frame == FERRY_GITS && offset >= 0x100 && offset < 0x140)
		return t->baser[(offset - 0x100) / 8];
	if (frame == FERRY_GICR && offset % RD_STRIDE == 0x08)
		return fake.rd[offset / RD_STRIDE].typer;
	if (frame == FERRY_GICR && offset % RD_STRIDE == 0x70)
		return fake.rd[offset / RD_STRIDE].propbaser;
	if (frame == FERRY_GICR && offset % RD_STRIDE == 0x78)
		return fake.rd[offset / RD_STRIDE].pendbaser;
	wrong("read of frame %u, 0x%x, 64 bits", frame, offset);
	return 0;
}

void ferry_host_gic_write(void *ctx, enum ferry_gic_frame frame, uint32_t unit, uint32_t offset,
			  uint32_t value)
{
	(void)ctx;
	if (frame == FERRY_GITS && offset == 0)
		write_its_ctlr(&fake.its[unit], value);
	else if (frame == FERRY_GICR && offset % RD_STRIDE == 0)
		fake.rd[offset / RD_STRIDE].ctlr = value;
	else if (frame == FERRY_GICR && offset % RD_STRIDE == 0x14)
		fake.rd[offset / RD_STRIDE].waker = value & 2 ? 6 : 0;
	else if (frame == FERRY_GITS || (frame == FERRY_GICR && offset % RD_STRIDE < 0x10000))
		wrong("write of frame %u, 0x%x", frame, offset);
}

uint32_t ferry_host_gic_read(void *ctx, enum ferry_gic_frame frame, uint32_t unit, uint32_t offset)
{
	(void)ctx;
	if (frame == FERRY_GICD && offset == 4)
		return fake.gicd_typer;
	if (frame == FERRY_GITS && offset == 0)
		return fake.its[unit].ctlr;
	if (frame == FERRY_GICR && offset % RD_STRIDE == 0)
		return fake.rd[offset / RD_STRIDE].ctlr;
	if (frame == FERRY_GICR && offset % RD_STRIDE == 0x14)
		return fake.rd[offset / RD_STRIDE].waker;
	if (frame == FERRY_GITS || (frame == FERRY_GICR && offset % RD_STRIDE < 0x10000))
		wrong("read of frame %u, 0x%x", frame, offset);
	return 0;
}

void ferry_host_gic_write8(void *ctx, enum ferry_gic_frame frame, uint32_t unit, uint32_t offset,
			   uint8_t value)
{
	(void)unit;
	(void)value;
	if (frame == FERRY_GITS)
		ferry_host_gic_write(ctx, frame, unit, offset, value);
}

/* ---- this CPU ---------------------------------------------------------------------- */

/* Switched off, it gives back what it was offered. */
static void interface_off(uint32_t cpu)
{
	for (uint32_t lpi = 0; lpi < IRQS; lpi++) {
		fake.rd[cpu].pending[lpi] |= fake.rd[cpu].offered[lpi];
		fake.rd[cpu].offered[lpi] = false;
	}
}

uint64_t ferry_host_icc_read(void *ctx, enum ferry_icc reg)
{
	(void)ctx;
	if (reg == FERRY_ICC_SRE)
		return 7;
	if (reg == FERRY_ICC_IAR1) {
		uint32_t intid = fake_take(fake.cpu);

		return intid ? intid : 1023;
	}
	return 0;
}

void ferry_host_icc_write(void *ctx, enum ferry_icc reg, uint64_t value)
{
	(void)ctx;
	if (reg == FERRY_ICC_IGRPEN1 && !value)
		interface_off(fake.cpu);
}

void ferry_host_local(void *ctx, uint32_t cpu, uint32_t intid, uint32_t from)
{
	(void)ctx;
	(void)from;
	wrong("private interrupt %u on CPU %u", intid, cpu);
}

void ferry_host_handle(void *ctx, uint32_t irq, uintptr_t cookie, uint32_t cpu)
{
	(void)ctx;
	(void)cookie;
	fake.handled = FERRY_LPI_FIRST + irq;
	fake.handled_on = cpu;
}

/* ---- the rest of the host ---------------------------------------------------------- */

void ferry_host_its_sync(void *ctx, const void *start, uint32_t bytes)
{
	uintptr_t at = (uintptr_t)start, config = (uintptr_t)fake.config;

	(void)ctx;
	if (at >= config && at + bytes <= config + sizeof(fake.config)) {
		memcpy(fake.seen + (at - config), start, bytes);
		return;
	}
	for (uint32_t n = 0; n < ITSS; n++) {
		uintptr_t queue = (uintptr_t)fake.its[n].queue;

		if (at < queue || at >= queue + sizeof(fake.its[n].queue))
			continue;
		if (at + bytes > queue + ((fake.its[n].cbaser & 0xff) + 1) * 4096)
			wrong("synced past the end of the queue");
		memcpy((char *)fake.its[n].seen + (at - queue), start, bytes);
		return;
	}
	wrong("synced what is neither commands nor configurations");
}

void ferry_host_barrier(void *ctx, enum ferry_barrier barrier)
{
	(void)ctx;
	(void)barrier;
}

bool ferry_host_wait_ns(void *ctx, bool (*done)(void *arg), void *arg, uint64_t ns)
{
	(void)ctx;
	(void)ns;
	fake.waits++;
	for (uint32_t n = 0; n < 100; n++) {
		if (done(arg))
			return true;
		for (uint32_t k = 0; k < ITSS; k++)
			if (fake.its[k].per_tick)
				fake_go(k, fake.its[k].per_tick);
	}
	return false;
}

/* An interrupt's, then a queue's, no more. */
void ferry_host_lock(void *ctx, ferry_lock *lock)
{
	(void)ctx;
	if (lock->opaque[0]++ || locks++ >= 2)
		wrong("a lock taken twice, or a third");
}

void ferry_host_unlock(void *ctx, ferry_lock *lock)
{
	(void)ctx;
	locks--;
	if (--lock->opaque[0])
		wrong("a lock given back that was not held");
}

void ferry_host_wait(void *ctx, bool (*done)(void *arg), void *arg)
{
	(void)ctx;
	if (!done(arg))
		wrong("waiting, and nobody else is there");
}

uint64_t ferry_host_now(void *ctx)
{
	(void)ctx;
	return fake.now;
}

void ferry_host_poll_in(void *ctx, uint64_t ns)
{
	(void)ctx;
	fake.polls += ns != 0;
}

/* ---- what tests do --------------------------------------------------------------------- */

void fake_reset(bool pta)
{
	memset(&fake, 0, sizeof(fake));
	/* 16 bits of INTID, LPIs. */
	fake.gicd_typer = 15u << 19 | 1u << 17;
	for (uint32_t cpu = 0; cpu < CPUS; cpu++)
		fake.rd[cpu] = (struct fake_rd){
			.typer = (fake_mpidrs[cpu] >> 32) << 56 | fake_mpidrs[cpu] << 32 |
				 (uint64_t)(0x101 * cpu + 2) << 8 | (cpu == CPUS - 1) << 4 | 1,
			.waker = 6,
		};
	for (uint32_t n = 0; n < ITSS; n++) {
		struct fake_its *t = &fake.its[n];

		/* 16 bits of DeviceID, 8 of EventID, entries of 12 bytes, physical. */
		t->typer = 15u << 13 | 7u << 8 | 11u << 4 | 1 | (uint64_t)pta << 19;
		t->baser[1] = 4ull << 56 | 7ull << 48;
		t->baser[3] = 1ull << 56 | 15ull << 48;
		t->baser[4] = 2ull << 56 | 7ull << 48;
		t->page = 0xff;
		t->ctlr = 1u << 31;
		t->allowance = FERRY_NONE;
	}
}

void fake_fire(uint32_t its, uint32_t device, uint32_t event)
{
	struct fake_its *t = &fake.its[its];

	if (t->events[device][event].valid)
		fake.rd[target(t, t->events[device][event].collection)]
			.pending[t->events[device][event].lpi] = true;
}

/* Enabled, as far as this redistributor knows. */
static bool deliverable(struct fake_rd *rd, uint32_t lpi)
{
	if (!rd->pending[lpi])
		return false;
	if (!rd->loaded[lpi])
		rd->cached[lpi] = fake.seen[lpi];
	rd->loaded[lpi] = true;
	return rd->cached[lpi] & 1;
}

void fake_offer(uint32_t cpu, uint32_t lpi)
{
	struct fake_rd *rd = &fake.rd[cpu];

	if (!deliverable(rd, lpi))
		return;
	rd->pending[lpi] = false;
	rd->offered[lpi] = true;
}

uint32_t fake_take(uint32_t cpu)
{
	struct fake_rd *rd = &fake.rd[cpu];

	for (uint32_t lpi = 0; lpi < IRQS; lpi++) {
		if (!rd->offered[lpi] && !deliverable(rd, lpi))
			continue;
		if (rd->offered[lpi])
			rd->offered[lpi] = false;
		else
			rd->pending[lpi] = false;
		return FERRY_LPI_FIRST + lpi;
	}
	return 0;
}

void fake_go(uint32_t its, uint32_t commands)
{
	fake.its[its].allowance += commands;
	run(&fake.its[its]);
}

bool fake_at_rest(void)
{
	for (uint32_t n = 0; n < ITSS; n++)
		if (fake.its[n].nops || fake.its[n].creadr != fake.its[n].cwriter)
			return false;
	return !locks;
}
