// SPDX-License-Identifier: MIT
/*
 * vgic.c: a fuzz target: everything that a guest, devices and a host that keeps the contract
 * can do with a virtual GIC, in any order. LLVMFuzzerTestOneInput() is what libFuzzer, AFL++
 * and replay.c call. Eight bytes are a configuration; then each four are one operation: which,
 * vCPU or slot, interrupt, value. An operation whose top bit is set has the next one happen on
 * another CPU in the middle of it. Fields are taken modulo what there is, so that each byte
 * means something. What must hold is in vgic_check.c, vgic_wrap.c and the fake host.
 */
#include "fuzz/vgic_fuzz.h"
#include <stdio.h>
#include <string.h>

#ifdef __SANITIZE_ADDRESS__
#define POISONS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define POISONS 1
#endif
#endif
#ifdef POISONS
#include <sanitizer/asan_interface.h>
#endif

#define MOST_OPS 256u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

bool fuzz_says, fuzz_replays;
static struct ferry_mpidr mpidrs[FAKE_VCPUS];

static struct input {
	const uint8_t *at, *end;
} in;

struct op {
	uint8_t what, a, b, c;
};

static struct op next_op(void)
{
	struct op op = { 0, 0, 0, 0 };
	uint8_t *to = &op.what;

	for (uint32_t n = 0; n < 4 && in.at < in.end; n++)
		to[n] = *in.at++;
	return op;
}

static uint64_t next_bytes(uint32_t n)
{
	uint64_t value = 0;

	while (n-- && in.at < in.end)
		value = value << 8 | *in.at++;
	return value;
}

/* For who replays an input: what it does. */
static void say(const char *when, const char *what, struct op op)
{
	if (fuzz_says)
		printf("#%s %s vCPU %u, %u, 0x%02x 0x%02x 0x%02x\n", when, what,
		       op.a % world.config.vcpus,
		       op.b & 0x80 ? 32u + (op.b & 0x7f) : world.favourite[op.b % FAVOURITES], op.a,
		       op.b, op.c);
}

/* ---- the configuration ---------------------------- */

static void configure_residents(uint8_t bits)
{
	static const uint8_t timer_scheme[] = { FERRY_RESIDENT_SWITCHED, FERRY_RESIDENT_FIXED,
						FERRY_RESIDENT_INJECTED, FERRY_RESIDENT_SWITCHED };
	uint8_t edge = bits >> 5 & 1, vcpu = (bits >> 6) % (uint8_t)world.config.vcpus;

	world.resident[0] = (struct ferry_resident){
		.intid = V_TIMER,
		.phys = TIMER_PPI,
		.scheme = timer_scheme[bits >> 2 & 3],
		.timer = 1,
		.vcpu = vcpu,
		.edge = edge,
	};
	world.resident[1] = (struct ferry_resident){
		.intid = V_DEVICE,
		.phys = DEVICE_PPI,
		.scheme = bits >> 4 & 1 ? FERRY_RESIDENT_FIXED : FERRY_RESIDENT_SWITCHED,
		.vcpu = vcpu,
		.edge = edge,
	};
	world.config.nresident = bits % 3;
	world.config.resident = world.resident;
	world.config.residents = bits % 3 ? &ferry_residents : NULL;
}

static void name_vcpus(uint32_t cluster)
{
	for (uint32_t n = 0; n < FAKE_VCPUS; n++)
		mpidrs[n].value = n / cluster << 8 | n % cluster;
}

static void configure(const uint8_t h[8])
{
	static const uint32_t vcpus[] = { 3, 1, 2, 4, 8, 2, 4, 3, 64, 5, 2, 3, 4, 17, 3, 2 };
	static const uint32_t spis[] = { 96, 32, 64, 988, 96, 160, 0, 32 };
	static const uint32_t espis[] = { 0, 32, 64, 0, 32, 0, 0, 1024 };
	static const uint8_t aprs[] = { 1, 0, 2, 4 };
	bool v2 = h[0] % 3, gich = h[0] % 3 == 1;
	struct ferry_vgic_config *k = &world.config;

	name_vcpus(h[1] & 0x10 ? 16 : 1 + (h[1] >> 5));
	*k = (struct ferry_vgic_config){ .ctx = &fake,
					 .variant = v2 ? &ferry_vgicv2 : &ferry_vgicv3,
					 .hardware = gich ? &ferry_gich : &ferry_ich,
					 .lrs = h[3] % 16 + 1,
					 .vcpus = vcpus[h[1] % 16],
					 .mpidrs = v2 ? NULL : mpidrs,
					 .spis = spis[h[2] % 8],
					 .espis = v2 ? 0 : espis[h[2] >> 3 & 7],
					 .strategy = h[0] >> 2 & 3,
					 .flags = h[0] & 0x10 ? FERRY_VGIC_ASK : 0,
					 .aprs = gich ? 1 : aprs[h[3] >> 4 & 3] };
	if (v2 && k->vcpus > 8)
		k->vcpus = 8;
	k->strategy %= 3;
	configure_residents(h[4]);
}

static void choose_favourites(void)
{
	const struct ferry_vgic_config *k = &world.config;
	const uint32_t all[FAVOURITES] = { 32,
					   33,
					   34,
					   40,
					   31 + k->spis,
					   4096,
					   4097,
					   4095 + k->espis,
					   0,
					   15,
					   16,
					   V_TIMER,
					   V_DEVICE,
					   k->spis > 32 ? 70 : 39,
					   32 + k->spis,
					   1020 };

	memcpy(world.favourite, all, sizeof(all));
}

/* Beyond the guest's memory nothing may be touched; the fake host's block is larger. */
static void guard_memory(bool on)
{
#ifdef POISONS
	static void *edge;

	if (on)
		edge = (char *)fake.g + ferry_vgic_size(&world.config);
	if (on)
		__asan_poison_memory_region(edge, 4096);
	else if (edge)
		__asan_unpoison_memory_region(edge, 4096);
#else
	(void)on;
#endif
}

static void start(const uint8_t h[8])
{
	wrap_reset();
	bystander_init();
	memset(&world, 0, sizeof(world));
	configure(h);
	choose_favourites();
	guard_memory(false);
	fake_guest(&world.config);
	fake.wrongs = 0;
	guard_memory(true);
	timers_reset(h[4] >> 5 & 1);
	ferry_vgic_timer_offset(fake.g, h[6] & 1 ? 0xffffffffffffff00u : 0);
	for (uint32_t n = 0; n < SLOTS; n++) {
		world.slot[n].intid = FERRY_NONE;
		world.slot[n].phys = (n > 5 && !fake.gich ? 4096 : 100) + n;
	}
}

/* ---- one byte, one thing ---------------------------- */

static uint32_t vcpu_of(uint8_t a)
{
	return a % world.config.vcpus;
}

static uint32_t intid_of(uint8_t b)
{
	return b & 0x80 ? 32u + (b & 0x7f) : world.favourite[b % FAVOURITES];
}

static bool in_guest(uint32_t vcpu)
{
	uint32_t cpu = fake.vcpu[vcpu].cpu;

	return cpu != FERRY_NONE && fake.cpu[cpu].guest;
}

/* In the middle of an operation its vCPU, and the CPU of that, have no time for another. */
static bool in_middle;
static uint32_t whose;

static bool is_busy(uint32_t cpu)
{
	return busy_cpus() >> cpu & 1 || (in_middle && fake.vcpu[whose].cpu == cpu);
}

/* Its thread may make calls: it has a CPU, and that is in no other call. */
static bool can_trap(uint32_t vcpu)
{
	uint32_t cpu = fake.vcpu[vcpu].cpu;

	return cpu != FERRY_NONE && world.on[vcpu] && !fake.vcpu[vcpu].blocked && !is_busy(cpu);
}

/* ---- vCPUs ---------------------------- */

static void load_on(uint32_t vcpu, uint32_t cpu)
{
	if (is_fixed(vcpu))
		cpu = vcpu % CPUS;
	if (!world.on[vcpu] || fake.vcpu[vcpu].cpu != FERRY_NONE ||
	    fake.cpu[cpu].vcpu != FERRY_NONE)
		return;
	wakes(vcpu);
	world.gone &= ~(1u << cpu);
	fake_load(vcpu, cpu);
}

static void op_load(struct op op)
{
	load_on(vcpu_of(op.a), op.c % CPUS);
}

static void op_enter(struct op op)
{
	uint32_t vcpu = vcpu_of(op.a);

	if (can_trap(vcpu) && !in_guest(vcpu))
		fake_enter_once(vcpu);
}

static void op_run(struct op op)
{
	uint32_t vcpu = vcpu_of(op.a);

	powers(vcpu, true);
	load_on(vcpu, op.c % CPUS);
	if (fake.vcpu[vcpu].cpu == FERRY_NONE)
		return;
	wakes(vcpu);
	if (!in_guest(vcpu))
		fake_enter(vcpu);
	world.rude = world.rude || (op.b & 3) == 3;
	if (op.b & 1)
		guest_interface(fake.vcpu[vcpu].cpu, 0xff, op.b & 2, 3);
}

static void op_leave(struct op op)
{
	uint32_t vcpu = vcpu_of(op.a);

	if (can_trap(vcpu) && in_guest(vcpu))
		fake_leave(vcpu);
}

static void op_put(struct op op)
{
	if (fake.vcpu[vcpu_of(op.a)].cpu != FERRY_NONE)
		fake_put(vcpu_of(op.a));
}

/* Put, and loaded elsewhere: in the guest there. */
static void op_hop(struct op op)
{
	op_put(op);
	op_run(op);
}

static void op_block(struct op op)
{
	uint32_t vcpu = vcpu_of(op.a);

	if (!world.on[vcpu] || fake.vcpu[vcpu].blocked)
		return;
	fake.self = OUTSIDE;
	fake_block(vcpu);
}

static void op_wake(struct op op)
{
	wakes(vcpu_of(op.a));
}

static void op_power(struct op op)
{
	powers(vcpu_of(op.a), op.c & 1);
}

static void op_serve(struct op op)
{
	if (op.c & 1)
		for (uint32_t vcpu = 0; vcpu < world.config.vcpus; vcpu++)
			if (fake.vcpu[vcpu].woken)
				wakes(vcpu);
	fake_serve();
	if (!(op.c & 1))
		return;
	/* Nothing happens in the middle any more. */
	fake.hook = NULL;
	fake_serve();
	check_settled();
}

static void op_cpu_leaves(struct op op)
{
	uint32_t cpu = op.a % CPUS, to = op.c % (CPUS + 1);

	if (fake.cpu[cpu].vcpu != FERRY_NONE || to == cpu || world.gone >> to & 1)
		return;
	fake.self = OUTSIDE;
	ferry_vgic_leave(fake.g, cpu, to);
	world.gone |= 1u << cpu;
}

/* ---- the guest ---------------------------- */

static void op_ack(struct op op)
{
	if (in_guest(vcpu_of(op.a)))
		take_one(vcpu_of(op.a));
}

static void op_end(struct op op)
{
	struct stack *stack = &world.stack[vcpu_of(op.a)];

	if (in_guest(vcpu_of(op.a)) && stack->n)
		end_one(vcpu_of(op.a), stack->name[--stack->n]);
}

static void op_take(struct op op)
{
	if (in_guest(vcpu_of(op.a)) && take_one(vcpu_of(op.a)) != FAKE_SPURIOUS)
		op_end(op);
}

/* Something that it has not acknowledged, or not last. Special INTIDs do nothing. */
static void op_end_any(struct op op)
{
	world.rude = true;
	if (in_guest(vcpu_of(op.a)) && intid_of(op.b) < 1020)
		end_one(vcpu_of(op.a), intid_of(op.b) | (op.c & 7u) << 10 * (intid_of(op.b) < 16));
}

static void op_interface(struct op op)
{
	static const uint8_t masks[] = { 0xff, 0xf0, 0x80, 0 };

	world.rude = world.rude || op.c & 4;
	if (in_guest(vcpu_of(op.a)))
		guest_interface(fake.vcpu[vcpu_of(op.a)].cpu, masks[op.c >> 4 & 3], op.c & 4,
				op.c & 3);
}

/* What it names is in the guest's hands; the hardware passes on 24 bits. */
static void op_dir(struct op op)
{
	uint32_t vcpu = vcpu_of(op.a), intid = intid_of(op.b), status;
	bool was = in_guest(vcpu);

	if (!can_trap(vcpu))
		return;
	world.rude = true;
	if (op.c & 0x80)
		intid |= (op.c & 0x7fu) << 10;
	fake_leave(vcpu);
	fake.self = fake.vcpu[vcpu].cpu;
	status = (uint32_t)ferry_vgic_dir(fake.g, vcpu, intid);
	must(status == FERRY_OK || !exists(fake.version == 2 ? intid & 0x3ff : intid & 0xffffff));
	if (was)
		fake_enter(vcpu);
}

static void op_sgi(struct op op)
{
	uint32_t vcpu = vcpu_of(op.a);
	bool was = in_guest(vcpu);
	uint64_t value = (op.b & 15u) | (uint32_t)op.c << 16 | (op.b & 0x40 ? 1u << 24 : 0);

	if (!can_trap(vcpu))
		return;
	fake_leave(vcpu);
	sends(vcpu, op.b & 15, op.b >> 4 & 7, fake.version == 2 ? op.c : op.c * 0x101u);
	if (fake.version == 2)
		must(guest_access(vcpu, FERRY_GICD, REG_SGIR, 4, true, &value) == FERRY_OK);
	if (was)
		fake_enter(vcpu);
}

static const struct {
	enum fake_reg reg;
	uint32_t bits;
	bool waits;
} regs[] = {
	{ REG_ISENABLER, 1, false }, { REG_ICENABLER, 1, true },   { REG_ISPENDR, 1, false },
	{ REG_ICPENDR, 1, true },    { REG_ISACTIVER, 1, true },   { REG_ICACTIVER, 1, true },
	{ REG_IGROUPR, 1, true },    { REG_IPRIORITYR, 8, false }, { REG_ICFGR, 2, false },
	{ REG_IROUTER, 64, false },  { REG_ISENABLER, 1, false },  { REG_IROUTER, 64, false },
	{ REG_CPENDSGIR, 8, true },  { REG_SPENDSGIR, 8, false },  { REG_ISPENDR, 1, false },
	{ REG_IROUTER, 64, false },
};

/* The register that is meant for this version and interrupt. */
static void reg_for(uint32_t intid, enum fake_reg *reg, uint32_t *bits)
{
	if (fake.version == 2 && *reg == REG_IROUTER) {
		*reg = REG_ITARGETSR;
		*bits = 8;
	} else if (*reg == REG_IROUTER && intid < 32) {
		*reg = REG_IPRIORITYR;
		*bits = 8;
	}
	if ((*reg == REG_CPENDSGIR || *reg == REG_SPENDSGIR) &&
	    (fake.version == 3 || intid >= 16)) {
		*reg = *reg == REG_CPENDSGIR ? REG_ICPENDR : REG_ISPENDR;
		*bits = 1;
	}
}

/* A physical edge that waits in the distributor is taken away, too. */
static void unpended(uint32_t intid, uint32_t bits)
{
	for (uint32_t n = 0; n < SLOTS; n++) {
		const struct slot *slot = &world.slot[n];

		if (slot->intid != FERRY_NONE && slot->intid / 32 == intid / 32 &&
		    bits >> slot->intid % 32 & 1 && !slot->dying)
			must(!fake.phys[slot->phys].pending);
	}
}

/* A field of one interrupt, or a whole word; `of` whose redistributor it is. */
static void structured(uint32_t vcpu, uint32_t of, struct op op, uint32_t r, bool write)
{
	enum fake_reg reg = regs[r].reg;
	uint32_t bits = regs[r].bits, intid = intid_of(op.b), shift;
	bool was_hooked = fake.hook || in_middle;
	uint64_t value = op.c;
	uint8_t frame;
	uint32_t at;

	if (intid >= 1024 && (intid < 4096 || fake.version == 2))
		return;
	reg_for(intid, &reg, &bits);
	if (bits < 8) {
		shift = intid % (32 / bits) * bits;
		value = op.c & 0x80 ? 0x01010101u * (op.c & 0x7fu) :
				      (reg == REG_ICFGR   ? op.c & 3u :
				       reg == REG_IGROUPR ? op.c & 1u :
							    1u)
					      << shift;
	} else if (bits == 64) {
		value = op.c & 0x80 ? op.c * 0x1010101u : mpidrs[vcpu_of(op.c)].value;
	}
	at = reg_at(of, reg, intid, bits, &frame);
	if (write)
		writes(vcpu, of, reg, intid, bits, (uint32_t)value);
	must(guest_access(vcpu, frame, at, bits < 8 ? 4 : (uint8_t)(bits / 8), write, &value) ==
		     FERRY_OK ||
	     !exists(intid));
	if (write && reg == REG_ICPENDR && !was_hooked)
		unpended(intid, (uint32_t)value);
	/* What came in the middle of it is gone, too, or not. */
	if (write && (reg == REG_ICPENDR || reg == REG_CPENDSGIR))
		writes(vcpu, of, reg, intid, bits, (uint32_t)value);
}

static void op_write(struct op op)
{
	uint32_t vcpu = vcpu_of(op.a), of = vcpu_of((uint8_t)(op.a >> 4) + vcpu);

	if (can_trap(vcpu))
		structured(vcpu, of, op, op.what >> 5 & 3 ? (op.b >> 4 & 7) : 9, true);
}

static void op_write_reg(struct op op)
{
	uint32_t vcpu = vcpu_of(op.a);

	if (can_trap(vcpu))
		structured(vcpu, vcpu, op, op.a >> 4, true);
}

static void op_read(struct op op)
{
	uint32_t vcpu = vcpu_of(op.a);

	if (can_trap(vcpu))
		structured(vcpu, vcpu_of(op.c), op, op.a >> 4, false);
}

/* All SPIs at once. */
static void op_flood(struct op op)
{
	static const enum fake_reg all[] = { REG_ISENABLER, REG_ISPENDR, REG_ISACTIVER,
					     REG_ICACTIVER };
	uint32_t vcpu = vcpu_of(op.a);
	uint64_t ones;

	world.flooded = true;
	for (uint32_t n = 32; n < 32 + world.config.spis && can_trap(vcpu); n += 32) {
		ones = 0xffffffff;
		writes(vcpu, vcpu, all[op.c % 4], n, 1, 0xffffffff);
		must(guest_access(vcpu, FERRY_GICD, (uint32_t)all[op.c % 4] + n / 8, 4, true,
				  &ones) == FERRY_OK);
	}
}

static void op_ctlr(struct op op)
{
	uint64_t value = op.c;

	if (can_trap(vcpu_of(op.a)))
		must(guest_access(vcpu_of(op.a), FERRY_GICD, 0, 4, true, &value) == FERRY_OK);
}

/* Any frame, offset, width and value. */
static void op_raw(struct op op)
{
	uint32_t vcpu = vcpu_of(op.a), offset = (uint32_t)next_bytes(3);
	uint64_t value = next_bytes(8);
	uint8_t bytes = op.c & 0x10 ? op.c & 15 : (uint8_t)(1 << (op.c & 3));
	int status;

	if (op.b & 0x10)
		offset &= 0xffff & ~(bytes - 1u);
	else if (op.b & 0x20) /* an SGI frame, of a vCPU that there is or not */
		offset = (offset >> 16) << 17 | 0x10000 | (offset & 0xfff & ~(bytes - 1u));
	if (!can_trap(vcpu))
		return;
	if (op.c & 0x80)
		world.wild = true;
	status = guest_access(vcpu, op.b & 0x30 ? op.b >> 4 & 2 : op.b & 3, offset, bytes,
			      op.c & 0x80, &value);
	must(status == FERRY_OK || (status == FERRY_E_INVALID && !value));
}

/* ---- devices ---------------------------- */

static void op_inject(struct op op)
{
	injects(op.a % 65, intid_of(op.b), op.c & 1);
}

static struct slot *slot_at(uint8_t a)
{
	return &world.slot[a % SLOTS];
}

static void raise(struct slot *slot)
{
	if (slot->intid == FERRY_NONE)
		return;
	phys_raise(slot->phys);
	if (slot->edge && !slot->dying)
		known_of(0, slot->intid)->owed = true;
}

/* c: 0, 1 raised; bit 1: it comes where it is routed, bit 2: elsewhere; 7: later. */
static void op_device(struct op op)
{
	struct slot *slot = slot_at(op.a);

	if (op.c & 8)
		phys_lower(slot->phys);
	else
		raise(slot);
	if (op.c & 4)
		arrives(slot, op.c & 2 ? LATE : op.b % CPUS);
	else if (op.c & 2)
		arrives(slot, fake.phys[slot->phys].route);
}

/* Once or more often where the vCPU is loaded, which then enters, or does not. c: bit 0: a physical
 * one; bit 1: it enters; the others: how often. */
static void op_here(struct op op)
{
	uint32_t vcpu = vcpu_of(op.a);

	if (!can_trap(vcpu))
		return;
	fake_leave(vcpu);
	for (uint32_t n = op.c >> 2 & 3; n < 4; n++) {
		if (!(op.c & 1))
			injects_here(vcpu, intid_of(op.b));
		else
			raise(slot_at(op.b + (uint8_t)n));
		if (op.c & 1)
			arrives_here(slot_at(op.b + (uint8_t)n), vcpu);
	}
	fake.self = fake.vcpu[vcpu].cpu;
	fake.cpu[fake.self].off = true;
	if (op.c & 2) {
		fake_enter_once(vcpu);
		return;
	}
	ferry_vcpu_exit(fake.g, vcpu);
	fake.cpu[fake.self].off = false;
}

static void op_tell(struct op op)
{
	tells(slot_at(op.a));
}

static void op_bind(struct op op)
{
	binds(slot_at(op.a), intid_of(op.b), op.c & 1);
}

static void op_unbind(struct op op)
{
	unbinds(slot_at(op.a));
}

static void op_timer(struct op op)
{
	uint32_t cpu = op.a % CPUS;

	if (op.b & 1)
		timer_until(timers.count + ((uint64_t)op.c << (op.b >> 4)));
	if (op.b & 2 && fake.cpu[cpu].guest)
		guest_timer(cpu, timers.count - timers.cpu[cpu].offset + op.c, op.b >> 2 & 3);
	if (op.b & 8)
		timer_soft(op.c % world.config.vcpus, OUTSIDE);
	else if (op.b & 1)
		timer_softs(OUTSIDE);
}

static void op_ppi(struct op op)
{
	uint32_t cpu = op.a % CPUS, phys = op.b & 1 ? TIMER_PPI : DEVICE_PPI;

	if (is_busy(cpu))
		return;
	if (op.c & 1)
		device_line(cpu, op.c & 2);
	if (!(op.c & 4) && ppi_ready(cpu, phys))
		ppi_take(cpu, phys);
}

/* ---- the middle of a call ---------------------------- */

static struct op hooked;
static struct slot *not_now; /* nobody else may touch it */
static uint32_t injected;

/* Nothing here waits: who would be waited for may be the one in the middle. */
static void hooked_write(struct op op)
{
	uint32_t vcpu = vcpu_of(op.a), r = op.b >> 4 & 7 ? (op.b >> 4 & 7) + 8 : 7;

	op.b &= 0x0f;
	if (can_trap(vcpu) && r < 16 && !regs[r].waits)
		structured(vcpu, vcpu, op, r, true);
}

static void hooked_device(struct op op)
{
	if (slot_at(op.a) == not_now)
		return;
	raise(slot_at(op.a));
	arrives(slot_at(op.a), 6);
}

/* Two changes of one line, in either order. */
static void hooked_inject(struct op op)
{
	if (intid_of(op.b) != injected)
		op_inject(op);
}

static void hooked_unbind(struct op op)
{
	if (!not_now && !slot_at(op.a)->untold)
		unbinds(slot_at(op.a));
}

static void hook(void)
{
	static const char *const hooked_name[] = { "inject", "device", "write",  "enter",
						   "leave",  "ppi",    "unbind", "sgi" };
	static void (*const what[])(struct op op) = { hooked_inject, hooked_device, hooked_write,
						      op_enter,      op_leave,      op_ppi,
						      hooked_unbind, op_sgi };

	say("  meanwhile", hooked_name[hooked.what % 8], hooked);
	in_middle = true;
	what[hooked.what % 8](hooked);
	in_middle = false;
}

/* ---- a run ---------------------------- */

#define OP(name) \
	{ \
#name, op_##name \
	}

static const struct {
	const char *name;
	void (*what)(struct op op);
} ops[32] = {
	OP(run),   OP(write),      OP(device),  OP(take),      OP(ack),  OP(end),    OP(inject),
	OP(serve), OP(enter),      OP(leave),   OP(hop),       OP(put),  OP(load),   OP(block),
	OP(wake),  OP(power),      OP(end_any), OP(interface), OP(dir),  OP(sgi),    OP(write_reg),
	OP(read),  OP(raw),        OP(ctlr),    OP(tell),      OP(bind), OP(unbind), OP(timer),
	OP(ppi),   OP(cpu_leaves), OP(flood),   OP(here),
};

static void do_op(struct op op)
{
	void (*const what)(struct op op) = ops[op.what & 31].what;

	say("", ops[op.what & 31].name, op);
	whose = vcpu_of(op.a);
	not_now = what == op_bind || what == op_unbind || what == op_device || what == op_tell ?
			  slot_at(op.a) :
			  NULL;
	injected = what == op_inject || what == op_here ? intid_of(op.b) : FERRY_NONE;
	if (op.what & 0x80) {
		hooked = next_op();
		fake.hook_in = hooked.what >> 3;
		fake.hook = hook;
	}
	fake.self = OUTSIDE;
	what(op);
	fake.hook = NULL;
	check(vcpu_of(op.a));
}

/* A guest that has started: so that most inputs have something to move. */
static void boot(uint8_t bits)
{
	uint64_t both = 3, ones = 0xffffffff;

	for (uint32_t n = 0; n < world.config.vcpus && n <= (bits & 3u); n++)
		op_run((struct op){ 0, (uint8_t)n, 1, (uint8_t)n });
	for (uint32_t n = 0; n < SLOTS && n < (bits >> 2 & 7u); n++)
		binds(&world.slot[n], world.favourite[n], bits >> 5 & n & 1);
	must(guest_access(0, FERRY_GICD, 0, 4, true, &both) == FERRY_OK);
	for (uint32_t n = 0; n < FAVOURITES; n++) {
		uint32_t at, intid = world.favourite[n];
		uint8_t frame;

		if (!exists(intid))
			continue;
		at = reg_at(0, REG_ISENABLER, intid, 1, &frame);
		ones = 0xffffffff;
		must(guest_access(0, frame, at, 4, true, &ones) == FERRY_OK);
		if (intid >= 32)
			guest_route(0, intid, n % world.config.vcpus);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 8)
		return 0;
	in = (struct input){ data + 8, data + size };
	start(data);
	if (!(data[6] & 0x80))
		boot(data[5]);
	check(0);
	for (uint32_t n = 0; n < MOST_OPS && in.at < in.end; n++)
		do_op(next_op());
	drain();
	return 0;
}
