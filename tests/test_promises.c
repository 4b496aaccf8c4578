// SPDX-License-Identifier: MIT
/*
 * Promises on x86 (managed.h) through the public API, against a model that counts places CPU by
 * CPU: one thread, everything synchronous. With and without the quick search.
 *
 *     test_promises [seed [rounds]]
 */
#include <irqferry/host.h>
#include <irqferry/managed.h>
#include <irqferry/x86.h>
#include <string.h>
#include "tests/one_thread.h"
#include "tests/still_host.h"
#include "tests/tap.h"

#define CPUS 300u /* several units, and a word that is not full */
#define WORDS 5u
#define IRQS 256u
#define POOLS 3u
#define DOORBELL 0x30u

/* ---- the host --------------------------------------------------------------------- */

static bool rung[CPUS];

void ferry_host_eoi(void *ctx, uint32_t cpu)
{
	(void)ctx;
	(void)cpu;
}

bool ferry_host_irr(void *ctx, uint32_t cpu, uint8_t vector)
{
	(void)ctx;
	(void)cpu;
	(void)vector;
	return false;
}

void ferry_host_ipi(void *ctx, uint32_t cpu, uint8_t vector)
{
	(void)ctx;
	(void)vector;
	rung[cpu] = true;
}

uint64_t ferry_host_now(void *ctx)
{
	(void)ctx;
	return 0;
}

void ferry_host_poll_in(void *ctx, uint64_t ns)
{
	(void)ctx;
	(void)ns;
}

uint32_t ferry_host_read(void *ctx, uint32_t device, uint32_t index, enum ferry_reg reg)
{
	(void)ctx;
	(void)device;
	(void)index;
	(void)reg;
	return 0;
}

void ferry_host_write(void *ctx, uint32_t device, uint32_t index, enum ferry_reg reg,
		      uint32_t value)
{
	(void)ctx;
	(void)device;
	(void)index;
	(void)reg;
	(void)value;
}

/* ---- the model ---------------------------------------------------------------------- */

enum class { NOBODY, ORDINARY, STOPPED, MANAGED };

struct one {
	enum class class;
	bool mask[CPUS];
	uint32_t pool;
	uint32_t cpu;      /* FERRY_NONE: it has no place */
	bool from_promise; /* its place came out of a promise */
};

static struct {
	struct ferry *f;
	uint32_t cpus, usable;
	bool online[CPUS];
	uint32_t taken[CPUS];              /* places */
	uint32_t promised[CPUS];           /* not used now */
	uint32_t managed[CPUS];            /* promised ones that are used */
	uint32_t members[POOLS + 1][CPUS]; /* of a pool, whose masks have the CPU */
	bool used[POOLS + 1][CPUS];        /* the pool's one place is taken */
	struct one irq[IRQS];
	uint64_t random, seed;
	void *memory;
} m;

static uint64_t checks;

#define must(good, ...) \
	do { \
		checks++; \
		if (!(good)) { \
			diag("seed %lu, %u CPUs", (unsigned long)m.seed, m.cpus); \
			ok(false, __VA_ARGS__); \
			exit(tap_done()); \
		} \
	} while (0)

static uint32_t below(uint32_t n)
{
	uint64_t z = (m.random += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return (uint32_t)((z ^ (z >> 31)) >> 33) % n;
}

static uint32_t room(uint32_t c)
{
	return m.usable - m.taken[c] - m.promised[c];
}

static void words_of(const bool *mask, uint64_t *words)
{
	memset(words, 0, WORDS * 8);
	for (uint32_t c = 0; c < m.cpus; c++)
		words[c / 64] |= (uint64_t)mask[c] << (c % 64);
}

static void check_counts(void)
{
	struct ferry_capacity capacity;
	uint32_t rooms = 0, promised = 0, waiting = 0;

	for (uint32_t c = 0; c < m.cpus; c++) {
		uint32_t used, unused;

		ferry_x86_vectors(m.f, c, &used, &unused);
		must(used == m.taken[c] && unused == room(c),
		     "CPU %u: %u used and %u free, should be %u and %u", c, used, unused,
		     m.taken[c], room(c));
		rooms += m.online[c] ? room(c) : 0;
		promised += m.online[c] ? m.promised[c] : 0;
	}
	for (uint32_t n = 0; n < IRQS; n++)
		waiting += m.irq[n].class == STOPPED;
	ferry_capacity(m.f, &capacity);
	must(capacity.free == rooms && capacity.promised == promised && capacity.waiting == waiting,
	     "capacity: %u, %u, %u, should be %u, %u, %u", capacity.free, capacity.promised,
	     capacity.waiting, rooms, promised, waiting);
}

/* ---- the machine ------------------------------------------------------------------------ */

static void doorbells(void)
{
	for (uint32_t c = 0; c < m.cpus; c++)
		if (rung[c]) {
			rung[c] = false;
			ferry_x86_doorbell(m.f, c);
		}
}

static void enter(uint32_t c)
{
	must(ferry_cpu_enter(m.f, c) == FERRY_OK, "CPU %u enters", c);
	m.online[c] = true;
}

static void leave(uint32_t c)
{
	uint32_t left, irq;

	doorbells();
	must(ferry_cpu_leave(m.f, c) == FERRY_OK, "CPU %u begins to leave", c);
	must(ferry_cpu_leave_step(m.f, c, &left, &irq) == FERRY_OK, "nothing is on CPU %u", c);
	must(ferry_cpu_commit(m.f, c) == FERRY_OK, "CPU %u leaves", c);
	m.online[c] = false;
}

static void start(uint32_t cpus, uint32_t usable, uint64_t seed, bool rooms)
{
	static uint32_t ids[CPUS];
	struct ferry_x86_config config = {
		.core = { .cpus = cpus, .irqs = IRQS, .masks = IRQS * 2 + 4 },
		.flags = FERRY_X86_FENCE_REACHES_IRR | FERRY_X86_EXT_DEST,
		.apic_ids = ids,
		.first_vector = 0x41,
		.last_vector = (uint8_t)(0x40 + usable),
		.doorbell_vector = DOORBELL,
		.rooms = rooms ? &ferry_x86_rooms : NULL,
		.promises = &ferry_x86_promises,
		.pools = POOLS,
	};
	size_t size = ferry_x86_size(&config);

	free(m.memory);
	memset(&m, 0, sizeof(m));
	memset(rung, 0, sizeof(rung));
	for (uint32_t c = 0; c < cpus; c++)
		ids[c] = c;
	for (uint32_t n = 0; n < IRQS; n++)
		m.irq[n].cpu = FERRY_NONE;
	m.cpus = cpus;
	m.usable = usable;
	m.seed = m.random = seed;
	m.memory = malloc(size);
	must(ferry_x86_init(&config, m.memory, size, &m.f) == FERRY_OK, "the machine starts");
}

/* ---- calls, each with what the model says of it ---------------------------------------------- */

static uint32_t make(uint32_t kind, uint32_t flags, const bool *mask, int *rc)
{
	struct ferry_source source = { .kind = (uint8_t)kind, .flags = (uint8_t)flags };
	uint64_t words[WORDS];
	uint32_t irq = FERRY_NONE;

	words_of(mask, words);
	*rc = ferry_x86_create(m.f, &source, words, 1, &irq);
	return *rc == 1 ? irq : FERRY_NONE;
}

static uint32_t ordinary(const bool *mask)
{
	uint32_t most = 0, best = FERRY_NONE, irq, used = 0;
	bool any = false;
	int rc;

	for (uint32_t n = 0; n < IRQS; n++)
		used += m.irq[n].class != NOBODY;
	if (used == IRQS)
		return FERRY_NONE;
	for (uint32_t c = 0; c < m.cpus; c++)
		if (mask[c] && m.online[c]) {
			any = true;
			if (room(c) > most) {
				most = room(c);
				best = c;
			}
		}
	irq = make(FERRY_X86_MSIX, 0, mask, &rc);
	must(rc == (most ? 1 :
		    any  ? FERRY_E_NO_SPACE :
			   FERRY_E_NO_CPU),
	     "an ordinary one: %d, there is room for %u", rc, most);
	if (irq != FERRY_NONE) {
		struct ferry_affinity a;

		must(ferry_irq_affinity(m.f, irq, &a, NULL, NULL, NULL) == FERRY_OK &&
			     a.first_cpu == best,
		     "it went to CPU %u, the lowest of the emptiest is %u", a.first_cpu, best);
		m.irq[irq].class = ORDINARY;
		m.irq[irq].cpu = best;
		m.taken[best]++;
	}
	return irq;
}

static void discard(uint32_t irq)
{
	struct one *o = &m.irq[irq];
	int rc;

	while ((rc = ferry_irq_free(m.f, irq, FERRY_FREE_QUIET, NULL)) == FERRY_E_AGAIN)
		doorbells();
	must(rc == FERRY_OK, "free: %d", rc);
	if (o->cpu != FERRY_NONE)
		m.taken[o->cpu]--;
	*o = (struct one){ .cpu = FERRY_NONE };
}

/* A stopped one is made managed. All or nothing. */
static uint32_t managed(const bool *mask, uint32_t pool)
{
	uint64_t words[WORDS];
	bool all = true, any = false;
	uint32_t irq;
	int rc;

	irq = make(FERRY_X86_MSIX, FERRY_SOURCE_STOPPED, mask, &rc);
	if (irq == FERRY_NONE)
		return irq;
	must(!pool || ferry_irq_share(m.f, irq, pool) == FERRY_OK, "a pool");
	must(pool || ferry_irq_share(m.f, irq, 0) == FERRY_OK, "no pool");
	for (uint32_t c = 0; c < m.cpus; c++) {
		any = any || mask[c];
		all = all && (!mask[c] || room(c) || (pool && m.members[pool][c]));
	}
	words_of(mask, words);
	rc = ferry_irq_manage(m.f, irq, words);
	must(rc == (all ? FERRY_OK : FERRY_E_NO_SPACE), "manage: %d, room on each: %d", rc, all);
	m.irq[irq].class = STOPPED;
	if (rc != FERRY_OK) {
		check_counts();
		discard(irq);
		return FERRY_NONE;
	}
	m.irq[irq].class = MANAGED;
	m.irq[irq].pool = pool;
	for (uint32_t c = 0; c < m.cpus; c++) {
		m.irq[irq].mask[c] = mask[c];
		m.promised[c] += mask[c] && !(pool && m.members[pool][c]);
		m.members[pool][c] += mask[c];
	}
	return irq;
}

/* The guarantee: never for want of a vector, unless it shares. */
static void begin(uint32_t irq)
{
	struct one *o = &m.irq[irq];
	uint32_t fewest = FERRY_NONE, want = FERRY_NONE, most = 0;
	struct ferry_affinity a;
	bool any = false;
	int rc;

	for (uint32_t c = 0; c < m.cpus; c++) {
		if (!o->mask[c] || !m.online[c])
			continue;
		any = true;
		if (!(o->pool && m.used[o->pool][c]) && m.managed[c] < fewest) {
			fewest = m.managed[c];
			want = c;
		}
	}
	o->from_promise = want != FERRY_NONE;
	for (uint32_t c = 0; !o->from_promise && c < m.cpus; c++)
		if (o->mask[c] && m.online[c] && room(c) > most) {
			most = room(c);
			want = c;
		}
	rc = ferry_irq_start(m.f, irq);
	must(rc == (want != FERRY_NONE ? FERRY_OK :
		    any                ? FERRY_E_NO_SPACE :
					 FERRY_E_NO_CPU),
	     "start: %d, a CPU is online: %d, its place on %u", rc, any, want);
	if (rc != FERRY_OK)
		return;
	must(ferry_irq_affinity(m.f, irq, &a, NULL, NULL, NULL) == FERRY_OK && a.first_cpu == want,
	     "started on CPU %u, not on %u", a.first_cpu, want);
	o->cpu = want;
	m.taken[want]++;
	if (o->from_promise) {
		m.promised[want]--;
		m.managed[want]++;
		m.used[o->pool][want] = o->pool;
	}
}

static void halt(uint32_t irq)
{
	struct one *o = &m.irq[irq];
	int rc;

	while ((rc = ferry_irq_stop(m.f, irq, FERRY_FREE_QUIET, NULL)) == FERRY_E_AGAIN)
		doorbells();
	must(rc == FERRY_OK, "stop: %d", rc);
	if (o->cpu == FERRY_NONE)
		return;
	m.taken[o->cpu]--;
	if (o->from_promise) {
		m.promised[o->cpu]++;
		m.managed[o->cpu]--;
		m.used[o->pool][o->cpu] = false;
	}
	o->cpu = FERRY_NONE;
}

static void end(uint32_t irq)
{
	struct one *o = &m.irq[irq];

	halt(irq);
	must(ferry_irq_unmanage(m.f, irq) == FERRY_OK, "unmanage");
	for (uint32_t c = 0; c < m.cpus; c++)
		if (o->mask[c]) {
			m.members[o->pool][c]--;
			m.promised[c] -= !o->pool || !m.members[o->pool][c];
		}
	o->class = STOPPED;
	discard(irq);
}

/* ---- random runs ----------------------------------------------------------------------------- */

static void random_mask(bool *mask)
{
	uint32_t which = below(4);

	for (uint32_t c = 0; c < m.cpus; c++)
		mask[c] = which == 0 || (which == 1 && below(2));
	mask[below(m.cpus)] = true;
	mask[below(m.cpus)] = true;
}

/* The last one can't leave. */
static bool another(uint32_t cpu)
{
	for (uint32_t c = 0; c < m.cpus; c++)
		if (c != cpu && m.online[c])
			return true;
	return false;
}

static void step(void)
{
	bool mask[CPUS];
	uint32_t irq = below(IRQS), c = below(m.cpus);
	struct one *o = &m.irq[irq];

	random_mask(mask);
	if (below(8) == 0) {
		if (!m.online[c])
			enter(c);
		else if (!m.taken[c] && another(c))
			leave(c);
	} else if (o->class == ORDINARY) {
		discard(irq);
	} else if (o->class == MANAGED) {
		if (below(6) == 0)
			end(irq);
		else if (o->cpu == FERRY_NONE)
			begin(irq);
		else
			halt(irq);
	} else if (below(3)) {
		(void)ordinary(mask);
	} else {
		(void)managed(mask, below(3) ? 0 : 1 + below(POOLS));
	}
}

static void finish(void)
{
	for (uint32_t n = 0; n < IRQS; n++) {
		if (m.irq[n].class == MANAGED)
			end(n);
		else if (m.irq[n].class == ORDINARY)
			discard(n);
	}
	check_counts();
	for (uint32_t c = 0; c < m.cpus; c++)
		must(room(c) == m.usable, "CPU %u: %u of %u are back", c, room(c), m.usable);
}

static void random_run(uint32_t cpus, uint32_t usable, uint64_t seed, uint32_t steps, bool rooms)
{
	start(cpus, usable, seed, rooms);
	for (uint32_t c = 0; c < cpus; c++)
		if (below(4))
			enter(c);
	for (uint32_t n = 0; n < steps; n++) {
		step();
		if (n % 16 == 0)
			check_counts();
	}
	finish();
	ok(true, "%u CPUs of %u vectors, %s: %u steps, seed %lu", cpus, usable,
	   rooms ? "quick search" : "each asked", steps, (unsigned long)seed);
}

/* ---- named cases ----------------------------------------------------------------------------- */

static const bool *only(uint32_t a, uint32_t b)
{
	static bool mask[CPUS];

	memset(mask, 0, sizeof(mask));
	mask[a] = mask[b] = true;
	return mask;
}

/* Ordinary ones until there is no room at all: who was promised a place gets it, each time. */
static void guarantee(bool rooms)
{
	uint32_t irqs[4];

	start(40, 6, 1, rooms);
	for (uint32_t c = 0; c < 40; c++)
		enter(c);
	for (uint32_t n = 0; n < 4; n++)
		irqs[n] = managed(only(n, 39), 0);
	for (bool more = true; more;) {
		bool all[CPUS];

		memset(all, true, sizeof(all));
		more = ordinary(all) != FERRY_NONE;
		for (uint32_t n = 0; n < 4; n++) {
			begin(irqs[n]);
			halt(irqs[n]);
		}
	}
	check_counts();
	for (uint32_t n = 0; n < 4; n++)
		begin(irqs[n]);
	check_counts();
	finish();
	ok(true, "the guarantee holds until all is full, %s",
	   rooms ? "quick search" : "each asked");
}

/* The last CPU of the mask is full: what the others had promised is taken back. */
static void roll_back(void)
{
	bool mask[CPUS] = { false };
	uint32_t shared;

	start(300, 2, 1, true);
	for (uint32_t c = 0; c < 300; c++)
		enter(c);
	(void)ordinary(only(299, 299));
	(void)ordinary(only(299, 299));
	for (uint32_t c = 0; c < 300; c++)
		mask[c] = c % 3 == 2; /* 299 too */
	is_int(managed(mask, 0), FERRY_NONE, "no place on CPU 299: refused");
	is_int(managed(mask, 1), FERRY_NONE, "with a pool, too");
	check_counts();
	shared = managed(only(2, 5), 1);
	is_int(managed(mask, 1), FERRY_NONE, "and where the pool has members already");
	check_counts();
	begin(shared);
	finish();
	ok(true, "nothing is left of what was refused");
}

/* Linux 2f75d9e1c905, bug 3 of its list: counts of a CPU that was away were wrong afterwards. */
static void away(void)
{
	uint32_t a, b, c;

	start(3, 4, 1, true);
	for (uint32_t n = 0; n < 3; n++)
		enter(n);
	a = managed(only(1, 2), 0);
	leave(1);
	check_counts();
	b = managed(only(1, 1), 0);
	check_counts();
	end(a);
	c = managed(only(0, 1), 0);
	check_counts();
	begin(b);
	is_int(m.irq[b].cpu, FERRY_NONE, "no CPU of its mask is there");
	enter(1);
	check_counts();
	begin(b);
	begin(c);
	for (uint32_t n = 0; n < 2; n++)
		is_int(m.irq[ordinary(only(1, 1))].cpu, 1, "an ordinary one, number %u", n);
	is_int(ordinary(only(1, 1)), FERRY_NONE, "what was promised is nobody else's");
	finish();
}

/* One place for the pool: the second one there is like anybody else. */
static void pools(void)
{
	uint32_t a, b;

	start(2, 2, 1, true);
	enter(0);
	enter(1);
	a = managed(only(0, 1), 1);
	b = managed(only(0, 1), 1);
	begin(a);
	begin(b);
	is_int(m.irq[a].cpu != m.irq[b].cpu, 1, "each CPU's promise is used once");
	is_int(m.promised[0] + m.promised[1], 0, "one for the two of them on each");
	halt(a);
	halt(b);
	leave(1);
	begin(a);
	begin(b);
	is_int(m.irq[b].cpu, 0, "the second one takes what is free");
	halt(b);
	(void)ordinary(only(0, 0));
	begin(b);
	is_int(m.irq[b].cpu, FERRY_NONE, "and is refused where nothing is");
	halt(a);
	begin(b);
	is_int(m.irq[b].cpu, 0, "but one of them always has a place");
	enter(1);
	begin(a);
	is_int(m.irq[a].cpu, 1, "and the other one where its mask has another CPU");
	finish();
}

/* A pool goes with its interrupt: the number's next owner is of none, and has a promise alone. */
static void left_pool(void)
{
	struct ferry_class class;
	uint32_t a, b;
	int rc;

	start(1, 3, 1, true);
	enter(0);
	a = make(FERRY_X86_MSIX, FERRY_SOURCE_STOPPED, only(0, 0), &rc);
	is_int(ferry_irq_share(m.f, a, 2), FERRY_OK, "a pool");
	discard(a);
	b = make(FERRY_X86_MSIX, FERRY_SOURCE_STOPPED, only(0, 0), &rc);
	is_int(b, a, "the same number again");
	is_int(ferry_irq_class(m.f, b, &class), FERRY_OK, "its class");
	is_int(class.pool, 0, "a new one is of no pool");
	(void)managed(only(0, 0), 2);
	is_int(ferry_irq_manage(m.f, b, (uint64_t[WORDS]){ 1 }), FERRY_OK, "it is managed");
	m.irq[b] = (struct one){ .class = MANAGED, .mask = { true }, .cpu = FERRY_NONE };
	m.promised[0]++;
	m.members[0][0]++;
	check_counts();
	finish();
}

/* ---- what can't have promises ------------------------------------------------------------- */

static void refused(void)
{
	static const struct {
		uint32_t kind, flags;
		const char *name;
	} kinds[] = {
		{ FERRY_X86_MSI, 0, "MSI without a mask" },
		{ FERRY_X86_IOAPIC_EDGE, 0, "an edge pin" },
		{ FERRY_X86_IOAPIC_LEVEL, 0, "a level pin" },
		{ FERRY_X86_MSIX, FERRY_SOURCE_SEVERAL, "several CPUs" },
	};

	start(2, 4, 1, true);
	enter(0);
	enter(1);
	for (uint32_t n = 0; n < 4; n++) {
		uint64_t both[WORDS] = { 3 };
		int rc;
		uint32_t irq =
			make(kinds[n].kind, kinds[n].flags | FERRY_SOURCE_STOPPED, only(0, 1), &rc);

		m.irq[irq].class = STOPPED;
		is_int(ferry_irq_manage(m.f, irq, both), FERRY_E_INVALID, "refused: %s",
		       kinds[n].name);
		is_int(ferry_irq_share(m.f, irq, POOLS + 1), FERRY_E_INVALID, "no such pool");
		check_counts();
	}
}

int main(int argc, char **argv)
{
	uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	uint32_t rounds = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 0) : 3;

	for (uint32_t n = 0; n < rounds; n++)
		for (int rooms = 0; rooms < 2; rooms++) {
			random_run(1, 3, seed + n, 2000, rooms);
			random_run(4, 6, seed + n, 4000, rooms);
			random_run(33, 5, seed + n, 4000, rooms);
			random_run(300, 4, seed + n, 2000, rooms);
		}
	guarantee(false);
	guarantee(true);
	roll_back();
	away();
	pools();
	left_pool();
	refused();
	return tap_done();
}
