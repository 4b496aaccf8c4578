# SPDX-License-Identifier: MIT
# Sets of queues, on a fake of what is below them, and on the library.
MQ_FAKED = $(B)/tests/test_mq $(B)/tests/test_mq_schedules
MQ_TESTS = $(MQ_FAKED)
TESTS += $(MQ_TESTS)

$(MQ_FAKED): %: %.o $(B)/tests/mq_world.o $(B)/tests/fake_managed.o $(B)/src/core/mq.o
	$(CC) $(CFLAGS) -no-pie $^ -o $@
