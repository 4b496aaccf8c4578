// SPDX-License-Identifier: MIT
/*
 * The virtual GIC: what the other tests of it leave out. Configurations that are refused; two
 * calls of which the second falls into one certain gap of the first; guests that end what they
 * never took; which lock guards what.
 */
#include "tests/vgic_cases.h"
#include <irqferry/guards.h>

#define OTHER 41u
#define GAPS 60u /* more than any call here has */

static bool seen_active;

/* ---- configurations ---------------------------------------------------------- */

static const struct ferry_resident good[2] = {
	{ .intid = 20, .phys = 27, .timer = 1 },
	{ .intid = 21, .phys = 23 },
};

static size_t size_with(struct ferry_resident r, uint8_t n)
{
	struct ferry_resident residents[FERRY_RESIDENTS + 1] = { good[0], r };

	for (uint8_t k = 2; k <= FERRY_RESIDENTS; k++)
		residents[k] = (struct ferry_resident){ .intid = 24 + k, .phys = 16 + k };
	configure();
	config.nresident = n;
	config.resident = residents;
	config.residents = &ferry_residents;
	return ferry_vgic_size(&config);
}

static void residents_refused(void)
{
	struct ferry_resident r = good[1];

#define REFUSED(change) \
	do { \
		r = good[1]; \
		change; \
		must(!size_with(r, 2)); \
	} while (0)
	must(size_with(r, 2) && size_with(r, FERRY_RESIDENTS));
	REFUSED(r.intid = 15);
	REFUSED(r.intid = 32);
	REFUSED(r.intid = good[0].intid);
	REFUSED(r.phys = 15);
	REFUSED(r.phys = 32);
	REFUSED(r.phys = good[0].phys);
	REFUSED(r.scheme = FERRY_RESIDENT_INJECTED + 1);
	REFUSED(r.scheme = FERRY_RESIDENT_INJECTED); /* no timer */
	REFUSED((r.scheme = FERRY_RESIDENT_FIXED, r.vcpu = 4));
	REFUSED(r.timer = 1); /* the second */
	REFUSED(r.timer = 2);
	REFUSED(r.edge = 2);
	r = good[1];
	r.scheme = FERRY_RESIDENT_FIXED;
	r.vcpu = 3;
	must(size_with(r, 2));
	must(!size_with(good[1], FERRY_RESIDENTS + 1));
	size_with(good[1], 2);
	config.resident = NULL;
	must(!ferry_vgic_size(&config));
	size_with(good[1], 2);
	config.residents = NULL;
	must(!ferry_vgic_size(&config));
}

static void memory_refused(void)
{
	static uint64_t block[1 << 14];
	struct ferry_vgic *g = NULL;
	size_t size;

	configure();
	size = ferry_vgic_size(&config);
	must(size && size < sizeof(block));
	must(ferry_vgic_init(&config, NULL, size, &g) == FERRY_E_MEMORY);
	must(ferry_vgic_init(&config, block, size - 1, &g) == FERRY_E_MEMORY && !g);
	config.flags = 2;
	must(!ferry_vgic_size(&config));
	config.flags = 0;
	config.strategy = FERRY_MAINTENANCE + 1;
	must(!ferry_vgic_size(&config));
	must(ferry_vgic_init(&config, block, sizeof(block), &g) == FERRY_E_INVALID && !g);
}

static void calls_refused(void)
{
	start();
	fake.self = 7;
	must(ferry_vgic_dir(fake.g, 4, SPI) == FERRY_E_INVALID);
	must(ferry_vgic_dir(fake.g, FERRY_NONE, 0) == FERRY_E_INVALID);
	must(ferry_vgic_dir(fake.g, A, 32 + SPIS) == FERRY_E_INVALID);
	must(ferry_vgic_bind(fake.g, SPI, 31, true) == FERRY_E_INVALID);
	must(ferry_vgic_bind(fake.g, SPI, FERRY_NONE, true) == FERRY_E_INVALID);
	must(ferry_vgic_bind(fake.g, 31, PHYS, true) == FERRY_E_INVALID);
	must(ferry_vgic_bind(fake.g, 32 + SPIS, PHYS, true) == FERRY_E_INVALID);
	must(fake_look(A, SPI).phys == FERRY_NONE);
}

/* ---- in one gap of a call -------------------------------------------------------- */

static void two_pend(void)
{
	start();
	virtual_spi(SPI, B, true);
	virtual_spi(OTHER, B, true);
	fake_settle();
	fake_leave(B);
	inject(SPI, true);
	inject(OTHER, true);
}

static void enter_b(void)
{
	if (!fake.cpu[B].guest && fake.self != B)
		fake_enter_once(B);
}

/* B fills its list registers while A takes one of the two away. */
static void disabled_meanwhile(void)
{
	for (uint32_t gap = 0; gap < GAPS; gap++) {
		two_pend();
		fake.hook = enter_b;
		fake.hook_in = gap;
		guest_set(A, REG_ICENABLER, SPI);
		fake.hook = NULL;
		enter_b();
		fake_settle();
		must(only(FERRY_NONE, SPI));
		take(B, OTHER);
		must(guest_sees(B) == FAKE_SPURIOUS);
	}
}

static void route_to_c(void)
{
	if (fake.self != C)
		guest_route(C, SPI, C);
}

/* B fills its list registers while A has it pend no more, or has it active. */
static void ordered_on_entry(void)
{
	for (uint32_t n = 0; n < 2 * GAPS; n++) {
		bool active = n & 1;

		two_pend();
		fake.hook = enter_b;
		fake.hook_in = n / 2;
		guest_set(A, active ? REG_ISACTIVER : REG_ICPENDR, SPI);
		fake.hook = NULL;
		must(fake_look(A, SPI).active == active);
		must(fake_look(A, SPI).pending == active);
		enter_b();
		fake_settle();
		must(only(FERRY_NONE, SPI));
		take(B, OTHER);
		guest_set(C, REG_ICACTIVER, SPI);
		fake_settle();
		must(only(active ? B : FERRY_NONE, SPI));
	}
}

/* It changes lists while A has it pend no more, or has it active, or not active any more. */
static void ordered_meanwhile(void)
{
	static const enum fake_reg orders[] = { REG_ICPENDR, REG_ISACTIVER, REG_ICACTIVER };

	for (uint32_t n = 0; n < 3 * GAPS; n++) {
		enum fake_reg reg = orders[n % 3];

		two_pend();
		fake.hook = route_to_c;
		fake.hook_in = n / 3;
		guest_set(A, reg, SPI);
		must(fake_look(A, SPI).active == (reg == REG_ISACTIVER));
		fake.hook = NULL;
		fake.self = 7;
		route_to_c();
		fake_settle();
		take(B, OTHER);
		must(only(reg == REG_ICACTIVER ? C : FERRY_NONE, SPI));
		guest_set(A, REG_ICACTIVER, SPI);
		fake_settle();
		must(only(reg == REG_ICPENDR ? FERRY_NONE : C, SPI));
	}
}

static void wake_b(void)
{
	uint32_t cpu = fake.self;

	fake.self = B;
	ferry_vcpu_unblock(fake.g, B);
	fake.vcpu[B].blocked = false;
	fake.self = cpu;
}

/* B runs again for another reason just when it is to be told. */
static void woken_meanwhile(void)
{
	for (uint32_t gap = 0; gap < GAPS; gap++) {
		start();
		virtual_spi(SPI, B, true);
		fake_settle();
		must(fake_block(B));
		fake.hook = wake_b;
		fake.hook_in = gap;
		inject(SPI, true);
		fake.hook = NULL;
		fake_settle();
		must(!fake.vcpu[B].blocked);
		take(B, SPI);
		must(guest_sees(B) == FAKE_SPURIOUS);
	}
}

static void read_active(void)
{
	if (!guest_get(C, REG_ISENABLER, SPI))
		fake_wrong("it is enabled");
	seen_active = seen_active || fake_look(C, SPI).active;
}

/* C reads while what A has deactivated is still in B's list register. */
static void read_meanwhile(void)
{
	seen_active = false;
	for (uint32_t gap = 0; gap < GAPS; gap++) {
		start();
		virtual_spi(SPI, B, true);
		fake_leave(C);
		fake.vcpu[C].runs = false;
		inject(SPI, true);
		fake_settle();
		handle(B, SPI);
		fake_leave(B);
		fake_enter(B);
		fake.hook = read_active;
		fake.hook_in = gap;
		guest_set(A, REG_ICACTIVER, SPI);
		fake.hook = NULL;
		must(!guest_get(A, REG_ISACTIVER, SPI));
		must(!fake_look(A, SPI).active);
	}
	must(seen_active);
}

/* ---- guests that keep no rule --------------------------------------------------------- */

/* Of two active ones one is in the list register, and the other ended twice. */
static void ended_twice(void)
{
	now.lrs = 1;
	start();
	virtual_spi(SPI, B, true);
	virtual_spi(OTHER, B, true);
	guest_priority(C, SPI, 0x80);
	guest_priority(C, OTHER, 0x40);
	inject(SPI, true);
	fake_settle();
	handle(B, SPI);
	inject(OTHER, true);
	fake_settle();
	handle(B, OTHER);
	fake_leave(B);
	fake_enter(B);
	must(fake_look(B, SPI).active && fake_look(B, OTHER).active);
	must(fake_lr_of(B, SPI) == FERRY_NONE);
	guest_eoi(B, SPI);
	guest_eoi(B, SPI);
	fake_settle();
	must(!fake_look(B, SPI).active && fake_look(B, OTHER).active);
	guest_set(B, REG_ICACTIVER, OTHER);
	must(!fake_look(B, SPI).active && !fake_look(B, OTHER).active);
	now.lrs = 4;
}

/* It comes once more after its end, and that before the unlinking vCPU was folded. */
static void arrives_unlinked(void)
{
	start();
	linked_spi(SPI, PHYS, B);
	phys_raise(PHYS);
	fake_settle();
	take(B, SPI);
	phys_lower(PHYS);
	phys_raise(PHYS);
	fake.self = 7;
	must(ferry_vgic_unbind(fake.g, SPI) == FERRY_E_AGAIN);
	phys_take(PHYS, 7);
	phys_lower(PHYS);
	fake_serve();
	must(only(FERRY_NONE, SPI));
	fake.phys[PHYS].enabled = false;
	fake.self = 7;
	must(ferry_vgic_unbind(fake.g, SPI) == FERRY_OK);
	must(phys_calm(PHYS) && fake.phys[PHYS].taken == 2);
}

/* ---- which lock guards what --------------------------------------------------------------- */

/* Every word of the guest's memory has a guard; each interrupt a lock, which is two words. */
static void guards(void)
{
	uint32_t count[FERRY_GUARD_OWN + 1] = { 0 }, virqs = 4 * 32 + SPIS;
	const uint32_t *memory;
	size_t words;

	start();
	memory = (const void *)fake.g;
	words = ferry_vgic_size(&config) / 4;
	for (size_t n = 0; n < words; n++) {
		struct ferry_guard guard = ferry_vgic_guard(fake.g, &memory[n]);
		bool locked = guard.kind == FERRY_GUARD_PLAIN || guard.kind == FERRY_GUARD_CELL ||
			      guard.kind == FERRY_GUARD_PUBLISHED;

		must(guard.kind <= FERRY_GUARD_OWN);
		must(locked == (guard.lock != NULL));
		must(!guard.lock || ferry_vgic_guard(fake.g, guard.lock).kind == FERRY_GUARD_LOCK);
		count[guard.kind]++;
	}
	must(count[FERRY_GUARD_LOCK] >= 2 * virqs);
	must(count[FERRY_GUARD_PLAIN] >= 2 * virqs);
	must(count[FERRY_GUARD_CELL] && count[FERRY_GUARD_FREE]);
	must(ferry_vgic_guard(fake.g, fake.g).kind == FERRY_GUARD_CONST);
}

static const struct named_case cases[] = {
	CASE("residents that can't be are refused", residents_refused),
	CASE("without enough memory there is no guest", memory_refused),
	CASE("no such vCPU, no such interrupt", calls_refused),
	CASE("disabled while its vCPU fills list registers", disabled_meanwhile),
	CASE("an order while its vCPU fills list registers", ordered_on_entry),
	CASE("an order for what changes lists", ordered_meanwhile),
	CASE("a vCPU that wakes up by itself is not woken", woken_meanwhile),
	CASE("what is deactivated is seen so at once", read_meanwhile),
	CASE("a guest ends one interrupt twice", ended_twice),
	CASE("it comes once more while it is unlinked", arrives_unlinked),
	CASE("every word has a guard", guards),
};

int main(void)
{
	run_cases(cases, COUNT(cases), 4);
	return tap_done();
}
