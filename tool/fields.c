// SPDX-License-Identifier: MIT
/* Reading YAML by tables of what is allowed: see fields.h. */
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "fields.h"

/* ---- messages ------------------------------------------------------------ */

static size_t put_path(const struct at *at, char *text, size_t size)
{
	size_t n;

	if (!at)
		return 0;
	n = put_path(at->up, text, size);
	if (n >= size)
		return n;
	if (!at->key)
		return n + (size_t)snprintf(text + n, size - n, "[%d]", at->index);
	return n + (size_t)snprintf(text + n, size - n, "%s%s", n ? "." : "", at->key);
}

int fail(struct reader *r, const yaml_node_t *node, const struct at *at, const char *fmt, ...)
{
	char path[200] = "scenario", what[300];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	put_path(at, path, sizeof(path));
	return say(r->msg, TOOL_INPUT, "%s:%zu: %s: %s", r->file, node->start_mark.line + 1, path,
		   what);
}

struct shown show(const yaml_node_t *node)
{
	struct shown s;
	size_t n;

	if (node->type != YAML_SCALAR_NODE) {
		strcpy(s.text, node->type == YAML_MAPPING_NODE ? "a mapping" : "a list");
		return s;
	}
	n = (size_t)snprintf(s.text, sizeof(s.text), "'%.38s'",
			     (const char *)node->data.scalar.value);
	for (size_t i = 0; i < n && s.text[i]; i++)
		if (s.text[i] < ' ' || s.text[i] > '~')
			s.text[i] = '?';
	return s;
}

/* ---- scalars ------------------------------------------------------------- */

const yaml_node_t *node_of(struct reader *r, int id)
{
	return yaml_document_get_node(&r->doc, id);
}

const char *text_of(const yaml_node_t *node)
{
	const char *text;

	if (node->type != YAML_SCALAR_NODE)
		return NULL;
	text = (const char *)node->data.scalar.value;
	return *text && strlen(text) == node->data.scalar.length ? text : NULL;
}

static const char *plain_text(const yaml_node_t *node)
{
	const char *text = text_of(node);

	return text && node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE ? text : NULL;
}

bool number_of(const char *text, uint64_t *value)
{
	unsigned int base = 10, digit;

	if (text[0] == '0' && text[1] == 'x') {
		base = 16;
		text += 2;
	} else if (text[0] == '0' && text[1]) {
		return false;
	}
	*value = 0;
	if (!*text)
		return false;
	for (; *text; text++) {
		if (!isxdigit((unsigned char)*text))
			return false;
		digit = (unsigned int)(isdigit((unsigned char)*text) ?
					       *text - '0' :
					       tolower((unsigned char)*text) - 'a' + 10);
		if (digit >= base || *value > (UINT64_MAX - digit) / base)
			return false;
		*value = *value * base + digit;
	}
	return true;
}

int read_number(struct reader *r, const yaml_node_t *node, const struct at *at, uint64_t min,
		uint64_t max, uint64_t *value)
{
	const char *text = plain_text(node);

	if (text && number_of(text, value) && *value >= min && *value <= max)
		return TOOL_OK;
	return fail(r, node, at, "%s: a number from %llu to %llu is expected", show(node).text,
		    (unsigned long long)min, (unsigned long long)max);
}

int read_bool(struct reader *r, const yaml_node_t *node, const struct at *at, uint64_t *value)
{
	const char *text = plain_text(node);

	*value = text && !strcmp(text, "true");
	if (*value || (text && !strcmp(text, "false")))
		return TOOL_OK;
	return fail(r, node, at, "%s: true or false is expected", show(node).text);
}

/* "a, b, c" */
static void join(char *to, size_t size, const char *const *words)
{
	size_t n = 0;

	*to = '\0';
	for (; *words && n < size; words++)
		n += (size_t)snprintf(to + n, size - n, "%s%s", n ? ", " : "", *words);
}

int read_word(struct reader *r, const yaml_node_t *node, const struct at *at,
	      const char *const *words, uint64_t *value)
{
	const char *text = text_of(node);
	char allowed[200];

	for (size_t i = 0; text && words[i]; i++) {
		if (strcmp(text, words[i]))
			continue;
		*value = i;
		return TOOL_OK;
	}
	join(allowed, sizeof(allowed), words);
	return fail(r, node, at, "%s: one of %s is expected", show(node).text, allowed);
}

int read_name(struct reader *r, const yaml_node_t *node, const struct at *at, bool inner,
	      size_t size, char *name)
{
	const char *text = text_of(node);
	bool good = text && strlen(text) < size;

	if (good && !inner)
		good = isalpha((unsigned char)*text);
	for (size_t i = 0; good && text[i]; i++)
		good = isalnum((unsigned char)text[i]) || strchr("_-.:@/+", text[i]);
	if (!good)
		return fail(r, node, at,
			    "%s: a name of 1 to %zu characters is expected: %sletters,"
			    " digits, _ - . : @ / +",
			    show(node).text, size - 1, inner ? "" : "a letter, then ");
	strcpy(name, text);
	return TOOL_OK;
}

int fail_machine(struct reader *r, const yaml_node_t *node, const struct at *at, uint8_t only)
{
	static const char *const machines[ON_ANY] = {
		[ON_X86] = "x86 machines, which have no `gic`",
		[ON_GICV2] = "machines with gic.version: 2",
		[ON_GICV3] = "machines with gic.version: 3",
		[ON_GIC] = "Arm machines, which have `gic`",
		[ON_X86 | ON_GICV2] = "x86 machines and those with gic.version: 2",
		[ON_X86 | ON_GICV3] = "x86 machines and those with gic.version: 3",
	};

	return fail(r, node, at, "only for %s", machines[only]);
}

/* ---- mappings and lists -------------------------------------------------- */

static void store(void *base, const struct field *f, uint64_t value)
{
	char *to = (char *)base + f->offset;

	switch (f->size) {
	case 1:
		*(uint8_t *)to = (uint8_t)value;
		break;
	case 4:
		*(uint32_t *)to = (uint32_t)value;
		break;
	default:
		*(uint64_t *)to = value;
	}
}

static int read_field(struct reader *r, const yaml_node_t *node, const struct at *at,
		      const struct field *f, void *base)
{
	uint64_t value = 0;
	int rc;

	if (f->type == NODE) {
		*(const yaml_node_t **)((char *)base + f->offset) = node;
		return TOOL_OK;
	}
	if (f->type == NUMBER)
		rc = read_number(r, node, at, f->min, f->max, &value);
	else if (f->type == BOOLEAN)
		rc = read_bool(r, node, at, &value);
	else
		rc = read_word(r, node, at, f->words, &value);
	if (!rc)
		store(base, f, value);
	return rc;
}

static bool allows(const struct reader *r, const struct field *f)
{
	return !f->only || f->only & r->machine;
}

static int unknown_key(struct reader *r, const yaml_node_t *key, const struct at *at,
		       const struct field *fields, size_t n)
{
	const char *keys[24];
	char allowed[260];
	size_t known = 0;

	for (size_t i = 0; i < n; i++)
		if (allows(r, &fields[i]))
			keys[known++] = fields[i].key;
	keys[known] = NULL;
	join(allowed, sizeof(allowed), keys);
	return fail(r, key, at, "unknown key %s; allowed are %s", show(key).text, allowed);
}

int read_map(struct reader *r, const yaml_node_t *map, const struct at *at,
	     const struct field *fields, size_t n, void *base)
{
	const yaml_node_t *key;
	struct at here = { at, NULL, 0 };
	uint32_t seen = 0;
	size_t f;
	int rc = TOOL_OK;

	if (map->type != YAML_MAPPING_NODE)
		return fail(r, map, at, "%s: a mapping (key: value) is expected", show(map).text);
	for (yaml_node_pair_t *pair = map->data.mapping.pairs.start;
	     !rc && pair < map->data.mapping.pairs.top; pair++) {
		key = node_of(r, pair->key);
		for (f = 0; f < n; f++)
			if (text_of(key) && !strcmp(text_of(key), fields[f].key))
				break;
		if (f == n)
			return unknown_key(r, key, at, fields, n);
		here.key = fields[f].key;
		if (seen & 1u << f)
			return fail(r, key, &here, "given twice");
		seen |= 1u << f;
		if (!allows(r, &fields[f]))
			return fail_machine(r, key, &here, fields[f].only);
		rc = read_field(r, node_of(r, pair->value), &here, &fields[f], base);
	}
	return rc;
}

/* The node of a key that is known to be of a map, to complain about: or the map. */
static const yaml_node_t *find(struct reader *r, const yaml_node_t *map, const char *name)
{
	const yaml_node_t *key;

	for (yaml_node_pair_t *pair = map->data.mapping.pairs.start;
	     pair < map->data.mapping.pairs.top; pair++) {
		key = node_of(r, pair->key);
		if (text_of(key) && !strcmp(text_of(key), name))
			return node_of(r, pair->value);
	}
	return map;
}

int fail_key(struct reader *r, const yaml_node_t *map, const struct at *at, const char *name,
	     const char *what)
{
	struct at here = { at, name, 0 };

	return fail(r, find(r, map, name), &here, "%s", what);
}

int read_list(struct reader *r, const yaml_node_t *list, const struct at *at, const char *what,
	      item_fn *item)
{
	struct at here = { at, NULL, 0 };
	int rc = TOOL_OK;

	if (list->type != YAML_SEQUENCE_NODE)
		return fail(r, list, at, "%s: a list of %s is expected", show(list).text, what);
	for (yaml_node_item_t *i = list->data.sequence.items.start;
	     !rc && i < list->data.sequence.items.top; i++, here.index++)
		rc = item(r, node_of(r, *i), &here);
	return rc;
}
