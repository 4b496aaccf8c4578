/* SPDX-License-Identifier: MIT */
/* search.h: shared by the searches (explore.c, depth.c, breadth.c, random.c). */
#ifndef IRQFERRY_CHECK_SEARCH_H
#define IRQFERRY_CHECK_SEARCH_H

#include "table.h"

#define STATE_MOST (256u * 1024) /* a saved state, at most */

struct run {
	struct world w;
	const struct search_options *o;
	struct search_result *r;
	struct table table;
	uint8_t *start; /* the initial state */
	uint64_t other; /* bytes besides the table */
	double began, looked;
	uint32_t ticks;
	/* What is shared (sim_out.sharing) is found out on the way. A pass that began
	 * with less than it ended with proves nothing: it is made again. */
	uint32_t grown;    /* sim_out.grown at the start of the pass */
	uint64_t grown_at; /* states, when it grew first; 0: it has not */
	bool again;
	bool resumed; /* the checkpoint has been read */
};

/* Has a limit been reached, or does somebody want an end? Cheap; call per transition. */
bool run_should_stop(struct run *run);
/* A few schedules at random, to see what is shared. */
void random_look(struct run *run);
/* The world's verdict becomes the result's. */
void run_found(struct run *run, const label *path, uint32_t n);
/* Nothing but events of devices can happen: judge that end. The world is as `saved`
 * says, and is so again afterwards. False: a violation. */
bool run_judge_end(struct run *run, const label *list, uint32_t n, const uint8_t *saved);

/* ---- depth first: what a checkpoint keeps -------------------------------------- */

/* What a label touched: see sim_out. */
struct print {
	uint64_t reads, writes;
};

/* A state on the path. */
struct level {
	uint32_t n, taken; /* labels; the one tried last */
	bool tried;        /* any? */
	bool marked;       /* its entry says that it is on the path */
	struct fingerprint state;
	uint64_t todo, done, sleep; /* bit per label */
	uint64_t saved;             /* offset in saves */
	label label[WORLD_LABELS];
	struct print print[WORLD_LABELS]; /* of those in done and sleep */
};

struct depth_search {
	struct run *run;
	struct level *frame;
	uint32_t depth, size;
	uint8_t *saves;
	uint64_t saves_size, saves_used;
	bool current; /* the world is at the top frame */
};

/* Memory for one more frame. */
bool depth_room(struct depth_search *s);
/* Keep a copy of the world for this frame, which becomes the top one. */
void depth_push(struct depth_search *s, struct level *f);

/* checkpoint.c. False: `why` of the result says what is wrong; the verdict is "refused". */
bool checkpoint_write(const struct depth_search *s, const char *name);
bool checkpoint_read(struct depth_search *s, const char *name);

void search_depth(struct run *run);
void search_breadth(struct run *run);
void search_random(struct run *run);

#endif
