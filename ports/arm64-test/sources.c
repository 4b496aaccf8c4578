/* SPDX-License-Identifier: MIT */
/* Sources of interrupts, what they count, and the simple ones. */
#include "test.h"

struct source sources[SOURCES_MAX];
uint32_t nsources, keep_going;

struct source *source_add(const struct device *device, uint64_t base, uint32_t intid)
{
	struct source *s = &sources[nsources++];

	if (nsources > SOURCES_MAX)
		bail("more sources than SOURCES_MAX");
	s->device = device;
	s->base = base;
	s->intid = intid;
	s->allowed = EVERY_CPU;
	return s;
}

int source_create(struct source *s)
{
	struct ferry_gic_source what = {
		.kind = s->device->kind,
		.intid = s->intid,
		.device = s->device_id,
		.cookie = (uintptr_t)s,
	};
	int rc = ferry_gic_create(ferry, &what, NULL, &s->irq);

	return rc == FERRY_OK ? ferry_irq_enable(ferry, s->irq) : rc;
}

void sources_create(void)
{
	for (uint32_t n = 0; n < nsources; n++) {
		struct source *s = &sources[n];
		int rc = source_create(s);

		if (rc != FERRY_OK)
			bail("no interrupt for %s %u: status %d", s->device->name, s->intid, rc);
	}
}

bool source_raise(struct source *s)
{
	if (!replace(&s->busy, 0, 1))
		return false;
	add(&s->raised, 1);
	s->device->raise(s);
	return true;
}

/* Interrupts are off here, so this CPU runs no other handler meanwhile. */
void source_handler(struct source *s, uint32_t irq, uint32_t cpu)
{
	if (swap(&s->running, 1) || irq != s->irq || cpu != this_cpu())
		add(&s->overlaps, 1);
	if (!(get(&s->allowed) >> cpu & 1))
		add(&s->outside, 1);
	else if ((get(&s->allowed) & EVERY_CPU) != EVERY_CPU)
		add(&s->strict, 1);
	put(&s->last_cpu, cpu);
	if (!s->device->acknowledge(s) || !get(&s->busy)) {
		add(&s->doubled, 1);
	} else {
		add(&s->handled, 1);
		put(&s->busy, 0);
	}
	if (get(&keep_going) && random_below(cpu, 4) < (s->device->software ? 1 : 3))
		(void)source_raise(s);
	put(&s->running, 0);
}

/* ---- the GIC's own pending bit ------------------------------------------------- */

/* IHI 0069H 12.9.26 GICD_ISPENDRn: a write of 1 makes an edge. */
static void soft_raise(struct source *s)
{
	__asm__ volatile("dsb ishst" ::: "memory");
	write32(GICD_BASE + 0x200 + s->intid / 32 * 4, 1u << s->intid % 32);
}

static bool soft_acknowledge(struct source *s)
{
	(void)s;
	return true; /* `busy` tells */
}

static const struct device soft = { "software", FERRY_GIC_EDGE, true, soft_raise,
				    soft_acknowledge };

/* ---- PL011: the transmit interrupt, by its mask -------------------------------- */

/* The raw interrupt is there since the first character was sent. */
static void uart_raise(struct source *s)
{
	write32(s->base + 0x38, 1u << 5); /* UARTIMSC.TXIM */
}

static bool uart_acknowledge(struct source *s)
{
	bool asking = read32(s->base + 0x40) >> 5 & 1; /* UARTMIS.TXMIS */

	write32(s->base + 0x38, 0);
	return asking;
}

static const struct device uart = { "pl011", FERRY_GIC_LEVEL, false, uart_raise, uart_acknowledge };

/* ---- PL031: the alarm, set to this very second --------------------------------- */

static void rtc_raise(struct source *s)
{
	write32(s->base + 0x10, 0);                       /* RTCIMSC */
	while (!read32(s->base + 0x14))                   /* RTCRIS */
		write32(s->base + 0x04, read32(s->base)); /* RTCMR = RTCDR */
	write32(s->base + 0x10, 1);
}

static bool rtc_acknowledge(struct source *s)
{
	bool asking = read32(s->base + 0x18); /* RTCMIS */

	write32(s->base + 0x10, 0);
	write32(s->base + 0x1c, 1); /* RTCICR */
	return asking;
}

static const struct device rtc = { "pl031", FERRY_GIC_LEVEL, false, rtc_raise, rtc_acknowledge };

void devices_find(void)
{
	source_add(&uart, UART_BASE, 33);
	source_add(&rtc, RTC_BASE, 34);
	/* INTIDs that nothing of this machine uses. */
	for (uint32_t n = 0; n < 12; n++)
		source_add(&soft, 0, 208 + n);
}
