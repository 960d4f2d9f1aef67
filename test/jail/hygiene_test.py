#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What a fork of the zygote shares with its siblings and must not (sandbox.md 2.8), and the state it is found in.

    hygiene_test.py BUILD_DIR
"""
import glob
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from pool import Pool  # noqa: E402

FAILURES = []
DRAW = "import random, numpy, ctypes, os, uuid, secrets, tempfile, ssl, multiprocessing, gc\nlibc = ctypes.CDLL(None)"
# Each draws something that no two sessions may have alike.
DRAWS = {
    "random": "random.random()", "numpy.random": "numpy.random.rand()", "randint": "numpy.random.randint(1 << 62)",
    "default_rng": "numpy.random.default_rng().random()", "urandom": "os.urandom(8)", "rand": "libc.rand()",
    "random(3)": "libc.random()", "lrand48": "libc.lrand48()", "uuid1": "uuid.uuid1().hex", "uuid4": "uuid.uuid4().hex",
    "secrets": "secrets.token_hex(8)", "temporary name": "tempfile.mktemp()", "ssl": "ssl.RAND_bytes(8)",
    "authkey": "bytes(multiprocessing.current_process().authkey)",
}
# Generators that some module made while it was imported; frozen objects are hidden from the collector.
GENERATORS = """
gc.unfreeze()
kinds = (random.Random, numpy.random.RandomState, numpy.random.Generator)
found = [o for o in gc.get_objects() if isinstance(o, kinds)]
[(type(o).__module__ + '.' + type(o).__name__, o.random()) for o in found if not isinstance(o, random.SystemRandom)]
"""
# Two forks of one process that did the same imports: what they draw alike is what a session must not.
CONTROL = DRAW + """
libc.random(); numpy.random.rand()
for _ in range(2):
    pid = os.fork()
    if pid == 0:
        print(%s, %s, flush=True)
        os._exit(0)
    os.waitpid(pid, 0)
""" % (DRAWS["numpy.random"], DRAWS["random(3)"])
STATE = {
    "no thread of the zygote's": "len(__import__('os').listdir('/proc/self/task')) <= 2",  # linear algebra has made one
    "collector on, the zygote's heap frozen": "import gc; gc.isenabled() and gc.get_freeze_count() > 10000",
    "no fault handler": "import faulthandler; not faulthandler.is_enabled()",
    "no arguments": "import sys; sys.argv == ['']",
    "no input": "import sys; sys.stdin.read() == ''",
    "in /mnt/data": "import os; os.getcwd() == '/mnt/data'",
    "no log handlers": "import logging; logging.root.handlers == []",
    "a fresh main module": "{n for n in globals() if not n.startswith('_')} <= set('gc faulthandler sys os logging In Out get_ipython'.split())",
    "signals at their defaults": "import signal; all(signal.getsignal(s) == signal.SIG_DFL for s in signal.valid_signals() - "
                                 "{signal.SIGINT, signal.SIGPIPE, signal.SIGXFSZ, signal.SIGKILL, signal.SIGSTOP, 32, 33})",
    "no signal blocked": "signal.pthread_sigmask(signal.SIG_BLOCK, []) == set()",
    "umask": "m = os.umask(0o22); os.umask(m); m == 0o22",
    "nothing of the host's environment": "set(os.environ) <= set('PATH HOME LANG USER LOGNAME TMPDIR MPLBACKEND MPLCONFIGDIR "
                                         "IPYTHONDIR OPENBLAS_NUM_THREADS OMP_NUM_THREADS MALLOC_ARENA_MAX GLIBC_TUNABLES "
                                         "LC_CTYPE'.split()) | {n for n in os.environ if n.startswith('PIP_')}",
    "closed to ptrace and dumps": "import ctypes; libc = ctypes.CDLL(None); libc.prctl(3, 0, 0, 0, 0) == 0",
    "dies with its parent": "n = ctypes.c_int(); libc.prctl(2, ctypes.byref(n), 0, 0, 0) == 0 and n.value == signal.SIGKILL",
    "no core file, no handler": "import resource; resource.getrlimit(resource.RLIMIT_CORE) == (1, 1)",
    "ordinary scheduling": "os.sched_getscheduler(0) == os.SCHED_OTHER",
    "first to go without memory": "int(open('/proc/self/oom_score_adj').read()) == 900",
    "leader of its own process session": "os.getsid(0) == 1",
    "one uid in its user namespace": "open('/proc/self/uid_map').read().split()[0::2] == ['1000', '1']",
    "no groups to set": "open('/proc/self/setgroups').read() == 'deny\\n'",
}


def check(good, what, got=""):
    print("ok  " if good else "FAIL", what, "" if good else got, flush=True)
    if not good:
        FAILURES.append(what)


def value(pool, session, code):
    answer = pool.run(session, code)
    if not answer["result"] or not answer["result"]["ok"]:
        return f"failed: {answer['stderr'][-300:]}"
    return answer["result"]["value"]


def disk_limit(pool):
    """What the group of a session says about the disk, as root and where the kernel limits it."""
    pool.note_processes()
    found = {open(f).read().strip() for pattern in ("blkio/**/sallyport.%d/s*/blkio.throttle.read_bps_device", "**/sallyport.%d/s*/io.max")
             for f in glob.glob("/sys/fs/cgroup/" + pattern % pool.keeper_pid, recursive=True)}
    if os.getuid() != 0 or not found - {""}:
        return print("ok   no limit for the disk on this machine:", found)
    check(any(line.endswith((" 7340032", "rbps=7340032 wbps=max riops=max wiops=max")) for line in found), "reads from the disk are limited", found)


def main():
    lines = subprocess.run(["/usr/bin/python3", "-c", CONTROL], capture_output=True, text=True, check=True).stdout.splitlines()
    check(len(lines) == 2 and lines[0] == lines[1], "without care two forks draw alike", lines)
    pool = Pool(os.path.abspath(sys.argv[1]), ["cpu_percent=200", "read_bytes=7340032"])
    for session in "ab":
        pool.spawn(session)
    for what, code in STATE.items():
        got = value(pool, "a", code)
        check(got is True, what, got)
    for session in "ab":
        pool.run(session, DRAW)
    for what, code in DRAWS.items():
        drawn = [value(pool, session, code) for session in "ab"]
        check(drawn[0] != drawn[1] and "failed" not in str(drawn), f"{what} differs", drawn)
    drawn = [value(pool, session, GENERATORS) for session in "ab"]
    pairs = list(zip(*(eval(d) if d.startswith("[") else [d] for d in drawn)))
    check(len(pairs) >= 2 and all(a != b for a, b in pairs), f"{len(pairs)} generators made by modules differ", drawn)
    wanted = min(2, len(os.sched_getaffinity(0)))
    threads = "import ctypes; ctypes.CDLL('libopenblas.so.0').openblas_get_num_threads()"
    got = value(pool, "b", threads)
    if "failed" in str(got):
        print("ok   no OpenBLAS on this machine:", got[-80:])
    else:
        check(got == wanted, f"linear algebra may use {wanted} processors", got)
    check(value(pool, "b", "import numpy as np; float((np.ones((400, 400)) @ np.ones((400, 400)))[0, 0])") == 400, "and multiplies")
    disk_limit(pool)
    pool.close()
    print("\n".join(FAILURES) or "all as expected")
    return 1 if FAILURES else 0


sys.exit(main())
