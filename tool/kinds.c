// SPDX-License-Identifier: MIT
/* Kinds of interrupts by name, and the numbers that a GIC knows its interrupts by. */
#include <stdio.h>
#include "machine.h"

const char *const kind_names[KINDS] = {
	[FERRY_X86_MSIX] = "msix",
	[FERRY_X86_MSI_MASKABLE] = "msi-maskable",
	[FERRY_X86_MSI] = "msi",
	[FERRY_X86_IOAPIC_EDGE] = "ioapic-edge",
	[FERRY_X86_IOAPIC_LEVEL] = "ioapic-level",
	[FERRY_X86_REMAPPED] = "remapped",
	[FERRY_GIC_EDGE] = "spi-edge",
	[FERRY_GIC_LEVEL] = "spi-level",
	[FERRY_GIC_LPI] = "lpi",
};

#define SPIS (FERRY_SPI_LAST + 1 - FERRY_SPI_FIRST)
#define ESPIS (FERRY_ESPI_LAST + 1 - FERRY_ESPI_FIRST)

/* Whose which INTID is: an interrupt's index + 1; SPIs, then extended ones. */
struct intids {
	uint32_t owner[SPIS + ESPIS];
};

bool intid_extended(uint32_t intid)
{
	return intid == INTID_NEXT_ESPI || intid >= FERRY_ESPI_FIRST;
}

static uint32_t place_of(uint32_t intid)
{
	return intid_extended(intid) ? SPIS + intid - FERRY_ESPI_FIRST : intid - FERRY_SPI_FIRST;
}

static int take_said(const struct storm_spec *spec, struct intids *t, struct message *why)
{
	for (uint32_t i = 0; i < spec->nirqs; i++) {
		const struct storm_irq *irq = &spec->irqs[i];
		uint32_t *owner;

		if (irq->kind == FERRY_GIC_LPI || irq->intid < FERRY_SPI_FIRST)
			continue;
		owner = &t->owner[place_of(irq->intid)];
		if (*owner)
			return say(why, TOOL_INPUT, "'%s' and '%s' both have INTID %u",
				   spec->irqs[*owner - 1].name, irq->name, irq->intid);
		*owner = i + 1;
	}
	return TOOL_OK;
}

static bool take_next(struct intids *t, bool extended, uint32_t espis, uint32_t *intid)
{
	uint32_t at = extended ? SPIS : 0, end = extended ? SPIS + espis : SPIS;

	while (at < end && t->owner[at])
		at++;
	if (at == end)
		return false;
	t->owner[at] = 1;
	*intid = extended ? FERRY_ESPI_FIRST + at - SPIS : FERRY_SPI_FIRST + at;
	return true;
}

int intids_assign(struct storm_spec *spec, struct message *why)
{
	struct intids t = { { 0 } };
	int rc = take_said(spec, &t, why);

	for (uint32_t i = 0; !rc && i < spec->nirqs; i++) {
		struct storm_irq *irq = &spec->irqs[i];
		bool extended = intid_extended(irq->intid);

		if (irq->kind == FERRY_GIC_LPI || irq->intid >= FERRY_SPI_FIRST)
			continue;
		if (!take_next(&t, extended, spec->espis, &irq->intid))
			rc = say(why, TOOL_INPUT, "no INTID is left for '%s': there are %u %sSPIs",
				 irq->name, extended ? spec->espis : SPIS,
				 extended ? "extended " : "");
	}
	return rc;
}
