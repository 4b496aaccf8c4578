# SPDX-License-Identifier: MIT
# The test of GICv2 and GICv3 (one of UNIT in unit.mk) brings its own; and types that must
# not mix.
$(B)/tests/test_gic_unit $(B)/tests/test_managed_gic: $(B)/tests/fake_gic.o
TESTS += tests/gic_types.sh
