// SPDX-License-Identifier: MIT
/* A software local APIC per CPU thread: IRR in atomics, ISR the thread's own. */
#include "world.h"

static struct cpu *cpu_of(struct world *w, uint32_t apic_id)
{
	for (uint32_t i = 0; i < w->cpus; i++)
		if (w->cpu[i].apic_id == apic_id)
			return &w->cpu[i];
	return NULL;
}

void apic_post_cpu(struct world *w, struct cpu *c, uint32_t vector, const char *who)
{
	if (!atomic_load(&c->alive))
		fail(w, "%s: vector 0x%x sent to CPU %u, which is offline", who, vector, c->index);
	atomic_fetch_or(&c->irr[vector / 32], 1u << (vector % 32));
}

void apic_post(struct world *w, uint32_t apic_id, uint32_t vector, const char *who)
{
	struct cpu *c = cpu_of(w, apic_id);

	if (!c || vector < FIRST_VECTOR || vector >= FIRST_VECTOR + w->vectors)
		fail(w, "%s: torn or wrong message: APIC id %u, vector 0x%x", who, apic_id, vector);
	apic_post_cpu(w, c, vector, who);
}

static int highest(const uint32_t word, int index)
{
	return index * 32 + 31 - __builtin_clz(word);
}

static int highest_isr(const struct cpu *c)
{
	for (int i = 7; i >= 0; i--)
		if (c->isr[i])
			return highest(c->isr[i], i);
	return -1;
}

static int highest_irr(struct cpu *c)
{
	for (int i = 7; i >= 0; i--) {
		uint32_t word = atomic_load(&c->irr[i]);

		if (word)
			return highest(word, i);
	}
	return -1;
}

bool apic_pending(struct cpu *c)
{
	return highest_irr(c) >= 0;
}

/* IRR to ISR, then the interrupt entry. Interrupts are off inside. */
static void deliver(struct cpu *c, uint32_t vector)
{
	struct world *w = c->world;
	uint32_t bit = 1u << (vector % 32);

	atomic_fetch_and(&c->irr[vector / 32], ~bit);
	c->isr[vector / 32] |= bit;
	c->on = false;
	c->depth++;
	jitter(256);
	if (vector == DOORBELL)
		ferry_x86_doorbell(w->ferry, c->index);
	else if (ferry_x86_interrupt(w->ferry, c->index, (uint8_t)vector) != FERRY_X86_TAKEN)
		fail(w, "vector 0x%x on CPU %u had no owner", vector, c->index);
	c->depth--;
	if (c->on || c->locks)
		fail(w, "interrupt entry left interrupts on, or %u locks held", c->locks);
	if (c->isr[vector / 32] & bit)
		fail(w, "vector 0x%x on CPU %u was never ended", vector, c->index);
	c->on = true;
}

/* Take what the IRR holds, highest first, as the processor priority allows. */
bool apic_take(struct cpu *c)
{
	bool any = false;

	while (c->on) {
		int vector = highest_irr(c);

		if (vector < 0 || vector / 16 <= highest_isr(c) / 16)
			break;
		deliver(c, (uint32_t)vector);
		any = true;
	}
	return any;
}

void apic_eoi(struct cpu *c)
{
	int vector = highest_isr(c);

	if (vector < 0)
		fail(c->world, "EOI on CPU %u with nothing in service", c->index);
	c->isr[vector / 32] &= ~(1u << (vector % 32));
}

/* INIT: what is still in the IRR has been forwarded by the commit, or is lost
 * and will be missed. From here on a message to this CPU is an error. */
void apic_park(struct cpu *c)
{
	atomic_store(&c->alive, false);
	if (highest_isr(c) >= 0)
		fail(c->world, "CPU %u parked with a vector in service", c->index);
	for (int i = 0; i < 8; i++)
		atomic_store(&c->irr[i], 0);
}

bool poll_if_due(struct world *w)
{
	uint64_t at = atomic_load(&w->poll_at);

	if (at > clock_ns(w))
		return false;
	if (atomic_exchange(&w->poll_at, UINT64_MAX) == UINT64_MAX)
		return false;
	ferry_poll(w->ferry);
	return true;
}
