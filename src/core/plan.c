/* SPDX-License-Identifier: MIT */
/*
 * May this CPU leave? Each interrupt that needs a place is matched with one (match.c), the
 * places are promised, and hotplug.c asks here where to go.
 *
 * A promise is of a number of places, not of a vector. For most interrupts one is as good as
 * another. A *choosy* one may find that those left are not for it: changed in two steps, it needs
 * a vector that is free on both CPUs; a level pin, one that no other pin has. How many places can
 * be wrong for it is bounded (below, `slack`), and its CPU promises so many more. They are matched
 * first and stay; that is why a no may be wrong where there are such.
 *
 * Locks: the host's hotplug lock around all; I, one at a time; what the back end's dry plans
 * and the promises take. Linked only if used.
 */
#include <irqferry/plan.h>
#include "core/match.h"

/* On one CPU, of a back end whose places are scarce: an x86 CPU has 256 vectors. */
#define ROWS 256u
/* Somebody else may take a place between the matching and its promise. */
#define ATTEMPTS 3

struct ferry_plan {
	struct ferry_match match;
	uint32_t slots;  /* of the CPU that leaves, in use */
	uint32_t choosy; /* rows */
	uint32_t steps;  /* of these: changed in two steps */
	uint32_t slack;  /* places that are wrong for a choosy one, at most */
};

/* Who is told what. */
struct answer {
	struct ferry_dry_run *sum;
	struct ferry_blocker *list;
	uint32_t n;
};

static void blocks(const struct answer *a, uint32_t irq, int reason)
{
	if (a->sum->blocked < a->n)
		a->list[a->sum->blocked] = (struct ferry_blocker){ irq, reason };
	a->sum->blocked++;
}

/* ---- memory ------------------------------------------------------------------------------ */

/* On a GIC a CPU has room for all. In the shared namespace too, but for what is promised: a
 * vector is free on all other CPUs. */
static bool is_scarce(const struct ferry *f)
{
	return f->backend->alike && (!f->one_lock || f->promises);
}

static struct ferry_plan *carve(const struct ferry *f, struct ferry_carver *c)
{
	struct ferry_plan *p = ferry_carve(c, 1, sizeof(*p)), none;
	struct ferry_match *m = p ? &p->match : &none.match;
	size_t cpus = f->ncpus + 1;

	if (p)
		*p = (struct ferry_plan){ .slots = 0 };
	if (!is_scarce(f))
		return p;
	m->rows = ferry_carve(c, ROWS, sizeof(*m->rows));
	m->queue = ferry_carve(c, ROWS, sizeof(*m->queue));
	m->left = ferry_carve(c, cpus, sizeof(*m->left));
	m->room = ferry_carve(c, cpus, sizeof(*m->room));
	m->dist = ferry_carve(c, cpus, sizeof(*m->dist));
	m->via = ferry_carve(c, cpus, sizeof(*m->via));
	m->known = ferry_carve(c, cpus, sizeof(*m->known));
	m->reach = ferry_carve(c, cpus, sizeof(*m->reach));
	return p;
}

size_t ferry_plan_size(struct ferry *f)
{
	struct ferry_carver c = { NULL, 0 };

	(void)carve(f, &c);
	return c.used;
}

/* ---- what lives here -------------------------------------------------------------------- */

/* One more reference to a set that has one. I held. */
static ferry_set share(struct ferry *f, ferry_set set)
{
	if (!(set & FERRY_SET_MASK) || set == FERRY_SET_ALL || set == FERRY_SET_NONE)
		return set;
	ferry_host_lock(f->ctx, &f->masks.lock);
	f->masks.entries[(set & ~FERRY_SET_MASK) - 1].refs++;
	ferry_host_unlock(f->ctx, &f->masks.lock);
	return set;
}

/* Does it live on another CPU too, in `set`? Then it is enough to lose this one. */
static bool can_shrink(struct ferry *f, const struct ferry_irq *i, ferry_set set, uint32_t cpu)
{
	if (!(i->cur & FERRY_SET_MASK))
		return false;
	FERRY_FOR_EACH_CPU(f, i->cur, c)
		if (c != cpu && ferry_set_has(f, set, c) &&
		    ferry_cpu_state(f, c) == FERRY_CPU_ONLINE)
			return true;
	return false;
}

/* Could it go to some other CPU, or to one of its mask, if there is room? I held. */
static int dry(struct ferry *f, struct ferry_irq *i, ferry_set set, uint32_t cpu)
{
	struct ferry_want want = { .set = set, .exclude = cpu, .dry = true };
	struct ferry_place place;

	if (!ferry_set_online(f, set, cpu))
		return FERRY_E_NO_CPU;
	return f->backend->plan(f, i, &want, &place);
}

/* Is it in the plan already, as the owner of another slot here? */
static struct ferry_leaver *find(const struct ferry_match *m, uint32_t irq)
{
	for (uint32_t n = 0; n < m->count; n++)
		if (m->rows[n].irq == irq)
			return &m->rows[n];
	return NULL;
}

/* It needs a place, and places are scarce. I held. */
static void add_row(struct ferry *f, struct ferry_plan *p, const struct ferry_irq *i,
		    uint32_t flags)
{
	struct ferry_match *m = &p->match;

	if (!m->rows || m->count == ROWS || (i->old != FERRY_SET_NONE && find(m, i->number)))
		return;
	if (!f->one_lock && !f->backend->alike(f, i)) {
		flags |= FERRY_L_CHOOSY;
		p->choosy++;
		p->steps += !(i->flags & FERRY_F_LEVEL);
	}
	m->rows[m->count++] = (struct ferry_leaver){ .set = share(f, i->requested),
						     .irq = i->number,
						     .cpu = FERRY_NOWHERE,
						     .kind = i->kind,
						     .flags = (uint8_t)flags };
}

/* One that never leaves its mask, of which other CPUs are online: on each of it there is a place
 * for it, or for it and those it shares that with. */
static int add_managed(struct ferry *f, struct ferry_plan *p, struct ferry_irq *i)
{
	if (!f->promises || !f->promises->pool(f, i))
		return dry(f, i, i->requested, p->match.cpu);
	add_row(f, p, i, FERRY_L_INSIDE);
	return FERRY_OK;
}

/* One that has its place here. FERRY_OK, or why it can't leave whatever room there is. I held. */
static int add(struct ferry *f, struct ferry_plan *p, struct ferry_irq *i,
	       struct ferry_dry_run *sum)
{
	uint32_t cpu = p->match.cpu;
	int rc;

	/* It is stopped, not moved: its driver can silence the device for that. */
	if ((i->flags & (FERRY_F_MANAGED | FERRY_F_DEAD)) == FERRY_F_MANAGED &&
	    !ferry_set_online(f, i->requested, cpu))
		return FERRY_OK;
	if (!ferry_has_bound(f, i))
		return FERRY_E_NO_BOUND;
	if (i->flags & FERRY_F_DEAD)
		return FERRY_OK;
	if (i->flags & FERRY_F_MANAGED)
		return add_managed(f, p, i);
	sum->needed++;
	if (can_shrink(f, i, i->requested, cpu))
		return FERRY_OK;
	if (p->match.rows) {
		add_row(f, p, i, can_shrink(f, i, FERRY_SET_ALL, cpu) ? FERRY_L_SHRINKS : 0);
		return FERRY_OK;
	}
	if (dry(f, i, i->requested, cpu) == FERRY_OK)
		return FERRY_OK;
	rc = dry(f, i, FERRY_SET_ALL, cpu);
	sum->broken += rc == FERRY_OK;
	return rc;
}

static void collect(struct ferry *f, struct ferry_plan *p, const struct answer *a)
{
	uint32_t cpu = p->match.cpu, cursor = 0, irq;

	while ((irq = f->backend->next_on(f, cpu, &cursor)) != FERRY_NONE) {
		struct ferry_irq *i = &f->irqs[irq];
		uintptr_t flags = ferry_enter(f, i);
		int rc = FERRY_OK;

		p->slots++;
		if (ferry_set_has(f, i->cur, cpu))
			rc = add(f, p, i, a->sum);
		else if (ferry_owned_here(f, i, cpu) && !ferry_has_bound(f, i))
			rc = FERRY_E_NO_BOUND;
		ferry_leave(f, i, flags);
		if (rc != FERRY_OK)
			blocks(a, irq, rc);
	}
}

/* ---- the choosy ---------------------------------------------------------------------------- */

/* Vectors that level pins have or drain. I held. */
static uint32_t pins_vectors(const struct ferry_irq *i)
{
	if (!(i->flags & FERRY_F_LEVEL))
		return 0;
	if (i->old == FERRY_SET_NONE)
		return i->cur != FERRY_SET_NONE;
	return i->cur == FERRY_SET_NONE || i->old_vector == i->vector ? 1 : 2;
}

/*
 * How many free places of a CPU may be wrong for a choosy interrupt? Changed in two steps:
 * vectors that are taken on the CPU it leaves, less its own; each other such interrupt takes
 * one more there while it moves. A level pin: vectors of all pins, less its own, and one more
 * for each other that moves. The larger figure is good for both.
 */
static uint32_t slack(struct ferry *f, const struct ferry_plan *p)
{
	uint32_t pins = 0, irq = 0;

	while ((irq = ferry_irqset_next(f, &f->used, irq)) != FERRY_NONE) {
		struct ferry_irq *i = &f->irqs[irq++];
		uintptr_t flags = ferry_enter(f, i);

		pins += pins_vectors(i);
		ferry_leave(f, i, flags);
	}
	return (p->slots > pins ? p->slots : pins) + p->choosy - 2;
}

/* Is it the first choosy one on its CPU? It has the slack on its account. */
static uint32_t places_of(const struct ferry_plan *p, const struct ferry_leaver *r)
{
	if (r->cpu >= p->match.f->ncpus)
		return 0;
	for (const struct ferry_leaver *o = p->match.rows; o < r; o++)
		if (o->cpu == r->cpu && (o->flags & FERRY_L_CHOOSY))
			return 1;
	return r->flags & FERRY_L_CHOOSY ? 1 + p->slack : 1;
}

/* They first, each CPU less its slack; then the others, with what is left. The second slots of
 * those that take two steps are here, too: nobody's, and not promised. */
static void match_choosy(struct ferry *f, struct ferry_plan *p)
{
	struct ferry_match *m = &p->match;
	uint32_t wrong = p->slack = slack(f, p);

	if (p->steps > f->backend->room(f, m->cpu))
		return;
	for (uint32_t c = 0; c < f->ncpus; c++)
		m->left[c] = (uint16_t)(m->left[c] > wrong ? m->left[c] - wrong : 0);
	m->choosy = FERRY_L_CHOOSY;
	ferry_match(m);
	m->choosy = 0;
}

/* ---- the matching ------------------------------------------------------------------------ */

static void look_for_room(struct ferry *f, struct ferry_plan *p)
{
	struct ferry_match *m = &p->match;

	for (uint32_t c = 0; c < f->ncpus; c++)
		m->left[c] = c == m->cpu ? 0 : (uint16_t)f->backend->room(f, c);
}

static void match(struct ferry *f, struct ferry_plan *p)
{
	struct ferry_match *m = &p->match;

	for (uint32_t c = 0; c < f->ncpus; c++)
		m->known[c] = m->reach[c] = 0;
	look_for_room(f, p);
	if (p->choosy)
		match_choosy(f, p);
	look_for_room(f, p);
	for (uint32_t n = 0; n < m->count && p->choosy; n++) {
		const struct ferry_leaver *r = &m->rows[n];
		uint32_t need = places_of(p, r);

		/* Others allocate meanwhile; then the promise will fail. */
		if (need)
			m->left[r->cpu] -=
				(uint16_t)(need < m->left[r->cpu] ? need : m->left[r->cpu]);
	}
	ferry_match(m);
}

/* Why has it no place? */
static int reason(struct ferry *f, struct ferry_match *m, struct ferry_leaver *r)
{
	int rc = FERRY_E_NO_CPU;

	for (uint32_t c = 0; c < f->ncpus; c++) {
		if (c == m->cpu || ferry_cpu_state(f, c) != FERRY_CPU_ONLINE)
			continue;
		if (ferry_match_reaches(m, r, c))
			return FERRY_E_NO_SPACE;
		rc = FERRY_E_UNREACHABLE;
	}
	return rc;
}

static void judge(struct ferry *f, struct ferry_plan *p, const struct answer *a)
{
	struct ferry_match *m = &p->match;

	for (uint32_t n = 0; n < m->count; n++) {
		struct ferry_leaver *r = &m->rows[n];
		int rc = r->cpu == FERRY_NOWHERE ? reason(f, m, r) : FERRY_OK;

		/* What has gone needs no place, and if it comes back it is not in the plan. */
		if (r->cpu == FERRY_NOWHERE && !(r->flags & FERRY_L_ABSENT))
			blocks(a, r->irq, rc);
		else if (r->cpu != FERRY_NOWHERE)
			a->sum->broken += ferry_match_outside(m, r, r->cpu);
	}
}

/* ---- promises ------------------------------------------------------------------------------ */

/* Interrupts off. */
static void unkeep(struct ferry *f, struct ferry_leaver *r)
{
	for (; r->kept; r->kept--)
		f->promises->unkeep(f, r->cpu);
}

static bool keep(struct ferry *f, struct ferry_plan *p, struct ferry_leaver *r)
{
	uint32_t need = places_of(p, r);
	uintptr_t flags = ferry_host_irq_save(f->ctx);

	while (r->kept < need && f->promises->keep(f, r->cpu))
		r->kept++;
	ferry_host_irq_restore(f->ctx, flags);
	return r->kept == need;
}

/* A place for each, or blockers: those whose places were taken by others meanwhile. */
static void keep_all(struct ferry *f, struct ferry_plan *p, const struct answer *a)
{
	for (uint32_t n = 0; n < p->match.count; n++)
		if (!keep(f, p, &p->match.rows[n]))
			blocks(a, p->match.rows[n].irq, FERRY_E_NO_SPACE);
}

/* Of one row at a time: a choosy one may have kept hundreds of places. */
static void forget(struct ferry *f, struct ferry_plan *p)
{
	bool any = false;

	for (uint32_t n = 0; n < p->match.count; n++) {
		struct ferry_leaver *r = &p->match.rows[n];
		uintptr_t flags = ferry_host_irq_save(f->ctx);

		any = any || r->kept || (r->flags & FERRY_L_GONE);
		unkeep(f, r);
		ferry_set_put(f, r->set);
		ferry_host_irq_restore(f->ctx, flags);
	}
	p->match.count = 0;
	if (any)
		ferry_promises_ended(f);
}

/* ---- leaving ------------------------------------------------------------------------------- */

/* Somewhere in its mask, by what is free for everybody: where a policy has a say, or where it
 * was planned to leave its mask, and by now may not have to. The place promised remains. */
static bool asks_first(const struct ferry *f, const struct ferry_irq *i, bool outside)
{
	return f->promises && (outside || (i->flags & FERRY_F_POLICY));
}

/* It lives on other CPUs too, and where all of these can't stay, for no mask is left to name
 * them, one does. */
static int stay(struct ferry *f, struct ferry_irq *i, struct ferry_want *want)
{
	const ferry_set sets[] = { i->requested, FERRY_SET_ALL };
	int rc = FERRY_E_NO_SPACE;

	for (unsigned int s = 0; s < 2 && rc < 0; s++) {
		want->set = sets[s];
		rc = ferry_move_start(f, i, want);
		FERRY_FOR_EACH_CPU(f, i->cur, c)
			if (rc < 0 && c != want->exclude && ferry_set_has(f, sets[s], c)) {
				want->set = c;
				rc = ferry_move_start(f, i, want);
			}
		want->set = sets[s];
	}
	return rc;
}

static int go(struct ferry *f, struct ferry_irq *i, struct ferry_leaver *r, struct ferry_want *want)
{
	struct ferry_want promised = { .set = r->cpu, .exclude = want->exclude };
	bool outside = !ferry_set_has(f, i->requested, r->cpu);
	int rc = FERRY_E_NO_SPACE;

	if (asks_first(f, i, outside))
		rc = ferry_move_start(f, i, want);
	if (rc >= 0)
		return rc;
	promised.promised = r->kept;
	rc = ferry_move_start(f, i, &promised);
	if (rc == FERRY_OK) {
		r->kept -= promised.promised;
		r->flags |= FERRY_L_GONE;
		if (outside)
			want->set = FERRY_SET_ALL;
		return rc;
	}
	return rc < 0 ? ferry_move_start(f, i, want) : rc;
}

/* ferry.planned. */
static int follow(struct ferry *f, struct ferry_irq *i, struct ferry_want *want)
{
	const struct ferry_match *m = &f->plan->match;
	struct ferry_leaver *r = want->exclude == m->cpu ? find(m, i->number) : NULL;

	if (r && r->cpu < f->ncpus && !(r->flags & FERRY_L_GONE)) {
		if (!(i->flags & FERRY_F_MANAGED))
			return go(f, i, r, want);
		/* There may be a place of its pool. Else: what was kept for it. */
		unkeep(f, r);
		r->flags |= FERRY_L_GONE;
	}
	if (can_shrink(f, i, FERRY_SET_ALL, want->exclude))
		return stay(f, i, want);
	return ferry_move_start(f, i, want);
}

/* ---- the calls ------------------------------------------------------------------------------- */

/* True: it is worth another attempt, for somebody was faster. */
static bool attempt(struct ferry *f, struct ferry_plan *p, const struct answer *a, bool stands)
{
	*a->sum = (struct ferry_dry_run){ 0 };
	p->slots = p->choosy = p->steps = p->slack = 0;
	for (uint32_t c = 0; c < f->ncpus; c++)
		a->sum->free += c == p->match.cpu ? 0 : f->backend->room(f, c);
	collect(f, p, a);
	if (p->match.rows) {
		match(f, p);
		judge(f, p, a);
	}
	if (!stands || a->sum->blocked || !f->promises)
		return false;
	keep_all(f, p, a);
	return a->sum->blocked != 0;
}

static int may_plan(struct ferry *f, uint32_t cpu, const void *memory, size_t size, bool stands)
{
	enum ferry_cpu_state state = ferry_cpu_state(f, cpu);

	if (cpu >= f->ncpus || !memory || ((uintptr_t)memory & 7))
		return FERRY_E_INVALID;
	if (state == FERRY_CPU_OFFLINE || (stands && f->plan))
		return FERRY_E_STATE;
	return size < ferry_plan_size(f) ? FERRY_E_MEMORY : FERRY_OK;
}

/* Memory, what stands, a sum and a list, two of them with sizes.
 * NOLINTNEXTLINE(readability-function-size) */
int ferry_cpu_plan(struct ferry *f, uint32_t cpu, void *memory, size_t size,
		   struct ferry_plan **plan, struct ferry_dry_run *sum, struct ferry_blocker *list,
		   uint32_t n)
{
	const struct answer answer = { sum, list, n };
	struct ferry_carver carver = { memory, 0 };
	int rc = may_plan(f, cpu, memory, size, plan);
	struct ferry_plan *p;

	*sum = (struct ferry_dry_run){ 0 };
	if (plan)
		*plan = NULL;
	if (rc != FERRY_OK)
		return rc;
	p = carve(f, &carver);
	p->match.f = f;
	p->match.cpu = cpu;
	for (unsigned int k = 0; k < ATTEMPTS && attempt(f, p, &answer, plan); k++)
		forget(f, p);
	if (!plan || sum->blocked) {
		forget(f, p);
		return FERRY_OK;
	}
	f->plan = p;
	f->planned = follow;
	*plan = p;
	return FERRY_OK;
}

void ferry_plan_drop(struct ferry *f, struct ferry_plan *p)
{
	if (!p || f->plan != p)
		return;
	f->planned = NULL;
	f->plan = NULL;
	forget(f, p);
}
