/* SPDX-License-Identifier: MIT */
/*
 * A tiny TAP emitter for the unit tests: plan at the end, a failure names its
 * file and line, nothing to link. One program, one thread, one stream.
 *
 *     ok(x == 1, "x is one");
 *     is_u64(got, want, "the count of %s", name);
 *     return tap_done();
 */
#ifndef TESTS_TAP_H
#define TESTS_TAP_H

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static unsigned tap_run, tap_failed;

/* A comment line for the reader; every line of TAP that is no result is one. */
__attribute__((format(printf, 1, 2), unused)) static void diag(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("# ", stdout);
	vprintf(format, args);
	putchar('\n');
	va_end(args);
}

__attribute__((format(printf, 4, 5), unused)) static bool
tap_check(bool good, const char *file, int line, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	printf("%s %u - ", good ? "ok" : "not ok", ++tap_run);
	vprintf(format, args);
	putchar('\n');
	va_end(args);
	if (!good) {
		tap_failed++;
		printf("# at %s:%d\n", file, line);
	}
	return good;
}

/* Give up: what comes next makes no sense without what just failed. */
__attribute__((format(printf, 3, 4), noreturn, unused)) static void
tap_bail(const char *file, int line, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("Bail out! ", stdout);
	vprintf(format, args);
	printf(" (%s:%d)\n", file, line);
	va_end(args);
	fflush(stdout);
	exit(255);
}

__attribute__((unused)) static bool tap_same(bool good, uint64_t got, uint64_t want)
{
	if (!good)
		diag("got %" PRIu64 " (0x%" PRIx64 "), want %" PRIu64 " (0x%" PRIx64 ")", got, got,
		     want, want);
	return good;
}

/* The plan, and the program's exit status. */
__attribute__((unused)) static int tap_done(void)
{
	printf("1..%u\n", tap_run);
	if (tap_failed)
		diag("%u of %u failed", tap_failed, tap_run);
	return fflush(stdout) || tap_failed ? 1 : 0;
}

#define ok(good, ...) tap_check(good, __FILE__, __LINE__, __VA_ARGS__)
#define bail(...) tap_bail(__FILE__, __LINE__, __VA_ARGS__)
#define is_u64(got, want, ...) tap_is_u64(got, want, __FILE__, __LINE__, __VA_ARGS__)
#define is_int(got, want, ...) \
	is_u64((uint64_t)(int64_t)(got), (uint64_t)(int64_t)(want), __VA_ARGS__)

#define tap_is_u64(got, want, file, line, ...) \
	({ \
		uint64_t tap_got = (got), tap_want = (want); \
		bool tap_good = tap_got == tap_want; \
		tap_same(tap_check(tap_good, file, line, __VA_ARGS__), tap_got, tap_want); \
	})

#endif
