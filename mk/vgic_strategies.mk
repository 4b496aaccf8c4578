# SPDX-License-Identifier: MIT
# The three strategies and the schemes of PPIs of the virtual GIC, compared: docs/vgic.md.
VGIC_COUNT = -Wl,--wrap=ferry_vcpu_exit,--wrap=ferry_host_ich_write,--wrap=ferry_host_ich_read,--wrap=ferry_host_timer_read
$(B)/bench/vgic_moves $(B)/bench/vgic_ticks: %: %.o $(B)/bench/vgic_count.o $(B)/bench/vgic_cost.o $(VGIC_FAKE) $(B)/tests/fake_timer.o \
		$(B)/libirqferry.a
	$(CC) $(CFLAGS) $(VGIC_COUNT) -no-pie $^ -o $@

VGIC_STORMS = $(B)/bench/vgic_strategies $(B)/bench/vgic_timers
$(VGIC_STORMS): %: %.o $(B)/bench/vgic_storms.o $(B)/bench/vgic_cost.o $(SIM_OBJS) \
		$(B)/libirqferry.a
	$(CC) $(CFLAGS) -no-pie $^ -lm -o $@
