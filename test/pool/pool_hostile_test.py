# SPDX-License-Identifier: MIT
"""Bytes that no client sends, and many clients at once (sandbox.md 3.3 H), against a real server process."""
import concurrent.futures
import http.client
import random
import socket
import unittest

from pool_case import PoolTest
from pool_process import V4, Pool, fresh, wait_until


class Hostile(PoolTest):
    """Bytes that no client sends. The server must answer or close, and go on serving others."""

    def send(self, data, seconds=60):
        connection = socket.create_connection(("127.0.0.1", self.pool.port), timeout=seconds)
        try:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            received = b""
            while chunk := connection.recv(65536):
                received += chunk
            return received
        except (ConnectionResetError, BrokenPipeError):
            return b""
        finally:
            connection.close()

    def tearDown(self):
        self.assertEqual(self.value("1"), 1)
        super().tearDown()

    def test_raw_requests(self):
        target = f"/executions?identifier={self.id}&api-version={V4}"
        for data in (b"\r\n\r\n", b"GET\r\n\r\n", b"\x16\x03\x01" + b"\0" * 100, b"POST " + target.encode() + b" HTTP/9.9\r\n\r\n",
                     f"POST {target} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".encode(),
                     f"POST {target} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999999999999\r\n\r\n".encode(),
                     f"POST {target} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\n".encode(),
                     b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * (1 << 20) + b"\r\n\r\n"):
            answer = self.send(data)
            self.assertFalse(answer.startswith(b"HTTP/1.1 2"), answer[:200])

    def test_json_bombs(self):
        for body in (b"[" * 100000, b'{"a":' * 5000 + b"1" + b"}" * 5000, b'{"code":"' + b"\\ud800" + b'"}',
                     b'{"code":"1","code":"2"}', b"[" + b"1," * 1000000 + b"1]", b'{"code":"' + b"x" * (9 << 20) + b'"}'):
            try:
                answer = self.pool.call("POST", "/executions", self.id, V4, body, {"Content-Type": "application/json"})
                self.assertIn(answer.status, (400, 413), answer)
                self.assertTrue(answer.json["error"]["code"])
            except (BrokenPipeError, ConnectionResetError):
                pass

    def test_nul_in_code(self):
        body = self.pool.run(self.id, "x = '\0'").json
        self.assertEqual(body["status"], "Failed")

    def test_large_code(self):
        self.assertEqual(self.value("x = '" + "y" * (2 << 20) + "'\nlen(x)"), 2 << 20)

    def test_forms(self):
        for content_type, body in (("multipart/form-data; boundary=a", b"--b\r\n\r\n--b--\r\n"), ("multipart/form-data", b""),
                                   ("multipart/form-data; boundary=" + "x" * 300, b"--x"), ("text/plain", b"not a form"),
                                   ("multipart/form-data; boundary=a", b"--a\r\n\r\n" * 100000 + b"--a--\r\n"),
                                   ("multipart/form-data; boundary=a", b"--a\r\nContent-Disposition: form-data; name=\"other\"\r\n\r\nx\r\n--a--\r\n")):
            answer = self.pool.call("POST", "/files", self.id, V4, body, {"Content-Type": content_type})
            self.assertError(answer, 415 if content_type == "text/plain" else 400)
        answer = self.pool.upload(self.id, "", b"1", raw_disposition=b'form-data; name="file"; filename="a%0d%0aX-Evil: 1.txt"')
        self.assertError(answer, 400, "FilePathInvalid")
        self.assertEqual(self.pool.upload(self.id, "empty", b"").json["value"][0]["properties"]["size"], 0)

    def test_leaving_early(self):
        for _ in range(30):
            connection = socket.create_connection(("127.0.0.1", self.pool.port))
            body = b'{"code":"import time; time.sleep(0.05)"}'
            connection.sendall(f"POST /executions?identifier={self.id}&api-version={V4} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
            connection.close()

    def test_memory_limit_names_its_cause(self):
        body = self.pool.run(self.id, "x = bytearray(4 << 30)\nfor i in range(0, len(x), 4096): x[i] = 1").json
        self.assertEqual(body["status"], "Failed")
        self.assertTrue("MemoryError" in body["result"]["stderr"] or "memory limit" in body["result"]["stderr"], body)

    def test_identifier_floods_are_refused(self):
        names = [fresh() for _ in range(70)]
        answers = [self.pool.run(n, "1", timeout=60).status for n in names[:5]]
        self.assertEqual(set(answers), {200})
        for n in names[:5]:
            self.pool.call("DELETE", "/session", n)


class Interleavings(unittest.TestCase):
    """Many callers at once on few names, over a tier of the test's own that costs nothing: calls, uploads, downloads,
    listings, deletions and a short cooldown in random order. Every call gets one of the answers it may get, and at
    the end the books are even. (With a sanitizer's build this is where a dangling session would show.)"""

    def test_storm(self):
        ways = ("value:1", "out:x", "err:y", "exit:1", "oom", "junk", "twice", "flood:300000", "count", "sleep")
        with Pool(tier="fake", max=12, ready=3, cooldown_s=0.02, execution_max_s=1) as pool:
            names = [f"name-{n}" for n in range(8)]
            strange = []

            def caller(seed):
                rng = random.Random(seed)
                for _ in range(120):
                    name = rng.choice(names)
                    kind = rng.randrange(8)
                    try:
                        if kind < 3:
                            code = rng.choice(ways)
                            limit = {"timeoutInSeconds": 1} if code == "sleep" else {}
                            kind_of = {"executionType": rng.choice(("Synchronous", "Asynchronous"))}
                            answer = pool.run(name, code, **limit, **kind_of)
                        elif kind == 3:
                            answer = pool.upload(name, f"f{rng.randrange(3)}", b"x" * rng.choice((0, 10, 700000)), "/files", V4)
                        elif kind == 4:
                            answer = pool.call("GET", f"/files/f{rng.randrange(3)}/content", name)
                        elif kind == 5:
                            answer = pool.call("GET", "/files", name, recursive="true")
                        elif kind == 6:
                            answer = pool.call("DELETE", "/session", name)
                        else:
                            answer = pool.call("GET", "/session", name)
                        if answer.status not in (200, 202, 204, 404, 409, 503):
                            strange.append((kind, answer))
                    except http.client.IncompleteRead:
                        pass  # a download whose session was deleted

            with concurrent.futures.ThreadPoolExecutor(8) as threads:
                list(threads.map(caller, range(8)))
            self.assertEqual(strange, [])
            wait_until(lambda: pool.report()["sessions"]["identifiers"] == 0)
            wait_until(lambda: pool.report()["sessions"]["ending"] == 0)
            counts = pool.report()["sessions"]
            self.assertEqual((counts["busy"], counts["cooling"]), (0, 0))


if __name__ == "__main__":
    unittest.main(verbosity=1)
