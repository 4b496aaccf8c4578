// SPDX-License-Identifier: MIT
/*
 * The language of scenarios: reading and writing it, and what is impossible. rename.c says
 * which scenarios are one up to the names of CPUs and interrupts.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <irqferry/gic.h>
#include <irqferry/vgic.h>
#include <irqferry/x86.h>
#include "scenario_int.h"

const char *const scenario_kind[SCENARIO_KINDS] = {
	"msix",
	"maskable",
	"msi",
	"edge",
	"level",
	"remapped",
	[SCENARIO_SPI] = "spi",
	[SCENARIO_LINE] = "line",
	[SCENARIO_LPI] = "lpi",
	[SCENARIO_ESPI] = "espi",
	[SCENARIO_HWEDGE] = "hwedge",
	[SCENARIO_HWLEVEL] = "hwlevel",
	[SCENARIO_VEDGE] = "vedge",
	[SCENARIO_VLEVEL] = "vlevel",
	[SCENARIO_SGI] = "sgi",
	[SCENARIO_PPI] = "ppi",
};

_Static_assert((int)SCENARIO_SPI == FERRY_GIC_EDGE && (int)SCENARIO_LINE == FERRY_GIC_LEVEL &&
		       (int)SCENARIO_LPI == FERRY_GIC_LPI,
	       "numbers of the library");

#define BLANKS " \t\r\n"
#define MARKS "|:;"

/* ---- options ------------------------------------------------------------------ */

enum form { FORM_WORD, FORM_NUMBER, FORM_FAIL, FORM_CPUS, FORM_MASKS };

/* Machines on which an option means something. */
enum { X86 = 1, ARM = 2, GUEST = 4 };

struct option {
	const char *word; /* WORD: all of it; else what stands before "=" */
	uint8_t form;
	uint8_t on;          /* machines */
	uint8_t at;          /* where in struct scenario */
	uint8_t least, most; /* WORD: the value it gives is `least` */
	uint8_t unsaid;      /* the value without it */
};

#define AT(field) ((uint8_t)offsetof(struct scenario, field))
#define WORD(on, text, field, value) \
	{ \
		text, FORM_WORD, on, AT(field), value, value, 0 \
	}

/* In the order in which scenario_format() says them. */
static const struct option options[] = {
	{ "cpus", FORM_NUMBER, X86 | ARM | GUEST, AT(cpus), 1, SCENARIO_CPUS, 0 },
	{ "events", FORM_NUMBER, X86 | ARM | GUEST, AT(events), 0, SCENARIO_EVENTS,
	  SCENARIO_EVENTS + 1 },
	WORD(ARM | GUEST, "gic=2", hw.gic2, 1),
	WORD(GUEST, "vgic=2", guest.gic2, 1),
	{ "vcpus", FORM_NUMBER, GUEST, AT(guest.vcpus), 1, SCENARIO_VCPUS, SCENARIO_GUEST },
	{ "lrs", FORM_NUMBER, GUEST, AT(guest.lrs), 1, 16, SCENARIO_GUEST },
	WORD(GUEST, "strategy=late", guest.strategy, GUEST_LATE),
	WORD(GUEST, "strategy=maintenance", guest.strategy, GUEST_MAINTENANCE),
	WORD(GUEST, "ask", guest.ask, 1),
	WORD(GUEST, "scheme=fixed", guest.scheme, FERRY_RESIDENT_FIXED),
	WORD(GUEST, "scheme=injected", guest.scheme, FERRY_RESIDENT_INJECTED),
	WORD(GUEST, "eoimode1", guest.split, 1),
	WORD(GUEST, "direct", guest.direct, 1),
	WORD(X86, "overtaking", hw.overtaking, 1),
	WORD(X86, "fence=root", hw.fence_root, 1),
	WORD(X86, "bound=none", hw.bound, BOUND_NONE),
	WORD(X86, "bound=lies", hw.bound, BOUND_LIES),
	WORD(X86, "ipi=late", hw.ipi_late, 1),
	WORD(X86, "eoi=late", hw.eoi_late, 1),
	WORD(X86, "cleanup=high", hw.cleanup_high, 1),
	WORD(X86 | ARM, "nested", hw.nested, 1),
	WORD(X86, "posted", hw.posted, 1),
	WORD(ARM | GUEST, "slow", hw.slow, 1),
	WORD(ARM, "rd=kept", hw.rd_kept, 1),
	WORD(ARM, "poll=soon", hw.poll_soon, 1),
	WORD(X86 | ARM, "leave=off", hw.leave_off, 1),
	WORD(X86, "irr=kept", hw.irr_kept, 1),
	WORD(X86, "tso", hw.tso, 1),
	WORD(ARM | GUEST, "weak", hw.weak, 1),
	WORD(X86, "undrained", hw.undrained, 1),
	WORD(X86, "directed", hw.directed, 1),
	{ "fail", FORM_FAIL, X86, AT(hw.fail), 1, 200, 0 },
	WORD(ARM, "split", split, 1),
	WORD(X86 | ARM, "pinned", pinned, 1),
	WORD(X86 | ARM, "restore", restore, 1),
	WORD(X86, "shared", shared, 1),
	WORD(X86, "flat", flat, 1),
	WORD(ARM, "several", several, 1),
	WORD(X86 | ARM, "planned", planned, 1),
	{ "vectors", FORM_NUMBER, X86, AT(vectors), 1, 64, SCENARIO_VECTORS },
	{ "away", FORM_CPUS, X86 | ARM | GUEST, AT(away), 0, 0, 0 },
	{ "masks", FORM_MASKS, X86 | ARM, AT(queues.mask[0]), 0, 0, 0 },
	WORD(X86 | ARM, "allow", queues.allow, 1),
	WORD(X86 | ARM, "readonly", queues.readonly, 1),
	WORD(X86 | ARM, "initial", queues.initial, 1),
	WORD(X86, "pool", queues.pool, 1),
};

#define OPTIONS (sizeof(options) / sizeof(*options))

_Static_assert(sizeof(bool) == 1 && sizeof(struct scenario) < 256, "bytes, found by offset");

static uint8_t *field(struct scenario *s, const struct option *o)
{
	return (uint8_t *)s + o->at;
}

static uint8_t value(const struct scenario *s, const struct option *o)
{
	return ((const uint8_t *)s)[o->at];
}

static unsigned int machine_of(uint8_t kind)
{
	return kind >= SCENARIO_HWEDGE ? GUEST : kind >= SCENARIO_SPI ? ARM : X86;
}

static unsigned int machine(const struct scenario *s)
{
	return machine_of(s->kind[0]);
}

static bool op_has_irq(uint8_t kind)
{
	return scenario_form[kind].irq;
}

static unsigned int count(unsigned int bits)
{
	return (unsigned int)__builtin_popcount(bits);
}

/* ---- what is impossible --------------------------------------------------------- */

static const struct option *option_at(uint8_t at)
{
	for (size_t i = 0; i < OPTIONS; i++)
		if (options[i].at == at)
			return &options[i];
	return NULL;
}

unsigned int scenario_start(const struct scenario *s, unsigned int irq)
{
	unsigned int full = irq / s->vectors, cpu = 0;

	while (cpu + 1 < s->cpus && (full || s->away >> cpu & 1)) {
		full -= !(s->away >> cpu & 1);
		cpu++;
	}
	return cpu;
}

static bool check_away(const struct scenario *s, struct fault *f)
{
	unsigned int all = (1u << s->cpus) - 1;

	f->option = option_at(AT(away));
	if (s->away > all)
		return scenario_wrong(f, "there is no CPU above %d", s->cpus - 1);
	if (s->away == all)
		return scenario_wrong(f, "no CPU is left");
	if (s->away & 1)
		return scenario_wrong(f, "CPU 0 can't be away, interrupts start there");
	return true;
}

/* Is there a vector for each interrupt to start with? */
static bool check_vectors(const struct scenario *s, struct fault *f)
{
	unsigned int levels = 0, online = s->cpus - count(s->away);

	for (int i = 0; i < s->nirqs; i++)
		levels += s->kind[i] == FERRY_X86_IOAPIC_LEVEL;
	f->option = option_at(AT(vectors));
	if (s->shared && s->vectors < s->nirqs)
		return scenario_wrong(f, "%d interrupts don't fit into one namespace of %d vectors",
				      s->nirqs, s->vectors);
	if (s->vectors < levels)
		return scenario_wrong(f, "level pins need a vector each, %u of them", levels);
	if (s->vectors * online < s->nirqs)
		return scenario_wrong(f, "%d interrupts don't fit on %u CPUs with %d vectors each",
				      s->nirqs, online, s->vectors);
	return true;
}

static bool in_range(const struct scenario *s, const struct option *o)
{
	uint8_t v = value(s, o);

	if (o->form == FORM_WORD)
		return v <= (o->at == AT(hw.bound) || o->at == AT(guest.strategy) ||
					     o->at == AT(guest.scheme) ?
				     2 :
				     1);
	return o->form == FORM_CPUS || o->form == FORM_MASKS || (o->form == FORM_FAIL && !v) ||
	       (v >= o->least && v <= o->most);
}

/* Does it say something? */
static bool is_said(const struct scenario *s, const struct option *o)
{
	return o->form == FORM_WORD ? value(s, o) == o->least : value(s, o) != o->unsaid;
}

/* x86 or Arm: interrupts, and options that mean something there. */
static bool check_machine(const struct scenario *s, struct fault *f)
{
	for (int i = 1; i < s->nirqs; i++)
		if (machine_of(s->kind[i]) != machine(s))
			return scenario_wrong(f, "%s and %s are never in one machine",
					      scenario_kind[s->kind[0]], scenario_kind[s->kind[i]]);
	for (size_t i = 0; i < OPTIONS; i++) {
		f->option = &options[i];
		if (!(f->option->on & machine(s)) && is_said(s, f->option))
			return scenario_wrong(f, "%s machine has no such option",
					      scenario_guest(s) ? "a guest's" :
					      scenario_arm(s)   ? "an Arm" :
								  "an x86");
	}
	return true;
}

/* What the versions of the GIC have. */
static bool check_gic(const struct scenario *s, struct fault *f)
{
	f->option = option_at(AT(hw.gic2));
	for (int i = 0; i < s->nirqs; i++)
		if (s->hw.gic2 && (s->kind[i] == SCENARIO_LPI || s->kind[i] == SCENARIO_ESPI))
			return scenario_wrong(f, "a GICv2 has no %s", scenario_kind[s->kind[i]]);
	if (scenario_guest(s) && s->hw.gic2 && !s->guest.gic2)
		return scenario_wrong(f, "on a GICv2 a guest sees one, too: vgic=2");
	f->option = option_at(AT(several));
	if (s->several && !s->hw.gic2)
		return scenario_wrong(
			f, "only a GICv2 (gic=2) sends an interrupt to one of several CPUs");
	f->option = NULL;
	return true;
}

static bool check_ranges(const struct scenario *s, struct fault *f)
{
	for (size_t i = 0; i < OPTIONS; i++) {
		f->option = &options[i];
		if (!in_range(s, f->option))
			return scenario_wrong(f, "a number from %d to %d", f->option->least,
					      f->option->most);
	}
	f->option = NULL;
	if (!s->nirqs || s->nirqs > SCENARIO_IRQS)
		return scenario_wrong(f, "1 to %d interrupts", SCENARIO_IRQS);
	for (int i = 0; i < s->nirqs; i++)
		if (s->kind[i] >= SCENARIO_KINDS || !scenario_kind[s->kind[i]])
			return scenario_wrong(f, "no such kind");
	return check_machine(s, f) && check_gic(s, f);
}

/* What a script has done so far. */
struct walk {
	bool offline;
	uint8_t freed; /* bit per interrupt */
};

static bool check_cpu_op(const struct scenario *s, const struct op *op, struct walk *w,
			 struct fault *f)
{
	if (scenario_form[op->kind].arg == ARG_CPUS && (!op->cpus || op->cpus >> s->cpus))
		return scenario_wrong(f, op->cpus ? "there is no CPU above %d" : "a move to no CPU",
				      s->cpus - 1);
	if (op->kind == OP_ONLINE && !w->offline)
		return scenario_wrong(f,
				      "CPU %d is online here: `online` is for after `offline`, or "
				      "first where the CPU is away",
				      f->cpu);
	if (op->kind != OP_ONLINE && w->offline)
		return scenario_wrong(f, "CPU %d is offline here, it can only do `online`", f->cpu);
	if (op->kind == OP_OFFLINE || op->kind == OP_ONLINE)
		w->offline = op->kind == OP_OFFLINE;
	return true;
}

static bool check_irq_op(const struct scenario *s, const struct op *op, struct walk *w,
			 struct fault *f)
{
	unsigned int bit = 1u << op->irq;

	if (op->irq >= s->nirqs)
		return scenario_wrong(f, "there is no interrupt %d, only 0 to %d", op->irq,
				      s->nirqs - 1);
	if (op->kind == OP_CREATE && !(w->freed & bit))
		return scenario_wrong(
			f,
			"interrupt %d exists here: `create` is for after `free` in the "
			"same script",
			op->irq);
	if (op->kind != OP_CREATE && (w->freed & bit))
		return scenario_wrong(
			f, "interrupt %d was freed here, the script can only `create` it", op->irq);
	if (op->kind == OP_FREE || op->kind == OP_CREATE)
		w->freed ^= (uint8_t)bit;
	return true;
}

static bool check_script(const struct scenario *s, int cpu, struct fault *f)
{
	unsigned int on = scenario_guest(s) ? ON_HOST : ON_CPU;
	struct walk w = { .offline = s->away >> cpu & 1 };
	const struct script *script = &s->script[cpu];

	f->cpu = cpu;
	f->op = -1;
	f->option = NULL;
	if (script->n > SCENARIO_OPS)
		return scenario_wrong(f, "more than %d operations", SCENARIO_OPS);
	for (f->op = 0; f->op < script->n; f->op++) {
		const struct op *op = &script->op[f->op];

		if (op->kind >= OP_KINDS || !(scenario_form[op->kind].on & on) ||
		    (scenario_form[op->kind].queues && !scenario_queues(s)))
			return scenario_wrong(f, "no such operation");
		if (!check_cpu_op(s, op, &w, f) ||
		    (op_has_irq(op->kind) && !check_irq_op(s, op, &w, f)))
			return false;
	}
	return true;
}

/* Two CPUs that free one interrupt: the second would free what it does not know. */
static bool check_frees(const struct scenario *s, struct fault *f)
{
	int owner[SCENARIO_IRQS] = { -1, -1, -1 };

	for (f->cpu = 0; f->cpu < s->cpus; f->cpu++)
		for (f->op = 0; f->op < s->script[f->cpu].n; f->op++) {
			const struct op *op = &s->script[f->cpu].op[f->op];

			if (op->kind != OP_FREE)
				continue;
			if (owner[op->irq] >= 0 && owner[op->irq] != f->cpu)
				return scenario_wrong(
					f, "CPU %d frees interrupt %d too, and only one CPU may",
					owner[op->irq], op->irq);
			owner[op->irq] = f->cpu;
		}
	return true;
}

static bool check(const struct scenario *s, struct fault *f)
{
	*f = (struct fault){ .cpu = -1, .op = -1 };
	if (!check_ranges(s, f) || !check_away(s, f) || !check_vectors(s, f))
		return false;
	for (int cpu = 0; cpu < SCENARIO_CPUS; cpu++)
		if (cpu >= s->cpus && s->script[cpu].n)
			return scenario_wrong(f, "a script for CPU %d, which is not there", cpu);
		else if (!check_script(s, cpu, f))
			return false;
	if (scenario_guest(s))
		return scenario_check_guest(s, f);
	return check_frees(s, f) && scenario_check_queues(s, f);
}

/* ---- writing ---------------------------------------------------------------------- */

/* Longer than any: three kinds, every option, six moves to four CPUs on each CPU. */
#define LONGEST 1024

struct writer {
	char text[LONGEST];
	size_t n;
};

__attribute__((format(printf, 2, 3))) static void put(struct writer *w, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	w->n += (size_t)vsnprintf(w->text + w->n, sizeof(w->text) - w->n, format, args);
	va_end(args);
}

static void put_cpus(struct writer *w, unsigned int cpus)
{
	const char *between = "";

	for (int cpu = 0; cpu < SCENARIO_CPUS; cpu++)
		if (cpus >> cpu & 1) {
			put(w, "%s%d", between, cpu);
			between = "+";
		}
}

static void put_masks(struct writer *w, const struct scenario *s)
{
	for (int i = 0; i < s->nirqs; i++) {
		put(w, i ? "," : "");
		put_cpus(w, s->queues.mask[i]);
	}
}

static void put_option(struct writer *w, const struct scenario *s, const struct option *o)
{
	uint8_t v = value(s, o);

	if (!is_said(s, o))
		return;
	put(w, o->form == FORM_WORD ? " %s" : " %s=", o->word);
	if (o->form == FORM_CPUS)
		put_cpus(w, v);
	else if (o->form == FORM_MASKS)
		put_masks(w, s);
	else if (o->form != FORM_WORD)
		put(w, "%d%s", v, o->form == FORM_FAIL && s->hw.fail_on ? "+" : "");
}

static void put_op(struct writer *w, const struct op *op)
{
	put(w, " %s", scenario_op[op->kind]);
	if (op_has_irq(op->kind))
		put(w, " %d", op->irq);
	switch ((enum op_arg)scenario_form[op->kind].arg) {
	case ARG_NONE:
		break;
	case ARG_CPUS:
		put(w, " ");
		put_cpus(w, op->cpus);
		break;
	case ARG_VCPU:
	case ARG_ROUTE:
	case ARG_BYTE:
	case ARG_BIT:
		if (scenario_form[op->kind].arg == ARG_ROUTE && op->cpus == SCENARIO_NOBODY)
			put(w, " none");
		else
			put(w, " %d", op->cpus);
	}
}

/* `who`: "0", "g0". */
static void put_script(struct writer *w, const struct script *script, const char *who, int n)
{
	for (int i = 0; i < script->n; i++) {
		if (i)
			put(w, ";");
		else
			put(w, " | %s%d:", who, n);
		put_op(w, &script->op[i]);
	}
}

static void put_scenario(struct writer *w, const struct scenario *s)
{
	w->n = 0;
	for (int i = 0; i < s->nirqs; i++)
		put(w, "%s%s", i ? "," : "", scenario_kind[s->kind[i]]);
	for (size_t i = 0; i < OPTIONS; i++)
		put_option(w, s, &options[i]);
	for (int cpu = 0; cpu < s->cpus; cpu++)
		put_script(w, &s->script[cpu], "", cpu);
	for (int vcpu = 0; scenario_guest(s) && vcpu < s->guest.vcpus; vcpu++)
		put_script(w, &s->vscript[vcpu], "g", vcpu);
}

void scenario_format(const struct scenario *s, char *out)
{
	struct writer w;

	put_scenario(&w, s);
	w.text[SCENARIO_TEXT - 1] = '\0';
	strcpy(out, w.text);
}

/* ---- reading ---------------------------------------------------------------------- */

struct reader {
	const char *text;
	const char *word; /* the present one */
	size_t n;         /* its length, 0: the end */
	struct scenario *s;
	const char *said[OPTIONS]; /* where, null: not */
	const char *op[FAULT_SCRIPTS][SCENARIO_OPS];
	uint8_t scripts; /* bit per CPU, then per vCPU */
	char *error;
	size_t size;
};

static void show(const char *word, size_t n, char *out, size_t size)
{
	size_t i;

	for (i = 0; i < n && i + 1 < size; i++)
		out[i] = word[i] < ' ' || word[i] > '~' ? '?' : word[i];
	out[i] = '\0';
}

static size_t length(const char *word)
{
	return *word && strchr(MARKS, *word) ? 1 : strcspn(word, BLANKS MARKS);
}

/* At `word`, so-and-so is wrong. */
__attribute__((format(printf, 3, 4))) static bool refuse(struct reader *r, const char *word,
							 const char *format, ...)
{
	char shown[24], what[480];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	show(word, length(word), shown, sizeof(shown));
	if (*word)
		snprintf(r->error, r->size, "column %d, '%s': %s", (int)(word - r->text) + 1, shown,
			 what);
	else
		snprintf(r->error, r->size, "column %d, at the end: %s", (int)(word - r->text) + 1,
			 what);
	return false;
}

static void next(struct reader *r)
{
	r->word += r->n;
	r->word += strspn(r->word, BLANKS);
	r->n = length(r->word);
}

static bool is(const struct reader *r, const char *word)
{
	return r->n == strlen(word) && !strncmp(r->word, word, r->n);
}

/* Digits from *at to `end`, no more; false: they are no number of that range. */
static bool number(const char **at, const char *end, unsigned int least, unsigned int most,
		   uint8_t *v)
{
	const char *from = *at;
	unsigned int n = 0;

	while (*at < end && **at >= '0' && **at <= '9' && *at - from < 3)
		n = n * 10 + (unsigned int)(*(*at)++ - '0');
	*v = (uint8_t)n;
	return *at > from && (*from != '0' || *at == from + 1) && n >= least && n <= most;
}

/* 1+2 or all, up to `end`. */
static bool read_cpus(struct reader *r, const char *at, const char *end, uint8_t *set)
{
	uint8_t cpu;

	*set = (uint8_t)((1u << r->s->cpus) - 1);
	if (end - at == 3 && !strncmp(at, "all", 3))
		return true;
	*set = 0;
	do {
		if (!number(&at, end, 0, r->s->cpus - 1u, &cpu) || (at < end && *at != '+'))
			return refuse(r, r->word, "CPUs from 0 to %d are expected, as 0 or 0+1",
				      r->s->cpus - 1);
		if (*set >> cpu & 1)
			return refuse(r, r->word, "CPU %d twice", cpu);
		*set |= (uint8_t)(1u << cpu);
	} while (at++ < end);
	return true;
}

static void list(char *to, size_t size, const char *const *words, size_t n)
{
	size_t at = 0;

	for (size_t i = 0; i < n && at < size; i++)
		if (words[i])
			at += (size_t)snprintf(to + at, size - at, " %s", words[i]);
}

/* Option words of this machine, of those that begin with `key` (n bytes, all: 0). */
static void list_options(const struct scenario *s, char *to, size_t size, const char *key, size_t n)
{
	static const char *const after[] = { "", "=N", "=N or =N+", "=CPUS", "=CPUS,..." };
	size_t at = 0;

	for (size_t i = 0; i < OPTIONS && at < size; i++)
		if ((options[i].on & machine(s)) && !strncmp(options[i].word, key, n))
			at += (size_t)snprintf(to + at, size - at, "%s %s%s", at ? "," : "",
					       options[i].word, after[options[i].form]);
}

static bool unknown_option(struct reader *r)
{
	const char *equals = memchr(r->word, '=', r->n);
	char known[440] = "";

	if (equals)
		list_options(r->s, known, sizeof(known), r->word, (size_t)(equals - r->word));
	if (!*known)
		list_options(r->s, known, sizeof(known), "", 0);
	return refuse(r, r->word, "an option is expected:%s", known);
}

static const struct option *find_option(const struct reader *r)
{
	for (size_t i = 0; i < OPTIONS; i++) {
		size_t n = strlen(options[i].word);

		if (options[i].form == FORM_WORD ?
			    is(r, options[i].word) :
			    r->n > n && r->word[n] == '=' && !strncmp(r->word, options[i].word, n))
			return &options[i];
	}
	return NULL;
}

static bool read_value(struct reader *r, const struct option *o)
{
	const char *at = r->word + strlen(o->word) + 1, *end = r->word + r->n;
	bool good = number(&at, end, o->least, o->most, field(r->s, o));

	if (o->form == FORM_FAIL && at < end && *at == '+') {
		r->s->hw.fail_on = true;
		at++;
	}
	if (!good || at != end)
		return refuse(r, r->word, "a number from %d to %d is expected%s", o->least, o->most,
			      o->form == FORM_FAIL ? ", or one with + after it" : "");
	return true;
}

static bool read_option(struct reader *r)
{
	const struct option *o = find_option(r);

	if (!o)
		return unknown_option(r);
	for (size_t i = 0; i < OPTIONS; i++)
		if (options[i].at == o->at && r->said[i])
			return refuse(r, r->word, "said twice");
	r->said[o - options] = r->word;
	if (o->form == FORM_WORD)
		*field(r->s, o) = o->least;
	/* Which CPUs there are may only be said later: see read_away(). */
	return o->form == FORM_WORD || o->form == FORM_CPUS || o->form == FORM_MASKS ||
	       read_value(r, o);
}

static bool read_away(struct reader *r)
{
	const struct option *o = option_at(AT(away));
	struct reader at = *r;

	at.word = r->said[o - options];
	if (!at.word)
		return true;
	at.n = length(at.word);
	return read_cpus(&at, at.word + strlen("away="), at.word + at.n, &r->s->away);
}

/* One for each interrupt. */
static bool read_masks(struct reader *r)
{
	struct reader in = *r;
	const char *at, *end;
	int n = 0;

	in.word = r->said[option_at(AT(queues.mask[0])) - options];
	if (!in.word)
		return true;
	in.n = length(in.word);
	at = in.word + strlen("masks=") - 1;
	do {
		at++;
		end = at + strcspn(at, "," BLANKS MARKS);
		if (n < r->s->nirqs && !read_cpus(&in, at, end, &r->s->queues.mask[n]))
			return false;
		at = end;
		n++;
	} while (*at == ',');
	if (n != r->s->nirqs)
		return refuse(r, in.word, "%d masks for %d interrupts", n, r->s->nirqs);
	return true;
}

static bool read_kind(struct reader *r, const char *at, size_t n)
{
	char known[120] = "";

	for (uint8_t i = 0; i < SCENARIO_KINDS; i++)
		if (scenario_kind[i] && n == strlen(scenario_kind[i]) &&
		    !strncmp(at, scenario_kind[i], n)) {
			if (r->s->nirqs == SCENARIO_IRQS)
				return refuse(r, r->word, "more than %d interrupts", SCENARIO_IRQS);
			r->s->kind[r->s->nirqs++] = i;
			return true;
		}
	list(known, sizeof(known), scenario_kind, SCENARIO_KINDS);
	return refuse(r, r->word, "kinds of interrupts are expected, as msix or msix,msi; of%s",
		      known);
}

static bool read_kinds(struct reader *r)
{
	const char *at = r->word, *end = r->word + r->n;
	size_t n;

	do {
		n = strcspn(at, ",");
		if (n > (size_t)(end - at))
			n = (size_t)(end - at);
		if (!read_kind(r, at, n))
			return false;
		at += n;
	} while (at++ < end);
	next(r);
	return true;
}

static bool read_head(struct reader *r)
{
	if (!read_kinds(r))
		return false;
	for (; r->n && !is(r, "|"); next(r))
		if (!read_option(r))
			return false;
	for (int i = 0; i < 2; i++) /* cpus, events */
		if (!r->said[i])
			return refuse(r, r->word, "%s=N is lacking before it", options[i].word);
	return read_away(r) && read_masks(r);
}

/* The word is the interrupt of an operation. */
static bool read_irq(struct reader *r, struct op *op)
{
	const char *at = r->word, *end = at + r->n;

	if (!number(&at, end, 0, r->s->nirqs - 1u, &op->irq) || at != end)
		return refuse(r, r->word, "`%s` needs an interrupt, 0 to %d", scenario_op[op->kind],
			      r->s->nirqs - 1);
	next(r);
	return true;
}

static bool read_target(struct reader *r, struct op *op)
{
	if (!r->n || strchr(MARKS, *r->word))
		return refuse(r, r->word, "`%s` needs CPUs%s: 0, 0+1 or all", scenario_op[op->kind],
			      op_has_irq(op->kind) ? " after the interrupt" : "");
	return read_cpus(r, r->word, r->word + r->n, &op->cpus);
}

static bool read_number(struct reader *r, struct op *op, unsigned int most, const char *what)
{
	const char *at = r->word, *end = at + r->n;

	if (scenario_form[op->kind].arg == ARG_ROUTE && is(r, "none")) {
		op->cpus = SCENARIO_NOBODY;
		return true;
	}
	if (!number(&at, end, 0, most, &op->cpus) || at != end)
		return refuse(r, r->word, "`%s` needs %s, 0 to %u", scenario_op[op->kind], what,
			      most);
	return true;
}

static bool read_arg(struct reader *r, struct op *op)
{
	bool good = true;

	switch ((enum op_arg)scenario_form[op->kind].arg) {
	case ARG_NONE:
		return true;
	case ARG_CPUS:
		good = read_target(r, op);
		break;
	case ARG_VCPU:
	case ARG_ROUTE:
		good = read_number(r, op, r->s->guest.vcpus - 1u, "a vCPU");
		break;
	case ARG_BYTE:
		good = read_number(r, op, 255, "a number");
		break;
	case ARG_BIT:
		good = read_number(r, op, 1, "a number");
		break;
	}
	if (good)
		next(r);
	return good;
}

static bool read_op(struct reader *r, struct op *op, unsigned int on)
{
	const char *here[OP_KINDS];
	char known[200] = "";
	uint8_t kind;

	for (kind = 0; kind < OP_KINDS; kind++) {
		here[kind] = scenario_form[kind].on & on && (scenario_queues(r->s) ||
							     !scenario_form[kind].queues) ?
				     scenario_op[kind] :
				     NULL;
		if (here[kind] && is(r, here[kind]))
			break;
	}
	if (kind == OP_KINDS) {
		list(known, sizeof(known), here, OP_KINDS);
		return refuse(r, r->word, "an operation is expected, one of%s", known);
	}
	op->kind = kind;
	next(r);
	return (!op_has_irq(op->kind) || read_irq(r, op)) && read_arg(r, op);
}

/* The script of a CPU, or of vCPU who - SCENARIO_CPUS. */
static bool read_ops(struct reader *r, int who)
{
	bool vcpu = who >= SCENARIO_CPUS;
	struct script *script = vcpu ? &r->s->vscript[who - SCENARIO_CPUS] : &r->s->script[who];
	unsigned int on = vcpu ? ON_VCPU : scenario_guest(r->s) ? ON_HOST : ON_CPU;

	do {
		next(r); /* the colon, or a semicolon */
		if (script->n == SCENARIO_OPS)
			return refuse(r, r->word, "more than %d operations on one %s", SCENARIO_OPS,
				      vcpu ? "vCPU" : "CPU");
		r->op[who][script->n] = r->word;
		if (!read_op(r, &script->op[script->n], on))
			return false;
		script->n++;
	} while (is(r, ";"));
	if (r->n && !is(r, "|"))
		return refuse(r, r->word,
			      "`;` and another operation, `|` and another CPU, or the "
			      "end is expected");
	return true;
}

static bool read_script(struct reader *r)
{
	const char *at, *end;
	bool vcpu;
	uint8_t n;
	int who;

	next(r); /* the bar */
	at = r->word;
	end = at + r->n;
	vcpu = scenario_guest(r->s) && r->n && *at == 'g';
	at += vcpu;
	if (!number(&at, end, 0, (vcpu ? r->s->guest.vcpus : r->s->cpus) - 1u, &n) || at != end) {
		if (scenario_guest(r->s))
			return refuse(r, r->word,
				      "a CPU, 0 to %d, or a vCPU, g0 to g%d, is expected "
				      "after `|`",
				      r->s->cpus - 1, r->s->guest.vcpus - 1);
		return refuse(r, r->word, "a CPU, 0 to %d, is expected after `|`", r->s->cpus - 1);
	}
	who = n + (vcpu ? SCENARIO_CPUS : 0);
	if (r->scripts >> who & 1)
		return refuse(r, r->word, "%s %d has a script already", vcpu ? "vCPU" : "CPU", n);
	r->scripts |= (uint8_t)(1u << who);
	next(r);
	if (!is(r, ":"))
		return refuse(r, r->word, "`:` is expected after the %s", vcpu ? "vCPU" : "CPU");
	return read_ops(r, who);
}

static bool read_all(struct reader *r)
{
	struct fault f;
	struct writer w;

	next(r);
	if (!read_head(r))
		return false;
	while (r->n)
		if (!read_script(r))
			return false;
	if (!check(r->s, &f))
		return refuse(r,
			      f.option && r->said[f.option - options] ?
				      r->said[f.option - options] :
			      f.op >= 0 ? r->op[f.cpu][f.op] :
					  r->text,
			      "%s", f.why);
	put_scenario(&w, r->s);
	if (w.n >= SCENARIO_TEXT)
		return refuse(r, r->word, "the scenario has %zu characters, at most %d are allowed",
			      w.n, SCENARIO_TEXT - 1);
	return true;
}

bool scenario_parse(const char *text, struct scenario *s, char *error, size_t size)
{
	struct reader r = { .text = text, .word = text, .s = s, .error = error, .size = size };

	memset(s, 0, sizeof(*s));
	s->vectors = SCENARIO_VECTORS;
	s->guest.vcpus = s->guest.lrs = SCENARIO_GUEST;
	if (size)
		*error = '\0';
	return read_all(&r);
}

bool scenario_valid(const struct scenario *s)
{
	struct fault f;
	struct writer w;

	if (!check(s, &f))
		return false;
	put_scenario(&w, s);
	return w.n < SCENARIO_TEXT;
}

unsigned int scenario_ops(const struct scenario *s)
{
	unsigned int n = 0;

	for (int cpu = 0; cpu < SCENARIO_CPUS; cpu++)
		n += s->script[cpu].n;
	for (int vcpu = 0; vcpu < SCENARIO_VCPUS; vcpu++)
		n += s->vscript[vcpu].n;
	return n;
}
