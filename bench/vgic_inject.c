// SPDX-License-Identifier: MIT
/*
 * vgic_inject inject|physical [first|direct|whole]: an enabled SPI of a guest comes ARRIVALS
 * times while its target vCPU is out of the guest and a list register is free. Under callgrind
 * what is collected is from the call of ferry_vgic_inject() (_physical()) to the return of
 * ferry_vcpu_enter(). `direct`: of ferry_vcpu_inject() (_physical()), where the vCPU is loaded,
 * alone: the list register is written when it returns; `whole`: and of the entry. It is the
 * SPI with the highest number of 988, so all of a bitmap is looked at; `first`: with the lowest.
 */
#include <irqferry/vgic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <valgrind/callgrind.h>
#include "tests/one_thread.h"

#define SPIS 988u
#define PHYS 100u

static uint64_t registers[32];

#ifndef FERRY_INLINE

void ferry_host_lock(void *ctx, ferry_lock *lock)
{
	(void)ctx;
	lock->opaque[0] = 1;
}

void ferry_host_unlock(void *ctx, ferry_lock *lock)
{
	(void)ctx;
	lock->opaque[0] = 0;
}

#endif

void ferry_host_wait(void *ctx, bool (*done)(void *arg), void *arg)
{
	(void)ctx;
	if (!done(arg))
		abort();
}

uint64_t ferry_host_ich_read(void *ctx, uint32_t reg)
{
	(void)ctx;
	return registers[reg];
}

void ferry_host_ich_write(void *ctx, uint32_t reg, uint64_t value)
{
	(void)ctx;
	registers[reg] = value;
}

bool ferry_host_phys(void *ctx, uint32_t intid, enum ferry_phys what)
{
	(void)ctx;
	(void)intid;
	(void)what;
	return false;
}

void ferry_host_phys_route(void *ctx, uint32_t intid, uint32_t cpu)
{
	(void)ctx;
	(void)intid;
	(void)cpu;
}

void ferry_host_vcpu_kick(void *ctx, uint32_t vcpu, uint32_t cpu)
{
	(void)ctx;
	(void)vcpu;
	(void)cpu;
}

static void distributor(struct ferry_vgic *g, uint32_t offset, uint64_t value)
{
	struct ferry_vgic_access a = { FERRY_GICD, 4, true, offset, value };

	if (ferry_vgic_access(g, 0, &a))
		abort();
}

/* Four vCPUs of a GICv3 with four list registers; `intid` is an edge, enabled, and vCPU 0's. */
static struct ferry_vgic *guest(uint32_t intid)
{
	static const struct ferry_mpidr mpidrs[] = { { 0 }, { 1 }, { 2 }, { 3 } };
	const struct ferry_vgic_config config = { .variant = &ferry_vgicv3,
						  .hardware = &ferry_ich,
						  .lrs = 4,
						  .vcpus = 4,
						  .mpidrs = mpidrs,
						  .spis = SPIS };
	size_t size = ferry_vgic_size(&config);
	void *memory = malloc(size);
	struct ferry_vgic *g;

	if (!size || !memory || ferry_vgic_init(&config, memory, size, &g) ||
	    ferry_vcpu_power(g, 0, true))
		abort();
	ferry_vcpu_load(g, 0, 0);
	distributor(g, 0x0000, 2);
	distributor(g, 0x0080 + intid / 32 * 4, 1u << intid % 32);
	distributor(g, 0x0100 + intid / 32 * 4, 1u << intid % 32);
	distributor(g, 0x0c00 + intid / 16 * 4, 2u << intid % 16 * 2);
	return g;
}

static void arrive(struct ferry_vgic *g, uint32_t intid, bool physical)
{
	CALLGRIND_TOGGLE_COLLECT;
	if (physical ? ferry_vgic_physical(g, intid) : ferry_vgic_inject(g, 0, intid, true))
		abort();
	if (ferry_vcpu_enter(g, 0))
		abort();
	CALLGRIND_TOGGLE_COLLECT;
}

static void arrive_here(struct ferry_vgic *g, uint32_t intid, bool physical, bool whole)
{
	registers[FERRY_ICH_LR0] = 0;
	CALLGRIND_TOGGLE_COLLECT;
	if (physical ? ferry_vcpu_physical(g, 0, intid) : ferry_vcpu_inject(g, 0, intid))
		abort();
	if (!whole)
		CALLGRIND_TOGGLE_COLLECT;
	if (registers[FERRY_ICH_LR0] >> 62 != 1)
		abort();
	if (ferry_vcpu_enter(g, 0))
		abort();
	if (whole)
		CALLGRIND_TOGGLE_COLLECT;
}

/* The guest takes and ends it. */
static void end(struct ferry_vgic *g)
{
	if (registers[FERRY_ICH_LR0] >> 62 != 1)
		abort();
	registers[FERRY_ICH_LR0] = 0;
	ferry_vcpu_exit(g, 0);
}

int main(int argc, char **argv)
{
	bool physical = argc > 1 && !strcmp(argv[1], "physical");
	bool direct = argc > 2 && !strcmp(argv[2], "direct");
	bool whole = argc > 2 && !strcmp(argv[2], "whole");
	uint32_t intid = argc > 2 && !direct && !whole ? 32 : 32 + SPIS - 1;
	struct ferry_vgic *g = guest(intid);

	if (physical && ferry_vgic_bind(g, intid, PHYS, true))
		abort();
	for (int n = 0; n < 10; n++) {
		if (ferry_vcpu_enter(g, 0))
			abort();
		ferry_vcpu_exit(g, 0);
	}
	for (int n = 0; n < ARRIVALS; n++) {
		if (direct || whole)
			arrive_here(g, intid, physical, whole);
		else
			arrive(g, intid, physical);
		end(g);
	}
	return 0;
}
