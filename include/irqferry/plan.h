/* SPDX-License-Identifier: MIT */
/*
 * plan.h: may this CPU leave? Interrupt by interrupt, before anything is done; and if it may, the
 * places are promised, and its leaving follows the plan.
 *
 *     ferry_cpu_plan()  →  ferry_cpu_leave(), _leave_step() ..., _commit() or _roll_back()
 *     →  ferry_plan_drop()
 *
 * As many interrupts of the CPU as possible get a place elsewhere, all at the same time; of these
 * as many as possible one in their requested mask. That is a matching of interrupts with
 * places, not a comparison of sums: each vector counts once, and for those only who can have it.
 * The others go outside their masks ("broken"). What has no place at all blocks.
 *
 * Exact for sources to which one free vector of a CPU is as good as another: MSI-X, maskable MSI,
 * remapped ones. Everything has room on a GIC. What needs two slots while it moves, or a vector of
 * its own in the whole machine (FERRY_X86_MSI, I/O APIC pins), is judged with care: it must find
 * a place even if those left on its CPU are the worst for it. There a no may be wrong, and a yes
 * is a yes (CAVEATS.md).
 *
 * A managed interrupt whose mask has other CPUs online goes to its promised place there. One of a
 * pool (ferry_irq_share) does too, if that place is still its pool's then; the plan keeps one for
 * it from what is free in its mask, so a no may be wrong. One for which this is the last CPU is no
 * blocker: mq.h stops it before the steps.
 */
#ifndef IRQFERRY_PLAN_H
#define IRQFERRY_PLAN_H

#include <irqferry/ferry.h>

struct ferry_plan; /* in the caller's memory */

/* Bytes for the plan of any CPU of this machine: on x86 some 4,800 and 10 for each CPU, on a GIC
 * a few hundred. Context: any. */
size_t ferry_plan_size(struct ferry *f);

/*
 * Make a plan for `cpu`, in `memory` (aligned to 8 bytes). *sum says what was found; `list` has
 * room for `n` blockers.
 *
 * If sum->blocked is 0 the plan stands, and *plan is to be dropped at the end: it has promised
 * places on other CPUs (x86: if the machine has promises, see managed.h; else they are only found,
 * and others may take them), and the steps take these. They then never say FERRY_E_NO_SPACE for
 * what lived here when the plan was made. What comes here afterwards, until ferry_cpu_leave(),
 * is not in the plan; a plan that is made after ferry_cpu_leave() misses nothing, but says no to
 * sources that change in two steps.
 *
 * Otherwise nothing was promised, and *plan is null. The blockers are those that can't leave
 * however much room there is, and a smallest set of others without which the rest could.
 *
 * With a null `plan` nothing is promised and nothing stands: a look, for the moment it is made.
 *
 * Context: thread, interrupts on or off; under the host's hotplug lock. `cpu` is online or leaving.
 * One plan stands at a time. Takes the interrupts' and CPUs' locks, one at a time.
 * FERRY_OK: look at sum->blocked; FERRY_E_INVALID (no such CPU, memory null or not aligned);
 * FERRY_E_STATE (offline, or a plan stands); FERRY_E_MEMORY. Time: interrupts on this CPU times
 * CPUs of their masks; where room is short, that for each interrupt that others make way for.
 */
FERRY_MUST_USE int ferry_cpu_plan(struct ferry *f, uint32_t cpu, void *memory, size_t size,
				  struct ferry_plan **plan, struct ferry_dry_run *sum,
				  struct ferry_blocker *list, uint32_t n);

/* Only a look. `memory` as for a plan; it is the caller's again when this returns.
 * NOLINTNEXTLINE(readability-function-size) */
static inline int ferry_cpu_dry_run(struct ferry *f, uint32_t cpu, void *memory, size_t size,
				    struct ferry_dry_run *sum, struct ferry_blocker *list,
				    uint32_t n)
{
	return ferry_cpu_plan(f, cpu, memory, size, NULL, sum, list, n);
}

/* Give back what was promised and not used; null, or one that does not stand: nothing. Context:
 * thread, under the hotplug lock, after commit or roll-back. */
void ferry_plan_drop(struct ferry *f, struct ferry_plan *plan);

#endif
