/* SPDX-License-Identifier: MIT */
/*
 * oracle.c: what must be true. Every device event is a token; each token ends
 * exactly once: handled, merged, shut down with its interrupt, or as a violation.
 *
 * Where a token is, while the library only has it in memory, is known from trace
 * records, made under the interrupt's lock: LATCHED (an arrival must wait),
 * FORWARD (a commit found it in the IRR), REPLAY (a start for it is decided).
 * Nothing else is believed: if such an event never starts a handler it is lost.
 */
#include <stdarg.h>
#include <stdio.h>
#include "virt.h"

static const char *const verdict_name[] = { "lost", "duplicated", "misdelivered", "offline",
					    "broken" };

static void describe(struct machine *m, enum verdict v, uint32_t cpu, uint32_t src, char *out,
		     size_t size)
{
	struct storm_report *r = &m->out->report;
	int n = snprintf(out, size, "%s at %llu ns, label %llu", verdict_name[v],
			 (unsigned long long)m->now, (unsigned long long)r->labels);

	if (cpu != NONE && n > 0 && (size_t)n < size)
		n += snprintf(out + n, size - (size_t)n, ", CPU %u", cpu);
	if (src != NONE && n > 0 && (size_t)n < size)
		n += snprintf(out + n, size - (size_t)n, ", source %u (irq %d)", src,
			      (int)m->source[src].irq);
	if (n > 0 && (size_t)n < size)
		snprintf(out + n, size - (size_t)n, ": ");
}

void violation(struct machine *m, enum verdict v, uint32_t cpu, uint32_t src, const char *format,
	       ...)
{
	struct storm_report *r = &m->out->report;
	uint64_t *const counter[] = { &r->lost, &r->duplicated, &r->misdelivered, &r->offline,
				      &r->broken };
	char *text;
	va_list args;
	size_t n;

	++*counter[v];
	if (r->nviolations >= STORM_VIOLATIONS)
		return;
	text = r->violation[r->nviolations++];
	describe(m, v, cpu, src, text, sizeof(r->violation[0]));
	for (n = 0; text[n]; n++)
		;
	va_start(args, format);
	vsnprintf(text + n, sizeof(r->violation[0]) - n, format, args);
	va_end(args);
}

/* ---- tokens ------------------------------------------------------------------ */

bool token_stale(const struct machine *m, uint32_t src, uint32_t gen)
{
	const struct source *s = &m->source[src];

	return s->dead || s->stopping || s->served || s->gen != gen;
}

void token_end(struct machine *m, uint32_t src, uint32_t gen, enum verdict v, uint32_t cpu,
	       const char *why)
{
	m->out->outstanding--;
	if (token_stale(m, src, gen))
		m->out->report.shut_down++;
	else
		violation(m, v, cpu, src, "an event %s", why);
}

void token_merge(struct machine *m, uint32_t src, uint32_t gen)
{
	m->out->outstanding--;
	if (token_stale(m, src, gen))
		m->out->report.shut_down++;
	else
		m->out->report.merged++;
}

void mark_put(struct machine *m, struct mark *k, uint32_t src, uint64_t time, uint32_t gen)
{
	if (k->time != NEVER && k->gen == gen) {
		token_merge(m, src, gen);
		if (k->maybe)
			k->time = time;
		k->maybe = false;
		return;
	}
	if (k->time != NEVER)
		token_end(m, src, k->gen, V_LOST, NONE, "of an earlier incarnation was left");
	k->time = time;
	k->gen = gen;
	k->maybe = false;
}

uint32_t token_new(struct machine *m)
{
	uint32_t i = m->token_free;

	/* Slot 0 heads the unused part: a token is an index + 1 of 1 .. flights. */
	if (i) {
		m->token_free = m->tokens[i - 1].next;
		return i;
	}
	if (m->tokens_used < m->config.flights)
		return ++m->tokens_used;
	violation(m, V_BROKEN, NONE, NONE, "the simulator has no room for another token");
	m->fatal = true;
	return 1;
}

void token_free(struct machine *m, uint32_t i)
{
	m->tokens[i - 1].next = m->token_free;
	m->token_free = i;
}

static void handled(struct machine *m, uint64_t time)
{
	m->out->outstanding--;
	m->out->report.handled++;
	histogram_add(&m->out->latency, m->now - time);
}

/* Take the newest frame's tokens one by one. */
static bool frame_pop(struct machine *m, struct frame *frame, struct token *t)
{
	uint32_t i = frame->tokens;

	if (!i)
		return false;
	*t = m->tokens[i - 1];
	frame->tokens = t->next;
	token_free(m, i);
	return true;
}

/* ---- handler starts ------------------------------------------------------------ */

static void start_level(struct machine *m, uint32_t cpu, uint32_t src)
{
	struct source *s = &m->source[src];

	if (!s->line && !s->dead) {
		violation(m, V_DUPLICATED, cpu, src,
			  "a handler starts though its line is not asserted");
		return;
	}
	if (s->line && !s->seen)
		histogram_add(&m->out->latency, m->now - s->pending.time);
	s->seen = true;
}

/*
 * One start for the event that this frame brought and the one in the library's
 * memory. Whether the second shares it can't be seen: a start is decided under
 * the interrupt's lock, and what is latched between that and the start itself
 * gets a start of its own. So it stays, as a "maybe": it has been followed by a
 * start, and may still have one.
 */
static void start_edge(struct machine *m, uint32_t cpu, uint32_t src, bool found, uint64_t time)
{
	struct source *s = &m->source[src];

	if (found)
		handled(m, time);
	if (s->latched.time != NEVER && found && !s->latched.maybe) {
		s->latched.maybe = true;
		return;
	}
	if (s->latched.time != NEVER) {
		if (found)
			token_merge(m, src, s->latched.gen);
		else
			handled(m, s->latched.time);
		s->latched.time = NEVER;
		found = true;
	}
	if (!found)
		violation(m, V_DUPLICATED, cpu, src, "a handler starts without an event");
}

static void check_start(struct machine *m, uint32_t cpu, uint32_t src)
{
	struct source *s = &m->source[src];

	if (s->running)
		violation(m, V_BROKEN, cpu, src,
			  "a second handler starts, the first runs on CPU %u", s->running - 1);
	if (m->cpu[cpu].parked)
		violation(m, V_OFFLINE, cpu, src, "a handler starts on a CPU that is offline");
	if (s->irq == NONE)
		violation(m, V_BROKEN, cpu, src, "a handler starts after its interrupt was freed");
	else if (s->dying && !s->last_starts--)
		violation(m, V_BROKEN, cpu, src, "a handler starts after free was called");
	else if (s->stopping && !s->last_starts--)
		violation(m, V_BROKEN, cpu, src, "a handler starts after stop was called");
}

static bool is_level(const struct source *s)
{
	return s->kind == FERRY_X86_IOAPIC_LEVEL || s->kind == FERRY_GIC_LEVEL;
}

void oracle_start(struct machine *m, uint32_t cpu, uint32_t src)
{
	struct sim_cpu *c = &m->cpu[cpu];
	struct frame *frame = &c->frame[c->depth ? c->depth - 1 : 0];
	uint64_t time = NEVER;
	struct token t;

	sim_writes(m, RES_GHOST(src & 3));
	check_start(m, cpu, src);
	if (m->config.gic)
		arm_check_start(m, cpu, src);
	frame->handler = true;
	while (c->depth && frame_pop(m, frame, &t)) {
		bool own = t.src == src && t.gen == m->source[src].gen;

		if (own && !t.level)
			time = t.time;
		else if (!own && !t.level)
			token_end(m, t.src, t.gen, V_MISDELIVERED, cpu,
				  "started another's handler");
	}
	if (is_level(&m->source[src]))
		start_level(m, cpu, src);
	else
		start_edge(m, cpu, src, time != NEVER, time);
}

void oracle_line_done(struct machine *m, uint32_t src)
{
	struct source *s = &m->source[src];

	if (s->line) {
		m->out->outstanding--;
		m->out->report.handled++;
	}
	device_drop_line(m, src);
}

/* ---- arrivals that start nothing -------------------------------------------------- */

/* Move the tokens of `src` from a list into its latch. */
static void into_latch(struct machine *m, uint32_t *list, uint32_t src)
{
	uint32_t i;

	while ((i = *list) != 0) {
		struct token t = m->tokens[i - 1];

		if (t.src != src || t.level) {
			list = &m->tokens[i - 1].next;
			continue;
		}
		*list = t.next;
		token_free(m, i);
		mark_put(m, &m->source[src].latched, src, t.time, t.gen);
	}
}

static void oracle_latched(struct machine *m, uint32_t cpu, uint32_t src)
{
	into_latch(m, &cpu_frame(&m->cpu[cpu])->tokens, src);
}

/* From memory into the frame of the doorbell that will start the handler. */
static void oracle_replay(struct machine *m, uint32_t cpu, uint32_t src)
{
	struct sim_cpu *c = &m->cpu[cpu];
	struct mark *k = &m->source[src].latched;
	struct frame *frame;
	uint32_t i;

	if (!c->depth || k->time == NEVER)
		return;
	frame = &c->frame[c->depth - 1];
	i = token_new(m);
	m->tokens[i - 1] =
		(struct token){ .time = k->time, .src = src, .gen = k->gen, .next = frame->tokens };
	frame->tokens = i;
	k->time = NEVER;
}

static void oracle_forward(struct machine *m, uint32_t cpu, uint32_t src)
{
	struct sim_cpu *c = &m->cpu[cpu];
	uint32_t v, i;

	for (v = 0; v < 256; v++)
		for (i = c->token[v]; i; i = m->tokens[i - 1].next)
			if (m->tokens[i - 1].src == src && !m->tokens[i - 1].level) {
				m->source[src].in_irr--;
				into_latch(m, &c->token[v], src);
				break;
			}
}

void oracle_taken(struct machine *m, uint32_t cpu, struct frame *frame, int status)
{
	struct token t;

	if (status == (m->config.gic ? FERRY_GIC_UNEXPECTED : FERRY_X86_UNEXPECTED))
		m->out->report.unexpected++;
	while (frame_pop(m, frame, &t)) {
		if (t.level)
			continue;
		sim_writes(m, RES_GHOST(t.src & 3));
		if (token_stale(m, t.src, t.gen) || status != FERRY_X86_TAKEN)
			token_end(m, t.src, t.gen, V_LOST, cpu,
				  "came with a vector nobody owned here");
		else
			mark_put(m, &m->source[t.src].latched, t.src, t.time, t.gen);
	}
}

static bool in_irr_of(const struct machine *m, uint32_t cpu, uint32_t src)
{
	uint32_t v, i;

	for (v = 0; v < 256; v++)
		for (i = m->cpu[cpu].token[v]; i; i = m->tokens[i - 1].next)
			if (m->tokens[i - 1].src == src)
				return true;
	return false;
}

/* Past the look at its IRR, on the way to be parked: what a freed interrupt left
 * there goes down with it. */
static bool committing(struct machine *m, uint32_t cpu)
{
	enum ferry_cpu_state state;

	machine_look(m);
	state = ferry_cpu_state(m->ferry, cpu);
	machine_looked(m);
	return state != FERRY_CPU_ONLINE && !m->cpu[cpu].iff;
}

static void check_drained(struct machine *m, uint32_t src, const char *what)
{
	struct source *s = &m->source[src];
	uint32_t i = m->device[s->device].head, cpu;

	/* What a remapping unit has not accepted yet meets an absent entry; what has not
	 * come to an ITS, an event that is not mapped. */
	for (; i; i = m->flight[i - 1].next)
		if (m->flight[i - 1].src == src && s->kind != FERRY_GIC_LPI &&
		    (s->kind != FERRY_X86_REMAPPED || m->flight[i - 1].stage == 2))
			violation(m, V_BROKEN, NONE, src, "%s with a message under way", what);
	for (cpu = 0; s->in_irr && cpu < m->config.cpus; cpu++)
		if (!committing(m, cpu) && in_irr_of(m, cpu, src))
			violation(m, V_BROKEN, cpu, src, "%s with its vector pending in the IRR",
				  what);
}

/* Nothing of it is left: it is freed, or starts anew. */
static void check_quiet(struct machine *m, uint32_t src, const char *what)
{
	const struct source *s = &m->source[src];

	/* What the remapping unit held back may have come to the new place already. */
	if (!s->stopping || s->kind != FERRY_X86_REMAPPED)
		check_drained(m, src, what);
	if (s->running)
		violation(m, V_BROKEN, s->running - 1, src, "%s while its handler runs", what);
}

/* ---- trace records ------------------------------------------------------------------ */

void oracle_trace(struct machine *m, const struct ferry_trace *record)
{
	struct storm_report *r = &m->out->report;
	uint32_t src = NONE;

	if (record->irq < m->config.sources)
		src = m->irq_src[record->irq] - 1;
	if (record->event == FERRY_TRACE_REPLAY)
		r->replays++;
	if (record->event == FERRY_TRACE_FORWARD)
		r->forwarded++;
	if (src == NONE)
		return;
	sim_writes(m, RES_GHOST(src & 3));
	if (m->config.gic)
		arm_trace(m, record, src);
	switch (record->event) {
	case FERRY_TRACE_LATCHED:
		oracle_latched(m, record->cpu, src);
		break;
	case FERRY_TRACE_FORWARD:
		oracle_forward(m, record->cpu, src);
		break;
	case FERRY_TRACE_PROGRAM:
		r->kind_moves[m->source[src].kind]++;
		break;
	case FERRY_TRACE_REPLAY:
		/* On Arm the hardware gets it: arm_trace. */
		if (!m->config.gic)
			oracle_replay(m, record->cpu, src);
		break;
	case FERRY_TRACE_DEAD:
		m->source[src].dying = true;
		/* One start may be decided and not yet made. */
		m->source[src].last_starts = !m->source[src].running;
		break;
	case FERRY_TRACE_STOP:
		m->source[src].stopping = true;
		m->source[src].last_starts = !m->source[src].running;
		break;
	case FERRY_TRACE_START:
		check_quiet(m, src, "started");
		m->source[src].stopping = false;
		if (m->config.gic)
			arm_place(m, src);
		break;
	}
}

/* ---- looking through the public API -------------------------------------------------- */

static bool in_mask(const uint64_t *mask, uint32_t cpu)
{
	return mask[cpu / 64] >> (cpu % 64) & 1;
}

static void check_place(struct machine *m, uint32_t src, const struct ferry_affinity *a,
			const uint64_t *effective)
{
	struct source *s = &m->source[src];
	uint32_t cpu, owner, n = 0;

	for (cpu = 0; cpu < m->config.cpus; cpu++) {
		if (!in_mask(effective, cpu))
			continue;
		n++;
		if (!m->config.gic &&
		    (!ferry_x86_owner(m->ferry, cpu, (uint8_t)a->vector, &owner) ||
		     owner != s->irq))
			violation(m, V_BROKEN, cpu, src, "its vector %#x belongs to irq %d",
				  a->vector, (int)owner);
		if (ferry_cpu_state(m->ferry, cpu) == FERRY_CPU_OFFLINE || m->cpu[cpu].parked)
			violation(m, V_OFFLINE, cpu, src, "it is routed to a CPU that is offline");
	}
	if (!n)
		violation(m, V_BROKEN, NONE, src, "it lives nowhere");
	else if (m->config.gic && a->state == FERRY_SETTLED)
		arm_check_route(m, src, effective);
	if (a->state == FERRY_SETTLED && a->old_cpus)
		violation(m, V_BROKEN, NONE, src, "settled, and %u CPUs owe", a->old_cpus);
	if (a->generation > a->asked)
		violation(m, V_BROKEN, NONE, src, "generation %u, asked %u", a->generation,
			  a->asked);
}

/* Its stop has begun, or it was made so. */
static void check_stopped(struct machine *m, uint32_t src)
{
	uint64_t effective[FERRY_CPUS_MAX / 64], old[FERRY_CPUS_MAX / 64], any = 0;
	struct ferry_affinity a;
	uint32_t w;

	machine_look(m);
	(void)ferry_irq_affinity(m->ferry, m->source[src].irq, &a, NULL, effective, old);
	if (!machine_looked(m) || a.state != FERRY_STOPPED)
		return;
	for (w = 0; w < (m->config.cpus + 63) / 64; w++)
		any |= effective[w] | old[w];
	if (any)
		violation(m, V_BROKEN, NONE, src, "stopped, and has a place");
	check_drained(m, src, "stopped");
	if (m->config.gic)
		arm_check_freed(m, src);
}

void oracle_source(struct machine *m, uint32_t src)
{
	struct source *s = &m->source[src];
	uint64_t effective[FERRY_CPUS_MAX / 64];
	struct ferry_affinity a;

	if (!s->live || s->dead || s->irq == NONE)
		return;
	if (s->stopping) {
		check_stopped(m, src);
		return;
	}
	machine_look(m);
	if (ferry_irq_affinity(m->ferry, s->irq, &a, NULL, effective, NULL) != FERRY_OK)
		violation(m, V_BROKEN, NONE, src, "its affinity can't be read");
	else if (!m->torn && (a.state < FERRY_SETTLED || a.state > FERRY_DRAINING))
		violation(m, V_BROKEN, NONE, src, "it is alive, in state %d", (int)a.state);
	else if (!m->torn)
		check_place(m, src, &a, effective);
	machine_looked(m);
}

void oracle_vectors(struct machine *m)
{
	uint32_t cpu, used, free_;

	if (m->config.gic)
		arm_count_places(m);
	for (cpu = 0; !m->config.gic && cpu < m->config.cpus; cpu++) {
		machine_look(m);
		ferry_x86_vectors(m->ferry, cpu, &used, &free_);
		if (machine_looked(m) && used > m->out->report.vectors_used[cpu])
			m->out->report.vectors_used[cpu] = used;
	}
}

void oracle_gone(struct machine *m, uint32_t src)
{
	struct source *s = &m->source[src];

	sim_writes(m, RES_GHOST(src & 3) | RES_DEVICE(s->device & 3) | RES_IRR(0) | RES_IRR(1) |
			      RES_IRR(2) | RES_IRR(3));
	check_quiet(m, src, "freed");
	if (m->config.gic)
		arm_check_freed(m, src);
	/* The number may be somebody's again: it was free before the call returned. */
	if (m->irq_src[s->irq] == src + 1)
		m->irq_src[s->irq] = 0;
	s->irq = NONE;
	s->gen++;
	device_reset(m, src);
	if (s->latched.time != NEVER)
		token_end(m, src, s->latched.gen, V_LOST, NONE, "was latched");
	s->latched.time = NEVER;
	if (m->config.gic)
		arm_forget(m, src);
	s->live = s->dead = s->dying = s->stopping = s->served = false;
}

/* ---- the end --------------------------------------------------------------------------- */

static bool room_in(struct machine *m, const uint64_t *mask)
{
	uint32_t cpu, used, free_;

	for (cpu = 0; cpu < m->config.cpus; cpu++) {
		if (!in_mask(mask, cpu) || ferry_cpu_state(m->ferry, cpu) != FERRY_CPU_ONLINE)
			continue;
		if (m->config.gic)
			return true;
		ferry_x86_vectors(m->ferry, cpu, &used, &free_);
		if (free_)
			return true;
	}
	return false;
}

static void final_place(struct machine *m, uint32_t src)
{
	struct source *s = &m->source[src];
	uint64_t requested[FERRY_CPUS_MAX / 64], effective[FERRY_CPUS_MAX / 64];
	bool two_steps = s->kind == FERRY_X86_MSI || s->kind == FERRY_X86_IOAPIC_EDGE;
	bool within = true;
	struct ferry_affinity a;
	uint32_t w;

	ferry_irq_affinity(m->ferry, s->irq, &a, requested, effective, NULL);
	for (w = 0; w < (m->config.cpus + 63) / 64; w++)
		within = within && !(effective[w] & ~requested[w]);
	if (a.starved && (two_steps || !room_in(m, requested)))
		return;
	if (a.state != FERRY_SETTLED || a.queued || a.starved || a.generation != a.asked)
		violation(m, V_BROKEN, NONE, src,
			  "stuck: state %d, queued %d, starved %d, generation %u of %u",
			  (int)a.state, a.queued, a.starved, a.generation, a.asked);
	else if (!within && !a.broken)
		violation(m, V_BROKEN, NONE, src, "settled outside what was requested");
	else if (a.broken && m->config.restore && !two_steps && room_in(m, requested))
		violation(m, V_BROKEN, NONE, src,
			  "not restored, though its CPUs are back and have room");
	else if (a.broken && within)
		violation(m, V_BROKEN, NONE, src, "said to be broken, and is not");
}

static void final_tokens(struct machine *m, uint32_t src)
{
	struct source *s = &m->source[src];
	bool level = is_level(s);

	if (s->latched.time != NEVER && s->latched.maybe)
		token_merge(m, src, s->latched.gen);
	else if (s->latched.time != NEVER)
		token_end(m, src, s->latched.gen, V_LOST, NONE, "was latched and never replayed");
	if (s->pending.time != NEVER)
		token_end(m, src, s->pending.gen, V_LOST, NONE,
			  level ? "keeps its line asserted and no handler comes" :
				  "is pending in a device that stays masked");
	s->latched.time = s->pending.time = NEVER;
}

/* As many vectors are in use as the places of the living need. */
static void final_vectors(struct machine *m)
{
	uint64_t effective[FERRY_CPUS_MAX / 64], used = 0, places = 0;
	uint32_t i, w, n, free_;
	struct ferry_affinity a;

	for (i = 0; i < m->config.cpus; i++) {
		ferry_x86_vectors(m->ferry, i, &n, &free_);
		used += n;
	}
	for (i = 0; i < m->config.sources; i++) {
		if (m->source[i].irq == NONE)
			continue;
		ferry_irq_affinity(m->ferry, m->source[i].irq, &a, NULL, effective, NULL);
		for (w = 0; w < (m->config.cpus + 63) / 64; w++)
			places += (uint64_t)__builtin_popcountll(effective[w]);
	}
	if (used != places)
		violation(m, V_BROKEN, NONE, NONE, "%llu vectors in use for %llu places",
			  (unsigned long long)used, (unsigned long long)places);
}

void oracle_final(struct machine *m)
{
	uint32_t i;

	oracle_vectors(m);
	for (i = 0; i < m->config.sources; i++)
		oracle_source(m, i);
	machine_look(m);
	for (i = 0; i < m->config.sources; i++)
		if (m->source[i].live && !m->source[i].dead && !m->source[i].stopping)
			final_place(m, i);
	if (!m->config.gic)
		final_vectors(m);
	if (!machine_looked(m))
		violation(m, V_BROKEN, NONE, NONE, "a lock is still held at the end");
	oracle_final_events(m);
}

void oracle_final_events(struct machine *m)
{
	uint32_t i;

	if (m->virt)
		virt_final(m);
	for (i = 0; i < m->config.sources; i++)
		final_tokens(m, i);
	if (m->config.gic)
		arm_final(m);
	if (m->out->outstanding)
		violation(m, V_LOST, NONE, NONE, "%lld events are nowhere",
			  (long long)m->out->outstanding);
}

/* ---- histograms: 32 buckets per power of two -------------------------------------------- */

void histogram_add(struct histogram *h, uint64_t value)
{
	uint32_t e = value < 32 ? 0 : 63 - (uint32_t)__builtin_clzll(value);

	h->count++;
	if (value > h->max)
		h->max = value;
	h->bucket[value < 32 ? value : (e - 4) << 5 | (value >> (e - 5) & 31)]++;
}

static uint64_t bucket_value(uint32_t b)
{
	uint32_t e = (b >> 5) + 4;

	return b < 32 ? b : (32ull | (b & 31)) << (e - 5);
}

void histogram_summary(const struct histogram *h, uint64_t out[5])
{
	static const uint32_t share[4] = { 5000, 9000, 9900, 9990 };
	uint64_t seen = 0;
	uint32_t b, p = 0;

	for (b = 0; b < HISTOGRAM_BUCKETS && p < 4; b++) {
		seen += h->bucket[b];
		while (p < 4 && h->count && seen * 10000 >= h->count * share[p])
			out[p++] = bucket_value(b);
	}
	for (; p < 4; p++)
		out[p] = 0;
	out[4] = h->max;
}
