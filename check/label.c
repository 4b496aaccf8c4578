// SPDX-License-Identifier: MIT
/* label.c: labels as words of text, in their canonical form. See explore.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "explore.h"

#define PICKS 64 /* L_ACCEPT: b is rank * PICKS + pick */

struct word {
	const char *name;
	uint8_t kind;        /* enum label_kind */
	uint8_t least, most; /* numbers that follow, each after a dot */
	bool hex;            /* the last of them is a vector */
};

static const struct word words[] = {
	{ "step", L_STEP, 1, 1, false },     { "take", L_TAKE, 2, 2, true },
	{ "fire", L_FIRE, 1, 1, false },     { "reach", L_REACH, 2, 2, false },
	{ "accept", L_ACCEPT, 2, 3, false }, { "ipi", L_IPI, 1, 1, false },
	{ "eoi", L_EOI, 1, 1, true },        { "poll", L_POLL, 0, 0, false },
	{ "start", L_OP, 1, 2, false },      { "land", L_WRITE, 1, 1, false },
	{ "bound", L_BOUND, 0, 0, false },   { "flush", L_FLUSH, 1, 2, false },
	{ "recall", L_RECALL, 2, 2, false }, { "its", L_ITS, 1, 1, false },
	{ "wake", L_WAKE, 1, 1, false },     { "route", L_ROUTE, 1, 1, false },
	{ "guest", L_GUEST, 2, 2, false },   { "tick", L_TICK, 0, 0, false },
	{ "soft", L_SOFT, 1, 1, false },
};

#define WORDS (sizeof(words) / sizeof(*words))

static const struct word *find_kind(uint32_t kind)
{
	for (size_t i = 0; i < WORDS; i++)
		if (words[i].kind == kind)
			return &words[i];
	return NULL;
}

static const struct word *find_name(const char *text, size_t length)
{
	for (size_t i = 0; i < WORDS; i++)
		if (strlen(words[i].name) == length && !memcmp(words[i].name, text, length))
			return &words[i];
	return NULL;
}

void label_format(label l, char *out, size_t size)
{
	const struct word *w = find_kind(label_kind(l));
	uint32_t a = label_a(l), b = label_b(l);

	if (!w)
		snprintf(out, size, "kind%u.%u.%u", (unsigned int)label_kind(l), a, b);
	else if (w->kind == L_ACCEPT && b % PICKS)
		snprintf(out, size, "accept.%u.%u.%u", a, b / PICKS, b % PICKS);
	else if (w->kind == L_ACCEPT)
		snprintf(out, size, "accept.%u.%u", a, b / PICKS);
	else if (w->most > w->least && !b)
		snprintf(out, size, "%s.%u", w->name, a);
	else if (w->most == 2)
		snprintf(out, size, w->hex ? "%s.%u.%x" : "%s.%u.%u", w->name, a, b);
	else if (w->most == 1)
		snprintf(out, size, w->hex ? "%s.%x" : "%s.%u", w->name, a);
	else
		snprintf(out, size, "%s", w->name);
}

/* ".1.35": how many numbers, or -1 for too many or what is none. */
static int read_numbers(const char *text, const struct word *w, uint32_t value[3])
{
	int n = 0;
	char *end;

	for (; *text; text = end) {
		if (*text++ != '.' || n == w->most)
			return -1;
		value[n] = (uint32_t)strtoul(text, &end, w->hex && n + 1 == w->most ? 16 : 10);
		if (end == text)
			return -1;
		n++;
	}
	return n < w->least ? -1 : n;
}

/* One label has one text: what reads as the same but is written otherwise (a sign, a
 * zero in front, a number too large) does not come out of label_format() again. */
bool label_parse(const char *text, label *l)
{
	size_t length = strcspn(text, ".");
	const struct word *w = find_name(text, length);
	uint32_t value[3] = { 0 };
	char again[64];

	if (!w || read_numbers(text + length, w, value) < 0)
		return false;
	if (w->kind == L_ACCEPT)
		value[1] = (value[1] & 0xffff) * PICKS + (value[2] & 0xffff);
	*l = label_of((enum label_kind)w->kind, value[0], value[1] & 0xffff);
	label_format(*l, again, sizeof(again));
	return !strcmp(again, text);
}
