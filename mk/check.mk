# SPDX-License-Identifier: MIT
# The checker: its tests, and what results say they were found with.
# Changes with whatever a schedule depends on: the library, the simulator, the world
# around them.
CHECK_ID = $(sort $(FERRY_SRCS) $(SIM_SRCS) check/world.c check/client.c check/client_queues.c check/library_queues.c check/client_plan.c check/library_plan.c check/world_gic.c check/world_guest.c check/client_guest.c check/instruction.c check/library_guest.c check/library.c check/library_gic.c check/common.c \
	$(wildcard include/irqferry/*.h include/irqferry/*/*.h src/*/*.h sim/*.h) \
	check/world.h check/client.h check/queues.h check/library.h check/subject.h)
CHECK_OBJS += $(B)/check/id.o

$(B)/check/id.c: $(CHECK_ID)
	@mkdir -p $(@D)
	@printf '#include "check/minimise.h"\nconst char library_id[] = "%s";\n' \
		"$$(cat $^ | sha256sum | cut -c1-12)" >$@

$(B)/check/id.o: $(B)/check/id.c
	$(CC) $(CFLAGS) $(HOSTFLAGS) -c $< -o $@

CHECK_TESTS = $(B)/tests/test_scenario_text $(B)/tests/test_guest_text $(B)/tests/test_guest_scenarios $(B)/tests/test_counterexample \
	$(B)/tests/test_footprints
TESTS += $(CHECK_TESTS) tests/check_cli.sh
# What scripts among TESTS want to be there.
TEST_TOOLS += $(B)/irqferry-mutants

$(CHECK_TESTS): %: %.o $(CHECK_OBJS) $(SIM_OBJS) $(B)/libirqferry.a
	$(CC) $(CFLAGS) -no-pie $^ -o $@
