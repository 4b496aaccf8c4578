# SPDX-License-Identifier: MIT
# Instructions of spreading.
.PHONY: bench-spread
bench-spread: setup-bench
	@$(MAKE) --no-print-directory -s $(BENCH_DIR)/external/spread
	@sh scripts/bench_spread.sh $(BENCH_DIR)/external/spread
