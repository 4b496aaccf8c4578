// SPDX-License-Identifier: MIT
/*
 * Policies and rebalancing, through the public API: one thread, a host where everything
 * is synchronous, and doorbells that can be kept back, so that moves stay under way.
 *
 *     test_balance [seed]
 */
#include <irqferry/balance.h>
#include <irqferry/x86.h>
#include <string.h>
#include "tests/tap.h"
/* Looks at cells are counted. */
#define ferry_host_load plain_load
#include "tests/one_thread.h"
#undef ferry_host_load
#include "tests/still_host.h"

#define CPUS 200u
#define IRQS 4000u
#define DOORBELL 0x30u

static struct {
	bool rung[CPUS], late; /* late: doorbells are kept back */
	uint32_t regs[IRQS][8];
	uint64_t looks, random, now;
} host;

/* ---- the host ------------------------------------------------------------------- */

uint32_t ferry_host_load(void *ctx, const ferry_atomic *cell)
{
	host.looks++;
	return plain_load(ctx, cell);
}

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
	host.rung[cpu] = true;
}

uint64_t ferry_host_now(void *ctx)
{
	(void)ctx;
	return host.now;
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
	return host.regs[index][reg];
}

void ferry_host_write(void *ctx, uint32_t device, uint32_t index, enum ferry_reg reg,
		      uint32_t value)
{
	(void)ctx;
	(void)device;
	host.regs[index][reg] = value;
}

/* ---- a machine -------------------------------------------------------------------- */

static struct {
	struct ferry *f;
	void *memory;
	uint32_t cpus, irqs;
	bool online[CPUS];
	struct ferry_policy policy;
	struct ferry_round_robin turns;
	struct ferry_by_load loads;
	ferry_atomic cells[CPUS], load[IRQS];
	uint32_t home[IRQS]; /* where they were when `remember` was called */
} m;

static uint32_t below(uint32_t n)
{
	uint64_t z = (host.random += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return (uint32_t)((z ^ (z >> 31)) >> 33) % n;
}

static void run_doorbells(void)
{
	for (uint32_t c = 0; c < m.cpus; c++)
		if (host.rung[c]) {
			host.rung[c] = false;
			ferry_x86_doorbell(m.f, c);
		}
}

static void start_with(uint32_t cpus, uint32_t irqs, uint32_t flags)
{
	uint32_t ids[CPUS], logical[CPUS];
	struct ferry_x86_config c = {
		.core = { .cpus = cpus, .irqs = irqs, .masks = 64, .drain_ns = 1 },
		.flags = flags,
		.several = &ferry_x86_several,
		.rooms = &ferry_x86_rooms,
		.apic_ids = ids,
		.first_vector = 0x31,
		.last_vector = 0xef,
		.doorbell_vector = DOORBELL,
	};
	size_t size;

	if (cpus <= 8)
		c.flags |= FERRY_X86_LOGICAL_FLAT;
	for (uint32_t i = 0; i < cpus; i++) {
		ids[i] = i;
		logical[i] = 1u << (i & 7);
	}
	if (cpus <= 8)
		c.logical_ids = logical;
	size = ferry_x86_size(&c);
	free(m.memory);
	memset(&m, 0, sizeof(m));
	memset(host.rung, 0, sizeof(host.rung));
	host.late = false;
	m.memory = malloc(size);
	m.cpus = cpus;
	if (ferry_x86_init(&c, m.memory, size, &m.f) != FERRY_OK)
		bail("init");
}

static void start(uint32_t cpus, uint32_t irqs)
{
	start_with(cpus, irqs, FERRY_X86_FENCE_REACHES_IRR);
}

static void enter(uint32_t cpu)
{
	if (ferry_cpu_enter(m.f, cpu) != FERRY_OK)
		bail("enter %u", cpu);
	m.online[cpu] = true;
}

static void leave(uint32_t cpu)
{
	uint32_t left;

	if (ferry_cpu_leave(m.f, cpu) != FERRY_OK)
		bail("leave %u", cpu);
	do {
		run_doorbells();
		if (ferry_cpu_leave_step(m.f, cpu, &left, NULL) < 0 && !left)
			bail("step %u", cpu);
	} while (left);
	run_doorbells();
	if (ferry_cpu_commit(m.f, cpu) != FERRY_OK)
		bail("commit %u", cpu);
	m.online[cpu] = false;
}

static uint32_t create(const uint64_t *mask, uint8_t flags, bool enabled)
{
	struct ferry_source s = { .kind = FERRY_X86_MSIX, .flags = flags, .index = m.irqs };
	uint32_t irq;

	if (ferry_x86_create(m.f, &s, mask, 1, &irq) != 1)
		bail("create %u", m.irqs);
	if (enabled && ferry_irq_enable(m.f, irq) != FERRY_OK)
		bail("enable %u", irq);
	m.irqs = irq + 1 > m.irqs ? irq + 1 : m.irqs;
	return irq;
}

static void create_all(uint32_t n, const uint64_t *mask)
{
	while (m.irqs < n)
		create(mask, FERRY_SOURCE_ORDERED, true);
}

static struct ferry_affinity look(uint32_t irq)
{
	struct ferry_affinity a;

	if (ferry_irq_affinity(m.f, irq, &a, NULL, NULL, NULL) != FERRY_OK)
		bail("affinity of %u", irq);
	return a;
}

static uint32_t home(uint32_t irq)
{
	return look(irq).first_cpu;
}

static void remember(void)
{
	for (uint32_t i = 0; i < m.irqs; i++)
		m.home[i] = home(i);
}

static uint32_t moved_since(void)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < m.irqs; i++)
		n += m.home[i] != home(i);
	return n;
}

static void use_round_robin(void)
{
	m.turns = (struct ferry_round_robin){ .last = m.cells };
	ferry_round_robin(&m.policy, &m.turns);
	ferry_balance_set(m.f, &m.policy);
}

static void use_load(uint32_t slack)
{
	m.loads = (struct ferry_by_load){ .load = m.load, .sums = m.cells, .slack = slack };
	ferry_by_load(&m.policy, &m.loads);
	ferry_balance_set(m.f, &m.policy);
}

/* A whole pass; how many moves. */
static uint32_t pass(uint32_t budget)
{
	uint32_t cursor = 0, moved = 0, calls = 0;

	while (ferry_balance(m.f, &cursor, budget, &moved)) {
		if (!host.late)
			run_doorbells();
		if (++calls > m.irqs)
			bail("a pass that does not end");
	}
	if (!host.late)
		run_doorbells();
	return moved;
}

/* By how much the counts of the CPUs online that are in `mask` differ. */
static uint32_t spread(const uint64_t *mask)
{
	uint32_t count[CPUS] = { 0 }, most = 0, least = UINT32_MAX;

	for (uint32_t i = 0; i < m.irqs; i++)
		if (look(i).state != FERRY_FREE)
			count[home(i)]++;
	for (uint32_t c = 0; c < m.cpus; c++) {
		if (!m.online[c] && count[c])
			bail("an interrupt on CPU %u, which is offline", c);
		if (!m.online[c] || (mask && !(mask[c / 64] >> (c % 64) & 1)))
			continue;
		most = count[c] > most ? count[c] : most;
		least = count[c] < least ? count[c] : least;
	}
	return most - least;
}

/* ---- round robin ------------------------------------------------------------------- */

/* Any size, any CPUs missing, any budget, and whatever was there before. */
static void even_with_full_masks(void)
{
	uint32_t bad = 0, wrong = 0, machines = 0, vectors = 0xef - 0x31 + 1;

	for (; machines < 400; machines++) {
		uint32_t cpus = 1 + below(machines % 4 ? 16 : CPUS), n;

		start(cpus, 600);
		enter(below(cpus));
		n = below(machines % 4 ? 150 : 600);
		create_all(n < vectors ? n : vectors, NULL);
		for (uint32_t c = 0; c < cpus; c++)
			if (!m.online[c] && below(3))
				enter(c);
		use_round_robin();
		remember();
		n = pass(1 + below(50));
		wrong += n != moved_since();
		bad += spread(NULL) > 1;
	}
	is_u64(bad, 0, "round robin: counts differ by at most 1 on each of %u machines", machines);
	is_u64(wrong, 0, "round robin: what is counted has moved");
}

static void even_when_cpus_come_and_go(void)
{
	uint32_t bad = 0, others = 0, broken = 0;

	start(24, 300);
	for (uint32_t c = 0; c < 24; c += 1 + (c % 5 == 1))
		enter(c);
	use_round_robin();
	create_all(300, NULL);
	is_u64(spread(NULL) <= 1, 1, "what is created takes turns");
	for (uint32_t k = 0; k < 200; k++) {
		uint32_t c = below(24), stay = 0;

		if (!m.online[c]) {
			enter(c);
			pass(64);
			bad += spread(NULL) > 1;
			continue;
		}
		for (uint32_t i = 0; i < 24; i++)
			stay += m.online[i];
		if (stay < 3)
			continue;
		remember();
		leave(c);
		for (uint32_t i = 0; i < m.irqs; i++) {
			others += m.home[i] != c && m.home[i] != home(i);
			broken += look(i).broken;
		}
		/* It had a count that differs by 1 at most from all, and hands it out
		 * in turn: once around more or less. */
		bad += stay > 2 && spread(NULL) > 3;
	}
	is_u64(bad, 0, "even after each CPU that came, nearly so after each that went");
	is_u64(others, 0, "down: nothing moves but what was there");
	is_u64(broken, 0, "down: nothing leaves its mask");
}

static void partial_masks(void)
{
	static const uint64_t low[4] = { 0xff }, high[4] = { 0xff00 }, over[4] = { 0x0ff0 };
	const uint64_t *masks[] = { low, high, over };
	uint64_t requested[4];
	uint32_t outside = 0, changed = 0;

	start(16, 240);
	for (uint32_t c = 0; c < 16; c++)
		if (c != 3 && c != 12)
			enter(c);
	for (uint32_t i = 0; i < 160; i++)
		create(i & 1 ? high : low, FERRY_SOURCE_ORDERED, true);
	use_round_robin();
	pass(7);
	ok(spread(low) <= 1 && spread(high) <= 1, "two masks that take turns: both even");
	for (uint32_t i = 160; i < 240; i++)
		create(over, FERRY_SOURCE_ORDERED, true);
	pass(100);
	for (uint32_t i = 0; i < 240; i++) {
		const uint64_t *mask = i < 160 ? masks[i & 1] : over;

		ferry_irq_affinity(m.f, i, &(struct ferry_affinity){ 0 }, requested, NULL, NULL);
		changed += requested[0] != mask[0] || look(i).asked;
		outside += !(mask[0] >> home(i) & 1) || !m.online[home(i)];
	}
	is_u64(changed, 0, "what was requested stays, and no ticket is given out");
	is_u64(outside, 0, "all inside what they requested and what is online");
}

/* ---- by load -------------------------------------------------------------------------- */

static uint32_t busiest(uint32_t *mean)
{
	uint32_t sum[CPUS] = { 0 }, most = 0, total = 0, n = 0;

	for (uint32_t i = 0; i < m.irqs; i++) {
		sum[home(i)] += m.load[i].value;
		total += m.load[i].value;
	}
	for (uint32_t c = 0; c < m.cpus; c++) {
		most = sum[c] > most ? sum[c] : most;
		n += m.online[c];
	}
	*mean = total / n;
	return most;
}

/* Few large ones, many small ones, some idle; all on two CPUs at first. */
static void skewed(uint32_t cpus, uint32_t irqs)
{
	start(cpus, irqs);
	enter(0);
	enter(1);
	create_all(irqs, NULL);
	for (uint32_t i = 0; i < irqs; i++)
		m.load[i].value = i % 4 == 3 ? 0 : below(8) ? 50 + below(100) : 500 + below(500);
}

static void by_load_evens_out(void)
{
	uint32_t bad = 0, idle = 0, mean, worst = 0, endless = 0, many = 0;

	for (uint32_t k = 0; k < 60; k++) {
		uint32_t cpus = 3 + below(20), passes = 0, first;

		skewed(cpus, 300);
		for (uint32_t c = 2; c < cpus; c++)
			if (c == 2 || below(4))
				enter(c);
		use_load(10);
		remember();
		first = pass(1 + below(99));
		while (pass(64))
			passes++;
		endless += passes > 4;
		/* No more moves than interrupts that do something. */
		many += first > 225;
		for (uint32_t i = 3; i < 300; i += 4)
			idle += m.home[i] != home(i);
		worst = busiest(&mean) * 100;
		worst /= mean ? mean : 1;
		/* The slack, and what is not worth a move. */
		bad += worst > 130;
	}
	is_u64(bad, 0, "by load: the busiest CPU has 30 %% more than the mean at most");
	is_u64(endless, 0, "by load: it comes to rest");
	is_u64(many, 0, "by load: one move each at most in a pass");
	is_u64(idle, 0, "by load: what does nothing stays");
}

static void by_load_when_cpus_come_and_go(void)
{
	uint32_t mean, most, n, others = 0;

	skewed(9, 360);
	for (uint32_t c = 2; c < 8; c++)
		enter(c);
	use_load(10);
	while (pass(64))
		;
	remember();
	n = pass(64);
	is_u64(n, 0, "by load: nothing moves where nothing is to be gained");
	enter(8);
	remember();
	n = pass(64);
	most = busiest(&mean);
	ok(most <= mean + mean / 5, "by load: a CPU comes: %u, mean %u", most, mean);
	/* 270 do something: 30 for each CPU. */
	ok(n > 0 && n < 60, "by load: a CPU comes: %u moves of 360", n);
	is_u64(moved_since(), n, "by load: what is counted has moved");
	remember();
	leave(4);
	for (uint32_t i = 0; i < m.irqs; i++)
		others += m.home[i] != 4 && m.home[i] != home(i);
	most = busiest(&mean);
	is_u64(others, 0, "by load: a CPU goes: nothing else moves");
	ok(most <= mean + mean / 4, "by load: a CPU goes: %u, mean %u", most, mean);
}

static void by_load_without_load(void)
{
	static const uint64_t some[1] = { 0x0f };
	uint32_t giant;

	start(8, 100);
	for (uint32_t c = 0; c < 8; c++)
		enter(c);
	use_load(10);
	create_all(80, NULL);
	ok(spread(NULL) <= 1, "by load: without loads, what is created is even by count");
	m.load[0].value = 1000000;
	giant = home(0);
	create_all(100, some);
	pass(64);
	is_u64(home(0), giant, "by load: one that is as large as all others stays");
	for (uint32_t i = 1; i < 100; i++)
		if (i >= 80 && home(i) >= 4)
			bail("outside its mask");
}

/* `n` interrupts of this load on one CPU. */
static void burden(uint32_t cpu, uint32_t n, uint32_t load)
{
	uint64_t one = 1ull << cpu, all = ~0ull;

	while (n--) {
		uint32_t irq = create(&one, FERRY_SOURCE_ORDERED, true);

		m.load[irq].value = load - 1; /* and 1 for its being there */
		if (ferry_irq_set_affinity(m.f, irq, &all, FERRY_NONE, NULL) != FERRY_OK)
			bail("all CPUs");
	}
}

static uint32_t pass_by_load(void)
{
	use_load(10);
	return pass(64);
}

static void by_load_counts_right(void)
{
	static const uint64_t two[1] = { 0x03 };
	uint32_t irq;

	start(8, 64);
	for (uint32_t c = 0; c < 4; c++)
		enter(c);
	burden(0, 10, 10);
	burden(1, 10, 10);
	burden(2, 10, 10);
	burden(3, 8, 10);
	is_u64(pass_by_load(), 0, "by load: within the slack above the mean of those online");
	burden(0, 2, 10);
	is_u64(pass_by_load(), 1, "by load: not any more");
	start(8, 64);
	for (uint32_t c = 0; c < 4; c++)
		enter(c);
	burden(0, 10, 10);
	burden(1, 10, 10);
	burden(2, 20, 10);
	burden(3, 20, 10);
	irq = create(two, FERRY_SOURCE_ORDERED | FERRY_SOURCE_SEVERAL, true);
	m.load[irq].value = 199;
	is_u64(pass_by_load(), 0, "by load: what is on two CPUs costs each a half");
	irq = create(NULL, FERRY_SOURCE_ORDERED, false);
	m.load[irq].value = 99;
	is_u64(pass_by_load(), 0, "by load: what is disabled costs nothing");
}

/* ---- what is a policy's, and what is not ------------------------------------------------ */

static struct {
	uint32_t begins, picks, last_irq, last_now, answer;
} scripted;

static void scripted_begin(struct ferry *f, void *arg)
{
	(void)f;
	(void)arg;
	scripted.begins++;
}

static uint32_t scripted_pick(struct ferry *f, void *arg, const struct ferry_candidates *among,
			      uint32_t irq, uint32_t now)
{
	(void)f;
	(void)arg;
	(void)among;
	scripted.picks++;
	scripted.last_irq = irq;
	scripted.last_now = now;
	return scripted.answer;
}

static void use_script(uint32_t answer)
{
	memset(&scripted, 0, sizeof(scripted));
	scripted.answer = answer;
	m.policy = (struct ferry_policy){ scripted_begin, scripted_pick, NULL };
	ferry_balance_set(m.f, &m.policy);
}

static void machine_of_8(void)
{
	start(8, 64);
	for (uint32_t c = 0; c < 8; c++)
		enter(c);
}

static void who_is_asked_about(void)
{
	static const uint64_t one[1] = { 0x04 }, some[1] = { 0x1e };

	machine_of_8();
	create(one, FERRY_SOURCE_ORDERED, true);
	create(some, FERRY_SOURCE_ORDERED | FERRY_SOURCE_SEVERAL, true);
	create(some, FERRY_SOURCE_ORDERED, true);
	use_script(4);
	is_u64(pass(1), 1, "one of three is the policy's");
	is_u64(scripted.picks, 1, "the policy is asked about no other");
	is_u64(scripted.last_irq, 2, "it is the one with a choice");
	is_u64(home(2), 4, "it went where the policy said");
	is_u64(home(0), 2, "the pinned one stays");
	is_u64(home(1), 1, "the one on several CPUs stays on all of them");
	is_u64(scripted.begins, 2, "begin: when set, and for the pass");
	is_u64(pass(8), 0, "it is there already");
	scripted.answer = 6;
	is_u64(pass(8), 0, "not what is outside the mask");
	scripted.answer = 1000;
	is_u64(pass(8), 0, "nor what is no CPU");
	leave(3);
	scripted.answer = 3;
	is_u64(pass(8), 0, "nor what is offline");
	scripted.answer = FERRY_NONE;
	is_u64(pass(8), 0, "no answer: it stays");
	is_u64(home(2), 4, "it stayed");
}

static void disabled_until_started(void)
{
	uint32_t irq, n;

	machine_of_8();
	irq = create(NULL, FERRY_SOURCE_ORDERED, false);
	use_script(5);
	is_u64(pass(8), 0, "disabled: skipped");
	is_u64(scripted.picks, 0, "disabled: the policy is not asked");
	(void)ferry_irq_mask(m.f, irq);
	(void)ferry_irq_unmask(m.f, irq);
	is_u64(scripted.picks, 0, "unmasked is not enabled");
	(void)ferry_irq_enable(m.f, irq);
	run_doorbells();
	ok(scripted.picks && home(irq) == 5, "enabled: it is placed by the policy");
	is_u64(scripted.last_now, FERRY_NONE, "as a new one");
	is_u64(look(irq).asked, 0, "without a ticket");
	n = scripted.picks;
	scripted.answer = 6;
	(void)ferry_irq_disable(m.f, irq);
	(void)ferry_irq_enable(m.f, irq);
	ok(scripted.picks == n && home(irq) == 5, "not again, where no pass was in between");
	(void)ferry_irq_disable(m.f, irq);
	pass(8);
	(void)ferry_irq_enable(m.f, irq);
	is_u64(home(irq), 6, "again, where a pass has skipped it");
	run_doorbells();
	(void)ferry_irq_disable(m.f, irq);
	use_script(3);
	(void)ferry_irq_enable(m.f, irq);
	is_u64(home(irq), 3, "and where it was disabled when the policy was set");
	run_doorbells();
}

static void on_and_off(void)
{
	uint32_t irq, n, cursor = 0, moved = 7;

	machine_of_8();
	irq = create(NULL, FERRY_SOURCE_ORDERED, true);
	ok(!ferry_balance(m.f, &cursor, 8, &moved) && moved == 7, "no policy: nothing");
	use_script(5);
	irq = create(NULL, FERRY_SOURCE_ORDERED, true);
	is_u64(home(irq), 5, "created: placed by the policy");
	if (ferry_irq_free(m.f, irq, 0, NULL) != FERRY_E_AGAIN)
		bail("free");
	run_doorbells();
	if (ferry_irq_free(m.f, irq, 0, NULL) != FERRY_OK)
		bail("free");
	scripted.answer = 2;
	is_u64(pass(8), 1, "only the other one");
	is_u64(scripted.last_irq, 0, "a free number is nobody's");
	irq = create(NULL, FERRY_SOURCE_ORDERED, true);
	is_u64(home(irq), 2, "a number that is used again: placed by the policy");
	ferry_balance_set(m.f, NULL);
	n = scripted.picks;
	create(NULL, FERRY_SOURCE_ORDERED, true);
	leave(2);
	enter(2);
	is_u64(pass(8), 0, "no policy any more: nothing");
	is_u64(scripted.picks, n, "nobody is asked");
}

static void nothing_online(void)
{
	uint32_t cursor = 0;

	start(8, 64);
	use_script(0);
	ok(!ferry_balance(m.f, &cursor, 8, NULL), "no CPU online: nothing");
	is_u64(cursor, 0, "no CPU online: nobody looked at");
	is_u64(scripted.begins, 1, "no CPU online: no pass");
	use_round_robin();
	use_load(10);
	ok(!ferry_balance(m.f, &cursor, 8, NULL), "no CPU online, by load: nothing");
	ferry_balance_set(m.f, NULL);
}

static void resumable(void)
{
	uint32_t cursor = 0, moved = 0, calls = 0;

	machine_of_8();
	create_all(20, NULL);
	use_script(7);
	while (ferry_balance(m.f, &cursor, 3, &moved)) {
		calls++;
		is_u64(scripted.picks, 3 * calls, "three more are asked about");
		is_u64(cursor, 3 * calls, "in the order of their numbers");
	}
	is_u64(calls, 6, "and once more: 20 in all");
	is_u64(scripted.begins, 2, "one pass");
	run_doorbells();
}

/* ---- moves under way ---------------------------------------------------------------------- */

static void move(uint32_t irq, uint64_t mask, uint32_t prefer, uint32_t *ticket)
{
	if (ferry_irq_set_affinity(m.f, irq, &mask, prefer, ticket) != FERRY_OK)
		bail("move %u", irq);
}

static bool ended(uint32_t irq, uint32_t ticket)
{
	return (int32_t)(look(irq).generation - ticket) >= 0;
}

static void moves_under_way(void)
{
	uint32_t a, b, c, ticket[3];

	machine_of_8();
	a = create(NULL, FERRY_SOURCE_ORDERED, true);
	b = create(NULL, FERRY_SOURCE_ORDERED, true);
	c = create(NULL, FERRY_SOURCE_ORDERED, true);
	for (uint32_t i = a; i <= c; i++)
		move(i, 1, FERRY_NONE, NULL);
	run_doorbells();
	host.late = true;
	move(a, 0xff, 1, &ticket[0]);
	move(b, 0xff, 1, NULL);
	move(b, 0x3c, FERRY_NONE, &ticket[1]);
	move(c, 0xff, 1, NULL);
	move(c, 0x3c, 3, &ticket[2]);
	ok(!look(a).queued && look(a).old_cpus && look(b).queued && look(c).queued,
	   "a is on the move, b and c have a request that waits");
	use_script(5);
	is_u64(pass(8), 2, "a and b are taken, not c");
	ok(look(a).queued && home(a) == 1, "a finishes its move first");
	is_u64(look(a).asked, ticket[0], "a: no new ticket");
	run_doorbells();
	run_doorbells();
	is_u64(home(a), 5, "a goes on to the policy's CPU");
	is_u64(home(b), 5, "b: the request names no CPU, the policy does");
	is_u64(home(c), 3, "c: the CPU that its request prefers");
	run_doorbells();
	ok(ended(a, ticket[0]) && ended(b, ticket[1]) && ended(c, ticket[2]), "all tickets end");
	ok(!look(a).queued && look(a).state == FERRY_SETTLED, "a has settled");
	pass(8);
	run_doorbells();
	is_u64(home(c), 5, "c: settled, it is like any other");
}

static void choices_under_way(void)
{
	uint32_t irq, dead, n;

	machine_of_8();
	irq = create(NULL, FERRY_SOURCE_ORDERED, true);
	dead = create(NULL, FERRY_SOURCE_ORDERED, true);
	use_script(5);
	host.late = true;
	move(irq, 0x04, FERRY_NONE, NULL);
	n = scripted.picks;
	move(irq, 0xff, FERRY_NONE, NULL);
	is_u64(scripted.picks, n, "a request that only waits: nobody is asked");
	move(dead, 0x04, FERRY_NONE, NULL);
	move(dead, 0xff, FERRY_NONE, NULL);
	if (ferry_irq_free(m.f, dead, 0, NULL) != FERRY_E_AGAIN)
		bail("free");
	is_u64(pass(8), 1, "what is being freed is nobody's");
	scripted.answer = 6;
	is_u64(pass(8), 0, "a request is not taken elsewhere once it has a CPU");
	run_doorbells();
	is_u64(home(irq), 5, "it goes there");
	run_doorbells();
}

static void pass_time(uint64_t now)
{
	host.now = now;
	ferry_poll(m.f);
	run_doorbells();
}

/* A move that ends by time is asked to end. */
static void ends_by_time(void)
{
	uint32_t irq;

	start_with(8, 64, 0);
	for (uint32_t c = 0; c < 8; c++)
		enter(c);
	irq = create(NULL, 0, true);
	use_script(5);
	host.now = 100;
	move(irq, 0xff, 3, NULL);
	is_u64(look(irq).state, FERRY_MOVING, "on the move until time has passed");
	is_u64(pass(8), 1, "to go on to another CPU");
	pass_time(200);
	is_u64(home(irq), 5, "it does");
	pass_time(300);
	is_u64(look(irq).state, FERRY_SETTLED, "and settles");
	scripted.answer = 6;
	is_u64(pass(8), 1, "on the move for the policy alone");
	scripted.answer = 7;
	is_u64(pass(8), 1, "it goes on to another");
	scripted.answer = 4;
	is_u64(pass(8), 1, "the policy may change its mind");
	pass_time(400);
	is_u64(home(irq), 4, "the last choice counts");
	pass_time(500);
	is_u64(look(irq).state, FERRY_SETTLED, "all ends");
}

/* ---- a preferred CPU ------------------------------------------------------------------------ */

static void prefer(void)
{
	static const uint64_t some[1] = { 0x5a };
	uint64_t requested[1];
	uint32_t irq, before;

	machine_of_8();
	irq = create(some, FERRY_SOURCE_ORDERED, true);
	is_int(ferry_irq_prefer(m.f, irq, 6), FERRY_OK, "prefer: done");
	run_doorbells();
	is_u64(home(irq), 6, "prefer: it is there");
	is_u64(look(irq).asked, 1, "prefer: a ticket");
	ok(ended(irq, 1), "prefer: which has ended");
	is_int(ferry_irq_prefer(m.f, irq, 2), FERRY_OK, "prefer: a CPU outside the mask");
	is_u64(home(irq), 6, "prefer: it stays in the mask");
	leave(3);
	is_int(ferry_irq_prefer(m.f, irq, 3), FERRY_OK, "prefer: a CPU that is offline");
	is_u64(home(irq), 6, "prefer: it stays");
	host.late = true;
	move(irq, some[0], 1, NULL);
	is_int(ferry_irq_prefer(m.f, irq, 4), FERRY_OK, "prefer: during a move");
	ok(look(irq).queued && home(irq) == 1, "prefer: queued");
	run_doorbells();
	is_u64(home(irq), 4, "prefer: done after it");
	host.late = false;
	run_doorbells();
	ferry_irq_affinity(m.f, irq, &(struct ferry_affinity){ 0 }, requested, NULL, NULL);
	is_u64(requested[0], some[0], "prefer: what was requested stays");
	before = look(irq).asked;
	is_int(ferry_irq_prefer(m.f, irq, 8), FERRY_E_INVALID, "prefer: no such CPU");
	is_int(ferry_irq_prefer(m.f, irq, FERRY_NONE), FERRY_E_INVALID, "prefer: none");
	is_int(ferry_irq_prefer(m.f, 64, 1), FERRY_E_INVALID, "prefer: no such interrupt");
	is_int(ferry_irq_prefer(m.f, 63, 1), FERRY_E_STATE, "prefer: a free one");
	leave(1);
	leave(4);
	leave(6);
	is_int(ferry_irq_prefer(m.f, irq, 0), FERRY_E_NO_CPU, "prefer: nothing of it is online");
	is_u64(look(irq).asked, before, "prefer: refused, no ticket");
}

/* Masks are counted: as many different ones as there is room for, again and again. */
static void prefer_keeps_masks(void)
{
	uint32_t irq, refused = 0;

	machine_of_8();
	irq = create(NULL, FERRY_SOURCE_ORDERED, true);
	for (uint64_t mask = 3; mask < 250; mask++) {
		if (!(mask & (mask - 1)))
			continue;
		refused += ferry_irq_set_affinity(m.f, irq, &mask, FERRY_NONE, NULL) != FERRY_OK;
		refused += ferry_irq_prefer(m.f, irq, (uint32_t)__builtin_ctzll(mask)) != FERRY_OK;
		run_doorbells();
	}
	is_u64(refused, 0, "prefer: no mask is leaked");
	host.late = true;
	for (uint64_t mask = 3; mask < 250; mask++) {
		if (!(mask & (mask - 1)))
			continue;
		irq = create(&mask, FERRY_SOURCE_ORDERED, true);
		refused += ferry_irq_free(m.f, irq, 0, NULL) != FERRY_E_AGAIN;
		refused += ferry_irq_prefer(m.f, irq, 1) != FERRY_E_STATE;
		run_doorbells();
		refused += ferry_irq_free(m.f, irq, 0, NULL) != FERRY_OK;
	}
	is_u64(refused, 0, "prefer: refused, no mask is leaked either");
}

/* ---- cost ------------------------------------------------------------------------------------ */

static void cost(void)
{
	start(CPUS, IRQS);
	for (uint32_t c = 0; c < CPUS; c++)
		enter(c);
	create_all(IRQS, NULL);
	for (uint32_t i = 0; i < IRQS; i++)
		m.load[i].value = 1000;
	use_load(10);
	host.looks = 0;
	is_u64(pass(64), 0, "cost: nothing to move by load");
	ok(host.looks < 16ull * (CPUS + IRQS), "cost: %lu looks at cells, %u CPUs, %u interrupts",
	   (unsigned long)host.looks, CPUS, IRQS);
	use_round_robin();
	m.turns.cursor.value = 1;
	host.looks = 0;
	is_u64(pass(64), IRQS, "cost: all to move in turn");
	ok(host.looks < 64ull * (CPUS + IRQS), "cost: %lu looks where all move",
	   (unsigned long)host.looks);
}

int main(int argc, char **argv)
{
	host.random = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	even_with_full_masks();
	even_when_cpus_come_and_go();
	partial_masks();
	by_load_evens_out();
	by_load_when_cpus_come_and_go();
	by_load_without_load();
	by_load_counts_right();
	who_is_asked_about();
	disabled_until_started();
	on_and_off();
	nothing_online();
	resumable();
	moves_under_way();
	choices_under_way();
	ends_by_time();
	prefer();
	prefer_keeps_masks();
	cost();
	free(m.memory);
	return tap_done();
}
