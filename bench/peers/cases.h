/* SPDX-License-Identifier: MIT */
/* What the parts of the driver share. */
#ifndef BENCH_PEERS_CASES_H
#define BENCH_PEERS_CASES_H

#include <stdint.h>
#include "bench/peers/peers.h"

uint64_t peers_random(void);
uint64_t peers_now(void);
/* How often a row is repeated; the last time counts. */
uint32_t peers_rounds(void);
/* End of a row: its profile. */
void peers_dump(const char *row, const char *mask, uint32_t n, const char *side);

/* Rows of the spreading function; sides from `first_side` on. */
void peers_spread(uint32_t first_side);
/* Rows of a CPU that leaves; our side alone. */
void peers_evacuate(void);

#endif
