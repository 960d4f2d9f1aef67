#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Without root no group of the kernel's bounds what a session holds as a whole: the keeper looks, and ends who is over.

    watch_test.py BUILD_DIR
"""
import os
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from outside import NOBODY  # noqa: E402
from pool import Pool  # noqa: E402

BUILD = os.path.abspath(sys.argv[1])
SKIPPED = 77
LIMIT_MIB = 192
FAILURES = []

# Each holds, or does, what the name says for two seconds: ten looks and more.
LIVES = {
    "most of the limit": "x = bytearray(130 << 20); time.sleep(2)",
    "one memory in five processes": """
x = bytearray(120 << 20)
for _ in range(4):
    if os.fork() == 0: time.sleep(2); os._exit(0)
for _ in range(4): os.wait()""",
    "children that begin": """
x = bytearray(120 << 20)
end = time.monotonic() + 4
while time.monotonic() < end: subprocess.run(['/usr/bin/true'])""",
    "threads": """
x = bytearray(100 << 20)
many = [threading.Thread(target=time.sleep, args=(2,)) for _ in range(20)]
for one in many: one.start()
for one in many: one.join()""",
    "a mapped file": """
with open('/mnt/data/f', 'wb') as f:
    for _ in range(110): f.write(b'x' * (1 << 20))
f = open('/mnt/data/f', 'r+b'); m = mmap.mmap(f.fileno(), 0); sum(m[i] for i in range(0, len(m), 4096)); time.sleep(2)""",
}
ENDS = {
    "one process": "x = bytearray(300 << 20); time.sleep(20)",
    "six processes": """
for _ in range(6):
    if os.fork() == 0: x = bytearray(60 << 20); time.sleep(20); os._exit(0)
time.sleep(20)""",
    "children of a thread's child": """
def more(n):
    if os.fork() == 0:
        x = bytearray(60 << 20)
        if n: threading.Thread(target=more, args=(n - 1,)).start()
        time.sleep(20)
threading.Thread(target=more, args=(5,)).start(); time.sleep(20)""",
    "orphans": """
for _ in range(6):
    if os.fork() == 0:
        if os.fork() == 0: os.setsid(); x = bytearray(60 << 20); time.sleep(20)
        os._exit(0)
time.sleep(20)""",
    "shared memory": "m = mmap.mmap(-1, 300 << 20)\nfor i in range(0, len(m), 4096): m[i] = 1\ntime.sleep(20)",
    "memory and files": "open('/mnt/data/f', 'wb').write(b'x' * (120 << 20)); x = bytearray(120 << 20); time.sleep(20)",
}


def check(good, what):
    print("ok  " if good else "FAIL", what, flush=True)
    if not good:
        FAILURES.append(what)


def main():
    pool = Pool(BUILD, [f"memory_bytes={LIMIT_MIB << 20}"], NOBODY if os.getuid() == 0 else [])
    layer = next(one for one in pool.start["report"]["layers"] if one["name"] == "cgroup-memory")
    if "sampled" not in layer["detail"]:
        print("skipped: sessions have memory groups, or this kernel does not tell: ", layer["detail"])
        return SKIPPED
    check(layer["state"] == "degraded", f"the report says so: {layer['detail']}")
    pool.spawn("neighbour")
    for what, code in LIVES.items():
        pool.spawn("s")
        answer = pool.run("s", "import mmap, os, subprocess, threading, time\n" + code, 60000)
        check(answer["result"] is not None and answer["result"]["ok"], f"lives: {what}")
        if answer["result"] is not None:
            pool.kill("s")
    for what, code in ENDS.items():
        pool.spawn("s")
        begin = time.monotonic()
        pool.begin("s", "import mmap, os, subprocess, threading, time\n" + code, 60000)
        pool.answer("s")
        end = pool.ended("s")
        check(end["end"] == "memory-limit", f"ends: {what}: {end} in {time.monotonic() - begin:.1f} s")
    check(pool.say("neighbour", "6 * 7")["result"]["value"] == 42, "the neighbour lives")
    check(pool.close() == 0, "the keeper lives")
    print("\n".join(FAILURES) or "all as expected")
    return 1 if FAILURES else 0


sys.exit(main())
