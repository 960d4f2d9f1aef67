# SPDX-License-Identifier: MIT
"""Services for the tests of libdurabletask: our scheduler, and the official Python SDK's in-memory backend."""
import pathlib
import re
import subprocess
import sys


class Service:
    """A server process that prints its port. `connection` is what a client needs."""

    def __init__(self, command, stdin=None, hub="default"):
        self.process = subprocess.Popen(command, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        line = self.process.stdout.readline()
        match = re.match(r"port[= ](\d+)", line)
        if not match:
            self.process.kill()
            raise RuntimeError(f"{command[0]} did not say its port but {line!r}")
        self.port = int(match.group(1))
        self.connection = f"Endpoint=http://127.0.0.1:{self.port};Authentication=None;TaskHub={hub}"

    def kill(self):
        self.process.kill()
        self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.kill()


def scheduler(host, store, port=0):
    return Service([host, str(store), str(port), "default"])


def memory_backend():
    script = pathlib.Path(__file__).with_name("memory_backend.py")
    return Service([sys.executable, str(script)], stdin=subprocess.PIPE)
