/* SPDX-License-Identifier: MIT */
/*
 * A fake of the calls that sets of queues make (ferry.h, managed.h): it holds the contracts
 * against its caller, counts, fails the nth call, says "again" as often as told, and lets
 * somebody else run before each call. One machine; one thread.
 */
#ifndef TESTS_FAKE_MANAGED_H
#define TESTS_FAKE_MANAGED_H

#include <irqferry/managed.h>

#define FAKE_CPUS 70u /* two words of a mask, the second one not full */
#define FAKE_WORDS 2u
#define FAKE_IRQS 4u

struct fake_mask {
	uint64_t w[FAKE_WORDS];
};

struct fake_irq {
	uint32_t managed, pool;
	uint32_t state; /* enum ferry_state: FERRY_SETTLED, FERRY_DRAINING, FERRY_STOPPED */
	uint32_t drain; /* how often it says "again" before it is stopped */
	uint32_t spare; /* there is one */
	struct fake_mask mask, other;
	uint32_t starts, stops;
};

struct ferry {
	uint32_t cpu[FAKE_CPUS]; /* enum ferry_cpu_state */
	struct fake_irq irq[FAKE_IRQS];
	uint32_t again;      /* `drain` of a stop that begins */
	uint32_t calls;      /* so far */
	uint32_t fail_at[2]; /* these calls fail; 0: none */
	bool for_ever;       /* ... and all later ones of the first one's function */
	const char *failing; /* that function, once it has failed */
	uint32_t failed;     /* how many have */
	uint32_t leaked;     /* releases that have */
	int start_error;     /* what a start fails with */
	void (*point)(void); /* before each call, or null */
	void (*log)(char what, uint32_t irq); /* or null */
};

extern struct ferry fake;

/* A contract was broken: says so once, and counts. */
void fake_wrong(const char *what, uint32_t n);
extern uint32_t fake_wrongs;

void fake_begin(void);
bool fake_online(const struct fake_mask *mask);
bool fake_running(uint32_t irq);

#endif
