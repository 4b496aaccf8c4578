# SPDX-License-Identifier: MIT
# The inline flavour of the library (FERRY_INLINE) under the explorer: it must have the
# same states and verdicts as the external one. And that what is explored is what ships.
FLAVOURS_DIR = $(B)/inline
FLAVOURS_LIBFLAGS = $(LIBFLAGS) -I. -DFERRY_INLINE \
	-DFERRY_PLATFORM_HEADER='"check/inline/platform.h"'

$(FLAVOURS_DIR)/src/%.o: src/%.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(FLAVOURS_LIBFLAGS) -MMD -c $< -o $@

$(B)/irqferry-inline: $(TOOL_OBJS) $(CHECK_OBJS) $(SIM_OBJS) $(B)/check/inline/port.o \
		$(FERRY_SRCS:%.c=$(FLAVOURS_DIR)/%.o)
	$(CC) $(CFLAGS) -no-pie $^ $(TOOL_LIBS) -o $@

TESTS += check/inline/compare.sh tests/test_objects.sh
TEST_TOOLS += $(B)/irqferry-inline

.PHONY: test-flavours
test-flavours: $(B)/irqferry $(B)/irqferry-inline
	BUILD=$(B) prove check/inline/compare.sh tests/test_objects.sh
