/* SPDX-License-Identifier: MIT */
#include <string.h>
#include "tests/one_thread.h"
#include "tests/fake_managed.h"
#include "tests/tap.h"

struct ferry fake;
uint32_t fake_wrongs;

void fake_wrong(const char *what, uint32_t n)
{
	if (!fake_wrongs++)
		diag("%s (%u)", what, n);
}

void fake_begin(void)
{
	memset(&fake, 0, sizeof(fake));
	for (uint32_t n = 0; n < FAKE_IRQS; n++)
		fake.irq[n].state = FERRY_STOPPED;
	fake.start_error = FERRY_E_TIMEOUT;
	fake_wrongs = 0;
}

bool fake_online(const struct fake_mask *mask)
{
	for (uint32_t c = 0; c < FAKE_CPUS; c++)
		if ((mask->w[c / 64] >> (c % 64) & 1) && fake.cpu[c] == FERRY_CPU_ONLINE)
			return true;
	return false;
}

bool fake_running(uint32_t irq)
{
	return fake.irq[irq].state == FERRY_SETTLED;
}

/* A call: somebody else may run first, and it may be one of those that fail. */
static bool fails(const char *function, char what, uint32_t irq)
{
	if (fake.log)
		fake.log(what, irq);
	if (fake.point)
		fake.point();
	fake.calls++;
	if (fake.calls == fake.fail_at[0] && fake.for_ever)
		fake.failing = function;
	if (fake.calls != fake.fail_at[0] && fake.calls != fake.fail_at[1] &&
	    !(fake.failing && !strcmp(fake.failing, function)))
		return false;
	fake.failed++;
	return true;
}

static struct fake_irq *get(struct ferry *f, uint32_t irq)
{
	if (f != &fake || irq >= FAKE_IRQS)
		bail("no such machine or interrupt");
	return &fake.irq[irq];
}

static int take_mask(struct fake_mask *to, const uint64_t *mask)
{
	uint64_t last = (1ull << (FAKE_CPUS - 64)) - 1;

	to->w[0] = mask ? mask[0] : ~0ull;
	to->w[1] = mask ? mask[1] & last : last;
	return to->w[0] || to->w[1] ? FERRY_OK : FERRY_E_NO_CPU;
}

/* ---- ferry.h ------------------------------------------------------------------------- */

enum ferry_cpu_state ferry_cpu_state(struct ferry *f, uint32_t cpu)
{
	return cpu < FAKE_CPUS ? (enum ferry_cpu_state)f->cpu[cpu] : FERRY_CPU_OFFLINE;
}

int ferry_irq_affinity(struct ferry *f, uint32_t irq, struct ferry_affinity *out,
		       uint64_t *requested, uint64_t *effective, uint64_t *old)
{
	struct fake_irq *i = get(f, irq);

	if (effective || old)
		bail("the fake knows no places");
	memset(out, 0, sizeof(*out));
	out->state = (enum ferry_state)i->state;
	if (requested)
		memcpy(requested, i->mask.w, sizeof(i->mask.w));
	return FERRY_OK;
}

/* ---- managed.h: promises -------------------------------------------------------------- */

static int aim(struct fake_irq *i, const uint64_t *mask)
{
	if (i->managed || i->state != FERRY_STOPPED)
		return FERRY_E_STATE;
	return take_mask(&i->mask, mask);
}

int ferry_irq_manage(struct ferry *f, uint32_t irq, const uint64_t *mask)
{
	struct fake_irq *i = get(f, irq);
	int rc = fails(__func__, 'M', irq) ? FERRY_E_NO_SPACE : aim(i, mask);

	if (rc == FERRY_OK)
		i->managed = 1;
	return rc;
}

int ferry_irq_aim(struct ferry *f, uint32_t irq, const uint64_t *mask)
{
	return fails(__func__, 'A', irq) ? FERRY_E_NO_MASK : aim(get(f, irq), mask);
}

int ferry_irq_unmanage(struct ferry *f, uint32_t irq)
{
	struct fake_irq *i = get(f, irq);

	if (fails(__func__, 'U', irq) || !i->managed || i->state != FERRY_STOPPED)
		return FERRY_E_STATE;
	if (i->spare)
		fake_wrong("unmanaged with a spare mask", irq);
	i->managed = 0;
	return FERRY_OK;
}

int ferry_irq_share(struct ferry *f, uint32_t irq, uint32_t pool)
{
	struct fake_irq *i = get(f, irq);

	if (fails(__func__, 'H', irq) || i->managed)
		return FERRY_E_STATE;
	i->pool = pool;
	return FERRY_OK;
}

int ferry_spare_promise(struct ferry *f, uint32_t irq, const uint64_t *mask,
			struct ferry_spare *spare)
{
	struct fake_irq *i = get(f, irq);
	int rc;

	if (i->spare)
		fake_wrong("two spare masks", irq);
	if (!i->managed)
		return FERRY_E_STATE;
	rc = fails(__func__, 'P', irq) ? FERRY_E_NO_SPACE : take_mask(&i->other, mask);
	i->spare = rc == FERRY_OK;
	spare->set = irq + 1000;
	return rc;
}

static struct fake_irq *get_spare(struct ferry *f, uint32_t irq, struct ferry_spare *spare)
{
	struct fake_irq *i = get(f, irq);

	if (!i->spare || spare->set != irq + 1000)
		fake_wrong("no such spare mask", irq);
	return i;
}

int ferry_spare_swap(struct ferry *f, uint32_t irq, struct ferry_spare *spare)
{
	struct fake_irq *i = get_spare(f, irq, spare);
	struct fake_mask was = i->mask;

	if (fails(__func__, 'W', irq) || i->state != FERRY_STOPPED)
		return FERRY_E_STATE;
	i->mask = i->other;
	i->other = was;
	return FERRY_OK;
}

int ferry_spare_release(struct ferry *f, uint32_t irq, struct ferry_spare *spare)
{
	struct fake_irq *i = get_spare(f, irq, spare);

	if (fails(__func__, 'G', irq)) {
		fake.leaked++;
		return FERRY_E_STATE;
	}
	i->spare = 0;
	spare->set = 0;
	return FERRY_OK;
}

/* ---- managed.h: stop and start ---------------------------------------------------------- */

int ferry_irq_stop(struct ferry *f, uint32_t irq, uint32_t flags, uint64_t *wait_ns)
{
	struct fake_irq *i = get(f, irq);
	bool failed = fails(__func__, 'X', irq);

	if (flags & ~FERRY_FREE_QUIET)
		fake_wrong("flags of a stop", flags);
	if (i->state == FERRY_SETTLED) {
		i->state = FERRY_DRAINING;
		i->drain = fake.again;
		i->stops++;
	}
	if (i->state == FERRY_DRAINING && failed && !(flags & FERRY_FREE_QUIET))
		return FERRY_E_NO_BOUND;
	fake.failed -= failed; /* there was nothing that could */
	if (i->state == FERRY_DRAINING && i->drain) {
		i->drain--;
		if (wait_ns)
			*wait_ns = 100 + irq;
		return FERRY_E_AGAIN;
	}
	i->state = FERRY_STOPPED;
	return FERRY_OK;
}

int ferry_irq_start(struct ferry *f, uint32_t irq)
{
	struct fake_irq *i = get(f, irq);
	bool failed = fails(__func__, 'S', irq);

	if (i->state != FERRY_STOPPED) {
		fake_wrong("started, and it is not stopped", irq);
		return FERRY_E_STATE;
	}
	if (!fake_online(&i->mask)) {
		fake.failed -= failed;
		return FERRY_E_NO_CPU;
	}
	if (failed)
		return fake.start_error;
	i->state = FERRY_SETTLED;
	i->starts++;
	return FERRY_OK;
}
