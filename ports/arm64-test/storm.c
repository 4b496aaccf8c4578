/* SPDX-License-Identifier: MIT */
/*
 * The storm: all CPUs ask for moves, raise interrupts, mask and disable them; one of them,
 * the manager, has another CPU turned off or on, and passes that duty on. So no CPU need
 * stay.
 *
 * Where may a handler start? What was asked for is added to `allowed` before the library is
 * told. It is narrowed once the library says that the interrupt has settled there and every
 * CPU has been seen outside of any handler since. If the library itself leaves what was
 * asked for, because those CPUs are gone, everything is allowed until it has settled again.
 *
 * What was lost may be found again by the next move. So now and then, with a CPU just gone,
 * nothing is moved any more until each source has been raised once and handled.
 */
#include <irqferry/trace.h>
#include "test.h"

enum { QUIET, MOVING, GRACE }; /* struct source.step */

static uint32_t manager; /* the CPU that turns others off and on */
static struct {
	uint32_t step, target;
	uint64_t since; /* the step was entered */
} hotplug;              /* the manager's */
enum { CHOOSE, GOING, STILL, COMING, MAIL };

static uint32_t frozen, stopping, over;
static uint32_t cycles, refused, rolled_back, wrong_status, settled_outside, graces, sgis, stills;
static uint32_t made_anew;
static uint64_t want_moves, want_interrupts, want_cycles, patience_ns;

uint32_t random_below(uint32_t cpu, uint32_t n)
{
	uint64_t x = cpus[cpu].random;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	cpus[cpu].random = x;
	return (uint32_t)((x >> 33) % n);
}

/* A status that no contract names here. */
static void unexpected(const char *what, int status)
{
	if (add(&wrong_status, 1) < 10)
		say("# %s: status %d", what, status);
}

/* ---- where handlers may start -------------------------------------------------- */

static struct source *source_of(uint32_t irq)
{
	for (uint32_t n = 0; n < nsources; n++)
		if (sources[n].irq == irq)
			return &sources[n];
	return NULL;
}

/* Under the interrupt's lock, as every decision to start its handler. */
void storm_trace(void *ctx, const struct ferry_trace *record)
{
	struct cpu *me = &cpus[this_cpu()];
	struct source *s;

	(void)ctx;
	if (record->event != FERRY_TRACE_PROGRAM && record->event != FERRY_TRACE_BROKEN)
		return;
	s = source_of(record->irq);
	if (!s)
		return;
	if (record->event == FERRY_TRACE_BROKEN) {
		uint64_t old = get(&s->allowed);

		while (!replace(&s->allowed, old, ((old >> 32) + 1) << 32 | EVERY_CPU))
			old = get(&s->allowed);
	} else if (s->device->kind == FERRY_GIC_LPI) {
		me->lpi_moves++;
	} else {
		me->spi_moves++;
	}
}

static void allow(struct source *s, uint32_t mask)
{
	__atomic_fetch_or(&s->allowed, (uint64_t)mask, __ATOMIC_SEQ_CST);
}

static void ask(struct source *s, uint32_t cpu)
{
	uint32_t prefer = random_below(cpu, CPUS), mask = 1u << prefer, ticket;
	uint64_t words;
	int rc;

	if (random_below(cpu, 2))
		mask |= random_below(cpu, EVERY_CPU + 1);
	words = mask;
	allow(s, mask);
	rc = ferry_irq_set_affinity(ferry, s->irq, &words, prefer, &ticket);
	if (rc == FERRY_E_NO_CPU)
		return;
	if (rc != FERRY_OK) {
		unexpected("set_affinity", rc);
		return;
	}
	s->mask = mask;
	s->ticket = ticket;
	s->step = MOVING;
}

/* Has it settled where it was asked to be? Then the old handlers have to end. */
static void look(struct source *s, uint32_t cpu)
{
	struct ferry_affinity a;
	uint64_t effective;

	if (random_below(cpu, 2)) {
		int rc = ferry_irq_settle(ferry, s->irq, NULL);

		if (rc != FERRY_OK && rc != FERRY_E_AGAIN)
			unexpected("settle", rc);
	}
	s->seen = get(&s->allowed);
	if (ferry_irq_affinity(ferry, s->irq, &a, NULL, &effective, NULL) != FERRY_OK)
		unexpected("affinity", 0);
	if (a.state != FERRY_SETTLED || a.queued || a.broken ||
	    (int32_t)(a.generation - s->ticket) < 0)
		return;
	if (effective & ~(uint64_t)s->mask)
		add(&settled_outside, 1);
	for (uint32_t c = 0; c < CPUS; c++)
		s->quiet[c] = get(&cpus[c].quiet);
	s->step = GRACE;
}

static void narrow(struct source *s)
{
	for (uint32_t c = 0; c < CPUS; c++)
		if (get(&cpus[c].quiet) == s->quiet[c] && get(&cpus[c].online))
			return;
	if (replace(&s->allowed, s->seen, (s->seen >> 32) << 32 | s->mask)) {
		s->step = QUIET;
		add(&graces, 1);
	} else {
		s->step = MOVING;
	}
}

static void move(struct source *s, uint32_t cpu)
{
	if (!replace(&s->slot, 0, 1))
		return;
	if (s->step == GRACE)
		narrow(s);
	if (s->step == QUIET || !random_below(cpu, s->step == GRACE ? 8 : 2))
		ask(s, cpu);
	if (s->step == MOVING)
		look(s, cpu);
	put(&s->slot, 0);
}

/* ---- other things to do -------------------------------------------------------- */

static void mask_or_disable(struct source *s, uint32_t cpu)
{
	int rc;

	if (!replace(&s->slot, 0, 1))
		return;
	if (random_below(cpu, 2)) {
		rc = ferry_irq_mask(ferry, s->irq);
		(void)source_raise(s);
		if (rc == FERRY_OK)
			rc = ferry_irq_unmask(ferry, s->irq);
	} else {
		rc = ferry_irq_disable(ferry, s->irq);
		if (get(&s->running))
			add(&s->overlaps, 1);
		(void)source_raise(s);
		if (rc == FERRY_OK)
			rc = ferry_irq_enable(ferry, s->irq);
	}
	if (rc != FERRY_OK)
		unexpected("mask, disable", rc);
	put(&s->slot, 0);
}

/* Free it and make it again, if nobody waits for it. As long as it is `busy` nobody raises
 * it; with the slot nobody else names its interrupt. */
static void make_anew(struct source *s, uint32_t cpu)
{
	uint32_t irq, how = random_below(cpu, 2) ? FERRY_FREE_QUIET : 0;
	int rc;

	if (!replace(&s->slot, 0, 1))
		return;
	irq = s->irq;
	if (replace(&s->busy, 0, 1)) {
		put(&s->irq, FERRY_NONE);
		do {
			rc = ferry_irq_free(ferry, irq, how, NULL);
			poll_if_due(ferry);
			relax();
		} while (rc == FERRY_E_AGAIN);
		put(&s->allowed, EVERY_CPU);
		s->step = QUIET;
		if (rc == FERRY_OK)
			rc = source_create(s);
		if (rc != FERRY_OK)
			unexpected("free, create", rc);
		add(&made_anew, 1);
		put(&s->busy, 0);
	}
	put(&s->slot, 0);
}

/* Who is offline when the library looks gets none; it takes its mail when it comes. */
void mail(uint32_t from, uint32_t to)
{
	uint64_t mask = 1ull << to;
	int rc;

	put(&cpus[to].mail[from], 1);
	rc = ferry_gic_sgi(ferry, 1 + from % 7, &mask);
	if (rc != FERRY_OK)
		unexpected("sgi", rc);
	add(&sgis, 1);
}

static void work(uint32_t cpu)
{
	struct source *s = &sources[random_below(cpu, nsources)];
	uint32_t what = random_below(cpu, 64);

	if (get(&frozen))
		wait_for_interrupt();
	else if (what < 48)
		move(s, cpu);
	else if (what < 58)
		(void)source_raise(s);
	else if (what < 60)
		mask_or_disable(s, cpu);
	else if (what < 61)
		make_anew(s, cpu);
	else if (what < 63)
		mail(cpu, random_below(cpu, CPUS));
	else
		wait_for_interrupt();
}

/* ---- this CPU goes ------------------------------------------------------------- */

/* The last steps, interrupts off. Returns only if it stays. */
static int commit(uint32_t cpu)
{
	int rc = ferry_cpu_commit(ferry, cpu);

	if (rc == FERRY_OK) {
		put(&cpus[cpu].online, 0);
		cpu_off();
		bail("CPU %u can't be turned off", cpu);
	}
	return rc;
}

/* Interrupts on between the steps, until nothing is left; or one section without. */
static int try_to_go(uint32_t cpu, bool section)
{
	uint32_t left = 0, irq;
	int rc;

	if (section)
		interrupts_off();
	rc = ferry_cpu_leave_step(ferry, cpu, &left, &irq);
	interrupts_off();
	if (rc == FERRY_OK && (section || !left))
		rc = commit(cpu);
	interrupts_on();
	return rc == FERRY_OK ? FERRY_E_AGAIN : rc;
}

static void leave(uint32_t cpu)
{
	bool section = random_below(cpu, 2), regret = !random_below(cpu, 16);
	int rc = ferry_cpu_leave(ferry, cpu);

	if (rc != FERRY_OK) {
		unexpected("leave", rc);
		put(&cpus[cpu].off_wanted, 0);
		return;
	}
	rc = FERRY_E_AGAIN;
	while (rc == FERRY_E_AGAIN && !regret) {
		rc = try_to_go(cpu, section);
		put(&cpus[cpu].quiet, cpus[cpu].quiet + 1);
		poll_if_due(ferry);
		relax();
	}
	if (rc != FERRY_E_AGAIN) {
		unexpected("leave_step, commit", rc);
		add(&refused, 1);
	}
	add(&rolled_back, 1);
	rc = ferry_cpu_roll_back(ferry, cpu);
	if (rc != FERRY_OK)
		unexpected("roll_back", rc);
	put(&cpus[cpu].off_wanted, 0);
}

/* ---- the manager: one CPU at a time, so the hotplug lock is its duty ----------- */

static uint32_t online_count(void)
{
	uint32_t count = 0;

	for (uint32_t c = 0; c < CPUS; c++)
		count += get(&cpus[c].online);
	return count;
}

static void enter_step(uint32_t step)
{
	put(&hotplug.since, now_ns());
	hotplug.step = step;
}

static void turn_on(uint32_t target)
{
	int64_t rc = cpu_on(target);

	if (rc)
		bail("PSCI CPU_ON of CPU %u: %d", target, (int)rc);
	enter_step(COMING);
}

/* Before the storm is over all come back. */
static void choose(uint32_t cpu)
{
	uint32_t target = random_below(cpu, CPUS);

	hotplug.target = target;
	if (get(&stopping) && online_count() == CPUS)
		put(&over, 1);
	else if (target == cpu)
		return;
	else if (!get(&cpus[target].online))
		turn_on(target);
	else if (!get(&stopping) && online_count() > 2) {
		put(&cpus[target].off_wanted, 1);
		enter_step(GOING);
	}
}

static void pass_on(uint32_t cpu)
{
	uint32_t to = random_below(cpu, CPUS);

	enter_step(CHOOSE);
	if (get(&cpus[to].online))
		put(&manager, to);
}

/* It is off. */
static void gone(uint32_t cpu)
{
	put(&cpus[hotplug.target].off_wanted, 0);
	if (random_below(cpu, 2))
		turn_on(hotplug.target);
	else
		pass_on(cpu);
}

/* Nobody moves anything from now on, but what is under way. */
static void freeze(void)
{
	put(&frozen, 1);
	put(&keep_going, 0);
	for (uint32_t n = 0; n < nsources; n++)
		(void)source_raise(&sources[n]);
	enter_step(STILL);
}

static bool sources_idle(void);

static void thaw(uint32_t cpu)
{
	add(&stills, 1);
	put(&keep_going, !get(&stopping));
	put(&frozen, 0);
	gone(cpu);
}

/* It is back: does it take SGIs, and its timer? Only then this counts. */
static void welcome(uint32_t cpu)
{
	struct cpu *target = &cpus[hotplug.target];

	if (hotplug.step == COMING && get(&target->online)) {
		mail(cpu, hotplug.target);
		enter_step(MAIL);
	}
	if (hotplug.step == MAIL && !get(&target->mail[cpu]) && get(&target->ticks)) {
		add(&cycles, 1);
		pass_on(cpu);
	}
}

static void manage(uint32_t cpu)
{
	struct cpu *target = &cpus[hotplug.target];

	if (hotplug.step == CHOOSE) {
		choose(cpu);
	} else if (hotplug.step == STILL) {
		if (sources_idle())
			thaw(cpu);
	} else if (hotplug.step != GOING) {
		welcome(cpu);
	} else if (get(&target->online)) {
		if (!get(&target->off_wanted))
			pass_on(cpu);
	} else if (cpu_is_off(hotplug.target)) {
		if (random_below(cpu, 4))
			gone(cpu);
		else
			freeze();
	}
}

/* The storm goes on as long as its manager gets on. */
bool storm_stuck(void)
{
	return get(&hotplug.since) && !get(&over) && now_ns() > get(&hotplug.since) + patience_ns;
}

/* ---- begin, end ---------------------------------------------------------------- */

static uint64_t moves(void)
{
	uint64_t n = 0;

	for (uint32_t c = 0; c < CPUS; c++)
		n += get(&cpus[c].spi_moves) + get(&cpus[c].lpi_moves);
	return n;
}

static uint64_t handled(bool software)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < nsources; i++)
		if (sources[i].device->software == software)
			n += get(&sources[i].handled);
	return n;
}

void storm_begin(void)
{
	want_moves = argument("moves", 50000);
	want_interrupts = argument("interrupts", 100000);
	want_cycles = argument("cycles", 100);
	patience_ns = argument("patience", 60) * 1000000000ull;
	put(&keep_going, 1);
	enter_step(CHOOSE);
}

static bool enough(void)
{
	return get(&cycles) >= want_cycles && moves() >= want_moves &&
	       handled(false) >= want_interrupts;
}

void storm_round(uint32_t cpu)
{
	if (get(&cpus[cpu].off_wanted))
		leave(cpu);
	if (get(&manager) == cpu) {
		manage(cpu);
		if (!get(&stopping) && !get(&frozen) && enough()) {
			put(&keep_going, 0);
			put(&stopping, 1);
		}
	}
	work(cpu);
}

bool storm_over(void)
{
	return get(&over);
}

/* ---- what came of it ----------------------------------------------------------- */

static uint64_t sum(size_t field)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < nsources; i++)
		n += get((uint32_t *)((char *)&sources[i] + field));
	return n;
}

#define SUM(field) sum(offsetof(struct source, field))

static void describe(struct source *s)
{
	char text[160];

	say("# %s, irq %u, INTID or event %u: raised %u, handled %u, doubled %u, outside %u%s",
	    s->device->name, s->irq, s->intid, get(&s->raised), get(&s->handled), get(&s->doubled),
	    get(&s->outside), get(&s->busy) ? ", WAITS" : "");
	if (get(&s->busy)) {
		(void)ferry_irq_describe(ferry, s->irq, text, sizeof(text));
		say("#   %s; last on CPU %u", text, get(&s->last_cpu));
	}
}

void storm_describe(void)
{
	say("# moves %lu, device interrupts %lu, cycles %u, manager %u, its step %u of CPU %u",
	    moves(), handled(false), get(&cycles), get(&manager), hotplug.step, hotplug.target);
	for (uint32_t c = 0; c < CPUS; c++)
		say("# CPU %u: %s, state %u, ticks %u, rounds %u, mail taken %u", c,
		    get(&cpus[c].online) ? "online" : "offline", ferry_cpu_state(ferry, c),
		    get(&cpus[c].ticks), get(&cpus[c].quiet), get(&cpus[c].taken));
	for (uint32_t n = 0; n < nsources; n++)
		describe(&sources[n]);
}

static bool sources_idle(void)
{
	for (uint32_t n = 0; n < nsources; n++)
		if (get(&sources[n].busy))
			return false;
	return true;
}

static bool all_idle(void)
{
	if (!sources_idle())
		return false;
	for (uint32_t to = 0; to < CPUS; to++)
		for (uint32_t from = 0; from < CPUS; from++)
			if (get(&cpus[to].mail[from]))
				return false;
	return true;
}

static void judge_cpus(void)
{
	uint64_t strange = 0, spurious = 0, lpi = 0;

	for (uint32_t c = 0; c < CPUS; c++) {
		strange += get(&cpus[c].unexpected);
		spurious += get(&cpus[c].spurious);
		lpi += get(&cpus[c].lpi_moves);
	}
	say("# %lu moves of LPIs; %u requests checked to their end; spurious %lu; %u SGIs", lpi,
	    get(&graces), spurious, get(&sgis));
	say("# %u departures given up, %u of them refused; %u interrupts freed and made anew",
	    get(&rolled_back), get(&refused), get(&made_anew));
	check(moves() >= want_moves, "%lu moves", moves());
	check(get(&stills) > 0, "%u times, a CPU gone, each source was handled without a move",
	      get(&stills));
	check(get(&cycles) >= want_cycles,
	      "%u times a CPU was off and is back, with its timer and its SGIs", get(&cycles));
	check(strange == 0, "no interrupt came that nobody knows (%lu)", strange);
	check(get(&wrong_status) == 0, "every call returned what its contract says");
}

/* After `storm_over`. */
void storm_judge(void)
{
	uint64_t until = now_ns() + 10000000000ull;

	while (!all_idle() && now_ns() < until)
		relax();
	if (!check(all_idle(), "every interrupt raised has been handled, none is missing"))
		storm_describe();
	check(handled(false) >= want_interrupts, "%lu interrupts acknowledged at their device",
	      handled(false));
	check(SUM(raised) == SUM(handled), "raised %lu, handled %lu (%lu by software)", SUM(raised),
	      SUM(handled), handled(true));
	check(SUM(doubled) == 0, "handlers that found nothing: %lu", SUM(doubled));
	check(SUM(overlaps) == 0, "handlers on two CPUs at a time: %lu", SUM(overlaps));
	check(SUM(outside) == 0 && settled_outside == 0 && SUM(strict) > 0,
	      "handlers outside of their affinity: %lu (of %lu that could tell)", SUM(outside),
	      SUM(strict));
	judge_cpus();
}
