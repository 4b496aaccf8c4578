/* SPDX-License-Identifier: MIT */
/*
 * Lines on the PL011, TAP, arguments and the exit code. A line is put together first and
 * written under one lock with interrupts off; nothing is called with it held.
 */
#include "machine.h"

struct line {
	uint32_t used;
	char text[240];
};

static void put(struct line *l, char c)
{
	if (l->used < sizeof(l->text))
		l->text[l->used++] = c;
}

static void put_text(struct line *l, const char *text)
{
	while (*text)
		put(l, *text++);
}

static void put_number(struct line *l, uint64_t n, uint32_t base, uint32_t width)
{
	char digits[24];
	uint32_t count = 0;

	do {
		digits[count++] = "0123456789abcdef"[n % base];
		n /= base;
	} while (n);
	for (; width > count; width--)
		put(l, ' ');
	while (count)
		put(l, digits[--count]);
}

static void put_signed(struct line *l, int64_t n, uint32_t width)
{
	if (n < 0)
		put(l, '-');
	put_number(l, n < 0 ? 0 - (uint64_t)n : (uint64_t)n, 10, width);
}

/* What follows a `%`; returns where the format goes on. */
static const char *convert(struct line *l, const char *p, va_list *args)
{
	uint32_t width = 0;
	bool wide = false;

	for (; *p >= '0' && *p <= '9'; p++)
		width = width * 10 + (uint32_t)(*p - '0');
	for (; *p == 'l'; p++)
		wide = true;
	if (*p == 's')
		put_text(l, va_arg(*args, const char *));
	else if (*p == 'c')
		put(l, (char)va_arg(*args, int));
	else if (*p == 'd')
		put_signed(l, va_arg(*args, int), width);
	else if (*p == 'u' || *p == 'x')
		put_number(l, wide ? va_arg(*args, uint64_t) : va_arg(*args, uint32_t),
			   *p == 'x' ? 16 : 10, width);
	else
		put(l, *p);
	return p + 1;
}

static void put_format(struct line *l, const char *format, va_list *args)
{
	while (*format) {
		if (*format == '%')
			format = convert(l, format + 1, args);
		else
			put(l, *format++);
	}
}

/* ---- the PL011 ----------------------------------------------------------------- */

static uint32_t uart_lock;

static void write_out(struct line *l)
{
	uint64_t daif = read_sysreg(daif);

	if (l->used == sizeof(l->text))
		l->used--;
	put(l, '\n');
	interrupts_off();
	while (__atomic_exchange_n(&uart_lock, 1, __ATOMIC_ACQUIRE))
		relax();
	for (uint32_t n = 0; n < l->used; n++) {
		while (read32(UART_BASE + 0x18) & 1u << 5) /* UARTFR.TXFF */
			relax();
		write32(UART_BASE, (uint8_t)l->text[n]);
	}
	__atomic_store_n(&uart_lock, 0, __ATOMIC_RELEASE);
	write_sysreg(daif, daif);
}

void say(const char *format, ...)
{
	struct line l = { 0 };
	va_list args;

	va_start(args, format);
	put_format(&l, format, &args);
	va_end(args);
	write_out(&l);
}

/* ---- TAP ----------------------------------------------------------------------- */

static uint32_t checks, failures;

bool check(bool good, const char *format, ...)
{
	struct line l = { 0 };
	va_list args;

	checks++;
	failures += !good;
	put_text(&l, good ? "ok " : "not ok ");
	put_number(&l, checks, 10, 0);
	put_text(&l, " - ");
	va_start(args, format);
	put_format(&l, format, &args);
	va_end(args);
	write_out(&l);
	return good;
}

/* Semihosting SYS_EXIT, ADP_Stopped_ApplicationExit: the emulator's exit code. */
static _Noreturn void leave_machine(uint64_t code)
{
	uint64_t why[2] = { 0x20026, code };

	for (;;)
		(void)semihosting(0x18, why);
}

_Noreturn void finish(void)
{
	say("1..%u", checks);
	leave_machine(failures ? 1 : 0);
}

_Noreturn void bail(const char *format, ...)
{
	struct line l = { 0 };
	va_list args;

	put_text(&l, "Bail out! ");
	va_start(args, format);
	put_format(&l, format, &args);
	va_end(args);
	write_out(&l);
	leave_machine(2);
}

_Noreturn void fault(uint64_t vector, uint64_t syndrome, uint64_t address, uint64_t data)
{
	bail("exception %lu on CPU %u: ESR 0x%lx, ELR 0x%lx, FAR 0x%lx", vector, this_cpu(),
	     syndrome, address, data);
}

/* ---- arguments ----------------------------------------------------------------- */

/* Where the number after `name=` begins, or null. */
static const char *find(const char *text, const char *name)
{
	for (; *text; text++) {
		const char *t = text, *n = name;

		while (*n && *t == *n) {
			t++;
			n++;
		}
		if (!*n && *t == '=')
			return t + 1;
	}
	return NULL;
}

uint64_t argument(const char *name, uint64_t otherwise)
{
	static char text[512];
	uint64_t block[2] = { (uintptr_t)text, sizeof(text) };
	const char *p;
	uint64_t n = 0;

	/* Semihosting SYS_GET_CMDLINE */
	if (!text[0] && semihosting(0x15, block) != 0)
		return otherwise;
	p = find(text, name);
	if (!p)
		return otherwise;
	for (; *p >= '0' && *p <= '9'; p++)
		n = n * 10 + (uint64_t)(*p - '0');
	return n;
}
