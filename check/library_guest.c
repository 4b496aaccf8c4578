/* SPDX-License-Identifier: MIT */
/* library_guest.c: the library as the subject of the checker: a virtual GIC. */
#include "guest.h"
#include "library.h"

_Static_assert(sizeof(struct ferry_mpidr) == sizeof(uint64_t), "one word");

/* What a configuration points to. */
struct places {
	struct ferry_resident timer;
};

static const uint8_t strategy[] = { [GUEST_EARLY] = FERRY_LAZY_EARLY,
				    [GUEST_LATE] = FERRY_LAZY_LATE,
				    [GUEST_MAINTENANCE] = FERRY_MAINTENANCE };

static struct ferry_vgic_config config_of(const struct scenario *s, struct places *p)
{
	struct ferry_vgic_config c = {
		.variant = s->guest.gic2 ? &ferry_vgicv2 : &ferry_vgicv3,
		.hardware = s->hw.gic2 ? &ferry_gich : &ferry_ich,
		.lrs = s->guest.lrs,
		.vcpus = s->guest.vcpus,
		.spis = GUEST_SPIS,
		.strategy = strategy[s->guest.strategy],
		.flags = s->guest.ask ? FERRY_VGIC_ASK : 0,
	};

	if (!s->guest.gic2)
		c.mpidrs = (const struct ferry_mpidr *)(const void *)world_guest_mpidrs;
	if (!world_has_kind(s, SCENARIO_PPI))
		return c;
	p->timer = (struct ferry_resident){ .intid = VIRT_TIMER_PPI,
					    .phys = VIRT_TIMER_PPI,
					    .scheme = s->guest.scheme,
					    .timer = 1 };
	c.resident = &p->timer;
	c.nresident = 1;
	c.residents = &ferry_residents;
	return c;
}

static size_t size(const struct scenario *s)
{
	struct places p;
	struct ferry_vgic_config c = config_of(s, &p);

	return ferry_vgic_size(&c);
}

static bool init(struct machine *m, const struct scenario *s)
{
	struct places p;
	struct ferry_vgic_config c = config_of(s, &p);

	c.ctx = m;
	return ferry_vgic_init(&c, m->library, m->config.library, &world_of(m)->vgic) == FERRY_OK;
}

/* What nobody's business is, see world_guest_alone(), is as if it were constant. */
static struct ferry_guard guard(struct machine *m, const void *address)
{
	struct ferry_guard g = ferry_vgic_guard(vgic_of(m), address);
	const uint8_t *alone = m->out->alone;
	const void *lock = g.kind == FERRY_GUARD_LOCK ? address : g.lock;

	if (alone && lock && alone[(const uint32_t *)lock - (uint32_t *)m->library])
		g = (struct ferry_guard){ FERRY_GUARD_CONST, NULL };
	return g;
}

/* ---- invariants ------------------------------------------------------------------------ */

static bool look_at(struct machine *m, uint32_t src, struct ferry_virq_info *info)
{
	uint32_t vcpu, irq = world_guest_irq(world_of(m)->s, src, &vcpu);
	int rc;

	machine_look(m);
	rc = ferry_vgic_look(vgic_of(m), vcpu, world_guest_intid(world_of(m)->s, irq), info);
	return machine_looked(m) && rc == FERRY_OK;
}

/* Charter: at most one list register over all vCPUs in the guest holds a shared interrupt. */
static void check_registers(struct machine *m, uint32_t src)
{
	const struct scenario *s = world_of(m)->s;
	uint32_t vcpu, irq = world_guest_irq(s, src, &vcpu), cpu, k, n = 0;

	for (cpu = 0; cpu < m->config.cpus && !guest_is_private(s->kind[irq]); cpu++)
		for (k = 0; k < m->config.lrs && m->virt->cpu[cpu].vcpu; k++) {
			struct virt_lr lr = virt_decode(m, m->virt->cpu[cpu].lr[k]);

			n += lr.state && lr.intid == world_guest_intid(s, irq);
		}
	if (n > 1)
		violation(m, V_DUPLICATED, NONE, src, "it is in %u list registers", n);
}

/* What was said to have arrived has: nobody else has it any more. */
static void check_owner(struct machine *m, uint32_t src)
{
	const struct virt_source *s = &m->virt->source[src];
	struct ferry_virq_info i;

	if (!look_at(m, src, &i))
		return;
	if (i.asked == i.arrived && i.owner != FERRY_NONE && i.owner != i.target)
		violation(m, V_BROKEN, NONE, src, "it is said to be moved, vCPU %u has it, not %u",
			  i.owner, i.target);
	if (i.routed != FERRY_NONE && m->cpu[i.routed].parked)
		violation(m, V_OFFLINE, i.routed, src, "its route names a CPU that is offline");
	if (i.owed && !i.physical)
		violation(m, V_BROKEN, NONE, src, "a deactivation is owed of what is not active");
	if (!s->asking && s->vcpu == NONE && i.target != s->target)
		violation(m, V_BROKEN, NONE, src, "the guest has routed it to vCPU %d, not to %d",
			  (int)s->target, (int)i.target);
}

/* Is this vCPU in the guest, with its interrupts on? Then it has taken what it was given. */
static bool listens(const struct machine *m, uint32_t vcpu)
{
	const struct vactor *v = &guest_of(m)->vcpu[vcpu];

	return v->on && v->loaded && !m->virt->vcpu[vcpu].masked;
}

/* Somebody has it who takes nothing: active there; or in a list register, and nobody asks. */
static bool is_held_back(const struct machine *m, uint32_t src, const struct ferry_virq_info *i)
{
	const struct virt_source *s = &m->virt->source[src];

	/* Switched off with it active: it is nobody's until a guest writes ICACTIVER. */
	if (s->parked)
		return true;
	if (s->active)
		return !listens(m, s->active - 1u);
	/* No vCPU has acknowledged it: by ISACTIVER. */
	if (world_guest_is_active(m, src, i))
		return true;
	return i->owner != FERRY_NONE && i->owner != i->target && !world_of(m)->s->guest.ask &&
	       !listens(m, i->owner);
}

/* Something has come that no vCPU has got since. */
static bool waits(const struct machine *m, uint32_t src)
{
	const struct source *d = &m->source[src];

	if (m->virt->source[src].timer)
		return virt_timer_has_come(m, m->virt->source[src].vcpu);
	return m->virt->source[src].owed || d->pending.time != NEVER || d->line;
}

static bool may_activate(const struct scenario *s, uint32_t irq)
{
	for (uint32_t vcpu = 0; vcpu < s->guest.vcpus; vcpu++)
		for (uint32_t n = 0; n < s->vscript[vcpu].n; n++)
			if (s->vscript[vcpu].op[n].kind == OP_ACTIVATE &&
			    s->vscript[vcpu].op[n].irq == irq)
				return true;
	return false;
}

/* Active in a list register of the vCPU that it is private to, or of any. */
static bool is_active_in_lr(const struct machine *m, uint32_t src)
{
	const struct virt_source *s = &m->virt->source[src];

	for (uint32_t cpu = 0; cpu < m->config.cpus; cpu++)
		for (uint32_t k = 0; k < m->config.lrs; k++) {
			struct virt_lr lr = virt_decode(m, m->virt->cpu[cpu].lr[k]);
			uint32_t vcpu = m->virt->cpu[cpu].vcpu;

			if (vcpu && lr.state & 2 && lr.intid == s->intid &&
			    (s->vcpu == NONE || s->vcpu == vcpu - 1))
				return true;
		}
	return false;
}

/* Active, and neither has a vCPU taken it nor the guest said so: nobody will ever end it. */
static void check_active(struct machine *m, uint32_t src, const struct ferry_virq_info *i)
{
	const struct virt_source *s = &m->virt->source[src];
	uint32_t vcpu, irq = world_guest_irq(world_of(m)->s, src, &vcpu);
	bool active = i->in_lr ? is_active_in_lr(m, src) : i->active;

	if (active && !s->active && !s->parked && !may_activate(world_of(m)->s, irq))
		violation(m, V_BROKEN, NONE, src, "it is active, and no vCPU has taken it");
}

/* Its target runs, and has it if anybody: it comes to where that is. */
static void check_route(struct machine *m, uint32_t src, const struct ferry_virq_info *i)
{
	const struct guest_state *g = guest_of(m);
	uint32_t cpu;

	if (!m->virt->source[src].linked || i->target == FERRY_NONE || !g->vcpu[i->target].on)
		return;
	cpu = g->vcpu[i->target].loaded - 1u;
	if (g->vcpu[i->target].loaded && (i->owner == FERRY_NONE || i->owner == i->target) &&
	    i->routed != cpu)
		violation(m, V_BROKEN, NONE, src,
			  "its route names CPU %d, and vCPU %u, its target, runs on CPU %u",
			  (int)i->routed, i->target, cpu);
}

/* The timer of a vCPU that is resident nowhere: somebody looks when it comes, and when it has
 * come, it pends. */
static void check_timer(struct machine *m, uint32_t src, const struct ferry_virq_info *i)
{
	const struct virt_source *s = &m->virt->source[src];
	const struct virt_vcpu *v = &m->virt->vcpu[s->vcpu == NONE ? 0 : s->vcpu];

	if (!s->timer || v->untimed || !v->powered || guest_of(m)->vcpu[s->vcpu].loaded ||
	    (v->ctl & 3) != 1)
		return;
	if (!virt_timer_has_come(m, s->vcpu) ? v->soft_at > v->cval + v->offset :
					       !i->pending && !i->active)
		violation(m, V_LOST, NONE, src, "the timer of vCPU %u, which is resident nowhere%s",
			  s->vcpu, virt_timer_has_come(m, s->vcpu) ? ", has come" : "");
}

/* Is the guest's distributor on? */
static bool is_on(struct machine *m)
{
	struct ferry_vgic_access a = { .frame = FERRY_GICD, .bytes = 4 };
	int rc;

	machine_look(m);
	rc = ferry_vgic_access(vgic_of(m), 0, &a);
	machine_looked(m);
	return rc == FERRY_OK && (a.value & 3) == 3;
}

/* Nothing can happen any more but events: nothing is owed to a vCPU that takes interrupts. */
static void check_rest(struct machine *m, uint32_t src)
{
	const struct scenario *s = world_of(m)->s;
	uint32_t vcpu, irq = world_guest_irq(s, src, &vcpu);
	struct ferry_virq_info i;

	if (!look_at(m, src, &i) || guest_of(m)->irq[irq].unbound)
		return;
	check_active(m, src, &i);
	check_route(m, src, &i);
	check_timer(m, src, &i);
	if (!is_on(m))
		return;
	if (waits(m, src) && i.enabled && i.target != FERRY_NONE && listens(m, i.target) &&
	    !is_held_back(m, src, &i))
		violation(m, V_LOST, NONE, src, "vCPU %u takes interrupts, and this one waits",
			  i.target);
}

/* The guest has had all its interrupts. */
static void check_end(struct machine *m, uint32_t src)
{
	struct ferry_virq_info i;

	if (!look_at(m, src, &i))
		return;
	if (i.pending || i.active || i.owner != FERRY_NONE)
		violation(m, V_BROKEN, NONE, src, "at the end it is %s, vCPU %d has it",
			  i.active  ? "active" :
			  i.pending ? "pending" :
				      "on a list",
			  (int)i.owner);
	if (i.physical || i.owed)
		violation(m, V_BROKEN, NONE, src, "at the end the physical one is active");
}

static void look(struct machine *m, enum look when)
{
	uint32_t src, vcpu;

	if (when == LOOK_END)
		virt_final(m);
	for (vcpu = 0; when == LOOK_REST && vcpu < m->config.vcpus; vcpu++)
		guest_entered(m, vcpu, false);
	for (src = 0; src < m->config.sources; src++) {
		if (when == LOOK_STATE) {
			check_registers(m, src);
			check_owner(m, src);
		} else if (when == LOOK_REST) {
			check_rest(m, src);
		} else {
			check_end(m, src);
		}
	}
}

const struct subject subject_guest = {
	.name = "library, virtual GIC",
	.size = size,
	.init = init,
	.interrupt = virt_irq,
	.guard = guard,
	.look = look,
};
