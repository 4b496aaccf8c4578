// SPDX-License-Identifier: MIT
/*
 * The virtual GIC through its public API, on a fake host: where an interrupt is, for every
 * combination of what that depends on; what each call refuses.
 */
#include "tests/vgic_cases.h"
#include <string.h>

/* ---- placement ------------------------------------------------------------------
 * The rule: active: with its owner; enabled (itself, its group in the distributor), pending,
 * and its target exists and is powered on: with its target; else with nobody. */

enum kind { NOTHING, EDGE, LEVEL, LATCH, LINKED_EDGE, LINKED_LEVEL, KINDS };
enum active { INACTIVE, PARKED, OWNED, ACTIVES };
enum power { STAYS_ON, GOES_OFF, GOES_OFF_AND_ON, POWERS };

static const char *const kind_name[] = { "not pending", "an edge",     "a line that is high",
					 "ISPENDR",     "linked edge", "linked level" };
static const char *const active_name[] = { "not active", "active and nobody's",
					   "active on its old target" };

static struct facts {
	enum kind kind;
	enum active active;
	enum power power;
	bool enabled, group1;
	uint32_t groups; /* that the distributor has enabled: GICD_CTLR */
	uint32_t target; /* FERRY_NONE: none */
} facts;

static bool linked(void)
{
	return facts.kind >= LINKED_EDGE;
}

/* Whose it was when it got active; powering off takes it away. */
static uint32_t rule_owner(void)
{
	if (facts.active == PARKED || (facts.target == B && facts.power != STAYS_ON))
		return FERRY_NONE;
	return B;
}

/* Is there an instance that nobody has taken? A linked one that is active already can't
 * come again: the physical one is active. */
static bool rule_pending(void)
{
	return facts.kind != NOTHING && !(linked() && facts.active != INACTIVE);
}

static uint32_t rule_where(void)
{
	if (facts.active != INACTIVE)
		return rule_owner();
	if (facts.enabled && (facts.groups >> facts.group1 & 1) && rule_pending() &&
	    facts.target != FERRY_NONE && facts.power != GOES_OFF)
		return facts.target;
	return FERRY_NONE;
}

static void make_pending(void)
{
	if (facts.kind == EDGE || facts.kind == LEVEL)
		inject(SPI, true);
	else if (facts.kind == LATCH)
		guest_set(C, REG_ISPENDR, SPI);
	else if (linked())
		phys_raise(PHYS);
	if (linked() && phys_ready(PHYS))
		phys_take(PHYS, fake.phys[PHYS].route);
}

static void change_power(void)
{
	if (facts.power == STAYS_ON || facts.target == FERRY_NONE)
		return;
	fake_power(facts.target, false);
	if (facts.power == GOES_OFF)
		return;
	fake_power(facts.target, true);
}

/* GICD_CTLR says 3 at first, all else the opposite of what it will be. */
static void step(uint32_t which)
{
	switch (which) {
	case 0:
		guest_set(C, facts.enabled ? REG_ISENABLER : REG_ICENABLER, SPI);
		break;
	case 1:
		guest_group(C, SPI, facts.group1);
		break;
	case 2:
		guest_write(C, FERRY_GICD, 0, 4, facts.groups);
		break;
	case 3:
		make_pending();
		break;
	case 4:
		guest_route(C, SPI, facts.target);
		break;
	default:
		change_power();
	}
}
#define STEPS 6u

/* It is active on B, which is not in the guest. */
static void make_active(void)
{
	guest_set(C, REG_ISENABLER, SPI);
	guest_route(C, SPI, B);
	if (linked()) {
		phys_raise(PHYS);
		phys_take(PHYS, B);
	} else {
		inject(SPI, true);
	}
	fake_serve();
	handle(B, SPI);
	phys_lower(PHYS);
	if (facts.kind == LEVEL || facts.kind == LATCH || facts.kind == NOTHING)
		inject(SPI, false);
}

static void before(void)
{
	bool edge = facts.kind == EDGE || facts.kind == LINKED_EDGE;

	start();
	if (linked())
		phys_bind(SPI, PHYS, edge);
	else
		guest_edge(C, SPI, edge);
	if (facts.active == OWNED)
		make_active();
	guest_set(C, facts.enabled ? REG_ICENABLER : REG_ISENABLER, SPI);
	if (facts.active == INACTIVE || facts.active == OWNED)
		guest_group(C, SPI, !facts.group1);
	guest_route(C, SPI, facts.target == B ? A : B);
	if (facts.active == PARKED)
		guest_set(C, REG_ISACTIVER, SPI);
	for (uint32_t v = A; v <= C; v++)
		fake_leave(v);
}

/* Everybody who can is in the guest now. */
static void in_guest(uint32_t want)
{
	for (uint32_t v = A; v <= C; v++) {
		bool has = fake.cpu[v].guest && fake_lr_of(v, SPI) != FERRY_NONE;

		must(fake.cpu[v].guest == fake.vcpu[v].runs);
		must(has == (v == want));
	}
	must(fake_look(A, SPI).in_lr == (want != FERRY_NONE));
}

static void compare(void)
{
	uint32_t want = rule_where();
	struct ferry_virq_info info = fake_look(A, SPI);

	must(info.owner == want);
	must(info.target == facts.target);
	must(info.enabled == facts.enabled);
	must(info.active == (facts.active != INACTIVE));
	if (facts.active == INACTIVE)
		must(info.pending == rule_pending());
	must(info.phys == (linked() ? PHYS : FERRY_NONE));
	must(info.physical == (linked() && (facts.active != INACTIVE || rule_pending())));
	in_guest(want);
}

/* Each fact is once the last that changes. */
static void place(void)
{
	for (uint32_t last = 0; last < STEPS; last++) {
		uint32_t wrongs = fake.wrongs;

		before();
		for (uint32_t n = 1; n <= STEPS; n++)
			step((last + n) % STEPS);
		fake_serve();
		compare();
		for (uint32_t v = A; v <= C; v++)
			fake_leave(v);
		must(fake_look(A, SPI).owner == rule_where());
		if (fake.wrongs != wrongs)
			diag("%s, %s, enabled %d, group %d of 0x%x, target %d, power %d, last %u",
			     kind_name[facts.kind], active_name[facts.active], facts.enabled,
			     facts.group1, facts.groups, (int)facts.target, facts.power, last);
	}
}

static void places(enum kind kind, enum active active)
{
	static const uint32_t targets[] = { A, B, FERRY_NONE };

	for (uint32_t n = 0; n < 2 * 2 * 4 * 3 * POWERS; n++) {
		facts = (struct facts){
			.kind = kind,
			.active = active,
			.enabled = n & 1,
			.group1 = n >> 1 & 1,
			.groups = n >> 2 & 3,
			.power = n / 16 % POWERS,
			.target = targets[n / 16 / POWERS],
		};
		now.edge = kind == EDGE || kind == LINKED_EDGE;
		now.strategy = n % 3;
		place();
	}
}

static void placement(void)
{
	for (now.machine = 0; now.machine < MACHINES; now.machine++) {
		now.lrs = 4;
		now.ask = true;
		for (enum kind kind = 0; kind < KINDS; kind++) {
			for (enum active active = 0; active < ACTIVES; active++) {
				places(kind, active);
				calm("%s: where it is: %s, %s", machine_name[now.machine],
				     kind_name[kind], active_name[active]);
			}
		}
	}
}

/* ---- what is refused --------------------------------------------------------- */

static const struct ferry_mpidr twice[] = { { 0 }, { 1 }, { 2 }, { 1 } };
static const struct ferry_mpidr aff0_16[] = { { 0 }, { 1 }, { 2 }, { 16 } };
static const struct ferry_mpidr aff3[] = { { 0 }, { 1 }, { 2 }, { 1ull << 32 } };
/* Bits of MPIDR_EL1 that are no affinity. */
static const struct ferry_mpidr with_more[] = { { 1u << 31 }, { 1u << 30 | 1 }, { 2 }, { 3 } };

static void plain(uint32_t machine)
{
	now.machine = machine;
	now.strategy = FERRY_LAZY_LATE;
	now.lrs = 4;
	now.ask = now.edge = false;
	configure();
}

static void refused(const char *what)
{
	static uint64_t memory[32768];
	struct ferry_vgic *g;

	is_u64(ferry_vgic_size(&config), 0, "no size: %s", what);
	is_int(ferry_vgic_init(&config, memory, sizeof(memory), &g), FERRY_E_INVALID,
	       "no guest: %s", what);
}

#define REFUSED(machine, change) \
	do { \
		plain(machine); \
		config.change; \
		refused(#change ", " #machine); \
	} while (0)
#define ALLOWED(machine, change) \
	do { \
		plain(machine); \
		config.change; \
		ok(ferry_vgic_size(&config), "a size: " #change ", " #machine); \
	} while (0)

static void configurations(void)
{
	REFUSED(V3_ON_ICH, lrs = 0);
	REFUSED(V3_ON_ICH, lrs = 17);
	REFUSED(V3_ON_ICH, vcpus = 0);
	REFUSED(V3_ON_ICH, vcpus = 65);
	REFUSED(V2_ON_GICH, vcpus = 9);
	REFUSED(V3_ON_ICH, variant = NULL);
	REFUSED(V3_ON_ICH, hardware = NULL);
	REFUSED(V3_ON_ICH, hardware = &ferry_gich);
	REFUSED(V3_ON_ICH, mpidrs = NULL);
	REFUSED(V3_ON_ICH, mpidrs = twice);
	REFUSED(V3_ON_ICH, mpidrs = aff0_16);
	REFUSED(V3_ON_ICH, mpidrs = aff3);
	REFUSED(V3_ON_ICH, spis = 33);
	REFUSED(V2_ON_GICH, spis = 992);
	REFUSED(V3_ON_ICH, spis = 1024);
	REFUSED(V3_ON_ICH, espis = 31);
	REFUSED(V3_ON_ICH, espis = 1056);
	REFUSED(V2_ON_GICH, espis = 32);
	REFUSED(V3_ON_ICH, strategy = 3);
	REFUSED(V3_ON_ICH, nresident = 1);
	REFUSED(V3_ON_ICH, nresident = FERRY_RESIDENTS + 1);
	REFUSED(V3_ON_ICH, aprs = 3);
	REFUSED(V3_ON_ICH, aprs = 5);
	REFUSED(V2_ON_GICH, aprs = 2);
	ALLOWED(V3_ON_ICH, aprs = 4);
	ALLOWED(V2_ON_ICH, aprs = 2);
	ALLOWED(V2_ON_GICH, aprs = 1);
	ALLOWED(V3_ON_ICH, mpidrs = with_more);
	ALLOWED(V3_ON_ICH, lrs = 16);
	ALLOWED(V3_ON_ICH, spis = 988);
	ALLOWED(V3_ON_ICH, espis = 1024);
	ALLOWED(V2_ON_GICH, spis = 960);
	ALLOWED(V2_ON_ICH, vcpus = 8);
}

static void memory_given(void)
{
	static uint64_t memory[32768];
	struct ferry_vgic *g = NULL;
	size_t size;

	plain(V3_ON_ICH);
	size = ferry_vgic_size(&config);
	ok(size && size < sizeof(memory), "size of a small guest");
	is_int(ferry_vgic_init(&config, memory, size - 1, &g), FERRY_E_MEMORY, "one byte too few");
	memset(memory, 0xff, sizeof(memory));
	is_int(ferry_vgic_init(&config, memory, size, &g), FERRY_OK, "as much as was asked for");
	ok(((unsigned char *)memory)[size] == 0xff, "and no more was written");
}

/* INTIDs that a guest with SPIS SPIs does not have. */
static const uint32_t no_spi[] = { 0,    15,   31,   32 + SPIS, 1019, 1020,
				   1023, 1024, 4096, 5119,      8192, FERRY_NONE };
#define NO_SPIS (sizeof(no_spi) / sizeof(*no_spi))

static void wrong_spis(void)
{
	start();
	for (uint32_t n = 0; n < NO_SPIS; n++) {
		is_int(ferry_vgic_bind(fake.g, no_spi[n], PHYS, true), FERRY_E_INVALID,
		       "bind of %u", no_spi[n]);
		is_int(ferry_vgic_unbind(fake.g, no_spi[n]), FERRY_E_INVALID, "unbind of %u",
		       no_spi[n]);
		fake_leave(A);
		fake.self = 0;
		is_int(ferry_vgic_physical(fake.g, no_spi[n]), FERRY_E_INVALID, "arrival of %u",
		       no_spi[n]);
	}
	is_int(ferry_vgic_unbind(fake.g, SPI), FERRY_E_STATE, "unbind of what is not linked");
	is_int(ferry_vgic_physical(fake.g, SPI), FERRY_E_STATE, "arrival of what is not linked");
	phys_bind(SPI, PHYS, true);
	is_int(ferry_vgic_bind(fake.g, SPI, PHYS + 1, true), FERRY_E_STATE, "linked already");
	fake.self = 7;
	is_int(ferry_vgic_inject(fake.g, A, SPI, true), FERRY_E_STATE,
	       "what is linked can't be injected");
	fake.self = 0;
	is_int(ferry_vgic_unbind(fake.g, SPI), FERRY_OK, "unbind");
	is_int(ferry_vgic_unbind(fake.g, SPI), FERRY_E_STATE, "unbind again");
	calm("no rule of the host was broken");
}

static void wrong_injections(void)
{
	struct ferry_virq_info info;

	start();
	fake.self = 7;
	is_int(ferry_vgic_inject(fake.g, A, 15, true), FERRY_E_INVALID, "inject an SGI");
	is_int(ferry_vgic_inject(fake.g, 4, 20, true), FERRY_E_INVALID, "a PPI of vCPU 4 of 4");
	is_int(ferry_vgic_inject(fake.g, 4, SPI, true), FERRY_OK, "an SPI has no vCPU");
	is_int(ferry_vgic_inject(fake.g, D, 20, true), FERRY_OK, "a PPI of a vCPU that is off");
	for (uint32_t n = 3; n < NO_SPIS; n++) {
		is_int(ferry_vgic_inject(fake.g, A, no_spi[n], true), FERRY_E_INVALID, "inject %u",
		       no_spi[n]);
		is_int(ferry_vgic_look(fake.g, A, no_spi[n], &info), FERRY_E_INVALID, "look at %u",
		       no_spi[n]);
		fake_leave(A);
		fake.self = 0;
		/* GICV_DIR has ten bits: 1024 is 0. */
		is_int(ferry_vgic_dir(fake.g, A, no_spi[n]),
		       now.machine != V3_ON_ICH && no_spi[n] % 1024 < 32 ? FERRY_OK :
									   FERRY_E_INVALID,
		       "DIR of %u", no_spi[n]);
		fake.self = 7;
	}
	is_int(ferry_vgic_look(fake.g, 4, 20, &info), FERRY_E_INVALID, "look at PPI of vCPU 4");
	is_int(ferry_vgic_look(fake.g, A, 0, &info), FERRY_OK, "look at an SGI");
	calm("no rule of the host was broken");
}

static void wrong_power(void)
{
	plain(now.machine);
	fake_guest(&config);
	fake.cpu[0].off = true;
	is_int(ferry_vcpu_power(fake.g, 4, true), FERRY_E_INVALID, "power of vCPU 4 of 4");
	is_int(ferry_vcpu_power(fake.g, FERRY_NONE, true), FERRY_E_INVALID, "power of no vCPU");
	is_int(ferry_vcpu_power(fake.g, A, false), FERRY_E_STATE, "off already");
	is_int(ferry_vcpu_power(fake.g, A, true), FERRY_OK, "on");
	is_int(ferry_vcpu_power(fake.g, A, true), FERRY_E_STATE, "on already");
	fake_load(A, 0);
	fake_enter(A);
	is_int(ferry_vcpu_power(fake.g, A, false), FERRY_E_STATE, "off, in the guest");
	fake_leave(A);
	fake.cpu[0].off = true;
	is_int(ferry_vcpu_power(fake.g, A, false), FERRY_OK, "off");
	is_int(ferry_vcpu_power(fake.g, A, false), FERRY_E_STATE, "off already, again");
	calm("no rule of the host was broken");
}

static void wrong_accesses(void)
{
	static const struct {
		uint32_t offset;
		uint8_t bytes;
	} cases[] = { { 0, 8 },
		      { 0, 2 },
		      { REG_ISENABLER, 1 },
		      { REG_ISENABLER, 2 },
		      { REG_IPRIORITYR, 2 },
		      { 2, 4 },
		      { REG_ISENABLER + 1, 4 } };

	start();
	for (uint32_t n = 0; n < sizeof(cases) / sizeof(*cases); n++) {
		uint64_t value = ~0ull;

		is_int(guest_access(A, FERRY_GICD, cases[n].offset, cases[n].bytes, false, &value),
		       FERRY_E_INVALID, "read of %u bytes at 0x%x", cases[n].bytes,
		       cases[n].offset);
		is_u64(value, 0, "value 0");
		value = ~0ull;
		is_int(guest_access(A, FERRY_GICD, cases[n].offset, cases[n].bytes, true, &value),
		       FERRY_E_INVALID, "write of %u bytes at 0x%x", cases[n].bytes,
		       cases[n].offset);
	}
	ok(!fake_look(A, SPI).enabled, "nothing was done");
	calm("no rule of the host was broken");
}

static void unbind_again(void)
{
	plain(now.machine);
	now.edge = true;
	start();
	linked_spi(SPI, PHYS, A);
	phys_raise(PHYS);
	fake_settle();
	handle(A, SPI);
	fake.phys[PHYS].enabled = false;
	fake.self = 7;
	fake_again();
	is_int(ferry_vgic_unbind(fake.g, SPI), FERRY_E_AGAIN, "a vCPU in the guest has it");
	ok(fake_count(FAKE_KICK, A, A) > 0, "it has been asked");
	fake_serve();
	is_int(ferry_vgic_unbind(fake.g, SPI), FERRY_OK, "and gone after that");
	ok(phys_calm(PHYS), "deactivated once");
	guest_eoi(A, SPI);
	fake_settle();
	ok(phys_calm(PHYS), "the guest's EOI comes late and does nothing");
	calm("no rule of the host was broken");
}

/* After init: IHI 0069H 12.9, IHI 0048B 4.3: all off. */
static void as_built(void)
{
	plain(now.machine);
	fake_guest(&config);
	for (uint32_t n = 0; n < 32 + SPIS; n++) {
		struct ferry_virq_info info = fake_look(A, n);

		/* SGIs may be always enabled. */
		must(n < 16 || !info.enabled);
		must(!info.pending && !info.active && !info.physical && !info.owed && !info.in_lr);
		must(info.owner == FERRY_NONE && info.phys == FERRY_NONE);
		must(info.routed == FERRY_NONE && info.asked == info.arrived);
		if (n >= 32)
			must(info.target == (now.machine == V3_ON_ICH ? A : FERRY_NONE));
		else
			must(info.target == A);
	}
	must(fake.notes == 0);
	calm("%s: a new guest", machine_name[now.machine]);
}

/* The life of one interrupt, the shortest. */
static void once(void)
{
	plain(now.machine);
	start();
	virtual_spi(SPI, B, true);
	inject(SPI, true);
	fake_settle();
	must(only(B, SPI));
	take(B, SPI);
	fake_settle();
	must(only(FERRY_NONE, SPI));
	fake_leave(B);
	must(!fake_look(A, SPI).pending && !fake_look(A, SPI).active);
	must(fake_look(A, SPI).owner == FERRY_NONE);
	calm("%s: one interrupt comes and goes", machine_name[now.machine]);
}

int main(void)
{
	configurations();
	memory_given();
	for (uint32_t machine = 0; machine < MACHINES; machine++) {
		plain(machine);
		as_built();
		once();
		wrong_spis();
		wrong_injections();
		wrong_power();
		wrong_accesses();
		unbind_again();
	}
	placement();
	return tap_done();
}
