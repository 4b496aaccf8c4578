/* SPDX-License-Identifier: MIT */
/* What a scenario is, all from the command line: run.py --flags. */

#ifndef NC
#define NC 2			/* CPUs */
#endif
#ifndef NI
#define NI 1			/* interrupts */
#endif
#ifndef NE
#define NE 2			/* events of each device */
#endif
#ifndef NV
#define NV 1			/* vectors of each CPU */
#endif

#define MSIX	0		/* and maskable MSI: latch while masked, reprogrammed in one step */
#define MSI	2		/* never masked: two writes, data before address */
#define EDGE	3		/* I/O APIC pin: the same, vector before destination */
#define LEVEL	4		/* I/O APIC pin: remote IRR */
#define REMAPPED 5		/* one atomic entry write, invalidate, wait */
#ifndef K0
#define K0 MSIX
#endif
#ifndef K1
#define K1 MSIX
#endif
#define KIND(i)		((i) == 0 -> K0 : K1)
#define SOME(k)		(K0 == (k) || (NI > 1 && K1 == (k)))
#define TWOSTEP(i)	(KIND(i) == MSI || KIND(i) == EDGE)
#define LATCHES(i)	(KIND(i) == MSIX || KIND(i) == LEVEL)

/* OVERTAKE: messages of a device overtake one another. ROOT: a read-back reaches only the root
 * complex. UNDRAINED: so does an invalidation of the remapping unit. NOBOUND, LIES: no drain
 * bound, or one that is not true. LATE: IPIs take time. HIGH: the doorbell ranks above every
 * vector, which it must not. OFFLEAVE: a CPU leaves with interrupts off. NESTED: handlers run
 * with interrupts on. PINNED: requested is the first CPU alone. RESTORE: broken affinities are
 * asked for again when a CPU returns. VECTORS: so few on each CPU; only for maskable kinds, and
 * no CPU may leave. */
#ifdef OVERTAKE
#define ORDERED(i)	false
#else
#define ORDERED(i)	(KIND(i) != REMAPPED)	/* declared by the host, and true */
#endif
#ifdef NOBOUND
#define BOUND		false
#else
#define BOUND		true
#endif
#ifdef ROOT
#define FENCE		false
#else
#define FENCE		true
#endif
#ifdef UNDRAINED
#define INVALIDATE	false
#else
#define INVALIDATE	true
#endif
#define REACHES(i)	(KIND(i) == REMAPPED -> INVALIDATE : FENCE)
#ifdef NESTED
#define NESTS		true
#else
#define NESTS		false
#endif
#define ALL		((1 << NC) - 1)
#ifdef VECTORS		/* the CPUs fill up in turn */
#undef NV
#define NV		VECTORS
#define HOME(i)		((i) / NV)
#else
#define HOME(i)		0
#endif
#ifdef PINNED
#define FIRST_REQ(i)	(1 << HOME(i))
#else
#define FIRST_REQ(i)	ALL
#endif

/* What each CPU's thread does: op << 5 | interrupt << 4 | mask of CPUs; 0 ends it. */
#define MOVE	1
#define LEAVE	2
#define ENTER	3
#define MASK	4		/* with 1: mask, with 2: disable */
#define UNMASK	5		/* with 1: unmask, with 2: enable */
#define FREEIT	6
#define CREATE	7
#define SETTLE	8
#ifndef S00
#define S00 0
#endif
#ifndef S01
#define S01 0
#endif
#ifndef S02
#define S02 0
#endif
#ifndef S03
#define S03 0
#endif
#ifndef S10
#define S10 0
#endif
#ifndef S11
#define S11 0
#endif
#ifndef S12
#define S12 0
#endif
#ifndef S20
#define S20 0
#endif
#ifndef S21
#define S21 0
#endif
#define SCRIPT0(n)	((n) == 0 -> S00 : ((n) == 1 -> S01 : ((n) == 2 -> S02 : \
				((n) == 3 -> S03 : 0))))
#define SCRIPT1(n)	((n) == 0 -> S10 : ((n) == 1 -> S11 : ((n) == 2 -> S12 : 0)))
#define SCRIPT2(n)	((n) == 0 -> S20 : ((n) == 1 -> S21 : 0))
#define SCRIPT(c, n)	((c) == 0 -> SCRIPT0(n) : ((c) == 1 -> SCRIPT1(n) : \
				((c) == 2 -> SCRIPT2(n) : 0)))
