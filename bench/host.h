/* SPDX-License-Identifier: MIT */
/*
 * The smallest host that the library runs under: one thread, devices that are
 * memory. Its own instructions are not counted, so it need not be quick.
 */
#ifndef BENCH_HOST_H
#define BENCH_HOST_H

#include <irqferry/host.h>
#include <irqferry/x86.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <valgrind/callgrind.h>

#define BENCH_CPUS FERRY_CPUS_MAX
#define BENCH_DOORBELL 0x30u
#define BENCH_FIRST 0x40u
#define BENCH_LAST 0xefu

/* Called by ferry_host_handle: where the count up to the handler stops. */
extern void (*bench_handler)(void), (*bench_eoi)(void);

/* A machine with all its CPUs online. */
struct ferry *bench_machine(uint32_t cpus, uint32_t irqs);
/* Run the doorbells that have been rung. */
void bench_doorbells(struct ferry *f);
uint32_t bench_create(struct ferry *f, const uint64_t *mask);

#endif
