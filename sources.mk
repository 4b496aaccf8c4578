# SPDX-License-Identifier: MIT
# The one list of source files: every build reads it.
# Functions of their arguments alone: nothing that CPUs share.
FERRY_PURE = src/core/topology.c src/core/spread.c src/core/spread_map.c
# Core and x86; Arm, which needs the core too; the virtual GIC, which needs nothing else.
FERRY_X86 = src/core/irqset.c src/core/mask.c src/core/irq.c src/core/move.c src/core/flow.c \
	src/core/hotplug.c src/core/plan.c src/core/match.c src/core/inspect.c src/core/text.c \
	src/core/balance.c src/core/load.c src/core/prefer.c src/core/managed.c src/core/guards.c \
	src/core/mq.c $(FERRY_PURE) \
	src/x86/init.c src/x86/room.c src/x86/vector.c src/x86/several.c src/x86/promises.c \
	src/x86/lapic.c src/x86/inspect.c src/x86/guards.c src/x86/msi.c src/x86/ioapic.c src/x86/remap.c
FERRY_ARM = src/arm/gic.c src/arm/place.c src/arm/spi.c src/arm/local.c src/arm/gicv2.c src/arm/gicv3.c \
	src/arm/inspect.c src/arm/guards.c src/arm/its.c src/arm/its_queue.c src/arm/its_guards.c
FERRY_VGIC = src/vgic/init.c src/vgic/place.c src/vgic/facts.c src/vgic/fold.c src/vgic/fill.c src/vgic/vcpu.c src/vgic/physical.c \
	src/vgic/lr_gich.c src/vgic/lr_ich.c src/vgic/hotplug.c src/vgic/look.c src/vgic/number.c src/vgic/registers.c src/vgic/sgi.c src/vgic/v2.c src/vgic/v3.c src/vgic/guards.c \
	src/vgic/resident.c src/vgic/timer.c src/vgic/inject.c src/vgic/direct.c src/vgic/dir.c src/vgic/wait.c src/vgic/teardown.c
FERRY_SRCS = $(FERRY_X86) $(FERRY_ARM) $(FERRY_VGIC)
SIM_SRCS = sim/fibre.c sim/image.c sim/say.c sim/queue.c sim/machine.c sim/lapic.c sim/device.c sim/host.c sim/oracle.c sim/storm.c \
	sim/storm_ops.c sim/storm_policy.c sim/gic.c sim/gic_regs.c sim/its.c sim/gic_machine.c sim/gic_oracle.c sim/gic_host.c sim/gic_storm.c \
	sim/virt.c sim/virt_guest.c sim/virt_host.c sim/virt_timer.c sim/virt_oracle.c sim/virt_drive.c \
	sim/mq_device.c sim/mq_driver.c sim/mq_storm.c sim/mq_override.c sim/virt_storm.c sim/virt_storm_build.c sim/virt_storm_host.c sim/virt_storm_guest.c sim/virt_storm_access.c
TOOL_SRCS = tool/main.c tool/run.c tool/fields.c tool/scenario.c tool/scenario_cpus.c tool/scenario_mq.c tool/kinds.c tool/procfs.c tool/report.c tool/output.c \
	tool/check.c tool/check_args.c tool/check_report.c tool/check_json.c tool/check_mutants.c tool/rows.c tool/replay.c
CHECK_SRCS = check/scenario.c check/scenario_guest.c check/scenario_queues.c check/rename.c check/generate.c check/generate_arm.c check/generate_queues.c check/generate_guest.c check/label.c check/file.c check/minimise.c check/pool.c check/suite.c \
	check/mutant.c check/explore.c check/depth.c check/breadth.c check/random.c check/checkpoint.c check/table.c \
	check/world.c check/client.c check/client_queues.c check/library_queues.c check/client_plan.c check/library_plan.c check/describe.c check/world_gic.c check/library.c check/library_gic.c check/common.c \
	check/world_guest.c check/client_guest.c check/instruction.c check/library_guest.c
