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

/* Sorts of machines; sets of them, too. */
enum { ON_X86 = 1, ON_GICV2 = 2, ON_GICV3 = 4, ON_GIC = 6, ON_ANY = 7 };

struct reader {
	const char *file;
	yaml_document_t doc;
	struct machine *m;
	struct message *msg;
	struct names *names; /* of interrupts, once all are known */
	uint64_t *ids;       /* of CPUs: what the hardware calls them */
	bool logical;        /* one of the logical options is on */
	uint8_t machine;     /* ON_* */
};

#define N(array) (sizeof(array) / sizeof((array)[0]))

enum type { NUMBER, BOOLEAN, WORD, NODE };

struct field {
	const char *key;
	enum type type;
	size_t offset, size;
	uint64_t min, max;
	const char *const *words; /* WORD: stored is the index */
	uint8_t only;             /* machines that have it; 0: all */
};

/* `name` is member `m` of struct `s`. What follows may say on which machines: .only = */
#define FIELD(name, s, m, sort, ...) \
	{ \
		.key = name, .type = sort, .offset = offsetof(struct s, m), \
		.size = sizeof(((struct s *)0)->m), __VA_ARGS__ \
	}
#define F_NUMBER(s, m, lo, hi, ...) FIELD(#m, s, m, NUMBER, .min = lo, .max = hi, __VA_ARGS__)
#define F_BOOL(s, m, ...) FIELD(#m, s, m, BOOLEAN, __VA_ARGS__)
#define F_WORD(s, m, list, ...) FIELD(#m, s, m, WORD, .words = list, __VA_ARGS__)
#define F_NODE(s, m, ...) FIELD(#m, s, m, NODE, __VA_ARGS__)

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

int read_word(struct reader *r, const yaml_node_t *node, const struct at *at,
	      const char *const *words, uint64_t *value);

/* The key is there, but for other machines: `only` says which. */
int fail_machine(struct reader *r, const yaml_node_t *node, const struct at *at, uint8_t only);

/* A name of less than `size` characters. Names of interrupts start with a
 * letter, as numbers mean numbers; the `inner` part of one need not. */
int read_name(struct reader *r, const yaml_node_t *node, const struct at *at, bool inner,
	      size_t size, char *name);

int read_map(struct reader *r, const yaml_node_t *map, const struct at *at,
	     const struct field *fields, size_t n, void *base);

typedef int item_fn(struct reader *r, const yaml_node_t *node, const struct at *at);
int read_list(struct reader *r, const yaml_node_t *list, const struct at *at, const char *what,
	      item_fn *item);

/* scenario_cpus.c: the keys `gic` and `cpus` of a scenario, in this order. */
int scenario_gic(struct reader *r, const yaml_node_t *node);
int scenario_cpus(struct reader *r, const yaml_node_t *node);

/* scenario_mq.c: the key `multiqueue`, after `devices`. */
int scenario_multiqueue(struct reader *r, const yaml_node_t *node);

#endif
