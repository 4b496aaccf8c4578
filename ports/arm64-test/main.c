/* SPDX-License-Identifier: MIT */
/*
 * A machine of 8 CPUs on QEMU's `virt`, with GICv2, or GICv3 and its ITS, whichever is
 * there. Arguments (-semihosting-config arg=): seed, moves, interrupts, cycles, split (EOI
 * mode 1), errata (see errata.c), seconds (for all of it), patience (seconds, for one step
 * of the storm). Exit codes: 0 all well, 1 a check failed, 2 given up.
 */
#include "test.h"

#define TICK_NS 2000000u

struct ferry *ferry;
struct cpu cpus[CPUS];

enum stage { STARTING, IDLE, STORM };
static uint32_t stage, given_up;
static uint64_t deadline;
static bool gicv3;

void machine_level(uint64_t level);

/* ---- interrupts ---------------------------------------------------------------- */

static void tick(uint32_t cpu)
{
	timer_start(TICK_NS / 2 + random_below(cpu, TICK_NS));
	add(&cpus[cpu].ticks, 1);
	poll_if_due(ferry);
	if ((now_ns() > get(&deadline) || storm_stuck()) && !swap(&given_up, 1)) {
		check(false, "the machine gets on");
		storm_describe(); /* which may hang: locks */
		bail("nothing more happens, or too slowly");
	}
}

void local_handler(uint32_t cpu, uint32_t intid)
{
	if (intid == TIMER_INTID) {
		tick(cpu);
	} else if (intid < 16) {
		for (uint32_t from = 0; from < CPUS; from++)
			if (swap(&cpus[cpu].mail[from], 0))
				add(&cpus[cpu].taken, 1);
	} else {
		bail("CPU %u: nobody asked for PPI %u", cpu, intid);
	}
}

/* The IRQ exception. */
void interrupt(void)
{
	uint32_t cpu = this_cpu();
	int rc = ferry_gic_interrupt(ferry, cpu);

	if (rc == FERRY_GIC_SPURIOUS)
		cpus[cpu].spurious++;
	else if (rc != FERRY_GIC_TAKEN)
		cpus[cpu].unexpected++;
}

/* ---- the library --------------------------------------------------------------- */

#define IRQS 64u
#define LPI_NUMBERS 16384u /* the power of two that 8192 + IRQS fits in */
#define DEVICES 256u       /* of bus 0 */

static uint8_t memory[262144] __attribute__((aligned(64)));
static uint8_t lpi_config[LPI_NUMBERS - 8192] __attribute__((aligned(4096)));
static uint8_t lpi_pending[CPUS][65536] __attribute__((aligned(65536)));
static uint8_t device_table[65536] __attribute__((aligned(65536)));
static uint8_t collection_table[65536] __attribute__((aligned(65536)));
static uint8_t translations[DEVICES][256] __attribute__((aligned(256)));
static uint64_t commands[65536 / 8] __attribute__((aligned(65536)));

static void library_begin(void)
{
	struct ferry_mpidr mpidrs[CPUS];
	struct ferry_gic_region region = { .bytes = GICR_BYTES, .pa = GICR_BASE };
	struct ferry_its_config its = {
		.queue = commands,
		.queue_pa = (uintptr_t)commands,
		.queue_bytes = sizeof(commands),
		.device_table_pa = (uintptr_t)device_table,
		.device_table_bytes = sizeof(device_table),
		.collection_table_pa = (uintptr_t)collection_table,
		.collection_table_bytes = sizeof(collection_table),
		.device_bits = 8,
	};
	struct ferry_gic_config config = {
		/* Only what nobody has raised is freed: nothing is in flight then. */
		.core = { .drain_ns = 1000000,
			  .cpus = CPUS,
			  .irqs = IRQS,
			  .masks = 256,
			  .restore = true,
			  .trace = storm_trace },
		.flags = argument("split", 0) ? FERRY_GIC_SPLIT_EOI : 0,
		.variant = gicv3 ? &ferry_gicv3 : &ferry_gicv2,
		.mpidrs = mpidrs,
		.region = &region,
		.regions = 1,
		.spis = 224,
		.its = gicv3 ? &ferry_its : NULL,
		.its_config = &its,
		.nits = gicv3,
		.lpi_config = lpi_config,
		.lpi_config_pa = (uintptr_t)lpi_config,
		.lpi_pending_pa = (uintptr_t)lpi_pending,
		.lpi_pending_stride = sizeof(lpi_pending[0]),
	};
	int rc;

	for (uint32_t c = 0; c < CPUS; c++)
		mpidrs[c].value = c; /* Aff0 */
	if (!gicv3)
		config.mpidrs = NULL;
	say("# the library takes %lu of %lu bytes", (uint64_t)ferry_gic_size(&config),
	    (uint64_t)sizeof(memory));
	rc = ferry_gic_init(&config, memory, sizeof(memory), &ferry);
	if (rc != FERRY_OK)
		bail("ferry_gic_init: status %d", rc);
}

static void devices_known(void)
{
	for (uint32_t n = 0; n < nsources; n++) {
		uint32_t id = sources[n].device_id;
		int rc = FERRY_OK;

		if (sources[n].device->kind == FERRY_GIC_LPI)
			rc = ferry_its_device(ferry, 0, id, (uintptr_t)translations[id], 1);
		if (rc != FERRY_OK)
			bail("ferry_its_device: status %d", rc);
	}
}

/* ---- CPUs ---------------------------------------------------------------------- */

/* On it, interrupts off. `again`: the library knows its timer and its SGIs already. */
static void enter(uint32_t cpu, bool again)
{
	int rc = ferry_cpu_enter(ferry, cpu);

	for (uint32_t id = 0; id < 8 && !again && rc == FERRY_OK; id++)
		rc = ferry_gic_local(ferry, cpu, id, true, true, 0);
	if (!again && rc == FERRY_OK)
		rc = ferry_gic_local(ferry, cpu, TIMER_INTID, true, false, 0);
	if (rc != FERRY_OK)
		bail("CPU %u can't enter: status %d", cpu, rc);
	put(&cpus[cpu].ticks, 0);
	/* What was sent while it was away; the next ones come as SGIs. */
	for (uint32_t from = 0; from < CPUS; from++)
		put(&cpus[cpu].mail[from], 0);
	timer_start(TICK_NS);
	put(&cpus[cpu].online, 1);
	interrupts_on();
}

static void after_storm(void);

static _Noreturn void thread(uint32_t cpu)
{
	for (;;) {
		put(&cpus[cpu].quiet, cpus[cpu].quiet + 1);
		if (get(&stage) == STORM && !storm_over())
			storm_round(cpu);
		else if (get(&stage) == STORM && cpu == 0)
			after_storm();
		else
			wait_for_interrupt();
		relax();
	}
}

/* ---- one at a time ------------------------------------------------------------- */

static bool wait_until(bool (*done)(void *arg), void *arg)
{
	uint64_t until = now_ns() + 10000000000ull;

	while (!done(arg) && now_ns() < until)
		relax();
	return done(arg);
}

static bool is_idle(void *arg)
{
	return !get(&((struct source *)arg)->busy);
}

static bool is_settled(void *arg)
{
	struct source *s = arg;

	return ferry_irq_settle(ferry, s->irq, NULL) == FERRY_OK;
}

/* Move it to this CPU alone, and see that done. */
static bool send(struct source *s, uint32_t cpu)
{
	uint64_t mask = 1ull << cpu;

	return ferry_irq_set_affinity(ferry, s->irq, &mask, FERRY_NONE, NULL) == FERRY_OK &&
	       wait_until(is_settled, s);
}

/* To each CPU: taken there. */
static bool tour(struct source *s)
{
	bool good = true;

	put(&s->allowed, EVERY_CPU);
	for (uint32_t c = 0; c < CPUS && good; c++)
		good = send(s, c) && source_raise(s) && wait_until(is_idle, s) &&
		       get(&s->last_cpu) == c;
	return good;
}

/* ---- late: acknowledged on the old CPU, taken by the library after the move ---- */

static struct {
	uint32_t intid, cpu, caught;
} hold;

void acknowledged(uint32_t intid)
{
	if (get(&hold.intid) != (intid & 0xffffff) || get(&hold.cpu) != this_cpu())
		return;
	put(&hold.caught, 1);
	while (get(&hold.intid))
		relax();
}

static bool is_caught(void *arg)
{
	return get((uint32_t *)arg);
}

/* From CPU 1 to CPU 2, and taken on CPU 2 alone. */
static bool late(struct source *s)
{
	bool good = send(s, 1);

	put(&hold.caught, 0);
	put(&hold.cpu, 1);
	put(&hold.intid, ferry_gic_intid(ferry, s->irq));
	good = good && source_raise(s) && wait_until(is_caught, &hold.caught) && send(s, 2);
	put(&s->allowed, 1u << 2);
	put(&hold.intid, 0);
	return wait_until(is_idle, s) && good && get(&s->last_cpu) == 2 && !get(&s->outside);
}

/* The first that fails is the last one tried. */
static void check_sources(bool (*test)(struct source *s), const char *what)
{
	bool good = true;
	uint32_t n = 0;

	for (; n < nsources && good; n++)
		good = test(&sources[n]) && !get(&sources[n].doubled);
	if (!check(good, "%s: %u sources", what, nsources)) {
		say("# %s, %u", sources[n - 1].device->name, sources[n - 1].intid);
		storm_describe();
		finish();
	}
}

static bool has_ticked(void *arg)
{
	struct cpu *c = arg;

	return get(&c->ticks) >= 2;
}

static bool has_mail(void *arg)
{
	return get((uint32_t *)arg) == 0;
}

static void check_local(const char *when)
{
	bool ticked = true, sent = true;

	for (uint32_t c = 0; c < CPUS; c++) {
		put(&cpus[c].ticks, 0);
		ticked = wait_until(has_ticked, &cpus[c]) && ticked;
	}
	for (uint32_t to = 0; to < CPUS; to++) {
		mail(0, to);
		sent = wait_until(has_mail, &cpus[to].mail[0]) && sent;
	}
	check(ticked, "%s: each CPU's own timer ticks", when);
	check(sent, "%s: each CPU takes SGIs", when);
}

/* ---- the tests ----------------------------------------------------------------- */

static bool is_online(void *arg)
{
	return get(&((struct cpu *)arg)->online);
}

static void bring_up(void)
{
	bool all = true;

	for (uint32_t c = 1; c < CPUS; c++) {
		int64_t rc = cpu_on(c);

		all = all && rc == 0 && wait_until(is_online, &cpus[c]);
	}
	if (!check(all, "%u CPUs by PSCI", CPUS))
		bail("not enough CPUs");
}

static _Noreturn void first(uint64_t level, uint64_t seed)
{
	gicv3 = read_sysreg(id_aa64pfr0_el1) >> 24 & 15;
	say("# GICv%u, started at EL%u, seed %lu, EOI mode %u", gicv3 ? 3 : 2,
	    (uint32_t)(level >> 2), seed, (uint32_t)argument("split", 0));
	errata_are(!gicv3 && argument("errata", 0));
	put(&deadline, now_ns() + argument("seconds", 600) * 1000000000ull);
	library_begin();
	enter(0, false);
	devices_find();
	virtio_find();
	if (gicv3)
		pci_find();
	devices_known();
	sources_create();
	put(&stage, IDLE);
	bring_up();
	check_local("at first");
	check_sources(tour, "each taken where it was sent");
	check_sources(late, "each moved after its acknowledge, taken at its new place");
	storm_begin();
	put(&stage, STORM);
	thread(0);
}

/* CPU 0 again, which may have been off meanwhile. */
static void after_storm(void)
{
	storm_judge();
	check_local("after the storm");
	check_sources(tour, "after the storm, each taken where it was sent");
	finish();
}

_Noreturn void begin(uint32_t cpu, uint64_t level)
{
	bool again = get(&stage) == STORM;

	if (!again) {
		uint64_t seed = argument("seed", 1);

		cpus[cpu].random = (seed + 1) * 0x9e3779b97f4a7c15ull + cpu * 0xbf58476d1ce4e5b9ull;
		machine_level(level);
		if (cpu == 0)
			first(level, seed);
	}
	enter(cpu, again);
	thread(cpu);
}
