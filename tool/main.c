// SPDX-License-Identifier: MIT
/* irqferry: the commands of the host tool. */
#include <stdio.h>
#include <string.h>
#include "command.h"
#include "tool.h"

struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *what;
};

static int command_help(int argc, char **argv);

static const struct command commands[] = {
	{ "run", command_run, "move a machine's interrupts in a storm, and count what is lost" },
	{ "check", command_check, "go through every interleaving of small scenarios" },
	{ "replay", command_replay, "a schedule that `check` found, step by step" },
	{ "help", command_help, "this text, or that of a command" },
};

#define COMMANDS (sizeof(commands) / sizeof(*commands))

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < COMMANDS; i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

static void usage(FILE *out)
{
	fputs("usage: irqferry COMMAND [OPTIONS]\n\ncommands:\n", out);
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(out, "  %-10s%s\n", commands[i].name, commands[i].what);
	fputs("\n`irqferry help COMMAND` tells a command's options.\n"
	      "`irqferry --version` tells the version.\n\n"
	      "exit codes: 0 clean, 1 a violation was found, 2 bad command line, 3 bad input,\n"
	      "4 the machine can't be built, 5 out of memory or the output can't be written\n\n"
	      "example: irqferry run --machine /\n",
	      out);
}

static int unknown(const char *name)
{
	fprintf(stderr, "irqferry: unknown command '%.40s'; `irqferry help` lists them\n", name);
	return TOOL_USAGE;
}

static int command_help(int argc, char **argv)
{
	char help[] = "--help", *args[] = { argv[1], help, NULL };
	const struct command *command;

	if (argc < 2 || !strcmp(argv[1], "help") || argv[1][0] == '-') {
		usage(stdout);
		return TOOL_OK;
	}
	command = find_command(argv[1]);
	return command ? command->run(2, args) : unknown(argv[1]);
}

static int run_command(int argc, char **argv)
{
	const struct command *command;

	if (argc < 2) {
		usage(stderr);
		return TOOL_USAGE;
	}
	if (!strcmp(argv[1], "--version")) {
		puts("irqferry " TOOL_VERSION);
		return TOOL_OK;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
		return command_help(1, argv);
	command = find_command(argv[1]);
	return command ? command->run(argc - 1, argv + 1) : unknown(argv[1]);
}

/* A full disk must not look like success. */
int main(int argc, char **argv)
{
	int rc = run_command(argc, argv);

	if (fflush(stdout) || ferror(stdout)) {
		fputs("irqferry: standard output can't be written\n", stderr);
		return rc > TOOL_VIOLATION ? rc : TOOL_IO;
	}
	return rc;
}
