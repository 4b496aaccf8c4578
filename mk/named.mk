# SPDX-License-Identifier: MIT
# The named tests: scripts on the simulated machine, one line of TAP each.
NAMED = test_scenarios test_engine test_sources test_holes test_history test_history_flow test_text test_corners test_departure test_managed test_managed_mask
NAMED_TESTS = $(NAMED:%=$(B)/tests/%)
TESTS += $(NAMED_TESTS)

$(NAMED_TESTS): %: %.o $(B)/tests/script.o $(SIM_OBJS) $(B)/libirqferry.a
	$(CC) $(CFLAGS) -no-pie $^ -o $@

.PHONY: test-named
test-named: $(NAMED_TESTS)
	prove $(NAMED_TESTS)
