/* SPDX-License-Identifier: MIT */
/* world_guest.c: what a world has with a guest: interrupts, memory, what counts as rest. */
#include <stdlib.h>
#include "guest.h"

/* Affinities: Aff0 is below 16 (irqferry/vgic.h). */
const uint64_t world_guest_mpidrs[SCENARIO_VCPUS] = { 0x000103, 0x020001, 0x010200 };

/* In the guest, and what is behind it: no two alike, nor in the same place of a word. */
static const uint32_t guest_spi[SCENARIO_IRQS] = { 42, 33, 63 };
static const uint32_t guest_sgi[SCENARIO_IRQS] = { 5, 0, 15 };
static const uint32_t spi[SCENARIO_IRQS] = { 70, 45, 95 };

/* ---- interrupts ------------------------------------------------------------------- */

uint32_t world_guest_intid(const struct scenario *s, uint32_t irq)
{
	if (s->kind[irq] == SCENARIO_PPI)
		return VIRT_TIMER_PPI;
	return s->kind[irq] == SCENARIO_SGI ? guest_sgi[irq] : guest_spi[irq];
}

/* Those of vCPUs above 0 come in the order of interrupts, then of vCPUs. */
static uint32_t first_of(const struct scenario *s, uint32_t irq)
{
	uint32_t i, n = s->nirqs;

	for (i = 0; i < irq; i++)
		n += guest_is_private(s->kind[i]) ? s->guest.vcpus - 1u : 0;
	return n;
}

uint32_t world_guest_sources_of(const struct scenario *s)
{
	return first_of(s, s->nirqs);
}

uint32_t world_guest_source(const struct scenario *s, uint32_t irq, uint32_t vcpu)
{
	if (!vcpu || !guest_is_private(s->kind[irq]))
		return irq;
	return first_of(s, irq) + vcpu - 1;
}

uint32_t world_guest_irq(const struct scenario *s, uint32_t src, uint32_t *vcpu)
{
	uint32_t irq;

	*vcpu = 0;
	if (src < s->nirqs)
		return src;
	for (irq = s->nirqs - 1u; irq && first_of(s, irq) > src; irq--)
		;
	*vcpu = src - first_of(s, irq) + 1;
	return irq;
}

bool world_guest_has_device(const struct scenario *s, uint32_t irq)
{
	return !scenario_guest(s) || guest_is_linked(s->kind[irq]);
}

/* ---- the machine ------------------------------------------------------------------ */

static uint32_t arms_of(const struct scenario *s)
{
	uint32_t vcpu, i, n = 0;

	for (vcpu = 0; vcpu < s->guest.vcpus; vcpu++)
		for (i = 0; i < s->vscript[vcpu].n; i++)
			n += s->vscript[vcpu].op[i].kind == OP_ARM;
	return n;
}

void world_guest_config(const struct scenario *s, struct sim_config *config)
{
	if (!scenario_guest(s))
		return;
	config->sources = config->devices = world_guest_sources_of(s);
	config->client_bytes = sizeof(struct state) + sizeof(struct guest_state);
	config->virt = true;
	config->vcpus = s->guest.vcpus;
	config->lrs = s->guest.lrs;
	config->guest_gic = s->guest.gic2 ? 2 : 3;
	config->virt_timer = world_has_kind(s, SCENARIO_PPI);
	config->timer_pulses = s->guest.scheme == FERRY_RESIDENT_INJECTED;
	config->ticks = arms_of(s);
}

static void describe(struct machine *m, const struct scenario *s, uint32_t src)
{
	struct source *source = &m->source[src];
	uint32_t vcpu, irq = world_guest_irq(s, src, &vcpu);

	source->kind = guest_is_level(s->kind[irq]) ? FERRY_GIC_LEVEL : FERRY_GIC_EDGE;
	source->device = src;
	source->intid = NONE;
	source->irq = src;
	if (!guest_is_linked(s->kind[irq]))
		return;
	source->intid = spi[irq];
	m->gic->line[arm_index(m, source->intid)].src = src + 1;
}

void world_guest_describe(struct machine *m, const struct scenario *s)
{
	uint32_t src, vcpu, irq;

	for (vcpu = 1; s->guest.scheme == FERRY_RESIDENT_FIXED && vcpu < s->guest.vcpus; vcpu++)
		m->virt->vcpu[vcpu].untimed = 1;
	for (src = 0; src < m->config.sources; src++) {
		irq = world_guest_irq(s, src, &vcpu);
		describe(m, s, src);
		virt_wire(m, src, world_guest_intid(s, irq),
			  guest_is_private(s->kind[irq]) ? vcpu : NONE,
			  guest_is_linked(s->kind[irq]));
		if (s->kind[irq] == SCENARIO_PPI)
			virt_wire_timer(m, src);
	}
	virt_setup(m);
}

/* ---- memory that is in nobody's way --------------------------------------------------- */

/* Is it a source of the scenario? */
static bool is_named(const struct scenario *s, uint32_t src, uint32_t vcpu, uint32_t intid)
{
	uint32_t whose, irq = world_guest_irq(s, src, &whose);

	return world_guest_intid(s, irq) == intid &&
	       (whose == vcpu || !guest_is_private(s->kind[irq]));
}

/* A look at each interrupt that is, or is not. */
static void look_at_all(struct world *w, bool named)
{
	struct machine *m = w->m;
	struct ferry_virq_info info;
	uint32_t vcpu, intid, src;
	bool is;

	machine_look(m);
	for (vcpu = 0; vcpu < w->s->guest.vcpus; vcpu++)
		for (intid = 0; intid < 32 + GUEST_SPIS; intid++) {
			for (src = 0, is = false; src < m->config.sources; src++)
				is = is || is_named(w->s, src, vcpu, intid);
			if (is == named && ferry_vgic_look(w->vgic, vcpu, intid, &info) != FERRY_OK)
				break;
		}
	machine_looked(m);
}

/* What the looks have touched. */
static void take_touched(struct world *w, uint8_t *touched)
{
	size_t words = w->m->config.library / 4, n;

	for (n = 0; n < words; n++) {
		touched[n] = w->out.resource[n] != 0;
		w->out.resource[n] = 0;
	}
	w->out.resources = 0;
	w->out.reads = 0;
}

/* A guest has at least 64 interrupts for each vCPU, each with its lock; of most a scenario
 * says nothing. They never change: who takes their locks is in nobody's way. Which words
 * those are is found out by what a look at them touches, and none at the others does. */
bool world_guest_alone(struct world *w)
{
	struct machine *m = w->m;
	size_t words = m->config.library / 4, n;
	uint8_t *used = calloc(words + 1, 1), *alone = calloc(words + 1, 1);

	if (!used || !alone) {
		free(used);
		free(alone);
		return false;
	}
	look_at_all(w, true);
	take_touched(w, used);
	look_at_all(w, false);
	take_touched(w, alone);
	for (n = 0; n < words; n++)
		alone[n] = alone[n] && !used[n] && n % 2 == 0 &&
			   w->subject->guard(m, (uint32_t *)m->library + n).kind ==
				   FERRY_GUARD_LOCK;
	free(used);
	w->out.alone = alone;
	return true;
}

/* ---- looks ------------------------------------------------------------------------------ */

bool world_guest_is_active(const struct machine *m, uint32_t src, const struct ferry_virq_info *i)
{
	uint32_t vcpu, irq = world_guest_irq(world_of(m)->s, src, &vcpu), cpu, k;
	uint32_t intid = world_guest_intid(world_of(m)->s, irq);

	if (!i->in_lr)
		return i->active;
	cpu = guest_of(m)->vcpu[i->owner].loaded - 1u;
	for (k = 0; k < m->config.lrs && cpu < m->config.cpus; k++) {
		struct virt_lr lr = virt_decode(m, m->virt->cpu[cpu].lr[k]);

		if (lr.intid == intid && lr.state & 2)
			return true;
	}
	return false;
}

/* ---- the end ---------------------------------------------------------------------------- */

/* Nothing can happen: has this CPU done what there was to do? It may wait for a vCPU that
 * nobody puts or powers on. */
bool world_guest_at_rest(const struct machine *m, uint32_t cpu)
{
	const struct sim_cpu *c = &m->cpu[cpu];

	return c->parked || ((c->state == CPU_IDLE || c->state == CPU_GUEST) &&
			     state_of(m)->actor[cpu].at >= world_of(m)->s->script[cpu].n);
}
