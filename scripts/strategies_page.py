#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""strategies_page.py PAGE <the output of `make strategies`: writes the tables of the page anew:
each block that begins with one of these words."""
import sys

HEADS = ("Assumed costs", "One move:", "rare:", "frequent:", "rate:", "many:", "descheduled:", "Lines of",
         "States of", "Instructions of", "Ticks and switches:", "Timers:")


def head_of(line):
    return next((h for h in HEADS if line.startswith(h)), None)


def main():
    chunks, current = {}, None
    for line in sys.stdin.read().splitlines():
        current = head_of(line) or current
        if current:
            chunks.setdefault(current, []).append(line)
    page, inside, skipping = [], False, False
    with open(sys.argv[1], encoding="utf-8") as f:
        lines = f.read().splitlines()
    for n, line in enumerate(lines):
        if line.startswith("```"):
            inside, skipping = not inside, False
            head = head_of(lines[n + 1]) if inside else None
            page.append(line)
            if head in chunks:
                page += "\n".join(chunks[head]).rstrip().splitlines()
                skipping = True
        elif not skipping:
            page.append(line)
    with open(sys.argv[1], "w", encoding="utf-8") as f:
        f.write("\n".join(page) + "\n")


main()
