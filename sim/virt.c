/* SPDX-License-Identifier: MIT */
/*
 * virt.c: the virtual CPU interface: list registers, what is signalled to a guest, what
 * its acknowledges and ends do, and the rules that hold when a vCPU is entered.
 * Sections: IHI 0069H chapter 6 and 12.4, IHI 0048B chapter 5.
 *
 * Five bits of priority, five of preemption: one active-priority register for each group.
 */
#include <string.h>
#include "virt.h"

#define PENDING 1u
#define ACTIVE 2u
#define broken(m, cpu, ...) violation(m, V_BROKEN, cpu, NONE, __VA_ARGS__)

/* ---- memory ----------------------------------------------------------------------- */

#define MAP_SPIS 988u
#define MAP_ESPIS 1024u

static size_t rounded(size_t n)
{
	return (n + 63) & ~(size_t)63;
}

static uint32_t map_entries(const struct sim_config *k)
{
	return k->vcpus * 32u + MAP_SPIS + MAP_ESPIS;
}

static size_t lay_out(const struct sim_config *k, uint8_t *base)
{
	struct sim_virt none, *v = base ? (struct sim_virt *)(void *)base : &none;
	size_t used = rounded(sizeof(*v));

	v->cpu = (struct virt_cpu *)(void *)(base + used);
	used += rounded(k->cpus * sizeof(*v->cpu));
	v->vcpu = (struct virt_vcpu *)(void *)(base + used);
	used += rounded(k->vcpus * sizeof(*v->vcpu));
	v->source = (struct virt_source *)(void *)(base + used);
	used += rounded(k->sources * sizeof(*v->source));
	v->map = (uint16_t *)(void *)(base + used);
	return used + rounded(map_entries(k) * sizeof(*v->map));
}

size_t virt_bytes(const struct sim_config *config)
{
	return config->virt ? lay_out(config, NULL) : 0;
}

void virt_init(struct machine *m)
{
	uint32_t i;

	lay_out(&m->config, (uint8_t *)m->virt);
	for (i = 0; i < m->config.vcpus; i++)
		m->virt->vcpu[i].soft_at = UINT64_MAX;
	for (i = 0; i < m->config.sources; i++)
		m->virt->source[i].vcpu = NONE;
}

bool virt_piece(struct machine *m, uint32_t n, void **at, size_t *size)
{
	if (!m->virt || n)
		return false;
	*at = m->virt;
	*size = (size_t)((char *)m->virt->map - (char *)m->virt);
	return true;
}

/* ---- sources by interrupt --------------------------------------------------------- */

static uint32_t map_index(const struct machine *m, uint32_t vcpu, uint32_t intid)
{
	uint32_t shared = m->config.vcpus * 32u;

	if (intid < 32)
		return vcpu < m->config.vcpus ? vcpu * 32 + intid : NONE;
	if (intid < 32 + MAP_SPIS)
		return shared + intid - 32;
	if (intid - FERRY_ESPI_FIRST < MAP_ESPIS)
		return shared + MAP_SPIS + intid - FERRY_ESPI_FIRST;
	return NONE;
}

uint32_t virt_source_of(const struct machine *m, uint32_t vcpu, uint32_t intid)
{
	uint32_t i = map_index(m, vcpu, intid);

	return i == NONE || !m->virt->map[i] ? NONE : m->virt->map[i] - 1u;
}

void virt_wire(struct machine *m, uint32_t src, uint32_t intid, uint32_t vcpu, bool linked)
{
	uint32_t i = map_index(m, vcpu, intid), target = intid < 32 ? vcpu : 0;

	m->virt->source[src] = (struct virt_source){ .intid = intid,
						     .vcpu = intid < 32 ? vcpu : NONE,
						     .wired = 1,
						     .linked = linked,
						     .target = target,
						     .may = 1ull << target };
	if (i != NONE)
		m->virt->map[i] = (uint16_t)(src + 1);
}

void virt_wire_timer(struct machine *m, uint32_t src)
{
	m->virt->source[src].timer = 1;
}

/* ---- list registers in words ------------------------------------------------------ */

/* IHI 0048B 5.3.4 */
static struct virt_lr decode2(uint64_t v)
{
	struct virt_lr lr = { .intid = v & 0x3ff,
			      .state = v >> 28 & 3,
			      .priority = (uint8_t)((v >> 23 & 31) << 3),
			      .hw = v >> 31 & 1,
			      .group1 = v >> 30 & 1 };

	lr.strange = v >> 32 || (v >> 20 & 7);
	if (lr.hw) {
		lr.phys = v >> 10 & 0x3ff;
	} else {
		lr.source = v >> 10 & 7;
		lr.eoi = v >> 19 & 1;
		lr.strange = lr.strange || (v >> 13 & 0x3f);
	}
	return lr;
}

/* IHI 0069H 12.4.6. Of a guest without system registers the sender of an SGI is in 12:10. */
static struct virt_lr decode3(const struct machine *m, uint64_t v)
{
	struct virt_lr lr = { .intid = (uint32_t)v,
			      .state = v >> 62 & 3,
			      .priority = v >> 48 & 0xf8,
			      .hw = v >> 61 & 1,
			      .group1 = v >> 60 & 1 };

	lr.strange = v >> 56 & 15 || v >> 45 & 7;
	if (lr.hw) {
		lr.phys = v >> 32 & 0x1fff;
	} else {
		lr.eoi = v >> 41 & 1;
		lr.strange = lr.strange || (v >> 32 & 0x1dff);
	}
	if (m->config.guest_gic == 2 && (lr.intid & 0x3ff) < 16) {
		lr.source = lr.intid >> 10 & 7;
		lr.intid &= ~0x1c00u;
	}
	return lr;
}

struct virt_lr virt_decode(const struct machine *m, uint64_t value)
{
	return m->config.gic == 2 ? decode2(value) : decode3(m, value);
}

uint64_t virt_encode(const struct machine *m, const struct virt_lr *lr)
{
	uint64_t low = m->config.gic == 2 ?
			       (uint64_t)lr->hw << 31 | (uint64_t)lr->group1 << 30 |
				       (uint64_t)lr->state << 28 |
				       (uint64_t)(lr->priority >> 3) << 23 | lr->intid :
			       (uint64_t)lr->state << 62 | (uint64_t)lr->hw << 61 |
				       (uint64_t)lr->group1 << 60 | (uint64_t)lr->priority << 48 |
				       lr->intid;

	if (m->config.gic == 2)
		return low | (lr->hw ? (uint64_t)lr->phys << 10 :
				       (uint64_t)lr->eoi << 19 | (uint64_t)lr->source << 10);
	return low | (lr->hw ? (uint64_t)lr->phys << 32 :
			       (uint64_t)lr->eoi << 41 | (uint64_t)lr->source << 10);
}

static struct virt_lr lr_of(const struct machine *m, uint32_t cpu, uint32_t i)
{
	return virt_decode(m, m->virt->cpu[cpu].lr[i]);
}

static void set_state(struct machine *m, uint32_t cpu, uint32_t i, uint64_t state)
{
	uint64_t *lr = &m->virt->cpu[cpu].lr[i];
	uint32_t at = m->config.gic == 2 ? 28 : 62;

	*lr = (*lr & ~(3ull << at)) | state << at;
}

/* ---- what is signalled ------------------------------------------------------------ */

/* IHI 0069H 12.4.7, IHI 0048B 5.3.3 */
uint32_t virt_misr(const struct machine *m, uint32_t cpu)
{
	const struct virt_cpu *v = &m->virt->cpu[cpu];
	uint32_t i, valid = 0, pending = 0, misr = 0, group;

	if (!(v->hcr & HCR_EN))
		return 0;
	for (i = 0; i < m->config.lrs; i++) {
		struct virt_lr lr = lr_of(m, cpu, i);

		valid += lr.state != 0;
		pending += lr.state == PENDING;
		if (!lr.state && !lr.hw && lr.eoi)
			misr |= MISR_EOI;
	}
	if ((v->hcr & HCR_UIE) && valid < 2)
		misr |= MISR_U;
	if ((v->hcr & HCR_LRENPIE) && v->hcr >> HCR_EOICOUNT)
		misr |= MISR_LRENP;
	if ((v->hcr & HCR_NPIE) && !pending)
		misr |= MISR_NP;
	/* VGrpnEIE, VGrpnDIE: bits 4 to 7 there and here. */
	for (group = 0; group < 2; group++)
		misr |= v->hcr & (0x10u << 2 * group << !(v->vmcr >> group & 1));
	return misr;
}

/* The bits of a priority that preempt: VBPR0, VBPR1 (12.4.9); less than there are bits of
 * preemption means as many as there are. */
static uint32_t group_mask(const struct virt_cpu *v, bool group1)
{
	uint32_t bpr0 = (v->vmcr >> 21 & 7) + 1, bpr1 = v->vmcr >> 18 & 7;
	uint32_t bpr = group1 && !(v->vmcr & VMCR_CBPR) ? bpr1 : bpr0;

	return 0xffu << (bpr < 3 ? 3 : bpr) & 0xff;
}

static uint32_t running(const struct virt_cpu *v)
{
	uint32_t bits = v->ap0 | v->ap1;

	return bits ? (uint32_t)__builtin_ctz(bits) << 3 : GIC_IDLE;
}

uint32_t virt_signalled(const struct machine *m, uint32_t cpu)
{
	const struct virt_cpu *v = &m->virt->cpu[cpu];
	uint32_t i, best = NONE, priority = v->vmcr >> VMCR_PMR & 0xf8, mask, now = running(v);
	bool group1 = false;

	if (!(v->hcr & HCR_EN))
		return NONE;
	for (i = 0; i < m->config.lrs; i++) {
		struct virt_lr lr = lr_of(m, cpu, i);

		if (lr.state != PENDING || lr.priority >= priority ||
		    !(v->vmcr & (lr.group1 ? VMCR_GROUP1 : VMCR_GROUP0)))
			continue;
		best = i;
		priority = lr.priority;
		group1 = lr.group1;
	}
	mask = group_mask(v, group1);
	return now != GIC_IDLE && (priority & mask) >= (now & mask) ? NONE : best;
}

/* ---- the guest's accesses --------------------------------------------------------- */

uint32_t virt_acknowledge(struct machine *m, uint32_t cpu)
{
	struct virt_cpu *v = &m->virt->cpu[cpu];
	uint32_t i = virt_signalled(m, cpu);
	struct virt_lr lr;

	if (i == NONE)
		return GIC_SPURIOUS;
	lr = lr_of(m, cpu, i);
	/* IHI 0048B 5.3.7: there is one GICH_APR, for both groups. */
	*(lr.group1 || m->config.gic == 2 ? &v->ap1 : &v->ap0) |=
		1u << ((lr.priority & group_mask(v, lr.group1)) >> 3);
	set_state(m, cpu, i, ACTIVE);
	return lr.intid | (uint32_t)lr.source << 10;
}

/* IHI 0069H 4.8.5: the highest running priority; group 0's comes first. */
static void drop(struct virt_cpu *v)
{
	uint32_t bits = v->ap0 | v->ap1, bit = bits & -bits;

	if (v->ap0 & bit)
		v->ap0 &= ~bit;
	else
		v->ap1 &= ~bit;
}

/* 6.2.2: a linked one ends the physical interrupt, too. */
static void end_lr(struct machine *m, uint32_t cpu, uint32_t i)
{
	struct virt_lr lr = lr_of(m, cpu, i);

	set_state(m, cpu, i, lr.state & PENDING);
	if (!lr.hw)
		return;
	if (m->out->counts)
		m->out->counts->deactivations[0]++;
	if (!arm_end(m, cpu, lr.phys))
		broken(m, cpu, "the guest ends %u: physical interrupt %u behind it is not active",
		       lr.intid, lr.phys);
}

/* 12.4.4 (EOIcount): an end that no list register has. */
static void deactivate(struct machine *m, uint32_t cpu, uint32_t value)
{
	struct virt_cpu *v = &m->virt->cpu[cpu];
	uint32_t i, count = v->hcr >> HCR_EOICOUNT;

	for (i = 0; i < m->config.lrs; i++) {
		struct virt_lr lr = lr_of(m, cpu, i);

		if ((lr.state & ACTIVE) && (lr.intid | (uint32_t)lr.source << 10) == value) {
			end_lr(m, cpu, i);
			return;
		}
	}
	if (value < FERRY_LPI_FIRST)
		v->hcr = (v->hcr & ~(31u << HCR_EOICOUNT)) | (count + 1) << HCR_EOICOUNT;
}

void virt_eoi(struct machine *m, uint32_t cpu, uint32_t value)
{
	struct virt_cpu *v = &m->virt->cpu[cpu];

	if (!(v->ap0 | v->ap1)) {
		broken(m, cpu, "the guest ends %u, and no priority is active", value);
		return;
	}
	drop(v);
	if (!(v->vmcr & VMCR_EOIM))
		deactivate(m, cpu, value);
}

void virt_dir(struct machine *m, uint32_t cpu, uint32_t value)
{
	if (!(m->virt->cpu[cpu].vmcr & VMCR_EOIM))
		broken(m, cpu, "the guest writes DIR with EOImode 0");
	else
		deactivate(m, cpu, value);
}

/* ---- rules ------------------------------------------------------------------------ */

/* Is physical interrupt `intid` active, as this CPU sees it? */
static bool is_active(struct machine *m, uint32_t cpu, uint32_t intid)
{
	uint32_t n = arm_index(m, intid);

	if (intid < 32)
		return m->gic->cpu[cpu].active[0] >> intid & 1;
	return n < m->gic->lines && m->gic->line[n].active;
}

/* What stands behind a linked list register: a PPI, or the SPI that its interrupt is
 * linked to. With the bit that asks for a maintenance interrupt it would be another. */
static bool is_behind(const struct machine *m, uint32_t vcpu, const struct virt_lr *lr)
{
	uint32_t src = virt_source_of(m, vcpu, lr->intid);

	if (lr->intid < 32)
		return lr->phys >= 16 && lr->phys < 32;
	return src != NONE && m->virt->source[src].linked && m->source[src].intid == lr->phys;
}

static void check_linked(struct machine *m, uint32_t cpu, uint32_t vcpu, const struct virt_lr *lr)
{
	uint32_t n = arm_index(m, lr->phys);

	if (n < m->gic->lines && m->gic->line[n].src)
		sim_reads(m, RES_DEVICE(m->source[m->gic->line[n].src - 1].device & 3));
	if (!is_behind(m, vcpu, lr))
		broken(m, cpu,
		       "L4: interrupt %u is linked to physical interrupt %u, which is not its",
		       lr->intid, lr->phys);
	else if (lr->state == (PENDING | ACTIVE))
		broken(m, cpu, "L3: interrupt %u is linked, and pending and active", lr->intid);
	else if (!is_active(m, cpu, lr->phys))
		broken(m, cpu, "L2: interrupt %u is linked to %u, which is not active", lr->intid,
		       lr->phys);
}

/* L1: one list register for an interrupt, here and, of an SPI, anywhere. */
static void check_single(struct machine *m, uint32_t cpu, uint32_t at, uint32_t intid)
{
	uint32_t c, i;

	for (c = 0; c < m->config.cpus; c++) {
		if (c != cpu && (intid < 32 || !m->virt->cpu[c].vcpu))
			continue;
		for (i = 0; i < (c == cpu ? at : m->config.lrs); i++) {
			struct virt_lr lr = lr_of(m, c, i);

			if (lr.state && lr.intid == intid)
				broken(m, cpu, "L1: interrupt %u is in two list registers%s", intid,
				       c == cpu ? "" : ", the other one of another CPU");
		}
	}
}

static void check_lr(struct machine *m, uint32_t cpu, uint32_t vcpu, uint32_t i)
{
	struct virt_lr lr = lr_of(m, cpu, i);
	uint32_t src;

	if (!lr.state)
		return;
	src = virt_source_of(m, vcpu, lr.intid);
	if (src != NONE)
		sim_writes(m, RES_GHOST(src & 3));
	if (lr.strange || map_index(m, vcpu, lr.intid) == NONE)
		broken(m, cpu, "list register %u is %#llx: no interrupt has that", i,
		       (unsigned long long)m->virt->cpu[cpu].lr[i]);
	if (lr.hw)
		check_linked(m, cpu, vcpu, &lr);
	check_single(m, cpu, i, lr.intid);
}

/* L6, and the timer's registers: what the vCPU had when it was left, here or elsewhere. */
static void check_own(struct machine *m, uint32_t cpu, uint32_t vcpu)
{
	const struct virt_cpu *v = &m->virt->cpu[cpu];
	const struct virt_vcpu *g = &m->virt->vcpu[vcpu];

	if (v->vmcr != g->vmcr && !g->fresh)
		broken(m, cpu, "L6: vCPU %u had VMCR %#x, and now has %#x", vcpu, g->vmcr, v->vmcr);
	if (v->ap0 != g->ap0 || v->ap1 != g->ap1)
		broken(m, cpu, "L6: vCPU %u had active priorities %#x, %#x, and now has %#x, %#x",
		       vcpu, g->ap0, g->ap1, v->ap0, v->ap1);
	if (!m->config.virt_timer || g->fresh || g->untimed)
		return;
	/* It may have been masked for the guest (FERRY_RESIDENT_INJECTED). */
	if ((v->ctl | 2) != (g->ctl | 2) || (v->ctl & ~g->ctl & ~2u) || (g->ctl & ~v->ctl))
		broken(m, cpu, "vCPU %u had CNTV_CTL %u, and now has %u", vcpu, g->ctl, v->ctl);
	if (v->cval != g->cval || v->offset != g->offset)
		broken(m, cpu, "vCPU %u finds another CNTV_CVAL or CNTVOFF than it had", vcpu);
}

void virt_check_entry(struct machine *m, uint32_t cpu, uint32_t vcpu)
{
	const struct sim_cpu *c = &m->cpu[cpu];
	uint32_t i;

	if (c->iff || c->locks)
		broken(m, cpu, "vCPU %u is entered with %s", vcpu,
		       c->iff ? "interrupts on" : "a lock held");
	if (m->virt->vcpu[vcpu].on || m->virt->cpu[cpu].vcpu)
		broken(m, cpu, "vCPU %u is entered, and %s", vcpu,
		       m->virt->vcpu[vcpu].on ? "runs already" : "another one runs here");
	if (!m->virt->vcpu[vcpu].powered)
		violation(m, V_OFFLINE, cpu, NONE, "vCPU %u is entered, which is powered off",
			  vcpu);
	for (i = 0; i < m->config.lrs; i++)
		check_lr(m, cpu, vcpu, i);
	check_own(m, cpu, vcpu);
	if (virt_misr(m, cpu))
		broken(m, cpu, "L7: vCPU %u is entered with MISR %#x: it is left at once, for ever",
		       vcpu, virt_misr(m, cpu));
}

void virt_check_put(struct machine *m, uint32_t cpu)
{
	const struct gic_cpu *g = &m->gic->cpu[cpu];
	uint32_t i, mask = 1u << VIRT_TIMER_PPI | 1u << VIRT_DEVICE_PPI;

	for (i = 0; i < m->config.lrs; i++)
		if (lr_of(m, cpu, i).state)
			broken(m, cpu, "no vCPU is loaded, and interrupt %u is in a list register",
			       lr_of(m, cpu, i).intid);
	if (g->enabled[0] & mask)
		broken(m, cpu, "no vCPU is loaded, and PPIs %#x, which follow one, are enabled",
		       g->enabled[0] & mask);
	if (m->virt->cpu[cpu].hcr)
		broken(m, cpu, "no vCPU is loaded, and the virtual CPU interface is on (%#x)",
		       m->virt->cpu[cpu].hcr);
}

/* ---- states ----------------------------------------------------------------------- */

struct bytes {
	uint8_t *out;
	size_t n;
};

static void put8(struct bytes *b, uint64_t value)
{
	b->out[b->n++] = (uint8_t)value;
}

static void put(struct bytes *b, const void *what, size_t n)
{
	memcpy(b->out + b->n, what, n);
	b->n += n;
}

static void put_cpu(struct bytes *b, const struct machine *m, const struct virt_cpu *v)
{
	put(b, v->lr, m->config.lrs * sizeof(v->lr[0]));
	put(b, &v->hcr, 4 * sizeof(v->hcr)); /* to ap1 */
	put8(b, v->vcpu);
	put8(b, v->exit);
	put8(b, v->loaded);
	if (v->exit == VIRT_TRAP) {
		put(b, &v->trap, 8);
		put(b, &v->trap.value, 8);
	}
	if (m->config.virt_timer) {
		put(b, &v->ctl, sizeof(v->ctl));
		put(b, &v->cval, 3 * sizeof(v->cval)); /* to soft_due */
	}
}

static void put_vcpu(struct bytes *b, const struct machine *m, const struct virt_vcpu *g)
{
	uint32_t i;

	put8(b, g->nactive);
	for (i = 0; i < g->nactive; i++) {
		put(b, &g->active[i].intid, 4);
		put8(b, g->active[i].stage);
		put8(b, g->active[i].masked);
	}
	put8(b, g->on);
	put8(b, g->homes);
	put(b, &g->vmcr, 3 * sizeof(g->vmcr)); /* to ap1 */
	put8(b, (uint64_t)g->masked << 7 | (uint64_t)g->fresh << 6 | (uint64_t)g->powered << 5 |
			(uint64_t)g->nested << 4 | (uint64_t)g->device << 3);
	if (g->fresh)
		put(b, &g->boot_vmcr, 4);
	if (!m->config.virt_timer)
		return;
	put8(b, g->home);
	put8(b, g->ctl);
	put(b, &g->cval, 3 * sizeof(g->cval)); /* to soft_at */
}

static void put_source(struct bytes *b, const struct virt_source *s)
{
	put8(b, (uint64_t)s->wired << 7 | (uint64_t)s->linked << 6 | (uint64_t)s->owed << 5 |
			(uint64_t)s->recent << 4 | (uint64_t)(s->parked != 0) << 3 | s->enabled);
	put8(b, s->parked);
	put8(b, s->unpending);
	put8(b, s->ending);
	put8(b, s->asking);
	put8(b, s->changing);
	put8(b, s->spare);
	put8(b, s->active);
	put8(b, s->target);
	put8(b, s->may);
}

size_t virt_image(const struct machine *m, uint8_t *out)
{
	struct bytes b = { out, 0 };
	uint32_t i;

	put(&b, &m->virt->count, sizeof(m->virt->count));
	for (i = 0; i < m->config.cpus; i++)
		put_cpu(&b, m, &m->virt->cpu[i]);
	for (i = 0; i < m->config.vcpus; i++)
		put_vcpu(&b, m, &m->virt->vcpu[i]);
	for (i = 0; i < m->config.sources; i++)
		put_source(&b, &m->virt->source[i]);
	return b.n;
}
