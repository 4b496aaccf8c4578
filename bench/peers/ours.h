/* SPDX-License-Identifier: MIT */
#ifndef BENCH_PEERS_OURS_H
#define BENCH_PEERS_OURS_H

#include <irqferry/ferry.h>

/* A machine with all its CPUs online; the one made before is gone. */
struct ferry *peers_machine(uint32_t cpus, uint32_t irqs);

#endif
