/* SPDX-License-Identifier: MIT */
/* gic_storm.c: storms on an Arm machine: what is described, built and made differently. */
#include <stdlib.h>
#include <string.h>
#include "gic.h"
#include "storm_int.h"

#define PAGE 65536u
#define RECALL_NS 2000
#define SGI 7 /* whose arrivals are checked */

/* One that still pends takes in another (GICv2: of the same sender), so fewer may come than
 * were sent, but one after the last. */
struct sgi {
	uint32_t sent, taken;
	bool owed;
};

struct storm_arm {
	uint64_t *mpidrs;
	uint32_t *intid;  /* of each source, or its EventID */
	uint32_t *events; /* of each device */
	struct sgi *sgi;  /* by CPU */
	bool *entered;    /* by CPU: for the first time */
	struct ferry_mpidr *affinities;
	struct ferry_gic_region region[GIC_REGIONS];
	struct ferry_its_config its[2];
	struct ferry_gic_config library;
	uint32_t spis, espis, lpis;
};

/* ---- the specification ------------------------------------------------------------ */

static bool is_lpi(const struct storm_irq *q)
{
	return q->kind == FERRY_GIC_LPI;
}

static const char *check_irq(const struct storm_spec *spec, const struct storm_irq *q)
{
	if (q->kind < FERRY_GIC_EDGE || q->kind > FERRY_GIC_LPI)
		return "an interrupt that no GIC has";
	if (is_lpi(q) && !spec->its)
		return "an LPI, but no ITS";
	if (q->flags & ~FERRY_GIC_SEVERAL)
		return "flags that no interrupt of a GIC has";
	if ((q->flags & FERRY_GIC_SEVERAL) && spec->gic != 2)
		return "only a GICv2 delivers to one of several CPUs";
	if (!q->intid || is_lpi(q))
		return NULL;
	if (q->intid >= FERRY_ESPI_FIRST && q->intid < FERRY_ESPI_FIRST + spec->espis)
		return NULL;
	return q->intid >= FERRY_SPI_FIRST && q->intid <= FERRY_SPI_LAST ?
		       NULL :
		       "an INTID that is no SPI, nor an extended one that there is";
}

const char *storm_arm_check(const struct storm_spec *spec)
{
	const char *why = NULL;
	uint32_t i;

	if (spec->gic != 2 && spec->gic != 3)
		return "the GIC must be version 2 or 3";
	if (spec->gic == 2 && (spec->cpus > 8 || spec->its || spec->espis || spec->mpidrs))
		return "a GICv2 has at most 8 CPUs, no affinities, extended SPIs or ITS";
	if (spec->espis > FERRY_ESPI_LAST + 1 - FERRY_ESPI_FIRST)
		return "there are at most 1024 extended SPIs";
	for (i = 0; !why && i < spec->nirqs; i++)
		why = check_irq(spec, &spec->irqs[i]);
	return why;
}

/* ---- numbers ----------------------------------------------------------------------- */

/* Sparse, with Aff0 above 15 where there are many (range selector). */
static uint64_t derived_mpidr(uint32_t cpus, uint32_t cpu)
{
	uint64_t low = cpu % 8 + (cpus > 64 ? 12 : 0);

	return low | (uint64_t)(cpu / 8 % 128 * 2) << 8 | (uint64_t)(cpu / 1024) << 16 |
	       (uint64_t)(cpus > 64) << 32;
}

static bool is_taken(const struct storm_spec *spec, const struct storm_arm *a, uint32_t n,
		     uint32_t intid)
{
	uint32_t i;

	for (i = 0; i < spec->nirqs; i++)
		if (!is_lpi(&spec->irqs[i]) &&
		    (spec->irqs[i].intid == intid || (i < n && a->intid[i] == intid)))
			return true;
	return false;
}

static uint32_t next_free(const struct storm_spec *spec, const struct storm_arm *a, uint32_t n,
			  uint32_t from)
{
	while (from < FERRY_ESPI_FIRST + spec->espis && is_taken(spec, a, n, from))
		from = from == FERRY_SPI_LAST ? FERRY_ESPI_FIRST : from + 1;
	return from;
}

/* Each SPI its INTID, each LPI its EventID. */
static bool number(struct storm *st, struct storm_arm *a)
{
	const struct storm_spec *spec = st->spec;
	uint32_t i, free_ = FERRY_SPI_FIRST;

	for (i = 0; i < spec->nirqs; i++) {
		const struct storm_irq *q = &spec->irqs[i];

		if (is_lpi(q)) {
			a->intid[i] = a->events[q->device]++;
			continue;
		}
		if (!q->intid)
			free_ = next_free(spec, a, i, free_);
		a->intid[i] = q->intid ? q->intid : free_;
		if (a->intid[i] >= FERRY_ESPI_FIRST + spec->espis) {
			storm_fail(st, FERRY_E_INVALID, "more SPIs than a GIC has");
			return false;
		}
		if (a->intid[i] < FERRY_ESPI_FIRST && a->intid[i] - 31 > a->spis)
			a->spis = a->intid[i] - 31;
	}
	a->espis = spec->espis;
	a->lpis = spec->its ? spec->nirqs : 0;
	return true;
}

/* ---- the machine --------------------------------------------------------------------- */

static uint8_t bits_for(uint32_t n)
{
	uint8_t bits = 1;

	while (1u << bits < n)
		bits++;
	return bits;
}

static uint32_t up(uint64_t bytes, uint32_t to)
{
	return (uint32_t)((bytes + to - 1) / to * to);
}

static uint32_t lpi_limit(const struct storm_spec *spec)
{
	return 1u << bits_for(FERRY_LPI_FIRST + (spec->nirqs ? spec->nirqs : 1));
}

static uint32_t queue_bytes(const struct storm_spec *spec)
{
	return spec->seed & 1 ? 4096 : PAGE;
}

static uint32_t device_table(const struct sim_config *k)
{
	return up(8ull << k->its_device_bits, PAGE);
}

static size_t table_bytes(const struct storm_spec *spec, const struct sim_config *k)
{
	size_t its = PAGE + device_table(k) + up(8ull * k->cpus, PAGE);

	if (!k->nits)
		return 0;
	return k->nits * its + up(lpi_limit(spec), PAGE) +
	       (size_t)k->cpus * up(lpi_limit(spec) / 8, PAGE);
}

static bool allocate(struct storm *st, struct storm_arm *a)
{
	const struct storm_spec *spec = st->spec;
	uint32_t i;

	a->mpidrs = calloc(spec->cpus, sizeof(*a->mpidrs));
	a->affinities = calloc(spec->cpus, sizeof(*a->affinities));
	a->sgi = calloc(spec->cpus, sizeof(*a->sgi));
	a->entered = calloc(spec->cpus, 1);
	a->intid = calloc(spec->nirqs + 1, sizeof(*a->intid));
	a->events = calloc(spec->devices + 1, sizeof(*a->events));
	if (!a->mpidrs || !a->affinities || !a->sgi || !a->entered || !a->intid || !a->events) {
		storm_fail(st, FERRY_E_MEMORY, "out of memory");
		return false;
	}
	for (i = 0; i < spec->cpus; i++) {
		a->mpidrs[i] = spec->mpidrs ? spec->mpidrs[i] : derived_mpidr(spec->cpus, i);
		a->affinities[i].value = a->mpidrs[i];
	}
	return true;
}

bool storm_arm_describe(struct storm *st, struct sim_config *k)
{
	const struct storm_spec *spec = st->spec;
	struct storm_arm *a = st->arm = calloc(1, sizeof(*a));
	uint32_t i, events = 1;

	if (!a) {
		storm_fail(st, FERRY_E_MEMORY, "out of memory");
		return false;
	}
	if (!allocate(st, a) || !number(st, a))
		return false;
	for (i = 0; i < spec->devices; i++)
		events = a->events[i] > events ? a->events[i] : events;
	k->gic = spec->gic;
	k->mpidrs = a->mpidrs;
	k->spis = a->spis;
	k->espis = a->espis;
	k->lpis = a->lpis;
	k->nits = spec->its ? 1 + (spec->devices > 1) : 0;
	k->its_device_bits = bits_for(spec->devices);
	k->its_event_bits = bits_for(events);
	k->its_pta = spec->seed >> 1 & 1;
	k->gic_slow = spec->seed >> 2 & 1;
	k->weak = spec->weak;
	k->recall_ns = RECALL_NS;
	k->table_bytes = table_bytes(spec, k);
	k->system_vector = 0;
	return true;
}

static uint64_t pa(const void *p)
{
	return (uint64_t)(uintptr_t)p;
}

/* Where the library's tables are: one after the other. */
static void give_tables(struct storm *st, struct ferry_gic_config *c)
{
	const struct sim_config *k = &st->m->config;
	struct storm_arm *a = st->arm;
	uint8_t *at = st->m->tables;
	uint32_t i;

	for (i = 0; i < k->nits; i++) {
		a->its[i] = (struct ferry_its_config){
			.queue = (uint64_t *)(void *)at,
			.queue_pa = pa(at),
			.queue_bytes = queue_bytes(st->spec),
			.device_table_pa = pa(at + PAGE),
			.device_table_bytes = device_table(k),
			.collection_table_pa = pa(at + PAGE + device_table(k)),
			.collection_table_bytes = up(8ull * k->cpus, PAGE),
			.device_bits = k->its_device_bits,
		};
		at += PAGE + device_table(k) + a->its[i].collection_table_bytes;
	}
	c->its = &ferry_its;
	c->its_config = a->its;
	c->nits = k->nits;
	c->lpi_config = at;
	c->lpi_config_pa = pa(at);
	at += up(lpi_limit(st->spec), PAGE);
	c->lpi_pending_pa = pa(at);
	c->lpi_pending_stride = up(lpi_limit(st->spec) / 8, PAGE);
}

static void describe_library(struct storm *st, const struct sim_config *k,
			     const struct ferry_config *core)
{
	struct storm_arm *a = st->arm;
	uint32_t i;

	a->library = (struct ferry_gic_config){
		.core = *core,
		.flags = st->spec->split_eoi ? FERRY_GIC_SPLIT_EOI : 0,
		.variant = k->gic == 2 ? &ferry_gicv2 : &ferry_gicv3,
		.mpidrs = k->gic == 2 ? NULL : a->affinities,
		.region = a->region,
		.spis = k->spis,
		.espis = k->espis,
	};
	for (i = 0; i < GIC_REGIONS; i++) {
		a->region[i].bytes = arm_region_frames(k, i) * GIC_STRIDE;
		a->region[i].pa = arm_region_pa(i);
		a->library.regions += a->region[i].bytes != 0;
	}
}

static void wire(struct storm *st)
{
	struct machine *m = st->m;
	uint32_t i, n;

	for (i = 0; i < st->spec->nirqs; i++) {
		const struct storm_irq *q = &st->spec->irqs[i];
		struct source *s = &m->source[i];

		s->kind = q->kind;
		s->flags = q->flags;
		s->device = q->device;
		s->its = (uint8_t)(q->device % (m->config.nits ? m->config.nits : 1));
		if (is_lpi(q)) {
			s->event = st->arm->intid[i];
			continue;
		}
		s->intid = st->arm->intid[i];
		n = arm_index(m, s->intid);
		m->gic->line[n].src = i + 1;
	}
}

bool storm_arm_build(struct storm *st, struct sim_config *k, const struct ferry_config *core,
		     struct sim_out *out)
{
	struct ferry_gic_config *c = &st->arm->library;
	/* Only the size, before there is memory. */
	static uint64_t somewhere[1];
	struct ferry_its_config its = { .queue = somewhere,
					.queue_bytes = queue_bytes(st->spec),
					.device_bits = 1,
					.device_table_bytes = PAGE };
	struct ferry_its_config both[2] = { its, its };
	int rc;

	describe_library(st, k, core);
	if (k->nits) {
		c->its = &ferry_its;
		c->its_config = both;
		c->nits = k->nits;
		c->lpi_config = (uint8_t *)somewhere;
		c->lpi_pending_stride = PAGE;
	}
	k->library = ferry_gic_size(c);
	if (!k->library) {
		storm_fail(st, FERRY_E_INVALID, "the library refuses this machine");
		return false;
	}
	st->m = machine_new(k, out);
	if (!st->m) {
		storm_fail(st, FERRY_E_MEMORY, "no memory for the simulated machine");
		return false;
	}
	if (k->nits)
		give_tables(st, c);
	wire(st);
	c->core.ctx = st->m;
	st->m->quiet = true;
	rc = ferry_gic_init(c, st->m->library, k->library, &st->m->ferry);
	st->m->quiet = false;
	if (rc != FERRY_OK)
		storm_fail(st, rc, "the library refuses this machine: %s", ferry_status_text(rc));
	return rc == FERRY_OK;
}

void storm_arm_free(struct storm *st)
{
	struct storm_arm *a = st->arm;

	if (!a)
		return;
	free(a->mpidrs);
	free(a->affinities);
	free(a->sgi);
	free(a->entered);
	free(a->intid);
	free(a->events);
	free(a);
}

/* ---- interrupts ------------------------------------------------------------------------ */

bool storm_arm_devices(struct storm *st)
{
	const struct sim_config *k = &st->m->config;
	uint32_t d, bytes;
	int rc;

	for (d = 0; k->nits && d < st->spec->devices; d++) {
		if (!st->arm->events[d])
			continue;
		bytes = up((uint64_t)ferry_its_entry_bytes(st->m->ferry, d % k->nits)
				   << k->its_event_bits,
			   256);
		/* Nobody looks at these tables. */
		rc = ferry_its_device(st->m->ferry, d % k->nits, d,
				      0x4000000000ull + (uint64_t)d * bytes, k->its_event_bits);
		if (rc != FERRY_OK) {
			storm_fail(st, rc, "device %u can't be made known to its ITS: %s", d,
				   ferry_status_text(rc));
			return false;
		}
	}
	return true;
}

int storm_arm_create(struct storm *st, uint32_t src, const uint64_t *mask, uint32_t *irq)
{
	const struct source *s = &st->m->source[src];
	struct ferry_gic_source g = {
		.kind = s->kind,
		.flags = s->flags,
		.its = s->its,
		.intid = s->kind == FERRY_GIC_LPI ? s->event : s->intid,
		.device = s->device,
		.cookie = src,
	};

	/* Some outrank others. */
	if (!machine_below(st->m, 4))
		g.priority = (uint8_t)(0x40 + 8 * machine_below(st->m, 16));
	return ferry_gic_create(st->m->ferry, &g, mask, irq);
}

int storm_arm_interrupt(struct machine *m, uint32_t cpu, uint8_t vector)
{
	(void)vector;
	return ferry_gic_interrupt(m->ferry, cpu);
}

/* ---- SGIs ---------------------------------------------------------------------------------- */

/* What the host wants of its private interrupts it says once; the library restores it. */
void storm_arm_enter(struct storm *st, uint32_t cpu)
{
	int rc = FERRY_OK;

	st->arm->sgi[cpu].owed = false;
	if (!st->arm->entered[cpu])
		rc = ferry_gic_local(st->m->ferry, cpu, SGI, true, true, 0);
	st->arm->entered[cpu] = true;
	if (rc != FERRY_OK)
		violation(st->m, V_BROKEN, cpu, NONE, "SGI %d can't be configured: %d", SGI, rc);
}

static void send_to(struct storm *st, uint64_t *mask, uint32_t cpu)
{
	mask[cpu / 64] |= 1ull << (cpu % 64);
	st->arm->sgi[cpu].sent++;
	st->arm->sgi[cpu].owed = true;
}

void storm_arm_sgi(struct storm *st)
{
	uint64_t mask[FERRY_CPUS_MAX / 64] = { 0 };
	uint32_t cpu = storm_some_cpu(st), other = storm_some_cpu(st);
	int rc;

	send_to(st, mask, cpu);
	if (other != cpu)
		send_to(st, mask, other);
	rc = ferry_gic_sgi(st->m->ferry, SGI, mask);
	if (rc != FERRY_OK)
		violation(st->m, V_BROKEN, st->m->current, NONE, "an SGI returned %d", rc);
}

void storm_arm_local(struct machine *m, uint32_t cpu, uint32_t intid, uint32_t from)
{
	struct sgi *sgi = &storm_of(m)->arm->sgi[cpu];

	(void)from;
	if (intid != SGI || sgi->taken == sgi->sent)
		violation(m, V_BROKEN, cpu, NONE, "interrupt %u, which nobody sent", intid);
	sgi->taken++;
	sgi->owed = false;
}

void storm_arm_finish(struct storm *st)
{
	uint32_t cpu;

	for (cpu = 0; cpu < st->spec->cpus; cpu++)
		if (st->arm->sgi[cpu].owed)
			violation(st->m, V_LOST, cpu, NONE, "an SGI never came");
}
