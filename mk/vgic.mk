# SPDX-License-Identifier: MIT
# Unit tests of the virtual GIC (in UNIT of unit.mk, too) bring a host and list registers.
VGIC_UNIT = test_vgic_unit test_vgic_lists test_vgic_corners test_vgic_life test_vgic_history test_vgic_gaps \
	test_vgic_random test_vgic_more test_vgic_asked test_vgic_rest \
	test_vgic_registers test_vgic_register_bugs \
	test_vgic_resident test_vgic_schemes
VGIC_FAKE = $(B)/tests/fake_vgic.o $(B)/tests/fake_ich.o
ifneq ($(VGIC_UNIT),)
$(VGIC_UNIT:%=$(B)/tests/%): $(VGIC_FAKE)
endif
$(B)/tests/test_vgic_resident $(B)/tests/test_vgic_schemes $(B)/tests/test_vgic_more \
$(B)/tests/test_vgic_asked $(B)/tests/test_vgic_rest: $(B)/tests/fake_timer.o

# The same on the library with mistakes (mutants.mk): for what no scenario shows.
MUTANTS_UNIT = $(VGIC_UNIT:%=$(MUTANTS_DIR)/%)
$(MUTANTS_UNIT): $(MUTANTS_DIR)/%: $(B)/tests/%.o $(VGIC_FAKE) $(B)/tests/fake_timer.o \
		$(B)/check/mutants/choose.o $(MUTANTS_DIR)/mutants_table.o $(MUTANTS_DIR)/libirqferry.a
	$(CC) $(CFLAGS) -no-pie $^ -o $@

.PHONY: mutants-unit
mutants-unit: $(MUTANTS_UNIT)
