/* SPDX-License-Identifier: MIT */
/* describe.c: labels in words. */
#include <stdio.h>
#include "guest.h"

static void describe_step(const struct world *w, uint32_t cpu, char *out, size_t size)
{
	const struct sim_cpu *c = &w->m->cpu[cpu];
	const struct actor *a = &state_of(w->m)->actor[cpu];
	const char *where = "goes on";

	if (scenario_guest(w->s) && !c->depth) {
		snprintf(out, size, "CPU %u goes on in the host%s%s%s", cpu, a->in_op ? " (" : "",
			 a->in_op ? scenario_op[w->s->script[cpu].op[a->at].kind] : "",
			 a->in_op ? ")" : "");
		return;
	}
	if (c->depth && c->frame[c->depth - 1].handler)
		where = "goes on in a handler";
	else if (c->depth)
		where = c->frame[c->depth - 1].doorbell ? "goes on in the doorbell" :
							  "goes on in the interrupt entry";
	else if (!a->booted)
		where = "boots";
	else if (a->polls)
		where = "polls";
	else if (a->in_op && a->at < w->s->script[cpu].n)
		where = "goes on with its operation";
	else if (a->at < w->s->script[cpu].n)
		where = "starts its next operation";
	snprintf(out, size, "CPU %u %s", cpu, where);
	if (!c->depth && a->booted && !a->polls && a->at < w->s->script[cpu].n)
		snprintf(out, size, "CPU %u %s (%s)", cpu, where,
			 scenario_op[w->s->script[cpu].op[a->at].kind]);
}

/* By enum virt_step. */
static const char *const step_name[] = { "takes an interrupt",          "goes on in its handler",
					 "executes its next operation", "is left for an interrupt",
					 "is left for maintenance",     "does something" };

/* The word of a script's operation, in brackets; "" behind its end. */
static void put_op(const struct script *script, uint8_t at, char *out, size_t size)
{
	out[0] = 0;
	if (at < script->n)
		snprintf(out, size, " (%s)", scenario_op[script->op[at].kind]);
}

static void describe_guest(const struct world *w, uint32_t cpu, uint32_t step, char *out,
			   size_t size)
{
	uint32_t vcpu = w->m->virt ? w->m->virt->cpu[cpu & 3].vcpu - 1u : NONE;
	char op[24] = "";

	if (step == VIRT_INSTRUCTION && vcpu < SCENARIO_VCPUS)
		put_op(&w->s->vscript[vcpu], guest_of(w->m)->vcpu[vcpu].at, op, sizeof(op));
	snprintf(out, size, "the guest on CPU %u %s%s", cpu, step_name[step < 5 ? step : 5], op);
}

void world_describe(struct world *w, label l, char *out, size_t size)
{
	uint32_t a = label_a(l), b = label_b(l);

	switch (label_kind(l)) {
	case L_STEP:
		describe_step(w, a, out, size);
		break;
	case L_TAKE:
		if (w->m->gic)
			snprintf(out, size, "CPU %u is interrupted", a);
		else if (b == WORLD_DOORBELL)
			snprintf(out, size, "CPU %u takes the doorbell", a);
		else
			snprintf(out, size, "CPU %u takes vector %#x", a, b);
		break;
	case L_FIRE:
		snprintf(out, size, "device %u fires", a);
		break;
	case L_REACH:
		snprintf(out, size, "message %u of device %u reaches the root complex", b / 64, a);
		break;
	case L_ACCEPT:
		if (w->m->gic)
			snprintf(out, size, "message %u of device %u reaches its ITS", b / 64, a);
		else if (b % 64)
			snprintf(out, size, "message %u of device %u enters the IRR of CPU %u",
				 b / 64, a, b % 64 - 1);
		else
			snprintf(out, size, "message %u of device %u enters an IRR", b / 64, a);
		break;
	case L_IPI:
		snprintf(out, size, "the IPI to CPU %u arrives", a);
		break;
	case L_EOI:
		snprintf(out, size, "the EOI broadcast of vector %#x arrives", a);
		break;
	case L_POLL:
		snprintf(out, size, "the time for ferry_poll has come");
		break;
	case L_OP:
		if (b == 2)
			snprintf(out, size, "CPU %u leaves its guest for its script", a);
		else
			snprintf(out, size,
				 b ? "CPU %u has waited for a while" : "CPU %u is switched on", a);
		break;
	case L_WRITE:
		snprintf(out, size, "the oldest posted write takes effect in device %u", a);
		break;
	case L_BOUND:
		snprintf(out, size, "the drain bound passes");
		break;
	case L_FLUSH:
		snprintf(out, size, "the oldest buffered store of CPU %u becomes visible", a);
		break;
	case L_RECALL:
		snprintf(out, size, "what CPU %u was offered of interrupt %u is taken back", b, a);
		break;
	case L_ITS:
		snprintf(out, size, "ITS %u executes a command", a);
		break;
	case L_WAKE:
		snprintf(out, size, "the redistributor of CPU %u has woken, or sleeps", a);
		break;
	case L_ROUTE:
		snprintf(out, size, "the new route of interrupt %u takes effect", a);
		break;
	case L_GUEST:
		describe_guest(w, a, b, out, size);
		break;
	case L_TICK:
		snprintf(out, size, "time passes: the counter goes on");
		break;
	case L_SOFT:
		snprintf(out, size, "the software timer of vCPU %u has come", a);
		break;
	}
}
