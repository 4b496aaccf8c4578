# SPDX-License-Identifier: MIT
# Random machines and options, each through a short storm, then garbled texts; then the virtual
# GIC's whole window to its guest under libFuzzer, and under AFL++ if that is there.
#   FUZZ_SEED, FUZZ_COUNT   which storms
#   FUZZ_SECONDS            how long each fuzzer runs
FUZZ_SEED ?= 1
FUZZ_COUNT ?= 20000
FUZZ_SECONDS ?= 60
FUZZ_CORPUS = fuzz/corpus/vgic
FUZZ_TARGET = fuzz/vgic.c fuzz/vgic_guest.c fuzz/vgic_check.c fuzz/vgic_wrap.c
FUZZ_SRCS = $(FERRY_VGIC) tests/fake_vgic.c tests/fake_ich.c tests/fake_timer.c $(FUZZ_TARGET)
# Every function that vgic_wrap.c stands before.
FUZZ_WRAP := $(shell sed -n 's/^\(LIBRARY\|HOST\)[A-Z_]*.\(ferry_[a-z_]*\),.*/-Wl,--wrap=\2/p' \
	fuzz/vgic_wrap.c) -Wl,--wrap=ferry_host_wait
FUZZ_FLAGS = -O2 -g -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all
# An input is a configuration and at most 200 operations.
FUZZ_OPTIONS = -max_len=808 -len_control=0 -timeout=20

# The corpus, replayed: no fuzzer is needed for that.
FUZZ_REPLAY = $(B)/tests/fuzz_corpus
TESTS += $(FUZZ_REPLAY)
$(FUZZ_REPLAY): $(FUZZ_TARGET:%.c=$(B)/%.o) $(B)/fuzz/replay.o $(B)/tests/fake_vgic.o \
		$(B)/tests/fake_ich.o $(B)/tests/fake_timer.o $(B)/libirqferry.a
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -no-pie $(filter %.o,$^) $(filter %.a,$^) $(FUZZ_WRAP) -o $@

$(B)/fuzz/vgic $(B)/fuzz/vgic-afl: $(FUZZ_SRCS) $(wildcard fuzz/*.h src/vgic/*.h include/irqferry/*.h) \
		tests/fake_vgic.h tests/fake_timer.h
	@mkdir -p $(@D)
	$(if $(filter %-afl,$@),AFL_QUIET=1 afl-clang-fast,clang) $(HOSTFLAGS) -Isrc $(FUZZ_FLAGS) \
		$(FUZZ_SRCS) $(FUZZ_WRAP) -o $@

.PHONY: fuzz fuzz-storms fuzz-vgic fuzz-afl fuzz-corpus
fuzz:
	@$(MAKE) --no-print-directory -s fuzz-storms
	@$(MAKE) --no-print-directory -s fuzz-vgic
	@$(MAKE) --no-print-directory -s fuzz-afl

fuzz-storms: setup-test
	@$(MAKE) --no-print-directory -s $(B)/irqferry
	@python3 tests/random_storms.py --seed $(FUZZ_SEED) --count $(FUZZ_COUNT) --tool $(B)/irqferry
	@python3 tests/random_texts.py --seed $(FUZZ_SEED) --count $$(($(FUZZ_COUNT) / 5)) \
		--tool $(B)/irqferry

# What it finds is in $(B)/fuzz: crash-*; $(FUZZ_REPLAY) FILE tells what that does.
fuzz-vgic:
	@scripts/setup fuzz
	@$(MAKE) --no-print-directory -s $(B)/fuzz/vgic $(FUZZ_REPLAY)
	@mkdir -p $(B)/fuzz/found
	$(B)/fuzz/vgic $(FUZZ_OPTIONS) -max_total_time=$(FUZZ_SECONDS) -print_final_stats=1 -verbosity=0 \
		-artifact_prefix=$(B)/fuzz/ $(B)/fuzz/found $(FUZZ_CORPUS)

fuzz-afl:
	@command -v afl-clang-fast >/dev/null && command -v afl-fuzz >/dev/null || \
		{ echo "fuzz-afl: left out, AFL++ is not installed (Debian: afl++)"; exit 0; } && \
	$(MAKE) --no-print-directory -s $(B)/fuzz/vgic-afl && \
	rm -rf $(B)/fuzz/afl && \
	AFL_NO_UI=1 AFL_QUIET=1 AFL_SKIP_CPUFREQ=1 AFL_NO_AFFINITY=1 AFL_FAST_CAL=1 \
	AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 \
		afl-fuzz -V $(FUZZ_SECONDS) -m none -t 5000+ -i $(FUZZ_CORPUS) -o $(B)/fuzz/afl \
		-- $(B)/fuzz/vgic-afl >$(B)/fuzz/afl.log && \
	sed -n 's/^\(execs_done\|saved_crashes\|saved_hangs\|edges_found\)/fuzz-afl: &/p' \
		$(B)/fuzz/afl/default/fuzzer_stats && \
	! ls $(B)/fuzz/afl/default/crashes/id* 2>/dev/null

# The corpus anew: of it and of what was found the smallest files that reach every edge. Files
# that are not named by a hash were made by hand, or are bugs that were: they stay.
fuzz-corpus:
	@scripts/setup fuzz
	@$(MAKE) --no-print-directory -s $(B)/fuzz/vgic
	@rm -rf $(B)/fuzz/merged && mkdir -p $(B)/fuzz/merged $(B)/fuzz/found $(FUZZ_CORPUS)
	$(B)/fuzz/vgic $(FUZZ_OPTIONS) -use_counters=0 -verbosity=0 -set_cover_merge=1 $(B)/fuzz/merged \
		$(FUZZ_CORPUS) $(B)/fuzz/found
	@find $(FUZZ_CORPUS) -type f -regextype posix-egrep -regex '.*/[0-9a-f]{40}' -exec rm {} +
	@cp $(B)/fuzz/merged/* $(FUZZ_CORPUS)
	@ls $(FUZZ_CORPUS) | wc -l && du -b -s $(FUZZ_CORPUS)
