/* SPDX-License-Identifier: MIT */
/* The machine without the GIC: memory, clock, PSCI, the end. */
#include "machine.h"

uint8_t stacks[CPUS + 1][STACK_BYTES] __attribute__((aligned(65536)));
uint64_t level1[512] __attribute__((aligned(4096)));
extern char cpu_entry[];

/* ---- memory -------------------------------------------------------------------- */

/* A block of 1 GB, flat. Devices: attribute 0, never executed. Memory: attribute 1,
 * shared by all CPUs: exclusive accesses need that. */
static uint64_t block(uint64_t number, bool device)
{
	uint64_t entry = number << 30 | 1u << 10 | 1u;

	return device ? entry | 3ull << 53 : entry | 3u << 8 | 1u << 2;
}

/* The first CPU alone, MMU off. */
void map(void)
{
	level1[0] = block(0, true);
	level1[1] = block(1, false);
	level1[PCI_ECAM_BASE >> 30] = block(PCI_ECAM_BASE >> 30, true);
	__asm__ volatile("dsb sy" ::: "memory");
}

/* ---- clock --------------------------------------------------------------------- */

uint64_t now_ns(void)
{
	__asm__ volatile("isb" ::: "memory");
	/* 62.5 MHz on virt; whole nanoseconds for every rate that divides 1 GHz. */
	return read_sysreg(cntvct_el0) * (1000000000u / read_sysreg(cntfrq_el0));
}

void timer_start(uint64_t ns)
{
	write_sysreg(cntv_tval_el0, ns * read_sysreg(cntfrq_el0) / 1000000000u);
	write_sysreg(cntv_ctl_el0, 1);
	__asm__ volatile("isb" ::: "memory");
}

/* ---- PSCI ---------------------------------------------------------------------- */

/* Who was started at EL2 has nobody below EL3 to call: SMC. Else HVC. */
static bool from_el2;

int64_t cpu_on(uint32_t cpu)
{
	return firmware(from_el2, 0xc4000003u, cpu, (uintptr_t)cpu_entry, cpu);
}

void cpu_off(void)
{
	(void)firmware(from_el2, 0x84000002u, 0, 0, 0);
}

bool cpu_is_off(uint32_t cpu)
{
	return firmware(from_el2, 0xc4000004u, cpu, 0, 0) == 1;
}

void machine_level(uint64_t level)
{
	from_el2 = level == 8;
}

/* ---- what compilers call for themselves ---------------------------------------- */

void *memcpy(void *to, const void *from, size_t n)
{
	char *t = to;
	const char *f = from;

	while (n--)
		*t++ = *f++;
	return to;
}

void *memmove(void *to, const void *from, size_t n)
{
	char *t = to;
	const char *f = from;

	if (t <= f || t >= f + n)
		return memcpy(to, from, n);
	while (n--)
		t[n] = f[n];
	return to;
}

void *memset(void *to, int value, size_t n)
{
	char *t = to;

	while (n--)
		*t++ = (char)value;
	return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const unsigned char *x = a, *y = b;

	for (; n--; x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}
