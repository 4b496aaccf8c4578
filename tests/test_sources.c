/* SPDX-License-Identifier: MIT */
/*
 * What differs from source to source: what a move owes, what stands between two
 * writes, what an address can name, places of several CPUs, level pins.
 */
#include "tests/script.h"

/* ---- what is owed after programming ------------------------------------- */

/* A read-back that reaches the IRR, or an invalidation that drains, is the whole
 * evidence: then the move goes straight to DRAINING, and only then. */
static void owed(uint8_t k, bool strong)
{
	bool remapped = k == FERRY_X86_REMAPPED;

	begin(&(struct options){ .kind = k,
				 .unordered = true,
				 .no_bound = true,
				 .fence_irr = strong && !remapped,
				 .remap_drains = strong && remapped },
	      "owed, %s: a fence that %s the IRR %s", kind_name[k],
	      strong ? "reaches" : "stops before", strong ? "is evidence" : "is none");
	fire(0);
	reach(0);
	check_eq(move(0, BIT(1)), strong ? FERRY_OK : FERRY_E_NO_BOUND, "move");
	if (strong) {
		check_eq(state(0), FERRY_DRAINING, "state");
		check(pending(0, 0x31), "the message before the fence is not in the IRR");
	}
	arrive(0);
	run_quiet();
	check_eq(place(0), strong ? BIT(1) : BIT(0), "place");
	check_eq(S.starts[0], 1, "starts");
	check_eq(state(0), FERRY_SETTLED, "state without time or arrival");
	end();
}

/* Unordered: the first arrival at the new place proves nothing, an earlier message
 * may still be on its way to the old one. */
static void overtaken(uint8_t k)
{
	begin(&(struct options){ .kind = k, .unordered = true },
	      "overtaking, %s: a later message is no evidence for an earlier one", kind_name[k]);
	fire(0);
	reach(0);
	move(0, BIT(1));
	fire(0);
	while (reach(0))
		;
	check(accept_newest(0), "nothing to accept");
	check(take(1), "nothing arrives at the new place");
	run_others(0);
	check_eq(S.starts[0], 1, "starts");
	/* run_others let the slow one in as well; the slot must still be there. */
	run_quiet();
	check_eq(S.starts[0], 2, "starts");
	check_eq(state(0), FERRY_MOVING, "state");
	rest_of_move();
	check_eq(state(0), FERRY_SETTLED, "state after the bound");
	end();
}

/* Remembered at the old place, started at the new one: the device sent nothing there,
 * so the start is no evidence. */
static void latched_then_moved(uint8_t k)
{
	begin(&(struct options){ .kind = k },
	      "evidence, %s: what was latched at the old place starts at the new one and proves "
	      "nothing",
	      kind_name[k]);
	mask(0);
	if (k == FERRY_X86_MSI || k == FERRY_X86_IOAPIC_EDGE || k == FERRY_X86_REMAPPED)
		raise_irq(0); /* these are masked in memory only */
	run_quiet();
	check_eq(S.starts[0], 0, "starts while masked");
	move(0, BIT(1));
	unmask(0);
	run_quiet();
	check_eq(S.starts[0],
		 k == FERRY_X86_MSI || k == FERRY_X86_IOAPIC_EDGE || k == FERRY_X86_REMAPPED,
		 "starts");
	if (S.starts[0])
		check_eq(S.ran_on[0], 1, "CPU of the start");
	check_eq(state(0), FERRY_MOVING, "state");
	end();
}

/* An arrival in the transit slot (old CPU, new vector) proves nothing either. */
static bool torn(void)
{
	struct source *s = &S.m->source[0];

	return (s->kind == FERRY_X86_MSI ? s->msi_data : s->rte_low) % 256 != 0x31;
}

static void transit(uint8_t k)
{
	begin(&(struct options){ .kind = k, .sources = 2, .bare = true },
	      "transit, %s: an arrival between the two writes is handled and proves nothing",
	      kind_name[k]);
	make(1, BIT(1));
	make(0, BIT(0));
	check_eq(vector_of(0), 0x31, "vector");
	start(2, (struct call){ .run = call_move, .src = 0, .mask = BIT(1), .prefer = NONE });
	check(step_until(2, torn), "the vector never changes");
	fire(0);
	arrive(0);
	check(finish(2), "blocked");
	check(take(0), "nothing in the transit slot");
	check_eq(S.starts[0], 1, "starts");
	check_eq(state(0), FERRY_MOVING, "state");
	check_eq(used(0), 2, "slots on the old CPU");
	raise_irq(0);
	run_quiet();
	check_eq(state(0), FERRY_SETTLED, "state");
	check_eq(used(0), 0, "slots on the old CPU");
	end();
}

/* The transit slot too is only given back with its IRR bit clear. */
static void transit_pending(uint8_t k)
{
	begin(&(struct options){ .kind = k, .sources = 2, .bare = true },
	      "transit, %s: pending in the transit slot when its CPU leaves: forwarded",
	      kind_name[k]);
	make(1, BIT(1));
	make(0, BIT(0));
	start(2, (struct call){ .run = call_move, .src = 0, .mask = BIT(1), .prefer = NONE });
	check(step_until(2, torn), "the vector never changes");
	fire(0);
	arrive(0);
	check(finish(2), "blocked");
	check_eq(offline(0, AT_ONCE), FERRY_OK, "offline");
	run_quiet();
	check_eq(S.starts[0], 1, "starts");
	check_eq(S.ran_on[0], 1, "CPU of the start");
	end();
}

/* ---- what a message can name -------------------------------------------- */

static void moved_there(uint8_t k, uint32_t id, bool ext, bool can)
{
	uint32_t ids[] = { 0, 1, id };
	struct ferry_blocker b = { 9, 0 };
	struct ferry_dry_run sum;

	begin(&(struct options){ .kind = k,
				 .apic_ids = ids,
				 .ext_dest = ext,
				 .cpus = 3,
				 .sources = 2,
				 .bare = true },
	      "APIC id %u, %s%s: %s", id, kind_name[k], ext ? ", extended destination" : "",
	      can ? "an interrupt moves there" : "unreachable, and said so");
	S.on = 1;
	make(0, BIT(0));
	check_eq(move(0, BIT(2)), can ? FERRY_OK : FERRY_E_UNREACHABLE, "move");
	check_eq(place(0), can ? BIT(2) : BIT(0), "place");
	check_eq(create(1, BIT(2)), can ? 1 : FERRY_E_UNREACHABLE, "create");
	raise_irq(0);
	run_quiet();
	check_eq(S.ran_on[0], can ? 2 : 0, "CPU of the start");
	check_eq(move(0, BIT(0) | BIT(2)), FERRY_OK, "a mask with one it can name");
	rest_of_move();
	if (can) {
		move(0, BIT(0));
		rest_of_move();
	}
	check_eq(offline(1, EMPTY), FERRY_OK, "the other leaves");
	S.on = 2;
	machine_look(S.m);
	check_eq(dry_run(0, &sum, &b, 1), FERRY_OK, "dry run");
	machine_looked(S.m);
	check_eq(sum.blocked, !can, "blocked");
	check_eq(leave(0), FERRY_OK, "leave");
	if (can) {
		check_eq(leave_step(0, NULL) == FERRY_E_UNREACHABLE, 0, "step");
	} else {
		check_eq(b.reason, FERRY_E_UNREACHABLE, "reason");
		check_eq(leave_step(0, NULL), FERRY_E_UNREACHABLE, "step");
		check_eq(S.refused_irq, S.m->source[0].irq, "irq");
	}
	check_eq(roll_back(0), FERRY_OK, "roll back");
	end();
}

/* ---- places of several CPUs --------------------------------------------- */

static const uint32_t cluster_ids[] = { 0x10, 0x11, 0x12, 0x13 };

static void several(uint8_t k, bool cluster, const char *what)
{
	begin(&(struct options){ .kind = k,
				 .cpus = 4,
				 .flat = !cluster,
				 .cluster = cluster,
				 .apic_ids = cluster ? cluster_ids : NULL,
				 .bare = true,
				 .flags = FERRY_SOURCE_SEVERAL },
	      "several CPUs, %s%s: %s", kind_name[k], cluster ? ", cluster" : "", what);
	S.on = 3;
	make(0, BIT(0) | BIT(1) | BIT(2));
	check_eq(place(0), BIT(0) | BIT(1) | BIT(2), "place");
}

static void shrinks(uint8_t k, bool cluster, enum style style)
{
	uint8_t vector;

	several(k, cluster,
		style == EMPTY ? "one leaves, the set shrinks, commit when empty" :
				 "one leaves, the set shrinks, commit at once");
	vector = vector_of(0);
	if (k != FERRY_X86_IOAPIC_LEVEL) {
		fire(0);
		reach(0);
		accept_on(0, 1);
	}
	check_eq(offline(1, style), FERRY_OK, "offline");
	run_quiet();
	check_eq(place(0), BIT(0) | BIT(2), "place");
	check_eq(vector_of(0), vector, "vector");
	check(!look(0).broken, "broken");
	check_eq(S.starts[0], k != FERRY_X86_IOAPIC_LEVEL, "starts");
	for (uint32_t cpu = 0; cpu < 3; cpu += 2) {
		fire(0);
		reach(0);
		check(accept_on(0, cpu), "the message can't go to CPU %u", cpu);
		run_quiet();
		check_eq(S.ran_on[0], cpu, "CPU of the start");
	}
	/* Sets don't grow again by themselves. */
	check_eq(online(1), FERRY_OK, "online");
	run_quiet();
	check_eq(place(0), BIT(0) | BIT(2), "place after it returned");
	check_eq(move(0, BIT(1)), FERRY_OK, "move");
	rest_of_move();
	check_eq(place(0), BIT(1), "place");
	end();
}

/* A CPU that stays gets messages before and after: its arrivals prove nothing. */
static void shrink_evidence(uint8_t k)
{
	several(k, false, "an arrival at a CPU that stays does not end a shrinking");
	check_eq(leave(1), FERRY_OK, "leave");
	fire(0);
	reach(0); /* names all three, and is slow */
	leave_step(1, NULL);
	check_eq(place(0), BIT(0) | BIT(2), "place");
	check_eq(state(0), FERRY_MOVING, "state");
	check(accept_on(0, 0), "not accepted");
	check(take(0), "not taken");
	check_eq(state(0), FERRY_MOVING, "state after an arrival at a CPU that stays");
	fire(0);
	arrive(0);
	run_quiet();
	check_eq(state(0), FERRY_MOVING, "state after another one");
	pass_bound();
	check_eq(leave_step(1, NULL), FERRY_OK, "step after the bound");
	check_eq(commit(1), FERRY_OK, "commit");
	check_eq(S.starts[0], 2, "starts");
	end();
}

/* From {0,1,2} to 2 alone. MSI and edge pins keep their vector, and CPU 2 gets messages
 * with it before and after: no evidence. A new vector on the same CPU is. */
static void overlap(uint8_t k)
{
	several(k, false, "an arrival at a CPU of both sets, same vector, is no evidence");
	check_eq(move_prefer(0, BIT(2) | BIT(3), 2), FERRY_OK, "move");
	check_eq(place(0), BIT(2), "place");
	raise_irq(0);
	check(take(2), "not taken");
	run_quiet();
	check_eq(state(0), FERRY_MOVING, "state");
	rest_of_move();
	check_eq(state(0), FERRY_SETTLED, "state after the bound");
	for (uint32_t cpu = 0; cpu < 4; cpu++)
		check_eq(used(cpu), cpu == 2, "slots");
	end();
}

/* The same for a request: what is in both is kept, and nothing needs room. */
static void narrowed(uint8_t k)
{
	uint8_t vector;

	several(k, false, "a request for some of its CPUs keeps those");
	vector = vector_of(0);
	check_eq(move(0, BIT(2) | BIT(3)), FERRY_OK, "move");
	check_eq(place(0), BIT(2), "place");
	check_eq(vector_of(0), vector, "vector");
	rest_of_move();
	raise_irq(0);
	run_quiet();
	check_eq(S.ran_on[0], 2, "CPU of the start");
	end();
}

/* ---- the shared namespace ----------------------------------------------- */

static void shared_move(uint8_t k)
{
	uint8_t vector;

	begin(
		&(struct options){
			.kind = k, .shared = true, .sources = 2, .first = 0x40, .last = 0x41 },
		"shared namespace, %s: a move keeps the vector and needs no room", kind_name[k]);
	vector = vector_of(0);
	check(vector != vector_of(1), "two share a vector");
	check_eq(move(0, BIT(1)), FERRY_OK, "move");
	check_eq(vector_of(0), vector, "vector");
	raise_irq(0);
	run_quiet();
	rest_of_move();
	check_eq(state(0), FERRY_SETTLED, "state");
	check_eq(move(1, BIT(1)), FERRY_OK, "move of the other");
	raise_irq(1);
	run_quiet();
	check_eq(S.ran_on[1], 1, "CPU of the start");
	check(release_all(0) && release_all(1), "free");
	check_eq(make(0, BIT(2)), 1, "create");
	check_eq(make(1, BIT(2)), 1, "create");
	end();
}

/* ---- level pins --------------------------------------------------------- */

static void level_masked(bool directed, bool by_mask)
{
	begin(&(struct options){ .kind = FERRY_X86_IOAPIC_LEVEL, .directed_eoi = directed },
	      "level pin%s: a %s pin is moved and stays so", directed ? ", directed EOI" : "",
	      by_mask ? "masked" : "disabled");
	check_eq(by_mask ? mask(0) : disable(0), FERRY_OK, "stop");
	fire(0);
	check_eq(move(0, BIT(1)), FERRY_OK, "move");
	check_eq(place(0), BIT(1), "place");
	check(S.m->source[0].rte_low >> 16 & 1, "unmasked by the move");
	run_quiet();
	check_eq(S.starts[0], 0, "starts");
	check_eq(by_mask ? unmask(0) : enable(0), FERRY_OK, "go on");
	run_quiet();
	check_eq(S.starts[0], 1, "starts");
	check_eq(S.ran_on[0], 1, "CPU of the start");
	end();
}

/* The message of a pin is on its way (delivery status): not touched. */
static void level_sent(void)
{
	begin(&(struct options){ .kind = FERRY_X86_IOAPIC_LEVEL },
	      "level pin: not moved while its message is on its way");
	fire(0);
	reach(0);
	check_eq(move(0, BIT(1)), FERRY_OK, "move");
	check_eq(place(0), BIT(0), "place");
	ipi(0);
	take(0);
	check_eq(place(0), BIT(0), "place after a look");
	arrive(0);
	check(take(0), "not taken");
	check_eq(S.starts[0], 1, "starts");
	run_quiet();
	check_eq(place(0), BIT(1), "place");
	end();
}

static bool line_down(void)
{
	return !S.m->source[0].line;
}

/* The line is up again before the handler's EOI: the pin must be masked by then, or it
 * would be in service again at once, and so on. */
static void level_busy(bool directed)
{
	begin(&(struct options){ .kind = FERRY_X86_IOAPIC_LEVEL, .directed_eoi = directed },
	      "level pin%s: a busy line does not put its move off",
	      directed ? ", directed EOI" : "");
	raise_irq(0);
	check(take_into_handler(0), "no handler");
	check_eq(move(0, BIT(1)), FERRY_OK, "request");
	check(step_until(0, line_down), "the handler does not end");
	fire(0);
	finish_frame(0);
	eoi();
	check(S.m->source[0].flights == 0 || place(0) == BIT(1), "sent to the old place again");
	run_quiet();
	check_eq(place(0), BIT(1), "place");
	check_eq(S.starts[0], 2, "starts");
	check_eq(S.ran_on[0], 1, "CPU of the second start");
	end();
}

/* A line that went down while masked is no interrupt any more. */
static void level_withdrawn(void)
{
	begin(&(struct options){ .kind = FERRY_X86_IOAPIC_LEVEL },
	      "level pin: raised and withdrawn while masked, nothing starts");
	mask(0);
	fire(0);
	run_quiet();
	oracle_line_done(S.m, 0);
	unmask(0);
	run_quiet();
	check_eq(S.starts[0], 0, "starts");
	raise_irq(0);
	run_quiet();
	check_eq(S.starts[0], 1, "starts");
	end();
}

/* Two pins, moved to one CPU and another, one in service with its EOI late: the
 * broadcast names a vector, and must not end the other's. */
static void level_broadcast(void)
{
	begin(&(struct options){ .kind = FERRY_X86_IOAPIC_LEVEL, .sources = 2 },
	      "level pins: the EOI of one does not end the other");
	move(1, BIT(1));
	run_quiet();
	raise_irq(0);
	raise_irq(1);
	check(take_into_handler(1), "no handler");
	check(take(0), "not taken");
	check(eoi(), "no broadcast");
	check(!S.m->source[0].remote_irr, "its own pin is not ended");
	check(S.m->source[1].remote_irr, "the other pin is ended");
	finish_frame(1);
	run_quiet();
	check(!S.m->source[1].remote_irr, "not ended");
	end();
}

int main(void)
{
	FOR_KINDS(k, MESSAGES)
	{
		owed(k, true);
		owed(k, false);
		overtaken(k);
		latched_then_moved(k);
		shrink_evidence(k);
		overlap(k);
	}
	FOR_KINDS(k, TWO_STEPS)
	{
		transit(k);
		transit_pending(k);
	}
	FOR_KINDS(k, ALL_KINDS)
	{
		bool remapped = k == FERRY_X86_REMAPPED;

		moved_there(k, 254, false, true);
		moved_there(k, 255, false, remapped);
		moved_there(k, 300, false, remapped);
		moved_there(k, 300, true, true);
		moved_there(k, 0x7fff, true, remapped);
		moved_there(k, 0x12345, true, remapped);
		for (int n = 0; n < 2; n++)
			shrinks(k, false, (enum style)n);
		narrowed(k);
		shared_move(k);
	}
	shrinks(FERRY_X86_REMAPPED, true, EMPTY);
	shrinks(FERRY_X86_REMAPPED, true, AT_ONCE);
	for (int n = 0; n < 4; n++)
		level_masked(n & 1, n & 2);
	level_busy(false);
	level_busy(true);
	level_sent();
	level_withdrawn();
	level_broadcast();
	return script_done();
}
