# SPDX-License-Identifier: MIT
"""Hostile HTTP/1.1 and JSON: heads, framing, connections, bodies, sizes, on the routes of app, pool and files."""
import json
import os
import random
import socket
import time
import urllib.parse

from abuse import UPLOAD_SIZE_MAX, Group

HOST = b"Host: localhost\r\n"
JSON_TYPE = {"Content-Type": "application/json"}
V1 = "api-version=2024-02-02-preview"
V2 = "api-version=2025-10-02-preview"


def head(line, *fields):
    return line + b"\r\n" + HOST + b"".join(f + b"\r\n" for f in fields) + b"\r\n"


POST = b"POST /code/execute HTTP/1.1"
TYPED = b"Content-Type: application/json"
SECOND = b"GET /healthz HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n"  # what a smuggler wants to be served


class Http(Group):
    def refused(self, data, *statuses):
        """One answer, an error, and the connection is over: nothing behind the fault is ever read as a request."""
        with self.subTest(data=data[:80]):
            got = self.rig.raw_status(data + SECOND)
            self.assertEqual(len(got), 1, got)
            self.assertIn(got[0], statuses)

    def test_heads(self):
        long = b"x" * 40000
        table = [
            # Smuggling: two readers must not see two messages.
            (head(POST, b"Content-Length: 4", b"Transfer-Encoding: chunked") + b"0\r\n\r\n", 400),
            (head(POST, b"Transfer-Encoding: chunked", b"Content-Length: 4") + b"0\r\n\r\n", 400),
            (head(POST, b"Content-Length: 4", b"Content-Length: 5") + b"\"a\"  ", 400),
            (head(POST, b"Content-Length: 4, 5"), 400),
            (head(POST, b"Content-Length: +4"), 400),
            (head(POST, b"Content-Length: -1"), 400),
            (head(POST, b"Content-Length: 0x10"), 400),
            (head(POST, b"Content-Length: 4 4"), 400),
            (head(POST, b"Content-Length: "), 400),
            (head(POST, b"Content-Length: 1e3"), 400),
            (head(POST, "Content-Length: \u0664".encode()), 400),
            (head(POST, b"Content-Length: 18446744073709551616"), 400, 413),
            (head(POST, b"Content-Length: 99999999999999999999999999"), 400, 413),
            (head(POST, b"Transfer-Encoding: identity"), 400, 501),
            (head(POST, b"Transfer-Encoding: chunked, identity"), 400, 501),
            (head(POST, b"Transfer-Encoding: xchunked"), 400, 501),
            (head(POST, b"Transfer-Encoding: chunked, chunked"), 400, 501),
            (head(POST, b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"), 400, 501),
            (head(POST, b"Transfer-Encoding: \x0bchunked"), 400, 501),
            (head(POST, b"Transfer-Encoding: chunked\x00"), 400, 501),
            (head(POST, b"Transfer-Encoding:\r\n chunked"), 400, 501),
            (head(POST, b"Transfer-Encoding : chunked"), 400),
            (POST.replace(b"1.1", b"1.0") + b"\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, 501),
            # Lines and names.
            (b"GET / HTTP/1.1\nHost: h\n\n", 400),
            (b"GET / HTTP/1.1\r\nHost: h\r\nA: b\rc\r\n\r\n", 400),
            (head(b"GET / HTTP/1.1", b"A: b\x00c"), 400),
            (head(b"GET / HTTP/1.1", b"A: b\x7fc"), 400),
            (head(b"GET / HTTP/1.1", b"A b: c"), 400),
            (head(b"GET / HTTP/1.1", b"(A): c"), 400),
            (head(b"GET / HTTP/1.1", b": c"), 400),
            (head(b"GET / HTTP/1.1", b"no colon"), 400),
            (head(b"GET / HTTP/1.1", b"A: b", b" folded"), 400),
            (b"GET / HTTP/1.1\r\n Host: h\r\n\r\n", 400),
            (b"GET / HTTP/1.1\r\n\r\n", 400),
            (head(b"GET / HTTP/1.1", b"Host: other"), 400),
            (head(b"GET / HTTP/1.1", b"Expect: miracles"), 417),
            # Request lines.
            (head(b"GET  / HTTP/1.1"), 400),
            (head(b"GET /\tx HTTP/1.1"), 400),
            (head(b"GET / x HTTP/1.1"), 400),
            (head(b"GET /"), 400, 505),
            (head(b"GET / HTTP/1.10"), 400, 505),
            (head(b"GET / HTTP/9.9"), 400, 505),
            (head(b"GET / http/1.1"), 400, 505),
            (head(b"G(T / HTTP/1.1"), 400),
            (head(b"GET /\x00 HTTP/1.1"), 400),
            (head(b"GET nothing HTTP/1.1"), 400),
            (head(b"CONNECT localhost:1 HTTP/1.1"), 400, 405, 501),
            # Sizes.
            (head(b"GET /" + long + b" HTTP/1.1"), 414, 431),
            (head(b"GET / HTTP/1.1", b"A: " + long), 431),
            (head(b"GET / HTTP/1.1", long + b": a"), 431, 400),
            (head(b"GET / HTTP/1.1", *[b"A%d: b" % n for n in range(200)]), 431),
            (b"\r\n" * 50000, 400, 431),
            (long * 30, 400, 414, 431),
            (head(POST, TYPED, b"Content-Length: 1000000000000000"), 413),
            (head(POST, TYPED, b"Content-Encoding: gzip", b"Content-Length: 3") + b"abc", 415),
        ]
        for data, *statuses in table:
            self.refused(data, *statuses)

    def test_chunks(self):
        chunked = head(POST, TYPED, b"Transfer-Encoding: chunked")
        table = [
            (b"zz\r\n", 400), (b"-1\r\n", 400), (b"+1\r\na\r\n0\r\n\r\n", 400), (b"0x1\r\na\r\n0\r\n\r\n", 400),
            (b" 1\r\na\r\n0\r\n\r\n", 400), (b"\r\n", 400), (b"1\r\nab\r\n0\r\n\r\n", 400), (b"1\na\r\n0\r\n\r\n", 400),
            (b"1\r\na\n0\r\n\r\n", 400), (b"1\ra\r\n", 400), (b"FFFFFFFFFFFFFFFFF\r\n", 400, 413),
            (b"FFFFFFFFFFFFFFFF\r\n", 400, 413), (b"7fffffffffffffff\r\n", 400, 413), (b"0" * 100 + b"1\r\na\r\n", 400),
            (b"1;" + b"x" * 20000 + b"\r\na\r\n0\r\n\r\n", 400, 413, 431), (b"1;a\x00\r\na\r\n0\r\n\r\n", 400),
            (b"0\r\n" + b"A: b\r\n" * 5000 + b"\r\n", 400, 413, 431), (b"0\r\nbad trailer\r\n\r\n", 400),
            (b"0\r\n folded\r\n\r\n", 400), ((b"1;" + b"x" * 200 + b"\r\na\r\n") * 500, 400, 413, 431),
        ]
        for body, *statuses in table:
            self.refused(chunked + body, *statuses)
        # A body of millions of chunks of one byte is over the limit of the route like any other.
        self.refused(chunked + b"1\r\n#\r\n" * 5_000_000, 413)
        # And what is right still is, in any pieces.
        body = b"1\r\n\"\r\n8\r\nprint(1)\r\n1\r\n\"\r\n0\r\nTrailer: x\r\n\r\n"
        with self.rig.connect() as s:
            for byte in chunked + body:
                s.sendall(bytes([byte]))
            self.assertTrue(s.recv(1000).startswith(b"HTTP/1.1 200 "))

    def test_pipelining(self):
        # The same connection carries its answers in order, an error among them, and none is answered twice.
        paths = ["/healthz", "/nothing", "/v1/requests?limit=0", "/v1/requests/unknown"] * 50
        want = [200, 404, 400, 404] * 50
        data = b"".join(head(b"GET %s HTTP/1.1" % p.encode()) for p in paths)
        self.assertEqual(self.rig.raw_status(data + SECOND), want + [200])
        body = json.dumps("print(1)").encode()
        one = head(POST, TYPED, b"Content-Length: %d" % len(body)) + body
        said = self.rig.raw(one * 20 + SECOND)
        ids = [part.split(b'"')[1] for part in said.split(b'"RequestId":')[1:]]
        self.assertEqual(len(set(ids)), 20)
        for request_id in ids:
            self.rig.server.until(request_id.decode(), "waiting")
        # A client that asks for ever and never reads an answer costs what one answer costs.
        sockets = []
        try:
            for _ in range(20):
                s = self.rig.connect()
                sockets.append(s)
                s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                s.setblocking(False)
                many = head(b"GET /v1/requests HTTP/1.1") * 2000
                deadline = time.monotonic() + 0.2
                while time.monotonic() < deadline:
                    try:
                        s.send(many)
                    except BlockingIOError:
                        time.sleep(0.01)
            self.rig.good_path()
        finally:
            for s in sockets:
                s.close()

    def test_idle_and_slow_connections(self):
        sockets = [self.rig.connect(20) for _ in range(500)]
        slow = [self.rig.connect(20) for _ in range(60)]
        try:
            for n, s in enumerate(slow):
                s.sendall([b"GET /healthz HTTP/1.1\r\nHost: h\r\nA: ", b"G", b"PRI * HTTP/2.0\r\n\r\nSM"][n % 3])
            began = time.monotonic()
            self.rig.good_path()
            answers = {}
            while len(answers) < len(slow) and time.monotonic() < began + 60:  # the head of a request has 10 s, a byte now and then does not help
                for s in slow:
                    if s in answers:
                        continue
                    try:
                        s.send(b"x" if slow.index(s) % 3 == 0 else b"")
                    except OSError:
                        pass
                    s.setblocking(False)
                    try:
                        answers[s] = s.recv(1000)
                    except BlockingIOError:
                        pass
                    except OSError:
                        answers[s] = b""
                    s.setblocking(True)
                if len(answers) == len(slow):
                    break
                time.sleep(0.25)
            self.assertEqual(len(answers), len(slow), "slow heads are not given up")
            for s in slow[::3]:
                self.assertIn(b" 408 ", answers[s] or b" 408 ")
            for s in sockets:  # those that never said a word are closed too
                s.settimeout(30)
                try:
                    self.assertEqual(s.recv(1), b"")
                except ConnectionResetError:
                    pass
        finally:
            for s in sockets + slow:
                s.close()

    def test_connections_that_vanish(self):
        chunked = head(POST, TYPED, b"Transfer-Encoding: chunked")
        wait = head(b"GET /v1/requests/%s?wait=60s HTTP/1.1" % self.waiting().encode())
        execute = head(b"POST %s/code/execute?identifier=vanishing&%s HTTP/1.1" % (self.rig.pool.encode(), V1.encode()),
                       TYPED, b"Content-Length: 1000000")
        starts = [b"", b"G", head(POST, TYPED, b"Content-Length: 1000000") + b"\"" + b"x" * 1000, chunked + b"5\r\nab",
                  wait, execute + b"{", head(b"GET /healthz HTTP/1.1"), chunked]
        for n in range(400):
            with self.rig.connect() as s:
                s.sendall(starts[n % len(starts)])
                if n % 3 == 0:
                    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    def waiting(self):
        request_id = self.rig.server.submit("print(1)")
        self.rig.server.until(request_id, "waiting")
        return request_id

    def test_json(self):
        deep = 100_000
        texts = [
            b"[" * deep, b"[" * deep + b"]" * deep, b'{"a":' * deep, b'{"a":' * deep + b"1" + b"}" * deep,
            b'{"code":"print(1)","code":"print(2)"}', b'"\\ud800"', b'"\\udc00\\ud800"', b'"\\ud800\\u0041"',
            b'"\xff"', b'"\xc0\xaf"', b'"\xed\xa0\x80"', b'"\xf4\x90\x80\x80"', b'"\xe2\x82"', b'"a\nb"', b'"a\x00b"', b'"\\x41"',
            b'"\\u12"', b'"\\', b"'print(1)'", b'"a" "b"', b'"a",', b"nul", b"tru", b"NaN", b"Infinity", b"-", b"1e", b"1e999999999",
            b"9" * 5000, b"0x10", b"\xef\xbb\xbf", "\"print(1)\"".encode("utf-16"), b"\0" * 1000, b"/**/1", b"[1,]", b'{"a":1,}', b"{1:1}",
        ]
        waiting = self.waiting()
        routes = [
            ("/code/execute", lambda t: t), ("/v1/requests", lambda t: t), (f"/v1/requests/{waiting}/decision", lambda t: t),
            ("/v1/requests", lambda t: b'{"code":' + t + b"}"), (f"/v1/requests/{waiting}/decision", lambda t: b'{"approve":' + t + b"}"),
            (f"{self.rig.pool}/code/execute?identifier=hostile-json&{V1}", lambda t: t),
            (f"{self.rig.pool}/executions?identifier=hostile-json&{V2}", lambda t: b'{"properties":' + t + b"}"),
        ]
        before = self.count()
        connection = self.rig.keep()
        for path, wrap in routes:
            for text in texts:
                with self.subTest(path=path.split("/")[-1], text=text[:40]):
                    connection.request("POST", path, wrap(text), JSON_TYPE)
                    answer = connection.getresponse()
                    body = answer.read()
                    self.assertIn(answer.status, (400, 413), body[:300])  # 413: nested deeper than it takes
                    self.assertIn("json", answer.headers["Content-Type"])
                    json.loads(body)
        connection.close()
        self.assertEqual(self.count(), before)
        self.assertEqual(self.rig.server.request(waiting)["state"], "waiting")
        # Odd but right: NUL and everything else that a string may hold reaches the interpreter, which judges.
        request_id = self.rig.server.submit("print('a\x00b')")
        self.assertEqual(self.rig.server.until(request_id, "failed", "waiting")["code"], "print('a\x00b')")
        request_id = self.rig.server.submit("print('\U0001f600\u2028\ufeff')")
        self.assertEqual(self.rig.server.until(request_id, "waiting")["result"]["stdout"], "\U0001f600\u2028\ufeff\n")

    def count(self):
        """How many requests there are, over all pages."""
        total, after = 0, None
        while True:
            query = "&after=" + urllib.parse.quote(after) if after else ""
            page = self.rig.server.ask("GET", "/v1/requests?limit=500" + query)[2]
            total += len(page["requests"])
            after = page.get("next")
            if not after:
                return total

    def test_oversize(self):
        ask, pool = self.rig.server.ask, self.rig.pool
        waiting = self.waiting()
        before = self.count()
        part = (b"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f\"\r\n\r\n" +
                b"x" * (UPLOAD_SIZE_MAX + 1) + b"\r\n--b--\r\n")
        form = {"Content-Type": "multipart/form-data; boundary=b"}
        table = [
            ((413,), "POST", "/code/execute", b'"' + b"#" * (513 << 10) + b'"', JSON_TYPE),
            ((413,), "POST", "/code/execute", b'"' + b"#" * (40 << 20) + b'"', JSON_TYPE),
            ((413,), "POST", "/v1/requests", b'{"code":"' + b"#" * (513 << 10) + b'"}', JSON_TYPE),
            ((413,), "POST", "/v1/requests", b'{"code":"' + b"#" * (40 << 20) + b'"}', JSON_TYPE),
            ((400, 413), "POST", f"/v1/requests/{waiting}/decision", b'{"approve":true,"comment":"' + b"x" * (1 << 20) + b'"}', JSON_TYPE),
            ((400, 413), "POST", f"/v1/requests/{waiting}/decision", b'{"approve":true,"by":"' + b"x" * 10000 + b'"}', JSON_TYPE),
            ((413,), "POST", f"/code/review?approve=true&requestId={waiting}", b"x" * (40 << 20), {}),
            ((413,), "GET", "/v1/requests", b"x" * (40 << 20), {}),
            ((413,), "POST", f"{pool}/code/execute?identifier=oversized&{V1}", b"x" * (9 << 20), JSON_TYPE),
            ((413,), "POST", f"{pool}/executions?identifier=oversized&{V2}", b"x" * (9 << 20), JSON_TYPE),
            ((413,), "POST", f"{pool}/files?identifier=oversized&{V2}", part, form),
            ((413,), "POST", f"{pool}/files/upload?identifier=oversized&{V1}", part, form),
            ((414, 431), "GET", "/v1/requests?state=" + "x" * 40000, None, {}),
            ((400, 404), "GET", "/v1/requests/" + "x" * 5000, None, {}),
            ((400,), "GET", "/v1/requests?after=" + "x" * 5000, None, {}),
            ((400, 404), "GET", f"{pool}/files/{'x' * 5000}?identifier=oversized&{V2}", None, {}),
            ((400,), "GET", f"{pool}/files?identifier={'x' * 129}&{V2}", None, {}),
            ((400,), "GET", f"{pool}/files?identifier=&{V2}", None, {}),
            ((400,), "GET", f"{pool}/files?{V2}", None, {}),
            ((400,), "POST", f"{pool}/code/execute?identifier=%00%00%00%00&{V1}", b"{}", JSON_TYPE),
            ((400,), "POST", f"{pool}/code/execute?identifier=%ff%fe%ff%fe&{V1}", b"{}", JSON_TYPE),
            ((400,), "POST", f"{pool}/code/execute?identifier=oversized&api-version={'9' * 5000}", b"{}", JSON_TYPE),
            ((400,), "POST", f"{pool}/code/execute?identifier=oversized", b"{}", JSON_TYPE),
        ]
        for want, method, path, body, headers in table:
            with self.subTest(method=method, path=path[:70], size=len(body or b"")):
                try:
                    status, answer_headers, answer = ask(method, path, body, headers)
                except (BrokenPipeError, ConnectionResetError) as e:
                    self.fail(f"the refusal was not to be read: {e!r}")
                self.assertIn(status, want, answer)
                self.assertIn("json", answer_headers["Content-Type"])
        self.assertEqual(self.count(), before)
        self.assertEqual(self.rig.server.request(waiting)["state"], "waiting")

    def test_forms_and_file_names(self):
        ask, pool = self.rig.server.ask, self.rig.pool
        path = f"{pool}/files?identifier=hostile-forms&{V2}"

        def post(body, kind="multipart/form-data; boundary=b", path=path):
            return ask("POST", path, body, {"Content-Type": kind})[0]

        def part(name, body=b"x", field=b"file"):
            return (b"--b\r\nContent-Disposition: form-data; name=\"" + field + b"\"; filename=\"" + name + b"\"\r\n\r\n" +
                    body + b"\r\n--b--\r\n")

        good = part(b"good.txt")
        self.assertEqual(post(good), 200)
        bodies = [b"", b"--b", b"--b--", b"--b--\r\n", b"nothing", good[:-8], good.replace(b"\r\n", b"\n"), b"--b\r\n\r\nx\r\n--b--\r\n",
                  b"--b\r\n" + b"A: " + b"x" * 200_000 + b"\r\n\r\nx\r\n--b--\r\n", b"--b\r\n" + b"A: b\r\n" * 20000 + b"\r\nx\r\n--b--\r\n",
                  part(b"f", field=b"other"), b"--b\r\nContent-Disposition: form-data; name=file\r\n\r\nx\r\n--b--\r\n",
                  b"--b\r\n\r\n" * 10000, os.urandom(100_000)]
        for body in bodies:
            with self.subTest(body=body[:60]):
                self.assertIn(post(body), (400, 413))
        # The boundary is found whatever the type says: a client of the cloud's sends forms as JSON (specification 5.3).
        for kind in ("text/plain", "multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=" + "b" * 500,
                     "multipart/form-data; boundary=\"b", "application/json"):
            with self.subTest(kind=kind[:60]):
                self.assertIn(post(good, kind), (200, 400, 415))
                self.assertIn(post(b"no form", kind), (400, 415))
        for name in (b"../x", b"../../etc/shadow", b"/etc/shadow", b"a/../../x", b"..", b".", b"", b"a\x00b", b"\xff\xfe", b"x" * 5000,
                     b"a/" * 200 + b"x"):
            with self.subTest(upload=name[:30]):
                self.assertIn(post(part(name)), (400, 200) if name in (b"/etc/shadow", b"../x", b"../../etc/shadow") else (400,))
        for directory in ("..", "../..", "/etc", "a/../..", "%00", "%ff", "x" * 5000, "a/" * 500):
            with self.subTest(directory=directory[:30]):
                status = post(good, path=path + "&path=" + urllib.parse.quote(directory, safe="%"))
                self.assertIn(status, (400, 200) if directory == "/etc" else (400,))
                status, _, answer = ask("GET", path + "&path=" + urllib.parse.quote(directory, safe="%"))
                self.assertIn(status, (200, 400, 404) if directory == "/etc" else (400, 404))
                self.assertNotIn("passwd", [item["name"] for item in answer.get("value", ())])
        for name in ("..%2f..%2fetc%2fpasswd", "%2fetc%2fpasswd", "a%00b", "%ff%fe", "..", "nothing", "x" * 3000):
            for tail in ("", "/content"):
                with self.subTest(name=name[:30], tail=tail):
                    self.assertIn(ask("GET", f"{pool}/files/{name}{tail}?identifier=hostile-forms&{V2}")[0], (400, 404))
        # A link that leads out of the folder is not followed.
        status, _, answer = ask("POST", f"{pool}/code/execute?identifier=hostile-forms&{V1}",
                                {"properties": {"codeInputType": "inline", "executionType": "synchronous", "code":
                                 "import os\nos.symlink('/etc/passwd', '/mnt/data/link')\nos.symlink('/', '/mnt/data/root')\nos.mkfifo('/mnt/data/pipe')"}})
        self.assertEqual(status, 200, answer)
        for name in ("link", "root%2fetc%2fpasswd", "pipe"):
            with self.subTest(link=name):
                self.assertIn(ask("GET", f"{pool}/files/{name}/content?identifier=hostile-forms&{V2}", timeout=60)[0], (400, 403, 404))
        listed = ask("GET", path, timeout=60)
        self.assertEqual(listed[0], 200, listed)
        self.assertEqual(ask("DELETE", f"{pool}/session?identifier=hostile-forms&{V2}")[0], 204)

    def test_random_bytes(self):
        seed = random.SystemRandom().getrandbits(32)
        chance = random.Random(seed)
        seeds = [head(POST, TYPED, b"Content-Length: 10") + b'"print(1)"', head(b"GET /v1/requests?limit=5 HTTP/1.1"),
                 head(POST, TYPED, b"Transfer-Encoding: chunked") + b"a\r\n\"print(1)\"\r\n0\r\n\r\n",
                 head(b"POST %s/executions?identifier=random-bytes&%s HTTP/1.1" % (self.rig.pool.encode(), V2.encode()), TYPED,
                      b"Content-Length: 2") + b"{}"]
        for n in range(1500):
            data = bytearray(chance.choice(seeds))
            for _ in range(chance.randint(1, 6)):
                at = chance.randrange(len(data))
                what = chance.randrange(3)
                if what == 0:
                    data[at] = chance.randrange(256)
                elif what == 1:
                    del data[at:at + chance.randint(1, 8)]
                else:
                    data[at:at] = chance.randbytes(chance.randint(1, 8))
                data = data or bytearray(b"\0")
            with self.subTest(seed=seed, n=n), self.rig.connect(5) as s:
                s.sendall(data)
                s.shutdown(socket.SHUT_WR)
                try:
                    while s.recv(65536):
                        pass
                except ConnectionResetError:
                    pass
