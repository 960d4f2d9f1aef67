# SPDX-License-Identifier: MIT
"""The requests API: what is accepted is shown again, pages are filled in either order, ids have no case, source is taken.

If this fails, a client that follows doc/api.md gets something else. Usage: requests_test.py PROGRAM
"""
import concurrent.futures
import contextlib
import json
import os
import re
import sqlite3
import sys
import time
import unittest
import urllib.parse
import uuid

from server import Server

PROGRAM = sys.argv.pop(1)
# Each member that POST /v1/requests and the decision accept, with a value, and where it is shown.
SUBMISSION = {"code": "print('schema')", "submittedBy": "änn", "approvalTimeoutSeconds": 4000.5}
DECISION = {"approve": True, "by": "mina", "comment": "fine\nby me", "sha256": None}


class Requests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(PROGRAM, arguments=["--ready-sessions", "2", "--run-timeout", "3s"]).start()
        cls.addClassCleanup(cls.server.close)

    def create(self, **members):
        status, _, answer = self.server.ask("POST", "/v1/requests", members)
        self.assertEqual(status, 201, answer)
        return answer["id"]

    def test_every_accepted_member_is_shown_again(self):
        request_id = self.create(**SUBMISSION)
        seen = self.server.until(request_id, "waiting")
        listed = [item for item in self.pages("state=waiting&limit=500") if item["id"] == request_id][0]
        for member, value in SUBMISSION.items():
            self.assertEqual(seen[member], value)
            if member != "code":
                self.assertEqual(listed[member], value)
        decision = {**DECISION, "sha256": seen["sha256"]}
        status, _, answer = self.server.ask("POST", f"/v1/requests/{request_id}/decision", decision)
        self.assertEqual(status, 200, answer)
        over = self.server.until(request_id, "approved")
        for member, value in decision.items():
            self.assertEqual(over["decision"]["approved" if member == "approve" else member], value)

    def test_what_ends_first_is_listed_first(self):
        """RP-70: pages by deadline, the soonest first; what nobody is asked about is not among them."""
        made = {wait: self.create(code="1", gate="before", purpose="by deadline", approvalTimeoutSeconds=wait) for wait in (3000, 1000, 2000)}
        listed = [item["id"] for item in self.pages("order=deadline&limit=2") if item.get("purpose") == "by deadline"]
        self.assertEqual(listed, [made[1000], made[2000], made[3000]])
        self.assertEqual(self.server.ask("POST", f"/v1/requests/{made[2000]}/decision", {"approve": False})[0], 200)
        found = list(self.pages("order=deadline&state=waiting"))
        self.assertEqual(found, sorted(found, key=lambda item: item["deadline"]))
        self.assertNotIn(made[2000], [item["id"] for item in found])
        for query in ("order=soonest", "order=deadline&q=one", "order=deadline&after=asc:1:x"):
            self.assertEqual(self.server.ask("GET", f"/v1/requests?{query}")[0], 400, query)

    def test_members_that_are_not_known_are_said(self):
        status, _, answer = self.server.ask("POST", "/v1/requests", {"code": "1", "submitedBy": "ann"})
        self.assertEqual(status, 201)
        self.assertEqual(answer["warnings"], ['The member "submitedBy" is not known and was ignored.'])
        self.server.until(answer["id"], "waiting")
        status, _, answer = self.server.ask("POST", f"/v1/requests/{answer['id']}/decision", {"approve": False, "why": "x"})
        self.assertEqual((status, answer["warnings"]), (200, ['The member "why" is not known and was ignored.']))
        self.assertNotIn("warnings", self.server.ask("POST", "/v1/requests", {"code": "1"})[2])

    def test_members_of_what_people_do_that_are_not_known_are_said(self):
        """A vote with a mistyped "coment" must not lose it in silence."""
        request_id = self.server.ask("POST", "/v1/requests?wait=30s&until=result", {"code": "print(1)"})[2]["id"]
        path = f"/v1/requests/{request_id}"
        for verb, body in (("votes", {"answer": "changes", "coment": "more"}), ("revisions", {"code": "print(2)", "purpose": "x"}),
                           ("cancel", {"cause": "enough"})):
            status, _, answer = self.server.ask("POST", f"{path}/{verb}", body)
            self.assertIn(status, (200, 201), (verb, answer))
            unknown = list(body)[-1]
            self.assertEqual(answer["warnings"], [f'The member "{unknown}" is not known and was ignored.'], verb)
        self.assertNotIn("warnings", self.server.request(request_id))

    def test_a_key_that_is_empty_is_refused(self):
        """It would protect from nothing, and whoever sends it thinks that it does."""
        for key, wanted in (("", 400), ("x" * 201, 400), ("x" * 200, 201)):
            self.assertEqual(self.server.ask("POST", "/v1/requests", {"code": "print(1)"}, {"Idempotency-Key": key})[0], wanted, len(key))

    def test_a_revision_that_is_not_there_is_told_from_a_request(self):
        request_id = self.server.ask("POST", "/v1/requests?wait=30s&until=result", {"code": "print(1)"})[2]["id"]
        missing = "00000000-0000-0000-0000-000000000000"
        for path in ("revisions/0/code", "revisions/2/code", "revisions/1/step", "manifest?sha256=" + "0" * 64):
            self.assertEqual(self.server.ask("GET", f"/v1/requests/{request_id}/{path}")[2]["type"][-12:], "unknown-file", path)
            self.assertEqual(self.server.ask("GET", f"/v1/requests/{missing}/{path}")[2]["type"][-15:], "unknown-request", path)

    def test_what_cannot_be_taken_is_named(self):
        for body, kind, says in ((b"x", "text/plain", "application/json, multipart/form-data, text/x-python"),
                                 (b'{"code": "1", "labels": {"a": "x\\u0000"}}', "application/json", "labels")):
            status, _, answer = self.server.ask("POST", "/v1/requests", body, {"Content-Type": kind})
            self.assertIn(status, (400, 415))
            self.assertIn(says, answer["detail"])
        status, _, answer = self.server.ask("POST", "/v1/requests?submittedBy=%ff", b"print(1)", {"Content-Type": "text/x-python"})
        self.assertEqual((status, "submittedBy" in answer["detail"]), (400, True))

    def test_source_is_taken_as_it_is(self):
        source = "# grüße\nprint(\"it's\", '\\n'.isspace())\n".encode()
        for kind in ("text/x-python", "Text/X-Python; charset=utf-8"):
            status, headers, created = self.server.ask("POST", "/v1/requests?submittedBy=j%C3%B6&approvalTimeoutSeconds=77",
                                                       source, {"Content-Type": kind})
            self.assertEqual(status, 201, created)
            seen = self.server.until(created["id"], "waiting")
            self.assertEqual((seen["code"], seen["submittedBy"], seen["approvalTimeoutSeconds"]), (source.decode(), "jö", 77))
            self.assertEqual(seen["result"]["stdout"], "it's True\n")
        for kind in ("text/x-python; charset=latin1", "text/plain", "text/plain; charset=utf-8"):  # a web page may send the latter
            self.assertEqual(self.server.ask("POST", "/v1/requests", source, {"Content-Type": kind})[0], 415)
        status, _, created = self.server.ask("POST", "/v1/requests", b"\xef\xbb\xbf" + source, {"Content-Type": "text/x-python"})
        self.assertEqual(self.server.request(created["id"])["code"], source.decode())
        for body, query, status in ((b"\xff", "", 400), (b"", "", 400), (b"1", "?approvalTimeoutSeconds=soon", 400),
                                    (b"#" * 600_000, "", 413)):
            self.assertEqual(self.server.ask("POST", "/v1/requests" + query, body, {"Content-Type": "text/x-python"})[0], status)
        status, _, answer = self.server.ask("POST", "/v1/requests", {"code": 1})
        self.assertEqual(status, 400)
        self.assertIn("text/x-python", answer["detail"])

    def test_a_web_page_cannot_send_source(self):
        """text/plain is what a page may send to other sites unasked; its Origin gives it away."""
        before = len(self.pages("limit=500"))
        for headers in ({"Origin": "http://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
            status, _, answer = self.server.ask("POST", "/v1/requests", b"print(1)", {"Content-Type": "text/plain", **headers})
            self.assertEqual(status, 403, answer)
        self.assertEqual(len(self.pages("limit=500")), before)

    def test_ids_have_no_case(self):
        request_id = self.create(code="print(1)")
        self.server.until(request_id, "waiting")
        upper = request_id.upper()
        self.assertEqual(self.server.request(upper)["id"], request_id)
        self.assertEqual(self.server.review(upper, True)[0], 200)
        self.assertEqual(self.server.until(request_id, "approved")["id"], request_id)
        self.assertEqual(self.server.review(request_id, True)[0], 409)
        self.assertEqual(self.server.ask("POST", f"/v1/requests/{upper}/decision", {"approve": True})[0], 409)
        self.assertEqual(self.server.ask("GET", "/v1/requests/NONE")[0], 404)

    def test_of_two_spellings_at_once_one_decision_wins(self):
        request_id = self.create(code="print(1)")
        self.server.until(request_id, "waiting")
        with concurrent.futures.ThreadPoolExecutor(10) as pool:
            answers = list(pool.map(lambda n: self.server.review(request_id.upper() if n % 2 else request_id, n % 3 == 0)[0],
                                    range(10)))
        self.assertEqual(sorted(answers), [200] + [409] * 9)

    def test_a_wait_over_the_limit_is_told(self):
        request_id = self.create(code="print(1)")
        self.server.until(request_id, "waiting")
        self.assertIn("300s", self.server.ask("GET", f"/v1/requests/{request_id}?wait=500s")[2]["warnings"][0])
        self.assertNotIn("warnings", self.server.ask("GET", f"/v1/requests/{request_id}?wait=300s")[2])

    def linked(self, path):
        """All pages by nothing but RFC 8288: the link of each leads on with what was asked for."""
        found = []
        while path:
            _, headers, page = self.server.ask("GET", path)
            found += page["requests"]
            link = {name.lower(): text for name, text in headers.items()}.get("link", "")
            self.assertEqual(bool(link), "next" in page)
            path = re.fullmatch(r"<(/v1/requests\?[!-=?-~]+)>; rel=next", link).group(1) if link else None
        return found

    def pages(self, query, short_allowed=False):
        found, after, pages = [], "", 0
        limit = int(urllib.parse.parse_qs(query).get("limit", ["50"])[0])
        while True:
            status, _, page = self.server.ask("GET", f"/v1/requests?{query}{after}")
            self.assertEqual(status, 200, page)
            found += page["requests"]
            pages += 1
            if "next" not in page:
                return found
            self.assertEqual(len(page["requests"]), limit)  # only the last may be short
            after = "&after=" + urllib.parse.quote(page["next"], safe="")

    def test_pages_are_filled_in_either_order(self):
        ids = [self.create(code="1/0" if number % 5 == 0 else "print(1)") for number in range(25)]
        for number, request_id in enumerate(ids):
            self.server.until(request_id, "failed" if number % 5 == 0 else "waiting")
        for state in ("", "state=failed&", "state=waiting&", "state=rejected&"):
            oldest_first = [item["id"] for item in self.pages(state + "limit=500")]
            self.assertEqual(len(oldest_first), len(set(oldest_first)))
            expected = {"": ids, "state=failed&": ids[::5]}.get(state, [])
            self.assertEqual([name for name in oldest_first if name in expected], expected)
            for limit in (1, 2, 3, 7):
                for order in ("asc", "desc"):
                    with self.subTest(state=state, limit=limit, order=order):
                        names = [item["id"] for item in self.pages(f"{state}limit={limit}&order={order}")]
                        self.assertEqual(names, oldest_first if order == "asc" else oldest_first[::-1])
        self.assertEqual(self.server.ask("GET", "/v1/requests?order=desc&limit=1")[2]["requests"][0]["id"], ids[-1])
        self.assertEqual([item["id"] for item in self.linked("/v1/requests?order=desc&state=waiting,failed&limit=2")],
                         [item["id"] for item in self.pages("order=desc&state=waiting,failed&limit=500")])
        for query in ("order=odd", "order=desc&after=x", "order=desc&after=desc:1", "order=desc&after=desc:x:y"):
            self.assertEqual(self.server.ask("GET", "/v1/requests?" + query)[0], 400, query)

    def test_what_waits_is_found_behind_many_others(self):
        """Far more than one look at the book covers, written as the server writes them."""
        with Server(PROGRAM, arguments=["--ready-sessions", "1"]) as server:
            failed = server.ask("POST", "/v1/requests", {"code": "1/0"})[2]["id"]
            server.until(failed, "failed")
            self.assertEqual(server.stop(), 0)
            path = os.path.join(server.data, "audit.db")
            owner = os.stat(path)
            with contextlib.closing(sqlite3.connect(path)) as book, book:
                created, *others, doc = book.execute(
                    "SELECT created_ns, state, submitter, submitter_name, doc FROM request").fetchone()
                book.executemany("INSERT INTO request (id, created_ns, state, submitter, submitter_name, doc) VALUES (?, ?, ?, ?, ?, ?)",
                                 ((name.encode(), created + number, *others, json.dumps({**json.loads(doc), "id": name}).encode())
                                  for number in range(1, 25_001) for name in [str(uuid.uuid4())]))
            for name in os.listdir(server.data):  # as whoever was the server
                if name.startswith("audit.db"):
                    os.chown(os.path.join(server.data, name), owner.st_uid, owner.st_gid)
            server.start()
            waits = server.ask("POST", "/v1/requests", {"code": "print(1)"})[2]["id"]
            server.until(waits, "waiting")
            for query in ("state=waiting", "state=waiting,changes-requested", "state=waiting,approved&order=desc",
                          "state=queued,waiting&submitter=local"):
                found = server.ask("GET", f"/v1/requests?{query}&limit=5")[2]
                self.assertEqual(([item["id"] for item in found["requests"]], found.get("next")), ([waits], None), query)

    def test_ends_are_told_in_words_for_the_submitter(self):
        for code, kind, text in (("import os\nos._exit(3)", "InterpreterEnded", "ended the process that ran it"),
                                 ("while True: pass", "TimeLimit", "ran longer than its time limit"),
                                 ("raise ValueError('first\\nsecond')", "CodeFailed", "ValueError: first\nsecond")):
            with self.subTest(code):
                over = self.server.until(self.create(code=code), "failed")
                self.assertEqual(over["error"]["type"], kind)
                self.assertIn(text, over["error"]["message"])
                self.assertNotIn("session", over["error"]["message"])

    def test_hints_are_shown(self):
        over = self.server.until(self.create(code="```python\nprint(1)\n```"), "failed", "waiting")
        if over["state"] == "failed":
            self.assertTrue(over["error"]["hint"], over)

    def test_times_have_seven_digits(self):
        seen = self.server.until(self.create(code="print(1)"), "waiting")
        for member in ("createdAt", "updatedAt", "deadline"):
            self.assertRegex(seen[member], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{7}Z$")


if __name__ == "__main__":
    unittest.main(verbosity=2)
