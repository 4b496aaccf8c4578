#!/bin/sh
# SPDX-License-Identifier: MIT
# Each wrong-on-purpose build must make the same storm report a loss, a misdelivery or a
# broken invariant; the right one must not. queue-*: what is wrong is about devices with
# queues, and so is the storm. Prints TAP.
cd "$(dirname "$0")/.." || exit 1
build=${BUILD:-build}
stress=scenarios/stress-8cpu.yaml
queues=scenarios/queues-arm.yaml
n=0

for storm in $stress $queues; do
	n=$((n + 1))
	if timeout 60 "$build/irqferry" run "$storm" >/dev/null 2>&1; then
		echo "ok $n - the library as it is survives $storm"
	else
		echo "not ok $n - the library as it is survives $storm"
	fi
done
for patch in tests/wrong/*.patch; do
	name=$(basename "$patch" .patch)
	n=$((n + 1))
	case $name in
	queue-*) storm=$queues ;;
	*) storm=$stress ;;
	esac
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
