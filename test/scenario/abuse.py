# SPDX-License-Identifier: MIT
"""What every group of hostile input is held against: one server, its health, its memory, its descriptors, the good path."""
import http.client
import os
import re
import resource
import socket
import threading
import time
import unittest

from server import Server, is_sanitized

GROUP_SECONDS_MAX = 150  # a hang, not slowness: a group takes some seconds on an idle machine
RSS_PEAK_MAX = 320 << 20  # bytes above what it was while a group runs; the largest single request accepted is 64 MiB
RSS_KEPT_MAX = 96 << 20  # bytes above what it was after it: the allocator's arenas
RSS_TOTAL_MAX = 256 << 20  # bytes after any number of groups
FDS_KEPT_MAX = 32  # descriptors above the base after it: each ready session of the pool has four
UPLOAD_SIZE_MAX = 4 << 20


class Rig:
    """The server of all groups, and what it costs when nothing happens."""

    def __init__(self, program):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
        self.slack = 8 if is_sanitized(program) else 1
        self.server = Server(program, arguments=["--task-hubs", "default,abuse,wide,narrow,mortal", "--upload-size-max", str(UPLOAD_SIZE_MAX),
                                                 "--run-timeout", "10s"]).start()
        self.pid = self.server.process.pid
        self.port = self.server.port
        self.pool = self.server.ready["sessionPoolUrl"].split(str(self.port), 1)[1]
        for _ in range(3):
            self.good_path()
        self.base_fds = self.fds()

    def close(self):
        self.server.close()

    def rss(self):
        return self.server.resident()

    def fds(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def good_path(self):
        """Submit, look, approve."""
        request_id = self.server.submit("print(6 * 7)")
        seen = self.server.request(request_id, wait="30s")
        assert seen["state"] == "waiting", seen
        assert seen["result"]["stdout"] == "42\n", seen
        assert self.server.review(request_id, True)[0] == 200
        self.server.until(request_id, "approved")

    def connect(self, timeout=10):
        return socket.create_connection(("127.0.0.1", self.port), timeout=timeout)

    def raw(self, data, timeout=10):
        """Sends bytes and reads until the server closes; returns all it said."""
        said = b""
        with self.connect(timeout) as s:
            try:
                s.sendall(data)
            except OSError:
                pass  # it has already refused what it saw
            try:
                while True:
                    more = s.recv(65536)
                    if not more:
                        return said
                    said += more
            except ConnectionResetError:
                return said
            except TimeoutError as e:
                raise AssertionError(f"the server neither closes nor answers in {timeout} s; it said {said[:300]!r}") from e

    def raw_status(self, data, timeout=10):
        """The statuses of all answers to these bytes; the server must close by itself."""
        said = self.raw(data, timeout)
        return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d\d\d) ", said)]

    def keep(self):
        """A keep-alive connection."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)


class Group(unittest.TestCase):
    """Each test is one group; after it the server must be as good as new."""

    rig = None  # set by abuse_test.py

    def setUp(self):
        self.began = time.monotonic()
        self.before = self.peak = self.rig.rss()
        self.over = threading.Event()
        self.watcher = threading.Thread(target=self.watch, daemon=True)
        self.watcher.start()
        self.watchdog = threading.Timer(GROUP_SECONDS_MAX, self.rig.server.process.kill)  # a test that hangs ends
        self.watchdog.daemon = True
        self.watchdog.start()

    def watch(self):
        while not self.over.wait(0.02):
            try:
                self.peak = max(self.peak, self.rig.rss())
            except (OSError, StopIteration):
                return  # it died: tearDown says so

    def tearDown(self):
        rig = self.rig
        self.over.set()
        self.watcher.join()
        self.watchdog.cancel()
        self.assertIsNone(rig.server.process.poll(), f"the server died:\n{rig.server.tail()}")
        self.assertEqual(rig.server.ask("GET", "/healthz", timeout=60)[0], 200)
        rig.good_path()
        took = time.monotonic() - self.began
        deadline = time.monotonic() + 60
        while (rig.fds() > rig.base_fds + FDS_KEPT_MAX or rig.rss() > self.before + RSS_KEPT_MAX * rig.slack) \
                and time.monotonic() < deadline:
            time.sleep(0.1)
        kept, fds = rig.rss() - self.before, rig.fds()
        print(f"  {self._testMethodName}: {took:.1f} s, peak {(self.peak - self.before) >> 20:+} MiB, "
              f"kept {kept >> 20:+} MiB of {rig.rss() >> 20} MiB, descriptors {fds - rig.base_fds:+}", flush=True)
        self.assertLessEqual(fds, rig.base_fds + FDS_KEPT_MAX, "descriptors are not given back")
        self.assertLess(self.peak - self.before, RSS_PEAK_MAX * rig.slack, "too much memory while it went on")
        self.assertLess(kept, RSS_KEPT_MAX * rig.slack, "memory is not given back")
        self.assertLess(rig.rss(), RSS_TOTAL_MAX * rig.slack, "memory is not given back in the long run")
        self.assertLess(took, GROUP_SECONDS_MAX)
