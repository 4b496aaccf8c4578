#!/bin/sh
# SPDX-License-Identifier: MIT
# What the explorer finds, and that what spares it work changes no result. Prints TAP.
# The whole commit suite, those of Arm machines, of guests and of sets of queues, the mutants,
# what was found once.
set -eu
cd "$(dirname "$0")/.."
build=${BUILD:-build}
tool=$build/irqferry
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
. scripts/tap.sh

suite=commit
search() { # options; its status is $status, what it said in $tmp/said
	status=0
	timeout 300 "$tool" check --suite $suite --quiet "$@" >"$tmp/said" 2>&1 || status=$?
}

# ---- every state, and as many as there were ---------------------------------------

for suite in arm vgic managed commit; do
	states=tests/states/$suite.txt
	search --compare "$states"
	result $status "suite $suite: $(tail -n 1 "$tmp/said")" "$(cat "$tmp/said"
		echo 'if other states are meant: make states')"

	out=$(awk '$1 == "-" || $3 != "passed"' "$states")
	test -z "$out" && code=0 || code=1
	result $code "in it each is exhausted and passed" "$out"
done

# ---- mistakes are seen, in few steps ------------------------------------------------

code=0
timeout 300 "$tool" check --mutants --quiet --json "$tmp/mutants" >"$tmp/said" 2>&1 || code=$?
result $code "mutants: $(tail -n 1 "$tmp/said")" "$(cat "$tmp/said")"
out=$(python3 - "$tmp/mutants" <<'PY'
import json
import sys
with open(sys.argv[1]) as file:
    r = json.load(file)
print(f"{r['survived']} survived; labels: median {r['median_labels']}, most {r['most_labels']}")
sys.exit(r['survived'] != 0 or not r['killed'] or r['median_labels'] > 25 or r['most_labels'] > 60)
PY
) && code=0 || code=1
result $code "none survives, half within 25 labels and all within 60: $out" "$out"

# ---- what was found once ------------------------------------------------------------

for file in tests/replays/*.txt; do
	status=0
	"$build/irqferry-mutants" replay --tolerant "$file" >"$tmp/said" 2>&1 || status=$?
	test $status = 1 && code=0 || code=1
	result $code "$file shows on its mutant" "exit code $status: $(tail -n 3 "$tmp/said")"
	sed '/^mutant /d' "$file" >"$tmp/replay"
	status=0
	"$tool" replay --tolerant "$tmp/replay" >"$tmp/said" 2>&1 || status=$?
	result $status "$file: not on the library" "$(tail -n 3 "$tmp/said")"
done

# ---- what is spared -------------------------------------------------------------------

# Of two tables what both have searched to its end: the fields named, then the scenario.
both() { # fields of awk; tables
	paste -d '\n' "$2" "$3" | awk '
		NR % 2 { one = $0; first = $1; next }
		first != "-" && $1 != "-" {
			print one >"'"$tmp/one"'"; print >"'"$tmp/two"'" }'
	cut -d ' ' -f "$1" "$tmp/one" >"$tmp/one.cut"
	cut -d ' ' -f "$1" "$tmp/two" >"$tmp/two.cut"
	diff "$tmp/one.cut" "$tmp/two.cut" >"$tmp/said"
}

compare() { # suite, option, shard, limit, fields, least number of scenarios, what
	suite=$1
	shift
	rm -f "$tmp/one" "$tmp/two"
	search --shard "$2" --max-states "$3" --table "$tmp/with"
	search --shard "$2" --max-states "$3" --table "$tmp/without" "$1"
	both "$4" "$tmp/with" "$tmp/without" && code=0 || code=1
	finished=$(grep -c . "$tmp/one" || :)
	test "$finished" -ge "$5" || code=1
	result $code "$suite, $1: $6 ($finished scenarios)" "$(head -20 "$tmp/said")"
}

compare commit --no-sleep-sets 7/40 10000 1,3- 60 "the same states and verdicts"
compare arm --no-sleep-sets 7/60 10000 1,3- 60 "the same states and verdicts"
compare vgic --no-sleep-sets 3/6 30000 1,3- 60 "the same states and verdicts"
compare managed --no-sleep-sets 3/6 30000 1,3- 40 "the same states and verdicts"
compare commit --no-merge 11/80 10000 3- 20 "the same verdicts"
compare arm --no-merge 41/150 10000 3- 20 "the same verdicts"
compare vgic --no-merge 5/12 50000 3- 25 "the same verdicts"
compare managed --no-merge 5/12 50000 3- 15 "the same verdicts"

echo "1..$n"
exit $failed
