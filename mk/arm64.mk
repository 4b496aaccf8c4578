# SPDX-License-Identifier: MIT
# A bare-metal AArch64 image with the library in it, on QEMU's `virt` machine.
#   make test-arm64     GICv2 and GICv3, one host thread and several; both EOI modes; from
#                       EL1 and EL2; builds that are wrong
#   make run-arm64 ARM64_RUN='--gic 3 --threads multi --seed 7'
ARM64_CROSS ?= aarch64-linux-gnu-
ARM64_DIR = $(B)/arm64
ARM64_FLAGS = -std=c11 -march=armv8-a -mgeneral-regs-only -mno-outline-atomics -ffreestanding \
	-fno-pic -fno-stack-protector -fno-asynchronous-unwind-tables -Iinclude $(WARN) -Wshadow
ARM64_LIBFLAGS = $(ARM64_FLAGS) -Isrc -Wconversion
ARM64_LIBSRCS = $(filter src/core/% src/arm/%,$(FERRY_SRCS))
ARM64_SRCS = $(addprefix ports/arm64-test/,start.S machine.c say.c host.c errata.c sources.c \
	virtio.c pci.c storm.c main.c)
ARM64_OBJS = $(ARM64_SRCS:%=$(ARM64_DIR)/%.o)
ARM64_LINK = $(ARM64_CROSS)gcc -nostdlib -static -no-pie -T ports/arm64-test/image.ld \
	-Wl,--build-id=none,--no-warn-rwx-segments
ARM64_SEED ?= 1
ARM64_RUN ?= --seed $(ARM64_SEED)
# Each of them is noticed in a small storm.
ARM64_WRONG_RUN ?= --gic 2,3 --threads single --seed $(ARM64_SEED) --seconds 60 \
	--arg patience=15 --arg moves=10000 --arg interrupts=20000 --arg cycles=30

$(ARM64_DIR)/ports/%.o: ports/%
	@mkdir -p $(@D)
	$(ARM64_CROSS)gcc $(CFLAGS) $(ARM64_FLAGS) -MMD -c $< -o $@

$(ARM64_DIR)/src/%.o: src/%.c
	@mkdir -p $(@D)
	$(ARM64_CROSS)gcc $(CFLAGS) $(ARM64_LIBFLAGS) -MMD -c $< -o $@

$(ARM64_DIR)/libirqferry.a: $(ARM64_LIBSRCS:%.c=$(ARM64_DIR)/%.o)
	@rm -f $@
	$(ARM64_CROSS)ar rcs $@ $^

# An archive: only what the image names is linked.
$(ARM64_DIR)/image.elf: $(ARM64_OBJS) $(ARM64_DIR)/libirqferry.a ports/arm64-test/image.ld
	$(ARM64_LINK) $(ARM64_OBJS) $(ARM64_DIR)/libirqferry.a -o $@

%.bin: %.elf
	$(ARM64_CROSS)objcopy -O binary $< $@

.PHONY: setup-qemu arm64 run-arm64 run-arm64-variants test-arm64
setup-qemu:
	@scripts/setup qemu

arm64: $(ARM64_DIR)/image.bin

run-arm64: setup-qemu
	@$(MAKE) --no-print-directory -s arm64
	@ports/arm64-test/run.py $(ARM64_DIR)/image.bin $(ARM64_RUN)

run-arm64-variants: setup-qemu
	@$(MAKE) --no-print-directory -s arm64
	@ports/arm64-test/run.py $(ARM64_DIR)/image.bin --threads single --variants split,el2 \
		--seed $(ARM64_SEED)

# Builds that are wrong on purpose: a copy of src/ with one patch each.
ARM64_WRONG = $(patsubst ports/arm64-test/wrong/%.patch,%,$(wildcard ports/arm64-test/wrong/*.patch))
ARM64_WRONG_IMAGES = $(ARM64_WRONG:%=$(ARM64_DIR)/wrong/%/image.bin)

$(ARM64_DIR)/wrong/%/.patched: ports/arm64-test/wrong/%.patch $(ARM64_LIBSRCS) \
		$(wildcard src/*/*.h)
	@rm -rf $(@D) && mkdir -p $(@D)
	@cp -R src $(@D)/src
	@cd $(@D) && GIT_CEILING_DIRECTORIES=$$(dirname "$$PWD") git apply $(CURDIR)/$<
	@touch $@

$(ARM64_DIR)/wrong/%/image.elf: $(ARM64_DIR)/wrong/%/.patched $(ARM64_OBJS) ports/arm64-test/image.ld
	@for f in $(ARM64_LIBSRCS); do \
		$(ARM64_CROSS)gcc $(CFLAGS) $(subst -Isrc,-I$(@D)/src,$(ARM64_LIBFLAGS)) \
			-c $(@D)/$$f -o $(@D)/$$(echo $$f | tr / _).o || exit 1; \
	done
	@rm -f $(@D)/libirqferry.a
	@$(ARM64_CROSS)ar rcs $(@D)/libirqferry.a $(@D)/*.o
	$(ARM64_LINK) $(ARM64_OBJS) $(@D)/libirqferry.a -o $@

.SECONDARY: $(ARM64_WRONG:%=$(ARM64_DIR)/wrong/%/.patched) $(ARM64_WRONG_IMAGES:.bin=.elf)
.PHONY: wrong-arm64
wrong-arm64: setup-qemu
	@$(MAKE) --no-print-directory -s arm64 $(ARM64_WRONG_IMAGES)
	@ports/arm64-test/run.py $(ARM64_DIR)/image.bin $(ARM64_WRONG_RUN) \
		$(foreach w,$(ARM64_WRONG),--wrong $w=$(ARM64_DIR)/wrong/$w/image.bin)

# One after the other: each looks at hangs.
test-arm64:
	@$(MAKE) --no-print-directory -s run-arm64
	@$(MAKE) --no-print-directory -s run-arm64-variants
	@$(MAKE) --no-print-directory -s wrong-arm64

test-all: test-arm64
