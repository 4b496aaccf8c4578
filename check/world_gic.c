/* SPDX-License-Identifier: MIT */
/* world_gic.c: what a world has on an Arm machine. */
#include "client.h"
#include "sim/gic.h"

/* No two are alike in any field, none is an index, and they don't ascend. */
const uint64_t world_mpidrs[SCENARIO_CPUS] = { 0x000101, 0x000000, 0x020103, 0x0300010002 };

/* Interrupt 0 has bytes, fields and words of its own, neither first nor round; of the
 * extended ones there is the last. */
static const uint32_t spi[SCENARIO_IRQS] = { 70, 45, 95 };
static const uint32_t espi[SCENARIO_IRQS] = { FERRY_ESPI_LAST, FERRY_ESPI_FIRST, 4133 };

bool world_has_kind(const struct scenario *s, uint8_t kind)
{
	uint32_t i;

	for (i = 0; i < s->nirqs; i++)
		if (s->kind[i] == kind)
			return true;
	return false;
}

uint32_t world_espis(const struct scenario *s)
{
	return world_has_kind(s, SCENARIO_ESPI) ? FERRY_ESPI_LAST + 1 - FERRY_ESPI_FIRST : 0;
}

void world_gic_config(const struct scenario *s, struct sim_config *config)
{
	if (!scenario_arm(s))
		return;
	config->gic = s->hw.gic2 ? 2 : 3;
	config->mpidrs = world_mpidrs;
	config->gic_slow = s->hw.slow;
	config->irr_kept = s->hw.rd_kept;
	config->weak = s->hw.weak;
	config->spis = WORLD_SPIS;
	config->espis = world_espis(s);
	if (!world_has_kind(s, SCENARIO_LPI))
		return;
	config->nits = 1;
	config->lpis = s->nirqs;
	config->its_device_bits = 2;
	config->its_event_bits = 2;
	config->table_bytes = WORLD_TABLES * WORLD_TABLE;
}

void world_gic_sources(struct machine *m, const struct scenario *s)
{
	uint32_t i;

	for (i = 0; i < s->nirqs; i++) {
		struct source *source = &m->source[i];

		source->kind = s->kind[i] == SCENARIO_ESPI ? FERRY_GIC_EDGE : s->kind[i];
		source->device = i;
		source->flags = (s->several ? FERRY_GIC_SEVERAL : 0) |
				(scenario_queues(s) ? FERRY_GIC_STOPPED : 0);
		source->event = 1 + i;
		source->intid = s->kind[i] == SCENARIO_ESPI ? espi[i] : spi[i];
		if (source->kind != FERRY_GIC_LPI)
			m->gic->line[arm_index(m, source->intid)].src = i + 1;
	}
}

/* A machine that was used before: the distributor is as somebody left it. */
void world_gic_stale(struct machine *m, const struct scenario *s)
{
	uint32_t i;

	for (i = 0; m->gic && i < s->nirqs; i++) {
		uint32_t n = arm_index(m, s->kind[i] == SCENARIO_ESPI ? espi[i] : spi[i]);
		struct gic_line *l = &m->gic->line[n];

		l->enabled = l->active = l->latch = true;
		l->edge = s->kind[i] == SCENARIO_LINE;
	}
}

uint8_t *world_table(const struct machine *m, enum world_table table)
{
	return m ? m->tables + table * WORLD_TABLE : NULL;
}

/* Of lines, those that somebody is wired to: what is written to the others tells
 * nothing. */
bool world_gic_piece(struct machine *m, uint32_t n, void **at, size_t *size)
{
	struct sim_gic *g = m->gic;

	if (!g)
		return false;
	*at = g;
	*size = (size_t)((char *)g->line - (char *)g);
	if (n == 1) {
		*at = g->lpi;
		*size = arm_bytes(&m->config) - (size_t)((char *)g->lpi - (char *)g);
	} else if (n == 2) {
		*at = world_table(m, WORLD_QUEUE);
		*size = m->config.nits * WORLD_QUEUE_BYTES;
	} else if (n == 3) {
		*at = world_table(m, WORLD_CONFIG);
		*size = m->config.lpis;
	} else if (n > 3 && n - 4 < m->config.sources) {
		*at = &g->line[0];
		*size = 0;
		if (m->source[n - 4].kind != FERRY_GIC_LPI &&
		    arm_index(m, m->source[n - 4].intid) != NONE) {
			*at = &g->line[arm_index(m, m->source[n - 4].intid)];
			*size = sizeof(*g->line);
		}
	}
	return n < 4 + m->config.sources;
}
