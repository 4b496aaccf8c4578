/* SPDX-License-Identifier: MIT */
/*
 * virt_oracle.c: what must be true of the interrupts that a guest gets.
 *
 * An event of a linked source is a token like any other until its physical interrupt is
 * acknowledged (virt_arrived); one that the host injects begins here. From then on it is
 * owed a start, an acknowledge by a vCPU, later than itself: one start may do for several. And
 * there are never more starts than events, nor, of a level, without its line.
 */
#include "virt.h"

#define CROSSED 0x80u
#define UNTOLD (NONE - 1)
#define DISABLED 0u
#define ENABLED 1u
#define UNKNOWN 2u

static struct virt_source *touch(struct machine *m, uint32_t src)
{
	sim_writes(m, RES_GHOST(src & 3));
	return &m->virt->source[src];
}

static bool is_level(const struct machine *m, uint32_t src)
{
	return m->source[src].kind == FERRY_GIC_LEVEL;
}

/* ---- events ----------------------------------------------------------------------- */

static void owe(struct virt_source *s, uint64_t time)
{
	s->spare++;
	if (!s->owed && time > s->since)
		s->since = time;
	s->owed = 1;
}

void virt_inject_event(struct machine *m, uint32_t src)
{
	struct virt_source *s = touch(m, src);
	struct source *d = &m->source[src];

	m->out->report.raised++;
	m->out->report.kind_raised[d->kind]++;
	m->out->outstanding++;
	if (!is_level(m, src)) {
		owe(s, m->now);
		return;
	}
	sim_writes(m, RES_DEVICE(d->device & 3));
	mark_put(m, &d->pending, src, m->now, d->gen);
	d->line = true;
}

void virt_arrived(struct machine *m, struct frame *frame, uint32_t intid)
{
	uint32_t n = arm_index(m, intid), i, src;

	src = n < m->gic->lines ? m->gic->line[n].src - 1u : NONE;
	/* It was asserted when the host took it: what is in a list register does not fall. */
	if (src != NONE && is_level(m, src) && m->source[src].line)
		touch(m, src)->recent = 1;
	while ((i = frame->tokens) != 0) {
		struct token t = m->tokens[i - 1];

		frame->tokens = t.next;
		token_free(m, i);
		if (t.src == src && m->virt->source[src].linked && m->virt->source[src].parked < 2)
			owe(touch(m, src), t.time);
		else
			token_merge(m, t.src, t.gen);
	}
}

static void forget_events(struct machine *m, struct virt_source *s)
{
	m->out->report.merged += s->spare;
	m->out->outstanding -= s->spare;
	s->spare = 0;
	s->owed = 0;
}

/* If somebody has written ICACTIVER meanwhile, it may have come again with its line. */
void virt_line_done(struct machine *m, uint32_t src)
{
	struct virt_source *s = touch(m, src);

	/* Somebody has written ICACTIVER: the line that this handler drops was pending again. */
	if (!s->active && m->source[src].line)
		s->recent = 1;
	oracle_line_done(m, src);
}

void virt_line_fell(struct machine *m, uint32_t src)
{
	struct virt_source *s = touch(m, src);

	if (!m->source[src].line)
		return;
	m->out->outstanding--;
	m->out->report.merged++;
	s->recent = 1;
	device_drop_line(m, src);
}

/* ---- starts ----------------------------------------------------------------------- */

/* From the event, or the end of the instance before, if that came later. */
static uint64_t waited(const struct machine *m, uint32_t src)
{
	const struct mark *k = &m->source[src].pending;
	uint64_t from = m->virt->source[src].since;

	if (is_level(m, src) && k->time != NEVER && k->time > from)
		from = k->time;
	return m->now - from;
}

static void count_start(struct machine *m, uint32_t vcpu, uint32_t src)
{
	const struct virt_source *s = &m->virt->source[src];
	struct virt_counts *k = m->out->counts;
	bool moved = s->ended_on && s->ended_on != vcpu + 1;
	uint64_t ns = waited(m, src);

	histogram_add(&m->out->latency, ns);
	if (!k)
		return;
	k->starts++;
	k->moved += moved;
	k->late += s->vcpu == NONE && vcpu != s->target;
	histogram_add(moved ? &k->switched : &k->stayed, ns);
	if (moved && m->now - ns == s->ended)
		histogram_add(&k->handed, ns);
}

static void start_edge(struct machine *m, uint32_t cpu, uint32_t src)
{
	struct virt_source *s = &m->virt->source[src];

	if (!s->spare) {
		violation(m, V_DUPLICATED, cpu, src, "a guest gets it without an event");
		return;
	}
	s->spare--;
	s->owed = 0;
	m->out->outstanding--;
	m->out->report.handled++;
}

static void start_level(struct machine *m, uint32_t cpu, uint32_t src)
{
	struct virt_source *s = &m->virt->source[src];
	bool line = s->timer ? virt_timer_has_come(m, s->vcpu) : m->source[src].line;

	sim_reads(m, RES_DEVICE(m->source[src].device & 3) | (s->timer ? RES_TIME : 0));
	if (!line && !s->recent)
		violation(m, V_DUPLICATED, cpu, src,
			  "a guest gets it though its line is not asserted");
	s->recent = 0;
}

/* Every move of it is reported complete: the target then, else NONE. */
static uint32_t complete_at(struct machine *m, uint32_t src)
{
	const struct virt_client *client = m->config.client->virt;
	uint32_t target = NONE;

	return client->complete && client->complete(m, src, &target) ? target : NONE;
}

/* IHI 0048B 4.3.12: the old target may have it until the move is complete. */
static void check_target(struct machine *m, uint32_t cpu, uint32_t vcpu, uint32_t src)
{
	struct virt_source *s = &m->virt->source[src];
	uint32_t at;

	if (s->vcpu != NONE) {
		if (s->vcpu != vcpu)
			violation(m, V_MISDELIVERED, cpu, src, "vCPU %u gets what is vCPU %u's",
				  vcpu, s->vcpu);
		return;
	}
	if (!(s->may >> vcpu & 1))
		violation(m, V_MISDELIVERED, cpu, src, "vCPU %u gets it, the route names vCPU %d",
			  vcpu, (int)s->target);
	if (s->asking || s->may == 1ull << vcpu)
		return;
	at = complete_at(m, src);
	if (at == NONE)
		return;
	if (at != vcpu)
		violation(m, V_MISDELIVERED, cpu, src,
			  "vCPU %u gets it after its move to vCPU %u was reported complete", vcpu,
			  at);
	s->may = 1ull << at;
}

static void check_state(struct machine *m, uint32_t cpu, uint32_t vcpu, uint32_t src)
{
	const struct virt_source *s = &m->virt->source[src];

	if (s->active && !s->ending)
		violation(m, V_BROKEN, cpu, src, "vCPU %u gets it while vCPU %u has it active",
			  vcpu, s->active - 1);
	if (s->enabled == DISABLED)
		violation(m, V_BROKEN, cpu, src, "vCPU %u gets it though it is disabled", vcpu);
	if (!m->virt->vcpu[vcpu].powered)
		violation(m, V_OFFLINE, cpu, src, "vCPU %u gets it, which is powered off", vcpu);
}

void virt_started(struct machine *m, uint32_t cpu, uint32_t vcpu, uint32_t intid)
{
	uint32_t src = virt_source_of(m, vcpu, intid);
	struct virt_source *s;

	if (src == NONE) {
		/* SGIs need not be followed. */
		if (intid >= 16)
			violation(m, V_MISDELIVERED, cpu, NONE,
				  "vCPU %u gets interrupt %u, which nobody sends", vcpu, intid);
		return;
	}
	s = touch(m, src);
	check_state(m, cpu, vcpu, src);
	check_target(m, cpu, vcpu, src);
	count_start(m, vcpu, src);
	if (is_level(m, src))
		start_level(m, cpu, src);
	else
		start_edge(m, cpu, src);
	s->active = (uint8_t)(vcpu + 1);
}

void virt_ended(struct machine *m, uint32_t vcpu, uint32_t intid)
{
	uint32_t src = virt_source_of(m, vcpu, intid);
	struct virt_source *s;

	if (src == NONE)
		return;
	s = touch(m, src);
	/* Else somebody has written ICACTIVER meanwhile. */
	if (s->active == vcpu + 1)
		s->active = 0;
	s->ended_on = (uint8_t)(vcpu + 1);
	s->since = m->now;
	if (m->out->counts)
		s->ended = m->now;
}

/* ---- what the guest has asked for ------------------------------------------------- */

/* Two writes at a time: nobody knows which is the last. True: this one is alone. */
static bool count_writes(uint8_t *writes, bool done)
{
	bool crossed = *writes & CROSSED;

	if (!done) {
		*writes = (uint8_t)((*writes + 1) | (*writes ? CROSSED : 0));
		return *writes == 1;
	}
	--*writes;
	if (*writes == CROSSED)
		*writes = 0;
	return !crossed;
}

void virt_told_route(struct machine *m, uint32_t src, uint32_t target, bool done)
{
	const struct virt_client *client = m->config.client->virt;
	struct virt_source *s = touch(m, src);
	bool alone = count_writes(&s->asking, done);
	uint32_t now = target;

	if (!done) {
		s->may |= target == NONE ? 0 : 1ull << target;
		s->target = target;
	} else if (!alone && !s->asking && client->complete) {
		now = UNTOLD;
		(void)client->complete(m, src, &now);
		/* It can't be told now: nothing is asked of it until the next write. */
		s->asking = now == UNTOLD ? CROSSED : 0;
		s->target = now == UNTOLD ? target : now;
	}
}

void virt_told_enable(struct machine *m, uint32_t src, bool on, bool done)
{
	struct virt_source *s = touch(m, src);
	bool alone = count_writes(&s->changing, done);

	s->enabled = UNKNOWN;
	if (done && alone)
		s->enabled = on ? ENABLED : DISABLED;
}

void virt_told_unpend(struct machine *m, uint32_t src, bool done)
{
	struct virt_source *s = touch(m, src);

	s->unpending = (uint8_t)(s->unpending + (done ? -1 : 1));
	s->owed = 0;
}

void virt_told_inactive(struct machine *m, uint32_t src)
{
	struct virt_source *s = touch(m, src);

	s->active = 0;
	s->parked = 0;
}

void virt_told_deactivate(struct machine *m, uint32_t src, bool done)
{
	struct virt_source *s = touch(m, src);

	s->ending = (uint8_t)(s->ending + (done ? -1 : 1));
	/* Who has acknowledged it meanwhile may have it, or may have lost it. */
	virt_told_inactive(m, src);
}

/* What comes while it is off waits there: so many starts there may still be. */
void virt_forget_private(struct machine *m, uint32_t vcpu)
{
	struct virt_source *s;
	uint32_t i;

	for (i = 0; i < m->config.sources; i++) {
		s = &m->virt->source[i];
		if (!s->wired || s->vcpu != vcpu)
			continue;
		touch(m, i);
		virt_line_fell(m, i);
		s->enabled = UNKNOWN;
		s->owed = s->recent = s->active = s->parked = 0;
	}
}

void virt_told_leave(struct machine *m, uint32_t cpu, uint32_t to)
{
	uint32_t i;

	/* Physical routes may name it now, whoever the target is. */
	for (i = 0; i < m->config.vcpus; i++)
		if (m->virt->vcpu[i].homes >> cpu & 1)
			m->virt->vcpu[i].homes |= 1ull << to;
	sim_writes(m, RES_GHOST(0) | RES_GHOST(1) | RES_GHOST(2) | RES_GHOST(3));
}

void virt_loaded(struct machine *m, uint32_t cpu, uint32_t vcpu)
{
	struct virt_cpu *v = &m->virt->cpu[cpu];

	v->loaded = vcpu == NONE ? 0 : vcpu + 1;
	if (vcpu == NONE)
		return;
	if (!(m->virt->vcpu[vcpu].homes >> cpu & 1))
		sim_writes(m, RES_GHOST(0) | RES_GHOST(1) | RES_GHOST(2) | RES_GHOST(3));
	m->virt->vcpu[vcpu].homes |= 1ull << cpu;
	m->virt->vcpu[vcpu].home = (uint8_t)(cpu + 1);
}

/* ---- the physical interrupt behind it --------------------------------------------- */

static uint32_t routed_cpu(const struct machine *m, const struct gic_line *l)
{
	uint32_t cpu;

	for (cpu = 0; cpu < m->config.cpus; cpu++)
		if (m->config.gic == 2 ? l->route >> arm_bit(cpu) & 1 :
					 l->route == m->gic->cpu[cpu].mpidr)
			return cpu;
	return NONE;
}

/* Software that ends it has written its route before: what comes next comes to the vCPU
 * that the guest has asked for. Not while another instance, one that no physical interrupt stands
 * behind (ISPENDR), is active: it is in flight, and two strategies leave the route. */
void virt_released(struct machine *m, uint32_t n)
{
	const struct gic_line *l = &m->gic->line[n];
	uint32_t src = l->src - 1, cpu = routed_cpu(m, l);
	const struct virt_source *s;

	if (!l->src || !m->virt->source[src].linked || cpu == NONE)
		return;
	s = touch(m, src);
	if (s->asking || s->active || s->target == NONE || s->parked ||
	    !m->virt->vcpu[s->target].homes)
		return;
	if (!(m->virt->vcpu[s->target].homes >> cpu & 1))
		violation(m, V_BROKEN, m->current, src,
			  "its physical interrupt is deactivated while it is routed to CPU %u, not "
			  "to where vCPU %u runs",
			  cpu, s->target);
}

void virt_unbound(struct machine *m, uint32_t src)
{
	struct virt_source *s = touch(m, src);
	uint32_t n = arm_index(m, m->source[src].intid);

	if (n < m->gic->lines && m->gic->line[n].active)
		violation(m, V_BROKEN, m->current, src,
			  "unlinked, and its physical interrupt is left active");
	forget_events(m, s);
	s->parked = 2;
}

/* ---- the end ---------------------------------------------------------------------- */

/* Would the guest get it, if it were pending? */
static bool is_deliverable(const struct machine *m, const struct virt_source *s)
{
	uint32_t target = s->vcpu != NONE ? s->vcpu : s->target;

	return s->enabled == ENABLED && target != NONE && m->virt->vcpu[target].powered &&
	       !s->active && !s->parked;
}

static bool known_pending(struct machine *m, uint32_t src)
{
	const struct virt_client *client = m->config.client->virt;

	return !client->pending || client->pending(m, src);
}

static void final_owed(struct machine *m, uint32_t src)
{
	struct virt_source *s = &m->virt->source[src];
	struct source *d = &m->source[src];
	bool waits = s->owed || d->pending.time != NEVER;

	if (waits && is_deliverable(m, s))
		violation(m, V_LOST, NONE, src,
			  is_level(m, src) ? "its line is asserted, and no vCPU gets it" :
					     "an event of it came, and no vCPU gets it");
	else if (s->owed && !s->active && !known_pending(m, src))
		violation(m, V_LOST, NONE, src,
			  "an event of it was forgotten while it could not be delivered");
	forget_events(m, s);
	if (d->pending.time != NEVER)
		token_merge(m, src, d->pending.gen);
	d->pending.time = NEVER;
}

static void final_physical(struct machine *m, uint32_t src)
{
	const struct virt_source *s = &m->virt->source[src];
	uint32_t n = arm_index(m, m->source[src].intid);

	if (s->linked && n < m->gic->lines && m->gic->line[n].active && is_deliverable(m, s))
		violation(m, V_BROKEN, NONE, src, "its physical interrupt is left active");
}

void virt_final(struct machine *m)
{
	uint32_t i;

	for (i = 0; i < m->config.sources; i++) {
		if (!m->virt->source[i].wired)
			continue;
		if (m->virt->source[i].parked)
			m->virt->source[i].owed = 0;
		final_physical(m, i);
		final_owed(m, i);
	}
}
