/* SPDX-License-Identifier: MIT */
/*
 * virt_host.c: the two "virtual GIC" parts of irqferry/host.h on the simulated machine, but
 * for the timer; and how the host sets up the physical GIC under its guest. A physical
 * interrupt is asked and told through the model's registers, as a driver would.
 */
#include "virt.h"

#define SAW_VIRT 17ull
#define PRIORITY 0xa0u
#define FOREVER (1ull << 62)
#define broken(m, ...) violation(m, V_BROKEN, (m)->current, NONE, __VA_ARGS__)

static void saw(struct machine *m, uint64_t value)
{
	if (m->config.explore && !m->quiet && m->current != NONE)
		sim_observe(m, SAW_VIRT << 56 ^ value);
}

/* A virtual CPU interface is its CPU's alone. */
static void yield_own(struct machine *m)
{
	cpu_yield_for(m, m->config.explore ? MOVES_BOTH : MOVES_LEFT);
}

/* ---- the virtual CPU interface ---------------------------------------------------- */

static struct virt_cpu *interface(struct machine *m, uint32_t reg)
{
	struct virt_cpu *v = &m->virt->cpu[m->current];

	if (m->cpu[m->current].iff)
		broken(m, "ICH register %u is accessed with interrupts on", reg);
	if (v->vcpu)
		broken(m, "ICH register %u is accessed while vCPU %u is in the guest here", reg,
		       v->vcpu - 1);
	return v;
}

/* Null: not implemented, as with five bits of priority all but the first are. */
static uint32_t *control(struct machine *m, struct virt_cpu *v, uint32_t reg)
{
	switch (reg) {
	case FERRY_ICH_HCR:
		return &v->hcr;
	case FERRY_ICH_VMCR:
		return &v->vmcr;
	case FERRY_ICH_AP0R0:
		return m->config.gic == 3 ? &v->ap0 : NULL;
	case FERRY_ICH_AP1R0:
		return &v->ap1;
	default:
		return NULL;
	}
}

static bool is_lr(struct machine *m, uint32_t reg)
{
	if (reg - FERRY_ICH_LR0 >= VIRT_LRS)
		return false;
	if (reg - FERRY_ICH_LR0 >= m->config.lrs)
		broken(m, "list register %u of %u is accessed", reg - FERRY_ICH_LR0, m->config.lrs);
	return true;
}

uint64_t ferry_host_ich_read(void *ctx, uint32_t reg)
{
	struct machine *m = ctx;
	struct virt_cpu *v;
	uint64_t value;

	yield_own(m);
	v = interface(m, reg);
	if (m->out->counts)
		m->out->counts->ich++;
	if (is_lr(m, reg))
		value = v->lr[reg - FERRY_ICH_LR0];
	else
		value = control(m, v, reg) ? *control(m, v, reg) : 0;
	saw(m, value);
	return value;
}

void ferry_host_ich_write(void *ctx, uint32_t reg, uint64_t value)
{
	struct machine *m = ctx;
	struct virt_cpu *v;

	yield_own(m);
	v = interface(m, reg);
	if (m->out->counts)
		++*(reg >= FERRY_ICH_LR0 ? &m->out->counts->lr_writes : &m->out->counts->ich);
	if (is_lr(m, reg)) {
		v->lr[reg - FERRY_ICH_LR0] = value;
		if (value)
			machine_say(m, "loads list register %u: %#llx", reg - FERRY_ICH_LR0,
				    (unsigned long long)value);
	} else if (control(m, v, reg)) {
		*control(m, v, reg) = (uint32_t)value;
	} else if (value) {
		broken(m, "ICH register %u, which is not there, is written %#llx", reg,
		       (unsigned long long)value);
	}
}

/* ---- registers of the distributor ------------------------------------------------- */

enum { ISENABLER, ICENABLER, ISPENDR, ICPENDR, ISACTIVER };

struct where {
	enum ferry_gic_frame frame;
	uint32_t unit, offset;
};

/* The word of an array of bits that has an interrupt: the distributor's; of a GICv3's private
 * ones the redistributor's. */
static struct where word_of(const struct machine *m, uint32_t cpu, uint32_t array, uint32_t intid)
{
	static const uint16_t at[5] = { 0x100, 0x180, 0x200, 0x280, 0x300 };
	static const uint16_t ext[5] = { 0x1200, 0x1400, 0x1600, 0x1800, 0x1a00 };
	struct where w = { FERRY_GICD, 0, at[array] + intid / 32 * 4 };
	uint64_t pa;

	if (intid >= FERRY_ESPI_FIRST) {
		w.offset = ext[array] + (intid - FERRY_ESPI_FIRST) / 32 * 4;
	} else if (intid < 32 && m->config.gic == 3) {
		pa = arm_frame_pa(m, cpu);
		w.frame = FERRY_GICR;
		w.unit = pa >= arm_region_pa(1);
		w.offset += (uint32_t)(pa - arm_region_pa(w.unit)) + 0x10000;
	}
	return w;
}

static void set_bit(struct machine *m, uint32_t array, uint32_t intid)
{
	struct where w = word_of(m, m->current, array, intid);

	arm_write(m, w.frame, w.unit, w.offset, 4, 1u << intid % 32);
}

static bool get_bit(struct machine *m, uint32_t array, uint32_t intid)
{
	struct where w = word_of(m, m->current, array, intid);

	return arm_read(m, w.frame, w.unit, w.offset, 4) >> intid % 32 & 1;
}

/* What was stored and written before is complete (DSB). */
static void complete(struct machine *m)
{
	if (m->current == NONE) {
		m->gic->cpu[0].fence++;
		return;
	}
	cpu_flush(m, m->current);
	m->cpu[m->current].unfenced = false;
	m->gic->cpu[m->current].fence++;
}

static bool is_disabled(void *arg)
{
	struct machine *m = arg;

	return !(arm_read(m, FERRY_GICD, 0, 0, 4) >> 31);
}

/* IHI 0069H 12.9.4: RWP; a GICv2 has none, a read comes after the write at least. */
static void disable(struct machine *m, uint32_t intid)
{
	set_bit(m, ICENABLER, intid);
	if (intid >= 32 && !m->quiet)
		(void)ferry_host_wait_ns(m, is_disabled, m, FOREVER);
}

/* ---- ferry_host_phys -------------------------------------------------------------- */

static uint32_t source_of_line(const struct machine *m, uint32_t intid)
{
	uint32_t n = arm_index(m, intid);

	return n < m->gic->lines ? m->gic->line[n].src - 1u : NONE;
}

static void deactivate(struct machine *m, uint32_t intid)
{
	uint32_t n = arm_index(m, intid);

	if (m->out->counts)
		m->out->counts->deactivations[1]++;
	if (n < m->gic->lines)
		virt_released(m, n);
	if (!arm_end(m, m->current, intid))
		broken(m, "physical interrupt %u is deactivated, and is not active", intid);
}

/* The guest clears what is pending: its event, if it has asked for that. */
static void unpend(struct machine *m, uint32_t intid)
{
	uint32_t src = source_of_line(m, intid);

	if (src != NONE && m->virt->source[src].unpending &&
	    m->source[src].kind == FERRY_GIC_EDGE && m->source[src].pending.time != NEVER) {
		token_merge(m, src, m->source[src].pending.gen);
		m->source[src].pending.time = NEVER;
	}
	set_bit(m, ICPENDR, intid);
}

static const char *const phys_name[7] = { "deactivates", "activates", "clears",          "pends",
					  "enables",     "disables",  "looks at pending" };

static bool is_physical(struct machine *m, uint32_t intid)
{
	if ((intid >= 16 && intid < 32) || arm_index(m, intid) < m->gic->lines)
		return true;
	broken(m, "physical interrupt %u is told something: there is none", intid);
	return false;
}

/* Private ones nobody else can tell of; but a line is the device's. */
static enum mover mover_of(const struct machine *m, uint32_t intid, enum ferry_phys what)
{
	bool bits = what != FERRY_PHYS_IS_PENDING && what != FERRY_PHYS_UNPEND &&
		    what != FERRY_PHYS_PEND;

	return m->config.explore && intid < 32 && bits ? MOVES_BOTH : MOVES_NOT;
}

bool ferry_host_phys(void *ctx, uint32_t intid, enum ferry_phys what)
{
	struct machine *m = ctx;
	bool answer = false;

	cpu_yield_for(m, mover_of(m, intid, what));
	if (!is_physical(m, intid))
		return false;
	if (m->out->counts)
		m->out->counts->phys[what]++;
	complete(m);
	machine_say(m, "%s physical interrupt %u", phys_name[what], intid);
	switch (what) {
	case FERRY_PHYS_DEACTIVATE:
		deactivate(m, intid);
		break;
	case FERRY_PHYS_ACTIVATE:
		set_bit(m, ISACTIVER, intid);
		break;
	case FERRY_PHYS_UNPEND:
		unpend(m, intid);
		break;
	case FERRY_PHYS_PEND:
		set_bit(m, ISPENDR, intid);
		break;
	case FERRY_PHYS_ENABLE:
		set_bit(m, ISENABLER, intid);
		break;
	case FERRY_PHYS_DISABLE:
		disable(m, intid);
		break;
	case FERRY_PHYS_IS_PENDING:
		answer = get_bit(m, ISPENDR, intid);
		break;
	}
	saw(m, answer);
	return answer;
}

static void route(struct machine *m, uint32_t intid, uint32_t cpu)
{
	if (m->config.gic == 2)
		arm_write(m, FERRY_GICD, 0, 0x0800 + intid, 1, 1u << arm_bit(cpu));
	else if (intid >= FERRY_ESPI_FIRST)
		arm_write(m, FERRY_GICD, 0, 0x8000 + (intid - FERRY_ESPI_FIRST) * 8, 8,
			  m->gic->cpu[cpu].mpidr);
	else
		arm_write(m, FERRY_GICD, 0, 0x6000 + intid * 8, 8, m->gic->cpu[cpu].mpidr);
}

void ferry_host_phys_route(void *ctx, uint32_t intid, uint32_t cpu)
{
	struct machine *m = ctx;

	cpu_yield_for(m, MOVES_NOT);
	if (cpu >= m->config.cpus || arm_index(m, intid) >= m->gic->lines) {
		broken(m, "physical interrupt %u is routed to CPU %u: there is none", intid, cpu);
		return;
	}
	if (m->cpu[cpu].parked)
		violation(m, V_OFFLINE, cpu, source_of_line(m, intid),
			  "physical interrupt %u is routed to a CPU that is offline", intid);
	if (m->out->counts)
		m->out->counts->routes++;
	route(m, intid, cpu);
}

/* ---- kicks ------------------------------------------------------------------------ */

void ferry_host_vcpu_kick(void *ctx, uint32_t vcpu, uint32_t cpu)
{
	struct machine *m = ctx;
	const struct virt_client *client = m->config.client->virt;

	cpu_yield_for(m, MOVES_NOT);
	if (m->cpu[m->current].locks)
		broken(m, "vCPU %u is kicked with a lock held", vcpu);
	complete(m);
	if (m->out->counts)
		++*(cpu == FERRY_NONE ? &m->out->counts->wakes : &m->out->counts->kicks);
	if (m->out->counts && cpu < m->config.cpus)
		m->out->counts->kicked += m->virt->cpu[cpu].vcpu && !m->cpu[cpu].signal;
	if (cpu == FERRY_NONE) {
		machine_say(m, "wakes vCPU %u", vcpu);
		if (client->wake)
			client->wake(m, vcpu);
	} else if (cpu >= m->config.cpus) {
		broken(m, "vCPU %u is kicked on CPU %u: there is none", vcpu, cpu);
	} else if (!m->cpu[cpu].parked) {
		sim_reads(m, RES_CPU(cpu & 3));
		arm_sgi(m, m->current, cpu, VIRT_KICK);
	}
}

/* ---- another device that follows the resident vCPU -------------------------------- */

bool ferry_host_resident_save(void *ctx, uint32_t vcpu, uint32_t intid)
{
	struct machine *m = ctx;
	const struct virt_client *client = m->config.client->virt;
	struct virt_vcpu *g = &m->virt->vcpu[vcpu];

	cpu_yield_for(m, MOVES_NOT);
	if (client->resident)
		return client->resident(m, vcpu, intid, false);
	g->device = m->gic->cpu[m->current].line[0] >> VIRT_DEVICE_PPI & 1;
	virt_device_line(m, m->current, false);
	saw(m, g->device);
	return g->device;
}

void ferry_host_resident_restore(void *ctx, uint32_t vcpu, uint32_t intid)
{
	struct machine *m = ctx;
	const struct virt_client *client = m->config.client->virt;

	cpu_yield_for(m, MOVES_NOT);
	if (client->resident)
		(void)client->resident(m, vcpu, intid, true);
	else
		virt_device_line(m, m->current, m->virt->vcpu[vcpu].device);
}

/* ---- the host's own set-up -------------------------------------------------------- */

static void set_up_line(struct machine *m, uint32_t src)
{
	uint32_t intid = m->source[src].intid, ext = intid >= FERRY_ESPI_FIRST ? 1 : 0;
	uint32_t n = ext ? intid - FERRY_ESPI_FIRST : intid;
	uint32_t config = (ext ? 0x3000 : 0x0c00) + n / 16 * 4, bit = 2u << n % 16 * 2;
	uint32_t word = (uint32_t)arm_read(m, FERRY_GICD, 0, config, 4) & ~bit;

	if (m->source[src].kind == FERRY_GIC_EDGE)
		word |= bit;
	arm_write(m, FERRY_GICD, 0, config, 4, word);
	arm_write(m, FERRY_GICD, 0, (ext ? 0x2000 : 0x0400) + n, 1, PRIORITY);
	route(m, intid, 0);
}

void virt_setup(struct machine *m)
{
	uint32_t i, w;

	if (m->config.gic == 3) {
		arm_write(m, FERRY_GICD, 0, 0x0000, 4, 0x10);
		for (w = 1; w < 32; w++)
			arm_write(m, FERRY_GICD, 0, 0x0080 + 4 * w, 4, ~0u);
		for (w = 0; w < 32; w++)
			arm_write(m, FERRY_GICD, 0, 0x1000 + 4 * w, 4, ~0u);
	}
	for (i = 0; i < m->config.sources; i++)
		if (m->virt->source[i].linked)
			set_up_line(m, i);
	arm_write(m, FERRY_GICD, 0, 0x0000, 4, m->config.gic == 3 ? 0x12 : 1);
	complete(m);
}

void virt_enable(struct machine *m, uint32_t src, bool on)
{
	cpu_yield_for(m, MOVES_NOT);
	complete(m);
	if (on)
		set_bit(m, ISENABLER, m->source[src].intid);
	else
		disable(m, m->source[src].intid);
}

static void sleep_to(struct machine *m, uint32_t cpu, bool asleep)
{
	struct where w = word_of(m, cpu, ISENABLER, 0);

	arm_write(m, FERRY_GICR, w.unit, w.offset - 0x10100 + 0x14, 4, asleep ? 2 : 0);
	/* IHI 0069H 11.1: until GICR_WAKER.ChildrenAsleep says so; here, before anybody else
	 * looks. */
	arm_wake(m, cpu);
}

/* Seen by what comes next (ISB). */
static void isb(struct machine *m)
{
	struct gic_cpu *g = &m->gic->cpu[m->current];

	g->unseen = g->unseen_sre = false;
}

static void interface_on(struct machine *m, uint32_t cpu)
{
	struct where w = word_of(m, cpu, ISENABLER, 0);

	if (m->config.gic == 2) {
		arm_write(m, FERRY_GICC, 0, 0x0004, 4, 0xff);
		arm_write(m, FERRY_GICC, 0, 0x0000, 4, 1u << 9 | 1);
		return;
	}
	sleep_to(m, cpu, false);
	arm_write(m, w.frame, w.unit, w.offset - 0x80, 4, ~0u);
	arm_icc_write(m, FERRY_ICC_SRE, 7);
	isb(m);
	arm_icc_write(m, FERRY_ICC_PMR, 0xff);
	arm_icc_write(m, FERRY_ICC_CTLR, 2);
	arm_icc_write(m, FERRY_ICC_IGRPEN1, 1);
	isb(m);
}

void virt_cpu_online(struct machine *m, uint32_t cpu)
{
	uint32_t was = m->current;
	bool quiet = m->quiet;

	cpu_yield_for(m, MOVES_NOT);
	m->current = cpu;
	m->quiet = quiet || was == NONE;
	interface_on(m, cpu);
	set_bit(m, ISENABLER, VIRT_KICK);
	set_bit(m, ISENABLER, VIRT_SOFT_PPI);
	m->gic->cpu[cpu].edge[0] |= 1u << VIRT_SOFT_PPI;
	m->quiet = quiet;
	m->current = was;
}

void virt_cpu_offline(struct machine *m, uint32_t cpu)
{
	uint64_t due = m->virt->cpu[cpu].soft_due;

	cpu_yield_for(m, MOVES_NOT);
	set_bit(m, ICENABLER, VIRT_KICK);
	set_bit(m, ICENABLER, VIRT_SOFT_PPI);
	if (m->config.gic == 2) {
		arm_write(m, FERRY_GICC, 0, 0x0000, 4, 0);
	} else {
		arm_icc_write(m, FERRY_ICC_IGRPEN1, 0);
		isb(m);
		sleep_to(m, cpu, true);
	}
	/* What came to it is another's to tell. */
	m->virt->cpu[cpu].soft_due = 0;
	virt_soft_tell(m, (cpu + 1) % m->config.cpus, due);
}
