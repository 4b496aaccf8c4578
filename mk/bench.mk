# SPDX-License-Identifier: MIT
# Instructions, counted; fails where a path costs more than it may.
BENCH_DIR = $(B)/bench
BENCH_FLAGS = -std=c11 -D_GNU_SOURCE -O2 -g -Iinclude -I. $(WARN) -DARRIVALS=1000 -DALLOCS=200
BENCH_VGIC = $(filter-out src/vgic/resident.c src/vgic/timer.c,$(FERRY_VGIC))
BENCH_LIBFLAGS = $(LIBFLAGS) -O2 -g

# $(1) flavour, $(2) its flags
define BENCH_FLAVOUR
$(BENCH_DIR)/$(1)/src/%.o: src/%.c
	@mkdir -p $$(@D)
	$$(CC) $$(BENCH_LIBFLAGS) $(2) -MMD -c $$< -o $$@

$(BENCH_DIR)/$(1)/bench/%.o: bench/%.c
	@mkdir -p $$(@D)
	$$(CC) $$(BENCH_FLAGS) $(2) -MMD -c $$< -o $$@

$(BENCH_DIR)/$(1)/%: $(BENCH_DIR)/$(1)/bench/%.o $(BENCH_DIR)/$(1)/bench/host.o \
		$$(FERRY_X86:%.c=$(BENCH_DIR)/$(1)/%.o)
	$$(CC) -no-pie $$^ -o $$@

$(BENCH_DIR)/$(1)/vgic_inject: $(BENCH_DIR)/$(1)/bench/vgic_inject.o \
		$$(BENCH_VGIC:%.c=$(BENCH_DIR)/$(1)/%.o)
	$$(CC) -no-pie $$^ -o $$@
endef
$(eval $(call BENCH_FLAVOUR,external,))
$(eval $(call BENCH_FLAVOUR,inline,-DFERRY_INLINE))

.PHONY: bench setup-bench
setup-bench:
	@scripts/setup bench
bench: setup-bench
	@$(MAKE) --no-print-directory -s $(foreach f,external inline,$(addprefix $(BENCH_DIR)/$(f)/,arrive alloc plan vgic_inject)) \
		$(B)/irqferry
	@sh scripts/bench.sh $(BENCH_DIR) 1000 200 $(B)/irqferry
