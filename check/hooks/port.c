// SPDX-License-Identifier: MIT
/*
 * port.c: around each call of the host (the linker's --wrap), and around each entry of
 * the library: who holds which lock, and what is ordered by what. A wrapper looks after
 * the call: between what the simulator did and the wrapper nothing else can run.
 *
 * What orders (host.h): unlock to lock; a store to the loads of what it stored; each
 * read-modify-write with all accesses of its cell; an IPI to the doorbell it rings;
 * the host's hotplug lock; that a vCPU is put before another CPU loads it.
 * Devices order nothing.
 */
#include <irqferry/plan.h>
#include "check/guest.h"
#include "hooks.h"

/* ---- vector clocks ------------------------------------------------------- */

static void join(struct hooks_clock *c, const struct hooks_clock *other)
{
	uint32_t i;

	for (i = 0; i < SCENARIO_CPUS; i++)
		if (other->at[i] > c->at[i])
			c->at[i] = other->at[i];
}

/* What the CPU does from now on is not known by who knows its clock. */
static void tick(uint32_t cpu)
{
	hooks.cpu[cpu].clock.at[cpu]++;
}

/* Stores that have left the store buffers are visible. */
static void flush(void)
{
	uint32_t i, k;

	for (i = 0; i < hooks.m->config.cpus; i++) {
		struct hooks_cpu *c = &hooks.cpu[i];

		for (; c->stores > hooks.m->cpu[i].nstores; c->stores--) {
			hooks.word[c->store[0].word].sync = c->store[0].clock;
			for (k = 1; k < c->stores; k++)
				c->store[k - 1] = c->store[k];
		}
	}
}

static void release(uint32_t cpu, const struct hooks_word *w)
{
	struct hooks_cpu *c = &hooks.cpu[cpu];

	if (c->stores <= STORES)
		c->store[c->stores++] =
			(struct hooks_store){ (uint16_t)(w - hooks.word), c->clock };
	flush();
	tick(cpu);
}

/* Its own store, which the others don't see yet, is what a CPU loads. */
static void acquire(uint32_t cpu, const struct hooks_word *w)
{
	struct hooks_cpu *c = &hooks.cpu[cpu];
	uint32_t i;

	flush();
	for (i = 0; i < c->stores; i++)
		if (&hooks.word[c->store[i].word] == w)
			return;
	join(&c->clock, &w->sync);
}

void hooks_schedule_begins(void)
{
	struct hooks_clock all = { { 0 } };
	uint32_t i, w;

	for (i = 0; i < SCENARIO_CPUS; i++)
		join(&all, &hooks.cpu[i].clock);
	for (i = 0; i < SCENARIO_CPUS; i++) {
		hooks.cpu[i] = (struct hooks_cpu){ .clock = all };
		tick(i);
	}
	for (w = 0; w < hooks.size / 4; w++)
		hooks.word[w].owner = 0;
	hooks.began = ++hooks.sequence;
}

/* ---- the library is made ------------------------------------------------- */

int __real_ferry_x86_init(const struct ferry_x86_config *config, void *memory, size_t size,
			  struct ferry **f);
int __wrap_ferry_x86_init(const struct ferry_x86_config *config, void *memory, size_t size,
			  struct ferry **f);

static void done(void *ctx, uint32_t irq, uint32_t generation)
{
	(void)ctx;
	(void)irq;
	(void)generation;
}

/* `object`: what an init function has made. */
typedef struct ferry_guard guard_fn(const void *object, const void *address);

static struct ferry_guard x86_guard(const void *f, const void *address)
{
	return ferry_x86_guard(f, address);
}

static struct ferry_guard gic_guard(const void *f, const void *address)
{
	return ferry_gic_guard(f, address);
}

static struct ferry_guard vgic_guard(const void *g, const void *address)
{
	return ferry_vgic_guard(g, address);
}

static void read_guards(const void *object, guard_fn *guard)
{
	size_t n;

	for (n = 0; n < hooks.size / 4; n++) {
		struct ferry_guard g = guard(object, hooks.memory + 4 * n);
		size_t lock = (size_t)((const char *)g.lock - hooks.memory) / 4;

		hooks.word[n] = (struct hooks_word){
			.kind = (uint8_t)g.kind,
			.lock = (uint16_t)(g.lock ? lock : HOOKS_NO_LOCK),
		};
	}
}

static struct ferry_counters counters[SCENARIO_CPUS];

/* What the checker has no use for, so that the library uses it. */
static void add_to(struct ferry_config *core)
{
	core->counters = counters;
	core->done = done;
}

static void made(const void *object, guard_fn *guard, void *memory, size_t size, void *m)
{
	if (size / 4 >= HOOKS_NO_LOCK)
		return;
	hooks.memory = memory;
	hooks.size = size;
	hooks.counters = counters;
	read_guards(object, guard);
	hooks.m = m;
	hooks_schedule_begins();
}

int __wrap_ferry_x86_init(const struct ferry_x86_config *config, void *memory, size_t size,
			  struct ferry **f)
{
	struct ferry_x86_config c = *config;
	int rc;

	add_to(&c.core);
	rc = __real_ferry_x86_init(&c, memory, size, f);
	if (rc == FERRY_OK)
		made(*f, x86_guard, memory, size, c.core.ctx);
	return rc;
}

int __real_ferry_gic_init(const struct ferry_gic_config *config, void *memory, size_t size,
			  struct ferry **f);
int __wrap_ferry_gic_init(const struct ferry_gic_config *config, void *memory, size_t size,
			  struct ferry **f);

int __wrap_ferry_gic_init(const struct ferry_gic_config *config, void *memory, size_t size,
			  struct ferry **f)
{
	struct ferry_gic_config c = *config;
	int rc;

	add_to(&c.core);
	rc = __real_ferry_gic_init(&c, memory, size, f);
	if (rc == FERRY_OK)
		made(*f, gic_guard, memory, size, c.core.ctx);
	return rc;
}

int __real_ferry_vgic_init(const struct ferry_vgic_config *config, void *memory, size_t size,
			   struct ferry_vgic **g);
int __wrap_ferry_vgic_init(const struct ferry_vgic_config *config, void *memory, size_t size,
			   struct ferry_vgic **g);

int __wrap_ferry_vgic_init(const struct ferry_vgic_config *config, void *memory, size_t size,
			   struct ferry_vgic **g)
{
	int rc = __real_ferry_vgic_init(config, memory, size, g);

	if (rc == FERRY_OK)
		made(*g, vgic_guard, memory, size, config->ctx);
	return rc;
}

void hooks_off(void)
{
	hooks.m = NULL;
	hooks.size = 0;
}

void __real_machine_look(struct machine *m);
void __wrap_machine_look(struct machine *m);
bool __real_machine_looked(struct machine *m);
bool __wrap_machine_looked(struct machine *m);

void __wrap_machine_look(struct machine *m)
{
	hooks.looking = true;
	__real_machine_look(m);
}

bool __wrap_machine_looked(struct machine *m)
{
	hooks.looking = false;
	return __real_machine_looked(m);
}

/* ---- locks --------------------------------------------------------------- */

#define CODE ((const char *)__builtin_return_address(0))

/* The CPU that has called the host for this word; NONE: nobody's that counts. */
static uint32_t caller(const void *address, struct hooks_word **w)
{
	uint32_t cpu = hooks_running();

	*w = hooks.m ? hooks_word_at(address) : NULL;
	return *w && hooks.m->current != NONE ? cpu : NONE;
}

void __real_ferry_host_lock(void *ctx, ferry_lock *lock);
void __wrap_ferry_host_lock(void *ctx, ferry_lock *lock);
void __real_ferry_host_unlock(void *ctx, ferry_lock *lock);
void __wrap_ferry_host_unlock(void *ctx, ferry_lock *lock);

void __wrap_ferry_host_lock(void *ctx, ferry_lock *lock)
{
	struct hooks_word *w;
	uint32_t cpu;

	__real_ferry_host_lock(ctx, lock);
	cpu = caller(lock, &w);
	if (w && hooks.looking && hooks.m->current != NONE)
		hooks_owe(MISTAKE_LOOK, hooks.m->current, w, CODE);
	/* A look takes no lock: perhaps its CPU has it. */
	if (cpu == NONE || hooks.m->quiet)
		return;
	if (w->kind != FERRY_GUARD_LOCK)
		mistake(MISTAKE_PORT, cpu, lock, CODE, NULL);
	acquire(cpu, w);
	w->owner = (uint8_t)(cpu + 1);
	w->since = hooks.step;
	hooks.cpu[cpu].told[hooks.m->cpu[cpu].depth] = ++hooks.sequence;
}

void __wrap_ferry_host_unlock(void *ctx, ferry_lock *lock)
{
	struct hooks_word *w;
	uint32_t cpu;

	__real_ferry_host_unlock(ctx, lock);
	cpu = caller(lock, &w);
	if (cpu == NONE || hooks.m->quiet)
		return;
	w->owner = 0;
	release(cpu, w);
}

/* ---- atomics ------------------------------------------------------------- */

static void check_cell(uint32_t cpu, const ferry_atomic *cell, const struct hooks_word *w,
		       bool write, const char *code)
{
	if (w->kind != FERRY_GUARD_FREE &&
	    (w->kind != FERRY_GUARD_CELL || (write && !hooks_holds(cpu, w))))
		mistake(MISTAKE_PORT, cpu, cell, code, NULL);
}

static void loaded(const ferry_atomic *cell, const char *code)
{
	struct hooks_word *w;
	uint32_t cpu = caller(cell, &w);

	if (cpu == NONE)
		return;
	check_cell(cpu, cell, w, false, code);
	acquire(cpu, w);
}

static void stored(const ferry_atomic *cell, const char *code)
{
	struct hooks_word *w;
	uint32_t cpu = caller(cell, &w);

	if (cpu == NONE)
		return;
	check_cell(cpu, cell, w, true, code);
	release(cpu, w);
}

static void modified(const ferry_atomic *cell, const char *code)
{
	struct hooks_word *w;
	uint32_t cpu = caller(cell, &w);

	if (cpu == NONE)
		return;
	check_cell(cpu, cell, w, true, code);
	acquire(cpu, w);
	release(cpu, w);
}

uint32_t __real_ferry_host_load(void *ctx, const ferry_atomic *cell);
uint32_t __wrap_ferry_host_load(void *ctx, const ferry_atomic *cell);
void __real_ferry_host_store(void *ctx, ferry_atomic *cell, uint32_t value);
void __wrap_ferry_host_store(void *ctx, ferry_atomic *cell, uint32_t value);
bool __real_ferry_host_cas(void *ctx, ferry_atomic *cell, uint32_t expected, uint32_t value);
bool __wrap_ferry_host_cas(void *ctx, ferry_atomic *cell, uint32_t expected, uint32_t value);

uint32_t __wrap_ferry_host_load(void *ctx, const ferry_atomic *cell)
{
	uint32_t value = __real_ferry_host_load(ctx, cell);

	loaded(cell, CODE);
	return value;
}

void __wrap_ferry_host_store(void *ctx, ferry_atomic *cell, uint32_t value)
{
	__real_ferry_host_store(ctx, cell, value);
	stored(cell, CODE);
}

bool __wrap_ferry_host_cas(void *ctx, ferry_atomic *cell, uint32_t expected, uint32_t value)
{
	bool done = __real_ferry_host_cas(ctx, cell, expected, value);

	if (done)
		modified(cell, CODE);
	else
		loaded(cell, CODE);
	return done;
}

#define MODIFY(name) \
	uint32_t __real_ferry_host_##name(void *ctx, ferry_atomic *cell, uint32_t value); \
	uint32_t __wrap_ferry_host_##name(void *ctx, ferry_atomic *cell, uint32_t value); \
	uint32_t __wrap_ferry_host_##name(void *ctx, ferry_atomic *cell, uint32_t value) \
	{ \
		uint32_t old = __real_ferry_host_##name(ctx, cell, value); \
\
		modified(cell, CODE); \
		return old; \
	}

MODIFY(xchg)
MODIFY(add)
MODIFY(or)
MODIFY(and)

/* ---- doorbells ----------------------------------------------------------- */

void __real_ferry_host_ipi(void *ctx, uint32_t cpu, uint8_t vector);
void __wrap_ferry_host_ipi(void *ctx, uint32_t cpu, uint8_t vector);

void __wrap_ferry_host_ipi(void *ctx, uint32_t cpu, uint8_t vector)
{
	uint32_t sender = hooks_running();

	__real_ferry_host_ipi(ctx, cpu, vector);
	if (sender == NONE)
		return;
	flush();
	join(&hooks.cpu[cpu].rung, &hooks.cpu[sender].clock);
	tick(sender);
}

/* ---- entries ------------------------------------------------------------- */

/* The code that begins here knows nothing yet. */
static void begins(struct machine *m, uint32_t cpu)
{
	hooks.cpu[cpu].told[m->cpu[cpu].depth] = 0;
}

/* What a host calls to know, or to tell its user; at the end of an interrupt. */
static void inspect(struct machine *m)
{
	uint64_t requested, effective, old;
	struct ferry_affinity a;
	uint32_t irq, cpu, x, y;
	char text[200];

	if (!hooks.inspect)
		return;
	for (irq = 0; irq < m->config.sources; irq++) {
		(void)ferry_irq_affinity(m->ferry, irq, &a, &requested, &effective, &old);
		(void)ferry_irq_describe(m->ferry, irq, text, sizeof(text));
	}
	for (cpu = 0; cpu < m->config.cpus; cpu++) {
		(void)ferry_cpu_describe(m->ferry, cpu, text, sizeof(text));
		if (m->gic) {
			(void)ferry_gic_irq(m->ferry, m->source[0].intid);
			continue;
		}
		(void)ferry_x86_owner(m->ferry, cpu, WORLD_DOORBELL + 1, &x);
		ferry_x86_vectors(m->ferry, cpu, &x, &y);
	}
}

static const struct subject *real(const struct machine *m)
{
	return m->gic ? subject_library.arm : &subject_library;
}

/* What a guest may read, of which scenarios have nothing: of interrupt 32 .. 63, of its own. */
static void read_registers(struct machine *m, uint32_t vcpu)
{
	static const struct ferry_vgic_access read[] = {
		{ FERRY_GICD, 4, false, 0x000, 0 },   { FERRY_GICD, 4, false, 0x004, 0 },
		{ FERRY_GICD, 4, false, 0x084, 0 },   { FERRY_GICD, 4, false, 0x104, 0 },
		{ FERRY_GICD, 4, false, 0x204, 0 },   { FERRY_GICD, 4, false, 0x304, 0 },
		{ FERRY_GICD, 4, false, 0x420, 0 },   { FERRY_GICD, 4, false, 0x820, 0 },
		{ FERRY_GICD, 4, false, 0xc08, 0 },   { FERRY_GICD, 4, false, 0x200, 0 },
		{ FERRY_GICD, 1, false, 0xf15, 0 },   { FERRY_GICD, 8, false, 0x6108, 0 },
		{ FERRY_GICR, 8, false, 0x8, 0 },     { FERRY_GICR, 4, false, 0x10200, 0 },
		{ FERRY_GICR, 4, false, 0x10300, 0 },
	};
	size_t n;

	for (n = 0; n < sizeof(read) / sizeof(*read); n++) {
		struct ferry_vgic_access a = read[n];
		int rc = ferry_vgic_access(vgic_of(m), vcpu, &a);

		(void)guest_returned(m, 91, rc);
	}
}

void __real_guest_trapped(struct machine *m, uint32_t cpu, uint32_t vcpu, const struct op *op,
			  const struct virt_trap *t);
void __wrap_guest_trapped(struct machine *m, uint32_t cpu, uint32_t vcpu, const struct op *op,
			  const struct virt_trap *t);

void __wrap_guest_trapped(struct machine *m, uint32_t cpu, uint32_t vcpu, const struct op *op,
			  const struct virt_trap *t)
{
	__real_guest_trapped(m, cpu, vcpu, op, t);
	if (hooks.inspect)
		read_registers(m, vcpu);
}

/* A vCPU goes from thread to thread. */
static void take_vcpu(uint32_t vcpu)
{
	uint32_t cpu = hooks_running();

	if (cpu != NONE)
		join(&hooks.cpu[cpu].clock, &hooks.vcpu[vcpu]);
}

static void give_vcpu(uint32_t vcpu)
{
	uint32_t cpu = hooks_running();

	if (cpu == NONE)
		return;
	join(&hooks.vcpu[vcpu], &hooks.cpu[cpu].clock);
	tick(cpu);
}

void __real_ferry_vcpu_load(struct ferry_vgic *g, uint32_t vcpu, uint32_t cpu);
void __wrap_ferry_vcpu_load(struct ferry_vgic *g, uint32_t vcpu, uint32_t cpu);
void __real_ferry_vcpu_put(struct ferry_vgic *g, uint32_t vcpu);
void __wrap_ferry_vcpu_put(struct ferry_vgic *g, uint32_t vcpu);

void __wrap_ferry_vcpu_load(struct ferry_vgic *g, uint32_t vcpu, uint32_t cpu)
{
	take_vcpu(vcpu);
	__real_ferry_vcpu_load(g, vcpu, cpu);
}

void __wrap_ferry_vcpu_put(struct ferry_vgic *g, uint32_t vcpu)
{
	__real_ferry_vcpu_put(g, vcpu);
	give_vcpu(vcpu);
}

/* The threads of a guest's host call the library themselves; nothing there is published. */
static int guest_interrupt(struct machine *m, uint32_t cpu, uint8_t vector)
{
	const struct scenario *s = world_of(m)->s;
	struct ferry_virq_info info;
	uint32_t irq, vcpu;
	int status;

	begins(m, cpu);
	status = subject_library.guest->interrupt(m, cpu, vector);
	for (irq = 0; hooks.inspect && irq < s->nirqs; irq++)
		for (vcpu = 0; vcpu < s->guest.vcpus; vcpu++)
			if (ferry_vgic_look(vgic_of(m), vcpu, world_guest_intid(s, irq), &info))
				return status;
	return status;
}

static int interrupt(struct machine *m, uint32_t cpu, uint8_t vector)
{
	int status;

	begins(m, cpu);
	status = real(m)->interrupt(m, cpu, vector);
	inspect(m);
	return status;
}

static void doorbell(struct machine *m, uint32_t cpu)
{
	begins(m, cpu);
	join(&hooks.cpu[cpu].clock, &hooks.cpu[cpu].rung);
	subject_library.doorbell(m, cpu);
	inspect(m);
}

/* Scenarios know no mask bit of a remapped source: half of the worlds have it. */
static int create(struct machine *m, uint32_t src, uint64_t cpus, uint32_t *irq)
{
	begins(m, m->current);
	if (m->source[src].kind == FERRY_X86_REMAPPED && m->config.yield_all)
		m->source[src].flags |= FERRY_SOURCE_MASKABLE;
	return real(m)->create(m, src, cpus, irq);
}

static void poll(struct machine *m)
{
	begins(m, m->current);
	subject_library.poll(m);
}

/* An operation of a thread. */
#define ENTRY(name, parameters, ...) \
	static int name parameters \
	{ \
		begins(m, m->current); \
		return subject_library.name(m, __VA_ARGS__); \
	}

ENTRY(free_, (struct machine * m, uint32_t src, bool quiet), src, quiet)
ENTRY(move, (struct machine * m, uint32_t src, uint64_t cpus), src, cpus)
ENTRY(mask, (struct machine * m, uint32_t src, bool masked), src, masked)
ENTRY(enable, (struct machine * m, uint32_t src, bool enabled), src, enabled)
ENTRY(settle, (struct machine * m, uint32_t src), src)

/* With the host's hotplug lock held. */
static int leave_planned(struct machine *m, uint32_t cpu)
{
	struct ferry_blocker list[SCENARIO_IRQS];
	uint64_t memory[700]; /* on the stack: this CPU's own */
	struct ferry_dry_run sum;

	if (hooks.inspect)
		(void)ferry_cpu_dry_run(m->ferry, cpu, memory, sizeof(memory), &sum, list,
					SCENARIO_IRQS);
	return subject_library.leave(m, cpu);
}

static void take_hotplug(struct machine *m)
{
	begins(m, m->current);
	join(&hooks.cpu[m->current].clock, &hooks.hotplug);
}

static void give_hotplug(struct machine *m)
{
	join(&hooks.hotplug, &hooks.cpu[m->current].clock);
	tick(m->current);
}

#define HOTPLUG(name, function, parameters, ...) \
	static int name parameters \
	{ \
		int rc; \
\
		take_hotplug(m); \
		rc = function(m, __VA_ARGS__); \
		give_hotplug(m); \
		return rc; \
	}

HOTPLUG(online, subject_library.online, (struct machine * m, uint32_t cpu), cpu)
HOTPLUG(leave, leave_planned, (struct machine * m, uint32_t cpu), cpu)
HOTPLUG(step, subject_library.step, (struct machine * m, uint32_t cpu, uint32_t *left), cpu, left)
HOTPLUG(commit, subject_library.commit, (struct machine * m, uint32_t cpu), cpu)
HOTPLUG(roll_back, subject_library.roll_back, (struct machine * m, uint32_t cpu), cpu)

/* Told to the hooks. */
static struct subject told(struct subject s)
{
	s.interrupt = interrupt;
	s.doorbell = doorbell;
	s.poll = poll;
	s.create = create;
	s.free_ = free_;
	s.move = move;
	s.mask = mask;
	s.enable = enable;
	s.settle = settle;
	s.online = online;
	s.leave = leave;
	s.step = step;
	s.commit = commit;
	s.roll_back = roll_back;
	return s;
}

struct subject hooks_subject(void)
{
	static struct subject arm, guest;
	struct subject s = told(subject_library);

	arm = told(*subject_library.arm);
	s.arm = &arm;
	guest = *subject_library.guest;
	guest.interrupt = guest_interrupt;
	s.guest = &guest;
	return s;
}
