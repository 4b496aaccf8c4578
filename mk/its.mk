# SPDX-License-Identifier: MIT
# The test of the ITS back end (one of UNIT in unit.mk) brings its own GIC.
$(B)/tests/test_its_unit $(B)/tests/test_managed_its: $(B)/tests/fake_its.o
