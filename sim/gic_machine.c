/* SPDX-License-Identifier: MIT */
/*
 * gic_machine.c: the GIC as a part of the machine: where redistributors lie, what can
 * happen next, CPUs switched off and on, what tells one state from another.
 */
#include <string.h>
#include "gic.h"

/* ---- where things lie -------------------------------------------------------- */

/* Redistributors lie in another order than CPUs are counted, in two regions; neither is
 * what a processor is called. */
static uint32_t position(const struct machine *m, uint32_t cpu)
{
	return m->config.cpus - 1 - cpu;
}

static uint32_t first_region(const struct sim_config *config)
{
	return (config->cpus + 1) / 2;
}

uint32_t arm_region_frames(const struct sim_config *config, uint32_t unit)
{
	return unit ? config->cpus - first_region(config) : first_region(config);
}

uint64_t arm_region_pa(uint32_t unit)
{
	return 0x100000000ull + (uint64_t)unit * 0x80000000ull;
}

uint32_t arm_redistributor(const struct machine *m, uint32_t unit, uint32_t offset)
{
	uint32_t at = offset / GIC_STRIDE;

	if (unit >= GIC_REGIONS || at >= arm_region_frames(&m->config, unit))
		return NONE;
	return position(m, at + (unit ? first_region(&m->config) : 0));
}

uint64_t arm_frame_pa(const struct machine *m, uint32_t cpu)
{
	uint32_t at = position(m, cpu), first = first_region(&m->config);

	return at < first ? arm_region_pa(0) + (uint64_t)at * GIC_STRIDE :
			    arm_region_pa(1) + (uint64_t)(at - first) * GIC_STRIDE;
}

bool arm_is_last(const struct machine *m, uint32_t cpu)
{
	uint32_t at = position(m, cpu);

	return at + 1 == first_region(&m->config) || at + 1 == m->config.cpus;
}

uint32_t arm_processor_number(const struct machine *m, uint32_t cpu)
{
	return position(m, cpu) + 1;
}

uint32_t arm_by_number(const struct machine *m, uint64_t number)
{
	return number - 1 < m->config.cpus ? position(m, (uint32_t)number - 1) : NONE;
}

/* ---- memory ---------------------------------------------------------------------- */

struct layout {
	size_t used;
	uint8_t *base; /* null: only count */
};

static void *piece(struct layout *l, size_t n, size_t size)
{
	uint8_t *p = l->base ? l->base + l->used : NULL;

	l->used += (n * size + 7) & ~(size_t)7;
	return p;
}

static void lay_its(struct layout *l, const struct sim_config *k, struct gic_its *t)
{
	struct gic_its none;

	t = t ? t : &none;
	t->device = piece(l, (size_t)1 << k->its_device_bits, sizeof(*t->device));
	t->event =
		piece(l, (size_t)1 << (k->its_device_bits + k->its_event_bits), sizeof(*t->event));
	t->collection = piece(l, k->cpus, sizeof(*t->collection));
}

static size_t lay_out(const struct sim_config *k, uint8_t *base)
{
	struct layout l = { 0, base };
	struct sim_gic none, *g = piece(&l, 1, sizeof(*g));
	uint32_t i;

	g = g ? g : &none;
	g->lines = k->spis + k->espis;
	g->count = g->lines + k->lpis;
	g->words = (g->count + 63) / 64;
	g->line = piece(&l, g->lines, sizeof(*g->line));
	g->lpi = piece(&l, k->lpis, sizeof(*g->lpi));
	g->cpu = piece(&l, k->cpus, sizeof(*g->cpu));
	g->offer = piece(&l, k->cpus, g->words * sizeof(uint64_t));
	g->linger = piece(&l, k->cpus, g->words * sizeof(uint64_t));
	g->its = piece(&l, k->nits, sizeof(*g->its));
	for (i = 0; i < k->nits; i++)
		lay_its(&l, k, base ? &g->its[i] : NULL);
	return l.used;
}

size_t arm_bytes(const struct sim_config *config)
{
	return config->gic ? lay_out(config, NULL) : 0;
}

/* IHI 0069H 12.11: after reset a redistributor sleeps. */
static void reset_cpu(struct machine *m, uint32_t cpu)
{
	struct gic_cpu *g = &m->gic->cpu[cpu];
	uint64_t mpidr = g->mpidr;
	uint32_t fence = g->fence;

	*g = (struct gic_cpu){ .mpidr = mpidr,
			       .fence = fence,
			       .edge = { 0xffff },
			       .sleep = m->config.gic == 3,
			       .asleep = m->config.gic == 3,
			       .group = { m->config.gic == 2 ? ~0u : 0, 0, 0 } };
}

void arm_init(struct machine *m)
{
	uint32_t i, p;

	lay_out(&m->config, (uint8_t *)m->gic);
	for (i = 0; i < m->config.cpus; i++) {
		if (m->config.gic == 3)
			m->gic->cpu[i].mpidr = m->config.mpidrs[i];
		reset_cpu(m, i);
	}
	/* GICv2: as seen by the non-secure side, all of which is group 1. */
	for (i = 0; i < m->gic->lines; i++)
		m->gic->line[i].group = m->config.gic == 2;
	for (i = 0; i < m->config.lpis; i++)
		for (p = 0; p < GIC_PLACES; p++)
			m->gic->lpi[i].at[p].event.time = NEVER;
}

/* ---- what can happen ----------------------------------------------------------------- */

static void lpi_labels(struct machine *m, void (*add)(void *list, label l), void *list)
{
	const struct gic_place *p;
	uint32_t n, i;

	for (n = m->gic->lines; n < m->gic->count; n++)
		for (i = 0; i < GIC_PLACES; i++) {
			p = &m->gic->lpi[n - m->gic->lines].at[i];
			if (p->cpu && p->lingers)
				add(list, label_of(L_RECALL, n, p->cpu - 1));
		}
}

static void line_labels(struct machine *m, uint32_t n, void (*add)(void *list, label l), void *list)
{
	const struct gic_line *l = &m->gic->line[n];
	uint32_t cpu;

	if (l->route != l->routed)
		add(list, label_of(L_ROUTE, n, 0));
	for (cpu = 0; l->lingers && cpu < m->config.cpus; cpu++)
		if (m->gic->linger[(size_t)cpu * m->gic->words + n / 64] >> (n % 64) & 1)
			add(list, label_of(L_RECALL, n, cpu));
}

void arm_labels(struct machine *m, void (*add)(void *list, label l), void *list)
{
	uint32_t i, n;

	/* To lines that nobody is wired to nothing happens. */
	for (i = 0; i < m->config.sources; i++) {
		n = arm_index(m, m->source[i].intid);
		if (n < m->gic->lines && m->gic->line[n].src)
			line_labels(m, n, add, list);
	}
	lpi_labels(m, add, list);
	for (i = 0; i < m->config.nits; i++)
		if (arm_its_may_execute(m, i))
			add(list, label_of(L_ITS, i, 0));
	for (i = 0; i < m->config.cpus; i++)
		if (m->gic->cpu[i].sleep != m->gic->cpu[i].asleep)
			add(list, label_of(L_WAKE, i, 0));
}

void arm_perform(struct machine *m, label l)
{
	if (label_kind(l) == L_RECALL)
		arm_recall(m, label_a(l), label_b(l));
	else if (label_kind(l) == L_ITS)
		arm_its_execute(m, label_a(l));
	else if (label_kind(l) == L_WAKE)
		arm_wake(m, label_a(l));
	else if (label_kind(l) == L_ROUTE)
		arm_route_lands(m, label_a(l));
}

static void take_first(void *first, label l)
{
	if (!*(label *)first)
		*(label *)first = l;
}

bool arm_drain(struct machine *m)
{
	label l = 0;

	arm_labels(m, take_first, &l);
	arm_perform(m, l);
	return l != 0;
}

/* ---- CPUs off and on ------------------------------------------------------------------- */

static void check_parked(struct machine *m, uint32_t cpu)
{
	const struct gic_cpu *g = &m->gic->cpu[cpu];

	if (g->on)
		violation(m, V_BROKEN, cpu, NONE, "parked with its interface on");
	if (m->config.gic == 3 && !g->asleep)
		violation(m, V_BROKEN, cpu, NONE, "parked with its redistributor awake");
	if (g->nactive)
		violation(m, V_BROKEN, cpu, NONE, "parked with interrupt %u not ended",
			  g->act[0].intid);
	if (g->offers)
		violation(m, V_BROKEN, cpu, NONE, "parked with something presented");
}

/* What still pends there waits for a CPU that may never come back. */
static void lose_lpis(struct machine *m, uint32_t cpu)
{
	struct gic_place *p;
	uint32_t n;

	for (n = m->gic->lines; n < m->gic->count; n++) {
		p = arm_its_place(m, n, cpu);
		if (p && p->event.time != NEVER)
			token_end(m, p->src, p->event.gen, V_LOST, cpu,
				  "was in the redistributor of a CPU that was parked");
		if (p)
			arm_its_forget(m, p);
	}
}

void arm_park(struct machine *m, uint32_t cpu)
{
	struct gic_cpu *g = &m->gic->cpu[cpu];
	bool kept = m->config.storm ? machine_random(m) & 1 : m->config.irr_kept;

	sim_writes(m, RES_IRR(cpu & 3));
	check_parked(m, cpu);
	oracle_taken(m, cpu, &m->cpu[cpu].aside, FERRY_GIC_UNEXPECTED + 1);
	m->cpu[cpu].aside.intid = NONE;
	lose_lpis(m, cpu);
	m->cpu[cpu].signal = false;
	g->sre = g->on = g->split = g->unseen = g->unseen_sre = false;
	g->pmr = g->bpr = 0;
	/* IHI 0069H 11.1: whether a redistributor keeps its state depends on the machine. */
	if (!kept && m->config.gic == 3)
		reset_cpu(m, cpu);
}

/* ---- states -------------------------------------------------------------------------------- */

struct bytes {
	uint8_t *out;
	size_t n;
};

static void put(struct bytes *b, const void *what, size_t n)
{
	memcpy(b->out + b->n, what, n);
	b->n += n;
}

static void put8(struct bytes *b, uint64_t value)
{
	b->out[b->n++] = (uint8_t)value;
}

/* Events on their way back into the hardware. */
static void put_replaying(struct bytes *b, const struct machine *m, const struct source *s)
{
	uint32_t i;

	for (i = s->replaying; i; i = m->tokens[i - 1].next)
		put8(b, 1u + m->tokens[i - 1].gen);
	put8(b, 0);
}

static void put_mark(struct bytes *b, const struct mark *k)
{
	put8(b, (uint64_t)(k->time != NEVER) << 1 | k->maybe);
	put8(b, k->time != NEVER ? k->gen : 0);
}

static void put_line(struct bytes *b, const struct machine *m, const struct gic_line *l)
{
	bool fresh = l->routed_by && l->fence == m->gic->cpu[l->routed_by - 1].fence;

	put8(b, (uint64_t)l->enabled << 5 | (uint64_t)l->edge << 4 | (uint64_t)l->group << 3 |
			(uint64_t)l->active << 2 | (uint64_t)l->latch << 1 | (l->src != 0));
	put8(b, l->active_on);
	put8(b, l->priority);
	put8(b, fresh ? l->routed_by : 0);
	put(b, &l->route, 8);
	put(b, &l->routed, 8);
}

static void put_cpu(struct bytes *b, const struct machine *m, uint32_t cpu)
{
	const struct gic_cpu *g = &m->gic->cpu[cpu];
	size_t row = (size_t)cpu * m->gic->words;
	uint32_t i;

	put(b, g->enabled, 6 * sizeof(g->enabled)); /* to line[] */
	put(b, g->priority, GIC_LOCALS + 16);       /* and sgi_from */
	put8(b, (uint64_t)g->sleep << 7 | (uint64_t)g->asleep << 6 | (uint64_t)g->lpis << 5 |
			(uint64_t)g->sre << 4 | (uint64_t)g->on << 3 | (uint64_t)g->split << 2 |
			(uint64_t)g->unseen << 1 | g->unseen_sre);
	put8(b, (uint64_t)(g->propbaser != 0) << 1 | (g->pendbaser != 0));
	put8(b, g->pmr);
	put8(b, g->bpr);
	put8(b, g->nactive);
	for (i = 0; i < g->nactive; i++) {
		put(b, &g->act[i].intid, 4);
		put8(b, g->act[i].priority);
		put8(b, g->act[i].dropped);
	}
	put(b, &m->gic->offer[row], m->gic->words * 8);
	put(b, &m->gic->linger[row], m->gic->words * 8);
}

static void put_lpi(struct bytes *b, const struct machine *m, const struct gic_lpi *l)
{
	uint32_t cpu, i;

	put8(b, l->visible);
	put8(b, l->config);
	put8(b, (uint64_t)l->mapped << 1 | l->cached);
	for (cpu = 0; cpu < m->config.cpus; cpu++)
		for (i = 0; i < GIC_PLACES; i++) {
			const struct gic_place *p = &l->at[i];

			if (p->cpu != cpu + 1)
				continue;
			put8(b, p->cpu);
			put8(b, p->event.time != NEVER ? p->src : 0);
			put_mark(b, &p->event);
			put8(b, (uint64_t)p->lingers << 1 | p->ended);
			put8(b, p->lingers && !p->ended ? p->to : 0);
		}
	put8(b, 0);
}

/* Of the queue what is not done yet, and how far it is written: its place in the ring
 * tells nothing. */
static void put_its(struct bytes *b, const struct machine *m, const struct gic_its *t)
{
	uint32_t size = (uint32_t)((t->cbaser & 0xff) + 1) * 4096, at, n;
	const uint8_t *queue = (const uint8_t *)(uintptr_t)(t->cbaser & 0x000ffffffffff000ull);

	put8(b, t->enabled);
	for (at = t->creadr; t->enabled && at != t->cwriter; at = (at + 32) % size) {
		put8(b, 1);
		put(b, queue + at, 32);
	}
	put8(b, 0);
	for (n = 0; n < t->nsynced; n++) {
		put8(b, (t->synced[n].from - t->cwriter) / 32);
		put8(b, (t->synced[n].to - t->cwriter) / 32);
	}
	put8(b, t->nsynced);
	for (n = 0; n < 1u << m->config.its_device_bits; n++)
		put8(b, (uint64_t)t->device[n].bits << 1 | t->device[n].valid);
	for (n = 0; n < 1u << (m->config.its_device_bits + m->config.its_event_bits); n++) {
		put(b, &t->event[n].intid, 4);
		put8(b, t->event[n].intid ? t->event[n].collection : 0);
	}
	for (n = 0; n < m->config.cpus; n++)
		put8(b, t->collection[n]);
}

size_t arm_image(const struct machine *m, uint8_t *out)
{
	struct bytes b = { out, 0 };
	uint32_t i, n;

	put8(&b, m->gic->ctlr);
	for (i = 0; i < m->config.sources; i++) {
		n = arm_index(m, m->source[i].intid);
		if (n < m->gic->lines && m->gic->line[n].src)
			put_line(&b, m, &m->gic->line[n]);
	}
	for (i = 0; i < m->config.cpus; i++)
		put_cpu(&b, m, i);
	for (i = 0; i < m->config.lpis; i++)
		put_lpi(&b, m, &m->gic->lpi[i]);
	for (i = 0; i < m->config.nits; i++)
		put_its(&b, m, &m->gic->its[i]);
	for (i = 0; i < m->config.sources; i++) {
		put8(&b, m->source[i].place);
		put8(&b, m->source[i].old_place);
		put_replaying(&b, m, &m->source[i]);
	}
	return b.n;
}
