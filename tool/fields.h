/* SPDX-License-Identifier: MIT */
/*
 * Reading YAML by tables of what is allowed. libyaml makes a tree whose nodes
 * know their lines; whatever is wrong in it is told as FILE:LINE: FIELD: what,
 * and what would be right. Functions return an exit code and leave the message
 * in r->msg.
 */
#ifndef IRQFERRY_TOOL_FIELDS_H
#define IRQFERRY_TOOL_FIELDS_H

#include <yaml.h>
#include "machine.h"

/* Where we are in the file: printed as devices[2].queues. */
struct at {
	const struct at *up;
	const char *key; /* null: an item of a list */
	int index;
};

struct reader {
	const char *file;
	yaml_document_t doc;
	struct machine *m;
	struct message *msg;
	struct names *names; /* of interrupts, once all are known */
	bool logical;        /* one of the logical options is on */
};

enum type { NUMBER, BOOLEAN, WORD, NODE };

struct field {
	const char *key;
	enum type type;
	size_t offset, size;
	uint64_t min, max;
	const char *const *words; /* WORD: stored is the index */
};

/* A field of struct `s`, and the fields' sizes taken from it. */
#define FIELD(s, member) offsetof(struct s, member), sizeof(((struct s *)0)->member)
#define F_NUMBER(s, member, lo, hi) \
	{ \
#member, NUMBER, FIELD(s, member), lo, hi, NULL \
	}
#define F_BOOL(s, member) \
	{ \
#member, BOOLEAN, FIELD(s, member), 0, 1, NULL \
	}
#define F_WORD(s, member, list) \
	{ \
#member, WORD, FIELD(s, member), 0, 0, list \
	}
#define F_NODE(s, member) \
	{ \
#member, NODE, FIELD(s, member), 0, 0, NULL \
	}

int fail(struct reader *r, const yaml_node_t *node, const struct at *at, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* About one key of a map that was read, or about its absence. */
int fail_key(struct reader *r, const yaml_node_t *map, const struct at *at, const char *name,
	     const char *what);

/* What the user wrote, short and printable. */
struct shown {
	char text[44];
};
struct shown show(const yaml_node_t *node);

const yaml_node_t *node_of(struct reader *r, int id);

/* The text of a scalar, or null: not one, empty, or holding a zero byte. */
const char *text_of(const yaml_node_t *node);

/* Decimal or 0x...; no sign, no leading zeros (octal in YAML 1.1). */
bool number_of(const char *text, uint64_t *value);

int read_number(struct reader *r, const yaml_node_t *node, const struct at *at, uint64_t min,
		uint64_t max, uint64_t *value);
int read_bool(struct reader *r, const yaml_node_t *node, const struct at *at, uint64_t *value);

/* A name of less than `size` characters. Names of interrupts start with a
 * letter, as numbers mean numbers; the `inner` part of one need not. */
int read_name(struct reader *r, const yaml_node_t *node, const struct at *at, bool inner,
	      size_t size, char *name);

int read_map(struct reader *r, const yaml_node_t *map, const struct at *at,
	     const struct field *fields, size_t n, void *base);

typedef int item_fn(struct reader *r, const yaml_node_t *node, const struct at *at);
int read_list(struct reader *r, const yaml_node_t *list, const struct at *at, const char *what,
	      item_fn *item);

#endif
