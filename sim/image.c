/* SPDX-License-Identifier: MIT */
/*
 * image.c: a state of the explored machine in canonical form, and labels that mean
 * the same in equal states. Where the simulator keeps a message or a token, how many
 * there were before, what only measures: none of it tells states apart. What the code
 * on a CPU is about to do is told by its history.
 */
#include <string.h>
#include "virt.h"

struct image {
	uint8_t *out;
	size_t n;
};

static void put8(struct image *i, uint64_t value)
{
	i->out[i->n++] = (uint8_t)value;
}

static void put32(struct image *i, uint32_t value)
{
	memcpy(i->out + i->n, &value, 4);
	i->n += 4;
}

static void put64(struct image *i, uint64_t value)
{
	memcpy(i->out + i->n, &value, 8);
	i->n += 8;
}

/* ---- tokens --------------------------------------------------------------- */

static void put_tokens(struct image *i, const struct machine *m, uint32_t list)
{
	for (; list; list = m->tokens[list - 1].next) {
		const struct token *t = &m->tokens[list - 1];

		put8(i, 1u + t->src);
		put8(i, t->gen);
		put8(i, (uint64_t)t->level << 1 | (t->time != NEVER));
	}
	put8(i, 0);
}

static void put_mark(struct image *i, const struct mark *k)
{
	put8(i, (uint64_t)(k->time != NEVER) << 1 | k->maybe);
	put8(i, k->time != NEVER ? k->gen : 0);
}

/* ---- CPUs ----------------------------------------------------------------- */

static void put_apic(struct image *i, const struct machine *m, const struct sim_cpu *c)
{
	uint32_t w;
	uint64_t bits;

	for (w = 0; w < 4; w++) {
		put8(i, (c->irr[w] != 0) << 2 | (c->isr[w] != 0) << 1 | (c->tmr[w] != 0));
		if (c->irr[w])
			put64(i, c->irr[w]);
		if (c->isr[w])
			put64(i, c->isr[w]);
		if (c->tmr[w])
			put64(i, c->tmr[w]);
		for (bits = c->irr[w]; bits; bits &= bits - 1)
			put_tokens(i, m, c->token[w * 64 + (uint32_t)__builtin_ctzll(bits)]);
	}
}

/* How far a fence has to wait: messages, or writes, that it still stands behind. */
static void put_fence(struct image *i, const struct machine *m, const struct sim_cpu *c)
{
	const struct sim_device *d = &m->device[m->source[c->fence_src].device];
	uint32_t n = 0, f;

	if (c->fence_writes)
		n = c->fence_seq - d->landed;
	for (f = c->fence_writes ? 0 : d->head; f; f = m->flight[f - 1].next)
		n += (int32_t)(m->flight[f - 1].seq - c->fence_seq) <= 0;
	put8(i, c->fence_src);
	put8(i, n);
	put8(i, (uint64_t)c->fence_irr << 2 | (uint64_t)c->fence_irte << 1 | c->fence_writes);
}

static void put_cpu(struct image *i, const struct machine *m, const struct sim_cpu *c)
{
	uint32_t k;

	put8(i, c->state);
	put8(i, c->depth);
	if (c->locks)
		put32(i, (uint32_t)sim_held_for(m, c));
	put8(i, (uint64_t)c->iff << 1 | c->parked);
	if (c->state == CPU_SLEEP)
		put64(i, c->until);
	if (c->state == CPU_LOCK)
		put32(i, (uint32_t)((const char *)c->lock - (const char *)m->library));
	if (c->state == CPU_FENCE)
		put_fence(i, m, c);
	for (k = 0; k < c->nstores; k++) {
		put32(i, 1u + (uint32_t)((const char *)c->stores[k].at - (const char *)m->library));
		put32(i, c->stores[k].value);
	}
	put32(i, 0);
	for (k = 0; k <= c->depth; k++)
		put64(i, c->history[k]);
	for (k = 0; k < c->depth; k++) {
		put8(i, c->frame[k].vector);
		put8(i, (uint64_t)c->frame[k].handler << 1 | c->frame[k].doorbell);
		put_tokens(i, m, c->frame[k].tokens);
		if (m->config.gic) {
			put32(i, c->frame[k].intid);
			put8(i, c->frame[k].placed);
		}
	}
	if (m->config.gic) {
		put8(i, (uint64_t)c->unfenced << 1 | c->signal);
		put_tokens(i, m, c->aside.tokens);
	} else {
		put_apic(i, m, c);
	}
}

/* ---- devices -------------------------------------------------------------- */

static void put_source(struct image *i, const struct source *s)
{
	put32(i, s->irq);
	put8(i, s->gen);
	put8(i, (uint64_t)s->live << 6 | (uint64_t)s->dead << 5 | (uint64_t)s->dying << 4 |
			(uint64_t)s->line << 3 | (uint64_t)s->remote_irr << 2 |
			(uint64_t)s->seen << 1 | s->irte.valid);
	put8(i, s->running);
	put8(i, s->dying ? s->last_starts : 0);
	put32(i, s->msi_addr);
	put32(i, s->msi_addr_hi);
	put32(i, s->msi_data);
	put8(i, s->msi_mask << 1 | s->msi_enable);
	put32(i, s->rte_low);
	put32(i, s->rte_high);
	put_mark(i, &s->pending);
	put_mark(i, &s->latched);
	put32(i, s->irte.now.dest);
	put8(i, s->irte.now.vector);
	if (s->irte.valid) {
		put32(i, s->irte.cached.dest);
		put8(i, s->irte.cached.vector);
	}
}

static void put_message(struct image *i, const struct flight *f)
{
	put8(i, f->stage);
	put8(i, (uint64_t)f->level << 2 | (uint64_t)f->fenced << 1 | (f->time != NEVER));
	put8(i, f->src);
	put8(i, f->gen);
	put32(i, f->addr_lo);
	put32(i, f->addr_hi);
	put32(i, f->data);
	/* Decoded by the remapping unit, whose entry may have changed since. */
	put8(i, f->stage == 2 ? f->vector : 0);
	put32(i, f->stage == 2 ? f->dest : 0);
}

static void put_device(struct image *i, const struct machine *m, const struct sim_device *d)
{
	uint32_t f;

	for (f = d->head; f; f = m->flight[f - 1].next)
		put_message(i, &m->flight[f - 1]);
	put8(i, 0);
	for (f = d->write_head; f; f = m->flight[f - 1].next) {
		put8(i, 1u + m->flight[f - 1].src);
		put8(i, m->flight[f - 1].addr_lo);
		put32(i, m->flight[f - 1].data);
	}
	put8(i, 0);
}

/* IPIs and EOIs with the same words are one like the other: how many of each? */
static void put_others(struct image *i, const struct machine *m)
{
	uint32_t key, f, n, kinds = 0;
	uint32_t keys[64];

	for (f = 0; f < m->flights_used; f++) {
		if (m->flight[f].kind != FLIGHT_IPI && m->flight[f].kind != FLIGHT_EOI)
			continue;
		key = (uint32_t)m->flight[f].kind << 24 |
		      (m->flight[f].kind == FLIGHT_IPI ? m->flight[f].cpu : 0) << 8 |
		      m->flight[f].vector;
		for (n = kinds++; n > 0 && keys[n - 1] > key && n < 64; n--)
			keys[n] = keys[n - 1];
		keys[n] = key;
		if (kinds == 64)
			break;
	}
	for (n = 0; n < kinds; n++)
		put32(i, keys[n]);
	put32(i, 0);
}

size_t machine_image(const struct machine *m, uint8_t *out)
{
	struct image i = { out, 0 };
	uint32_t n;

	put64(&i, m->poll_at == NEVER ? NEVER : m->poll_at > m->now ? m->poll_at - m->now : 0);
	put8(&i, m->config.fail ? m->reads : 0);
	put8(&i, (uint64_t)m->gone << 2 | (uint64_t)m->silent << 1 | m->fatal);
	for (n = 0; n < m->config.cpus; n++)
		put_cpu(&i, m, &m->cpu[n]);
	for (n = 0; n < m->config.sources; n++)
		put_source(&i, &m->source[n]);
	for (n = 0; n < m->config.devices; n++)
		put_device(&i, m, &m->device[n]);
	put_others(&i, m);
	if (m->config.gic)
		i.n += arm_image(m, out + i.n);
	if (m->virt)
		i.n += virt_image(m, out + i.n);
	memcpy(out + i.n, m->client, m->config.client_bytes);
	return i.n + m->config.client_bytes;
}

/* ---- labels ----------------------------------------------------------------- */

static uint32_t rank_of(const struct machine *m, uint32_t flight)
{
	uint32_t n = 0;

	while ((flight = m->flight[flight].prev) != 0) {
		flight--;
		n++;
	}
	return n;
}

label machine_canonical(const struct machine *m, label l)
{
	const struct flight *f = &m->flight[label_a(l) < m->config.flights ? label_a(l) : 0];

	switch (label_kind(l)) {
	case L_REACH:
	case L_ACCEPT:
		return label_of(label_kind(l), m->source[f->src].device,
				rank_of(m, label_a(l)) * 64 + label_b(l));
	case L_IPI:
		return label_of(L_IPI, f->cpu, f->vector);
	case L_EOI:
		return label_of(L_EOI, f->vector, 0);
	default:
		return l;
	}
}

static label resolve_message(const struct machine *m, label l)
{
	uint32_t rank = label_b(l) / 64, f;

	if (label_a(l) >= m->config.devices)
		return 0;
	for (f = m->device[label_a(l)].head; f && rank; rank--)
		f = m->flight[f - 1].next;
	return f ? label_of(label_kind(l), f - 1, label_b(l) % 64) : 0;
}

label machine_resolve(const struct machine *m, label l)
{
	uint32_t f;

	if (label_kind(l) == L_REACH || label_kind(l) == L_ACCEPT)
		return resolve_message(m, l);
	if (label_kind(l) != L_IPI && label_kind(l) != L_EOI)
		return l;
	for (f = 0; f < m->flights_used; f++) {
		const struct flight *g = &m->flight[f];

		if (label_kind(l) == L_IPI ? g->kind == FLIGHT_IPI && g->cpu == label_a(l) &&
						     g->vector == label_b(l) :
					     g->kind == FLIGHT_EOI && g->vector == label_a(l))
			return label_of(label_kind(l), f, 0);
	}
	return 0;
}
