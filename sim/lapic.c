/* SPDX-License-Identifier: MIT */
/*
 * lapic.c: local APICs, IPIs, and how a message finds its CPU.
 * Section numbers: Intel SDM volume 3A, chapter 11.
 */
#include <string.h>
#include "machine.h"

static int highest(const uint64_t *bits)
{
	int i;

	for (i = 3; i >= 0; i--)
		if (bits[i])
			return 64 * i + 63 - __builtin_clzll(bits[i]);
	return -1;
}

static void set(uint64_t *bits, uint8_t n)
{
	bits[n >> 6] |= 1ull << (n & 63);
}
static void clear(uint64_t *bits, uint8_t n)
{
	bits[n >> 6] &= ~(1ull << (n & 63));
}
static bool test(const uint64_t *bits, uint8_t n)
{
	return bits[n >> 6] >> (n & 63) & 1;
}

int lapic_offers(const struct sim_cpu *c)
{
	int irr = highest(c->irr), isr = highest(c->isr);

	if (c->top && test(c->irr, c->top) && !test(c->isr, c->top))
		return c->top;
	if (c->top && test(c->isr, c->top))
		return -1;
	/* 11.8.3.1: only a priority class (vector 7:4) above that of the highest
	 * vector in service is dispensed. TPR stays 0. */
	if (isr >= 0 && irr >> 4 <= isr >> 4)
		return -1;
	return irr;
}

/* The event that a flight carries lands in an IRR bit. */
static void add_token(struct machine *m, struct sim_cpu *c, uint8_t vector, const struct flight *f)
{
	uint32_t i;

	if (f->kind != FLIGHT_MESSAGE)
		return;
	for (i = c->token[vector]; i; i = m->tokens[i - 1].next) {
		const struct token *t = &m->tokens[i - 1];

		if (t->src != f->src || t->gen != f->gen || t->level != f->level)
			continue;
		/* 11.8.4: one bit per vector, a second message is absorbed. */
		if (f->time != NEVER)
			token_merge(m, f->src, f->gen);
		return;
	}
	if (f->time == NEVER && !f->level)
		return;
	i = token_new(m);
	m->tokens[i - 1] = (struct token){ .time = f->time,
					   .src = f->src,
					   .gen = f->gen,
					   .next = c->token[vector],
					   .level = f->level };
	c->token[vector] = i;
	m->source[f->src].in_irr++;
}

void lapic_accept(struct machine *m, uint32_t cpu, const struct flight *f)
{
	struct sim_cpu *c = &m->cpu[cpu];

	sim_writes(m, RES_IRR(cpu & 3));
	if (c->parked) {
		violation(m, V_OFFLINE, cpu, f->kind == FLIGHT_MESSAGE ? f->src : NONE,
			  "%s with vector %#x reached a CPU that is offline",
			  f->kind == FLIGHT_IPI ? "an IPI" : "a message", f->vector);
		if (f->time != NEVER)
			m->out->outstanding--;
		return;
	}
	add_token(m, c, f->vector, f);
	/* 11.8.4: the TMR bit is that of the newest message accepted. */
	if (f->level)
		set(c->tmr, f->vector);
	else
		clear(c->tmr, f->vector);
	set(c->irr, f->vector);
	cpu_kick(m, cpu);
}

void lapic_take(struct machine *m, uint32_t cpu, uint8_t vector)
{
	struct sim_cpu *c = &m->cpu[cpu];
	struct frame *frame = &c->frame[c->depth++];
	uint32_t i;

	sim_writes(m, RES_IRR(cpu & 3));
	/* SDM 3A 11.10: an interrupt drains the store buffer. */
	cpu_flush(m, cpu);
	/* 11.8.4: dispensed: IRR to ISR. */
	clear(c->irr, vector);
	set(c->isr, vector);
	*frame = (struct frame){ .tokens = c->token[vector],
				 .vector = vector,
				 .doorbell = vector == m->config.doorbell };
	for (i = frame->tokens; i; i = m->tokens[i - 1].next)
		m->source[m->tokens[i - 1].src].in_irr--;
	c->token[vector] = 0;
	c->take = (uint16_t)(vector + 1);
	c->iff = false;
}

void lapic_eoi(struct machine *m, uint32_t cpu)
{
	struct sim_cpu *c = &m->cpu[cpu];
	int vector = c->top && test(c->isr, c->top) ? c->top : highest(c->isr);
	struct flight *f;
	uint32_t i;

	/* 11.8.5: an EOI ends the highest vector in service. */
	if (vector < 0) {
		violation(m, V_BROKEN, cpu, NONE, "EOI with nothing in service");
		return;
	}
	clear(c->isr, (uint8_t)vector);
	/* 11.8.5: a level-triggered one is broadcast to the I/O APICs, unless SVR
	 * bit 12 suppresses that. */
	if (!test(c->tmr, (uint8_t)vector) || m->config.directed_eoi)
		return;
	if (m->config.eoi_now) {
		device_eoi_broadcast(m, (uint8_t)vector);
		return;
	}
	i = flight_new(m);
	f = &m->flight[i];
	f->kind = FLIGHT_EOI;
	f->vector = (uint8_t)vector;
	if (m->config.storm)
		machine_at(m, m->now + 1 + machine_below(m, m->config.eoi_ns),
			   label_of(L_EOI, i, 0));
}

void lapic_reset(struct machine *m, uint32_t cpu)
{
	struct sim_cpu *c = &m->cpu[cpu];
	uint32_t v, i;

	sim_writes(m, RES_IRR(cpu & 3));
	if (highest(c->isr) >= 0)
		violation(m, V_BROKEN, cpu, NONE, "parked with vector %#x in service",
			  (unsigned)highest(c->isr));
	/* 11.4.7.1: INIT clears IRR, ISR and TMR. What was pending is gone. */
	for (v = 0; v < 256; v++)
		while ((i = c->token[v]) != 0) {
			struct token t = m->tokens[i - 1];

			c->token[v] = t.next;
			m->source[t.src].in_irr--;
			if (!t.level)
				token_end(m, t.src, t.gen, V_LOST, cpu,
					  "was in the IRR of a CPU that was parked");
			token_free(m, i);
		}
	if (m->config.system_vector && test(c->irr, m->config.system_vector))
		m->config.client->poll(m);
	if (!m->config.irr_kept)
		memset(c->irr, 0, sizeof(c->irr));
	memset(c->isr, 0, sizeof(c->isr));
	memset(c->tmr, 0, sizeof(c->tmr));
}

void lapic_send_ipi(struct machine *m, uint32_t cpu, uint8_t vector)
{
	uint32_t i = flight_new(m);
	struct flight *f = &m->flight[i];

	/* 11.6.1: fixed delivery; the target's APIC accepts it some time later. IPIs
	 * and device messages share no ordered path. */
	f->kind = FLIGHT_IPI;
	f->cpu = cpu;
	f->vector = vector;
	f->time = NEVER;
	if (m->config.ipi_now) {
		struct flight now = *f;

		flight_free(m, i);
		lapic_accept(m, cpu, &now);
	}
	if (m->config.storm)
		machine_at(m, m->now + 1 + machine_below(m, m->config.ipi_ns),
			   label_of(L_IPI, i, 0));
}

/* ---- destinations ---------------------------------------------------------- */

static uint32_t by_apic_id(const struct machine *m, uint32_t id)
{
	uint32_t low = 0, high = m->config.cpus;

	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (m->apic_map[2 * middle] < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < m->config.cpus && m->apic_map[2 * low] == id ? m->apic_map[2 * low + 1] : NONE;
}

bool lapic_in_set(const struct machine *m, const struct flight *f, uint32_t cpu)
{
	uint32_t id = m->config.logical_ids ? m->config.logical_ids[cpu] : 0;

	/* 11.6.2.2: flat compares eight bits; 11.12.10.2: x2APIC logical ids hold the
	 * cluster in 31:16, which must be equal, and a bit per CPU. */
	if (m->config.logical_cluster)
		return id >> 16 == f->dest >> 16 && (id & f->dest & 0xffff) != 0;
	return m->config.logical_flat && (id & f->dest & 0xff) != 0;
}

/* The CPUs that the logical destination names, at most `max`. */
static uint32_t candidates(struct machine *m, const struct flight *f, uint32_t *out, uint32_t max)
{
	uint32_t i, n = 0, cpu;

	if (m->config.logical_cluster) {
		/* Cluster and bit are the APIC id's bits (11.12.10.2). */
		for (i = 0; i < 16 && n < max; i++) {
			cpu = f->dest >> i & 1 ? by_apic_id(m, f->dest >> 16 << 4 | i) : NONE;
			if (cpu != NONE)
				out[n++] = cpu;
		}
		return n;
	}
	for (cpu = 0; cpu < m->config.cpus && cpu < 8 && n < max; cpu++)
		if (lapic_in_set(m, f, cpu))
			out[n++] = cpu;
	return n;
}

static void route_logical(struct machine *m, struct flight *f, uint32_t pick)
{
	uint32_t cpus[16], n = candidates(m, f, cpus, 16), i;

	if (!n && f->time != NEVER)
		token_end(m, f->src, f->gen, V_LOST, NONE,
			  "named a logical destination without CPU");
	if (!n)
		return;
	for (i = 0; i < n; i++)
		if (m->cpu[cpus[i]].parked)
			violation(m, V_OFFLINE, cpus[i], f->src,
				  "a message names a set with a CPU that is offline");
	/* 11.6.2.4: lowest priority: one CPU of the set, the hardware picks. */
	if (f->lowest) {
		lapic_accept(m, pick ? pick - 1 : cpus[machine_below(m, n)], f);
		return;
	}
	/* Fixed: every one of them. The event goes with the first. */
	for (i = 0; i < n; i++) {
		lapic_accept(m, cpus[i], f);
		f->time = NEVER;
	}
}

void lapic_route(struct machine *m, const struct flight *flight, uint32_t pick)
{
	struct flight f = *flight;
	uint32_t cpu;

	if (f.delivery > 1 || f.vector < 16) {
		/* 11.5.2: vectors 0 .. 15 are illegal. */
		violation(m, V_BROKEN, NONE, f.src, "message with delivery mode %u, vector %#x",
			  f.delivery, f.vector);
		if (f.time != NEVER)
			m->out->outstanding--;
		return;
	}
	if (f.logical) {
		route_logical(m, &f, pick);
		return;
	}
	cpu = by_apic_id(m, f.dest);
	if (cpu != NONE)
		lapic_accept(m, cpu, &f);
	else if (f.time != NEVER)
		token_end(m, f.src, f.gen, V_LOST, NONE, "named an APIC id that no CPU has");
}
