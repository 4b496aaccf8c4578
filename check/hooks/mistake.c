// SPDX-License-Identifier: MIT
/* mistake.c: what was found, each place in the code once. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "hooks.h"

#define MOST 200

static struct found {
	enum mistake_kind kind;
	const char *code, *other;
	uint64_t times;
	char where[120]; /* what memory, and who */
	char scenario[SCENARIO_TEXT];
} found[MOST];
static uint32_t nfound;

static const char *const guard_name[] = { "constant", "a lock",   "plain",   "published", "a cell",
					  "free",     "a moment", "a count", "a thread's" };

static void describe(char *out, size_t size, uint32_t cpu, const char *address)
{
	const struct hooks_word *w = hooks_word_at(address);
	int n;

	if (!w) {
		snprintf(out, size, "CPU %u, %p", cpu, (const void *)address);
		return;
	}
	n = snprintf(out, size, "CPU %u, library+%#zx, %s", cpu, (size_t)(address - hooks.memory),
		     guard_name[w->kind]);
	if (w->lock != HOOKS_NO_LOCK)
		snprintf(out + n, size - (size_t)n, ", of the lock at library+%#x", 4u * w->lock);
}

void mistake(enum mistake_kind kind, uint32_t cpu, const void *address, const char *code,
	     const char *other)
{
	struct found *f;

	for (f = found; f < found + nfound; f++)
		if (f->kind == kind && f->code == code) {
			f->times++;
			return;
		}
	if (nfound == MOST)
		return;
	nfound++;
	*f = (struct found){ .kind = kind, .code = code, .other = other, .times = 1 };
	describe(f->where, sizeof(f->where), cpu, address);
	snprintf(f->scenario, sizeof(f->scenario), "%s", hooks.scenario ? hooks.scenario : "");
}

uint32_t mistakes(enum mistake_kind kind)
{
	uint32_t i, n = 0;

	for (i = 0; i < nfound; i++)
		n += found[i].kind == kind;
	return n;
}

/* The call is before the address that it returns to. */
void mistake_place(const char *code, char *out, size_t size)
{
	char self[400], command[600];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);
	FILE *p;

	snprintf(out, size, "code at %p", (const void *)code);
	if (length <= 0)
		return;
	self[length] = 0;
	snprintf(command, sizeof(command), "addr2line -pfs -e '%s' %#lx 2>/dev/null", self,
		 (unsigned long)((uintptr_t)code - 1));
	p = popen(command, "r");
	if (p && fgets(out, (int)size, p))
		out[strcspn(out, "\n")] = 0;
	if (p)
		pclose(p);
}

void mistakes_print(enum mistake_kind kind)
{
	const struct found *f;
	char text[300];

	for (f = found; f < found + nfound; f++) {
		if (f->kind != kind)
			continue;
		mistake_place(f->code, text, sizeof(text));
		printf("# %s: %s, %llu times\n", text, f->where, (unsigned long long)f->times);
		if (f->other) {
			mistake_place(f->other, text, sizeof(text));
			printf("#   the other access: %s\n", text);
		}
		printf("#   first in: %s\n", f->scenario);
	}
}
