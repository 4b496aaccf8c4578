// SPDX-License-Identifier: MIT
#include "bench/peers/lock.h"

#ifdef PEERS_LOCKS

void peers_lock(unsigned int *word)
{
	while (__atomic_exchange_n(word, 1u, __ATOMIC_ACQUIRE))
		;
}

void peers_unlock(unsigned int *word)
{
	__atomic_store_n(word, 0u, __ATOMIC_RELEASE);
}

#endif
