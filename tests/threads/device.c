// SPDX-License-Identifier: MIT
/* Devices, the remapping unit and the fabric between them and the local APICs. */
#include "world.h"

/* The message leaves the device: into the IRR at once, or into the fabric. Time
 * is read under the device's lock, which is what makes the bound exact. */
static void emit(struct world *w, struct device *d, uint32_t apic_id, uint32_t vector)
{
	struct message *m = &d->queue[d->queued];

	if (w->mode == MODE_FENCE) {
		apic_post(w, apic_id, vector, "device");
		return;
	}
	m->apic_id = apic_id;
	m->vector = (uint8_t)vector;
	m->sent = atomic_load(&w->tick);
	d->queued++;
	atomic_fetch_add(&d->flying, 1);
}

static uint32_t reg_of(struct device *d, enum ferry_reg reg)
{
	return atomic_load_explicit(&d->regs[reg], memory_order_acquire);
}

/* Address first or data first: hardware promises neither. */
static void send_registers(struct world *w, struct device *d)
{
	bool data_first = below(2);
	uint32_t data = data_first ? reg_of(d, FERRY_REG_MSI_DATA) : 0;
	uint32_t addr;

	jitter(64);
	addr = reg_of(d, FERRY_REG_MSI_ADDR);
	jitter(64);
	if (!data_first)
		data = reg_of(d, FERRY_REG_MSI_DATA);
	if (addr >> 20 != 0xfee || reg_of(d, FERRY_REG_MSI_ADDR_HI))
		fail(w, "device %u: message to address 0x%x", d->index, addr);
	emit(w, d, addr >> 12 & 0xff, data & 0xff);
}

/* The unit may go on using the entry it has cached until it is invalidated. */
static void send_remapped(struct world *w, struct device *d)
{
	if (below(2))
		d->irte_cache = atomic_load(&d->irte);
	jitter(64);
	if (!(d->irte_cache >> 32 & 0xff))
		fail(w, "device %u: its remapping entry is absent", d->index);
	emit(w, d, (uint32_t)d->irte_cache, d->irte_cache >> 32 & 0xff);
}

static void send(struct world *w, struct device *d)
{
	if (d->kind == FERRY_X86_REMAPPED)
		send_remapped(w, d);
	else if (d->kind == FERRY_X86_MSIX && (reg_of(d, FERRY_REG_MSI_MASK) & 1))
		d->pending = true;
	else if (d->kind == FERRY_X86_MSI && !(reg_of(d, FERRY_REG_MSI_ENABLE) & 1))
		fail(w, "device %u: MSI was disabled under a started interrupt", d->index);
	else
		send_registers(w, d);
}

/* A bursty device now and then doesn't wait for its last event to be seen. */
static bool eager(struct device *d)
{
	return device_accounted(d) || (d->bursty && below(8) == 0);
}

/* One event, if the device may have one now. */
bool device_raise(struct world *w, struct device *d)
{
	bool may;

	/* A look without the lock first: most of the time the answer is no. */
	if (!eager(d))
		return false;
	spin_lock(&d->lock);
	may = !d->stopped && d->queued < QUEUE && (d->bursty || device_accounted(d)) &&
	      atomic_load_explicit(&w->raised, memory_order_relaxed) < w->events;
	if (may) {
		atomic_fetch_add_explicit(&w->raised, 1, memory_order_relaxed);
		atomic_fetch_add(&d->raised, 1);
		send(w, d);
	}
	spin_unlock(&d->lock);
	return may;
}

bool device_accounted(struct device *d)
{
	return atomic_load(&d->seen) == atomic_load(&d->raised);
}

/* Raise nothing more; true once what was raised has been handled and nothing is
 * on its way. */
bool device_stop(struct device *d)
{
	bool quiet;

	spin_lock(&d->lock);
	d->stopped = true;
	quiet = !d->queued && !d->pending && device_accounted(d);
	spin_unlock(&d->lock);
	return quiet;
}

void device_start(struct device *d)
{
	spin_lock(&d->lock);
	d->stopped = false;
	spin_unlock(&d->lock);
}

/* A read waits for the message being made: posted writes go before it. */
uint32_t device_read(struct device *d, enum ferry_reg reg)
{
	uint32_t value;

	spin_lock(&d->lock);
	value = reg_of(d, reg);
	spin_unlock(&d->lock);
	return value;
}

static void write_mask(struct world *w, struct device *d, uint32_t value)
{
	spin_lock(&d->lock);
	atomic_store_explicit(&d->regs[FERRY_REG_MSI_MASK], value, memory_order_release);
	if (!(value & 1) && d->pending) {
		d->pending = false;
		send(w, d);
	}
	spin_unlock(&d->lock);
}

void device_write(struct world *w, struct device *d, enum ferry_reg reg, uint32_t value)
{
	if (reg == FERRY_REG_MSI_MASK)
		write_mask(w, d, value);
	else
		atomic_store_explicit(&d->regs[reg], value, memory_order_release);
}

void device_irte_sync(struct device *d)
{
	spin_lock(&d->lock);
	d->irte_cache = atomic_load(&d->irte);
	spin_unlock(&d->lock);
}

void *sender_main(void *arg)
{
	struct world *w = arg;
	uint32_t me = atomic_fetch_add(&w->senders, 1);

	thread_random = w->seed * 1000003u + 500 + me;
	while (atomic_load(&w->phase) == PHASE_START)
		sched_yield();
	while (atomic_load(&w->phase) == PHASE_RUN) {
		bool any = false;

		for (uint32_t i = me; i < w->devices; i += 2)
			any |= device_raise(w, &w->device[i]);
		if (!any)
			sched_yield();
	}
	return NULL;
}

static void arrive(struct world *w, struct device *d, uint32_t i)
{
	struct message m = d->queue[i];

	d->queued--;
	for (; i < d->queued; i++)
		d->queue[i] = d->queue[i + 1];
	apic_post(w, m.apic_id, m.vector, "fabric");
	atomic_fetch_sub(&d->flying, 1);
}

/* In order: the oldest first, stop at the first that stays. Else any. */
static void carry(struct world *w, struct device *d, uint64_t now)
{
	uint32_t i = 0;

	spin_lock(&d->lock);
	while (i < d->queued) {
		if (d->queue[i].sent + DRAIN_TICKS - 1 <= now || below(2))
			arrive(w, d, i);
		else if (w->mode == MODE_ORDERED)
			break;
		else
			i++;
	}
	spin_unlock(&d->lock);
}

static void deliver_ipis(struct world *w)
{
	for (uint32_t i = 0; i < w->cpus; i++)
		if (below(2) && atomic_exchange(&w->cpu[i].ipi_flying, false))
			apic_post_cpu(w, &w->cpu[i], DOORBELL, "late doorbell");
}

/* The only one that advances time. Before the clock reads t + 1, all that was
 * sent at t + 1 - DRAIN_TICKS or before is in its IRR. A message that `flying`
 * does not show yet was not followed by a fence that has read the clock. */
void *fabric_main(void *arg)
{
	struct world *w = arg;

	thread_random = w->seed * 1000003u + 999;
	while (atomic_load(&w->phase) != PHASE_STOP) {
		uint64_t now = atomic_load(&w->tick);

		for (uint32_t i = 0; i < w->devices; i++)
			if (atomic_load(&w->device[i].flying))
				carry(w, &w->device[i], now);
		deliver_ipis(w);
		atomic_store(&w->tick, now + 1);
		sched_yield();
	}
	return NULL;
}
