/* SPDX-License-Identifier: MIT */
/*
 * MSI and MSI-X: messages composed by the device from an address and a data word
 * (SDM 3A 11.11; PCI 3.0 6.8). I held throughout.
 */
#include "x86/x86.h"

void ferry_x86_write(struct ferry *f, const struct ferry_irq *i, enum ferry_reg reg, uint32_t value)
{
	ferry_host_write(f->ctx, i->device, i->index, reg, value);
}

uint32_t ferry_x86_read(struct ferry *f, const struct ferry_irq *i, enum ferry_reg reg)
{
	return ferry_host_read(f->ctx, i->device, i->index, reg);
}

/* SDM 3A 11.11.1; bits 11:5 are the extended destination id's. A logical message
 * goes to one CPU of the set: redirection hint, lowest priority. */
static uint32_t address_of(const struct ferry *f, const struct ferry_irq *i)
{
	struct ferry_x86_message m = ferry_x86_destination(f, i);
	uint32_t address = 0xfee00000u | (m.dest & 0xff) << 12 | (m.dest >> 8 & 0x7f) << 5;

	return m.logical ? address | 1u << 3 | 1u << 2 : address;
}

/* SDM 3A 11.11.2: edge; fixed, or lowest priority for a set. */
static uint32_t data_of(const struct ferry *f, const struct ferry_irq *i)
{
	return i->vector | (ferry_x86_logical(f, i) ? 1u << 8 : 0);
}

static void write_message(struct ferry *f, const struct ferry_irq *i)
{
	ferry_x86_write(f, i, FERRY_REG_MSI_ADDR, address_of(f, i));
	ferry_x86_write(f, i, FERRY_REG_MSI_DATA, data_of(f, i));
}

/* ---- with a mask bit per message (MSI-X, maskable MSI), and without ------------------ */

static void apply_mask(struct ferry *f, struct ferry_irq *i)
{
	ferry_x86_write(f, i, FERRY_REG_MSI_MASK, (i->flags & FERRY_F_NO_START) != 0);
}

/* Masked lazily, in memory; only the first enable touches the device. */
static void first_enable(struct ferry *f, struct ferry_irq *i)
{
	if ((i->flags & (FERRY_F_LIVE | FERRY_F_DISABLED)) == 0) {
		i->flags |= FERRY_F_LIVE;
		ferry_x86_write(f, i, FERRY_REG_MSI_ENABLE, 1);
	}
}

/* No message from now on, those before are fenced. */
static enum ferry_owed silence(struct ferry *f, struct ferry_irq *i)
{
	bool maskable = i->kind != FERRY_X86_MSI;
	enum ferry_reg reg = maskable ? FERRY_REG_MSI_MASK : FERRY_REG_MSI_ENABLE;

	ferry_x86_write(f, i, reg, maskable);
	(void)ferry_x86_read(f, i, reg);
	return ferry_x86_fenced(f);
}

static void setup(struct ferry *f, struct ferry_irq *i)
{
	silence(f, i);
	ferry_x86_write(f, i, FERRY_REG_MSI_ADDR_HI, 0);
	write_message(f, i);
	if (i->kind != FERRY_X86_MSI)
		ferry_x86_write(f, i, FERRY_REG_MSI_ENABLE, 1);
}

/* What fires while masked sets the pending bit and is sent at unmask, with the
 * new message (PCI 3.0 6.8.2.9, 6.8.3.5): nothing sees a mixture. */
static enum ferry_owed program_masked(struct ferry *f, struct ferry_irq *i)
{
	enum ferry_owed owed = silence(f, i);

	write_message(f, i);
	apply_mask(f, i);
	return owed;
}

/* Address and data change one after the other, in sight of everyone. (old CPU,
 * new vector) is what stands there between the two writes: a slot that the plan
 * reserved. The read-back keeps the order. With the same vector one write does
 * it all. */
static enum ferry_owed program_live(struct ferry *f, struct ferry_irq *i)
{
	if (i->vector != i->old_vector) {
		ferry_x86_write(f, i, FERRY_REG_MSI_DATA, data_of(f, i));
		(void)ferry_x86_read(f, i, FERRY_REG_MSI_DATA);
	}
	ferry_x86_write(f, i, FERRY_REG_MSI_ADDR, address_of(f, i));
	(void)ferry_x86_read(f, i, FERRY_REG_MSI_ADDR);
	return ferry_x86_fenced(f);
}

const struct ferry_kind ferry_x86_msix = {
	.program = program_masked,
	.setup = setup,
	.apply_mask = apply_mask,
	.silence = silence,
};

const struct ferry_kind ferry_x86_msi = {
	.program = program_live,
	.setup = setup,
	.apply_mask = first_enable,
	.silence = silence,
};
