/* SPDX-License-Identifier: MIT */
/*
 * script.h: tests that say what happens, event by event.
 *
 * A script builds a machine with begin(), makes its hardware and its CPUs do one
 * thing after the other, checks what is seen, and calls end(), which lets the
 * machine come to rest, asks the oracles and prints one line of TAP. Nothing
 * happens that the script did not ask for: a message stays in flight, an IPI on
 * its way, a vector in the IRR, until a verb moves it on.
 *
 * Source n has its own device n (unless one_device). All verbs that call the
 * library run it on the thread of a CPU: S.on, the last one, unless the call
 * belongs to a certain CPU.
 */
#ifndef TESTS_SCRIPT_H
#define TESTS_SCRIPT_H

#include <irqferry/plan.h>
#include "sim/machine.h"

#define CPUS_MOST 16
#define SOURCES_MOST 64
#define DRAIN_NS 10000

struct options {
	uint32_t cpus;       /* 0: 3 */
	uint32_t sources;    /* 0: 1 */
	uint32_t irqs;       /* 0: as many as sources */
	uint32_t masks;      /* 0: 64 */
	uint8_t kind;        /* of all sources, or of source 0 if ... */
	uint8_t rest;        /* ... the others have kind rest - 1 */
	uint8_t flags;       /* FERRY_SOURCE_* */
	uint8_t first, last; /* vectors; 0: 0x31 .. 0xec */
	const uint32_t *reserved;
	bool bare;                /* no source is created: else all live on CPU 0, enabled */
	bool no_bound, unordered; /* unordered: the fabric lets messages overtake, too */
	bool fence_irr, remap_drains, directed_eoi, ext_dest, flat, cluster, shared, restore;
	bool one_device;
	bool promises; /* and one pool */
	bool posted;   /* register writes take effect with land(), or when read */
	uint64_t away; /* CPUs that are not brought up */
	const uint32_t *apic_ids;
};

/* A library call on the thread of a CPU. */
struct call {
	int (*run)(struct call *c);
	uint32_t src, prefer, how, n;
	uint64_t mask;
	bool everywhere; /* the mask is a null pointer */
	/* results */
	bool busy;
	int rc;
	uint32_t ticket, left, irq;
	uint64_t wait;
};

struct script {
	struct machine *m;
	struct ferry *f;
	uint32_t cpus, sources, on;
	struct options options;
	struct ferry_counters counters[CPUS_MOST];
	struct call call[CPUS_MOST];
	bool booted[CPUS_MOST];
	int entered[CPUS_MOST]; /* what ferry_cpu_enter said last */
	bool polled;            /* the poll timer fired and nobody called yet */
	uint32_t starts[SOURCES_MOST];
	uint32_t ran_on[SOURCES_MOST];            /* CPU of the newest start */
	uint32_t done[SOURCES_MOST];              /* generation told, by irq */
	uint32_t traced[24];                      /* records by event */
	uint32_t refused_irq;                     /* of the last leave_step */
	bool nested;                              /* handlers turn interrupts on */
	void (*hook)(uint32_t src, uint32_t cpu); /* inside the handler */
};
extern struct script S;

/* ---- a test ------------------------------------------------------------- */

void begin(const struct options *o, const char *format, ...) __attribute__((format(printf, 2, 3)));
void end(void);
/* The plan; the exit status. */
int script_done(void);

bool script_check(bool good, const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
#define check(good, ...) script_check(good, __FILE__, __LINE__, __VA_ARGS__)
#define check_eq(got, want, what) \
	do { \
		long long got_ = (long long)(got), want_ = (long long)(want); \
		script_check(got_ == want_, __FILE__, __LINE__, "%s: got %lld, want %lld", (what), \
			     got_, want_); \
	} while (0)

/* ---- kinds -------------------------------------------------------------- */

#define ALL_KINDS 0x3fu
#define LEVEL (1u << FERRY_X86_IOAPIC_LEVEL)
#define MESSAGES (ALL_KINDS & ~LEVEL) /* kinds that pass through MOVING */
#define TWO_STEPS (1u << FERRY_X86_MSI | 1u << FERRY_X86_IOAPIC_EDGE)
#define MASKABLE (1u << FERRY_X86_MSIX | 1u << FERRY_X86_MSI_MASKABLE)
#define REMAPPED (1u << FERRY_X86_REMAPPED)
#define FOR_KINDS(k, set) \
	for (uint8_t k = 0; k < FERRY_X86_KINDS; k++) \
		if ((set) >> k & 1)
extern const char *const kind_name[FERRY_X86_KINDS];

/* ---- library calls, run to their end on S.on ---------------------------- */

#define BIT(n) (1ull << (n))

int move(uint32_t src, uint64_t mask);
int move_prefer(uint32_t src, uint64_t mask, uint32_t prefer);
int settle(uint32_t src);
int mask(uint32_t src);
int unmask(uint32_t src);
int enable(uint32_t src);
int disable(uint32_t src);
int create(uint32_t src, uint64_t mask); /* disabled; the library's result */
int make(uint32_t src, uint64_t mask);   /* create and enable */
int release(uint32_t src, uint32_t how); /* ferry_irq_free once */
bool release_all(uint32_t src);          /* until it is free */
void poll_now(void);
uint32_t ticket(void); /* of the last move */

/* The group of CPUs: on the CPU itself. */
int leave(uint32_t cpu);
int leave_step(uint32_t cpu, uint32_t *left);
int commit(uint32_t cpu); /* after FERRY_OK it is parked */
int roll_back(uint32_t cpu);
enum style { EMPTY, AT_ONCE }; /* commit with nothing left; as soon as allowed */
/* The whole way; what refused it, or FERRY_OK. */
int offline(uint32_t cpu, enum style style);
/* Unpark and enter: what ferry_cpu_enter said. */
int online(uint32_t cpu);
int enter_again(uint32_t cpu);

/* The look of plan.h, outside of machine time. */
int dry_run(uint32_t cpu, struct ferry_dry_run *sum, struct ferry_blocker *list, uint32_t n);

/* ---- the same by steps -------------------------------------------------- */

int call_move(struct call *c);
int call_settle(struct call *c);
int call_mask(struct call *c);
int call_unmask(struct call *c);
int call_enable(struct call *c);
int call_disable(struct call *c);
int call_create(struct call *c);
int call_free(struct call *c);
int call_poll(struct call *c);
int call_leave(struct call *c);
int call_step(struct call *c);
int call_commit(struct call *c);
int call_roll_back(struct call *c);

/* Queue a call on the thread of `cpu` and do no step of it. */
struct call *start(uint32_t cpu, struct call call);
/* Up to the next host call. False: it can't go on, or has nothing to do. A fence
 * pushes the messages it waits for. */
bool step(uint32_t cpu);
/* Until the CPU's thread is idle; false if it is blocked before. */
bool finish(uint32_t cpu);
/* Until `until` is true of the machine; false if it never is. */
bool step_until(uint32_t cpu, bool (*until)(void));
bool blocked(uint32_t cpu);

/* ---- hardware ----------------------------------------------------------- */

void fire(uint32_t src);
bool reach(uint32_t src);  /* its oldest message, to the root complex */
bool accept(uint32_t src); /* its oldest message there, into an IRR */
bool accept_newest(uint32_t src);
bool accept_on(uint32_t src, uint32_t cpu);
void arrive(uint32_t src);    /* all its messages into IRRs */
void raise_irq(uint32_t src); /* fire and arrive */
bool land(uint32_t src);      /* the oldest write posted to its device */
bool ipi(uint32_t cpu);       /* what is on its way to it */
bool ipi_flying(uint32_t cpu);
bool eoi(void);                           /* one EOI broadcast */
void stray(uint32_t cpu, uint8_t vector); /* an IPI of nobody, accepted */
/* Take the highest vector that waits and run to its end; false: none, or blocked. */
bool take(uint32_t cpu);
/* ... only until the handler has started. */
bool take_into_handler(uint32_t cpu);
bool in_handler(uint32_t cpu);
/* Take, without a step inside. */
bool take_begin(uint32_t cpu);
/* Finish the interrupt being taken. */
bool finish_frame(uint32_t cpu);
/* ns more on the clock; a bound that ran out is told to the library. */
void pass(uint64_t ns);
/* The drain bound. A script that still has messages in flight would lie. */
void pass_bound(void);
/* All that is asked for, without a further event: twice over everything enabled, a
 * settle of each, and the bound. */
void rest_of_move(void);
/* One more event must start the handler, on this CPU. */
void runs_on(uint32_t src, uint32_t cpu);
/* Everything that is enabled, until nothing is. Time stands still. */
void run_quiet(void);
/* The same, without interrupts on `cpu`. */
void run_others(uint32_t cpu);

/* ---- what is seen ------------------------------------------------------- */

struct ferry_affinity look(uint32_t src);
uint64_t place(uint32_t src); /* its CPUs, as a mask */
uint64_t requested(uint32_t src);
uint64_t old_place(uint32_t src);
enum ferry_state state(uint32_t src);
uint8_t vector_of(uint32_t src);
uint32_t used(uint32_t cpu);
uint32_t free_vectors(uint32_t cpu);
bool pending(uint32_t cpu, uint8_t vector); /* in its IRR */
bool in_service(uint32_t cpu);
uint64_t violations(void);

#endif
