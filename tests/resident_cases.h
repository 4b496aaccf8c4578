/* SPDX-License-Identifier: MIT */
/*
 * resident_cases.h: a guest whose timer, and another device besides, follow the resident vCPU;
 * cases, each for three machines. Virtual and physical numbers differ on purpose.
 */
#ifndef TESTS_RESIDENT_CASES_H
#define TESTS_RESIDENT_CASES_H

#include "tests/fake_timer.h"
#include "tests/tap.h"

#define V_TIMER 20u
#define V_DEVICE 21u
#define SPI 40u
#define ON 1u
#define ON_MASKED 3u
#define FAR 1000000u

enum { A = 0, B = 1, C = 2 };

static const struct ferry_mpidr mpidrs[] = { { 0 }, { 1 }, { 2 } };

/* The machine of the case that runs. */
static struct {
	bool v2, gich, edge;
	uint8_t scheme;
	uint32_t lrs;
	uint64_t offset;
} now;

static struct ferry_resident residents[2];
static uint32_t wrongs; /* of this case, in guests before this one */
static struct ferry_vgic_config config;

#define must(what) \
	do { \
		if (!(what)) \
			fake_wrong("line %d: %s [v%d on %s]", __LINE__, #what, now.v2 ? 2 : 3, \
				   now.gich ? "GICH" : "ICH"); \
	} while (0)

__attribute__((unused)) static uint32_t noted(uint32_t event, uint32_t a, uint32_t b)
{
	return fake_count((enum fake_event)event, a, b);
}

__attribute__((unused)) static struct ferry_resident resident(uint8_t intid, uint8_t phys,
							      uint8_t timer)
{
	bool injected = now.scheme == FERRY_RESIDENT_INJECTED;

	return (struct ferry_resident){
		.intid = intid,
		.phys = phys,
		.scheme = injected && !timer ? (uint8_t)FERRY_RESIDENT_SWITCHED : now.scheme,
		.timer = timer,
		.vcpu = A,
		.edge = now.edge,
	};
}

/* `vcpu` is in the guest on `cpu`, both PPIs enabled. */
__attribute__((unused)) static void boot(uint32_t vcpu, uint32_t cpu)
{
	fake_boot(vcpu, cpu);
	guest_priority(vcpu, V_TIMER, 0xa0);
	guest_set(vcpu, REG_ISENABLER, V_TIMER);
	guest_set(vcpu, REG_ISENABLER, V_DEVICE);
}

__attribute__((unused)) static void start(void)
{
	residents[0] = resident(V_TIMER, TIMER_PPI, 1);
	residents[1] = resident(V_DEVICE, DEVICE_PPI, 0);
	config = (struct ferry_vgic_config){
		.variant = now.v2 ? &ferry_vgicv2 : &ferry_vgicv3,
		.hardware = now.gich ? &ferry_gich : &ferry_ich,
		.lrs = now.lrs,
		.vcpus = 3,
		.mpidrs = now.v2 ? NULL : mpidrs,
		.spis = 32,
		.nresident = 2,
		.resident = residents,
		.residents = &ferry_residents,
	};
	wrongs += fake.wrongs;
	fake_guest(&config);
	timers_reset(now.edge);
	ferry_vgic_timer_offset(fake.g, now.offset);
	boot(A, 0);
	guest_dist(A, true);
}

/* A's timer has come and is pending in the guest, or active, too. */
__attribute__((unused)) static void expire(void)
{
	guest_timer(0, 100, ON);
	timer_until(100);
	must(ppi_settle() == 1);
}

__attribute__((unused)) static void expire_and_take(void)
{
	expire();
	must(guest_ack(0) == V_TIMER);
}

/* Exactly one is there for the guest on `cpu`, and after its handler none. */
__attribute__((unused)) static void one_tick(uint32_t cpu)
{
	ppi_settle();
	must(guest_ack(cpu) == V_TIMER);
	guest_timer(cpu, FAR, ON);
	guest_eoi(cpu, V_TIMER);
	must(ppi_settle() == 0);
	must(guest_sees(cpu) == FAKE_SPURIOUS);
	must(!ppi(cpu, TIMER_PPI)->active);
}

/* No PPI is enabled or active without a vCPU; all that was active has ended. */
__attribute__((unused)) static void clean(uint32_t cpu)
{
	for (uint32_t phys = 16; phys < 32; phys++) {
		const struct fake_phys *p = ppi(cpu, phys);

		must(!p->active && !p->enabled && !p->pending && p->taken == p->ended);
	}
}

__attribute__((unused)) static void load_and_enter(uint32_t vcpu, uint32_t cpu)
{
	fake_load(vcpu, cpu);
	fake_enter(vcpu);
}

__attribute__((unused)) static bool blocks(uint32_t vcpu)
{
	bool blocked = fake_block(vcpu);

	fake.vcpu[vcpu].blocked = false;
	ferry_vcpu_unblock(fake.g, vcpu);
	return blocked;
}

/* A blocked one was told to run. */
__attribute__((unused)) static bool woken(uint32_t vcpu)
{
	bool was = fake.vcpu[vcpu].woken;

	fake.vcpu[vcpu].woken = fake.vcpu[vcpu].blocked = false;
	ferry_vcpu_unblock(fake.g, vcpu);
	return was;
}

/* A's software timer comes, on another CPU. */
__attribute__((unused)) static void fire(void)
{
	timer_soft(A, 2);
}

/* ---- cases ------------------------------------------------------------------------- */

enum { SWITCHED = FERRY_RESIDENT_SWITCHED, FIXED, INJECTED };
#define LEVEL false
#define EDGE true

struct a_case {
	void (*run)(void);
	uint8_t scheme;
	bool edge;
	uint8_t lrs;
	const char *what;
};

static int run_cases(const struct a_case *cases, size_t count)
{
	for (size_t n = 0; n < count; n++) {
		wrongs = fake.wrongs = 0;
		for (uint32_t machine = 0; machine < 3; machine++) {
			now.v2 = machine != 0;
			now.gich = machine == 1;
			now.scheme = cases[n].scheme;
			now.edge = cases[n].edge;
			now.lrs = cases[n].lrs;
			start();
			cases[n].run();
		}
		ok(!(wrongs + fake.wrongs), "%s", cases[n].what);
	}
	return tap_done();
}

#endif
