# SPDX-License-Identifier: MIT
# The two policies on three machines: a table (docs/balance.md).
.PHONY: policies
policies: $(B)/bench/policies
	@$(B)/bench/policies

$(B)/bench/policies: $(B)/bench/policies.o $(SIM_OBJS) $(B)/libirqferry.a
	$(CC) $(CFLAGS) -no-pie $^ -o $@
