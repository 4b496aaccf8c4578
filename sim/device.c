/* SPDX-License-Identifier: MIT */
/*
 * device.c: what raises interrupts: MSI and MSI-X devices, I/O APICs, remapping
 * units; and the way of their messages: device, root complex, IRR.
 */
#include "gic.h"

#define RTE_MASKED (1u << 16)
#define RTE_LEVEL (1u << 15)
#define RTE_REMOTE_IRR (1u << 14)
#define RTE_DELIVERY_STATUS (1u << 12)
#define RTE_LOGICAL (1u << 11)

static bool is_pin(const struct source *s)
{
	return s->kind == FERRY_X86_IOAPIC_EDGE || s->kind == FERRY_X86_IOAPIC_LEVEL;
}

/* ---- flights --------------------------------------------------------------- */

uint32_t flight_new(struct machine *m)
{
	uint32_t i = m->flight_free;

	if (i) {
		m->flight_free = m->flight[i - 1].next;
		i--;
	} else if (m->flights_used < m->config.flights) {
		i = m->flights_used++;
	} else {
		violation(m, V_BROKEN, NONE, NONE, "the simulator has no room for another message");
		m->fatal = true;
	}
	m->flight[i] = (struct flight){ .time = NEVER };
	m->flying++;
	return i;
}

void flight_free(struct machine *m, uint32_t i)
{
	m->flight[i].kind = FLIGHT_FREE;
	m->flying--;
	m->flight[i].next = m->flight_free;
	m->flight_free = i + 1;
}

static void link_flight(struct machine *m, uint32_t i, struct sim_device *d)
{
	struct flight *f = &m->flight[i];

	f->seq = ++d->seq;
	f->prev = d->tail;
	if (d->tail)
		m->flight[d->tail - 1].next = i + 1;
	else
		d->head = i + 1;
	d->tail = i + 1;
}

static void unlink_flight(struct machine *m, uint32_t i, struct sim_device *d)
{
	struct flight *f = &m->flight[i];

	if (f->prev)
		m->flight[f->prev - 1].next = f->next;
	else
		d->head = f->next;
	if (f->next)
		m->flight[f->next - 1].prev = f->prev;
	else
		d->tail = f->prev;
}

/* Mostly short, now and then as long as it may be. */
static uint64_t delay(struct machine *m, uint64_t limit)
{
	uint64_t ns = machine_below(m, limit);

	return machine_random(m) & 3 ? ns / 8 : ns;
}

/* When the storm lets it reach the root complex and the IRR: both halves within
 * flight_ns; later ones of the device not before earlier ones if it is ordered. */
static void draw_times(struct machine *m, struct flight *f, struct sim_device *d)
{
	uint64_t half = m->config.flight_ns / 2;

	f->reach = m->now + 1 + delay(m, half);
	if (!m->config.overtaking && f->reach <= d->last_reach)
		f->reach = d->last_reach + 1;
	f->accept = f->reach + 1 + delay(m, half);
	if (!m->config.overtaking && f->accept <= d->last_accept)
		f->accept = d->last_accept + 1;
	d->last_reach = f->reach;
	d->last_accept = f->accept;
}

/* The source emits a message as its registers stand at this moment. */
static void emit(struct machine *m, uint32_t src, uint64_t time, bool level)
{
	struct source *s = &m->source[src];
	struct sim_device *d = &m->device[s->device];
	uint32_t i = flight_new(m);
	struct flight *f = &m->flight[i];

	if (m->fatal)
		return;
	f->kind = FLIGHT_MESSAGE;
	f->stage = 1;
	f->level = level;
	f->src = src;
	f->gen = s->gen;
	f->time = time;
	f->addr_lo = is_pin(s) ? s->rte_low : s->msi_addr;
	f->addr_hi = is_pin(s) ? s->rte_high : s->msi_addr_hi;
	f->data = s->msi_data;
	s->flights++;
	link_flight(m, i, d);
	/* That it is on its way to the root complex can be seen only by a read of the
	 * device, which might as well have come later; a remapping unit looks there. */
	if (m->config.explore && s->kind != FERRY_X86_REMAPPED)
		device_reach(m, i);
	if (m->config.storm) {
		draw_times(m, f, d);
		machine_at(m, f->reach, label_of(L_REACH, i, 0));
	}
}

bool device_may_reach(const struct machine *m, uint32_t i)
{
	const struct flight *f = &m->flight[i];

	/* PCI 3.0 3.2.5: posted writes of one path stay in order. */
	return m->config.overtaking || !f->prev || m->flight[f->prev - 1].stage == 2;
}

bool device_may_accept(const struct machine *m, uint32_t i)
{
	return m->config.overtaking || !m->flight[i].prev;
}

/* ---- decoding --------------------------------------------------------------- */

/* VT-d 5.1.4: the unit looks the entry up when the request arrives there; what it
 * has cached it may use until it is told not to (6.5). */
static bool decode_remapped(struct machine *m, struct flight *f, struct source *s)
{
	if (!s->irte.valid || (m->config.storm && !machine_below(m, 8))) {
		s->irte.cached = s->irte.now;
		s->irte.valid = s->irte.now.vector != 0;
	}
	f->vector = s->irte.cached.vector;
	f->dest = s->irte.cached.dest;
	f->logical = s->irte.cached.logical;
	f->delivery = f->logical;
	f->lowest = f->logical;
	return f->vector != 0;
}

/* 82093AA 3.2.4: the redirection entry is the message. Extended destination id:
 * bits 55:49. */
static void decode_pin(struct machine *m, struct flight *f)
{
	f->vector = (uint8_t)f->addr_lo;
	f->delivery = f->addr_lo >> 8 & 7;
	f->logical = (f->addr_lo & RTE_LOGICAL) != 0;
	f->lowest = f->delivery == 1;
	f->dest = f->addr_hi >> 24;
	if (m->config.ext_dest)
		f->dest |= (f->addr_hi >> 17 & 0x7f) << 8;
}

/* SDM 11.11.1 and 11.11.2: message address and data. Extended destination id:
 * address bits 11:5. */
static bool decode_msi(struct machine *m, struct flight *f)
{
	f->vector = (uint8_t)f->data;
	f->delivery = f->data >> 8 & 7;
	f->logical = (f->addr_lo & 4) != 0;
	f->lowest = f->delivery == 1 || (f->addr_lo & 8);
	f->dest = f->addr_lo >> 12 & 0xff;
	if (m->config.ext_dest)
		f->dest |= (f->addr_lo >> 5 & 0x7f) << 8;
	return f->addr_lo >> 20 == 0xfee && f->addr_hi == 0;
}

static void drop_flight(struct machine *m, uint32_t i)
{
	struct flight *f = &m->flight[i];

	m->source[f->src].flights--;
	unlink_flight(m, i, &m->device[m->source[f->src].device]);
	flight_free(m, i);
}

void device_reach(struct machine *m, uint32_t i)
{
	struct flight *f = &m->flight[i];
	struct source *s = &m->source[f->src];
	const char *why = NULL;

	sim_writes(m, RES_DEVICE(s->device & 3));
	f->stage = 2;
	if (s->kind == FERRY_GIC_LPI)
		why = NULL; /* its ITS will find out */
	else if (is_pin(s))
		decode_pin(m, f);
	else if (s->kind == FERRY_X86_REMAPPED)
		why = decode_remapped(m, f, s) ? NULL : "met an absent remapping entry";
	else
		why = decode_msi(m, f) ? NULL : "was written to an address that is no APIC's";
	if (why) {
		if (f->time != NEVER)
			token_end(m, f->src, f->gen, V_LOST, NONE, why);
		drop_flight(m, i);
	} else if (m->config.storm) {
		machine_at(m, f->accept, label_of(L_ACCEPT, i, 0));
	}
}

void device_accept(struct machine *m, uint32_t i, uint32_t pick)
{
	struct flight f = m->flight[i];

	sim_writes(m, RES_DEVICE(m->source[f.src].device & 3));
	sim_reads(m, RES_GHOST(f.src & 3));
	drop_flight(m, i);
	/* 82093AA 3.2.4: remote IRR is set when a local APIC accepts the level
	 * interrupt. */
	if (f.level)
		m->source[f.src].remote_irr = true;
	if (m->config.gic)
		arm_its_message(m, &f);
	else
		lapic_route(m, &f, pick);
}

/* ---- I/O APIC pins ----------------------------------------------------------- */

/* 82093AA 3.2.4: a level pin sends while its line is asserted, it is unmasked,
 * remote IRR is clear and no message of it waits for acceptance. */
static void send_level(struct machine *m, uint32_t src)
{
	struct source *s = &m->source[src];

	if (s->line && !s->remote_irr && !s->flights && !(s->rte_low & RTE_MASKED))
		emit(m, src, NEVER, true);
}

void device_eoi_broadcast(struct machine *m, uint8_t vector)
{
	uint32_t i;

	/* SDM 11.8.5: every I/O APIC compares the vector with those of its level
	 * entries; nothing says which pin was meant. */
	for (i = 0; i < m->nlevels; i++)
		device_end_level(m, m->levels[i], vector);
}

void device_end_level(struct machine *m, uint32_t src, uint8_t vector)
{
	struct source *s = &m->source[src];

	sim_writes(m, RES_DEVICE(s->device & 3));
	if ((uint8_t)s->rte_low != vector || !s->remote_irr)
		return;
	s->remote_irr = false;
	send_level(m, src);
}

void device_drop_line(struct machine *m, uint32_t src)
{
	sim_writes(m, RES_DEVICE(m->source[src].device & 3));
	m->source[src].line = false;
	m->source[src].seen = false;
	m->source[src].pending.time = NEVER;
	if (m->config.gic)
		arm_line_down(m, src);
}

static void fire_level(struct machine *m, uint32_t src)
{
	struct source *s = &m->source[src];

	mark_put(m, &s->pending, src, m->now, s->gen);
	s->line = true;
	send_level(m, src);
}

static void fire_edge(struct machine *m, uint32_t src)
{
	/* 82093AA 3.2.4: an edge on a masked pin is ignored, not held pending. */
	if (m->source[src].rte_low & RTE_MASKED)
		token_end(m, src, m->source[src].gen, V_LOST, NONE, "was an edge on a masked pin");
	else
		emit(m, src, m->now, false);
}

/* ---- events ------------------------------------------------------------------ */

static void fire_message(struct machine *m, uint32_t src)
{
	struct source *s = &m->source[src];

	/* PCI 3.0 6.8.1.3: with MSI disabled the function sends none. */
	if (!s->msi_enable)
		token_end(m, src, s->gen, V_LOST, NONE, "found the device's MSI enable bit off");
	/* PCI 3.0 6.8.1.10, 6.8.2.9: masked: the pending bit remembers it. */
	else if (s->msi_mask & 1)
		mark_put(m, &s->pending, src, m->now, s->gen);
	else
		emit(m, src, m->now, false);
}

void device_vanish(struct machine *m)
{
	uint32_t i;

	m->gone = true;
	sim_writes(m, ~0ull);
	for (i = 0; i < m->config.sources; i++) {
		struct source *s = &m->source[i];

		s->dead = true;
		if (s->pending.time != NEVER)
			token_end(m, i, s->pending.gen, V_LOST, NONE,
				  "was in a device that is gone");
		device_drop_line(m, i);
	}
}

bool device_raise(struct machine *m, uint32_t src)
{
	struct source *s = &m->source[src];

	sim_writes(m, RES_DEVICE(s->device & 3));
	sim_reads(m, RES_GHOST(src & 3));
	if (!s->live || s->dead)
		return false;
	m->out->report.raised++;
	m->out->report.kind_raised[s->kind]++;
	m->out->outstanding++;
	if (s->kind == FERRY_X86_IOAPIC_LEVEL)
		fire_level(m, src);
	else if (s->kind == FERRY_X86_IOAPIC_EDGE)
		fire_edge(m, src);
	else if (s->kind == FERRY_GIC_EDGE || s->kind == FERRY_GIC_LEVEL)
		arm_fire(m, src);
	else if (s->kind == FERRY_GIC_LPI)
		emit(m, src, m->now, false);
	else
		fire_message(m, src);
	return true;
}

void device_fire(struct machine *m, uint32_t src)
{
	bool raised = !m->silent && device_raise(m, src);

	m->config.client->fired(m, src, raised);
}

void device_reset(struct machine *m, uint32_t src)
{
	struct source *s = &m->source[src];
	bool msi = s->kind == FERRY_X86_MSI || s->kind == FERRY_X86_MSI_MASKABLE;

	if (s->pending.time != NEVER)
		token_end(m, src, s->pending.gen, V_LOST, NONE,
			  "was pending in a device that was reset");
	device_drop_line(m, src);
	s->msi_addr = s->msi_addr_hi = s->msi_data = 0;
	s->msi_mask = s->kind == FERRY_X86_MSIX;
	s->msi_enable = !msi;
	s->rte_low = RTE_MASKED;
	s->rte_high = 0;
	s->remote_irr = false;
	s->irte = (struct irte_entry){ .valid = false };
}

/* ---- registers ---------------------------------------------------------------- */

uint32_t device_read(struct machine *m, uint32_t src, enum ferry_reg reg)
{
	struct source *s = &m->source[src];

	sim_reads(m, RES_DEVICE(s->device & 3));
	switch (reg) {
	case FERRY_REG_MSI_ADDR:
		return s->msi_addr;
	case FERRY_REG_MSI_ADDR_HI:
		return s->msi_addr_hi;
	case FERRY_REG_MSI_DATA:
		return s->msi_data;
	case FERRY_REG_MSI_MASK:
		return s->msi_mask;
	case FERRY_REG_MSI_ENABLE:
		return s->msi_enable;
	case FERRY_REG_RTE_LOW:
		/* 82093AA 3.2.4: delivery status: sent and not yet accepted. */
		return s->rte_low | (s->flights ? RTE_DELIVERY_STATUS : 0) |
		       (s->remote_irr ? RTE_REMOTE_IRR : 0);
	case FERRY_REG_RTE_HIGH:
		return s->rte_high;
	case FERRY_REG_IOAPIC_EOI:
		break;
	}
	violation(m, V_BROKEN, m->current, src, "read of a write-only register");
	return 0;
}

static void write_mask(struct machine *m, uint32_t src, uint32_t value)
{
	struct source *s = &m->source[src];
	uint64_t time = s->pending.time;

	if (s->kind == FERRY_X86_MSI)
		violation(m, V_BROKEN, m->current, src, "an MSI without mask bit was masked");
	s->msi_mask = value & 1;
	if (s->msi_mask || time == NEVER || !s->msi_enable)
		return;
	/* PCI 3.0 6.8.1.10: unmasked with the pending bit set: it sends now. */
	s->pending.time = NEVER;
	emit(m, src, time, false);
}

static void write_rte(struct machine *m, uint32_t src, uint32_t value)
{
	struct source *s = &m->source[src];

	s->rte_low = value & ~(RTE_DELIVERY_STATUS | RTE_REMOTE_IRR);
	/* Not in the 82093AA's text, but how it behaves: an entry turned to edge
	 * forgets its remote IRR. */
	if (!(value & RTE_LEVEL))
		s->remote_irr = false;
	if (s->kind == FERRY_X86_IOAPIC_LEVEL)
		send_level(m, src);
}

static void write_eoi(struct machine *m, uint32_t device, uint8_t vector)
{
	uint32_t i;

	/* I/O APIC version 0x20, offset 0x40: as a broadcast, to this one alone. */
	for (i = 0; i < m->nlevels; i++)
		if (m->source[m->levels[i]].device == device)
			device_end_level(m, m->levels[i], vector);
}

void device_write(struct machine *m, uint32_t src, enum ferry_reg reg, uint32_t value)
{
	struct source *s = &m->source[src];

	sim_writes(m, RES_DEVICE(s->device & 3));
	if (m->gone)
		return;
	if (is_pin(s) != (reg >= FERRY_REG_RTE_LOW))
		violation(m, V_BROKEN, m->current, src, "write to register %d it has not",
			  (int)reg);
	switch (reg) {
	case FERRY_REG_MSI_ADDR:
		s->msi_addr = value;
		break;
	case FERRY_REG_MSI_ADDR_HI:
		s->msi_addr_hi = value;
		break;
	case FERRY_REG_MSI_DATA:
		s->msi_data = value;
		break;
	case FERRY_REG_MSI_MASK:
		write_mask(m, src, value);
		break;
	case FERRY_REG_MSI_ENABLE:
		s->msi_enable = value & 1;
		break;
	case FERRY_REG_RTE_LOW:
		write_rte(m, src, value);
		break;
	case FERRY_REG_RTE_HIGH:
		s->rte_high = value;
		break;
	case FERRY_REG_IOAPIC_EOI:
		write_eoi(m, s->device, (uint8_t)value);
		break;
	}
}

/* ---- posted writes -------------------------------------------------------------- */

void device_post(struct machine *m, uint32_t src, enum ferry_reg reg, uint32_t value)
{
	struct sim_device *d = &m->device[m->source[src].device];
	struct flight *f;
	uint32_t i;

	sim_writes(m, RES_DEVICE(m->source[src].device & 3));
	if (!m->config.posted) {
		device_write(m, src, reg, value);
		return;
	}
	i = flight_new(m);
	f = &m->flight[i];
	f->kind = FLIGHT_WRITE;
	f->src = src;
	f->addr_lo = reg;
	f->data = value;
	if (d->write_tail)
		m->flight[d->write_tail - 1].next = i + 1;
	else
		d->write_head = i + 1;
	d->write_tail = i + 1;
	d->posted++;
	if (!m->config.storm)
		return;
	f->reach = m->now + 1 + delay(m, 400);
	if (f->reach <= d->last_write)
		f->reach = d->last_write + 1;
	d->last_write = f->reach;
	machine_at(m, f->reach, label_of(L_WRITE, m->source[src].device, 0));
}

/* PCI 3.0 3.2.5: posted writes stay in order. */
void device_land(struct machine *m, uint32_t device)
{
	struct sim_device *d = &m->device[device];
	uint32_t i = d->write_head - 1;
	struct flight f = m->flight[i];

	d->write_head = f.next;
	if (!d->write_head)
		d->write_tail = 0;
	d->landed++;
	flight_free(m, i);
	device_write(m, f.src, (enum ferry_reg)f.addr_lo, f.data);
}

/* ---- fences -------------------------------------------------------------------- */

/* A read pushes the device's earlier messages to the root complex, or to the IRR
 * (fence_irr); an invalidation that drains pushes the unit's accepted requests of
 * this entry into IRRs. Does it have to wait for this flight? */
static bool holds(const struct sim_cpu *c, const struct flight *f)
{
	if ((int32_t)(f->seq - c->fence_seq) > 0)
		return false;
	if (c->fence_irte)
		return f->src == c->fence_src && f->stage == 2;
	return c->fence_irr || f->stage == 1;
}

void device_mark_fenced(struct machine *m, uint32_t src, bool irte)
{
	const struct sim_cpu *c = &m->cpu[m->current];
	uint32_t i = m->device[m->source[src].device].head;

	if (!m->config.explore)
		return;
	sim_writes(m, RES_DEVICE(m->source[src].device & 3));
	for (; i; i = m->flight[i - 1].next) {
		struct flight *f = &m->flight[i - 1];

		if (irte ? f->src == src && f->stage == 2 : (int32_t)(f->seq - c->fence_seq) <= 0)
			f->fenced = true;
	}
}

bool device_fenced(const struct machine *m, const struct sim_cpu *c)
{
	const struct sim_device *d = &m->device[m->source[c->fence_src].device];
	uint32_t i = d->head;

	if (c->fence_writes)
		return (int32_t)(d->landed - c->fence_seq) >= 0;
	for (; i; i = m->flight[i - 1].next)
		if (holds(c, &m->flight[i - 1]))
			return false;
	return true;
}

uint64_t device_fence_time(const struct machine *m, const struct sim_cpu *c)
{
	const struct sim_device *d = &m->device[m->source[c->fence_src].device];
	uint32_t i = d->head;
	uint64_t t = 0;

	if (c->fence_writes)
		return d->write_head ? d->last_write + 1 : 0;
	for (; i; i = m->flight[i - 1].next) {
		const struct flight *f = &m->flight[i - 1];
		uint64_t end = c->fence_irr || c->fence_irte ? f->accept : f->reach;

		if (holds(c, f) && end >= t)
			t = end + 1;
	}
	return t;
}
