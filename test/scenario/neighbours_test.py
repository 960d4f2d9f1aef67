# SPDX-License-Identifier: MIT
"""One peer must not stall the loop: while it floods, the calls of its neighbours go on, and it is told to be calm.

Each attack sends what costs the server more than its sender, as fast as it can, on one connection after the other.
Measured is how many calls a neighbour gets done in the same time with and without it: a ratio, so that a slow or busy
machine changes nothing. Usage: neighbours_test.py PROGRAM [TEST...]
"""
import contextlib
import errno
import multiprocessing
import re
import resource
import select
import socket
import ssl
import struct
import sys
import time
import unittest

import http2_raw as h2
from server import POOL, Server

SERVICE = "/TaskHubSidecarService/"
SECONDS = 0.5  # of one measurement
LEAST_RATIO = 0.02  # attacker, server and client may share a processor

HEAD = h2.block(h2.grpc_headers(SERVICE + "Hello", "default"))


def entry(size):
    """A header field that enters the dynamic table as entry 62."""
    return b"\x40" + h2.integer(1, 7) + b"a" + h2.integer(size, 7) + b"x" * size


def request(stream, extra=b"", flags=h2.END_HEADERS):
    return h2.frame(h2.HEADERS, flags, stream, HEAD + extra)


def reset(stream):
    return h2.frame(h2.RST_STREAM, 0, stream, struct.pack(">I", 8))


def same(data, count=1000):
    """The same frames again and again."""
    return lambda n: data * count


def each(make, count=100):
    """Frames for one stream after the other."""
    return lambda n: b"".join(make(2 * (n * count + i) + 3) for i in range(count))


BOMB = b"\xbe" * 10000  # entry 62 again and again: 40 MB from 10 kB
TABLE = request(1, entry(4000))
HEADER_BOMB = each(lambda n: request(n, BOMB), 1)
ATTACKS = {  # what is sent first, and what then, as a function of how often it was sent
    "header bombs": (TABLE, HEADER_BOMB),
    "header bombs in continuations": (TABLE, each(lambda n: request(n, flags=0) + b"".join(
        h2.frame(h2.CONTINUATION, 0, n, BOMB) for _ in range(5)) + h2.frame(h2.CONTINUATION, h2.END_HEADERS, n), 1)),
    "bombs below the limit": (TABLE, each(lambda n: request(n, b"\xbe" * 3))),
    "bombs above the limit": (TABLE, each(lambda n: request(n, b"\xbe" * 6))),
    "bombs of trailers": (TABLE, each(lambda n: request(n) + h2.frame(
        h2.HEADERS, h2.END_HEADERS | h2.END_STREAM, n, b"\xbe" * 7))),
    "bombs in invalid requests": (TABLE, each(lambda n: h2.frame(h2.HEADERS, h2.END_HEADERS, n, b"\xbe" * 7))),
    "pings": (b"", same(h2.frame(h2.PING, payload=b"x" * 8))),
    "ping answers": (b"", same(h2.frame(h2.PING, h2.ACK, payload=b"x" * 8))),
    "settings": (b"", same(h2.frame(h2.SETTINGS, payload=h2.setting(h2.SETTING_INITIAL_WINDOW, 65535)))),
    "window updates": (request(1), same(h2.frame(h2.WINDOW_UPDATE, 0, 1, struct.pack(">I", 1)))),
    "priorities": (b"", each(lambda n: h2.frame(h2.PRIORITY, 0, n, struct.pack(">IB", 0, 1)), 1000)),
    "empty data": (request(1), same(h2.frame(h2.DATA, 0, 1))),
    "empty headers": (b"", each(lambda n: h2.frame(h2.HEADERS, h2.END_HEADERS, n), 1000)),
    "empty continuations": (request(1, flags=0), same(h2.frame(h2.CONTINUATION, 0, 1))),
    "resets": (b"", each(lambda n: request(n) + reset(n))),
    "unknown frames": (b"", same(h2.frame(0x77, 0xFF, 0, b"x"))),
}
CALM_GOAWAY = re.compile(rb"\x07\0\0\0\0\0....\0\0\0\x0b", re.DOTALL)  # RFC 9113 sections 6.8 and 7


def flood(connection, first, more, told):
    """On one connection, until the server ends it."""
    connection.socket.settimeout(5)
    connection.send(first)
    said, n = b"", 0
    while True:
        connection.send(more(n))
        n += 1
        while select.select([connection.socket], [], [], 0)[0]:
            answer = connection.socket.recv(65536)
            if not answer:
                return
            said = said[-200:] + answer
            if CALM_GOAWAY.search(said):
                told.set()


def attack(port, first, more, told):
    """Floods on one connection after the other; `told` is set once a GOAWAY says ENHANCE_YOUR_CALM."""
    while True:
        with h2.Connection(port) as c:
            try:
                flood(c, first, more, told)
            except OSError:
                pass


class Neighbours(unittest.TestCase):
    server = None

    def calls(self):
        """How many calls, one after the other, are answered well in the time of a measurement."""
        count, end = 0, time.monotonic() + SECONDS
        headers = h2.grpc_headers(SERVICE + "Hello", "default")
        while time.monotonic() < end:
            with h2.Connection(self.server.port) as c:
                for _ in range(1000):  # the connection gives no window back, so it must not live for ever
                    if time.monotonic() >= end:
                        break
                    self.assertEqual(c.finish(c.call(headers, h2.message(b"")), seconds=20), (200, 0))
                    count += 1
        return count

    def test_floods(self):
        for name, (first, more) in ATTACKS.items():
            with self.subTest(name):
                quiet = self.calls()
                told = multiprocessing.Event()
                attacker = multiprocessing.Process(target=attack, args=(self.server.port, first, more, told), daemon=True)
                attacker.start()
                time.sleep(0.2)
                try:
                    busy = self.calls()
                    calm = told.wait(10)
                finally:
                    attacker.kill()
                    attacker.join()
                print(f"{name}: {quiet} calls alone, {busy} beside it, ratio {busy / quiet:.2f}", flush=True)
                self.assertGreater(busy / quiet, LEAST_RATIO)
                self.assertTrue(calm, "no GOAWAY that says ENHANCE_YOUR_CALM")


    def test_a_large_start_is_refused_at_its_prefix(self):
        """63 MiB are announced, five bytes are sent."""
        for method, answer in (("StartInstance", (200, 8)), ("CompleteOrchestratorTask", (0, None))):
            with self.subTest(method), h2.Connection(self.server.port) as c:
                stream = c.call(h2.grpc_headers(SERVICE + method, "default"), h2.message(b"", length=63 << 20), end=False)
                self.assertEqual(c.finish(stream, seconds=20 if answer[1] else 0.5), answer)
                if answer[1]:
                    c.read(lambda: stream in c.reset, seconds=20)
                    self.assertEqual(c.reset[stream], 0, "the peer is told to stop sending")

    def test_stalled_uploads_have_one_budget(self):
        """Most of an upload on each of many connections, and then nothing: the server holds no more than it says."""
        limit, each, count = 1 << 20, 1 << 18, 12
        with Server(self.server.program, arguments=["--bodies-memory", str(limit), "--ready-sessions", "1"]) as server, contextlib.ExitStack() as stack:
            head = (f"POST {POOL}/files/upload?api-version=2024-02-02-preview&identifier=stalled HTTP/1.1\r\nHost: localhost\r\n"
                    f"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: {each + 100}\r\n\r\n").encode()
            refused, stalled = 0, []
            for _ in range(count):
                peer = stack.enter_context(socket.create_connection(("127.0.0.1", server.port), 60))
                try:
                    peer.sendall(head + bytes(each))
                except OSError:
                    pass  # it was told so and closed
                stalled.append(peer)
            deadline = time.monotonic() + 25  # sooner than the server gives those up that send nothing
            answered = set()
            while len(answered) < count - limit // each and time.monotonic() < deadline:
                for peer in select.select([peer for peer in stalled if peer not in answered], [], [], 0.1)[0]:
                    answered.add(peer)
            for peer in answered:
                try:
                    refused += peer.recv(4096).startswith(b"HTTP/1.1 503 ")
                except OSError:
                    refused += 1  # the answer was lost with what it had not read
            self.assertGreaterEqual(refused, count - limit // each)
            self.assertEqual(server.ask("GET", "/healthz")[0], 200)
            for peer in stalled:
                peer.close()
            deadline = time.monotonic() + 60
            while (status := server.ask("POST", "/code/execute", "print(1)")[0]) != 200:
                self.assertEqual(status, 503)
                self.assertLess(time.monotonic(), deadline, "their room does not come back")
                time.sleep(0.05)

    def test_idle_connections_do_not_shut_the_door(self):
        """More connections than the server holds, of both versions of HTTP, and none does anything."""
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        if hard < 10_000:
            self.skipTest(f"{hard} descriptors are too few")
        for first in (h2.PREFACE + h2.frame(h2.SETTINGS), b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"):
            with self.subTest(first[:3]), contextlib.ExitStack() as idle:
                for _ in range(4300):
                    s = idle.enter_context(socket.create_connection(("127.0.0.1", self.server.port), 20))
                    s.sendall(first)
                with h2.Connection(self.server.port) as c:
                    headers = h2.grpc_headers(SERVICE + "Hello", "default")
                    self.assertEqual(c.finish(c.call(headers, h2.message(b"")), seconds=20), (200, 0))
                self.assertEqual(self.server.ask("GET", "/healthz", timeout=20)[0], 200)
                self.assertIn("the idlest makes room", self.server.tail())
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    def test_tls_on_the_clear_text_port(self):
        context = ssl.create_default_context()
        for _ in range(3):
            with socket.create_connection(("127.0.0.1", self.server.port), 20) as s:
                with self.assertRaisesRegex(ssl.SSLError, "(?i)alert.protocol.version"):
                    context.wrap_socket(s, server_hostname="localhost")
        lines = [line for line in self.server.tail().splitlines() if "speaks TLS" in line]
        self.assertEqual(len(lines), 1)
        self.assertIn("write http://", lines[0])

    def test_both_loopbacks(self):
        self.assertTrue(self.server.ready["url"].startswith("http://localhost:"), self.server.ready)
        for address in ("127.0.0.1", "::1"):
            try:
                s = socket.create_connection((address, self.server.port), 20)
            except OSError as e:
                if address == "::1" and e.errno == errno.EADDRNOTAVAIL:
                    continue  # this machine has no IPv6
                raise
            with s:
                s.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                self.assertTrue(s.recv(100).startswith(b"HTTP/1.1 200 "))

    def test_a_silent_peer_is_asked_and_let_go(self):
        """A worker whose process is stopped: nobody answers the PING, and what it held is another's."""
        def work(c):
            return c.call(h2.grpc_headers(SERVICE + "GetWorkItems", "default"), h2.message(b""))

        with h2.Connection(self.server.port) as hung, h2.Connection(self.server.port) as alive:
            work(hung)
            stream = work(alive)
            hung.read(lambda: hung.headers, seconds=20)
            end = time.monotonic() + 20
            while time.monotonic() < end and "does not answer" not in self.server.tail():
                alive.read(lambda: False, seconds=0.1)  # it answers each PING
            self.assertIn("does not answer", self.server.tail())
            for _ in range(20):
                alive.read(lambda: False, seconds=0.1)
            self.assertFalse(alive.closed or stream in alive.ended or stream in alive.reset)
            self.assertTrue(hung.read(lambda: False, seconds=5) and hung.closed)


def main():
    pings = ["--peer-ping-interval", "300ms", "--peer-ping-timeout", "1s"]
    with Server(sys.argv.pop(1), command="scheduler", arguments=pings) as server:
        Neighbours.server = server
        unittest.main(verbosity=2)


if __name__ == "__main__":
    main()
