/* SPDX-License-Identifier: MIT */
/*
 * machine.h: QEMU's `virt`, whose addresses are fixed, and what every file here needs of
 * it. No device tree is read.
 */
#ifndef MACHINE_H
#define MACHINE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CPUS 8u
#define STACK_BYTES 65536u /* known to start.S */

#define GICD_BASE 0x08000000u
#define GICC_BASE 0x08010000u /* GICv2 */
#define GICC_IAR 0x0cu
#define GITS_BASE 0x08080000u /* GICv3, up to the end of the redistributors */
#define GICR_BASE 0x080a0000u
#define GICR_BYTES 0x00f60000u
#define UART_BASE 0x09000000u
#define RTC_BASE 0x09010000u
#define VIRTIO_BASE 0x0a000000u /* transports of 0x200 bytes, SPIs from 48 on */
#define VIRTIO_TRANSPORTS 32u
#define VIRTIO_INTID 48u
#define PCI_MMIO_BASE 0x10000000u
#define PCI_ECAM_BASE 0x4010000000u

#define TIMER_INTID 27u /* the virtual timer of each CPU */

/* ---- devices: one access, of this width ---------------------------------------- */

static inline uint32_t read32(uint64_t address)
{
	return *(volatile uint32_t *)(uintptr_t)address;
}

static inline void write32(uint64_t address, uint32_t value)
{
	*(volatile uint32_t *)(uintptr_t)address = value;
}

/* ---- this CPU ------------------------------------------------------------------ */

#define read_sysreg(name) \
	({ \
		uint64_t sysreg_value; \
		__asm__ volatile("mrs %0, " #name : "=r"(sysreg_value)::"memory"); \
		sysreg_value; \
	})
#define write_sysreg(name, value) \
	__asm__ volatile("msr " #name ", %0" ::"r"((uint64_t)(value)) : "memory")

/* Its index: the argument of CPU_ON. */
static inline uint32_t this_cpu(void)
{
	return (uint32_t)read_sysreg(tpidr_el1);
}

/* In every loop that waits: with one host thread for all CPUs the next one runs now. */
static inline void relax(void)
{
	__asm__ volatile("yield" ::: "memory");
}

static inline void wait_for_interrupt(void)
{
	__asm__ volatile("dsb sy\n\twfi" ::: "memory");
}

static inline void interrupts_on(void)
{
	__asm__ volatile("msr daifclr, #2" ::: "memory");
}

static inline void interrupts_off(void)
{
	__asm__ volatile("msr daifset, #2" ::: "memory");
}

/* Nanoseconds; never goes back, also from CPU to CPU. */
uint64_t now_ns(void);

void timer_start(uint64_t ns);

/* ---- CPUs, by PSCI ------------------------------------------------------------- */

int64_t cpu_on(uint32_t cpu); /* 0: it will come to begin(); one caller at a time */
void cpu_off(void);           /* returns only if refused */
bool cpu_is_off(uint32_t cpu);

/* ---- words --------------------------------------------------------------------- */

/* One line at a time; %s %c %d %u %x %lu %lx %%, with a width (padded by blanks). */
__attribute__((format(printf, 1, 2))) void say(const char *format, ...);

/* TAP: a line for each; the plan and the end of the machine. Never returns. */
__attribute__((format(printf, 2, 3))) bool check(bool good, const char *format, ...);
_Noreturn void finish(void);
/* Nothing that comes after it would make sense. Exit code 2. */
__attribute__((format(printf, 1, 2))) _Noreturn void bail(const char *format, ...);

/* The number after `name=` among the arguments (-semihosting-config arg=name=N). */
uint64_t argument(const char *name, uint64_t otherwise);

/* ---- start.S, machine.c, main.c ------------------------------------------------ */

int64_t firmware(bool smc, uint64_t function, uint64_t a, uint64_t b, uint64_t c);
int64_t semihosting(uint64_t operation, void *argument);
void map(void);
_Noreturn void begin(uint32_t cpu, uint64_t level);
void interrupt(void);
_Noreturn void fault(uint64_t vector, uint64_t syndrome, uint64_t address, uint64_t data);

#endif
