// SPDX-License-Identifier: MIT
/*
 * Rebalancing on a GIC, where a move is one write of a route: guest-bound interrupts,
 * those of the 1-N model, the last extended SPI. GICv2 of 8 CPUs, GICv3 of 4.
 */
#include <irqferry/balance.h>
#include <string.h>
#include "tests/fake_gic.h"
#include "tests/tap.h"

static uint64_t memory[16384];
static struct ferry *f;
static struct ferry_policy policy;
static struct ferry_round_robin turns;
static ferry_atomic last[8];

static void start(const struct ferry_gic_config *c)
{
	if (ferry_gic_size(c) > sizeof(memory) || ferry_gic_init(c, memory, sizeof(memory), &f))
		bail("init");
	for (fake.cpu = 0; fake.cpu < c->core.cpus; fake.cpu++)
		if (ferry_cpu_enter(f, fake.cpu) != FERRY_OK)
			bail("enter %u", fake.cpu);
	memset(last, 0, sizeof(last));
	turns = (struct ferry_round_robin){ .last = last };
	ferry_round_robin(&policy, &turns);
	ferry_balance_set(f, &policy);
}

static void start_v2(void)
{
	struct ferry_gic_config c = { .core = { .cpus = 8, .irqs = 64, .masks = 8 },
				      .variant = &ferry_gicv2,
				      .spis = 64 };

	memset(&fake, 0, sizeof(fake));
	fake.ack = 1023;
	fake.d_typer = 31;
	for (uint32_t cpu = 0; cpu < 8; cpu++)
		fake.target[cpu] = (uint8_t)(1 << cpu);
	start(&c);
}

static void start_v3(void)
{
	static const struct ferry_mpidr mpidrs[4] = { { 0 }, { 1 }, { 2 }, { 3 } };
	static const struct ferry_gic_region region = { .bytes = 0x80000 };
	struct ferry_gic_config c = { .core = { .cpus = 4, .irqs = 64, .masks = 8 },
				      .variant = &ferry_gicv3,
				      .mpidrs = mpidrs,
				      .region = &region,
				      .regions = 1,
				      .spis = 32,
				      .espis = 1024 };

	memset(&fake, 0, sizeof(fake));
	fake.ack = 1023;
	fake.d_typer = 31 | 1u << 8 | 31u << 27;
	for (uint32_t cpu = 0; cpu < 4; cpu++)
		fake.rd[cpu] = (struct fake_rd){ .offset = cpu * 0x20000,
						 .typer = (uint64_t)cpu << 32 | (cpu == 3) << 4,
						 .asleep = true,
						 .waker = 2 };
	fake.nrds = 4;
	start(&c);
}

static uint32_t make(uint32_t intid, uint8_t flags)
{
	struct ferry_gic_source s = { .kind = FERRY_GIC_EDGE, .flags = flags, .intid = intid };
	uint32_t irq;

	if (ferry_gic_create(f, &s, NULL, &irq) || ferry_irq_enable(f, irq))
		bail("INTID %u", intid);
	return irq;
}

static uint32_t home(uint32_t irq)
{
	struct ferry_affinity a;

	if (ferry_irq_affinity(f, irq, &a, NULL, NULL, NULL))
		bail("affinity");
	return a.first_cpu;
}

static uint64_t cpus_of(uint32_t irq)
{
	struct ferry_affinity a;
	uint64_t mask[1];

	if (ferry_irq_affinity(f, irq, &a, NULL, mask, NULL))
		bail("affinity");
	return mask[0];
}

static uint32_t pass(void)
{
	uint32_t cursor = 0, moved = 0;

	while (ferry_balance(f, &cursor, 7, &moved))
		;
	return moved;
}

static void leave(uint32_t cpu)
{
	fake.cpu = cpu;
	if (ferry_cpu_leave(f, cpu) || ferry_cpu_leave_step(f, cpu, NULL, NULL) ||
	    ferry_cpu_commit(f, cpu))
		bail("leave %u", cpu);
}

static void guests(void)
{
	uint32_t guest, other, all, here;

	start_v2();
	guest = make(32, FERRY_GIC_GUEST);
	other = make(33, 0);
	all = make(34, FERRY_GIC_SEVERAL);
	here = home(guest);
	is_u64(home(other), 0, "the policy's first turn: the guest's had none");
	is_u64(cpus_of(all), 0xff, "1-N: on all CPUs");
	for (uint32_t n = 1; n < 4; n++) {
		is_u64(pass(), 1, "one of three moves");
		is_u64(home(other), n, "in turn");
	}
	is_u64(home(guest), here, "the guest's stays");
	is_u64(cpus_of(all), 0xff, "the one of 1-N stays on all CPUs");
	is_int(ferry_irq_prefer(f, guest, 5), FERRY_OK, "the guest's follows its vCPU");
	is_u64(home(guest), 5, "it is there");
	leave(5);
	ok(home(guest) != 5 && home(other) == 3, "it leaves with the CPU, the other stays");
	is_u64(cpus_of(all), 0xdf, "so does that of 1-N");
}

static void whole_range(void)
{
	uint32_t count[4] = { 0 }, irq[10];

	start_v3();
	for (uint32_t n = 0; n < 10; n++)
		irq[n] = make(n < 5 ? 32 + n : FERRY_ESPI_LAST - 9 + n, 0);
	leave(2);
	for (uint32_t n = 0; n < 10; n++)
		if (home(irq[n]) == 2)
			bail("on a CPU that is gone");
	fake.cpu = 2;
	if (ferry_cpu_enter(f, 2))
		bail("enter");
	ok(pass() > 0, "a CPU has come");
	for (uint32_t n = 0; n < 10; n++)
		count[home(irq[n])]++;
	for (uint32_t c = 0; c < 4; c++)
		ok(count[c] == 2 || count[c] == 3, "CPU %u: %u of 10", c, count[c]);
}

int main(void)
{
	guests();
	whole_range();
	return tap_done();
}
