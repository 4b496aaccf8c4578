/* SPDX-License-Identifier: MIT */
/*
 * gic.c: who is presented what, and what happens when a CPU acknowledges and ends it.
 * Sections: IHI 0048B (GICv2), IHI 0069H (GICv3).
 *
 * Priorities: five bits are implemented (IHI 0069H 4.8).
 */
#include <string.h>
#include "gic.h"

#define CTLR_GROUP1 2u /* GICD_CTLR.EnableGrp1; GICv2: EnableGrp1 is bit 0, see gic_regs.c */

/* ---- names --------------------------------------------------------------- */

uint32_t arm_index(const struct machine *m, uint32_t intid)
{
	const struct sim_config *k = &m->config;

	if (intid >= FERRY_SPI_FIRST && intid < FERRY_SPI_FIRST + k->spis)
		return intid - FERRY_SPI_FIRST;
	if (intid >= FERRY_ESPI_FIRST && intid < FERRY_ESPI_FIRST + k->espis)
		return intid - FERRY_ESPI_FIRST + k->spis;
	if (intid >= FERRY_LPI_FIRST && intid < FERRY_LPI_FIRST + k->lpis)
		return intid - FERRY_LPI_FIRST + k->spis + k->espis;
	return NONE;
}

uint32_t arm_intid(const struct machine *m, uint32_t n)
{
	const struct sim_config *k = &m->config;

	if (n < k->spis)
		return FERRY_SPI_FIRST + n;
	if (n < m->gic->lines)
		return FERRY_ESPI_FIRST + n - k->spis;
	return FERRY_LPI_FIRST + n - m->gic->lines;
}

uint32_t arm_local(uint32_t intid)
{
	if (intid < 32)
		return intid;
	return intid >= FERRY_EPPI_FIRST && intid <= FERRY_EPPI_LAST ?
		       intid - FERRY_EPPI_FIRST + 32 :
		       NONE;
}

static uint32_t local_intid(uint32_t l)
{
	return l < 32 ? l : FERRY_EPPI_FIRST + l - 32;
}

/* ---- rows of bits ----------------------------------------------------------- */

static uint64_t *row_of(const struct machine *m, uint64_t *rows, uint32_t cpu)
{
	return rows + (size_t)cpu * m->gic->words;
}

static bool has(const struct machine *m, uint64_t *rows, uint32_t cpu, uint32_t n)
{
	return row_of(m, rows, cpu)[n / 64] >> (n % 64) & 1;
}

/* What is touched, for the explorer: a line with its device, LPIs together. */
static void touch(struct machine *m, uint32_t n)
{
	uint32_t src = n < m->gic->lines ? m->gic->line[n].src : 0;

	sim_writes(m, src ? RES_DEVICE(m->source[src - 1].device & 3) : RES_DEVICE(3));
}

static void later(struct machine *m, uint64_t most, label l)
{
	if (m->config.storm)
		machine_at(m, m->now + 1 + machine_below(m, most), l);
}

static void offer(struct machine *m, uint32_t cpu, uint32_t n)
{
	row_of(m, m->gic->offer, cpu)[n / 64] |= 1ull << (n % 64);
	m->gic->cpu[cpu].offers++;
	arm_signal(m, cpu);
}

static void withdraw(struct machine *m, uint32_t cpu, uint32_t n)
{
	row_of(m, m->gic->offer, cpu)[n / 64] &= ~(1ull << (n % 64));
	m->gic->cpu[cpu].offers--;
	arm_signal(m, cpu);
}

/* ---- CPU interfaces --------------------------------------------------------- */

bool arm_listens(const struct machine *m, uint32_t cpu)
{
	const struct gic_cpu *g = &m->gic->cpu[cpu];

	return g->on && !g->sleep && !g->asleep && !m->cpu[cpu].parked;
}

bool arm_idle(const struct machine *m, uint32_t cpu)
{
	return !m->gic->cpu[cpu].offers && !m->cpu[cpu].signal;
}

static uint32_t priority_of(const struct machine *m, uint32_t n)
{
	const struct sim_gic *g = m->gic;

	/* An LPI has the priority of its configuration byte (IHI 0069H 5.1.1). */
	return n < g->lines ? g->line[n].priority : g->lpi[n - g->lines].config & 0xfcu;
}

/* 4.8.3: the highest priority that was acknowledged and not dropped. */
static uint32_t running(const struct gic_cpu *g)
{
	uint32_t i, best = GIC_IDLE;

	for (i = 0; i < g->nactive; i++)
		if (!g->act[i].dropped && g->act[i].priority < best)
			best = g->act[i].priority;
	return best;
}

struct best {
	uint32_t priority, what;
};

static void best_local(const struct gic_cpu *g, struct best *b)
{
	uint32_t w, l;
	uint32_t bits;

	for (w = 0; w < GIC_LOCAL_WORDS; w++) {
		bits = (g->pending[w] | (g->line[w] & ~g->edge[w])) & g->enabled[w] & ~g->active[w];
		for (; bits; bits &= bits - 1) {
			l = w * 32 + (uint32_t)__builtin_ctz(bits);
			if (g->priority[l] < b->priority)
				*b = (struct best){ g->priority[l], GIC_LOCAL_FLAG | l };
		}
	}
}

static void best_shared(const struct machine *m, uint32_t cpu, struct best *b)
{
	const uint64_t *row = row_of(m, m->gic->offer, cpu);
	uint32_t w, n, left = m->gic->cpu[cpu].offers;
	uint64_t bits;

	for (w = 0; left && w < m->gic->words; w++)
		for (bits = row[w]; bits; bits &= bits - 1, left--) {
			n = w * 64 + (uint32_t)__builtin_ctzll(bits);
			if (priority_of(m, n) < b->priority)
				*b = (struct best){ priority_of(m, n), n };
		}
}

/* 4.8.6: only what outranks the running group priority and the mask is signalled. */
uint32_t arm_signal(struct machine *m, uint32_t cpu)
{
	struct gic_cpu *g = &m->gic->cpu[cpu];
	struct best b = { g->pmr, NONE };
	uint32_t mask = 0xffu << g->bpr & 0xff, now = running(g);
	bool was = m->cpu[cpu].signal;

	sim_writes(m, RES_IRR(cpu & 3));
	if (arm_listens(m, cpu)) {
		best_local(g, &b);
		best_shared(m, cpu, &b);
	}
	if (b.what != NONE && now != GIC_IDLE && (b.priority & mask) >= (now & mask))
		b.what = NONE;
	m->cpu[cpu].signal = b.what != NONE;
	if (m->cpu[cpu].signal && !was)
		cpu_kick(m, cpu);
	return b.what;
}

/* ---- presentation of SPIs ----------------------------------------------------- */

static bool is_pending(const struct machine *m, const struct gic_line *l)
{
	/* IHI 0048B 4.3.7: pending by the latch, or level-sensitive and asserted. */
	return l->latch || (!l->edge && l->src && m->source[l->src - 1].line);
}

static bool routed_to(const struct machine *m, const struct gic_line *l, uint32_t cpu)
{
	if (m->config.gic == 2)
		return l->routed >> arm_bit(cpu) & 1;
	return l->routed == m->gic->cpu[cpu].mpidr;
}

static void count_disabling(struct machine *m, struct gic_line *l)
{
	bool now = !l->enabled && l->lingers;

	m->gic->disabling += now;
	m->gic->disabling -= l->disabling;
	l->disabling = now;
}

static void set_linger(struct machine *m, uint32_t cpu, uint32_t n, bool on)
{
	struct gic_line *l = &m->gic->line[n];
	uint64_t *word = &row_of(m, m->gic->linger, cpu)[n / 64], bit = 1ull << (n % 64);

	if (on == ((*word & bit) != 0))
		return;
	*word ^= bit;
	l->lingers = (uint16_t)(l->lingers + (on ? 1 : -1));
	count_disabling(m, l);
	if (on)
		later(m, m->config.recall_ns, label_of(L_RECALL, n, cpu));
}

/* Is the interrupt presented to this CPU as it should be? */
static void settle(struct machine *m, uint32_t n, uint32_t cpu, bool want)
{
	struct gic_line *l = &m->gic->line[n];
	bool offered = has(m, m->gic->offer, cpu, n);

	if (want) {
		set_linger(m, cpu, n, false);
		if (!offered)
			offer(m, cpu, n);
		return;
	}
	if (!offered)
		return;
	/* Route or enable were taken away from what is presented: it may be
	 * acknowledged all the same, for a finite time (IHI 0048B 4.3.12). */
	if (is_pending(m, l) && !l->active && arm_listens(m, cpu)) {
		set_linger(m, cpu, n, true);
		return;
	}
	set_linger(m, cpu, n, false);
	withdraw(m, cpu, n);
}

static uint32_t target_of(const struct machine *m, const struct gic_line *l)
{
	uint32_t low = 0, high = m->config.cpus;

	/* apic_map is sorted by the packed affinity, see arm_init. */
	while (low < high) {
		uint32_t middle = (low + high) / 2;
		uint32_t cpu = m->apic_map[2 * middle + 1];

		if (m->gic->cpu[cpu].mpidr == l->routed)
			return cpu;
		if (m->gic->cpu[cpu].mpidr < l->routed)
			low = middle + 1;
		else
			high = middle;
	}
	return NONE;
}

static void update_everywhere(struct machine *m, uint32_t n, bool deliverable)
{
	const struct gic_line *l = &m->gic->line[n];
	uint32_t cpu;

	for (cpu = 0; cpu < m->config.cpus; cpu++)
		settle(m, n, cpu, deliverable && routed_to(m, l, cpu) && arm_listens(m, cpu));
}

static void update_line(struct machine *m, uint32_t n)
{
	struct gic_line *l = &m->gic->line[n];
	bool deliverable = is_pending(m, l) && l->enabled && !l->active &&
			   (m->gic->ctlr & CTLR_GROUP1);
	uint32_t target;

	touch(m, n);
	count_disabling(m, l);
	if (m->config.gic == 2) {
		update_everywhere(m, n, deliverable);
		return;
	}
	target = target_of(m, l);
	deliverable = deliverable && target != NONE && arm_listens(m, target);
	if (l->at && (l->at != target + 1 || !deliverable))
		settle(m, n, l->at - 1, false);
	l->at = deliverable ? target + 1 : 0;
	if (deliverable)
		settle(m, n, target, true);
	if (l->lingers)
		update_everywhere(m, n, deliverable);
}

/* ---- presentation of LPIs -------------------------------------------------------- */

static void update_place(struct machine *m, uint32_t n, struct gic_place *p)
{
	struct gic_lpi *l = &m->gic->lpi[n - m->gic->lines];
	uint32_t cpu = p->cpu - 1;
	bool on = arm_listens(m, cpu), offered = has(m, m->gic->offer, cpu, n);

	if (p->lingers && on)
		return;
	/* The interface is off: what it had is its redistributor's again. */
	if (offered && !on) {
		withdraw(m, cpu, n);
		p->lingers = false;
		if (p->ended)
			arm_its_drop(m, p);
	} else if (offered && !(l->config & 1)) {
		p->lingers = true;
		p->to = p->cpu;
		later(m, m->config.recall_ns, label_of(L_RECALL, n, cpu));
	} else if (!offered && on && (l->config & 1) && m->gic->cpu[cpu].lpis) {
		offer(m, cpu, n);
	}
}

static void update_lpi(struct machine *m, uint32_t n)
{
	struct gic_lpi *l = &m->gic->lpi[n - m->gic->lines];
	uint32_t i;

	touch(m, n);
	for (i = 0; i < GIC_PLACES; i++)
		if (l->at[i].cpu)
			update_place(m, n, &l->at[i]);
}

void arm_update(struct machine *m, uint32_t n)
{
	if (n < m->gic->lines)
		update_line(m, n);
	else
		update_lpi(m, n);
}

void arm_update_cpu(struct machine *m, uint32_t cpu)
{
	uint32_t n, i;

	for (n = 0; n < m->gic->lines; n++)
		if (has(m, m->gic->offer, cpu, n) || is_pending(m, &m->gic->line[n]))
			update_line(m, n);
	for (; n < m->gic->count; n++)
		for (i = 0; i < GIC_PLACES; i++)
			if (m->gic->lpi[n - m->gic->lines].at[i].cpu == cpu + 1)
				update_lpi(m, n);
	arm_signal(m, cpu);
}

static void recall_lpi(struct machine *m, uint32_t n, uint32_t cpu)
{
	struct gic_place *p = arm_its_place(m, n, cpu);

	if (!p || !p->lingers)
		return;
	p->lingers = false;
	withdraw(m, cpu, n);
	if (p->ended)
		arm_its_drop(m, p);
	else if (p->to != p->cpu)
		arm_its_move(m, n, p, p->to - 1);
	update_lpi(m, n);
}

void arm_recall(struct machine *m, uint32_t n, uint32_t cpu)
{
	touch(m, n);
	if (n >= m->gic->lines) {
		recall_lpi(m, n, cpu);
		return;
	}
	if (!has(m, m->gic->linger, cpu, n))
		return;
	set_linger(m, cpu, n, false);
	withdraw(m, cpu, n);
}

/* ---- lines ------------------------------------------------------------------------ */

static uint32_t line_of(struct machine *m, uint32_t src)
{
	uint32_t n = arm_index(m, m->source[src].intid);

	return n < m->gic->lines ? n : NONE;
}

void arm_fire(struct machine *m, uint32_t src)
{
	struct source *s = &m->source[src];
	uint32_t n = line_of(m, src);

	mark_put(m, &s->pending, src, m->now, s->gen);
	if (n == NONE)
		return;
	if (s->kind == FERRY_GIC_LEVEL)
		s->line = true;
	/* 4.3.7: an edge is latched, whether it is enabled or not. */
	if (m->gic->line[n].edge)
		m->gic->line[n].latch = true;
	arm_update(m, n);
}

void arm_line_down(struct machine *m, uint32_t src)
{
	uint32_t n = line_of(m, src);

	if (n != NONE)
		arm_update(m, n);
}

void arm_pend(struct machine *m, uint32_t n, bool pending)
{
	struct gic_line *l = &m->gic->line[n];
	uint32_t src = l->src - 1;
	struct mark k;

	if (pending && l->src) {
		k = arm_unlatch(m, src);
		if (k.time != NEVER && l->edge)
			mark_put(m, &m->source[src].pending, src, k.time, k.gen);
	} else if (!pending && l->src && l->edge && m->source[src].pending.time != NEVER) {
		token_end(m, src, m->source[src].pending.gen, V_LOST, m->current,
			  "was pending in the distributor and cleared there");
		m->source[src].pending.time = NEVER;
	}
	l->latch = pending;
	arm_update(m, n);
}

void arm_route_lands(struct machine *m, uint32_t n)
{
	m->gic->line[n].routed = m->gic->line[n].route;
	arm_update(m, n);
}

/* IHI 0069H 11.1: a redistributor has gone to sleep, or woken up. */
void arm_wake(struct machine *m, uint32_t cpu)
{
	struct gic_cpu *g = &m->gic->cpu[cpu];

	if (g->asleep == g->sleep)
		return;
	g->asleep = g->sleep;
	arm_update_cpu(m, cpu);
}

/* ---- acknowledging ------------------------------------------------------------------ */

void arm_take(struct machine *m, uint32_t cpu)
{
	struct sim_cpu *c = &m->cpu[cpu];

	sim_writes(m, RES_IRR(cpu & 3));
	c->frame[c->depth++] = (struct frame){ .intid = NONE };
	c->take = 1;
	c->iff = false;
}

static void into_frame(struct machine *m, struct frame *frame, uint32_t src, struct mark *k)
{
	uint32_t i;

	if (k->time == NEVER)
		return;
	i = token_new(m);
	m->tokens[i - 1] =
		(struct token){ .time = k->time, .src = src, .gen = k->gen, .next = frame->tokens };
	frame->tokens = i;
	k->time = NEVER;
}

/* 4.1.1: pending becomes active; a level that is still asserted is both, and presented
 * again after its deactivation. */
static void take_line(struct machine *m, uint32_t cpu, uint32_t n, struct frame *frame)
{
	struct gic_line *l = &m->gic->line[n];

	l->active = true;
	l->active_on = (uint16_t)(cpu + 1);
	l->latch = false;
	if (l->src && l->edge)
		into_frame(m, frame, l->src - 1, &m->source[l->src - 1].pending);
	if (m->config.gic == 2 || l->lingers)
		update_everywhere(m, n, false);
	else
		settle(m, n, cpu, false);
	l->at = 0;
	touch(m, n);
}

/* IHI 0069H 4.1: an LPI has no active state. */
static void take_lpi(struct machine *m, uint32_t cpu, uint32_t n, struct frame *frame)
{
	struct gic_place *p = arm_its_place(m, n, cpu);

	into_frame(m, frame, p->src, &p->event);
	arm_its_forget(m, p);
	withdraw(m, cpu, n);
	touch(m, n);
}

/* The sender whose SGI is taken: GICv2 has one pending state for each. */
static uint32_t take_local(struct machine *m, uint32_t cpu, uint32_t l)
{
	struct gic_cpu *g = &m->gic->cpu[cpu];
	uint32_t bit = 1u << (l % 32), from = 0;

	g->active[l / 32] |= bit;
	if (l < 16 && m->config.gic == 2) {
		from = (uint32_t)__builtin_ctz(g->sgi_from[l] | 0x100u);
		g->sgi_from[l] &= (uint8_t)(g->sgi_from[l] - 1);
		if (!g->sgi_from[l])
			g->pending[0] &= ~bit;
	} else {
		g->pending[l / 32] &= ~bit;
	}
	return local_intid(l) | from << 10;
}

static void push(struct machine *m, uint32_t cpu, uint32_t value, uint32_t priority)
{
	struct gic_cpu *g = &m->gic->cpu[cpu];

	if (g->nactive == GIC_ACTIVE) {
		violation(m, V_BROKEN, cpu, NONE, "%u interrupts acknowledged and not ended",
			  GIC_ACTIVE);
		m->fatal = true;
		return;
	}
	g->act[g->nactive++] = (struct gic_active){ .intid = value, .priority = (uint8_t)priority };
}

uint32_t arm_acknowledge(struct machine *m, uint32_t cpu)
{
	struct sim_cpu *c = &m->cpu[cpu];
	struct frame *frame = cpu_frame(c);
	uint32_t what, value, priority;

	if (c->iff)
		violation(m, V_BROKEN, cpu, NONE, "an acknowledge with interrupts on");
	if (frame == &c->aside)
		oracle_taken(m, cpu, frame, FERRY_GIC_UNEXPECTED + 1);
	what = arm_signal(m, cpu);
	frame->placed = false;
	frame->intid = NONE;
	if (what == NONE) {
		m->out->report.spurious++;
		return GIC_SPURIOUS;
	}
	if (what & GIC_LOCAL_FLAG) {
		priority = m->gic->cpu[cpu].priority[what & 0xff];
		value = take_local(m, cpu, what & 0xff);
	} else {
		priority = priority_of(m, what);
		value = arm_intid(m, what);
		if (what < m->gic->lines)
			take_line(m, cpu, what, frame);
		else
			take_lpi(m, cpu, what, frame);
	}
	frame->intid = value;
	push(m, cpu, value, priority);
	arm_signal(m, cpu);
	return value;
}

/* ---- ending --------------------------------------------------------------------------- */

static void remove_active(struct gic_cpu *g, uint32_t i)
{
	g->nactive--;
	memmove(&g->act[i], &g->act[i + 1], (g->nactive - i) * sizeof(g->act[0]));
}

static void end_active(struct machine *m, uint32_t cpu, uint32_t value)
{
	uint32_t intid = m->config.gic == 2 ? value & 0x3ff : value;
	uint32_t l = arm_local(intid), n = arm_index(m, intid);

	if (l != NONE) {
		m->gic->cpu[cpu].active[l / 32] &= ~(1u << (l % 32));
		arm_signal(m, cpu);
	} else if (n < m->gic->lines) {
		m->gic->line[n].active = false;
		m->gic->line[n].active_on = 0;
		arm_update(m, n);
	}
}

/* IHI 0069H 4.8.5, IHI 0048B 4.4.5: the last one acknowledged is the first one ended. */
void arm_eoi(struct machine *m, uint32_t cpu, uint32_t value)
{
	struct gic_cpu *g = &m->gic->cpu[cpu];
	uint32_t i = g->nactive;

	while (i && g->act[i - 1].dropped)
		i--;
	if (!i || g->act[i - 1].intid != value) {
		violation(m, V_BROKEN, cpu, NONE,
			  "EOI of %u, which is not the last one acknowledged (%d)", value,
			  i ? (int)g->act[i - 1].intid : -1);
		return;
	}
	g->act[i - 1].dropped = true;
	if (g->split && m->virt && arm_index(m, value) < m->gic->lines) {
		/* A guest's, from now on: it is active, wherever it will be ended. */
		remove_active(g, i - 1);
		m->gic->line[arm_index(m, value)].active_on = 0;
	} else if (!g->split || value >= FERRY_LPI_FIRST) { /* an LPI: nothing to deactivate */
		remove_active(g, i - 1);
		end_active(m, cpu, value);
	}
	arm_signal(m, cpu);
}

/* IHI 0069H 4.1.1: an SPI may be deactivated from any CPU, a private interrupt from its
 * own. */
static struct gic_cpu *holder(struct machine *m, uint32_t cpu, uint32_t value, uint32_t *at)
{
	uint32_t n = arm_index(m, value), on = cpu, i;
	struct gic_cpu *g;

	if (n < m->gic->lines && m->gic->line[n].active_on)
		on = m->gic->line[n].active_on - 1u;
	g = &m->gic->cpu[on];
	for (i = 0; i < g->nactive; i++)
		if (g->act[i].intid == value) {
			*at = i;
			return g;
		}
	return NULL;
}

void arm_deactivate(struct machine *m, uint32_t cpu, uint32_t value)
{
	uint32_t i;
	struct gic_cpu *g = holder(m, cpu, value, &i);

	if (!m->gic->cpu[cpu].split) {
		violation(m, V_BROKEN, cpu, NONE, "DIR of %u with EOImode 0", value);
		return;
	}
	if (!g || !g->act[i].dropped) {
		violation(m, V_BROKEN, cpu, NONE, "DIR of %u, which is not %s", value,
			  g ? "dropped yet" : "active");
		return;
	}
	remove_active(g, i);
	end_active(m, cpu, value);
}

bool arm_end(struct machine *m, uint32_t cpu, uint32_t intid)
{
	uint32_t i, n = arm_index(m, intid), l = arm_local(intid);
	struct gic_cpu *g = holder(m, cpu, intid, &i);
	bool was = l != NONE ? m->gic->cpu[cpu].active[l / 32] >> (l % 32) & 1 :
			       n < m->gic->lines && m->gic->line[n].active;

	if (g && !g->act[i].dropped)
		violation(m, V_BROKEN, cpu, NONE,
			  "interrupt %u is deactivated before its priority was dropped", intid);
	else if (g)
		remove_active(g, i);
	end_active(m, cpu, intid);
	return was;
}

/* ---- SGIs ------------------------------------------------------------------------------- */

void arm_sgi(struct machine *m, uint32_t from, uint32_t to, uint32_t id)
{
	struct gic_cpu *g = &m->gic->cpu[to];

	machine_say(m, "sends SGI %u to CPU %u", id, to);
	if (m->cpu[to].parked)
		violation(m, V_OFFLINE, to, NONE, "SGI %u is sent to a CPU that is offline", id);
	m->out->report.ipis++;
	g->pending[0] |= 1u << id;
	g->sgi_from[id] |= (uint8_t)(1u << arm_bit(from & 7));
	arm_signal(m, to);
}
