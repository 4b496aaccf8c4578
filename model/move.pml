/* SPDX-License-Identifier: MIT */
/*
 * Interrupt movement on x86, as a specification for Spin. Written from the published
 * nine-step protocol and irqferry's design texts, not from its C. README.md says what is in
 * here and what is not; run.py gives the -D flags of each scenario.
 *
 * One atomic step is one section under the interrupt's lock, or one act of the hardware.
 * Every step ends with `tail`: rules that hold whoever changed something.
 *
 * A slot is CPU * NV + vector. A place is one slot.
 */

/* ---- the scenario, all from the command line ------------------------------------------ */
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
 * complex. NOBOUND, LIES: no drain bound, or one that is not true. LATE: IPIs take time.
 * OFFLEAVE: a CPU leaves with interrupts off. NESTED: handlers run with interrupts on.
 * PINNED: requested is CPU 0 alone. */
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
#define REACHES		false
#else
#define REACHES		true
#endif
#ifdef NESTED
#define NESTS		true
#else
#define NESTS		false
#endif
#define ALL		((1 << NC) - 1)
/* VECTORS: so few on each CPU but 0, where all begin; only for maskable kinds. */
#ifdef VECTORS
#define LIMIT(c)	((c) == 0 -> NV : VECTORS)
#else
#define LIMIT(c)	NV
#endif
#ifdef PINNED
#define FIRST_REQ	1
#else
#define FIRST_REQ	ALL
#endif

/* What each CPU's thread does: bytes op << 4 | interrupt << 3 | mask of CPUs; 0 ends it. */
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
#define SCRIPT(c, n)	((c) == 0 -> ((n) == 0 -> S00 : ((n) == 1 -> S01 : \
				((n) == 2 -> S02 : ((n) == 3 -> S03 : 0)))) : \
			((c) == 1 -> ((n) == 0 -> S10 : ((n) == 1 -> S11 : ((n) == 2 -> S12 : 0))) : \
				((n) == 0 -> S20 : ((n) == 1 -> S21 : 0))))

/* ---- what an assertion says (run.py reads the number) --------------------------------- */
#define LOST		1
#define DUPLICATED	2
#define MISDELIVERED	3
#define OFFLINED	4	/* something reached a CPU that is gone */
#define BROKEN		5	/* an invariant of the tables */
#define DEADLOCK	6	/* nothing can happen, something is unfinished */
#define check(what, cond) assert((cond) || what == 0)

/* ---- state ----------------------------------------------------------------------------- */
#define NONE	15

#define FREE	0
#define SETTLED	1
#define MOVING	2		/* new place programmed; evidence awaited */
#define DRAINING 3		/* evidence complete; the old CPU owes the clearing */
#define DRAINED	4		/* dead and empty */
#define LIVE(i)	(st[i] >= SETTLED && st[i] <= DRAINING)

/* each interrupt; its lock's data */
byte st[NI] = SETTLED;
byte cur[NI] = NONE, old[NI] = NONE, tr[NI] = NONE;
				/* slots: current, old, transit; or NONE */
byte debt[NI];			/* CPUs that owe */
bool asked[NI];			/* settle was asked */
bool dead[NI];
#ifdef VECTORS
bool starved[NI];		/* a queued request found no vector */
#endif
bool lat[NI];			/* an arrival is latched in memory */
byte um[NI];			/* 1 masked, 2 disabled, by the user */
byte req[NI] = FIRST_REQ, que[NI]; /* requested, queued (0: nothing) */
byte runs[NI] = NONE;		/* CPU whose handler runs, or NONE */

/* each device */
byte left[NI] = NE;		/* events it still may fire */
bool pba[NI];			/* latched while masked */
int fl[NI];			/* messages in flight: 5 bits each (slot + 1, 16: sent before the
				 * last fence), the oldest lowest */
#if SOME(LEVEL)
bool line[NI];
bool rirr[NI];			/* remote IRR, or still on the way: delivery status */
byte svc[NI] = NONE;		/* the slot in service until EOI */
#endif

/* each CPU */
#define OFFLINE	0
#define ONLINE	1
#define LEAVING	2
byte cs[NC] = ONLINE;
byte own[NC * NV];		/* whose slot: interrupt + 1, or 0 */
byte irr[NC * NV];		/* set bits of the IRR: which devices' messages are in it */
byte tk[NC] = NONE, tks[NC];	/* taken from the IRR, table not read yet: slot, devices */
short stk[NC];			/* base 4, the top lowest: 1, 2 handler of 0, 1; 3 doorbell */
byte work[NC], doing[NC];	/* slots to look at; those the doorbell handler has fetched */
bool rung[NC];			/* a doorbell is outstanding */
byte fly[NC];			/* doorbells on the way */
bool dbirr[NC];			/* doorbell's bit of the IRR */
byte pc[NC], ph[NC];		/* script, phase of a long operation */
bool ioff[NC];			/* the thread has interrupts off */

/* ghosts */
bool need[NI];			/* an event not followed by a start yet */
byte credit[NI];		/* events less starts */

/* used within a step only */
byte mv = NONE, mm, to, tv;	/* start a move of mv to one of mm: to, vector tv */
#ifdef W20
byte me = NONE;			/* the CPU this step runs on */
#define BY(c)	me = c
#else
#define BY(c)	skip
#endif
hidden byte i, k, s, v, n, a;
hidden int m, f;

#define SLOT(c, v)	((c) * NV + (v))
#define CPU(s)		((s) / NV)
#define VEC(s)		((s) % NV)
#define BIT(n)		(1 << (n))
#define ON(s, c)	((s) != NONE && CPU(s) == (c))
#if NC > 2
#define ONL	((cs[0] == ONLINE) + 2 * (cs[1] == ONLINE) + 4 * (cs[2] == ONLINE))
#elif NC > 1
#define ONL	((cs[0] == ONLINE) + 2 * (cs[1] == ONLINE))
#else
#define ONL	(cs[0] == ONLINE)
#endif
#if NV == 1
#define EMPTY(c)	(own[c] == 0)
#define ANYIRR(c)	(irr[c] != 0)
#elif NV == 2
#define EMPTY(c)	(own[SLOT(c, 0)] == 0 && own[SLOT(c, 1)] == 0)
#define ANYIRR(c)	(irr[SLOT(c, 0)] != 0 || irr[SLOT(c, 1)] != 0)
#elif NV == 3
#define EMPTY(c)	(own[SLOT(c, 0)] == 0 && own[SLOT(c, 1)] == 0 && own[SLOT(c, 2)] == 0)
#define ANYIRR(c)	(irr[SLOT(c, 0)] != 0 || irr[SLOT(c, 1)] != 0 || irr[SLOT(c, 2)] != 0)
#else
#define EMPTY(c)	(own[SLOT(c, 0)] == 0 && own[SLOT(c, 1)] == 0 && \
			 own[SLOT(c, 2)] == 0 && own[SLOT(c, 3)] == 0)
#define ANYIRR(c)	(irr[SLOT(c, 0)] != 0 || irr[SLOT(c, 1)] != 0 || \
			 irr[SLOT(c, 2)] != 0 || irr[SLOT(c, 3)] != 0)
#endif
#ifdef VECTORS		/* CPUs of a mask that have a free vector */
#define ROOM1(c)	(own[SLOT(c, 0)] == 0 || (LIMIT(c) > 1 && own[SLOT(c, 1)] == 0))
#define ROOMY		(ROOM1(0) + 2 * ROOM1(1) + 4 * ROOM1(2))
#define STARVING	(starved[0] || starved[1])
#else
#define ROOMY		ALL
#define STARVING	false
#endif
#define OLDIRR(i)	(irr[old[i]] != 0 || (tr[i] != NONE && irr[tr[i]] != 0))

/* ---- messages ---------------------------------------------------------------------------- */

#define INFLIGHT(i)	(fl[i] == 0 -> 0 : (fl[i] < 32 -> 1 : (fl[i] < 1024 -> 2 : \
				(fl[i] < 32768 -> 3 : 4))))
#define EARLIER(i)	((fl[i] & 541200) != 0)		/* the bits of value 16 of four messages */

/* A device sends to slot x. A bag is kept sorted. */
inline send(i, x) {
	f = 0; n = 0; m = (x) + 1;
#ifdef OVERTAKE
	do
	:: fl[i] != 0 && (fl[i] & 31) < m ->
		f = f | ((fl[i] & 31) << (5 * n)); fl[i] = fl[i] >> 5; n++
	:: else -> break
	od;
	fl[i] = f | (m << (5 * n)) | (fl[i] << (5 * n + 5))
#else
	fl[i] = fl[i] | (m << (5 * INFLIGHT(i)))
#endif
}

/* Message n of device i reaches the IRR. */
inline deliver(i, n) {
	m = (fl[i] >> (5 * (n))) & 15;
	fl[i] = (fl[i] & (BIT(5 * (n)) - 1)) | ((fl[i] >> (5 * (n) + 5)) << (5 * (n)));
	check(OFFLINED, cs[CPU(m - 1)] != OFFLINE);
	irr[m - 1] = irr[m - 1] | BIT(i);
	printf("message of %d reaches cpu %d vector %d\n", i, CPU(m - 1), VEC(m - 1))
}

/* Read the device back: what it sent is in the IRR, or marked as earlier than the fence. */
inline fence(i) {
	if
	:: REACHES ->
		do
		:: fl[i] != 0 -> deliver(i, 0)
		:: else -> break
		od
	:: else ->
		f = 0; n = 0;
		do
		:: fl[i] != 0 ->
			f = f | (((fl[i] & 31) | 16) << (5 * n)); fl[i] = fl[i] >> 5; n++
		:: else -> break
		od;
		fl[i] = f
	fi
}

/* An event of device i: it interrupts slot x, or latches. */
inline fire(i, x) {
	printf("device %d fires\n", i);
	left[i] = left[i] - 1;
	if
	:: dead[i] -> send(i, x)
	:: else ->
		need[i] = true; credit[i]++;
		if
#if SOME(LEVEL)
		:: KIND(i) == LEVEL -> line[i] = true
#endif
		:: KIND(i) != LEVEL && LATCHES(i) && um[i] != 0 -> pba[i] = true
		:: KIND(i) != LEVEL && !(LATCHES(i) && um[i] != 0) -> send(i, x)
		fi
	fi
}

/* ---- the engine ---------------------------------------------------------------------------- */

inline ring(c) {
#ifdef LATE
	fly[c]++
#else
	dbirr[c] = true
#endif
}

/* "Look at slot x." At most one doorbell outstanding for each CPU. */
inline post(x) {
	work[CPU(x)] = work[CPU(x)] | BIT(VEC(x));
	if
#ifdef W20	/* the own doorbell goes outside the exchange */
	:: CPU(x) == me -> ring(CPU(x))
	:: CPU(x) != me && !rung[CPU(x)] -> rung[CPU(x)] = true; ring(CPU(x))
#else
	:: !rung[CPU(x)] -> rung[CPU(x)] = true; ring(CPU(x))
#endif
	:: else
	fi
}

/* The old place goes. */
inline release(i) {
	check(BROKEN, own[old[i]] == i + 1);
	own[old[i]] = 0;
	if
	:: tr[i] != NONE -> own[tr[i]] = 0; tr[i] = NONE
	:: else
	fi;
	printf("interrupt %d: cpu %d clears vector %d\n", i, CPU(old[i]), VEC(old[i]));
	old[i] = NONE; asked[i] = false;
	debt[i] = debt[i] - 1;
	st[i] = (cur[i] == NONE -> DRAINED : SETTLED)
}

/* Evidence: nothing more will be sent to the old place. */
inline drain(i) {
	printf("interrupt %d: nothing more comes to the old place\n", i);
	st[i] = DRAINING;
	debt[i] = debt[i] + 1;
	if
#ifdef W5	/* a CPU that is leaving owes nothing */
	:: cs[CPU(old[i])] != ONLINE -> release(i)
#endif
#ifdef W25	/* another CPU looks and clears */
	:: !OLDIRR(i) -> release(i)
#endif
	:: else -> post(old[i])
	fi
}

#if SOME(LEVEL)
#define STILL(i)	(KIND(i) != LEVEL || !rirr[i])
#define IDLE(i)		(KIND(i) != LEVEL || (!line[i] && !dead[i]))
/* EOI of slot x reaches the pin if its entry names that vector. */
inline end_of(i, x) {
	if
	:: KIND(i) == LEVEL && VEC(x) == VEC((cur[i] == NONE -> old[i] : cur[i])) ->
		rirr[i] = false
	:: else
	fi
}
#else
#define STILL(i)	true
#define IDLE(i)		true
#define end_of(i, x)	skip
#endif
#ifdef W13	/* moved with remote IRR set */
#define MOVABLE(i)	true
#else
#define MOVABLE(i)	STILL(i)
#endif

inline start(i, c) {
	printf("interrupt %d: handler starts on cpu %d\n", i, c);
	check(DUPLICATED, runs[i] == NONE);
	check(BROKEN, um[i] == 0 && !dead[i]);
	check(OFFLINED, cs[c] != OFFLINE);
	check(DUPLICATED, credit[i] > 0);
	credit[i]--;
	need[i] = false; lat[i] = false;
#if SOME(LEVEL)
	line[i] = false;
#endif
	runs[i] = c; stk[c] = stk[c] * 4 + i + 1
}

/* Can a move that needs evidence end? */
#define ENDS(i)		(REACHES || BOUND || KIND(i) == LEVEL)

inline request(i, mask) {
	printf("interrupt %d: asked to go to cpus %d\n", i, mask);
	if
	:: !LIVE(i) || dead[i]
	:: LIVE(i) && !dead[i] && ((mask) & ONL) == 0		/* FERRY_E_NO_CPU */
	:: LIVE(i) && !dead[i] && ((mask) & ONL) != 0 ->
		if
		:: st[i] == SETTLED && ((mask) & BIT(CPU(cur[i]))) != 0 ->
			req[i] = mask; que[i] = 0
		:: st[i] == SETTLED && ((mask) & BIT(CPU(cur[i]))) == 0 ->
			if
			:: (ENDS(i) || ORDERED(i)) && ((mask) & ONL & ROOMY) != 0 ->
				req[i] = mask; que[i] = mask
			:: else			/* FERRY_E_NO_BOUND, FERRY_E_NO_SPACE */
			fi
		:: st[i] == MOVING ->
			req[i] = mask;
#ifdef W7	/* a second move during the first: the first one's old place is forgotten */
			if
			:: (mask & BIT(CPU(cur[i]))) == 0 -> debt[i]++; release(i)
			:: else
			fi;
#endif
#ifdef W8	/* back to the old place: swap, and wait for an arrival there */
			if
			:: (mask & BIT(CPU(old[i]))) != 0 && cs[CPU(old[i])] == ONLINE &&
			   tr[i] == NONE ->
				k = cur[i]; cur[i] = old[i]; old[i] = k; fence(i)
			:: else
			fi;
#endif
			que[i] = mask; asked[i] = (st[i] == MOVING)
		:: st[i] == DRAINING ->
			req[i] = mask;
#ifndef W18	/* dropped while draining */
			que[i] = mask; post(old[i])
#endif
		fi
	fi
}

/* A CPU came back: ask again for what it can mend. */
inline restore(c) {
	k = 0;
	do
	:: k < NI ->
		if
		:: LIVE(k) && !dead[k] && cur[k] != NONE && (req[k] & BIT(c)) != 0 &&
		   (req[k] & BIT(CPU(cur[k]))) == 0 && que[k] == 0 && (ENDS(k) || ORDERED(k)) ->
			que[k] = req[k];
			asked[k] = (st[k] == MOVING)
		:: else
		fi;
		k++
	:: else -> break
	od
}

#ifdef VECTORS
/* A queued request found no vector: the moves under way each hold two. */
inline starve(i) {
	printf("interrupt %d: starved\n", i);
	starved[i] = true;
#ifndef W26	/* they are not asked to end */
	n = 0;
	do
	:: n < NI -> asked[n] = asked[n] || (st[n] == MOVING && BOUND); n++
	:: else -> break
	od
#endif
	skip
}
#endif
#ifdef W22	/* a release does not retry the starved */
#define RETRIED(i)	!starved[i]
#else
#define RETRIED(i)	true
#endif

/* Which queued request can start: mv, mm. */
inline next_move() {
	k = 0;
	do
	:: k < NI && mv == NONE ->
		if
		:: st[k] == SETTLED && !dead[k] && que[k] != 0 ->
			if
			:: (que[k] & BIT(CPU(cur[k]))) != 0 -> que[k] = 0
			:: (que[k] & BIT(CPU(cur[k]))) == 0 && (que[k] & ONL & ROOMY) != 0 &&
			   MOVABLE(k) && RETRIED(k) ->
				mv = k; mm = que[k] & ONL & ROOMY; que[k] = 0
#ifdef VECTORS
			:: (que[k] & BIT(CPU(cur[k]))) == 0 && (que[k] & ONL) != 0 &&
			   (que[k] & ONL & ROOMY) == 0 && !starved[k] -> starve(k)
#endif
			:: else
			fi
		:: else
		fi;
#ifdef VECTORS
		starved[k] = starved[k] && que[k] != 0;
#endif
		k++
	:: else -> break
	od
}

/* Reserve a vector on CPU `to`; where the source changes in two steps, the same number, or one
 * that is free on both CPUs: then the state between the steps is a slot too. */
inline reserve() {
	v = NV;
	if
	:: TWOSTEP(mv) && own[SLOT(to, VEC(cur[mv]))] == 0 -> v = VEC(cur[mv])
	:: else ->
		k = 0;
		do
		:: k < LIMIT(to) && v == NV ->
			if
			:: own[SLOT(to, k)] != 0
			:: own[SLOT(to, k)] == 0 && TWOSTEP(mv) && own[SLOT(CPU(cur[mv]), k)] != 0
#if NI > 1	/* an EOI broadcast names only the vector: level pins have distinct ones */
			:: own[SLOT(to, k)] == 0 && KIND(mv) == LEVEL && KIND(1 - mv) == LEVEL &&
			   ((cur[1 - mv] != NONE && VEC(cur[1 - mv]) == k) ||
			    (old[1 - mv] != NONE && VEC(old[1 - mv]) == k))
#endif
			:: else -> v = k
			fi;
			k++
		:: else -> break
		od;
		if
		:: TWOSTEP(mv) && v < NV ->
			tr[mv] = SLOT(CPU(cur[mv]), v);
#ifdef W4	/* the state between the steps is nobody's slot */
			tr[mv] = NONE
#else
			check(BROKEN, own[tr[mv]] == 0);
			own[tr[mv]] = mv + 1
#endif
		:: else
		fi
	fi;
	check(BROKEN, v < NV);		/* scenarios have room */
	check(BROKEN, own[SLOT(to, v)] == 0);
	own[SLOT(to, v)] = mv + 1;
	tv = v
}

/* The source names the new place; then the fence, and what it proves. */
inline program() {
	printf("interrupt %d: moves from cpu %d vector %d to cpu %d vector %d\n", mv,
		CPU(cur[mv]), VEC(cur[mv]), to, tv);
	old[mv] = cur[mv]; cur[mv] = SLOT(to, tv);
	st[mv] = MOVING;
#ifndef W27	/* moves that begin while somebody starves are not asked to end */
	asked[mv] = STARVING && BOUND;
#endif
	fence(mv);
	if
#ifdef W1	/* the old slot goes at once */
	:: true -> debt[mv]++; release(mv)
#endif
	:: REACHES || KIND(mv) == LEVEL -> drain(mv)
	:: else
	fi
}

/* What follows from the state, whoever changed it. */
inline settle_down() {
	i = 0;
	do
	:: i < NI ->
		if	/* a dead one: its source is silenced, its place becomes an old one */
		:: st[i] == SETTLED && dead[i] ->
			old[i] = cur[i]; cur[i] = NONE; st[i] = MOVING; asked[i] = true;
			fence(i);
			if
			:: REACHES && KIND(i) != LEVEL -> drain(i)
			:: else
			fi
		:: else
		fi;
#if SOME(LEVEL)
		if	/* the handshake of a level pin: remote IRR is clear */
		:: KIND(i) == LEVEL && dead[i] && st[i] == MOVING && cur[i] == NONE && !rirr[i] ->
			drain(i)
		:: KIND(i) == LEVEL && !dead[i] && line[i] && !rirr[i] && um[i] == 0 && LIVE(i) ->
			rirr[i] = true; send(i, cur[i])
		:: else
		fi;
#endif
		if	/* hardware unmasked: what it latched goes out */
		:: pba[i] && um[i] == 0 && LIVE(i) && cur[i] != NONE -> pba[i] = false; send(i, cur[i])
		:: else
		fi;
		if	/* latched, and nobody runs: the doorbell of the current place starts it */
		:: lat[i] && runs[i] == NONE && um[i] == 0 && LIVE(i) && cur[i] != NONE ->
#ifdef W3		/* replayed by the device's vector */
			lat[i] = false; irr[cur[i]] = irr[cur[i]] | BIT(i)
#else
			if
			:: ((work[CPU(cur[i])] | doing[CPU(cur[i])]) & BIT(VEC(cur[i]))) == 0 ->
				post(cur[i])
			:: else
			fi
#endif
		:: else
		fi;
		/* the invariants of the tables */
		check(BROKEN, (st[i] == DRAINING) == (debt[i] == 1) && debt[i] <= 1);
		check(BROKEN, (st[i] == MOVING || st[i] == DRAINING) == (old[i] != NONE));
		check(BROKEN, tr[i] == NONE || old[i] != NONE);
		check(BROKEN, !LIVE(i) || cur[i] != NONE || dead[i]);
		check(BROKEN, cur[i] == NONE || own[cur[i]] == i + 1);
		check(BROKEN, old[i] == NONE || own[old[i]] == i + 1);
		check(BROKEN, tr[i] == NONE || own[tr[i]] == i + 1);
		check(OFFLINED, cur[i] == NONE || cs[CPU(cur[i])] != OFFLINE);
		check(OFFLINED, old[i] == NONE || cs[CPU(old[i])] != OFFLINE);
		check(BROKEN, st[i] != DRAINED || fl[i] == 0);
		i++
	:: else -> break
	od
}

/* The end of every step. */
inline tail() {
	do
	:: d_step { next_move() };
		if
		:: mv == NONE -> break
		:: else
		fi;
		if
		:: (mm & 1) != 0 -> to = 0
#if NC > 1
		:: (mm & 2) != 0 -> to = 1
#endif
#if NC > 2
		:: (mm & 4) != 0 -> to = 2
#endif
		fi;
		d_step { reserve() };
#if SOME(MSI) || SOME(EDGE)
		do	/* between the two writes the device may fire */
		:: TWOSTEP(mv) && VEC(cur[mv]) != tv && left[mv] > 0 ->
#ifdef W17		/* address before data */
			d_step { fire(mv, SLOT(to, VEC(cur[mv]))) }
#else
			d_step { fire(mv, SLOT(CPU(cur[mv]), tv)) }
#endif
#ifdef W12		/* the pin is masked meanwhile, and drops what comes */
		:: KIND(mv) == EDGE && left[mv] > 0 ->
			left[mv] = left[mv] - 1; need[mv] = true; credit[mv]++
#endif
		:: break
		od;
		skip;
#endif
		d_step { program(); mv = NONE; mm = 0; to = 0; tv = 0 }
	od;
	d_step {
		settle_down();
		BY(NONE)
	}
}

/* ---- interrupts on CPU c ------------------------------------------------------------------ */

#define TOP(c)		(stk[c] & 3)
#if SOME(LEVEL)		/* a level handler has not written EOI: the doorbell ranks below it */
#define SERVING(c)	((K0 == LEVEL && runs[0] == (c)) || (NI > 1 && K1 == LEVEL && runs[NI - 1] == (c)))
#else
#define SERVING(c)	false
#endif
#define OPEN(c)		(tk[c] == NONE && cs[c] != OFFLINE && !ioff[c] && \
			 (stk[c] == 0 || (NESTS && TOP(c) != 3)))
#ifdef W24	/* the doorbell ranks above every vector */
#define TAKE(c, v)	(OPEN(c) && irr[SLOT(c, v)] != 0 && !dbirr[c])
#else
#define TAKE(c, v)	(OPEN(c) && irr[SLOT(c, v)] != 0)
#endif

inline take(c, v) {
	printf("cpu %d takes vector %d\n", c, v);
	tk[c] = SLOT(c, v); tks[c] = irr[SLOT(c, v)]; irr[SLOT(c, v)] = 0
}

/* Evidence of the second kind: the first arrival at the new place, of a source whose messages
 * keep their order. */
#ifdef W2	/* ... or do not */
#define PROVES(i)	true
#else
#define PROVES(i)	ORDERED(i)
#endif
#ifdef W19	/* an arrival at the transit slot is evidence too */
#define NEWPLACE(i, s)	((s) == cur[i] || (s) == tr[i])
#else
#define NEWPLACE(i, s)	((s) == cur[i])
#endif

inline arrive(c) {
	s = tk[c]; i = own[s]; k = tks[c];
	tk[c] = NONE; tks[c] = 0;
	check(LOST, i != 0);
	if
	:: i == 0
	:: else ->
		i--;
		check(MISDELIVERED, k == BIT(i));
		if
		:: st[i] == MOVING && !dead[i] && PROVES(i) && NEWPLACE(i, s) -> drain(i)
		:: else
		fi;
		if
		:: dead[i] -> end_of(i, s)
		:: !dead[i] && um[i] == 0 && runs[i] == NONE ->
			start(i, c);
#if SOME(LEVEL)
			svc[i] = (KIND(i) == LEVEL -> s : NONE)
#endif
		:: else ->
			if
			:: KIND(i) == LEVEL -> end_of(i, s)
#ifdef W15		/* an arrival while the handler runs is dropped */
			:: KIND(i) != LEVEL && um[i] == 0
#endif
			:: else -> lat[i] = true; printf("interrupt %d: latched\n", i)
			fi
		fi
	fi
}

inline handler_ends(c) {
	i = TOP(c) - 1;
	printf("interrupt %d: handler ends on cpu %d\n", i, c);
	stk[c] = stk[c] >> 2;
	runs[i] = NONE;
#if SOME(LEVEL)
	if
	:: KIND(i) == LEVEL -> end_of(i, svc[i]); svc[i] = NONE
	:: else
	fi
#endif
	skip
}

/* The doorbell handler, one slot: a replay, or the clearing of an old place. */
inline look(c) {
	v = 0;
	do
	:: (doing[c] & BIT(v)) == 0 -> v++
	:: else -> break
	od;
	doing[c] = doing[c] & ~BIT(v);
	if
	:: doing[c] == 0 -> stk[c] = stk[c] >> 2	/* its last */
	:: else
	fi;
	s = SLOT(c, v); i = own[s];
	if
	:: i == 0
	:: else ->
		i--;
		if
		:: s == cur[i] && lat[i] && runs[i] == NONE && um[i] == 0 && !dead[i] ->
#ifdef W28		/* a replay is evidence */
			if
			:: st[i] == MOVING && ORDERED(i) -> drain(i)
			:: else
			fi;
#endif
			start(i, c)
		:: s == old[i] && st[i] == DRAINING ->
			if
#ifndef W10		/* no look at the IRR */
			:: OLDIRR(i) -> post(s)
#endif
			:: else -> release(i)
			fi
		:: else
		fi
	fi
}

proctype interrupts(byte c)
{
end:
	do
	:: atomic {
		if
		:: TAKE(c, 0) -> d_step { take(c, 0) }
#if NV > 1
		:: TAKE(c, 1) -> d_step { take(c, 1) }
#endif
#if NV > 2
		:: TAKE(c, 2) -> d_step { take(c, 2) }
#endif
#if NV > 3
		:: TAKE(c, 3) -> d_step { take(c, 3) }
#endif
		:: tk[c] != NONE -> d_step { BY(c); arrive(c) }
		:: tk[c] == NONE && (TOP(c) == 1 || TOP(c) == 2) -> d_step { BY(c); handler_ends(c) }
#ifdef W24
		:: OPEN(c) && dbirr[c] ->
#else
		:: OPEN(c) && dbirr[c] && !ANYIRR(c) && !SERVING(c) ->
#endif
			d_step {	/* EOI; first the doorbell, then the work */
				printf("cpu %d takes the doorbell\n", c);
				dbirr[c] = false; rung[c] = false;
				stk[c] = (work[c] | doing[c] -> stk[c] * 4 + 3 : stk[c]);
				doing[c] = doing[c] | work[c]; work[c] = 0
			}
		:: tk[c] == NONE && TOP(c) == 3 ->
			d_step {
				BY(c);
				if
				:: doing[c] != 0 -> look(c)
				:: else -> stk[c] = stk[c] >> 2
				fi
			}
		:: fly[c] != 0 ->
			d_step {
				printf("doorbell reaches cpu %d\n", c);
				fly[c]--;
				check(OFFLINED, cs[c] != OFFLINE);
				dbirr[c] = true
			}
		fi;
		tail()
	}
	od
}

/* ---- device d: events, messages, and the passing of time --------------------------------- */

#ifdef LIES
#define PASSED(d)	BOUND
#else
#define PASSED(d)	(BOUND && !EARLIER(d))
#endif
/* A dead one without a bound ends by the host's word that the device is quiet. */
#define QUIET(d)	(!BOUND && dead[d] && fl[d] == 0)

proctype device(byte d)
{
end:
	do
	:: atomic {
		if
		:: left[d] > 0 && LIVE(d) && cur[d] != NONE && IDLE(d) -> d_step { fire(d, cur[d]) }
		:: fl[d] != 0 -> d_step { deliver(d, 0) }
#ifdef OVERTAKE
		:: fl[d] >= 32 -> d_step { deliver(d, 1) }
		:: fl[d] >= 1024 -> d_step { deliver(d, 2) }
		:: fl[d] >= 32768 -> d_step { deliver(d, 3) }
#endif
		:: st[d] == MOVING && asked[d] && KIND(d) != LEVEL && (PASSED(d) || QUIET(d)) ->
			d_step { printf("the bound has passed\n"); drain(d) }
		fi;
		tail()
	}
	od
}

/* ---- the script of CPU c ------------------------------------------------------------------- */

#define AT(c, what)	(tk[c] == NONE && stk[c] == 0 && SCRIPT(c, pc[c]) >> 4 == (what))
#define IRQ(c)		((SCRIPT(c, pc[c]) >> 3) & 1)
#define ARG(c)		(SCRIPT(c, pc[c]) & 7)

/* The walk of a leaving CPU has something to do for i. */
#define MOVES(i, c)	(ON(cur[i], c) && st[i] == SETTLED && MOVABLE(i) && (ENDS(i) || ORDERED(i)))
#define ASKS(i, c)	((ON(cur[i], c) || ON(old[i], c)) && st[i] == MOVING && !asked[i])
#ifdef W10	/* no look at the IRR */
#define CLEARS(i, c)	(ON(old[i], c) && st[i] == DRAINING)
#else
#define CLEARS(i, c)	(ON(old[i], c) && st[i] == DRAINING && !OLDIRR(i))
#endif
#define WALKS(i, c)	(MOVES(i, c) || ASKS(i, c) || CLEARS(i, c))
/* It can't leave: no bound, so only an arrival would help. */
#define STUCK(i, c)	(!ENDS(i) && !dead[i] && \
			 (((ON(cur[i], c) || ON(old[i], c)) && st[i] == MOVING) || \
			  (ON(cur[i], c) && st[i] == SETTLED && !ORDERED(i))))
/* What is left here has its evidence. */
#define READY(i, c)	(!ON(cur[i], c) && (!ON(old[i], c) || st[i] == DRAINING))
#if NI > 1
#define ANY(p, c)	(p(0, c) || p(1, c))
#define EACH(p, c)	(p(0, c) && p(1, c))
#else
#define ANY(p, c)	p(0, c)
#define EACH(p, c)	p(0, c)
#endif

inline walk(i, c) {
	if
	:: MOVES(i, c) ->
		mv = i; mm = req[i] & ONL;
		mm = (mm == 0 -> ONL : mm)	/* broken: outside what was requested */
	:: ASKS(i, c) -> asked[i] = true
	:: CLEARS(i, c) -> release(i)
	fi
}

/* The last step, interrupts off: what pends is replayed where the interrupt lives now. */
inline forward(i) {
	if
	:: OLDIRR(i) ->
#ifndef W6	/* nothing is forwarded */
		lat[i] = !dead[i];
#endif
		irr[old[i]] = 0;
		if
		:: tr[i] != NONE -> irr[tr[i]] = 0
		:: else
		fi
	:: else
	fi;
	release(i)
}

inline kill(i) {
	printf("interrupt %d: freed\n", i);
	dead[i] = true;
	que[i] = 0; lat[i] = false; um[i] = 0;
	need[i] = false; credit[i] = 0; pba[i] = false;
#if SOME(LEVEL)
	line[i] = false;
#endif
	if
#ifdef W14	/* freed without a drain */
	:: st[i] == SETTLED -> own[cur[i]] = 0; cur[i] = NONE; st[i] = DRAINED
#endif
	:: st[i] == DRAINING -> post(old[i])
	:: else -> asked[i] = true
	fi
}

inline create(i) {
	k = 0;
	do
	:: k < NC && ((FIRST_REQ & ONL) & BIT(k)) == 0 -> k++
	:: else -> break
	od;
	if
	:: k < NC ->
		v = 0;
		do
		:: v < NV && (own[SLOT(k, v)] != 0
#if NI > 1
		   || (KIND(i) == LEVEL && KIND(1 - i) == LEVEL &&
			((cur[1 - i] != NONE && VEC(cur[1 - i]) == v) ||
			 (old[1 - i] != NONE && VEC(old[1 - i]) == v)))
#endif
			) -> v++
		:: else -> break
		od;
		check(BROKEN, v < NV);
		own[SLOT(k, v)] = i + 1; cur[i] = SLOT(k, v);
		st[i] = SETTLED; dead[i] = false; req[i] = FIRST_REQ; asked[i] = false
	:: else
	fi
}

proctype thread(byte c)
{
end:
	do
	:: atomic {
		if
		:: AT(c, MOVE) ->
			d_step { BY(c); a = ARG(c); i = IRQ(c); pc[c]++; request(i, a) }
		:: AT(c, MASK) && ph[c] == 0 ->
			d_step {
				BY(c); i = IRQ(c);
				um[i] = (LIVE(i) && !dead[i] -> um[i] | ARG(c) : um[i]);
				printf("interrupt %d: masked or disabled\n", i);
				if	/* disable waits for a running handler */
				:: ARG(c) == 2 && runs[i] != NONE -> ph[c] = 1
				:: else -> pc[c]++
				fi
			}
		:: AT(c, MASK) && ph[c] == 1 && runs[IRQ(c)] == NONE ->
			d_step { BY(c); ph[c] = 0; pc[c]++ }
		:: AT(c, UNMASK) ->
			d_step { BY(c); i = IRQ(c); um[i] = um[i] & ~ARG(c); pc[c]++;
				printf("interrupt %d: unmasked or enabled\n", i) }
		:: AT(c, SETTLE) ->
			d_step {
				BY(c); i = IRQ(c);
				if
				:: st[i] == MOVING -> asked[i] = asked[i] || BOUND
				:: st[i] == DRAINING -> post(old[i])
				:: else
				fi;
				pc[c]++
			}
		:: AT(c, FREEIT) && ph[c] == 0 ->
			d_step {
				BY(c); i = IRQ(c);
				if
				:: LIVE(i) && !dead[i] -> kill(i); ph[c] = 1
				:: else -> pc[c]++
				fi
			}
		:: AT(c, FREEIT) && ph[c] == 1 && st[IRQ(c)] == DRAINED && runs[IRQ(c)] == NONE ->
			d_step { BY(c); st[IRQ(c)] = FREE; ph[c] = 0; pc[c]++ }
		:: AT(c, CREATE) ->
			d_step {
				BY(c); i = IRQ(c); pc[c]++;
				if
				:: st[i] == FREE -> create(i)
				:: else
				fi
			}
		/* a CPU leaves: not if no other is left */
		:: AT(c, LEAVE) && ph[c] == 0 ->
			d_step {
				BY(c);
				if
				:: (ONL & ~BIT(c)) != 0 -> cs[c] = LEAVING; ph[c] = 1; printf("cpu %d leaves\n", c)
				:: else -> pc[c]++
				fi
			}
#ifndef OFFLEAVE
		:: AT(c, LEAVE) && ph[c] == 1 && WALKS(0, c) -> d_step { BY(c); walk(0, c) }
#if NI > 1
		:: AT(c, LEAVE) && ph[c] == 1 && WALKS(1, c) -> d_step { BY(c); walk(1, c) }
#endif
		:: AT(c, LEAVE) && ph[c] == 1 && EMPTY(c) -> d_step { ioff[c] = true; ph[c] = 4 }
#else		/* steps and commit with interrupts off; on again if something must wait */
		:: AT(c, LEAVE) && ph[c] == 1 && (ANY(WALKS, c) || EACH(READY, c)) ->
			d_step { ioff[c] = true; ph[c] = 2 }
		:: AT(c, LEAVE) && ph[c] == 2 && WALKS(0, c) -> d_step { BY(c); walk(0, c) }
#if NI > 1
		:: AT(c, LEAVE) && ph[c] == 2 && WALKS(1, c) -> d_step { BY(c); walk(1, c) }
#endif
		:: AT(c, LEAVE) && ph[c] == 2 && !ANY(WALKS, c) ->
			d_step {
				if
				:: EACH(READY, c) -> ph[c] = 3
				:: else -> ioff[c] = false; ph[c] = 1
				fi
			}
		:: AT(c, LEAVE) && ph[c] == 3 && ON(old[0], c) -> d_step { BY(c); forward(0) }
#if NI > 1
		:: AT(c, LEAVE) && ph[c] == 3 && ON(old[1], c) -> d_step { BY(c); forward(1) }
#endif
		:: AT(c, LEAVE) && ph[c] == 3 && EMPTY(c) -> d_step { ph[c] = 4 }
#endif
		/* nobody can ring any more: an outstanding doorbell is waited for and discarded */
#ifdef W9	/* it is ignored */
		:: AT(c, LEAVE) && ph[c] == 4 ->
#else
		:: AT(c, LEAVE) && ph[c] == 4 && (!rung[c] || dbirr[c]) ->
#endif
			d_step {
				BY(c);
				check(BROKEN, EMPTY(c));
				check(LOST, !ANYIRR(c));
#ifndef W9
				rung[c] = false;
#endif
				dbirr[c] = false; work[c] = 0;
				printf("cpu %d is offline\n", c);
				cs[c] = OFFLINE; ioff[c] = false; ph[c] = 0; pc[c]++
			}
		/* refused: rolled back */
		:: AT(c, LEAVE) && ph[c] == 1 && ANY(STUCK, c) ->
			d_step { BY(c); cs[c] = ONLINE; restore(c); ph[c] = 0; pc[c]++ }
		:: AT(c, ENTER) ->
			d_step {
				BY(c);
				if
				:: cs[c] == OFFLINE ->
					check(OFFLINED, !ANYIRR(c) && EMPTY(c));
					printf("cpu %d is online\n", c);
					cs[c] = ONLINE; restore(c)
				:: else
				fi;
				pc[c]++
			}
		fi;
		tail()
	}
	od
}

/* ---- nothing can happen any more ------------------------------------------------------------ */

#define OVER(c)	(SCRIPT(c, pc[c]) == 0 && stk[c] == 0 && tk[c] == NONE)

inline all_over() {
	k = 0;
	do
	:: k < NC ->
		check(DEADLOCK, OVER(k));
		check(DEADLOCK, !rung[k] && !dbirr[k] && work[k] == 0 && doing[k] == 0);
		k++
	:: else -> break
	od;
	i = 0;
	do
	:: i < NI ->
		/* what fired was followed by a start, or is remembered until the user unmasks */
#if SOME(LEVEL)
		check(LOST, !need[i] || (um[i] != 0 && (lat[i] || pba[i] || line[i])));
#else
		check(LOST, !need[i] || (um[i] != 0 && (lat[i] || pba[i])));
#endif
		check(LOST, fl[i] == 0);
		check(DEADLOCK, st[i] != DRAINING &&
			!(st[i] == MOVING && BOUND && (asked[i] || STARVING)));
		i++
	:: else -> break
	od
}

inline all_settled() {
	i = 0;
	do
	:: i < NI ->
		check(DEADLOCK, st[i] == FREE || st[i] == SETTLED || (st[i] == MOVING && !ENDS(i)));
		/* in what was requested last, or its CPUs are gone or full */
		check(DEADLOCK, st[i] != SETTLED || (req[i] & BIT(CPU(cur[i]))) != 0 ||
			(req[i] & ONL & ROOMY) == 0);
		i++
	:: else -> break
	od;
	s = 0;
	do
	:: s < NC * NV ->	/* no slot leaks */
		check(BROKEN, own[s] == 0 || cur[own[s] - 1] == s || st[own[s] - 1] == MOVING);
		s++
	:: else -> break
	od
}

proctype watch()
{
end:
	atomic {
		timeout ->
		d_step {
			all_over();
			i = 0;
			do	/* now settle is asked for all */
			:: i < NI -> asked[i] = asked[i] || (st[i] == MOVING && BOUND); i++
			:: else -> break
			od
		}
	};
	atomic { timeout -> d_step { all_over(); all_settled() } }
}

init
{
	atomic {
		k = 0;
		do
		:: k < NI -> cur[k] = k; own[k] = k + 1; k++
		:: else -> break
		od;
		k = 0;
		do
		:: k < NC -> run interrupts(k); run thread(k); k++
		:: else -> break
		od;
		k = 0;
		do
		:: k < NI -> run device(k); k++
		:: else -> break
		od;
		run watch()
	}
}
