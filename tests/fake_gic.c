// SPDX-License-Identifier: MIT
/* The host of tests/test_gic_unit.c: see fake_gic.h. */
#include "tests/fake_gic.h"
#include "tests/one_thread.h"
#include <string.h>

struct fake fake;

static void note(enum fake_event event, uint32_t where, uint32_t unit, uint32_t offset,
		 uint64_t value)
{
	if (fake.notes < FAKE_LOG)
		fake.note[fake.notes++] = (struct fake_note){ event, where, unit, offset, value };
}

void fake_again(void)
{
	fake.notes = 0;
}

uint32_t fake_wrote(uint32_t from, enum ferry_gic_frame frame, uint32_t unit, uint32_t offset,
		    uint64_t value)
{
	for (uint32_t n = from; n < fake.notes; n++) {
		const struct fake_note *e = &fake.note[n];

		if (e->event == FAKE_WRITE && e->where == frame && e->unit == unit &&
		    e->offset == offset && e->value == value)
			return n;
	}
	return FERRY_NONE;
}

uint32_t fake_noted(uint32_t from, enum fake_event event, uint32_t where, uint64_t value)
{
	for (uint32_t n = from; n < fake.notes; n++)
		if (fake.note[n].event == event && fake.note[n].where == where &&
		    fake.note[n].value == value)
			return n;
	return FERRY_NONE;
}

/* ---- arrays of registers: IHI 0048B 4.1.2, IHI 0069H 12.8, 12.10 --------------------- */

enum field {
	GROUP,
	SET_ENABLE,
	CLEAR_ENABLE,
	SET_PENDING,
	CLEAR_PENDING,
	SET_ACTIVE,
	CLEAR_ACTIVE
};

static const struct array {
	uint32_t spi, espi, bits;
	enum field field;
} arrays[] = {
	{ 0x080, 0x1000, 1, GROUP },         { 0x100, 0x1200, 1, SET_ENABLE },
	{ 0x180, 0x1400, 1, CLEAR_ENABLE },  { 0x200, 0x1600, 1, SET_PENDING },
	{ 0x280, 0x1800, 1, CLEAR_PENDING }, { 0x300, 0x1a00, 1, SET_ACTIVE },
	{ 0x380, 0x1c00, 1, CLEAR_ACTIVE },
};

static void put_bit(struct fake_line *line, enum field field, bool on)
{
	if (field == GROUP)
		line->group = on;
	if (!on)
		return;
	if (field == SET_ENABLE || field == CLEAR_ENABLE)
		line->enabled = field == SET_ENABLE;
	if (field == SET_PENDING || field == CLEAR_PENDING)
		line->pending = field == SET_PENDING;
	if (field == SET_ACTIVE || field == CLEAR_ACTIVE)
		line->active = field == SET_ACTIVE;
}

static bool get_bit(const struct fake_line *line, enum field field)
{
	switch (field) {
	case GROUP:
		return line->group;
	case SET_ENABLE:
	case CLEAR_ENABLE:
		return line->enabled;
	case SET_PENDING:
	case CLEAR_PENDING:
		return line->pending;
	default:
		return line->active;
	}
}

/* One bit each; `count` interrupts from `lines`, whose array begins at `base`. */
static bool bits(struct fake_line *lines, uint32_t count, uint32_t base, uint32_t offset,
		 enum field field, uint32_t *value, bool write)
{
	uint32_t first = (offset - base) * 8;

	if (offset < base || first >= count)
		return false;
	if (!write)
		*value = 0;
	for (uint32_t n = 0; n < 32 && first + n < count; n++) {
		if (write)
			put_bit(&lines[first + n], field, *value >> n & 1);
		else
			*value |= (uint32_t)get_bit(&lines[first + n], field) << n;
	}
	return true;
}

/* GICD_ICFGRn: two bits each, the upper one counts. */
static bool config(struct fake_line *lines, uint32_t count, uint32_t base, uint32_t offset,
		   uint32_t *value, bool write)
{
	uint32_t first = (offset - base) * 4;

	if (offset < base || first >= count)
		return false;
	if (!write)
		*value = 0;
	for (uint32_t n = 0; n < 16; n++) {
		if (write)
			lines[first + n].edge = *value >> (2 * n + 1) & 1;
		else
			*value |= (uint32_t)lines[first + n].edge << (2 * n + 1);
	}
	return true;
}

/* The arrays that are alike in a distributor, and in a frame of private interrupts (then
 * `espi` is none). */
static bool in_arrays(struct fake_line *lines, uint32_t count, bool espi, uint32_t offset,
		      uint32_t *value, bool write)
{
	uint32_t spis = espi ? 1024 : count;

	for (uint32_t a = 0; a < sizeof(arrays) / sizeof(*arrays); a++) {
		if (bits(lines, spis, arrays[a].spi, offset, arrays[a].field, value, write))
			return true;
		if (espi && bits(lines + 4096, count - 4096, arrays[a].espi, offset,
				 arrays[a].field, value, write))
			return true;
	}
	return config(lines, spis, 0xc00, offset, value, write) ||
	       (espi && config(lines + 4096, count - 4096, 0x3000, offset, value, write));
}

/* ---- frames ------------------------------------------------------------------------------ */

static struct fake_rd *rd_at(uint32_t region, uint32_t *offset)
{
	for (uint32_t n = 0; n < fake.nrds; n++) {
		struct fake_rd *rd = &fake.rd[n];

		if (rd->region == region && *offset >= rd->offset &&
		    *offset - rd->offset < (rd->vlpis ? 0x40000u : 0x20000u)) {
			*offset -= rd->offset;
			return rd;
		}
	}
	fake.lost = true;
	return NULL;
}

/* Bit 3 is RWP; bit 31, UWP, is always set: nobody may wait for it. */
static uint32_t read_rd(struct fake_rd *rd, uint32_t offset)
{
	uint32_t value = 0;

	if (offset == 0x0000)
		return 1u << 31 | (fake.rd_rwp ? fake.rd_rwp--, 1u << 3 : 0);
	if (offset == 0x0014 && fake.secure)
		return 0;
	if (offset == 0x0014) {
		if (!fake.stuck)
			rd->asleep = rd->waker >> 1 & 1;
		return rd->waker | (uint32_t)rd->asleep << 2;
	}
	if (offset < 0x10000 || !in_arrays(rd->line, 96, false, offset - 0x10000, &value, false))
		fake.lost = true;
	return value;
}

static void write_rd(struct fake_rd *rd, uint32_t offset, uint32_t value)
{
	if (offset == 0x0014)
		rd->waker = fake.secure ? rd->waker : value & 2;
	else if (offset < 0x10000 ||
		 !in_arrays(rd->line, 96, false, offset - 0x10000, &value, true))
		fake.lost = true;
}

static uint32_t read_dist(uint32_t offset)
{
	uint32_t value = 0;

	if (offset == 0x0000)
		return fake.d_ctlr | (fake.d_rwp ? fake.d_rwp--, 1u << 31 : 0);
	if (offset == 0x0004)
		return fake.d_typer;
	if (offset == 0x0800) /* GICD_ITARGETSR0: the reader's own bit */
		return fake.target[fake.cpu] * 0x01010101u;
	if (in_arrays(fake.banked[fake.cpu], 32, false, offset, &value, false) ||
	    in_arrays(fake.line, FAKE_INTIDS, true, offset, &value, false))
		return value;
	fake.lost = true;
	return 0;
}

static void write_dist(uint32_t offset, uint32_t value)
{
	if (offset == 0x0000)
		fake.d_ctlr = value;
	else if (offset >= 0xf10 && offset < 0xf20)
		fake.cpendsgir++;
	else if (offset != 0x0f00 &&
		 !in_arrays(fake.banked[fake.cpu], 32, false, offset, &value, true) &&
		 !in_arrays(fake.line, FAKE_INTIDS, true, offset, &value, true))
		fake.lost = true;
}

static void deactivate(uint32_t intid)
{
	if (intid < FAKE_INTIDS)
		fake.line[intid].active = false;
}

static uint32_t acknowledge(void)
{
	void (*f)(void) = fake.in_ack;
	uint32_t value = fake.ack;

	fake.ack = 1023;
	fake.in_ack = NULL;
	if (f)
		f();
	return value;
}

uint32_t ferry_host_gic_read(void *ctx, enum ferry_gic_frame frame, uint32_t unit, uint32_t offset)
{
	struct fake_rd *rd;

	(void)ctx;
	if (frame == FERRY_GICD)
		return read_dist(offset);
	if (frame == FERRY_GICC)
		return offset == 0x000c ? acknowledge() : 0;
	rd = rd_at(unit, &offset);
	return rd ? read_rd(rd, offset) : 0;
}

uint64_t ferry_host_gic_read64(void *ctx, enum ferry_gic_frame frame, uint32_t unit,
			       uint32_t offset)
{
	struct fake_rd *rd = rd_at(unit, &offset);

	(void)ctx;
	if (frame != FERRY_GICR || offset != 0x0008)
		fake.lost = true;
	return rd ? rd->typer : 0;
}

void ferry_host_gic_write(void *ctx, enum ferry_gic_frame frame, uint32_t unit, uint32_t offset,
			  uint32_t value)
{
	struct fake_rd *rd;

	(void)ctx;
	note(FAKE_WRITE, frame, unit, offset, value);
	if (frame == FERRY_GICD) {
		write_dist(offset, value);
	} else if (frame == FERRY_GICC) {
		if (offset == 0)
			fake.gicc_ctlr = value;
		if (offset == (fake.gicc_ctlr >> 9 & 1 ? 0x1000 : 0x10))
			deactivate(value & 0x3ff);
	} else {
		rd = rd_at(unit, &offset);
		if (rd)
			write_rd(rd, offset, value);
	}
}

/* GICD_IROUTERn alone. */
void ferry_host_gic_write64(void *ctx, enum ferry_gic_frame frame, uint32_t unit, uint32_t offset,
			    uint64_t value)
{
	(void)ctx;
	note(FAKE_WRITE, frame, unit, offset, value);
	if (frame == FERRY_GICD && offset >= 0x6100 && offset <= 0x7fd8)
		fake.line[(offset - 0x6000) / 8].route = value;
	else if (frame == FERRY_GICD && offset >= 0x8000 && offset <= 0x9ff8)
		fake.line[4096 + (offset - 0x8000) / 8].route = value;
	else
		fake.lost = true;
}

static void write_priority(struct fake_line *line, uint8_t value)
{
	line->priority = value;
}

void ferry_host_gic_write8(void *ctx, enum ferry_gic_frame frame, uint32_t unit, uint32_t offset,
			   uint8_t value)
{
	struct fake_rd *rd;

	(void)ctx;
	note(FAKE_WRITE, frame, unit, offset, value);
	if (frame == FERRY_GICR) {
		rd = rd_at(unit, &offset);
		if (rd && offset >= 0x10400 && offset < 0x10460)
			write_priority(&rd->line[offset - 0x10400], value);
		else
			fake.lost = true;
	} else if (offset >= 0x400 && offset < 0x420) {
		write_priority(&fake.banked[fake.cpu][offset - 0x400], value);
	} else if (offset >= 0x420 && offset < 0x7fc) {
		write_priority(&fake.line[offset - 0x400], value);
	} else if (offset >= 0x2000 && offset < 0x2400) {
		write_priority(&fake.line[4096 + offset - 0x2000], value);
	} else if (offset >= 0x820 && offset < 0xbfc) {
		fake.line[offset - 0x800].route = value;
	} else {
		fake.lost = true;
	}
}

/* ---- the rest of the host ------------------------------------------------------------------ */

void ferry_host_barrier(void *ctx, enum ferry_barrier barrier)
{
	(void)ctx;
	note(FAKE_BARRIER, barrier, 0, 0, 0);
}

/* Time is a number of looks. */
bool ferry_host_wait_ns(void *ctx, bool (*done)(void *arg), void *arg, uint64_t ns)
{
	(void)ctx;
	(void)ns;
	for (uint32_t n = 0; n < 100; n++)
		if (done(arg))
			return true;
	fake.waits++;
	return false;
}

uint64_t ferry_host_icc_read(void *ctx, enum ferry_icc reg)
{
	(void)ctx;
	if (reg == FERRY_ICC_IAR1)
		return acknowledge();
	if (reg == FERRY_ICC_SRE)
		return fake.no_sre ? 0 : fake.icc[reg];
	if (reg == FERRY_ICC_CTLR) /* RSS, ExtRange */
		return fake.icc[reg] | (fake.no_range ? 0 : 1u << 18) |
		       (fake.no_extended ? 0 : 1u << 19);
	return fake.icc[reg];
}

void ferry_host_icc_write(void *ctx, enum ferry_icc reg, uint64_t value)
{
	(void)ctx;
	note(FAKE_ICC, reg, 0, 0, value);
	fake.icc[reg] = value;
	if (reg == (fake.icc[FERRY_ICC_CTLR] & 2 ? FERRY_ICC_DIR : FERRY_ICC_EOIR1))
		deactivate((uint32_t)value);
}

void ferry_host_handle(void *ctx, uint32_t irq, uintptr_t cookie, uint32_t cpu)
{
	void (*f)(void) = fake.in_handler;

	(void)ctx;
	(void)cookie;
	note(FAKE_HANDLE, 0, cpu, 0, irq);
	fake.in_handler = NULL;
	if (f)
		f();
}

void ferry_host_local(void *ctx, uint32_t cpu, uint32_t intid, uint32_t from)
{
	(void)ctx;
	note(FAKE_LOCAL, 0, cpu, intid, from);
}

void ferry_host_lock(void *ctx, ferry_lock *lock)
{
	(void)ctx;
	fake.lost = fake.lost || lock->opaque[0]++;
}

void ferry_host_unlock(void *ctx, ferry_lock *lock)
{
	(void)ctx;
	fake.lost = fake.lost || --lock->opaque[0];
}

void ferry_host_wait(void *ctx, bool (*done)(void *arg), void *arg)
{
	(void)ctx;
	fake.lost = fake.lost || !done(arg);
}

uint64_t ferry_host_now(void *ctx)
{
	(void)ctx;
	return 0;
}

void ferry_host_poll_in(void *ctx, uint64_t ns)
{
	(void)ctx;
	(void)ns;
}
