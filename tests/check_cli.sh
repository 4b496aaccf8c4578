#!/bin/bash
# SPDX-License-Identifier: MIT
# `irqferry check` and `irqferry replay`: their exit codes, their messages for bad input,
# shards, checkpoints, processes that die. Prints TAP. IRQFERRY=PATH tests another build.
cd "$(dirname "$0")/.." || exit 1
. tests/tool.sh

# A run to its end: this code, this last line, nothing on stderr.
ended() { # description code last-line
	[ "$code" = "$2" ] && [ ! -s "$tmp/err" ] && [ "$(tail -n 1 "$tmp/out")" = "$3" ]
	result $? "$1"
}

says() { # description text
	grep -qF -- "$2" "$tmp/out"
	result $? "$1"
}

good='msi cpus=2 events=2 | 0: move 0 1'
# The hardware breaks its word: an event is lost, whatever the library does.
bad='msix cpus=3 events=2 fence=root bound=lies | 0: move 0 1; move 0 2'
large='msix,msix cpus=3 events=9 fence=root | 0: move 0 1; move 1 2 | 1: move 0 2; move 1 0'

# ---- command line ----
usage() { # description text arguments
	run check "${@:3}"
	refused "$1" 2 "$2"
}
run help check; [ "$code" = 0 ] && grep -q '^example: ' "$tmp/out"; result $? "help check"
run help replay; [ "$code" = 0 ] && grep -q '^exit codes' "$tmp/out"; result $? "help replay"
usage "nothing to check" "nothing to check"
usage "no such suite" "--suite: 'all': one of commit" --suite all
usage "empty suite" "--suite: an empty name" --suite ''
usage "two tasks" "only one of" --suite named --scenario "$good"
usage "two tasks: mutants" "only one of" --suite named --mutants
usage "a file without --merge" "'x': a file is for --merge" --suite named x
usage "--merge without a file" "--merge: no FILE" --merge
usage "--search: no such" "--search: 'width': one of depth" --scenario "$good" --search width
usage "--runs for every state" "for random searches" --scenario "$good" --runs 4
usage "--runs: none" "--runs: '0': a number from 1" --scenario "$good" --search pct --runs 0
usage "--max-states: negative" "--max-states: '-1'" --scenario "$good" --max-states -1
usage "--max-memory: unit" "--max-memory: '5X': a number" --scenario "$good" --max-memory 5X
usage "--max-memory: two units" "--max-memory: '5GM'" --scenario "$good" --max-memory 5GM
usage "--max-memory: none" "--max-memory: '0'" --scenario "$good" --max-memory 0
usage "--max-memory: too much" "--max-memory: '99999999999G'" --scenario "$good" --max-memory 99999999999G
usage "-j 0" "-j: '0': a number from 1" --scenario "$good" -j 0
usage "-j 5000" "-j: '5000': at most" --scenario "$good" -j5000
for shard in 0/3 4/3 1/0 1 /3 1/ 1/3/3 a/b -1/3; do
	usage "--shard $shard" "--shard: '$shard': K/N" --suite named --shard=$shard
done
usage "--only alone" "--only is for --mutants" --suite named --only W
usage "--mutants and a table" "--mutants goes with" --mutants --table x
usage "--list and results" "--list goes with" --suite named --list --json x
usage "--no-minimise alone" "--no-minimise is for" --suite named --no-minimise
usage "a checkpoint of a breadth-first search" "only with --search depth" --scenario "$good" --search breadth --checkpoint x
run check --nonsense; [ "$code" = 2 ] && [ ! -s "$tmp/out" ]; result $? "unknown option"
run replay; refused "replay: nothing" 2 "no FILE"
run replay ''; refused "replay: empty name" 2 "FILE: an empty name"
run replay --nonsense; [ "$code" = 2 ]; result $? "replay: unknown option"

# ---- bad input ----
run check --scenario 'msi cpus=2 evnts=2'
refused "scenario: an option that is none" 3 "column 12, 'evnts=2': an option is expected"
run check --scenario "$good" --scenario 'msi cpus=2 events=2 | 2: offline'
refused "scenario: no such CPU" 3 "'msi cpus=2 events=2 | 2: offline': column 23, '2'"
run check --scenario "$good" --compare "$tmp/absent"
refused "--compare: no such file" 3 "$tmp/absent: can't be opened"
echo '12 passed' >"$tmp/table"
run check --scenario "$good" --compare "$tmp/table"; refused "--compare: no table" 3 "$tmp/table:1: "
printf '1 2 happy %s\n' "$good" >"$tmp/table"
run check --scenario "$good" --compare "$tmp/table"
refused "--compare: no verdict" 3 "$tmp/table:1: no such verdict"
run check --scenario "$good" --scenario "$bad" --resume "$tmp/table"
refused "--resume: no verdict" 3 "$tmp/table:1: no such verdict"
for option in --json --table --checkpoint; do
	run check --scenario "$good" --scenario "$good" $option "$tmp/absent/file"
	refused "$option: can't be made" 5 "$tmp/absent/file: can't be written"
done
touch "$tmp/file"
run check --scenario "$good" --keep "$tmp/file/dir"; refused "--keep: can't be made" 5 "$tmp/file/dir: can't be made"
cp "$irqferry" "$tmp/irqferry"
"$tmp/irqferry" check --mutants >"$tmp/out" 2>"$tmp/err"; code=$?
refused "no mutants" 4 'make mutants'
"$tmp/irqferry" check --mutant W1 --scenario "$good" >"$tmp/out" 2>"$tmp/err"; code=$?
refused "no mutant" 4 'make mutants'

# ---- searches ----
run check --scenario "  msi  events=2 cpus=2|0:move 0 1"; ended "a scenario" 0 "1 passed, 0 failed"
says "its name" "PASSED $good"; says "exhausted" ", exhausted"
says "bounds" "1 of 1 scenarios exhausted"; says "limits" "limits        none was reached"
run check --scenario "$good" --quiet
ended "--quiet" 0 "1 passed, 0 failed"; [ "$(wc -l <"$tmp/out")" = 1 ]; result $? "--quiet: one line"
run check --scenario "$large" --max-states 2000 --max-memory 1G
ended "a limit" 1 "0 passed, 1 failed"; says "which limit" "1 unfinished: states 1"
run check --scenario "$large" --max-seconds 1
ended "a limit of time" 1 "0 passed, 1 failed"; says "that limit" "1 unfinished: seconds 1"
run check --scenario "$good" --search breadth; ended "breadth first" 0 "1 passed, 0 failed"
for search in uniform pct starve; do
	run check --scenario "$good" --search $search --runs 50 --seed 3
	ended "$search" 0 "1 passed, 0 failed"; says "$search: how many" "50 random schedules of 1 scenarios"
done
run check --suite named --list
[ "$code" = 0 ] && [ ! -s "$tmp/err" ] && grep -qxF 'msix cpus=2 events=2 | 0: move 0 1' "$tmp/out"
result $? "--list"
cp "$tmp/out" "$tmp/all"
for k in 1 2 3; do
	run check --suite named --list --shard $k/3
	awk -v k=$k 'NR % 3 == k % 3' "$tmp/all" | cmp -s - "$tmp/out"; result $? "--list --shard $k/3"
done

# ---- counterexamples ----
run check --scenario "$good" --scenario "$bad" --keep "$tmp/keep" -j2
ended "a violation" 1 "1 passed, 1 failed"
says "which scenario" "FAILED $bad"; says "how to replay" "irqferry replay $tmp/keep/00001.txt"
[ "$(ls "$tmp/keep")" = 00001.txt ]; result $? "its counterexample alone is kept"
found=$tmp/keep/00001.txt
head -n 1 "$found" | grep -qx 'irqferry counterexample 1' && grep -q '^labels [0-9]* of [0-9]*$' "$found" &&
	grep -q '^scenario msix cpus=3 events=1 ' "$found" && grep -q '^fire.0  *# device 0 fires$' "$found"
result $? "a counterexample, minimised"
labels=$(sed -n 's/^labels \([0-9]*\) of.*/\1/p' "$found")
verdict=$(sed -n 's/^verdict //p' "$found")
run replay "$found"
[ "$code" = 1 ] && [ ! -s "$tmp/err" ]; result $? "replay"
[ "$(grep '^ *[0-9]*   ' "$tmp/out" | tail -n 1 | awk '{ print $1 }')" = "$labels" ] &&
	grep -q '^ *[0-9]*   step.0 x[0-9]* ' "$tmp/out"
result $? "replay: its steps"
says "replay: the verdict" "$verdict: "; says "replay: nothing is skipped" "$labels labels of the file, 0 skipped"
cp "$tmp/out" "$tmp/first"; run replay "$found"; cmp -s "$tmp/out" "$tmp/first"; result $? "replay: the same again"
run replay --all "$found"
[ "$code" = 1 ] && [ "$(wc -l <"$tmp/out")" -gt "$(wc -l <"$tmp/first")" ]; result $? "replay --all: more steps"
run check --scenario "$bad" --keep "$tmp/raw" --no-minimise
ended "--no-minimise" 1 "0 passed, 1 failed"
grep -qxF "scenario $bad" "$tmp/raw/00000.txt"; result $? "--no-minimise: the scenario as it was"
run check --scenario "$bad"; says "without --keep: what finds it again" "--keep . --scenario '$bad'"

sed 's/^library .*/library 0123456789ab/' "$found" >"$tmp/other.txt"
run replay "$tmp/other.txt"; refused "replay: another library" 3 "found in library 0123456789ab"
grep -q -- '--tolerant' "$tmp/err"; result $? "replay: what to do"
run replay --tolerant "$tmp/other.txt"; [ "$code" = 1 ]; result $? "replay --tolerant: another library"
awk '{ print } /^labels/ { print "take.1.fe" }' "$found" |
	sed "s/^labels [0-9]*/labels $((labels + 1))/" >"$tmp/stale.txt"
run replay "$tmp/stale.txt"
[ "$code" = 3 ] && grep -qF "stale.txt: label 1 (take.1.fe) can't happen here: the file is stale" "$tmp/err"
result $? "replay: stale"
run replay --tolerant "$tmp/stale.txt"
[ "$code" = 1 ]; result $? "replay --tolerant: stale"; says "replay --tolerant: skipped" "$labels labels of the file, 1 skipped"
sed 's/^fire.0.*/poll/' "$found" >"$tmp/fixed.txt"
run replay --tolerant "$tmp/fixed.txt"
[ "$code" = 0 ] && [ ! -s "$tmp/err" ]; result $? "replay --tolerant: nothing shows"
says "replay: what the file says" "the file says: $verdict"
run replay "$tmp/absent.txt"; refused "replay: no such file" 3 "$tmp/absent.txt: can't be opened"
sed '$d' "$found" >"$tmp/cut.txt"
run replay "$tmp/cut.txt"; refused "replay: cut short" 3 "labels: fewer of them than the file says"
sed 's/^scenario msix/scenario msiy/' "$found" >"$tmp/word.txt"
run replay "$tmp/word.txt"; refused "replay: a bad word" 3 "$tmp/word.txt:3: scenario: column 1, 'msiy'"
run replay "$found" "$tmp/cut.txt"; refused "replay: everything is read first" 3 "cut.txt"
sed 's/^scenario/mutant W1-x\n&/' "$found" >"$tmp/mutant.txt"
"$tmp/irqferry" replay "$tmp/mutant.txt" >"$tmp/out" 2>"$tmp/err"; code=$?
refused "replay: of a mutant" 4 'make mutants'
run replay --json "$found"
[ "$code" = 1 ] && [ ! -s "$tmp/err" ] && python3 - "$tmp/out" "$labels" "$verdict" <<'END'
import json, sys
top = json.load(open(sys.argv[1]))
assert set(top) == {"version", "library", "replays"}
one = top["replays"][0]
assert one["verdict"] == one["expected"] == sys.argv[3] and one["mutant"] is None
assert len(one["steps"]) == one["performed"] == int(sys.argv[2]) and one["skipped"] == 0
assert set(one["steps"][0]) == {"n", "label", "words", "own"}
END
result $? "replay --json"

# ---- results ----
suite=(--scenario "$good" --scenario "$bad" --scenario "$large" --scenario 'level cpus=2 events=1 | 0: move 0 1'
	--scenario 'edge cpus=2 events=1 | 0: move 0 1' --scenario 'remapped cpus=2 events=1 | 0: offline' --max-states 100000)
run check "${suite[@]}" --json "$tmp/all.json" --table "$tmp/all.txt"
ended "a list" 1 "4 passed, 2 failed"
python3 - "$tmp/all.json" <<'END'
import json, sys
top = json.load(open(sys.argv[1]))
assert set(top) == {"version", "library", "mutant", "suite", "suite_scenarios", "shard", "options",
                    "bounds", "totals", "seconds", "scenarios"}
assert top["suite"] is None and top["suite_scenarios"] == 6 and top["shard"] == {"k": 1, "n": 1}
assert top["options"]["search"] == "depth" and top["options"]["max_states"] == 100000
assert top["totals"]["passed"] == 4 and top["totals"]["failed"] == 2
assert top["bounds"]["exhausted"] == 4 and top["bounds"]["limits"]["states"] == 1
assert [s["index"] for s in top["scenarios"]] == list(range(6))
for s in top["scenarios"]:
    assert {"name", "states", "transitions", "exhausted", "verdict", "terminal", "depth", "seconds"} <= set(s)
assert [s["verdict"] for s in top["scenarios"]][2] == "unfinished" and top["scenarios"][2]["limit"] == "states"
assert "why" in top["scenarios"][1] and "why" not in top["scenarios"][0]
assert top["totals"]["states"] == sum(s["states"] for s in top["scenarios"])
END
result $? "--json"
[ "$(wc -l <"$tmp/all.txt")" = 6 ] && grep -qE "^[0-9]+ [0-9]+ passed ${good/|/\\|}$" "$tmp/all.txt" &&
	grep -qxF -- "- - unfinished $large" "$tmp/all.txt"
result $? "--table"
run check "${suite[@]}" -j1 --table "$tmp/again.txt" --compare "$tmp/all.txt"
cmp -s "$tmp/all.txt" "$tmp/again.txt"; result $? "--table: one process, the same"
! grep -q '^changed\|^new\|^gone\|^differences' "$tmp/out"; result $? "--compare: the same"
{ sed '1s/^[0-9]*/7/' "$tmp/all.txt" | sed 4d; echo '1 2 passed msi cpus=2 events=0'; } >"$tmp/old.txt"
run check --scenario "$good" --scenario 'level cpus=2 events=1 | 0: move 0 1' --compare "$tmp/old.txt" --quiet
[ "$code" = 1 ] && grep -q "^changed from 7 .* to .* passed ${good/|/\\|}$" "$tmp/out" &&
	grep -q '^new [0-9]* [0-9]* passed level' "$tmp/out" && [ "$(grep -c '^gone ' "$tmp/out")" = 5 ] &&
	grep -q '^differences  *7 to ' "$tmp/out" && [ "$(tail -n 1 "$tmp/out")" = "2 passed, 0 failed" ]
result $? "--compare: each difference"
if [ -c /dev/full ]; then
	run check --scenario "$good" --json /dev/full; [ "$code" = 5 ]; result $? "--json: full disk"
	"$irqferry" check --scenario "$good" >/dev/full 2>"$tmp/err"; [ $? = 5 ]; result $? "full disk"
fi

# ---- shards ----
for k in 1 2 3; do
	run check "${suite[@]}" --shard $k/3 --json "$tmp/$k.json"
done
run check --merge "$tmp"/[123].json --table "$tmp/merged.txt" --json "$tmp/merged.json"
ended "--merge" 1 "4 passed, 2 failed"
cmp -s "$tmp/all.txt" "$tmp/merged.txt"; result $? "--merge: the same table as without shards"
python3 - "$tmp/all.json" "$tmp/merged.json" <<'END'
import json, sys
one, two = (json.load(open(name)) for name in sys.argv[1:])
for top in one, two:
    del top["seconds"]
    for s in top["scenarios"]:
        del s["seconds"], s["memory"]
assert one == two
END
result $? "--merge: the same JSON, but for times"
run check --merge "$tmp"/[12].json; refused "--merge: one is missing" 3 "shard 3/3 is missing"
run check --merge "$tmp"/[123].json "$tmp/2.json"; refused "--merge: one twice" 3 "shard: 2/3 is in"
run check --merge "$tmp"/[12].json "$tmp/all.json"; refused "--merge: other shards" 3 "shard: of 1, and of 3"
merge_bad() { # description text sed-script
	sed "$3" "$tmp/2.json" >"$tmp/bad.json"
	run check --merge "$tmp"/1.json "$tmp/bad.json" "$tmp"/3.json
	refused "--merge: $1" 3 "$2"
}
merge_bad "another library" "bad.json: library: \"0123\"" 's/"library": ".*"/"library": "0123"/'
merge_bad "another suite" "bad.json: suite: \"commit\"" 's/"suite": null/"suite": "commit"/'
merge_bad "other options" "bad.json: max_states: 5" 's/"max_states": 100000/"max_states": 5/'
merge_bad "an index twice" "bad.json: scenarios: index 4" 's/"index": 1,/"index": 4,/'
merge_bad "a scenario missing" "bad.json: scenarios: index" 's/"index": 1,/"index": 3,/'
merge_bad "no verdict" "bad.json: scenarios: index 1" 's/"verdict": ".*"/"verdict": "fine"/'
merge_bad "cut short" "bad.json:" '20,$d'
merge_bad "something else" "bad.json: shard: missing" 's/"shard"/"sherd"/'
if parallel --version 2>/dev/null | grep -q 'GNU parallel'; then
	parallel --will-cite -j2 "$irqferry" check --suite named --max-states 2000 --quiet --shard {}/4 -j1 \
		--json "$tmp/p.{}.json" ::: 1 2 3 4 >"$tmp/out" 2>"$tmp/err"
	run check --merge "$tmp"/p.[1234].json --quiet --table "$tmp/p.txt"
	cp "$tmp/out" "$tmp/first"
	run check --suite named --max-states 2000 --quiet --compare "$tmp/p.txt"
	[ "$(tail -n 1 "$tmp/out")" = "$(tail -n 1 "$tmp/first")" ] && ! grep -q ^differences "$tmp/out"
	result $? "shards by GNU parallel"
else
	skip "shards by GNU parallel" "parallel is not installed"
fi

# ---- checkpoints ----
run check "${suite[@]}" --checkpoint "$tmp/done"
head -n 1 "$tmp/done" | grep -q '^# irqferry check: library ' && [ "$(wc -l <"$tmp/done")" = 6 ]
result $? "--checkpoint: what is finished"
head -n 3 "$tmp/done" >"$tmp/part"; printf '12 3' >>"$tmp/part"
run check "${suite[@]}" --resume "$tmp/part" --checkpoint "$tmp/part" --table "$tmp/resumed.txt"
ended "--resume" 1 "4 passed, 2 failed"; says "--resume: how many" "2 were finished before"
cmp -s "$tmp/all.txt" "$tmp/resumed.txt"; result $? "--resume: the same table"
sort "$tmp/done" >"$tmp/a"; sort "$tmp/part" | cmp -s - "$tmp/a"; result $? "--resume: the same checkpoint"
run check "${suite[@]}" --no-cycles --resume "$tmp/part"; refused "--resume: other options" 3 "$tmp/part:1: "
run check "${suite[@]}" --resume "$tmp/all.txt"; refused "--resume: no checkpoint" 3 "this is no checkpoint"
run check --scenario "$large" --max-states 20000 --checkpoint "$tmp/search"
[ "$code" = 1 ] && [ -s "$tmp/search" ]; result $? "--checkpoint of a search"
run check --scenario "$large" --max-states 30000 --resume "$tmp/search"
[ "$code" = 1 ] && grep -q 'states      [23][0-9][0-9][0-9][0-9],' "$tmp/out"; result $? "--resume of a search"

# ---- processes ----
begin() { # arguments: the tool with one worker in the background; leaves $pid, $worker
	"$irqferry" check -j1 "$@" >"$tmp/out" 2>"$tmp/err" &
	pid=$!
	worker=
	for _ in $(seq 100); do
		worker=$(pgrep -P $pid) && break
		sleep 0.05
	done
	sleep 0.3
}
begin --scenario "$large" --max-seconds 20 --scenario "$good"
kill -KILL "$worker"; wait $pid; code=$?
ended "a process that dies" 1 "1 passed, 1 failed"
says "that: which" "FAILED $large"; says "that: why" "broken      it crashed: signal 9"
begin --scenario "$large" --scenario "$good"
kill -TERM $pid; wait $pid; code=$?
ended "a signal" 1 "0 passed, 2 failed"; says "a signal: what is unfinished" "2 unfinished: signal 1, not run 1"

# ---- mutants ----
if [ -x "$(dirname "$irqferry")/irqferry-mutants" ]; then
	run check --mutants --only W1 --list
	[ "$code" = 0 ] && grep -q '^W1-' "$tmp/out" && grep -q '^W12-' "$tmp/out" && ! grep -qv '^W1' "$tmp/out"
	result $? "--mutants --only --list"
	n=$(wc -l <"$tmp/out")
	run check --mutants --only W1 --keep "$tmp/killed" --json "$tmp/mutants.json" --max-states 300000
	ended "--mutants" 0 "$n killed, 0 survived, 0 equivalent"
	python3 - "$tmp/mutants.json" "$n" <<'END'
import json, sys
top = json.load(open(sys.argv[1]))
assert top["killed"] == len(top["mutants"]) == int(sys.argv[2]) and top["survived"] == 0
labels = sorted(m["labels"] for m in top["mutants"])
assert top["most_labels"] == labels[-1] and top["median_labels"] == labels[(len(labels) - 1) // 2]
for m in top["mutants"]:
    assert {"name", "family", "place", "mistake", "equivalent", "verdict", "killed", "why", "scenario",
            "labels", "total", "searches", "states", "seconds", "file"} <= set(m)
END
	result $? "--mutants --json"
	[ "$(find "$tmp/killed" -name '*.txt' | wc -l)" = "$n" ]; result $? "--mutants --keep"
	run check --mutants --only W9999; refused "--only: none" 2 "--only: 'W9999': no mutant begins so"
	run check --mutant W12 --scenario 'edge cpus=1 events=1 | 0: mask 0' --keep "$tmp/edge"
	ended "--mutant" 1 "0 passed, 1 failed"
	grep -q '^mutant W12-' "$tmp/edge/00000.txt"; result $? "--mutant: its counterexample names it"
	run replay "$tmp/edge/00000.txt"
	[ "$code" = 1 ] && grep -q '^in a library with the mistake W12-' "$tmp/out"; result $? "replay: with its mutant"
	sed '/^mutant/d' "$tmp/edge/00000.txt" >"$tmp/right.txt"
	run replay --tolerant "$tmp/right.txt"; [ "$code" = 0 ]; result $? "replay: without it nothing shows"
	run replay "$tmp/edge/00000.txt" "$tmp/right.txt" --tolerant
	[ "$code" = 1 ] && [ "$(grep -c ' labels of the file, ' "$tmp/out")" = 2 ]; result $? "replay: one with, one without"
	run check --mutant W99999 --scenario "$good"; refused "--mutant: none" 2 "'W99999': no such mutant"
	sed 's/^mutant .*/mutant W99999/' "$tmp/edge/00000.txt" >"$tmp/unknown.txt"
	run replay "$tmp/unknown.txt"; refused "replay: of no such mutant" 3 "'W99999': no such mutant"
else
	skip "mutants" "no irqferry-mutants beside the tool: make mutants"
fi

# ---- what the documents show ----
# The file, the scenario and the number of states of each search that it shows.
shown() {
	awk -F "'" '
		/^\$ .*irqferry check --scenario / { name = $2; next }
		name != "" && /^  states / {
			split($0, word, "[ ,]+")
			print FILENAME "\t" name "\t" word[3]
		}
		/^  states |^```/ { name = "" }' README.md docs/check.md
}
shown >"$tmp/shown"
[ "$(cut -f1 "$tmp/shown" | sort -u | wc -l)" = 2 ]; result $? "README.md and docs/check.md show states"
while IFS=$'\t' read -r file name states; do
	run check --scenario "$name"
	[ "$code" = 0 ] && grep -q "^  states  *$states," "$tmp/out"
	result $? "$file: $states states of $name"
done <"$tmp/shown"

tested
