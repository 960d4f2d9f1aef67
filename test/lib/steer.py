# SPDX-License-Identifier: MIT
"""The other side of steer.c: a server's wall clock, and the write before which it ends."""
import mmap
import os
import struct
import tempfile

SHIFT, PID, WRITES, ENDS_AT = range(4)
KILLED = 137  # its exit code


class Steer:
    """`environment` is for the server that is steered."""

    def __init__(self, library):
        self.file = tempfile.TemporaryFile(prefix="steer-")
        self.file.truncate(mmap.PAGESIZE)
        self.memory = mmap.mmap(self.file.fileno(), mmap.PAGESIZE)
        path = f"/proc/{os.getpid()}/fd/{self.file.fileno()}"
        options = ":".join(filter(None, [os.environ.get("ASAN_OPTIONS", ""), "verify_asan_link_order=0"]))
        self.environment = {**os.environ, "LD_PRELOAD": str(library), "STEER": path, "ASAN_OPTIONS": options}

    def close(self):
        self.memory.close()
        self.file.close()

    def put(self, place, number):
        self.memory[8 * place:8 * place + 8] = struct.pack("q", number)

    def get(self, place):
        return struct.unpack("q", self.memory[8 * place:8 * place + 8])[0]

    def set_clock(self, seconds):
        """Its wall clock, ahead of the machine's by so much from now on."""
        self.put(SHIFT, int(seconds * 1e9))

    def count_writes(self, pid, ends_at=0):
        """Of that process from now on; it ends, as if killed, before the write of that number."""
        for place, number in ((PID, 0), (WRITES, 0), (ENDS_AT, ends_at), (PID, pid)):
            self.put(place, number)

    def writes(self):
        return self.get(WRITES)
