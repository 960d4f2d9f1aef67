# SPDX-License-Identifier: MIT
"""How long a request is kept, and what somebody takes of it. If this fails, what should be gone is there, what proves it is gone, or
an export is taken for whole that is not.

Usage: kept_test.py PROGRAM SOURCE_ROOT"""
import base64
import hashlib
import io
import json
import os
import pathlib
import subprocess
import sys
import tarfile
import tempfile
import time
import unittest

from server import Server

PROGRAM, ROOT = os.path.abspath(sys.argv.pop(1)), pathlib.Path(sys.argv.pop(1))
MAKES = ("import os\nos.makedirs('/mnt/data/out', exist_ok=True)\n"
         "open('/mnt/data/out/big.bin', 'wb').write(bytes(range(256)) * 4096)\n"
         "open('/mnt/data/out/größe.txt', 'w').write(open('/mnt/data/in.txt').read().upper())\nprint('seldom word')\n")


def run(*words, url=None, **more):
    return subprocess.run([PROGRAM, *words], capture_output=True, text=True, timeout=120,
                          env={**os.environ, **({"SALLYPORT_URL": url} if url else {})}, **more)


def sha256(data):
    return hashlib.sha256(data).hexdigest()


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))

    def start(self, *arguments, **rest):
        server = Server(PROGRAM, arguments=["--ready-sessions", "1", *arguments], **rest)
        self.addCleanup(server.close)
        return server.start()

    def create(self, server, code="print('seldom word')", headers=None, **members):
        status, _, answer = server.ask("POST", "/v1/requests", {"code": code, **members}, headers)
        self.assertEqual(status, 201, answer)
        return answer["id"]

    def decided(self, server, code="print('seldom word')", answer="approve", **members):
        request_id = self.create(server, code, **members)
        server.until(request_id, "waiting")
        self.assertEqual(server.ask("POST", f"/v1/requests/{request_id}/votes", {"answer": answer})[0], 200)
        return server.until(request_id, "approved", "rejected")

    def key(self, server):
        path = self.folder / "server.pub"
        path.write_bytes(server.raw("GET", "/v1/audit/key"))
        return str(path)

    def check(self, server, what, *said):
        """The receipt or the export holds, by our program and by the script that needs none of ours."""
        done = run("audit", "check", str(what), "--key", self.key(server))
        self.assertEqual(done.returncode, 0, done.stderr)
        for words in said:
            self.assertIn(words, done.stdout)
        receipt = what / "receipt.json" if what.is_dir() else what
        script = subprocess.run([sys.executable, str(ROOT / "examples/check_receipt.py"), str(receipt), self.key(server)],
                                capture_output=True, text=True, timeout=60)
        self.assertEqual(script.returncode, 0, script.stderr)

    def broken(self, server, folder, words):
        done = run("audit", "check", str(folder), "--key", self.key(server))
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn(words, done.stderr)

    def export(self, server, request_id, name="taken"):
        folder = self.folder / name
        done = run("export", request_id[:8], "-o", str(folder), url=server.ready["url"])
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout, f"{folder}\n")
        return folder

    def paths(self, folder):
        return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


class Retention(Case):
    def until_emptied(self, server, request_id):
        deadline = time.monotonic() + 60
        while "contentRemovedAt" not in (seen := server.request(request_id)):
            self.assertLess(time.monotonic(), deadline, server.tail())
            time.sleep(0.05)
        return seen

    def test_what_a_request_was_about_goes_and_what_proves_it_stays(self):
        """RP-08: code, inputs, result and files of what is over go after the time; state, votes, manifest and hashes stay, and the log
        and the receipt still hold. What is not over, or is kept by another request, stays."""
        server = self.start()
        files = [{"path": "in.txt", "content": base64.b64encode(b"quiet").decode()}]
        before = self.decided(server, MAKES, files=files, purpose="monthly")
        rejected = self.decided(server, "print('other')", "reject")
        waiting = server.until(self.create(server, MAKES, files=files), "waiting")
        manifest = server.raw("GET", f"/v1/requests/{before['id']}/manifest")
        self.assertIn(before["id"], self.found(server, "seldom"))
        self.assertEqual(server.stop(), 0)
        server.arguments += ["--request-retention", "1s"]
        time.sleep(1.1)
        server.start()

        after = self.until_emptied(server, before["id"])
        self.until_emptied(server, rejected["id"])
        self.assertIsNone(after["code"])
        for gone in ("result", "files"):
            self.assertNotIn(gone, after)
        for kept in ("state", "votes", "decision", "manifestSha256", "sha256", "revisions", "purpose"):
            self.assertEqual(after[kept], before[kept], kept)
        path = f"/v1/requests/{before['id']}"
        self.assertEqual(server.raw("GET", path + "/manifest"), manifest)
        for part in ("/result", "/revisions/1/code", "/files", "/files/out/big.bin", "/inputs/in.txt"):
            status, _, answer = server.ask("GET", path + part)
            self.assertEqual((status, answer["type"]), (410, "urn:sallyport:problem:content-removed"), part)
        self.assertNotIn(before["id"], self.found(server, "seldom"))  # nor is it found by words of its code
        self.assertIn(before["id"], self.found(server, "monthly"))
        whole = server.request(waiting["id"])
        self.assertEqual((whole["code"], whole["result"], whole["files"]), (MAKES, waiting["result"], waiting["files"]))

        last = json.loads(server.raw("GET", f"/v1/audit?object=requests/{before['id']}").splitlines()[-1])
        self.assertEqual((last["action"], last["actor"]["id"]), ("request.emptied", "server"))
        self.assertEqual(last["details"]["manifestSha256"], before["manifestSha256"])
        self.assertGreater(last["details"]["bytes"], 0)
        self.assertEqual(run("audit", "verify", "--url", server.ready["url"]).returncode, 0)
        receipt = self.folder / "receipt.json"
        receipt.write_bytes(server.raw("GET", path + "/receipt"))
        self.check(server, receipt, "emptied at")
        taken = self.export(server, before["id"])
        self.check(server, taken, "emptied at")
        self.assertEqual([name for name in self.paths(taken) if name not in ("README.txt", "audit-key.pub", "request.json")],
                         ["manifest.json", "receipt.json"])
        forged = json.loads(receipt.read_text())  # that it is gone is no excuse for another manifest
        forged["shown"]["manifest"] = forged["shown"]["manifest"].replace('"bytes":', '"bytes":1')
        receipt.write_text(json.dumps(forged))
        self.broken(server, receipt, "manifest")

    def found(self, server, words):
        return [item["id"] for item in server.ask("GET", f"/v1/requests?q={words}&limit=500")[2]["requests"]]

    def test_a_policy_says_how_long(self):
        """RP-08: retention of the policy that ruled the request beats the setting, in both directions."""
        policy = self.folder / "policy.yaml"
        policy.write_text("defaults:\n  retention: 3650d\nrules:\n"
                          "  - name: short\n    when: {labels.keep: short}\n    do: ask\n    retention: 1s\n")
        server = self.start("--policy", str(policy), "--request-retention", "1s")
        long = self.decided(server)
        short = self.decided(server, labels={"keep": "short"})
        self.assertEqual(server.stop(), 0)
        time.sleep(1.1)
        server.start()
        self.until_emptied(server, short["id"])
        self.assertEqual(server.request(long["id"])["code"], "print('seldom word')")

    def test_kill_9_while_it_goes(self):
        """RP-08: each request goes as a whole, and is written down; the rest goes the next time."""
        server = self.start()
        ids = [self.decided(server, f"print({n})\n" + "#" * 100000)["id"] for n in range(25)]
        self.assertEqual(server.stop(), 0)
        server.arguments += ["--request-retention", "1s"]
        time.sleep(1.1)
        for delay in (0.0, 0.02):
            server.start()
            time.sleep(delay)
            server.kill()
        server.start()
        for request_id in ids:
            self.until_emptied(server, request_id)
            lines = server.raw("GET", f"/v1/audit?object=requests/{request_id}").splitlines()
            self.assertEqual([json.loads(line)["action"] for line in lines].count("request.emptied"), 1)
        self.assertEqual(run("audit", "verify", "--url", server.ready["url"]).returncode, 0)
        deadline = time.monotonic() + 60
        while (left := [path for path in pathlib.Path(server.data, "blobs").rglob("*") if path.is_file()]):
            self.assertLess(time.monotonic(), deadline, left)
            time.sleep(0.1)


class Export(Case):
    def test_an_export_is_a_folder_with_everything_and_a_receipt(self):
        """RP-08, RP-53: each file is what the receipt names, without a server; any byte that is another one is found and named."""
        server = self.start()
        files = [{"path": "in.txt", "content": base64.b64encode(b"quiet").decode()}]
        request_id = self.create(server, "print('first')", files=files)
        server.until(request_id, "waiting")
        self.assertEqual(server.ask("POST", f"/v1/requests/{request_id}/votes", {"answer": "changes", "comment": "x"})[0], 200)
        self.assertEqual(server.ask("POST", f"/v1/requests/{request_id}/revisions", {"code": MAKES})[0], 201)
        server.until(request_id, "waiting")
        self.assertEqual(server.ask("POST", f"/v1/requests/{request_id}/votes", {"answer": "approve"})[0], 200)
        taken = self.export(server, request_id)
        earlier = [name for name in self.paths(taken) if name.startswith("manifests/")]
        self.assertEqual(len(earlier), 1)
        self.assertEqual([name for name in self.paths(taken) if name not in earlier],
                         ["README.txt", "audit-key.pub", "effects.json", "files.json", "files/out/big.bin", "files/out/größe.txt",
                          "manifest.json", "receipt.json", "request.json", "result.json", "revisions/1/code.py",
                          "revisions/1/inputs/in.txt", "revisions/2/code.py", "revisions/2/inputs/in.txt"])
        self.assertEqual((taken / "files/out/big.bin").read_bytes(), bytes(range(256)) * 4096)
        self.assertEqual((taken / "revisions/2/code.py").read_text(), MAKES)
        self.check(server, taken, "files          11, as the receipt names them")
        last = json.loads(server.raw("GET", f"/v1/audit?object=requests/{request_id}").splitlines()[-1])
        self.assertEqual((last["action"], last["details"]["output"]), ("request.exported", True))

        self.assertEqual(server.stop(), 0)
        server.start()  # the key is the same; the check below needs no server at all, only its key
        for name in self.paths(taken):
            if name in ("README.txt", "audit-key.pub", "request.json"):
                continue
            path = taken / name
            good = path.read_bytes()
            path.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
            self.broken(server, taken, name if name != "receipt.json" else "")
            path.unlink()
            if name not in earlier:
                self.broken(server, taken, name)
            path.write_bytes(good)
        (taken / "files/out/more.txt").write_text("smuggled")
        self.broken(server, taken, "files/out/more.txt is named by nothing")
        (taken / "files/out/more.txt").unlink()
        (taken / "files/link").symlink_to("/etc/passwd")
        self.broken(server, taken, "files/link is a link")
        (taken / "files/link").unlink()
        self.check(server, taken)

    def test_what_is_there_is_not_written_over(self):
        server = self.start()
        request_id = self.decided(server)["id"]
        for words, code in ((("export", request_id, "-o", str(self.folder)), 1), (("export", "00000000"), 3),
                            (("export", "not-there", "-o", str(self.folder / "x")), 3)):
            self.assertEqual(run(*words, url=server.ready["url"]).returncode, code, words)
        self.assertFalse((self.folder / "x").exists())
        done = run("export", request_id, url=server.ready["url"], cwd=self.folder)
        self.assertEqual((done.returncode, done.stdout), (0, f"request-{request_id}\n"))

    def test_it_is_an_archive_that_everybody_reads(self):
        """The route: a tar of one folder, with a name to save it by."""
        server = self.start()
        request = self.decided(server, MAKES, files=[{"path": "in.txt", "content": "cXVpZXQ="}])
        connection = server.connect()
        connection.request("GET", f"/v1/requests/{request['id']}/export")
        answer = connection.getresponse()
        self.assertEqual((answer.status, answer.headers["Content-Type"]), (200, "application/x-tar"))
        self.assertEqual(answer.headers["Content-Disposition"], f'attachment; filename="request-{request["id"]}.tar"')
        with tarfile.open(fileobj=io.BytesIO(answer.read())) as archive:
            names = archive.getnames()
            self.assertTrue(all(name.startswith(f"request-{request['id']}/") for name in names), names)
            for file in request["files"]:
                content = archive.extractfile(f"request-{request['id']}/files/{file['path']}").read()
                self.assertEqual(sha256(content), file["sha256"])
        connection.close()
        self.assertEqual(server.ask("GET", "/v1/requests/00000000-0000-4000-8000-000000000000/export")[0], 404)

    def test_who_submitted_takes_what_is_released(self):
        """RP-10, RP-08: before its release an export for its submitter has no output; another's is not there; each is in the log."""
        server = self.start("--auth")
        ann, bob = server.key_of("ann@example.org", "submitter"), server.key_of("bob@example.org", "submitter")
        mina = server.key_of("mina@example.org", "reviewer")
        as_ann = {"Authorization": f"Bearer {ann}"}
        request_id = self.create(server, headers=as_ann)
        server.sign_in()
        server.until(request_id, "waiting")

        def names(key):
            connection = server.connect()
            connection.request("GET", f"/v1/requests/{request_id}/export", headers={"Authorization": f"Bearer {key}"})
            answer = connection.getresponse()
            body = answer.read()
            connection.close()
            if answer.status != 200:
                return answer.status
            with tarfile.open(fileobj=io.BytesIO(body)) as archive:
                text = archive.extractfile(f"request-{request_id}/request.json").read().decode()
                receipt = archive.extractfile(f"request-{request_id}/receipt.json").read().decode()
                return {name.split("/", 1)[1] for name in archive.getnames()}, "seldom word\\\\n" in text + receipt
        held, seen = names(ann)
        self.assertFalse(seen)
        for name in ("result.json", "files.json", "effects.json"):
            self.assertNotIn(name, held)
        self.assertEqual(names(bob), 404)
        self.assertIn("result.json", names(mina)[0])
        self.assertEqual(server.ask("POST", f"/v1/requests/{request_id}/votes", {"answer": "approve"},
                                    {"Authorization": f"Bearer {mina}"})[0], 200)
        self.assertIn("result.json", names(ann)[0])
        entries = [json.loads(line) for line in server.raw("GET", f"/v1/audit?object=requests/{request_id}",
                                                          headers={"Authorization": f"Bearer {server.token}"}).splitlines()]
        self.assertEqual([(entry["actor"]["name"], entry["details"]["output"]) for entry in entries
                          if entry["action"] == "request.exported"],
                         [("ann@example.org", False), ("mina@example.org", True), ("ann@example.org", True)])


if __name__ == "__main__":
    unittest.main(verbosity=2)
