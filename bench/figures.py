# SPDX-License-Identifier: MIT
"""What the programs of this folder share: a release to measure, the machine in a line, rows of a table, processor time."""
import http.client
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILT = os.environ.get("BENCH_BUILD")  # a folder of another version that is built already
BUILD = pathlib.Path(BUILT) if BUILT else ROOT / "build" / "bench"
TICK_S = 1 / os.sysconf("SC_CLK_TCK")


def asked(usage, parts):
    """Whether it should be quick, and which parts were named; anything else on the command line ends with the usage."""
    words = set(sys.argv[1:])
    if words - {"--quick", *parts}:
        print(usage, end="", file=sys.stdout if "--help" in words else sys.stderr)
        sys.exit(0 if "--help" in words else 2)
    return "--quick" in words, words - {"--quick"}


def build(*targets):
    if BUILT:
        return
    if not (BUILD / "build.ninja").exists():
        subprocess.run(["meson", "setup", BUILD, ROOT, "--buildtype=release"], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["ninja", "-C", BUILD, *targets], check=True, stdout=subprocess.DEVNULL)


def row(what, ours, peer="", ratio=""):
    print(f"| {what} | {ours} | {peer} | {ratio} |", flush=True)


def percentile(values, part):
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * part))]


def attempt(what, function, *arguments):
    """A part that cannot be measured is a row that says so."""
    try:
        return function(*arguments)
    except (OSError, subprocess.SubprocessError, ValueError, KeyError, http.client.HTTPException, AssertionError) as e:
        row(what, f"not measured: {str(e).splitlines()[0][:80] if str(e) else type(e).__name__}")
        return None


def cpu_s(pid):
    """Seconds of processor time of a process, all threads."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * TICK_S


def fsync_p50_ms(directory):
    times = []
    with open(os.path.join(directory, "fsync"), "wb", buffering=0) as file:
        for _ in range(100):
            file.write(b"x" * 4096)
            began = time.perf_counter()
            os.fsync(file.fileno())
            times.append(time.perf_counter() - began)
    os.unlink(os.path.join(directory, "fsync"))
    return statistics.median(times) * 1000


def machine(directory, quick):
    with open("/proc/cpuinfo") as file:
        cpu = next((line.split(":")[1].strip() for line in file if line.startswith("model name")), platform.machine())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 30
    print(f"{time.strftime('%Y-%m-%d')}: {os.cpu_count()} cores ({cpu}), {memory} GiB, Linux {platform.release()}, "
          f"load average {os.getloadavg()[0]:.2f}, fsync p50 {fsync_p50_ms(directory):.2f} ms, "
          f"everything incl. the load on one machine{', --quick' if quick else ''}\n")
