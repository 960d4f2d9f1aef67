# SPDX-License-Identifier: MIT
"""Services for the tests of libdurabletask: our scheduler, and the official Python SDK's in-memory backend."""
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import invariants  # noqa: E402
from process import Process  # noqa: E402


class Service(Process):
    """A server process that prints its port. `connection` is what a client needs."""

    def __init__(self, command, stdin=subprocess.DEVNULL, hub="default"):
        super().__init__(command, ready=r"port[= ](\d+)", stdin=stdin)
        self.port = int(self.match.group(1))
        self.connection = f"Endpoint=http://127.0.0.1:{self.port};Authentication=None;TaskHub={hub}"


class Scheduler(Service):
    """However it ends, the invariants hold of what it leaves behind."""

    def __init__(self, host, store, port):
        self.store = store
        super().__init__([host, str(store), str(port), "default", "beside"])

    def _reap(self):
        super()._reap()
        invariants.check(self.store)


def scheduler(host, store, port=0):
    return Scheduler(host, store, port)


def memory_backend():
    script = pathlib.Path(__file__).with_name("memory_backend.py")
    return Service([sys.executable, str(script)], stdin=subprocess.PIPE)
