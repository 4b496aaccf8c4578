/* SPDX-License-Identifier: MIT */
/*
 * guards.h: which lock guards which memory? For checkers of locking rules, the
 * host's or ours. Linked only if used.
 */
#ifndef IRQFERRY_GUARDS_H
#define IRQFERRY_GUARDS_H

#include <irqferry/ferry.h>
#include <irqferry/host.h>

enum ferry_guard_kind {
	FERRY_GUARD_CONST = 0,     /* written by the init function alone */
	FERRY_GUARD_LOCK = 1,      /* a lock */
	FERRY_GUARD_PLAIN = 2,     /* plain data, read and written with the lock held */
	FERRY_GUARD_PUBLISHED = 3, /* plain data, written with the lock held; read without
				    * it only by who keeps it from changing: the runner of a
				    * handler, the holder of a reference */
	FERRY_GUARD_CELL = 4,      /* an atomic, written with the lock held, read by anyone */
	FERRY_GUARD_FREE = 5,      /* an atomic that anyone writes */
	FERRY_GUARD_TIME = 6,      /* as PLAIN: half of a 64-bit moment of ferry_host_now,
				    * of which only the distance to the present matters */
	FERRY_GUARD_COUNT = 7,     /* as PLAIN: a count of commands given to the ITS, of which
				    * only the distance to what it has done matters */
	FERRY_GUARD_OWN = 8        /* plain data of one thread: the host's who runs a vCPU, or who
				    * holds the hotplug lock */
};

struct ferry_guard {
	enum ferry_guard_kind kind;
	const ferry_lock *lock; /* null for CONST, LOCK and FREE */
};

/*
 * The guard of the 32-bit word at `address`, which lies in the memory that was given
 * to ferry_x86_init. Reads constant memory only. Context: any.
 */
struct ferry_guard ferry_x86_guard(const struct ferry *f, const void *address);
/* The same for ferry_gic_init. */
struct ferry_guard ferry_gic_guard(const struct ferry *f, const void *address);
/* The same for ferry_vgic_init. */
struct ferry_vgic;
struct ferry_guard ferry_vgic_guard(const struct ferry_vgic *g, const void *address);

#endif
