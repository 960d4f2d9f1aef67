#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The page in a real browser against a real server, and the headers that it comes with.

Skipped without Node, its registry or Chromium. Usage: page_test.py FOLDER_OF_MODULES SALLYPORT [--shots FOLDER] [part=1/3] [Page.TEST…]"""
import gzip
import http.client
import http.server
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import threading
import time
import unittest

import fill
import modules

import browser  # noqa: E402
from month_end import MonthEnd  # noqa: E402
from process import Process  # noqa: E402
from server import Server  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
FIRST_PAGE_MAX = 60_000  # bytes of gzip: the document, and what it names
ALL_MAX = 300_000
PATIENCE_S = 400
WAITING = 10_000
TRIES = """import socket
try: socket.socket()
except OSError as error: print(error)
"""


class Control(http.server.BaseHTTPRequestHandler):
    """Lets the test in the browser's process kill and start the server, and start a worker."""

    def do_POST(self):
        sallyport = self.server.sallyport
        if self.path == "/kill":
            sallyport.kill()
        elif self.path == "/work":
            self.server.workers.append(MonthEnd(sallyport.port, "reports"))
        else:
            # "/forget": what is over is emptied at the start
            sallyport.arguments = ["--request-retention", "1ms"] if self.path == "/forget" else []
            sallyport.start()
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


class Page(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(PROGRAM).start()

    @classmethod
    def tearDownClass(cls):
        cls.server.close()

    def control_of(self, server):
        """Where the test in the browser's process kills and starts it."""
        control = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Control)
        control.sallyport = server
        control.workers = []
        self.addCleanup(lambda: [worker.close() for worker in control.workers])
        self.addCleanup(control.server_close)
        self.addCleanup(control.shutdown)
        threading.Thread(target=control.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{control.server_address[1]}"

    def get(self, path, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
        connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer, body

    def document(self):
        return self.get("/", Accept="text/html,*/*;q=0.8", Accept_Encoding="gzip")

    def test_a_browser_gets_the_page_and_a_program_what_this_is(self):
        answer, body = self.document()
        self.assertEqual((answer.status, answer.headers["Content-Encoding"]), (200, "gzip"))
        self.assertIn(b'<div id="page">', gzip.decompress(body))
        for accept in ("*/*", "application/json"):
            answer, body = self.get("/", Accept=accept)
            self.assertEqual(answer.status, 200)
            self.assertIn(b"curl -X POST", body)

    def test_its_policy_lets_nothing_in(self):
        answer, body = self.document()
        policy = dict(part.strip().split(" ", 1) for part in answer.headers["Content-Security-Policy"].split(";"))
        self.assertEqual((policy["default-src"], policy["script-src"], policy["style-src"]), ("'none'", "'self'", "'self'"))
        self.assertEqual((policy["frame-ancestors"], policy["base-uri"], policy["connect-src"]), ("'none'", "'none'", "'self'"))
        self.assertEqual(policy["require-trusted-types-for"], "'script'")
        self.assertNotIn("unsafe", answer.headers["Content-Security-Policy"])
        self.assertEqual(answer.headers["Referrer-Policy"], "no-referrer")
        self.assertEqual(answer.headers["Cross-Origin-Opener-Policy"], "same-origin")
        self.assertEqual(answer.headers["X-Content-Type-Options"], "nosniff")
        text = gzip.decompress(body).decode()
        self.assertIsNone(re.search(r"<script(?![^>]*\bsrc=)|<style|\son\w+=|https?://", text))

    def test_assets_are_kept_for_ever_and_the_document_is_asked_for_again(self):
        answer, body = self.document()
        self.assertEqual(answer.headers["Cache-Control"], "no-cache")
        again, _ = self.get("/", Accept="text/html", Accept_Encoding="gzip", If_None_Match=answer.headers["ETag"])
        self.assertEqual(again.status, 304)
        plain, _ = self.get("/", Accept="text/html", If_None_Match=answer.headers["ETag"])
        self.assertEqual(plain.status, 200)  # another coding is another representation
        for path in re.findall(r'"(/assets/[^"]+)"', gzip.decompress(body).decode()):
            asset, packed = self.get(path, Accept_Encoding="gzip")
            self.assertIn("immutable", asset.headers["Cache-Control"])
            self.assertEqual(gzip.decompress(packed), self.get(path)[1])
        self.assertEqual(self.get("/assets/none.js")[0].status, 404)

    def test_it_is_small(self):
        """RP-70."""
        first = len(self.document()[1])
        for path in re.findall(r'"(/assets/[^"]+)"', gzip.decompress(self.document()[1]).decode()):
            first += len(self.get(path, Accept_Encoding="gzip")[1])
        names = (modules.WEB / "dist/files.txt").read_text().split()
        everything = sum(len(self.get(f"/{name}", Accept_Encoding="gzip")[1]) for name in names if name != "index.html")
        print(f"first page {first} bytes of gzip, all {everything + len(self.document()[1])}")
        self.assertLessEqual(first, FIRST_PAGE_MAX)
        self.assertLessEqual(everything, ALL_MAX)

    def drive(self, script, server, patience_s=PATIENCE_S, **environment):
        """The tests of a browser: what each came to is printed as they go."""
        environment = {**os.environ, "PAGE_URL": f"http://localhost:{server.port}", "PAGE_MODULES": str(FOLDER),
                       "CHROMIUM": browser.program(), **environment}
        shots = ["--shots", pathlib.Path(SHOTS) / pathlib.Path(script).stem] if SHOTS else []
        with Process(["node", HERE / script, *shots], patience=patience_s, env=environment) as drive:
            while (line := drive.line()) is not None:
                print(line.rstrip(), flush=True)
            self.assertEqual(drive.wait(), 0, drive.said())

    def ask(self, method, path, body=None):
        status, _, answer = self.server.ask(method, path, body, timeout=90)
        self.assertLess(status, 300, answer)
        return answer

    def answers(self):
        """Name of a type of web/src/api/types.ts and an answer of the server that should be one."""
        made_one = "print('typed')\nopen('/mnt/data/made.txt', 'w').write('x')\n40 + 2"
        for code in (made_one, "1 / 0", TRIES):
            files = [{"path": "in.txt", "content": "eA=="}]
            made = self.ask("POST", "/v1/requests?wait=60s&until=result",
                                       {"code": code, "labels": {"env": "test"}, "files": files,
                                        "then": {"start": {"name": "Publish"}}})
            vote = {"answer": "approve", "remember": {"for": "submitter"}}
            if made["state"] == "waiting":
                self.ask("POST", f"/v1/requests/{made['id']}/votes", vote)
            yield "ReviewRequest", self.ask("GET", f"/v1/requests/{made['id']}")
        yield "RequestPage", self.ask("GET", "/v1/requests?limit=20")
        yield "Me", self.ask("GET", "/v1/me")

    def test_the_types_are_what_the_server_says(self):
        """If this fails, the page does not know a member that the server sends, or takes it for something else."""
        lines = ['import type * as api from "./types.ts";']
        for number, (name, answer) in enumerate(self.answers()):
            lines.append(f"export const answer{number}: api.{name} = {json.dumps(answer)};")
        place = modules.workplace(FOLDER)
        self.addCleanup(shutil.rmtree, place)
        (place / "src/api/answers.ts").write_text("\n".join(lines))
        done = subprocess.run(["npx", "tsc", "--noEmit"], cwd=place, stdout=subprocess.PIPE, text=True, timeout=PATIENCE_S)
        self.assertEqual((done.returncode, done.stdout[:2000]), (0, ""))

    @unittest.skipUnless(browser.program(), "no Chromium here: apt-get install chromium")
    def test_people_use_it(self):
        self.drive("drive.mjs", self.server, PAGE_CONTROL=self.control_of(self.server))

    @unittest.skipUnless(browser.program(), "no Chromium here: apt-get install chromium")
    def test_what_there_is_is_shown(self):
        server = Server(PROGRAM).start()
        self.addCleanup(server.close)
        self.drive("drive_view.mjs", server)

    @unittest.skipUnless(browser.program(), "no Chromium here: apt-get install chromium")
    def test_rp70_how_it_begins(self):
        server = Server(PROGRAM).start()
        self.addCleanup(server.close)
        self.drive("drive_start.mjs", server)

    @unittest.skipUnless(browser.program(), "no Chromium here: apt-get install chromium")
    def test_what_came_while_the_connection_was_lost_is_told(self):
        server = Server(PROGRAM).start()
        self.addCleanup(server.close)
        self.drive("drive_live.mjs", server, PAGE_CONTROL=self.control_of(server))

    @unittest.skipUnless(browser.program(), "no Chromium here: apt-get install chromium")
    def test_rp70_ten_thousand_that_wait(self):
        server = Server(PROGRAM, arguments=["--ready-sessions", "1"]).start()
        self.addCleanup(server.close)
        fill.fill(server.port, WAITING)
        times = []
        for _ in range(9):
            began = time.monotonic()
            self.assertEqual(len(server.ask("GET", "/v1/requests?state=waiting&order=asc&limit=50")[2]["requests"]), 50)
            times.append(time.monotonic() - began)
        print(f"the first page of {WAITING} waiting: {sorted(times)[4] * 1000:.0f} ms, at most {max(times) * 1000:.0f}")
        self.drive("drive_inbox.mjs", server, patience_s=2 * PATIENCE_S, PAGE_COUNT=str(WAITING))

    @unittest.skipUnless(browser.program(), "no Chromium here: apt-get install chromium")
    def test_rp71_rp76_what_inbox_and_review_say(self):
        server = Server(PROGRAM).start()
        self.addCleanup(server.close)
        self.drive("drive_review.mjs", server)

    @unittest.skipUnless(browser.program(), "no Chromium here: apt-get install chromium")
    def test_what_strangers_write_is_not_the_page(self):
        server = Server(PROGRAM).start()
        self.addCleanup(server.close)
        self.drive("drive_abuse.mjs", server)

    @unittest.skipUnless(browser.program(), "no Chromium here: apt-get install chromium")
    def test_another_hub_than_the_first_is_worked_in(self):
        server = Server(PROGRAM, arguments=["--manage-task-hubs"]).start()
        self.addCleanup(server.close)
        self.drive("drive_hubs.mjs", server, PAGE_CONTROL=self.control_of(server))

    @unittest.skipUnless(browser.program(), "no Chromium here: apt-get install chromium")
    def test_rp74_the_scheduler_alone(self):
        server = Server(PROGRAM, command="scheduler", arguments=["--manage-task-hubs"]).start()
        self.addCleanup(server.close)
        self.drive("drive_scheduler.mjs", server, PAGE_CONTROL=self.control_of(server))

    @unittest.skipUnless(browser.program(), "no Chromium here: apt-get install chromium")
    def test_rp43_a_link_decides(self):
        server = Server(PROGRAM, arguments=["--auth"]).start()
        self.addCleanup(server.close)
        self.drive("drive_confirm.mjs", server, PAGE_KEY=server.key_of("rita@example.org", "Sallyport Reviewer"),
                   PAGE_SUBMITTER=server.key_of("sam@example.org", "Sallyport Submitter"), PAGE_OWNER=server.local_key())

    @unittest.skipUnless(browser.program(), "no Chromium here: apt-get install chromium")
    def test_nothing_is_shown_that_is_not_true(self):
        server = Server(PROGRAM).start()
        self.addCleanup(server.close)
        self.drive("drive_truth.mjs", server)

    @unittest.skipUnless(browser.program(), "no Chromium here: apt-get install chromium")
    def test_rp76_each_view_in_trouble(self):
        server = Server(PROGRAM).start()
        self.addCleanup(server.close)
        self.drive("drive_trouble.mjs", server)

    @unittest.skipUnless(browser.program(), "no Chromium here: apt-get install chromium")
    def test_who_governs_uses_it(self):
        server = Server(PROGRAM).start()
        self.addCleanup(server.close)
        self.drive("drive_govern.mjs", server, PAGE_PROGRAM=PROGRAM)

    @unittest.skipUnless(browser.program(), "no Chromium here: apt-get install chromium")
    def test_who_operates_has_webhooks(self):
        server = Server(PROGRAM, arguments=["--webhook-hosts", "127.0.0.1"]).start()
        self.addCleanup(server.close)
        self.drive("drive_webhooks.mjs", server)

    @unittest.skipUnless(browser.program(), "no Chromium here: apt-get install chromium")
    def test_who_may_not_have_webhooks_sees_why(self):
        server = Server(PROGRAM, arguments=["--auth"]).start()
        self.addCleanup(server.close)
        self.drive("drive_webhooks.mjs", server, PAGE_KEY=server.key_of("rita@example.org", "Sallyport Reviewer"))


if __name__ == "__main__":
    FOLDER = modules.prepare(sys.argv.pop(1))
    PROGRAM = sys.argv.pop(1)
    names = [word for word in sys.argv[1:] if word.startswith("Page.")]
    parts = [word for word in sys.argv[1:] if word.startswith("part=")]
    SHOTS = sys.argv[sys.argv.index("--shots") + 1] if "--shots" in sys.argv else None  # a folder for each script: names come again
    for part in [] if names else parts:  # "part=1/3": the first, the fourth and so on, so that each test is in one of the three
        number, count = map(int, part.removeprefix("part=").split("/"))
        names += [f"Page.{name}" for name in unittest.defaultTestLoader.getTestCaseNames(Page)[number - 1::count]]
    unittest.main(argv=sys.argv[:1] + names, verbosity=2)
