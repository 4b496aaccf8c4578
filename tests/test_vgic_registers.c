// SPDX-License-Identifier: MIT
/*
 * What a guest reads and writes, register by register, against a table of its own: IHI 0048B
 * 4.3 (GICv2), IHI 0069H 12.9 and 12.11 (GICv3). For each register of each frame: its value
 * after a reset, which bits stick, at which widths, what else changes with it (nothing, but
 * for the other register of a set/clear pair), where the interrupts end; for everything that
 * is in no row: RAZ/WI.
 *
 * No vCPU is powered on here, so nothing moves: registers are there all the same.
 */
#include "tests/fake_vgic.h"
#include "tests/tap.h"
#include <string.h>

#define GICD_FRAME 0x10000u
#define GICR_STRIDE 0x20000u
#define SGI_BASE 0x10000u
#define W32 4u
#define W8_32 5u
#define W32_64 12u
#define NO_INTID FERRY_NONE

enum kind { RO, PLAIN, SET, CLEAR };
/* Fields that are more than `bits` plain bits, 0 after a reset. */
enum what {
	BITS,
	CTLR,
	TYPER,
	RD_TYPER,
	PIDR2,
	TARGETS,
	CONFIG,
	PENDING,
	SOURCES,
	PRIORITY,
	ROUTE,
	NOTHING
};

struct array {
	const char *name;
	uint32_t offset, size;
	uint32_t intid; /* of the first field; NO_INTID: a single register */
	uint32_t bits;
	uint32_t widths; /* bytes, as a mask */
	enum kind kind;
	uint32_t partner; /* SET, CLEAR: where the other one is */
	enum what what;
};

/* An array with a bit for each of `n` interrupts. */
#define ONE_BIT(name, offset, n, intid, kind, partner, what) \
	{ \
		name, offset, (n) / 8, intid, 1, W32, kind, partner, what \
	}

/* The arrays of `n` interrupts, as all frames have them; `step` is between ISENABLER, ICENABLER,
 * ISPENDR, ICPENDR, ISACTIVER, ICACTIVER. */
#define ARRAYS(suffix, intid, n, group, enable, step, priority, config) \
	ONE_BIT("IGROUPR" suffix, group, n, intid, PLAIN, 0, BITS), \
		ONE_BIT("ISENABLER" suffix, enable, n, intid, SET, (enable) + (step), BITS), \
		ONE_BIT("ICENABLER" suffix, (enable) + (step), n, intid, CLEAR, enable, BITS), \
		ONE_BIT("ISPENDR" suffix, (enable) + 2 * (step), n, intid, SET, \
			(enable) + 3 * (step), PENDING), \
		ONE_BIT("ICPENDR" suffix, (enable) + 3 * (step), n, intid, CLEAR, \
			(enable) + 2 * (step), PENDING), \
		ONE_BIT("ISACTIVER" suffix, (enable) + 4 * (step), n, intid, SET, \
			(enable) + 5 * (step), BITS), \
		ONE_BIT("ICACTIVER" suffix, (enable) + 5 * (step), n, intid, CLEAR, \
			(enable) + 4 * (step), BITS), \
		{ "IPRIORITYR" suffix, priority, n, intid, 8, W8_32, PLAIN, 0, PRIORITY }, \
	{ \
		"ICFGR" suffix, config, (n) / 4, intid, 2, W32, PLAIN, 0, CONFIG \
	}

static const struct array v2_gicd[] = {
	{ "CTLR", 0x000, 4, NO_INTID, 32, W32, PLAIN, 0, CTLR },
	{ "TYPER", 0x004, 4, NO_INTID, 32, W32, RO, 0, TYPER },
	{ "IIDR", 0x008, 4, NO_INTID, 32, W32, RO, 0, NOTHING },
	ARRAYS("", 0, 1024, 0x080, 0x100, 0x080, 0x400, 0xc00),
	{ "ITARGETSR", 0x800, 1024, 0, 8, W8_32, PLAIN, 0, TARGETS },
	{ "NSACR", 0xe00, 256, NO_INTID, 32, W32, RO, 0, NOTHING },
	{ "CPENDSGIR", 0xf10, 16, 0, 8, W8_32, CLEAR, 0xf20, SOURCES },
	{ "SPENDSGIR", 0xf20, 16, 0, 8, W8_32, SET, 0xf10, SOURCES },
	{ "ICPIDR2", 0xfe8, 4, NO_INTID, 32, W32, RO, 0, PIDR2 },
};

static const struct array v3_gicd[] = {
	{ "CTLR", 0x0000, 4, NO_INTID, 32, W32, PLAIN, 0, CTLR },
	{ "TYPER", 0x0004, 4, NO_INTID, 32, W32, RO, 0, TYPER },
	{ "IIDR", 0x0008, 4, NO_INTID, 32, W32, RO, 0, NOTHING },
	ARRAYS("", 0, 1024, 0x0080, 0x0100, 0x0080, 0x0400, 0x0c00),
	{ "ITARGETSR", 0x0800, 1024, NO_INTID, 8, W8_32, RO, 0, NOTHING },
	{ "IGRPMODR", 0x0d00, 128, NO_INTID, 32, W32, RO, 0, NOTHING },
	{ "SGIR", 0x0f00, 4, NO_INTID, 32, W32, RO, 0, NOTHING },
	ARRAYS("nE", 4096, 1024, 0x1000, 0x1200, 0x0200, 0x2000, 0x3000),
	{ "IGRPMODRnE", 0x3400, 128, NO_INTID, 32, W32, RO, 0, NOTHING },
	{ "NSACRnE", 0x3600, 256, NO_INTID, 32, W32, RO, 0, NOTHING },
	{ "IROUTER", 0x6000, 8192, 0, 64, W32_64, PLAIN, 0, ROUTE },
	{ "IROUTERnE", 0x8000, 8192, 4096, 64, W32_64, PLAIN, 0, ROUTE },
	{ "PIDR2", 0xffe8, 4, NO_INTID, 32, W32, RO, 0, PIDR2 },
};

static const struct array v3_rd[] = {
	{ "CTLR", 0x0000, 4, NO_INTID, 32, W32, RO, 0, NOTHING },
	{ "TYPER", 0x0008, 8, NO_INTID, 64, W32_64, RO, 0, RD_TYPER },
	{ "WAKER", 0x0014, 4, NO_INTID, 32, W32, RO, 0, NOTHING },
	{ "PROPBASER", 0x0070, 8, NO_INTID, 64, W32_64, RO, 0, NOTHING },
	{ "PENDBASER", 0x0078, 8, NO_INTID, 64, W32_64, RO, 0, NOTHING },
	{ "PIDR2", 0xffe8, 4, NO_INTID, 32, W32, RO, 0, PIDR2 },
};

static const struct array v3_sgi[] = {
	ARRAYS("0", 0, 32, 0x0080, 0x0100, 0x0080, 0x0400, 0x0c00),
	{ "IGRPMODR0", 0x0d00, 4, NO_INTID, 32, W32, RO, 0, NOTHING },
	{ "NSACR", 0x0e00, 4, NO_INTID, 32, W32, RO, 0, NOTHING },
};
#define COUNT(a) (sizeof(a) / sizeof(*(a)))

/* ---- machines ------------------------------------------------------------------------ */

static const struct ferry_mpidr mpidrs[] = {
	{ 0x00000102 }, { 0x0000000f | 1u << 31 }, { 0x00020305 }, { 0x00000100 }
};

static const struct machine {
	const char *name;
	struct ferry_vgic_config config;
	uint32_t typer; /* GICD_TYPER, IHI 0048B 4.3.2, IHI 0069H 12.9.38 */
} machines[] = {
	{ "v2, 3 vCPUs, 988 SPIs",
	  { .variant = &ferry_vgicv2, .hardware = &ferry_gich, .lrs = 4, .vcpus = 3, .spis = 988 },
	  31 | 2 << 5 },
	{ "v2, 8 vCPUs, 64 SPIs",
	  { .variant = &ferry_vgicv2, .hardware = &ferry_gich, .lrs = 4, .vcpus = 8, .spis = 64 },
	  2 | 7 << 5 },
	{ "v2, 1 vCPU, no SPI",
	  { .variant = &ferry_vgicv2, .hardware = &ferry_ich, .lrs = 4, .vcpus = 1, .spis = 0 },
	  0 },
	{ "v2, 1 vCPU, 32 SPIs",
	  { .variant = &ferry_vgicv2, .hardware = &ferry_gich, .lrs = 4, .vcpus = 1, .spis = 32 },
	  1 },
	{ "v3, 4 vCPUs, 64 SPIs, 96 extended",
	  { .variant = &ferry_vgicv3,
	    .hardware = &ferry_ich,
	    .lrs = 4,
	    .vcpus = 4,
	    .mpidrs = mpidrs,
	    .spis = 64,
	    .espis = 96 },
	  2 | 1 << 8 | 12 << 19 | 1 << 25 | 2 << 27 },
	{ "v3, 2 vCPUs, 988 SPIs, 1024 extended",
	  { .variant = &ferry_vgicv3,
	    .hardware = &ferry_ich,
	    .lrs = 4,
	    .vcpus = 2,
	    .mpidrs = mpidrs,
	    .spis = 988,
	    .espis = 1024 },
	  31u | 1 << 8 | 12 << 19 | 1 << 25 | 31u << 27 },
	{ "v3, 1 vCPU, 32 SPIs",
	  { .variant = &ferry_vgicv3,
	    .hardware = &ferry_ich,
	    .lrs = 4,
	    .vcpus = 1,
	    .mpidrs = mpidrs,
	    .spis = 32 },
	  1 | 9 << 19 | 1 << 25 },
};

/* A frame, as `by` sees it. */
struct view {
	const struct machine *machine;
	const char *name;
	const struct array *arrays;
	uint32_t n;
	uint8_t frame;
	uint32_t base, bytes;
	uint32_t bank, by; /* vCPU whose registers these are; who accesses */
	uint32_t first;    /* INTID */
};

static int version(const struct view *v)
{
	return v->machine->config.variant == &ferry_vgicv2 ? 2 : 3;
}

static bool exists(const struct view *v, uint32_t intid)
{
	const struct ferry_vgic_config *c = &v->machine->config;

	return (intid >= v->first && intid < 32 + c->spis) ||
	       (intid >= 4096 && intid < 4096 + c->espis);
}

static uint64_t ones(uint32_t bits)
{
	return bits == 64 ? ~0ull : (1ull << bits) - 1;
}

/* ---- what a field should be ------------------------------------------------------------- */

static uint64_t reset_of(const struct view *v, const struct array *a, uint32_t intid)
{
	const struct machine *m = v->machine;
	bool last = v->bank == m->config.vcpus - 1;

	switch (a->what) {
	case CTLR:
		return version(v) == 3 ? 0x50 : 0; /* ARE, DS */
	case TYPER:
		return m->typer;
	case RD_TYPER:
		return (mpidrs[v->bank].value & 0xffffff) << 32 | v->bank << 8 | (last ? 0x10 : 0);
	case PIDR2:
		return version(v) << 4;
	case TARGETS:
		return m->config.vcpus > 1 && intid < 32 ? 1u << v->bank : 0;
	case CONFIG:
		return intid < 16 ? 2 : 0;
	case ROUTE:
		return mpidrs[0].value & 0xffffff;
	default:
		return 0;
	}
}

/* Which bits a write changes. */
static uint64_t mask_of(const struct view *v, const struct array *a, uint32_t intid)
{
	uint32_t vcpus = v->machine->config.vcpus;

	switch (a->what) {
	case BITS:
		return ones(a->bits);
	case CTLR:
		return 3;
	case TARGETS:
		return vcpus > 1 && intid >= 32 ? ones(vcpus) : 0;
	case CONFIG:
		return intid < 16 ? 0 : 2;
	case PENDING:
		return version(v) == 2 && intid < 16 ? 0 : 1;
	case SOURCES:
		return ones(vcpus);
	case PRIORITY:
		return 0xf8;
	case ROUTE:
		return 0xffffff;
	default:
		return 0;
	}
}

typedef uint64_t field_fn(const struct view *v, const struct array *a, uint32_t intid);

/* `fn` of the fields in the word at `offset` of the array. */
static uint32_t word_of(const struct view *v, const struct array *a, uint32_t offset, field_fn *fn)
{
	uint32_t word = 0, bit = offset * 8;

	if (a->intid == NO_INTID || a->bits == 64) {
		uint32_t intid = a->intid == NO_INTID ? NO_INTID : a->intid + offset / 8;

		if (a->intid != NO_INTID && !exists(v, intid))
			return 0;
		return (uint32_t)(fn(v, a, intid) >> (a->bits == 64 ? bit % 64 : 0));
	}
	for (uint32_t n = 0; n < 32 / a->bits; n++) {
		uint32_t intid = a->intid + bit / a->bits + n;

		if (exists(v, intid))
			word |= (uint32_t)fn(v, a, intid) << n * a->bits;
	}
	return word;
}

static uint32_t reset_word(const struct view *v, const struct array *a, uint32_t offset)
{
	return word_of(v, a, offset, reset_of);
}

static uint32_t mask_word(const struct view *v, const struct array *a, uint32_t offset)
{
	return word_of(v, a, offset, mask_of);
}

/* ---- accesses -------------------------------------------------------------------------- */

static uint64_t get(const struct view *v, uint32_t offset, uint8_t bytes)
{
	return guest_read(v->by, v->frame, v->base + offset, bytes);
}

static void put(const struct view *v, uint32_t offset, uint8_t bytes, uint64_t value)
{
	guest_write(v->by, v->frame, v->base + offset, bytes, value);
}

/* True if they are the same; the first one that is not is told. */
static bool same(const struct view *v, const struct array *a, uint32_t offset, uint64_t want)
{
	uint64_t got = get(v, a->offset + offset, 4);

	if (got != want)
		diag("%s at 0x%x: got 0x%" PRIx64 ", want 0x%" PRIx64, a->name, a->offset + offset,
		     got, want);
	return got == want;
}

static uint32_t image[2][GICD_FRAME / 4];

static void look(const struct view *v, uint32_t *words)
{
	for (uint32_t n = 0; n < v->bytes / 4; n++)
		words[n] = (uint32_t)get(v, n * 4, 4);
}

/* All of the array to its reset value. */
static void restore(const struct view *v, const struct array *a)
{
	uint32_t clear = a->kind == SET ? a->partner : a->offset;

	for (uint32_t o = 0; o < a->size; o += 4)
		put(v, clear + o, 4, a->kind == PLAIN ? reset_word(v, a, o) : ~0u);
}

static void write_all(const struct view *v, const struct array *a, uint32_t value)
{
	for (uint32_t o = 0; o < a->size; o += 4)
		put(v, a->offset + o, 4, value);
}

/* ---- one array -------------------------------------------------------------------------- */

static void test_reset(const struct view *v, const struct array *a)
{
	bool good = true;

	for (uint32_t o = 0; good && o < a->size; o += 4)
		good = same(v, a, o, reset_word(v, a, o));
	ok(good, "%s %s: after a reset", v->name, a->name);
}

/* What the word at `o` is after `value` was written. */
static uint32_t written(const struct view *v, const struct array *a, uint32_t o, uint32_t before,
			uint32_t value)
{
	uint32_t mask = mask_word(v, a, o);

	switch (a->kind) {
	case PLAIN:
		return (before & ~mask) | (value & mask);
	case SET:
		return before | (value & mask);
	case CLEAR:
		return before & ~(value & mask);
	default:
		return before;
	}
}

static void test_writes(const struct view *v, const struct array *a)
{
	static const uint32_t values[] = { 0, 0x5a3cc396, ~0u, 0x80000001, 0, 0xa5c33c69 };
	bool good = true;

	if (a->kind == CLEAR)
		for (uint32_t o = 0; o < a->size; o += 4)
			put(v, a->partner + o, 4, ~0u);
	for (uint32_t o = 0; good && o < a->size; o += 4) {
		uint32_t want = reset_word(v, a, o);

		if (a->kind == CLEAR)
			want |= mask_word(v, a, o);
		for (uint32_t n = 0; good && n < COUNT(values); n++) {
			/* Of neighbouring words each has other bits. */
			uint32_t value = values[n] ^ (values[n] ? o / 4 * 0x01010100u : 0);

			put(v, a->offset + o, 4, value);
			want = written(v, a, o, want, value);
			good = same(v, a, o, want) &&
			       (!a->partner ||
				get(v, a->partner + o, 4) == get(v, a->offset + o, 4));
		}
	}
	restore(v, a);
	ok(good, "%s %s: which bits stick", v->name, a->name);
	test_reset(v, a);
}

/* A pending SGI of a GICv2 guest shows in ISPENDR0 and ICPENDR0. */
static bool shows(const struct array *a, uint32_t offset)
{
	return a->what == SOURCES && (offset == REG_ISPENDR || offset == REG_ICPENDR);
}

static void test_others(const struct view *v, const struct array *a)
{
	bool good = true;

	look(v, image[0]);
	write_all(v, a, ~0u);
	look(v, image[1]);
	for (uint32_t o = 0; good && o < v->bytes; o += 4) {
		if (o - a->offset < a->size || (a->partner && o - a->partner < a->size) ||
		    shows(a, o))
			continue;
		good = image[0][o / 4] == image[1][o / 4];
		if (!good)
			diag("0x%x has changed, too", o);
	}
	restore(v, a);
	look(v, image[1]);
	ok(good && !memcmp(image[0], image[1], v->bytes), "%s %s: nothing else changes", v->name,
	   a->name);
}

/* Every width at every offset of the first and the last 16 bytes. */
static void test_widths(const struct view *v, const struct array *a)
{
	bool good = true;

	write_all(v, a, 0);
	for (uint32_t o = 0; o < a->size; o = o == 15 && a->size > 32 ? a->size - 16 : o + 1)
		for (uint8_t bytes = 0; bytes <= 16; bytes++)
			for (int write = 0; write < 2; write++) {
				bool may = bytes < 16 && (a->widths & bytes) == bytes && bytes &&
					   !(bytes & (bytes - 1)) && !(o % bytes);
				uint64_t value = ~0ull;
				uint64_t before = get(v, a->offset + (o & ~3u), 4);
				int status = guest_access(v->by, v->frame, v->base + a->offset + o,
							  bytes, write, &value);

				good = good && status == (may ? FERRY_OK : FERRY_E_INVALID);
				if (!may)
					good = good && !value &&
					       get(v, a->offset + (o & ~3u), 4) == before;
				else if (!write)
					good = good && !(value & ~ones(bytes * 8));
			}
	restore(v, a);
	ok(good, "%s %s: widths, alignment; what is refused does nothing", v->name, a->name);
}

/* Each byte is a field of its own, and a whole one. */
static void test_bytes(const struct view *v, const struct array *a)
{
	bool good = true;

	for (uint32_t o = 0; good && o < a->size; o++) {
		uint32_t shift = o % 4 * 8, word = o & ~3u;
		uint32_t want;

		want = written(v, a, word, (uint32_t)get(v, a->offset + word, 4),
			       a->kind == PLAIN ? ~0u : 0xffu << shift);
		if (a->kind == PLAIN)
			want = (want & 0xffu << shift) |
			       ((uint32_t)get(v, a->offset + word, 4) & ~(0xffu << shift));
		put(v, a->offset + o, 1, 0xff);
		good = same(v, a, word, want) && get(v, a->offset + o, 1) == (want >> shift & 0xff);
	}
	restore(v, a);
	ok(good, "%s %s: bytes", v->name, a->name);
}

/* 64 bits are two halves, and each of them is itself alone. */
static void test_halves(const struct view *v, const struct array *a)
{
	bool good = true;

	for (uint32_t o = 0; good && o < a->size; o += 8) {
		uint32_t low = reset_word(v, a, o), high = reset_word(v, a, o + 4);

		put(v, a->offset + o, 8, 0x1234567887654321);
		low = written(v, a, o, low, 0x87654321);
		high = written(v, a, o + 4, high, 0x12345678);
		good = same(v, a, o, low) && same(v, a, o + 4, high);
		put(v, a->offset + o + 4, 4, 0xcafe0101);
		high = written(v, a, o + 4, high, 0xcafe0101);
		good = good && get(v, a->offset + o, 8) == ((uint64_t)high << 32 | low);
		put(v, a->offset + o, 4, 0x00fedcba);
		low = written(v, a, o, low, 0x00fedcba);
		good = good && get(v, a->offset + o, 8) == ((uint64_t)high << 32 | low);
	}
	for (uint32_t o = 0; o < a->size; o += 8)
		put(v, a->offset + o, 8, reset_word(v, a, o));
	ok(good, "%s %s: halves", v->name, a->name);
	test_reset(v, a);
}

/* ---- one frame --------------------------------------------------------------------------- */

static bool is_hole(const struct view *v, uint32_t offset)
{
	for (uint32_t n = 0; n < v->n; n++)
		if (offset - v->arrays[n].offset < v->arrays[n].size)
			return false;
	/* Reading GICD_SGIR is as if it was not there; writing it is tested by itself. */
	return version(v) == 3 || offset != REG_SGIR;
}

static void test_holes(const struct view *v)
{
	bool good = true;
	uint64_t value;

	look(v, image[0]);
	for (uint32_t o = 0; o < v->bytes; o += 4) {
		if (!is_hole(v, o))
			continue;
		put(v, o, 4, ~0u);
		good = good && !get(v, o, 4);
		for (uint8_t bytes = 1; bytes < 4; bytes++) {
			value = ~0u;
			good = good && guest_access(v->by, v->frame, v->base + o, bytes, true,
						    &value) == FERRY_E_INVALID;
		}
	}
	look(v, image[1]);
	ok(good && !memcmp(image[0], image[1], v->bytes), "%s: everything else is RAZ/WI", v->name);
}

static void test_view(const struct view *v)
{
	for (uint32_t n = 0; n < v->n; n++)
		test_reset(v, &v->arrays[n]);
	for (uint32_t n = 0; n < v->n; n++) {
		const struct array *a = &v->arrays[n];

		test_writes(v, a);
		test_others(v, a);
		test_widths(v, a);
		if (a->widths & 1)
			test_bytes(v, a);
		if (a->widths & 8)
			test_halves(v, a);
	}
	test_holes(v);
}

/* ---- one machine ---------------------------------------------------------------------------- */

#define VIEW(arrays_, frame_, base_, bytes_, bank_, by_, first_) \
	(struct view) \
	{ \
		.machine = m, .name = name, .arrays = arrays_, .n = COUNT(arrays_), \
		.frame = frame_, .base = base_, .bytes = bytes_, .bank = bank_, .by = by_, \
		.first = first_ \
	}

/* The frame with the private interrupts of `bank`; in a GICv2 nobody else can see it. */
static struct view private_view(const struct machine *m, const char *name, uint32_t bank,
				uint32_t by)
{
	if (m->config.variant == &ferry_vgicv2)
		return VIEW(v2_gicd, FERRY_GICD, 0, 0x1000, bank, bank, 0);
	return VIEW(v3_sgi, FERRY_GICR, bank * GICR_STRIDE + SGI_BASE, GICR_STRIDE - SGI_BASE, bank,
		    by, 0);
}

static void test_frames(const struct machine *m)
{
	uint32_t vcpus = m->config.vcpus;
	char name[100];
	struct view v;

	for (uint32_t bank = 0; bank < vcpus; bank++) {
		uint32_t by = (bank + 1) % vcpus;

		snprintf(name, sizeof(name), "%s; %s %u", m->name,
			 m->config.mpidrs ? "SGI frame" : "GICD of vCPU", bank);
		v = private_view(m, name, bank, by);
		test_view(&v);
		if (!m->config.mpidrs)
			continue;
		snprintf(name, sizeof(name), "%s; RD frame %u", m->name, bank);
		v = VIEW(v3_rd, FERRY_GICR, bank * GICR_STRIDE, SGI_BASE, bank, by, 0);
		test_view(&v);
	}
	if (!m->config.mpidrs)
		return;
	snprintf(name, sizeof(name), "%s; GICD", m->name);
	v = VIEW(v3_gicd, FERRY_GICD, 0, GICD_FRAME, 0, vcpus - 1, 32);
	test_view(&v);
}

/* Private registers of each vCPU are its own: something else in each, then a look at all. */
static void test_banks(const struct machine *m)
{
	uint32_t vcpus = m->config.vcpus;
	const struct view one = private_view(m, m->name, 0, 0);

	for (uint32_t n = 0; n < one.n; n++) {
		const struct array *a = &one.arrays[n];
		bool good = true;

		if (a->intid || a->kind == RO || a->kind == CLEAR)
			continue;
		for (uint32_t bank = 0; bank < vcpus; bank++) {
			struct view v = private_view(m, m->name, bank, (bank + 1) % vcpus);

			for (uint32_t o = 0; o < 4 * a->bits && o < a->size; o += 4)
				put(&v, a->offset + o, 4, (bank + 1) * 0x11281828u + o);
		}
		for (uint32_t bank = 0; bank < vcpus; bank++) {
			struct view v = private_view(m, m->name, bank, bank);

			for (uint32_t o = 0; good && o < 4 * a->bits && o < a->size; o += 4)
				good = same(&v, a, o,
					    written(&v, a, o, reset_word(&v, a, o),
						    (bank + 1) * 0x11281828u + o));
		}
		for (uint32_t bank = 0; bank < vcpus; bank++) {
			struct view v = private_view(m, m->name, bank, bank);

			restore(&v, a);
		}
		ok(good, "%s; %s: each vCPU has its own", m->name, a->name);
	}
}

/* What is no frame, no vCPU. */
static void test_arguments(const struct machine *m)
{
	static const uint8_t frames[] = { FERRY_GICC, FERRY_GITS, 4, 255 };
	struct ferry_vgic_access access = { .frame = FERRY_GICD, .bytes = 4, .value = 5 };
	bool good = true;

	for (uint32_t n = 0; n < COUNT(frames); n++) {
		access.frame = frames[n];
		access.value = 5;
		good = good && ferry_vgic_access(fake.g, 0, &access) == FERRY_E_INVALID &&
		       !access.value;
	}
	access.frame = FERRY_GICR;
	good = good && ferry_vgic_access(fake.g, 0, &access) ==
			       (m->config.mpidrs ? FERRY_OK : FERRY_E_INVALID);
	ok(good, "%s: frames that there are not", m->name);
	access.frame = FERRY_GICD;
	access.offset = 4;
	good = true;
	for (uint32_t vcpu = m->config.vcpus; vcpu; vcpu *= 2) {
		access.value = 5;
		good = good && ferry_vgic_access(fake.g, vcpu, &access) == FERRY_E_INVALID &&
		       !access.value;
	}
	ok(good, "%s: vCPUs that there are not", m->name);
	good = true;
	for (uint32_t shift = 16; shift < 32; shift++) {
		access.offset = 1u << shift;
		access.value = 5;
		good = good && ferry_vgic_access(fake.g, 0, &access) == FERRY_OK && !access.value;
	}
	ok(good, "%s: far behind the distributor there is nothing", m->name);
}

int main(void)
{
	for (uint32_t n = 0; n < COUNT(machines); n++) {
		fake_guest(&machines[n].config);
		test_frames(&machines[n]);
		test_banks(&machines[n]);
		test_arguments(&machines[n]);
		calm("%s: no rule was broken", machines[n].name);
	}
	return tap_done();
}
