# SPDX-License-Identifier: MIT
"""What a person must judge is whole, or says that it is not; and a decision's hash covers what was shown.

If this fails, somebody consents to what was not shown. Usage: shown_test.py PROGRAM
"""
import base64
import hashlib
import http.server
import json
import os
import re
import sys
import threading
import unittest

from server import Server

PROGRAM = sys.argv.pop(1)
PICTURE = """
import os, struct, zlib
from IPython.display import Image
def chunk(kind, data):
    return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))
def png(size):  # noise: it does not compress
    side = int((size / 3) ** 0.5)
    rows = b''.join(b'\\0' + os.urandom(3 * side) for _ in range(side))
    return (b'\\x89PNG\\r\\n\\x1a\\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', side, side, 8, 2, 0, 0, 0)) +
            chunk(b'IDAT', zlib.compress(rows, 0)) + chunk(b'IEND', b''))
"""


def recomputed(raw, code, template):
    """From the answer's own bytes, as doc/api.md tells."""
    start = raw.index(b'"result":{') + len(b'"result":')
    _, end = json.JSONDecoder().raw_decode(raw[start:].decode())
    result = raw[start:start + len(raw[start:].decode()[:end].encode())]
    parts = {"code": code.encode(), "template": template.encode(), "result": result}
    covers = json.loads(raw)["sha256Covers"]
    return hashlib.sha256(b"\n".join(parts[name] for name in covers)).hexdigest()


class Shown(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(PROGRAM, arguments=["--ready-sessions", "1"]).start()
        cls.addClassCleanup(cls.server.close)

    def run_code(self, code, *states):
        return self.server.until(self.server.submit(code), *states)

    def test_a_picture_of_400_kb_and_the_last_line_are_shown(self):
        seen = self.run_code(PICTURE + """
for epoch in range(300): print('epoch', epoch, 'loss', 1 / (epoch + 1))
print('FINAL ACCURACY 0.93')
Image(png(400_000))
""", "waiting", "failed")
        self.assertEqual(seen["state"], "waiting", seen)
        result = seen["result"]
        self.assertTrue(result["stdout"].startswith("epoch 0 loss 1.0\n"))
        self.assertTrue(result["stdout"].endswith("\nFINAL ACCURACY 0.93\n"))
        self.assertGreater(len(base64.b64decode(result["result"]["base64_data"])), 390_000)
        self.assertFalse([name for name in result if name.endswith("Truncated")])

    def test_a_long_log_keeps_its_head_and_its_tail_and_says_how_much_is_missing(self):
        seen = self.run_code("for i in range(200_000): print('line', i)\nprint('the end')", "waiting")
        result = seen["result"]
        self.assertTrue(result["stdoutTruncated"])
        self.assertTrue(result["stdout"].startswith("line 0\nline 1\n"))
        self.assertTrue(result["stdout"].endswith("line 199999\nthe end\n"))
        there_were = sum(len(f"line {i}\n") for i in range(200_000)) + len("the end\n")
        self.assertEqual(result["stdoutBytes"], there_were)
        notices = re.findall(r"\n\.\.\. (\d+) bytes left out \.\.\.\n", result["stdout"])
        self.assertEqual(len(notices), 1)  # of two cutters, one notice
        kept = len(result["stdout"]) - len(f"\n... {notices[0]} bytes left out ...\n")
        self.assertEqual(kept + int(notices[0]), there_were)
        self.assertGreater(kept, 800_000)

    def test_a_result_that_cannot_be_shown_is_no_question_to_a_person(self):
        for arguments in ((), ("--compat", "sample")):
            with self.subTest(arguments), Server(PROGRAM, arguments=["--ready-sessions", "1", *arguments]) as server:
                created = server.ask("POST", "/v1/requests", {"code": PICTURE + """
from IPython.display import display
print('hello')
display(Image(png(500_000)))
display(Image(png(500_000)))
"""})[2]
                over = server.until(created["id"], "failed", "waiting")
                self.assertEqual(over["state"], "failed")
                self.assertEqual(over["error"]["type"], "ResultTooLarge")
                self.assertRegex(over["error"]["message"], r"^result too large: it has \d+ bytes, and at most \d+ can")
                self.assertEqual(over["result"]["stdout"], "hello\n")
                self.assertTrue(over["result"]["resultTruncated"])
                self.assertGreater(over["result"]["resultBytes"], 1_300_000)

    def test_the_hash_can_be_recomputed_from_the_answer(self):
        code = "print('ä€')\n[1, 2.5, {'a': '\\u00ff'}]"
        seen = self.run_code(code, "waiting")
        raw = self.server.raw("GET", f"/v1/requests/{seen['id']}")
        self.assertEqual(recomputed(raw, code, seen.get("template", "")), seen["sha256"])


class FakePool(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, body):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if self.server.template:
            self.send_header("Sallyport-Template", self.server.template)
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        self.answer(json.dumps({"properties": {"$id": "1", "status": "Success", "stdout": "1\n", "stderr": "", "result": ""}}).encode())

    def do_DELETE(self):
        self.answer(b"{}")


class Template(unittest.TestCase):
    def test_the_template_is_shown_and_part_of_the_hash(self):
        pool = http.server.ThreadingHTTPServer(("127.0.0.1", 0), FakePool)
        self.addCleanup(pool.server_close)
        self.addCleanup(pool.shutdown)
        threading.Thread(target=pool.serve_forever, daemon=True).start()
        with Server(PROGRAM, command="scheduler") as scheduler:
            environment = {**os.environ, "SESSION_POOL_URL": f"http://127.0.0.1:{pool.server_address[1]}/",
                           "DURABLE_TASK_SCHEDULER_CONNECTION_STRING": scheduler.ready["schedulerConnectionString"]}
            with Server(PROGRAM, command="app", environment=environment) as app:
                hashes = set()
                for template in ("", "python-3.11:abc", "python-3.11:abd"):
                    pool.template = template
                    seen = app.until(app.submit("print(1)"), "waiting")
                    self.assertEqual(seen.get("template", ""), template)
                    self.assertEqual(seen["sha256Covers"], ["code", "template", "result"] if template else ["code", "result"])
                    raw = app.raw("GET", f"/v1/requests/{seen['id']}")
                    self.assertEqual(recomputed(raw, "print(1)", template), seen["sha256"])
                    hashes.add(seen["sha256"])
                self.assertEqual(len(hashes), 3)


if __name__ == "__main__":
    unittest.main(verbosity=2)
