// SPDX-License-Identifier: MIT
/*
 * threads [--events N] [--seed S] [--cpus N] [--devices N] [--seconds-limit N]
 *         [--vectors N] [--mode fence|ordered|drain|all]
 *
 * Prints TAP, one line per mode, and one more with few vectors. Which schedule is run is the
 * machine's choice; what must hold is not. --seconds-limit ends the raising early on a slow
 * machine; a test that then does not come to rest is stuck, and says so.
 */
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <irqferry/managed.h>
#include "queues.h"

#define STUCK_SECONDS 60
/* A run without arguments; the build knows how slow its sanitizer is. */
#ifndef THREADS_EVENTS
#define THREADS_EVENTS 100000
#endif

static const char *const mode_names[MODES] = { "fence", "ordered", "drain" };

_Thread_local struct cpu *self;
_Thread_local uint64_t thread_random = 1;
static int tests_run;

struct options {
	uint64_t events, seed;
	uint32_t cpus, devices, vectors, seconds;
	int mode; /* MODES: all */
};

void fail(const struct world *w, const char *format, ...)
{
	static atomic_bool once;
	va_list args;

	if (atomic_exchange(&once, true))
		for (;;)
			pause();
	va_start(args, format);
	printf("not ok %d - threads, " FLAVOUR ", %s\n# ", ++tests_run, mode_names[w->mode]);
	vprintf(format, args);
	printf("\n# again: --mode %s --seed %lu --events %lu --cpus %u --devices %u"
	       " --vectors %u (another schedule is likely: try more than once)\n",
	       mode_names[w->mode], w->seed, w->events, w->cpus, w->devices, w->vectors);
	va_end(args);
	fflush(stdout);
	_exit(1);
}

/* ---- coming to rest ---------------------------------------------------------- */

static bool accounted(struct world *w)
{
	for (uint32_t i = 0; i < w->devices; i++)
		if (!device_accounted(&w->device[i]))
			return false;
	return true;
}

static bool nothing_in_flight(struct world *w)
{
	for (uint32_t i = 0; i < w->devices; i++)
		if (atomic_load(&w->device[i].flying))
			return false;
	for (uint32_t i = 0; i < w->cpus; i++)
		if (apic_pending(&w->cpu[i]) || atomic_load(&w->cpu[i].ipi_flying))
			return false;
	return atomic_load(&w->poll_at) == UINT64_MAX;
}

static uint64_t activity(struct world *w)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < w->cpus; i++)
		sum += atomic_load(&w->cpu[i].activity);
	return sum;
}

/* Every CPU and the clock have turned so many times since the marks were taken. */
static bool all_turned(struct world *w, const uint64_t *marks, uint64_t times)
{
	for (uint32_t i = 0; i < w->cpus; i++)
		if (atomic_load(&w->cpu[i].rounds) < marks[i] + times)
			return false;
	return atomic_load(&w->tick) > marks[CPUS_MAX] + times;
}

static void mark(struct world *w, uint64_t *marks)
{
	for (uint32_t i = 0; i < w->cpus; i++)
		marks[i] = atomic_load(&w->cpu[i].rounds);
	marks[CPUS_MAX] = atomic_load(&w->tick);
}

static void lost(struct world *w)
{
	char text[512];

	for (uint32_t i = 0; i < w->devices; i++) {
		struct device *d = &w->device[i];

		if (device_accounted(d))
			continue;
		ferry_irq_describe(w->ferry, atomic_load(&d->irq), text, sizeof(text));
		fail(w, "device %u (kind %u%s): LOST: event %lu raised, %lu seen, pending %d\n# %s",
		     i, d->kind, d->bursty ? ", bursty" : "", atomic_load(&d->raised),
		     atomic_load(&d->seen), d->pending, text);
	}
}

/* No CPU does anything any more, nothing is under way and still an event has not
 * been seen: it is lost, however the threads were scheduled. */
static void drain_events(struct world *w, struct cpu *c)
{
	uint64_t marks[CPUS_MAX + 1], active = activity(w);

	mark(w, marks);
	while (!accounted(w)) {
		serve(w, c);
		if (activity(w) != active || !nothing_in_flight(w)) {
			active = activity(w);
			mark(w, marks);
		} else if (all_turned(w, marks, 100)) {
			lost(w);
		}
	}
}

/* Every move ends in a few turns of the clock and of its old CPUs; thousands of
 * each are no matter of time any more. */
static void settle_one(struct world *w, struct cpu *c, struct device *d)
{
	uint32_t irq = atomic_load(&d->irq);
	uint64_t marks[CPUS_MAX + 1];
	char text[512];
	int status;

	mark(w, marks);
	while ((status = ferry_irq_settle(w->ferry, irq, NULL)) == FERRY_E_AGAIN) {
		serve(w, c);
		if (!all_turned(w, marks, 5000))
			continue;
		ferry_irq_describe(w->ferry, irq, text, sizeof(text));
		fail(w, "device %u (kind %u): never settles\n# %s", d->index, d->kind, text);
	}
	if (status)
		fail(w, "settle(device %u) at the end: %d", d->index, status);
}

static void settle_all(struct world *w, struct cpu *c)
{
	for (uint32_t i = 0; i < w->devices; i++)
		settle_one(w, c, &w->device[i]);
}

/* ---- what must hold at the end -------------------------------------------------- */

static void check_settled(struct world *w, struct device *d)
{
	struct ferry_affinity a;
	uint64_t requested, effective, old;

	if (ferry_irq_affinity(w->ferry, atomic_load(&d->irq), &a, &requested, &effective, &old))
		fail(w, "device %u: no affinity at the end", d->index);
	if (a.state != FERRY_SETTLED || a.old_cpus || a.queued || a.starved ||
	    a.generation != a.asked)
		fail(w, "device %u at rest: state %u, owed %u, queued %d, starved %d, %u of %u",
		     d->index, a.state, a.old_cpus, a.queued, a.starved, a.generation, a.asked);
	if (a.broken == ((effective & ~requested) == 0))
		fail(w, "device %u at rest: broken %d, requested 0x%lx, effective 0x%lx", d->index,
		     a.broken, requested, effective);
	if (!d->bursty && atomic_load(&d->starts) != atomic_load(&d->raised))
		fail(w, "device %u: %lu events, %lu starts", d->index, d->raised, d->starts);
}

static void check_vectors(struct world *w, uint32_t want)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < w->cpus; i++) {
		uint32_t used = 0, unused = 0;

		ferry_x86_vectors(w->ferry, i, &used, &unused);
		if (used + unused != w->vectors)
			fail(w, "CPU %u: %u used and %u free", i, used, unused);
		sum += used;
	}
	if (sum != want)
		fail(w, "%u vectors in use at rest, %u interrupts", sum, want);
}

static void free_all(struct world *w, struct cpu *c)
{
	for (uint32_t i = 0; i < w->devices; i++) {
		uint32_t irq = atomic_load(&w->device[i].irq);
		int status;

		while (!device_stop(&w->device[i]))
			serve(w, c);
		while ((status = ferry_irq_free(w->ferry, irq, 0, NULL)) == FERRY_E_AGAIN)
			serve(w, c);
		if (status)
			fail(w, "free(device %u) at the end: %d", i, status);
	}
}

static void come_to_rest(struct world *w, struct cpu *c)
{
	queues_end(w, c);
	drain_events(w, c);
	settle_all(w, c);
	drain_events(w, c);
	for (uint32_t i = 0; i < w->devices; i++)
		check_settled(w, &w->device[i]);
	check_vectors(w, w->devices);
	free_all(w, c);
	check_vectors(w, 0);
}

/* ---- threads ------------------------------------------------------------------- */

static void enter(struct world *w, struct cpu *c)
{
	while (atomic_exchange(&w->hotplug, true))
		sched_yield();
	atomic_store(&c->alive, true);
	if (ferry_cpu_enter(w->ferry, c->index))
		fail(w, "CPU %u did not come up", c->index);
	atomic_store(&w->hotplug, false);
	c->on = true;
	atomic_fetch_add(&w->ready, 1);
}

static void *cpu_main(void *arg)
{
	struct cpu *c = arg;
	struct world *w = c->world;

	self = c;
	thread_random = w->seed * 1000003u + c->index;
	enter(w, c);
	while (atomic_load(&w->ready) < w->cpus)
		serve(w, c);
	if (c->index == 0) {
		for (uint32_t i = 0; i < w->devices; i++)
			device_create(w, &w->device[i]);
		queues_begin(w, c);
		atomic_store(&w->phase, PHASE_RUN);
	}
	while (atomic_load(&w->phase) < PHASE_DRAIN) {
		for (uint32_t n = below(6); n && atomic_load(&w->phase) == PHASE_RUN; n--)
			random_op(w, c);
		serve(w, c);
	}
	/* Everyone has ended what it was doing before anything is judged. */
	atomic_fetch_sub(&w->ready, 1);
	while (atomic_load(&w->ready))
		serve(w, c);
	if (c->index == 0) {
		come_to_rest(w, c);
		atomic_store(&w->phase, PHASE_STOP);
	}
	while (atomic_load(&w->phase) != PHASE_STOP)
		serve(w, c);
	return NULL;
}

/* The main thread only looks at the clock on the wall. */
static void supervise(struct world *w, uint32_t seconds)
{
	uint64_t turns = 0;

	while (atomic_load(&w->phase) < PHASE_DRAIN) {
		usleep(10000);
		if (atomic_load(&w->raised) >= w->events || ++turns > seconds * 100ull)
			atomic_store(&w->phase, PHASE_DRAIN);
	}
	for (turns = 0; atomic_load(&w->phase) != PHASE_STOP; turns++) {
		usleep(10000);
		if (turns > STUCK_SECONDS * 100)
			fail(w, "stuck: %u CPUs have not come to rest, %lu of %lu events seen",
			     atomic_load(&w->ready), atomic_load(&w->raised), w->events);
	}
}

static void run_threads(struct world *w, uint32_t seconds)
{
	pthread_t senders[2], fabric;

	for (uint32_t i = 0; i < w->cpus; i++)
		if (pthread_create(&w->cpu[i].thread, NULL, cpu_main, &w->cpu[i]))
			fail(w, "no thread");
	for (uint32_t i = 0; i < 2; i++)
		if (pthread_create(&senders[i], NULL, sender_main, w))
			fail(w, "no thread");
	if (pthread_create(&fabric, NULL, fabric_main, w))
		fail(w, "no thread");
	supervise(w, seconds);
	for (uint32_t i = 0; i < w->cpus; i++)
		pthread_join(w->cpu[i].thread, NULL);
	for (uint32_t i = 0; i < 2; i++)
		pthread_join(senders[i], NULL);
	pthread_join(fabric, NULL);
}

/* ---- one mode ------------------------------------------------------------------- */

static uint8_t kind_of(uint32_t i)
{
	static const uint8_t kinds[] = { FERRY_X86_MSIX, FERRY_X86_MSI, FERRY_X86_MSIX,
					 FERRY_X86_REMAPPED };

	return kinds[i % 4];
}

/* The last CPU has an APIC id that only remapped sources can name. */
static void build(struct world *w, const struct options *o, uint32_t *apic_ids)
{
	w->seed = o->seed;
	w->events = o->events;
	w->cpus = o->cpus;
	w->devices = o->devices;
	w->vectors = o->vectors;
	atomic_store(&w->poll_at, UINT64_MAX);
	atomic_store(&w->tick, 1);
	for (uint32_t i = 0; i < w->cpus; i++) {
		apic_ids[i] = i && i == w->cpus - 1 ? 300 : i * 3 + 1;
		w->cpu[i].world = w;
		w->cpu[i].index = i;
		w->cpu[i].apic_id = apic_ids[i];
	}
	for (uint32_t i = 0; i < w->devices; i++) {
		w->device[i].index = i;
		w->device[i].kind = kind_of(i);
		w->device[i].bursty = i / 4 % 4 == 3;
		w->device[i].stopped = true;
		atomic_store(&w->device[i].irq, FERRY_NONE);
	}
}

static void *start_library(struct world *w, const uint32_t *apic_ids)
{
	struct ferry_x86_config config = {
		.core = { .ctx = w,
			  .cpus = w->cpus,
			  .irqs = w->devices,
			  .masks = 8,
			  .drain_ns = w->mode == MODE_FENCE ? 0 : DRAIN_TICKS * TICK_NS,
			  .restore = true,
			  .counters = w->counters,
			  .trace = host_trace },
		.flags = w->mode == MODE_FENCE ?
				 FERRY_X86_FENCE_REACHES_IRR | FERRY_X86_REMAP_DRAINS :
				 0,
		.apic_ids = apic_ids,
		.remapping = &ferry_x86_remapping,
		.rooms = &ferry_x86_rooms,
		.promises = &ferry_x86_promises,
		.pools = 2,
		.first_vector = FIRST_VECTOR,
		.last_vector = (uint8_t)(FIRST_VECTOR + w->vectors - 1),
		.doorbell_vector = DOORBELL,
	};
	size_t size = ferry_x86_size(&config);
	void *memory = size ? aligned_alloc(64, (size + 63) / 64 * 64) : NULL;

	if (!memory)
		fail(w, "no memory for %zu bytes", size);
	memset(memory, 0xa5, size);
	if (ferry_x86_init(&config, memory, size, &w->ferry))
		fail(w, "the machine was refused");
	return memory;
}

/* The library's own counters say the same as ours. */
static void report(struct world *w)
{
	struct ferry_counters sum = { 0 };
	uint64_t moves = 0, starts = 0, offlines = 0, rollbacks = 0, recycled = 0, starved = 0;
	uint64_t forwards = 0, refused = 0, managed = 0, planned = 0;

	for (uint32_t i = 0; i < w->cpus; i++) {
		sum.starts += w->counters[i].starts;
		sum.latched += w->counters[i].latched;
		sum.replays += w->counters[i].replays;
		sum.unexpected += w->counters[i].unexpected;
		sum.doorbells += w->counters[i].doorbells;
		sum.retries += w->counters[i].retries;
		moves += w->cpu[i].programs;
		starved += w->cpu[i].starved;
		forwards += w->cpu[i].forwards;
		offlines += w->cpu[i].offlines;
		rollbacks += w->cpu[i].rollbacks;
		recycled += w->cpu[i].recycled;
		refused += w->cpu[i].refused;
		managed += w->cpu[i].managed;
		planned += w->cpu[i].planned;
	}
	for (uint32_t i = 0; i < w->devices; i++)
		starts += w->device[i].starts;
	if (sum.unexpected || sum.starts != starts)
		fail(w, "counters: %lu starts, %lu counted, %lu unexpected vectors", starts,
		     sum.starts, sum.unexpected);
	printf("ok %d - threads, " FLAVOUR ", %s: %lu events, %lu starts, %lu moves, %lu offline\n",
	       ++tests_run, mode_names[w->mode], w->raised, starts, moves, offlines);
	printf("#   seed %lu, latched %lu, replays %lu, doorbells %lu, retries %lu,\n"
	       "#   rolled back %lu, forwarded %lu, recycled %lu, starved %lu, refused %lu,\n"
	       "#   rebalanced %lu, policies %lu, managed %lu, planned %lu,\n"
	       "#   overridden %lu, quiesced %lu\n",
	       w->seed, sum.latched, sum.replays, sum.doorbells, sum.retries, rollbacks, forwards,
	       recycled, starved, refused, w->balance.moved, w->balance.switched, managed, planned,
	       atomic_load(&w->set.overridden), w->set.quiesced);
	fflush(stdout);
}

static void run_mode(const struct options *o, enum mode mode)
{
	struct world *w = aligned_alloc(64, sizeof(*w));
	uint32_t apic_ids[CPUS_MAX];
	void *memory;

	if (!w)
		abort();
	memset(w, 0, sizeof(*w));
	w->mode = mode;
	build(w, o, apic_ids);
	memory = start_library(w, apic_ids);
	run_threads(w, o->seconds);
	report(w);
	free(memory);
	free(w);
}

/* ---- the command line ------------------------------------------------------------ */

static int mode_of(const char *name)
{
	for (int i = 0; i < MODES; i++)
		if (!strcmp(name, mode_names[i]))
			return i;
	return MODES;
}

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
		else if (!strcmp(argv[i], "--devices"))
			o->devices = (uint32_t)value;
		else if (!strcmp(argv[i], "--vectors"))
			o->vectors = (uint32_t)value;
		else if (!strcmp(argv[i], "--seconds-limit"))
			o->seconds = (uint32_t)value;
		else if (!strcmp(argv[i], "--mode"))
			o->mode = mode_of(argv[i + 1]);
		else
			return false;
	}
	return argc % 2 == 1 && o->cpus >= 1 && o->cpus <= CPUS_MAX && o->devices >= 1 &&
	       o->devices <= DEVICES_MAX && o->devices <= 32 * o->cpus && o->vectors >= 8 &&
	       o->vectors <= 128;
}

int main(int argc, char **argv)
{
	struct options o = { .events = THREADS_EVENTS,
			     .seed = 1,
			     .cpus = 5,
			     .devices = 64,
			     .vectors = VECTORS,
			     .seconds = 60,
			     .mode = MODES };

	if (!parse(&o, argc, argv)) {
		fprintf(stderr, "threads: wrong arguments, see the head of %s\n", __FILE__);
		return 2;
	}
	for (int mode = 0; mode < MODES; mode++)
		if (o.mode == MODES || o.mode == mode)
			run_mode(&o, (enum mode)mode);
	if (o.mode == MODES && argc == 1)
		run_mode(&(struct options){ .events = o.events,
					    .seed = o.seed,
					    .cpus = 4,
					    .devices = 25,
					    .vectors = 12,
					    .seconds = o.seconds },
			 MODE_DRAIN);
	printf("1..%d\n", tests_run);
	return 0;
}
