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

#include "scenario.pml"

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
bool broken[NI];		/* it was moved outside what was requested */
#ifdef VECTORS
bool starved[NI];		/* a queued request found no vector */
#endif
bool lat[NI];			/* an arrival is latched in memory */
byte um[NI];			/* 1 masked, 2 disabled, by the user */
byte req[NI], que[NI];		/* requested, queued (0: nothing) */
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
#if NC > 3
#define ONL	((cs[0] == ONLINE) + 2 * (cs[1] == ONLINE) + 4 * (cs[2] == ONLINE) + \
		 8 * (cs[3] == ONLINE))
#elif NC > 2
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
#define ROOM1(c)	(own[SLOT(c, 0)] == 0 || own[SLOT(c, NV - 1)] == 0)
#if NC > 3
#define ROOMY		(ROOM1(0) + 2 * ROOM1(1) + 4 * ROOM1(2) + 8 * ROOM1(3))
#else
#define ROOMY		(ROOM1(0) + 2 * ROOM1(1) + 4 * ROOM1(2))
#endif
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
	:: REACHES(i) ->
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
#ifdef W12	/* the user's mask of a pin is the hardware's, which drops what comes */
		:: KIND(i) == EDGE && um[i] != 0
#endif
		:: KIND(i) != LEVEL && LATCHES(i) && um[i] != 0 -> pba[i] = true
		:: KIND(i) != LEVEL && !(LATCHES(i) && um[i] != 0) -> send(i, x)
		fi
	fi
}

#include "engine.pml"

/* ---- interrupts on CPU c ------------------------------------------------------------------ */

#define TOP(c)		(stk[c] & 3)
#if SOME(LEVEL)		/* a level handler has not written EOI: the doorbell ranks below it */
#define SERVING(c)	((K0 == LEVEL && runs[0] == (c)) || \
			 (NI > 1 && K1 == LEVEL && runs[NI - 1] == (c)))
#else
#define SERVING(c)	false
#endif
#define OPEN(c)		(tk[c] == NONE && cs[c] != OFFLINE && !ioff[c] && \
			 (stk[c] == 0 || (NESTS && TOP(c) != 3)))
#ifdef HIGH	/* the doorbell ranks above every vector */
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
		:: st[i] == MOVING && PROVES(i) && NEWPLACE(i, s) -> drain(i)
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
		:: tk[c] == NONE && (TOP(c) == 1 || TOP(c) == 2) ->
			d_step { BY(c); handler_ends(c) }
#ifdef HIGH
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

#if defined(LIES) || defined(W23)	/* the bound is not waited for */
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

#define AT(c, what)	(tk[c] == NONE && stk[c] == 0 && SCRIPT(c, pc[c]) >> 5 == (what))
#define IRQ(c)		((SCRIPT(c, pc[c]) >> 4) & 1)
#define ARG(c)		(SCRIPT(c, pc[c]) & 15)

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
		broken[i] = (mm == 0);
		mm = (mm == 0 -> ONL : mm)
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
	:: k < NC && ((FIRST_REQ(i) & ONL) & BIT(k)) == 0 -> k++
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
		st[i] = SETTLED; dead[i] = false; req[i] = FIRST_REQ(i); asked[i] = false;
		broken[i] = false
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
				:: (ONL & ~BIT(c)) != 0 ->
					cs[c] = LEAVING; ph[c] = 1; printf("cpu %d leaves\n", c)
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
					cs[c] = ONLINE;
#ifdef RESTORE
					restore(c)
#endif
					skip
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

#ifdef RESTORE
#define RESTORED	true
#else
#define RESTORED	false
#endif

inline all_settled() {
	i = 0;
	do
	:: i < NI ->
		check(DEADLOCK, st[i] == FREE || st[i] == SETTLED || (st[i] == MOVING && !ENDS(i)));
		/* in what was requested last, or its CPUs are gone or full */
		check(DEADLOCK, st[i] != SETTLED || (req[i] & BIT(CPU(cur[i]))) != 0 ||
			(req[i] & ONL & ROOMY) == 0 || (broken[i] && !RESTORED));
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
		:: k < NI ->
#ifdef VECTORS
			cur[k] = SLOT(HOME(k), k % NV);
#else
			cur[k] = k;
#endif
			own[cur[k]] = k + 1; req[k] = FIRST_REQ(k);
			k++
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
