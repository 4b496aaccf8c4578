# SPDX-License-Identifier: MIT
# The three strategies and the schemes of PPIs of the virtual GIC, compared: docs/vgic.md.
VGIC_COUNT = -Wl,--wrap=ferry_vcpu_exit,--wrap=ferry_host_ich_write,--wrap=ferry_host_ich_read
$(B)/bench/vgic_moves $(B)/bench/vgic_ticks: %: %.o $(B)/bench/vgic_count.o $(VGIC_FAKE) $(B)/tests/fake_timer.o \
		$(B)/libirqferry.a
	$(CC) $(CFLAGS) $(VGIC_COUNT) -no-pie $^ -o $@
