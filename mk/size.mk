# SPDX-License-Identifier: MIT
# What the library costs in bytes; fails where it costs more than it may.
.PHONY: size
size:
	@sh scripts/size.sh $(B) $(FERRY_SRCS)
