/* SPDX-License-Identifier: MIT */
/* Trace records: one at each change of state, of fixed size and meaning. */
#ifndef IRQFERRY_TRACE_H
#define IRQFERRY_TRACE_H

#include <stdint.h>

enum ferry_trace_event {
	FERRY_TRACE_CREATE = 1,   /* made; still disabled */
	FERRY_TRACE_REQUEST = 2,  /* a = ticket */
	FERRY_TRACE_PROGRAM = 3,  /* the source names a new place; cpu, a = the old place's
				   * first CPU and vector */
	FERRY_TRACE_EVIDENCE = 4, /* nothing more comes to the old place; a = CPUs that owe */
	FERRY_TRACE_CLEAR = 5,    /* cpu cleared its slot; a = CPUs that still owe */
	FERRY_TRACE_SETTLED = 6,  /* a = generation */
	FERRY_TRACE_STARVED = 7,  /* a queued request found no vector */
	FERRY_TRACE_LATCHED = 8,  /* an arrival on cpu was remembered */
	FERRY_TRACE_REPLAY = 9,   /* a handler starts from memory on cpu; GIC: what was latched
				   * is about to be made pending again, for cpu */
	FERRY_TRACE_DEAD = 10,    /* ferry_irq_free began; not of one that is stopped */
	FERRY_TRACE_FREE = 11,    /* the number is free */
	FERRY_TRACE_CPU = 12,     /* a = the new enum ferry_cpu_state of cpu */
	FERRY_TRACE_BROKEN = 13,  /* moved off cpu, outside the requested mask */
	FERRY_TRACE_FORWARD = 14, /* pending on cpu at commit, replayed elsewhere */
	FERRY_TRACE_STOP = 15,    /* ferry_irq_stop began */
	FERRY_TRACE_START = 16,   /* ferry_irq_start: it has a place again */
	FERRY_TRACE_ASLEEP = 17   /* ferry_irq_start found no online CPU in its mask */
};

struct ferry_trace {
	uint16_t event; /* enum ferry_trace_event */
	uint16_t cpu;   /* the CPU concerned; 0xffff if none is */
	uint32_t irq;   /* FERRY_NONE if none is; then the following three are 0 */
	uint8_t state;  /* enum ferry_state, after the event */
	uint8_t vector; /* the current place */
	uint16_t home;  /* its first CPU; 0xffff if there is none */
	uint32_t a;     /* see the event */
};

#endif
