/* SPDX-License-Identifier: MIT */
/*
 * Named regressions: faults that Xen or Linux had in moving x86 interrupts and that
 * could exist here too. A line names the commit that is about it, and what went
 * wrong there. What can't exist here is in the table at the end of this file.
 */
#include <string.h>
#include "tests/script.h"

#define MSIX FERRY_X86_MSIX
#define PIN FERRY_X86_IOAPIC_LEVEL

/* To CPU 1, the first arrival there taken, the old CPU's doorbell not. */
static void half_moved(void)
{
	move(0, BIT(1));
	if (S.m->source[0].kind != PIN) {
		raise_irq(0);
		take(1);
	}
	check_eq(state(0), FERRY_DRAINING, "state");
}

/* ---- requests ----------------------------------------------------------- */

/* A request the current place satisfies, made in the middle of a move. */
static void satisfied_while_moving(uint8_t k)
{
	begin(&(struct options){ .kind = k },
	      "xen 353c65ce23 %s: a request already satisfied was refused as busy", kind_name[k]);
	move(0, BIT(1));
	check_eq(move(0, BIT(1) | BIT(2)), FERRY_OK, "request");
	rest_of_move();
	check_eq(place(0), BIT(1), "place");
	check_eq(look(0).generation, look(0).asked, "generation");
	end();
}

static void first_request(uint8_t k)
{
	begin(&(struct options){ .kind = k },
	      "xen 2bdeacb519 %s: the first assignment left a move under way", kind_name[k]);
	check_eq(state(0), FERRY_SETTLED, "state of a new one");
	check_eq(move(0, BIT(1)), FERRY_OK, "request before any interrupt");
	check_eq(place(0), BIT(1), "place");
	runs_on(0, 1);
	end();
}

static void busy(uint8_t k, const char *ref, const char *what, bool draining)
{
	begin(&(struct options){ .kind = k }, "linux %s %s: %s", ref, kind_name[k], what);
	if (draining)
		half_moved();
	else
		move(0, BIT(1));
	check_eq(move(0, BIT(2)), FERRY_OK, "second request");
	check_eq(old_place(0), BIT(0), "old place");
	rest_of_move();
	check_eq(place(0), BIT(2), "place");
	check_eq(look(0).generation, look(0).asked, "generation");
	for (uint32_t cpu = 0; cpu < 3; cpu++)
		check_eq(used(cpu), cpu == 2, "slots");
	end();
}

static void completes(uint8_t k)
{
	begin(&(struct options){ .kind = k },
	      "linux e027fffff799 %s: the arrival at the new CPU did not complete the move",
	      kind_name[k]);
	move(0, BIT(1));
	raise_irq(0);
	run_quiet();
	check_eq(state(0), FERRY_SETTLED, "state");
	check_eq(used(0), 0, "slots on the old CPU");
	end();
}

static void empty_mask(uint8_t k, const char *ref, const char *what, uint64_t to)
{
	struct source before;

	begin(&(struct options){ .kind = k, .cpus = 4, .away = BIT(3) }, "%s %s: %s", ref,
	      kind_name[k], what);
	before = S.m->source[0];
	check_eq(move(0, to), FERRY_E_NO_CPU, "request");
	check(!memcmp(&before, &S.m->source[0], sizeof(before)), "the source was touched");
	check_eq(place(0), BIT(0), "place");
	runs_on(0, 0);
	end();
}

static void while_disabled(uint8_t k, const char *ref, const char *what)
{
	begin(&(struct options){ .kind = k, .bare = true }, "%s %s: %s", ref, kind_name[k], what);
	check_eq(create(0, BIT(0)), 1, "create");
	check_eq(move(0, BIT(1)), FERRY_OK, "request before it is enabled");
	rest_of_move();
	check_eq(move(0, BIT(2)), FERRY_OK, "another");
	check_eq(enable(0), FERRY_OK, "enable");
	check_eq(place(0), BIT(2), "place");
	runs_on(0, 2);
	end();
}

/* ---- the old place ------------------------------------------------------ */

static void cycles(uint8_t k, const char *ref, const char *what, bool moved)
{
	uint32_t before[3];

	begin(&(struct options){ .kind = k, .sources = 2, .first = 0x40, .last = 0x42 },
	      "xen %s %s: %s", ref, kind_name[k], what);
	check(release_all(0), "free");
	for (uint32_t cpu = 0; cpu < 3; cpu++)
		before[cpu] = used(cpu);
	for (int n = 0; n < 6; n++) {
		check_eq(make(0, BIT(0)), 1, "create");
		if (moved)
			move(0, BIT(1));
		check(release_all(0), "free");
	}
	for (uint32_t cpu = 0; cpu < 3; cpu++)
		check_eq(used(cpu), before[cpu], "slots");
	make(0, BIT(0));
	end();
}

/* Old set {0,1}: only when both have cleared is the vector anybody's. */
static void old_set(uint8_t k, bool shared)
{
	uint8_t vector;

	begin(&(struct options){ .kind = k,
				 .cpus = 4,
				 .sources = 3,
				 .flat = true,
				 .bare = true,
				 .shared = shared,
				 .flags = FERRY_SOURCE_SEVERAL,
				 .first = 0x40,
				 .last = 0x42 },
	      "xen 45627433b2 %s%s: each old CPU gave the common vector back", kind_name[k],
	      shared ? ", shared namespace" : "");
	S.on = 3;
	make(0, BIT(0) | BIT(1));
	vector = vector_of(0);
	/* In the shared namespace a vector goes with the last place that has it. */
	check_eq(release(0, FERRY_FREE_QUIET), FERRY_E_AGAIN, "free");
	ipi(0);
	check(take(0), "no doorbell on the first");
	for (uint32_t i = 1; i < 3; i++) {
		check_eq(make(i, BIT(0)), 1, "create");
		check(vector_of(i) != vector, "its vector is given away too early");
	}
	ipi(1);
	check(take(1), "no doorbell on the second");
	check_eq(release(0, FERRY_FREE_QUIET), FERRY_OK, "free");
	check_eq(make(0, BIT(2)), 1, "create");
	for (uint32_t i = 0; i < 3; i++)
		raise_irq(i);
	run_quiet();
	for (uint32_t i = 0; i < 3; i++)
		check_eq(S.starts[i], 1, "starts");
	end();
}

static void old_cpu_gone(uint8_t k, const char *ref, const char *what, bool back, enum style style)
{
	begin(&(struct options){ .kind = k }, "%s %s: %s", ref, kind_name[k], what);
	move(0, BIT(1));
	check_eq(offline(0, style), FERRY_OK, "offline");
	if (back)
		check_eq(online(0), FERRY_OK, "online");
	check_eq(look(0).old_cpus, 0, "CPUs that owe");
	check_eq(used(0), 0, "slots on the old CPU");
	runs_on(0, 1);
	check_eq(state(0), FERRY_SETTLED, "state");
	end();
}

/* 1 in 32 vectors: bit 31 of its word of the IRR. */
static void bit31(uint8_t vector)
{
	begin(&(struct options){ .kind = MSIX, .bare = true, .first = vector, .last = vector },
	      "xen 0bf4a2560d vector %#x: bit 31 of an IRR word was not seen", vector);
	S.on = 2;
	make(0, BIT(0));
	raise_irq(0);
	move(0, BIT(1));
	check_eq(offline(0, AT_ONCE), FERRY_OK, "offline");
	check_eq(S.traced[FERRY_TRACE_FORWARD], 1, "forwards");
	run_quiet();
	check_eq(S.starts[0], 1, "starts");
	check_eq(S.ran_on[0], 1, "CPU of the start");
	end();
}

/* Layout, not code: a cleanup vector above what it cleans up after rings for ever. */
static void doorbell_rank(void)
{
	static uint32_t ids[1];
	struct ferry_x86_config c = {
		.core.cpus = 1,
		.core.irqs = 1,
		.apic_ids = ids,
		.first_vector = 0x31,
		.last_vector = 0xec,
		.doorbell_vector = 0x30,
	};

	begin(&(struct options){ .cpus = 1 },
	      "xen ca85682e8c: the cleanup vector outranked what it waited for");
	check(ferry_x86_size(&c) > 0, "a doorbell below all");
	c.doorbell_vector = 0x31;
	check_eq(ferry_x86_size(&c), 0, "a doorbell that is the first vector");
	c.doorbell_vector = 0x40;
	check_eq(ferry_x86_size(&c), 0, "a doorbell among the vectors");
	c.doorbell_vector = 0xed;
	check_eq(ferry_x86_size(&c), 0, "a doorbell above them");
	end();
}

/* ---- CPUs leave --------------------------------------------------------- */

static void new_cpu_gone(uint8_t k, const char *ref, const char *what, bool draining, bool wide)
{
	begin(&(struct options){ .kind = k }, "xen %s %s: %s", ref, kind_name[k], what);
	if (wide)
		move_prefer(0, BIT(0) | BIT(1), 1);
	if (draining)
		half_moved();
	else if (!wide)
		move(0, BIT(1));
	S.on = 2;
	check_eq(offline(1, AT_ONCE), FERRY_OK, "offline");
	check(place(0) != BIT(1), "it stays on the CPU that is gone");
	rest_of_move();
	runs_on(0, look(0).first_cpu);
	end();
}

/* The doorbell is on its way when its CPU leaves; its late arrival counts nothing. */
static void late_doorbell(uint8_t k)
{
	begin(&(struct options){ .kind = k },
	      "xen 472e0b74c5 %s: a cleanup in flight to a CPU that left was counted twice",
	      kind_name[k]);
	half_moved();
	check_eq(leave(0), FERRY_OK, "leave");
	check_eq(leave_step(0, NULL), FERRY_OK, "step");
	check_eq(look(0).old_cpus, 0, "CPUs that owe after the step");
	ipi(0);
	run_quiet();
	check_eq(state(0), FERRY_SETTLED, "state after the doorbell");
	check_eq(commit(0), FERRY_OK, "commit");
	move(0, BIT(2));
	runs_on(0, 2);
	check_eq(state(0), FERRY_SETTLED, "state after the next move");
	end();
}

static void two_old_cpus(uint8_t k)
{
	begin(&(struct options){ .kind = k,
				 .cpus = 4,
				 .flat = true,
				 .bare = true,
				 .flags = FERRY_SOURCE_SEVERAL },
	      "xen e63209d3ba %s: two old CPUs left in turn, the first was subtracted twice",
	      kind_name[k]);
	S.on = 3;
	make(0, BIT(0) | BIT(1) | BIT(2));
	check_eq(move_prefer(0, BIT(3), 3), FERRY_OK, "move");
	check_eq(look(0).old_cpus, 3, "CPUs that owe");
	check_eq(offline(0, AT_ONCE), FERRY_OK, "the first");
	check_eq(offline(1, AT_ONCE), FERRY_OK, "the second");
	run_quiet();
	check_eq(state(0), FERRY_SETTLED, "state");
	check_eq(used(2), 0, "slots on the third");
	runs_on(0, 3);
	end();
}

static void no_dead_bit(uint8_t k)
{
	begin(&(struct options){ .kind = k,
				 .cpus = 4,
				 .flat = true,
				 .bare = true,
				 .flags = FERRY_SOURCE_SEVERAL },
	      "xen 481a478b3a %s: a CPU that is offline stayed in the destination", kind_name[k]);
	make(0, ~0ull);
	S.on = 3;
	check_eq(offline(1, EMPTY), FERRY_OK, "offline");
	check_eq(place(0), BIT(0) | BIT(2) | BIT(3), "place");
	/* The hardware may pick any CPU the message names. */
	for (int n = 0; n < 8; n++)
		raise_irq(0);
	run_quiet();
	check(S.starts[0] > 0, "no start");
	end();
}

/* Without a CPU to spare at creation, too. */
static void born_online(uint8_t k, const char *ref, const char *what, bool flat)
{
	begin(&(struct options){ .kind = k,
				 .cpus = 4,
				 .flat = flat,
				 .bare = true,
				 .away = BIT(0) | BIT(3),
				 .flags = flat ? FERRY_SOURCE_SEVERAL : 0 },
	      "%s %s: %s", ref, kind_name[k], what);
	check_eq(make(0, ~0ull), 1, "create");
	check(!(place(0) & (BIT(0) | BIT(3))), "it names CPUs that are not there");
	raise_irq(0);
	run_quiet();
	check_eq(S.starts[0], 1, "starts");
	end();
}

static void not_narrowed(uint8_t k)
{
	begin(&(struct options){ .kind = k, .cpus = 4, .restore = true },
	      "xen 4a9dfab767 %s: each offline and online narrowed the affinity", kind_name[k]);
	S.on = 3;
	move(0, BIT(0) | BIT(1) | BIT(2));
	for (uint32_t n = 0; n < 6; n++) {
		check_eq(offline(n % 3, n & 1 ? EMPTY : AT_ONCE), FERRY_OK, "offline");
		check_eq(online(n % 3), FERRY_OK, "online");
		check_eq(requested(0), BIT(0) | BIT(1) | BIT(2), "requested");
		check(!(place(0) & ~(BIT(0) | BIT(1) | BIT(2))), "outside");
	}
	end();
}

static void not_shuffled(uint8_t k)
{
	begin(&(struct options){ .kind = k, .sources = 4, .cpus = 4, .bare = true },
	      "xen c7564d7366 %s: every offline moved every interrupt", kind_name[k]);
	for (uint32_t i = 0; i < 4; i++) {
		make(i, BIT(i));
		move_prefer(i, ~0ull, i);
	}
	S.on = 3;
	check_eq(offline(1, EMPTY), FERRY_OK, "offline");
	for (uint32_t i = 0; i < 4; i++)
		check_eq(place(i) == BIT(i), i != 1, "in its place");
	end();
}

/* An event at every step of a departure, none of them taken there. */
static bool leaves_busy(uint8_t k, const char *ref, const char *what, int steps)
{
	bool more = true;

	begin(&(struct options){ .kind = k, .bare = true }, "%s %s: %s (%d steps)", ref,
	      kind_name[k], what, steps);
	make(0, BIT(0));
	move_prefer(0, BIT(0) | BIT(1), 0);
	check_eq(leave(0), FERRY_OK, "leave");
	start(0, (struct call){ .run = call_step });
	for (int n = 0; n < steps && more; n++)
		more = step(0) && S.m->cpu[0].state != CPU_IDLE;
	raise_irq(0);
	finish(0);
	/* A level pin in service is ended by its handler, whatever the style. */
	if (k == PIN)
		take(0);
	do {
		if (k == PIN)
			run_quiet();
		arrive(0); /* what was held back while masked */
		pass_bound();
	} while (leave_step(0, NULL) == FERRY_E_AGAIN && S.m->now < 20 * DRAIN_NS);
	check_eq(commit(0), FERRY_OK, "commit");
	run_quiet();
	check_eq(S.starts[0], 1, "starts");
	end();
	return more;
}

/* An event at every step of the commit, sent to where the source names. */
static bool commit_busy(uint8_t k, const char *ref, const char *what, int steps)
{
	bool more = true;

	begin(&(struct options){ .kind = k }, "%s %s: %s (%d steps)", ref, kind_name[k], what,
	      steps);
	raise_irq(0);
	check_eq(leave(0), FERRY_OK, "leave");
	leave_step(0, NULL);
	pass_bound();
	check_eq(leave_step(0, NULL), FERRY_OK, "step");
	start(0, (struct call){ .run = call_commit });
	for (int n = 0; n < steps && more; n++)
		more = step(0) && !S.m->cpu[0].parked;
	raise_irq(0);
	if (!finish(0)) {
		ipi(0);
		check(finish(0), "commit is blocked");
	}
	run_quiet();
	check(S.m->cpu[0].parked, "not parked");
	check(S.starts[0] == 1 || S.starts[0] == 2, "starts %u", S.starts[0]);
	check(S.ran_on[0] != 0, "it ran on the CPU that left");
	end();
	return more;
}

/* Remembered for a replay on a CPU, and that CPU leaves first. */
static void replay_follows(uint8_t k)
{
	begin(&(struct options){ .kind = k },
	      "xen 29555668b5 %s: work queued on a CPU that died was never done", kind_name[k]);
	raise_irq(0);
	check(take_into_handler(0), "no handler");
	S.on = 2;
	move(0, BIT(1));
	raise_irq(0); /* at the new place, the handler still runs at the old one */
	check(take(1), "not taken");
	finish_frame(0);
	check_eq(S.starts[0], 1, "starts");
	/* The doorbell that shall start it again is on its way to CPU 1. */
	check_eq(offline(1, AT_ONCE), FERRY_OK, "offline");
	run_quiet();
	check_eq(S.starts[0], 2, "starts");
	check(S.ran_on[0] != 1, "CPU of the start");
	end();
}

static void exhausted(uint8_t k, const char *ref, const char *what)
{
	begin(&(struct options){ .kind = k,
				 .rest = 1 + MSIX,
				 .sources = 3,
				 .bare = true,
				 .cpus = 4,
				 .first = 0x40,
				 .last = 0x41 },
	      "%s %s: %s", ref, kind_name[k], what);
	S.on = 3;
	make(0, BIT(0));
	move_prefer(0, BIT(0) | BIT(1), 0);
	make(1, BIT(1));
	make(2, BIT(1));
	check_eq(offline(0, EMPTY), FERRY_OK, "offline");
	check(!(place(0) & (BIT(0) | BIT(1))), "place %#llx", (unsigned long long)place(0));
	check(look(0).broken, "not said");
	runs_on(0, look(0).first_cpu);
	end();
}

/* Broken is said of those that left their mask, and of no other. */
static void judged_after(uint8_t k)
{
	begin(&(struct options){ .kind = k, .sources = 2 },
	      "linux 190113b4c653 %s: broken was said before it was looked where it went",
	      kind_name[k]);
	S.on = 2;
	move_prefer(0, BIT(0) | BIT(1), 0);
	check_eq(offline(0, EMPTY), FERRY_OK, "offline");
	check(!look(0).broken, "said of one inside its mask");
	check(look(1).broken, "not said of one outside");
	end();
}

static void accounting(uint8_t k)
{
	static const uint32_t reserved[8] = { [2] = 0x00010000, [4] = 0x00000005 };
	uint32_t used_[3], free_[3];

	begin(&(struct options){ .kind = k, .sources = 4, .reserved = reserved },
	      "linux 651ca2c00405, c93a5e20c3c2 %s: an offline and online changed what is free",
	      kind_name[k]);
	for (uint32_t cpu = 0; cpu < 3; cpu++) {
		used_[cpu] = used(cpu);
		free_[cpu] = free_vectors(cpu);
		check_eq(used_[cpu] + free_[cpu], 0xec - 0x31 + 1 - 3, "usable vectors");
	}
	for (int n = 0; n < 3; n++) {
		check_eq(offline(1, EMPTY), FERRY_OK, "offline");
		check_eq(online(1), FERRY_OK, "online");
		move(0, n & 1 ? BIT(0) : BIT(1));
		rest_of_move();
	}
	move(0, BIT(0));
	rest_of_move();
	for (uint32_t cpu = 0; cpu < 3; cpu++) {
		check_eq(used(cpu), used_[cpu], "used");
		check_eq(free_vectors(cpu), free_[cpu], "free");
	}
	end();
}

/* Old places and dead ones need no new home. */
static void feasible(uint8_t k)
{
	struct ferry_dry_run sum;

	begin(&(struct options){ .kind = k, .sources = 2, .cpus = 2, .first = 0x40, .last = 0x41 },
	      "linux a0b0bad10587 %s: what would not be moved was counted against leaving",
	      kind_name[k]);
	move(0, BIT(1));
	check(release(1, 0) == FERRY_E_AGAIN, "free");
	machine_look(S.m);
	check_eq(dry_run(0, &sum, NULL, 0), FERRY_OK, "dry run");
	machine_looked(S.m);
	check_eq(sum.needed, 0, "needed");
	check_eq(sum.blocked, 0, "blocked");
	check_eq(offline(0, EMPTY), FERRY_OK, "offline");
	check(release_all(1), "free");
	end();
}

static void never_the_leaver(uint8_t k)
{
	begin(&(struct options){ .kind = k, .sources = 3 },
	      "linux 0dd945ff4647 %s: the CPU that leaves was picked again", kind_name[k]);
	for (uint32_t i = 0; i < 3; i++)
		move(i, ~0ull);
	check_eq(leave(0), FERRY_OK, "leave");
	check_eq(move(0, BIT(0)), FERRY_E_NO_CPU, "a request for it alone");
	check_eq(move(1, BIT(0) | BIT(2)), FERRY_OK, "a request for it and another");
	check(!(place(1) & BIT(0)) || look(1).queued, "it is picked");
	for (int n = 0; n < 4; n++) {
		leave_step(0, NULL);
		run_quiet();
		pass_bound();
	}
	for (uint32_t i = 0; i < 3; i++)
		check(!(place(i) & BIT(0)), "source %u is on the CPU that leaves", i);
	check_eq(leave_step(0, NULL), FERRY_OK, "step");
	check_eq(commit(0), FERRY_OK, "commit");
	end();
}

static void disabled_through_hotplug(uint8_t k)
{
	begin(&(struct options){ .kind = k, .restore = true },
	      "linux 788019eb559f %s: a CPU's return enabled what the driver had disabled",
	      kind_name[k]);
	disable(0);
	fire(0);
	check_eq(offline(0, EMPTY), FERRY_OK, "offline");
	check_eq(online(0), FERRY_OK, "online");
	rest_of_move();
	check_eq(S.starts[0], 0, "starts while disabled");
	enable(0);
	run_quiet();
	check_eq(S.starts[0], 1, "starts");
	end();
}

static void stale_doorbell(void)
{
	begin(&(struct options){ .sources = 1 },
	      "xen 540d4d6037: what was posted before a CPU went was done after it returned");
	move(0, BIT(1));
	raise_irq(0);
	take(1);
	check_eq(offline(0, EMPTY), FERRY_OK, "offline");
	check_eq(online(0), FERRY_OK, "online");
	move(0, BIT(0));
	rest_of_move();
	stray(0, S.m->config.doorbell);
	check(take(0), "not taken");
	check_eq(S.starts[0], 1, "starts");
	check_eq(place(0), BIT(0), "place");
	runs_on(0, 0);
	end();
}

/* ---- the list ----------------------------------------------------------- */

static void all_kinds(uint8_t k)
{
	satisfied_while_moving(k);
	first_request(k);
	busy(k, "12f47073a40f", "busy was given to the user as an error", false);
	busy(k, "80ae7b1a918e", "a second move lost the slot of the first", true);
	busy(k, "a33a5d2d16cb", "a request was dropped while the move before it ended", true);
	empty_mask(k, "linux 784a08301979", "an empty mask was taken for CPU 0", 0);
	empty_mask(k, "linux cba6437a1854", "a mask of CPUs that are gone was written", BIT(3));
	empty_mask(k, "xen c4d5119195", "a message was composed from no online CPU",
		   BIT(3) | BIT(9));
	while_disabled(k, "linux baedb87d1b53", "a request made while it was off was forgotten");
	while_disabled(k, "xen 1aeb1156fa, linux 0c0e37dc1167",
		       "it was live before it was where it should be");
	cycles(k, "1a9b16687d", "freed in a move it leaked the old slot", true);
	cycles(k, "3a5a642a93, fdf2123364", "freed at rest it leaked its vector", false);
	old_cpu_gone(k, "xen 817d1cd627", "the old CPU was away and back before the first arrival",
		     true, AT_ONCE);
	old_cpu_gone(k, "linux e84cf6aa501c", "the cleanup was left to a CPU that was offline",
		     false, EMPTY);
	old_cpu_gone(k, "linux a6c11c0a5235", "a CPU that was only the old place kept its slot",
		     true, EMPTY);
	new_cpu_gone(k, "369558924a", "the new CPU left while the old one owed", true, false);
	late_doorbell(k);
	two_old_cpus(k);
	no_dead_bit(k);
	born_online(k, "xen 128e862878, 4436e67fd1", "\"all CPUs\" named CPUs that are not online",
		    true);
	born_online(k, "linux 33de0aa4bae9", "with few CPUs up an offline one was picked", false);
	not_narrowed(k);
	not_shuffled(k);
	exhausted(k, "linux 88d724e2301a", "the CPUs of its mask were full: left on a dead CPU");
	exhausted(k, "linux 743dac494d61", "it left its mask and nobody was told");
	judged_after(k);
	accounting(k);
	feasible(k);
	never_the_leaver(k);
	disabled_through_hotplug(k);
	for (int steps = 0;
	     leaves_busy(k, "xen e2bb28d621", "latched at the moment of retargeting: lost", steps);
	     steps += 2)
		;
	while_disabled(k, "xen 0d7fd5f2b8", "nobody moved what nobody had bound yet");
}

static void messages(uint8_t k)
{
	completes(k);
	new_cpu_gone(k, "9260609aa9", "the new CPU left before the first arrival", false, false);
	new_cpu_gone(k, "369558924a", "the new CPU left, the old one was wanted too", false, true);
	replay_follows(k);
	for (int steps = 0; commit_busy(k, "linux 52d6b926aabc",
					"events between the CPU's last look and "
					"its end were lost",
					steps);
	     steps += 2)
		;
	old_set(k, true);
}

int main(void)
{
	FOR_KINDS(k, ALL_KINDS)
	all_kinds(k);
	FOR_KINDS(k, MESSAGES)
	messages(k);
	for (int v = 0x3f; v < 0xf0; v += 0x20)
		bit31((uint8_t)v);
	doorbell_rank();
	old_set(PIN, false);
	old_set(PIN, true);
	stale_doorbell();
	return script_done();
}

/*
 * Not here, by reason. Numbers are those of the commits' subjects.
 *
 * No guests, no deferred EOI, no EOI stack, no rate limiter:
 *   xen 52b9331de2 f6b7b3d0c4 caf5ad4416 829f87e018 359cf6f8a0 a646da4a3d 5655ce8b1e
 *   95807bcae4 022aa5fea4 e591bdb018 4d21248c00 d26b575070 37eb6d05fe 650fc2f76d
 *   104072fc1c
 * No ownership or access rights, no tables of a guest's devices:
 *   xen 545607eb3c 44d20c6951 5b58dad089 58427889f5 49f9d2493c 5028ef1e1b 3ec1e58d33
 * No legacy controller, HPET, local timer or other system vector of its own:
 *   xen f67f17b13b af699220ad a2e6c0b846 87f37449d5 2d8a2823f3 8c02a19230 8ef32772b5
 *   1db7829e56 fc0c3fa2ad a85da715cf 65288cf610 e509b8e09c 68dda501d9 c6b0dad934
 *   linux 5fa55950729d
 * No lists of pins per interrupt: xen ad8d3d7f40.
 * No resume, no cache of what registers hold, no translated copies of a message:
 *   xen 8e60d47cf0 c9f62baee8 b3bf964610 42599de39a 01420271f8 ad3ff7b427
 * The remapping unit's own format is the host's (one atomic write is its contract):
 *   xen 2ca9fbd739 86001b3970 f38fd27c4c 9e0e225a3a; linux e52d58d54a32 26e495f34107
 * No memory is allocated, no descriptor searched for: xen 8d1277c729.
 * CPU bring-up takes no interrupt's lock out of order, it takes each alone:
 *   xen 650c31d3af
 * CPUs are started and stopped, IPIs broadcast and acknowledged by the host:
 *   xen 87fe7478aa f17a2b83f7 5b74f5e428 171c52fba5 7621880de0 1191ce954f
 * No managed interrupts, reservations, spreading or notifiers:
 *   linux bc976233a872 469ff207b4c4 76f99ae5b54d e8da8794a7fd b1a5a73e64e9 0263f92fadbb
 *   df831e977394 bf0beec0607d 2b32fc8ff08d 59c39840f5ab f0c7baca1800
 * No posted interrupts, paravirtual buses or other architectures:
 *   linux 08fb624802d8 and what concerns GIC, ITS, IMSIC, Hyper-V
 */
