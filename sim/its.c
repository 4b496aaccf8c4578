/* SPDX-License-Identifier: MIT */
/*
 * its.c: ITSs: registers, the command queue, translation; and where LPIs pend.
 * Sections: IHI 0069H, chapter 5 and 12.19.
 *
 * Tables are kept here, not in the memory that software gives for them; that it gives
 * enough is checked. Commands are read from the caller's memory when they are executed.
 */
#include "gic.h"

#define VALID (1ull << 63)
#define ENTRY_BYTES 8u
#define COMMAND_BYTES 32u

enum { TYPE_DEVICES = 1, TYPE_COLLECTIONS = 4 };
/* Which GITS_BASERn is which: not in the order of their types. */
enum { BASER_COLLECTIONS = 1, BASER_DEVICES = 3 };

enum command {
	MOVI = 0x01,
	INT = 0x03,
	CLEAR = 0x04,
	SYNC = 0x05,
	MAPD = 0x08,
	MAPC = 0x09,
	MAPTI = 0x0a,
	MAPI = 0x0b,
	INV = 0x0c,
	INVALL = 0x0d,
	MOVALL = 0x0e,
	DISCARD = 0x0f
};

#define broken(m, ...) violation(m, V_BROKEN, (m)->current, NONE, __VA_ARGS__)

/* ---- where LPIs pend --------------------------------------------------------- */

static struct gic_lpi *lpi_of(struct machine *m, uint32_t n)
{
	return &m->gic->lpi[n - m->gic->lines];
}

struct gic_place *arm_its_place(struct machine *m, uint32_t n, uint32_t cpu)
{
	struct gic_lpi *l = lpi_of(m, n);
	uint32_t i;

	for (i = 0; i < GIC_PLACES; i++)
		if (l->at[i].cpu == cpu + 1)
			return &l->at[i];
	return NULL;
}

void arm_its_forget(struct machine *m, struct gic_place *p)
{
	if (p->ended)
		m->gic->cpu[p->cpu - 1].ending--;
	if (p->ended && p->to)
		m->gic->cpu[p->to - 1].ending--;
	*p = (struct gic_place){ .event.time = NEVER };
}

void arm_its_drop(struct machine *m, struct gic_place *p)
{
	if (p->event.time != NEVER)
		token_end(m, p->src, p->event.gen, V_LOST, NONE,
			  "was pending in a redistributor and discarded");
	arm_its_forget(m, p);
}

/* A place for this CPU; if all are taken, what lingers is recalled now. */
static struct gic_place *place_for(struct machine *m, uint32_t n, uint32_t cpu)
{
	struct gic_lpi *l = lpi_of(m, n);
	uint32_t i;

	if (arm_its_place(m, n, cpu))
		return arm_its_place(m, n, cpu);
	for (i = 0; i < GIC_PLACES; i++)
		if (!l->at[i].cpu) {
			l->at[i] = (struct gic_place){ .cpu = cpu + 1, .event.time = NEVER };
			return &l->at[i];
		}
	for (i = 0; i < GIC_PLACES; i++)
		if (l->at[i].lingers && l->at[i].to == cpu + 1) {
			arm_recall(m, n, l->at[i].cpu - 1);
			return arm_its_place(m, n, cpu);
		}
	broken(m, "LPI %u pends in more redistributors than the simulator knows", arm_intid(m, n));
	m->fatal = true;
	return &l->at[0];
}

static void put_event(struct machine *m, struct gic_place *p, uint32_t src, const struct mark *k)
{
	if (k->time == NEVER)
		return;
	if (p->event.time != NEVER && p->src != src) {
		token_end(m, p->src, p->event.gen, V_LOST, NONE,
			  "was pending when its LPI became another's");
		p->event.time = NEVER;
	}
	p->src = src;
	mark_put(m, &p->event, src, k->time, k->gen);
}

/* At first use the configuration is cached (5.1.1), and kept until it is invalidated. */
static void use_config(struct machine *m, uint32_t n)
{
	struct gic_lpi *l = lpi_of(m, n);

	if (!l->cached)
		l->config = l->visible;
	l->cached = true;
}

static void pend(struct machine *m, uint32_t n, uint32_t cpu, uint32_t src, const struct mark *k)
{
	struct gic_place *p;

	if (!m->gic->cpu[cpu].lpis)
		broken(m, "LPI %u for CPU %u, whose redistributor has LPIs disabled",
		       arm_intid(m, n), cpu);
	if (m->cpu[cpu].parked)
		violation(m, V_OFFLINE, cpu, k->time != NEVER ? src : NONE,
			  "LPI %u reaches the redistributor of a CPU that is offline",
			  arm_intid(m, n));
	use_config(m, n);
	p = place_for(m, n, cpu);
	put_event(m, p, src, k);
	arm_update(m, n);
}

void arm_its_move(struct machine *m, uint32_t n, struct gic_place *p, uint32_t to)
{
	struct gic_place from = *p;

	arm_its_forget(m, p);
	pend(m, n, to, from.src, &from.event);
}

/* Is it to be moved to this redistributor once it is taken back elsewhere? */
static bool is_on_its_way(const struct gic_place *p, uint32_t to)
{
	return p->cpu && p->lingers && !p->ended && p->to == to + 1 && p->cpu != to + 1;
}

/* What is pending at one redistributor shall be at another. Presented, it may still be
 * taken where it is. */
static void move_pending(struct machine *m, uint32_t n, uint32_t from, uint32_t to)
{
	struct gic_place *p = arm_its_place(m, n, from);
	uint64_t bit = 1ull << (n % 64);
	uint32_t i;

	/* What was on its way there goes on. */
	for (i = 0; i < GIC_PLACES; i++)
		if (is_on_its_way(&lpi_of(m, n)->at[i], from))
			lpi_of(m, n)->at[i].to = to + 1;
	if (!p || from == to || p->ended)
		return;
	if (!(m->gic->offer[(size_t)from * m->gic->words + n / 64] & bit)) {
		arm_its_move(m, n, p, to);
		return;
	}
	if (!p->lingers && m->config.storm)
		machine_at(m, m->now + 1 + machine_below(m, m->config.recall_ns),
			   label_of(L_RECALL, n, from));
	p->lingers = true;
	p->to = to + 1;
}

static void unpend(struct machine *m, uint32_t n, uint32_t cpu)
{
	struct gic_place *p = arm_its_place(m, n, cpu);
	uint64_t bit = 1ull << (n % 64);
	uint32_t i;

	/* Nor does it come from elsewhere; a SYNC with this redistributor waits for that. */
	for (i = 0; i < GIC_PLACES; i++)
		if (is_on_its_way(&lpi_of(m, n)->at[i], cpu)) {
			lpi_of(m, n)->at[i].ended = true;
			m->gic->cpu[cpu].ending++;
			m->gic->cpu[lpi_of(m, n)->at[i].cpu - 1].ending++;
		}
	if (!p)
		return;
	if (!(m->gic->offer[(size_t)cpu * m->gic->words + n / 64] & bit)) {
		arm_its_drop(m, p);
		return;
	}
	if (!p->lingers && m->config.storm)
		machine_at(m, m->now + 1 + machine_below(m, m->config.recall_ns),
			   label_of(L_RECALL, n, cpu));
	if (!p->ended) {
		m->gic->cpu[cpu].ending++;
		p->to = 0;
	}
	p->lingers = p->ended = true;
}

/* ---- tables ------------------------------------------------------------------------ */

static struct gic_event *event_of(struct machine *m, struct gic_its *t, uint64_t device,
				  uint64_t event)
{
	if (device >> m->config.its_device_bits || !t->device[device].valid ||
	    event >> t->device[device].bits)
		return NULL;
	return &t->event[(device << m->config.its_event_bits) + event];
}

static void unmap_event(struct machine *m, struct gic_event *e)
{
	if (e->intid)
		lpi_of(m, arm_index(m, e->intid))->mapped = false;
	e->intid = 0;
}

static uint32_t table_entries(const struct gic_its *t, uint32_t baser)
{
	static const uint32_t shift[4] = { 12, 14, 16, 16 };
	uint64_t b = t->baser[baser];

	if (!(b & VALID))
		return 0;
	return ((uint32_t)((b & 0xff) + 1) << shift[b >> 8 & 3]) / ENTRY_BYTES;
}

/* RDbase: the processor number, or bits 51:16 of the address (GITS_TYPER.PTA). */
static uint32_t rd_of(const struct machine *m, uint64_t word)
{
	uint64_t base = word & 0x000fffffffff0000ull;
	uint32_t unit;

	if (!m->config.its_pta)
		return arm_by_number(m, base >> 16);
	for (unit = 0; unit < GIC_REGIONS; unit++)
		if (base - arm_region_pa(unit) < 1ull << 31)
			return arm_redistributor(m, unit, (uint32_t)(base - arm_region_pa(unit)));
	return NONE;
}

static uint32_t target_of(struct machine *m, const struct gic_its *t, uint64_t collection)
{
	uint32_t cpu = collection < m->config.cpus ? t->collection[collection] : 0;

	if (cpu)
		return cpu - 1;
	return NONE;
}

/* ---- messages ------------------------------------------------------------------------ */

void arm_its_message(struct machine *m, const struct flight *f)
{
	const struct source *s = &m->source[f->src];
	struct gic_its *t = &m->gic->its[s->its];
	struct gic_event *e = event_of(m, t, s->device, s->event);
	struct mark k = { .time = f->time, .gen = f->gen };
	uint32_t cpu = e && e->intid ? target_of(m, t, e->collection) : NONE;

	sim_reads(m, RES_DEVICE(3));
	/* 5.2.5: a translation that fails is dropped. */
	if (cpu == NONE || !t->enabled) {
		if (f->time != NEVER)
			token_end(m, f->src, f->gen, V_LOST, NONE,
				  "is not mapped in the ITS that it came to");
		return;
	}
	pend(m, arm_index(m, e->intid), cpu, f->src, &k);
}

bool arm_its_is_mapped(struct machine *m, uint32_t src)
{
	const struct source *s = &m->source[src];
	struct gic_event *e = event_of(m, &m->gic->its[s->its], s->device, s->event);

	return e && e->intid;
}

/* ---- commands: 5.3 ---------------------------------------------------------------------- */

struct its_call {
	struct machine *m;
	struct gic_its *t;
	uint64_t word[4];
};

static uint64_t device_id(const struct its_call *c)
{
	return c->word[0] >> 32;
}

static uint64_t event_id(const struct its_call *c)
{
	return c->word[1] & 0xffffffff;
}

static uint64_t collection_id(const struct its_call *c)
{
	return c->word[2] & 0xffff;
}

/* The mapping that the command names. */
static struct gic_event *mapped(const struct its_call *c, const char *what)
{
	struct gic_event *e = event_of(c->m, c->t, device_id(c), event_id(c));

	if (e && e->intid)
		return e;
	broken(c->m, "%s of device %llu, event %llu, which is not mapped", what,
	       (unsigned long long)device_id(c), (unsigned long long)event_id(c));
	return NULL;
}

/* The CPU of a collection, whose redistributor must be able to answer. */
static uint32_t awake(const struct its_call *c, uint32_t cpu, const char *what)
{
	const struct gic_cpu *g = cpu == NONE ? NULL : &c->m->gic->cpu[cpu];

	if (g && !g->sleep && !g->asleep && g->lpis)
		return cpu;
	broken(c->m, "%s for %s", what,
	       !g       ? "a collection or redistributor that is not there" :
	       !g->lpis ? "a redistributor with LPIs disabled" :
			  "a redistributor that is asleep");
	return NONE;
}

static void do_mapd(struct its_call *c)
{
	struct machine *m = c->m;
	struct gic_device *d;
	uint64_t id = device_id(c), e, bits = (c->word[1] & 31) + 1;

	if (id >> m->config.its_device_bits || id >= table_entries(c->t, BASER_DEVICES)) {
		broken(m, "MAPD of device %llu: no such id", (unsigned long long)id);
		return;
	}
	if ((c->word[2] & VALID) && (bits > m->config.its_event_bits || (c->word[2] & 0xff))) {
		broken(m, "MAPD of device %llu: %llu bits of events, or its table is not aligned",
		       (unsigned long long)id, (unsigned long long)bits);
		return;
	}
	/* 5.3.11: all that was mapped is gone. */
	for (e = 0; e < 1ull << m->config.its_event_bits; e++)
		unmap_event(m, &c->t->event[(id << m->config.its_event_bits) + e]);
	d = &c->t->device[id];
	d->valid = (c->word[2] & VALID) != 0;
	d->bits = (uint8_t)bits;
	d->itt = c->word[2] & 0x000fffffffffff00ull;
}

static void do_mapc(struct its_call *c)
{
	uint64_t id = collection_id(c);
	uint32_t cpu = rd_of(c->m, c->word[2]);

	if (id >= c->m->config.cpus || id >= table_entries(c->t, BASER_COLLECTIONS)) {
		broken(c->m, "MAPC of collection %llu: no such id", (unsigned long long)id);
		return;
	}
	if (!(c->word[2] & VALID))
		c->t->collection[id] = 0;
	else if (awake(c, cpu, "MAPC") != NONE)
		c->t->collection[id] = cpu + 1;
}

static void do_mapti(struct its_call *c, uint32_t intid)
{
	struct machine *m = c->m;
	struct gic_event *e = event_of(m, c->t, device_id(c), event_id(c));

	if (!e || intid < FERRY_LPI_FIRST || arm_index(m, intid) == NONE) {
		broken(m, "MAPTI of device %llu, event %llu to LPI %u: no such thing",
		       (unsigned long long)device_id(c), (unsigned long long)event_id(c), intid);
		return;
	}
	if (e->intid || lpi_of(m, arm_index(m, intid))->mapped)
		broken(m, "MAPTI of device %llu, event %llu to LPI %u: one of them is mapped",
		       (unsigned long long)device_id(c), (unsigned long long)event_id(c), intid);
	lpi_of(m, arm_index(m, intid))->mapped = true;
	*e = (struct gic_event){ intid, (uint32_t)collection_id(c) };
}

static void do_movi(struct its_call *c)
{
	struct machine *m = c->m;
	struct gic_event *e = mapped(c, "MOVI");
	uint32_t from, to = awake(c, target_of(m, c->t, collection_id(c)), "MOVI");

	if (!e || to == NONE)
		return;
	from = target_of(m, c->t, e->collection);
	e->collection = (uint32_t)collection_id(c);
	if (from != NONE)
		move_pending(m, arm_index(m, e->intid), from, to);
}

static void do_movall(struct its_call *c)
{
	struct machine *m = c->m;
	uint32_t from = awake(c, rd_of(m, c->word[2]), "MOVALL from");
	uint32_t to = awake(c, rd_of(m, c->word[3]), "MOVALL to"), n;

	for (n = m->gic->lines; from != NONE && to != NONE && n < m->gic->count; n++)
		move_pending(m, n, from, to);
}

static void do_invall(struct its_call *c)
{
	struct machine *m = c->m;
	uint32_t n;

	if (awake(c, target_of(m, c->t, collection_id(c)), "INVALL") == NONE)
		return;
	for (n = m->gic->lines; n < m->gic->count; n++) {
		struct gic_lpi *l = lpi_of(m, n);

		if (!l->cached || l->config == l->visible)
			continue;
		l->config = l->visible;
		arm_update(m, n);
	}
}

static void do_inv(struct its_call *c)
{
	struct gic_event *e = mapped(c, "INV");
	struct gic_lpi *l;
	uint32_t n;

	if (!e)
		return;
	n = arm_index(c->m, e->intid);
	l = lpi_of(c->m, n);
	l->config = l->visible;
	l->cached = true;
	arm_update(c->m, n);
}

/* Which source sends this event? NONE: nobody. */
static uint32_t source_of(struct machine *m, const struct its_call *c)
{
	uint32_t i, its = (uint32_t)(c->t - m->gic->its);

	for (i = 0; i < m->config.sources; i++)
		if (m->source[i].kind == FERRY_GIC_LPI && m->source[i].its == its &&
		    m->source[i].device == device_id(c) && m->source[i].event == event_id(c))
			return i;
	return NONE;
}

static void do_int(struct its_call *c)
{
	struct machine *m = c->m;
	struct gic_event *e = mapped(c, "INT");
	uint32_t src = source_of(m, c);
	uint32_t cpu = e ? awake(c, target_of(m, c->t, e->collection), "INT") : NONE;
	struct mark k = { .time = NEVER };

	if (cpu == NONE)
		return;
	if (src != NONE)
		k = arm_unlatch(m, src);
	pend(m, arm_index(m, e->intid), cpu, src, &k);
}

static void do_discard(struct its_call *c, bool unmap)
{
	struct machine *m = c->m;
	struct gic_event *e = mapped(c, unmap ? "DISCARD" : "CLEAR");
	uint32_t cpu = e ? target_of(m, c->t, e->collection) : NONE;

	if (cpu != NONE)
		unpend(m, arm_index(m, e->intid), cpu);
	if (e && unmap)
		unmap_event(m, e);
}

static void dispatch(struct its_call *c)
{
	uint32_t command = c->word[0] & 0xff;

	machine_say(c->m, "the ITS executes command %#x", command);
	switch ((enum command)command) {
	case MAPD:
		do_mapd(c);
		break;
	case MAPC:
		do_mapc(c);
		break;
	case MAPTI:
		do_mapti(c, (uint32_t)(c->word[1] >> 32));
		break;
	case MAPI:
		do_mapti(c, (uint32_t)event_id(c));
		break;
	case MOVI:
		do_movi(c);
		break;
	case MOVALL:
		do_movall(c);
		break;
	case INV:
		do_inv(c);
		break;
	case INVALL:
		do_invall(c);
		break;
	case INT:
		do_int(c);
		break;
	case CLEAR:
	case DISCARD:
		do_discard(c, command == DISCARD);
		break;
	case SYNC:
		(void)awake(c, rd_of(c->m, c->word[2]), "SYNC");
		break;
	default:
		broken(c->m, "a command %#x that there is none", command);
	}
}

/* ---- the queue ------------------------------------------------------------------------- */

static uint32_t queue_bytes(const struct gic_its *t)
{
	return (uint32_t)((t->cbaser & 0xff) + 1) * 4096;
}

static const uint64_t *command_at(const struct gic_its *t, uint32_t offset)
{
	return (const uint64_t *)(uintptr_t)((t->cbaser & 0x000ffffffffff000ull) + offset);
}

/* 5.3: a SYNC is done when what earlier commands did for this redistributor can be
 * observed: what was discarded is not presented there any more. Of an interrupt that was
 * moved only that later messages go to its new place. */
bool arm_its_may_execute(const struct machine *m, uint32_t its)
{
	const struct gic_its *t = &m->gic->its[its];
	const uint64_t *word;
	uint32_t cpu;

	if (!t->enabled || t->creadr == t->cwriter)
		return false;
	word = command_at(t, t->creadr);
	if ((word[0] & 0xff) != SYNC)
		return true;
	cpu = rd_of(m, word[2]);
	return cpu == NONE || !m->gic->cpu[cpu].ending;
}

static void schedule(struct machine *m, uint32_t its)
{
	struct gic_its *t = &m->gic->its[its];

	if (!m->config.storm || t->waiting || !t->enabled || t->creadr == t->cwriter)
		return;
	t->waiting = true;
	machine_at(m, m->now + 10 + machine_below(m, 150), label_of(L_ITS, its, 0));
}

static void execute_one(struct machine *m, struct gic_its *t)
{
	struct its_call c = { .m = m, .t = t };
	uint32_t i;

	for (i = 0; i < 4; i++)
		c.word[i] = command_at(t, t->creadr)[i];
	t->creadr = (t->creadr + COMMAND_BYTES) % queue_bytes(t);
	dispatch(&c);
}

void arm_its_execute(struct machine *m, uint32_t its)
{
	struct gic_its *t = &m->gic->its[its];

	sim_writes(m, RES_DEVICE(3));
	t->waiting = false;
	if (arm_its_may_execute(m, its))
		execute_one(m, t);
	/* A SYNC that need not wait changes nothing: who looks between it and the command
	 * before it might as well have looked before both. */
	while (m->config.explore && arm_its_may_execute(m, its) &&
	       (command_at(t, t->creadr)[0] & 0xff) == SYNC)
		execute_one(m, t);
	schedule(m, its);
}

/* ---- what software made visible ---------------------------------------------------------- */

static void sync_queue(struct machine *m, struct gic_its *t, uint64_t from, uint64_t to)
{
	uint64_t base = t->cbaser & 0x000ffffffffff000ull;

	if (!(t->cbaser & VALID) || from < base || to > base + queue_bytes(t))
		return;
	if (t->nsynced == GIC_SYNCED) {
		broken(m, "more than %u pieces of a queue made visible at a time", GIC_SYNCED);
		return;
	}
	t->synced[t->nsynced].from = (uint32_t)(from - base);
	t->synced[t->nsynced++].to = (uint32_t)(to - base);
}

void arm_its_sync(struct machine *m, const void *start, uint32_t bytes)
{
	uint64_t from = (uint64_t)(uintptr_t)start, at, base = 0;
	uint32_t i;

	sim_writes(m, RES_DEVICE(3));
	for (i = 0; i < m->config.nits; i++)
		sync_queue(m, &m->gic->its[i], from, from + bytes);
	for (i = 0; i < m->config.cpus && !base; i++)
		base = m->gic->cpu[i].propbaser & 0x000ffffffffff000ull;
	for (at = from; base && at < from + bytes; at++)
		if (at - base < m->config.lpis)
			m->gic->lpi[at - base].visible = *(const uint8_t *)(uintptr_t)at;
}

static bool is_synced(const struct gic_its *t, uint32_t offset)
{
	uint32_t i;

	for (i = 0; i < t->nsynced; i++)
		if (offset >= t->synced[i].from && offset + COMMAND_BYTES <= t->synced[i].to)
			return true;
	return false;
}

static void write_cwriter(struct machine *m, uint32_t its, uint64_t value)
{
	struct gic_its *t = &m->gic->its[its];
	uint32_t to = (uint32_t)value & 0xfffe0, at = t->cwriter, n = 0;

	if (to >= queue_bytes(t) || !(t->cbaser & VALID)) {
		broken(m, "GITS_CWRITER %#x outside of the queue", to);
		return;
	}
	for (; at != to; at = (at + COMMAND_BYTES) % queue_bytes(t), n++)
		if (!is_synced(t, at)) {
			broken(m, "GITS_CWRITER is written before the commands are visible");
			break;
		}
	if (n + (t->cwriter + queue_bytes(t) - t->creadr) % queue_bytes(t) / COMMAND_BYTES >=
	    queue_bytes(t) / COMMAND_BYTES)
		broken(m, "commands are written over those not yet executed");
	t->nsynced = 0;
	t->cwriter = to;
	schedule(m, its);
}

/* ---- registers: 12.19 ------------------------------------------------------------------------ */

static uint64_t typer(const struct machine *m)
{
	/* Physical, ITT_entry_size - 1, ID_bits - 1, Devbits - 1, PTA; no collections of
	 * its own (HCC 0), ids of collections 16 bits wide (CIL 0). */
	return 1 | (ENTRY_BYTES - 1) << 4 | (m->config.its_event_bits - 1ull) << 8 |
	       (m->config.its_device_bits - 1ull) << 13 | (uint64_t)m->config.its_pta << 19;
}

/* Type and Entry_Size are read-only; there is no second level. */
static uint64_t baser_fixed(uint32_t n)
{
	uint64_t type = n == BASER_COLLECTIONS ? TYPE_COLLECTIONS :
			n == BASER_DEVICES     ? TYPE_DEVICES :
						 0;

	return type ? type << 56 | (uint64_t)(ENTRY_BYTES - 1) << 48 : 0;
}

uint64_t arm_its_read(struct machine *m, uint32_t its, uint32_t offset, uint32_t bytes)
{
	const struct gic_its *t = &m->gic->its[its];

	sim_reads(m, RES_DEVICE(3));
	if (bytes == 4 && offset == 0x0000)
		return (uint64_t)!t->enabled << 31 | t->enabled;
	if (bytes == 4 && (offset == 0x0004 || offset == 0xffe8))
		return offset == 0x0004 ? 0x43b : 0x30; /* IIDR, PIDR2: GICv3 */
	if (bytes == 8 && offset == 0x0008)
		return typer(m);
	if (bytes == 8 && offset == 0x0080)
		return t->cbaser;
	if (bytes == 8 && offset == 0x0088)
		return t->cwriter;
	if (bytes == 8 && offset == 0x0090)
		return t->creadr;
	if (bytes == 8 && offset >= 0x0100 && offset < 0x0140 && !(offset & 7))
		return t->baser[(offset - 0x100) / 8] | baser_fixed((offset - 0x100) / 8);
	broken(m, "read of %u bytes at %#x of an ITS", bytes, offset);
	return 0;
}

static void write_ctlr(struct machine *m, uint32_t its, bool enable)
{
	struct gic_its *t = &m->gic->its[its];

	if (enable && (!(t->cbaser & VALID) || !(t->baser[BASER_DEVICES] & VALID) ||
		       !(t->baser[BASER_COLLECTIONS] & VALID)))
		broken(m, "an ITS is enabled without queue or tables");
	t->enabled = enable;
	schedule(m, its);
}

static void write_cbaser(struct machine *m, struct gic_its *t, uint64_t value)
{
	if (t->enabled)
		broken(m, "GITS_CBASER is written with the ITS enabled");
	/* 12.19.1: also resets GITS_CREADR. */
	t->cbaser = value;
	t->creadr = t->cwriter = 0;
	t->nsynced = 0;
}

static void write_baser(struct machine *m, struct gic_its *t, uint32_t n, uint64_t value)
{
	if (t->enabled)
		broken(m, "GITS_BASER%u is written with the ITS enabled", n);
	if (!baser_fixed(n) && (value & VALID))
		broken(m, "GITS_BASER%u is given a table, and wants none", n);
	if (value >> 62 & 1)
		broken(m, "GITS_BASER%u: there are no two levels", n);
	t->baser[n] = value & ~(7ull << 56 | 31ull << 48);
}

void arm_its_write(struct machine *m, uint32_t its, uint32_t offset, uint32_t bytes, uint64_t value)
{
	struct gic_its *t = &m->gic->its[its];

	sim_writes(m, RES_DEVICE(3));
	if (bytes == 4 && offset == 0x0000)
		write_ctlr(m, its, value & 1);
	else if (bytes == 8 && offset == 0x0080)
		write_cbaser(m, t, value);
	else if (bytes == 8 && offset == 0x0088)
		write_cwriter(m, its, value);
	else if (bytes == 8 && offset >= 0x0100 && offset < 0x0140 && !(offset & 7))
		write_baser(m, t, (offset - 0x100) / 8, value);
	else
		broken(m, "write of %u bytes at %#x of an ITS", bytes, offset);
}
