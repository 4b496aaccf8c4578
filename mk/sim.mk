# SPDX-License-Identifier: MIT
# The simulated machine: its models alone, and storms over every option of it.
SIM_TESTS = $(B)/tests/test_sim $(B)/tests/test_storms $(B)/tests/test_gic_sim $(B)/tests/test_gic_storms \
	$(B)/tests/test_virt_sim $(B)/tests/test_virt_guest $(B)/tests/test_virt_drive $(B)/tests/test_vgic_storms \
	$(B)/tests/test_mq_storms
TESTS += $(SIM_TESTS)

# A million requests on each machine with queues, more than ten thousand overrides.
.PHONY: test-queues-long
test-queues-long: $(B)/tests/test_mq_storms
	@prove $< :: 3 1000000

$(SIM_TESTS): %: %.o $(SIM_OBJS) $(B)/libirqferry.a
	$(CC) $(CFLAGS) -no-pie $^ -o $@
