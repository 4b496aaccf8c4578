# SPDX-License-Identifier: MIT
# Unit tests of the virtual GIC (VGIC_UNIT of unit.mk) bring a host and list registers.
VGIC_FAKE = $(B)/tests/fake_vgic.o $(B)/tests/fake_ich.o
$(VGIC_UNIT:%=$(B)/tests/%): $(VGIC_FAKE)
$(B)/tests/test_vgic_resident $(B)/tests/test_vgic_schemes $(B)/tests/test_vgic_more \
$(B)/tests/test_vgic_asked $(B)/tests/test_vgic_rest: $(B)/tests/fake_timer.o

# The same on the library with mistakes (mutants.mk): for what no scenario shows.
MUTANTS_UNIT = $(VGIC_UNIT:%=$(MUTANTS_DIR)/%)
$(MUTANTS_UNIT): $(MUTANTS_DIR)/%: $(B)/tests/%.o $(VGIC_FAKE) $(B)/tests/fake_timer.o \
		$(B)/check/mutants/choose.o $(MUTANTS_DIR)/mutants_table.o $(MUTANTS_DIR)/libirqferry.a
	$(CC) $(CFLAGS) -no-pie $^ -o $@

.PHONY: mutants-unit
mutants-unit: $(MUTANTS_UNIT)
