// SPDX-License-Identifier: MIT
/*
 * A guest's timer tick, and a switch of vCPUs, by each scheme in which a PPI follows the resident
 * vCPU: what each takes. Two vCPUs share a CPU; whichever is loaded does nothing else.
 */
#include <stdio.h>
#include <string.h>
#include "bench/vgic_count.h"

#define TIMER 27u
#define ON 1u
#define SCHEMES 3u
#define TICK 1000u

enum { A = 0, B = 1 };

static const struct ferry_mpidr mpidrs[] = { { 0 }, { 1 } };
static struct ferry_resident resident;
static struct ferry_vgic_config config;
static uint32_t seen; /* of CTL: what the guest reads in its handler */

/* ---- what happens ---------------------------------------------------------------------- */

static void boot(uint8_t scheme)
{
	resident = (struct ferry_resident){
		.intid = TIMER, .phys = TIMER_PPI, .scheme = scheme, .timer = 1, .vcpu = A
	};
	config = (struct ferry_vgic_config){
		.variant = &ferry_vgicv3,
		.hardware = &ferry_ich,
		.lrs = 4,
		.vcpus = 2,
		.mpidrs = mpidrs,
		.spis = 32,
		.nresident = 1,
		.resident = &resident,
		.residents = &ferry_residents,
	};
	fake_guest(&config);
	timers_reset(false);
	fake_boot(B, 0);
	guest_dist(B, true);
	fake_put(B);
	fake_boot(A, 0);
	guest_set(A, REG_ISENABLER, TIMER);
	guest_timer(0, TICK, ON);
	ppi_settle();
}

static void pass_time(void)
{
	timer_until(timers.count + TICK);
	ppi_settle();
}

static void starts(void)
{
	if (guest_ack(0) != TIMER)
		fake_wrong("no tick");
	seen = guest_timer_ctl(0);
}

static void ends(void)
{
	guest_eoi(0, TIMER);
	ppi_settle();
}

/* The guest's handler: when the timer comes next. */
static void program(uint64_t in)
{
	guest_timer(0, timers.count + in, ON);
	ppi_settle();
}

static void put_and_load(uint32_t out, uint32_t in)
{
	count_traps = out; /* why it is left is not this comparison's */
	fake_put(out);
	count_traps = FERRY_NONE;
	fake_load(in, 0);
	fake_enter(in);
	ppi_settle();
}

/* ---- cases ----------------------------------------------------------------------------- */

static void tick(void)
{
	pass_time();
	starts();
	program(TICK);
	ends();
}

static void is_due_already(void)
{
	pass_time();
	starts();
	program(0);
	ends();
	starts();
	program(TICK);
	ends();
}

static void control_first(void)
{
	pass_time();
	starts();
	guest_timer(0, timers.count, ON);
	ppi_settle();
	program(TICK);
	ends();
	if (guest_sees(0) == TIMER) {
		starts();
		ends();
	}
}

static void twice(void)
{
	tick();
	tick();
}

static void switch_idle(void)
{
	put_and_load(A, B);
	put_and_load(B, A);
}

static void switch_in_handler(void)
{
	pass_time();
	starts();
	put_and_load(A, B);
	put_and_load(B, A);
	program(TICK);
	ends();
}

static void expires_outside(void)
{
	put_and_load(A, B);
	pass_time();
	put_and_load(B, A);
	starts();
	program(TICK);
	ends();
}

static const struct {
	const char *name;
	void (*run)(void);
	const char *what;
} cases[] = {
	{ "tick", tick, "a tick; the handler sets the next one, then EOI" },
	{ "two", twice, "two such ticks" },
	{ "due", is_due_already, "two ticks: the second is due before the EOI of the first" },
	{ "control", control_first, "a tick; the handler writes CTL, then CVAL" },
	{ "switch", switch_idle, "to another vCPU and back, the timer runs" },
	{ "handler", switch_in_handler, "a tick; to another vCPU and back in its handler" },
	{ "outside", expires_outside, "to another vCPU; the timer comes; back" },
};
#define TICK_CASE 0u
#define CUT_CASE 5u
#define CASES (sizeof(cases) / sizeof(cases[0]))

static const char *const names[SCHEMES] = { "switched", "fixed", "injected" };

static struct cost measure(size_t n, uint8_t scheme)
{
	char name[80];

	snprintf(name, sizeof(name), "%s %u 0", cases[n].name, scheme);
	boot(scheme);
	seen = ON;
	count_start();
	cases[n].run();
	return count_end(name);
}

static void row(const char *name, const struct cost *c)
{
	printf("  %-10s %5u %6u %5u %6u %5u %5u %6u %7s ", name,
	       c->exits[WHY_IRQ] + c->exits[WHY_IPI], c->exits[WHY_MAINTENANCE],
	       c->deactivations + c->others, c->timer, c->lrs, c->ich, c->locks,
	       seen & 2 ? "masked" : "its own");
	for (int k = 0; k < VGIC_MACHINES; k++)
		printf(" %6.2f", count_ns(c, &vgic_machines[k]) / 1000);
	printf("\n");
}

/* What the case costs more if switched than if injected. */
static double more(size_t n, const struct vgic_machine *m)
{
	struct cost s = measure(n, FERRY_RESIDENT_SWITCHED),
		    i = measure(n, FERRY_RESIDENT_INJECTED);

	return count_ns(&s, m) - count_ns(&i, m);
}

static void break_even(void)
{
	printf("\nSwitched costs less than injected, ns%17s", "");
	for (int k = 0; k < VGIC_MACHINES; k++)
		printf(" %7s", vgic_machines[k].name);
	for (size_t n = 0; n < CASES; n++) {
		printf("\n  %-52s", cases[n].what);
		for (int k = 0; k < VGIC_MACHINES; k++)
			printf(" %7.0f", 0.0 - more(n, &vgic_machines[k]));
	}
	printf("\nInjected is cheaper if so many ticks are cut by a switch%s", "");
	for (int k = 0; k < VGIC_MACHINES; k++) {
		double gain = -more(TICK_CASE, &vgic_machines[k]);

		printf(" %6.1f%%", gain / (gain + more(CUT_CASE, &vgic_machines[k])) * 100);
	}
	printf("\n");
}

/* For a plot. */
static void data(void)
{
	for (size_t n = 0; n < CASES; n++)
		for (uint8_t s = 0; s < SCHEMES; s++) {
			struct cost c = measure(n, s);

			printf("%s;%s", cases[n].name, names[s]);
			for (int k = 0; k < VGIC_MACHINES; k++)
				printf(";%.3f", count_ns(&c, &vgic_machines[k]) / 1000);
			printf("\n");
		}
}

static void table(void)
{
	printf("Ticks and switches: exits; what the library did; CTL as the handler reads it; "
	       "us\n");
	printf("%-12s %5s %6s %5s %6s %5s %5s %6s %7s ", "", "IRQ", "maint", "PPI", "timer", "LRs",
	       "ICH", "locks", "CTL");
	for (int k = 0; k < VGIC_MACHINES; k++)
		printf(" %6s", vgic_machines[k].name);
	printf("\n");
	for (size_t n = 0; n < CASES; n++) {
		printf("%s\n", cases[n].what);
		for (uint8_t s = 0; s < SCHEMES; s++) {
			struct cost c = measure(n, s);

			row(names[s], &c);
		}
	}
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "--data")) {
		data();
	} else {
		table();
		break_even();
	}
	return fake.wrongs != 0;
}
