# SPDX-License-Identifier: MIT
"""What libdurabletask says when the other side is wrong: at once and with the cause, not after half a minute.

Each case is a peer of its own kind; the client's time-out is half a minute, and no answer may take it. If this fails, a
programmer with a wrong port waits in front of a silent program. Usage: wrong_peer_test.py PEER SCHEDULER_HOST
"""
import pathlib
import socket
import subprocess
import sys
import tempfile
import threading
import unittest

import services
from process import Process

PEER, HOST = sys.argv[1:3]
del sys.argv[1:3]
PATIENCE_S = 25  # under the 30 s that a call may take: whoever waits for that has waited for the time-out


class Sink:
    """Accepts and answers every connection with the same bytes."""

    def __init__(self, answer):
        self.answer = answer
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            peer.recv(1000)
            peer.sendall(self.answer)

    def close(self):
        self.listener.close()


class WrongPeer(unittest.TestCase):
    def look(self, endpoint, hub="default"):
        words = [PEER, f"Endpoint={endpoint};Authentication=None;TaskHub={hub}", "look", "x"]
        done = subprocess.run(words, capture_output=True, text=True, timeout=PATIENCE_S)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        return done.stderr

    def test_other_protocols(self):
        for opening, said in ((b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1"),
                              (b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", "does not speak HTTP/2"),
                              (b"\x15\x03\x01\x00\x02\x02\x16", "speaks TLS: write https://")):
            sink = Sink(opening)
            self.addCleanup(sink.close)
            with self.subTest(opening=opening):
                self.assertRegex(self.look(f"http://127.0.0.1:{sink.port}"), f"FAILED_PRECONDITION: 127.0.0.1:{sink.port} .*{said}")

    def test_tls_to_a_clear_text_scheduler(self):
        sink = Sink(b"HTTP/1.1 400 Bad Request\r\n\r\n")  # what the listener of `sallyport` says is in test/scenario
        self.addCleanup(sink.close)
        self.assertRegex(self.look(f"https://127.0.0.1:{sink.port}"), "FAILED_PRECONDITION.*clear text.*http://")

    def test_an_unknown_hub(self):
        with tempfile.TemporaryDirectory() as folder, services.scheduler(HOST, pathlib.Path(folder, "store.db")) as service:
            self.assertRegex(self.look(f"http://127.0.0.1:{service.port}", hub="nope"), "NOT_FOUND.*nope.*default")

    def test_nobody_is_there_yet(self):
        """The first failure is said when it happens; the worker goes on and connects once somebody is there."""
        with socket.create_server(("127.0.0.1", 0)) as reserved:
            port = reserved.getsockname()[1]
        connection = f"Endpoint=http://127.0.0.1:{port};Authentication=None;TaskHub=default"
        with Process([PEER, connection, "worker"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as worker:
            self.assertRegex(worker.line(), "no connection: cannot connect to .*refused; again in")
            with tempfile.TemporaryDirectory() as folder, services.scheduler(HOST, pathlib.Path(folder, "store.db"), port):
                while "connected to task hub" not in worker.line():
                    pass
                worker.stop()


if __name__ == "__main__":
    unittest.main(verbosity=2)
