#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the image on QEMU's `virt` machine in several shapes and prints TAP: what the image
says, indented, and a line for each run.

    run.py IMAGE [--gic 2,3] [--threads multi,single] [--variants plain,split,el2]
           [--seed N] [--seconds N] [--arg name=N ...]
    run.py IMAGE --wrong NAME=IMAGE ...   each of these must fail, IMAGE must not
                                          (its-*: on GICv3 alone)

Exit codes: 0 all as it should be; 1 not; 2 usage, or no qemu-system-aarch64.
The image's own: 0 all well, 1 a check failed, 2 it gave up (a fault, or nothing happened
any more). A run that does not end by itself is ended after --seconds and 30 more.
"""
import argparse
import itertools
import re
import shutil
import subprocess
import sys
import threading
import time

QEMU = "qemu-system-aarch64"
CPUS = 8
VIRTIO = 8
EDU = 6


def version():
    text = subprocess.run([QEMU, "--version"], capture_output=True, text=True).stdout
    return [int(n) for n in re.search(r"version (\d+)\.(\d+)", text).groups()]


def command(image, gic, threads, variant, arguments):
    machine = f"virt,gic-version={gic}" + (",virtualization=on" if variant == "el2" else "")
    if variant == "split":
        arguments = arguments + ["split=1"]
    line = [QEMU, "-machine", machine, "-cpu", "cortex-a57", "-accel", f"tcg,thread={threads}",
            "-smp", str(CPUS), "-m", "128", "-display", "none", "-nodefaults",
            "-serial", "stdio", "-kernel", image,
            "-global", "virtio-mmio.force-legacy=false"]
    line += ["-device", "virtio-rng-device"] * VIRTIO
    if gic == 3:
        line += ["-device", "edu"] * EDU
    semihosting = ["enable=on", "target=native", "arg=arm64-test"]
    return line + ["-semihosting-config",
                   ",".join(semihosting + ["arg=" + a for a in arguments])]


def run(line, limit):
    """Prints what it says; its exit code (None: ended by us), what failed, the time."""
    begin = time.monotonic()
    process = subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True, errors="replace")
    ended = threading.Event()

    def end():
        ended.set()
        process.kill()

    timer = threading.Timer(limit, end)
    timer.start()
    failed = []
    for text in process.stdout:
        print("    " + text.rstrip("\r\n"), flush=True)
        if text.startswith(("not ok", "Bail out!")):
            failed.append(text.strip())
    code = process.wait()
    timer.cancel()
    return None if ended.is_set() else code, failed, time.monotonic() - begin


class Tap:
    def __init__(self):
        self.count = self.failures = 0

    def result(self, good, text):
        self.count += 1
        self.failures += not good
        print(f"{'ok' if good else 'not ok'} {self.count} - {text}", flush=True)


def numbers(text):
    return [int(n) for n in text.split(",")]


def options():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("image")
    parser.add_argument("--gic", type=numbers, default=[2, 3])
    parser.add_argument("--threads", type=lambda t: t.split(","), default=["multi", "single"])
    parser.add_argument("--variants", type=lambda t: t.split(","), default=["plain"])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--arg", action="append", default=[])
    parser.add_argument("--wrong", action="append", default=[])
    return parser.parse_args()


def what(code):
    return "ended, it hung" if code is None else f"exit code {code}"


def main():
    o = options()
    if not shutil.which(QEMU):
        print(f"{QEMU} is lacking (Debian: qemu-system-arm)", file=sys.stderr)
        return 2
    arguments = [f"seed={o.seed}", f"seconds={o.seconds}"] + o.arg
    if version() < [9, 2]:
        arguments.append("errata=1")  # ports/arm64-test/errata.c
    tap = Tap()
    images = [("", o.image)] + [w.split("=", 1) for w in o.wrong]
    for (name, image), gic, threads, variant in itertools.product(images, o.gic, o.threads,
                                                                  o.variants):
        if name.startswith("its-") and gic == 2:
            continue
        shape = f"GICv{gic}, {threads}, {variant}, seed {o.seed}"
        print(f"    # {name or 'as it is'}: {shape}")
        code, failed, took = run(command(image, gic, threads, variant, arguments),
                                 o.seconds + 30)
        if name:
            tap.result(code != 0 and failed, f"wrong on purpose, {name}: {shape}: "
                       f"{failed[0] if failed else 'not noticed'}")
        else:
            tap.result(code == 0, f"{shape}: {took:.1f} s, {what(code)}")
    print(f"1..{tap.count}")
    return 1 if tap.failures else 0


sys.exit(main())
