# SPDX-License-Identifier: MIT
# Examples: programs that tell what they do and end in a line of TAP. And whether the
# documents say what is so.
EXAMPLES = $(B)/examples/integrate
TESTS += $(EXAMPLES) scripts/readme.sh

$(EXAMPLES): %: %.o $(B)/libirqferry.a
	$(CC) $(CFLAGS) -no-pie $^ -o $@

.PHONY: examples
examples: $(EXAMPLES)
