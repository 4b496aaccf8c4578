/* SPDX-License-Identifier: MIT */
/*
 * vgic_cases.h: named cases, each for every machine that it is about. A case is a function;
 * what it finds wrong is told with the machine, and is one line of TAP for each strategy.
 */
#ifndef TESTS_VGIC_CASES_H
#define TESTS_VGIC_CASES_H

#include "tests/fake_vgic.h"
#include "tests/tap.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))
#define SPI 40u /* of the guest */
#define PHYS 100u
#define SPIS 96u

/* vCPUs A .. D are called like the CPUs that they are loaded on at first. */
enum { A = 0, B = 1, C = 2, D = 3 };

static const struct ferry_mpidr mpidrs[] = {
	{ 0 }, { 1 }, { 2 }, { 3 }, { 0x100 }, { 0x101 }, { 0x10000 }, { 0x10001 },
};

/* What a machine, its list registers and the guest's GIC may be together. */
enum { V3_ON_ICH = 0, V2_ON_GICH = 1, V2_ON_ICH = 2, MACHINES = 3 };

static const char *const machine_name[] = { "GICv3", "GICv2", "GICv2 on a GICv3" };
static const char *const strategy_name[] = { "lazy late", "lazy early", "maintenance" };

/* The machine of the case that runs. */
static struct {
	uint32_t machine, strategy, lrs;
	bool ask, edge;
} now;

static struct ferry_vgic_config config;

static void configure(void)
{
	config = (struct ferry_vgic_config){
		.variant = now.machine == V3_ON_ICH ? &ferry_vgicv3 : &ferry_vgicv2,
		.hardware = now.machine == V2_ON_GICH ? &ferry_gich : &ferry_ich,
		.lrs = now.lrs,
		.vcpus = 4,
		.mpidrs = now.machine == V3_ON_ICH ? mpidrs : NULL,
		.spis = SPIS,
		.strategy = (uint8_t)now.strategy,
		.flags = now.ask ? FERRY_VGIC_ASK : 0,
	};
}

__attribute__((unused)) static void failed(const char *file, int line, const char *what)
{
	fake_wrong("%s:%d: %s [%s, %s, %s, %s, %u list registers]", file, line, what,
		   machine_name[now.machine], strategy_name[now.strategy],
		   now.ask ? "asks" : "asks not", now.edge ? "edge" : "level", now.lrs);
}

#define must(what) \
	do { \
		if (!(what)) \
			failed(__FILE__, __LINE__, #what); \
	} while (0)

/* A guest whose distributor is on; vCPUs A, B, C are in it. */
__attribute__((unused)) static void start(void)
{
	configure();
	fake_guest(&config);
	for (uint32_t v = A; v <= C; v++)
		fake_boot(v, v);
	guest_dist(C, true);
}

/* Virtual SPI `intid` is enabled and goes to `target`. */
__attribute__((unused)) static void virtual_spi(uint32_t intid, uint32_t target, bool edge)
{
	guest_edge(C, intid, edge);
	guest_route(C, intid, target);
	guest_set(C, REG_ISENABLER, intid);
}

__attribute__((unused)) static void linked_spi(uint32_t intid, uint32_t phys, uint32_t target)
{
	phys_bind(intid, phys, now.edge);
	guest_route(C, intid, target);
	guest_set(C, REG_ISENABLER, intid);
}

__attribute__((unused)) static void inject(uint32_t intid, bool level)
{
	fake.self = 7; /* a CPU that runs none of the vCPUs */
	if (ferry_vgic_inject(fake.g, A, intid, level) != FERRY_OK)
		fake_wrong("inject %u", intid);
}

/* The guest takes it, on this vCPU's CPU, and ends it. */
__attribute__((unused)) static void take(uint32_t vcpu, uint32_t intid)
{
	uint32_t got = guest_ack(fake.vcpu[vcpu].cpu);

	if (got != intid)
		fake_wrong("vCPU %u got %u, not %u", vcpu, got, intid);
	else
		guest_eoi(fake.vcpu[vcpu].cpu, intid);
}

/* vCPU `vcpu` acknowledges it and is in its handler now. */
__attribute__((unused)) static void handle(uint32_t vcpu, uint32_t intid)
{
	uint32_t got = guest_ack(fake.vcpu[vcpu].cpu);

	if (got != intid)
		fake_wrong("vCPU %u got %u, not %u", vcpu, got, intid);
}

/* Only `vcpu` sees it, FERRY_NONE: nobody. */
__attribute__((unused)) static bool only(uint32_t vcpu, uint32_t intid)
{
	for (uint32_t v = A; v <= D; v++) {
		uint32_t cpu = fake.vcpu[v].cpu;

		if (cpu != FERRY_NONE && (guest_sees(cpu) == intid) != (v == vcpu))
			return false;
	}
	return true;
}

/* It leaves and comes back: its list registers are filled anew. */
__attribute__((unused)) static void pass(uint32_t vcpu)
{
	fake_leave(vcpu);
	fake_enter(vcpu);
}

/* ---- how cases about SPI begin and end ------------------------------------------------------- */

/* Linked to PHYS, it pends in a list register of A. */
__attribute__((unused)) static void in_register(void)
{
	start();
	linked_spi(SPI, PHYS, A);
	phys_raise(PHYS);
	fake_settle();
	must(only(A, SPI));
}

/* A has acknowledged it, and has served its device. */
__attribute__((unused)) static void in_handler(void)
{
	in_register();
	handle(A, SPI);
	phys_lower(PHYS);
}

/* `vcpu` alone gets it, and that was all. */
__attribute__((unused)) static void gets(uint32_t vcpu)
{
	fake_settle();
	must(only(vcpu, SPI));
	handle(vcpu, SPI);
	phys_lower(PHYS);
	guest_eoi(fake.vcpu[vcpu].cpu, SPI);
	fake_settle();
	must(only(FERRY_NONE, SPI) && phys_calm(PHYS));
}

/* ---- running cases ------------------------------------------------------------------------- */

struct named_case {
	const char *name;
	void (*run)(void);
};

#define CASE(name, function) \
	{ \
		name, function \
	}

/* On each machine, edge and level, with and without FERRY_VGIC_ASK. */
__attribute__((unused)) static void run_case(const struct named_case *c, uint32_t lrs)
{
	for (uint32_t strategy = 0; strategy <= FERRY_MAINTENANCE; strategy++) {
		for (uint32_t n = 0; n < MACHINES * 4; n++) {
			now.strategy = strategy;
			now.machine = n / 4;
			now.ask = n & 1;
			now.edge = n & 2;
			now.lrs = lrs;
			c->run();
		}
		calm("%s: %s", c->name, strategy_name[strategy]);
	}
}

__attribute__((unused)) static void run_cases(const struct named_case *cases, size_t count,
					      uint32_t lrs)
{
	for (size_t n = 0; n < count; n++)
		run_case(&cases[n], lrs);
}

#endif
