# SPDX-License-Identifier: MIT
# Examples: programs that tell what they do and end in a line of TAP.
EXAMPLES = $(B)/examples/integrate
TESTS += $(EXAMPLES)

$(EXAMPLES): %: %.o $(B)/libirqferry.a
	$(CC) $(CFLAGS) -no-pie $^ -o $@

.PHONY: examples
examples: $(EXAMPLES)
