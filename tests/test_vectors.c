// SPDX-License-Identifier: MIT
/*
 * The vector allocator through the public API, against a reference too naive to be
 * wrong: a table of who owns what. One thread, and a host where everything is
 * synchronous; doorbells are run at once, or kept back and run in any order.
 *
 *     test_vectors [seed [rounds]]
 */
#include <irqferry/host.h>
#include <irqferry/x86.h>
#include <string.h>
#include "tests/one_thread.h"
#include "tests/still_host.h"
#include "tests/tap.h"

#define CPUS 600u /* two tops of the search */
#define IRQS 4096u
#define DOORBELL 0x30u

/* ---- the host --------------------------------------------------------------- */

struct host {
	bool rung[CPUS];
	uint32_t regs[IRQS][8]; /* one MSI-X entry per device */
	uint32_t cpu;           /* "this CPU", or FERRY_NONE */
};

static struct host host;

void ferry_host_eoi(void *ctx, uint32_t cpu)
{
	(void)ctx;
	if (cpu != host.cpu)
		bail("EOI on CPU %u, running on %u", cpu, host.cpu);
}

bool ferry_host_irr(void *ctx, uint32_t cpu, uint8_t vector)
{
	(void)ctx;
	(void)vector;
	if (cpu != host.cpu)
		bail("IRR of CPU %u read on CPU %u", cpu, host.cpu);
	return false;
}

void ferry_host_ipi(void *ctx, uint32_t cpu, uint8_t vector)
{
	(void)ctx;
	if (cpu >= CPUS || vector != DOORBELL)
		bail("IPI 0x%x to CPU %u", vector, cpu);
	host.rung[cpu] = true;
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
	(void)index;
	return host.regs[device][reg];
}

void ferry_host_write(void *ctx, uint32_t device, uint32_t index, enum ferry_reg reg,
		      uint32_t value)
{
	(void)ctx;
	(void)index;
	host.regs[device][reg] = value;
}

/* ---- the reference ------------------------------------------------------------ */

/* owner[c][v]: the interrupt + 1 that has the slot; cpu, vector: where each lives. */
struct model {
	struct ferry *f;
	uint32_t cpus, irqs, usable, flags;
	bool shared, late; /* late: doorbells are kept back */
	bool allowed[256]; /* vectors that may be given out */
	bool online[CPUS];
	uint32_t apic_id[CPUS];
	uint32_t owner[CPUS][256];
	uint32_t used[CPUS];
	uint32_t cpu[IRQS], vector[IRQS];
	uint32_t old_cpu[IRQS], old_vector[IRQS];  /* FERRY_NONE: settled */
	bool live[IRQS], dying[IRQS], taken[IRQS]; /* taken: by device */
	uint32_t device[IRQS];
	uint32_t lives;
	uint64_t random, seed;
	void *memory;
};

static struct model m;
static uint64_t checks;

/* Thousands of these: only a failure is printed. */
#define must(good, ...) \
	do { \
		checks++; \
		if (!(good)) { \
			diag("seed %lu, %u CPUs%s%s", (unsigned long)m.seed, m.cpus, \
			     m.shared ? ", shared" : "", m.late ? ", late doorbells" : ""); \
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

static bool in_mask(const uint64_t *mask, uint32_t c)
{
	return !mask || (mask[c / 64] >> (c % 64) & 1);
}

static bool reachable(uint32_t c)
{
	return m.apic_id[c] < (m.flags & FERRY_X86_EXT_DEST ? 0x7fffu : 0xffu);
}

static bool taken_anywhere(uint32_t v)
{
	for (uint32_t c = 0; c < m.cpus; c++)
		if (m.owner[c][v])
			return true;
	return false;
}

/* In the shared namespace a vector that anyone has is free nowhere. */
static uint32_t room(uint32_t c)
{
	uint32_t n = 0;

	if (!m.shared)
		return m.usable - m.used[c];
	for (uint32_t v = 0; v < 256; v++)
		n += m.allowed[v] && !taken_anywhere(v);
	return n;
}

/* What the library must answer to "a vector in this mask", and the most room any
 * allowed CPU has. */
static int expect(const uint64_t *mask, uint32_t *most)
{
	int answer = FERRY_E_NO_CPU;

	*most = 0;
	for (uint32_t c = 0; c < m.cpus; c++) {
		if (!m.online[c] || !in_mask(mask, c))
			continue;
		if (answer == FERRY_E_NO_CPU)
			answer = FERRY_E_UNREACHABLE;
		if (!reachable(c))
			continue;
		if (answer != FERRY_OK)
			answer = room(c) ? FERRY_OK : FERRY_E_NO_SPACE;
		if (room(c) > *most)
			*most = room(c);
	}
	return answer;
}

static void take(uint32_t irq, uint32_t c, uint32_t v)
{
	must(c < m.cpus && v < 256 && m.allowed[v], "irq %u got vector 0x%x on CPU %u", irq, v, c);
	must(!m.owner[c][v], "irq %u got vector 0x%x on CPU %u, which %u owns", irq, v, c,
	     m.owner[c][v] - 1);
	for (uint32_t i = 0; m.shared && i < m.cpus; i++)
		must(!m.owner[i][v] || m.owner[i][v] == irq + 1,
		     "vector 0x%x means %u on CPU %u and %u on CPU %u", v, irq, c,
		     m.owner[i][v] - 1, i);
	m.owner[c][v] = irq + 1;
	m.used[c]++;
}

static void give(uint32_t irq, uint32_t c, uint32_t v)
{
	must(m.owner[c][v] == irq + 1, "irq %u gave back what it did not own", irq);
	m.owner[c][v] = 0;
	m.used[c]--;
}

/* ---- looking at the library ------------------------------------------------------ */

static struct ferry_affinity place(uint32_t irq)
{
	struct ferry_affinity a;
	int status = ferry_irq_affinity(m.f, irq, &a, NULL, NULL, NULL);

	must(status == FERRY_OK, "affinity of %u: %d", irq, status);
	return a;
}

/* The device names the place that the library says it does. */
static void check_message(uint32_t irq)
{
	uint32_t address = host.regs[m.device[irq]][FERRY_REG_MSI_ADDR];
	uint32_t id = (address >> 12 & 0xff) | (address >> 5 & 0x7f) << 8;

	must(address >> 20 == 0xfee && id == m.apic_id[m.cpu[irq]],
	     "irq %u: address 0x%x for APIC id %u", irq, address, m.apic_id[m.cpu[irq]]);
	must((host.regs[m.device[irq]][FERRY_REG_MSI_DATA] & 0xff) == m.vector[irq],
	     "irq %u: data 0x%x for vector 0x%x", irq, host.regs[m.device[irq]][FERRY_REG_MSI_DATA],
	     m.vector[irq]);
}

static void check_cpu(uint32_t c)
{
	uint32_t used, unused, irq;

	ferry_x86_vectors(m.f, c, &used, &unused);
	must(used == m.used[c] && unused == room(c),
	     "CPU %u: %u used and %u free, should be %u and %u", c, used, unused, m.used[c],
	     room(c));
	for (uint32_t v = 0; v < 256; v++) {
		bool owned = ferry_x86_owner(m.f, c, (uint8_t)v, &irq);

		/* The table of the shared namespace is everybody's. */
		if (m.shared && !m.owner[c][v])
			continue;
		must(owned == (m.owner[c][v] != 0), "vector 0x%x of CPU %u: owned %d, should be %d",
		     v, c, owned, m.owner[c][v] != 0);
		must(!owned || irq == m.owner[c][v] - 1, "vector 0x%x of CPU %u: %u, should be %u",
		     v, c, irq, m.owner[c][v] - 1);
	}
}

static void check_all(void)
{
	for (uint32_t c = 0; c < m.cpus; c++)
		check_cpu(c);
	for (uint32_t irq = 0; irq < m.irqs; irq++)
		if (m.live[irq] && !m.dying[irq])
			check_message(irq);
}

/* ---- doorbells ---------------------------------------------------------------------- */

/* After CPU c looked at its work nothing that was left behind there is left. */
static void run_doorbell(uint32_t c)
{
	if (!host.rung[c])
		return;
	host.rung[c] = false;
	host.cpu = c;
	ferry_x86_doorbell(m.f, c);
	host.cpu = FERRY_NONE;
	for (uint32_t irq = 0; irq < m.irqs; irq++) {
		if (m.old_cpu[irq] != c)
			continue;
		if (!m.shared || m.old_vector[irq] != m.vector[irq] || m.dying[irq] ||
		    m.old_cpu[irq] != m.cpu[irq])
			give(irq, c, m.old_vector[irq]);
		m.old_cpu[irq] = FERRY_NONE;
	}
}

static void run_doorbells(void)
{
	for (uint32_t c = 0; c < m.cpus; c++)
		run_doorbell(c);
}

static void maybe_doorbells(void)
{
	if (!m.late)
		run_doorbells();
	else if (below(4) == 0)
		run_doorbell(below(m.cpus));
}

/* ---- operations ------------------------------------------------------------------------ */

static const uint64_t *random_mask(uint64_t *mask)
{
	memset(mask, 0, CPUS / 8 + 8);
	switch (below(5)) {
	case 0:
		return NULL;
	case 1:
		mask[0] = 1; /* refill below */
		for (uint32_t c = 0; c < m.cpus; c++)
			if (below(2))
				mask[c / 64] |= 1ull << (c % 64);
		return mask;
	default:
		for (uint32_t n = 1 + below(3); n > 0; n--) {
			uint32_t c = below(m.cpus);

			mask[c / 64] |= 1ull << (c % 64);
		}
		return mask;
	}
}

/* Counts of the shared namespace name CPUs' own bits; there the emptiest is a
 * matter of taste, any CPU of the mask will do. */
static void check_choice(uint32_t irq, const uint64_t *mask, uint32_t most, uint32_t c)
{
	must(m.online[c] && in_mask(mask, c) && reachable(c), "irq %u was put on CPU %u", irq, c);
	must(m.shared || room(c) == most, "irq %u: CPU %u has %u free, another %u", irq, c, room(c),
	     most);
}

static void settle_in(uint32_t irq, const uint64_t *mask, uint32_t most)
{
	struct ferry_affinity a = place(irq);

	check_choice(irq, mask, most, a.first_cpu);
	take(irq, a.first_cpu, a.vector);
	m.cpu[irq] = a.first_cpu;
	m.vector[irq] = a.vector;
}

/* Creation with a mask; FERRY_NONE if that was rightly refused. */
static uint32_t create(const uint64_t *mask)
{
	uint32_t device;
	struct ferry_source source = { .kind = FERRY_X86_MSIX };
	uint32_t most, irq = FERRY_NONE;
	int want = expect(mask, &most);
	int got;

	if (m.lives == m.irqs && want == FERRY_OK)
		want = FERRY_E_NO_IRQ;
	/* A device of its own: any that no interrupt has now. */
	for (device = 0; device < m.irqs && m.taken[device]; device++)
		;
	source.device = device < m.irqs ? device : 0;
	got = ferry_x86_create(m.f, &source, mask, 1, &irq);
	if (want == FERRY_OK)
		must(got == 1, "create: %d, should be possible", got);
	else if (m.lives < m.irqs)
		must(got == want, "create: %d, should be %d", got, want);
	else
		must(got < 0, "create: %d with all numbers taken", got);
	if (got != 1)
		return FERRY_NONE;
	must(irq < m.irqs && !m.live[irq], "create gave the number %u again", irq);
	m.live[irq] = true;
	m.device[irq] = source.device;
	m.taken[source.device] = true;
	m.lives++;
	settle_in(irq, mask, most);
	check_message(irq);
	return irq;
}

static bool settled(uint32_t irq)
{
	return m.old_cpu[irq] == FERRY_NONE;
}

static void move(uint32_t irq, const uint64_t *mask)
{
	uint32_t was = m.cpu[irq], most, ticket = 0;
	bool inside = m.online[was] && in_mask(mask, was);
	int want = inside ? FERRY_OK : expect(mask, &most);
	int got = ferry_irq_set_affinity(m.f, irq, mask, FERRY_NONE, &ticket);

	/* In the shared namespace it keeps its vector: there is always room. */
	if (m.shared && want == FERRY_E_NO_SPACE)
		want = FERRY_OK;
	must(got == want, "set_affinity of %u: %d, should be %d", irq, got, want);
	if (got != FERRY_OK || inside) {
		must(place(irq).first_cpu == was && place(irq).vector == m.vector[irq],
		     "irq %u moved without need", irq);
		return;
	}
	m.old_cpu[irq] = was;
	m.old_vector[irq] = m.vector[irq];
	settle_in(irq, mask, most);
	check_message(irq);
}

static void prefer(uint32_t irq, uint32_t c)
{
	uint32_t was = m.cpu[irq];
	bool good = m.online[c] && reachable(c) && (m.shared || room(c));
	int got;

	if (c == was || !good)
		return;
	got = ferry_irq_set_affinity(m.f, irq, NULL, c, NULL);
	must(got == FERRY_OK, "set_affinity of %u, CPU %u preferred: %d", irq, c, got);
	must(place(irq).first_cpu == c, "irq %u went to CPU %u, %u was preferred", irq,
	     place(irq).first_cpu, c);
	m.old_cpu[irq] = was;
	m.old_vector[irq] = m.vector[irq];
	take(irq, c, place(irq).vector);
	m.cpu[irq] = c;
	m.vector[irq] = place(irq).vector;
	check_message(irq);
}

static void destroy(uint32_t irq)
{
	int got = ferry_irq_free(m.f, irq, FERRY_FREE_QUIET, NULL);

	/* Moving still: its old place first, then this one. */
	for (int turns = 0; got == FERRY_E_AGAIN && turns < 4; turns++) {
		run_doorbells();
		if (!m.dying[irq]) {
			m.old_cpu[irq] = m.cpu[irq];
			m.old_vector[irq] = m.vector[irq];
			m.dying[irq] = true;
		}
		got = ferry_irq_free(m.f, irq, FERRY_FREE_QUIET, NULL);
		/* What free just posted, or the doorbells above have run already. */
	}
	must(got == FERRY_OK, "free of %u: %d", irq, got);
	if (m.owner[m.cpu[irq]][m.vector[irq]] == irq + 1)
		give(irq, m.cpu[irq], m.vector[irq]);
	m.old_cpu[irq] = FERRY_NONE;
	m.live[irq] = false;
	m.taken[m.device[irq]] = false;
	m.dying[irq] = false;
	m.lives--;
	must(host.regs[m.device[irq]][FERRY_REG_MSI_MASK] & 1, "irq %u is free and not masked",
	     irq);
}

/* Any interrupt that lives; there is one. */
static uint32_t some_live(void)
{
	uint32_t irq = below(m.irqs);

	while (!m.live[irq])
		irq = (irq + 1) % m.irqs;
	return irq;
}

/* ---- one machine ---------------------------------------------------------------------------- */

struct shape {
	const char *name;
	uint32_t cpus, irqs, flags;
	uint8_t first, last;
	bool sparse; /* APIC ids with gaps, some beyond what a message can name */
	bool reserve;
};

/* The quick search, or each CPU asked. */
static const struct ferry_x86_rooms *rooms;

static void start(const struct shape *s, uint64_t seed, bool late)
{
	uint32_t reserved[8] = { 0 };
	struct ferry_x86_config config = {
		.core = { .cpus = s->cpus, .irqs = s->irqs, .masks = s->irqs + 8 },
		.flags = s->flags | FERRY_X86_FENCE_REACHES_IRR,
		.apic_ids = m.apic_id,
		.first_vector = s->first,
		.last_vector = s->last,
		.reserved = reserved,
		.doorbell_vector = DOORBELL,
		.rooms = rooms,
	};
	size_t size;

	memset(&m, 0, sizeof(m));
	memset(&host, 0, sizeof(host));
	host.cpu = FERRY_NONE;
	m.cpus = s->cpus;
	m.irqs = s->irqs;
	m.flags = s->flags;
	m.shared = s->flags & FERRY_X86_SHARED;
	m.late = late;
	m.seed = m.random = seed;
	for (uint32_t i = 0; i < IRQS; i++)
		m.old_cpu[i] = FERRY_NONE;
	for (uint32_t c = 0; c < s->cpus; c++)
		m.apic_id[c] = !s->sparse ? c : c % 5 == 4 ? 0x100 + c * 7 : c;
	for (uint32_t v = s->first; v <= s->last; v++) {
		m.allowed[v] = !s->reserve || below(8);
		m.usable += m.allowed[v];
		reserved[v / 32] |= (uint32_t)!m.allowed[v] << (v % 32);
	}
	size = ferry_x86_size(&config);
	m.memory = aligned_alloc(64, (size + 63) / 64 * 64);
	if (!size || !m.memory)
		bail("no machine of %zu bytes", size);
	memset(m.memory, 0x5a, size);
	must(ferry_x86_init(&config, m.memory, size, &m.f) == FERRY_OK, "the machine starts");
}

static void bring_up(uint32_t c)
{
	host.cpu = c;
	must(ferry_cpu_enter(m.f, c) == FERRY_OK, "CPU %u enters", c);
	host.cpu = FERRY_NONE;
	m.online[c] = true;
}

static void stop(void)
{
	for (uint32_t irq = 0; irq < m.irqs; irq++)
		if (m.live[irq])
			destroy(irq);
	run_doorbells();
	check_all();
	for (uint32_t c = 0; c < m.cpus; c++)
		must(!m.used[c], "CPU %u: %u vectors leaked", c, m.used[c]);
	free(m.memory);
}

static void random_step(void)
{
	uint64_t storage[CPUS / 64 + 2];
	const uint64_t *mask = random_mask(storage);
	uint32_t which = below(10), irq = below(m.irqs), c = below(m.cpus);

	if (which < 4) {
		create(mask);
	} else if (!m.live[irq]) {
		if (!m.online[c])
			bring_up(c);
	} else if (!settled(irq)) {
		run_doorbell(m.old_cpu[irq]);
	} else if (which < 7) {
		move(irq, mask);
	} else if (which < 8) {
		prefer(irq, c);
	} else {
		destroy(irq);
	}
	maybe_doorbells();
}

static void random_run(const struct shape *s, uint64_t seed, uint32_t steps, bool late)
{
	uint64_t before = checks;

	start(s, seed, late);
	bring_up(below(m.cpus));
	for (uint32_t n = 0; n < steps; n++) {
		random_step();
		if (n % 64 == 0)
			check_all();
	}
	check_all();
	stop();
	ok(true, "%s, %u CPUs%s, %s doorbells: %u steps, %lu checks, seed %lu", s->name, s->cpus,
	   rooms ? ", quick search" : "", late ? "late" : "prompt", steps,
	   (unsigned long)(checks - before), (unsigned long)seed);
}

/* ---- filling up ------------------------------------------------------------------------------ */

/* While all have room no class of 16 is two ahead of another. */
static void check_spread(uint32_t c)
{
	uint32_t have[16] = { 0 }, size[16] = { 0 };

	for (uint32_t v = 0; v < 256; v++) {
		size[v / 16] += m.allowed[v];
		have[v / 16] += m.owner[c][v] != 0;
	}
	for (uint32_t a = 0; a < 16; a++)
		for (uint32_t b = 0; b < 16; b++)
			must(have[b] == size[b] || have[a] <= have[b] + 1,
			     "class %u of CPU %u has %u, class %u only %u of %u", a, c, have[a], b,
			     have[b], size[b]);
}

/* Every vector of one CPU, the last one too; then one back, and out again. */
static void fill_one(const struct shape *s, uint64_t seed)
{
	uint64_t mask[CPUS / 64 + 2] = { 0 };
	uint32_t c, irq;

	start(s, seed, false);
	c = below(m.cpus);
	while (!reachable(c))
		c = below(m.cpus);
	mask[c / 64] = 1ull << (c % 64);
	must(create(mask) == FERRY_NONE, "no CPU is online yet");
	for (uint32_t i = 0; i < m.cpus; i++)
		bring_up(i);
	for (uint32_t n = 0; n < m.usable && n < m.irqs; n++) {
		must(create(mask) != FERRY_NONE, "vector %u of %u", n, m.usable);
		check_spread(c);
	}
	must(create(mask) == FERRY_NONE, "one more than there are");
	for (uint32_t n = 0; n < 2 * m.usable; n++) {
		irq = some_live();
		destroy(irq);
		run_doorbells();
		must(create(mask) != FERRY_NONE, "the last free vector can be had");
		must(create(mask) == FERRY_NONE, "and nothing else");
	}
	check_all();
	stop();
	ok(true, "%s, %u CPUs: one filled to the last vector, seed %lu", s->name, s->cpus,
	   (unsigned long)seed);
}

/* Every vector of every CPU; then each can still move to one that gets room. */
static void fill_all(const struct shape *s, uint64_t seed)
{
	uint32_t total = 0;

	start(s, seed, false);
	for (uint32_t i = 0; i < m.cpus; i++) {
		bring_up(i);
		total += reachable(i) ? m.usable : 0;
	}
	for (uint32_t n = 0; n < total; n++)
		must(create(NULL) != FERRY_NONE, "vector %u of %u", n, total);
	must(create(NULL) == FERRY_NONE, "one more than there are");
	for (uint32_t n = 0; n < 200; n++) {
		uint32_t gone = some_live(), other = some_live();
		uint32_t c = m.cpu[gone];

		destroy(gone);
		run_doorbells();
		if (other != gone && m.cpu[other] != c)
			prefer(other, c);
		run_doorbells();
		must(create(NULL) != FERRY_NONE, "the one free vector is found");
	}
	check_all();
	stop();
	ok(true, "%s, %u CPUs: all %u vectors, seed %lu", s->name, s->cpus, total,
	   (unsigned long)seed);
}

/* ---- the list ------------------------------------------------------------------------ */

static const struct shape shapes[] = {
	{ "one CPU", 1, 300, 0, 0x31, 0xef, false, true },
	{ "three CPUs, few vectors", 3, 64, 0, 0x40, 0x4f, false, false },
	{ "eight CPUs", 8, 600, 0, 0x40, 0x7f, false, true },
	{ "a word of CPUs", 64, 1024, 0, 0x40, 0x4f, false, true },
	{ "one more than a word", 65, 1024, 0, 0x40, 0x4f, false, false },
	{ "many CPUs", 200, 4096, 0, 0x40, 0x4f, false, true },
	{ "many more", 600, 4096, 0, 0x40, 0x45, false, false },
	{ "sparse ids", 65, 1024, 0, 0x40, 0x4f, true, true },
	{ "sparse ids, extended", 65, 1500, FERRY_X86_EXT_DEST, 0x40, 0x4f, true, true },
	{ "shared namespace", 8, 300, FERRY_X86_SHARED, 0x31, 0xef, false, true },
	{ "shared, few", 65, 64, FERRY_X86_SHARED, 0x40, 0x5f, false, false },
};

/* ---- configurations that there can't be ------------------------------------------ */

static const uint32_t ids[9] = { 0, 1, 2, 3, 4, 5, 6, 7, 8 };
static const struct ferry_x86_config good = {
	.core = { .cpus = 9, .irqs = 16 },
	.several = &ferry_x86_several,
	.apic_ids = ids,
	.first_vector = 0x40,
	.last_vector = 0x4f,
	.doorbell_vector = DOORBELL,
};

#define REFUSED(change) \
	do { \
		struct ferry_x86_config c = good; \
		struct ferry *f = NULL; \
		change; \
		ok(!ferry_x86_size(&c) && \
			   ferry_x86_init(&c, memory, sizeof(memory), &f) == FERRY_E_INVALID && \
			   !f, \
		   "refused: %s", #change); \
	} while (0)

static void refused(void)
{
	static uint64_t memory[8192];
	size_t size = ferry_x86_size(&good);
	struct ferry *f = NULL;

	REFUSED(c.core.cpus = 0);
	REFUSED(c.core.cpus = FERRY_CPUS_MAX + 1);
	REFUSED(c.core.irqs = 0);
	REFUSED(c.core.irqs = FERRY_IRQS_MAX + 1);
	REFUSED(c.core.masks = 65536);
	REFUSED(c.apic_ids = NULL);
	REFUSED(c.flags = 0x80);
	REFUSED(c.flags = FERRY_X86_LOGICAL_CLUSTER);
	REFUSED(c.logical_ids = ids);
	REFUSED(c.flags = FERRY_X86_LOGICAL_FLAT; c.logical_ids = ids); /* of 8 CPUs at most */
	REFUSED(c.core.cpus = 8; c.logical_ids = ids;
		c.flags = FERRY_X86_LOGICAL_FLAT | FERRY_X86_LOGICAL_CLUSTER);
	REFUSED(c.core.cpus = 8; c.logical_ids = ids; c.flags = FERRY_X86_LOGICAL_FLAT;
		c.several = NULL);
	REFUSED(c.first_vector = 0x50);
	REFUSED(c.doorbell_vector = 0x40);
	REFUSED(c.doorbell_vector = 0xf);
	ok(size && size <= sizeof(memory), "the same without a change has a size");
	is_int(ferry_x86_init(&good, NULL, size, &f), FERRY_E_INVALID, "no memory");
	is_int(ferry_x86_init(&good, (char *)memory + 4, size, &f), FERRY_E_INVALID, "not aligned");
	is_int(ferry_x86_init(&good, memory, size - 1, &f), FERRY_E_MEMORY, "a byte too little");
	is_int(ferry_x86_init(&good, memory, size, &f), FERRY_OK, "enough");
}

int main(int argc, char **argv)
{
	uint64_t seed = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	uint32_t rounds = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 0) : 2;

	for (uint32_t i = 0; i < 2 * sizeof(shapes) / sizeof(shapes[0]); i++) {
		const struct shape *s = &shapes[i / 2];

		rooms = i % 2 ? &ferry_x86_rooms : NULL;
		for (uint32_t n = 0; n < rounds; n++) {
			random_run(s, seed + n, 3000, false);
			random_run(s, seed + n, 3000, true);
		}
		fill_one(s, seed);
		if (!(s->flags & FERRY_X86_SHARED) &&
		    s->irqs >= s->cpus * (s->last - s->first + 1u))
			fill_all(s, seed);
	}
	refused();
	return tap_done();
}
