#!/bin/sh
# SPDX-License-Identifier: MIT
# What a CPU is called (index, affinity, target bit, redistributor) must not be taken for
# something else: each of these lines alone must fail to compile. Prints TAP.
set -eu
cd "$(dirname "$0")/.."
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
. scripts/tap.sh

compiles() { # statement
	printf '#include "arm/gic.h"\nvoid f(struct gic_cpu *c, uint32_t cpu);\n
		void f(struct gic_cpu *c, uint32_t cpu)\n{\n\t%s\n\t(void)c;\n\t(void)cpu;\n}\n' "$1" >"$tmp/t.c"
	${CC:-gcc} -std=c11 -ffreestanding -Iinclude -Isrc -fsyntax-only -Wall -Werror "$tmp/t.c" \
		2>"$tmp/log"
}

# The frame of these snippets is right: what does not mix compiles.
while read -r statement; do
	compiles "$statement" && code=0 || code=1
	result $code "compiles: $statement" "$(cat "$tmp/log")"
done <<'END'
c->mpidr = (struct ferry_mpidr){ cpu };
c->target = c->target;
c->rd.offset = 0x20000;
END

while read -r statement; do
	compiles "$statement" && code=1 || code=0
	result $code "does not: $statement" ""
done <<'END'
c->mpidr = cpu;
c->target = cpu;
c->target = 1 << cpu;
c->target = c->mpidr;
c->rd = cpu;
c->rd = c->mpidr;
c->mpidr = c->rd;
c->rd = c->target;
if (c->mpidr == cpu) cpu++;
cpu = c->mpidr;
cpu = c->target;
cpu += c->rd;
END

echo "1..$n"
exit $failed
