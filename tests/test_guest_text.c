// SPDX-License-Identifier: MIT
/* test_guest_text.c: the part of the language of scenarios that is about guests. */
#include <string.h>
#include "check/generate.h"
#include "tests/tap.h"

#define COUNT(list) (sizeof(list) / sizeof(*(list)))

static char error[400];

static bool read_text(const char *text, struct scenario *s)
{
	return scenario_parse(text, s, error, sizeof(error));
}

/* Written as it was read; or, where there are two, as the second. */
static void spellings(void)
{
	static const char *const pairs[][2] = {
		{ "hwedge cpus=2 events=2 | 0: run 0 | 1: run 1 | g0: route 0 1", NULL },
		{ "hwedge cpus=2 events=2 | g0: route 0 none; route 0 0 | 0: run 0; put",
		  "hwedge cpus=2 events=2 | 0: run 0; put | g0: route 0 none; route 0 0" },
		{ "hwlevel,vedge cpus=3 events=3 gic=2 vgic=2 vcpus=3 lrs=1 strategy=maintenance "
		  "ask eoimode1 slow weak away=2 | 0: run 0; inject 1; drop 0; teardown 0 | "
		  "2: online; run 2; offline | g0: prio 0 128; group 1 0; mask | g2: off",
		  NULL },
		{ "vlevel cpus=1 events=0 vcpus=2 lrs=2 strategy=late | 0: run 1; lower 0",
		  "vlevel cpus=1 events=0 strategy=late | 0: run 1; lower 0" },
		{ "sgi cpus=2 events=0 | g0: sgi 0 1; on 1 | g1: off; wfi; distoff; diston", NULL },
		{ "ppi cpus=1 events=1 scheme=fixed | 0: run 0 | g0: arm 0; unpend 0; "
		  "activate 0; deactivate 0",
		  NULL },
		{ "ppi cpus=1 events=1 scheme=injected | g0: disable 0; enable 0; arm 0", NULL },
	};
	char text[SCENARIO_TEXT];
	struct scenario s, again;

	for (size_t i = 0; i < COUNT(pairs); i++) {
		const char *want = pairs[i][1] ? pairs[i][1] : pairs[i][0];

		*text = '\0';
		if (read_text(pairs[i][0], &s))
			scenario_format(&s, text);
		if (!ok(!strcmp(text, want), "read and written: %.60s", want))
			diag("got %s, error %s", text, error);
		ok(read_text(text, &again) && !memcmp(&s, &again, sizeof(s)), "... and read again");
		ok(scenario_valid(&s) && scenario_canonical(&s), "... valid, and no other's name");
	}
}

static void fields(void)
{
	struct scenario s;
	bool read = read_text("vedge,hwlevel cpus=2 events=1 vgic=2 vcpus=3 lrs=4 strategy=late "
			      "| 1: run 2 | g1: route 1 none; prio 0 200",
			      &s);

	ok(read && scenario_guest(&s) && scenario_arm(&s), "a guest's machine is an Arm machine");
	ok(s.guest.gic2 && !s.hw.gic2 && s.guest.vcpus == 3 && s.guest.lrs == 4 &&
		   s.guest.strategy == 1,
	   "options");
	ok(s.script[1].op[0].kind == OP_RUN && s.script[1].op[0].cpus == 2, "run 2");
	ok(s.vscript[1].n == 2 && s.vscript[1].op[0].cpus == SCENARIO_NOBODY &&
		   s.vscript[1].op[1].cpus == 200,
	   "route 1 none, prio 0 200");
	is_u64(scenario_ops(&s), 3, "how many operations");
	ok(read_text("spi cpus=2 events=1", &s) && !scenario_guest(&s), "an SPI has no guest");
}

static void refused(void)
{
	static const char *const refusals[][2] = {
		{ "hwedge,spi cpus=2 events=1",
		  "column 1, 'hwedge,spi': hwedge and spi are never" },
		{ "spi cpus=2 events=1 ask",
		  "column 21, 'ask': an Arm machine has no such option" },
		{ "msi cpus=2 events=1 lrs=1", "column 21, 'lrs=1': an x86 machine has no such" },
		{ "vedge cpus=2 events=1 split", "column 23, 'split': a guest's machine has no" },
		{ "vedge cpus=2 events=1 vcpus=4", "column 23, 'vcpus=4': a number from 1 to 3" },
		{ "vedge cpus=2 events=1 strategy=late strategy=maintenance", "column 37" },
		{ "vedge cpus=2 events=1 | g2: wfi",
		  "column 25, 'g2': a CPU, 0 to 1, or a vCPU, g0 to g1, is expected after `|`" },
		{ "spi cpus=2 events=1 | g0: wfi", "column 23, 'g0': a CPU, 0 to 1, is expected" },
		{ "vedge cpus=2 events=1 | 0: route 0 1",
		  "column 28, 'route': an operation is expected, one of offline online run put "
		  "inject lower drop teardown" },
		{ "vedge cpus=2 events=1 | g0: run 0",
		  "column 29, 'run': an operation is expected, one of disable enable route" },
		{ "spi cpus=2 events=1 | 0: run 0", "column 26, 'run': an operation is expected" },
		{ "vedge cpus=2 events=1 | 0: run 2",
		  "column 32, '2': `run` needs a vCPU, 0 to 1" },
		{ "vedge cpus=2 events=1 | g0: route 0",
		  "column 36, at the end: `route` needs a vCPU, 0 to 1" },
		{ "vedge cpus=2 events=1 | g0: prio 0 256", "column 36, '256': `prio` needs" },
		{ "vedge cpus=2 events=1 | 0: lower 0",
		  "column 28, 'lower': lower is nothing for interrupt 0, of kind vedge" },
		{ "hwedge cpus=2 events=1 | 0: inject 0",
		  "column 29, 'inject': inject is nothing" },
		{ "sgi cpus=2 events=1 | g0: route 0 1", "column 27, 'route': route is nothing" },
		{ "vedge cpus=2 events=1 | 0: put", "column 28, 'put': no vCPU runs here" },
		{ "vedge cpus=2 events=1 | 0: run 0; offline; run 0",
		  "column 44, 'run': CPU 0 is offline here, it can only do `online`" },
		{ "vedge cpus=2 events=1 | g0: on 0",
		  "column 29, 'on': vCPU 0 can't power itself" },
		{ "vedge cpus=2 events=1 | g0: off; wfi",
		  "column 34, 'wfi': vCPU 0 is off here, and no other says `on 0`" },
		{ "hwedge cpus=2 events=1 | 0: teardown 0 | 1: teardown 0",
		  "column 45, 'teardown': interrupt 0 is torn down twice" },
		{ "vedge cpus=2 events=1 | g0: wfi | g0: wfi",
		  "column 35, 'g0': vCPU 0 has a script already" },
		{ "vedge cpus=2 events=1 | g0: wfi; wfi; wfi; wfi; wfi; wfi; wfi",
		  "column 59, 'wfi': more than 6 operations on one vCPU" },
	};
	struct scenario s;

	for (size_t i = 0; i < COUNT(refusals); i++) {
		bool read = read_text(refusals[i][0], &s);

		if (!ok(!read && !strncmp(error, refusals[i][1], strlen(refusals[i][1])),
			"refused: %.70s", refusals[i][1]))
			diag("%s: got %s", refusals[i][0], error);
	}
}

/* Every operation has one form; where words are alike their scripts are not. */
static void words(void)
{
	bool good = true;

	for (unsigned int i = 0; i < OP_KINDS; i++)
		for (unsigned int k = 0; k < i; k++)
			good = good && (strcmp(scenario_op[i], scenario_op[k]) ||
					!(scenario_form[i].on & scenario_form[k].on));
	ok(good, "a word means one thing in a script");
}

int main(void)
{
	spellings();
	fields();
	refused();
	words();
	return tap_done();
}
