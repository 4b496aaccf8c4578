// SPDX-License-Identifier: MIT
/*
 * guests [--events N] [--seed S] [--cpus N] [--seconds-limit N] [--mode N]
 *
 * A virtual GIC under real threads (guest.h). Prints TAP, one line per mode. Which schedule is
 * run is the machine's choice; what must hold is not.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "guest.h"

#define STUCK_SECONDS 60
#ifndef GUESTS_EVENTS
#define GUESTS_EVENTS 20000
#endif

static const struct mode {
	const char *name;
	uint32_t version;
	uint8_t strategy, flags;
} modes[] = {
	{ "GICv3, lazy early", 3, FERRY_LAZY_EARLY, 0 },
	{ "GICv3, lazy late, asks", 3, FERRY_LAZY_LATE, FERRY_VGIC_ASK },
	{ "GICv2, maintenance", 2, FERRY_MAINTENANCE, 0 },
};
#define MODES (sizeof(modes) / sizeof(*modes))

_Thread_local struct cpu *self;
_Thread_local uint64_t thread_random = 1;
static int tests_run;

struct options {
	uint64_t events, seed;
	uint32_t cpus, seconds, mode;
};

void fail(const struct world *w, const char *format, ...)
{
	static atomic_bool once;
	va_list args;

	if (atomic_exchange(&once, true))
		for (;;)
			pause();
	va_start(args, format);
	printf("not ok %d - guests, " FLAVOUR ", %s\n# ", ++tests_run, w->mode);
	vprintf(format, args);
	printf("\n# again: --seed %lu --events %lu --cpus %u"
	       " (another schedule is likely: try more than once)\n",
	       w->seed, w->events, w->cpus);
	va_end(args);
	fflush(stdout);
	_exit(1);
}

/* ---- coming to rest ---------------------------------------------------------- */

static bool line_is_quiet(struct line *l)
{
	bool quiet;

	spin_lock(&l->lock);
	quiet = !l->pending && !l->active && !atomic_load(&l->level) &&
		atomic_load(&l->seen) == atomic_load(&l->raised);
	spin_unlock(&l->lock);
	return quiet;
}

static bool at_rest(struct world *w)
{
	uint32_t i;

	for (i = 0; i < LINES; i++)
		if (!line_is_quiet(&w->line[i]))
			return false;
	for (i = 0; i < w->vcpus; i++)
		if (atomic_load(&w->vcpu[i].busy))
			return false;
	return true;
}

/* What a thread says of its own state may be late, but not for ever. */
static uint64_t activity(struct world *w)
{
	uint64_t sum = 0;
	uint32_t i;

	for (i = 0; i < LINES; i++)
		sum += atomic_load(&w->line[i].acks);
	for (i = 0; i < w->vcpus; i++)
		sum += atomic_load(&w->vcpu[i].busy);
	return sum;
}

static bool all_turned(struct world *w, const uint64_t *marks, uint64_t times)
{
	uint32_t i;

	for (i = 0; i < w->cpus; i++)
		if (atomic_load(&w->cpu[i].rounds) < marks[i] + times)
			return false;
	return true;
}

static void mark(struct world *w, uint64_t *marks)
{
	uint32_t i;

	for (i = 0; i < w->cpus; i++)
		marks[i] = atomic_load(&w->cpu[i].rounds);
}

static void lost(struct world *w)
{
	struct ferry_virq_info info;
	uint32_t i;

	for (i = 0; i < LINES; i++) {
		struct line *l = &w->line[i];

		if (line_is_quiet(l))
			continue;
		if (ferry_vgic_look(w->vgic, 0, FIRST_SPI + i, &info))
			continue;
		fail(w,
		     "line %u (kind %u%s): LOST: event %lu raised, %lu seen; physical: pending %d,"
		     " active %d, on CPU %u\n# the library: target %d, owner %d, in a list register"
		     " %d, enabled %d, pending %d, active %d, physical %d, owed %d",
		     i, l->kind, l->bursty ? ", bursty" : "", l->raised, l->seen, l->pending,
		     l->active, l->route, (int)info.target, (int)info.owner, info.in_lr,
		     info.enabled, info.pending, info.active, info.physical, info.owed);
	}
	fail(w, "a vCPU never ends what it has acknowledged");
}

/* Everyone has turned thousands of times, and nothing has happened: what is not seen by now
 * is lost, however the threads were scheduled. */
static void drain(struct world *w)
{
	uint64_t marks[CPUS_MAX], active = activity(w);

	mark(w, marks);
	while (!at_rest(w)) {
		if (self)
			turn(w);
		else
			sched_yield();
		if (activity(w) != active) {
			active = activity(w);
			mark(w, marks);
		} else if (all_turned(w, marks, 4000)) {
			lost(w);
		}
	}
}

/* ---- what must hold at the end -------------------------------------------------- */

static void check_line(struct world *w, struct line *l)
{
	struct ferry_virq_info i;

	if (ferry_vgic_look(w->vgic, 0, FIRST_SPI + l->index, &i))
		fail(w, "line %u: it can't be looked at", l->index);
	if (i.pending || i.active || i.owner != FERRY_NONE || i.physical || i.owed)
		fail(w, "line %u at rest: pending %d, active %d, owner %d, physical %d, owed %d",
		     l->index, i.pending, i.active, (int)i.owner, i.physical, i.owed);
	if (i.asked != i.arrived)
		fail(w, "line %u at rest: its route has not arrived", l->index);
	if (l->active || l->pending)
		fail(w, "line %u at rest: the physical one is active or pends", l->index);
	if (!l->bursty && l->acks != l->raised)
		fail(w, "line %u: %lu events, %lu acknowledges", l->index, l->raised, l->acks);
}

/* ---- threads ------------------------------------------------------------------- */

static void *cpu_main(void *arg)
{
	struct cpu *c = arg;
	struct world *w = c->world;

	self = c;
	thread_random = w->seed * 1000003u + c->index;
	c->on = true;
	while (atomic_load(&w->phase) == PHASE_START)
		sched_yield();
	while (atomic_load(&w->phase) == PHASE_RUN)
		turn(w);
	/* Everyone has ended what it was doing before anything is judged. */
	atomic_fetch_sub(&w->ready, 1);
	while (atomic_load(&w->ready))
		turn(w);
	if (c->index == 0) {
		take_back(w);
		drain(w);
		atomic_store(&w->phase, PHASE_STILL);
	}
	while (atomic_load(&w->phase) == PHASE_DRAIN)
		turn(w);
	while (atomic_load(&w->phase) == PHASE_STILL)
		turn_still(w);
	put(w);
	return NULL;
}

/* One event, or one on each line, to vCPUs that do nothing else. */
static void stand_still(struct world *w)
{
	uint64_t n, rounds = w->events / 20 + 10;
	uint32_t i;

	thread_random = w->seed * 1000003u + 700;
	for (n = 0; n < rounds; n++) {
		if (n % 2)
			line_raise(w, &w->line[below(LINES - WILD)]);
		for (i = 0; n % 2 == 0 && i < LINES - WILD; i++)
			line_raise(w, &w->line[i]);
		drain(w);
	}
}

/* The main thread looks at the clock on the wall, and is a device in the end. */
static void supervise(struct world *w, uint32_t seconds)
{
	uint64_t turns = 0;

	atomic_store(&w->phase, PHASE_RUN);
	while (atomic_load(&w->phase) < PHASE_DRAIN) {
		usleep(5000);
		if (atomic_load(&w->raised) >= w->events || ++turns > seconds * 200ull)
			atomic_store(&w->phase, PHASE_DRAIN);
	}
	for (turns = 0; atomic_load(&w->phase) != PHASE_STILL; turns++) {
		usleep(5000);
		if (turns > STUCK_SECONDS * 200)
			fail(w, "stuck: %u threads have not come to rest", atomic_load(&w->ready));
	}
	stand_still(w);
	atomic_store(&w->phase, PHASE_STOP);
}

static void run_threads(struct world *w, uint32_t seconds)
{
	pthread_t senders[2];
	uint32_t i;

	atomic_store(&w->ready, w->cpus + 2);
	for (i = 0; i < w->cpus; i++)
		if (pthread_create(&w->cpu[i].thread, NULL, cpu_main, &w->cpu[i]))
			fail(w, "no thread");
	for (i = 0; i < 2; i++)
		if (pthread_create(&senders[i], NULL, sender_main, w))
			fail(w, "no thread");
	supervise(w, seconds);
	for (i = 0; i < w->cpus; i++)
		pthread_join(w->cpu[i].thread, NULL);
	for (i = 0; i < 2; i++)
		pthread_join(senders[i], NULL);
}

/* ---- one mode ------------------------------------------------------------------- */

static void build(struct world *w, const struct options *o)
{
	uint32_t i;

	w->seed = o->seed;
	w->events = o->events;
	w->cpus = o->cpus;
	w->vcpus = w->version == 2 ? 8 : VCPUS_MAX;
	for (i = 0; i < w->cpus; i++) {
		w->cpu[i].world = w;
		w->cpu[i].index = i;
		w->cpu[i].vcpu = FERRY_NONE;
	}
	for (i = 0; i < LINES; i++) {
		struct line *l = &w->line[i];

		l->index = i;
		l->kind = i < LINES - WILD ? (enum kind)(i % KINDS) : VIRTUAL_EDGE;
		l->bursty = i / KINDS % 3 == 2 &&
			    (l->kind == LINKED_EDGE || l->kind == VIRTUAL_EDGE);
		l->enabled = true;
		l->route = i % w->cpus;
	}
}

static void *start_library(struct world *w, const struct mode *mode)
{
	static struct ferry_mpidr mpidrs[VCPUS_MAX];
	struct ferry_vgic_config config = {
		.ctx = w,
		.variant = mode->version == 2 ? &ferry_vgicv2 : &ferry_vgicv3,
		.hardware = &ferry_ich,
		.lrs = LRS,
		.vcpus = w->vcpus,
		.mpidrs = mode->version == 2 ? NULL : mpidrs,
		.spis = 32,
		.strategy = mode->strategy,
		.flags = mode->flags,
	};
	size_t size;
	void *memory;
	uint32_t i;

	for (i = 0; i < VCPUS_MAX; i++)
		mpidrs[i].value = i;
	size = ferry_vgic_size(&config);
	memory = size ? aligned_alloc(64, (size + 63) / 64 * 64) : NULL;
	if (!memory)
		fail(w, "no memory for %zu bytes", size);
	memset(memory, 0xa5, size);
	if (ferry_vgic_init(&config, memory, size, &w->vgic))
		fail(w, "the guest was refused");
	for (i = 0; i < LINES; i++)
		if (line_is_linked(&w->line[i]) &&
		    ferry_vgic_bind(w->vgic, FIRST_SPI + i, FIRST_PHYS + i,
				    w->line[i].kind == LINKED_EDGE))
			fail(w, "line %u: it can't be linked", i);
	return memory;
}

static void report(struct world *w)
{
	uint64_t acks = 0, moves = 0, routes = 0, entries = 0, blocks = 0, offs = 0, leaves = 0;
	uint64_t disables = 0;
	uint32_t i;

	for (i = 0; i < w->cpus; i++) {
		moves += w->cpu[i].moves;
		routes += w->cpu[i].routes;
		entries += w->cpu[i].entries;
		blocks += w->cpu[i].blocks;
		offs += w->cpu[i].offs;
		leaves += w->cpu[i].leaves;
		disables += w->cpu[i].disables;
	}
	for (i = 0; i < LINES; i++)
		acks += w->line[i].acks;
	printf("ok %d - guests, " FLAVOUR ", %s: %lu events, %lu acknowledges, %lu route writes\n",
	       ++tests_run, w->mode, w->raised, acks, moves);
	printf("#   seed %lu, entries %lu, physical routes %lu, blocked %lu, powered off %lu,\n"
	       "#   disabled %lu, CPUs offline %lu\n",
	       w->seed, entries, routes, blocks, offs, disables, leaves);
	fflush(stdout);
}

static void run_mode(const struct options *o, const struct mode *mode)
{
	struct world *w = aligned_alloc(64, sizeof(*w));
	uint32_t i;
	void *memory;

	if (!w)
		abort();
	memset(w, 0, sizeof(*w));
	w->mode = mode->name;
	w->version = mode->version;
	build(w, o);
	self = &w->cpu[0];
	memory = start_library(w, mode);
	set_up_guest(w);
	self = NULL;
	run_threads(w, o->seconds);
	self = &w->cpu[0];
	for (i = 0; i < LINES; i++)
		check_line(w, &w->line[i]);
	self = NULL;
	report(w);
	free(memory);
	free(w);
}

/* ---- the command line ------------------------------------------------------------ */

static bool parse(struct options *o, int argc, char **argv)
{
	for (int i = 1; i + 1 < argc; i += 2) {
		uint64_t value = strtoull(argv[i + 1], NULL, 0);

		if (!strcmp(argv[i], "--events"))
			o->events = value;
		else if (!strcmp(argv[i], "--seed"))
			o->seed = value;
		else if (!strcmp(argv[i], "--cpus"))
			o->cpus = (uint32_t)value;
		else if (!strcmp(argv[i], "--seconds-limit"))
			o->seconds = (uint32_t)value;
		else if (!strcmp(argv[i], "--mode"))
			o->mode = (uint32_t)value;
		else
			return false;
	}
	return argc % 2 == 1 && o->cpus >= 1 && o->cpus <= CPUS_MAX;
}

int main(int argc, char **argv)
{
	struct options o = {
		.events = GUESTS_EVENTS, .seed = 1, .cpus = 8, .seconds = 60, .mode = MODES
	};

	if (!parse(&o, argc, argv)) {
		fprintf(stderr, "guests: wrong arguments, see the head of %s\n", __FILE__);
		return 2;
	}
	for (uint32_t mode = 0; mode < MODES; mode++)
		if (o.mode >= MODES || o.mode == mode)
			run_mode(&o, &modes[mode]);
	printf("1..%d\n", tests_run);
	return 0;
}
