#!/bin/sh
# SPDX-License-Identifier: MIT
# The table of docs/balance.md is what `make policies` prints. Prints TAP.
set -eu
cd "$(dirname "$0")/.."
build=${BUILD:-build}
. scripts/tap.sh

want=$(sed -n '/^Busiest CPU/,/^```$/p' docs/balance.md | sed '$d')
got=$("$build/bench/policies")
test "$want" = "$got" && code=0 || code=1
result $code "docs/balance.md: the table is that of make policies" "$got"
echo "1..$n"
exit $failed
