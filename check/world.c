/* SPDX-License-Identifier: MIT */
/* world.c: see world.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#define XXH_INLINE_ALL
#include <xxhash.h>
#include "queues.h"
#include "sim/virt.h"

#define STACK 32768u
#define FLIGHTS 64u
#define PATIENCE 20000u /* labels of the default policy; longer than any end */

const uint32_t world_apic_ids[SCENARIO_CPUS] = { 0, 1, 2, 3 };
const uint32_t world_logical_ids[SCENARIO_CPUS] = { 1, 2, 4, 8 };

const char *const check_verdict_name[CHECK_VERDICTS] = { "passed",       "lost",     "duplicated",
							 "misdelivered", "offline",  "broken",
							 "deadlock",     "livelock", "refused" };

/* ---- what a lock guards --------------------------------------------------------- */

/* Plain memory that a holder of the lock may have read: at, of so many words. */
struct piece {
	uint32_t at, words;
	uint32_t writer; /* the lock under which it is written */
};

static void add_piece(struct world *w, uint32_t at, uint32_t writer, enum ferry_guard_kind kind)
{
	struct piece *last = w->npieces ? &w->piece[w->npieces - 1] : NULL;

	machine_dirty(w->m, (char *)w->m->library + at);
	if ((kind == FERRY_GUARD_COUNT || (kind == FERRY_GUARD_TIME && at % 8 == 0)) &&
	    w->ndistances < WORLD_DISTANCES)
		w->distance[w->ndistances++] =
			(struct distance){ at, kind == FERRY_GUARD_COUNT, writer };
	if (last && last->at + 4 * last->words == at && last->writer == writer &&
	    w->npieces > w->first_piece[w->nlocks])
		last->words++;
	else
		w->piece[w->npieces++] = (struct piece){ at, 1, writer };
}

static struct ferry_guard guard_of(struct world *w, uint32_t at)
{
	return w->subject->guard(w->m, (char *)w->m->library + at);
}

/* The pieces of one lock: what it guards, and what is published by any. */
static void add_lock(struct world *w, uint32_t lock)
{
	uint32_t at, writer;

	w->lock_at[w->nlocks] = lock;
	w->first_piece[w->nlocks] = w->npieces;
	for (at = 0; at < w->m->config.library; at += 4) {
		struct ferry_guard g = guard_of(w, at);

		if (g.kind != FERRY_GUARD_PUBLISHED && g.kind != FERRY_GUARD_PLAIN &&
		    g.kind != FERRY_GUARD_TIME && g.kind != FERRY_GUARD_COUNT)
			continue;
		writer = (uint32_t)((const char *)g.lock - (const char *)w->m->library);
		if (g.kind == FERRY_GUARD_PUBLISHED || writer == lock)
			add_piece(w, at, writer, g.kind);
	}
	w->first_piece[++w->nlocks] = w->npieces;
}

static bool read_guards(struct world *w)
{
	size_t words = w->m->config.library / 4;
	uint32_t at;

	w->piece = calloc(words * 2 + 64, sizeof(*w->piece));
	if (!w->piece)
		return false;
	if (!w->subject->guard) { /* everything may be anyone's */
		for (at = 0; at < 4 * words; at += 4)
			add_piece(w, at, NONE, FERRY_GUARD_PLAIN);
		return true;
	}
	for (at = 0; at < 4 * words; at += 8)
		if (guard_of(w, at).kind == FERRY_GUARD_LOCK && w->nlocks < 64)
			add_lock(w, at);
	/* Nobody else sees what is one thread's; but it is part of a state. */
	for (at = 0; at < 4 * words; at += 4)
		if (guard_of(w, at).kind == FERRY_GUARD_OWN)
			machine_dirty(w->m, (char *)w->m->library + at);
	return true;
}

static uint32_t word(const struct world *w, uint32_t at)
{
	return *(const uint32_t *)((const char *)w->m->library + at);
}

/* Commands that were given and are not known to be done: of the two counts of a queue,
 * under one lock, the second follows the first. A count of somebody else's, of when to
 * look again, is as far as that from the first; what is done is all the same. */
static uint64_t count_of(const struct world *w, const struct distance *d)
{
	const struct distance *q = w->distance, *end = q + w->ndistances - 1;
	uint32_t given, done;

	while (q < end && !(q[0].count && q[1].count && q[0].lock == q[1].lock))
		q++;
	if (q >= end)
		return word(w, d->at);
	given = word(w, q[0].at);
	done = word(w, q[1].at);
	if (d->lock == q[0].lock)
		return d->at == q[0].at ? 0 : given - done;
	return (int32_t)(done - word(w, d->at)) >= 0 ? 0 : 1u + given - word(w, d->at);
}

/* How long ago a moment is; longer than the drain bound is all the same. */
static uint64_t distance_of(const struct world *w, const struct distance *d)
{
	uint64_t then, now = w->m->now;

	if (d->count)
		return count_of(w, d);
	memcpy(&then, (const char *)w->m->library + d->at, sizeof(then));
	return now - then < WORLD_DRAIN_NS ? now - then : WORLD_DRAIN_NS;
}

/* What a reader of this word sees; of the two halves of a moment one tells its age. */
static uint64_t word_seen(const struct world *w, uint32_t at)
{
	uint32_t i;

	for (i = 0; i < w->ndistances; i++) {
		if (w->distance[i].at == at)
			return distance_of(w, &w->distance[i]);
		if (!w->distance[i].count && w->distance[i].at == (at & ~7u))
			return 0;
	}
	return word(w, at);
}

/* What is published is seen by the holder of any lock: it reads what is written under
 * another, and so comes before or after whoever holds that. */
static uint64_t seen(struct machine *m, const ferry_lock *lock)
{
	const struct world *w = world_of(m);
	uint32_t at = (uint32_t)((const char *)lock - (const char *)m->library);
	uint32_t i = 0, p, end = w->npieces, n;
	uint64_t h = at;

	if (w->nlocks) {
		while (i < w->nlocks && w->lock_at[i] != at)
			i++;
		end = i < w->nlocks ? w->first_piece[i + 1] : 0;
	}
	for (p = w->nlocks ? w->first_piece[i] : 0; p < end; p++) {
		const struct piece *piece = &w->piece[p];

		if (piece->writer != at && piece->writer != NONE)
			sim_reads(m, machine_resource(m, (const char *)m->library + piece->writer));
		for (n = 0; n < piece->words; n++)
			h = sim_mix(h, word_seen(w, piece->at + 4 * n));
	}
	return h;
}

/* ---- building ----------------------------------------------------------------------- */

static struct sim_config config_of(const struct scenario *s, const struct sim_client *client,
				   size_t library, bool merge)
{
	const struct hardware *hw = &s->hw;
	struct sim_config config = {
		.cpus = s->cpus,
		.sources = s->nirqs,
		.devices = s->nirqs,
		.apic_ids = world_apic_ids,
		.logical_ids = world_logical_ids,
		.explore = true,
		.yield_all = !merge,
		.posted = hw->posted,
		.overtaking = hw->overtaking,
		.fence_irr = !hw->fence_root,
		.remap_drains = !hw->undrained,
		.directed_eoi = hw->directed,
		.logical_flat = s->flat,
		.shared = s->shared,
		.restore = s->restore,
		.ipi_now = !hw->ipi_late,
		.eoi_now = !hw->eoi_late,
		.doorbell_high = hw->cleanup_high,
		.irr_kept = hw->irr_kept,
		.tso = hw->tso,
		.bound_lies = hw->bound == BOUND_LIES,
		.fail = hw->fail,
		.fail_on = hw->fail_on,
		.drain_ns = WORLD_DRAIN_NS,
		.client_bytes = sizeof(struct state),
		.doorbell = WORLD_DOORBELL,
		.stack = STACK,
		.flights = FLIGHTS,
		.library = library,
		.client = client,
	};

	world_gic_config(s, &config);
	world_guest_config(s, &config);
	return config;
}

/* Does the subject have what the scripts ask for? */
static bool able(const struct subject *subject, const struct scenario *s)
{
	const struct subject *j = subject;
	const void *const need[OP_KINDS] = {
		[OP_MOVE] = (const void *)j->move,      [OP_OFFLINE] = (const void *)j->commit,
		[OP_ONLINE] = (const void *)j->online,  [OP_ROLLBACK] = (const void *)j->roll_back,
		[OP_MASK] = (const void *)j->mask,      [OP_UNMASK] = (const void *)j->mask,
		[OP_DISABLE] = (const void *)j->enable, [OP_ENABLE] = (const void *)j->enable,
		[OP_FREE] = (const void *)j->free_,     [OP_CREATE] = (const void *)j->create,
		[OP_SETTLE] = (const void *)j->settle,
	};
	uint32_t cpu, i;

	if ((scenario_queues(s) && !j->queues) || (s->planned && (!j->plan || !j->drop)))
		return false;
	for (cpu = 0; cpu < s->cpus && !scenario_guest(s); cpu++)
		for (i = 0; i < s->script[cpu].n; i++)
			if (!scenario_form[s->script[cpu].op[i].kind].queues &&
			    !need[s->script[cpu].op[i].kind])
				return false;
	return true;
}

static void describe_sources(struct machine *m, const struct scenario *s)
{
	uint32_t i;

	if (scenario_guest(s)) {
		world_guest_describe(m, s);
		return;
	}
	if (scenario_arm(s)) {
		world_gic_sources(m, s);
		return;
	}
	for (i = 0; i < s->nirqs; i++) {
		struct source *source = &m->source[i];

		source->kind = s->kind[i];
		source->device = i;
		if (!s->hw.overtaking)
			source->flags |= FERRY_SOURCE_ORDERED;
		if (s->flat)
			source->flags |= FERRY_SOURCE_SEVERAL;
		if (scenario_queues(s))
			source->flags |= FERRY_SOURCE_STOPPED;
		if (source->kind == FERRY_X86_IOAPIC_LEVEL)
			m->levels[m->nlevels++] = i;
	}
}

static void describe_state(const struct world *w)
{
	struct state *st = state_of(w->m);
	uint32_t i;

	for (i = 0; i < w->s->nirqs; i++)
		st->intent[i].left = w->s->events;
	for (i = 0; i < SCENARIO_CPUS; i++)
		st->actor[i].booted = i < w->s->cpus && (w->s->away >> i & 1) ? 0 : 1;
}

static bool build_machine(struct world *w, struct sim_client *client, bool merge)
{
	struct sim_config config = config_of(w->s, client, w->subject->size(w->s), merge);
	size_t lines;

	config.library = (config.library + LINE - 1) / LINE * LINE;
	lines = config.library / LINE;
	w->out.resource = calloc(config.library / 4 + 1, 1);
	w->out.hot = calloc(lines + 1, sizeof(*w->out.hot));
	w->out.is_hot = calloc(lines + 1, 1);
	w->out.sharing = calloc(config.library / 4 + 1, sizeof(*w->out.sharing));
	w->out.lock_name = calloc(config.library / 4 + 1, sizeof(*w->out.lock_name));
	w->base = calloc(config.library + 1, 1);
	if (!config.library || !w->out.resource || !w->out.hot || !w->out.is_hot ||
	    !w->out.sharing || !w->out.lock_name || !w->base)
		return false;
	w->out.report.vectors_used = w->vectors_used;
	w->out.user = w;
	w->m = machine_new(&config, &w->out);
	return w->m != NULL;
}

static bool quiesce(struct world *w)
{
	label list[WORLD_LABELS];
	uint32_t n, i, turn = 0, patience = PATIENCE;

	while ((n = world_labels(w, list)) != 0) {
		i = world_default(w, list, n, &turn);
		if (i == NONE || w->verdict != CHECK_PASSED)
			break;
		if (!patience--)
			return false;
		world_perform(w, list[i]);
	}
	return true;
}

static bool refuse(struct world *w, const char *why)
{
	if (!w->why[0])
		snprintf(w->why, sizeof(w->why), "%s", why);
	world_delete(w);
	w->verdict = CHECK_REFUSED;
	return false;
}

static void boot(struct world *w)
{
	uint32_t cpu;

	for (cpu = 0; cpu < w->s->cpus; cpu++)
		if (!(w->s->away >> cpu & 1)) {
			state_of(w->m)->actor[cpu].booted = 0;
			cpu_unpark(w->m, cpu);
		}
	(void)quiesce(w);
	state_of(w->m)->running = 1;
	(void)quiesce(w);
	if (scenario_guest(w->s)) {
		world_guest_start(w->m);
		(void)quiesce(w);
	}
	for (cpu = 0; cpu < w->s->cpus; cpu++)
		if (w->s->away >> cpu & 1)
			state_of(w->m)->actor[cpu].booted = 0;
	state_of(w->m)->running = 2;
}

static struct sim_client client;

bool world_build(struct world *w, const struct scenario *s, const struct subject *subject,
		 bool merge)
{
	uint32_t n;

	memset(w, 0, sizeof(*w));
	w->s = s;
	if (scenario_arm(s))
		subject = scenario_guest(s) ? subject->guest : subject->arm;
	if (!subject)
		return refuse(w, "the subject does nothing on an Arm machine");
	w->subject = subject;
	client = scenario_guest(s) ? client_guest : client_threads;
	client.interrupt = subject->interrupt;
	client.doorbell = subject->doorbell;
	client.seen = seen;
	client.changed = scenario_queues(s) ? queues_changed : NULL;
	if (!able(subject, s))
		return refuse(w, "the subject lacks an operation of this scenario");
	if (!subject->size(s))
		return refuse(w, "the subject refuses this configuration");
	if (!build_machine(w, &client, merge))
		return refuse(w, "the machine can't be built: no memory");
	w->m->quiet = true;
	if (!scenario_guest(s))
		world_gic_stale(w->m, s);
	if (!subject->init(w->m, s))
		return refuse(w, "the subject refuses this configuration");
	w->m->quiet = false;
	if ((scenario_guest(s) && !world_guest_alone(w)) || !read_guards(w))
		return refuse(w, "the machine can't be built: no memory");
	describe_sources(w->m, s);
	describe_state(w);
	boot(w);
	if (w->verdict != CHECK_PASSED)
		return refuse(w, "it can't be set up");
	memcpy(w->base, w->m->library, w->m->config.library);
	for (n = 0; n < w->ndistances; n++)
		w->out.is_hot[w->distance[n].at / LINE] = 2;
	/* Booting counts for nobody. */
	w->m->reads = 0;
	memset(w->out.sharing, 0, w->m->config.library / 4 * sizeof(*w->out.sharing));
	return true;
}

void world_delete(struct world *w)
{
	if (w->m)
		machine_delete(w->m);
	free(w->out.resource);
	free(w->out.hot);
	free(w->out.is_hot);
	free(w->out.sharing);
	free(w->out.lock_name);
	free(w->out.alone);
	free(w->base);
	free(w->piece);
	w->m = NULL;
	w->out.resource = w->out.is_hot = w->out.alone = w->base = NULL;
	w->out.sharing = NULL;
	w->out.lock_name = NULL;
	w->out.hot = NULL;
	w->piece = NULL;
}

/* ---- labels --------------------------------------------------------------------------- */

static bool only_events(const label *list, uint32_t n)
{
	uint32_t i;

	for (i = 0; i < n; i++)
		if (label_kind(list[i]) != L_FIRE)
			return false;
	return true;
}

/* What has to happen before time passes on an Arm machine: all, without poll=soon; but
 * what was offered is taken or taken back within the drain bound (irqferry/gic.h). */
static bool hurries(const struct world *w, label l)
{
	if (label_kind(l) == L_RECALL)
		return true;
	return !w->s->hw.poll_soon && label_kind(l) != L_FIRE && label_kind(l) != L_OP &&
	       label_kind(l) != L_BOUND;
}

/* Is it offered something, or has it acknowledged and not come to a handler? */
static bool is_taking(const struct sim_cpu *c)
{
	return !c->parked && (c->signal || (c->depth && !c->frame[c->depth - 1].handler));
}

/* The moment to look at hardware again comes after that. */
static uint32_t without_haste(const struct world *w, label *list, uint32_t n)
{
	uint32_t i, kept = 0;
	bool busy = false;

	if (!scenario_arm(w->s))
		return n;
	for (i = 0; i < n; i++)
		busy = busy || hurries(w, list[i]);
	for (i = 0; i < w->s->cpus; i++)
		busy = busy || is_taking(&w->m->cpu[i]);
	if (!busy)
		return n;
	for (i = 0; i < n; i++)
		if (label_kind(list[i]) != L_BOUND)
			list[kept++] = list[i];
	return kept;
}

uint32_t world_labels(struct world *w, label *out)
{
	label list[WORLD_LABELS];
	uint32_t n = machine_labels(w->m, list, WORLD_LABELS), i, k, kept = 0;

	if (n > WORLD_LABELS)
		n = WORLD_LABELS;
	for (i = 0; i < n; i++) {
		label l = machine_canonical(w->m, list[i]);

		for (k = 0; k < kept && out[k] != l; k++)
			;
		if (k == kept && kept < WORLD_LABELS)
			out[kept++] = l;
	}
	for (i = 0; i < w->s->nirqs && kept < WORLD_LABELS; i++)
		if (world_guest_has_device(w->s, i) && client_may_fire(w->m, i))
			out[kept++] = label_of(L_FIRE, i, 0);
	for (i = 0; i < w->s->cpus && kept < WORLD_LABELS; i++)
		if (client_may_power(w->m, i))
			out[kept++] = label_of(L_OP, i, 0);
	for (i = 0; i < w->s->cpus && scenario_guest(w->s) && kept < WORLD_LABELS; i++)
		if (world_guest_may_leave(w->m, i))
			out[kept++] = label_of(L_OP, i, 2);
	if (only_events(out, kept))
		for (i = 0; i < w->s->cpus && kept < WORLD_LABELS; i++)
			if (state_of(w->m)->actor[i].waits)
				out[kept++] = label_of(L_OP, i, 1);
	kept = without_haste(w, out, kept);
	/* In an order that does not depend on where flights are kept. */
	for (i = 1; i < kept; i++) {
		label l = out[i];

		for (k = i; k > 0 && out[k - 1] > l; k--)
			out[k] = out[k - 1];
		out[k] = l;
	}
	return kept;
}

/* ---- hashing ----------------------------------------------------------------------------- */

static void without_distances(const struct world *w, uint32_t at, char *line)
{
	const struct distance *d;

	for (d = w->distance; d < w->distance + w->ndistances; d++)
		if (d->at / LINE == at / LINE)
			memset(line + d->at % LINE, 0, d->count ? 4 : 8);
}

/* Lines as they were at the start count nothing, so it does not matter when a line
 * was first found to change. */
static struct fingerprint hash_library(const struct world *w)
{
	struct fingerprint sum = { 0, 0 };
	uint32_t i;

	for (i = 0; i < w->ndistances; i++)
		sum.low += distance_of(w, &w->distance[i]) * (0x9e3779b97f4a7c15 + 2 * i);
	for (i = 0; i < w->out.nhot; i++) {
		size_t at = (size_t)w->out.hot[i] * LINE;
		const char *line = (const char *)w->m->library + at;
		char copy[LINE];
		XXH128_hash_t h;

		if (w->out.is_hot[at / LINE] > 1) {
			without_distances(w, (uint32_t)at, memcpy(copy, line, LINE));
			line = copy;
		}

		if (!memcmp(line, w->base + at, LINE))
			continue;
		h = XXH3_128bits_withSeed(line, LINE, w->out.hot[i]);
		sum.low += h.low64;
		sum.high += h.high64;
	}
	return sum;
}

struct fingerprint world_hash(struct world *w)
{
	uint8_t image[IMAGE_MOST + SCENARIO_IRQS];
	size_t n = machine_image(w->m, image);
	struct fingerprint f = hash_library(w);
	XXH128_hash_t h;

	/* What software has written of LPIs, whether the hardware has seen it or not. */
	if (w->m->config.lpis)
		memcpy(image + n, world_table(w->m, WORLD_CONFIG), w->m->config.lpis);
	h = XXH3_128bits(image, n + w->m->config.lpis);
	f.low += h.low64;
	f.high += h.high64;
	return f;
}

/* ---- performing ----------------------------------------------------------------------------- */

static void judge(struct world *w)
{
	const struct storm_report *r = &w->out.report;
	const uint64_t count[] = { r->lost, r->duplicated, r->misdelivered, r->offline, r->broken };
	uint32_t v;

	if (!r->nviolations || w->verdict != CHECK_PASSED)
		return;
	for (v = 0; v < 5; v++)
		if (count[v]) {
			w->verdict = (enum verdict_kind)(CHECK_LOST + v);
			break;
		}
	snprintf(w->why, sizeof(w->why), "%s", r->violation[0]);
}

void world_perform(struct world *w, label l)
{
	struct machine *m = w->m;
	uint32_t a = label_a(l);

	w->out.reads = w->out.writes = 0;
	if (label_kind(l) == L_TAKE && state_of(m)->hotplug == a + 1)
		state_of(m)->actor[a].stirred = 1;
	if (label_kind(l) == L_BOUND || label_kind(l) == L_POLL)
		w->out.writes = ~0ull;
	machine_perform(m, machine_resolve(m, l));
	if (m->config.tso && label_kind(l) == L_STEP)
		sim_writes(m, RES_CPU(a));
	if (m->fatal && w->verdict == CHECK_PASSED)
		w->verdict = CHECK_BROKEN;
	judge(w);
}

void world_look(struct world *w)
{
	if (w->subject->look)
		w->subject->look(w->m, LOOK_STATE);
	judge(w);
}

/* ---- the end ---------------------------------------------------------------- */

static const char *const state_name[] = { "ready",      "in a handler or waiting",
					  "at a fence", "at a lock",
					  "waiting",    "idle",
					  "parked",     "in the guest" };

/* Nothing can happen: has everyone done what there was to do? */
static bool at_rest(struct world *w)
{
	uint32_t cpu;

	for (cpu = 0; cpu < w->s->cpus; cpu++) {
		const struct sim_cpu *c = &w->m->cpu[cpu];
		const struct actor *a = &state_of(w->m)->actor[cpu];
		bool done = c->parked || (c->state == CPU_IDLE && a->at >= w->s->script[cpu].n);

		if (done || (scenario_guest(w->s) && world_guest_at_rest(w->m, cpu)))
			continue;
		w->verdict = CHECK_DEADLOCK;
		snprintf(w->why, sizeof(w->why),
			 "nothing can happen any more: CPU %u is %s, operation %u of %u", cpu,
			 state_name[c->state], a->at + 1u, w->s->script[cpu].n);
		return false;
	}
	return true;
}

static void check_apics(struct world *w)
{
	uint32_t cpu, v;

	for (cpu = 0; !w->m->gic && cpu < w->s->cpus; cpu++)
		for (v = 0; v < 4 && !w->m->cpu[cpu].parked; v++)
			if (w->m->cpu[cpu].isr[v] || w->m->cpu[cpu].irr[v])
				violation(w->m, V_BROKEN, cpu, NONE,
					  "its local APIC still has a vector at the end");
}

void world_end(struct world *w)
{
	struct state *st = state_of(w->m);
	uint32_t round, rounds = scenario_guest(w->s) ? world_guest_rounds(w->s) : 3;

	if (!at_rest(w))
		return;
	if (!scenario_guest(w->s))
		client_rest(w->m);
	if (w->subject->look)
		w->subject->look(w->m, LOOK_REST);
	judge(w);
	for (round = 0; round < rounds && w->verdict == CHECK_PASSED; round++) {
		st->ending = 1;
		if (scenario_guest(w->s))
			world_guest_round(w->m, 1 + round);
		if (!quiesce(w)) {
			w->verdict = CHECK_LIVELOCK;
			snprintf(w->why, sizeof(w->why), "the end does not come to rest");
		}
	}
	if (w->verdict != CHECK_PASSED)
		return;
	check_apics(w);
	if (w->subject->look)
		w->subject->look(w->m, LOOK_END);
	else
		oracle_final_events(w->m);
	judge(w);
}

/* ---- copies ----------------------------------------------------------------- */

/* Bytes of a fibre's stack: with redzones of the sanitizers in it. */
__attribute__((no_sanitize("address", "undefined"))) static void
copy_stack(uint8_t *to, const uint8_t *from, size_t n)
{
#ifdef __SANITIZE_ADDRESS__
	size_t i;

	for (i = 0; i < n; i++)
		*(volatile uint8_t *)(to + i) = *(const volatile uint8_t *)(from + i);
#else
	memcpy(to, from, n);
#endif
}

/* In front of a saved state. */
struct saved {
	uint32_t size, nhot;
	uint64_t outstanding;
	uint32_t tokens, flights;
	uint32_t stack[SCENARIO_CPUS]; /* bytes in use */
};

/* The vectors that can be pending: the doorbell and what follows it. */
static void window(const struct world *w, uint32_t *first, uint32_t *n)
{
	*first = WORLD_DOORBELL;
	*n = scenario_arm(w->s) ? 0 : 1u + w->s->vectors;
}

static uint8_t *stack_top(const struct world *w, uint32_t cpu)
{
	return w->m->stacks + (size_t)(cpu + 1) * STACK;
}

struct cursor {
	uint8_t *at, *end;
	bool load, full;
};

static void move_bytes(struct cursor *c, void *what, size_t n)
{
	if (c->at + n > c->end) {
		c->full = true;
		return;
	}
	if (c->load)
		memcpy(what, c->at, n);
	else
		memcpy(c->at, what, n);
	c->at += n;
}

static void move_stack(struct cursor *c, const struct world *w, uint32_t cpu, uint32_t bytes)
{
	uint8_t *from = stack_top(w, cpu) - bytes;

	if (c->at + bytes > c->end) {
		c->full = true;
		return;
	}
	copy_stack(c->load ? from : c->at, c->load ? c->at : from, bytes);
	c->at += bytes;
}

static void move_state(struct cursor *c, struct world *w, struct saved *k)
{
	struct machine *m = w->m;
	uint32_t i, first, n;
	size_t size;
	void *at;

	window(w, &first, &n);
	move_bytes(c, m, sizeof(*m));
	for (i = 0; i < w->s->cpus; i++) {
		move_bytes(c, &m->cpu[i], offsetof(struct sim_cpu, token));
		move_bytes(c, &m->cpu[i].token[first], n * sizeof(uint32_t));
		move_stack(c, w, i, k->stack[i]);
	}
	move_bytes(c, m->source, m->config.sources * sizeof(*m->source));
	move_bytes(c, m->device, m->config.devices * sizeof(*m->device));
	move_bytes(c, m->irq_src, m->config.sources * sizeof(*m->irq_src));
	move_bytes(c, m->client, m->config.client_bytes);
	move_bytes(c, m->flight, k->flights * sizeof(*m->flight));
	move_bytes(c, m->tokens, k->tokens * sizeof(*m->tokens));
	for (i = 0; world_gic_piece(m, i, &at, &size); i++)
		move_bytes(c, at, size);
	for (i = 0; m->config.virt && virt_piece(m, i, &at, &size); i++)
		move_bytes(c, at, size);
	for (i = 0; i < k->nhot; i++)
		move_bytes(c, (char *)m->library + (size_t)w->out.hot[i] * LINE, LINE);
}

size_t world_save(struct world *w, uint8_t *out, size_t size)
{
	struct saved k = { .nhot = w->out.nhot,
			   .outstanding = w->out.outstanding,
			   .tokens = w->m->tokens_used,
			   .flights = w->m->flights_used };
	struct cursor c = { out + sizeof(k), out + size, false, size < sizeof(k) };
	uint32_t i;

	for (i = 0; i < w->s->cpus; i++)
		k.stack[i] = (uint32_t)(stack_top(w, i) - (uint8_t *)w->m->cpu[i].fibre.sp);
	if (!c.full)
		move_state(&c, w, &k);
	if (c.full)
		return 0;
	k.size = (uint32_t)(c.at - out);
	memcpy(out, &k, sizeof(k));
	return k.size;
}

void world_load(struct world *w, const uint8_t *in)
{
	struct saved k;
	struct cursor c = { (uint8_t *)(uintptr_t)in + sizeof(k), NULL, true, false };
	uint32_t i;

	memcpy(&k, in, sizeof(k));
	c.end = (uint8_t *)(uintptr_t)in + k.size;
	move_state(&c, w, &k);
	/* Lines that were not yet known to change stood as at the start. */
	for (i = k.nhot; i < w->out.nhot; i++)
		memcpy((char *)w->m->library + (size_t)w->out.hot[i] * LINE,
		       w->base + (size_t)w->out.hot[i] * LINE, LINE);
	w->out.outstanding = k.outstanding;
	w->out.report.nviolations = 0;
	w->out.report.lost = w->out.report.duplicated = w->out.report.misdelivered = 0;
	w->out.report.offline = w->out.report.broken = 0;
	w->verdict = CHECK_PASSED;
	w->why[0] = 0;
}

/* ---- the default policy ----------------------------------------------------- */

/* What moves by itself goes first; then one CPU as long as it can, but not for ever;
 * then time; a CPU is switched on when there is nothing else. */
static int preference(label l, uint32_t cpu)
{
	switch (label_kind(l)) {
	case L_REACH:
	case L_ACCEPT:
	case L_IPI:
	case L_EOI:
	case L_WRITE:
	case L_FLUSH:
	case L_RECALL:
	case L_ITS:
	case L_WAKE:
	case L_ROUTE:
		return 6;
	case L_TAKE:
		return label_a(l) == cpu ? 5 : 3;
	case L_STEP:
	case L_GUEST:
		return label_a(l) == cpu ? 4 : 3;
	case L_POLL:
	case L_SOFT:
		return 2;
	case L_BOUND:
	case L_TICK:
		return 1;
	case L_OP:
		return 0;
	case L_FIRE:
		break;
	}
	return -1;
}

uint32_t world_default(struct world *w, const label *list, uint32_t n, uint32_t *turn)
{
	uint32_t cpu = *turn / 64 % w->s->cpus, best = NONE, i;
	int high = -1;

	for (i = 0; i < n; i++)
		if (preference(list[i], cpu) > high) {
			high = preference(list[i], cpu);
			best = i;
		}
	if (high == 4 || high == 5)
		++*turn;
	else if (high < 6 && best != NONE && high == 3)
		*turn = label_a(list[best]) * 64;
	return best;
}
