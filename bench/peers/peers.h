/* SPDX-License-Identifier: MIT */
/*
 * An allocator and a spreading function as the driver sees them, without libc's types: one side
 * is compiled with the kernel's.
 */
#ifndef BENCH_PEERS_PEERS_H
#define BENCH_PEERS_PEERS_H

#define PEERS_CPUS 4096u
#define PEERS_WORDS (PEERS_CPUS / 64)
#define PEERS_MASKS 64u
#define PEERS_SLOTS 0x10000u

/* The same vectors on both sides. */
#define PEERS_FIRST 0x40u
#define PEERS_LAST 0xefu

/* What a side can't do yet is null. Slots are the driver's: a side notes there where interrupt
 * `slot` is. Masks are announced before, by number. False and -1: refused. */
struct peers_side {
	const char *name;
	void (*start)(unsigned int cpus);
	void (*mask)(unsigned int number, const unsigned long *words);
	/* What the caller does with a mask before it allocates. */
	void (*prepare)(unsigned int number);
	int (*alloc)(unsigned int mask, unsigned int slot); /* the CPU */
	void (*release)(unsigned int slot);
	_Bool (*reserve)(unsigned int mask);
	int (*alloc_managed)(unsigned int mask, unsigned int slot);
	void (*release_managed)(unsigned int slot);
	void (*unreserve)(unsigned int mask);
	unsigned int (*taken)(unsigned int cpu);

	/* A machine with `cpus` CPUs in nodes of `node`, siblings next to each other. */
	void (*topology)(unsigned int cpus, unsigned int node);
	/* Group g goes to result + g * PEERS_WORDS unless `result` is null. */
	void (*spread)(unsigned int groups);
	const unsigned long *(*group)(unsigned int g);
	void (*spread_end)(void);
};

extern const struct peers_side peers_linux, peers_ours;

#endif
