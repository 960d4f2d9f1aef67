#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The audit log through the front door: what a server writes down, what an auditor proves with it, and what becomes of
it when the server is killed. If this fails, nobody can show later who approved what.

Usage: audit_test.py SALLYPORT SOURCE_ROOT [unittest arguments]"""
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import unittest

from server import Server

PROGRAM = sys.argv[1]
ROOT = pathlib.Path(sys.argv[2])


def run(*arguments, **rest):
    return subprocess.run([PROGRAM, "audit", *arguments], capture_output=True, text=True, timeout=120, **rest)


class Audit(unittest.TestCase):
    def start(self, **rest):
        server = Server(PROGRAM, **rest)
        self.addCleanup(server.close)
        return server.start()

    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))

    def decided(self, server, approve=True, **members):
        request = server.submit("print('for the record'); open('made.txt', 'w').write('x')")
        seen = server.until(request, "waiting")
        status, _, answer = server.ask("POST", f"/v1/requests/{request}/decision",
                                       {"approve": approve, "by": "mina", "sha256": seen["sha256"], **members})
        self.assertEqual(status, 200, answer)
        return request

    def entries(self, server, *arguments):
        listed = run("ls", "--url", server.ready["url"], "--json", *arguments)
        self.assertEqual(listed.returncode, 0, listed.stderr)
        return json.loads(listed.stdout)

    def receipt(self, server, request):
        path = self.folder / "receipt.json"
        path.write_bytes(server.raw("GET", f"/v1/requests/{request}/receipt"))
        return path

    def key(self, server):
        path = self.folder / "server.pub"
        path.write_bytes(server.raw("GET", "/v1/audit/key"))
        return path

    def test_each_step_of_a_request_is_an_entry(self):
        """RP-50."""
        server = self.start()
        request = self.decided(server, comment="looks fine")
        seen = self.entries(server, "--object", f"requests/{request}")
        self.assertEqual([entry["action"] for entry in seen],
                         ["request.submitted", "run.ended", "request.voted", "request.decided", "request.released"])
        self.assertEqual(seen[0]["actor"]["id"], "local")
        self.assertEqual(seen[3]["details"]["by"], "mina")
        self.assertEqual(seen[3]["details"]["comment"], "looks fine")
        self.assertEqual(seen[3]["details"]["sha256"], seen[1]["details"]["sha256"])
        self.assertEqual(self.entries(server)[0]["action"], "server.started")
        listed = run("ls", "--url", server.ready["url"], "--limit", "2")
        self.assertEqual(len(listed.stdout.splitlines()), 3, listed.stdout)

    def test_the_sample_routes_are_in_it_too(self):
        server = self.start(arguments=["--compat", "sample"])
        status, _, answer = server.ask("POST", "/code/execute", "print(1)")
        self.assertEqual(status, 200, answer)
        request = answer["requestId"]
        server.until(request, "waiting")
        status, _, answer = server.ask("POST", f"/code/review?requestId={request}&approve=true")
        self.assertEqual(status, 200, answer)
        server.until(request, "approved")
        seen = [entry["action"] for entry in self.entries(server, "--object", f"requests/{request}")]
        self.assertEqual(seen, ["request.submitted", "run.ended", "request.voted"])

    def test_a_log_is_proven_live_stopped_and_exported(self):
        """RP-51, RP-52."""
        server = self.start()
        self.decided(server)
        live = run("verify", "--url", server.ready["url"])
        self.assertEqual(live.returncode, 0, live.stderr)
        self.assertIn("whole: ", live.stdout)
        export = self.folder / "audit.jsonl"
        export.write_text(run("export", "--url", server.ready["url"]).stdout)
        key = self.key(server)
        self.assertEqual(server.stop(), 0)

        stopped = run("verify", "--data", server.data, "--json")
        self.assertEqual(stopped.returncode, 0, stopped.stderr)
        facts = json.loads(stopped.stdout)
        self.assertEqual(facts["signedUpTo"], facts["entries"])  # the head of the orderly stop
        self.assertEqual(run("verify", "--key", key, export).returncode, 0)

        lines = export.read_text().splitlines()
        lines[2] = lines[2].replace("request", "repuest", 1)
        export.write_text("\n".join(lines) + "\n")
        changed = run("verify", "--key", key, export)
        self.assertEqual(changed.returncode, 1)
        self.assertIn("entry ", changed.stderr)

    def test_a_cut_end_is_seen_by_a_head_that_was_kept(self):
        """RP-51, RP-52."""
        server = self.start()
        self.decided(server)
        self.assertEqual(server.stop(), 0)
        heads = self.folder / "kept.jsonl"
        heads.write_bytes(pathlib.Path(server.data, "audit-heads.jsonl").read_bytes())
        subprocess.run([sys.executable, "-c", "import sqlite3, sys; db = sqlite3.connect(sys.argv[1]);"
                        "db.execute('DELETE FROM entry WHERE seq > 2'); db.commit()",
                        pathlib.Path(server.data, "audit.db")], check=True)
        found = run("verify", "--data", server.data, "--heads", heads)
        self.assertEqual(found.returncode, 1)
        self.assertIn("cut off", found.stderr)

    def test_a_receipt_needs_no_server(self):
        """RP-53."""
        server = self.start()
        request = self.decided(server)
        receipt, key = self.receipt(server, request), self.key(server)
        self.assertEqual(server.stop(), 0)
        ours = run("check", receipt, "--key", key)
        self.assertEqual(ours.returncode, 0, ours.stderr)
        self.assertIn("mina", ours.stdout)
        script = [sys.executable, ROOT / "examples" / "check_receipt.py", receipt, key]
        theirs = subprocess.run(script, capture_output=True, text=True, timeout=60)
        self.assertEqual(theirs.returncode, 0, theirs.stderr)
        self.assertIn("mina", theirs.stdout)

        text = receipt.read_text()
        for honest, forged in (("for the record", "for the recard"), ("mina", "nina"), ("made.txt", "mode.txt"), ('"approved"', '"rejected"')):
            self.assertIn(honest, text)
            receipt.write_text(text.replace(honest, forged))
            self.assertEqual(run("check", receipt, "--key", key).returncode, 1, honest)
            self.assertNotEqual(subprocess.run(script, capture_output=True, timeout=60).returncode, 0, honest)

    def test_what_was_acknowledged_is_there_after_kill_9(self):
        """RP-50."""
        server = self.start()
        requests = [self.decided(server, approve=number % 2 == 0) for number in range(4)]
        server.kill()
        server.start()
        for number, request in enumerate(requests):
            seen = [entry["action"] for entry in self.entries(server, "--object", f"requests/{request}")]
            self.assertEqual(seen[0], "request.submitted")
            self.assertEqual(seen[3:], ["request.decided", "request.released"][:2 - number % 2])
        self.assertEqual(run("verify", "--url", server.ready["url"]).returncode, 0)

    def test_a_key_that_is_gone_ends_the_start(self):
        server = self.start()
        self.decided(server)
        self.assertEqual(server.stop(), 0)
        os.rename(pathlib.Path(server.data, "audit-key.pem"), self.folder / "away")
        refused = subprocess.run([PROGRAM, "dev", "--port", "0", "--data", server.data], capture_output=True, text=True,
                                 timeout=60)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("audit-key.pem is gone", refused.stderr)

    def test_wrong_questions_are_told_so(self):
        server = self.start()
        for query in ("after=-1", "after=x", "limit=0", "limit=1001", "heads=maybe", "object=" + "x" * 301):
            status, _, answer = server.ask("GET", f"/v1/audit?{query}")
            self.assertEqual(status, 400, (query, answer))
        self.assertEqual(server.ask("GET", "/v1/requests/none/receipt")[0], 404)
        self.assertEqual(run("check", "/nonexistent").returncode, 2)
        self.assertEqual(run("verify", "--url", "http://127.0.0.1:1", "--timeout", "1s").returncode, 1)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[3:])
