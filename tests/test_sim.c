/* SPDX-License-Identifier: MIT */
/*
 * test_sim.c: the simulated hardware, rule by rule, through host.h and labels,
 * without the library. One simulated CPU runs each test with interrupts off; what
 * devices, buses and the other CPU do is performed label by label.
 */
#include <string.h>
#include "sim/machine.h"
#include "tests/tap.h"

enum { MSIX, MSI, EDGE, LEVEL, LEVEL2, REMAPPED, SOURCES };

static struct sim_out out;
static uint32_t vectors_used[2];
static void (*script)(struct machine *m);
static bool started;

static bool has_work(struct machine *m, uint32_t cpu)
{
	(void)m;
	return cpu == 0 && !started;
}

static void work(struct machine *m, uint32_t cpu)
{
	started = true;
	m->cpu[cpu].iff = false;
	m->cpu[1].parked = false;
	m->cpu[1].state = CPU_IDLE;
	m->cpu[1].iff = false;
	script(m);
}

static void nothing(struct machine *m, uint32_t a, uint32_t b)
{
	(void)m, (void)a, (void)b;
}
static void no_fire(struct machine *m, uint32_t a, bool raised)
{
	(void)m, (void)a, (void)raised;
}
static void no_cpu(struct machine *m, uint32_t a)
{
	(void)m, (void)a;
}
static void no_poll(struct machine *m)
{
	(void)m;
}

static const struct sim_client client = { .has_work = has_work,
					  .work = work,
					  .handler = nothing,
					  .fired = no_fire,
					  .poll = no_poll,
					  .system = no_cpu,
					  .op = nothing };

static struct machine *build(bool overtaking, bool posted)
{
	static const uint8_t kinds[SOURCES] = { FERRY_X86_MSIX,         FERRY_X86_MSI,
						FERRY_X86_IOAPIC_EDGE,  FERRY_X86_IOAPIC_LEVEL,
						FERRY_X86_IOAPIC_LEVEL, FERRY_X86_REMAPPED };
	static const uint32_t apic_ids[2] = { 4, 7 };
	struct sim_config config = { .cpus = 2,
				     .sources = SOURCES,
				     .devices = SOURCES,
				     .apic_ids = apic_ids,
				     .stack = 65536,
				     .flights = 64,
				     .library = 64,
				     .doorbell = 0x30,
				     .client = &client,
				     .overtaking = overtaking,
				     .posted = posted };
	struct machine *m;
	uint32_t i;

	memset(&out, 0, sizeof(out));
	out.report.vectors_used = vectors_used;
	m = machine_new(&config, &out);
	if (!m)
		bail("no arena");
	for (i = 0; i < SOURCES; i++) {
		m->source[i].kind = kinds[i];
		m->source[i].device = i == LEVEL2 ? LEVEL : i;
		m->source[i].irq = i;
		m->source[i].live = true;
		device_reset(m, i);
	}
	m->levels[m->nlevels++] = LEVEL;
	m->levels[m->nlevels++] = LEVEL2;
	return m;
}

/* Perform the first enabled label whose kind is not CPU 0's own, until there is
 * none. From a fibre: only labels that run no fibre. */
static void land(struct machine *m)
{
	label labels[64];
	uint32_t n, i, me = m->current;

	for (;;) {
		n = machine_labels(m, labels, 64);
		for (i = 0; i < n && label_kind(labels[i]) < L_REACH; i++)
			;
		if (i == n)
			return;
		m->current = NONE;
		machine_perform(m, labels[i]);
		m->current = me;
	}
}

/* CPUs first, then what is earliest on its way. */
static label first_of(const label *labels, uint32_t n)
{
	uint32_t i, best = 0;

	for (i = 1; i < n; i++)
		if (label_kind(labels[i]) < label_kind(labels[best]))
			best = i;
	return labels[best];
}

static void run(const char *name, void (*fn)(struct machine *m), bool overtaking, bool posted)
{
	struct machine *m = build(overtaking, posted);
	label labels[64];
	uint32_t n, steps = 0;

	diag("%s", name);
	script = fn;
	started = false;
	m->cpu[0].parked = false;
	m->cpu[0].state = CPU_READY;
	while ((n = machine_labels(m, labels, 64)) != 0 && ++steps < 10000)
		machine_perform(m, first_of(labels, n));
	ok(steps < 10000 && m->cpu[0].state == CPU_IDLE, "%s ends", name);
	machine_delete(m);
}

static bool irr(struct machine *m, uint32_t cpu, uint8_t v)
{
	return m->cpu[cpu].irr[v / 64] >> (v % 64) & 1;
}

static void write(struct machine *m, uint32_t src, enum ferry_reg reg, uint32_t value)
{
	ferry_host_write(m, m->source[src].device, src, reg, value);
}

static uint32_t read(struct machine *m, uint32_t src, enum ferry_reg reg)
{
	return ferry_host_read(m, m->source[src].device, src, reg);
}

static void program(struct machine *m, uint32_t src, uint32_t apic_id, uint8_t vector)
{
	write(m, src, FERRY_REG_MSI_ADDR, 0xfee00000 | apic_id << 12);
	write(m, src, FERRY_REG_MSI_ADDR_HI, 0);
	write(m, src, FERRY_REG_MSI_DATA, vector);
	write(m, src, FERRY_REG_MSI_MASK, 0);
}

/* ---- messages ------------------------------------------------------------------ */

static void msix_pending_bit(struct machine *m)
{
	program(m, MSIX, 4, 0x41);
	write(m, MSIX, FERRY_REG_MSI_MASK, 1);
	device_raise(m, MSIX);
	device_raise(m, MSIX);
	land(m);
	ok(!irr(m, 0, 0x41), "a masked message does not leave");
	is_u64(out.report.merged, 1, "two events share the pending bit");
	write(m, MSIX, FERRY_REG_MSI_ADDR, 0xfee00000 | 7 << 12);
	write(m, MSIX, FERRY_REG_MSI_MASK, 0);
	land(m);
	ok(irr(m, 1, 0x41) && !irr(m, 0, 0x41), "unmasked it goes where the entry says now");
}

static void msi_tears(struct machine *m)
{
	write(m, MSI, FERRY_REG_MSI_ENABLE, 1);
	write(m, MSI, FERRY_REG_MSI_ADDR, 0xfee00000 | 4 << 12);
	write(m, MSI, FERRY_REG_MSI_DATA, 0x41);
	write(m, MSI, FERRY_REG_MSI_ADDR, 0xfee00000 | 7 << 12);
	device_raise(m, MSI);
	write(m, MSI, FERRY_REG_MSI_DATA, 0x51);
	land(m);
	ok(irr(m, 1, 0x41), "between two writes an MSI is a mixture");
	write(m, MSI, FERRY_REG_MSI_ENABLE, 0);
	device_raise(m, MSI);
	is_u64(out.report.lost, 1, "with MSI disabled an event is lost");
	write(m, MSI, FERRY_REG_MSI_ENABLE, 1);
	write(m, MSI, FERRY_REG_MSI_ADDR, 0xfee00000 | 9 << 12);
	device_raise(m, MSI);
	land(m);
	is_u64(out.report.lost, 2, "and with an APIC id that nobody has");
}

static uint32_t count(struct machine *m, enum label_kind kind)
{
	label labels[64];
	uint32_t n = machine_labels(m, labels, 64), i, found = 0;

	for (i = 0; i < n; i++)
		found += label_kind(labels[i]) == kind;
	return found;
}

static void order(struct machine *m)
{
	program(m, MSIX, 4, 0x41);
	device_raise(m, MSIX);
	device_raise(m, MSIX);
	is_u64(count(m, L_REACH), m->config.overtaking ? 2 : 1,
	       "messages that may leave the device");
	(void)read(m, MSIX, FERRY_REG_MSI_MASK);
	is_u64(count(m, L_REACH), 0, "a read returns behind the messages of its device");
	is_u64(count(m, L_ACCEPT), m->config.overtaking ? 2 : 1, "which wait at the root complex");
	land(m);
	is_u64(out.report.merged, 1, "in the IRR they are one");
}

static void posted(struct machine *m)
{
	program(m, MSIX, 4, 0x41);
	ok(m->source[MSIX].msi_mask == 1, "a posted write has not arrived");
	is_u64(read(m, MSIX, FERRY_REG_MSI_MASK), 0, "a read pushes it");
	write(m, MSIX, FERRY_REG_MSI_MASK, 1);
	device_raise(m, MSIX);
	is_u64(m->source[MSIX].flights, 1, "until the mask arrives the device sends");
	(void)read(m, MSIX, FERRY_REG_MSI_MASK);
	ok(m->source[MSIX].pending.time == NEVER, "so nothing is pending in it");
	device_raise(m, MSIX);
	ok(m->source[MSIX].pending.time != NEVER, "and then it sends no more");
}

static void remapped(struct machine *m)
{
	struct ferry_irte a = { 4, 0x41, false }, b = { 7, 0x42, false }, none = { 0, 0, false };

	ferry_host_irte_write(m, 1, REMAPPED, &a);
	ferry_host_irte_sync(m, 1, REMAPPED);
	device_raise(m, REMAPPED);
	land(m);
	ok(irr(m, 0, 0x41), "the entry says where");
	ferry_host_irte_write(m, 1, REMAPPED, &b);
	device_raise(m, REMAPPED);
	land(m);
	ok(!irr(m, 1, 0x42), "a cached entry is used after it was changed");
	ferry_host_irte_sync(m, 1, REMAPPED);
	device_raise(m, REMAPPED);
	land(m);
	ok(irr(m, 1, 0x42), "not after it was invalidated");
	ferry_host_irte_write(m, 1, REMAPPED, &none);
	ferry_host_irte_sync(m, 1, REMAPPED);
	device_raise(m, REMAPPED);
	land(m);
	is_u64(out.report.lost, 1, "an absent entry blocks");
}

/* ---- I/O APIC --------------------------------------------------------------------- */

static void edge_pin(struct machine *m)
{
	device_raise(m, EDGE);
	is_u64(out.report.lost, 1, "a masked edge pin drops its edge");
	write(m, EDGE, FERRY_REG_RTE_HIGH, 4u << 24);
	write(m, EDGE, FERRY_REG_RTE_LOW, 0x41);
	device_raise(m, EDGE);
	ok(m->source[EDGE].flights == 1, "it sends");
	ok(device_read(m, EDGE, FERRY_REG_RTE_LOW) >> 12 & 1, "delivery status while under way");
	land(m);
	ok(irr(m, 0, 0x41), "to the CPU of bits 63:56");
	ok(!(device_read(m, EDGE, FERRY_REG_RTE_LOW) >> 12 & 1), "delivery status clear after");
}

/* Both pins: vector 0x41, CPU 0, line asserted, in service. */
static void level_pins(struct machine *m)
{
	uint32_t pin;

	for (pin = LEVEL; pin <= LEVEL2; pin++) {
		write(m, pin, FERRY_REG_RTE_HIGH, 4u << 24);
		write(m, pin, FERRY_REG_RTE_LOW, 0x8041);
		device_raise(m, pin);
		land(m);
	}
}

static void take(struct machine *m, uint8_t vector)
{
	lapic_take(m, 0, vector);
	m->cpu[0].take = 0;
	m->cpu[0].depth--;
}

static void level_pin(struct machine *m)
{
	level_pins(m);
	ok(irr(m, 0, 0x41), "an asserted line is delivered");
	is_u64(read(m, LEVEL, FERRY_REG_RTE_LOW), 0xc041, "remote IRR is set");
	take(m, 0x41);
	land(m);
	ok(!irr(m, 0, 0x41), "and not again while remote IRR is set");
	device_drop_line(m, LEVEL2);
	ferry_host_eoi(m, 0);
	is_u64(count(m, L_EOI), 1, "EOI of a level vector is broadcast, some time later");
	land(m);
	ok(!m->source[LEVEL2].remote_irr, "the broadcast ends every pin with that vector");
	ok(irr(m, 0, 0x41) && m->source[LEVEL].remote_irr,
	   "a line still asserted is delivered again");
	write(m, LEVEL, FERRY_REG_RTE_LOW, 0x8051);
	take(m, 0x41);
	ferry_host_eoi(m, 0);
	land(m);
	ok(m->source[LEVEL].remote_irr && !irr(m, 0, 0x51),
	   "a vector changed while remote IRR is set leaves the line dead");
	write(m, LEVEL, FERRY_REG_IOAPIC_EOI, 0x51);
	land(m);
	ok(irr(m, 0, 0x51), "the EOI register ends it by its vector of now");
}

/* ---- local APIC ---------------------------------------------------------------------- */

static void priorities(struct machine *m)
{
	struct flight f = { .vector = 0x45, .time = NEVER };

	lapic_accept(m, 0, &f);
	f.vector = 0x41;
	lapic_accept(m, 0, &f);
	is_int(lapic_ready(&m->cpu[0]), 0x45, "the highest vector is offered");
	take(m, 0x45);
	is_int(lapic_ready(&m->cpu[0]), -1, "one of the same class waits for the EOI");
	f.vector = 0x50;
	lapic_accept(m, 0, &f);
	is_int(lapic_ready(&m->cpu[0]), 0x50, "one of a higher class does not");
	take(m, 0x50);
	ferry_host_eoi(m, 0);
	is_int(lapic_ready(&m->cpu[0]), -1, "EOI ends the highest in service");
	ferry_host_eoi(m, 0);
	is_int(lapic_ready(&m->cpu[0]), 0x41, "then the other");
	is_u64(count(m, L_EOI), 0, "edges are not broadcast");
	take(m, 0x41);
	ferry_host_eoi(m, 0);
}

static void parking(struct machine *m)
{
	program(m, MSIX, 7, 0x41);
	device_raise(m, MSIX);
	land(m);
	ok(irr(m, 1, 0x41), "pending on the other CPU");
	device_raise(m, MSI); /* disabled */
	is_u64(out.report.lost, 1, "so far one lost");
	lapic_reset(m, 1);
	m->cpu[1].parked = true;
	m->cpu[1].state = CPU_PARKED;
	is_u64(out.report.lost, 2, "INIT destroys what is pending");
	ok(!lapic_any(&m->cpu[1]), "and clears the IRR");
	device_raise(m, MSIX);
	land(m);
	is_u64(out.report.offline, 1, "a message to a parked CPU is noticed");
	ferry_host_ipi(m, 1, 0x30);
	is_u64(out.report.offline, 2, "an IPI too");
	ferry_host_ipi(m, 0, 0x77);
	is_u64(out.report.broken, 1, "an IPI that is no doorbell too");
	land(m);
	ok(irr(m, 0, 0x77), "it arrives all the same");
}

static void locks(struct machine *m)
{
	static ferry_lock lock;

	lock = (ferry_lock){ { 0, 0 } };
	ferry_host_lock(m, &lock);
	is_u64(m->cpu[0].locks, 1, "a lock is held");
	machine_look(m);
	ferry_host_lock(m, &lock);
	ferry_host_unlock(m, &lock);
	ok(!machine_looked(m), "a look from outside notices");
	ferry_host_unlock(m, &lock);
	is_u64(m->cpu[0].locks, 0, "and is held no more");
	machine_look(m);
	ferry_host_lock(m, &lock);
	ferry_host_unlock(m, &lock);
	ok(machine_looked(m) && !lock.opaque[0], "a look from outside leaves no trace");
}

/* ---- the storm's front door ------------------------------------------------------------- */

static void refused(struct storm_spec spec, const char *what)
{
	struct storm_report report;
	char error[128];
	int rc = storm_run(&spec, &report, NULL, NULL, error, sizeof(error));

	ok(rc < 0 && error[0], "%s: refused (%s)", what, error);
	storm_report_free(&report);
}

static void specifications(void)
{
	struct storm_irq irq = { .kind = FERRY_X86_MSIX, .period_ns = 1000 };
	struct storm_irq many[300];
	struct storm_spec good = {
		.cpus = 2, .devices = 1, .irqs = &irq, .nirqs = 1, .events = 100, .drain_ns = 20000
	};
	struct storm_spec spec = good;
	uint32_t i;

	refused((spec = good, spec.cpus = 0, spec), "no CPU");
	refused((spec = good, spec.cpus = 4097, spec), "4097 CPUs");
	refused((spec = good, spec.nirqs = 0, spec), "events without interrupts");
	refused((spec = good, spec.devices = 0, spec), "a device that is not there");
	refused((spec = good, spec.cpus = 9, spec.logical_flat = true, spec), "flat with 9 CPUs");
	irq.period_ns = 0;
	refused(good, "a period of 0");
	irq.period_ns = 1000;
	irq.kind = 77;
	refused(good, "an unknown kind");
	irq.kind = FERRY_X86_MSIX;
	for (i = 0; i < 300; i++)
		many[i] = irq;
	refused((spec = good, spec.cpus = 1, spec.irqs = many, spec.nirqs = 300, spec),
		"no vectors");
}

int main(void)
{
	run("MSI-X pending bit", msix_pending_bit, false, false);
	run("MSI mixture", msi_tears, false, false);
	run("messages in order", order, false, false);
	run("messages out of order", order, true, false);
	run("posted writes", posted, false, true);
	run("remapping entry", remapped, false, false);
	run("edge pin", edge_pin, false, false);
	run("level pin", level_pin, false, false);
	run("priorities", priorities, false, false);
	run("parking", parking, false, false);
	run("locks", locks, false, false);
	specifications();
	return tap_done();
}
