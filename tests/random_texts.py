#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Garbled inputs: recorded machines and scenarios, cut, spliced and with other bytes.

    random_texts.py [--seed N] [--count N] [--tool PATH]

Each is run, or refused with one line that names the file; nothing else. Text N is a
function of N alone, so a failure is replayed by --seed N --count 1. Exit code 1 if the
tool did anything else.
"""
import argparse
import collections
import glob
import os
import random
import re
import subprocess
import sys
import tempfile

WORDS = re.compile(rb"[A-Za-z0-9_.-]+|\s+|[^A-Za-z0-9_.\s-]")
EXTRA = [b"GICv2", b"GICv3", b"GIC-0", b"ITS-MSI", b"MSI", b"IO-APIC", b"Level", b"Edge", b"lpi",
         b"2-edge", b"4096", b"5119", b"1019", b"0", b"-1", b"18446744073709551616", b"gic",
         b"version", b"mpidr_start", b"intid", b"{", b"]", b":", b"\n", b"\t", b"\0", b"\xff"]


def garble(r, text):
    words = WORDS.findall(text)
    for _ in range(r.choice([0, 1, 1, 2, 5])):
        i = r.randrange(len(words))
        how = r.randrange(5)
        if how == 0:
            words[i] = r.choice(EXTRA)
        elif how == 1:
            words[i] = r.choice(words)
        elif how == 2:
            words.insert(i, r.choice(EXTRA))
        elif how == 3:
            del words[i:i + r.choice([1, 1, 40])]
        else:
            words[i:i] = words[r.randrange(len(words)):][:r.randint(1, 60)]
        if not words:
            return b""
    text = b"".join(words)
    return text[:r.randrange(len(text) + 1)] if r.random() < 0.2 else text


def write(path, data):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(data)


def arguments(r, texts, folder):
    name, text = r.choice(texts)
    if name.endswith(".yaml"):
        write(folder + "/x.yaml", garble(r, text))
        return [folder + "/x.yaml"]
    with open(os.path.join(name, "sys/devices/system/cpu/online"), "rb") as f:
        online = f.read()
    write(folder + "/proc/interrupts", garble(r, text))
    write(folder + "/sys/devices/system/cpu/online", garble(r, online) if r.random() < 0.1 else online)
    return ["--machine", folder]


def wrong(run, folder):
    if run.returncode == 0:
        return run.stderr != b""
    told = run.stderr.count(b"\n") == 1 and folder.encode() in run.stderr
    return run.returncode not in (3, 4) or not told or run.stdout != b""


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--count", type=int, default=2000)
    p.add_argument("--tool", default="build/irqferry")
    a = p.parse_args()
    texts = [(n, open(n, "rb").read()) for n in sorted(glob.glob("scenarios/*.yaml"))]
    texts += [(n, open(n + "/proc/interrupts", "rb").read())
              for n in sorted(glob.glob("tests/data/*-*cpu"))]
    codes = collections.Counter()
    bad = 0
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(a.seed, a.seed + a.count):
            args = arguments(random.Random(seed), texts, folder)
            run = subprocess.run([a.tool, "run", "--events", "20", *args], capture_output=True)
            codes[run.returncode] += 1
            if wrong(run, folder):
                bad += 1
                print(f"--seed {seed} --count 1: exit code {run.returncode}")
                print(run.stderr.decode(errors="replace"))
    print(f"{a.count} garbled texts from seed {a.seed}: {codes[0]} run, {codes[3] + codes[4]} refused, "
          f"{bad} bad")
    return bad != 0


sys.exit(main())
