# SPDX-License-Identifier: MIT
"""What it costs to be told what a run did: print('hi') over HTTP keep-alive in one warm session, in turn without a report
and with one (doc/api.md, "What a run did"), and with so many files below /mnt/data. Ratios count, not the figures alone; on a busy
machine the calls of the kernel do.

Usage: effects_bench.py POOL_HOST ZYGOTE [ROUNDS]
"""
import json
import sys
import time
import uuid

from session_bench import Pool

VERSION = "2025-10-02-preview"
HI = "print('hi')"
FILES = (0, 100, 1000)
REFUSED = "import socket\ndef one():\n    try: socket.socket()\n    except OSError: pass\n"
TIMED = REFUSED + "import time\nbegin = time.perf_counter()\nfor _ in range(500): one()\n(time.perf_counter() - begin) / 500 * 1e6"

# A process that ends at once: its price has that of being told in it.
STARTED = ("import os, time\ntook = []\nfor _ in range(500):\n    begin = time.perf_counter()\n"
           "    os.waitpid(os.posix_spawn('/bin/true', ['true'], {}), 0)\n    took.append(time.perf_counter() - begin)\n"
           "took.sort()\n[took[5] * 1e6, took[50] * 1e6, took[250] * 1e6].__repr__()")


def run(pool, identifier, code, report):
    path = f"/executions?identifier={identifier}&api-version={VERSION}" + ("&report=sallyport" if report else "")
    body = json.dumps({"code": code})
    begin = time.perf_counter()
    status, data = pool.request("POST", path, body)
    took = time.perf_counter() - begin
    answer = json.loads(data)
    assert status == 200 and answer["status"] == "Succeeded", answer
    assert ("effects" in answer) == report, answer
    return took, answer


def file_calls(pool):
    """Reads and writes of files by the server until now, as the kernel counts them."""
    with open(f"/proc/{pool.process.pid}/io", encoding="ascii") as file:
        return sum(int(line.split()[1]) for line in file if line.startswith("sysc"))


def compare(pool, files, rounds):
    identifier = str(uuid.uuid4())
    run(pool, identifier, f"for n in range({files}): open(f'/mnt/data/{{n}}', 'w').write('x')", False)
    took, calls = {False: [], True: []}, {False: 0, True: 0}
    for n in range(rounds):
        for report in (n % 2 == 0, n % 2 != 0):  # who goes first changes
            before = file_calls(pool)
            took[report].append(run(pool, identifier, HI, report)[0])
            calls[report] += file_calls(pool) - before
    for name, at in (("p10", 0.1), ("p50", 0.5)):
        plain, told = (sorted(took[report])[int(rounds * at)] * 1e3 for report in (False, True))
        print(f"print('hi'), {files:>4} files: {name} {plain:.3f} ms, with a report {told:.3f} ms: "
              f"{100 * (told / plain - 1):+.1f} %", flush=True)
    print(f"print('hi'), {files:>4} files: reads and writes of files by the server, each {calls[False] / rounds:.2f}, with a report "
          f"{calls[True] / rounds:.2f}", flush=True)


def main():
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 2000
    pool = Pool(sys.argv[1], sys.argv[2])
    for files in FILES:
        compare(pool, files, rounds)
    each = run(pool, str(uuid.uuid4()), TIMED, False)[1]["result"]["executionResult"]
    print(f"one refused socket, its exception included: {each:.1f} us")
    for report in (False, True):
        answer = run(pool, str(uuid.uuid4()), STARTED, report)[1]["result"]
        print(f"one process, told {'and looked at' if report else 'only'}: us of p1, p10, p50 {answer['executionResult']}", flush=True)
    pool.close()


if __name__ == "__main__":
    main()
