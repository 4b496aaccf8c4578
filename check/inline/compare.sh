#!/bin/sh
# SPDX-License-Identifier: MIT
# Every fourth scenario of the commit suite with both flavours of the library: the same
# verdicts, states and transitions. Searches end at a limit; what is unfinished says
# nothing, and is unfinished in both. Prints TAP.
set -eu
cd "$(dirname "$0")/../.."
build=${BUILD:-build}
dir=$build/inline
. scripts/tap.sh

search() { # tool, table, more options
	tool=$1 table=$2
	shift 2
	timeout 100 "$build/$tool" check --suite commit --shard 2/4 --max-states 20000 --quiet \
		--table "$table" "$@" || test $? = 1
}

calls() { # pattern: undefined symbols of the inline objects
	nm -u "$dir"/src/*/*.o | sed -n 's/^ *U //p' | sort -u | grep "$1" || :
}

# That it is another flavour: what is inline calls what is behind it, by its name.
ported=$(calls '^inline_port_' | wc -l)
left=$(calls '^ferry_host_\(lock\|unlock\|load\|store\|xchg\|add\|or\|and\|cas\)$')
test "$ported" = 9 && test -z "$left" && code=0 || code=1
result $code "locks and atomics are inline" "$ported of 9; not inline: $left"

rm -f "$dir/external" "$dir/inline"
out=$(search irqferry "$dir/external" 2>&1) && code=0 || code=1
result $code "the external flavour is searched" "$out"
out=$(search irqferry-inline "$dir/inline" --compare "$dir/external" 2>&1) && code=0 || code=1
result $code "the inline flavour is searched" "$out"

different=$(diff "$dir/external" "$dir/inline" 2>&1) && code=0 || code=1
scenarios=$(grep -c . "$dir/external" || :)
finished=$(grep -vc '^-' "$dir/external" || :)
result $code "no verdict and no number of states differs: $finished of $scenarios finished" "$different"
test "$finished" -gt 800 && code=0 || code=1
result $code "most are finished"  "$finished of $scenarios"

echo "1..$n"
exit $failed
