// SPDX-License-Identifier: MIT
/*
 * The virtual GIC: guests that do everything in a random order, which is the same in each run
 * (a storm has a number). List registers keep their rules at each entry; whatever came is
 * handled, and each time that a physical interrupt came the guest has exactly one. And guests
 * that write what they should not: nothing is asked of them but that they harm nobody, and
 * that no physical interrupt stays active once it is unlinked.
 */
#include "tests/vgic_cases.h"
#include <string.h>

#define STORMS 4000u
#define HOSTILE 4000u
#define STEPS 150u
#define LINKED 4u /* SPIs SPI .. SPI+3: edge, level, edge, level */
#define PURE 4u   /* and SPI+4 .. SPI+7, the same without a physical one */
#define ALL (LINKED + PURE)
#define VCPUS 4u

static uint64_t seed;
static bool hostile;

static uint32_t any(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)(seed >> 33) % n;
}

static struct guest {
	bool split;           /* EOImode 1 */
	uint32_t depth, ends; /* handlers under way; dropped, not deactivated */
	uint32_t stack[32];   /* what an acknowledge returned */
	uint32_t dropped[32];
} guest[VCPUS];

static bool powered[VCPUS];
static uint32_t handled[ALL];
static bool wanted[ALL]; /* came, and was not taken since */

static bool is_edge(uint32_t k)
{
	return k % 2 == 0;
}

static bool in_guest(uint32_t v)
{
	return fake.vcpu[v].cpu != FERRY_NONE && fake.cpu[fake.vcpu[v].cpu].guest;
}

/* ---- what happens ------------------------------------------------------------ */

static void physical(void)
{
	uint32_t phys = PHYS + any(LINKED);

	if (any(2))
		phys_raise(phys);
	if (phys_ready(phys))
		phys_take(phys, any(2) ? fake.phys[phys].route : any(FAKE_CPUS));
}

static void injected(void)
{
	uint32_t k = LINKED + any(PURE);
	bool level = is_edge(k) || any(3);

	inject(SPI + k, level);
	wanted[k] = level || (wanted[k] && is_edge(k));
}

static void acknowledges(uint32_t v)
{
	uint32_t cpu = fake.vcpu[v].cpu, intid = guest_ack(cpu), k = intid - SPI;

	if (intid == FAKE_SPURIOUS)
		return;
	must(guest[v].depth < 32);
	guest[v].stack[guest[v].depth++ % 32] = intid;
	if (k >= ALL)
		return;
	handled[k]++;
	wanted[k] = false;
	if (k < LINKED)
		phys_lower(PHYS + k);
	else if (!is_edge(k))
		inject(intid, false);
}

static void deactivates(uint32_t v)
{
	uint32_t by = any(VCPUS);

	if (!guest[v].ends)
		return;
	guest[v].ends--;
	guest_dir(fake.vcpu[in_guest(by) ? by : v].cpu, guest[v].dropped[guest[v].ends]);
}

static void ends(uint32_t v)
{
	uint32_t intid;

	if (!guest[v].depth)
		return;
	intid = guest[v].stack[--guest[v].depth];
	guest_eoi(fake.vcpu[v].cpu, intid);
	if (guest[v].split)
		guest[v].dropped[guest[v].ends++] = intid;
}

/* To a CPU that is free, or to none. */
static void goes_elsewhere(uint32_t v)
{
	uint32_t cpu = any(FAKE_CPUS);

	if (fake.vcpu[v].blocked)
		return;
	if (fake.vcpu[v].cpu != FERRY_NONE)
		fake_put(v);
	if (powered[v] && fake.cpu[cpu].vcpu == FERRY_NONE) {
		fake_load(v, cpu);
		fake.vcpu[v].runs = true;
	}
}

static void powers(uint32_t v)
{
	if (fake.vcpu[v].blocked || any(4))
		return;
	if (powered[v]) {
		fake_power(v, false);
		memset(&guest[v], 0, sizeof(guest[v]));
	} else if (fake.vcpu[v].cpu != FERRY_NONE) {
		fake_power(v, true);
		guest[v].split = false;
	} else {
		return; /* at the end */
	}
	powered[v] = !powered[v];
}

static void blocks(uint32_t v)
{
	if (in_guest(v) && !guest[v].depth)
		(void)fake_block(v);
}

/* One register write; `v` runs or has just left the guest. */
static void writes(uint32_t v)
{
	uint32_t intid = SPI + any(ALL), n = any(VCPUS + 1);

	switch (any(7)) {
	case 0:
	case 1:
		guest_route(v, intid, n == VCPUS ? FERRY_NONE : n);
		break;
	case 2:
		guest_set(v, REG_ICENABLER, intid);
		break;
	case 3:
		guest_set(v, REG_ISENABLER, intid);
		break;
	case 4:
		guest_priority(v, intid, (uint8_t)(any(16) * 8));
		break;
	case 5:
		guest_group(v, intid, any(2));
		break;
	default:
		guest_write(v, FERRY_GICD, 0, 4, any(4) ? 3 : any(4));
	}
}

/* What no guest should do: states set and cleared whatever they are, ends of what is not
 * active, of others', of what there is not. */
static void does_harm(uint32_t v)
{
	static const enum fake_reg regs[] = { REG_ISPENDR, REG_ICPENDR, REG_ISACTIVER,
					      REG_ICACTIVER };
	uint32_t intid = SPI + any(ALL);

	switch (any(4)) {
	case 0:
		guest_eoi(fake.vcpu[v].cpu, any(8) ? intid : any(1024));
		break;
	case 1:
		guest_dir(fake.vcpu[v].cpu, intid);
		break;
	default:
		guest_set(v, regs[any(4)], intid);
	}
}

/* A vCPU that is in the guest does something. */
static void runs(uint32_t v)
{
	if (hostile && any(2)) {
		does_harm(v);
		return;
	}
	switch (any(6)) {
	case 0:
		writes(v);
		break;
	case 1:
		ends(v);
		break;
	case 2:
		deactivates(v);
		break;
	default:
		acknowledges(v);
	}
}

static void step(void)
{
	uint32_t v = any(VCPUS);

	switch (any(12)) {
	case 0:
	case 1:
		physical();
		break;
	case 2:
		injected();
		break;
	case 3:
		goes_elsewhere(v);
		break;
	case 4:
		powers(v);
		break;
	case 5:
		blocks(v);
		break;
	case 6:
		fake_serve();
		break;
	default:
		if (in_guest(v))
			runs(v);
	}
}

/* ---- begin and end ----------------------------------------------------------- */

static void begin(uint32_t storm)
{
	seed = 0x9e3779b97f4a7c15ull * (storm + 1);
	hostile = storm >= STORMS;
	now.machine = any(MACHINES);
	now.strategy = any(3);
	now.ask = any(2);
	now.lrs = 1 + any(5);
	configure();
	fake_guest(&config);
	memset(guest, 0, sizeof(guest));
	memset(handled, 0, sizeof(handled));
	memset(wanted, 0, sizeof(wanted));
	for (uint32_t v = 0; v < VCPUS; v++) {
		fake_boot(v, v);
		powered[v] = true;
		guest[v].split = any(2);
		guest_interface(v, 0xff, guest[v].split, 3);
	}
	guest_dist(C, true);
	for (uint32_t k = 0; k < ALL; k++) {
		now.edge = is_edge(k);
		if (k < LINKED)
			linked_spi(SPI + k, PHYS + k, k % VCPUS);
		else
			virtual_spi(SPI + k, k % VCPUS, is_edge(k));
		guest_priority(C, SPI + k, (uint8_t)(k * 8));
	}
}

/* All vCPUs are on and in the guest, nothing is in the way of anything. */
static void all_run(void)
{
	for (uint32_t v = 0; v < VCPUS; v++) {
		if (!powered[v])
			fake_power(v, true);
		for (uint32_t cpu = 0; fake.vcpu[v].cpu == FERRY_NONE; cpu++)
			if (fake.cpu[cpu].vcpu == FERRY_NONE)
				fake_load(v, cpu);
		if (!powered[v])
			guest_interface(fake.vcpu[v].cpu, 0xff, false, 3);
		powered[v] = fake.vcpu[v].runs = true;
		fake.vcpu[v].woken = fake.vcpu[v].blocked;
	}
	fake_serve();
	guest_dist(C, true);
	fake_serve();
}

static void drain(void)
{
	for (uint32_t n = 0; n < 40; n++) {
		for (uint32_t v = 0; v < VCPUS; v++) {
			fake_serve(); /* a DIR of another may have had it leave */
			while (guest[v].depth)
				ends(v);
			while (guest[v].ends)
				deactivates(v);
			fake_leave(v);
		}
		fake_settle();
		for (uint32_t v = 0; v < VCPUS; v++)
			acknowledges(v);
	}
	for (uint32_t v = 0; v < VCPUS; v++)
		must(!guest[v].depth && !guest[v].ends);
}

static void end(void)
{
	all_run();
	for (uint32_t k = 0; k < ALL; k++) {
		struct ferry_virq_info info = fake_look(A, SPI + k);

		/* Its handler ran on a vCPU that was switched off. */
		if (info.active && info.owner == FERRY_NONE)
			guest_set(C, REG_ICACTIVER, SPI + k);
		if (info.target == FERRY_NONE)
			guest_route(C, SPI + k, k % VCPUS);
		guest_set(C, REG_ISENABLER, SPI + k);
		fake_serve();
	}
	drain();
	for (uint32_t v = 0; v < VCPUS; v++)
		fake_leave(v);
	for (uint32_t k = 0; k < ALL; k++) {
		struct ferry_virq_info info = fake_look(A, SPI + k);

		must(info.owner == FERRY_NONE && !info.active && !info.pending && !info.owed);
		must(!info.physical && info.asked == info.arrived && !wanted[k]);
		must(k >= LINKED || phys_calm(PHYS + k));
		must(k >= LINKED || handled[k] == fake.phys[PHYS + k].taken);
	}
}

/* The host takes the physical ones away. */
static void taken_away(void)
{
	all_run();
	for (uint32_t k = 0; k < LINKED; k++) {
		int status = FERRY_E_AGAIN;

		fake.phys[PHYS + k].enabled = false;
		for (uint32_t n = 0; n < 4 && status == FERRY_E_AGAIN; n++) {
			fake.self = 7;
			status = ferry_vgic_unbind(fake.g, SPI + k);
			fake_serve();
		}
		must(status == FERRY_OK);
		must(phys_calm(PHYS + k) && fake_look(A, SPI + k).owner == FERRY_NONE);
	}
	fake_serve();
}

int main(void)
{
	for (uint32_t storm = 0; storm < STORMS + HOSTILE; storm++) {
		uint32_t wrongs = fake.wrongs;

		begin(storm);
		for (uint32_t n = 0; n < STEPS; n++)
			step();
		if (hostile)
			taken_away();
		else
			end();
		if (fake.wrongs != wrongs)
			diag("storm %u", storm);
		if (storm % 100 == 99)
			calm("%sstorms %u to %u", hostile ? "hostile " : "", storm - 99, storm);
	}
	return tap_done();
}
