/* SPDX-License-Identifier: MIT */
/*
 * Plans of a departure (plan.h) on the simulated machine, where things happen between the plan,
 * the steps and the end. What a plan says is compared with all assignments in test_plan.c.
 */
#include <irqferry/balance.h>
#include <irqferry/managed.h>
#include <string.h>
#include "tests/script.h"

static uint64_t memory[2048];
static struct ferry_plan *plan;
static struct ferry_dry_run sum;
static struct ferry_blocker list[8];

static int plan_in(uint32_t cpu, void *block, size_t size, struct ferry_plan **made)
{
	int rc;

	machine_look(S.m);
	rc = ferry_cpu_plan(S.f, cpu, block, size, made, &sum, list, 8);
	check(machine_looked(S.m), "torn");
	return rc;
}

static int make_plan(uint32_t cpu)
{
	return plan_in(cpu, memory, sizeof(memory), &plan);
}

static void drop(void)
{
	machine_look(S.m);
	ferry_plan_drop(S.f, plan);
	check(machine_looked(S.m), "torn");
	plan = NULL;
}

/* Source n on CPU 0, wherever else its mask says. */
static void live(uint32_t src, uint64_t cpus)
{
	check_eq(make(src, BIT(0)), 1, "create");
	check_eq(move_prefer(src, cpus | BIT(0), 0), FERRY_OK, "mask");
	check_eq(place(src), BIT(0), "place");
}

/* A machine on which each CPU has two vectors, and sources but `src` fill CPUs 1 and 2 up to one.
 * */
static void narrow(const char *name)
{
	begin(&(struct options){ .sources = 8, .bare = true, .first = 0x40, .last = 0x41 }, "%s",
	      name);
	make(6, BIT(1));
	make(7, BIT(2));
}

static void arguments(void)
{
	struct ferry_plan *second;
	size_t size;

	begin(&(struct options){ .sources = 1 }, "plan: what is refused");
	size = ferry_plan_size(S.f);
	check_eq(make_plan(3), FERRY_E_INVALID, "no such CPU");
	check_eq(plan_in(0, NULL, size, &plan), FERRY_E_INVALID, "no memory");
	check_eq(plan_in(0, (char *)memory + 4, size, &plan), FERRY_E_INVALID, "not aligned");
	check_eq(plan_in(0, memory, size - 1, &plan), FERRY_E_MEMORY, "too little memory");
	check_eq(offline(2, EMPTY), FERRY_OK, "offline");
	check_eq(make_plan(2), FERRY_E_STATE, "a plan for one that is offline");
	check(!plan, "a plan that stands though refused");
	check_eq(make_plan(0), FERRY_OK, "plan");
	check(plan != NULL, "no plan");
	check_eq(plan_in(1, memory + 1024, size, &second), FERRY_E_STATE, "a second");
	check(!second, "a second one stands");
	check_eq(plan_in(1, memory + 1024, size, NULL), FERRY_OK, "a look");
	machine_look(S.m);
	ferry_plan_drop(S.f, NULL);
	check(machine_looked(S.m), "torn");
	drop();
	check_eq(make_plan(0), FERRY_OK, "another one after it");
	drop();
	end();
}

/* Each fits alone, and the sum says yes: but who may go to both takes the place of who may not. */
static void narrow_masks(bool planned)
{
	narrow(planned ? "plan: nobody takes the only place of another" :
			 "plan: without one, somebody takes the only place of another");
	live(0, BIT(1) | BIT(2));
	live(1, BIT(1));
	check_eq(make_plan(0), FERRY_OK, "plan");
	check(plan && !sum.broken && !sum.blocked, "broken %u, blocked %u", sum.broken,
	      sum.blocked);
	if (!planned)
		drop();
	check_eq(offline(0, EMPTY), FERRY_OK, "offline");
	check_eq(look(0).broken || look(1).broken, !planned, "broken");
	if (planned) {
		check_eq(place(0), BIT(2), "place of the one");
		check_eq(place(1), BIT(1), "place of the other");
		drop();
	}
	end();
}

/* Two want one place, and there is none outside. */
static void blockers(void)
{
	narrow("plan: a smallest set of blockers is named, and without it the rest leaves");
	make(5, BIT(2));
	live(0, BIT(1));
	live(1, BIT(1));
	check_eq(make_plan(0), FERRY_OK, "plan");
	check(!plan, "it stands");
	check_eq(sum.needed, 2, "needed");
	check_eq(sum.blocked, 1, "blocked");
	check_eq(list[0].reason, FERRY_E_NO_SPACE, "reason");
	check(release_all(list[0].irq == S.m->source[0].irq ? 0 : 1), "free");
	check_eq(make_plan(0), FERRY_OK, "plan");
	check(plan && !sum.blocked, "blocked");
	check_eq(offline(0, EMPTY), FERRY_OK, "offline");
	drop();
	end();
}

/* It stays after all, after the first step: what was moved stays so, what broke comes back. */
static void rolled_back(bool again)
{
	uint32_t before[3];

	narrow(again ? "plan: rolled back, and left again by the same plan" :
		       "plan: rolled back in the middle, and dropped");
	live(0, BIT(1));
	live(1, 0);
	for (uint32_t cpu = 0; cpu < 3; cpu++)
		before[cpu] = free_vectors(cpu);
	check_eq(make_plan(0), FERRY_OK, "plan");
	check_eq(sum.broken, 1, "broken");
	check_eq(leave(0), FERRY_OK, "leave");
	leave_step(0, NULL);
	check_eq(roll_back(0), FERRY_OK, "roll back");
	rest_of_move();
	check_eq(place(0), BIT(1), "place of one that stays inside");
	check_eq(place(1), BIT(0), "place of one that broke");
	if (again)
		check_eq(offline(0, EMPTY), FERRY_OK, "offline");
	drop();
	if (!again) {
		check_eq(free_vectors(0), before[0] + 1, "free on the one that stays");
		check_eq(free_vectors(1), before[1] - 1, "free where one went");
		check_eq(free_vectors(2), before[2], "free where none is");
	}
	end();
}

/* Between the plan and the leave: one is freed, one made, one asked elsewhere. */
static void changes(void)
{
	begin(&(struct options){ .sources = 5, .bare = true },
	      "plan: what is freed, made or moved after it leaves as ever");
	for (uint32_t src = 0; src < 3; src++)
		live(src, BIT(1));
	check_eq(make_plan(0), FERRY_OK, "plan");
	check(release_all(0), "free");
	check_eq(make(3, BIT(0)), 1, "a new one, of the same number");
	check_eq(make(4, BIT(0)), 1, "another");
	check_eq(move_prefer(1, BIT(0) | BIT(2), 0), FERRY_OK, "another mask");
	check_eq(move(2, BIT(2)), FERRY_OK, "away");
	rest_of_move();
	check_eq(offline(0, EMPTY), FERRY_OK, "offline");
	check_eq(place(2), BIT(2), "place of one that had gone");
	check(look(3).broken && look(4).broken, "new ones are not broken");
	drop();
	for (uint32_t src = 1; src < 5; src++)
		runs_on(src, look(src).first_cpu);
	end();
}

/* A plan for one CPU says nothing about another. */
static void another_cpu(void)
{
	begin(&(struct options){ .sources = 2, .bare = true },
	      "plan: another CPU leaves while it stands");
	live(0, BIT(1) | BIT(2));
	make(1, BIT(1));
	move(1, BIT(1) | BIT(2));
	check_eq(make_plan(0), FERRY_OK, "plan");
	check_eq(offline(1, EMPTY), FERRY_OK, "offline");
	check_eq(place(1), BIT(2), "place");
	check_eq(offline(0, EMPTY), FERRY_OK, "offline, where the place planned may be gone");
	check_eq(place(0), BIT(2), "place");
	drop();
	end();
}

/* Made when nothing can come any more. */
static void while_leaving(void)
{
	narrow("plan: of a CPU that leaves already");
	live(0, BIT(1) | BIT(2));
	live(1, BIT(1));
	check_eq(leave(0), FERRY_OK, "leave");
	check_eq(make_plan(0), FERRY_OK, "plan");
	check(plan && !sum.broken, "broken %u", sum.broken);
	check_eq(leave_step(0, NULL), FERRY_E_AGAIN, "step");
	check_eq(place(0), BIT(2), "place of the one");
	check_eq(place(1), BIT(1), "place of the other");
	check_eq(roll_back(0), FERRY_OK, "roll back");
	drop();
	rest_of_move();
	end();
}

/* In service when the step looks: moved at the end of its handler, or by the next step. */
static void level_in_service(void)
{
	uint32_t left;

	begin(&(struct options){ .kind = FERRY_X86_IOAPIC_LEVEL, .bare = true },
	      "plan: a level pin in service goes later");
	S.on = 1;
	live(0, BIT(2));
	check_eq(make_plan(0), FERRY_OK, "plan");
	check(plan && !sum.blocked, "blocked");
	raise_irq(0);
	check(take_into_handler(0), "no handler");
	check_eq(finish_frame(0), true, "handler");
	check_eq(leave(0), FERRY_OK, "leave");
	raise_irq(0);
	check_eq(leave_step(0, &left), FERRY_E_AGAIN, "step");
	run_quiet();
	pass_bound();
	run_quiet();
	check_eq(leave_step(0, &left), FERRY_OK, "step");
	check_eq(place(0), BIT(2), "place");
	check_eq(commit(0), FERRY_OK, "commit");
	drop();
	runs_on(0, 2);
	end();
}

/* On three CPUs at a time, and nowhere is room: two stay, one if there is no entry for a mask of
 * two. */
static void of_several(bool entry)
{
	begin(&(struct options){ .flat = true,
				 .sources = 2,
				 .bare = true,
				 .masks = entry ? 8 : 1,
				 .cpus = 4,
				 .first = 0x40,
				 .last = 0x40,
				 .flags = FERRY_SOURCE_SEVERAL },
	      "plan: of three CPUs that it is on, %s", entry ? "two stay" : "one stays");
	S.on = 3;
	make(1, BIT(3));
	make(0, BIT(0) | BIT(1) | BIT(2));
	check_eq(place(0), BIT(0) | BIT(1) | BIT(2), "place");
	check_eq(make_plan(0), FERRY_OK, "plan");
	check(plan && !sum.blocked && !sum.broken, "blocked %u, broken %u", sum.blocked,
	      sum.broken);
	check_eq(offline(0, EMPTY), FERRY_OK, "offline");
	check(!look(0).broken, "broken");
	check_eq(place(0), entry ? BIT(1) | BIT(2) : BIT(1), "place");
	drop();
	end();
}

/* A look at masks leaves them who has them. */
static void masks_stay(void)
{
	begin(&(struct options){ .sources = 3, .bare = true, .masks = 2 },
	      "plan: masks that were looked at are not lost, nor kept");
	live(0, BIT(1));
	for (int n = 0; n < 3; n++) {
		check_eq(make_plan(0), FERRY_OK, "plan");
		drop();
	}
	live(1, BIT(2));
	check_eq(requested(0), BIT(0) | BIT(1), "requested by the one");
	check_eq(requested(1), BIT(0) | BIT(2), "requested by the other");
	check_eq(make_plan(0), FERRY_OK, "plan");
	check(release_all(1), "free");
	drop();
	live(2, BIT(1) | BIT(2));
	check_eq(requested(2), BIT(0) | BIT(1) | BIT(2), "requested by a third");
	end();
}

/* A vector everywhere or nowhere: all other CPUs have it free. */
static void shared_namespace(void)
{
	begin(
		&(struct options){
			.shared = true, .sources = 4, .bare = true, .first = 0x40, .last = 0x43 },
		"plan: in the shared namespace there is room while a CPU is there");
	for (uint32_t src = 0; src < 4; src++)
		live(src, src & 1 ? BIT(1) : 0);
	check_eq(make_plan(0), FERRY_OK, "plan");
	check_eq(sum.blocked, 0, "blocked");
	check_eq(sum.broken, 2, "broken");
	check_eq(offline(0, EMPTY), FERRY_OK, "offline");
	drop();
	end();
}

/* ---- with promises ------------------------------------------------------------------------ */

#define LOOKED(call) \
	({ \
		int rc_; \
		machine_look(S.m); \
		rc_ = (call); \
		check(machine_looked(S.m), "torn"); \
		rc_; \
	})

static uint32_t number(uint32_t src)
{
	return S.m->source[src].irq;
}

static int call_stop(struct call *c)
{
	return ferry_irq_stop(S.f, number(c->src), FERRY_FREE_QUIET, NULL);
}

static int call_start(struct call *c)
{
	return ferry_irq_start(S.f, number(c->src));
}

static int run_call(int (*run)(struct call *c), uint32_t src)
{
	struct call *c = start(S.on, (struct call){ .run = run, .src = src });

	check(finish(S.on), "a call is blocked");
	return c->rc;
}

static void halt(uint32_t src)
{
	check_eq(run_call(call_stop, src), FERRY_E_AGAIN, "stop");
	run_quiet();
	check_eq(run_call(call_stop, src), FERRY_OK, "stop");
}

/* Source n lives on CPU 0, managed; pool 0: none. */
static void managed(uint32_t src, uint64_t cpus, uint32_t pool)
{
	check_eq(make(src, BIT(0)), 1, "create");
	halt(src);
	if (pool)
		check_eq(LOOKED(ferry_irq_share(S.f, number(src), pool)), FERRY_OK, "share");
	check_eq(LOOKED(ferry_irq_manage(S.f, number(src), &cpus)), FERRY_OK, "manage");
	check_eq(run_call(call_start, src), FERRY_OK, "start");
	check_eq(place(src), BIT(0), "place");
}

/* The second slots are taken from the room of the CPU that leaves: there is none. */
static void no_second_slot(void)
{
	begin(&(struct options){ .kind = FERRY_X86_MSI,
				 .rest = 1 + FERRY_X86_MSIX,
				 .sources = 3,
				 .bare = true,
				 .promises = true,
				 .first = 0x40,
				 .last = 0x42 },
	      "plan: no room for a second slot where all is promised");
	S.on = 0;
	live(0, BIT(1) | BIT(2));
	managed(1, BIT(0), 0);
	check_eq(make_plan(0), FERRY_OK, "plan");
	check(plan != NULL, "no plan, with room for one");
	drop();
	managed(2, BIT(0), 0);
	check_eq(free_vectors(0), 0, "free");
	check_eq(make_plan(0), FERRY_OK, "plan");
	check(!plan && sum.blocked == 1, "it stands");
	check_eq(list[0].irq, number(0), "irq");
	check_eq(list[0].reason, FERRY_E_NO_SPACE, "reason");
	end();
}

/* They go to places of their own, and need none of others. */
static void managed_ones(void)
{
	begin(&(struct options){ .sources = 3,
				 .bare = true,
				 .promises = true,
				 .away = BIT(1) | BIT(2),
				 .first = 0x40,
				 .last = 0x41 },
	      "plan: managed ones need no room, and are no blockers where none is left");
	S.on = 0;
	managed(0, BIT(0) | BIT(2), 0);
	managed(1, BIT(0), 0);
	check_eq(online(2), FERRY_OK, "enter");
	S.on = 2;
	make(2, BIT(2));
	check_eq(free_vectors(2), 0, "room of the only other CPU");
	check_eq(make_plan(0), FERRY_OK, "plan");
	check(plan && !sum.needed && !sum.blocked && !sum.broken, "needed %u, blocked %u",
	      sum.needed, sum.blocked);
	check_eq(leave(0), FERRY_OK, "leave");
	check_eq(leave_step(0, NULL), FERRY_E_NO_CPU, "step");
	check_eq(S.refused_irq, number(1), "irq");
	halt(1);
	run_quiet();
	pass_bound();
	run_quiet();
	check_eq(leave_step(0, NULL), FERRY_OK, "step");
	check_eq(commit(0), FERRY_OK, "commit");
	check_eq(place(0), BIT(2), "place of one that moved");
	drop();
	check_eq(LOOKED(ferry_irq_unmanage(S.f, number(1))), FERRY_OK, "unmanage");
	check(release_all(1), "free");
	end();
}

/* Of a pool: the second one on a CPU is like anybody but for its mask, and is promised a place. */
static void of_a_pool(void)
{
	begin(&(struct options){ .sources = 4,
				 .cpus = 2,
				 .bare = true,
				 .promises = true,
				 .away = BIT(1),
				 .first = 0x40,
				 .last = 0x43 },
	      "plan: two of a pool have two places, also when others take the rest");
	S.on = 0;
	managed(0, BIT(0) | BIT(1), 1);
	managed(1, BIT(0) | BIT(1), 1);
	check_eq(online(1), FERRY_OK, "enter");
	S.on = 1;
	check_eq(free_vectors(1), 3, "free, less what the pool has");
	check_eq(make_plan(0), FERRY_OK, "plan");
	check(plan && !sum.blocked, "blocked %u", sum.blocked);
	check_eq(make(2, BIT(1)), 1, "another there");
	check_eq(create(3, BIT(1)), FERRY_E_NO_SPACE, "one more");
	check_eq(offline(0, EMPTY), FERRY_OK, "offline");
	check_eq(place(0), BIT(1), "place of the one");
	check_eq(place(1), BIT(1), "place of the other");
	drop();
	check_eq(free_vectors(1), 1, "free");
	end();
}

static uint32_t asked;

static uint32_t pick_two(struct ferry *f, void *arg, const struct ferry_candidates *among,
			 uint32_t irq, uint32_t now)
{
	(void)arg;
	(void)irq;
	(void)now;
	asked++;
	return ferry_candidate(f, among, 2);
}

/* It knows better than the plan which of the CPUs it is to be, and the plan which there is. */
static void with_policy(bool room)
{
	struct ferry_policy policy = { .pick = pick_two };

	begin(
		&(struct options){
			.sources = 4, .bare = true, .promises = true, .first = 0x40, .last = 0x42 },
		"plan: a policy is asked first, %s", room ? "and has its way" : "and has no room");
	live(0, BIT(1) | BIT(2));
	live(1, BIT(1) | BIT(2));
	make(2, BIT(2));
	if (!room)
		make(3, BIT(2));
	LOOKED((ferry_balance_set(S.f, &policy), 0));
	check_eq(make_plan(0), FERRY_OK, "plan");
	asked = 0;
	if (!room)
		check(plan != NULL, "no plan");
	check_eq(offline(0, EMPTY), FERRY_OK, "offline");
	check(asked > 0, "nobody asked");
	check_eq((place(0) == BIT(2)) + (place(1) == BIT(2)), room ? 2 : 1, "on CPU 2");
	LOOKED((ferry_balance_set(S.f, NULL), 0));
	drop();
	end();
}

int main(void)
{
	arguments();
	narrow_masks(false);
	narrow_masks(true);
	blockers();
	rolled_back(false);
	rolled_back(true);
	changes();
	another_cpu();
	while_leaving();
	level_in_service();
	of_several(true);
	of_several(false);
	masks_stay();
	shared_namespace();
	no_second_slot();
	managed_ones();
	of_a_pool();
	with_policy(true);
	with_policy(false);
	return script_done();
}
