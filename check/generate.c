// SPDX-License-Identifier: MIT
/*
 * Suites of scenarios. A family is a machine, a list of deeds (operations that belong
 * together, in the language of scenarios), how many of them are combined, and which
 * combinations mean something. It has all ways to give the deeds to three CPUs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <irqferry/x86.h>
#include "generate_int.h"

const struct named named_scenarios[] = {
#include "named.inc"
};
const uint32_t named_count = sizeof(named_scenarios) / sizeof(*named_scenarios);

#define DEEDS 20
#define CPUS 3 /* of a family */

/* ---- one scenario --------------------------------------------------------------- */

static bool bigger(struct maker *k)
{
	uint32_t room = k->room ? 2 * k->room : 1024;
	struct scenario *s = realloc(k->out->scenario, room * sizeof(*s));

	k->failed = k->failed || !s;
	if (!s)
		return false;
	k->out->scenario = s;
	k->room = room;
	return true;
}

static int by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct scenario));
}

/* Of those from `from` on, each once. */
static void unique(struct maker *k, uint32_t from, int (*order)(const void *, const void *))
{
	struct scenario *s = k->out->scenario + from;
	uint32_t n = 0;

	if (k->out->n == from)
		return;
	qsort(s, k->out->n - from, sizeof(*s), order);
	for (uint32_t i = 0; i < k->out->n - from; i++)
		if (!n || by_bytes(&s[n - 1], &s[i]))
			s[n++] = s[i];
	k->out->n = from + n;
}

/* CPUs that nothing is said of are left out, down to two. */
static void drop_cpus(struct scenario *s)
{
	unsigned int used = s->away;

	for (int cpu = 0; cpu < s->cpus; cpu++) {
		used |= s->script[cpu].n ? 1u << cpu : 0;
		for (int i = 0; i < s->script[cpu].n; i++)
			used |= s->script[cpu].op[i].cpus;
	}
	while (s->cpus > 2 && !(used >> (s->cpus - 1)))
		s->cpus--;
}

void suite_add(struct maker *k, const struct scenario *s)
{
	struct scenario *to;

	if (k->out->n == k->room && !bigger(k))
		return;
	to = &k->out->scenario[k->out->n++];
	*to = *s;
	scenario_smallest(to);
}

static bool read_text(struct maker *k, const char *text, struct scenario *s)
{
	char error[200];

	if (scenario_parse(text, s, error, sizeof(error)))
		return true;
	fprintf(stderr, "check: %s: %s\n", text, error);
	k->failed = true;
	return false;
}

void suite_add_text(struct maker *k, const char *text)
{
	struct scenario s;

	if (read_text(k, text, &s))
		suite_add(k, &s);
}

/* ---- what it is made of ------------------------------------------------------------ */

/* Kinds of operations in a script before `end`. */
static unsigned int ops_before(const struct script *script, int end)
{
	unsigned int ops = 0;

	for (int i = 0; i < end && i < script->n; i++)
		ops |= BIT(script->op[i].kind);
	return ops;
}

static unsigned int ops_elsewhere(const struct scenario *s, int cpu)
{
	unsigned int ops = 0;

	for (int c = 0; c < s->cpus; c++)
		if (c != cpu)
			ops |= ops_before(&s->script[c], SCENARIO_OPS);
	return ops;
}

static unsigned int suite_ops(const struct scenario *s)
{
	return ops_elsewhere(s, -1);
}

/* Operations, one of which an operation needs before it or beside it to mean anything. */
static unsigned int waits_for(const struct op *op)
{
	switch (op->kind) {
	case OP_UNMASK:
		return BIT(OP_MASK);
	case OP_ENABLE:
		return BIT(OP_DISABLE);
	case OP_SETTLE:
		return MOVERS | BIT(OP_FREE);
	default:
		return ~0u;
	}
}

static bool op_is_idle(const struct scenario *s, int cpu, int i)
{
	const struct script *script = &s->script[cpu];
	const struct op *op = &script->op[i];
	unsigned int company = ops_before(script, i) | ops_elsewhere(s, cpu);

	if (i && !memcmp(op, op - 1, sizeof(*op)))
		return true;
	/* Where it is already: it changes only what is requested, for one who leaves. */
	if (op->kind == OP_MOVE && op->cpus == 1u << scenario_start(s, op->irq))
		return !((company | ops_before(script, SCENARIO_OPS)) & (MOVERS & ~BIT(OP_MOVE))) &&
		       !(company & MOVERS);
	return waits_for(op) != ~0u && !(waits_for(op) & company);
}

/* Does every operation have something to do? */
bool suite_sensible(const struct scenario *s)
{
	for (int cpu = 0; cpu < s->cpus; cpu++)
		for (int i = 0; i < s->script[cpu].n; i++)
			if (op_is_idle(s, cpu, i))
				return false;
	return true;
}

/* How many of these operations there are; those of one interrupt, or -1. */
unsigned int suite_count(const struct scenario *s, unsigned int kinds, int irq)
{
	unsigned int n = 0;

	for (int cpu = 0; cpu < s->cpus; cpu++)
		for (int i = 0; i < s->script[cpu].n; i++) {
			const struct op *op = &s->script[cpu].op[i];

			n += (kinds & BIT(op->kind)) && (irq < 0 || op->irq == irq);
		}
	return n;
}

bool suite_on_two_cpus(const struct scenario *s)
{
	return suite_sensible(s) && !s->script[2].n;
}

/* Something moves, and both interrupts are in it. */
bool suite_about_both(const struct scenario *s)
{
	unsigned int all = suite_ops(s);

	if (!suite_sensible(s) || !(all & (MOVERS | BIT(OP_FREE))))
		return false;
	for (int irq = 0; irq < 2; irq++)
		if (!suite_count(s, ~CPU_OPS, irq) && !(all & CPU_OPS))
			return false;
	return (all & ~CPU_OPS) != 0;
}

/* Both move, and one again or a CPU leaves. */
static bool both_move(const struct scenario *s)
{
	return suite_sensible(s) && suite_count(s, BIT(OP_OFFLINE), -1) <= 1 &&
	       suite_count(s, BIT(OP_MOVE), 0) && suite_count(s, BIT(OP_MOVE), 1);
}

/* The interrupt moves twice, besides something else. */
static bool two_moves(const struct scenario *s)
{
	return suite_sensible(s) && suite_count(s, BIT(OP_MOVE), -1) == 2;
}

/* ... which happens elsewhere: one CPU moves it twice. */
static bool moves_in_turn(const struct scenario *s)
{
	for (int cpu = 0; cpu < s->cpus; cpu++)
		if (s->script[cpu].n == 2 && ops_before(&s->script[cpu], 2) == BIT(OP_MOVE))
			return two_moves(s);
	return false;
}

/* ---- families ------------------------------------------------------------------------ */

struct deeds {
	struct script deed[DEEDS];
	unsigned int n;
};

/* "move 0 1, mask 0; unmask 0" */
static bool read_deeds(struct maker *k, const char *text, struct deeds *d)
{
	char line[SCENARIO_TEXT];
	struct scenario s;
	size_t n;

	for (d->n = 0; *text && d->n < DEEDS; d->n++) {
		n = strcspn(text, ",");
		snprintf(line, sizeof(line), "msix,msix cpus=%d events=0 | 0: %.*s", CPUS, (int)n,
			 text);
		if (!read_text(k, line, &s))
			return false;
		d->deed[d->n] = s.script[0];
		text += n + (text[n] == ',');
	}
	return !*text;
}

static bool append(struct script *script, const struct script *deed)
{
	if (script->n + deed->n > SCENARIO_OPS)
		return false;
	memcpy(&script->op[script->n], deed->op, deed->n * sizeof(*deed->op));
	script->n = (uint8_t)(script->n + deed->n);
	return true;
}

/* Combination `at` of n deeds to the base: each digit is a CPU and a deed. CPUs must
 * not fall from digit to digit, the same scripts come once then. */
static bool combination(const struct deeds *d, unsigned int n, uint32_t at, struct scenario *s)
{
	unsigned int cpu, least = 0;

	for (; n; n--, at /= d->n * CPUS) {
		cpu = at % CPUS;
		if (cpu < least || !append(&s->script[cpu], &d->deed[at / CPUS % d->n]))
			return false;
		least = cpu;
	}
	return true;
}

/* All combinations of n deeds on the machine `base`, which may have scripts already. */
void suite_combine(struct maker *k, const char *base, const char *deeds, unsigned int n,
		   wanted_fn *wanted)
{
	uint32_t end = 1, first = k->out->n;
	struct scenario from, s;
	struct deeds d;

	if (!read_text(k, base, &from))
		return;
	k->failed = !read_deeds(k, deeds, &d) || k->failed;
	for (unsigned int i = 0; i < n; i++)
		end *= d.n * CPUS;
	for (uint32_t at = 0; at < end && !k->failed; at++) {
		s = from;
		if (!combination(&d, n, at, &s) || !wanted(&s) || !scenario_valid(&s))
			continue;
		scenario_smallest(&s);
		drop_cpus(&s);
		suite_add(k, &s);
	}
	unique(k, first, by_bytes);
}

/* ---- options ---------------------------------------------------------------------------- */

#define MSIX (1 << FERRY_X86_MSIX)
#define MSI (1 << FERRY_X86_MSI)
#define LEVEL (1 << FERRY_X86_IOAPIC_LEVEL)
#define REMAPPED (1 << FERRY_X86_REMAPPED)
#define ALL ((1 << FERRY_X86_KINDS) - 1)
#define REGISTERS (ALL & ~REMAPPED)
#define MESSAGES (REGISTERS & ~LEVEL)
#define SOME (MSIX | MSI | LEVEL | REMAPPED) /* one of each way to be programmed */

/* Options that can matter. */
struct profile {
	const char *text;
	uint8_t kinds;  /* for these */
	uint8_t beside; /* for these also with a move beside or before */
	bool pairs;     /* also together with another option */
	uint32_t ops;   /* to one of these operations; 0: to any */
};

#define TOUCHING (MOVERS | BIT(OP_FREE) | BIT(OP_MASK))
#define TAKING (MOVERS | BIT(OP_FREE))

static const struct profile profiles[] = {
	{ "fence=root", REGISTERS, REGISTERS, true, 0 },
	{ "fence=root bound=none", MESSAGES, MSIX, false, TAKING },
	{ "bound=none", LEVEL | REMAPPED, 0, true, TAKING },
	{ "overtaking", ALL, 0, true, TAKING },
	{ "overtaking fence=root", MESSAGES, MSIX | MSI, false, TAKING },
	{ "ipi=late", ALL, SOME, true, 0 },
	{ "eoi=late", LEVEL, LEVEL, true, 0 },
	{ "nested", ALL, 0, true, 0 },
	{ "posted", REGISTERS, 0, true, 0 },
	{ "leave=off", ALL, ALL, true, LEAVING },
	{ "irr=kept", ALL, 0, true, LEAVING },
	{ "tso", ALL, 0, true, 0 },
	{ "undrained", REMAPPED, REMAPPED, true, TAKING },
	{ "directed", LEVEL, LEVEL, true, 0 },
	{ "fail=1", REGISTERS, 0, true, TOUCHING },
	{ "fail=2", MSIX | LEVEL, 0, false, TOUCHING },
	{ "fail=3", LEVEL, 0, false, TOUCHING },
	{ "fail=4", LEVEL, 0, false, TOUCHING },
	{ "fail=1+", REGISTERS, 0, true, TOUCHING },
	{ "fail=2+", LEVEL, 0, false, TOUCHING },
	{ "fail=3+", LEVEL, 0, false, TOUCHING },
	{ "pinned", ALL, 0, true, MOVERS },
	{ "pinned restore", ALL, SOME, false, BIT(OP_ONLINE) },
	{ "shared", ALL, 0, true, TAKING },
	{ "flat", ALL, MSIX | MSI | REMAPPED, true, TAKING },
	{ "vectors=1", ALL, 0, false, TAKING },
	{ "vectors=2", MSIX | MSI, 0, true, TAKING },
};

#define PROFILES (sizeof(profiles) / sizeof(*profiles))

void suite_keep(struct maker *k, uint32_t from, unsigned int ops)
{
	uint32_t to = from;

	for (uint32_t i = from; i < k->out->n; i++)
		if (suite_ops(&k->out->scenario[i]) & ops)
			k->out->scenario[to++] = k->out->scenario[i];
	k->out->n = to;
}

/* Of those made from `from` on, the ones to which the profile matters. */
static void keep(struct maker *k, uint32_t from, const struct profile *p)
{
	if (p->ops)
		suite_keep(k, from, p->ops);
}

/* ---- the commit suite -------------------------------------------------------------------- */

const char suite_single[] =
	"move 0 0, move 0 1, move 0 2, move 0 1+2, offline, rollback, mask 0, unmask 0, "
	"disable 0, enable 0, free 0, settle 0";
const char suite_natural[] = "offline; online, free 0; create 0";
const char suite_whole[] =
	"move 0 0, move 0 1, move 0 1; settle 0, offline, offline; online, rollback, "
	"mask 0; unmask 0, disable 0; enable 0, free 0, free 0; create 0";

static void default_hardware(struct maker *k, int kind)
{
	char base[SCENARIO_TEXT];

	snprintf(base, sizeof(base), "%s cpus=3 events=2", scenario_kind[kind]);
	suite_combine(k, base, suite_single, 1, suite_sensible);
	suite_combine(k, base, suite_single, 2, suite_sensible);
	suite_combine(k, base, suite_natural, 1, suite_sensible);
	strcat(base, " away=1 | 1: online");
	suite_combine(k, base, suite_single, 0, suite_sensible);
	suite_combine(k, base, suite_single, 1, suite_sensible);
}

/* Does interrupt i, once moved, wait for an arrival or the bound? */
static bool waits(const struct scenario *s, int i)
{
	if (i >= SCENARIO_IRQS || !(suite_ops(s) & (MOVERS | BIT(OP_FREE))))
		return false;
	if (s->kind[i] == FERRY_X86_REMAPPED)
		return s->hw.undrained;
	return s->kind[i] != FERRY_X86_IOAPIC_LEVEL && s->hw.fence_root;
}

/* With a move that waits for evidence, what else goes and comes multiplies: these are
 * left for the night. */
static bool for_the_night(const struct scenario *s)
{
	return waits(s, 0) && suite_count(s, BIT(OP_MOVE), -1) &&
	       (suite_ops(s) & (BIT(OP_ROLLBACK) | BIT(OP_OFFLINE)));
}

static void only_for_the_day(struct maker *k, uint32_t from)
{
	struct suite *out = k->out;
	uint32_t kept = from;

	for (uint32_t i = from; i < out->n; i++)
		if (!for_the_night(&out->scenario[i]))
			out->scenario[kept++] = out->scenario[i];
	out->n = kept;
}

static void under_profile(struct maker *k, int kind, const struct profile *p)
{
	char base[SCENARIO_TEXT];
	uint32_t from = k->out->n;
	size_t n;

	if (!(p->kinds >> kind & 1))
		return;
	n = (size_t)snprintf(base, sizeof(base), "%s cpus=3 events=2 %s", scenario_kind[kind],
			     p->text);
	suite_combine(k, base, suite_whole, 1, suite_on_two_cpus);
	for (int cpu = 0; cpu < 2 && (p->beside >> kind & 1); cpu++) {
		snprintf(base + n, sizeof(base) - n, " | %d: move 0 %s", cpu,
			 strcmp(p->text, "flat") ? "1" : "1+2");
		suite_combine(k, base, suite_whole, 1, suite_on_two_cpus);
	}
	keep(k, from, p);
	only_for_the_day(k, from);
}

static void make_commit(struct maker *k)
{
	for (int kind = 0; kind < FERRY_X86_KINDS; kind++) {
		default_hardware(k, kind);
		for (size_t i = 0; i < PROFILES; i++)
			under_profile(k, kind, &profiles[i]);
	}
}

/* ---- the nightly suite ------------------------------------------------------------------- */

#define BOTH \
	"free 0; create 0, mask 0; unmask 0, free 1; create 1, mask 1; unmask 1, " \
	"move 0 1, move 1 1, offline"

/* One vector: the second interrupt starts on CPU 1. A request that waits for a move to
 * end can find no room then, one that does not is refused. */
static void few_vectors(struct maker *k, int a, int b)
{
	static const char other[] =
		"move 1 0, move 1 1, move 1 2, offline, free 1, free 1; create 1";
	char base[SCENARIO_TEXT];
	size_t n = (size_t)snprintf(base, sizeof(base), "%s,%s cpus=3 events=2 vectors=1",
				    scenario_kind[a], scenario_kind[b]);

	suite_combine(k, base, "move 0 1, move 1 0, offline, free 0; create 0, free 1; create 1", 2,
		      suite_about_both);
	for (int cpu = 0; cpu < CPUS; cpu++) {
		snprintf(base + n, sizeof(base) - n, " | %d: move 0 2; move 0 1", cpu);
		suite_combine(k, base, other, 1, suite_sensible);
	}
}

static void two_interrupts(struct maker *k, int a, int b)
{
	char base[SCENARIO_TEXT];
	size_t n = (size_t)snprintf(base, sizeof(base), "%s,%s cpus=3 events=2", scenario_kind[a],
				    scenario_kind[b]);

	suite_combine(k, base, BOTH ", move 0 2, move 1 2, rollback", 2, suite_about_both);
	suite_combine(k, base, "move 0 1, move 0 2, move 1 1, offline", 3, both_move);
	strcpy(base + n, " fence=root");
	if (a != FERRY_X86_REMAPPED)
		suite_combine(k, base, BOTH, 2, suite_about_both);
	if (a != FERRY_X86_IOAPIC_LEVEL || b != FERRY_X86_IOAPIC_LEVEL)
		few_vectors(k, a, b);
}

/* Each matters to one of the kinds at least. */
static void option_pair(struct maker *k, int a, int b, const struct profile *p,
			const struct profile *q)
{
	static const char *const scripts[] = {
		"0: move 0 1 | 1: move 1 1",
		"0: offline | 1: move 0 1",
	};
	char text[SCENARIO_TEXT], error[8];
	uint32_t from = k->out->n;
	struct scenario s;

	for (size_t i = 0; i < sizeof(scripts) / sizeof(*scripts); i++) {
		snprintf(text, sizeof(text), "%s,%s cpus=2 events=2 %s %s | %s", scenario_kind[a],
			 scenario_kind[b], p->text, q->text, scripts[i]);
		/* Two values of one option can't be. */
		if (scenario_parse(text, &s, error, sizeof(error)))
			suite_add(k, &s);
	}
	keep(k, from, p);
	keep(k, from, q);
}

static void option_pairs(struct maker *k, int a, int b)
{
	unsigned int both = 1u << a | 1u << b;

	for (const struct profile *p = profiles; p < profiles + PROFILES; p++)
		for (const struct profile *q = p + 1; q < profiles + PROFILES; q++)
			if (p->pairs && q->pairs && (p->kinds & both) && (q->kinds & both))
				option_pair(k, a, b, p, q);
}

static const char three[] =
	"move 0 0, move 0 1, move 0 2, offline, rollback, mask 0, disable 0, free 0";

static void three_events(struct maker *k, int kind, const struct profile *p)
{
	char base[SCENARIO_TEXT];
	uint32_t from = k->out->n;

	if (!(p->kinds >> kind & 1))
		return;
	snprintf(base, sizeof(base), "%s cpus=3 events=3 %s", scenario_kind[kind], p->text);
	suite_combine(k, base, three, 3, p->beside == REGISTERS ? two_moves : moves_in_turn);
	keep(k, from, p);
}

/* ---- suites ---------------------------------------------------------------------------------- */

/* Roughly, how many steps of a CPU an operation is. */
static const uint8_t steps[OP_KINDS] = {
	[OP_MOVE] = 20, [OP_OFFLINE] = 50, [OP_ONLINE] = 20, [OP_ROLLBACK] = 20,
	[OP_MASK] = 5,  [OP_UNMASK] = 5,   [OP_DISABLE] = 5, [OP_ENABLE] = 5,
	[OP_FREE] = 25, [OP_CREATE] = 15,  [OP_SETTLE] = 8,
};

static double of_hardware(const struct hardware *hw)
{
	double n = 1;

	n *= hw->overtaking ? 1.3 : 1;
	n *= hw->fence_root ? 1.3 : 1;
	n *= hw->bound ? 1.1 : 1;
	n *= hw->ipi_late ? 1.5 : 1;
	n *= hw->eoi_late ? 1.5 : 1;
	n *= hw->nested ? 1.4 : 1;
	n *= hw->posted ? 1.5 : 1;
	n *= hw->tso || hw->weak ? 6 : 1;
	n *= hw->slow ? 1.5 : 1;
	n *= hw->leave_off || hw->irr_kept ? 1.1 : 1;
	return n;
}

double scenario_estimate(const struct scenario *s)
{
	double n = of_hardware(&s->hw) * (s->flat || s->several ? 4 : 1);

	if (scenario_guest(s))
		return suite_guest_estimate(s);
	if (scenario_queues(s))
		return suite_queues_estimate(s, n);
	for (int i = 0; i < s->nirqs; i++)
		n *= waits(s, i) ? 5 : i < SCENARIO_IRQS && s->kind[i] == SCENARIO_LPI ? 2 : 1;

	for (int i = 0; i < s->nirqs * s->events; i++)
		n *= 3;
	for (int cpu = 0; cpu < s->cpus; cpu++) {
		double at = 1.5;

		for (int i = 0; i < s->script[cpu].n; i++)
			at += steps[s->script[cpu].op[i].kind];
		n *= at;
	}
	return n;
}

static int by_size(const void *a, const void *b)
{
	double m = scenario_estimate(a), n = scenario_estimate(b);

	return m < n ? -1 : m > n ? 1 : by_bytes(a, b);
}

/* One that leaves has an interrupt or may get one: there is something to move away. */
static bool leaves_some(const struct scenario *s)
{
	unsigned int at = 0;

	for (unsigned int irq = 0; irq < s->nirqs; irq++)
		at |= s->flat ? ~0u : 1u << scenario_start(s, irq);
	for (int cpu = 0; cpu < s->cpus; cpu++)
		for (int i = 0; i < s->script[cpu].n; i++)
			at |= s->script[cpu].op[i].cpus;
	for (int cpu = 0; cpu < s->cpus; cpu++)
		if ((at >> cpu & 1) && (ops_before(&s->script[cpu], SCENARIO_OPS) &
					(BIT(OP_OFFLINE) | BIT(OP_ROLLBACK))))
			return true;
	return false;
}

/* What a scenario is large by. */
struct bulk {
	unsigned int threads;                     /* CPUs with a script */
	unsigned int movers;                      /* of them, with moves */
	unsigned int moves, leaves, frees, stirs; /* operations; all of these */
	unsigned int delays;                      /* options that let something wait for any time */
	bool some;                                /* leaves_some() */
	bool wait;                                /* for evidence */
	bool pin, remapped;                       /* there is a level pin, a remapped one */
};

static struct bulk bulk_of(const struct scenario *s)
{
	const struct hardware *hw = &s->hw;
	struct bulk b = {
		.moves = suite_count(s, BIT(OP_MOVE), -1),
		.leaves = suite_count(s, BIT(OP_OFFLINE) | BIT(OP_ROLLBACK), -1),
		.frees = suite_count(s, BIT(OP_FREE), -1),
		.delays = hw->posted + hw->nested + hw->ipi_late + hw->eoi_late + s->flat,
		.some = leaves_some(s),
		.wait = waits(s, 0) || waits(s, 1),
	};

	b.stirs = b.moves + b.leaves + b.frees;
	for (int i = 0; i < s->nirqs; i++) {
		b.pin = b.pin || s->kind[i] == FERRY_X86_IOAPIC_LEVEL;
		b.remapped = b.remapped || s->kind[i] == FERRY_X86_REMAPPED;
	}
	for (int cpu = 0; cpu < s->cpus; cpu++) {
		b.threads += s->script[cpu].n > 0;
		b.movers += ops_before(&s->script[cpu], SCENARIO_OPS) >> OP_MOVE & 1;
	}
	return b;
}

/* Three events: one CPU moves it, or two and nothing else is wide. */
static bool small_single(const struct scenario *s, const struct bulk *b)
{
	if (b->wait && (b->some || s->hw.bound != BOUND_NONE))
		return false;
	if ((b->some && s->cpus > 2) || (b->pin && s->flat))
		return false;
	return b->delays + b->frees + (b->movers > 1 ? 2 : 0) + (b->some ? 2 : 0) <= 2;
}

/* Two interrupts, one CPU does everything. With one vector most of three operations wait. */
static bool small_in_turn(const struct scenario *s, const struct bulk *b)
{
	if (b->stirs > 2)
		return s->vectors == 1 && b->stirs == 3 && s->script[0].n &&
		       !(b->pin && b->remapped) && !suite_count(s, BIT(OP_CREATE), -1);
	if (!b->wait)
		return true;
	return !b->some && (!b->frees || b->frees == b->stirs) && (s->cpus < 3 || b->stirs < 2);
}

/* Two interrupts, two CPUs at a time: what both of them move multiplies. */
static bool small_at_once(const struct scenario *s, const struct bulk *b)
{
	if (b->stirs > 2 || b->frees > 1)
		return false;
	if (b->leaves && !b->some)
		return !b->delays && !(b->wait && b->frees && s->cpus < 3);
	if (b->stirs < 2)
		return !(b->some && b->wait);
	if (suite_count(s, BIT(OP_ROLLBACK), -1) || (b->frees && b->wait))
		return false;
	if (s->vectors == 1)
		return true;
	if (s->cpus > 2 || (b->frees && b->some))
		return false;
	return b->some ? !b->delays && !b->wait : b->delays + b->wait + b->remapped <= 1;
}

/* Is it small enough for one night? By what was measured: on average some 60,000 states,
 * few over a million. */
static bool small_enough(const struct scenario *s)
{
	const struct bulk b = bulk_of(s);

	if (s->hw.fail == 1 && s->hw.fail_on && !b.wait)
		return true; /* nothing moves any more */
	if (s->hw.tso || b.threads > 2)
		return false;
	/* On three CPUs with one vector each, who is made anew waits for any of them. */
	if (s->nirqs == 2 && s->cpus > 2 && s->vectors == 1 && b.frees)
		return false;
	if (s->nirqs == 1)
		return small_single(s, &b);
	return b.threads == 1 ? small_in_turn(s, &b) : small_at_once(s, &b);
}

/* Of those from `from` on the small ones. */
static void keep_small(struct maker *k, uint32_t from)
{
	struct suite *out = k->out;
	uint32_t kept = from;

	for (uint32_t i = from; i < out->n; i++)
		if (small_enough(&out->scenario[i]))
			out->scenario[kept++] = out->scenario[i];
	out->n = kept;
}

static void make_nightly(struct maker *k)
{
	static const struct profile none = { "", ALL, 0, false, 0 };

	for (int a = 0; a < FERRY_X86_KINDS; a++)
		for (int b = a; b < FERRY_X86_KINDS; b++) {
			two_interrupts(k, a, b);
			option_pairs(k, a, b);
		}
	for (int a = 0; a < FERRY_X86_KINDS; a++) {
		three_events(k, a, &none);
		for (size_t i = 0; i < PROFILES; i++)
			three_events(k, a, &profiles[i]);
	}
	keep_small(k, 0);
}

/* Is it one of those words with commas between? */
static bool is_among(const char *word, const char *list)
{
	size_t n = strlen(word);

	for (; *list; list += strcspn(list, ","), list += *list == ',')
		if (strcspn(list, ",") == n && !strncmp(list, word, n))
			return true;
	return false;
}

/* Of the named ones those of a suite; `named`: all but those too large to exhaust. */
static void make_named(struct maker *k, const char *suite)
{
	const struct named *n = named_scenarios;
	struct scenario s;

	for (uint32_t i = 0; i < named_count; i++, n++)
		if ((strcmp(suite, "named") ? is_among(suite, n->suites) :
					      !is_among("large", n->suites)) &&
		    read_text(k, n->text, &s))
			suite_add(k, &s);
}

static bool make(struct maker *k, const char *name)
{
	if (!strcmp(name, "commit"))
		make_commit(k);
	else if (!strcmp(name, "nightly"))
		make_nightly(k);
	else if (!strcmp(name, "arm"))
		suite_make_arm(k);
	else if (!strcmp(name, "vgic"))
		suite_make_guest(k);
	else if (!strcmp(name, "vgic-nightly"))
		suite_make_guest_nightly(k);
	else if (!strcmp(name, "managed"))
		suite_make_queues(k);
	else if (!strcmp(name, "managed-nightly"))
		suite_make_queues_nightly(k);
	else if (strcmp(name, "named") && strcmp(name, "large"))
		return false;
	make_named(k, name);
	return !k->failed;
}

bool suite_make(const char *name, struct suite *suite)
{
	struct maker k = { .out = suite };

	*suite = (struct suite){ 0 };
	if (!make(&k, name)) {
		suite_free(suite);
		return false;
	}
	unique(&k, 0, by_size);
	return true;
}

void suite_free(struct suite *suite)
{
	free(suite->scenario);
	*suite = (struct suite){ 0 };
}
