// SPDX-License-Identifier: MIT
/* Tables of results: what was found in which scenario, without times. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "check.h"

#define TABLE_LIMIT (64u << 20)

static const char unfinished[] = "unfinished";

/* ---- writing -------------------------------------------------------------------- */

void row_put(FILE *out, const struct item *item)
{
	if (outcome_unfinished(item->o))
		fprintf(out, "- - %s %s\n", unfinished, item->name);
	else
		fprintf(out, "%" PRIu64 " %" PRIu64 " %s %s\n", item->o->states,
			item->o->transitions, check_verdict_name[item->o->verdict], item->name);
}

/* ---- reading -------------------------------------------------------------------- */

static int wrong(const char *path, uint32_t line, struct message *msg, const char *what)
{
	return say(msg, TOOL_INPUT, "%s:%u: %s", path, line, what);
}

static const char *find_verdict(const char *word)
{
	if (!strcmp(word, unfinished))
		return unfinished;
	for (int i = 0; i < CHECK_VERDICTS; i++)
		if (!strcmp(word, check_verdict_name[i]))
			return check_verdict_name[i];
	return NULL;
}

static bool take_number(char **text, uint64_t *value)
{
	char *end;

	*value = strtoull(*text, &end, 10);
	if (**text < '0' || **text > '9' || *end != ' ')
		return false;
	*text = end + 1;
	return true;
}

/* Null, or what is wrong. */
static const char *read_row(char *text, struct row *row)
{
	char *verdict;

	row->counted = strncmp(text, "- - ", 4) != 0;
	if (!row->counted)
		text += 4;
	else if (!take_number(&text, &row->states) || !take_number(&text, &row->transitions))
		return "`STATES TRANSITIONS VERDICT SCENARIO` is expected";
	verdict = text;
	text += strcspn(text, " ");
	if (!*text)
		return "a verdict and a scenario are expected";
	*text++ = '\0';
	row->verdict = find_verdict(verdict);
	row->name = text;
	return row->verdict && *row->name ? NULL : "no such verdict, or no scenario";
}

static int compare_rows(const void *a, const void *b)
{
	return strcmp((*(const struct row *const *)a)->name, (*(const struct row *const *)b)->name);
}

static int sort_rows(struct rows *t, const char *path, struct message *msg)
{
	t->by_name = arena_alloc(&t->arena, t->n + 1, sizeof(*t->by_name));
	if (!t->by_name)
		return say_no_memory(msg);
	for (uint32_t i = 0; i < t->n; i++)
		t->by_name[i] = &t->row[i];
	qsort(t->by_name, t->n, sizeof(*t->by_name), compare_rows);
	for (uint32_t i = 1; i < t->n; i++)
		if (!compare_rows(&t->by_name[i - 1], &t->by_name[i]))
			return say(msg, TOOL_INPUT, "%s: there twice: %s", path,
				   t->by_name[i]->name);
	return TOOL_OK;
}

static uint32_t count_lines(const char *text)
{
	uint32_t n = 0;

	for (; (text = strchr(text, '\n')); text++)
		n++;
	return n;
}

/* A last line without an end was being written when the run was cut short. */
static int read_rows(struct rows *t, char *text, const char *path, struct message *msg)
{
	const char *what;
	uint32_t line = 1;

	for (char *end; (end = strchr(text, '\n')); text = end + 1, line++) {
		*end = '\0';
		if (line == 1 && *text == '#')
			t->title = text;
		if (!*text || *text == '#')
			continue;
		what = read_row(text, &t->row[t->n]);
		if (what)
			return wrong(path, line, msg, what);
		t->n++;
	}
	return TOOL_OK;
}

int rows_read(struct rows *t, const char *path, struct message *msg)
{
	size_t size;
	char *text;
	int rc;

	memset(t, 0, sizeof(*t));
	rc = file_read(path, TABLE_LIMIT, &t->arena, &text, &size, msg);
	if (rc)
		return rc;
	t->row = arena_alloc(&t->arena, count_lines(text) + 1, sizeof(*t->row));
	if (!t->row)
		return say_no_memory(msg);
	rc = read_rows(t, text, path, msg);
	return rc ? rc : sort_rows(t, path, msg);
}

void rows_free(struct rows *t)
{
	arena_free(&t->arena);
}

const struct row *rows_find(const struct rows *t, const char *name)
{
	struct row wanted = { .name = (char *)name };
	const struct row *key = &wanted, **found;

	found = bsearch(&key, t->by_name, t->n, sizeof(key), compare_rows);
	return found ? *found : NULL;
}

/* ---- comparing ------------------------------------------------------------------- */

static bool same(const struct row *row, const struct item *item)
{
	if (strcmp(row->verdict, item_verdict(item)))
		return false;
	return outcome_unfinished(item->o) || (row->counted && row->states == item->o->states &&
					       row->transitions == item->o->transitions);
}

static void print_row(const struct row *row)
{
	if (row->counted)
		printf("%" PRIu64 " %" PRIu64 " %s", row->states, row->transitions, row->verdict);
	else
		printf("- - %s", row->verdict);
}

static bool differs(const struct rows *t, const struct item *item)
{
	const struct row *row = rows_find(t, item->name);

	if (row && same(row, item))
		return false;
	if (row) {
		fputs("changed from ", stdout);
		print_row(row);
		fputs(" to ", stdout);
	} else {
		fputs("new ", stdout);
	}
	row_put(stdout, item);
	return true;
}

static int compare_items(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Rows of scenarios that the suite has no more, other shards' included. */
static uint32_t gone(const struct rows *t, const struct check *c)
{
	char **names = calloc(c->n + 1, sizeof(*names));
	uint32_t n = 0;

	for (uint32_t i = 0; names && i < c->n; i++)
		names[i] = c->item[i].name;
	if (names)
		qsort(names, c->n, sizeof(*names), compare_items);
	for (uint32_t i = 0; names && i < t->n; i++) {
		if (bsearch(&t->row[i].name, names, c->n, sizeof(*names), compare_items))
			continue;
		fputs("gone ", stdout);
		print_row(&t->row[i]);
		printf(" %s\n", t->row[i].name);
		n++;
	}
	free(names);
	return n;
}

uint32_t rows_compare(const struct rows *t, const struct check *c)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < c->n; i++)
		n += c->item[i].o && differs(t, &c->item[i]);
	return n + gone(t, c);
}
