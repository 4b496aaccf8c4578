# SPDX-License-Identifier: MIT
# Does the simulated machine see all that the library does? The library with the
# compiler's hooks at each of its accesses (-fsanitize=thread, compiled only: the hooks
# are ours), and wrappers around its calls of the host.
HOOKS_DIR = $(B)/hooks
HOOKS_LIBFLAGS = $(filter-out -Werror,$(LIBFLAGS)) -fsanitize=thread -fdebug-prefix-map=$(CURDIR)/=
HOOKS_OBJS = $(patsubst %.c,$(HOOKS_DIR)/%.o,$(filter-out $(FERRY_PURE),$(FERRY_SRCS)))
HOOKS_MAIN = $(addprefix $(B)/check/hooks/,main.o access.o port.o mistake.o)
HOOKS_ALL = $(HOOKS_MAIN) $(CHECK_OBJS) $(SIM_OBJS) $(HOOKS_OBJS) $(FERRY_PURE:%.c=$(B)/%.o)
HOOKS_WRAPPED = $(addprefix ferry_host_,lock unlock load store xchg add or and cas ipi) \
	ferry_x86_init ferry_gic_init ferry_vgic_init machine_look machine_looked guest_trapped ferry_vcpu_load ferry_vcpu_put
HOOKS_LINK = $(CC) $(CFLAGS) -no-pie $(HOOKS_WRAPPED:%=-Wl,--wrap=%)

$(HOOKS_DIR)/src/%.o: src/%.c
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) $(HOOKS_LIBFLAGS) -MMD -c $< -o $@

$(HOOKS_DIR)/test_hooks: $(HOOKS_ALL)
	$(HOOKS_LINK) $^ -o $@

# With one file changed that must not pass: NAME:FILE of each check/hooks/wrong/NAME.patch.
HOOKS_WRONG := $(shell for p in check/hooks/wrong/*.patch; do \
	echo $$(basename $$p .patch):$$(sed -n 's|^+++ b/||p' $$p); done)

# $(1) name, $(2) file
define HOOKS_VARIANT
$(HOOKS_DIR)/wrong/$(1)/$(2): check/hooks/wrong/$(1).patch $(2)
	@mkdir -p $$(@D)
	@cp $(2) $$@
	@cd $(HOOKS_DIR)/wrong/$(1) && GIT_CEILING_DIRECTORIES=$$$$(dirname "$$$$PWD") \
		git apply -C1 $(CURDIR)/$$<

$(HOOKS_DIR)/wrong/$(1)/changed.o: $(HOOKS_DIR)/wrong/$(1)/$(2)
	$$(CC) $$(CFLAGS) $$(if $$(filter sim/% check/%,$(2)),$$(HOSTFLAGS) -Icheck,$$(HOOKS_LIBFLAGS)) -c $$< -o $$@

$(HOOKS_DIR)/wrong/$(1)/test_hooks: $(HOOKS_DIR)/wrong/$(1)/changed.o \
		$$(filter-out $(HOOKS_DIR)/$(2:.c=.o) $(B)/$(2:.c=.o),$$(HOOKS_ALL))
	$$(HOOKS_LINK) $$^ -o $$@
endef
hooks_name = $(firstword $(subst :, ,$(1)))
hooks_file = $(lastword $(subst :, ,$(1)))
$(foreach w,$(HOOKS_WRONG),$(eval \
	$(call HOOKS_VARIANT,$(call hooks_name,$w),$(call hooks_file,$w))))

HOOKS_TOOLS = $(foreach w,$(HOOKS_WRONG),$(HOOKS_DIR)/wrong/$(call hooks_name,$w)/test_hooks)
TESTS += $(HOOKS_DIR)/test_hooks check/hooks/wrong.sh
TEST_TOOLS += $(HOOKS_TOOLS)

.PHONY: test-hooks
test-hooks: $(HOOKS_DIR)/test_hooks $(HOOKS_TOOLS)
	BUILD=$(B) prove $< check/hooks/wrong.sh
