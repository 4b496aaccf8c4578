// SPDX-License-Identifier: MIT
/* replay.c: the fuzz target without a fuzzer: each file once, a line of TAP for each. */
#include "fuzz/vgic_fuzz.h"
#include "tests/tap.h"
#include <dirent.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define LARGEST 65536u

/* What is wrong ends the program: prove says after which line. */
static void replay(const char *path)
{
	static uint8_t data[LARGEST];
	FILE *file = fopen(path, "rb");
	size_t size;

	if (!file)
		tap_bail(__FILE__, __LINE__, "%s can't be read", path);
	size = fread(data, 1, sizeof(data), file);
	fclose(file);
	diag("%s", path);
	fflush(stdout);
	ok(LLVMFuzzerTestOneInput(data, size) == 0 && !fake.wrongs, "%s", path);
}

static int visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void replay_all(const char *directory)
{
	struct dirent **list;
	int n = scandir(directory, &list, visible, alphasort);
	char path[512];

	if (n <= 0)
		tap_bail(__FILE__, __LINE__, "%s has no files", directory);
	for (int at = 0; at < n; at++) {
		snprintf(path, sizeof(path), "%s/%s", directory, list[at]->d_name);
		replay(path);
		free(list[at]);
	}
	free(list);
}

static void tell(const char *name, uint32_t most, uint32_t bound)
{
	diag("%-20s at most %5" PRIu32 " calls of the host; %5" PRIu32 " allowed there", name, most,
	     bound);
}

int main(int argc, char **argv)
{
	fuzz_replays = true;
	fuzz_says = argc > 1;
	if (argc == 1)
		replay_all("fuzz/corpus/vgic");
	for (int n = 1; n < argc; n++)
		replay(argv[n]);
	fuzz_costs(tell);
	return tap_done();
}
