# SPDX-License-Identifier: MIT
# The explorer on its suites: by day (tests/check_suite.sh, part of make test), by night,
# and built by other compilers.
#   make states         writes tests/states/commit.txt, arm.txt, vgic.txt and managed.txt anew
#   make check-commit   the whole commit suite against it; check-arm: that of Arm machines;
#                       check-vgic: that of guests; check-managed: that of sets of queues
#   make check-nightly  the nightly suite; started again it goes on where it was ended;
#                       check-vgic-nightly: that of guests; check-managed-nightly
#   make test-builds    six builds of the explorer must find the same states
TESTS += tests/check_suite.sh
STATES = tests/states/commit.txt
STATES_ARM = tests/states/arm.txt
STATES_VGIC = tests/states/vgic.txt
STATES_MANAGED = tests/states/managed.txt
NIGHTLY_DONE = $(B)/nightly.done
VGIC_NIGHTLY_DONE = $(B)/vgic-nightly.done
MANAGED_NIGHTLY_DONE = $(B)/managed-nightly.done

.PHONY: states check-commit check-arm check-vgic check-managed check-nightly check-vgic-nightly \
	check-managed-nightly test-builds
# Only what was searched to its end without a violation becomes the table.
states: $(B)/irqferry
	@mkdir -p $(dir $(STATES))
	@$(B)/irqferry check --suite commit --quiet --table $(B)/states.txt
	@mv $(B)/states.txt $(STATES)
	@$(B)/irqferry check --suite arm --quiet --table $(B)/states.txt
	@mv $(B)/states.txt $(STATES_ARM)
	@$(B)/irqferry check --suite vgic --quiet --table $(B)/states.txt
	@mv $(B)/states.txt $(STATES_VGIC)
	@$(B)/irqferry check --suite managed --quiet --table $(B)/states.txt
	@mv $(B)/states.txt $(STATES_MANAGED)

check-commit: $(B)/irqferry
	@$(B)/irqferry check --suite commit --quiet --compare $(STATES) || \
		{ echo "check-commit: if states may change: make states"; exit 1; }

check-arm: $(B)/irqferry
	@$(B)/irqferry check --suite arm --quiet --compare $(STATES_ARM) || \
		{ echo "check-arm: if states may change: make states"; exit 1; }

check-vgic: $(B)/irqferry
	@$(B)/irqferry check --suite vgic --quiet --compare $(STATES_VGIC) || \
		{ echo "check-vgic: if states may change: make states"; exit 1; }

check-managed: $(B)/irqferry
	@$(B)/irqferry check --suite managed --quiet --compare $(STATES_MANAGED) || \
		{ echo "check-managed: if states may change: make states"; exit 1; }

# A checkpoint of another library is refused: then remove it.
check-nightly: $(B)/irqferry
	@$(B)/irqferry check --suite nightly --quiet --json $(B)/nightly.json \
		--checkpoint $(NIGHTLY_DONE) \
		$$(test ! -s $(NIGHTLY_DONE) || echo --resume $(NIGHTLY_DONE))
	@rm -f $(NIGHTLY_DONE)

check-vgic-nightly: $(B)/irqferry
	@$(B)/irqferry check --suite vgic-nightly --quiet --json $(B)/vgic-nightly.json \
		--checkpoint $(VGIC_NIGHTLY_DONE) \
		$$(test ! -s $(VGIC_NIGHTLY_DONE) || echo --resume $(VGIC_NIGHTLY_DONE))
	@rm -f $(VGIC_NIGHTLY_DONE)

check-managed-nightly: $(B)/irqferry
	@$(B)/irqferry check --suite managed-nightly --quiet --json $(B)/managed-nightly.json \
		--checkpoint $(MANAGED_NIGHTLY_DONE) \
		$$(test ! -s $(MANAGED_NIGHTLY_DONE) || echo --resume $(MANAGED_NIGHTLY_DONE))
	@rm -f $(MANAGED_NIGHTLY_DONE)

test-builds: setup-test
	@sh scripts/builds.sh $(B)
