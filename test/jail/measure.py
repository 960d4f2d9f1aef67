#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Prints what a session costs on this machine: medians and 99th percentiles in microseconds.

    measure.py BUILD_DIR [SESSIONS]
"""
import os
import statistics
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from pool import Pool  # noqa: E402


def available_kib():
    return int(next(line for line in open("/proc/meminfo") if line.startswith("MemAvailable")).split()[1])


def show(name, samples):
    samples = sorted(samples)
    print(f"{name:28} min {samples[0]:7.0f}  median {statistics.median(samples):8.0f}  p99 {samples[int(len(samples) * 0.99)]:8.0f}  us  (n={len(samples)})")


def busy_share(seconds):
    def ticks():
        fields = [int(n) for n in open("/proc/stat").readline().split()[1:]]
        return sum(fields), fields[3] + fields[4]
    total, idle = ticks()
    time.sleep(seconds)
    total2, idle2 = ticks()
    return 1 - (idle2 - idle) / max(1, total2 - total)


def wait_for_quiet():
    """Others share the machine: waits until it is nearly idle, at most two seconds a sample."""
    end = time.monotonic() + 2
    while busy_share(0.03) > 0.1 and time.monotonic() < end:
        pass


def main():
    pool = Pool(os.path.abspath(sys.argv[1]))
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 100
    print(f"{'zygote warm':28} {pool.start['warm_us'] / 1000:.0f} ms")
    ready, first, second, inside, kill = [], [], [], [], []
    for _ in range(count):
        wait_for_quiet()
        ready.append(pool.spawn("s"))
        first.append(pool.say("s", "print('hi')")["us"])
        answer = pool.say("s", "print('hi')")
        second.append(answer["us"])
        inside.append(answer["result"]["duration_us"])
        kill.append(pool.kill("s")["us"])
    show("spawn to ready", ready)
    show("first print, ready session", first)
    show("second print", second)
    show("second print, inside", inside)
    show("kill to slot free", kill)
    before = available_kib()
    idle = min(count, 90)
    for n in range(idle):
        pool.spawn(f"idle{n}")
    print(f"{'memory of an idle session':28} {(before - available_kib()) / idle:.0f} KiB by MemAvailable (n={idle})")
    pool.close()


main()
