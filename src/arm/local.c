/* SPDX-License-Identifier: MIT */
/*
 * Private interrupts, SGIs and PPIs: a CPU's own, in registers that only it touches. They
 * are lost or stale when it has been away, so what the host asked for is kept.
 *
 * Locks: V.
 */
#include "arm/gic.h"
#include "arm/gic_registers.h"

/* The bits of a word of an array. */
static void put_word(struct ferry *f, const struct gic_frame *at, uint32_t array, uint32_t word,
		     uint32_t bits)
{
	gic_put(f, at, array + word * 4, bits);
}

/* Disabled means so only once the redistributor says it: GICR_CTLR.RWP is bit 3; bit 31 is
 * about something else (IHI 0069H 12.11). GICv2 does it at once. */
static int disable(struct ferry *f, const struct gic_frame *at, uint32_t word)
{
	put_word(f, at, LOCAL_ICENABLER, word, ~0u);
	return at->frame == FERRY_GICR ?
		       gic_wait(f, at, GICR_CTLR - GICR_SGI_BASE, GICR_CTLR_RWP, 0) :
		       FERRY_OK;
}

/* It is disabled. SGIs are edges. */
static void configure(struct ferry *f, const struct gic_cpu *c, const struct gic_frame *at,
		      uint32_t n)
{
	gic_put8(f, at, LOCAL_IPRIORITYR + n, c->priority[n] ? c->priority[n] : f->gic->priority);
	if (n >= 16)
		gic_configure(f, at, LOCAL_ICFGR, n, c->edge[n / 32] >> (n % 32) & 1);
}

void gic_local_enable(struct ferry *f, uint32_t cpu)
{
	const struct gic_cpu *c = &f->gic->cpus[cpu];
	struct gic_frame at = f->gic->variant->local(f, cpu);

	for (uint32_t w = 0; w < c->local_words; w++)
		put_word(f, &at, LOCAL_ISENABLER, w, c->enabled[w]);
}

/* An active bit from before would keep its interrupt from ever firing again. */
int gic_local_restore(struct ferry *f, uint32_t cpu)
{
	const struct gic_cpu *c = &f->gic->cpus[cpu];
	struct gic_frame at = f->gic->variant->local(f, cpu);

	for (uint32_t w = 0; w < c->local_words; w++) {
		if (disable(f, &at, w) != FERRY_OK)
			return FERRY_E_TIMEOUT;
		put_word(f, &at, LOCAL_ICACTIVER, w, ~0u);
		put_word(f, &at, LOCAL_IGROUPR, w, f->gic->variant->group);
		for (uint32_t n = 0; n < 32; n++)
			configure(f, c, &at, w * 32 + n);
		put_word(f, &at, LOCAL_ICPENDR, w, ~0u);
		put_word(f, &at, LOCAL_ISPENDR, w, c->pending[w]);
	}
	gic_local_enable(f, cpu);
	return FERRY_OK;
}

/* What a line asserts it will go on asserting; an edge is nowhere else. One that comes
 * before the disable is still pending after it. */
int gic_local_save(struct ferry *f, uint32_t cpu)
{
	struct gic_cpu *c = &f->gic->cpus[cpu];
	struct gic_frame at = f->gic->variant->local(f, cpu);
	int rc = FERRY_OK;

	ferry_lock_cpu(f, cpu);
	for (uint32_t w = 0; w < c->local_words && rc == FERRY_OK; w++) {
		rc = disable(f, &at, w);
		c->pending[w] = gic_get(f, &at, LOCAL_ISPENDR + w * 4) & c->edge[w];
	}
	ferry_unlock_cpu(f, cpu);
	return rc;
}

static void put_bit(uint32_t *words, uint32_t n, bool on)
{
	words[n / 32] = (words[n / 32] & ~(1u << (n % 32))) | (uint32_t)on << (n % 32);
}

/* To be configured an interrupt has to be disabled; all of its word are, for a moment in
 * which this CPU takes none. */
int ferry_gic_local(struct ferry *f, uint32_t cpu, uint32_t intid, bool enabled, bool edge,
		    uint8_t priority)
{
	uint32_t n = gic_local(intid);
	struct gic_frame at;
	struct gic_cpu *c;
	int rc;

	if (cpu >= f->ncpus || n >= f->gic->cpus[cpu].local_words * 32u)
		return FERRY_E_INVALID;
	if (ferry_cpu_state(f, cpu) == FERRY_CPU_OFFLINE)
		return FERRY_E_STATE;
	c = &f->gic->cpus[cpu];
	at = f->gic->variant->local(f, cpu);
	rc = disable(f, &at, n / 32);
	if (rc == FERRY_OK) {
		ferry_lock_cpu(f, cpu);
		put_bit(c->enabled, n, enabled);
		put_bit(c->edge, n, edge && n >= 16); /* SGIs: none is pending again */
		c->priority[n] = priority;
		ferry_unlock_cpu(f, cpu);
		configure(f, c, &at, n);
	}
	gic_local_enable(f, cpu);
	return rc;
}
