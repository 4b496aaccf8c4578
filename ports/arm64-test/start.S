/* SPDX-License-Identifier: MIT */
/*
 * How a CPU begins: at EL2 (then down to EL1) or EL1, MMU off, interrupts off. The first
 * one at `_start`, the others at `cpu_entry`, where PSCI CPU_ON sends them with their index
 * in x0. And the vectors.
 */
	.section .text.boot, "ax"

/* The header of an arm64 Image: without it QEMU does not treat the file as one. */
	.global	_start
_start:
	b	first
	.long	0
	.quad	0x80000			/* from the start of memory */
	.quad	image_size
	.quad	0xa			/* little endian, 4 KB pages, anywhere */
	.quad	0, 0, 0
	.ascii	"ARM\x64"
	.long	0

first:
	ldr	x1, =bss_start
	ldr	x2, =bss_end
1:	cmp	x1, x2
	b.hs	2f
	stp	xzr, xzr, [x1], #16
	b	1b
2:	mov	x0, #0

	.global	cpu_entry
cpu_entry:
	mov	x19, x0
	mrs	x20, CurrentEL
	cmp	x20, #8
	b.ne	at_el1

	/* EL2 keeps nothing for itself: AArch64 below, timers and the GIC's system
	 * registers untrapped. */
	mov	x0, #(1 << 31)
	msr	hcr_el2, x0
	mov	x0, #3
	msr	cnthctl_el2, x0
	msr	cntvoff_el2, xzr
	msr	vttbr_el2, xzr
	mov	x0, #0x33ff
	msr	cptr_el2, x0
	msr	hstr_el2, xzr
	mrs	x0, midr_el1
	msr	vpidr_el2, x0
	mrs	x0, mpidr_el1
	msr	vmpidr_el2, x0
	mrs	x0, id_aa64pfr0_el1
	ubfx	x0, x0, #24, #4
	cbz	x0, 1f
	mrs	x0, S3_4_C12_C9_5	/* ICC_SRE_EL2 */
	mov	x1, #9			/* SRE, Enable */
	orr	x0, x0, x1
	msr	S3_4_C12_C9_5, x0
	isb
1:	ldr	x0, =0x30d00800		/* the bits that are always 1; MMU off */
	msr	sctlr_el1, x0
	mov	x0, #0x3c5		/* EL1, its own stack, everything masked */
	msr	spsr_el2, x0
	adr	x0, at_el1
	msr	elr_el2, x0
	eret

at_el1:
	msr	spsel, #1
	ldr	x0, =vectors
	msr	vbar_el1, x0
	ldr	x0, =stacks
	add	x1, x19, #1
	add	x0, x0, x1, lsl #16	/* STACK_BYTES */
	mov	sp, x0
	msr	tpidr_el1, x19
	ldr	x0, =0xff04		/* attribute 0: Device-nGnRE; 1: Normal, write-back */
	msr	mair_el1, x0
	/* 39 bits of address, 4 KB granule, tables cacheable and shared, 40 bits out; no
	 * upper half. */
	ldr	x0, =0x200803519
	msr	tcr_el1, x0
	ldr	x0, =level1
	msr	ttbr0_el1, x0
	isb
	cbnz	x19, 2f
	bl	map			/* the first CPU makes the table */
2:	tlbi	vmalle1
	dsb	sy
	isb
	mrs	x0, sctlr_el1
	ldr	x1, =0x1005		/* MMU, data cache, instruction cache */
	orr	x0, x0, x1
	msr	sctlr_el1, x0
	isb
	mov	x0, x19
	mov	x1, x20
	bl	begin
3:	wfi
	b	3b

/* ---- vectors ------------------------------------------------------------------- */

	.macro	slot to, what
	.balign	0x80
	.if	\what >= 0
	mov	x0, #\what
	.endif
	b	\to
	.endm

	.balign	0x800
vectors:
	slot	wrong, 0
	slot	wrong, 1
	slot	wrong, 2
	slot	wrong, 3
	slot	wrong, 4	/* synchronous, this level, own stack */
	slot	irq, -1
	slot	wrong, 6
	slot	wrong, 7
	slot	wrong, 8
	slot	wrong, 9
	slot	wrong, 10
	slot	wrong, 11
	slot	wrong, 12
	slot	wrong, 13
	slot	wrong, 14
	slot	wrong, 15

	.balign	0x80
wrong:
	mrs	x1, esr_el1
	mrs	x2, elr_el1
	mrs	x3, far_el1
	b	fault

/* What C may change, and where to go back to: handlers may turn interrupts on. */
irq:
	sub	sp, sp, #176
	stp	x0, x1, [sp]
	stp	x2, x3, [sp, #16]
	stp	x4, x5, [sp, #32]
	stp	x6, x7, [sp, #48]
	stp	x8, x9, [sp, #64]
	stp	x10, x11, [sp, #80]
	stp	x12, x13, [sp, #96]
	stp	x14, x15, [sp, #112]
	stp	x16, x17, [sp, #128]
	stp	x18, x30, [sp, #144]
	mrs	x0, elr_el1
	mrs	x1, spsr_el1
	stp	x0, x1, [sp, #160]
	bl	interrupt
	ldp	x0, x1, [sp, #160]
	msr	elr_el1, x0
	msr	spsr_el1, x1
	ldp	x18, x30, [sp, #144]
	ldp	x16, x17, [sp, #128]
	ldp	x14, x15, [sp, #112]
	ldp	x12, x13, [sp, #96]
	ldp	x10, x11, [sp, #80]
	ldp	x8, x9, [sp, #64]
	ldp	x6, x7, [sp, #48]
	ldp	x4, x5, [sp, #32]
	ldp	x2, x3, [sp, #16]
	ldp	x0, x1, [sp]
	add	sp, sp, #176
	eret

/* ---- calls of the firmware and of the emulator --------------------------------- */

/* int64_t firmware(bool smc, uint64_t function, uint64_t a, uint64_t b, uint64_t c) */
	.global	firmware
firmware:
	mov	w9, w0
	mov	x0, x1
	mov	x1, x2
	mov	x2, x3
	mov	x3, x4
	cbnz	w9, 1f
	hvc	#0
	ret
1:	smc	#0
	ret

/* int64_t semihosting(uint64_t operation, void *argument) */
	.global	semihosting
semihosting:
	hlt	#0xf000
	ret
