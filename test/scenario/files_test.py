# SPDX-License-Identifier: MIT
"""Files of a request through the front door: what goes in, what a run makes of it, who gets it and when. RP-01, RP-07, RP-10,
RP-54, RP-60. If one fails, code runs on other bytes than were submitted, people decide about other files than are given
out, or somebody gets a file that nobody has approved.

Usage: files_test.py PROGRAM [--long] [TEST...]"""
import base64
import concurrent.futures
import hashlib
import http.client
import http.server
import json
import os
import pathlib
import socket
import sys
import threading
import time
import unittest
import urllib.parse

from server import HELD, Server

PROGRAM = sys.argv.pop(1)
LONG = "--long" in sys.argv and not sys.argv.remove("--long")

COPY = ("import os\n"
        "os.makedirs('/mnt/data/out', exist_ok=True)\n"
        "text = open('/mnt/data/in/table.csv').read()\n"
        "open('/mnt/data/out/table.csv', 'w').write(text.upper())\n"
        "print(sorted(os.listdir('/mnt/data/in')))\n")


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def file_of(path, content):
    return {"path": path, "content": base64.b64encode(content).decode()}


def form_of(request, files, boundary="cut"):
    """A form as browsers send it: the part `request`, then files. (headers, body)"""
    out = b""
    for head, content in [('name="request"\r\nContent-Type: application/json', json.dumps(request).encode()),
                          *[(f'name="file"; filename="{path}"\r\nContent-Type: application/octet-stream', content) for path, content in files]]:
        out += f"--{boundary}\r\nContent-Disposition: form-data; {head}\r\n\r\n".encode() + content + b"\r\n"
    return {"Content-Type": f"multipart/form-data; boundary={boundary}"}, out + f"--{boundary}--\r\n".encode()


class Case(unittest.TestCase):
    arguments = ["--ready-sessions", "2"]

    @classmethod
    def setUpClass(cls):
        cls.server = Server(PROGRAM, arguments=cls.arguments).start()
        cls.addClassCleanup(cls.server.close)

    @classmethod
    def tearDownClass(cls):
        if hasattr(cls, "server") and cls.server.process.poll() is None:
            code = cls.server.stop()  # a sanitizer tells here what was never freed
            assert code == 0, cls.server.tail()

    def create(self, code, files=(), headers=None, **members):
        body = {"code": code, "files": [file_of(path, content) for path, content in files], **members}
        status, _, answer = self.server.ask("POST", "/v1/requests", body, headers)
        self.assertEqual(status, 201, answer)
        return answer["id"]

    def waiting(self, code, files=(), **members):
        return self.server.until(self.create(code, files, **members), "waiting", "failed")

    def get(self, path, headers=None, method="GET"):
        """(status, headers, bytes)"""
        connection = self.server.connect()
        try:
            headers = dict(headers or {})
            if self.server.token:
                headers.setdefault("Authorization", f"Bearer {self.server.token}")
            connection.request(method, path, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def file(self, request, path, kind="files"):
        status, _, content = self.get(f"/v1/requests/{request['id']}/{kind}/{urllib.parse.quote(path)}")
        self.assertEqual(status, 200, content)
        return content

    def vote(self, request, answer="approve", **members):
        return self.server.ask("POST", f"/v1/requests/{request['id']}/votes",
                               {"answer": answer, "manifestSha256": request["manifestSha256"], **members})

    def audit(self, request_id):
        lines = self.get(f"/v1/audit?limit=1000&object=requests/{request_id}")[2]
        return [json.loads(line) for line in lines.splitlines()]


class Files(Case):
    """One server for all that needs no crash."""

    def test_rp60_what_is_submitted_is_there_and_what_is_made_comes_back(self):
        table, other = b"a,b\n1,2\n", bytes(range(256)) * 600
        seen = self.waiting(COPY, [("in/table.csv", table), ("in/large.bin", other)])
        self.assertEqual(seen["result"]["stdout"], "['large.bin', 'table.csv']\n")
        self.assertEqual(seen["revisions"][0]["files"],
                         [{"path": "in/table.csv", "size": len(table), "sha256": sha256(table)},
                          {"path": "in/large.bin", "size": len(other), "sha256": sha256(other)}])
        made = {"path": "out/table.csv", "change": "made", "size": len(table), "sha256": sha256(table.upper())}
        self.assertEqual((seen["files"], seen["filesFrom"]), ([made], "report"))
        self.assertEqual(self.file(seen, "out/table.csv"), table.upper())
        self.assertEqual(self.file(seen, "in/table.csv", "inputs"), table)
        self.assertEqual(self.file(seen, "in/large.bin", "inputs"), other)
        status, _, listed = self.server.ask("GET", f"/v1/requests/{seen['id']}/inputs")
        self.assertEqual((status, listed), (200, {"revision": 1, "inputs": seen["revisions"][0]["files"]}))
        for path in ("files/in/table.csv", "files/none", "inputs/out/table.csv", "files/out", "inputs/in%2Ftable.csv%00"):
            self.assertIn(self.get(f"/v1/requests/{seen['id']}/{path}")[0], (400, 404), path)
        submitted = self.audit(seen["id"])[0]
        self.assertEqual(submitted["details"]["files"], seen["revisions"][0]["files"])

    def test_rp60_the_manifest_names_all_of_them(self):
        """The list of what was made is a text with a hash, which the manifest names; so are the inputs."""
        seen = self.waiting(COPY, [("in/table.csv", b"x")])
        manifest = json.loads(self.server.raw("GET", f"/v1/requests/{seen['id']}/manifest"))
        self.assertEqual(manifest["inputs"], [{"path": "in/table.csv", "bytes": 1, "sha256": sha256(b"x")}])
        listed = self.server.raw("GET", f"/v1/requests/{seen['id']}/files")
        self.assertEqual(json.loads(listed)["files"], seen["files"])
        self.assertEqual(manifest["files"], {"bytes": len(listed), "sha256": sha256(listed)})
        receipt = self.server.ask("GET", f"/v1/requests/{seen['id']}/receipt")[2]
        self.assertEqual(receipt["shown"]["files"].encode(), listed)
        other = self.waiting(COPY, [("in/table.csv", b"y")])
        status, _, answer = self.server.ask("POST", f"/v1/requests/{seen['id']}/votes",
                                            {"answer": "approve", "manifestSha256": other["manifestSha256"]})
        self.assertEqual(status, 409)
        for part in ("inputs", "files"):
            self.assertIn(part, answer["differs"])

    def test_rp60_a_form_is_the_same_submission(self):
        headers, body = form_of({"code": COPY, "purpose": "a form"}, [("in/table.csv", b"q,r\n"), ("in/w\u00f6rld \"1\".txt".replace('"', "%22"), b"")])
        status, _, answer = self.server.ask("POST", "/v1/requests", body, headers)
        self.assertEqual(status, 201, answer)
        seen = self.server.until(answer["id"], "waiting")
        self.assertEqual((seen["purpose"], seen["result"]["stdout"]), ("a form", "['table.csv', 'w\u00f6rld \"1\".txt']\n"))
        headers, body = form_of({}, [])
        body = body.replace(b"--cut--\r\n", b'--cut\r\nContent-Disposition: form-data; name="code"; filename="x.py"\r\n\r\nprint(7)\r\n--cut--\r\n')
        status, _, answer = self.server.ask("POST", "/v1/requests", body, headers)
        self.assertEqual(status, 201, answer)
        self.assertEqual(self.server.until(answer["id"], "waiting")["result"]["stdout"], "7\n")

    def test_rp60_a_form_of_a_page_is_none(self):
        """A form that any page could send has no part of type JSON; one that lies about its shape is refused."""
        headers, body = form_of({"code": "1"}, [])
        for bad in (body.replace(b"\r\nContent-Type: application/json", b""), body.replace(b"application/json", b"text/plain"),
                    body.replace(b'name="request"', b'name="other"'), body.replace(b'{"code": "1"}', b"[]"), body.replace(b"--cut--", b"--cu"), b""):
            status, answer_headers, answer = self.server.ask("POST", "/v1/requests", bad, headers)
            self.assertEqual((status, "problem+json" in answer_headers["Content-Type"]), (400, True), (bad, answer))

    def test_rp60_a_submission_that_waits_gets_the_end(self):
        """?mode=sync&wait=, Prefer: wait=, ?wait=: the answer is the request, at its end if that comes in time."""
        before = time.monotonic()
        status, headers, answer = self.server.ask("POST", "/v1/requests?wait=30s&until=result", {"code": "print(1)"})
        self.assertEqual((status, answer["state"], answer["result"]["stdout"]), (201, "waiting", "1\n"))
        self.assertEqual(headers["Location"], f"/v1/requests/{answer['id']}")
        status, _, answer = self.server.ask("POST", "/v1/requests?mode=sync&wait=30s", {"code": "1/0", "whim": 1})
        self.assertEqual((status, answer["state"], len(answer["warnings"])), (201, "failed", 1))
        status, _, answer = self.server.ask("POST", "/v1/requests", {"code": "2/0"}, {"Prefer": "respond-async, wait=30"})
        self.assertEqual((status, answer["state"]), (201, "failed"))
        self.assertLess(time.monotonic() - before, 25)
        status, _, answer = self.server.ask("POST", "/v1/requests?mode=sync&wait=200ms", {"code": "print(2)"})
        self.assertEqual(status, 201)
        self.assertIn(answer["state"], ("queued", "running", "waiting"))
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            pending = pool.submit(self.server.ask, "POST", "/v1/requests?mode=sync", {"code": "print(3)", "purpose": "approved meanwhile"})
            found = []
            while not found:
                found = [item for item in self.server.ask("GET", "/v1/requests?q=meanwhile&state=waiting")[2]["requests"]]
                time.sleep(0.02)
            self.assertEqual(self.vote(found[0])[0], 200)
            status, _, answer = pending.result(60)
        self.assertEqual((status, answer["state"], answer["result"]["stdout"]), (201, "approved", "3\n"))
        for bad in ("mode=other", "wait=soon", "until=never"):
            self.assertEqual(self.server.ask("POST", f"/v1/requests?{bad}", {"code": "1"})[0], 400, bad)

    def test_rp60_a_key_covers_the_files(self):
        """The same key with the same files is one request, in whatever shape; with others it is refused."""
        key = {"Idempotency-Key": "with-files"}
        first = self.create("print(1)", [("a", b"1"), ("b", b"2" * 100_000)], key)
        self.assertEqual(self.create("print(1)", [("a", b"1"), ("b", b"2" * 100_000)], key), first)
        headers, body = form_of({"code": "print(1)"}, [("a", b"1"), ("b", b"2" * 100_000)])
        status, _, answer = self.server.ask("POST", "/v1/requests", body, {**headers, **key})
        self.assertEqual((status, answer["id"]), (201, first))
        for files in ([("a", b"1")], [("a", b"1"), ("b", b"3" * 100_000)], [("a", b"1"), ("c", b"2" * 100_000)]):
            status, _, answer = self.server.ask("POST", "/v1/requests", {"code": "print(1)", "files": [file_of(*file) for file in files]}, key)
            self.assertEqual((status, answer["type"]), (422, "urn:sallyport:problem:idempotency-key-used"))

    def test_names_that_lead_elsewhere_are_refused(self):
        """Section 9: ../, absolute, NUL, control, bidi; nothing of the request is there then."""
        def count():
            return len(self.server.ask("GET", "/v1/requests?limit=500")[2]["requests"])
        before = count()
        for bad in ("../a", "a/../../b", "/etc/passwd", "/a", "", "/", ".", "a\x00b", "a\nb", "a\x1b[2J", "a\u202etxt.exe", "a\u200bb", "x" * 256,
                    "/mnt/data/../a", ".sallyport-upload-1"):
            status, _, answer = self.server.ask("POST", "/v1/requests", {"code": "1", "files": [file_of(bad, b"")]})
            self.assertEqual(status, 400, (bad, answer))
        for bad in ([{"path": "a"}], [{"path": "a", "content": "%"}], [{"path": "a", "sha256": "0" * 64}], {}, ["a"], [file_of("a", b""), file_of("a", b"")],
                    [file_of("a", b""), file_of("a/b", b"")], [file_of(str(n), b"") for n in range(65)]):
            self.assertEqual(self.server.ask("POST", "/v1/requests", {"code": "1", "files": bad})[0], 400, bad)
        headers, body = form_of({"code": "1"}, [("../../slip", b"x")])
        self.assertEqual(self.server.ask("POST", "/v1/requests", body, headers)[0], 400)
        self.assertEqual(count(), before)

    def test_a_revision_brings_its_own_files(self):
        """RP-04: the next revision keeps the inputs, changes them, or names some by their hash; what differs is told by hash."""
        seen = self.waiting("print(open('/mnt/data/a').read())", [("a", b"one"), ("b", b"same")], gate="both")
        path = f"/v1/requests/{seen['id']}"
        self.assertEqual(seen["stage"], "before")
        manifest = json.loads(self.server.raw("GET", path + "/manifest"))
        self.assertEqual([item["path"] for item in manifest["inputs"]], ["a", "b"])
        self.assertEqual(self.file(seen, "a", "inputs"), b"one")

        def revise(**members):
            status, _, answer = self.server.ask("POST", path + "/revisions", {"code": "print(open('/mnt/data/a').read())", **members})
            self.assertEqual(status, 201, answer)
            return self.server.request(seen["id"])
        second = revise()
        self.assertEqual(second["revisions"][1]["files"], seen["revisions"][0]["files"])
        third = revise(files=[file_of("a", b"two"), {"path": "c", "sha256": sha256(b"same")}])
        self.assertNotEqual(third["manifestSha256"], second["manifestSha256"])
        one, two, same = ({"size": len(text), "sha256": sha256(text)} for text in (b"one", b"two", b"same"))
        code = sha256(b"print(open('/mnt/data/a').read())")
        self.assertEqual(self.server.ask("GET", path + "/diff")[2], {
            "from": 2, "to": 3, "code": {"from": code, "to": code, "same": True}, "step": {"same": True},
            "inputs": {"added": [{"path": "c", **same}], "removed": [{"path": "b", **same}], "same": 0,
                       "changed": [{"path": "a", "from": {"path": "a", **one}, "to": {"path": "a", **two}}]}})
        self.assertEqual(self.server.ask("GET", path + "/diff?from=1&to=2")[2]["inputs"], {"added": [], "removed": [], "changed": [], "same": 2})
        for bad, status in (("from=0", 400), ("to=x", 400), ("to=9", 404)):
            self.assertEqual(self.server.ask("GET", f"{path}/diff?{bad}")[0], status, bad)
        status, _, answer = self.server.ask("POST", path + "/revisions", {"code": "1", "files": [{"path": "x", "sha256": sha256(b"of another")}]})
        self.assertEqual((status, answer["type"]), (400, "urn:sallyport:problem:unknown-input"))
        self.assertEqual(self.get(path + "/inputs/a?revision=1")[2], b"one")
        self.assertEqual(self.get(path + "/inputs/a")[2], b"two")
        self.assertEqual(self.vote(third)[0], 200)
        deadline = time.monotonic() + 60
        while (ran := self.server.request(seen["id"])).get("stage") != "after":
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.02)
        self.assertEqual(ran["result"]["stdout"], "two\n")
        headers, body = form_of({"code": "print(open('/mnt/data/a').read())", "files": [{"path": "b", "sha256": sha256(b"same")}]}, [("a", b"three")])
        status, _, answer = self.server.ask("POST", path + "/revisions", body, headers)
        self.assertEqual(status, 201, answer)
        self.assertEqual([item["path"] for item in self.server.request(seen["id"])["revisions"][3]["files"]], ["b", "a"])
        self.assertNotIn("files", self.server.request(seen["id"]))  # those of the run before are not this revision's

    def test_a_file_is_offered_and_can_do_nothing(self):
        """Section 9: HTML of a run never becomes a page of ours; ETag by hash, ranges, a name that is percent-encoded."""
        page = "<script>alert(1)</script>" * 40_000
        seen = self.waiting(f"open('/mnt/data/\u00e4 \"x\".html', 'w').write({page[:25]!r} * 40_000)")
        url = f"/v1/requests/{seen['id']}/files/" + urllib.parse.quote("\u00e4 \"x\".html")
        status, headers, content = self.get(url)
        self.assertEqual((status, content), (200, page.encode()))
        self.assertEqual((headers["Content-Type"], headers["Content-Disposition"]),
                         ("application/octet-stream", "attachment; filename*=UTF-8''%C3%A4%20%22x%22.html"))
        self.assertEqual((headers["X-Content-Type-Options"], headers["Content-Security-Policy"], headers["Cache-Control"]),
                         ("nosniff", "default-src 'none'; sandbox", "no-store"))
        self.assertEqual(headers["ETag"], f'"{sha256(page.encode())}"')
        self.assertEqual(self.get(url, {"If-None-Match": headers["ETag"]})[::2], (304, b""))
        self.assertEqual(self.get(url, {"If-None-Match": '"other"'})[0], 200)
        size = len(page)
        for said, expected in (("bytes=0-0", (0, 0)), ("bytes=5-9", (5, 9)), ("bytes=999990-", (999_990, size - 1)), ("bytes=-3", (size - 3, size - 1)),
                               ("bytes=10-99999999", (10, size - 1)), ("bytes=300000-900000", (300_000, 900_000))):
            status, headers, content = self.get(url, {"Range": said})
            self.assertEqual((status, headers["Content-Range"]), (206, f"bytes {expected[0]}-{expected[1]}/{size}"), said)
            self.assertEqual(content, page.encode()[expected[0]:expected[1] + 1], said)
        for said in ("bytes=9-5", "bytes=a-b", "lines=1-2", "bytes=1-2,4-5", "bytes=-"):
            self.assertEqual(self.get(url, {"Range": said})[0], 200, said)
        status, headers, _ = self.get(url, {"Range": f"bytes={size}-"})
        self.assertEqual((status, headers["Content-Range"]), (416, f"bytes */{size}"))
        self.assertEqual(self.get(url, {"Range": "bytes=0-0", "If-Range": '"other"'})[0], 200)
        self.assertEqual(self.get(url, method="HEAD")[::2], (200, b""))

    def test_rp10_who_takes_held_output_is_written_down(self):
        seen = self.waiting("open('/mnt/data/out', 'w').write('x')")
        self.file(seen, "out")
        [entry] = [entry for entry in self.audit(seen["id"]) if entry["action"] == "output.downloaded"]
        self.assertEqual((entry["actor"]["id"], entry["details"]["path"], entry["details"]["sha256"], entry["details"]["manifestSha256"]),
                         ("local", "out", sha256(b"x"), seen["manifestSha256"]))
        self.vote(seen)
        self.server.until(seen["id"], "approved")
        self.file(seen, "out")
        self.assertEqual(len([entry for entry in self.audit(seen["id"]) if entry["action"] == "output.downloaded"]), 1)

    def test_rp54_what_code_makes_of_names_and_links(self):
        """Links and pipes are never followed or opened; a name that turns the direction of reading is only text in JSON."""
        code = ("import os\n"
                "os.symlink('/etc/passwd', '/mnt/data/link')\n"
                "os.symlink('/', '/mnt/data/root')\n"
                "os.mkfifo('/mnt/data/pipe')\n"
                "open('/mnt/data/twice', 'w').write('t')\n"
                "os.link('/mnt/data/twice', '/mnt/data/again')\n"
                "open('/mnt/data/a\\u202ebc', 'w').write('turned')\n"
                "open(b'/mnt/data/\\xff', 'w').write('no text')\n"
                "open('/mnt/data/a\\nb', 'w').write('two lines')\n"
                "open('/mnt/data/good', 'w').write('good')\n")
        seen = self.waiting(code)
        self.assertEqual({item["path"] for item in seen["files"]}, {"a\u202ebc", "good"}, seen)
        self.assertEqual(self.file(seen, "a\u202ebc"), b"turned")
        for path in ("link", "root/etc/passwd", "pipe", "twice", "..%2f..%2fetc/passwd", "../inputs"):
            self.assertEqual(self.get(f"/v1/requests/{seen['id']}/files/{path}")[0], 404, path)

    def test_rp54_many_and_large_files_are_bounded(self):
        """What is more than may be kept is named, what is more than may be named is counted; the request goes on."""
        many = self.waiting("for n in range(400): open(f'/mnt/data/{n:04}', 'w').write(str(n))")
        self.assertEqual((len(many["files"]), many["filesLeftOut"]), (200, 200))
        self.assertEqual(self.file(many, many["files"][7]["path"]), b"7")

    def test_rp10_bytes_that_were_voted_on_stay(self):
        """A session of a name goes on and changes its files: what was shown is what is given out, by its hash."""
        first = self.waiting("open('/mnt/data/shared', 'w').write('first')", session="desk")
        second = self.waiting("open('/mnt/data/shared', 'w').write('second')", session="desk")
        self.assertEqual(second["files"][0]["change"], "changed")
        third = self.waiting("print(open('/mnt/data/shared').read())", session="desk")
        self.assertEqual((third["result"]["stdout"], third["files"]), ("second\n", []))
        for request, text in ((first, b"first"), (second, b"second")):
            self.assertEqual(self.vote(request)[0], 200)
            self.assertEqual(self.file(request, "shared"), text)

    def test_runs_in_one_session_do_not_mix(self):
        """At once, with inputs and outputs of the same names: each finds its own, and is shown what it made."""
        code = "text = open('/mnt/data/in').read()\nfor n in range(4): open(f'/mnt/data/out{n}', 'w').write(text * 100_000)\nprint(text)"
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            ids = list(pool.map(lambda n: self.create(code, [("in", b"%d" % n)], session="crowd"), range(6)))
        for number, request_id in enumerate(ids):
            seen = self.server.until(request_id, "waiting", "failed")
            self.assertEqual(seen["result"]["stdout"], f"{number}\n")
            self.assertEqual({item["sha256"] for item in seen["files"]}, {sha256(b"%d" % number * 100_000)})
            self.assertNotIn("filesNotKept", seen)

    def test_rp62_who_waits_for_its_session_can_be_cancelled(self):
        first = self.create(HELD, session="narrow")
        self.server.until(first, "running")
        second = self.create("open('/mnt/data/x', 'w')", session="narrow")
        self.server.until(second, "running")
        for request_id in (second, first):
            status, _, answer = self.server.ask("POST", f"/v1/requests/{request_id}/cancel", {})
            self.assertEqual((status, answer["state"]), (200, "cancelled"))
        deadline = time.monotonic() + 60
        while "ended" not in self.server.request(second)["runs"][-1]:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)
        run = self.server.request(second)["runs"][-1]
        self.assertEqual((run["ended"], run["words"]),
                         ("cancelled", "The request was over while others were before it in its session. The code was not run."))
        self.assertEqual(self.waiting("import os; print(os.listdir('/mnt/data'))", session="narrow")["result"]["stdout"], "[]\n")

    def test_a_file_that_was_changed_on_the_disk_is_not_given_out(self):
        content = os.urandom(200_000)
        seen = self.waiting("1", [("a", content)], gate="before")
        blob = pathlib.Path(self.server.data, "blobs", sha256(content)[:2], sha256(content))
        with open(blob, "r+b") as file:
            file.write(b"x" if content[:1] != b"x" else b"y")
        self.assertEqual(self.get(f"/v1/requests/{seen['id']}/inputs/a")[0], 500)
        self.assertEqual(self.vote(seen)[0], 200)
        over = self.server.until(seen["id"], "failed")  # nor is code run on it
        self.assertIn("not those that were submitted", over["error"]["message"])


class Small(Case):
    arguments = ["--ready-sessions", "1", "--input-size-max", "100K", "--files-size-max", "100K"]

    def test_sizes_are_settings(self):
        self.create("1", [("a", b"x" * 50_000), ("b", b"y" * 50_000)])
        for shape in ("json", "form"):
            files = [("a", b"x" * 60_000), ("b", b"y" * 60_000)]
            headers, body = form_of({"code": "1"}, files) if shape == "form" else ({}, {"code": "1", "files": [file_of(*file) for file in files]})
            status, _, answer = self.server.ask("POST", "/v1/requests", body, headers)
            self.assertEqual((status, answer["type"]), (413, "urn:sallyport:problem:content-too-large"), shape)
        made = self.waiting("for n in 'abc': open(f'/mnt/data/{n}', 'w').write(n * 40_000)\nopen('/mnt/data/z', 'w').write('z' * 200_000)")
        self.assertEqual([item["path"] for item in made["files"]], ["a", "b"])
        self.assertEqual([(item["path"], item["cause"], item["size"]) for item in made["filesNotKept"]], [("c", "too-large", 40_000), ("z", "too-large", 200_000)])
        self.assertEqual(made["filesNotKept"][1]["sha256"], sha256(b"z" * 200_000))  # as the pool has measured it
        self.assertEqual(self.get(f"/v1/requests/{made['id']}/files/z")[0], 404)
        self.assertEqual(self.vote(made)[0], 200)

    def test_a_huge_body_is_refused_before_it_is_there(self):
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=30) as peer:
            peer.sendall(b"POST /v1/requests HTTP/1.1\r\nHost: localhost\r\nContent-Type: multipart/form-data; boundary=cut\r\n"
                         b"Content-Length: 99999999999\r\n\r\n")
            self.assertIn(b" 413 ", peer.recv(4096).split(b"\r\n")[0])


class Held(Case):
    """RP-10, RP-22: with sign-in."""

    @classmethod
    def setUpClass(cls):
        cls.server = Server(PROGRAM, arguments=["--auth", "--ready-sessions", "1"]).start()
        cls.addClassCleanup(cls.server.close)
        cls.author = cls.server.key_of("author@example.org", "submitter", "reviewer")
        cls.judge = cls.server.key_of("judge@example.org", "reviewer")
        cls.watcher = cls.server.key_of("watcher@example.org", "auditor")
        cls.stranger = cls.server.key_of("stranger@example.org", "submitter")

    def as_(self, key):
        self.server.token = key

    def test_rp10_files_are_held_until_they_are_released(self):
        self.as_(self.author)
        code = "open('/mnt/data/secret-in-the-name', 'w').write('secret')"
        request_id = self.create(code, [("in", b"mine")])
        path = f"/v1/requests/{request_id}"
        held = self.server.request(request_id, wait="30s")
        self.assertEqual(held["state"], "waiting")
        for member in ("files", "filesFrom", "filesNotKept", "filesLeftOut", "result"):
            self.assertNotIn(member, held)
        self.assertNotIn("secret-in-the-name", self.server.raw("GET", path + "/manifest", headers={"Authorization": f"Bearer {self.author}"}).decode())
        for route in ("/files", "/files/secret-in-the-name", "/files/other"):
            status, headers, body = self.get(path + route)
            answer = json.loads(body)
            self.assertEqual((status, answer["type"], answer["state"], answer["deadline"]),
                             (403, "urn:sallyport:problem:not-released", "waiting", held["deadline"]), route)
        self.assertEqual(self.file(held, "in", "inputs"), b"mine")
        for route in ("/receipt", "", "/manifest"):
            self.assertNotIn(b"secret", self.get(path + route)[2].replace(code.encode(), b"").replace(json.dumps(code).encode(), b""), route)
        for key in (self.judge, self.watcher):
            self.as_(key)
            self.assertEqual(self.file(held, "secret-in-the-name"), b"secret")
            self.assertEqual(self.file(held, "in", "inputs"), b"mine")
        self.as_(self.stranger)
        for route in ("/files", "/files/secret-in-the-name", "/inputs", "/inputs/in", "/diff"):
            self.assertEqual(self.get(path + route)[0], 404, route)
        self.as_(self.judge)
        self.assertEqual(self.vote(self.server.request(request_id))[0], 200)
        self.as_(self.author)
        released = self.server.until(request_id, "approved")
        self.assertEqual([item["path"] for item in released["files"]], ["secret-in-the-name"])
        self.assertEqual(self.file(released, "secret-in-the-name"), b"secret")
        self.as_(self.stranger)
        self.assertEqual(self.get(path + "/files/secret-in-the-name")[0], 404)
        self.as_(self.watcher)
        downloads = [entry for entry in self.audit(request_id) if entry["action"] == "output.downloaded"]
        self.assertEqual([entry["actor"]["name"] for entry in downloads], ["judge@example.org", "watcher@example.org"])

    def test_rp10_what_was_rejected_is_never_given_out(self):
        self.as_(self.author)
        request_id = self.create("open('/mnt/data/out', 'w').write('x')")
        self.as_(self.judge)
        self.assertEqual(self.vote(self.server.until(request_id, "waiting"), "reject", comment="no")[0], 200)
        self.as_(self.author)
        self.assertEqual(self.get(f"/v1/requests/{request_id}/files/out")[0], 403)

    def test_another_submitters_bytes_are_not_to_be_had_by_their_hash(self):
        self.as_(self.author)
        self.create("1", [("in", b"a hash that can be guessed")], gate="before")
        self.as_(self.stranger)
        request_id = self.create("1", gate="before")
        status, _, answer = self.server.ask("POST", f"/v1/requests/{request_id}/revisions",
                                            {"code": "1", "files": [{"path": "in", "sha256": sha256(b"a hash that can be guessed")}]})
        self.assertEqual((status, answer["type"]), (400, "urn:sallyport:problem:unknown-input"))


class Foreign(http.server.ThreadingHTTPServer):
    """A pool of somebody else: ours, with all taken away that is not in the vendor's contract. `refuses`: (method, beginning of the
    path behind the pool's) of what it does not have. `is_ours`: nothing is taken away. `adds`: to the bytes of each file."""

    daemon_threads = True

    def __init__(self, pool_url):
        super().__init__(("127.0.0.1", 0), ForeignHandler)
        self.pool = urllib.parse.urlsplit(pool_url)
        self.refuses, self.asked, self.is_ours, self.adds = [("GET", "/sallyport")], [], False, b""
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"

    def close(self):
        self.shutdown()
        self.server_close()


class ForeignHandler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def pass_on(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        server = self.server
        server.asked.append((self.command, self.path))
        if any(self.command == method and self.path.startswith(path) for method, path in server.refuses):
            status, kind, content = 404, "application/json", b'{"error":{"code":"NotFound","message":"no such route"}}'
        else:
            connection = http.client.HTTPConnection(server.pool.hostname, server.pool.port, timeout=60)
            headers = {name: self.headers[name] for name in ("Content-Type", "Authorization") if self.headers[name]}
            connection.request(self.command, server.pool.path.rstrip("/") + (self.path if server.is_ours else self.path.replace("report=sallyport", "x=y")), body or None, headers)
            answer = connection.getresponse()
            status, kind, content = answer.status, answer.headers.get("Content-Type"), answer.read()
            content += server.adds if self.command == "GET" and "/files/" in self.path else b""
            connection.close()
        self.send_response(status)
        if kind:
            self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_DELETE = pass_on


class Apart(Case):
    """RP-06: an app with a data folder whose pool is a stranger's."""

    is_ours = False

    @classmethod
    def setUpClass(cls):
        other = Server(PROGRAM, arguments=["--ready-sessions", "2"]).start()
        cls.addClassCleanup(other.close)
        cls.pool = Foreign(other.ready["sessionPoolUrl"])
        cls.pool.is_ours = cls.is_ours
        cls.addClassCleanup(cls.pool.close)
        environment = {**os.environ, "DURABLE_TASK_SCHEDULER_CONNECTION_STRING": other.ready["schedulerConnectionString"],
                       "SESSION_POOL_URL": cls.pool.url}
        cls.server = Server(PROGRAM, command="app", environment=environment)
        cls.server.arguments += ["--data", cls.server.data]
        cls.server.start()
        cls.addClassCleanup(cls.server.close)

    def setUp(self):
        self.pool.refuses = [("GET", "/sallyport")]
        self.pool.adds = b""


class Between(Apart):
    """Our own pool, and files that change between the report and the fetching of them."""

    is_ours = True

    def test_bytes_that_are_not_those_that_were_reported_are_not_kept(self):
        self.pool.refuses = []
        code = "open('/mnt/data/x', 'w').write('x')"
        seen = self.waiting(code)
        self.assertEqual((seen["filesFrom"], [item["sha256"] for item in seen["files"]]), ("report", [sha256(b"x")]))
        self.pool.adds = b"y"
        seen = self.waiting(code)
        self.assertEqual(seen["files"], [])
        self.assertEqual(seen["filesNotKept"], [{"path": "x", "change": "made", "cause": "changed", "size": 1, "sha256": sha256(b"x")}])


class Stranger(Apart):
    def test_rp06_files_by_the_vendors_contract(self):
        seen = self.waiting(COPY + "open('/mnt/data/in/table.csv', 'a').write('more')", [("in/table.csv", b"a"), ("in/other", b"b" * 100_000)])
        self.assertEqual(seen["result"]["stdout"], "['other', 'table.csv']\n")
        self.assertEqual(seen["filesFrom"], "list")
        self.assertEqual([(item["path"], item["change"], item["sha256"]) for item in seen["files"]],
                         [("in/table.csv", "changed", sha256(b"amore")), ("out/table.csv", "made", sha256(b"A"))])
        self.assertEqual(self.file(seen, "out/table.csv"), b"A")
        none = self.waiting("print(1)")
        self.assertEqual((none["files"], none["filesFrom"]), ([], "list"))
        named = [self.waiting(f"open('/mnt/data/{name}', 'w').write('{name}')", session="mine") for name in ("x", "y")]
        self.assertEqual([[item["path"] for item in request["files"]] for request in named], [["x"], ["y"]])

    def test_rp06_what_cannot_be_told_is_not_reported(self):
        self.pool.refuses.append(("GET", "/files"))
        seen = self.waiting("open('/mnt/data/x', 'w').write('x')", [("in", b"1")])
        self.assertEqual(seen["state"], "waiting")
        for member in ("files", "filesFrom"):
            self.assertNotIn(member, seen)
        self.assertEqual(self.server.ask("GET", f"/v1/requests/{seen['id']}/files")[::2], (200, {"filesFrom": None}))
        self.assertNotIn("files", json.loads(self.server.raw("GET", f"/v1/requests/{seen['id']}/manifest")))

    def test_code_does_not_run_without_its_inputs(self):
        self.pool.refuses.append(("POST", "/files"))
        before = len(self.pool.asked)
        seen = self.waiting("print(1)", [("in", b"1")])
        self.assertEqual(seen["state"], "failed")
        self.assertIn('input file "in"', seen["error"]["message"])
        self.assertFalse([path for _, path in self.pool.asked[before:] if "execut" in path])


class Crash(Case):
    """kill -9 at the writes between submission and release: what was acknowledged is whole, and nothing is there by half."""

    @classmethod
    def setUpClass(cls):
        pass

    def setUp(self):
        self.server = Server(PROGRAM, arguments=["--ready-sessions", "1"]).start()
        self.addCleanup(self.server.close)

    def test_rp01_inputs_are_there_or_the_request_is_not(self):
        """Many submissions with inputs, small and large, on their way when the server dies, at another moment each time."""
        acknowledged = {}

        def submit(number):
            files = [("small", os.urandom(1000)), ("large", os.urandom(300_000)), ("same", b"#" * 100_000)]
            try:
                status, _, answer = self.server.ask("POST", "/v1/requests", {"code": f"print({number})", "gate": "before", "files": [file_of(*file) for file in files]})
            except (OSError, http.client.HTTPException):
                return
            if status == 201:
                acknowledged[answer["id"]] = {path: sha256(content) for path, content in files}
        for round_number in range(6):
            with concurrent.futures.ThreadPoolExecutor(8) as pool:
                for number in range(24):
                    pool.submit(submit, number)
                time.sleep(0.02 + 0.03 * round_number)
                self.server.kill()
            self.server.start()
            listed = self.server.ask("GET", "/v1/requests?limit=500")[2]["requests"]
            self.assertLessEqual(set(acknowledged), {item["id"] for item in listed})
            for item in listed:
                whole = self.server.request(item["id"])
                for file in whole["revisions"][0]["files"]:
                    content = self.file(whole, file["path"], "inputs")
                    self.assertEqual((len(content), sha256(content)), (file["size"], file["sha256"]))
                    if item["id"] in acknowledged:
                        self.assertEqual(acknowledged[item["id"]][file["path"]], file["sha256"])
                self.assertEqual(len(whole["revisions"][0]["files"]), 3)
            self.assertEqual(list(pathlib.Path(self.server.data, "blobs").glob("new/*")), [])
        self.assertTrue(acknowledged, "the server died too early each time")
        used = {sha256(b"#" * 100_000)} | {file["sha256"] for item in listed for file in self.server.request(item["id"])["revisions"][0]["files"] if file["path"] == "large"}
        deadline = time.monotonic() + 60  # what belongs to nobody is swept
        while {path.name for path in pathlib.Path(self.server.data, "blobs").rglob("*") if path.is_file()} != used:
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.05)

    def test_rp01_a_run_that_is_done_again_has_its_inputs_anew(self):
        code = "open('/mnt/data/in', 'a').write('!')\n" + HELD + "open('/mnt/data/out', 'w').write(open('/mnt/data/in').read())"
        request_id = self.create(code, [("in", b"fresh")])
        self.server.until_busy()
        self.server.kill()
        self.server.start()
        self.server.let_go(lambda: self.server.request(request_id)["state"] == "waiting")
        seen = self.server.request(request_id)
        self.assertGreaterEqual(seen["attempts"], 2)
        self.assertEqual(self.file(seen, "out"), b"fresh!")

    def test_rp10_what_a_run_made_is_whole_or_the_run_is_done_again(self):
        """Killed while files are fetched and written: what waits afterwards has all of its files."""
        code = "import os\nfor n in range(40): open(f'/mnt/data/{n}', 'wb').write(bytes([n]) * 200_000)"
        for round_number in range(4):
            request_id = self.create(code)
            deadline = time.monotonic() + 60
            drafts = pathlib.Path(self.server.data, "blobs", "new")
            while not (drafts.exists() and list(drafts.iterdir())) and self.server.request(request_id)["state"] != "waiting":
                self.assertLess(time.monotonic(), deadline)
            time.sleep(0.01 * round_number)
            self.server.kill()
            self.server.start()
            seen = self.server.until(request_id, "waiting")
            self.assertEqual(len(seen["files"]), 40)
            for file in seen["files"]:
                self.assertEqual(sha256(self.file(seen, file["path"])), file["sha256"])
            self.assertEqual(seen["attempts"], len(seen["runs"]))


class Readers(unittest.TestCase):
    """Who takes a file slowly, not to its end, or while the server stops."""

    CONTENT = os.urandom(1 << 20) * 15

    def begin(self, server, request_id):
        """A peer that has read the head of a download and no more; its window is small."""
        peer = socket.socket()
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        peer.settimeout(60)
        peer.connect(("127.0.0.1", server.port))
        peer.sendall(f"GET /v1/requests/{request_id}/inputs/in HTTP/1.0\r\n\r\n".encode())
        self.assertTrue(peer.recv(12).endswith(b" 200"))
        return peer

    def test_readers_that_are_slow_or_leave(self):
        server = Server(PROGRAM, arguments=["--ready-sessions", "1"]).start()
        self.addCleanup(server.close)
        body = {"code": "1", "gate": "before", "files": [file_of("in", self.CONTENT)]}
        request_id = server.ask("POST", "/v1/requests", body)[2]["id"]
        before = resident(server)
        slow = [self.begin(server, request_id) for _ in range(8)]
        leaving = [self.begin(server, request_id) for _ in range(8)]
        time.sleep(0.5)
        grown = resident(server) - before
        for peer in leaving:
            peer.close()
        self.assertEqual(sha256(server.raw("GET", f"/v1/requests/{request_id}/inputs/in")), sha256(self.CONTENT))
        with slow.pop() as peer:
            got = b"".join(iter(lambda: peer.recv(1 << 16), b""))
        self.assertTrue(got.endswith(self.CONTENT))
        if not sanitized(server):
            self.assertLess(grown, 40)  # of 240 MiB that were asked for
        began = time.monotonic()
        self.assertEqual(server.stop(), 0, server.tail())
        self.assertLess(time.monotonic() - began, 30)
        for peer in slow:
            got = b"".join(iter(lambda peer=peer: peer.recv(1 << 16), b"")) if peer.fileno() >= 0 else b""
            self.assertLess(len(got), len(self.CONTENT))
            peer.close()


def resident(server):
    """MiB."""
    status = pathlib.Path(f"/proc/{server.process.pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) >> 10


def sanitized(server):
    """Whether it keeps what was freed."""
    return "libasan" in pathlib.Path(f"/proc/{server.process.pid}/maps").read_text()


class Size(unittest.TestCase):
    def test_rp07_inputs_that_wait_are_on_disk(self):
        """RP-07: requests of 1 MiB that wait do not show in the server's memory, whether they come as JSON or as forms; what is
        read of them does not, either. A thousand with --long."""
        count = 1000 if LONG else 100
        server = Server(PROGRAM, arguments=["--ready-sessions", "1"]).start()
        self.addCleanup(server.close)

        def submit(number):
            content = number.to_bytes(8) * (1 << 17)
            if number % 2:
                headers, body = form_of({"code": f"print({number})", "gate": "before"}, [("in", content)])
            else:
                headers, body = {}, {"code": f"print({number})", "gate": "before", "files": [file_of("in", content)]}
            status, _, answer = server.ask("POST", "/v1/requests", body, headers)
            self.assertEqual(status, 201, answer)
            return answer["id"]

        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            list(pool.map(submit, range(count, count + 16)))
            before = resident(server)
            ids = list(pool.map(submit, range(count)))
        after = resident(server)
        print(f"{count} requests of 1 MiB wait: {before} MiB before, {after} MiB after", file=sys.stderr)
        if not sanitized(server):
            self.assertLess(after - before, 40)
        files = [path for path in pathlib.Path(server.data, "blobs").rglob("*") if path.is_file()]
        self.assertEqual(len(files), count + 16)
        for number in (0, count // 2, count - 1):
            self.assertEqual(server.raw("GET", f"/v1/requests/{ids[number]}/inputs/in"), number.to_bytes(8) * (1 << 17))


if __name__ == "__main__":
    unittest.main(verbosity=2)
