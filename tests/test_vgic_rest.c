// SPDX-License-Identifier: MIT
/*
 * The virtual GIC: what only a mistake made on purpose has shown to be untested. More
 * interrupts than one entry looks at; a link that is made while everything runs; a vCPU that
 * waits when it was put; interrupts of the host are on again after a call.
 */
#include "tests/vgic_cases.h"

#define FIRST 32u
#define MANY SPIS /* more than one entry looks at */

/* The distributor is off while they come, so that turning it on is about all of them. */
static void many(void)
{
	uint32_t got = 0, intid;

	start();
	for (uint32_t n = 0; n < MANY; n++)
		virtual_spi(FIRST + n, A, true);
	guest_dist(C, false);
	for (uint32_t n = 0; n < MANY; n++)
		must(ferry_vgic_inject(fake.g, A, FIRST + n, true) == FERRY_OK);
	fake_settle();
	must(guest_sees(A) == FAKE_SPURIOUS);
	guest_dist(C, true);
	for (uint32_t n = 0; n < 2 * MANY; n++) {
		fake_settle();
		intid = guest_ack(A);
		if (intid == FAKE_SPURIOUS)
			break;
		guest_eoi(A, intid);
		got++;
	}
	must(got == MANY);
}

/* Its target runs already: nothing else would have its route follow. */
static void linked_late(void)
{
	start();
	guest_route(C, SPI, B);
	phys_bind(SPI, PHYS, now.edge);
	must(fake.phys[PHYS].route == B);
	fake_put(B);
	fake_load(B, D);
	fake_enter(B);
	fake_settle();
	must(fake.phys[PHYS].route == D);
}

/* Edge or level is what the physical one is, whatever the guest has said before. */
static void linked_as_it_is(void)
{
	uint64_t value;

	start();
	guest_edge(C, SPI, !now.edge);
	phys_bind(SPI, PHYS, now.edge);
	must(guest_access(C, FERRY_GICD, REG_ICFGR + SPI / 16 * 4, 4, false, &value) == FERRY_OK);
	must((value >> (SPI % 16 * 2) & 2) == (now.edge ? 2u : 0u));
}

/* What it has masked counts, not what is on the CPU where it was. */
static void waits_when_it_was_put(void)
{
	start();
	virtual_spi(SPI, A, true);
	guest_priority(C, SPI, 0xa0);
	guest_interface(A, 0x80, false, 3);
	fake_put(A);
	fake.cpu[A].vmcr = ~0ull;
	must(ferry_vgic_inject(fake.g, A, SPI, true) == FERRY_OK);
	must(!fake_block(A)); /* there is a request */
	fake_load(A, A);
	fake_enter(A);
	fake_put(A);
	fake.cpu[A].vmcr = ~0ull;
	must(fake_block(A));
}

static void interrupts_on(void)
{
	start();
	fake.self = D;
	fake.cpu[D].off = false;
	ferry_vcpu_timer(fake.g, A);
	must(!fake.cpu[D].off);
	if (now.machine != V3_ON_ICH)
		return;
	/* One of these is for the other group: it is not sent. */
	must(ferry_vgic_sgi(fake.g, C, FERRY_SGI0R, 1ull << 40 | 5ull << 24) == FERRY_OK);
	must(!fake.cpu[D].off);
	must(ferry_vgic_sgi(fake.g, C, FERRY_SGI1R, 1ull << 40 | 5ull << 24) == FERRY_OK);
	must(!fake.cpu[D].off);
}

static const struct named_case cases[] = {
	CASE("more than one entry looks at", many),
	CASE("linked while its target runs", linked_late),
	CASE("linked to what the guest took for the other", linked_as_it_is),
	CASE("a vCPU that was put waits", waits_when_it_was_put),
	CASE("interrupts are on after a call that found them on", interrupts_on),
};

int main(void)
{
	run_cases(cases, COUNT(cases), 4);
	return tap_done();
}
