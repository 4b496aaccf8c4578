# SPDX-License-Identifier: MIT
# The checker on a mover that is not this library: as it should be, and with its bug.
FOREIGN = $(B)/examples/foreign/good $(B)/examples/foreign/bad

$(B)/examples/foreign/mover-bug.o: examples/foreign/mover.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(HOSTFLAGS) -DMOVER_BUG -MMD -c $< -o $@

$(B)/examples/foreign/good: $(B)/examples/foreign/mover.o
$(B)/examples/foreign/bad: $(B)/examples/foreign/mover-bug.o
$(FOREIGN): $(B)/examples/foreign/glue.o $(CHECK_OBJS) $(SIM_OBJS) $(B)/libirqferry.a
	$(CC) $(CFLAGS) -no-pie $^ -o $@

TESTS += examples/foreign/test.sh
# What that script wants to be there.
TEST_TOOLS += $(FOREIGN)

.PHONY: foreign
foreign: $(FOREIGN)
