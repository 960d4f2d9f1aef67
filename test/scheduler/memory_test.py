#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What a real scheduler process holds in memory after large runs: bounded by bytes, whatever the number.

800 ended runs with 1 MiB in and out kept 2.5 GB once, and 5,000 waiting ones of 100 KB 1.15 GB. The engine keeps at most
64 MiB of payloads and 64 MiB of histories, the rest is on disk; what a storm has freed goes back to the system. So the
resident memory afterwards is at most twice those 128 MiB, and the sum of all that went through is many times more.
Usage: memory_test.py SCHEDULER_HOST MEMORY_LOAD
"""
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))
from process import Process  # noqa: E402

HOST, LOAD = sys.argv[1:3]
del sys.argv[1:3]
MAY_HOLD_MIB = 128  # engine.h: payload_resident_size_max and history_resident_size_max
FACTOR = 2
QUIET_S = 60  # for memory to be given back, after 2 to 4 s on a machine that is not busy


def resident_mib(pid):
    with open(f"/proc/{pid}/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS:")) / 1024


class Memory(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.host = Process([HOST, self.folder.name + "/tasks.db", "0", "default"], ready=r"port (\d+)")
        port = self.host.match.group(1)
        self.connection = f"Endpoint=http://127.0.0.1:{port};TaskHub=default;Authentication=None"

    def tearDown(self):
        self.host.stop()
        self.folder.cleanup()

    def hold(self, name, count, size):
        subprocess.run([LOAD, self.connection, name, str(count), str(size)], check=True, timeout=900)
        until = time.monotonic() + QUIET_S
        while resident_mib(self.host.pid) > FACTOR * MAY_HOLD_MIB and time.monotonic() < until:
            time.sleep(0.5)
        held = resident_mib(self.host.pid)
        print(f"{count} {name} of {size} bytes: {held:.0f} MiB resident", flush=True)
        self.assertLessEqual(held, FACTOR * MAY_HOLD_MIB)

    def test_800_ended_runs_of_1_mib_in_and_out(self):
        self.hold("ended", 800, (1 << 20) - 1024)

    def test_5000_waiting_runs_of_100_kb(self):
        self.hold("waiting", 5000, 100000)


if __name__ == "__main__":
    unittest.main(verbosity=2)
