/* SPDX-License-Identifier: MIT */
/*
 * The inline flavour's own header, with a pause that gives the core away when it
 * lasts: the lock under test is the shipped one, but its holder may be a thread
 * that does not run while the waiter does.
 */
#ifndef TESTS_THREADS_PLATFORM_H
#define TESTS_THREADS_PLATFORM_H

int sched_yield(void);

static inline void polite_pause(void)
{
	static _Thread_local unsigned turns;

	if (++turns % 64 == 0)
		(void)sched_yield();
}

#define __builtin_ia32_pause polite_pause
#include <irqferry/platform/inline.h>
#undef __builtin_ia32_pause

#endif
