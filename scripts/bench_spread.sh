#!/bin/sh
# SPDX-License-Identifier: MIT
# bench_spread.sh <program>: instructions of spreading, counted by callgrind; the zeroing of the
# masks, a memset, is not counted. Exit 1 if ferry_spread costs more than it may:
#
#   siblings next to each other: 8 a CPU, 32 a group and 1,000
set -eu

program=$1
status=0

count() {
	valgrind --tool=callgrind --collect-atstart=no --callgrind-out-file="$program.callgrind" \
		"$program" "$@" >"$program.log" 2>&1 || { cat "$program.log" >&2; exit 1; }
	callgrind_annotate --threshold=100 --show-percs=no "$program.callgrind" |
		awk '/^ *[0-9,]+ +[^ ]+:[^ ]+/ && /src\// { gsub(",", "", $1); sum += $1 }
			END { printf "%d\n", sum }'
}

echo "Instructions, nodes of 64 CPUs or four, cores of two"
for what in groups map init; do
	echo "$what:"
	printf '%6s %6s %12s %12s %12s\n' CPUs groups near far dealt
	for cpus in 64 256 1024 4096; do
		for groups in 8 64 256 1024; do
			test $groups -le $cpus || continue
			test $what != init || test $groups = 64 || continue
			near=$(count $what $cpus $groups near)
			far=$(count $what $cpus $groups far)
			dealt=$(count $what $cpus $groups dealt)
			printf '%6s %6s %12s %12s %12s\n' $cpus $groups "$near" "$far" "$dealt"
			limit=$((8 * cpus + 32 * groups + 1000))
			test $what != groups || test "$near" -le $limit || {
				echo "LIMIT BROKEN: near, $limit allowed"
				status=1
			}
		done
	done
done
exit $status
