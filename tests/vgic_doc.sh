#!/bin/sh
# SPDX-License-Identifier: MIT
# Tables of docs/vgic.md are what `make strategies` prints: all that takes little time to count, and
# one workload of the storms. `make strategies-page` writes them anew. Prints TAP.
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
check vgic_strategies rate
for head in "Assumed costs" "One move:" "Ticks and switches:" "rate:"; do
	grep -q "^$head" docs/vgic.md && code=0 || code=1
	result $code "docs/vgic.md: there is the table '$head'" ""
done
echo "1..$n"
exit $failed
