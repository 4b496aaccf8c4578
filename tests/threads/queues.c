// SPDX-License-Identifier: MIT
/*
 * A set of queues under real threads: overrides, cancels, CPUs that go and come, vetoes. At
 * the end every CPU is there, so a queue that still sleeps was not woken.
 */
#include "queues.h"

static struct set *set_of(struct world *w)
{
	return &w->set;
}

static struct device *device_of(struct set *s, uint32_t queue)
{
	return &s->world->device[s->device[queue]];
}

/* Now and then a driver can't. */
static bool refuses(struct set *s)
{
	return atomic_load(&s->world->phase) == PHASE_RUN && !below(16);
}

/* ---- the driver: one callback at a time ------------------------------------------------- */

static void enter(struct set *s, const char *what)
{
	if (atomic_exchange(&s->inside, true))
		fail(s->world, "%s in the middle of another callback", what);
}

static int done(struct set *s, int rc)
{
	atomic_store(&s->inside, false);
	return rc;
}

static void is_running(struct set *s, uint32_t n, const char *what)
{
	struct ferry_affinity a;

	if (ferry_irq_affinity(s->mq.f, s->queue[n].irq, &a, NULL, NULL, NULL) ||
	    a.state == FERRY_STOPPED)
		fail(s->world, "%s of queue %u, whose interrupt is stopped", what, n);
}

static int quiesce(void *driver, uint32_t n)
{
	struct set *s = driver;

	enter(s, "quiesce");
	is_running(s, n, "quiesce");
	if (!s->takes[n])
		fail(s->world, "queue %u is quiesced twice", n);
	if (refuses(s))
		return done(s, -1);
	while (!device_stop(device_of(s, n)))
		serve(s->world, self);
	s->takes[n] = false;
	s->quiesced++;
	return done(s, 0);
}

static void resume(void *driver, uint32_t n)
{
	struct set *s = driver;

	enter(s, "resume");
	is_running(s, n, "resume");
	if (s->takes[n])
		fail(s->world, "queue %u is resumed twice", n);
	s->takes[n] = true;
	device_start(device_of(s, n));
	(void)done(s, 0);
}

static int prepare(void *driver, uint32_t n, const uint64_t *mask)
{
	struct set *s = driver;

	enter(s, "prepare");
	if (s->prepared[n])
		fail(s->world, "queue %u is prepared twice", n);
	s->prepared[n] = *mask && !refuses(s);
	return done(s, s->prepared[n] ? 0 : -2);
}

static void end_prepared(struct set *s, uint32_t n, const char *what)
{
	enter(s, what);
	if (!s->prepared[n])
		fail(s->world, "%s of queue %u, which is not prepared", what, n);
	s->prepared[n] = false;
	(void)done(s, 0);
}

static void abort_it(void *driver, uint32_t n)
{
	end_prepared(driver, n, "abort");
}

static void commit(void *driver, uint32_t n)
{
	end_prepared(driver, n, "commit");
}

static const struct ferry_mq_ops ops = { .quiesce = quiesce,
					 .resume = resume,
					 .prepare = prepare,
					 .abort = abort_it,
					 .commit = commit };

/* ---- the set --------------------------------------------------------------------------------- */

/* The last CPU's id is one that MSI-X can't name. */
static uint64_t some_cpus(struct world *w)
{
	uint32_t named = w->cpus > 1 ? w->cpus - 1 : 1;
	uint64_t mask = random_mask(w) & ((1ull << named) - 1);

	return mask ? mask : 1ull << below(named);
}

/* Its interrupts are ordinary ones again. */
static void dissolve(struct world *w, struct cpu *c, struct set *s)
{
	for (uint32_t n = 0; n < s->mq.nqueues; n++) {
		managed_start(w, c, device_of(s, n), false);
		unclaim(device_of(s, n));
	}
}

void queues_begin(struct world *w, struct cpu *c)
{
	struct set *s = set_of(w);
	const uint64_t *each[SET_QUEUES];
	uint64_t masks[SET_QUEUES], ns;
	uint32_t asleep;
	int status;

	s->world = w;
	s->mq = (struct ferry_mq){ .f = w->ferry,
				   .ctx = w,
				   .ops = &ops,
				   .driver = s,
				   .queues = s->queue,
				   .cpus = w->cpus };
	for (uint32_t i = 0; i < w->devices && s->mq.nqueues < SET_QUEUES; i++) {
		uint32_t n = s->mq.nqueues;

		if (w->device[i].kind == FERRY_X86_MSI || !claim(&w->device[i]))
			continue;
		s->device[n] = i;
		s->queue[n].irq = atomic_load(&w->device[i].irq);
		managed_stop(w, c, &w->device[i]);
		while (!device_stop(&w->device[i]))
			serve(w, c);
		masks[n] = some_cpus(w);
		each[n] = &masks[n];
		s->mq.nqueues++;
		atomic_store(&w->device[i].forbidden, false);
	}
	while ((status = ferry_mq_start(&s->mq, each, &asleep, &ns)) == FERRY_E_AGAIN ||
	       status == FERRY_E_BUSY)
		serve(w, c);
	/* Few vectors, that others have: there is no set then. */
	if (status == FERRY_E_NO_SPACE || status == FERRY_E_NO_MASK) {
		dissolve(w, c, s);
		return;
	}
	if (status)
		fail(w, "the set does not begin: %d", status);
	ferry_mq_allow(&s->mq, true);
	atomic_store(&s->begun, true);
}

void queues_end(struct world *w, struct cpu *c)
{
	struct set *s = set_of(w);
	int status;

	if (!atomic_load(&s->begun))
		return;
	if (s->mq.claim.value)
		fail(w, "the set is claimed at rest: 0x%x", s->mq.claim.value);
	for (uint32_t n = 0; n < s->mq.nqueues; n++)
		if (s->queue[n].blocked.value || !s->takes[n] || s->prepared[n])
			fail(w, "queue %u at rest: blocked by %u, takes %d, prepared %d", n,
			     s->queue[n].blocked.value, s->takes[n], s->prepared[n]);
	while ((status = ferry_mq_end(&s->mq, NULL)) == FERRY_E_AGAIN)
		serve(w, c);
	if (status)
		fail(w, "the set does not end: %d", status);
	dissolve(w, c, s);
}

/* ---- what threads do ------------------------------------------------------------------------ */

static void look(struct set *s)
{
	uint32_t map[CPUS_MAX];

	ferry_mq_map(&s->mq, map);
	for (uint32_t c = 0; c < s->mq.cpus; c++)
		if (map[c] != FERRY_NONE && map[c] >= s->mq.nqueues)
			fail(s->world, "the map says queue %u", map[c]);
}

static void override(struct world *w, struct cpu *c, struct set *s)
{
	const uint64_t *each[SET_QUEUES];
	uint64_t masks[SET_QUEUES];
	int status;

	for (uint32_t n = 0; n < SET_QUEUES; n++) {
		masks[n] = some_cpus(w);
		each[n] = below(2) ? &masks[n] : NULL;
	}
	status = ferry_mq_override(&s->mq, each);
	if (status == FERRY_OK)
		while ((status = ferry_mq_step(&s->mq, NULL)) == FERRY_E_AGAIN)
			serve(w, c);
	if (status && status != FERRY_E_BUSY && status != FERRY_E_VETO &&
	    status != FERRY_E_CANCELED && status != FERRY_E_NO_SPACE && status != FERRY_E_NO_MASK)
		fail(w, "override: %d", status);
	if (!status)
		atomic_fetch_add(&s->overridden, 1);
}

void queues_op(struct world *w, struct cpu *c)
{
	struct set *s = set_of(w);

	if (!atomic_load(&s->begun))
		return;
	switch (below(4)) {
	case 0:
		ferry_mq_cancel(&s->mq);
		break;
	case 1:
		look(s);
		break;
	default:
		override(w, c, s);
	}
}

/* ---- hotplug, under its lock ------------------------------------------------------------ */

bool queues_leave(struct world *w, struct cpu *c)
{
	struct set *s = set_of(w);
	int status = FERRY_OK;

	while (atomic_load(&s->begun) &&
	       (status = ferry_mq_leave(&s->mq, c->index, NULL)) == FERRY_E_AGAIN) {
		if (!below(256))
			return false;
		serve(w, c);
	}
	if (status && status != FERRY_E_VETO)
		fail(w, "the set on CPU %u: leave: %d", c->index, status);
	return !status;
}

void queues_enter(struct world *w, struct cpu *c)
{
	struct set *s = set_of(w);
	int status = FERRY_OK;

	while (atomic_load(&s->begun) && (status = ferry_mq_enter(&s->mq, NULL)) == FERRY_E_AGAIN)
		serve(w, c);
	if (status)
		fail(w, "the set on CPU %u: enter: %d", c->index, status);
}
