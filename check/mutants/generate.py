#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Make the library with every mistake of the catalogue in it, chosen at run time.

    generate.py [--root DIR] [--out DIR] [--check] FILE.mut ...

With --out, writes into that directory: a copy of src/ in which each edit stands
beside what it replaces, mutant.h, chosen.c and mutants_table.c. With --check, only
reads, and is strict about hints too.

A .mut file is a list of fields, one per line, `key: value`; a line that begins with a
blank goes on with the value above it; `#` in the first column begins a comment.

    mutant: NAME            begins one
    why: TEXT               what was wrong, and what this does to the code here
    scenario: TEXT          the smallest that should show it (at most four)
    equivalent: TEXT        why nothing can be seen of it
    in: FUNCTION            the texts below are in this function; `in:` alone: anywhere
    edit: FILE              statements, whole lines of them, replaced by none or more
    expr: FILE              an expression, replaced by another
    old: TEXT
    new: TEXT

Blanks in `old` stand for any blanks and comments. It must occur once; where it does not the
catalogue is stale, and that is an error. A range may lie inside another; ranges that
cross are an error. Every edit stays on the lines of what it replaces, so that #line
is right for debuggers and coverage.
"""
import argparse
import os
import re
import sys

SCENARIOS = 4
KINDS = {"msix", "maskable", "msi", "edge", "level", "remapped"}
ARM_KINDS = {"spi", "line", "lpi", "espi"}
GUEST_KINDS = {"hwedge", "hwlevel", "vedge", "vlevel", "sgi", "ppi"}
FLAGS = {"overtaking", "nested", "posted", "tso", "pinned", "shared", "flat", "directed",
         "restore", "undrained", "allow", "readonly", "initial", "pool", "planned", "slow", "weak", "split", "several", "ask", "eoimode1", "direct"}
VALUES = {"fence": r"root", "bound": r"none|lies", "ipi": r"late", "eoi": r"late",
          "leave": r"off", "irr": r"kept", "cleanup": r"high", "vectors": r"\d+",
          "away": r"\d(\+\d)*", "fail": r"\d+\+?", "gic": r"2", "poll": r"soon", "rd": r"kept",
          "vgic": r"2", "vcpus": r"[123]", "lrs": r"\d+", "strategy": r"late|maintenance",
          "scheme": r"fixed|injected", "masks": r"\d(\+\d)*(,\d(\+\d)*)*"}
OPS = {"move": r"\d \d(\+\d)*", "offline": "", "online": "", "rollback": "",
       "mask": r"\d", "unmask": r"\d", "disable": r"\d", "enable": r"\d", "free": r"\d",
       "create": r"\d", "settle": r"\d", "override": r"\d \d(\+\d)*",
       "overall": r"\d(\+\d)*", "cancel": "", "veto": "", "end": ""}
# With a guest: what its host does; what it does itself, where the script is of a vCPU.
HOST_OPS = {"offline": "", "online": "", "run": r"\d", "put": "", "inject": r"\d",
            "lower": r"\d", "drop": r"\d", "teardown": r"\d"}
GUEST_OPS = {"route": r"\d (\d|none)", "enable": r"\d", "disable": r"\d", "pend": r"\d",
             "unpend": r"\d", "activate": r"\d", "deactivate": r"\d", "prio": r"\d \d+",
             "group": r"\d [01]", "distoff": "", "diston": "", "off": "", "on": r"\d",
             "sgi": r"\d \d", "wfi": "", "mask": "", "arm": r"\d"}


class Stale(Exception):
    """One line for whoever reads the build's output."""


class Edit:
    def __init__(self, path, statement, function):
        self.path = path
        self.statement = statement
        self.function = function
        self.old = None
        self.new = None
        self.begin = self.end = 0


class Mutant:
    def __init__(self, name, family, where):
        self.name = name
        self.family = family
        self.where = where
        self.why = None
        self.equivalent = None
        self.scenarios = []
        self.edits = []
        self.number = 0


# ---- the catalogue ------------------------------------------------------------------


def fields(path):
    """(line number, key, value) of each field of a file."""
    field = None
    with open(path, encoding="utf-8") as stream:
        for number, line in enumerate(stream, 1):
            line = line.rstrip()
            if line.startswith("#"):
                continue
            if line[:1] in (" ", "\t") or not line:
                if field and line:
                    field[2] += "\n" + line.strip()
                continue
            if field:
                yield tuple(field)
            match = re.match(r"([a-z]+):\s*(.*)$", line)
            if not match:
                raise Stale(f"{path}:{number}: neither `key: value` nor the rest of one: {line}")
            field = [number, match.group(1), match.group(2)]
    if field:
        yield tuple(field)


def text_of(value):
    return re.sub(r"\s+", " ", value).strip()


def set_field(mutant, key, value, state, where):
    edit = mutant.edits[-1] if mutant.edits else None
    if key in ("why", "equivalent"):
        setattr(mutant, key, text_of(value))
    elif key == "scenario":
        mutant.scenarios.append(text_of(value))
        if len(mutant.scenarios) > SCENARIOS:
            raise Stale(f"{where}: more than {SCENARIOS} scenarios")
    elif key == "in":
        state["function"] = value or None
    elif key in ("edit", "expr"):
        mutant.edits.append(Edit(value, key == "edit", state.get("function")))
    elif key == "old" and edit and edit.old is None:
        edit.old = value.strip()
        edit.function = state.get("function")
    elif key == "new" and edit and edit.old and edit.new is None:
        edit.new = value.strip()
    else:
        raise Stale(f"{where}: `{key}` is not expected here")


def read_catalogue(paths):
    mutants = []
    names = {}
    for path in paths:
        family = os.path.splitext(os.path.basename(path))[0]
        state = {}
        for number, key, value in fields(path):
            where = f"{path}:{number}"
            if key == "mutant":
                if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]*", value):
                    raise Stale(f"{where}: not a name: {value}")
                if value in names:
                    raise Stale(f"{where}: {value} is the name of another, at {names[value]}")
                names[value] = where
                state = {}
                mutants.append(Mutant(value, family, where))
            elif not mutants or mutants[-1].family != family:
                raise Stale(f"{where}: `{key}` before the first mutant")
            else:
                set_field(mutants[-1], key, value, state, where)
    for number, mutant in enumerate(mutants, 1):
        mutant.number = number
        if not mutant.edits:
            raise Stale(f"{mutant.where}: {mutant.name} changes nothing")
        for edit in mutant.edits:
            if not edit.old:
                raise Stale(f"{mutant.where}: {mutant.name}: an edit without `old`")
            edit.new = edit.new or ""
            if not edit.statement and not edit.new:
                raise Stale(f"{mutant.where}: {mutant.name}: an expression without `new`")
    return mutants


def check_op(op, ops, kinds, cpus):
    """Is it one of `ops`? What it moves exists."""
    name, _, args = op.partition(" ")
    if name not in ops or not re.fullmatch(ops[name], args):
        return False
    numbers = [int(number) for number in re.findall(r"\d+", args)]
    if name == "overall":
        return all(c < cpus for c in numbers)
    if numbers and name not in ("run", "on") and numbers[0] >= kinds:
        return False
    return name not in ("move", "override") or all(c < cpus for c in numbers[1:])


def check_head(words):
    """What is wrong with options, or None; and their values."""
    seen = {}
    for word in words:
        key, equals, value = word.partition("=")
        if equals and key in ("cpus", "events"):
            if not re.fullmatch(r"\d", value):
                return word, seen
        elif word not in FLAGS and not (equals and re.fullmatch(VALUES.get(key, "$^"), value)):
            return word, seen
        if key in seen:
            return f"{key} twice", seen
        seen[key] = value
    if "cpus" not in seen or "events" not in seen:
        return "cpus= or events= is lacking", seen
    return None, seen


def check_scenario(text):
    """What is wrong with a hint, or None."""
    parts = [part.strip() for part in text.split("|")]
    words = parts[0].split()
    kinds = words[0].split(",") if words else []
    if len(kinds) > 3 or not kinds or not any(set(kinds) <= family for family in
                                              (KINDS, ARM_KINDS, GUEST_KINDS)):
        return "kinds"
    wrong, seen = check_head(words[1:])
    if wrong:
        return wrong
    guest = set(kinds) <= GUEST_KINDS
    scripts = set()
    for part in parts[1:]:
        cpu, colon, ops = part.partition(":")
        cpu = cpu.strip()
        last = int(seen.get("vcpus", 2)) if cpu[:1] == "g" else int(seen["cpus"])
        known = GUEST_OPS if cpu[:1] == "g" else HOST_OPS if guest else OPS
        number = cpu[guest and cpu[:1] == "g":]
        if not colon or not number.isdigit() or int(number) >= last or cpu in scripts:
            return part
        scripts.add(cpu)
        for op in ops.split(";"):
            if not check_op(op.strip(), known, len(kinds), int(seen["cpus"])):
                return op.strip()
    return None


def check_strictly(mutants):
    for mutant in mutants:
        if not mutant.family.startswith("mechanical") and not mutant.why:
            raise Stale(f"{mutant.where}: {mutant.name} does not say why")
        for scenario in mutant.scenarios:
            wrong = check_scenario(scenario)
            if wrong:
                raise Stale(f"{mutant.where}: {mutant.name}: scenario, at `{wrong}`: {scenario}")


# ---- finding the texts --------------------------------------------------------------


COMMENT = r"/\*(?:[^*]|\*(?!/))*\*/"
BLANK = rf"(?:\s|{COMMENT})+"


def pattern_of(old):
    words = re.sub(COMMENT, " ", old).split()
    return re.compile(BLANK.join(re.escape(word) for word in words))


def function_span(source, name):
    """From the line that begins the definition to its closing brace."""
    spans = []
    for match in re.finditer(r"^(?![#\s/*}]).*\b%s\(" % re.escape(name), source, re.MULTILINE):
        brace = source.find("\n{", match.start())
        semicolon = source.find(";", match.start())
        if brace < 0 or (0 <= semicolon < brace):
            continue
        end = source.find("\n}", brace)
        spans.append((match.start(), end + 2))
    return spans[0] if len(spans) == 1 else None


def locate(mutant, edit, source):
    begin, end = 0, len(source)
    place = edit.path
    if edit.function:
        span = function_span(source, edit.function)
        if not span:
            raise Stale(f"{edit.path}: {mutant.name} ({mutant.where}): "
                        f"no function {edit.function} there")
        begin, end = span
        place += f", {edit.function}()"
    found = list(pattern_of(edit.old).finditer(source, begin, end))
    if len(found) != 1:
        raise Stale(f"{place}: {mutant.name} ({mutant.where}): its old text is there "
                    f"{len(found)} times: {text_of(edit.old)}")
    edit.begin, edit.end = found[0].span()
    before = source[source.rfind("\n", 0, edit.begin) + 1:edit.begin]
    newline = source.find("\n", edit.end)
    rest = source[edit.end:newline].strip()
    if edit.statement and (before.strip() or (rest and not rest.startswith("/*"))):
        raise Stale(f"{place}: {mutant.name} ({mutant.where}): "
                    f"an edit is of whole lines: {text_of(edit.old)}")


# ---- writing ------------------------------------------------------------------------


def one_line(text):
    """Without comments and newlines."""
    return text_of(re.sub(COMMENT, " ", text))


def wrap(mutant, edit):
    """What comes before and after the old text."""
    new = one_line(edit.new)
    if edit.statement:
        return f"{{ if (FERRY_MUTANT({mutant.number})) {{ {new} }} else {{ ", " }}"
    return f"(FERRY_MUTANT({mutant.number}) ? ({new}) : (", "))"


def check_ranges(path, ranges):
    """Ordered: what holds another comes before it. Nested properly, or an error."""
    stack = []
    for mutant, edit in ranges:
        while stack and stack[-1][1].end <= edit.begin:
            stack.pop()
        for other, outer in stack:
            if edit.end > outer.end:
                raise Stale(f"{path}: {mutant.name} and {other.name} change ranges that cross")
            if other is mutant:
                raise Stale(f"{path}: {mutant.name} changes a range inside another of its own")
            if edit.statement and not outer.statement:
                raise Stale(f"{path}: {mutant.name} changes statements inside an expression")
        stack.append((mutant, edit))


def mutate(path, source, ranges):
    ranges.sort(key=lambda pair: (pair[1].begin, -pair[1].end, not pair[1].statement))
    check_ranges(path, ranges)
    opening, closing = {}, {}
    for order, (mutant, edit) in enumerate(ranges):
        before, after = wrap(mutant, edit)
        opening.setdefault(edit.begin, []).append((order, before))
        closing.setdefault(edit.end, []).append((-order, after))
    pieces, last = [], 0
    for at in sorted(set(opening) | set(closing)):
        pieces.append(source[last:at])
        pieces += [text for _, text in sorted(closing.get(at, []))]
        pieces += [text for _, text in sorted(opening.get(at, []))]
        last = at
    pieces.append(source[last:])
    return f'#include "mutant.h"\n#line 1 "{path}"\n' + "".join(pieces)


def c_string(text):
    if text is None:
        return "0"
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def table(mutants, sources):
    rows = []
    for mutant in mutants:
        edit = mutant.edits[0]
        line = sources[edit.path].count("\n", 0, edit.begin) + 1
        strings = [mutant.name, mutant.family, f"{edit.path}:{line}", mutant.why,
                   mutant.equivalent]
        hints = ", ".join(c_string(s) for s in mutant.scenarios) or "0"
        rows.append("\t{ " + ",\n\t  ".join(c_string(s) for s in strings) +
                    f",\n\t  {{ {hints} }} }},\n")
    return ("/* Generated. SPDX-License-Identifier: MIT */\n"
            '#include "check/mutants/mutants.h"\n\n'
            "const struct ferry_mutant_entry ferry_mutants[] = {\n" + "".join(rows) + "};\n"
            f"const uint32_t ferry_mutants_count = {len(mutants)};\n")


HEADER = """/* Generated. SPDX-License-Identifier: MIT */
#ifndef FERRY_MUTANT
#include <stdint.h>
extern uint32_t ferry_mutant;
#define FERRY_MUTANT(n) __builtin_expect(ferry_mutant == (n), 0)
#endif
"""
CHOSEN = """/* Generated. SPDX-License-Identifier: MIT */
#include "mutant.h"
uint32_t ferry_mutant;
"""


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(text)


def read_sources(root):
    sources = {}
    for directory, _, names in os.walk(os.path.join(root, "src")):
        for name in names:
            if name.endswith((".c", ".h")):
                path = os.path.join(directory, name)
                with open(path, encoding="utf-8") as stream:
                    sources[os.path.relpath(path, root)] = stream.read()
    return sources


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--root", default=".")
    parser.add_argument("--out")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("catalogue", nargs="+")
    args = parser.parse_args()

    mutants = read_catalogue(args.catalogue)
    if args.check:
        check_strictly(mutants)
    sources = read_sources(args.root)
    ranges = {path: [] for path in sources}
    for mutant in mutants:
        for edit in mutant.edits:
            if edit.path not in sources:
                raise Stale(f"{edit.path}: {mutant.name} ({mutant.where}): no such file")
            locate(mutant, edit, sources[edit.path])
            ranges[edit.path].append((mutant, edit))
    copies = {path: mutate(path, sources[path], ranges[path]) for path in sources}
    if args.check:
        print(f"{len(mutants)} mutants")
    if not args.out:
        return
    for path, text in copies.items():
        write(os.path.join(args.out, path), text)
    write(os.path.join(args.out, "src/mutant.h"), HEADER)
    write(os.path.join(args.out, "src/chosen.c"), CHOSEN)
    write(os.path.join(args.out, "mutants_table.c"), table(mutants, sources))


if __name__ == "__main__":
    try:
        main()
    except Stale as stale:
        sys.exit(f"generate.py: {stale}")
