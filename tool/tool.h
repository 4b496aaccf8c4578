/* SPDX-License-Identifier: MIT */
/* What all commands share: exit codes, memory, messages, whole files. */
#ifndef IRQFERRY_TOOL_TOOL_H
#define IRQFERRY_TOOL_TOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TOOL_VERSION "0.1"

enum tool_exit {
	TOOL_OK = 0,
	TOOL_VIOLATION = 1, /* the storm found something that must not be */
	TOOL_USAGE = 2,     /* the command line */
	TOOL_INPUT = 3,     /* a scenario file or /proc text */
	TOOL_MACHINE = 4,   /* the input is well formed, the machine can't be built */
	TOOL_IO = 5         /* memory, or writing the results */
};

/* Memory that is given back all at once. */
struct arena {
	struct arena_block *head;
};

void *arena_alloc(struct arena *arena, size_t n, size_t size); /* zeroed, or null */
void arena_free(struct arena *arena);

/* One message for the user: the functions that take it return an exit code and
 * fill it when that is not TOOL_OK. */
struct message {
	char text[600];
};

int say(struct message *msg, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
int say_no_memory(struct message *msg);

/* Read a whole file, zero-terminated, of at most `limit` bytes. */
int file_read(const char *path, size_t limit, struct arena *arena, char **text, size_t *size,
	      struct message *msg);

#endif
