#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Runs every program of hostile/ in a session of its own and holds what it did against its first lines.

    hostile_test.py BUILD_DIR inside       as root: all layers
    hostile_test.py BUILD_DIR rootless     the same without privileges
    hostile_test.py BUILD_DIR outside      the control: without a jail the same programs get what they want

More words are names of programs: only those. Headers: programs.py.
After each, the neighbour session must answer; at the end, canary files, processes, mounts and groups are as
they were.
"""
import atexit
import fcntl
import glob
import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import outside  # noqa: E402
from pool import Pool, identity_of  # noqa: E402
from programs import LOCKED, NEIGHBOUR, PORT, PROGRAMS, policy_of, text_of  # noqa: E402

TOKEN = f"sallyport-canary-{os.getpid()}"  # in the command line of what programs try to leave behind
SLOT_REST_S = 0.2  # a slot is not used again at once (svc/keeper/slot.h)
SWAPS = 300
PATIENCE_S = 20  # for what takes milliseconds on an idle machine
SKIPPED = 77
# Without cgroups these have no limit to meet, or meet another one.
NEEDS_CGROUP = {"f_memory_touch", "f_memory_tmpfs", "f_memory_child", "f_cpu", "f_sockets_full"}


class Canaries:
    """Files that no session may touch, and listeners that no session may reach."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix=f"sallyport-canary-{os.getpid()}-")
        atexit.register(shutil.rmtree, self.folder, True)
        self.secret = f"{self.folder}/secret"
        pathlib.Path(self.secret).write_text("a secret of the host")
        os.chmod(self.secret, 0o600)
        self.files = [self.secret, "/usr/bin/env", "/etc/passwd", os.path.realpath("/usr/bin/python3")]
        self.before = self.hashes()

    def hashes(self):
        return [hashlib.sha256(pathlib.Path(f).read_bytes()).hexdigest() for f in self.files]

    def close(self):
        same = self.hashes() == self.before
        shutil.rmtree(self.folder)
        return same


class Network:
    """A network namespace with addresses that play a metadata service and a neighbour of the host. The
    listeners count who comes."""

    ADDRESSES = ["169.254.169.254", "192.0.2.10", "127.0.0.1"]
    LISTENER = """
import select, socket, sys
listeners = [socket.create_server((a, %d)) for a in %r]
print("up", flush=True)
while True:
    for s in select.select(listeners, [], [])[0]:
        s.accept()
        print("visitor", flush=True)
"""

    def __init__(self):
        self.name = f"sallyport-test-{os.getpid()}"
        self.listener = None
        atexit.register(self.remove)
        for command in (["netns", "add", self.name], ["-n", self.name, "link", "set", "lo", "up"],
                        ["-n", self.name, "link", "add", "canary", "type", "dummy"],
                        ["-n", self.name, "addr", "add", "169.254.169.254/32", "dev", "canary"],
                        ["-n", self.name, "addr", "add", "192.0.2.10/24", "dev", "canary"],
                        ["-n", self.name, "link", "set", "canary", "up"]):
            done = subprocess.run(["ip", *command], capture_output=True, text=True)
            if done.returncode != 0 and command[0] != "-n":
                raise RuntimeError(done.stderr)
            if done.returncode != 0:
                # No dummy devices in this kernel: the loopback can play them.
                subprocess.run(["ip", "-n", self.name, "addr", "add", "169.254.169.254/32", "dev", "lo"], capture_output=True)
                subprocess.run(["ip", "-n", self.name, "addr", "add", "192.0.2.10/32", "dev", "lo"], capture_output=True)
        # Not `ip netns exec`: that hides /sys, and with it the cgroups.
        self.prefix = ["nsenter", f"--net=/run/netns/{self.name}"]
        self.listener = subprocess.Popen([*self.prefix, "/usr/bin/python3", "-c", self.LISTENER % (PORT, self.ADDRESSES)],
                                         stdout=subprocess.PIPE, text=True)
        if self.listener.stdout.readline() != "up\n":
            raise RuntimeError("the canary listeners do not start")
        reach = "import socket\nfor a in %r: socket.create_connection((a, %d), timeout=5)" % (self.ADDRESSES, PORT)
        subprocess.run([*self.prefix, "/usr/bin/python3", "-c", reach], check=True)
        for _ in self.ADDRESSES:
            self.listener.stdout.readline()

    def close(self):
        """The number of visitors since the start."""
        self.listener.terminate()
        visitors = self.listener.stdout.read().count("visitor")
        self.remove()
        return visitors

    def remove(self):
        atexit.unregister(self.remove)
        if self.listener:
            self.listener.terminate()
            self.listener.wait()
        subprocess.run(["ip", "netns", "del", self.name], check=True)


def mounts_of_ours():
    """In the host's own tree. Other tests may have some of theirs there."""
    ours = ("/mnt/data", f"sallyport-test-{os.getpid()}", f"sallyport-canary-{os.getpid()}")
    return [line for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines() if any(word in line for word in ours)]


def leftovers(pool):
    """What a closed pool may not leave: processes, groups, mounts of its keeper. Others may run keepers too."""
    found = [f"process {pid}" for pid in pool.processes if alive(pid)]
    found += glob.glob(f"/sys/fs/cgroup/**/sallyport.{pool.keeper_pid}", recursive=True)
    for comm in glob.glob("/proc/[0-9]*/cmdline"):
        try:
            if TOKEN.encode() in pathlib.Path(comm).read_bytes():
                found.append(comm)
        except OSError:
            pass
    return found


def alive(identity):
    return identity == identity_of(identity[0])


def faults_of(name, answer, end):
    """What is wrong with the outcome of one program."""
    want = PROGRAMS[name]
    lines = answer["stdout"].splitlines()
    result = answer["result"]
    yield from (line for line in lines if line.startswith("OPEN"))
    expected_end = want.get("end", "")
    if expected_end and expected_end != "any":
        if not end or end["end"] != expected_end:
            yield f"ended {end}, not {expected_end}"
        return
    if expected_end == "any":
        return
    if end:
        yield f"ended unexpectedly: {end}"
        return
    if not isinstance(result, dict):
        yield f"no result: {result}"
        return
    if want.get("result", "ok") == "ok" and not result["ok"]:
        yield "failed: " + answer["stderr"][-600:]
    if want.get("result") == "error" and result["ok"]:
        yield "did not fail"
    if not any(line.startswith("ok") for line in lines):
        yield "said nothing"
    if want.get("value") == "cut" and not (result.get("truncated") and len(result["value"]) <= 1 << 20):
        yield f"value not cut: {len(result['value'])}"


def file_faults(pool, want):
    """Through the pool's own file code: what is planted is neither read nor written through, also while it changes."""
    for name in want["files"].split():
        answer = pool.get("victim", name)
        if answer.get("ok") or "text" not in answer:
            yield f"the pool opened {name}: {answer}"
    seen = {pool.get("victim", "swap").get("text") for _ in range(SWAPS)}
    if not seen <= {"harmless", ""}:
        yield f"the pool followed what was swapped: {seen}"
    for name in ("link", "fifo", "two", "socket"):
        source = pathlib.Path(pool.scripts) / name
        source.write_text("of the pool")
        source.chmod(0o644)
        put, got = pool.put("victim", source), pool.get("victim", name)
        if not put["ok"] or got.get("text") != "of the pool":
            yield f"{name} was not replaced: {put} {got}"
    if not pool.put("victim", pathlib.Path(pool.scripts) / "folder")["error"]:
        yield "a folder was replaced by a file"


def lock_faults():
    """From the host, while a session holds locks on the same paths: nobody notices."""
    for path in LOCKED:
        with open(path, "rb") as f:
            try:
                fcntl.flock(f, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                yield f"the session's lock is on the host's {path}: {error}"
            st = os.fstat(f.fileno())
            place = f"{os.major(st.st_dev):02x}:{os.minor(st.st_dev):02x}:{st.st_ino} "
            found = [line for line in pathlib.Path("/proc/locks").read_text().splitlines() if place in line and "READ" in line and "OFDLCK" in line]
            if found:
                yield f"{len(found)} record locks on the host's {path}"


def descriptors(pool):
    """How many the pool's process has open; behind nsenter or setpriv it has the same id."""
    return len(os.listdir(f"/proc/{pool.process.pid}/fd"))


class Inside:
    def __init__(self, builddir, rootless):
        self.builddir = builddir
        self.rootless = rootless
        self.policy = policy_of(builddir)
        self.mounts = mounts_of_ours()
        self.canaries = Canaries()
        self.network = None
        self.failures = []
        prefix = []
        if not rootless:
            self.network = Network()
            prefix = self.network.prefix
        self.prefix = prefix + (outside.NOBODY if rootless and os.getuid() == 0 else [])

    def code(self, name):
        return text_of(name, self.policy, CANARY=self.canaries.secret, ADDRESSES=Network.ADDRESSES, TOKEN=TOKEN)

    def pool(self, limits):
        pool = Pool(self.builddir, limits, self.prefix)
        degraded = pool.start["report"]["degraded"]
        if degraded and not self.rootless:
            print("degraded on this machine:", ", ".join(degraded))
        self.missing = set(degraded)
        pool.spawn("neighbour")
        return pool

    def check_neighbour(self, pool, name):
        begin = time.monotonic()
        answer = pool.say("neighbour", "print('still here')")
        if answer["stdout"] != "still here\n" or time.monotonic() - begin > PATIENCE_S:
            self.failures.append(f"{name}: the neighbour suffers: {answer}")

    def together(self, pool, names):
        """Programs that mostly wait, at the same time, each in a session of its own."""
        begin = time.monotonic()
        for name in names:
            pool.spawn(name)
            pool.begin(name, self.code(name), int(PROGRAMS[name].get("ms", 120000)))
        for name in names:
            answer = pool.answer(name)
            end = self.end_of(pool, name, PROGRAMS[name], answer)
            faults = list(faults_of(name, answer, end)) + self.goes_on(pool, name, PROGRAMS[name])
            if end is None:
                pool.kill(name)
            self.report(name, answer, end, faults, begin)
        self.check_neighbour(pool, " and ".join(names))

    def end_of(self, pool, session, want, answer):
        end = pool.ended(session) if answer["result"] is None or want.get("end", "any") != "any" else None
        if end is None and want.get("end") == "any":
            end = pool.ended(session, 1)
        return end

    def goes_on(self, pool, session, want):
        """After a cell that failed the session must be able to run another."""
        if want.get("result") != "error":
            return []
        again = pool.say(session, "6 * 7")
        return [] if again["result"] and again["result"]["value"] == 42 else [f"did not go on: {again}"]

    def report(self, name, answer, end, faults, begin):
        count = sum(line.startswith("ok") for line in answer["stdout"].splitlines())
        print(f"{'FAIL' if faults else 'ok  '} {PROGRAMS[name]['group']} {name}: {count} attempts refused, "
              f"{time.monotonic() - begin:.1f} s, end {end['end'] if end else 'none'}", flush=True)
        for fault in faults:
            print("     ", fault, flush=True)
            self.failures.append(f"{name}: {fault}")

    def one(self, pool, name):
        want = PROGRAMS[name]
        pool.spawn("victim")
        before = descriptors(pool) if want.get("kept") else 0
        begin = time.monotonic()
        answer = pool.run("victim", self.code(name), int(want.get("ms", 120000)))
        end = self.end_of(pool, "victim", want, answer)
        faults = list(faults_of(name, answer, end))
        if want.get("locked") and "overlay" not in self.missing:
            faults += list(lock_faults())
        if want.get("files"):
            faults += list(file_faults(pool, want))
        if want.get("pair"):
            faults += self.neighbour_faults(pool, name, want["pair"], answer)
        if name == "g_background":
            again = pool.say("victim", "before = len(beats); exec('while len(beats) == before: time.sleep(0.01)'); print(len(beats) > before)")
            faults += [] if again["stdout"] == "True\n" else [f"the thread stopped: {again}"]
        faults += self.goes_on(pool, "victim", want)
        if end is None:
            killed = pool.kill("victim")
            if killed.get("us", 0) > PATIENCE_S * 1_000_000:
                faults.append(f"took long to kill: {killed}")
        if name == "e_leave_traces":
            faults += self.slot_faults(pool, want["pair"])
        self.check_neighbour(pool, name)
        if want.get("kept") and descriptors(pool) > before:
            faults.append(f"the pool has {descriptors(pool)} descriptors, {before} before")
        self.report(name, answer, end, faults, begin)

    def neighbour_faults(self, pool, name, pair, first):
        """The second program in a neighbour, while the first session lives."""
        pool.spawn("other")
        second = pool.run("other", self.code(pair))
        faults = [f"neighbour: {f}" for f in faults_of(pair, second, None)]
        drawn = [[line for line in answer["stdout"].splitlines() if line.startswith("random")] for answer in (first, second)]
        if drawn[0] and drawn[0] == drawn[1]:
            faults.append("two sessions draw the same random numbers")
        pool.kill("other")
        return faults

    def slot_faults(self, pool, pair):
        """And in the slot of the dead one."""
        time.sleep(SLOT_REST_S)
        pool.spawn("victim")
        third = pool.run("victim", self.code(pair))
        pool.kill("victim")
        return [f"after its death: {f}" for f in faults_of(pair, third, None)]

    def run(self, only):
        names = [n for n in PROGRAMS if PROGRAMS[n].get("pair") != NEIGHBOUR]
        names = [n for n in names if not only or n in only]
        if self.rootless:
            names = [n for n in names if n not in NEEDS_CGROUP]
        by_limits = {}
        for name in names:
            by_limits.setdefault(PROGRAMS[name].get("limits", ""), []).append(name)
        for limits, group in by_limits.items():
            pool = self.pool(["memory_bytes=268435456", "data_bytes=67108864", *limits.split()])
            waits = ("true",) if self.rootless else ("true", "forks")
            waiting = [name for name in group if PROGRAMS[name].get("waits") in waits]
            if waiting:
                self.together(pool, waiting)
            for name in group:
                if name not in waiting:
                    self.one(pool, name)
            if pool.close() != 0:
                self.failures.append("session_run failed")
            self.failures += [f"left behind: {x}" for x in leftovers(pool)]
        if self.network:
            visitors = self.network.close()
            if visitors:
                self.failures.append(f"the network canaries saw {visitors} visitors")
        if not self.canaries.close():
            self.failures.append("a canary file changed")
        if mounts_of_ours() != self.mounts:
            self.failures.append(f"a mount was left behind: {mounts_of_ours()}")
        return self.failures


def main():
    builddir, mode = os.path.abspath(sys.argv[1]), sys.argv[2]
    if mode == "inside" and os.getuid() != 0:
        print("skipped: the layers of root need root; run as root, or see the rootless test")
        return SKIPPED
    if mode == "outside":
        failures = outside.run_all(policy_of(builddir), TOKEN, sys.argv[3:])
    else:
        failures = Inside(builddir, mode == "rootless").run(sys.argv[3:])
    print("\n".join(failures) or "all as expected")
    return 1 if failures else 0


sys.exit(main())
