#!/bin/sh
# SPDX-License-Identifier: MIT
# What `irqferry` runs is what an embedder links: the objects of libirqferry.a, compiled
# with nothing that the library's own build does not have, all of them, and nothing else
# under their names. Prints TAP.
set -eu
cd "$(dirname "$0")/.."
build=${BUILD:-build}
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
. scripts/tap.sh

ours() { # arguments of make
	make --no-print-directory "$@" "B=$build" 2>/dev/null
}

lines() { # file: is it empty? then ok
	test ! -s "$1" && echo 0 || echo 1
}

# shellcheck disable=SC2016
value() { # variable of the Makefile
	ours -s --eval="print-it: ; @printf '%s\n' \"\$($1)\"" print-it
}

sources=$(value FERRY_SRCS)
flags=$(value LIBFLAGS)
compile="$(value CC) $(value CFLAGS) $flags"
objects=$(for file in $sources; do echo "$build/${file%.c}.o"; done)

# ---- how they are compiled ----------------------------------------------------------

for word in $flags; do
	case $word in -D* | -U* | -include | -imacros | @*) echo "$word" ;; esac
done >"$tmp/log"
result "$(lines "$tmp/log")" "LIBFLAGS define nothing" "$(cat "$tmp/log")"

# The command that make would run for each; and the same made again has the same code.
for file in $sources; do
	object=$build/${file%.c}.o
	want="$compile -MMD -c $file -o $object"
	got=$(ours -n -W "$file" "$object" | grep -F -- " -c $file " || :)
	test "$(echo $got)" = "$(echo $want)" || printf '%s\n' "want $want" "got $got"
done >"$tmp/log"
result "$(lines "$tmp/log")" "each is compiled with CFLAGS and LIBFLAGS" "$(cat "$tmp/log")"

for file in $sources; do
	$compile -c "$file" -o "$tmp/again.o" 2>&1
	objcopy -g "$tmp/again.o" "$tmp/again.stripped"
	objcopy -g "$build/${file%.c}.o" "$tmp/there.stripped"
	cmp -s "$tmp/again.stripped" "$tmp/there.stripped" || echo "$file: other code"
done >"$tmp/log"
result "$(lines "$tmp/log")" "compiled again with them, each is the same" "$(cat "$tmp/log")"

# shellcheck disable=SC2086
cat $objects >"$tmp/objects"
ar p "$build/libirqferry.a" | cmp - "$tmp/objects" >"$tmp/log" 2>&1 || :
result "$(lines "$tmp/log")" "libirqferry.a is these objects" "$(cat "$tmp/log")"

# ---- what the program has -------------------------------------------------------------

# Code and constants of each object, wherever the linker put them, but for the words that
# it fills in. Needs x86-64; what has no name (strings, jump tables) is counted only.
cat >"$tmp/sections.py" <<'PY'
import struct
import sys

FILLED = {1: 8, 2: 4, 4: 4, 10: 4, 11: 4, 24: 8}  # by type: 64, PC32, PLT32, 32, 32S, PC64


class Elf:
    def __init__(self, name):
        self.name = name
        with open(name, 'rb') as file:
            self.data = file.read()
        if self.data[:6] != b'\x7fELF\x02\x01' or struct.unpack_from('<H', self.data, 18)[0] != 62:
            print('SKIP not x86-64')
            sys.exit(0)
        at, = struct.unpack_from('<Q', self.data, 40)
        size, n, names = struct.unpack_from('<HHH', self.data, 58)
        self.sections = [struct.unpack_from('<IIQQQQIIQQ', self.data, at + i * size)
                         for i in range(n)]
        self.names = [self.text(names, s[0]) for s in self.sections]
        self.symbols = []
        for s in self.sections:
            for k in range(0, s[5] if s[1] == 2 else 0, 24):
                name, info, _, where, value, _ = struct.unpack_from('<IBBHQQ', self.data, s[4] + k)
                if info & 15 in (1, 2):  # object, function
                    self.symbols.append((self.text(s[6], name), where, value))

    def text(self, section, offset):
        start = self.sections[section][4] + offset
        return self.data[start:self.data.index(b'\0', start)].decode()

    def bytes(self, section):
        s = self.sections[section]
        return bytearray(self.data[s[4]:s[4] + s[5]])

    def filled(self, section):
        for s in self.sections:
            for k in range(0, s[5] if s[1] == 4 and s[7] == section else 0, 24):
                offset, info, _ = struct.unpack_from('<QQq', self.data, s[4] + k)
                yield offset, FILLED[info & 0xffffffff]

    def at(self, address, size):
        for s in self.sections:
            if s[1] == 1 and s[2] & 2 and s[3] <= address and address + size <= s[3] + s[5]:
                start = s[4] + address - s[3]
                return bytearray(self.data[start:start + size])
        return bytearray()


def blank(code, holes):
    for offset, size in holes:
        code[offset:offset + size] = bytes(size)
    return code


program = Elf(sys.argv[1])
places = {}
for name, where, value in program.symbols:
    places.setdefault(name, []).append(value)
matched = unnamed = 0
for part in map(Elf, sys.argv[2:]):
    # What nobody calls is not linked.
    if not any(name in places for name, where, value in part.symbols if name.startswith('ferry_')):
        continue
    for i, s in enumerate(part.sections):
        # Data and code that are loaded, and not merged with others' (strings).
        if s[1] != 1 or not s[2] & 2 or not s[5]:
            continue
        mine = [(name, value) for name, where, value in part.symbols if where == i]
        if s[2] & 16 or not mine:
            unnamed += s[5]
            continue
        holes = list(part.filled(i))
        code = blank(part.bytes(i), holes)
        starts = set.intersection(*({a - value for a in places.get(name, [])}
                                    for name, value in mine))
        if any(blank(program.at(a, len(code)), holes) == code for a in starts):
            matched += len(code)
        else:
            print(f'{part.name}: its {part.names[i]} is not in the program')
print(f'FIGURES {matched} bytes of code and constants, {unnamed} of strings and jump tables')
PY

inside() { # program; leaves $code and $tmp/log
	# shellcheck disable=SC2086
	python3 "$tmp/sections.py" "$1" $objects >"$tmp/log" 2>&1 || echo "it failed" >>"$tmp/log"
	grep -v '^FIGURES' "$tmp/log" >"$tmp/bad" || :
	code=$(lines "$tmp/bad")
}

inside "$build/irqferry"
if grep -q '^SKIP' "$tmp/log"; then
	result 0 "the objects are in the program # SKIP not x86-64"
else
	result "$code" "the objects are in the program: $(sed -n 's/^FIGURES //p' "$tmp/log")" \
		"$(cat "$tmp/log")"
	# It must see a difference: in this one are other objects.
	inside "$build/irqferry-inline"
	result $((1 - code)) "... and not in irqferry-inline" "$(cat "$tmp/log")"
fi

defined() { # files
	nm --defined-only -g "$@" | awk '$3 ~ /^ferry_/ { print $3 }' | LC_ALL=C sort
}

# shellcheck disable=SC2086
defined $objects >"$tmp/library"
defined "$build/irqferry" | grep -v '^ferry_host_' >"$tmp/program"
# What nobody calls is not linked.
LC_ALL=C comm -13 "$tmp/library" "$tmp/program" >"$tmp/log"
result "$(lines "$tmp/log")" "its ferry_ names are the library's: $(grep -c . "$tmp/library")" \
	"$(cat "$tmp/log")"

# In whatever file, linked or not: a definition would win over the archive's.
# shellcheck disable=SC2046
for file in $(find "$build/sim" "$build/check" "$build/tool" -name '*.o' | LC_ALL=C sort); do
	# Files whose source has gone may have been left.
	name=${file#"$build/"}
	test -e "${name%.o}.c" || continue
	defined "$file" | grep -v '^ferry_host_' | sed "s|^|${name%.o}.c defines |" || :
done >"$tmp/log"
result "$(lines "$tmp/log")" "sim, check and tool define no other than ferry_host_..." \
	"$(cat "$tmp/log")"

echo "1..$n"
exit $failed
