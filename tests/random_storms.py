#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Random machines, x86 and Arm, options and devices, each through a short storm.

    random_storms.py [--seed N] [--count N] [--tool PATH]

Scenario N is a function of N alone, so a failure is replayed by --seed N --count 1.
A scenario that leaves no room for its interrupts (exit code 4) is no failure. Exit
code 1 if any storm found a violation or the tool refused a scenario.
"""
import argparse
import collections
import os
import random
import subprocess
import sys
import tempfile

POLICIES = ["none", "none", "round-robin", "by-load"]
KINDS = ["msix", "msi-maskable", "msi", "ioapic-edge", "ioapic-level", "remapped"]


def flag(r, share):
    return "true" if r.random() < share else "false"


def options(r, cpus):
    return {
        "overtaking": flag(r, 0.4),
        "fence": r.choice(["irr", "root"]),
        "drain_ns": r.choice([2000, 20000, 100000]),
        "ipi_ns": r.choice([1, 2000, 20000]),
        "eoi_ns": r.choice([1, 2000, 20000]),
        "handler_ns": r.choice([50, 500, 5000]),
        "nested": flag(r, 0.4),
        "commit": r.choice(["random", "on", "off"]),
        "restore": flag(r, 0.6),
        "shared": flag(r, 0.25),
        "logical": r.choice(["none", "cluster"] + ["flat"] * (cpus <= 8)),
        "ext_dest": flag(r, 0.5),
        "directed_eoi": flag(r, 0.4),
        "remap_drains": flag(r, 0.5),
        "policy": r.choice(POLICIES),
    }


def any_device(r, n, kind):
    return {
        "name": f"d{n}",
        "kind": kind,
        "count": r.randint(1, 4),
        "period_ns": r.choice([1000, 5000, 20000, 100000]),
        "pattern": r.choice(["fixed", "poisson", "burst"]),
    }


def device(r, n, o):
    kind = r.choice(KINDS)
    d = any_device(r, n, kind)
    if o["overtaking"] == "false":
        d["ordered"] = flag(r, 0.5)
    if o["logical"] == "flat" or (o["logical"] == "cluster" and kind == "remapped"):
        d["several"] = flag(r, 0.6)
    if kind == "remapped":
        d["maskable"] = flag(r, 0.5)
    return d


def flow(mapping):
    return "{" + ", ".join(f"{k}: {v}" for k, v in mapping.items()) + "}"


def load(r):
    return {
        "events": 6000,
        "moves": r.choice([100, 1500]),
        "cycles": r.choice([0, 20, 200]),
        "recreations": r.choice([0, 100]),
        "masks": r.choice([0, 300]),
    }


def arm_options(r):
    return {
        "overtaking": flag(r, 0.4),
        "drain_ns": r.choice([20000, 20000, 100000]),
        "flight_ns": r.choice([1, 2000, 20000]),
        "handler_ns": r.choice([50, 500, 5000]),
        "nested": flag(r, 0.4),
        "commit": r.choice(["random", "on", "off"]),
        "restore": flag(r, 0.6),
        "weak": flag(r, 0.4),
        "policy": r.choice(POLICIES),
    }


def clusters(r, cpus):
    """Groups of affinities that differ in Aff1, sparse in Aff0, some far apart in Aff2 or Aff3."""
    groups = []
    while cpus:
        n = min(cpus, r.choice([1, 2, 4, 8, 16]))
        start = len(groups) << 8 | r.choice([0, 0, 1, 14, 16, 200])
        start |= r.choice([0, 0, 0x10000, 0x100000000, 0xff00ff0000])
        groups.append({"count": n, "mpidr_start": hex(start)})
        cpus -= n
    return "[" + ", ".join(flow(g) for g in groups) + "]"


def arm_device(r, n, gic):
    kinds = ["spi-edge", "spi-level"]
    if gic.get("its") == "true":
        kinds += ["lpi", "lpi"]
    if gic.get("espis"):
        kinds += ["espi-edge", "espi-level"]
    d = any_device(r, n, r.choice(kinds))
    if gic["version"] == 2:
        d["several"] = flag(r, 0.4)
    return d


def arm_scenario(r, seed):
    gic = {"version": r.choice([2, 3, 3, 3]), "split_eoi": flag(r, 0.4)}
    cpus = r.choice([1, 2, 2, 3, 4, 5, 8, 8])
    if gic["version"] == 3:
        gic.update(its=flag(r, 0.7), espis=r.choice([0, 32, 1024]))
        cpus = r.choice([cpus, cpus, 16, 70])
    groups = gic["version"] == 3 and r.random() < 0.6
    return [
        f"seed: {seed}",
        "gic: " + flow(gic),
        f"cpus: {clusters(r, cpus) if groups else cpus}",
        "options: " + flow(arm_options(r)),
        "load: " + flow(load(r)),
        "devices:",
    ] + ["  - " + flow(arm_device(r, n, gic)) for n in range(r.randint(1, 5))]


def x86_scenario(r, seed):
    cpus = r.choice([1, 2, 2, 3, 4, 5, 8, 8, 16, 70])
    o = options(r, cpus)
    first = r.choice([49, 64])
    return [
        f"seed: {seed}",
        f"cpus: {cpus}",
        "vectors: " + flow({"first": first, "last": r.choice([236, 236, first + 24])}),
        "options: " + flow(o),
        "load: " + flow(load(r)),
        "devices:",
    ] + ["  - " + flow(device(r, n, o)) for n in range(r.randint(1, 5))]


def scenario(seed):
    r = random.Random(seed)
    lines = arm_scenario(r, seed) if r.random() < 0.4 else x86_scenario(r, seed)
    return "\n".join(lines) + "\n"


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--count", type=int, default=2000)
    p.add_argument("--tool", default="build/irqferry")
    a = p.parse_args()
    codes = collections.Counter()
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "random.yaml")
        for seed in range(a.seed, a.seed + a.count):
            with open(path, "w", encoding="ascii") as f:
                f.write(scenario(seed))
            run = subprocess.run([a.tool, "run", "--quiet", path], capture_output=True, text=True)
            codes[run.returncode] += 1
            if run.returncode not in (0, 4):
                print(f"--seed {seed} --count 1: exit code {run.returncode}")
                print(run.stdout + run.stderr + scenario(seed))
            if sys.stderr.isatty() and seed % 100 == 0:
                print(f"\r{100 * (seed - a.seed) // a.count} %", end="", file=sys.stderr)
    bad = a.count - codes[0] - codes[4]
    print(f"{a.count} random scenarios from seed {a.seed}: {codes[0]} clean, "
          f"{codes[4]} without room, {bad} bad")
    return bad != 0


sys.exit(main())
