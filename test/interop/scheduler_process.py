# SPDX-License-Identifier: MIT
"""A scheduler process for the Python tests, which can be killed and started again at the same address."""
import pathlib
import signal
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
import invariants  # noqa: E402
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
        self.process = Process([program, self.store(), str(self.port), *self.hubs], ready=r"port (\d+)", stderr=None)
        self.port = int(self.process.match.group(1))

    def store(self):
        return f"{self.folder.name}/tasks.db"

    def kill(self):
        self.process.kill()
        invariants.check(self.store())

    def end_leases(self):
        """All leases have run out, as the scheduler sees it at its next input."""
        self.run_ahead(signal.SIGUSR1)

    def end_grace(self):
        """Activities that were lost are not held back any more: no answer of their first worker is awaited."""
        self.run_ahead(signal.SIGUSR2)

    def run_ahead(self, number):
        self.process.send_signal(number)
        assert self.process.line() == "ahead"

    def stop(self):
        """Whatever the test has done, the invariants hold of what it leaves behind."""
        code = self.process.stop()
        try:
            invariants.check(self.store())
        finally:
            self.folder.cleanup()
        return code


def if_reached(call):
    """What a call of an SDK's answers; None while nobody is there, as in the first moments after a kill."""
    import grpc
    try:
        return call()
    except grpc.RpcError as error:
        if error.code() != grpc.StatusCode.UNAVAILABLE:
            raise
        return None


def eventually(condition, what, patience=PATIENCE_S):
    end = time.monotonic() + patience
    while not (value := condition()):
        if time.monotonic() > end:
            raise AssertionError(f"not within {patience} s: {what}")
        time.sleep(0.02)
    return value
