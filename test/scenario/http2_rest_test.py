# SPDX-License-Identifier: MIT
"""The web API over HTTP/2 with prior knowledge: what HTTP/1.1 answers, HTTP/2 answers.

If this fails, a client or proxy that chooses HTTP/2 gets other answers, or none. Driven by curl and, for what curl does
not send, frame by frame. Usage: http2_rest_test.py PROGRAM [TEST...]
"""
import json
import os
import struct
import subprocess
import sys
import tempfile
import time
import unittest

import http2_raw as h2
from server import Server


class Rest(unittest.TestCase):
    server = None

    def curl(self, path, *arguments, version="--http2-prior-knowledge", host="localhost"):
        """Returns (version, status, headers, body)."""
        with tempfile.NamedTemporaryFile() as head:
            done = subprocess.run(["curl", "-sS", "-m", "60", version, "-D", head.name, *arguments,
                                   f"http://{host}:{self.server.port}{path}"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            self.assertEqual(done.returncode, 0, done.stderr.decode())
            lines = head.read().decode().split("\r\n\r\n")[-2].split("\r\n")
        protocol, status = lines[0].split()[:2]
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines[1:])}
        return protocol, int(status), headers, done.stdout

    def test_the_same_answers_as_over_http_1(self):
        post = ["-X", "POST", "-H", "Content-Type: application/json", "-d"]
        pool = self.server.ready["sessionPoolUrl"].split(str(self.server.port), 1)[1]
        table = [("/healthz", []), ("/nothing", []), ("/v1/requests?limit=1", []), ("/openapi.json", []),
                 ("/healthz", ["-X", "DELETE"]), ("/healthz", ["-I"]), ("/v1/requests", ["-X", "OPTIONS"]),
                 ("/code/execute", ["-X", "POST"]), ("/code/execute", post + ["not JSON"]),
                 ("/code/execute", ["-X", "POST", "-H", "Content-Type: text/csv", "-d", "x"]),
                 ("/v1/requests/%zz", []), ("/v1/requests/00000000-0000-0000-0000-000000000000", []),
                 ("/code/review?approve=maybe&requestId=1", ["-X", "POST"]),
                 ("/healthz", ["-H", "Host: evil.example"]), ("/v1/requests", ["-H", "Origin: http://evil.example"]),
                 ("/v1/requests", post + ["{}", "-H", "Sec-Fetch-Site: cross-site"]),
                 (pool + "/executions", post + ["{}"]), (pool + "/files?api-version=2025-02-02-preview", []),
                 ("/code/execute", post + ["{"])]
        for path, arguments in table:
            with self.subTest(path=path, arguments=arguments[:6]):
                old = self.curl(path, *arguments, version="--http1.1")
                new = self.curl(path, *arguments)
                self.assertEqual((old[0], new[0]), ("HTTP/1.1", "HTTP/2"))
                self.assertEqual(old[1], new[1])
                for name in set(old[2]) | set(new[2]):
                    if name not in ("date", "connection", "transfer-encoding", "content-length") and "id" not in name:
                        self.assertEqual(old[2].get(name), new[2].get(name), name)
                if b"traceId" not in old[3] and path != "/healthz":
                    self.assertEqual(old[3], new[3])

    def test_submit_wait_decide(self):
        json_type = ["-H", "Content-Type: application/json"]
        _, status, _, body = self.curl("/code/execute", *json_type, "-d", '"print(6 * 7)"')
        self.assertEqual(status, 200, body)
        request_id = json.loads(body)["RequestId"]
        seen = json.loads(self.curl(f"/v1/requests/{request_id}?wait=30s&until=result")[3])  # a long poll
        self.assertEqual(seen["result"]["stdout"], "42\n")
        _, status, _, body = self.curl(f"/code/review?approve=true&requestId={request_id}", "-X", "POST")
        self.assertEqual(status, 200, body)

    def test_files_go_up_and_come_down(self):
        pool = self.server.ready["sessionPoolUrl"].split(str(self.server.port), 1)[1]
        query = "?api-version=2024-02-02-preview&identifier=h2rest"
        data = os.urandom(5 << 20)
        with tempfile.NamedTemporaryFile(suffix=".bin") as file:
            file.write(data)
            file.flush()
            _, status, _, body = self.curl(f"{pool}/files/upload{query}", "-F", f"file=@{file.name};filename=a.bin")
            self.assertEqual(status, 200, body)
        _, status, _, body = self.curl(f"{pool}/files/content/a.bin{query}")
        self.assertEqual(status, 200)
        self.assertEqual(body, data)

    def test_a_body_without_a_length(self):
        with h2.Connection(self.server.port) as c:
            stream = c.open([(":method", "POST"), (":scheme", "http"), (":path", "/code/execute"), (":authority", "localhost"),
                             ("content-type", "application/json")])
            for part in (b'"pri', b"", b'nt(1)', b'"'):
                c.send(h2.frame(h2.DATA, 0, stream, part))
            c.send(h2.frame(h2.DATA, h2.END_STREAM, stream))
            self.assertEqual(c.finish(stream, seconds=30)[0], 200)
            self.assertIn(b"RequestId", c.data[stream])

    def test_a_body_over_the_limit_is_refused_before_it_comes(self):
        with h2.Connection(self.server.port) as c:
            stream = c.open([(":method", "POST"), (":scheme", "http"), (":path", "/code/execute"), (":authority", "localhost"),
                             ("content-type", "application/json"), ("content-length", str(1 << 30))])
            self.assertEqual(c.finish(stream, seconds=30)[0], 413)
            self.assertNotIn(stream, c.reset)  # curl takes a reset right behind the answer for a failure
            for _ in range(5):
                c.send(h2.frame(h2.DATA, 0, stream, b"x" * 16384))
            c.read(lambda: stream in c.reset, seconds=30)
            self.assertEqual(c.reset[stream], 0, "the peer is told to stop sending")
            self.assertEqual(c.finish(c.open([(":method", "GET"), (":scheme", "http"), (":path", "/healthz"),
                                              (":authority", "localhost")], end=True), seconds=30)[0], 200)

    def test_lines_cannot_be_smuggled(self):
        bad = [(":path", "/healthz HTTP/1.1\r\nX: y"), (":path", "/a b"), ("x", "a\r\nb: c"), (":authority", "localhost\r\nx: y"),
               (":method", "GET /x")]
        for name, value in bad:
            with self.subTest(name=name, value=value), h2.Connection(self.server.port) as c:
                headers = dict([(":method", "GET"), (":scheme", "http"), (":path", "/healthz"), (":authority", "localhost")])
                headers[name] = value
                stream = c.open(list(headers.items()), end=True)
                status = c.finish(stream, seconds=30)[0]
                self.assertTrue(status == 400 or stream in c.reset or c.closed or c.goaway, (status, c.headers))

    def test_polls_of_peers_that_leave_are_let_go(self):
        request_id = json.loads(self.curl("/code/execute", "-H", "Content-Type: application/json", "-d", '"print(1)"')[3])["RequestId"]
        with h2.Connection(self.server.port) as c:
            streams = [c.open([(":method", "GET"), (":scheme", "http"), (":path", f"/v1/requests/{request_id}?wait=60s&until=decision"),
                               (":authority", "localhost")], end=True) for _ in range(200)]
            time.sleep(0.3)
            for stream in streams[:100]:
                c.send(h2.frame(h2.RST_STREAM, 0, stream, struct.pack(">I", 8)))
        self.assertEqual(self.curl("/healthz")[1], 200)
        self.assertEqual(self.curl(f"/code/review?approve=true&requestId={request_id}", "-X", "POST")[1], 200)

    def test_health_of_grpc(self):
        with h2.Connection(self.server.port) as c:
            for service, answer in ((b"", (200, 0)), (b"TaskHubSidecarService", (200, 0)), (b"other", (200, 5))):
                body = b"\x0a" + bytes([len(service)]) + service if service else b""
                stream = c.call(h2.grpc_headers("/grpc.health.v1.Health/Check"), h2.message(body))
                self.assertEqual(c.finish(stream, seconds=30), answer)
                if answer[1] == 0:
                    self.assertEqual(c.data[stream], h2.message(b"\x08\x01"))


def main():
    with Server(sys.argv.pop(1), arguments=["--access-log"]) as server:
        Rest.server = server
        unittest.main(verbosity=2)


if __name__ == "__main__":
    main()
