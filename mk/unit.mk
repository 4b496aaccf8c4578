# SPDX-License-Identifier: MIT
# Unit tests: one program each, the library and a host of its own.
VGIC_UNIT = test_vgic_unit test_vgic_lists test_vgic_corners test_vgic_life test_vgic_history test_vgic_gaps \
	test_vgic_random test_vgic_more test_vgic_asked test_vgic_rest test_vgic_direct \
	test_vgic_registers test_vgic_register_bugs \
	test_vgic_resident test_vgic_schemes
UNIT = test_managed_gic test_managed_its test_vectors test_promises test_spread test_spread_random test_balance test_balance_gic test_its_unit test_gic_unit test_plan $(VGIC_UNIT)
UNIT_TESTS = $(UNIT:%=$(B)/tests/%)
TESTS += $(UNIT_TESTS)

$(UNIT_TESTS): %: %.o $(B)/libirqferry.a
	$(CC) $(CFLAGS) -no-pie $(filter %.o,$^) $(filter %.a,$^) -o $@

.PHONY: test-unit
test-unit: $(UNIT_TESTS)
	prove $(UNIT_TESTS)

# Who may know whom; a script, so nothing is built for it.
TESTS += scripts/rooms.sh
