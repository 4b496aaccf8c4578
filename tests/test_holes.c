/* SPDX-License-Identifier: MIT */
/*
 * Holes H1 .. H11: what is, or may be, still wrong in a system whose protocol has
 * been repaired for twenty years, put to this library.
 *
 * In another shape, because the thing itself does not exist here:
 *
 *   H5   a walk that looks at the vector of an interrupt that has none: here a
 *        leaving CPU walks its own slots, so the test is a dead interrupt whose
 *        place is gone already.
 *   H7   a rate limiter that enables what was disabled: there is none; the two
 *        places where the library unmasks for itself (the end of a level pin's
 *        move, an abandoned one) are tested instead.
 *   H9   vectors that all CPUs share by construction: none; the choice among no
 *        CPUs is tested with masks and preferences.
 */
#include "tests/script.h"

/* ---- H1 ----------------------------------------------------------------- */

static uint64_t wanted;

static void ask_from_handler(uint32_t src, uint32_t cpu)
{
	(void)cpu;
	check_eq(ferry_irq_set_affinity(S.f, S.m->source[src].irq, &wanted, FERRY_NONE, NULL),
		 FERRY_OK, "request from the handler");
}

/* The first arrival at the new place, and in its handler the next request: the old
 * CPU can't have cleared its slot yet. */
static void h1(uint8_t k)
{
	begin(&(struct options){ .kind = k }, "H1 %s: a request in the arrival that ends the move",
	      kind_name[k]);
	move(0, BIT(1));
	wanted = BIT(2);
	S.hook = ask_from_handler;
	raise_irq(0);
	check(take(1), "not taken");
	S.hook = NULL;
	check(look(0).queued || place(0) == BIT(2), "the request is dropped");
	rest_of_move();
	check_eq(place(0), BIT(2), "place");
	check_eq(look(0).generation, look(0).asked, "generation");
	raise_irq(0);
	run_quiet();
	check_eq(S.ran_on[0], 2, "CPU of the start");
	end();
}

/* ---- H2 ----------------------------------------------------------------- */

/* The affinity has an online CPU, but that one is full. */
static void h2(uint8_t k, enum style style)
{
	begin(&(struct options){ .kind = k,
				 .rest = 1 + FERRY_X86_MSIX,
				 .cpus = 4,
				 .sources = 3,
				 .bare = true,
				 .first = 0x40,
				 .last = 0x41 },
	      "H2 %s: the online CPUs of its mask are full when its CPU leaves, commit %s",
	      kind_name[k], style == EMPTY ? "when empty" : "at once");
	S.on = 3;
	make(0, BIT(0));
	move_prefer(0, BIT(0) | BIT(1), 0);
	make(1, BIT(1));
	make(2, BIT(1));
	raise_irq(0);
	if (k == FERRY_X86_IOAPIC_LEVEL)
		take(0);
	check_eq(offline(0, style), FERRY_OK, "offline");
	run_quiet();
	check(place(0) == BIT(2) || place(0) == BIT(3), "place %#llx",
	      (unsigned long long)place(0));
	check(look(0).broken, "it is not said that it left its mask");
	check_eq(requested(0), BIT(0) | BIT(1), "requested");
	check(S.traced[FERRY_TRACE_BROKEN] > 0, "no record of it");
	check_eq(S.starts[0], 1, "starts");
	raise_irq(0);
	run_quiet();
	check_eq(S.starts[0], 2, "starts");
	check(release_all(1), "free");
	check_eq(move(0, BIT(1)), FERRY_OK, "into its mask again");
	check(!look(0).broken, "still broken");
	end();
}

/* ---- H3 ----------------------------------------------------------------- */

/* Freed in DRAINING; a new one is made; the old device's late message must not start
 * its handler, and nothing of the old life is in it. */
static void h3(uint8_t k, bool shared)
{
	begin(&(struct options){ .kind = k,
				 .sources = 2,
				 .bare = true,
				 .first = 0x40,
				 .last = 0x41,
				 .shared = shared },
	      "H3 %s%s: freed while the old CPU owes, then created", kind_name[k],
	      shared ? ", shared namespace" : "");
	S.on = 2;
	make(0, BIT(0));
	move(0, BIT(1));
	if (k != FERRY_X86_IOAPIC_LEVEL) {
		raise_irq(0);
		take(1);
		fire(0);
	}
	check_eq(state(0), FERRY_DRAINING, "state");
	check_eq(release(0, 0), FERRY_E_AGAIN, "free");
	check_eq(make(1, ~0ull), 1, "create");
	if (k != FERRY_X86_IOAPIC_LEVEL)
		arrive(0);
	run_quiet();
	check_eq(S.starts[1], 0, "starts of the new one");
	check(release_all(0), "free");
	check_eq(look(1).state, FERRY_SETTLED, "state of the new one");
	check_eq(look(1).asked, 0, "tickets of the new one");
	check_eq(create(0, BIT(0)), 1, "create in the old number");
	check_eq(enable(0), FERRY_OK, "enable");
	check_eq(look(0).state, FERRY_SETTLED, "state");
	check_eq(look(0).asked, 0, "tickets");
	check_eq(place(0), BIT(0), "place");
	raise_irq(0);
	raise_irq(1);
	run_quiet();
	check_eq(S.starts[1], 1, "starts of the new one");
	check_eq(used(0) + used(1) + used(2), 2, "vectors in use");
	end();
}

/* ---- H4 ----------------------------------------------------------------- */

/* {0,1} -> {2,3}; CPU 0 has cleared and its slot has a new owner; then back. */
static void h4(uint8_t k)
{
	uint8_t vector;

	begin(&(struct options){ .kind = k,
				 .rest = 1 + FERRY_X86_MSIX,
				 .cpus = 4,
				 .sources = 3,
				 .flat = true,
				 .bare = true,
				 .first = 0x40,
				 .last = 0x41,
				 .flags = FERRY_SOURCE_SEVERAL },
	      "H4 %s: back to several CPUs of which one gave its slot away", kind_name[k]);
	S.on = 3;
	make(0, BIT(0) | BIT(1));
	vector = vector_of(0);
	move(0, BIT(2) | BIT(3));
	if (k != FERRY_X86_IOAPIC_LEVEL) {
		raise_irq(0);
		take(S.m->cpu[2].irr[1] ? 2 : 3);
	}
	check_eq(state(0), FERRY_DRAINING, "state");
	ipi(0);
	check(take(0), "no doorbell");
	check_eq(look(0).old_cpus, 1, "CPUs that owe");
	/* The slot given up, and the other one, go to somebody else. */
	S.m->source[1].flags = S.m->source[2].flags = 0;
	check_eq(make(1, BIT(0)), 1, "create");
	check_eq(make(2, BIT(0)), 1, "create");
	check(vector_of(1) == vector || vector_of(2) == vector, "the slot is not given again");
	check_eq(move(0, BIT(0) | BIT(1)), FERRY_OK, "back");
	rest_of_move();
	check_eq(place(0), BIT(1), "place: only CPU 1 has room");
	for (uint32_t i = 0; i < 3; i++)
		raise_irq(i);
	run_quiet();
	check_eq(S.starts[1], 1, "starts");
	check_eq(S.starts[2], 1, "starts");
	check_eq(S.ran_on[0], 1, "CPU of the start");
	end();
}

/* ---- H5 ----------------------------------------------------------------- */

static void h5(uint8_t k, enum style style)
{
	begin(&(struct options){ .kind = k, .sources = 2 },
	      "H5 %s: its CPU leaves when a dead one has no place any more, commit %s",
	      kind_name[k], style == EMPTY ? "when empty" : "at once");
	check_eq(release(0, 0), FERRY_E_AGAIN, "free");
	pass_bound();
	run_quiet();
	check_eq(state(0), FERRY_DRAINED, "state");
	check_eq(look(0).vector, 0, "vector");
	check_eq(look(0).first_cpu, FERRY_NONE, "CPU");
	check_eq(offline(0, style), FERRY_OK, "offline");
	check_eq(release(0, 0), FERRY_OK, "free");
	check(place(1) != BIT(0), "the living one stays behind");
	raise_irq(1);
	run_quiet();
	check_eq(S.starts[1], 1, "starts");
	end();
}

/* Dead, not drained, and its CPU leaves. */
static void h5_dead(uint8_t k, enum style style)
{
	begin(&(struct options){ .kind = k },
	      "H5 %s: its CPU leaves before a dead one has drained, commit %s", kind_name[k],
	      style == EMPTY ? "when empty" : "at once");
	fire(0);
	if (k == FERRY_X86_IOAPIC_LEVEL) {
		arrive(0);
		check(take(0), "not taken"); /* its EOI is on the way */
	}
	check_eq(release(0, 0), FERRY_E_AGAIN, "free");
	if (k != FERRY_X86_IOAPIC_LEVEL)
		arrive(0);
	eoi();
	check_eq(offline(0, style), FERRY_OK, "offline");
	check(release_all(0), "free");
	check_eq(S.starts[0], k == FERRY_X86_IOAPIC_LEVEL, "starts");
	check_eq(used(0), 0, "vectors in use");
	end();
}

/* ---- H6, H8 ------------------------------------------------------------- */

/* Register writes land when they like, messages overtake one another, and the event
 * comes at any step; the last of the move's writes may land after the call. */
static bool h6(uint8_t k, int steps, int landed)
{
	bool more = true;

	begin(
		&(struct options){
			.kind = k, .sources = 2, .bare = true, .posted = true, .unordered = true },
		"H6 %s: an event %d steps into a move of posted writes, %d landed early",
		kind_name[k], steps, landed);
	make(1, BIT(1));
	make(0, BIT(0));
	while (land(0) || land(1))
		;
	start(2, (struct call){ .run = call_move, .src = 0, .mask = BIT(1), .prefer = NONE });
	for (int n = 0; n < steps && more; n++)
		more = step(2) && S.m->cpu[2].state != CPU_IDLE;
	for (int n = 0; n < landed; n++)
		land(0);
	fire(0);
	finish(2);
	fire(0);
	run_quiet();
	check(S.starts[0] == 1 || S.starts[0] == 2, "starts %u", S.starts[0]);
	check_eq(S.starts[1], 0, "starts of the other");
	rest_of_move();
	check_eq(place(0), BIT(1), "place");
	end();
	return more;
}

/* The IRR is looked at by the old CPU, clear; the message is still on its way. */
static void h8(uint8_t k)
{
	begin(&(struct options){ .kind = k, .unordered = true },
	      "H8 %s: a message still in flight when the old CPU looks", kind_name[k]);
	fire(0);
	reach(0);
	move(0, BIT(1));
	fire(0);
	while (reach(0))
		;
	check(accept_newest(0), "nothing to accept");
	check(take(1), "not taken");
	stray(0, S.m->config.doorbell);
	check(take(0), "no doorbell");
	pass(DRAIN_NS - 1);
	(void)settle(0);
	stray(0, S.m->config.doorbell);
	check(take(0), "no doorbell");
	check_eq(used(0), 1, "the slot is cleared");
	check(accept(0), "nothing to accept");
	run_quiet();
	check_eq(S.starts[0], 2, "starts");
	pass_bound();
	run_quiet();
	check_eq(used(0), 0, "slots after the bound");
	end();
}

/* ---- H7 ----------------------------------------------------------------- */

/* What the library masks for itself it unmasks for itself, and no more than that. */
static void h7(bool give_up)
{
	struct source *s;

	begin(&(struct options){ .kind = FERRY_X86_IOAPIC_LEVEL,
				 .rest = 1 + FERRY_X86_MSIX,
				 .sources = 3,
				 .bare = true,
				 .first = 0x40,
				 .last = 0x41 },
	      "H7 level pin: disabled while held for a move %s: stays masked",
	      give_up ? "that finds no room" : "that is made");
	make(0, BIT(0));
	make(1, BIT(2));
	if (give_up)
		make(2, BIT(2));
	s = &S.m->source[0];
	raise_irq(0);
	check(take_into_handler(0), "no handler");
	move(0, BIT(2));
	finish_frame(0);
	check_eq(S.call[S.on].rc, FERRY_OK, "request");
	check(s->rte_low >> 16 & 1, "not held");
	fire(0);
	S.on = 1;
	check_eq(disable(0), FERRY_OK, "disable");
	run_quiet();
	check_eq(place(0), give_up ? BIT(0) : BIT(2), "place");
	check(s->rte_low >> 16 & 1, "unmasked though disabled");
	check_eq(S.starts[0], 1, "starts while disabled");
	check_eq(enable(0), FERRY_OK, "enable");
	run_quiet();
	check_eq(S.starts[0], 2, "starts");
	if (give_up)
		check(release_all(1), "free");
	run_quiet();
	check_eq(place(0), BIT(2), "place when there is room");
	end();
}

/* ---- H9 ----------------------------------------------------------------- */

static void h9(uint8_t k)
{
	struct source before;

	begin(&(struct options){ .kind = k, .cpus = 4, .away = BIT(2) | BIT(3) },
	      "H9 %s: among no CPUs none is chosen", kind_name[k]);
	before = S.m->source[0];
	check_eq(move(0, BIT(2) | BIT(3)), FERRY_E_NO_CPU, "offline CPUs");
	check_eq(move(0, BIT(17) | BIT(63)), FERRY_E_NO_CPU, "CPUs past the last");
	check_eq(move(0, 0), FERRY_E_NO_CPU, "no CPU");
	check_eq(move_prefer(0, BIT(2), 0), FERRY_E_NO_CPU, "a preference outside");
	check_eq(move_prefer(0, BIT(0), 4), FERRY_E_INVALID, "a preference past the last");
	check(S.m->source[0].msi_addr == before.msi_addr &&
		      S.m->source[0].msi_data == before.msi_data &&
		      S.m->source[0].rte_low == before.rte_low &&
		      S.m->source[0].rte_high == before.rte_high &&
		      S.m->source[0].irte.now.dest == before.irte.now.dest,
	      "the source was touched");
	check_eq(move_prefer(0, BIT(1) | BIT(2), 2), FERRY_OK, "an offline preference");
	check_eq(place(0), BIT(1), "place");
	end();
}

/* ---- H10 ---------------------------------------------------------------- */

/* The line is up when its CPU goes: never from memory, and once per assertion. */
static void h10(bool directed, enum style style)
{
	begin(&(struct options){ .kind = FERRY_X86_IOAPIC_LEVEL, .directed_eoi = directed },
	      "H10 level pin%s: asserted when its CPU leaves: comes again as level, commit %s",
	      directed ? ", directed EOI" : "", style == EMPTY ? "when empty" : "at once");
	move_prefer(0, BIT(0) | BIT(1), 0);
	check_eq(leave(0), FERRY_OK, "leave");
	/* Held for the move, still, not yet moved: the line goes up. */
	raise_irq(0);
	leave_step(0, NULL);
	check_eq(roll_back(0), FERRY_OK, "roll back");
	check_eq(offline(0, style), FERRY_OK, "offline");
	run_quiet();
	check_eq(S.starts[0], 1, "starts");
	check_eq(S.traced[FERRY_TRACE_FORWARD], 0, "forwards");
	check_eq(S.traced[FERRY_TRACE_LATCHED], 0, "latches");
	check(!S.m->source[0].remote_irr, "left in service");
	end();
}

/* ---- H11 ---------------------------------------------------------------- */

/* A stray vector on a CPU that does not own it. Before the slot is read (0 steps), or
 * between that and the lock (1), the interrupt goes, and its number lives on elsewhere. */
static void h11(bool shared, int steps)
{
	begin(&(struct options){ .kind = FERRY_X86_MSIX,
				 .bare = true,
				 .shared = shared,
				 .first = 0x40,
				 .last = 0x5f },
	      "H11%s: the slot changes its owner %d steps into a stray arrival",
	      shared ? " shared namespace" : "", steps);
	make(0, BIT(0));
	stray(2, vector_of(0));
	check(take_begin(2), "not taken");
	for (int n = 0; n < steps; n++)
		step(2);
	check(!S.m->cpu[2].locks, "the moment has passed");
	S.on = 1;
	check_eq(release(0, FERRY_FREE_QUIET), FERRY_E_AGAIN, "free");
	ipi(0);
	take(0);
	check_eq(release(0, FERRY_FREE_QUIET), FERRY_OK, "free");
	check_eq(make(0, BIT(1)), 1, "create");
	check_eq(vector_of(0), shared ? 0x50 : 0x40, "vector");
	run_quiet();
	check_eq(S.starts[0], 0, "starts");
	check_eq(S.counters[2].unexpected, 1, "unexpected");
	check(!in_service(2), "not ended");
	end();
}

int main(void)
{
	FOR_KINDS(k, ALL_KINDS)
	{
		h1(k);
		h3(k, false);
		h3(k, true);
		h4(k);
		h9(k);
		for (int n = 0; n < 2; n++) {
			h2(k, (enum style)n);
			h5(k, (enum style)n);
			h5_dead(k, (enum style)n);
		}
	}
	FOR_KINDS(k, MESSAGES)
	{
		for (int landed = 0; landed < 4; landed++)
			for (int steps = 0; h6(k, steps, landed); steps++)
				;
		h8(k);
	}
	h7(false);
	h7(true);
	for (int n = 0; n < 4; n++)
		h10(n & 1, (enum style)(n / 2));
	for (int n = 0; n < 4; n++)
		h11(n & 1, n / 2);
	return script_done();
}
