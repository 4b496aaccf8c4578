/* SPDX-License-Identifier: MIT */
/*
 * virt_storm_guest.c: what vCPUs of a storm do: struct virt_client; and what the host does
 * about what they trap with.
 */
#include "virt_storm_int.h"

#define TIMER_NS 20000u /* the longest a timer is programmed for */
#define LOWEST 29u      /* of priorities that pass the mask, in steps of 8 */

static struct storm_vcpu *vcpu_of(struct machine *m, uint32_t vcpu)
{
	return &vstorm_of(m)->vcpu[vcpu];
}

/* ---- nothing to do ----------------------------------------------------------------------- */

/* A moment after which it waits, unless something comes. */
static void set_idle(struct vstorm *st, uint32_t vcpu)
{
	struct storm_vcpu *v = &st->vcpu[vcpu];

	if (!st->o->busy_ns)
		return;
	v->idle_at = st->m->now + 1 + vstorm_pick(st, 2ull * st->o->busy_ns);
	if (!v->idle_queued)
		machine_at(st->m, v->idle_at, label_of(L_OP, vcpu, AT_IDLE));
	v->idle_queued = true;
}

void vstorm_entering(struct vstorm *st, uint32_t vcpu)
{
	if (st->vcpu[vcpu].idle_at <= st->m->now)
		set_idle(st, vcpu);
}

void vstorm_idle(struct vstorm *st, uint32_t vcpu)
{
	struct storm_vcpu *v = &st->vcpu[vcpu];

	v->idle_queued = v->idle_at > st->m->now;
	if (v->idle_queued)
		machine_at(st->m, v->idle_at, label_of(L_OP, vcpu, AT_IDLE));
	else if (st->m->virt->vcpu[vcpu].on)
		cpu_wake(st->m, st->m->virt->vcpu[vcpu].on - 1);
}

static bool is_idle(const struct vstorm *st, uint32_t vcpu)
{
	return st->o->busy_ns && !st->m->virt->vcpu[vcpu].nactive &&
	       st->vcpu[vcpu].idle_at <= st->m->now;
}

/* ---- instructions: in the scheduler's context ---------------------------------------------- */

static bool may(struct machine *m, uint32_t vcpu)
{
	const struct virt_vcpu *g = &m->virt->vcpu[vcpu];

	if (g->nactive && (!g->nested || g->masked))
		return false;
	return vcpu_of(m, vcpu)->n || is_idle(vstorm_of(m), vcpu);
}

static void program(struct vstorm *st, uint32_t vcpu)
{
	uint64_t after = vstorm_pick(st, TIMER_NS);

	st->vcpu[vcpu].armed = true;
	st->vcpu[vcpu].expiry = st->m->now + after;
	virt_timer_set(st->m, vcpu, FERRY_TIMER_CVAL,
		       virt_timer_get(st->m, vcpu, FERRY_TIMER_COUNT) + after);
	virt_timer_set(st->m, vcpu, FERRY_TIMER_CTL, 1);
}

/* Its handler: programmed anew, or off. */
static void timer(struct machine *m, uint32_t vcpu)
{
	struct vstorm *st = vstorm_of(m);

	st->vcpu[vcpu].armed = false;
	if (st->drain || vstorm_pick(st, 4))
		virt_timer_set(m, vcpu, FERRY_TIMER_CTL, 0);
	else
		program(st, vcpu);
}

static void arm_timer(struct vstorm *st, uint32_t vcpu)
{
	if (st->vcpu[vcpu].armed)
		return;
	st->report->ops[VIRT_OP_TIMER]++;
	program(st, vcpu);
}

static uint8_t trap_of(const struct vstorm *st, uint8_t kind)
{
	switch (kind) {
	case VIRT_OP_OFF:
		return TRAP_OFF;
	case GUEST_ON:
		return TRAP_ON;
	case VIRT_OP_SEND:
		return st->o->guest_gic == 3 ? TRAP_SGI : TRAP_ACCESS;
	case GUEST_REPAIR:
		return TRAP_OTHER;
	default:
		return TRAP_ACCESS;
	}
}

static enum virt_exit instruction(struct machine *m, uint32_t vcpu, struct virt_trap *trap)
{
	struct vstorm *st = vstorm_of(m);
	struct storm_vcpu *v = &st->vcpu[vcpu];
	enum virt_exit why;

	if (!v->n) {
		why = virt_wfi(m, vcpu, trap);
		if (why == VIRT_STAY)
			set_idle(st, vcpu);
		return why;
	}
	v->now = v->op[v->head];
	v->head = (v->head + 1) % VSTORM_OPS;
	v->n--;
	if (v->now.kind == VIRT_OP_TIMER) {
		arm_timer(st, vcpu);
		st->busy--;
		return VIRT_STAY;
	}
	trap->kind = trap_of(st, v->now.kind);
	trap->value = v->now.arg;
	return VIRT_TRAP;
}

static void started(struct machine *m, uint32_t vcpu, uint32_t intid)
{
	uint32_t src = virt_source_of(m, vcpu, intid);

	if (vstorm_of(m)->off)
		violation(m, V_BROKEN, m->virt->vcpu[vcpu].on - 1, src,
			  "vCPU %u gets interrupt %u while GICD_CTLR has both groups off", vcpu,
			  intid);
}

/* With EOImode 1 it traps now for its DIR. */
static void ended(struct machine *m, uint32_t vcpu, uint32_t intid)
{
	struct vstorm *st = vstorm_of(m);
	uint32_t src = virt_source_of(m, vcpu, intid);

	if (src < st->shared && (virt_vmcr(m, vcpu) & VMCR_EOIM))
		st->virq[src].ending++;
	set_idle(st, vcpu);
}

static struct ferry_vgic *guest_of(struct machine *m)
{
	return vstorm_of(m)->g;
}

const struct virt_client vstorm_guest = {
	.may = may,
	.instruction = instruction,
	.started = started,
	.ended = ended,
	.wake = vstorm_wake,
	.timer = timer,
	.complete = virt_is_complete,
	.pending = virt_is_pending,
	.guest_of = guest_of,
	.arrive = vstorm_arrive,
};

/* ---- what trapped: on the vCPU's thread ------------------------------------------ */

/* A device that the host plays drops its line. */
static void device(struct vstorm *st, uint32_t src)
{
	struct storm_virq *q = &st->virq[src];

	while (q->lining)
		cpu_sleep(st->m, 60);
	q->lining = true;
	virt_line_done(st->m, src);
	if (ferry_vgic_inject(st->g, 0, st->m->virt->source[src].intid, false) != FERRY_OK)
		violation(st->m, V_BROKEN, st->m->current, src, "a line can't be dropped");
	q->lining = false;
}

/* Or ICACTIVER instead, which is as good. */
static void dir(struct vstorm *st, uint32_t vcpu, uint32_t intid)
{
	uint32_t src = virt_source_of(st->m, vcpu, intid);
	bool clears = st->o->clears && !vstorm_pick(st, 4);

	if (clears)
		vstorm_clear(st, vcpu, intid);
	else if (ferry_vgic_dir(st->g, vcpu, intid) != FERRY_OK)
		violation(st->m, V_BROKEN, st->m->current, src, "DIR of %u is refused", intid);
	if (src < st->shared)
		st->virq[src].ending--;
}

/* Can nobody but this vCPU have it? It has not: it is in no handler, or in another one. */
static bool is_clear(const struct vstorm *st, uint32_t vcpu, uint32_t src)
{
	const struct virt_source *s = &st->m->virt->source[src];
	const struct storm_virq *q = &st->virq[src];

	return !q->claimed && !q->busy && !q->ending && !s->active && !s->asking &&
	       s->may == vstorm_bit(vcpu) && s->target == vcpu;
}

/* The next one of which that is so: there is nothing to clear. */
static bool clear(struct vstorm *st, uint32_t vcpu, uint32_t src)
{
	uint32_t n = st->shared;

	while (n-- && !is_clear(st, vcpu, src))
		src = (src + 1) % st->shared;
	if (!is_clear(st, vcpu, src))
		return false;
	st->virq[src].claimed = true;
	virt_told_inactive(st->m, src);
	vstorm_clear(st, vcpu, st->m->virt->source[src].intid);
	st->virq[src].claimed = false;
	return true;
}

static bool disable(struct vstorm *st, uint32_t vcpu, uint32_t src)
{
	vstorm_enable(st, vcpu, src, false);
	vstorm_guest_later(st, GUEST_ENABLE, src);
	return true;
}

static bool pend(struct vstorm *st, uint32_t vcpu, uint32_t src)
{
	if (st->virq[src].busy || vstorm_level(st, src))
		return false;
	vstorm_pend(st, vcpu, src);
	return true;
}

static bool turn_off(struct vstorm *st, uint32_t vcpu)
{
	if (!vcpu || st->drain || st->m->virt->vcpu[vcpu].nactive ||
	    2 * (uint32_t)__builtin_popcountll(st->on) <= st->o->vcpus)
		return false;
	vstorm_power_off(st, vcpu);
	vstorm_guest_later(st, GUEST_ON, vcpu);
	return true;
}

/* What a reset has left active here has no handler any more. */
static void end_parked(struct vstorm *st, uint32_t vcpu, uint32_t by)
{
	uint32_t src;

	for (src = 0; src < st->shared; src++) {
		const struct virt_source *s = &st->m->virt->source[src];

		if (!s->parked || s->active != vcpu + 1 || st->virq[src].busy)
			continue;
		virt_told_inactive(st->m, src);
		vstorm_clear(st, by, s->intid);
	}
}

/* After a power on: its own interrupts; then it takes interrupts. */
static void boot(struct vstorm *st, uint32_t vcpu)
{
	uint32_t i, src;

	end_parked(st, vcpu, vcpu);
	for (i = 0; i < st->o->sgis; i++) {
		src = virt_source_of(st->m, vcpu, i);
		vstorm_enable(st, vcpu, src, true);
	}
	if (st->o->timer)
		vstorm_enable(st, vcpu, virt_source_of(st->m, vcpu, VIRT_TIMER_PPI), true);
	virt_mask(st->m, vcpu, false);
	st->vcpu[vcpu].booting = false;
}

/* By vCPU 0, and nobody else does anything. */
static void repair(struct vstorm *st)
{
	struct ferry_virq_info info;
	uint32_t i;

	for (i = 0; i < st->o->vcpus; i++)
		if (!(st->on >> i & 1)) {
			end_parked(st, i, 0);
			vstorm_power_on(st, i);
		}
	vstorm_switch(st, 0, 3);
	for (i = 0; i < st->shared; i++) {
		if (st->m->virt->source[i].enabled != 1)
			vstorm_enable(st, 0, i, true);
		/* After writes that crossed only the library knows. */
		if (ferry_vgic_look(st->g, 0, st->m->virt->source[i].intid, &info) != FERRY_OK ||
		    info.target != st->m->virt->source[i].target || info.target == NONE)
			vstorm_route(st, 0, i, vstorm_pick(st, st->o->vcpus));
	}
	st->drain_done = true;
}

/* Did it make sense? */
static bool shared_op(struct vstorm *st, uint32_t vcpu, uint8_t kind, uint32_t src)
{
	uint32_t intid = st->m->virt->source[src].intid;

	switch (kind) {
	case VIRT_OP_ROUTE:
		vstorm_routes(st, vcpu, src);
		return true;
	case VIRT_OP_DISABLE:
		return disable(st, vcpu, src);
	case GUEST_ENABLE:
		vstorm_enable(st, vcpu, src, true);
		return true;
	case VIRT_OP_PEND:
		return pend(st, vcpu, src);
	case VIRT_OP_UNPEND:
		vstorm_unpend(st, vcpu, src);
		return true;
	case VIRT_OP_CLEAR:
		return clear(st, vcpu, src);
	case VIRT_OP_PRIORITY:
		vstorm_priority(st, vcpu, intid, (uint8_t)(8 * vstorm_pick(st, LOWEST + 1)));
		return true;
	case VIRT_OP_GROUP:
		vstorm_group(st, vcpu, intid);
		return true;
	default:
		vstorm_read(st, vcpu, src);
		return true;
	}
}

static bool switch_off(struct vstorm *st, uint32_t vcpu)
{
	vstorm_switch(st, vcpu, vstorm_pick(st, 3));
	vstorm_guest_later(st, GUEST_SWITCH_ON, 0);
	return true;
}

static bool operation(struct vstorm *st, uint32_t vcpu, struct vop op)
{
	switch (op.kind) {
	case VIRT_OP_SWITCH:
		return switch_off(st, vcpu);
	case GUEST_SWITCH_ON:
		vstorm_switch(st, vcpu, 3);
		return true;
	case VIRT_OP_SEND:
		vstorm_send(st, vcpu);
		return true;
	case VIRT_OP_OFF:
		return turn_off(st, vcpu);
	case GUEST_ON:
		vstorm_power_on(st, op.arg);
		return true;
	case GUEST_BOOT:
		boot(st, vcpu);
		return true;
	case GUEST_REPAIR:
		repair(st);
		return true;
	default:
		return shared_op(st, vcpu, op.kind, op.arg);
	}
}

void vstorm_trapped(struct vstorm *st, uint32_t vcpu)
{
	struct virt_trap t = *virt_trapped(st->m);
	struct vop op = st->vcpu[vcpu].now;

	virt_trap_done(st->m);
	switch (t.kind) {
	case TRAP_DEVICE:
		device(st, (uint32_t)t.value);
		return;
	case TRAP_DIR:
		dir(st, vcpu, (uint32_t)t.value);
		return;
	case TRAP_WFI:
		vstorm_wait(st, vcpu);
		return;
	default:
		if (operation(st, vcpu, op) && op.kind < VIRT_OPS)
			st->report->ops[op.kind]++;
		st->busy--;
	}
}

/* ---- firmware -------------------------------------------------------------------- */

static void own(struct vstorm *st, uint32_t vcpu)
{
	uint32_t i;

	vstorm_groups(st, vcpu, 0, ~0u);
	for (i = 0; i < st->o->sgis; i++)
		vstorm_priority(st, vcpu, i, 0x60);
	vstorm_priority(st, vcpu, VIRT_TIMER_PPI, 0x20);
}

void vstorm_firmware(struct vstorm *st)
{
	uint32_t i, intid;

	for (i = 0; i < st->o->vcpus; i++)
		own(st, i);
	for (i = 0; i < st->shared; i++) {
		intid = st->m->virt->source[i].intid;
		if (i >= st->linked && !vstorm_level(st, i))
			vstorm_edge(st, 0, i);
		if (intid % 32 == 0)
			vstorm_groups(st, 0, intid, vstorm_pick(st, 1ull << 32));
		vstorm_priority(st, 0, intid, (uint8_t)(8 * vstorm_pick(st, LOWEST + 1)));
		vstorm_route(st, 0, i, vstorm_pick(st, st->o->vcpus));
		vstorm_enable(st, 0, i, true);
	}
	vstorm_switch(st, 0, 3);
}
