/* SPDX-License-Identifier: MIT */
/*
 * Named regressions, continued: the writes to a source, level pins, handlers and the
 * masks over them, interrupts that are freed and made. See test_history.c, which also
 * has the table of what can't exist here.
 */
#include "tests/script.h"

#define MSIX FERRY_X86_MSIX
#define MSI FERRY_X86_MSI
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

/* ---- the write to the source -------------------------------------------- */

static bool readable(uint8_t k)
{
	return (MASKABLE >> k) & 1;
}

/* Masked whenever one of its halves changes, at every step. */
static void masked_writes(uint8_t k, const char *ref, const char *what)
{
	struct source *s, last;

	begin(&(struct options){ .kind = k, .sources = 2, .bare = true }, "%s %s: %s", ref,
	      kind_name[k], what);
	check(readable(k), "a kind without mask bit");
	make(1, BIT(1));
	make(0, BIT(0));
	s = &S.m->source[0];
	start(2, (struct call){ .run = call_move, .src = 0, .mask = BIT(1), .prefer = NONE });
	do {
		last = *s;
		if (!step(2))
			break;
		check((s->msi_addr == last.msi_addr && s->msi_data == last.msi_data) ||
			      last.msi_mask,
		      "rewritten unmasked");
	} while (S.m->cpu[2].state != CPU_IDLE);
	check_eq(place(0), BIT(1), "place");
	check(!s->msi_mask, "left masked");
	runs_on(0, 1);
	end();
}

/* Never absent, never half: an event at each step, its message through the unit at once. */
static bool remapped_at(int steps)
{
	bool more = true;

	begin(&(struct options){ .kind = FERRY_X86_REMAPPED },
	      "xen b953a99da9, 94d4a1119d: the remapping entry was off, or stale, around its "
	      "update "
	      "(%d steps)",
	      steps);
	raise_irq(0);
	take(0); /* the unit has the old entry in its cache */
	start(2, (struct call){ .run = call_move, .src = 0, .mask = BIT(1), .prefer = NONE });
	for (int n = 0; n < steps && more; n++)
		more = step(2) && S.m->cpu[2].state != CPU_IDLE;
	fire(0);
	reach(0);
	finish(2);
	run_quiet();
	fire(0);
	reach(0);
	check(!S.m->source[0].irte.valid || S.m->source[0].irte.cached.dest == 1,
	      "a stale entry is used");
	run_quiet();
	check_eq(S.starts[0], 3, "starts");
	check_eq(S.ran_on[0], 1, "CPU of the last start");
	end();
	return more;
}

/* A pin left live by firmware is silent once it is ours, until enabled. */
static void firmware(uint8_t k)
{
	struct source *s;

	begin(&(struct options){ .kind = k, .bare = true },
	      "xen 0e606c1bc0, linux 438553958ba1 %s: left live by firmware, it fired before its "
	      "time",
	      kind_name[k]);
	s = &S.m->source[0];
	check_eq(create(0, BIT(0)), 1, "create");
	if (k == MSI)
		check(!s->msi_enable, "enabled");
	else if (readable(k))
		check(s->msi_mask & 1, "unmasked");
	else
		check(s->rte_low >> 16 & 1, "unmasked");
	check_eq(enable(0), FERRY_OK, "enable");
	runs_on(0, 0);
	end();
}

/* ---- level pins --------------------------------------------------------- */

static void eoi_after_move(bool directed, const char *ref, const char *what)
{
	begin(&(struct options){ .kind = PIN, .directed_eoi = directed }, "xen %s level pin: %s",
	      ref, what);
	for (uint32_t n = 1; n < 4; n++) {
		raise_irq(0);
		check(take_into_handler(look(0).first_cpu), "no handler");
		check_eq(move(0, BIT(n % 3)), FERRY_OK, "request");
		run_quiet();
		check_eq(place(0), BIT(n % 3), "place");
		check(!S.m->source[0].remote_irr, "remote IRR is set for ever");
		check_eq(S.starts[0], n, "starts");
	}
	runs_on(0, 0);
	end();
}

static void same_vector(void)
{
	begin(
		&(struct options){
			.kind = PIN, .sources = 8, .bare = true, .first = 0x40, .last = 0x47 },
		"xen 8eca0db0e8: two pins had one vector on two CPUs");
	for (uint32_t i = 0; i < 8; i++)
		check_eq(make(i, BIT(i % 3)), 1, "create");
	for (uint32_t i = 0; i < 8; i++)
		for (uint32_t j = 0; j < i; j++)
			check(vector_of(i) != vector_of(j), "%u and %u share vector %#x", i, j,
			      vector_of(i));
	end();
}

static void service_left(void)
{
	begin(&(struct options){ .kind = PIN },
	      "xen 2fba91e1d9, linux dfe0cf8b51b0: a pin was given up in "
	      "service, the next user's line was dead");
	raise_irq(0);
	check(take_into_handler(0), "no handler");
	check_eq(release(0, 0), FERRY_E_AGAIN, "free in service");
	finish_frame(0);
	check_eq(release(0, 0), FERRY_E_AGAIN, "free with the EOI on its way");
	eoi();
	run_quiet();
	check(release_all(0), "free");
	check_eq(make(0, BIT(1)), 1, "create");
	runs_on(0, 1);
	end();
}

/* Its message has not arrived yet: the slot must wait for it. */
static void sent_left(void)
{
	begin(&(struct options){ .kind = PIN },
	      "linux dfe0cf8b51b0: a pin was given up with its message on the way");
	fire(0);
	reach(0);
	check_eq(release(0, 0), FERRY_E_AGAIN, "free");
	ipi(0);
	take(0);
	check_eq(release(0, 0), FERRY_E_AGAIN, "free again");
	check_eq(used(0), 1, "slots");
	arrive(0);
	run_quiet();
	check(release_all(0), "free");
	check_eq(S.counters[0].unexpected, 0, "vectors of nobody");
	check_eq(S.starts[0], 0, "starts of the dead");
	check_eq(make(0, BIT(1)), 1, "create");
	runs_on(0, 1);
	end();
}

/* ---- handlers and their state ------------------------------------------- */

/* Its own vector comes in while its handler has interrupts on. */
static void nested(uint8_t k, const char *ref, const char *what)
{
	begin(&(struct options){ .kind = k }, "%s %s: %s", ref, kind_name[k], what);
	S.nested = true;
	raise_irq(0);
	check(take_into_handler(0), "no handler");
	for (int n = 0; n < 3; n++) {
		raise_irq(0);
		check(take(0), "not taken");
		check_eq(S.starts[0], 1, "entered again");
	}
	finish_frame(0);
	check_eq(S.starts[0], 1, "run again by the frame that ran it");
	run_quiet();
	check_eq(S.starts[0], 2, "starts");
	check(!in_service(0), "something stays in service");
	end();
}

/* The handler runs on A, slowly; the next one comes on B. */
static void on_both(uint8_t k, const char *ref, const char *what)
{
	begin(&(struct options){ .kind = k }, "%s %s: %s", ref, kind_name[k], what);
	raise_irq(0);
	check(take_into_handler(0), "no handler");
	move(0, BIT(1));
	raise_irq(0);
	check(take(1), "not taken");
	check_eq(S.starts[0], 1, "run on two CPUs at a time");
	check(!in_service(1), "not ended on the new CPU");
	finish_frame(0);
	check(!in_service(0), "not ended on the old CPU");
	run_quiet();
	check_eq(S.starts[0], 2, "starts");
	check_eq(S.ran_on[0], 1, "CPU of the second start");
	end();
}

static void disable_it(uint32_t src, uint32_t cpu)
{
	(void)cpu;
	check_eq(ferry_irq_mask(S.f, S.m->source[src].irq), FERRY_OK, "mask");
}

static void went_on(uint8_t k)
{
	begin(&(struct options){ .kind = k },
	      "xen b5edd9c58e %s: the handler went on for what was latched after a disable",
	      kind_name[k]);
	S.nested = true;
	S.hook = disable_it;
	raise_irq(0);
	check(take_into_handler(0), "no handler");
	fire(0);
	if (k != PIN)
		arrive(0);
	take(0);
	finish_frame(0);
	S.hook = NULL;
	run_quiet();
	check_eq(S.starts[0], 1, "starts while masked");
	unmask(0);
	run_quiet();
	check_eq(S.starts[0], k == PIN ? 1 : 2, "starts");
	end();
}

/* Interrupted at each step by one whose queued request is then carried out. */
static bool lock_at(uint8_t k, int steps)
{
	bool more = true;

	begin(&(struct options){ .kind = k, .sources = 2 },
	      "xen 2db97700d4, 7f885a1f49 %s: a request interrupted by one with a request (%d "
	      "steps)",
	      kind_name[k], steps);
	S.on = 2;
	move(0, BIT(1));
	move(0, BIT(2)); /* queued: carried out by the arrival on CPU 1 */
	raise_irq(0);
	ipi(1);
	start(1, (struct call){ .run = call_move, .src = 1, .mask = BIT(1) | BIT(2), .prefer = 2 });
	for (int n = 0; n < steps && more; n++)
		more = step(1) && S.m->cpu[1].state != CPU_IDLE;
	take(1);
	check(finish(1), "deadlock");
	check_eq(S.call[1].rc, FERRY_OK, "request");
	rest_of_move();
	check_eq(place(0), BIT(2), "place");
	check_eq(place(1), BIT(2), "place of the other");
	check_eq(requested(1), BIT(1) | BIT(2), "requested");
	end();
	return more;
}

/* Nothing but an arrival, a fence that reaches, or time is evidence. */
static void not_an_ack(uint8_t k)
{
	begin(&(struct options){ .kind = k },
	      "xen aed6278b2a, linux 008f1d60fe25 %s: a mask or a software start passed for an "
	      "arrival",
	      kind_name[k]);
	move(0, BIT(1));
	mask(0);
	unmask(0);
	disable(0);
	enable(0);
	poll_now();
	stray(0, S.m->config.doorbell);
	stray(1, S.m->config.doorbell);
	run_quiet();
	check_eq(state(0), FERRY_MOVING, "state");
	check_eq(used(0), 1, "the old slot");
	end();
}

static void two_intents(uint8_t k)
{
	begin(&(struct options){ .kind = k }, "xen bd6ad54403 %s: two mask intents in one bit",
	      kind_name[k]);
	mask(0);
	disable(0);
	fire(0);
	unmask(0);
	run_quiet();
	check_eq(S.starts[0], 0, "unmask lifted the disable");
	mask(0);
	enable(0);
	run_quiet();
	check_eq(S.starts[0], 0, "enable lifted the mask");
	unmask(0);
	run_quiet();
	check_eq(S.starts[0], 1, "starts");
	end();
}

/* ---- freeing and making ------------------------------------------------- */

static void early_reuse(uint8_t k, const char *ref, const char *what, bool draining)
{
	uint32_t irq;

	begin(&(struct options){ .kind = k, .sources = 2, .bare = true }, "%s %s: %s", ref,
	      kind_name[k], what);
	S.on = 2;
	make(0, BIT(0));
	irq = S.m->source[0].irq;
	if (draining)
		half_moved();
	fire(0);
	check_eq(release(0, 0), FERRY_E_AGAIN, "free");
	check_eq(make(1, BIT(0)), 1, "create");
	check(S.m->source[1].irq != irq, "the number is used again");
	check_eq(state(1), FERRY_SETTLED, "state of the new one");
	check_eq(move(1, BIT(1)), FERRY_OK, "a request for it");
	arrive(0);
	run_quiet();
	check_eq(S.starts[1], 0, "starts of the new one");
	check(release_all(0), "free");
	end();
}

static void batch(uint32_t room, const char *ref)
{
	struct ferry_source source = { .kind = MSIX, .flags = FERRY_SOURCE_ORDERED };
	uint32_t irqs[8], got = room < 6 ? room : 6;

	begin(&(struct options){ .sources = 8,
				 .one_device = true,
				 .bare = true,
				 .first = 0x40,
				 .last = (uint8_t)(0x40 + room - 1),
				 .cpus = 1 },
	      "%s: the way out of a batch with room for %u of 6 left the last one half made", ref,
	      room);
	machine_look(S.m);
	check_eq(ferry_x86_create(S.f, &source, NULL, 6, irqs), (int)got, "created");
	check(machine_looked(S.m), "a lock is held");
	check_eq(used(0), got, "slots");
	for (uint32_t i = 0; i < got; i++)
		check_eq(irqs[i], i, "number");
	/* They are the library's alone, the machine knows nothing of them: gone again. */
	for (uint32_t i = 0; i < got; i++) {
		S.m->source[i].irq = irqs[i];
		S.m->irq_src[irqs[i]] = i + 1;
		check(release_all(i), "free");
	}
	check_eq(make(7, BIT(0)), 1, "create");
	check(S.m->source[7].irq != NONE, "number");
	end();
}

static void failed_create(uint8_t k)
{
	begin(&(struct options){ .kind = k,
				 .sources = 3,
				 .bare = true,
				 .cpus = 1,
				 .first = 0x40,
				 .last = 0x41 },
	      "xen 29c1b7886c %s: a failed set-up left something attached", kind_name[k]);
	make(0, BIT(0));
	make(1, BIT(0));
	check_eq(create(2, BIT(0)), FERRY_E_NO_SPACE, "create");
	check_eq(create(2, BIT(5)), FERRY_E_NO_CPU, "create nowhere");
	check_eq(used(0), 2, "slots");
	check(release_all(0), "free");
	check_eq(make(2, BIT(0)), 1, "create");
	check(S.m->source[2].irq != S.m->source[1].irq, "number");
	runs_on(2, 0);
	end();
}

static void stray_ended(void)
{
	begin(&(struct options){ .sources = 2 },
	      "linux 0edc78b82bea, xen 709f6c8ce6: a vector of nobody was "
	      "not ended, and blocked all below it");
	stray(0, 0xe5);
	check(take(0), "not taken");
	check(!in_service(0), "not ended");
	runs_on(0, 0);
	end();
}

/* ---- the list ----------------------------------------------------------- */

static void messages(uint8_t k)
{
	nested(k, "xen 5ec93b2f19", "it entered its own handler again");
	nested(k, "linux 9f5deb551655", "a software start led to the next, in one frame");
	on_both(k, "xen 54954172e4", "two arrivals with two vectors, one EOI went astray");
	on_both(k, "linux 9c15eeb5362c",
		"it came on the new CPU while the handler ran on the old: dropped");
	not_an_ack(k);
	early_reuse(k, "xen e267d11969", "its number was free before its move had ended", true);
	early_reuse(k, "linux 62e0468650c3, b7107a67f0d1", "freed with a message in flight", false);
	for (int steps = 0; lock_at(k, steps); steps += 2)
		;
}

int main(void)
{
	FOR_KINDS(k, ALL_KINDS)
	{
		two_intents(k);
		failed_create(k);
		went_on(k);
	}
	FOR_KINDS(k, MESSAGES)
	messages(k);
	FOR_KINDS(k, MASKABLE)
	{
		masked_writes(k, "xen d9e4801c02, f821102450",
			      "rewritten while live, from any context");
		masked_writes(k, "linux da181dc974ad", "an entry was rewritten while unmasked");
	}
	FOR_KINDS(k, ALL_KINDS & ~REMAPPED)
	firmware(k);
	for (int steps = 0; remapped_at(steps); steps++)
		;
	eoi_after_move(false, "12b6ea528f, ac710413f6",
		       "its EOI came after its vector had changed");
	eoi_after_move(true, "1901379769", "with directed EOI a move was never carried out");
	same_vector();
	service_left();
	sent_left();
	batch(3, "linux 45d55e7bac40");
	batch(5, "xen 57338346f2, daa90dfea9");
	batch(8, "linux 45d55e7bac40");
	stray_ended();
	return script_done();
}
