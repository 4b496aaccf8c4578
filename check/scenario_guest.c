// SPDX-License-Identifier: MIT
/* scenario_guest.c: operations, which scripts they may be in, and what guests can't do. */
#include <stdarg.h>
#include <stdio.h>
#include <irqferry/vgic.h>
#include "scenario_int.h"

const char *const scenario_op[OP_KINDS] = {
	[OP_MOVE] = "move",         [OP_OFFLINE] = "offline",   [OP_ONLINE] = "online",
	[OP_ROLLBACK] = "rollback", [OP_MASK] = "mask",         [OP_UNMASK] = "unmask",
	[OP_DISABLE] = "disable",   [OP_ENABLE] = "enable",     [OP_FREE] = "free",
	[OP_CREATE] = "create",     [OP_SETTLE] = "settle",     [OP_OVERRIDE] = "override",
	[OP_OVERALL] = "overall",   [OP_CANCEL] = "cancel",     [OP_VETO] = "veto",
	[OP_END] = "end",           [OP_RUN] = "run",           [OP_PUT] = "put",
	[OP_INJECT] = "inject",     [OP_LOWER] = "lower",       [OP_DROP] = "drop",
	[OP_TEARDOWN] = "teardown", [OP_ROUTE] = "route",       [OP_PEND] = "pend",
	[OP_UNPEND] = "unpend",     [OP_ACTIVATE] = "activate", [OP_DEACTIVATE] = "deactivate",
	[OP_PRIO] = "prio",         [OP_GROUP] = "group",       [OP_DISTOFF] = "distoff",
	[OP_DISTON] = "diston",     [OP_OFF] = "off",           [OP_ON] = "on",
	[OP_SGI] = "sgi",           [OP_WFI] = "wfi",           [OP_GMASK] = "mask",
	[OP_ARM] = "arm",
};

#define BIT(n) (1u << (n))
#define LINKED (BIT(SCENARIO_HWEDGE) | BIT(SCENARIO_HWLEVEL))
#define EDGES (BIT(SCENARIO_HWEDGE) | BIT(SCENARIO_VEDGE) | BIT(SCENARIO_SGI))
#define VIRTUAL (BIT(SCENARIO_VEDGE) | BIT(SCENARIO_VLEVEL))

const struct op_form scenario_form[OP_KINDS] = {
	[OP_MOVE] = { 1, ARG_CPUS, ON_CPU, 0 },
	[OP_OFFLINE] = { 0, ARG_NONE, ON_CPU | ON_HOST, 0 },
	[OP_ONLINE] = { 0, ARG_NONE, ON_CPU | ON_HOST, 0 },
	[OP_ROLLBACK] = { 0, ARG_NONE, ON_CPU, 0 },
	[OP_MASK] = { 1, ARG_NONE, ON_CPU, 0 },
	[OP_UNMASK] = { 1, ARG_NONE, ON_CPU, 0 },
	[OP_DISABLE] = { 1, ARG_NONE, ON_CPU | ON_VCPU, 0 },
	[OP_ENABLE] = { 1, ARG_NONE, ON_CPU | ON_VCPU, 0 },
	[OP_FREE] = { 1, ARG_NONE, ON_CPU, 0 },
	[OP_CREATE] = { 1, ARG_NONE, ON_CPU, 0 },
	[OP_SETTLE] = { 1, ARG_NONE, ON_CPU, 0 },
	[OP_OVERRIDE] = { 1, ARG_CPUS, ON_CPU, 0, true },
	[OP_OVERALL] = { 0, ARG_CPUS, ON_CPU, 0, true },
	[OP_CANCEL] = { 0, ARG_NONE, ON_CPU, 0, true },
	[OP_VETO] = { 0, ARG_NONE, ON_CPU, 0, true },
	[OP_END] = { 0, ARG_NONE, ON_CPU, 0, true },
	[OP_RUN] = { 0, ARG_VCPU, ON_HOST, 0 },
	[OP_PUT] = { 0, ARG_NONE, ON_HOST, 0 },
	[OP_INJECT] = { 1, ARG_NONE, ON_HOST, VIRTUAL },
	[OP_LOWER] = { 1, ARG_NONE, ON_HOST, BIT(SCENARIO_VLEVEL) },
	[OP_DROP] = { 1, ARG_NONE, ON_HOST, BIT(SCENARIO_HWLEVEL) },
	[OP_TEARDOWN] = { 1, ARG_NONE, ON_HOST, LINKED },
	[OP_ROUTE] = { 1, ARG_ROUTE, ON_VCPU, LINKED | VIRTUAL },
	[OP_PEND] = { 1, ARG_NONE, ON_VCPU, EDGES },
	[OP_UNPEND] = { 1, ARG_NONE, ON_VCPU, 0 },
	[OP_ACTIVATE] = { 1, ARG_NONE, ON_VCPU, 0 },
	[OP_DEACTIVATE] = { 1, ARG_NONE, ON_VCPU, 0 },
	[OP_PRIO] = { 1, ARG_BYTE, ON_VCPU, 0 },
	[OP_GROUP] = { 1, ARG_BIT, ON_VCPU, 0 },
	[OP_DISTOFF] = { 0, ARG_NONE, ON_VCPU, 0 },
	[OP_DISTON] = { 0, ARG_NONE, ON_VCPU, 0 },
	[OP_OFF] = { 0, ARG_NONE, ON_VCPU, 0 },
	[OP_ON] = { 0, ARG_VCPU, ON_VCPU, 0 },
	[OP_SGI] = { 1, ARG_VCPU, ON_VCPU, BIT(SCENARIO_SGI) },
	[OP_WFI] = { 0, ARG_NONE, ON_VCPU, 0 },
	[OP_GMASK] = { 0, ARG_NONE, ON_VCPU, 0 },
	[OP_ARM] = { 1, ARG_NONE, ON_VCPU, BIT(SCENARIO_PPI) },
};

bool scenario_wrong(struct fault *f, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(f->why, sizeof(f->why), format, args);
	va_end(args);
	return false;
}

/* ---- one operation ------------------------------------------------------------------ */

static bool check_irq(const struct scenario *s, const struct op *op, struct fault *f)
{
	const struct op_form *form = &scenario_form[op->kind];

	if (!form->irq)
		return true;
	if (op->irq >= s->nirqs)
		return scenario_wrong(f, "there is no interrupt %d, only 0 to %d", op->irq,
				      s->nirqs - 1);
	if (form->kinds && !(form->kinds >> s->kind[op->irq] & 1))
		return scenario_wrong(f, "%s is nothing for interrupt %d, of kind %s",
				      scenario_op[op->kind], op->irq,
				      scenario_kind[s->kind[op->irq]]);
	return true;
}

static bool check_arg(const struct scenario *s, const struct op *op, struct fault *f)
{
	uint8_t arg = scenario_form[op->kind].arg;
	bool vcpu = arg == ARG_VCPU || (arg == ARG_ROUTE && op->cpus != SCENARIO_NOBODY);

	if (vcpu && op->cpus >= s->guest.vcpus)
		return scenario_wrong(f, "there is no vCPU above %d", s->guest.vcpus - 1);
	if (arg == ARG_BIT && op->cpus > 1)
		return scenario_wrong(f, "0 or 1");
	return true;
}

/* ---- scripts ------------------------------------------------------------------------ */

static bool check_host(const struct scenario *s, int cpu, struct fault *f)
{
	const struct script *script = &s->script[cpu];
	bool runs = false;

	f->cpu = cpu;
	for (f->op = 0; f->op < script->n; f->op++) {
		const struct op *op = &script->op[f->op];

		if (!check_irq(s, op, f) || !check_arg(s, op, f))
			return false;
		if (op->kind == OP_PUT && !runs)
			return scenario_wrong(f, "no vCPU runs here");
		if (op->kind == OP_RUN || op->kind == OP_PUT || op->kind == OP_OFFLINE)
			runs = op->kind == OP_RUN;
	}
	return true;
}

/* Does another vCPU power it on? */
static bool is_powered_on(const struct scenario *s, int vcpu)
{
	for (int v = 0; v < s->guest.vcpus; v++)
		for (int i = 0; v != vcpu && i < s->vscript[v].n; i++)
			if (s->vscript[v].op[i].kind == OP_ON && s->vscript[v].op[i].cpus == vcpu)
				return true;
	return false;
}

static bool check_vcpu(const struct scenario *s, int vcpu, struct fault *f)
{
	const struct script *script = &s->vscript[vcpu];

	f->cpu = SCENARIO_CPUS + vcpu;
	f->op = -1;
	if (script->n > SCENARIO_OPS)
		return scenario_wrong(f, "more than %d operations", SCENARIO_OPS);
	if (script->n && vcpu >= s->guest.vcpus)
		return scenario_wrong(f, "a script for vCPU %d, which is not there", vcpu);
	for (f->op = 0; f->op < script->n; f->op++) {
		const struct op *op = &script->op[f->op];

		if (op->kind >= OP_KINDS || !(scenario_form[op->kind].on & ON_VCPU))
			return scenario_wrong(f, "no such operation");
		if (!check_irq(s, op, f) || !check_arg(s, op, f))
			return false;
		if (op->kind == OP_ON && op->cpus == vcpu)
			return scenario_wrong(f, "vCPU %d can't power itself on", vcpu);
		if (f->op && op[-1].kind == OP_OFF && !is_powered_on(s, vcpu))
			return scenario_wrong(f, "vCPU %d is off here, and no other says `on %d`",
					      vcpu, vcpu);
	}
	return true;
}

/* A second teardown would find it gone. */
static bool check_teardowns(const struct scenario *s, struct fault *f)
{
	unsigned int gone = 0;

	for (f->cpu = 0; f->cpu < s->cpus; f->cpu++)
		for (f->op = 0; f->op < s->script[f->cpu].n; f->op++) {
			const struct op *op = &s->script[f->cpu].op[f->op];

			if (op->kind != OP_TEARDOWN)
				continue;
			if (gone >> op->irq & 1)
				return scenario_wrong(f, "interrupt %d is torn down twice",
						      op->irq);
			gone |= BIT(op->irq);
		}
	return true;
}

bool scenario_check_guest(const struct scenario *s, struct fault *f)
{
	for (int cpu = 0; cpu < s->cpus; cpu++)
		if (!check_host(s, cpu, f))
			return false;
	for (int vcpu = 0; vcpu < SCENARIO_VCPUS; vcpu++)
		if (!check_vcpu(s, vcpu, f))
			return false;
	return check_teardowns(s, f);
}
