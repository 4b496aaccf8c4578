/* SPDX-License-Identifier: MIT */
#include <stdint.h>
#include "fibre.h"

#ifndef FIBRE_UCONTEXT
/* Where fibre_switch jumps to the first time: argument and function are on the
 * stack, which is then a multiple of 16, as a call wants it. */
void fibre_thunk(void);
__asm__(".pushsection .text\n"
	".globl fibre_thunk\n"
	".type fibre_thunk, @function\n"
	"fibre_thunk:\n"
	"	xorl %ebp, %ebp\n"
	"	popq %rdi\n"
	"	popq %rax\n"
	"	call *%rax\n"
	"	ud2\n"
	".size fibre_thunk, .-fibre_thunk\n"
	".popsection\n");

void fibre_init(struct fibre *f, void *stack, size_t size, void (*fn)(void *arg), void *arg)
{
	uintptr_t top = ((uintptr_t)stack + size) & ~(uintptr_t)15;
	uint64_t *sp = (uint64_t *)top;

	*--sp = 0;
	*--sp = 0;
	*--sp = (uintptr_t)fn;
	*--sp = (uintptr_t)arg;
	*--sp = (uintptr_t)fibre_thunk;
	f->sp = sp;
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
