/* SPDX-License-Identifier: MIT */
/*
 * glue.c: irqferry's checker pointed at mover.c, which does not know it: the mover's port
 * on the simulated machine, the mover as a subject, scenarios to search.
 */
#include <stdlib.h>
#include <string.h>
#include "check/world.h"
#include "tests/tap.h"
#include "mover.h"

#define LOCK(l) ((ferry_lock *)(l))
#define CELL(w) ((ferry_atomic *)(uintptr_t)(w))

/* clang-format off */
/* ---- the mover's port; its kernel is the simulated machine ---------------------------- */

uintptr_t port_irq_save(void *k) { return ferry_host_irq_save(k); }
void port_irq_restore(void *k, uintptr_t flags) { ferry_host_irq_restore(k, flags); }
void port_lock(void *k, struct spinlock *lock) { ferry_host_lock(k, LOCK(lock)); }
void port_unlock(void *k, struct spinlock *lock) { ferry_host_unlock(k, LOCK(lock)); }
uint32_t port_load(void *k, const uint32_t *w) { return ferry_host_load(k, CELL(w)); }
void port_store(void *k, uint32_t *w, uint32_t v) { ferry_host_store(k, CELL(w), v); }
bool port_cas(void *k, uint32_t *w, uint32_t old, uint32_t v)
{ return ferry_host_cas(k, CELL(w), old, v); }
void port_write_msi(void *k, uint32_t irq, enum port_msi at, uint32_t v)
{ ferry_host_write(k, irq, irq, (enum ferry_reg)(at / 4), v); }
void port_eoi(void *k, uint32_t cpu) { ferry_host_eoi(k, cpu); }
bool port_irr(void *k, uint32_t cpu, uint8_t vector) { return ferry_host_irr(k, cpu, vector); }
void port_send_ipi(void *k, uint32_t cpu) { ferry_host_ipi(k, cpu, WORLD_DOORBELL); }
void port_handler(void *k, uint32_t irq, uint32_t cpu) { ferry_host_handle(k, irq, irq, cpu); }

/* Where an event is while only the mover knows of it, the checker must be told. */
void port_trace(void *k, enum port_event event, uint32_t irq, uint32_t cpu)
{
	static const uint16_t kind[] = { [PORT_LATCHED] = FERRY_TRACE_LATCHED,
		[PORT_REPLAYED] = FERRY_TRACE_REPLAY, [PORT_RELEASED] = FERRY_TRACE_CLEAR };
	struct ferry_trace record = { .event = kind[event], .irq = irq, .cpu = (uint16_t)cpu };

	oracle_trace(k, &record);
	machine_say_trace(k, &record);
}

/* ---- the mover as a subject -------------------------------------------------------------- */

/* It can MSI-X in order on CPUs that stay; check/scenario.h has what else there is. */
static size_t size(const struct scenario *s)
{
	bool can = !s->hw.overtaking && !s->flat && !s->shared && !s->away;

	for (uint32_t i = 0; i < s->nirqs; i++)
		can = can && s->kind[i] == FERRY_X86_MSIX;
	return can && s->vectors <= MOVER_VECTORS ? sizeof(struct mover_state) : 0;
}

static bool init(struct machine *m, const struct scenario *s)
{ mover_init(m->library, m, s->cpus, s->vectors); return true; }

static int interrupt(struct machine *m, uint32_t cpu, uint8_t vector)
{ return mover_interrupt(m->library, cpu, vector) ? FERRY_X86_TAKEN : FERRY_X86_UNEXPECTED; }
static void doorbell(struct machine *m, uint32_t cpu) { mover_ipi(m->library, cpu); }
static int online(struct machine *m, uint32_t cpu) { return (void)m, (void)cpu, FERRY_OK; }
static int create(struct machine *m, uint32_t src, uint64_t cpus, uint32_t *irq)
{
	*irq = src;
	return mover_create(m->library, src, (uint32_t)cpus) ? FERRY_E_NO_SPACE : FERRY_OK;
}
static int move(struct machine *m, uint32_t src, uint64_t cpus)
{ return mover_move(m->library, src, (uint32_t)cpus) ? FERRY_E_AGAIN : FERRY_OK; }

static const struct subject mover = {
	.name = "mover", .size = size, .init = init, .interrupt = interrupt,
	.doorbell = doorbell, .online = online, .create = create, .move = move,
};
/* clang-format on */

/* ---- searching ------------------------------------------------------------------------------ */

static void print_step(void *arg, uint32_t n, label l, const char *words, bool own)
{
	(void)arg, (void)own;
	if (label_kind(l) != L_STEP || strchr(words, ':')) /* steps that show something */
		diag("%4u %s", n, words);
}

/* A short way to it, in words. */
static void explain(const struct scenario *s)
{
	const struct search_options breadth = { .search = SEARCH_BREADTH };
	const struct replay_options steps = { .step = print_step };
	struct search_result found;
	struct replay_result again;

	check_search(s, &mover, &breadth, &found);
	check_replay(s, &mover, found.path, found.npath, &steps, &again);
	diag("%s", again.why);
	free(found.path);
	free(again.schedule);
}

static void check(const char *text)
{
	const struct search_options depth = { .search = SEARCH_DEPTH };
	struct search_result r;
	struct scenario s;

	if (!scenario_parse(text, &s, r.why, sizeof(r.why)))
		bail("%s: %s", text, r.why);
	check_search(&s, &mover, &depth, &r);
	ok(r.exhausted, "%s", text);
	diag("%s: %" PRIu64 " states, %.2f s", check_verdict_name[r.verdict], r.states, r.seconds);
	if (check_failed(r.verdict))
		explain(&s);
	free(r.path);
}

int main(int argc, char **argv)
{
	check("msix cpus=2 events=3 fence=root | 0: move 0 1; move 0 0");
	check("msix cpus=3 events=2 nested ipi=late | 0: move 0 1 | 1: move 0 2");
	check("msix,msix cpus=2 events=2 fence=root | 0: move 0 1; move 1 1");
	for (int i = 1; i < argc; i++)
		check(argv[i]);
	return tap_done();
}
