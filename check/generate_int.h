/* SPDX-License-Identifier: MIT */
/* generate_int.h: between generate.c, generate_arm.c and generate_guest.c: how families are
 * made. */
#ifndef IRQFERRY_CHECK_GENERATE_INT_H
#define IRQFERRY_CHECK_GENERATE_INT_H

#include "generate.h"

struct maker {
	struct suite *out;
	uint32_t room;
	bool failed; /* no memory, or a text of these files can't be read */
};

#define BIT(op) (1u << (op))
#define CPU_OPS (BIT(OP_OFFLINE) | BIT(OP_ONLINE) | BIT(OP_ROLLBACK))
#define MOVERS (BIT(OP_MOVE) | CPU_OPS)
#define LEAVING BIT(OP_OFFLINE)

/* Operations of one interrupt: alone or two of them; and what may be done under any option. */
extern const char suite_single[], suite_natural[], suite_whole[];

typedef bool wanted_fn(const struct scenario *s);

/* All combinations of n deeds ("move 0 1, mask 0; unmask 0") on the machine `base`, which
 * may have scripts already. */
void suite_combine(struct maker *k, const char *base, const char *deeds, unsigned int n,
		   wanted_fn *wanted);
/* Of those made from `from` on, the ones with one of these operations. */
void suite_keep(struct maker *k, uint32_t from, unsigned int ops);

/* Does every operation have something to do? */
bool suite_sensible(const struct scenario *s);
/* ... and the third CPU nothing? */
bool suite_on_two_cpus(const struct scenario *s);
/* Something moves, and both interrupts are in it. */
bool suite_about_both(const struct scenario *s);

/* How many of these operations there are; those of one interrupt, or -1. */
unsigned int suite_count(const struct scenario *s, unsigned int kinds, int irq);

/* One more. */
void suite_add(struct maker *k, const struct scenario *s);

/* One more, as text. */
void suite_add_text(struct maker *k, const char *text);

void suite_make_arm(struct maker *k);

/* generate_queues.c; hardware: what its options multiply by */
void suite_make_queues(struct maker *k);
void suite_make_queues_nightly(struct maker *k);
double suite_queues_estimate(const struct scenario *s, double hardware);

/* generate_guest.c */
void suite_make_guest(struct maker *k);
void suite_make_guest_nightly(struct maker *k);
double suite_guest_estimate(const struct scenario *s);

#endif
