#!/bin/sh
# SPDX-License-Identifier: MIT
# What the documents say of the files, as TAP: README.md shows the very lines of the
# example, names what is there, links lead somewhere. `readme.sh --write` puts the
# example's lines into README.md.
set -eu
cd "$(dirname "$0")/.."

example=examples/integrate.c
docs="README.md PORTING.md CAVEATS.md CHANGELOG.md DESIGN.md docs/*.md model/*.md examples/*/*.md"
. scripts/tap.sh

nothing() { # what, complaints: none is good
	test -z "$2" && result 0 "$1" || result 1 "$1" "$2"
}

# README.md as it should be: below each mark the lines between the example's marks.
filled() {
	awk -v example="$example" '
		/^<!-- examples\/integrate.c [0-9]+ -->$/ {
			from = "/* [readme " $3 "] */"; on = 0
			print; getline; print
			while ((getline line < example) > 0) {
				if (line == "/* [end] */") on = 0
				if (on) print line
				if (line == from) on = 1
			}
			close(example)
			while ((getline line) > 0 && line != "```") ;
			print "```"
			next
		}
		{ print }' README.md
}

if test "${1:-}" = --write; then
	new=$(mktemp)
	filled >"$new" && cat "$new" >README.md
	rm -f "$new"
	exit 0
fi

# Only blocks of README.md that are lines of the example; and each marked part is shown.
why=$(filled | diff README.md - || :)
nothing "README.md shows $example" "$why"
marks=$(grep -c '^/\* \[readme' $example)
shown=$(grep -c '^<!-- examples/integrate.c' README.md)
nothing "README.md shows all marked parts" "$(test "$marks" = "$shown" || echo "$marks marked, $shown shown")"

# Links to files, from where the document is.
# shellcheck disable=SC2086
why=$(for doc in $docs; do
	grep -o '](\([^)#]*\)[^)]*)' "$doc" | sed 's/^](//; s/[)#].*//' | while read -r link; do
		case $link in '' | *://*) continue ;; esac
		test -e "$(dirname "$doc")/$link" || echo "$doc: $link"
	done
done)
nothing "links lead to files" "$why"

# The map: each row's file groups are there, below its first room or the top; and each room that
# git knows has its row.
why=$(sed -n '/^## The map/,/^Each rule/{/^| \[/p}' README.md | while IFS= read -r row; do
	room=$(printf '%s\n' "$row" | sed 's/^| \[`\([^`]*\)`.*/\1/')
	printf '%s\n' "$row" | grep -o '`[^` ]*[*./][^` ]*`' | tr -d '`' | while IFS= read -r name; do
		# shellcheck disable=SC2086
		ls -d $room/$name $name 2>/dev/null | grep -q . || echo "$room: $name"
	done
done)
nothing "README.md: the map names files that are there" "$why"

why=$(git ls-files | sed -n 's|^\([a-z][^/]*\)/.*|\1|p' | sort -u | while read -r room; do
	sed -n '/^## The map/,/^Each rule/p' README.md | grep -q "^| .*\[\`$room[/\`]" || echo "$room"
done)
nothing "README.md: the map has every room" "$why"

# Paths anywhere else in README.md.
why=$(grep -o '`[a-z0-9]*/[^` ]*`' README.md | tr -d '`' | sort -u | while read -r path; do
	# shellcheck disable=SC2086
	test ! -d "${path%%/*}" || test "${path%%/*}" = build || ls -d $path >/dev/null 2>&1 ||
		echo "$path"
done)
nothing "README.md: its paths are there" "$why"

# The table of rules: file and function.
why=$(sed -n 's/^|.*(\(src[^)]*\)) | `\([a-z0-9_]*\)` |$/\1 \2/p' README.md | while read -r file name; do
	grep -Eq "(^|[ *])$name\(" "$file" 2>/dev/null || echo "$file has no $name"
done)
nothing "README.md: each rule is where it says" "$why"

why=$(sed -n '/^## Commands/,/^## /s/^| \(`make[^|]*\)|.*/\1/p' README.md | grep -o '`make [a-z-]*`' |
	tr -d '`' | while read -r _ target; do
	grep -Eq "^([a-z-]+ )*$target( [a-z-]+)*:" Makefile mk/*.mk || echo "make $target"
done)
nothing "README.md: its commands exist" "$why"

why=$(sed -n 's/^[[:space:]]*\(FERRY_X86_[A-Z_]*\) = [0-9],.*/\1/p' include/irqferry/x86.h |
	grep -v KINDS | while read -r kind; do
	grep -q "\`$kind\`" README.md || echo "$kind"
done)
nothing "README.md has every kind of source" "$why"

why=$(grep -o 'ferry_host_[a-z_]*(' include/irqferry/host.h | tr -d '(' | sort -u | while read -r name; do
	grep -q "$name" PORTING.md || echo "$name"
done)
nothing "PORTING.md has every function of host.h" "$why"

# The checker: what its documents must have, and what they name.
why=$(sed -n 's/^[[:space:]]*"  \(--[a-z-]*\).*/\1/p' tool/check_args.c | sort -u | grep -v -- --help |
	while read -r option; do
		grep -q -- "$option" docs/check.md || echo "$option"
	done)
nothing "docs/check.md has every option" "$why"

why=$(sed -n 's/^[[:space:]]*OP_[A-Z]*, *\/\* \([a-z]*\).*/\1/p' check/scenario.h | while read -r word; do
	grep -q "^|.*\`$word" docs/check-language.md || echo "$word"
done
sed -n '/^struct hardware/,/^};/s/.*; *\/\* \([a-z]*=*\).*/\1/p' check/scenario.h | while read -r word; do
	grep -q "^|.*\`$word" docs/check-language.md || echo "$word"
done)
nothing "docs/check-language.md has every operation and option of the hardware" "$why"

# shellcheck disable=SC2086
why=$(sed -n 's/.*--mutant \([A-Z][0-9][0-9]*\).*/\1/p; s/^mutant \([A-Za-z0-9-]*\)$/\1/p' $docs | sort -u |
	while read -r name; do
		grep -Eq "^mutant: $name(-|\$)" check/mutants/*.mut || echo "$name"
	done)
nothing "the mutants that the documents name are there" "$why"

echo "1..$n"
exit $failed
