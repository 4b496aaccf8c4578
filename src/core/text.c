/* SPDX-License-Identifier: MIT */
/* States in words. Linked only if used; takes I through ferry_irq_affinity. */
#include "core/core.h"

/* clang-format off */
const char *ferry_status_text(int status)
{
	switch (status) {
	case FERRY_OK: return "done";
	case FERRY_E_AGAIN: return "not finished, call again";
	case FERRY_E_NO_SPACE: return "no free vector";
	case FERRY_E_NO_CPU: return "no online CPU in the mask";
	case FERRY_E_NO_BOUND: return "no drain bound, only an arrival can end the move";
	case FERRY_E_UNREACHABLE: return "the source can't name the APIC id of any CPU of the mask";
	case FERRY_E_INVALID: return "argument out of range";
	case FERRY_E_STATE: return "not in a state that allows this";
	case FERRY_E_NO_MASK: return "the pool of CPU masks is full";
	case FERRY_E_NO_IRQ: return "all interrupts are in use";
	case FERRY_E_PENDING: return "an interrupt is pending in the IRR of a CPU coming online";
	case FERRY_E_MEMORY: return "too little memory given";
	case FERRY_E_TIMEOUT: return "the GIC or an ITS does not answer";
	case FERRY_E_HARDWARE: return "the hardware is not what the configuration says";
	case FERRY_E_MANAGED: return "its affinity is managed";
	case FERRY_E_BUSY: return "somebody else works on these queues";
	case FERRY_E_VETO: return "refused by the driver";
	case FERRY_E_CANCELED: return "canceled";
	case FERRY_E_BUG: return "an invariant is broken: a bug in the library or its host";
	}
	return "unknown status";
}

const char *ferry_state_text(enum ferry_state state)
{
	switch (state) {
	case FERRY_FREE: return "free";
	case FERRY_SETTLED: return "settled";
	case FERRY_MOVING: return "moving";
	case FERRY_DRAINING: return "draining";
	case FERRY_DRAINED: return "drained";
	case FERRY_STOPPED: return "stopped";
	}
	return "unknown state";
}
/* clang-format on */

/* snprintf's habit without snprintf: counts what it would have written. */
struct text {
	char *buffer;
	size_t size, length;
};

static void add_char(struct text *t, char c)
{
	if (t->length + 1 < t->size) {
		t->buffer[t->length] = c;
		t->buffer[t->length + 1] = 0;
	}
	t->length++;
}

static void add_text(struct text *t, const char *s)
{
	while (*s)
		add_char(t, *s++);
}

static void add_number(struct text *t, uint32_t n)
{
	char digits[10];
	uint32_t k = 0;

	do {
		digits[k++] = (char)('0' + n % 10);
		n /= 10;
	} while (n);
	while (k)
		add_char(t, digits[--k]);
}

/* " name 12" */
static void add_field(struct text *t, const char *name, uint32_t n)
{
	add_text(t, name);
	add_number(t, n);
}

static struct text begin_text(char *buffer, size_t size)
{
	struct text t = { buffer, size, 0 };

	if (size)
		buffer[0] = 0;
	return t;
}

size_t ferry_irq_describe(struct ferry *f, uint32_t irq, char *buffer, size_t size)
{
	struct text t = begin_text(buffer, size);
	struct ferry_affinity a;

	add_field(&t, "irq ", irq);
	if (ferry_irq_affinity(f, irq, &a, NULL, NULL, NULL) != FERRY_OK) {
		add_text(&t, ": no such interrupt");
		return t.length;
	}
	add_text(&t, ": ");
	add_text(&t, ferry_state_text(a.state));
	if (a.first_cpu != FERRY_NONE) {
		add_field(&t, ", vector ", a.vector);
		add_field(&t, " on CPU ", a.first_cpu);
	}
	if (a.dead)
		add_text(&t, ", being freed");
	if (a.old_cpus)
		add_field(&t, ", CPUs still to clear the old place: ", a.old_cpus);
	if (a.starved)
		add_text(&t, ", waits for a free vector");
	else if (a.queued)
		add_text(&t, ", a further request is queued");
	if (a.broken)
		add_text(&t, ", outside its requested CPUs");
	if (a.state != FERRY_FREE) {
		add_field(&t, ", request ", a.generation);
		add_field(&t, " of ", a.asked);
	}
	return t.length;
}

size_t ferry_cpu_describe(struct ferry *f, uint32_t cpu, char *buffer, size_t size)
{
	static const char *const states[] = { "offline", "online", "leaving" };
	struct text t = begin_text(buffer, size);
	uint32_t cursor = 0, places = 0;
	uintptr_t flags;

	add_field(&t, "CPU ", cpu);
	if (cpu >= f->ncpus) {
		add_text(&t, ": no such CPU");
		return t.length;
	}
	add_text(&t, ": ");
	add_text(&t, states[ferry_cpu_state(f, cpu)]);
	flags = ferry_host_irq_save(f->ctx);
	while (f->backend->next_on(f, cpu, &cursor) != FERRY_NONE)
		places++;
	ferry_host_irq_restore(f->ctx, flags);
	add_field(&t, ", slots in use: ", places);
	return t.length;
}
