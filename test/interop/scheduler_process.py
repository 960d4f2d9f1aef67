# SPDX-License-Identifier: MIT
"""A scheduler process for the Python tests, which can be killed and started again at the same address."""
import pathlib
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from process import Process  # noqa: E402

PATIENCE_S = 120
program = None  # the path of scheduler_host; set by the test that is run


class Host:
    def __init__(self, *hubs):
        self.folder = tempfile.TemporaryDirectory(prefix="sallyport-interop-")
        self.hubs = hubs
        self.port = 0
        self.start()

    def start(self):
        self.process = Process([program, f"{self.folder.name}/tasks.db", str(self.port), *self.hubs], ready=r"port (\d+)",
                               stderr=None)
        self.port = int(self.process.match.group(1))

    def kill(self):
        self.process.kill()

    def stop(self):
        code = self.process.stop()
        self.folder.cleanup()
        return code


def eventually(condition, what, patience=PATIENCE_S):
    end = time.monotonic() + patience
    while not (value := condition()):
        if time.monotonic() > end:
            raise AssertionError(f"not within {patience} s: {what}")
        time.sleep(0.02)
    return value
