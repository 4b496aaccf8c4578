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
CHECK_OBJS = $(CHECK_SRCS:%.c=$(B)/%.o)
# What `make run` storms: this machine, a recorded one, two described ones: x86 and Arm.
RUN = run --machine / --fallback scenarios/fallback-4cpu.yaml scenarios/recorded-8cpu.yaml \
	scenarios/nvme-128cpu.yaml scenarios/arm-64.yaml

.PHONY: all run test test-all test-sanitized clean help setup setup-test
all: $(B)/irqferry

setup:
	@scripts/setup build
setup-test:
	@scripts/setup test

run: setup
	@$(MAKE) --no-print-directory -s $(B)/irqferry
	@$(B)/irqferry $(RUN)

# TESTS are programs and scripts that print TAP; mk/*.mk add to them.
TESTS = tests/cli.sh
include $(sort $(wildcard mk/*.mk))

# Scripts run in place; what they need is built before.
test: setup-test
	@$(MAKE) --no-print-directory -s -j2 $(B)/irqferry $(filter $(B)/%,$(TESTS)) $(WRONG_TOOLS) \
		$(TEST_TOOLS)
	@prove $(TESTS)
	@$(MAKE) --no-print-directory -s size

# Everything that is checked: longer runs, sanitizers, style, instruction counts, the suites
# of the explorer, coverage, the second specification.
test-all: test
	@$(MAKE) --no-print-directory -s test-sanitized
	@$(MAKE) --no-print-directory -s test-threads-long
	@$(MAKE) --no-print-directory -s test-queues-long
	@$(MAKE) --no-print-directory -s lint
	@$(MAKE) --no-print-directory -s bench
	@EXACT=1 prove tests/vgic_doc.sh
	@$(MAKE) --no-print-directory -s check-commit
	@$(MAKE) --no-print-directory -s test-builds
	@$(MAKE) --no-print-directory -s coverage
	@$(MAKE) --no-print-directory -s model
	@$(MAKE) --no-print-directory -s check-nightly

help:
	@echo "make run              storm this machine, a recorded and two described ones"
	@echo "make test             the tests"
	@echo "make test-all         the tests, longer; sanitizers, lint, bench, suites, coverage"
	@echo "make fuzz             random machines, each through a short storm; the virtual GIC, fuzzed"
	@echo "make test-arm64       a bare-metal image on QEMU: GICv2, GICv3 with ITS"
	@echo "make bench            instruction counts (callgrind)"
	@echo "make bench-peers      instructions and time next to Linux's allocator and spreading"
	@echo "make policies         two balancing policies on three machines, a table"
	@echo "make strategies       strategies of the virtual GIC compared: the figures of docs/vgic.md"
	@echo "make check-nightly    the nightly suite of the explorer; goes on where it was ended"
	@echo "make coverage         which branches of the library the tests take"
	@echo "make model            the specification in Spin against the explorer"
	@echo "make mutants          the tool with mistakes in the library, for check --mutants"
	@echo "make states           write the tables of tests/states anew"
	@echo "make size             bytes of code and memory, with their limits"
	@echo "make lint             style, compilers, clang-tidy"
	@echo "make setup            install what is lacking for a build"
	@echo "make clean"

$(B)/src/%.o: src/%.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LIBFLAGS) -MMD -c $< -o $@

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(HOSTFLAGS) -MMD -c $< -o $@

$(B)/libirqferry.a: $(LIB_OBJS)
	@rm -f $@
	ar rcs $@ $^

$(B)/irqferry: $(TOOL_OBJS) $(CHECK_OBJS) $(SIM_OBJS) $(B)/libirqferry.a
	$(CC) $(CFLAGS) -no-pie $^ $(TOOL_LIBS) -o $@

# The tool, the storms and the named tests under ASan and UBSan, in a build of its own.
SANITIZE = -fsanitize=address,undefined -fno-sanitize-recover=all
SANITIZED_TESTS = $(SIM_TESTS) $(NAMED_TESTS) $(UNIT_TESTS) $(FUZZ_REPLAY)
# Who goes back to an earlier state restores stacks, and not what ASan knows about them:
# the checker is tested without looking at stacks.
test-sanitized:
	@$(MAKE) --no-print-directory -s B=$(B)/asan CFLAGS="-O1 -g $(SANITIZE)" sanitized
	@$(MAKE) --no-print-directory -s B=$(B)/asan-check CFLAGS="-O1 -g $(SANITIZE) --param asan-stack=0" \
		sanitized-check
.PHONY: sanitized sanitized-check
sanitized:
	@$(MAKE) --no-print-directory -s -j2 $(B)/irqferry $(SANITIZED_TESTS)
	@IRQFERRY=$(B)/irqferry prove $(SANITIZED_TESTS) tests/cli.sh
sanitized-check:
	@$(MAKE) --no-print-directory -s -j2 $(B)/irqferry $(CHECK_TESTS) $(B)/irqferry-mutants
	@IRQFERRY=$(B)/irqferry prove $(CHECK_TESTS) tests/check_cli.sh

clean:
	rm -rf $(B)

-include $(shell test -d $(B) && find $(B) -name '*.d')
