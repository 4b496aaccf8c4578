/* SPDX-License-Identifier: MIT */
/* The engine: what happens to one interrupt, its lock held. `tail` ends every step. */

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
#define ENDS(i)		(REACHES(i) || BOUND || KIND(i) == LEVEL)

inline request(i, mask) {
	printf("interrupt %d: asked to go to cpus %d\n", i, mask);
	if
	:: !LIVE(i) || dead[i]
	:: LIVE(i) && !dead[i] && ((mask) & ONL) == 0		/* FERRY_E_NO_CPU */
	:: LIVE(i) && !dead[i] && ((mask) & ONL) != 0 ->
		if
		:: st[i] == SETTLED && ((mask) & BIT(CPU(cur[i]))) != 0 ->
			req[i] = mask; que[i] = 0; broken[i] = false
		:: st[i] == SETTLED && ((mask) & BIT(CPU(cur[i]))) == 0 ->
			if
			:: (ENDS(i) || ORDERED(i)) && ((mask) & ONL & ROOMY) != 0 ->
				req[i] = mask; que[i] = mask; broken[i] = false
			:: else			/* FERRY_E_NO_BOUND, FERRY_E_NO_SPACE */
			fi
		:: st[i] == MOVING ->
			req[i] = mask; broken[i] = false;
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
			req[i] = mask; broken[i] = false;
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
			que[k] = req[k]; broken[k] = false;
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
		:: k < NV && v == NV ->
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
	:: REACHES(mv) || KIND(mv) == LEVEL -> drain(mv)
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
			:: REACHES(i) && KIND(i) != LEVEL -> drain(i)
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
		:: pba[i] && um[i] == 0 && LIVE(i) && cur[i] != NONE ->
			pba[i] = false; send(i, cur[i])
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
#if NC > 3
		:: (mm & 8) != 0 -> to = 3
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
#ifdef W12		/* ... and so is the move's */
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
