// SPDX-License-Identifier: MIT
/*
 * mutant.c: which scenario shows a mutant? Its hints are tried, then the ladder; what
 * fails without the mutant as well is no evidence.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "suite_int.h"

/* A mutant is looked for quickly first, and then at length. */
#define QUICK_STATES 300000
#define QUICK_SECONDS 60
#define LONG_STATES 3000000
#define LONG_SECONDS 300

bool mutants_linked(void)
{
	return &ferry_mutants_count && &ferry_mutant;
}

static bool begins(const char *text, const char *with)
{
	return !strncmp(text, with, strlen(with));
}

bool mutant_find(const char *name, uint32_t *index)
{
	uint32_t n = 0, last = 0;

	for (uint32_t i = 0; i < ferry_mutants_count; i++) {
		const char *full = ferry_mutants[i].name;

		if (!strcmp(full, name)) {
			*index = i;
			return true;
		}
		if (begins(full, name) && full[strlen(name)] == '-') {
			last = i;
			n++;
		}
	}
	*index = n == 1 ? last : n;
	return n == 1;
}

void mutant_choose(uint32_t index)
{
	if (mutants_linked())
		ferry_mutant = index == NO_MUTANT ? 0 : index + 1;
}

/* What does the library without the mutant say? */
static enum verdict_kind without_mutant(const struct suite_how *how, struct pool *p,
					const struct scenario *s)
{
	uint32_t chosen = ferry_mutant;
	struct search_result r;

	ferry_mutant = 0;
	suite_search(how, p, s, &r);
	free(r.path);
	ferry_mutant = chosen;
	return r.verdict;
}

bool suite_blind(const struct suite_how *how, struct pool *p, const struct scenario *s)
{
	return check_failed(without_mutant(how, p, s));
}

#define TRIALS 128 /* hints and ladder */

struct trial {
	const char *text;
	struct scenario s;
	bool idle; /* exhausted, refused or blind */
};

struct trials {
	struct trial trial[TRIALS];
	uint32_t n;
};

static void add_trial(struct trials *t, const char *text)
{
	struct trial *trial = &t->trial[t->n];
	char error[200];

	for (uint32_t i = 0; i < t->n; i++)
		if (!strcmp(t->trial[i].text, text))
			return;
	if (t->n == TRIALS || !scenario_parse(text, &trial->s, error, sizeof(error)))
		return;
	trial->text = text;
	trial->idle = false;
	t->n++;
}

/* Only a guest shows what is wrong with a virtual GIC, and nothing else. */
static const char *const *ladder_of(const char *place)
{
	if (begins(place, "src/vgic/"))
		return suite_guest_ladder;
	if (begins(place, "src/core/mq.c") || begins(place, "src/core/managed.c") ||
	    begins(place, "src/x86/promises.c"))
		return suite_queues_ladder;
	return suite_ladder;
}

static void make_trials(struct trials *t, const struct ferry_mutant_entry *mutant)
{
	const char *const *ladder = ladder_of(mutant->place);

	t->n = 0;
	for (int i = 0; i < FERRY_MUTANT_SCENARIOS && mutant->scenario[i]; i++)
		add_trial(t, mutant->scenario[i]);
	for (int i = 0; ladder[i]; i++)
		add_trial(t, ladder[i]);
}

static bool evidence(const struct suite_how *how, struct pool *p, struct trial *trial,
		     const struct search_result *r, struct outcome *o)
{
	trial->idle = r->exhausted || r->verdict == CHECK_REFUSED;
	/* Its machine can't be set up: that shows it too, without a schedule. */
	if (r->verdict == CHECK_REFUSED && without_mutant(how, p, &trial->s) != CHECK_REFUSED) {
		o->verdict = CHECK_BROKEN;
		return true;
	}
	if (!check_failed(r->verdict))
		return false;
	if (!suite_blind(how, p, &trial->s))
		return true;
	trial->idle = true;
	o->blind++;
	return false;
}

/* True: it showed itself. */
static bool try_mutant(const struct suite_how *how, struct pool *p, struct trial *trial,
		       const char *file, struct outcome *o)
{
	struct search_result r;

	if (trial->idle)
		return false;
	snprintf(o->scenario, sizeof(o->scenario), "%s", trial->text);
	o->tried++;
	suite_search(how, p, &trial->s, &r);
	suite_record(how, p, &r, o);
	if (evidence(how, p, trial, &r, o)) {
		suite_found(how, p, &trial->s, file, &r, o);
		return true;
	}
	free(r.path);
	o->verdict = CHECK_PASSED;
	*o->why = '\0';
	return false;
}

static bool try_all(const struct suite_how *how, struct pool *p, struct trials *t, const char *file,
		    struct outcome *o)
{
	for (uint32_t i = 0; i < t->n && !pool_stopped(p); i++)
		if (try_mutant(how, p, &t->trial[i], file, o))
			return true;
	return false;
}

static bool all_idle(const struct trials *t)
{
	bool idle = true;

	for (uint32_t i = 0; i < t->n; i++)
		idle = idle && t->trial[i].idle;
	return idle;
}

void suite_mutant(const struct suite_how *how, struct pool *p, uint32_t index, const char *file,
		  struct outcome *o)
{
	static struct trials trials;
	struct suite_how at_length = *how, quick;
	bool shown;

	mutant_choose(index);
	at_length.mutant = ferry_mutants[index].name;
	if (!at_length.search.max_states)
		at_length.search.max_states = LONG_STATES;
	if (!at_length.search.max_seconds)
		at_length.search.max_seconds = LONG_SECONDS;
	quick = at_length;
	if (quick.search.max_states > QUICK_STATES)
		quick.search.max_states = QUICK_STATES;
	if (quick.search.max_seconds > QUICK_SECONDS)
		quick.search.max_seconds = QUICK_SECONDS;
	make_trials(&trials, &ferry_mutants[index]);
	shown = try_all(&quick, p, &trials, file, o) || try_all(&at_length, p, &trials, file, o);
	o->exhausted = !shown && all_idle(&trials);
	o->limit = (uint8_t)(shown || !pool_stopped(p) ? LIMIT_NONE : LIMIT_SIGNAL);
	if (shown || !pool_stopped(p))
		o->state = JOB_DONE;
	else
		o->state = JOB_WAITING;
}

static void search_without(const struct suite_how *how, struct pool *p, const char *text)
{
	struct suite_how quick = *how;
	struct search_result r;
	struct scenario s;
	char error[200];

	quick.search.max_states = QUICK_STATES;
	quick.search.max_seconds = QUICK_SECONDS;
	mutant_choose(NO_MUTANT);
	if (scenario_parse(text, &s, error, sizeof(error)))
		suite_search(&quick, p, &s, &r);
}

/* In a process of its own, which may die as well. */
void suite_doubt_crash(const struct suite_how *how, struct pool *p, struct outcome *o)
{
	pid_t pid;
	int status = 1;

	fflush(NULL);
	pid = fork();
	if (!pid) {
		search_without(how, p, o->scenario);
		_exit(0);
	}
	if (pid > 0 && waitpid(pid, &status, 0) == pid && !status)
		return;
	o->crashed = false;
	o->verdict = CHECK_PASSED;
	o->blind++;
}
