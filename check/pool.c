// SPDX-License-Identifier: MIT
/* pool.c: jobs in several processes. See pool.h. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "pool.h"

struct pool_shared {
	_Atomic uint32_t next; /* job */
	_Atomic bool stop;
	struct pool_slot *slot;
	struct outcome outcome[];
};

/* Of this process. */
static struct pool_shared *watched;
static struct pool_slot *own;
static volatile sig_atomic_t signals, expendable;

static const int caught[] = { SIGINT, SIGTERM, SIGHUP };
#define CAUGHT (sizeof(caught) / sizeof(*caught))

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static size_t shared_size(const struct pool *p)
{
	return sizeof(struct pool_shared) + p->n * sizeof(struct outcome) +
	       p->processes * sizeof(struct pool_slot);
}

bool pool_open(struct pool *p)
{
	void *memory;

	p->told = calloc(p->n + 1, sizeof(*p->told));
	memory = mmap(NULL, shared_size(p), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	p->shared = memory == MAP_FAILED ? NULL : memory;
	if (p->shared)
		p->shared->slot = (struct pool_slot *)&p->shared->outcome[p->n];
	return p->told && p->shared;
}

void pool_close(struct pool *p)
{
	free(p->told);
	if (p->shared)
		munmap(p->shared, shared_size(p));
	p->told = NULL;
	p->shared = NULL;
}

struct outcome *pool_outcome(const struct pool *p, uint32_t job)
{
	return &p->shared->outcome[job];
}

const struct pool_slot *pool_slot(const struct pool *p, unsigned int i)
{
	return &p->shared->slot[i];
}

bool pool_stopped(const struct pool *p)
{
	return p->shared->stop;
}

/* ---- a worker -------------------------------------------------------------------- */

static void on_signal(int number)
{
	(void)number;
	signals++;
	watched->stop = true;
	if (expendable)
		_exit(0);
}

void pool_expendable(bool yes)
{
	expendable = yes;
	if (yes && watched && watched->stop)
		_exit(0);
}

bool pool_progress(void *arg, const struct search_result *sofar)
{
	struct pool *p = arg;

	if (own) {
		own->states = sofar->states;
		own->frontier = sofar->frontier;
		own->memory = sofar->memory;
	}
	return p->shared->stop;
}

static void one_job(struct pool *p, uint32_t job)
{
	struct outcome *o = pool_outcome(p, job);

	own->began = now();
	own->states = own->frontier = own->memory = 0;
	own->job = job + 1;
	o->state = JOB_RUNNING;
	p->work(p, job, o);
	own->states = 0;
	own->ended += o->states;
	own->job = 0;
}

static void worker(struct pool *p)
{
	uint32_t job;

	while (!p->shared->stop && (job = p->shared->next++) < p->n)
		one_job(p, job);
}

static bool start(struct pool *p, struct pool_slot *slot, const sigset_t *mask)
{
	pid_t parent = getpid(), pid;

	fflush(NULL);
	pid = fork();
	if (pid > 0)
		slot->pid = pid;
	if (pid)
		return pid > 0;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(0);
	own = slot;
	sigprocmask(SIG_SETMASK, mask, NULL);
	worker(p);
	_exit(0);
}

/* ---- the parent -------------------------------------------------------------------- */

/* Its process ended in the middle of it. A violation that was found before counts. */
static void died(struct pool *p, struct pool_slot *slot, int status)
{
	struct outcome *o = pool_outcome(p, slot->job - 1);
	int number = WIFSIGNALED(status) ? WTERMSIG(status) : 0;

	slot->job = 0;
	o->seconds = now() - slot->began;
	if (o->state == JOB_FOUND || o->state == JOB_DONE) {
		o->state = JOB_DONE;
		return;
	}
	o->limit = LIMIT_SIGNAL;
	o->state = JOB_WAITING;
	if (p->shared->stop)
		return;
	o->limit = LIMIT_NONE;
	o->verdict = CHECK_BROKEN;
	o->crashed = true;
	o->states = slot->states;
	if (number == SIGALRM)
		snprintf(o->why, sizeof(o->why), "it hangs: no answer after twice its time");
	else if (number)
		snprintf(o->why, sizeof(o->why), "it crashed: signal %d (%s)", number,
			 strsignal(number));
	else
		snprintf(o->why, sizeof(o->why), "it ended the process with status %d",
			 WEXITSTATUS(status));
	o->state = JOB_DONE;
}

/* Collect those that ended; returns how many run. */
static unsigned int reap(struct pool *p)
{
	struct pool_slot *slot;
	unsigned int running = 0;
	int status;

	for (unsigned int i = 0; i < p->processes; i++) {
		slot = &p->shared->slot[i];
		if (slot->pid && waitpid(slot->pid, &status, WNOHANG) == slot->pid) {
			slot->pid = 0;
			if (slot->job)
				died(p, slot, status);
		}
		running += slot->pid != 0;
	}
	return running;
}

/* Processes for the jobs that wait; returns how many run. */
static unsigned int refill(struct pool *p, unsigned int running, const sigset_t *mask)
{
	struct pool_slot *slot;

	for (unsigned int i = 0; i < p->processes; i++) {
		slot = &p->shared->slot[i];
		if (slot->pid || p->shared->stop || p->shared->next >= p->n)
			continue;
		if (!start(p, slot, mask))
			break;
		running++;
	}
	return running;
}

struct stopping {
	int seen;     /* signals */
	double since; /* the first */
};

/* They end by themselves soon; at one that comes a second later or more, at once. (Two
 * at a time are one: timeout(1) and terminals send to a process and to its group.) */
static void pass_on(struct pool *p, struct stopping *s)
{
	int number = SIGTERM;

	if (signals == s->seen)
		return;
	if (!s->seen)
		s->since = now();
	else if (now() - s->since > 1)
		number = SIGKILL;
	s->seen = signals;
	for (unsigned int i = 0; i < p->processes; i++)
		if (p->shared->slot[i].pid)
			kill(p->shared->slot[i].pid, number);
}

static void tell(struct pool *p)
{
	for (uint32_t job = 0; job < p->n && job < p->shared->next; job++) {
		if (p->told[job] || p->shared->outcome[job].state != JOB_DONE)
			continue;
		p->told[job] = true;
		if (p->ended)
			p->ended(p, job);
	}
	if (p->tick)
		p->tick(p);
}

static bool watch(struct pool *p, const sigset_t *child, const sigset_t *mask)
{
	const struct timespec nap = { 0, 100000000 };
	unsigned int running = refill(p, 0, mask);
	struct stopping stopping = { 0, 0 };

	while (running) {
		sigtimedwait(child, NULL, &nap);
		running = refill(p, reap(p), mask);
		pass_on(p, &stopping);
		tell(p);
	}
	return p->shared->stop || p->shared->next >= p->n;
}

/* What is ignored (nohup) stays so. */
static void catch (int number, struct sigaction *old)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_RESTART };

	sigaction(number, &action, old);
	if (old->sa_handler == SIG_IGN)
		sigaction(number, old, NULL);
}

bool pool_run(struct pool *p)
{
	struct sigaction old[CAUGHT];
	sigset_t child, mask;
	bool good;

	watched = p->shared;
	signals = 0;
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, &mask);
	for (size_t i = 0; i < CAUGHT; i++)
		catch (caught[i], &old[i]);
	good = watch(p, &child, &mask);
	for (size_t i = 0; i < CAUGHT; i++)
		sigaction(caught[i], &old[i], NULL);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	return good;
}
