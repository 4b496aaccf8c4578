/* SPDX-License-Identifier: MIT */
/*
 * For src/x86/vector.c, room.c: a place is given back without the look at the IRR, which is a
 * read of the hardware, and nothing that an allocator does.
 */
#ifndef BENCH_PEERS_NO_IRR_H
#define BENCH_PEERS_NO_IRR_H

#include <irqferry/host.h>

#define ferry_host_irr(ctx, cpu, vector) ((void)(ctx), (void)(cpu), (void)(vector), false)

#endif
