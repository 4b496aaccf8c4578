# SPDX-License-Identifier: MIT
# Style, headers alone, every compiler and machine, clang-tidy.
.PHONY: lint
lint:
	@scripts/setup bench
	@sh scripts/lint.sh $(B) $(FERRY_SRCS)
