#!/bin/sh
# SPDX-License-Identifier: MIT
# size.sh <build dir> <source files of the library>: what the library costs.
# Compiled as a port would for size: -Os, locks and atomics external. Exit 1 if a
# limit is broken:
#
#   text of core and x86 together <= 16 KiB with gcc, apart from files that are linked
#   only if a host calls them: words, dry run, inspection (clang's figure is printed)
#   text of a GICv3 without ITS <= 8 KiB, of the ITS <= 6 KiB, core apart, with gcc for
#   AArch64 if there is one
#   text of a virtual GICv2 with list registers <= 10 KiB, of a virtual GICv3 <= 14 KiB, with the
#   same compiler; files that only some hosts call apart: interrupts that follow the resident
#   vCPU, injection, teardown, WFI, DIR, CPU hotplug, inspection
#   no writable data; nothing needed but ferry_host_* and the four mem* functions
#   bytes of memory per interrupt <= 128; per virtual interrupt <= 48
set -eu

out=$1/size
shift
text_limit=16384
gic_limit=8192
its_limit=6144
vgicv2_limit=10240
vgicv3_limit=14336
irq_limit=128
virq_limit=48
status=0

broken() {
	echo "LIMIT BROKEN: $*"
	status=1
}

flags="-std=c11 -Os -ffreestanding -fno-pic -fno-stack-protector -fno-asynchronous-unwind-tables
	-fno-unwind-tables -fomit-frame-pointer -Iinclude -Isrc"
sources=$*
x86=$(printf '%s\n' "$@" | grep -v -e '^src/arm/' -e '^src/vgic/')
arm=$(printf '%s\n' "$@" | grep -v '^src/x86/')
cross=aarch64-linux-gnu-

# compile <cc> <sources>: objects in $out/<cc>, the same tree as the sources.
compile() {
	cc=$1
	shift
	rm -rf "$out/$cc"
	for file in "$@"; do
		mkdir -p "$out/$cc/$(dirname "$file")"
		# shellcheck disable=SC2086
		$cc $flags -c "$file" -o "$out/$cc/${file%.c}.o"
	done
}

# Read-only tables are part of the text: size counts them there. What no other file
# of the library needs is linked only if a host calls it, and is summed up apart too;
# remapping, which is a kind of source, counts.
report_text() {
	optional=$(only_if_used "$1")
	(cd "$out/$1" && size $(find src -name '*.o' | LC_ALL=C sort)) | awk -v cc="$1" -v opt="$optional" '
		NR == 1 { printf "%s -Os, external flavour\n%10s %6s %6s  %s\n", cc, "text", "data", "bss", "file"; next }
		{ apart = index(opt, $6) > 0 && $6 != "src/x86/remap.o"
		  printf "%10d %6d %6d  %s%s\n", $1, $2, $3, $6, apart ? "  (only if used)" : ""
		  split($6, part, "/"); words = $6 == "src/core/text.o"
		  if (!words) sum[part[2]] += $1
		  if (!words && !apart) least += $1 }
		END { printf "%10d  core\n%10d  x86\n%10d  core + x86\n%10d  the same, nothing that is linked only if used\n",
			sum["core"], sum["x86"], sum["core"] + sum["x86"], least
		      print least > "/dev/stderr" }' 2>"$out/$1/total"
	total=$(cat "$out/$1/total")
	test "$1" != gcc || test "$total" -le $text_limit ||
		broken "$1: $total bytes of text in the x86 tier, $text_limit allowed"
}

# Objects that define nothing the other ones need; and then again without those.
only_if_used() {
	(
		cd "$out/$1"
		kept=$(find src -name '*.o')
		before=
		while test "$kept" != "$before"; do
			before=$kept
			for object in $before; do
				others=$(for o in $kept; do test "$o" = "$object" || echo "$o"; done)
				nm --defined-only "$object" | awk '$2 == "T" || $2 == "R" { print $3 }' |
					sort >../defined
				# shellcheck disable=SC2086
				nm -u $others | awk 'NF == 2 { print $2 }' | sort -u >../needed
				test -n "$(comm -12 ../defined ../needed)" && continue
				printf '%s ' "$object"
				kept=$others
			done
		done
	)
}

# Files of the library that are linked for what is named: bytes of text.
sum_text() { # files without src/ and .c
	(cd "$out/${cross}gcc/src" && "${cross}size" $(printf '%s.o ' "$@")) |
		awk 'NR > 1 { sum += $1 } END { print sum }'
}

report_arm() {
	echo "${cross}gcc -Os, external flavour"
	(cd "$out/${cross}gcc/src" && "${cross}size" arm/*.o) |
		awk 'NR == 1 { printf "%10s %6s %6s  %s\n", "text", "data", "bss", "file"; next }
			{ printf "%10d %6d %6d  src/%s\n", $1, $2, $3, $6 }'
	shared="arm/gic arm/place arm/spi arm/local"
	# shellcheck disable=SC2086
	gic=$(sum_text $shared arm/gicv3)
	its=$(sum_text arm/its arm/its_queue)
	# shellcheck disable=SC2086
	printf '%10d  a GICv2, core apart\n%10d  a GICv3\n%10d  its ITS\n' \
		"$(sum_text $shared arm/gicv2)" "$gic" "$its"
	test "$gic" -le $gic_limit ||
		broken "$gic bytes of text in the GICv3 tier, $gic_limit allowed"
	test "$its" -le $its_limit || broken "$its bytes of text in the ITS, $its_limit allowed"
}

report_vgic() {
	echo "${cross}gcc -Os, external flavour"
	(cd "$out/${cross}gcc/src" && "${cross}size" vgic/*.o) |
		awk 'NR == 1 { printf "%10s %6s %6s  %s\n", "text", "data", "bss", "file"; next }
			{ apart = $6 ~ /\/(resident|timer|inject|direct|teardown|wait|dir|hotplug|look|guards)\.o/
			  printf "%10d %6d %6d  src/%s%s\n", $1, $2, $3, $6,
				apart ? "  (only if used)" : "" }'
	shared="vgic/init vgic/number vgic/registers vgic/facts vgic/place vgic/fold vgic/fill
		vgic/vcpu vgic/physical"
	# shellcheck disable=SC2086
	v2=$(sum_text $shared vgic/v2 vgic/lr_gich)
	# shellcheck disable=SC2086
	v3=$(sum_text $shared vgic/v3 vgic/sgi vgic/lr_ich)
	printf '%10d  a virtual GICv2\n%10d  a virtual GICv3\n' "$v2" "$v3"
	test "$v2" -le $vgicv2_limit ||
		broken "$v2 bytes of text in the virtual GICv2, $vgicv2_limit allowed"
	test "$v3" -le $vgicv3_limit ||
		broken "$v3 bytes of text in the virtual GICv3, $vgicv3_limit allowed"
}

check_symbols() { # compiler, prefix of its tools
	objects=$(find "$out/$1/src" -name '*.o')
	nm=$2nm
	# shellcheck disable=SC2086
	writable=$("$nm" -A $objects | awk '$2 ~ /^[bBdDC]$/ { print }')
	test -z "$writable" || broken "$1: writable data:
$writable"
	# shellcheck disable=SC2086
	foreign=$("$2ld" -r -o "$out/$1/all.o" $objects && "$nm" -u "$out/$1/all.o" |
		awk '$2 !~ /^(ferry_host_[a-z0-9_]+|memcpy|memset|memmove|memcmp)$/ { print $2 }')
	test -z "$foreign" || broken "$1: needs from outside: $foreign"
	echo "$1: needs from outside: $("$nm" -u "$out/$1/all.o" | awk '{ printf "%s ", $2 }')"
}

# The descriptor's size, and what one more interrupt costs in all.
report_memory() {
	cat >"$out/memory.c" <<'END'
#include <stdio.h>
#include <irqferry/x86.h>
#include "core/core.h"

static size_t size_of(uint32_t cpus, uint32_t irqs, uint32_t flags)
{
	static uint32_t ids[FERRY_CPUS_MAX];
	struct ferry_x86_config c = { .core = { .cpus = cpus, .irqs = irqs }, .flags = flags,
				      .apic_ids = ids, .first_vector = 0x40, .last_vector = 0xef,
				      .doorbell_vector = 0x30 };

	return ferry_x86_size(&c);
}

int main(void)
{
	static const uint32_t cpus[] = { 1, 4, 16, 64, 256, 1024, 4096 };
	double per_irq = (double)(size_of(64, 2000, 0) - size_of(64, 1000, 0)) / 1000;

	printf("%10zu  sizeof(struct ferry_irq)\n%10.1f  bytes per interrupt, bitmaps included\n",
	       sizeof(struct ferry_irq), per_irq);
	printf("%10zu  bytes: 1 CPU, 32 interrupts, shared namespace\n",
	       size_of(1, 32, FERRY_X86_SHARED));
	for (unsigned i = 0; i < sizeof(cpus) / sizeof(cpus[0]); i++)
		printf("%10zu  bytes: %u CPUs, %u interrupts\n", size_of(cpus[i], cpus[i] * 16, 0),
		       cpus[i], cpus[i] * 16);
	return per_irq > IRQ_LIMIT;
}
END
	cat >"$out/host.c" <<'END'
/* Nothing of this is called: the size function needs no host. */
END
	nm -u "$out/gcc/all.o" | awk '$2 ~ /^ferry_host_/ { printf "void %s(void) {}\n", $2 }' >>"$out/host.c"
	gcc -O1 -no-pie -Iinclude -Isrc -DIRQ_LIMIT=$irq_limit "$out/memory.c" "$out/host.c" \
		"$out/gcc/all.o" -o "$out/memory"
	"$out/memory" || broken "more than $irq_limit bytes per interrupt"
}

# A guest of 64 vCPUs with 1,024 SPIs, 992 of them extended: all its memory, by interrupt.
report_vgic_memory() {
	cat >"$out/vgic_memory.c" <<'END'
#include <stdio.h>
#include <irqferry/vgic.h>
#include "vgic/vgic.h"

int main(void)
{
	static struct ferry_mpidr mpidrs[64];
	struct ferry_vgic_config k = { .variant = &ferry_vgicv3, .hardware = &ferry_ich, .lrs = 16,
				       .vcpus = 64, .mpidrs = mpidrs, .spis = 32, .espis = 992 };
	double interrupts = 64 * 32 + 1024, bytes;

	for (unsigned n = 0; n < 64; n++)
		mpidrs[n].value = n / 16 << 8 | n % 16;
	bytes = (double)ferry_vgic_size(&k);
	printf("%10zu  sizeof(struct ferry_virq)\n%10zu  sizeof(struct ferry_vcpu)\n",
	       sizeof(struct ferry_virq), sizeof(struct ferry_vcpu));
	printf("%10.0f  bytes: 64 vCPUs, 1024 SPIs\n%10.1f  bytes per virtual interrupt, all of that\n",
	       bytes, bytes / interrupts);
	return !(bytes > 0 && bytes / interrupts <= VIRQ_LIMIT);
}
END
	# shellcheck disable=SC2086
	files=$(printf '%s\n' $sources | grep '^src/vgic/')
	rm -rf "$out/vgic" && mkdir "$out/vgic"
	for file in $files; do
		# shellcheck disable=SC2086
		gcc $flags -c "$file" -o "$out/vgic/$(basename "$file" .c).o"
	done
	ld -r -o "$out/vgic/all.o" "$out"/vgic/[a-z]*.o
	nm -u "$out/vgic/all.o" | awk '$2 ~ /^ferry_host_/ { printf "void %s(void) {}\n", $2 }' \
		>"$out/vgic_host.c"
	gcc -O1 -no-pie -Iinclude -Isrc -DVIRQ_LIMIT=$virq_limit "$out/vgic_memory.c" \
		"$out/vgic_host.c" "$out/vgic/all.o" -o "$out/vgic_memory"
	"$out/vgic_memory" || broken "more than $virq_limit bytes per virtual interrupt"
}

for cc in gcc clang; do
	command -v $cc >/dev/null || continue
	# shellcheck disable=SC2086
	compile $cc $x86
	report_text $cc
	check_symbols $cc ''
	echo
done
if command -v ${cross}gcc >/dev/null; then
	# shellcheck disable=SC2086
	compile ${cross}gcc $arm
	report_arm
	report_vgic
	check_symbols ${cross}gcc $cross
	echo
fi
report_memory
report_vgic_memory
exit $status
