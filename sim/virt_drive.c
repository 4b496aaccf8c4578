/* SPDX-License-Identifier: MIT */
/*
 * virt_drive.c: what a host does with the library's virtual GIC by itself: its interrupt
 * entry, and the oracle's looks at it. EOImode 1: an interrupt that is a guest's is dropped
 * here, and deactivated by the guest or the library.
 */
#include "virt.h"

static struct ferry_vgic *guest_of(struct machine *m)
{
	return m->config.client->virt->guest_of(m);
}

/* ---- the CPU interface ------------------------------------------------------------ */

static uint32_t acknowledge(struct machine *m)
{
	if (m->config.gic == 3)
		return (uint32_t)ferry_host_icc_read(m, FERRY_ICC_IAR1);
	return ferry_host_gic_read(m, FERRY_GICC, 0, 0x000c);
}

static void drop(struct machine *m, uint32_t value)
{
	if (m->config.gic == 3)
		ferry_host_icc_write(m, FERRY_ICC_EOIR1, value);
	else
		ferry_host_gic_write(m, FERRY_GICC, 0, 0x0010, value);
}

static void end(struct machine *m, uint32_t value)
{
	drop(m, value);
	if (m->config.gic == 3)
		ferry_host_icc_write(m, FERRY_ICC_DIR, value);
	else
		ferry_host_gic_write(m, FERRY_GICC, 0, 0x1000, value);
}

/* ---- the interrupt entry ---------------------------------------------------------- */

static void soft_timers(struct machine *m, uint32_t cpu)
{
	uint64_t due = m->virt->cpu[cpu].soft_due;

	m->virt->cpu[cpu].soft_due = 0;
	for (; due; due &= due - 1)
		ferry_vcpu_timer(guest_of(m), (uint32_t)__builtin_ctzll(due));
}

static int arrive(struct machine *m, uint32_t intid)
{
	const struct virt_client *client = m->config.client->virt;

	return client->arrive ? client->arrive(m, intid) : ferry_vgic_physical(guest_of(m), intid);
}

static int linked(struct machine *m, uint32_t intid)
{
	uint32_t n = arm_index(m, intid), src = n < m->gic->lines ? m->gic->line[n].src - 1u : NONE;

	if (src == NONE || !m->virt->source[src].linked) {
		violation(m, V_BROKEN, m->current, NONE, "interrupt %u came, which is nobody's",
			  intid);
		return FERRY_GIC_UNEXPECTED;
	}
	if (arrive(m, m->virt->source[src].intid) == FERRY_OK)
		return 0;
	/* Unlinked meanwhile: the host's to end. */
	if (!arm_end(m, m->current, intid))
		violation(m, V_BROKEN, m->current, src,
			  "refused by the library, and not active any more");
	return 0;
}

static int resident(struct machine *m, uint32_t cpu, uint32_t intid)
{
	uint32_t vcpu = m->virt->cpu[cpu].loaded;

	if (ferry_vgic_resident(guest_of(m), vcpu ? vcpu - 1 : FERRY_NONE, intid) != FERRY_OK)
		violation(m, V_BROKEN, cpu, NONE, "the library does not know PPI %u", intid);
	return 0;
}

int virt_irq(struct machine *m, uint32_t cpu, uint8_t vector)
{
	uint32_t value = acknowledge(m), intid = m->config.gic == 2 ? value & 0x3ff : value;

	(void)vector;
	if (intid == GIC_SPURIOUS)
		return 0;
	if (intid < 16) {
		end(m, value);
		return 0;
	}
	if (intid == VIRT_SOFT_PPI) {
		end(m, value);
		soft_timers(m, cpu);
		return 0;
	}
	virt_arrived(m, cpu_frame(&m->cpu[cpu]), intid);
	drop(m, value);
	return intid < 32 ? resident(m, cpu, intid) : linked(m, intid);
}

/* ---- looks ------------------------------------------------------------------------ */

static bool look(struct machine *m, uint32_t src, struct ferry_virq_info *info)
{
	const struct virt_source *s = &m->virt->source[src];
	bool quiet = m->quiet, torn = m->torn, good;
	int rc;

	machine_look(m);
	rc = ferry_vgic_look(guest_of(m), s->vcpu == NONE ? 0 : s->vcpu, s->intid, info);
	good = machine_looked(m) && rc == FERRY_OK;
	m->quiet = quiet;
	m->torn = torn;
	return good;
}

bool virt_is_complete(struct machine *m, uint32_t src, uint32_t *target)
{
	struct ferry_virq_info info = { .target = *target };
	bool good = look(m, src, &info);

	/* Nobody writes a route now: the target is certain, even if the rest is not. */
	*target = info.target;
	return good && info.arrived == info.asked &&
	       (info.owner == FERRY_NONE || info.owner == info.target);
}

bool virt_is_pending(struct machine *m, uint32_t src)
{
	struct ferry_virq_info info;

	/* Not to be told now is no proof. */
	return !look(m, src, &info) || info.pending;
}
