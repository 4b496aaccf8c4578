/* SPDX-License-Identifier: MIT */
/*
 * instruction.c: what a guest does by its script, and what the host does about what traps.
 * Registers: IHI 0048B 4.3 (GICv2), IHI 0069H 12.9 (GICD), 12.11 (GICR).
 */
#include "guest.h"

static const struct scenario *scenario_of(const struct machine *m)
{
	return world_of(m)->s;
}

static const struct op *next_op(const struct machine *m, uint32_t vcpu)
{
	const struct script *script = &scenario_of(m)->vscript[vcpu];
	uint8_t at = guest_of(m)->vcpu[vcpu].at;

	return at < script->n ? &script->op[at] : NULL;
}

/* ---- accesses ------------------------------------------------------------------------ */

#define FRAME_STRIDE 0x20000u /* of one redistributor; its SGI_base is the second half */
#define SGI_BASE 0x10000u

/* Registers with a bit for each interrupt. */
static uint32_t bits_register(uint8_t op)
{
	switch (op) {
	case OP_GROUP:
		return 0x080;
	case OP_ENABLE:
		return 0x100;
	case OP_DISABLE:
		return 0x180;
	case OP_PEND:
		return 0x200;
	case OP_UNPEND:
		return 0x280;
	case OP_ACTIVATE:
		return 0x300;
	case OP_DEACTIVATE:
		return 0x380;
	default:
		return 0;
	}
}

/* The whole word of IGROUPR: everything is in group 1 but what was put into group 0. */
static uint32_t groups_with(const struct machine *m, uint32_t intid)
{
	const struct scenario *s = scenario_of(m);
	uint32_t word = ~0u, irq;

	for (irq = 0; irq < s->nirqs; irq++)
		if (guest_of(m)->irq[irq].group0 && world_guest_intid(s, irq) / 32 == intid / 32)
			word &= ~(1u << world_guest_intid(s, irq) % 32);
	return word;
}

/* In which frame a register of this interrupt is. */
static void place(const struct machine *m, uint32_t vcpu, uint32_t intid, uint32_t offset,
		  struct virt_trap *t)
{
	bool own = intid < 32 && !scenario_of(m)->guest.gic2;

	t->kind = TRAP_ACCESS;
	t->write = 1;
	t->frame = own ? FERRY_GICR : FERRY_GICD;
	t->offset = offset + (own ? vcpu * FRAME_STRIDE + SGI_BASE : 0);
}

/* GICv2: each sender of an SGI has a pending state of its own: GICD_[SC]PENDSGIRn. */
static bool is_sources(const struct machine *m, uint32_t intid, uint8_t op)
{
	return scenario_of(m)->guest.gic2 && intid < 16 && (op == OP_PEND || op == OP_UNPEND);
}

static bool bit_access(const struct machine *m, uint32_t vcpu, uint32_t intid, uint8_t op,
		       struct virt_trap *t)
{
	if (is_sources(m, intid, op)) {
		place(m, vcpu, intid, (op == OP_PEND ? 0xf20 : 0xf10) + intid, t);
		t->bytes = 1;
		t->value = 1u << vcpu;
		return true;
	}
	place(m, vcpu, intid, bits_register(op) + intid / 32 * 4, t);
	t->bytes = 4;
	t->value = op == OP_GROUP ? groups_with(m, intid) : 1u << intid % 32;
	return true;
}

/* GICv3: an affinity that no vCPU has is nobody's. */
static bool route_access(const struct machine *m, uint32_t intid, uint32_t to, struct virt_trap *t)
{
	bool gic2 = scenario_of(m)->guest.gic2;

	place(m, 0, intid, gic2 ? 0x800 + intid : 0x6000 + 8 * intid, t);
	t->bytes = gic2 ? 1 : 8;
	if (gic2)
		t->value = to == SCENARIO_NOBODY ? 0 : 1u << to;
	else
		t->value = to == SCENARIO_NOBODY ? 0xff : world_guest_mpidrs[to];
	return true;
}

static bool control_access(bool on, struct virt_trap *t)
{
	*t = (struct virt_trap){ TRAP_ACCESS, FERRY_GICD, 4, 1, 0, on ? 3 : 0 };
	return true;
}

/* GICD_SGIR, or ICC_SGI1R_EL1 with a list of one. */
static bool sgi_access(const struct machine *m, uint32_t intid, uint32_t to, struct virt_trap *t)
{
	uint64_t a = world_guest_mpidrs[to];

	if (scenario_of(m)->guest.gic2) {
		*t = (struct virt_trap){
			TRAP_ACCESS, FERRY_GICD, 4, 1, 0xf00, (uint64_t)1 << (16 + to) | intid
		};
		return true;
	}
	*t = (struct virt_trap){ .kind = TRAP_SGI, .frame = FERRY_SGI1R, .write = 1 };
	t->value = (a >> 32 & 0xff) << 48 | (a >> 16 & 0xff) << 32 | (uint64_t)intid << 24 |
		   (a >> 8 & 0xff) << 16 | (uint64_t)1 << (a & 0xf);
	return true;
}

bool guest_access(const struct machine *m, uint32_t vcpu, const struct op *op, struct virt_trap *t)
{
	uint32_t intid = scenario_form[op->kind].irq ? world_guest_intid(scenario_of(m), op->irq) :
						       0;

	*t = (struct virt_trap){ .kind = TRAP_NONE };
	switch (op->kind) {
	case OP_ROUTE:
		return route_access(m, intid, op->cpus, t);
	case OP_PRIO:
		place(m, vcpu, intid, 0x400 + intid, t);
		t->bytes = 1;
		t->value = op->cpus;
		return true;
	case OP_DISTOFF:
	case OP_DISTON:
		return control_access(op->kind == OP_DISTON, t);
	case OP_SGI:
		return sgi_access(m, intid, op->cpus, t);
	default:
		return bits_register(op->kind) && bit_access(m, vcpu, intid, op->kind, t);
	}
}

/* ---- on the vCPU ----------------------------------------------------------------------- */

/* In a handler it neither waits nor masks: that would be for the handler; and its timer is
 * the handler's to program (guest_timer). */
bool guest_may(struct machine *m, uint32_t vcpu)
{
	const struct op *op = next_op(m, vcpu);

	return state_of(m)->running == 2 && !state_of(m)->ending && op &&
	       !(m->virt->vcpu[vcpu].nactive &&
		 (op->kind == OP_WFI || op->kind == OP_GMASK || op->kind == OP_ARM));
}

static enum virt_exit arm(struct machine *m, uint32_t vcpu)
{
	uint64_t now = virt_timer_get(m, vcpu, FERRY_TIMER_COUNT);

	virt_timer_set(m, vcpu, FERRY_TIMER_CVAL, now + 1);
	virt_timer_set(m, vcpu, FERRY_TIMER_CTL, 1);
	return VIRT_STAY;
}

/* Its handler: where `arm` is next, that is what it does; else the timer is done. */
void guest_timer(struct machine *m, uint32_t vcpu)
{
	const struct op *op = next_op(m, vcpu);

	if (!state_of(m)->ending && op && op->kind == OP_ARM) {
		guest_of(m)->vcpu[vcpu].at++;
		(void)arm(m, vcpu);
	} else {
		virt_timer_set(m, vcpu, FERRY_TIMER_CTL, 0);
	}
}

enum virt_exit guest_instruction(struct machine *m, uint32_t vcpu, struct virt_trap *trap)
{
	const struct op *op = next_op(m, vcpu);

	guest_of(m)->vcpu[vcpu].at++;
	sim_writes(m, RES_SCRIPT);
	if (op->kind == OP_GROUP)
		guest_of(m)->irq[op->irq].group0 = !op->cpus;
	switch (op->kind) {
	case OP_WFI:
		return virt_wfi(m, vcpu, trap);
	case OP_GMASK:
		virt_mask(m, vcpu, true);
		return VIRT_STAY;
	case OP_ARM:
		return arm(m, vcpu);
	case OP_OFF:
		*trap = (struct virt_trap){ .kind = TRAP_OFF };
		return VIRT_TRAP;
	case OP_ON:
		*trap = (struct virt_trap){ .kind = TRAP_ON, .value = op->cpus };
		return VIRT_TRAP;
	default:
		return guest_access(m, vcpu, op, trap) ? VIRT_TRAP : VIRT_STAY;
	}
}

/* ---- on the host: what trapped --------------------------------------------------------------- */

/* False: it can't be told now, a lock is held. */
static bool look_at(struct machine *m, uint32_t src, struct ferry_virq_info *info)
{
	const struct virt_source *s = &m->virt->source[src];
	int rc;

	machine_look(m);
	rc = ferry_vgic_look(vgic_of(m), s->vcpu == NONE ? 0 : s->vcpu, s->intid, info);
	return machine_looked(m) && rc == FERRY_OK;
}

/* Who has acknowledged it while ICACTIVER was under way may have it, or may have lost it. */
static void tell_deactivate(struct machine *m, uint32_t src, bool done)
{
	struct virt_source *s = &m->virt->source[src];
	uint8_t active = s->active, parked = s->parked;
	struct ferry_virq_info info;

	virt_told_deactivate(m, src, done);
	if (done && look_at(m, src, &info) && world_guest_is_active(m, src, &info)) {
		s->active = active;
		s->parked = parked;
	}
}

void guest_tell(struct machine *m, uint32_t vcpu, const struct op *op, bool done)
{
	bool on = op->kind == OP_ENABLE;
	uint32_t src;

	if (!scenario_form[op->kind].irq)
		return;
	src = world_guest_source(scenario_of(m), op->irq, op->kind == OP_SGI ? op->cpus : vcpu);
	sim_writes(m, RES_GHOST(src & 3));
	switch (op->kind) {
	case OP_ROUTE:
		virt_told_route(m, src, op->cpus == SCENARIO_NOBODY ? NONE : op->cpus, done);
		break;
	case OP_ENABLE:
	case OP_DISABLE:
		virt_told_enable(m, src, on, done);
		break;
	case OP_DEACTIVATE:
		tell_deactivate(m, src, done);
		break;
	case OP_UNPEND:
		virt_told_unpend(m, src, done);
		break;
	case OP_SGI:
	case OP_PEND:
		if (!done)
			virt_inject_event(m, src);
		break;
	default:
		break;
	}
}

static void do_access(struct machine *m, uint32_t vcpu, const struct virt_trap *t)
{
	struct ferry_vgic_access access = { .frame = t->frame,
					    .bytes = t->bytes,
					    .write = t->write,
					    .offset = t->offset,
					    .value = t->value };
	int rc = t->kind == TRAP_SGI ?
			 ferry_vgic_sgi(vgic_of(m), vcpu, (enum ferry_vgic_sgi)t->frame, t->value) :
			 ferry_vgic_access(vgic_of(m), vcpu, &access);

	guest_check_rc(m, NONE, "access", guest_returned_on(m, 51, rc));
}

/* What traps besides is no script's: DIR, a device that the host emulates. */
static void do_dir(struct machine *m, uint32_t vcpu, uint32_t intid)
{
	guest_check_rc(m, NONE, "dir",
		       guest_returned_on(m, 52, ferry_vgic_dir(vgic_of(m), vcpu, intid)));
}

/* The library hears of it a while after the line fell; what was in a list register then stays
 * there. Until it is nowhere any more it may be taken, once. */
static void line_was_told(struct machine *m, uint32_t src)
{
	struct ferry_virq_info info;

	sim_writes(m, RES_GHOST(src & 3));
	if (look_at(m, src, &info) && !info.pending && !info.in_lr)
		m->virt->source[src].recent = 0;
}

static void do_device(struct machine *m, uint32_t cpu, uint32_t vcpu, uint32_t src)
{
	uint32_t of, irq = world_guest_irq(scenario_of(m), src, &of);
	uint32_t intid = world_guest_intid(scenario_of(m), irq);

	guest_device_lock(m, cpu, irq);
	sim_writes(m, RES_GHOST(src & 3));
	virt_line_done(m, src);
	m->virt->source[src].recent = 1;
	guest_check_rc(m, src, "inject",
		       guest_returned_on(m, 53, ferry_vgic_inject(vgic_of(m), vcpu, intid, false)));
	line_was_told(m, src);
	guest_device_unlock(m, cpu);
}

/* Its own orders are carried out when it is entered: for the guest that is soon enough. While
 * somebody works on the interrupt it is not known what they have come to. */
void guest_entered(struct machine *m, uint32_t vcpu, bool wait)
{
	struct vactor *v = &guest_of(m)->vcpu[vcpu];
	struct ferry_virq_info info;
	const struct op *op;

	if (!v->telling)
		return;
	op = &scenario_of(m)->vscript[vcpu].op[v->telling - 1];
	if (wait && op->kind == OP_DEACTIVATE &&
	    !look_at(m, world_guest_source(scenario_of(m), op->irq, vcpu), &info))
		return;
	v->telling = 0;
	guest_tell(m, vcpu, op, true);
}

void guest_trapped(struct machine *m, uint32_t cpu, uint32_t vcpu, const struct op *op,
		   const struct virt_trap *t)
{
	switch ((enum virt_trap_kind)t->kind) {
	case TRAP_ACCESS:
	case TRAP_SGI:
		guest_entered(m, vcpu, false);
		if (op)
			guest_tell(m, vcpu, op, false);
		do_access(m, vcpu, t);
		if (op && (op->kind == OP_UNPEND || op->kind == OP_DEACTIVATE))
			guest_of(m)->vcpu[vcpu].telling = guest_of(m)->vcpu[vcpu].at;
		else if (op)
			guest_tell(m, vcpu, op, true);
		break;
	case TRAP_DIR:
		do_dir(m, vcpu, (uint32_t)t->value);
		break;
	case TRAP_DEVICE:
		do_device(m, cpu, vcpu, (uint32_t)t->value);
		break;
	case TRAP_NONE:
	case TRAP_WFI: /* client_guest.c's */
	case TRAP_OFF:
	case TRAP_ON:
	case TRAP_OTHER:
		break;
	}
}
