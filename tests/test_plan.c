// SPDX-License-Identifier: MIT
/*
 * May this CPU leave? The library's answer compared with one that tries every assignment, over
 * all small machines; and where it says yes, the CPU leaves. One thread, and a host where
 * everything is synchronous.
 */
#include <irqferry/host.h>
#include <irqferry/managed.h>
#include <irqferry/plan.h>
#include <irqferry/x86.h>
#include <string.h>
#include "tests/one_thread.h"
#include "tests/still_host.h"
#include "tests/tap.h"

#define CPUS 4u
#define IRQS 128u
#define LEAVERS 6u
#define DOORBELL 0x30u
#define FIRST 0x40u

/* ---- the host --------------------------------------------------------------- */

static uint32_t registers[IRQS][16];
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
	return vector == DOORBELL; /* what is sent has arrived */
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
	(void)index;
	return registers[device][reg];
}

void ferry_host_write(void *ctx, uint32_t device, uint32_t index, enum ferry_reg reg,
		      uint32_t value)
{
	(void)ctx;
	(void)index;
	registers[device][reg] = value;
}

void ferry_host_irte_write(void *ctx, uint32_t unit, uint32_t entry, const struct ferry_irte *irte)
{
	(void)ctx;
	(void)unit;
	(void)entry;
	(void)irte;
}

void ferry_host_irte_sync(void *ctx, uint32_t unit, uint32_t entry)
{
	(void)ctx;
	(void)unit;
	(void)entry;
}

/* ---- a case ------------------------------------------------------------------- */

/* CPU 0 leaves. Masks are of the other CPUs; each has CPU 0 besides. */
struct leaver {
	uint8_t kind, mask;
};

struct shape {
	uint32_t cpus, vectors, leavers;
	uint32_t room[CPUS]; /* of the others: 1 .. cpus-1 */
	uint32_t remote;     /* a bit for each CPU whose APIC id needs remapping */
	bool same;           /* what is free on the others are their lowest vectors */
	bool high;           /* what leaves has the highest ones */
	bool pins;           /* on the last CPU there are level pins */
	bool promised;       /* and others allocate all they can get before it leaves */
	struct leaver leaver[LEAVERS];
};

static struct ferry *f;
static uint64_t memory[16384], plan_memory[2048];
static uint32_t irq_of[LEAVERS], cases, yes;
static const struct shape *now;

static void show(void)
{
	diag("%u CPUs, %u vectors, room %u %u %u, remapping for 0x%x%s%s%s", now->cpus,
	     now->vectors, now->room[1], now->room[2], now->room[3], now->remote,
	     now->same ? ", low ones free" : "", now->high ? ", high ones here" : "",
	     now->promised ? ", promised" : "");
	for (uint32_t n = 0; n < now->leavers; n++)
		diag("interrupt %u: kind %u, mask 0x%x", n, now->leaver[n].kind,
		     now->leaver[n].mask);
}

/* Many thousands of these: only a failure is printed. */
#define must(good, ...) \
	do { \
		if (!(good)) { \
			show(); \
			ok(false, __VA_ARGS__); \
			exit(tap_done()); \
		} \
	} while (0)

static uint32_t free_on(uint32_t cpu)
{
	uint32_t used, free_;

	ferry_x86_vectors(f, cpu, &used, &free_);
	return free_;
}

/* FERRY_NONE: no. */
static uint32_t create(uint8_t kind, uint64_t mask)
{
	static uint32_t devices;
	struct ferry_source s = { .kind = kind, .device = devices++ % IRQS };
	uint32_t irq;

	return ferry_x86_create(f, &s, &mask, 1, &irq) == 1 ? irq : FERRY_NONE;
}

static void begin(uint32_t flags)
{
	static uint32_t ids[CPUS];
	struct ferry_x86_config c = {
		.core = { .cpus = now->cpus, .irqs = IRQS, .masks = 32 },
		.flags = flags | FERRY_X86_FENCE_REACHES_IRR | FERRY_X86_REMAP_DRAINS,
		.apic_ids = ids,
		.remapping = &ferry_x86_remapping,
		.promises = now->promised ? &ferry_x86_promises : NULL,
		.first_vector = FIRST,
		.last_vector = (uint8_t)(FIRST + now->vectors - 1),
		.doorbell_vector = DOORBELL,
	};

	memset(registers, 0, sizeof(registers));
	for (uint32_t n = 0; n < now->cpus; n++)
		ids[n] = now->remote >> n & 1 ? 0x300 + n : n;
	if (ferry_x86_size(&c) > sizeof(memory) ||
	    ferry_x86_init(&c, memory, sizeof(memory), &f) != FERRY_OK)
		bail("no machine");
	for (uint32_t n = 0; n < now->cpus; n++)
		if (ferry_cpu_enter(f, n) != FERRY_OK)
			bail("CPU %u does not come", n);
	if (ferry_plan_size(f) > sizeof(plan_memory))
		bail("a plan is larger than thought");
}

static void doorbells(void)
{
	for (uint32_t cpu = 0; cpu < now->cpus; cpu++)
		if (rung[cpu]) {
			rung[cpu] = false;
			if (ferry_cpu_state(f, cpu) != FERRY_CPU_OFFLINE)
				ferry_x86_doorbell(f, cpu);
		}
}

static void destroy(uint32_t irq)
{
	int rc;

	while ((rc = ferry_irq_free(f, irq, FERRY_FREE_QUIET, NULL)) == FERRY_E_AGAIN)
		doorbells();
	if (rc != FERRY_OK)
		bail("interrupt %u can't be freed: %d", irq, rc);
}

/* Its room becomes what is wanted: the highest vectors are free, or the lowest. */
static void fill(uint32_t cpu)
{
	bool pins = now->pins && cpu == now->cpus - 1;
	uint32_t filler[256], n = 0;

	while (free_on(cpu) > (now->same ? 0 : now->room[cpu])) {
		filler[n] = create(pins ? FERRY_X86_IOAPIC_LEVEL : FERRY_X86_REMAPPED, 1ull << cpu);
		if (filler[n++] == FERRY_NONE)
			bail("no filler");
		/* Some vectors are for those that leave. */
		pins = pins && n < now->vectors - LEAVERS / 2;
	}
	for (uint32_t k = 0; now->same && k < now->room[cpu]; k++)
		destroy(filler[k]);
}

/* The others' rooms are as wanted; everything that leaves lives on CPU 0. */
static void build(uint32_t flags)
{
	uint32_t low[256], lows = 0;

	begin(flags);
	for (uint32_t cpu = 1; cpu < now->cpus; cpu++)
		fill(cpu);
	while (now->high && free_on(0) > now->leavers)
		low[lows++] = create(FERRY_X86_REMAPPED, 1);
	for (uint32_t n = 0; n < now->leavers; n++) {
		const struct leaver *l = &now->leaver[n];
		uint64_t mask = 1 | (uint64_t)l->mask << 1;

		irq_of[n] = create(l->kind, 1);
		if (irq_of[n] == FERRY_NONE)
			bail("no leaver");
		if (ferry_irq_set_affinity(f, irq_of[n], &mask, 0, NULL) != FERRY_OK)
			bail("no mask");
	}
	while (lows)
		destroy(low[--lows]);
}

/* ---- the answer of somebody who has time ------------------------------------------ */

struct best {
	uint32_t placed, inside;
};

static bool may_name(const struct leaver *l, uint32_t cpu)
{
	return !(now->remote >> cpu & 1) || l->kind == FERRY_X86_REMAPPED;
}

/* Interrupts n .. of those in `who` on the CPUs with `room`. */
static struct best try_all(uint32_t n, uint32_t who, uint32_t *room)
{
	struct best best, with;

	if (n == now->leavers)
		return (struct best){ 0, 0 };
	best = try_all(n + 1, who, room);
	if (!(who >> n & 1))
		return best;
	for (uint32_t cpu = 1; cpu < now->cpus; cpu++) {
		if (!room[cpu] || !may_name(&now->leaver[n], cpu))
			continue;
		room[cpu]--;
		with = try_all(n + 1, who, room);
		room[cpu]++;
		with.placed++;
		with.inside += now->leaver[n].mask >> (cpu - 1) & 1;
		if (with.placed > best.placed ||
		    (with.placed == best.placed && with.inside > best.inside))
			best = with;
	}
	return best;
}

static struct best best_of(uint32_t who)
{
	uint32_t room[CPUS];

	memcpy(room, now->room, sizeof(room));
	return try_all(0, who, room);
}

/* ---- asking, and leaving ------------------------------------------------------------- */

static struct ferry_dry_run sum;
static struct ferry_blocker list[LEAVERS];

static struct ferry_plan *ask(bool only_look)
{
	struct ferry_plan *plan = NULL;

	memset(list, 0xff, sizeof(list));
	must(ferry_cpu_plan(f, 0, plan_memory, sizeof(plan_memory), only_look ? NULL : &plan, &sum,
			    list, LEAVERS) == FERRY_OK,
	     "a plan is made");
	must(only_look || (plan != NULL) == !sum.blocked, "it stands if nothing blocks");
	return plan;
}

static uint32_t index_of(uint32_t irq)
{
	for (uint32_t n = 0; n < now->leavers; n++)
		if (irq_of[n] == irq)
			return n;
	return LEAVERS;
}

/* All that is said must be so, where each free vector is as good as another. */
static void check_exact(void)
{
	uint32_t all = (1u << now->leavers) - 1, rest = all;
	struct best best = best_of(all);

	must(sum.needed == now->leavers, "%u interrupts are needed for", sum.needed);
	must(sum.blocked == now->leavers - best.placed, "%u block, %u would do", sum.blocked,
	     now->leavers - best.placed);
	must(sum.broken == best.placed - best.inside, "%u break, %u would do", sum.broken,
	     best.placed - best.inside);
	for (uint32_t n = 0; n < sum.blocked; n++) {
		uint32_t k = index_of(list[n].irq);

		must(k < LEAVERS && (rest >> k & 1), "blocker %u is one of those here", n);
		rest &= ~(1u << k);
	}
	must(best_of(rest).placed == now->leavers - sum.blocked, "without these the rest can go");
}

/* The whole way down; how many are outside their masks at its end. */
static uint32_t leave(void)
{
	uint32_t left = 1, irq, broken = 0;
	int rc = FERRY_OK;

	must(ferry_cpu_leave(f, 0) == FERRY_OK, "it begins to leave");
	for (int n = 0; n < 4 && left; n++) {
		rc = ferry_cpu_leave_step(f, 0, &left, &irq);
		must(rc == FERRY_OK || rc == FERRY_E_AGAIN, "a step says %d of %u", rc, irq);
		doorbells();
	}
	must(ferry_cpu_commit(f, 0) == FERRY_OK, "it leaves");
	for (uint32_t n = 0; n < now->leavers; n++) {
		struct ferry_affinity a;
		uint64_t where;

		(void)ferry_irq_affinity(f, irq_of[n], &a, NULL, &where, NULL);
		must(a.first_cpu && a.first_cpu < now->cpus, "interrupt %u is elsewhere", n);
		must(a.broken == !(now->leaver[n].mask >> (a.first_cpu - 1) & 1),
		     "interrupt %u knows where it is", n);
		broken += a.broken;
	}
	return broken;
}

/* Others take all that nobody was promised. */
static void steal(void)
{
	for (uint32_t cpu = 1; cpu < now->cpus; cpu++)
		while (free_on(cpu))
			must(create(FERRY_X86_REMAPPED, 1ull << cpu) != FERRY_NONE,
			     "CPU %u has the room that it says", cpu);
}

static void check_rooms(const char *when)
{
	for (uint32_t cpu = 1; cpu < now->cpus; cpu++)
		must(free_on(cpu) == now->room[cpu], "CPU %u has the room it had, %s", cpu, when);
}

/* No promise is left: what is not used is free. */
static void check_no_promise(void)
{
	uint32_t used, left;

	for (uint32_t cpu = 1; cpu < now->cpus; cpu++) {
		ferry_x86_vectors(f, cpu, &used, &left);
		must(used + left == now->vectors, "of CPU %u %u are used and %u free", cpu, used,
		     left);
	}
}

static void one_case(const struct shape *s, bool exact)
{
	struct ferry_plan *plan;
	struct ferry_dry_run looked;

	now = s;
	build(0);
	ask(true);
	looked = sum;
	plan = ask(false);
	must(!memcmp(&looked, &sum, sizeof(sum)), "a look says what a plan says");
	if (exact)
		check_exact();
	else
		must(sum.blocked || best_of((1u << s->leavers) - 1).placed == s->leavers,
		     "never yes where there is no room");
	cases++;
	if (!plan) {
		check_rooms("for nothing was promised");
		return;
	}
	yes++;
	if (s->promised) {
		ferry_plan_drop(f, plan);
		check_rooms("after the plan was dropped");
		plan = ask(false);
		steal();
	}
	must(leave() == sum.broken, "as many break as was said");
	ferry_plan_drop(f, plan);
	check_no_promise();
}

/* ---- all small ones --------------------------------------------------------------------- */

/* The next multiset of `leavers` numbers below `kinds`, written in ascending order. */
static bool next_multiset(uint32_t *at, uint32_t leavers, uint32_t kinds)
{
	for (uint32_t n = leavers; n-- > 0;) {
		if (at[n] + 1 == kinds)
			continue;
		at[n]++;
		for (uint32_t k = n + 1; k < leavers; k++)
			at[k] = at[n];
		return true;
	}
	return false;
}

/* With these rooms: each multiset of up to `most` interrupts, a kind of `kinds` and a mask each. */
static void each_multiset(struct shape *s, const uint8_t *kinds, uint32_t nkinds, uint32_t most,
			  bool exact)
{
	uint32_t masks = 1u << (s->cpus - 1);

	for (s->leavers = 0; s->leavers <= most; s->leavers++) {
		uint32_t at[LEAVERS] = { 0 };

		do {
			for (uint32_t n = 0; n < s->leavers; n++)
				s->leaver[n] = (struct leaver){ kinds[at[n] / masks],
								(uint8_t)(at[n] % masks) };
			one_case(s, exact);
		} while (next_multiset(at, s->leavers, nkinds * masks));
	}
}

static bool is_remote(const struct shape *s, uint32_t cpu)
{
	return s->remote >> cpu & 1;
}

/* All rooms up to `top` of the CPUs after CPU 0; of CPUs that are alike, the order does not
 * matter. */
static void each_room(struct shape *s, uint32_t top, const uint8_t *kinds, uint32_t nkinds,
		      uint32_t most, bool exact)
{
	uint32_t combinations = 1;

	for (uint32_t cpu = 1; cpu < s->cpus; cpu++)
		combinations *= top + 1;
	for (uint32_t n = 0; n < combinations; n++) {
		bool sorted = true;

		for (uint32_t cpu = 1, rest = n; cpu < s->cpus; cpu++, rest /= top + 1) {
			s->room[cpu] = rest % (top + 1);
			sorted = sorted &&
				 (cpu == 1 || is_remote(s, cpu) != is_remote(s, cpu - 1) ||
				  s->room[cpu] <= s->room[cpu - 1]);
		}
		if (sorted)
			each_multiset(s, kinds, nkinds, most, exact);
	}
}

static void enumerate(const char *what, struct shape s, uint32_t top, const uint8_t *kinds,
		      uint32_t nkinds, uint32_t most, bool exact)
{
	cases = yes = 0;
	each_room(&s, top, kinds, nkinds, most, exact);
	ok(cases > 0 && yes > 0 && yes < cases, "%s: %u cases, %u say yes and leave", what, cases,
	   yes);
}

int main(void)
{
	static const uint8_t plain[] = { FERRY_X86_MSIX };
	static const uint8_t reach[] = { FERRY_X86_MSIX, FERRY_X86_REMAPPED, FERRY_X86_MSIX };
	static const uint8_t mixed[] = { FERRY_X86_MSIX, FERRY_X86_MSI, FERRY_X86_IOAPIC_EDGE,
					 FERRY_X86_IOAPIC_LEVEL, FERRY_X86_MSIX };

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (uint32_t cpus = 2; cpus <= CPUS; cpus++)
		enumerate("up to 6 interrupts, up to 3 places on each CPU",
			  (struct shape){ .cpus = cpus, .vectors = 6 }, 3, plain, 1, 6, true);
	for (uint32_t reversed = 0; reversed < 2; reversed++) {
		enumerate("up to 4 interrupts, one of three CPUs is for remapped ones",
			  (struct shape){ .cpus = 4, .vectors = 4, .remote = 8 }, 2,
			  reach + reversed, 2, 4, true);
		enumerate("up to 4 interrupts, two of three CPUs are for remapped ones",
			  (struct shape){ .cpus = 4, .vectors = 4, .remote = 12 }, 2,
			  reach + reversed, 2, 4, true);
	}
	for (uint32_t cpus = 2; cpus <= CPUS; cpus++)
		enumerate("promised: up to 6 interrupts, up to 2 places on each CPU",
			  (struct shape){ .cpus = cpus, .vectors = 6, .promised = true }, 2, plain,
			  1, 6, true);
	for (uint32_t how = 0; how < 16; how++)
		enumerate(how >= 4 ? "promised: up to 3 interrupts of all kinds" :
				     "up to 3 interrupts of all kinds",
			  (struct shape){ .cpus = 3,
					  .vectors = 8,
					  .same = how & 1,
					  .high = how & 2,
					  .pins = how >= 12,
					  .promised = how >= 4 },
			  8, mixed + (how >= 8), 4, 3, false);
	return tap_done();
}
