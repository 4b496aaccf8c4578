# SPDX-License-Identifier: MIT
# The library under real threads, and a virtual GIC: two flavours, three builds of each.
#   make threads            builds all six
#   make test-threads       a short run of each, ThreadSanitizer included (part of make test)
#   make test-threads-long  millions of interrupts
THREADS_SRCS = tests/threads/main.c tests/threads/apic.c tests/threads/device.c \
	tests/threads/host.c tests/threads/ops.c tests/threads/managed.c tests/threads/queues.c
GUESTS_SRCS = tests/threads/guest_main.c tests/threads/guest_host.c tests/threads/guest_cpu.c
# Nothing follows the resident vCPU there.
GUESTS_LIB = $(filter-out %/resident.c %/timer.c %/guards.c,$(FERRY_VGIC))
THREADS_DIR = $(B)/threads
THREADS_VARIANTS = external-plain external-tsan external-asan inline-plain inline-tsan inline-asan
THREADS_SEED ?= 1

# Leaving out -fno-pic: sanitizers want position-independent code.
THREADS_LIBFLAGS = $(filter-out -fno-pic,$(LIBFLAGS))
THREADS_FLAGS_external =
# The polite ticket lock: eight threads on two cores would burn whole time slices.
# And the bounds of big machines (src/x86/room.c), which so few CPUs do without.
THREADS_FLAGS_inline = -DFERRY_INLINE -DFERRY_PLATFORM_HEADER='"tests/threads/platform.h"' -I. \
	-DFERRY_TEST_BOUNDS
# Events are per mode, and there are three. TSan and ASan cost about ten times.
THREADS_FLAGS_plain = -DTHREADS_EVENTS=400000 -DGUESTS_EVENTS=4000
THREADS_FLAGS_tsan = -DTHREADS_EVENTS=80000 -DGUESTS_EVENTS=1000 -fsanitize=thread
THREADS_FLAGS_asan = -DTHREADS_EVENTS=120000 -DGUESTS_EVENTS=2000 -fsanitize=address,undefined -fno-sanitize-recover=all

# $(1) flavour, $(2) build
define THREADS_VARIANT
$(THREADS_DIR)/$(1)-$(2)/src/%.o: src/%.c
	@mkdir -p $$(@D)
	$$(CC) $$(CFLAGS) $$(THREADS_LIBFLAGS) $$(THREADS_FLAGS_$(1)) $$(THREADS_FLAGS_$(2)) -MMD -c $$< -o $$@

$(THREADS_DIR)/$(1)-$(2)/tests/%.o: tests/%.c
	@mkdir -p $$(@D)
	$$(CC) $$(CFLAGS) $$(HOSTFLAGS) $$(THREADS_FLAGS_$(1)) $$(THREADS_FLAGS_$(2)) -pthread -MMD -c $$< -o $$@

$(THREADS_DIR)/$(1)-$(2)/threads: $$(THREADS_SRCS:%.c=$(THREADS_DIR)/$(1)-$(2)/%.o) \
		$$(FERRY_X86:%.c=$(THREADS_DIR)/$(1)-$(2)/%.o)
	$$(CC) $$(CFLAGS) $$(THREADS_FLAGS_$(2)) -pthread $$^ -o $$@

$(THREADS_DIR)/$(1)-$(2)/guests: $$(GUESTS_SRCS:%.c=$(THREADS_DIR)/$(1)-$(2)/%.o) \
		$$(GUESTS_LIB:%.c=$(THREADS_DIR)/$(1)-$(2)/%.o)
	$$(CC) $$(CFLAGS) $$(THREADS_FLAGS_$(2)) -pthread $$^ -o $$@
endef
$(foreach f,external inline,$(foreach b,plain tsan asan,$(eval $(call THREADS_VARIANT,$(f),$(b)))))

THREADS_BINS = $(THREADS_VARIANTS:%=$(THREADS_DIR)/%/threads) $(THREADS_VARIANTS:%=$(THREADS_DIR)/%/guests)
TESTS += $(THREADS_BINS)

.PHONY: threads test-threads test-threads-long
threads: $(THREADS_BINS)

# Run without arguments each does the short run of its build (THREADS_FLAGS_*).
test-threads: threads
	prove $(THREADS_BINS)

test-threads-long: threads
	@set -e; for f in external inline; do \
		for b in plain:3000000 tsan:400000 asan:600000; do \
			echo "# threads: $$f flavour, $${b%:*}"; \
			$(THREADS_DIR)/$$f-$${b%:*}/threads --seed $(THREADS_SEED) --events $${b#*:} \
				--cpus 8 --devices 96 --seconds-limit 300; \
		done; \
		for b in plain:600000 tsan:60000 asan:150000; do \
			echo "# guests: $$f flavour, $${b%:*}"; \
			$(THREADS_DIR)/$$f-$${b%:*}/guests --seed $(THREADS_SEED) --events $${b#*:} \
				--cpus 8 --seconds-limit 120; \
		done; done
