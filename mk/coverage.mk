# SPDX-License-Identifier: MIT
# Branches of the library that the explorer, the named tests, the storms and the fuzz corpus take.
#   COVERAGE_SHARD=K/N   another part of the commit suite
COVERAGE_SHARD ?= 3/24
COVERAGE_PROGRAMS = $(NAMED) $(UNIT) test_storms test_gic_storms fuzz_corpus

.PHONY: coverage
coverage: setup-test
	@CC=gcc sh scripts/coverage.sh $(B)/cov $(COVERAGE_SHARD) "$(COVERAGE_PROGRAMS)" $(FERRY_SRCS)
