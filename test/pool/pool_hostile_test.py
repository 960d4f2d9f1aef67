# SPDX-License-Identifier: MIT
"""Bytes that no client sends, and many clients at once (sandbox.md 3.3 H), against a real server process."""
import concurrent.futures
import http.client
import random
import socket
import unittest

from pool_case import FORGE, PoolTest
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


OK = b'"ok":true,"duration_us":1'
PNG = b"iVBORw0KGgoAAAANSUhEUg=="


class ForgedResults(PoolTest):
    """A session owns its interpreter, so it can send any result. What a person or a program is shown of it must be of
    the types that the contract has, and harmless (a session each)."""

    def forge(self, members, before=""):
        name = fresh()
        code = f"{FORGE}{before}\nsend(frame_of({members!r}, cell_id()))\ntime.sleep(60)"
        answer = self.pool.run(name, code)
        self.pool.call("DELETE", "/session", name)
        return answer

    def test_values(self):
        image = b'{"type":"image","format":"%s","base64_data":"%s"}'
        dropped = ("", True)
        for value, expected in ((b"7", (7, False)), (b"1e999999999", dropped), (b"9" * 400000, dropped), (b"[" * 60 + b"]" * 60, dropped),
                                (b'{"__proto__":{"x":1},"$type":"System.Diagnostics.Process"}', dropped),
                                (image % (b"svg+xml", b"PHN2Zy8+"), dropped), (image % (b"png", b"<script>"), dropped),
                                (image % (b"jpeg", PNG), dropped),
                                (image % (b"png", PNG), ({"type": "image", "format": "png", "base64_data": PNG.decode()}, False)),
                                (b'"a\\u0000b"', ("a\0b", False)), (b'"\\ud800"', ("\ufffd", False))):
            result = self.forge(OK + b',"value":' + value).json["result"]
            self.assertEqual((result["executionResult"], result.get("resultDropped", False)), expected, value[:100])
            self.assertEqual(result.get("resultTruncated", False), expected[1], value[:100])

    def test_outputs(self):
        sent = b',"value":1,"outputs":[1,null,{"image/png":5},{"text/html":"<b>","application/x-sh":"x"},{"image/png":"%s"}]' % PNG
        result = self.forge(OK + sent).json["result"]
        self.assertEqual(result["outputs"], [{"text/html": "<b>"}, {"image/png": PNG.decode()}])
        self.assertTrue(result["resultDropped"])
        result = self.forge(OK + b',"value":1,"outputs":[' + b",".join([b"{}"] * 1000000) + b"]").json["result"]
        self.assertNotIn("outputs", result)
        self.assertTrue(result["resultDropped"])

    def test_errors(self):
        failed = b'"ok":false,"duration_us":1,"error":'
        result = self.forge(failed + b'{"name":[1,2],"value":{"a":1},"traceback":"x"}').json["result"]
        self.assertEqual(result["error"], {"name": "", "value": "", "traceback": []})
        result = self.forge(failed + b'{"name":"A","value":"b","traceback":[1,{},[[]],"c"]}').json["result"]
        self.assertEqual(result["error"], {"name": "A", "value": "b", "traceback": ["c"]})
        self.assertTrue(result["resultDropped"])
        body = self.forge(b'"ok":false,"duration_us":1').json
        self.assertEqual((body["status"], body["result"].get("error")), ("Failed", None))

    def test_what_is_no_result_ends_the_session(self):
        for members in (b'"id":1,' + OK, b'"ok":true,"duration_us":-5', OK + b',"value":"\xff"', OK + b',"value":"a\nb"',
                        OK + b',"value":NaN', OK + b',"value":' + b"[" * 100000 + b"]" * 100000):
            body = self.forge(members).json
            self.assertEqual((body["error"]["error"]["code"], body["error"]["error"]["reason"]), ("SessionTerminated", "protocol"))

    def test_other_frames_end_the_session(self):
        for kind in (1, 2, 9):
            name = fresh()
            body = self.pool.run(name, FORGE + f"send(struct.pack('<IB3x', 0, {kind}))\ntime.sleep(60)").json
            self.assertEqual(body["error"]["error"]["reason"], "protocol", kind)
            self.pool.call("DELETE", "/session", name)

    def test_time_is_the_servers(self):
        for claimed in (b"0", b"18446744073709551615"):
            body = self.forge(b'"ok":true,"value":1,"duration_us":' + claimed, "time.sleep(0.3)").json
            self.assertGreaterEqual(body["result"]["executionTimeInMilliseconds"], 300)
            self.assertLess(body["result"]["executionTimeInMilliseconds"], 60000)

    def test_time_is_told_after_a_timeout_and_a_crash(self):
        body = self.pool.run(self.id, "import time; time.sleep(60)", timeoutInSeconds=1).json
        self.assertEqual(body["error"]["error"]["reason"], "time-limit")
        self.assertGreaterEqual(body["result"]["executionTimeInMilliseconds"], 1000)
        body = self.pool.run(self.id, "import os, time; time.sleep(0.3); os._exit(3)").json
        self.assertEqual(body["error"]["error"]["reason"], "exited")
        self.assertGreaterEqual(body["result"]["executionTimeInMilliseconds"], 300)

    def test_a_cell_cannot_answer_the_cells_behind_it(self):
        """It sends its own answer with the beginning of the next one, and the rest when the next cell has been sent."""
        forged = b'"forged"'
        cell = FORGE + f"""
me = cell_id()
while not os.path.exists("/mnt/data/go"): time.sleep(0.01)
answers = b"".join(frame_of({OK!r} + b',"value":{forged.decode()}', me + n) for n in range(100))
begun = len(frame_of({OK!r} + b',"value":{forged.decode()}', me)) + 5
send(answers[:begun])
time.sleep(0.3)
send(answers[begun:])
time.sleep(60)
"""
        first = self.pool.run(self.id, cell, executionType="Asynchronous").json["id"]
        behind = [self.pool.run(self.id, "'real'", executionType="Asynchronous").json["id"] for _ in range(3)]
        self.pool.upload(self.id, "go", b"")
        wait_until(lambda: all(self.poll(self.id, x)["status"] in ("Succeeded", "Failed") for x in (first, *behind)))
        self.assertEqual(self.poll(self.id, first)["result"]["executionResult"], "forged")  # its own answer is its own
        for execution in behind:
            self.assertNotEqual(self.poll(self.id, execution)["result"]["executionResult"], "forged")
        self.assertEqual(self.value("'real'"), "'real'")


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
