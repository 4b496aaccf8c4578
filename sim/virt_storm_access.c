/* SPDX-License-Identifier: MIT */
/*
 * virt_storm_access.c: what the vCPUs of a storm write and read, and what the oracle is told
 * of it. Registers: IHI 0048B 4.3 (GICv2), IHI 0069H 12.9 (GICD), 12.11 (GICR).
 */
#include "virt_storm_int.h"

#define RD_BYTES 0x20000u
#define SGI_BASE 0x10000u

/* Arrays with a bit for each interrupt, in the order of the distributor. */
enum { GROUPR, ISENABLER, ICENABLER, ISPENDR, ICPENDR, ISACTIVER, ICACTIVER };

struct place {
	uint8_t frame;
	uint32_t offset;
};

static uint64_t do_access(struct vstorm *st, uint32_t vcpu, struct place p, uint8_t bytes,
			  bool write, uint64_t value)
{
	struct ferry_vgic_access a = {
		.frame = p.frame, .bytes = bytes, .write = write, .offset = p.offset, .value = value
	};
	int rc = ferry_vgic_access(st->g, vcpu, &a);

	if (rc != FERRY_OK)
		violation(st->m, V_BROKEN, st->m->current, NONE,
			  "access of %u bytes at %#x of frame %u returned %d", bytes, p.offset,
			  p.frame, rc);
	return a.value;
}

static bool is_extended(uint32_t intid)
{
	return intid >= FERRY_ESPI_FIRST;
}

static uint32_t rank_of(uint32_t intid)
{
	return is_extended(intid) ? intid - FERRY_ESPI_FIRST : intid;
}

/* The word of an array of bits. GICv3: private ones have a frame of their own. */
static struct place bits_of(const struct vstorm *st, uint32_t vcpu, uint32_t array, uint32_t intid)
{
	struct place p = { FERRY_GICD, 0 };

	p.offset = (is_extended(intid) ? 0x1000 + array * 0x200 : 0x80 + array * 0x80) +
		   rank_of(intid) / 32 * 4;
	if (intid < 32 && st->o->guest_gic == 3) {
		p.frame = FERRY_GICR;
		p.offset += vcpu * RD_BYTES + SGI_BASE;
	}
	return p;
}

static struct place byte_of(const struct vstorm *st, uint32_t vcpu, uint32_t intid)
{
	struct place p = { FERRY_GICD, (is_extended(intid) ? 0x2000 : 0x400) + rank_of(intid) };

	if (intid < 32 && st->o->guest_gic == 3) {
		p.frame = FERRY_GICR;
		p.offset += vcpu * RD_BYTES + SGI_BASE;
	}
	return p;
}

static void write_bit(struct vstorm *st, uint32_t vcpu, uint32_t array, uint32_t intid)
{
	(void)do_access(st, vcpu, bits_of(st, vcpu, array, intid), 4, true,
			1u << rank_of(intid) % 32);
}

/* ---- routes ------------------------------------------------------------------------------ */

static uint32_t intid_of(const struct vstorm *st, uint32_t src)
{
	return st->m->virt->source[src].intid;
}

static uint64_t affinity_of(const struct vstorm *st, uint32_t target)
{
	return target == NONE ? 0x00ffff0f : st->affinity[target].value;
}

static struct place router_of(const struct vstorm *st, uint32_t src)
{
	uint32_t intid = intid_of(st, src);

	return (struct place){ FERRY_GICD,
			       (is_extended(intid) ? 0x8000 : 0x6000) + rank_of(intid) * 8 };
}

/* Of several bits the lowest counts. */
static uint8_t target_byte(struct vstorm *st, uint32_t target)
{
	if (target == NONE)
		return 0;
	return (uint8_t)((vstorm_pick(st, 4) ? 0 : vstorm_pick(st, 256) & 0xffu << target) |
			 1u << target);
}

void vstorm_route(struct vstorm *st, uint32_t vcpu, uint32_t src, uint32_t target)
{
	struct place p = router_of(st, src);

	virt_told_route(st->m, src, target, false);
	if (st->o->guest_gic == 2)
		(void)do_access(st, vcpu, (struct place){ FERRY_GICD, 0x800 + intid_of(st, src) },
				1, true, target_byte(st, target));
	else
		(void)do_access(st, vcpu, p, vstorm_pick(st, 2) ? 8 : 4, true,
				affinity_of(st, target));
	virt_told_route(st->m, src, target, true);
}

static uint32_t some_target(struct vstorm *st)
{
	bool somewhere = st->o->somewhere || vstorm_pick(st, 64);

	return somewhere ? vstorm_pick(st, st->o->vcpus) : NONE;
}

/* Four at a time. */
static void route_word(struct vstorm *st, uint32_t vcpu, uint32_t first)
{
	uint32_t src[4], target[4], i, value = 0;

	for (i = 0; i < 4; i++) {
		src[i] = virt_source_of(st->m, 0, first + i);
		target[i] = some_target(st);
		if (src[i] != NONE && st->virq[src[i]].claimed)
			return;
	}
	for (i = 0; i < 4; i++) {
		value |= (uint32_t)target_byte(st, target[i]) << 8 * i;
		if (src[i] != NONE)
			virt_told_route(st->m, src[i], target[i], false);
	}
	(void)do_access(st, vcpu, (struct place){ FERRY_GICD, 0x800 + first }, 4, true, value);
	for (i = 0; i < 4; i++)
		if (src[i] != NONE)
			virt_told_route(st->m, src[i], target[i], true);
}

/* Of a 64-bit register the upper half is Aff3 alone, which is 0. */
static void route_half(struct vstorm *st, uint32_t vcpu, uint32_t src)
{
	struct place p = router_of(st, src);

	p.offset += 4;
	(void)do_access(st, vcpu, p, 4, true, 0);
}

void vstorm_routes(struct vstorm *st, uint32_t vcpu, uint32_t src)
{
	if (st->virq[src].claimed)
		return;
	if (st->o->guest_gic == 2 && !vstorm_pick(st, 16))
		route_word(st, vcpu, intid_of(st, src) & ~3u);
	else if (st->o->guest_gic == 3 && !vstorm_pick(st, 32))
		route_half(st, vcpu, src);
	else
		vstorm_route(st, vcpu, src, some_target(st));
}

/* ---- bits ---------------------------------------------------------------------------------- */

void vstorm_enable(struct vstorm *st, uint32_t vcpu, uint32_t src, bool on)
{
	const struct virt_source *s = &st->m->virt->source[src];

	virt_told_enable(st->m, src, on, false);
	write_bit(st, s->vcpu == NONE ? vcpu : s->vcpu, on ? ISENABLER : ICENABLER, s->intid);
	virt_told_enable(st->m, src, on, true);
}

void vstorm_pend(struct vstorm *st, uint32_t vcpu, uint32_t src)
{
	virt_inject_event(st->m, src);
	write_bit(st, vcpu, ISPENDR, intid_of(st, src));
}

void vstorm_unpend(struct vstorm *st, uint32_t vcpu, uint32_t src)
{
	virt_told_unpend(st->m, src, false);
	write_bit(st, vcpu, ICPENDR, intid_of(st, src));
	virt_told_unpend(st->m, src, true);
}

void vstorm_clear(struct vstorm *st, uint32_t vcpu, uint32_t intid)
{
	write_bit(st, vcpu, ICACTIVER, intid);
}

void vstorm_priority(struct vstorm *st, uint32_t vcpu, uint32_t intid, uint8_t priority)
{
	(void)do_access(st, vcpu, byte_of(st, vcpu, intid), 1, true, priority);
}

void vstorm_groups(struct vstorm *st, uint32_t vcpu, uint32_t intid, uint32_t word)
{
	(void)do_access(st, vcpu, bits_of(st, vcpu, GROUPR, intid), 4, true, word);
}

/* It changes its group; who does the same to a neighbour meanwhile may undo that. */
void vstorm_group(struct vstorm *st, uint32_t vcpu, uint32_t intid)
{
	uint64_t word = do_access(st, vcpu, bits_of(st, vcpu, GROUPR, intid), 4, false, 0);

	vstorm_groups(st, vcpu, intid, (uint32_t)word ^ 1u << rank_of(intid) % 32);
}

void vstorm_edge(struct vstorm *st, uint32_t vcpu, uint32_t src)
{
	uint32_t n = rank_of(intid_of(st, src));
	struct place p = { FERRY_GICD,
			   (is_extended(intid_of(st, src)) ? 0x3000 : 0xc00) + n / 16 * 4 };
	uint64_t word = do_access(st, vcpu, p, 4, false, 0);

	(void)do_access(st, vcpu, p, 4, true, word | 2u << n % 16 * 2);
}

/* ---- all of it ------------------------------------------------------------------- */

/* Two at a time: nobody knows which is the last. */
void vstorm_switch(struct vstorm *st, uint32_t vcpu, uint32_t groups)
{
	st->off = false;
	st->switch_crossed = st->switching++ != 0 || st->switch_crossed;
	(void)do_access(st, vcpu, (struct place){ FERRY_GICD, 0 }, 4, true, groups);
	st->off = !st->switch_crossed && !groups;
	if (!--st->switching)
		st->switch_crossed = false;
}

void vstorm_read(struct vstorm *st, uint32_t vcpu, uint32_t src)
{
	uint32_t intid = intid_of(st, src), what = vstorm_pick(st, 10);

	if (what <= ICACTIVER)
		(void)do_access(st, vcpu, bits_of(st, vcpu, what, intid), 4, false, 0);
	else if (what == 7)
		(void)do_access(st, vcpu, byte_of(st, vcpu, intid & ~3u), 4, false, 0);
	else if (st->o->guest_gic == 3)
		(void)do_access(st, vcpu, router_of(st, src), 8, false, 0);
	else
		(void)do_access(st, vcpu, (struct place){ FERRY_GICD, 0x800 + (intid & ~3u) }, 4,
				false, 0);
}

/* ---- SGIs ------------------------------------------------------------------------ */

static void announce(struct vstorm *st, uint32_t intid, uint64_t targets)
{
	for (; targets; targets &= targets - 1)
		virt_inject_event(st->m,
				  virt_source_of(st->m, (uint32_t)__builtin_ctzll(targets), intid));
}

static uint64_t everybody(const struct vstorm *st)
{
	return ~0ull >> (64 - st->o->vcpus);
}

/* GICD_SGIR: to a list, to all others, to oneself. */
static void send2(struct vstorm *st, uint32_t vcpu, uint32_t intid)
{
	uint32_t list = 1u << vstorm_pick(st, st->o->vcpus), filter = 0;
	uint64_t targets = list;

	if (!vstorm_pick(st, 8)) {
		filter = 1 + vstorm_pick(st, 2);
		targets = filter == 1 ? everybody(st) & ~vstorm_bit(vcpu) : vstorm_bit(vcpu);
	}
	announce(st, intid, targets);
	(void)do_access(st, vcpu, (struct place){ FERRY_GICD, 0xf00 }, 4, true,
			filter << 24 | list << 16 | intid);
}

/* ICC_SGI1R_EL1: to some of a cluster, or to all others. */
static void send3(struct vstorm *st, uint32_t vcpu, uint32_t intid)
{
	uint32_t to = vstorm_pick(st, st->o->vcpus), i;
	uint64_t cluster = st->affinity[to].value, targets = 0, list = 1u << (cluster & 15), value;

	if (!vstorm_pick(st, 4))
		list |= vstorm_pick(st, 65536);
	for (i = 0; i < st->o->vcpus; i++)
		if (st->affinity[i].value >> 8 == cluster >> 8 &&
		    list >> (st->affinity[i].value & 15) & 1)
			targets |= vstorm_bit(i);
	value = (cluster >> 16 & 0xff) << 32 | (uint64_t)intid << 24 | (cluster >> 8 & 0xff) << 16 |
		list;
	if (!vstorm_pick(st, 64)) {
		targets = everybody(st) & ~vstorm_bit(vcpu);
		value |= 1ull << 40;
	}
	announce(st, intid, targets);
	if (ferry_vgic_sgi(st->g, vcpu, FERRY_SGI1R, value) != FERRY_OK)
		violation(st->m, V_BROKEN, st->m->current, NONE, "an SGI is refused");
}

void vstorm_send(struct vstorm *st, uint32_t vcpu)
{
	uint32_t intid = vstorm_pick(st, st->o->sgis);

	if (st->o->guest_gic == 2)
		send2(st, vcpu, intid);
	else
		send3(st, vcpu, intid);
}
