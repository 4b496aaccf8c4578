/* SPDX-License-Identifier: MIT */
/* fibre.h: simulated CPUs are fibres: a stack each, switched by hand. */
#ifndef IRQFERRY_SIM_FIBRE_H
#define IRQFERRY_SIM_FIBRE_H

#include <stddef.h>

#if !defined(__x86_64__)
#include <ucontext.h>
#define FIBRE_UCONTEXT 1
#endif

struct fibre {
#ifdef FIBRE_UCONTEXT
	ucontext_t context;
#else
	void *sp; /* everything else is on the stack */
#endif
};

/* Prepare `f` to run fn(arg) on `stack`, lowest address first. fn never returns. */
void fibre_init(struct fibre *f, void *stack, size_t size, void (*fn)(void *arg), void *arg);

/* Leave `from` here, go on in `to`. */
void fibre_switch(struct fibre *from, struct fibre *to);

#endif
