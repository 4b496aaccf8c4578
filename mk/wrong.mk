# SPDX-License-Identifier: MIT
# Builds of the library that are wrong on purpose: a copy of src/ with one patch of
# tests/wrong each, under the same simulator and the same storm.
WRONG = $(patsubst tests/wrong/%.patch,%,$(wildcard tests/wrong/*.patch))
WRONG_TOOLS = $(WRONG:%=$(B)/wrong/%/irqferry)

$(B)/wrong/%/src/.patched: tests/wrong/%.patch $(FERRY_SRCS) $(wildcard src/*/*.h)
	@rm -rf $(B)/wrong/$* && mkdir -p $(B)/wrong/$*
	@cp -R src $(B)/wrong/$*/src
	git apply --directory=$(B)/wrong/$* $<
	@touch $@

$(B)/wrong/%/irqferry: $(B)/wrong/%/src/.patched $(TOOL_OBJS) $(CHECK_OBJS) $(SIM_OBJS)
	@for f in $(FERRY_SRCS); do \
		$(CC) $(CFLAGS) $(subst -Isrc,-I$(B)/wrong/$*/src,$(LIBFLAGS)) -c $(B)/wrong/$*/$$f \
			-o $(B)/wrong/$*/$$(echo $$f | tr / _).o || exit 1; \
	done
	$(CC) $(CFLAGS) -no-pie $(TOOL_OBJS) $(CHECK_OBJS) $(SIM_OBJS) $(B)/wrong/$*/*.o $(TOOL_LIBS) -o $@

.SECONDARY: $(WRONG:%=$(B)/wrong/%/src/.patched)
.PHONY: wrong
wrong: $(WRONG_TOOLS)

TESTS += tests/wrong.sh
