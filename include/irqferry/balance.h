/* SPDX-License-Identifier: MIT */
/*
 * irqferry: which of the CPUs it may use should an interrupt have? Policies, and
 * rebalancing when a CPU has come. Nothing here changes what was requested: a policy
 * chooses among requested and online CPUs.
 *
 * Two gates. At build time: with FERRY_NO_BALANCE defined these calls do nothing and
 * cost nothing; no call needs an #ifdef. At run time: nothing is rebalanced until
 * ferry_balance_set() has named a policy, which a host does once it has booted.
 */
#ifndef IRQFERRY_BALANCE_H
#define IRQFERRY_BALANCE_H

#include <irqferry/ferry.h>

/* The CPUs that a policy may choose from; opaque. */
struct ferry_candidates;

struct ferry_policy {
	/* A pass over all interrupts begins. May be null. Context: thread, no lock. */
	void (*begin)(struct ferry *f, void *arg);

	/* Choose: `now` is the CPU the interrupt has, or FERRY_NONE. Returns a candidate,
	 * or FERRY_NONE: as the library sees fit (when placed), stay (when rebalanced).
	 * Context: interrupts off, the interrupt's lock held: reads and ferry_host
	 * atomics only. Also called where a CPU leaves, for each of its interrupts. */
	uint32_t (*pick)(struct ferry *f, void *arg, const struct ferry_candidates *among,
			 uint32_t irq, uint32_t now);

	void *arg;
};

/* The lowest candidate >= from, or FERRY_NONE. Online, staying, requested. */
uint32_t ferry_candidate(struct ferry *f, const struct ferry_candidates *among, uint32_t from);

/*
 * Round robin over the candidates, in the order of CPU indices: with full masks, CPUs
 * have counts that differ by at most 1 after a pass. `cursor` is zeroed by its owner,
 * and is the policy's alone.
 */
struct ferry_round_robin {
	uint32_t cursor; /* a ferry_atomic's value: the CPU chosen last, + 1 */
	uint32_t reserved;
};
void ferry_round_robin(struct ferry_policy *policy, struct ferry_round_robin *state);

/*
 * By load: interrupts stay where they are unless the busiest of the two CPUs gets less
 * than it had; large ones count more. `load` has a word per interrupt, what it costs in
 * any one unit (handler time or starts per second), which the host keeps up to date;
 * `sums` has ferry_config.cpus words, the policy's.
 */
struct ferry_by_load {
	const uint32_t *load;
	uint64_t *sums;
	uint32_t slack; /* percent that must be gained before anything moves */
	uint32_t reserved;
};
void ferry_by_load(struct ferry_policy *policy, struct ferry_by_load *state);

#ifdef FERRY_NO_BALANCE

static inline void ferry_balance_set(struct ferry *f, const struct ferry_policy *policy)
{
	(void)f;
	(void)policy;
}
static inline bool ferry_balance(struct ferry *f, uint32_t *cursor, uint32_t budget,
				 uint32_t *moved)
{
	(void)f;
	(void)cursor;
	(void)budget;
	if (moved)
		*moved = 0;
	return false;
}

#else

/*
 * From now on `policy` (kept, not copied; null: none, rebalancing is off) places what is
 * created, moved to several CPUs, or driven from a CPU that leaves; and an interrupt
 * that was not enabled until now is planned anew when it is. Context: thread, under the
 * host's hotplug lock.
 */
void ferry_balance_set(struct ferry *f, const struct ferry_policy *policy);

/*
 * Rebalance: ask the policy about up to `budget` interrupts from *cursor (0 at first)
 * on, and start the moves. Skipped: those without a handler (disabled), guest-bound ones
 * (FERRY_GIC_GUEST), those being freed. True: call again, with the same cursor. With no
 * policy or no CPU online it does nothing. To be called when a CPU has come online,
 * not while booting. *moved (may be null) counts the moves started, and is added to.
 * Context: thread, interrupts on, the host's hotplug lock held.
 */
bool ferry_balance(struct ferry *f, uint32_t *cursor, uint32_t budget, uint32_t *moved);

#endif

/*
 * To `cpu`, if it is among those requested and online; what is requested stays. Else
 * as ferry_irq_set_affinity() with the same mask and this preferred CPU. For what
 * follows something: a vCPU that was put on another CPU takes its interrupts along.
 * Context: any. FERRY_OK, FERRY_E_INVALID, FERRY_E_STATE, FERRY_E_NO_CPU.
 */
int ferry_irq_prefer(struct ferry *f, uint32_t irq, uint32_t cpu);

#endif
