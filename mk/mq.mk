# SPDX-License-Identifier: MIT
# Sets of queues, on a fake of what is below them, and on the library.
MQ_FAKED = $(B)/tests/test_mq $(B)/tests/test_mq_schedules
MQ_TESTS = $(MQ_FAKED)
TESTS += $(MQ_TESTS)

# Something happens right after a set's word was changed.
$(B)/tests/test_mq: MQ_WRAP = -Wl,--wrap=ferry_host_or
$(MQ_FAKED): %: %.o $(B)/tests/mq_world.o $(B)/tests/fake_managed.o $(B)/src/core/mq.o
	$(CC) $(CFLAGS) -no-pie $(MQ_WRAP) $^ -o $@

MQ_REAL = $(B)/tests/test_mq_its
TESTS += $(MQ_REAL)
$(B)/tests/test_mq_its: $(B)/tests/fake_its.o
$(MQ_REAL): %: %.o $(B)/libirqferry.a
	$(CC) $(CFLAGS) -no-pie $(filter %.o,$^) $(filter %.a,$^) -o $@

MQ_X86 = $(B)/tests/test_mq_x86
TESTS += $(MQ_X86)
$(MQ_X86): %: %.o $(B)/tests/script.o $(SIM_OBJS) $(B)/libirqferry.a
	$(CC) $(CFLAGS) -no-pie $^ -o $@
