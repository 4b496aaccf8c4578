#!/bin/sh
# SPDX-License-Identifier: MIT
# Tables of docs/vgic.md are what `make strategies` prints: all that takes little time to count; with
# EXACT=1 one workload of the storms. `make strategies-page` writes them anew. Prints TAP.
set -eu
cd "$(dirname "$0")/.."
build=${BUILD:-build}
. scripts/tap.sh

# The page with what these programs print now is the page.
check() { # program and arguments
	program=$1
	shift
	cp docs/vgic.md "$build/vgic.md"
	"$build/bench/$program" "$@" >"$build/vgic.txt"
	python3 scripts/strategies_page.py "$build/vgic.md" <"$build/vgic.txt"
	code=0
	why=$(diff docs/vgic.md "$build/vgic.md") || code=1
	result $code "docs/vgic.md: the tables of $program are what it prints" \
		"make strategies-page writes them anew
$why"
}

check vgic_moves
check vgic_ticks
# Storms change with the least change of the library: their digits are make test-all's.
if test -n "${EXACT:-}"; then
	check vgic_strategies rate
else
	"$build/bench/vgic_strategies" rate >"$build/vgic.txt"
fi

# What the page concludes from that table. Fields from the end: IPIs, us on the heavy machine.
awk '/^  more per/ { mine = 1; next }
	mine && / (early|late|maintenance)/ {
		name = ($1 == "lazy" ? $2 : $1) (/ask/ ? "ask" : "")
		sub(",", "", name)
		ipis[name] = $(NF - 8)
		us[name] = $(NF - 3)
		rows++
	}
	END {
		exit !(rows == 6 && ipis["early"] > 1.5 * ipis["late"] && us["late"] < us["early"] &&
			us["late"] < us["maintenance"] && us["lateask"] > 2 * us["late"])
	}' "$build/vgic.txt" && code=0 || code=1
result $code "rate: lazy late costs least, lazy early sends more IPIs, asking more than doubles" \
	"$(cat "$build/vgic.txt")"
for head in "Assumed costs" "One move:" "Ticks and switches:" "rate:"; do
	grep -q "^$head" docs/vgic.md && code=0 || code=1
	result $code "docs/vgic.md: there is the table '$head'" ""
done
echo "1..$n"
exit $failed
