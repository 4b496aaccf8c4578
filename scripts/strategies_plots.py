#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""strategies_plots.py <dir of the programs> <dir> [moves|shares|ticks]: writes the pictures of
docs/vgic.md, as SVG."""
import math
import subprocess
import sys
from xml.sax.saxutils import escape

INK, FAINT = "#222", "#bbb"
COLOURS = ["#4477aa", "#228833", "#cc6677"]  # told apart by most eyes; also by order
FONT = 'font-family="sans-serif" font-size="12"'


class Picture:
    def __init__(self, width, height):
        self.width, self.height, self.parts = width, height, []

    def add(self, text):
        self.parts.append(text)

    def line(self, x1, y1, x2, y2, colour=INK, width=1.0, dash=""):
        self.add(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
                 f'stroke="{colour}" stroke-width="{width}"'
                 + (f' stroke-dasharray="{dash}"' if dash else "") + "/>")

    def rect(self, x, y, w, h, colour, opacity=1.0):
        self.add(f'<rect x="{x:.1f}" y="{y:.1f}" width="{w:.1f}" height="{h:.1f}" '
                 f'fill="{colour}" fill-opacity="{opacity}"/>')

    def text(self, x, y, what, anchor="start", turn=0, colour=INK, size=12):
        turned = f' transform="rotate({turn} {x:.1f} {y:.1f})"' if turn else ""
        self.add(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}" '
                 f'font-family="sans-serif" font-size="{size}"{turned}>{escape(what)}</text>')

    def path(self, points, colour, width=2.0):
        self.add('<polyline fill="none" stroke="%s" stroke-width="%s" points="%s"/>'
                 % (colour, width, " ".join(f"{x:.1f},{y:.1f}" for x, y in points)))

    def save(self, path):
        with open(path, "w", encoding="ascii") as f:
            f.write('<?xml version="1.0" encoding="UTF-8"?>\n<!-- SPDX-License-Identifier: MIT -->\n'
                    f'<svg xmlns="http://www.w3.org/2000/svg" width="{self.width}" '
                    f'height="{self.height}" viewBox="0 0 {self.width} {self.height}">\n'
                    f'<rect width="{self.width}" height="{self.height}" fill="#fff"/>\n')
            f.write("\n".join(self.parts) + "\n</svg>\n")


def run(*command):
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [line.split(";") for line in out.splitlines()]


def legend(p, x, y, entries):
    for name, colour, opacity in entries:
        p.rect(x, y - 10, 12, 12, colour, opacity)
        p.text(x + 17, y, name)
        x += 30 + 7 * len(name)


def scale_of(top):
    """Steps of an axis up to `top`: 1, 2 or 5 times a power of ten."""
    step = 10 ** math.floor(math.log10(top / 4))
    for factor in (1, 2, 5, 10):
        if top / (step * factor) <= 5:
            return step * factor
    return step * 10


def bars(p, box, groups, series, values, unit, stacked=None):
    """values[group][series]; stacked: what stands on top of it, paler."""
    left, top, width, height = box
    highest = max(max(v) for v in values)
    if stacked:
        highest = max(a + b for v, s in zip(values, stacked) for a, b in zip(v, s))
    step = scale_of(highest * 1.05)
    y_of = lambda v: top + height - v / (highest * 1.05) * height
    for k in range(int(highest * 1.05 / step) + 1):
        p.line(left, y_of(k * step), left + width, y_of(k * step), FAINT, 0.5)
        p.text(left - 6, y_of(k * step) + 4, f"{k * step:g}", "end")
    each = width / len(groups)
    bar = each * 0.8 / len(series)
    for g, name in enumerate(groups):
        for s, colour in enumerate(series):
            x = left + each * (g + 0.1) + bar * s
            p.rect(x, y_of(values[g][s]), bar - 2, top + height - y_of(values[g][s]), colour)
            if stacked and stacked[g][s] > 0:
                sum_ = values[g][s] + stacked[g][s]
                p.rect(x, y_of(sum_), bar - 2, y_of(values[g][s]) - y_of(sum_), colour, 0.4)
        for n, word in enumerate(name.split("\n")):
            p.text(left + each * (g + 0.5), top + height + 16 + 13 * n, word, "middle")
    p.line(left, top + height, left + width, top + height)
    p.text(left - 44, top + height / 2, unit, "middle", -90)


def moves(programs, out):
    rows = [r for r in run(f"{programs}/vgic_strategies", "--data") if r[0] != "rare"]
    names = list(dict.fromkeys(r[0] for r in rows))
    # The columns of enum vgic_event: 3 maintenance, 4 IPI; signed noise is nothing.
    take = lambda r, k: max(0.0, float(r[4 + k]) * 1000)
    groups, ipis, maintenance = [], [], []
    for name in names:
        mine = [r for r in rows if r[0] == name]
        for ask, word in ((0, "not asking"), (1, "asking")):
            groups.append(f"{name}\n{word}")
            ipis.append([take(r, 4) for r in mine[3 * ask:3 * ask + 3]])
            maintenance.append([take(r, 3) if k == 2 else 0.0
                                for k, r in enumerate(mine[3 * ask:3 * ask + 3])])
    p = Picture(860, 340)
    p.text(60, 22, "More IPIs (full) and maintenance interrupts (pale) for 1,000 moves", size=14)
    legend(p, 60, 44, [("lazy early", COLOURS[0], 1), ("lazy late", COLOURS[1], 1),
                       ("maintenance", COLOURS[2], 1)])
    bars(p, (60, 60, 780, 225), groups, COLOURS, ipis, "for 1,000 moves", maintenance)
    p.save(f"{out}/vgic-moves.svg")


def shares(programs, out):
    rows = run(f"{programs}/vgic_moves", "--data")
    left, top, width, height = 70, 50, 560, 280
    low, high = math.log10(0.03), math.log10(40)
    x_of = lambda r: left + (math.log10(r) - low) / (high - low) * width
    y_of = lambda s: top + height - s / 100 * height
    p = Picture(760, 400)
    p.text(left, 22, "Where maintenance is cheaper than lazy late: above the line", size=14)
    for s in range(0, 101, 20):
        p.line(left, y_of(s), left + width, y_of(s), FAINT, 0.5)
        p.text(left - 6, y_of(s) + 4, f"{s}%", "end")
    for r in (0.03, 0.1, 0.3, 1, 3, 10, 30):
        p.line(x_of(r), top, x_of(r), top + height, FAINT, 0.5)
        p.text(x_of(r), top + height + 16, f"{r:g}", "middle")
    curve = [r for r in rows if r[0] == "share"]
    points = [r for r in rows if r[0] == "machine"]
    for k, point in enumerate(points):
        p.path([(x_of(float(r[1])), y_of(float(r[2 + k]))) for r in curve], COLOURS[k])
        x, y = x_of(float(point[2])), y_of(float(point[3]))
        p.add(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{COLOURS[k]}"/>')
        p.text(left + width + 12, top + 20 + 20 * k, point[1], colour=COLOURS[k])
    p.text(left + width + 12, top + 90, "dots: as they")
    p.text(left + width + 12, top + 105, "are assumed")
    p.text(left + width / 2, top + height + 38, "what an IPI costs, in exits", "middle")
    p.text(left - 50, top + height / 2,
           "moves in flight after which it comes again", "middle", -90)
    p.text(x_of(8), y_of(80), "maintenance", "middle", size=14)
    p.text(x_of(0.15), y_of(30), "lazy late", "middle", size=14)
    p.line(left, top + height, left + width, top + height)
    p.line(left, top, left, top + height)
    p.save(f"{out}/vgic-share.svg")


def ticks(programs, out):
    rows = run(f"{programs}/vgic_ticks", "--data")
    words = {0: "tick", 2: "two,\none due", 3: "CTL\nbefore\nCVAL",
             4: "away\nand\nback", 5: "in the\nhandler", 6: "comes\nwhile\naway"}
    p = Picture(860, 340)
    p.text(60, 22, "us for each scheme: light (left), GICv2 (right)", size=14)
    legend(p, 60, 44, [("switched", COLOURS[0], 1), ("fixed", COLOURS[1], 1),
                       ("injected", COLOURS[2], 1)])
    for left, column in ((60, 2), (490, 4)):
        values = [[float(rows[3 * n + s][column]) for s in range(3)] for n in words]
        bars(p, (left, 60, 360, 225), list(words.values()), COLOURS, values, "us")
    p.save(f"{out}/vgic-ticks.svg")


def main():
    programs, out, *only = sys.argv[1:]
    for draw in (moves, shares, ticks):
        if not only or draw.__name__ in only:
            draw(programs, out)


if __name__ == "__main__":
    main()
