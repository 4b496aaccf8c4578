#!/bin/sh
# SPDX-License-Identifier: MIT
# coverage.sh <dir> <shard> <programs of tests/> <sources of the library>: builds with gcov
# at -O0, runs a shard of the suites commit and arm and the programs, prints the branches taken at
# least once of each source, as counted, and writes uncovered.txt, where each line is
# FILE:LINE never run, or FILE:LINE n of m branches taken. No limit: figures to read.
set -eu
dir=$1
shard=$2
programs=$3
shift 3

targets=$dir/irqferry
for program in $programs; do
	targets="$targets $dir/tests/$program"
done
find "$dir" -name '*.gcda' -exec rm -f {} + 2>/dev/null || :
# The explorer's processes end with _exit(), which would write no counts.
# shellcheck disable=SC2086
MAKEFLAGS='' make --no-print-directory -s -j2 B="$dir" CC=gcc \
	CFLAGS="-O0 -g --coverage '-D_exit(x)=exit(x)'" $targets

status=0
for suite in commit arm; do
	"$dir/irqferry" check --suite $suite --shard "$shard" --quiet >"$dir/said" 2>&1 ||
		{ echo "coverage: suite $suite failed:"; cat "$dir/said"; status=1; }
done
for program in $programs; do
	"$dir/tests/$program" >"$dir/said" 2>&1 ||
		{ echo "coverage: $program failed:"; grep '^not ok' "$dir/said" || :; status=1; }
done

# gcov writes where it stands. branch N taken COUNT, branch N never executed.
rm -rf "$dir/gcov"
mkdir -p "$dir/gcov"
: >"$dir/uncovered.txt"
echo "suites commit and arm, shard $shard, and $programs; gcc --coverage -O0"
printf '%-24s %18s %18s\n' source "lines run" "branches taken"
for source in "$@"; do
	gcov -b -c -t "$dir/${source%.c}.o" 2>/dev/null >"$dir/gcov/text"
	awk -v source="$source" -v uncovered="$dir/uncovered.txt" '
		function end_of_line() {
			if (number && run == 0)
				print source ":" number " never run:" text >>uncovered
			else if (number && hit < of)
				print source ":" number " " hit " of " of " branches taken:" text >>uncovered
			number = 0
		}
		/^ *-: *0:Source:/ { mine = index($0, "Source:" source) > 0 }
		!mine { next }
		/^branch / {
			of++; branches++
			if ($3 == "taken" && $4 > 0) { hit++; taken++ }
			next
		}
		/^ *[0-9#=-]+\*?: *[0-9]+:/ {
			end_of_line()
			split($0, part, ":")
			count = part[1]; gsub(/[ *]/, "", count)
			if (count == "-") next
			number = part[2] + 0; hit = of = 0
			text = $0; sub(/^[^:]*:[^:]*:/, "", text); sub(/^[ \t]*/, " ", text)
			run = count !~ /^[#=]/
			lines++; ran += run
		}
		END {
			end_of_line()
			print source, ran + 0, lines + 0, taken + 0, branches + 0
		}' "$dir/gcov/text"
done >"$dir/figures"
awk '
	function share(a, b) { return b ? sprintf("%d/%d %5.1f%%", a, b, 100 * a / b) : "-" }
	{ printf "%-24s %18s %18s\n", $1, share($2, $3), share($4, $5)
	  for (i = 2; i <= 5; i++) sum[i] += $i }
	END { printf "%-24s %18s %18s\n", "all", share(sum[2], sum[3]), share(sum[4], sum[5]) }
	' "$dir/figures"
echo "not covered: $(grep -c . "$dir/uncovered.txt" || :) lines, in $dir/uncovered.txt"
if command -v clang-19 >/dev/null; then
	echo "MC/DC: skipped, this script does not build with clang-19 -fcoverage-mcdc yet"
else
	echo "MC/DC: skipped, clang-19 is not installed (older ones can't measure it)"
fi
exit $status
