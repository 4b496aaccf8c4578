/* SPDX-License-Identifier: MIT */
/* A set of queues of some of the devices: queues.c. */
#ifndef TESTS_THREADS_QUEUES_H
#define TESTS_THREADS_QUEUES_H

#include "world.h"

void queues_begin(struct world *w, struct cpu *c);
/* Nobody works on it any more, and all CPUs are there. */
void queues_end(struct world *w, struct cpu *c);
void queues_op(struct world *w, struct cpu *c);
/* False: give up. */
bool queues_leave(struct world *w, struct cpu *c);
void queues_enter(struct world *w, struct cpu *c);

#endif
