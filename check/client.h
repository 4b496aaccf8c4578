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

/* Waiting inside an operation. A host does not try again all the time. It waits for one of
 * these; and, where nothing else can happen, it tries again after a while (L_OP with b 1). */
enum client_wait {
	WAIT_NOT,
	WAIT_INTERRUPT, /* until an interrupt was taken here, or some move has ended */
	WAIT_DRAINED,   /* until a freed interrupt is drained */
	WAIT_QUIET,     /* until nothing of the device is under way */
	WAIT_SERVED     /* a driver: until all requests of its queue are completed */
};

/* Wait. a->stirred was reset before what is to be tried again was tried. Of what the thread
 * has seen it keeps `remember`. */
void client_wait(struct machine *m, uint32_t cpu, uint8_t what, uint32_t src, uint64_t remember);
/* The same within a call, all of which it remembers: until the queue's requests are completed. */
void client_serve(struct machine *m, uint32_t cpu, uint32_t queue);
/* A call of the subject has returned this: of what it saw nothing else is left. */
int client_returned(struct machine *m, uint32_t where, int rc);
/* It may not return what means a mistake. */
void client_check_rc(struct machine *m, uint32_t src, const char *what, int rc);
/* Is nothing of the source's device under way? */
bool client_quiet(struct machine *m, uint32_t src);
/* Free it, until it is gone. */
void client_free(struct machine *m, uint32_t cpu, uint32_t src);
/* Create it; enable it, but for its place; start its device. */
int client_make(struct machine *m, uint32_t src, uint64_t cpus);

/* What leaving CPUs wait for may have come. */
void client_stir(struct machine *m);
/* ... but not this one. */
void client_stir_others(struct machine *m, uint32_t self);
/* A CPU that is about to leave, under the hotplug lock, asks for a plan if the scenario has it
 * so. False: it can't leave. After commit or roll-back the plan is dropped (client_plan.c). */
bool client_plan(struct machine *m, uint32_t cpu);
void client_drop(struct machine *m);
/* `leave` has returned; a step or a commit has. */
void client_plan_closed(struct machine *m);
void client_plan_step(struct machine *m, uint32_t cpu, int rc);
/* So many vectors that nothing can run out of them. */
bool client_plenty(const struct machine *m);
/* Judge a moment in which nothing can happen but events. */
void client_rest(struct machine *m);
/* Has come what the CPU's thread waits for? */
bool client_may_try(struct machine *m, uint32_t cpu);
/* May the CPU be switched on again now? */
bool client_may_power(const struct machine *m, uint32_t cpu);
/* May the device fire? */
bool client_may_fire(const struct machine *m, uint32_t src);

#endif
