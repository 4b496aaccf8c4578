#!/bin/sh
# SPDX-License-Identifier: MIT
# Each wrong-on-purpose build must make the same storm report a loss, a
# misdelivery or a broken invariant; the right one must not. Prints TAP.
cd "$(dirname "$0")/.." || exit 1
build=${BUILD:-build}
storm=scenarios/stress-8cpu.yaml
n=0

n=$((n + 1))
if timeout 60 "$build/irqferry" run "$storm" >/dev/null 2>&1; then
	echo "ok $n - the library as it is survives $storm"
else
	echo "not ok $n - the library as it is survives $storm"
fi
for patch in tests/wrong/*.patch; do
	name=$(basename "$patch" .patch)
	n=$((n + 1))
	timeout 20 "$build/wrong/$name/irqferry" run "$storm" >"$build/wrong/$name/out" 2>&1
	code=$?
	found=$(grep -m 1 VIOLATION "$build/wrong/$name/out" | sed 's/.*VIOLATION *//')
	if [ "$code" = 1 ]; then
		echo "ok $n - $name: $found"
	else
		echo "not ok $n - $name was not noticed (exit code $code)"
	fi
done
echo "1..$n"
