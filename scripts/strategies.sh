#!/bin/sh
# SPDX-License-Identifier: MIT
# strategies.sh <build dir>: what each strategy of the virtual GIC needs besides time: lines of
# code, states of the explorer, instructions. Needs gcc, gcov, valgrind.
set -eu
build=$1
dir=$build/strategies
mkdir -p "$dir"

# Lines of src/vgic that run in the cases of vgic_moves with one strategy, and those of them
# that run with no other.
lines() {
	MAKEFLAGS='' make --no-print-directory -s B="$dir/cov" CC=gcc CFLAGS="-O0 -g --coverage" \
		"$dir/cov/bench/vgic_moves"
	for strategy in 0 1 2; do
		find "$dir/cov" -name '*.gcda' -exec rm -f {} +
		"$dir/cov/bench/vgic_moves" $strategy >/dev/null
		for source in src/vgic/*.c; do
			test -e "$dir/cov/${source%.c}.gcda" || continue
			gcov -t "$dir/cov/${source%.c}.o" 2>/dev/null |
				awk -F: -v source="$source" '
					$3 == "Source" { mine = $4 == source }
					mine && $1 ~ /[0-9]/ { print source ":" $2 + 0 }'
		done | sort >"$dir/lines.$strategy"
	done
	echo "Lines of src/vgic that a move runs, and those of them that it runs with no other strategy"
	for strategy in 1 0 2; do
		sort -u "$dir/lines.$(((strategy + 1) % 3))" "$dir/lines.$(((strategy + 2) % 3))" \
			>"$dir/others"
		name $strategy
		printf ' %8s %8s\n' "$(wc -l <"$dir/lines.$strategy")" \
			"$(comm -23 "$dir/lines.$strategy" "$dir/others" | wc -l)"
	done
	printf '  %-14s %8s %8s\n' "the last two" "" \
		"$(comm -12 "$dir/lines.0" "$dir/lines.2" | comm -23 - "$dir/lines.1" | wc -l)"
}

name() {
	case $1 in
	1) printf '  %-14s' "lazy early" ;;
	0) printf '  %-14s' "lazy late" ;;
	2) printf '  %-14s' maintenance ;;
	esac
}

count() { # scenario
	"$build/irqferry" check -j1 --quiet --scenario "$1" --json "$dir/check.json" >/dev/null || {
		echo "strategies: fails: $1" >&2
		exit 1
	}
	python3 -c 'import json, sys
s = json.load(open(sys.argv[1]))["scenarios"][0]
print(s["states"])' "$dir/check.json"
}

states() {
	echo "States of the explorer, each exhausted: not asking, asking"
	printf '  %-14s %17s %17s\n' "lazy early" "lazy late" maintenance
	while read -r head tail; do
		echo "$head $tail"
		for strategy in "" " strategy=late" " strategy=maintenance"; do
			printf ' %8s' "$(count "$head$strategy $tail")" \
				"$(count "$head$strategy ask $tail")"
		done
		echo
	done <<-END
		hwedge cpus=2 events=2 | 0: run 0 | 1: run 1 | g0: route 0 1
		hwedge cpus=2 events=2 | 0: run 0 | 1: run 1 | g1: route 0 1
		hwlevel cpus=2 events=2 | 0: run 0 | 1: run 1 | g1: route 0 1
		hwedge cpus=2 events=2 | 0: run 0 | 1: run 1 | g0: route 0 1; route 0 0
		hwedge cpus=2 events=2 | 0: run 0; put; run 0 | 1: run 1 | g1: route 0 1
	END
}

# Instructions of src/vgic in each case: of a name that comes again the first is taken.
instructions() { # program, columns
	rm -f "$dir"/callgrind.*
	valgrind --tool=callgrind --compress-strings=no --compress-pos=no \
		--callgrind-out-file="$dir/callgrind" "$build/bench/$1" >/dev/null 2>"$dir/valgrind.log" ||
		{ cat "$dir/valgrind.log" >&2; exit 1; }
	# shellcheck disable=SC2046,SC2012
	awk -v columns="$2" '
		/^desc: Trigger: Client Request:/ {
			key = $5 " " $6 + 3 * $7
			mine = !(key in seen)
			seen[key] = 1
			if (!($5 in known)) { known[$5] = 1; name[++n] = $5 }
		}
		/^f[lie]=/ { file = $0 }
		/^calls=/ { skip = 1; next }
		/^[0-9]/ && skip { skip = 0; next }
		/^[0-9]/ && mine && file ~ /src\/vgic\// { sum[key] += $2 }
		END {
			for (k = 1; k <= n; k++) {
				printf "  %-16s", name[k]
				for (c = 0; c < columns; c++)
					printf " %8d", sum[name[k] " " c]
				print ""
			}
		}' $(ls -v "$dir"/callgrind.[0-9]*)
}

lines
echo
states
echo
echo "Instructions of the library in each case, $(gcc -dumpmachine), gcc $(gcc -dumpversion), -O2"
printf '  %-16s %8s %8s %8s %8s %8s %8s\n' "" early late maint "ask" ask ask
instructions vgic_moves 6
printf '  %-16s %8s %8s %8s\n' "" switched fixed injected
instructions vgic_ticks 3
