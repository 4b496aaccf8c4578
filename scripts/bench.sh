#!/bin/sh
# SPDX-License-Identifier: MIT
# bench.sh <dir of the programs>: instructions of the library, counted by callgrind,
# so the same on every machine. The host's functions are not counted; in the inline
# flavour locks and atomics are the library's and are. Exit 1 if a limit is broken:
#
#   from the interrupt's entry to the end of ack: external <= 100, inline <= 60
#   virtual GIC, a list register free, inline: an interrupt comes on the CPU where its vCPU is
#   loaded, until it is in the list register: <= 250, with the entry <= 375; an interrupt comes
#   anywhere and its vCPU enters the guest with it in a list register: <= 750
set -eu

dir=$1
arrivals=$2
allocs=$3
tool=$4
status=0

# Exclusive cost of everything that was not compiled from bench/ (or libc), per round.
count() { # rounds, program and arguments
	rounds=$1
	shift
	valgrind --tool=callgrind --collect-atstart=no --callgrind-out-file="$dir/callgrind.out" \
		"$@" >"$dir/valgrind.log" 2>&1 || { cat "$dir/valgrind.log" >&2; exit 1; }
	callgrind_annotate --threshold=100 --show-percs=no "$dir/callgrind.out" |
		awk -v rounds="$rounds" '
			/^ *[0-9,]+ +[^ ]+:[^ ]+/ && /(src|platform)\// && !/bench\/[a-z]*\.c:/ {
				gsub(",", "", $1); sum += $1 }
			END { printf "%.1f\n", sum / rounds }'
}

limit() { # figure, limit, what
	awk -v f="$1" -v l="$2" 'BEGIN { exit !(f > 0 && f <= l) }' || {
		echo "LIMIT BROKEN: $3: $1, $2 allowed"
		status=1
	}
}

echo "Instructions of the library per MSI-X interrupt, no move under way, trace off"
for flavour in external inline; do
	ack=$(count "$arrivals" "$dir/$flavour/arrive" ack)
	entry=$(count "$arrivals" "$dir/$flavour/arrive" entry)
	whole=$(count "$arrivals" "$dir/$flavour/arrive" whole)
	printf '%10s: %6s to the end of ack, %6s up to the handler, %6s with what follows it\n' \
		$flavour "$ack" "$entry" "$whole"
	case $flavour in
	external) limit "$ack" 100 "external, entry to the end of ack" ;;
	inline) limit "$ack" 60 "inline, entry to the end of ack" ;;
	esac
done

echo
echo "Virtual GIC, a list register free; from the call that an interrupt comes ..."
for flavour in external inline; do
	# how, limit, what it is
	while IFS=: read -r how most what; do
		# shellcheck disable=SC2086
		inject=$(count "$arrivals" "$dir/$flavour/vgic_inject" inject $how)
		# shellcheck disable=SC2086
		physical=$(count "$arrivals" "$dir/$flavour/vgic_inject" physical $how)
		printf '%10s: %6s injected, %6s of a physical one: %s\n' $flavour "$inject" \
			"$physical" "$what"
		test $flavour != inline || {
			limit "$inject" "$most" "inline, injected: $what"
			limit "$physical" "$most" "inline, a physical one: $what"
		}
	done <<-END
		direct:250:... where its vCPU is loaded, to the list register
		whole:375:... the same, to the end of the entry
		:750:... anywhere, to the end of the entry
	END
done

echo
echo "Instructions of the library per operation, inline flavour"
printf '%6s %14s %14s %14s %14s %14s %14s\n' CPUs "create, full" "create, node" "create, half" \
	"create, one" "move, full" "free"
for cpus in 16 64 256 1024 4096; do
	printf '%6s' $cpus
	for what in "create full" "create node" "create half" "create one" "move full" "free full"; do
		# shellcheck disable=SC2086
		set -- $what
		printf ' %14s' "$(count "$allocs" "$dir/inline/alloc" "$1" $cpus "$2")"
	done
	echo
done

echo
echo "Plan of a CPU's departure, 170 interrupts with masks of 9 CPUs, inline flavour, in thousands"
printf '%6s %14s %14s %14s\n' CPUs "room" "none inside" "all but full"
for cpus in 16 256 4096; do
	printf '%6s' $cpus
	for what in room outside full; do
		# 4,096 full CPUs would be more interrupts than there are numbers.
		test $cpus-$what = 4096-full ||
			printf ' %14.0f' "$(count 1000 "$dir/inline/plan" $cpus 170 $what)"
	done
	echo
done

# Wall time, so no limit: another machine, another figure.
storm=scenarios/speed-64cpu.yaml
start=$(date +%s%N)
"$tool" run --quiet "$storm" >/dev/null
end=$(date +%s%N)
echo
echo "Simulated interrupts at 64 CPUs on one core: $((2000000000 / ((end - start) / 1000))) thousand a second"

# The explorer on one core, best of three. Wall time: a warning at most.
echo
best=0
for scenario in 'msix cpus=3 events=3 fence=root | 0: move 0 1; move 0 2' \
	'msix,msix cpus=3 events=3 | 0: move 0 1; move 1 2; offline'; do
	rate=$(for round in 1 2 3; do
		"$tool" check -j1 --quiet --scenario "$scenario" --json "$dir/check.json" >/dev/null
		python3 -c 'import json, sys
s = json.load(open(sys.argv[1]))["scenarios"][0]
print(int(s["states"] / s["seconds"]))' "$dir/check.json"
	done | sort -n | tail -n 1)
	echo "Checker, states a second on one core: $((rate / 1000)) thousand: $scenario"
	test "$rate" -le "$best" || best=$rate
done
test "$best" -ge 400000 || echo "WARNING: less than 400 thousand states a second"
echo "Its instructions, the five functions with most:"
valgrind --tool=callgrind --trace-children=yes --callgrind-out-file="$dir/check.out.%p" \
	"$tool" check -j1 --quiet --scenario 'msix cpus=2 events=2 fence=root | 0: move 0 1' \
	>"$dir/valgrind.log" 2>&1 || { cat "$dir/valgrind.log" >&2; exit 1; }
# Of its processes the one that searched has the largest profile.
# shellcheck disable=SC2012
largest=$(ls -S "$dir"/check.out.* | head -n 1)
callgrind_annotate --threshold=100 "$largest" |
	sed -n 's/^ *[0-9,]* *(\( *[0-9.]*%\)) *\([^ ]*:[^ ]*\).*/    \1 \2/p' | head -n 5
rm -f "$dir"/check.out.*
exit $status
