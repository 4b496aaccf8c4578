// SPDX-License-Identifier: MIT
/*
 * One interrupt moves from vCPU A to vCPU B, case by case, by each strategy: what that takes
 * from the arrival of one instance until the next one has been handled and all is quiet. A
 * linked edge-triggered SPI; A, B, C and W are in the guest on a CPU each and do nothing else;
 * W writes the route.
 *
 *     vgic_moves               tables
 *     vgic_moves --data        what a plot needs
 *     vgic_moves 0|1|2         one strategy, and no table: for who counts lines
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "bench/vgic_count.h"

#define SPI 40u
#define PHYS 100u
#define STRATEGIES 3u

enum { A = 0, B = 1, C = 2, W = 3 };

static const struct ferry_mpidr mpidrs[] = { { 0 }, { 1 }, { 2 }, { 3 } };
static struct ferry_vgic_config config;

/* ---- what happens ---------------------------------------------------------------------- */

static void boot(uint8_t strategy, bool ask)
{
	config = (struct ferry_vgic_config){
		.variant = &ferry_vgicv3,
		.hardware = &ferry_ich,
		.lrs = 4,
		.vcpus = 4,
		.mpidrs = mpidrs,
		.spis = 32,
		.strategy = strategy,
		.flags = ask ? FERRY_VGIC_ASK : 0,
	};
	fake_guest(&config);
	for (uint32_t v = A; v <= W; v++)
		fake_boot(v, v);
	guest_dist(W, true);
	phys_bind(SPI, PHYS, true);
	guest_route(W, SPI, A);
	guest_set(W, REG_ISENABLER, SPI);
	fake_settle();
}

static void route(uint32_t writer, uint32_t target)
{
	count_traps = writer;
	guest_route(writer, SPI, target);
	count_traps = FERRY_NONE;
	fake_settle();
}

static void event(void)
{
	phys_raise(PHYS);
	fake_settle();
}

/* Whoever sees it acknowledges it. */
static uint32_t starts(void)
{
	for (uint32_t v = A; v <= W; v++)
		if (fake.vcpu[v].cpu != FERRY_NONE && guest_sees(fake.vcpu[v].cpu) == SPI) {
			guest_ack(fake.vcpu[v].cpu);
			return v;
		}
	fake_wrong("nobody gets it");
	return A;
}

static void ends(uint32_t vcpu)
{
	guest_eoi(fake.vcpu[vcpu].cpu, SPI);
	fake_settle();
}

static void handled_by(uint32_t vcpu)
{
	uint32_t got = starts();

	if (got != vcpu)
		fake_wrong("vCPU %u got it, not %u", got, vcpu);
	ends(got);
}

/* ---- cases: what happens once A has got an instance ------------------------------------ */

/* Nothing is in flight. */
static void quiet(void)
{
	route(W, B);
	event();
	handled_by(B);
	event();
	handled_by(B);
}

/* A has it in a list register, and has its interrupts off. */
static void waiting(void)
{
	event();
	route(W, B);
	ends(starts());
	event();
	handled_by(B);
}

static void in_handler(void)
{
	event();
	if (starts() != A)
		fake_wrong("A does not get it");
}

static void handled(void)
{
	in_handler();
	route(W, B);
	ends(A);
	event();
	handled_by(B);
}

static void never(void)
{
	in_handler();
	route(W, B);
	ends(A);
	fake_leave(A);
	fake_enter(A);
	fake_settle();
}

static void again(void)
{
	in_handler();
	route(W, B);
	event();
	ends(A);
	handled_by(B);
}

static void by_itself(void)
{
	in_handler();
	route(A, B);
	event();
	ends(A);
	handled_by(B);
}

static void by_itself_never(void)
{
	in_handler();
	route(A, B);
	ends(A);
	fake_leave(A);
	fake_enter(A);
	fake_settle();
}

static void twice(void)
{
	in_handler();
	route(W, B);
	event();
	route(W, C);
	ends(A);
	handled_by(C);
}

static void back(void)
{
	in_handler();
	route(W, B);
	event();
	route(W, A);
	ends(A);
	handled_by(A);
}

static void descheduled(void)
{
	in_handler();
	route(W, B);
	fake_put(A);
	event();
	fake_load(A, A);
	fake_enter(A);
	fake_settle();
	ends(A);
	handled_by(B);
}

static const struct {
	const char *name;
	void (*run)(void);
	const char *what;
} cases[] = {
	{ "quiet", quiet, "nothing is in flight; then two events" },
	{ "waiting", waiting, "in A's list register, not taken; then an event" },
	{ "handled", handled, "A is in its handler; it comes again after the end" },
	{ "never", never, "A is in its handler; it does not come again; A leaves the guest once" },
	{ "again", again, "A is in its handler; it comes again before the end" },
	{ "by-itself", by_itself, "the same, A itself writes the route" },
	{ "by-itself-never", by_itself_never, "the same, it does not come again" },
	{ "twice", twice, "A is in its handler; to B; it comes again; to C" },
	{ "back", back, "A is in its handler; to B; it comes again; back to A" },
	{ "descheduled", descheduled,
	  "A is in its handler; A is put; it comes again; A is loaded" },
};
#define CASES (sizeof(cases) / sizeof(cases[0]))

static struct cost measure(size_t n, uint8_t strategy, bool ask)
{
	char name[80];

	snprintf(name, sizeof(name), "%s %u %u", cases[n].name, strategy, ask);
	boot(strategy, ask);
	count_start();
	cases[n].run();
	return count_end(name);
}

/* ---- telling --------------------------------------------------------------------------- */

static bool alike(const struct cost *a, const struct cost *b)
{
	return !memcmp(a, b, sizeof(*a));
}

static void row(const char *name, bool ask, const struct cost *c)
{
	printf("  %-12s %-3s %5u %5u %5u %5u %5u %4u %5u %5u %5u %5u ", name, ask ? "ask" : "",
	       c->exits[WHY_TRAP], c->exits[WHY_IRQ], c->exits[WHY_IPI], c->exits[WHY_MAINTENANCE],
	       c->of[A], c->of[B], c->ipis, c->routes, c->deactivations, c->locks);
	for (int k = 0; k < VGIC_MACHINES; k++)
		printf(" %6.2f", count_ns(c, &vgic_machines[k]) / 1000);
	printf("\n");
}

/* Strategies that differ in nothing share a row. */
static void rows(const struct cost c[STRATEGIES], bool ask)
{
	bool lazy = alike(&c[FERRY_LAZY_EARLY], &c[FERRY_LAZY_LATE]);

	if (lazy && alike(&c[FERRY_LAZY_LATE], &c[FERRY_MAINTENANCE])) {
		row("all", ask, &c[0]);
		return;
	}
	row(lazy ? "lazy" : "lazy early", ask, &c[FERRY_LAZY_EARLY]);
	if (!lazy)
		row("lazy late", ask, &c[FERRY_LAZY_LATE]);
	row("maintenance", ask, &c[FERRY_MAINTENANCE]);
}

static void costs(void)
{
	printf("Assumed costs, ns%10s", "");
	for (int k = 0; k < VGIC_MACHINES; k++)
		printf(" %7s", vgic_machines[k].name);
	for (int n = 0; n < VGIC_EVENTS; n++) {
		printf("\n  %-25s", vgic_event_names[n]);
		for (int k = 0; k < VGIC_MACHINES; k++)
			printf(" %7.0f", vgic_machines[k].ns[n]);
	}
	printf("\n\n");
}

static void cases_table(void)
{
	struct cost c[STRATEGIES];

	printf("One move: exits by cause, those of A and of B; what the library did; us in all\n");
	printf("%-18s %5s %5s %5s %5s %5s %4s %5s %5s %5s %5s ", "", "trap", "IRQ", "IPI", "maint",
	       "of A", "of B", "IPIs", "route", "deact", "locks");
	for (int k = 0; k < VGIC_MACHINES; k++)
		printf(" %6s", vgic_machines[k].name);
	printf("\n");
	for (size_t n = 0; n < CASES; n++) {
		printf("%s\n", cases[n].what);
		for (int ask = 0; ask < 2; ask++) {
			for (uint8_t s = 0; s < STRATEGIES; s++)
				c[s] = measure(n, s, ask);
			rows(c, ask);
		}
	}
}

/* ---- who wins -------------------------------------------------------------------------- */

/* What maintenance costs more than lazy late in this case. */
static double more(const char *name, bool ask, const struct vgic_machine *m)
{
	size_t n = 0;
	struct cost late, told;

	while (strcmp(cases[n].name, name) != 0)
		n++;
	late = measure(n, FERRY_LAZY_LATE, ask);
	told = measure(n, FERRY_MAINTENANCE, ask);
	return count_ns(&told, m) - count_ns(&late, m);
}

/* The share of moves in flight at which both cost the same: of those after which the interrupt
 * comes again before the old vCPU has left the guest for another reason. */
static double share(const char *again, const char *never, bool ask, const struct vgic_machine *m)
{
	double win = -more(again, ask, m), lose = more(never, ask, m);

	return win <= 0 ? 100 : lose / (lose + win) * 100;
}

static void shares(const char *what, const struct vgic_machine *m, uint32_t machines)
{
	printf("  %-26s", what);
	for (uint32_t k = 0; k < machines; k++)
		printf("  %5.1f%%", share("by-itself", "by-itself-never", false, &m[k]));
	printf("\n");
	printf("  %-26s", "... by another, who asks");
	for (uint32_t k = 0; k < machines; k++)
		printf("  %5.1f%%", share("again", "never", true, &m[k]));
	printf("\n");
}

static void break_even(void)
{
	static const double ratios[] = { 0.1, 0.3, 1, 3, 10, 30 };
	struct vgic_machine varied[sizeof(ratios) / sizeof(*ratios)];

	printf("\nFrom which share on of moves in flight, after which it comes again before the "
	       "old\n"
	       "vCPU has left the guest anyway, maintenance is cheaper than lazy late\n%-28s",
	       "");
	for (uint32_t k = 0; k < VGIC_MACHINES; k++)
		printf("  %6s", vgic_machines[k].name);
	printf("\n");
	shares("A itself writes the route", vgic_machines, VGIC_MACHINES);
	printf("light, but an IPI costs so many exits:\n%-28s", "");
	for (uint32_t k = 0; k < sizeof(ratios) / sizeof(*ratios); k++) {
		varied[k] = vgic_machines[0];
		varied[k].ns[EVENT_IPI] = ratios[k] * varied[k].ns[EVENT_EXIT];
		printf("  %6.1f", ratios[k]);
	}
	printf("\n");
	shares("A itself writes the route", varied, sizeof(ratios) / sizeof(*ratios));
}

/* For a plot: IPI / exit; the share, on each machine; the machine's own ratio. */
static void data(void)
{
	for (double ratio = 0.03; ratio < 40; ratio *= 1.1) {
		printf("share;%.4f", ratio);
		for (int k = 0; k < VGIC_MACHINES; k++) {
			struct vgic_machine m = vgic_machines[k];

			m.ns[EVENT_IPI] = ratio * m.ns[EVENT_EXIT];
			printf(";%.2f", share("by-itself", "by-itself-never", false, &m));
		}
		printf("\n");
	}
	for (int k = 0; k < VGIC_MACHINES; k++) {
		const struct vgic_machine *m = &vgic_machines[k];

		printf("machine;%s;%.4f;%.2f\n", m->name, m->ns[EVENT_IPI] / m->ns[EVENT_EXIT],
		       share("by-itself", "by-itself-never", false, m));
	}
}

/* One strategy alone: for who counts lines. */
static void run_all(uint8_t strategy)
{
	for (size_t n = 0; n < CASES; n++)
		for (int ask = 0; ask < 2; ask++)
			(void)measure(n, strategy, ask);
}

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "--data")) {
		data();
	} else if (argc > 1) {
		run_all((uint8_t)atoi(argv[1]));
	} else {
		costs();
		cases_table();
		break_even();
	}
	return fake.wrongs != 0;
}
