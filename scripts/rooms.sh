#!/bin/sh
# SPDX-License-Identifier: MIT
# The rooms and who may know whom, as TAP: every #include of a room must be one that
# its line below allows. Patterns of the shell; `a|b` is not, so each has its word.
set -eu
cd "$(dirname "$0")/.."

free="<stdint.h> <stddef.h> <stdbool.h> <limits.h> <stdatomic.h> <stdarg.h>"
api="<irqferry/*.h>"
libc="<*.h>"
. scripts/tap.sh

# What the files of a directory include: file:line:"name" or file:line:<name>
includes() {
	find "$@" -name '*.[ch]' 2>/dev/null | LC_ALL=C sort | while read -r file; do
		sed -n 's/^[[:space:]]*#[[:space:]]*include[[:space:]]*\([<"][^>"]*[>"]\).*/\1/p' "$file" |
			while read -r name; do echo "$file $name"; done
	done
}

allowed() { # name, patterns
	name=$1
	set -f
	for pattern in $2; do
		# shellcheck disable=SC2254
		case $name in $pattern) set +f; return 0 ;; esac
	done
	set +f
	return 1
}

room() { # directory, what, allowed patterns
	test -d "$1" || return 0
	bad=$(includes "$1" | while read -r file name; do
		allowed "$name" "$3" || echo "$file includes $name"
	done)
	test -z "$bad" && result 0 "$1: $2" || result 1 "$1: $2" "$bad"
}

room include "the public API and freestanding headers only" "$free $api"
room src/core "knows no back end" "$free $api \"core/*.h\""
room src/x86 "knows the core, no other back end" "$free $api \"core/*.h\" \"x86/*.h\""
room src/arm "knows the core, no other back end" "$free $api \"core/*.h\" \"arm/*.h\""
room src/vgic "needs nothing else of the library" "$free $api \"vgic/*.h\""
room src "freestanding" "$free $api \"core/*.h\" \"x86/*.h\" \"arm/*.h\" \"vgic/*.h\""
# Unless qualified, a header of the simulator: sim/ is on the include path.
room sim "the public API and its own headers" "$libc \"sim/*.h\" \"[!/]*.h\""
bad=$(includes sim | grep -E '"(tool|src|core|x86|arm|tests|check)/' || :)
test -z "$bad" && result 0 "sim: no tool, no inside of the library" ||
	result 1 "sim: no tool, no inside of the library" "$bad"
room check "the public API, the simulator, its own headers" \
	"$libc \"sim/*.h\" \"check/*.h\" \"tests/tap.h\" \"[!/]*.h\" \"named.inc\""
bad=$(includes check | grep -E '"(tool|src|core|x86|arm|vgic|tests)/' | grep -v '"tests/tap.h"' || :)
test -z "$bad" && result 0 "check: no tool, no inside of the library" ||
	result 1 "check: no tool, no inside of the library" "$bad"
bad=$(includes tool | grep -E '"(src|core|x86|arm|vgic|tests)/' || :)
test -z "$bad" && result 0 "tool: not the inside of the library" ||
	result 1 "tool: not the inside of the library" "$bad"
bad=$(includes tests | grep -E '"(src|core|x86|arm|vgic)/' || :)
test -z "$bad" && result 0 "tests: the public API is enough" ||
	result 1 "tests: the public API is enough" "$bad"

room ports "the public API and its own headers" "$free $api \"[!/]*.h\""

# A sim header without a directory must be one that is there.
bad=$(includes sim | sed -n 's/^\([^ ]*\) "\([^\/"]*\)"$/\1 \2/p' | while read -r file name; do
	test -e "sim/$name" || echo "$file includes $name, which is not in sim/"
done)
test -z "$bad" && result 0 "sim: its headers are its own" || result 1 "sim: its headers are its own" "$bad"

# Every source of the library is in the one list, and the other way round.
# shellcheck disable=SC2046
set -- $(sed -e ':a' -e '/\\$/N; s/\\\n//; ta' sources.mk | sed -n 's/^FERRY_[A-Z0-9]* *= *src/src/p' | sed 's/\$(FERRY_[A-Z]*)//g')
bad=$(for file in $(find src -name '*.c'); do
	case " $* " in *" $file "*) ;; *) echo "$file is not in sources.mk" ;; esac
done
for file in "$@"; do test -e "$file" || echo "$file is in sources.mk only"; done)
test -z "$bad" && result 0 "sources.mk lists the library" || result 1 "sources.mk lists the library" "$bad"

# Every file of ours says its licence.
bad=$(git ls-files -- '*.c' '*.h' '*.sh' '*.mk' Makefile scripts .ci | while read -r file; do
	test -e "$file" || continue
	head -3 "$file" | grep -q 'SPDX-License-Identifier: MIT' || echo "$file"
done)
test -z "$bad" && result 0 "SPDX lines" || result 1 "SPDX lines" "$bad"

echo "1..$n"
exit $failed
