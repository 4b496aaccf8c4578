// SPDX-License-Identifier: MIT
/* suite.c: one scenario; and the ladder for mutants. See suite.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "suite_int.h"

const char *const limit_name[LIMITS] = { "none", "states", "seconds", "memory", "signal", "other" };

const char *const suite_ladder[] = {
	/* one interrupt, one CPU asks */
	"msix cpus=2 events=1 | 0: move 0 1",
	"msi cpus=2 events=1 | 0: move 0 1",
	"edge cpus=2 events=1 | 0: move 0 1",
	"level cpus=2 events=1 | 0: move 0 1",
	"remapped cpus=2 events=1 undrained | 0: move 0 1",
	"maskable cpus=2 events=1 | 0: move 0 1",
	"msix cpus=2 events=1 | 0: mask 0; unmask 0",
	"level cpus=2 events=1 | 0: mask 0; unmask 0",
	"msi cpus=2 events=1 | 0: disable 0; enable 0",
	"level cpus=2 events=1 | 0: free 0; create 0",
	"msix cpus=2 events=2 | 0: move 0 1; free 0",
	"msix cpus=2 events=2 | 0: offline; online",
	"level cpus=2 events=2 | 0: offline; online",
	"msi cpus=2 events=2 | 0: rollback",
	"msi cpus=2 events=2 | 0: move 0 1; move 0 0",
	"edge cpus=2 events=2 | 0: move 0 1; move 0 0",
	"level cpus=2 events=2 | 0: move 0 1; move 0 0",
	"remapped cpus=2 events=2 undrained | 0: move 0 1; move 0 0",
	/* the hardware at its weakest */
	"msix cpus=2 events=2 fence=root | 0: move 0 1",
	"msi cpus=2 events=2 overtaking fence=root | 0: move 0 1",
	"msix cpus=2 events=2 bound=none | 0: move 0 1; move 0 0",
	"msi cpus=2 events=2 ipi=late | 0: move 0 1; move 0 0",
	"level cpus=2 events=2 eoi=late | 0: move 0 1; move 0 0",
	"level cpus=2 events=2 directed | 0: move 0 1",
	"msix cpus=2 events=2 nested | 0: move 0 1",
	"msi cpus=2 events=1 posted | 0: move 0 1",
	"remapped cpus=2 events=2 | 0: move 0 1",
	"msix cpus=2 events=2 leave=off ipi=late | 0: offline",
	"msix cpus=2 events=1 fail=1+ | 0: move 0 1",
	"msix cpus=2 events=1 tso | 0: move 0 1",
	/* two CPUs ask */
	"msix cpus=2 events=1 | 0: move 0 1 | 1: move 0 0",
	"msi cpus=2 events=1 | 0: move 0 1 | 1: mask 0; unmask 0",
	"msix cpus=2 events=1 | 0: offline | 1: move 0 0",
	"level cpus=2 events=1 | 0: move 0 1 | 1: free 0",
	"msix cpus=3 events=1 | 0: move 0 1; move 0 2",
	"msi cpus=3 events=1 | 0: move 0 1 | 1: offline",
	"remapped cpus=3 events=1 undrained flat | 0: move 0 1+2; move 0 1",
	"msix cpus=2 events=1 pinned restore | 0: offline; online",
	/* two interrupts */
	"msix,msix cpus=2 events=1 vectors=1 | 0: move 0 1",
	"msix,msi cpus=2 events=1 vectors=2 | 0: move 0 1; move 1 1",
	"level,level cpus=2 events=1 shared | 0: move 0 1 | 1: move 1 1",
	/* Arm */
	"spi cpus=2 events=2 | 0: move 0 1",
	"line cpus=2 events=1 split | 0: move 0 1",
	"spi cpus=2 events=1 gic=2 | 0: move 0 1",
	"espi cpus=2 events=1 | 0: move 0 1",
	"spi cpus=2 events=2 gic=2 split | 0: move 0 1",
	"lpi cpus=2 events=1 | 0: move 0 1",
	"spi cpus=2 events=1 | 0: mask 0; unmask 0",
	"lpi cpus=2 events=1 | 0: mask 0; unmask 0",
	"spi cpus=2 events=2 nested split | 0: move 0 1",
	"spi cpus=2 events=1 | 0: free 0; create 0",
	"lpi cpus=2 events=1 | 0: free 0; create 0",
	"line cpus=2 events=2 gic=2 | 1: free 0; create 0",
	"spi cpus=2 events=2 leave=off | 0: offline; online",
	"spi cpus=2 events=1 gic=2 leave=off | 0: offline; online",
	"spi cpus=3 events=1 gic=2 several | 0: move 0 1+2 | 1: offline",
	"lpi cpus=2 events=1 leave=off | 0: offline; online",
	"lpi cpus=2 events=1 rd=kept | 0: move 0 1; offline; online",
	"lpi cpus=2 events=1 | 0: move 0 1; move 0 0",
	"lpi cpus=2 events=1 | 0: move 0 1 | 1: free 0",
	"spi cpus=2 events=1 slow | 0: move 0 1 | 1: offline",
	"spi,lpi cpus=2 events=1 | 0: move 0 1; move 1 1",
	NULL,
};

const char *const suite_queues_ladder[] = {
	"spi cpus=2 events=0 masks=0+1",
	"spi cpus=2 events=1 masks=0 allow | 0: override 0 1",
	"spi cpus=2 events=1 masks=0 allow | 1: override 0 1",
	"spi cpus=2 events=1 masks=0 | 0: offline; online",
	"spi cpus=2 events=1 masks=0+1 | 0: offline",
	"spi cpus=2 events=0 masks=0 | 0: rollback",
	"spi cpus=2 events=1 masks=0+1 | 1: end",
	"spi cpus=2 events=1 masks=0 allow | 0: override 0 1; override 0 0",
	"spi cpus=2 events=1 masks=0 allow | 0: veto; override 0 1; override 0 1",
	"spi cpus=2 events=1 masks=0 allow | 0: override 0 1 | 1: cancel",
	"spi cpus=2 events=0 masks=0 | 0: override 0 1",
	"spi cpus=2 events=0 masks=0 allow readonly | 0: override 0 1",
	"spi cpus=2 events=0 masks=0 allow initial | 0: override 0 1; offline",
	"spi cpus=2 events=1 away=1 masks=1 allow | 0: override 0 0",
	"spi cpus=2 events=1 away=1 masks=0 allow | 0: override 0 1",
	"spi cpus=2 events=0 away=1 masks=0 allow | 0: override 0 1 | 1: online",
	"spi cpus=2 events=0 away=1 masks=1 allow | 0: override 0 0 | 1: online",
	"spi cpus=2 events=1 masks=0 | 0: disable 0; offline; online; enable 0",
	"spi cpus=2 events=0 masks=0 | 0: offline; online | 1: end",
	"spi cpus=2 events=0 masks=0 allow | 0: override 0 1 | 1: end",
	"spi cpus=2 events=0 masks=0 allow | 0: override 0 1 | 1: offline",
	"spi cpus=2 events=0 masks=0 allow | 0: offline | 1: override 0 1",
	"spi cpus=2 events=0 masks=0 allow | 0: rollback | 1: override 0 1",
	"lpi cpus=2 events=1 masks=0 allow | 0: override 0 1",
	"lpi cpus=2 events=1 masks=0 allow | 0: override 0 1 | 1: override 0 0+1",
	"lpi cpus=2 events=0 masks=0 | 0: rollback",
	"lpi cpus=2 events=0 masks=0 | 0: offline; online",
	"lpi cpus=2 events=0 masks=0 allow | 0: override 0 1 | 1: cancel",
	"spi,spi cpus=2 events=1 masks=0,1 allow | 0: overall 0+1 | 1: cancel",
	"spi,spi cpus=2 events=1 masks=0,1 allow | 0: veto; overall 1",
	"spi,spi cpus=2 events=0 masks=0,1 allow | 0: override 1 0",
	"spi,spi cpus=2 events=0 masks=0,1 | 1: offline; online",
	NULL,
};

const char *const suite_guest_ladder[] = {
	/* one vCPU on one CPU */
	"hwedge cpus=1 events=2 vcpus=1 | 0: run 0",
	"hwlevel cpus=1 events=2 vcpus=1 | 0: run 0",
	"hwedge cpus=1 events=2 gic=2 vgic=2 vcpus=1 | 0: run 0",
	"hwedge cpus=1 events=2 vcpus=1 eoimode1 | 0: run 0",
	"hwlevel cpus=2 events=1 vcpus=1 | 0: run 0 | 1: drop 0",
	"hwedge cpus=1 events=2 vcpus=1 | 0: run 0; put; run 0",
	"hwedge cpus=1 events=1 vcpus=1 | 0: run 0 | g0: disable 0; enable 0",
	"hwedge cpus=1 events=1 vcpus=1 | 0: run 0 | g0: distoff; diston",
	"hwedge cpus=1 events=1 vcpus=1 | 0: run 0 | g0: group 0 0; group 0 1",
	"hwedge cpus=1 events=1 vcpus=1 | 0: run 0 | g0: pend 0",
	"hwedge cpus=1 events=1 vcpus=1 | 0: run 0 | g0: unpend 0",
	"hwedge cpus=1 events=1 vcpus=1 | 0: run 0 | g0: activate 0; deactivate 0",
	"hwedge cpus=1 events=1 vcpus=1 | 0: run 0 | g0: wfi",
	"vedge cpus=2 events=0 vcpus=1 | 0: run 0 | 1: inject 0; inject 0",
	"vedge cpus=2 events=0 vcpus=1 | 0: run 0 | 1: inject 0 | g0: wfi",
	"vlevel cpus=2 events=0 vcpus=1 | 0: run 0 | 1: inject 0; inject 0",
	"hwedge cpus=2 events=1 vcpus=1 | 0: run 0 | 1: teardown 0",
	"hwedge cpus=2 events=1 vcpus=1 | 0: run 0; offline",
	/* more than list registers */
	"hwedge,hwedge cpus=1 events=1 vcpus=1 lrs=1 | 0: run 0",
	"hwedge,hwedge cpus=1 events=1 vcpus=1 lrs=1 | 0: run 0 | g0: prio 1 80",
	"sgi cpus=2 events=0 | 0: run 0 | 1: run 1 | g0: sgi 0 1",
	"sgi cpus=2 events=0 gic=2 vgic=2 | 0: run 0 | 1: run 1 | g0: sgi 0 1; sgi 0 1",
	/* the timer */
	"ppi cpus=1 events=0 vcpus=1 | 0: run 0; put; run 0 | g0: arm 0",
	"ppi cpus=1 events=0 vcpus=1 scheme=fixed | 0: run 0; put; run 0 | g0: arm 0",
	"ppi cpus=1 events=0 vcpus=1 scheme=injected | 0: run 0; put; run 0 | g0: arm 0",
	"ppi cpus=1 events=0 | 0: run 0; run 1 | g0: arm 0",
	"ppi cpus=1 events=0 vcpus=1 | 0: run 0 | g0: arm 0; disable 0; enable 0",
	"ppi cpus=1 events=0 vcpus=1 | 0: run 0 | g0: arm 0; wfi",
	"ppi cpus=2 events=0 | 0: run 0 | 1: run 1 | g0: arm 0; off | g1: on 0",
	/* two vCPUs */
	"hwedge cpus=2 events=1 | 0: run 0 | 1: run 1 | g0: route 0 1",
	"hwedge cpus=2 events=1 | 0: run 0 | 1: run 1 | g1: route 0 1",
	"hwedge cpus=2 events=1 | 0: run 0 | 1: run 1 | g1: unpend 0",
	"hwedge cpus=2 events=1 | 0: run 0 | 1: run 1 | g1: deactivate 0",
	"hwedge cpus=2 events=1 | 0: run 0 | 1: run 1 | g0: route 0 none; route 0 1",
	"hwedge cpus=2 events=1 | 0: run 0 | 1: run 1 | g0: off | g1: on 0",
	"hwedge cpus=2 events=1 vcpus=1 | 0: run 0; offline | 1: run 0",
	"vedge cpus=2 events=0 | 0: run 0 | 1: run 1; inject 0; inject 0",
	NULL,
};

/* ---- one search --------------------------------------------------------------------- */

bool outcome_unfinished(const struct outcome *o)
{
	if (o->state != JOB_DONE)
		return true;
	return o->verdict == CHECK_PASSED && !o->resumed && !o->exhausted &&
	       (!o->random || o->limit == LIMIT_SIGNAL);
}

static enum limit what_ended(const struct search_options *o, const struct search_result *r,
			     const struct pool *p)
{
	if (r->exhausted || check_failed(r->verdict) || r->verdict == CHECK_REFUSED)
		return LIMIT_NONE;
	if (!r->stopped)
		return o->search > SEARCH_BREADTH ? LIMIT_NONE : LIMIT_OTHER;
	if (pool_stopped(p))
		return LIMIT_SIGNAL;
	if (o->max_states && r->states >= o->max_states)
		return LIMIT_STATES;
	if (o->max_seconds && r->seconds >= (double)o->max_seconds)
		return LIMIT_SECONDS;
	return o->max_memory ? LIMIT_MEMORY : LIMIT_OTHER;
}

/* A subject that never calls its host never comes back to the search. */
static void set_alarm(double seconds)
{
	alarm(seconds > 0 ? (unsigned int)(2 * seconds) + 30 : 0);
}

void suite_search(const struct suite_how *how, struct pool *p, const struct scenario *s,
		  struct search_result *r)
{
	struct search_options o = how->search;

	o.progress = pool_progress;
	o.arg = p;
	memset(r, 0, sizeof(*r));
	set_alarm((double)o.max_seconds);
	check_search(s, how->subject, &o, r);
	set_alarm(0);
}

void suite_record(const struct suite_how *how, struct pool *p, const struct search_result *r,
		  struct outcome *o)
{
	const struct search_options *options = &how->search;

	o->verdict = (uint8_t)r->verdict;
	o->limit = (uint8_t)what_ended(options, r, p);
	o->exhausted = r->exhausted;
	o->random = options->search > SEARCH_BREADTH;
	o->states += r->states;
	o->transitions += r->transitions;
	o->terminal += r->terminal;
	o->runs += r->runs;
	o->memory = r->memory > o->memory ? r->memory : o->memory;
	o->depth = r->depth > o->depth ? r->depth : o->depth;
	o->seconds += r->seconds;
	memcpy(o->why, r->why, sizeof(o->why));
}

/* ---- counterexamples ------------------------------------------------------------------ */

/* What is there stays until the new one is whole. */
static bool write_file(const char *file, const struct counterexample *c,
		       const struct subject *subject)
{
	char temp[4096];
	FILE *out;
	bool good;

	if (snprintf(temp, sizeof(temp), "%s.part", file) >= (int)sizeof(temp))
		return false;
	out = fopen(temp, "w");
	if (!out)
		return false;
	good = counterexample_write(out, c, subject);
	good = !fclose(out) && good;
	return good && !rename(temp, file);
}

/* Its length with what the default policy adds; and does it show what it should? */
static void measure(const struct suite_how *how, struct counterexample *c, struct outcome *o)
{
	struct replay_options options = { .strict = true };
	struct replay_result r;

	counterexample_replay(c, how->subject, &options, &r);
	free(r.schedule);
	o->stray = r.verdict != c->verdict;
	if (!o->stray)
		c->total = c->cycle ? c->n : r.total;
}

static void save(const struct suite_how *how, const char *file, struct counterexample *c,
		 struct outcome *o)
{
	measure(how, c, o);
	o->labels = counterexample_runs(c);
	o->total = c->total;
	scenario_format(&c->scenario, o->scenario);
	if (file && !write_file(file, c, how->subject))
		o->unwritten = true;
}

/* The path of the search goes over into the counterexample. */
static void counterexample(struct counterexample *c, const struct suite_how *how,
			   const struct scenario *s, const struct search_result *r)
{
	memset(c, 0, sizeof(*c));
	c->scenario = *s;
	snprintf(c->mutant, sizeof(c->mutant), "%s", how->mutant ? how->mutant : "");
	snprintf(c->library, sizeof(c->library), "%s", library_id);
	c->verdict = r->verdict;
	memcpy(c->why, r->why, sizeof(c->why));
	c->label = r->path;
	c->n = r->npath;
	c->cycle = r->verdict == CHECK_LIVELOCK ? r->cycle : 0;
	c->total = r->npath;
}

/* Smaller; or the same, if what is smaller shows it even without the mutant. */
static void make_small(const struct suite_how *how, struct pool *p, struct counterexample *c)
{
	struct counterexample first = *c, swap;

	first.label = malloc((c->n + 1) * sizeof(label));
	if (!first.label)
		return;
	memcpy(first.label, c->label, c->n * sizeof(label));
	pool_expendable(true);
	set_alarm(how->minimise);
	minimise(c, how->subject, how->minimise);
	if (how->mutant && suite_blind(how, p, &c->scenario)) {
		swap = *c;
		*c = first;
		first = swap;
	}
	pool_expendable(false);
	counterexample_free(&first);
}

/* Written twice: should minimising be cut short, what was found is there. */
void suite_found(const struct suite_how *how, struct pool *p, const struct scenario *s,
		 const char *file, const struct search_result *r, struct outcome *o)
{
	struct counterexample c;

	if (!r->path)
		return;
	set_alarm(30);
	counterexample(&c, how, s, r);
	save(how, file, &c, o);
	o->state = JOB_FOUND;
	if (how->minimise > 0) {
		make_small(how, p, &c);
		save(how, file, &c, o);
	}
	set_alarm(0);
	counterexample_free(&c);
}

void suite_scenario(const struct suite_how *how, struct pool *p, const struct scenario *s,
		    const char *file, struct outcome *o)
{
	struct search_result r;

	suite_search(how, p, s, &r);
	suite_record(how, p, &r, o);
	if (check_failed(r.verdict))
		suite_found(how, p, s, file, &r, o);
	else
		free(r.path);
	o->state = JOB_DONE;
}
