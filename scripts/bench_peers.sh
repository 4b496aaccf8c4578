#!/bin/sh
# SPDX-License-Identifier: MIT
# bench_peers.sh fetch|count <dir> [ours [free|locked]]: this library's allocator, spreading and evacuation next
# to Linux's, on the same work.
#
# fetch: the source. Debian's package linux-source-6.1 (139 MB) is downloaded by apt-get and not
# installed; the files named below are taken out of it into <dir>/linux, and the package is removed
# again. Where it is installed already, or lies in <dir>, nothing is downloaded. None of this is
# part of the repository: it is under the GPL, and what is built of it stays in <dir>.
# count: run the programs in <dir>, plainly and under callgrind; results in <dir>/*.rows and
# <dir>/*.counts. With "ours" our side alone.
# profile: which functions a row of the last run spent its instructions in.
set -eu

what=$1
dir=$2
sides=${3:-both}
flavours=${4:-free locked}
package=linux-source-6.1
tree=linux-source-6.1

files() {
	cat <<-END
		Makefile kernel/irq/matrix.c kernel/irq/affinity.c
		lib/bitmap.c lib/find_bit.c lib/group_cpus.c lib/kstrtox.h lib/sort.c
		arch/x86/include/asm/asm.h arch/x86/include/asm/bitops.h
		arch/x86/include/asm/extable_fixup_types.h arch/x86/include/asm/posix_types.h
		arch/x86/include/asm/rmwcc.h arch/x86/include/uapi/asm/bitsperlong.h
		arch/x86/include/uapi/asm/byteorder.h arch/x86/include/uapi/asm/posix_types_64.h
		arch/x86/include/uapi/asm/swab.h include/asm-generic/bitops/const_hweight.h
		include/asm-generic/bitops/ext2-atomic-setbit.h
		include/asm-generic/bitops/generic-non-atomic.h
		include/asm-generic/bitops/instrumented-atomic.h
		include/asm-generic/bitops/instrumented-lock.h
		include/asm-generic/bitops/instrumented-non-atomic.h
		include/asm-generic/bitops/le.h include/asm-generic/bitops/sched.h
		include/asm-generic/bitsperlong.h include/asm-generic/int-ll64.h
		include/linux/align.h include/linux/bitmap.h include/linux/bitops.h
		include/linux/bits.h include/linux/build_bug.h include/linux/compiler-gcc.h
		include/linux/compiler.h include/linux/compiler_attributes.h
		include/linux/compiler_types.h include/linux/const.h include/linux/cpumask.h
		include/linux/find.h include/linux/gfp_types.h include/linux/group_cpus.h
		include/linux/interrupt.h include/linux/irq.h include/linux/kconfig.h
		include/linux/kcsan-checks.h include/linux/limits.h include/linux/math.h
		include/linux/minmax.h include/linux/nodemask.h include/linux/numa.h
		include/linux/sort.h include/linux/stddef.h include/linux/stringify.h
		include/linux/swab.h include/linux/threads.h include/linux/typecheck.h
		include/linux/types.h include/uapi/asm-generic/bitsperlong.h
		include/uapi/asm-generic/errno-base.h include/uapi/asm-generic/errno.h
		include/uapi/asm-generic/int-ll64.h include/uapi/asm-generic/posix_types.h
		include/uapi/asm-generic/types.h include/uapi/linux/const.h
		include/uapi/linux/kernel.h include/uapi/linux/limits.h
		include/uapi/linux/posix_types.h include/uapi/linux/stddef.h
		include/uapi/linux/swab.h include/uapi/linux/sysinfo.h include/uapi/linux/types.h
		include/vdso/bits.h include/vdso/const.h include/vdso/limits.h
	END
}

# Headers of the kernel that stand empty: bench/peers/shim.h has what is needed of them.
empty() {
	cat <<-END
		asm/alternative.h asm/arch_hweight.h asm/barrier.h asm/compiler.h asm/div64.h
		asm/page.h asm/rwonce.h asm/sparsemem.h asm/types.h generated/autoconf.h
		linux/atomic.h linux/bug.h linux/byteorder/little_endian.h linux/cpu.h linux/ctype.h
		linux/device.h linux/errno.h linux/export.h linux/init.h linux/instrumented.h
		linux/kernel.h linux/mm.h linux/percpu.h linux/random.h linux/seq_file.h linux/slab.h
		linux/spinlock.h linux/stdarg.h linux/string.h linux/thread_info.h linux/uaccess.h
		trace/events/irq_matrix.h
	END
}

fail() {
	echo "bench-peers: $*" >&2
	exit 1
}

download() {
	(cd "$dir" && apt-get download $package) >"$dir/apt.log" 2>&1
}

# As root, or as one who needs no password; nothing is read from the terminal.
update() {
	if test "$(id -u)" = 0; then
		apt-get update
	else
		sudo -n apt-get update
	fi </dev/null >>"$dir/apt.log" 2>&1
}

by_hand() {
	cat "$dir/apt.log" >&2
	fail "please put $package's .deb of Debian 12 into $dir, or install it: apt-get install $package"
}

# The compressed tree, to standard output.
archive() {
	if test -e /usr/src/$tree.tar.xz; then
		cat /usr/src/$tree.tar.xz
	else
		dpkg-deb --fsys-tarfile "$dir"/${package}_*.deb | tar -xO ./usr/src/$tree.tar.xz
	fi
}

# What the two files want of interrupt.h and irq.h: a few declarations of a long header.
declarations() {
	awk '/^struct irq_matrix;/,/irq_matrix_reserved/' "$dir/new/include/linux/irq.h" \
		>"$dir/new/empty/linux/irq.h"
	awk '/^#define[[:space:]]+IRQ_AFFINITY_MAX_SETS/
		/^struct irq_affinity \{/,/^};/
		/^struct irq_affinity_desc \{/,/^};/
		/^extern.*irq_default_affinity/' "$dir/new/include/linux/interrupt.h" \
		>"$dir/new/empty/linux/interrupt.h"
}

fetch() {
	downloaded=
	test ! -e "$dir/linux/empty/linux/irq.h" || return 0
	mkdir -p "$dir"
	if ! test -e /usr/src/$tree.tar.xz && ! ls "$dir"/${package}_*.deb >/dev/null 2>&1; then
		echo "bench-peers: downloading Debian's package $package (139 MB), once; not installed"
		command -v apt-get >/dev/null || : >"$dir/apt.log"
		download || { update && download; } || by_hand
		downloaded=$(ls "$dir"/${package}_*.deb)
	fi
	echo "bench-peers: taking $(files | wc -w) files out of it into $dir/linux"
	rm -rf "$dir/new"
	mkdir -p "$dir/new"
	# shellcheck disable=SC2046
	archive | tar -xJ -C "$dir/new" --strip-components=1 $(files | tr -s ' \t' '\n' | sed "s|^|$tree/|")
	for header in $(empty); do
		mkdir -p "$dir/new/empty/${header%/*}"
		echo "/* empty: bench/peers/shim.h */" >"$dir/new/empty/$header"
	done
	declarations
	# What make compares is when they were put here.
	find "$dir/new" -type f -exec touch {} +
	rm -rf "$dir/linux" ${downloaded:+"$downloaded"}
	mv "$dir/new" "$dir/linux"
}

# Instructions of each row: not the driver's, and of libc only those that copy: memory for a result,
# zeroed, is had for nothing on both sides.
instructions() {
	# shellcheck disable=SC2012
	awk '
		/^desc: Trigger: Client Request:/ {
			row = $5 ";" $6 ";" $7 ";" $8
			if (NF == 9)
				row = $5 " " $6 ";" $7 ";" $8 ";" $9
			if (!(row in sum))
				order[++n] = row
		}
		/^f[lie]=/ { mine = /=src\// || /\/src\// || /include\/irqferry/ || /peers\/linux\// ||
			/shim\.h/ || /lock\.c/ || /mem(cpy|move)/ }
		/^calls=/ { skip = 1; next }
		/^[0-9]/ && skip { skip = 0; next }
		/^[0-9]/ && mine { sum[row] += $2 }
		END { for (k = 1; k <= n; k++) print order[k] ";" sum[order[k]] + 0 }' \
		$(ls -v "$dir/callgrind.$1".[0-9]*)
}

# Of our side alone: next to what Linux cost last time.
count() {
	suffix=
	test "$sides" = both && rm -f "$dir"/*-ours.rows "$dir"/*-ours.counts || suffix=-ours
	for flavour in $flavours; do
		rm -f "$dir/callgrind.$flavour".*
		"$dir/$flavour/peers" "$sides" >"$dir/$flavour$suffix.rows"
		valgrind --tool=callgrind --collect-atstart=no --compress-strings=no --compress-pos=no \
			--callgrind-out-file="$dir/callgrind.$flavour" "$dir/$flavour/peers" "$sides" \
			>/dev/null 2>"$dir/valgrind.log" || { cat "$dir/valgrind.log" >&2; exit 1; }
		instructions "$flavour" >"$dir/$flavour$suffix.counts"
	done
}

# Which functions of a row cost what, for all its operations together.
profile() {
	file=$(grep -l "^desc: Trigger: Client Request: $1\$" "$dir"/callgrind.free.[0-9]*) ||
		fail "no such row: $1"
	awk '
		/^f[lie]=/ { file = $0; sub(/.*\//, "", file) }
		/^fn=/ { name = substr($0, 4) }
		/^calls=/ { skip = 1; next }
		/^[0-9]/ && skip { skip = 0; next }
		/^[0-9]/ { sum[name " " file] += $2; all += $2 }
		END { for (k in sum) printf "%10d %5.1f%% %s\n", sum[k], 100 * sum[k] / all, k }' "$file" |
		sort -rn | head -n 20
}

case $what in
fetch) fetch ;;
profile) profile "$sides" ;;
count) count ;;
*) fail "usage: see the head of this script" ;;
esac
