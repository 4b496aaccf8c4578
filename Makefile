# SPDX-License-Identifier: MIT
# irqferry: the front door. `make run` shows it, `make test` tests it.
-include build/config.mk
.DEFAULT_GOAL := all
CC ?= gcc
B ?= build
include sources.mk

WARN = -Wall -Wextra -Werror
LIBWARN = $(WARN) -Wshadow -Wconversion
CFLAGS ?= -O2 -g
LIBFLAGS = -std=c11 -ffreestanding -fno-pic -fno-stack-protector -Iinclude -Isrc $(LIBWARN) $(WRONG)
HOSTFLAGS = -std=c11 -D_GNU_SOURCE -Iinclude -Isim -I. $(WARN)

LIB_OBJS = $(FERRY_SRCS:%.c=$(B)/%.o)
SIM_OBJS = $(SIM_SRCS:%.c=$(B)/%.o)
TOOL_OBJS = $(TOOL_SRCS:%.c=$(B)/%.o)

.PHONY: all
all: $(B)/irqferry

$(B)/src/%.o: src/%.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(LIBFLAGS) -MMD -c $< -o $@

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(HOSTFLAGS) -MMD -c $< -o $@

$(B)/libirqferry.a: $(LIB_OBJS)
	rm -f $@; ar rcs $@ $^

$(B)/irqferry: $(TOOL_OBJS) $(SIM_OBJS) $(B)/libirqferry.a
	$(CC) $(CFLAGS) -no-pie $^ -lyaml -ljansson -lm -o $@

-include $(shell find $(B) -name '*.d' 2>/dev/null)
