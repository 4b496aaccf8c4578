/* SPDX-License-Identifier: MIT */
/*
 * Private interrupts, SGIs and PPIs: a CPU's own, in registers that only it touches. They
 * are lost or stale when it has been away, so what the host asked for is kept.
 *
 * Locks: V.
 */
#include "arm/gic.h"
#include "arm/gic_registers.h"

static void write_word(struct ferry *f, struct gic_frame at, uint32_t offset, uint32_t value)
{
	ferry_host_gic_write(f->ctx, at.frame, at.unit, at.base + offset, value);
}

/* Disabled means so only once the redistributor says it (IHI 0069H 12.11.2: RWP is bit 3; bit
 * 31 is about something else). GICv2 does it at once. */
static int disable(struct ferry *f, struct gic_frame at, uint32_t word, uint32_t bits)
{
	const struct gic_frame rd = { at.frame, at.unit, at.base - GICR_SGI_BASE };

	write_word(f, at, LOCAL_ICENABLER + word * 4, bits);
	return at.frame == FERRY_GICR ? gic_wait(f, rd, GICR_CTLR, 1u << 3, 0) : FERRY_OK;
}

/* Disabled: edge or level, priority. SGIs are edges. */
static void configure(struct ferry *f, const struct gic_cpu *c, struct gic_frame at, uint32_t n)
{
	uint32_t offset = at.base + LOCAL_ICFGR + n / 16 * 4, edge = 2u << (n % 16 * 2), word;

	ferry_host_gic_write8(f->ctx, at.frame, at.unit, at.base + LOCAL_IPRIORITYR + n,
			      c->priority[n] ? c->priority[n] : f->gic->priority);
	if (n < 16)
		return;
	word = ferry_host_gic_read(f->ctx, at.frame, at.unit, offset) & ~edge;
	if (c->edge[n / 32] >> (n % 32) & 1)
		word |= edge;
	ferry_host_gic_write(f->ctx, at.frame, at.unit, offset, word);
}

void gic_local_enable(struct ferry *f, uint32_t cpu)
{
	const struct gic_cpu *c = &f->gic->cpus[cpu];
	struct gic_frame at = f->gic->variant->local(f, cpu);

	for (uint32_t w = 0; w < c->local_words; w++)
		write_word(f, at, LOCAL_ISENABLER + w * 4, c->enabled[w]);
}

/* An active bit from before would keep its interrupt from ever firing again. */
int gic_local_restore(struct ferry *f, uint32_t cpu)
{
	const struct gic_cpu *c = &f->gic->cpus[cpu];
	struct gic_frame at = f->gic->variant->local(f, cpu);

	for (uint32_t w = 0; w < c->local_words; w++) {
		if (disable(f, at, w, ~0u) != FERRY_OK)
			return FERRY_E_TIMEOUT;
		write_word(f, at, LOCAL_ICACTIVER + w * 4, ~0u);
		write_word(f, at, LOCAL_IGROUPR + w * 4, f->gic->variant->group);
	}
	for (uint32_t n = 0; n < c->local_words * 32u; n++)
		configure(f, c, at, n);
	for (uint32_t w = 0; w < c->local_words; w++) {
		write_word(f, at, LOCAL_ICPENDR + w * 4, ~0u);
		write_word(f, at, LOCAL_ISPENDR + w * 4, c->pending[w]);
	}
	gic_local_enable(f, cpu);
	return FERRY_OK;
}

/* What a line asserts it will go on asserting; an edge is nowhere else. */
int gic_local_save(struct ferry *f, uint32_t cpu)
{
	struct gic_cpu *c = &f->gic->cpus[cpu];
	struct gic_frame at = f->gic->variant->local(f, cpu);

	for (uint32_t w = 0; w < c->local_words; w++) {
		uint32_t pending = ferry_host_gic_read(f->ctx, at.frame, at.unit,
						       at.base + LOCAL_ISPENDR + w * 4);

		ferry_lock_cpu(f, cpu);
		c->pending[w] = pending & c->edge[w];
		ferry_unlock_cpu(f, cpu);
		if (disable(f, at, w, ~0u) != FERRY_OK)
			return FERRY_E_TIMEOUT;
	}
	return FERRY_OK;
}

static void put_bit(uint32_t *words, uint32_t n, bool on)
{
	words[n / 32] = (words[n / 32] & ~(1u << (n % 32))) | (uint32_t)on << (n % 32);
}

int ferry_gic_local(struct ferry *f, uint32_t cpu, uint32_t intid, bool enabled, bool edge,
		    uint8_t priority)
{
	uint32_t n = gic_local(intid);
	struct gic_frame at;
	struct gic_cpu *c;

	if (cpu >= f->ncpus || n >= f->gic->cpus[cpu].local_words * 32u)
		return FERRY_E_INVALID;
	if (ferry_cpu_state(f, cpu) == FERRY_CPU_OFFLINE)
		return FERRY_E_STATE;
	c = &f->gic->cpus[cpu];
	at = f->gic->variant->local(f, cpu);
	if (disable(f, at, n / 32, 1u << (n % 32)) != FERRY_OK)
		return FERRY_E_TIMEOUT;
	ferry_lock_cpu(f, cpu);
	put_bit(c->enabled, n, enabled);
	put_bit(c->edge, n, edge && n >= 16); /* SGIs: none is pending again */
	c->priority[n] = priority;
	ferry_unlock_cpu(f, cpu);
	configure(f, c, at, n);
	if (enabled)
		write_word(f, at, LOCAL_ISENABLER + n / 32 * 4, 1u << (n % 32));
	return FERRY_OK;
}
