/* SPDX-License-Identifier: MIT */
/*
 * The ITS back end on a GIC that executes what it is told, command by command. What each
 * command must look like is written here bit by bit, from IHI 0069H 5.3.
 *
 *     test_its_unit
 */
#include <irqferry/ferry.h>
#include <irqferry/gic.h>
#include <irqferry/guards.h>
#include <stdlib.h>
#include <string.h>
#include "tests/its_machine.h"

/* The next commands of ITS `its` are these, which are all; then the log is empty. */
static void executed(uint32_t its, const uint64_t (*want)[4], uint32_t n, const char *what)
{
	struct fake_its *t = &fake.its[its];
	bool same = t->logged == n && !memcmp(t->log, want, n * 32);

	ok(same, "%s", what);
	for (uint32_t k = 0; !same && k < t->logged; k++)
		diag("%u: %016" PRIx64 " %016" PRIx64 " %016" PRIx64 " %016" PRIx64, k,
		     t->log[k][0], t->log[k][1], t->log[k][2], t->log[k][3]);
	t->logged = 0;
}

#define EXECUTED(its, what, ...) \
	do { \
		const uint64_t want_[][4] = { __VA_ARGS__ }; \
		executed(its, want_, sizeof(want_) / 32, what); \
	} while (0)

static void clean(const char *what)
{
	ok(!fake.wrong && fake_at_rest(), "%s: nothing wrong, all synced", what);
}

/* ---- commands ----------------------------------------------------------------------- */

static void commands(bool pta)
{
	const uint64_t *rd = rd_base[pta], dev = 5ull << 32;
	const char *how = pta ? "by address" : "by number";
	uint32_t first, irq;

	start(pta, 1);
	/* clang-format off */
	EXECUTED(0, how,
		{ 0x09, 0, V | rd[0] | 0, 0 }, { 0x05, 0, rd[0], 0 },
		{ 0x0d, 0, 0, 0 }, { 0x05, 0, rd[0], 0 },
		{ dev | 0x08, 5, V | 0x12345600, 0 });
	must(enter(1) == FERRY_OK, "enter 1");
	EXECUTED(0, "enter: MAPC, SYNC, INVALL, SYNC",
		{ 0x09, 0, V | rd[1] | 1, 0 }, { 0x05, 0, rd[1], 0 },
		{ 0x0d, 0, 1, 0 }, { 0x05, 0, rd[1], 0 });
	first = make(0x3f, 0);
	fake.its[0].logged = 0;
	irq = make(0x21, 0);
	must(irq != first, "another number");
	EXECUTED(0, "create, enable: MAPTI, SYNC, INV, SYNC",
		{ dev | 0x0a, (uint64_t)LPI(irq) << 32 | 0x21, 0, 0 }, { 0x05, 0, rd[0], 0 },
		{ dev | 0x0c, 0x21, 0, 0 }, { 0x05, 0, rd[0], 0 });
	must(move(irq, 1) == FERRY_OK, "move");
	EXECUTED(0, "move: MOVI, SYNC with both",
		{ dev | 0x01, 0x21, 1, 0 }, { 0x05, 0, rd[0], 0 }, { 0x05, 0, rd[1], 0 });
	must(ferry_irq_settle(f, irq, NULL) == FERRY_OK, "settle");
	fake.rd[0].pending[irq] = true; /* where it is not any more: given back */
	must(!taken(0, irq), "taken where it is not");
	EXECUTED(0, "give back: INT, SYNC", { dev | 0x03, 0x21, 0, 0 }, { 0x05, 0, rd[1], 0 });
	must(taken(1, irq), "INT");
	must(ferry_irq_free(f, irq, FERRY_FREE_QUIET, NULL) == FERRY_OK, "free");
	EXECUTED(0, "free: DISCARD, SYNC", { dev | 0x0f, 0x21, 0, 0 }, { 0x05, 0, rd[1], 0 });
	must(leave(1) == FERRY_OK, "leave");
	EXECUTED(0, "leave: MOVALL, SYNC with both",
		{ 0x0e, 0, rd[1], rd[0] }, { 0x05, 0, rd[1], 0 }, { 0x05, 0, rd[0], 0 });
	must(ferry_irq_free(f, first, FERRY_FREE_QUIET, NULL) == FERRY_OK, "free");
	fake.its[0].logged = 0;
	must(ferry_its_device(f, 0, 5, 0, 0) == FERRY_OK, "device");
	EXECUTED(0, "device unknown: MAPD", { dev | 0x08, 0, 0, 0 });
	/* clang-format on */
	clean(how);
}

/* ---- start --------------------------------------------------------------------------- */

static void registers(void)
{
	const uint64_t attributes = 7ull << 59 | 1ull << 10;

	start(false, 2);
	is_u64(fake.its[0].cbaser, V | attributes | QUEUE_PA, "GITS_CBASER: one page of 4 KB");
	is_u64(fake.its[0].baser[3],
	       V | attributes | 1ull << 56 | 15ull << 48 | DEVICES_PA | 2 << 8 | 1,
	       "GITS_BASERn of devices: two pages of 64 KB");
	is_u64(fake.its[0].baser[1],
	       V | attributes | 4ull << 56 | 7ull << 48 | COLLECTIONS_PA | 2 << 8,
	       "GITS_BASERn of collections: one");
	is_u64(fake.its[0].baser[4], 2ull << 56 | 7ull << 48, "GITS_BASERn of vPEs: none");
	is_u64(fake.its[0].ctlr, 1, "on");
	is_u64(fake.rd[1].propbaser, 7ull << 7 | 1ull << 10 | CONFIG_PA | 13,
	       "GICR_PROPBASER: 14 bits of INTID");
	is_u64(fake.rd[1].pendbaser, 7ull << 7 | 1ull << 10 | (PENDING_PA + PENDING_STRIDE),
	       "GICR_PENDBASER of CPU 1");
	ok(fake.rd[1].ptz && (fake.rd[1].ctlr & 1), "its pending table is zero, LPIs are on");
	is_u64(fake.seen[IRQS - 1], 2, "every LPI is disabled, and hardware sees it");
	is_u64(ferry_its_entry_bytes(f, 0), 12, "bytes of an ITT entry");
	is_u64(ferry_its_entry_bytes(f, 1), 0, "of no ITS");
	clean("start");
}

/* Tables that can't be shareable are not cacheable; pages are what the register has. */
static void other_registers(void)
{
	fake_reset(false);
	configure(1, 65536);
	fake.its[0].plain = true;
	fake.its[0].page = 0;
	fake.plain_rd = true;
	its_config[0].queue_pa += 1ull << 48;
	must(machine() == FERRY_OK, "init");
	bring_up(1);
	is_u64(fake.its[0].cbaser, V | 1ull << 59 | QUEUE_PA | 1ull << 48 | 15,
	       "GITS_CBASER: not shareable, not cacheable, sixteen pages");
	is_u64(fake.its[0].baser[3], V | 1ull << 59 | 1ull << 56 | 15ull << 48 | DEVICES_PA | 31,
	       "GITS_BASERn: 32 pages of 4 KB");
	is_u64(fake.rd[0].propbaser, 1ull << 7 | CONFIG_PA | 13, "GICR_PROPBASER");
	is_u64(fake.rd[0].pendbaser, 1ull << 7 | PENDING_PA, "GICR_PENDBASER");
	fake_reset(false);
	configure(1, 4096);
	its_config[0].device_table_pa |= 0x5ull << 48;
	must(machine() == FERRY_OK, "init");
	is_u64(fake.its[0].baser[3] & 0x000000000000ffffull, 1 << 10 | 2 << 8 | 1 | 5 << 12,
	       "GITS_BASERn: bits 51:48 of an address are in 15:12");
	clean("other tables");
}

/* One thing that the hardware has not. */
static int lacking(uint32_t what)
{
	struct fake_its *t = &fake.its[0];

	fake_reset(false);
	configure(1, 4096);
	switch (what) {
	case 0:
		t->typer &= ~1ull;
		break;
	case 1: /* 3 bits of DeviceID */
		t->typer = (t->typer & ~(31ull << 13)) | 2ull << 13;
		break;
	case 2: /* one bit of collections */
		t->typer |= 1ull << 36;
		break;
	case 3: /* three collections, held by the ITS */
		t->baser[1] = 0;
		t->typer |= 3ull << 24;
		break;
	case 4: /* a device table for 8 */
		its_config[0].device_bits = 14;
		break;
	case 5:
		fake.rd[2].typer &= ~1ull;
		break;
	case 6:
		fake.gicd_typer &= ~(1u << 17);
		break;
	case 7: /* 13 bits of INTID */
		fake.gicd_typer = 12u << 19 | 1u << 17;
		break;
	case 8: /* 32 LPIs */
		fake.gicd_typer |= 4u << 11;
		break;
	case 9: /* a page size that is none */
		t->page = 3;
		break;
	case 10: /* 4 KB pages: not beyond 48 bits */
		t->page = 0;
		its_config[0].device_table_pa |= 1ull << 48;
		break;
	}
	return machine();
}

static void refusals(void)
{
	for (uint32_t what = 0; what < 11; what++)
		is_int(lacking(what), FERRY_E_HARDWARE, "hardware lacks something: %u", what);
	fake_reset(false);
	configure(1, 4096);
	fake.its[0].baser[1] = 0;
	fake.its[0].typer |= 4ull << 24;
	is_int(machine(), FERRY_OK, "four collections held by the ITS are enough");
	fake.its[0].baser[1] = 0;
	configure(1, 4096);
	fake.its[0].busy = true;
	is_int(machine(), FERRY_E_TIMEOUT, "an ITS that does not come to rest");
	fake_reset(false);
	configure(1, 4096 + 8192);
	is_int(machine(), FERRY_E_INVALID, "a queue that is no power of two");
	configure(1, 2048);
	is_int(machine(), FERRY_E_INVALID, "a queue too small");
	configure(1, 1 << 21);
	is_int(machine(), FERRY_E_INVALID, "a queue too large");
	configure(0, 4096);
	is_int(machine(), FERRY_E_INVALID, "no ITS");
	configure(1, 4096);
	its_config[0].queue_pa += 4096;
	is_int(machine(), FERRY_E_INVALID, "a queue not aligned");
	configure(1, 4096);
	config.lpi_pending_stride = 4096;
	is_int(machine(), FERRY_E_INVALID, "pending tables not aligned");
	clean("refusals");
}

static void devices(void)
{
	uint64_t mask = 1;
	uint32_t irq;

	start(false, 1);
	is_int(ferry_its_device(f, 1, 5, 0x1000, 1), FERRY_E_INVALID, "no such ITS");
	is_int(ferry_its_device(f, 0, 16, 0x1000, 1), FERRY_E_INVALID, "no such device id");
	is_int(ferry_its_device(f, 0, 3, 0x1000, 9), FERRY_E_INVALID, "too many events");
	is_int(ferry_its_device(f, 0, 3, 0x1080, 1), FERRY_E_INVALID, "a table not aligned");
	is_int(ferry_its_device(f, 0, 3, 0x1000, 0), FERRY_E_INVALID, "a table without events");
	is_int(ferry_its_device(f, 0, 3, 0, 1), FERRY_E_INVALID, "events without a table");
	is_int(create(0, 16, 0, &mask, &irq), FERRY_E_INVALID, "an interrupt of no device id");
	is_int(create(0, 5, 256, &mask, &irq), FERRY_E_INVALID, "of no event id");
	is_int(create(1, 5, 0, &mask, &irq), FERRY_E_INVALID, "of no ITS");
	clean("devices");
}

/* ---- the queue ------------------------------------------------------------------------ */

/* 128 places; moves of three commands each cross its end at every place. */
static void wrap(void)
{
	uint32_t irq, before, bad = 0;

	start(false, 3);
	irq = make(1, 0);
	before = fake.its[0].commands;
	for (uint32_t n = 0; n < 1000; n++) {
		uint32_t old = n % 3, new = (n + 1) % 3;
		const uint64_t want[3][4] = { { 5ull << 32 | 1, 1, new, 0 },
					      { 5, 0, rd_base[0][old], 0 },
					      { 5, 0, rd_base[0][new], 0 } };

		fake.its[0].logged = 0;
		bad += move(irq, new) != FERRY_OK;
		bad += memcmp(fake.its[0].log, want, sizeof(want)) != 0;
		fake_fire(0, 5, 1);
		bad += !taken(new, irq);
		bad += ferry_irq_settle(f, irq, NULL) != FERRY_OK;
	}
	is_u64(bad, 0, "1000 moves, the interrupt is where it was moved");
	is_u64(fake.its[0].commands - before, 3000, "each command executed once");
	clean("wrap");
}

/* The ITS goes on only while somebody waits for it. */
static void full(void)
{
	uint32_t irqs[2], bad = 0, before;

	start(false, 3);
	irqs[0] = make(1, 0);
	irqs[1] = make(2, 0);
	before = fake.its[0].commands;
	fake.its[0].allowance = 0;
	fake.its[0].per_tick = 1;
	for (uint32_t n = 0; n < 300; n++) {
		bad += ferry_irq_mask(f, irqs[n % 2]) != FERRY_OK;
		bad += ferry_irq_unmask(f, irqs[n % 2]) != FERRY_OK;
	}
	ok(!bad && fake.waits, "a full queue is waited for");
	ok(fake.its[0].commands - before < 1200, "some commands are still in it");
	fake_go(0, 127);
	is_u64(fake.its[0].commands - before, 1200, "none was lost");
	clean("full");
}

/* It does not go on at all. */
static void dead(void)
{
	struct ferry_affinity a;
	uint32_t irq, n, other, waits;
	uint64_t ns;

	start(false, 2);
	irq = make(1, 0);
	other = make(2, 0);
	fake.its[0].allowance = 0;
	must(move(irq, 1) == FERRY_OK, "move");
	for (n = 0; n < 60; n++)
		must(ferry_irq_mask(f, other) == FERRY_OK && ferry_irq_unmask(f, other) == FERRY_OK,
		     "mask");
	is_int(move(other, 1), FERRY_E_TIMEOUT, "no room, no move");
	waits = fake.waits;
	is_int(move(other, 1), FERRY_E_TIMEOUT, "nor later");
	is_u64(fake.waits, waits, "and nobody waits any more");
	is_int(create(0, 5, 3, NULL, &n), FERRY_E_TIMEOUT, "no new interrupt");
	is_int(ferry_its_device(f, 0, 6, 0x1000, 1), FERRY_E_TIMEOUT, "no new device");
	is_int(ferry_irq_free(f, other, 0, NULL), FERRY_E_AGAIN, "what it was not told");
	fake_go(0, FERRY_NONE);
	is_int(ferry_irq_free(f, other, 0, &ns), FERRY_E_AGAIN, "... is never done");
	is_u64(ns, 1000000000, "... and seldom asked for: it would be asked for ever");
	is_int(ferry_irq_settle(f, irq, NULL), FERRY_OK, "what it was told before may be");
	must(ferry_irq_affinity(f, irq, &a, NULL, NULL, NULL) == FERRY_OK, "affinity");
	is_u64(a.first_cpu, 1, "the move that was given");
	ok(!fake.wrong, "dead: nothing wrong");
}

/* It had room, and then stopped before the event was mapped. */
static void half_made(void)
{
	struct ferry_affinity a;
	uint32_t irq, n;

	start(false, 1);
	fake.its[0].allowance = 0;
	is_int(create(0, 5, 1, NULL, &irq), FERRY_E_TIMEOUT, "an event not mapped in time");
	must(ferry_irq_affinity(f, irq, &a, NULL, NULL, NULL) == FERRY_OK, "affinity");
	ok(a.dead, "... its number is nobody's");
	is_int(ferry_irq_enable(f, irq), FERRY_E_STATE, "... to use");
	fake_go(0, FERRY_NONE);
	is_int(create(0, 5, 2, NULL, &n), FERRY_E_TIMEOUT, "... nor to be handed out again");
	ok(n != irq, "... for the ITS may map it yet");
	ok(!fake.wrong, "half made: nothing wrong");
}

static void stalls(void)
{
	uint32_t irq;

	start(false, 2);
	irq = make(1, 0);
	fake.its[0].stall_in = 2;
	must(move(irq, 1) == FERRY_OK, "move");
	is_u64(fake.its[0].retries, 1, "a stall is seen, and the ITS told to go on");
	is_u64(fake.its[0].creadr & 1, 0, "it did");
	is_int(ferry_irq_settle(f, irq, NULL), FERRY_OK, "and the move has ended");

	fake.its[0].stall_in = 3;
	fake.its[0].again = true;
	must(move(irq, 0) == FERRY_OK, "move");
	for (uint32_t n = 0; n < 3; n++)
		must(ferry_irq_settle(f, irq, NULL) == FERRY_E_AGAIN, "not settled");
	is_u64(fake.its[0].retries, fake.its[0].looks, "told so once for each look");
	ok(fake.its[0].looks >= 5, "at the same place again and again");
	fake.its[0].again = false;
	fake.its[0].stall_in = 0;
	must(ferry_irq_settle(f, irq, NULL) <= 0, "settle");
	is_int(ferry_irq_settle(f, irq, NULL), FERRY_OK, "until it ends");
	clean("stalls");
}

/* One who waits sees a stall of every kind. */
static void stalled_wait(void)
{
	start(false, 1);
	fake.its[0].stall_in = 1;
	is_int(enter(1), FERRY_OK, "a wait goes on after a stall");
	is_u64(fake.its[0].retries, 1, "told so once");
	fake.its[0].stall_in = 1;
	fake.its[0].again = true;
	is_int(enter(2), FERRY_E_TIMEOUT, "stalled for ever");
	ok(fake.its[0].retries > 2 && fake.its[0].retries < 40, "and not told so for ever");
	is_int(enter(3), FERRY_E_TIMEOUT, "dead");
	ok(!fake.wrong, "stalled wait: nothing wrong");
}

/* ---- moves ---------------------------------------------------------------------------- */

static void token(void)
{
	uint64_t wait_ns = 0;
	uint32_t irq;

	start(false, 2);
	irq = make(1, 0);
	fake.its[0].allowance = 0;
	must(move(irq, 1) == FERRY_OK, "move");
	is_int(ferry_irq_settle(f, irq, &wait_ns), FERRY_E_AGAIN, "MOVI is not done");
	is_u64(wait_ns, 1000, "worth another look soon");
	fake_go(0, 2);
	is_int(ferry_irq_settle(f, irq, NULL), FERRY_E_AGAIN, "nor with one SYNC of two");
	must(ferry_irq_mask(f, irq) == FERRY_OK, "mask");
	fake_go(0, 1);
	is_int(ferry_irq_settle(f, irq, NULL), FERRY_OK, "but without what came after");
	ok(settled_on(irq, 1), "it is on CPU 1");
	fake_go(0, FERRY_NONE);
	clean("token");
}

static void pending(void)
{
	uint32_t irq;

	start(true, 2);
	irq = make(1, 0);
	fake_fire(0, 5, 1);
	must(move(irq, 1) == FERRY_OK, "move");
	ok(nothing(0), "not at the old CPU any more");
	ok(taken(1, irq), "moved along");
	ok(nothing(1), "once");
	must(ferry_irq_settle(f, irq, NULL) == FERRY_OK, "settle");
	clean("pending");
}

/* ---- configuration ------------------------------------------------------------------- */

static void masks(void)
{
	const struct ferry_gic_source other = {
		.kind = FERRY_GIC_LPI, .device = 5, .intid = 2, .priority = 0x47
	};
	uint32_t irq;

	start(false, 1);
	irq = make(1, 0);
	is_u64(fake.seen[irq], 0xa0 | 2 | 1, "enabled, and its priority");
	fake_fire(0, 5, 1);
	ok(taken(0, irq), "it comes, and its configuration is read");
	must(ferry_irq_mask(f, irq) == FERRY_OK, "mask");
	fake_fire(0, 5, 1);
	ok(nothing(0), "masked: it pends");
	fake.its[0].logged = 0;
	must(ferry_irq_mask(f, irq) == FERRY_OK && ferry_irq_disable(f, irq) == FERRY_OK, "mask");
	is_u64(fake.its[0].logged, 0, "nothing changes, nothing is told");
	must(ferry_irq_enable(f, irq) == FERRY_OK, "enable");
	ok(nothing(0), "still masked");
	must(ferry_irq_unmask(f, irq) == FERRY_OK, "unmask");
	ok(taken(0, irq), "unmasked: it comes");
	must(ferry_gic_create(f, &other, NULL, &irq) == FERRY_OK, "create");
	is_u64(fake.seen[irq], 0x44 | 2, "another priority: its upper six bits");
	clean("masks");
}

/* ---- free ------------------------------------------------------------------------------ */

static uint32_t count(uint8_t command)
{
	uint32_t n = 0;

	for (uint32_t k = 0; k < fake.its[0].logged; k++)
		n += (uint8_t)fake.its[0].log[k][0] == command;
	return n;
}

static void free_moving(void)
{
	uint32_t irq, again;
	int rc;

	start(false, 2);
	irq = make(1, 0);
	fake.its[0].allowance = 0;
	fake.its[0].logged = 0;
	must(move(irq, 1) == FERRY_OK, "move");
	is_int(ferry_irq_free(f, irq, 0, NULL), FERRY_E_AGAIN, "while it moves");
	fake_go(0, 3);
	fake_fire(0, 5, 1);
	is_int(ferry_irq_free(f, irq, 0, NULL), FERRY_E_AGAIN, "moved, not discarded");
	is_u64(count(0x01), 1, "it was moved");
	for (uint32_t n = 0; n < 20 && (rc = ferry_irq_free(f, irq, 0, NULL)) != FERRY_OK; n++) {
		fake_go(0, 1);
		fake.now += DRAIN_NS / 4;
	}
	is_int(rc, FERRY_OK, "and at last");
	is_u64(count(0x0f), 1, "DISCARD once");
	fake.its[0].allowance = FERRY_NONE;
	again = make(1, 1);
	is_u64(again, irq, "its number is used again");
	ok(nothing(1), "and nothing of the one before is pending");
	fake_fire(0, 5, 1);
	ok(taken(1, irq), "but what comes now");
	clean("free while moving");
}

/* What a CPU was offered no MOVI gets back. It leaves: masked, it would be kept by a
 * redistributor that nobody asks any more. */
static void left_behind(void)
{
	uint32_t irq;

	start(false, 3);
	irq = make(1, 0);
	fake_fire(0, 5, 1);
	fake_offer(0, irq);
	must(move(irq, 2) == FERRY_OK, "move");
	must(ferry_irq_settle(f, irq, NULL) == FERRY_OK, "settle");
	must(ferry_irq_mask(f, irq) == FERRY_OK, "mask");
	must(leave(0) == FERRY_OK, "leave");
	ok(nothing(2), "masked, it does not start");
	must(ferry_irq_unmask(f, irq) == FERRY_OK, "unmask");
	ok(taken(2, irq), "unmasked, it does");
	ok(nothing(2), "once");
	clean("left behind");
}

static void free_without_bound(void)
{
	uint32_t irq;
	uint64_t ns;

	fake_reset(false);
	configure(1, 4096);
	config.core.drain_ns = 0;
	must(machine() == FERRY_OK, "init");
	bring_up(2);
	must(ferry_its_device(f, 0, 5, 0x12345600, 6) == FERRY_OK, "device");
	irq = make(1, 0);
	is_int(move(irq, 1), FERRY_OK, "moves need no bound");
	must(ferry_irq_settle(f, irq, NULL) == FERRY_OK, "settle");
	is_int(ferry_irq_free(f, irq, 0, NULL), FERRY_E_NO_BOUND, "an end does");
	is_int(ferry_irq_free(f, irq, FERRY_FREE_QUIET, NULL), FERRY_OK, "or a word of the host");
	irq = make(1, 0);
	fake.its[0].allowance = 0;
	is_int(ferry_irq_free(f, irq, FERRY_FREE_QUIET, &ns), FERRY_E_AGAIN,
	       "that word given, only the ITS is waited for");
	ok(ns, "... some time");
	fake_go(0, FERRY_NONE);
	is_int(ferry_irq_free(f, irq, FERRY_FREE_QUIET, NULL), FERRY_OK, "... until it is done");
	clean("no bound");
}

static void free_settled(void)
{
	uint32_t irq;
	uint64_t ns;

	start(false, 1);
	irq = make(1, 0);
	fake_fire(0, 5, 1);
	must(taken(0, irq), "its configuration is read");
	fake_fire(0, 5, 1);
	fake.its[0].allowance = 0;
	fake.its[0].logged = 0;
	is_int(ferry_irq_free(f, irq, 0, NULL), FERRY_E_AGAIN, "its DISCARD is not done");
	is_int(ferry_irq_free(f, irq, 0, NULL), FERRY_E_AGAIN, "nor now");
	fake_go(0, 1);
	is_int(ferry_irq_free(f, irq, 0, NULL), FERRY_E_AGAIN, "nor without SYNC");
	fake_go(0, 10);
	is_int(ferry_irq_free(f, irq, 0, &ns), FERRY_E_AGAIN,
	       "a CPU may still have been offered it");
	is_u64(ns, DRAIN_NS, "for so long");
	fake.now += DRAIN_NS - 1;
	is_int(ferry_irq_free(f, irq, 0, &ns), FERRY_E_AGAIN, "not yet");
	is_u64(ns, 1, "a moment");
	fake.now += 1;
	is_int(ferry_irq_free(f, irq, 0, NULL), FERRY_OK, "done");
	is_u64(count(0x0f), 1, "DISCARD once");
	ok(!fake.rd[0].pending[irq], "nothing is pending");
	fake.its[0].allowance = FERRY_NONE;
	must(create(0, 5, 1, NULL, &irq) == FERRY_OK, "create");
	fake_fire(0, 5, 1);
	ok(nothing(0), "another with its number, not enabled: no configuration of before");
	must(ferry_irq_enable(f, irq) == FERRY_OK, "enable");
	ok(taken(0, irq), "enabled, it comes");
	clean("free");
}

/* ---- CPUs ------------------------------------------------------------------------------- */

/* What a CPU was offered and could not be called back reaches its interrupt's place by way
 * of another CPU. */
static void leaves(void)
{
	uint64_t mask = 1 << 1 | 1 << 2;
	uint32_t irq;

	start(false, 3);
	irq = make(1, 1);
	must(ferry_irq_set_affinity(f, irq, &mask, FERRY_NONE, NULL) == FERRY_OK, "affinity");
	fake.rd[1].offered[irq] = true;
	must(leave(1) == FERRY_OK, "leave");
	ok(settled_on(irq, 2), "it left for CPU 2");
	must(!taken(0, irq), "taken where it is not");
	ok(taken(2, irq), "what the old CPU was offered comes there");
	ok(nothing(0) && nothing(2), "once");
	ok(fake.rd[1].waker & 2, "the redistributor sleeps");
	fake_fire(0, 5, 1);
	ok(taken(2, irq), "and what comes then");
	clean("leaves");
}

static void returns(void)
{
	uint32_t irq;

	start(false, 2);
	irq = make(1, 1);
	must(leave(1) == FERRY_OK, "leave");
	fake_fire(0, 5, 1);
	ok(taken(0, irq), "it left for CPU 0");
	ok(fake.rd[1].ctlr & 1, "LPIs can't be switched off");
	is_int(enter(1), FERRY_OK, "the CPU returns, with its own tables");
	must(ferry_irq_settle(f, irq, NULL) == FERRY_OK && settled_on(irq, 1), "mended");
	fake_fire(0, 5, 1);
	ok(taken(1, irq), "and gets its interrupt back");
	clean("returns");
}

/* LPIs are on when a CPU returns: with whose tables? */
static void tables(void)
{
	struct fake_rd *rd = &fake.rd[1];

	start(false, 2);
	must(leave(1) == FERRY_OK, "leave");
	rd->propbaser ^= 1ull << 12;
	is_int(enter(1), FERRY_E_HARDWARE, "another's configuration table");
	rd->propbaser ^= 1ull << 12 | 1;
	is_int(enter(1), FERRY_E_HARDWARE, "too few INTIDs");
	rd->propbaser ^= 1;
	rd->pendbaser ^= 1ull << 16;
	is_int(enter(1), FERRY_E_HARDWARE, "another's pending table");
	rd->pendbaser ^= 1ull << 16 | 1ull << 10;
	is_int(enter(1), FERRY_OK, "its own; attributes may differ");
	must(leave(1) == FERRY_OK, "leave");
	rd->ctlr = 0;
	is_int(enter(1), FERRY_OK, "one that was powered off");
	ok((rd->ctlr & 1) && !rd->ptz, "its pending table is what it left");
	clean("tables");
}

/* Two ITSs, the same ids: each is told what is its own, both are told of CPUs. */
static void two(void)
{
	uint64_t mask = 1;
	uint32_t irqs[2];

	fake_reset(false);
	configure(2, 4096);
	fake.its[1].typer |= 1u << 19;
	must(machine() == FERRY_OK, "init");
	bring_up(2);
	is_u64(fake.its[0].logged, 8, "CPUs are mapped in one");
	is_u64(fake.its[1].logged, 8, "and in the other");
	for (uint32_t n = 0; n < 2; n++) {
		must(ferry_its_device(f, n, 5, 0x1000, 2) == FERRY_OK, "device");
		must(create(n, 5, 1, &mask, &irqs[n]) == FERRY_OK, "create");
		must(ferry_irq_enable(f, irqs[n]) == FERRY_OK, "enable");
	}
	fake.its[0].logged = fake.its[1].logged = 0;
	must(move(irqs[1], 1) == FERRY_OK, "move");
	is_u64(fake.its[0].logged, 0, "the first hears nothing");
	EXECUTED(1, "of a move in the second", { 5ull << 32 | 1, 1, 1, 0 },
		 { 5, 0, rd_base[1][0], 0 }, { 5, 0, rd_base[1][1], 0 });
	fake_fire(0, 5, 1);
	fake_fire(1, 5, 1);
	ok(taken(0, irqs[0]), "one here");
	ok(taken(1, irqs[1]), "one there");
	clean("two");
}

/* ---- all of it, at random ---------------------------------------------------------- */

#define MANY 24u

struct chaos {
	uint64_t seed;
	uint32_t irqs[MANY];   /* by event */
	uint32_t events[MANY]; /* fired and not yet followed by as many handlers */
	bool owed[MANY], masked[MANY];
	uint32_t handled, moved, freed, left, lost, too_many;
};

static uint32_t below(struct chaos *c, uint32_t n)
{
	c->seed = c->seed * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(c->seed >> 33) % n;
}

/* A CPU takes what it is given; its handler settles what was owed. */
static bool chaos_take(struct chaos *c, uint32_t cpu)
{
	fake.cpu = cpu;
	fake.handled = 0;
	if (ferry_gic_interrupt(f, cpu) != FERRY_GIC_TAKEN)
		return false;
	for (uint32_t e = 0; e < MANY && fake.handled; e++) {
		if (LPI(c->irqs[e]) != fake.handled)
			continue;
		c->too_many += !c->events[e];
		c->events[e] -= c->events[e] != 0;
		c->owed[e] = false;
		c->handled++;
	}
	return true;
}

/* DISCARD is done where the interrupt lives. Where MOVI leaves an offer with the old CPU,
 * it does not find that one: the drain bound has not passed. */
static bool elsewhere(uint32_t irq)
{
	bool found = false;

	for (uint32_t cpu = 0; cpu < CPUS; cpu++)
		found |= fake.rd[cpu].offered[irq] ||
			 (fake.rd[cpu].pending[irq] && !settled_on(irq, cpu));
	return found;
}

static void chaos_free(struct chaos *c, uint32_t e)
{
	int rc;

	while ((rc = ferry_irq_free(f, c->irqs[e], 0, NULL)) == FERRY_E_AGAIN) {
		fake_go(0, 1);
		for (uint32_t cpu = 0; cpu < CPUS && elsewhere(c->irqs[e]); cpu++)
			while (chaos_take(c, cpu))
				;
		fake.now += elsewhere(c->irqs[e]) ? 0 : DRAIN_NS / 3;
	}
	must(rc == FERRY_OK, "free");
	c->irqs[e] = make(e, 0);
	c->owed[e] = c->masked[e] = false;
	c->events[e] = 0;
	c->freed++;
}

static void chaos_cpu(struct chaos *c, uint32_t cpu)
{
	int rc;

	if (ferry_cpu_state(f, cpu) == FERRY_CPU_OFFLINE) {
		must(enter(cpu) == FERRY_OK, "enter");
		return;
	}
	must(ferry_cpu_leave(f, cpu) == FERRY_OK, "leave");
	while ((rc = ferry_cpu_leave_step(f, cpu, NULL, NULL)) == FERRY_E_AGAIN)
		fake_go(0, 1);
	must(rc == FERRY_OK, "leave step");
	fake.cpu = cpu;
	must(ferry_cpu_commit(f, cpu) == FERRY_OK, "commit");
	c->left++;
}

static void chaos_step(struct chaos *c)
{
	uint32_t e = below(c, MANY), cpu = below(c, CPUS);
	uint64_t mask = 1 + below(c, 15);

	switch (below(c, 16)) {
	case 0:
	case 1:
	case 2:
	case 3:
	case 4:
		fake_fire(0, 5, e);
		c->owed[e] = true;
		c->events[e]++;
		break;
	case 5:
	case 6:
	case 7:
		if (ferry_cpu_state(f, cpu) == FERRY_CPU_ONLINE)
			(void)chaos_take(c, cpu);
		break;
	case 8:
	case 9:
	case 10:
		c->moved += ferry_irq_set_affinity(f, c->irqs[e], &mask, FERRY_NONE, NULL) ==
			    FERRY_OK;
		break;
	case 11:
		c->masked[e] = !c->masked[e];
		must((c->masked[e] ? ferry_irq_mask : ferry_irq_unmask)(f, c->irqs[e]) == FERRY_OK,
		     "mask");
		break;
	case 12:
		fake_offer(cpu, c->irqs[e]);
		break;
	case 13:
		fake_go(0, below(c, 8));
		ferry_poll(f);
		break;
	case 14:
		if (!below(c, 8))
			chaos_free(c, e);
		break;
	case 15:
		if (!below(c, 8) && cpu)
			chaos_cpu(c, cpu);
		break;
	}
}

/* All that is owed comes, and nothing else. */
static void chaos_end(struct chaos *c)
{
	bool more = true;

	fake.its[0].per_tick = 0;
	fake_go(0, FERRY_NONE - fake.its[0].allowance);
	for (uint32_t e = 0; e < MANY; e++)
		must(ferry_irq_unmask(f, c->irqs[e]) == FERRY_OK, "unmask");
	while (more) {
		more = false;
		for (uint32_t cpu = 0; cpu < CPUS; cpu++)
			if (ferry_cpu_state(f, cpu) == FERRY_CPU_ONLINE)
				more |= chaos_take(c, cpu);
	}
	for (uint32_t e = 0; e < MANY; e++)
		c->lost += c->owed[e];
}

static void chaos(void)
{
	struct chaos c = { .seed = 1 };

	start(true, CPUS);
	for (uint32_t e = 0; e < MANY; e++)
		c.irqs[e] = make(e, 0);
	fake.its[0].allowance = 0;
	fake.its[0].per_tick = 1;
	for (uint32_t n = 0; n < 300000; n++)
		chaos_step(&c);
	chaos_end(&c);
	is_u64(c.lost, 0, "nothing is lost");
	is_u64(c.too_many, 0, "no handler more than events");
	diag("%u handled, %u moves, %u freed, %u times a CPU left, %u commands", c.handled, c.moved,
	     c.freed, c.left, fake.its[0].commands);
	clean("at random");
}

/* Words of each kind of guard. */
static void guarded(uint32_t nits, uint32_t kinds[8])
{
	fake_reset(false);
	configure(nits, 4096);
	must(machine() == FERRY_OK, "init");
	memset(kinds, 0, 8 * sizeof(*kinds));
	for (size_t n = 0; n < ferry_gic_size(&config); n += 4)
		kinds[ferry_gic_guard(f, (const char *)memory + n).kind]++;
}

static void guards(void)
{
	uint32_t one[8], two[8];

	guarded(1, one);
	guarded(2, two);
	is_u64(two[FERRY_GUARD_LOCK] - one[FERRY_GUARD_LOCK], 2, "an ITS more: one lock");
	is_u64(two[FERRY_GUARD_COUNT] - one[FERRY_GUARD_COUNT], 2, "two counts of commands");
	is_u64(two[FERRY_GUARD_PLAIN] - one[FERRY_GUARD_PLAIN], 2, "two words under its lock");
	is_u64(two[FERRY_GUARD_FREE], one[FERRY_GUARD_FREE], "nothing that anyone writes");
}

int main(void)
{
	commands(false);
	commands(true);
	registers();
	other_registers();
	refusals();
	devices();
	wrap();
	full();
	dead();
	half_made();
	stalls();
	stalled_wait();
	token();
	pending();
	masks();
	free_moving();
	left_behind();
	free_without_bound();
	free_settled();
	leaves();
	returns();
	tables();
	two();
	chaos();
	guards();
	return tap_done();
}
