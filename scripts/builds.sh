#!/bin/sh
# SPDX-License-Identifier: MIT
# builds.sh <build dir>: the explorer by two compilers, three levels each, must find the
# states, transitions and verdicts of tests/states/commit.txt and vgic.txt. A difference would
# mean that something of the compiler (padding, addresses, order of evaluation) gets into a
# state. SHARD=K/N chooses another part of the suites.
set -eu
dir=$1/builds
shard=${SHARD:-5/48}
status=0

compare() { # suite; with what is in $build
	states=tests/states/$1.txt
	start=$(date +%s)
	"$build/irqferry" check --suite "$1" --shard "$shard" --quiet --table "$build/table" \
		>"$build/said" 2>&1 || { status=1; cat "$build/said"; }
	"$build/irqferry" check --suite "$1" --shard "$shard" --list >"$build/names"
	# A line's scenario is what follows its third blank.
	awk 'NR == FNR { wanted[$0]; next }
		{ name = $0; sub(/^[^ ]+ [^ ]+ [^ ]+ /, "", name) }
		name in wanted' "$build/names" "$states" >"$build/known"
	if diff "$build/known" "$build/table" >"$build/diff"; then
		echo "ok: $name, $1, shard $shard: $(grep -c . "$build/table") scenarios," \
			"the states of $states, $(($(date +%s) - start)) s"
	else
		echo "BAD: $name: other states than in $states (< there, > here)"
		head -20 "$build/diff"
		status=1
	fi
}

for cc in gcc clang; do
	for level in O0 O2 Os; do
		name=$cc-$level
		build=$dir/$name
		mkdir -p "$build"
		MAKEFLAGS='' make --no-print-directory -s -j2 B="$build" CC=$cc CFLAGS="-$level -g" \
			"$build/irqferry"
		compare commit
		compare vgic
	done
done
exit $status
