/* SPDX-License-Identifier: MIT */
/*
 * plan.h: may this CPU leave? Exactly, interrupt by interrupt, before anything is done; and if
 * it may, the places are promised and its leaving follows the plan.
 *
 *     ferry_cpu_plan()  →  ferry_cpu_leave(), _leave_step() ..., _commit() or _roll_back()
 *     →  ferry_plan_drop()
 *
 * Every interrupt of the CPU gets a CPU of its own requested mask if that can be had for all
 * at once (a matching of interrupts with places, not a sum of free ones), and otherwise as many
 * as possible do, and the others go outside their masks ("broken"). Exact for sources that need one
 * slot (MSI-X, maskable MSI, remapped; everything on a GIC). What needs two slots, or a vector of
 * its own in the whole machine (FERRY_X86_MSI, I/O APIC pins), is judged with care: a yes is a
 * yes, a no may be wrong (CAVEATS.md).
 */
#ifndef IRQFERRY_PLAN_H
#define IRQFERRY_PLAN_H

#include <irqferry/ferry.h>

struct ferry_plan; /* in the caller's memory */

/* Bytes for the plan of any CPU of this machine. */
size_t ferry_plan_size(struct ferry *f);

/*
 * Make a plan for `cpu`, in `memory` (aligned to 8 bytes). `sum` and `list` as for
 * ferry_cpu_dry_run(): with sum->blocked 0 the plan stands: it has promised places on other
 * CPUs (x86: if ferry_x86_config.managed is given; else they are only found),
 * ferry_cpu_leave_step() follows it, and *plan is to be dropped at the end. Otherwise nothing
 * was promised, *plan is null, and the blockers are listed: a smallest set of interrupts without
 * which the rest could leave; managed ones for which `cpu` is the last one are no blockers:
 * mq.h stops them.
 * Context: thread, under the host's hotplug lock; `cpu` online. One plan at a time.
 * FERRY_OK, FERRY_E_INVALID, FERRY_E_STATE (not online, or a plan stands), FERRY_E_MEMORY.
 * Time: proportional to the interrupts on this CPU times the CPUs of their masks.
 */
FERRY_MUST_USE int ferry_cpu_plan(struct ferry *f, uint32_t cpu, void *memory, size_t size,
				  struct ferry_plan **plan, struct ferry_dry_run *sum,
				  struct ferry_blocker *list, uint32_t n);

/* Give back what was promised and not used. Context: thread, under the hotplug lock, after
 * commit or roll-back. */
void ferry_plan_drop(struct ferry *f, struct ferry_plan *plan);

#endif
