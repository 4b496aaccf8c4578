#!/bin/sh
# SPDX-License-Identifier: MIT
# lint.sh <build dir> <source files of the library>: what a reader or another compiler
# would complain about. Exit 1 if anything does. Tools that are not there are named
# and left out; scripts/setup bench installs them.
set -eu

out=$1/lint
shift
mkdir -p "$out"
status=0
flags="-std=c11 -ffreestanding -Iinclude -Isrc -Wall -Wextra -Wshadow -Wconversion -Werror"
headers=$(find include -name '*.h' | LC_ALL=C sort)

verdict() { # status, what; details in $out/log
	if test "$1" = 0; then
		echo "ok: $2"
	else
		echo "BAD: $2"
		sed 's/^/    /' "$out/log"
		status=1
	fi
}

have() {
	command -v "$1" >/dev/null || {
		echo "left out: no $1 ($2)"
		return 1
	}
}

# ---- layout: what a reader sees ---------------------------------------------------

files=$(git ls-files -- '*.c' '*.h' | grep -v '^tests/data/' || :)
# Tabs count eight columns, a letter of several bytes one.
layout() {
	for file in $files; do
		test -e "$file" || continue
		expand "$file" | LC_ALL=C sed 's/[\x80-\xbf]//g' | awk -v f="$file" '
			length($0) > 100 { print f ":" NR ": " length($0) " columns" }
			/[ \t]+$/ { print f ":" NR ": blanks at the end" }'
		grep -n '^        ' "$file" | sed "s|^|$file:|; s|\$| (spaces for a tab)|" || :
	done
}
layout >"$out/log"
verdict "$(test ! -s "$out/log"; echo $?)" "lines: 100 columns, tabs, no blanks at the end"

long=$(for file in $files; do
	test ! -e "$file" || awk -v f="$file" 'END { if (NR > 1000) print f ": " NR " lines" }' "$file"
done)
echo "$long" >"$out/log"
verdict "$(test -z "$long"; echo $?)" "no file over 1,000 lines"

if have clang-format "style"; then
	changed=0
	for file in $files; do
		test -e "$file" || continue
		changed=$((changed + $(clang-format "$file" | diff "$file" - | grep -c '^>' || :)))
	done
	echo "clang-format -i would change $changed lines" >"$out/log"
	verdict "$(test "$changed" = 0; echo $?)" "clang-format"
fi

# ---- headers alone ------------------------------------------------------------------

# Twice, as one translation unit: needs nothing before it, and guards itself.
alone() {
	for header in $headers; do
		case $header in */platform/*) with="-DFERRY_INLINE" ;; *) with= ;; esac
		name=${header#include/}
		case $header in */platform/*) name=irqferry/host.h ;; esac
		printf '#include <%s>\n#include <%s>\nint some_object;\n' "$name" "$name" >"$out/alone.c"
		# shellcheck disable=SC2086
		gcc $flags -Wpedantic $with -c "$out/alone.c" -o "$out/alone.o" || echo "$header"
	done
}
alone >"$out/log" 2>&1
verdict "$(test ! -s "$out/log"; echo $?)" "each public header compiles alone, twice, pedantically"

# From C++ the headers must at least be readable.
if have g++ "headers in C++"; then
	printf 'extern "C" {\n#include <irqferry/x86.h>\n#include <irqferry/host.h>\n#include <irqferry/trace.h>\n}\n' >"$out/alone.cc"
	g++ -std=c++17 -Wall -Wextra -Iinclude -c "$out/alone.cc" -o "$out/alone.o" >"$out/log" 2>&1
	verdict $? "public headers in C++"
fi

# ---- compilers and machines -----------------------------------------------------------

matrix() { # what, compiler and options
	what=$1
	shift
	: >"$out/log"
	bad=0
	for file in $sources; do
		# shellcheck disable=SC2086
		"$@" $flags -c "$file" -o "$out/object.o" >>"$out/log" 2>&1 || bad=1
	done
	verdict $bad "$what"
}

sources=$*
for cc in gcc clang; do
	have $cc "compile matrix" || continue
	for flavour in external inline; do
		test $flavour = external && with= || with=-DFERRY_INLINE
		# shellcheck disable=SC2086
		for level in -O0 -O2 -Os -O3; do
			matrix "$cc $level, $flavour" $cc $level $with
		done
		# shellcheck disable=SC2086
		matrix "$cc -m32, $flavour" $cc -O2 -m32 $with
	done
done
if have clang "other machines"; then
	for target in i386-none-elf armv7-none-eabi aarch64-none-elf riscv64-none-elf; do
		matrix "clang $target" clang -O2 --target=$target
		matrix "clang $target, inline" clang -O2 --target=$target -DFERRY_INLINE
	done
fi

# ---- clang-tidy -------------------------------------------------------------------------

if have clang-tidy "static analysis"; then
	bad=0
	# shellcheck disable=SC2086
	clang-tidy --quiet $sources -- -std=c11 -ffreestanding -Iinclude -Isrc >"$out/log" 2>/dev/null || bad=1
	verdict $bad "clang-tidy, the library"
fi

# ---- scripts ------------------------------------------------------------------------------

: >"$out/log"
bad=0
for file in $(git ls-files -- '*.sh' scripts); do
	test -e "$file" || continue
	case $(head -1 "$file") in
	*bash) check="bash -n" ;;
	*python3) check="python3 -m py_compile" ;;
	*) check="sh -n" ;;
	esac
	PYTHONPYCACHEPREFIX=$out $check "$file" >>"$out/log" 2>&1 || bad=1
done
bash -n .ci/run >>"$out/log" 2>&1 || bad=1
verdict $bad "scripts parse"
exit $status
