# SPDX-License-Identifier: MIT
# The two policies on three machines: a table (docs/balance.md).
.PHONY: policies
policies: $(B)/bench/policies
	@$(B)/bench/policies

$(B)/bench/policies: $(B)/bench/policies.o $(SIM_OBJS) $(B)/libirqferry.a
	$(CC) $(CFLAGS) -no-pie $^ -o $@

TESTS += tests/balance_doc.sh
# What that script wants to be there.
TEST_TOOLS += $(B)/bench/policies

# The build gate: a program that calls everything, and links without the library.
$(B)/tests/balance_off.o: HOSTFLAGS += -DFERRY_NO_BALANCE
$(B)/tests/balance_off: $(B)/tests/balance_off.o
	$(CC) $(CFLAGS) -no-pie $^ -o $@
TESTS += $(B)/tests/balance_off

$(B)/tests/test_balance_gic: $(B)/tests/fake_gic.o
