// SPDX-License-Identifier: MIT
/* access.c: the compiler's hooks, and what an access may be. See hooks.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "hooks.h"

#define WORDS 0xffffu

extern const char __executable_start[], etext[], __data_start[];

struct hooks hooks;

/* By byte of the code: has the hook before this return address been called? */
static uint8_t *met;

/* What the step touches of which the footprint did not have the lock then. */
static struct debt {
	enum mistake_kind kind;
	uint32_t cpu;
	const struct hooks_word *lock;
	const char *code;
} debt[64];
static uint32_t debts;

/* Words that the step has written under a lock that counts as nobody's. */
static struct written {
	uint32_t cpu;
	const struct hooks_word *w;
	const char *code;
} written[256];
static uint32_t nwritten;

static char base[4 * WORDS];

bool hooks_init(void)
{
	met = calloc((size_t)(etext - __executable_start) + 1, 1);
	hooks.word = calloc(WORDS, sizeof(*hooks.word));
	hooks.base = base;
	return met && hooks.word;
}

void hooks_built(void)
{
	memcpy(base, hooks.memory, hooks.size);
}

uint32_t hooks_running(void)
{
	const struct machine *m = hooks.m;

	if (!m || hooks.looking)
		return NONE;
	if (m->current != NONE)
		return m->current;
	/* The library's condition of ferry_host_wait(), evaluated for this CPU. */
	if (m->asking && m->asking->state == CPU_WAIT)
		return (uint32_t)(m->asking - m->cpu);
	return NONE;
}

struct hooks_word *hooks_word_at(const void *address)
{
	size_t offset = (size_t)((const char *)address - hooks.memory);

	return offset < hooks.size ? &hooks.word[offset / 4] : NULL;
}

bool hooks_holds(uint32_t cpu, const struct hooks_word *w)
{
	return w->lock != HOOKS_NO_LOCK && hooks.word[w->lock].owner == cpu + 1;
}

static const char *address_of(const struct hooks_word *w)
{
	return hooks.memory + 4 * (w - hooks.word);
}

/* ---- is it ordered? ------------------------------------------------------ */

static void ordered(uint32_t cpu, struct hooks_word *w, bool write, const char *code)
{
	const struct hooks_clock *known = &hooks.cpu[cpu].clock;
	uint32_t i;

	if (w->wrote > known->at[w->writer])
		mistake(MISTAKE_RACE, cpu, address_of(w), code, w->wrote_at);
	for (i = 0; write && i < SCENARIO_CPUS; i++)
		if (i != cpu && w->read[i] > known->at[i])
			mistake(MISTAKE_RACE, cpu, address_of(w), code, w->read_at[i]);
	if (write) {
		w->writer = (uint8_t)cpu;
		w->wrote = known->at[cpu];
		w->wrote_at = code;
		w->changed = ++hooks.sequence;
	} else {
		w->read[cpu] = known->at[cpu];
		w->read_at[cpu] = code;
	}
}

/* ---- does the label's footprint have it? --------------------------------- */

static bool in_footprint(const struct hooks_word *lock)
{
	const struct sim_out *out = hooks.m->out;
	uint8_t bit = out->resource[lock - hooks.word];

	return bit && (out->reads | out->writes) >> bit & 1;
}

void hooks_owe(enum mistake_kind kind, uint32_t cpu, const struct hooks_word *lock,
	       const char *code)
{
	if (hooks.in_step && !in_footprint(lock) && debts < sizeof(debt) / sizeof(*debt))
		debt[debts++] = (struct debt){ kind, cpu, lock, code };
}

bool hooks_is_alone(const struct hooks_word *lock)
{
	const uint8_t *alone = hooks.m->out->alone;

	return alone && alone[lock - hooks.word];
}

/* It may be written with the value that it has. */
static void check_written(void)
{
	const struct written *p;

	for (p = written; p < written + nwritten; p++)
		if (memcmp(address_of(p->w), hooks.base + 4 * (p->w - hooks.word), 4))
			mistake(MISTAKE_ALONE, p->cpu, address_of(p->w), p->code, NULL);
}

void hooks_step_begins(void)
{
	debts = nwritten = 0;
	hooks.step++;
	hooks.in_step = true;
}

void hooks_step_ends(void)
{
	const struct debt *d;

	for (d = debt; d < debt + debts; d++)
		if (!in_footprint(d->lock))
			mistake(d->kind, d->cpu, address_of(d->lock), d->code, NULL);
	check_written();
	hooks.in_step = false;
}

/* ---- may it be? ---------------------------------------------------------- */

/* Read without the lock: then a history tells it only if it was the same already when
 * the CPU last took a lock. */
static void published(uint32_t cpu, const struct hooks_word *w, const char *code)
{
	uint64_t told = hooks.cpu[cpu].told[hooks.m->cpu[cpu].depth];

	if (w->changed > hooks.began && w->changed > told && w->writer != cpu)
		mistake(MISTAKE_HISTORY, cpu, address_of(w), code, w->wrote_at);
}

static void note_written(uint32_t cpu, const struct hooks_word *w, bool write, const char *code)
{
	if (write && hooks.in_step && nwritten < sizeof(written) / sizeof(*written))
		written[nwritten++] = (struct written){ cpu, w, code };
}

static void in_library(uint32_t cpu, struct hooks_word *w, bool write, const char *code)
{
	bool held = hooks_holds(cpu, w);

	switch ((enum ferry_guard_kind)w->kind) {
	case FERRY_GUARD_CONST:
		if (write)
			mistake(MISTAKE_CONST, cpu, address_of(w), code, NULL);
		return;
	case FERRY_GUARD_LOCK:
	case FERRY_GUARD_CELL:
	case FERRY_GUARD_FREE:
		mistake(MISTAKE_CELL, cpu, address_of(w), code, NULL);
		return;
	case FERRY_GUARD_OWN:
		ordered(cpu, w, write, code);
		return;
	case FERRY_GUARD_PUBLISHED:
		if (!held && !write)
			published(cpu, w, code);
		if (held || !write)
			break;
		/* fall through */
	case FERRY_GUARD_PLAIN:
	case FERRY_GUARD_TIME:
	case FERRY_GUARD_COUNT:
		if (!held)
			mistake(write ? MISTAKE_WRITE : MISTAKE_READ, cpu, address_of(w), code,
				NULL);
		break;
	}
	ordered(cpu, w, write, code);
	if (!held)
		return;
	if (hooks_is_alone(&hooks.word[w->lock])) {
		note_written(cpu, w, write, code);
		return;
	}
	/* Who holds it since earlier needs no footprint: nobody else can come near. */
	if (hooks.word[w->lock].since == hooks.step)
		hooks_owe(MISTAKE_FOOTPRINT, cpu, &hooks.word[w->lock], code);
}

static bool within(const char *p, const void *start, size_t size)
{
	return (size_t)(p - (const char *)start) < size;
}

/* The CPU's own stack; its counters; a GIC's tables, of which guards.h does not speak (a
 * queue is Q's, a byte of configuration its interrupt's); what nobody can write. */
static bool own(uint32_t cpu, const char *p, bool write)
{
	const struct machine *m = hooks.m;

	if (within(p, m->stacks + (size_t)cpu * m->config.stack, m->config.stack))
		return true;
	if (hooks.counters && within(p, &hooks.counters[cpu], sizeof(*hooks.counters)))
		return true;
	if (m->config.table_bytes && within(p, m->tables, m->config.table_bytes))
		return true;
	/* A condition is evaluated by the simulator, on its own stack. */
	if (m->current == NONE && within(p, __builtin_frame_address(0), 65536))
		return true;
	return !write && within(p, __executable_start, (size_t)(__data_start - __executable_start));
}

static void access(const void *address, size_t size, bool write, const char *code)
{
	uint32_t cpu = hooks_running();
	const char *p = address, *end = p + size;

	if (cpu == NONE)
		return;
	hooks.accesses++;
	if (within(code, __executable_start, (size_t)(etext - __executable_start)))
		met[code - __executable_start] = 1;
	for (; p < end; p = (const char *)(((uintptr_t)p | 3) + 1)) {
		struct hooks_word *w = hooks_word_at(p);

		if (w)
			in_library(cpu, w, write, code);
		else if (!own(cpu, p, write))
			mistake(MISTAKE_OUTSIDE, cpu, p, code, NULL);
	}
}

/* ---- the hooks ----------------------------------------------------------- */

/* None of __tsan_atomic...: who adds an atomic to the library meets the linker here. */

#define CODE ((const char *)__builtin_return_address(0))

#define HOOK(name, size, write) \
	void __tsan_##name(void *address); \
	void __tsan_##name(void *address) \
	{ \
		access(address, size, write, CODE); \
	}

HOOK(read1, 1, false)
HOOK(read2, 2, false)
HOOK(read4, 4, false)
HOOK(read8, 8, false)
HOOK(read16, 16, false)
HOOK(write1, 1, true)
HOOK(write2, 2, true)
HOOK(write4, 4, true)
HOOK(write8, 8, true)
HOOK(write16, 16, true)
HOOK(unaligned_read2, 2, false)
HOOK(unaligned_read4, 4, false)
HOOK(unaligned_read8, 8, false)
HOOK(unaligned_read16, 16, false)
HOOK(unaligned_write2, 2, true)
HOOK(unaligned_write4, 4, true)
HOOK(unaligned_write8, 8, true)
HOOK(unaligned_write16, 16, true)

void __tsan_init(void);
void __tsan_init(void)
{
}

void __tsan_func_entry(void *caller);
void __tsan_func_entry(void *caller)
{
	(void)caller;
}

void __tsan_func_exit(void);
void __tsan_func_exit(void)
{
}

void __tsan_read_range(void *address, size_t size);
void __tsan_read_range(void *address, size_t size)
{
	access(address, size, false, CODE);
}

void __tsan_write_range(void *address, size_t size);
void __tsan_write_range(void *address, size_t size)
{
	access(address, size, true, CODE);
}

void *__tsan_memcpy(void *to, const void *from, size_t size);
void *__tsan_memcpy(void *to, const void *from, size_t size)
{
	access(from, size, false, CODE);
	access(to, size, true, CODE);
	return memcpy(to, from, size);
}

void *__tsan_memmove(void *to, const void *from, size_t size);
void *__tsan_memmove(void *to, const void *from, size_t size)
{
	access(from, size, false, CODE);
	access(to, size, true, CODE);
	return memmove(to, from, size);
}

void *__tsan_memset(void *to, int value, size_t size);
void *__tsan_memset(void *to, int value, size_t size)
{
	access(to, size, true, CODE);
	return memset(to, value, size);
}

/* ---- where they are ------------------------------------------------------ */

static const void *const every_hook[] = {
	(const void *)__tsan_read1,
	(const void *)__tsan_read2,
	(const void *)__tsan_read4,
	(const void *)__tsan_read8,
	(const void *)__tsan_read16,
	(const void *)__tsan_write1,
	(const void *)__tsan_write2,
	(const void *)__tsan_write4,
	(const void *)__tsan_write8,
	(const void *)__tsan_write16,
	(const void *)__tsan_read_range,
	(const void *)__tsan_write_range,
	(const void *)__tsan_unaligned_read2,
	(const void *)__tsan_unaligned_read4,
	(const void *)__tsan_unaligned_read8,
	(const void *)__tsan_unaligned_write2,
	(const void *)__tsan_unaligned_write4,
	(const void *)__tsan_unaligned_write8,
	(const void *)__tsan_memcpy,
	(const void *)__tsan_memset,
};

static bool is_hook(const void *target)
{
	size_t i;

	for (i = 0; i < sizeof(every_hook) / sizeof(*every_hook); i++)
		if (every_hook[i] == target)
			return true;
	return false;
}

/* x86: e8, the distance in 32 bits. */
static bool calls_hook(const char *code)
{
	int32_t distance;

	if ((uint8_t)*code != 0xe8)
		return false;
	memcpy(&distance, code + 1, sizeof(distance));
	return is_hook(code + 5 + distance);
}

void hooks_sites(uint32_t *seen, uint32_t *all)
{
	const char *p;

	*seen = *all = 0;
	for (p = __executable_start; p + 5 < etext; p++) {
		*all += calls_hook(p);
		*seen += met[p - __executable_start];
	}
}

void hooks_print_unmet(void)
{
	char text[300];
	const char *p;

	for (p = __executable_start; p + 5 < etext; p++)
		if (calls_hook(p) && !met[p + 5 - __executable_start]) {
			mistake_place(p + 5, text, sizeof(text));
			printf("# never: %s\n", text);
		}
}
