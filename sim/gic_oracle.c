/* SPDX-License-Identifier: MIT */
/*
 * gic_oracle.c: what must be true of interrupts on a GIC besides what oracle.c says.
 *
 * A handler may start on a CPU of its interrupt's place: the one it has, or had at some
 * moment since this CPU acknowledged it; while it moves, also the one it leaves. Places
 * are followed through trace records, made under the interrupt's lock.
 */
#include <stdlib.h>
#include "gic.h"

static uint32_t intid_of(const struct machine *m, uint32_t src)
{
	const struct source *s = &m->source[src];

	return s->kind == FERRY_GIC_LPI ? FERRY_LPI_FIRST + s->irq : s->intid;
}

/* ---- events ----------------------------------------------------------------------- */

/* From memory on its way: a command in a queue, perhaps, so there may be several. */
static void give_back(struct machine *m, uint32_t src)
{
	struct mark *k = &m->source[src].latched;
	uint32_t *at = &m->source[src].replaying, i;

	if (k->time == NEVER)
		return;
	i = token_new(m);
	while (*at)
		at = &m->tokens[*at - 1].next;
	m->tokens[i - 1] = (struct token){ .time = k->time, .src = src, .gen = k->gen };
	*at = i;
	k->time = NEVER;
}

struct mark arm_unlatch(struct machine *m, uint32_t src)
{
	struct source *s = &m->source[src];
	uint32_t i = s->replaying;
	struct mark k = { .time = NEVER };

	sim_writes(m, RES_GHOST(src & 3));
	if (!i)
		return k;
	k.time = m->tokens[i - 1].time;
	k.gen = m->tokens[i - 1].gen;
	s->replaying = m->tokens[i - 1].next;
	token_free(m, i);
	return k;
}

/* None of them comes any more. */
void arm_forget(struct machine *m, uint32_t src)
{
	struct mark k;

	m->source[src].place = m->source[src].old_place = 0;
	while ((k = arm_unlatch(m, src)).time != NEVER)
		token_end(m, src, k.gen, V_LOST, NONE, "was to be given back and never came");
}

/* ---- places -------------------------------------------------------------------- */

static bool in_place(const struct machine *m, uint32_t place, uint32_t cpu)
{
	return m->config.gic == 2 ? place >> cpu & 1 : place == cpu + 1;
}

static uint32_t pack(const struct machine *m, const uint64_t *mask)
{
	uint32_t w;

	if (m->config.gic == 2)
		return (uint32_t)mask[0];
	for (w = 0; w < (m->config.cpus + 63) / 64; w++)
		if (mask[w])
			return 1 + w * 64 + (uint32_t)__builtin_ctzll(mask[w]);
	return 0;
}

/* It leaves these CPUs: an arrival that one of them has acknowledged came in time. */
static void leave(struct machine *m, uint32_t src, uint32_t place)
{
	uint32_t cpu, d, intid = intid_of(m, src);
	uint32_t mask = m->config.gic == 2 ? 0x3ff : ~0u;

	for (cpu = 0; place && cpu < m->config.cpus; cpu++) {
		if (!in_place(m, place, cpu))
			continue;
		sim_writes(m, RES_CPU(cpu & 3));
		for (d = 0; d < m->cpu[cpu].depth; d++)
			if ((m->cpu[cpu].frame[d].intid & mask) == intid)
				m->cpu[cpu].frame[d].placed = true;
	}
}

void arm_place(struct machine *m, uint32_t src)
{
	struct source *s = &m->source[src];
	uint64_t effective[FERRY_CPUS_MAX / 64], old[FERRY_CPUS_MAX / 64];
	struct ferry_affinity a;
	uint32_t place, was = s->place, was_old = s->old_place;
	bool quiet = m->quiet, torn = m->torn;

	machine_look(m);
	(void)ferry_irq_affinity(m->ferry, s->irq, &a, NULL, effective, old);
	machine_looked(m);
	m->quiet = quiet;
	m->torn = torn;
	place = pack(m, effective);
	s->place = place;
	s->old_place = pack(m, old);
	leave(m, src, was);
	leave(m, src, was_old);
}

/* How many interrupts live on each CPU: there are no vectors. */
void arm_count_places(struct machine *m)
{
	uint32_t *used = calloc(m->config.cpus, sizeof(*used)), *most = m->out->report.vectors_used;
	uint32_t i, cpu;

	for (i = 0; used && i < m->config.sources; i++) {
		const struct source *s = &m->source[i];

		if (s->live && !s->dead && m->config.gic == 3 && s->place)
			used[s->place - 1]++;
		for (cpu = 0; m->config.gic == 2 && cpu < m->config.cpus; cpu++)
			used[cpu] += s->live && !s->dead && in_place(m, s->place, cpu);
	}
	for (cpu = 0; used && cpu < m->config.cpus; cpu++)
		most[cpu] = used[cpu] > most[cpu] ? used[cpu] : most[cpu];
	free(used);
}

void arm_trace(struct machine *m, const struct ferry_trace *record, uint32_t src)
{
	struct source *s = &m->source[src];

	if (record->event == FERRY_TRACE_PROGRAM) {
		arm_place(m, src);
	} else if (record->event == FERRY_TRACE_EVIDENCE) {
		leave(m, src, s->old_place);
		s->old_place = 0;
	} else if (record->event == FERRY_TRACE_REPLAY) {
		give_back(m, src);
	}
}

void arm_check_start(struct machine *m, uint32_t cpu, uint32_t src)
{
	const struct source *s = &m->source[src];
	const struct sim_cpu *c = &m->cpu[cpu];
	const struct frame *frame = c->depth ? &c->frame[c->depth - 1] : NULL;
	uint32_t mask = m->config.gic == 2 ? 0x3ff : ~0u;

	if (!frame || frame->intid == NONE || (frame->intid & mask) != intid_of(m, src)) {
		violation(m, V_MISDELIVERED, cpu, src, "its handler starts for interrupt %d",
			  frame ? (int)frame->intid : -1);
		return;
	}
	if (!frame->placed && !in_place(m, s->place, cpu) && !in_place(m, s->old_place, cpu))
		violation(m, V_MISDELIVERED, cpu, src,
			  "a handler starts on a CPU that it was not moved to");
}

/* ---- routes --------------------------------------------------------------------------- */

/* Settled: the hardware has the route that the library tells. */
void arm_check_route(struct machine *m, uint32_t src, const uint64_t *effective)
{
	uint32_t n = arm_index(m, intid_of(m, src)), cpu, place = pack(m, effective);
	const struct gic_line *l;
	uint64_t want = 0;

	if (n >= m->gic->lines)
		return;
	l = &m->gic->line[n];
	for (cpu = 0; m->config.gic == 2 && cpu < m->config.cpus; cpu++)
		want |= (uint64_t)(place >> cpu & 1) << arm_bit(cpu);
	if (m->config.gic == 3)
		want = m->gic->cpu[place - 1].mpidr;
	if (l->route != want)
		violation(m, V_BROKEN, NONE, src, "its route is %#llx, not %#llx",
			  (unsigned long long)l->route, (unsigned long long)want);
}

static void freed_line(struct machine *m, uint32_t src, uint32_t n)
{
	const struct gic_line *l = &m->gic->line[n];
	uint32_t cpu;

	if (l->enabled || l->active)
		violation(m, V_BROKEN, NONE, src, "freed, and its interrupt is still %s",
			  l->active ? "active" : "enabled");
	for (cpu = 0; cpu < m->config.cpus; cpu++)
		if (m->gic->offer[(size_t)cpu * m->gic->words + n / 64] >> (n % 64) & 1)
			violation(m, V_BROKEN, cpu, src, "freed while it is presented");
}

/* The INTID may be another interrupt's again; the event is this one's. */
static void freed_lpi(struct machine *m, uint32_t src, uint32_t n)
{
	const struct gic_lpi *l = &m->gic->lpi[n - m->gic->lines];
	uint32_t i;

	if (arm_its_is_mapped(m, src))
		violation(m, V_BROKEN, NONE, src, "freed, and its event is still mapped");
	for (i = 0; i < GIC_PLACES; i++)
		if (l->at[i].cpu && l->at[i].src == src && l->at[i].event.time != NEVER)
			violation(m, V_BROKEN, l->at[i].cpu - 1, src,
				  "freed while it pends in a redistributor");
}

void arm_check_freed(struct machine *m, uint32_t src)
{
	uint32_t n = arm_index(m, intid_of(m, src));

	if (n == NONE)
		return;
	if (n < m->gic->lines)
		freed_line(m, src, n);
	else
		freed_lpi(m, src, n);
}

/* ---- the end --------------------------------------------------------------------------- */

void arm_final(struct machine *m)
{
	uint32_t n, i;

	for (n = m->gic->lines; n < m->gic->count; n++)
		for (i = 0; i < GIC_PLACES; i++) {
			struct gic_place *p = &m->gic->lpi[n - m->gic->lines].at[i];

			if (p->cpu && p->event.time != NEVER)
				token_end(m, p->src, p->event.gen, V_LOST, p->cpu - 1,
					  "is still pending in a redistributor");
			p->event.time = NEVER;
		}
	for (i = 0; i < m->config.sources; i++)
		arm_forget(m, i);
	for (i = 0; i < m->config.cpus; i++)
		if (m->gic->cpu[i].nactive)
			violation(m, V_BROKEN, i, NONE, "interrupt %u was never ended",
				  m->gic->cpu[i].act[0].intid);
}
