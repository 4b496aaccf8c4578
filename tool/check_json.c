// SPDX-License-Identifier: MIT
/* The results of `irqferry check` as JSON, and those of all shards as one. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include "check.h"

/* ---- writing ---------------------------------------------------------------------- */

static json_t *text_or_null(const char *text)
{
	return text && *text ? string_json(text) : json_null();
}

static json_t *options_json(const struct check *c)
{
	const struct search_options *o = &c->how.search;
	json_t *object = json_object();

	json_object_set_new(object, "search", json_string(c->search_name));
	put(object, "runs", o->runs);
	put(object, "seed", o->seed);
	put(object, "max_states", o->max_states);
	put(object, "max_seconds", o->max_seconds);
	put(object, "max_memory", c->max_memory);
	json_object_set_new(object, "sleep_sets", json_boolean(!o->no_sleep));
	json_object_set_new(object, "merge", json_boolean(!o->no_merge));
	json_object_set_new(object, "cycles", json_boolean(!o->no_cycles));
	return object;
}

static json_t *bounds_json(const struct check *c)
{
	const struct totals *t = &c->sum;
	json_t *object = json_object(), *limits = json_object();

	put(object, "scenarios", t->scenarios);
	put(object, "exhausted", t->exhausted);
	put(object, "random", t->random);
	put(object, "unfinished", t->unfinished);
	put(object, "not_run", t->not_run);
	for (int i = LIMIT_NONE + 1; i < LIMITS; i++)
		put(limits, limit_name[i], t->limit[i]);
	json_object_set_new(object, "limits", limits);
	put(object, "longest_schedule", t->depth);
	put(object, "largest_states", t->largest ? t->largest->o->states : 0);
	json_object_set_new(object, "largest", text_or_null(t->largest ? t->largest->name : NULL));
	return object;
}

static json_t *totals_json(const struct check *c)
{
	const struct totals *t = &c->sum;
	json_t *object = json_object();

	put(object, "passed", t->passed);
	put(object, "failed", t->failed);
	put(object, "violations", t->violations);
	put(object, "refused", t->refused);
	put(object, "differences", c->differences);
	put(object, "states", t->states);
	put(object, "transitions", t->transitions);
	put(object, "terminal", t->terminal);
	put(object, "runs", t->runs);
	return object;
}

static void put_failure(json_t *object, const struct item *item)
{
	const struct outcome *o = item->o;

	if (*o->why)
		json_object_set_new(object, "why", string_json(o->why));
	if (outcome_unfinished(o))
		json_object_set_new(object, "limit", json_string(limit_name[o->limit]));
	if (!o->total)
		return;
	put(object, "labels", o->labels);
	put(object, "total", o->total);
	json_object_set_new(object, "smallest", string_json(o->scenario));
	if (item->file && !o->unwritten)
		json_object_set_new(object, "file", string_json(item->file));
}

static json_t *item_json(const struct item *item, uint32_t index)
{
	const struct outcome *o = item->o;
	json_t *object = json_object();

	put(object, "index", index);
	json_object_set_new(object, "name", json_string(item->name));
	json_object_set_new(object, "verdict", json_string(item_verdict(item)));
	json_object_set_new(object, "exhausted", json_boolean(o->exhausted));
	put(object, "states", o->states);
	put(object, "transitions", o->transitions);
	put(object, "terminal", o->terminal);
	put(object, "runs", o->runs);
	put(object, "depth", o->depth);
	put(object, "memory", o->memory);
	json_object_set_new(object, "seconds", json_real(o->seconds));
	if (o->resumed)
		json_object_set_new(object, "resumed", json_true());
	put_failure(object, item);
	return object;
}

json_t *check_json(const struct check *c)
{
	json_t *top = json_object(), *list = json_array(), *shard = json_object();

	json_object_set_new(top, "version", json_string(TOOL_VERSION));
	json_object_set_new(top, "library", json_string(library_id));
	json_object_set_new(top, "mutant", text_or_null(c->mutant));
	json_object_set_new(top, "suite", text_or_null(c->suite));
	put(top, "suite_scenarios", c->n);
	put(shard, "k", c->shard);
	put(shard, "n", c->shards);
	json_object_set_new(top, "shard", shard);
	json_object_set_new(top, "options", options_json(c));
	json_object_set_new(top, "bounds", bounds_json(c));
	json_object_set_new(top, "totals", totals_json(c));
	json_object_set_new(top, "seconds", json_real(seconds() - c->began));
	for (uint32_t i = 0; i < c->n; i++)
		if (c->item[i].o)
			json_array_append_new(list, item_json(&c->item[i], i));
	json_object_set_new(top, "scenarios", list);
	return top;
}

/* ---- merging ------------------------------------------------------------------------ */

/* A file among those that are merged. */
struct part {
	const char *path;
	json_t *top;
	uint64_t shard, shards, n;
};

static int wrong(struct check *c, const struct part *p, const char *field, const char *what)
{
	return say(&c->msg, TOOL_INPUT, "%s: %s: %s", p->path, field, what);
}

static bool get_number(const json_t *object, const char *key, uint64_t *value)
{
	const json_t *number = json_object_get(object, key);

	if (!json_is_integer(number) || json_integer_value(number) < 0)
		return false;
	*value = (uint64_t)json_integer_value(number);
	return true;
}

static int read_part(struct check *c, struct part *p, const char *path)
{
	json_error_t error;
	const json_t *shard;

	p->path = path;
	p->top = json_load_file(path, 0, &error);
	if (!p->top)
		return say(&c->msg, TOOL_INPUT, "%s:%d: JSON: %s", path, error.line, error.text);
	shard = json_object_get(p->top, "shard");
	if (!get_number(shard, "k", &p->shard) || !get_number(shard, "n", &p->shards) ||
	    !p->shard || p->shard > p->shards || p->shards > 1000000)
		return wrong(c, p, "shard",
			     "missing: this is no result of `irqferry check --json`");
	if (!get_number(p->top, "suite_scenarios", &p->n) || p->n > 100000000)
		return wrong(c, p, "suite_scenarios", "missing");
	if (!json_is_array(json_object_get(p->top, "scenarios")))
		return wrong(c, p, "scenarios", "missing");
	return TOOL_OK;
}

static int not_same(struct check *c, const struct part *p, const struct part *first,
		    const char *field, const json_t *is, const json_t *was)
{
	char *one = json_dumps(is, JSON_ENCODE_ANY), *two = json_dumps(was, JSON_ENCODE_ANY);

	say(&c->msg, TOOL_INPUT, "%s: %s: %.80s, and %.80s in %s", p->path, field,
	    one ? one : "missing", two ? two : "missing", first->path);
	free(one);
	free(two);
	return TOOL_INPUT;
}

static int same_fields(struct check *c, const struct part *p, const struct part *first,
		       const char *object, const char *const *fields)
{
	const json_t *is = p->top, *was = first->top, *a, *b;

	if (object) {
		is = json_object_get(is, object);
		was = json_object_get(was, object);
	}
	for (; *fields; fields++) {
		a = json_object_get(is, *fields);
		b = json_object_get(was, *fields);
		if (!a || !b || !json_equal(a, b))
			return not_same(c, p, first, *fields, a, b);
	}
	return TOOL_OK;
}

/* Results of the same run, cut into shards? */
static int same_run(struct check *c, const struct part *first, const struct part *p)
{
	static const char *const head[] = { "version", "library",         "mutant",
					    "suite",   "suite_scenarios", NULL };
	static const char *const options[] = { "search",     "runs",        "seed",
					       "max_states", "max_seconds", "max_memory",
					       "sleep_sets", "merge",       "cycles",
					       NULL };
	int rc = same_fields(c, p, first, NULL, head);

	if (!rc)
		rc = same_fields(c, p, first, "options", options);
	if (rc || first->shards == p->shards)
		return rc;
	return say(&c->msg, TOOL_INPUT, "%s: shard: of %" PRIu64 ", and of %" PRIu64 " in %s",
		   p->path, p->shards, first->shards, first->path);
}

static int all_shards(struct check *c, const struct part *part)
{
	const char **by = arena_alloc(&c->arena, part->shards + 1, sizeof(*by));

	if (!by)
		return say_no_memory(&c->msg);
	for (uint32_t i = 0; i < c->nfiles; i++) {
		if (by[part[i].shard])
			return say(&c->msg, TOOL_INPUT,
				   "%s: shard: %" PRIu64 "/%" PRIu64 " is in %s too", part[i].path,
				   part[i].shard, part[i].shards, by[part[i].shard]);
		by[part[i].shard] = part[i].path;
	}
	for (uint64_t k = 1; k <= part->shards; k++)
		if (!by[k])
			return say(&c->msg, TOOL_INPUT,
				   "--merge: shard %" PRIu64 "/%" PRIu64 " is missing", k,
				   part->shards);
	return TOOL_OK;
}

static int copy(struct check *c, const json_t *object, const char *key, char **text)
{
	const char *from = json_string_value(json_object_get(object, key));

	*text = NULL;
	if (!from)
		return TOOL_OK;
	*text = arena_alloc(&c->arena, strlen(from) + 1, 1);
	if (!*text)
		return say_no_memory(&c->msg);
	strcpy(*text, from);
	return TOOL_OK;
}

static uint32_t small(const json_t *object, const char *key)
{
	uint64_t value = 0;

	get_number(object, key, &value);
	return (uint32_t)value;
}

/* How many labels a counterexample has, which limit: what is only there sometimes. */
static void read_failure(const json_t *object, struct outcome *o)
{
	const char *why = json_string_value(json_object_get(object, "why"));
	const char *limit = json_string_value(json_object_get(object, "limit"));
	const char *smallest = json_string_value(json_object_get(object, "smallest"));

	snprintf(o->why, sizeof(o->why), "%s", why ? why : "");
	snprintf(o->scenario, sizeof(o->scenario), "%s", smallest ? smallest : "");
	for (int i = 0; limit && i < LIMITS; i++)
		if (!strcmp(limit, limit_name[i]))
			o->limit = (uint8_t)i;
	o->labels = small(object, "labels");
	o->total = small(object, "total");
}

static bool read_verdict(const json_t *object, struct outcome *o)
{
	const char *verdict = json_string_value(json_object_get(object, "verdict"));

	o->state = JOB_DONE;
	for (int i = 0; verdict && i < CHECK_VERDICTS; i++) {
		if (strcmp(verdict, check_verdict_name[i]))
			continue;
		o->verdict = (uint8_t)i;
		o->random = i == CHECK_PASSED && !o->exhausted;
		return true;
	}
	return verdict && !strcmp(verdict, "unfinished");
}

static bool read_outcome(const json_t *object, struct outcome *o)
{
	o->exhausted = json_is_true(json_object_get(object, "exhausted"));
	o->resumed = json_is_true(json_object_get(object, "resumed"));
	o->seconds = json_number_value(json_object_get(object, "seconds"));
	o->depth = small(object, "depth");
	get_number(object, "memory", &o->memory);
	read_failure(object, o);
	return read_verdict(object, o) && get_number(object, "states", &o->states) &&
	       get_number(object, "transitions", &o->transitions) &&
	       get_number(object, "terminal", &o->terminal) && get_number(object, "runs", &o->runs);
}

static int read_item(struct check *c, const struct part *p, const json_t *object)
{
	struct item *item;
	char *file;
	uint64_t index;
	int rc;

	if (!get_number(object, "index", &index) || index >= p->n)
		return wrong(c, p, "scenarios", "one without an index");
	item = &c->item[index];
	if (item->o || index % p->shards != p->shard - 1)
		return say(&c->msg, TOOL_INPUT,
			   "%s: scenarios: index %" PRIu64 " is not of this "
			   "shard, or there twice",
			   p->path, index);
	item->o = &c->known[index];
	item->mine = true;
	rc = copy(c, object, "name", &item->name);
	if (!rc)
		rc = copy(c, object, "file", &file);
	if (rc)
		return rc;
	item->file = file;
	if (!item->name || !read_outcome(object, item->o))
		return say(&c->msg, TOOL_INPUT,
			   "%s: scenarios: index %" PRIu64 ": no verdict, or "
			   "a number is missing",
			   p->path, index);
	return TOOL_OK;
}

static int read_items(struct check *c, const struct part *p)
{
	const json_t *list = json_object_get(p->top, "scenarios"), *object;
	size_t i;
	int rc;

	json_array_foreach(list, i, object)
	{
		rc = read_item(c, p, object);
		if (rc)
			return rc;
	}
	for (uint64_t index = p->shard - 1; index < p->n; index += p->shards)
		if (!c->item[index].o)
			return say(&c->msg, TOOL_INPUT,
				   "%s: scenarios: index %" PRIu64 " is missing", p->path, index);
	return TOOL_OK;
}

/* What the head of the merged result says. */
static int read_head(struct check *c, const struct part *p)
{
	const json_t *options = json_object_get(p->top, "options");
	struct search_options *o = &c->how.search;
	char *text;
	int rc;

	get_number(options, "runs", &o->runs);
	get_number(options, "seed", &o->seed);
	get_number(options, "max_states", &o->max_states);
	get_number(options, "max_seconds", &o->max_seconds);
	get_number(options, "max_memory", &c->max_memory);
	o->no_sleep = json_is_false(json_object_get(options, "sleep_sets"));
	o->no_merge = json_is_false(json_object_get(options, "merge"));
	o->no_cycles = json_is_false(json_object_get(options, "cycles"));
	rc = copy(c, options, "search", &text);
	c->search_name = text ? text : "depth";
	if (!rc)
		rc = copy(c, p->top, "suite", &text);
	c->suite = text;
	if (!rc)
		rc = copy(c, p->top, "mutant", &text);
	c->mutant = text;
	return rc;
}

static int merge_parts(struct check *c, struct part *part)
{
	int rc = TOOL_OK;

	for (uint32_t i = 0; !rc && i < c->nfiles; i++)
		rc = read_part(c, &part[i], c->file[i]);
	for (uint32_t i = 1; !rc && i < c->nfiles; i++)
		rc = same_run(c, part, &part[i]);
	if (!rc)
		rc = all_shards(c, part);
	if (rc)
		return rc;
	c->n = (uint32_t)part->n;
	c->item = arena_alloc(&c->arena, c->n + 1, sizeof(*c->item));
	c->known = arena_alloc(&c->arena, c->n + 1, sizeof(*c->known));
	if (!c->item || !c->known)
		return say_no_memory(&c->msg);
	for (uint32_t i = 0; !rc && i < c->nfiles; i++)
		rc = read_items(c, &part[i]);
	return rc ? rc : read_head(c, part);
}

int merge_read(struct check *c)
{
	struct part *part = arena_alloc(&c->arena, c->nfiles, sizeof(*part));
	int rc;

	if (!part)
		return say_no_memory(&c->msg);
	rc = merge_parts(c, part);
	for (uint32_t i = 0; i < c->nfiles; i++)
		json_decref(part[i].top);
	return rc;
}
