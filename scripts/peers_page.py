#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""peers_page.py DIR [--check] [--only WORD] [--page PAGE PLOTS]: the tables of `make bench-peers`
from the results in DIR. --check: exit 1 if a ratio that is required is missed. --page: write the
tables into PAGE, the picture into the directory PLOTS."""
import math
import os
import sys

from strategies_plots import COLOURS, FAINT, INK, Picture

SIZES = (16, 64, 256, 1024, 4096)
FLAVOURS = {"free": "Locks counted on neither side", "locked": "Locks counted on both sides"}
TITLES = (
    ("allocate", "Allocate"), ("adverse", "Allocate, the other half empty"), ("free", "Free"),
    ("reserve", "Managed: reserve"), ("managed", "Managed: allocate"),
    ("managed free", "Managed: free"), ("unreserve", "Managed: give up"), ("spread", "Spread"),
    ("prepare", "Beforehand"),
)
MASKS = {"full": "all CPUs", "node": "a node", "half": "random half", "one": "one CPU",
         "sparse": "one CPU of each 64"}
# How many times fewer instructions than Linux are required.
ALLOCATE = {
    "full": {16: 2, 256: 15, 4096: 150}, "node": {16: 1.5, 256: 5, 4096: 6},
    "half": {16: 1.5, 256: 8, 4096: 80},
}
FLAT = 1.10  # a CPU that leaves, 64 times the interrupts

HEADER = """\
This library and Linux {version} (kernel/irq/matrix.c, affinity.c, lib/group_cpus.c, Debian's source), the same
work in one process; instructions counted by callgrind, both compiled with {cc}
-O2 -mno-sse -mpopcnt; warm caches, one thread. libc's malloc and memset are counted on
neither side.

            Linux                           irqferry
  allocate  irq_matrix_alloc                ferry_backend.plan of x86
  free      irq_matrix_free                 ferry_backend.release, without the look at the IRR
  reserve   irq_matrix_reserve_managed      ferry_promises.promise
  managed   irq_matrix_alloc_managed        the same of a managed interrupt
  give up   irq_matrix_remove_managed       ferry_promises.give_up
  spread    irq_create_affinity_masks       {spread}
  before    cpumask_and, each time          ferry_set_make, ferry_set_put, where a mask is set
  locks     one for the whole machine,      one for each CPU
            vector_lock, taken by the
            caller around each operation

Also counted: irqferry's entry in the vector table (allocate, free). Counted on neither side: the interrupt's own
lock, interrupts off and on. "Before" is in no other row.
x: how many times fewer instructions irqferry takes. "same": that chose the same CPU; spread: groups that both
have, in whatever order. Times are of this machine, best of 30 batches of 64 or 16.
"""


def rows_of(path):
    with open(path, encoding="ascii") as f:
        return [line.rstrip("\n").split(";") for line in f]


def load(directory, flavour):
    """{(row, mask, n): {side: (instructions, ns)}}, and what was the same."""
    ops, same, out = {}, {}, {}
    for suffix in ("", "-ours"):
        base = f"{directory}/{flavour}{suffix}"
        if not os.path.exists(base + ".counts"):
            continue
        ns = {}
        for row, mask, n, side, count, best, equal, differ in rows_of(base + ".rows"):
            key = (row, mask, int(n))
            ops[key] = int(count)
            ns[key, side] = float(best)
            if equal and side == "irqferry":
                same[key] = (int(equal), differ)
        for row, mask, n, side, count in rows_of(base + ".counts"):
            key = (row, mask, int(n))
            if (key, side) in ns:
                out.setdefault(key, {})[side] = (int(count) / ops[key], ns[key, side])
    return out, same, ops


def required(row, mask, n):
    if row == "allocate":
        return ALLOCATE[mask].get(n) if mask in ALLOCATE else 1
    if row == "spread":
        return 3 if n >= 256 else None
    return {"reserve": 10, "free": 0.5}.get(row)


def number(value):
    return f"{value:,.0f}"


def ratio(value):
    return f"{value:.2f}" if value < 10 else f"{value:,.0f}"


def line_of(key, sides, same, ops, misses):
    row, mask, n = key
    linux, ours = sides.get("Linux"), sides.get("irqferry")
    text = f"  {n:>6} {number(linux[0]) if linux else '-':>12} "
    if not ours:
        return text + "not there yet"
    text += f"{number(ours[0]):>10} "
    if not linux:
        return text
    need, got = required(row, mask, n), linux[0] / ours[0]
    missed = need is not None and got < need
    if missed:
        misses.append(key)
    share = f"{100 * same[key][0] // ops_same(key, ops)}%" if key in same else ""
    return (text + f"{ratio(got):>7}x {f'{need:g}x' if need else '':>6} {'MISSED' if missed else '':<6} "
            f"{number(linux[1]):>9} {number(ours[1]):>8} {ratio(linux[1] / max(ours[1], 0.1)):>7}x "
            f"{share:>6}").rstrip()


def ops_same(key, ops):
    return int(key[1]) if key[0] == "spread" else ops[key]


def table(data, same, ops, misses, only):
    lines = [f"  {'CPUs':>6} {'Linux':>12} {'irqferry':>10} {'':>8} {'needed':>6} {'':6} "
             f"{'Linux, ns':>9} {'irqferry':>8} {'':>8} {'same':>6}"]
    for row, title in TITLES:
        masks = list(dict.fromkeys(key[1] for key in data if key[0] == row))
        for mask in masks:
            if only and only not in (row, mask):
                continue
            lines.append(f"{title}, {MASKS.get(mask, mask + ' groups')}")
            for key in sorted(k for k in data if k[:2] == (row, mask)):
                lines.append(line_of(key, data[key], same, ops, misses))
    return lines


def evacuation(data, misses):
    lines = ["A CPU with 16 interrupts leaves: ferry_cpu_leave, steps, doorbells, commit; irqferry alone.",
             "(Linux walks all descriptors, irq_migrate_all_off_this_cpu: not measured here.)"]
    for mask in ("full", "node"):
        first = None
        lines.append(f"  {MASKS[mask]}: interrupts of the machine, instructions, of the first line, ns")
        for key in sorted(k for k in data if k[:2] == ("evacuate", mask)):
            count, ns = data[key]["irqferry"]
            first = first or count
            missed = key[2] >= 64000 and count / first >= FLAT
            if missed:
                misses.append(key)
            lines.append((f"  {key[2]:>6} {number(count):>10} {count / first:>6.2f} "
                          f"{f'< {FLAT:.2f}' if key[2] >= 64000 else '':>6} "
                          f"{'MISSED' if missed else '':<6} {number(ns):>8}").rstrip())
    return lines


def version_of(directory):
    with open(f"{directory}/linux/Makefile", encoding="utf-8") as f:
        words = dict(line.split(" = ", 1) for line in f.read().splitlines()[:6] if " = " in line)
    return ".".join(words[k] for k in ("VERSION", "PATCHLEVEL", "SUBLEVEL"))


# ---- the picture -----------------------------------------------------------------------

def decades(p, box, low, high):
    """A plane of CPUs by instructions, both logarithmic: where a point is."""
    left, top, width, height = box
    x_of = lambda n: left + (math.log2(n) - 4) / 8 * width
    y_of = lambda v: top + height - (math.log10(v) - low) / (high - low) * height
    for power in range(low, high + 1):
        p.line(left, y_of(10 ** power), left + width, y_of(10 ** power), FAINT, 0.5)
        p.text(left - 6, y_of(10 ** power) + 4, number(10 ** power), "end")
    for n in SIZES:
        p.line(x_of(n), top, x_of(n), top + height, FAINT, 0.5)
        p.text(x_of(n), top + height + 16, str(n), "middle")
    p.line(left, top + height, left + width, top + height)
    p.line(left, top, left, top + height)
    p.text(left + width / 2, top + height + 34, "CPUs", "middle")
    return x_of, y_of


def curve(p, data, where, row, mask, side, colour):
    points = [(where[0](key[2]), where[1](data[key][side][0]))
              for key in sorted(k for k in data if k[:2] == (row, mask)) if side in data[key]]
    if not points:
        return
    text = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dash = ' stroke-dasharray="6,4"' if side == "Linux" else ""
    p.add(f'<polyline fill="none" stroke="{colour}" stroke-width="2"{dash} points="{text}"/>')
    for x, y in points:
        p.add(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>')


def panel(p, data, box, title, low, high, curves):
    where = decades(p, box, low, high)
    p.text(box[0], 24, title, size=14)
    x = box[0]
    for k, (row, mask, name) in enumerate(curves):
        p.line(x, 42, x + 14, 42, COLOURS[k], 2)
        p.text(x + 18, 46, name)
        x += 32 + 7 * len(name)
        for side in ("Linux", "irqferry"):
            curve(p, data, where, row, mask, side, COLOURS[k])


def plot(data, path):
    p = Picture(900, 400)
    panel(p, data, (80, 60, 350, 280), "Allocate: instructions", 2, 6,
          [("allocate", m, MASKS[m]) for m in ("full", "half", "node")])
    panel(p, data, (530, 60, 350, 280), "Reserve, spread: instructions", 2, 7,
          [("reserve", "full", "reserve, all CPUs"), ("spread", "8", "spread, 8 groups"),
           ("spread", "64", "64 groups")])
    p.line(80, 388, 110, 388, INK, 2, "6,4")
    p.text(116, 392, "Linux")
    p.line(170, 388, 200, 388, INK, 2)
    p.text(206, 392, "irqferry")
    p.save(path)


# ---- the page ---------------------------------------------------------------------------

def write_page(page, text):
    begin, end = "<!-- make bench-peers-page: from here -->\n", "<!-- to here -->\n"
    with open(page, encoding="utf-8") as f:
        head, rest = f.read().split(begin)
    tail = rest.split(end)[1]
    with open(page, "w", encoding="utf-8") as f:
        f.write(f"{head}{begin}\n```\n{text}```\n\n![]({'peers.svg'})\n\n{end}{tail}")


def main():
    directory, *words = sys.argv[1:]
    only = words[words.index("--only") + 1] if "--only" in words else None
    misses, lines = [], []
    compiler = "gcc " + os.popen("gcc -dumpversion").read().strip()
    lines += HEADER.format(version=version_of(directory), cc=compiler,
                           spread="ferry_spread_vectors").splitlines()
    for flavour, title in FLAVOURS.items():
        data, same, ops = load(directory, flavour)
        lines += ["", title] + table(data, same, ops, misses, only)
        if not only or only == "evacuate":
            lines += ["", *evacuation(data, misses)]
        if flavour == "free" and "--page" in words:
            plot(data, f"{words[words.index('--page') + 2]}/peers.svg")
    lines += ["", f"{len(misses)} required ratios are missed." if misses else
              "Every required ratio is met."]
    text = "\n".join(lines) + "\n"
    if "--page" in words:
        write_page(words[words.index("--page") + 1], text)
    else:
        print(text, end="")
    if misses and "--check" in words:
        sys.exit(1)


main()
