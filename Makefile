# SPDX-License-Identifier: MIT
# irqferry: the front door. `make run` shows it, `make test` tests it, `make help`
# lists the rest.
.DEFAULT_GOAL := all
B ?= build
CFLAGS ?= -O2 -g
include sources.mk

WARN = -Wall -Wextra -Werror
LIBWARN = $(WARN) -Wshadow -Wconversion
LIBFLAGS = -std=c11 -ffreestanding -fno-pic -fno-stack-protector -fno-asynchronous-unwind-tables \
	-Iinclude -Isrc $(LIBWARN)
HOSTFLAGS = -std=c11 -D_GNU_SOURCE -Iinclude -Isim -I. $(WARN)
TOOL_LIBS = -lyaml -ljansson -lm

LIB_OBJS = $(FERRY_SRCS:%.c=$(B)/%.o)
SIM_OBJS = $(SIM_SRCS:%.c=$(B)/%.o)
TOOL_OBJS = $(TOOL_SRCS:%.c=$(B)/%.o)
# What `make run` storms: this machine, a recorded one, a described one.
RUN = run --machine / --fallback scenarios/fallback-4cpu.yaml scenarios/recorded-8cpu.yaml \
	scenarios/nvme-128cpu.yaml

.PHONY: all run test test-all clean help setup setup-test
all: $(B)/irqferry

setup:
	@scripts/setup build
setup-test:
	@scripts/setup test

run: setup
	@$(MAKE) --no-print-directory -s $(B)/irqferry
	@$(B)/irqferry $(RUN)

# Each line of TESTS is a program that prints TAP; mk/*.mk add to it.
TESTS =
include $(sort $(wildcard mk/*.mk))

$(B)/src/%.o: src/%.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LIBFLAGS) -MMD -c $< -o $@

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(HOSTFLAGS) -MMD -c $< -o $@

$(B)/libirqferry.a: $(LIB_OBJS)
	@rm -f $@
	ar rcs $@ $^

$(B)/irqferry: $(TOOL_OBJS) $(SIM_OBJS) $(B)/libirqferry.a
	$(CC) $(CFLAGS) -no-pie $^ $(TOOL_LIBS) -o $@

clean:
	rm -rf $(B)

-include $(shell test -d $(B) && find $(B) -name '*.d')
