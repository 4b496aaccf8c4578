/* SPDX-License-Identifier: MIT */
/*
 * Scenarios R1 .. R22: what twenty years of interrupts that move have run into,
 * one line each, over every kind of source it can happen to.
 *
 * Not here, because nothing of the kind exists in this library:
 *
 *   R17  a guest's EOI against a forced one: there are no guests and no deferred
 *        EOI; every interrupt is ended by the code that took it.
 *   R20  resume after the registers were lost: the library does not cache what
 *        registers hold, and has no resume; a host frees and creates again.
 *
 * R10 (a bitmap shared by sources that must not share a vector) exists twice:
 * level pins, and the shared namespace. R16 and R18 (the stack of deferred EOIs)
 * exist as nested interrupts, each ended in its place, and as a level pin whose
 * EOI is on its way when its CPU leaves.
 */
#include "tests/script.h"

/* ---- moves -------------------------------------------------------------- */

static void r1(uint8_t k)
{
	begin(&(struct options){ .kind = k }, "R1 %s: a request during a move is done after it",
	      kind_name[k]);
	check_eq(move(0, BIT(1)), FERRY_OK, "first request");
	check(state(0) == FERRY_MOVING || state(0) == FERRY_DRAINING, "state %d", state(0));
	check_eq(move(0, BIT(2)), FERRY_OK, "second request");
	check(look(0).queued, "the second request is not queued");
	check_eq(place(0), BIT(1), "place before the interrupt");
	raise_irq(0);
	run_quiet();
	check_eq(S.starts[0], 1, "starts");
	check_eq(place(0), BIT(2), "place after the interrupt");
	check_eq(requested(0), BIT(2), "requested");
	check(!look(0).queued, "still queued");
	raise_irq(0);
	run_quiet();
	check_eq(look(0).generation, ticket(), "generation");
	check_eq(S.starts[0], 2, "starts");
	check_eq(S.ran_on[0], 2, "CPU of the second start");
	end();
}

/* The same, the request made at each step of the first arrival's entry. */
static void r1_race(uint8_t k)
{
	bool more = true;

	for (int steps = 0; more; steps++) {
		begin(&(struct options){ .kind = k },
		      "R1 %s: a request %d steps into the arrival that ends a move", kind_name[k],
		      steps);
		S.on = 2;
		move(0, BIT(1));
		raise_irq(0);
		check(take_begin(1), "nothing arrives at the new place");
		for (int n = 0; n < steps && more; n++)
			more = S.m->cpu[1].depth && step(1);
		start(2,
		      (struct call){
			      .run = call_move, .src = 0, .mask = BIT(2), .prefer = FERRY_NONE });
		/* One of them may have to wait for the other's lock. */
		finish(2);
		run_quiet();
		check_eq(S.call[2].rc, FERRY_OK, "request");
		check_eq(place(0), BIT(2), "place");
		check_eq(S.starts[0], 1, "starts");
		end();
	}
}

/* ---- a CPU of the move leaves ------------------------------------------- */

static const char *const style_name[] = { "when empty", "at once" };

/* `wide`: the old CPU is in the requested mask too. `late`: the move has its
 * evidence, the doorbell to the old CPU is still under way. */
static void new_cpu_leaves(uint8_t k, bool wide, bool late, enum style style, const char *id)
{
	begin(&(struct options){ .kind = k },
	      "%s %s: the new CPU leaves %s, the old one %s the mask, commit %s", id, kind_name[k],
	      late ? "while the old one owes" : "before the first arrival", wide ? "in" : "outside",
	      style_name[style]);
	S.on = 2;
	fire(0);
	reach(0); /* to the old place, slow */
	check_eq(move_prefer(0, wide ? BIT(0) | BIT(1) : BIT(1), 1), FERRY_OK, "request");
	arrive(0);
	raise_irq(0);
	if (late) {
		/* Any kind: the second event arrives at the new place and proves it. */
		take(1);
		check_eq(state(0), FERRY_DRAINING, "state");
	}
	check_eq(offline(1, style), FERRY_OK, "offline");
	run_quiet();
	check(S.m->cpu[1].parked, "it is not parked");
	check(place(0) == BIT(0) || (!wide && place(0) == BIT(2)), "place %#llx",
	      (unsigned long long)place(0));
	check_eq(look(0).broken, !wide, "broken");
	check_eq(S.starts[0], 2, "starts");
	raise_irq(0);
	run_quiet();
	check_eq(S.starts[0], 3, "starts");
	end();
}

/* A level pin with something to do doesn't move, so none of this is in flight. */
static void new_cpu_of_level_leaves(bool wide, enum style style, const char *id)
{
	begin(&(struct options){ .kind = FERRY_X86_IOAPIC_LEVEL },
	      "%s level pin: the new CPU leaves while the old one owes, the old one %s the mask, "
	      "commit %s",
	      id, wide ? "in" : "outside", style_name[style]);
	S.on = 2;
	check_eq(move_prefer(0, wide ? BIT(0) | BIT(1) : BIT(1), 1), FERRY_OK, "request");
	check_eq(state(0), FERRY_DRAINING, "state");
	raise_irq(0);
	check_eq(offline(1, style), FERRY_OK, "offline");
	run_quiet();
	check_eq(look(0).broken, !wide, "broken");
	check_eq(S.starts[0], 1, "starts");
	raise_irq(0);
	run_quiet();
	check_eq(S.starts[0], 2, "starts");
	end();
}

static void r2_r3(void)
{
	for (int n = 0; n < 4; n++) {
		FOR_KINDS(k, MESSAGES)
		{
			new_cpu_leaves(k, n & 1, false, (enum style)(n / 2), "R2");
			new_cpu_leaves(k, n & 1, true, (enum style)(n / 2), "R3");
		}
		new_cpu_of_level_leaves(n & 1, (enum style)(n / 2), "R3");
	}
}

/* R4: what is latched in the old CPU's IRR when it commits goes on elsewhere. */
static void r4(uint8_t k, enum style style)
{
	begin(&(struct options){ .kind = k },
	      "R4 %s: the old CPU leaves during the move with the IRR set: %s", kind_name[k],
	      style == AT_ONCE ? "forwarded" : "taken there");
	S.on = 1;
	raise_irq(0); /* in the IRR of CPU 0, which takes nothing */
	check(pending(0, vector_of(0)), "nothing is in the IRR");
	check_eq(move(0, BIT(1)), FERRY_OK, "request");
	check_eq(offline(0, style), FERRY_OK, "offline");
	run_quiet();
	check_eq(S.starts[0], 1, "starts");
	check_eq(S.ran_on[0], style == AT_ONCE, "CPU of the start");
	check_eq(S.traced[FERRY_TRACE_FORWARD], style == AT_ONCE, "forwards");
	end();
}

/* R5: the old CPU goes and comes back before the move has its first arrival. */
static void r5(uint8_t k, enum style style)
{
	begin(&(struct options){ .kind = k },
	      "R5 %s: the old CPU leaves and returns before the first arrival, commit %s",
	      kind_name[k], style_name[style]);
	move(0, BIT(1));
	check_eq(offline(0, style), FERRY_OK, "offline");
	check_eq(state(0), FERRY_SETTLED, "state while it is away");
	check_eq(online(0), FERRY_OK, "online");
	raise_irq(0);
	run_quiet();
	check_eq(S.starts[0], 1, "starts");
	check_eq(look(0).old_cpus, 0, "CPUs that owe");
	check_eq(used(0), 0, "vectors in use on the CPU that returned");
	check_eq(move(0, BIT(0)), FERRY_OK, "back");
	check_eq(place(0), BIT(0), "place");
	raise_irq(0);
	run_quiet();
	check_eq(S.ran_on[0], 0, "CPU of the start");
	end();
}

/* R6: a place of two CPUs is being left, and both leave one after the other. */
static void r6(uint8_t k, enum style style)
{
	begin(&(struct options){ .kind = k,
				 .cpus = 4,
				 .flat = true,
				 .bare = true,
				 .flags = FERRY_SOURCE_SEVERAL },
	      "R6 %s: two old CPUs leave in turn, commit %s", kind_name[k], style_name[style]);
	make(0, BIT(0) | BIT(1));
	check_eq(place(0), BIT(0) | BIT(1), "first place");
	S.on = 3;
	if (k != FERRY_X86_IOAPIC_LEVEL) {
		fire(0);
		reach(0);
		accept_on(0, 1);
	}
	check_eq(move(0, BIT(2) | BIT(3)), FERRY_OK, "request");
	check_eq(old_place(0), BIT(0) | BIT(1), "old place");
	check_eq(offline(0, style), FERRY_OK, "the first leaves");
	check_eq(offline(1, style), FERRY_OK, "the second leaves");
	run_quiet();
	check_eq(look(0).old_cpus, 0, "CPUs that owe");
	check_eq(state(0), FERRY_SETTLED, "state");
	check_eq(place(0), BIT(2) | BIT(3), "place");
	raise_irq(0);
	run_quiet();
	check_eq(S.starts[0], k == FERRY_X86_IOAPIC_LEVEL ? 1 : 2, "starts");
	end();
}

/* ---- doorbells ---------------------------------------------------------- */

/* R7: the doorbell is on its way to a CPU that commits. It must not be gone before
 * the doorbell has come: whoever else rings relies on that one. */
static void r7(uint8_t k)
{
	begin(&(struct options){ .kind = k }, "R7 %s: the old CPU leaves with a doorbell in flight",
	      kind_name[k]);
	move(0, BIT(1));
	if (k != FERRY_X86_IOAPIC_LEVEL) {
		raise_irq(0);
		take(1);
	}
	check_eq(state(0), FERRY_DRAINING, "state");
	check(ipi_flying(0), "no doorbell is on its way");
	check_eq(leave(0), FERRY_OK, "leave");
	check_eq(leave_step(0, NULL), FERRY_OK, "step");
	start(0, (struct call){ .run = call_commit });
	check(!finish(0) && blocked(0), "it commits before the doorbell has come");
	check(!S.m->cpu[0].parked, "it is parked");
	check(ipi(0), "the doorbell is gone");
	check(finish(0), "it still waits");
	check_eq(S.call[0].rc, FERRY_OK, "commit");
	check_eq(state(0), FERRY_SETTLED, "state");
	check_eq(online(0), FERRY_OK, "online");
	/* The second life must not inherit the first one's "already rung". */
	for (int n = 0; n < 2; n++) {
		move(0, n ? BIT(2) : BIT(0));
		raise_irq(0);
		run_quiet();
		check_eq(state(0), FERRY_SETTLED, "state after a move of the second life");
	}
	end();
}

/* R7: the doorbell is one the leaving CPU sent to itself. */
static void r7_own(uint8_t k)
{
	begin(&(struct options){ .kind = k, .sources = 2 },
	      "R7 %s: a CPU leaves with its own doorbell in flight", kind_name[k]);
	check_eq(leave(0), FERRY_OK, "leave");
	leave_step(0, NULL);
	pass_bound();
	leave_step(0, NULL);
	check_eq(leave_step(0, NULL), FERRY_OK, "step");
	if (check(ipi_flying(0), "it rang nobody")) {
		start(0, (struct call){ .run = call_commit });
		check(!finish(0), "it commits with its own doorbell in flight");
		ipi(0);
		check(finish(0), "it still waits");
	}
	check_eq(online(0), FERRY_OK, "online");
	end();
}

/* R8: the old CPU is in its doorbell handler when evidence comes, with the IRR set: it
 * may not clear, must look again, and must not keep what it waits for from running. */
static void r8(uint8_t k, uint32_t n)
{
	begin(&(struct options){ .kind = k, .sources = n },
	      "R8 %s: cleanup of %u with their IRR bits set", kind_name[k], n);
	S.on = 2;
	for (uint32_t i = 0; i < n; i++) {
		fire(i);
		reach(i);
		move(i, BIT(1));
	}
	stray(0, S.m->config.doorbell);
	check(take_begin(0), "the doorbell is not taken");
	for (uint32_t i = 0; i < n; i++) {
		arrive(i);
		raise_irq(i);
		check(take(1), "nothing arrives at the new place");
		check_eq(state(i), FERRY_DRAINING, "state");
	}
	check(finish_frame(0), "the doorbell handler is blocked");
	for (uint32_t i = 0; i < n; i++)
		check_eq(state(i), FERRY_DRAINING, "state with the IRR set");
	check_eq(S.counters[0].retries, n, "retries");
	check(ipi(0), "it does not ring again");
	/* What waits outranks the doorbell. */
	for (uint32_t i = 0; i < n; i++)
		check(take(0), "nothing is taken");
	for (uint32_t i = 0; i < n; i++)
		check_eq(S.starts[i], 2, "starts before the doorbell");
	check(take(0), "the doorbell is not taken again");
	for (uint32_t i = 0; i < n; i++)
		check_eq(state(i), FERRY_SETTLED, "state");
	check(!ipi_flying(0), "it rings for ever");
	end();
}

/* ---- freed in the middle ------------------------------------------------ */

enum when { QUEUED_MOVE, IN_MOVING, IN_DRAINING, AT_REST };
static const char *const when_name[] = { "with a request queued", "in MOVING", "in DRAINING",
					 "settled" };

static void reach_state(enum when when)
{
	if (when == AT_REST)
		return;
	move(0, BIT(1));
	if (when == QUEUED_MOVE)
		move(0, BIT(2));
	if (when == IN_DRAINING && S.m->source[0].kind != FERRY_X86_IOAPIC_LEVEL) {
		raise_irq(0);
		take(1);
	}
	check_eq(state(0),
		 S.m->source[0].kind == FERRY_X86_IOAPIC_LEVEL || when == IN_DRAINING ?
			 FERRY_DRAINING :
			 FERRY_MOVING,
		 "state");
}

/* R9: neither the number nor a vector is given away before the drain, whatever was
 * going on; a late message of the dead one starts nobody's handler. */
static void r9(uint8_t k, enum when when)
{
	uint32_t irq, started;

	begin(
		&(struct options){
			.kind = k, .sources = 2, .bare = true, .first = 0x40, .last = 0x41 },
		"R9 %s: freed %s, then one is created", kind_name[k], when_name[when]);
	S.on = 2;
	make(0, BIT(0));
	reach_state(when);
	irq = S.m->source[0].irq;
	if (k != FERRY_X86_IOAPIC_LEVEL)
		fire(0);
	else
		raise_irq(0);
	started = S.starts[0];
	check_eq(release(0, 0), FERRY_E_AGAIN, "free");
	check_eq(make(1, ~0ull), 1, "create");
	check(S.m->source[1].irq != irq, "the number is handed out before the drain");
	if (k != FERRY_X86_IOAPIC_LEVEL)
		arrive(0);
	run_quiet();
	check_eq(S.starts[1], 0, "starts of the new one");
	check_eq(S.starts[0], started, "starts of the dead one");
	check(release_all(0), "it is never free");
	for (uint32_t cpu = 0; cpu < 3; cpu++)
		check_eq(used(cpu), place(1) >> cpu & 1, "vectors in use");
	check_eq(make(0, ~0ull), 1, "create again");
	check_eq(S.m->source[0].irq, irq, "the number");
	check_eq(state(0), FERRY_SETTLED, "the new one's state");
	raise_irq(0);
	raise_irq(1);
	run_quiet();
	check_eq(S.starts[0], started + 1, "starts");
	check_eq(S.starts[1], 1, "starts of the other");
	end();
}

/* ---- vectors that must differ ------------------------------------------- */

static bool all_distinct(void)
{
	for (uint32_t i = 0; i < S.sources; i++)
		for (uint32_t j = 0; j < i; j++)
			if (vector_of(i) == vector_of(j))
				return false;
	return true;
}

/* R10: two siblings move at once; one is `steps` into its call when the other runs. */
static bool r10_at(uint8_t k, bool shared, int steps)
{
	bool more = true;

	begin(
		&(struct options){
			.kind = k, .sources = 4, .cpus = 4, .shared = shared, .bare = true },
		"R10 %s%s: siblings move at once, %d steps in, vectors stay distinct", kind_name[k],
		shared ? ", shared namespace" : "", steps);
	for (uint32_t i = 0; i < 4; i++)
		make(i, BIT(i / 2));
	check(all_distinct(), "not distinct from the beginning");
	start(2, (struct call){ .run = call_move, .src = 0, .mask = BIT(2), .prefer = NONE });
	for (int n = 0; n < steps && more; n++)
		more = S.m->cpu[2].state != CPU_IDLE && step(2);
	start(3, (struct call){ .run = call_move, .src = 2, .mask = BIT(3), .prefer = NONE });
	finish(3);
	run_quiet();
	check_eq(S.call[2].rc, FERRY_OK, "first move");
	check_eq(S.call[3].rc, FERRY_OK, "second move");
	S.on = 1;
	check(all_distinct(), "two have the same vector");
	check_eq(move(0, BIT(3)), FERRY_OK, "move after the sibling");
	run_quiet();
	check(all_distinct(), "two have the same vector after both moved to one CPU");
	end();
	return more;
}

static void r10(uint8_t k, bool shared)
{
	for (int steps = 0; r10_at(k, shared, steps); steps += 3)
		;
}

/* ---- level pins --------------------------------------------------------- */

/* R11: a move is asked for while the line is in service; its EOI is late. */
static void r11(bool directed, bool again)
{
	struct source *s;

	begin(&(struct options){ .kind = FERRY_X86_IOAPIC_LEVEL, .directed_eoi = directed },
	      "R11 level pin, %s: moved while in service%s",
	      directed ? "directed EOI" : "EOI broadcast", again ? ", line up again at once" : "");
	s = &S.m->source[0];
	raise_irq(0);
	check(take_into_handler(0), "no handler");
	check(s->remote_irr, "not in service");
	check_eq(move(0, BIT(1)), FERRY_OK, "request");
	check_eq(place(0), BIT(0), "moved in service");
	finish_frame(0);
	if (again)
		fire(0);
	/* The doorbell looks at the pin again and again, and may not touch it. */
	for (int n = 0; !directed && n < 3; n++) {
		ipi(0);
		check(take(0), "nobody looks at the pin again");
		check(s->remote_irr, "remote IRR is clear before the EOI");
		check_eq(place(0), BIT(0), "place before the EOI");
	}
	eoi();
	run_quiet();
	check(!s->remote_irr, "remote IRR is set for ever");
	check_eq(place(0), BIT(1), "place");
	check_eq(S.starts[0], again ? 2 : 1, "starts");
	raise_irq(0);
	run_quiet();
	check_eq(S.ran_on[0], 1, "CPU of the start");
	end();
}

/* ---- torn messages ------------------------------------------------------ */

/*
 * R12: an event at each step of a move. The vector of the old place is taken on the
 * new CPU, so both halves of the message must change. `hold`: its message goes on
 * its way only after the move's call has returned.
 */
static bool r12_at(uint8_t k, int steps, bool hold, bool shared)
{
	bool more = true;

	begin(&(struct options){ .kind = k, .sources = 2, .bare = true, .shared = shared },
	      "R12 %s%s: an event %d steps into the move, message %s", kind_name[k],
	      shared ? ", shared namespace" : "", steps, hold ? "held" : "at once");
	make(1, BIT(1));
	make(0, BIT(0));
	if (k != FERRY_X86_IOAPIC_LEVEL && !shared)
		check_eq(vector_of(0), vector_of(1), "vector of the other");
	start(2, (struct call){ .run = call_move, .src = 0, .mask = BIT(1), .prefer = NONE });
	for (int n = 0; n < steps && more; n++)
		more = step(2) && S.m->cpu[2].state != CPU_IDLE;
	fire(0);
	if (!hold)
		arrive(0);
	finish(2);
	check_eq(S.call[2].rc, FERRY_OK, "request");
	run_quiet();
	check_eq(S.starts[0], 1, "starts");
	check_eq(S.starts[1], 0, "starts of the other");
	fire(0);
	fire(1);
	run_quiet();
	check_eq(S.starts[0], 2, "starts");
	check_eq(S.ran_on[0], 1, "CPU of the start");
	check_eq(S.starts[1], 1, "starts of the other");
	end();
	return more;
}

static void r12(uint8_t k)
{
	for (int steps = 0; r12_at(k, steps, false, false); steps++)
		;
	for (int steps = 0; r12_at(k, steps, true, false); steps++)
		;
	for (int steps = 0; r12_at(k, steps, false, true); steps++)
		;
}

/* ---- shortage ----------------------------------------------------------- */

/* R13: no vector anywhere else: said before, said by the step, and given up. */
static void r13(uint8_t k)
{
	struct ferry_blocker blocker = { 0, 0 };
	struct ferry_dry_run sum;
	uint32_t left;

	/* Level vectors are distinct machine-wide: two of them, for two CPUs. */
	begin(&(struct options){ .kind = k,
				 .sources = 4,
				 .cpus = 2,
				 .bare = true,
				 .first = 0x40,
				 .last = 0x41 },
	      "R13 %s: offline with full vectors is refused, said before, and undone",
	      kind_name[k]);
	if (k == FERRY_X86_IOAPIC_LEVEL) {
		make(0, BIT(0));
		/* Messages without uniqueness fill the other CPU. */
		S.m->source[2].kind = S.m->source[3].kind = FERRY_X86_MSIX;
	} else {
		make(0, BIT(0));
		make(1, BIT(0));
	}
	make(2, BIT(1));
	make(3, BIT(1));
	check_eq(free_vectors(1), 0, "free vectors on the other CPU");
	machine_look(S.m);
	check_eq(dry_run(0, &sum, &blocker, 1), FERRY_OK, "dry run");
	machine_looked(S.m);
	check_eq(sum.blocked, k == FERRY_X86_IOAPIC_LEVEL ? 1 : 2, "blocked");
	check_eq(blocker.reason, FERRY_E_NO_SPACE, "reason");
	check_eq(leave(0), FERRY_OK, "leave");
	check_eq(leave_step(0, &left), FERRY_E_NO_SPACE, "step");
	check(S.refused_irq == S.m->source[0].irq || S.refused_irq == S.m->source[1].irq,
	      "irq %u is named", S.refused_irq);
	check_eq(commit(0), FERRY_E_AGAIN, "commit");
	check_eq(place(0), BIT(0), "place");
	check_eq(roll_back(0), FERRY_OK, "roll back");
	raise_irq(0);
	run_quiet();
	check_eq(S.starts[0], 1, "starts");
	check(release_all(2) && release_all(3), "free");
	check_eq(offline(0, EMPTY), FERRY_OK, "offline when there is room");
	raise_irq(0);
	run_quiet();
	check_eq(S.ran_on[0], 1, "CPU of the start");
	end();
}

/* R14: an interrupt that never fires was moved; its old vector is wanted. */
static void r14(uint8_t k)
{
	begin(
		&(struct options){
			.kind = k, .sources = 2, .bare = true, .first = 0x40, .last = 0x40 },
		"R14 %s: moved and silent, its old vector comes free by the bound", kind_name[k]);
	make(0, BIT(0));
	check_eq(move(0, BIT(1)), FERRY_OK, "move");
	if (k == FERRY_X86_IOAPIC_LEVEL)
		S.m->source[1].kind = FERRY_X86_MSIX;
	make(1, BIT(2));
	check_eq(move(1, BIT(0)), FERRY_E_NO_SPACE, "its vector is taken");
	check_eq(settle(0), FERRY_E_AGAIN, "settle");
	pass_bound();
	run_quiet();
	check_eq(state(0), FERRY_SETTLED, "state");
	check_eq(used(0), 0, "vectors in use on the old CPU");
	check_eq(move(1, BIT(0)), FERRY_OK, "its vector is free");
	raise_irq(0);
	raise_irq(1);
	run_quiet();
	check_eq(S.ran_on[1], 0, "CPU of the start");
	end();
}

/* R15: nobody enabled it yet when its CPU leaves. */
static void r15(uint8_t k, enum style style)
{
	uint32_t home;

	begin(&(struct options){ .kind = k, .bare = true },
	      "R15 %s: never enabled, its CPU leaves, then enabled, commit %s", kind_name[k],
	      style_name[style]);
	check_eq(create(0, BIT(0) | BIT(1)), 1, "create");
	check_eq(move(0, BIT(0) | BIT(2)), FERRY_OK, "request while disabled");
	home = look(0).first_cpu;
	check_eq(offline(home, style), FERRY_OK, "offline");
	check(place(0) != BIT(home), "it stays on a CPU that is offline");
	S.on = home == 2 ? 1 : 2;
	check_eq(enable(0), FERRY_OK, "enable");
	raise_irq(0);
	run_quiet();
	check_eq(S.starts[0], 1, "starts");
	end();
}

/* R16: an edge of higher priority comes into a level handler; each EOI ends its own. */
static void r16(uint8_t k, bool directed)
{
	uint32_t low, high;

	begin(&(struct options){ .kind = FERRY_X86_IOAPIC_LEVEL,
				 .sources = 2,
				 .rest = 1 + k,
				 .directed_eoi = directed },
	      "R16 %s into a level handler%s: each is ended in its turn", kind_name[k],
	      directed ? ", directed EOI" : "");
	S.nested = true;
	low = vector_of(0);
	high = vector_of(1);
	check(low >> 4 < high >> 4, "priorities");
	raise_irq(0);
	check(take_into_handler(0), "no handler");
	raise_irq(1);
	check(take(0), "the higher one does not come in");
	check_eq(S.starts[1], 1, "starts");
	check(S.m->cpu[0].isr[low >> 6] >> (low & 63) & 1, "the level pin was ended by the other");
	finish_frame(0);
	check(!in_service(0), "something stays in service");
	run_quiet();
	check(!S.m->source[0].remote_irr, "remote IRR");
	check_eq(S.starts[0], 1, "starts");
	end();
}

/* R18: the CPU that took a level interrupt leaves before its EOI reaches the pin. */
static void r18(enum style style)
{
	uint32_t left;

	begin(&(struct options){ .kind = FERRY_X86_IOAPIC_LEVEL, .bare = true },
	      "R18 level pin: its CPU leaves with the EOI broadcast in flight, commit %s",
	      style_name[style]);
	make(0, BIT(0));
	move_prefer(0, BIT(0) | BIT(1), 0);
	raise_irq(0);
	check(take(0), "nothing is taken");
	check(S.m->source[0].remote_irr, "not in service at the pin");
	check_eq(leave(0), FERRY_OK, "leave");
	check_eq(leave_step(0, &left), FERRY_E_AGAIN, "step");
	check_eq(left, 1, "left");
	check_eq(commit(0), FERRY_E_AGAIN, "commit");
	check_eq(place(0), BIT(0), "moved in service");
	fire(0); /* up again: it must not be lost, nor start on the old CPU only */
	eoi();
	check_eq(roll_back(0), FERRY_OK, "roll back");
	check_eq(offline(0, style), FERRY_OK, "offline");
	run_quiet();
	check_eq(S.starts[0], 2, "starts");
	raise_irq(0);
	run_quiet();
	check(S.ran_on[0] != 0, "CPU of the start");
	end();
}

/* ---- disable ------------------------------------------------------------ */

static void mask_hook(uint32_t src, uint32_t cpu)
{
	(void)cpu;
	check_eq(ferry_irq_mask(S.f, S.m->source[src].irq), FERRY_OK, "mask from the handler");
}

/* R19: the handler masks its own interrupt; more comes; unmasked it runs once. */
static void r19_handler(uint8_t k)
{
	begin(&(struct options){ .kind = k }, "R19 %s: masked from inside its handler",
	      kind_name[k]);
	S.hook = mask_hook;
	raise_irq(0);
	check(take_into_handler(0), "no handler");
	if (k != FERRY_X86_IOAPIC_LEVEL) {
		raise_irq(0);
		raise_irq(0);
	}
	finish_frame(0);
	run_quiet();
	check_eq(S.starts[0], 1, "starts while masked");
	S.hook = NULL;
	if (k == FERRY_X86_IOAPIC_LEVEL)
		fire(0);
	run_quiet();
	check_eq(S.starts[0], 1, "starts while masked");
	check_eq(unmask(0), FERRY_OK, "unmask");
	run_quiet();
	check_eq(S.starts[0], 2, "starts after unmask");
	end();
}

/* R19: disabled by another CPU, which waits until the handler has returned. */
static void r19_other(uint8_t k)
{
	begin(&(struct options){ .kind = k }, "R19 %s: disabled by another CPU during its handler",
	      kind_name[k]);
	raise_irq(0);
	check(take_into_handler(0), "no handler");
	if (k != FERRY_X86_IOAPIC_LEVEL)
		raise_irq(0);
	start(2, (struct call){ .run = call_disable, .src = 0 });
	check(!finish(2) && blocked(2), "disable does not wait for the handler");
	finish_frame(0);
	check(finish(2), "disable waits for ever");
	check_eq(S.call[2].rc, FERRY_OK, "disable");
	if (k == FERRY_X86_IOAPIC_LEVEL)
		fire(0);
	run_quiet();
	check_eq(S.starts[0], 1, "starts while disabled");
	check_eq(enable(0), FERRY_OK, "enable");
	run_quiet();
	check_eq(S.starts[0], 2, "starts after enable");
	end();
}

/* ---- the last vector, the last CPU -------------------------------------- */

/* R21: each single vector left over is found, wherever it is. */
static void r21(uint8_t k, bool shared)
{
	begin(&(struct options){ .kind = k,
				 .sources = 33,
				 .cpus = 1,
				 .bare = true,
				 .first = 0x4c,
				 .last = 0x6b,
				 .shared = shared },
	      "R21 %s%s: every last free vector is found", kind_name[k],
	      shared ? ", shared namespace" : "");
	for (uint32_t i = 0; i < 32; i++)
		check_eq(make(i, BIT(0)), 1, "create");
	check_eq(free_vectors(0), 0, "free");
	check_eq(create(32, BIT(0)), FERRY_E_NO_SPACE, "one too many");
	check_eq(create(32, ~0ull), FERRY_E_NO_SPACE, "one too many, anywhere");
	for (uint32_t i = 0; i < 32; i++) {
		uint8_t vector = vector_of(i);

		check(release_all(i), "free");
		check_eq(create(32, i & 1 ? BIT(0) : ~0ull), 1, "create in the last vector");
		check_eq(vector_of(32), vector, "vector");
		check(release_all(32), "free");
		check_eq(make(i, BIT(0)), 1, "create again");
	}
	end();
}

/* R22: the CPUs asked for are all gone; one returns. */
static void r22(uint8_t k, bool restore, enum style style)
{
	begin(&(struct options){ .kind = k, .restore = restore },
	      "R22 %s: no requested CPU is online, then one returns, restore %s, commit %s",
	      kind_name[k], restore ? "on" : "off", style_name[style]);
	check_eq(offline(0, style), FERRY_OK, "offline");
	check(look(0).broken, "not broken");
	check_eq(requested(0), BIT(0), "requested");
	check_eq(move(0, BIT(0)), FERRY_E_NO_CPU, "a request for it while away");
	check(look(0).broken && requested(0) == BIT(0), "the refusal changed something");
	raise_irq(0);
	run_quiet();
	check_eq(S.starts[0], 1, "starts while away");
	pass_bound();
	run_quiet();
	check_eq(online(0), FERRY_OK, "online");
	run_quiet();
	pass_bound();
	run_quiet();
	check_eq(place(0) == BIT(0), restore, "back at the requested place");
	check_eq(look(0).broken, !restore, "broken");
	raise_irq(0);
	run_quiet();
	check_eq(S.starts[0], 2, "starts");
	check_eq(S.ran_on[0] == 0, restore, "started at the requested place");
	end();
}

/* R22: a CPU returns, but not one that was asked for. */
static void r22_other(uint8_t k)
{
	uint32_t programs;

	begin(&(struct options){ .kind = k, .cpus = 4, .restore = true },
	      "R22 %s: another CPU returns than the one asked for: nothing happens", kind_name[k]);
	check_eq(offline(0, EMPTY), FERRY_OK, "offline");
	check_eq(offline(place(0) == BIT(1) ? 2 : 1, EMPTY), FERRY_OK, "offline of another");
	rest_of_move();
	programs = S.traced[FERRY_TRACE_PROGRAM];
	check_eq(online(S.m->cpu[1].parked ? 1 : 2), FERRY_OK, "online");
	run_quiet();
	check_eq(S.traced[FERRY_TRACE_PROGRAM], programs, "places programmed");
	check(look(0).broken && !look(0).queued && !look(0).starved, "asked for without its CPU");
	check_eq(online(0), FERRY_OK, "online");
	rest_of_move();
	check_eq(place(0), BIT(0), "place when its CPU is back");
	end();
}

static void styles(void)
{
	for (int n = 0; n < 2; n++) {
		enum style style = (enum style)n;

		FOR_KINDS(k, MESSAGES)
		r4(k, style);
		FOR_KINDS(k, ALL_KINDS)
		{
			r5(k, style);
			r6(k, style);
			r15(k, style);
			r22(k, true, style);
			r22(k, false, style);
		}
		r18(style);
	}
}

int main(void)
{
	FOR_KINDS(k, MESSAGES)
	{
		r1(k);
		r1_race(k);
		r8(k, 1);
		r8(k, 3);
	}
	r2_r3();
	styles();
	FOR_KINDS(k, ALL_KINDS)
	{
		r7(k);
		r7_own(k);
		for (int when = QUEUED_MOVE; when <= AT_REST; when++)
			r9(k, (enum when)when);
		r10(k, true);
		r12(k);
		r13(k);
		r14(k);
		r19_handler(k);
		r19_other(k);
		r21(k, false);
		r21(k, true);
		r22_other(k);
	}
	r10(FERRY_X86_IOAPIC_LEVEL, false);
	for (int n = 0; n < 4; n++)
		r11(n & 1, n & 2);
	FOR_KINDS(k, MESSAGES)
	{
		r16(k, false);
		r16(k, true);
	}
	return script_done();
}
