/* SPDX-License-Identifier: MIT */
/*
 * match.h: which CPU for which interrupt, so that as many as possible get one, and of these as
 * many as possible one of their requested mask. Used by plan.c alone.
 */
#ifndef FERRY_MATCH_H
#define FERRY_MATCH_H

#include "core/core.h"

/* One interrupt that needs a place. */
struct ferry_leaver {
	ferry_set set; /* what is requested; a reference */
	uint32_t irq;
	uint16_t cpu;  /* where it shall go, or FERRY_NOWHERE */
	uint16_t kept; /* places promised there on its account */
	int16_t dist;  /* of a search: broken affinities it costs to come here */
	uint8_t kind, flags;
};
#define FERRY_NOWHERE 0xffffu

/* Not each free place will do for it, see ferry_backend.alike. */
#define FERRY_L_CHOOSY 1u
/* Managed: never outside its mask. */
#define FERRY_L_INSIDE 2u
/* It has other CPUs outside its mask already, and needs no place to shrink to these: for it
 * there is one CPU more, number ncpus, with room for all. */
#define FERRY_L_SHRINKS 4u
/* It has gone where it should. */
#define FERRY_L_GONE 8u
#define FERRY_L_QUEUED 16u /* of a search */
/* When somebody looked, it did not live on the CPU that leaves any more. */
#define FERRY_L_ABSENT 32u

struct ferry_match {
	struct ferry *f;
	uint32_t cpu;    /* the one that leaves */
	uint32_t count;  /* of rows */
	uint32_t choosy; /* FERRY_L_CHOOSY or 0: whom the matching is about now */
	struct ferry_leaver *rows;
	/* By CPU: places not given away yet; and how many these were at the beginning. */
	uint16_t *left, *room;
	/* Of a search, by CPU: the least cost to come here, and the row it was reached from. */
	int16_t *dist;
	uint16_t *via;
	uint16_t *queue; /* of rows: a ring of `count` */
	/* Can messages of this kind (a bit each) name the CPU? As far as it was looked at. */
	uint8_t *known, *reach;
};

/* Give the rows whose FERRY_L_CHOOSY is m->choosy CPUs with m->left: none on m->cpu. Rows * CPUs
 * comparisons where there is room inside the masks; as many again for each row that needs a
 * search, and at most 2 * rows times that. Takes I, one at a time. */
void ferry_match(struct ferry_match *m);

/* Outside its mask? */
bool ferry_match_outside(const struct ferry_match *m, const struct ferry_leaver *r, uint32_t cpu);

/* Can this interrupt's messages name the CPU? Asked of the back end once for each kind. */
bool ferry_match_reaches(struct ferry_match *m, struct ferry_leaver *r, uint32_t cpu);

#endif
