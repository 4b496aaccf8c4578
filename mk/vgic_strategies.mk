# SPDX-License-Identifier: MIT
# The three strategies and the schemes of PPIs of the virtual GIC, compared: docs/vgic.md.
VGIC_COUNTS = $(B)/bench/vgic_moves $(B)/bench/vgic_ticks
VGIC_WRAPS = ferry_vcpu_exit ferry_host_ich_write ferry_host_ich_read ferry_host_timer_read
$(VGIC_COUNTS): %: %.o $(B)/bench/vgic_count.o $(B)/bench/vgic_cost.o $(VGIC_FAKE) \
		$(B)/tests/fake_timer.o $(B)/libirqferry.a
	$(CC) $(CFLAGS) $(VGIC_WRAPS:%=-Wl,--wrap=%) -no-pie $^ -o $@

VGIC_STORMS = $(B)/bench/vgic_strategies $(B)/bench/vgic_timers
$(VGIC_STORMS): %: %.o $(B)/bench/vgic_storms.o $(B)/bench/vgic_cost.o $(SIM_OBJS) \
		$(B)/libirqferry.a
	$(CC) $(CFLAGS) -no-pie $^ -lm -o $@

# Every figure of docs/vgic.md.
.PHONY: strategies strategies-page
strategies: setup-bench
	@$(MAKE) --no-print-directory -s -j2 $(B)/irqferry $(VGIC_COUNTS) $(VGIC_STORMS)
	@$(B)/bench/vgic_moves
	@echo
	@$(B)/bench/vgic_strategies
	@sh scripts/strategies.sh $(B)
	@echo
	@$(B)/bench/vgic_ticks
	@echo
	@$(B)/bench/vgic_timers
# Its tables and pictures anew.
strategies-page:
	@mkdir -p $(B)
	@$(MAKE) --no-print-directory -s strategies >$(B)/strategies.txt
	@python3 scripts/strategies_page.py docs/vgic.md <$(B)/strategies.txt
	@python3 scripts/strategies_plots.py $(B)/bench docs

TESTS += tests/vgic_doc.sh
# What that script wants to be there.
TEST_TOOLS += $(VGIC_COUNTS) $(B)/bench/vgic_strategies
