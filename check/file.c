// SPDX-License-Identifier: MIT
/* file.c: counterexamples, as text and performed. minimise.h has an example. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "minimise.h"

#define MAGIC "irqferry counterexample 1"
#define LINE_MOST 1000
#define ROUNDS 3                     /* of a livelock's cycle, to show that it is one */
#define COUNT_MOST (100 * PATH_MOST) /* of labels; more is a mistake */

/* ---- performing --------------------------------------------------------------- */

static label *unroll(const struct counterexample *c, uint32_t n)
{
	const label *cycle = c->label + c->n - c->cycle;
	label *list = malloc((n + 1) * sizeof(*list));

	for (uint32_t i = 0; list && i < n; i++)
		list[i] = i < c->n ? c->label[i] : cycle[(i - c->n) % c->cycle];
	return list;
}

void counterexample_replay(const struct counterexample *c, const struct subject *subject,
			   const struct replay_options *o, struct replay_result *r)
{
	uint32_t n = c->n + ROUNDS * c->cycle;
	label *list = unroll(c, n);

	memset(r, 0, sizeof(*r));
	if (!list) {
		r->verdict = CHECK_REFUSED;
		snprintf(r->why, sizeof(r->why), "out of memory");
		return;
	}
	check_replay(&c->scenario, subject, list, n, o, r);
	free(list);
	if (r->skipped && r->first_skipped >= c->n)
		r->first_skipped = c->n - c->cycle + (r->first_skipped - c->n) % c->cycle;
	if (!c->cycle || r->skipped || r->verdict == CHECK_REFUSED || check_failed(r->verdict))
		return;
	r->verdict = CHECK_LIVELOCK;
	memcpy(r->why, c->why, sizeof(r->why));
}

/* ---- writing ---------------------------------------------------------------- */

struct writer {
	FILE *out;
	const struct counterexample *c;
	uint32_t written; /* of its labels, those that wait included */
	label waits;      /* `many` of it are not on paper yet */
	uint32_t many;
	char words[400]; /* of the last of them; "" where it was not performed */
};

static void flush_labels(struct writer *w)
{
	char text[64], line[80];

	if (!w->many)
		return;
	label_format(w->waits, text, sizeof(text));
	snprintf(line, sizeof(line), w->many > 1 ? "%s x%u" : "%s", text, w->many);
	w->many = 0;
	if (*w->words)
		fprintf(w->out, "%-17s # %s\n", line, w->words);
	else
		fprintf(w->out, "%s\n", line);
}

/* Steps that show nothing stand in one line with the next that does. */
static void write_label(struct writer *w, const char *words)
{
	label l = w->c->label[w->written++];

	if (w->waits != l || !label_joins(w->words, words))
		flush_labels(w);
	w->waits = l;
	w->many++;
	snprintf(w->words, sizeof(w->words), "%s", words);
}

/* The next label of the list that was performed; those before it were not enabled. */
static void write_step(void *arg, uint32_t n, label l, const char *words, bool own)
{
	struct writer *w = arg;

	(void)n;
	if (!own)
		return;
	while (w->written < w->c->n && w->c->label[w->written] != l)
		write_label(w, "");
	if (w->written < w->c->n)
		write_label(w, words);
}

static void write_labels(struct writer *w, const struct subject *subject)
{
	const struct counterexample *c = w->c;
	struct replay_options o = { .step = write_step, .arg = w };
	struct replay_result r;

	if (subject) {
		counterexample_replay(c, subject, &o, &r);
		free(r.schedule);
	}
	while (w->written < c->n)
		write_label(w, "");
	flush_labels(w);
}

uint32_t counterexample_runs(const struct counterexample *c)
{
	uint32_t i, n = c->n != 0;

	for (i = 1; i < c->n; i++)
		n += label_kind(c->label[i]) != L_STEP || c->label[i] != c->label[i - 1];
	return n;
}

bool counterexample_write(FILE *out, const struct counterexample *c, const struct subject *subject)
{
	struct writer w = { .out = out, .c = c };
	char text[SCENARIO_TEXT];

	scenario_format(&c->scenario, text);
	fprintf(out, MAGIC "\nlibrary %s\n", c->library);
	if (*c->mutant)
		fprintf(out, "mutant %s\n", c->mutant);
	fprintf(out, "scenario %s\nverdict %s\n", text, check_verdict_name[c->verdict]);
	if (*c->why)
		fprintf(out, "why %s\n", c->why);
	if (c->cycle)
		fprintf(out, "cycle %u\n", c->cycle);
	fprintf(out, "labels %u of %u\n", c->n, c->total);
	write_labels(&w, subject);
	return !ferror(out);
}

/* ---- reading ---------------------------------------------------------------- */

struct file {
	FILE *in;
	const char *name;
	struct counterexample *c;
	char *error;
	size_t size;
	unsigned int line;
	uint32_t seen; /* bit per field */
	uint32_t want; /* labels */
	char text[LINE_MOST];
};

static bool wrong(struct file *f, const char *field, const char *what)
{
	snprintf(f->error, f->size, "%s:%u: %s: %s", f->name, f->line, field, what);
	return false;
}

static bool wrong_word(struct file *f, const char *field, const char *word, const char *what)
{
	char text[200];

	for (size_t i = snprintf(text, sizeof(text), "'%.40s': %s", word, what); i--;)
		if ((unsigned char)text[i] < ' ' || text[i] == 127)
			text[i] = '?';
	return wrong(f, field, text);
}

/* The next line that says something, without blanks at its ends; false at the end.
 * A line that is too long is cut, and then wrong whatever it is. */
static bool next_line(struct file *f)
{
	size_t n;

	while (fgets(f->text, sizeof(f->text), f->in)) {
		f->line++;
		n = strlen(f->text);
		while (n && isspace((unsigned char)f->text[n - 1]))
			f->text[--n] = '\0';
		if (n && *f->text != '#')
			return true;
	}
	return false;
}

static bool read_short(struct file *f, const char *field, const char *text, char *to, size_t size)
{
	if (!*text || strlen(text) >= size || strpbrk(text, " \t"))
		return wrong_word(f, field, text, "one short word is expected");
	strcpy(to, text);
	return true;
}

static bool read_library(struct file *f, const char *text)
{
	return read_short(f, "library", text, f->c->library, sizeof(f->c->library));
}

static bool read_mutant(struct file *f, const char *text)
{
	return read_short(f, "mutant", text, f->c->mutant, sizeof(f->c->mutant));
}

static bool read_scenario(struct file *f, const char *text)
{
	char what[200];

	return scenario_parse(text, &f->c->scenario, what, sizeof(what)) ||
	       wrong(f, "scenario", what);
}

static bool read_verdict(struct file *f, const char *text)
{
	for (int i = 0; i < CHECK_VERDICTS; i++) {
		if (strcmp(text, check_verdict_name[i]))
			continue;
		f->c->verdict = (enum verdict_kind)i;
		return true;
	}
	return wrong_word(f, "verdict", text, "no verdict");
}

static bool read_why(struct file *f, const char *text)
{
	snprintf(f->c->why, sizeof(f->c->why), "%s", text);
	return true;
}

static bool read_count(const char **text, uint32_t *value)
{
	char *end;
	unsigned long n = strtoul(*text, &end, 10);

	if (!isdigit((unsigned char)**text) || n > COUNT_MOST)
		return false;
	*value = (uint32_t)n;
	*text = end;
	return true;
}

static bool read_cycle(struct file *f, const char *text)
{
	return (read_count(&text, &f->c->cycle) && !*text) ||
	       wrong_word(f, "cycle", text, "a number of labels is expected");
}

static bool read_sizes(struct file *f, const char *text)
{
	const char *rest = text;
	bool good = read_count(&rest, &f->want) && !strncmp(rest, " of ", 4);

	rest += good ? 4 : 0;
	return (good && read_count(&rest, &f->c->total) && !*rest) ||
	       wrong_word(f, "labels", text, "'N of M' is expected");
}

struct field {
	const char *name;
	bool (*read)(struct file *f, const char *text);
	bool needed;
};

static const struct field fields[] = {
	{ "library", read_library, true },   { "mutant", read_mutant, false },
	{ "scenario", read_scenario, true }, { "verdict", read_verdict, true },
	{ "why", read_why, false },          { "cycle", read_cycle, false },
	{ "labels", read_sizes, true }, /* the last: labels follow */
};

#define FIELDS (sizeof(fields) / sizeof(*fields))
#define LABELS (1u << (FIELDS - 1))

static bool read_field(struct file *f)
{
	size_t length = strcspn(f->text, " "), i;
	const char *rest = f->text + length + strspn(f->text + length, " ");

	f->text[length] = '\0';
	for (i = 0; i < FIELDS; i++)
		if (!strcmp(fields[i].name, f->text))
			break;
	if (i == FIELDS)
		return wrong_word(f, "field", f->text, "unknown; it comes before 'labels'");
	if (f->seen & 1u << i)
		return wrong(f, fields[i].name, "given twice");
	f->seen |= 1u << i;
	return fields[i].read(f, rest);
}

static bool read_header(struct file *f)
{
	if (!next_line(f) || strcmp(f->text, MAGIC))
		return wrong(f, "format", "no counterexample of format 1");
	while (!(f->seen & LABELS)) {
		if (!next_line(f))
			return wrong(f, "labels", "missing; the file is cut short");
		if (!read_field(f))
			return false;
	}
	for (size_t i = 0; i < FIELDS; i++)
		if (fields[i].needed && !(f->seen & 1u << i))
			return wrong(f, fields[i].name, "missing");
	return true;
}

/* "step.0" or "step.0 x17": how many; 0: neither. */
static uint32_t read_many(char *text)
{
	char *x = strpbrk(text, " \t");
	const char *rest;
	uint32_t many;

	if (!x)
		return 1;
	*x++ = '\0';
	x += strspn(x, " \t");
	rest = x + 1;
	return *x == 'x' && read_count(&rest, &many) && !*rest ? many : 0;
}

static bool read_label(struct file *f)
{
	struct counterexample *c = f->c;
	uint32_t many;
	label l;

	f->text[strcspn(f->text, "#")] = '\0';
	for (size_t n = strlen(f->text); n && isspace((unsigned char)f->text[n - 1]);)
		f->text[--n] = '\0';
	many = read_many(f->text);
	if (!label_parse(f->text, &l))
		return wrong_word(f, "label", f->text, "no label");
	if (!many)
		return wrong_word(f, "label", f->text, "'LABEL' or 'LABEL xN' is expected");
	if (many > f->want - c->n)
		return wrong(f, "labels", "more of them than the file says");
	while (many--)
		c->label[c->n++] = l;
	return true;
}

static bool read_labels(struct file *f)
{
	f->c->label = calloc(f->want + 1, sizeof(*f->c->label));
	if (!f->c->label)
		return wrong(f, "labels", "out of memory");
	while (next_line(f))
		if (!read_label(f))
			return false;
	if (ferror(f->in))
		return wrong(f, "file", "can't be read");
	if (f->c->n < f->want)
		return wrong(f, "labels", "fewer of them than the file says; it is cut short");
	return f->c->cycle <= f->c->n || wrong(f, "cycle", "longer than the list of labels");
}

bool counterexample_read(FILE *in, const char *name, struct counterexample *c, char *error,
			 size_t size)
{
	struct file f = { .in = in, .name = name, .c = c, .error = error, .size = size };

	memset(c, 0, sizeof(*c));
	if (read_header(&f) && read_labels(&f))
		return true;
	counterexample_free(c);
	return false;
}

void counterexample_free(struct counterexample *c)
{
	free(c->label);
	c->label = NULL;
	c->n = 0;
}
