// SPDX-License-Identifier: MIT
/*
 * test_scenario_text.c: the language of scenarios, what it refuses and how it says so,
 * renaming, and the suites.
 */
#include <ctype.h>
#include <string.h>
#include <irqferry/gic.h>
#include "check/generate.h"
#include "tests/tap.h"

#define COUNT(list) (sizeof(list) / sizeof(*(list)))

static char error[400];

static bool read_text(const char *text, struct scenario *s)
{
	return scenario_parse(text, s, error, sizeof(error));
}

static struct scenario must(const char *text)
{
	struct scenario s;

	if (!read_text(text, &s))
		bail("%s: %s", text, error);
	return s;
}

static bool same(const struct scenario *a, const struct scenario *b)
{
	return !memcmp(a, b, sizeof(*a));
}

/* ---- reading and writing --------------------------------------------------------- */

static void spellings(void)
{
	static const char *const pairs[][2] = {
		{ "msix,msi cpus=3 events=2 fence=root ipi=late | 0: move 0 1; mask 1 | "
		  "1: offline; online",
		  NULL },
		{ "msix cpus=1 events=0", NULL },
		{ "  msix\tcpus=2   events=2\n| 0 :move 0 1;mask 0|1: offline ",
		  "msix cpus=2 events=2 | 0: move 0 1; mask 0 | 1: offline" },
		{ "msix events=2 tso cpus=2 overtaking", "msix cpus=2 events=2 overtaking tso" },
		{ "edge cpus=4 events=9 | 2: settle 0 | 0: move 0 all",
		  "edge cpus=4 events=9 | 0: move 0 0+1+2+3 | 2: settle 0" },
		{ "level events=1 away=2+1 cpus=3 | 1: online; offline",
		  "level cpus=3 events=1 away=1+2 | 1: online; offline" },
		{ "level cpus=2 events=1 vectors=8", "level cpus=2 events=1" },
		{ "msix cpus=2 events=1 | 0: move 0 1+0", "msix cpus=2 events=1 | 0: move 0 0+1" },
		{ "remapped,level,edge cpus=4 events=3 overtaking fence=root bound=lies ipi=late "
		  "eoi=late cleanup=high nested posted leave=off irr=kept tso undrained directed "
		  "fail=200+ pinned restore shared flat vectors=64 away=3 | 0: rollback | "
		  "3: online; disable 2; enable 2; free 1; create 1; unmask 0",
		  NULL },
		{ "msi cpus=2 events=1 bound=none fail=7 | 0: free 0; create 0; free 0", NULL },
		{ "espi,line,lpi cpus=4 events=1 nested slow leave=off weak split pinned restore "
		  "away=2 | 0: move 2 1",
		  NULL },
		{ "line,spi gic=2 split cpus=3 events=2 several slow | 0: move 0 1+2",
		  "line,spi cpus=3 events=2 gic=2 slow split several | 0: move 0 1+2" },
	};
	char text[SCENARIO_TEXT];
	struct scenario s;

	for (size_t i = 0; i < COUNT(pairs); i++) {
		const char *want = pairs[i][1] ? pairs[i][1] : pairs[i][0];

		*text = '\0';
		if (read_text(pairs[i][0], &s))
			scenario_format(&s, text);
		if (!ok(!strcmp(text, want), "read and written: %.60s", want))
			diag("got %s, error %s", text, error);
	}
}

static void words(void)
{
	static const char *const kinds[] = {
		"msix", "maskable", "msi", "edge", "level", "remapped"
	};
	char text[SCENARIO_TEXT];
	bool good = true;

	for (uint8_t i = 0; i < COUNT(kinds); i++) {
		snprintf(text, sizeof(text), "%s cpus=1 events=0", kinds[i]);
		good = good && must(text).kind[0] == i && !strcmp(scenario_kind[i], kinds[i]);
	}
	ok(good, "kinds are those of enum ferry_x86_kind, by number");
	good = must("spi cpus=1 events=0").kind[0] == FERRY_GIC_EDGE &&
	       must("line cpus=1 events=0").kind[0] == FERRY_GIC_LEVEL &&
	       must("lpi cpus=1 events=0").kind[0] == FERRY_GIC_LPI &&
	       must("espi cpus=1 events=0").kind[0] == SCENARIO_ESPI;
	ok(good, "... and of enum ferry_gic_kind");
	good = true;
	for (uint8_t i = 0; i < OP_KINDS; i++)
		good = good && scenario_op[i] && *scenario_op[i];
	ok(good, "every operation has a word");
}

/* Each field on its own. */
static void fields(void)
{
	struct scenario s = must("msix,msi cpus=4 events=3 fail=12+ vectors=3 away=2+3 bound=lies "
				 "| 1: mask 1; move 1 0+3");

	ok(s.cpus == 4 && s.nirqs == 2 && s.events == 3, "cpus, interrupts, events");
	ok(s.hw.fail == 12 && s.hw.fail_on && s.hw.bound == BOUND_LIES, "fail=N+, bound");
	ok(s.vectors == 3 && s.away == 0xc, "vectors, away");
	ok(s.script[1].n == 2 && s.script[1].op[1].kind == OP_MOVE && s.script[1].op[1].irq == 1 &&
		   s.script[1].op[1].cpus == 9,
	   "operations");
	is_u64(scenario_ops(&s), 2, "how many operations");
	s = must("msix cpus=2 events=1");
	ok(s.vectors == SCENARIO_VECTORS && !s.hw.fail && !s.hw.bound, "defaults");
}

/* ---- what is refused ---------------------------------------------------------------- */

#define M2 "msix cpus=2 events=1 "

static const char *const refusals[][2] = {
	{ "", "column 1, at the end: kinds of interrupts are expected" },
	{ "   ", "column 4, at the end: kinds of interrupts are expected" },
	{ "nic cpus=2 events=1", "column 1, 'nic': kinds of interrupts are expected, as msix or "
				 "msix,msi; of msix maskable msi edge level remapped" },
	{ "msix, cpus=2 events=1", "column 1, 'msix,': kinds" },
	{ "msix,msix,msix,msix cpus=2 events=1", "column 1, 'msix,msix,msix,msix': more than 3" },
	{ "cpus=2 events=1", "column 1, 'cpus=2': kinds" },
	{ "msix cpus=2", "column 12, at the end: events=N is lacking before it" },
	{ "msix events=1 | 0: offline", "column 15, '|': cpus=N is lacking before it" },
	{ "msix cpus=0 events=1", "column 6, 'cpus=0': a number from 1 to 4 is expected" },
	{ "msix cpus=5 events=1", "column 6, 'cpus=5': a number from 1 to 4 is expected" },
	{ "msix cpus=2 events=10", "column 13, 'events=10': a number from 0 to 9 is expected" },
	{ "msix cpus=02 events=1", "column 6, 'cpus=02': a number from 1 to 4 is expected" },
	{ "msix cpus= events=1", "column 6, 'cpus=': a number from 1 to 4 is expected" },
	{ "msix cpus=-1 events=1", "column 6, 'cpus=-1': a number from 1 to 4 is expected" },
	{ M2 "cpus=2", "column 22, 'cpus=2': said twice" },
	{ M2 "bound=none bound=lies", "column 33, 'bound=lies': said twice" },
	{ M2 "tso tso", "column 26, 'tso': said twice" },
	{ M2 "fence=irr", "column 22, 'fence=irr': an option is expected: fence=root" },
	{ M2 "bound=true",
	  "column 22, 'bound=true': an option is expected: bound=none, bound=lies" },
	{ M2 "fast", "column 22, 'fast': an option is expected: cpus=N, events=N, overtaking, " },
	{ M2 "fail", "column 22, 'fail': an option is expected" },
	{ M2 "fail=0", "column 22, 'fail=0': a number from 1 to 200 is expected, or one with +" },
	{ M2 "fail=201", "column 22, 'fail=201': a number from 1 to 200 is expected" },
	{ M2 "fail=456", "column 22, 'fail=456': a number from 1 to 200 is expected" },
	{ M2 "fail=1++", "column 22, 'fail=1++': a number from 1 to 200 is expected" },
	{ M2 "vectors=0", "column 22, 'vectors=0': a number from 1 to 64 is expected" },
	{ M2 "vectors=65", "column 22, 'vectors=65': a number from 1 to 64 is expected" },
	{ M2 "vectors=2+", "column 22, 'vectors=2+': a number from 1 to 64 is expected" },
	{ M2 "away=2", "column 22, 'away=2': CPUs from 0 to 1 are expected, as 0 or 0+1" },
	{ M2 "away=1+1", "column 22, 'away=1+1': CPU 1 twice" },
	{ M2 "away=0", "column 22, 'away=0': CPU 0 can't be away, interrupts start there" },
	{ M2 "away=all", "column 22, 'away=all': no CPU is left" },
	{ M2 "away=0+1", "column 22, 'away=0+1': no CPU is left" },
	{ "level,level cpus=2 events=1 vectors=1",
	  "column 29, 'vectors=1': level pins need a vector each, 2 of them" },
	{ "msi,msi cpus=2 events=1 shared vectors=1",
	  "column 32, 'vectors=1': 2 interrupts don't fit into one namespace of 1 vectors" },
	{ "msi,msi cpus=2 events=1 vectors=1 away=1",
	  "column 25, 'vectors=1': 2 interrupts don't fit on 1 CPUs with 1 vectors each" },
	{ M2 "|", "column 23, at the end: a CPU, 0 to 1, is expected after `|`" },
	{ M2 "| 2: offline", "column 24, '2': a CPU, 0 to 1, is expected after `|`" },
	{ M2 "| offline", "column 24, 'offline': a CPU, 0 to 1, is expected after `|`" },
	{ M2 "| 0 offline", "column 26, 'offline': `:` is expected after the CPU" },
	{ M2 "| 0: offline | 0: settle 0", "column 37, '0': CPU 0 has a script already" },
	{ M2 "| 0:", "column 26, at the end: an operation is expected, one of move offline online "
		     "rollback mask unmask disable enable free create settle" },
	{ M2 "| 0: sleep", "column 27, 'sleep': an operation is expected" },
	{ M2 "| 0: offline;", "column 35, at the end: an operation is expected" },
	{ M2 "| 0: offline 1",
	  "column 35, '1': `;` and another operation, `|` and another CPU, or" },
	{ M2 "| 0: mask", "column 31, at the end: `mask` needs an interrupt, 0 to 0" },
	{ M2 "| 0: mask 1", "column 32, '1': `mask` needs an interrupt, 0 to 0" },
	{ M2 "| 0: mask 0 0", "column 34, '0': `;` and another operation" },
	{ M2 "| 0: move 0", "column 33, at the end: `move` needs CPUs after the interrupt" },
	{ M2 "| 0: move 0; mask 0", "column 33, ';': `move` needs CPUs after the interrupt" },
	{ M2 "| 0: move 0 2", "column 34, '2': CPUs from 0 to 1 are expected" },
	{ M2 "| 0: move 0 1+", "column 34, '1+': CPUs from 0 to 1 are expected" },
	{ M2 "| 0: move 0 0-1", "column 34, '0-1': CPUs from 0 to 1 are expected" },
	{ M2 "| 0: move 0 1+1", "column 34, '1+1': CPU 1 twice" },
	{ M2 "| 0: move 0 none", "column 34, 'none': CPUs from 0 to 1 are expected" },
	{ M2 "| 0: mask 0; mask 0; mask 0; mask 0; mask 0; mask 0; mask 0",
	  "column 75, 'mask': more than 6 operations on one CPU" },
	{ M2 "| 0: online", "column 27, 'online': CPU 0 is online here: `online` is for after "
			    "`offline`, or first where the CPU is away" },
	{ M2 "| 0: offline; online; online", "column 44, 'online': CPU 0 is online here" },
	{ M2 "| 0: offline; mask 0",
	  "column 36, 'mask': CPU 0 is offline here, it can only do `onl" },
	{ M2 "| 0: offline; offline", "column 36, 'offline': CPU 0 is offline here" },
	{ M2 "away=1 | 1: mask 0", "column 34, 'mask': CPU 1 is offline here" },
	{ M2 "| 0: create 0", "column 27, 'create': interrupt 0 exists here: `create` is for after "
			      "`free` in the same script" },
	{ M2 "| 0: free 0 | 1: create 0", "column 39, 'create': interrupt 0 exists here" },
	{ M2 "| 0: free 0; move 0 1",
	  "column 35, 'move': interrupt 0 was freed here, the script can "
	  "only `create` it" },
	{ M2 "| 0: free 0; free 0", "column 35, 'free': interrupt 0 was freed here" },
	{ M2 "| 0: free 0 | 1: free 0",
	  "column 39, 'free': CPU 0 frees interrupt 0 too, and only one CPU may" },
	{ M2 "weak", "column 22, 'weak': an x86 machine has no such option" },
	{ "spi,msi cpus=2 events=1", "column 1, 'spi,msi': spi and msi are never in one machine" },
	{ "msi,lpi cpus=2 events=1", "column 1, 'msi,lpi': msi and lpi are never in one machine" },
	{ "lpi cpus=2 events=1 vectors=2",
	  "column 21, 'vectors=2': an Arm machine has no such option" },
	{ "spi cpus=2 events=1 fence=root",
	  "column 21, 'fence=root': an Arm machine has no such option" },
	{ "spi cpus=2 events=1 bound=lies",
	  "column 21, 'bound=lies': an Arm machine has no such option" },
	{ "spi cpus=2 events=1 gic=4", "column 21, 'gic=4': an option is expected: gic=2" },
	{ "spi,lpi cpus=2 events=1 gic=2", "column 25, 'gic=2': a GICv2 has no lpi" },
	{ "espi cpus=2 events=1 gic=2", "column 22, 'gic=2': a GICv2 has no espi" },
	{ "spi cpus=2 events=1 several",
	  "column 21, 'several': only a GICv2 (gic=2) sends an interrupt to one of" },
	{ M2 "ta\tke\x80", "column 22, 'ta': an option" },
	{ M2 "ta\x80ke", "column 22, 'ta?ke': an option" },
	{ M2 "anoptionthatislongerthananyoptionis",
	  "column 22, 'anoptionthatislongertha': an option" },
};

static void refused(void)
{
	struct scenario s;

	for (size_t i = 0; i < COUNT(refusals); i++) {
		bool read = read_text(refusals[i][0], &s);

		if (!ok(!read && !strncmp(error, refusals[i][1], strlen(refusals[i][1])),
			"refused: %.70s", refusals[i][1]))
			diag("%s: got %s", refusals[i][0], error);
	}
}

/* `all` is written as 0+1+2+3. */
#define ALL_OPS "move 0 all; move 1 all; move 2 all; move 0 all"
#define LONG \
	"msix,msix,msix cpus=4 events=9 overtaking fence=root bound=none ipi=late eoi=late " \
	"nested posted leave=off irr=kept tso undrained directed pinned restore shared flat " \
	"| 0: " ALL_OPS " | 1: " ALL_OPS " | 2: " ALL_OPS " | 3: mask 0; "

static void lengths(void)
{
	static const char just[] = LONG "mask 1; disable 0", more[] = LONG "mask 1; move 0 0+1";
	char text[1000];
	struct scenario s;

	ok(!read_text(more, &s) && strlen(more) < SCENARIO_TEXT, "too long once it is written");
	ok(strstr(error, "has 400 characters, at most 399 are allowed"), "... %s", error);
	s = must(just);
	scenario_format(&s, text);
	is_u64(strlen(text), SCENARIO_TEXT - 1, "just not too long");
	memset(text, ' ', sizeof(text));
	memcpy(text + sizeof(text) - sizeof(M2), M2, sizeof(M2));
	ok(read_text(text, &s), "blanks do not count");
}

/* Any end, any letter: refused with one line, or read and the same again. */
static bool sound(const char *text)
{
	char out[SCENARIO_TEXT];
	struct scenario s, again;

	if (!read_text(text, &s))
		return *error && !strchr(error, '\n') && strlen(error) < sizeof(error) - 1;
	scenario_format(&s, out);
	return scenario_valid(&s) && read_text(out, &again) && same(&s, &again);
}

static void damaged(void)
{
	static const char whole[] =
		"msix,msi cpus=3 events=2 bound=none fail=3+ away=1+2 vectors=4 | 0: move 0 1+2; "
		"mask 1 | 1: online; free 0; create 0; offline";
	static const char letters[] = "019+=|:;, a\n\x80";
	char text[sizeof(whole)];
	bool cut = sound(whole), changed = true;

	for (size_t n = 0; n < sizeof(whole); n++) {
		memcpy(text, whole, n);
		text[n] = '\0';
		cut = cut && sound(text);
		strcpy(text, whole);
		for (size_t i = 0; n + 1 < sizeof(whole) && i + 1 < sizeof(letters); i++) {
			text[n] = letters[i];
			changed = changed && sound(text);
		}
	}
	ok(cut, "cut anywhere: refused in one line, or read");
	ok(changed, "changed anywhere: refused in one line, or read");
}

static void small_errors(void)
{
	char small[8];
	struct scenario s;

	memset(small, 'x', sizeof(small));
	ok(!scenario_parse("nonsense", &s, small, 0) && *small == 'x', "no room for an error");
	ok(!scenario_parse("nonsense", &s, small, 5) && !strcmp(small, "colu"), "an error cut off");
}

static void invalid(void)
{
	const struct scenario good =
		must("msix,msi cpus=2 events=1 | 0: move 1 1; offline; online");
	struct scenario bad[8];

	for (size_t i = 0; i < COUNT(bad); i++)
		bad[i] = good;
	bad[0].cpus = 0;
	bad[1].nirqs = 0;
	bad[2].kind[1] = 6;
	bad[3].script[0].op[0].irq = 2;
	bad[4].script[0].op[0].cpus = 0;
	bad[5].script[0].op[1].kind = OP_ONLINE;
	bad[6].script[2].n = 1;
	bad[7].hw.bound = 3;
	ok(scenario_valid(&good), "a valid scenario");
	for (size_t i = 0; i < COUNT(bad); i++)
		ok(!scenario_valid(&bad[i]), "not a valid scenario, way %zu", i);
}

static void starts(void)
{
	struct scenario s = must("msix,msi,msi cpus=4 events=1 vectors=1 away=1");

	is_u64(scenario_start(&s, 0), 0, "the first interrupt starts on CPU 0");
	is_u64(scenario_start(&s, 1), 2, "the second where there is room: past a CPU that is away");
	is_u64(scenario_start(&s, 2), 3, "the third on the last");
	s.vectors = 2;
	is_u64(scenario_start(&s, 1), 0, "two vectors, two on CPU 0");
	is_u64(scenario_start(&s, 2), 2, "... the third elsewhere");
}

/* ---- renaming --------------------------------------------------------------------------- */

struct names {
	unsigned int cpu[SCENARIO_CPUS], irq[SCENARIO_IRQS];
};

/* The k-th map of CPUs and interrupts to such; false: it is no renaming. */
static bool choose_names(const struct scenario *s, unsigned int k, struct names *to)
{
	unsigned int cpus = 1, irqs = 0;

	to->cpu[0] = 0;
	for (unsigned int c = 1; c < s->cpus; c++, k /= s->cpus)
		cpus |= 1u << (to->cpu[c] = k % s->cpus);
	for (unsigned int i = 0; i < s->nirqs; i++, k /= s->nirqs) {
		irqs |= 1u << (to->irq[i] = k % s->nirqs);
		if (s->kind[i] != s->kind[to->irq[i]])
			return false;
	}
	return !k && cpus + 1 == 1u << s->cpus && irqs + 1 == 1u << s->nirqs;
}

static uint8_t other_cpus(const struct scenario *s, const struct names *to, uint8_t cpus)
{
	uint8_t out = 0;

	for (unsigned int c = 0; c < s->cpus; c++)
		if (cpus >> c & 1)
			out = (uint8_t)(out | 1u << to->cpu[c]);
	return out;
}

/* False: then an interrupt would not start where it did. */
static bool with_names(const struct scenario *s, const struct names *to, struct scenario *out)
{
	*out = *s;
	out->away = other_cpus(s, to, s->away);
	for (unsigned int c = 0; c < s->cpus; c++) {
		struct script *script = &out->script[to->cpu[c]];

		*script = s->script[c];
		for (unsigned int i = 0; i < script->n; i++) {
			struct op *op = &script->op[i];

			op->cpus = other_cpus(s, to, op->cpus);
			if (op->kind < OP_OFFLINE || op->kind > OP_ROLLBACK)
				op->irq = (uint8_t)to->irq[op->irq];
		}
	}
	for (unsigned int i = 0; i < s->nirqs; i++)
		if (scenario_start(out, to->irq[i]) != to->cpu[scenario_start(s, i)])
			return false;
	return true;
}

/* Of all scenarios that are `s` by other names, is `s` the one canonical? */
static bool only_canonical(const struct scenario *s)
{
	struct scenario other, least;
	unsigned int all = 1;
	struct names to;

	/* With a guest nothing is renamed, nor are queues. */
	if (scenario_guest(s) || scenario_queues(s))
		return scenario_canonical(s);
	for (unsigned int i = 1; i < s->cpus; i++)
		all *= s->cpus;
	for (unsigned int i = 0; i < s->nirqs; i++)
		all *= s->nirqs;
	for (unsigned int k = 0; k < all; k++) {
		if (!choose_names(s, k, &to) || !with_names(s, &to, &other))
			continue;
		least = other;
		scenario_smallest(&least);
		if (!same(&least, s) || scenario_canonical(&other) != same(&other, s))
			return false;
	}
	return scenario_canonical(s);
}

static void renamed(void)
{
	static const char *const pairs[][2] = {
		{ "msix cpus=3 events=1 | 0: move 0 2", "msix cpus=3 events=1 | 0: move 0 1" },
		{ "msix cpus=3 events=1 | 2: move 0 2", "msix cpus=3 events=1 | 1: move 0 1" },
		{ "msix cpus=3 events=1 | 1: offline | 2: offline; online",
		  "msix cpus=3 events=1 | 1: offline; online | 2: offline" },
		{ "msix cpus=3 events=1 away=2 | 2: online | 1: offline",
		  "msix cpus=3 events=1 away=1 | 1: online | 2: offline" },
		{ "msi,msi cpus=2 events=1 | 0: mask 1; unmask 1",
		  "msi,msi cpus=2 events=1 | 0: mask 0; unmask 0" },
		{ "msi,msix cpus=2 events=1 | 0: mask 1", "msi,msix cpus=2 events=1 | 0: mask 1" },
		{ "msi,msi cpus=2 events=1 vectors=1 | 0: mask 1",
		  "msi,msi cpus=2 events=1 vectors=1 | 0: mask 1" },
		{ "edge,msi,edge cpus=4 events=1 | 0: move 2 3; move 0 2 | 3: mask 1 | 1: mask 1",
		  "edge,msi,edge cpus=4 events=1 | 0: move 0 1; move 2 2 | 1: mask 1 | 3: mask 1" },
	};
	char text[SCENARIO_TEXT];

	for (size_t i = 0; i < COUNT(pairs); i++) {
		struct scenario s = must(pairs[i][0]);

		scenario_smallest(&s);
		scenario_format(&s, text);
		if (!ok(!strcmp(text, pairs[i][1]) && only_canonical(&s), "smallest: %.70s",
			pairs[i][0]))
			diag("got %s", text);
	}
}

/* ---- suites ------------------------------------------------------------------------------ */

static int by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct scenario));
}

/* Prints the first scenario that is not as it should be. */
static void each(const char *name, const struct suite *suite, const char *what,
		 bool (*good)(const struct scenario *s))
{
	char text[SCENARIO_TEXT] = "";
	uint32_t i = 0;

	while (i < suite->n && good(&suite->scenario[i]))
		i++;
	if (i < suite->n)
		scenario_format(&suite->scenario[i], text);
	if (!ok(i == suite->n, "%s: %s", name, what))
		diag("%s", text);
}

static bool round_trip(const struct scenario *s)
{
	char text[SCENARIO_TEXT];
	struct scenario again;

	scenario_format(s, text);
	return scenario_valid(s) && read_text(text, &again) && same(s, &again);
}

static bool no_mutant_hardware(const struct scenario *s)
{
	return s->hw.bound != BOUND_LIES && !s->hw.cleanup_high;
}

/* More of anything is never estimated less. */
static bool monotone(const struct scenario *s)
{
	struct scenario t[10];
	double n = scenario_estimate(s);
	bool good = n > 0;

	for (size_t i = 0; i < COUNT(t); i++)
		t[i] = *s;
	t[0].events++;
	t[1].cpus++;
	t[2].nirqs++;
	t[3].script[0].n++;
	t[4].hw.overtaking = t[4].hw.fence_root = true;
	t[5].hw.ipi_late = true;
	t[6].hw.eoi_late = true;
	t[7].hw.nested = true;
	t[8].hw.posted = true;
	t[9].hw.tso = true;
	for (size_t i = 0; i < COUNT(t); i++)
		good = good && (s->cpus == SCENARIO_CPUS || scenario_estimate(&t[i]) >= n);
	return good;
}

static void classes(const char *name, const struct suite *suite)
{
	uint32_t irqs[SCENARIO_IRQS + 1] = { 0 }, ops[7] = { 0 }, plain = 0;
	static const struct hardware none;
	double all = 0;

	for (uint32_t i = 0; i < suite->n; i++) {
		const struct scenario *s = &suite->scenario[i];
		unsigned int n = scenario_ops(s);

		irqs[s->nirqs]++;
		ops[n < 6 ? n : 6]++;
		plain += !memcmp(&s->hw, &none, sizeof(none));
		all += scenario_estimate(s);
	}
	diag("%s: %u scenarios; 1, 2, 3 interrupts: %u, %u, %u; default hardware: %u", name,
	     suite->n, irqs[1], irqs[2], irqs[3], plain);
	diag("%s: 0, 1, 2, 3, 4, 5, more operations: %u, %u, %u, %u, %u, %u, %u; estimate %.3g",
	     name, ops[0], ops[1], ops[2], ops[3], ops[4], ops[5], ops[6], all);
}

static void ordered(const char *name, struct suite *suite)
{
	struct scenario *s = suite->scenario;
	bool sorted = true, once = true;
	struct suite again;

	for (uint32_t i = 1; i < suite->n; i++)
		sorted = sorted && scenario_estimate(&s[i - 1]) <= scenario_estimate(&s[i]);
	ok(sorted, "%s: smallest first", name);
	if (!suite_make(name, &again))
		bail("%s can't be made", name);
	ok(again.n == suite->n && !memcmp(again.scenario, s, suite->n * sizeof(*s)),
	   "%s: the same each time", name);
	suite_free(&again);
	/* From here on in another order. */
	qsort(s, suite->n, sizeof(*s), by_bytes);
	for (uint32_t i = 1; i < suite->n; i++)
		once = once && by_bytes(&s[i - 1], &s[i]);
	ok(once, "%s: none twice", name);
}

static struct suite suite(const char *name, uint32_t least, uint32_t most)
{
	struct suite made;

	if (!suite_make(name, &made))
		bail("%s can't be made", name);
	classes(name, &made);
	ok(made.n >= least && made.n <= most, "%s: %u scenarios, %u to %u", name, made.n, least,
	   most);
	each(name, &made, "valid, and the same once written and read", round_trip);
	each(name, &made, "each the one canonical of its renamings", only_canonical);
	each(name, &made, "nothing that must fail", no_mutant_hardware);
	each(name, &made, "estimates grow with everything", monotone);
	ordered(name, &made);
	return made;
}

static bool holds(const struct suite *made, const struct scenario *s)
{
	return bsearch(s, made->scenario, made->n, sizeof(*s), by_bytes);
}

/* As a suite would have it: small names, no CPU without use. */
static struct scenario as_made(struct scenario s)
{
	struct scenario less;

	scenario_smallest(&s);
	for (less = s; s.cpus > 2; s = less) {
		less.cpus--;
		if (!scenario_valid(&less))
			break;
	}
	return s;
}

/* Two operations, each on any CPU. False: they can't be, or mean nothing. */
static bool two_ops(size_t i, struct scenario *s)
{
	static const char *const op[] = { "move 0 1", "move 0 1+2", "offline", "rollback",
					  "mask 0",   "disable 0",  "free 0",  NULL };
	const char *a = op[i % 8], *b = op[i / 8 % 8], *kind = scenario_kind[i / 64 % 6];
	int x = (int)(i / 384 % 3), y = (int)(i / 1152 % 3);
	char text[SCENARIO_TEXT];

	if (!a || !b || (a == b && x == y))
		return false;
	if (x == y)
		snprintf(text, sizeof(text), "%s cpus=3 events=2 | %d: %s; %s", kind, x, a, b);
	else
		snprintf(text, sizeof(text), "%s cpus=3 events=2 | %d: %s | %d: %s", kind, x, a, y,
			 b);
	return read_text(text, s);
}

static void complete(const struct suite *commit)
{
	uint32_t there = 0, lacking = 0;
	struct scenario s;

	for (size_t i = 0; i < 8 * 8 * 6 * 3 * 3; i++) {
		if (!two_ops(i, &s))
			continue;
		s = as_made(s);
		there += holds(commit, &s);
		lacking += !holds(commit, &s);
	}
	ok(there && !lacking, "commit: every two operations, on every CPU; %u seen, %u lacking",
	   there, lacking);
}

static void members(const struct suite *commit, const struct suite *nightly)
{
	static const char *const in_commit[] = {
		"msix cpus=2 events=2 fence=root | 0: move 0 1 | 1: free 0",
		"level cpus=2 events=2 eoi=late | 1: move 0 1",
		"remapped cpus=2 events=2 undrained | 0: offline",
		"msi cpus=2 events=2 leave=off | 0: offline; online",
		"edge cpus=2 events=2 away=1 | 0: offline | 1: online",
		"msix,msix cpus=3 events=3 | 0: move 0 1; move 1 2; offline",
	};
	static const char *const in_nightly[] = {
		"msix,level cpus=2 events=2 | 0: move 0 1 | 1: offline",
		"msix cpus=3 events=3 fence=root | 0: move 0 1; move 0 2",
		"msix,msix cpus=4 events=2 | 0: move 0 1; move 1 2; move 0 3; offline",
	};
	struct scenario s;

	for (size_t i = 0; i < COUNT(in_commit); i++) {
		s = must(in_commit[i]);
		ok(holds(commit, &s), "commit has %s", in_commit[i]);
	}
	for (size_t i = 0; i < COUNT(in_nightly); i++) {
		s = must(in_nightly[i]);
		ok(holds(nightly, &s), "nightly has %s", in_nightly[i]);
	}
}

/* Those there are, each with the word that named ones are marked with. */
enum { COMMIT, NIGHTLY, ARM, VGIC, VGIC_NIGHTLY, LARGE, MANAGED, MANAGED_NIGHTLY, SUITES };
static const char *const suite_name[SUITES] = { "commit",  "nightly",        "arm",
						"vgic",    "vgic-nightly",   "large",
						"managed", "managed-nightly" };

static bool is_marked(const char *list, const char *name)
{
	size_t n = strlen(name);
	const char *end;

	for (;; list = end + 1) {
		end = list + strcspn(list, ",");
		if ((size_t)(end - list) == n && !memcmp(list, name, n))
			return true;
		if (!*end)
			return false;
	}
}

/* It is in each suite that it is marked with, and marked with one at least. */
static bool is_where_marked(const struct named *n, const struct scenario *s,
			    const struct suite *made)
{
	bool any = false;

	for (int i = 0; i < SUITES; i++) {
		if (!is_marked(n->suites, suite_name[i]))
			continue;
		any = true;
		if (!holds(&made[i], s))
			return false;
	}
	return any;
}

static void named(const struct suite *made)
{
	char text[SCENARIO_TEXT];
	bool good = true;

	for (uint32_t i = 0; i < named_count; i++) {
		const struct named *n = &named_scenarios[i];
		struct scenario s = must(n->text);

		scenario_format(&s, text);
		if (!strcmp(text, n->text) && scenario_canonical(&s) && *n->what &&
		    is_where_marked(n, &s, made))
			continue;
		diag("%s: %s, written %s", n->suites, n->text, text);
		good = false;
	}
	ok(good, "named: as they are written, canonical, in their suites");
}

static void suites(void)
{
	static const uint32_t least[SUITES] = { 1500, 10000, 4000, 400, 250, 1, 400, 100 };
	static const uint32_t most[SUITES] = { 4000, 30000, 8000, 700, 500, 100, 700, 300 };
	struct suite made[SUITES], all = suite("named", 30, 200), none;

	for (int i = 0; i < SUITES; i++)
		made[i] = suite(suite_name[i], least[i], most[i]);
	is_u64(all.n + made[LARGE].n, named_count, "named and large: all of them");
	complete(&made[COMMIT]);
	members(&made[COMMIT], &made[NIGHTLY]);
	named(made);
	ok(!suite_make("commi", &none) && !suite_make("", &none) && !none.n, "no such suite");
	for (int i = 0; i < SUITES; i++)
		suite_free(&made[i]);
	suite_free(&all);
	ok(!made[COMMIT].scenario && !made[COMMIT].n, "freed");
}

int main(void)
{
	spellings();
	words();
	fields();
	refused();
	lengths();
	damaged();
	small_errors();
	invalid();
	starts();
	renamed();
	suites();
	return tap_done();
}
