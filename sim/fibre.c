/* SPDX-License-Identifier: MIT */
#include <stdint.h>
#include "fibre.h"

#ifndef FIBRE_UCONTEXT
/*
 * Only what the System V ABI makes the callee keep: six registers. The floating
 * point control words are the same in all fibres. A whole step of a simulated
 * CPU costs two of these, so swapcontext() with its system call is out.
 */
void fibre_swap(void **save, void *load);
void fibre_thunk(void);
__asm__(".pushsection .text\n"
	".globl fibre_swap\n"
	".type fibre_swap, @function\n"
	"fibre_swap:\n"
	"	pushq %rbp\n"
	"	pushq %rbx\n"
	"	pushq %r12\n"
	"	pushq %r13\n"
	"	pushq %r14\n"
	"	pushq %r15\n"
	"	movq %rsp, (%rdi)\n"
	"	movq %rsi, %rsp\n"
	"	popq %r15\n"
	"	popq %r14\n"
	"	popq %r13\n"
	"	popq %r12\n"
	"	popq %rbx\n"
	"	popq %rbp\n"
	"	ret\n"
	".size fibre_swap, .-fibre_swap\n"
	".globl fibre_thunk\n"
	".type fibre_thunk, @function\n"
	"fibre_thunk:\n"
	"	movq %r13, %rdi\n"
	"	call *%r12\n"
	"	ud2\n"
	".size fibre_thunk, .-fibre_thunk\n"
	".popsection\n");

void fibre_init(struct fibre *f, void *stack, size_t size, void (*fn)(void *arg), void *arg)
{
	uintptr_t top = ((uintptr_t)stack + size) & ~(uintptr_t)15;
	uint64_t *sp = (uint64_t *)top;

	*--sp = 0;
	*--sp = 0; /* two: the thunk then calls from a multiple of 16 */
	*--sp = (uintptr_t)fibre_thunk;
	*--sp = 0; /* rbp: ends a debugger's walk */
	*--sp = 0;
	*--sp = (uintptr_t)fn;	/* r12 */
	*--sp = (uintptr_t)arg; /* r13 */
	*--sp = 0;
	*--sp = 0;
	f->sp = sp;
}

void fibre_switch(struct fibre *from, struct fibre *to)
{
	fibre_swap(&from->sp, to->sp);
}

#else

static void start(unsigned int fn_high, unsigned int fn_low, unsigned int arg_high,
		  unsigned int arg_low)
{
	uintptr_t fn = (uintptr_t)((uint64_t)fn_high << 32 | fn_low);
	uintptr_t arg = (uintptr_t)((uint64_t)arg_high << 32 | arg_low);

	((void (*)(void *))fn)((void *)arg);
}

void fibre_init(struct fibre *f, void *stack, size_t size, void (*fn)(void *arg), void *arg)
{
	uint64_t p = (uintptr_t)fn, q = (uintptr_t)arg;

	getcontext(&f->context);
	f->context.uc_stack.ss_sp = stack;
	f->context.uc_stack.ss_size = size;
	f->context.uc_link = NULL;
	makecontext(&f->context, (void (*)(void))start, 4, (unsigned int)(p >> 32), (unsigned int)p,
		    (unsigned int)(q >> 32), (unsigned int)q);
}

void fibre_switch(struct fibre *from, struct fibre *to)
{
	swapcontext(&from->context, &to->context);
}
#endif
