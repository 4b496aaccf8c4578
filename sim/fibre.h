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
#ifdef FIBRE_UCONTEXT
void fibre_switch(struct fibre *from, struct fibre *to);
#else
/*
 * Inline: each return after a switch is one that the processor predicted for the
 * other fibre, so there should be as few of them as possible. The compiler saves
 * what it needs; rbp and rbx can't be named as clobbers everywhere. The red zone
 * is stepped over.
 */
static inline __attribute__((always_inline)) void fibre_switch(struct fibre *from, struct fibre *to)
{
	void **save = &from->sp, *load = to->sp;

	__asm__ volatile("leaq -128(%%rsp), %%rsp\n\t"
			 "pushq %%rbp\n\t"
			 "pushq %%rbx\n\t"
			 "leaq 1f(%%rip), %%rax\n\t"
			 "pushq %%rax\n\t"
			 "movq %%rsp, (%0)\n\t"
			 "movq %1, %%rsp\n\t"
			 "popq %%rax\n\t"
			 "jmpq *%%rax\n"
			 "1:\n\t"
			 "popq %%rbx\n\t"
			 "popq %%rbp\n\t"
			 "leaq 128(%%rsp), %%rsp"
			 : "+D"(save), "+S"(load)
			 :
			 : "rax", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13", "r14",
			   "r15", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7",
			   "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15",
			   "memory", "cc");
}
#endif

#endif
