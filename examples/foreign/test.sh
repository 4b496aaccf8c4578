#!/bin/sh
# SPDX-License-Identifier: MIT
# The checker on somebody else's mover: as it should be it passes, its bug is found and
# shown, and pointing the checker at it took under 100 lines. Prints TAP.
set -eu
cd "$(dirname "$0")/../.."
build=${BUILD:-build}
here=examples/foreign
. scripts/tap.sh

run() { # which build, its exit code; leaves $out
	code=0
	out=$(timeout 120 "$build/examples/foreign/$1" 2>&1) || code=$?
	test "$code" = "$2"
	result $? "$1: exit code $2" "exit code $code
$out"
}

says() { # what, pattern of a line
	printf '%s\n' "$out" | grep -q -- "$2" && result 0 "$1" || result 1 "$1" "$out"
}

# Lines that are neither blank nor comment.
lines() {
	sed 's|/\*.*\*/||; /\/\*/,/\*\//d' "$@" | grep -c '[^[:space:]]'
}

run good 0 || :
says "good: each search passes" '^# passed: .*states'

run bad 1 || :
says "bad: one interrupt alone does not show the bug" '^ok 2 - msix cpus'
says "bad: two do" '^not ok 3 - msix,msix'
says "bad: an event is lost" '^# lost: .*states'
says "bad: its schedule: the message was on its way" '^# .* device 1 fires$'
says "bad: its schedule: the slot was given up" 'irq 1: CPU 0 clears its old slot'
says "bad: its schedule: the message arrives" 'CPU 0 takes vector 0x42'

glue=$(lines $here/glue.c)
test "$glue" -lt 100 && why= || why="more than that"
result "$(test -z "$why"; echo $?)" "glue.c: $glue lines, under 100" "$why"
known=$(grep -il 'ferry' $here/mover.c $here/mover.h || :)
result "$(test -z "$known"; echo $?)" "the mover knows nothing of the checker" "$known"

echo "1..$n"
exit $failed
