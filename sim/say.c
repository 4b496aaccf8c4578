/* SPDX-License-Identifier: MIT */
/* say.c: what a label did, in words. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "machine.h"

#define ROOM 512

void machine_say(struct machine *m, const char *format, ...)
{
	char *say = m->out->say;
	size_t n;
	va_list args;

	if (!say || m->quiet)
		return;
	n = strlen(say);
	if (n && n + 2 < ROOM) {
		strcpy(say + n, "; ");
		n += 2;
	}
	va_start(args, format);
	vsnprintf(say + n, ROOM - n, format, args);
	va_end(args);
}

void machine_say_trace(struct machine *m, const struct ferry_trace *r)
{
	static const char *const state[] = { "free", "settled", "moving", "draining", "drained" };

	switch ((enum ferry_trace_event)r->event) {
	case FERRY_TRACE_CREATE:
		machine_say(m, "irq %u is created on CPU %u, vector %#x", r->irq, r->home,
			    r->vector);
		break;
	case FERRY_TRACE_REQUEST:
		machine_say(m, "irq %u: request %u accepted, %s", r->irq, r->a,
			    r->state < 5 ? state[r->state] : "?");
		break;
	case FERRY_TRACE_PROGRAM:
		machine_say(m, "irq %u now names CPU %u vector %#x, was vector %#x", r->irq,
			    r->home, r->vector, r->a);
		break;
	case FERRY_TRACE_EVIDENCE:
		machine_say(m, "irq %u: evidence complete, %u CPUs owe", r->irq, r->a);
		break;
	case FERRY_TRACE_CLEAR:
		machine_say(m, "irq %u: CPU %u clears its old slot, %u owe", r->irq, r->cpu, r->a);
		break;
	case FERRY_TRACE_SETTLED:
		machine_say(m, "irq %u is settled", r->irq);
		break;
	case FERRY_TRACE_LATCHED:
		machine_say(m, "irq %u: arrival latched", r->irq);
		break;
	case FERRY_TRACE_REPLAY:
		machine_say(m, "irq %u: replay", r->irq);
		break;
	case FERRY_TRACE_FORWARD:
		machine_say(m, "irq %u: pending here, forwarded", r->irq);
		break;
	case FERRY_TRACE_STARVED:
		machine_say(m, "irq %u finds no place", r->irq);
		break;
	case FERRY_TRACE_BROKEN:
		machine_say(m, "irq %u leaves what was requested", r->irq);
		break;
	case FERRY_TRACE_CPU:
		machine_say(m, "CPU %u is %s", r->cpu,
			    r->a == FERRY_CPU_ONLINE  ? "online" :
			    r->a == FERRY_CPU_LEAVING ? "leaving" :
							"offline");
		break;
	case FERRY_TRACE_DEAD:
		machine_say(m, "irq %u is dead", r->irq);
		break;
	case FERRY_TRACE_FREE:
		machine_say(m, "irq %u is free", r->irq);
		break;
	default:
		break;
	}
}
