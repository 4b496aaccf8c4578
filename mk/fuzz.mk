# SPDX-License-Identifier: MIT
# Random machines and options, each through a short storm, then garbled texts; FUZZ_SEED and
# FUZZ_COUNT choose which.
FUZZ_SEED ?= 1
FUZZ_COUNT ?= 20000
.PHONY: fuzz
fuzz: setup-test
	@$(MAKE) --no-print-directory -s $(B)/irqferry
	@python3 tests/random_storms.py --seed $(FUZZ_SEED) --count $(FUZZ_COUNT) --tool $(B)/irqferry
	@python3 tests/random_texts.py --seed $(FUZZ_SEED) --count $$(($(FUZZ_COUNT) / 5)) \
		--tool $(B)/irqferry
