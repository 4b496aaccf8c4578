/* SPDX-License-Identifier: MIT */
/* test_corners.c: what a review of the engine found; each of these failed once. */
#include <string.h>
#include "tests/script.h"

/* The preferred CPU is away and the interrupt is inside the mask: nothing moves. A
 * move from a place to itself would never be proved to have ended. */
static void prefer_offline(uint8_t k, bool no_bound, bool shared)
{
	uint8_t vector;

	begin(
		&(struct options){
			.kind = k, .away = BIT(2), .no_bound = no_bound, .shared = shared },
		"prefer, %s%s%s: offline, and inside the mask already", kind_name[k],
		no_bound ? ", no bound" : "", shared ? ", shared namespace" : "");
	vector = vector_of(0);
	check_eq(move_prefer(0, BIT(0) | BIT(2), 2), FERRY_OK, "request");
	check_eq(S.traced[FERRY_TRACE_PROGRAM], 0, "places programmed");
	check_eq(state(0), FERRY_SETTLED, "state");
	check_eq(vector_of(0), vector, "vector");
	check_eq(look(0).generation, ticket(), "generation");
	end();
}

static void prefer_full(uint8_t k)
{
	begin(&(struct options){ .kind = k,
				 .rest = 1 + FERRY_X86_MSIX,
				 .sources = 3,
				 .bare = true,
				 .first = 0x40,
				 .last = 0x40 },
	      "prefer, %s: full, and inside the mask already", kind_name[k]);
	S.on = 1;
	make(0, BIT(0));
	make(1, BIT(1));
	make(2, BIT(2));
	check_eq(move_prefer(0, BIT(0) | BIT(1), 1), FERRY_OK, "request");
	check_eq(place(0), BIT(0), "place");
	end();
}

/* Narrowing keeps the vector on a CPU of both sets: no arrival can prove it. */
static void narrow(uint8_t k, bool shared)
{
	begin(&(struct options){ .kind = k,
				 .flags = FERRY_SOURCE_SEVERAL,
				 .flat = true,
				 .no_bound = true,
				 .shared = shared,
				 .bare = true },
	      "several CPUs, %s%s: narrowed without a bound is refused", kind_name[k],
	      shared ? ", shared namespace" : "");
	make(0, BIT(0) | BIT(1));
	check_eq(place(0), BIT(0) | BIT(1), "place");
	check_eq(move(0, BIT(1)), FERRY_E_NO_BOUND, "request");
	check_eq(state(0), FERRY_SETTLED, "state");
	raise_irq(0);
	run_quiet();
	end();
}

/* The vectors of level pins are one per machine: freed anywhere, it may be the one. */
static void level_starved(void)
{
	begin(&(struct options){ .rest = 1 + FERRY_X86_IOAPIC_LEVEL,
				 .sources = 3,
				 .cpus = 4,
				 .bare = true,
				 .first = 0x40,
				 .last = 0x41 },
	      "starved level pin: woken when a pin elsewhere gives up its vector");
	S.on = 3;
	make(1, BIT(0));
	make(2, BIT(1));
	make(0, BIT(2));
	check_eq(vector_of(1), vector_of(0), "the vector that is taken on CPU 2");
	check_eq(move(1, BIT(3)), FERRY_OK, "to CPU 3");
	check_eq(move(1, BIT(2)), FERRY_OK, "queued for CPU 2");
	run_quiet();
	check(look(1).starved, "not starved");
	check(release_all(2), "the other pin is freed");
	run_quiet();
	check(!look(1).starved, "starved still");
	check_eq(place(1), BIT(2), "place");
	end();
}

static void level_free_running(void)
{
	begin(&(struct options){ .kind = FERRY_X86_IOAPIC_LEVEL },
	      "free, level pin: silent at once, though its handler runs");
	raise_irq(0);
	check(take_into_handler(0), "not taken");
	S.on = 1;
	check_eq(release(0, 0), FERRY_E_AGAIN, "free");
	check((S.m->source[0].rte_low & (1u << 16)) != 0, "the pin is not masked");
	finish_frame(0);
	while (eoi())
		;
	check(release_all(0), "free");
	end();
}

/* It pends on CPU 1, with interrupts off; CPU 0 must not ring itself meanwhile. */
static void level_several(void)
{
	uint64_t before;

	begin(&(struct options){ .kind = FERRY_X86_IOAPIC_LEVEL,
				 .flags = FERRY_SOURCE_SEVERAL,
				 .flat = true,
				 .cpus = 4,
				 .bare = true },
	      "several CPUs, level pin: the one where it pends is asked, not one for ever");
	make(0, BIT(0) | BIT(1));
	fire(0);
	while (reach(0))
		;
	check(accept_on(0, 1), "not accepted on CPU 1");
	S.on = 3;
	check_eq(move(0, BIT(2)), FERRY_OK, "move");
	before = S.counters[0].doorbells;
	for (int n = 0; n < 100; n++) {
		while (ipi(0))
			;
		if (!take(0))
			break;
	}
	check(S.counters[0].doorbells - before <= 2, "%llu doorbells on CPU 0",
	      (unsigned long long)(S.counters[0].doorbells - before));
	run_quiet();
	check_eq(place(0), BIT(2), "place");
	end();
}

/* Those that can't go are not counted among those that need room. */
static void dry_run_of_two(void)
{
	struct ferry_dry_run sum;
	struct ferry_blocker list[8];
	int rc;

	begin(&(struct options){ .kind = FERRY_X86_IOAPIC_LEVEL,
				 .rest = 1 + FERRY_X86_MSIX,
				 .sources = 4,
				 .no_bound = true,
				 .bare = true,
				 .unordered = true },
	      "dry run: one that can go after three that can't");
	for (uint32_t src = 1; src < 4; src++)
		make(src, BIT(0));
	make(0, BIT(0));
	machine_look(S.m);
	rc = dry_run(0, &sum, list, 8);
	check(machine_looked(S.m), "torn");
	check_eq(rc, FERRY_OK, "dry run");
	check_eq(sum.blocked, 3, "blocked");
	for (uint32_t n = 0; n < sum.blocked && n < 8; n++) {
		check(list[n].irq != S.m->source[0].irq, "the pin is said to block");
		check_eq(list[n].reason, FERRY_E_NO_BOUND, "reason");
	}
	end();
}

/* Its only CPU leaves while it is in service: broken, as when it is idle. */
static void busy_broken(bool busy)
{
	uint32_t left;

	begin(&(struct options){ .kind = FERRY_X86_IOAPIC_LEVEL },
	      "broken level pin, %s when its CPU leaves: no request waits", busy ? "busy" : "idle");
	S.on = 1;
	check_eq(move(0, BIT(0)), FERRY_OK, "request");
	check_eq(leave(0), FERRY_OK, "leave");
	if (busy) {
		raise_irq(0);
		check_eq(leave_step(0, &left), FERRY_E_AGAIN, "step");
		run_quiet();
	}
	for (int n = 0; n < 2; n++) {
		check_eq(leave_step(0, &left), FERRY_OK, "step");
		run_quiet();
	}
	check_eq(commit(0), FERRY_OK, "commit");
	run_quiet();
	check(look(0).broken, "not broken");
	check(!look(0).queued && !look(0).starved, "queued or starved");
	check_eq(S.traced[FERRY_TRACE_STARVED], 0, "starved on the way");
	check_eq(online(0), FERRY_OK, "online");
	run_quiet();
	check(place(0) != BIT(0), "restored, which was not asked for");
	end();
}

/* Freed while its old place is being cleared and the new one is in service. */
static void level_free_draining(void)
{
	begin(&(struct options){ .kind = FERRY_X86_IOAPIC_LEVEL },
	      "free, level pin: in the middle of a move, pending at the new place");
	check_eq(move(0, BIT(2)), FERRY_OK, "move");
	check_eq(state(0), FERRY_DRAINING, "state");
	fire(0);
	arrive(0);
	S.on = 1;
	check_eq(release(0, 0), FERRY_E_AGAIN, "free");
	check_eq(look(0).old_cpus, 1, "CPUs that owe");
	check(release_all(0), "it never ends");
	end();
}

static void shared_vectors(void)
{
	begin(&(struct options){ .shared = true },
	      "shared namespace: a vector that is taken is free nowhere");
	check_eq(used(0), 1, "places on CPU 0");
	check_eq(used(1), 0, "places on CPU 1");
	check_eq(free_vectors(1), free_vectors(0), "free on CPU 1 as on CPU 0");
	check_eq(free_vectors(1), 0xec - 0x31, "free");
	end();
}

int main(void)
{
	FOR_KINDS(k, ALL_KINDS)
	{
		prefer_offline(k, false, false);
		prefer_offline(k, true, false);
	}
	prefer_offline(FERRY_X86_MSIX, true, true);
	prefer_full(FERRY_X86_MSIX);
	prefer_full(FERRY_X86_MSI);
	FOR_KINDS(k, 1u << FERRY_X86_MSIX | TWO_STEPS)
	narrow(k, false);
	narrow(FERRY_X86_MSIX, true);
	level_starved();
	level_free_running();
	level_several();
	level_free_draining();
	dry_run_of_two();
	busy_broken(false);
	busy_broken(true);
	shared_vectors();
	return script_done();
}
