// SPDX-License-Identifier: MIT
/*
 * The virtual GIC's list registers: 1, 2, 4 and 16 of them, both formats; more interrupts
 * than registers; priorities and groups; what is pending and active; whose end must be told.
 * The rules L1 to L4 and L7 are checked at each entry by the fake host.
 */
#include "tests/vgic_cases.h"

#define MOST 30u /* priorities of five bits, all below the priority mask 0xf8 */

static uint32_t at_most(uint32_t n)
{
	return n < MOST ? n : MOST;
}

/* SPIs 32 .. 32+n-1 go to A. */
static void spis(uint32_t n, bool linked)
{
	for (uint32_t k = 0; k < n; k++)
		if (linked)
			linked_spi(32 + k, PHYS + k, A);
		else
			virtual_spi(32 + k, A, now.edge);
}

static void raise_one(uint32_t k, bool linked)
{
	if (linked)
		phys_raise(PHYS + k);
	else
		inject(32 + k, true);
}

static void lower_one(uint32_t k, bool linked)
{
	if (linked)
		phys_lower(PHYS + k);
	else if (!now.edge)
		inject(32 + k, false);
}

/* Nothing is left of them. */
static void all_over(uint32_t n, bool linked)
{
	fake_settle();
	must(guest_sees(A) == FAKE_SPURIOUS);
	fake_leave(A);
	for (uint32_t k = 0; k < n; k++) {
		struct ferry_virq_info info = fake_look(A, 32 + k);

		must(!info.pending && !info.active && info.owner == FERRY_NONE && !info.owed);
		must(!linked || phys_calm(PHYS + k));
	}
	must(fake.cpu[A].ap[0] == 0 && fake.cpu[A].ap[4] == 0);
}

/* ---- more than registers ----------------------------------------------------- */

/* All pend; the guest gets them by priority, each once. */
static void many_pending(bool linked)
{
	uint32_t n = at_most(2 * now.lrs + 3);

	start();
	spis(n, linked);
	for (uint32_t k = 0; k < n; k++)
		guest_priority(C, 32 + k, (uint8_t)(k * 13 % n * 8));
	for (uint32_t k = 0; k < n; k++)
		raise_one(k, linked);
	fake_settle();
	for (uint32_t p = 0; p < n; p++) {
		uint32_t intid = guest_ack(A);

		must(intid >= 32 && intid < 32 + n && (intid - 32) * 13 % n == p);
		if (intid < 32 || intid >= 32 + n)
			return;
		lower_one(intid - 32, linked);
		guest_eoi(A, intid);
		fake_settle();
	}
	all_over(n, linked);
}

static void many_pending_virtual(void)
{
	many_pending(false);
}

static void many_pending_linked(void)
{
	many_pending(true);
}

/* Each interrupts the one before: n are active. */
static uint32_t nest(bool linked, bool split)
{
	uint32_t n = at_most(now.lrs + 3);

	start();
	guest_interface(A, 0xff, split, 3);
	spis(n, linked);
	for (uint32_t k = 0; k < n; k++) {
		guest_priority(C, 32 + k, (uint8_t)((MOST - 1 - k) * 8));
		raise_one(k, linked);
		fake_settle();
		handle(A, 32 + k);
		lower_one(k, linked);
		fake_serve();
	}
	return n;
}

static void ends_of(bool linked, bool late)
{
	uint32_t n = nest(linked, false);

	for (uint32_t k = n; k-- > 0;) {
		guest_eoi(A, 32 + k);
		if (!late)
			fake_serve();
	}
	all_over(n, linked);
}

static void many_active_virtual(void)
{
	ends_of(false, false);
}

static void many_active_linked(void)
{
	ends_of(true, false);
}

static void many_active_late(void)
{
	ends_of(false, true);
	ends_of(true, true);
}

/* EOImode 1: first all priorities are dropped, then all are deactivated, in any order. */
static void many_active_dir(void)
{
	for (uint32_t linked = 0; linked < 2; linked++) {
		uint32_t n = nest(linked, true);

		for (uint32_t k = n; k-- > 0;)
			guest_eoi(A, 32 + k);
		pass(A);
		for (uint32_t k = 0; k < n; k++)
			must(fake_look(A, 32 + k).active);
		for (uint32_t k = 0; k < n; k++)
			guest_dir(k & 1 ? A : B, 32 + (k + 2) % n);
		fake_serve();
		all_over(n, linked);
	}
}

/* All registers' interrupts are active, and one of lower priority pends: it waits, is not
 * forgotten, and raises no maintenance interrupt for ever. */
static void one_waits(void)
{
	uint32_t n = now.lrs + 1;

	start();
	spis(n, false);
	guest_priority(C, 32 + n - 1, 0xe0);
	for (uint32_t k = 0; k + 1 < n; k++) {
		guest_priority(C, 32 + k, (uint8_t)((20 - k) * 8));
		raise_one(k, false);
		fake_settle();
		handle(A, 32 + k);
		lower_one(k, false);
	}
	raise_one(n - 1, false);
	fake_settle();
	must(guest_sees(A) == FAKE_SPURIOUS);
	for (uint32_t k = n - 1; k-- > 0;)
		guest_eoi(A, 32 + k);
	fake_settle();
	must(guest_sees(A) == 32 + n - 1);
	handle(A, 32 + n - 1);
	lower_one(n - 1, false);
	guest_eoi(A, 32 + n - 1);
	all_over(n, false);
}

/* A newcomer that outranks all pending ones gets a register at once. */
static void newcomer(void)
{
	uint32_t n = now.lrs + 2;

	start();
	spis(n, false);
	for (uint32_t k = 0; k < n; k++)
		guest_priority(C, 32 + k, k == n - 1 ? 0x08 : 0x80);
	for (uint32_t k = 0; k < n; k++)
		raise_one(k, false);
	fake_settle();
	must(guest_sees(A) == 32 + n - 1);
}

/* ---- groups and priorities --------------------------------------------------- */

/* With one register: what the guest can't take stands in nobody's way. */
static void groups(void)
{
	start();
	spis(2, false);
	guest_group(C, 33, true);
	guest_priority(C, 32, 0x10);
	guest_priority(C, 33, 0x20);
	fake_leave(A);
	guest_interface(A, 0xff, false, 2);
	raise_one(0, false);
	raise_one(1, false);
	fake_enter(A);
	fake_settle();
	must(guest_sees(A) == 33);
	/* The guest enables group 0, which traps nowhere. */
	guest_interface(A, 0xff, false, 3);
	fake_settle();
	must(guest_sees(A) == 32);
	guest_write(C, FERRY_GICD, 0, 4, 2);
	fake_settle();
	must(guest_sees(A) == 33);
	guest_write(C, FERRY_GICD, 0, 4, 1);
	fake_settle();
	must(guest_sees(A) == 32);
	guest_dist(C, false);
	fake_settle();
	must(guest_sees(A) == FAKE_SPURIOUS);
	guest_dist(C, true);
	fake_settle();
	must(guest_sees(A) == 32);
}

/* More than registers, and the guest takes none of them now: no maintenance interrupt that
 * comes at once for want of anything pending; one when it enables a group. */
static void no_group(void)
{
	uint32_t n = now.lrs + 1;

	start();
	spis(n, false);
	for (uint32_t k = 0; k < n; k++)
		guest_group(C, 32 + k, k & 1);
	fake_leave(A);
	guest_interface(A, 0xff, false, 0);
	for (uint32_t k = 0; k < n; k++)
		raise_one(k, false);
	fake_enter(A);
	fake_settle();
	must(guest_sees(A) == FAKE_SPURIOUS);
	guest_interface(A, 0xff, false, 1);
	fake_settle();
	must(guest_sees(A) == 32);
	guest_interface(A, 0xff, false, 2);
	fake_settle();
	must(guest_sees(A) == 33);
}

static void fields(void)
{
	struct fake_lr lr;

	start();
	linked_spi(SPI, PHYS + 21, A);
	guest_group(C, SPI, true);
	guest_priority(C, SPI, 0x58);
	phys_raise(PHYS + 21);
	fake_settle();
	must(fake_lr_of(A, SPI) != FERRY_NONE);
	lr = fake_lr(A, fake_lr_of(A, SPI) % now.lrs);
	must(lr.state == 1 && lr.hw && lr.phys == PHYS + 21 && lr.group1 && lr.priority == 0x58);
	handle(A, SPI);
	pass(A);
	lr = fake_lr(A, fake_lr_of(A, SPI) % now.lrs);
	must(lr.state == 2 && lr.hw && lr.phys == PHYS + 21 && lr.group1 && lr.priority == 0x58);
}

/* One in a list register may be loaded with its new priority, one that is active must keep
 * that with which it was taken: it is in the register of active priorities. */
static void priority_changes(void)
{
	start();
	spis(2, false);
	guest_priority(C, 32, 0x40);
	guest_priority(C, 33, 0x50);
	raise_one(0, false);
	raise_one(1, false);
	fake_settle();
	guest_priority(C, 33, 0x30);
	pass(A);
	fake_settle();
	must(guest_sees(A) == 33);
	handle(A, 33);
	fake_leave(A);
	guest_priority(C, 33, 0xf0);
	fake_enter(A);
	fake_settle();
	must(guest_sees(A) == FAKE_SPURIOUS);
	must(now.lrs == 1 || fake_lr(A, fake_lr_of(A, 33) % now.lrs).priority == 0x30);
	lower_one(1, false);
	guest_eoi(A, 33);
	fake_settle();
	must(guest_sees(A) == 32);
}

/* ---- the second instance ----------------------------------------------------- */

static void again_virtual(void)
{
	start();
	virtual_spi(SPI, A, now.edge);
	inject(SPI, true);
	fake_settle();
	handle(A, SPI);
	if (now.edge)
		inject(SPI, true);
	fake_settle();
	must(guest_sees(A) == FAKE_SPURIOUS);
	guest_eoi(A, SPI);
	fake_settle();
	must(guest_sees(A) == SPI);
	handle(A, SPI);
	inject(SPI, false);
	guest_eoi(A, SPI);
	fake_settle();
	must(guest_sees(A) == FAKE_SPURIOUS);
}

/* A second instance of a group that the guest has switched off: not when the first one ends. */
static void again_off(void)
{
	start();
	virtual_spi(SPI, A, true);
	inject(SPI, true);
	fake_settle();
	handle(A, SPI);
	guest_write(A, FERRY_GICD, 0, 4, 0);
	inject(SPI, true);
	fake_settle();
	guest_eoi(A, SPI);
	must(guest_sees(A) == FAKE_SPURIOUS);
	fake_settle();
	must(guest_sees(A) == FAKE_SPURIOUS);
	guest_write(A, FERRY_GICD, 0, 4, 3);
	fake_settle();
	take(A, SPI);
	fake_settle();
	must(guest_sees(A) == FAKE_SPURIOUS);
}

/* Two events while it is active are one more interrupt. */
static void merged(void)
{
	if (!now.edge)
		return;
	start();
	virtual_spi(SPI, A, true);
	inject(SPI, true);
	fake_settle();
	handle(A, SPI);
	inject(SPI, true);
	fake_settle();
	inject(SPI, true);
	fake_settle();
	guest_eoi(A, SPI);
	fake_settle();
	take(A, SPI);
	fake_settle();
	must(guest_sees(A) == FAKE_SPURIOUS);
}

/* ISPENDR of a linked one that is active: a second instance that no physical one is behind. */
static void again_linked(void)
{
	start();
	linked_spi(SPI, PHYS, A);
	phys_raise(PHYS);
	fake_settle();
	handle(A, SPI);
	phys_lower(PHYS);
	guest_set(B, REG_ISPENDR, SPI);
	fake_settle();
	must(guest_sees(A) == FAKE_SPURIOUS);
	guest_eoi(A, SPI);
	fake_settle();
	must(phys_calm(PHYS));
	take(A, SPI);
	fake_settle();
	must(guest_sees(A) == FAKE_SPURIOUS && phys_calm(PHYS));
}

/* The line drops: what the guest has not taken goes when it next leaves. */
static void line_drops(void)
{
	if (now.edge)
		return;
	start();
	virtual_spi(SPI, A, false);
	inject(SPI, true);
	fake_settle();
	must(guest_sees(A) == SPI);
	inject(SPI, false);
	pass(A);
	must(guest_sees(A) == FAKE_SPURIOUS);
	must(fake_look(A, SPI).owner == FERRY_NONE);
}

/* ---- others ------------------------------------------------------------------ */

/* An SGI of a GICv2 guest has a source: each comes once, one after the other, in one list
 * register (L1). */
static void sources(void)
{
	if (now.machine == V3_ON_ICH)
		return;
	start();
	guest_set(A, REG_ISENABLER, 3);
	for (uint32_t twice = 0; twice < 2; twice++) {
		guest_sgi(B, 3, 1u << A);
		guest_sgi(C, 3, 1u << A);
	}
	fake_settle();
	handle(A, B << 10 | 3);
	guest_sgi(C, 3, 1u << A);
	fake_settle();
	must(guest_sees(A) == FAKE_SPURIOUS);
	guest_eoi(A, B << 10 | 3);
	fake_settle();
	handle(A, C << 10 | 3);
	guest_sgi(C, 3, 1u << A);
	guest_sgi(B, 3, 1u << A);
	fake_settle();
	guest_eoi(A, C << 10 | 3);
	fake_settle();
	take(A, B << 10 | 3);
	fake_settle();
	take(A, C << 10 | 3);
	fake_settle();
	must(guest_sees(A) == FAKE_SPURIOUS);
	fake_leave(A);
	must(!fake_look(A, 3).pending);
}

/* Several, of which one is withdrawn (GICD_CPENDSGIRn). */
static void source_withdrawn(void)
{
	if (now.machine == V3_ON_ICH)
		return;
	start();
	guest_set(A, REG_ISENABLER, 3);
	fake_leave(A);
	guest_sgi(B, 3, 1u << A);
	guest_sgi(C, 3, 1u << A);
	guest_write(A, FERRY_GICD, REG_CPENDSGIR + 3, 1, 1u << B);
	fake_enter(A);
	fake_settle();
	take(A, C << 10 | 3);
	fake_settle();
	must(guest_sees(A) == FAKE_SPURIOUS);
}

static void private_ones(void)
{
	start();
	for (uint32_t n = 16; n < 32; n++) {
		guest_edge(A, n, true);
		guest_set(A, REG_ISENABLER, n);
		guest_set(B, REG_ISENABLER, n);
		if (ferry_vgic_inject(fake.g, A, n, now.edge) != FERRY_OK)
			fake_wrong("inject %u", n);
	}
	guest_group(B, 5, true); /* ICC_SGI1R_EL1 is for group 1 */
	guest_set(B, REG_ISENABLER, 5);
	guest_sgi(C, 5, 1u << B | 1u << C);
	fake_settle();
	for (uint32_t n = 16; n < 32 && now.edge; n++) {
		must(guest_sees(B) % 32 == 5);
		take(A, n);
		fake_settle();
	}
	must(guest_sees(A) == FAKE_SPURIOUS);
	must((guest_ack(B) & 0x3ff) == 5);
}

/* Both halves of a GICv3's SPIs: INTIDs of 13 bits, physical ones, too. */
static void extended(void)
{
	struct fake_lr lr;

	if (now.machine != V3_ON_ICH)
		return;
	configure();
	config.espis = 64;
	fake_guest(&config);
	for (uint32_t v = A; v <= C; v++)
		fake_boot(v, v);
	guest_dist(C, true);
	linked_spi(4096 + 63, 4096 + 1000, B);
	phys_raise(4096 + 1000);
	fake_settle();
	must(only(B, 4096 + 63));
	lr = fake_lr(B, fake_lr_of(B, 4096 + 63) % now.lrs);
	must(lr.hw && lr.phys == 4096 + 1000);
	handle(B, 4096 + 63);
	guest_route(C, 4096 + 63, A);
	phys_lower(4096 + 1000);
	guest_eoi(B, 4096 + 63);
	phys_raise(4096 + 1000);
	fake_settle();
	must(only(A, 4096 + 63));
	handle(A, 4096 + 63);
	phys_lower(4096 + 1000);
	guest_eoi(A, 4096 + 63);
	fake_settle();
	must(phys_calm(4096 + 1000) && fake.phys[4096 + 1000].taken == 2);
}

/* EOImode 1, one interrupt, DIR by the vCPU that has it and by another. */
static void dir(void)
{
	for (uint32_t by = A; by <= B; by++) {
		start();
		guest_interface(A, 0xff, true, 3);
		linked_spi(SPI, PHYS, A);
		phys_raise(PHYS);
		fake_settle();
		handle(A, SPI);
		guest_eoi(A, SPI);
		phys_lower(PHYS);
		phys_raise(PHYS);
		fake_settle();
		must(fake.phys[PHYS].active && guest_sees(A) == FAKE_SPURIOUS);
		guest_dir(by, SPI);
		fake_settle();
		must(guest_sees(A) == SPI);
		must(fake.phys[PHYS].taken == 2 && fake.phys[PHYS].ended == 1);
	}
}

static const struct named_case cases[] = {
	CASE("more pending than registers, virtual", many_pending_virtual),
	CASE("more pending than registers, linked", many_pending_linked),
	CASE("more active than registers, virtual", many_active_virtual),
	CASE("more active than registers, linked", many_active_linked),
	CASE("more active than registers, the maintenance interrupt comes late", many_active_late),
	CASE("more active than registers, EOImode 1", many_active_dir),
	CASE("all active, one of low priority waits", one_waits),
	CASE("a newcomer outranks what pends", newcomer),
	CASE("groups", groups),
	CASE("groups that the guest has off", no_group),
	CASE("fields of a linked list register", fields),
	CASE("priority changes", priority_changes),
	CASE("pending and active, virtual", again_virtual),
	CASE("pending and active, and its group goes off", again_off),
	CASE("two more events are one", merged),
	CASE("ISPENDR while a linked one is active", again_linked),
	CASE("the line drops", line_drops),
	CASE("SGIs from several sources", sources),
	CASE("one source is withdrawn", source_withdrawn),
	CASE("private interrupts", private_ones),
	CASE("extended SPIs", extended),
	CASE("DIR", dir),
};

int main(void)
{
	static const uint32_t lrs[] = { 1, 2, 4, 16 };

	for (uint32_t n = 0; n < COUNT(lrs); n++) {
		run_cases(cases, COUNT(cases), lrs[n]);
		diag("these were %u list registers", lrs[n]);
	}
	return tap_done();
}
