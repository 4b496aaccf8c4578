# SPDX-License-Identifier: MIT
# A second opinion: the same scenarios through a specification in Spin, written without
# looking at the C, and through the explorer, where it is built. Their verdicts must agree.
#   make model                   builds the explorer and its mutants, runs both
#   make model MODEL_TOOLS=      Spin alone
MODEL_TOOLS ?= $(B)/irqferry $(B)/irqferry-mutants
MODEL_FLAGS = $(if $(word 1,$(MODEL_TOOLS)),--tool $(word 1,$(MODEL_TOOLS))) \
	$(if $(word 2,$(MODEL_TOOLS)),--mutant-tool $(word 2,$(MODEL_TOOLS)))

.PHONY: model
model: $(MODEL_TOOLS)
	@command -v spin >/dev/null || { echo "model: spin is lacking (Debian: spin)" >&2; exit 1; }
	@python3 model/run.py $(B)/model $(MODEL_FLAGS)
