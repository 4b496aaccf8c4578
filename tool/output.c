// SPDX-License-Identifier: MIT
/* Numbers of the command line, files that are written whole: see output.h. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "output.h"

int number_arg(struct message *msg, const char *option, const char *text, uint64_t min,
	       uint64_t *value)
{
	char *end;
	const uint64_t max = INT64_MAX;

	errno = 0;
	*value = strtoull(text, &end, 10);
	if (*text >= '0' && *text <= '9' && !*end && !errno && *value >= min && *value <= max)
		return TOOL_OK;
	return say(msg, TOOL_USAGE,
		   "%s: '%.40s': a number from %" PRIu64 " to %" PRIu64 " is expected", option,
		   text, min, max);
}

static int cannot_write(const char *path, struct message *msg)
{
	return say(msg, TOOL_IO, "%s: can't be written: %s", path, strerror(errno));
}

int output_open(struct output *o, const char *path, struct message *msg)
{
	struct stat st;
	bool whole = lstat(path, &st) || S_ISREG(st.st_mode);

	o->path = path;
	o->temp = NULL;
	if (whole && asprintf(&o->temp, "%s.tmp%ld", path, (long)getpid()) < 0) {
		o->temp = NULL;
		return say_no_memory(msg);
	}
	o->file = fopen(whole ? o->temp : path, "w");
	if (o->file)
		return TOOL_OK;
	free(o->temp);
	o->temp = NULL;
	return cannot_write(path, msg);
}

int output_close(struct output *o, struct message *msg)
{
	int rc = ferror(o->file);

	rc = fclose(o->file) || rc;
	o->file = NULL;
	if (!rc && o->temp)
		rc = rename(o->temp, o->path);
	if (rc) {
		rc = cannot_write(o->path, msg);
		output_drop(o);
		return rc;
	}
	free(o->temp);
	o->temp = NULL;
	return TOOL_OK;
}

void output_drop(struct output *o)
{
	if (o->file)
		fclose(o->file);
	if (o->temp)
		unlink(o->temp);
	free(o->temp);
	o->file = NULL;
	o->temp = NULL;
}

int output_json(FILE *out, const char *name, const json_t *value, struct message *msg)
{
	int rc = value ? json_dumpf(value, out, JSON_INDENT(2)) : -1;

	if (rc || fputc('\n', out) == EOF)
		return say(msg, TOOL_IO, "%s: can't be written", name);
	return TOOL_OK;
}

json_t *string_json(const char *text)
{
	json_t *value = json_string(text);
	char clean[4096];
	size_t n = 0;

	if (value)
		return value;
	for (; text[n] && n < sizeof(clean) - 1; n++)
		clean[n] = text[n] >= ' ' && text[n] <= '~' ? text[n] : '?';
	clean[n] = '\0';
	return json_string(clean);
}

void put(json_t *object, const char *key, uint64_t value)
{
	json_object_set_new(object, key, json_integer((json_int_t)value));
}

double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}
