/* SPDX-License-Identifier: MIT */
/*
 * core.h: the descriptor, the machine, and the border between the movement
 * engine and the back ends. Private to src/.
 *
 * Lock order, everywhere in the library:
 *
 *     I (one interrupt) > V (CPUs, ascending index) > nothing
 *     I                 > M (mask pool)
 *
 * Two I's are never held together, V and M never either. Host functions are
 * called under I; ferry_host_handle and ferry_host_wait under nothing. IPIs are
 * sent under I and never waited for.
 */
#ifndef FERRY_CORE_H
#define FERRY_CORE_H

#include <irqferry/ferry.h>
#include <irqferry/host.h>
#include <irqferry/trace.h>

#define FERRY_LIKELY(x) __builtin_expect(!!(x), 1)
#define FERRY_UNLIKELY(x) __builtin_expect(!!(x), 0)
/* Off the paths that count instructions, and called from several places. */
#define FERRY_NOINLINE __attribute__((noinline))

/* ---- CPU sets ------------------------------------------------------------ */

/* A set of CPUs in 32 bits: the index of one CPU, or the handle of an interned
 * mask, or none. Handle 0 is "all CPUs" and has no entry in the pool. */
typedef uint32_t ferry_set;

#define FERRY_SET_NONE FERRY_NONE
#define FERRY_SET_MASK 0x80000000u
#define FERRY_SET_ALL FERRY_SET_MASK

struct ferry_mask_entry {
	uint32_t refs;
	uint32_t hash;
	uint32_t next; /* in its bucket or in the free list; index + 1, 0 ends */
	uint64_t used; /* bit w: word w is not 0 */
};

_Static_assert(FERRY_CPUS_MAX <= 64 * 64, "a bit of ferry_mask_entry.used for each word");

struct ferry_mask_pool {
	ferry_lock lock; /* M */
	uint32_t size;
	uint32_t free; /* index + 1 */
	uint32_t *buckets;
	struct ferry_mask_entry *entries;
	uint64_t *words;
};

/* ---- sets of interrupts that want attention ------------------------------ */

/* One bit per interrupt and a count. Changed under the interrupt's I, read by
 * anyone: a reader takes I and looks at the descriptor, which is the truth. */
struct ferry_irqset {
	ferry_atomic count;
	ferry_atomic *words;
};

/* ---- the descriptor ------------------------------------------------------ */

enum {
	/* what the user wants */
	FERRY_F_MASKED = 1u << 0,
	FERRY_F_DISABLED = 1u << 1,
	FERRY_F_DEAD = 1u << 2,
	FERRY_F_QUIET = 1u << 3, /* dead, and the host knows that nothing is in flight */
	/* what is owed */
	FERRY_F_LATCHED = 1u << 4, /* an edge arrived that no handler start has followed */
	FERRY_F_QUEUED = 1u << 5,  /* `requested` is to be carried out once settled */
	FERRY_F_STARVED = 1u << 6, /* ... and found no place so far */
	FERRY_F_SETTLE = 1u << 7,  /* end the move by the drain bound */
	FERRY_F_BROKEN = 1u << 8,  /* current place outside `requested` */
	/* about the move under way */
	FERRY_F_ARRIVAL = 1u << 9,  /* the first arrival at the new place is evidence */
	FERRY_F_TRANSIT = 1u << 10, /* the old CPUs also own a slot with the new vector */
	/* about the source */
	FERRY_F_LIVE = 1u << 11, /* was enabled once; sources never masked again after it */
	FERRY_F_HELD = 1u << 12, /* masked by the library until it may be reprogrammed */
	FERRY_F_ORDERED = 1u << 13,
	FERRY_F_MASKABLE = 1u << 14,
	FERRY_F_SEVERAL = 1u << 15,
	FERRY_F_LOW = 1u << 16,
	FERRY_F_LEVEL = 1u << 17, /* the line remembers, memory need not */
	FERRY_F_END = 1u << 18,   /* ended after its handler, by ferry_backend.end */
	FERRY_F_GUEST = 1u << 19, /* follows a vCPU: no policy moves it */
	/* about the policy (balance.c) */
	FERRY_F_POLICY = 1u << 20,  /* one is switched on; kept when the number is free */
	FERRY_F_SKIPPED = 1u << 21, /* it was disabled when the policy looked at it */
	/* about its class (managed.c) */
	FERRY_F_STOPPED = 1u << 22, /* besides DEAD: it can be started again */
	FERRY_F_MANAGED = 1u << 23,
	FERRY_F_SPARE = 1u << 24,  /* a spare mask is promised */
	FERRY_F_POOLED = 1u << 25, /* in a pool since it was made */

	FERRY_F_NO_START = FERRY_F_MASKED | FERRY_F_DISABLED | FERRY_F_DEAD,
};

/* One interrupt. Guarded by `lock` (I), except `runner`, `number`, which is constant,
 * and `cookie`, which does not change while a handler runs. */
struct ferry_irq {
	ferry_lock lock;
	uint8_t state; /* enum ferry_state */
	uint8_t kind;  /* index into struct ferry's kinds */
	uint8_t vector, old_vector;
	uint32_t flags;
	uint32_t number;    /* its index; constant */
	ferry_set cur, old; /* the place that is programmed; the one being left */
	ferry_set requested;
	uint32_t debt;       /* CPUs of `old` that still own a slot; DRAINING only */
	ferry_atomic runner; /* CPU + 1 whose handler runs; written under I, read by waiters */
	uint32_t asked, generation;
	uint16_t prefer; /* CPU, or 0xffff */
	uint16_t unit;
	uint32_t device, index;
	uint32_t rung;     /* FERRY_F_HELD: the CPU asked last to look at it; of a back end
			    * that holds nothing: its own */
	uint64_t fence_ns; /* when the source was fenced after its last programming */
	uintptr_t cookie;
};

_Static_assert(sizeof(struct ferry_irq) <= 80, "the descriptor's budget (DESIGN.md, Memory)");

struct ferry_cpu {
	ferry_lock lock;    /* V */
	ferry_atomic state; /* enum ferry_cpu_state; written under V */
};

/* ---- back ends ----------------------------------------------------------- */

/* What a source still owes after it was reprogrammed. */
enum ferry_owed {
	FERRY_OWED_NOTHING,  /* nothing can come to the old place: settled */
	FERRY_OWED_DRAIN,    /* all that will come has reached the old CPUs' IRR */
	FERRY_OWED_EVIDENCE, /* messages may be in flight */
	FERRY_OWED_LATER     /* it can't be touched now; a re-check has been posted */
};

/* Result of planning or starting a move: "not now, but it will be looked at". */
#define FERRY_LATER 1

/* A place to be found. */
struct ferry_want {
	ferry_set set;
	uint32_t exclude; /* a CPU that is no candidate, or FERRY_NONE */
	bool dry;         /* only say whether there is one */
	bool promised;    /* `set` is one CPU, with a place promised for this (plan.c) */
};

/* What a policy chooses from. */
struct ferry_candidates {
	const struct ferry_want *want;
};

struct ferry_place {
	ferry_set cpus; /* a reference of its own */
	uint8_t vector;
	bool transit;  /* a slot with the new vector was reserved on the old CPUs */
	bool evidence; /* an arrival at the new place can prove the old one empty */
};

/* Result bits of ferry_backend.release. */
#define FERRY_RELEASED 1
#define FERRY_WAS_PENDING 2

/*
 * Where interrupts are delivered. I held and interrupts off in all of these,
 * unless said otherwise.
 */
struct ferry_backend {
	/* Reserve a place on its whole CPU set, slots installed, each CPU found
	 * online under its V. FERRY_OK or a refusal with nothing changed. */
	int (*plan)(struct ferry *f, struct ferry_irq *i, const struct ferry_want *want,
		    struct ferry_place *place);
	/* Does `cpu` still own a slot of the old place? */
	bool (*owes)(struct ferry *f, const struct ferry_irq *i, uint32_t cpu);
	/* Ring `cpu` so that it looks at its slot of the old (or current) place. */
	void (*ring_old)(struct ferry *f, struct ferry_irq *i, uint32_t cpu);
	/* On `cpu` itself: give the slot of the old place back, unless something is
	 * pending there; with `force`, also then. FERRY_RELEASED, FERRY_WAS_PENDING. */
	int (*release)(struct ferry *f, struct ferry_irq *i, uint32_t cpu, bool force);
	/* One look of the doorbell will happen at the current place. */
	void (*replay)(struct ferry *f, struct ferry_irq *i);
	/* Does the fence of this source reach the IRR? */
	bool (*reaches)(const struct ferry *f, const struct ferry_irq *i);

	/* For FERRY_F_LEVEL alone. May it be reprogrammed now? If not, it will be
	 * looked at again. And for FERRY_F_END: end it on `cpu`; others are ended on
	 * arrival. */
	bool (*ready)(struct ferry *f, struct ferry_irq *i);
	void (*end)(struct ferry *f, struct ferry_irq *i, uint32_t cpu);
	/* MOVING: has what was asked of the hardware been done? 0 if so, else
	 * nanoseconds until it is worth asking again. Null: the drain bound tells. */
	uint64_t (*awaits)(struct ferry *f, struct ferry_irq *i);
	/* There is evidence: nothing comes to the old place any more. May be null. */
	void (*vacated)(struct ferry *f, struct ferry_irq *i);
	/* Its number is free: so is what else was its own. May be null. */
	void (*ended)(struct ferry *f, struct ferry_irq *i);

	/* Without I: the next interrupt that owns something on `cpu`, *cursor
	 * starting at 0; FERRY_NONE at the end. */
	uint32_t (*next_on)(struct ferry *f, uint32_t cpu, uint32_t *cursor);
	/* Under V of `cpu`, whose state has changed. */
	void (*publish)(struct ferry *f, uint32_t cpu);
	/* On `cpu`, interrupts off, no lock: nothing is pending and nothing owned.
	 * FERRY_OK, FERRY_E_PENDING, FERRY_E_BUG. */
	int (*enter)(struct ferry *f, uint32_t cpu);
	/* On `cpu`, interrupts off, no slot left: wait out the doorbell, or turn its
	 * interface off. FERRY_OK, or a refusal with everything as before. */
	int (*part)(struct ferry *f, uint32_t cpu);
	/* How many more places a CPU has room for; 0 unless it is online. No lock. */
	uint32_t (*room)(struct ferry *f, uint32_t cpu);
	/* Is each free place of a CPU as good for it as any other? Null: yes, and there is
	 * room for all. */
	bool (*alike)(const struct ferry *f, const struct ferry_irq *i);
};

/* A kind of source: how it is masked, programmed, ended. I held. */
struct ferry_kind {
	/* Make it name i->cur, i->vector instead of i->old, i->old_vector; every
	 * message in between names a slot this interrupt owns. */
	enum ferry_owed (*program)(struct ferry *f, struct ferry_irq *i);
	/* First programming, source silent. */
	void (*setup)(struct ferry *f, struct ferry_irq *i);
	/* Bring the hardware's mask in line with the flags. */
	void (*apply_mask)(struct ferry *f, struct ferry_irq *i);
	/* Stop the source for good. */
	enum ferry_owed (*silence)(struct ferry *f, struct ferry_irq *i);
};

/*
 * Places promised, and not used now: nobody else gets them. Null where there is room for all.
 * A managed interrupt's places are promised ones; given back they are promised again.
 * Takes V, of up to 32 CPUs in ascending order; interrupts off; I of a stopped interrupt may be
 * held.
 */
struct ferry_x86;
struct ferry_x86_config;
struct ferry_carver;
struct ferry_promises {
	/* One place more on each CPU of `set` that is not in `not`, online or not; all or
	 * nothing: FERRY_E_NO_SPACE. FERRY_E_INVALID: not for this kind of source. */
	int (*promise)(struct ferry *f, const struct ferry_irq *i, ferry_set set, ferry_set not );
	void (*give_up)(struct ferry *f, const struct ferry_irq *i, ferry_set set, ferry_set not );
	/* ferry_irq_share(), and what it was told. */
	int (*share)(struct ferry *f, const struct ferry_irq *i, uint32_t pool);
	uint32_t (*pool)(struct ferry *f, const struct ferry_irq *i);
	/* One place of nobody's yet on `cpu`, for ferry_want.promised; false: none is left. */
	bool (*keep)(struct ferry *f, uint32_t cpu);
	void (*unkeep)(struct ferry *f, uint32_t cpu);
	/* Promised on `cpu` and not used now. No lock: a hint. */
	uint32_t (*count)(struct ferry *f, uint32_t cpu);

	/* The back end's own. Memory; ferry_backend.plan of a managed interrupt; under V, a place
	 * of its is given back. */
	void (*carve)(struct ferry_x86 *x, const struct ferry_x86_config *c,
		      struct ferry_carver *m);
	int (*plan)(struct ferry *f, struct ferry_irq *i, const struct ferry_want *want,
		    struct ferry_place *place);
	void (*back)(struct ferry *f, const struct ferry_irq *i, uint32_t cpu);
};

/* ---- the machine --------------------------------------------------------- */

/* What is used most stands first: short offsets make small code. */
struct ferry {
	void *ctx;
	struct ferry_x86 *x86; /* the back end's own; opaque here */
	struct ferry_gic *gic;
	struct ferry_irq *irqs;
	struct ferry_cpu *cpus;
	const struct ferry_backend *backend;
	const struct ferry_kind *const *kinds;
	struct ferry_counters *counters;
	void (*trace)(void *ctx, const struct ferry_trace *record);
	void (*done)(void *ctx, uint32_t irq, uint32_t generation);
	uint64_t drain_ns;
	uint32_t ncpus, nirqs;
	uint32_t nwords; /* 64-bit words of a mask */
	bool restore;
	bool one_lock; /* the V of all CPUs is that of CPU 0 (shared namespace) */
	struct ferry_irqset starved, moving, broken, used;
	struct ferry_mask_pool masks;
	/* balance.c, linked only if used: what ferry_choose and ferry_irq_enable call, I
	 * held, of interrupts with FERRY_F_POLICY and FERRY_F_SKIPPED. Written while no
	 * interrupt has these flags. */
	uint32_t (*choose)(struct ferry *f, const struct ferry_irq *i,
			   const struct ferry_want *want);
	void (*started)(struct ferry *f, struct ferry_irq *i);
	const struct ferry_policy *policy;
	const struct ferry_promises *promises; /* or null */
	/* plan.c, linked only if used: instead of ferry_move_start() for an interrupt that
	 * leaves its CPU, want->set what is requested. As planned, if it is in the plan, else
	 * as usual; FERRY_OK with another want->set: outside of what is requested. I held. Null:
	 * no plan stands. Both are written and read under the host's hotplug lock. */
	int (*planned)(struct ferry *f, struct ferry_irq *i, struct ferry_want *want);
	struct ferry_plan *plan;
};

/* Is it being freed? Not: stopped. I held. */
static inline bool ferry_irq_ending(const struct ferry_irq *i)
{
	return (i->flags & (FERRY_F_DEAD | FERRY_F_STOPPED)) == FERRY_F_DEAD;
}

static inline const struct ferry_kind *ferry_kind_of(const struct ferry *f,
						     const struct ferry_irq *i)
{
	return f->kinds[i->kind];
}

static inline void ferry_lock_irq(struct ferry *f, struct ferry_irq *i)
{
	ferry_host_lock(f->ctx, &i->lock);
}

static inline void ferry_unlock_irq(struct ferry *f, struct ferry_irq *i)
{
	ferry_host_unlock(f->ctx, &i->lock);
}

/* For ferry_backend.plan: the CPU of the wanted set that the host's policy would have, a
 * hint: online a moment ago. FERRY_NONE: as the back end likes. Of a set of one CPU,
 * of dry plans and of guest-bound interrupts no policy is asked. I held. */
static inline uint32_t ferry_choose(struct ferry *f, const struct ferry_irq *i,
				    const struct ferry_want *want)
{
	return FERRY_UNLIKELY(i->flags & FERRY_F_POLICY) ? f->choose(f, i, want) : FERRY_NONE;
}

/* V; in the shared namespace all CPUs have that of CPU 0. */
void ferry_lock_cpu(struct ferry *f, uint32_t cpu);
void ferry_unlock_cpu(struct ferry *f, uint32_t cpu);

/* Counters are the CPU's own; nobody reads them back. */
#define FERRY_COUNT(f, cpu, name) \
	do { \
		if ((f)->counters) \
			(f)->counters[cpu].name++; \
	} while (0)

/* Take I with interrupts off; and back. What to give to ferry_leave is returned. */
uintptr_t ferry_enter(struct ferry *f, struct ferry_irq *i);
/* The same by number; null, nothing taken, if there is no such interrupt. */
struct ferry_irq *ferry_enter_number(struct ferry *f, uint32_t irq, uintptr_t *flags);
void ferry_leave(struct ferry *f, struct ferry_irq *i, uintptr_t flags);

/* A trace record, if anyone wants it. `i` may be null. */
void ferry_note(struct ferry *f, uint32_t event, uint32_t cpu, const struct ferry_irq *i,
		uint32_t a);

/* ---- irqset.c ------------------------------------------------------------ */

/* Bit n of an array of words becomes `on`; what it was is returned. */
bool ferry_bit(struct ferry *f, ferry_atomic *words, uint32_t n, bool on);
/* False if it was so already. */
bool ferry_irqset_put(struct ferry *f, struct ferry_irqset *s, uint32_t irq, bool member);
/* Take a number that is not in the set into it; FERRY_NONE if all are. */
uint32_t ferry_irqset_claim(struct ferry *f, struct ferry_irqset *s);
/* The lowest member >= from, or FERRY_NONE. */
uint32_t ferry_irqset_next(struct ferry *f, struct ferry_irqset *s, uint32_t from);

/* ---- mask.c -------------------------------------------------------------- */

/* A reference to the set of this mask (null: all). FERRY_E_NO_CPU if it is
 * empty, FERRY_E_NO_MASK. Takes M. */
int ferry_set_make(struct ferry *f, const uint64_t *mask, ferry_set *set);
void ferry_set_put(struct ferry *f, ferry_set set);
/* Word w of the set as a mask. The caller holds a reference. */
uint64_t ferry_set_word(const struct ferry *f, ferry_set set, uint32_t w);
/* The lowest CPU of the set >= from, or FERRY_NONE. */
uint32_t ferry_set_next(const struct ferry *f, ferry_set set, uint32_t from);
/* Is a CPU of the set, other than `except`, online and staying? */
bool ferry_set_online(struct ferry *f, ferry_set set, uint32_t except);

/* All words of a set of several CPUs (null: FERRY_SET_ALL); and which of them are not 0, a bit
 * each. The caller holds a reference. */
static inline const uint64_t *ferry_set_words(const struct ferry *f, ferry_set set, uint64_t *used)
{
	size_t e = (set & ~FERRY_SET_MASK) - 1;

	if (set == FERRY_SET_ALL) {
		*used = ~0ull >> (64 - f->nwords);
		return NULL;
	}
	*used = f->masks.entries[e].used;
	return &f->masks.words[e * f->nwords];
}

/* The same for interned sets and FERRY_SET_NONE. */
bool ferry_mask_has(const struct ferry *f, ferry_set set, uint32_t cpu);

static inline bool ferry_set_has(const struct ferry *f, ferry_set set, uint32_t cpu)
{
	return FERRY_LIKELY(!(set & FERRY_SET_MASK)) ? set == cpu : ferry_mask_has(f, set, cpu);
}

/* FERRY_NONE + 1 is 0. */
#define FERRY_FOR_EACH_CPU(f, set, c) \
	for (uint32_t c = FERRY_NONE; (c = ferry_set_next(f, set, c + 1)) != FERRY_NONE;)

/* ---- irq.c --------------------------------------------------------------- */

/* Hands out pieces of one block, each aligned to 8; with a null base it only counts. */
struct ferry_carver {
	char *base;
	size_t used;
};

void *ferry_carve(struct ferry_carver *c, size_t count, size_t size);

bool ferry_core_valid(const struct ferry_config *c);
void ferry_core_carve(struct ferry *f, const struct ferry_config *c, struct ferry_carver *m);
/* All memory carved and zero. */
void ferry_core_init(struct ferry *f, const struct ferry_config *c);
/* Give a new interrupt its place and program its silent source; with FERRY_F_STOPPED |
 * FERRY_F_DEAD neither. I held; the descriptor is claimed, FREE, its source described. */
int ferry_irq_begin(struct ferry *f, struct ferry_irq *i, const uint64_t *mask);
/* Give one without a place what it requested, and program its silent source. I held. */
int ferry_irq_place(struct ferry *f, struct ferry_irq *i, ferry_set set);
/* A call of the way down of a dead interrupt: FERRY_OK at its end, and no handler runs; else
 * FERRY_E_AGAIN, FERRY_E_NO_BOUND. `how`, `wait_ns`: as ferry_irq_free. I held. */
int ferry_irq_down(struct ferry *f, struct ferry_irq *i, uint32_t how, uint64_t *wait_ns);

/* ---- move.c: I held in all ------------------------------------------------ */

/* All tickets given out have ended, one way or the other. */
void ferry_tell(struct ferry *f, struct ferry_irq *i);
/* Can a move of this interrupt be proved to have ended, without an arrival? */
bool ferry_has_bound(const struct ferry *f, const struct ferry_irq *i);
/* Move a settled interrupt into want->set. FERRY_OK, FERRY_LATER or an error. */
int ferry_move_start(struct ferry *f, struct ferry_irq *i, const struct ferry_want *want);
/* The current place becomes old without a successor: dead. */
void ferry_move_end(struct ferry *f, struct ferry_irq *i, enum ferry_owed owed);
/* Nanoseconds until the bound has passed; UINT64_MAX if there is none, or nothing
 * that waits for it. */
uint64_t ferry_remaining(struct ferry *f, struct ferry_irq *i);
/* The same for a caller: 0 if there is nothing to wait for. `wait_ns` may be null. */
void ferry_say_wait(struct ferry *f, struct ferry_irq *i, uint64_t *wait_ns);
/* Ask that the move under way end by the bound. */
void ferry_ask_settle(struct ferry *f, struct ferry_irq *i);
/* MOVING -> DRAINING, or SETTLED where nobody owes anything. */
void ferry_drain_begin(struct ferry *f, struct ferry_irq *i);
/* On `cpu`: look at its slot of the old place and clear it if it may be.
 * The result of ferry_backend.release, 0 if it owes nothing. The caller wakes
 * the starved once I is dropped. */
int ferry_drain_here(struct ferry *f, struct ferry_irq *i, uint32_t cpu, bool force);
/* Nobody waits any more for this source to be still (FERRY_F_HELD). */
void ferry_let_go(struct ferry *f, struct ferry_irq *i);
/* Ask for `set`: its reference becomes the descriptor's if the result is FERRY_OK. */
int ferry_request(struct ferry *f, struct ferry_irq *i, ferry_set set, uint32_t prefer,
		  uint32_t *ticket);
/* What was queued, starved or broken no longer is. */
void ferry_drop_queued(struct ferry *f, struct ferry_irq *i);
/* Do what is owed now: start what is queued, post what is latched. */
void ferry_advance(struct ferry *f, struct ferry_irq *i);
/* Look at each member of a set under its I. No lock held. */
void ferry_visit(struct ferry *f, struct ferry_irqset *s,
		 void (*look)(struct ferry *f, struct ferry_irq *i, void *arg), void *arg);
/* A slot on `cpu` was freed: retry the starved. No lock held. */
void ferry_wake_starved(struct ferry *f, uint32_t cpu);

static inline void ferry_wake_any(struct ferry *f, struct ferry_irq *i, void *arg)
{
	(void)arg;
	if (i->flags & FERRY_F_STARVED)
		ferry_advance(f, i);
}

/* Promised places, of whatever CPUs, are everybody's (again). No lock held. */
static inline void ferry_promises_ended(struct ferry *f)
{
	ferry_visit(f, &f->starved, ferry_wake_any, NULL);
}

/* ---- hotplug.c ------------------------------------------------------------- */

/* FERRY_OK if the CPU exists and is in this state. */
int ferry_expect_state(struct ferry *f, uint32_t cpu, enum ferry_cpu_state state);
/* Does the interrupt own a slot on this CPU, current or old? I held. */
bool ferry_owned_here(struct ferry *f, const struct ferry_irq *i, uint32_t cpu);

/* ---- flow.c --------------------------------------------------------------- */

/* An arrival that must not start the handler now: remember it, or end it. I held. */
void ferry_defer(struct ferry *f, struct ferry_irq *i, uint32_t cpu);
/* Run the handler; runner was set under I, which is not held any more. */
void ferry_run(struct ferry *f, struct ferry_irq *i, uint32_t cpu);
/* The doorbell looks at a slot of i on `cpu`. Takes and drops I. */
void ferry_look(struct ferry *f, struct ferry_irq *i, uint32_t cpu);

/* May the handler start now? Then it is this CPU's to run. I held. */
static inline bool ferry_begin(struct ferry *f, struct ferry_irq *i, uint32_t cpu)
{
	if (FERRY_UNLIKELY(i->flags & FERRY_F_NO_START) || ferry_host_load(f->ctx, &i->runner))
		return false;
	ferry_host_store(f->ctx, &i->runner, cpu + 1);
	i->flags &= ~(uint32_t)FERRY_F_LATCHED;
	return true;
}

#endif
