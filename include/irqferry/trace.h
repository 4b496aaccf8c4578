/* SPDX-License-Identifier: MIT */
/* Trace records: one at each change of state, of fixed size and meaning. */
#ifndef IRQFERRY_TRACE_H
#define IRQFERRY_TRACE_H

#include <stdint.h>

enum ferry_trace_event {
	FERRY_TRACE_CREATE = 1,   /* a = vector, b = CPU */
	FERRY_TRACE_REQUEST = 2,  /* a = ticket, b = 1 if queued */
	FERRY_TRACE_PROGRAM = 3,  /* the source names a new place: a = vector, b = CPU */
	FERRY_TRACE_EVIDENCE = 4, /* nothing more comes to the old place: a = CPUs that owe */
	FERRY_TRACE_CLEAR = 5,    /* `cpu` cleared its slot: a = vector, b = CPUs that still owe */
	FERRY_TRACE_SETTLED = 6,  /* a = generation */
	FERRY_TRACE_STARVED = 7,  /* a queued request found no vector */
	FERRY_TRACE_LATCHED = 8,  /* an arrival was remembered: a = vector */
	FERRY_TRACE_REPLAY = 9,   /* a handler starts from memory */
	FERRY_TRACE_DEAD = 10,    /* ferry_irq_free began */
	FERRY_TRACE_FREE = 11,    /* the number is free */
	FERRY_TRACE_CPU = 12,     /* a = the CPU's new enum ferry_cpu_state */
	FERRY_TRACE_BROKEN = 13,  /* moved outside the requested mask: b = CPU */
	FERRY_TRACE_FORWARD = 14  /* pending at commit, replayed elsewhere: a = vector */
};

struct ferry_trace {
	uint16_t event; /* enum ferry_trace_event */
	uint16_t cpu;   /* the CPU concerned; 0xffff if none is */
	uint32_t irq;   /* FERRY_NONE if none is */
	uint32_t a, b;
};

#endif
