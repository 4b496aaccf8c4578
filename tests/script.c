/* SPDX-License-Identifier: MIT */
/* script.c: the verbs of script.h, on the simulated machine without a storm. */
#include <irqferry/managed.h>
#include <string.h>
#include "tests/script.h"
#include "tests/tap.h"

#define STACK 65536u
#define FLIGHTS 4096u
#define LOG 96
#define PATIENCE 200000

struct script S;

const char *const kind_name[FERRY_X86_KINDS] = { "MSI-X",    "maskable MSI", "MSI",
						 "edge pin", "level pin",    "remapped" };

static struct sim_out out;
static uint32_t vectors_used[CPUS_MOST];
static char name[256];
static uint32_t failures;
static label log_of[LOG];
static uint64_t logged, turn;

/* ---- labels ------------------------------------------------------------- */

static void perform(label l)
{
	log_of[logged++ % LOG] = l;
	machine_perform(S.m, l);
}

static uint32_t labels(label *list, uint32_t max)
{
	uint32_t n = machine_labels(S.m, list, max);

	return n < max ? n : max;
}

static bool perform_if(enum label_kind kind, uint32_t a)
{
	label list[256];
	uint32_t n = labels(list, 256);

	for (uint32_t i = 0; i < n; i++)
		if (label_kind(list[i]) == kind && label_a(list[i]) == a) {
			perform(list[i]);
			return true;
		}
	return false;
}

static void print_labels(void)
{
	static const char *const names[] = { "",    "step", "take", "fire", "reach", "accept",
					     "ipi", "eoi",  "poll", "op",   "write" };
	uint64_t from = logged > LOG ? logged - LOG : 0;

	diag("the last labels:");
	for (uint64_t i = from; i < logged; i++)
		diag("  %s %u %#x", names[label_kind(log_of[i % LOG])], label_a(log_of[i % LOG]),
		     label_b(log_of[i % LOG]));
}

bool script_check(bool good, const char *file, int line, const char *format, ...)
{
	va_list args;

	if (good)
		return true;
	failures++;
	printf("# %s:%d: ", file, line);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	return false;
}

/* ---- the client of the machine ------------------------------------------ */

static bool has_work(struct machine *m, uint32_t cpu)
{
	(void)m;
	return !S.booted[cpu] || S.call[cpu].busy;
}

static void enter_here(uint32_t cpu)
{
	S.entered[cpu] = ferry_cpu_enter(S.f, cpu);
}

static void work(struct machine *m, uint32_t cpu)
{
	struct call *c = &S.call[cpu];

	if (!S.booted[cpu]) {
		uintptr_t flags = ferry_host_irq_save(m);

		S.booted[cpu] = true;
		enter_here(cpu);
		ferry_host_irq_restore(m, flags);
		return;
	}
	c->rc = c->run(c);
	c->busy = false;
}

static void handler(struct machine *m, uint32_t src, uint32_t cpu)
{
	S.starts[src]++;
	S.ran_on[src] = cpu;
	if (S.hook)
		S.hook(src, cpu);
	m->cpu[cpu].iff = S.nested;
	cpu_sleep(m, 1);
	m->cpu[cpu].iff = false;
	if (m->source[src].kind == FERRY_X86_IOAPIC_LEVEL)
		oracle_line_done(m, src);
}

static void fired(struct machine *m, uint32_t src, bool raised)
{
	(void)m;
	script_check(raised, __FILE__, __LINE__, "the script fires source %u, which is not alive",
		     src);
}

static void polled(struct machine *m)
{
	(void)m;
	S.polled = true;
}

static void nothing(struct machine *m, uint32_t cpu)
{
	(void)m;
	(void)cpu;
}

static const struct sim_client client = {
	.has_work = has_work,
	.work = work,
	.handler = handler,
	.fired = fired,
	.poll = polled,
	.system = nothing,
};

static void trace(void *ctx, const struct ferry_trace *record)
{
	if (record->event < 24)
		S.traced[record->event]++;
	oracle_trace(ctx, record);
}

static void done(void *ctx, uint32_t irq, uint32_t generation)
{
	(void)ctx;
	if (irq < SOURCES_MOST)
		S.done[irq] = generation;
}

/* ---- building ----------------------------------------------------------- */

static uint32_t apic_ids[CPUS_MOST], logical_ids[CPUS_MOST];

static void make_ids(const struct options *o)
{
	for (uint32_t i = 0; i < S.cpus; i++) {
		uint32_t id = o->apic_ids ? o->apic_ids[i] : i;

		apic_ids[i] = id;
		logical_ids[i] = o->flat ? 1u << i : id >> 4 << 16 | 1u << (id & 15);
	}
}

static struct ferry_x86_config library_config(const struct options *o)
{
	return (struct ferry_x86_config){
		.core.cpus = S.cpus,
		.core.irqs = o->irqs ? o->irqs : S.sources,
		.core.masks = o->masks ? o->masks : 64,
		.core.drain_ns = o->no_bound ? 0 : DRAIN_NS,
		.core.restore = o->restore,
		.core.counters = S.counters,
		.core.done = done,
		.core.trace = trace,
		.flags = (o->shared ? FERRY_X86_SHARED : 0) |
			 (o->fence_irr ? FERRY_X86_FENCE_REACHES_IRR : 0) |
			 (o->remap_drains ? FERRY_X86_REMAP_DRAINS : 0) |
			 (o->directed_eoi ? FERRY_X86_DIRECTED_EOI : 0) |
			 (o->ext_dest ? FERRY_X86_EXT_DEST : 0) |
			 (o->flat ? FERRY_X86_LOGICAL_FLAT : 0) |
			 (o->cluster ? FERRY_X86_LOGICAL_CLUSTER : 0),
		.remapping = &ferry_x86_remapping,
		.several = &ferry_x86_several,
		.rooms = &ferry_x86_rooms,
		.promises = o->promises ? &ferry_x86_promises : NULL,
		.pools = o->promises ? 1 : 0,
		.apic_ids = apic_ids,
		.logical_ids = o->flat || o->cluster ? logical_ids : NULL,
		.first_vector = o->first ? o->first : 0x31,
		.last_vector = o->last ? o->last : 0xec,
		.reserved = o->reserved,
		.doorbell_vector = (uint8_t)((o->first ? o->first : 0x31) - 1),
	};
}

static struct sim_config machine_config(const struct options *o, size_t library)
{
	return (struct sim_config){
		.cpus = S.cpus,
		.sources = S.sources,
		.devices = S.sources,
		.apic_ids = apic_ids,
		.logical_ids = logical_ids,
		.seed = 1,
		.yield_all = true,
		.posted = o->posted,
		.overtaking = o->unordered,
		.fence_irr = o->fence_irr,
		.remap_drains = o->remap_drains,
		.directed_eoi = o->directed_eoi,
		.ext_dest = o->ext_dest,
		.logical_flat = o->flat,
		.logical_cluster = o->cluster,
		.shared = o->shared,
		.doorbell = (uint8_t)((o->first ? o->first : 0x31) - 1),
		.stack = STACK,
		.flights = FLIGHTS,
		.library = library,
		.client = &client,
	};
}

static void describe_sources(const struct options *o)
{
	for (uint32_t i = 0; i < S.sources; i++) {
		struct source *s = &S.m->source[i];

		s->kind = i && o->rest ? o->rest - 1 : o->kind;
		s->flags = (uint8_t)(o->flags | (o->unordered ? 0 : FERRY_SOURCE_ORDERED));
		s->device = o->one_device ? 0 : i;
		if (s->kind == FERRY_X86_IOAPIC_LEVEL)
			S.m->levels[S.m->nlevels++] = i;
	}
}

static void build(const struct options *o)
{
	struct ferry_x86_config library;
	struct sim_config config;

	make_ids(o);
	library = library_config(o);
	config = machine_config(o, ferry_x86_size(&library));
	S.m = config.library ? machine_new(&config, &out) : NULL;
	if (!S.m)
		bail("%s: the machine can't be built", name);
	library.core.ctx = S.m;
	machine_look(S.m);
	if (ferry_x86_init(&library, S.m->library, config.library, &S.f) != FERRY_OK)
		bail("%s: the library refuses the machine", name);
	machine_looked(S.m);
	S.m->ferry = S.f;
	describe_sources(o);
}

void begin(const struct options *o, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(name, sizeof(name), format, args);
	va_end(args);
	memset(&S, 0, sizeof(S));
	memset(&out, 0, sizeof(out));
	out.report.vectors_used = vectors_used;
	failures = 0;
	logged = turn = 0;
	S.options = *o;
	S.cpus = o->cpus ? o->cpus : 3;
	S.sources = o->sources ? o->sources : 1;
	build(o);
	for (uint32_t cpu = 0; cpu < S.cpus; cpu++)
		if (!(o->away >> cpu & 1)) {
			check_eq(online(cpu), FERRY_OK, "enter");
			S.on = cpu;
		}
	for (uint32_t i = 0; i < S.sources && !o->bare; i++)
		check_eq(make(i, BIT(0)), 1, "create");
}

/* ---- the end ------------------------------------------------------------ */

static bool alive(uint32_t src)
{
	return S.m->source[src].live && !S.m->source[src].dead;
}

/* Some CPU that can run a call. */
static uint32_t idle_cpu(void)
{
	for (uint32_t i = 0; i < S.cpus; i++) {
		uint32_t cpu = (S.on + i) % S.cpus;

		if (S.m->cpu[cpu].state == CPU_IDLE && !S.call[cpu].busy)
			return cpu;
	}
	return NONE;
}

static void come_to_rest(void)
{
	run_quiet();
	for (uint32_t i = 0; i < S.sources; i++)
		if (alive(i)) {
			enable(i);
			unmask(i);
			/* Only an arrival can end it. */
			if (settle(i) == FERRY_E_NO_BOUND)
				raise_irq(i);
		}
	run_quiet();
	pass_bound();
	run_quiet();
}

static void check_apics(void)
{
	for (uint32_t cpu = 0; cpu < S.cpus; cpu++) {
		check(!in_service(cpu), "CPU %u still has a vector in service", cpu);
		check(!lapic_any(&S.m->cpu[cpu]), "CPU %u still has a vector in its IRR", cpu);
		check(S.m->cpu[cpu].state == CPU_IDLE || S.m->cpu[cpu].parked,
		      "CPU %u is in state %d", cpu, S.m->cpu[cpu].state);
	}
}

static void print_result(void)
{
	for (uint32_t i = 0; i < out.report.nviolations; i++)
		diag("violation: %s", out.report.violation[i]);
	failures += (uint32_t)violations();
	if (failures)
		print_labels();
	ok(!failures, "%s", name);
}

void end(void)
{
	S.hook = NULL;
	S.on = idle_cpu();
	if (check(S.on != NONE, "no CPU is idle at the end")) {
		/* A queued request is carried out when a settled one frees its slot. */
		for (int i = 0; i < 4; i++)
			come_to_rest();
		check_apics();
		oracle_final(S.m);
	}
	print_result();
	machine_delete(S.m);
}

int script_done(void)
{
	return tap_done();
}

uint64_t violations(void)
{
	const struct storm_report *r = &out.report;

	return r->lost + r->duplicated + r->misdelivered + r->offline + r->broken;
}

/* ---- stepping ----------------------------------------------------------- */

static uint32_t head_of(const struct sim_cpu *c)
{
	return S.m->device[S.m->source[c->fence_src].device].head;
}

/* A read pushes what was posted ahead of it: the oldest of that moves on. */
static bool push(const struct sim_cpu *c)
{
	if (c->fence_writes)
		return perform_if(L_WRITE, S.m->source[c->fence_src].device);
	for (uint32_t i = head_of(c); i; i = S.m->flight[i - 1].next) {
		struct flight *f = &S.m->flight[i - 1];

		if ((int32_t)(f->seq - c->fence_seq) > 0)
			continue;
		if (f->stage == 1)
			return perform_if(L_REACH, i - 1);
		if (c->fence_irr || (c->fence_irte && f->src == c->fence_src))
			return perform_if(L_ACCEPT, i - 1);
	}
	return false;
}

bool step(uint32_t cpu)
{
	struct sim_cpu *c = &S.m->cpu[cpu];

	while (c->state == CPU_FENCE && !device_fenced(S.m, c))
		if (!push(c))
			return false;
	return perform_if(L_STEP, cpu);
}

bool blocked(uint32_t cpu)
{
	label list[256];
	uint32_t n = labels(list, 256);

	for (uint32_t i = 0; i < n; i++)
		if (label_kind(list[i]) == L_STEP && label_a(list[i]) == cpu)
			return false;
	return S.m->cpu[cpu].state != CPU_IDLE && S.m->cpu[cpu].state != CPU_PARKED;
}

bool finish(uint32_t cpu)
{
	struct sim_cpu *c = &S.m->cpu[cpu];

	for (int n = 0; n < PATIENCE; n++) {
		if ((c->state == CPU_IDLE && !has_work(S.m, cpu)) || c->state == CPU_PARKED)
			return true;
		if (!step(cpu))
			return false;
	}
	return check(false, "CPU %u does not come to an end", cpu);
}

bool step_until(uint32_t cpu, bool (*until)(void))
{
	for (int n = 0; n < PATIENCE; n++) {
		if (until())
			return true;
		if (!step(cpu))
			return false;
	}
	return false;
}

/* clang-format off */

/* ---- calls -------------------------------------------------------------- */

static uint32_t irq_of(const struct call *c) { return S.m->source[c->src].irq; }
static const uint64_t *mask_of(const struct call *c) { return c->everywhere ? NULL : &c->mask; }
/* The CPU whose thread this is. */
static uint32_t cpu_of(const struct call *c) { return (uint32_t)(c - S.call); }

int call_move(struct call *c)
{
	return ferry_irq_set_affinity(S.f, irq_of(c), mask_of(c), c->prefer, &c->ticket);
}

int call_settle(struct call *c) { return ferry_irq_settle(S.f, irq_of(c), &c->wait); }
int call_mask(struct call *c) { return ferry_irq_mask(S.f, irq_of(c)); }
int call_unmask(struct call *c) { return ferry_irq_unmask(S.f, irq_of(c)); }
int call_disable(struct call *c) { return ferry_irq_disable(S.f, irq_of(c)); }
int call_leave(struct call *c) { return ferry_cpu_leave(S.f, c->n); }
int call_step(struct call *c) { return ferry_cpu_leave_step(S.f, cpu_of(c), &c->left, &c->irq); }
int call_roll_back(struct call *c) { return ferry_cpu_roll_back(S.f, c->n); }

int call_enable(struct call *c)
{
	int rc = ferry_irq_enable(S.f, irq_of(c));

	if (rc == FERRY_OK)
		S.m->source[c->src].live = true;
	return rc;
}

int call_poll(struct call *c)
{
	(void)c;
	ferry_poll(S.f);
	return FERRY_OK;
}

int call_create(struct call *c)
{
	struct source *s = &S.m->source[c->src];
	struct ferry_source source = {
		.kind = s->kind,
		.flags = s->flags,
		.device = s->device,
		.index = c->src,
		.cookie = c->src,
	};
	int rc;

	device_reset(S.m, c->src);
	rc = ferry_x86_create(S.f, &source, mask_of(c), 1, &c->irq);
	if (rc != 1)
		return rc;
	if (check(c->irq < S.sources && !S.m->irq_src[c->irq], "irq %u is in use twice", c->irq))
		S.m->irq_src[c->irq] = c->src + 1;
	s->irq = c->irq;
	return rc;
}

int call_free(struct call *c)
{
	int rc;

	S.m->source[c->src].dead = true;
	rc = ferry_irq_free(S.f, irq_of(c), c->how, &c->wait);
	if (rc == FERRY_OK)
		oracle_gone(S.m, c->src);
	return rc;
}

static int call_enter(struct call *c)
{
	uintptr_t flags = ferry_host_irq_save(S.m);

	enter_here(cpu_of(c));
	ferry_host_irq_restore(S.m, flags);
	return S.entered[cpu_of(c)];
}

/* Commit, then off until INIT; it comes back here when it is started again. */
int call_commit(struct call *c)
{
	uint32_t cpu = cpu_of(c);
	uintptr_t flags = ferry_host_irq_save(S.m);

	c->rc = ferry_cpu_commit(S.f, cpu);
	if (c->rc != FERRY_OK) {
		ferry_host_irq_restore(S.m, flags);
		return c->rc;
	}
	/* Whatever comes before the INIT is the library's fault. */
	cpu_yield(S.m);
	c->busy = false;
	cpu_park(S.m);
	enter_here(cpu);
	S.m->cpu[cpu].iff = true;
	return FERRY_OK;
}

struct call *start(uint32_t cpu, struct call call)
{
	check(!S.call[cpu].busy, "CPU %u has a call under way", cpu);
	S.call[cpu] = call;
	S.call[cpu].busy = true;
	return &S.call[cpu];
}

static int call_on(uint32_t cpu, struct call call)
{
	struct call *c = start(cpu, call);

	if (!finish(cpu)) {
		check(false, "a call is blocked on CPU %u", cpu);
		return FERRY_E_BUG;
	}
	return c->rc;
}

int move_prefer(uint32_t src, uint64_t mask, uint32_t prefer)
{
	return call_on(S.on, (struct call){ .run = call_move,
					    .src = src,
					    .mask = mask,
					    .prefer = prefer,
					    .everywhere = mask == ~0ull });
}

int move(uint32_t src, uint64_t mask) { return move_prefer(src, mask, FERRY_NONE); }
uint32_t ticket(void) { return S.call[S.on].ticket; }

static int simple(int (*run)(struct call *c), uint32_t src)
{
	return call_on(S.on, (struct call){ .run = run, .src = src });
}

int settle(uint32_t src) { return simple(call_settle, src); }
int mask(uint32_t src) { return simple(call_mask, src); }
int unmask(uint32_t src) { return simple(call_unmask, src); }
int enable(uint32_t src) { return simple(call_enable, src); }
int disable(uint32_t src) { return simple(call_disable, src); }

int create(uint32_t src, uint64_t mask)
{
	return call_on(S.on, (struct call){ .run = call_create,
					    .src = src,
					    .mask = mask,
					    .everywhere = mask == ~0ull });
}

int make(uint32_t src, uint64_t mask)
{
	int rc = create(src, mask);

	if (rc == 1)
		check_eq(enable(src), FERRY_OK, "enable");
	return rc;
}

int release(uint32_t src, uint32_t how)
{
	return call_on(S.on, (struct call){ .run = call_free, .src = src, .how = how });
}

bool release_all(uint32_t src)
{
	for (int n = 0; n < 8; n++) {
		int rc = release(src, 0);

		if (rc == FERRY_OK)
			return true;
		if (rc != FERRY_E_AGAIN)
			return false;
		run_quiet();
		pass_bound();
		run_quiet();
	}
	return false;
}

void poll_now(void)
{
	uint32_t cpu = idle_cpu();

	S.polled = false;
	if (check(cpu != NONE, "no CPU is free to poll"))
		call_on(cpu, (struct call){ .run = call_poll });
}

/* clang-format on */

/* ---- CPUs --------------------------------------------------------------- */

int leave(uint32_t cpu)
{
	bool there = cpu < S.cpus && !S.m->cpu[cpu].parked;

	return call_on(there ? cpu : S.on, (struct call){ .run = call_leave, .n = cpu });
}

int leave_step(uint32_t cpu, uint32_t *left)
{
	int rc = call_on(cpu, (struct call){ .run = call_step });

	if (left)
		*left = S.call[cpu].left;
	S.refused_irq = S.call[cpu].irq;
	return rc;
}

int commit(uint32_t cpu)
{
	struct call *c = start(cpu, (struct call){ .run = call_commit });

	/* It may wait for a doorbell that is on its way to it. */
	while (!finish(cpu))
		if (!ipi(cpu)) {
			check(false, "commit of CPU %u is blocked", cpu);
			return FERRY_E_BUG;
		}
	return c->rc;
}

int roll_back(uint32_t cpu)
{
	return call_on(S.on, (struct call){ .run = call_roll_back, .n = cpu });
}

int dry_run(uint32_t cpu, struct ferry_dry_run *sum, struct ferry_blocker *list, uint32_t n)
{
	static uint64_t memory[1024];

	return ferry_cpu_dry_run(S.f, cpu, memory, sizeof(memory), sum, list, n);
}

int offline(uint32_t cpu, enum style style)
{
	uint32_t left;
	int rc = leave(cpu);

	for (int n = 0; rc == FERRY_OK && n < 16; n++) {
		rc = leave_step(cpu, &left);
		if (rc == FERRY_OK && (style == AT_ONCE || !left)) {
			rc = commit(cpu);
			if (rc == FERRY_OK)
				return rc;
		}
		if (rc != FERRY_OK && rc != FERRY_E_AGAIN)
			return rc;
		/* A host that commits at once keeps interrupts off as far as it can. */
		if (style == AT_ONCE && n < 6)
			run_others(cpu);
		else
			run_quiet();
		pass_bound();
		rc = FERRY_OK;
	}
	return rc == FERRY_OK ? FERRY_E_AGAIN : rc;
}

int online(uint32_t cpu)
{
	cpu_unpark(S.m, cpu);
	check(finish(cpu), "CPU %u does not come up", cpu);
	return S.entered[cpu];
}

int enter_again(uint32_t cpu)
{
	return call_on(cpu, (struct call){ .run = call_enter });
}

/* clang-format off */

/* ---- hardware ----------------------------------------------------------- */

void fire(uint32_t src) { perform(label_of(L_FIRE, src, 0)); }

/* The oldest message of a source in a stage, or the newest; index + 1. */
static uint32_t message(uint32_t src, uint8_t stage, bool newest)
{
	uint32_t found = 0, i = S.m->device[S.m->source[src].device].head;

	for (; i; i = S.m->flight[i - 1].next)
		if (S.m->flight[i - 1].src == src && S.m->flight[i - 1].stage == stage) {
			found = i;
			if (!newest)
				break;
		}
	return found;
}

bool reach(uint32_t src)
{
	uint32_t i = message(src, 1, false);

	return i && perform_if(L_REACH, i - 1);
}

bool accept(uint32_t src)
{
	uint32_t i = message(src, 2, false);

	return i && perform_if(L_ACCEPT, i - 1);
}

bool accept_newest(uint32_t src)
{
	uint32_t i = message(src, 2, true);

	return i && perform_if(L_ACCEPT, i - 1);
}

bool accept_on(uint32_t src, uint32_t cpu)
{
	uint32_t i = message(src, 2, false);

	if (!i || !device_may_accept(S.m, i - 1))
		return false;
	perform(label_of(L_ACCEPT, i - 1, cpu + 1));
	return true;
}

bool land(uint32_t src) { return perform_if(L_WRITE, S.m->source[src].device); }

void arrive(uint32_t src)
{
	while (reach(src) || accept(src))
		;
	check(!message(src, 1, false) && !message(src, 2, false),
	      "a message of source %u is held up by another", src);
}

void raise_irq(uint32_t src)
{
	fire(src);
	arrive(src);
}

static uint32_t flight_of(uint8_t kind, uint32_t cpu)
{
	for (uint32_t i = 0; i < S.m->flights_used; i++)
		if (S.m->flight[i].kind == kind &&
		    (kind != FLIGHT_IPI || S.m->flight[i].cpu == cpu))
			return i + 1;
	return 0;
}

bool ipi_flying(uint32_t cpu) { return flight_of(FLIGHT_IPI, cpu) != 0; }

bool ipi(uint32_t cpu)
{
	uint32_t i, n = 0;

	for (; (i = flight_of(FLIGHT_IPI, cpu)) != 0; n++)
		perform(label_of(L_IPI, i - 1, 0));
	return n > 0;
}

bool eoi(void)
{
	uint32_t i = flight_of(FLIGHT_EOI, 0);

	if (i)
		perform(label_of(L_EOI, i - 1, 0));
	return i != 0;
}

void stray(uint32_t cpu, uint8_t vector)
{
	struct flight f = { .kind = FLIGHT_IPI, .cpu = cpu, .vector = vector, .time = NEVER };

	lapic_accept(S.m, cpu, &f);
}

bool take_begin(uint32_t cpu) { return perform_if(L_TAKE, cpu); }

bool finish_frame(uint32_t cpu)
{
	struct sim_cpu *c = &S.m->cpu[cpu];
	uint8_t depth = c->depth;

	while (c->depth >= depth)
		if (!step(cpu))
			return false;
	return true;
}

bool take(uint32_t cpu)
{
	/* It may be over within the label: nothing to do needs no host call. */
	uint8_t depth = S.m->cpu[cpu].depth;

	if (!take_begin(cpu))
		return false;
	return S.m->cpu[cpu].depth == depth || finish_frame(cpu);
}

bool in_handler(uint32_t cpu) { return S.m->cpu[cpu].depth && S.m->cpu[cpu].state == CPU_SLEEP; }

bool take_into_handler(uint32_t cpu)
{
	if (!take_begin(cpu))
		return false;
	while (!in_handler(cpu) && S.m->cpu[cpu].depth)
		if (!step(cpu))
			return false;
	return in_handler(cpu);
}

void pass(uint64_t ns)
{
	S.m->now += ns;
	if (S.m->poll_at != NEVER && S.m->poll_at <= S.m->now) {
		perform(label_of(L_POLL, 0, 0));
		poll_now();
	}
}

void pass_bound(void)
{
	for (uint32_t i = 0; i < S.m->flights_used; i++)
		check(S.m->flight[i].kind != FLIGHT_MESSAGE,
		      "the bound passes with a message of source %u in flight", S.m->flight[i].src);
	pass(DRAIN_NS + 1);
}

/* One enabled label of those allowed, in turn; false if there is none. */
static bool run_one(uint32_t cpu)
{
	label list[256], allowed[256];
	uint32_t n = labels(list, 256), m = 0;

	for (uint32_t i = 0; i < n; i++)
		if (label_kind(list[i]) != L_POLL &&
		    !(label_kind(list[i]) == L_TAKE && label_a(list[i]) == cpu))
			allowed[m++] = list[i];
	if (m)
		perform(allowed[turn++ % m]);
	return m != 0;
}

void run_others(uint32_t cpu)
{
	int n = 0;

	while (n < PATIENCE && run_one(cpu))
		n++;
	check(n < PATIENCE, "the machine does not come to rest");
}

void run_quiet(void) { run_others(NONE); }

void rest_of_move(void)
{
	for (int n = 0; n < 2; n++) {
		run_quiet();
		for (uint32_t i = 0; i < S.sources; i++)
			if (S.m->source[i].irq != NONE && !S.m->source[i].dead)
				(void)settle(i);
		pass_bound();
	}
	run_quiet();
}

void runs_on(uint32_t src, uint32_t cpu)
{
	uint32_t before = S.starts[src];

	raise_irq(src);
	run_quiet();
	check_eq(S.starts[src], before + 1, "starts");
	check_eq(S.ran_on[src], cpu, "CPU of the start");
}

/* clang-format on */

/* ---- what is seen ------------------------------------------------------- */

struct view {
	struct ferry_affinity a;
	uint64_t requested, effective, old;
};

static struct view view(uint32_t src)
{
	struct view v = { .requested = 0 };
	int rc;

	machine_look(S.m);
	rc = ferry_irq_affinity(S.f, S.m->source[src].irq, &v.a, &v.requested, &v.effective,
				&v.old);
	check(machine_looked(S.m), "source %u is looked at under its lock", src);
	check(rc == FERRY_OK, "affinity of source %u returned %d", src, rc);
	return v;
}

/* clang-format off */
struct ferry_affinity look(uint32_t src) { return view(src).a; }
uint64_t place(uint32_t src) { return view(src).effective; }
uint64_t requested(uint32_t src) { return view(src).requested; }
uint64_t old_place(uint32_t src) { return view(src).old; }
enum ferry_state state(uint32_t src) { return view(src).a.state; }
uint8_t vector_of(uint32_t src) { return (uint8_t)view(src).a.vector; }
/* clang-format on */

static void vectors(uint32_t cpu, uint32_t *used_, uint32_t *free_)
{
	machine_look(S.m);
	ferry_x86_vectors(S.f, cpu, used_, free_);
	check(machine_looked(S.m), "the vectors of CPU %u are looked at under its lock", cpu);
}

uint32_t used(uint32_t cpu)
{
	uint32_t used_, free_;

	vectors(cpu, &used_, &free_);
	return used_;
}

uint32_t free_vectors(uint32_t cpu)
{
	uint32_t used_, free_;

	vectors(cpu, &used_, &free_);
	return free_;
}

bool pending(uint32_t cpu, uint8_t vector)
{
	return S.m->cpu[cpu].irr[vector >> 6] >> (vector & 63) & 1;
}

bool in_service(uint32_t cpu)
{
	const uint64_t *isr = S.m->cpu[cpu].isr;

	return (isr[0] | isr[1] | isr[2] | isr[3]) != 0;
}
