/* SPDX-License-Identifier: MIT */
/*
 * irqferry: which of the CPUs it may use should an interrupt have? Policies, and
 * rebalancing when a CPU has come. Nothing here changes what was requested: a policy
 * chooses among the CPUs that are requested and online.
 *
 * Two gates. At build time: with FERRY_NO_BALANCE defined these calls do nothing and
 * cost nothing; no call needs an #ifdef. At run time: no policy is asked, and nothing
 * rebalanced, until ferry_balance_set() has named one, which a host does once it has
 * booted.
 *
 * Only interrupts that may have one of several CPUs are a policy's: not those whose
 * request is one CPU, nor guest-bound ones (FERRY_GIC_GUEST), nor those whose place is
 * several CPUs at once (FERRY_SOURCE_SEVERAL, FERRY_GIC_SEVERAL).
 * A preferred CPU is a wish of its moment: once there, an interrupt is like any other. To
 * keep one on its CPU, request that CPU alone.
 */
#ifndef IRQFERRY_BALANCE_H
#define IRQFERRY_BALANCE_H

#include <irqferry/ferry.h>
#include <irqferry/host.h>

/* The CPUs that a policy may choose from; opaque. */
struct ferry_candidates;

struct ferry_policy {
	/* A pass over all interrupts begins, or the policy was just set. May be null.
	 * Context: thread, no lock, the host's hotplug lock held. */
	void (*begin)(struct ferry *f, void *arg);

	/* Choose. `now` is the CPU the interrupt has, or FERRY_NONE if it is new or was
	 * just enabled; where it may not stay there, `now` is no candidate. Returns a
	 * candidate; or FERRY_NONE: stay, or where it can't, as the library sees fit.
	 * A hint: the CPU may leave or be full meanwhile. Called from several CPUs at a
	 * time, for different interrupts; also for each that a leaving CPU has.
	 * Context: interrupts off, the interrupt's lock held: reads and ferry_host
	 * atomics only. */
	uint32_t (*pick)(struct ferry *f, void *arg, const struct ferry_candidates *among,
			 uint32_t irq, uint32_t now);

	void *arg;
};

/* The lowest candidate >= from, or FERRY_NONE. Online, staying, requested. */
uint32_t ferry_candidate(struct ferry *f, const struct ferry_candidates *among, uint32_t from);

/*
 * Round robin: of full masks in the order of CPU indices, else the candidate whose last
 * turn is longest ago. So after a pass CPUs have counts that differ by at most 1 where
 * masks are full, or all the same. `cursor` and `clock` are zeroed by their owner; all
 * of it is the policy's alone.
 */
struct ferry_round_robin {
	ferry_atomic *last; /* ferry_config.cpus of them, zeroed: when each had its turn */
	ferry_atomic clock, cursor;
};

/*
 * By load: an interrupt stays where it is while its CPU has no more than the mean and
 * some slack; else it goes to the CPU that has least, if the busier of the two is better
 * off for it by more than the slack. Small ones (less than a quarter of the mean
 * interrupt's) are not worth a move. What is to be placed goes to the CPU that has
 * least. A pass costs a look at each interrupt and CPU, and one at each candidate for
 * every interrupt of a CPU that has too much.
 */
struct ferry_by_load {
	/* What each interrupt costs, ferry_config.irqs of them. The host keeps them up to
	 * date, at any time, and zeroes that of a number which gets a new owner. In any
	 * unit in which the sum of all stays below 2^31: microseconds of handler time per
	 * second do up to 2,000 busy CPUs. */
	const ferry_atomic *load;
	ferry_atomic *sums; /* ferry_config.cpus of them; the policy's */
	uint32_t slack;     /* percent of the mean, 0 .. 100: 10, say */
	/* The policy's: more than `limit` is too much, less than `least` no move worth, nor
	 * is a gain of `margin` or less. */
	ferry_atomic limit, least, margin;
};

#ifdef FERRY_NO_BALANCE

static inline void ferry_round_robin(struct ferry_policy *policy, struct ferry_round_robin *state)
{
	(void)policy;
	(void)state;
}

static inline void ferry_by_load(struct ferry_policy *policy, struct ferry_by_load *state)
{
	(void)policy;
	(void)state;
}

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
	(void)moved;
	return false;
}

#else

/* Make `policy` this one, with this state. Both stay the caller's, and stay. */
void ferry_round_robin(struct ferry_policy *policy, struct ferry_round_robin *state);
void ferry_by_load(struct ferry_policy *policy, struct ferry_by_load *state);

/*
 * From now on `policy` (kept, not copied; null: none, rebalancing is off) places what is
 * created, asked to go to several CPUs, driven from a CPU that leaves, or enabled for the
 * first time from now on. When this returns, the policy set before is not used any more.
 * Costs a look at each interrupt. Context: thread, interrupts on or off, under the
 * host's hotplug lock.
 */
void ferry_balance_set(struct ferry *f, const struct ferry_policy *policy);

/*
 * Rebalance: ask the policy about the interrupts from *cursor (0 at first) on, up to
 * `budget` of them, in the order of their numbers, and start the moves. One that is on
 * the move finishes it first and then goes on; a preferred CPU that still waits to be
 * carried out is left to it. Skipped: those that are disabled (placed when enabled),
 * those being freed, and those that are no policy's. With no policy or no CPU online
 * nothing is done. To be called when a CPU has come online, not while booting.
 *
 * True: call again, with the same cursor; interrupts may be let in between. *moved (may
 * be null) is raised by the number of moves started or queued.
 * Context: thread, the host's hotplug lock held.
 */
bool ferry_balance(struct ferry *f, uint32_t *cursor, uint32_t budget, uint32_t *moved);

#endif

/*
 * To `cpu`, if it is among those requested and online; what is requested stays. Else
 * as ferry_irq_set_affinity() with the same mask and this preferred CPU. For what
 * follows something: a vCPU that was put on another CPU takes its interrupts along.
 * It is a request: its ticket is the one that ferry_irq_affinity() shows as `asked`.
 * Context: any. FERRY_OK, or as ferry_irq_set_affinity(); FERRY_E_INVALID also if `cpu`
 * is none.
 */
int ferry_irq_prefer(struct ferry *f, uint32_t irq, uint32_t cpu);

#endif
