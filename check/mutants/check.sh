#!/bin/sh
# SPDX-License-Identifier: MIT
# Is the catalogue of mistakes sound? Prints TAP. That each of them is seen is for
# `irqferry-mutants check --mutants` to say.
set -eu
cd "$(dirname "$0")/../.."
. scripts/tap.sh
build=${BUILD:-build}
lists=$(echo check/mutants/*.mut)
temp=$(mktemp -d)
trap 'rm -rf "$temp"' EXIT

generate() { # arguments of generate.py; prints what it says, its status is $status
	status=0
	python3 check/mutants/generate.py "$@" >"$temp/said" 2>&1 || status=$?
}

# shellcheck disable=SC2086
generate --check $lists
result $status "the catalogue fits the source; names are unique, reasons and hints are in order" \
	"$(cat "$temp/said")"

# refused WHAT NEEDLE: the generator must refuse $temp/list.mut in one line that names both.
refused() {
	generate "$temp/list.mut"
	test $status != 0 && test "$(wc -l <"$temp/said")" = 1 && grep -q "$2" "$temp/said" &&
		result 0 "refused: $1" || result 1 "refused: $1" "$(cat "$temp/said")"
}

cat >"$temp/list.mut" <<'END'
mutant: stale
in: ferry_poll
edit: src/core/move.c
old: ferry_visit(f, &f->gone, poll_one, &next);
new:
END
refused "text that is not there" "src/core/move.c, ferry_poll(): stale "

cat >"$temp/list.mut" <<'END'
mutant: twice
edit: src/core/move.c
old: ferry_advance(f, i);
new:
END
refused "text that is there more than once" "src/core/move.c: twice "

cat >"$temp/list.mut" <<'END'
mutant: nowhere
in: no_such_function
edit: src/core/move.c
old: ferry_advance(f, i);
new:
END
refused "a function that is not there" "no function no_such_function"

cat >"$temp/list.mut" <<'END'
mutant: part-of-a-line
in: settle
edit: src/core/move.c
old: ferry_drain_begin(f, i)
new:
END
refused "a statement that is part of a line" "part-of-a-line"

cat >"$temp/list.mut" <<'END'
mutant: left
in: settle
edit: src/core/move.c
old: ferry_drain_begin(f, i);
	ferry_advance(f, i);
new:
mutant: right
in: settle
edit: src/core/move.c
old: ferry_advance(f, i);
	}
new: }
END
refused "ranges that cross" "left"

cat >"$temp/list.mut" <<'END'
mutant: same
in: settle
edit: src/core/move.c
old: ferry_ask_settle(f, i);
new:
mutant: same
in: settle
edit: src/core/move.c
old: ferry_ask_settle(f, i);
new:
END
refused "a name given twice" "same"

# Nested and identical ranges come out right: the inner one inside the outer's "else".
cat >"$temp/list.mut" <<'END'
mutant: outer
in: settle
edit: src/core/move.c
old: if (!ferry_remaining(f, i)) {
		ferry_drain_begin(f, i);
		ferry_advance(f, i);
	}
new: outer(f, i);
mutant: inner
in: settle
expr: src/core/move.c
old: !ferry_remaining(f, i)
new: inner(f, i)
mutant: again
in: settle
expr: src/core/move.c
old: !ferry_remaining(f, i)
new: again(f, i)
END
generate --out "$temp/out" "$temp/list.mut"
want='{ if (FERRY_MUTANT(1)) { outer(f, i); } else { if ((FERRY_MUTANT(2) ? (inner(f, i)) : '
want=$want'((FERRY_MUTANT(3) ? (again(f, i)) : (!ferry_remaining(f, i)))))) {'
tr -s ' \n\t' ' ' <"$temp/out/src/core/move.c" >"$temp/said"
grep -qF "$want" "$temp/said" && result 0 "ranges nest" ||
	result 1 "ranges nest" "$(grep -o 'if (FERRY_MUTANT.*ask_settle' "$temp/said")"

# Lines stay where they are: two more at the top, of which the second says #line 1.
# shellcheck disable=SC2086
generate --out "$temp/all" $lists
wrong=$(for file in $(find src -name '*.[ch]'); do
	test "$(wc -l <"$temp/all/$file")" = $(($(wc -l <"$file") + 2)) &&
		test "$(sed -n 2p "$temp/all/$file")" = "#line 1 \"$file\"" || echo "$file"
done)
test -z "$wrong" && result 0 "no line is moved" || result 1 "no line is moved" "$wrong"

storms=$build/mutants/test_storms
if MAKEFLAGS='' ${MAKE:-make} --no-print-directory -s B="$build" "$storms" >"$temp/said" 2>&1; then
	result 0 "it compiles"
	status=0
	timeout 60 "$storms" 1 2000 >"$temp/said" 2>&1 || status=1
	result $status "without a mistake chosen it passes the storms" \
		"$(grep -A1 '^not ok' "$temp/said")"
	status=1
	FERRY_MUTANT=W1-released-at-once timeout 60 "$storms" 1 2000 >"$temp/said" 2>&1 ||
		status=0
	result $status "with one it does not" "nothing was seen"
	# What no scenario does: SGIs.
	status=1
	FERRY_MUTANT=arm-555e5f1bd2-sgi-overtakes-stores timeout 60 "$storms" >"$temp/said" 2>&1 ||
		status=0
	result $status "nor with one of SGIs" "nothing was seen"
else
	result 1 "it compiles" "$(cat "$temp/said")"
fi

# Where a mistake is said to be seen by a unit test alone, it is: a name and a test in a line.
python3 - check/mutants/*vgic.mut >"$temp/units" <<'END'
import re, sys
sys.path.insert(0, "check/mutants")
import generate
for mutant in generate.read_catalogue(sys.argv[1:]):
    for test in re.findall(r"tests/(test_vgic_\w+)\.c", mutant.equivalent or "")[:1]:
        print(mutant.name, test)
END
if MAKEFLAGS='' ${MAKE:-make} --no-print-directory -s B="$build" mutants-unit >"$temp/said" 2>&1; then
	wrong=$(while read -r name test; do
		if FERRY_MUTANT=$name timeout 10 "$build/mutants/$test" >"$temp/said" 2>&1; then
			grep -q '^not ok' "$temp/said" || echo "$name: $test sees nothing"
		fi
	done <"$temp/units")
	result "$(test -z "$wrong"; echo $?)" "what unit tests alone see, they see" "$wrong"
else
	result 1 "unit tests compile with mistakes" "$(cat "$temp/said")"
fi

# The scenarios that are called H1 to H6 show the mistakes that are called so.
tool=$build/irqferry-mutants
if test -x "$tool"; then
	for hole in H1 H2 H3 H4 H5 H6; do
		"$tool" check --mutants --only "vgic-$hole" --list >"$temp/names"
		python3 - "$hole" >"$temp/scenarios" <<'END'
import re, sys
text = open("check/named.inc", encoding="utf-8").read()
for suite, why, parts in re.findall(r'{ "([\w-]+)", "([^"]*)",\s*((?:"[^"]*"\s*)+)}', text):
    if suite == "vgic" and why.startswith(sys.argv[1] + ":"):
        print("".join(re.findall(r'"([^"]*)"', parts)))
END
		seen=$(while read -r name; do
			while read -r scenario; do
				"$tool" check --mutant "$name" --scenario "$scenario" --max-seconds 60 \
					>"$temp/said" 2>&1 || echo "$name"
			done <"$temp/scenarios"
		done <"$temp/names")
		result "$(test -n "$seen"; echo $?)" "a scenario called $hole shows its mistake" \
			"$(cat "$temp/names" "$temp/scenarios")"
	done
	# So do those of sets of queues that are called after a commit of Linux's.
	"$tool" check --mutants --only managed-linux- --list >"$temp/names"
	python3 - >"$temp/scenarios" <<'END'
import re
text = open("check/named.inc", encoding="utf-8").read()
for commit, parts in re.findall(r'"linux (\w+):[^"]*",\s*((?:"[^"]*"\s*)+)}', text):
    print(commit, "".join(re.findall(r'"([^"]*)"', parts)))
END
	wrong=$(while read -r commit scenario; do
		name=$(grep "^managed-linux-$commit-" "$temp/names" | cut -d ' ' -f 1)
		status=0
		"$tool" check --mutant "$name" --scenario "$scenario" --max-seconds 60 \
			>"$temp/said" 2>&1 || status=$?
		case $status in 1|4) ;; *) echo "$commit: $status" ;; esac
	done <"$temp/scenarios")
	test -s "$temp/scenarios" || wrong="no scenario"
	result "$(test -z "$wrong"; echo $?)" "scenarios called after commits of Linux's show their mistakes" \
		"$wrong"
fi
echo "1..$n"
exit $failed
