/* SPDX-License-Identifier: MIT */
/*
 * The GICv2 of QEMU before 9.2 differs from the architecture in three ways, all repaired
 * there in 2024. The host makes up for them, so that the library need not know; of other
 * hardware nothing of this is true.
 *
 *  - An edge that is pending when GICD_ITARGETSRn changes stays with the old target, and is
 *    delivered to nobody (IHI 0048B 4.3.12: it moves).
 *  - Enabling a level interrupt whose line is high latches it: it comes once more after the
 *    line has fallen (IHI 0048B 3.2.4: it is pending as long as the line is high).
 *  - An SPI that is active on one CPU can be acknowledged by another (IHI 0048B 3.2.4: it is
 *    active for all of them).
 */
#include "test.h"

#define ISENABLER 0x100u
#define ICENABLER 0x180u
#define ISPENDR 0x200u
#define ICPENDR 0x280u
#define ITARGETSR 0x800u
#define ICFGR 0xc00u
#define EOIR 0x10u
#define DIR 0x1000u
#define EOIMODE (1u << 9)

static bool present;

void errata_are(bool are)
{
	present = are;
}

static uint64_t word(uint32_t array, uint32_t intid)
{
	return GICD_BASE + array + intid / 32 * 4;
}

static bool is_edge(uint32_t intid)
{
	return read32(GICD_BASE + ICFGR + intid / 16 * 4) >> (intid % 16 * 2 + 1) & 1;
}

/* Disabled meanwhile: nobody can acknowledge it between the look and the correction. */
static void move_edge(uint32_t intid, uint8_t targets)
{
	uint32_t bit = 1u << intid % 32;
	bool enabled = read32(word(ISENABLER, intid)) & bit;

	write32(word(ICENABLER, intid), bit);
	*(volatile uint8_t *)(uintptr_t)(GICD_BASE + ITARGETSR + intid) = targets;
	if (read32(word(ISPENDR, intid)) & bit) {
		write32(word(ICPENDR, intid), bit);
		write32(word(ISPENDR, intid), bit);
	}
	if (enabled)
		write32(word(ISENABLER, intid), bit);
}

/* A byte is to be written. True: it has been. */
bool erratum_target(uint32_t offset, uint8_t value)
{
	if (!present || offset < ITARGETSR + 32 || offset >= ICFGR || !is_edge(offset - ITARGETSR))
		return false;
	move_edge(offset - ITARGETSR, value);
	return true;
}

/* A word has been written. */
void erratum_enabled(uint32_t offset, uint32_t value)
{
	uint32_t first = (offset - ISENABLER) * 8;

	if (!present || offset <= ISENABLER || offset >= ICENABLER)
		return;
	for (uint32_t n = 0; n < 32; n++)
		if ((value >> n & 1) && !is_edge(first + n))
			write32(word(ICPENDR, first), 1u << n);
}

/* ---- active for all ------------------------------------------------------------ */

static uint32_t active[1024]; /* by INTID: the CPU + 1, or 0 */

static bool is_spi(uint32_t intid)
{
	return present && intid >= 32 && intid < 1020;
}

static bool split(void)
{
	return read32(GICC_BASE) & EOIMODE;
}

/* Nothing was acknowledged after all. */
static uint32_t take_back(uint32_t intid)
{
	write32(GICC_BASE + EOIR, intid);
	if (split())
		write32(GICC_BASE + DIR, intid);
	relax();
	return 1023;
}

/* This has been. Another CPU may have had it active then; it is still pending, or, if its
 * line has fallen since, the other one's handler has seen to it. */
uint32_t erratum_acknowledged(uint32_t intid)
{
	uint32_t bit = 1u << intid % 32;

	if (!is_spi(intid))
		return intid;
	if (!replace(&active[intid], 0, this_cpu() + 1)) {
		if (is_edge(intid))
			write32(word(ISPENDR, intid), bit);
		return take_back(intid);
	}
	if (is_edge(intid) || (read32(word(ISPENDR, intid)) & bit))
		return intid;
	put(&active[intid], 0);
	return take_back(intid);
}

/* A word is to be written to the CPU interface. */
void erratum_ended(uint32_t offset, uint32_t value)
{
	if (is_spi(value & 0x3ff) && offset == (split() ? DIR : EOIR))
		put(&active[value & 0x3ff], 0);
}
