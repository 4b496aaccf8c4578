# SPDX-License-Identifier: MIT
# This library's allocator, spreading and evacuation against Linux's, in one process: docs/peers.md.
# Linux's files are fetched into $(PEERS)/linux (scripts/bench_peers.sh); none is in the repository.
PEERS = $(B)/peers
PEERS_LINUX = $(PEERS)/linux
PEERS_CFLAGS = -O2 -g -mno-sse -mpopcnt -fno-pic -fno-stack-protector \
	-fno-asynchronous-unwind-tables
# Unresolved names of functions that nobody calls are dropped with them.
PEERS_KERNEL_FLAGS = -std=gnu11 $(PEERS_CFLAGS) -fno-strict-aliasing -ffunction-sections -w -nostdinc \
	-include bench/peers/shim.h -I$(PEERS_LINUX)/empty -I$(PEERS_LINUX)/include \
	-I$(PEERS_LINUX)/include/uapi -I$(PEERS_LINUX)/arch/x86/include \
	-I$(PEERS_LINUX)/arch/x86/include/uapi -I.
PEERS_INLINE = -DFERRY_INLINE -DFERRY_PLATFORM_HEADER='"bench/peers/platform.h"'
PEERS_KERNEL = kernel/irq/matrix.o kernel/irq/affinity.o lib/group_cpus.o lib/find_bit.o lib/bitmap.o \
	lib/sort.o
PEERS_OWN = bench/peers/ours.o bench/peers/peers.o bench/peers/spread.o bench/peers/evacuate.o \
	bench/peers/lock.o bench/host.o

$(PEERS)/kernel/%.o: $(PEERS_LINUX)/%.c bench/peers/shim.h
	@mkdir -p $(@D)
	gcc $(PEERS_KERNEL_FLAGS) -c $< -o $@

# $(1) locks are counted: locked, or nobody's: free, $(2) its flags
define PEERS_FLAVOUR
$(PEERS)/$(1)/bench/peers/linux.o: bench/peers/linux.c bench/peers/shim.h bench/peers/peers.h
	@mkdir -p $$(@D)
	gcc $$(PEERS_KERNEL_FLAGS) $(2) -c $$< -o $$@

$(PEERS)/$(1)/bench/%.o: bench/%.c
	@mkdir -p $$(@D)
	gcc $$(HOSTFLAGS) -Isrc -O2 -g $$(PEERS_INLINE) $(2) -MMD -c $$< -o $$@

$(PEERS)/$(1)/src/%.o: src/%.c
	@mkdir -p $$(@D)
	gcc $$(LIBFLAGS) -I. $$(PEERS_CFLAGS) $$(PEERS_INLINE) $$(PEERS_NO_IRR) $(2) -MMD -c $$< -o $$@
$(addprefix $(PEERS)/$(1)/src/x86/,vector.o room.o): PEERS_NO_IRR = -include bench/peers/no_irr.h

$(PEERS)/$(1)/peers: $$(addprefix $(PEERS)/$(1)/,$$(PEERS_OWN) bench/peers/linux.o $$(FERRY_X86:.c=.o)) \
		$$(addprefix $(PEERS)/kernel/,$$(PEERS_KERNEL))
	gcc -no-pie -Wl,--gc-sections $$^ -o $$@
endef
$(eval $(call PEERS_FLAVOUR,free,))
$(eval $(call PEERS_FLAVOUR,locked,-DPEERS_LOCKS))

.PHONY: bench-peers bench-peers-ours bench-peers-page peers-programs
# PEERS_ARGS=--check: fail where a required ratio is missed.
bench-peers: peers-programs
	@sh scripts/bench_peers.sh count $(PEERS)
	@python3 scripts/peers_page.py $(PEERS) $(PEERS_ARGS)
# Our side alone, next to what Linux cost in the last run; PEERS_ARGS="--only half": these rows.
bench-peers-ours: peers-programs
	@sh scripts/bench_peers.sh count $(PEERS) ours free
	@python3 scripts/peers_page.py $(PEERS) $(PEERS_ARGS)
# The tables and the picture of docs/peers.md anew.
bench-peers-page: peers-programs
	@sh scripts/bench_peers.sh count $(PEERS)
	@python3 scripts/peers_page.py $(PEERS) --page docs/peers.md docs
peers-programs: setup-bench
	@sh scripts/bench_peers.sh fetch $(PEERS)
	@$(MAKE) --no-print-directory -s $(PEERS)/free/peers $(PEERS)/locked/peers
