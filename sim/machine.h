/* SPDX-License-Identifier: MIT */
/*
 * machine.h: a simulated machine, x86 or Arm (gic.h), that runs the real library objects.
 *
 * Everything that can happen next is a label: a CPU makes a step, a CPU takes a
 * vector, a device fires, a message reaches the root complex, ... A run is a
 * function of the configuration and the list of labels. Three things are kept
 * apart: which labels are enabled (machine_labels), performing one
 * (machine_perform), and who chooses. The storm's chooser is machine_storm_step:
 * each label that becomes enabled draws a virtual time from the seed, the
 * earliest goes first. Another chooser sets config.storm to false and never
 * looks at times; the explorer of check/ sets config.explore as well (see there).
 *
 * All state that identifies a situation lies in one arena at a fixed address:
 * this struct, the tables it points to, the library's memory, the stacks. What
 * only measures (struct sim_out, the queue of labels) lies outside.
 */
#ifndef IRQFERRY_SIM_MACHINE_H
#define IRQFERRY_SIM_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <irqferry/gic.h>
#include <irqferry/host.h>
#include <irqferry/trace.h>
#include <irqferry/x86.h>
#include "fibre.h"
#include "queue.h"
#include "storm.h"

#define NONE 0xffffffffu
#define NEVER UINT64_MAX
#define SIM_DEPTH 12 /* interrupts nested on one CPU, at most */

/* ---- labels -------------------------------------------------------------- */

enum label_kind {
	L_STEP = 1,   /* a: CPU goes on to its next host call */
	L_TAKE = 2,   /* a: CPU takes vector b */
	L_FIRE = 3,   /* a: source has an event */
	L_REACH = 4,  /* a: flight reaches the root complex (and the remapping unit) */
	L_ACCEPT = 5, /* a: flight enters an IRR; b: 1 + the CPU of a set, 0: any */
	L_IPI = 6,    /* a: flight */
	L_EOI = 7,    /* a: flight: an EOI broadcast reaches the I/O APICs */
	L_POLL = 8,   /* the timer behind ferry_host_poll_in */
	L_OP = 9,     /* a, b: the client's; an operation starts */
	L_WRITE = 10, /* a: device whose oldest posted write takes effect */
	L_BOUND = 11, /* the drain bound passes; only explored */
	L_FLUSH = 12, /* a: CPU whose oldest buffered store becomes visible */

	/* Arm, see gic.h. L_TAKE's b is 0, L_ACCEPT is a message's arrival at its ITS. */
	L_RECALL = 13, /* a: interrupt, b: CPU: a presentation is taken back */
	L_ITS = 14,    /* a: ITS executes a command */
	L_WAKE = 15,   /* a: CPU whose redistributor has gone to sleep, or woken */
	L_ROUTE = 16,  /* a: interrupt whose new route takes effect */

	/* With vCPUs, see virt.h. */
	L_GUEST = 17, /* a: CPU, b: what its guest does (enum virt_step) */
	L_TICK = 18,  /* the counter goes on */
	L_SOFT = 19   /* a: vCPU whose software timer has come */
};

typedef uint64_t label;

static inline label label_of(enum label_kind kind, uint32_t a, uint32_t b)
{
	return (uint64_t)kind << 56 | (uint64_t)a << 16 | b;
}

static inline enum label_kind label_kind(label l)
{
	return (enum label_kind)(l >> 56);
}
static inline uint32_t label_a(label l)
{
	return (uint32_t)(l >> 16);
}
static inline uint32_t label_b(label l)
{
	return (uint32_t)l & 0xffff;
}

/* ---- state --------------------------------------------------------------- */

/*
 * A token stands for a device event on its way to a handler. One place holds at
 * most one token of a source: a second one merges, and is counted then. `gen`
 * tells incarnations of a source apart.
 */
struct token {
	uint64_t time;
	uint32_t src, gen;
	uint32_t next; /* in an IRR bit or a frame: index + 1 into machine.tokens */
	bool level;    /* no event of its own: the line remembers */
};

/* One event that waits at a fixed place: device, latch. time is NEVER if none. */
struct mark {
	uint64_t time;
	uint32_t gen;
	bool maybe; /* a latched event that perhaps shared a start already */
};

/* An interrupt being taken. */
struct frame {
	uint32_t tokens; /* list, see struct token.next */
	uint8_t vector;
	bool handler; /* a handler runs in it */
	bool doorbell;
	bool placed;    /* Arm: the CPU was in the interrupt's place since it acknowledged */
	uint32_t intid; /* Arm: what was acknowledged; NONE: nothing yet */
};

enum cpu_state {
	CPU_READY, /* before a host call */
	CPU_SLEEP, /* handler at work, or a thread waits for a moment */
	CPU_FENCE, /* a register read or an invalidation is not complete */
	CPU_LOCK,  /* waits for a lock */
	CPU_WAIT,  /* ferry_host_wait */
	CPU_IDLE,  /* the thread has nothing to do */
	CPU_PARKED,
	CPU_GUEST /* runs a vCPU: virt_run */
};

/* Stores that a CPU has made and others do not see yet, oldest first. */
#define STORES 8
struct store {
	uint32_t *at;
	uint32_t value;
	bool unlock; /* `at` is a lock, given back */
};

struct sim_cpu {
	struct fibre fibre;
	uint64_t due;      /* when the storm steps it; NEVER: not queued */
	uint64_t until;    /* SLEEP, FENCE */
	uint64_t deadline; /* WAIT: for hardware; NEVER: none */
	ferry_lock *lock;
	bool (*done)(void *arg);
	void *arg;
	uint64_t irr[4], isr[4], tmr[4];
	uint32_t fence_src, fence_seq;
	uint32_t locks;     /* held */
	uint32_t held;      /* explored: the same as a set, see struct sharing */
	uint64_t locked_at; /* explored: machine.now when it last took a lock */
	uint16_t waiter;    /* next in the chain of CPU_LOCK, index + 1 */
	uint16_t take;      /* vector + 1 that the fibre must enter first */
	uint8_t state, depth;
	uint8_t top;   /* a vector that outranks all others; 0: none */
	bool iff;      /* EFLAGS.IF */
	bool parked;   /* its local APIC takes nothing */
	bool signal;   /* Arm: its CPU interface signals an interrupt */
	bool unfenced; /* Arm: has stored since its last barrier */
	bool fence_irr, fence_irte, fence_writes;
	bool committed;  /* explored: its section can't be moved to the right any more */
	uint8_t nstores; /* in the store buffer */
	struct store stores[STORES];
	/* Explored: all that the code has seen since its thread became idle, and since
	 * each interrupt began: with the place where it stopped this is what it is about
	 * to do, whatever compiler made it. */
	uint64_t history[SIM_DEPTH + 1];
	struct frame frame[SIM_DEPTH];
	struct frame aside;  /* Arm: what a thread acknowledged, its interrupts off */
	uint32_t token[256]; /* of each IRR bit */
};

enum flight_kind { FLIGHT_FREE, FLIGHT_MESSAGE, FLIGHT_IPI, FLIGHT_EOI, FLIGHT_WRITE };

/* Something on a bus. */
struct flight {
	uint8_t kind, stage; /* message: 1 before, 2 after the root complex */
	bool level;
	bool fenced;          /* explored: the drain bound counts for it */
	bool logical, lowest; /* from stage 2 on, with dest and vector */
	uint8_t vector, delivery;
	uint32_t cpu; /* IPI */
	uint32_t dest;
	uint32_t src, gen;
	uint64_t time;                   /* of the event; NEVER: carries none */
	uint32_t addr_lo, addr_hi, data; /* write: register in addr_lo, value in data */
	uint32_t seq;                    /* per device */
	uint32_t prev, next;             /* of one device in order of issue; index + 1 */
	uint64_t reach, accept;          /* storm: when it gets there */
};

struct sim_device {
	uint32_t head, tail;             /* messages, index + 1 */
	uint32_t seq;                    /* of the newest */
	uint32_t write_head, write_tail; /* posted writes, in order; index + 1 */
	uint32_t posted, landed;         /* how many so far */
	uint64_t last_reach, last_accept, last_write;
};

struct irte_entry {
	struct ferry_irte now, cached;
	bool valid; /* the unit has it in its cache */
};

struct source {
	uint8_t kind, flags;
	uint32_t device;
	uint32_t irq; /* the library's number, NONE while there is none */
	uint32_t gen;
	bool live;                /* enabled once and not freed: events are owed a handler */
	bool dead;                /* ferry_irq_free is being called */
	bool dying;               /* ... and the library knows */
	bool stopping;            /* ferry_irq_stop() has begun, ferry_irq_start() not ended */
	bool served;              /* its driver has seen all its events, and lets none come */
	uint32_t running;         /* 1 + CPU whose handler runs */
	uint8_t last_starts;      /* handlers that may still start after free was called */
	uint32_t flights, in_irr; /* messages and IRR bits that are its */

	/* registers: the I/O APIC kinds use rte, the others msi */
	uint32_t msi_addr, msi_addr_hi, msi_data, msi_mask, msi_enable;
	uint32_t rte_low, rte_high;
	bool line, remote_irr;
	bool seen;           /* the handler that will drop the line has started */
	struct mark pending; /* MSI pending bit, or the event that raised the line */
	struct mark latched; /* in the library's memory */
	struct irte_entry irte;

	/* Arm: the SPI it is wired to, or the ITS and the event it sends. */
	uint32_t intid, event;
	uint8_t its;
	/* Where it may start: GICv2: a bit per CPU, else 1 + CPU. While it moves also where
	 * it was. From trace records. */
	uint32_t place, old_place;
	/* Events that the library gives back and the hardware has not got yet: a list, the
	 * oldest first, see struct token.next. */
	uint32_t replaying;
};

struct machine;

/* What runs on the machine. */
struct sim_client {
	bool (*has_work)(struct machine *m, uint32_t cpu);
	void (*work)(struct machine *m, uint32_t cpu);
	void (*handler)(struct machine *m, uint32_t src, uint32_t cpu);
	void (*fired)(struct machine *m, uint32_t src, bool raised);
	void (*poll)(struct machine *m);                 /* the label */
	void (*system)(struct machine *m, uint32_t cpu); /* config.system_vector came */
	void (*op)(struct machine *m, uint32_t a, uint32_t b);
	/* The interrupt entries; null: the library's. Arm: `interrupt` with vector 0. */
	int (*interrupt)(struct machine *m, uint32_t cpu, uint8_t vector);
	void (*doorbell)(struct machine *m, uint32_t cpu);
	/* Arm: an SGI or PPI (ferry_host_local); may be null. */
	void (*local)(struct machine *m, uint32_t cpu, uint32_t intid, uint32_t from);
	/* Explored: a hash of what a CPU may have seen once it holds the lock. */
	uint64_t (*seen)(struct machine *m, const ferry_lock *lock);
	/* Explored: the current CPU changes an atomic. A hash of what it may have seen from
	 * now on, or 0: nothing. May be null. */
	uint64_t (*changed)(struct machine *m, const ferry_atomic *cell, uint32_t value);
	const struct virt_client *virt; /* with config.virt */
};

struct sim_config {
	uint32_t cpus, sources, devices;
	const uint32_t *apic_ids, *logical_ids;
	uint64_t seed;
	bool storm;     /* virtual time chooses */
	bool yield_all; /* also before calls that commute to the left */
	bool posted;    /* register writes take effect some time later */
	/*
	 * The machine is explored. No virtual time: label L_BOUND lets the drain bound
	 * pass. A step is a section that can't be told from an atomic one: it ends before
	 * a second access that others could see (Lipton 1975: lock and irq_save move
	 * right, unlock and irq_restore left, what a held lock guards both ways);
	 * with yield_all before each host call. What the code sees goes into
	 * sim_cpu.history, what it touches into sim_out.reads and writes.
	 */
	bool explore;
	bool ipi_now, eoi_now; /* IPIs, EOI broadcasts arrive at once */
	bool doorbell_high;    /* the doorbell outranks all other vectors */
	bool irr_kept;         /* parking leaves the IRR, or the redistributor, as it is */
	bool tso;              /* store buffers (SDM 3A 9.2.3.4); explored */
	bool bound_lies;       /* L_BOUND does not wait for messages */
	uint8_t fail;          /* register read number `fail` returns all ones; 0: none */
	bool fail_on;          /* from it on no device answers, nor sends */
	uint64_t drain_ns;     /* what L_BOUND adds to the clock */
	size_t client_bytes;   /* of the client's state in the arena */
	bool overtaking, fence_irr, remap_drains, directed_eoi, ext_dest;
	bool logical_flat, logical_cluster, shared, restore;
	uint64_t flight_ns, ipi_ns, eoi_ns;
	uint8_t doorbell;
	uint8_t system_vector; /* a vector of the host's; 0: none */

	/* Arm: the version of the GIC, 2 or 3; 0: x86, and none of the following. */
	uint8_t gic;
	uint8_t its_device_bits, its_event_bits;
	bool its_pta;  /* an ITS names redistributors by address */
	bool gic_slow; /* a route takes effect some time after it was written */
	/* Stores are buffered as with `tso`, and only a barrier or a read-modify-write empties
	 * the buffer: not a lock, an interrupt or an access to a device. All stores of the
	 * port are releases: one never overtakes another. */
	bool weak;
	const uint64_t *mpidrs; /* by CPU */
	uint32_t spis, espis, lpis, nits;
	uint64_t recall_ns; /* storm: longest time until a presentation is taken back */
	size_t table_bytes; /* of what the host gives to ITSs and redistributors */

	/* Arm, a guest: virt.h. */
	bool virt;
	uint8_t vcpus, lrs; /* of the guest; list registers of each CPU */
	uint8_t guest_gic;  /* what the guest sees: 2, 3 */
	bool virt_timer;    /* it has the EL1 virtual timer */
	bool timer_pulses;  /* what it fired stays, also when its handler stops it
			     * (FERRY_RESIDENT_INJECTED) */
	uint32_t ticks;     /* explored: so far the counter goes */
	uint32_t guest_ns;  /* storm: mean run time of a handler of the guest's */

	uint32_t stack;   /* bytes per CPU */
	uint32_t flights; /* most at a time */
	size_t library;   /* bytes of library memory */
	const struct sim_client *client;
};

#define HISTOGRAM_BUCKETS 2048
struct histogram {
	uint64_t count, max;
	uint64_t bucket[HISTOGRAM_BUCKETS];
};

/*
 * Explored: what protects a word of the library's memory: HELD_* and locks. Each set is
 * what was held at every access so far (Savage 1997). An access that something
 * protects from all others, or a load that something protects from all changes, need
 * not be a place to stop.
 */
#define HELD_CPU(cpu) (1u << (cpu))          /* that CPU, with interrupts off */
#define HELD_THREAD(cpu) (1u << (4 + (cpu))) /* its thread */
#define HELD_CLIENT (1u << 8)                /* a lock of the client's around its calls */
#define HELD_LOCKS 9u                        /* the library's locks from this bit on */

struct sharing {
	uint32_t accesses, changes;
	bool accessed, changed;
};

/* What only measures. Not part of a state. */
struct sim_out {
	struct storm_report report;
	uint64_t outstanding; /* tokens that have neither been handled nor counted out */
	struct histogram latency, move_time, offline_time;
	struct queue queue;
	void *user;                 /* the client's */
	struct virt_counts *counts; /* with config.virt: what is counted of it, or null */

	/* Explored: what the last label touched, a bit per thing (see RES_CPU and the
	 * following). And the lines of the library's memory that were ever written. */
	char *say; /* 512 bytes of text about the last label, or null */
	uint64_t reads, writes;
	uint32_t stops;          /* where the last label would have stopped with yield_all */
	struct sharing *sharing; /* by 32-bit word of the library's memory */
	uint32_t grown;          /* how often a word turned out to be shared more */
	uint32_t *lock_name;     /* by word: the bit of a lock; 0: none yet */
	uint32_t lock_names;
	uint32_t lock_after[32]; /* by bit: locks that were taken with this one held */
	/* By word, may be null: locks of what never changes. Nobody can tell who has one. */
	uint8_t *alone;
	uint8_t *resource; /* by word; 0: not yet named */
	uint32_t resources;
	uint32_t *hot; /* lines, in the order of their first write */
	uint32_t nhot;
	uint8_t *is_hot; /* by line */
};

#define LINE 64u

/* Bits of sim_out.reads and writes: 4 CPUs, 3 sources at most. The rest of the 64
 * names words of the library's memory. */
#define RES_CPU(cpu) (1ull << (cpu))
#define RES_IRR(cpu) (1ull << (4 + (cpu)))
#define RES_DEVICE(d) (1ull << (8 + (d)))
#define RES_GHOST(src) (1ull << (12 + (src))) /* what the oracles know */
#define RES_TIME (1ull << 16)
#define RES_SCRIPT (1ull << 17) /* the client's, common to all CPUs */
#define RES_FIRST 18u

struct machine {
	struct sim_config config;
	struct sim_out *out;
	struct ferry *ferry;
	struct fibre scheduler;
	uint64_t now, rng;
	uint32_t current; /* CPU whose fibre runs, NONE: the scheduler */
	bool quiet;       /* a condition is evaluated, or a look from outside: no yields */
	bool torn;        /* that look met a held lock: its result means nothing */
	const struct sim_cpu *asking; /* whose condition is evaluated */
	bool fatal;                   /* cannot go on */
	bool stop;                    /* machine_storm returns */
	bool silent;                  /* devices have no events of their own any more */
	uint64_t poll_at;
	uint32_t rechecks; /* conditions found false since the last label */
	uint32_t reads;    /* of registers, with config.fail */
	bool gone;         /* no device answers any more */

	struct sim_cpu *cpu;
	struct source *source;
	struct sim_device *device;
	struct sim_gic *gic;   /* one block of arm_bytes(); null on x86 */
	struct sim_virt *virt; /* one block of virt_bytes(); null without config.virt */
	uint8_t *tables;       /* config.table_bytes */
	struct flight *flight;
	uint32_t flight_free, flights_used, flying;
	struct token *tokens;
	uint32_t token_free, tokens_used;
	uint32_t *levels; /* level pins */
	uint32_t nlevels;
	uint32_t *irq_src;  /* by the library's number: source + 1 */
	uint32_t *apic_map; /* pairs of APIC id and CPU, by id */
	void *library;
	void *client; /* config.client_bytes */
	uint8_t *stacks;
	size_t arena_size;
};

/* ---- machine.c: life, scheduling ------------------------------------------ */

/* Build in the arena; null if there is no memory. One machine at a time. */
struct machine *machine_new(const struct sim_config *config, struct sim_out *out);
void machine_delete(struct machine *m);

/* Every enabled label into out[0..max); returns how many there are. */
uint32_t machine_labels(struct machine *m, label *out, uint32_t max);
void machine_perform(struct machine *m, label l);

/* The storm's chooser: perform `steps` labels, fewer if m->stop is set. False:
 * there are no more. */
bool machine_storm(struct machine *m, uint32_t steps);
/* No label can come any more, and yet a CPU waits for something. */
bool machine_deadlocked(const struct machine *m);
void machine_at(struct machine *m, uint64_t t, label l);

static inline uint64_t machine_random(struct machine *m)
{
	uint64_t x = m->rng += 0x9e3779b97f4a7c15;

	x = (x ^ x >> 32) * 0xd6e8feb86659fd93;
	return x ^ x >> 32;
}

static inline uint64_t machine_below(struct machine *m, uint64_t n)
{
	return n ? (uint64_t)(((unsigned __int128)machine_random(m) * n) >> 64) : 0;
}

/* Count a label and mix it into the fingerprint. */
static inline void machine_note(struct machine *m, label l)
{
	struct storm_report *r = &m->out->report;

	r->labels++;
	r->fingerprint = (r->fingerprint ^ l) * 0x9fb21c651e98df25;
	r->fingerprint ^= r->fingerprint >> 29;
	m->rechecks = 0;
}

/* The vector this CPU's APIC offers, or -1 (IF not considered). */
int lapic_offers(const struct sim_cpu *c);
static inline bool lapic_any(const struct sim_cpu *c)
{
	return (c->irr[0] | c->irr[1] | c->irr[2] | c->irr[3]) != 0;
}

static inline int lapic_ready(const struct sim_cpu *c)
{
	return lapic_any(c) ? lapic_offers(c) : -1;
}

/* Something could be taken (the flag not considered). */
static inline bool cpu_signalled(const struct machine *m, const struct sim_cpu *c)
{
	return m->config.gic ? c->signal : lapic_ready(c) >= 0;
}

/* A step takes 10 .. 33 virtual ns: which CPU is next is chance. */
static inline uint64_t cpu_step_time(struct machine *m)
{
	return m->now + 10 + machine_below(m, 24);
}

/* From a CPU's fibre: after a switch, take interrupts until it may go on. */
void cpu_resume(struct machine *m, enum cpu_state state);

/* ---- explored: history, footprints, sections ------------------------------ */

static inline void sim_reads(struct machine *m, uint64_t what)
{
	m->out->reads |= what;
}

static inline void sim_writes(struct machine *m, uint64_t what)
{
	m->out->writes |= what;
}

static inline uint64_t sim_mix(uint64_t h, uint64_t x)
{
	h = (h ^ x) * 0x9fb21c651e98df25;
	return h ^ h >> 32;
}

/* The code of the current CPU has seen this value. */
static inline void sim_observe(struct machine *m, uint64_t value)
{
	struct sim_cpu *c = &m->cpu[m->current];

	c->history[c->depth] = sim_mix(c->history[c->depth], value);
}

/* How long ago this CPU took its lock. On a GIC nothing depends on time, which goes on as
 * long as somebody polls: more than once is all the same. */
static inline uint64_t sim_held_for(const struct machine *m, const struct sim_cpu *c)
{
	uint64_t ns = m->now - c->locked_at;

	return m->config.gic && ns > m->config.drain_ns ? m->config.drain_ns : ns;
}

/* Of all the code of the current CPU has seen only `value` still matters to it. */
static inline void sim_forget(struct machine *m, uint64_t value)
{
	struct sim_cpu *c = &m->cpu[m->current];

	c->history[c->depth] = value;
}

/* How an access may be moved in time past other CPUs' without anyone noticing. */
enum mover { MOVES_RIGHT, MOVES_LEFT, MOVES_BOTH, MOVES_NOT };

/* What was acknowledged last. */
static inline struct frame *cpu_frame(struct sim_cpu *c)
{
	return c->depth ? &c->frame[c->depth - 1] : &c->aside;
}

/* From a CPU's fibre, before it touches something shared: anything else that can
 * happen may happen first. */
static inline void cpu_yield(struct machine *m)
{
	struct sim_cpu *c;
	uint64_t t;

	if (m->quiet || m->current == NONE)
		return;
	c = &m->cpu[m->current];
	if (m->config.storm && !(c->iff && cpu_signalled(m, c))) {
		t = cpu_step_time(m);
		/* Nothing comes before it: the chooser would return here at once. */
		if (t < m->out->queue.next) {
			m->now = t;
			queue_advance(&m->out->queue, t);
			machine_note(m, label_of(L_STEP, m->current, 0));
			return;
		}
		c->until = t;
	}
	c->state = CPU_READY;
	fibre_switch(&c->fibre, &m->scheduler);
	if (__builtin_expect(c->take || m->fatal, 0))
		cpu_resume(m, CPU_READY);
}

/* The same before an access of this sort: explored, only where the section ends. */
static inline void cpu_yield_for(struct machine *m, enum mover mover)
{
	struct sim_cpu *c;

	if (m->quiet || m->current == NONE)
		return;
	c = &m->cpu[m->current];
	m->out->stops++;
	if (m->config.yield_all || (!m->config.explore && mover != MOVES_LEFT) ||
	    (mover != MOVES_LEFT && mover != MOVES_BOTH && c->committed))
		cpu_yield(m);
	if (mover != MOVES_BOTH)
		c->committed = m->config.explore && mover != MOVES_RIGHT;
	/* Every call counts: what it does may leave no other trace. */
	if (m->config.explore)
		sim_observe(m, 1u + mover);
}

/* From a CPU's fibre. */
void cpu_block(struct machine *m, enum cpu_state state);
void cpu_sleep(struct machine *m, uint64_t ns);
/* As cpu_sleep, but the CPU spins inside one instruction: no interrupt is taken. */
void cpu_nap(struct machine *m, uint64_t ns);
/* From anywhere: something this CPU waits for may have come. */
void cpu_kick(struct machine *m, uint32_t cpu);
void cpu_wake(struct machine *m, uint32_t cpu);
/* Queue at the lock it waits for, in the lock's second word. Only in a storm:
 * another chooser sees the waiters in the CPUs. */
void cpu_chain(struct machine *m, uint32_t cpu);
void cpu_unlocked(struct machine *m, ferry_lock *lock);
void cpu_park(struct machine *m);
/* All stores of the CPU become visible; the oldest does. */
void cpu_flush(struct machine *m, uint32_t cpu);
void cpu_flush_one(struct machine *m, uint32_t cpu);
void cpu_unpark(struct machine *m, uint32_t cpu);

/* Explored: the bit of a word of the library's memory. */
uint64_t machine_resource(struct machine *m, const void *word);
/* Explored: an access to the word is made with `held`; changes: the value does. */
void machine_share(struct machine *m, const void *word, uint32_t held, bool changes);
/* Explored: the word is about to change. */
void machine_dirty(struct machine *m, const void *word);
/* Explored: labels that name a flight by device and rank (messages), CPU (IPIs) or
 * vector (EOIs) instead of by index, and back; NONE's label 0 if there is none. */
label machine_canonical(const struct machine *m, label l);
label machine_resolve(const struct machine *m, label l);
/* Everything outside the library's memory that tells this state from another, in
 * canonical form (image.c); returns the number of bytes, at most IMAGE_MOST. */
#define IMAGE_MOST 8192
size_t machine_image(const struct machine *m, uint8_t *out);

/* What happened during a label, in words, for a reader of schedules: only while
 * sim_out.say is set. */
void machine_say(struct machine *m, const char *format, ...) __attribute__((format(printf, 2, 3)));
void machine_say_trace(struct machine *m, const struct ferry_trace *record);

/* Look through the public API from outside: no yields. end: false if torn. */
void machine_look(struct machine *m);
bool machine_looked(struct machine *m);

/* ---- lapic.c -------------------------------------------------------------- */

void lapic_accept(struct machine *m, uint32_t cpu, const struct flight *f);
void lapic_take(struct machine *m, uint32_t cpu, uint8_t vector);
void lapic_eoi(struct machine *m, uint32_t cpu);
void lapic_reset(struct machine *m, uint32_t cpu);
void lapic_send_ipi(struct machine *m, uint32_t cpu, uint8_t vector);
/* Accept a message: resolve its destination. `pick`: 1 + CPU of the set, 0: any. */
void lapic_route(struct machine *m, const struct flight *f, uint32_t pick);
bool lapic_in_set(const struct machine *m, const struct flight *f, uint32_t cpu);

/* ---- device.c -------------------------------------------------------------- */

void device_fire(struct machine *m, uint32_t src);
/* An event, now; false if the source is not alive. */
bool device_raise(struct machine *m, uint32_t src);
void device_reach(struct machine *m, uint32_t flight);
void device_accept(struct machine *m, uint32_t flight, uint32_t pick);
bool device_may_reach(const struct machine *m, uint32_t flight);
bool device_may_accept(const struct machine *m, uint32_t flight);
void device_end_level(struct machine *m, uint32_t src, uint8_t vector);
void device_eoi_broadcast(struct machine *m, uint8_t vector);
void device_drop_line(struct machine *m, uint32_t src);
/* The source as a reset leaves it: silent, nothing pending. */
void device_reset(struct machine *m, uint32_t src);
bool device_fenced(const struct machine *m, const struct sim_cpu *c);
uint64_t device_fence_time(const struct machine *m, const struct sim_cpu *c);
uint32_t device_read(struct machine *m, uint32_t src, enum ferry_reg reg);
void device_write(struct machine *m, uint32_t src, enum ferry_reg reg, uint32_t value);
/* The same, posted: it takes effect with a label of its own. */
void device_post(struct machine *m, uint32_t src, enum ferry_reg reg, uint32_t value);
void device_land(struct machine *m, uint32_t device);
/* No device answers, takes writes or sends from now on; what they had is gone. */
void device_vanish(struct machine *m);
/* Explored: a fence of the current CPU is complete; the drain bound of what it
 * stands behind runs (irte: of what the unit has accepted for this source). */
void device_mark_fenced(struct machine *m, uint32_t src, bool irte);
uint32_t flight_new(struct machine *m);
void flight_free(struct machine *m, uint32_t flight);

/* ---- oracle.c: tokens and what must be true ------------------------------- */

enum verdict { V_LOST, V_DUPLICATED, V_MISDELIVERED, V_OFFLINE, V_BROKEN };
void violation(struct machine *m, enum verdict v, uint32_t cpu, uint32_t src, const char *format,
	       ...) __attribute__((format(printf, 5, 6)));

bool token_stale(const struct machine *m, uint32_t src, uint32_t gen);
void token_end(struct machine *m, uint32_t src, uint32_t gen, enum verdict v, uint32_t cpu,
	       const char *why);
void token_merge(struct machine *m, uint32_t src, uint32_t gen);
/* Put an event at a place; merges. */
void mark_put(struct machine *m, struct mark *k, uint32_t src, uint64_t time, uint32_t gen);
uint32_t token_new(struct machine *m);
void token_free(struct machine *m, uint32_t token);

void oracle_start(struct machine *m, uint32_t cpu, uint32_t src);
/* The handler made the device drop its line. */
void oracle_line_done(struct machine *m, uint32_t src);
void oracle_taken(struct machine *m, uint32_t cpu, struct frame *frame, int status);
void oracle_trace(struct machine *m, const struct ferry_trace *record);
void oracle_source(struct machine *m, uint32_t src);
/* Note the highest use of vectors so far. */
void oracle_vectors(struct machine *m);
/* ferry_irq_free returned FERRY_OK: nothing of this incarnation may be left. */
/* ferry_irq_free said FERRY_OK: what the source has still is forgotten, its device
 * reset. It may be created again. */
void oracle_gone(struct machine *m, uint32_t src);

void oracle_final(struct machine *m);
/* Of that the part about device events alone. */
void oracle_final_events(struct machine *m);

void histogram_add(struct histogram *h, uint64_t value);
/* p50, p90, p99, p99.9, max */
void histogram_summary(const struct histogram *h, uint64_t out[5]);

#endif
