# SPDX-License-Identifier: MIT
"""A scheduler process for the Python tests, which can be killed and started again at the same address."""
import signal
import subprocess
import tempfile
import time

PATIENCE_S = 120
program = None  # the path of scheduler_host; set by the test that is run


class Host:
    def __init__(self, *hubs):
        self.folder = tempfile.TemporaryDirectory(prefix="sallyport-interop-")
        self.hubs = hubs
        self.port = 0
        self.start()

    def start(self):
        self.process = subprocess.Popen([program, f"{self.folder.name}/tasks.db", str(self.port), *self.hubs],
                                        stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        assert line.startswith("port "), f"the host said {line!r} and ended with {self.process.poll()}"
        self.port = int(line.split()[1])

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)
        self.process.stdout.close()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(60)
        self.process.stdout.close()
        self.folder.cleanup()
        return code


def eventually(condition, what, patience=PATIENCE_S):
    end = time.monotonic() + patience
    while not (value := condition()):
        if time.monotonic() > end:
            raise AssertionError(f"not within {patience} s: {what}")
        time.sleep(0.02)
    return value
