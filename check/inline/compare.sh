#!/bin/sh
# SPDX-License-Identifier: MIT
# Every fourth scenario of the commit suite, and every third with a guest, with both flavours
# of the library: the same verdicts, states and transitions. Searches end at a limit; what is unfinished says
# nothing, and is unfinished in both. Prints TAP.
set -eu
cd "$(dirname "$0")/../.."
build=${BUILD:-build}
dir=$build/inline
. scripts/tap.sh

search() { # tool, suite, shard, table, more options
	tool=$1 suite=$2 shard=$3 table=$4
	shift 4
	timeout 100 "$build/$tool" check --suite "$suite" --shard "$shard" --max-states 20000 \
		--quiet --table "$table" "$@" || test $? = 1
}

calls() { # pattern: undefined symbols of the inline objects
	nm -u "$dir"/src/*/*.o | sed -n 's/^ *U //p' | sort -u | grep "$1" || :
}

# That it is another flavour: what is inline calls what is behind it, by its name.
ported=$(calls '^inline_port_' | wc -l)
left=$(calls '^ferry_host_\(lock\|unlock\|load\|store\|xchg\|add\|or\|and\|cas\)$')
test "$ported" = 9 && test -z "$left" && code=0 || code=1
result $code "locks and atomics are inline" "$ported of 9; not inline: $left"

compare() { # suite, shard, how many of it must be finished
	one=$dir/external-$1 two=$dir/inline-$1
	rm -f "$one" "$two"
	out=$(search irqferry "$1" "$2" "$one" 2>&1) && code=0 || code=1
	result $code "$1: the external flavour is searched" "$out"
	out=$(search irqferry-inline "$1" "$2" "$two" --compare "$one" 2>&1) && code=0 || code=1
	result $code "$1: the inline flavour is searched" "$out"
	different=$(diff "$one" "$two" 2>&1) && code=0 || code=1
	scenarios=$(grep -c . "$one" || :)
	finished=$(grep -vc '^-' "$one" || :)
	result $code "$1: no verdict and no number of states differs: $finished of $scenarios finished" \
		"$different"
	test "$finished" -gt "$3" && code=0 || code=1
	result $code "$1: most are finished" "$finished of $scenarios"
}
compare commit 2/4 800
compare vgic 2/3 100

echo "1..$n"
exit $failed
