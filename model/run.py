#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Run the Spin model on every line of scenarios.txt and, if its tools are there, the
explorer of the C on the same line; print one line of TAP for each.

A line passes if Spin's verdict is the expected one, its search was complete, and the
explorer agrees on clean or not."""

import argparse
import json
import os
import re
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
KINDS = {"msix": 0, "maskable": 0, "msi": 2, "edge": 3, "level": 4, "remapped": 5}
TWO_STEP = {"msi", "edge"}
OPTIONS = {
    "overtaking": "OVERTAKE", "fence=root": "ROOT", "bound=none": "NOBOUND",
    "bound=lies": "LIES", "ipi=late": "LATE", "leave=off": "OFFLEAVE",
    "nested": "NESTED", "pinned": "PINNED", "restore": "RESTORE", "undrained": "UNDRAINED",
    "cleanup=high": "HIGH",
}
OPS = {  # number in the model, fixed argument
    "move": (1, None), "offline": (2, 0), "online": (3, 0), "mask": (4, 1),
    "disable": (4, 2), "unmask": (5, 1), "enable": (5, 2), "free": (6, 0),
    "create": (7, 0), "settle": (8, 0),
}
VERDICTS = {1: "lost", 2: "duplicated", 3: "misdelivered", 4: "offline", 5: "broken",
            6: "deadlock"}
SCRIPT_LENGTH = (4, 3, 2, 0)  # operations the model has room for on each CPU


CYCLES = 50000  # cycles are searched where there are no more states than this


class Line:
    """One line of scenarios.txt."""

    def __init__(self, text):
        self.name, who, self.mutant, self.expected, self.scenario = text.split(None, 4)
        self.shared = {"both": True, "spin": False}[who]
        self.flags = flags_of(self.scenario)
        if self.mutant != "-":
            self.flags.append("-D" + self.mutant)

    def right(self):
        """The same scenario without the mistake."""
        return Line(" ".join((self.name + "-right", "both", "-", "clean", self.scenario)))


def read_lines(path):
    with open(path, encoding="utf-8") as file:
        text = "".join(row for row in file if row[0] != "#")
    return [Line(row) for row in re.sub(r"\n[ \t]+", " ", text).splitlines() if row.strip()]


def encode(op, cpus, irqs):
    word, *args = op.split()
    number, arg = OPS[word]
    irq = int(args[0]) if args else 0
    if irq >= irqs or len(args) != (0 if word in ("offline", "online") else
                                    2 if word == "move" else 1):
        raise ValueError(op)
    if word == "move":
        targets = range(cpus) if args[1] == "all" else map(int, args[1].split("+"))
        targets = list(targets)
        if max(targets) >= cpus:
            raise ValueError(op)
        arg = sum(1 << cpu for cpu in targets)
    return number << 5 | irq << 4 | arg


def flags_of(scenario):
    """The -D flags that make the model this scenario."""
    head, *threads = [part.strip() for part in scenario.split("|")]
    kinds, *words = head.split()
    kinds = kinds.split(",")
    values = dict(word.split("=") for word in words
                  if re.fullmatch(r"(cpus|events|vectors)=\d+", word))
    cpus, irqs = int(values["cpus"]), len(kinds)
    # Room for a current place, an old one and a transit slot of each interrupt on one CPU.
    vectors = 1 if irqs == 1 else irqs + sum(kind in TWO_STEP for kind in kinds)
    if irqs > 2 or cpus > 4 or cpus * vectors > 14 or int(values["events"]) > 4:
        raise ValueError("too large for the model: " + scenario)
    flags = ["-DNC=%d" % cpus, "-DNI=%d" % irqs, "-DNE=" + values["events"],
             "-DNV=%d" % vectors]
    flags += ["-DK%d=%d" % (n, KINDS[kind]) for n, kind in enumerate(kinds)]
    if "vectors" in values:
        if not set(kinds) <= {"msix", "maskable"} or "offline" in scenario or irqs != 2:
            raise ValueError("vectors= here: " + scenario)
        flags.append("-DVECTORS=" + values["vectors"])
    flags += ["-D" + OPTIONS[word] for word in words if word.split("=")[0] not in values]
    for thread in threads:
        cpu, ops = thread.split(":")
        ops = [op.strip() for op in ops.split(";")]
        if int(cpu) >= cpus or len(ops) > SCRIPT_LENGTH[int(cpu)]:
            raise ValueError(thread)
        for n, op in enumerate(ops):
            flags.append("-DS%d%d=%d" % (int(cpu), n, encode(op, cpus, irqs)))
    return flags


def run(command, cwd, limit):
    return subprocess.run(command, cwd=cwd, timeout=limit, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)


def spin(line, out, limit):
    """Verdict and numbers of Spin: {"verdict", "states", "transitions", "seconds"}."""
    where = os.path.join(out, line.name)
    os.makedirs(where, exist_ok=True)
    for old in os.listdir(where):
        os.remove(os.path.join(where, old))
    began = time.time()
    made = run(["spin", "-a", *line.flags, os.path.join(HERE, "move.pml")], where, limit)
    if made.returncode or not os.path.exists(os.path.join(where, "pan.c")):
        return {"verdict": "spin -a failed: " + made.stdout.strip()}
    text = pan(where, ["-DSAFETY"], [], limit)
    result = {"verdict": verdict_of(text), "cycles": ""}
    for key in ("states, stored", "transitions"):
        found = re.search(r"(\d+) " + key, text)
        result[key.split(",")[0]] = int(found.group(1)) if found else 0
    if result["verdict"] == "clean" and result["states"] <= CYCLES:
        # Events and starts only count up, so every cycle is one without progress.
        verdict = verdict_of(pan(where, ["-DNP"], ["-l"], limit))
        result.update(verdict=verdict, cycles=", no cycle" if verdict == "clean" else "")
    result["seconds"] = time.time() - began
    return result


def pan(where, build, options, limit):
    # Not optimised: the compiler would take longer than the search.
    made = run(["gcc", "-O0", *build, "-w", "-DNOREDUCE", "-DMEMLIM=1500", "-o", "pan",
                "pan.c"], where, limit)
    if made.returncode:
        return "gcc failed: " + made.stdout
    return run(["./pan", "-w20", "-m100000", *options], where, limit).stdout


def verdict_of(text):
    found = re.search(r"assertion violated .*\(\(?(\d)==0\)\)", text)
    if found:
        return VERDICTS[int(found.group(1))]
    if "invalid end state" in text.split("Full statespace", maxsplit=1)[0]:
        return "deadlock"
    if re.search(r"pan:\d+: non-progress cycle", text):
        return "livelock"
    if "errors: 0" in text and "not completed" not in text and "depth too small" not in text:
        return "clean"
    return "search not complete: " + text.split("\n")[0]


def explore(tool, line, out, limit):
    """Verdict and states of the explorer of the C."""
    report = os.path.join(out, line.name, "explorer.json")
    mutant = [] if line.mutant == "-" else ["--mutant", line.mutant]
    try:
        done = run([tool, "check", *mutant, "--json", report, "--scenario", line.scenario],
                   out, limit)
        with open(report, encoding="utf-8") as file:
            found = json.load(file)["scenarios"][0]
    except (OSError, ValueError, KeyError, IndexError, subprocess.TimeoutExpired) as error:
        return {"verdict": "explorer failed: %r" % error, "states": 0}
    verdict = "clean" if found["verdict"] == "passed" else found["verdict"]
    if verdict == "clean" and not found["exhausted"]:
        verdict = "not exhausted"
    if done.returncode != (verdict != "clean"):
        verdict = "exit code %d with %s" % (done.returncode, verdict)
    return {"verdict": verdict, "states": found["states"]}


def show(line, out, limit):
    """Print the steps of a counterexample."""
    result = spin(line, out, limit)
    where = os.path.join(out, line.name)
    trails = [name for name in os.listdir(where) if name.endswith(".trail")]
    if trails:
        if result["verdict"] != "livelock":  # the shortest one
            run(["./pan", "-w20", "-m100000", "-i"], where, limit)
        text = run(["spin", "-B", "-T", "-u10000", "-k", trails[0], *line.flags,
                    os.path.join(HERE, "move.pml")], where, limit).stdout
        print(text.split("\nspin: ", maxsplit=1)[0])
    print("# %s: %s" % (line.name, result["verdict"]))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("build", help="directory for what is built")
    parser.add_argument("--tool", help="explorer of the C")
    parser.add_argument("--mutant-tool", help="the same with its mutants")
    parser.add_argument("--table", action="store_true", help="a table for README.md at the end")
    parser.add_argument("--only", nargs="+", default=[], help="names of lines")
    parser.add_argument("--flags", action="store_true", help="print the -D flags and end")
    parser.add_argument("--show", action="store_true", help="print counterexamples and end")
    parser.add_argument("--right", action="store_true",
                        help="the lines of wrong variants, but right: all must be clean")
    parser.add_argument("--limit", type=float, default=300, help="seconds for each program")
    args = parser.parse_args()

    lines = read_lines(os.path.join(HERE, "scenarios.txt"))
    lines = [line for line in lines if not args.only or line.name in args.only]
    if args.right:
        lines = [line.right() for line in lines if line.mutant != "-"]
    os.makedirs(args.build, exist_ok=True)
    out = os.path.abspath(args.build)
    if args.flags or args.show:
        for line in lines:
            if args.flags:
                print(line.name, *line.flags)
            else:
                show(line, out, args.limit)
        return 0

    print("1..%d" % len(lines), flush=True)
    failed, rows, began = 0, [], time.time()
    for n, line in enumerate(lines, 1):
        result = spin(line, out, args.limit)
        ok = result["verdict"] == line.expected
        text = "spin %s (%d states%s)" % (result["verdict"], result.get("states", 0),
                                          result.get("cycles", ""))
        tool = args.tool if line.mutant == "-" else args.mutant_tool
        if tool and line.shared:
            other = explore(os.path.abspath(tool), line, out, args.limit)
            known = other["verdict"] in ("clean", "livelock", *VERDICTS.values())
            ok = ok and known and (other["verdict"] == "clean") == (line.expected == "clean")
            text += ", explorer %s (%d states)" % (other["verdict"], other["states"])
        failed += not ok
        print("%s %d - %s: %s" % ("ok" if ok else "not ok", n, line.name, text), flush=True)
        rows.append((line, result))
    if args.table:
        print("\n| scenario | verdict | states | transitions |\n| --- | --- | ---: | ---: |")
        for line, result in rows:
            print("| %s | %s%s | %d | %d |" % (
                line.name, result["verdict"], result.get("cycles", ""),
                result.get("states", 0), result.get("transitions", 0)))
    print("# %d of %d as expected, %.0f s" % (len(rows) - failed, len(rows),
                                              time.time() - began))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
