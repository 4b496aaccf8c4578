/* SPDX-License-Identifier: MIT */
/*
 * The lock of both sides where locks are counted: one exchange that succeeds, one store. Real
 * calls, so that both sides pay the same for a lock; without PEERS_LOCKS nothing.
 */
#ifndef BENCH_PEERS_LOCK_H
#define BENCH_PEERS_LOCK_H

#ifdef PEERS_LOCKS
void peers_lock(unsigned int *word);
void peers_unlock(unsigned int *word);
#else
static inline void peers_lock(unsigned int *word)
{
	(void)word;
}

static inline void peers_unlock(unsigned int *word)
{
	(void)word;
}
#endif

#endif
