/* SPDX-License-Identifier: MIT */
/* client.h: the threads and handlers of an explored machine (client.c). */
#ifndef IRQFERRY_CHECK_CLIENT_H
#define IRQFERRY_CHECK_CLIENT_H

#include "world.h"

/* Without the parts that concern guarded memory, which are world.c's. */
extern const struct sim_client client_threads;

static inline struct world *world_of(const struct machine *m)
{
	return m->out->user;
}

static inline struct state *state_of(const struct machine *m)
{
	return m->client;
}

/* What leaving CPUs wait for may have come. */
void client_stir(struct machine *m);
/* Judge a moment in which nothing can happen but events. */
void client_rest(struct machine *m);
/* Has come what the CPU's thread waits for? */
bool client_may_try(struct machine *m, uint32_t cpu);
/* May the CPU be switched on again now? */
bool client_may_power(const struct machine *m, uint32_t cpu);
/* May the device fire? */
bool client_may_fire(const struct machine *m, uint32_t src);

#endif
