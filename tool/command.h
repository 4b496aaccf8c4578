/* SPDX-License-Identifier: MIT */
/* The tool's commands: main.c has the table. Each gets its own argv (argv[0] is
 * its name) and returns an enum tool_exit. */
#ifndef IRQFERRY_TOOL_COMMAND_H
#define IRQFERRY_TOOL_COMMAND_H

int command_run(int argc, char **argv);
int command_check(int argc, char **argv);
int command_replay(int argc, char **argv);

#endif
