# SPDX-License-Identifier: MIT
# The simulated machine: its models alone, and storms over every option of it.
SIM_TESTS = $(B)/tests/test_sim
TESTS += $(SIM_TESTS)

$(B)/tests/test_sim $(B)/tests/storm_smoke: %: %.o $(SIM_OBJS) $(B)/libirqferry.a
	$(CC) $(CFLAGS) -no-pie $^ -o $@
