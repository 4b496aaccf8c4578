/* SPDX-License-Identifier: MIT */
/*
 * virtio-rng behind virtio-mmio (virtio 1.1, 4.2 and 5.4): a queue with one buffer. The
 * device fills it in its own time, from a thread of the emulator's, and says so by an
 * interrupt. Every other one is treated as an edge.
 */
#include "test.h"

#define QUEUE_SIZE 2u

struct queue {
	struct {
		uint64_t address;
		uint32_t length;
		uint16_t flags, next;
	} descriptor[QUEUE_SIZE];
	struct {
		uint16_t flags, index, ring[QUEUE_SIZE], event;
	} available;
	struct {
		uint16_t flags, index;
		struct {
			uint32_t id, length;
		} ring[QUEUE_SIZE];
		uint16_t event;
	} used __attribute__((aligned(8)));
	uint16_t seen; /* used.index when it was looked at */
	uint8_t buffer[8];
} __attribute__((aligned(64)));

static struct queue queues[VIRTIO_TRANSPORTS];

static void virtio_raise(struct source *s)
{
	struct queue *q = s->queue;
	uint16_t index = q->available.index;

	q->available.ring[index % QUEUE_SIZE] = 0;
	__asm__ volatile("dmb ish" ::: "memory");
	*(volatile uint16_t *)&q->available.index = (uint16_t)(index + 1);
	__asm__ volatile("dsb sy" ::: "memory");
	write32(s->base + 0x50, 0); /* QueueNotify */
}

/* Acknowledged first: what is used after that asks again. */
static bool virtio_acknowledge(struct source *s)
{
	struct queue *q = s->queue;
	uint32_t why = read32(s->base + 0x60); /* InterruptStatus */
	uint16_t index;

	write32(s->base + 0x64, why);
	__asm__ volatile("dsb sy" ::: "memory");
	index = *(volatile uint16_t *)&q->used.index;
	if (!(why & 1) || (uint16_t)(index - q->seen) != 1)
		return false;
	q->seen = index;
	return true;
}

static const struct device edge = { "virtio-rng, edge", FERRY_GIC_EDGE, false, virtio_raise,
				    virtio_acknowledge };
static const struct device level = { "virtio-rng, level", FERRY_GIC_LEVEL, false, virtio_raise,
				     virtio_acknowledge };

static void write_address(uint64_t base, uint32_t offset, const volatile void *p)
{
	write32(base + offset, (uint32_t)(uintptr_t)p);
	write32(base + offset + 4, (uint32_t)((uintptr_t)p >> 32));
}

static void start(uint64_t base, struct queue *q)
{
	q->descriptor[0].address = (uintptr_t)q->buffer;
	q->descriptor[0].length = sizeof(q->buffer);
	q->descriptor[0].flags = 2; /* the device writes */
	write32(base + 0x70, 0);
	write32(base + 0x70, 1 | 2); /* Status: ACKNOWLEDGE, DRIVER */
	write32(base + 0x24, 1);     /* DriverFeaturesSel */
	write32(base + 0x20, 1);     /* VIRTIO_F_VERSION_1 and no other */
	write32(base + 0x24, 0);
	write32(base + 0x20, 0);
	write32(base + 0x70, 1 | 2 | 8); /* FEATURES_OK */
	if (!(read32(base + 0x70) & 8))
		bail("virtio-rng refuses its features");
	write32(base + 0x30, 0); /* QueueSel */
	write32(base + 0x38, QUEUE_SIZE);
	write_address(base, 0x80, q->descriptor);
	write_address(base, 0x90, &q->available);
	write_address(base, 0xa0, &q->used);
	write32(base + 0x44, 1);             /* QueueReady */
	write32(base + 0x70, 1 | 2 | 8 | 4); /* DRIVER_OK */
}

void virtio_find(void)
{
	uint32_t count = 0;

	for (uint32_t n = 0; n < VIRTIO_TRANSPORTS; n++) {
		uint64_t base = VIRTIO_BASE + n * 0x200;
		struct source *s;

		/* "virt", the version without legacy, an entropy source */
		if (read32(base) != 0x74726976 || read32(base + 4) != 2 || read32(base + 8) != 4)
			continue;
		s = source_add(count++ % 2 ? &level : &edge, base, VIRTIO_INTID + n);
		s->queue = &queues[n];
		start(base, s->queue);
	}
	if (!count)
		bail("no virtio-rng-device (with -global virtio-mmio.force-legacy=false)");
}
