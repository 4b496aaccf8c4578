# SPDX-License-Identifier: MIT
# The library with every mistake of check/mutants/*.mut in it, one of them chosen at run
# time, and the tool linked with it: `irqferry-mutants check --mutants`.
MUTANTS_DIR = $(B)/mutants
MUTANTS_LISTS = $(sort $(wildcard check/mutants/*.mut))
MUTANTS_OBJS = $(FERRY_SRCS:%.c=$(MUTANTS_DIR)/%.o) $(MUTANTS_DIR)/src/chosen.o
# Both the mistake and what it replaces are compiled: a warning about either is no news.
MUTANTS_FLAGS = $(subst -Isrc,-I$(MUTANTS_DIR)/src,$(LIBFLAGS)) -w

# A mistake that no longer fits the source ends the build here.
$(MUTANTS_DIR)/.generated: check/mutants/generate.py $(MUTANTS_LISTS) $(FERRY_SRCS) \
		$(wildcard src/*/*.h)
	@rm -rf $(MUTANTS_DIR)/src
	@mkdir -p $(MUTANTS_DIR)
	python3 check/mutants/generate.py --out $(MUTANTS_DIR) $(MUTANTS_LISTS)
	@touch $@

$(MUTANTS_OBJS): $(MUTANTS_DIR)/%.o: $(MUTANTS_DIR)/.generated $(wildcard include/irqferry/*.h)
	$(CC) $(CFLAGS) $(MUTANTS_FLAGS) -c $(MUTANTS_DIR)/$*.c -o $@

$(MUTANTS_DIR)/mutants_table.o: $(MUTANTS_DIR)/.generated check/mutants/mutants.h
	$(CC) $(CFLAGS) $(HOSTFLAGS) -c $(MUTANTS_DIR)/mutants_table.c -o $@

$(MUTANTS_DIR)/libirqferry.a: $(MUTANTS_OBJS)
	@rm -f $@
	ar rcs $@ $^

$(B)/irqferry-mutants: $(TOOL_OBJS) $(SIM_OBJS) $(CHECK_OBJS) $(MUTANTS_DIR)/mutants_table.o \
		$(MUTANTS_DIR)/libirqferry.a
	$(CC) $(CFLAGS) -no-pie $^ $(TOOL_LIBS) -o $@

# The storms on it, for check/mutants/check.sh: with no mistake chosen they must pass.
$(MUTANTS_DIR)/test_storms: $(B)/tests/test_storms.o $(B)/check/mutants/choose.o $(SIM_OBJS) \
		$(MUTANTS_DIR)/mutants_table.o $(MUTANTS_DIR)/libirqferry.a
	$(CC) $(CFLAGS) -no-pie $^ -o $@

.PHONY: mutants
mutants: $(B)/irqferry-mutants

TESTS += check/mutants/check.sh
