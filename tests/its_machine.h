/* SPDX-License-Identifier: MIT */
/* its_machine.h: the machine of test_its_unit: how it is configured, what is done to it. */
#ifndef TESTS_ITS_MACHINE_H
#define TESTS_ITS_MACHINE_H

#include <irqferry/gic.h>
#include "tests/fake_its.h"
#include "tests/tap.h"

#define V (1ull << 63)
#define LPI(irq) (FERRY_LPI_FIRST + (irq))
#define DRAIN_NS 3000u

static struct ferry *f;
static struct ferry_gic_config config;
static struct ferry_its_config its_config[ITSS];
static struct ferry_mpidr mpidrs[CPUS];
static const struct ferry_gic_region region = { .bytes = CPUS * RD_STRIDE, .pa = RD_PA };

/* RDbase of CPUs 0, 1, 2: processor numbers 0x002, 0x103, 0x204 in bits 51:16, or the
 * frames at 0x80000100000 + 0x20000 each. */
static const uint64_t rd_base[2][3] = {
	{ 0x0000000000020000ull, 0x0000000001030000ull, 0x0000000002040000ull },
	{ 0x0000080000100000ull, 0x0000080000120000ull, 0x0000080000140000ull },
};

/* ---- helpers ------------------------------------------------------------------------ */

static void configure(uint32_t nits, uint32_t queue_bytes)
{
	for (uint32_t cpu = 0; cpu < CPUS; cpu++)
		mpidrs[cpu].value = fake_mpidrs[cpu];
	for (uint32_t n = 0; n < ITSS; n++)
		its_config[n] = (struct ferry_its_config){
			.queue = fake.its[n].queue,
			.queue_pa = QUEUE_PA,
			.queue_bytes = queue_bytes,
			.device_table_pa = DEVICES_PA,
			.collection_table_pa = COLLECTIONS_PA,
			.device_table_bytes = 0x20000,
			.collection_table_bytes = 0x10000,
			.device_bits = 4,
		};
	config = (struct ferry_gic_config){
		.core = { .cpus = CPUS,
			  .irqs = IRQS,
			  .masks = 8,
			  .restore = true,
			  .drain_ns = DRAIN_NS },
		.variant = &ferry_gicv3,
		.mpidrs = mpidrs,
		.region = &region,
		.regions = 1,
		.its = &ferry_its,
		.its_config = its_config,
		.nits = nits,
		.lpi_config = fake.config,
		.lpi_config_pa = CONFIG_PA,
		.lpi_pending_pa = PENDING_PA,
		.lpi_pending_stride = PENDING_STRIDE,
	};
}

static uint64_t memory[1 << 12];

static int machine(void)
{
	return ferry_gic_init(&config, memory, sizeof(memory), &f);
}

static int enter(uint32_t cpu)
{
	fake.cpu = cpu;
	return ferry_cpu_enter(f, cpu);
}

/* One interrupt is taken on this CPU: is it this one, and its handler started there? */
static bool taken(uint32_t cpu, uint32_t irq)
{
	fake.cpu = cpu;
	fake.handled = 0;
	return ferry_gic_interrupt(f, cpu) == FERRY_GIC_TAKEN && fake.handled == LPI(irq) &&
	       fake.handled_on == cpu;
}

static bool nothing(uint32_t cpu)
{
	fake.cpu = cpu;
	return ferry_gic_interrupt(f, cpu) == FERRY_GIC_SPURIOUS;
}

static void must(bool good, const char *what)
{
	if (!good)
		bail("%s", what);
}

static void bring_up(uint32_t cpus)
{
	for (uint32_t cpu = 0; cpu < cpus; cpu++)
		must(enter(cpu) == FERRY_OK, "enter");
}

/* A machine of so many CPUs online, device 5 known with 64 events. */
static void start(bool pta, uint32_t cpus)
{
	fake_reset(pta);
	configure(1, 4096);
	must(machine() == FERRY_OK, "init");
	bring_up(cpus);
	must(ferry_its_device(f, 0, 5, 0x12345600, 6) == FERRY_OK, "device");
}

/* Event `event` of device 5, enabled, on this CPU. */
static int create(uint32_t its, uint32_t device, uint32_t event, const uint64_t *mask,
		  uint32_t *irq)
{
	const struct ferry_gic_source source = {
		.kind = FERRY_GIC_LPI,
		.its = (uint8_t)its,
		.device = device,
		.intid = event,
	};

	return ferry_gic_create(f, &source, mask, irq);
}

static uint32_t make(uint32_t event, uint32_t cpu)
{
	uint64_t mask = 1ull << cpu;
	uint32_t irq;

	must(create(0, 5, event, &mask, &irq) == FERRY_OK, "create");
	must(ferry_irq_enable(f, irq) == FERRY_OK, "enable");
	return irq;
}

static int move(uint32_t irq, uint32_t cpu)
{
	uint64_t mask = 1ull << cpu;

	return ferry_irq_set_affinity(f, irq, &mask, FERRY_NONE, NULL);
}

static bool settled_on(uint32_t irq, uint32_t cpu)
{
	struct ferry_affinity a;

	must(ferry_irq_affinity(f, irq, &a, NULL, NULL, NULL) == FERRY_OK, "affinity");
	return a.state == FERRY_SETTLED && a.first_cpu == cpu;
}

/* The ITS goes on only while it is waited for. */
static int commit(uint32_t cpu)
{
	int rc;

	fake.its[0].allowance = 0;
	fake.its[0].per_tick = 1;
	rc = ferry_cpu_commit(f, cpu);
	fake.its[0].per_tick = 0;
	fake.its[0].allowance = FERRY_NONE;
	return rc;
}

static int leave(uint32_t cpu)
{
	int rc = ferry_cpu_leave(f, cpu);

	fake.cpu = cpu;
	for (uint32_t n = 0; n < 10 && rc == FERRY_OK; n++) {
		rc = ferry_cpu_leave_step(f, cpu, NULL, NULL);
		if (rc == FERRY_OK)
			return commit(cpu);
		if (rc == FERRY_E_AGAIN)
			rc = FERRY_OK;
	}
	return rc == FERRY_OK ? FERRY_E_AGAIN : rc;
}

#endif
