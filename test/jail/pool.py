# SPDX-License-Identifier: MIT
"""Drives session_run (session_run.c) from Python: one object is one keeper with its sessions."""
import atexit
import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import tempfile
import threading

ANSWER_S = 300

# A test that is stopped for taking too long still tidies up.
signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))


def identity_of(pid):
    """A living process by pid and start time, or None: pids come again."""
    try:
        with open(f"/proc/{pid}/stat") as f:
            fields = f.read().rsplit(")", 1)[1].split()
            return None if fields[0] == "Z" else (pid, fields[19])
    except OSError:
        return None


def comm_of(pid):
    try:
        with open(f"/proc/{pid}/comm") as f:
            return f.read().strip()
    except OSError:
        return ""


def descendants(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as f:
            children = [int(c) for c in f.read().split()]
    except OSError:
        return []
    return children + [g for c in children for g in descendants(c)]


class Pool:
    def __init__(self, builddir, limits=(), prefix=(), scripts=None, session_path=None):
        self.scripts = scripts or tempfile.mkdtemp(prefix="sallyport-scripts-")
        atexit.register(shutil.rmtree, self.scripts, True)
        os.chmod(self.scripts, 0o755)
        command = [*prefix, f"{builddir}/test/jail/session_run", "--program", f"{builddir}/test/jail/keeper_host",
                   "--zygote", f"{builddir}/src/jail/zygote/sallyport-zygote", "--scripts", self.scripts]
        for limit in limits:
            command += ["--limit", limit]
        if session_path:
            command += ["--session-path", session_path]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd="/",
                                        env={"ASAN_OPTIONS": "detect_leaks=0", "PATH": os.environ["PATH"],
                                             "SALLYPORT_TEST_MARK": os.environ.get("SALLYPORT_TEST_MARK", "")})
        self.lines = queue.Queue()
        self.backlog = []
        threading.Thread(target=self._read, daemon=True).start()
        self.start = self.wait(lambda m: "warm_us" in m or "lost" in m)
        if "lost" in self.start:
            raise RuntimeError(self.start["lost"])

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(json.loads(line))
        self.lines.put(None)

    def wait(self, wanted, seconds=ANSWER_S):
        for i, message in enumerate(self.backlog):
            if wanted(message):
                return self.backlog.pop(i)
        while True:
            message = self.lines.get(timeout=seconds)
            if message is None:
                raise RuntimeError("session_run ended")
            if wanted(message):
                return message
            self.backlog.append(message)

    def tell(self, line):
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def spawn(self, name):
        """Microseconds to ready. RuntimeError with the keeper's words when it is refused."""
        self.tell(f"spawn {name}")
        answer = self.wait(lambda m: m.get("ready") == name or m.get("spawned") == name and "refused" in m)
        if "refused" in answer:
            raise RuntimeError(answer["refused"])
        self.backlog = [m for m in self.backlog if m.get("spawned") != name]
        return answer["us"]

    def run(self, name, code, ms=30000):
        self.begin(name, code, ms)
        return self.answer(name)

    def begin(self, name, code, ms=30000):
        """Sends a cell and does not wait for it; answer() does."""
        path = f"{self.scripts}/cell-{name}.py"
        with open(path, "w") as f:
            f.write(code)
        os.chmod(path, 0o644)
        self.tell(f"run {name} {path} {ms}")

    def answer(self, name):
        return self.wait(lambda m: m.get("ran") == name)

    def say(self, name, code):
        self.tell(f"say {name} {code}")
        return self.wait(lambda m: m.get("ran") == name)

    def ended(self, name, seconds=60):
        """The end of a session that is ending, or None."""
        try:
            return self.wait(lambda m: m.get("ended") == name, seconds)
        except queue.Empty:
            return None

    def kill(self, name):
        self.tell(f"kill {name}")
        return self.wait(lambda m: m.get("ended") == name or "error" in m)

    def get(self, name, path):
        """What the pool finds in the session's /mnt/data under that name."""
        self.tell(f"get {name} {path}")
        return self.wait(lambda m: m.get("got") == path or "error" in m and "got" not in m)

    def put(self, name, path):
        self.tell(f"put {name} {path}")
        return self.wait(lambda m: "put" in m)

    def store(self, name, path, how=""):
        """As put, but the session is charged: a porter carries it. The errno, 0 when it is whole."""
        self.tell(f"store {name} {path} {how}")
        return self.stored(name)

    def stored(self, name):
        return self.wait(lambda m: m.get("stored") == name)

    def note_processes(self):
        """Remembers who runs below the keeper, for the test that nobody does afterwards."""
        children = descendants(self.process.pid)
        self.keeper_pid = next((pid for pid in children if comm_of(pid).startswith("sallyport-keep")), 0)
        self.processes = {identity_of(p) for p in children} - {None}

    def close(self):
        self.note_processes()
        self.process.stdin.close()
        code = self.process.wait(30)
        shutil.rmtree(self.scripts)
        return code
