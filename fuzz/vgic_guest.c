// SPDX-License-Identifier: MIT
/*
 * What a guest, devices and the host do, and what is known from that of each interrupt: how
 * often the guest may get it, and whether it still has to. At the end everything is drained.
 */
#include "fuzz/vgic_fuzz.h"
#include <string.h>

#define PASSES 64u /* of all vCPUs; a level interrupt with an active one before it takes two */

/* ---- the guest takes, and ends ---------------------------- */

static uint32_t intid_of(uint32_t name)
{
	return fake.version == 2 ? name & 0x3ff : name;
}

static void taken(uint32_t vcpu, uint32_t intid)
{
	struct known *k = known_of(vcpu, intid);

	must(exists(intid));
	k->owed = false;
	k->acks++;
	if (!k->many && !follows(vcpu, intid) && !world.wild && k->acks > k->causes)
		fuzz_fail("vCPU %u got %u %u times for %u causes", vcpu, intid, k->acks, k->causes);
}

uint32_t take_one(uint32_t vcpu)
{
	struct stack *stack = &world.stack[vcpu];
	uint32_t name = guest_ack(fake.vcpu[vcpu].cpu);

	if (name == FAKE_SPURIOUS)
		return name;
	taken(vcpu, intid_of(name));
	if (stack->n < 32)
		stack->name[stack->n++] = name;
	else
		world.rude = true;
	return name;
}

void end_one(uint32_t vcpu, uint32_t name)
{
	guest_eoi(fake.vcpu[vcpu].cpu, name);
}

/* ---- what makes them pend ---------------------------- */

/* What an injection is to return. */
static int status_of(uint32_t vcpu, uint32_t intid)
{
	bool there = exists(intid) && intid >= 16 && (intid >= 32 || vcpu < world.config.vcpus);
	struct ferry_virq_info info = { 0 };

	if (!there)
		return FERRY_E_INVALID;
	must(ferry_vgic_look(fake.g, vcpu, intid, &info) == FERRY_OK);
	return info.phys != FERRY_NONE || follows(vcpu, intid) ? FERRY_E_STATE : FERRY_OK;
}

/* One has been injected, an edge or not. */
static void has_come(uint32_t vcpu, uint32_t intid, bool edge, bool level)
{
	struct known *k = known_of(vcpu, intid);

	if (edge) {
		k->causes += level;
		k->owed = k->owed || level;
		k->line = k->line && level;
	} else {
		k->line = level;
		k->many = k->many || level;
	}
}

void injects(uint32_t vcpu, uint32_t intid, bool level)
{
	bool alone = !fake.hook;
	int status, want;

	fake.self = OUTSIDE;
	want = status_of(vcpu, intid);
	status = ferry_vgic_inject(fake.g, vcpu, intid, level);
	must(status == want || !alone);
	if (!status)
		has_come(vcpu, intid,
			 peek(vcpu < world.config.vcpus ? vcpu : 0, REG_ICFGR, intid, 2), level);
}

void injects_here(uint32_t vcpu, uint32_t intid)
{
	bool alone = !fake.hook;
	int status, want = status_of(vcpu, intid);

	fake.self = fake.vcpu[vcpu].cpu;
	fake.cpu[fake.self].off = true;
	status = ferry_vcpu_inject(fake.g, vcpu, intid);
	must(status == want || !alone);
	if (!status)
		has_come(vcpu, intid, peek(vcpu, REG_ICFGR, intid, 2), true);
}

static void sent(uint32_t vcpu, uint32_t sgi)
{
	known_of(vcpu, sgi)->causes++;
	known_of(vcpu, sgi)->owed = true;
}

void sends(uint32_t vcpu, uint32_t sgi, uint32_t how, uint32_t targets)
{
	uint64_t value = (uint64_t)sgi << 24 | (how & 4 ? 1ull << 40 : 0) | (targets & 0xffff) |
			 (uint64_t)(targets >> 16 & 0xff) << 32;

	for (uint32_t n = 0; n < world.config.vcpus; n++) {
		uint64_t mpidr = fake.version == 3 ? world.config.mpidrs[n].value : n;
		bool named = how & 4 ? n != vcpu :
				       mpidr >> 8 == (targets >> 16 & 0xff) &&
					       (targets >> (mpidr & 0xff) & 1);

		if (named &&
		    (fake.version == 2 || peek(n, REG_IGROUPR, sgi, 1) == (how % 3 == FERRY_SGI1R)))
			sent(n, sgi);
	}
	fake.self = fake.vcpu[vcpu].cpu != FERRY_NONE ? fake.vcpu[vcpu].cpu : OUTSIDE;
	if (fake.version == 3)
		must(ferry_vgic_sgi(fake.g, vcpu, (enum ferry_vgic_sgi)(how % 3), value) ==
		     FERRY_OK);
}

/* One bit of ISPENDR, or field of another register, is being written. */
static void field_written(uint32_t vcpu, enum fake_reg reg, uint32_t intid, uint32_t field)
{
	struct known *k = known_of(vcpu, intid);
	bool sourced = fake.version == 2 && intid < 16;

	if (!exists(intid) || !field)
		return;
	if (reg == REG_ISPENDR && !sourced) {
		k->causes++;
		/* It is one with a physical instance then, which a low line takes away. */
		k->owed = k->owed || !(slot_of(intid) || follows(vcpu, intid));
	} else if (reg == REG_SPENDSGIR && sourced) {
		k->causes += (uint32_t)__builtin_popcount(field & ((1u << world.config.vcpus) - 1));
		k->owed = k->owed || (field & ((1u << world.config.vcpus) - 1));
	} else if (reg == REG_ISACTIVER || reg == REG_ICACTIVER) {
		world.rude = true;
	} else if ((reg == REG_ICPENDR && !sourced) || (reg == REG_CPENDSGIR && sourced)) {
		k->owed = false;
	}
}

/* The library's side of it is the caller's: before or after, for one thread that is the same. */
void writes(uint32_t vcpu, uint32_t of, enum fake_reg reg, uint32_t intid, uint32_t bits,
	    uint32_t value)
{
	uint32_t first = bits < 8 ? intid & ~(32 / bits - 1) : intid;

	if (fake.version == 2)
		of = vcpu;
	if (bits >= 8)
		field_written(of, reg, intid, value);
	else
		for (uint32_t n = 0; n < 32 / bits; n++)
			field_written(of, reg, first + n, value >> n * bits & ((1u << bits) - 1));
}

/* ---- physical SPIs ---------------------------- */

void arrives(struct slot *slot, uint32_t cpu)
{
	if (slot->intid == FERRY_NONE || slot->untold || !phys_ready(slot->phys))
		return;
	phys_ack(slot->phys, cpu);
	known_of(0, slot->intid)->causes++;
	slot->untold = true;
	if (cpu == LATE)
		return;
	phys_tell(slot->phys, cpu);
	slot->untold = false;
}

void arrives_here(struct slot *slot, uint32_t vcpu)
{
	uint32_t cpu = fake.vcpu[vcpu].cpu;

	if (slot->intid == FERRY_NONE || slot->untold || !phys_ready(slot->phys))
		return;
	phys_ack(slot->phys, cpu);
	known_of(0, slot->intid)->causes++;
	slot->untold = true;
	fake.self = cpu;
	fake.cpu[cpu].off = true;
	must(ferry_vcpu_physical(fake.g, vcpu, slot->intid) == FERRY_OK);
	slot->untold = false;
}

void tells(struct slot *slot)
{
	if (!slot->untold)
		return;
	phys_tell(slot->phys, LATE);
	slot->untold = false;
}

void binds(struct slot *slot, uint32_t intid, bool edge)
{
	bool spi = exists(intid) && intid >= 32;
	int status, want = spi ? FERRY_OK : FERRY_E_INVALID;

	if (slot->intid != FERRY_NONE)
		return;
	if (spi && slot_of(intid))
		want = FERRY_E_STATE;
	fake.self = OUTSIDE;
	status = ferry_vgic_bind(fake.g, intid, slot->phys, edge);
	must(status == want);
	if (status)
		return;
	*slot = (struct slot){ .intid = intid, .phys = slot->phys, .edge = edge };
	fake.phys[slot->phys] = (struct fake_phys){
		.enabled = true, .level = !edge, .virt = intid, .route = fake.phys[slot->phys].route
	};
	known_of(0, intid)->line = false;
	known_of(0, intid)->owed = false;
}

/* An interrupt that was latched without a physical one comes, once linked, with it. */
void unbinds(struct slot *slot)
{
	struct fake_phys *p = &fake.phys[slot->phys];
	int status;

	if (slot->intid == FERRY_NONE)
		return;
	tells(slot);
	p->enabled = false;
	slot->dying = true;
	known_of(0, slot->intid)->owed = false;
	fake.self = OUTSIDE;
	status = ferry_vgic_unbind(fake.g, slot->intid);
	must(status == FERRY_OK || status == FERRY_E_AGAIN);
	if (status)
		return;
	must(!p->active);
	must(p->taken == p->ended);
	p->virt = FERRY_NONE;
	slot->intid = FERRY_NONE;
	slot->dying = false;
}

/* ---- vCPUs ---------------------------- */

void wakes(uint32_t vcpu)
{
	bool told = fake.vcpu[vcpu].woken;

	if (!fake.vcpu[vcpu].blocked)
		return;
	fake.hook = NULL;
	fake.self = fake.vcpu[vcpu].cpu != FERRY_NONE ? fake.vcpu[vcpu].cpu : OUTSIDE;
	ferry_vcpu_unblock(fake.g, vcpu);
	fake.vcpu[vcpu].blocked = fake.vcpu[vcpu].woken = false;
	/* Who was told nothing has nothing to do, and may sleep again; but for what was once for
	 * it, and is not any more: an entry looks at all of that. */
	if (!told)
		must(fake_block(vcpu) || world.flooded);
	if (fake.vcpu[vcpu].blocked)
		ferry_vcpu_unblock(fake.g, vcpu);
	fake.vcpu[vcpu].blocked = fake.vcpu[vcpu].woken = false;
}

void powers(uint32_t vcpu, bool on)
{
	if (world.on[vcpu] == on)
		return;
	wakes(vcpu);
	fake.self = OUTSIDE;
	/* Its own thread. */
	if (is_fixed(vcpu)) {
		fake.self = vcpu % CPUS;
		if (fake.cpu[fake.self].guest)
			fake_leave(fake.cpu[fake.self].vcpu);
	}
	world.on[vcpu] = on;
	fake_power(vcpu, on);
	if (on)
		return;
	world.rude = true;
	world.stack[vcpu].n = 0;
	for (uint32_t n = 0; n < 32; n++)
		known_of(vcpu, n)->owed = false;
}

/* ---- the end ---------------------------- */

static void write_ones(uint32_t vcpu, enum fake_reg reg, uint32_t intid)
{
	uint64_t ones = 0xffffffff;
	uint8_t frame;
	uint32_t at = reg_at(vcpu, reg, intid, 1, &frame);

	if (exists(intid))
		must(guest_access(vcpu, frame, at, 4, true, &ones) == FERRY_OK);
}

static void route_to_0(uint32_t vcpu, uint32_t intid)
{
	struct ferry_virq_info info;

	if (!exists(intid) || intid < 32)
		return;
	must(ferry_vgic_look(fake.g, vcpu, intid, &info) == FERRY_OK);
	if (info.target == FERRY_NONE)
		guest_route(vcpu, intid, 0);
}

/* The guest gives up what is active, and lets everything in. `vcpu` is in the guest. */
static void open_all(uint32_t vcpu)
{
	uint32_t first = vcpu ? 31 : 32 + world.config.spis - 1;

	memset(fake.cpu[fake.vcpu[vcpu].cpu].ap, 0, sizeof(fake.cpu[0].ap));
	for (uint32_t n = 0; n <= first; n += 32) {
		write_ones(vcpu, REG_ICACTIVER, n);
		write_ones(vcpu, REG_ISENABLER, n);
	}
	for (uint32_t n = 0; n < world.config.espis && !vcpu; n += 32) {
		write_ones(vcpu, REG_ICACTIVER, 4096 + n);
		write_ones(vcpu, REG_ISENABLER, 4096 + n);
	}
	for (uint32_t n = 0; n < FAVOURITES && !vcpu; n++)
		route_to_0(vcpu, world.favourite[n]);
	for (uint32_t n = 0; n < SLOTS && !vcpu; n++)
		if (world.slot[n].intid != FERRY_NONE)
			route_to_0(vcpu, world.slot[n].intid);
	for (uint32_t n = 32; n < 5120 && !vcpu; n++)
		if (known_of(0, n)->owed || known_of(0, n)->line)
			route_to_0(vcpu, n);
}

/* A driver has its device be quiet. */
static void quiet(uint32_t vcpu, uint32_t intid)
{
	struct slot *slot = slot_of(intid);

	if (slot)
		phys_lower(slot->phys);
	else if (follows(vcpu, intid)) {
		device_line(fake.vcpu[vcpu].cpu, false);
		guest_timer(fake.vcpu[vcpu].cpu, 0, 0);
	} else if (known_of(vcpu, intid)->line) {
		injects(vcpu, intid, false);
	}
}

static void devices_run(uint32_t cpu)
{
	for (uint32_t n = 0; n < SLOTS; n++)
		if (!world.slot[n].dying)
			arrives(&world.slot[n], fake.phys[world.slot[n].phys].route);
	for (uint32_t p = 16; p < 32; p++)
		if (ppi_ready(cpu, p))
			ppi_take(cpu, p);
}

/* The guest has what it is in the handler of pend once more. */
static void pend_again(uint32_t vcpu, uint32_t intid)
{
	uint64_t value = 1u << intid % 32;
	uint8_t frame;
	uint32_t at = reg_at(vcpu, REG_ISPENDR, intid, 1, &frame);

	writes(vcpu, vcpu, REG_ISPENDR, intid, 1, (uint32_t)value);
	must(guest_access(vcpu, frame, at, 4, true, &value) == FERRY_OK);
	fake_serve();
}

/* It takes and ends what comes, and leaves the guest only if it is asked to. Returns how many. */
static uint32_t serve_one(uint32_t vcpu)
{
	uint32_t cpu = fake.vcpu[vcpu].cpu, name, n = 0;

	for (; n < 5000; n++) {
		devices_run(cpu);
		fake_serve();
		name = take_one(vcpu);
		if (name == FAKE_SPURIOUS)
			break;
		quiet(vcpu, intid_of(name));
		if (n < 8 && intid_of(name) >= 16)
			pend_again(vcpu, intid_of(name));
		end_one(vcpu, name);
		fake_again();
	}
	must(n < 5000);
	/* And nothing has been forgotten that it would have to be asked for. */
	fake_leave(vcpu);
	fake_enter(vcpu);
	must(guest_sees(cpu) == FAKE_SPURIOUS);
	return n;
}

static uint32_t with_one(uint32_t vcpu, bool open)
{
	uint32_t n;

	fake_load(vcpu, vcpu % CPUS);
	fake_enter(vcpu);
	guest_interface(vcpu % CPUS, 0xff, false, 3);
	if (open)
		open_all(vcpu);
	n = serve_one(vcpu);
	fake_put(vcpu);
	check(vcpu);
	return n;
}

/* All vCPUs are out of the guest. One that has ended all that it took, in order, has none. */
static void check_ended(void)
{
	struct ferry_virq_info info;

	for (uint32_t vcpu = 0; vcpu < world.config.vcpus; vcpu++)
		if (world.stack[vcpu].n)
			return;
	for (uint32_t n = 0; n < FAVOURITES && !world.rude && !world.wild; n++) {
		if (!exists(world.favourite[n]))
			continue;
		must(ferry_vgic_look(fake.g, 0, world.favourite[n], &info) == FERRY_OK);
		must(!info.active);
	}
}

static void off_cpus(void)
{
	for (uint32_t vcpu = 0; vcpu < world.config.vcpus; vcpu++) {
		wakes(vcpu);
		if (fake.vcpu[vcpu].cpu != FERRY_NONE)
			fake_put(vcpu);
	}
	for (uint32_t n = 0; n < SLOTS; n++) {
		tells(&world.slot[n]);
		if (world.slot[n].dying)
			unbinds(&world.slot[n]);
	}
	check_ended();
	check(0);
}

static void none_left(uint32_t vcpu, uint32_t intid)
{
	const struct known *k = known_of(vcpu, intid);
	struct ferry_virq_info info;

	must(ferry_vgic_look(fake.g, vcpu, intid, &info) == FERRY_OK);
	must(!info.in_lr && !info.active);
	/* The lowest of 32 priorities is masked for ever: no mask is lower (IHI 0048B 4.4.2). */
	if (fake.gich && peek(vcpu, REG_IPRIORITYR, intid, 8) == 0xf8)
		return;
	must(info.owner == FERRY_NONE && !info.physical);
	must(!info.pending || info.target == FERRY_NONE);
	if (k->owed && !world.wild)
		fuzz_fail("vCPU %u, interrupt %u: it pended, and never came", vcpu, intid);
	must(!k->line || peek(vcpu, REG_ICFGR, intid, 2));
}

/* All that can come, comes; none is linked any more; who is powered off has nothing. */
void drain(void)
{
	uint64_t both = 3;
	uint32_t pass, n;

	world.gone = 0;
	off_cpus();
	for (uint32_t vcpu = 0; vcpu < world.config.vcpus; vcpu++)
		powers(vcpu, true);
	fake_load(0, 0);
	must(guest_access(0, FERRY_GICD, 0, 4, true, &both) == FERRY_OK);
	fake_put(0);
	for (pass = 0, n = 1; n && pass < PASSES; pass++) {
		n = 0;
		for (uint32_t vcpu = 0; vcpu < world.config.vcpus; vcpu++)
			n += with_one(vcpu, !pass);
	}
	must(pass < PASSES);
	for (uint32_t vcpu = 0; vcpu < world.config.vcpus; vcpu++)
		for (uint32_t intid = 0; intid < 5120; intid++)
			if (exists(intid) && (intid < 32 || !vcpu))
				none_left(vcpu, intid);
	for (n = 0; n < SLOTS; n++)
		unbinds(&world.slot[n]);
	for (n = 0; n < SLOTS; n++)
		must(world.slot[n].intid == FERRY_NONE && !fake.phys[world.slot[n].phys].active);
	for (uint32_t vcpu = 0; vcpu < world.config.vcpus; vcpu++)
		powers(vcpu, false);
	check(0);
}
