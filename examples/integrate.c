// SPDX-License-Identifier: MIT
/*
 * A whole integration on a toy machine: two CPUs, one MSI-X device, one thread. An
 * interrupt is moved while it fires, its CPU goes and comes back; every event has to
 * start its handler.
 *
 *     make -s build/examples/integrate && build/examples/integrate
 *
 * The README shows the parts between the marks.
 */
#include <irqferry/host.h>
#include <irqferry/x86.h>
#include <stdio.h>
#include <stdlib.h>

#pragma GCC diagnostic ignored "-Wunused-parameter" /* a toy needs few of them */

enum { CPUS = 2, DOORBELL = 0x30, FIRST = 0x40, LAST = 0xef };

/* ---- the toy machine --------------------------------------------------------- */

struct message {
	uint32_t cpu, vector;
};

static struct toy {
	bool irr[CPUS][256], parked[CPUS];
	uint32_t entry[5];         /* one MSI-X entry, by enum ferry_reg */
	bool pending;              /* ... and its pending bit */
	struct message flight[16]; /* sent, not yet in an IRR */
	uint32_t flights;
	uint64_t now, poll_at;
	struct ferry *ferry;
	uint32_t irq, raised, handled, lost;
} toy = { .poll_at = UINT64_MAX };

static void message_sent(void)
{
	toy.flight[toy.flights++] = (struct message){
		toy.entry[FERRY_REG_MSI_ADDR] >> 12 & 0xff,
		toy.entry[FERRY_REG_MSI_DATA] & 0xff,
	};
}

/* The device has an event. */
static void fire(void)
{
	toy.raised++;
	if (toy.entry[FERRY_REG_MSI_MASK])
		toy.pending = true;
	else
		message_sent();
}

static void take(uint32_t cpu);

/* A microsecond passes: messages arrive, time is up, CPUs take what is pending. */
static void tick(void)
{
	toy.now += 1000;
	for (uint32_t n = 0; n < toy.flights; n++) {
		toy.lost += toy.parked[toy.flight[n].cpu];
		toy.irr[toy.flight[n].cpu][toy.flight[n].vector] = true;
	}
	toy.flights = 0;
	if (toy.now >= toy.poll_at) {
		toy.poll_at = UINT64_MAX;
		ferry_poll(toy.ferry);
	}
	for (uint32_t cpu = 0; cpu < CPUS; cpu++)
		take(cpu);
}

/* clang-format off */
/* ---- 1. host.h ----------------------------------------------------------------- */

/* One thread, so a lock has nothing to do and an atomic is a variable. */
void ferry_host_lock(void *ctx, ferry_lock *lock) {}
void ferry_host_unlock(void *ctx, ferry_lock *lock) {}
uintptr_t ferry_host_irq_save(void *ctx) { return 0; }
void ferry_host_irq_restore(void *ctx, uintptr_t flags) {}
uint32_t ferry_host_load(void *ctx, const ferry_atomic *a) { return a->value; }
void ferry_host_store(void *ctx, ferry_atomic *a, uint32_t v) { a->value = v; }
static uint32_t swap(ferry_atomic *a, uint32_t v)
{
	uint32_t old = a->value;

	a->value = v;
	return old;
}
uint32_t ferry_host_xchg(void *ctx, ferry_atomic *a, uint32_t v) { return swap(a, v); }
uint32_t ferry_host_add(void *ctx, ferry_atomic *a, uint32_t v) { return swap(a, a->value + v); }
uint32_t ferry_host_or(void *ctx, ferry_atomic *a, uint32_t v) { return swap(a, a->value | v); }
uint32_t ferry_host_and(void *ctx, ferry_atomic *a, uint32_t v) { return swap(a, a->value & v); }
bool ferry_host_cas(void *ctx, ferry_atomic *a, uint32_t expected, uint32_t v)
{
	return a->value == expected && swap(a, v) == expected;
}
void ferry_host_wait(void *ctx, bool (*done)(void *arg), void *arg)
{
	while (!done(arg))
		tick();
}

/* [readme 1] */
void ferry_host_handle(void *ctx, uint32_t irq, uintptr_t cookie, uint32_t cpu)
{
	toy.handled++; /* a driver's handler is called here */
	printf("    handler start %u, on CPU %u\n", toy.handled, cpu);
}

void ferry_host_eoi(void *ctx, uint32_t cpu) { /* the local APIC's EOI register */ }
bool ferry_host_irr(void *ctx, uint32_t cpu, uint8_t vector) { return toy.irr[cpu][vector]; }
void ferry_host_ipi(void *ctx, uint32_t cpu, uint8_t vector) { toy.irr[cpu][vector] = true; }
uint64_t ferry_host_now(void *ctx) { return toy.now; }

void ferry_host_poll_in(void *ctx, uint64_t ns)
{
	if (toy.now + ns < toy.poll_at)
		toy.poll_at = toy.now + ns;
}

uint32_t ferry_host_read(void *ctx, uint32_t device, uint32_t index, enum ferry_reg reg)
{
	return toy.entry[reg];
}

void ferry_host_write(void *ctx, uint32_t device, uint32_t index, enum ferry_reg reg,
		      uint32_t value)
{
	toy.entry[reg] = value;
	if (reg == FERRY_REG_MSI_MASK && !value && toy.pending) {
		toy.pending = false;
		message_sent(); /* what latched while masked */
	}
}
/* [end] */

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	printf("not ok 1 - %s\n1..1\n", what);
	exit(1);
}

/* [readme 2] */
static void start(void)
{
	static const uint32_t apic_ids[CPUS] = { 0, 1 };
	struct ferry_x86_config config = {
		.core = { .cpus = CPUS, .irqs = 16, .drain_ns = 2000, .restore = true },
		.apic_ids = apic_ids,
		.first_vector = FIRST,
		.last_vector = LAST,
		.doorbell_vector = DOORBELL,
	};
	size_t size = ferry_x86_size(&config);

	must(ferry_x86_init(&config, malloc(size), size, &toy.ferry) == FERRY_OK, "init");
	for (uint32_t cpu = 0; cpu < CPUS; cpu++) /* each on itself, interrupts off */
		must(ferry_cpu_enter(toy.ferry, cpu) == FERRY_OK, "enter");
}
/* [end] */

/* [readme 3] */
static void create(void)
{
	struct ferry_source source = { .kind = FERRY_X86_MSIX, .flags = FERRY_SOURCE_ORDERED };
	uint64_t cpu0 = 1;

	must(ferry_x86_create(toy.ferry, &source, &cpu0, 1, &toy.irq) == 1, "create");
	must(ferry_irq_enable(toy.ferry, toy.irq) == FERRY_OK, "enable");
}

/* What the interrupt entries do. The highest vector first, as hardware does. */
static void take(uint32_t cpu)
{
	for (uint32_t vector = 255; vector >= 16; vector--) {
		if (!toy.irr[cpu][vector] || toy.parked[cpu])
			continue;
		toy.irr[cpu][vector] = false;
		if (vector == DOORBELL)
			ferry_x86_doorbell(toy.ferry, cpu);
		else if (ferry_x86_interrupt(toy.ferry, cpu, (uint8_t)vector) != FERRY_X86_TAKEN)
			toy.lost++;
	}
}
/* [end] */

/* [readme 4] */
static int move_to(uint32_t cpu)
{
	uint64_t mask = 1ull << cpu;

	return ferry_irq_set_affinity(toy.ferry, toy.irq, &mask, FERRY_NONE, NULL);
}

/* On the CPU that leaves. */
static int take_down(uint32_t cpu)
{
	int rc = ferry_cpu_leave(toy.ferry, cpu);

	if (rc != FERRY_OK)
		return rc;
	for (;;) {
		rc = ferry_cpu_leave_step(toy.ferry, cpu, NULL, NULL);
		if (rc == FERRY_OK) /* a kernel turns interrupts off here, for good */
			rc = ferry_cpu_commit(toy.ferry, cpu);
		if (rc != FERRY_E_AGAIN)
			break;
		tick(); /* interrupts on: handlers run, time passes */
	}
	if (rc == FERRY_OK)
		toy.parked[cpu] = true;
	else
		must(ferry_cpu_roll_back(toy.ferry, cpu) == FERRY_OK, "roll back");
	return rc;
}
/* [end] */

/* ---- the story -------------------------------------------------------------------- */

static void show(const char *what)
{
	char text[120];

	ferry_irq_describe(toy.ferry, toy.irq, text, sizeof(text));
	printf("%s: %s\n", what, text);
}

static void settle(void)
{
	for (int n = 0; ferry_irq_settle(toy.ferry, toy.irq, NULL) != FERRY_OK; n++, tick())
		must(n < 10, "a move did not end");
}

/* One message is under way to the old place when the move begins, one comes after it. */
static void move_while_it_fires(uint32_t cpu)
{
	fire();
	must(move_to(cpu) == FERRY_OK, "move");
	show("asked to move");
	fire();
	settle();
	show("after it");
}

int main(void)
{
	start();
	create();
	fire();
	tick();
	show("created");

	move_while_it_fires(1);
	move_while_it_fires(0);

	fire();
	must(take_down(0) == FERRY_OK, "offline");
	show("CPU 0 is gone");
	fire();
	tick();

	toy.parked[0] = false;
	must(ferry_cpu_enter(toy.ferry, 0) == FERRY_OK, "enter again");
	fire();
	settle();
	show("CPU 0 is back");

	must(ferry_irq_disable(toy.ferry, toy.irq) == FERRY_OK, "disable");
	while (ferry_irq_free(toy.ferry, toy.irq, 0, NULL) == FERRY_E_AGAIN)
		tick();
	show("freed");

	must(toy.handled == toy.raised && !toy.lost, "an event was lost");
	printf("ok 1 - %u events, %u handled\n1..1\n", toy.raised, toy.handled);
	return 0;
}
