// SPDX-License-Identifier: MIT
/*
 * Register bugs that other virtual GICs have had, each as a case that would show it here; and
 * what the registers that are no plain bits do: GICD_CTLR, GICD_SGIR, ICC_SGI1R_EL1.
 * test_vgic_registers.c is the table of all registers.
 */
#include "tests/fake_vgic.h"
#include "tests/tap.h"
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof(*(a)))
#define SGI_FRAME(vcpu) ((vcpu)*0x20000u + 0x10000u)
#define GICR(vcpu, reg) (SGI_FRAME(vcpu) + (reg))
#define SGI_IRM (1ull << 40)

/* Two clusters, and all levels of affinity used. */
static const struct ferry_mpidr few[] = { { 0x00000 }, { 0x00001 }, { 0x10200 }, { 0x1020f } };
static struct ferry_mpidr many[20]; /* Aff0 0 .. 15, then a cluster of 4 */

static struct ferry_vgic_config v2 = {
	.variant = &ferry_vgicv2, .hardware = &ferry_gich, .lrs = 4, .vcpus = 2, .spis = 96
};
static struct ferry_vgic_config v2_large = {
	.variant = &ferry_vgicv2, .hardware = &ferry_gich, .lrs = 4, .vcpus = 3, .spis = 988
};
static struct ferry_vgic_config v3 = { .variant = &ferry_vgicv3,
				       .hardware = &ferry_ich,
				       .lrs = 4,
				       .vcpus = 4,
				       .mpidrs = few,
				       .spis = 96,
				       .espis = 64 };
static struct ferry_vgic_config v3_many = { .variant = &ferry_vgicv3,
					    .hardware = &ferry_ich,
					    .lrs = 4,
					    .vcpus = 20,
					    .mpidrs = many,
					    .spis = 988 };

static uint32_t read32(uint32_t by, uint8_t frame, uint32_t offset)
{
	return (uint32_t)guest_read(by, frame, offset, 4);
}

static void write32(uint32_t by, uint8_t frame, uint32_t offset, uint32_t value)
{
	guest_write(by, frame, offset, 4, value);
}

/* The vCPUs for which SGI `intid` is pending, and no more of that. */
static uint64_t sgis(uint32_t intid)
{
	uint64_t set = 0;

	for (uint32_t vcpu = 0; vcpu < fake.config->vcpus; vcpu++) {
		if (guest_get(vcpu, REG_ISPENDR, intid))
			set |= 1ull << vcpu;
		if (fake.version == 2)
			write32(vcpu, FERRY_GICD, REG_CPENDSGIR + intid / 4 * 4, ~0u);
		else
			guest_set(vcpu, REG_ICPENDR, intid);
	}
	return set;
}

/* Nothing is pending or active anywhere. */
static bool quiet(void)
{
	uint64_t sum = 0;

	for (uint32_t o = 0; o < 0x80; o += 4)
		sum |= read32(0, FERRY_GICD, REG_ISPENDR + o) |
		       read32(0, FERRY_GICD, REG_ISACTIVER + o);
	for (uint32_t vcpu = 0; vcpu < fake.config->vcpus; vcpu++)
		sum |= fake.version == 2 ? read32(vcpu, FERRY_GICD, REG_ISPENDR) :
					   read32(0, FERRY_GICR, GICR(vcpu, REG_ISPENDR));
	return !sum;
}

/* An SPI that goes through when it is pending: group 1, enabled, an edge. */
static void prepare(uint32_t by, uint32_t intid, uint32_t target)
{
	guest_group(by, intid, true);
	guest_edge(by, intid, true);
	guest_route(by, intid, target);
	guest_set(by, REG_ISENABLER, intid);
}

/* ---- SGIs --------------------------------------------------------------------------- */

static void sgir(uint32_t by, uint32_t value)
{
	write32(by, FERRY_GICD, REG_SGIR, value);
}

static void test_sgir(void)
{
	fake_guest(&v2_large);
	sgir(1, 5u << 16 | 3);
	is_u64(sgis(3), 5, "SGIR: filter 0 is the list");
	sgir(1, 1u << 24 | 5u << 16 | 4);
	is_u64(sgis(4), 5, "SGIR: filter 1 is all others, whatever the list");
	sgir(1, 2u << 24 | 5u << 16 | 15);
	is_u64(sgis(15), 2, "SGIR: filter 2 is the sender, whatever the list");
	sgir(1, 0x7c007ff0u | 1u << 16 | 7);
	is_u64(sgis(7), 1, "SGIR: reserved bits and NSATT count for nothing");
	ok(quiet(), "SGIR: of no other SGI");
	sgir(2, 2u << 16 | 9);
	sgir(0, 2u << 16 | 9);
	is_u64(guest_read(1, FERRY_GICD, REG_SPENDSGIR + 9, 1), 5, "SPENDSGIR: who has sent it");
	guest_write(1, FERRY_GICD, REG_CPENDSGIR + 9, 1, 4);
	is_u64(guest_read(1, FERRY_GICD, REG_CPENDSGIR + 9, 1), 1, "CPENDSGIR: one source less");
	ok(guest_get(1, REG_ISPENDR, 9), "CPENDSGIR: pending from the other one");
	guest_set(1, REG_ICPENDR, 9);
	ok(guest_get(1, REG_ISPENDR, 9), "ICPENDR: has no effect on an SGI of a GICv2");
	guest_set(0, REG_ISPENDR, 9);
	ok(!guest_get(0, REG_ISPENDR, 9), "ISPENDR: nor has this");
	is_u64(read32(1, FERRY_GICD, REG_SGIR), 0, "SGIR: is write-only");
	calm("SGIR: no rule was broken");
}

/* XSA-225: a target list indexes an array of vCPUs. */
static void bug_7(void)
{
	static const uint64_t nobody[] = {
		0xfffc,                      /* no such Aff0 in this cluster */
		0x1ull << 16 | 0xffff,       /* no such Aff1 */
		0x2ull << 16 | 0xffff,       /* Aff1 of another Aff2 */
		0xffull << 48 | 0xffff,      /* Aff3 */
		0xffull << 32 | 0xffff,      /* Aff2 */
		0x1ull << 44 | 0xffff,       /* a range: RSS is 0 */
		0xfull << 44 | 0xff00ffffff, /* everything */
	};

	fake_guest(&v2);
	sgir(0, 0xff << 16 | 5);
	is_u64(sgis(5), 3, "bug 7: SGIR with a list beyond the vCPUs");
	sgir(0, 0xfc << 16 | 5);
	is_u64(sgis(5), 0, "bug 7: SGIR with nobody in its list");
	fake_guest(&v3);
	for (uint32_t n = 0; n < COUNT(nobody); n++) {
		ok(ferry_vgic_sgi(fake.g, 0, FERRY_SGI0R, nobody[n] | 5 << 24) == FERRY_OK,
		   "bug 7: SGI0R 0x%" PRIx64, nobody[n]);
		is_u64(sgis(5), 0, "bug 7: ... is for nobody");
	}
	ok(quiet(), "bug 7: no other SGI either");
	calm("bug 7: no rule was broken");
}

/* XSA-117: a reserved filter hits an assertion. */
static void bug_8(void)
{
	fake_guest(&v2);
	for (uint32_t intid = 0; intid < 16; intid++)
		sgir(0, 3u << 24 | 3u << 16 | intid);
	ok(quiet(), "bug 8: SGIR with the reserved filter sends nothing");
	calm("bug 8: no rule was broken");
}

/* The reserved filter with more targets than vCPUs writes memory that is not theirs. */
static void bug_10(void)
{
	struct ferry_vgic_config one = v2;

	one.vcpus = 1;
	for (uint32_t n = 0; n < 2; n++) {
		fake_guest(n ? &one : &v2);
		sgir(0, 3u << 24 | 0xff << 16 | 5);
		ok(quiet(), "bug 10: SGIR with the reserved filter and all targets, %s",
		   n ? "1 vCPU" : "2 vCPUs");
		ok(!fake_count(FAKE_KICK, FERRY_NONE, FERRY_NONE), "bug 10: nobody is kicked");
	}
	calm("bug 10: no rule was broken");
}

static uint64_t sgi(uint32_t by, enum ferry_vgic_sgi reg, uint64_t value)
{
	if (ferry_vgic_sgi(fake.g, by, reg, value | 6 << 24) != FERRY_OK)
		fake_wrong("an SGI was refused");
	return sgis(6);
}

static void test_sgi1r(void)
{
	uint64_t cluster = 1ull << 32 | 2 << 16; /* Aff2 1, Aff1 2 */

	fake_guest(&v3);
	for (uint32_t vcpu = 0; vcpu < 4; vcpu++)
		guest_group(vcpu, 6, true);
	is_u64(sgi(3, FERRY_SGI1R, 0xffff), 3, "SGI1R: the vCPUs of one cluster");
	is_u64(sgi(3, FERRY_SGI1R, 2), 2, "SGI1R: one of them");
	is_u64(sgi(3, FERRY_SGI1R, cluster | 0x8000), 8, "SGI1R: oneself, Aff0 15");
	is_u64(sgi(0, FERRY_SGI1R, cluster | 0xffff), 12, "SGI1R: the other cluster");
	is_u64(sgi(2, FERRY_SGI1R, SGI_IRM), 11, "SGI1R: all others");
	is_u64(sgi(2, FERRY_SGI1R, SGI_IRM | 0xffffull << 44 | 0xffff), 11,
	       "SGI1R: all others, no other field counts");
	is_u64(sgi(0, FERRY_SGI0R, 0xffff), 0, "SGI0R: not what is group 1");
	is_u64(sgi(0, FERRY_ASGI1R, 0xffff), 0, "ASGI1R: not what is group 1");
	guest_group(1, 6, false);
	is_u64(sgi(0, FERRY_SGI1R, 3), 1, "SGI1R: not what is group 0 where it arrives");
	is_u64(sgi(0, FERRY_SGI0R, 3), 2, "SGI0R: only what is group 0 there");
	is_u64(sgi(0, FERRY_ASGI1R, 3), 2, "ASGI1R: the same");
	guest_set(1, REG_ISPENDR, 6);
	ok(guest_get(0, REG_ISPENDR, 6) == false && sgis(6) == 2,
	   "ISPENDR: sets an SGI of a GICv3 pending");
	is_int(ferry_vgic_sgi(fake.g, 4, FERRY_SGI1R, 3), FERRY_E_INVALID, "SGI1R: no such vCPU");
	is_int(ferry_vgic_sgi(fake.g, 0, (enum ferry_vgic_sgi)3, 3), FERRY_E_INVALID,
	       "SGI1R: no such register");
	fake_guest(&v2);
	is_int(ferry_vgic_sgi(fake.g, 0, FERRY_SGI1R, 3), FERRY_E_INVALID, "SGI1R: not in a GICv2");
	ok(quiet(), "SGI1R: nothing was sent by those");
	calm("SGI1R: no rule was broken");
}

/* ---- enabling -------------------------------------------------------------------------- */

/* Enabling acts on who writes, not on the target. */
static void bug_14(void)
{
	for (uint32_t n = 0; n < 2; n++) {
		fake_guest(n ? &v3 : &v2);
		fake_boot(0, 0);
		fake_boot(1, 1);
		guest_dist(1, true);
		prepare(1, 40, 0);
		guest_set(1, REG_ICENABLER, 40);
		guest_set(1, REG_ISPENDR, 40);
		fake_settle();
		ok(guest_sees(0) == FAKE_SPURIOUS && guest_sees(1) == FAKE_SPURIOUS,
		   "bug 14: disabled, nobody gets it");
		guest_set(1, REG_ISENABLER, 40);
		fake_settle();
		is_u64(guest_sees(1), FAKE_SPURIOUS, "bug 14: not who enables it");
		is_u64(guest_sees(0), 40, "bug 14: its target gets it");
		guest_set(1, REG_ICENABLER, 40);
		is_u64(guest_sees(0), FAKE_SPURIOUS,
		       "bug 14: disabled elsewhere, it is gone at once");
	}
	calm("bug 14: no rule was broken");
}

/* GICD_CTLR: each group by itself, in effect when the access ends. */
static void test_ctlr(void)
{
	for (uint32_t n = 0; n < 2; n++) {
		fake_guest(n ? &v3 : &v2);
		fake_boot(0, 0);
		fake_boot(1, 1);
		prepare(1, 40, 0);
		guest_set(1, REG_ISPENDR, 40);
		write32(1, FERRY_GICD, 0, 1);
		fake_settle();
		is_u64(guest_sees(0), FAKE_SPURIOUS, "CTLR: group 0 on, nothing of group 1");
		write32(1, FERRY_GICD, 0, 2);
		fake_settle();
		is_u64(guest_sees(0), 40, "CTLR: group 1 on");
		guest_group(1, 40, false);
		is_u64(guest_sees(0), FAKE_SPURIOUS,
		       "IGROUPR: of a group that is off, gone at once");
		guest_group(1, 40, true);
		fake_settle();
		is_u64(guest_sees(0), 40, "IGROUPR: and back");
		fake_again();
		write32(1, FERRY_GICD, 0, 2);
		ok(!fake_count(FAKE_KICK, FERRY_NONE, FERRY_NONE),
		   "CTLR: the same again asks nobody");
		write32(1, FERRY_GICD, 0, 1);
		is_u64(guest_sees(0), FAKE_SPURIOUS, "CTLR: off, and gone when the write ends");
		ok(guest_get(1, REG_ISPENDR, 40), "CTLR: pending still");
		guest_group(1, 40, false);
		fake_settle();
		ok(fake_lr_of(0, 40) != FERRY_NONE, "IGROUPR: now it is of a group that is on");
		write32(1, FERRY_GICD, 0, ~0u);
		is_u64(read32(0, FERRY_GICD, 0), n ? 0x53 : 3, "CTLR: RWP reads 0");
	}
	calm("CTLR: no rule was broken");
}

/* ---- routes -------------------------------------------------------------------------------- */

static uint32_t itargetsr(uint32_t intid)
{
	return read32(0, FERRY_GICD, REG_ITARGETSR + intid);
}

/* A byte in the middle of ITARGETSR is masked at the wrong place. */
static void bug_15(void)
{
	fake_guest(&v2_large);
	write32(0, FERRY_GICD, REG_ITARGETSR + 40, 0x01020304);
	for (uint32_t n = 0; n < 4; n++) {
		uint32_t want = (0x01020304u & ~(0xffu << n * 8)) | 7u << n * 8;

		guest_write(1, FERRY_GICD, REG_ITARGETSR + 40 + n, 1, 0xff);
		is_u64(itargetsr(40), want, "bug 15: byte %u of ITARGETSR10", n);
		is_u64(guest_read(2, FERRY_GICD, REG_ITARGETSR + 40 + n, 1), 7, "bug 15: and back");
		write32(0, FERRY_GICD, REG_ITARGETSR + 40, 0x01020304);
	}
	ok(!itargetsr(36) && !itargetsr(44), "bug 15: its neighbours are as they were");
	calm("bug 15: no rule was broken");
}

/* A word with a zero in it is dropped. */
static void bug_16(void)
{
	fake_guest(&v2_large);
	write32(0, FERRY_GICD, REG_ITARGETSR + 40, 0x02020202);
	write32(0, FERRY_GICD, REG_ITARGETSR + 40, 0x01000101);
	is_u64(itargetsr(40), 0x01000101, "bug 16: no target is a target, too");
	is_u64(fake_look(0, 42).target, FERRY_NONE, "bug 16: nobody");
	is_u64(fake_look(0, 43).target, 0, "bug 16: and its neighbour vCPU 0");
	guest_set(0, REG_ISENABLER, 42);
	guest_set(0, REG_ISPENDR, 42);
	guest_dist(0, true);
	ok(guest_get(0, REG_ISPENDR, 42), "bug 16: without a target it stays pending");
	calm("bug 16: no rule was broken");
}

/* Several targets are kept as they are written, but for vCPUs there are not; kvm-unit-tests
 * (gicv2-mmio) looks for this word. */
static void test_masks(void)
{
	fake_guest(&v2_large);
	write32(0, FERRY_GICD, REG_ITARGETSR + 1016, 0x0103020f);
	is_u64(itargetsr(1016), 0x01030207, "ITARGETSR: masks of several, the last SPIs");
	is_u64(fake_look(0, 1016).target, 0, "ITARGETSR: one of them is the target");
	is_u64(fake_look(0, 1017).target, 1, "ITARGETSR: ... of theirs");
	write32(0, FERRY_GICD, REG_ITARGETSR + 1016, 0xf8f8f8f8);
	is_u64(itargetsr(1016), 0, "ITARGETSR: nothing is left of those that there are not");
	is_u64(fake_look(0, 1016).target, FERRY_NONE, "ITARGETSR: that is nobody");
	write32(0, FERRY_GICD, REG_ITARGETSR + 1020, ~0u);
	is_u64(itargetsr(1020), 0, "ITARGETSR: 1020 .. 1023 are no SPIs");
	for (uint32_t vcpu = 0; vcpu < 3; vcpu++)
		is_u64(read32(vcpu, FERRY_GICD, REG_ITARGETSR + 4 * vcpu), 0x01010101u << vcpu,
		       "ITARGETSR: vCPU %u finds its own bit", vcpu);
	write32(1, FERRY_GICD, REG_ITARGETSR + 20, 0);
	is_u64(fake_look(1, 20).target, 1, "ITARGETSR: a private one's is read-only");
	calm("ITARGETSR: no rule was broken");
}

/* A uniprocessor has no targets to choose from (IHI 0048B 4.3.12). */
static void test_uniprocessor(void)
{
	struct ferry_vgic_config one = v2;

	one.vcpus = 1;
	fake_guest(&one);
	fake_boot(0, 0);
	guest_dist(0, true);
	prepare(0, 40, 0);
	write32(0, FERRY_GICD, REG_ITARGETSR + 40, 0);
	guest_set(0, REG_ISPENDR, 40);
	fake_settle();
	is_u64(guest_sees(0), 40, "uniprocessor: all SPIs are its, whatever ITARGETSR is told");
	is_u64(itargetsr(40), 0, "uniprocessor: ITARGETSR reads 0");
	calm("uniprocessor: no rule was broken");
}

static uint64_t irouter(uint32_t intid)
{
	return guest_read(3, FERRY_GICD, REG_IROUTER + 8 * intid, 8);
}

/* IROUTER is stored at another interrupt's place. */
static void bug_17(void)
{
	bool good = true;

	fake_guest(&v3);
	for (uint32_t intid = 32; intid < 128; intid++)
		guest_write(0, FERRY_GICD, REG_IROUTER + 8 * intid, 8, intid);
	guest_write(0, FERRY_GICD, 0x8000 + 8 * 37, 8, 0x777);
	guest_write(0, FERRY_GICD, REG_IROUTER + 8 * 38, 8, 0x10200);
	for (uint32_t intid = 0; intid < 1024; intid++)
		good = good && irouter(intid) == (intid < 32 || intid >= 128 ? 0 :
						  intid == 38                ? 0x10200 :
									       intid);
	ok(good, "bug 17: IROUTER38 is 38's alone");
	is_u64(guest_read(0, FERRY_GICD, 0x8000 + 8 * 37, 8), 0x777,
	       "bug 17: IROUTER37E is its own");
	is_u64(fake_look(0, 38).target, 2, "bug 17: and names its target");
	is_u64(fake_look(0, 37).target, FERRY_NONE, "bug 17: an affinity that nobody has");
	calm("bug 17: no rule was broken");
}

/* Accesses to another vCPU's redistributor reach vCPU 0; IROUTER is cut to 8 bits, and
 * halves are merged with what was there before. */
static void bug_39(void)
{
	fake_guest(&v3);
	write32(3, FERRY_GICR, GICR(2, REG_ISENABLER), 0x00f00010);
	for (uint32_t vcpu = 0; vcpu < 4; vcpu++)
		is_u64(read32(0, FERRY_GICR, GICR(vcpu, REG_ISENABLER)), vcpu == 2 ? 0xf00010 : 0,
		       "bug 39: vCPU 3 writes vCPU 2's, vCPU %u", vcpu);
	write32(0, FERRY_GICD, REG_IROUTER + 8 * 40, 0x1020f);
	is_u64(irouter(40), 0x1020f, "bug 39: the lower half, all levels");
	is_u64(fake_look(0, 40).target, 3, "bug 39: it is the route at once");
	write32(0, FERRY_GICD, REG_IROUTER + 8 * 40 + 4, 0);
	is_u64(irouter(40), 0x1020f, "bug 39: the upper half changes nothing of the lower one");
	write32(0, FERRY_GICD, REG_IROUTER + 8 * 40 + 4, 0);
	write32(0, FERRY_GICD, REG_IROUTER + 8 * 40, 0xffcafe);
	is_u64(irouter(40), 0xffcafe, "bug 39: a route to nobody is kept");
	write32(0, FERRY_GICD, REG_IROUTER + 8 * 40, 0x80000001);
	is_u64(irouter(40), 1, "bug 39: no 1 of N (GICD_TYPER.No1N), reserved bits");
	is_u64(fake_look(0, 40).target, 1, "bug 39: the vCPU that it names");
	calm("bug 39: no rule was broken");
}

/* A mask of targets is made by shifting an affinity, 8 bits wide. */
static void bug_40(void)
{
	fake_guest(&v3_many);
	fake_boot(0, 0);
	fake_boot(16, 1);
	fake_boot(19, 2);
	guest_dist(0, true);
	prepare(0, 40, 16);
	guest_set(0, REG_ISPENDR, 40);
	fake_settle();
	is_u64(guest_sees(1), 40, "bug 40: vCPU 16 gets what is routed to it");
	ok(guest_sees(0) == FAKE_SPURIOUS && guest_sees(2) == FAKE_SPURIOUS,
	   "bug 40: nobody else does");
	prepare(19, 1019, 19);
	guest_set(0, REG_ISPENDR, 1019);
	fake_settle();
	is_u64(guest_sees(2), 1019, "bug 40: the last SPI, to the last vCPU");
	for (uint32_t vcpu = 0; vcpu < 20; vcpu++)
		is_u64(guest_read(0, FERRY_GICR, vcpu * 0x20000 + 8, 8),
		       many[vcpu].value << 32 | vcpu << 8 | (vcpu == 19 ? 0x10 : 0),
		       "bug 40: GICR_TYPER of vCPU %u", vcpu);
	calm("bug 40: no rule was broken");
}

/* ---- where registers begin and end --------------------------------------------------------- */

/* More SPIs in a register than there are: out of bounds. */
static void bug_18(void)
{
	static const uint32_t regs[] = { REG_IGROUPR, REG_ISENABLER, REG_ISPENDR, REG_ISACTIVER };

	fake_guest(&v2_large);
	for (uint32_t n = 0; n < COUNT(regs); n++) {
		write32(0, FERRY_GICD, regs[n] + 31 * 4, ~0u);
		is_u64(read32(0, FERRY_GICD, regs[n] + 31 * 4), 0x0fffffff,
		       "bug 18: 1020 .. 1023 of 0x%x are RAZ/WI", regs[n]);
	}
	fake_guest(&v3);
	for (uint32_t n = 0; n < COUNT(regs); n++) {
		write32(0, FERRY_GICD, regs[n] + 4 * 4, ~0u);
		is_u64(read32(0, FERRY_GICD, regs[n] + 4 * 4), 0,
		       "bug 18: of 0x%x what is behind the last SPI", regs[n]);
	}
	ok(quiet(), "bug 18: nothing is pending or active");
	calm("bug 18: no rule was broken");
}

/* ISACTIVER0 and ICACTIVER0 of a redistributor reach the wrong function. */
static void bug_41(void)
{
	fake_guest(&v3);
	write32(0, FERRY_GICR, GICR(1, REG_ISACTIVER), 0x08000020);
	is_u64(read32(2, FERRY_GICR, GICR(1, REG_ISACTIVER)), 0x08000020,
	       "bug 41: ISACTIVER0 sets");
	is_u64(read32(2, FERRY_GICR, GICR(1, REG_ICACTIVER)), 0x08000020,
	       "bug 41: ICACTIVER0 shows the same");
	ok(!read32(0, FERRY_GICR, GICR(1, REG_ISPENDR)) &&
		   !read32(0, FERRY_GICR, GICR(1, REG_ISENABLER)) && fake_look(1, 27).active,
	   "bug 41: active, no more");
	write32(3, FERRY_GICR, GICR(1, REG_ICACTIVER), 0x20);
	is_u64(read32(2, FERRY_GICR, GICR(1, REG_ISACTIVER)), 0x08000000,
	       "bug 41: ICACTIVER0 clears");
	calm("bug 41: no rule was broken");
}

/* What is active in another vCPU's list register does not show, or can't be cleared. */
static void bug_42(void)
{
	fake_guest(&v3);
	fake_boot(0, 0);
	fake_boot(1, 1);
	guest_dist(0, true);
	prepare(0, 40, 1);
	guest_set(0, REG_ISPENDR, 40);
	fake_settle();
	ok(guest_get(0, REG_ISPENDR, 40) && !guest_get(0, REG_ISACTIVER, 40),
	   "bug 42: pending in a list register");
	fake_settle();
	guest_set(0, REG_ISACTIVER, 40);
	ok(fake_look(0, 40).active, "bug 42: ISACTIVER elsewhere, in effect at once");
	fake_settle();
	guest_set(0, REG_ICACTIVER, 40);
	ok(!fake_look(0, 40).active, "bug 42: ICACTIVER elsewhere, in effect at once");
	fake_settle();
	is_u64(guest_sees(1), 40, "bug 42: to be taken there");
	guest_set(0, REG_ICPENDR, 40);
	is_u64(guest_sees(1), FAKE_SPURIOUS, "bug 42: ICPENDR elsewhere, and it is gone at once");
	guest_set(0, REG_ISPENDR, 40);
	fake_settle();
	is_u64(guest_ack(1), 40, "bug 42: taken");
	ok(!guest_get(0, REG_ISPENDR, 40) && guest_get(0, REG_ISACTIVER, 40),
	   "bug 42: another vCPU sees that it is active");
	fake_settle();
	fake_again();
	is_u64(read32(0, FERRY_GICD, REG_ISACTIVER + 4), 1u << 8, "bug 42: 32 interrupts");
	is_u64(fake_count(FAKE_KICK, FERRY_NONE, FERRY_NONE), 1, "bug 42: ... for one kick");
	fake_settle();
	guest_set(0, REG_ICACTIVER, 40);
	ok(!fake_look(0, 40).active, "bug 42: it can be cleared from there");
	ok(!guest_get(0, REG_ISACTIVER, 40), "bug 42: ... and reads so");
	calm("bug 42: no rule was broken");
}

/* The redistributor of a vCPU that there is not: a null pointer. */
static void bug_52(void)
{
	static const uint32_t where[] = { 4 * 0x20000, 5 * 0x20000, 63 * 0x20000, 64 * 0x20000,
					  0x7fffu * 0x20000 };
	bool good = true;

	fake_guest(&v3);
	for (uint32_t n = 0; n < COUNT(where); n++)
		for (uint32_t o = 0; o < 0x20000; o += 4) {
			write32(0, FERRY_GICR, where[n] + o, ~0u);
			good = good && !read32(0, FERRY_GICR, where[n] + o);
		}
	ok(good, "bug 52: redistributors behind the last one are RAZ/WI");
	is_u64(guest_read(0, FERRY_GICR, 4 * 0x20000 + 8, 8), 0, "bug 52: 64 bits, too");
	good = true;
	for (uint32_t vcpu = 0; vcpu < 4; vcpu++)
		for (uint32_t o = 0x80; o < 0x400; o += 4)
			good = good && !read32(0, FERRY_GICR, GICR(vcpu, o));
	ok(good && quiet(), "bug 52: those that are there are as they were");
	calm("bug 52: no rule was broken");
}

static void no_extended(void)
{
	bool good = true;

	fake_guest(&v3_many);
	for (uint32_t o = 0x1000; o < 0x4000; o += 4)
		write32(0, FERRY_GICD, o, ~0u);
	for (uint32_t o = 0x1000; o < 0x4000; o += 4)
		good = good && !read32(0, FERRY_GICD, o);
	ok(good && quiet(), "bug 53: without extended SPIs their registers are RAZ/WI");
}

/* An abort into the guest for ISPENDR, ICPENDR, the ends of ranges, eSPIs without eSPIs. */
static void bug_53(void)
{
	static struct ferry_vgic_config *const configs[] = { &v2, &v2_large, &v3, &v3_many };

	for (uint32_t n = 0; n < COUNT(configs); n++) {
		bool good = true;
		uint64_t value;

		fake_guest(configs[n]);
		for (uint32_t o = 0; o < 0x10000; o += 4)
			for (uint32_t write = 0; write < 2; write++) {
				value = 0x01010101;
				good = good &&
				       guest_access(1, FERRY_GICD, o, 4, write, &value) == FERRY_OK;
			}
		for (uint32_t o = 0; fake.version == 3 && o < 0x20000; o += 4)
			for (uint32_t write = 0; write < 2; write++) {
				value = 0x01010101;
				good = good &&
				       guest_access(1, FERRY_GICR, o, 4, write, &value) == FERRY_OK;
			}
		ok(good, "bug 53: no word is refused, guest %u", n);
	}
	no_extended();
	calm("bug 53: no rule was broken");
}

/* kvm-unit-tests fills IGROUPR in a loop whose bound is a number of interrupts, and its steps
 * are bytes: with many SPIs it goes on into ISENABLER, ISPENDR, ISACTIVER, IPRIORITYR. */
static void test_spill(void)
{
	fake_guest(&v3_many);
	fake_boot(0, 0);
	guest_dist(0, true);
	for (uint32_t o = 32; o < 1020; o += 4)
		write32(0, FERRY_GICD, REG_IGROUPR + o, ~0u);
	fake_settle();
	/* What its set-up would have done with them: all off, and one from the beginning. */
	for (uint32_t o = 4; o < 0x80; o += 4) {
		write32(0, FERRY_GICD, REG_ICENABLER + o, ~0u);
		write32(0, FERRY_GICD, REG_ICPENDR + o, ~0u);
		write32(0, FERRY_GICD, REG_ICACTIVER + o, ~0u);
	}
	ok(quiet(), "spill: what it has made pending and active can be cleared");
	fake_settle();
	is_u64(guest_sees(0), FAKE_SPURIOUS, "spill: nothing comes");
	prepare(0, 40, 0);
	guest_set(0, REG_ISPENDR, 40);
	fake_settle();
	is_u64(guest_ack(0), 40, "spill: the guest works");
	guest_eoi(0, 40);
	ok(quiet(), "spill: ... and ends it");
	calm("spill: no rule was broken");
}

int main(void)
{
	for (uint32_t n = 0; n < COUNT(many); n++)
		many[n].value = n < 16 ? n : 0x10300 + n - 16;
	test_sgir();
	test_sgi1r();
	test_ctlr();
	test_masks();
	test_uniprocessor();
	test_spill();
	bug_7();
	bug_8();
	bug_10();
	bug_14();
	bug_15();
	bug_16();
	bug_17();
	bug_18();
	bug_39();
	bug_40();
	bug_41();
	bug_42();
	bug_52();
	bug_53();
	return tap_done();
}
