// SPDX-License-Identifier: MIT
#include "bench/host.h"
#include "tests/one_thread.h"

void (*bench_handler)(void);
void (*bench_eoi)(void);
static bool rung[BENCH_CPUS];
static uint32_t registers[8];

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

void ferry_host_handle(void *ctx, uint32_t irq, uintptr_t cookie, uint32_t cpu)
{
	(void)ctx;
	(void)irq;
	(void)cookie;
	(void)cpu;
	if (bench_handler)
		bench_handler();
}

void ferry_host_eoi(void *ctx, uint32_t cpu)
{
	(void)ctx;
	(void)cpu;
	if (bench_eoi)
		bench_eoi();
}

bool ferry_host_irr(void *ctx, uint32_t cpu, uint8_t vector)
{
	(void)ctx;
	(void)cpu;
	(void)vector;
	return false;
}

void ferry_host_ipi(void *ctx, uint32_t cpu, uint8_t vector)
{
	(void)ctx;
	(void)vector;
	rung[cpu] = true;
}

uint64_t ferry_host_now(void *ctx)
{
	(void)ctx;
	return 0;
}

void ferry_host_poll_in(void *ctx, uint64_t ns)
{
	(void)ctx;
	(void)ns;
}

uint32_t ferry_host_read(void *ctx, uint32_t device, uint32_t index, enum ferry_reg reg)
{
	(void)ctx;
	(void)device;
	(void)index;
	return registers[reg];
}

void ferry_host_write(void *ctx, uint32_t device, uint32_t index, enum ferry_reg reg,
		      uint32_t value)
{
	(void)ctx;
	(void)device;
	(void)index;
	registers[reg] = value;
}

void ferry_host_irte_write(void *ctx, uint32_t unit, uint32_t index, const struct ferry_irte *entry)
{
	(void)ctx;
	(void)unit;
	(void)index;
	(void)entry;
}

void ferry_host_irte_sync(void *ctx, uint32_t unit, uint32_t index)
{
	(void)ctx;
	(void)unit;
	(void)index;
}

/* Ids without gaps, those above 255 by the extended destination id. */
struct ferry *bench_machine(uint32_t cpus, uint32_t irqs)
{
	static uint32_t ids[BENCH_CPUS];
	struct ferry_x86_config config = {
		.core = { .cpus = cpus, .irqs = irqs, .masks = 128 },
		.flags = FERRY_X86_FENCE_REACHES_IRR | FERRY_X86_EXT_DEST,
		.apic_ids = ids,
		.rooms = &ferry_x86_rooms,
		.first_vector = BENCH_FIRST,
		.last_vector = BENCH_LAST,
		.doorbell_vector = BENCH_DOORBELL,
	};
	struct ferry *f;
	size_t size;
	void *memory;

	for (uint32_t c = 0; c < cpus; c++)
		ids[c] = c;
	size = ferry_x86_size(&config);
	memory = aligned_alloc(64, (size + 63) / 64 * 64);
	if (!size || !memory || ferry_x86_init(&config, memory, size, &f))
		abort();
	for (uint32_t c = 0; c < cpus; c++)
		if (ferry_cpu_enter(f, c))
			abort();
	return f;
}

void bench_doorbells(struct ferry *f)
{
	for (uint32_t c = 0; c < BENCH_CPUS; c++)
		if (rung[c]) {
			rung[c] = false;
			ferry_x86_doorbell(f, c);
		}
}

uint32_t bench_create(struct ferry *f, const uint64_t *mask)
{
	struct ferry_source source = { .kind = FERRY_X86_MSIX };
	uint32_t irq;

	if (ferry_x86_create(f, &source, mask, 1, &irq) != 1)
		abort();
	return irq;
}
