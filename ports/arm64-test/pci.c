/* SPDX-License-Identifier: MIT */
/*
 * QEMU's `edu` devices on bus 0: a register raises the interrupt, another acknowledges it.
 * Their MSI go to the ITS; the DeviceID is bus, device and function.
 */
#include "test.h"

static void edu_raise(struct source *s)
{
	__asm__ volatile("dsb sy" ::: "memory");
	write32(s->base + 0x60, 1);
}

static bool edu_acknowledge(struct source *s)
{
	uint32_t asking = read32(s->base + 0x24);

	write32(s->base + 0x64, asking);
	return asking == 1;
}

static const struct device edu = { "edu", FERRY_GIC_LPI, false, edu_raise, edu_acknowledge };

static uint64_t config(uint32_t slot)
{
	return PCI_ECAM_BASE + (slot << 15);
}

/* Offset of the MSI capability (id 5), or 0. */
static uint32_t find_msi(uint64_t at)
{
	uint32_t p = read32(at + 0x34) & 0xfc;

	while (p && (read32(at + p) & 0xff) != 5)
		p = read32(at + p) >> 8 & 0xfc;
	return p;
}

static void start(uint64_t at, uint32_t msi, uint64_t registers)
{
	write32(at + 0x10, (uint32_t)registers); /* BAR 0 */
	write32(at + 0x04, 1u << 10 | 6);        /* no INTx; master, memory */
	/* Message with a 64-bit address; event 0. */
	write32(at + msi + 4, GITS_BASE + 0x10040); /* GITS_TRANSLATER */
	write32(at + msi + 8, 0);
	write32(at + msi + 12, 0);
	write32(at + msi, read32(at + msi) | 1u << 16); /* enable */
}

void pci_find(void)
{
	uint32_t count = 0;

	for (uint32_t slot = 0; slot < 32; slot++) {
		uint64_t at = config(slot);
		uint64_t registers = PCI_MMIO_BASE + count * 0x100000;
		uint32_t msi;

		if (read32(at) != 0x11e81234)
			continue;
		msi = find_msi(at);
		if (!msi || !(read32(at + msi) >> 23 & 1))
			bail("edu without MSI of 64 bits");
		start(at, msi, registers);
		source_add(&edu, registers, 0)->device_id = slot << 3;
		count++;
	}
	if (!count)
		bail("no edu device");
}
