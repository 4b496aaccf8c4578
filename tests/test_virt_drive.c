/* SPDX-License-Identifier: MIT */
/*
 * test_virt_drive.c: guests on the simulated machine in virtual time, with the library's
 * virtual GIC: more vCPUs than CPUs, which hop and block; devices, injections, and guests
 * that route interrupts here and there. Nothing is lost, doubled or misdelivered; and equal
 * seeds make equal runs.
 */
#include <string.h>
#include "sim/virt.h"
#include "tests/tap.h"

enum { CPUS = 4, VCPUS = 6, LINKED = 6, SOURCES = 12 };
enum { FIRST = 40, FIRST_PHYS = 64, EVENTS = 2000, LEVELS = 3 };
enum where { READY, LOADED, BLOCKED };

static const uint64_t mpidrs[CPUS] = { 0, 0x101, 0x10013, 0x200000100 };
static struct sim_out out;
static struct virt_counts counts;
static struct machine *m;
static struct ferry_vgic *guest;

/* What the host knows. */
static struct {
	enum where where;
	bool woken;
	uint32_t src, target; /* of the route write that traps */
} vcpu[VCPUS];
static uint32_t left, refused; /* events still to come; calls that failed */
static bool booted, online[CPUS];

static uint32_t chance(uint32_t n)
{
	return (uint32_t)machine_below(m, n);
}

static void expect(bool good)
{
	refused += !good;
}

/* ---- devices ---------------------------------------------------------------------- */

static void fire_soon(uint32_t src)
{
	machine_at(m, m->now + 1 + chance(20000), label_of(L_FIRE, src, 0));
}

static void raise_it(uint32_t src)
{
	/* What is asserted can't be asserted again. */
	if (!left || m->source[src].line)
		return;
	left--;
	(void)device_raise(m, src);
}

/* The label was a tick: its source is not alive for device_fire. */
static void fired(struct machine *machine, uint32_t src, bool raised)
{
	(void)machine, (void)raised;
	m->source[src].live = true;
	raise_it(src);
	m->source[src].live = false;
	if (left)
		fire_soon(src);
}

static void inject(void)
{
	uint32_t src = LINKED + chance(SOURCES - LINKED);

	if (!left)
		return;
	left--;
	virt_inject_event(m, src);
	expect(ferry_vgic_inject(guest, 0, FIRST + src, true) == FERRY_OK);
}

/* ---- the guest -------------------------------------------------------------------- */

static bool may(struct machine *machine, uint32_t v)
{
	(void)machine;
	return !m->virt->vcpu[v].nactive;
}

static struct virt_trap route_to(uint32_t src, uint32_t target)
{
	struct virt_trap t = { .kind = TRAP_ACCESS, .frame = FERRY_GICD, .write = 1 };

	t.bytes = m->config.guest_gic == 2 ? 1 : 8;
	t.offset = m->config.guest_gic == 2 ? 0x800 + FIRST + src : 0x6000 + 8 * (FIRST + src);
	t.value = m->config.guest_gic == 2 ? 1u << target : target;
	return t;
}

static enum virt_exit instruction(struct machine *machine, uint32_t v, struct virt_trap *trap)
{
	if (!left || chance(4) == 0)
		return virt_wfi(machine, v, trap);
	if (chance(3))
		return VIRT_STAY;
	vcpu[v].src = chance(SOURCES);
	vcpu[v].target = chance(VCPUS);
	*trap = route_to(vcpu[v].src, vcpu[v].target);
	return VIRT_TRAP;
}

static void access_as(uint32_t v, const struct virt_trap *t)
{
	struct ferry_vgic_access a = { t->frame, t->bytes, t->write, t->offset, t->value };

	expect(ferry_vgic_access(guest, v, &a) == FERRY_OK);
}

static void write_as(uint32_t v, uint32_t offset, uint32_t value)
{
	struct virt_trap t = { TRAP_ACCESS, FERRY_GICD, 4, 1, offset, value };

	access_as(v, &t);
}

static void boot_guest(void)
{
	uint32_t src, n;

	for (n = 1; n < 3; n++) {
		write_as(0, 0x080 + 4 * n, ~0u); /* groups */
		for (src = 0; src < 2; src++)
			write_as(0, 0xc00 + 8 * n + 4 * src, 0xaaaaaaaa); /* edges */
		write_as(0, 0x100 + 4 * n, ~0u);
	}
	write_as(0, 0x000, 3);
	for (src = 0; src < SOURCES; src++) {
		virt_told_enable(m, src, true, false);
		virt_told_enable(m, src, true, true);
		if (m->config.guest_gic == 2) {
			struct virt_trap t = route_to(src, 0);

			access_as(0, &t);
		}
	}
}

/* ---- the host --------------------------------------------------------------------- */

static uint32_t next_ready(uint32_t cpu)
{
	uint32_t i, v;

	for (i = 0; i < VCPUS; i++) {
		v = (cpu + i) % VCPUS;
		if (vcpu[v].where == READY)
			return v;
	}
	return NONE;
}

static bool has_work(struct machine *machine, uint32_t cpu)
{
	(void)machine;
	return !online[cpu] || ((booted || cpu == 0) && next_ready(cpu) != NONE);
}

static void stir(void)
{
	uint32_t cpu;

	for (cpu = 0; cpu < CPUS; cpu++)
		cpu_kick(m, cpu);
}

static void wake(struct machine *machine, uint32_t v)
{
	(void)machine;
	vcpu[v].woken = true;
	if (vcpu[v].where == BLOCKED)
		vcpu[v].where = READY;
	stir();
}

static void on_trap(uint32_t v)
{
	struct virt_trap t = *virt_trapped(m);

	ferry_host_irq_restore(m, 1);
	if (t.kind == TRAP_ACCESS) {
		virt_told_route(m, vcpu[v].src, vcpu[v].target, false);
		access_as(v, &t);
		virt_told_route(m, vcpu[v].src, vcpu[v].target, true);
	} else if (t.kind == TRAP_DIR) {
		expect(ferry_vgic_dir(guest, v, (uint32_t)t.value) == FERRY_OK);
	}
	(void)ferry_host_irq_save(m);
}

/* The vCPU runs here until it blocks, or is to run elsewhere. */
static enum where run(uint32_t v)
{
	enum virt_exit why;

	for (;;) {
		why = VIRT_STAY;
		if (ferry_vcpu_enter(guest, v) == FERRY_OK) {
			why = virt_run(m, v);
			ferry_vcpu_exit(guest, v);
		}
		virt_window(m);
		if (why == VIRT_TRAP && virt_trapped(m)->kind == TRAP_WFI) {
			vcpu[v].woken = false;
			if (ferry_vcpu_block(guest, v) == FERRY_OK)
				return BLOCKED;
		} else if (why == VIRT_TRAP) {
			on_trap(v);
		}
		if (chance(8) == 0)
			return READY;
	}
}

static void work(struct machine *machine, uint32_t cpu)
{
	uint32_t v = next_ready(cpu);
	bool blocked;

	(void)machine;
	if (!online[cpu]) {
		virt_cpu_online(m, cpu);
		online[cpu] = true;
		return;
	}
	if (v == NONE)
		return;
	vcpu[v].where = LOADED;
	if (!booted) {
		boot_guest();
		booted = true;
		stir();
	}
	inject();
	(void)ferry_host_irq_save(m);
	ferry_vcpu_unblock(guest, v);
	ferry_vcpu_load(guest, v, cpu);
	virt_loaded(m, cpu, v);
	blocked = run(v) == BLOCKED;
	virt_loaded(m, cpu, NONE);
	ferry_vcpu_put(guest, v);
	virt_check_put(m, cpu);
	/* Perhaps it was woken while it was put. */
	vcpu[v].where = blocked && !vcpu[v].woken ? BLOCKED : READY;
	ferry_host_irq_restore(m, 1);
	stir();
}

static struct ferry_vgic *guest_of(struct machine *machine)
{
	(void)machine;
	return guest;
}

static const struct virt_client virt_client = { .may = may,
						.instruction = instruction,
						.wake = wake,
						.complete = virt_is_complete,
						.pending = virt_is_pending,
						.guest_of = guest_of };
static const struct sim_client client = { .has_work = has_work,
					  .work = work,
					  .fired = fired,
					  .interrupt = virt_irq,
					  .virt = &virt_client };

/* ---- a run ------------------------------------------------------------------------ */

static struct ferry_vgic_config library_config(uint8_t gic, uint8_t seen, uint8_t strategy)
{
	static struct ferry_mpidr affinity[VCPUS];
	uint32_t i;

	for (i = 0; i < VCPUS; i++)
		affinity[i] = (struct ferry_mpidr){ i };
	return (struct ferry_vgic_config){
		.ctx = (void *)m,
		.variant = seen == 2 ? &ferry_vgicv2 : &ferry_vgicv3,
		.hardware = gic == 2 ? &ferry_gich : &ferry_ich,
		.lrs = 2,
		.vcpus = VCPUS,
		.mpidrs = seen == 3 ? affinity : NULL,
		.spis = 32,
		.strategy = strategy,
		.flags = strategy == FERRY_LAZY_LATE ? 0 : FERRY_VGIC_ASK,
	};
}

static void build(uint8_t gic, uint8_t seen, uint64_t seed)
{
	struct sim_config config = { .cpus = CPUS,
				     .sources = SOURCES,
				     .devices = SOURCES,
				     .seed = seed,
				     .storm = true,
				     .stack = 65536,
				     .flights = 4096,
				     .library = 1 << 18,
				     .client = &client,
				     .gic = gic,
				     .mpidrs = mpidrs,
				     .spis = 64,
				     .recall_ns = 500,
				     .gic_slow = seed & 1,
				     .virt = true,
				     .vcpus = VCPUS,
				     .lrs = 2,
				     .guest_gic = seen,
				     .guest_ns = 300 };

	memset(&out, 0, sizeof(out));
	memset(&counts, 0, sizeof(counts));
	memset(vcpu, 0, sizeof(vcpu));
	booted = false;
	refused = 0;
	left = EVENTS;
	out.counts = &counts;
	m = machine_new(&config, &out);
	if (!m)
		bail("no memory for the simulated machine");
}

static void wire(uint32_t src)
{
	struct source *s = &m->source[src];

	s->kind = src < LEVELS ? FERRY_GIC_LEVEL : FERRY_GIC_EDGE;
	s->device = src;
	s->live = src >= LINKED;
	s->intid = src < LINKED ? FIRST_PHYS + src : 0;
	if (src < LINKED)
		m->gic->line[arm_index(m, s->intid)].src = src + 1;
	virt_wire(m, src, FIRST + src, NONE, src < LINKED);
}

static void start(struct ferry_vgic_config *k)
{
	uint32_t i;

	m->quiet = true;
	k->ctx = m;
	if (ferry_vgic_init(k, m->library, m->config.library, &guest) != FERRY_OK)
		bail("the guest can't be built");
	for (i = 0; i < SOURCES; i++)
		wire(i);
	virt_setup(m);
	for (i = 0; i < LINKED; i++) {
		expect(ferry_vgic_bind(guest, FIRST + i, FIRST_PHYS + i, i >= LEVELS) == FERRY_OK);
		virt_enable(m, i, true);
		fire_soon(i);
	}
	for (i = 0; i < VCPUS; i++) {
		expect(ferry_vcpu_power(guest, i, true) == FERRY_OK);
		virt_power(m, i, true, 0);
	}
	m->quiet = false;
	for (i = 0; i < CPUS; i++) {
		online[i] = false;
		cpu_unpark(m, i);
	}
}

static uint64_t storm(uint8_t gic, uint8_t seen, uint8_t strategy, uint64_t seed)
{
	struct ferry_vgic_config k;
	uint64_t fingerprint;
	uint32_t i;

	build(gic, seen, seed);
	k = library_config(gic, seen, strategy);
	start(&k);
	for (i = 0; i < 1000 && machine_storm(m, 10000); i++)
		if (out.report.nviolations)
			break;
	fingerprint = out.report.fingerprint;
	oracle_final_events(m);
	ok(!out.report.nviolations && !refused && !left && i < 1000,
	   "GICv%u, guest sees v%u, strategy %u, seed %u: %u events", gic, seen, strategy,
	   (unsigned)seed, (unsigned)out.report.raised);
	ok(counts.moved > 50 && counts.kicks > 50, "interrupts have moved");
	for (i = 0; i < out.report.nviolations && i < 3; i++)
		diag("%s", out.report.violation[i]);
	diag("%llu entries, %llu kicks, %llu wakes, %llu starts, %llu moved, %llu late, "
	     "%llu software ends",
	     (unsigned long long)counts.entries, (unsigned long long)counts.kicks,
	     (unsigned long long)counts.wakes, (unsigned long long)counts.starts,
	     (unsigned long long)counts.moved, (unsigned long long)counts.late,
	     (unsigned long long)counts.deactivations[1]);
	machine_delete(m);
	queue_free(&out.queue);
	return fingerprint;
}

int main(void)
{
	uint8_t strategy;
	uint64_t first;

	for (strategy = 0; strategy <= FERRY_MAINTENANCE; strategy++) {
		(void)storm(2, 2, strategy, 1);
		(void)storm(3, 3, strategy, 2);
		(void)storm(3, 2, strategy, 3);
	}
	first = storm(3, 3, FERRY_LAZY_LATE, 7);
	is_u64(storm(3, 3, FERRY_LAZY_LATE, 7), first, "a run is a function of its seed");
	return tap_done();
}
