#!/bin/sh
# SPDX-License-Identifier: MIT
# test_hooks must notice: with each check/hooks/wrong/*.patch exactly the promises that it
# names are broken, in the function that it names. And nothing of the library escapes the
# hooks. Prints TAP.
set -eu
cd "$(dirname "$0")/../.."
build=${BUILD:-build}/hooks
. scripts/tap.sh

field() { # name; of $patch
	sed -n "s/^$1: //p" "$patch"
}

for patch in check/hooks/wrong/*.patch; do
	name=$(basename "$patch" .patch)
	out=$build/wrong/$name/out
	scenario=$(field Scenario)
	if test "$scenario"; then
		timeout 60 "$build/wrong/$name/test_hooks" --runs 500 --scenario "$scenario"
	else
		timeout 60 "$build/wrong/$name/test_hooks" --runs 2
	fi >"$out" 2>&1 || :
	got=$(sed -n 's/^not ok [0-9]* - \([a-z]*\):.*/\1/p' "$out" | xargs)
	grep -q "^# $(field In) at " "$out" && test "$got" = "$(field Expect)" && code=0 || code=1
	result $code "$name: $(field Expect)" "broken: $got
$(grep -v '^ok' "$out")"
done

# What else the compiler makes of an assignment, or leaves alone, would escape.
other=$(nm -u "$build"/src/*/*.o | sed -n 's/^ *U //p' | sort -u |
	grep -vx '__tsan_[a-z_]*[0-9]*\|\(ferry\|gic\|its\)_[a-z0-9_]*' || :)
test -z "$other" && code=0 || code=1
result $code "the library calls the host, itself, and the hooks" "$other"

echo "1..$n"
exit $failed
